# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole deliveries of counties with and without a coast: no rule has a wrong finding, and each planted defect one."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.affinity import translate

from plugin.core.__main__ import main as run_command
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.tabulate import tabulate_sources
from plugin.core.engine.explanation import find_confirmable_items
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from plugin.core.standard import load_standard
from plugin.core.standard.divisions import parse_county
from plugin.core.standard.profile.county_file import CountyConfirmation, CountySettings, save_county
from plugin.core.standard.profile.profile_data import IndicatorTarget
from tests.core.made_counties import KINDS, SEA_KINDS, CellCounty
from tests.county.measure import statutory_area
from tests.county.write import write_geopackage

INLAND = {"coast": False, "columns": 24}
DISTRICT = INLAND | {
    "code": "140212", "name": "新荣区", "city": "大同市", "crs": 4526, "corner": (38_440_000.0, 4_440_000.0)
}  # fmt: skip
#: The edge of zones 39 and 40 divides a county that begins 14 km west of it.
ZONE_EDGE_X = Transformer.from_crs(4490, 4527, always_xy=True).transform(118.5, 24.2)[0]
TAOYUAN = parse_county("430725 桃源县", load_standard().code_lists)
#: Groups of rules beyond those of a whole county.
GROUPS = ("quality", "attributes", "control_lines", "heritage", "farmland", "quotas")


@pytest.fixture(scope="module")
def coastal() -> CellCounty:
    return CellCounty().draw()


def describe(report: Report) -> list[str]:
    """Return each finding, and each rule without a result on data that the county has, as text."""
    undecided = [rule for rule in report.rules if rule.outcome in (Outcome.SKIPPED, Outcome.CRASHED) or rule.incomplete]
    return [f"{one.code} {one.role} {one.message}" for one in report.findings] + [
        f"{rule.code} {rule.reason}" for rule in undecided
    ]


def test_coastal_county_is_as_large_and_as_indented_as_a_real_one(coastal):
    west, south, east, north = coastal.layers["XZQX"].total_bounds
    sea_west, _, sea_east, _ = coastal.layers["HYFW"].total_bounds
    assert east - west > 25_000 and north - south > 20_000 and sea_east - sea_west > 10_000
    rows = {role: len(frame) for role, frame in coastal.layers.items()}
    assert len(rows) >= 20 and min(rows.values()) >= 1 and rows["DLTB"] > 600 and rows["HAX"] >= 300
    assert rows["XZQX"] > 5 and rows["WJMHD"] > 5 and coastal.layers["HAX"]["HAXLX"].nunique() == 4
    mainland = max(coastal.layers["XZQX"].geometry, key=shapely.area)
    assert sum(one.distance(mainland) > 2_000 for one in coastal.layers["XZQX"].geometry) >= 3
    # Much longer than the straight line from south to north.
    assert coastal.layers["HAX"].length.sum() > 3 * (north - south)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="coast"),
        pytest.param(DISTRICT, id="inland district"),
        pytest.param({"crs": 4498, "corner": (20_550_000.0, 2_650_000.0)}, id="zone of six degrees"),
        pytest.param({"corner": (round(ZONE_EDGE_X) - 14_000.0, 2_650_000.0)}, id="two zones"),
        pytest.param(
            INLAND
            | {"code": TAOYUAN.code, "name": TAOYUAN.name, "city": "常德市", "crs": 4525}
            | {"corner": (37_530_000.0, 3_180_000.0)},
            id="another province",
        ),
    ],
)
def test_whole_county_has_no_wrong_finding_of_any_rule(given):
    made = CellCounty(**given).draw()
    report = made.check(rules=["all"])
    assert describe(report) == []
    assert report.provenance["scope"] == "county" and len(report.provenance["layers"]) == len(made.layers) >= 20
    assert sum(rule.outcome is Outcome.PASSED for rule in report.rules) >= 74
    # No rule is left out because a layer has no rows: what is not applicable has no data in this county.
    assert all(rule.reason for rule in report.rules if rule.outcome is Outcome.NOT_APPLICABLE)


@pytest.mark.parametrize("standard", ["county_db", "city_db"])
def test_district_with_layers_of_a_city_database_has_no_wrong_finding(standard):
    made = CellCounty(**DISTRICT).draw()
    if standard == "city_db":
        # The city's standard has no villages.
        del made.layers["XZQC"]
    options = RunOptions(standard=standard, rules=tuple({*load_standard(standard).rules, *GROUPS}))
    report = check_plan(made.read(XZQX="XZQXS", YDYHGHFQ="GHFQ"), options).report
    assert describe(report) == []


