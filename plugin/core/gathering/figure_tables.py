# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of the counties' indicators and their sums, for the workbook of a gathering."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages.texts import Texts
from ..model.indicator import COUNT_UNIT, convert_area
from ..package.problems import MAX_NAMED_FEATURES
from ..render.tables.model import CellValue, ReportTable, ReportTableRow, TableColumn, make_table_number
from .figures import FigureSum
from .model import GatheredCounty

#: Unit in which the tables show areas.
_SHOWN_UNIT = "ha"


def make_figure_sum_table(sums: Sequence[FigureSum], texts: Texts) -> ReportTable:
    """Return the sum of each indicator with its basis, and the counties without it or without confirmation."""
    table = ReportTable(
        "gathering_figures",
        [
            TableColumn("indicator", width_in_characters=30),
            TableColumn("basis", width_in_characters=16),
            TableColumn("unit", width_in_characters=8),
            TableColumn("gather_sum", width_in_characters=18),
            TableColumn("gather_counted", "count", width_in_characters=10),
            TableColumn("gather_missing", width_in_characters=40),
            TableColumn("gather_unconfirmed", width_in_characters=40),
        ],
    )
    for one in sums:
        cells = [
            *_make_figure_cells(one.name, one.basis, one.unit, one.value, texts),
            make_table_number(len(one.counted), "count"),
            _name_counties(one.missing, texts),
            _name_counties(one.unconfirmed, texts),
        ]
        table.rows.append(ReportTableRow(cells, code=f"{one.id}:{one.basis}"))
    table.notes.append(texts.get("gathering", "figures_note"))
    return table


def make_county_figure_table(
    sums: Sequence[FigureSum], counties: Sequence[GatheredCounty], texts: Texts
) -> ReportTable:
    """Return each indicator of each county, and the sum of each indicator."""
    table = ReportTable(
        "gathering_county_figures",
        [
            TableColumn("indicator", width_in_characters=30),
            TableColumn("basis", width_in_characters=16),
            TableColumn("unit", width_in_characters=8),
            TableColumn("value", width_in_characters=18),
            TableColumn("gather_county", width_in_characters=24),
            TableColumn("division_code", width_in_characters=12),
            TableColumn("gather_confirmed", width_in_characters=12),
        ],
    )
    for found in sums:
        code = f"{found.id}:{found.basis}"
        for county in counties:
            for one in county.figures:
                if (one.id, one.basis) == (found.id, found.basis):
                    state = "" if one.is_confirmed else texts.get("gathering", "figure_unconfirmed")
                    cells = _make_figure_cells(one.name, one.basis, one.unit, one.value, texts)
                    cells += [county.label, county.area_code, state]
                    table.rows.append(ReportTableRow(cells, code=f"{code}:{county.area_code}"))
        cells = _make_figure_cells(found.name, found.basis, found.unit, found.value, texts)
        table.rows.append(ReportTableRow([*cells, texts.get("gathering", "total"), "", ""], "sum", code))
    return table


def _make_figure_cells(name: str, basis: str, unit: str, value: float, texts: Texts) -> list[CellValue]:
    """Return name, basis, unit and value of a figure; areas in hectares."""
    shown_unit = COUNT_UNIT if unit == COUNT_UNIT else _SHOWN_UNIT
    return [
        name,
        texts.find("bases", basis) or basis,
        texts.get("unit_names", shown_unit),
        make_table_number(convert_area(value, shown_unit), shown_unit),
    ]


def _name_counties(names: Sequence[str], texts: Texts) -> str:
    """Return the first names, and the number of all if there are more."""
    listed = texts.get("words", "between_names").join(names[:MAX_NAMED_FEATURES])
    if len(names) <= MAX_NAMED_FEATURES:
        return listed
    return texts.get("gathering", "and_more_counties", names=listed, count=len(names))
