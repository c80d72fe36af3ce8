# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of a layer's rings with running sums, for `intersection_areas`."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..parallel.shared_property import shared_property
from ..parallel.threads import map_batches_in_threads
from .exact_sides import GRID_M
from .polygon_rings import BATCH_VERTICES, divide_by_size, extract_rings
from .ring_sums import RingSums, sum_along_rings
from .segment_boxes import SegmentBoxes


class RingSegments:
    """The segments of all rings of (n,) polygons, ring after ring.

    Segment k runs from vertex k to vertex k + 1. The last vertex of a ring equals its first one, and begins no segment.
    Coordinates are in metres, relative to ``origin``, rounded to multiples of `GRID_M`.

    Attributes
    ----------
    xy : (v, 2)
        The vertices; no vertex equals the next one of its ring.
    ring : (v,)
        The ring of each vertex.
    length_before : (v,)
        Length (m) of the ring until each vertex.
    polygon_of_ring : (r,)
        Position of each ring's polygon.
    ring_starts : (r + 1,)
        First vertex of each ring, and v.
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
        #: Rounding changed no coordinate, as is the case for coordinates of a county.
        self.is_unrounded = _move_and_round_in_place(rings.xy, origin)
        self.xy, self.ring_starts = _remove_repeated_vertices(rings.xy, rings.ring_starts)
        self.polygon_of_ring = rings.polygon_of_ring
        self.ring = np.repeat(np.arange(len(self.polygon_of_ring)), np.diff(self.ring_starts))
        self.sums = RingSums(self.xy, self.ring, self.ring_starts)
        #: Sums of the same segments in an equal-area plane, for the next use (`drawn_sums`).
        self.cached_drawn_sums: RingSums | None = None
        self.length_before, _ = sum_along_rings(self._measure_lengths, self.ring_starts)
        self.weight = np.where((self.sums.total > 0) == ~rings.is_hole, 1.0, -1.0)

    @property
    def begin(self) -> NDArray:
        """Return (v − 1, 2) the begin of each segment."""
        return self.xy[:-1]

    @property
    def end(self) -> NDArray:
        """Return (v − 1, 2) the end of each segment."""
        return self.xy[1:]

    @property
    def first_vertex(self) -> NDArray:
        """Return (r, 2) the first vertex of each ring."""
        return self.xy[self.ring_starts[:-1]]

    def compute_lengths(self) -> NDArray:
        """Return (v,) the length (m) of the segment that each vertex begins; 0 for the last vertex of a ring."""
        lengths = [
            self._measure_lengths(slice(self.ring_starts[rings.start], self.ring_starts[rings.stop]))
            for rings in divide_by_size(self.ring_starts, BATCH_VERTICES)
        ]
        return np.concatenate([np.zeros(0), *lengths])

    def _measure_lengths(self, vertices: slice) -> NDArray:
        """Return the lengths, as `compute_lengths`, of the segments of whole rings."""
        x_step, y_step = np.diff(self.xy[vertices], axis=0).T
        is_last = np.diff(self.ring[vertices]) > 0
        return np.append(np.where(is_last, 0.0, np.sqrt(x_step * x_step + y_step * y_step)), 0.0)

    @shared_property
    def run_boxes(self) -> SegmentBoxes:
        """Return the boxes around runs of segments, for searches."""
        return SegmentBoxes(self.xy, self.ring_starts, self.polygon_of_ring, len(self.shapes))

    @shared_property
    def vertex_tree(self) -> shapely.STRtree:
        """Return a tree of the first vertex of each ring, in the coordinates of ``shapes``."""
        return shapely.STRtree(shapely.points(self.first_vertex + self.origin))

    @shared_property
    def first_ring(self) -> NDArray:
        """Return (n,) the first ring of each polygon."""
        first_ring = np.full(len(self.shapes), -1)
        first_ring[self.polygon_of_ring[::-1]] = np.arange(len(self.polygon_of_ring))[::-1]
        return first_ring

    @shared_property
    def polygon_areas(self) -> NDArray:
        """Return (n,) the areas of the polygons in m²."""
        return np.bincount(self.polygon_of_ring, self.weight * self.sums.total, minlength=len(self.shapes)) / 2


def _move_and_round_in_place(xy: NDArray, origin: NDArray) -> bool:
    """Make (v, 2) coordinates relative to ``origin`` (m), rounded to `GRID_M`. Return True if rounding changed none."""

    def change(batch: slice) -> bool:
        """Change the coordinates in a slice; return True if rounding changed none."""
        moved = xy[batch] - origin
        xy[batch] = round_to_grid(moved)
        return bool((xy[batch] == moved).all())

    return all(map_batches_in_threads(change, len(xy), BATCH_VERTICES))


def _remove_repeated_vertices(xy: NDArray, ring_starts: NDArray) -> tuple[NDArray, NDArray]:
    """Return vertices and ring starts, as in `PolygonRings`, without vertices that equal the one before in the ring."""
    is_repeated = np.zeros(len(xy), dtype=bool)
    is_repeated[1:] = (xy[1:, 0] == xy[:-1, 0]) & (xy[1:, 1] == xy[:-1, 1])
    is_repeated[ring_starts[:-1]] = False
    if not is_repeated.any():
        return xy, ring_starts
    return xy[~is_repeated], ring_starts - np.append(0, np.cumsum(is_repeated))[ring_starts]


def round_to_grid(coordinates: NDArray) -> NDArray:
    """Return coordinates (m) rounded to multiples of `GRID_M`."""
    rounded: NDArray = np.round(coordinates / GRID_M) * GRID_M
    return rounded


def move_and_round(shapes: NDArray, origin: NDArray) -> Any:
    """Return (n,) shapes with coordinates relative to ``origin`` (m), rounded to multiples of `GRID_M`."""
    return shapely.transform(shapes, lambda xy: round_to_grid(xy - origin))
