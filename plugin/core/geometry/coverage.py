# SPDX-License-Identifier: GPL-2.0-or-later
"""Find where polygons that should fit edge to edge (面层覆盖) do not: missing vertices, and gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation
from . import crs as crs_care
from .edge_densification import compute_edge_deviations, find_long_ring_edges
from .linework import END_SHORTENING_M
from .overlay_fallback import FallbackLog
from .overlay_pieces import ArrayColumns, OverlayPieces, collect_pieces
from .polygon_rings import extract_rings, mask_equal_points
from .polygons import Polygons, query_in_threads, union_polygon_rows
from .tolerance import Tolerance
from .validity import mask_missing_shapes

#: Share of rows with open edges in a layer from which the union of all rows is made to find its gaps.
_MAX_OPEN_SHARE = 0.2
#: Vertices this near (degrees) are one: the cluster tolerance.
_SAME_VERTEX_DEGREES = 1e-9
#: With this many times as many vertices it is faster to exclude polygons that are far from all relevant segments.
NEAR_FILTER_RATIO = 4


def find_points_near_segments(
    points: NDArray, starts: NDArray, ends: NDArray, distance: float, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[NDArray, NDArray]:
    """Return pairs of a point and a segment that are near each other, unless the segment ends at that point.

    Parameters
    ----------
    points : (k, 2), m
    starts, ends : (s, 2), m
        Ends of the segments.
    distance : m
        A point at most this far from a segment is near it.

    Returns
    -------
    i, j : (p,) int
        Positions of the point and of the segment of each pair.
    """
    lines = shapely.linestrings(np.stack([starts, ends], axis=1))
    i, j = query_in_threads(
        shapely.STRtree(lines),
        shapely.points(points),
        predicate="dwithin",
        distance=distance,
        cancellation=cancellation,
    )
    is_end = mask_equal_points(points[i], starts[j]) | mask_equal_points(points[i], ends[j])
    return i[~is_end], j[~is_end]


@dataclass
class VertexMismatches(ArrayColumns):
    """Vertices on or near an edge of a neighbour that has no vertex there.

    ``edge_row`` (k,): row of the edge. ``vertex_row`` (k,): row of the vertex. ``vertex_xy`` (k, 2): the vertex, m.
    ``distance_m`` (k,): from the vertex to the edge, m.

    A distance of 0, or of the rounding of doubles in a plane with zone prefix (1e-7), means that the edge only lacks
    the vertex. A larger distance means that the edges differ.
    """

    edge_row: NDArray
    vertex_row: NDArray
    vertex_xy: NDArray
    distance_m: NDArray


_NO_ROWS = np.zeros(0, dtype=int)
_NO_MISMATCHES = VertexMismatches(_NO_ROWS, _NO_ROWS, np.zeros((0, 2)), np.zeros(0))


def find_vertices_missing_on_edges(
    polygons: Polygons, *, tolerance: Tolerance, cancellation: Cancellation = NEVER_CANCELLED
) -> VertexMismatches:
    """Return vertices on or near an edge of another polygon of a layer, where that edge has no vertex.

    Their distance from the edge is at most ``edge_match_m`` of the tolerance. Only segments that are not drawn twice
    are examined, because equal segments cannot lack a vertex. The result is sorted by row and vertex. Raise Cancelled.
    """
    unpaired = polygons.lines.unpaired_segments
    return _find_vertex_mismatches(polygons, polygons, unpaired, unpaired, tolerance, cancellation)


def find_mismatches_both_ways(
    left_polygons: Polygons,
    right_polygons: Polygons,
    *,
    tolerance: Tolerance,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[VertexMismatches, VertexMismatches]:
    """Return vertices of each of two layers that are missing on edges of the other layer.

    The first result has edges of ``left_polygons``, the second edges of ``right_polygons``. Raise Cancelled.
    """
    unshared_a, unshared_b = _find_unshared(left_polygons, right_polygons, tolerance.edge_match_m, cancellation)
    mismatches_a = _find_vertex_mismatches(
        left_polygons, right_polygons, unshared_a, unshared_b, tolerance, cancellation
    )
    return mismatches_a, _find_vertex_mismatches(
        right_polygons, left_polygons, unshared_b, unshared_a, tolerance, cancellation
    )


def _find_vertex_mismatches(
    edge_polygons: Polygons,
    vertex_polygons: Polygons,
    unshared_edges: NDArray,
    unshared_vertex_segments: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
) -> VertexMismatches:
    """Compare segments of one layer with end vertices of segments of another one.

    ``unshared_edges``, ``unshared_vertex_segments`` ((v,), (w,) bool): the segments of ``edge_polygons`` and of
    ``vertex_polygons`` that are compared.
    """
    lines_a, lines_b = edge_polygons.lines, vertex_polygons.lines
    is_end = unshared_vertex_segments.copy()
    is_end[1:] |= unshared_vertex_segments[:-1]
    edges_a, vertices_b = np.flatnonzero(unshared_edges), np.flatnonzero(is_end)
    if not len(edges_a) or not len(vertices_b):
        return _NO_MISMATCHES
    i, j = find_points_near_segments(
        lines_b.xy[vertices_b], lines_a.xy[edges_a], lines_a.xy[edges_a + 1], tolerance.edge_match_m, cancellation
    )
    edge, end = edges_a[j], vertices_b[i]
    row, other_row = (
        lines_a.polygon_of_ring[lines_a.ring_of_vertex[edge]],
        lines_b.polygon_of_ring[lines_b.ring_of_vertex[end]],
    )
    if edge_polygons is vertex_polygons:
        is_other = row != other_row
        edge, end, row, other_row = edge[is_other], end[is_other], row[is_other], other_row[is_other]
    edge_start, edge_end, vertex = lines_a.xy[edge], lines_a.xy[edge + 1], lines_b.xy[end]
    edge_lines = shapely.linestrings(np.stack([edge_start, edge_end], axis=1))
    distance = shapely.distance(edge_lines, shapely.points(vertex))
    # Of several edges near one vertex the nearest is used. Another edge of the ring may have that vertex, within the
    # cluster tolerance.
    order = np.lexsort((distance, vertex[:, 1], vertex[:, 0], other_row, row))
    row, other_row, vertex, distance = row[order], other_row[order], vertex[order], distance[order]
    identity = np.column_stack([row, other_row]), vertex
    is_first = np.ones(len(row), dtype=bool)
    is_first[1:] = (identity[0][1:] != identity[0][:-1]).any(axis=1) | (identity[1][1:] != identity[1][:-1]).any(axis=1)
    is_first[is_first] = ~_mask_points_at_vertices(
        edge_polygons.shapes[row[is_first]], vertex[is_first], tolerance.cluster_m
    )
    return VertexMismatches(row[is_first], other_row[is_first], vertex[is_first], distance[is_first])


def _find_unshared(
    left_polygons: Polygons, right_polygons: Polygons, distance: float, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return (v,) and (w,) bool: segments of each layer that the other layer does not have.

    If one layer is much finer, only its polygons near unshared segments of the coarse layer are compared. The inner
    edges of the fine layer are not in the coarse layer, but nothing of the coarse layer is near them either.
    """
    if len(left_polygons.lines.xy) > len(right_polygons.lines.xy):
        unshared_b, unshared_a = _find_unshared(right_polygons, left_polygons, distance, cancellation)
        return unshared_a, unshared_b
    unshared_a = left_polygons.lines.mask_unmatched_segments(
        right_polygons.lines, np.ones(len(left_polygons), dtype=bool)
    )
    if NEAR_FILTER_RATIO * int(unshared_a.sum()) > len(right_polygons.lines.xy):
        near_rows = np.ones(len(right_polygons), dtype=bool)
    else:
        near_rows = right_polygons.find_rows_near_geometries(
            left_polygons.lines.extract_lines(unshared_a).linestrings, distance + 2 * END_SHORTENING_M, cancellation
        )
    return unshared_a, right_polygons.lines.mask_unmatched_segments(left_polygons.lines, near_rows)


