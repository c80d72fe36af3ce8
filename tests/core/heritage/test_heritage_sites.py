# SPDX-License-Identifier: GPL-2.0-or-later
"""Heritage sites by name, compared with the register of the plan."""

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.engine.context import Context
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.heritage.heritage_sites import collect_heritage_sites, normalise_name
from plugin.core.model.rule import all_rules
from plugin.core.profile import load_profile
from plugin.core.results.run import run_check
from plugin.paths import SAMPLE
from tests.core.examples import plan_of

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
NEXT = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
POINT = "POINT (50 50)"


def sites_of(layers):
    plan = plan_of(layers)
    return collect_heritage_sites(Context(plan, plan.norm, Tolerance()), plan.concept)


def test_site_is_one_name_in_all_layers():
    found = sites_of(
        {
            "LSWHBHX": [
                {"wkt": SQUARE, "feature_name": "甲 寺保护范围", "feature_kind": "61", "JB": "20"},
                {"wkt": NEXT, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "国家级"},
            ],
            "WWBHDWM": [{"wkt": SQUARE, "feature_name": "甲寺"}],
            "WWBHDWD": [{"wkt": POINT, "feature_name": "甲寺"}, {"wkt": POINT, "feature_name": ""}],
        }
    )
    (site,) = found.by_name.values()
    assert (site.kinds, site.levels) == ({"文物保护单位"}, {"国家级"})
    assert len(site.rows) == 4 and found.nameless == {"WWBHDWD": 1}
    # Core, control zone, and the range of the separate layer have 1 ha each.
    assert [round(site.area_m2(part) or 0, -2) for part in ("core", "control", "range")] == [10000, 10000, 10000]


def test_site_without_a_range_is_core_and_control_zone():
    rows = [
        {"wkt": SQUARE, "feature_name": "乙村核心保护范围", "feature_kind": "41"},
        {"wkt": NEXT, "feature_name": "乙村建设控制地带", "feature_kind": "42"},
    ]
    site = sites_of({"LSWHBHX": rows}).find("乙村")
    assert site is not None and site.kinds == {"历史文化名村"}
    assert site.area_m2("range") == pytest.approx(20_000, rel=2e-3)
    assert sites_of({"LSJZD": [{"wkt": POINT, "feature_name": "丙宅"}]}).find("丙宅").area_m2("range") is None


@pytest.mark.parametrize("form", ["{}（{}）", "{}({})", "{}—{}", "{} {}", "{}-{}"])
def test_part_is_parsed_from_brackets_or_after_a_dash(form):
    rows = [
        {"wkt": SQUARE, "feature_name": form.format("乙村", "核心保护范围")},
        {"wkt": NEXT, "feature_name": form.format("乙村", "建设控制地带")},
    ]
    found = sites_of({"LSWHBHX": rows})
    assert list(found.by_name) == ["乙村"]
    assert [round(found.find("乙村").area_m2(part), -2) for part in ("core", "control")] == [10000, 10000]


@pytest.mark.parametrize(("one", "other"), [("永安寺 ", "永安寺"), ("永安寺（北）", "永安寺(北)"), ("Ａ塔", "A塔")])
def test_names_are_compared_without_width_and_spaces(one, other):
    assert normalise_name(one) == normalise_name(other)


def outcome(layers, register):
    report = run_check(plan_of(layers, settings={"register": register}), [all_rules()["LAW023"]])
    return report.rules[0], report.findings


def test_ambiguous_count_is_neither_a_pass_nor_a_finding():
    """A site without a level may have the level that lacks one site, but not two."""
    rows = [{"wkt": SQUARE, "feature_name": "甲寺保护范围", "feature_kind": "61"}]
    register = [("国家级文物保护单位", "文物保护单位", "国家级", 1)]
    rule, findings = outcome({"LSWHBHX": rows}, register)
    assert (str(rule.outcome), findings) == ("skipped", []) and "国家级文物保护单位 0–1 / 1" in rule.reason
    rule, findings = outcome({"LSWHBHX": rows}, [("国家级文物保护单位", "文物保护单位", "国家级", 2)])
    assert str(rule.outcome) == "failed" and [f.params["count"] for f in findings] == [0]
    # Without a kind it may also be a district.
    without_kind = [{"wkt": SQUARE, "feature_name": "某地"}]
    assert str(outcome({"LSWHBHX": without_kind}, [("历史文化街区", "历史文化街区", "", 1)])[0].outcome) == "skipped"


def test_site_with_two_levels_counts_once():
    rows = [
        {"wkt": SQUARE, "feature_name": "甲寺保护范围", "feature_kind": "61", "JB": "20"},
        {"wkt": NEXT, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "30"},
    ]
    register = [(f"{level}文物保护单位", "文物保护单位", level, 1) for level in ("国家级", "省级")]
    rule, findings = outcome({"LSWHBHX": rows}, register)
    assert (str(rule.outcome), findings) == ("skipped", []) and "0–1 / 1" in rule.reason


def test_plan_without_stated_counts_gets_instructions():
    rule, _ = outcome({"LSWHBHX": [{"wkt": SQUARE, "feature_name": "甲寺保护范围"}]}, [])
    assert str(rule.outcome) == "not_applicable" and "heritage_register" in rule.reason


def test_message_names_term_counts_sites_and_source():
    rows = [{"wkt": POINT, "feature_name": name} for name in ("甲宅", "乙宅")]
    _, (finding,) = outcome({"LSJZD": rows}, [("历史建筑", "历史建筑", "", 14)])
    assert finding.key == "历史建筑"
    for expected in ("历史建筑规划写明 14 处", "example", "有 2 处", "甲宅、乙宅"):
        assert expected in finding.message


def test_line_of_the_county_replaces_that_of_its_base(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'id = "x"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n[[heritage_register]]\nterm = "历史建筑"\n'
        'kind = "历史建筑"\nlevel = ""\ncount = 2\nsource = "x"\n',
        encoding="utf-8",
    )
    lines = [line for line in load_profile(path).register if line.kind == "历史建筑"]
    assert [line.count for line in lines] == [2]
    assert len(load_profile(path).register) == len(load_profile("hunyuan").register)


def test_approved_areas_of_the_sample_equal_its_shapes():
    """浑源古城历史文化街区: 63.34 = 30.13 + 33.21 公顷, as printed in the plan."""
    report = check_plan(SAMPLE / "county.gpkg", Options(profile="hunyuan", rules=("LAW023",))).report
    assert not [f for f in report.findings if f.case in ("site", "area", "core_area", "control_area")]
