# SPDX-License-Identifier: GPL-2.0-or-later
"""Points and lines against polygons: where they lie inside, and where outside. Points and lines have no area to share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .validity import missing


class Marks(NamedTuple):
    """Where points or lines are: their ``row``, the polygon's row ``of`` (−1: none), and the ``shape`` (points or lines)."""

    row: NDArray
    of: NDArray
    shape: NDArray


def marks_inside(shapes: NDArray, polygons: NDArray, within_m: float) -> Marks:
    """The parts of (n,) points or lines inside each of (k,) polygons, None in both for a row without a shape.

    What only touches an edge, or reaches in by no more than ``within_m``, is not inside. Coordinates in metres.
    """
    there, covers = np.flatnonzero(~missing(shapes)), np.flatnonzero(~missing(polygons))
    i, j = shapely.STRtree(polygons[covers]).query(shapes[there], predicate="intersects")
    i, j = there[i], covers[j]
    shape = shapely.intersection(shapes[i], polygons[j])
    kept = _counts(shape, shapely.boundary(polygons[j]), within_m)
    return Marks(i[kept], j[kept], shape[kept])


def marks_outside(shapes: NDArray, polygons: NDArray, within_m: float) -> Marks:
    """The part of each of (n,) points or lines that lies farther than ``within_m`` from all (k,) polygons."""
    there, covers = np.flatnonzero(~missing(shapes)), np.flatnonzero(~missing(polygons))
    tree = shapely.STRtree(polygons[covers])
    covered, _ = tree.query(shapes[there], predicate="covered_by")
    rest = np.setdiff1d(there, there[covered])
    i, j = tree.query(shapes[rest], predicate="dwithin", distance=within_m)
    beyond = shapes[rest].copy()
    for n in np.unique(i).tolist():
        # Widened by what is taken for one, so that a line along the edge in another layer's coordinates is in.
        near = shapely.buffer(shapely.union_all(polygons[covers[j[i == n]]]), within_m)
        beyond[n] = shapely.difference(beyond[n], near)
    kept = ~shapely.is_empty(beyond)
    return Marks(rest[kept], np.full(int(kept.sum()), -1), beyond[kept])


def _counts(shape: NDArray, edges: NDArray, within_m: float) -> NDArray:
    """(k,) bool: points that do not lie on the edge, lines that are longer than ``within_m`` and not along it."""
    points = shapely.get_dimensions(shape) == 0
    off_edge = shapely.distance(shape, edges) > within_m
    deep = shapely.length(shapely.difference(shape, shapely.buffer(edges, within_m))) > within_m
    found: NDArray = np.where(points, off_edge, deep) & ~shapely.is_empty(shape)
    return found
