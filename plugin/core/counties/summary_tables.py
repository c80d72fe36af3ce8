# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbook and layer of a batch check: verdicts, figures, problems and outlines of all counties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from ..model.indicator import COMPARISON_SIGNS, Indicator
from ..render.figures import format_state
from ..render.outputs import write_polygon_layer
from ..render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_table_number,
)
from ..render.tables.workbook import write_tables_workbook
from ..render.words import ReportTexts
from ..standard.messages.numbers import choose_figure_decimals
from ..standard.messages.texts import Texts
from .county_record import CountyRecord
from .summary import FIGURE_COLUMNS, BatchSummary, find_figure

_COUNTS = ("errors", "warnings", "infos", "waived", "skipped")
_M2_PER_HA = 10_000.0


def write_summary_workbook(summary: BatchSummary, path: Path) -> None:
    """Write verdicts, figures and problems to a new workbook. Raise OutputError."""
    texts, report_texts = Texts(summary.lang), ReportTexts(summary.lang)
    tables = [
        make_verdict_table(summary, report_texts),
        make_figure_table(summary, report_texts),
        make_problem_table(summary, report_texts),
    ]
    write_tables_workbook(path, tables, summary.area_name, texts)


def _make_name_columns() -> list[TableColumn]:
    return [TableColumn("county_code", width_in_characters=10), TableColumn("county_name", width_in_characters=18)]


def _make_name_cells(record: CountyRecord, summary: BatchSummary) -> list[CellValue]:
    return [record.area_code, summary.display_names[record.name]]


def make_verdict_table(summary: BatchSummary, report_texts: ReportTexts) -> ReportTable:
    """Return the verdict of each county with the counts of its findings, or why it has none."""
    table = ReportTable(
        "counties",
        [
            *_make_name_columns(),
            TableColumn("county_verdict", width_in_characters=12),
            *(TableColumn(f"county_{key}", width_in_characters=10) for key in _COUNTS),
            TableColumn("county_profile", width_in_characters=18),
            TableColumn("county_reason", width_in_characters=60),
        ],
    )
    for record in summary.records:
        label = (
            report_texts.get("verdict", record.verdict)
            if record.is_checked
            else report_texts.get("county_state", str(record.state))
        )
        counts = [make_table_number(record.counts.get(key), "count") for key in _COUNTS]
        reason = record.reason or report_texts.join_parts(row["code"] for row in record.unchecked)
        cells = [*_make_name_cells(record, summary), label, *counts, record.profile, reason]
        table.rows.append(ReportTableRow(cells, code=record.name))
    totals: list[CellValue] = [
        make_table_number(sum(one.counts.get(key, 0) for one in summary.records), "count") for key in _COUNTS
    ]
    total = report_texts.get("counties", "total", count=len(summary.records))
    table.rows.append(
        ReportTableRow(["", total, report_texts.get("verdict", str(summary.verdict)), *totals, "", ""], "sum", "total")
    )
    if summary.ignored_names:
        table.notes.append(
            report_texts.get("counties", "ignored", names=report_texts.join_parts(summary.ignored_names))
        )
    return table


def make_figure_table(summary: BatchSummary, report_texts: ReportTexts) -> ReportTable:
    """Return each figure of each county with its target and margin, in the unit of the figure."""
    return ReportTable(
        "county_figures",
        [
            *_make_name_columns(),
            TableColumn("indicator", width_in_characters=26),
            TableColumn("unit", width_in_characters=8),
            TableColumn("county_comparison", width_in_characters=6),
            TableColumn("target", width_in_characters=14),
            TableColumn("value", width_in_characters=16),
            TableColumn("room", width_in_characters=14),
            TableColumn("state", width_in_characters=12),
        ],
        [
            ReportTableRow([*_make_name_cells(record, summary), *_make_figure_cells(figure, report_texts)])
            for record in summary.records
            for figure in map(Indicator.from_dict, record.figures)
        ],
    )


def _make_figure_cells(figure: Indicator, report_texts: ReportTexts) -> list[CellValue]:
    target_decimals = figure.target_decimals if figure.margin is not None else 0
    decimals = choose_figure_decimals(figure.unit, target_decimals, figure.margin, figure.value)
    return [
        figure.name,
        report_texts.get_text_or_key("unit", figure.unit),
        COMPARISON_SIGNS.get(figure.comparison, figure.comparison),
        None if figure.target is None else TableNumber(figure.target, figure.target_decimals),
        None if figure.value is None else TableNumber(figure.value, decimals),
        None if figure.margin is None else TableNumber(figure.margin, decimals),
        format_state(figure, report_texts),
    ]


def make_problem_table(summary: BatchSummary, report_texts: ReportTexts) -> ReportTable:
    """Return the findings of each county by rule, with their number and area in hectares."""
    return ReportTable(
        "county_problems",
        [
            *_make_name_columns(),
            TableColumn("county_severity", width_in_characters=8),
            TableColumn("county_rule", width_in_characters=10),
            TableColumn("county_problem", width_in_characters=50),
            TableColumn("county_count", width_in_characters=8),
            TableColumn("area", "ha", width_in_characters=14),
        ],
        [
            ReportTableRow(
                [
                    *_make_name_cells(record, summary),
                    report_texts.get("severity", row["severity"]),
                    row["code"],
                    row["title"],
                    make_table_number(row["count"], "count"),
                    make_table_number(row["area_m2"] / _M2_PER_HA, "ha", 4) if row["area_m2"] else None,
                ]
            )
            for record in summary.records
            for row in record.problems
        ],
    )


LAYER_NAME = "counties"
#: CGCS2000 in degrees.
_LAYER_CRS = "EPSG:4490"


def make_layer_row(record: CountyRecord, name: str) -> dict[str, Any]:
    """Return the attributes of a county: counts, and value, target and margin of each figure in its unit.

    ``name``: how the county is shown.
    """
    row: dict[str, Any] = {
        "code": record.area_code,
        "name": name,
        "source": record.name,
        "state": str(record.state),
        "verdict": record.verdict,
        "reason": record.reason,
        "outline": record.outline_basis,
        **{key: record.counts.get(key) for key in _COUNTS},
    }
    for column in FIGURE_COLUMNS:
        figure = find_figure(record, column)
        row[column] = figure.value if figure else None
        row[f"{column}_target"] = figure.target if figure else None
        row[f"{column}_margin"] = figure.margin if figure else None
        row[f"{column}_unit"] = figure.unit if figure else ""
    return row


def write_summary_layer(summary: BatchSummary, path: Path) -> None:
    """Write the counties as polygons in degrees on CGCS2000 to a new GeoPackage.

    A county without an outline is a row without geometry. Raise OutputError.
    """
    rows = [make_layer_row(record, summary.display_names[record.name]) for record in summary.records]
    columns = {
        name: pd.Series([row[name] for row in rows], dtype=_get_column_type(name)) for name in (rows[0] if rows else ())
    }
    shapes = [shapely.from_wkt(record.outline) if record.outline else None for record in summary.records]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=CRS(_LAYER_CRS)))
    write_polygon_layer(frame, path, LAYER_NAME)


def _get_column_type(name: str) -> str:
    if name in _COUNTS:
        return "Int64"
    is_number = name.startswith(FIGURE_COLUMNS) and not name.endswith("_unit")
    return "float64" if is_number else "object"
