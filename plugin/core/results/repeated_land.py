# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that count land twice, because features of their layer overlap (TOP001)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ..messages.texts import Texts
from ..model.indicator import SQUARE_METRES, Indicator, compute_margin
from ..model.report import Report
from ..plan.plan import Plan
from ..standard.indicator_catalogue import load_catalogue

_OVERLAP_RULE = "TOP001"
#: Rules whose findings on a layer state the sum of its areas.
_SUM_RULES = frozenset({"LAW001", "LAW002", "LAW007", "LAW008"})


def mark_repeated_land(report: Report, plan: Plan, texts: Texts) -> None:
    """Add to findings on sums how much land they count twice, and mark indicators that rest on such sums, in place.

    A target is not met by land that counts twice: the state of such an indicator becomes unconfirmed. Land below the
    share by which ATT022 allows a sum to differ is ignored. Without TOP001 in the run nothing changes.
    """
    repeated_m2: dict[str, float] = defaultdict(float)
    for finding in report.findings:
        if finding.code == _OVERLAP_RULE:
            repeated_m2[finding.role] += finding.area_m2 or 0.0
    share = float(plan.norm.get_rule_parameters("ATT022").get("allowance_share", 0.001))
    affected = {
        role: area
        for role, area in repeated_m2.items()
        if role in plan.layers and area > share * float(np.nansum(plan.layers[role].statutory))
    }
    if not affected:
        return
    for finding in report.findings:
        if finding.code in _SUM_RULES and finding.role in affected and finding.geom_kind == "none":
            finding.message += texts.get(
                "figures",
                "repeated",
                layer=texts.make_layer_label(finding.role, plan.norm.standard.templates),
                area=texts.format_area(affected[finding.role]),
            )
    entries = load_catalogue(plan.norm.standard).indicator_by_id
    for indicator in report.indicators:
        entry = entries.get(indicator.id)
        layers = [plan.find_layer_of_concept(name) for name in entry.inputs] if entry is not None else []
        counted_twice_m2 = sum(affected.get(layer.role, 0.0) for layer in layers if layer is not None)
        if counted_twice_m2 > 0:
            indicator.confirmed = False
            if not _is_met_without(indicator, counted_twice_m2):
                indicator.backed = False
                indicator.set_state(indicator.state)


def _is_met_without(indicator: Indicator, counted_twice_m2: float) -> bool:
    """Return True if an area meets its target also without land that it counts twice.

    False for ratios and shares, since the land may be in either term. Net area is at most gross area, so that the
    gross area of the overlaps is a bound.
    """
    square_metres = SQUARE_METRES.get(indicator.unit)
    if square_metres is None or indicator.value is None:
        return False
    margin = compute_margin(indicator.value - counted_twice_m2 / square_metres, indicator.comparison, indicator.target)
    return margin is None or margin >= 0
