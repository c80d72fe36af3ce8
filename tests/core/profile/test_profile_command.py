# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `profile`: resolved settings with their origin, errors of a file."""

import json
from unicodedata import east_asian_width

import pytest

from plugin.core.__main__ import main
from plugin.core.check import RunOptions
from plugin.core.model.rule import load_all_rules
from plugin.core.profile import list_profile_ids
from plugin.core.profile.resolved import PROFILE_ORIGIN, RULE_DEFAULT_ORIGIN, STANDARD_ORIGIN, resolve_norm
from plugin.core.standard import load_standard

COUNTY_PROFILE_TEXT = """
id = "mine"
name = "某县"
area_code = "140225"
base = "hunyuan"
[ratio]
form = "n2"
[rules.LAW020]
max_flexible_share = 0.2
[phase.approval.severity]
LAW021 = "INFO"
[confirmed]
by = "县局"
document = "某文〔2026〕1号"
date = "2026-01-01"
items = ["ratio.classes"]
"""


@pytest.fixture
def county_profile_path(tmp_path):
    path = tmp_path / "某县.toml"
    path.write_text(COUNTY_PROFILE_TEXT, encoding="utf-8")
    return path


def test_each_resolved_setting_states_the_profile_or_standard_that_its_value_comes_from(county_profile_path):
    resolved = resolve_norm(RunOptions(profile=str(county_profile_path)).resolve_norm())
    values = {v.key: v for v in resolved.settings}
    origins = {key: (values[key].value, values[key].origin.kind, values[key].origin.id) for key in values}
    assert origins["ratio.form"] == ("n2", PROFILE_ORIGIN, "mine")
    assert origins["ratio.limit"] == (1.25, PROFILE_ORIGIN, "hunyuan")
    assert origins["ratio.classes"][1:] == (STANDARD_ORIGIN, "common 2021")
    assert values["ratio.form"].mark == "C" and not values["ratio.form"].confirmed
    assert values["ratio.classes"].mark == "C" and values["ratio.classes"].confirmed
    # A mark on a heading applies to the keys below it.
    assert values["tolerance.min_area_m2"].mark == "C" and values["heritage.core_words"].mark == "C"
    (shares,) = [line for line in resolved.rules if line.code == "LAW020"]
    parameters = {p.key: (p.value, p.origin.kind) for p in shares.parameters}
    assert parameters["rules.LAW020.max_flexible_share"] == (0.2, PROFILE_ORIGIN)
    assert parameters["rules.LAW020.max_special_share"] == (0.0, STANDARD_ORIGIN)


def test_resolved_profile_contains_every_setting_and_rule(county_profile_path):
    norm = RunOptions(profile=str(county_profile_path)).resolve_norm()
    resolved = resolve_norm(norm)
    keys = {v.key for v in resolved.settings} | {p.key for line in resolved.rules for p in line.parameters}
    assert set(norm.standard.settings) | set(norm.profile.settings) <= keys
    assert [line.code for line in resolved.rules] == list(load_all_rules())
    assert {line.code for line in resolved.rules if line.runs_by_default} == set(norm.rules)


def test_resolved_severity_of_a_rule_states_the_profile_or_standard_and_the_phase_it_comes_from(county_profile_path):
    def find_severity(code, phase=""):
        (line,) = [
            one
            for one in resolve_norm(RunOptions(profile=str(county_profile_path), phase=phase).resolve_norm()).rules
            if one.code == code
        ]
        return line.severity, line.origin.kind, line.origin.id, line.origin.phase

    assert find_severity("LAW021") == ("WARNING", RULE_DEFAULT_ORIGIN, "", "")
    assert find_severity("LAW021", "报批") == ("INFO", PROFILE_ORIGIN, "mine", "approval")
    assert find_severity("SCH004", "报批") == ("ERROR", STANDARD_ORIGIN, "common 2021", "approval")
    assert find_severity("LAW007", "编制") == ("WARNING", STANDARD_ORIGIN, "common 2021", "drafting")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_profile_command_prints_the_resolved_profile(county_profile_path, capsys, lang):
    assert main(["profile", str(county_profile_path), "--phase", "approval", "--lang", lang]) == 0
    printed = capsys.readouterr().out
    for words in ("ratio.form", "ratio.limit", "73.39", "LAW021", "14.17", "某文〔2026〕1号", "4748"):
        assert words in printed
    assert ("报批阶段" if lang == "zh" else "approval") in printed
    codes = [line.split()[0] for line in printed.splitlines() if line[2:8].strip() in load_all_rules()]
    assert codes == list(load_all_rules())


