# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a package's report with the check of its layers: outcomes of rules, their parameters, and waivers.

Both are results of the same rules on the same layers. A finding that the package's report waives stays open, because
the receiver of the package decides whether to accept the waiver.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ....metadata import read_plugin_version
from ...base.errors import DataError
from ...base.placeholders import join_first
from ...checks.check import CheckResult
from ...engine.waivers.waiver import get_finding_identity
from ...geometry.tolerance import Tolerance
from ...model.findings import Finding, set_fingerprints
from ...model.report import Outcome, Report
from ...model.rule import Severity
from ...standard.messages.finding_message import format_message
from ...standard.messages.texts import Texts
from .facts import PackageFacts

#: Rule of the findings that compare the package's report with this check.
_REPORT_RULE_CODE = "DOC013"
#: Parts of a waiver that are taken from the package's report, and the longest text: the report may contain anything.
_WAIVER_PARTS = ("reason", "document", "attachment", "author", "date", "until")
_MAX_PART_LENGTH = 500
#: Rules or parameters that one finding names.
_MAX_NAMED_RULES = 8


def compare_report_of_package(check_result: CheckResult, facts: PackageFacts) -> None:
    """Add findings on statements of the package's report that this check contradicts.

    A finding names a rule that passed in the report but has findings now, or settings that the report confirms and the
    same profile does not. Tolerances and parameters of rules are compared, too. Reports are compared only for equal
    version, standard, profile, phase and kind of delivery (scope). Waivers in the package's report are recorded in any
    case.
    """
    report, report_data, norm = check_result.report, facts.report_data, check_result.plan.norm
    _record_package_waivers(report, report_data)
    provenance = report_data.get("provenance", {})
    own_provenance = {
        "versions": read_plugin_version(),
        "profile": norm.profile.id,
        "standard": (norm.standard.id, norm.standard.edition),
        "phase": norm.phase,
        "scope": check_result.plan.scope,
    }
    standard = provenance.get("standard", {})
    stated_provenance = {
        "versions": provenance.get("versions", {}).get("sanxian"),
        "profile": provenance.get("profile", {}).get("id"),
        "standard": (standard.get("id"), standard.get("edition")),
        "phase": provenance.get("phase", ""),
        "scope": provenance.get("scope"),
    }
    if "rules" not in report_data or stated_provenance != own_provenance:
        return
    rules_here = {rule.code: rule for rule in report.rules}
    open_here = {f.code for f in report.findings if f.state != "waived" and f.severity is not Severity.INFO}
    rule_codes = []
    for row in report_data["rules"]:
        rule = rules_here.get(row["code"])
        if rule is None or rule.code.startswith("DOC"):
            continue
        unconfirmed_here_only = set(rule.unconfirmed) - set(row.get("unconfirmed") or ())
        fails_only_here = row.get("outcome") == "passed" and rule.code in open_here
        # A rule that was skipped before it read its settings has no unconfirmed settings.
        was_run = str(rule.outcome) in ("passed", "failed")
        if fails_only_here or (unconfirmed_here_only and was_run and row.get("outcome") == str(rule.outcome)):
            rule_codes.append(rule.code)
    for case, names in (("outcomes", rule_codes), ("values", _list_differing_parameters(report_data, report))):
        if names:
            _add_report_finding(check_result, facts.report_path, case, names)


def _list_differing_parameters(report_data: dict[str, Any], report: Report) -> list[str]:
    """Return the names of tolerances and rule parameters that differ between a package's report and this one."""
    tolerance = report_data.get("tolerance", {})
    names = [
        f"tolerance.{one.name}"
        for one in fields(Tolerance)
        if tolerance.get(one.name, report.tolerance[one.name]) != report.tolerance[one.name]
    ]
    stated_by_rule = {row["code"]: _map_parameters(row.get("parameters", ())) for row in report_data["rules"]}
    for rule in report.rules:
        stated = stated_by_rule.get(rule.code, {})
        names += [
            name if "." in name else f"{rule.code}.{name}"
            for name, actual in _map_parameters(rule.parameters).items()
            if name in stated and stated[name] != actual
        ]
    return list(dict.fromkeys(names))


def _map_parameters(rows: Iterable[Any]) -> dict[str, Any]:
    """Return name → value of a rule's parameters, as JSON stores the values."""
    return {row["name"]: row.get("value") for row in json.loads(json.dumps(list(rows), default=str))}


def _add_report_finding(check_result: CheckResult, path: str, case: str, names: list[str]) -> None:
    """Add a finding on the package's report, which is at ``path``, to the check's report."""
    report, texts = check_result.report, Texts(check_result.report.lang)
    finding = Finding(
        "",
        key=path,
        code=_REPORT_RULE_CODE,
        case=case,
        severity=Severity.WARNING,
        params={"file": path, "names": join_first(names, texts.get("words", "between_names"), limit=_MAX_NAMED_RULES)},
    )
    finding.message = format_message(texts, finding, check_result.plan.templates)
    set_fingerprints([finding])
    report.findings.append(finding)
    for rule in report.rules:
        if rule.code == _REPORT_RULE_CODE:
            rule.findings += 1
            rule.outcome = Outcome.FAILED


def _record_package_waivers(report: Report, report_data: dict[str, Any]) -> None:
    """Record which findings of the inspection the package's report lists as waived.

    ``report_data``: data of the report, empty if unreadable. Each such finding gets the report's waiver as a parameter.
    The provenance gets three numbers: findings that the report waives, those that the inspection found too, and these
    by rule.
    """
    try:
        stated_findings = Report.from_dict(report_data).findings
    except DataError:
        # The report of another version, or a damaged one.
        return
    waived = [one for one in stated_findings if one.state == "waived"]
    if not waived:
        return
    # Findings are matched by fingerprint, the rest by rule, message, layers, keys and field, because another rounding
    # of the place changes the fingerprint.
    found_findings = [finding for finding in report.findings if finding.state != "waived"]
    pairs: list[tuple[Finding, Finding]] = []
    for identify in (attrgetter("code", "fingerprint"), get_finding_identity):
        matched = {id(one) for pair in pairs for one in pair}
        found_by_identity: dict[Any, list[Finding]] = defaultdict(list)
        for one in found_findings:
            if id(one) not in matched:
                found_by_identity[identify(one)].append(one)
        for one in waived:
            candidates = found_by_identity[identify(one)] if id(one) not in matched else []
            if candidates:
                gaps = [abs((candidate.area_m2 or 0.0) - (one.area_m2 or 0.0)) for candidate in candidates]
                pairs.append((one, candidates.pop(gaps.index(min(gaps)))))
    for stated_finding, finding in pairs:
        waiver = stated_finding.params.get("waiver")
        values = waiver if isinstance(waiver, dict) else {}
        finding.params["package_waiver"] = {
            part: str(values.get(part) or "")[:_MAX_PART_LENGTH] for part in _WAIVER_PARTS
        }
    report.provenance["package_waivers"] = {
        "waived": len(waived),
        "covered": len(pairs),
        "rules": dict(sorted(Counter(finding.code for _, finding in pairs).items())),
    }
