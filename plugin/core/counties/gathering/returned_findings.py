# SPDX-License-Identifier: GPL-2.0-or-later
"""What counties have to correct: the findings of their inspections, as plain texts.

Errors are to be corrected, warnings to be corrected or explained; information is not returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...model.findings import Finding
from ...model.report import Outcome
from ...model.rule import Severity, load_all_rules
from ...render.finding_lists import (
    get_rule_titles,
    group_findings_by_rule,
    list_citations,
    make_finding_sort_key,
)
from ...render.tables.report_table import TableColumn
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts

if TYPE_CHECKING:
    from ...checks.check import CheckResult

_RETURNED_SEVERITIES = (Severity.ERROR, Severity.WARNING)
_EXAMINED = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)


@dataclass(frozen=True)
class ReturnedFinding:
    """A finding that a county has to correct or to explain, as texts in the language of the gathering.

    ``problem``: what its rule finds; ``layer``: name and code; ``feature``: key or number; ``place``: township,
    longitude and latitude, empty if unknown.
    """

    fingerprint: str
    code: str
    severity: str
    problem: str
    layer: str
    feature: str
    place: str
    message: str


@dataclass(frozen=True)
class ReturnedRule:
    """A rule with findings that are returned: how to correct them, and the texts that it is based on."""

    code: str
    severity: str
    problem: str
    count: int
    remedy: str
    basis: str


@dataclass(frozen=True)
class Inspection:
    """What the inspection of a county found.

    ``findings``: errors first; ``waived``: fingerprints of waived findings; ``examined``: codes of the rules that
    examined all that they are about, so that a finding that they no longer have is corrected.
    """

    findings: tuple[ReturnedFinding, ...] = ()
    rules: tuple[ReturnedRule, ...] = ()
    waived: frozenset[str] = frozenset()
    examined: frozenset[str] = frozenset()

    @classmethod
    def from_check(cls, checked: CheckResult) -> Inspection:
        """Return what an inspected package has to correct."""
        report, plan = checked.report, checked.plan
        report_texts, texts = ReportTexts(report.lang), Texts(report.lang)
        titles, known_rules = get_rule_titles(report, report_texts), load_all_rules()
        returned = [one for one in report.findings if one.severity in _RETURNED_SEVERITIES]
        findings = sorted((one for one in returned if one.state != "waived"), key=make_finding_sort_key)
        templates = plan.norm.standard.templates

        def describe(one: Finding) -> ReturnedFinding:
            fid = one.params.get("fid")
            name = plan.layers[one.role].template.name if one.role in plan.layers else ""
            name = name or (templates[one.role].name if one.role in templates else "")
            degrees = "{:.5f}°, {:.5f}°".format(*one.place) if one.place is not None else ""
            return ReturnedFinding(
                one.fingerprint,
                one.code,
                str(one.severity),
                titles.get(one.code, one.code),
                f"{name} {one.role}".strip(),
                one.key or (report_texts.get("text", "fid", fid=fid) if fid is not None else ""),
                " ".join(filter(None, (one.township, degrees))),
                one.message,
            )

        rules = []
        for code, group in group_findings_by_rule(findings).items():
            rule = known_rules.get(code)
            remedies = {} if rule is None else texts.get_rule_help(rule)
            remedy = " ".join(remedies.get(texts.get_section("headings")["fix"], "").split())
            citations = [] if rule is None else list_citations(rule.basis, plan.norm, report_texts)
            basis = report_texts.join_parts(one["text"] for one in citations)
            severity = min(group, key=make_finding_sort_key).severity
            rules.append(ReturnedRule(code, str(severity), titles.get(code, code), len(group), remedy, basis))
        return cls(
            tuple(map(describe, findings)),
            tuple(sorted(rules, key=lambda one: (_RETURNED_SEVERITIES.index(Severity(one.severity)), one.code))),
            frozenset(one.fingerprint for one in returned if one.state == "waived"),
            frozenset(one.code for one in report.rules if one.outcome in _EXAMINED and not one.incomplete),
        )


def make_finding_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a returned finding."""
    return [
        TableColumn("county_rule", width_in_characters=9, key="code"),
        TableColumn(
            "county_severity",
            width_in_characters=8,
            key="severity",
            shown=lambda one: texts.get("severities", one.severity),
        ),
        TableColumn("county_problem", width_in_characters=24, key="problem"),
        TableColumn("gather_layer", width_in_characters=20, key="layer"),
        TableColumn("township_key", width_in_characters=20, key="feature"),
        TableColumn("gather_place", width_in_characters=18, key="place"),
        TableColumn("gather_message", width_in_characters=60, key="message"),
    ]
