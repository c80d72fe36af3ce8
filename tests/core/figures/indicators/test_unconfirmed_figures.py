# SPDX-License-Identifier: GPL-2.0-or-later
"""Unconfirmed figures prevent the verdict 通过 (passed)."""

import json

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.tabulate import tabulate_sources
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.counties.seams.check_seams import check_seams
from plugin.core.counties.seams.seam_result import SeamOptions
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.ratio import find_base_year, find_windows
from plugin.core.figures.supplied_tables import parse_figure, read_printed_figures
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.verdict import Verdict
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.adjustment.adjustment_outputs import adjustment_to_dict
from plugin.core.studies.adjustment.adjustment_result import AdjustmentOptions, Outcome
from plugin.core.studies.adjustment.compare_lines import compare_line
from plugin.core.studies.evaluation.evaluate_editions import evaluate_editions
from plugin.core.studies.evaluation.evaluated_editions import Edition, Level
from plugin.core.studies.office_tables.make_office_tables import TableOrder, describe_tables, fill_office_tables
from plugin.paths import SAMPLE_FOLDER
from tests.core.counties.seams.seam_counties import write_counties
from tests.core.small_plan import (
    convert_to_source_layers,
    get_outcome_of_rule,
    join_notices,
    list_findings_of_rules,
    write_gpkg,
)
from tests.core.studies.adjustment.test_adjustment import BOX_IN_EAST, OLD_TOWN, write_editions
from tests.core.studies.evaluation.test_evaluation import make_layers, write_profile
from tests.core.studies.office_tables.table_county import write_table_county

SQUARE_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
#: 1 000 m² except for the distortion of the plane.
FARMLAND_WKT = "POLYGON ((2000 0, 2040 0, 2040 25, 2000 25, 2000 0))"
RED_LINE_WKT = "POLYGON ((4000 0, 5000 0, 5000 500, 4000 500, 4000 0))"
#: Statutory area of SQUARE; TBMJ of a correct table.
SQUARE_AREA_M2 = 999_753.0
PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\nbase = "shanxi"\n'
CONFIRM_ALL = '[confirmed]\nby = "局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["all"]\n'


def make_county_layers(boundary=None, parcels=None, farmland=None, parcel_layer="DLTB"):
    """Return the rows of a small county by layer; arguments replace values of one layer."""
    norm = make_example_norm()
    base = {
        "wkt": SQUARE_WKT,
        "land_use": "0701",
        "urban_code": "202",
        "gross_area": SQUARE_AREA_M2,
        "net_area": SQUARE_AREA_M2,
        "data_year": 2020,
    }
    base |= {"deduction_rate": 0.0, "deduction_area": 0.0} | (parcels or {})
    field = {
        "wkt": FARMLAND_WKT,
        "land_use": "0103",
        "gross_area": 1000.0,
        "deduction_rate": 0.1,
        "deduction_area": 100.0,
    }
    rows = {
        "CZKFBJ": [{"wkt": SQUARE_WKT, "zone_code": "410", "zone_name": "城镇集中建设区"} | (boundary or {})],
        "DLTB": [base],
        "YJJBNTBHTB": [field | {"net_area": 900.0} | (farmland or {})],
        "STBHHX": [RED_LINE_WKT],
    }
    return [make_example_layer(r, rows[r], norm, name=parcel_layer if r == "DLTB" else r) for r in rows]


def check_with_profile(tmp_path, layers, profile="", **options):
    """Return the report of a check with a profile that confirms all settings, and further profile text."""
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD + profile + CONFIRM_ALL, encoding="utf-8")
    return check_plan(layers, RunOptions(profile=str(path), **options)).report


def get_expansion_ratio(report, form="n1"):
    return next(i for i in report.indicators if i.id == f"expansion_ratio_{form}")


