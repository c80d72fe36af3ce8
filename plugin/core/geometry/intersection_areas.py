# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that polygons of two layers share, computed without making the shapes of the shared pieces.

The boundary of a shared piece consists of the boundary of each polygon inside the other one. Its area is half the sum
of cross products along these chains of segments (Green's theorem). A chain ends where the boundaries cross. So only the
crossings are needed, and for each ring the polygons of the other layer in which it begins:

    2 · area = Σ over both polygons: Σ exits S − Σ entries S + (S of the whole ring, if its first vertex is inside)

S is the sum of cross products from the ring's first vertex to the crossing. Where vertices or edges coincide, the left
layer counts as moved by (ε, ε²) (`exact_sides`): the area is continuous, so its limit for ε → 0 is the area.

Where layers share most of their edges, `overlay` decides most pairs by that and is faster than this module. Where they
do not, this module is faster by the time that GEOS takes for each pair of polygons.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..parallel.threads import map_batches_in_threads
from .drawn_sums import get_drawn_sums
from .exact_sides import MAX_COORDINATE_M, compute_cross_products, find_sides
from .overlay_fallback import FallbackLog, overlay_polygon_pairs
from .polygons import Polygons, query_in_threads
from .ring_segments import RingSegments, move_and_round
from .ring_sums import RingSums
from .segment_boxes import expand_ranges, find_meeting_chains, find_meeting_segments
from .statutory_area import EqualAreaPlane, compute_drawn_area
from .tolerance import Tolerance

#: Crossings of a ring that are closer (m) are one place: their order is uncertain, their sum is not.
_SAME_PLACE_M = 1e-7
#: An area (m², plus a share of the larger polygon) that is only rounding: the polygons touch.
_TOUCH_M2, _TOUCH_SHARE = 1e-6, 1e-13
#: Pairs of polygons compared in one part of the work of threads, and pairs of chains compared at a time.
_POLYGON_PAIRS_PER_BATCH, _CHAIN_PAIRS_PER_BATCH = 4096, 20_000
#: If at most one vertex in this many is in a row near the other layer, only these rows are prepared, and not stored.
_FEW_VERTICES = 2
#: Vertices of a ring examined first, if it begins on the boundary of a polygon.
_FEW_POINTS = 8
#: Origins are whole multiples of this (m), so that layers of one county have the same.
_ORIGIN_STEP_M = 2.0**17


class IntersectionAreas(NamedTuple):
    """Areas that pairs of polygons share, sorted by row of the left and of the right layer.

    ``left``, ``right`` (k,): rows; ``area`` (k,): planar m², greater than 0; ``drawn_area`` (k,): m² on the ellipsoid
    within edges as drawn, None if no equal-area plane was given; ``fallback_log``: pairs that GEOS had to overlay by
    alternative methods, or could not.
    """

    left: NDArray
    right: NDArray
    area: NDArray
    drawn_area: NDArray | None
    fallback_log: FallbackLog


class _Crossings(NamedTuple):
    """Crossings of segments of two layers.

    ``left_segment``, ``right_segment`` (k,): the segments that cross; ``point`` (k, 2): the crossing; ``left_enters``
    (k,) bool: there the ring of the left segment enters the polygon of the right segment, otherwise it leaves it;
    ``right_enters`` (k,) bool: the same for the ring of the right segment.
    """

    left_segment: NDArray
    right_segment: NDArray
    point: NDArray
    left_enters: NDArray
    right_enters: NDArray


def compute_intersection_areas(
    left_polygons: Polygons | NDArray,
    right_polygons: Polygons | NDArray,
    *,
    tolerance: Tolerance,
    left_rows: NDArray | None = None,
    right_rows: NDArray | None = None,
    plane: EqualAreaPlane | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> IntersectionAreas:
    """Return the areas that polygons of two layers share, in the plane of their coordinates.

    Pairs that only touch are left out. Polygons of a layer may overlap each other, and may have holes and several
    parts. A pair whose crossings contradict each other is overlaid.

    Parameters
    ----------
    left_polygons, right_polygons
        `Polygons` (whose cached values are reused), or (n,) and (m,) valid polygons or None, in one plane in metres.
    left_rows, right_rows
        (n,), (m,) bool: the rows to compare; None for all.
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
        return IntersectionAreas(nothing, nothing, np.zeros(0), None if plane is None else np.zeros(0), FallbackLog())
    origin = _choose_origin(left_polygons)
    if not _is_in_range(left_polygons, right_polygons, origin):
        raise ValueError(f"coordinates are farther than {MAX_COORDINATE_M:.0f} m from the centre of the layer")
    near = _find_near_pairs(left_polygons, right_polygons, left_rows, right_rows, cancellation)
    (left, rows_of_left), (right, rows_of_right) = _make_segments(left_polygons, right_polygons, near, origin)
    positions = np.searchsorted(rows_of_left, near[0]), np.searchsorted(rows_of_right, near[1])
    pairs = _find_pairs(left, right, *positions, cancellation)
    area, is_doubtful = _compute_planar_areas(pairs, left, right)
    left_row, right_row = rows_of_left[pairs.left_polygon], rows_of_right[pairs.right_polygon]
    fallback_log = FallbackLog()
    i, j = left_row[is_doubtful], right_row[is_doubtful]
    shapes = overlay_polygon_pairs(
        shapely.intersection, left_polygons.shapes[i], right_polygons.shapes[j], i, j, tolerance, fallback_log
    )
    area[is_doubtful] = np.nan_to_num(shapely.area(shapes))
    shares_area = area > 0
    drawn_area = None
    if plane is not None:
        drawn_area = _compute_drawn_areas(pairs, left, right, plane)
        drawn_area[is_doubtful] = compute_drawn_area(shapes, plane.to_lonlat, cancellation)
        drawn_area = np.maximum(drawn_area[shares_area], 0.0)
    return IntersectionAreas(left_row[shares_area], right_row[shares_area], area[shares_area], drawn_area, fallback_log)


def are_signs_exact(left_polygons: Polygons, right_polygons: Polygons) -> bool:
    """Return True if no coordinate is farther from the centre of ``left_polygons`` than `MAX_COORDINATE_M`."""
    return (
        not len(left_polygons.present)
        or not len(right_polygons.present)
        or _is_in_range(left_polygons, right_polygons, _choose_origin(left_polygons))
    )


def _choose_origin(polygons: Polygons) -> NDArray:
    """Return the (2,) centre of a layer (m), rounded to multiples of `_ORIGIN_STEP_M`."""
    west, south, east, north = shapely.total_bounds(polygons.shapes[polygons.present])
    origin: NDArray = np.round(np.array([west + east, south + north]) / 2 / _ORIGIN_STEP_M) * _ORIGIN_STEP_M
    return origin


def _is_in_range(left_polygons: Polygons, right_polygons: Polygons, origin: NDArray) -> bool:
    """Return True if no coordinate of both layers is farther from the origin than `MAX_COORDINATE_M`."""
    bounds = np.concatenate(
        [shapely.total_bounds(polygons.shapes[polygons.present]) for polygons in (left_polygons, right_polygons)]
    )
    return bool(np.abs(bounds.reshape(-1, 2) - origin).max() <= MAX_COORDINATE_M)


def _find_near_pairs(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left_rows: NDArray | None,
    right_rows: NDArray | None,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right row with boxes that meet.

    ``left_rows``, ``right_rows`` (n,), (m,) bool: the rows to compare; None for all. Raise Cancelled.
    """
    if len(left_polygons.present) < len(right_polygons.present):
        right, left = _find_near_pairs(right_polygons, left_polygons, right_rows, left_rows, cancellation)
        return left, right
    selected = right_polygons.present
    if right_rows is not None:
        selected = selected[right_rows[selected]]
    bounds = shapely.bounds(right_polygons.shapes[selected])
    positions, left = left_polygons.find_pairs_meeting_bounds(bounds, cancellation)
    right = selected[positions]
    if left_rows is not None:
        left, right = left[left_rows[left]], right[left_rows[left]]
    return left, right


def _make_segments(
    left_polygons: Polygons, right_polygons: Polygons, near: tuple[NDArray, NDArray], origin: NDArray
) -> list[tuple[RingSegments, NDArray]]:
    """Return for either layer the segments with coordinates relative to one origin, on one grid, and their rows.

    ``near``: pairs of rows with boxes that meet. The rows ((k,), sorted) are at least those in these pairs.
    """
    layers = left_polygons, right_polygons
    found = [
        _get_segments(polygons, _sort_numbers(rows, len(polygons)), origin)
        for polygons, rows in zip(layers, near, strict=True)
    ]
    if all(segments.is_unrounded for segments, _ in found):
        return found
    no_origin = np.zeros(2)
    return [
        (RingSegments(move_and_round(polygons.shapes[rows], origin), no_origin, moved_by=-origin), rows)
        for polygons, (_, rows) in zip(layers, found, strict=True)
    ]


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


def _find_crossings(
    left: RingSegments, right: RingSegments, left_polygon: NDArray, right_polygon: NDArray, cancellation: Cancellation
) -> _Crossings:
    """Return all crossings of segments of pairs of polygons; the (k,) pairs have positions in two layers.

    Raise Cancelled.
    """
    left_boxes, right_boxes = left.run_boxes, right.run_boxes
    nothing = _select_crossings(left, right, np.zeros(0, dtype=int), np.zeros(0, dtype=int))

    def find_in_batch(batch: slice) -> _Crossings:
        """Return the crossings of the pairs of polygons in a slice."""
        left_chain, right_chain = find_meeting_chains(
            left_boxes, right_boxes, left_polygon[batch], right_polygon[batch], cancellation
        )
        found = [nothing]
        for start in range(0, len(left_chain), _CHAIN_PAIRS_PER_BATCH):
            cancellation.raise_if_cancelled()
            part = slice(start, start + _CHAIN_PAIRS_PER_BATCH)
            i, j = find_meeting_segments(left_boxes, right_boxes, left_chain[part], right_chain[part])
            found.append(_select_crossings(left, right, i, j))
        return _join_crossings(found)

    batches = map_batches_in_threads(find_in_batch, len(left_polygon), _POLYGON_PAIRS_PER_BATCH, cancellation)
    return _join_crossings([nothing, *batches])


def _join_crossings(parts: list[_Crossings]) -> _Crossings:
    return _Crossings(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _select_crossings(
    left: RingSegments, right: RingSegments, left_segments: NDArray, right_segments: NDArray
) -> _Crossings:
    """Return the crossings among (k,) pairs of segments; pairs that do not cross are dropped."""
    # Few of the pairs cross; coordinates are looked up once, and reduced with the pairs.
    ends_of_segments = [
        segments.xy[vertex]
        for segments, first in ((left, left_segments), (right, right_segments))
        for vertex in (first, first + 1)
    ]
    begin, end, other_begin, other_end = ends_of_segments
    begins, ends = find_sides(other_begin, other_end, begin, 1), find_sides(other_begin, other_end, end, 1)
    crosses = np.flatnonzero(begins != ends)
    begin, end, other_begin, other_end = (xy[crosses] for xy in ends_of_segments)
    other_begins, other_ends = find_sides(begin, end, other_begin, -1), find_sides(begin, end, other_end, -1)
    both_cross = np.flatnonzero(other_begins != other_ends)
    begin, end, other_begin, other_end = (xy[both_cross] for xy in (begin, end, other_begin, other_end))
    crosses, other_ends = crosses[both_cross], other_ends[both_cross]
    left_segments, right_segments, ends = left_segments[crosses], right_segments[crosses], ends[crosses]
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
    return _Crossings(
        left_segments,
        right_segments,
        begin + np.clip(share, 0, 1)[:, None] * step,
        ends * right.weight[right.ring[right_segments]] > 0,
        other_ends * left.weight[left.ring[left_segments]] > 0,
    )


class _Boundary(NamedTuple):
    """How the rings of one layer run through the polygons of the other layer.

    ``segment``, ``enters`` (k,): segment of each crossing, and True if its ring enters a polygon there; ``inside_ring``
    (i,): rings that begin inside a polygon; ``pair_key`` (k + i,): left polygon × number of right polygons + right
    polygon, of each crossing and then of each ring in ``inside_ring``.
    """

    segments: RingSegments
    segment: NDArray
    enters: NDArray
    inside_ring: NDArray
    pair_key: NDArray


class _Pairs(NamedTuple):
    """Pairs of polygons whose boundaries cross, or of which one begins inside the other.

    ``left_polygon``, ``right_polygon`` (p,): the polygons of each pair, as positions in their layers.
    ``is_contradictory`` (p,) bool: the order of the crossings contradicts itself, or a ring cannot be located.
    ``boundaries``: the edges of the left polygons, and those of the right polygons. ``point`` (k, 2): coordinates of
    the crossings. ``ring_about`` (k,): for each crossing, a ring of the left polygon; area sums are computed about its
    first vertex, because digits would be lost about a point far away. ``pair`` (e,): for each term of `sum_areas`, the
    pair to which it belongs: the k crossings, then the rings inside a right polygon, of the left boundary; then the
    crossings and rings of the right boundary.
    """

    left_polygon: NDArray
    right_polygon: NDArray
    is_contradictory: NDArray
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
            values.append(weight[inside_ring] * sums_of_layer.total[inside_ring])
        return np.bincount(self.pair, np.concatenate(values), minlength=len(self.left_polygon)) / 2


def _compute_planar_areas(pairs: _Pairs, left: RingSegments, right: RingSegments) -> tuple[NDArray, NDArray]:
    """Return the (p,) shared areas of pairs in m², 0 where they only touch; and (p,) bool: GEOS must overlay."""
    # About a vertex of each pair's left polygon, because digits would be lost about a point far away.
    about = left.first_vertex[pairs.ring_about]
    until = [side.segments.sums.sum_until(side.segment, pairs.point, about) for side in pairs.boundaries]
    area = pairs.sum_areas((left.sums, right.sums), until)
    areas = left.polygon_areas[pairs.left_polygon], right.polygon_areas[pairs.right_polygon]
    noise = _TOUCH_M2 + _TOUCH_SHARE * np.maximum(*areas)
    is_doubtful = pairs.is_contradictory | (area < -noise) | (area > np.minimum(*areas) + noise)
    return np.where(area > noise, area, 0.0), is_doubtful


def _compute_drawn_areas(pairs: _Pairs, left: RingSegments, right: RingSegments, plane: EqualAreaPlane) -> NDArray:
    """Return the (p,) shared areas of pairs in m² on the ellipsoid, within edges as drawn."""
    sums = get_drawn_sums(left, plane), get_drawn_sums(right, plane)
    crossing = pairs.point + left.plane_origin
    projected, about = plane.project(plane.convert_to_radians(crossing)), sums[0].first_vertex[pairs.ring_about]
    until = [
        sums_of_layer.sum_until_crossings(side.segment, crossing, projected, about)
        for sums_of_layer, side in zip(sums, pairs.boundaries, strict=True)
    ]
    return pairs.sum_areas(sums, until)


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
    crossings = _find_crossings(left, right, near_left, near_right, cancellation)
    rows_left, rows_right = np.zeros(len(left.shapes), dtype=bool), np.zeros(len(right.shapes), dtype=bool)
    rows_left[near_left] = rows_right[near_right] = True
    left_ring, right_ring = left.ring[crossings.left_segment], right.ring[crossings.right_segment]
    left_polygon, right_polygon = left.polygon_of_ring[left_ring], right.polygon_of_ring[right_ring]
    of_crossings = _make_pair_keys(left_polygon, right_polygon, right)
    boundaries, contradictory_pairs = [], []
    for segments, other, segment, ring, other_polygon, enters, rows, other_rows in (
        (left, right, crossings.left_segment, left_ring, right_polygon, crossings.left_enters, rows_left, rows_right),
        (right, left, crossings.right_segment, right_ring, left_polygon, crossings.right_enters, rows_right, rows_left),
    ):
        position = segments.length_before[segment] + np.hypot(*(crossings.point - segments.begin[segment]).T)
        inside, decided, contradictory = _find_beginnings(ring, other_polygon, position, enters, len(other.shapes))
        located, unknown = _locate_rings(segments, other, decided, rows, other_rows, cancellation)
        inside, contradictory = np.concatenate([inside, located]), np.concatenate([contradictory, unknown])
        pair_keys = []
        for ring_keys in (inside, contradictory):
            own, others = segments.polygon_of_ring[ring_keys // len(other.shapes)], ring_keys % len(other.shapes)
            of_left, of_right = (own, others) if segments is left else (others, own)
            pair_keys.append(_make_pair_keys(of_left, of_right, right))
        inside_ring = inside // len(other.shapes)
        boundaries.append(_Boundary(segments, segment, enters, inside_ring, np.append(of_crossings, pair_keys[0])))
        contradictory_pairs.append(pair_keys[1])
    of_left, of_right = boundaries
    entry_keys, contradictory = np.append(of_left.pair_key, of_right.pair_key), np.concatenate(contradictory_pairs)
    # A pair without an entry may be contradictory.
    found, pair = np.unique(np.append(entry_keys, contradictory), return_inverse=True)
    return _Pairs(
        found // len(right.shapes),
        found % len(right.shapes),
        np.isin(found, contradictory),
        (of_left, of_right),
        pair.ravel()[: len(entry_keys)],
        crossings.point,
        left.first_ring[left_polygon],
    )


def _make_pair_keys(left_polygon: NDArray, right_polygon: NDArray, right: RingSegments) -> NDArray:
    """Return one number for each pair of polygons: left × number of right polygons + right."""
    pair_keys: NDArray = left_polygon.astype(np.int64) * len(right.shapes) + right_polygon
    return pair_keys


def _find_beginnings(
    ring: NDArray, polygon: NDArray, position: NDArray, enters: NDArray, polygon_count: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Return pairs of a ring and a polygon of the other layer, by where the ring begins.

    A ring begins inside a polygon if its first crossing leaves the polygon. Crossings at one place count together.
    ``ring``, ``polygon``, ``position``, ``enters`` (k,): for each crossing the ring, the polygon of the other layer,
    the place along the ring (m), and whether the ring enters there.

    Returns three arrays of keys (ring × ``polygon_count`` + polygon): pairs of which the ring begins inside; pairs that
    the crossings decide; pairs whose crossings contradict each other, since a ring must leave and enter a polygon by
    turns.
    """
    key = ring.astype(np.int64) * polygon_count + polygon
    order = np.lexsort((position, key))
    key, position, step = key[order], position[order], np.where(enters[order], -1, 1)
    begins_place = np.append(True, (key[1:] != key[:-1]) | (np.diff(position) > _SAME_PLACE_M))[: len(key)]
    net = np.bincount(np.cumsum(begins_place) - 1, step) if len(key) else np.zeros(0)
    place_key = key[begins_place][net != 0]
    net = net[net != 0]
    is_first = np.append(True, place_key[1:] != place_key[:-1])[: len(place_key)]
    is_repeated = (place_key[1:] == place_key[:-1]) & (net[1:] == net[:-1])
    contradictory = np.concatenate([place_key[1:][is_repeated], place_key[np.abs(net) > 1]])
    decided = place_key[is_first]
    return decided[net[is_first] > 0], decided, contradictory


def _locate_rings(
    segments: RingSegments,
    other: RingSegments,
    decided: NDArray,
    rows: NDArray,
    other_rows: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return keys (ring × number of polygons + polygon) of rings inside a polygon whose boundary they do not cross.

    ``decided``: sorted keys of rings that cross the polygon's boundary. The second result has the keys of rings of
    which all examined points are on the boundary, so that their place is unknown. Raise Cancelled.
    """
    all_rings, tree = np.arange(len(segments.polygon_of_ring)), segments.vertex_tree
    selected = np.flatnonzero(other_rows)
    key = _find_pairs_by_points(tree, all_rings, other, selected, "intersects", cancellation)
    key = key[rows[segments.polygon_of_ring[key // len(other.shapes)]] & ~_mask_listed(key, decided)]
    selected = _sort_numbers(key % len(other.shapes), len(other.shapes))
    inner_key = _find_pairs_by_points(tree, all_rings, other, selected, "contains_properly", cancellation)
    is_inside = _mask_listed(key, np.sort(inner_key))
    located, unknown = _locate_rings_from_boundary(segments, other, key[~is_inside], cancellation)
    return np.append(key[is_inside], located), unknown


def _find_pairs_by_points(
    tree: shapely.STRtree,
    ring_of_point: NDArray,
    other: RingSegments,
    selected: NDArray,
    predicate: str,
    cancellation: Cancellation,
) -> NDArray:
    """Return keys (ring × number of polygons + polygon) of rings of which a polygon contains a point.

    ``tree``: of the points; ``ring_of_point``: ring of each point; ``selected``: polygons of ``other`` to compare;
    ``predicate``: the spatial predicate, from polygon to point. The tree prepares a polygon for its query and no
    longer: prepared polygons must not be shared by threads.
    """
    polygon, point = query_in_threads(tree, other.shapes[selected], predicate=predicate, cancellation=cancellation)
    # NumPy before version 2 counts with 32 bits on Windows.
    keys: NDArray = ring_of_point[point].astype(np.int64) * len(other.shapes) + selected[polygon]
    return keys


def _locate_rings_from_boundary(
    segments: RingSegments, other: RingSegments, keys: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return keys of rings inside a polygon, and keys of rings all examined points of which are on its boundary.

    ``keys`` (k,): rings that begin on the boundary of a polygon without crossing it, as in `_locate_rings`. All points
    off the boundary are on one side of it, so a few vertices decide most rings. For the others the vertices and the
    middles of all segments count: the greater number decides, since a middle is rounded.
    """
    ring = _sort_numbers(keys // len(other.shapes), len(segments.polygon_of_ring))
    first, count = segments.ring_starts[ring], np.diff(segments.ring_starts)[ring] - 1
    shares = np.arange(1, _FEW_POINTS + 1) / (_FEW_POINTS + 1)
    vertex = first[:, None] + (shares * count[:, None]).astype(int)
    points = segments.xy[vertex.ravel()]
    inside, outside = _count_points(segments, other, keys, np.repeat(ring, _FEW_POINTS), points, cancellation)
    is_decided = (inside > 0) != (outside > 0)
    further = keys[~is_decided]
    ring = _sort_numbers(further // len(other.shapes), len(segments.polygon_of_ring))
    n, segment = expand_ranges(segments.ring_starts[ring], segments.ring_starts[ring + 1] - 1)
    middles = (segments.begin[segment] + segments.end[segment]) / 2
    points = np.concatenate([segments.begin[segment], middles])
    more_inside, more_outside = _count_points(segments, other, further, np.tile(ring[n], 2), points, cancellation)
    located = np.append(keys[is_decided & (inside > 0)], further[more_inside > more_outside])
    return located, further[more_inside == more_outside]


def _count_points(
    segments: RingSegments,
    other: RingSegments,
    keys: NDArray,
    ring_of_point: NDArray,
    points: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return two (k,) arrays: how many points of a ring are inside a polygon, and how many outside.

    ``keys`` (k,): ring and polygon, as in `_locate_rings`; ``ring_of_point`` (p,): ring of each point; ``points``
    (p, 2): in the coordinates of the segments.
    """
    tree = shapely.STRtree(shapely.points(points + segments.origin))
    point_count = np.bincount(ring_of_point, minlength=len(segments.polygon_of_ring))
    selected = _sort_numbers(keys % len(other.shapes), len(other.shapes))
    inside, meeting = (
        _find_values_of_keys(
            *np.unique(
                _find_pairs_by_points(tree, ring_of_point, other, selected, predicate, cancellation),
                return_counts=True,
            ),
            keys,
        )
        for predicate in ("contains_properly", "intersects")
    )
    return inside, point_count[keys // len(other.shapes)] - meeting


def _sort_numbers(numbers: NDArray, count: int) -> NDArray:
    """Return the sorted numbers, each once; all are less than ``count``. Its time grows with their number only."""
    is_listed = np.zeros(count, dtype=bool)
    is_listed[numbers] = True
    return np.flatnonzero(is_listed)


def _mask_listed(keys: NDArray, sorted_keys: NDArray) -> NDArray:
    """Return (k,) bool: keys that are among the sorted keys."""
    return _find_values_of_keys(sorted_keys, np.ones(len(sorted_keys), dtype=int), keys) > 0


def _find_values_of_keys(sorted_keys: NDArray, values: NDArray, keys: NDArray) -> NDArray:
    """Return the (k,) value of each key; 0 for a key that ``sorted_keys`` does not have."""
    if not len(sorted_keys):
        return np.zeros(len(keys), dtype=int)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    found: NDArray = np.where(sorted_keys[place] == keys, values[place], 0)
    return found
