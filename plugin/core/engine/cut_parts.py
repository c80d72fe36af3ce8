# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of parts cut out of a layer, and their shares of the rows that they belong to.

A part by itself (a finding's area) is measured as drawn (`statutory_area.drawn_area`), but for one that is a whole row: that has
the row's statutory area, by its stored vertices. As shares (figures that are to add up to the rows': by township, by zone, by
land use; net areas) parts are held against their row measured in the same way, so that no row counts for more than itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.parts import Parts
from ..plan.layer import Layer

#: Areas of (k,) shapes of the plane, as they are drawn.
Measure = Callable[[NDArray], NDArray]
#: Planar area (m², and as a share) and distance (m) by which parts may miss the row that they make up: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE, _ROUNDING_M = 1e-3, 1e-11, 1e-3


def areas_of(parts: Parts, a: Layer, b: Layer | None, measure: Measure) -> NDArray:
    """(k,) m² of parts of rows of ``a`` (``left``) and perhaps of ``b`` (``right``): as drawn; those that make up a whole row
    are worth that row's statutory area together."""
    areas = np.zeros(len(parts))
    if not len(parts):
        return areas
    pair = np.unique(np.column_stack([parts.left, parts.right]), axis=0, return_inverse=True)[1].ravel()
    alone = np.bincount(pair)[pair] == 1
    worth = np.full(len(parts), np.nan)
    for layer, rows in ((b, parts.right), (a, parts.left)):
        if layer is not None:
            whole = _make_up(parts, pair, layer, rows)
            worth[whole] = layer.statutory_of(rows[whole])
    once = alone & ~np.isnan(worth)
    areas[once] = worth[once]
    areas[~once] = measure(parts.geometry[~once])
    several = ~alone & ~np.isnan(worth)
    total = np.bincount(pair, areas)[pair]
    areas[several] *= worth[several] / total[several]
    return areas


def shares_of(parts: Parts, a: Layer, measure: Measure) -> NDArray:
    """Return (k,) each part's share of its row of ``a``, by area as drawn; 1 together where parts make up the row once."""
    rows = parts.left
    covered = np.bincount(rows, parts.area, minlength=len(a))[rows]
    planar = shapely.area(a.plane[rows])
    once = np.abs(covered - planar) <= _ROUNDING_M2 + _ROUNDING_SHARE * planar
    shares = np.ones(len(parts))
    cut = ~(once & (np.bincount(rows, minlength=len(a))[rows] == 1))
    if not cut.any():
        return shares
    areas = measure(parts.geometry[cut])
    summed = np.bincount(rows[cut], areas, minlength=len(a))[rows[cut]]
    # Of a row that its parts do not make up, or that they claim twice, the whole is measured too.
    rest, where = np.unique(rows[cut & ~once], return_inverse=True)
    total = summed
    total[~once[cut]] = measure(a.plane[rest])[where.ravel()]
    shares[cut] = np.divide(areas, total, out=np.zeros(len(areas)), where=total > 0)
    return shares


def _make_up(parts: Parts, pair: NDArray, layer: Layer, rows: NDArray) -> NDArray:
    """(k,) bool: parts that together, those of one pair of rows, are the whole row of ``layer``: its area, and its extent (what
    lies between rows, or in a hole of one, may have the same area)."""
    found = np.zeros(len(parts), dtype=bool)
    there = np.flatnonzero(rows >= 0)
    planar, own = np.bincount(pair, parts.area)[pair[there]], shapely.area(layer.plane[rows[there]])
    like = there[np.abs(planar - own) <= _ROUNDING_M2 + _ROUNDING_SHARE * own]
    if not len(like):
        return found
    bounds = shapely.bounds(parts.geometry[like]).reshape(-1, 4)
    extent = np.full((int(pair.max()) + 1, 4), np.inf)
    np.minimum.at(extent, pair[like], bounds * (1, 1, -1, -1))
    off = np.abs(extent[pair[like]] * (1, 1, -1, -1) - shapely.bounds(layer.plane[rows[like]]).reshape(-1, 4))
    found[like] = off.max(axis=1) <= _ROUNDING_M
    return found
