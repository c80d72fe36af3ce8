# SPDX-License-Identifier: GPL-2.0-or-later
"""The inner point of a polygon depends on its land alone."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry.polygon_rings import find_inner_points

COORDINATES = st.integers(0, 1600).map(lambda n: n / 16)
BOXES = st.tuples(COORDINATES, COORDINATES, st.integers(1, 60), st.integers(1, 60))


def find_inner_point(shape):
    (point,) = find_inner_points(np.array([shape], dtype=object))
    return point


@given(st.lists(BOXES, min_size=1, max_size=4), st.lists(BOXES, max_size=3), st.integers(1, 7))
def test_point_is_inside_and_ignores_vertices_on_edges_direction_and_start(solid, holes, steps):
    land, holes = (shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in b]) for b in (solid, holes))
    land = land.difference(holes)
    if land.is_empty:
        return
    point = find_inner_point(land)
    assert land.contains_properly(point)
    denser = shapely.reverse(shapely.segmentize(land.normalize(), steps))
    assert find_inner_point(denser).distance(point) < 1e-6


def test_lines_and_missing_shapes_have_the_points_of_shapely():
    line, flat = shapely.LineString([(0, 0), (4, 0)]), shapely.Polygon([(0, 0), (9, 0), (3, 0)])
    points = find_inner_points(np.array([line, None, shapely.Polygon(), flat], dtype=object))
    assert points[0] == shapely.point_on_surface(line) and points[1] is None
    assert points[2].is_empty and flat.covers(points[3])


@pytest.mark.parametrize("vertex_y", [None, 0.5, 3.0, 7.9])
def test_a_vertex_on_an_edge_does_not_move_the_point_to_another_half(vertex_y):
    left = [] if vertex_y is None else [(0, vertex_y)]
    land = shapely.Polygon([(0, 0), (10, 0), (10, 8), (6, 8), (6, 4), (4, 4), (4, 8), (0, 8), *left])
    assert find_inner_point(land).coords[0] == pytest.approx((5, 8 * 0.4871))