def test_county_without_defects_and_targets_passes_conditionally_because_of_missing_targets_only(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers())
    # The tests number each layer from 1, therefore keys occur in two layers.
    assert {f.code for f in report.findings} == {"ATT005"} and report.verdict is Verdict.CONDITIONAL
    assert report.summary["unconfirmed"] == ["targets.missing"]
    assert get_expansion_ratio(report).confirmed and get_expansion_ratio(report).value == pytest.approx(1.0, abs=1e-4)
    assert get_expansion_ratio(report).inputs["denominator_difference_m2"] == pytest.approx(0, abs=2)


@pytest.mark.parametrize("form", ["n2", "n3"])
@pytest.mark.parametrize("code", [None, "400"], ids=["blank", "coarse"])
def test_urban_boundary_without_zone_codes_has_no_ratio_by_zones(tmp_path, form, code):
    layers = make_county_layers(boundary={"zone_code": code, "zone_name": None})
    report = check_with_profile(tmp_path, layers, f'[ratio]\nform = "{form}"\nlimit = 1.1\n')
    assert get_outcome_of_rule(report, "LAW001").incomplete and report.verdict is Verdict.INCOMPLETE
    assert not get_expansion_ratio(report, form).confirmed


def test_urban_boundary_without_zone_codes_leaves_the_ratio_n1_unconfirmed(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers(boundary={"zone_code": None, "zone_name": None}))
    assert (
        "ratio.uncoded" in get_outcome_of_rule(report, "LAW001").unconfirmed and report.verdict is Verdict.CONDITIONAL
    )


@pytest.mark.parametrize(
    ("parcels", "options", "layer"),
    [
        pytest.param({"data_year": "2023年"}, {}, "DLTB_2020", id="unreadable field, name with 2020"),
        pytest.param({"data_year": 2023}, {"base_year": 2020}, "DLTB", id="parameter contradicts field"),
        pytest.param({"data_year": None}, {}, "DLTB_2023", id="name with another year"),
        pytest.param({"data_year": None}, {}, "DLTB", id="no year given"),
        pytest.param({"data_year": 2019}, {}, "DLTB_2020", id="field contradicts name"),
        pytest.param({"data_year": None}, {}, "DLTB 2020-2035年", id="name with the period of the plan"),
        pytest.param(
            {"data_year": None}, {}, "DLTB 2020年—2035年", id="name with the period of the plan in other words"
        ),
    ],
)
def test_check_with_a_missing_unreadable_or_contradictory_base_year_leaves_the_ratio_unconfirmed(
    tmp_path, parcels, options, layer
):
    report = check_with_profile(tmp_path, make_county_layers(parcels=parcels, parcel_layer=layer), **options)
    assert "ratio.base_year" in get_outcome_of_rule(report, "LAW001").unconfirmed
    assert not get_expansion_ratio(report).confirmed and report.verdict is not Verdict.PASSED


@pytest.mark.parametrize(
    ("parcels", "options", "layer"),
    [
        pytest.param({"data_year": None}, {}, "DLTB_2020", id="name"),
        pytest.param({"data_year": None}, {"base_year": 2020}, "DLTB", id="parameter"),
        pytest.param({"data_year": None}, {}, "总规2021-2035 DLTB 2020", id="period and year"),
    ],
)
def test_year_of_the_base_data_is_read_from_the_layer_name_or_a_parameter(tmp_path, parcels, options, layer):
    report = check_with_profile(tmp_path, make_county_layers(parcels=parcels, parcel_layer=layer), **options)
    assert get_expansion_ratio(report).confirmed and get_expansion_ratio(report).inputs["base_year"] == 2020


def test_period_of_the_plan_in_a_file_name_is_not_taken_for_the_base_year(tmp_path):
    """Read a file name with the period 2021－2035; its base data are of 2020."""
    ctx = RuleContext(make_example_plan({"XZYDYH": [SQUARE_WKT]}), make_example_norm(), Tolerance())
    (layer,) = ctx.plan.layers.values()
    layer.source.source = "D:\\规划\\浑源县国土空间总体规划（2021－2035年）.gdb"
    assert find_base_year(layer, ctx) == (2020, "XZYDYH")
    layer.source.source = "D:\\规划\\浑源县现状2019.gdb"
    assert find_base_year(layer, ctx) == (2019, "浑源县现状2019.gdb")


