# SPDX-License-Identifier: GPL-2.0-or-later
"""The row of another layer that each row of a layer lies on, by a point inside the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import missing

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

_MULTIPOLYGON = 6


def rows_below(layer: Layer, other: Layer, ctx: Context) -> NDArray:
    """(n,) the row of ``other`` that a point on each row of ``layer`` lies on, −1 for none."""
    cache = ctx.plan.computed("rows_below")
    if (layer, other) not in cache:
        ctx.cancellation.raise_if_cancelled()
        cache[layer, other] = _rows_below(layer, other)
    found: NDArray = cache[layer, other]
    return found


def _rows_below(layer: Layer, other: Layer) -> NDArray:
    found = np.full(len(layer), -1)
    rows, there = np.flatnonzero(~missing(layer.plane)), np.flatnonzero(~missing(other.plane))
    points = shapely.point_on_surface(layer.plane[rows])
    below, point = shapely.STRtree(points).query(other.plane[there], predicate="intersects")
    found[rows[point]] = there[below]
    return found


def cut_otherwise(layer: Layer, other: Layer, ctx: Context) -> NDArray:
    """(n,) bool: rows that are no copy of the row of ``other`` below them. A copy lies wholly on it."""
    cache = ctx.plan.computed("cut_otherwise")
    if (layer, other) not in cache:
        cache[layer, other] = _cut_otherwise(layer, other, rows_below(layer, other, ctx))
    found: NDArray = cache[layer, other]
    return found


def _cut_otherwise(layer: Layer, other: Layer, below: NDArray) -> NDArray:
    on = below >= 0
    differs = np.ones(len(layer), dtype=bool)
    differs[on] = ~shapely.equals_exact(
        _unwrap_single_parts(layer.plane[on]), _unwrap_single_parts(other.plane[below[on]]), 0.0
    )
    return differs


def _unwrap_single_parts(shapes: NDArray) -> NDArray:
    """Return (n,) geometries with single-part multipolygons replaced by their polygon; file formats store either form."""
    found = shapes.copy()
    lone = (shapely.get_type_id(shapes) == _MULTIPOLYGON) & (shapely.get_num_geometries(shapes) == 1)
    found[lone] = shapely.get_geometry(shapes[lone], 0)
    return found
