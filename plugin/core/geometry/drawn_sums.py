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

    A segment that is straight in the layer's plane is bent in the equal-area plane. ``is_bent`` (s,) bool: segments of
    polygons whose bends count.
    """

    def __init__(self, segments: RingSegments, plane: EqualAreaPlane):
        self.plane = plane
        self._segments = segments
        begin, end = segments.begin + segments.plane_origin, segments.end + segments.plane_origin
        begin_lonlat = self._convert_to_radians_in_batches(begin)
        # The end of a segment is the begin of the next one; the last one of a ring ends where the first one begins.
        following = np.arange(1, len(begin) + 1)
        first = segments.first_segment_of_ring
        has_segments = first[1:] > first[:-1]
        following[first[1:][has_segments] - 1] = first[:-1][has_segments]
        end_lonlat = begin_lonlat[following]
        lengths = np.hypot(*(segments.end - segments.begin).T)
        polygon = segments.polygon_of_ring[segments.ring]
        self.is_bent = find_bent_polygons(lengths, begin_lonlat[:, 1], polygon, segments.polygon_areas)[polygon]
        bent = np.flatnonzero(self.is_bent)
        bends = np.zeros(len(begin))
        for start in range(0, len(bent), _SEGMENTS_PER_BATCH):
            batch = bent[start : start + _SEGMENTS_PER_BATCH]
            bends[batch] = measure_bends(
                begin[batch], end[batch], begin_lonlat[batch], end_lonlat[batch], lengths[batch], plane.to_lonlat
            )
        projected = plane.project(begin_lonlat)
        first_vertex = np.zeros((len(first) - 1, 2))
        first_vertex[has_segments] = projected[first[:-1][has_segments]]
        super().__init__(segments.ring, projected, projected[following], first_vertex, bends)

    def _convert_to_radians_in_batches(self, xy: NDArray) -> NDArray:
        """Return (v, 2) longitude and latitude in radians of (v, 2) points of the layer's plane."""
        lonlat = np.empty_like(xy)
        for start in range(0, len(xy), _SEGMENTS_PER_BATCH):
            lonlat[start : start + _SEGMENTS_PER_BATCH] = self.plane.convert_to_radians(
                xy[start : start + _SEGMENTS_PER_BATCH]
            )
        return lonlat

    def sum_until_crossings(self, segment: NDArray, crossing: NDArray, projected: NDArray, about: NDArray) -> NDArray:
        """Return the (k,) sums (m²) from a ring's first vertex to crossings on its segments, as `sum_until` does.

        ``segment`` (k,): the segment of each crossing; ``crossing`` (k, 2): the crossings in the layer's plane;
        ``projected`` (k, 2): the crossings in the equal-area plane; ``about`` (k, 2): centre of each sum.
        """
        bends = np.zeros(len(segment))
        bent = np.flatnonzero(self.is_bent[segment])
        for start in range(0, len(bent), _SEGMENTS_PER_BATCH):
            batch = bent[start : start + _SEGMENTS_PER_BATCH]
            begin, end = self._segments.begin[segment[batch]] + self._segments.plane_origin, crossing[batch]
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
