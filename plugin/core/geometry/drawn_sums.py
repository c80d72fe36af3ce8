# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums along the rings of a layer, from which areas on the ellipsoid within the drawn edges follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .ring_segments import RingSegments
from .ring_sums import RingSums
from .statutory_area import EqualAreaPlane, find_bent_polygons, measure_bends

#: Segments measured at a time.
_SEGMENTS_PER_BATCH = 250_000


class DrawnSums(RingSums):
    """Sums in an equal-area plane that include the bends of segments.

    A segment that is straight in the layer's plane is bent in the equal-area plane. ``is_bent`` (v,) bool: vertices
    that begin a segment of which the bend counts.
    """

    def __init__(self, segments: RingSegments, plane: EqualAreaPlane):
        self.plane = plane
        self._segments = segments
        xy = segments.xy + segments.origin
        lonlat = plane.convert_to_radians(xy)
        lengths = segments.compute_lengths()
        polygon = segments.polygon_of_ring[segments.ring]
        self.is_bent = find_bent_polygons(lengths, lonlat[:, 1], polygon, segments.polygon_areas)[polygon]
        self.is_bent[segments.ring_starts[1:] - 1] = False
        bent = np.flatnonzero(self.is_bent)
        bends = np.zeros(len(xy))
        for start in range(0, len(bent), _SEGMENTS_PER_BATCH):
            batch = bent[start : start + _SEGMENTS_PER_BATCH]
            following = batch + 1
            bends[batch] = measure_bends(
                xy[batch], xy[following], lonlat[batch], lonlat[following], lengths[batch], plane.to_lonlat
            )
        super().__init__(plane.project(lonlat), segments.ring, segments.ring_starts, bends)

    def sum_until_crossings(self, segment: NDArray, crossing: NDArray, projected: NDArray, about: NDArray) -> NDArray:
        """Return the (k,) sums (m²) from a ring's first vertex to crossings on its segments, as `sum_until` does.

        ``segment`` (k,): the segment of each crossing; ``crossing`` (k, 2): the crossings in the layer's plane;
        ``projected`` (k, 2): the crossings in the equal-area plane; ``about`` (k, 2): centre of each sum.
        """
        bends = np.zeros(len(segment))
        bent = np.flatnonzero(self.is_bent[segment])
        for start in range(0, len(bent), _SEGMENTS_PER_BATCH):
            batch = bent[start : start + _SEGMENTS_PER_BATCH]
            begin, end = self._segments.begin[segment[batch]] + self._segments.origin, crossing[batch]
            bends[batch] = measure_bends(
                begin,
                end,
                self.plane.convert_to_radians(begin),
                self.plane.convert_to_radians(end),
                np.hypot(*(end - begin).T),
                self.plane.to_lonlat,
            )
        return self.sum_until(segment, projected, about, bends)


def get_drawn_sums(segments: RingSegments, plane: EqualAreaPlane) -> DrawnSums:
    """Return the sums of segments in an equal-area plane; a second call with the same plane returns them again."""
    sums = segments.cached_drawn_sums
    if not isinstance(sums, DrawnSums) or sums.plane is not plane:
        sums = segments.cached_drawn_sums = DrawnSums(segments, plane)
    return sums
