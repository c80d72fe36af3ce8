# SPDX-License-Identifier: GPL-2.0-or-later
"""Generalisation of polygons for small pictures: merged, without tiny details."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .validity import extract_polygons, is_missing

#: Holes below this many pixels are closed.
_SMALL_PIXELS = 60
_UNION_BATCH = 2_000


def dissolve(shapes: NDArray, pixel_m: float, cancellation: Cancellation = NEVER, keep_small: bool = True) -> NDArray:
    """Return the union of all shapes for a picture with pixels of that size.

    Invisible gaps and bends are removed. ``keep_small`` False drops parts of few pixels as well; small holes are always
    closed, because they would appear as blots.
    """
    real = shapes[~is_missing(shapes)]
    if not len(real):
        return np.array([], dtype=object)
    # Neighbours simplified separately no longer meet; a buffer by more than that error joins them again.
    coarse = shapely.simplify(real, pixel_m / 2, preserve_topology=False)
    gone = shapely.is_empty(coarse)
    coarse[gone] = shapely.envelope(real[gone])
    cancellation.raise_if_cancelled()
    grown = shapely.buffer(coarse, pixel_m * 1.2, quad_segs=1, join_style="mitre")
    joined = _unite(grown, cancellation)
    joined = shapely.simplify(shapely.buffer(joined, -pixel_m * 1.2, join_style="mitre"), pixel_m / 2)
    parts = shapely.get_parts(np.array([extract_polygons(joined)], dtype=object))
    least = _SMALL_PIXELS * pixel_m**2
    parts = np.array([_close_holes(p, least) for p in parts if p is not None], dtype=object)
    return parts if keep_small or not len(parts) else parts[shapely.area(parts) >= least / 4]


def _unite(shapes: NDArray, cancellation: Cancellation) -> Any:
    """Return the union, first by neighbourhoods: faster, and cancellable in between."""
    x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
    strip = np.argsort(np.argsort(x)) // max(int((len(shapes) * _UNION_BATCH) ** 0.5), 1)
    order = np.lexsort((y, strip))
    pieces = []
    for start in range(0, len(order), _UNION_BATCH):
        cancellation.raise_if_cancelled()
        pieces.append(shapely.union_all(shapes[order[start : start + _UNION_BATCH]]))
    cancellation.raise_if_cancelled()
    return shapely.union_all(np.array(pieces, dtype=object))


def _close_holes(polygon: Any, least_m2: float) -> Any:
    if not shapely.get_num_interior_rings(polygon):
        return polygon
    rings = [r for r in polygon.interiors if shapely.area(shapely.polygons(r)) >= least_m2]
    return shapely.Polygon(polygon.exterior, rings)
