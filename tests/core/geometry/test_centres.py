# SPDX-License-Identifier: GPL-2.0-or-later
"""Centres of findings do not depend on vertices on straight edges, nor on how these are projected."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry.centres import compute_centres
from plugin.core.geometry.crs import reproject_geometries

ZONE, NEIGHBOUR = CRS.from_epsg(4526), CRS.from_epsg(4527)
CORNER = np.array([38_620_000.0, 4_250_000.0])
#: Metres of a degree of latitude.
METRES = 111_000.0
STRIP = "POLYGON ((0 0, 400 0.004, 400 0, 0 0))", "POLYGON ((0 0, 400 0.004, 400 0, 100 0, 0 0))"
#: A hole with an end 2 mm wide, whose edges cross each other where their vertices alone are projected.
HOLE = "POLYGON ((0 0, 800 0, 800 800, 0 800, 0 0), (179.5128 391.1296, 399.9998 400.0018,{} 115.4883 388.5539, 0.3 383.9, 43.3 218.99, 400 400, 179.5128 391.1296))"


def compute_centre(wkt, zone=ZONE):
    """Return the centre of WKT drawn near the edge of zone 38 in metres, about; ``zone``: where its plane is."""
    shape = shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + CORNER)
    return compute_centres(reproject_geometries(np.array([shape], dtype=object), ZONE, zone), zone)[0] * METRES


@pytest.mark.parametrize(
    ("wkt", "divided"),
    [STRIP, (HOLE.format(""), HOLE.format(" 257.74405 394.27785,"))],
    ids=["strip", "hole with a narrow end"],
)
def test_centre_stays_where_a_vertex_is_added_on_an_edge(wkt, divided):
    assert compute_centre(divided) == pytest.approx(compute_centre(wkt), abs=0.01)


@pytest.mark.parametrize(
    "wkt", [STRIP[0], "POLYGON ((0 0, 9000 0, 9000 9000, 0 9000, 0 0), (10 10, 20 10, 10 20, 10 10))"]
)
def test_centre_of_a_shape_is_that_in_the_neighbouring_zone(wkt):
    assert compute_centre(wkt, NEIGHBOUR) == pytest.approx(compute_centre(wkt), abs=0.5)


def test_centres_of_points_lines_and_collections_are_their_centroids():
    shapes = shapely.from_wkt(
        [
            "POINT (1 2)",
            "LINESTRING (0 0, 2 2)",
            "GEOMETRYCOLLECTION (POINT (9 9), POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0)))",
        ]
    )
    shapes = shapely.transform(shapes, lambda xy: xy + CORNER)
    found = shapely.points(compute_centres(shapes, ZONE))
    back = reproject_geometries(found, CRS.from_epsg(4490), ZONE)
    expected = [[1, 2], [1, 1], [1, 1]]
    assert shapely.get_coordinates(back) - CORNER == pytest.approx(np.array(expected), abs=1e-3)
