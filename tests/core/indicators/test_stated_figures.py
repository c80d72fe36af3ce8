# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures stated in a plan's text and tables, compared with the map (LAW007)."""

import openpyxl
import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import InputError
from plugin.core.indicators.typed_figures import parse_figure, read_printed_figures
from plugin.paths import SAMPLE_FOLDER
from tests.core.small_plan import (
    convert_to_source_layers,
    explain_error,
    get_outcome_of_rule,
    join_notices,
    list_findings_of_rules,
    write_gpkg,
)

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


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("none.xlsx", None, "figures_missing"),
        ("a.csv", b"\xff\xff\x81", "figures_unreadable"),
        ("a.xlsx", b"no workbook", "figures_unreadable"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "figures_no_head"),
    ],
)
def test_unreadable_table_of_figures_is_refused_before_the_layers_are_read(tmp_path, name, data, key):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        check_plan("no such source", RunOptions(figures=str(path)))
    assert caught.value.key == key and name in explain_error(caught.value)


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
    report = check_with_stated_figures(tmp_path, "扩展倍数,0.05,倍,文本")
    (finding,) = list_findings_of_rules(report)
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
