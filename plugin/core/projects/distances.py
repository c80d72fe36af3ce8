# SPDX-License-Identifier: GPL-2.0-or-later
"""Distances from projects to the nearest feature of a layer."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.polygon_rings import extract_rings
from ..geometry.polygons import MAX_UNCLIPPED_VERTICES

#: Segments in one section of the boundary of a large polygon.
_SEGMENTS = 32


class DistanceTree:
    """Measures distances to the nearest of (n,) shapes in a plane (m); some may be None.

    The boundaries of large polygons are searched by sections. A shape that has no land in a polygon is as far from it
    as from its boundary, so that the distance is the same.
    """

    def __init__(self, shapes: NDArray):
        self._shapes = shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Return a tree of small shapes, and of sections of the boundaries of large polygons; built when first used."""
        is_large = (shapely.get_num_coordinates(self._shapes) > MAX_UNCLIPPED_VERTICES) & (
            shapely.get_dimensions(self._shapes) == 2
        )
        if not is_large.any():
            return shapely.STRtree(self._shapes)
        return shapely.STRtree(np.concatenate([self._shapes[~is_large], _make_sections(self._shapes[is_large])]))

    def build(self) -> None:
        """Build the tree now; it takes as long as thousands of distances."""
        _ = self._tree

    def measure(self, shape: Any) -> float | None:
        """Return the distance (m) of a shape that has no land in any polygon; None without shapes."""
        rows, distances = self._tree.query_nearest(shape, return_distance=True, all_matches=False)
        return float(distances[0]) if len(rows) else None


def _make_sections(polygons: NDArray) -> NDArray:
    """Return the boundaries of polygons as lines of at most `_SEGMENTS` segments."""
    xy, starts, _, _ = extract_rings(polygons)
    # Section k of a ring begins at its vertex k · `_SEGMENTS`; the last vertex of a ring begins no section.
    counts = -(-(np.diff(starts) - 1) // _SEGMENTS)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    first = np.repeat(starts[:-1], counts) + number * _SEGMENTS
    last = np.minimum(first + _SEGMENTS, np.repeat(starts[1:] - 1, counts))
    sizes = last - first + 1
    vertices = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
    sections: NDArray = shapely.linestrings(xy[vertices], indices=np.repeat(np.arange(len(sizes)), sizes))
    return sections
