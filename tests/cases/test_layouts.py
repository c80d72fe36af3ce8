# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare overlays of random polygon layers with those of shapely.

Half of the layers have almost matching boundaries. Shapely may be wrong for these; where the two differ, exact areas
in fractions decide.
"""

import math
from itertools import combinations, product

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st

from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.geometry import linework, overlay, polygons
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from tests.cases import exact_overlay
from tests.cases.drawing_variants import add_midpoints, move_far_away, redraw_shapes, rotate_start_vertex
from tests.cases.layouts import make_layout, repair_invalid_shape

ZERO_TOLERANCE = Tolerance(cluster_m=0.0001, edge_match_m=0.0, min_area_m2=0.0, min_width_m=0.0)
#: Tolerated loss, m², on a layout of 100 m: GEOS may join edges at a distance of 1e-7 m.
NOISE_M2 = 2e-5


def limit_layout_count(share):
    """Return Hypothesis settings that try this share of the layouts: 1000 in `make test-all`, 200 in `make test`."""
    return settings(max_examples=int(10 * settings().max_examples * share))


seeds = st.integers(0, 2**40)


def estimate_rounding_area(*shapes):
    """Return the area, m², that rounding to doubles may change along all boundaries."""
    largest = max(np.abs(shapely.total_bounds(np.array(shapes, dtype=object))).max(), 1.0)
    return NOISE_M2 + 2 * np.spacing(largest) * sum(s.length for s in shapes)


def estimate_grid_rounding_area(*shapes):
    """Return the area, m², that a fallback overlay on a grid may change."""
    return ZERO_TOLERANCE.cluster_m * sum(s.length for s in shapes)


def sum_areas_by_pair(parts):
    assert shapely.is_valid(parts.geometry).all() and not parts.fallback_log.failed_pairs
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found[i, j] = found.get((i, j), 0.0) + area
    return found


def list_rows_with_shape(shapes):
    return [n for n, s in enumerate(shapes) if s is not None]


def assert_same_areas(parts, expected):
    """Compare overlay areas with those of shapely, or else with exact areas.

    ``expected``: key → (area by shapely, m², its shapes, function that computes the exact area).
    """
    found, rounded = sum_areas_by_pair(parts), {(step.left, step.right) for step in parts.fallback_log.steps}
    assert found.keys() <= expected.keys()
    for key, (area, shapes, exactly) in expected.items():
        ours = found.get(key, 0.0)
        limit = estimate_rounding_area(*shapes) + (estimate_grid_rounding_area(*shapes) if key in rounded else 0.0)
        if not abs(ours - area) <= limit:
            area = exactly()
        assert ours == pytest.approx(area, abs=limit), key


def measure_with_shapely(operation, *shapes):
    """Return the area, m², of a shapely operation; NaN where shapely fails."""
    try:
        return operation(*shapes).area
    except shapely.GEOSException:
        return math.nan


def make_expected_areas_of_pairs(a, b, pairs):
    """Return what `assert_same_areas` expects of each pair of rows."""
    return {
        (i, j): (
            measure_with_shapely(shapely.intersection, a[i], b[j]),
            (a[i], b[j]),
            lambda i=i, j=j: exact_overlay.measure_shared_area(a[i], b[j]),
        )
        for i, j in pairs
    }


def make_expected_uncovered_areas(a, cover):
    """Return what `assert_same_areas` expects of the uncovered part of each row, by (row, -1)."""
    shapes = [cover[j] for j in list_rows_with_shape(cover)]
    united = shapely.union_all(shapes)
    return {
        (i, -1): (
            measure_with_shapely(shapely.difference, a[i], united),
            (a[i], united),
            lambda i=i: exact_overlay.measure_uncovered_area(a[i], shapes),
        )
        for i in list_rows_with_shape(a)
    }


#: Other values of limits set for speed: large polygons, margin of clipped squares, many neighbours, few rows under many.
OVERLAY_THRESHOLDS = {
    "as it is": (512, 10.0, 64, 500),
    "through windows": (6, 0.5, 64, 500),
    "joined": (6, 0.5, 2, 0),
    "cut at once": (512, 10.0, 2, 10**9),
}


@pytest.mark.parametrize("near", [False, True], ids=["any", "almost matching"])
@pytest.mark.parametrize("path", OVERLAY_THRESHOLDS.values(), ids=OVERLAY_THRESHOLDS.keys())
def test_overlay_areas_of_random_polygon_layers_equal_those_of_shapely(path, near, monkeypatch):
    monkeypatch.setattr(polygons, "MAX_UNCLIPPED_VERTICES", path[0])
    monkeypatch.setattr(polygons, "CLIP_MARGIN_M", path[1])
    monkeypatch.setattr(overlay, "MIN_COVERAGE_NEIGHBOURS", path[2])
    monkeypatch.setattr(overlay, "VERTICES_PER_OVERLAY", path[3])

    @limit_layout_count(1 / 8)
    @given(seeds)
    def assert_for_seed(seed):
        a, b = make_layout(seed, near)
        one, two = Polygons(a), Polygons(b)
        assert_same_areas(
            find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE),
            make_expected_areas_of_pairs(a, b, product(list_rows_with_shape(a), list_rows_with_shape(b))),
        )
        assert_same_areas(
            find_shared_pieces(one, tolerance=ZERO_TOLERANCE),
            make_expected_areas_of_pairs(a, a, combinations(list_rows_with_shape(a), 2)),
        )
        assert_same_areas(
            find_uncovered_pieces(one, two, tolerance=ZERO_TOLERANCE), make_expected_uncovered_areas(a, b)
        )

    assert_for_seed()


@pytest.mark.parametrize("distinct", [1, 7])
def test_overlay_areas_equal_those_of_shapely_although_different_segments_have_equal_hashes(distinct, monkeypatch):
    """Replace the hashes of vertices, so that many vertices share a hash."""
    real = linework.hash_vertices
    monkeypatch.setattr(linework, "hash_vertices", lambda xy: real(xy) % np.uint64(distinct))

    @limit_layout_count(1 / 20)
    @given(seeds, st.booleans())
    def assert_for_seed(seed, near):
        a, b = make_layout(seed, near)
        one, two = Polygons(a), Polygons(b)
        assert_same_areas(
            find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE),
            make_expected_areas_of_pairs(a, b, product(list_rows_with_shape(a), list_rows_with_shape(b))),
        )
        assert_same_areas(
            find_shared_pieces(two, tolerance=ZERO_TOLERANCE),
            make_expected_areas_of_pairs(b, b, combinations(list_rows_with_shape(b), 2)),
        )

    assert_for_seed()


def cancel_after_calls(calls):
    """Return a cancellation that is requested after some queries."""
    left = iter(range(calls))
    return Cancellation(lambda: next(left, None) is None)


@limit_layout_count(1 / 40)
@given(seeds, st.booleans())
def test_overlay_repeated_after_a_cancellation_gives_the_areas_of_an_uninterrupted_overlay(seed, near):
    a, b = make_layout(seed, near)
    expected = compute_all_overlays(a, b)
    one, two = Polygons(a), Polygons(b)
    for calls in range(1000):
        try:
            find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE, cancellation=cancel_after_calls(calls))
            find_uncovered_pieces(one, two, tolerance=ZERO_TOLERANCE, cancellation=cancel_after_calls(calls))
            break
        except Cancelled:
            continue
    assert compute_all_overlays(one, two) == expected


def assert_close_areas(found, expected, limit):
    for key in found.keys() | expected.keys():
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=limit), key


def compute_all_overlays(a, b):
    """Return all overlay areas of two layers by key, and whether a fallback was used."""
    one, two = (s if isinstance(s, Polygons) else Polygons(s) for s in (a, b))
    answers = {
        "ab": find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE),
        "parts": find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE, splits_connected=True),
        "ba": find_shared_pieces(two, one, tolerance=ZERO_TOLERANCE),
        "aa": find_shared_pieces(one, tolerance=ZERO_TOLERANCE),
        "bare": find_uncovered_pieces(one, two, tolerance=ZERO_TOLERANCE),
    }
    found = {(verb, *pair): area for verb, parts in answers.items() for pair, area in sum_areas_by_pair(parts).items()}
    return found, any(parts.fallback_log.steps for parts in answers.values())


def compute_area_limit(a, b, *rounded):
    """Return the area (m²) by which overlays may differ; ``rounded``: whether a fallback rounded to a grid."""
    shapes = [s for s in (*a, *b) if s is not None]
    return estimate_rounding_area(*shapes) + (estimate_grid_rounding_area(*shapes) if any(rounded) else 0.0)


@pytest.mark.parametrize("near", [False, True], ids=["any", "almost matching"])
def test_shared_and_uncovered_pieces_add_up_to_the_polygon_and_swapped_layers_give_equal_areas(near):
    @limit_layout_count(1 / 20)
    @given(seeds)
    def assert_for_seed(seed):
        a, b = make_layout(seed, near)
        found, rounded = compute_all_overlays(a, b)
        limit = compute_area_limit(a, b, rounded)
        shared, singly, turned = ({k[1:]: v for k, v in found.items() if k[0] == n} for n in ("ab", "parts", "ba"))
        assert_close_areas(singly, shared, limit)
        assert_close_areas({(i, j): v for (j, i), v in turned.items()}, shared, limit)
        # Where the cover has no overlaps, covered and uncovered parts of a polygon add up to it.
        if not len(find_shared_pieces(b, tolerance=ZERO_TOLERANCE)):
            for i in list_rows_with_shape(a):
                taken = sum(v for (n, _), v in shared.items() if n == i)
                assert taken + found.get(("bare", i, -1), 0.0) == pytest.approx(a[i].area, abs=limit)

    assert_for_seed()


def reverse_row_numbers(found, n, m):
    """Return the results with row numbers of both layers (n, m) counted from the end."""
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
def test_overlay_areas_do_not_depend_on_start_vertex_and_direction_of_rings(way, near):
    """Reverse, move or subdivide polygons on a grid of 2⁻²⁰ m, where this is exact."""

    def snapped(shape):
        return repair_invalid_shape(shapely.transform(shape, lambda xy: np.round(xy * 2**20) / 2**20))

    @limit_layout_count(1 / 40)
    @given(seeds)
    def assert_for_seed(seed):
        a, b = (redraw_shapes(shapes, snapped) for shapes in make_layout(seed, near))
        straight, rounded = compute_all_overlays(a, b)
        if way == "rows reversed":
            found, also = compute_all_overlays(a[::-1], b[::-1])
            found = reverse_row_numbers(found, len(a), len(b))
        elif way == "to the county":
            found, also = compute_all_overlays(*(redraw_shapes(shapes, move_far_away) for shapes in (a, b)))
        else:
            found, also = compute_all_overlays(redraw_shapes(a, way), redraw_shapes(b, way))
        assert_close_areas(found, straight, compute_area_limit(a, b, rounded, also))

    assert_for_seed()
