# SPDX-License-Identifier: GPL-2.0-or-later
"""Declared checks run as rules: in a check, in reports, while editing, with waivers and kept results."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from html import escape, unescape
from pathlib import Path

import jsonschema
import pytest

from plugin.core.base.errors import InputError
from plugin.core.checks.check import check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.cli.examples.run_examples import (
    find_failing_example_problem,
    find_passing_example_problem,
    list_declared_checks,
)
from plugin.core.engine.evaluate import choose_rules
from plugin.core.engine.explanation import find_confirmable_items
from plugin.core.engine.waivers.file import change_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, make_waivers
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.render.html import render_report
from plugin.core.render.outputs import dump_json
from plugin.core.render.rule_book import RuleBook
from plugin.core.standard import load_standard
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from plugin.core.standard.profile import load_profile
from plugin.core.standard.profile.county_checks import find_county_problems
from plugin.core.standard.profile.county_file import CountyConfirmation, compose_county, read_county
from plugin.paths import REPORT_TEMPLATES_FOLDER, RESOURCES_FOLDER
from tests.core.standard.declared_check_files import CHECK_START, HEAD, list_problems, load_norm, write_profile

SAMPLE_COUNTY = RESOURCES_FOLDER / "sample" / "county.gpkg"
SQUARE = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"
OTHER_SQUARE = "POLYGON ((20 0, 30 0, 30 10, 20 10, 20 0))"
AREA_CHECK = (
    CHECK_START
    + """must = [{ field = "MJ", operator = "at_least", value = 5 }]
found = [{ MJ = 1 }]
passed = [{ MJ = 5 }]
"""
)
FOREIGN_KEY_CHECK = (
    CHECK_START
    + """must = [{ field = "XZQDM", operator = "in_layer", layer = "XZQX" }]
found = [{ XZQDM = "2" }]
passed = [{ XZQDM = "1" }]
others = { XZQX = [{ XZQDM = "1" }] }
"""
)
UNIQUE_CHECK = (
    CHECK_START
    + """must = [{ field = "BSM", operator = "unique", layers = ["STBHHX"] }]
