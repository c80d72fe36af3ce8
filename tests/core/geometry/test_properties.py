# SPDX-License-Identifier: GPL-2.0-or-later
"""Random polygons: overlays equal shapely, statutory areas equal their formula."""

import math
from itertools import combinations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import example, given, strategies as st

from plugin.core.checks.live.edited_rows import compute_changed_bounds
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.overlay_pieces import remove_repeated_land
from plugin.core.geometry.polygons import MAX_UNCLIPPED_VERTICES, ClipCache, ClippedPolygons, Polygons
from plugin.core.geometry.statutory_area import compute_trapezoid_area, measure_statutory_area
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons, repair_polygon, repair_structure_by_rings

#: Every shared part counts, however small.
EXACT_TOLERANCE = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
#: Below this area, rounding of GEOS decides whether a part exists.
NOISE_M2 = 1e-6


# -- polygons ---------------------------------------------------------------------------------------------------------


@st.composite
def draw_grid_squares(draw):
    """Draw a random union of grid squares, often with holes, parts or shared edges."""
    corner = st.integers(0, 8)
    size = st.integers(1, 5)

    def draw_boxes(least, most):
        found = draw(st.lists(st.tuples(corner, corner, size, size), min_size=least, max_size=most))
        return shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in found])

    return extract_polygons(shapely.difference(draw_boxes(1, 3), draw_boxes(0, 2)))


@st.composite
def draw_convex_polygon(draw):
    """Draw a random convex polygon in centimetres, sometimes with a hole."""
    coordinate = st.integers(0, 1000).map(lambda v: v / 100)
    points = draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8))
    hull = shapely.convex_hull(shapely.MultiPoint(points))
    hole = shapely.affinity.scale(hull, 0.3, 0.3) if draw(st.booleans()) else shapely.Point()
    return extract_polygons(shapely.difference(hull, hole))


@st.composite
def draw_polygon_layer(draw, most=6):
    """Draw a random layer of polygons, missing shapes and duplicates."""
    made = draw(st.lists(st.one_of(draw_grid_squares(), draw_convex_polygon(), st.none()), min_size=0, max_size=most))
    if made and draw(st.booleans()):
        made.append(made[0])
    found = np.empty(len(made), dtype=object)
    found[:] = made
    return found


def list_rows_with_shape(shapes):
    return [n for n, s in enumerate(shapes) if s is not None and not s.is_empty]


def compute_shared_areas_by_shapely(a, b, pairs):
    """Return the shared area (m²) of each pair of rows, computed by shapely."""
    return {(i, j): shapely.intersection(a[i], b[j]).area for i, j in pairs}


def sum_areas_by_pair(pieces):
    found = {}
    for i, j, area in zip(pieces.left.tolist(), pieces.right.tolist(), pieces.area.tolist(), strict=True):
        found[i, j] = found.get((i, j), 0.0) + area
    return found


@given(draw_polygon_layer(), draw_polygon_layer())
def test_land_of_overlapping_rows_counts_once_in_a_sum(a, b):
    shared = find_shared_pieces(Polygons(a), Polygons(b), keep_slivers=True, tolerance=EXACT_TOLERANCE)
    once = remove_repeated_land(shared)
    union = shapely.intersection(shapely.union_all(a), shapely.union_all(b))
    assert once.area.sum() == pytest.approx(union.area, abs=1e-4)
    assert shapely.symmetric_difference(shapely.union_all(once.geometry), union).area < 1e-4
    assert once.area == pytest.approx(shapely.area(once.geometry))


def assert_areas_by_pair_equal(found, expected):
    for pair in found.keys() | expected.keys():
        assert found.get(pair, 0.0) == pytest.approx(expected.get(pair, 0.0), abs=NOISE_M2), pair


