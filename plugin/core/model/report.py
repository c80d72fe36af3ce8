# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a run as plain data: verdict, outcomes, findings, indicators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..base.files.data import read_record, read_value
from .findings import Finding, is_about_unread_data, iterate_finding_dicts
from .indicator import REPORT_PATH, Indicator
from .rule import Severity
from .verdict import Verdict

REPORT_SCHEMA = "sanxian-report/1"
#: Items of a report that its dataclass does not require, for `read_value`.
_REPORT_TYPES = {
    **dict.fromkeys(("rules", "findings", "indicators"), list),
    "tolerance": dict,
    "provenance": {"layers?": [{"role?": str}]},
    "summary?": {"left_out?": list},
}
#: Findings about the run that make it incomplete, whatever the rules find: another county's profile or data.
INCOMPLETE_RUN_CODES = frozenset({"RUN904"})
#: Name of the item that lists notes without a stated approval.
APPROVAL_DOUBT = "approvals"


class Outcome(StrEnum):
    """What became of a rule in a run: 通过 / 有问题 / 豁免 / 不适用 / 跳过 / 出错."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    CRASHED = "crashed"


def makes_run_incomplete(finding: Finding) -> bool:
    """Return True for a finding about the run itself that makes the run incomplete.

    Findings that are only hints have ``incomplete`` False in their parameters.
    """
    return finding.code in INCOMPLETE_RUN_CODES and finding.params.get("incomplete") is not False


@dataclass
class RuleOutcome:
    """The outcome of one rule in a run.

    ``incomplete``: something of the rule could not be checked. ``reason``: why, in the report's language.
    ``unconfirmed``: settings without a confirmed source that the rule used. ``problem``: the problem that the rule
    finds, ``title``: the requirement, both in the report's language. ``findings``: their number.
    """

    code: str
    name: str
    severity: str
    outcome: Outcome
    findings: int = 0
    seconds: float = 0.0
    reason: str = ""
    title: str = ""
    incomplete: bool = False
    unconfirmed: list[str] = field(default_factory=list)
    #: The problem that the rule finds; ``title`` states the requirement.
    problem: str = ""
    #: Values that the rule used (`engine.explanation.EffectiveValue` as plain data).
    parameters: list[dict[str, Any]] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """Return the problem if there are findings, else the requirement (``title``)."""
        return (self.problem if self.findings else "") or self.title or self.name

    @property
    def is_partly_checked(self) -> bool:
        """Return True for a rule that did not check everything, but whose outcome is neither 跳过 nor 出错.

        Reports count such a rule under its outcome, such as 有问题.
        """
        return self.incomplete and self.outcome not in (Outcome.SKIPPED, Outcome.CRASHED)


@dataclass
class Report:
    """The result of a check: all that pages, findings layers and panels show.

    ``left_out``: codes of rules that the standard runs by default and that this run omitted.
    """

    rules: list[RuleOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    tolerance: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    lang: str = "zh"
    left_out: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Return the first verdict that applies.

        - 不通过: an ERROR without a waiver;
        - 未完成: a skipped or crashed rule, no rule with anything to check, a finding about the run, or unread data;
          without any rule also in place of 不通过;
        - 有条件通过: open warnings, waivers, unconfirmed settings, notes whose approval is not stated, or rules that
          were left out; a waiver that states such an approval does not count;
        - 通过: otherwise, so only for a complete check.
        """
        if not self.rules:
            return Verdict.INCOMPLETE
        open_findings = [f for f in self.findings if f.state != "waived"]
        if any(f.severity is Severity.ERROR for f in open_findings):
            return Verdict.FAILED
        if (
            not self.has_examined_rules
            or any(r.incomplete or r.outcome in (Outcome.SKIPPED, Outcome.CRASHED) for r in self.rules)
            or any(makes_run_incomplete(f) or is_about_unread_data(f) for f in self.findings)
        ):
            return Verdict.INCOMPLETE
        if (
            any(f.severity is Severity.WARNING for f in open_findings)
            or any(f.state == "waived" and not f.needs_approval for f in self.findings)
            or self.unconfirmed_items
            or self.left_out
        ):
            return Verdict.CONDITIONAL
        return Verdict.PASSED

    @property
    def unconfirmed_items(self) -> list[str]:
        """Return the names of settings and doubts that prevent an unconditional 通过, sorted."""
        names = {name for rule in self.rules for name in rule.unconfirmed}
        if any(f.needs_approval and f.state != "waived" for f in self.findings):
            names.add(APPROVAL_DOUBT)
        return sorted(names)

    @property
    def has_examined_rules(self) -> bool:
        """Return True if any rule had something to check."""
        return any(r.outcome in (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED) for r in self.rules)

    @property
    def rule_counts(self) -> Counter[str]:
        """Return outcome → number of rules with it; each rule counts once."""
        return Counter(str(rule.outcome) for rule in self.rules)

    @property
    def summary(self) -> dict[str, Any]:
        """Return the verdict, the counts of findings by severity, and the counts of rules by outcome.

        ``skipped`` counts each rule that was not checked completely, as report files promise; pages and windows show
        `rule_counts`.
        """
        severities = Counter(str(f.severity) for f in self.findings if f.state != "waived")
        outcomes = self.rule_counts
        return {
            "verdict": str(self.verdict),
            "errors": severities["ERROR"],
            "warnings": severities["WARNING"],
            "infos": severities["INFO"],
            "waived": sum(f.state == "waived" for f in self.findings),
            "rules": len(self.rules),
            "passed": outcomes["passed"],
            "failed": outcomes["failed"],
            "not_applicable": outcomes["not_applicable"],
            "skipped": outcomes["skipped"] + sum(rule.is_partly_checked for rule in self.rules),
            "crashed": outcomes["crashed"],
            "left_out": list(self.left_out),
            "unconfirmed": self.unconfirmed_items,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {key: value if isinstance(value, dict | str) else list(value) for key, value in self.iterate_entries()}

    def iterate_entries(self) -> Iterator[tuple[str, Any]]:
        """Yield key and content of each entry of `to_dict`; lists are iterators, which need less memory."""
        yield "schema", REPORT_SCHEMA
        yield "lang", self.lang
        yield "summary", self.summary
        yield "rules", ({**asdict(r), "outcome": str(r.outcome)} for r in self.rules)
        yield "findings", iterate_finding_dicts(self.findings)
        yield "indicators", (i.to_dict() for i in self.indicators)
        yield "tolerance", self.tolerance
        yield "provenance", self.provenance

    @classmethod
    def from_dict(cls, data: Any, file: Path = REPORT_PATH, where: str = "") -> Report:
        """Return the report of a dict made by `to_dict`.

        ``file``, ``where``: for the DataError that other data raise.
        """
        read_value(data, _REPORT_TYPES, file=file, key=where)
        table = {key: data[key] for key in data if key not in ("schema", "summary")}
        return read_record(
            cls, {**table, "left_out": data.get("summary", {}).get("left_out", [])}, file=file, where=where
        )


@dataclass(frozen=True)
class LayerEdits:
    """Edits of one layer since a check.

    ``features``: number of edited features, 0 if it is unknown; ``unsaved``: how many of them are not saved, or how
    many unsaved edits the layer has if ``features`` is unknown.
    """

    name: str
    features: int = 0
    unsaved: int = 0


@dataclass(frozen=True)
class EditsSinceCheck:
    """Edits of the checked data since a check.

    ``layers``: the edited layers; ``is_counted``: their edited features are counted, and no other layer was edited;
    ``have_settings_changed``: county settings, waivers or another file of the check changed, too.
    """

    layers: tuple[LayerEdits, ...] = ()
    is_counted: bool = True
    have_settings_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.layers) or not self.is_counted or self.have_settings_changed


NO_EDITS = EditsSinceCheck()


def record_edits(report: Report, edits: EditsSinceCheck) -> Report:
    """Return a copy of a report whose provenance states the edits since its check; without edits the report itself."""
    if not edits:
        return report
    record = {
        "layers": [asdict(layer) for layer in edits.layers],
        "counted": edits.is_counted,
        "settings_changed": edits.have_settings_changed,
    }
    return replace(report, provenance={**report.provenance, "edits_since_check": record})
