# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report of a check: content, counts, sections and escaping."""

import re
import time
from html.parser import HTMLParser

import pytest
import shapely

from plugin.core.check import RunOptions
from plugin.core.messages.texts import Texts
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render import finding_lists
from plugin.core.render.html import render_report
from plugin.core.render.pictures import MAX_PICTURES, LegendEntry, ReportPictures, select_largest_conflicts
from tests.core.report_fixtures import TOWNSHIPS, make_provenance, make_report, make_report_finding, make_report_square

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
    assert re.search(r"未经本县确认的设置 \d+ 项（来源级别 C）", text) and "扩展倍数算法" in text
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
    pictures = ReportPictures(problem=evil)
    page = render_report(report, HUNYUAN_NORM, pictures)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    assert "<" not in style and "display: none" not in style and "@import" not in style
    assert_self_contained(page)
    assert evil in "".join(ParsedPage(page).words)


@pytest.mark.slow
def test_report_page_of_100_000_findings_lists_a_limited_number_of_rows_and_counts_all_findings():
    report = make_report()
    report.findings = [make_report_finding("TOP001", Severity.ERROR, n, 10.0 + n) for n in range(100_000)]
    started = time.monotonic()
    page = render_report(report, HUNYUAN_NORM)
    seconds = time.monotonic() - started
    assert seconds < 15, seconds
    assert len(page) < 1_000_000
    parsed = ParsedPage(page)
    assert len(parsed.with_data("data-row")) == finding_lists.MAX_ROWS_PER_RULE
    assert "另有 99 800 处见问题图层。" in parsed.text
    assert "错误 100 000" in parsed.text
    assert [r["data-count"] for r in parsed.with_data("data-count")] == ["100000"]
    # The largest findings are shown.
    assert "10.00" in parsed.text


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
    texts = Texts("zh")
    for heading, text in texts.get_rule_help(load_all_rules()["LAW010"]).items():
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
