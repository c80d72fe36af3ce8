# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbook and layer of a check of seams: pairs, findings, sums, counties; a row for each side of a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...geometry.crs import reproject_geometries
from ...model.findings import MARK_RADIUS_M
from ...model.indicator import COMPARISON_SIGNS
from ...render.outputs import write_polygon_layer
from ...render.tables.report_table import (
    CellValue,
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_table_number,
)
from ...render.tables.workbook import write_tables_workbook
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts
from .seam_result import SeamFinding, SeamKind, SeamResult
from .seam_sentences import (
    LENGTH_DECIMALS,
    describe_finding,
    describe_misses,
    describe_sum_state,
    get_layer_name,
    get_layer_title,
    list_gap_sentences,
    make_pair_name,
    name_sum,
)

_SUM_DECIMALS = 4


def write_seams_workbook(result: SeamResult, path: Path) -> None:
    """Write all tables to a new workbook. Raise OutputError."""
    report_texts = ReportTexts(result.lang)
    tables = [make_pair_table(result, report_texts), make_finding_table(result, report_texts)]
    if result.sums:
        tables.append(make_sum_table(result, report_texts))
    tables.append(make_county_table(result, report_texts))
    write_tables_workbook(path, tables, "", Texts(result.lang))


def make_pair_table(result: SeamResult, report_texts: ReportTexts) -> ReportTable:
    """Return each pair with the number of findings by kind and the largest deviation, and the totals."""
    table = ReportTable(
        "seam_pairs",
        [
            TableColumn("seam_pair", width_in_characters=26),
            TableColumn("seam_length", "m", width_in_characters=14),
            *(TableColumn(f"seam_{kind}", width_in_characters=10) for kind in SeamKind),
            TableColumn("seam_total", width_in_characters=8),
            TableColumn("seam_deviation", "m", width_in_characters=14),
            TableColumn("seam_not_compared", width_in_characters=40),
        ],
    )
    for pair in result.pairs:
        missing = report_texts.join_parts(
            f"{result.names[county]} {get_layer_name(concept, result.lang)}" for concept, county in pair.missing_layers
        )
        counts: list[CellValue] = [make_table_number(pair.count(kind), "count") for kind in SeamKind]
        cells: list[CellValue] = [
            make_pair_name(pair, result),
            make_table_number(pair.length_m, "m", LENGTH_DECIMALS),
            *counts,
            make_table_number(len(pair.findings), "count"),
            make_table_number(pair.max_deviation_m, "m", LENGTH_DECIMALS),
            missing,
        ]
        table.rows.append(ReportTableRow(cells))
    totals: list[CellValue] = [
        make_table_number(sum(pair.count(kind) for pair in result.pairs), "count") for kind in SeamKind
    ]
    total = report_texts.get("seams", "total", count=len(result.pairs))
    table.rows.append(
        ReportTableRow(
            [total, None, *totals, make_table_number(len(result.findings), "count"), None, ""], "sum", "total"
        )
    )
    settings = result.settings.to_dict()
    table.notes.append(report_texts.get("seams", "settings", **{k: f"{settings[k]:g}" for k in _LENGTH_SETTINGS}))
    return table


#: Settings that pages and tables print.
_LENGTH_SETTINGS = ("tolerance_m", "reach_m", "min_length_m")


def make_finding_table(result: SeamResult, report_texts: ReportTexts) -> ReportTable:
    """Return each finding with both counties, their keys and codes."""
    return ReportTable(
        "seam_findings",
        [
            TableColumn("seam_pair", width_in_characters=24),
            TableColumn("county_severity", width_in_characters=8),
            TableColumn("seam_kind", width_in_characters=12),
            TableColumn("layer", width_in_characters=18),
            TableColumn("seam_first_keys", width_in_characters=24),
            TableColumn("seam_second_keys", width_in_characters=24),
            TableColumn("seam_length", "m", width_in_characters=12),
            TableColumn("seam_deviation", "m", width_in_characters=12),
            TableColumn("area", "m2", width_in_characters=12),
            TableColumn("county_problem", width_in_characters=70),
        ],
        [
            ReportTableRow(
                [
                    make_pair_name(pair, result),
                    report_texts.get("severity", str(one.severity)),
                    report_texts.get("seam_kinds", str(one.kind)),
                    get_layer_title(one.concept, result.lang),
                    *(" ".join(side.keys) for side in one.sides),
                    make_table_number(one.length_m, "m", LENGTH_DECIMALS),
                    make_table_number(one.deviation_m, "m", LENGTH_DECIMALS),
                    make_table_number(one.area_m2, "m2", LENGTH_DECIMALS),
                    describe_finding(one, result, report_texts),
                ],
                code=one.fingerprint,
            )
            for pair in result.pairs
            for one in pair.findings
        ],
    )


