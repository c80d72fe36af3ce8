# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as one HTML file with escaped data and no external resources."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..model.indicator import TARGET_MET
from ..model.report import Report
from ..standard.messages.texts import Texts, format_number
from ..standard.profile import Norm
from . import figures, finding_lists, sections, verdict
from .document.blocks import FactTable, ReportChapter, split_at_page_numbers
from .document.check_report import (
    SectionNumbers,
    decode_data_uri,
    explain_data_digest,
    make_first_page,
    make_settings_appendix,
)
from .document.page_html import render_page_blocks
from .figures import STATE_ICONS, choose_decimals, format_state, format_target_without_unit, is_township_figure
from .finding_lists import ReportPictures
from .words import ReportTexts, fill_template


def make_township_section(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the section on areas by township; townships that miss a target come first.

    ``columns``: titles of figures with their units; ``rows``: a township with one cell per figure, ``None`` without a
    target.
    """
    indicators = [i for i in report.indicators if is_township_figure(i)]
    figures = list(dict.fromkeys((i.id, i.unit) for i in indicators))
    texts = Texts(report_texts.lang)
    columns = [
        texts.get_indicator_name(name) + report_texts.put_in_brackets(report_texts.get_text_or_key("unit", unit))
        for name, unit in figures
    ]
    rows = []
    for place in dict.fromkeys(i.place for i in indicators):
        township_indicators = {(i.id, i.unit): i for i in indicators if i.place == place}
        cells = [
            {
                "value": format_number(indicator.value, choose_decimals(indicator)),
                # The unit is in the head of the column.
                "target": format_target_without_unit(indicator),
                "state": format_state(indicator, report_texts),
                "icon": STATE_ICONS.get(indicator.state, ""),
            }
            if (indicator := township_indicators.get(figure)) is not None
            else None
            for figure in figures
        ]
        rows.append(
            {"name": place, "cells": cells, "met": all(i.state == TARGET_MET for i in township_indicators.values())}
        )
    return {
        "columns": columns,
        "rows": sorted(rows, key=lambda row: bool(row["met"])),
        "sources": report_texts.join_parts(dict.fromkeys(i.target_source for i in indicators if i.target_source)),
        "unconfirmed": any(not i.confirmed for i in indicators),
    }


def render_report(
    report: Report,
    norm: Norm | None = None,
    pictures: ReportPictures | None = None,
    lang: str = "",
    chapter: ReportChapter | None = None,
) -> str:
    """Return the report of a check as an HTML page.

    ``norm`` provides citations and marks; without ``pictures`` the page gives the reason. ``chapter``: a further
    chapter, before the section on the data.
    """
    page = _collect_page_data(report, norm, pictures, ReportTexts(lang or report.lang))
    if chapter is not None:
        page |= {
            "chapter_title": chapter.title,
            "chapter_body": render_page_blocks(chapter.make_blocks(), {}, keeps_widths=True),
        }
    return fill_template("report.html.j2", page)


def _make_running_titles(head: dict[str, Any], report_texts: ReportTexts) -> dict[str, Any]:
    title = report_texts.get("page", "gap").join(p for p in (head["area_name"], head["title"]) if p)
    return {
        "left": title,
        "number": [
            {"counter": piece[1:-1]} if piece in ("{page}", "{pages}") else piece
            for piece in split_at_page_numbers(report_texts.get("page", "number"))
        ],
        "product": report_texts.get("page", "product"),
        "right": report_texts.get("page", "gap").join(p for p in (title, head["date"]) if p),
    }


def _collect_page_data(
    report: Report, norm: Norm | None, pictures: ReportPictures | None, report_texts: ReportTexts
) -> dict[str, Any]:
    """Return the data of the report page's template."""
    report_pictures = pictures or ReportPictures()
    has_pictures = bool(report_pictures.overview or any(report_pictures.conflicts))
    reason = report_pictures.problem or report_texts.get("text", "no_place" if pictures else "no_qgis")
    conflicts = finding_lists.make_conflicts_section(report, report_texts)
    for position, row in enumerate(conflicts["rows"]):
        row["image"] = report_pictures.conflicts[position] if position < len(report_pictures.conflicts) else ""
    head = sections.make_head_section(report, report_texts)
    numbers = SectionNumbers(report_texts)
    first, *blocks = make_first_page(report, pictures, head, numbers, report_texts)
    shown_facts = {value for row in first.rows for _, value in row} if isinstance(first, FactTable) else set()
    uris = {
        decode_data_uri(uri): uri
        for uri in (report_pictures.overview, *(entry.image for entry in report_pictures.legend))
        if uri
    }
    gap = report_texts.get("page", "gap")
    render = partial(render_page_blocks, uris=uris, verdict=str(report.verdict), separator=gap)
    return {
        "facts": render([first]),
        "first_page": render(blocks),
        "more_facts": [
            extra_facts
            for row in head["document"]
            if (extra_facts := [fact for fact in row if fact[1] not in shown_facts])
        ],
        "settings": render(make_settings_appendix(report, report_texts)),
        "numbered": numbers.number_title,
        "chapter_title": "",
        "chapter_body": "",
        "w": report_texts,
        "running": _make_running_titles(head, report_texts),
        "lang": {"zh": "zh-CN"}.get(report_texts.lang, report_texts.lang),
        "head": head,
        "outcomes": verdict.format_rule_counts(report, report_texts),
        "caveats": verdict.list_caveats(report, norm, report_texts, names_settings=False),
        "families": verdict.count_by_family(report, report_texts),
        "not_checked": sections.make_not_checked_section(report, report_texts),
        "tolerance": sections.make_tolerance_section(report, norm, report_texts),
        "figures": figures.make_figure_rows(report, report_texts),
        "townships": make_township_section(report, report_texts),
        "figure_notes": figures.make_figure_notes(report, report_texts),
        "has_targets": any(i.target is not None for i in report.indicators),
        "sums": finding_lists.sum_findings_by_rule(report, report_texts),
        "pictures": report_pictures,
        "no_pictures": "" if has_pictures else report_texts.get("text", "no_pictures", reason=reason),
        "conflicts": conflicts,
        "waivers": finding_lists.list_waivers(report, report_texts),
        "windows": finding_lists.make_windows_section(report, norm, report_texts),
        "data": sections.make_provenance_section(report, report_texts),
        "digest_explained": explain_data_digest(report, report_texts),
        "rule_table": sections.make_rule_section(report, norm, report_texts),
        "lists": finding_lists.list_findings_by_rule(report, norm, report_texts),
        "total": format_number(len(report.findings), 0),
        "row_limit": finding_lists.MAX_ROWS_PER_RULE,
    }
