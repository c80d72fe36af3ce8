# SPDX-License-Identifier: GPL-2.0-or-later
"""The counties of a batch as a layer: outline, verdict and figures of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from ..render.outputs import write_polygon_layer
from .model import CountyRecord
from .summary import FIGURE_COLUMNS, BatchSummary, find_figure

LAYER_NAME = "counties"
#: CGCS2000 in degrees.
_LAYER_CRS = "EPSG:4490"
_COUNTS = ("errors", "warnings", "infos", "waived", "skipped")


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
