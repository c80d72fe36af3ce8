# SPDX-License-Identifier: GPL-2.0-or-later
"""Searches for near segments with a spatial index equal searches of all segments."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry.coverage import (
    find_mismatches_both_ways,
    find_points_near_segments,
    find_vertices_missing_on_edges,
)
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance

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
def test_search_for_edge_mismatches_in_both_directions_equals_two_single_searches(drop, monkeypatch):
    fine, coarse = make_square_grid(6, 10, set()), make_square_grid(2, 30, set())
    limits = Tolerance()
    spoilt = make_square_grid(6, 10, drop)
    for a, b in ((fine, coarse), (coarse, spoilt), (spoilt, fine)):
        first, second = find_mismatches_both_ways(Polygons(a), Polygons(b), tolerance=limits)
        assert list_mismatch_places(first) == list_mismatch_places(
            find_vertices_missing_on_edges(Polygons(a), Polygons(b), tolerance=limits)
        )
        assert list_mismatch_places(second) == list_mismatch_places(
            find_vertices_missing_on_edges(Polygons(b), Polygons(a), tolerance=limits)
        )
        # Without the filter.
        with monkeypatch.context() as patch:
            patch.setattr("plugin.core.geometry.coverage.NEAR_FILTER_RATIO", 10**9)
            everything = find_mismatches_both_ways(Polygons(a), Polygons(b), tolerance=limits)
        assert [list_mismatch_places(first), list_mismatch_places(second)] == [
            list_mismatch_places(side) for side in everything
        ]
    lacking = find_vertices_missing_on_edges(Polygons(spoilt), Polygons(fine), tolerance=limits)
    assert bool(len(lacking)) == bool(drop)
