# SPDX-License-Identifier: GPL-2.0-or-later
"""Edge mismatches, gaps, spikes, narrow places and hairs, compared with figures by hand."""

from dataclasses import replace

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, strategies as st
from shapely.affinity import rotate, translate

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.geometry import corners
from plugin.core.geometry.corners import (
    find_narrow_places,
    find_near_vertices,
    find_sharp_corners,
    mask_surely_wide_polygons,
)
from plugin.core.geometry.coverage import find_gaps, find_mismatches_both_ways, find_vertices_missing_on_edges
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons, union_polygon_rows
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.plan.io import read_source
from plugin.paths import RESOURCES_FOLDER

DEFAULT_TOLERANCE = Tolerance()
LEFT_SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
RIGHT_SQUARE = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"
#: What may happen to a cell of a grid.
CELL_CHANGES = ("removed", "copied", "narrower", "wider", "split")


def polygons_from_wkt(*texts):
    shapes = np.empty(len(texts), dtype=object)
    shapes[:] = [shapely.from_wkt(t) if t else None for t in texts]
    return Polygons(shapes)


def list_mismatch_places(found):
    rows = zip(found.edge_row.tolist(), found.vertex_row.tolist(), map(tuple, found.vertex_xy.tolist()), strict=True)
    return [(row, other, point) for row, other, point in rows]


def test_neighbouring_polygons_with_the_same_vertices_have_no_edge_mismatch():
    assert (
        len(
            find_vertices_missing_on_edges(
                polygons_from_wkt(LEFT_SQUARE, None, RIGHT_SQUARE), tolerance=DEFAULT_TOLERANCE
            )
        )
        == 0
    )


def test_vertex_on_one_polygon_only_is_reported_as_missing_on_its_neighbour():
    found = find_vertices_missing_on_edges(
        polygons_from_wkt(LEFT_SQUARE, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 40, 100 0))"),
        tolerance=DEFAULT_TOLERANCE,
    )
    assert list_mismatch_places(found) == [(0, 1, (100.0, 40.0))]
    assert found.distance_m.tolist() == [0.0]


@pytest.mark.parametrize(("off", "found"), [(0.004, 1), (0.0099, 1), (0.0101, 0)])
def test_vertex_near_a_neighbouring_edge_counts_as_on_it_within_the_tolerance(off, found):
    near_edge = f"POLYGON ((100 0, 200 0, 200 100, 100 100, {100 + off} 40, 100 0))"
    result = find_vertices_missing_on_edges(polygons_from_wkt(LEFT_SQUARE, near_edge), tolerance=DEFAULT_TOLERANCE)
    assert len(result) == found
    assert result.distance_m == pytest.approx([off] * found)


def test_vertices_closer_than_the_tolerance_are_mismatches_of_both_polygons():
    shifted = "POLYGON ((100.003 0, 200 0, 200 100, 100 100, 100.003 0))"
    found = find_vertices_missing_on_edges(polygons_from_wkt(LEFT_SQUARE, shifted), tolerance=DEFAULT_TOLERANCE)
    assert {(row, other) for row, other, _ in list_mismatch_places(found)} == {(0, 1), (1, 0)}


def test_parcel_vertices_that_the_edge_of_a_control_line_lacks_are_found_as_mismatches_of_the_line():
    line = polygons_from_wkt("POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))")
    parcels = polygons_from_wkt(LEFT_SQUARE, RIGHT_SQUARE)
    found, found_on_parcels = find_mismatches_both_ways(line, parcels, tolerance=DEFAULT_TOLERANCE)
    assert sorted({(row, point) for row, _, point in list_mismatch_places(found)}) == [
        (0, (100.0, 0.0)),
        (0, (100.0, 100.0)),
    ]
    assert len(found_on_parcels) == 0


FRAME_AROUND_GAP = (
    "POLYGON ((0 0, 100 0, 100 40, 0 40, 0 0))",
    "POLYGON ((0 60, 100 60, 100 100, 0 100, 0 60))",
    "POLYGON ((0 40, 40 40, 40 60, 0 60, 0 40))",
    "POLYGON ((60 40, 100 40, 100 60, 60 60, 60 40))",
)


