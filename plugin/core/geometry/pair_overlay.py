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

#: From this many pairs with one large polygon on, indexing a copy of it is faster than clipping it for each.
_MIN_INDEXED_PAIRS = 8


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

    ``left``, ``right`` (k,): the rows of each pair, such as all whose boxes meet. Pairs that only touch have no piece.
    The shapes of ``left_polygons`` are prepared (`shapely.prepare`), so no other thread may use them. Raise Cancelled
    between batches.
    """
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    left_shapes, right_shapes = left_polygons.shapes[left], right_polygons.shapes[right]
    shapely.prepare(left_polygons.shapes)
    # A polygon in the interior of another one is their intersection, vertex by vertex: no boundaries meet.
    is_right_inside = shapely.contains_properly(left_shapes, right_shapes)
    shapes = np.full(len(left), None, dtype=object)
    shapes[is_right_inside] = right_shapes[is_right_inside]
    is_left_inside, is_disjoint = _compare_with_rows(right_polygons, left_shapes, right, cancellation)
    shapes[is_left_inside] = left_shapes[is_left_inside]
    crossing = np.flatnonzero(~(is_right_inside | is_left_inside | is_disjoint))
    fallback_log = FallbackLog()
    for start in range(0, len(crossing), PAIRS_PER_BATCH):
        cancellation.raise_if_cancelled()
        pairs = crossing[start : start + PAIRS_PER_BATCH]
        small, large = left_shapes[pairs], right_shapes[pairs]
        # Many projects are overlaid once; one that is drawn comes back to the same places of the same polygons.
        once = len(left_polygons) > 1
        clip_large_polygons(small, large, right_polygons, right[pairs], cancellation, once=once)
        clip_large_polygons(large, small, left_polygons, left[pairs], cancellation)
        shapes[pairs] = overlay_polygon_pairs(
            shapely.intersection, small, large, left[pairs], right[pairs], tolerance, fallback_log
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


def _compare_with_rows(
    polygons: Polygons, shapes: NDArray, rows: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return which of (k,) shapes are in the interior of the polygon in their row, and which do not meet it.

    Both results are (k,) bool. They are True only where it is fast to know: the first for large polygons with many
    shapes, the second also for small polygons. ``shapes`` are prepared.
    """
    is_inside, is_disjoint = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    is_large = polygons.clipped_polygons.is_large
    is_small = ~is_large[rows]
    is_disjoint[is_small] = ~shapely.intersects(shapes[is_small], polygons.shapes[rows[is_small]])
    is_indexed = is_large & (np.bincount(rows, minlength=len(polygons)) >= _MIN_INDEXED_PAIRS)
    for row in np.flatnonzero(is_indexed).tolist():
        cancellation.raise_if_cancelled()
        pairs = np.flatnonzero(rows == row)
        # A copy: another thread may use the polygon of the plan while its index is built.
        indexed = shapely.from_wkb(shapely.to_wkb(polygons.shapes[row]))
        shapely.prepare(indexed)
        is_inside[pairs] = shapely.contains_properly(indexed, shapes[pairs])
        is_disjoint[pairs] = ~shapely.intersects(indexed, shapes[pairs])
    return is_inside, is_disjoint
