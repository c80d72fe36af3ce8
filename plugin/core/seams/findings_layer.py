# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings at borders as a layer: one row for each side, so that each county finds its rows by its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..geometry.crs import reproject_geometries
from ..model.findings import MARK_RADIUS_M
from ..render.outputs import write_polygon_layer
from ..render.words import ReportTexts
from .messages import describe_finding, get_layer_title
from .model import SeamFinding, SeamResult

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
    shapes = np.repeat(_make_areas(result), 2)
    columns = {
        name: pd.Series([row[name] for row in rows], dtype="float64" if name in _NUMERIC_COLUMNS else "object")
        for name in _COLUMNS
    }
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(list(shapes), crs=_LAYER_CRS), crs=_LAYER_CRS)
    write_polygon_layer(frame, path, LAYER_NAME)


def _make_areas(result: SeamResult) -> NDArray:
    """Return (n,) areas of all findings in degrees; lines are widened in the plane of the comparison."""
    shapes: NDArray = np.array([one.geometry for one in result.findings], dtype=object)
    if not len(shapes):
        return shapes
    plane = CRS.from_user_input(result.plane)
    is_line = shapely.get_dimensions(shapes) == 1
    in_plane = reproject_geometries(shapes[is_line], _LAYER_CRS, plane)
    shapes[is_line] = reproject_geometries(shapely.buffer(in_plane, MARK_RADIUS_M), plane, _LAYER_CRS)
    return shapes
