# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of points and lines inside and outside of polygons."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_point_line_pieces_inside, find_point_line_pieces_outside

SQUARE = shapely.box(0, 0, 100, 100)
SQUARE_WITH_HOLE = shapely.Polygon(SQUARE.exterior, [shapely.box(40, 40, 60, 60).exterior])
ADJACENT_SQUARE = shapely.box(100, 0, 200, 100)


def make_shape_array(*shapes):
    found = np.empty(len(shapes), dtype=object)
    found[:] = [shapely.from_wkt(s) if isinstance(s, str) else s for s in shapes]
    return found


@pytest.mark.parametrize(
    ("wkt", "polygons", "inside", "outside"),
    [
        ("POINT (50 50)", [SQUARE], ["POINT (50 50)"], []),
        ("POINT (50 50)", [SQUARE_WITH_HOLE], [], ["POINT (50 50)"]),
        ("POINT (100 50)", [SQUARE], [], []),
        ("POINT (100.005 50)", [SQUARE], [], []),
        ("POINT (150 50)", [SQUARE], [], ["POINT (150 50)"]),
        ("MULTIPOINT (50 50, 150 50)", [SQUARE], ["POINT (50 50)"], ["POINT (150 50)"]),
        ("LINESTRING (50 50, 150 50)", [SQUARE], [50.0], [49.99]),
        ("LINESTRING (50 50, 150 50)", [SQUARE, ADJACENT_SQUARE], [50.0, 50.0], []),
        ("LINESTRING (0 0, 100 0)", [SQUARE], [], []),
        ("LINESTRING (0 -0.005, 100 -0.005)", [SQUARE], [], []),
        ("LINESTRING (0 50, 100 50)", [SQUARE_WITH_HOLE], [80.0], [19.98]),
        ("LINESTRING (300 0, 400 0)", [SQUARE], [], [100.0]),
        (None, [SQUARE], [], []),
        ("POINT (1 1)", [None], [], ["POINT (1 1)"]),
    ],
)
def test_points_and_lines_are_split_into_parts_inside_and_outside_polygons(wkt, polygons, inside, outside):
    shapes = make_shape_array(wkt)
    for found, expected in (
        (find_point_line_pieces_inside(shapes, make_shape_array(*polygons), 0.01), inside),
        (find_point_line_pieces_outside(shapes, make_shape_array(*polygons), 0.01), outside),
    ):
        assert len(found.point_or_line_row) == len(found.polygon_row) == len(found.piece_shape) == len(expected)
        for shape, wanted in zip(found.piece_shape, expected, strict=True):
            if isinstance(wanted, str):
                assert shapely.equals(shapely.union_all(shape), shapely.from_wkt(wanted))
            else:
                assert shapely.length(shape) == pytest.approx(wanted, abs=1e-6)


def test_point_overlay_returns_only_rows_that_lie_inside_or_outside_as_requested():
    found = find_point_line_pieces_inside(
        make_shape_array(None, "POINT (150 50)", "POINT (1 1)"), make_shape_array(None, ADJACENT_SQUARE, SQUARE), 0.01
    )
    assert sorted(zip(found.point_or_line_row.tolist(), found.polygon_row.tolist(), strict=True)) == [(1, 1), (2, 2)]
    found = find_point_line_pieces_outside(
        make_shape_array("POINT (1 1)", None, "POINT (500 1)"), make_shape_array(SQUARE), 0.01
    )
    assert (found.point_or_line_row.tolist(), found.polygon_row.tolist()) == ([2], [-1])
