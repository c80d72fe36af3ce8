# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule book: each rule with inputs and basis, as text, table and page."""

import csv
import inspect
import io
import re

import pytest

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions
from plugin.core.cli.checking import format_summary
from plugin.core.exchange.vct.database import check_imported_plan
from plugin.core.model.report import Outcome, Report
from plugin.core.model.rule import load_all_rules
from plugin.core.render.rule_book import RuleBook, make_rule_entries
from plugin.core.render.verdict import count_by_family, format_rule_counts, list_caveats
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.messages.numbers import THIN_SPACE
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, load_profile
from tests.core.render.test_dictionary import AnchorCollector
from tests.core.report_fixtures import make_report

in_both_languages = pytest.mark.parametrize("lang", ["zh", "en"])


def make_rule_book(lang="zh", profile=""):
    return RuleBook(RunOptions(profile=profile).resolve_norm(), lang)


def get_rule_entry(code, norm=None):
    (found,) = make_rule_entries(norm or RunOptions().resolve_norm(), [code])
    return found


@in_both_languages
def test_rule_table_has_a_row_for_every_rule(lang):
    book = make_rule_book(lang)
    rows = list(csv.reader(io.StringIO(book.render_csv().removeprefix("\ufeff"))))
    assert len(rows[0]) == len(set(rows[0])) and [row[0] for row in rows[1:]] == list(load_all_rules())
    by_code = {row[0]: dict(zip(book.make_table_row(book.entries[0]), row, strict=True)) for row in rows[1:]}
    assert by_code["REL006"]["mark"] == "A" and "300 " not in by_code["REL006"]["parameters"]
    assert f"large_area_m2 = 100{THIN_SPACE}000 m²" in by_code["REL006"]["parameters"]
    assert "STBHHX" in by_code["LAW022"]["optional"] and "ZRBHD" in by_code["LAW022"]["needs"]
    assert all(row["title"] and row["severity"] and row["runs"] and row["basis"] for row in by_code.values())


def test_rule_book_shows_source_mark_c_and_whether_the_standard_accepts_that_source():
    agreed, doubtful, sure = get_rule_entry("TOP001"), get_rule_entry("REL010"), get_rule_entry("REL002")
    assert (agreed.mark, agreed.is_source_agreed) == ("C", True)
    assert (sure.mark, sure.is_source_agreed) == ("A", False)
    assert not doubtful.is_source_agreed or doubtful.mark == "C"
    assert "标准已认可" in make_rule_book().make_table_row(agreed)["mark"]


def test_rule_based_on_the_plan_of_a_county_has_source_mark_a_only_with_the_profile_of_that_county():
    assert (
        get_rule_entry("REL004").mark == "C"
        and get_rule_entry("REL004", RunOptions(profile="hunyuan").resolve_norm()).mark == "A"
    )
    assert (
        get_rule_entry("LAW002").mark == "B"
        and get_rule_entry("LAW002", RunOptions(profile="hunyuan").resolve_norm()).mark == "A"
    )


def test_rule_book_states_for_a_rule_whether_it_runs_by_default_or_with_a_rule_group():
    assert get_rule_entry("REL001").activation == ("default",)
    assert get_rule_entry("GEO004").activation == ("quality",)
    assert make_rule_book().make_table_row(get_rule_entry("GEO004"))["runs"] == "规则组 quality"


def test_rule_book_shows_parameters_and_severity_that_the_county_profile_sets_for_a_rule(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'id = "x"\nname = "某县"\narea_code = "140225"\n[severity]\nREL006 = "INFO"\n[rules.REL006]\nmax_share = 0.2\n',
        encoding="utf-8",
    )
    own = get_rule_entry("REL006", Norm(load_standard(), load_profile(path)))
    assert str(own.severity) == "INFO"
    assert {p.name: (p.value, p.origin) for p in own.parameters} == {
        "large_area_m2": (100_000.0, "standard"),
        "max_share": (0.2, "profile"),
        "max_scattered_share": (0.01, "standard"),
    }
    page = RuleBook(Norm(load_standard(), load_profile(path)), "zh").render_page()
    assert "max_share = 0.2 (20%)（默认 0.1 (10%)）" in page


@in_both_languages
def test_rule_book_page_has_help_for_every_rule_and_loads_nothing(lang):
    page = make_rule_book(lang).render_page()
    found = AnchorCollector(page)
    assert len(found.ids) == len(set(found.ids))
    assert set(load_all_rules()) <= set(found.ids)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert not found.loaded and not re.search(r"https?://|@import|url\(|<script", page)
    for code, rule in load_all_rules().items():
        own = page.split(f'<section id="{code}">')[1].split("</section>")[0]
        assert own.count("<dt>") >= 5, code
        assert all(p.name in own for p in rule.parameters), code
    cells = re.findall(r'<td class="(?:error|warning|information|evidence|allowed)" title="([^"]+)"', page)
    assert len(cells) == len(load_standard().conflicts)
    assert all(" × " in cell for cell in cells)