def test_area_enclosed_by_polygons_is_reported_as_a_gap():
    found = find_gaps(polygons_from_wkt(*FRAME_AROUND_GAP), tolerance=DEFAULT_TOLERANCE)
    assert found.area.tolist() == [400.0]
    assert found.width.tolist() == [10.0]
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])
    assert len(find_gaps(polygons_from_wkt(*FRAME_AROUND_GAP), tolerance=DEFAULT_TOLERANCE, max_width_m=9.9)) == 0


@pytest.mark.parametrize("angle", [0.0, 22.5, 70.0])
@pytest.mark.parametrize(("opening_m", "count"), [(0.0, 1), (1e-8, 1), (1e-6, 1), (9.9e-5, 1), (2e-4, 0)])
def test_gap_with_an_opening_of_a_rounded_coordinate_is_found(opening_m, count, angle):
    wall, corner = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", 50 + opening_m
    notched = f"POLYGON ((50 0, 100 0, 100 100, 50 100, {corner!r} 90, 50.5 90, 50.5 10, {corner!r} 10, 50 0))"
    distant = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0), (210 10, 210 20, 220 20, 210 10))"
    shapes = [rotate(shapely.from_wkt(one), angle, (0, 0)) for one in (wall, notched, distant)]
    found = find_gaps(Polygons(np.array(shapes, dtype=object)), tolerance=DEFAULT_TOLERANCE)
    found = found.select(found.area < 45)
    assert len(found) == count and found.area == pytest.approx([40.0] * count, abs=0.01)


def test_thin_gap_is_ignored_only_below_both_minimum_area_and_minimum_width():
    def make_pair_with_gap(width):
        return polygons_from_wkt(
            f"POLYGON ((0 0, 100 0, 100 100, 50 100, 50 10, {50 - width} 10, {50 - width} 100, 0 100, 0 0))",
            "POLYGON ((0 100, 100 100, 100 120, 0 120, 0 100))",
        )

    assert find_gaps(make_pair_with_gap(0.02), tolerance=DEFAULT_TOLERANCE).area == pytest.approx([1.8])
    few = find_gaps(make_pair_with_gap(0.001), tolerance=DEFAULT_TOLERANCE)
    assert len(few) == 0
    assert shapely.area(few.slivers.polygons) == pytest.approx([0.09])


SQUARE_WITH_SPIKE = "POLYGON ((0 0, 100 0, 100 50, 1000 51, 100 52, 100 100, 0 100, 0 0))"


def test_spike_of_a_ring_is_found_at_any_start_vertex():
    for text in (SQUARE_WITH_SPIKE, "POLYGON ((1000 51, 100 52, 100 100, 0 100, 0 0, 100 0, 100 50, 1000 51))"):
        found = find_sharp_corners(polygons_from_wkt(None, text).shapes, 10)
        assert found.polygon_row.tolist() == [1]
        assert found.vertex_xy.tolist() == [[1000.0, 51.0]]
        assert found.angle_or_distance == pytest.approx([2 * np.degrees(np.arctan(1 / 900))])


def test_spikes_of_zero_width_and_spikes_in_holes_are_found():
    flat = "POLYGON ((0 0, 100 0, 100 50, 150 50, 100 50, 100 100, 0 100, 0 0))"
    hole = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (10 10, 10 12, 80 11, 10 10))"
    found = find_sharp_corners(polygons_from_wkt(flat, LEFT_SQUARE, hole).shapes, 10)
    assert found.polygon_row.tolist() == [0, 2]
    assert found.angle_or_distance[0] == 0
    assert found.vertex_xy.tolist() == [[150.0, 50.0], [80.0, 11.0]]
    assert len(find_sharp_corners(polygons_from_wkt(LEFT_SQUARE).shapes, 89.9).polygon_row) == 0
    assert len(find_sharp_corners(polygons_from_wkt(LEFT_SQUARE).shapes, 90.1).polygon_row) == 4