def test_base_area_field_far_from_the_measured_area_is_not_confirmed(tmp_path):
    report = check_with_profile(tmp_path, make_county_layers(parcels={"gross_area": 5e8, "net_area": 5e8}))
    assert (
        "ratio.denominator" in get_outcome_of_rule(report, "LAW001").unconfirmed
        and report.verdict is Verdict.CONDITIONAL
    )


FARMLAND_TARGET_SECTION = '[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "{}"\nunit = "m2"\nyear = {}\nbinding = ""\nsource = ""\n'


@pytest.mark.parametrize(
    "farmland",
    [
        pytest.param({"deduction_rate": 1.5}, id="rate"),
        pytest.param({"deduction_area": 200.0, "net_area": 800.0}, id="deduction"),
        pytest.param({"deduction_area": None, "net_area": 1000.0}, id="net without the deduction"),
        pytest.param({"net_area": None}, id="net missing"),
    ],
)
def test_net_area_inconsistent_with_its_deduction_is_not_confirmed(tmp_path, farmland):
    report = check_with_profile(
        tmp_path, make_county_layers(farmland=farmland), FARMLAND_TARGET_SECTION.format("1", 2035)
    )
    assert [f.code for f in report.findings if f.code == "ATT003"]
    figure = next(i for i in report.indicators if i.id == "farmland_area")
    assert not figure.confirmed and "figures.farmland_area" in get_outcome_of_rule(report, "LAW002").unconfirmed


def test_two_targets_of_one_indicator_are_compared_separately_and_one_missed_target_fails_the_check(tmp_path):
    report = check_with_profile(
        tmp_path,
        make_county_layers(),
        FARMLAND_TARGET_SECTION.format("999999", 2025) + FARMLAND_TARGET_SECTION.format("1", 2035),
    )
    states = [(i.target, i.state, i.name[-8:]) for i in report.indicators if i.id == "farmland_area"]
    assert states == [(999999.0, "broken", "（2025 年）"), (1.0, "met", "（2035 年）")]
    assert report.verdict is Verdict.FAILED


def test_equal_targets_of_several_years_are_named_by_their_years_in_order(tmp_path):
    targets = "".join(FARMLAND_TARGET_SECTION.format("1", year) for year in (2035, 2030, 2025))
    report = check_with_profile(tmp_path, make_county_layers(), targets)
    assert [i.name for i in report.indicators if i.id == "farmland_area"] == [
        f"永久基本农田保护面积（{year} 年）" for year in (2025, 2030, 2035)
    ]


def test_difference_of_zero_is_not_called_a_rounding_difference():
    from plugin.core.model.indicator import compare_area_with_target

    assert compare_area_with_target(1000 * 66.1, "<=", 66100.0, 1) == "met"
    assert (
        compare_area_with_target(66.095, ">=", 66.1, 2) == "close"
        and compare_area_with_target(66.094, ">=", 66.1, 2) == "broken"
    )


def test_value_that_a_county_profile_replaces_is_unconfirmed_although_its_base_profile_confirms_it(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD.replace("shanxi", "hunyuan") + "[ratio]\nlimit = 9.9\n", encoding="utf-8")
    report = check_plan(make_county_layers(), RunOptions(profile=str(path))).report
    assert "ratio.limit" in get_outcome_of_rule(report, "LAW001").unconfirmed


def test_severity_in_the_profile_replaces_that_of_findings_on_farmland_in_an_urban_zone(tmp_path):
    zone = make_example_layer(
        "YDYHGHFQ", [{"wkt": FARMLAND_WKT, "zone_code": "410", "zone_name": "城镇集中建设区"}], make_example_norm()
    )
    report = check_with_profile(
        tmp_path, [*make_county_layers(), zone], '[severity]\nREL006 = "WARNING"\n', rules=("REL006",)
    )
    urban = [f for f in report.findings if f.case == "urban"]
    assert urban and {str(f.severity) for f in urban} == {"WARNING"}


