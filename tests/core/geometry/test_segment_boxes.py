# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of segments found down trees of boxes, compared with all pairs of segments."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry import segment_boxes
from plugin.core.geometry.ring_segments import RingSegments
from plugin.core.geometry.segment_boxes import find_meeting_chains, find_meeting_segments
from tests.parametrize import first_daily


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
@pytest.mark.parametrize("seed", first_daily(range(12), 4))
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
