# SPDX-License-Identifier: GPL-2.0-or-later
"""The vertices of a plane, so that those brought there from another CRS take the place of the same ones.

A vertex that two layers share comes back from another CRS some nanometres beside itself. Put back, the layers share their
edges exactly, and overlays are decided by what is equal (`polygons`), not by thousands of slivers without width.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

#: Two vertices this near (m) in two coordinate systems are one: a tenth of what an edge may be off.
SAME_VERTEX_M = 1e-5
#: Vertices are looked up by square cells this wide (m); the few that lie on a cell's edge stay where they are.
_CELL_M = 1e-3
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Register:
    """The vertices of (n,) geometries in a plane."""

    def __init__(self, shapes: NDArray):
        xy = shapely.get_coordinates(shapes)
        self._cell, first = np.unique(_cells(xy), return_index=True)
        self._xy = xy[first]

    def put_back(self, shapes: NDArray) -> NDArray:
        """(n,) geometries with each vertex that is one of the register's (to `SAME_VERTEX_M`) in its place."""
        return shapely.transform(shapes, self._replaced)

    def _replaced(self, xy: NDArray) -> NDArray:
        if not len(self._cell) or not len(xy):
            return xy
        cells = _cells(xy)
        at = np.minimum(np.searchsorted(self._cell, cells), len(self._cell) - 1)
        there = np.flatnonzero(self._cell[at] == cells)
        known = self._xy[at[there]]
        same = np.abs(known - xy[there]).max(axis=1) <= SAME_VERTEX_M
        made = xy.copy()
        made[there[same]] = known[same]
        return made


def _cells(xy: NDArray) -> NDArray:
    """(v,) uint64: the cell each vertex lies in. Two cells with one number do no harm: distance decides."""
    with np.errstate(invalid="ignore"):
        column, line = np.rint(xy / _CELL_M).astype(np.int64).view(np.uint64).T
    return column * _ODD + line
