# SPDX-License-Identifier: GPL-2.0-or-later
"""Towns outside the boundary, compared with chains of parcels that a plain search finds."""

import numpy as np
import pytest
import shapely

from plugin.core.indicators.ratio import find_remote_towns
from tests.parametrize import first_daily


def search_remote_parcels(shapes, shares_inside, gap):
    """Return the parcels from which no chain of gaps leads to a parcel inside."""
    is_near = shapely.distance(shapes[:, None], shapes[None, :]) <= gap
    is_reached = shares_inside >= 0.01
    for _ in shapes:
        is_reached = is_reached | is_near[is_reached].any(axis=0)
    return ~is_reached


@pytest.mark.parametrize("seed", first_daily(range(8), 3))
def test_remote_towns_are_the_parcels_that_no_chain_connects_with_a_parcel_inside(seed):
    random = np.random.default_rng(seed)
    corners = random.random((60, 2)) * 1000
    shapes = shapely.box(*corners.T, *(corners + random.random((60, 2)) * 30).T)
    shares = np.where(random.random(60) < 0.1, random.random(60) * 0.1, 0.0)
    remote = find_remote_towns(shapes, shares, 50.0)
    assert (remote == search_remote_parcels(shapes, shares, 50.0)).all()
    assert remote.any() and not remote.all()


def test_parcel_exactly_at_the_gap_is_of_the_same_town_and_without_a_parcel_inside_all_are_remote():
    shapes = shapely.box(np.array([0.0, 60.0, 170.1]), 0.0, np.array([10.0, 120.0, 180.0]), 10.0)
    assert find_remote_towns(shapes, np.array([1.0, 0.0, 0.0]), 50.0).tolist() == [False, False, True]
    assert find_remote_towns(shapes, np.zeros(3), 50.0).all()
    assert not find_remote_towns(shapes, np.ones(3), 50.0).any()


def test_without_a_gap_only_touching_parcels_are_of_one_town():
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2.1, 0, 3, 1)], dtype=object)
    assert find_remote_towns(shapes, np.array([1.0, 0.0, 0.0]), 0.0).tolist() == [False, False, True]
