# SPDX-License-Identifier: GPL-2.0-or-later
"""Find defects of single polygons: spikes, acute angles, repeated vertices, narrow places; and test their width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..base.parallel.threads import apply_in_threads
from .polygon_rings import PolygonRings, extract_rings, iterate_batches
from .validity import extract_polygons, mask_missing_shapes

#: Reach of a corner in units of its width: down to 10°.
CORNER_MITRE_LIMIT = 1 / np.sin(np.radians(5))
#: GEOS leaves out vertices nearer than this share of a buffer's distance: its results are off by as much.
BUFFER_ERROR_SHARE = 0.01


class CornerDefects(NamedTuple):
    """Vertices of polygons at which a defect was found.

    ``polygon_row`` (k,): position of the polygon; ``vertex_xy`` (k, 2): the vertex, m; ``angle_or_distance`` (k,): the
    angle at the vertex in degrees, or the distance to the next vertex in m.
    """

    polygon_row: NDArray
    vertex_xy: NDArray
    angle_or_distance: NDArray


def find_sharp_corners(
    shapes: NDArray, max_degrees: float, same_m: float = 0.0, *, cancellation: Cancellation = NEVER_CANCELLED
) -> CornerDefects:
    """Find vertices with an angle below ``max_degrees`` degrees (尖锐角); a spike has angle 0.

    ``shapes``: (n,) polygons, multipolygons or None in a plane, m, valid or not. Consecutive vertices up to ``same_m``
    m apart count as one. ``angle_or_distance`` of the result is the angle.
    """
    corner_batches: list[tuple[NDArray, NDArray, NDArray]] = []
    for row_of_ring, xy, ring_starts in _iterate_rings(shapes, cancellation):
        row, xy, ring_starts = _select_candidates(row_of_ring, xy, ring_starts, max_degrees, same_m)
        previous_xy, next_xy, ring = _find_neighbours(xy, ring_starts, same_m)
        if not len(ring):
            continue
        to_previous, to_next = previous_xy - xy[ring], next_xy - xy[ring]
        angle = np.degrees(
            np.abs(
                np.arctan2(
                    to_previous[:, 0] * to_next[:, 1] - to_previous[:, 1] * to_next[:, 0],
                    (to_previous * to_next).sum(axis=1),
                )
            )
        )
        sharp = angle < max_degrees
        corner_batches.append((row[ring[sharp]], xy[ring[sharp]], angle[sharp]))
    return _sort_corners(corner_batches)


def _select_candidates(
    row_of_ring: NDArray, xy: NDArray, ring_starts: NDArray, max_degrees: float, same_m: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Return row of each vertex, vertices and ring starts of only those rings that may have a sharp corner.

    Sharp is an angle below ``max_degrees``. Rings with vertices up to ``same_m`` m apart are included, because these
    may hide a sharp corner.
    """
    if max_degrees >= 45:
        return np.repeat(row_of_ring, np.diff(ring_starts)), xy, ring_starts
    x, y = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    # The edge before each vertex; the first vertex of a ring follows its last edge.
    last_edges = ring_starts[1:] - 2
    x_before, y_before = np.concatenate([x[-1:], x]), np.concatenate([y[-1:], y])
    x_before[ring_starts[:-1]], y_before[ring_starts[:-1]] = x[last_edges], y[last_edges]
    x_before, y_before = x_before[:-1], y_before[:-1]
    dot_product = -(x_before * x + y_before * y)
    cross_product = np.abs(x_before * y - y_before * x)
    is_candidate = cross_product <= np.tan(np.radians(max_degrees)) * (1 + 1e-9) * dot_product
    is_candidate |= (np.hypot(x, y) <= same_m) | (np.hypot(x_before, y_before) <= same_m)
    # The closing vertex has no angle: the value there belongs to two rings.
    is_candidate[ring_starts[1:-1] - 1] = False
    chosen_rings = np.zeros(len(ring_starts) - 1, dtype=bool)
    chosen_rings[np.searchsorted(ring_starts, np.flatnonzero(is_candidate), side="right") - 1] = True
    sizes = np.diff(ring_starts)
    return (
        np.repeat(row_of_ring[chosen_rings], sizes[chosen_rings]),
        xy[np.repeat(chosen_rings, sizes)],
        np.concatenate([[0], np.cumsum(sizes[chosen_rings])]),
    )


