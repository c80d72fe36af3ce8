# SPDX-License-Identifier: GPL-2.0-or-later
"""Run every geometry case with every overlay operation and drawing variant.

The cases are in text files of this folder; a variant draws the same area with other vertices.
"""

from itertools import combinations

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons
from tests.cases.case_files import read_cases
from tests.cases.drawing_variants import WAYS, redraw_shapes
from tests.parametrize import for_each

#: Every shared part counts, however small.
ZERO_TOLERANCE = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)

ALL_CASES = [(file, case) for file in ("plain.txt", "parts.txt", "bad_rings.txt") for case in read_cases(file)]
for_each_case = for_each("case", [c for _, c in ALL_CASES], ids=[f"{f[:-4]}: {c.name}" for f, c in ALL_CASES])
for_each_drawing_variant = for_each("way", WAYS.values(), ids=WAYS.keys())


def approximate_area(area):
    return pytest.approx(area, rel=1e-9, abs=1e-6)


def collect_areas_by_pair(parts):
    """Return the sorted areas, m², of the overlay parts of each pair of rows.

    The key is (row, row of the other layer); the second is -1 for uncovered parts.
    """
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found.setdefault((i, j), []).append(area)
    return {pair: sorted(areas) for pair, areas in found.items()}


def assert_valid(parts):
    """Return the parts; fail unless they are sorted, valid and measured polygons.

    An overlay that used a fallback fails too.
    """
    assert not parts.fallback_log.steps and not parts.fallback_log.failed_pairs
    pairs = list(zip(parts.left.tolist(), parts.right.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert shapely.is_valid(parts.geometry).all() and np.isin(shapely.get_type_id(parts.geometry), (3, 6)).all()
    assert np.array_equal(parts.area, shapely.area(parts.geometry))
    return parts


def assert_parts(found, expected):
    """Compare overlay parts with the expected areas of each pair of rows.

    ``expected``: pair of rows → areas, m², of its connected parts.
    """
    expected = {pair: sorted(a for a in areas if a) for pair, areas in expected.items() if sum(areas)}
    assert found.keys() == expected.keys()
    for pair, areas in expected.items():
        assert found[pair] == approximate_area(areas), pair


def get_expected_areas_between_layers(case, are_swapped=False):
    """Return the expected areas of each pair of rows; ``are_swapped``: pairs are (row of b, row of a)."""
    pairs = {(i, j): case.get_areas("ab", i, j) for i in range(len(case.a)) for j in range(len(case.b))}
    return {(j, i): v for (i, j), v in pairs.items()} if are_swapped else pairs


def get_expected_areas_within_layer(case, side):
    """Return the expected areas of each pair of rows of one layer (``side``: a or b)."""
    rows = range(len(case.a if side == "a" else case.b))
    return {(i, j): case.get_areas(side * 2, i, j) for i, j in combinations(rows, 2)}


def sum_parts_by_pair(found):
    """Return the total area of each pair as a list of one area."""
    return {pair: [sum(areas)] for pair, areas in found.items()}


@pytest.mark.exhaustive
@for_each_drawing_variant
@for_each_case
def test_find_shared_pieces_gives_the_same_overlaps_when_the_two_layers_are_swapped(case, way):
    a, b = redraw_shapes(case.a, way), redraw_shapes(case.b, way)
    for first, second, turned in ((a, b, False), (b, a, True)):
        assert_parts(
            collect_areas_by_pair(assert_valid(find_shared_pieces(first, second, tolerance=ZERO_TOLERANCE))),
            sum_parts_by_pair(get_expected_areas_between_layers(case, turned)),
        )
        single = assert_valid(find_shared_pieces(first, second, tolerance=ZERO_TOLERANCE, splits_connected=True))
        assert_parts(collect_areas_by_pair(single), get_expected_areas_between_layers(case, turned))
        assert (shapely.get_type_id(single.geometry) == 3).all()


@for_each_drawing_variant
@for_each_case
def test_find_shared_pieces_finds_overlaps_between_rows_of_one_layer(case, way):
    a, b = redraw_shapes(case.a, way), redraw_shapes(case.b, way)
    assert_parts(
        collect_areas_by_pair(assert_valid(find_shared_pieces(a, tolerance=ZERO_TOLERANCE, splits_connected=True))),
        get_expected_areas_within_layer(case, "a"),
    )
    assert_parts(
        collect_areas_by_pair(assert_valid(find_shared_pieces(b, tolerance=ZERO_TOLERANCE, splits_connected=True))),
        get_expected_areas_within_layer(case, "b"),
    )
    # In the joined layer, parts shared between the layers are within it.
    n = len(a)
    both = {(i, n + j): v for (i, j), v in get_expected_areas_between_layers(case).items()}
    both |= get_expected_areas_within_layer(case, "a") | {
        (n + i, n + j): v for (i, j), v in get_expected_areas_within_layer(case, "b").items()
    }
    one = np.concatenate([a, b])
    assert_parts(
        collect_areas_by_pair(assert_valid(find_shared_pieces(one, tolerance=ZERO_TOLERANCE))), sum_parts_by_pair(both)
    )
    turned = {(len(one) - 1 - j, len(one) - 1 - i): v for (i, j), v in both.items()}
    assert_parts(
        collect_areas_by_pair(assert_valid(find_shared_pieces(one[::-1], tolerance=ZERO_TOLERANCE))),
        sum_parts_by_pair(turned),
    )


@for_each_drawing_variant
@for_each_case
def test_find_uncovered_pieces_finds_land_that_only_one_of_two_layers_covers(case, way):
    a, b = redraw_shapes(case.a, way), redraw_shapes(case.b, way)
    for first, second, side in ((a, b, "a"), (b, a, "b")):
        uncovered = {(i, -1): case.get_areas(side, i) for i in range(len(first))}
        assert_parts(
            collect_areas_by_pair(assert_valid(find_uncovered_pieces(first, second, tolerance=ZERO_TOLERANCE))),
            uncovered,
        )


@for_each_case
def test_overlay_limited_to_some_rows_returns_only_parts_of_those_rows(case):
    a, b = Polygons(case.a), Polygons(case.b)
    for i in range(len(case.a)):
        mine = np.arange(len(case.a)) == i
        pairs = {p: v for p, v in get_expected_areas_between_layers(case).items() if p[0] == i}
        assert_parts(
            collect_areas_by_pair(find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE, left_rows=mine)),
            sum_parts_by_pair(pairs),
        )
        pairs = {(j, i): v for (i, j), v in pairs.items()}
        assert_parts(
            collect_areas_by_pair(find_shared_pieces(b, a, tolerance=ZERO_TOLERANCE, right_rows=mine)),
            sum_parts_by_pair(pairs),
        )
        assert_parts(
            collect_areas_by_pair(find_uncovered_pieces(a, b, tolerance=ZERO_TOLERANCE, rows=mine)),
            {(i, -1): case.get_areas("a", i)},
        )
        for j in range(len(case.b)):
            theirs = np.arange(len(case.b)) == j
            shared = sum(case.get_areas("ab", i, j))
            pair = find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE, left_rows=mine, right_rows=theirs)
            assert_parts(collect_areas_by_pair(pair), {(i, j): (shared,)})
            uncovered = find_uncovered_pieces(a, b, tolerance=ZERO_TOLERANCE, rows=mine, cover_rows=theirs)
            assert uncovered.area.sum() == approximate_area(
                max(0.0, float(shapely.area(case.a[i])) - shared) if case.a[i] else 0.0
            )
            assert set(uncovered.left.tolist()) <= {i}
    no_rows = np.zeros(len(case.b), dtype=bool)
    shapes = {i: extract_polygons(s) for i, s in enumerate(case.a)}
    everything = {(i, -1): shapely.area(shapely.get_parts(s)).tolist() for i, s in shapes.items() if s is not None}
    assert_parts(
        collect_areas_by_pair(find_uncovered_pieces(a, b, tolerance=ZERO_TOLERANCE, cover_rows=no_rows)), everything
    )
    assert not len(find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE, right_rows=no_rows))


