# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that polygons of two layers share, for figures.

A polygon wholly inside a polygon of the other layer is found by its boundary (`overlay`). All other polygons are
overlaid if they are few, as where layers share their edges; else their areas are summed along boundaries
(`intersection_areas`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.cancellation import NEVER_CANCELLED, Cancellation
from ..base.invariants import require_value
from .overlay import VERTICES_PER_OVERLAY, decide_pairs_between, overlay_rows_between, select_present_rows
from .overlay_fallback import FallbackLog
from .polygons import Polygons
from .statutory_area import EqualAreaPlane, compute_drawn_area
from .tolerance import Tolerance

#: If at most one row in this many is compared, a copy of these rows is prepared, which is faster than the whole layer.
_FEW_ROWS = 4


class SharedAreas(NamedTuple):
    """Areas that pairs of rows of two layers share, sorted by row of the left and of the right layer.

    ``left``, ``right`` (k,): rows; ``area`` (k,): m² in the plane; ``drawn_area`` (k,): m² on the ellipsoid within
    edges as drawn, NaN where one row is known to be inside the other one. Slivers are included. ``fallback_log``: pairs
    that GEOS had to overlay by alternative methods, or could not.
    """

    left: NDArray
    right: NDArray
    area: NDArray
    drawn_area: NDArray
    fallback_log: FallbackLog


def find_shared_areas(
    left_polygons: Polygons,
    right_polygons: Polygons,
    *,
    tolerance: Tolerance,
    plane: EqualAreaPlane,
    left_rows: NDArray | None = None,
    right_rows: NDArray | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> SharedAreas:
    """Return the areas that polygons of two layers share; pairs that only touch are left out.

    Parameters
    ----------
    left_polygons, right_polygons
        (n,) and (m,) valid polygons or None, in one plane in metres.
    plane
        Equal-area plane, for the areas on the ellipsoid.
    left_rows, right_rows
        (n,), (m,) bool: the rows to compare; None for all.

    Raises
    ------
    Cancelled
        Between batches.
    """
    selected_a, selected_b = (
        select_present_rows(left_polygons, left_rows),
        select_present_rows(right_polygons, right_rows),
    )
    if left_rows is None and right_rows is None:
        return _find_areas_of_rows(
            left_polygons, right_polygons, selected_a, selected_b, tolerance, plane, cancellation
        )
    left, right = np.flatnonzero(selected_a), np.flatnonzero(selected_b)
    # Selected rows whose bounding box meets that of a selected row of the other layer.
    j, i = shapely.STRtree(left_polygons.shapes[left]).query(right_polygons.shapes[right])
    near_a, near_b = left[np.unique(i)], right[np.unique(j)]
    numbers_a, numbers_b = np.arange(len(left_polygons)), np.arange(len(right_polygons))
    if _FEW_ROWS * len(near_a) < len(left_polygons):
        left_polygons, numbers_a = left_polygons.select_rows(near_a), near_a
        selected_a = np.ones(len(near_a), dtype=bool)
    if _FEW_ROWS * len(near_b) < len(right_polygons):
        right_polygons, numbers_b = right_polygons.select_rows(near_b), near_b
        selected_b = np.ones(len(near_b), dtype=bool)
    shared = _find_areas_of_rows(left_polygons, right_polygons, selected_a, selected_b, tolerance, plane, cancellation)
    return SharedAreas(
        numbers_a[shared.left],
        numbers_b[shared.right],
        shared.area,
        shared.drawn_area,
        shared.fallback_log.renumber_rows(numbers_a, numbers_b),
    )


def _find_areas_of_rows(
    left_polygons: Polygons,
    right_polygons: Polygons,
    selected_a: NDArray,
    selected_b: NDArray,
    tolerance: Tolerance,
    plane: EqualAreaPlane,
    cancellation: Cancellation,
) -> SharedAreas:
    """Return the areas that selected rows ((n,), (m,) bool) of two layers share, as `find_shared_areas` does."""
    # More polygons of the finer layer are wholly inside one of the other.
    if len(right_polygons.present) <= len(left_polygons.present):
        return _find_areas(left_polygons, right_polygons, selected_a, selected_b, tolerance, plane, cancellation)
    shared = _find_areas(right_polygons, left_polygons, selected_b, selected_a, tolerance, plane, cancellation)
    order = np.lexsort((shared.left, shared.right))
    return SharedAreas(
        shared.right[order],
        shared.left[order],
        shared.area[order],
        shared.drawn_area[order],
        shared.fallback_log.make_log_with_exchanged_layers(),
    )


def _find_areas(
    fine: Polygons,
    coarse: Polygons,
    fine_rows: NDArray,
    coarse_rows: NDArray,
    tolerance: Tolerance,
    plane: EqualAreaPlane,
    cancellation: Cancellation,
) -> SharedAreas:
    """Return the areas that selected rows of a fine and a coarse layer share."""
    if not fine_rows.any() or not coarse_rows.any():
        nothing = np.zeros(0, dtype=np.int64)
        return SharedAreas(nothing, nothing, np.zeros(0), np.zeros(0), FallbackLog())
    decided = decide_pairs_between(fine, coarse, fine_rows, coarse_rows, tolerance, cancellation)
    undecided = decided.needs_overlay
    cut = None
    if undecided.sum() * VERTICES_PER_OVERLAY >= fine.vertex_count + coarse.vertex_count:
        cut = _sum_along_boundaries(fine, coarse, undecided, coarse_rows, plane, cancellation)
    if cut is None:
        left, right, shapes, fallback_log = overlay_rows_between(
            fine, coarse, undecided, coarse_rows, tolerance, cancellation
        )
        areas = shapely.area(shapes), compute_drawn_area(shapes, plane.to_lonlat, cancellation)
        cut = SharedAreas(left, right, *areas, fallback_log)
    left, right = np.append(decided.inner_row, cut.left), np.append(decided.outer_row, cut.right)
    area = np.append(shapely.area(fine.shapes[decided.inner_row]), cut.area)
    drawn_area = np.append(np.full(len(decided.inner_row), np.nan), cut.drawn_area)
    order = np.lexsort((right, left))
    return SharedAreas(left[order], right[order], area[order], drawn_area[order], cut.fallback_log)


def _sum_along_boundaries(
    fine: Polygons,
    coarse: Polygons,
    fine_rows: NDArray,
    coarse_rows: NDArray,
    plane: EqualAreaPlane,
    cancellation: Cancellation,
) -> SharedAreas | None:
    """Return the areas that selected rows share, by sums along their boundaries.

    None if coordinates are too large for exact signs (`are_signs_exact`).
    """
    # Loaded only where layers do not share their edges.
    from .intersection_areas import are_signs_exact, compute_intersection_areas

    # Not the layers themselves: they would keep their segments, which take more memory than their shapes.
    rows, others = np.flatnonzero(fine_rows), np.flatnonzero(coarse_rows)
    selected, others_selected = Polygons(fine.shapes[rows]), Polygons(coarse.shapes[others])
    if not are_signs_exact(selected, others_selected):
        return None
    cut = compute_intersection_areas(selected, others_selected, plane=plane, cancellation=cancellation)
    return SharedAreas(
        rows[cut.left],
        others[cut.right],
        cut.area,
        require_value(cut.drawn_area, "the areas on the ellipsoid"),
        FallbackLog(),
    )
