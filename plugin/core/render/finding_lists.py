# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings on the report page: sums by rule, rows of each rule up to a limit, and the conflicts shown as pictures.

QGIS draws the pictures.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..engine.explanation import CALL_ORIGIN, EffectiveValue, describe_citation, format_effective_values
from ..model.findings import Finding
from ..model.report import Report, RuleOutcome
from ..model.rule import RULE_FAMILIES, Severity, get_rule_family, load_all_rules
from ..standard.messages.numbers import format_hectare_number
from ..standard.messages.texts import Texts, format_number, format_width
from ..standard.profile import Norm
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

    chosen = heapq.nsmallest(MAX_PICTURES, select_findings_with_area(report), key=choice_key)
    chosen.sort(key=make_finding_sort_key)
    # By severity and rule; the sort above decides within a rule.
    return sorted(chosen, key=lambda one: (make_finding_sort_key(one)[0], settings.make_sort_key(one.code)))


#: Largest number of rows per rule on the page; counts are complete, and layer and JSON have all.
MAX_ROWS_PER_RULE = 200
#: Largest number of townships in one cell.
_MAX_TOWNSHIPS = 24
#: Largest number of related keys in one row.
_MAX_RELATED = 3
#: The rule that lists windows (开天窗).
WINDOW_RULE = "TOP009"


def get_rule_titles(report: Report, report_texts: ReportTexts) -> dict[str, str]:
    """Return code → title of each rule, and of the codes about the run itself."""
    return {r.code: r.heading for r in report.rules} | {
        code: report_texts.get("run_title", code)
        for code in ("RUN900", "RUN901", "RUN902", "RUN903", "RUN904", "RUN905")
    }


def group_findings_by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return rule code → its findings."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code].append(finding)
    return groups


