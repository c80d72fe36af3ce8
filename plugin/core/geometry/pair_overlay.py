# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay pairs of polygons that are known to meet, such as a project and the few rows around it.

`overlay.find_shared_pieces` compares all segments of two layers first, to save overlays of rows inside other rows. That
takes longer than the overlays if one layer has few polygons.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from .overlay import PAIRS_PER_BATCH, clip_large_polygons
from .overlay_fallback import FallbackLog, overlay_polygon_pairs
from .overlay_pieces import OverlayPieces, collect_pieces
from .polygons import Polygons
from .tolerance import Tolerance


def find_pieces_of_pairs(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left: NDArray,
    right: NDArray,
    *,
    tolerance: Tolerance,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> OverlayPieces:
    """Return the land that each pair of polygons shares, slivers included, sorted by left and right row.

    ``left``, ``right`` (k,): the rows of each pair. Pairs that only touch have no piece. The shapes of
    ``left_polygons`` are prepared (`shapely.prepare`), so no other thread may use them. Raise Cancelled between batches.
    """
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    shapely.prepare(left_polygons.shapes)
    fallback_log, shapes = FallbackLog(), np.empty(len(left), dtype=object)
    for start in range(0, len(left), PAIRS_PER_BATCH):
        cancellation.raise_if_cancelled()
        batch = slice(start, start + PAIRS_PER_BATCH)
        shapes[batch] = _overlay_batch(
            left_polygons, right_polygons, left[batch], right[batch], tolerance, fallback_log, cancellation
        )
    shares_area = shapely.area(shapes) > 0
    return collect_pieces(
        left[shares_area],
        right[shares_area],
        shapes[shares_area],
        tolerance,
        False,
        fallback_log,
        cancellation,
        keep_slivers=True,
    )


def _overlay_batch(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left: NDArray,
    right: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    cancellation: Cancellation,
) -> NDArray:
    """Return the (k,) intersections of pairs; None where every method fails, which is logged."""
    left_shapes, right_shapes = left_polygons.shapes[left], right_polygons.shapes[right]
    # A polygon in the interior of another one is their intersection, vertex by vertex: no boundaries meet.
    is_inside = shapely.contains_properly(left_shapes, right_shapes)
    shapes = np.where(is_inside, right_shapes, None)
    crossing = np.flatnonzero(~is_inside)
    if not len(crossing):
        return shapes
    left, right, left_shapes, right_shapes = (
        left[crossing],
        right[crossing],
        left_shapes[crossing],
        right_shapes[crossing],
    )
    clip_large_polygons(left_shapes, right_shapes, right_polygons, right, cancellation)
    clip_large_polygons(right_shapes, left_shapes, left_polygons, left, cancellation)
    shapes[crossing] = overlay_polygon_pairs(
        shapely.intersection, left_shapes, right_shapes, left, right, tolerance, fallback_log
    )
    return shapes