def make_sum_table(result: SeamResult, report_texts: ReportTexts) -> ReportTable:
    """Return the sums of the counties against the targets of the parent."""
    table = ReportTable(
        "seam_sums",
        [
            TableColumn("indicator", width_in_characters=26),
            TableColumn("unit", width_in_characters=8),
            TableColumn("county_comparison", width_in_characters=6),
            TableColumn("seam_parent_target", width_in_characters=14),
            TableColumn("seam_targets_sum", width_in_characters=14),
            TableColumn("seam_sum", width_in_characters=14),
            TableColumn("room", width_in_characters=14),
            TableColumn("state", width_in_characters=14),
            TableColumn("seam_misses", width_in_characters=40),
            TableColumn("seam_missing", width_in_characters=40),
        ],
    )
    for one in result.sums:
        decimals = max(one.target.printed_decimals, _SUM_DECIMALS)
        cells: list[CellValue] = [
            name_sum(one, result, report_texts),
            report_texts.get_text_or_key("unit", one.target.unit),
            COMPARISON_SIGNS[one.target.comparison],
            TableNumber(one.target.numeric_value, one.target.printed_decimals),
            make_table_number(one.targets_sum, one.target.unit, decimals),
            TableNumber(one.sum_value, decimals),
            TableNumber(one.margin, decimals),
            describe_sum_state(one, report_texts),
            describe_misses(one, result, report_texts),
            report_texts.join_parts(result.names.get(name, name) for name in one.missing),
        ]
        table.rows.append(ReportTableRow(cells, code=one.target.indicator))
    table.notes.append(report_texts.get("seams", "sums_note"))
    return table


def make_county_table(result: SeamResult, report_texts: ReportTexts) -> ReportTable:
    """Return each county with its number of findings, or why it was not compared."""
    table = ReportTable(
        "seam_counties",
        [
            TableColumn("county_code", width_in_characters=10),
            TableColumn("county_name", width_in_characters=18),
            TableColumn("state", width_in_characters=12),
            TableColumn("seam_total", width_in_characters=8),
            TableColumn("seam_reason", width_in_characters=60),
        ],
    )
    for county in result.counties:
        count = sum(county.name in one.pair for one in result.findings)
        cells: list[CellValue] = [
            county.area_code,
            result.names[county.name],
            report_texts.get("seams" if county.is_read else "county_state", str(county.state)),
            make_table_number(count if county.is_read else None, "count"),
            county.reason,
        ]
        table.rows.append(ReportTableRow(cells, code=county.name))
    table.notes += list_gap_sentences(result.counties, result)
    return table


LAYER_NAME = "seams"
#: CGCS2000 in degrees.
_LAYER_CRS = CRS.from_epsg(4490)
_NUMERIC_COLUMNS = ("length_m", "deviation_m", "area_m2")
_COLUMNS = (
    "fingerprint",
    "kind",
    "severity",
    "layer",
    "county",
    "county_name",
    "keys",
    "code",
    "neighbour",
    "neighbour_name",
    "neighbour_keys",
    "neighbour_code",
    *_NUMERIC_COLUMNS,
    "message",
)


def make_layer_rows(finding: SeamFinding, result: SeamResult, report_texts: ReportTexts) -> list[dict[str, Any]]:
    """Return the attributes of a finding, once from each side, with keys and codes of the county and its neighbour."""
    shared = {
        "fingerprint": finding.fingerprint,
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "layer": get_layer_title(finding.concept, result.lang),
        "length_m": finding.length_m,
        "deviation_m": finding.deviation_m,
        "area_m2": finding.area_m2,
        "message": describe_finding(finding, result, report_texts),
    }
    rows = []
    for side, neighbour in (finding.sides, finding.sides[::-1]):
        row = dict(shared)
        for prefix, one in (("", side), ("neighbour_", neighbour)):
            row[prefix.rstrip("_") or "county"] = one.identity
            row[f"{prefix or 'county_'}name"] = result.names[one.county]
            row[f"{prefix}keys"] = ";".join(one.keys)
            row[f"{prefix}code"] = one.code
        rows.append(row)
    return rows


def write_seams_layer(result: SeamResult, path: Path) -> None:
    """Write the findings as polygons in degrees on CGCS2000 to a new GeoPackage; a line becomes a narrow polygon.

    Raise OutputError.
    """
    report_texts = ReportTexts(result.lang)
    rows = [row for one in result.findings for row in make_layer_rows(one, result, report_texts)]
    shapes: NDArray = np.array([one.geometry for one in result.findings], dtype=object)
    if len(shapes):
        # Lines are widened in the plane of the comparison.
        plane = CRS.from_user_input(result.plane)
        is_line = shapely.get_dimensions(shapes) == 1
        in_plane = reproject_geometries(shapes[is_line], _LAYER_CRS, plane)
        shapes[is_line] = reproject_geometries(shapely.buffer(in_plane, MARK_RADIUS_M), plane, _LAYER_CRS)
    columns = {
        name: pd.Series([row[name] for row in rows], dtype="float64" if name in _NUMERIC_COLUMNS else "object")
        for name in _COLUMNS
    }
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(np.repeat(shapes, 2), crs=_LAYER_CRS), crs=_LAYER_CRS)
    write_polygon_layer(frame, path, LAYER_NAME)
