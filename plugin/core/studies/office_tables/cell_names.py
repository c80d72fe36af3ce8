# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of cells: prefix of the table, name of the row, word of the column (三线占用_生态保护红线_面积)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...render.tables.report_table import TableNumber
from .office_table import NO_FIGURE, FilledTable

_SEPARATOR = "_"
#: Spreadsheets allow letters, digits, points and underscores in names.
_FORBIDDEN_PATTERN = re.compile(r"[^\w.]+")
#: Words before a name that do not belong to it.
_LEADING_WORDS = ("其中：", "其中:")


@dataclass(frozen=True)
class NamedFigure:
    """A figure of a filled table with the name of its cell; position of row and column from 0.

    ``column_name``: name of the whole column; ``value``: as printed; ``exact``: before rounding; ``text``: printed text
    of a cell without a figure.
    """

    name: str
    column_name: str
    row: int
    column: int
    value: float | None
    exact: float | None
    unit: str
    text: str = ""


def make_cell_name(*parts: str) -> str:
    """Return the parts of a name joined; characters that names must not have are left out.

    >>> make_cell_name("三线", "其中：城镇集中建设区", "占县域（%）")
    '三线_城镇集中建设区_占县域'
    """
    cleaned = []
    for part in parts:
        for word in _LEADING_WORDS:
            part = part.removeprefix(word)
        cleaned.append(_FORBIDDEN_PATTERN.sub("", part))
    return _SEPARATOR.join(part for part in cleaned if part)


def list_named_figures(table: FilledTable) -> list[NamedFigure]:
    """Return the figures of a table with the names of their cells, row by row.

    Of rows with one name only the first has a name.
    """
    figures: dict[str, NamedFigure] = {}
    for number, row in enumerate(table.rows):
        if row.kind == "head":
            continue
        for place, column in enumerate(table.columns):
            value = row.values[place]
            if not column.is_numeric:
                continue
            name = make_cell_name(table.layout.prefix, row.name, column.word)
            column_name = make_cell_name(table.layout.prefix, column.word)
            number_value = value.value if isinstance(value, TableNumber) else None
            text = "" if isinstance(value, TableNumber) else str(value or NO_FIGURE)
            figure = NamedFigure(
                name,
                column_name,
                number,
                place,
                number_value,
                row.exact_by_column.get(place, number_value),
                column.unit,
                text,
            )
            figures.setdefault(name, figure)
    return list(figures.values())


def index_columns(figures: Iterable[NamedFigure]) -> dict[str, list[NamedFigure]]:
    """Return name of a column → its figures from top to bottom."""
    by_column: dict[str, list[NamedFigure]] = {}
    for figure in figures:
        by_column.setdefault(figure.column_name, []).append(figure)
    return by_column
