# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments and vertices of polygons: drawn twice, near each other, their boxes and sums."""

import math
from collections import defaultdict
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.geometry import linework, segment_boxes
from plugin.core.geometry.coverage import (
    find_mismatches_both_ways,
    find_points_near_segments,
)
from plugin.core.geometry.edge_densification import VertexIndex
from plugin.core.geometry.linework import build_linework
from plugin.core.geometry.polygon_rings import make_member_table, mask_possible_members
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.ring_sums import RingSegments, sum_along_rings
from plugin.core.geometry.segment_boxes import find_meeting_chains, find_meeting_segments
from plugin.core.geometry.tolerance import Tolerance
from tests.parametrize import first_daily


@st.composite
def polygons(draw):
    """Draw a rectangle on a grid, perhaps with a hole or a repeated vertex, reversed, or as a multipolygon."""
    x, y = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    width, height = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    corners = list(shapely.box(x, y, x + width, y + height, ccw=draw(st.booleans())).exterior.coords)
    start = draw(st.integers(0, 3))
    corners = corners[start:-1] + corners[: start + 1]
    corners.insert(1, corners[draw(st.integers(0, 1))])
    has_hole = draw(st.booleans()) and min(width, height) == 3
    hole = [list(shapely.box(x + 1, y + 1, x + 2, y + 2).exterior.coords)] if has_hole else []
    shape = shapely.Polygon(corners, hole)
    return shapely.MultiPolygon([shape]) if draw(st.booleans()) else shape


LAYERS = st.lists(polygons(), max_size=9)
#: Hashes that differ in the upper bits, in the lower bits only, or not at all.
HASHES = st.lists(
    st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 7), st.integers(2**63, 2**63 + 7), st.just(2**64 - 1)),
    max_size=60,
)
#: Bits of a hash that keys have: all that fit, and so few that different segments have equal keys.
KEY_BITS = st.sampled_from([None, 0, 2])


def list_segments(shapes):
    """Return (row, start, end, interior is left) of all segments, in any order."""
    segments = []
    for row, shape in enumerate(shapes):
        for part in shapely.get_parts([shape]):
            for ring in [part.exterior, *part.interiors]:
                is_left = ring.is_ccw == (ring == part.exterior)
                ends = zip(ring.coords[:-1], ring.coords[1:], strict=True)
                segments += [(row, start, end, is_left) for start, end in ends if start != end]
    return segments


def list_marked(lines, is_marked):
    """Return (row, start, end) of marked segments, sorted."""
    segments = np.flatnonzero(is_marked)
    rows = lines.polygon_of_ring[lines.ring_of_vertex[segments]]
    ends = lines.xy[segments], lines.xy[segments + 1]
    return sorted(
        (int(row), tuple(a), tuple(b)) for row, a, b in zip(rows, *(one.tolist() for one in ends), strict=True)
    )


@contextmanager
def limit_key_bits(bits):
    """Build and compare segments with keys that have this many bits of a hash; None for all that fit."""
    with pytest.MonkeyPatch.context() as patch:
        if bits is not None:
            patch.setattr(linework, "_make_position_mask", lambda count: np.uint64(2 ** (64 - bits) - 1))
        yield patch


def build(shapes):
    return build_linework(np.array(shapes, dtype=object), np.arange(len(shapes)))


@given(LAYERS, KEY_BITS, st.sampled_from([1, 2, 5, 500_000]))
def test_unpaired_segments_are_those_not_drawn_exactly_twice_once_from_either_side(shapes, bits, segments_per_batch):
    sides = defaultdict(list)
    for _, start, end, is_left in list_segments(shapes):
        sides[frozenset([start, end])].append((start, end) if is_left else (end, start))
    alone = [
        (row, start, end)
        for row, start, end, _ in list_segments(shapes)
        if len(sides[frozenset([start, end])]) != 2 or len(set(sides[frozenset([start, end])])) != 2
    ]
    with limit_key_bits(bits) as patch:
        patch.setattr(linework, "_SEGMENTS_PER_BATCH", segments_per_batch)
        lines = build(shapes)
        assert list_marked(lines, lines.unpaired_segments) == sorted(alone)


@given(LAYERS)
def test_adjacent_rings_are_those_with_a_paired_segment_in_common(shapes):
    lines = build(shapes)
    paired = defaultdict(set)
    for k in np.flatnonzero(~lines.unpaired_segments[:-1]).tolist() if len(lines.xy) else []:
        if lines.ring_of_vertex[k] == lines.ring_of_vertex[k + 1] and (lines.xy[k] != lines.xy[k + 1]).any():
            paired[frozenset(map(tuple, lines.xy[k : k + 2].tolist()))].add(int(lines.ring_of_vertex[k]))
    assert {frozenset(pair) for pair in lines.adjacent_rings.tolist()} == {frozenset(p) for p in paired.values()}


