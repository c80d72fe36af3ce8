# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments and running sums along the rings of a layer, from which areas of pairs follow (`intersection_areas`).

`find_sides` computes exactly on which side of a segment a point is; no point is ever on the line. Coordinates must be
whole multiples of `GRID_M` and smaller than `MAX_COORDINATE_M`, so that differences are exact. Products are expanded
where rounding could change the sign (Dekker 1971). A point on the line of the segment is judged as if the left layer
was moved by (ε, ε²) for a tiny ε, so that no case is special (simulation of simplicity, Edelsbrunner and Mücke 1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.parallel.threads import shared_property
from .polygon_rings import extract_rings
from .segment_boxes import SegmentBoxes
from .statutory_area import EqualAreaPlane, find_bent_polygons, measure_bends

#: Coordinates are whole multiples of this (m).
GRID_M = 2.0**-30
#: Largest coordinate (m): differences, even of places 1 m farther, then have at most 53 binary digits.
MAX_COORDINATE_M = 2.0**22 - 1
#: Splits a float into two halves of its digits.
_SPLITTER = 2.0**27 + 1
#: A sign is certain if the determinant exceeds this share of its terms.
_CERTAIN_SHARE = 4e-16
#: Segments measured at a time.
_SEGMENTS_PER_BATCH = 250_000


def compute_cross_products(vectors: NDArray, other_vectors: NDArray) -> NDArray:
    """Return (n,) cross products of (n, 2) vectors with the other vectors."""
    return vectors[:, 0] * other_vectors[:, 1] - vectors[:, 1] * other_vectors[:, 0]


def find_sides(begin: NDArray, end: NDArray, point: NDArray, moved: int) -> NDArray:
    """Return (n,) sides of points: 1 on the left of a segment, −1 on its right.

    ``begin``, ``end``: (n, 2) ends of the segments, m; ``point``: (n, 2) points, m. A point exactly on a segment's line
    gets the side that it has after one of the two layers is shifted by an infinitely small distance. ``moved``: 1 if
    the layer of the points is shifted, −1 if the layer of the segments is. The side is 0 only for a segment without
    length.
    """
    step, to_point = end - begin, point - begin
    first, second = step[:, 0] * to_point[:, 1], step[:, 1] * to_point[:, 0]
    sides = np.sign(first - second)
    uncertain = np.flatnonzero(np.abs(first - second) <= _CERTAIN_SHARE * (np.abs(first) + np.abs(second)))
    first, first_error = _multiply_exactly(step[uncertain, 0], to_point[uncertain, 1])
    second, second_error = _multiply_exactly(step[uncertain, 1], to_point[uncertain, 0])
    determinant = (first - second) + (first_error - second_error)
    sides[uncertain] = np.sign(determinant)
    on_line = uncertain[determinant == 0]
    x_step, y_step = step[on_line].T
    sides[on_line] = moved * np.where(y_step != 0, -np.sign(y_step), np.sign(x_step))
    return sides


def _multiply_exactly(factors: NDArray, other_factors: NDArray) -> tuple[NDArray, NDArray]:
    """Return (n,) rounded products and their rounding errors; product and error sum to the exact product."""
    product = factors * other_factors
    split = _SPLITTER * factors
    a_high = split - (split - factors)
    split = _SPLITTER * other_factors
    b_high = split - (split - other_factors)
    a_low, b_low = factors - a_high, other_factors - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


class RingSums:
    """Sums of cross products along the rings of a layer, in the plane in which areas are wanted.

    Attributes
    ----------
    before : (v,)
        Sum of cross products about the ring's first vertex (m²) of the ring's segments until each vertex.
    total : (r,)
        Sum of all cross products of each ring (m²): twice its area, positive if its inside is on the left.
    first_vertex : (r, 2)
        First vertex of each ring (m).
    """

    def __init__(self, xy: NDArray, ring: NDArray, ring_starts: NDArray, bends: NDArray | None = None):
        """Sum up the cross products of the segments ring by ring.

        ``xy`` (v, 2): the vertices of closed rings, m; ``ring`` (v,): ring of each vertex; ``ring_starts`` (r + 1,):
        first vertex of each ring, and v; ``bends`` (v,): m² that the segment after each vertex, as drawn, encloses on
        its right; 0 for the last vertex of a ring.
        """
        self._ring, self._xy, self.first_vertex = ring, xy, xy[ring_starts[:-1]]
        about_first = xy - self.first_vertex[ring]
        terms = np.zeros(len(xy))
        # That of the last vertex of a ring is 0, since it is the ring's first vertex.
        terms[:-1] = compute_cross_products(about_first[:-1], about_first[1:])
        if bends is not None:
            terms += 2 * bends
        self.before, self.total = sum_along_rings(terms, ring_starts)

    def sum_until(self, segment: NDArray, point: NDArray, about: NDArray, bends: NDArray | None = None) -> NDArray:
        """Return (k,) the sum of cross products (m²) from a ring's first vertex to a point on one of its segments.

        ``segment`` (k,): the segment that each point is on; ``point`` (k, 2): the points; ``about`` (k, 2): centre of
        each sum; ``bends`` (k,): m² that the segment encloses on its right until the point.
        """
        own_origin = self.first_vertex[self._ring[segment]]
        to_point = point - own_origin
        sums = self.before[segment] + compute_cross_products(self._xy[segment] - own_origin, to_point)
        sums += compute_cross_products(own_origin - about, to_point)
        return sums if bends is None else sums + 2 * bends


def sum_along_rings(terms: NDArray, ring_starts: NDArray) -> tuple[NDArray, NDArray]:
    """Return (v,) sums of the terms before each vertex in its ring; (r,) sums by ring.

    ``terms`` (v,): that of a ring's last vertex must be 0; ``ring_starts`` (r + 1,): first vertex of each ring, and v.
    """
    counts = np.diff(ring_starts)
    total = np.bincount(np.repeat(np.arange(len(counts)), counts), terms, minlength=len(counts))
    # At each ring the running sum goes back to 0: the same numbers were added in the same order.
    steps = np.append(0.0, terms)[:-1]
    steps[ring_starts[1:-1]] -= total[:-1]
    return np.cumsum(steps), total


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
        is_repeated = np.zeros(len(xy), dtype=bool)
        is_repeated[1:] = (xy[1:, 0] == xy[:-1, 0]) & (xy[1:, 1] == xy[:-1, 1])
        is_repeated[rings.ring_starts[:-1]] = False
        self.xy, self.ring_starts = xy, rings.ring_starts
        if is_repeated.any():
            self.xy = xy[~is_repeated]
            self.ring_starts = rings.ring_starts - np.append(0, np.cumsum(is_repeated))[rings.ring_starts]
        #: (v − 1, 2) the begin and the end of each segment.
        self.begin, self.end = self.xy[:-1], self.xy[1:]
        self.polygon_of_ring = rings.polygon_of_ring
        self.ring = np.repeat(np.arange(len(self.polygon_of_ring)), np.diff(self.ring_starts))
        self.sums = RingSums(self.xy, self.ring, self.ring_starts)
        #: Sums of the same segments in an equal-area plane, for the next use (`DrawnSums`).
        self.cached_drawn_sums: RingSums | None = None
        self.weight = np.where((self.sums.total > 0) == ~rings.is_hole, 1.0, -1.0)

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
    def polygon_areas(self) -> NDArray:
        """Return (n,) the areas of the polygons in m²."""
        return np.bincount(self.polygon_of_ring, self.weight * self.sums.total, minlength=len(self.shapes)) / 2


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
        # The length (m) of the segment that each vertex begins; 0 for the last vertex of a ring.
        x_step, y_step = np.diff(segments.xy, axis=0).T
        is_last = np.diff(segments.ring) > 0
        lengths = np.append(np.where(is_last, 0.0, np.sqrt(x_step * x_step + y_step * y_step)), 0.0)[: len(segments.xy)]
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
