# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of one table of a file, gathered until they are handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from .annotation import ANGLE, TEXT
from .structure import Table
from .values import series

#: Rows that are handed on at a time, and the positions that close a batch before that (as bytes of shapes).
BATCH_ROWS = 5_000
BATCH_BYTES = 16_000_000


@dataclass
class Batch:
    """Rows of one table: ids, values by field, shapes as WKB (None: the row has none). ``more``: further parts of a row, as id
    and WKB, until they are put together; ``size``: bytes of all shapes; ``lines``: where the rows stand."""

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
        return len(self.ids) >= BATCH_ROWS or self.size >= BATCH_BYTES

    def frame(self, crs: CRS) -> gpd.GeoDataFrame:
        """A table with all fields; ``geometry`` may be called geometry_ where a field has that name."""
        columns = {c.name: series([row[k] for row in self.rows], c.type) for k, c in enumerate(self.table.columns)}
        if self.table.kind == "annotation":
            columns[TEXT] = pd.Series([t for t, _ in self.texts], dtype="object")
            columns[ANGLE] = pd.Series([np.nan if a is None else a for _, a in self.texts], dtype="float64")
        name = "geometry"
        while name in columns:
            name += "_"
        shapes = shapely.from_wkb(np.array(self.shapes, dtype=object)) if self.shapes else np.array([], dtype=object)
        columns[name] = gpd.GeoSeries(shapes, crs=crs)
        return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=name, crs=crs)