@given(draw_polygon_layer(), draw_polygon_layer())
def test_shared_area_of_two_layers_equals_that_of_shapely(a, b):
    pieces = find_shared_pieces(a, b, tolerance=EXACT_TOLERANCE)
    assert_areas_by_pair_equal(
        sum_areas_by_pair(pieces),
        compute_shared_areas_by_shapely(
            a, b, [(i, j) for i in list_rows_with_shape(a) for j in list_rows_with_shape(b)]
        ),
    )
    assert np.allclose(shapely.area(pieces.geometry), pieces.area)
    width_with_hairs = 2 * pieces.area / shapely.length(pieces.geometry)
    has_hairs = shapely.minimum_clearance(pieces.geometry) < EXACT_TOLERANCE.cluster_m
    assert np.allclose(pieces.width[~has_hairs], width_with_hairs[~has_hairs])
    # Hairs count in no width (docs/adr/102), so that only they may make it larger.
    assert (pieces.width >= width_with_hairs * (1 - 1e-9)).all()
    assert shapely.is_valid(pieces.geometry).all()


@given(draw_polygon_layer())
def test_shared_area_of_overlapping_rows_of_one_layer_equals_that_of_shapely(a):
    pieces = find_shared_pieces(a, tolerance=EXACT_TOLERANCE)
    assert (pieces.left < pieces.right).all()
    assert_areas_by_pair_equal(
        sum_areas_by_pair(pieces), compute_shared_areas_by_shapely(a, a, combinations(list_rows_with_shape(a), 2))
    )


@given(draw_polygon_layer(), draw_polygon_layer())
def test_connected_overlap_parts_add_up_to_the_overlap_of_their_pair(a, b):
    whole, single = (find_shared_pieces(a, b, tolerance=EXACT_TOLERANCE, splits_connected=c) for c in (False, True))
    assert_areas_by_pair_equal(sum_areas_by_pair(single), sum_areas_by_pair(whole))
    assert all(g.geom_type == "Polygon" for g in single.geometry)


@given(draw_polygon_layer(), draw_polygon_layer(), st.floats(0, 3), st.floats(0, 3), st.floats(1, 4))
def test_larger_tolerance_never_adds_overlap_area(a, b, area, width, more):
    small = Tolerance(min_area_m2=area, min_width_m=width)
    large = Tolerance(min_area_m2=area * more, min_width_m=width * more)
    few, many = (find_shared_pieces(a, b, tolerance=t, splits_connected=True) for t in (large, small))
    assert len(few) <= len(many)
    assert few.area.sum() <= many.area.sum() + NOISE_M2
    # Ignored parts are stored as slivers.
    everything = find_shared_pieces(a, b, tolerance=EXACT_TOLERANCE).area.sum()
    for parts, limits in ((few, large), (many, small)):
        ignored = shapely.area(np.array(parts.slivers.polygons, dtype=object)).sum()
        assert parts.area.sum() + ignored == pytest.approx(everything, abs=NOISE_M2)
        assert ((parts.area >= limits.min_area_m2) | (parts.width >= limits.min_width_m)).all()


@given(draw_polygon_layer(), st.randoms(use_true_random=False))
def test_overlaps_do_not_depend_on_the_order_of_rows(a, chance):
    order = list(range(len(a)))
    chance.shuffle(order)
    shuffled = np.empty(len(a), dtype=object)
    shuffled[:] = [a[n] for n in order]
    straight = {frozenset(p): v for p, v in sum_areas_by_pair(find_shared_pieces(a, tolerance=EXACT_TOLERANCE)).items()}
    turned = {
        frozenset((order[i], order[j])): v
        for (i, j), v in sum_areas_by_pair(find_shared_pieces(shuffled, tolerance=EXACT_TOLERANCE)).items()
    }
    assert_areas_by_pair_equal(turned, straight)


@given(draw_polygon_layer(), draw_polygon_layer())
def test_overlaps_of_two_layers_are_equal_when_the_layers_are_swapped(a, b):
    forth = sum_areas_by_pair(find_shared_pieces(a, b, tolerance=EXACT_TOLERANCE))
    back = {(i, j): v for (j, i), v in sum_areas_by_pair(find_shared_pieces(b, a, tolerance=EXACT_TOLERANCE)).items()}
    assert_areas_by_pair_equal(forth, back)


