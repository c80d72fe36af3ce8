# SPDX-License-Identifier: GPL-2.0-or-later
"""Edge mismatches, gaps, spikes and narrow necks, compared with hand figures."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import translate

from plugin.core.geometry.corners import find_narrow_places, find_near_vertices, find_sharp_corners
from plugin.core.geometry.coverage import find_gaps, find_vertices_missing_on_edges
from plugin.core.geometry.polygons import Polygons, union_polygon_rows
from plugin.core.geometry.tolerance import Tolerance

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
    assert found.is_near_vertex.tolist() == [False]


@pytest.mark.parametrize(("off", "found"), [(0.004, 1), (0.0099, 1), (0.0101, 0)])
def test_vertex_near_a_neighbouring_edge_counts_as_on_it_within_the_tolerance(off, found):
    near_edge = f"POLYGON ((100 0, 200 0, 200 100, 100 100, {100 + off} 40, 100 0))"
    result = find_vertices_missing_on_edges(polygons_from_wkt(LEFT_SQUARE, near_edge), tolerance=DEFAULT_TOLERANCE)
    assert len(result) == found
    assert result.distance_m == pytest.approx([off] * found)


def test_vertex_mismatch_closer_than_the_tolerance_is_marked_as_near_vertex():
    shifted = "POLYGON ((100.003 0, 200 0, 200 100, 100 100, 100.003 0))"
    found = find_vertices_missing_on_edges(polygons_from_wkt(LEFT_SQUARE, shifted), tolerance=DEFAULT_TOLERANCE)
    assert {(row, other) for row, other, _ in list_mismatch_places(found)} == {(0, 1), (1, 0)}
    assert found.is_near_vertex.all()


def test_parcel_vertices_that_the_edge_of_a_control_line_lacks_are_found_as_mismatches_of_the_line():
    line = polygons_from_wkt("POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))")
    parcels = polygons_from_wkt(LEFT_SQUARE, RIGHT_SQUARE)
    found = find_vertices_missing_on_edges(line, parcels, tolerance=DEFAULT_TOLERANCE)
    assert sorted({(row, point) for row, _, point in list_mismatch_places(found)}) == [
        (0, (100.0, 0.0)),
        (0, (100.0, 100.0)),
    ]
    assert len(find_vertices_missing_on_edges(parcels, line, tolerance=DEFAULT_TOLERANCE)) == 0


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
