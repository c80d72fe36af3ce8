# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of 浑源县 in a full check: met, missed by rounding, and missed."""

from dataclasses import replace

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.render import figures
from plugin.core.render.html import render_report
from plugin.core.render.words import ReportTexts
from tests.core.hunyuan_county import CONFIRMED_PROFILE_TEXT, HunyuanAreas, make_hunyuan_layers
from tests.core.small_plan import convert_to_source_layers, get_outcome_of_rule, list_findings_of_rules

PRINTED_AREAS = HunyuanAreas()


def check_hunyuan(areas=PRINTED_AREAS, profile="hunyuan"):
    tables = make_hunyuan_layers(areas)
    first = 1
    for frame in tables.values():
        # One sequence of numbers over all layers.
        frame["BSM"] = [f"1402250000{n:08d}" for n in range(first, first + len(frame))]
        first += len(frame)
    return check_plan(convert_to_source_layers(tables), RunOptions(profile=str(profile), scope="three_lines"))


def get_indicator(report, name):
    return next(i for i in report.indicators if i.id == name)


def test_plan_with_the_printed_areas_of_hunyuan_meets_all_targets_and_shows_the_margin_of_each(tmp_path):
    path = tmp_path / "confirmed.toml"
    path.write_text(CONFIRMED_PROFILE_TEXT, encoding="utf-8")
    checked = check_hunyuan(profile=path)
    report = checked.report
    # Stated figures without a layer prevent the verdict 通过.
    assert not list_findings_of_rules(report) and report.verdict == "conditional", report.summary
    assert {name.partition(".")[0] for name in report.summary["unconfirmed"]} == {"targets"}
    for name, value, unit in (
        ("cultivated_area", 73.39, "wan_mu"),
        ("farmland_area", 63.25, "wan_mu"),
        ("red_line_area", 538.87, "km2"),
        ("boundary_area", 16.46, "km2"),
    ):
        one = get_indicator(report, name)
        assert (one.unit, one.state) == (unit, "met") and one.value == pytest.approx(value, abs=1e-7), name
    ratio = get_indicator(report, "expansion_ratio_n1")
    assert (ratio.target, ratio.state) == (1.25, "met") and ratio.value == pytest.approx(1.24, abs=1e-8)
    rows = {r["id"]: r for r in figures.make_figure_rows(report, checked.plan.norm, ReportTexts("zh"))}
    assert (rows["expansion_ratio_n1"]["margin"], rows["expansion_ratio_n1"]["value"]) == ("余 0.0100", "1.2400")
    page = render_report(report, checked.plan.norm, None)
    assert "余量" in page and "余 0.0100" in page


def test_margin_to_a_target_is_printed_with_its_word_and_unit():
    checked = check_hunyuan(replace(PRINTED_AREAS, boundary=16.4509, farmland=63.4062, red_line=539.02))
    rows = {
        r["id"]: r["margin"] for r in figures.make_figure_rows(checked.report, checked.plan.norm, ReportTexts("zh"))
    }
    assert (rows["boundary_area"], rows["farmland_area"], rows["red_line_area"]) == (
        "余 0.0091 km²",
        "余 0.1562 万亩",
        "余 0.15 km²",
    )


def test_urban_boundary_larger_by_one_hectare_fails_the_check():
    report = check_hunyuan(replace(PRINTED_AREAS, boundary=16.47)).report
    (finding,) = list_findings_of_rules(report, "LAW002")
    assert (finding.severity, finding.role, finding.case) == ("ERROR", "CZKFBJ", "broken")
    assert get_indicator(report, "boundary_area").state == "broken" and report.verdict == "fail"
    assert get_indicator(report, "expansion_ratio_n1").state == "met" and not list_findings_of_rules(report, "LAW001")


@pytest.mark.parametrize(
    ("farmland", "state", "severity", "verdict"),
    [
        (63.25, "met", None, "conditional"),
        (63.246, "close", "WARNING", "conditional"),
        (63.24, "broken", "ERROR", "fail"),
        (63.2449, "broken", "ERROR", "fail"),
    ],
)
def test_farmland_that_rounds_up_to_its_target_gives_a_warning_and_farmland_further_below_an_error(
    farmland, state, severity, verdict
):
    report = check_hunyuan(replace(PRINTED_AREAS, farmland=farmland)).report
    assert get_indicator(report, "farmland_area").state == state and report.verdict == verdict
    findings = list_findings_of_rules(report, "LAW002")
    assert [str(f.severity) for f in findings] == ([severity] if severity else [])
    if state == "close":
        assert "取整" in findings[0].message
    assert get_indicator(report, "cultivated_area").state == "met"


def test_expansion_ratio_that_exceeds_its_limit_but_rounds_to_it_is_an_error():
    """Check the ratio 1.25004, which prints as 1.2500 and exceeds the limit 1.25."""
    report = check_hunyuan(replace(PRINTED_AREAS, base=16.46 / 1.25004)).report
    (finding,) = list_findings_of_rules(report, "LAW001")
    assert (finding.severity, report.verdict) == ("ERROR", "fail") and "1.25004" in finding.message
    assert get_outcome_of_rule(report, "LAW002").outcome == "passed"


def test_target_met_within_the_warning_margin_of_the_profile_is_not_called_a_rounding_difference(tmp_path):
    """Require a warning margin of 0.2 %; only the boundary is closer to its target."""
    path = tmp_path / "margin.toml"
    path.write_text(CONFIRMED_PROFILE_TEXT + "[indicators]\nwarning_share = 0.002\n", encoding="utf-8")
    checked = check_hunyuan(replace(PRINTED_AREAS, farmland=63.4062, cultivated=73.6, red_line=541.0), profile=path)
    report = checked.report
    assert (
        get_indicator(report, "boundary_area").state == "warning"
        and get_indicator(report, "farmland_area").state == "met"
    )
    (finding,) = list_findings_of_rules(report)
    assert (finding.code, finding.severity) == ("LAW008", "INFO") and "城镇开发边界" in finding.message
    assert report.verdict == "conditional"
    rows = {r["id"]: r for r in figures.make_figure_rows(report, checked.plan.norm, ReportTexts("zh"))}
    assert (rows["boundary_area"]["state"], rows["boundary_area"]["icon"]) == ("余量不足", "INFO")