def write_profile(made: CellCounty, path: Any, items: tuple[str, ...] = ("all", "sea")) -> Any:
    """Write the profile that the wizard makes, with targets that the county meets."""
    areas = {
        "cultivated_area": (">=", made.layers["GDBHMB"]["TBDLMJ"].sum() / (1e4 / 15) / 1e4, "wan_mu"),
        "farmland_area": (">=", made.layers["YJJBNTBHTB"]["YJJBNTMJ"].sum() / (1e4 / 15) / 1e4, "wan_mu"),
        "red_line_area": (">=", statutory_area(made.layers["STBHHX"].geometry.to_numpy(), made.crs).sum() / 1e6, "km2"),
        "boundary_area": ("<=", statutory_area(made.layers["CZKFBJ"].geometry.to_numpy(), made.crs).sum() / 1e6, "km2"),
    }
    targets = [
        IndicatorTarget(
            area_code=made.code, indicator=name, comparison=comparison, unit=unit, year=2035, binding="约束性",
            source="规划文本", value=f"{value + (-0.01 if comparison == '>=' else 0.01):.2f}",
        )
        for name, (comparison, value, unit) in areas.items()
    ]  # fmt: skip
    confirmation = CountyConfirmation("县自然资源局", "测试〔2026〕1号", "2026-01-01", items)
    settings = {"sea.natural_coast": ["11", "12"]}
    county = CountySettings(made.name, made.code, "", tuple(targets), settings, {}, confirmation)
    save_county(county, path)
    text = path.read_text(encoding="utf-8")
    path.write_text(f"rules_extra = {json.dumps(GROUPS)}\n{text}", encoding="utf-8")
    return path


def test_command_line_passes_the_coastal_county_with_its_profile(coastal, tmp_path):
    source, target = tmp_path / "350623漳浦县.gpkg", tmp_path / "report.json"
    write_geopackage(source, coastal.layers)
    profile = write_profile(coastal, tmp_path / "county.toml")
    assert run_command(["check", str(source), "--profile", str(profile), "--json", str(target), "--strict"]) == 0
    report = json.loads(target.read_text(encoding="utf-8"))
    assert report["summary"]["verdict"] == "pass" and report["findings"] == []
    outcomes = {rule["code"]: rule["outcome"] for rule in report["rules"]}
    assert set(outcomes.values()) == {"passed", "not_applicable"}
    assert {outcomes[code] for code in ("LAW001", "LAW002", "LAW021", "TOP002", "TOP003", "REL037")} == {"passed"}


def test_settings_that_the_county_form_lists_are_all_that_the_verdict_needs(coastal, tmp_path):
    norm = RunOptions(profile=str(write_profile(coastal, tmp_path / "first.toml", ()))).resolve_norm()
    profile = write_profile(coastal, tmp_path / "county.toml", tuple(find_confirmable_items(norm)))
    report = coastal.check(profile=str(profile))
    assert report.summary["unconfirmed"] == [] and report.verdict is Verdict.PASSED


def plant_defects(made: CellCounty) -> None:
    """Plant one error in each of twelve layers."""

    def change(role: str, row: int, **values: Any) -> None:
        for name, value in values.items():
            made.layers[role].loc[made.layers[role].index[row], name] = value

    def move(role: str, row: int, east: float) -> Any:
        return translate(made.layers[role].geometry.iloc[row], east)

    change("XZQC", 0, XZQDM=f"{made.code}105299")
    change("XZZTGNDW", 0, LX="综合区")
    grove = next(n for n, code in enumerate(made.layers["DLTB"]["DLBM"]) if code == "0307")
    made.layers["DLTB"] = made.layers["DLTB"].drop(index=grove)
    change("YJJBNTBHTB", 0, YJJBNTMJ=made.layers["YJJBNTBHTB"]["YJJBNTMJ"].iloc[0] - 500.0)
    change("CZKFBJ", 0, GHFQDM="499")
    zones = made.layers["YDYHGHFQ"]
    made.layers["YDYHGHFQ"] = zones[zones["GHFQDM"] != "640"]
    made.append("WJMHD", [made.layers["WJMHD"].geometry.iloc[0]], HDMC=["第一屿"])
    change("HAX", 0, geometry=move("HAX", 0, 40_000.0))
    change("FZJZSSD", 6, geometry=move("FZJZSSD", 6, 40_000.0))
    made.append("SD", [made.layers["SD"].geometry.iloc[0]], MC=["湿地"])
    change("ZDJTJCSSX", 0, CD=made.layers["ZDJTJCSSX"]["CD"].iloc[0] * 2)
    light = made.draw_rounds([(10, 35)], 200)[0]
    made.append("ZRBHD", [translate(light, 1_500.0)], MC=["鸟岛自然公园"], JB=["省级"])


