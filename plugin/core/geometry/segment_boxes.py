# SPDX-License-Identifier: GPL-2.0-or-later
"""Boxes around runs of segments of polygons, level above level, and pairs of short runs with boxes that meet.

Segments that follow each other along a ring are near each other. So the boxes of runs in the order of the rings make a
good search tree, and NumPy builds it from the coordinates alone. Two trees are compared from their roots down: the
larger box of a pair that meets is replaced by the boxes inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation

#: Segments in one chain. Longer ones make a smaller tree, and more pairs of segments to compare.
_SEGMENTS_PER_CHAIN = 6
#: Boxes inside one box of the level above.
_BOXES_PER_PARENT = 4
#: Greatest cell number, along each axis, of the grid on which rings of a polygon are put in order.
_CURVE_CELLS = 2.0**16 - 1
#: Pairs of boxes compared at a time; more are divided, so that memory is limited.
_PAIRS_PER_STEP = 100_000


class SegmentBoxes:
    """Boxes of the chains of all segments of (n,) polygons, and of the levels above.

    A chain has up to `_SEGMENTS_PER_CHAIN` consecutive segments of one ring. A box of a higher level has up to
    `_BOXES_PER_PARENT` consecutive boxes of one polygon inside. The boxes of the chains come first.

    Attributes
    ----------
    boxes : (4, b)
        Least x and y, greatest x and y (m) of each box.
    first_inside, end_inside : (b,)
        The boxes inside a box: from the first one to the one before the end. For a chain these are its segments.
    chain_count : int
        Number of chains.
    root : (n,)
        The box of each polygon; −1 for one without segments.
    """

    def __init__(self, segment_boxes: NDArray, ring_starts: NDArray, polygon_of_ring: NDArray, count: int):
        """Build the boxes.

        ``segment_boxes`` (4, v): box of the segment that each vertex begins; ``ring_starts`` (r + 1,): first vertex of
        each ring, and v; the last vertex of a ring begins no segment, and its box has no size; ``polygon_of_ring``
        (r,): the polygon of each ring, where the rings of a polygon follow each other; ``count``: n.
        """
        segment_counts = np.diff(ring_starts) - 1
        ring, number = expand_ranges(
            np.zeros(len(segment_counts), dtype=int), -(-segment_counts // _SEGMENTS_PER_CHAIN)
        )
        first = ring_starts[ring] + number * _SEGMENTS_PER_CHAIN
        end = np.minimum(first + _SEGMENTS_PER_CHAIN, ring_starts[ring + 1] - 1)
        boxes = _enclose_runs(segment_boxes, first)
        # Rings of a polygon may follow each other in any order; near ones are put together.
        several = np.flatnonzero(np.bincount(polygon_of_ring, minlength=count)[polygon_of_ring[ring]] > 1)
        if len(several):
            places = _rank_rings(segment_boxes[:2, ring_starts[:-1]], polygon_of_ring)
            order = several[np.argsort(places[ring[several]], kind="stable")]
            ring[several], first[several], end[several] = ring[order], first[order], end[order]
            boxes[:, several] = boxes[:, order]
        self.chain_count = len(first)
        self.root = np.full(count, -1)
        levels, firsts, ends = [boxes], [first], [end]
        numbers, polygon, next_number = np.arange(len(first)), polygon_of_ring[ring], len(first)
        while len(numbers):
            begins_polygon = np.append(True, polygon[1:] != polygon[:-1])
            run_starts = np.flatnonzero(begins_polygon)
            run_lengths = np.diff(np.append(run_starts, len(polygon)))
            single = run_starts[run_lengths == 1]
            self.root[polygon[single]] = numbers[single]
            has_parent = np.repeat(run_lengths > 1, run_lengths)
            number_in_run = (np.arange(len(polygon)) - np.repeat(run_starts, run_lengths))[has_parent]
            numbers, polygon, boxes = numbers[has_parent], polygon[has_parent], boxes[:, has_parent]
            parent_starts = np.flatnonzero(number_in_run % _BOXES_PER_PARENT == 0)
            boxes = _enclose_runs(boxes, parent_starts)
            first = numbers[parent_starts]
            levels.append(boxes)
            firsts.append(first)
            ends.append(first + np.diff(np.append(parent_starts, len(numbers))))
            polygon = polygon[parent_starts]
            numbers = next_number + np.arange(len(parent_starts))
            next_number += len(parent_starts)
        self.boxes = np.concatenate(levels, axis=1)
        self.first_inside, self.end_inside = np.concatenate(firsts), np.concatenate(ends)
        #: (b,) half the circumference (m) of each box.
        self.size = (self.boxes[2:] - self.boxes[:2]).sum(axis=0)


def _rank_rings(corners: NDArray, polygon_of_ring: NDArray) -> NDArray:
    """Return (r,) places of rings in an order where rings of a polygon follow each other, near ones if possible.

    ``corners`` (2, r): a point of each ring, m; ``polygon_of_ring`` (r,): polygon of each ring. Points follow each
    other along a Z-order curve (Morton 1966).
    """
    low = corners.min(axis=1, keepdims=True)
    cells = ((corners - low) * (_CURVE_CELLS / max((corners - low).max(), 1.0))).astype(np.uint64)
    x, y = _spread_bits(cells)
    # Polygons stay in the order of their first rings.
    _, first_ring, polygon = np.unique(polygon_of_ring, return_index=True, return_inverse=True)
    places = np.empty(len(polygon_of_ring), dtype=np.int64)
    places[np.lexsort((x | y << np.uint64(1), first_ring[polygon.ravel()]))] = np.arange(len(polygon_of_ring))
    return places


def _spread_bits(numbers: NDArray) -> NDArray:
    """Return uint64 numbers below 2¹⁶ with a zero bit before each of their bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | numbers << np.uint64(shift)) & np.uint64(mask)
    return numbers


