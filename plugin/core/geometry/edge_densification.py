# SPDX-License-Identifier: GPL-2.0-or-later
"""Densification of long edges, so that they keep their course in another CRS.

Only the vertices of a polygon are stored; between them its edges are straight in the layer's CRS. Reprojecting the
vertices alone bends every edge: a kilometre by 0.8 mm from one 3° zone into the next, by 17 mm from degrees into a zone
(at 39.6° N; with the square of the length). Therefore edges get the necessary additional vertices, for detection only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from . import crs as crs_care
from .linework import batches, rings, vertex_codes
from .validity import drop_empty_parts

#: Maximum deviation of a point of an edge (m).
MOST_OFF_M = 1e-4
#: No projection of China bends an edge shorter than this (m) as much.
SHORT_M = 50.0
#: Edges whose ends are this near (m) in two coordinate systems are one edge, stored twice.
SAME_ENDS_M = 1e-3
_METRES_A_DEGREE = 111_320.0
_ONE_OF_MANY = shapely.multipolygons([shapely.box(0, 0, 1, 1)])

#: An edge by its ends in the layer's coordinates, the smaller end first.
Edge = tuple[float, float, float, float]


class DensifiedShapes(NamedTuple):
    """Shapes with densified edges.

    ``shapes``: (n,) in the plane; ``added``: (k, 2) their vertices that are not stored.
    """

    shapes: NDArray
    added: NDArray


class LongEdges(NamedTuple):
    """Long edges.

    ``own`` (k, 4): ends in the layer's coordinates, the smaller first; ``ends`` (k, 4): in the plane; ``off`` (k,):
    shift of the middle (m) if only the ends are reprojected.
    """

    own: NDArray
    ends: NDArray
    off: NDArray


def reproject_densified(
    shapes: NDArray,
    source: CRS,
    plane: CRS,
    undensified_edges: frozenset[Edge] = frozenset(),
    *,
    by_vertices: bool = False,
) -> DensifiedShapes:
    """Reproject (n,) geometries into ``plane`` (metres) with densified edges.

    No point of a polygon's edge deviates by more than `MOST_OFF_M`. An edge gets the same vertices in every polygon and
    in either direction. Edges in ``undensified_edges`` get none: they are straight in the plane (`shared_edges`). Other
    geometry types are reprojected by their vertices; with ``by_vertices``, all are.
    """
    brought = crs_care.reproject(shapes, source, plane)
    none = DensifiedShapes(brought, np.zeros((0, 2)))
    if by_vertices or crs_care.preserves_straight_lines(source, plane):
        return none
    rows = _find_bent_rows(shapes, source, plane)
    if not len(rows):
        return none
    # shapely returns one array for polygons and multipolygons only if there is a multipolygon: one is appended.
    mixed = np.append(drop_empty_parts(shapes[rows]), _ONE_OF_MANY)
    kind, xy, (ring_at, part_at, shape_at) = shapely.to_ragged_array(mixed, include_z=False)
    stored = int(ring_at[-2])
    put = _transform(xy[:stored], source, plane)
    edges = ring_edges(xy[:stored], ring_at[:-1], source)
    long, low, high, turned = edges
    off = edge_deviations(low, high, source, plane)
    pieces = np.ones(len(xy), dtype=np.int64)
    pieces[long] = np.where(off > MOST_OFF_M, np.ceil(np.sqrt(off / (0.9 * MOST_OFF_M))), 1)
    if undensified_edges:
        kept = [tuple(e) in undensified_edges for e in np.column_stack([low, high]).tolist()]
        pieces[long[kept]] = 1
    # Vertex k moves to place[k]; the vertices of its edge follow it.
    place = np.cumsum(pieces) - pieces
    made = np.empty((int(pieces.sum()), 2))
    made[place[:stored]] = put
    made[place[stored:]] = xy[stored:]
    many = pieces[long] > 1
    count = pieces[long[many]] - 1
    of = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 1
    share = (step / (count + 1)[of])[:, None]
    added = _transform(low[many][of] + share * (high - low)[many][of], source, plane)
    # From the smaller end on, so that both directions are equal; in the other direction the last comes first.
    back = turned[many][of]
    where = place[long[many]][of] + np.where(back, (count + 1)[of] - step, step)
    made[where] = added
    ring_at = np.append(place, len(made))[ring_at]
    dense = shapely.from_ragged_array(kind, made, (ring_at, part_at, shape_at))[:-1]
    single = shapely.get_type_id(shapes[rows]) == 3
    dense[single] = shapely.get_geometry(dense[single], 0)
    brought[rows] = dense
    return DensifiedShapes(brought, added)


def long_edges(shapes: NDArray, source: CRS, plane: CRS) -> LongEdges:
    """Return all edges of polygons longer than `SHORT_M`."""
    own, ends, offs = [np.zeros((0, 4))], [np.zeros((0, 4))], [np.zeros(0)]
    polygons = shapes[_is_measurable(shapes)]
    for batch in batches(polygons):
        found = rings(polygons[batch])
        _, low, high, _ = ring_edges(found.xy, found.at, source)
        own.append(np.column_stack([low, high]))
        ends.append(np.column_stack([_transform(low, source, plane), _transform(high, source, plane)]))
        offs.append(edge_deviations(low, high, source, plane))
    return LongEdges(np.concatenate(own), np.concatenate(ends), np.concatenate(offs))


def shared_edges(layers: Iterable[tuple[CRS, NDArray]], plane: CRS) -> dict[CRS, frozenset[Edge]]:
    """Return by CRS the bent edges that a layer in another CRS shares by its ends.

    Layers of one county are copies of each other's lines, reprojected by vertex: such an edge is one edge, and must be
    straight in all of them or in none.
    """
    found = [(crs, long_edges(shapes, crs, plane)) for crs, shapes in layers]
    shared: dict[CRS, set[Edge]] = {}
    for crs, edges in found:
        bent = edges.off > MOST_OFF_M
        if crs == plane or not bent.any():
            continue
        ends, own = edges.ends[bent], edges.own[bent]
        tree = shapely.STRtree(shapely.points((ends[:, :2] + ends[:, 2:]) / 2))
        for other_crs, other in found:
            if other_crs == crs or not len(other.ends):
                continue
            middles = shapely.points((other.ends[:, :2] + other.ends[:, 2:]) / 2)
            theirs, mine = tree.query(middles, predicate="dwithin", distance=SAME_ENDS_M)
            a, b = ends[mine], other.ends[theirs]
            turned = b[:, [2, 3, 0, 1]]
            same = np.minimum(np.abs(a - b).max(axis=1), np.abs(a - turned).max(axis=1)) <= SAME_ENDS_M
            shared.setdefault(crs, set()).update(map(tuple, own[mine[same]].tolist()))
    return {crs: frozenset(edges) for crs, edges in shared.items()}


def added_vertex_codes(added: NDArray) -> NDArray:
    """Return sorted hashes of (k, 2) added vertices for `without_added_vertices`."""
    return np.unique(vertex_codes(added))


def without_added_vertices(shapes: NDArray, added: NDArray) -> NDArray:
    """Return (n,) polygons and multipolygons without the vertices of densification.

    ``added``: the result of `added_vertex_codes`. Other vertices remain.
    """
    if not len(added) or not len(shapes):
        return shapes
    thinned = shapes.copy()
    rows = np.flatnonzero(_is_measurable(shapes))
    for batch in batches(shapes[rows]):
        some = rows[batch]
        xy, owner = shapely.get_coordinates(shapes[some], return_index=True)
        there = _is_among(xy, added)
        for n in np.unique(owner[there]).tolist():
            thinned[some[n]] = _thin(shapes[some[n]], added)
    return thinned


def are_stored_vertices(points: NDArray, added: NDArray) -> NDArray:
    """Return (k,) bool: which of (k, 2) vertices were not added by densification.

    ``added``: the result of `added_vertex_codes`.
    """
    return ~_is_among(points, added) if len(added) and len(points) else np.ones(len(points), dtype=bool)


def _thin(shape: Any, added: NDArray) -> Any:
    def ring(line: shapely.LinearRing) -> NDArray:
        xy = shapely.get_coordinates(line)
        kept = xy[:-1][~_is_among(xy[:-1], added)]
        return np.concatenate([kept, kept[:1]]) if len(kept) >= 3 else xy

    parts = [
        shapely.Polygon(ring(p.exterior), [ring(hole) for hole in p.interiors]) for p in shapely.get_parts([shape])
    ]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _is_among(xy: NDArray, added: NDArray) -> NDArray:
    """Return (v,) bool: vertices whose code is one of the sorted ``added``."""
    code = vertex_codes(np.ascontiguousarray(xy))
    return added[np.minimum(np.searchsorted(added, code), len(added) - 1)] == code


def _is_measurable(shapes: NDArray) -> NDArray:
    """Return (n,) bool: polygons and multipolygons with finite coordinates."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    return np.isin(shapely.get_type_id(shapes), (3, 6)) & np.isfinite(bounds).all(axis=1)


