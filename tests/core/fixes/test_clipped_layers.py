# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers clipped to the surroundings of edits have the land of plain shapely in each box."""

import numpy as np
import pytest
import shapely

from plugin.core.examples.plans import make_example_plan
from plugin.core.fixes.clipped_layers import LayerClipper

#: Land that a clipper keeps around a box, m.
MARGIN_M = 20.0


@pytest.fixture(scope="module")
def layer():
    """Return a layer with a large round polygon with a hole, a small one in it, and a large one far away."""
    round_land = shapely.Point(500, 500).buffer(500, quad_segs=600)
    shapes = [
        shapely.difference(round_land, shapely.Point(300, 500).buffer(100, quad_segs=200)),
        shapely.box(480, 480, 490, 490),
        shapely.Point(9000, 9000).buffer(100, quad_segs=600),
    ]
    return make_example_plan({"STBHHX": [shape.wkt for shape in shapes]}).layers["STBHHX"]


def draw_boxes(count):
    """Return the boxes of places spread over the round polygon, the same in each run."""
    xy = np.random.default_rng(3).uniform(0, 1000, (count, 2))
    return [(x, y, x + 3.0, y + 2.0) for x, y in xy.tolist()]


@pytest.mark.parametrize("count", [1, 2, 7, 40, 150])
def test_clipped_polygons_have_the_land_of_the_layer_in_the_boxes(layer, count):
    boxes = draw_boxes(count)
    kept = shapely.union_all([shapely.box(*box).buffer(MARGIN_M, join_style="mitre") for box in boxes])
    clipper = LayerClipper(boxes)
    # Twice: the second time from what the first one kept.
    for clipped in (clipper.clip_layers({"STBHHX": layer})["STBHHX"] for _ in range(2)):
        expected = [shape for shape in shapely.intersection(layer.plane_shapes, kept) if shape.area]
        assert len(clipped) == len(expected)
        for shape, land in zip(clipped.plane_shapes, expected, strict=True):
            assert shapely.is_valid(shape)
            # Boxes that meet are joined to one, so that there may be more land.
            assert shapely.difference(land, shape).area < 1e-6
        if count < 8:
            assert [one.area for one in clipped.plane_shapes] == pytest.approx([one.area for one in expected])


def test_without_boxes_layers_stay_whole(layer):
    assert LayerClipper([]).clip_layers({"STBHHX": layer})["STBHHX"] is layer
