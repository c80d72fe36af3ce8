# SPDX-License-Identifier: GPL-2.0-or-later
"""Sentences on the tables that were made, for the toolbox and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...standard.messages.texts import Texts, format_number
from .layouts import load_layouts

if TYPE_CHECKING:
    from .make_office_tables import OfficeTables

_SECTION = "office_tables"


class TableLine(NamedTuple):
    """A sentence, and whether it is a warning."""

    is_warning: bool
    text: str


def describe_tables(result: OfficeTables, lang: str) -> list[TableLine]:
    """Return a line for each table, its missing data, and what became of the names of the office's workbook."""
    texts = Texts(lang)
    lines = []
    for table in result.tables:
        name = table.layout.get_name(lang)
        counts = {
            "rows": format_number(sum(row.kind == "row" for row in table.rows), 0),
            "adjusted": format_number(table.adjusted_count, 0),
        }
        lines.append(TableLine(False, texts.get(_SECTION, "table_line", name=name, **counts)))
        if table.missing:
            lines.append(
                TableLine(True, texts.get(_SECTION, "table_missing", name=name, reasons="".join(table.missing)))
            )
    lines += [TableLine(True, sentence) for sentence in result.plan.describe_gaps(texts)]
    template, separator = result.template, texts.get("words", "between_names")
    if template is not None:
        # What became of the names of a workbook.
        lines += [
            TableLine(False, texts.get(_SECTION, "template_filled", count=format_number(len(template.filled), 0))),
            *[
                TableLine(True, texts.get(_SECTION, key, names=separator.join(names)))
                for key, names in (("template_dashes", template.dashes), ("template_unknown", template.unknown))
                if names
            ],
            *[TableLine(True, texts.get(_SECTION, key, **params)) for key, params in template.problems],
        ]
    return lines


def describe_layouts(tables: str, lang: str) -> list[str]:
    """Return a line for each layout: id, name and mark of its source. Raise DataError for a wrong layout."""
    texts = Texts(lang)
    return [
        texts.get(_SECTION, "layout_line", id=layout.id, name=layout.get_name(lang), mark=layout.mark)
        for layout in load_layouts(tables)
    ]
