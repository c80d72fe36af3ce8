# SPDX-License-Identifier: GPL-2.0-or-later
"""Test which rows of a layer are at the place of a finding."""

import numpy as np
import shapely

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_plan

#: A row without a shape before the others: positions among the rows with a shape differ from row numbers.
ROWS = [
    None,
    "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))",
    "POLYGON ((500 0, 600 0, 600 100, 500 100, 500 0))",
    "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))",
    "POLYGON ((0 100, 100 100, 100 200, 0 200, 0 100))",
]


def find_rows(*shapes):
    """Return the rows at shapes in the coordinates of `ROWS`."""
    plan = make_example_plan({"layer": [{"wkt": wkt} for wkt in ROWS]}, {"layer": "CZKFBJ"})
    layer = plan.layers["CZKFBJ"]
    # An example is moved to the coordinates of a county.
    origin = np.array(layer.plane_shapes[1].bounds[:2])
    moved_shapes = [shapely.transform(shape, lambda xy: xy + origin) for shape in shapes]
    context = RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    return context.geometry.find_rows_at_shapes(layer, moved_shapes)


def test_rows_that_share_land_are_sorted_by_area_and_touching_rows_are_listed_separately():
    # 60 m x 100 m of the row on the right, 20 m x 100 m of the one on the left; the one above only touches.
    on_two_rows = shapely.box(80, 0, 160, 100)
    far_away = shapely.box(2_000, 0, 2_010, 10)
    rows_on, rows_next = find_rows(on_two_rows, far_away)
    assert rows_on == [[3, 1], []]
    assert rows_next == [[4], []]


def test_no_shapes_give_no_rows():
    assert find_rows() == ([], [])
