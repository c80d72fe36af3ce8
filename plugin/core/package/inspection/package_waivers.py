# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers in the package's report: which findings of the inspection they cover.

A covered finding stays open, because the receiver of the package decides whether to accept the waiver.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .finding_comparison import match_findings, parse_report

if TYPE_CHECKING:
    from ...check import CheckResult

#: Parameter of a covered finding: the package's waiver. Key of the provenance: their numbers.
PACKAGE_WAIVER_PARAM, PACKAGE_WAIVERS_KEY = "package_waiver", "package_waivers"
#: Parts of a waiver that are taken from the package's report.
_WAIVER_PARTS = ("reason", "document", "attachment", "author", "date", "until")
#: Longest part of a waiver; the report of a package may contain anything.
_MAX_PART_LENGTH = 500


def record_package_waivers(check_result: CheckResult, report_data: dict[str, Any]) -> None:
    """Record which findings of the inspection the package's report lists as waived.

    ``report_data``: data of the report, empty if unreadable. Each such finding gets the report's waiver as a parameter.
    The provenance gets three numbers: findings that the report waives, those that the inspection found too, and these
    by rule.
    """
    stated_report = parse_report(report_data)
    waived = [one for one in stated_report.findings if one.state == "waived"] if stated_report is not None else []
    if not waived:
        return
    report = check_result.report
    pairs, _, _ = match_findings(waived, [finding for finding in report.findings if finding.state != "waived"])
    for stated_finding, finding in pairs:
        waiver = stated_finding.params.get("waiver")
        waiver_parts = waiver if isinstance(waiver, dict) else {}
        finding.params[PACKAGE_WAIVER_PARAM] = {
            part: str(waiver_parts.get(part) or "")[:_MAX_PART_LENGTH] for part in _WAIVER_PARTS
        }
    counts = Counter(finding.code for _, finding in pairs)
    report.provenance[PACKAGE_WAIVERS_KEY] = {
        "waived": len(waived),
        "covered": len(pairs),
        "rules": dict(sorted(counts.items())),
    }
