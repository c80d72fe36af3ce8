# SPDX-License-Identifier: GPL-2.0-or-later
"""Property tests: overlays compared with shapely, statutory areas compared with their formula."""

import math
from itertools import combinations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.core.geometry.overlay import find_shared_parts, find_uncovered_parts
from plugin.core.geometry.polygons import LARGE_VERTICES, ClipWindows
from plugin.core.geometry.statutory_area import statutory_area, trapezoid
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons, repair_polygon

#: Every shared part counts, however small.
EXACT = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
#: Below this area, rounding of GEOS decides whether a part exists.
NOISE_M2 = 1e-6

property_test = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


# -- polygons ---------------------------------------------------------------------------------------------------------


@st.composite
def cells(draw):
    """Draw unions of grid squares: many have holes, parts, shared edges and corners, or duplicates."""
    corner = st.integers(0, 8)
    size = st.integers(1, 5)

    def boxes(least, most):
        found = draw(st.lists(st.tuples(corner, corner, size, size), min_size=least, max_size=most))
        return shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in found])

    return extract_polygons(shapely.difference(boxes(1, 3), boxes(0, 2)))


@st.composite
def slanted(draw):
    """Draw a convex hull of points rounded to the centimetre, with a smaller one as a hole."""
    coordinate = st.integers(0, 1000).map(lambda v: v / 100)
    points = draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8))
    hull = shapely.convex_hull(shapely.MultiPoint(points))
    hole = shapely.affinity.scale(hull, 0.3, 0.3) if draw(st.booleans()) else shapely.Point()
    return extract_polygons(shapely.difference(hull, hole))


@st.composite
def rows(draw, most=6):
    """Draw a layer: polygons of both kinds, missing shapes and duplicates."""
    made = draw(st.lists(st.one_of(cells(), slanted(), st.none()), min_size=0, max_size=most))
    if made and draw(st.booleans()):
        made.append(made[0])
    found = np.empty(len(made), dtype=object)
    found[:] = made
    return found


def present(shapes):
    return [n for n, s in enumerate(shapes) if s is not None and not s.is_empty]


def shared_areas_by_shapely(a, b, pairs):
    """Return shared areas pair by pair, computed by shapely."""
    return {(i, j): shapely.intersection(a[i], b[j]).area for i, j in pairs}


def as_areas(parts):
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found[i, j] = found.get((i, j), 0.0) + area
    return found


def agree(found, expected):
    for pair in found.keys() | expected.keys():
        assert found.get(pair, 0.0) == pytest.approx(expected.get(pair, 0.0), abs=NOISE_M2), pair


@property_test
@given(rows(), rows())
def test_shared_area_of_two_layers_equals_that_of_shapely(a, b):
    parts = find_shared_parts(a, b, tolerance=EXACT)
    agree(as_areas(parts), shared_areas_by_shapely(a, b, [(i, j) for i in present(a) for j in present(b)]))
    assert np.allclose(shapely.area(parts.geometry), parts.area)
    assert np.allclose(parts.width, 2 * parts.area / shapely.length(parts.geometry))
    assert shapely.is_valid(parts.geometry).all()


@property_test
@given(rows())
def test_shared_area_within_a_layer_equals_that_of_shapely(a):
    parts = find_shared_parts(a, tolerance=EXACT)
    assert (parts.left < parts.right).all()
    agree(as_areas(parts), shared_areas_by_shapely(a, a, combinations(present(a), 2)))


@property_test
@given(rows(), rows())
def test_connected_parts_add_up_to_the_pair(a, b):
    whole, single = (find_shared_parts(a, b, tolerance=EXACT, connected=c) for c in (False, True))
    agree(as_areas(single), as_areas(whole))
    assert all(g.geom_type == "Polygon" for g in single.geometry)


