# SPDX-License-Identifier: GPL-2.0-or-later
"""Fast test for polygons that are wide everywhere, from their vertices.

A polygon is narrow where two points of its boundary are near each other and the path between them along the boundary is
long. Where directions along a stretch of boundary differ by at most an angle g < 180° (its spread), two points of it
are never nearer than cos(g / 2) times the path between them. So three conditions together rule out narrow places: a
small spread over every short path; neighbouring sides that do not turn back on each other; and a large distance between
all other sides.

A disc of radius r leaves at most r² (tan(g / 2) − g / 2) uncovered in a corner of 180° − g (g in radians), which for
`SPREAD` is less than r²: not an arm (`corners.find_narrow_parts`).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .linework import Rings, batches, rings
from .validity import is_missing

#: Maximum difference of directions over a short path, in degrees.
SPREAD = 120.0
#: The same between two long edges.
ACUTE = 150.0
#: A short path, in widths: neighbouring sides (`TURNED`) are within a width of each other only on a shorter one.
SHORT_WAY = 6.25
#: Sharper turns (degrees) into the polygon push its inner parallel too far off.
INWARD = 96.0
#: Degrees by which a boundary turns at a corner.
CORNER = 45.0
#: Maximum differences of directions on a short side, and on two or more consecutive sides, in degrees.
SIDE, TURNED = 60.0, 150.0
#: Minimum distance of other sides, in widths.
MIN_SIDE_DISTANCE = 1.5
#: Corners sharper than this (degrees turned) are not grown again.
SHARP = 168.0
#: Maximum deviation of an area (m²) for an equal number of edges.
EVEN_M2 = 1e-3
#: Maximum number of steps along the boundary, and of sides of a ring; beyond them the result is unknown.
_STEPS, _SIDES = 16, 64


def is_surely_wide(shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER) -> NDArray:
    """Return (n,) bool: valid polygons without a place narrower than ``width`` m.

    False means unknown: polygons with holes or several parts, with very short edges or very many sides.
    """
    wide = np.zeros(len(shapes), dtype=bool)
    present = np.flatnonzero(~is_missing(shapes))
    one = (shapely.get_num_geometries(shapes[present]) == 1) & (_list_holes(shapes[present]) == 0)
    present = present[one]
    for batch in batches(shapes[present]):
        cancellation.raise_if_cancelled()
        found = rings(shapes[present[batch]])
        rows = present[batch][found.shape]
        wide[rows[_is_wide(found, width)]] = True
    return wide


def shrunk_evenly(shapes: NDArray, shrunk: NDArray, by: float) -> NDArray:
    """Return (n,) bool: polygons that lost no edge when shrunk.

    Grown again, they are whole. ``shrunk``: (n,) polygons shrunk by ``by`` m (mitred). If every edge moves in and none
    is lost, the area shrinks by ``by`` × perimeter − ``by``² × the sum of tan(t / 2), t being the turns at the
    vertices. If one is lost, as in a neck or an arm, it does not.
    """
    found = rings(shapes)
    count = np.diff(found.at) - 1
    start, ring, first, after = _list_segments(found)
    step = found.xy[start + 1] - found.xy[start]
    turn = _measure_turns(step, after)
    # The interior is to the left of a shell drawn anticlockwise, and of a hole drawn clockwise.
    left = (np.add.reduceat(turn, first) > 0) != found.hole
    turn = np.where(left[ring], turn, -turn)
    row = found.shape[ring]
    lost = np.bincount(row, weights=np.tan(np.radians(turn) / 2), minlength=len(shapes)) * by * by
    even = np.bincount(row[np.abs(turn) > SHARP], minlength=len(shapes)) == 0
    even &= np.bincount(found.shape, weights=count == 0, minlength=len(shapes)) == 0
    expected = shapely.area(shapes) - by * shapely.length(shapes) + lost
    return even & (np.abs(shapely.area(shrunk) - expected) < EVEN_M2)


def _list_holes(shapes: NDArray) -> NDArray:
    """Return (n,) holes of the first part."""
    if (shapely.get_type_id(shapes) == 3).all():
        return shapely.get_num_interior_rings(shapes)
    return shapely.get_num_interior_rings(shapely.get_geometry(shapes, 0))


def _is_wide(found: Rings, width: float) -> NDArray:
    """Return (r,) bool: rings that are surely wide, each the only one of its polygon."""
    count = np.diff(found.at) - 1
    start, ring, first, after = _list_segments(found)
    a, b = found.xy[start], found.xy[start + 1]
    step = b - a
    length = np.hypot(step[:, 0], step[:, 1])
    wide = np.ones(len(count), dtype=bool)
    wide[ring[length == 0]] = False
    turn = _measure_turns(step, after)
    # Seen from inside, a ring drawn clockwise turns the other way.
    turn *= np.where(np.add.reduceat(turn, first) < 0, -1.0, 1.0)[ring]
    wide[ring[(turn > ACUTE) | (turn < -INWARD)]] = False
    # At an acute corner both edges must continue straight beyond the reach of anything near the corner.
    acute = np.flatnonzero(turn > SPREAD)
    short = np.minimum(length[acute], length[after[acute]]) <= SHORT_WAY * width
    wide[ring[acute[short]]] = False
    wide &= _has_little_spread(ring, after, length, turn, SHORT_WAY * width, wide)
    chosen = wide[ring]
    if chosen.any():
        wide &= _has_distant_sides(ring, first, a, b, turn, MIN_SIDE_DISTANCE * width, wide)
    return wide


def _list_segments(found: Rings) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return start vertex, ring, ring start and successor of each segment.

    The ring start is the first segment of each ring.
    """
    count = np.diff(found.at) - 1
    # The closing vertex begins no segment.
    start = np.delete(np.arange(len(found.xy)), found.at[1:] - 1)
    ring = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    after = np.arange(1, len(start) + 1)
    after[first + count - 1] = first
    return start, ring, first, after


