# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the conflicts to show as pictures, and hold the images.

QGIS draws them.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from ..model.findings import Finding
from ..model.report import Report
from ..model.rule import Severity
from .report_settings import load_report_settings

#: Number of pictures on a page; the layer has all conflicts.
MAX_PICTURES = 12
_SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class LegendEntry:
    """A symbol of the legend as a data URI, with its label.

    ``wide`` symbols are patches, others points.
    """

    label: str
    image: str


@dataclass
class ReportPictures:
    """The images of a report page as data URIs.

    ``conflicts``: in the order of `select_largest_conflicts`, empty where one could not be drawn; ``problem``: the
    reason for missing pictures, in the report's language.
    """

    overview: str = ""
    conflicts: list[str] = field(default_factory=list)
    legend: list[LegendEntry] = field(default_factory=list)
    problem: str = ""


def make_finding_sort_key(finding: Finding) -> tuple[int, float, str, str]:
    """Return the sort key of a finding: severity, area from the largest, code, key."""
    severity = _SEVERITY_ORDER.get(finding.severity, 3) if finding.severity else 3
    return severity, -(finding.area_m2 or 0.0), finding.code, finding.key


def select_findings_with_area(report: Report) -> list[Finding]:
    """Return the findings that are open and have an area.

    The largest are chosen from them.
    """
    return [
        f
        for f in report.findings
        if f.state != "waived" and f.area_m2 and f.severity is not Severity.INFO and f.geom_kind == "area"
    ]


def select_largest_conflicts(report: Report, limit: int = MAX_PICTURES) -> list[Finding]:
    """Return the ``limit`` first conflicts, in the order of overview and list.

    Errors come first, then the rules in their statutory order, then the largest areas.
    """
    settings = load_report_settings()

    def sort_key(finding: Finding) -> tuple[int, int, int, float, str, str]:
        severity, area, code, key = make_finding_sort_key(finding)
        return severity, *settings.make_sort_key(finding.code), area, code, key

    return heapq.nsmallest(limit, select_findings_with_area(report), key=sort_key)
