# SPDX-License-Identifier: GPL-2.0-or-later
"""Edge mismatches, gaps, spikes and narrow necks, compared with figures computed by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from plugin.core.geometry.corners import find_narrow_parts, find_near_vertices, find_sharp_corners
from plugin.core.geometry.coverage import find_gaps, find_mismatched_edges
from plugin.core.geometry.polygons import Polygons, union_rows
from plugin.core.geometry.tolerance import Tolerance

LIMITS = Tolerance()
LEFT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
RIGHT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


def polygons(*texts):
    shapes = np.empty(len(texts), dtype=object)
    shapes[:] = [shapely.from_wkt(t) if t else None for t in texts]
    return Polygons(shapes)


def places(found):
    rows = zip(found.row.tolist(), found.other.tolist(), map(tuple, found.point.tolist()), strict=True)
    return [(row, other, point) for row, other, point in rows]


def test_neighbours_that_share_all_vertices_have_no_mismatch():
    assert len(find_mismatched_edges(polygons(LEFT, None, RIGHT), tolerance=LIMITS)) == 0


def test_vertex_on_one_side_only_is_missing_on_the_other():
    found = find_mismatched_edges(
        polygons(LEFT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 40, 100 0))"), tolerance=LIMITS
    )
    assert places(found) == [(0, 1, (100.0, 40.0))]
    assert found.distance.tolist() == [0.0]
    assert found.near_vertex.tolist() == [False]


def test_junction_of_three_polygons_lacks_one_vertex():
    upper, lower = (
        "POLYGON ((100 0, 200 0, 200 60, 100 60, 100 0))",
        "POLYGON ((100 60, 200 60, 200 100, 100 100, 100 60))",
    )
    found = find_mismatched_edges(polygons(LEFT, upper, lower), tolerance=LIMITS)
    assert sorted(places(found)) == [(0, 1, (100.0, 60.0)), (0, 2, (100.0, 60.0))]


@pytest.mark.parametrize(("off", "found"), [(0.004, 1), (0.0099, 1), (0.0101, 0)])
def test_vertex_near_the_edge_counts_within_the_edge_match(off, found):
    near_edge = f"POLYGON ((100 0, 200 0, 200 100, 100 100, {100 + off} 40, 100 0))"
    result = find_mismatched_edges(polygons(LEFT, near_edge), tolerance=LIMITS)
    assert len(result) == found
    assert result.distance == pytest.approx([off] * found)


def test_two_vertices_closer_than_the_tolerance_are_reported_as_near():
    shifted = "POLYGON ((100.003 0, 200 0, 200 100, 100 100, 100.003 0))"
    found = find_mismatched_edges(polygons(LEFT, shifted), tolerance=LIMITS)
    assert {(row, other) for row, other, _ in places(found)} == {(0, 1), (1, 0)}
    assert found.near_vertex.all()


def test_edges_of_a_line_are_compared_with_vertices_of_parcels():
    line = polygons("POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))")
    parcels = polygons(LEFT, RIGHT)
    found = find_mismatched_edges(line, parcels, tolerance=LIMITS)
    assert sorted({(row, point) for row, _, point in places(found)}) == [(0, (100.0, 0.0)), (0, (100.0, 100.0))]
    assert len(find_mismatched_edges(parcels, line, tolerance=LIMITS)) == 0


FRAME = (
    "POLYGON ((0 0, 100 0, 100 40, 0 40, 0 0))",
    "POLYGON ((0 60, 100 60, 100 100, 0 100, 0 60))",
    "POLYGON ((0 40, 40 40, 40 60, 0 60, 0 40))",
    "POLYGON ((60 40, 100 40, 100 60, 60 60, 60 40))",
)


def test_area_enclosed_by_polygons_is_a_gap():
    found = find_gaps(polygons(*FRAME), tolerance=LIMITS)
    assert found.area.tolist() == [400.0]
    assert found.width.tolist() == [10.0]
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])
    assert len(find_gaps(polygons(*FRAME), tolerance=LIMITS, widest=9.9)) == 0


def test_thin_gap_is_a_gap_and_below_both_minimums_a_sliver():
    def pair(width):
        return polygons(
            f"POLYGON ((0 0, 100 0, 100 100, 50 100, 50 10, {50 - width} 10, {50 - width} 100, 0 100, 0 0))",
            "POLYGON ((0 100, 100 100, 100 120, 0 120, 0 100))",
        )

    assert find_gaps(pair(0.02), tolerance=LIMITS).area == pytest.approx([1.8])
    few = find_gaps(pair(0.001), tolerance=LIMITS)
    assert len(few) == 0
    assert shapely.area(few.slivers.geometry) == pytest.approx([0.09])


def test_union_of_a_coverage_equals_that_of_shapely():
    layer = polygons(*FRAME, None, "POLYGON ((90 90, 120 90, 120 120, 90 120, 90 90))")
    whole = union_rows(layer, tolerance=LIMITS)
    expected = shapely.union_all(layer.shapes[layer.present])
    assert shapely.area(shapely.symmetric_difference(whole, expected)) == 0
    assert whole.area == pytest.approx(10_000 - 400 + 900 - 100)
    assert union_rows(polygons(None), tolerance=LIMITS) is None


SPIKE = "POLYGON ((0 0, 100 0, 100 50, 1000 51, 100 52, 100 100, 0 100, 0 0))"


def test_spike_is_found_at_any_start_vertex_of_the_ring():
    for text in (SPIKE, "POLYGON ((1000 51, 100 52, 100 100, 0 100, 0 0, 100 0, 100 50, 1000 51))"):
        found = find_sharp_corners(polygons(None, text).shapes, 10)
        assert found.row.tolist() == [1]
        assert found.point.tolist() == [[1000.0, 51.0]]
        assert found.measure == pytest.approx([2 * np.degrees(np.arctan(1 / 900))])


def test_spikes_without_width_and_in_holes_are_found():
    flat = "POLYGON ((0 0, 100 0, 100 50, 150 50, 100 50, 100 100, 0 100, 0 0))"
    hole = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (10 10, 10 12, 80 11, 10 10))"
    found = find_sharp_corners(polygons(flat, LEFT, hole).shapes, 10)
    assert found.row.tolist() == [0, 2]
    assert found.measure[0] == 0
    assert found.point.tolist() == [[150.0, 50.0], [80.0, 11.0]]
    assert len(find_sharp_corners(polygons(LEFT).shapes, 89.9).row) == 0
    assert len(find_sharp_corners(polygons(LEFT).shapes, 90.1).row) == 4


def test_repeated_vertices_are_found_and_hide_no_spike():
    twice = "POLYGON ((0 0, 100 0, 100 50, 1000 51, 1000 51, 100 52, 100 100, 0 100, 0 99.99995, 0 0, 0 0))"
    assert find_sharp_corners(polygons(twice).shapes, 10).point.tolist() == [[1000.0, 51.0]]
    found = find_near_vertices(polygons(LEFT, twice).shapes, 0.0001)
    assert found.row.tolist() == [1, 1, 1]
    assert sorted(map(tuple, found.point.tolist())) == [(0.0, 0.0), (0.0, 100.0), (1000.0, 51.0)]
    assert sorted(found.measure.tolist()) == pytest.approx([0.0, 0.0, 0.00005], abs=1e-9)


def test_narrow_neck_is_found_and_corners_are_not():
    dumbbell = "POLYGON ((0 0, 100 0, 100 49.5, 150 49.5, 150 0, 250 0, 250 100, 150 100, 150 50.5, 100 50.5, 100 100, 0 100, 0 0))"
    rows, where = find_narrow_parts(polygons(LEFT, dumbbell, None).shapes, 5.0)
    assert rows.tolist() == [1]
    assert shapely.area(where) == pytest.approx([50.0], abs=6.0)
    assert len(find_narrow_parts(polygons(LEFT, dumbbell).shapes, 0.9)[0]) == 0


def test_gap_with_rounded_corners_names_its_neighbours():
    """Vertices that a union creates deviate from the crossing edges; here with a zone prefix."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        corner = np.array([[0, 0], [100, 3], [50, 80]]) + rng.normal(0, 5, (3, 2)) + [38461234.567, 4390123.456]
        bars = [shapely.LineString([corner[n], corner[(n + 1) % 3]]).buffer(3, cap_style="square") for n in range(3)]
        found = find_gaps(Polygons(np.array(bars, dtype=object)), tolerance=LIMITS)
        assert (found.left.tolist(), found.right.tolist()) == ([0], [1])


