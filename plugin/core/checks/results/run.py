# SPDX-License-Identifier: GPL-2.0-or-later
"""Check a whole plan: evaluate the rules, then make the report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.parallel.process_state import pause_garbage_collection
from ...engine.evaluate import Evaluation, ProgressCallback, evaluate_rules
from ...engine.finish import complete_findings
from ...engine.ignored import make_sliver_findings, make_sliver_report, sum_ignored_slivers
from ...engine.plan_consistency import find_inconsistencies
from ...engine.provenance import make_provenance
from ...engine.waivers.waiver import NO_WAIVERS, Waivers
from ...figures.indicators.compute import mark_figures_of_unknown_land
from ...figures.indicators.repeated_land import RepeatedLand
from ...geometry.tolerance import Tolerance
from ...model.findings import Finding, add_unread_data_findings, sort_findings
from ...model.report import Report
from ...model.rule import Rule
from ...model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ...plan.plan import Plan
from ...standard.messages.finding_message import format_message
from ...standard.messages.texts import Texts
from .land_at_findings import mark_repeated_land, record_overlaps_at_findings

if TYPE_CHECKING:
    from ...engine.kept_results import KeptResults
    from ...engine.rule_memory import RuleMemory


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
        kept_results = None if memory is None else memory.kept_results
        report = make_report_and_apply_waivers(
            evaluation, plan, side_inputs, waivers, lang, cancellation, kept_results=kept_results
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

    def message_of(finding: Finding) -> str:
        return format_message(texts, finding, plan.norm.standard.templates)

    report = Report(
        rules=evaluation.outcomes, findings=evaluation.findings, indicators=evaluation.indicators, lang=lang
    )
    sliver_sums = sum_ignored_slivers(
        plan, evaluation.ignored_by_rule, evaluation.rules, evaluation.tolerance, cancellation
    )
    report.findings += make_sliver_findings(sliver_sums, report.rules, evaluation.rules, evaluation.tolerance)
    report.findings += find_inconsistencies(plan, side_inputs)
    record_overlaps_at_findings(report.findings, report.rules)
    complete_findings(plan, report.findings, texts, cancellation)
    repeated_land = RepeatedLand(plan, evaluation.tolerance, cancellation, kept_results)
    mark_repeated_land(report, plan, texts, repeated_land)
    mark_figures_of_unknown_land(report.indicators, plan)
    for indicator in report.indicators:
        indicator.name = texts.format_indicator_with_place(indicator.id, indicator.place)
    if waivers.entries:
        from ...engine.waivers.application import apply_waivers

        apply_waivers(report, plan, waivers, message_of)
    add_unread_data_findings(report.findings, plan.unread_data, message_of)
    report.findings = sort_findings(report.findings)
    report.tolerance = {
        **evaluation.tolerance.to_dict(),
        **make_sliver_report(sliver_sums, evaluation.tolerance),
        # How often each fallback was used, and all uses with their details.
        "steps": dict(Counter(step["step"] for step in evaluation.fallback_steps)),
        "steps_taken": evaluation.fallback_steps,
    }
    report.provenance = make_provenance(plan, texts)
    return report
