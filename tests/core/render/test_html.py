# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report of a check: content, counts, sections and escaping."""

import re
import string
import tomllib
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import shapely

from plugin.core.base.errors import DataError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.findings import Finding
from plugin.core.model.indicator import MISSED_BY_ROUNDING, REFERENCE_ONLY, TARGET_MET, TARGET_MISSED, Indicator
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render import figures
from plugin.core.render.finding_lists import MAX_PICTURES, LegendEntry, ReportPictures, select_largest_conflicts
from plugin.core.render.html import make_township_section, render_report
from plugin.core.render.sections import format_crs_label, format_moment
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts, strip_folders
from plugin.paths import REPORT_TEMPLATES_FOLDER, SAMPLE_FOLDER, TEXTS_FOLDER
from tests.core.report_fixtures import (
    TOWNSHIPS,
    make_provenance,
    make_ratio_indicator,
    make_report,
    make_report_finding,
    make_report_square,
)

HUNYUAN_NORM = RunOptions(profile="hunyuan").resolve_norm()
VOID_TAGS = {"meta", "img", "br", "path", "polygon", "circle"}
PNG_DATA_URL = "data:image/png;base64,iVBORw0KGgo="


class ParsedPage(HTMLParser):
    """Parsed tags, attributes and text of a page.

    Parsing fails if a tag is not closed in order.
    """

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[\s\u00a0]+", " ", " ".join(self.words))

    def with_data(self, name: str) -> list[dict]:
        return [attributes for _, attributes in self.tags if name in attributes]


def render_and_parse(report: Report, **more) -> ParsedPage:
    return ParsedPage(render_report(report, HUNYUAN_NORM, **more))