def find_near_vertices(
    shapes: NDArray, distance_m: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> CornerDefects:
    """Find consecutive vertices less than ``distance_m`` m apart, equal ones included.

    The closing vertex of a ring is not counted. ``angle_or_distance`` of the result is the distance in m.
    """
    corner_batches: list[tuple[NDArray, NDArray, NDArray]] = []
    for row_of_ring, xy, ring_starts in _iterate_rings(shapes, cancellation):
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        is_ring_end = np.zeros(len(xy), dtype=bool)
        is_ring_end[ring_starts[1:] - 1] = True
        # Nearly all vertices are farther apart along one axis.
        near = np.flatnonzero((np.abs(np.diff(x)) < distance_m) & (np.abs(np.diff(y)) < distance_m) & ~is_ring_end[:-1])
        distances = np.hypot(x[near + 1] - x[near], y[near + 1] - y[near])
        near, distances = near[distances < distance_m], distances[distances < distance_m]
        row = row_of_ring[np.searchsorted(ring_starts, near, side="right") - 1]
        corner_batches.append((row, xy[near], distances))
    return _sort_corners(corner_batches)


def _iterate_rings(shapes: NDArray, cancellation: Cancellation) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Yield batches of rings as (row of each ring, (v, 2) vertices, ring starts). Raise Cancelled."""
    polygon_rows = np.flatnonzero(~mask_missing_shapes(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6)))
    for batch in cancellation.watch(iterate_batches(shapes[polygon_rows])):
        batch_rings = extract_rings(shapes[polygon_rows[batch]])
        yield polygon_rows[batch][batch_rings.polygon_of_ring], batch_rings.xy, batch_rings.ring_starts


def _find_neighbours(xy: NDArray, ring_starts: NDArray, same_m: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return the distinct vertices before and after each corner, (k, 2) each, and the corners' positions, (k,).

    A vertex is distinct if it is more than ``same_m`` m from the one before it. Rings with fewer than three distinct
    vertices have no corner.
    """
    is_distinct = np.ones(len(xy), dtype=bool)
    is_distinct[1:] = np.hypot(*np.diff(xy, axis=0).T) > same_m
    is_distinct[ring_starts[:-1]] = True
    distinct_positions = np.flatnonzero(is_distinct)
    ring = np.searchsorted(ring_starts, distinct_positions, side="right") - 1
    # Rings that are a point, or a line there and back between two vertices, have no angle.
    size = np.bincount(ring, minlength=len(ring_starts) - 1)
    distinct_positions, ring = distinct_positions[size[ring] > 2], ring[size[ring] > 2]
    if not len(distinct_positions):
        return np.zeros((0, 2)), np.zeros((0, 2)), distinct_positions
    is_first = np.r_[True, ring[1:] != ring[:-1]]
    is_last = np.r_[is_first[1:], True]
    ends = np.flatnonzero(is_last)
    ring_number = np.cumsum(is_first) - 1
    position = np.arange(len(distinct_positions))
    # The closing vertex repeats the first: the first one's predecessor is the one before it, and it has no corner.
    previous_position = np.where(is_first, ends[ring_number] - 1, position - 1)
    corner = ~is_last
    next_position = position + 1
    return (
        xy[distinct_positions[previous_position[corner]]],
        xy[distinct_positions[np.minimum(next_position, len(distinct_positions) - 1)[corner]]],
        distinct_positions[corner],
    )


def _sort_corners(corner_batches: list[tuple[NDArray, NDArray, NDArray]]) -> CornerDefects:
    """Return batches of (polygon row, vertex, angle or distance) as one result, sorted by polygon."""
    if not corner_batches:
        return CornerDefects(np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros(0))
    row, point, measure = (np.concatenate(columns) for columns in zip(*corner_batches, strict=True))
    order = np.argsort(row, kind="stable")
    return CornerDefects(row[order], point[order], measure[order])


def find_narrow_places(
    shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[NDArray, NDArray]:
    """Find the places of valid polygons that are narrower than ``width`` m.

    A disc of that diameter cannot reach them: they are necks, arms and spikes. Corners of 10° or more are left out,
    although a disc cannot reach them either; another rule finds acute angles (GEO005).

    Returns
    -------
    rows : (k,) int
        Position of the polygon of each place.
    places : (k,) polygons
        The connected narrow places.
    """
    candidate_rows = np.flatnonzero(
        ~mask_missing_shapes(shapes) & ~mask_surely_wide_polygons(shapes, width, cancellation=cancellation)
    )

    def subtract_reached_land(polygons: NDArray) -> NDArray:
        """Return (n,) the land of each polygon that no disc of ``width`` m inside it reaches."""
        core = _drop_inverted_cores(shapely.buffer(polygons, -width / 2, join_style="mitre"), polygons, width)
        reached = shapely.buffer(core, width / 2 * 1.001, join_style="mitre", mitre_limit=CORNER_MITRE_LIMIT)
        return shapely.difference(polygons, reached)

    unreached = apply_in_threads(subtract_reached_land, shapes[candidate_rows], cancellation=cancellation)
    with_land = shapely.area(unreached) > 0
    land = np.array([extract_polygons(one) for one in unreached[with_land]], dtype=object)
    places, owner = shapely.get_parts(land, return_index=True)
    area, length = shapely.area(places), shapely.length(places)
    # The rest of an ordinary corner is small compared with the disc; a thin sliver is an inaccuracy of the buffer.
    is_arm = (area > width * width / 4) | (length > 4 * width)
    is_arm &= 2 * area > BUFFER_ERROR_SHARE * width / 2 * length
    return candidate_rows[with_land][owner[is_arm]], places[is_arm]


def _drop_inverted_cores(cores: NDArray, polygons: NDArray, width: float) -> NDArray:
    """Return (n,) the places in each polygon that are at least half of ``width`` m from its boundary.

    GEOS turns a nearly round polygon that is slightly narrower inside out instead of leaving nothing of it. ``cores``:
    what GEOS leaves of the polygons.
    """
    rows = np.flatnonzero(~shapely.is_empty(cores) & (shapely.area(cores) < width * width))
    parts, owner = shapely.get_parts(cores[rows], return_index=True)
    distances = shapely.distance(shapely.point_on_surface(parts), shapely.boundary(polygons[rows])[owner])
    is_core, cores = distances >= width / 2 * (1 - BUFFER_ERROR_SHARE), cores.copy()
    for n in np.unique(owner[~is_core]).tolist():
        cores[rows[n]] = shapely.multipolygons(parts[is_core & (owner == n)])
    return cores


#: Maximum difference of directions over a short path, in degrees.
MAX_DIRECTION_SPREAD = 120.0
#: The same between two long edges.
MAX_EDGE_TURN = 150.0
#: Length of a short path, in widths. Along longer paths, neighbouring sides (`MAX_SIDES_TURN`) are more than a width
#: apart.
SHORT_PATH_WIDTHS = 6.25
#: Sharper turns (degrees) into the polygon push its inner parallel too far off.
MAX_INWARD_TURN = 96.0
#: Degrees by which a boundary turns at a corner.
CORNER_TURN = 45.0
#: Maximum differences of directions on a short side, and on two or more consecutive sides, in degrees.
MAX_SIDE_TURN, MAX_SIDES_TURN = 60.0, 150.0
#: Minimum distance of other sides, in widths.
MIN_SIDE_DISTANCE = 1.5
#: Maximum number of steps along the boundary, and of sides of a ring; beyond them the result is unknown.
_MAX_STEPS, _MAX_SIDES = 16, 64


def mask_surely_wide_polygons(
    shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) bool: valid polygons that are surely nowhere narrower than ``width`` m.

    False means unknown, as for polygons with holes or several parts, with very short edges, or with very many sides.
    Raise Cancelled.
    """
    is_wide = np.zeros(len(shapes), dtype=bool)
    candidate_rows = np.flatnonzero(~mask_missing_shapes(shapes))
    is_simple = shapely.get_num_geometries(shapes[candidate_rows]) == 1
    is_simple &= shapely.get_num_interior_rings(shapely.get_geometry(shapes[candidate_rows], 0)) == 0
    candidate_rows = candidate_rows[is_simple]

    def mask_wide_batches(polygons: NDArray) -> NDArray:
        """Return (n,) bool: polygons without holes that are surely wide."""
        are_wide = np.zeros(len(polygons), dtype=bool)
        for batch in iterate_batches(polygons):
            batch_rings = extract_rings(polygons[batch])
            are_wide[batch.start + batch_rings.polygon_of_ring[_mask_wide_rings(batch_rings, width)]] = True
        return are_wide

    is_wide[candidate_rows] = apply_in_threads(mask_wide_batches, shapes[candidate_rows], cancellation=cancellation)
    return is_wide


def _mask_wide_rings(polygon_rings: PolygonRings, width: float) -> NDArray:
    """Return (r,) bool: rings that are surely wide, one ring for each polygon."""
    count = np.diff(polygon_rings.ring_starts) - 1
    # The closing vertex begins no segment.
    start = np.delete(np.arange(len(polygon_rings.xy)), polygon_rings.ring_starts[1:] - 1)
    ring = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    next_segment = np.arange(1, len(start) + 1)
    next_segment[first + count - 1] = first
    # As separate arrays: NumPy reads every second number of an array at half the speed.
    x, y = (np.ascontiguousarray(column) for column in polygon_rings.xy.T)
    start_x, start_y, end_x, end_y = x[start], y[start], x[start + 1], y[start + 1]
    step_x, step_y = end_x - start_x, end_y - start_y
    length = np.hypot(step_x, step_y)
    is_wide = np.ones(len(count), dtype=bool)
    is_wide[ring[length == 0]] = False
    # The turn after each segment, in degrees; left is positive.
    next_x, next_y = step_x[next_segment], step_y[next_segment]
    turn = np.degrees(np.arctan2(step_x * next_y - step_y * next_x, step_x * next_x + step_y * next_y))
    # Seen from inside, a ring drawn clockwise turns the other way.
    turn *= np.where(np.add.reduceat(turn, first) < 0, -1.0, 1.0)[ring]
    is_wide[ring[(turn > MAX_EDGE_TURN) | (turn < -MAX_INWARD_TURN)]] = False
    # At an acute corner both edges must continue straight beyond the reach of anything near the corner.
    acute = np.flatnonzero(turn > MAX_DIRECTION_SPREAD)
    is_short = np.minimum(length[acute], length[next_segment[acute]]) <= SHORT_PATH_WIDTHS * width
    is_wide[ring[acute[is_short]]] = False
    is_wide &= _mask_rings_with_little_spread(ring, next_segment, length, turn, SHORT_PATH_WIDTHS * width, is_wide)
    if is_wide.any():
        # Direction of a segment relative to the ring's first, as the sum of turns.
        total_turn = np.concatenate([[0.0], np.cumsum(turn)[:-1]])
        direction = total_turn - np.repeat(total_turn[first], count)
        segments = _Segments(ring, start_x, start_y, end_x, end_y, direction)
        # Consecutive sides may touch, but must not turn back. Long sides from corner to corner decide most rings;
        # other rings are divided next to corners, then at every larger turn. Only wide rings are tested.
        distance = MIN_SIDE_DISTANCE * width
        is_distant = np.zeros(len(is_wide), dtype=bool)
        for find_starts in (_mask_starts_at_corners, _mask_starts_next_to_corners, _mask_starts_at_turns):
            is_tested = (is_wide & ~is_distant)[segments.ring]
            if not is_tested.all():
                segments = _Segments(*(column[is_tested] for column in segments))
            if not len(segments.ring):
                break
            starts_side = np.ones(len(segments.ring), dtype=bool)
            starts_side[1:] = (segments.ring[1:] != segments.ring[:-1]) | find_starts(segments.direction)
            is_distant |= _check_side_distances(segments, np.flatnonzero(starts_side), distance, len(is_wide))
        is_wide &= is_distant
    return is_wide


def _mask_rings_with_little_spread(
    ring: NDArray, next_segment: NDArray, length: NDArray, turn: NDArray, path_m: float, candidates: NDArray
) -> NDArray:
    """Return (r,) bool: rings whose directions differ little along every short path.

    Directions within ``path_m`` m of boundary differ by at most `MAX_DIRECTION_SPREAD` degrees. ``candidates`` (r,)
    bool: the rings to test.
    """
    is_little = candidates.copy()
    path_start = np.flatnonzero(candidates[ring])
    path_end, path_length, total_turn = next_segment[path_start], np.zeros(len(path_start)), turn[path_start]
    for _ in range(_MAX_STEPS):
        path_length = path_length + length[path_end]
        continues = path_length <= path_m
        path_start, path_end, path_length, total_turn = (
            path_start[continues],
            path_end[continues],
            path_length[continues],
            total_turn[continues],
        )
        total_turn = total_turn + turn[path_end]
        path_end = next_segment[path_end]
        is_little[ring[path_start[np.abs(total_turn) > MAX_DIRECTION_SPREAD]]] = False
        if not len(path_start):
            return is_little
    is_little[ring[path_start]] = False
    return is_little


class _Segments(NamedTuple):
    """(k,) segments of rings, ring after ring.

    ``ring``: ring of each; ``start_x`` to ``end_y``: its ends, m; ``direction``: its direction relative to the ring's
    first segment, degrees, as the sum of the turns between.
    """

    ring: NDArray
    start_x: NDArray
    start_y: NDArray
    end_x: NDArray
    end_y: NDArray
    direction: NDArray


def _mask_starts_at_corners(direction: NDArray) -> NDArray:
    """Return (k − 1,) bool: segments, from the second on, that begin a new side at a corner."""
    return np.abs(np.diff(direction)) > CORNER_TURN


def _mask_starts_next_to_corners(direction: NDArray) -> NDArray:
    """Return (k − 1,) bool: segments, from the second on, that begin a new side at or beside a corner."""
    corner = _mask_starts_at_corners(direction)
    begins = corner.copy()
    begins[1:] |= corner[:-1]
    begins[:-1] |= corner[1:]
    return begins


def _mask_starts_at_turns(direction: NDArray) -> NDArray:
    """Return (k − 1,) bool: segments, from the second on, that begin a new side at any larger turn."""
    return np.diff(np.floor(direction / MAX_SIDE_TURN + 0.5)) != 0


def _check_side_distances(segments: _Segments, side_start: NDArray, distance: float, ring_count: int) -> NDArray:
    """Return (r,) bool: rings whose sides, but for consecutive ones, are more than ``distance`` m apart.

    ``side_start`` (s,): the segments that begin a side. ``ring_count``: number of rings.
    """
    ring_of_side = segments.ring[side_start]
    side_counts = np.bincount(ring_of_side, minlength=ring_count)
    first_side = np.cumsum(side_counts) - side_counts
    side_in_ring = np.arange(len(side_start)) - first_side[ring_of_side]
    sides_of_ring = side_counts[ring_of_side]
    low, high = (bound.reduceat(segments.direction, side_start) for bound in (np.minimum, np.maximum))
    is_distant = (side_counts > 0) & (side_counts <= _MAX_SIDES)
    is_distant[ring_of_side[high - low > MAX_DIRECTION_SPREAD]] = False
    diagonal = np.sqrt(0.5)
    # A side runs from vertex to vertex, and on to the end of its last segment.
    last_segment = np.append(side_start[1:], len(segments.ring)) - 1
    side_end_x, side_end_y = segments.end_x[last_segment], segments.end_y[last_segment]
    extents = [
        (
            np.minimum(np.minimum.reduceat(start_value, side_start), end_value),
            np.maximum(np.maximum.reduceat(start_value, side_start), end_value),
        )
        for start_value, end_value in (
            (segments.start_x, side_end_x),
            (segments.start_y, side_end_y),
            (diagonal * segments.start_x + diagonal * segments.start_y, diagonal * side_end_x + diagonal * side_end_y),
            (diagonal * segments.start_x - diagonal * segments.start_y, diagonal * side_end_x - diagonal * side_end_y),
        )
    ]
    lowest, highest = low.copy(), high.copy()
    compared_sides = np.arange(len(side_start))
    for shift in range(1, _MAX_SIDES // 2 + 1):
        # A side that is no longer compared never is again.
        compared_sides = compared_sides[
            is_distant[ring_of_side[compared_sides]] & (2 * shift <= sides_of_ring[compared_sides])
        ]
        if not len(compared_sides):
            break
        wraps = side_in_ring[compared_sides] + shift >= sides_of_ring[compared_sides]
        other_side = compared_sides + shift - np.where(wraps, sides_of_ring[compared_sides], 0)
        full_turn = np.where(wraps, 360.0, 0.0)
        lowest[compared_sides] = np.minimum(lowest[compared_sides], low[other_side] + full_turn)
        highest[compared_sides] = np.maximum(highest[compared_sides], high[other_side] + full_turn)
        may_be_near = highest[compared_sides] - lowest[compared_sides] > MAX_SIDES_TURN
        if shift > 1:
            for lower_bound, upper_bound in extents:
                i, j = compared_sides[may_be_near], other_side[may_be_near]
                may_be_near[may_be_near] = (
                    np.maximum(lower_bound[i] - upper_bound[j], lower_bound[j] - upper_bound[i]) <= distance
                )
        is_distant[ring_of_side[compared_sides[may_be_near]]] = False
    return is_distant
