# SPDX-License-Identifier: GPL-2.0-or-later
"""Supplements as one set of edits: land of each layer and net areas by plain shapely, and all rules before and after."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.bridge.fixes.supplement_draft import derive_areas, draft_supplement_sets
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.exchange.edited_copy import write_copy
from plugin.core.fixes.applied_edits import collect_changes
from plugin.core.fixes.judge import propose_fix
from plugin.core.fixes.proposal import FixTexts
from plugin.core.fixes.state import EditingState
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.studies.proposals.supplement_result import SupplementOrder
from tests.core.printed_tables import normalise
from tests.core.small_plan import make_county_box, make_table, write_gpkg
from tests.county import make_county
from tests.county.measure import statutory_area
from tests.county.write import write_geopackage

FARM, RESERVE, TARGET, ZONES = "YJJBNTBHTB", "YJJBNTCBQ", "GDBHMB", "YDYHGHFQ"
DOCUMENTS = {FARM: "自然资函〔2026〕1号"}


def draw(x, y, width=100.0, height=100.0):
    """Return a rectangle with a vertex every 10 m, where parts end; a long edge differs between projections."""
    return shapely.segmentize(make_county_box(x, y, width, height), 10.0)


def make_farmland_table(role, shapes, first_key, place="140225100200"):
    """Return rows of cultivated land with the areas by the formula, a tenth of which is deducted."""
    gross = np.round(statutory_area(np.array(shapes, dtype=object)), 2)
    deducted = np.round(gross * 0.1, 2)
    names = {FARM: ("YJJBNTTBMJ", "YJJBNTMJ")}.get(role, ("TBMJ", "TBDLMJ"))
    count = len(shapes)
    values = {"DLBM": ["0103"] * count, "DLMC": ["旱地"] * count, "KCDLBM": ["1203"] * count, "KCXS": [0.1] * count}
    values |= {"KCMJ": deducted, names[0]: gross, names[1]: np.round(gross - deducted, 2), "GDPDJB": ["2"] * count}
    values |= {
        "GDDB": [11] * count,
        "SJNF": [2020] * count,
        "ZLDWDM": [f"{place}0000000"] * count,
        "GDLX": ["TT"] * count,
    }
    if role == FARM:
        values |= {"YJJBNTTBBH": [f"140225{n:08d}" for n in range(1, count + 1)], "BZ": ["原有"] * count}
    table = make_table(shapes, **values)
    return table.assign(BSM=[f"14022500000000{first_key + n:04d}" for n in range(count)])


#: Fields of the reserve: two in 甲镇 (west of x = 500), one in 乙镇, of which the east third is in the boundary.
R1, R2, R3 = draw(10, 100, 40, 55), draw(100, 100, 40, 45), draw(600, 100, 150, 101)
R3_LEFT = draw(600, 100, 100, 101)
#: A strip that divides the fifth field, and the whole sixth field.
STRIP, WHOLE = draw(430, -5, 20, 110), draw(500, 0)


def write_drawn_county(folder):
    """Write a county: farmland south of y = 100, the reserve north of it, two townships, zones over all."""
    fields = [draw(x, 0) for x in range(0, 1000, 100)]
    red, boundary = draw(900, 800, 100, 200), draw(700, 100, 100, 101)
    county = draw(0, 0, 1000, 1000)
    farm_zone = shapely.union_all(fields)
    rest = county.difference(shapely.union_all([farm_zone, red, boundary]))
    halves = [draw(0, 0, 500, 1000), draw(500, 0, 500, 1000)]
    arable = [*fields, R1, R2, R3]
    kept = [*fields, draw(10, 100, 10, 55), R2, R3]
    survey = make_farmland_table("DLTB", arable, 100)
    left = county.difference(shapely.union_all(arable))
    wild = make_table([left], DLBM=["0404"], DLMC=["其他草地"], KCXS=[0.0], KCMJ=[0.0], SJNF=[2020]).assign(
        BSM="140225000000000199"
    )
    wild["TBMJ"] = wild["TBDLMJ"] = np.round(statutory_area([left]), 2)
    zones = make_table(
        [farm_zone, red, boundary, rest],
        GHFQDM=["300", "100", "410", "520"],
        GHFQMC=["农田保护区", "生态保护区", "城镇集中建设区", "一般农业区"],
    )
    tables = {
        "XZQX": make_table([county], XZQDM=["140225"], XZQMC=["浑源县"]).assign(BSM="140225000000000301"),
        "XZQXZ": make_table(halves, XZQDM=["140225100", "140225101"], XZQMC=["甲镇", "乙镇"]).assign(
            BSM=["140225000000000302", "140225000000000303"]
        ),
        "DLTB": gpd.GeoDataFrame(pd.concat([survey, wild]), crs=survey.crs),
        FARM: make_farmland_table(FARM, fields, 400),
        TARGET: make_farmland_table(TARGET, kept, 500),
        RESERVE: make_table([R1, R2, R3], MC=["储备区"] * 3).assign(BSM=[f"14022500000000060{n}" for n in range(3)]),
        ZONES: zones.assign(BSM=[f"14022500000000070{n}" for n in range(4)]),
        "STBHHX": make_table([red]).assign(BSM="140225000000000801"),
        "CZKFBJ": make_table([boundary], GHFQDM=["410"], GHFQMC=["城镇集中建设区"]).assign(BSM="140225000000000802"),
    }
    return write_gpkg(folder / "县.gpkg", tables)


@dataclass
class TriedSet:
    """A set and the county on disk before and after it."""

    choices: list
    choice: Any
    plan: Any
    before: Any
    after: Any
    path: Path
    copy: Path

    def read(self, role):
        """Return the rows of a layer before and after."""
        return tuple(pyogrio.read_dataframe(path, layer=role) for path in (self.path, self.copy))

    def unite(self, role, rows=lambda table: table):
        """Return the land of a layer before and after."""
        return tuple(shapely.union_all(rows(table).geometry.to_numpy()) for table in self.read(role))

    def list_findings(self, result):
        return Counter((one.code, one.case, one.role, one.key, one.related_role) for one in result.report.findings)

    def get_outcome(self, code):
        return next(one.outcome for one in self.after.report.rules if one.code == code)


def try_set(path, demand, *, rules=(), documents=DOCUMENTS):
    """Apply the first draft to a copy; check before and after against the county before as the sealed edition."""
    sealed, copy = path.with_name("封库.gpkg"), path.with_name("改后.gpkg")
    sealed.write_bytes(path.read_bytes())
    options = RunOptions(profile="hunyuan", baseline=str(sealed), rules=rules)
    before = check_plan(path, options)
    state = EditingState(before, options, documents=documents)
    sets = list(draft_supplement_sets(before.plan, SupplementOrder(str(demand)), options, state))
    choices = [judge() for _content, judge in sets]
    choice = choices[0]
    if choice.proposal is None:
        return TriedSet(choices, choice, before.plan, before, None, path, copy)
    _, state_after = propose_fix(state, choice.fix, choice.proposal.finding, choice.parameters)
    write_copy(collect_changes(state_after), path, copy)
    return TriedSet(choices, choice, before.plan, before, check_plan(copy, options), path, copy)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    table = make_table([STRIP, WHOLE], GHFQDM=["520", None])
    demand = write_gpkg(folder / "占用.gpkg", {"占用": table})
    return try_set(write_drawn_county(folder), demand, rules=tuple(load_all_rules()))


def is_same_land(shape, expected):
    return shape.symmetric_difference(expected).area < 0.01


def test_land_of_every_layer_follows_the_supplement(drawn):
    assert drawn.choice.proposal is not None, drawn.choice.refusal
    taken, added = shapely.union_all([STRIP.intersection(draw(400, 0)), WHOLE]), shapely.union_all([R1, R3_LEFT])
    farm, farm_after = drawn.unite(FARM)
    assert is_same_land(farm_after, farm.difference(taken).union(added))
    reserve, reserve_after = drawn.unite(RESERVE)
    assert is_same_land(reserve_after, reserve.difference(added))
    target, target_after = drawn.unite(TARGET)
    assert target.intersection(R1).area < R1.area / 2 and is_same_land(target_after, target.union(R1))
    # The strip becomes 一般农业区 as the demand states; the whole field keeps its zone.
    zone, zone_after = drawn.unite(ZONES, lambda table: table[table["GHFQDM"] == "300"])
    assert is_same_land(zone_after, zone.difference(STRIP).union(added))
    parts = drawn.read(ZONES)[1].geometry
    assert parts.area.sum() == pytest.approx(1_000_000, abs=0.01) and parts.union_all().area == pytest.approx(
        1e6, abs=0.01
    )


def test_net_areas_by_township_equal_an_independent_sum(drawn):
    rows, rows_after = drawn.read(FARM)

    def measure(shape):
        gross = round(float(statutory_area([shape])[0]), 2)
        return round(gross - round(gross * 0.1, 2), 2)

    field = rows.geometry[4]
    west, east = (field.intersection(draw(x, 0, width)) for x, width in ((400, 30), (450, 50)))
    kept = rows.drop([4, 5])["YJJBNTMJ"].sum()
    expected = kept + sum(map(measure, (west, east, R1, R3_LEFT)))
    assert rows_after["YJJBNTMJ"].sum() == pytest.approx(expected, abs=0.011)
    new = rows_after[~rows_after["BSM"].isin(rows["BSM"])]
    by_place = {
        (one.geometry.centroid.x > 38_540_500): one for one in new.itertuples() if one.geometry.centroid.y > 4_390_100
    }
    assert by_place[False].YJJBNTMJ == pytest.approx(measure(R1), abs=0.011)
    assert by_place[True].YJJBNTMJ == pytest.approx(measure(R3_LEFT), abs=0.011)
    tables_net = drawn.choice.parameters["draft"].changes
    assert sum(float(one.figure.replace("−", "-")) for one in tables_net if one.area_m2 > 0) == pytest.approx(
        (measure(R1) + measure(R3_LEFT)) / 10_000, abs=1e-4
    )


def test_new_rows_have_keys_numbers_and_the_values_of_the_survey(drawn):
    rows, rows_after = drawn.read(FARM)
    assert rows_after["BSM"].is_unique and rows_after["YJJBNTTBBH"].is_unique
    new = rows_after[~rows_after["BSM"].isin(rows["BSM"])]
    highest = max(one for role, _ in pyogrio.list_layers(drawn.path) for one in drawn.read(role)[0]["BSM"])
    assert (new["BSM"] > highest).all() and (new["YJJBNTTBBH"] > rows["YJJBNTTBBH"].max()).all()
    added = new[new.geometry.intersects(shapely.union_all([R1, R3]).buffer(-1))]
    assert len(added) == 2 and added["BZ"].isna().all()
    assert set(added["DLBM"]) == {"0103"} and set(added["KCXS"]) == {0.1} and set(added["GDDB"]) == {11}
    # The other new row is the smaller part of the divided field.
    assert set(new["BZ"]) == {"原有", None}


def test_rules_find_only_the_parts_of_the_proposal_in_the_sealed_lines(drawn):
    new = drawn.list_findings(drawn.after) - drawn.list_findings(drawn.before)
    assert {code for code, *_ in new} == {"LAW017"}, new
    assert drawn.get_outcome("LAW015") is drawn.get_outcome("LAW016") is Outcome.PASSED
    moved = {
        case: shapely.union_all(
            [one.geometry for one in drawn.after.report.findings if one.code == "LAW017" and one.case == case]
        )
        for case in ("added", "removed")
    }
    reproject = drawn.plan.reproject_for_findings
    for case, land in (("added", [R1, R3_LEFT]), ("removed", [STRIP.intersection(draw(400, 0)), WHOLE])):
        (expected,) = reproject(np.array([shapely.union_all(land)], dtype=object))
        assert moved[case].symmetric_difference(expected).area < 1e-6 * expected.area


def test_set_states_its_changes_and_what_it_leaves_open(drawn):
    draft = drawn.choice.parameters["draft"]
    assert [(one.reason, one.township, one.land_use, one.key[-3:]) for one in draft.changes] == [
        ("调出的永久基本农田", "甲镇", "0103", "404"),
        ("调出的永久基本农田", "乙镇", "0103", "405"),
        ("自永久基本农田储备区补划", "甲镇", "0103", "600"),
        ("自永久基本农田储备区补划", "乙镇", "0103", "602"),
    ]
    assert [one.area_m2 < 0 for one in draft.changes] == [True, True, False, False]
    assert any("保留原分区" in one for one in draft.notes)
    sentence = FixTexts("zh", drawn.plan.norm.standard.templates).make_sentence(drawn.choice.proposal)
    assert "补划 2 个地块" in sentence and "保留原分区" in sentence
    assert {one.role for one in drawn.choice.proposal.areas} == {FARM, RESERVE, TARGET, ZONES}
    # All preferences lead to the same two parcels.
    assert {tuple(one.parameters["draft"].changes) for one in drawn.choices if one.proposal} == {tuple(draft.changes)}


def test_sealed_farmland_needs_a_document(tmp_path):
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": make_table([STRIP, WHOLE])})
    tried = try_set(write_drawn_county(tmp_path), demand, documents={})
    *drafts, other = tried.choices
    assert {(one.refusal.reason, one.refusal.params["role"]) for one in drafts} == {("sealed", FARM)}
    # Two parcels alone can replace the land.
    assert "没有其他方案" in other.refusal.params["reason"]


def test_zone_outside_the_code_list_leaves_the_zones_of_taken_land(tmp_path):
    table = make_table([STRIP, WHOLE], GHFQDM=["999", None])
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": table})
    tried = try_set(write_drawn_county(tmp_path), demand)
    before, after = tried.unite(ZONES, lambda rows: rows[rows["GHFQDM"] == "300"])
    assert is_same_land(after, before.union(R1).union(R3_LEFT))
    assert any("不在代码表中" in one for one in tried.choice.parameters["draft"].notes)


def test_taken_land_without_a_zone_in_the_plan_is_named(tmp_path):
    path = write_drawn_county(tmp_path)
    tables = {role: pyogrio.read_dataframe(path, layer=role) for role, _ in pyogrio.list_layers(path)}
    # The zone of farmland lacks: what becomes 一般农业区 is in no zone.
    tables[ZONES] = tables[ZONES][tables[ZONES]["GHFQDM"] != "300"]
    path.unlink()
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": make_table([STRIP, WHOLE], GHFQDM=["520", "520"])})
    tried = try_set(write_gpkg(path, tables), demand)
    (area,) = statutory_area(np.array([shapely.union_all([STRIP.intersection(draw(400, 0)), WHOLE])], dtype=object))
    (note,) = [one for one in tried.choice.parameters["draft"].notes if "不在任何规划分区内" in one]
    assert f"{area:.2f}" in normalise(note)


@pytest.mark.parametrize(
    ("net", "measured", "rates", "gross", "rate"),
    [
        (900.0, 1000.0, {0.1}, 1000.0, 0.1),
        # The survey's adjusted area (平差) stays: 903.6 ÷ 0.9.
        (903.6, 1000.0, {0.1}, 1004.0, 0.1),
        (850.0, 1000.0, {0.1, 0.2}, 1000.0, 0.15),
        (1000.5, 1000.0, {float("nan")}, 1000.5, 0.0),
    ],
    ids=["one rate", "adjusted area", "two rates", "unknown rate"],
)
def test_areas_of_a_new_row_keep_its_net_area(net, measured, rates, gross, rate):
    areas = derive_areas(net, measured, rates)
    assert areas == pytest.approx((gross, rate, round(gross - net, 2), net))
    assert round(areas.gross_area - round(areas.gross_area * areas.deduction_rate, 2), 2) == areas.net_area


def test_table_as_demand_is_no_set(tmp_path):
    path = tmp_path / "占用.csv"
    path.write_text("乡镇,地类编码,净面积(平方米),坡度级别\n甲镇,0103,1800,3\n", encoding="utf-8")
    tried = try_set(write_drawn_county(tmp_path), path)
    assert [one.refusal.reason for one in tried.choices] == ["no_draft"]
    assert "没有图形" in FixTexts("zh", {}).explain_refusal(tried.choice.refusal)


def test_county_without_target_and_zones_gets_a_set_that_names_them(tmp_path):
    path = write_drawn_county(tmp_path)
    tables = {
        role: pyogrio.read_dataframe(path, layer=role) for role in ("XZQX", "XZQXZ", "DLTB", FARM, RESERVE, "CZKFBJ")
    }
    path.unlink()
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": make_table([STRIP, WHOLE])})
    tried = try_set(write_gpkg(path, tables), demand)
    assert {one.role for one in tried.choice.proposal.edits} == {FARM, RESERVE}
    (note,) = [one for one in tried.choice.parameters["draft"].notes if "未改动" in one]
    assert "耕地保护目标" in note and "规划分区" in note


@pytest.mark.slow
def test_set_of_a_generated_county_balances_townships_and_adds_no_other_finding(tmp_path):
    layers, _ = make_county(1500, defects=False)
    path = tmp_path / "county.gpkg"
    write_geopackage(path, layers)
    farm = layers[FARM]
    place = farm["ZLDWDM"].str[:9]
    taken = pd.concat([farm[place == code].head(3) for code in ("140225100", "140225201", "140225203")])
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": make_table(list(taken.geometry))})
    tried = try_set(path, demand, rules=tuple(load_all_rules()))
    assert tried.choice.proposal is not None and len({one.fix.code for one in tried.choices}) == 3
    new = tried.list_findings(tried.after) - tried.list_findings(tried.before)
    assert Counter(code for code, *_ in new) == {"LAW017": len(tried.choice.parameters["draft"].changes)}
    assert tried.get_outcome("LAW015") is tried.get_outcome("LAW016") is Outcome.PASSED
    rows, rows_after = tried.read(FARM)
    survey = (
        pyogrio.read_dataframe(path, layer="DLTB").assign(wkb=lambda table: table.geometry.to_wkb()).set_index("wkb")
    )
    added = rows_after[~rows_after["BSM"].isin(rows["BSM"])]
    # Whole parcels of the survey come: their net areas are those of the survey.
    nets = survey.loc[added.geometry.to_wkb(), "TBDLMJ"]
    assert added["YJJBNTMJ"].tolist() == pytest.approx(nets.tolist(), abs=0.01)
    change = rows_after["YJJBNTMJ"].sum() - rows["YJJBNTMJ"].sum()
    assert change == pytest.approx(nets.sum() - taken["YJJBNTMJ"].sum(), abs=0.01)
