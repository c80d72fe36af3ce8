# SPDX-License-Identifier: GPL-2.0-or-later
"""Merge and simplify polygons for small pictures."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation
from .validity import extract_polygons, mask_missing_shapes

#: Holes below this many pixels are closed.
_MIN_HOLE_PIXELS = 60
_UNION_BATCH = 2_000


def dissolve_for_picture(
    shapes: NDArray, pixel_m: float, cancellation: Cancellation = NEVER_CANCELLED, keep_small: bool = True
) -> NDArray:
    """Return the union of polygons as (k,) polygons, simplified for a picture.

    ``pixel_m``: size of a pixel in m. Gaps and bends smaller than a pixel are removed, and holes of few pixels are
    closed, because they would appear as blots. ``keep_small``: False drops polygons of few pixels too. Raise Cancelled.
    """
    present_shapes = shapes[~mask_missing_shapes(shapes)]
    if not len(present_shapes):
        return np.array([], dtype=object)
    # Neighbours simplified separately no longer meet; a buffer by more than that error joins them again.
    coarse = shapely.simplify(present_shapes, pixel_m / 2, preserve_topology=False)
    vanished = shapely.is_empty(coarse)
    coarse[vanished] = shapely.envelope(present_shapes[vanished])
    cancellation.raise_if_cancelled()
    grown = shapely.buffer(coarse, pixel_m * 1.2, quad_segs=1, join_style="mitre")
    x, y = shapely.get_coordinates(shapely.centroid(grown)).T
    strip = np.argsort(np.argsort(x)) // max(int((len(grown) * _UNION_BATCH) ** 0.5), 1)
    order = np.lexsort((y, strip))
    pieces = [
        shapely.union_all(grown[order[start : start + _UNION_BATCH]])
        for start in cancellation.watch(range(0, len(order), _UNION_BATCH))
    ]
    cancellation.raise_if_cancelled()
    union = shapely.union_all(np.array(pieces, dtype=object))
    union = shapely.simplify(shapely.buffer(union, -pixel_m * 1.2, join_style="mitre"), pixel_m / 2)
    parts = shapely.get_parts(np.array([extract_polygons(union)], dtype=object))
    min_hole_m2 = _MIN_HOLE_PIXELS * pixel_m**2
    large_holes = [[ring for ring in part.interiors if shapely.Polygon(ring).area >= min_hole_m2] for part in parts]
    parts = np.array(
        [shapely.Polygon(part.exterior, holes) for part, holes in zip(parts, large_holes, strict=True)], dtype=object
    )
    return parts if keep_small or not len(parts) else parts[shapely.area(parts) >= min_hole_m2 / 4]
