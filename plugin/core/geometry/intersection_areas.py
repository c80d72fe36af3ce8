# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that polygons of two layers share, without the shapes of shared pieces.

The boundary of a shared piece consists of the boundary of each polygon inside the other one. Its area is half the sum
of cross products along these chains of segments (Green's theorem). A chain ends where the boundaries cross. So only the
crossings are needed, and for each ring the polygons of the other layer in which it begins:

    2 · area = Σ over both polygons: Σ exits S − Σ entries S + (S of the whole ring, if its first vertex is inside)

S is the sum of cross products from the ring's first vertex to the crossing. A first vertex is inside if a line from it
to a place outside leaves the polygon once more than it enters it. Both kinds of crossings follow from exact signs.
Where vertices or edges coincide, the left layer counts as moved by (ε, ε²) (`ring_sums`): the area is continuous, so
its limit for ε → 0 is the area. So no case is special and none is doubtful.

Where layers share most of their edges, `overlay` decides most pairs by that and is faster than this module. Where they
do not, this module is faster by the time that GEOS takes for each pair of polygons.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation, require_value
from ..base.parallel.threads import map_batches_in_threads
from .overlay import VERTICES_PER_OVERLAY, decide_pairs_between, overlay_rows_between, select_present_rows
from .overlay_fallback import FallbackLog
from .polygons import Polygons
from .ring_sums import MAX_COORDINATE_M, RingSegments, RingSums, compute_cross_products, find_sides, get_drawn_sums
from .segment_boxes import SegmentBoxes, expand_ranges, find_meeting_chains, find_meeting_segments
from .statutory_area import EqualAreaPlane, compute_drawn_area
from .tolerance import Tolerance

#: An area (m², plus a share of the larger polygon) that is only rounding: the polygons touch.
_TOUCH_M2, _TOUCH_SHARE = 1e-6, 1e-14
#: Pairs of polygons compared in one part of the work of threads, and pairs of chains compared at a time.
_POLYGON_PAIRS_PER_BATCH, _CHAIN_PAIRS_PER_BATCH = 4096, 20_000
#: If at most one vertex in this many is in a row near the other layer, only these rows are prepared, and not stored.
_FEW_VERTICES = 2
#: Origins are whole multiples of this (m), so that layers of one county have the same.
_ORIGIN_STEP_M = 2.0**17


class IntersectionAreas(NamedTuple):
    """Areas that pairs of polygons share, sorted by left and then right row.

    ``left``, ``right`` (k,): rows; ``area`` (k,): planar m², greater than 0; ``drawn_area`` (k,): m² on the ellipsoid
    within edges as drawn, None if no equal-area plane was given.
    """

    left: NDArray
    right: NDArray
    area: NDArray
    drawn_area: NDArray | None


def compute_intersection_areas(
    left_polygons: Polygons | NDArray,
    right_polygons: Polygons | NDArray,
    *,
    plane: EqualAreaPlane | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> IntersectionAreas:
    """Return the areas that polygons of two layers share, in their plane.

    Pairs that only touch are left out. Polygons of a layer may overlap each other, and may have holes and several
    parts.

    Parameters
    ----------
    left_polygons, right_polygons
        `Polygons` (whose cached values are reused), or (n,) and (m,) valid polygons or None, in one plane in metres.
    plane
        An equal-area plane: areas on the ellipsoid are computed too, by the same sums in this plane.

    Raises
    ------
    Cancelled
        Between batches.
    ValueError
        If a coordinate is farther from the centre of ``left_polygons`` than `MAX_COORDINATE_M`, since signs would be
        uncertain.

    References
    ----------
    Green's theorem; see the module.
    """
    left_polygons = left_polygons if isinstance(left_polygons, Polygons) else Polygons(left_polygons)
    right_polygons = right_polygons if isinstance(right_polygons, Polygons) else Polygons(right_polygons)
    if not len(left_polygons.present) or not len(right_polygons.present):
        nothing = np.zeros(0, dtype=int)
        return IntersectionAreas(nothing, nothing, np.zeros(0), None if plane is None else np.zeros(0))
    if not are_signs_exact(left_polygons, right_polygons):
        raise ValueError(f"coordinates are farther than {MAX_COORDINATE_M:.0f} m from the centre of the layer")
    origin = _choose_origin(left_polygons)
    near = _find_near_pairs(left_polygons, right_polygons, cancellation)
    (left, rows_of_left), (right, rows_of_right) = (
        _get_segments(polygons, np.unique(rows), origin)
        for polygons, rows in zip((left_polygons, right_polygons), near, strict=True)
    )
    positions = np.searchsorted(rows_of_left, near[0]), np.searchsorted(rows_of_right, near[1])
    pairs = _find_pairs(left, right, *positions, cancellation)
    # About a vertex of each pair's left polygon, because digits would be lost about a point far away.
    about = left.sums.first_vertex[pairs.ring_about]
    until = [side.segments.sums.sum_until(side.segment, pairs.point, about) for side in pairs.boundaries]
    area = pairs.sum_areas((left.sums, right.sums), until)
    larger_area = np.maximum(left.polygon_areas[pairs.left_polygon], right.polygon_areas[pairs.right_polygon])
    area = np.where(area > _TOUCH_M2 + _TOUCH_SHARE * larger_area, area, 0.0)
    shares_area = area > 0
    drawn_area = None
    if plane is not None:
        sums = get_drawn_sums(left, plane), get_drawn_sums(right, plane)
        crossing = pairs.point + left.origin
        projected, about = plane.project(plane.convert_to_radians(crossing)), sums[0].first_vertex[pairs.ring_about]
        until = [
            sums_of_layer.sum_until_crossings(side.segment, crossing, projected, about)
            for sums_of_layer, side in zip(sums, pairs.boundaries, strict=True)
        ]
        drawn_area = np.maximum(pairs.sum_areas(sums, until)[shares_area], 0.0)
    left_row, right_row = rows_of_left[pairs.left_polygon], rows_of_right[pairs.right_polygon]
    return IntersectionAreas(left_row[shares_area], right_row[shares_area], area[shares_area], drawn_area)


def are_signs_exact(left_polygons: Polygons, right_polygons: Polygons) -> bool:
    """Return True if no coordinate is farther from the centre of ``left_polygons`` than `MAX_COORDINATE_M`."""
    if not len(left_polygons.present) or not len(right_polygons.present):
        return True
    bounds = np.concatenate(
        [shapely.total_bounds(polygons.shapes[polygons.present]) for polygons in (left_polygons, right_polygons)]
    )
    return bool(np.abs(bounds.reshape(-1, 2) - _choose_origin(left_polygons)).max() <= MAX_COORDINATE_M)


def _choose_origin(polygons: Polygons) -> NDArray:
    """Return the (2,) centre of a layer (m), rounded to multiples of `_ORIGIN_STEP_M`."""
    west, south, east, north = shapely.total_bounds(polygons.shapes[polygons.present])
    return np.round(np.array([west + east, south + north]) / 2 / _ORIGIN_STEP_M) * _ORIGIN_STEP_M


def _find_near_pairs(
    left_polygons: Polygons, right_polygons: Polygons, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right row with boxes that meet.

    ``left_rows``, ``right_rows`` (n,), (m,) bool: the rows to compare; None for all. Raise Cancelled.
    """
    if len(left_polygons.present) < len(right_polygons.present):
        right, left = _find_near_pairs(right_polygons, left_polygons, cancellation)
        return left, right
    selected = right_polygons.present
    bounds = shapely.bounds(right_polygons.shapes[selected])
    positions, left = left_polygons.find_pairs_meeting_bounds(bounds, cancellation)
    return left, selected[positions]


def _get_segments(polygons: Polygons, rows: NDArray, origin: NDArray) -> tuple[RingSegments, NDArray]:
    """Return segments of a layer relative to an origin that include those of some rows; and the rows they include.

    ``rows`` (k,): sorted. The segments of the whole layer are cached. If the rows are a small part of it, and the layer
    has no cached segments, only these rows are prepared.
    """
    segments = polygons.cached_segments
    if segments is not None and (segments.origin == origin).all():
        return segments, polygons.present
    if shapely.get_num_coordinates(polygons.shapes[rows]).sum() * _FEW_VERTICES < polygons.vertex_count:
        return RingSegments(polygons.shapes[rows], origin), rows
    segments = polygons.cached_segments = RingSegments(polygons.shapes[polygons.present], origin)
    return segments, polygons.present


def _find_crossing_segments(
    left: SegmentBoxes,
    right: SegmentBoxes,
    left_polygon: NDArray,
    right_polygon: NDArray,
    moved: int,
    cancellation: Cancellation,
) -> list[NDArray]:
    """Return the segments of pairs of polygons that cross: four (k,) arrays.

    ``left_polygon``, ``right_polygon``: positions of the polygons of each pair; ``moved``: 1 if the left segments are
    shifted by an infinitely small distance, −1 if the right ones are (`find_sides`). The arrays are left segment, right
    segment, side of the right segment on which the left one ends, side of the left segment on which the right one ends.
    Raise Cancelled.
    """

    def find_in_batch(batch: slice) -> list[NDArray]:
        """Return the crossing segments of the pairs of polygons in a slice."""
        left_chain, right_chain = find_meeting_chains(
            left, right, left_polygon[batch], right_polygon[batch], cancellation
        )
        found = [_select_crossings(left.xy, right.xy, nothing, nothing, moved)]
        for start in cancellation.watch(range(0, len(left_chain), _CHAIN_PAIRS_PER_BATCH)):
            part = slice(start, start + _CHAIN_PAIRS_PER_BATCH)
            i, j = find_meeting_segments(left, right, left_chain[part], right_chain[part])
            found.append(_select_crossings(left.xy, right.xy, i, j, moved))
        return [np.concatenate(values) for values in zip(*found, strict=True)]

    nothing = np.zeros(0, dtype=int)
    batches = map_batches_in_threads(find_in_batch, len(left_polygon), _POLYGON_PAIRS_PER_BATCH, cancellation)
    return [np.concatenate(values) for values in zip([nothing] * 4, *batches, strict=True)]


def _select_crossings(
    left_xy: NDArray, right_xy: NDArray, left_segments: NDArray, right_segments: NDArray, moved: int
) -> list[NDArray]:
    """Return those of (k,) pairs of segments that cross.

    As `_find_crossing_segments`. ``left_xy``, ``right_xy`` (v, 2): the vertices; segment k runs from vertex k to vertex
    k + 1.
    """
    # Few of the pairs cross; coordinates are looked up once, and reduced with the pairs.
    ends_of_segments = [
        xy[vertex]
        for xy, first in ((left_xy, left_segments), (right_xy, right_segments))
        for vertex in (first, first + 1)
    ]
    begin, end, other_begin, other_end = ends_of_segments
    begins, ends = find_sides(other_begin, other_end, begin, moved), find_sides(other_begin, other_end, end, moved)
    crosses = np.flatnonzero(begins != ends)
    begin, end, other_begin, other_end = (xy[crosses] for xy in ends_of_segments)
    other_begins, other_ends = find_sides(begin, end, other_begin, -moved), find_sides(begin, end, other_end, -moved)
    both_cross = np.flatnonzero(other_begins != other_ends)
    crosses = crosses[both_cross]
    return [left_segments[crosses], right_segments[crosses], ends[crosses], other_ends[both_cross]]


def _compute_crossing_points(begin: NDArray, end: NDArray, other_begin: NDArray, other_end: NDArray) -> NDArray:
    """Return (k, 2) the points where segments cross; all arrays have coordinates in m."""
    step, other_step = end - begin, other_end - other_begin
    with np.errstate(divide="ignore", invalid="ignore"):
        share = compute_cross_products(other_begin - begin, other_step) / compute_cross_products(step, other_step)
    # Segments on one line count as crossing in the middle of what they have in common.
    on_line = ~np.isfinite(share)
    squares = (step[on_line] ** 2).sum(axis=1)
    shares = [
        np.clip(((xy[on_line] - begin[on_line]) * step[on_line]).sum(axis=1) / squares, 0, 1)
        for xy in (other_begin, other_end)
    ]
    share[on_line] = (shares[0] + shares[1]) / 2
    return begin + np.clip(share, 0, 1)[:, None] * step


class _Boundary(NamedTuple):
    """How the rings of one layer run through the polygons of the other layer.

    ``segment``, ``enters`` (k,): segment of each crossing, and True if its ring enters a polygon there;
    ``inside_ring``, ``windings`` (i,): rings that begin inside a polygon, and how often its rings run around them.
    """

    segments: RingSegments
    segment: NDArray
    enters: NDArray
    inside_ring: NDArray
    windings: NDArray


class _Pairs(NamedTuple):
    """Pairs of polygons whose boundaries cross, or of which one begins inside the other.

    ``left_polygon``, ``right_polygon`` (p,): the polygons of each pair, as positions in their layers.
    ``boundaries``: the edges of the left polygons, and those of the right polygons. ``point`` (k, 2): coordinates of
    the crossings. ``ring_about`` (k,): for each crossing, a ring of the left polygon; area sums are computed about its
    first vertex, because digits would be lost about a point far away. ``pair`` (e,): for each term of `sum_areas`, the
    pair to which it belongs: the k crossings, then the rings inside a right polygon, of the left boundary; then the
    crossings and rings of the right boundary.
    """

    left_polygon: NDArray
    right_polygon: NDArray
    boundaries: tuple[_Boundary, _Boundary]
    pair: NDArray
    point: NDArray
    ring_about: NDArray

    def sum_areas(self, sums: tuple[RingSums, RingSums], until: Iterable[NDArray]) -> NDArray:
        """Return the (p,) areas (m²) of what each pair of polygons shares.

        ``sums``: sums along the rings of the left and of the right layer; ``until``: the sums from a ring's first
        vertex until each crossing, for both layers.
        """
        values = []
        for boundary, sums_of_layer, until_crossings in zip(self.boundaries, sums, until, strict=True):
            weight, inside_ring = boundary.segments.weight, boundary.inside_ring
            weight_of_crossing = weight[boundary.segments.ring[boundary.segment]]
            values.append(weight_of_crossing * np.where(boundary.enters, -until_crossings, until_crossings))
            values.append(boundary.windings * weight[inside_ring] * sums_of_layer.total[inside_ring])
        return np.bincount(self.pair, np.concatenate(values), minlength=len(self.left_polygon)) / 2


def _find_pairs(
    left: RingSegments,
    right: RingSegments,
    near_left: NDArray,
    near_right: NDArray,
    cancellation: Cancellation,
) -> _Pairs:
    """Return the pairs of polygons of both layers that share area or touch.

    ``near_left``, ``near_right`` (k,): positions of the polygons of the pairs to compare. Raise Cancelled.
    """
    i, j, ends, other_ends = _find_crossing_segments(
        left.run_boxes, right.run_boxes, near_left, near_right, 1, cancellation
    )
    left_polygon, right_polygon = left.polygon_of_ring[left.ring[i]], right.polygon_of_ring[right.ring[j]]
    left_ring, outer_right, left_windings = _locate_rings(left, right, near_left, near_right, 1, cancellation)
    right_ring, outer_left, right_windings = _locate_rings(right, left, near_right, near_left, -1, cancellation)
    of_left = np.concatenate([left_polygon, left.polygon_of_ring[left_ring], left_polygon, outer_left])
    of_right = np.concatenate([right_polygon, outer_right, right_polygon, right.polygon_of_ring[right_ring]])
    found, pair = np.unique(of_left.astype(np.int64) * len(right.shapes) + of_right, return_inverse=True)
    return _Pairs(
        found // len(right.shapes),
        found % len(right.shapes),
        (
            _Boundary(left, i, ends * right.weight[right.ring[j]] > 0, left_ring, left_windings),
            _Boundary(right, j, other_ends * left.weight[left.ring[i]] > 0, right_ring, right_windings),
        ),
        pair.ravel(),
        _compute_crossing_points(left.begin[i], left.end[i], right.begin[j], right.end[j]),
        left.first_ring[left_polygon],
    )


def _locate_rings(
    segments: RingSegments,
    other: RingSegments,
    polygon: NDArray,
    other_polygon: NDArray,
    moved: int,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray, NDArray]:
    """Return the rings that begin in a polygon of the other layer: three (i,) arrays.

    ``polygon``, ``other_polygon`` (k,): positions of the polygons of the pairs to compare; ``moved``: 1 if the layer of
    the rings is shifted by an infinitely small distance, −1 if the other one is. The arrays are ring, other polygon,
    and how often the rings of this polygon run around the ring's first vertex: once if the polygon is valid. Raise
    Cancelled.
    """
    boxes = other.run_boxes
    first_ring = segments.first_ring[polygon]
    # The rings of a polygon follow each other.
    ring_counts = np.bincount(segments.polygon_of_ring, minlength=len(segments.shapes))
    pair, ring = expand_ranges(first_ring, first_ring + ring_counts[polygon])
    outer = other_polygon[pair]
    begin, bounds = segments.sums.first_vertex[ring], boxes.boxes[:, boxes.root[outer]].T
    is_near = np.flatnonzero(((begin >= bounds[:, :2]) & (begin <= bounds[:, 2:])).all(axis=1))
    ring, outer, begin, bounds = ring[is_near], outer[is_near], begin[is_near], bounds[is_near]
    numbers = np.arange(len(ring))
    # The line goes to the nearest side of the polygon's box, and beyond it.
    side = np.abs(bounds - np.tile(begin, 2)).argmin(axis=1)
    end = begin.copy()
    end[numbers, side % 2] = bounds[numbers, side] + np.where(side < 2, -1.0, 1.0)
    lines = SegmentBoxes(
        np.stack([begin, end], axis=1).reshape(-1, 2), np.arange(len(ring) + 1) * 2, numbers, len(ring)
    )
    i, j, ends, _ = _find_crossing_segments(lines, boxes, numbers, outer, moved, cancellation)
    # A line ends outside.
    windings = -np.bincount(i // 2, ends * other.weight[other.ring[j]], minlength=len(ring))
    begins_inside = np.flatnonzero(windings)
    return ring[begins_inside], outer[begins_inside], windings[begins_inside]


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
        # Not the layers themselves: they would keep their segments, which take more memory than their shapes.
        rows, others = np.flatnonzero(undecided), np.flatnonzero(coarse_rows)
        selected, others_selected = Polygons(fine.shapes[rows]), Polygons(coarse.shapes[others])
        if are_signs_exact(selected, others_selected):
            summed = compute_intersection_areas(selected, others_selected, plane=plane, cancellation=cancellation)
            cut = SharedAreas(
                rows[summed.left],
                others[summed.right],
                summed.area,
                require_value(summed.drawn_area, "the areas on the ellipsoid"),
                FallbackLog(),
            )
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
