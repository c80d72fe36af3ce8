# SPDX-License-Identifier: GPL-2.0-or-later
"""The workbook of a gathering: counties, sums of layers and indicators, each county, problems, repeated keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...model.indicator import COUNT_UNIT, convert_area
from ...package.problems import MAX_NAMED_FEATURES
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, make_table_number
from ...render.tables.workbook import write_tables_workbook
from ...standard.messages.texts import Texts
from .gathered_counties import AREA_BASES, GatheredCounty, GatherResult, LayerAmount
from .gathering_sentences import describe_reasons
from .summed_indicators import FigureSum, sum_figures


def write_gathering_workbook(result: GatherResult, path: Path, texts: Texts) -> None:
    """Write all tables to a new workbook. Raise OutputError."""
    tables = [make_county_table(result, texts)]
    if result.amounts:
        tables += [make_sum_table(result, texts), make_layer_table(result, texts)]
        if sums := sum_figures(result.gathered):
            tables += [make_figure_sum_table(sums, texts), make_county_figure_table(sums, result.gathered, texts)]
    if result.amounts or result.problems:
        tables.append(make_problem_table(result, texts))
    if result.repeated_keys:
        tables.append(make_key_table(result, texts))
    write_tables_workbook(path, tables, result.area_name, texts)


def make_county_table(result: GatherResult, texts: Texts) -> ReportTable:
    """Return each county with its verdict, or the reason why it is not in the package."""
    table = ReportTable(
        "gathering_counties",
        [
            TableColumn("gather_county", width_in_characters=24),
            TableColumn("division_code", width_in_characters=12),
            TableColumn("gather_state", width_in_characters=22),
            TableColumn("gather_verdict", width_in_characters=12),
            TableColumn("gather_errors", "count", width_in_characters=8),
            TableColumn("gather_warnings", "count", width_in_characters=8),
            TableColumn("features", "count", width_in_characters=10),
            TableColumn("gather_standard", width_in_characters=18),
            TableColumn("gather_version", width_in_characters=10),
            TableColumn("gather_crs", width_in_characters=24),
            TableColumn("gather_left_out", width_in_characters=40),
            TableColumn("gather_reasons", width_in_characters=70),
        ],
    )
    between = texts.get("words", "between_names")
    for one in result.counties:
        counts: list[CellValue] = [make_table_number(one.summary.get(key), "count") for key in ("errors", "warnings")]
        rows = sum(amount.rows for amount in one.layers.values()) if one.is_gathered else None
        left_out = between.join(_describe_left_out(*pair, texts) for pair in one.left_out.items())
        cells: list[CellValue] = [
            one.label,
            one.area_code,
            texts.get("gathering", f"state_{one.state}"),
            texts.get("verdicts", one.summary["verdict"]) if one.summary else "",
            *counts,
            make_table_number(rows, "count"),
            one.standard,
            one.version,
            between.join(one.crs),
            left_out if one.is_gathered else "",
            describe_reasons(one, texts),
        ]
        table.rows.append(ReportTableRow(cells, code=one.name))
    return table


def _describe_left_out(layer: str, rows: int | None, texts: Texts) -> str:
    """Return a layer that is not written, with its rows if they are known."""
    return layer if rows is None else texts.get("gathering", "layer_with_rows", layer=layer, rows=rows)


def _make_area_columns() -> list[TableColumn]:
    """Return the columns of features and areas (ha) by basis."""
    columns = [TableColumn("features", "count", width_in_characters=10)]
    return columns + [TableColumn(f"gather_{basis}", "ha", width_in_characters=18) for basis in AREA_BASES]


def _make_area_cells(amount: LayerAmount) -> list[CellValue]:
    """Return features and areas (ha) of a layer."""
    areas: list[CellValue] = [
        make_table_number(convert_area(amount.areas_m2[basis], "ha"), "ha") if basis in amount.areas_m2 else None
        for basis in AREA_BASES
    ]
    return [make_table_number(amount.rows, "count"), *areas]


def make_sum_table(result: GatherResult, texts: Texts) -> ReportTable:
    """Return each layer of the package with the sum of its counties."""
    columns = [TableColumn("gather_layer", width_in_characters=26), TableColumn("layer", width_in_characters=14)]
    return ReportTable(
        "gathering_sums",
        [*columns, *_make_area_columns()],
        [
            ReportTableRow([amount.title, name, *_make_area_cells(amount)], code=name)
            for name, amount in result.amounts.items()
        ],
        unit="ha",
        notes=[texts.get("gathering", "sums_note")],
    )


def make_layer_table(result: GatherResult, texts: Texts) -> ReportTable:
    """Return each layer of each county, and the sum of each layer."""
    columns = [
        TableColumn("gather_layer", width_in_characters=26),
        TableColumn("gather_county", width_in_characters=24),
        TableColumn("division_code", width_in_characters=12),
    ]
    table = ReportTable("gathering_layers", [*columns, *_make_area_columns()], unit="ha")
    for name, total in result.amounts.items():
        for one in result.gathered:
            if name in one.layers:
                cells = [total.title, one.label, one.area_code, *_make_area_cells(one.layers[name])]
                table.rows.append(ReportTableRow(cells, code=f"{name}:{one.area_code}"))
        table.rows.append(
            ReportTableRow([total.title, texts.get("gathering", "total"), "", *_make_area_cells(total)], "sum", name)
        )
    return table


def make_problem_table(result: GatherResult, texts: Texts) -> ReportTable:
    """Return the problems and notes of the package."""
    return ReportTable(
        "gathering_problems",
        [
            TableColumn("gather_level", width_in_characters=12),
            TableColumn("layer", width_in_characters=16),
            TableColumn("gather_problem", width_in_characters=110),
        ],
        [
            ReportTableRow(
                [texts.get("gathering", f"level_{one.level}"), one.layer, one.format_as_sentence(texts)], code=one.key
            )
            for one in result.problems
        ],
    )


def make_key_table(result: GatherResult, texts: Texts) -> ReportTable:
    """Return the repeated keys by pair of counties."""
    return ReportTable(
        "gathering_keys",
        [
            TableColumn("gather_first", width_in_characters=24),
            TableColumn("gather_second", width_in_characters=24),
            TableColumn("gather_key_count", "count", width_in_characters=10),
            TableColumn("gather_keys", width_in_characters=80),
        ],
        [
            ReportTableRow(
                [
                    one.first_county,
                    one.second_county,
                    make_table_number(one.count, "count"),
                    " ".join(one.examples),
                ]
            )
            for one in result.repeated_keys
        ],
    )


#: Unit in which the tables show areas.
_SHOWN_UNIT = "ha"


def make_figure_sum_table(sums: Sequence[FigureSum], texts: Texts) -> ReportTable:
    """Return the sum of each indicator with its basis, and the counties without it or without confirmation."""
    return ReportTable(
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
        [
            ReportTableRow(
                [
                    *_make_figure_cells(one.name, one.basis, one.unit, one.value, texts),
                    make_table_number(len(one.counted), "count"),
                    _name_counties(one.missing, texts),
                    _name_counties(one.unconfirmed, texts),
                ],
                code=f"{one.id}:{one.basis}",
            )
            for one in sums
        ],
        notes=[texts.get("gathering", "figures_note")],
    )


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
    return (
        listed
        if len(names) <= MAX_NAMED_FEATURES
        else texts.get("gathering", "and_more_counties", names=listed, count=len(names))
    )
