# SPDX-License-Identifier: GPL-2.0-or-later
"""Add vertices to long edges so that they keep their course in another CRS.

A polygon stores vertices only; between them its edges are straight in the layer's CRS. Reprojecting only the vertices
bends every edge: a kilometre by 0.8 mm from one 3° zone into the next, by 17 mm from degrees into a zone (at 39.6° N;
the bend grows with the square of the length). The additional vertices are used to detect problems and are never
stored; an index of vertices finds the stored ones again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from . import crs as crs_care
from .polygon_rings import change_rings, extract_rings, hash_vertices, iterate_batches
from .validity import drop_empty_holes, drop_empty_parts

#: Maximum deviation of a point of an edge (m).
MAX_DEVIATION_M = 1e-4
#: No projection of China bends an edge shorter than this (m) as much.
MIN_LONG_EDGE_M = 50.0
#: Edges whose ends are this near (m) in two coordinate systems are one edge, stored twice.
SAME_ENDS_M = 1e-3
_METRES_PER_DEGREE = 111_320.0
_SINGLE_PART_MULTIPOLYGON = shapely.multipolygons([shapely.box(0, 0, 1, 1)])

#: An edge by its ends in the layer's coordinates, the smaller end first.
EdgeCoordinates = tuple[float, float, float, float]


class DensifiedShapes(NamedTuple):
    """Reprojected geometries with densified edges.

    ``shapes``: (n,) in the plane; ``added_vertices``: (k, 2) vertices that densification added.
    """

    shapes: NDArray
    added_vertices: NDArray


class LongEdges(NamedTuple):
    """(k,) edges that are long enough to bend visibly when reprojected.

    ``ends_in_layer_crs`` (k, 4): both ends (x, y, x, y) in the layer's CRS, the smaller first; ``ends_in_plane`` (k,
    4): both ends in the plane; ``middle_shift_m`` (k,): how far (m) the middle of the edge shifts if only the ends are
    reprojected.
    """

    ends_in_layer_crs: NDArray
    ends_in_plane: NDArray
    middle_shift_m: NDArray


def reproject_densified(
    shapes: NDArray,
    source: CRS,
    plane_crs: CRS,
    undensified_edges: frozenset[EdgeCoordinates] = frozenset(),
    *,
    by_vertices: bool = False,
) -> DensifiedShapes:
    """Return (n,) geometries reprojected into ``plane_crs`` (metres), with vertices added to long edges.

    No point of a polygon's edge deviates by more than `MAX_DEVIATION_M` from its place in the source CRS. An edge gets
    the same vertices in every polygon and in either direction. Edges in ``undensified_edges`` get none, because they
    are straight in the plane (`find_shared_edges`). Points and lines are reprojected by their vertices only; with
    ``by_vertices``, polygons too.
    """
    reprojected = crs_care.reproject_geometries(shapes, source, plane_crs)
    undensified = DensifiedShapes(reprojected, np.zeros((0, 2)))
    if by_vertices or crs_care.preserves_straight_lines(source, plane_crs):
        return undensified
    rows = _find_bent_rows(shapes, source, plane_crs)
    if not len(rows):
        return undensified
    # shapely returns one array for polygons and multipolygons only if there is a multipolygon: one is appended.
    polygons = np.append(drop_empty_parts(drop_empty_holes(shapes[rows])), _SINGLE_PART_MULTIPOLYGON)
    geometry_type, xy, (ring_at, part_at, shape_at) = shapely.to_ragged_array(polygons, include_z=False)
    stored_count = int(ring_at[-2])
    stored_xy = _transform_to_plane(xy[:stored_count], source, plane_crs)
    edge_start, low, high, reversed_edges = find_long_ring_edges(xy[:stored_count], ring_at[:-1], source)
    deviation = compute_edge_deviations(low, high, source, plane_crs)
    pieces = np.ones(len(xy), dtype=np.int64)
    pieces[edge_start] = np.where(deviation > MAX_DEVIATION_M, np.ceil(np.sqrt(deviation / (0.9 * MAX_DEVIATION_M))), 1)
    if undensified_edges:
        excluded = [tuple(edge) in undensified_edges for edge in np.column_stack([low, high]).tolist()]
        pieces[edge_start[excluded]] = 1
    # Vertex k moves to place[k]; the vertices of its edge follow it.
    new_position = np.cumsum(pieces) - pieces
    new_xy = np.empty((int(pieces.sum()), 2))
    new_xy[new_position[:stored_count]] = stored_xy
    new_xy[new_position[stored_count:]] = xy[stored_count:]
    is_divided = pieces[edge_start] > 1
    count = pieces[edge_start[is_divided]] - 1
    edge_of_vertex = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(edge_of_vertex)) - np.repeat(np.cumsum(count) - count, count) + 1
    share = (step / (count + 1)[edge_of_vertex])[:, None]
    added_vertices = _transform_to_plane(
        low[is_divided][edge_of_vertex] + share * (high - low)[is_divided][edge_of_vertex], source, plane_crs
    )
    # From the smaller end on, so that both directions are equal; in the other direction the last comes first.
    is_reversed = reversed_edges[is_divided][edge_of_vertex]
    target = new_position[edge_start[is_divided]][edge_of_vertex] + np.where(
        is_reversed, (count + 1)[edge_of_vertex] - step, step
    )
    new_xy[target] = added_vertices
    ring_at = np.append(new_position, len(new_xy))[ring_at]
    dense = shapely.from_ragged_array(geometry_type, new_xy, (ring_at, part_at, shape_at))[:-1]
    is_polygon = shapely.get_type_id(shapes[rows]) == 3
    dense[is_polygon] = shapely.get_geometry(dense[is_polygon], 0)
    reprojected[rows] = dense
    return DensifiedShapes(reprojected, added_vertices)


def find_long_edges(shapes: NDArray, source: CRS, plane_crs: CRS) -> LongEdges:
    """Return all edges of polygons longer than `MIN_LONG_EDGE_M`."""
    batches = [(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0))]
    polygons = shapes[_mask_measurable_polygons(shapes)]
    for batch in iterate_batches(polygons):
        batch_rings = extract_rings(polygons[batch])
        _, low, high, _ = find_long_ring_edges(batch_rings.xy, batch_rings.ring_starts, source)
        ends_in_plane = [_transform_to_plane(ends, source, plane_crs) for ends in (low, high)]
        shifts = compute_edge_deviations(low, high, source, plane_crs)
        batches.append((np.column_stack([low, high]), np.column_stack(ends_in_plane), shifts))
    return LongEdges(*map(np.concatenate, zip(*batches, strict=True)))


def find_shared_edges(layers: Iterable[tuple[CRS, NDArray]], plane_crs: CRS) -> dict[CRS, frozenset[EdgeCoordinates]]:
    """Return source CRS → edges in that CRS that a layer in another CRS also has.

    ``layers``: (CRS, (n,) geometries) of each layer. Layers of one county are often copies of each other's lines,
    reprojected by their vertices. Such an edge must be straight in all of them or in none, so it gets no additional
    vertices. Both ends of an edge must agree within `SAME_ENDS_M`.
    """
    long_by_crs = [(crs, find_long_edges(shapes, crs, plane_crs)) for crs, shapes in layers]
    shared_edges_by_crs: dict[CRS, set[EdgeCoordinates]] = {}
    for crs, edges in long_by_crs:
        is_bent = edges.middle_shift_m > MAX_DEVIATION_M
        if crs == plane_crs or not is_bent.any():
            continue
        ends, source_ends = edges.ends_in_plane[is_bent], edges.ends_in_layer_crs[is_bent]
        tree = shapely.STRtree(shapely.points((ends[:, :2] + ends[:, 2:]) / 2))
        for other_crs, other in long_by_crs:
            if other_crs == crs or not len(other.ends_in_plane):
                continue
            middles = shapely.points((other.ends_in_plane[:, :2] + other.ends_in_plane[:, 2:]) / 2)
            other_positions, own_positions = tree.query(middles, predicate="dwithin", distance=SAME_ENDS_M)
            own_edge, other_edge = ends[own_positions], other.ends_in_plane[other_positions]
            reversed_edge = other_edge[:, [2, 3, 0, 1]]
            is_same = (
                np.minimum(np.abs(own_edge - other_edge).max(axis=1), np.abs(own_edge - reversed_edge).max(axis=1))
                <= SAME_ENDS_M
            )
            shared_edges_by_crs.setdefault(crs, set()).update(map(tuple, source_ends[own_positions[is_same]].tolist()))
    return {crs: frozenset(edges) for crs, edges in shared_edges_by_crs.items()}


def hash_added_vertices(added: NDArray) -> NDArray:
    """Return the sorted hashes of (k, 2) added vertices, which `remove_added_vertices` takes."""
    return np.unique(hash_vertices(added))


def remove_added_vertices(shapes: NDArray, added: NDArray) -> NDArray:
    """Return (n,) geometries with polygons and multipolygons without the vertices that densification added.

    ``added``: the result of `hash_added_vertices`. Other vertices and other geometries are unchanged.
    """
    if not len(added) or not len(shapes):
        return shapes

    def remove_from_ring(xy: NDArray) -> NDArray:
        """Return the vertices of a ring without added ones; the ring itself if fewer than three would remain."""
        stored_xy = xy[:-1][~_mask_added_vertices(xy[:-1], added)]
        return np.concatenate([stored_xy, stored_xy[:1]]) if len(stored_xy) >= 3 else xy

    thinned = shapes.copy()
    rows = np.flatnonzero(_mask_measurable_polygons(shapes))
    for batch in iterate_batches(shapes[rows]):
        batch_rows = rows[batch]
        xy, owner = shapely.get_coordinates(shapes[batch_rows], return_index=True)
        for n in np.unique(owner[_mask_added_vertices(xy, added)]).tolist():
            thinned[batch_rows[n]] = change_rings(shapes[batch_rows[n]], remove_from_ring)
    return thinned


def mask_stored_vertices(points: NDArray, added: NDArray) -> NDArray:
    """Return (k,) bool: vertices that densification did not add.

    ``points``: (k, 2) vertices; ``added``: the result of `hash_added_vertices`.
    """
    return ~_mask_added_vertices(points, added) if len(added) and len(points) else np.ones(len(points), dtype=bool)


def _mask_added_vertices(xy: NDArray, added_hashes: NDArray) -> NDArray:
    """Return (v,) bool: vertices whose hash is one of the sorted hashes ``added_hashes``."""
    code = hash_vertices(np.ascontiguousarray(xy))
    return added_hashes[np.minimum(np.searchsorted(added_hashes, code), len(added_hashes) - 1)] == code


def _mask_measurable_polygons(shapes: NDArray) -> NDArray:
    """Return (n,) bool: polygons and multipolygons of which all coordinates are finite."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    return np.isin(shapely.get_type_id(shapes), (3, 6)) & np.isfinite(bounds).all(axis=1)