def test_union_of_overlapping_and_tiling_polygons_equals_that_of_shapely():
    rng = np.random.default_rng(5)
    tiles = [shapely.box(x * 10, y * 10, x * 10 + 10, y * 10 + 10) for x in range(8) for y in range(8) if (x + y) % 5]
    for count in (0, 1, 6):
        odd = [shapely.Point(rng.uniform(0, 80, 2)).buffer(rng.uniform(1, 9)) for _ in range(count)]
        shapes = np.array([*tiles, None, *odd], dtype=object)
        layer = Polygons(shapes)
        whole = union_rows(layer, tolerance=LIMITS)
        assert whole.is_valid and union_rows(layer, tolerance=LIMITS) is whole
        assert whole.symmetric_difference(shapely.union_all([s for s in shapes if s is not None])).area < 1e-6


@given(st.integers(0, 10**6), st.sampled_from([3.0, 10.0, 30.0]))
@settings(deadline=None, max_examples=60)
def test_sharp_corners_equal_those_of_a_full_search(seed, below):
    """Rings without a sharp angle are excluded before the angles are computed."""
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(6):
        xy = rng.uniform(0, 40, (int(rng.integers(3, 9)), 2)) * [1, rng.choice([1, 0.1])]
        xy = np.repeat(xy, rng.integers(1, 3, len(xy)), axis=0)
        shapes.append(shapely.Polygon(xy))
    found = find_sharp_corners(np.array([*shapes, None], dtype=object), below)
    corners = set(zip(found.row.tolist(), map(tuple, found.point.tolist()), strict=True))
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