@given(draw_polygon_layer(), draw_polygon_layer())
def test_uncovered_and_covered_parts_of_a_polygon_add_up_to_its_area(a, cover):
    pieces = find_uncovered_pieces(a, cover, tolerance=EXACT_TOLERANCE)
    assert (pieces.right == -1).all()
    uncovered = sum_areas_by_pair(pieces)
    united = (
        shapely.union_all([cover[j] for j in list_rows_with_shape(cover)])
        if list_rows_with_shape(cover)
        else shapely.Polygon()
    )
    for i in list_rows_with_shape(a):
        covered = shapely.intersection(a[i], united).area
        assert uncovered.get((i, -1), 0.0) + covered == pytest.approx(a[i].area, abs=NOISE_M2)
    assert shapely.area(shapely.intersection(pieces.geometry, united)) == pytest.approx(0, abs=NOISE_M2)


@given(
    st.integers(200, 900),
    st.floats(-20, 20),
    st.floats(-20, 20),
    st.floats(0.01, 30),
    st.floats(0.01, 30),
    st.booleans(),
)
def test_large_polygon_clipped_to_a_box_equals_the_polygon_inside_the_box(segments, x, y, width, height, hole):
    # Squares are placed by kilometres, because their margin is 10 m.
    shape = shapely.Point(0, 0).buffer(10_000, quad_segs=segments)
    if hole:
        shape = shape.difference(shapely.Point(3_000, 0).buffer(2_000, quad_segs=segments))
    clipped = ClippedPolygons(np.array([None, shape], dtype=object))
    assert clipped.is_large.tolist() == [False, True]
    viewed = shapely.box(x * 1000, y * 1000, (x + width) * 1000, (y + height) * 1000)
    seen = clipped.clip_around(1, np.array(viewed.bounds))
    expected = shapely.intersection(shape, viewed)
    found = shapely.intersection(seen, viewed) if seen is not None else shapely.Polygon()
    assert shapely.area(shapely.symmetric_difference(found, expected)) < 1e-4
    if max(width, height) < 0.1 and seen is not None:
        assert shapely.get_num_coordinates(seen) <= MAX_UNCLIPPED_VERTICES


@given(st.integers(0, 3999), st.floats(-9, 9), st.floats(-9, 9), st.floats(0.01, 5))
def test_clips_reused_for_a_changed_polygon_equal_its_land(place, x, y, size):
    ring = np.array(shapely.Point(0, 0).buffer(10_000, quad_segs=1000).exterior.coords)[:-1]
    former_shape = shapely.Polygon(ring)
    # Moved inwards: the hull decides where the squares are.
    changed_ring = ring.copy()
    changed_ring[place] *= 0.99
    shape = shapely.Polygon(changed_ring)
    cache = ClipCache()
    viewed = shapely.box(x * 1000, y * 1000, (x + size) * 1000, (y + size) * 1000)
    bounds = np.array(viewed.bounds)
    former_clip = ClippedPolygons(np.array([former_shape]), cache).clip_around(0, bounds)
    cache.reuse_clips(former_shape, shape, compute_changed_bounds(former_shape, shape))
    clip = ClippedPolygons(np.array([shape]), cache).clip_around(0, bounds)
    expected = ClippedPolygons(np.array([shape])).clip_around(0, bounds)
    assert (clip is None) == (expected is None)
    if clip is not None:
        assert shapely.symmetric_difference(clip, expected).area < 1e-4
    is_far = not viewed.buffer(12_000).contains(shapely.Point(ring[place]))
    if is_far and place % 1000 and former_clip is not None:
        assert clip is former_clip


