# SPDX-License-Identifier: GPL-2.0-or-later
"""The land that a row gains and loses is that of plain shapely, also where it is computed near changed edges only."""

from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from plugin.core.fixes.differences import ChangedRow
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
