# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a report's findings with those of the inspection, one by one.

Both are results of the same rules on the same layers. So each finding of the report is expected in the inspection, and
the reverse, with the same severity and area.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from ...errors import SanxianError
from ...geometry.tolerance import Tolerance
from ...messages.texts import Texts
from ...model.findings import Finding
from ...model.report import Outcome, Report, RuleOutcome
from ...model.rule import Severity

if TYPE_CHECKING:
    from ...check import CheckResult

#: Kinds of differences, keys of texts (section ``words``).
LACKING_KIND, ADDED_KIND, CHANGED_KIND = "finding_lacking", "finding_added", "finding_changed"
#: Rules of schemas, which an export changes; of packages; a rule that depends on the day of the check.
_FAMILIES_NOT_COMPARED, _RULES_NOT_COMPARED = ("SCH", "DOC"), ("ATT016",)
#: Rules that read a table if there is one → the rule that runs only with this table.
_RULE_OF_OPTIONAL_TABLE = {"LAW005": "LAW004"}
#: Outcomes of rules that looked for problems.
_COMPARED_OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED, Outcome.NOT_APPLICABLE)
#: Writing and reading shapes changes figures by this share, and by this much in their unit (m², m).
_CHANGE_SHARE, _CHANGE = 1e-5, 0.02


class FindingDifference(NamedTuple):
    """A finding that only the report or only the inspection has, or that they show differently.

    ``code``: its rule; ``key``: key of its row; ``kind``: what differs.
    """

    code: str
    key: str
    kind: str


def list_differing_parameters(report_data: dict[str, Any], check_result: CheckResult) -> list[str]:
    """Return the names of tolerances and rule parameters that differ between a report and this check."""
    tolerance, report = report_data.get("tolerance"), check_result.report
    here = {row.code: row for row in report.rules}
    names = []
    if isinstance(tolerance, dict):
        names = [
            f"tolerance.{name}"
            for name, value in _get_tolerance(check_result).to_dict().items()
            if name in tolerance and tolerance[name] != value
        ]
    for row in report_data["rules"]:
        rule = here.get(str(row.get("code")))
        if rule is not None and isinstance(row.get("parameters"), list):
            pairs = (_map_parameters(row["parameters"]), _map_parameters(rule.parameters))
            names += [
                name if "." in name else f"{rule.code}.{name}"
                for name in pairs[1]
                if name in pairs[0] and pairs[0][name] != pairs[1][name]
            ]
    return list(dict.fromkeys(names))


def _get_tolerance(check_result: CheckResult) -> Tolerance:
    """Return the tolerance that a check used."""
    return Tolerance(**{one.name: check_result.report.tolerance[one.name] for one in fields(Tolerance)})


def _map_parameters(rows: Iterable[Any]) -> dict[str, Any]:
    """Return name → value of a rule's parameters, as JSON stores the values."""
    plain_rows = json.loads(json.dumps(list(rows), default=str))
    return {str(row.get("name")): row.get("value") for row in plain_rows if isinstance(row, dict)}


def parse_report(report_data: dict[str, Any]) -> Report | None:
    """Return the report of a package from its JSON.

    None for data that violate the schema, which DOC013 reports.
    """
    try:
        report = Report.from_dict(report_data)
    except (SanxianError, ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError):
        return None
    return report if isinstance(report.provenance, dict) else None


def compare_findings(
    report_data: dict[str, Any], check_result: CheckResult, skipped_codes: Iterable[str]
) -> list[FindingDifference]:
    """Return the differences between a report's findings and those of this check.

    The report must be of the same version, standard, profile and phase. Waivers make no difference. Not compared are
    rules that one of the two checks did not run completely, and the rules ``skipped_codes``.
    """
    stated_report = parse_report(report_data)
    if stated_report is None:
        return []
    codes = _list_compared_rules(stated_report.rules, check_result.report.rules) - set(skipped_codes)
    stated = [f for f in stated_report.findings if f.code in codes]
    found = [f for f in check_result.report.findings if f.code in codes]
    pairs, unmatched_stated, unmatched_found = match_findings(stated, found)
    changed_roles = _find_roles_with_other_fields(stated_report, check_result.report)
    differences = [
        FindingDifference(one.code, one.key, kind)
        for kind, findings in ((LACKING_KIND, unmatched_found), (ADDED_KIND, unmatched_stated))
        for one in findings
        if not changed_roles & {one.role, one.related_role}
        and {one.role, one.related_role} <= {"", *check_result.plan.layers}
        and not _is_at_limit(one, check_result)
        and not _is_on_field_without_values(one, check_result)
    ]
    differences += [
        FindingDifference(found_one.code, found_one.key, CHANGED_KIND)
        for stated_one, found_one in pairs
        if not changed_roles & {found_one.role, found_one.related_role} and _differs_in_values(stated_one, found_one)
    ]
    return sorted(differences)


