# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of pairs from boundary integrals, compared with plain intersections of shapely."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.intersection_areas import compute_intersection_areas
from plugin.core.geometry.statutory_area import EqualAreaPlane, measure_statutory_area
from tests.parametrize import first_daily

GRID = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)]
HOLES = shapely.Polygon(
    shapely.box(0, 0, 100, 100).exterior, [shapely.box(20, 20, 40, 40).exterior, shapely.box(55, 55, 75, 75).exterior]
)
#: As far from the origin as coordinates of a county.
COUNTY_CORNER = np.array([38_484_000.3, 4_390_000.7])


def make_mosaic(count, seed):
    """Return Voronoi cells of ``count`` random points that tile a square kilometre."""
    points = np.random.default_rng(seed).random((count, 2)) * 1000
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    return shapely.transform(shapely.intersection(cells, shapely.box(0, 0, 1000, 1000)), lambda xy: xy + COUNTY_CORNER)


def move_shapes(shapes, x, y):
    """Return shapes moved by x and y metres."""
    return shapely.transform(np.asarray(shapes, object), lambda xy: xy + np.array((x, y)))


def compute_area_matrix(left, right, **options):
    """Return the (n, m) areas that rows of two layers share, by `compute_intersection_areas`."""
    shared = compute_intersection_areas(left, right, **options)
    assert (shared.area > 0).all()
    assert len(np.unique(np.column_stack([shared.left, shared.right]), axis=0)) == len(shared.area)
    areas = np.zeros((len(left), len(right)))
    areas[shared.left, shared.right] = shared.area
    return areas


def compute_expected_matrix(left, right):
    """Return the (n, m) areas of plain intersections by shapely."""
    return np.nan_to_num(shapely.area(shapely.intersection(left[:, None], right[None, :])))


def assert_areas_are_those_of_intersections(left, right):
    left, right = np.asarray(left, object), np.asarray(right, object)
    assert np.abs(compute_area_matrix(left, right) - compute_expected_matrix(left, right)).max() < 1e-5


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (GRID, GRID),
        (GRID, move_shapes(GRID, 5, 0)),
        (GRID, move_shapes(GRID, 5, 5)),
        (GRID, move_shapes(GRID, 10, 0)),
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
        (make_mosaic(120, 1), move_shapes(make_mosaic(120, 1), 0.3, 0.2)),
        (make_mosaic(120, 1), move_shapes(make_mosaic(120, 1), 0.3, 0)),
        ([shapely.box(0, 0, 10, 10).reverse()], GRID),
        (move_shapes(GRID, 0.1, 0.7), move_shapes(GRID, 0.1 + 1e-9, 0.7)),
    ],
    ids=[
        "equal", "half a cell aside", "half a cell up", "one cell aside", "cells in a box", "a box over cells", "cells and holes",
        "holes and cells", "equal holes", "a layer that overlaps itself", "several parts", "apart", "equal mosaics", "two mosaics",
        "a shifted mosaic", "a mosaic shifted along an axis", "the other direction", "off the grid by less than its step",
    ],
)  # fmt: skip
def test_shared_areas_of_polygon_pairs_equal_the_areas_of_their_intersections(left, right):
    assert_areas_are_those_of_intersections(left, right)


def make_polygon(random):
    """Return a random valid polygon with vertices on a grid of 8 × 8 whole metres."""
    while True:
        polygon = shapely.Polygon(random.integers(0, 8, (random.integers(3, 8), 2)))
        if polygon.is_valid and polygon.area:
            return polygon


@pytest.mark.parametrize("seed", first_daily(range(60), 6))
def test_shared_areas_of_polygons_with_coinciding_vertices_and_edges_equal_areas_of_intersections(seed):
    """Polygons on a small grid of whole metres touch in every way."""
    random = np.random.default_rng(seed)
    assert_areas_are_those_of_intersections(*([make_polygon(random) for _ in range(6)] for _ in range(2)))


@pytest.mark.parametrize("seed", first_daily(range(60), 6))
def test_shared_areas_of_polygons_with_holes_and_parts_equal_those_of_intersections(seed):
    random = np.random.default_rng(seed)

    def make():
        shapes = [make_polygon(random) for _ in range(3)]
        return shapely.union_all(shapes[:2]) if seed % 2 else shapely.difference(shapely.box(0, 0, 8, 8), shapes[2])

    assert_areas_are_those_of_intersections(*([make() for _ in range(6)] for _ in range(2)))


def make_scattered_layer(random, count):
    """Return random polygons, some with holes or several parts, most of them far from each other.

    Each is within a square of 8 m, of 30 × 30; some squares have two polygons, so that the layer overlaps itself.
    """

    def draw():
        first, second = make_polygon(random), make_polygon(random)
        shape = (first, shapely.union_all([first, second]), shapely.box(0, 0, 8, 8).difference(second))[
            random.integers(3)
        ]
        return shape if shape.area else first

    squares = np.append(random.integers(0, 900, count), [0, 0, 1])
    return np.array(
        [
            shapely.transform(draw(), lambda xy, n=n: xy + 8.0 * np.array(divmod(n, 30)) + COUNTY_CORNER.round())
            for n in squares.tolist()
        ],
        object,
    )


