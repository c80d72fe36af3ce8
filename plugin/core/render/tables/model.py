# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a plan as tables: by indicator, line, planning zone, 三区, land use and township. One source for workbook,
layer and package; every number is computed here or in the functions that this module calls, never by who writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ...indicators.area_backing import is_backed_by_land
from ...indicators.compute import Figures
from ...messages.texts import Texts
from ...plan.layer import Layer
from ..figures import DECIMALS


class Number(NamedTuple):
    """A number with the decimals it is shown with."""

    value: float
    decimals: int


Value = str | Number | None


@dataclass(frozen=True)
class Column:
    """``id`` names its title in the texts, unless it has one of its own; ``unit`` that of its numbers, as in ``Indicator``."""

    id: str
    unit: str = ""
    title: str = ""
    wide: int = 12


@dataclass
class Row:
    """``kind``: row, part (其中 …), sum, or head of a section; ``code`` what a machine finds it by."""

    values: list[Value]
    kind: str = "row"
    code: str = ""


@dataclass
class Table:
    """``id`` names its title and sheet in the texts; ``unit`` what most of its numbers are in; ``notes`` are sentences below."""

    id: str
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    unit: str = ""
    notes: list[str] = field(default_factory=list)

    def column(self, column: str) -> list[Value]:
        place = [c.id for c in self.columns].index(column)
        return [row.values[place] for row in self.rows]


class Record(NamedTuple):
    """One figure of a table in long form; ``number`` in ``unit``."""

    table: str
    code: str
    row: str
    column: str
    number: float
    unit: str


def format_measured(value: float | None, unit: str, decimals: int | None = None) -> Number | None:
    """A number as its unit is written; None stays None. What is shown as nothing is nothing: no −0.00."""
    if value is None:
        return None
    shown = DECIMALS.get(unit, 2) if decimals is None else decimals
    return Number(float(value) if round(value, shown) else 0.0, shown)


def records(tables: Iterable[Table], texts: Texts) -> list[Record]:
    """Every number of tables whose columns have units, row by row."""
    found = []
    for table in tables:
        for row in table.rows:
            name = next((v for v in row.values if isinstance(v, str) and v), "")
            for column, value in zip(table.columns, row.values, strict=True):
                if isinstance(value, Number) and column.unit:
                    title = column_title(column, texts)
                    found.append(Record(sheet_name(table, texts), row.code, name, title, value.value, column.unit))
    return found


def sheet_name(table: Table, texts: Texts) -> str:
    return texts.get("sheets", table.id)


def column_title(column: Column, texts: Texts) -> str:
    return column.title or texts.get("columns", column.id)


def find_unbacked_layers(layers: Iterable[Layer], meanings: tuple[str, ...], figures: Figures) -> list[Layer]:
    """The layers of which the land does not back the sum of one of these fields."""
    return [
        layer for layer in layers if not all(is_backed_by_land(layer, meaning, figures.ctx) for meaning in meanings)
    ]


def make_unbacked_note(layers: list[Layer], figures: Figures) -> list[str]:
    """One note that names the layers; none where there are no such layers."""
    if not layers:
        return []
    named = figures.texts.get("words", "between_names").join(dict.fromkeys(layer.name for layer in layers))
    return [figures.texts.get("tables", "unbacked_note", layers=named)]