AROUND = shapely.Polygon([(0, 0), (300, 0), (300, 300), (0, 300)], [[(100, 100), (200, 100), (200, 200), (100, 200)]])


def found_gaps(*shapes, widest):
    found = find_gaps(Polygons(np.array(shapes, dtype=object)), tolerance=LIMITS, widest=widest)
    return [(shape, left, right) for shape, left, right in zip(found.geometry, found.left, found.right, strict=True)]


def test_thin_gap_around_an_island_is_a_gap():
    """A pond is 0.3 m smaller than the hole of the field around it: 119.64 m² are uncovered."""
    pond = shapely.box(100.3, 100.3, 199.7, 199.7)
    ((gap, left, right),) = found_gaps(AROUND, pond, widest=1.0)
    assert gap.equals(shapely.box(100, 100, 200, 200).difference(pond)) and {left, right} == {0, 1}
    assert gap.area == pytest.approx(100.0**2 - 99.4**2)


def test_island_with_a_hole_leaves_two_gaps():
    island = shapely.box(110, 110, 190, 190).difference(shapely.box(140, 140, 160, 160))
    found = sorted(gap.area for gap, *_ in found_gaps(AROUND, island, widest=np.inf))
    assert found == pytest.approx([400.0, 100.0**2 - 80.0**2])


def test_island_that_touches_the_edge_twice_splits_the_gap():
    island = shapely.Polygon([(100, 150), (150, 101), (200, 150), (150, 199)])
    found = found_gaps(AROUND, island, widest=np.inf)
    assert len(found) == 2 and sum(gap.area for gap, *_ in found) == pytest.approx(100.0**2 - island.area)


# Rows that a layer may not cover


def grid(columns, rows, size=10.0):
    return [
        shapely.box(x * size, y * size, (x + 1) * size, (y + 1) * size) for x in range(columns) for y in range(rows)
    ]


def tiles(shapes):
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return Polygons(array)


#: Two towns with the vertices of the parcels on their outline.
TOWNS = tuple(shapely.box(x, 0, x + 40, 60).segmentize(10.0) for x in (0, 40))


def test_towns_tiled_by_parcels_are_covered():
    assert not tiles(TOWNS).may_be_uncovered(tiles(grid(8, 6))).any()


@pytest.mark.parametrize(
    ("missing", "town"),
    [(8, 0), (0, 0), (47, 1), (range(24), 0), (range(24, 48), 1)],
    ids=["inside", "corner", "outer corner", "a whole town", "the other town"],
)
def test_missing_parcel_leaves_a_gap_in_its_town(missing, town):
    left = set(np.atleast_1d(missing).tolist())
    parcels = tiles([shape for n, shape in enumerate(grid(8, 6)) if n not in left])
    assert tiles(TOWNS).may_be_uncovered(parcels)[town]


def test_duplicated_parcel_does_not_hide_a_missing_one():
    parcels = grid(8, 6)
    parcels[8] = parcels[9]
    assert tiles(TOWNS).may_be_uncovered(tiles(parcels)).tolist() == [True, False]


def test_part_of_a_town_without_parcels_is_a_gap():
    exclave = shapely.MultiPolygon([TOWNS[0], shapely.box(200, 0, 210, 10)])
    parcels = grid(4, 6)
    assert tiles([exclave]).may_be_uncovered(tiles(parcels)).tolist() == [True]
    assert not tiles([exclave]).may_be_uncovered(tiles([*parcels, shapely.box(200, 0, 210, 10)])).any()


def test_gap_along_the_edge_of_an_overlapping_town_is_found():
    """The outline of a town within another is also the outline of the gap."""
    town, inner = TOWNS[0], shapely.box(10, 10, 20, 20)
    parcels = [shape for shape in grid(4, 6) if not shape.equals(inner)]
    assert tiles([town, inner]).may_be_uncovered(tiles(parcels)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 47), st.integers(-3, 3), st.integers(-3, 3)), max_size=6), st.booleans())
def test_towns_reported_as_covered_have_no_uncovered_part(moves, drop):
    parcels = grid(8, 6)
    for n, dx, dy in moves:
        parcels[n] = shapely.Point() if drop and not dx else translate(parcels[n], dx, dy)
    cover = tiles(parcels)
    open_rows = tiles(TOWNS).may_be_uncovered(cover)
    uncovered = shapely.difference(np.array(TOWNS), shapely.union_all(parcels))
    assert not (shapely.area(uncovered) > 1e-9)[~open_rows].any()