@property_test
@given(rows(), rows(), st.floats(0, 3), st.floats(0, 3), st.floats(1, 4))
def test_larger_tolerance_never_adds_area(a, b, area, width, more):
    small = Tolerance(min_area_m2=area, min_width_m=width)
    large = Tolerance(min_area_m2=area * more, min_width_m=width * more)
    few, many = (find_shared_parts(a, b, tolerance=t, connected=True) for t in (large, small))
    assert len(few) <= len(many)
    assert few.area.sum() <= many.area.sum() + NOISE_M2
    # Ignored parts are stored as slivers.
    everything = find_shared_parts(a, b, tolerance=EXACT).area.sum()
    for parts, limits in ((few, large), (many, small)):
        ignored = shapely.area(np.array(parts.slivers.geometry, dtype=object)).sum()
        assert parts.area.sum() + ignored == pytest.approx(everything, abs=NOISE_M2)
        assert ((parts.area >= limits.min_area_m2) | (parts.width >= limits.min_width_m)).all()


@property_test
@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(a, chance):
    order = list(range(len(a)))
    chance.shuffle(order)
    shuffled = np.empty(len(a), dtype=object)
    shuffled[:] = [a[n] for n in order]
    straight = {frozenset(p): v for p, v in as_areas(find_shared_parts(a, tolerance=EXACT)).items()}
    turned = {
        frozenset((order[i], order[j])): v
        for (i, j), v in as_areas(find_shared_parts(shuffled, tolerance=EXACT)).items()
    }
    agree(turned, straight)


@property_test
@given(rows(), rows())
def test_shared_parts_are_symmetric(a, b):
    forth = as_areas(find_shared_parts(a, b, tolerance=EXACT))
    back = {(i, j): v for (j, i), v in as_areas(find_shared_parts(b, a, tolerance=EXACT)).items()}
    agree(forth, back)


@property_test
@given(rows(), rows())
def test_uncovered_and_covered_parts_add_up_to_the_whole(a, cover):
    parts = find_uncovered_parts(a, cover, tolerance=EXACT)
    assert (parts.right == -1).all()
    uncovered = as_areas(parts)
    united = shapely.union_all([cover[j] for j in present(cover)]) if present(cover) else shapely.Polygon()
    for i in present(a):
        covered = shapely.intersection(a[i], united).area
        assert uncovered.get((i, -1), 0.0) + covered == pytest.approx(a[i].area, abs=NOISE_M2)
    assert shapely.area(shapely.intersection(parts.geometry, united)) == pytest.approx(0, abs=NOISE_M2)


@property_test
@given(
    st.integers(200, 900),
    st.floats(-20, 20),
    st.floats(-20, 20),
    st.floats(0.01, 30),
    st.floats(0.01, 30),
    st.booleans(),
)
def test_clip_window_contains_the_same_parts_as_the_whole(segments, x, y, width, height, hole):
    # Windows are placed by kilometres, because their margin is 10 m.
    shape = shapely.Point(0, 0).buffer(10_000, quad_segs=segments)
    if hole:
        shape = shape.difference(shapely.Point(3_000, 0).buffer(2_000, quad_segs=segments))
    windows = ClipWindows(np.array([None, shape], dtype=object))
    assert windows.large.tolist() == [False, True]
    viewed = shapely.box(x * 1000, y * 1000, (x + width) * 1000, (y + height) * 1000)
    seen = windows.around(1, np.array(viewed.bounds))
    expected = shapely.intersection(shape, viewed)
    found = shapely.intersection(seen, viewed) if seen is not None else shapely.Polygon()
    assert shapely.area(shapely.symmetric_difference(found, expected)) < 1e-4
    if max(width, height) < 0.1 and seen is not None:
        assert shapely.get_num_coordinates(seen) <= LARGE_VERTICES


@property_test
@given(rows(most=3))
def test_large_polygons_share_the_same_area_as_small_ones(b):
    ring = shapely.Point(5, 5).buffer(4, quad_segs=400)
    a = np.array([ring, ring.difference(shapely.Point(5, 5).buffer(2, quad_segs=400))], dtype=object)
    agree(
        as_areas(find_shared_parts(a, b, tolerance=EXACT)),
        shared_areas_by_shapely(a, b, [(i, j) for i in (0, 1) for j in present(b)]),
    )


