# SPDX-License-Identifier: GPL-2.0-or-later
"""What a batch check writes of all counties: columns of workbook and layer, JSON, and the files of the summary."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from ...metadata import read_plugin_version
from ..base.errors import OutputError
from ..base.files.writing import explain_os_error, replace_until_error
from ..model.indicator import COMPARISON_SIGNS, SQUARE_METRES, Indicator
from ..render.figures import format_state
from ..render.outputs import dump_json, write_polygon_layer
from ..render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_record,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ..render.words import ReportTexts
from ..standard.messages.numbers import choose_figure_decimals, choose_target_decimals
from ..standard.messages.texts import Texts
from .county_record import (
    SUMMARY_FILES,
    SUMMARY_HTML,
    SUMMARY_JSON,
    SUMMARY_LAYER,
    SUMMARY_SCHEMA,
    SUMMARY_XLSX,
    VERDICT_ORDER,
    CountyRecord,
)
from .summary import FIGURE_COLUMNS, BatchSummary, find_figure, label_verdict, list_remarks, render_summary

_COUNTS = ("errors", "warnings", "infos", "waived", "skipped")
LAYER_NAME = "counties"
#: CGCS2000 in degrees.
_LAYER_CRS = "EPSG:4490"
#: End of the layer's field of a figure → attribute of the figure, and its value for a county without the figure.
_FIGURE_FIELDS = {"": ("value", None), "_target": ("target", None), "_margin": ("margin", None), "_unit": ("unit", "")}


def write_summary(summary: BatchSummary, output: Path, temporary_folder: Path, staging_folder: Path) -> None:
    """Write the summary as page, workbook, layer and JSON.

    The files are made in ``temporary_folder`` and moved when all are complete, over ``staging_folder``, an existing
    folder in the output. Raise OutputError; the former summary is then complete.
    """
    try:
        data: dict[str, Any] = {
            "schema": SUMMARY_SCHEMA,
            "lang": summary.lang,
            "version": read_plugin_version(),
            "summary": {
                "verdict": str(summary.verdict),
                "counties": len(summary.records),
                **{str(verdict): len(summary.list_records(verdict)) for verdict in VERDICT_ORDER},
                "without_verdict": len(summary.list_records(None)),
            },
            "counties": [{**one.to_dict(), "report": summary.report_paths[one.name]} for one in summary.records],
            "ignored": list(summary.ignored_names),
            "times": {"written": summary.time.isoformat(timespec="seconds")},
        }
        for name, text in (
            (SUMMARY_JSON, dump_json(data)),
            (SUMMARY_HTML, render_summary(summary)),
        ):
            (temporary_folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_summary_workbook(summary, temporary_folder / SUMMARY_XLSX)
        write_summary_layer(summary, temporary_folder / SUMMARY_LAYER)
        if temporary_folder != staging_folder:
            # The temporary folder may be on another file system, from which a file cannot be moved in one step.
            for name in SUMMARY_FILES:
                shutil.copyfile(temporary_folder / name, staging_folder / name)
        old_folder = staging_folder.with_name(f"{staging_folder.name}-old")
        with replace_until_error([staging_folder / name for name in SUMMARY_FILES], output, old_folder):
            pass
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error


def _make_name_columns(
    summary: BatchSummary, get_record: Callable[[Any], CountyRecord] = lambda item: item[0]
) -> list[TableColumn]:
    """Return the columns of code and name of an item's county."""
    return [
        TableColumn("county_code", width_in_characters=10, key="code", value=lambda one: get_record(one).area_code),
        TableColumn(
            "county_name",
            width_in_characters=18,
            key="name",
            value=lambda one: summary.display_names[get_record(one).name],
        ),
    ]


def _make_county_columns(summary: BatchSummary, report_texts: ReportTexts) -> list[TableColumn]:
    """Return the columns of a county's record: verdict, counts and reason, in the layer also its figures.

    A figure in the layer has value, target and margin in its unit.
    """

    def make_count_column(key: str) -> TableColumn:
        return TableColumn(
            f"county_{key}", width_in_characters=10, key=key, value=lambda record: record.counts.get(key)
        )

    def make_figure_column(name: str, end: str) -> TableColumn:
        return TableColumn(
            key=f"{name}{end}", value=lambda record: getattr(find_figure(record, name), *_FIGURE_FIELDS[end])
        )

    return [
        *_make_name_columns(summary, lambda record: record),
        TableColumn(key="source", value=lambda record: record.name),
        TableColumn(key="state", value=lambda record: str(record.state)),
        TableColumn(
            "county_verdict",
            width_in_characters=12,
            key="verdict",
            shown=lambda record: label_verdict(record, report_texts),
        ),
        TableColumn(key="reason"),
        TableColumn(key="outline", value=lambda record: record.outline_basis),
        *map(make_count_column, _COUNTS),
        *(make_figure_column(name, end) for name in FIGURE_COLUMNS for end in _FIGURE_FIELDS),
        TableColumn("county_profile", width_in_characters=18, value=lambda record: record.profile),
        TableColumn(
            "county_reason",
            width_in_characters=60,
            value=lambda record: record.reason or report_texts.join_parts(row["code"] for row in record.unchecked),
        ),
    ]


