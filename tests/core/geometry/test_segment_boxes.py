# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of segments found down trees of boxes, compared with all pairs of segments."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry import segment_boxes
from plugin.core.geometry.ring_segments import RingSegments
from plugin.core.geometry.segment_boxes import find_meeting_chains, find_meeting_segments


def draw_polygons(count, random):
    """Return polygons of 3 to 90 vertices, some with a hole, and multipolygons of scattered parts, within 1 km².

    A tiny polygon has only one vertex after rounding.
    """

    def draw():
        disc = shapely.Point(random.random(2) * 1000).buffer(
            random.uniform(1, 80), quad_segs=int(random.integers(1, 22))
        )
        return disc.difference(disc.centroid.buffer(0.5)) if random.random() < 0.3 else disc

    polygons = [draw() for _ in range(count)]
    scattered = [shapely.union_all([draw() for _ in range(9)]) for _ in range(count // 8)]
    tiny = shapely.box(5, 5, 5 + 1e-12, 5 + 1e-12)
    return random.permutation(np.array([*polygons, *scattered, tiny, shapely.box(0, 0, 1000, 1000)], object))


def find_all_meeting_segments(left, right, i, j):
    """Return the sorted pairs of segments with boxes that meet, of pairs of polygons, by comparing all of them."""
    polygon_of_vertex, other_polygon = left.polygon_of_ring[left.ring], right.polygon_of_ring[right.ring]
    compared = np.zeros((len(left.shapes), len(right.shapes)), dtype=bool)
    compared[i, j] = True
    segments = [
        shapely.linestrings(np.stack([layer.xy, np.roll(layer.xy, -1, axis=0)], axis=1)) for layer in (left, right)
    ]
    a, b = (shapely.bounds(lines).T for lines in segments)
    a, b = a[:, :, None], b[:, None, :]
    meets = (a[0] <= b[2]) & (a[2] >= b[0]) & (a[1] <= b[3]) & (a[3] >= b[1])
    meets &= compared[polygon_of_vertex[:, None], other_polygon[None, :]]
    meets[left.ring_starts[1:] - 1] = False
    meets[:, right.ring_starts[1:] - 1] = False
    return np.argwhere(meets)


@pytest.mark.parametrize("pairs_per_step", [50, 100_000])
@pytest.mark.parametrize("seed", range(12))
def test_segments_found_by_boxes_are_those_found_by_comparing_all(seed, pairs_per_step, monkeypatch):
    monkeypatch.setattr(segment_boxes, "_PAIRS_PER_STEP", pairs_per_step)
    random = np.random.default_rng(seed)
    left, right = (RingSegments(draw_polygons(16, random), np.zeros(2)) for _ in range(2))
    i, j = np.nonzero(random.random((len(left.shapes), len(right.shapes))) < 0.7)
    chains = find_meeting_chains(left.run_boxes, right.run_boxes, i, j)
    segments = find_meeting_segments(left.run_boxes, right.run_boxes, *chains)
    expected = find_all_meeting_segments(left, right, i, j)
    found = np.column_stack(segments)
    assert len(expected)
    assert found[np.lexsort(found.T[::-1])].tolist() == expected.tolist()


def test_a_layer_without_segments_meets_none():
    nothing = RingSegments(np.zeros(0, dtype=object), np.zeros(2))
    tiny = RingSegments(np.array([shapely.box(5, 5, 5 + 1e-12, 5 + 1e-12)], object), np.zeros(2))
    assert nothing.run_boxes.root.tolist() == [] and tiny.run_boxes.root.tolist() == [-1]
    chains = find_meeting_chains(tiny.run_boxes, tiny.run_boxes, np.zeros(1, int), np.zeros(1, int))
    assert [segments.tolist() for segments in find_meeting_segments(tiny.run_boxes, tiny.run_boxes, *chains)] == [
        [],
        [],
    ]


def test_rings_drawn_in_any_order_need_about_as_many_comparisons_as_rings_in_order(monkeypatch):
    """Without an order of its rings, each box around a few of them is as large as the polygon."""
    cells = [shapely.box(x, y, x + 8, y + 8) for x in range(0, 400, 10) for y in range(0, 400, 10)]
    small = RingSegments(np.array([shapely.box(203, 203, 205, 205)], object), np.zeros(2))
    real, counts = segment_boxes.find_meeting_boxes, []

    def count(boxes, numbers, *others):
        counts[-1] += len(numbers)
        return real(boxes, numbers, *others)

    monkeypatch.setattr(segment_boxes, "find_meeting_boxes", count)
    for order in (np.arange(len(cells)), np.random.default_rng(1).permutation(len(cells))):
        parts = RingSegments(np.array([shapely.multipolygons(np.array(cells, object)[order])]), np.zeros(2))
        counts.append(0)
        left_chain, _ = find_meeting_chains(parts.run_boxes, small.run_boxes, np.zeros(1, int), np.zeros(1, int))
        assert len(left_chain)
    assert counts[1] == counts[0] < 200
