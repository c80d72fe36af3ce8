# SPDX-License-Identifier: GPL-2.0-or-later
"""Joined shapes, pieces of pairs, rows that may overlap, and parts of points and lines."""

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.geometry import polygons as polygons_module
from plugin.core.geometry.overlay import (
    find_point_line_pieces_inside,
    find_point_line_pieces_outside,
)
from plugin.core.geometry.polygons import Polygons, union_polygon_rows
from plugin.core.geometry.tolerance import Tolerance

SQUARE, ADJACENT_SQUARE, OVERLAPPING_BOX = (
    shapely.box(0, 0, 10, 10),
    shapely.box(10, 0, 20, 10),
    shapely.box(5, 5, 15, 8),
)


@pytest.fixture(scope="module")
def rule_context():
    plan = make_example_plan({"STBHHX": [SQUARE.wkt]})
    return RuleContext(plan, plan.norm, Tolerance())


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([], None),
        ([None, shapely.Polygon()], None),
        ([SQUARE, None, ADJACENT_SQUARE], shapely.box(0, 0, 20, 10)),
        ([SQUARE, ADJACENT_SQUARE, OVERLAPPING_BOX], shapely.box(0, 0, 20, 10)),
        ([SQUARE, shapely.box(50, 0, 60, 10)], shapely.MultiPolygon([SQUARE, shapely.box(50, 0, 60, 10)])),
        ([shapely.Point(1, 1), SQUARE], SQUARE),
        ([shapely.Point(1, 1), shapely.Point(2, 2)], shapely.MultiPoint([(1, 1), (2, 2)])),
    ],
)
def test_shapes_of_a_finding_on_many_rows_are_joined_to_their_union(rule_context, shapes, expected):
    found = rule_context.geometry.unite_shapes(shapes)
    assert found is expected or shapely.equals(found, expected)


def test_shapes_of_a_finding_become_a_collection_when_their_union_fails(rule_context, monkeypatch):
    monkeypatch.setattr("plugin.core.engine.geometry_queries.union_polygon_rows", lambda polygons, tolerance: None)
    assert rule_context.geometry.unite_shapes([SQUARE, OVERLAPPING_BOX]).area == pytest.approx(
        SQUARE.area + OVERLAPPING_BOX.area
    )


#: A row of squares with vertices at each other's corners only, and two boxes over the first ones that overlap.
SQUARES = [shapely.box(10 * n, 0, 10 * n + 10, 10) for n in range(40)]
BOXES_ABOVE = [shapely.box(0, 10, 10, 20), shapely.box(0, 15, 10, 25)]
#: It touches the upper edge of a square where that has no vertex, and overlaps its neighbour.
WEDGE, BOX_AT_WEDGE = shapely.Polygon([(105, 10), (110, 20), (100, 20)]), shapely.box(107, 12, 120, 20)


@pytest.mark.parametrize("overlapping", [BOXES_ABOVE, [WEDGE, BOX_AT_WEDGE], [shapely.box(3, 3, 44, 14)]])
def test_union_of_a_layer_with_overlaps_equals_the_union_by_shapely(overlapping):
    shapes = np.array([*SQUARES, *overlapping], dtype=object)
    union = union_polygon_rows(Polygons(shapes), tolerance=Tolerance())
    assert shapely.is_valid(union) and shapely.equals(union, shapely.union_all(shapes))


_SIDE = 5


@st.composite
def layouts(draw):
    """Draw cells of a grid without some of them, and rectangles of whole or half cells over them, in any order."""
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(_SIDE) for y in range(_SIDE)]
    shapes = [cell for cell in cells if draw(st.integers(0, 9))]
    for _ in range(draw(st.integers(0, 3))):
        x, y, width, height = (draw(st.integers(0, 8)) / 2 for _ in range(4))
        shapes.append(shapely.box(x, y, x + width + 0.5, y + height + 0.5))
    if draw(st.booleans()):
        shapes.append(shapely.MultiPolygon([shapely.box(-3, 0, -2, 1), draw(st.sampled_from(cells))]))
    return np.array(draw(st.permutations(shapes)), dtype=object)


