# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check of seams writes of pairs, findings, sums and counties: columns of JSON, workbook and layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ....metadata import read_plugin_version
from ...geometry.crs import CGCS2000_DEGREES, reproject_geometries
from ...model.findings import MARK_RADIUS_M
from ...model.indicator import COMPARISON_SIGNS
from ...render.outputs import write_polygon_layer
from ...render.tables.report_table import (
    ReportTableRow,
    TableColumn,
    TableNumber,
    make_record,
    make_table,
    make_table_number,
    write_tables_workbook,
)
from ...standard.messages.texts import Texts
from .seam_result import SEAMS_SCHEMA, SeamKind, SeamResult
from .seam_sentences import (
    LENGTH_DECIMALS,
    describe_finding,
    describe_misses,
    describe_sum_state,
    get_layer_title,
    list_gap_sentences,
    make_pair_name,
    name_sum,
)

LAYER_NAME = "seams"

#: Fields of both sides of a finding: of the county, then of its neighbour.
_SIDE_FIELDS = (
    *("county", "county_name", "keys", "code"),
    *("neighbour", "neighbour_name", "neighbour_keys", "neighbour_code"),
)
_NUMERIC_FIELDS = ("length_m", "deviation_m", "area_m2")
_FIELDS = ("fingerprint", "kind", "severity", "layer", *_SIDE_FIELDS, *_NUMERIC_FIELDS, "message")


def make_finding_columns(result: SeamResult) -> list[TableColumn]:
    """Return the columns of a finding, with both counties, their keys and codes."""
    return [
        TableColumn(key="fingerprint"),
        TableColumn(key="kind", value=lambda one: str(one.kind)),
        TableColumn("seam_pair", width_in_characters=24, value=lambda one: make_pair_name(one.pair, result)),
        TableColumn(
            "county_severity",
            width_in_characters=8,
            key="severity",
            value=lambda one: str(one.severity),
            shown=lambda one: result.report_texts.get("severity", str(one.severity)),
        ),
        TableColumn(
            "seam_kind", width_in_characters=12, value=lambda one: result.report_texts.get("seam_kinds", str(one.kind))
        ),
        TableColumn(
            "layer",
            width_in_characters=18,
            key="layer",
            value=lambda one: one.concept,
            shown=lambda one: get_layer_title(one.concept, result.lang),
        ),
        TableColumn(
            key="sides",
            value=lambda one: [
                {
                    "county": side.county,
                    "name": result.names[side.county],
                    "keys": list(side.keys),
                    "code": side.code,
                }
                for side in one.sides
            ],
        ),
        TableColumn(key="others", value=lambda one: list(one.other_counties)),
        TableColumn("seam_first_keys", width_in_characters=24, value=lambda one: " ".join(one.sides[0].keys)),
        TableColumn("seam_second_keys", width_in_characters=24, value=lambda one: " ".join(one.sides[1].keys)),
        TableColumn("seam_length", "m", width_in_characters=12, key="length_m", decimals=LENGTH_DECIMALS),
        TableColumn("seam_deviation", "m", width_in_characters=12, key="deviation_m", decimals=LENGTH_DECIMALS),
        TableColumn("area", "m2", width_in_characters=12, key="area_m2", decimals=LENGTH_DECIMALS),
        TableColumn(
            "county_problem",
            width_in_characters=70,
            key="message",
            value=lambda one: describe_finding(one, result),
        ),
        TableColumn(key="geometry", value=lambda one: one.geometry.wkt),
    ]


def make_pair_columns(result: SeamResult) -> list[TableColumn]:
    """Return the columns of a pair, with the number of findings by kind and the largest deviation."""
    findings = make_finding_columns(result)
    return [
        TableColumn(key="counties", value=lambda pair: list(pair.counties)),
        TableColumn(key="names", value=lambda pair: [result.names[one] for one in pair.counties]),
        TableColumn("seam_pair", width_in_characters=26, value=lambda pair: make_pair_name(pair.counties, result)),
        TableColumn("seam_length", "m", width_in_characters=14, key="length_m", decimals=LENGTH_DECIMALS),
        TableColumn(key="counts", value=lambda pair: {str(kind): pair.count(kind) for kind in SeamKind}),
        *(TableColumn(f"seam_{kind}", width_in_characters=10, value=methodcaller("count", kind)) for kind in SeamKind),
        TableColumn("seam_total", width_in_characters=8, value=lambda pair: len(pair.findings)),
        TableColumn("seam_deviation", "m", width_in_characters=14, key="max_deviation_m", decimals=LENGTH_DECIMALS),
        TableColumn(key="slivers", value=lambda pair: pair.sliver_count),
        TableColumn(key="differing_m"),
        TableColumn(
            "seam_not_compared",
            width_in_characters=40,
            key="not_compared",
            value=lambda pair: [{"layer": concept, "county": county} for concept, county in pair.missing_layers],
            shown=lambda pair: result.report_texts.join_parts(
                f"{result.names[county]} {Texts(result.lang).get_concept_name(concept)}"
                for concept, county in pair.missing_layers
            ),
        ),
        TableColumn(key="findings", value=lambda pair: [make_record(findings, one) for one in pair.findings]),
    ]


