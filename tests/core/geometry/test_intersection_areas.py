# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas that polygons share, compared with plain intersections of shapely and with rational arithmetic."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry import intersection_areas
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.intersection_areas import compute_intersection_areas, find_shared_areas
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.statutory_area import EqualAreaPlane, measure_statutory_area
from plugin.core.geometry.tolerance import Tolerance
from tests.parametrize import first_daily

from .random_pairs import MAKERS, compare_pairs, compute_areas_of_pairs, compute_exact_area, make_fine, make_pairs

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
    assert np.abs(areas - compute_expected_matrix(left, right)).max() < 1e-9


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


ZONE_AND_TOWNSHIP = (
    "POLYGON ((455000 4382009.051114377, 463446.2294584698 4378548.178292662, 455000 4376696.09069386, "
    "455000 4382009.051114377))",
    "POLYGON ((455000 4370000, 463265.081 4378150.012, 463517.507 4378366.581, 463432.563 4378582.997, "
    "463390.849 4378811.714, 455000 4388000, 455000 4370000))",
)


@pytest.mark.parametrize("seed", first_daily(range(16), 4))
def test_areas_of_pairs_with_boundaries_that_nearly_coincide_are_right(seed):
    count, _, wrong, _ = compare_pairs(seed, 300)
    assert count > 150 and not wrong


@pytest.mark.parametrize("maker", MAKERS)
def test_areas_of_pairs_equal_those_of_rational_arithmetic(maker):
    left, right = make_pairs(17, 6, [maker])
    exact = [compute_exact_area(*pair) for pair in zip(left, right, strict=True)]
    assert np.abs(compute_areas_of_pairs(left, right) - exact).max() < 0.001


def test_areas_are_right_where_geos_snaps_vertices(monkeypatch):
    """Plain shapely differs by some square decimetres here."""
    monkeypatch.setattr("tests.core.geometry.random_pairs.SIZES_M", (100_000.0,))
    left, right = make_pairs(1, 25, [make_fine])
    areas, plain = compute_areas_of_pairs(left, right), shapely.area(shapely.intersection(left, right))
    differing = np.flatnonzero(np.abs(areas - plain) > 0.01)[:1]
    exact = np.array([compute_exact_area(left[n], right[n]) for n in differing])
    assert len(exact) and np.abs(areas[differing] - exact).max() < 0.01 < np.abs(plain[differing] - exact).min()


def test_township_keeps_a_zone_with_one_vertex_on_its_edge_and_one_a_hair_beyond():
    """The zone's first vertex is on the edge x = 455 000, another one 10⁻¹⁰ m outside of a slanting edge."""
    zone, township = (shapely.from_wkt(line) for line in ZONE_AND_TOWNSHIP)
    for left, right in ((zone, township), (township, zone)):
        areas = compute_areas_of_pairs(np.array([left]), np.array([right]))
        assert areas[0] == pytest.approx(zone.area, abs=0.01)


TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
CORNER = np.array([38_484_000.3, 4_390_000.7])


def draw_layer(count, seed, size=2000.0):
    """Return ``count`` cells that tile a square of ``size`` m, some with a hole, some missing."""
    random = np.random.default_rng(seed)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(random.random((count, 2)) * size)))
    cells = shapely.intersection(cells, shapely.box(0, 0, size, size))
    holes = shapely.buffer(shapely.point_on_surface(cells), 3.0)
    cells = np.where(random.random(count) < 0.2, shapely.difference(cells, holes), cells)
    cells = shapely.transform(cells, lambda xy: xy + CORNER)
    cells[random.random(count) < 0.05] = None
    return cells


