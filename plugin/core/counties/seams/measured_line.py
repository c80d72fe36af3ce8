# SPDX-License-Identifier: GPL-2.0-or-later
"""A long line with places along it (m), in short pieces with a search tree: a border has very many vertices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.linework import MAX_SEGMENTS_PER_LINE


class LinePieces:
    """(k,) pieces of lines in a plane (m), each of at most `MAX_SEGMENTS_PER_LINE` segments."""

    def __init__(self, lines: Iterable[Any]):
        pieces = [np.zeros(0, dtype=object)]
        for line in lines:
            xy = shapely.get_coordinates(line)
            pieces.append(
                np.array(
                    [
                        shapely.linestrings(xy[n : n + MAX_SEGMENTS_PER_LINE + 1])
                        for n in range(0, max(len(xy) - 1, 0), MAX_SEGMENTS_PER_LINE)
                    ],
                    dtype=object,
                )
            )
        self.pieces = np.concatenate(pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return a search tree of the pieces."""
        return shapely.STRtree(self.pieces)

    def measure_distances(self, points: NDArray) -> NDArray:
        """Return (p,) the distance (m) of each of (p,) points from the lines; infinite without lines."""
        distances = np.full(len(points), np.inf)
        if len(self) and len(points):
            (rows, _), found = self.tree.query_nearest(points, all_matches=False, return_distance=True)
            distances[rows] = found
        return distances


class MeasuredLine(LinePieces):
    """A line with places along it.

    ``line``: linestring in the plane (m).
    """

    def __init__(self, line: Any):
        super().__init__([line])
        self.line = line
        self.xy = shapely.get_coordinates(line)
        #: (v,) place of each vertex (m).
        self.vertex_places = np.r_[0.0, np.cumsum(np.hypot(*np.diff(self.xy, axis=0).T))]
        self._piece_places = self.vertex_places[:-1][::MAX_SEGMENTS_PER_LINE]

    @property
    def length_m(self) -> float:
        """Return the length of the line (m)."""
        return float(self.vertex_places[-1])

    @property
    def is_ring(self) -> bool:
        """Return True if the line ends where it begins."""
        return bool((self.xy[0] == self.xy[-1]).all())

    def locate(self, points: NDArray, reach_m: float) -> NDArray:
        """Return the places (m) nearest to points; points farther than ``reach_m`` from the line are left out."""
        if not len(points):
            return np.zeros(0)
        rows, pieces = self.tree.query_nearest(points, max_distance=reach_m, all_matches=False)
        return self._piece_places[pieces] + shapely.line_locate_point(self.pieces[pieces], points[rows])

    def interpolate(self, places: NDArray) -> NDArray:
        """Return the points at (p,) places (m)."""
        x, y = (np.interp(places, self.vertex_places, self.xy[:, axis]) for axis in (0, 1))
        return np.asarray(shapely.points(x, y))

    def cut(self, start_m: float, end_m: float) -> Any:
        """Return the stretch between two places as a line; on a ring it may end after the ring's start."""
        length = self.length_m
        if end_m > length:
            first, second = self.cut(start_m, length), self.cut(0.0, end_m - length)
            return shapely.linestrings(
                np.concatenate([shapely.get_coordinates(first), shapely.get_coordinates(second)[1:]])
            )
        is_between = (self.vertex_places > start_m) & (self.vertex_places < end_m)
        ends = shapely.get_coordinates(self.interpolate(np.array([start_m, end_m])))
        return shapely.linestrings(np.concatenate([ends[:1], self.xy[is_between], ends[1:]]))