def make_sum_columns(result: SeamResult) -> list[TableColumn]:
    """Return the columns of a sum of the counties against a target of the parent."""
    return [
        TableColumn(
            "indicator",
            width_in_characters=26,
            key="indicator",
            value=lambda one: one.target.indicator,
            shown=lambda one: name_sum(one, result),
        ),
        TableColumn(key="area_code", value=lambda one: one.target.area_code),
        TableColumn(
            "unit",
            width_in_characters=8,
            value=lambda one: result.report_texts.get_text_or_key("unit", one.target.unit),
        ),
        TableColumn(
            "county_comparison",
            width_in_characters=6,
            key="comparison",
            value=lambda one: one.target.comparison,
            shown=lambda one: COMPARISON_SIGNS[one.target.comparison],
        ),
        TableColumn(
            "seam_parent_target",
            width_in_characters=14,
            key="target",
            value=lambda one: one.target.numeric_value,
            shown=lambda one: TableNumber(one.target.numeric_value, one.target.printed_decimals),
        ),
        TableColumn(key="unit", value=lambda one: one.target.unit),
        TableColumn(key="year", value=lambda one: one.target.year),
        TableColumn(
            "seam_targets_sum",
            width_in_characters=14,
            value=lambda one: make_table_number(one.targets_sum, one.target.unit, one.decimals),
        ),
        TableColumn(
            "seam_sum",
            width_in_characters=14,
            key="sum",
            value=lambda one: one.sum_value,
            shown=lambda one: TableNumber(one.sum_value, one.decimals),
        ),
        TableColumn(
            "room", width_in_characters=14, key="margin", shown=lambda one: TableNumber(one.margin, one.decimals)
        ),
        TableColumn(
            "state", width_in_characters=14, key="state", shown=lambda one: describe_sum_state(one, result.report_texts)
        ),
        *_make_columns_of_summed_counties(result),
    ]


def _make_columns_of_summed_counties(result: SeamResult) -> list[TableColumn]:
    """Return the columns of a sum on its counties: those in it, without a value, with a missed target, unconfirmed."""
    return [
        TableColumn(key="targets_sum"),
        TableColumn(key="counted", value=lambda one: list(one.counted)),
        TableColumn("seam_misses", width_in_characters=40, value=lambda one: describe_misses(one, result)),
        TableColumn(
            "seam_missing",
            width_in_characters=40,
            key="missing",
            value=lambda one: list(one.missing),
            shown=lambda one: result.report_texts.join_parts(result.names.get(name, name) for name in one.missing),
        ),
        TableColumn(
            key="misses",
            value=lambda one: [{"county": m.county, "margin": m.margin, "state": m.state} for m in one.misses],
        ),
        TableColumn(key="hides_misses"),
        TableColumn(key="unconfirmed", value=lambda one: list(one.unconfirmed)),
    ]


def make_county_columns(result: SeamResult) -> list[TableColumn]:
    """Return the columns of a county, with its number of findings, or why it was not compared."""
    texts = Texts(result.lang)
    return [
        TableColumn(key="name"),
        TableColumn("county_code", width_in_characters=10, value=lambda one: one.area_code),
        TableColumn("county_name", width_in_characters=18, value=lambda one: result.names[one.name]),
        TableColumn(
            "state",
            width_in_characters=12,
            key="state",
            value=lambda one: str(one.state),
            shown=lambda one: result.report_texts.get("seams" if one.is_read else "county_state", str(one.state)),
        ),
        TableColumn(
            "seam_total",
            width_in_characters=8,
            value=lambda one: sum(one.name in found.pair for found in result.findings) if one.is_read else None,
        ),
        TableColumn("seam_reason", width_in_characters=60, key="reason"),
        TableColumn(key="area_code"),
        TableColumn(key="area_name"),
        TableColumn(key="border", value=lambda one: one.border_basis),
        TableColumn(key="gaps", value=lambda one: [gap.render(texts) for gap in one.gaps]),
    ]