@given(LAYERS, LAYERS, KEY_BITS, st.randoms(use_true_random=False), st.sampled_from([0, 8, 10**9]))
def test_unmatched_segments_are_those_that_the_other_layer_lacks(shapes, others, bits, random, few):
    # Some polygons are copied from the other layer.
    others = others + random.sample(shapes, len(shapes) // 2)
    rows = np.array([random.random() < 0.7 for _ in shapes], dtype=bool)
    known = {frozenset([start, end]) for _, start, end, _ in list_segments(others)}
    expected = [(row, a, b) for row, a, b, _ in list_segments(shapes) if rows[row] and frozenset([a, b]) not in known]
    with limit_key_bits(bits) as patch:
        patch.setattr(linework, "_FEW_SEGMENTS_RATIO", few)
        lines, other_lines = build(shapes), build(others)
        assert list_marked(lines, lines.mask_unmatched_segments(other_lines, rows)) == sorted(expected)


@given(HASHES, HASHES)
def test_every_member_is_a_possible_member(members, others):
    table = make_member_table(np.array(members, dtype=np.uint64))
    assert mask_possible_members(np.array(members + others, dtype=np.uint64), table)[: len(members)].all()


@given(st.sets(st.integers(0, 35)), st.integers(0, 4), st.integers(0, 5))
def test_border_rows_are_those_that_touch_the_outline_of_the_union_or_an_unequal_edge(missing, column, row):
    cells = [shapely.box(n % 6, n // 6, n % 6 + 1, n // 6 + 1) for n in range(36)]
    # One edge has an additional vertex on its left side only, so that neither side has the other's edge.
    cells[6 * row + column] = shapely.Polygon(np.add([[0, 0], [1, 0], [1, 0.5], [1, 1], [0, 1]], (column, row)))
    shapes = np.array([None if n in missing else cell for n, cell in enumerate(cells)], dtype=object)
    edges = [shapely.boundary(shapely.union_all(shapes))]
    if not {6 * row + column, 6 * row + column + 1} <= missing:
        edges.append(shapely.LineString([(column + 1, row), (column + 1, row + 1)]))
    expected = [shape is not None and shape.intersects(shapely.union_all(edges)) for shape in shapes]
    assert Polygons(shapes).find_border_rows().tolist() == expected


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


#: Rounding error of a distance between coordinates of 4e7 m, in m.
ROUNDING_M = 1e-7


@given(st.integers(0, 10**6), st.sampled_from([0.01, 0.5, 7.0]), st.sampled_from([0.0, 4e7]))
def test_search_for_points_near_segments_finds_the_same_as_a_full_comparison(seed, distance, offset):
    rng = np.random.default_rng(seed)
    a = np.round(rng.uniform(0, 60, (30, 2)), 1)
    # Short segments, and some that cross everything.
    b = a + np.round(rng.normal(0, rng.choice([0.3, 5.0, 400.0], (30, 1)), (30, 2)), 1)
    on_them = a + (b - a) * rng.uniform(0, 1, (30, 1))
    points = np.concatenate([a, on_them, on_them + rng.normal(0, distance, (30, 2)), rng.uniform(-50, 90, (30, 2))])
    a, b, points = a + offset, b + offset, points + offset
    i, j = find_points_near_segments(points, a, b, distance)
    k, s = np.indices((len(points), len(a))).reshape(2, -1)
    lines, other = shapely.linestrings(np.stack([a, b], axis=1)), (points[k] != a[s]).any(axis=1)
    other &= (points[k] != b[s]).any(axis=1)
    # A point at exactly this distance (coordinates are tenths) may count or not, by rounding.
    surely, perhaps = (
        other & shapely.dwithin(lines[s], shapely.points(points)[k], distance + by) for by in (-ROUNDING_M, ROUNDING_M)
    )
    found = set(zip(i.tolist(), j.tolist(), strict=True))
    assert len(found) == len(i)
    assert set(zip(k[surely].tolist(), s[surely].tolist(), strict=True)) <= found
    assert found <= set(zip(k[perhaps].tolist(), s[perhaps].tolist(), strict=True))


def make_square_grid(count, size, drop):
    """Return a grid of squares with a vertex in the middle of each edge.

    Squares with a number in ``drop`` have none.
    """
    shapes = []
    for n in range(count * count):
        x, y = n % count * size, n // count * size
        ring = [(0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5)]
        ring = ring[::2] if n in drop else ring
        shapes.append(shapely.Polygon([(x + u * size, y + v * size) for u, v in ring]))
    return np.array(shapes, dtype=object)


def list_mismatch_places(found):
    return sorted(
        zip(found.edge_row.tolist(), found.vertex_row.tolist(), map(tuple, found.vertex_xy.tolist()), strict=True)
    )


@pytest.mark.parametrize("drop", [set(), {0}, {5, 6, 35}, set(range(36))])
def test_search_for_edge_mismatches_is_the_same_from_either_layer_and_without_a_filter(drop, monkeypatch):
    fine, coarse = make_square_grid(6, 10, set()), make_square_grid(2, 30, set())
    limits = Tolerance()
    spoilt = make_square_grid(6, 10, drop)
    for a, b in ((fine, coarse), (coarse, spoilt), (spoilt, fine)):
        first, second = find_mismatches_both_ways(Polygons(a), Polygons(b), tolerance=limits)
        assert list_mismatch_places(first) == list_mismatch_places(
            find_mismatches_both_ways(Polygons(b), Polygons(a), tolerance=limits)[1]
        )
        assert list_mismatch_places(second) == list_mismatch_places(
            find_mismatches_both_ways(Polygons(b), Polygons(a), tolerance=limits)[0]
        )
        # Without the filter.
        with monkeypatch.context() as patch:
            patch.setattr("plugin.core.geometry.coverage.NEAR_FILTER_RATIO", 10**9)
            everything = find_mismatches_both_ways(Polygons(a), Polygons(b), tolerance=limits)
        assert [list_mismatch_places(first), list_mismatch_places(second)] == [
            list_mismatch_places(side) for side in everything
        ]
    lacking, _ = find_mismatches_both_ways(Polygons(spoilt), Polygons(fine), tolerance=limits)
    assert bool(len(lacking)) == bool(drop)


def draw_rings(random):
    """Return where rings of 1 to 90 vertices start, and their terms: 0 for the last vertex of a ring."""
    ring_starts = np.append(0, np.cumsum(random.integers(1, 90, size=random.integers(1, 60))))
    terms = random.normal(0, 1000, ring_starts[-1])
    terms[ring_starts[1:] - 1] = 0.0
    return ring_starts, terms


@pytest.mark.parametrize("seed", range(8))
def test_sums_along_rings_are_those_of_a_loop(seed):
    ring_starts, terms = draw_rings(np.random.default_rng(seed))
    before, total = sum_along_rings(terms, ring_starts)
    rings = [terms[start:end] for start, end in pairwise(ring_starts)]
    expected = [math.fsum(ring[:vertex]) for ring in rings for vertex in range(len(ring))]
    assert before == pytest.approx(expected, abs=1e-9)
    assert total == pytest.approx([math.fsum(ring) for ring in rings], abs=1e-9)


#: Square cells a millimetre wide, as for a whole plane, and cells twice the reach wide, as for two editions.
CELL_OFFSETS = (1e-3, 0.0)


@pytest.mark.parametrize("cell", CELL_OFFSETS)
def test_vertex_snaps_to_the_nearest_indexed_vertex_across_cell_borders(cell):
    random = np.random.default_rng(1)
    # On borders of cells, on their middles, and anywhere.
    own = np.concatenate([np.arange(40).reshape(-1, 2) * 5e-4, random.random((400, 2)) * 1000])
    index = VertexIndex(own, 1e-5, cell)
    for off in ((3e-6, 0.0), (-3e-6, 4e-6), (-7e-6, -7e-6)):
        assert np.array_equal(index.find_nearest(own + np.array(off)), own), off


@pytest.mark.parametrize("cell", CELL_OFFSETS)
def test_vertex_snaps_only_within_the_search_distance_and_to_the_nearest(cell):
    index = VertexIndex(np.array([[10.0, 10.0], [10.0 + 1e-5, 10.0]]), 1e-5, cell)
    asked = np.array([[10.0 + 4e-6, 10.0], [10.0 + 6e-6, 10.0], [10.0, 10.0 + 1.1e-5], [np.inf, np.nan]])
    expected = np.array([[10.0, 10.0], [10.0 + 1e-5, 10.0], *asked[2:]])
    assert np.array_equal(index.find_nearest(asked), expected, equal_nan=True)
    nothing = VertexIndex(np.empty((0, 2)), 1e-5, cell)
    assert np.array_equal(nothing.find_nearest(asked), asked, equal_nan=True)
