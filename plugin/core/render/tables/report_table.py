# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as data, for workbook, layer and package.

Writers compute no numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ...figures.indicators.area_backing import is_sum_confirmed_by_geometry
from ...figures.indicators.compute import PlanIndicators
from ...plan.layer import Layer
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from ...standard.messages.texts import Texts


class TableNumber(NamedTuple):
    """A number with the decimals for display."""

    value: float
    decimals: int


CellValue = str | TableNumber | None


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: ``id`` is the key of its title if ``title`` is empty.

    ``unit``: unit of its numbers; ``width_in_characters``: width in characters.
    """

    id: str
    unit: str = ""
    title: str = ""
    width_in_characters: int = 12


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


def find_layers_with_unconfirmed_sums(
    layers: Iterable[Layer], meanings: tuple[str, ...], figures: PlanIndicators
) -> list[Layer]:
    """Return the layers whose geometry does not confirm the sums of area fields.

    ``meanings``: meanings of the area fields.
    """
    return [
        layer
        for layer in layers
        if not all(is_sum_confirmed_by_geometry(layer, meaning, figures.ctx) for meaning in meanings)
    ]


def make_note_on_unconfirmed_sums(layers: list[Layer], figures: PlanIndicators) -> list[str]:
    """Return one note that names layers with unconfirmed areas; empty without layers."""
    if not layers:
        return []
    layer_labels = figures.texts.get("words", "between_names").join(
        dict.fromkeys(map(figures.make_layer_label, layers))
    )
    return [figures.texts.get("tables", "unbacked_note", layers=layer_labels)]