class SeamTable(NamedTuple):
    """A table of a result.

    ``key``: its name in the JSON, empty for a table of the workbook only; ``id``, ``code``, ``notes``: as in
    `make_table`.
    """

    key: str
    id: str
    columns: list[TableColumn]
    items: Sequence[Any]
    code: Callable[[Any], str] = lambda item: ""
    notes: Sequence[str] = ()


def list_tables(result: SeamResult) -> list[SeamTable]:
    """Return all tables of a result, from which JSON and workbook are made."""
    settings = result.report_texts.get("seams", "settings", **result.settings.format_lengths())
    gaps, note = list_gap_sentences(result.counties, result), result.report_texts.get("seams", "sums_note")
    return [
        SeamTable("pairs", "seam_pairs", make_pair_columns(result), result.pairs, notes=[settings]),
        SeamTable("", "seam_findings", make_finding_columns(result), result.findings, attrgetter("fingerprint")),
        SeamTable("sums", "seam_sums", make_sum_columns(result), result.sums, attrgetter("target.indicator"), [note]),
        SeamTable("counties", "seam_counties", make_county_columns(result), result.counties, attrgetter("name"), gaps),
    ]


def result_to_dict(result: SeamResult) -> dict[str, Any]:
    """Return the whole result as plain data; the time is in ``times``."""
    tables = {table.key: table for table in list_tables(result)}
    return {
        "schema": SEAMS_SCHEMA,
        "lang": result.lang,
        "version": read_plugin_version(),
        "plane": result.plane,
        "settings": {**result.settings.to_dict(), "unconfirmed": list(result.unconfirmed_settings)},
        **{
            key: [make_record(tables[key].columns, one) for one in tables[key].items]
            for key in ("counties", "pairs", "sums")
        },
        "ignored": list(result.ignored_names),
        "times": {"written": result.time.isoformat(timespec="seconds")},
    }


def write_seams_workbook(result: SeamResult, path: Path) -> None:
    """Write all tables to a new workbook. Raise OutputError."""
    tables = [
        make_table(one.id, one.columns, one.items, one.code, notes=one.notes)
        for one in list_tables(result)
        if one.items or one.key != "sums"
    ]
    counts = {f"seam_{kind}": sum(pair.count(kind) for pair in result.pairs) for kind in SeamKind}
    counts["seam_total"] = len(result.findings)
    totals = [make_table_number(counts.get(column.id), "count") for column in tables[0].columns[1:-1]]
    tables[0].rows.append(
        ReportTableRow(
            [result.report_texts.get("seams", "total", count=len(result.pairs)), *totals, ""], "sum", "total"
        )
    )
    write_tables_workbook(path, tables, "", Texts(result.lang))


def write_seams_layer(result: SeamResult, path: Path) -> None:
    """Write the findings as polygons in degrees on CGCS2000 to a new GeoPackage; a line becomes a narrow polygon.

    A finding has a row for each side, with keys and codes of the county and its neighbour. Raise OutputError.
    """
    columns = make_finding_columns(result)
    rows = []
    for one in result.findings:
        record = {**make_record(columns, one), "layer": get_layer_title(one.concept, result.lang)}
        for sides in (one.sides, one.sides[::-1]):
            values = [(one.identity, result.names[one.county], ";".join(one.keys), one.code) for one in sides]
            rows.append(record | dict(zip(_SIDE_FIELDS, chain.from_iterable(values), strict=True)))
    shapes: NDArray = np.array([one.geometry for one in result.findings], dtype=object)
    if len(shapes):
        # Lines are widened in the plane of the comparison.
        plane = CRS.from_user_input(result.plane)
        is_line = shapely.get_dimensions(shapes) == 1
        in_plane = reproject_geometries(shapes[is_line], CGCS2000_DEGREES, plane)
        shapes[is_line] = reproject_geometries(shapely.buffer(in_plane, MARK_RADIUS_M), plane, CGCS2000_DEGREES)
    series = {
        name: pd.Series([row[name] for row in rows], dtype="float64" if name in _NUMERIC_FIELDS else "object")
        for name in _FIELDS
    }
    write_polygon_layer(
        gpd.GeoDataFrame(
            series, geometry=gpd.GeoSeries(np.repeat(shapes, 2), crs=CGCS2000_DEGREES), crs=CGCS2000_DEGREES
        ),
        path,
        LAYER_NAME,
    )