def sum_findings_by_rule(report: Report, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return one row per rule and severity with sums: errors first, then in the statutory order, then by area.

    Waived findings have a separate section.
    """
    rule_titles = get_rule_titles(report, report_texts)
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.state != "waived":
            groups[str(finding.severity), finding.code].append(finding)
    order = [str(s) for s in Severity]
    rows = []
    for (severity, code), group_findings in groups.items():
        areas = [f.area_m2 for f in group_findings if f.area_m2 is not None]
        nets = [f.net_area_m2 for f in group_findings if f.net_area_m2 is not None]
        rows.append(
            {
                "severity": severity,
                "code": code,
                "title": rule_titles.get(code, code),
                "count": len(group_findings),
                "number": format_number(len(group_findings), 0),
                "area_m2": sum(areas),
                "area": format_hectare_number(sum(areas)) if areas else "—",
                "net_m2": sum(nets) if nets else None,
                "net": report_texts.get("text", "net", area=format_hectare_number(sum(nets))) if nets else "",
                "townships": format_township_counts(group_findings, report_texts),
                "township_count": len({f.township for f in group_findings if f.township}),
            }
        )
    make_rank = load_report_settings().make_sort_key
    return sorted(rows, key=lambda r: (order.index(r["severity"]), make_rank(r["code"]), -r["area_m2"], r["code"]))


def format_township_counts(findings: Iterable[Finding], report_texts: ReportTexts, limit: int = _MAX_TOWNSHIPS) -> str:
    """Return the townships with most findings, each with its number; a dash if no finding is in a township.

    ``limit``: largest number of townships.
    """
    counts = Counter(f.township for f in findings)
    elsewhere_count = counts.pop("", 0)
    if not counts:
        return "—"
    township_counts = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        *(report_texts.get("text", "township_count", name=n, count=c) for n, c in township_counts[:limit]),
        report_texts.get("text", "more_townships", count=len(township_counts)) if len(township_counts) > limit else "",
        report_texts.get("text", "elsewhere", count=elsewhere_count) if elsewhere_count else "",
    ]
    return report_texts.join_parts(filter(None, parts))


def list_findings_by_rule(report: Report, norm: Norm | None, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return a dict for each rule with findings, for the report page.

    It has rows of findings up to a limit, the number of further findings, the rule's help and sources.
    """
    rule_titles = get_rule_titles(report, report_texts)
    outcomes = {r.code: r for r in report.rules}
    blocks = []
    for code, rule_findings in sorted(
        group_findings_by_rule(report.findings).items(), key=lambda item: make_rule_sort_key(item[0])
    ):
        shown_findings = heapq.nsmallest(MAX_ROWS_PER_RULE, rule_findings, key=make_finding_sort_key)
        blocks.append(
            {
                "code": code,
                "title": rule_titles.get(code, code),
                "number": format_number(len(rule_findings), 0),
                "rows": [
                    {
                        "severity": "WAIVED" if one.state == "waived" else str(one.severity),
                        "own": f"{one.role} {_format_key_or_fid(one.key, one.params.get('fid'), report_texts)}".strip(),
                        "related": _list_related_features(one, report_texts),
                        "township": one.township or "—",
                        "area": format_hectare_number(one.area_m2),
                        "message": one.message,
                    }
                    for one in shown_findings
                ],
                "more": report_texts.get(
                    "text", "more_rows", count=format_number(len(rule_findings) - len(shown_findings), 0)
                )
                if len(rule_findings) > MAX_ROWS_PER_RULE
                else "",
                **_make_rule_help(code, outcomes.get(code), norm, report_texts),
            }
        )
    return blocks


def make_rule_sort_key(code: str) -> tuple[int, str]:
    """Return the sort key of a rule code: family, then code."""
    family = get_rule_family(code)
    return (RULE_FAMILIES.index(family) if family in RULE_FAMILIES else len(RULE_FAMILIES), code)


def _list_related_features(finding: Finding, report_texts: ReportTexts) -> list[str]:
    """Return the related features of a finding as texts, one for each key."""
    fid = finding.params.get("related_fid")
    keys = [k for k in finding.related_keys if k][:_MAX_RELATED]
    lines = [f"{finding.related_role} {name}".strip() for name in keys or [_format_key_or_fid("", fid, report_texts)]]
    if len(finding.related_keys) > len(keys) > 0:
        lines.append("…")
    return [line for line in lines if line]


def _format_key_or_fid(key: str, fid: Any, report_texts: ReportTexts) -> str:
    """Return a key with the feature id in brackets, or the one of the two that exists."""
    fid_text = report_texts.get("text", "fid", fid=fid) if fid is not None else ""
    return f"{key} {report_texts.put_in_brackets(fid_text)}" if key and fid_text else key or fid_text


def _make_rule_help(
    code: str, outcome: RuleOutcome | None, norm: Norm | None, report_texts: ReportTexts
) -> dict[str, Any]:
    """Return a rule's help by heading, the values that it used, and its sources with marks.

    A finding about the run has one sentence. A code of another version of the plugin has no help.
    """
    rule, texts = load_all_rules().get(code), Texts(report_texts.lang)
    if rule is None:
        sentence = texts.get_section("run_help").get(code, "")
        return {
            "help": [(texts.get_section("headings")["what"], sentence)] if sentence else [],
            "basis": [],
            "parameters": [],
        }
    effective_values = [EffectiveValue(**one) for one in (outcome.parameters if outcome is not None else ())]
    return {
        "help": [(heading, " ".join(text.split())) for heading, text in texts.get_rule_help(rule).items()],
        "basis": list_citations(rule.basis, norm, report_texts),
        # The tolerance of standard and county is on the first page.
        "parameters": format_effective_values(
            [one for one in effective_values if one.setting != "tolerance" or one.origin == CALL_ORIGIN], texts
        ),
    }


def list_citations(keys: Iterable[str], norm: Norm | None, report_texts: ReportTexts) -> list[dict[str, str]]:
    """Return the citations with these keys as dicts: ``mark`` (A, B or C: level of source) and ``text``."""
    if norm is None:
        return []
    citations, texts = norm.citations, Texts(report_texts.lang)
    return [
        {"mark": citations[k].mark, "text": describe_citation(citations[k], norm, texts)}
        for k in keys
        if k in citations
    ]


def make_conflicts_section(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the section on the largest conflicts: rows numbered as on the overview map, and a note on further ones."""
    rule_titles = get_rule_titles(report, report_texts)
    largest_conflicts = select_largest_conflicts(report)
    rows = [
        {
            "number": position,
            # The first circled number is ①.
            "circled": chr(ord("①") + position - 1),
            "severity": str(finding.severity),
            "code": finding.code,
            "title": rule_titles.get(finding.code, finding.code),
            "township": finding.township or "—",
            "area": format_hectare_number(finding.area_m2),
            "width": format_width(finding.width_m) if finding.width_m is not None else "",
            "state": report_texts.get_text_or_key("state", finding.state),
        }
        for position, finding in enumerate(largest_conflicts, start=1)
    ]
    left = (
        len(select_findings_with_area(report)) - len(largest_conflicts) if len(largest_conflicts) == MAX_PICTURES else 0
    )
    return {
        "rows": rows,
        "more": report_texts.get("text", "more_conflicts", count=format_number(left, 0)) if left else "",
        "false_alarm": any(f.state == "false_alarm" for f in largest_conflicts),
    }


def list_waivers(report: Report, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return one row for each waived finding, with the data of its waiver."""
    rows = []
    for finding in sorted(
        (f for f in report.findings if f.state == "waived"),
        key=lambda f: (make_rule_sort_key(f.code), make_finding_sort_key(f)),
    ):
        waiver = finding.params.get("waiver") or {}
        rows.append(
            {
                "code": finding.code,
                "own": f"{finding.role} {finding.key}".strip(),
                "related": _list_related_features(finding, report_texts),
                "township": finding.township,
                "area": format_hectare_number(finding.area_m2),
                "why": str(waiver.get("reason", "")),
                "document": str(waiver.get("document", "")),
                "attachment": str(waiver.get("attachment", "")),
                "author": str(waiver.get("author", "")),
                "date": str(waiver.get("date", "")),
                "until": str(waiver.get("until", "")) or report_texts.get("text", "no_end"),
            }
        )
    return rows


def make_windows_section(report: Report, norm: Norm | None, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the section on windows (开天窗, holes left open in the boundary, TOP009), the largest first.

    Each row states what fills the window; a sentence has the sums.
    """
    window_findings = [f for f in report.findings if f.code == WINDOW_RULE]
    templates = norm.standard.templates if norm else {}
    rows = [
        {
            "own": f"{f.role} {_format_key_or_fid(f.key, f.params.get('fid'), report_texts)}".strip(),
            "township": f.township or "—",
            "area": format_hectare_number(f.area_m2),
            "fillers": report_texts.join_parts(
                templates[r].name if r in templates and report_texts.lang == "zh" else r for r in f.params["fillers"]
            ),
            "share": format_number(f.params["share"], 1),
            "open": format_hectare_number(f.params["open_m2"]),
            "full": f.case == "window",
        }
        for f in heapq.nlargest(MAX_ROWS_PER_RULE, window_findings, key=lambda f: f.area_m2 or 0.0)
    ]
    partly = sum(f.case != "window" for f in window_findings)
    area = format_hectare_number(sum(f.area_m2 or 0.0 for f in window_findings))
    more_rows_note = (
        report_texts.get("text", "more_rows", count=format_number(len(window_findings) - MAX_ROWS_PER_RULE, 0))
        if len(window_findings) > MAX_ROWS_PER_RULE
        else ""
    )
    sums = report_texts.get(
        "text", "windows", count=format_number(len(window_findings), 0), area=area, partly=format_number(partly, 0)
    )
    return {"rows": rows, "more": more_rows_note, "sums": sums}
