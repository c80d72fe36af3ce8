# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on heritage parts, urban boundary, zones and nature reserves."""

from dataclasses import replace

import pytest

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import make_example_plan
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.heritage.protection import CONTROL_PART, CORE_PART, RANGE_PART, classify_heritage_parts
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.results.run import run_check


def make_rectangle_wkt(x, width=100, height=100):
    return f"POLYGON (({x} 0, {x + width} 0, {x + width} {height}, {x} {height}, {x} 0))"


@pytest.mark.parametrize(
    ("kind", "name", "part", "site"),
    [
        ("", "某寺保护范围", CORE_PART, "某寺"),
        ("", "某街区核心保护范围", CORE_PART, "某街区"),
        ("", "某街区 建设控制地带 ", CONTROL_PART, "某街区"),
        ("", "某街区", "", "某街区"),
        ("20", "某街区", RANGE_PART, "某街区"),
        # The kind overrides the name.
        ("22", "某街区核心保护范围", CONTROL_PART, "某街区"),
        ("99", "某寺保护范围", CORE_PART, "某寺"),
        ("21", "", CORE_PART, ""),
        ("", "", "", ""),
    ],
)
def test_heritage_parts_are_recognised_by_their_kind_code_and_else_by_their_name(kind, name, part, site):
    plan = make_example_plan({"LSWHBHX": [{"wkt": make_rectangle_wkt(0), "feature_kind": kind, "feature_name": name}]})
    parts = classify_heritage_parts(plan.layers["LSWHBHX"], RuleContext(plan, plan.norm, Tolerance()))
    assert (parts.part_of_row[0], parts.site_of_row[0]) == (part, site)


def compute_indicators(code, layers, settings=None):
    report = run_check(make_example_plan(layers, settings=settings), [load_all_rules()[code]])
    return {i.id: i for i in report.indicators}


def test_shares_of_zones_inside_the_urban_boundary_are_percent_of_its_area():
    rows = [
        {"wkt": make_rectangle_wkt(x, width), "zone_code": code} for x, width, code in ((0, 100, "411"), (100, 20, "420"), (120, 30, "430"))
    ]  # fmt: skip
    found = compute_indicators("LAW020", {"CZKFBJ": rows})
    assert found["boundary_concentrated_share"].value == pytest.approx(100 * 100 / 150, abs=0.01)
    assert found["boundary_flexible_share"].value == pytest.approx(20.0, abs=0.01)
    assert found["boundary_special_share"].value == pytest.approx(30.0, abs=0.01)
    assert [found[f"boundary_{k}_share"].state for k in ("concentrated", "flexible", "special")] == [
        "reference",
        "broken",
        "reference",
    ]
    # The county has not confirmed the limit.
    assert not found["boundary_flexible_share"].confirmed


def test_nature_reserve_drawn_as_a_whole_and_in_parts_counts_once_in_the_reserve_area():
    rows = [
        {"wkt": make_rectangle_wkt(0, 1000, 1000), "feature_name": "某保护区"},
        {"wkt": make_rectangle_wkt(0, 400, 1000), "feature_name": "某保护区核心保护区"},
        {"wkt": make_rectangle_wkt(400, 600, 1000), "feature_name": "某保护区一般控制区"},
        {"wkt": make_rectangle_wkt(2000, 1000, 1000), "feature_name": "另一保护区核心保护区"},
    ]
    found = compute_indicators("LAW022", {"ZRBHD": rows, "STBHHX": [make_rectangle_wkt(0, 500, 1000)]})
    assert found["reserves_area"].value == pytest.approx(2.0, rel=2e-3)
    assert found["reserves_in_red_line_share"].value == pytest.approx(25.0, abs=0.01)


def test_heritage_point_outside_its_polygon_is_reported_with_the_distance():
    layers = {
        "WWBHDWD": [{"wkt": "POINT (137.5 50)", "feature_name": "某寺"}],
        "WWBHDWM": [{"wkt": make_rectangle_wkt(0), "feature_name": "某寺"}],
    }
    (finding,) = run_check(make_example_plan(layers), [load_all_rules()["REL022"]]).findings
    assert finding.params["distance"] == 37.5 and "37.5" in finding.message and "某寺" in finding.message


