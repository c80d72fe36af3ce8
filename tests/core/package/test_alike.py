# SPDX-License-Identifier: GPL-2.0-or-later
"""Equality of shapes independent of ring starts, and vertex shifts in metres."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry.crs import reproject_coordinates
from plugin.core.package.layers.shape_comparison import max_vertex_shift
from tests.core.small_plan import X, Y

GEODETIC, ZONE_38 = CRS.from_epsg(4490), CRS.from_epsg(4526)
RING = [(0, 0), (10, 0), (10, 10), (0, 10)]


def rotate(points, by):
    return points[by:] + points[:by]


@pytest.mark.parametrize(
    ("given", "found", "metres"),
    [
        (shapely.Polygon(RING), shapely.Polygon(RING), 0),
        (shapely.Polygon(RING), shapely.Polygon(RING[::-1]), 0),
        (shapely.LinearRing(RING), shapely.Polygon(RING), np.inf),
        (shapely.Polygon(RING), shapely.LineString([*RING, RING[0]]), np.inf),
        (shapely.Polygon(RING), shapely.Polygon(rotate(RING, 2)), 0),
        (shapely.Polygon(RING), shapely.Polygon(rotate(RING[::-1], 1)), 0),
        (shapely.Polygon(RING), shapely.MultiPolygon([shapely.Polygon(RING)]), 0),
        (shapely.Polygon(RING), shapely.Polygon([(0, 0), (10, 0), (10, 10.001), (0, 10)]), 0.001),
        (shapely.Polygon(RING), shapely.Polygon([(0, 0), (5, 0), (10, 0), (10, 10), (0, 10)]), np.inf),
        (shapely.Polygon(RING), None, np.inf),
        (None, None, 0),
        (shapely.Polygon(RING), shapely.Polygon(), np.inf),
        (
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)]),
            shapely.MultiPolygon([shapely.box(5, 5, 6, 6), shapely.box(0, 0, 1, 1)]),
            0,
        ),
        (
            shapely.Polygon(RING, [[(1, 1), (2, 1), (2, 2)], [(5, 5), (6, 5), (6, 6)]]),
            shapely.Polygon(RING, [[(5, 5), (6, 6), (6, 5)], [(2, 1), (2, 2), (1, 1)]]),
            0,
        ),
        (shapely.LineString(RING), shapely.LineString(RING), 0),
        (shapely.LineString(RING), shapely.LineString(RING[::-1]), np.inf),
        (shapely.Point(1, 2), shapely.Point(1, 2.5), 0.5),
    ],
)
def test_equal_shapes_match_however_they_are_stored(given, found, metres):
    """Compare each pair alone and after other equal pairs."""
    same = shapely.box(20, 20, 30, 30)
    for before in ([], [same, None]):
        off = max_vertex_shift(
            np.array([*before, given], dtype=object), np.array([*before, found], dtype=object), ZONE_38
        )
        assert (off[:-1] == 0).all()
        if metres == np.inf:
            assert off[-1] > 1
        else:
            assert off[-1] == pytest.approx(metres, abs=1e-12)


def test_shift_in_degrees_is_returned_in_metres():
    here = reproject_coordinates(np.array([[X, Y], [X + 1.0, Y]]), ZONE_38, GEODETIC)
    one, two = (np.array([shapely.Point(p)], dtype=object) for p in here)
    assert max_vertex_shift(one, two, GEODETIC)[0] == pytest.approx(1.0, rel=1e-2)


def test_duplicate_parts_match_one_part_each():
    """Reject two equal parts that both match one part of the other shape."""
    one, far = [(0, 0), (10, 0)], [(50, 0), (60, 0)]
    given, found = shapely.MultiLineString([one, one]), shapely.MultiLineString([far, one])
    both = np.array([given, found], dtype=object)
    assert (max_vertex_shift(both, both[::-1], ZONE_38) > 1).all()


def test_self_touching_ring_may_begin_at_any_vertex():
    """Begin at every vertex; the repeated vertex needs its neighbours to be identified."""
    eight = [(0, 0), (10, 0), (5, 5), (10, 10), (0, 10), (5, 5)]
    for by in range(6):
        for ring in (rotate(eight, by), rotate(eight[::-1], by)):
            off = max_vertex_shift(
                *(np.array([shapely.Polygon(r)], dtype=object) for r in (rotate(eight, 2), ring)), ZONE_38
            )
            assert off.tolist() == [0.0], (by, off)
