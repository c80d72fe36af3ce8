# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of rows of one VCT table, and merging of multipart features within them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from .shapes import ANGLE_FIELD, TEXT_FIELD
from .structure import VctTable
from .values import convert_to_series

#: Number of rows in a batch, and bytes of shapes that close a batch earlier.
BATCH_ROWS = 5_000
BATCH_BYTES = 16_000_000


@dataclass
class VctRowBatch:
    """Some thousand rows of one table.

    Row k has ``ids[k]``, the values ``row_values[k]`` by field, the WKB ``shapes[k]`` (``None`` where missing) and the
    line number ``line_numbers[k]``. ``annotation_texts[k]``: text and angle, if row k is annotation. ``further_parts``:
    row → the feature's other parts (id, WKB), which are not merged yet. ``shape_bytes``: size of all shapes in bytes.
    """

    table: VctTable
    ids: list[int] = field(default_factory=list)
    row_values: list[list[Any]] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    annotation_texts: list[tuple[str, float | None]] = field(default_factory=list)
    shape_bytes: int = 0
    line_numbers: list[int] = field(default_factory=list)
    further_parts: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """True if the batch has 5000 rows or 16 MB of shapes."""
        return len(self.ids) >= BATCH_ROWS or self.shape_bytes >= BATCH_BYTES

    def make_frame(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return the rows as a GeoDataFrame with all fields.

        The geometry column is ``geometry``, with ``_`` added if a field has that name.
        """
        columns = {
            c.name: convert_to_series([row[k] for row in self.row_values], c.type)
            for k, c in enumerate(self.table.columns)
        }
        if self.table.shape_kind == "annotation":
            columns[TEXT_FIELD] = pd.Series([t for t, _ in self.annotation_texts], dtype="object")
            columns[ANGLE_FIELD] = pd.Series(
                [np.nan if a is None else a for _, a in self.annotation_texts], dtype="float64"
            )
        name = "geometry"
        while name in columns:
            name += "_"
        shapes = shapely.from_wkb(np.array(self.shapes, dtype=object)) if self.shapes else np.array([], dtype=object)
        columns[name] = gpd.GeoSeries(shapes, crs=crs)
        return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=name, crs=crs)


# Features of several parts: a file has a record and a row for each part, with successive ids and equal values.

#: The field that names a feature.
KEY_FIELD = "BSM"
#: Kinds of tables whose features may have several parts.
_MULTIPART_KINDS = ("polygon", "line")
_MULTIPART_CONSTRUCTORS = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}


def find_key_column(table: VctTable) -> int | None:
    """Return the index of the column 标识码 (BSM), the key of a feature.

    ``None`` if the table has no such column, or if its features cannot have several parts.
    """
    field_names = [column.name.upper() for column in table.columns]
    return field_names.index(KEY_FIELD) if table.shape_kind in _MULTIPART_KINDS and KEY_FIELD in field_names else None


def merge_into_multipart(shapes: NDArray) -> BaseGeometry:
    """Merge (n,) points, lines or polygons into one multipart shape.

    Raises KeyError for another geometry type.
    """
    parts = shapely.get_parts(shapes)
    return _MULTIPART_CONSTRUCTORS[int(shapely.get_type_id(parts[0]))](parts)


def continues_last_row(batch: VctRowBatch, record_id: int, values: list[Any], key_column: int) -> bool:
    """Return True if a row is another part of the multipart feature in the batch's last row.

    It is if its id follows the id of that feature's last part, and all values are equal. ``key_column``: index of the
    column of keys.
    """
    if not batch.ids or batch.shapes[-1] is None or values[key_column] is None or batch.row_values[-1] != values:
        return False
    last = batch.further_parts.get(len(batch.ids) - 1)
    return record_id == (last[-1][0] if last else batch.ids[-1]) + 1


def merge_feature_parts(batch: VctRowBatch, key_column: int | None) -> list[str]:
    """Merge the parts of each feature into one shape; return line and key of each.

    Parts that would form an invalid multipolygon remain separate rows.
    """
    merged_features: list[str] = []
    for row in sorted(batch.further_parts, reverse=True):
        pieces = [batch.shapes[row], *(shape for _, shape in batch.further_parts[row])]
        parts = shapely.from_wkb(np.array(pieces, dtype=object))
        merged_shape = merge_into_multipart(parts)
        if batch.table.shape_kind == "line" or shapely.is_valid(merged_shape):
            batch.shapes[row] = shapely.to_wkb(merged_shape)
            key = "" if key_column is None else batch.row_values[row][key_column]
            merged_features.append(f"{batch.line_numbers[row]} ({key})")
            continue
        for ident, shape in reversed(batch.further_parts[row]):
            batch.ids.insert(row + 1, ident)
            batch.row_values.insert(row + 1, batch.row_values[row])
            batch.line_numbers.insert(row + 1, batch.line_numbers[row] + ident - batch.ids[row])
            batch.shapes.insert(row + 1, shape)
            batch.annotation_texts.insert(row + 1, ("", None))
    batch.further_parts = {}
    return merged_features[::-1]