@property_test
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
def test_repaired_copy_is_valid_and_covers_no_new_area(points):
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
def test_repair_left_invalid_by_geos_is_completed(wkt):
    drawn = shapely.from_wkt(wkt)
    halfway = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
    fixed = repair_polygon(drawn)
    assert fixed.is_valid and fixed.area == pytest.approx(shapely.union_all(shapely.get_parts(halfway)).area)


# -- statutory area ---------------------------------------------------------------------------------------------------

#: standards/ellipsoid_area.md: vertices (longitude, latitude) and area, computed there from the formula.
Q1 = [(112, 37), (112.1, 37), (112.1, 37.1), (112, 37.1)]
Q2 = [(112.4, 37.8), (112.6, 37.8), (112.6, 37.9), (112.4, 37.9)]
Q3 = [(112, 37), (112.001, 37), (112.001, 37.001), (112, 37.001)]
Q4 = [(110, 34), (115, 34), (115, 41), (110, 41)]
T = [(112.5, 37.5), (112.51, 37.5), (112.505, 37.51)]
P = [(112.40, 37.80), (112.47, 37.79), (112.52, 37.86), (112.45, 37.91), (112.38, 37.87)]
H = [(112.44, 37.83), (112.46, 37.83), (112.46, 37.85), (112.44, 37.85)]
VECTORS = [
    ("Q1", shapely.Polygon(Q1), 98_719_156.29),
    ("Q2 across the zone edge", shapely.Polygon(Q2), 195_373_339.20),
    ("Q3", shapely.Polygon(Q3), 9_878.24),
    ("Q4 of 5 by 7 degrees", shapely.Polygon(Q4), 343_276_435_605.90),
    ("T with slanted edges", shapely.Polygon(T), 490_671.60),
    ("P", shapely.Polygon(P), 104_040_565.82),
    ("H", shapely.Polygon(H), 3_907_988.29),
    ("P with hole H", shapely.Polygon(P, [H]), 100_132_577.53),
    ("two parts", shapely.MultiPolygon([shapely.Polygon(Q3), shapely.Polygon(T)]), 9_878.24 + 490_671.60),
]


@pytest.mark.parametrize(("shape", "area"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS])
def test_statutory_areas_equal_the_vectors_of_the_standard(shape, area):
    assert statutory_area(np.array([shape], dtype=object))[0] == pytest.approx(area, abs=0.01)


def test_area_of_the_whole_ellipsoid_is_exact():
    whole = trapezoid(np.array([2 * math.pi]), np.array([-math.pi / 2]), np.array([math.pi / 2]))[0]
    assert whole == pytest.approx(510_065_621_714_743, abs=1.0)
    assert whole == pytest.approx(510_065_621_718_491, rel=1e-11)


def test_shapes_without_area_have_area_zero():
    shapes = np.array(
        [None, shapely.Point(), shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()]
    )
    assert statutory_area(shapes).tolist() == [0.0] * 5
    assert statutory_area(np.array([], dtype=object)).tolist() == []
    mixed = shapely.GeometryCollection([shapely.Polygon(Q3), shapely.LineString([(0, 0), (1, 1)])])
    assert statutory_area(np.array([None, mixed, None], dtype=object)) == pytest.approx([0, 9_878.24, 0], abs=0.01)


