# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of pairs by the prototype, compared with plain intersections."""

import numpy as np
import pytest
import shapely

from tests.benchmarks.pair_areas import measure_shared_areas

GRID = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)]
HOLES = shapely.Polygon(
    shapely.box(0, 0, 100, 100).exterior, [shapely.box(20, 20, 40, 40).exterior, shapely.box(55, 55, 75, 75).exterior]
)
#: As far from the origin as coordinates of a county.
COUNTY_CORNER = np.array([38_484_000.3, 4_390_000.7])


def make_mosaic(count, seed):
    points = np.random.default_rng(seed).random((count, 2)) * 1000
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    return shapely.transform(shapely.intersection(cells, shapely.box(0, 0, 1000, 1000)), lambda xy: xy + COUNTY_CORNER)


def move(shapes, x, y):
    return shapely.transform(np.asarray(shapes, object), lambda xy: xy + np.array((x, y)))


def assert_areas_are_those_of_intersections(left, right):
    left, right = np.asarray(left, object), np.asarray(right, object)
    shared = measure_shared_areas(left, right)
    areas = np.zeros((len(left), len(right)))
    areas[shared.left, shared.right] = shared.area
    assert np.abs(areas - shapely.area(shapely.intersection(left[:, None], right[None, :]))).max() < 1e-5
    assert not shared.is_doubtful.any()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (GRID, GRID),
        (GRID, move(GRID, 5, 0)),
        (GRID, move(GRID, 5, 5)),
        (GRID, move(GRID, 10, 0)),
        (GRID, [shapely.box(0, 0, 100, 100)]),
        ([shapely.box(0, 0, 100, 100)], GRID),
        (GRID, [HOLES]),
        ([HOLES], GRID),
        ([HOLES], [HOLES]),
        (GRID, [shapely.Point(50, 50).buffer(30), shapely.Point(50, 60).buffer(30)]),
        (GRID, [shapely.MultiPolygon([shapely.box(0, 0, 15, 15), shapely.box(60, 60, 83, 97)])]),
        (GRID, [shapely.box(200, 200, 300, 300)]),
        (make_mosaic(120, 1), make_mosaic(120, 1)),
        (make_mosaic(120, 1), make_mosaic(90, 2)),
        (make_mosaic(120, 1), move(make_mosaic(120, 1), 0.3, 0.2)),
        (make_mosaic(120, 1), move(make_mosaic(120, 1), 0.3, 0)),
    ],
    ids=[
        "equal", "half a cell aside", "half a cell up", "one cell aside", "cells in a box", "a box over cells", "cells and holes",
        "holes and cells", "equal holes", "a layer that overlaps itself", "several parts", "apart", "equal mosaics", "two mosaics",
        "a shifted mosaic", "a mosaic shifted along an axis",
    ],
)  # fmt: skip
def test_areas_of_pairs_are_those_of_their_intersections(left, right):
    assert_areas_are_those_of_intersections(left, right)


def make_polygon(random):
    while True:
        polygon = shapely.Polygon(random.integers(0, 8, (random.integers(3, 8), 2)))
        if polygon.is_valid and polygon.area:
            return polygon


@pytest.mark.parametrize("seed", range(60))
def test_areas_of_pairs_hold_where_vertices_and_edges_coincide(seed):
    """Polygons on a small grid of whole metres touch in every way."""
    random = np.random.default_rng(seed)
    assert_areas_are_those_of_intersections(*([make_polygon(random) for _ in range(6)] for _ in range(2)))
