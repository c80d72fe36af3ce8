# SPDX-License-Identifier: GPL-2.0-or-later
"""An index of vertices by square cells, to snap other vertices onto them.

A vertex shared by two layers is off by some nanometres after reprojection; between two editions, a database's grid may
move it by up to the cluster tolerance. After snapping, both layers share their edges exactly, and overlays are decided
by equality (`polygons`), not by thousands of slivers without width.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

#: Two vertices this near (m) in two coordinate systems are one: a tenth of the deviation allowed for edges.
SAME_VERTEX_M = 1e-5
#: Cells (m) of an index of a whole plane: so wide that nearly every vertex concerns one cell only.
_PLANE_CELL_M = 1e-3
_ODD = np.uint64(0x9E3779B97F4A7C15)
#: Corners of the square around a vertex, which determine the cells within its reach.
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


class VertexIndex:
    """Vertices by square cells.

    All vertices within ``reach`` (m) are in one to four cells. ``cell_m``: width of a cell, at least twice the reach
    (default). With wide cells there are fewer to search, and more vertices in each.
    """

    def __init__(self, xy: NDArray, reach: float, cell_m: float = 0.0):
        self._reach = reach
        self._cell_m = max(cell_m, 2 * reach)
        cells = self._cells(xy)
        order = np.argsort(cells, kind="stable")
        cells, xy = cells[order], xy[order]
        # Polygons that share a vertex each contribute it; one is enough.
        again = (cells[1:] == cells[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
        once = np.r_[True, ~again][: len(cells)]
        self._cell, self._xy = cells[once], xy[once]

    def snap(self, shapes: NDArray) -> NDArray:
        """Return (n,) geometries, each vertex snapped onto the nearest one within reach."""
        return shapely.transform(shapes, self.nearest)

    def nearest(self, xy: NDArray) -> NDArray:
        """Return (v, 2) the nearest vertex of the index in reach, else the vertex itself."""
        best, made = np.full(len(xy), self._reach), xy.copy()
        first = None
        for corner in _CORNERS:
            cells = self._cells(xy + np.array(corner) * self._reach)
            asked = np.arange(len(xy)) if first is None else np.flatnonzero(cells != first)
            first = cells if first is None else first
            at = np.searchsorted(self._cell, cells[asked])
            while len(asked):
                inside = at < len(self._cell)
                asked, at = asked[inside], at[inside]
                here = self._cell[at] == cells[asked]
                asked, at = asked[here], at[here]
                with np.errstate(invalid="ignore"):
                    off = np.hypot(*(self._xy[at] - xy[asked]).T)
                nearer = off <= best[asked]
                best[asked[nearer]], made[asked[nearer]] = off[nearer], self._xy[at[nearer]]
                at = at + 1
        return made

    def _cells(self, xy: NDArray) -> NDArray:
        """Return (v,) uint64: the cell of each vertex.

        Equal numbers of two cells are harmless, since the distance decides.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            column, line = np.floor(xy / self._cell_m).astype(np.int64).view(np.uint64).T
            cells: NDArray = column * _ODD + line
        return cells


def plane_vertices(shapes: NDArray) -> VertexIndex:
    """Return an index of (n,) geometries of a plane, to snap reprojected geometries."""
    return VertexIndex(shapely.get_coordinates(shapes), SAME_VERTEX_M, _PLANE_CELL_M)


def unique_vertices(xy: NDArray) -> NDArray:
    """Return (u, 2) the sorted unique vertices.

    A complex number sorts by its real part, then by its imaginary part.
    """
    once = np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel())
    return once.view(np.float64).reshape(-1, 2)
