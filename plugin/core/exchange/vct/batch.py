# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of rows of one table; parts of one feature are merged in them."""

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

from .shapes import ANGLE, TEXT
from .structure import Table
from .values import to_series

#: Number of rows in a batch, and bytes of shapes that close a batch earlier.
BATCH_ROWS = 5_000
BATCH_BYTES = 16_000_000


@dataclass
class Batch:
    """Rows of one table.

    ``ids``; ``rows``: values by field; ``shapes``: WKB, ``None`` where missing; ``more``: further parts of a row as
    id and WKB until they are merged; ``size``: bytes of all shapes; ``lines``: line numbers of the rows.
    """

    table: Table
    ids: list[int] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    texts: list[tuple[str, float | None]] = field(default_factory=list)
    size: int = 0
    lines: list[int] = field(default_factory=list)
    more: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """True if the batch has enough rows or bytes."""
        return len(self.ids) >= BATCH_ROWS or self.size >= BATCH_BYTES

    def frame(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return a table with all fields; ``geometry`` gets a suffix if a field has that name."""
        columns = {c.name: to_series([row[k] for row in self.rows], c.type) for k, c in enumerate(self.table.columns)}
        if self.table.kind == "annotation":
            columns[TEXT] = pd.Series([t for t, _ in self.texts], dtype="object")
            columns[ANGLE] = pd.Series([np.nan if a is None else a for _, a in self.texts], dtype="float64")
        name = "geometry"
        while name in columns:
            name += "_"
        shapes = shapely.from_wkb(np.array(self.shapes, dtype=object)) if self.shapes else np.array([], dtype=object)
        columns[name] = gpd.GeoSeries(shapes, crs=crs)
        return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=name, crs=crs)


# Features of several parts: a file has a record and a row for each part, with successive ids and equal values.

#: The field that names a feature.
KEY = "BSM"
#: Kinds of tables whose features may have several parts.
_OF_PARTS = ("polygon", "line")
_TOGETHER = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}


def key_position(table: Table) -> int | None:
    """Return the position of the 标识码; ``None`` for a table whose features have no parts."""
    names = [column.name.upper() for column in table.columns]
    return names.index(KEY) if table.kind in _OF_PARTS and KEY in names else None


def merge_shapes(shapes: NDArray) -> BaseGeometry:
    """Merge (n,) points, lines or polygons into one multiple shape; KeyError for others."""
    parts = shapely.get_parts(shapes)
    return _TOGETHER[int(shapely.get_type_id(parts[0]))](parts)


def continues_last_row(batch: Batch, ident: int, values: list[Any], key: int) -> bool:
    """Return True if a row with a shape is one more part of the batch's last row."""
    if not batch.ids or batch.shapes[-1] is None or values[key] is None or batch.rows[-1] != values:
        return False
    last = batch.more.get(len(batch.ids) - 1)
    return ident == (last[-1][0] if last else batch.ids[-1]) + 1


def merge_parts(batch: Batch) -> int:
    """Merge the parts of each row; return the number of merged features.

    Rows whose parts form an invalid shape remain separate.
    """
    joined = 0
    for place in sorted(batch.more, reverse=True):
        pieces = [batch.shapes[place], *(shape for _, shape in batch.more[place])]
        whole = merge_shapes(shapely.from_wkb(np.array(pieces, dtype=object)))
        if batch.table.kind == "line" or shapely.is_valid(whole):
            batch.shapes[place] = shapely.to_wkb(whole)
            joined += 1
            continue
        for ident, shape in reversed(batch.more[place]):
            batch.ids.insert(place + 1, ident)
            batch.rows.insert(place + 1, batch.rows[place])
            batch.lines.insert(place + 1, batch.lines[place] + ident - batch.ids[place])
            batch.shapes.insert(place + 1, shape)
            batch.texts.insert(place + 1, ("", None))
    batch.more = {}
    return joined