def test_farmland_on_a_plan_parcel_with_the_land_use_class_cultivated_land_gives_no_finding(tmp_path):
    norm = make_example_norm()
    parcels = make_example_layer(
        "XZYDYH", [{"wkt": FARMLAND_WKT, "land_use": "010000", "urban_code": "", "gross_area": 1.0}], norm
    )
    layers = [s for s in make_county_layers() if s.name != "DLTB"] + [parcels]
    assert check_with_profile(tmp_path, layers, rules=("LAW010",)).findings == []


def test_farmland_without_a_land_use_code_is_reported(tmp_path):
    layers = [s for s in make_county_layers() if s.name != "YJJBNTBHTB"]
    layers.append(
        make_example_layer(
            "YJJBNTBHTB", [{"wkt": FARMLAND_WKT, "gross_area": 1.0, "net_area": 1.0}], make_example_norm()
        )
    )
    report = check_with_profile(tmp_path, layers, rules=("LAW010", "SCH002"))
    assert get_outcome_of_rule(report, "LAW010").incomplete
    assert ("SCH002", "DLBM") in [(f.code, f.field) for f in report.findings]


def test_gap_finding_keeps_its_fingerprint_when_another_gap_appears():
    from plugin.core.checks.run_check import run_check
    from plugin.core.cli.examples.plans import make_example_plan
    from plugin.core.engine.evaluate import choose_rules

    whole = "POLYGON ((0 0, 9000 0, 9000 1000, 0 1000, 0 0))"
    one = "POLYGON ((0 0, 9000 0, 9000 1000, 0 1000, 0 0), (100 100, 200 100, 200 200, 100 200, 100 100))"
    two = one[:-1] + ", (5000 100, 5500 100, 5500 600, 5000 600, 5000 100))"
    names = []
    for zone in (one, two):
        report = run_check(make_example_plan({"county": [whole], "zones": [zone]}), choose_rules(["TOP002"]))
        names.append({f.fingerprint: round(f.area_m2 or 0) for f in report.findings})
    assert names[0].items() < names[1].items() and len(names[1]) == 2


def test_windows_of_the_urban_boundary_are_holes_of_the_union_of_its_rows():
    """Count windows: holes of the boundary and areas that two zones enclose.

    A zone inside the hole of another one fills the window.
    """
    ring = "POLYGON ((0 0, 300 0, 300 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40), (140 40, 160 40, 160 60, 140 60, 140 40))"
    inside = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
    hook = "POLYGON ((0 100, 0 200, 300 200, 300 100, 200 100, 200 150, 100 150, 100 100, 0 100))"
    for rows, count in (([ring], 2), ([ring, inside], 1), ([ring, inside, hook], 2)):
        plan = make_example_plan({"CZKFBJ": rows})
        assert len(find_windows(plan.layers["CZKFBJ"], RuleContext(plan, plan.norm, Tolerance()))) == count


def test_equal_base_years_of_field_and_parameter_name_the_field_as_source_and_unequal_ones_give_none(tmp_path):
    """Compare sources of one year: a package keeps the field, not the parameter."""
    report = check_with_profile(tmp_path, make_county_layers(), base_year=2020)
    assert get_expansion_ratio(report).inputs["base_year_source"] == "SJNF"
    inputs = get_expansion_ratio(check_with_profile(tmp_path, make_county_layers(), base_year=2019)).inputs
    assert (inputs["base_year"], inputs["base_year_source"]) == (None, "parameter, SJNF")


FIGURE_COLUMNS = "指标,数值,单位,位置\n"


