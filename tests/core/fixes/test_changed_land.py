# SPDX-License-Identifier: GPL-2.0-or-later
"""Land that fixes change: gained, lost and balanced, and layers clipped to it."""

from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.fixes.differences import ChangedRow
from plugin.core.fixes.land_boxes import LayerClipper
from plugin.core.fixes.proposal import AreaChange, sum_area_changes
from tests.parametrize import first_daily

CENTRE = np.array([38_560_000.0, 4_390_000.0])


def make_polygon(chance, vertices):
    """Return a star-shaped polygon, with its vertices (n, 2)."""
    angles = np.sort(chance.uniform(0, 2 * np.pi, vertices))
    xy = CENTRE + chance.uniform(800, 1000, (vertices, 1)) * np.c_[np.cos(angles), np.sin(angles)]
    return shapely.Polygon(xy), xy


@pytest.mark.parametrize("seed", first_daily(range(40), 6))
def test_land_between_two_large_polygons_equals_plain_differences(seed):
    chance = np.random.default_rng(seed)
    before, xy = make_polygon(chance, int(chance.integers(250, 2500)))
    xy[chance.integers(len(xy), size=int(chance.integers(1, 4)))] += chance.uniform(-15, 15, 2)
    # Another first vertex or direction of the ring changes no land.
    after = shapely.Polygon(xy[::-1] if seed % 2 else np.roll(xy, int(chance.integers(len(xy))), axis=0))
    before, after = shapely.make_valid([before, after])
    row = ChangedRow("CZKFBJ", SimpleNamespace(plane_shape=before), SimpleNamespace(plane_shape=after))
    assert shapely.equals(row.gained_land, shapely.difference(after, before))
    assert shapely.equals(row.lost_land, shapely.difference(before, after))
    assert row.gained_land.area + row.lost_land.area > 0


def test_equal_polygons_have_no_land_between_them():
    shape, _ = make_polygon(np.random.default_rng(0), 1000)
    row = ChangedRow("CZKFBJ", SimpleNamespace(plane_shape=shape), SimpleNamespace(plane_shape=shapely.reverse(shape)))
    assert row.changed_box is None and row.gained_land.is_empty and row.lost_land.is_empty


def test_new_and_deleted_rows_gain_and_lose_all_their_land():
    state = SimpleNamespace(plane_shape=shapely.box(0, 0, 10, 10))
    new, deleted = ChangedRow("CZKFBJ", None, state), ChangedRow("CZKFBJ", state, None)
    assert (new.gained_land, new.lost_land) == (state.plane_shape, None)
    assert (deleted.gained_land, deleted.lost_land) == (None, state.plane_shape)


SQUARE = shapely.box(500_000, 4_390_000, 500_100, 4_390_100)
#: Land of 100 m² with the line of a hair, as an overlay may return it.
LOST = shapely.from_wkt(
    "GEOMETRYCOLLECTION (POLYGON ((500000 4390000, 500010 4390000, 500010 4390010, 500000 4390010, 500000 4390000)), "
    "LINESTRING (500010 4390010, 500050 4390050))"
)
GAINED = shapely.box(500_100, 4_390_000, 500_110, 4_390_010)


def make_proposal(lost, gained):
    change = AreaChange("CZKFBJ", 1, 0.0, 0.0, 0.0, 0.0, lands={1: (SQUARE, lost, gained)})
    return SimpleNamespace(edits=(), areas=(change,))


def test_two_fixes_of_a_feature_balance_once_although_lost_land_has_a_line():
    (total,) = sum_area_changes([make_proposal(LOST, None), make_proposal(None, GAINED)], CRS.from_epsg(4547))
    assert total.rows == 1
    assert (total.before_m2, total.moved_out_m2, total.moved_in_m2, total.after_m2) == pytest.approx(
        (10_000.0, 100.0, 100.0, 10_000.0)
    )


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
