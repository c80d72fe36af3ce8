# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of a layer's rings with running sums, and pairs of segments of two layers whose boxes meet.

`intersection_areas` uses the sums. Pairs are found by short chains of consecutive segments: a tree has a box for each
chain, and only segments of chains whose boxes meet are compared.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .exact_sides import GRID_M
from .linework import extract_rings
from .ring_sums import RingSums, sum_before_in_ring

#: Segments in one chain. Longer ones make a smaller tree, and more pairs to compare.
_SEGMENTS_PER_CHAIN = 4


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
    def chain_limits(self) -> NDArray:
        """Return (c + 1,) the first segment of each chain, and s."""
        number_in_ring = np.arange(len(self.ring)) - self.first_segment_of_ring[self.ring]
        return np.append(np.flatnonzero(number_in_ring % _SEGMENTS_PER_CHAIN == 0), len(self.ring))

    @cached_property
    def chain_boxes(self) -> NDArray:
        """Return (4, c) the boxes of the chains: least x and y, greatest x and y."""
        first = self.chain_limits[:-1]
        if not len(first):
            return np.zeros((4, 0))
        low, high = (
            np.minimum.reduceat(self.boxes[:2], first, axis=1),
            np.maximum.reduceat(self.boxes[2:], first, axis=1),
        )
        return np.concatenate([low, high])

    @cached_property
    def chain_diagonals(self) -> NDArray:
        """Return (c,) diagonals of the boxes of the chains; a tree of them works like one of the boxes."""
        diagonals: NDArray = shapely.linestrings(self.chain_boxes.T.reshape(-1, 2, 2))
        return diagonals

    @cached_property
    def chain_tree(self) -> shapely.STRtree:
        """Return a tree of the boxes of the chains."""
        return shapely.STRtree(self.chain_diagonals)

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


def find_meeting_segments(
    left: RingSegments, right: RingSegments, left_chain: NDArray, right_chain: NDArray
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right segment whose boxes meet.

    ``left_chain``, ``right_chain`` (k,): pairs of chains; only segments of the two chains of a pair are compared.
    """
    pair, i = expand_ranges(left.chain_limits[left_chain], left.chain_limits[left_chain + 1])
    chain = right_chain[pair]
    meets = _find_meeting_boxes(left.boxes, i, right.chain_boxes, chain)
    i, chain = i[meets], chain[meets]
    n, j = expand_ranges(right.chain_limits[chain], right.chain_limits[chain + 1])
    i = i[n]
    meets = _find_meeting_boxes(left.boxes, i, right.boxes, j)
    return i[meets], j[meets]


def _find_meeting_boxes(
    boxes: NDArray, box_numbers: NDArray, other_boxes: NDArray, other_box_numbers: NDArray
) -> NDArray:
    """Return the positions of those pairs whose two boxes meet.

    ``boxes``, ``other_boxes``: (4, n), (4, m), least x and y, greatest x and y; ``box_numbers``, ``other_box_numbers``
    (k,): the boxes of each pair.
    """
    (west, south, east, north), (other_west, other_south, other_east, other_north) = boxes, other_boxes
    meets = np.flatnonzero(
        (west[box_numbers] <= other_east[other_box_numbers]) & (east[box_numbers] >= other_west[other_box_numbers])
    )
    box_numbers, other_box_numbers = box_numbers[meets], other_box_numbers[meets]
    return meets[
        (south[box_numbers] <= other_north[other_box_numbers]) & (north[box_numbers] >= other_south[other_box_numbers])
    ]


def expand_ranges(first: NDArray, end: NDArray) -> tuple[NDArray, NDArray]:
    """List the integers of k ranges: range i has the integers from ``first[i]`` to ``end[i]`` − 1.

    Returns two arrays with one element for each integer: the number i of its range, and the integer.
    """
    counts = end - first
    owner = np.repeat(np.arange(len(first)), counts)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(counts) - counts), counts)


def move_and_round(shapes: NDArray, origin: NDArray) -> Any:
    """Return (n,) shapes with coordinates relative to ``origin`` (m), rounded to multiples of `GRID_M`."""
    return shapely.transform(shapes, lambda xy: round_to_grid(xy - origin))
