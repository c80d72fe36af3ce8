# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that count land twice, because features of their layer overlap (TOP001)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area
from ..messages.texts import Texts
from ..model.findings import Finding
from ..model.indicator import SQUARE_METRES, Indicator, compute_margin
from ..model.report import Report
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..standard.indicator_catalogue import CatalogueIndicator, load_catalogue

if TYPE_CHECKING:
    from ..engine.kept_results import KeptResults

_OVERLAP_RULE = "TOP001"
#: Rule → cases of its findings that state the sum of a layer.
_SUM_CASES = {
    "LAW001": ("",),
    "LAW002": ("broken", "rounding", "field", "also"),
    "LAW004": ("broken", "rounding", "field"),
    "LAW007": ("map", "bound"),
    "LAW008": ("",),
}
#: Methods of indicators that sum all rows of a layer.
_SUM_METHODS = ("rule", "layer_area", "stated")
_TOWNSHIP_PREFIX = "township_"
#: Decimals of printed areas and of printed ratios.
_AREA_DECIMALS, _RATIO_DECIMALS = 2, 4


def mark_repeated_land(report: Report, plan: Plan, texts: Texts, kept_results: KeptResults | None = None) -> None:
    """Add to findings on sums how much land they count twice; mark indicators that count land twice.

    Findings and indicators of the report are changed in place. An indicator is not confirmed if it would be printed
    otherwise without the land counted twice. A target that is met only by such land is not met: the state of the
    indicator becomes unconfirmed. Without findings of TOP001 nothing changes. ``kept_results``: of earlier checks.
    """
    repeated_land = _RepeatedLand(plan, [f for f in report.findings if f.code == _OVERLAP_RULE], kept_results)
    entries = load_catalogue(plan.norm.standard).indicator_by_id
    values = {indicator.id: indicator.value for indicator in report.indicators if not indicator.place}
    for finding in report.findings:
        if finding.case not in _SUM_CASES.get(finding.code, ()):
            continue
        # LAW001 has a ratio, LAW007 the text of its figure.
        value_candidates = [
            finding.params.get("value"),
            finding.params.get("ratio"),
            values.get(str(finding.params.get("indicator"))),
        ]
        value = next((one for one in value_candidates if isinstance(one, int | float)), None)
        for role in _list_roles_summed_by_finding(finding, plan, entries):
            area_m2 = repeated_land.measure_overlap_area(role, str(finding.params.get("town", "")))
            if repeated_land.changes_figure(role, area_m2, value, _get_unit(finding)):
                repeated = {
                    "role": role,
                    "area_m2": area_m2,
                    "without": _compute_figure_without_repeated_land(finding, area_m2),
                }
                shown = finding.params.get("shown", {})
                finding.params["shown"] = {**shown, "repeated": [*shown.get("repeated", []), repeated]}
        if "repeated" in finding.params.get("shown", {}):
            finding.message = texts.format_message(finding, plan.norm.standard.templates)
    for indicator in report.indicators:
        entry = entries.get(indicator.id.removeprefix(_TOWNSHIP_PREFIX))
        for role in _list_roles_summed_by_indicator(entry, plan):
            area_m2 = repeated_land.measure_overlap_area(role, indicator.place)
            if repeated_land.changes_figure(role, area_m2, indicator.value, indicator.unit):
                indicator.confirmed = False
            if area_m2 > 0 and not _is_target_met_without_repeated_land(
                indicator, area_m2, repeated_land.get_share(role, area_m2)
            ):
                indicator.mark_unconfirmed()


