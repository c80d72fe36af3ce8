# SPDX-License-Identifier: GPL-2.0-or-later
"""Every case of the case files, asked of every verb, drawn in every way that must not matter."""

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
    """(row, other row) → areas of its parts, sorted."""
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found.setdefault((i, j), []).append(area)
    return {pair: sorted(areas) for pair, areas in found.items()}


def sound(parts):
    """What any answer must be: in order, areal, valid, measured, and by the first way."""
    assert not parts.fallback_log.steps and not parts.fallback_log.failed
    pairs = list(zip(parts.left.tolist(), parts.right.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert shapely.is_valid(parts.geometry).all() and np.isin(shapely.get_type_id(parts.geometry), (3, 6)).all()
    assert np.array_equal(parts.area, shapely.area(parts.geometry))
    return parts


def expect(found, expected):
    """``expected``: pair → areas of the connected parts."""
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
def test_shared_between_two_layers_both_ways(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    for first, second, turned in ((a, b, False), (b, a, True)):
        expect(parts_by_pair(sound(find_shared_parts(first, second, tolerance=EXACT))), summed(between(case, turned)))
        single = sound(find_shared_parts(first, second, tolerance=EXACT, connected=True))
        expect(parts_by_pair(single), between(case, turned))
        assert (shapely.get_type_id(single.geometry) == 3).all()


@ways
@cases
def test_shared_within_a_layer(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    expect(parts_by_pair(sound(find_shared_parts(a, tolerance=EXACT, connected=True))), within(case, "a"))
    expect(parts_by_pair(sound(find_shared_parts(b, tolerance=EXACT, connected=True))), within(case, "b"))
    # Both layers as one: what they share with each other is now within.
    n = len(a)
    both = {(i, n + j): v for (i, j), v in between(case).items()}
    both |= within(case, "a") | {(n + i, n + j): v for (i, j), v in within(case, "b").items()}
    one = np.concatenate([a, b])
    expect(parts_by_pair(sound(find_shared_parts(one, tolerance=EXACT))), summed(both))
    turned = {(len(one) - 1 - j, len(one) - 1 - i): v for (i, j), v in both.items()}
    expect(parts_by_pair(sound(find_shared_parts(one[::-1], tolerance=EXACT))), summed(turned))


@ways
@cases
def test_uncovered_both_ways(case, way):
    a, b = each_variant(case.a, way), each_variant(case.b, way)
    for first, second, side in ((a, b, "a"), (b, a, "b")):
        bare = {(i, -1): case.of(side, i) for i in range(len(first))}
        expect(parts_by_pair(sound(find_uncovered_parts(first, second, tolerance=EXACT))), bare)


@cases
def test_only_some_rows(case):
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
            bare = find_uncovered_parts(a, b, tolerance=EXACT, rows=mine, cover_rows=theirs)
            assert bare.area.sum() == close(max(0.0, float(shapely.area(case.a[i])) - shared) if case.a[i] else 0.0)
            assert set(bare.left.tolist()) <= {i}
    nobody = np.zeros(len(case.b), dtype=bool)
    shapes = {i: extract_polygons(s) for i, s in enumerate(case.a)}
    everything = {(i, -1): shapely.area(shapely.get_parts(s)).tolist() for i, s in shapes.items() if s is not None}
    expect(parts_by_pair(find_uncovered_parts(a, b, tolerance=EXACT, cover_rows=nobody)), everything)
    assert not len(find_shared_parts(a, b, tolerance=EXACT, rows_b=nobody))


@cases
def test_beside_rows_that_are_not_asked_for(case):
    """Doubles of all rows, and a plate over everything, in both layers; none of them asked for."""
    plate = shapely.box(-1e3, -1e3, 2e3, 2e3)
    a = np.concatenate([case.a, case.b, [plate], case.a])
    b = np.concatenate([case.b, [plate], case.a, case.b])
    rows_a, rows_b = np.arange(len(a)) < len(case.a), np.arange(len(b)) < len(case.b)
    expect(
        parts_by_pair(sound(find_shared_parts(a, b, tolerance=EXACT, rows_a=rows_a, rows_b=rows_b, connected=True))),
        between(case),
    )
    expect(
        parts_by_pair(sound(find_shared_parts(a, tolerance=EXACT, rows_a=rows_a, connected=True))), within(case, "a")
    )
    bare = {(i, -1): case.of("a", i) for i in range(len(case.a))}
    expect(parts_by_pair(sound(find_uncovered_parts(a, b, tolerance=EXACT, rows=rows_a, cover_rows=rows_b))), bare)
