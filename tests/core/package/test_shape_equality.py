# SPDX-License-Identifier: GPL-2.0-or-later
"""Equality of shapes for any start vertex, and vertex shifts in metres."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry.crs import reproject_coordinates
from plugin.core.geometry.shape_comparison import compute_max_vertex_shift, compute_outline_distance
from tests.core.small_plan import X, Y

GEODETIC, ZONE_38 = CRS.from_epsg(4490), CRS.from_epsg(4526)
SQUARE_RING = [(0, 0), (10, 0), (10, 10), (0, 10)]


def rotate_points(points, count):
    """Return the points beginning with another one."""
    return points[count:] + points[:count]


FACE = shapely.from_wkt("POLYGON ((-2 0, 2 0, 2 4, 1 3, 1 2, -1 3, -1 2, -2 4, -2 0))")


@pytest.mark.parametrize(
    ("given", "found", "metres"),
    [
        (shapely.Polygon(SQUARE_RING), shapely.Polygon(SQUARE_RING), 0),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon(SQUARE_RING[::-1]), 0),
        (shapely.LinearRing(SQUARE_RING), shapely.Polygon(SQUARE_RING), np.inf),
        (shapely.Polygon(SQUARE_RING), shapely.LineString([*SQUARE_RING, SQUARE_RING[0]]), np.inf),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon(rotate_points(SQUARE_RING, 2)), 0),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon(rotate_points(SQUARE_RING[::-1], 1)), 0),
        (
            shapely.Polygon([*SQUARE_RING, (0, 0), (0, 0)]),
            shapely.Polygon([(10, 0), (10, 10), (0, 10), (0, 0), (0, 0)]),
            0,
        ),
        (shapely.Polygon(SQUARE_RING), shapely.MultiPolygon([shapely.Polygon(SQUARE_RING)]), 0),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon([(0, 0), (10, 0), (10, 10.001), (0, 10)]), 0.001),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon([(0, 0), (5, 0), (10, 0), (10, 10), (0, 10)]), np.inf),
        # The same vertices and area, as a mirror image.
        (FACE, shapely.transform(FACE, lambda xy: xy * (-1, 1)), 1),
        (shapely.Polygon(SQUARE_RING), None, np.inf),
        (None, None, 0),
        (shapely.Polygon(SQUARE_RING), shapely.Polygon(), np.inf),
        (
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)]),
            shapely.MultiPolygon([shapely.box(5, 5, 6, 6), shapely.box(0, 0, 1, 1)]),
            0,
        ),
        (
            shapely.Polygon(SQUARE_RING, [[(1, 1), (2, 1), (2, 2)], [(5, 5), (6, 5), (6, 6)]]),
            shapely.Polygon(SQUARE_RING, [[(5, 5), (6, 6), (6, 5)], [(2, 1), (2, 2), (1, 1)]]),
            0,
        ),
        (shapely.LineString(SQUARE_RING), shapely.LineString(SQUARE_RING), 0),
        (shapely.LineString(SQUARE_RING), shapely.LineString(SQUARE_RING[::-1]), np.inf),
        (shapely.Point(1, 2), shapely.Point(1, 2.5), 0.5),
    ],
)
def test_equal_shapes_match_for_any_order_of_vertices_rings_and_parts(given, found, metres):
    """Compare each pair of shapes alone and after other equal pairs."""
    for before in ([], [shapely.box(20, 20, 30, 30), None]):
        off = compute_max_vertex_shift(
            np.array([*before, given], dtype=object), np.array([*before, found], dtype=object), ZONE_38
        )
        assert (off[:-1] == 0).all()
        if metres == np.inf:
            assert off[-1] > 1
        else:
            assert off[-1] == pytest.approx(metres, abs=1e-12)


def test_vertex_shift_of_shapes_in_degrees_is_returned_in_metres():
    here = reproject_coordinates(np.array([[X, Y], [X + 1.0, Y]]), ZONE_38, GEODETIC)
    one, two = (np.array([shapely.Point(p)], dtype=object) for p in here)
    assert compute_max_vertex_shift(one, two, GEODETIC)[0] == pytest.approx(1.0, rel=1e-2)


def test_shape_with_two_equal_parts_differs_from_a_shape_with_only_one_of_these_parts():
    """Compare two equal parts with a shape in which only one part matches."""
    one, far = [(0, 0), (10, 0)], [(50, 0), (60, 0)]
    given, found = shapely.MultiLineString([one, one]), shapely.MultiLineString([far, one])
    both = np.array([given, found], dtype=object)
    assert (compute_max_vertex_shift(both, both[::-1], ZONE_38) > 1).all()


def test_self_touching_ring_matches_from_any_start_vertex():
    """Begin the ring at every vertex; one vertex occurs twice."""
    eight = [(0, 0), (10, 0), (5, 5), (10, 10), (0, 10), (5, 5)]
    for by in range(6):
        for ring in (rotate_points(eight, by), rotate_points(eight[::-1], by)):
            off = compute_max_vertex_shift(
                *(np.array([shapely.Polygon(r)], dtype=object) for r in (rotate_points(eight, 2), ring)), ZONE_38
            )
            assert off.tolist() == [0.0], (by, off)


def test_outline_of_a_collection_has_no_distance_to_another_outline():
    square = shapely.box(0, 0, 9, 9)
    collection = shapely.GeometryCollection([square, shapely.Point(0, 0)])
    pairs = np.array([[collection, square], [square, collection], [square, square]])
    assert compute_outline_distance(*pairs.T, CRS.from_epsg(4526)).tolist() == [np.inf, np.inf, 0.0]