def _mask_points_at_vertices(shapes: NDArray, points: NDArray, distance: float) -> NDArray:
    """Return (k,) bool: polygon k has a vertex at most ``distance`` from point k.

    ``shapes``: (k,) polygons; ``points``: (k, 2) in their coordinates.
    """
    position_by_shape = {id(shape): position for position, shape in enumerate(shapes)}
    vertices = {
        shape: shapely.multipoints(shapely.get_coordinates(shapes[position]))
        for shape, position in position_by_shape.items()
    }
    shapely.prepare(list(vertices.values()))
    return shapely.dwithin(
        np.array([vertices[id(shape)] for shape in shapes], dtype=object), shapely.points(points), distance
    )


def find_gaps(
    polygons: Polygons,
    *,
    tolerance: Tolerance,
    max_width_m: float = np.inf,
    sort_rows: Callable[[NDArray], Sequence[int]] = np.ndarray.tolist,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> OverlayPieces:
    """Return the gaps (缝隙, 孔洞), at most ``max_width_m`` wide, among polygons.

    Gaps are holes in the union of all rows, also with an opening up to the cluster tolerance. ``left`` and ``right`` of
    a gap: the first two adjacent rows in the order of ``sort_rows`` (−1 if there is only one, or none). Gaps below the
    tolerance are in ``slivers`` of the result. `overlay.find_uncovered_pieces` finds gaps along the county's outline.
    Raise Cancelled.
    """
    fallback_log = FallbackLog()
    # The union of all rows is kept for other rules, so it is made unless it takes much longer.
    if polygons.find_rows_with_open_edges(cancellation).sum() < _MAX_OPEN_SHARE * len(polygons):
        # All edges of a gap belong to border rows, so it is a hole in their union too. Other holes of it are full.
        is_border = polygons.find_border_rows(cancellation)
        union = union_polygon_rows(polygons, is_border, tolerance=tolerance, fallback_log=fallback_log)
        holes = find_holes(_close_openings(union, tolerance, cancellation))
        tree = shapely.STRtree(polygons.shapes[polygons.present[~is_border[polygons.present]]])
        full_holes = tree.query(shapely.point_on_surface(holes), predicate="intersects")[0]
        holes = np.delete(holes, full_holes)
    else:
        union = union_polygon_rows(polygons, tolerance=tolerance, fallback_log=fallback_log)
        holes = find_holes(_close_openings(union, tolerance, cancellation))
    cancellation.raise_if_cancelled()
    area, width = shapely.area(holes), 2 * shapely.area(holes) / shapely.length(holes)
    holes = holes[(width <= max_width_m) | tolerance.is_sliver(area, width)]
    # New vertices of a union are rounded: they are slightly off the edges that cross there.
    tree = shapely.STRtree(polygons.shapes[polygons.present])
    n, touching = tree.query(holes, predicate="dwithin", distance=tolerance.cluster_m)
    rows = polygons.present[touching]
    rank = np.zeros(len(polygons), dtype=int)
    sorted_rows = sort_rows(np.unique(rows))
    rank[sorted_rows] = np.arange(len(sorted_rows))
    order = np.lexsort((rank[rows], n))
    n, rows = n[order], rows[order]
    first_touching = np.searchsorted(n, np.arange(len(holes)))
    left, right = np.full(len(holes), -1), np.full(len(holes), -1)
    touching_count = np.bincount(n, minlength=len(holes))
    left[touching_count > 0] = rows[first_touching[touching_count > 0]]
    right[touching_count > 1] = rows[first_touching[touching_count > 1] + 1]
    pieces = collect_pieces(left, right, holes, tolerance, True, fallback_log)
    return pieces.select(pieces.width <= max_width_m)


def _close_openings(union: Any, tolerance: Tolerance, cancellation: Cancellation) -> Any:
    """Return a union of polygons without openings that are narrower than the cluster tolerance.

    Coordinates are rounded, so the corner of a gap on an edge of a neighbour is beside that edge: a way out of the gap.
    """
    if union is None or union.is_empty:
        return union
    rings = extract_rings(np.array([union], dtype=object))
    is_inside = np.ones(len(rings.xy), dtype=bool)
    is_inside[rings.ring_starts[1:] - 1] = False
    starts = np.flatnonzero(is_inside)
    points, _segments = find_points_near_segments(
        rings.xy[starts], rings.xy[starts], rings.xy[starts + 1], tolerance.cluster_m, cancellation
    )
    if not len(points):
        return union
    corners = shapely.points(rings.xy[starts[np.unique(points)]])
    # Only polygons at such corners are united. The edges of a patch are within its radius.
    parts = shapely.get_parts([union])
    at_corner = np.unique(shapely.STRtree(parts).query(corners, predicate="dwithin", distance=tolerance.cluster_m)[1])
    patches = shapely.buffer(corners, 1.1 * tolerance.cluster_m, quad_segs=4)
    closed = shapely.union_all([*parts[at_corner], *patches])
    return shapely.multipolygons([*np.delete(parts, at_corner), *shapely.get_parts([closed])])


def find_holes(union: Any) -> NDArray:
    """Return the (h,) holes of a union of polygons, without the islands inside them.

    ``union``: polygon or multipolygon.
    """
    if union is None:
        return np.array([], dtype=object)
    hole_rings = extract_rings(np.array([union], dtype=object))
    lines = [
        hole_rings.xy[hole_rings.ring_starts[hole_of_part] : hole_rings.ring_starts[hole_of_part + 1]]
        for hole_of_part in np.flatnonzero(hole_rings.is_hole).tolist()
    ]
    holes = np.array([shapely.Polygon(xy) for xy in lines], dtype=object)
    islands_and_shells = shapely.get_parts([union])
    if not len(holes) or len(islands_and_shells) < 2:
        return holes
    hole_of_part, inside_hole = shapely.STRtree(shapely.point_on_surface(islands_and_shells)).query(
        holes, predicate="contains"
    )
    for hole in np.unique(hole_of_part).tolist():
        # A gap in an island is a separate hole.
        islands = shapely.polygons(shapely.get_exterior_ring(islands_and_shells[inside_hole[hole_of_part == hole]]))
        holes[hole] = shapely.difference(holes[hole], shapely.union_all(islands))
    return shapely.get_parts(holes)


# Vertices on a neighbour's long edge in a metric plane are off that edge after both are stored in degrees.
# The middle of an edge of two kilometres that was drawn straight in a Gauss–Krüger zone moves by some centimetres when
# only its ends are stored in degrees. A neighbour's vertex on it does not move: this creates a gap or an overlap that
# was not drawn.


class DegreePolygons(NamedTuple):
    """(n,) polygons or None in stored degrees, and the geographic CRS that they are stored in."""

    shapes: NDArray
    crs: CRS


def find_vertices_off_edges_in_degrees(
    edge_layer: DegreePolygons,
    vertex_layer: DegreePolygons,
    plane_crs: CRS,
    edge_match_m: float,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> VertexMismatches:
    """Return vertices that are on an edge in the plane, but off that edge in degrees.

    ``edge_layer`` has the edges, ``vertex_layer`` the vertices; the same object twice compares neighbours within a
    layer. In ``plane_crs`` (metres) the distance is at most ``edge_match_m``, in degrees it is more: an edge that is
    straight in one CRS is bent in the other. In the result ``vertex_xy`` is in degrees, ``distance_m`` in m. Raise
    Cancelled.
    """
    edge_rows = np.flatnonzero(~mask_missing_shapes(edge_layer.shapes))
    edge_rings = extract_rings(edge_layer.shapes[edge_rows])
    start, low, high, _ = find_long_ring_edges(edge_rings.xy, edge_rings.ring_starts, edge_layer.crs)
    # Smaller bends are within the tolerance in both CRS.
    is_bent = compute_edge_deviations(low, high, edge_layer.crs, plane_crs) > edge_match_m / 10
    ring = np.searchsorted(edge_rings.ring_starts, start[is_bent], side="right") - 1
    row_a, low_a, high_a = edge_rows[edge_rings.polygon_of_ring[ring]], low[is_bent], high[is_bent]
    if not len(row_a):
        return _NO_MISMATCHES
    cancellation.raise_if_cancelled()
    rows = np.flatnonzero(~mask_missing_shapes(vertex_layer.shapes))
    xy_b, position = shapely.get_coordinates(vertex_layer.shapes[rows], return_index=True)
    row_b = rows[position]
    plane_b = crs_care.reproject_coordinates(xy_b, vertex_layer.crs, plane_crs)
    low, high = (crs_care.reproject_coordinates(end, edge_layer.crs, plane_crs) for end in (low_a, high_a))
    i, j = find_points_near_segments(plane_b, low, high, edge_match_m, cancellation)
    if edge_layer is vertex_layer:
        is_other = row_b[i] != row_a[j]
        i, j = i[is_other], j[is_other]
    deviation = np.zeros(0)
    if len(i):
        metres = crs_care.make_local_plane(*xy_b[i][0])
        points, starts, ends = (
            crs_care.reproject_coordinates(xy, crs_care.CGCS2000_DEGREES, metres)
            for xy in (xy_b[i], low_a[j], high_a[j])
        )
        deviation = shapely.distance(shapely.linestrings(np.stack([starts, ends], axis=1)), shapely.points(points))
    # Another edge of the ring may have that vertex.
    lacks = ~_mask_points_at_vertices(edge_layer.shapes[row_a[j]], xy_b[i], _SAME_VERTEX_DEGREES)
    is_deviating = (deviation > edge_match_m) & lacks
    i, j, deviation = i[is_deviating], j[is_deviating], deviation[is_deviating]
    unique = np.unique(np.column_stack([row_a[j], row_b[i], xy_b[i]]), axis=0, return_index=True)[1]
    i, j, deviation = i[unique], j[unique], deviation[unique]
    return VertexMismatches(row_a[j], row_b[i], xy_b[i], deviation)
