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
from typing import TYPE_CHECKING, Any

import shapely

from ...errors import SanxianError
from ...geometry.tolerance import Tolerance
from ...model.findings import Finding
from ...model.report import Report

if TYPE_CHECKING:
    from ...check import CheckResult


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
