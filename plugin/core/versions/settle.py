# SPDX-License-Identifier: GPL-2.0-or-later
"""Vertices of one edition put where the other has them, within the cluster tolerance: noise of reprojection or of a database's
grid would else be slivers along every edge."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry.rings import batches
from ..geometry.vertex_index import VertexIndex, each_once

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
    index = VertexIndex(once, cluster_m + FLOAT_M)
    done = shapes.copy()
    for batch in batches(shapes):
        for start in range(batch.start, batch.stop, _SHAPES):
            cancellation.raise_if_cancelled()
            some = slice(start, min(start + _SHAPES, batch.stop))
            moved = index.snap(shapes[some])
            cancellation.raise_if_cancelled()
            good = shapely.is_valid(moved) & (shapely.area(moved) > 0)
            done[some] = np.where(good, moved, shapes[some])
    return done
