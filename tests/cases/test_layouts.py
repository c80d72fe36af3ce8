# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlays compared with shapely on random layouts, half of them with almost matching boundaries.

Where the two differ, exact areas in fractions decide, because shapely may be wrong for almost matching boundaries.
More layouts with the environment variable SANXIAN_LAYOUTS (a number; default 1000).
"""

import math
import os
from itertools import combinations, product

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.geometry import linework, overlay, polygons
from plugin.core.geometry.overlay import find_shared_parts, find_uncovered_parts
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from tests.cases import exact_overlay
from tests.cases.drawing_variants import add_midpoints, each_variant, move_far_away, rotate_start_vertex
from tests.cases.layouts import layout, repaired

EXACT = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
LAYOUTS = int(os.environ.get("SANXIAN_LAYOUTS", "1000"))
#: Tolerated loss, m², on a layout of 100 m: GEOS may join edges at a distance of 1e-7 m.
NOISE_M2 = 2e-5


def layouts_tried(share):
    checks = list(HealthCheck)
    examples = max(1, int(LAYOUTS * share))
    return settings(max_examples=examples, deadline=None, derandomize=LAYOUTS <= 1000, suppress_health_check=checks)


seeds = st.integers(0, 2**40)


def noise(*shapes):
    """Return the area, m², that rounding to doubles may change along all boundaries."""
    largest = max(np.abs(shapely.total_bounds(np.array(shapes, dtype=object))).max(), 1.0)
    return NOISE_M2 + 2 * np.spacing(largest) * sum(s.length for s in shapes)


def rounding(*shapes):
    """Return the area, m², that a fallback to the grid may change."""
    return EXACT.cluster_m * sum(s.length for s in shapes)


def as_areas(parts):
    assert shapely.is_valid(parts.geometry).all() and not parts.fallback_log.failed
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found[i, j] = found.get((i, j), 0.0) + area
    return found


def present(shapes):
    return [n for n, s in enumerate(shapes) if s is not None]


def same_areas(parts, expected):
    """Compare parts with ``expected``: key → (area by shapely, its shapes, exact computation)."""
    found, rounded = as_areas(parts), {(step.left, step.right) for step in parts.fallback_log.steps}
    assert found.keys() <= expected.keys()
    for key, (area, shapes, exactly) in expected.items():
        ours = found.get(key, 0.0)
        limit = noise(*shapes) + (rounding(*shapes) if key in rounded else 0.0)
        if not abs(ours - area) <= limit:
            area = exactly()
        assert ours == pytest.approx(area, abs=limit), key


def by_shapely(operation, *shapes):
    """Return the area by shapely; NaN where shapely fails."""
    try:
        return operation(*shapes).area
    except shapely.GEOSException:
        return math.nan


def of_pairs(a, b, pairs):
    return {
        (i, j): (
            by_shapely(shapely.intersection, a[i], b[j]),
            (a[i], b[j]),
            lambda i=i, j=j: exact_overlay.shared_area(a[i], b[j]),
        )
        for i, j in pairs
    }


def areas_of_uncovered(a, cover):
    shapes = [cover[j] for j in present(cover)]
    united = shapely.union_all(shapes)
    return {
        (i, -1): (
            by_shapely(shapely.difference, a[i], united),
            (a[i], united),
            lambda i=i: exact_overlay.uncovered_area(a[i], shapes),
        )
        for i in present(a)
    }


#: Other values of limits set for speed: large polygons, margin of windows, many neighbours, few rows under many.
PATHS = {
    "as it is": (512, 10.0, 64, 500),
    "through windows": (6, 0.5, 64, 500),
    "joined": (6, 0.5, 2, 0),
    "cut at once": (512, 10.0, 2, 10**9),
}


@pytest.mark.parametrize("near", [False, True], ids=["any", "almost matching"])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_areas_equal_those_of_shapely(path, near, monkeypatch):
    monkeypatch.setattr(polygons, "LARGE_VERTICES", path[0])
    monkeypatch.setattr(polygons, "MARGIN_M", path[1])
    monkeypatch.setattr(overlay, "MANY", path[2])
    monkeypatch.setattr(overlay, "VERTICES_A_ROW", path[3])

    @layouts_tried(1 / 8)
    @given(seeds)
    def holds(seed):
        a, b = layout(seed, near)
        one, two = Polygons(a), Polygons(b)
        same_areas(find_shared_parts(one, two, tolerance=EXACT), of_pairs(a, b, product(present(a), present(b))))
        same_areas(find_shared_parts(one, tolerance=EXACT), of_pairs(a, a, combinations(present(a), 2)))
        same_areas(find_uncovered_parts(one, two, tolerance=EXACT), areas_of_uncovered(a, b))

    holds()


@pytest.mark.parametrize("distinct", [1, 7])
def test_segments_with_equal_hashes_are_distinguished(distinct, monkeypatch):
    """Vertices have one of very few hashes."""
    real = linework.vertex_codes
    monkeypatch.setattr(linework, "vertex_codes", lambda xy: real(xy) % np.uint64(distinct))

    @layouts_tried(1 / 20)
    @given(seeds, st.booleans())
    def holds(seed, near):
        a, b = layout(seed, near)
        one, two = Polygons(a), Polygons(b)
        same_areas(find_shared_parts(one, two, tolerance=EXACT), of_pairs(a, b, product(present(a), present(b))))
        same_areas(find_shared_parts(two, tolerance=EXACT), of_pairs(b, b, combinations(present(b), 2)))

    holds()


def cancelled_after(calls):
    left = iter(range(calls))
    return Cancellation(lambda: next(left, None) is None)


@layouts_tried(1 / 40)
@given(seeds, st.booleans())
def test_cancelled_overlay_leaves_no_partial_cache(seed, near):
    a, b = layout(seed, near)
    expected = everything(a, b)
    one, two = Polygons(a), Polygons(b)
    for calls in range(1000):
        try:
            find_shared_parts(one, two, tolerance=EXACT, cancellation=cancelled_after(calls))
            find_uncovered_parts(one, two, tolerance=EXACT, cancellation=cancelled_after(calls))
            break
        except Cancelled:
            continue
    assert everything(one, two) == expected


def close(found, expected, limit):
    for key in found.keys() | expected.keys():
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=limit), key


def everything(a, b):
    """Return all results for two layers in one table, and whether a fallback was used."""
    one, two = (s if isinstance(s, Polygons) else Polygons(s) for s in (a, b))
    answers = {
        "ab": find_shared_parts(one, two, tolerance=EXACT),
        "parts": find_shared_parts(one, two, tolerance=EXACT, connected=True),
        "ba": find_shared_parts(two, one, tolerance=EXACT),
        "aa": find_shared_parts(one, tolerance=EXACT),
        "bare": find_uncovered_parts(one, two, tolerance=EXACT),
    }
    found = {(verb, *pair): area for verb, parts in answers.items() for pair, area in as_areas(parts).items()}
    return found, any(parts.fallback_log.steps for parts in answers.values())


def limit_of(a, b, *rounded):
    shapes = [s for s in (*a, *b) if s is not None]
    return noise(*shapes) + (rounding(*shapes) if any(rounded) else 0.0)


@pytest.mark.parametrize("near", [False, True], ids=["any", "almost matching"])
def test_parts_add_up_to_the_whole_and_are_symmetric(near):
    @layouts_tried(1 / 20)
    @given(seeds)
    def holds(seed):
        a, b = layout(seed, near)
        found, rounded = everything(a, b)
        limit = limit_of(a, b, rounded)
        shared, singly, turned = ({k[1:]: v for k, v in found.items() if k[0] == n} for n in ("ab", "parts", "ba"))
        close(singly, shared, limit)
        close({(i, j): v for (j, i), v in turned.items()}, shared, limit)
        # Where the cover has no overlaps, covered and uncovered parts of a polygon add up to it.
        if not len(find_shared_parts(b, tolerance=EXACT)):
            for i in present(a):
                taken = sum(v for (n, _), v in shared.items() if n == i)
                assert taken + found.get(("bare", i, -1), 0.0) == pytest.approx(a[i].area, abs=limit)

    holds()


def rows_turned(found, n, m):
    """Return the keys with rows of both layers (n, m) counted from the end."""
    rows = {"ab": (n, m), "parts": (n, m), "ba": (m, n), "aa": (n, n), "bare": (n, -1)}
    turned = {}
    for (verb, i, j), area in found.items():
        pair = rows[verb][0] - 1 - i, (rows[verb][1] - 1 - j if j >= 0 else -1)
        turned[verb, *(sorted(pair) if verb == "aa" else pair)] = area
    return turned


@pytest.mark.parametrize("near", [False, True], ids=["any", "almost matching"])
@pytest.mark.parametrize(
    "way",
    [shapely.reverse, rotate_start_vertex, add_midpoints, "to the county", "rows reversed"],
    ids=lambda w: w if isinstance(w, str) else w.__name__,
)
def test_equivalent_variants_give_the_same_areas(way, near):
    """On a grid of 2⁻²⁰ m moving and halving are exact."""

    def snapped(shape):
        return repaired(shapely.transform(shape, lambda xy: np.round(xy * 2**20) / 2**20))

    @layouts_tried(1 / 40)
    @given(seeds)
    def holds(seed):
        a, b = (each_variant(shapes, snapped) for shapes in layout(seed, near))
        straight, rounded = everything(a, b)
        if way == "rows reversed":
            found, also = everything(a[::-1], b[::-1])
            found = rows_turned(found, len(a), len(b))
        elif way == "to the county":
            found, also = everything(*(each_variant(shapes, move_far_away) for shapes in (a, b)))
        else:
            found, also = everything(each_variant(a, way), each_variant(b, way))
        close(found, straight, limit_of(a, b, rounded, also))

    holds()
