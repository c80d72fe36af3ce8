# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the conflicts to show as pictures, and hold the images.

QGIS draws them.
"""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field, replace

from ..model.findings import Finding
from ..model.report import Report
from ..model.rule import Severity
from ..standard.messages.numbers import format_number
from .words import ReportTexts, load_report_settings

#: Number of pictures on a page; the layer has all conflicts.
MAX_PICTURES = 12
_SEVERITY_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class LegendEntry:
    """A symbol of the legend as a data URI, with its label.

    ``label``: text beside the symbol; ``image``: data URI.
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


def list_mark_labels(report: Report, report_texts: ReportTexts) -> list[tuple[Severity, str]]:
    """Return (severity, label) of the marks on the overview map: the numbers of errors and warnings with a place."""
    placed = [one for one in report.findings if one.geom_kind != "none" and one.state != "waived"]
    marked = (Severity.ERROR, Severity.WARNING)
    counts = [(severity, sum(one.severity is severity for one in placed)) for severity in marked]
    return [
        (
            severity,
            report_texts.get(
                "page", "mark_count", word=report_texts.get("severities", str(severity)), count=format_number(count, 0)
            ),
        )
        for severity, count in counts
        if count
    ]


def add_picture_digests(report: Report, pictures: ReportPictures | None) -> Report:
    """Return a copy of the report whose provenance has the digests of its page's pictures.

    Without pictures, return the report itself.
    """
    if pictures is None or not (pictures.overview or any(pictures.conflicts) or pictures.legend):
        return report
    # Pictures that could not be drawn are left out.
    sources_by_place = {
        "overview": [pictures.overview],
        "conflicts": pictures.conflicts,
        "legend": [entry.image for entry in pictures.legend],
    }
    digests = {
        place: [hashlib.sha256(one.encode("utf-8")).hexdigest() for one in sources if one]
        for place, sources in sources_by_place.items()
    }
    return replace(report, provenance={**report.provenance, "pictures": digests})


def make_finding_sort_key(finding: Finding) -> tuple[int, float, str, str]:
    """Return the sort key of a finding: severity, area from the largest, code, key."""
    severity = _SEVERITY_ORDER.get(finding.severity, 3) if finding.severity else 3
    return severity, -(finding.area_m2 or 0.0), finding.code, finding.key


def select_findings_with_area(report: Report) -> list[Finding]:
    """Return the open errors and warnings that have an area."""
    return [
        f
        for f in report.findings
        if f.state != "waived" and f.area_m2 and f.severity is not Severity.INFO and f.geom_kind == "area"
    ]


def select_largest_conflicts(report: Report) -> list[Finding]:
    """Return the largest conflicts, at most `MAX_PICTURES`, in the order of overview and list.

    Errors are chosen first: the largest between the three lines, then the largest of each further rule in the statutory
    order. They are listed by rule in that order, then by area.
    """
    settings = load_report_settings()

    def choice_key(finding: Finding) -> tuple[int, int, int, float, str, str]:
        severity, area, code, key = make_finding_sort_key(finding)
        # Conflicts between the three lines compete with each other, those of each further rule among themselves.
        place, family = (-1, 0) if code in settings.control_line_rules else settings.make_sort_key(code)
        return severity, place, family, area, code, key

    def list_key(finding: Finding) -> tuple[int, int, int, float, str, str]:
        severity, area, code, key = make_finding_sort_key(finding)
        return severity, *settings.make_sort_key(finding.code), area, code, key

    return sorted(heapq.nsmallest(MAX_PICTURES, select_findings_with_area(report), key=choice_key), key=list_key)
