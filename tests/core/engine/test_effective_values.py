# SPDX-License-Identifier: GPL-2.0-or-later
"""Effective values of settings and their sources."""

import re
from dataclasses import replace

import pytest

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.explanation import (
    CALL_ORIGIN,
    PROFILE_ORIGIN,
    RULE_DEFAULT_ORIGIN,
    STANDARD_ORIGIN,
    describe_citation,
    find_effective_values,
    format_effective_values,
)
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, load_profile
from tests.core.small_plan import convert_to_source_layers, get_outcome_of_rule

ALL_RULES_BY_CODE = load_all_rules()


@pytest.fixture
def county_norm(tmp_path):
    """Return a county norm with values from a rule, standard, base and own profile."""
    (tmp_path / "base.toml").write_text(
        'id = "base"\nname = "某市"\narea_code = "140200"\n[rules.REL006]\nmax_share = 0.2\n[ratio]\nlimit = 1.28\n',
        encoding="utf-8",
    )
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "mine"\nname = "某县"\narea_code = "140225"\nbase = "base"\n[ratio]\nlimit = 1.22\n', encoding="utf-8"
    )
    profile = load_profile(path)
    return Norm(load_standard(), profile)


def get_effective_values(code, norm, call=None):
    return {one.name: one for one in find_effective_values(ALL_RULES_BY_CODE[code], norm, call)}


def test_effective_value_of_a_setting_states_if_call_profile_standard_or_rule_default_set_it(county_norm):
    parameters = get_effective_values("REL006", county_norm)
    assert (parameters["max_share"].value, parameters["max_share"].origin) == (0.2, PROFILE_ORIGIN)
    assert parameters["max_share"].who == "某市"
    assert parameters["large_area_m2"].origin == STANDARD_ORIGIN and parameters["large_area_m2"].mark == "C"
    assert get_effective_values("TOP009", county_norm)["window_share"].origin == RULE_DEFAULT_ORIGIN
    limit = get_effective_values("LAW001", county_norm)["ratio.limit"]
    assert (limit.value, limit.origin, limit.who) == (1.22, PROFILE_ORIGIN, "某县")
    given = get_effective_values("REL006", county_norm, {"max_share": 0.3, "tolerance.min_area_m2": 2.0})
    assert (given["max_share"].value, given["max_share"].origin) == (0.3, CALL_ORIGIN)
    assert (
        given["tolerance.min_area_m2"].origin == CALL_ORIGIN
        and given["tolerance.min_width_m"].origin == STANDARD_ORIGIN
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_parameter_of_every_rule_has_a_name_and_a_distinct_line_in_the_effective_values(lang):
    norm, texts = Norm(load_standard(), load_profile("hunyuan")), Texts(lang)
    for rule in ALL_RULES_BY_CODE.values():
        lines = format_effective_values(find_effective_values(rule, norm), texts)
        assert len(lines) >= len(rule.parameters), rule.code
        assert len(set(lines)) == len(lines), rule.code
        for parameter in rule.parameters:
            assert parameter.name in texts.get_section("parameters"), f"{rule.code}: {parameter.name} has no name"


def test_check_report_lists_settings_of_a_rule_with_value_and_whether_call_or_standard_set_it():
    options = RunOptions(
        rules=("TOP009", "REL001"), parameters={"TOP009": {"window_share": 0.5}}, tolerance=Tolerance(min_area_m2=2.0)
    )
    report = check_plan(convert_to_source_layers(), options).report
    by_name = {one["name"]: one for one in get_outcome_of_rule(report, "TOP009").parameters}
    assert (by_name["window_share"]["value"], by_name["window_share"]["origin"]) == (0.5, "call")
    assert (by_name["tolerance.min_area_m2"]["value"], by_name["tolerance.min_area_m2"]["origin"]) == (2.0, "call")
    assert by_name["tolerance.min_width_m"]["origin"] == "standard"


def test_rule_command_prints_effective_values_of_settings(capsys):
    assert main(["rule", "LAW001", "--profile", "hunyuan"]) == 0
    output = capsys.readouterr().out
    assert "ratio.limit = 1.25（县配置 浑源县）" in output and "依据" in output and "适用限制" in output
    assert main(["rule", "LAW001", "--lang", "en"]) == 0
    assert "ratio.limit = 1.3 (standard" in capsys.readouterr().out


def test_citation_with_source_mark_c_names_whether_standard_or_county_accepted_it(county_norm):
    texts, known = Texts("zh"), county_norm.standard.citations
    assert describe_citation(known["G8"], county_norm, texts).endswith("（标准已认可）")
    assert describe_citation(known["G10"], county_norm, texts) == known["G10"].zh
    confirmed = replace(county_norm, profile=replace(county_norm.profile, confirmed=frozenset({"G10"})))
    assert describe_citation(known["G10"], confirmed, texts).endswith("（本县已确认）")


def test_citations_refer_to_no_numbered_quality_rule_of_an_unpublished_list(county_norm):
    for citation in county_norm.standard.citations.values():
        assert not re.match(r"(质检规则|Quality rules?) [A-Z]\d", citation.zh) and "rule G" not in citation.en
