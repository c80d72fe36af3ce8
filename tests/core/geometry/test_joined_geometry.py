# SPDX-License-Identifier: GPL-2.0-or-later
"""Joined geometry of a finding on many rows."""

import pytest
import shapely

from plugin.core.engine.context import Context
from plugin.core.geometry.tolerance import Tolerance
from tests.core.examples import plan_of

SQUARE, NEXT, ON_IT = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), shapely.box(5, 5, 15, 8)


@pytest.fixture(scope="module")
def ctx():
    plan = plan_of({"STBHHX": [SQUARE.wkt]})
    return Context(plan, plan.norm, Tolerance())


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([], None),
        ([None, shapely.Polygon()], None),
        ([SQUARE, None, NEXT], shapely.box(0, 0, 20, 10)),
        ([SQUARE, NEXT, ON_IT], shapely.box(0, 0, 20, 10)),
        ([SQUARE, shapely.box(50, 0, 60, 10)], shapely.MultiPolygon([SQUARE, shapely.box(50, 0, 60, 10)])),
        ([shapely.Point(1, 1), SQUARE], SQUARE),
        ([shapely.Point(1, 1), shapely.Point(2, 2)], shapely.MultiPoint([(1, 1), (2, 2)])),
    ],
)
def test_shapes_are_joined(ctx, shapes, expected):
    found = ctx.geometry.joined(shapes)
    assert found is expected or shapely.equals(found, expected)


def test_shapes_are_collected_when_their_union_fails(ctx, monkeypatch):
    monkeypatch.setattr("plugin.core.engine.geometry_queries.union_rows", lambda polygons, tolerance: None)
    assert ctx.geometry.joined([SQUARE, ON_IT]).area == pytest.approx(SQUARE.area + ON_IT.area)
