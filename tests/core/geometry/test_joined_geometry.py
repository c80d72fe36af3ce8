# SPDX-License-Identifier: GPL-2.0-or-later
"""The joined shape of rows: of a finding that concerns many of them, and of a layer with overlaps."""

import numpy as np
import pytest
import shapely

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_plan
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
