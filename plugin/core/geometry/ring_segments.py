# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of a layer's rings with running sums, for `intersection_areas`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.parallel.threads import shared_property
from .exact_sides import GRID_M
from .polygon_rings import extract_rings
from .ring_sums import RingSums
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
    polygon_of_ring : (r,)
        Position of each ring's polygon.
    ring_starts : (r + 1,)
        First vertex of each ring, and v.
    weight : (r,)
        1 for a ring with its polygon on the left, else −1.
    sums : `RingSums`
        Sums in the plane of the coordinates.
    """

    def __init__(self, shapes: NDArray, origin: NDArray):
        """Divide (n,) polygons into segments."""
        self.shapes, self.origin = shapes, origin
        rings = extract_rings(shapes)
        xy = np.round((rings.xy - origin) / GRID_M) * GRID_M
        self.xy, self.ring_starts = _remove_repeated_vertices(xy, rings.ring_starts)
        self.polygon_of_ring = rings.polygon_of_ring
        self.ring = np.repeat(np.arange(len(self.polygon_of_ring)), np.diff(self.ring_starts))
        self.sums = RingSums(self.xy, self.ring, self.ring_starts)
        #: Sums of the same segments in an equal-area plane, for the next use (`drawn_sums`).
        self.cached_drawn_sums: RingSums | None = None
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
        x_step, y_step = np.diff(self.xy, axis=0).T
        is_last = np.diff(self.ring) > 0
        return np.append(np.where(is_last, 0.0, np.sqrt(x_step * x_step + y_step * y_step)), 0.0)[: len(self.xy)]

    @shared_property
    def run_boxes(self) -> SegmentBoxes:
        """Return the boxes around runs of segments, for searches."""
        return SegmentBoxes(self.xy, self.ring_starts, self.polygon_of_ring, len(self.shapes))

    @shared_property
    def first_ring(self) -> NDArray:
        """Return (n,) the first ring of each polygon."""
        first_ring = np.full(len(self.shapes), -1)
        first_ring[self.polygon_of_ring[::-1]] = np.arange(len(self.polygon_of_ring))[::-1]
        return first_ring

    @shared_property
    def ring_counts(self) -> NDArray:
        """Return (n,) the number of rings of each polygon; they follow each other."""
        return np.bincount(self.polygon_of_ring, minlength=len(self.shapes))

    @shared_property
    def polygon_areas(self) -> NDArray:
        """Return (n,) the areas of the polygons in m²."""
        return np.bincount(self.polygon_of_ring, self.weight * self.sums.total, minlength=len(self.shapes)) / 2


def _remove_repeated_vertices(xy: NDArray, ring_starts: NDArray) -> tuple[NDArray, NDArray]:
    """Return vertices and ring starts, as in `PolygonRings`, without vertices that equal the one before in the ring."""
    is_repeated = np.zeros(len(xy), dtype=bool)
    is_repeated[1:] = (xy[1:, 0] == xy[:-1, 0]) & (xy[1:, 1] == xy[:-1, 1])
    is_repeated[ring_starts[:-1]] = False
    if not is_repeated.any():
        return xy, ring_starts
    return xy[~is_repeated], ring_starts - np.append(0, np.cumsum(is_repeated))[ring_starts]