@pytest.mark.parametrize("max_small_vertices", [4, 512])
def test_all_overlapping_rows_are_candidates(max_small_vertices, monkeypatch):
    monkeypatch.setattr(polygons_module, "MAX_UNCLIPPED_VERTICES", max_small_vertices)

    @given(layouts())
    def assert_for_layout(shapes):
        pairs = [
            pair for pair in combinations(range(len(shapes)), 2) if shapely.intersection(*shapes[list(pair)]).area > 0
        ]
        candidates = np.flatnonzero(Polygons(shapes).find_overlap_candidates()).tolist()
        assert {row for pair in pairs for row in pair} <= set(candidates)

    assert_for_layout()


def test_rows_inside_a_large_polygon_are_found_although_no_boundary_enters_them():
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(_SIDE) for y in range(_SIDE)]
    assert not Polygons(np.array(cells)).find_overlap_candidates().any()
    cover = shapely.box(-1, -1, _SIDE + 1, _SIDE + 1)
    assert Polygons(np.array([*cells, cover])).find_overlap_candidates().all()


LARGE_SQUARE = shapely.box(0, 0, 100, 100)
SQUARE_WITH_HOLE = shapely.Polygon(LARGE_SQUARE.exterior, [shapely.box(40, 40, 60, 60).exterior])
LARGE_ADJACENT_SQUARE = shapely.box(100, 0, 200, 100)


def make_shape_array(*shapes):
    found = np.empty(len(shapes), dtype=object)
    found[:] = [shapely.from_wkt(s) if isinstance(s, str) else s for s in shapes]
    return found


@pytest.mark.parametrize(
    ("wkt", "polygons", "inside", "outside"),
    [
        ("POINT (50 50)", [LARGE_SQUARE], ["POINT (50 50)"], []),
        ("POINT (50 50)", [SQUARE_WITH_HOLE], [], ["POINT (50 50)"]),
        ("POINT (100 50)", [LARGE_SQUARE], [], []),
        ("POINT (100.005 50)", [LARGE_SQUARE], [], []),
        ("POINT (150 50)", [LARGE_SQUARE], [], ["POINT (150 50)"]),
        ("MULTIPOINT (50 50, 150 50)", [LARGE_SQUARE], ["POINT (50 50)"], ["POINT (150 50)"]),
        ("LINESTRING (50 50, 150 50)", [LARGE_SQUARE], [50.0], [49.99]),
        ("LINESTRING (50 50, 150 50)", [LARGE_SQUARE, LARGE_ADJACENT_SQUARE], [50.0, 50.0], []),
        ("LINESTRING (0 0, 100 0)", [LARGE_SQUARE], [], []),
        ("LINESTRING (0 -0.005, 100 -0.005)", [LARGE_SQUARE], [], []),
        ("LINESTRING (0 50, 100 50)", [SQUARE_WITH_HOLE], [80.0], [19.98]),
        ("LINESTRING (300 0, 400 0)", [LARGE_SQUARE], [], [100.0]),
        (None, [LARGE_SQUARE], [], []),
        ("POINT (1 1)", [None], [], ["POINT (1 1)"]),
    ],
)
def test_points_and_lines_are_split_into_parts_inside_and_outside_polygons(wkt, polygons, inside, outside):
    shapes = make_shape_array(wkt)
    for found, expected in (
        (find_point_line_pieces_inside(shapes, make_shape_array(*polygons), 0.01), inside),
        (find_point_line_pieces_outside(shapes, make_shape_array(*polygons), 0.01), outside),
    ):
        assert len(found.point_or_line_row) == len(found.polygon_row) == len(found.piece_shape) == len(expected)
        for shape, wanted in zip(found.piece_shape, expected, strict=True):
            if isinstance(wanted, str):
                assert shapely.equals(shapely.union_all(shape), shapely.from_wkt(wanted))
            else:
                assert shapely.length(shape) == pytest.approx(wanted, abs=1e-6)


def test_point_overlay_returns_only_rows_that_lie_inside_or_outside_as_requested():
    found = find_point_line_pieces_inside(
        make_shape_array(None, "POINT (150 50)", "POINT (1 1)"),
        make_shape_array(None, LARGE_ADJACENT_SQUARE, LARGE_SQUARE),
        0.01,
    )
    assert sorted(zip(found.point_or_line_row.tolist(), found.polygon_row.tolist(), strict=True)) == [(1, 1), (2, 2)]
    found = find_point_line_pieces_outside(
        make_shape_array("POINT (1 1)", None, "POINT (500 1)"), make_shape_array(LARGE_SQUARE), 0.01
    )
    assert (found.point_or_line_row.tolist(), found.polygon_row.tolist()) == ([2], [-1])
