# SPDX-License-Identifier: GPL-2.0-or-later
"""Boxes around runs of segments of polygons, level above level, and pairs of short runs with boxes that meet.

Segments that follow each other along a ring are near each other. So the boxes of runs in the order of the rings make a
good search tree, and NumPy builds it from the coordinates alone. Two trees are compared from their roots down: the
larger box of a pair that meets is replaced by the boxes inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation

#: Segments in one chain. Longer ones make a smaller tree, and more pairs of segments to compare.
_SEGMENTS_PER_CHAIN = 6
#: Boxes inside one box of the level above.
_BOXES_PER_PARENT = 4
#: How a box's least x and y and its greatest x and y change if it is extended.
_EXTEND_BOUNDS = (np.minimum, np.minimum, np.maximum, np.maximum)
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
    xy : (v, 2)
        The vertices (m). Segment k runs from vertex k to vertex k + 1.
    boxes : (4, b)
        Least x and y, greatest x and y (m) of each box.
    first_inside, end_inside : (b,)
        The boxes inside a box: from the first one to the one before the end. For a chain these are its segments.
    chain_count : int
        Number of chains.
    root : (n,)
        The box of each polygon; −1 for one without segments.
    """

    def __init__(self, xy: NDArray, ring_starts: NDArray, polygon_of_ring: NDArray, count: int):
        """Build the boxes.

        ``xy`` (v, 2): the vertices of closed rings, m; ``ring_starts`` (r + 1,): first vertex of each ring, and v; the
        last vertex of a ring begins no segment; ``polygon_of_ring`` (r,): the polygon of each ring, where the rings of
        a polygon follow each other; ``count``: n.
        """
        self.xy = xy
        chains_of_ring = -(-(np.diff(ring_starts) - 1) // _SEGMENTS_PER_CHAIN)
        ring, first, end = _divide_into_parts(
            ring_starts[:-1], ring_starts[1:] - 1, chains_of_ring, _SEGMENTS_PER_CHAIN
        )
        # Rings of a polygon may follow each other in any order; near ones are put together.
        has_several = np.bincount(polygon_of_ring, minlength=count)[polygon_of_ring] > 1
        several = np.flatnonzero(has_several[ring])
        if len(several):
            places = _rank_rings(xy[ring_starts[:-1]].T, polygon_of_ring)
            order = several[np.argsort(places[ring[several]], kind="stable")]
            first[several], end[several] = first[order], end[order]
        # A segment ends at the next vertex.
        levels, firsts, ends = [_enclose_runs([*xy.T, *xy.T], first, end + 1)], [first], [end]
        self.chain_count = len(first)
        self.root = np.full(count, -1)
        begins_polygon = np.append(True, polygon_of_ring[1:] != polygon_of_ring[:-1])[: len(polygon_of_ring)]
        first_ring = np.flatnonzero(begins_polygon)
        polygon, box_counts = polygon_of_ring[first_ring], np.add.reduceat(chains_of_ring, first_ring)
        level_start = 0
        while len(polygon):
            run_ends = np.cumsum(box_counts)
            run_starts = run_ends - box_counts
            self.root[polygon[box_counts == 1]] = level_start + run_starts[box_counts == 1]
            has_parent = box_counts > 1
            polygon, box_counts = polygon[has_parent], -(-box_counts[has_parent] // _BOXES_PER_PARENT)
            _, first, end = _divide_into_parts(
                run_starts[has_parent], run_ends[has_parent], box_counts, _BOXES_PER_PARENT
            )
            firsts.append(level_start + first)
            ends.append(level_start + end)
            level_start += levels[-1].shape[1]
            levels.append(_enclose_runs([*levels[-1]], first, end))
        self.boxes = np.concatenate(levels, axis=1)
        self.first_inside, self.end_inside = np.concatenate(firsts), np.concatenate(ends)
        #: (b,) half the circumference (m) of each box.
        self.size = (self.boxes[2:] - self.boxes[:2]).sum(axis=0)


def _divide_into_parts(
    run_starts: NDArray, run_ends: NDArray, part_counts: NDArray, part_length: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Divide runs of consecutive numbers into parts of equal length.

    The last part of a run may be shorter. ``run_starts``, ``run_ends`` (k,): first number of each run, and the one
    after its last; ``part_counts`` (k,): number of its parts; ``part_length``: numbers in a part. Returns for each part
    the position of its run, its first number, and the one after its last.
    """
    run, part = expand_ranges(np.zeros(len(part_counts), dtype=int), part_counts)
    first = run_starts[run] + part * part_length
    return run, first, np.minimum(first + part_length, run_ends[run])


def _rank_rings(first_vertices: NDArray, polygon_of_ring: NDArray) -> NDArray:
    """Return (r,) places of rings in an order where rings of a polygon follow each other, near ones if possible.

    ``first_vertices`` (2, r): the first vertex of each ring, m; ``polygon_of_ring`` (r,): polygon of each ring. They
    follow each other along a Z-order curve (Morton 1966).
    """
    low = first_vertices.min(axis=1, keepdims=True)
    cells = ((first_vertices - low) * (_CURVE_CELLS / max((first_vertices - low).max(), 1.0))).astype(np.uint64)
    # Each number below 2¹⁶ gets a zero bit before each of its bits.
    numbers = cells
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | numbers << np.uint64(shift)) & np.uint64(mask)
    x, y = numbers
    # Polygons stay in the order of their first rings.
    _, first_ring, polygon = np.unique(polygon_of_ring, return_index=True, return_inverse=True)
    places = np.empty(len(polygon_of_ring), dtype=np.int64)
    places[np.lexsort((x | y << np.uint64(1), first_ring[polygon.ravel()]))] = np.arange(len(polygon_of_ring))
    return places


def _enclose_runs(bounds: list[NDArray], first: NDArray, end: NDArray) -> NDArray:
    """Return (4, k) the boxes around runs of consecutive boxes or points.

    ``bounds``: four (n,) arrays, the least x and y and the greatest x and y of each box or point; ``first``, ``end``
    (k,): first of each run, and the one after its last. Runs are short.
    """
    boxes = np.array([values[first] for values in bounds])
    position = first
    for _ in range(int((end - first).max(initial=0)) - 1):
        position = np.minimum(position + 1, end - 1)
        for values, box_bounds, extend in zip(bounds, boxes, _EXTEND_BOUNDS, strict=True):
            extend(box_bounds, values[position], out=box_bounds)
    return boxes


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
        # Few meet along one axis: the other axis is looked up for these alone.
        for axis in range(2):
            meets = left.boxes[axis, a] <= right.boxes[axis + 2, b]
            meets &= left.boxes[axis + 2, a] >= right.boxes[axis, b]
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
    left: SegmentBoxes, right: SegmentBoxes, left_chain: NDArray, right_chain: NDArray
) -> tuple[NDArray, NDArray]:
    """Return pairs of a left and a right segment with boxes that meet.

    ``left_chain``, ``right_chain`` (k,): pairs of chains; only segments of the two chains of a pair are compared.
    """
    pair, i = expand_ranges(left.first_inside[left_chain], left.end_inside[left_chain])
    chain = right_chain[pair]
    # Few meet along one axis: the other axis is looked up for these alone.
    for values, other_least, other_greatest in zip(left.xy.T, right.boxes[:2], right.boxes[2:], strict=True):
        least, greatest = _measure_extents(values, i)
        meets = np.flatnonzero((least <= other_greatest[chain]) & (greatest >= other_least[chain]))
        i, chain = i[meets], chain[meets]
    n, j = expand_ranges(right.first_inside[chain], right.end_inside[chain])
    i = i[n]
    for values, other_values in zip(left.xy.T, right.xy.T, strict=True):
        least, greatest = _measure_extents(values, i)
        other_least, other_greatest = _measure_extents(other_values, j)
        meets = np.flatnonzero((least <= other_greatest) & (greatest >= other_least))
        i, j = i[meets], j[meets]
    return i, j


def _measure_extents(coordinates: NDArray, segment: NDArray) -> tuple[NDArray, NDArray]:
    """Return (k,), (k,) the least and greatest coordinate of segments.

    ``coordinates`` (v,): x of all vertices, or y of them, m.
    """
    begin, end = coordinates[segment], coordinates[segment + 1]
    return np.minimum(begin, end), np.maximum(begin, end)


def expand_ranges(first: NDArray, end: NDArray) -> tuple[NDArray, NDArray]:
    """List the integers of k ranges: range i has the integers from ``first[i]`` to ``end[i]`` − 1.

    Returns two arrays with one element for each integer: the number i of its range, and the integer.
    """
    counts = end - first
    owner = np.repeat(np.arange(len(first)), counts)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
