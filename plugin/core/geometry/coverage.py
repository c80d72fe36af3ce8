# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers that should fit together edge to edge (面层覆盖): where vertices are missing, and what lies open between."""

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

#: A square is as wide as this many segments of the middle length.
_SEGMENTS = 2.0
#: A segment that crosses more squares than this asks a tree.
_SQUARES = 64
#: Pairs compared at a time.
_PAIRS = 1_000_000


def find_points_near_segments(
    points: NDArray, a: NDArray, b: NDArray, distance: float, cancellation: Cancellation = NEVER
) -> tuple[NDArray, NDArray]:
    """Points ((k, 2), m) within ``distance`` m of segments from ``a`` to ``b`` ((s, 2) each), other than their own ends.

    Positions of both, by pairs.
    """
    low, high = np.minimum(a, b) - distance, np.maximum(a, b) + distance
    size = max(float(np.median(high - low)) * _SEGMENTS, 4 * distance, 1e-6)
    origin = low.min(axis=0)
    first, last = (((edge - origin) // size).astype(np.int64) for edge in (low, high))
    wide = (last - first + 1).prod(axis=1) > _SQUARES
    i, j = _by_squares(points, low, high, (points - origin) // size, first, last, np.flatnonzero(~wide), cancellation)
    far = np.flatnonzero(wide)
    if len(far):
        tree = shapely.STRtree(shapely.points(points))
        boxes = shapely.box(low[far, 0], low[far, 1], high[far, 0], high[far, 1])
        cancellation.raise_if_cancelled()
        n, k = tree.query(boxes)
        i, j = np.concatenate([i, k]), np.concatenate([j, far[n]])
    other = (points[i] != a[j]).any(axis=1) & (points[i] != b[j]).any(axis=1)
    i, j = i[other], j[other]
    near = _distance(points[i], a[j], b[j]) <= distance
    return i[near], j[near]


def _by_squares(
    points: NDArray,
    low: NDArray,
    high: NDArray,
    square: NDArray,
    first: NDArray,
    last: NDArray,
    some: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Points that lie in the boxes of ``some`` segments (``low`` to ``high``), which cross squares ``first`` to ``last``."""
    width = int(last[:, 0].max()) + 2
    square = square.astype(np.int64)
    inside = np.flatnonzero((square >= 0).all(axis=1) & (square[:, 0] < width))
    name = square[inside, 1] * width + square[inside, 0]
    order = np.argsort(name, kind="stable")
    inside, name = inside[order], name[order]
    # One row for each square that each segment crosses.
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


def _distance(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """(k,) m from points to segments."""
    if not len(p):
        return np.zeros(0)
    return shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))


@dataclass
class Mismatches:
    """Places where two edges should meet in one vertex and do not.

    ``row`` (k,) whose edge runs by; ``other`` (k,) whose vertex lies there; ``point`` (k, 2) the vertex, m;
    ``distance`` (k,) from the edge, m: 0, or what doubles lose in a plane with zone prefix (1e-7), means that only the vertex is
    missing, more that the edges part; ``near_vertex`` (k,) bool: the edge has a vertex of its own that near.
    """

    row: NDArray
    other: NDArray
    point: NDArray
    distance: NDArray
    near_vertex: NDArray

    def __len__(self) -> int:
        return len(self.row)

    def only(self, kept: NDArray) -> Mismatches:
        """The same without the places that are not ``kept`` ((k,) bool)."""
        return Mismatches(
            self.row[kept], self.other[kept], self.point[kept], self.distance[kept], self.near_vertex[kept]
        )


#: From this many times as many vertices on it pays to sort out polygons that are far from all that is looked for.
FEW_TIMES = 4


def find_mismatched_edges(
    a: Polygons, b: Polygons | None = None, *, tolerance: Tolerance, cancellation: Cancellation = NEVER
) -> Mismatches:
    """Vertices of one polygon on or near another's edge (up to ``edge_match_m``) that has no vertex just there.

    Neighbours within ``a``, or edges of ``a`` against vertices of ``b``. Only segments that are not drawn alike on
    both sides are looked at: where all are, nothing can be missing. Sorted by row and place.
    """
    if b is None:
        return _mismatches(a, a, a.lines.alone, a.lines.alone, tolerance, cancellation)
    mine, theirs = _alone(a, b, tolerance.edge_match_m, cancellation)
    return _mismatches(a, b, mine, theirs, tolerance, cancellation)


def find_mismatches_both_ways(
    a: Polygons, b: Polygons, *, tolerance: Tolerance, cancellation: Cancellation = NEVER
) -> tuple[Mismatches, Mismatches]:
    """`find_mismatched_edges` of ``a`` against ``b`` and of ``b`` against ``a``: what the two do not share is looked up once."""
    mine, theirs = _alone(a, b, tolerance.edge_match_m, cancellation)
    of_a = _mismatches(a, b, mine, theirs, tolerance, cancellation)
    return of_a, _mismatches(b, a, theirs, mine, tolerance, cancellation)


def _mismatches(
    a: Polygons, b: Polygons, mine: NDArray, theirs: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> Mismatches:
    """Segments of ``a`` that are ``mine`` ((v,) bool) against the vertices of those of ``b`` that are ``theirs``."""
    lines, others = a.lines, b.lines
    edges, ends = np.flatnonzero(mine), _ends(theirs)
    if not len(edges) or not len(ends):
        return _none()
    i, j = find_points_near_segments(
        others.xy[ends], lines.xy[edges], lines.xy[edges + 1], tolerance.edge_match_m, cancellation
    )
    return _told_apart(lines, others, edges[j], ends[i], tolerance, a is b)


def _ends(segments: NDArray) -> NDArray:
    """The vertices that chosen segments ((v,) bool) begin and end at."""
    chosen = segments.copy()
    chosen[1:] |= segments[:-1]
    return np.flatnonzero(chosen)


def _alone(a: Polygons, b: Polygons, distance: float, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """(v,) bool each: segments of ``a`` that ``b`` does not have, and of ``b`` that ``a`` does not have.

    A fine layer's inner edges are not in a coarse one, but nothing of the coarse one is near them either: of the layer
    with more vertices only those polygons are looked at that come near what the other one has alone.
    """
    if len(a.lines.xy) > len(b.lines.xy):
        theirs, mine = _alone(b, a, distance, cancellation)
        return mine, theirs
    mine = a.lines.unmatched(b.lines, np.ones(len(a), dtype=bool))
    if FEW_TIMES * int(mine.sum()) > len(b.lines.xy):
        near = np.ones(len(b), dtype=bool)
    else:
        near = b.near(a.lines.pieces(mine).line, distance + 2 * DRAWN_IN, cancellation)
    return mine, b.lines.unmatched(a.lines, near)


def _none() -> Mismatches:
    nothing = np.zeros(0, dtype=int)
    return Mismatches(nothing, nothing, np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool))


def _told_apart(
    lines: Linework, others: Linework, edge: NDArray, end: NDArray, tolerance: Tolerance, within: bool
) -> Mismatches:
    """Leave out vertices that the edge has too; of several edges of a polygon by one vertex keep the nearest."""
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
    """(k,) bool: does the polygon of that row have a vertex exactly there?"""
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
    """Open places enclosed by a layer's polygons (缝隙, 孔洞): holes of their union at most ``widest`` m wide.

    ``left`` and ``right`` of the parts: two polygons at its edge (−1 where there is one only). Gaps below both
    minimums are slivers: counted. Gaps against the county's outline are `overlay.find_uncovered_parts` of it.
    """
    ladder = FallbackLog()
    whole = union_rows(a, tolerance=tolerance, fallback_log=ladder)
    cancellation.raise_if_cancelled()
    holes = find_holes(whole)
    area, width = shapely.area(holes), 2 * shapely.area(holes) / shapely.length(holes)
    holes = holes[(width <= widest) | tolerance.is_sliver(area, width)]
    # New vertices of a union are rounded: they lie beside the edges that cross there.
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
    parts = collect_parts(left, right, holes, tolerance, True, ladder)
    return parts.only(parts.width <= widest)


def find_holes(whole: Any) -> NDArray:
    """(h,) the open places in a union: its holes, less what lies in them like an island."""
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
        # What is open in an island is a hole of its own.
        islands = shapely.polygons(shapely.get_exterior_ring(parts[met[n == hole]]))
        holes[hole] = shapely.difference(holes[hole], shapely.union_all(islands))
    return shapely.get_parts(holes)


# Vertices that lay on a neighbour's long edge in a plane of metres, and lie beside it now that both are stored in degrees.
#
# An edge of two kilometres drawn straight in a Gauss–Krüger zone passes its own middle by some centimetres once its ends alone
# are stored in degrees. A neighbour's vertex on it stays where it was: a gap or an overlap opens that nobody drew.


class DegreePolygons(NamedTuple):
    """(n,) polygons, or None, as they are stored, and the CRS (degrees) that they are stored in."""

    shapes: NDArray
    crs: CRS


def find_deviating_vertices(
    a: DegreePolygons, b: DegreePolygons, plane: CRS, edge_match_m: float, cancellation: Cancellation = NEVER
) -> Mismatches:
    """Vertices of ``b`` that lie on an edge of ``a`` (to ``edge_match_m``) where it is straight in ``plane`` (metres), and
    further off where it is straight in degrees. ``point`` in degrees, ``distance`` how far off (m); ``a is b``: neighbours
    within a layer."""
    edges = _long_edges(a, plane, edge_match_m)
    nothing = np.zeros(0, dtype=int)
    none = Mismatches(nothing, nothing, np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool))
    if not len(edges.row):
        return none
    cancellation.raise_if_cancelled()
    row_b, xy_b = _vertices(b)
    put = crs_care.reproject_coordinates(xy_b, b.crs, plane)
    low, high = (crs_care.reproject_coordinates(end, a.crs, plane) for end in (edges.low, edges.high))
    i, j = find_points_near_segments(put, low, high, edge_match_m, cancellation)
    if a is b:
        other = row_b[i] != edges.row[j]
        i, j = i[other], j[other]
    off = _beside(xy_b[i], edges.low[j], edges.high[j])
    # Another edge of the ring may have that vertex.
    have = {(row, *xy) for row, xy in zip(*(side.tolist() for side in _vertices(a, edges.row[j])), strict=True)}
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


def _long_edges(a: DegreePolygons, plane: CRS, edge_match_m: float) -> _Edges:
    """Edges that are bent by a tenth of the tolerance or more: what is less is within it in either plane."""
    there = np.flatnonzero(~is_missing(a.shapes))
    found = rings(a.shapes[there])
    start, low, high, _ = ring_edges(found.xy, found.at, a.crs)
    bent = edge_deviations(low, high, a.crs, plane) > edge_match_m / 10
    ring = np.searchsorted(found.at, start[bent], side="right") - 1
    return _Edges(there[found.shape[ring]], low[bent], high[bent])


def _vertices(layer: DegreePolygons, rows: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """The row of each vertex, and the vertex, in degrees; of some rows only."""
    rows = np.flatnonzero(~is_missing(layer.shapes)) if rows is None else np.unique(rows)
    xy, at = shapely.get_coordinates(layer.shapes[rows], return_index=True)
    return rows[at], xy


def _beside(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """(k,) m from points to segments that are straight in degrees."""
    if not len(p):
        return np.zeros(0)
    metres = crs_care.make_local_plane(*p[0])
    p, a, b = (crs_care.reproject_coordinates(xy, crs_care.GEODETIC, metres) for xy in (p, a, b))
    found: NDArray = shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))
    return found
