# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the area balance of several fixes of one feature."""

from types import SimpleNamespace

import pytest
import shapely
from pyproj import CRS

from plugin.core.fixes.area_balance import sum_area_changes
from plugin.core.fixes.proposal import AreaChange

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
