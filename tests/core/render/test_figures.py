# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows and notes of indicator figures as printed in reports."""

import re
import string
import tomllib
from dataclasses import replace

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import DataError
from plugin.core.messages.texts import Texts, strip_folders
from plugin.core.model.findings import Finding
from plugin.core.model.indicator import MISSED_BY_ROUNDING, REFERENCE_ONLY, TARGET_MET, TARGET_MISSED, Indicator
from plugin.core.render import figures
from plugin.core.render.html import make_township_section
from plugin.core.render.sections import format_crs_label, format_moment
from plugin.core.render.words import ReportTexts
from plugin.paths import SAMPLE_FOLDER, TEXTS_FOLDER
from tests.core.report_fixtures import make_ratio_indicator, make_report

CHINESE_WORDS = ReportTexts("zh")
HUNYUAN_NORM = RunOptions(profile="hunyuan").resolve_norm()


def format_indicator_row(indicator, norm=HUNYUAN_NORM, words=CHINESE_WORDS):
    report = make_report()
    report.indicators = [indicator]
    found = figures.make_figure_rows(report, norm, words)[0]
    return {k: v.replace("\u202f", " ") if isinstance(v, str) else v for k, v in found.items()}


def make_area_indicator(value, unit, sign, target, decimals=2, state=TARGET_MET, **more):
    return Indicator("x", value, unit, "statutory", sign, target, decimals, "规划文本", state=state, name="x", **more)


INDICATOR_ROW_CASES = [
    (make_area_indicator(63.4062, "wan_mu", ">=", 63.25), "≥ 63.25 万亩", "63.4062 万亩", "余 0.1562 万亩", "达到"),
    (make_area_indicator(539.02, "km2", ">=", 538.87), "≥ 538.87 km²", "539.02 km²", "余 0.15 km²", "达到"),
    (make_area_indicator(16.4509, "km2", "<=", 16.46), "≤ 16.46 km²", "16.4509 km²", "余 0.0091 km²", "未超限"),
    (
        make_area_indicator(16.57, "km2", "<=", 16.46, state=TARGET_MISSED),
        "≤ 16.46 km²",
        "16.57 km²",
        "超出 0.11 km²",
        "超出",
    ),
    (
        make_area_indicator(73.3864, "wan_mu", ">=", 73.39, state=MISSED_BY_ROUNDING),
        "≥ 73.39 万亩",
        "73.3864 万亩",
        "缺 0.0036 万亩",
        "取整差",
    ),
    (
        make_area_indicator(73.38499999, "wan_mu", ">=", 73.39, state=TARGET_MISSED),
        "≥ 73.39 万亩",
        "73.3850 万亩",
        "缺 0.0050 万亩",
        "未达到",
    ),
    (make_area_indicator(16.46, "km2", "<=", 16.46), "≤ 16.46 km²", "16.46 km²", "余 0.00 km²", "未超限"),
    (
        make_area_indicator(1234567.5, "m2", "<=", 2e6, 0),
        "≤ 2 000 000 m²",
        "1 234 567.50 m²",
        "余 765 432.50 m²",
        "未超限",
    ),
    (
        make_area_indicator(5649.0, "wan_mu", ">=", 5649.0, 0),
        "≥ 5 649 万亩",
        "5 649.0000 万亩",
        "余 0.0000 万亩",
        "达到",
    ),
    (make_area_indicator(5.0, "count", ">=", 3.0, 0), "≥ 3 个", "5 个", "余 2 个", "达到"),
    (Indicator("y", 12.3456, "ha", "net", name="y"), "", "12.35 ha", "", "参考"),
    (Indicator("z", None, "km2", "statutory", ">=", 1.0, 1, state=REFERENCE_ONLY), "≥ 1.0 km²", "—", "", "无法计算"),
]