def _enclose_runs(boxes: NDArray, first: NDArray) -> NDArray:
    """Return (4, k) the boxes around runs of (4, n) boxes; ``first`` (k,): first box of each run, sorted."""
    if not len(first):
        return np.zeros((4, 0))
    return np.concatenate(
        [np.minimum.reduceat(boxes[:2], first, axis=1), np.maximum.reduceat(boxes[2:], first, axis=1)]
    )


def find_meeting_chains(
    left: SegmentBoxes,
    right: SegmentBoxes,
    left_polygon: NDArray,
    right_polygon: NDArray,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right chain with boxes that meet.

    ``left_polygon``, ``right_polygon`` (k,): pairs of polygons; only chains of the two polygons of a pair are compared.
    The pairs of chains have no particular order. Raise Cancelled.
    """
    a, b = left.root[left_polygon], right.root[right_polygon]
    has_segments = (a >= 0) & (b >= 0)
    waiting, found = [(a[has_segments], b[has_segments])], [(np.zeros(0, dtype=int), np.zeros(0, dtype=int))]
    while waiting:
        cancellation.raise_if_cancelled()
        a, b = waiting.pop()
        if len(a) > _PAIRS_PER_STEP:
            half = len(a) // 2
            waiting += [(a[half:], b[half:]), (a[:half], b[:half])]
            continue
        meets = find_meeting_boxes(left.boxes, a, right.boxes, b)
        a, b = a[meets], b[meets]
        is_left_chain, is_right_chain = a < left.chain_count, b < right.chain_count
        is_done = is_left_chain & is_right_chain
        if is_done.any():
            found.append((a[is_done], b[is_done]))
        is_larger = left.size[a] >= right.size[b]
        divides_left = ~is_left_chain & (is_right_chain | is_larger)
        divides_right = ~(is_done | divides_left)
        n, inside_left = expand_ranges(left.first_inside[a[divides_left]], left.end_inside[a[divides_left]])
        m, inside_right = expand_ranges(right.first_inside[b[divides_right]], right.end_inside[b[divides_right]])
        if len(n) or len(m):
            waiting.append((np.append(inside_left, a[divides_right][m]), np.append(b[divides_left][n], inside_right)))
    left_chain, right_chain = (np.concatenate(chains) for chains in zip(*found, strict=True))
    return left_chain, right_chain


def find_meeting_segments(
    left: SegmentBoxes,
    right: SegmentBoxes,
    left_segment_boxes: NDArray,
    right_segment_boxes: NDArray,
    left_chain: NDArray,
    right_chain: NDArray,
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right segment with boxes that meet.

    ``left_segment_boxes``, ``right_segment_boxes`` (4, s), (4, t): boxes of the segments; ``left_chain``,
    ``right_chain`` (k,): pairs of chains; only segments of the two chains of a pair are compared.
    """
    pair, i = expand_ranges(left.first_inside[left_chain], left.end_inside[left_chain])
    chain = right_chain[pair]
    meets = find_meeting_boxes(left_segment_boxes, i, right.boxes, chain)
    i, chain = i[meets], chain[meets]
    n, j = expand_ranges(right.first_inside[chain], right.end_inside[chain])
    i = i[n]
    meets = find_meeting_boxes(left_segment_boxes, i, right_segment_boxes, j)
    return i[meets], j[meets]


def find_meeting_boxes(boxes: NDArray, box_numbers: NDArray, other_boxes: NDArray, other_numbers: NDArray) -> NDArray:
    """Return the positions of those pairs of boxes that meet.

    ``boxes``, ``other_boxes``: (4, n), (4, m), least x and y, greatest x and y; ``box_numbers``, ``other_numbers``
    (k,): the boxes of each pair.
    """
    (west, south, east, north), (other_west, other_south, other_east, other_north) = boxes, other_boxes
    meets = np.flatnonzero(
        (west[box_numbers] <= other_east[other_numbers]) & (east[box_numbers] >= other_west[other_numbers])
    )
    box_numbers, other_numbers = box_numbers[meets], other_numbers[meets]
    return meets[
        (south[box_numbers] <= other_north[other_numbers]) & (north[box_numbers] >= other_south[other_numbers])
    ]


def expand_ranges(first: NDArray, end: NDArray) -> tuple[NDArray, NDArray]:
    """List the integers of k ranges: range i has the integers from ``first[i]`` to ``end[i]`` − 1.

    Returns two arrays with one element for each integer: the number i of its range, and the integer.
    """
    counts = end - first
    owner = np.repeat(np.arange(len(first)), counts)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