@given(draw_polygon_layer(most=3))
def test_large_polygons_that_are_clipped_give_the_same_overlap_area_as_shapely(b):
    ring = shapely.Point(5, 5).buffer(4, quad_segs=400)
    a = np.array([ring, ring.difference(shapely.Point(5, 5).buffer(2, quad_segs=400))], dtype=object)
    assert_areas_by_pair_equal(
        sum_areas_by_pair(find_shared_pieces(a, b, tolerance=EXACT_TOLERANCE)),
        compute_shared_areas_by_shapely(a, b, [(i, j) for i in (0, 1) for j in list_rows_with_shape(b)]),
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
def test_repaired_polygon_is_valid_and_inside_the_convex_hull_of_the_drawn_one(points):
    try:
        drawn = shapely.Polygon(points)
    except ValueError:
        return
    fixed = repair_polygon(drawn)
    if fixed is not None:
        assert fixed.is_valid and fixed.geom_type in ("Polygon", "MultiPolygon")
        assert fixed.difference(shapely.convex_hull(drawn)).area == pytest.approx(0, abs=NOISE_M2)
    if drawn.is_valid and drawn.area:
        assert fixed.equals(drawn)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((0 0, 0 1, 1 1, 0 0, 1 0, 1 1, 0 0))",
        "POLYGON ((1 1, 1 3, 8 3, 0 4, 1 0, 1 7, 4 5, 1 1))",
    ],
    ids=["two triangles on one edge", "edges upon each other"],
)
def test_polygon_left_invalid_by_make_valid_of_geos_is_repaired_completely(wkt):
    drawn = shapely.from_wkt(wkt)
    halfway = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
    fixed = repair_polygon(drawn)
    assert fixed.is_valid and fixed.area == pytest.approx(shapely.union_all(shapely.get_parts(halfway)).area)


_RINGS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=9), min_size=1, max_size=4
)


@pytest.mark.skipif(shapely.__version__ < "2.1", reason="this shapely has no method “structure” to compare with")
@given(st.lists(_RINGS, min_size=1, max_size=3))
@example([[[(0, 0), (9, 0), (9, 9), (0, 9)], [(2, 2), (4, 2), (4, 4)], [(3, 3), (8, 3), (8, 8)]]])
def test_repair_for_old_libraries_equals_the_method_structure_of_geos(polygons):
    drawn = shapely.MultiPolygon([shapely.Polygon(shell, holes) for shell, *holes in polygons])
    expected = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
    expected = shapely.union_all(shapely.get_parts([extract_polygons(expected)]))
    repaired = shapely.union_all([repair_structure_by_rings(drawn)])
    assert shapely.symmetric_difference(repaired, expected).area < NOISE_M2


# -- statutory area ---------------------------------------------------------------------------------------------------

#: standards/ellipsoid_area.md: vertices (longitude, latitude) and area, computed there from the formula.
QUADRANGLE_IN_ZONE = [(112, 37), (112.1, 37), (112.1, 37.1), (112, 37.1)]
QUADRANGLE_ACROSS_ZONES = [(112.4, 37.8), (112.6, 37.8), (112.6, 37.9), (112.4, 37.9)]
SMALL_QUADRANGLE = [(112, 37), (112.001, 37), (112.001, 37.001), (112, 37.001)]
LARGE_QUADRANGLE = [(110, 34), (115, 34), (115, 41), (110, 41)]
SLANTED_TRIANGLE = [(112.5, 37.5), (112.51, 37.5), (112.505, 37.51)]
POLYGON_WITH_HOLE_SHELL = [(112.40, 37.80), (112.47, 37.79), (112.52, 37.86), (112.45, 37.91), (112.38, 37.87)]
POLYGON_WITH_HOLE_HOLE = [(112.44, 37.83), (112.46, 37.83), (112.46, 37.85), (112.44, 37.85)]
AREA_TEST_VALUES = [
    ("Q1", shapely.Polygon(QUADRANGLE_IN_ZONE), 98_719_156.29),
    ("Q2 across the zone edge", shapely.Polygon(QUADRANGLE_ACROSS_ZONES), 195_373_339.20),
    ("Q3", shapely.Polygon(SMALL_QUADRANGLE), 9_878.24),
    ("Q4 of 5 by 7 degrees", shapely.Polygon(LARGE_QUADRANGLE), 343_276_435_605.90),
    ("T with slanted edges", shapely.Polygon(SLANTED_TRIANGLE), 490_671.60),
    ("P", shapely.Polygon(POLYGON_WITH_HOLE_SHELL), 104_040_565.82),
    ("H", shapely.Polygon(POLYGON_WITH_HOLE_HOLE), 3_907_988.29),
    ("P with hole H", shapely.Polygon(POLYGON_WITH_HOLE_SHELL, [POLYGON_WITH_HOLE_HOLE]), 100_132_577.53),
    (
        "two parts",
        shapely.MultiPolygon([shapely.Polygon(SMALL_QUADRANGLE), shapely.Polygon(SLANTED_TRIANGLE)]),
        9_878.24 + 490_671.60,
    ),
]


