# SPDX-License-Identifier: GPL-2.0-or-later
"""All cases of the case files with every operation and every equivalent variant."""

from itertools import combinations

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_parts, find_uncovered_parts
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons
from tests.cases.case_files import read_cases
from tests.cases.drawing_variants import WAYS, each_variant
from tests.parametrize import for_each

#: Every shared part counts, however small.
EXACT = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)

ALL = [(file, case) for file in ("plain.txt", "parts.txt", "bad_rings.txt") for case in read_cases(file)]
cases = for_each("case", [c for _, c in ALL], ids=[f"{f[:-4]}: {c.name}" for f, c in ALL])
ways = for_each("way", WAYS.values(), ids=WAYS.keys())


def close(area):
    return pytest.approx(area, rel=1e-9, abs=1e-6)


def parts_by_pair(parts):
    """Return the sorted areas of the parts of each pair (row, other row)."""
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found.setdefault((i, j), []).append(area)
    return {pair: sorted(areas) for pair, areas in found.items()}


def assert_valid(parts):
    """Fail unless parts are sorted, polygonal, valid, measured, and without a fallback."""
    assert not parts.fallback_log.steps and not parts.fallback_log.failed
    pairs = list(zip(parts.left.tolist(), parts.right.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert shapely.is_valid(parts.geometry).all() and np.isin(shapely.get_type_id(parts.geometry), (3, 6)).all()
    assert np.array_equal(parts.area, shapely.area(parts.geometry))
    return parts


def expect(found, expected):
    """Compare parts with ``expected``: pair → areas of the connected parts."""
    expected = {pair: sorted(a for a in areas if a) for pair, areas in expected.items() if sum(areas)}
    assert found.keys() == expected.keys()
    for pair, areas in expected.items():
        assert found[pair] == close(areas), pair


def between(case, turned=False):
    pairs = {(i, j): case.of("ab", i, j) for i in range(len(case.a)) for j in range(len(case.b))}
    return {(j, i): v for (i, j), v in pairs.items()} if turned else pairs


def within(case, side):
    rows = range(len(case.a if side == "a" else case.b))
    return {(i, j): case.of(side * 2, i, j) for i, j in combinations(rows, 2)}


def summed(found):
    return {pair: [sum(areas)] for pair, areas in found.items()}


@ways
@cases
def test_shared_parts_of_two_layers_are_found_in_both_directions(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    for first, second, turned in ((a, b, False), (b, a, True)):
        expect(
            parts_by_pair(assert_valid(find_shared_parts(first, second, tolerance=EXACT))),
            summed(between(case, turned)),
        )
        single = assert_valid(find_shared_parts(first, second, tolerance=EXACT, connected=True))
        expect(parts_by_pair(single), between(case, turned))
        assert (shapely.get_type_id(single.geometry) == 3).all()


@ways
@cases
def test_shared_parts_within_a_layer_are_found(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    expect(parts_by_pair(assert_valid(find_shared_parts(a, tolerance=EXACT, connected=True))), within(case, "a"))
    expect(parts_by_pair(assert_valid(find_shared_parts(b, tolerance=EXACT, connected=True))), within(case, "b"))
    # In the joined layer, parts shared between the layers are within it.
    n = len(a)
    both = {(i, n + j): v for (i, j), v in between(case).items()}
    both |= within(case, "a") | {(n + i, n + j): v for (i, j), v in within(case, "b").items()}
    one = np.concatenate([a, b])
    expect(parts_by_pair(assert_valid(find_shared_parts(one, tolerance=EXACT))), summed(both))
    turned = {(len(one) - 1 - j, len(one) - 1 - i): v for (i, j), v in both.items()}
    expect(parts_by_pair(assert_valid(find_shared_parts(one[::-1], tolerance=EXACT))), summed(turned))


@ways
@cases
def test_uncovered_parts_are_found_in_both_directions(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    for first, second, side in ((a, b, "a"), (b, a, "b")):
        uncovered = {(i, -1): case.of(side, i) for i in range(len(first))}
        expect(parts_by_pair(assert_valid(find_uncovered_parts(first, second, tolerance=EXACT))), uncovered)


@cases
def test_only_requested_rows_are_compared(case):
    a, b = Polygons(case.a), Polygons(case.b)
    for i in range(len(case.a)):
        mine = np.arange(len(case.a)) == i
        pairs = {p: v for p, v in between(case).items() if p[0] == i}
        expect(parts_by_pair(find_shared_parts(a, b, tolerance=EXACT, rows_a=mine)), summed(pairs))
        pairs = {(j, i): v for (i, j), v in pairs.items()}
        expect(parts_by_pair(find_shared_parts(b, a, tolerance=EXACT, rows_b=mine)), summed(pairs))
        expect(parts_by_pair(find_uncovered_parts(a, b, tolerance=EXACT, rows=mine)), {(i, -1): case.of("a", i)})
        for j in range(len(case.b)):
            theirs = np.arange(len(case.b)) == j
            shared = sum(case.of("ab", i, j))
            pair = find_shared_parts(a, b, tolerance=EXACT, rows_a=mine, rows_b=theirs)
            expect(parts_by_pair(pair), {(i, j): (shared,)})
            uncovered = find_uncovered_parts(a, b, tolerance=EXACT, rows=mine, cover_rows=theirs)
            assert uncovered.area.sum() == close(
                max(0.0, float(shapely.area(case.a[i])) - shared) if case.a[i] else 0.0
            )
            assert set(uncovered.left.tolist()) <= {i}
    no_rows = np.zeros(len(case.b), dtype=bool)
    shapes = {i: extract_polygons(s) for i, s in enumerate(case.a)}
    everything = {(i, -1): shapely.area(shapely.get_parts(s)).tolist() for i, s in shapes.items() if s is not None}
    expect(parts_by_pair(find_uncovered_parts(a, b, tolerance=EXACT, cover_rows=no_rows)), everything)
    assert not len(find_shared_parts(a, b, tolerance=EXACT, rows_b=no_rows))


@cases
def test_rows_that_are_not_requested_do_not_change_the_result(case):
    """Both layers have copies of all rows and a large plate, none of them requested."""
    plate = shapely.box(-1e3, -1e3, 2e3, 2e3)
    a = np.concatenate([case.a, case.b, [plate], case.a])
    b = np.concatenate([case.b, [plate], case.a, case.b])
    rows_a, rows_b = np.arange(len(a)) < len(case.a), np.arange(len(b)) < len(case.b)
    expect(
        parts_by_pair(
            assert_valid(find_shared_parts(a, b, tolerance=EXACT, rows_a=rows_a, rows_b=rows_b, connected=True))
        ),
        between(case),
    )
    expect(
        parts_by_pair(assert_valid(find_shared_parts(a, tolerance=EXACT, rows_a=rows_a, connected=True))),
        within(case, "a"),
    )
    uncovered = {(i, -1): case.of("a", i) for i in range(len(case.a))}
    expect(
        parts_by_pair(assert_valid(find_uncovered_parts(a, b, tolerance=EXACT, rows=rows_a, cover_rows=rows_b))),
        uncovered,
    )
