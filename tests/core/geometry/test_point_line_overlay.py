# SPDX-License-Identifier: GPL-2.0-or-later
"""Points and lines inside and outside of polygons, by hand and compared with shapely."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import parts_inside, parts_outside

SQUARE = shapely.box(0, 0, 100, 100)
RING = shapely.Polygon(SQUARE.exterior, [shapely.box(40, 40, 60, 60).exterior])
NEXT = shapely.box(100, 0, 200, 100)


def array(*shapes):
    found = np.empty(len(shapes), dtype=object)
    found[:] = [shapely.from_wkt(s) if isinstance(s, str) else s for s in shapes]
    return found


@pytest.mark.parametrize(
    ("wkt", "polygons", "inside", "outside"),
    [
        ("POINT (50 50)", [SQUARE], ["POINT (50 50)"], []),
        ("POINT (50 50)", [RING], [], ["POINT (50 50)"]),
        ("POINT (100 50)", [SQUARE], [], []),
        ("POINT (100.005 50)", [SQUARE], [], []),
        ("POINT (150 50)", [SQUARE], [], ["POINT (150 50)"]),
        ("MULTIPOINT (50 50, 150 50)", [SQUARE], ["POINT (50 50)"], ["POINT (150 50)"]),
        ("LINESTRING (50 50, 150 50)", [SQUARE], [50.0], [49.99]),
        ("LINESTRING (50 50, 150 50)", [SQUARE, NEXT], [50.0, 50.0], []),
        ("LINESTRING (0 0, 100 0)", [SQUARE], [], []),
        ("LINESTRING (0 -0.005, 100 -0.005)", [SQUARE], [], []),
        ("LINESTRING (0 50, 100 50)", [RING], [80.0], [19.98]),
        ("LINESTRING (300 0, 400 0)", [SQUARE], [], [100.0]),
        (None, [SQUARE], [], []),
        ("POINT (1 1)", [None], [], ["POINT (1 1)"]),
    ],
)
def test_points_and_lines_are_split_at_polygons(wkt, polygons, inside, outside):
    shapes = array(wkt)
    for found, expected in (
        (parts_inside(shapes, array(*polygons), 0.01), inside),
        (parts_outside(shapes, array(*polygons), 0.01), outside),
    ):
        assert len(found.row) == len(found.of) == len(found.shape) == len(expected)
        for shape, wanted in zip(found.shape, expected, strict=True):
            if isinstance(wanted, str):
                assert shapely.equals(shapely.union_all(shape), shapely.from_wkt(wanted))
            else:
                assert shapely.length(shape) == pytest.approx(wanted, abs=1e-6)


def test_only_requested_rows_are_returned():
    found = parts_inside(array(None, "POINT (150 50)", "POINT (1 1)"), array(None, NEXT, SQUARE), 0.01)
    assert sorted(zip(found.row.tolist(), found.of.tolist(), strict=True)) == [(1, 1), (2, 2)]
    found = parts_outside(array("POINT (1 1)", None, "POINT (500 1)"), array(SQUARE), 0.01)
    assert (found.row.tolist(), found.of.tolist()) == ([2], [-1])