def test_each_planted_defect_of_the_coastal_county_has_its_finding():
    made = CellCounty().draw()
    plant_defects(made)
    findings = sorted((one.code, one.role) for one in made.check(rules=["all"]).findings)
    assert findings == [
        ("ATT002", "CZKFBJ"),
        ("ATT002", "XZZTGNDW"),
        ("ATT003", "YJJBNTBHTB"),
        ("ATT013", "ZDJTJCSSX"),
        ("LAW021", "YDYHGHFQ"),  # as TOP002
        ("REL034", "XZQC"),
        ("REL036", "ZRBHD"),  # as TOP003
        ("REL037", "XZZTGNDW"),  # as ATT002
        ("TOP001", "WJMHD"),
        ("TOP002", "YDYHGHFQ"),
        ("TOP003", "FZJZSSD"),
        ("TOP003", "HAX"),
        ("TOP003", "ZRBHD"),
        ("TOP006", "XZQXZ"),  # a parcel of DLTB
        ("TOP007", "SD"),
    ]


def test_zones_sum_to_the_land_and_to_the_sea_where_the_coast_cuts_them(coastal):
    (table,) = [one for one in tabulate_sources(coastal.read(), RunOptions()).tables if one.id == "zones"]
    shares = {row.code: row.values[4].value for row in table.rows if row.values[4] is not None}
    # Independent of the plugin: each cell by itself, by the formula of tests/county.
    areas = statutory_area(coastal.cells.ravel(), coastal.crs).reshape(coastal.cells.shape)
    codes = {kind: values[-1] for kind, values in KINDS.items()} | SEA_KINDS
    zones = np.vectorize(codes.get)(coastal.kinds)
    expected = {}
    for code, (prefix, part) in product(set(codes.values()), (("", coastal.is_land), ("sea:", ~coastal.is_land))):
        if (part & (zones == code)).any():
            expected[prefix + code] = 100 * areas[part & (zones == code)].sum() / areas[part].sum()
    assert {"100", "sea:100", "200", "sea:200"} < expected.keys()
    assert {code: shares[code] for code in expected} == pytest.approx(expected, abs=1e-6)
    assert (shares["land_sum"], shares["sea_sum"]) == pytest.approx((100, 100), abs=1e-9)
    hectares = {row.code: row.values[3].value for row in table.rows}
    assert hectares["land_sum"] == pytest.approx(areas[coastal.is_land].sum() / 1e4, abs=0.01)
    assert hectares["sea_sum"] == pytest.approx(areas[~coastal.is_land].sum() / 1e4, abs=0.01)
    # A zone with parts on both sides counts on land and at sea.
    land, sea = (shapely.union_all(coastal.layers[role].geometry) for role in ("XZQX", "HYFW"))
    drawn = coastal.layers["YDYHGHFQ"].geometry
    on_both = sum((drawn.intersection(land).area > 1) & (drawn.intersection(sea).area > 1))
    features = {row.code: row.values[2].value for row in table.rows if row.values[2] is not None}
    assert on_both >= 2 and features["land_sum"] + features["sea_sum"] == len(drawn) + on_both


def test_three_zones_are_those_of_the_land(coastal):
    (table,) = [one for one in tabulate_sources(coastal.read(), RunOptions()).tables if one.id == "spaces"]
    (total,) = (row.values[3].value for row in table.rows if row.kind == "sum")
    land = statutory_area(coastal.cells[coastal.is_land], coastal.crs).sum()
    assert total == pytest.approx(land / 1e4, abs=0.1)


def test_natural_shoreline_is_that_of_plain_lengths(coastal, tmp_path):
    options = RunOptions(profile=str(write_profile(coastal, tmp_path / "county.toml")))
    (figure,) = (
        tabulate_sources(coastal.read(), options).indicators.compute_indicator("natural_shoreline_share").figures
    )
    lengths = coastal.layers["HAX"].length
    natural = lengths[coastal.layers["HAX"]["HAXLX"].isin(["11", "12"])].sum()
    assert figure.value == pytest.approx(100 * natural / lengths.sum(), abs=0.001)
