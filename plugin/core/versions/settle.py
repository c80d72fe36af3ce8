# SPDX-License-Identifier: GPL-2.0-or-later
"""Vertices of one edition put where the other has them, within the cluster tolerance: noise of reprojection or of a database's
grid would else be slivers along every edge."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry.rings import batches

#: What a double of eight digits before the point may itself be off (m).
FLOAT_M = 1e-8
#: Polygons settled between two looks at the cancel button.
_SHAPES = 2048


def settled(shapes: NDArray, onto: NDArray, cluster_m: float, cancellation: Cancellation = NEVER) -> NDArray:
    """(n,) polygons with each vertex in the place of the nearest vertex of ``onto`` ((m,) polygons) within ``cluster_m``.

    One that this would spoil stays as it is.
    """
    if not len(shapes) or not len(onto):
        return shapes
    cancellation.raise_if_cancelled()
    once = each_once(shapely.get_coordinates(onto))
    cancellation.raise_if_cancelled()
    vertices = _Vertices(once, cluster_m + FLOAT_M)
    done = shapes.copy()
    for batch in batches(shapes):
        for start in range(batch.start, batch.stop, _SHAPES):
            cancellation.raise_if_cancelled()
            some = slice(start, min(start + _SHAPES, batch.stop))
            moved = shapely.transform(shapes[some], vertices.nearest)
            cancellation.raise_if_cancelled()
            good = shapely.is_valid(moved) & (shapely.area(moved) > 0)
            done[some] = np.where(good, moved, shapes[some])
    return done


def each_once(xy: NDArray) -> NDArray:
    """(u, 2) the vertices sorted, each once. A complex number sorts by its real part, then by the other."""
    once = np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel())
    return once.view(np.float64).reshape(-1, 2)


class _Vertices:
    """Vertices by square cells twice the reach wide: what is in reach lies in one of four."""

    def __init__(self, xy: NDArray, reach: float):
        self._reach = reach
        cells = self._cells(xy)
        order = np.argsort(cells, kind="stable")
        self._cell, self._xy = cells[order], xy[order]

    def _cells(self, xy: NDArray) -> NDArray:
        column, line = np.floor(xy / (2 * self._reach)).astype(np.int64).view(np.uint64).T
        with np.errstate(over="ignore"):
            # Two cells of one number do no harm: distance decides.
            cells: NDArray = column * np.uint64(0x9E3779B97F4A7C15) + line
        return cells

    def nearest(self, xy: NDArray) -> NDArray:
        """(v, 2) the nearest vertex within reach, else the vertex itself."""
        best, made = np.full(len(xy), self._reach), xy.copy()
        for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            cells = self._cells(xy + np.array(corner) * self._reach)
            at = np.searchsorted(self._cell, cells)
            asked = np.arange(len(xy))
            while len(asked):
                inside = at < len(self._cell)
                asked, at = asked[inside], at[inside]
                here = self._cell[at] == cells[asked]
                asked, at = asked[here], at[here]
                off = np.hypot(*(self._xy[at] - xy[asked]).T)
                nearer = off <= best[asked]
                best[asked[nearer]], made[asked[nearer]] = off[nearer], self._xy[at[nearer]]
                at = at + 1
        return made