@pytest.mark.parametrize(("indicator", "target", "value", "margin", "state"), INDICATOR_ROW_CASES)
def test_indicator_row_shows_value_target_margin_to_the_target_and_state(indicator, target, value, margin, state):
    found = format_indicator_row(indicator)
    assert (found["target"], found["value"], found["margin"], found["state"]) == (target, value, margin, state)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_printed_value_without_a_unit_has_no_trailing_space(lang):
    figures = {"value": 5, "comparison": "=", "target": 7, "miss": 2}
    params = {"indicator": "detail_units_count", "unit": "count", **figures}
    message = Texts(lang).format_message(Finding("", code="LAW002", case="broken", params=params), {})
    assert ("5 个，目标 = 7 个，相差 2 个。" if lang == "zh" else "is 5, the target is = 7: difference 2.") in message


def test_unconfirmed_ratio_below_its_limit_is_marked_with_an_asterisk_and_not_shown_as_met():
    found = format_indicator_row(make_ratio_indicator("n1", 1.24758, 1.25))
    assert (found["target"], found["value"], found["margin"], found["state"]) == (
        "≤ 1.25",
        "1.2476",
        "余 0.0024",
        "未超限*",
    )
    assert found["marks"] == ["A", "C"] and found["decides"]
    assert "合格" not in "".join(map(str, found.values()))
    assert found["inputs"] == "开发边界 16 450 900.00 ÷ 基数 13 186 200.00 m²"
    assert format_indicator_row(make_ratio_indicator("n1", 1.2476, 1.25, confirmed=True))["state"] == "未超限"
    assert format_indicator_row(make_ratio_indicator("n1", 1.2501, 1.25))["state"] == "超出*"


def test_ratio_a_few_millionths_above_its_limit_is_printed_with_enough_decimals_to_exceed_it():
    found = format_indicator_row(make_ratio_indicator("n1", 1.250004, 1.25))
    assert (found["value"], found["margin"]) == ("1.250004", "超出 0.000004")


def test_expansion_ratios_without_a_limit_are_shown_with_their_inputs_for_reference():
    assert (
        format_indicator_row(make_ratio_indicator("n2", 1.1745))["inputs"]
        == "（集中建设区 14 986 900.00 + 弹性发展区 500 000.00）÷ 基数 13 186 200.00 m²"
    )
    assert (
        format_indicator_row(make_ratio_indicator("n3", 1.2138))["inputs"]
        == "（基数 13 186 200.00 + 新增 2 819 000.00）÷ 基数 13 186 200.00 m²"
    )
    assert format_indicator_row(make_ratio_indicator("n3", 1.2138))["state"] == "参考*"


def test_notes_on_the_expansion_ratio_state_its_base_area_classes_data_year_and_windows():
    note = " ".join(figures.make_figure_notes(make_report(), CHINESE_WORDS)).replace("\u202f", " ")
    for expected in (
        "基数 13 186 200.00 m²",
        "基数图层 DLTB",
        "201、201A、202、202A",
        "数据年份 2020",
        "年份取自 SJNF",
        "天窗（已扣除，个） 3",
        "特别用途区 964 000.00 m²",
    ):
        assert expected in note
    assert "目标出处：浑源县国土空间总体规划（2021—2035年）。" in note
    assert "不作为合格依据" in note
    unknown = make_report()
    unknown.indicators[4].inputs.update(base_year=None, base_year_source="")
    assert "数据年份 不明" in " ".join(figures.make_figure_notes(unknown, CHINESE_WORDS))


def test_zero_is_never_printed_with_a_minus_sign():
    indicator = Indicator("q", 1.0, "count", "", inputs={"uncoded_m2": -3.7e-9})
    assert figures.format_inputs(indicator, CHINESE_WORDS).replace("\u202f", " ") == "未分区 0.00 m²"


def test_indicator_row_without_standard_and_profile_has_no_source_marks():
    assert format_indicator_row(make_ratio_indicator("n1", 1.2, 1.25), norm=None)["marks"] == []


