# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of polygons that are drawn twice, and those that another layer has."""

from collections import defaultdict
from contextlib import contextmanager

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry import linework
from plugin.core.geometry.linework import build_linework
from plugin.core.geometry.polygon_rings import make_member_table, mask_possible_members
from plugin.core.geometry.polygons import Polygons


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