def test_profile_command_prints_settings_and_targets_as_aligned_tables_with_units(county_profile_path, capsys):
    assert main(["profile", str(county_profile_path)]) == 0
    lines = capsys.readouterr().out.splitlines()

    def find_place(line, text):
        return sum(2 if east_asian_width(c) in "WF" else 1 for c in line[: line.index(text)])

    start = next(n for n, line in enumerate(lines) if line.startswith("设置 ")) + 1
    assert lines[start].split() == ["设置", "名称", "取值", "来源级别", "设定来源"]
    rows = {line.split()[0]: line for line in lines[start + 1 :] if line.strip()}
    for key, value in (("ratio.form", "n2"), ("ratio.limit", "1.25"), ("quality.min_area_m2.DLTB", "200 m²")):
        assert find_place(rows[key], f" {value} ") + 1 == find_place(lines[start], "取值"), rows[key]
    assert "indicators.least_township_share" in rows and "0.1 (10%)" in rows["indicators.least_township_share"]
    head = next(line for line in lines if line.split() == ["指标", "目标", "年份", "属性", "依据"])
    target = next(line for line in lines if line.startswith("  耕地保有量"))
    assert find_place(target, "≥ 73.39 万亩") == find_place(head, "目标")


def test_profile_command_prints_the_conflict_matrix_last_with_its_marks(county_profile_path, capsys):
    assert main(["profile", str(county_profile_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    pairs = [line for line in printed if "conflicts." in line]
    assert (
        printed[-len(pairs) :] == pairs and len(pairs) > 100 and printed[-len(pairs) - 1].startswith("控制线冲突矩阵")
    )
    (line,) = [p for p in pairs if "conflicts.farmland-boundary" in p]
    assert "永久基本农田 × 城镇开发边界" in line and "= 错误　[A] common 2021" in line
    (line,) = [p for p in pairs if "conflicts.CZJSBJ-boundary" in p]
    assert "村庄建设边界 CZJSBJ × 城镇开发边界" in line and "[C 未确认]" in line and "= 警告" in line


def test_profile_command_writes_the_resolved_profile_as_json(county_profile_path, tmp_path, capsys):
    target = tmp_path / "出 来.json"
    assert main(["profile", str(county_profile_path), "--json", str(target)]) == 0
    data = json.loads(target.read_text(encoding="utf-8"))
    assert data["chain"] == ["mine", "hunyuan", "shanxi"]
    assert len(data["rules"]) == len(load_all_rules()) and data["confirmed"]["items"] == ["ratio.classes"]
    assert str(target) in capsys.readouterr().out


def test_profile_command_reports_all_errors_of_an_invalid_file(tmp_path, capsys):
    path = tmp_path / "x.toml"
    path.write_text(COUNTY_PROFILE_TEXT.replace("form =", "forms =").replace("LAW021", "LAW999"), encoding="utf-8")
    assert main(["profile", str(path)]) == 2
    captured = capsys.readouterr()
    assert not captured.out and "2 处" in captured.err
    assert "ratio.forms" in captured.err and "phase.approval.severity.LAW999" in captured.err


@pytest.mark.parametrize("name", list_profile_ids())
def test_shipped_profiles_are_valid(name, capsys):
    assert main(["profile", name, "--check"]) == 0
    assert name in capsys.readouterr().out


def test_unknown_profile_or_phase_suggests_known_names(capsys):
    assert main(["profile", "hunyuen"]) == 2
    assert "hunyuan" in capsys.readouterr().err
    assert main(["profile", "hunyuan", "--phase", "终稿"]) == 2
    assert "报批" in capsys.readouterr().err


def test_settings_resolved_without_a_profile_all_come_from_the_standard():
    resolved = resolve_norm(RunOptions().resolve_norm())
    assert {v.origin.kind for v in resolved.settings} == {STANDARD_ORIGIN}
    assert {v.key for v in resolved.settings} >= {k for k in load_standard().settings if not k.startswith("rules.")}