@pytest.mark.parametrize(
    ("value", "unit", "read"),
    [
        ("63.25", "万亩", (63.25, 2, "wan_mu", "=")),
        (" 5,649 ", "万亩", (5649.0, 0, "wan_mu", "=")),
        ("538.87平方千米", "", (538.87, 2, "km2", "=")),
        ("不低于63.25万亩", "", (63.25, 2, "wan_mu", ">=")),
        ("控制在16.46km²以内", "", (16.46, 2, "km2", "<=")),
        ("≤1.25", "倍", (1.25, 2, "ratio", "<=")),
        ("27.37%", "", (27.37, 2, "share", "=")),
        ("3.40", "万平方千米", (3.4, 2, "wan_km2", "=")),
        ("100", "HM2", (100.0, 0, "ha", "=")),
        ("12.5", "公里", (12.5, 1, None, "=")),
        ("若干", "公顷", (None, 0, "ha", "=")),
        ("", "", (None, 0, "", "=")),
        # Ambiguous: two units, a range, or other text after the number.
        ("63.25万亩", "亩", (None, 0, "mu", "=")),
        ("63.25万亩", "万亩", (63.25, 2, "wan_mu", "=")),
        ("27.37%", "％", (27.37, 2, "share", "=")),
        ("63.25～65.00", "万亩", (None, 0, "wan_mu", "=")),
        ("63.25-65.00万亩", "", (63.25, 2, None, "=")),
        ("63.25 65.00", "万亩", (None, 0, "wan_mu", "=")),
        ("1.965e+10", "平方米", (None, 0, "m2", "=")),
        ("5.3亿", "平方米", (None, 0, "m2", "=")),
        ("1,5", "公顷", (None, 0, "ha", "=")),
        # Full-width digits of a Chinese input method.
        ("６３．２５", "万亩", (63.25, 2, "wan_mu", "=")),
        ("1，965，000 平方米", "", (1965000.0, 0, "m2", "=")),
        ("1 965 000.5", "平方米", (1965000.5, 1, "m2", "=")),
        ("16.46km²", "平方千米", (16.46, 2, "km2", "=")),
    ],
)
def test_stated_figure_is_parsed_with_unit_and_comparison(value, unit, read):
    one = parse_figure("红线面积", value, unit, "文本第12条")
    assert (one.value, one.decimals, one.unit, one.comparison) == read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_table_of_stated_figures_is_read_in_each_encoding(tmp_path, encoding):
    path = tmp_path / "数.csv"
    path.write_bytes(
        ("浑源县主要指标\n\n" + FIGURE_COLUMNS + "红线面积,538.87,平方千米,文本第12条\n,,,\n").encode(encoding)
    )
    (one,) = read_printed_figures(path)
    assert (one.name, one.value, one.unit, one.printed_at, one.line_number) == (
        "红线面积",
        538.87,
        "km2",
        "文本第12条",
        4,
    )


@pytest.mark.parametrize(
    ("above", "head", "units"),
    [
        ("", "指标,数值（公顷）,位置", ["ha", "km2"]),
        ("主要指标表,,单位：公顷\n", "指标,数值（2035年）,位置", ["ha", "km2"]),
        ("计量单位: hm2,,\n", "指标,数值,位置", ["ha", "km2"]),
        ("单位：万亩,,\n", "指标,数值(公顷),位置", ["ha", "km2"]),
        ("单位：各指标见下,,\n", "指标,数值,位置", ["", "km2"]),
    ],
)
def test_unit_of_stated_figures_is_read_from_the_column_head_or_title(tmp_path, above, head, units):
    path = tmp_path / "t.csv"
    path.write_text(f"{above}{head}\n红线面积,538.87,附表1\n红线面积,5.39平方千米,附表1\n", encoding="utf-8")
    assert [f.unit for f in read_printed_figures(path)] == units


def test_unit_column_overrides_the_unit_of_the_whole_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "单位：公顷,,,\n指标,数值,单位,位置\n红线面积,5.39,平方千米,附表1\n红线面积,539,,附表2\n", encoding="utf-8"
    )
    assert [f.unit for f in read_printed_figures(path)] == ["km2", "ha"]


def test_numbers_of_a_stated_figure_workbook_are_read_without_exponents_and_binary_rounding(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["指标", "数值", "单位", "位置"])
    for value in (19_650_000_000, 123_456_789_012, 19_650_000_000.5, 0.00001, 0.1 + 0.2):
        book.active.append(["红线面积", value, "平方米", "附表1"])
    book.save(tmp_path / "t.xlsx")
    assert [f.printed_text for f in read_printed_figures(tmp_path / "t.xlsx")] == [
        "19650000000",
        "123456789012",
        "19650000000.5",
        "0.00001",
        "0.3",
    ]