class _RepeatedLand:
    """Land that rows of a layer cover more than once: area of the rows less that of their union."""

    def __init__(self, plan: Plan, overlaps: list[Finding], kept_results: KeptResults | None):
        self._plan = plan
        self._kept_results = kept_results
        self._findings: dict[str, list[Finding]] = defaultdict(list)
        for finding in overlaps:
            self._findings[finding.role].append(finding)
        self._areas: dict[tuple[str, str], float] = {}

    def measure_overlap_area(self, role: str, township: str) -> float:
        """Return the area (m²) that rows of a layer cover more than once; in one township, or in all if it is empty."""
        if (role, township) not in self._areas:
            findings = [f for f in self._findings[role] if not township or f.township == township]
            self._areas[role, township] = self._measure(self._plan.layers[role], findings) if findings else 0.0
        return self._areas[role, township]

    def get_share(self, role: str, area_m2: float) -> float:
        """Return an area as a share of the sum of the layer's rows in the plane."""
        return area_m2 / max(float(self._plan.layers[role].plane_areas.sum()), area_m2) if area_m2 > 0 else 0.0

    def changes_figure(self, role: str, area_m2: float, value: float | None, unit: str) -> bool:
        """Return True if subtracting an area would change a figure of the layer as it is printed.

        ``value``: the figure in ``unit``; a ratio changes by the area's share of the layer.
        """
        if area_m2 <= 0 or value is None:
            return False
        square_metres = SQUARE_METRES.get(unit)
        decimals = _RATIO_DECIMALS if square_metres is None else _AREA_DECIMALS
        if square_metres is None:
            without = value * (1 - self.get_share(role, area_m2))
        else:
            without = value - area_m2 / square_metres
        return round(without, decimals) != round(value, decimals)

    def _measure(self, layer: Layer, findings: list[Finding]) -> float:
        """Return the area (m²) that the rows named in findings cover more than once."""
        rows = _find_rows(layer, findings)
        if self._kept_results is None or layer.stored_shape_digest is None:
            return self._measure_rows(layer, rows)
        # Only checks with a memory load this module.
        from ..engine.input_digest import compute_value_digest, get_shape_digest

        digest = compute_value_digest(("repeated land", get_shape_digest(layer), np.array(rows)))
        arrays = self._kept_results.find_or_compute(digest, lambda: {"area": np.array(self._measure_rows(layer, rows))})
        return float(arrays["area"])

    def _measure_rows(self, layer: Layer, rows: list[int]) -> float:
        """Return the area (m²) that rows of a layer cover more than once."""
        shapes = layer.plane_shapes[rows]
        shapes = shapes[~shapely.is_missing(shapes)]
        if len(shapes) < 2:
            return 0.0
        to_lonlat = crs_care.make_lonlat_transformer(layer.plane_crs)
        union = np.array([shapely.union_all(shapes)], dtype=object)
        return max(float(compute_drawn_area(shapes, to_lonlat).sum() - compute_drawn_area(union, to_lonlat)[0]), 0.0)


def _find_rows(layer: Layer, findings: Iterable[Finding]) -> list[int]:
    """Return the rows of a layer that findings on its overlaps name."""
    keys, fids = set(), set()
    for finding in findings:
        key_and_fid_pairs = [(finding.key, finding.params.get("fid"))]
        key_and_fid_pairs += [(key, finding.params.get("related_fid")) for key in finding.related_keys]
        keys |= {key for key, fid in key_and_fid_pairs if fid is None}
        fids |= {fid for _, fid in key_and_fid_pairs if fid is not None}
    return [n for n, (key, fid) in enumerate(zip(layer.keys, layer.fids, strict=True)) if key in keys or fid in fids]


def _compute_figure_without_repeated_land(finding: Finding, area_m2: float) -> float | None:
    """Return the figure that a finding would state if no land were counted twice; None if it is unknown.

    Overlaps are measured as gross area: None for net areas, and for a ratio that does not count the whole boundary.
    """
    params = finding.params
    if finding.code == "LAW001" and params.get("form") == "N1":
        return float((params["numerator"] - area_m2) / params["denominator"])
    if finding.code == "LAW002" and not finding.field and isinstance(params.get("value"), float):
        return float(params["value"] - area_m2 / SQUARE_METRES[_get_unit(finding)])
    return None


def _list_roles_summed_by_finding(finding: Finding, plan: Plan, entries: dict[str, CatalogueIndicator]) -> list[str]:
    """Return the codes of the layers whose sums a finding states."""
    if finding.code == "LAW001":
        return _list_roles_summed_by_indicator(entries.get(f"expansion_ratio_{plan.norm.get('ratio.form')}"), plan)
    return [finding.role] if _get_unit(finding) in SQUARE_METRES else []


def _get_unit(finding: Finding) -> str:
    """Return the unit of a finding's figure; empty without one."""
    return str(finding.params.get("unit", ""))


def _list_roles_summed_by_indicator(entry: CatalogueIndicator | None, plan: Plan) -> list[str]:
    """Return the codes of the layers of which an indicator sums all rows; parcels are summed by their class."""
    if entry is None or entry.method not in _SUM_METHODS:
        return []
    layers = [plan.find_layer_of_concept(name) for name in entry.inputs if name != "base_parcels"]
    return [layer.role for layer in layers if layer is not None]


def _is_target_met_without_repeated_land(indicator: Indicator, area_m2: float, share: float) -> bool:
    """Return True if an indicator meets its target also without land that it counts twice.

    ``area_m2``: that land, ``share``: its share of the layer. Net area is at most gross area, so that the gross area of
    overlaps is a bound. Either term of a ratio may have the land: an upper limit is tested with the smaller
    denominator, a lower limit with the smaller numerator.
    """
    if indicator.value is None:
        return True
    square_metres = SQUARE_METRES.get(indicator.unit)
    if square_metres is not None:
        without = indicator.value - area_m2 / square_metres
    elif indicator.comparison == "<=":
        without = indicator.value / (1 - share) if share < 1 else np.inf
    else:
        without = indicator.value * (1 - share)
    margin = compute_margin(without, indicator.comparison, indicator.target)
    return margin is None or margin >= 0
