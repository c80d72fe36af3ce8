# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers that should fit together edge to edge (面层覆盖): where vertices are missing, and what lies open between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .ladder import Ladder
from .linework import DRAWN_IN, Linework
from .nearby import points_by_segments
from .parts import Parts, collect
from .polygons import Polygons
from .rings import rings
from .tolerance import Tolerance
from .union import united


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


def mismatched_edges(
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


def mismatched_both(
    a: Polygons, b: Polygons, *, tolerance: Tolerance, cancellation: Cancellation = NEVER
) -> tuple[Mismatches, Mismatches]:
    """`mismatched_edges` of ``a`` against ``b`` and of ``b`` against ``a``: what the two do not share is looked up once."""
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
    i, j = points_by_segments(
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


def gaps(a: Polygons, *, tolerance: Tolerance, widest: float = np.inf, cancellation: Cancellation = NEVER) -> Parts:
    """Open places enclosed by a layer's polygons (缝隙, 孔洞): holes of their union at most ``widest`` m wide.

    ``left`` and ``right`` of the parts: two polygons at its edge (−1 where there is one only). Gaps below both
    minimums are slivers: counted. Gaps against the county's outline are `overlay.uncovered_parts` of it.
    """
    ladder = Ladder()
    whole = united(a, tolerance=tolerance, ladder=ladder)
    cancellation.raise_if_cancelled()
    holes = open_places(whole)
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
    parts = collect(left, right, holes, tolerance, True, ladder)
    return parts.only(parts.width <= widest)


def open_places(whole: Any) -> NDArray:
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