def test_precision_of_a_workbook_figure_is_that_of_its_displayed_digits(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["主要指标表"])
    sheet.append(["序号", "指标名称", "规划值", "单位（2035年）", "所在位置"])
    sheet.append([1, "永久基本农田", 63.2, "万亩", "附表1"])
    sheet["C3"].number_format = "0.00"
    sheet.append([2, "红线面积", 538.87, "平方千米", "附表1"])
    sheet.append([3, None, 538.9, "平方千米", "附表2"])
    sheet.merge_cells("B4:B5")
    book.create_sheet("说明").append(["别的内容"])
    book.save(tmp_path / "t.xlsx")
    first, second, third = read_printed_figures(tmp_path / "t.xlsx")
    assert (first.value, first.decimals) == (63.2, 2) and (second.value, second.decimals) == (538.87, 2)
    assert (third.name, third.value, third.decimals, third.printed_at) == ("红线面积", 538.9, 1, "附表2")


def check_with_stated_figures(tmp_path, *rows, **options):
    path = tmp_path / "数.csv"
    path.write_text(FIGURE_COLUMNS + "".join(f"{r}\n" for r in rows), encoding="utf-8")
    return check_plan(convert_to_source_layers(), RunOptions(rules=("LAW007",), figures=str(path), **options)).report


def test_finding_on_contradicting_figures_states_both_text_sources_and_the_map_figure(tmp_path):
    report = check_with_stated_figures(
        tmp_path, "城镇开发边界面积,19.00,公顷,文本第8条", "开发边界面积,22.00,公顷,附表1"
    )
    against_map, texts = sorted(list_findings_of_rules(report), key=lambda f: f.case)
    assert (against_map.case, texts.case) == ("map", "text")
    for part in ("附表1", "22.00 公顷", "城镇开发边界"):
        assert part in against_map.message, against_map.message
    for part in ("附表1", "文本第8条", "22.00 公顷", "19.00 公顷", "图上量算为 19.00"):
        assert part in texts.message, texts.message
    assert {f.severity for f in list_findings_of_rules(report)} == {"ERROR"}
    assert "数.csv" in join_notices(report) and str(tmp_path) not in join_notices(report)
    assert len({f.fingerprint for f in list_findings_of_rules(report)}) == 2


def test_stated_figure_gives_no_finding_within_one_hectare_or_half_of_its_last_digit_of_the_map(tmp_path):
    # The map has about 18.99 ha.
    fine = ("19.9,公顷,甲", "18.0,公顷,乙", "0.03,万亩,丙", "0.2,平方千米,丁")
    assert not list_findings_of_rules(check_with_stated_figures(tmp_path, *(f"开发边界面积,{row}" for row in fine[:1])))
    for row in fine:
        assert not list_findings_of_rules(check_with_stated_figures(tmp_path, f"开发边界面积,{row}")), row
    for row in ("20.1,公顷,甲", "17.9,公顷,乙", "0.035,万亩,丙", "0.3,平方千米,丁"):
        assert [f.case for f in list_findings_of_rules(check_with_stated_figures(tmp_path, f"开发边界面积,{row}"))] == [
            "map"
        ], row
    loose = {"LAW007": {"allowance_m2": 20_000.0}}
    assert not list_findings_of_rules(
        check_with_stated_figures(tmp_path, "开发边界面积,20.1,公顷,甲", parameters=loose)
    )


def test_stated_figure_with_unknown_indicator_unreadable_value_or_unsuitable_unit_gives_a_warning(tmp_path):
    report = check_with_stated_figures(
        tmp_path, "红线长度,12,公里,附表3", "红线面积,很大,公顷,附表3", "红线面积,12,个,附表4"
    )
    cases = {f.case: f for f in list_findings_of_rules(report)}
    assert set(cases) == {"unknown", "unreadable", "unit"}
    assert "红线长度" in cases["unknown"].message and "第 2 行" in cases["unknown"].message
    assert all(str(f.severity) == "WARNING" for f in list_findings_of_rules(report))


