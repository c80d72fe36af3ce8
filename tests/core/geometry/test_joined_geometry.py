# SPDX-License-Identifier: GPL-2.0-or-later
"""The joined shape of a finding that concerns many rows."""

import pytest
import shapely

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_plan
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