def _find_bent_rows(shapes: NDArray, source: CRS, plane_crs: CRS) -> NDArray:
    """Return the positions of polygons with an edge that needs densification."""
    rows = [np.zeros(0, dtype=np.int64)]
    positions = np.flatnonzero(_mask_measurable_polygons(shapes))
    for batch in iterate_batches(shapes[positions]):
        batch_rows = positions[batch]
        batch_rings = extract_rings(shapes[batch_rows])
        edge_start, low, high, _ = find_long_ring_edges(batch_rings.xy, batch_rings.ring_starts, source)
        bent_positions = edge_start[compute_edge_deviations(low, high, source, plane_crs) > MAX_DEVIATION_M]
        ring = np.searchsorted(batch_rings.ring_starts, bent_positions, side="right") - 1
        rows.append(batch_rows[np.unique(batch_rings.polygon_of_ring[ring])])
    return np.concatenate(rows)


def find_long_ring_edges(xy: NDArray, ring_at: NDArray, source: CRS) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the edges of closed rings that are longer than `MIN_LONG_EDGE_M`.

    ``xy``: (v, 2) vertices of all rings; ``ring_at``: start of each ring. Four results: position of the start vertex
    (k,), smaller end (k, 2), larger end (k, 2), and (k,) bool: the edge runs from the larger to the smaller end.
    """
    step = np.diff(xy, axis=0)
    if crs_care.describe_crs(source).is_geographic:
        step = step * _METRES_PER_DEGREE * np.column_stack([np.cos(np.radians(xy[:-1, 1])), np.ones(len(step))])
    is_long = np.hypot(step[:, 0], step[:, 1]) > MIN_LONG_EDGE_M
    is_long[ring_at[1:-1] - 1] = False
    start = np.flatnonzero(is_long)
    a, b = xy[start], xy[start + 1]
    is_reversed = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(is_reversed[:, None], b, a), np.where(is_reversed[:, None], a, b)
    return start, low, high, is_reversed


def compute_edge_deviations(low: NDArray, high: NDArray, source: CRS, plane_crs: CRS) -> NDArray:
    """Return (k,) by how far (m) reprojection moves the middle of an edge off the line through its ends.

    ``low``, ``high``: (k, 2) ends in the source CRS.
    """
    a, b = _transform_to_plane(low, source, plane_crs), _transform_to_plane(high, source, plane_crs)
    offset, along = _transform_to_plane((low + high) / 2, source, plane_crs) - (a + b) / 2, b - a
    return np.abs(offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]) / np.hypot(along[:, 0], along[:, 1])


def _transform_to_plane(xy: NDArray, source: CRS, plane_crs: CRS) -> NDArray:
    """Return (v, 2) coordinates reprojected into the plane."""
    if source == plane_crs or not len(xy):
        return xy
    return crs_care.reproject_coordinates(xy, source, plane_crs)


#: Reprojected vertices this near (m) are one vertex: a tenth of the deviation allowed for edges.
SAME_VERTEX_M = 1e-5
#: Cells (m) of an index of a whole plane: so wide that nearly every vertex concerns one cell only.
_PLANE_CELL_M = 1e-3
_HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)
#: Corners of the square around a vertex, which determine the cells within its reach.
_CELL_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


class VertexIndex:
    """Vertices (m), indexed by square cells.

    ``reach``: distance (m) within which other vertices are snapped; one to four cells are searched for each.
    ``cell_m``: width of a cell, at least twice the reach (default). Wide cells mean fewer cells to search, with more
    vertices in each. ``vertex_xy``: (v, 2) the indexed vertices (m), each once, in the order of their cells.
    """

    def __init__(self, xy: NDArray, reach: float, cell_m: float = 0.0):
        self._reach = reach
        self._cell_m = max(cell_m, 2 * reach)
        cells = self._hash_cells(xy)
        order = np.argsort(cells, kind="stable")
        cells, xy = cells[order], xy[order]
        # Polygons that share a vertex each contribute it; one is enough.
        is_repeated = (cells[1:] == cells[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
        is_unique = np.r_[True, ~is_repeated][: len(cells)]
        self._cell, self.vertex_xy = cells[is_unique], xy[is_unique]

    def find_nearest(self, xy: NDArray) -> NDArray:
        """Return (v, 2) for each vertex the nearest indexed vertex in reach, or the vertex itself without one.

        `shapely.transform` snaps the vertices of geometries with it.
        """
        best_distance, nearest_xy = np.full(len(xy), self._reach), xy.copy()
        first_cells = None
        for corner in _CELL_CORNERS:
            cells = self._hash_cells(xy + np.array(corner) * self._reach)
            pending_positions = np.arange(len(xy)) if first_cells is None else np.flatnonzero(cells != first_cells)
            first_cells = cells if first_cells is None else first_cells
            index_position = np.searchsorted(self._cell, cells[pending_positions])
            while len(pending_positions):
                in_index = index_position < len(self._cell)
                pending_positions, index_position = pending_positions[in_index], index_position[in_index]
                in_cell = self._cell[index_position] == cells[pending_positions]
                pending_positions, index_position = pending_positions[in_cell], index_position[in_cell]
                with np.errstate(invalid="ignore"):
                    distance = np.hypot(*(self.vertex_xy[index_position] - xy[pending_positions]).T)
                is_nearer = distance <= best_distance[pending_positions]
                best_distance[pending_positions[is_nearer]], nearest_xy[pending_positions[is_nearer]] = (
                    distance[is_nearer],
                    self.vertex_xy[index_position[is_nearer]],
                )
                index_position = index_position + 1
        return nearest_xy

    def _hash_cells(self, xy: NDArray) -> NDArray:
        """Return (v,) uint64: a hash of each vertex's cell.

        Two cells with equal hashes are harmless, since the distance decides.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            column, grid_row = np.floor(xy / self._cell_m).astype(np.int64).view(np.uint64).T
            cells: NDArray = column * _HASH_FACTOR + grid_row
        return cells


def make_plane_vertex_index(shapes: NDArray) -> VertexIndex:
    """Return an index of the vertices of (n,) geometries in a plane, onto which others are snapped."""
    return VertexIndex(shapely.get_coordinates(shapes), SAME_VERTEX_M, _PLANE_CELL_M)


def sort_unique_vertices(xy: NDArray) -> NDArray:
    """Return (u, 2) the unique vertices, sorted by x, then by y."""
    return np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel()).view(np.float64).reshape(-1, 2)