def assert_self_contained(page: str) -> None:
    """Fail if the page loads anything external or runs a script."""
    assert not re.search(r"https?://", page, re.IGNORECASE)
    for style in re.findall(r"<style>(.*?)</style>", page, re.DOTALL):
        assert "@import" not in style and "url(" not in style
    for tag, attributes in ParsedPage(page).tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form"), tag
        assert not any(name.startswith("on") for name in attributes), attributes
        for name in ("src", "href"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:image/")), value


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_report_page_loads_no_external_file(lang):
    page = render_report(
        make_report(lang),
        HUNYUAN_NORM,
        ReportPictures(PNG_DATA_URL, [PNG_DATA_URL], [LegendEntry("永久基本农田", PNG_DATA_URL)]),
    )
    assert_self_contained(page)
    assert page.startswith("<!DOCTYPE html>")


def test_report_page_has_title_verdict_and_counts():
    page = render_and_parse(make_report())
    text = page.text
    for expected in ("质量检查报告", "浑源县", "140225", "2026-11-20 14:32", "hunyuan", "EPSG:4526", "38 带"):
        assert expected in text
    assert "错误 22" in text and "警告 14" in text and "豁免 0" in text and "未完整检查的规则 1" in text
    assert "15 条规则：通过 6 条，有问题 7 条，不适用 1 条，跳过 1 条，出错 0 条。" in text
    assert "有 1 条规则被跳过，本报告不能作为“全部检查完成”的依据。" in text
    assert re.search(r"未经本县确认的设置：关键 \d+ 项，其他 \d+ 项", text) and "扩展倍数算法" in text
    assert "条规则，本次运行" in text
    assert "数据未定稿" in text
    assert page.with_data("data-verdict")[0]["data-verdict"] == "fail"


def test_counts_by_rule_on_the_report_page_agree_with_the_summary():
    report = make_report()
    report.findings[0].severity = Severity.INFO
    report.findings[-1].state = "waived"
    sums = {"ERROR": 0, "WARNING": 0, "INFO": 0}
    for row in render_and_parse(report).with_data("data-count"):
        sums[row["data-severity"]] += int(row["data-count"])
    summary = report.summary
    assert sums == {"ERROR": summary["errors"], "WARNING": summary["warnings"], "INFO": summary["infos"]}


def test_rules_that_could_not_be_checked_have_reasons_on_the_report_page():
    report = make_report()
    report.rules[0].outcome = Outcome.CRASHED
    report.rules[0].reason = "FileNotFoundError: [Errno 2] No such file: 'a.gpkg'"
    report.rules[1].reason = "文件“standard.toml”缺“ratio.form”。请补充。"
    report.rules[1].outcome = Outcome.SKIPPED
    report.rules[-1].incomplete, report.rules[-1].reason = True, "3 对图形无法计算，见 RUN901。"
    trace = "规则 REL001 运行出错（FileNotFoundError: 'a.gpkg'），未得出结果。"
    report.findings.append(Finding("", code="RUN900", severity=Severity.WARNING, message=trace))
    text = render_and_parse(report).text
    assert "运行出错（FileNotFoundError）" in text
    assert "文件“standard.toml”缺“ratio.form”。请补充。" in text
    assert "3 对图形无法计算" in text
    assert "有 2 条规则被跳过、1 条运行出错，本报告不能作为" in text
    assert "有 1 条规则只检查了一部分数据" in text and "（其中 1 条部分未检查）" in text


def test_report_page_prints_and_explains_the_data_digest_only_if_the_report_has_one():
    report = make_report()
    assert "数据校验值：由检查时" not in render_and_parse(report).text
    report.provenance["data_digest"] = "0123456789abcdef" * 4
    text = render_and_parse(report).text
    assert "0123 4567 89AB CDEF" in text and "数据校验值：由检查时各图层的全部数据计算" in text


def test_rules_that_do_not_apply_are_listed_separately_on_the_report_page():
    assert "不适用： REL006" in render_and_parse(make_report()).text.replace("：", "： ")


def test_page_of_a_report_without_rules_shows_that_no_rule_ran():
    for lang, expected in (("zh", "没有运行任何规则"), ("en", "No rule ran")):
        page = ParsedPage(render_report(Report(lang=lang)))
        assert expected in page.text
        assert page.with_data("data-verdict")[0]["data-verdict"] == "incomplete"


def test_page_of_a_report_without_findings_states_that_all_rules_ran():
    report = Report(
        [RuleOutcome("REL001", "a", "ERROR", Outcome.PASSED, title="不重叠")],
        tolerance={"ignored_slivers": 128, "ignored_area_m2": 96.4},
        provenance=make_provenance(layers=[]),
    )
    text = ParsedPage(render_report(report)).text
    assert "1 条规则全部检查完毕，没有发现问题。忽略碎图斑 128 处，合计 96.40 m²。" in text
    assert "无。交付范围内应检查的项均已检查。" in text
    report.rules.append(RuleOutcome("REL002", "b", "ERROR", Outcome.SKIPPED, reason="缺图层。"))
    text = ParsedPage(render_report(report)).text
    assert "没有发现问题，但有 1 条规则未能完整检查，不得视为通过。" in text
    assert "未完成" in text and "全部检查完毕，没有" not in text


def test_names_from_the_data_are_escaped_in_html():
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    report = make_report()
    one = report.findings[0]
    one.key, one.township, one.message, one.related_keys = evil, evil, evil, [evil]
    report.rules[0].title = report.rules[0].reason = evil
    report.rules[0].outcome = Outcome.SKIPPED
    report.indicators[0].name = report.indicators[0].target_source = evil
    report.indicators[0].inputs = {evil: evil}
    report.provenance = make_provenance(
        area_name='"; } body { display: none } @import "http://x"; </style>' + evil,
        source=evil,
        notices=[evil, "见 https://example.org/ 和 HTTP://EXAMPLE.ORG"],
    )
    report.provenance["layers"][0]["name"] = evil
    page = render_report(report, HUNYUAN_NORM, ReportPictures(problem=evil))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    assert "<" not in style and "display: none" not in style and "@import" not in style
    assert_self_contained(page)
    assert evil in "".join(ParsedPage(page).words)


def test_findings_are_counted_by_township_on_the_report_page():
    report = make_report()
    report.findings = [
        make_report_finding("REL001", Severity.ERROR, n, 100.0, township=t)
        for n, t in enumerate([*TOWNSHIPS[:2], "永安镇", ""])
    ]
    assert "永安镇 2、蔡村镇 1、其他 1" in render_and_parse(report).text


def test_largest_conflicts_on_the_page_are_sorted_by_severity_and_area():
    report = make_report()
    report.findings = [
        make_report_finding("REL001", Severity.ERROR, 1, 10.0, area_m2=10.0),
        make_report_finding("LAW010", Severity.WARNING, 2, 900.0, area_m2=900.0),
        make_report_finding("REL001", Severity.ERROR, 3, 500.0, area_m2=500.0),
        make_report_finding("REL001", Severity.ERROR, 4, 700.0, area_m2=700.0, state="waived"),
        make_report_finding("ATT001", Severity.ERROR, 5, None),
        make_report_finding("GEO002", Severity.ERROR, 6, 1.0, geometry=shapely.Point(0, 0), area_m2=8000.0),
    ]
    assert [f.key[-1] for f in select_largest_conflicts(report)] == ["3", "1", "2"]


def test_pictures_on_the_page_have_the_numbers_of_the_conflict_list():
    report = make_report()
    pictures = ReportPictures(PNG_DATA_URL, [PNG_DATA_URL] * 11 + [""], [LegendEntry("永久基本农田", PNG_DATA_URL)])
    page = render_and_parse(report, pictures=pictures)
    images = [a for t, a in page.tags if t == "img"]
    assert len(images) == 1 + 1 + 11
    assert [a["alt"] for a in images[2:]] == list("①②③④⑤⑥⑦⑧⑨⑩⑪")
    assert "另有 18 处见问题图层。" in page.text
    assert "本报告未附图" not in page.text
    assert len(select_largest_conflicts(report)) == MAX_PICTURES


def test_report_page_without_pictures_gives_the_reason():
    assert "本报告未附图：检查未在 QGIS 中运行。" in render_and_parse(make_report()).text
    assert "本报告未附图：没有可绘制的图层。" in render_and_parse(make_report(), pictures=ReportPictures()).text
    assert (
        "本报告未附图：图件未能生成"
        in render_and_parse(make_report(), pictures=ReportPictures(problem="图件未能生成（x）。")).text
    )


def test_waived_findings_have_a_section_on_the_report_page():
    assert "仍列出" not in render_and_parse(make_report()).text
    report = make_report()
    report.findings[0].state = "waived"
    report.findings[0].params = {"waiver": {"reason": "县城防洪", "document": "〔2026〕1号", "until": "2027-06-30"}}
    report.findings[1].state = "waived"
    waiver = {"author": "王工", "date": "2026-11-20", "attachment": "批复.pdf", "reason": "<b>", "until": ""}
    report.findings[1].params = {"waiver": waiver}
    page = render_and_parse(report)
    text = page.text
    assert "王工" in text and "批复.pdf" in text and "2026-11-20" in text and "不限" in text
    assert len(page.with_data("data-waived")) == 2 and "140225000000000003" in text
    assert "八、豁免（2 处，仍列出）" in text and "县城防洪" in text and "2027-06-30" in text
    assert "九、数据与版本" in text
    assert "豁免的 2 处仍列入报告" in text


def test_report_page_can_be_written_in_another_language_than_the_check():
    text = ParsedPage(render_report(make_report(), HUNYUAN_NORM, lang="en")).text
    assert "Not passed" in text and "Not checked, and why" in text and "不通过" not in text


def test_report_page_displays_rules_and_finding_states_that_this_plugin_version_does_not_know():
    report = make_report()
    report.rules.append(RuleOutcome("ATT999", "new-rule", "ERROR", Outcome.FAILED, 1))
    report.findings.append(
        Finding(
            "DLTB",
            "1",
            code="ATT999",
            severity=Severity.ERROR,
            message="新规则",
            state="seen",
            geometry=make_report_square(1, 1, 9),
        )
    )
    report.findings.append(Finding("", code="RUN900", severity=Severity.WARNING, message="出错了"))
    assert "ATT999" in render_and_parse(report).text and "规则运行出错" in render_and_parse(report).text
    assert "新规则" in ParsedPage(render_report(report)).text


def test_windows_of_the_urban_boundary_have_a_section_on_the_report_page():
    assert not render_and_parse(make_report()).with_data("data-window")
    report = make_report()
    for n, (case, share) in enumerate((("window", 100.0), ("partly", 56.9))):
        fill = {"fillers": ["YJJBNTBHTB", "STBHHX"], "share": share, "open_m2": 45_188.63 if n else 0.0}
        severity = Severity.WARNING if n else Severity.INFO
        report.findings.append(
            make_report_finding(
                "TOP009", severity, n, 104_757.83, role="CZKFBJ", case=case, params=fill, area_m2=104_757.83
            )
        )
    page = render_and_parse(report)
    assert [row["data-window"] for row in page.with_data("data-window")] in (["full", "partly"], ["partly", "full"])
    assert "永久基本农田保护图斑、生态保护红线" in page.text and "56.9" in page.text and "4.52" in page.text
    assert "开天窗 2 处，合计 20.95 公顷，其中未占满的 1 处" in page.text


def test_each_rule_with_findings_has_help_and_effective_values_on_the_page():
    report = make_report()
    rule = next(r for r in report.rules if r.code == "LAW010")
    rule.parameters = [
        {"name": "max_share", "value": 0.12, "unit": "share", "origin": "profile", "who": "浑源县", "setting": "", "mark": "C", "confirmed": False},
        {"name": "tolerance.min_area_m2", "value": 0.5, "unit": "m2", "origin": "call", "who": "", "setting": "tolerance", "mark": "C", "confirmed": True},
    ]  # fmt: skip
    quiet = next(r for r in report.rules if r.code == "LAW001")
    quiet.parameters = [{**rule.parameters[0], "value": 0.25}]
    page = render_and_parse(report)
    assert page.with_data("data-parameters")[0]["data-parameters"] == "LAW010"
    assert "最大占比 max_share = 0.12 (12%)（县配置 浑源县，来源级别 C，未确认）" in page.text
    assert "碎图斑最小面积 tolerance.min_area_m2 = 0.5 m²（本次指定，来源级别 C，已确认）" in page.text
    assert "max_share = 0.25 (25%)" in page.text, "of a rule without findings in the table of rules"
    for heading, text in Texts("zh").get_rule_help(load_all_rules()["LAW010"]).items():
        assert heading in page.text and " ".join(text.split()) in page.text
    raw = render_report(report, HUNYUAN_NORM)
    for code in ("LAW010", "REL001"):
        assert f'id="{code}"' in raw and f'href="#{code}"' in raw
    assert 'id="rule-ATT003"' in raw and 'href="#rule-ATT003"' in raw


def test_chinese_sentences_have_no_space_between_them_and_english_ones_have():
    assert Texts("zh").join_sentences(["甲。", "", "乙。", "甲。"]) == "甲。乙。"
    assert Texts("en").join_sentences(["One.", "Two."]) == "One. Two."


def test_doubts_about_the_data_are_a_sentence_after_the_unconfirmed_settings():
    report = make_report()
    report.rules[0].unconfirmed = ["tolerance", "ratio.base_year"]
    assert "容差。数据本身不足以确认：扩展倍数的基数年份。" in render_report(report, HUNYUAN_NORM)
    assert ". Uncertain because of the data" in render_report(report, HUNYUAN_NORM, lang="en")


CHINESE_WORDS = ReportTexts("zh")


def format_indicator_row(indicator, words=CHINESE_WORDS):
    report = make_report()
    report.indicators = [indicator]
    found = figures.make_figure_rows(report, words)[0]
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
    (Indicator("y", 12.3456, "ha", "net", name="y"), "", "12.35 公顷", "", "参考"),
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
    message = format_message(Texts(lang), Finding("", code="LAW002", case="broken", params=params), {})
    assert ("5 个，目标 = 7 个，相差 2 个。" if lang == "zh" else "is 5, the target is = 7: difference 2.") in message


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        # Unconfirmed: marked with an asterisk and not shown as met.
        (
            make_ratio_indicator("n1", 1.24758, 1.25),
            {
                "target": "≤ 1.25",
                "value": "1.2476",
                "margin": "余 0.0024",
                "state": "未超限*",
                "decides": True,
                "inputs": "开发边界 16 450 900.00 ÷ 基数 13 186 200.00 m²",
            },
        ),
        (make_ratio_indicator("n1", 1.2476, 1.25, confirmed=True), {"state": "未超限"}),
        (make_ratio_indicator("n1", 1.2501, 1.25), {"state": "超出*"}),
        (make_ratio_indicator("n1", 1.1, 1.2, target_decimals=1), {"target": "≤ 1.20"}),
        # A few millionths above its limit: with enough decimals to exceed it.
        (
            make_ratio_indicator("n1", 1.250004, 1.25),
            {"value": "1.250004", "margin": "超出 0.000004"},
        ),
        # Without a limit: for reference.
        (
            make_ratio_indicator("n2", 1.1745),
            {"inputs": "（集中建设区 14 986 900.00 + 弹性发展区 500 000.00）÷ 基数 13 186 200.00 m²"},
        ),
        (
            make_ratio_indicator("n3", 1.2138),
            {"inputs": "（基数 13 186 200.00 + 新增 2 819 000.00）÷ 基数 13 186 200.00 m²", "state": "参考*"},
        ),
    ],
)
def test_row_of_an_expansion_ratio_shows_decimals_inputs_and_state(indicator, expected):
    found = format_indicator_row(indicator)
    assert {key: found[key] for key in expected} == expected
    assert "合格" not in "".join(map(str, found.values()))


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


