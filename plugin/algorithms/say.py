# SPDX-License-Identifier: GPL-2.0-or-later
"""The few lines an algorithm says about its run, in the language of the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.texts import Texts

if TYPE_CHECKING:
    from ..core.check import Checked
    from ..core.report import RuleOutcome

#: Outcomes that need no line of their own.
_QUIET = ("passed", "not_applicable")


def say_county(feedback, taken: Mapping[str, object], lang: str) -> None:
    """Which parameters were left empty and come from the project."""
    if taken:
        settings = ", ".join(f"{name}={value}" for name, value in taken.items())
        feedback.pushInfo(Texts(lang).get("toolbox", "county_of_project", settings=settings))


def say_report(feedback, checked: Checked) -> None:
    """Layers, notices, the rules that have something to say, and the verdict."""
    report = checked.report
    texts = Texts(report.lang)
    for layer in report.provenance["layers"]:
        line = {"role": layer["role"], "layer": layer["name"], "features": layer["features"], "crs": layer["crs"]}
        feedback.pushInfo(texts.get("toolbox", "layer_line", **line))
    for notice in report.provenance["notices"]:
        feedback.pushInfo(notice)
    for outcome in report.rules:
        if outcome.incomplete or str(outcome.outcome) not in _QUIET:
            feedback.pushInfo(rule_line(outcome, texts))
    summary = report.summary
    if summary["unconfirmed"]:
        settings = ", ".join(texts.setting(name) for name in summary["unconfirmed"])
        feedback.pushInfo(texts.get("toolbox", "not_confirmed", settings=settings))
    if summary["left_out"]:
        feedback.pushInfo(texts.get("toolbox", "left_out", rules=", ".join(summary["left_out"])))
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {k: v for k, v in summary.items() if isinstance(v, int) and k not in ("infos", "waived")}
    feedback.pushInfo(texts.get("toolbox", "summary", verdict=verdict, **counts))


def say_rule(feedback, checked: Checked) -> None:
    """One rule alone: its figures and its outcome."""
    report = checked.report
    texts = Texts(report.lang)
    (outcome,) = report.rules
    for indicator in report.indicators:
        if indicator.value is not None:
            feedback.pushInfo(f"{indicator.name} {indicator.value:.10g} {texts.get('units', indicator.unit)}".rstrip())
    if outcome.reason:
        feedback.pushWarning(outcome.reason)
    counts = {k: report.summary[k] for k in ("errors", "warnings")}
    line = texts.get(
        "toolbox",
        "one_rule",
        code=outcome.code,
        title=outcome.title,
        outcome=texts.get("outcomes", str(outcome.outcome)),
        findings=len(report.findings),
        **counts,
    )
    feedback.pushInfo(line)


def rule_line(outcome: RuleOutcome, texts: Texts) -> str:
    key = "rule_line_found" if outcome.findings else "rule_line"
    word = texts.get("outcomes", str(outcome.outcome))
    line = texts.get("toolbox", key, code=outcome.code, title=outcome.title, outcome=word, findings=outcome.findings)
    return f"{line} {outcome.reason}".rstrip()


def say_written(feedback, paths: list[str], lang: str) -> None:
    for path in paths:
        feedback.pushInfo(Texts(lang).get("toolbox", "written", path=path))