@pytest.mark.parametrize(
    ("code", "document", "cells"),
    [
        ("REL001", "shanxi-plan", ("《山西省国土空间规划（2021—2035年）》", "2024-02-07", "未知", "2026-11-27")),
        ("LAW020", "boundary-guide", ("《城镇开发边界划定指南（试行）》", "未知", "未知", "未知")),
    ],
)
def test_rule_book_page_states_validity_and_last_review_of_what_a_rule_quotes(code, document, cells):
    page = make_rule_book().render_page()
    assert f'<tr id="legal-{document}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' in page
    assert f'<a href="#legal-{document}">' in page.split(f'<section id="{code}">')[1].split("</section>")[0]


def test_rules_command_writes_the_rule_book_as_table_and_page(tmp_path, capsys):
    table, page = tmp_path / "规则.csv", tmp_path / "规则.html"
    assert main(["rules", "--csv", str(table), "--html", str(page), "--profile", "hunyuan"]) == 0
    assert table.read_text(encoding="utf-8").startswith("\ufeff编号,")
    assert "浑源县" in page.read_text(encoding="utf-8")
    output = capsys.readouterr().out
    assert str(table) in output and str(page) in output and "REL001" not in output


def test_rules_command_lists_the_layers_that_rules_need(capsys):
    assert main(["rules"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"REL006  farmland-in-farmland-zone +错误  A  默认运行  永久基本农田在农田保护区内", out)
    assert "需要图层：永久基本农田 YJJBNTBHTB/" in out
    assert main(["rules", "--lang", "en"]) == 0
    assert "Needs: " in capsys.readouterr().out


@in_both_languages
def test_rule_book_lists_the_side_tables_that_each_rule_reads(lang):
    """Compare the listed side tables with those that the source of a rule reads."""
    asked = {"figures", "targets", "register", "baseline"}
    for code, rule in load_all_rules().items():
        reads = {name for name in asked if f"ctx.plan.{name}" in inspect.getsource(rule.function)}
        assert reads <= set(get_rule_entry(code).rule.inputs), f"{code}: an example with side={{{reads}}}"
    assert get_rule_entry("LAW024").rule.inputs == ("register",)
    assert "REGISTER" in make_rule_book(lang).make_table_row(get_rule_entry("LAW024"))["inputs"]
    # The command of this name writes a package; these rules inspect one.
    inputs = make_rule_book(lang).make_table_row(get_rule_entry("DOC001"))["inputs"]
    assert inputs.startswith("PACKAGE ") and "inspect" in inputs and "生成" not in inputs


def test_rule_command_prints_one_rule_with_its_inputs_and_basis(capsys):
    assert main(["rule", "LAW024"]) == 0
    out = capsys.readouterr().out
    for expected in ("LAW024  heritage-list  警告", "来源级别：C", "何时运行：规则组 heritage", "另需输入：REGISTER"):
        assert expected in out
    assert main(["rule", "REL001", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "Runs: by default" in out and "Needs: permanent basic farmland" in out and "(S11)" in out and "(P0)" in out


def make_report_with_partly_checked_rule(lang: str = "zh") -> Report:
    """Return a report in which one rule with findings could not check everything."""
    report = make_report(lang)
    rule = next(r for r in report.rules if r.outcome is Outcome.FAILED)
    rule.incomplete, rule.reason = True, "图层 GDBHMB 没有字段 JMJ。"
    return report


def sum_of_counts(sentence: str) -> int:
    """Return the sum of the counts by outcome in a sentence, without those in brackets."""
    counts = re.sub("[（(][^）)]*[）)]", "", sentence).partition("：" if "：" in sentence else ":")[2]
    return sum(int(number) for number in re.findall(r"\d+", counts))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_rule_counts_under_one_outcome(lang):
    report = make_report_with_partly_checked_rule(lang)
    words = ReportTexts(lang)
    assert sum_of_counts(format_rule_counts(report, words)) == len(report.rules)
    skipped = sum(rule.outcome is Outcome.SKIPPED for rule in report.rules)
    assert report.rule_counts["skipped"] == skipped
    # Report files promise the number of all rules that were not checked completely.
    assert report.summary["skipped"] == skipped + 1


def test_counts_of_rules_by_outcome_state_how_many_of_them_were_checked_only_in_part():
    report, words = make_report_with_partly_checked_rule(), ReportTexts("zh")
    failed = report.rule_counts["failed"]
    assert f"有问题 {failed} 条（其中 1 条部分未检查）" in format_rule_counts(report, words)
    caveats = list_caveats(report, None, words)
    assert any("有 1 条规则只检查了一部分数据" in sentence for sentence in caveats)
    assert any(f"有 {report.rule_counts['skipped']} 条规则被跳过" in sentence for sentence in caveats)


def test_console_and_log_state_the_same_counts_as_the_report():
    report, words = make_report_with_partly_checked_rule(), ReportTexts("zh")
    counts = format_rule_counts(report, words)
    assert counts in format_summary(report, words)[0]
    assert counts in check_imported_plan(lambda: report, Texts("zh")).summary_sentences[0]


def test_outcomes_of_a_family_sum_to_its_rules():
    table = count_by_family(make_report_with_partly_checked_rule(), ReportTexts("zh"))
    assert table["columns"][-1] == "其中部分未检查"
    for row in table["rows"]:
        assert row["values"][0] == sum(row["values"][1:-1]), row["name"]
