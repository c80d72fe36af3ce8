# SPDX-License-Identifier: GPL-2.0-or-later
"""Land that a layer counts twice meets no target, and findings on its sum name that land."""

import pytest

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import SIDE_INPUT_READERS, make_example_plan
from plugin.core.indicators.compute import PlanIndicators
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.results.run import run_check

#: A square kilometre, and one that lies on its east half.
SQUARE_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
HALF_COVERED_WKT = "POLYGON ((500 0, 1500 0, 1500 1000, 500 1000, 500 0))"
FAR_SQUARE_WKT = "POLYGON ((3000 0, 4000 0, 4000 1000, 3000 1000, 3000 0))"
NEIGHBOUR_WKT = "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 0))"


def check_red_line(rows, target, comparison=">=", lang="zh"):
    """Return the report on red line rows with a target (km²), and the indicator of their area."""
    settings = {"targets": [("red_line_area", comparison, f"{target:.2f}", "km2")]}
    plan = make_example_plan({"red_line": rows}, settings=settings)
    report = run_check(plan, [load_all_rules()[code] for code in ("TOP001", "LAW002")], lang=lang)
    (indicator,) = [one for one in report.indicators if one.id == "red_line_area"]
    return report, indicator


@pytest.mark.parametrize(
    ("rows", "target", "state", "confirmed"),
    [
        ([SQUARE_WKT, NEIGHBOUR_WKT], 1.9, "met", True),
        # 2 km² in sum, 1.5 km² of land.
        ([SQUARE_WKT, HALF_COVERED_WKT], 1.9, "unconfirmed", False),
        ([SQUARE_WKT, HALF_COVERED_WKT], 1.4, "met", False),
        ([SQUARE_WKT, HALF_COVERED_WKT], 2.5, "broken", False),
    ],
)
def test_target_met_only_by_counting_overlapping_land_twice_is_unconfirmed(rows, target, state, confirmed):
    _, indicator = check_red_line(rows, target)
    assert (indicator.state, indicator.confirmed) == (state, confirmed)


@pytest.mark.parametrize("target", [1.9, 1.4, 2.5])
@pytest.mark.parametrize("comparison", [">=", "<="])
def test_figure_of_workbook_has_the_state_and_mark_of_the_report(target, comparison):
    rows = [SQUARE_WKT, HALF_COVERED_WKT]
    _, reported = check_red_line(rows, target, comparison)
    settings = {"targets": [("red_line_area", comparison, f"{target:.2f}", "km2")]}
    plan = make_example_plan({"red_line": rows}, settings=settings)
    context = RuleContext(plan, plan.norm, plan.norm.make_tolerance())
    figure = PlanIndicators(context, Texts("zh")).get_first_figure("red_line_area")
    assert figure.to_dict() == reported.to_dict() | {"name": ""} and not figure.confirmed


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", "超出 0.20 km²。其中生态保护红线要素之间重叠 0.50 km²，面积重复计入，扣除后约为 1.50 km²。请先消除重叠"),
        ("en", "overlap by 0.50 km², which the sum counts twice; without it the sum is about 1.50 km². First remove"),
    ],
)
def test_message_of_an_exceeded_sum_states_the_area_that_counts_twice(lang, words):
    report, _ = check_red_line([SQUARE_WKT, HALF_COVERED_WKT], 1.8, comparison="<=", lang=lang)
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert words in finding.message
    report, _ = check_red_line([SQUARE_WKT, NEIGHBOUR_WKT], 1.8, comparison="<=", lang=lang)
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert "TOP001" not in finding.message


@pytest.mark.parametrize(
    ("target", "comparison", "lang", "words"),
    [
        (1.2, "<=", "zh", "，扣除后约为 1.50 km²，仍超出约 0.30 km²。请先消除重叠"),
        (2.5, ">=", "zh", "，扣除后约为 1.50 km²，仍缺约 1.00 km²。请先消除重叠"),
        (1.0, "=", "zh", "，扣除后约为 1.50 km²，仍相差约 0.50 km²。请先消除重叠"),
        (1.2, "<=", "en", "the sum is about 1.50 km², still about 0.30 km² too much. First remove"),
    ],
)
def test_message_states_by_how_much_the_land_without_overlaps_still_misses_the_target(target, comparison, lang, words):
    report, _ = check_red_line([SQUARE_WKT, HALF_COVERED_WKT], target, comparison=comparison, lang=lang)
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert words in finding.message


def test_land_under_three_features_counts_once():
    # 3 km² in sum, 1 km² of land.
    _, indicator = check_red_line([SQUARE_WKT] * 3, 0.5)
    assert (indicator.state, indicator.confirmed) == ("met", False)
    report, indicator = check_red_line([SQUARE_WKT] * 3, 1.5)
    assert indicator.state == "unconfirmed"
    report, _ = check_red_line([SQUARE_WKT] * 3, 0.5, comparison="<=")
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert "重叠 2.00 km²" in finding.message


def test_target_exceeded_by_less_than_the_area_counted_twice_is_unconfirmed():
    # The sum is 0.005 km² above the target, the overlap 0.01 km².
    overlapping = "POLYGON ((990 0, 1990 0, 1990 1000, 990 1000, 990 0))"
    _, indicator = check_red_line([SQUARE_WKT, overlapping], 1.99)
    assert (indicator.state, indicator.confirmed) == ("unconfirmed", False)


def test_township_target_met_only_by_counting_overlapping_land_twice_is_unconfirmed():
    townships = [
        {
            "wkt": "POLYGON ((0 0, 2000 0, 2000 2000, 0 2000, 0 0))",
            "division_code": "140225100",
            "division_name": "甲乡",
        },
        {
            "wkt": "POLYGON ((2000 0, 4000 0, 4000 2000, 2000 2000, 2000 0))",
            "division_code": "140225101",
            "division_name": "乙乡",
        },
    ]
    plan = make_example_plan({"red_line": [SQUARE_WKT, SQUARE_WKT, FAR_SQUARE_WKT], "townships": townships})
    side = SideInputs(
        targets=SIDE_INPUT_READERS["targets"](
            [
                ("140225100", "甲乡", "red_line_area", ">=", "1.50", "km2"),
                ("140225101", "乙乡", "red_line_area", ">=", "0.90", "km2"),
            ]
        )
    )
    report = run_check(plan, [load_all_rules()[code] for code in ("TOP001", "LAW004")], side_inputs=side)
    states = {one.place: (one.state, one.confirmed) for one in report.indicators}
    assert states == {"甲乡": ("unconfirmed", False), "乙乡": ("met", True)}
