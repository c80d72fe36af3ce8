# SPDX-License-Identifier: GPL-2.0-or-later
"""The township that the centre of each row of a layer lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import missing
from .townships import townships_of

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer


def centres_of(layer: Layer) -> tuple[NDArray, NDArray, NDArray]:
    """(k,) x and y of the middle of the rows that have a shape, and their positions."""
    rows = np.flatnonzero(~missing(layer.plane))
    low_x, low_y, high_x, high_y = shapely.bounds(layer.plane[rows]).T
    return (low_x + high_x) / 2, (low_y + high_y) / 2, rows


def towns_of_centres(layer: Layer, ctx: Context) -> tuple[NDArray, list[str]]:
    """(n,) the township that the centre of each row lies in, −1 for none, and the townships' names."""
    cache = ctx.plan.computed("area_towns")
    if layer not in cache:
        cache[layer] = _towns_of(layer, ctx)
    found: tuple[NDArray, list[str]] = cache[layer]
    return found


def _towns_of(layer: Layer, ctx: Context) -> tuple[NDArray, list[str]]:
    town = np.full(len(layer), -1)
    given = townships_of(ctx)
    if given is None:
        return town, []
    towns_layer, towns, of_row = given
    names = [one.name or one.code for one in towns]
    if towns_layer is layer:
        return of_row, names
    ctx.cancellation.raise_if_cancelled()
    x, y, rows = centres_of(layer)
    centres = shapely.points(x, y)
    there = np.flatnonzero(~missing(towns_layer.plane))
    holder, point = shapely.STRtree(centres).query(towns_layer.plane[there], predicate="intersects")
    # A centre on a common border goes to the first of its townships.
    order = np.argsort(-holder, kind="stable")
    town[rows[point[order]]] = of_row[there[holder[order]]]
    return town, names
