# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that count land twice, because features of their layer overlap (TOP001)."""

from __future__ import annotations

from ..indicators.repeated_land import RepeatedLand, list_summed_roles
from ..messages.texts import Texts
from ..model.findings import Finding
from ..model.indicator import SQUARE_METRES
from ..model.report import Report
from ..plan.plan import Plan

#: Rule → cases of its findings that state the sum of a layer.
_SUM_CASES = {
    "LAW001": ("",),
    "LAW002": ("broken", "rounding", "field", "also"),
    "LAW004": ("broken", "rounding", "field"),
    "LAW007": ("map", "bound"),
    "LAW008": ("",),
}


def mark_repeated_land(report: Report, plan: Plan, texts: Texts, repeated_land: RepeatedLand) -> None:
    """Add repeated land to findings on sums; mark indicators that count it.

    Findings and indicators of the report are changed in place.
    """
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
        for role in _list_roles_summed_by_finding(finding, plan):
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
        repeated_land.mark(indicator)


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


def _list_roles_summed_by_finding(finding: Finding, plan: Plan) -> list[str]:
    """Return the codes of the layers whose sums a finding states."""
    if finding.code == "LAW001":
        return list_summed_roles(f"expansion_ratio_{plan.norm.get('ratio.form')}", plan)
    return [finding.role] if _get_unit(finding) in SQUARE_METRES else []


def _get_unit(finding: Finding) -> str:
    """Return the unit of a finding's figure; empty without one."""
    return str(finding.params.get("unit", ""))
