# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlays near the origin: where two boundaries almost match, GEOS snaps by a share of the coordinates themselves.

At an easting of 38 612 345 m that is some 4e-5 m, a hundred metres from the origin 1e-10 m. What is taken off is whole
metres and less than half, so that every vertex comes back to the last digit.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from .validity import polygons_only


def origins(*layers: NDArray) -> NDArray:
    """(n, 2) whole metres to take off the n-th shapes of all layers ((n,) each), 0 where digits would be lost."""
    bounds = np.stack([shapely.bounds(layer) for layer in layers])
    low, high = np.fmin.reduce(bounds[:, :, :2]), np.fmax.reduce(bounds[:, :, 2:])
    found = np.floor(low)
    # A difference of doubles is exact when neither is more than twice the other (Sterbenz).
    with np.errstate(invalid="ignore"):
        return np.where((found > 0) & (high <= 2 * found), found, 0.0)


def moved(shapes: NDArray, by: NDArray) -> NDArray:
    """A copy of (n,) shapes, each moved by its row of ``by`` (n, 2) or all by the same (2,). Heights are dropped."""
    if not by.any():
        return shapes
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    return shapely.set_coordinates(shapes.copy(), xy + (by[of] if by.ndim == 2 else by))


def moved_back(shapes: NDArray, by: NDArray) -> NDArray:
    """As `moved`, for results: their new vertices are rounded, and what is left invalid by that is rounded in its place,
    where GEOS sees to it that nothing crosses."""
    # Of polygons in a collection nobody has seen to it that they stay apart.
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    if len(mixed):
        shapes = shapes.copy()
        for n in mixed.tolist():
            shapes[n] = polygons_only(shapes[n])
    found = moved(shapes, by)
    broken = np.flatnonzero(~(shapely.is_valid(found) | shapely.is_missing(found)))
    if len(broken):
        # A power of two: on this grid every number can be moved without rounding.
        grid = 2 * np.spacing(np.abs(shapely.total_bounds(found[broken])).max())
        found = found.copy()
        found[broken] = moved(shapely.set_precision(shapes[broken], grid), by[broken] if by.ndim == 2 else by)
        still = broken[~shapely.is_valid(found[broken])]
        found[still] = shapely.buffer(found[still], 0)
    return found
