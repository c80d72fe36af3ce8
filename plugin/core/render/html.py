# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as one HTML file with escaped data and no external resources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from ...paths import REPORT_TEMPLATES_FOLDER
from ..messages.texts import THIN_SPACE, Texts, format_number
from ..model.indicator import TARGET_MET, Indicator
from ..model.report import Report
from . import figures, finding_lists, sections, verdict
from .document.blocks import Block, FactTable
from .document.check_report import (
    SectionNumbers,
    decode_data_uri,
    explain_data_digest,
    make_first_page,
    make_settings_appendix,
)
from .document.page_html import render_page_blocks
from .figures import STATE_ICONS, choose_decimals, format_state, format_target, is_township_figure
from .pictures import ReportPictures
from .words import ReportTexts

if TYPE_CHECKING:
    from ..profile import Norm


def make_township_section(report: Report, words: ReportTexts) -> dict[str, Any]:
    """Return the areas by township; townships that miss a task come first.

    ``columns``: figures with their units; ``rows``: a township with one cell per figure, ``None`` without a task.
    """
    indicators = [i for i in report.indicators if is_township_figure(i)]
    figures = list(dict.fromkeys((i.id, i.unit) for i in indicators))
    texts = Texts(words.lang)
    columns = [
        texts.get_indicator_name(name) + words.put_in_brackets(words.get_text_or_key("unit", unit))
        for name, unit in figures
    ]
    rows = []
    for place in dict.fromkeys(i.place for i in indicators):
        own = {(i.id, i.unit): i for i in indicators if i.place == place}
        cells = [_make_township_cell(own[figure], words) if figure in own else None for figure in figures]
        rows.append({"name": place, "cells": cells, "met": all(i.state == TARGET_MET for i in own.values())})
    sources = dict.fromkeys(i.target_source for i in indicators if i.target_source)
    return {
        "columns": columns,
        "rows": sorted(rows, key=lambda row: bool(row["met"])),
        "sources": words.join_parts(sources),
        "unconfirmed": any(not i.confirmed for i in indicators),
    }


def _make_township_cell(indicator: Indicator, words: ReportTexts) -> dict[str, str]:
    return {
        "value": format_number(indicator.value, choose_decimals(indicator)),
        # The unit is in the head of the column.
        "target": format_target(indicator, words).rpartition(" ")[0],
        "state": format_state(indicator, words),
        "icon": STATE_ICONS.get(indicator.state, ""),
    }


_URL_SCHEME = re.compile(r"(https?:)//", re.IGNORECASE)
#: The space between a figure and its unit, where no line may break.
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:[kmc]?m²?|ha|万亩|亩)\b)")


def render_report(
    report: Report, norm: Norm | None = None, pictures: ReportPictures | None = None, lang: str = ""
) -> str:
    """Return the report of a check as an HTML page.

    ``norm`` provides citations and marks; without ``pictures`` the page gives the reason.
    """
    words = ReportTexts(lang or report.lang)
    return fill_template("report.html.j2", _collect_page_data(report, norm, pictures, words))


def fill_template(template: str, page: dict[str, Any]) -> str:
    """Fill a Jinja template of resources/reports.

    Everything is escaped, and no URL remains.
    """
    text = _make_jinja_environment().get_template(template).render(page)
    # A layer name may contain a URL: escape it so that it reads the same but is not a link. On paper the narrow space
    # between groups of digits almost disappears, so the page uses a normal non-breaking space.
    return _SPACE_BEFORE_UNIT.sub("\u00a0", _URL_SCHEME.sub(r"\1&#47;&#47;", text).replace(THIN_SPACE, "\u00a0"))


@cache
def _make_jinja_environment() -> Any:
    """Return the Jinja environment, which caches its templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(REPORT_TEMPLATES_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css"] = escape_css_string
    return environment


def escape_css_string(text: str) -> str:
    """Return a text as the content of a CSS string; special characters as code points."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)


def _collect_page_data(
    report: Report, norm: Norm | None, pictures: ReportPictures | None, words: ReportTexts
) -> dict[str, Any]:
    drawn = pictures or ReportPictures()
    shown = bool(drawn.overview or any(drawn.conflicts))
    reason = drawn.problem or words.get("text", "no_place" if pictures else "no_qgis")
    conflicts = finding_lists.list_conflicts(report, words)
    for position, row in enumerate(conflicts["rows"]):
        row["image"] = drawn.conflicts[position] if position < len(drawn.conflicts) else ""
    head = sections.make_head_section(report, norm, words)
    numbers = SectionNumbers(words)
    first, *blocks = make_first_page(report, norm, pictures, head, numbers, words)
    shown_facts = {value for row in first.rows for _, value in row} if isinstance(first, FactTable) else set()
    uris = {decode_data_uri(uri): uri for uri in (drawn.overview, *(entry.image for entry in drawn.legend)) if uri}

    def render(parts: Iterable[Block]) -> str:
        return render_page_blocks(parts, uris, str(report.verdict), words.get("page", "gap"))

    return {
        "facts": render([first]),
        "first_page": render(blocks),
        "more_facts": [
            more for row in head["document"] if (more := [fact for fact in row if fact[1] not in shown_facts])
        ],
        "settings": render(make_settings_appendix(report, words)),
        "numbered": numbers.number_title,
        "w": words,
        "running": _make_page_margins(head, words),
        "lang": {"zh": "zh-CN"}.get(words.lang, words.lang),
        "head": head,
        "verdict": verdict.make_verdict_section(report, norm, words),
        "families": verdict.count_by_family(report, words),
        "not_checked": sections.make_not_checked_section(report, words),
        "tolerance": sections.make_tolerance_section(report, norm, words),
        "figures": figures.make_figure_rows(report, norm, words),
        "townships": make_township_section(report, words),
        "figure_notes": figures.make_figure_notes(report, words),
        "has_targets": any(i.target is not None for i in report.indicators),
        "sums": finding_lists.sum_findings_by_rule(report, words),
        "pictures": drawn,
        "no_pictures": "" if shown else words.get("text", "no_pictures", reason=reason),
        "conflicts": conflicts,
        "waivers": finding_lists.list_waivers(report, words),
        "windows": finding_lists.list_windows(report, norm, words),
        "data": sections.make_provenance_section(report, words),
        "digest_explained": explain_data_digest(report, words),
        "rule_table": sections.make_rule_section(report, norm, words),
        "lists": finding_lists.list_findings_by_rule(report, norm, words),
        "total": format_number(len(report.findings), 0),
        "row_limit": finding_lists.MAX_ROWS_PER_RULE,
    }


def _make_page_margins(head: dict[str, Any], words: ReportTexts) -> dict[str, Any]:
    """Return header and footer of every printed page; the browser counts the pages."""
    title = words.get("page", "gap").join(p for p in (head["area_name"], head["title"]) if p)
    parts: list[Any] = []
    for piece in re.split(r"(\{pages?\})", words.get("page", "number")):
        parts.append({"counter": piece[1:-1]} if piece in ("{page}", "{pages}") else piece)
    return {
        "left": title,
        "number": [p for p in parts if p],
        "product": words.get("page", "product"),
        "right": words.get("page", "gap").join(p for p in (title, head["date"]) if p),
    }