@for_each_case
def test_overlay_of_requested_rows_is_unchanged_by_additional_unrequested_rows(case):
    """Add copies of all rows and one large polygon to both layers.

    None of the additional rows is requested, so the result must stay the same.
    """
    plate = shapely.box(-1e3, -1e3, 2e3, 2e3)
    a = np.concatenate([case.a, case.b, [plate], case.a])
    b = np.concatenate([case.b, [plate], case.a, case.b])
    left_rows, right_rows = np.arange(len(a)) < len(case.a), np.arange(len(b)) < len(case.b)
    assert_parts(
        collect_areas_by_pair(
            assert_valid(
                find_shared_pieces(
                    a, b, tolerance=ZERO_TOLERANCE, left_rows=left_rows, right_rows=right_rows, splits_connected=True
                )
            )
        ),
        get_expected_areas_between_layers(case),
    )
    assert_parts(
        collect_areas_by_pair(
            assert_valid(find_shared_pieces(a, tolerance=ZERO_TOLERANCE, left_rows=left_rows, splits_connected=True))
        ),
        get_expected_areas_within_layer(case, "a"),
    )
    uncovered = {(i, -1): case.get_areas("a", i) for i in range(len(case.a))}
    assert_parts(
        collect_areas_by_pair(
            assert_valid(find_uncovered_pieces(a, b, tolerance=ZERO_TOLERANCE, rows=left_rows, cover_rows=right_rows))
        ),
        uncovered,
    )
