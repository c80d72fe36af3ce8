# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the fallbacks of overlays when GEOS raises an error or returns nonsense.

They are tried in order and logged, and no pair of rows is lost without a report.
"""

import numpy as np
import pytest
import shapely

from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.geometry import overlay_fallback as ladders
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.overlay_fallback import FallbackLog, overlay_polygon_pairs, union_near_row
from plugin.core.geometry.polygons import Polygons, union_polygon_rows
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Outcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.plan.loading.assembly import assemble_plan
from tests.cases.shapes import box, grid, moved
from tests.core.small_plan import (
    convert_to_source_layers,
    get_outcome_of_rule,
    list_findings_of_rules,
    make_county_box as in_county,
    make_table,
)

DEFAULT_TOLERANCE = Tolerance()
ROW_NUMBERS = np.array([7])


def make_layer(*shapes):
    rows = np.empty(len(shapes), dtype=object)
    rows[:] = shapes
    return rows


class FailingOperation:
    """An overlay operation that fails the first ``times`` for a pair of shapes.

    It also fails whenever ``over`` is true for the pair.
    """

    def __init__(self, operation, times=0, over=lambda a, b, grid: False):
        self.operation, self.times, self.over = operation, times, over
        self.grids = []

    def __call__(self, a, b, grid_size=None):
        if isinstance(a, np.ndarray):
            if self.times or any(self.over(p, q, grid_size) for p, q in zip(a, b, strict=True)):
                raise shapely.GEOSException("TopologyException: found non-noded intersection")
            return self.operation(a, b)
        self.grids.append(grid_size)
        if len(self.grids) <= self.times or self.over(a, b, grid_size):
            raise shapely.GEOSException("TopologyException: side location conflict")
        return self.operation(a, b, grid_size=grid_size)


#: 10 m high, and 0.04 mm wider than a multiple of the grid of 0.1 mm.
OFF_GRID = shapely.Polygon([(0, 0), (10.00004, 0), (10.00004, 10), (0, 10)])
EXPECTED_FALLBACKS = [(0, None), (1, "fixed_precision"), (2, "fixed_precision")]


@pytest.mark.parametrize("far", [0.0, 38_612_345.0], ids=["near", "far"])
@pytest.mark.parametrize(("times", "name"), EXPECTED_FALLBACKS, ids=["unchanged", "on a fine grid", "on the grid"])
def test_failing_overlay_tries_its_fallbacks_in_a_fixed_order_and_logs_the_one_that_succeeded(times, name, far):
    a, b = (shapely.transform(s, lambda xy: xy + far) for s in (OFF_GRID, box(5, 0, 10, 10)))
    operation, steps = FailingOperation(shapely.intersection, times), FallbackLog()
    (shape,) = overlay_polygon_pairs(
        operation, make_layer(a), make_layer(b), ROW_NUMBERS, ROW_NUMBERS + 1, DEFAULT_TOLERANCE, steps
    )
    assert shape.is_valid and shape.area == pytest.approx(50, abs=5e-4) and not steps.failed_pairs
    assert shape.bounds[0] == pytest.approx(far + 5)
    if name is None:
        assert not steps.steps
        return
    (step,) = steps.steps
    assert (step.method_name, step.left_row, step.right_row) == (name, 7, 8)
    # Changed area of both: 4e-4 m² of the first on the grid.
    assert step.area_m2 == pytest.approx(4e-4 if times == 2 else 0.0, abs=1e-6)
    assert operation.grids[:3] == [None, DEFAULT_TOLERANCE.cluster_m / 1000, DEFAULT_TOLERANCE.cluster_m][: times + 1]


@pytest.mark.parametrize("operation", [shapely.intersection, shapely.difference], ids=lambda o: o.__name__)
@pytest.mark.parametrize("times", [1, 2])
def test_every_overlay_fallback_gives_the_same_area_as_the_first_method(operation, times):
    a = shapely.Polygon([(0, 0), (20, 1), (17, 15), (3, 19)], [[(5, 5), (9, 5), (9, 9), (5, 9)]])
    b = shapely.Polygon([(8, -3), (25, 8), (12, 21), (6, 7)])
    inside = operation is shapely.intersection
    (shape,) = overlay_polygon_pairs(
        FailingOperation(operation, times),
        make_layer(a),
        make_layer(b),
        ROW_NUMBERS,
        ROW_NUMBERS,
        DEFAULT_TOLERANCE,
        FallbackLog(),
        is_intersection=inside,
    )
    assert shape.area == pytest.approx(operation(a, b).area, abs=0.01)


def test_overlay_pair_that_every_fallback_fails_for_gives_none_and_is_logged_as_failed():
    steps = FallbackLog()
    (shape,) = overlay_polygon_pairs(
        FailingOperation(shapely.intersection, 99),
        make_layer(OFF_GRID),
        make_layer(OFF_GRID),
        ROW_NUMBERS,
        ROW_NUMBERS + 1,
        DEFAULT_TOLERANCE,
        steps,
    )
    assert shape is None and steps.failed_pairs == [(7, 8)] and not steps.steps


@pytest.mark.parametrize("bad", [0, 31, 63, 99])
def test_one_failing_overlay_pair_of_a_hundred_does_not_change_the_other_results(bad):
    a, b = make_layer(*grid(100, 1)), make_layer(*moved(grid(100, 1), 5.0, 5.0))
    b[bad] = box(10.0 * bad + 5, 5, 5, 30)
    steps, rows = FallbackLog(), np.arange(100)
    trouble = FailingOperation(shapely.intersection, over=lambda p, q, grid: shapely.area(q) > 120)
    shapes = overlay_polygon_pairs(trouble, a, b, rows, rows, DEFAULT_TOLERANCE, steps)
    assert steps.failed_pairs == [(bad, bad)] and not steps.steps
    assert [s is None for s in shapes] == [n == bad for n in range(100)]
    assert np.delete(shapely.area(shapes), bad) == pytest.approx(25)


#: Start of the second shape: at 4 it contains the middle of the first, at 6 it does not.
WRONG_RESULTS = {
    "nothing where there is something": (shapely.intersection, 4, lambda a, b: shapely.Polygon()),
    "all of the first": (shapely.intersection, 6, lambda a, b: a),
    "all of the second": (shapely.intersection, 4, lambda a, b: b),
    "something elsewhere": (shapely.intersection, 6, lambda a, b: box(100, 100, 5, 5)),
    "nothing left": (shapely.difference, 6, lambda a, b: shapely.Polygon()),
    "everything left": (shapely.difference, 4, lambda a, b: a),
    "the wrong side left": (shapely.difference, 4, shapely.intersection),
}


@pytest.mark.parametrize(("operation", "begins", "lie"), WRONG_RESULTS.values(), ids=WRONG_RESULTS.keys())
@pytest.mark.parametrize("times", [1, 2, 99])
def test_overlay_result_that_contradicts_a_sample_point_is_replaced_by_a_fallback(operation, begins, lie, times):
    """Let GEOS return a wrong result without an error.

    It is wrong in the first attempt, in the first two, or always.
    """
    a, b, honest = box(0, 0, 10, 10), box(begins, 2, 20, 6), operation
    asked = []

    def return_wrong_result(p, q, grid_size=None):
        asked.append(grid_size)
        if isinstance(p, np.ndarray):
            return make_layer(*map(lie, p, q))
        return lie(p, q) if len(asked) <= times else honest(p, q, grid_size=grid_size)

    steps = FallbackLog()
    (shape,) = overlay_polygon_pairs(
        return_wrong_result,
        make_layer(a),
        make_layer(b),
        ROW_NUMBERS,
        ROW_NUMBERS,
        DEFAULT_TOLERANCE,
        steps,
        is_intersection=operation is shapely.intersection,
    )
    if times == 99:
        assert shape is None and steps.failed_pairs == [(7, 7)]
    else:
        assert shape.area == pytest.approx(operation(a, b).area) and not steps.failed_pairs
        assert [s.method_name for s in steps.steps] == [EXPECTED_FALLBACKS[times][1]]


def raise_geos_error(*shapes, **more):
    raise shapely.GEOSException("TopologyException: on purpose")


def fail_without_grid_size(real):
    def joins(shapes, grid_size=None, **more):
        return (
            real(shapes, grid_size=grid_size, **more)
            if grid_size == DEFAULT_TOLERANCE.cluster_m
            else raise_geos_error()
        )

    return joins


def test_union_by_the_fixed_precision_fallback_logs_the_area_changed_by_rounding(monkeypatch):
    monkeypatch.setattr(ladders.shapely, "union_all", fail_without_grid_size(shapely.union_all))
    steps = FallbackLog()
    # The two overlap by half, which the step did not change.
    joined = union_near_row(make_layer(OFF_GRID, box(5, 0, 10, 10)), 3, DEFAULT_TOLERANCE, steps)
    (step,) = steps.steps
    assert joined.area == pytest.approx(150) and (step.method_name, step.left_row, step.right_row) == (
        "fixed_precision",
        3,
        -1,
    )
    assert step.area_m2 == pytest.approx(4e-4, abs=1e-6)


@pytest.mark.parametrize(
    "lie", [lambda shapes: shapes[0], lambda shapes: shapely.union_all(shapes).buffer(1)], ids=["one lost", "too much"]
)
@pytest.mark.parametrize("always", [False, True])
def test_union_result_that_contradicts_a_sample_point_or_its_area_is_replaced_by_a_fallback(lie, always, monkeypatch):
    honest, shapes = shapely.union_all, make_layer(box(0, 0, 10, 10), box(8, 0, 10, 10))
    answer = lie(shapes)
    monkeypatch.setattr(
        shapely,
        "union_all",
        lambda s, grid_size=None: honest(s, grid_size=grid_size) if grid_size and not always else answer,
    )
    steps = FallbackLog()
    joined = union_near_row(shapes, 3, DEFAULT_TOLERANCE, steps)
    if always:
        assert joined is None and steps.failed_pairs == [(3, -1)]
    else:
        assert joined.area == pytest.approx(180) and [s.method_name for s in steps.steps] == ["fixed_precision"]


def test_find_uncovered_pieces_logs_and_omits_a_row_for_which_the_union_of_its_cover_failed(monkeypatch):
    monkeypatch.setattr(ladders.shapely, "union_all", raise_geos_error)
    uncovered = find_uncovered_pieces(
        make_layer(box(50, 50, 1, 1), box(0, 0, 30, 10)), make_layer(*grid(2, 1)), tolerance=DEFAULT_TOLERANCE
    )
    assert uncovered.fallback_log.failed_pairs == [(1, -1)] and uncovered.left.tolist() == [0]


def test_union_rows_uses_the_general_union_when_the_coverage_union_fails(monkeypatch):
    monkeypatch.setattr(shapely, "coverage_union_all", raise_geos_error)
    assert union_polygon_rows(Polygons(make_layer(*grid(9, 9))), tolerance=DEFAULT_TOLERANCE).area == pytest.approx(
        8100
    )


# -- in a run ---------------------------------------------------------------------------------------------------------


def make_overlapping_layers():
    """Return farmland and red line rows with three overlaps far from each other.

    The last red line row is large. A fourth farmland row is inside the second.
    """
    farmland = [in_county(0, 0), in_county(300, 0), in_county(600, 0), in_county(320, 20, 20, 20)]
    return {
        "YJJBNTBHTB": make_table(farmland, DLBM=["0103"] * 4, YJJBNTMJ=[9_999.0] * 4),
        "STBHHX": make_table([in_county(50, 0), in_county(350, 0), in_county(650, 0, 200, 200)]),
    }


def is_large_red_line(a, b, grid):
    """Return True if one of the two shapes is the whole large red line."""
    return max(shapely.area(a), shapely.area(b)) > 30_000


def check_with_failing_operation(monkeypatch, operation, over, *codes):
    """Return two checks of the layers: undisturbed, and with a failing operation."""
    rules = [load_all_rules()[code] for code in codes]
    straight = run_check(assemble_plan(convert_to_source_layers(make_overlapping_layers()), make_example_norm()), rules)
    monkeypatch.setattr(shapely, operation, FailingOperation(getattr(shapely, operation), over=over))
    return straight, run_check(
        assemble_plan(convert_to_source_layers(make_overlapping_layers()), make_example_norm()), rules
    )


def read_key_pairs(findings):
    return {(f.key[-1], *(k[-1] for k in f.related_keys)) for f in findings}


def test_check_reports_a_failing_overlay_pair_as_a_finding_and_checks_the_other_pairs(monkeypatch):
    straight, report = check_with_failing_operation(monkeypatch, "intersection", is_large_red_line, "REL001", "TOP001")
    assert read_key_pairs(list_findings_of_rules(straight, "REL001")) == {("1", "1"), ("2", "2"), ("3", "3")}
    assert read_key_pairs(list_findings_of_rules(report, "REL001")) == {("1", "1"), ("2", "2")}
    (failed,) = list_findings_of_rules(report, "RUN901")
    assert read_key_pairs([failed]) == {("3", "3")} and failed.severity is Severity.WARNING
    assert (failed.role, failed.related_role) == ("YJJBNTBHTB", "STBHHX") and failed.params["rule"] == "REL001"
    assert "不得视为通过" in failed.message and shapely.area(failed.geometry) == pytest.approx(10_000)
    # A failed rule also reports that its search is incomplete.
    result = get_outcome_of_rule(report, "REL001")
    assert result.outcome is Outcome.FAILED and result.incomplete and "1 对图形无法计算" in result.reason
    assert (
        read_key_pairs(list_findings_of_rules(report, "TOP001"))
        == read_key_pairs(list_findings_of_rules(straight, "TOP001"))
        == {("2", "4")}
    )
    assert not list_findings_of_rules(report, "RUN900") and report.verdict is Verdict.FAILED


def test_report_lists_the_overlay_fallbacks_that_were_used(monkeypatch):
    straight, report = check_with_failing_operation(
        monkeypatch, "intersection", lambda a, b, grid: not grid and is_large_red_line(a, b, grid), "REL001"
    )
    assert read_key_pairs(list_findings_of_rules(report, "REL001")) == read_key_pairs(
        list_findings_of_rules(straight, "REL001")
    ) and not list_findings_of_rules(report, "RUN901")
    assert not straight.tolerance["steps"] and report.tolerance["steps"] == {"fixed_precision": 1}


def test_failing_overlap_within_a_layer_does_not_hide_overlaps_between_two_layers(monkeypatch):
    """Fail for an overlap within a layer, which decides how layers are compared."""
    a, b = make_layer(box(0, 0, 10, 10), box(2, 2, 30, 30)), make_layer(box(1, 1, 5, 5))
    straight = find_shared_pieces(a, b, tolerance=DEFAULT_TOLERANCE)
    stumbles = FailingOperation(
        shapely.intersection, over=lambda p, q, grid: shapely.area(q) > 800 and shapely.area(p) != 25
    )
    monkeypatch.setattr(shapely, "intersection", stumbles)
    layered = Polygons(a)
    assert find_shared_pieces(layered, tolerance=DEFAULT_TOLERANCE).fallback_log.failed_pairs == [(0, 1)]
    again = find_shared_pieces(layered, b, tolerance=DEFAULT_TOLERANCE)
    assert again.area.tolist() == straight.area.tolist() == [25, 16] and not again.fallback_log.failed_pairs
