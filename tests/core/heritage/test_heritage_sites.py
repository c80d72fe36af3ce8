# SPDX-License-Identifier: GPL-2.0-or-later
"""Heritage sites joined by name from several layers, compared with counts."""

import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_plan
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.heritage.heritage_sites import collect_heritage_sites, normalise_name
from plugin.core.model.rule import load_all_rules
from plugin.core.profile import load_profile
from plugin.core.results.run import run_check
from plugin.paths import SAMPLE_FOLDER

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SECOND_SQUARE = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
POINT_WKT = "POINT (50 50)"


def make_heritage_sites(layers):
    plan = make_example_plan(layers)
    return collect_heritage_sites(RuleContext(plan, plan.norm, Tolerance()), plan.find_layer_of_concept)


def test_rows_with_one_site_name_in_several_layers_are_one_site():
    found = make_heritage_sites(
        {
            "LSWHBHX": [
                {"wkt": SQUARE_WKT, "feature_name": "甲 寺保护范围", "feature_kind": "61", "JB": "20"},
                {"wkt": SECOND_SQUARE, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "国家级"},
            ],
            "WWBHDWM": [{"wkt": SQUARE_WKT, "feature_name": "甲寺"}],
            "WWBHDWD": [{"wkt": POINT_WKT, "feature_name": "甲寺"}, {"wkt": POINT_WKT, "feature_name": ""}],
        }
    )
    (site,) = found.by_name.values()
    assert (site.kind_names, site.level_names) == ({"文物保护单位"}, {"国家级"})
    assert len(site.layer_rows) == 4 and found.nameless_row_counts == {"WWBHDWD": 1}
    # Core, control zone, and the range of the separate layer have 1 ha each.
    assert [round(site.measure_part_area_m2(part) or 0, -2) for part in ("core", "control", "range")] == [
        10000,
        10000,
        10000,
    ]


def test_area_of_a_site_without_a_range_is_its_core_plus_control_zone():
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": "乙村核心保护范围", "feature_kind": "41"},
        {"wkt": SECOND_SQUARE, "feature_name": "乙村建设控制地带", "feature_kind": "42"},
    ]
    site = make_heritage_sites({"LSWHBHX": rows}).find_site("乙村")
    assert site is not None and site.kind_names == {"历史文化名村"}
    assert site.measure_part_area_m2("range") == pytest.approx(20_000, rel=2e-3)
    assert (
        make_heritage_sites({"LSJZD": [{"wkt": POINT_WKT, "feature_name": "丙宅"}]})
        .find_site("丙宅")
        .measure_part_area_m2("range")
        is None
    )


@pytest.mark.parametrize("form", ["{}（{}）", "{}({})", "{}—{}", "{} {}", "{}-{}"])
def test_heritage_part_is_parsed_from_brackets_or_after_a_dash_in_the_name(form):
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": form.format("乙村", "核心保护范围")},
        {"wkt": SECOND_SQUARE, "feature_name": form.format("乙村", "建设控制地带")},
    ]
    found = make_heritage_sites({"LSWHBHX": rows})
    assert list(found.by_name) == ["乙村"]
    assert [round(found.find_site("乙村").measure_part_area_m2(part), -2) for part in ("core", "control")] == [
        10000,
        10000,
    ]


@pytest.mark.parametrize(("one", "other"), [("永安寺 ", "永安寺"), ("永安寺（北）", "永安寺(北)"), ("Ａ塔", "A塔")])
def test_site_names_are_compared_ignoring_spaces_and_full_width_forms(one, other):
    assert normalise_name(one) == normalise_name(other)


def compare_with_register(layers, register):
    report = run_check(make_example_plan(layers, settings={"register": register}), [load_all_rules()["LAW023"]])
    return report.rules[0], report.findings


def test_heritage_site_count_that_is_ambiguous_skips_the_rule_with_the_possible_counts():
    """Check sites without a protection level where one site of a level is missing."""
    rows = [{"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61"}]
    register = [("国家级文物保护单位", "文物保护单位", "国家级", 1)]
    rule, findings = compare_with_register({"LSWHBHX": rows}, register)
    assert (str(rule.outcome), findings) == ("skipped", []) and "国家级文物保护单位 0–1 / 1" in rule.reason
    rule, findings = compare_with_register({"LSWHBHX": rows}, [("国家级文物保护单位", "文物保护单位", "国家级", 2)])
    assert str(rule.outcome) == "failed" and [f.params["count"] for f in findings] == [0]
    # Without a kind it may also be a district.
    without_kind = [{"wkt": SQUARE_WKT, "feature_name": "某地"}]
    assert (
        str(compare_with_register({"LSWHBHX": without_kind}, [("历史文化街区", "历史文化街区", "", 1)])[0].outcome)
        == "skipped"
    )


def test_heritage_site_with_two_protection_levels_skips_the_count_rule_with_the_possible_counts():
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61", "JB": "20"},
        {"wkt": SECOND_SQUARE, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "30"},
    ]
    register = [(f"{level}文物保护单位", "文物保护单位", level, 1) for level in ("国家级", "省级")]
    rule, findings = compare_with_register({"LSWHBHX": rows}, register)
    assert (str(rule.outcome), findings) == ("skipped", []) and "0–1 / 1" in rule.reason


def test_rule_on_site_counts_without_stated_counts_explains_how_to_state_them():
    rule, _ = compare_with_register({"LSWHBHX": [{"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围"}]}, [])
    assert str(rule.outcome) == "not_applicable" and "heritage_register" in rule.reason


def test_finding_on_a_heritage_count_states_both_counts_the_site_names_and_the_source():
    rows = [{"wkt": POINT_WKT, "feature_name": name} for name in ("甲宅", "乙宅")]
    _, (finding,) = compare_with_register({"LSJZD": rows}, [("历史建筑", "历史建筑", "", 14)])
    assert finding.key == "历史建筑"
    for expected in ("规划写明历史建筑 14 处", "example", "有 2 处", "甲宅、乙宅"):
        assert expected in finding.message


def test_register_entry_of_the_county_profile_replaces_that_of_its_base_profile(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'id = "x"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n[[heritage_register]]\nterm = "历史建筑"\n'
        'kind = "历史建筑"\nlevel = ""\ncount = 2\nsource = "x"\n',
        encoding="utf-8",
    )
    lines = [line for line in load_profile(path).register if line.kind == "历史建筑"]
    assert [line.count for line in lines] == [2]
    assert len(load_profile(path).register) == len(load_profile("hunyuan").register)


def test_approved_areas_of_the_sample_heritage_sites_equal_their_shapes():
    """Compare 63.34 = 30.13 + 33.21 公顷, printed for 浑源古城历史文化街区."""
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("LAW023",))).report
    assert not [f for f in report.findings if f.case in ("site", "area", "core_area", "control_area")]
