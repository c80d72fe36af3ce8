# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlaps of the three control lines at the place of another finding, which are to be resolved first."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from ..model.findings import Finding
from ..model.report import Outcome, RuleOutcome

#: Rules that report overlaps of two of the three control lines.
_OVERLAP_RULES = ("REL001", "REL002", "REL003")
#: Cases whose message names overlaps there, and the rules whose overlaps matter to it.
_CASES = {
    ("REL004", "zone_outside_line"): _OVERLAP_RULES,
    ("REL004", "line_outside_zone"): _OVERLAP_RULES,
    ("REL005", "zone_outside_line"): _OVERLAP_RULES,
    ("REL005", "line_outside_zone"): _OVERLAP_RULES,
    ("REL006", "large"): _OVERLAP_RULES,
    ("REL010", "information"): _OVERLAP_RULES,
    ("REL042", "red_line"): _OVERLAP_RULES,
    ("LAW026", "inside"): ("REL002",),
}
#: Outcomes of a rule that compared the layers, or found none to compare.
_CHECKED_OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED, Outcome.NOT_APPLICABLE)
#: Shared land below this area (m²) is an inaccuracy of edges.
_LEAST_SHARED_M2 = 1.0


def record_overlaps_at_findings(findings: Iterable[Finding], rule_outcomes: Iterable[RuleOutcome]) -> None:
    """Record in findings which overlaps of the three control lines share land with them, in place.

    The geometries of findings are in the plane (metres). Only the words of messages use the record (``shown``). It is
    not made where none is known, but a rule on these overlaps did not run.
    """
    checked_codes = {rule.code for rule in rule_outcomes if rule.outcome in _CHECKED_OUTCOMES}
    located = [finding for finding in findings if finding.geom_kind == "area"]
    overlaps = [finding for finding in located if finding.code in _OVERLAP_RULES]
    asking = [finding for finding in located if (finding.code, finding.case) in _CASES]
    if not asking:
        return
    asking_shapes = shapely.make_valid(np.array([finding.geometry for finding in asking], dtype=object))
    overlap_shapes = shapely.make_valid(np.array([finding.geometry for finding in overlaps], dtype=object))
    asking_rows, overlap_rows = shapely.STRtree(overlap_shapes).query(asking_shapes, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(asking_shapes[asking_rows], overlap_shapes[overlap_rows]))
    overlaps_by_row: dict[int, list[Finding]] = {row: [] for row in range(len(asking))}
    for n in np.argsort(-shared_m2, kind="stable").tolist():
        if shared_m2[n] >= _LEAST_SHARED_M2:
            overlaps_by_row[int(asking_rows[n])].append(overlaps[int(overlap_rows[n])])
    for row, there in overlaps_by_row.items():
        finding = asking[row]
        wanted_codes = _CASES[finding.code, finding.case]
        named = [
            {"code": one.code, "key": one.key, "fid": one.params.get("fid")}
            for one in there
            if one.code in wanted_codes
        ]
        if named or checked_codes.issuperset(wanted_codes):
            finding.params["shown"] = {**finding.params.get("shown", {}), "overlaps": named}
