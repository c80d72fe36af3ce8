# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as data: what a result has is described once, for workbook, document, JSON, layer and page.

Writers compute no numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...standard.messages.numbers import DECIMALS_BY_UNIT, format_number
from ...standard.messages.texts import Texts


class TableNumber(NamedTuple):
    """A number with the decimals for display."""

    value: float
    decimals: int


CellValue = str | TableNumber | None


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: ``id`` is the key of its title if ``title`` is empty; one without id is in no table.

    ``unit``: unit of its numbers; ``width_in_characters``: width in characters. The columns that describe a result also
    have: ``key``, the name in JSON and layers, empty for readers only; ``value``, which returns what programs get of an
    item, by default its attribute ``key``; ``shown``, which returns what readers get in its place; ``decimals`` of the
    numbers shown, by default those usual for the unit. ``wraps``: its texts have several lines in the ledger.
    """

    id: str = ""
    unit: str = ""
    title: str = ""
    width_in_characters: int = 12
    key: str = ""
    value: Callable[[Any], Any] | None = None
    shown: Callable[[Any], Any] | None = None
    decimals: int | None = None
    wraps: bool = False

    def get_value(self, item: Any) -> Any:
        """Return what programs get of an item."""
        return getattr(item, self.key) if self.value is None else self.value(item)

    def make_cell(self, item: Any) -> CellValue:
        """Return the cell of an item; a number without a unit is a count."""
        value: CellValue | float = self.get_value(item) if self.shown is None else self.shown(item)
        if value is None or isinstance(value, str | TableNumber):
            return value
        return make_table_number(value, self.unit or "count", self.decimals)


@dataclass
class ReportTableRow:
    """A row of a table.

    ``kind`` is row, part (其中 …), sum or head. ``code`` identifies the row for programs.
    """

    values: list[CellValue]
    kind: str = "row"
    code: str = ""


@dataclass
class ReportTable:
    """A table: ``id`` is the key of its title and of its sheet's name.

    ``unit``: unit of most numbers; ``notes``: sentences below the table.
    """

    id: str
    columns: list[TableColumn]
    rows: list[ReportTableRow] = field(default_factory=list)
    unit: str = ""
    notes: list[str] = field(default_factory=list)


def make_table(
    table_id: str,
    columns: Iterable[TableColumn],
    items: Iterable[Any] = (),
    code: Callable[[Any], str] = lambda item: "",
    unit: str = "",
    notes: Iterable[str] = (),
) -> ReportTable:
    """Return the table of the columns that have an id, with a row for each item; ``code`` returns that of its row."""
    table = ReportTable(table_id, [column for column in columns if column.id], unit=unit, notes=list(notes))
    table.rows += [make_row(table.columns, one, code=code(one)) for one in items]
    return table


def make_row(columns: Iterable[TableColumn], item: Any, kind: str = "row", code: str = "") -> ReportTableRow:
    """Return the row of an item in a table of these columns."""
    return ReportTableRow([column.make_cell(item) for column in columns], kind, code)


def make_record(columns: Iterable[TableColumn], item: Any) -> dict[str, Any]:
    """Return what programs get of an item by the columns' keys, for JSON and layers."""
    return {column.key: column.get_value(item) for column in columns if column.key}


def make_shown_texts(columns: Iterable[TableColumn], item: Any) -> dict[str, str]:
    """Return the texts of an item's cells by the columns' ids, for pages; a dash for an unknown number."""
    cells = {column.id: column.make_cell(item) for column in columns if column.id}
    return {
        name: "—" if cell is None else cell if isinstance(cell, str) else format_number(cell.value, cell.decimals)
        for name, cell in cells.items()
    }


class LongRecord(NamedTuple):
    """One number of a table as a separate record; ``value`` is in ``unit``.

    ``table``: name of the sheet; ``code`` and ``row``: code and name of the row; ``column``: title of the column.
    """

    table: str
    code: str
    row: str
    column: str
    value: float
    unit: str


def make_table_number(value: float | None, unit: str, decimals: int | None = None) -> TableNumber | None:
    """Return a number with ``decimals``, by default those usual for the unit.

    ``None`` stays ``None``, −0.00 becomes 0.
    """
    if value is None:
        return None
    shown_decimals = DECIMALS_BY_UNIT.get(unit, 2) if decimals is None else decimals
    return TableNumber(float(value) if round(value, shown_decimals) else 0.0, shown_decimals)


def list_records(tables: Iterable[ReportTable], texts: Texts) -> list[LongRecord]:
    """Return every number in the tables' columns with units as a record, row by row."""
    long_records = []
    for table in tables:
        for row in table.rows:
            name = next((v for v in row.values if isinstance(v, str) and v), "")
            for column, value in zip(table.columns, row.values, strict=True):
                if isinstance(value, TableNumber) and column.unit:
                    long_records.append(
                        LongRecord(
                            make_sheet_name(table, texts),
                            row.code,
                            name,
                            make_column_title(column, texts),
                            value.value,
                            column.unit,
                        )
                    )
    return long_records


def make_sheet_name(table: ReportTable, texts: Texts) -> str:
    """Return the name of a table's sheet."""
    return texts.get("sheets", table.id)


def make_column_title(column: TableColumn, texts: Texts) -> str:
    """Return the title of a column."""
    return column.title or texts.get("columns", column.id)


def make_column_heading(column: TableColumn, table: ReportTable, texts: Texts) -> str:
    """Return a column's title, with the unit if it differs from that of the sheet."""
    title = make_column_title(column, texts)
    if not column.unit or column.unit in (table.unit, "count", "ratio"):
        return title
    unit = texts.get("unit_names", column.unit)
    return f"{title}（{unit}）" if texts.lang == "zh" else f"{title} ({unit})"