def edge_by_edge(ring, reference):
    """Return the area by the annex's formula, one edge at a time, for any reference meridian (degrees)."""
    a, flattening = 6378137.0, 1 / 298.257222101
    b = a * (1 - flattening)
    e2 = (a * a - b * b) / (a * a)
    e4, e6, e8 = e2**2, e2**3, e2**4
    big_a = 1 + 3 / 6 * e2 + 30 / 80 * e4 + 35 / 112 * e6 + 630 / 2304 * e8
    big_b = 1 / 6 * e2 + 15 / 80 * e4 + 21 / 112 * e6 + 420 / 2304 * e8
    big_c = 3 / 80 * e4 + 7 / 112 * e6 + 180 / 2304 * e8
    big_d = 1 / 112 * e6 + 45 / 2304 * e8
    big_e = 5 / 2304 * e8
    total = []
    for (l1, b1), (l2, b2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        width = math.radians((l1 + l2) / 2 - reference)
        b1, b2 = math.radians(b1), math.radians(b2)
        step, middle = b2 - b1, (b1 + b2) / 2
        total.append(
            2 * b * b * width * (
                big_a * math.sin(step / 2) * math.cos(middle)
                - big_b * math.sin(3 * step / 2) * math.cos(3 * middle)
                + big_c * math.sin(5 * step / 2) * math.cos(5 * middle)
                - big_d * math.sin(7 * step / 2) * math.cos(7 * middle)
                + big_e * math.sin(9 * step / 2) * math.cos(9 * middle)
            )
        )  # fmt: skip
    return abs(math.fsum(total))


degrees_of_shanxi = st.tuples(st.floats(110.2, 114.6), st.floats(34.5, 40.8))


@st.composite
def parcels(draw):
    """Draw a ring of up to some kilometres in Shanxi."""
    x, y = draw(degrees_of_shanxi)
    offset = st.floats(-0.05, 0.05)
    points = draw(st.lists(st.tuples(offset, offset), min_size=4, max_size=9))
    hull = shapely.convex_hull(shapely.MultiPoint([(x + dx, y + dy) for dx, dy in points]))
    return hull if hull.geom_type == "Polygon" else shapely.box(x, y, x + 0.01, y + 0.01)


def area_of(shape):
    return float(statutory_area(np.array([shape], dtype=object))[0])


@property_test
@given(parcels(), st.sampled_from([0.0, 60.0, 111.0, 112.5, 114.0]))
def test_area_equals_the_annex_for_any_reference_meridian(shape, reference):
    # With a far meridian large terms cancel; the formula itself then has an error of some 1e-5 m².
    ring = list(shape.exterior.coords)[:-1]
    assert area_of(shape) == pytest.approx(edge_by_edge(ring, reference), abs=1e-4)


@property_test
@given(parcels(), st.integers(0, 20))
def test_direction_and_first_vertex_do_not_change_the_area(shape, shift):
    ring = list(shape.exterior.coords)[:-1]
    shift %= len(ring)
    turned = shapely.Polygon([*ring[shift:], *ring[:shift]])
    assert area_of(shapely.reverse(shape)) == pytest.approx(area_of(shape), abs=1e-4)
    assert area_of(turned) == pytest.approx(area_of(shape), abs=1e-4)


@property_test
@given(parcels(), st.floats(0.2, 0.8))
def test_holes_are_subtracted_and_parts_added(shape, share):
    hole = shapely.affinity.scale(shape, share, share)
    ringed = shapely.Polygon(shape.exterior.coords, [hole.exterior.coords])
    assert area_of(ringed) == pytest.approx(area_of(shape) - area_of(hole), abs=1e-4)
    moved = shapely.affinity.translate(shape, 1.0, 0.0)
    assert area_of(shapely.MultiPolygon([shape, moved])) == pytest.approx(area_of(shape) + area_of(moved), abs=1e-4)
    # The area depends on the width in longitude only.
    assert area_of(moved) == pytest.approx(area_of(shape), abs=1e-3)


@property_test
@given(degrees_of_shanxi, st.floats(0.001, 1.0), st.floats(0.001, 1.0))
def test_area_along_meridians_and_parallels_is_exact(corner, width, height):
    """The closed formula of the ellipsoid applies; the series agrees to 1e-12."""
    x, y = corner
    b, e2 = 6378137.0 * (1 - 1 / 298.257222101), 0.006694380022900686
    e = math.sqrt(e2)

    def zone(latitude):
        s = math.sin(math.radians(latitude))
        return s / (2 * (1 - e2 * s * s)) + math.log((1 + e * s) / (1 - e * s)) / (4 * e)

    exact = b * b * math.radians(width) * (zone(y + height) - zone(y))
    box = shapely.box(x, y, x + width, y + height)
    assert area_of(box) == pytest.approx(exact, rel=1e-9)


def test_areas_of_a_batch_equal_single_areas():
    shapes = [v[1] for v in VECTORS] * 3
    together = statutory_area(np.array(shapes, dtype=object))
    assert together.tolist() == [area_of(s) for s in shapes]
