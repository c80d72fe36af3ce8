# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the outcome of each rule in a package's report with its outcome in this inspection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ....metadata import plugin_version
from ...invariants import InvariantError
from ...messages.texts import Texts
from ...model.findings import Finding, set_fingerprints
from ...model.report import Outcome
from ...model.rule import Severity
from ...model.verdict import Verdict

if TYPE_CHECKING:
    from ...check import Checked
    from .facts import PackageFacts

#: The rule that the finding is of, and its case.
CODE, CASE = "DOC013", "outcomes"
#: Rules that a message names.
_NAMED = 8


def compare_outcomes(checked: Checked, facts: PackageFacts) -> None:
    """Add a finding to the report where the package's own report gives rules a better outcome than here: passed where this
    inspection has findings, or confirmed where the same profile confirms nothing. Compared only for one version, standard, profile and phase."""
    report = checked.report
    told = _package_report(facts)
    if not told or not _comparable(told["provenance"], checked):
        return
    here = {rule.code: rule for rule in report.rules}
    open_here = {f.code for f in report.findings if f.state != "waived" and f.severity is not Severity.INFO}
    names = []
    for row in told["rules"]:
        rule = here.get(str(row.get("code")))
        if rule is None or rule.code.startswith("DOC"):
            continue
        lacking = set(rule.unconfirmed) - set(row.get("unconfirmed") or ())
        failed = row.get("outcome") == "passed" and rule.code in open_here
        # A rule that was skipped before it read its settings has none of them.
        ran = str(rule.outcome) in ("passed", "failed")
        if failed or (lacking and ran and row.get("outcome") == str(rule.outcome)):
            names.append(rule.code)
    if names:
        _add(checked, facts, names)


def _package_report(facts: PackageFacts) -> dict[str, Any]:
    """Return the package's report; empty where it cannot be read (DOC013 reports that)."""
    try:
        told = json.loads(facts.documents.get(facts.report_path, b"{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict) or not isinstance(told.get("provenance"), dict):
        return {}
    rules = told.get("rules")
    return told if isinstance(rules, list) and all(isinstance(row, dict) for row in rules) else {}


def _comparable(said: dict[str, Any], checked: Checked) -> bool:
    norm = checked.plan.norm

    def at(key: str, item: str) -> Any:
        table = said.get(key)
        return table.get(item) if isinstance(table, dict) else None

    return (
        at("versions", "sanxian") == plugin_version()
        and at("profile", "id") == norm.profile.id
        and (at("standard", "id"), at("standard", "edition")) == (norm.standard.id, norm.standard.edition)
        and said.get("phase", "") == norm.phase
        and said.get("scope") == checked.plan.scope
    )


def _add(checked: Checked, facts: PackageFacts, names: list[str]) -> None:
    report = checked.report
    texts = Texts(report.lang)
    shown = texts.get("words", "between_names").join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    path = facts.report_path
    finding = Finding(
        "", key=path, code=CODE, case=CASE, severity=Severity.WARNING, params={"file": path, "names": shown}
    )
    finding.message = texts.message(finding, checked.plan.norm.standard.templates)
    set_fingerprints([finding], {})
    report.findings.append(finding)
    for rule in report.rules:
        if rule.code == CODE:
            rule.findings += 1
            rule.outcome = Outcome.FAILED
    if report.verdict is Verdict.PASSED:
        raise InvariantError(f"a report with a finding of {CODE} has the verdict {report.verdict}")