TEXTS_WITH_PATHS = [
    ("文件“/home/zhang/县 数据/standard.toml”缺", "文件“standard.toml”缺"),
    (r"文件“C:\Users\zhang san\规划\standard.toml”缺", "文件“standard.toml”缺"),
    (r"\\server\share\a.gpkg", "a.gpkg"),
    ("/tmp/x.gpkg 读不懂", "x.gpkg 读不懂"),
    ("图层（YJJBNTBHTB / GDBHMB）缺", "图层（YJJBNTBHTB / GDBHMB）缺"),
    ("1/2 与 km/h", "1/2 与 km/h"),
    ("读取/home/zhang/县.gpkg失败", "读取县.gpkg失败"),
    (r"数据来自D:\机密\县.gdb", "数据来自县.gdb"),
    ("file:///home/z/a.gpkg", "a.gpkg"),
    (r"[Errno 2] No such file: 'C:\\Users\\zhang san\\县.gpkg'", "[Errno 2] No such file: '县.gpkg'"),
    (r"'\\\\server\\计划\\县.gpkg'", "'县.gpkg'"),
    ("耕地/园地/林地", "耕地/园地/林地"),
    ("/vol1/项目 2024/数据/x.gpkg", "x.gpkg"),
    ("/Library/Application Support/QGIS/x.py", "x.py"),
    ("/Users/Zhang San Li Wu Zhao/x.gpkg", "x.gpkg"),
    ("“/a b/c.gpkg”", "“c.gpkg”"),
    ("county_db/DLTB", "county_db/DLTB"),
]


@pytest.mark.parametrize(("text", "cut"), TEXTS_WITH_PATHS)
def test_strip_folders_removes_folders_from_paths_in_a_text(text, cut):
    assert strip_folders(text) == cut


def test_crs_is_printed_with_its_zone_and_time_without_seconds():
    assert format_crs_label("EPSG:4526", CHINESE_WORDS) == "EPSG:4526　38 带"
    assert format_crs_label("EPSG:4547", CHINESE_WORDS) == "EPSG:4547　38 带"
    assert format_crs_label("EPSG:4509", CHINESE_WORDS) == "EPSG:4509　20 带"
    assert format_crs_label("EPSG:4490", CHINESE_WORDS) == "EPSG:4490"
    assert format_crs_label("EPSG:32650", CHINESE_WORDS) == "EPSG:32650"
    assert format_crs_label("", CHINESE_WORDS) == ""
    assert format_moment("2026-11-20T14:32:07+08:00") == "2026-11-20 14:32"
    assert format_moment("?") == "?"


def test_messages_of_both_languages_have_the_same_placeholders():
    def read_messages(lang):
        return tomllib.loads((TEXTS_FOLDER / f"report_{lang}.toml").read_text(encoding="utf-8"))

    zh, en = read_messages("zh"), read_messages("en")
    assert zh.keys() == en.keys()
    for section in zh:
        assert zh[section].keys() == en[section].keys(), section
        for key in zh[section]:
            named = [{f for _, f, _, _ in string.Formatter().parse(t[section][key]) if f} for t in (zh, en)]
            assert named[0] == named[1], (section, key)
            assert not re.search(r"[一-鿿]", en[section][key]), (section, key)


def test_unknown_text_key_raises_an_error_and_a_setting_without_title_is_shown_by_its_key():
    with pytest.raises(DataError):
        CHINESE_WORDS.get("text", "nothing_like_it")
    with pytest.raises(DataError):
        ReportTexts("fr")
    assert CHINESE_WORDS.get_text_or_key("setting", "codes.of_a_county") == "codes.of_a_county"


@pytest.mark.parametrize("words", [CHINESE_WORDS, ReportTexts("en")], ids=["zh", "en"])
def test_every_indicator_input_of_the_sample_has_a_title(words):
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("LAW001", "LAW002"))).report
    keys = {key for indicator in report.indicators for key in indicator.inputs}
    assert "denominator_difference_m2" in keys and "statutory_m2" in keys
    assert not {key for key in keys if not words.has_text("input", key)}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("unit", "target", "printed"), [("wan_mu", 7.14, "≥ 7.14"), ("ratio", 1.25, "≥ 1.25")])
def test_cells_of_township_targets_contain_no_part_of_the_unit(lang, unit, target, printed):
    report = make_report()
    indicator = make_area_indicator(8.0, unit, ">=", target, place="永安镇")
    report.indicators = [replace(indicator, id="township_cultivated_area")]
    (row,) = make_township_section(report, ReportTexts(lang))["rows"]
    assert [cell["target"] for cell in row["cells"]] == [printed]