def test_repeated_vertices_are_reported_and_hide_no_spike():
    twice = "POLYGON ((0 0, 100 0, 100 50, 1000 51, 1000 51, 100 52, 100 100, 0 100, 0 99.99995, 0 0, 0 0))"
    assert find_sharp_corners(polygons_from_wkt(twice).shapes, 10).vertex_xy.tolist() == [[1000.0, 51.0]]
    found = find_near_vertices(polygons_from_wkt(LEFT_SQUARE, twice).shapes, 0.0001)
    assert found.polygon_row.tolist() == [1, 1, 1]
    assert sorted(map(tuple, found.vertex_xy.tolist())) == [(0.0, 0.0), (0.0, 100.0), (1000.0, 51.0)]
    assert sorted(found.angle_or_distance.tolist()) == pytest.approx([0.0, 0.0, 0.00005], abs=1e-9)


def test_narrow_neck_of_a_polygon_is_found_and_its_corners_are_not():
    dumbbell = "POLYGON ((0 0, 100 0, 100 49.5, 150 49.5, 150 0, 250 0, 250 100, 150 100, 150 50.5, 100 50.5, 100 100, 0 100, 0 0))"
    rows, where = find_narrow_places(polygons_from_wkt(LEFT_SQUARE, dumbbell, None).shapes, 5.0)
    assert rows.tolist() == [1]
    assert shapely.area(where) == pytest.approx([50.0], abs=6.0)
    assert len(find_narrow_places(polygons_from_wkt(LEFT_SQUARE, dumbbell).shapes, 0.9)[0]) == 0


