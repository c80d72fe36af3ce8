# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that one description of columns makes: a column has its head and what it shows of an item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn


class Column(NamedTuple):
    """A column of a table of items.

    ``id``: key of the title if ``title`` is empty; ``width``: in characters; ``get_cell``: returns the value of an
    item; ``unit``: of its numbers.
    """

    id: str
    width: int
    get_cell: Callable[[Any], CellValue]
    unit: str = ""
    title: str = ""


class Item(NamedTuple):
    """An item of a table; ``kind`` and ``code`` as of `ReportTableRow`."""

    content: Any
    code: str
    kind: str = "row"


def make_rows(columns: Sequence[Column], items: Iterable[Item]) -> list[ReportTableRow]:
    """Return a row for each item."""
    return [ReportTableRow([one.get_cell(item.content) for one in columns], item.kind, item.code) for item in items]


def make_described_table(
    table_id: str, columns: Sequence[Column], items: Iterable[Item], *, unit: str = "", notes: Iterable[str] = ()
) -> ReportTable:
    """Return a table with a row for each item. ``unit``, ``notes``: as of `ReportTable`."""
    return ReportTable(
        table_id,
        [TableColumn(one.id, one.unit, one.title, one.width) for one in columns],
        make_rows(columns, items),
        unit,
        list(notes),
    )
