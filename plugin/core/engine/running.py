# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of a run, one after the other, into a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import Cancelled, InputError
from ..messages.texts import Texts
from ..model.findings import in_order
from ..model.report import Report
from ..model.rule import EACH, Rule, all_rules
from ..model.unread import report_unread
from ..plan.plan import Plan
from ..waivers.judge import judge
from .context import Context
from .finish import finish, summed_steps
from .frame import wrong_frame
from .ignored import sliver_findings, sum_ignored, told_ignored
from .ignored_parts import Ignored
from .outcome import run_one
from .provenance import provenance

Progress = Callable[[float, str], None]


def choose_rules(plan_rules: Iterable[str], wanted: Iterable[str] = ()) -> list[Rule]:
    """The rules of a run by code or name, in their order. InputError names one that does not exist."""
    known = all_rules()
    by_name = {r.name: r for r in known.values()} | {r.algorithm_id: r for r in known.values()}
    codes = [c.strip() for c in wanted if c.strip()] or list(plan_rules)
    chosen = {}
    for code in codes:
        rule = known.get(code.upper()) or by_name.get(code)
        if rule is None:
            raise InputError("rule_unknown", rule=code, known=", ".join(known))
        chosen[rule.code] = rule
    return sorted(chosen.values(), key=lambda r: r.order)


def run(
    plan: Plan,
    rules: Iterable[Rule],
    *,
    parameters: dict[str, dict[str, Any]] | None = None,
    tolerance: Any = None,
    lang: str = "zh",
    progress: Progress = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
    reading_seconds: float = 0.0,
) -> Report:
    """Check a plan. ``parameters``: code → keyword arguments that beat the standard's and the profile's.

    ``progress(0…1, text)`` is called before each rule; ``cancelled`` is asked between batches of pairs. Raises
    Cancelled, and nothing else: a rule that raises becomes an outcome ``crashed`` and a finding RUN900.
    """
    started = time.monotonic()
    texts = Texts(lang)
    rules = list(rules)
    report = Report(lang=lang)
    last = _last_asked(plan, rules)
    limits = tolerance or plan.norm.tolerance()
    ignored: dict[str, list[Ignored]] = {}
    steps: list[dict[str, Any]] = []

    def check() -> None:
        if cancelled():
            raise Cancelled

    for position, rule in enumerate(rules):
        check()
        progress(position / max(len(rules), 1), f"{rule.code} {texts.rule_title(rule)}")
        context = Context(plan, plan.norm, limits, tuple(rules), check, lang=lang)
        begun = time.monotonic()
        outcome, found = run_one(rule, context, report, parameters or {}, texts)
        outcome.seconds = round(time.monotonic() - begun, 3)
        outcome.findings = len(found)
        report.rules.append(outcome)
        report.findings += found
        if context.ignored:
            ignored[rule.code] = context.ignored
        steps += [{"rule": rule.code, **step} for step in context.steps]
        for layer in plan.layers.values():
            if not plan.asked and last.get(layer.role, -1) == position:
                layer.polygons.forget()
    check()
    sums = sum_ignored(plan, ignored, rules, limits, check)
    if not plan.asked:
        # The surroundings of an edit hold only a part of the sum.
        report.findings += sliver_findings(sums, report.rules, rules, limits)
        report.findings += wrong_frame(plan)
    finish(plan, report, texts, check)
    judge(report, plan, lambda finding: texts.message(finding, plan.norm.standard.templates))
    if not plan.asked:
        report_unread(report, plan.unread, lambda finding: texts.message(finding, plan.norm.standard.templates))
    report.findings = in_order(report.findings)
    report.tolerance = {**limits.to_dict(), **told_ignored(sums, limits), **summed_steps(steps)}
    report.provenance = provenance(plan, texts)
    report.provenance["seconds"] = round(time.monotonic() - started + reading_seconds, 3)
    progress(1.0, "")
    return report


def _last_asked(plan: Plan, rules: list[Rule]) -> dict[str, int]:
    """Role → the position of the last rule that may compare its boundaries: afterwards their room is better used."""
    last: dict[str, int] = {}
    for position, rule in enumerate(rules):
        concepts = [need.concept for need in rule.needs.values()]
        if EACH in concepts or not (concepts or rule.inputs):
            # One without needs looks at whatever is there; one with inputs only, at what it is given.
            asked = list(plan.layers)
        else:
            layers = (plan.concept(concept) for concept in concepts)
            asked = [layer.role for layer in layers if layer is not None]
        last |= dict.fromkeys(asked, position)
    return last
