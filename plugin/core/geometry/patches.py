# SPDX-License-Identifier: GPL-2.0-or-later
"""Which polygons of a layer hang together as one patch (连片)."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .linework import vertex_codes
from .polygons import BATCH, Polygons


def patches(
    polygons: Polygons, area: NDArray, reach_m: float, least_m2: float, cancellation: Cancellation = NEVER
) -> NDArray:
    """(n,) the patch of each row: the smallest row number in it; rows without a shape are patches of their own.

    Polygons with a vertex in common are one patch. Only patches whose ``area`` ((n,) m² of the rows) stays below
    ``least_m2`` are looked around for others within ``reach_m``: two large ones that nearly meet are not joined, for
    nobody asks.
    """
    rows = polygons.present
    xy, owner = shapely.get_coordinates(polygons.shapes[rows], return_index=True)
    codes = vertex_codes(np.ascontiguousarray(xy))
    order = np.argsort(codes, kind="stable")
    same = codes[order[1:]] == codes[order[:-1]]
    of = rows[owner[order]]
    i, j = of[:-1][same], of[1:][same]
    cancellation.raise_if_cancelled()
    patch = joined(len(polygons), i, j)
    small = rows[_area_of(patch, area)[rows] < least_m2]
    left, right = [i], [j]
    for start in range(0, len(small), BATCH):
        cancellation.raise_if_cancelled()
        some = small[start : start + BATCH]
        position, near = polygons.within(polygons.shapes[some], reach_m)
        left.append(some[position])
        right.append(near)
    return joined(len(polygons), np.concatenate(left), np.concatenate(right))


def _area_of(patch: NDArray, area: NDArray) -> NDArray:
    """(n,) the area of the patch that each row is in."""
    total: NDArray = np.bincount(patch, np.nan_to_num(area), minlength=len(patch))[patch]
    return total


def joined(count: int, i: NDArray, j: NDArray) -> NDArray:
    """(count,) for each of ``count`` things the smallest one that pairs ``i``–``j`` connect it with."""
    found = np.arange(count)
    while True:
        a, b = found[i], found[j]
        low, high = np.minimum(a, b), np.maximum(a, b)
        if (low == high).all():
            return found
        np.minimum.at(found, high, low)
        while True:
            further = found[found]
            if (further == found).all():
                break
            found = further
