# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare total overlay areas of coverages, spirals and slivers with known areas.

A coverage is a layer of polygons that tile an area; a sliver is a part below the tolerance.
"""

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from tests.cases.case_files import read_cases
from tests.cases.drawing_variants import move_far_away, redraw_shapes, rotate_start_vertex
from tests.cases.test_conformance import ZERO_TOLERANCE, assert_parts, assert_valid, collect_areas_by_pair
from tests.parametrize import for_each

ALL_CASES, LARGE_CASES = read_cases("coverages.txt"), read_cases("large.txt")
DRAWING_VARIANTS = {"as drawn": lambda s: s, "from another vertex": rotate_start_vertex, "far away": move_far_away}


def approximate_area(area, case, way=None):
    """Return an approximate value for comparing an area, m², of this case.

    The tolerance is the rounding of large coordinates, 7·10⁻⁹ m along all edges.
    """
    lengths = sum(float(shapely.length(layer[~shapely.is_missing(layer)]).sum()) for layer in (case.a, case.b))
    return pytest.approx(area, rel=1e-9, abs=1e-6 + (8e-9 * lengths if way is move_far_away else 0.0))


@for_each("way", DRAWING_VARIANTS.values(), ids=DRAWING_VARIANTS.keys())
@for_each("case", ALL_CASES, ids=[c.name for c in ALL_CASES])
def test_overlay_areas_of_two_coverages_add_up_to_the_totals_stated_in_the_case_file(case, way):
    a, b = (Polygons(redraw_shapes(layer, way)) for layer in (case.a, case.b))
    assert_total_areas(a, b, case, way)
    # Sums are the same for batches of rows.
    thirds = [np.arange(len(b)) % 3 == n for n in range(3)]
    one_by_one = sum(find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE, right_rows=rows).area.sum() for rows in thirds)
    assert one_by_one == approximate_area(case.total("ab"), case, way)
    one_by_one = sum(find_uncovered_pieces(b, a, tolerance=ZERO_TOLERANCE, rows=rows).area.sum() for rows in thirds)
    assert one_by_one == approximate_area(case.total("b"), case, way)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", LARGE_CASES, ids=[c.name for c in LARGE_CASES])
def test_overlay_areas_of_two_large_coverages_add_up_to_the_totals_stated_in_the_case_file(case):
    assert_total_areas(Polygons(case.a), Polygons(case.b), case)


def assert_total_areas(a, b, case, way=None):
    """Compare the total area of each overlay of two layers with the expected one."""
    for found, what in (
        (find_shared_pieces(a, b, tolerance=ZERO_TOLERANCE), "ab"),
        (find_shared_pieces(b, a, tolerance=ZERO_TOLERANCE, splits_connected=True), "ab"),
        (find_shared_pieces(a, tolerance=ZERO_TOLERANCE), "aa"),
        (find_shared_pieces(b, tolerance=ZERO_TOLERANCE), "bb"),
        (find_uncovered_pieces(a, b, tolerance=ZERO_TOLERANCE), "a"),
        (find_uncovered_pieces(b, a, tolerance=ZERO_TOLERANCE), "b"),
    ):
        assert assert_valid(found).area.sum() == approximate_area(case.total(what), case, way), what


SLIVER_CASES = read_cases("thin.txt")


@pytest.mark.parametrize("case", SLIVER_CASES, ids=[c.name for c in SLIVER_CASES])
def test_overlay_omits_pieces_below_the_tolerance_and_returns_them_separately_as_slivers(case):
    for first, second, turned in ((case.a, case.b, False), (case.b, case.a, True)):
        found = assert_valid(find_shared_pieces(first, second, tolerance=Tolerance(), splits_connected=True))
        pairs = {(i, j): case.get_areas("ab", i, j) for i in range(len(case.a)) for j in range(len(case.b))}
        assert_parts(collect_areas_by_pair(found), {(j, i): v for (i, j), v in pairs.items()} if turned else pairs)
        ignored = sorted(shapely.area(found.slivers.polygons).tolist())
        assert ignored == pytest.approx(case.expected.get("ignored", ()), rel=1e-6)
    for first, second, side in ((case.a, case.b, "a"), (case.b, case.a, "b")):
        uncovered = find_uncovered_pieces(first, second, tolerance=Tolerance())
        assert uncovered.area.sum() == pytest.approx(case.total(side), abs=0.002)
        if side == "a":
            ignored = sorted(shapely.area(uncovered.slivers.polygons).tolist())
            assert ignored == pytest.approx(case.expected.get("bare_ignored", ()), rel=1e-6)


@pytest.mark.parametrize("case", SLIVER_CASES, ids=[c.name for c in SLIVER_CASES])
def test_larger_sliver_tolerance_never_increases_the_shared_area(case):
    areas = [
        find_shared_pieces(case.a, case.b, tolerance=t).area.sum()
        for t in (
            ZERO_TOLERANCE,
            Tolerance(),
            Tolerance(min_area_m2=2.0, min_width_m=0.5),
            Tolerance(min_area_m2=1e9, min_width_m=1e9),
        )
    ]
    assert areas == sorted(areas, reverse=True) and areas[-1] == 0
    assert areas[0] == pytest.approx(case.total("ab") + sum(case.expected.get("ignored", ())), rel=1e-6)