def _measure_turns(step: NDArray, after: NDArray) -> NDArray:
    """Return (k,) degrees from each segment to the next, to the left positive."""
    ahead = step[after]
    cross = step[:, 0] * ahead[:, 1] - step[:, 1] * ahead[:, 0]
    return np.degrees(np.arctan2(cross, (step * ahead).sum(axis=1)))


def _has_little_spread(
    ring: NDArray, after: NDArray, length: NDArray, turn: NDArray, way: float, wide: NDArray
) -> NDArray:
    """Return (r,) bool: segments within ``way`` m differ by at most `SPREAD`."""
    little = wide.copy()
    begin = np.flatnonzero(wide[ring])
    end, between, turned = after[begin], np.zeros(len(begin)), turn[begin]
    for _ in range(_STEPS):
        between = between + length[end]
        on = between <= way
        begin, end, between, turned = begin[on], end[on], between[on], turned[on]
        turned = turned + turn[end]
        end = after[end]
        little[ring[begin[np.abs(turned) > SPREAD]]] = False
        if not len(begin):
            return little
    little[ring[begin]] = False
    return little


def _has_distant_sides(
    ring: NDArray, first: NDArray, a: NDArray, b: NDArray, turn: NDArray, distance: float, wide: NDArray
) -> NDArray:
    """Return (r,) bool: consecutive sides do not turn back, others are far apart.

    All other sides are more than ``distance`` m away. Long sides from corner to corner decide most rings; undecided
    rings are divided at the edges next to a corner, then into short sides.
    """
    # Direction of a segment relative to the ring's first, as the sum of turns.
    before = np.concatenate([[0.0], np.cumsum(turn)[:-1]])
    direction = before - before[first][ring]
    distant = np.zeros(len(wide), dtype=bool)
    for cut in (_cut_at_corners, _cut_next_to_corners, _cut_at_turns):
        some = (wide & ~distant)[ring]
        if not some.any():
            break
        opens = np.ones(int(some.sum()), dtype=bool)
        opens[1:] = (np.diff(ring[some]) != 0) | cut(direction[some])
        distant |= _has_distant(ring[some], opens, a[some], b[some], direction[some], distance, len(wide))
    return distant


def _cut_at_corners(direction: NDArray) -> NDArray:
    """Return (k − 1,) bool: segments, from the second on, that begin a side."""
    return np.abs(np.diff(direction)) > CORNER


def _cut_next_to_corners(direction: NDArray) -> NDArray:
    corner = _cut_at_corners(direction)
    begins = corner.copy()
    begins[1:] |= corner[:-1]
    begins[:-1] |= corner[1:]
    return begins


def _cut_at_turns(direction: NDArray) -> NDArray:
    return np.diff(np.floor(direction / SIDE + 0.5)) != 0


def _has_distant(
    ring: NDArray, opens: NDArray, a: NDArray, b: NDArray, direction: NDArray, distance: float, rings: int
) -> NDArray:
    """Return (r,) bool: rings whose sides meet the conditions of `_has_distant_sides`.

    ``opens``: segments that begin a side.
    """
    at = np.flatnonzero(opens)
    of = ring[at]
    many = np.bincount(of, minlength=rings)
    begins = np.cumsum(many) - many
    place = np.arange(len(at)) - begins[of]
    low, high = np.minimum.reduceat(direction, at), np.maximum.reduceat(direction, at)
    distant = (many > 0) & (many <= _SIDES)
    distant[of[high - low > SPREAD]] = False
    extents = _measure_extents(a, b, at)
    lowest, highest = low.copy(), high.copy()
    for shift in range(1, _SIDES // 2 + 1):
        some = np.flatnonzero(distant[of] & (2 * shift <= many[of]))
        if not len(some):
            break
        again = place[some] + shift >= many[of[some]]
        other = some + shift - np.where(again, many[of[some]], 0)
        more = np.where(again, 360.0, 0.0)
        lowest[some] = np.minimum(lowest[some], low[other] + more)
        highest[some] = np.maximum(highest[some], high[other] + more)
        near = highest[some] - lowest[some] > TURNED
        if shift > 1:
            for lower, upper in extents:
                i, j = some[near], other[near]
                near[near] = np.maximum(lower[i] - upper[j], lower[j] - upper[i]) <= distance
        distant[of[some[near]]] = False
    return distant


def _measure_extents(a: NDArray, b: NDArray, at: NDArray) -> list[tuple[NDArray, NDArray]]:
    """Return minimum and maximum of x, y and both diagonals of each side.

    (s,) each, m.
    """
    half = np.sqrt(0.5)
    # A side runs from vertex to vertex, and on to the end of its last segment.
    end = b[np.append(at[1:], len(a)) - 1]
    found = []
    for u, v in ((1.0, 0.0), (0.0, 1.0), (half, half), (half, -half)):
        p, q = u * a[:, 0] + v * a[:, 1] if u * v else np.ascontiguousarray(a[:, int(v)]), u * end[:, 0] + v * end[:, 1]
        found.append((np.minimum(np.minimum.reduceat(p, at), q), np.maximum(np.maximum.reduceat(p, at), q)))
    return found
