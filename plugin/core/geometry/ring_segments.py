# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of a layer's rings with running sums, for `intersection_areas`."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .exact_sides import GRID_M
from .linework import extract_rings
from .ring_sums import RingSums, sum_before_in_ring
from .segment_boxes import SegmentBoxes


class RingSegments:
    """The segments of all rings of (n,) polygons, ring after ring.

    Coordinates are in metres, relative to ``origin``, rounded to multiples of `GRID_M`.

    Attributes
    ----------
    begin, end : (s, 2)
        Ends of each segment; no segment has length 0.
    ring : (s,)
        The segment's ring.
    length_before : (s,)
        Length (m) of the earlier segments of the segment's ring.
    polygon_of_ring : (r,)
        Position of each ring's polygon.
    first_segment_of_ring : (r + 1,)
        First segment of each ring, and s.
    first_vertex : (r, 2)
        First vertex of each ring.
    weight : (r,)
        1 for a ring with its polygon on the left, else −1.
    sums : `RingSums`
        Sums in the plane of the coordinates.
    plane_origin : (2,)
        Offset from these coordinates to coordinates of the layer's plane, to be added.
    """

    def __init__(self, shapes: NDArray, origin: NDArray, moved_by: NDArray | None = None):
        """Divide (n,) polygons into segments.

        ``moved_by`` (2,): offset by which the shapes were moved from their coordinates in the layer's plane.
        """
        self.shapes, self.origin = shapes, origin
        self.plane_origin = origin if moved_by is None else origin - moved_by
        rings = extract_rings(shapes)
        ring_count = len(rings.polygon_of_ring)
        xy = round_to_grid(rings.xy - origin)
        #: Rounding changed no coordinate, as is the case for coordinates of a county.
        self.is_unrounded = bool((xy == rings.xy - origin).all())
        self.polygon_of_ring = rings.polygon_of_ring
        has_next = np.ones(len(xy), dtype=bool)
        has_next[rings.ring_starts[1:] - 1] = False
        has_next[:-1] &= (xy[1:] != xy[:-1]).any(axis=1)
        segments = np.flatnonzero(has_next)
        self.begin, self.end = xy[segments], xy[segments + 1]
        self.ring = np.repeat(np.arange(ring_count), np.diff(rings.ring_starts))[segments]
        self.first_segment_of_ring = np.searchsorted(self.ring, np.arange(ring_count + 1))
        self.first_vertex = xy[rings.ring_starts[:-1]]
        self.sums = RingSums(self.ring, self.begin, self.end, self.first_vertex)
        #: Sums of the same segments in an equal-area plane, for the next use (`drawn_sums`).
        self.cached_drawn_sums: RingSums | None = None
        self.length_before = sum_before_in_ring(np.hypot(*(self.end - self.begin).T), self.ring, ring_count)
        self.weight = np.where((self.sums.total > 0) == ~rings.is_hole, 1.0, -1.0)

    @cached_property
    def boxes(self) -> NDArray:
        """Return (4, s) the least x and y and the greatest x and y of each segment."""
        return np.concatenate([np.minimum(self.begin, self.end).T, np.maximum(self.begin, self.end).T])

    @cached_property
    def run_boxes(self) -> SegmentBoxes:
        """Return the boxes of runs of segments, for searches."""
        return SegmentBoxes(self.boxes, self.first_segment_of_ring, self.polygon_of_ring, len(self.shapes))

    @cached_property
    def vertex_tree(self) -> shapely.STRtree:
        """Return a tree of the first vertex of each ring, in the coordinates of ``shapes``."""
        return shapely.STRtree(shapely.points(self.first_vertex + self.origin))

    @cached_property
    def first_ring(self) -> NDArray:
        """Return (n,) the first ring of each polygon."""
        first_ring = np.full(len(self.shapes), -1)
        first_ring[self.polygon_of_ring[::-1]] = np.arange(len(self.polygon_of_ring))[::-1]
        return first_ring

    @cached_property
    def polygon_areas(self) -> NDArray:
        """Return (n,) the areas of the polygons in m²."""
        return np.bincount(self.polygon_of_ring, self.weight * self.sums.total, minlength=len(self.shapes)) / 2


def round_to_grid(coordinates: NDArray) -> NDArray:
    """Return coordinates (m) rounded to multiples of `GRID_M`."""
    rounded: NDArray = np.round(coordinates / GRID_M) * GRID_M
    return rounded


def move_and_round(shapes: NDArray, origin: NDArray) -> Any:
    """Return (n,) shapes with coordinates relative to ``origin`` (m), rounded to multiples of `GRID_M`."""
    return shapely.transform(shapes, lambda xy: round_to_grid(xy - origin))
