# SPDX-License-Identifier: GPL-2.0-or-later
"""What decides the verdict of a check: the few problems that a reader of the first page must know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from ...model.findings import Finding
from ...model.indicator import TARGET_MISSED, Indicator
from ...model.report import Report
from ...model.rule import Severity
from ...model.verdict import Verdict
from ...standard.messages.texts import format_number
from ..figures import (
    format_hectares,
    format_indicator_value,
    format_margin,
    format_target,
    is_township_figure,
)
from ..finding_lists import format_township_counts, get_rule_titles, group_findings_by_rule, select_largest_conflicts
from ..sections import make_not_checked_section
from ..words import ReportTexts, capitalise_first_letter, load_report_settings, lower_first_letter


@dataclass(frozen=True)
class DecisiveItem:
    """One of the problems that decide a verdict.

    ``amount_text``: how much, with unit; ``place_count``: number of places, 0 for a figure of the whole area;
    ``clause``: the problem with its amount, as a part of a sentence; ``map_numbers``: its numbers on the overview map.
    """

    code: str
    title: str
    note: str
    amount_text: str
    place_count: int
    townships: str
    clause: str
    map_numbers: str = ""


def list_decisive_items(report: Report, report_texts: ReportTexts) -> list[DecisiveItem]:
    """Return what decides the verdict, the most important first, as many as the settings allow.

    Errors and missed targets for 不通过; what was not checked for 未完成; warnings for 有条件通过.
    """
    verdict, settings = report.verdict, load_report_settings()
    if verdict == Verdict.INCOMPLETE:
        items = [
            DecisiveItem(
                row["code"],
                row["title"],
                row["reason"],
                "—",
                0,
                "—",
                report_texts.get("signed", "unchecked_clause", title=row["title"]),
            )
            for row in make_not_checked_section(report, report_texts)["rows"]
            if row["title"]
        ]
    else:
        severity = Severity.ERROR if verdict == Verdict.FAILED else Severity.WARNING
        items = [*_make_rule_items(report, severity, report_texts), *_make_missed_indicator_items(report, report_texts)]
        items.sort(key=lambda item: settings.make_sort_key(item.code))
    return items[: settings.length_limits["decisive"]]


def make_verdict_sentence(report: Report, items: Iterable[DecisiveItem], report_texts: ReportTexts) -> str:
    """Return the sentence beside the verdict.

    It states the overlapping lines or missed targets, their amounts and the numbers of places.
    """
    control_lines = load_report_settings().control_line_rules
    items = list(items)
    crossed = sum(item.place_count for item in items if item.code in control_lines)
    clauses = [report_texts.get("signed", "lines_overlap", count=format_number(crossed, 0))] if crossed else []
    clauses += [item.clause for item in items if item.code not in control_lines]
    if not clauses:
        return report_texts.get("signed", f"statement_{report.verdict}")
    joined_clauses = report_texts.get("page", "clause").join(lower_first_letter(clause) for clause in clauses)
    return capitalise_first_letter(report_texts.get("signed", "statement", clauses=joined_clauses))


def _make_rule_items(report: Report, severity: Severity, report_texts: ReportTexts) -> Iterator[DecisiveItem]:
    """Yield one decisive item for each rule with open findings of a severity, the largest area first.

    Rules on indicators are left out.
    """
    conflicts = list(enumerate(select_largest_conflicts(report), 1))
    titles = get_rule_titles(report, report_texts)
    numbers = {
        code: report_texts.join_parts(format_number_ranges([n for n, one in conflicts if one.code == code]))
        for code in {one.code for _, one in conflicts}
    }
    open_findings = [f for f in report.findings if f.state != "waived" and f.severity is severity]
    settings = load_report_settings()
    groups = group_findings_by_rule(f for f in open_findings if f.code not in settings.indicator_rules.values())
    for code, findings in sorted(groups.items(), key=lambda group: -_sum_areas(group[1])):
        # The net area where all findings have one (targets of farmland are net areas), else the statutory area.
        amount, note = "—", ""
        if any(finding.area_m2 for finding in findings):
            amount, note = (
                format_hectares(_sum_areas(findings), report_texts),
                report_texts.get("signed", "statutory_basis"),
            )
            if all(finding.net_area_m2 is not None for finding in findings):
                note = report_texts.get("signed", "net_basis", area=amount)
                amount = format_hectares(sum(finding.net_area_m2 or 0.0 for finding in findings), report_texts)
        title = titles.get(code, code)
        yield DecisiveItem(
            code,
            title,
            note,
            amount,
            len(findings),
            format_township_counts(findings, report_texts, settings.length_limits["townships"]),
            report_texts.get("signed", "places_clause", title=title, count=format_number(len(findings), 0)),
            numbers.get(code, ""),
        )


def _find_value_without_repeated_land(indicator: Indicator, report: Report) -> float | None:
    """Return the value of an indicator without land that rows of its layer have twice, from the finding on it."""
    for finding in report.findings:
        form = str(finding.params.get("form", "")).lower()
        if finding.params.get("indicator") == indicator.id or (form and indicator.id == f"expansion_ratio_{form}"):
            for repeated in finding.params.get("shown", {}).get("repeated", ()):
                if repeated.get("without") is not None:
                    return float(repeated["without"])
    return None


def _sum_areas(findings: Iterable[Finding]) -> float:
    """Return the sum of the findings' areas, m²; a finding without an area counts as 0."""
    return sum(finding.area_m2 or 0.0 for finding in findings)