def _find_bent_rows(shapes: NDArray, source: CRS, plane: CRS) -> NDArray:
    """Return the positions of polygons with an edge that needs densification."""
    rows = [np.zeros(0, dtype=np.int64)]
    positions = np.flatnonzero(_is_measurable(shapes))
    for batch in batches(shapes[positions]):
        some = positions[batch]
        found = rings(shapes[some])
        long, low, high, _ = ring_edges(found.xy, found.at, source)
        bent = long[edge_deviations(low, high, source, plane) > MOST_OFF_M]
        ring = np.searchsorted(found.at, bent, side="right") - 1
        rows.append(some[np.unique(found.shape[ring])])
    return np.concatenate(rows)


def ring_edges(xy: NDArray, ring_at: NDArray, source: CRS) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return long edges of closed rings.

    The vertex at which each begins, its smaller and larger end ((k, 2)), and whether it runs from the larger to the
    smaller.
    """
    step = np.diff(xy, axis=0)
    if crs_care.describe_crs(source).geographic:
        step = step * _METRES_A_DEGREE * np.column_stack([np.cos(np.radians(xy[:-1, 1])), np.ones(len(step))])
    long = np.hypot(step[:, 0], step[:, 1]) > SHORT_M
    long[ring_at[1:-1] - 1] = False
    start = np.flatnonzero(long)
    a, b = xy[start], xy[start + 1]
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(turned[:, None], b, a), np.where(turned[:, None], a, b)
    return start, low, high, turned


def edge_deviations(low: NDArray, high: NDArray, source: CRS, plane: CRS) -> NDArray:
    """Return (k,) deviations (m) of an edge from the chord of its reprojected ends.

    Measured at the middle of the edge.
    """
    a, b = _transform(low, source, plane), _transform(high, source, plane)
    offset, along = _transform((low + high) / 2, source, plane) - (a + b) / 2, b - a
    return np.abs(offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]) / np.hypot(along[:, 0], along[:, 1])


def _transform(xy: NDArray, source: CRS, plane: CRS) -> NDArray:
    """Return (v, 2) coordinates in the plane."""
    if source == plane or not len(xy):
        return xy
    return crs_care.reproject_coordinates(xy, source, plane)
