# SPDX-License-Identifier: GPL-2.0-or-later
"""Quality rules: a defect planted in a plan without defects is found."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import CRS, Geod

from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.base.files.cells import parse_date
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.checks.tabulate import tabulate_sources
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.engine.evaluate import choose_rules
from plugin.core.figures.heritage_sites import CONTROL_PART, CORE_PART, RANGE_PART, classify_heritage_parts
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Outcome
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.plan.io import read_source
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.render.tables.by_place import make_space_table, make_zone_table
from plugin.core.rules._attributes import ValueProblem, find_wrong_rows
from plugin.core.rules.att.att001_004_005_006_024_keys_and_numbers import _find_shared_keys
from plugin.paths import SAMPLE_FOLDER


def make_grid_square(column, row, size=100):
    return shapely.box(column * size, row * size, (column + 1) * size, (row + 1) * size).wkt


def make_plan_without_defects():
    """Return nine parcels in three townships.

    Farmland, red line and urban boundary cover one column of three parcels each.
    """
    townships = [f"POLYGON (({x} 0, {x + 100} 0, {x + 100} 100, {x + 100} 200, {x + 100} 300, {x} 300, {x} 200, {x} 100, {x} 0))"
             for x in (0, 100, 200)]  # fmt: skip
    county = (
        "POLYGON ((0 0, 100 0, 200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 100 300, 0 300, 0 200, 0 100, 0 0))"
    )
    return {
        "DLTB": [make_grid_square(c, r) for c in range(3) for r in range(3)],
        "XZQXZ": townships,
        "XZQX": [county],
        "YJJBNTBHTB": [make_grid_square(0, r) for r in range(3)],
        "STBHHX": [townships[1]],
        "CZKFBJ": [townships[2]],
        "LSWHBHX": [make_grid_square(1, 1)],
        "BKYDWWD": ["POINT (150 150)"],
    }


def find_problems(layers, rules=("quality", "TOP006"), **settings):
    plan = make_example_plan(layers, settings=settings)
    report = run_check(plan, choose_rules((), plan.norm.expand_groups(rules)))
    assert not [r for r in report.rules if str(r.outcome) == "crashed"]
    return sorted({(f.code, f.case) for f in report.findings})


def replace_row_values(role, row, wkt):
    layers = make_plan_without_defects()
    layers[role][row] = wkt
    return layers


def add_row(role, wkt):
    layers = make_plan_without_defects()
    layers[role].append(wkt)
    return layers


def test_plan_without_defects_has_no_quality_finding():
    assert find_problems(make_plan_without_defects()) == []


QUALITY_DEFECTS = {
    "an arc": (replace_row_values("DLTB", 0, {"wkt": make_grid_square(0, 0), "curve": True}), {("GEO004", "")}),
    "a spike": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 149, 140 149.5, 200 150, 200 200, 100 200, 100 100))"),
        {("GEO005", "spike")},
    ),
    "an acute corner": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 115, 100 100))"),
        {("GEO005", "acute")},
    ),
    "a hole in the red line": (
        replace_row_values("STBHHX", 0, "POLYGON ((100 0, 200 0, 200 100, 200 200, 200 300, 100 300, 100 200, 100 100, 100 0), "
                              "(140 140, 160 140, 160 160, 140 160, 140 140))"),
        {("GEO006", "hole")},
    ),
    "a window": (
        {**replace_row_values("CZKFBJ", 0, "POLYGON ((200 0, 300 0, 300 100, 300 200, 300 300, 200 300, 200 200, 200 100, 200 0), "
                                 "(240 140, 260 140, 260 160, 240 160, 240 140))"),
         "YJJBNTBHTB": [*make_plan_without_defects()["YJJBNTBHTB"], "POLYGON ((240 140, 260 140, 260 160, 240 160, 240 140))"]},
        {("TOP009", "window")},
    ),
    "a fragment": (add_row("YJJBNTBHTB", "POLYGON ((150 50, 160 50, 160 60, 150 60, 150 50))"), {("GEO007", "")}),
    "an arm": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 200, 151 200, 151 260, 150 260, 150 200, 100 200, 100 100))"),
        {("GEO008", "")},
    ),
    "a vertex twice": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100, 200 200, 100 200, 100 100))"),
        {("GEO009", "repeated")},
    ),
    "two vertices that nearly meet": (
        replace_row_values("LSWHBHX", 0, "POLYGON ((100 100, 200 100, 200 100.004, 200 200, 100 200, 100 100))"),
        {("GEO009", "near")},
    ),
    "a point that was moved": (replace_row_values("BKYDWWD", 0, "POINT (9000 150)"), {("GEO011", "")}),
    "a slit between two parcels": (
        replace_row_values("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 190, 100.5 180, 100.5 120, 100 110, 100 100))"),
        # The gap is in the township; its neighbour lacks the vertices on the shared edge.
        {("TOP005", ""), ("TOP006", "")},
    ),
    "a vertex on one side only": (
        replace_row_values("DLTB", 4, "POLYGON ((100 100, 200 100, 200 200, 100 200, 100 150, 100 100))"),
        {("TOP005", "")},
    ),
    "a parcel is missing": (
        {**make_plan_without_defects(), "DLTB": make_plan_without_defects()["DLTB"][:-1]},
        {("TOP006", "")},
    ),
    "a protected range twice": (add_row("LSWHBHX", make_grid_square(1, 1)), {("TOP007", "")}),
    "a line that reaches into the other": (
        replace_row_values("CZKFBJ", 0, "POLYGON ((199.5 0, 300 0, 300 100, 300 200, 300 300, 199.5 300, 199.5 0))"),
        # Edges of county and parcels lack a vertex at the crossing.
        {("TOP008", "overlaps"), ("TOP005", ""), ("TOP005", "layers")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", QUALITY_DEFECTS)
def test_planted_quality_defect_is_found_only_by_its_rules(defect):
    layers, codes = QUALITY_DEFECTS[defect]
    assert set(find_problems(layers)) == codes


def test_problem_that_two_running_rules_would_find_is_reported_by_only_one_of_them():
    arc = replace_row_values("DLTB", 0, {"wkt": make_grid_square(0, 0), "curve": True})
    assert find_problems(arc, ("GEO002",)) == [("GEO002", "curve")]
    assert find_problems(arc, ("GEO002", "GEO004")) == [("GEO004", "")]
    twice = add_row("DLTB", make_grid_square(0, 0))
    assert find_problems(twice, ("TOP001", "TOP007")) == [("TOP001", "duplicate")]
    assert find_problems(twice, ("TOP007",)) == [("TOP007", "")]
    off = replace_row_values("LSWHBHX", 0, make_grid_square(90, 0))
    assert find_problems(off, ("GEO011",)) == [("GEO011", "")]
    assert find_problems(off, ("GEO011", "TOP003")) == [("TOP003", "")]


def test_limits_of_quality_rules_are_read_from_settings():
    fragment, _ = QUALITY_DEFECTS["a fragment"]
    assert find_problems(fragment, **{"quality.min_area_m2.YJJBNTBHTB": 50.0}) == []
    reaching, _ = QUALITY_DEFECTS["a line that reaches into the other"]
    assert find_problems(reaching, **{"quality.edges_compared": [], "quality.lines": ["farmland"]}) == [("TOP005", "")]


def test_vertices_that_reprojection_adds_to_a_polygon_are_not_reported_as_missing_in_its_neighbour():
    """Check neighbours in two zones; reprojection adds vertices to only one of them."""
    norm = make_example_norm()
    line = make_example_layer("STBHHX", ["POLYGON ((0 0, 30000 0, 30000 1000, 0 1000, 0 0))"], norm)
    neighbour = make_example_layer(
        "CZKFBJ", ["POLYGON ((5000 1000, 25000 1000, 25000 2000, 5000 2000, 5000 1000))"], norm
    )
    moved = dataclasses.replace(neighbour, frame=neighbour.frame.to_crs(4525), crs=CRS.from_epsg(4525))
    plan = assemble_plan([line, moved], norm, scope="three_lines")
    assert len(plan.layers["CZKFBJ"].added_vertices)
    report = run_check(plan, choose_rules((), ["TOP005", "GEO010"]), parameters={"GEO010": {"vertices_count": 4}})
    (pair,) = [f for f in report.findings if f.code == "TOP005"]
    # Only the two corners on the long edge are missing there.
    assert pair.params["count"] == 2
    assert not [f for f in report.findings if f.code == "GEO010"]


ATTRIBUTE_RULES = [code for code in load_all_rules() if code.startswith("ATT")]
SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


def test_findings_of_attribute_rules_contain_no_personal_value():
    secret = "王某某锟斤拷|'"
    plan = make_example_plan({"farmland": [{"wkt": SQUARE, **dict.fromkeys(("CFZR", "ZRRMC", "JZDZ"), secret)}]})
    report = run_check(plan, choose_rules([], ATTRIBUTE_RULES))
    assert {f.field for f in report.findings if f.code == "ATT015"} == {"CFZR", "ZRRMC", "JZDZ"}
    assert "王某" not in "".join(str(f.to_dict()) for f in report.findings)


def test_rule_with_an_invalid_setting_of_code_and_name_pairs_is_skipped_with_the_key_as_reason():
    rows = {"parcels": [{"wkt": SQUARE, "ZLDWDM": "1", "ZLDWMC": "甲"}]}
    plan = make_example_plan(rows, settings={"attributes.name_pairs": ["ZLDWDM"]})
    (outcome,) = run_check(plan, choose_rules([], ["ATT021"])).rules
    assert outcome.outcome is Outcome.SKIPPED and "attributes.name_pairs" in outcome.reason


def test_each_distinct_attribute_value_is_inspected_once():
    asked = []

    def inspect_value(value):
        asked.append(value)
        return ValueProblem(value) if value == "b" else None

    assert [(n, wrong.case) for n, wrong in find_wrong_rows(["a", "b", "a", "b", ""], inspect_value)] == [
        (1, "b"),
        (3, "b"),
    ]
    assert sorted(asked) == ["", "a", "b"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025-10-01", "2025-10-01"), ("2025/1/5", "2025-01-05"), ("2025.10.1", "2025-10-01"), ("2025年2月3日", "2025-02-03"),
     ("20240229", "2024-02-29"), ("2025-10-01 00:00:00", "2025-10-01"), ("2025-10-01T08:00:00+08:00", "2025-10-01"),
     ("2025-02-29", None), ("2025", None), ("1/10/2025", None), ("45231", None), ("２０２５-10-01x", None)],
)  # fmt: skip
def test_dates_of_a_protection_period_are_parsed_from_text(text, day):
    found = parse_date(text)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    ("numbers", "names_villages"),
    [(["7", "7"], True), (["14022500000001", "14022500000001"], False), (["7", "7", "14022500000001"], False)],
)
def test_summary_of_repeated_numbers_names_villages_only_if_all_are_counted_by_village(numbers, names_villages):
    square = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
    villages = ["1402251002000000000", "1402251002010000000"]
    rows = [{"wkt": square, "ZLDWDM": village, "TBBH": number} for number in set(numbers) for village in villages * 2]
    plan = make_example_plan({"layer": rows}, {"layer": "DLTB"})
    report = run_check(plan, [load_all_rules()["ATT024"]], parameters={"ATT024": {"listed_count": 0}})
    (finding,) = report.findings
    assert finding.case == "many"
    assert ("不同坐落单位的相同编号不计" in finding.message) == names_villages


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
    from plugin.core.engine.waivers.waiver import get_finding_figures

    rows = {
        "YDYHGHFQ": [{"wkt": make_rectangle_wkt(0), "zone_code": "500"}],
        "STBHHX": [{"wkt": make_rectangle_wkt(0)}],
    }
    (finding,) = [
        f for f in run_check(make_example_plan(rows), [load_all_rules()["REL004"]]).findings if f.code == "REL004"
    ]
    assert "there" in finding.params["shown"] and "there" not in str(get_finding_figures(finding))


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=6), max_size=4))
def test_shared_keys_are_those_of_an_earlier_layer_with_the_first_row_of_the_later(keys_by_layer):
    layers = [SimpleNamespace(role=f"layer {n}", keys=keys) for n, keys in enumerate(keys_by_layer)]
    expected: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for number, keys in enumerate(keys_by_layer):
        for row, key in enumerate(keys):
            owner = next(n for n, other_keys in enumerate(keys_by_layer) if key in other_keys)
            if key and owner != number and keys.index(key) == row:
                expected.setdefault((f"layer {owner}", f"layer {number}"), []).append((key, row))
    assert _find_shared_keys(layers, SimpleNamespace(cancellation=NEVER_CANCELLED)) == expected


OPTIONS = RunOptions(profile="hunyuan", rules=("TOP002", "TOP003", "GEO011", "LAW003", "LAW021", "ATT022"))
ZONES = "YDYHGHFQ"
#: Codes and names of planning zones at sea.
SEA_ZONES = {"600": "海洋发展区", "610": "渔业用海区", "660": "海洋预留区"}


def add_zones_east_of_county(layers, names_by_code):
    """Return layers with a zone of 3 km for each code, 1 km east of the county, and the area of these zones (m²)."""
    frames = {layer.name: layer.frame for layer in layers}
    zones = frames[ZONES]
    _, south, east, north = frames["XZQX"].to_crs(zones.crs).total_bounds
    rows = zones.iloc[[0] * len(names_by_code)].copy()
    rows["GHFQDM"], rows["GHFQMC"] = list(names_by_code), list(names_by_code.values())
    rows["BSM"] = [f"14022599999999990{number}" for number in range(len(rows))]
    starts = east + 1000 + 3000 * np.arange(len(rows))
    rows.geometry = shapely.box(starts, south, starts + 3000, north)
    ellipsoid = Geod(a=6378137.0, rf=298.257222101)
    areas = [abs(ellipsoid.geometry_area_perimeter(shape)[0]) for shape in rows.to_crs(4490).geometry]
    rows["MJ"] = areas
    rows.index = zones.index.max() + 1 + np.arange(len(rows))
    added = gpd.GeoDataFrame(pd.concat([zones, rows]), geometry=zones.geometry.name, crs=zones.crs)
    return [replace(one, frame=added) if one.name == ZONES else one for one in layers], sum(areas)


@pytest.fixture(scope="module")
def county():
    return list(read_source(SAMPLE_FOLDER / "county.gpkg"))


def list_results(layers):
    report = check_plan(layers, OPTIONS, source="county").report
    return (
        [finding.to_dict() for finding in report.findings],
        {(one.id, one.place): (one.value, one.inputs.get("county_share")) for one in report.indicators},
        report.provenance["notices"],
    )


def test_zones_at_sea_change_no_finding_and_no_figure_and_a_notice_names_them(county):
    findings, figures, notices = list_results(county)
    coastal, area = add_zones_east_of_county(county, SEA_ZONES)
    coastal_findings, coastal_figures, coastal_notices = list_results(coastal)
    assert (coastal_findings, coastal_figures) == (findings, figures)
    (notice,) = [one for one in coastal_notices if one not in notices]
    assert notice.startswith(f"{ZONES}有 3 个图斑为海洋分区或用海类")
    printed_hectares = float(notice.split("（")[1].split(" 公顷")[0].replace("\u202f", ""))
    assert printed_hectares == pytest.approx(area / 10_000, rel=1e-4)


def test_zones_of_land_at_the_same_place_are_outside_the_county(county):
    eastern, _ = add_zones_east_of_county(county, {"530": "林业发展区"})
    codes = {finding["code"] for finding in list_results(eastern)[0]}
    assert {"TOP003", "LAW021"} <= codes


def test_tables_compare_the_county_with_the_zones_on_land(county):
    def read_differences(layers):
        figures = tabulate_sources(layers, RunOptions(profile="hunyuan")).indicators
        zones, spaces = make_zone_table(figures), make_space_table(figures)
        return next(row.values for row in zones.rows if row.code == "difference"), [row.values for row in spaces.rows]

    coastal, _ = add_zones_east_of_county(county, SEA_ZONES)
    assert read_differences(coastal) == read_differences(county)