def test_zone_total_that_differs_from_the_county_area_by_over_one_hectare_is_reported():
    county = {"wkt": make_rectangle_wkt(0, 1000, 1000), "area": 1_000_000.0}
    for short, count in ((10_000.0, 0), (10_000.01, 1)):
        zones = [{"wkt": make_rectangle_wkt(0, 1000, 1000), "area": 1_000_000.0 - short}]
        assert (
            len(
                run_check(
                    make_example_plan({"YDYHGHFQ": zones, "XZQX": [county]}), [load_all_rules()["LAW021"]]
                ).findings
            )
            == count
        )


@pytest.mark.parametrize(
    ("confirmed", "severity"), [(frozenset(), Severity.INFO), (frozenset({"all"}), Severity.WARNING)]
)
def test_zone_share_above_its_limit_is_a_warning_if_the_limit_is_confirmed_and_else_a_note(confirmed, severity):
    rows = [
        {"wkt": make_rectangle_wkt(0, 100), "zone_code": "410"},
        {"wkt": make_rectangle_wkt(100, 20), "zone_code": "420"},
    ]
    plan = make_example_plan({"CZKFBJ": rows})
    plan.norm = replace(plan.norm, profile=replace(plan.norm.profile, confirmed=confirmed))
    (found,) = run_check(plan, [load_all_rules()["LAW020"]]).findings
    assert (found.case, found.severity) == ("flexible", severity)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("code", "layers", "keys"),
    [
        # Land of the red line in another zone: the line's row, and the zone there.
        ("REL004", {"YDYHGHFQ": [("Z1", 0, 100, "100"), ("Z2", 100, 50, "500")], "STBHHX": [("R1", 0, 120, "")]}, ("R1", "Z2", "500")),
        # A zone beyond the line: the zone's row, and the line next to it.
        ("REL004", {"YDYHGHFQ": [("Z1", 0, 120, "100")], "STBHHX": [("R1", 0, 100, "")]}, ("Z1", "R1")),
        ("REL005", {"YDYHGHFQ": [("Z1", 0, 100, "410"), ("Z2", 100, 50, "500")], "CZKFBJ": [("B1", 0, 120, "")]}, ("B1", "Z2", "500")),
        ("REL005", {"YDYHGHFQ": [("Z1", 0, 120, "410")], "CZKFBJ": [("B1", 0, 100, "")]}, ("Z1", "B1")),
        ("REL006", {"YDYHGHFQ": [("Z1", 0, 9_000, "300"), ("Z2", 9_000, 5_000, "500")], "YJJBNTBHTB": [("F1", 0, 12_000, "")]}, ("F1", "Z2", "500")),
        ("REL030", {"ZXCQGHFQ": [("Z1", 0, 100, "")], "ZXCQFW": [("C1", 0, 120, "")]}, ("C1", "Z1")),
        ("REL030", {"ZXCQGHFQ": [("Z1", 0, 120, "")], "ZXCQFW": [("C1", 0, 100, "")]}, ("Z1", "C1")),
    ],
)  # fmt: skip
def test_message_on_a_finding_of_two_layers_states_both_layer_names_and_feature_keys(code, layers, keys, lang):
    rows = {
        role: [{"wkt": make_rectangle_wkt(x, width), "key": key, **({"zone_code": zone} if zone else {})} for key, x, width, zone in given]
        for role, given in layers.items()
    }  # fmt: skip
    report = run_check(make_example_plan(rows), [load_all_rules()[code]], lang=lang)
    (finding,) = [f for f in report.findings if f.code == code and f.case != "share"]
    assert all(key in finding.message for key in keys), finding.message
    titles = [t for role in layers if (t := make_example_plan(rows).layers[role].template.name)]
    names = titles if lang == "zh" else list(layers)
    assert all(name in finding.message for name in names), finding.message


def test_waiver_does_not_depend_on_the_feature_keys_in_a_message():
    from plugin.core.waivers.model import get_finding_figures

    rows = {
        "YDYHGHFQ": [{"wkt": make_rectangle_wkt(0), "zone_code": "500"}],
        "STBHHX": [{"wkt": make_rectangle_wkt(0)}],
    }
    (finding,) = [
        f for f in run_check(make_example_plan(rows), [load_all_rules()["REL004"]]).findings if f.code == "REL004"
    ]
    assert "there" in finding.params["shown"] and "there" not in str(get_finding_figures(finding))