found = [{ BSM = "1" }, { BSM = "1" }, { BSM = "3" }]
passed = [{ BSM = "2" }]
others = { STBHHX = [{ BSM = "3" }] }
"""
)


def run_own_check(tmp_path, text, layers, **options):
    norm = load_norm(tmp_path, text)
    plan = replace(make_example_plan(layers), norm=norm)
    report = run_check(plan, list(norm.declared_rules.values()), **options)
    # Without findings on the run itself, such as those on the layers of examples.
    report.findings = [finding for finding in report.findings if finding.code.startswith("X")]
    return report


def test_three_kinds_of_checks_are_shipped_for_a_second_province_and_their_examples_hold_in_the_engine():
    rules = list_declared_checks()
    assert list(rules) == ["Xzhejiang-001", "Xzhejiang-002", "Xzhejiang-003"]
    for rule in rules.values():
        (failing,), (passing,) = rule.fails, rule.passes
        assert find_failing_example_problem(rule, failing) is None
        assert find_passing_example_problem(rule, passing) is None
    assert all(check.mark == "C" for check in load_profile("zhejiang").checks)


def test_a_finding_names_layer_feature_field_value_and_remedy(tmp_path):
    report = run_own_check(
        tmp_path, AREA_CHECK, {"CZKFBJ": [{"wkt": SQUARE, "MJ": 1.5}, {"wkt": OTHER_SQUARE, "MJ": 9.0}]}
    )
    (finding,) = report.findings
    assert (finding.code, finding.role, finding.field, str(finding.severity)) == ("Xown-001", "CZKFBJ", "MJ", "WARNING")
    assert finding.key == "140225000000000001"
    assert finding.geometry is not None
    for word in ("城镇开发边界", "MJ", "1.5", "不小于 5", "问题", "请改正。"):
        assert word in finding.message
    assert report.rules[0].title == "要求"
    english = run_own_check(tmp_path, AREA_CHECK, {"CZKFBJ": [{"wkt": SQUARE, "MJ": 1.5}]}, lang="en").findings[0]
    for word in ("CZKFBJ", "MJ must be at least 5, but is “1.5”", "Problem", "Correct it."):
        assert word in english.message


def test_braces_of_an_author_are_no_placeholders(tmp_path):
    text = AREA_CHECK.replace("请改正。", "见 {表1}。")
    report = run_own_check(tmp_path, text, {"CZKFBJ": [{"wkt": SQUARE, "MJ": 1.5}]})
    assert "见 {表1}。" in report.findings[0].message


def test_personal_data_are_not_repeated(tmp_path):
    standard = load_standard()
    role, name = next((r, f.name) for r, t in standard.templates.items() for f in t.personal_fields if f.type == "text")
    start = CHECK_START.replace("CZKFBJ", role)
    text = f'{start}must = [{{ field = "{name}", operator = "matches", value = "A" }}]\nfound = [{{ {name} = "B" }}]\npassed = [{{ {name} = "A" }}]\n'
    report = run_own_check(tmp_path, text, {role: [{"wkt": SQUARE, name: "张三"}]})
    assert "张三" not in json.dumps(report.to_dict(), ensure_ascii=False)
    assert "“…”" in report.findings[0].message


@pytest.mark.parametrize(
    ("check", "outcome", "words"),
    [(FOREIGN_KEY_CHECK, Outcome.NOT_APPLICABLE, ("县级行政区", "XZQX")), (AREA_CHECK, Outcome.SKIPPED, ("MJ",))],
    ids=["missing layer", "missing field"],
)
def test_a_missing_layer_or_field_makes_the_check_not_applicable_or_skipped_with_the_reason(
    tmp_path, check, outcome, words
):
    report = run_own_check(tmp_path, check, {"CZKFBJ": [{"wkt": SQUARE, "XZQDM": "1"}]})
    assert report.rules[0].outcome is outcome and all(word in report.rules[0].reason for word in words)


def test_a_foreign_key_is_compared_with_the_other_layer(tmp_path):
    layers = {
        "CZKFBJ": [{"wkt": SQUARE, "XZQDM": "140225"}, {"wkt": OTHER_SQUARE, "XZQDM": "140226"}],
        "XZQX": [{"wkt": SQUARE, "XZQDM": "140225"}],
    }
    (finding,) = run_own_check(tmp_path, FOREIGN_KEY_CHECK, layers).findings
    assert finding.params["value"] == "140226"


def test_unique_values_are_counted_over_all_layers_also_without_an_optional_one(tmp_path):
    rows = [{"wkt": SQUARE, "key": "1"}, {"wkt": OTHER_SQUARE, "key": "2"}]
    layers = {"CZKFBJ": rows, "STBHHX": [{"wkt": SQUARE, "key": "2"}]}
    assert [f.key for f in run_own_check(tmp_path, UNIQUE_CHECK, layers).findings] == ["2"]
    assert run_own_check(tmp_path, UNIQUE_CHECK, {"CZKFBJ": rows}).rules[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["Xzhejiang-002", "xzhejiang-002", "XZHEJIANG-002"])
def test_a_check_is_requested_by_its_code_in_any_case(name):
    norm = RunOptions(profile="zhejiang").resolve_norm()
    assert [r.code for r in choose_rules(norm.rules, [name], norm.declared_rules)] == ["Xzhejiang-002"]


def test_a_check_of_another_profile_is_unknown():
    RunOptions(profile="zhejiang").resolve_norm()
    norm = RunOptions(profile="hunyuan").resolve_norm()
    with pytest.raises(InputError):
        choose_rules(norm.rules, ["Xzhejiang-002"], norm.declared_rules)
    assert not any(code.startswith("X") for code in (*norm.rules, *norm.expand_groups(["all"])))
    with pytest.raises(InputError, match="no_declared_checks"):
        norm.expand_groups(["declared"])


def test_the_shipped_checks_run_by_default_and_find_the_rate_of_the_sample_county():
    result = check_plan(str(SAMPLE_COUNTY), RunOptions(profile="zhejiang"))
    outcomes = {rule.code: rule.outcome for rule in result.report.rules if rule.code.startswith("X")}
    # One row of the sample has the rate 1.2, a planted defect that also ATT019 finds.
    assert outcomes == {
        "Xzhejiang-001": Outcome.PASSED,
        "Xzhejiang-002": Outcome.FAILED,
        "Xzhejiang-003": Outcome.PASSED,
    }
    (finding,) = [f for f in result.report.findings if f.code == "Xzhejiang-002"]
    assert (finding.role, finding.field, finding.params["value"]) == ("YJJBNTBHTB", "KCXS", "1.2")
    assert "Xzhejiang-002" in result.report.summary["unconfirmed"]
    page = render_report(result.report, result.plan.norm)
    assert escape(finding.message) in page and "未见原文：田坎系数上限 0.3（拟）" in page
    schema = json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(dump_json(result.report.to_dict())), schema)


def test_a_county_inherits_checks_and_may_switch_them_off_confirm_them_or_change_their_severity(tmp_path):
    head = (
        HEAD.replace('area_code = "140225"', 'area_code = "330122"').replace('"own"', '"tonglu"')
        + 'base = "zhejiang"\n'
    )
    more = """rules_off = ["Xzhejiang-001"]