def test_stated_figure_without_its_layer_is_reported(tmp_path):
    report = check_with_stated_figures(tmp_path, "森林覆盖率,14.17,%,文本", "森林覆盖率,14.17,%,附表")
    rule = get_outcome_of_rule(report, "LAW007")
    assert rule.outcome == "passed" and not rule.incomplete and "森林覆盖率" in rule.reason
    report = check_with_stated_figures(tmp_path, "湿地面积,3.00,km2,文本")
    rule = get_outcome_of_rule(report, "LAW007")
    assert rule.incomplete and "SD" in rule.reason


def test_stated_expansion_ratio_of_unknown_form_is_compared_by_the_form_of_the_profile(tmp_path):
    (finding,) = list_findings_of_rules(check_with_stated_figures(tmp_path, "扩展倍数,0.05,倍,文本"))
    assert finding.params["indicator"] == "expansion_ratio_n1" and "扩展倍数 N1" in finding.message


def test_rule_on_stated_figures_without_their_table_gives_a_reason_that_names_the_option():
    report = check_plan(convert_to_source_layers(), RunOptions(rules=("LAW007",))).report
    rule = get_outcome_of_rule(report, "LAW007")
    assert rule.outcome == "not_applicable" and "--figures" in rule.reason


def test_table_of_figures_is_refused_as_an_output_path(tmp_path, capsys):
    from plugin.core.__main__ import main

    path = tmp_path / "数.csv"
    path.write_text(FIGURE_COLUMNS + "红线面积,1,公顷,甲\n", encoding="utf-8")
    source = write_gpkg(tmp_path / "县.gpkg")
    assert main(["check", str(source), "--figures", str(path), "--json", str(path)]) == 2
    assert path.read_text(encoding="utf-8").startswith("指标")
    assert main(["check", str(source), "--figures", str(path), "--rules", "LAW007"]) == 1
    assert "LAW007" in capsys.readouterr().out


def test_example_table_of_stated_figures_gives_its_three_planted_contradictions_as_findings():
    """Check the example table, in which boundary, ratio and one typing error differ."""
    options = RunOptions(rules=("LAW007",), profile="hunyuan", figures=str(SAMPLE_FOLDER / "figures.csv"))
    report = check_plan(SAMPLE_FOLDER, options).report
    assert sorted((f.case, f.params["place"]) for f in list_findings_of_rules(report)) == [
        ("bound", "文本第14条"),
        ("bound", "文本第14条"),
        ("map", "附表2"),
    ]
    rule = get_outcome_of_rule(report, "LAW007")
    assert not rule.incomplete and "森林覆盖率" in rule.reason


TEXTS = Texts("zh")
KEY = "140225777777777777"


def add_row(path, role, shape=None, **columns):
    """Add a row with a known key, by default without a shape, to a layer of a GeoPackage."""
    frame = gpd.read_file(path, layer=role)
    row = frame.iloc[[0]].assign(BSM=KEY, **columns)
    row["geometry"] = gpd.GeoSeries([shape], index=row.index, crs=frame.crs)
    joined = gpd.GeoDataFrame(pd.concat([frame, row], ignore_index=True), crs=frame.crs)
    joined.to_file(path, layer=role, engine="pyogrio", geometry_type="Unknown")


@pytest.fixture
def edition(tmp_path):
    """Write a county that meets its target of the red line; return its data and profile."""
    data = tmp_path / "数据.gpkg"
    write_gpkg(data, make_layers(600))
    return data, write_profile(tmp_path / "县配置.toml")


