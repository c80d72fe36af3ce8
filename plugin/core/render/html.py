# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as one self-contained HTML file: nothing is loaded from elsewhere, everything from the data is escaped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...paths import REPORTS
from ..io import write_text
from ..report import Report
from ..texts import number
from . import figures, found, sections
from .pictures import Pictures
from .words import Words

if TYPE_CHECKING:
    from ..standard import Norm

_LINK = re.compile(r"(https?:)//", re.IGNORECASE)


def render(report: Report, norm: Norm | None = None, pictures: Pictures | None = None, lang: str = "") -> str:
    """The page. ``norm`` gives citations and marks; without ``pictures`` the page says why there are none."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    words = Words(lang or report.lang)
    environment = Environment(
        loader=FileSystemLoader(REPORTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css"] = css_string
    page = environment.get_template("report.html.j2").render(_page(report, norm, pictures, words))
    # A layer may be called after an address. Written so it reads the same and is none.
    return _LINK.sub(r"\1&#47;&#47;", page)


def write_html(
    report: Report,
    target: str | Path,
    norm: Norm | None = None,
    pictures: Pictures | None = None,
    lang: str = "",
) -> None:
    write_text(target, render(report, norm, pictures, lang))


def css_string(text: str) -> str:
    """The inside of a CSS string, every character that is not plain as its code point."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)


def _page(report: Report, norm: Norm | None, pictures: Pictures | None, words: Words) -> dict[str, Any]:
    drawn = pictures or Pictures()
    shown = bool(drawn.overview or any(drawn.conflicts))
    reason = drawn.problem or words.get("text", "no_place" if pictures else "no_qgis")
    conflicts = found.conflicts(report, words)
    for row, image in zip(conflicts["rows"], drawn.conflicts, strict=False):
        row["image"] = image
    return {
        "w": words,
        "lang": {"zh": "zh-CN"}.get(words.lang, words.lang),
        "head": sections.head(report, norm, words),
        "verdict": sections.verdict_box(report, norm, words),
        "families": sections.families(report, words),
        "not_checked": sections.not_checked(report, words),
        "tolerance": sections.tolerance(report, norm, words),
        "figures": figures.rows(report, norm, words),
        "figure_notes": figures.notes(report, words),
        "has_targets": any(i.target is not None for i in report.indicators),
        "sums": found.sums(report, words),
        "pictures": drawn,
        "no_pictures": "" if shown else words.get("text", "no_pictures", reason=reason),
        "conflicts": conflicts,
        "waivers": found.waivers(report, words),
        "data": sections.provenance(report, words),
        "rule_table": sections.rule_table(report, norm, words),
        "lists": found.lists(report, norm, words),
        "total": number(len(report.findings), 0),
        "row_limit": found.ROWS,
    }