def assert_areas_are_those_of_shapely(left, right, left_rows=None, right_rows=None):
    """Compare shared areas, all or of the rows in the masks, with intersections by shapely."""
    shared = find_shared_areas(
        Polygons(left),
        Polygons(right),
        tolerance=TOLERANCE,
        plane=EqualAreaPlane(TO_LONLAT),
        left_rows=left_rows,
        right_rows=right_rows,
    )
    parts = shapely.intersection(left[:, None], right[None, :])
    expected = np.nan_to_num(shapely.area(parts))
    if left_rows is not None:
        expected *= left_rows[:, None]
    if right_rows is not None:
        expected *= right_rows[None, :]
    assert (np.diff(shared.left * len(right) + shared.right) > 0).all()
    areas = np.zeros(expected.shape)
    areas[shared.left, shared.right] = shared.area
    assert np.abs(areas - expected).max() < 1e-5
    cut = ~np.isnan(shared.drawn_area)
    of_parts = measure_statutory_area(shapely.segmentize(parts[shared.left, shared.right][cut], 2), TO_LONLAT)
    assert np.abs(shared.drawn_area[cut] - of_parts).max(initial=0) < 0.01
    row_areas = np.minimum(shapely.area(left[shared.left]), shapely.area(right[shared.right]))
    assert np.abs(shared.area[~cut] - row_areas[~cut]).max(initial=0) < 1e-5
    return shared


@pytest.mark.parametrize("seed", first_daily(range(12), 4))
@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_shared_areas_of_layers_with_different_edges_equal_those_of_shapely(monkeypatch, seed, overlays_few):
    monkeypatch.setattr(intersection_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    assert_areas_are_those_of_shapely(draw_layer(30 + 10 * seed, seed), draw_layer(60, 100 + seed))


@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_rows_completely_inside_other_rows_are_found_by_their_boundary(monkeypatch, overlays_few):
    monkeypatch.setattr(intersection_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    fine = draw_layer(200, 1)
    present = fine[~shapely.is_missing(fine)]
    coarse = np.array([shapely.union_all(present[n::4]) for n in range(4)], dtype=object)
    assert np.isnan(assert_areas_are_those_of_shapely(fine, coarse).drawn_area).mean() > 0.9
    assert_areas_are_those_of_shapely(coarse, fine)


@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_only_selected_rows_get_shared_areas(monkeypatch, overlays_few):
    monkeypatch.setattr(intersection_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    left, right = draw_layer(80, 3), draw_layer(50, 4)
    assert_areas_are_those_of_shapely(left, right, np.arange(80) % 3 == 0, np.arange(50) % 2 == 0)
    assert_areas_are_those_of_shapely(right, left, np.arange(50) % 2 == 0, None)


@pytest.mark.parametrize("seed", first_daily(range(8), 3))
def test_few_rows_of_a_layer_with_known_overlap_candidates_get_the_areas_of_shapely(monkeypatch, seed):
    monkeypatch.setattr(intersection_areas, "VERTICES_PER_OVERLAY", 0)
    left, right = draw_layer(60, seed), np.concatenate([draw_layer(40, seed + 20), draw_layer(9, seed + 40)])
    overlaps = np.array(
        [len(np.flatnonzero(shapely.area(shapely.intersection(right, one)) > 1e-6)) > 1 for one in right]
    )
    layer = Polygons(right)
    assert layer.find_overlap_candidates()[overlaps].all()
    rows = np.random.default_rng(seed).random(len(right)) < 0.1
    selected = layer.select_rows(np.flatnonzero(rows))
    assert (selected.overlap_candidates == layer.overlap_candidates[rows]).all()
    options = {"tolerance": TOLERANCE, "plane": EqualAreaPlane(TO_LONLAT), "right_rows": rows}
    shared = find_shared_areas(Polygons(left), layer, **options)
    expected = np.nan_to_num(shapely.area(shapely.intersection(left[:, None], right[None, :]))) * rows
    areas = np.zeros(expected.shape)
    areas[shared.left, shared.right] = shared.area
    assert np.abs(areas - expected).max() < 1e-5


def test_layers_too_distant_for_exact_orientation_tests_are_computed_by_an_overlay(monkeypatch):
    monkeypatch.setattr(intersection_areas, "VERTICES_PER_OVERLAY", 10**9)
    left, right = draw_layer(30, 5), draw_layer(30, 6)
    far = shapely.transform(right[-3:], lambda xy: xy + 5_000_000)
    assert_areas_are_those_of_shapely(left, np.append(right, far))
