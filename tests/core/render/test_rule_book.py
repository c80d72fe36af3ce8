# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule book: each rule with inputs and basis, as text, table and page."""

import csv
import inspect
import io
import re

import pytest

from plugin.core.__main__ import main
from plugin.core.check import RunOptions
from plugin.core.messages.numbers import THIN_SPACE
from plugin.core.model.rule import load_all_rules
from plugin.core.profile import Norm, load_profile
from plugin.core.render.rule_book import RULE_COLUMNS, RuleBook, make_rule_entries
from plugin.core.standard import load_standard
from tests.core.render.test_dictionary import AnchorCollector

in_both_languages = pytest.mark.parametrize("lang", ["zh", "en"])


def make_rule_book(lang="zh", profile=""):
    return RuleBook(RunOptions(profile=profile).resolve_norm(), lang)


def get_rule_entry(code, norm=None):
    (found,) = make_rule_entries(norm or RunOptions().resolve_norm(), [code])
    return found


@in_both_languages
def test_rule_table_has_a_row_for_every_rule(lang):
    rows = list(csv.reader(io.StringIO(make_rule_book(lang).render_csv().removeprefix("\ufeff"))))
    assert len(rows[0]) == len(RULE_COLUMNS) == len(set(rows[0]))
    assert [row[0] for row in rows[1:]] == list(load_all_rules())
    by_code = {row[0]: dict(zip(RULE_COLUMNS, row, strict=True)) for row in rows[1:]}
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
    made = make_rule_book(lang)
    page = made.render_page()
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
        assert reads <= set(get_rule_entry(code).inputs), f"{code}: an example with side={{{reads}}}"
    assert get_rule_entry("LAW024").inputs == ("register",)
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
