# SPDX-License-Identifier: GPL-2.0-or-later
"""Which conflicts are pictured, and what a maker of pictures hands to the page. QGIS draws them; nothing here does."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from ..model.findings import Finding
from ..model.report import Report
from ..model.rule import Severity

#: Pictures on a page; the others are in the layer.
PICTURES = 12
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class LegendEntry:
    """A symbol as a data URI and what it stands for; ``wide`` symbols are patches, others single marks."""

    label: str
    image: str


@dataclass
class Pictures:
    """Images as data URIs. ``conflicts`` in the order of `largest_conflicts`, empty where one could not be drawn.

    ``problem``: why there is no picture, a sentence in the report's language.
    """

    overview: str = ""
    conflicts: list[str] = field(default_factory=list)
    legend: list[LegendEntry] = field(default_factory=list)
    problem: str = ""


def rank_finding(finding: Finding) -> tuple[int, float, str, str]:
    """Errors first, then by area from the largest; ties by code and key, so that two runs agree."""
    severity = _ORDER.get(finding.severity, 3) if finding.severity else 3
    return severity, -(finding.area_m2 or 0.0), finding.code, finding.key


def findings_with_area(report: Report) -> list[Finding]:
    """Open findings that are areas: those that the list of the largest is chosen from."""
    return [
        f
        for f in report.findings
        if f.state != "waived" and f.area_m2 and f.severity is not Severity.INFO and f.geom_kind == "area"
    ]


def largest_conflicts(report: Report, limit: int = PICTURES) -> list[Finding]:
    """The largest conflicts, as numbered on the overview and in the list."""
    return heapq.nsmallest(limit, findings_with_area(report), key=rank_finding)