def _make_missed_indicator_items(report: Report, report_texts: ReportTexts) -> Iterator[DecisiveItem]:
    """Yield one decisive item for each missed indicator of the county, and for each missed by some townships."""
    rules = load_report_settings().indicator_rules
    missed = [i for i in report.indicators if i.state == TARGET_MISSED and i.margin is not None]
    for indicator in missed:
        if is_township_figure(indicator):
            continue
        # A word that ends with a letter or digit (N1) needs a space before the next one.
        name = indicator.name or indicator.id
        name += " " if name[-1:].isascii() and report_texts.lang == "zh" else ""
        amount = format_margin(indicator, report_texts)
        ratio = indicator.unit == "ratio"
        key = "limit_exceeded" if ratio else "exceeded" if indicator.comparison == "<=" else "fallen_short"
        values = {
            "value": format_indicator_value(indicator, report_texts),
            "target": format_target(indicator, report_texts),
        }
        # The first page has no room for more.
        without = _find_value_without_repeated_land(indicator, report) if ratio else None
        note_key = "figure_note"
        if without is not None:
            note_key = "figure_note_without"
            values["without"] = format_indicator_value(replace(indicator, value=without), report_texts)
        note = report_texts.get("signed", note_key, **values) + ("" if indicator.confirmed else " *")
        yield DecisiveItem(
            rules["ratio" if ratio else "area"],
            report_texts.get("signed", key, name=name),
            note,
            amount,
            0,
            report_texts.get("signed", "whole_area"),
            report_texts.get("signed", f"{key}_clause", name=name, amount=amount),
        )
    township_figures = list(filter(is_township_figure, missed))
    for figure_id in dict.fromkeys(one.id for one in township_figures):
        indicators = [one for one in township_figures if one.id == figure_id]
        places = [one.place for one in indicators]
        # The name of a township's figure begins with the township.
        name = (indicators[0].name or figure_id).removeprefix(indicators[0].place)
        shown_places = places[: load_report_settings().length_limits["townships"]]
        title = report_texts.get("signed", "townships_missed", name=name.lstrip("的 "), count=len(places))
        more_places_note = (
            report_texts.get("text", "more_townships", count=len(places)) if len(places) > len(shown_places) else ""
        )
        yield DecisiveItem(
            rules["township"],
            title,
            "",
            "—",
            len(places),
            report_texts.join_parts(shown_places) + more_places_note,
            title,
        )


def format_number_ranges(numbers: list[int]) -> list[str]:
    """Return ascending numbers with runs shortened: 1–3, 7."""
    # Numbers and their positions differ by the same value within a run.
    groups = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    runs = [[number for _, number in group] for _, group in groups]
    return [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
