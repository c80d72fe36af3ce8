# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that appeared since editing began."""

from dataclasses import replace

import pytest
import shapely

from plugin.core.checks.live.session import FindingsChange
from plugin.core.checks.new_errors import NewErrors
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import SIDE_INPUT_READERS, make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.model.findings import Finding
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts


def make_error(fingerprint, role="CZKFBJ", related_role="YJJBNTBHTB", severity=Severity.ERROR, **more):
    return replace(
        Finding(role, fingerprint, code="REL002", related_role=related_role, severity=severity, **more),
        fingerprint=fingerprint,
    )


OLD = make_error("old")


@pytest.fixture
def new_errors():
    found = NewErrors()
    found.begin([OLD])
    return found


def test_nothing_is_new_before_the_findings_before_the_edits_are_known():
    assert NewErrors().list_new([OLD], ["CZKFBJ"]) == []


def test_an_error_that_appeared_is_new_and_the_others_are_not(new_errors):
    added = make_error("added")
    assert new_errors.list_new([OLD, added], ["CZKFBJ"]) == [added]


def test_warnings_and_waived_errors_are_not_named(new_errors):
    findings = [make_error("a", severity=Severity.WARNING), replace(make_error("b"), state="waived")]
    assert new_errors.list_new(findings, ["CZKFBJ"]) == []


@pytest.mark.parametrize(
    ("roles", "is_named"), [(["CZKFBJ"], True), (["YJJBNTBHTB"], True), (["STBHHX"], False), ([], False)]
)
def test_only_errors_of_a_saved_layer_are_named(new_errors, roles, is_named):
    assert bool(new_errors.list_new([make_error("added")], roles)) is is_named


def test_an_error_that_was_ended_and_brought_back_by_undo_is_not_new(new_errors):
    new_errors.follow(FindingsChange(ended_findings=[OLD]))
    new_errors.follow(FindingsChange(new_findings=[OLD]))
    assert new_errors.list_new([OLD], ["CZKFBJ"]) == []


def test_an_error_that_an_edit_changed_in_size_is_not_new(new_errors):
    grown = replace(OLD, fingerprint="grown")
    new_errors.follow(FindingsChange(changed_findings=[(OLD, grown)]))
    assert new_errors.list_new([grown], ["CZKFBJ"]) == []
    new = make_error("new")
    new_errors.follow(FindingsChange(changed_findings=[(new, replace(new, fingerprint="new2"))]))
    assert new_errors.list_new([replace(new, fingerprint="new2")], ["CZKFBJ"])


@pytest.mark.parametrize(("x", "is_new"), [(5, False), (500, True)], ids=["same place", "elsewhere"])
def test_an_error_by_place_that_an_edit_moved_is_new_only_elsewhere(x, is_new):
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(x, 0, x + 10, 10)]
    before, after = (
        replace(make_error(name, by_place=True, geometry=shape), key="1", fingerprint=name)
        for name, shape in zip(("before", "after"), shapes, strict=True)
    )
    found = NewErrors()
    found.begin([before])
    found.follow(FindingsChange(ended_findings=[before], new_findings=[after]))
    assert bool(found.list_new([after], ["CZKFBJ"])) is is_new


@pytest.mark.parametrize(("width", "is_new"), [(40, False), (60, True)], ids=["part of it", "more land"])
def test_an_error_on_a_part_that_a_fix_divided_off_is_new_only_with_more_land(width, is_new):
    before = make_error("before", geometry=shapely.box(0, 0, 100, 10))
    kept = replace(before, fingerprint="kept", geometry=shapely.box(0, 0, 50, 10))
    part = make_error("part", geometry=shapely.box(50, 0, 50 + width, 10))
    found = NewErrors()
    found.begin([before])
    found.follow(FindingsChange(changed_findings=[(before, kept)], new_findings=[part]))
    assert found.list_new([kept, part], ["CZKFBJ"]) == ([part] if is_new else [])


def test_reported_errors_are_not_named_again(new_errors):
    added, later = make_error("added"), make_error("later")
    new_errors.accept([added])
    assert new_errors.list_new([OLD, added, later], ["CZKFBJ"]) == [later]


def test_a_change_of_project_forgets_the_errors(new_errors):
    new_errors.known_fingerprints = None
    assert new_errors.list_new([make_error("added")], ["CZKFBJ"]) == []


SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
REMOTE_SQUARE_WKT = "POLYGON ((6000 0, 6100 0, 6100 100, 6000 100, 6000 0))"
FAR_SQUARE_WKT = "POLYGON ((3000 0, 3100 0, 3100 100, 3000 100, 3000 0))"


def check_lines(farmland_wkt, codes=("REL001", "REL004")):
    """Return the finding on a red line outside every protection zone, and the plan."""
    layers = {
        "zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}],
        "red_line": [SQUARE_WKT],
        "farmland": [farmland_wkt],
        "boundary": [REMOTE_SQUARE_WKT],
    }
    plan = make_example_plan(layers)
    report = run_check(plan, [load_all_rules()[code] for code in codes])
    (finding,) = [one for one in report.findings if one.code == "REL004"]
    return finding, plan


