# SPDX-License-Identifier: GPL-2.0-or-later
"""Check a whole plan: evaluate the rules, then make the report.

Findings get the overlaps at their place, and the land that their sums count twice.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import shapely

from ..base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ..base.parallel.process_state import pause_garbage_collection
from ..engine.evaluate import Evaluation, evaluate_rules
from ..engine.ignored import make_sliver_findings, make_sliver_report, sum_ignored_slivers
from ..engine.kept_results import KeptResults
from ..engine.outcome import complete_findings
from ..engine.plan_consistency import find_inconsistencies
from ..engine.provenance import make_provenance
from ..engine.rule_memory import RuleMemory
from ..engine.waivers.waiver import NO_WAIVERS, Waivers
from ..figures.indicators.compute import mark_figures_of_unknown_land
from ..figures.indicators.repeated_land import RepeatedLand, list_summed_roles
from ..geometry.tolerance import Tolerance
from ..model.findings import UNREAD_CODE, Finding, sort_findings
from ..model.indicator import SQUARE_METRES, Indicator
from ..model.report import Outcome, Report, RuleOutcome
from ..model.rule import Rule, load_all_rules
from ..model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ..plan.plan import Plan
from ..standard.messages.finding_message import format_message
from ..standard.messages.texts import Texts

#: Shared land below this area (m²) is an inaccuracy of edges, unless it is this share of a finding.
_LEAST_SHARED_M2 = 1.0
_LEAST_SHARE = 0.5


def record_overlaps_at_findings(findings: Sequence[Finding], rule_outcomes: Iterable[RuleOutcome]) -> None:
    """Record in each finding the overlaps at its place that are to be resolved first.

    Overlaps are those of the three control lines, and differences between a zone and its line. The geometries of
    findings are in the plane (metres). The findings are changed in place: their parameter ``shown``, which only words
    messages, gets the overlaps. If none is found, an empty list is recorded only if all rules on these overlaps ran.
    """
    # Rules that compared the layers, or found none to compare.
    checked_outcomes = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED, Outcome.NOT_APPLICABLE)
    checked_codes = {rule.code for rule in rule_outcomes if rule.outcome in checked_outcomes}
    # The kind of a geometry is asked last: a check may have hundreds of thousands of other findings.
    codes_first = {
        (code, case): codes
        for code in {finding.code for finding in findings} & load_all_rules().keys()
        for case, codes in load_all_rules()[code].overlaps_first.items()
    }
    asking = [f for f in findings if (f.code, f.case) in codes_first and f.geom_kind == "area"]
    if not asking:
        return
    overlap_codes = {code for codes in codes_first.values() for code in codes}
    overlaps = [f for f in findings if f.code in overlap_codes and f.geom_kind == "area"]
    asking_shapes = shapely.make_valid(np.array([finding.geometry for finding in asking], dtype=object))
    overlap_shapes = shapely.make_valid(np.array([finding.geometry for finding in overlaps], dtype=object))
    asking_rows, overlap_rows = shapely.STRtree(overlap_shapes).query(asking_shapes, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(asking_shapes[asking_rows], overlap_shapes[overlap_rows]))
    least_shared_m2 = np.minimum(_LEAST_SHARED_M2, _LEAST_SHARE * shapely.area(asking_shapes[asking_rows]))
    overlaps_by_row: dict[int, list[Finding]] = {row: [] for row in range(len(asking))}
    for n in np.argsort(-shared_m2, kind="stable").tolist():
        if shared_m2[n] >= least_shared_m2[n]:
            overlaps_by_row[int(asking_rows[n])].append(overlaps[int(overlap_rows[n])])
    for row, there in overlaps_by_row.items():
        finding = asking[row]
        wanted_codes = codes_first[finding.code, finding.case]
        named = [
            {"code": one.code, "key": key, "fid": fid}
            for one in there
            for _, key, fid in [next((row for row in one.list_rows() if row[1]), one.list_rows()[0])]
            if one.code in wanted_codes
        ]
        if named or checked_codes.issuperset(wanted_codes):
            finding.params["shown"] = {**finding.params.get("shown", {}), "overlaps": named}


def mark_repeated_land(report: Report, plan: Plan, texts: Texts, repeated_land: RepeatedLand) -> None:
    """Add repeated land to findings on sums; mark indicators that count it.

    Findings and indicators of the report are changed in place.
    """
    values = {indicator.id: indicator.value for indicator in report.indicators if not indicator.place}
    for finding in report.findings:
        rule = load_all_rules().get(finding.code)
        if rule is None or finding.case not in rule.sum_cases:
            continue
        # LAW001 has a ratio, LAW007 the text of its figure.
        value_candidates = [
            finding.params.get("value"),
            finding.params.get("ratio"),
            values.get(str(finding.params.get("indicator"))),
        ]
        value = next((one for one in value_candidates if isinstance(one, int | float)), None)
        unit = str(finding.params.get("unit", ""))
        # The layers whose sums the finding states.
        roles = [finding.role] if unit in SQUARE_METRES else []
        if "ratio" in finding.params:
            roles = list_summed_roles(f"expansion_ratio_{plan.norm.get('ratio.form')}", plan)
        for role in roles:
            area_m2 = repeated_land.measure_overlap_area(role, str(finding.params.get("town", "")))
            if repeated_land.changes_figure(role, area_m2, value, unit):
                repeated = {
                    "role": role,
                    "area_m2": area_m2,
                    "without": _compute_figure_without_repeated_land(finding, area_m2),
                }
                shown = finding.params.get("shown", {})
                finding.params["shown"] = {**shown, "repeated": [*shown.get("repeated", []), repeated]}
        if "repeated" in finding.params.get("shown", {}):
            finding.message = format_message(texts, finding, plan.templates)
    for indicator in report.indicators:
        repeated_land.mark(indicator)


def _compute_figure_without_repeated_land(finding: Finding, area_m2: float) -> float | None:
    """Return the figure that a finding would state if no land were counted twice; None if it is unknown.

    Overlaps are measured as gross area: None for net areas, and for a ratio that does not count the whole boundary.
    """
    params = finding.params
    if params.get("form") == "N1":
        return float((params["numerator"] - area_m2) / params["denominator"])
    if finding.code == "LAW002" and not finding.field and isinstance(params.get("value"), float):
        return float(params["value"] - area_m2 / SQUARE_METRES[params["unit"]])
    return None


def run_check(
    plan: Plan,
    rules: Iterable[Rule],
    *,
    side_inputs: SideInputs = NO_SIDE_INPUTS,
    waivers: Waivers = NO_WAIVERS,
    parameters: dict[str, dict[str, Any]] | None = None,
    tolerance: Tolerance | None = None,
    lang: str = "zh",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
    reading_seconds: float = 0.0,
    memory: RuleMemory | None = None,
) -> Report:
    """Check a whole plan; return the report.

    Arguments as of `engine.evaluate.evaluate_rules`. ``reading_seconds``: time spent on reading, for the report. Raise
    Cancelled.
    """
    start_time = time.monotonic()
    evaluation = evaluate_rules(
        rules,
        plan,
        side_inputs=side_inputs,
        parameters=parameters,
        tolerance=tolerance,
        lang=lang,
        progress=progress,
        cancellation=cancellation,
        memory=memory,
    )
    # Python's garbage collection would search hundreds of thousands of findings repeatedly, and free nothing.
    with pause_garbage_collection():
        report = make_report_and_apply_waivers(
            evaluation,
            plan,
            side_inputs,
            waivers,
            lang,
            cancellation,
            kept_results=None if memory is None else memory.kept_results,
        )
    if memory is not None:
        report.provenance["reused_rules"] = sorted(memory.reused_codes - memory.computed_codes)
    report.provenance["seconds"] = round(time.monotonic() - start_time + reading_seconds, 3)
    progress(1.0, "")
    return report


def make_report_and_apply_waivers(
    evaluation: Evaluation,
    plan: Plan,
    side_inputs: SideInputs,
    waivers: Waivers,
    lang: str,
    cancellation: Cancellation,
    *,
    kept_results: KeptResults | None = None,
) -> Report:
    """Return the report of evaluated rules.

    It adds findings on the sums of ignored slivers, on inputs of another county and on unread data, names overlaps of
    the control lines at the place of other findings, and marks figures that count land twice or miss land. It applies
    waivers (accepted findings) and adds the provenance. ``kept_results``: results of earlier checks.
    """
    texts = Texts(lang)
    message_of = partial(format_message, texts, templates=plan.norm.standard.templates)
    report = Report(
        rules=evaluation.outcomes, findings=evaluation.findings, indicators=evaluation.indicators, lang=lang
    )
    sliver_sums = sum_ignored_slivers(
        plan, evaluation.ignored_by_rule, evaluation.rules, evaluation.tolerance, cancellation
    )
    report.findings += [
        *make_sliver_findings(sliver_sums, report.rules, evaluation.rules, evaluation.tolerance),
        *find_inconsistencies(plan, side_inputs),
    ]
    record_overlaps_at_findings(report.findings, report.rules)
    complete_findings(plan, report.findings, texts, cancellation)
    mark_repeated_land(report, plan, texts, RepeatedLand(plan, evaluation.tolerance, cancellation, kept_results))
    mark_figures_of_unknown_land(report.indicators, plan)
    _name_indicators(report.indicators, texts)
    if waivers.entries:
        from ..engine.waivers.application import apply_waivers

        apply_waivers(report, plan, waivers, message_of)
    known_fingerprints = {one.fingerprint for one in report.findings if one.code == UNREAD_CODE}
    for unread_item in plan.unread_data:
        finding = unread_item.make_finding()
        if finding.fingerprint not in known_fingerprints:
            known_fingerprints.add(finding.fingerprint)
            finding.message = message_of(finding)
            report.findings.append(finding)
    report.findings = sort_findings(report.findings)
    report.tolerance = {
        **asdict(evaluation.tolerance),
        **make_sliver_report(sliver_sums, evaluation.tolerance),
        # How often each fallback was used, and all uses with their details.
        "steps": dict(Counter(step["step"] for step in evaluation.fallback_steps)),
        "steps_taken": evaluation.fallback_steps,
    }
    report.provenance = make_provenance(plan, texts)
    return report


def _name_indicators(indicators: list[Indicator], texts: Texts) -> None:
    """Set the names of indicators, with the township, or the year of the target if there are several targets."""
    counts = Counter(one.id for one in indicators if not one.place)
    for indicator in indicators:
        name, place = texts.get_indicator_name(indicator.id), indicator.place
        if place:
            name = texts.get("words", "figure_of_place", name=name, place=place)
        elif indicator.target_year and counts[indicator.id] > 1:
            name = texts.get("words", "figure_of_year", name=name, year=indicator.target_year)
        indicator.name = name