@pytest.mark.parametrize(("shape", "area"), [v[1:] for v in AREA_TEST_VALUES], ids=[v[0] for v in AREA_TEST_VALUES])
def test_statutory_areas_equal_the_test_values_of_the_standard(shape, area):
    assert measure_statutory_area(np.array([shape], dtype=object))[0] == pytest.approx(area, abs=0.01)


def test_statutory_area_of_the_whole_ellipsoid_equals_its_known_surface():
    whole = compute_trapezoid_area(np.array([2 * math.pi]), np.array([-math.pi / 2]), np.array([math.pi / 2]))[0]
    assert whole == pytest.approx(510_065_621_714_743, abs=1.0)
    assert whole == pytest.approx(510_065_621_718_491, rel=1e-11)


def test_shapes_without_area_have_statutory_area_zero():
    shapes = np.array(
        [None, shapely.Point(), shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()]
    )
    assert measure_statutory_area(shapes).tolist() == [0.0] * 5
    assert measure_statutory_area(np.array([], dtype=object)).tolist() == []
    mixed = shapely.GeometryCollection([shapely.Polygon(SMALL_QUADRANGLE), shapely.LineString([(0, 0), (1, 1)])])
    assert measure_statutory_area(np.array([None, mixed, None], dtype=object)) == pytest.approx(
        [0, 9_878.24, 0], abs=0.01
    )


positions_in_shanxi = st.tuples(st.floats(110.2, 114.6), st.floats(34.5, 40.8))


@st.composite
def draw_parcel(draw):
    """Draw a random parcel in Shanxi, up to some kilometres long."""
    x, y = draw(positions_in_shanxi)
    offset = st.floats(-0.05, 0.05)
    points = draw(st.lists(st.tuples(offset, offset), min_size=4, max_size=9))
    hull = shapely.convex_hull(shapely.MultiPoint([(x + dx, y + dy) for dx, dy in points]))
    return hull if hull.geom_type == "Polygon" else shapely.box(x, y, x + 0.01, y + 0.01)


def compute_statutory_area(shape):
    return float(measure_statutory_area(np.array([shape], dtype=object))[0])


@given(positions_in_shanxi, st.floats(0.001, 1.0), st.floats(0.001, 1.0))
def test_statutory_area_along_meridians_and_parallels_is_exact(corner, width, height):
    """Compare with the closed formula for the ellipsoid; agreement is 1e-12."""
    x, y = corner
    b, e2 = 6378137.0 * (1 - 1 / 298.257222101), 0.006694380022900686
    e = math.sqrt(e2)

    def trapezoid_to_equator_area(latitude):
        s = math.sin(math.radians(latitude))
        return s / (2 * (1 - e2 * s * s)) + math.log((1 + e * s) / (1 - e * s)) / (4 * e)

    exact = b * b * math.radians(width) * (trapezoid_to_equator_area(y + height) - trapezoid_to_equator_area(y))
    box = shapely.box(x, y, x + width, y + height)
    assert compute_statutory_area(box) == pytest.approx(exact, rel=1e-9)