@pytest.mark.parametrize("shape", [None, shapely.Point(38_540_000, 4_390_000)], ids=["no shape", "point"])
def test_figure_of_a_layer_with_an_unused_row_is_not_confirmed(edition, shape):
    data, profile = edition
    options = RunOptions(profile=profile)
    (clean, _) = tabulate_sources(data, options).indicators.compute_indicator("red_line_area").figures
    assert clean.confirmed and clean.state == "met"
    add_row(data, "STBHHX", shape)
    tabulated = tabulate_sources(data, options)
    for figure in tabulated.indicators.compute_indicator("red_line_area").figures:
        assert not figure.confirmed and figure.state in ("unconfirmed", "broken")
    (other,) = tabulated.indicators.compute_indicator("farmland_area").figures
    assert other.backed
    assert any(KEY in notice for notice in tabulated.notices)
    report = check_plan(data, options).report
    assert [one.state for one in report.indicators if one.id == "red_line_area" and one.target == 20] == ["unconfirmed"]


def test_evaluation_does_not_confirm_a_figure_with_an_unused_row(edition, tmp_path):
    data, profile = edition
    earlier = tmp_path / "前.gpkg"
    write_gpkg(earlier, make_layers(600))
    add_row(data, "STBHHX")
    editions = [Edition(year, str(path), profile) for year, path in ((2022, earlier), (2024, data))]
    result = evaluate_editions(editions)
    series = next(one for one in result.series if one.id == "red_line_area")
    assert [one.confirmed for one in series.points] == [True, False]
    assert series.points[1].state == "unconfirmed" and series.level is Level.UNDETERMINED
    assert KEY in " ".join(result.editions[1].notices)


@pytest.mark.parametrize("role", ["CZKFBJ", "earlier CZKFBJ", "YJJBNTBHTB", "STBHHX", "DLTB"])
def test_adjustment_judges_nothing_by_a_layer_with_an_unused_row(tmp_path, role):
    old, new = write_editions(tmp_path, OLD_TOWN)
    edition, role = (old if role.startswith("earlier") else new), role.removeprefix("earlier ")
    add_row(edition, role)
    result = compare_line(new, AdjustmentOptions(str(old)))
    criteria = {
        "CZKFBJ": {one.id for one in result.criteria},
        "YJJBNTBHTB": {"no_farmland_taken"},
        "STBHHX": {"no_red_line_taken"},
        "DLTB": {"ratio_not_increased", "cultivated_not_increased"},
    }[role]
    undetermined = {one.id for one in result.criteria if one.outcome is Outcome.UNDETERMINED}
    assert undetermined == criteria and result.verdict is Outcome.UNDETERMINED
    data = json.loads(json.dumps(adjustment_to_dict(result), default=str))
    assert all(KEY in " ".join(one["gaps"]) for one in data["criteria"] if one["id"] in criteria)
    assert KEY in " ".join(data["notes"])


def test_land_that_an_adjustment_takes_for_certain_still_fails(tmp_path):
    old, new = write_editions(tmp_path, OLD_TOWN.union(BOX_IN_EAST), farmland=[BOX_IN_EAST])
    add_row(new, "YJJBNTBHTB")
    outcomes = {one.id: one.outcome for one in compare_line(new, AdjustmentOptions(str(old))).criteria}
    assert outcomes["no_farmland_taken"] is Outcome.FAILS


def test_office_tables_name_an_unused_row(tmp_path):
    data = write_table_county(tmp_path / "county.gpkg")
    add_row(data, "STBHHX")
    result = fill_office_tables(data, TableOrder(output=str(tmp_path / "t.xlsx")), RunOptions())
    assert all("生态保护红线有要素未能使用" in " ".join(table.notes) for table in result.tables)
    assert any(line.is_warning and KEY in line.text for line in describe_tables(result, "zh"))


def test_seams_name_an_unused_row_and_call_no_pair_clean(tmp_path, capsys):
    paths = write_counties(tmp_path)
    for path in paths:
        add_row(path, "STBHHX")
    options = SeamOptions(tuple(map(str, paths)), tmp_path / "out")
    result, _ = check_seams(options)
    assert all(KEY in gap.render(TEXTS) for county in result.counties for gap in county.gaps)
    assert KEY in (tmp_path / "out" / "seams.html").read_text(encoding="utf-8")
    assert main(["seams", *map(str, paths), "--output", str(tmp_path / "other")]) != 0
    assert KEY in "".join(capsys.readouterr())
