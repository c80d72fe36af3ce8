# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers that should fit edge to edge (面层覆盖): missing vertices, and gaps between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..cancellation import NEVER, Cancellation
from . import crs as crs_care
from .edge_densification import edge_deviations, ring_edges
from .linework import DRAWN_IN, Linework, rings
from .overlay_fallback import FallbackLog
from .parts import Parts, collect_parts
from .polygons import Polygons, union_rows
from .tolerance import Tolerance
from .validity import is_missing

#: Width of a grid cell in median segment lengths.
_SEGMENTS = 2.0
#: A segment that crosses more cells than this queries a tree.
_MOST_CELLS = 64
#: Pairs compared at a time.
_PAIRS = 1_000_000


def find_points_near_segments(
    points: NDArray, a: NDArray, b: NDArray, distance: float, cancellation: Cancellation = NEVER
) -> tuple[NDArray, NDArray]:
    """Find points near segments other than the points' own.

    Parameters
    ----------
    points : (k, 2) m
    a, b : (s, 2) m
        Ends of the segments.
    distance : m

    Returns
    -------
    Positions of points and of segments, by pairs.
    """
    low, high = np.minimum(a, b) - distance, np.maximum(a, b) + distance
    size = max(float(np.median(high - low)) * _SEGMENTS, 4 * distance, 1e-6)
    origin = low.min(axis=0)
    first, last = (((edge - origin) // size).astype(np.int64) for edge in (low, high))
    wide = (last - first + 1).prod(axis=1) > _MOST_CELLS
    i, j = _search_grid(points, low, high, (points - origin) // size, first, last, np.flatnonzero(~wide), cancellation)
    far = np.flatnonzero(wide)
    if len(far):
        tree = shapely.STRtree(shapely.points(points))
        boxes = shapely.box(low[far, 0], low[far, 1], high[far, 0], high[far, 1])
        cancellation.raise_if_cancelled()
        n, k = tree.query(boxes)
        i, j = np.concatenate([i, k]), np.concatenate([j, far[n]])
    other = (points[i] != a[j]).any(axis=1) & (points[i] != b[j]).any(axis=1)
    i, j = i[other], j[other]
    near = _measure_distance(points[i], a[j], b[j]) <= distance
    return i[near], j[near]


def _search_grid(
    points: NDArray,
    low: NDArray,
    high: NDArray,
    square: NDArray,
    first: NDArray,
    last: NDArray,
    some: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return points in the boxes of ``some`` segments, with those segments.

    ``low`` and ``high``: corners of the boxes; the segments cross the grid cells ``first`` to ``last``.
    """
    width = int(last[:, 0].max()) + 2
    square = square.astype(np.int64)
    inside = np.flatnonzero((square >= 0).all(axis=1) & (square[:, 0] < width))
    name = square[inside, 1] * width + square[inside, 0]
    order = np.argsort(name, kind="stable")
    inside, name = inside[order], name[order]
    # One row for each cell that each segment crosses.
    across, up = (last[some] - first[some] + 1).T
    crossed = across * up
    segment = np.repeat(some, crossed)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    across = np.repeat(across, crossed)
    asked = (first[segment, 1] + step // across) * width + first[segment, 0] + step % across
    begin, end = np.searchsorted(name, asked, side="left"), np.searchsorted(name, asked, side="right")
    there = np.flatnonzero(end > begin)
    found_i, found_j = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    total = np.cumsum(end[there] - begin[there])
    start = 0
    while start < len(there):
        cancellation.raise_if_cancelled()
        before = int(total[start - 1]) if start else 0
        stop = max(int(np.searchsorted(total, before + _PAIRS, side="right")), start + 1)
        part = there[start:stop]
        count = end[part] - begin[part]
        at = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin[part], count)
        i, j = inside[at], np.repeat(segment[part], count)
        kept = ((points[i] >= low[j]) & (points[i] <= high[j])).all(axis=1)
        found_i.append(i[kept])
        found_j.append(j[kept])
        start = stop
    return np.concatenate(found_i), np.concatenate(found_j)


def _measure_distance(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """Return (k,) distances in m from points to segments."""
    if not len(p):
        return np.zeros(0)
    return shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))


@dataclass
class Mismatches:
    """Places where two edges should meet in one vertex and do not.

    ``row`` (k,): the row of the edge; ``other`` (k,): the row of the vertex; ``point`` (k, 2): the vertex, m;
    ``distance`` (k,): from the edge, m. 0, or the rounding of doubles in a plane with zone prefix (1e-7), means that
    only the vertex is missing; more means that the edges differ. ``near_vertex`` (k,) bool: the edge has a vertex as
    near.
    """

    row: NDArray
    other: NDArray
    point: NDArray
    distance: NDArray
    near_vertex: NDArray

    def __len__(self) -> int:
        return len(self.row)

    def only(self, kept: NDArray) -> Mismatches:
        """Return only the ``kept`` places ((k,) bool)."""
        return Mismatches(
            self.row[kept], self.other[kept], self.point[kept], self.distance[kept], self.near_vertex[kept]
        )


#: With this many times as many vertices it is faster to exclude polygons that are far from all relevant segments.
FEW_TIMES = 4


def find_mismatched_edges(
    a: Polygons, b: Polygons | None = None, *, tolerance: Tolerance, cancellation: Cancellation = NEVER
) -> Mismatches:
    """Find vertices on or near another polygon's edge that has no vertex there.

    The edge is up to ``edge_match_m`` away. Compares neighbours within ``a``, or edges of ``a`` with vertices of ``b``.
    Only segments that differ between both sides are examined: equal segments cannot lack a vertex. Sorted by row and
    place.
    """
    if b is None:
        return _find_mismatches(a, a, a.lines.alone, a.lines.alone, tolerance, cancellation)
    mine, theirs = _find_unshared(a, b, tolerance.edge_match_m, cancellation)
    return _find_mismatches(a, b, mine, theirs, tolerance, cancellation)


def find_mismatches_both_ways(
    a: Polygons, b: Polygons, *, tolerance: Tolerance, cancellation: Cancellation = NEVER
) -> tuple[Mismatches, Mismatches]:
    """Find mismatches of ``a`` with ``b`` and of ``b`` with ``a``.

    Faster than two calls of `find_mismatched_edges`: unshared segments are searched once.
    """
    mine, theirs = _find_unshared(a, b, tolerance.edge_match_m, cancellation)
    of_a = _find_mismatches(a, b, mine, theirs, tolerance, cancellation)
    return of_a, _find_mismatches(b, a, theirs, mine, tolerance, cancellation)


def _find_mismatches(
    a: Polygons, b: Polygons, mine: NDArray, theirs: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> Mismatches:
    """Compare segments ``mine`` of ``a`` with vertices of ``theirs`` of ``b``.

    Both (v,) bool.
    """
    lines, others = a.lines, b.lines
    edges, ends = np.flatnonzero(mine), _list_ends(theirs)
    if not len(edges) or not len(ends):
        return _make_empty()
    i, j = find_points_near_segments(
        others.xy[ends], lines.xy[edges], lines.xy[edges + 1], tolerance.edge_match_m, cancellation
    )
    return _drop_shared_vertices(lines, others, edges[j], ends[i], tolerance, a is b)


def _list_ends(segments: NDArray) -> NDArray:
    """Return the end vertices of chosen segments ((v,) bool)."""
    chosen = segments.copy()
    chosen[1:] |= segments[:-1]
    return np.flatnonzero(chosen)


def _find_unshared(a: Polygons, b: Polygons, distance: float, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """Return (v,) bool each: segments of ``a`` not in ``b``, and the reverse.

    A fine layer's inner edges are not in a coarse one, but nothing of the coarse one is near them either. Therefore
    only those polygons of the layer with more vertices are compared that are near unshared segments of the other.
    """
    if len(a.lines.xy) > len(b.lines.xy):
        theirs, mine = _find_unshared(b, a, distance, cancellation)
        return mine, theirs
    mine = a.lines.unmatched(b.lines, np.ones(len(a), dtype=bool))
    if FEW_TIMES * int(mine.sum()) > len(b.lines.xy):
        near = np.ones(len(b), dtype=bool)
    else:
        near = b.near(a.lines.pieces(mine).line, distance + 2 * DRAWN_IN, cancellation)
    return mine, b.lines.unmatched(a.lines, near)


def _make_empty() -> Mismatches:
    nothing = np.zeros(0, dtype=int)
    return Mismatches(nothing, nothing, np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool))


def _drop_shared_vertices(
    lines: Linework, others: Linework, edge: NDArray, end: NDArray, tolerance: Tolerance, within: bool
) -> Mismatches:
    """Remove vertices that the edge has too.

    Keep the nearest of several edges per vertex.
    """
    row, other = lines.row[lines.ring[edge]], others.row[others.ring[end]]
    p, q, v = lines.xy[edge], lines.xy[edge + 1], others.xy[end]
    gap = np.minimum(np.hypot(*(p - v).T), np.hypot(*(q - v).T))
    if within:
        keep = row != other
        row, other, p, q, v, gap = row[keep], other[keep], p[keep], q[keep], v[keep], gap[keep]
    distance = shapely.distance(shapely.linestrings(np.stack([p, q], axis=1)), shapely.points(v)) if len(v) else gap
    # Another edge of the ring may have that vertex.
    order = np.lexsort((distance, v[:, 1], v[:, 0], other, row))
    row, other, v, gap, distance = row[order], other[order], v[order], gap[order], distance[order]
    name = np.column_stack([row, other]), v
    first = np.ones(len(row), dtype=bool)
    first[1:] = (name[0][1:] != name[0][:-1]).any(axis=1) | (name[1][1:] != name[1][:-1]).any(axis=1)
    has = _has_vertex(lines, row, v)
    first &= ~has
    return Mismatches(row[first], other[first], v[first], distance[first], gap[first] <= tolerance.edge_match_m)


def _has_vertex(lines: Linework, row: NDArray, at: NDArray) -> NDArray:
    """Return (k,) bool: the polygon of that row has a vertex exactly there."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    meant = np.zeros(int(lines.row.max()) + 1, dtype=bool)
    meant[row] = True
    own = meant[lines.row][lines.ring]
    have = set(zip(lines.row[lines.ring[own]].tolist(), map(tuple, lines.xy[own].tolist()), strict=True))
    return np.array([(r, tuple(v)) in have for r, v in zip(row.tolist(), at.tolist(), strict=True)], dtype=bool)


def find_gaps(
    a: Polygons, *, tolerance: Tolerance, widest: float = np.inf, cancellation: Cancellation = NEVER
) -> Parts:
    """Find gaps enclosed by a layer's polygons (缝隙, 孔洞).

    Gaps are holes of their union at most ``widest`` m wide. ``left`` and ``right`` of the parts: two adjacent polygons
    (−1 if there is only one). Gaps below both minimums are slivers and are counted. `overlay.find_uncovered_parts`
    finds gaps along the county's outline.
    """
    fallback_log = FallbackLog()
    whole = union_rows(a, tolerance=tolerance, fallback_log=fallback_log)
    cancellation.raise_if_cancelled()
    holes = find_holes(whole)
    area, width = shapely.area(holes), 2 * shapely.area(holes) / shapely.length(holes)
    holes = holes[(width <= widest) | tolerance.is_sliver(area, width)]
    # New vertices of a union are rounded: they are slightly off the edges that cross there.
    tree = shapely.STRtree(a.shapes[a.present])
    n, met = tree.query(holes, predicate="dwithin", distance=tolerance.cluster_m)
    rows = a.present[met]
    order = np.lexsort((rows, n))
    n, rows = n[order], rows[order]
    first = np.searchsorted(n, np.arange(len(holes)))
    left, right = np.full(len(holes), -1), np.full(len(holes), -1)
    many = np.bincount(n, minlength=len(holes))
    left[many > 0] = rows[first[many > 0]]
    right[many > 1] = rows[first[many > 1] + 1]
    parts = collect_parts(left, right, holes, tolerance, True, fallback_log)
    return parts.only(parts.width <= widest)


def find_holes(whole: Any) -> NDArray:
    """Return (h,) gap areas of a union: its holes without the islands inside them."""
    if whole is None:
        return np.array([], dtype=object)
    found = rings(np.array([whole], dtype=object))
    lines = [found.xy[found.at[n] : found.at[n + 1]] for n in np.flatnonzero(found.hole).tolist()]
    holes = np.array([shapely.Polygon(xy) for xy in lines], dtype=object)
    parts = shapely.get_parts([whole])
    if not len(holes) or len(parts) < 2:
        return holes
    n, met = shapely.STRtree(shapely.point_on_surface(parts)).query(holes, predicate="contains")
    for hole in np.unique(n).tolist():
        # A gap in an island is a separate hole.
        islands = shapely.polygons(shapely.get_exterior_ring(parts[met[n == hole]]))
        holes[hole] = shapely.difference(holes[hole], shapely.union_all(islands))
    return shapely.get_parts(holes)


# Vertices on a neighbour's long edge in a metric plane are off that edge after both are stored in degrees.
# The middle of an edge of two kilometres that was drawn straight in a Gauss–Krüger zone moves by some centimetres when
# only its ends are stored in degrees. A neighbour's vertex on it does not move: this creates a gap or an overlap that
# was not drawn.


class DegreePolygons(NamedTuple):
    """(n,) polygons, or None, as stored, and their CRS (degrees)."""

    shapes: NDArray
    crs: CRS


def find_deviating_vertices(
    a: DegreePolygons, b: DegreePolygons, plane: CRS, edge_match_m: float, cancellation: Cancellation = NEVER
) -> Mismatches:
    """Find vertices of ``b`` on an edge of ``a`` that are off it in degrees.

    The edge is straight in ``plane`` (metres), and within ``edge_match_m``; it is farther away where the edge is
    straight in degrees. ``a is b``: neighbours within a layer. Returns ``point`` in degrees, ``distance`` in m.
    """
    edges = _find_long_edges(a, plane, edge_match_m)
    nothing = np.zeros(0, dtype=int)
    none = Mismatches(nothing, nothing, np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool))
    if not len(edges.row):
        return none
    cancellation.raise_if_cancelled()
    row_b, xy_b = _list_vertices(b)
    put = crs_care.reproject_coordinates(xy_b, b.crs, plane)
    low, high = (crs_care.reproject_coordinates(end, a.crs, plane) for end in (edges.low, edges.high))
    i, j = find_points_near_segments(put, low, high, edge_match_m, cancellation)
    if a is b:
        other = row_b[i] != edges.row[j]
        i, j = i[other], j[other]
    off = _measure_in_degrees(xy_b[i], edges.low[j], edges.high[j])
    # Another edge of the ring may have that vertex.
    have = {(row, *xy) for row, xy in zip(*(side.tolist() for side in _list_vertices(a, edges.row[j])), strict=True)}
    lacks = np.array([(r, *p) not in have for r, p in zip(edges.row[j].tolist(), xy_b[i].tolist(), strict=True)], bool)
    kept = (off > edge_match_m) & lacks
    i, j, off = i[kept], j[kept], off[kept]
    once = np.unique(np.column_stack([edges.row[j], row_b[i], xy_b[i]]), axis=0, return_index=True)[1]
    i, j, off = i[once], j[once], off[once]
    return Mismatches(edges.row[j], row_b[i], xy_b[i], off, np.zeros(len(i), dtype=bool))


class _Edges(NamedTuple):
    row: NDArray
    low: NDArray
    high: NDArray


def _find_long_edges(a: DegreePolygons, plane: CRS, edge_match_m: float) -> _Edges:
    """Return edges that are bent by a tenth of the tolerance or more.

    A smaller bend is within the tolerance in either plane.
    """
    there = np.flatnonzero(~is_missing(a.shapes))
    found = rings(a.shapes[there])
    start, low, high, _ = ring_edges(found.xy, found.at, a.crs)
    bent = edge_deviations(low, high, a.crs, plane) > edge_match_m / 10
    ring = np.searchsorted(found.at, start[bent], side="right") - 1
    return _Edges(there[found.shape[ring]], low[bent], high[bent])


def _list_vertices(layer: DegreePolygons, rows: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """Return the row of each vertex, and the vertex in degrees; of some rows only."""
    rows = np.flatnonzero(~is_missing(layer.shapes)) if rows is None else np.unique(rows)
    xy, at = shapely.get_coordinates(layer.shapes[rows], return_index=True)
    return rows[at], xy


def _measure_in_degrees(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """Return (k,) distances in m from points to segments that are straight in degrees."""
    if not len(p):
        return np.zeros(0)
    metres = crs_care.make_local_plane(*p[0])
    p, a, b = (crs_care.reproject_coordinates(xy, crs_care.GEODETIC, metres) for xy in (p, a, b))
    found: NDArray = shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))
    return found