def test_message_advises_to_resolve_a_control_line_overlap_found_at_the_same_place_first():
    finding, _ = check_lines(SQUARE_WKT)
    assert "此处有永久基本农田与生态保护红线重叠（REL001，…000001），请先处理并重新检查。请对照" in finding.message


def test_message_does_not_advise_to_resolve_overlaps_first_if_none_is_at_the_same_place():
    message = check_lines(FAR_SQUARE_WKT, codes=("REL001", "REL002", "REL003", "REL004"))[0].message
    assert "先处理" not in message


def test_message_advises_to_resolve_overlaps_if_any_are_listed_when_the_overlap_rules_did_not_run():
    message = check_lines(SQUARE_WKT, codes=("REL004",))[0].message
    assert "请先处理" not in message and "此处另列有控制线重叠（REL001–REL003）的，先处理重叠。" in message


def test_message_of_a_live_check_advises_to_resolve_overlaps_if_any_are_listed():
    finding, plan = check_lines(SQUARE_WKT)
    del finding.params["shown"]["overlaps"]
    message = format_message(Texts("zh"), finding, plan.norm.standard.templates)
    assert "此处另列有控制线重叠（REL001–REL003）的，先处理重叠。" in message


def test_message_on_a_fragment_below_one_square_metre_mentions_the_overlap_that_covers_it():
    fragment_wkt = "POLYGON ((99.7 0, 100.7 0, 100.7 1.2, 99.7 1.2, 99.7 0))"
    layers = {"red_line": [SQUARE_WKT], "farmland": [fragment_wkt], "GDBHMB": [fragment_wkt]}
    layers |= {"boundary": [REMOTE_SQUARE_WKT]}
    rules = [load_all_rules()[code] for code in ("REL001", "REL002", "REL003", "REL010")]
    (finding,) = [one for one in run_check(make_example_plan(layers), rules).findings if one.code == "REL010"]
    assert finding.area_m2 < 1 and "此处宽度不小于容差" in finding.message
    assert "此处有永久基本农田与生态保护红线重叠（REL001，…000001），请先处理并重新检查。" in finding.message


#: A square kilometre, and one that lies on its east half.
RED_LINE_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
HALF_COVERED_WKT = "POLYGON ((500 0, 1500 0, 1500 1000, 500 1000, 500 0))"
FAR_RED_LINE_WKT = "POLYGON ((3000 0, 4000 0, 4000 1000, 3000 1000, 3000 0))"
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
        ([RED_LINE_WKT, NEIGHBOUR_WKT], 1.9, "met", True),
        # 2 km² in sum, 1.5 km² of land.
        ([RED_LINE_WKT, HALF_COVERED_WKT], 1.9, "unconfirmed", False),
        ([RED_LINE_WKT, HALF_COVERED_WKT], 1.4, "met", False),
        ([RED_LINE_WKT, HALF_COVERED_WKT], 2.5, "broken", False),
    ],
)
def test_target_met_only_by_counting_overlapping_land_twice_is_unconfirmed(rows, target, state, confirmed):
    _, indicator = check_red_line(rows, target)
    assert (indicator.state, indicator.confirmed) == (state, confirmed)


@pytest.mark.parametrize("target", [1.9, 1.4, 2.5])
@pytest.mark.parametrize("comparison", [">=", "<="])
def test_figure_of_workbook_has_the_state_and_mark_of_the_report(target, comparison):
    rows = [RED_LINE_WKT, HALF_COVERED_WKT]
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
    report, _ = check_red_line([RED_LINE_WKT, HALF_COVERED_WKT], 1.8, comparison="<=", lang=lang)
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert words in finding.message
    report, _ = check_red_line([RED_LINE_WKT, NEIGHBOUR_WKT], 1.8, comparison="<=", lang=lang)
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
    report, _ = check_red_line([RED_LINE_WKT, HALF_COVERED_WKT], target, comparison=comparison, lang=lang)
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert words in finding.message


def test_land_under_three_features_counts_once():
    # 3 km² in sum, 1 km² of land.
    _, indicator = check_red_line([RED_LINE_WKT] * 3, 0.5)
    assert (indicator.state, indicator.confirmed) == ("met", False)
    report, indicator = check_red_line([RED_LINE_WKT] * 3, 1.5)
    assert indicator.state == "unconfirmed"
    report, _ = check_red_line([RED_LINE_WKT] * 3, 0.5, comparison="<=")
    (finding,) = [one for one in report.findings if one.code == "LAW002"]
    assert "重叠 2.00 km²" in finding.message


def test_target_exceeded_by_less_than_the_area_counted_twice_is_unconfirmed():
    # The sum is 0.005 km² above the target, the overlap 0.01 km².
    overlapping = "POLYGON ((990 0, 1990 0, 1990 1000, 990 1000, 990 0))"
    _, indicator = check_red_line([RED_LINE_WKT, overlapping], 1.99)
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
    plan = make_example_plan({"red_line": [RED_LINE_WKT, RED_LINE_WKT, FAR_RED_LINE_WKT], "townships": townships})
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