def _list_compared_rules(stated_rules: Iterable[RuleOutcome], rules: Iterable[RuleOutcome]) -> set[str]:
    """Return the codes of rules that both checks ran completely, with the same parameters.

    ``stated_rules``: outcomes in the package's report; ``rules``: outcomes of this check.
    """
    stated_by_code = {row.code: row for row in stated_rules}
    outcome_by_code = {row.code: row.outcome for row in rules}

    def was_run(code: str) -> bool:
        """Return True if both checks ran the rule."""
        skipped = (Outcome.SKIPPED, Outcome.CRASHED, None)
        stated_outcome = stated_by_code[code].outcome if code in stated_by_code else None
        return stated_outcome not in skipped and outcome_by_code.get(code) not in skipped

    def had_same_table(code: str) -> bool:
        """Return True if both checks, or none, had the optional table that the rule reads."""
        rule_of_table = _RULE_OF_OPTIONAL_TABLE.get(code)
        if rule_of_table is None:
            return True
        # Without its table the rule does not apply.
        stated_lacks_table = stated_by_code[rule_of_table].outcome is Outcome.NOT_APPLICABLE
        found_lacks_table = outcome_by_code[rule_of_table] is Outcome.NOT_APPLICABLE
        return stated_lacks_table == found_lacks_table

    return {
        rule.code
        for rule in rules
        if rule.code in stated_by_code
        and not rule.code.startswith(_FAMILIES_NOT_COMPARED)
        and rule.code not in _RULES_NOT_COMPARED
        and was_run(_RULE_OF_OPTIONAL_TABLE.get(rule.code, rule.code))
        and had_same_table(rule.code)
        and {rule.outcome, stated_by_code[rule.code].outcome} <= set(_COMPARED_OUTCOMES)
        and rule.incomplete == stated_by_code[rule.code].incomplete
        and _map_parameters(rule.parameters) == _map_parameters(stated_by_code[rule.code].parameters)
    }


def match_findings(
    stated_findings: list[Finding], found_findings: list[Finding]
) -> tuple[list[tuple[Finding, Finding]], list[Finding], list[Finding]]:
    """Return pairs of equal findings, the other stated findings, and the other found findings.

    Findings are matched by fingerprint. The rest are matched by rule, message, layers, keys and field, because another
    rounding of the place changes the fingerprint.
    """
    pairs: list[tuple[Finding, Finding]] = []
    for identify in (_identify_by_fingerprint, _identify_without_place):
        found_by_identity: dict[Any, list[Finding]] = defaultdict(list)
        for one in found_findings:
            found_by_identity[identify(one)].append(one)
        unmatched = []
        for one in stated_findings:
            candidates = found_by_identity[identify(one)]
            if candidates:
                gaps = [abs((candidate.area_m2 or 0.0) - (one.area_m2 or 0.0)) for candidate in candidates]
                pairs.append((one, candidates.pop(gaps.index(min(gaps)))))
            else:
                unmatched.append(one)
        stated_findings, found_findings = (
            unmatched,
            [one for candidates in found_by_identity.values() for one in candidates],
        )
    return pairs, stated_findings, found_findings


def _identify_by_fingerprint(finding: Finding) -> tuple[Any, ...]:
    """Return the rule and fingerprint of a finding, as a key for matching."""
    return finding.code, finding.fingerprint


def _identify_without_place(finding: Finding) -> tuple[Any, ...]:
    """Return rule, message, layers, keys and field of a finding, as a key for matching."""
    keys = tuple(sorted([finding.key, *finding.related_keys]))
    return finding.code, finding.case, finding.role, finding.related_role, keys, finding.field


def _find_roles_with_other_fields(stated_report: Report, own_report: Report) -> set[str]:
    """Return the codes of layers with wrong fields in the package's report that this check does not find.

    An export adds missing fields, so that layers of the package have other fields than those of the report's check.
    Hints do not count, because a report without problems may have them.
    """
    fingerprints = {one.fingerprint for one in own_report.findings}
    return {
        one.role
        for one in stated_report.findings
        if one.code.startswith("SCH") and one.severity is not Severity.INFO and one.fingerprint not in fingerprints
    } - {""}


def _is_at_limit(finding: Finding, check_result: CheckResult) -> bool:
    """Return True for a sliver that is barely above the tolerance.

    With another precision of coordinates such a sliver is ignored.
    """
    tolerance = _get_tolerance(check_result)
    return (
        finding.area_m2 is not None
        and finding.width_m is not None
        and bool(tolerance.is_sliver(finding.area_m2 / 2, finding.width_m / 2))
    )


def _is_on_field_without_values(finding: Finding, check_result: CheckResult) -> bool:
    """Return True for a finding on a field without any value.

    An export adds the fields of a template that a layer lacks, without values.
    """
    layer = check_result.plan.layers.get(finding.role)
    column = layer.get_column_by_name(finding.field) if layer is not None and finding.field else None
    return column is not None and bool((column.isna() | (column.astype(str).str.strip() == "")).all())


def _differs_in_values(stated_finding: Finding, found_finding: Finding) -> bool:
    """Return True if severity, need of an approval, areas or width of two findings differ."""
    names = ("area_m2", "net_area_m2", "width_m")
    attributes = [(one.severity, one.needs_approval) for one in (stated_finding, found_finding)]
    return attributes[0] != attributes[1] or any(
        not _are_equal_figures(getattr(stated_finding, name), getattr(found_finding, name)) for name in names
    )


def _are_equal_figures(stated_figure: Any, found_figure: Any) -> bool:
    """Return True if two figures are equal but for rounding."""
    if stated_figure is None or found_figure is None:
        return stated_figure is found_figure
    return abs(float(stated_figure) - float(found_figure)) <= _CHANGE_SHARE * abs(float(found_figure)) + _CHANGE


def describe_difference(difference: FindingDifference, texts: Texts) -> str:
    """Return a difference as text: rule, key and kind of difference."""
    name = " ".join(filter(None, (difference.code, difference.key)))
    return texts.get("words", difference.kind, name=name)