PRINTED_LABELS = [
    *((format_crs_label, (label, CHINESE_WORDS), shown) for label, shown in (
        ("EPSG:4526", "EPSG:4526　38 带"), ("EPSG:4547", "EPSG:4547　38 带"), ("EPSG:4509", "EPSG:4509　20 带"),
        ("EPSG:4490", "EPSG:4490"), ("EPSG:32650", "EPSG:32650"), ("", ""),
    )),
    (format_moment, ("2026-11-20T14:32:07+08:00",), "2026-11-20 14:32"),
    (format_moment, ("?",), "?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "given", "shown"),
    [*((strip_folders, (text,), cut) for text, cut in TEXTS_WITH_PATHS), *PRINTED_LABELS],
)
def test_texts_are_printed_without_folders_a_crs_with_its_zone_and_a_time_without_seconds(function, given, shown):
    assert function(*given) == shown


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


def _compute_contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2.1, 1.4.3."""

    def compute_luminance(color: str) -> float:
        digits = "".join(2 * digit for digit in color[1:]) if len(color) == 4 else color[1:]
        parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted(map(compute_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_dark_scheme_of_the_report_page_has_a_contrast_of_4_5_and_the_print_is_on_white():
    style = (REPORT_TEMPLATES_FOLDER / "report.css").read_text(encoding="utf-8")
    before, dark = style.split("@media screen and (prefers-color-scheme:dark){")
    dark, _, printed = dark.partition("@media print{")
    assert "prefers-color-scheme" not in before + printed and "html,body{background:#fff}" in printed
    rules = dict(re.findall(r"\n ([^{}]+)\{([^}]*)\}", dark))
    ground = re.search(r"background:(#\w+)", rules["body"])[1]
    checked = 0
    for selector, declarations in rules.items():
        own_ground = re.search(r"background:(#\w+)", declarations)
        for color in re.findall(r"(?<![-\w])color:(#\w+)", declarations):
            checked += 1
            assert _compute_contrast(color, own_ground[1] if own_ground else ground) >= 4.5, selector
    assert checked >= 5
    # Signs need less contrast than texts; each one is redefined for the dark ground.
    signs = set(re.findall(r'<symbol id="(i-\w+)"', (REPORT_TEMPLATES_FOLDER / "report.html.j2").read_text("utf-8")))
    for sign in signs:
        colors = [
            color
            for selector, declarations in rules.items()
            if f"#{sign} " in selector
            for color in re.findall(r"#\w+", declarations)
        ]
        assert any(_compute_contrast(color, ground) >= 3 for color in colors), sign


def test_severity_symbols_differ_in_shape_not_only_in_colour():
    page = render_report(make_report(), HUNYUAN_NORM)
    for severity in ("错误", "警告"):
        rows = re.findall(rf"<svg[^>]*>((?:(?!</svg>).)*)</svg> {severity}", page)
        assert rows
    shapes = {
        w: re.search(rf"<svg[^>]*>((?:(?!</svg>).)*)</svg> {w}", page).group(1)
        for w in ("错误", "警告", "通过", "跳过")
    }
    assert len({re.sub(r'(fill|stroke)="#[0-9A-Fa-f]+"', "", s) for s in shapes.values()}) == 4
