# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay polygons for which geometry libraries are known to fail.

Examples are nearly parallel edges, holes that touch the shell, and coordinates that differ in the last digit. The
expected areas are computed exactly with fractions, for many rotations, at coordinates of a real county.
"""

import math

import numpy as np
import pytest
import shapely
import shapely.affinity

from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.tolerance import Tolerance
from tests.cases import exact_overlay
from tests.cases.case_files import read_cases
from tests.cases.drawing_variants import move_far_away
from tests.cases.layouts import repair_invalid_shape

ZERO_TOLERANCE = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
#: Last digit of coordinates of the county (m).
COORDINATE_ROUNDING_M = 2.0**-27
ROTATION_ANGLES = [0.0, 1e-7, 0.3, 7.1, 17.0, 30.0, 45.0, 45.000001, 60.0, 73.3, 89.9999999, 111.11]


def make_polygon(*xy):
    return shapely.Polygon(xy)


def make_nearly_parallel_edges():
    """Return two polygons with edges of 100 m that cross at an angle of 1e-9."""
    return make_polygon((0, 0), (100, 0), (100, 10), (0, 10)), make_polygon(
        (0, -5), (100, -5), (100, 1e-7), (50, 0), (0, -1e-7)
    )


def make_narrow_polygon_along_a_large_one():
    large = make_polygon((0, 0), (300, 100), (600, 0), (900, 100), (900, 900), (0, 900))
    return large, make_polygon((1, 1 / 3), (299, 299 / 3), (299.00001, 299 / 3 + 2e-6), (1, 1 / 3 + 4e-6))


def make_copies_differing_in_the_last_digit():
    ring = np.array([(3.7, 25.7), (72.9, 0.1), (76.1, 8.2), (5.1, 34.5)]) * 3
    return shapely.Polygon(ring), shapely.Polygon(
        ring[::-1] + np.array([(0, 0), (0, COORDINATE_ROUNDING_M), (COORDINATE_ROUNDING_M, 0), (0, 0)])
    )


def make_corner_almost_on_a_shared_diagonal():
    return make_polygon((130, 130), (260, 0), (390, 130 + COORDINATE_ROUNDING_M)), make_polygon(
        (0, 0), (130, 130 + COORDINATE_ROUNDING_M), (260, 0), (130, -130)
    )


def make_hole_that_is_almost_a_line():
    hole = [(13, 47.2), (63, 47.2 + 1e-7), (44, 47.2 + 1.2e-7)]
    return shapely.Polygon([(0, 0), (90, 0), (90, 90), (0, 90)], [hole]), make_polygon(
        (30, 20), (95, 25), (80, 80), (25, 60)
    )


def make_strips_end_to_end():
    step = np.array((8.2, -6.9)) / 3
    first = np.array([(0, 0), (1, 0.85), (-11, 10.2), (-12, 9.35)]) * 7
    return shapely.Polygon(first), shapely.Polygon(first + step * np.array([[0.0], [1.0], [1.0], [0.0]]) * 1e-7)


def make_small_polygon_in_a_corner():
    corner = (7e-9, 0.0)
    return (
        make_polygon(corner, (2e-9, 141.26), (126.9, 141.2600001), (126.9, 1e-8)),
        make_polygon(corner, (0, 205.7), (449.8, 706.3), (1359.6, 706.3), (1994.4, 1.7e-7)),
    )


def make_almost_empty_part():
    large = make_polygon((0, 0), (80, 10), (70, 90), (10, 70))
    return shapely.multipolygons([large, make_polygon((80, 10.01), (80.01, 10.02), (80.0000001, 10.01))]), make_polygon(
        (40, 5), (120, 0), (120, 60), (60, 60)
    )


def make_hole_almost_touching_the_shell():
    hole = [(20, 1e-7), (50, 30), (80, 1e-7), (50, 1e-7)]
    return shapely.Polygon([(0, 0), (100, 0), (100, 50), (0, 50)], [hole]), make_polygon((10, -10), (90, -10), (50, 20))


def make_spikes_through_a_narrow_gap():
    needle = make_polygon(
        (0, 0), (100, 49.9999999), (0, 100), (100, 50), (200, 100), (100, 50.0000001), (200, 0), (100, 49.9999998)
    )
    return make_polygon((99.99999, -20), (100.00001, -20), (100.00001, 120), (99.99999, 120)), needle


def make_almost_equal_arcs():
    angle = np.linspace(0, math.pi, 90)
    arc = np.column_stack([np.cos(angle), np.sin(angle)])
    a = shapely.Polygon([*(100 * arc), (-100, -50), (100, -50)])
    return a, shapely.Polygon([*(100.0000001 * arc[::2]), (-100, -60), (100, -60)])


def make_micrometre_triangle_between_three():
    return make_polygon((0, 0), (2e-6, 0), (1e-6, 4e-6)), make_polygon((1e-6, -50), (50, 40), (1.5e-6, 1e-6), (-50, 40))


def make_fan_of_thin_triangles():
    rim = [(100, k * 1e-6) for k in range(12)]
    hairs = [make_polygon((0, 0), rim[k], rim[k + 1]) for k in range(0, 11, 2)]
    return shapely.union_all(hairs), make_polygon((50, -5), (60, -5), (60, 5), (50, 5))


DIFFICULT_POLYGONS = [
    make_nearly_parallel_edges,
    make_narrow_polygon_along_a_large_one,
    make_copies_differing_in_the_last_digit,
    make_corner_almost_on_a_shared_diagonal,
    make_hole_that_is_almost_a_line,
    make_strips_end_to_end,
    make_small_polygon_in_a_corner,
    make_almost_empty_part,
    make_hole_almost_touching_the_shell,
    make_spikes_through_a_narrow_gap,
    make_almost_equal_arcs,
    make_micrometre_triangle_between_three,
    make_fan_of_thin_triangles,
]


def make_layer(*shapes):
    layer = np.empty(len(shapes), dtype=object)
    layer[:] = shapes
    return layer


@pytest.mark.parametrize("case", DIFFICULT_POLYGONS, ids=lambda c: c.__name__.replace("_", " "))
def test_overlay_areas_of_numerically_difficult_polygons_equal_those_computed_in_fractions(case):
    for turn in ROTATION_ANGLES:
        a, b = (
            repair_invalid_shape(move_far_away(shapely.affinity.rotate(shape, turn, origin=(0, 0)) if turn else shape))
            for shape in case()
        )
        if a is None or b is None:
            continue
        lengths = a.length + b.length
        limit = 2e-5 + 2 * COORDINATE_ROUNDING_M * lengths
        expected = exact_overlay.measure_shared_area(a, b)
        for one, other in ((a, b), (b, a)):
            found = find_shared_pieces(make_layer(one), make_layer(other), tolerance=ZERO_TOLERANCE)
            assert not found.fallback_log.failed_pairs and found.area.sum() == pytest.approx(expected, abs=limit), turn
            uncovered = find_uncovered_pieces(make_layer(one), make_layer(other), tolerance=ZERO_TOLERANCE)
            assert not uncovered.fallback_log.failed_pairs and uncovered.area.sum() == pytest.approx(
                exact_overlay.measure_uncovered_area(one, [other]), abs=limit
            ), turn
        within = find_shared_pieces(make_layer(a, b), tolerance=ZERO_TOLERANCE)
        assert within.area.sum() == pytest.approx(expected, abs=limit), turn


def test_uncovered_area_next_to_forty_overlapping_rotated_rectangles_equals_that_computed_in_fractions():
    road = [
        move_far_away(
            shapely.affinity.rotate(shapely.box(3.0 * k, 0, 3.0 * k + 4.7, 4.7), 0.01 * k, origin=(3.0 * k, 2))
        )
        for k in range(40)
    ]
    plot = move_far_away(shapely.box(-5, -2, 130, 3))
    uncovered = find_uncovered_pieces(make_layer(plot), make_layer(*road), tolerance=ZERO_TOLERANCE)
    assert not uncovered.fallback_log.failed_pairs
    assert uncovered.area.sum() == pytest.approx(exact_overlay.measure_uncovered_area(plot, road), abs=1e-4)
    shared = find_shared_pieces(make_layer(*road), tolerance=ZERO_TOLERANCE)
    pairs = [(i, j) for i in range(40) for j in range(i + 1, 40) if road[i].intersects(road[j])]
    expected = [exact_overlay.measure_shared_area(road[i], road[j]) for i, j in pairs]
    assert list(zip(shared.left.tolist(), shared.right.tolist(), strict=True)) == pairs
    assert shared.area == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("case", read_cases("copies.txt"), ids=lambda c: c.name)
def test_overlay_areas_of_polygons_copied_with_rounding_errors_equal_those_computed_in_fractions(case):
    (a,), cover = case.a, list(case.b)
    found, uncovered = (
        find_shared_pieces(case.a, case.b, tolerance=ZERO_TOLERANCE),
        find_uncovered_pieces(case.a, case.b, tolerance=ZERO_TOLERANCE),
    )

    def limit(parts, *shapes):
        """Return the rounding along all edges, or the grid size where a fallback was used."""
        assert not parts.fallback_log.failed_pairs
        return 2e-5 + (ZERO_TOLERANCE.cluster_m if parts.fallback_log.steps else 2 * COORDINATE_ROUNDING_M) * sum(
            s.length for s in (a, *shapes)
        )

    for j, shape in enumerate(cover):
        area = found.area[found.right == j].sum()
        assert area == pytest.approx(exact_overlay.measure_shared_area(a, shape), abs=limit(found, shape))
    assert uncovered.area.sum() == pytest.approx(
        exact_overlay.measure_uncovered_area(a, cover), abs=limit(uncovered, *cover)
    )