def write_summary_workbook(summary: BatchSummary, path: Path) -> None:
    """Write verdicts, figures and problems to a new workbook. Raise OutputError."""
    report_texts = ReportTexts(summary.lang)
    verdicts = make_table(
        "counties", _make_county_columns(summary, report_texts), summary.records, lambda record: record.name
    )
    totals = [make_table_number(sum(one.counts.get(key, 0) for one in summary.records), "count") for key in _COUNTS]
    total = report_texts.get("counties", "total", count=len(summary.records))
    verdicts.rows.append(
        ReportTableRow(["", total, report_texts.get("verdict", str(summary.verdict)), *totals, "", ""], "sum", "total")
    )
    verdicts.notes += list_remarks(summary, report_texts)
    columns = [
        *_make_name_columns(summary),
        TableColumn(
            "county_severity",
            width_in_characters=8,
            value=lambda item: report_texts.get("severity", item[1]["severity"]),
        ),
        TableColumn("county_rule", width_in_characters=10, value=lambda item: item[1]["code"]),
        TableColumn("county_problem", width_in_characters=50, value=lambda item: item[1]["title"]),
        TableColumn("county_count", width_in_characters=8, value=lambda item: item[1]["count"]),
        TableColumn(
            "area",
            "ha",
            width_in_characters=14,
            value=lambda item: item[1]["area_m2"] / SQUARE_METRES["ha"] if item[1]["area_m2"] else None,
            decimals=4,
        ),
    ]
    write_tables_workbook(
        path,
        [
            verdicts,
            _make_figure_table(summary, report_texts),
            make_table(
                "county_problems", columns, [(record, row) for record in summary.records for row in record.problems]
            ),
        ],
        summary.area_name,
        Texts(summary.lang),
    )


def _make_figure_table(summary: BatchSummary, report_texts: ReportTexts) -> ReportTable:
    """Return each figure of each county with its target and margin, in the unit of the figure."""

    def show_number(figure: Indicator, value: float | None) -> TableNumber | None:
        decimals = choose_figure_decimals(
            figure.unit, figure.target_decimals if figure.margin is not None else 0, figure.margin, figure.value
        )
        return None if value is None else TableNumber(value, decimals)

    def show_target(figure: Indicator) -> TableNumber | None:
        decimals = choose_target_decimals(figure.unit, figure.target_decimals)
        return None if figure.target is None else TableNumber(figure.target, decimals)

    columns = [
        *_make_name_columns(summary),
        TableColumn("indicator", width_in_characters=26, value=lambda item: item[1].name),
        TableColumn(
            "unit", width_in_characters=8, value=lambda item: report_texts.get_text_or_key("unit", item[1].unit)
        ),
        TableColumn(
            "county_comparison",
            width_in_characters=6,
            value=lambda item: COMPARISON_SIGNS.get(item[1].comparison, item[1].comparison),
        ),
        TableColumn(
            "target",
            width_in_characters=14,
            value=lambda item: show_target(item[1]),
        ),
        TableColumn("value", width_in_characters=16, value=lambda item: show_number(item[1], item[1].value)),
        TableColumn("room", width_in_characters=14, value=lambda item: show_number(item[1], item[1].margin)),
        TableColumn("state", width_in_characters=12, value=lambda item: format_state(item[1], report_texts)),
    ]
    return make_table(
        "county_figures",
        columns,
        [(record, Indicator.from_dict(data)) for record in summary.records for data in record.figures],
    )


def write_summary_layer(summary: BatchSummary, path: Path) -> None:
    """Write the counties as polygons in degrees on CGCS2000 to a new GeoPackage.

    A county without an outline is a row without geometry. Raise OutputError.
    """
    columns = _make_county_columns(summary, ReportTexts(summary.lang))
    rows = [make_record(columns, record) for record in summary.records]
    series = {}
    for name in (column.key for column in columns if column.key):
        is_number = name.startswith(FIGURE_COLUMNS) and not name.endswith("_unit")
        dtype = "Int64" if name in _COUNTS else "float64" if is_number else "object"
        series[name] = pd.Series([row[name] for row in rows], dtype=dtype)
    write_polygon_layer(
        gpd.GeoDataFrame(
            series,
            geometry=gpd.GeoSeries(
                [shapely.from_wkt(record.outline) if record.outline else None for record in summary.records],
                crs=CRS(_LAYER_CRS),
            ),
        ),
        path,
        LAYER_NAME,
    )