def test_gap_between_rounded_corners_is_reported_with_its_neighbouring_polygons():
    """Use coordinates with a zone prefix; the union moves vertices by rounding."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        corner = np.array([[0, 0], [100, 3], [50, 80]]) + rng.normal(0, 5, (3, 2)) + [38461234.567, 4390123.456]
        bars = [shapely.LineString([corner[n], corner[(n + 1) % 3]]).buffer(3, cap_style="square") for n in range(3)]
        found = find_gaps(Polygons(np.array(bars, dtype=object)), tolerance=DEFAULT_TOLERANCE)
        assert (found.left.tolist(), found.right.tolist()) == ([0], [1])


def test_union_of_overlapping_and_adjacent_polygons_equals_that_of_shapely():
    rng = np.random.default_rng(5)
    tiles = [shapely.box(x * 10, y * 10, x * 10 + 10, y * 10 + 10) for x in range(8) for y in range(8) if (x + y) % 5]
    for count in (0, 1, 6):
        odd = [shapely.Point(rng.uniform(0, 80, 2)).buffer(rng.uniform(1, 9)) for _ in range(count)]
        shapes = np.array([*tiles, None, *odd], dtype=object)
        layer = Polygons(shapes)
        whole = union_polygon_rows(layer, tolerance=DEFAULT_TOLERANCE)
        assert whole.is_valid and union_polygon_rows(layer, tolerance=DEFAULT_TOLERANCE) is whole
        assert whole.symmetric_difference(shapely.union_all([s for s in shapes if s is not None])).area < 1e-6


@given(st.integers(0, 10**6), st.sampled_from([3.0, 10.0, 30.0]))
def test_fast_search_for_sharp_corners_finds_the_same_as_a_full_search(seed, below):
    """Compare the quick search, which skips rings without a sharp angle."""
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(6):
        xy = rng.uniform(0, 40, (int(rng.integers(3, 9)), 2)) * [1, rng.choice([1, 0.1])]
        xy = np.repeat(xy, rng.integers(1, 3, len(xy)), axis=0)
        shapes.append(shapely.Polygon(xy))
    found = find_sharp_corners(np.array([*shapes, None], dtype=object), below)
    corners = set(zip(found.polygon_row.tolist(), map(tuple, found.vertex_xy.tolist()), strict=True))
    plain = set()
    for n, shape in enumerate(shapes):
        ring = [p for k, p in enumerate(shape.exterior.coords) if k == 0 or p != shape.exterior.coords[k - 1]][:-1]
        for k, at in enumerate(ring):
            u, v = np.subtract(ring[k - 1], at), np.subtract(ring[(k + 1) % len(ring)], at)
            angle = np.degrees(np.arccos(np.clip(u @ v / np.hypot(*u) / np.hypot(*v), -1, 1)))
            if len(ring) > 2 and angle < below - 1e-6:
                plain.add((n, at))
    assert plain <= corners and len(corners - plain) <= 1


# -- gaps with islands --------------------------------------------------------------------------------------------------

SQUARE_WITH_HOLE = shapely.Polygon(
    [(0, 0), (300, 0), (300, 300), (0, 300)], [[(100, 100), (200, 100), (200, 200), (100, 200)]]
)


def find_gaps_with_neighbours(*shapes, widest):
    found = find_gaps(Polygons(np.array(shapes, dtype=object)), tolerance=DEFAULT_TOLERANCE, max_width_m=widest)
    return [(shape, left, right) for shape, left, right in zip(found.geometry, found.left, found.right, strict=True)]


def test_thin_gap_around_an_island_polygon_is_found():
    """Put a pond into a hole that is 0.3 m larger on each side (119.64 m² uncovered)."""
    pond = shapely.box(100.3, 100.3, 199.7, 199.7)
    ((gap, left, right),) = find_gaps_with_neighbours(SQUARE_WITH_HOLE, pond, widest=1.0)
    assert gap.equals(shapely.box(100, 100, 200, 200).difference(pond)) and {left, right} == {0, 1}
    assert gap.area == pytest.approx(100.0**2 - 99.4**2)


def test_island_that_touches_the_outer_edge_twice_splits_the_gap():
    island = shapely.Polygon([(100, 150), (150, 101), (200, 150), (150, 199)])
    found = find_gaps_with_neighbours(SQUARE_WITH_HOLE, island, widest=np.inf)
    assert len(found) == 2 and sum(gap.area for gap, *_ in found) == pytest.approx(100.0**2 - island.area)


# Rows that a layer may not cover


def make_square_grid(columns, rows, size=10.0):
    return [
        shapely.box(x * size, y * size, (x + 1) * size, (y + 1) * size) for x in range(columns) for y in range(rows)
    ]


def make_polygons(shapes):
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return Polygons(array)


#: Two townships with the vertices of the parcels on their outline.
TWO_TOWNSHIPS = tuple(shapely.box(x, 0, x + 40, 60).segmentize(10.0) for x in (0, 40))


def test_townships_fully_tiled_by_parcels_are_no_candidates_for_uncovered_land():
    assert not make_polygons(TWO_TOWNSHIPS).find_uncovered_candidates(make_polygons(make_square_grid(8, 6))).any()


@pytest.mark.parametrize(
    ("missing", "township"),
    [(8, 0), (0, 0), (47, 1), (range(24), 0), (range(24, 48), 1)],
    ids=["inside", "corner", "outer corner", "a whole township", "the other township"],
)
def test_missing_parcel_is_found_as_a_gap_in_its_township(missing, township):
    left = set(np.atleast_1d(missing).tolist())
    parcels = make_polygons([shape for n, shape in enumerate(make_square_grid(8, 6)) if n not in left])
    assert make_polygons(TWO_TOWNSHIPS).find_uncovered_candidates(parcels)[township]


def test_gap_along_the_edge_of_a_township_inside_another_is_found():
    """Use a township inside another one; its outline is also that of the gap."""
    township, inner = TWO_TOWNSHIPS[0], shapely.box(10, 10, 20, 20)
    parcels = [shape for shape in make_square_grid(4, 6) if not shape.equals(inner)]
    assert make_polygons([township, inner]).find_uncovered_candidates(make_polygons(parcels)).all()


@given(st.lists(st.tuples(st.integers(0, 47), st.integers(-3, 3), st.integers(-3, 3)), max_size=6), st.booleans())
def test_townships_that_are_no_candidates_for_uncovered_land_have_no_part_without_parcels(moves, drop):
    parcels = make_square_grid(8, 6)
    for n, dx, dy in moves:
        parcels[n] = shapely.Point() if drop and not dx else translate(parcels[n], dx, dy)
    cover = make_polygons(parcels)
    open_rows = make_polygons(TWO_TOWNSHIPS).find_uncovered_candidates(cover)
    uncovered = shapely.difference(np.array(TWO_TOWNSHIPS), shapely.union_all(parcels))
    assert not (shapely.area(uncovered) > 1e-9)[~open_rows].any()


@given(
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24), st.sampled_from(CELL_CHANGES)), max_size=25),
    st.randoms(use_true_random=False),
)
def test_gaps_of_a_large_coverage_are_the_holes_of_its_union(changes, random):
    """Few rows have an open edge here, so that only they are united."""
    cells = {(x, y): shapely.box(10 * x, 10 * y, 10 * x + 10, 10 * y + 10) for x in range(25) for y in range(25)}
    copies = []
    for x, y, change in changes:
        cell = cells.get((x, y))
        if change == "removed":
            cells.pop((x, y), None)
        elif cell is not None and change == "copied":
            copies.append(cell)
        elif cell is not None:
            cells[x, y] = {"narrower": shapely.box(10 * x, 10 * y, 10 * x + 9, 10 * y + 10),
                           "wider": shapely.box(10 * x, 10 * y, 10 * x + 13, 10 * y + 10),
                           "split": shapely.box(10 * x, 10 * y, 10 * x + 10, 10 * y + 5)}[change]  # fmt: skip
    shapes = [*cells.values(), *copies]
    random.shuffle(shapes)
    found = find_gaps(Polygons(np.array(shapes, dtype=object)), tolerance=Tolerance(min_area_m2=0.0, min_width_m=0.0))
    union = shapely.union_all(shapes)
    expected = shapely.get_parts(shapely.difference(shapely.box(*union.bounds).buffer(1), union))
    expected = [
        part
        for part in expected.tolist()
        if shapely.box(*union.bounds).contains_properly(part)
        or not part.intersects(shapely.box(*union.bounds).buffer(1).exterior)
    ]
    assert sorted(shapely.area(found.geometry)) == pytest.approx(sorted(part.area for part in expected))
    assert shapely.union_all(found.geometry).symmetric_difference(shapely.union_all(expected)).area < 1e-6


MINIMUM_WIDTH_M = 2.0


def find_narrow_rows_by_discs(shapes, width, monkeypatch):
    """Return the rows with a narrow part, found by an exact search with discs."""
    monkeypatch.setattr(corners, "mask_surely_wide_polygons", lambda given, *_, **__: np.zeros(len(given), dtype=bool))
    return set(corners.find_narrow_places(shapes, width)[0].tolist())


@pytest.mark.parametrize(
    ("wkt", "wide"),
    [
        ("POLYGON ((0 0, 50 0, 50 40, 0 40, 0 0))", True),
        ("POLYGON ((0 40, 50 40, 50 0, 0 0, 0 40))", True),  # the other way round
        ("MULTIPOLYGON (((0 0, 50 0, 50 40, 0 40, 0 0)))", True),
        ("POLYGON ((0 0, 50 0, 50 20, 70 20, 70 40, 0 40, 0 0))", True),  # an L
        ("POLYGON ((0 0, 50 0, 50 1.9, 0 1.9, 0 0))", False),  # a strip
        (
            "POLYGON ((0 0, 40 0, 40 19, 60 19, 60 0, 100 0, 100 40, 60 40, 60 20.5, 40 20.5, 40 40, 0 40, 0 0))",
            False,
        ),  # a neck
        ("POLYGON ((0 0, 50 0, 50 40, 26 40, 26 70, 25 70, 25 40, 0 40, 0 0))", False),  # an arm
        ("POLYGON ((0 0, 50 0, 50 40, 30 40, 25 90, 20 40, 0 40, 0 0))", False),  # a spike
        ("POLYGON ((0 0, 50 0, 50 40, 0 40, 0 0), (1 5, 20 5, 20 20, 1 20, 1 5))", False),  # a hole near the edge
        ("MULTIPOLYGON (((0 0, 50 0, 50 40, 0 40, 0 0)), ((60 0, 61 0, 61 90, 60 0)))", False),
    ],
)
def test_is_surely_wide_is_true_for_a_wide_polygon_and_false_with_a_neck_arm_spike_or_thin_part(wkt, wide, monkeypatch):
    shapes = np.array([shapely.from_wkt(wkt), None], dtype=object)
    assert mask_surely_wide_polygons(shapes, MINIMUM_WIDTH_M).tolist() == [wide, False]
    assert not (wide and find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, monkeypatch))


def make_star_ring(radii, turn, squeeze):
    """Return a star-shaped ring around 0, 0; ``squeeze`` gives it long thin parts."""
    angles = turn + np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    xy = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None] * [1, squeeze]
    return shapely.Polygon(xy)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
def test_polygon_recognised_as_wide_has_no_narrow_place(radii, turn, squeeze):
    shape = make_star_ring(radii, turn, squeeze)
    shapes = np.array([shape if shape.is_valid else None], dtype=object)
    with pytest.MonkeyPatch.context() as patch:
        narrow = find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, patch)
    assert not (mask_surely_wide_polygons(shapes, MINIMUM_WIDTH_M)[0] and narrow)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
def test_narrow_polygons_found_equal_those_of_a_full_search_with_discs(radii, turn, squeeze):
    """Compare with the exact search, except for parts of exactly this width."""
    shape = make_star_ring(radii, turn, squeeze)
    hole = shape.buffer(-4)
    shapes = [shape, shape.difference(hole.buffer(-3)), shapely.union(shape, shapely.box(100, 100, 130, 130))]
    shapes = np.array([s if s.is_valid and s.geom_type in ("Polygon", "MultiPolygon") else None for s in shapes])
    narrow = set(corners.find_narrow_places(shapes, MINIMUM_WIDTH_M)[0].tolist())
    narrow_below_larger_width = set(corners.find_narrow_places(shapes, MINIMUM_WIDTH_M * 1.02)[0].tolist())
    with pytest.MonkeyPatch.context() as patch:
        assert narrow <= find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, patch) <= narrow | narrow_below_larger_width


def test_thin_strip_from_an_inexact_buffer_is_not_reported_as_a_narrow_place():
    """Use a polygon with two close vertices; GEOS leaves a thin strip along its edge."""
    square = shapely.from_wkt("POLYGON ((0 0, 900 0, 1100 350, 650 940, 3 700, 2.996 699.997, 0 0))")
    assert not len(corners.find_narrow_places(np.array([square], dtype=object), MINIMUM_WIDTH_M)[0])


HAIR_M = 1e-8
TOLERANCE = Tolerance()


def make_polygons_of_rings(*rings):
    return Polygons(np.array([shapely.Polygon(ring) for ring in rings], dtype=object))


def test_width_of_a_gap_does_not_depend_on_hairs_along_its_edge():
    county = make_polygons_of_rings([(0, 0), (1000, 0), (1000, 100), (0, 100)])
    cover = make_polygons_of_rings(
        [(0, HAIR_M), (10, HAIR_M), (10, 100), (0, 100)], [(20, 100), (20, HAIR_M), (1000, HAIR_M), (1000, 100)]
    )
    gap = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gap.area == pytest.approx([1000.0], abs=1e-4)
    assert gap.width == pytest.approx([2 * 1000 / (2 * (10 + 100))], rel=1e-4)


def test_hair_connects_no_pieces():
    county = make_polygons_of_rings([(0, 0), (1000, 0), (1000, 100), (0, 100)])
    cover = make_polygons_of_rings(
        [(0, 100), (0, 50), (100, 50), (100, HAIR_M), (900, HAIR_M), (900, 50), (1000, 50), (1000, 100)]
    )
    gaps = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gaps.area == pytest.approx([5000.0, 5000.0], abs=1e-4)
    assert gaps.width == pytest.approx([2 * 5000 / 300] * 2, rel=1e-4)
    # The land of the hair is in one of the two.
    assert gaps.area.sum() == pytest.approx(10_000 + 800 * HAIR_M, abs=1e-9)
    assert shapely.area(gaps.geometry) == pytest.approx(gaps.area, abs=1e-9)
    assert gaps.geometry[0].intersection(gaps.geometry[1]).area == 0


def test_hair_between_corners_that_touch_connects_no_pieces():
    county = make_polygons_of_rings([(0, 0), (200, 0), (200, 200), (0, 200)])
    cover = make_polygons_of_rings(
        [(0, 0), (100, 0), (100 - HAIR_M, 100 - HAIR_M), (0, 100)],
        [(100 + HAIR_M, 100 + HAIR_M), (200, 100), (200, 200), (100, 200)],
    )
    gaps = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gaps.area == pytest.approx([10_000.0, 10_000.0], abs=1e-3)


def test_pieces_without_hairs_are_unchanged_and_slivers_stay_slivers():
    square, neighbour = [(0, 0), (50, 0), (50, 50), (0, 50)], [(49, 10), (90, 10), (90, 20), (49, 20)]
    (piece,) = find_shared_pieces(
        make_polygons_of_rings(square), make_polygons_of_rings(neighbour), tolerance=TOLERANCE
    ).geometry
    assert piece.equals(shapely.box(49, 10, 50, 20))
    strip = find_shared_pieces(
        make_polygons_of_rings(square),
        make_polygons_of_rings([(50 - HAIR_M, 0), (90, 0), (90, 50), (50 - HAIR_M, 50)]),
        tolerance=TOLERANCE,
    )
    assert len(strip) == 0 and len(strip.slivers.polygons) == 1


@pytest.mark.parametrize(("off_m", "count"), [(0.0, 0), (HAIR_M, 0), (0.00009, 0), (0.0002, 2), (0.005, 2)])
def test_vertices_within_the_cluster_tolerance_are_one(off_m, count):
    west = [(0, 0), (50, 0), (50, 40), (50, 100), (0, 100)]
    east = [(50, 0), (100, 0), (100, 100), (50, 100), (50 + off_m, 40)]
    assert len(find_vertices_missing_on_edges(make_polygons_of_rings(west, east), tolerance=TOLERANCE)) == count


def describe_findings(sources, options):
    return sorted(
        (f.code, f.case, f.role, f.key, f.related_role, tuple(f.related_keys), str(f.params.get("count")),
         round(f.area_m2 or 0.0, 1), round(f.width_m or 0.0, 3))
        for f in check_plan(sources, options).report.findings
        if f.code in options.rules
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("zone", [4490, 4525], ids=["degrees", "zone 37"])
def test_conversion_of_some_rows_and_back_changes_no_topology_finding(zone):
    codes = ("TOP001", "TOP002", "TOP003", "TOP004", "TOP005", "TOP006", "TOP008", "LAW010", "REL004", "REL010")
    options, chance = RunOptions(profile="hunyuan", rules=codes), np.random.default_rng(3)
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    land = next(source for source in sources if source.name == "XZQXZ").frame.geometry.iloc[6].buffer(-1)
    sources = [replace(one, frame=one.frame[one.frame.geometry.intersects(land)].copy()) for one in sources]
    there, back = (pyproj.Transformer.from_crs(*pair, always_xy=True) for pair in ((4526, zone), (zone, 4526)))
    converted = []
    for source in sources:
        frame, is_converted = source.frame.copy(), chance.random(len(source.frame)) < 0.5
        shapes = frame.geometry.to_numpy().copy()
        shapes[is_converted] = shapely.transform(
            shapes[is_converted], lambda xy: np.column_stack(back.transform(*there.transform(*xy.T)))
        )
        frame[frame.geometry.name] = shapes
        converted.append(replace(source, frame=frame))
    expected = describe_findings(sources, options)
    assert len(expected) > 20
    assert describe_findings(converted, options) == expected