[severity]
Xzhejiang-002 = "INFO"
[confirmed]
by = "某局"
document = "某文 1 号"
date = "2026-01-01"
items = ["Xzhejiang-003"]
"""
    assert list_problems(tmp_path, more, head) == []
    norm = RunOptions(profile=str(write_profile(tmp_path, more, head))).resolve_norm()
    assert [code for code in norm.rules if code.startswith("X")] == ["Xzhejiang-002", "Xzhejiang-003"]
    assert norm.get_severity(norm.declared_rules["Xzhejiang-002"]) == "INFO"
    assert norm.is_confirmed("Xzhejiang-003") and not norm.is_confirmed("Xzhejiang-002")
    assert "Xzhejiang-002" in find_confirmable_items(norm)
    (error,) = list_problems(tmp_path, 'rules_off = ["Xzhejiang-009"]\n', head)
    assert "Xzhejiang-001" in error.params["known"]


def test_a_check_with_a_source_needs_no_confirmation(tmp_path):
    assert load_norm(tmp_path, AREA_CHECK.replace('mark = "C"', 'mark = "A"')).is_confirmed("Xown-001")
    assert not load_norm(tmp_path, AREA_CHECK).is_confirmed("Xown-001")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_rule_book_lists_checks_with_their_source(lang):
    book = RuleBook(RunOptions(profile="zhejiang").resolve_norm(), lang)
    page = book.render_page()
    lines = "\n".join(book.list_rule_lines())
    for code in ("Xzhejiang-001", "Xzhejiang-002", "Xzhejiang-003"):
        assert code in page and code in lines
    for rule in load_profile("zhejiang").checks:
        assert all(text in unescape(page) for text in (rule.texts[lang].name, rule.texts[lang].remedy, rule.source))
    assert "Xzhejiang" not in RuleBook(RunOptions(profile="hunyuan").resolve_norm(), lang).render_page()


def test_a_message_is_found_by_its_code_after_the_check(tmp_path):
    report = run_own_check(tmp_path, AREA_CHECK, {"CZKFBJ": [{"wkt": SQUARE, "MJ": 1.5}]})
    assert "Problem" in format_message(Texts("en"), report.findings[0], load_standard().templates)
    assert load_all_rules().get("Xown-001") is not None
    assert "Xown-001" not in list(load_all_rules())


def test_a_finding_of_a_declared_check_is_waived_like_any_other(tmp_path):
    data = Path(shutil.copy(SAMPLE_COUNTY, tmp_path / "county.gpkg"))
    options = RunOptions(profile="zhejiang", rules=("declared",))
    checked = check_plan(str(data), options)
    findings = [finding for finding in checked.report.findings if finding.code == "Xzhejiang-002"]
    entry = WaiverEntry("省厅已同意", "浙自然资函〔2026〕1号", "王工", date(2026, 11, 20))
    change_waivers(
        checked.waivers.path, added_waivers=make_waivers(findings, entry, checked.waivers.limits, data.parent)
    )
    again = check_plan(str(data), options)
    assert [f.state for f in again.report.findings if f.code == "Xzhejiang-002"] == ["waived"]
    assert {r.code: r.outcome for r in again.report.rules}["Xzhejiang-002"] is Outcome.WAIVED


def test_a_form_that_saves_the_county_keeps_its_checks_and_may_confirm_them(tmp_path):
    path = write_profile(tmp_path, AREA_CHECK)
    text = path.read_text(encoding="utf-8")
    county = replace(
        read_county(path, text), confirmation=CountyConfirmation("某局", "某文 1 号", "2026-01-01", ("Xown-001",))
    )
    assert find_county_problems(county, path, text) == []
    saved = compose_county(county, path, text)
    assert AREA_CHECK.strip() in saved
    path.write_text(saved, encoding="utf-8")
    assert load_profile(path).checks[0].code == "Xown-001"
    assert RunOptions(profile=str(path)).resolve_norm().is_confirmed("Xown-001")


@pytest.mark.parametrize("code, case", [("Xgone-001", "MJ at_least"), ("Xzhejiang-002", "KCXS at_most")])
def test_a_stored_finding_of_a_check_that_has_changed_keeps_its_message(code, case):
    RunOptions(profile="zhejiang").resolve_norm()
    finding = Finding("CZKFBJ", "1", code=code, case=case, message="以前的问题")
    assert format_message(Texts("zh"), finding, load_standard().templates) == "以前的问题"


def test_a_check_to_be_confirmed_is_named_by_code_and_title():
    RunOptions(profile="zhejiang").resolve_norm()
    assert Texts("zh").get_setting_name("Xzhejiang-002") == "Xzhejiang-002 永久基本农田的田坎系数不超过本省上限"
