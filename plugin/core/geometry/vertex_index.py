# SPDX-License-Identifier: GPL-2.0-or-later
"""An index of vertices by square cells, to snap other vertices onto them.

After reprojection, a vertex shared by two layers differs by some nanometres. Between two editions, the grid of a
database may move it by up to the cluster tolerance. After snapping, both layers share their edges exactly. Overlays
are then decided by equality (`polygons`), not by thousands of slivers without width.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

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
    vertices in each.
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
        self._cell, self._xy = cells[is_unique], xy[is_unique]

    @property
    def vertex_xy(self) -> NDArray:
        """Return (v, 2) the indexed vertices (m), each once, in the order of their cells."""
        return self._xy

    def snap_vertices(self, shapes: NDArray) -> NDArray:
        """Return (n,) geometries with each vertex moved onto the nearest indexed vertex in reach."""
        return shapely.transform(shapes, self.find_nearest)

    def find_nearest(self, xy: NDArray) -> NDArray:
        """Return (v, 2) for each vertex the nearest indexed vertex in reach, or the vertex itself without one."""
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
                    distance = np.hypot(*(self._xy[index_position] - xy[pending_positions]).T)
                is_nearer = distance <= best_distance[pending_positions]
                best_distance[pending_positions[is_nearer]], nearest_xy[pending_positions[is_nearer]] = (
                    distance[is_nearer],
                    self._xy[index_position[is_nearer]],
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
    unique = np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel())
    return unique.view(np.float64).reshape(-1, 2)