@pytest.mark.parametrize("counts", [(400, 12), (12, 400), (60, 60)])
@pytest.mark.parametrize("seed", first_daily(range(12), 3))
def test_shared_areas_of_layers_of_which_few_rows_are_near_equal_those_of_intersections(seed, counts):
    """Neighbouring squares share edges, so polygons touch, overlap and contain each other."""
    random = np.random.default_rng(seed)
    left, right = (make_scattered_layer(random, count) for count in counts)
    assert (compute_expected_matrix(left, right) > 0).any()
    assert_areas_are_those_of_intersections(left, right)


@pytest.mark.parametrize("depth", [-1.0, 1.0])
def test_ring_with_all_vertices_but_one_on_a_boundary_is_located_by_that_one(depth):
    """No crossing and none of the vertices examined first decides on which side of the edge the polygon is."""
    top = [(x, 0.0) for x in range(20)]
    ridge = shapely.Polygon([*top, (19.0 - 1 / 64, -depth)])
    assert_areas_are_those_of_intersections([ridge], [shapely.box(-5, -10, 25, 0)])
    assert_areas_are_those_of_intersections([shapely.box(-5, -10, 25, 0)], [ridge])


def test_shared_area_equals_that_of_the_intersection_if_all_sample_points_are_on_the_boundary():
    triangle = shapely.from_wkt("POLYGON ((0 0, 0 6, 2 0, 0 0))")
    box = shapely.from_wkt("POLYGON ((0 0, 0 8, 8 8, 8 0, 0 0), (4 5, 3 7, 1 3, 4 5))")
    assert_areas_are_those_of_intersections([triangle], [box])


def test_polygons_that_only_touch_have_no_shared_area():
    shared = compute_intersection_areas(np.array(GRID, object), np.array([shapely.box(100, 0, 110, 100)], object))
    assert not len(shared.area)


def test_shared_areas_are_zero_for_rows_without_a_shape():
    left, right = np.array([*GRID, None], object), np.array([None, *move_shapes(GRID, 5, 5)], object)
    areas = compute_area_matrix(left, right)
    expected = compute_expected_matrix(left, right)
    assert np.abs(areas - expected).max() < 1e-9


def test_coordinates_too_large_for_exact_orientation_tests_are_refused():
    near, far = np.array(GRID, object), move_shapes(GRID, 5_000_000, 0)
    with pytest.raises(ValueError, match="farther than"):
        compute_intersection_areas(near, far)


def test_layers_without_shapes_have_no_shared_area():
    nothing = np.array([None], object)
    for pair in ((nothing, nothing), (nothing, np.array(GRID, object)), (np.array(GRID, object), nothing)):
        assert not len(compute_intersection_areas(*pair).area)


TO_LONLAT = make_lonlat_transformer(CRS.from_epsg(4526))


def assert_drawn_areas_are_those_of_intersections(left, right):
    left, right = np.asarray(left, object), np.asarray(right, object)
    shared = compute_intersection_areas(left, right, plane=EqualAreaPlane(TO_LONLAT))
    parts = shapely.intersection(left[shared.left], right[shared.right])
    # With a vertex every 2 m, the annex's edges deviate from those of the plane by 0.00005 m² a kilometre.
    expected = measure_statutory_area(shapely.segmentize(parts, 2), TO_LONLAT)
    assert len(expected) and np.abs(shared.drawn_area - expected).max() < 0.01


@pytest.mark.parametrize("scale", [1, 10, 50])
@pytest.mark.parametrize("shift", [(0, 0), (0.3, 0.2), (123.4, -77.7)])
def test_shared_drawn_areas_for_edges_of_any_length_equal_those_of_intersections(scale, shift):
    """Edges are up to some kilometres long; a straight and a bent one of 10 km enclose 12,000 m²."""
    left, right = (
        shapely.transform(make_mosaic(60, seed), lambda xy: (xy - COUNTY_CORNER) * scale + COUNTY_CORNER)
        for seed in (1, 2)
    )
    assert_drawn_areas_are_those_of_intersections(left, move_shapes(right, *shift))


def test_shared_drawn_areas_of_polygons_with_holes_and_parts_equal_those_of_intersections():
    holes = move_shapes([HOLES], *COUNTY_CORNER)
    parts = move_shapes(
        [shapely.MultiPolygon([shapely.box(0, 0, 15, 15), shapely.box(60, 60, 83, 97)])], *COUNTY_CORNER
    )
    assert_drawn_areas_are_those_of_intersections(holes, parts)
    assert_drawn_areas_are_those_of_intersections(holes, holes)


@pytest.mark.parametrize("others", [[], [shapely.box(20, 0, 30, 10)], [HOLES]])
def test_a_hole_without_vertices_changes_no_area(others):
    shape = shapely.from_wkt("POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), EMPTY)")
    assert_areas_are_those_of_intersections([*others, shape], [shapely.box(5, 5, 25, 25)])
    assert_areas_are_those_of_intersections([shape, *others], [shapely.box(5, 5, 25, 25)])
