# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and workbook of indicators, compared with pandas and geopandas."""

import getpass
import re
import zipfile

import fiona
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from openpyxl.utils import get_column_letter
from shapely.geometry import shape

from plugin.core.__main__ import main
from plugin.core.checks.check import RunOptions
from plugin.core.checks.tabulate import tabulate_sources, write_new_figures_workbook
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.render.tables.by_land_use import make_land_use_table, sum_layer_by_class
from plugin.core.render.tables.report_table import TableNumber
from plugin.core.standard.messages.texts import Texts
from plugin.paths import STANDARDS_FOLDER
from tests.core.small_plan import write_gpkg
from tests.county import SEED, make_clean_county, source
from tests.county.measure import statutory_area

HUNYUAN_OPTIONS = RunOptions(profile="hunyuan")
LAND_GROUP_BY_CLASS = {
    **{f"{n:02}": f"{n:02}" for n in range(1, 7)},
    **{f"{n:02}": "built" for n in range(7, 17)},
    "17": "17",
    "23": "23",
}


def plan_land_use(base: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return planned land use made from base parcels: some changed, split or removed."""
    plan = base.drop(columns="CZCSXM").copy()
    plan.loc[plan.index % 7 == 3, ["YDYHFLDM", "YDYHFLMC"]] = "070100", "城镇住宅用地"
    cut = []
    for place in plan.index[plan.index % 9 == 4]:
        west, south, east, north = plan.geometry[place].bounds
        half = shapely.box(west - 1, south - 1, (west + east) / 2, north + 1)
        for part in (plan.geometry[place].intersection(half), plan.geometry[place].difference(half)):
            cut += [{**plan.loc[place], "geometry": one} for one in shapely.get_parts([part]) if one.area > 1]
    kept = plan[(plan.index % 9 != 4) & (plan.index % 50 != 1)]
    made = gpd.GeoDataFrame(pd.concat([kept, gpd.GeoDataFrame(cut, crs=plan.crs)], ignore_index=True), crs=plan.crs)
    made["TBMJ"] = made["TBDLMJ"] = statutory_area(made.geometry.to_numpy()).round(2)
    return made


@pytest.fixture(scope="module")
def county_layers():
    layers = make_clean_county(300, SEED, full=True).layers
    return {**layers, "GHYDYH": plan_land_use(layers["XZYDYH"])}


@pytest.fixture(scope="module")
def indicator_tables(county_layers):
    fields = {
        **{role: source.make_declared_fields(role) for role in county_layers if role != "GHYDYH"},
        "GHYDYH": source.make_declared_fields("XZYDYH"),
    }
    return tabulate_sources(source.make_read_layers(county_layers, fields), HUNYUAN_OPTIONS)


def get_table(indicator_tables, name):
    return next(t for t in indicator_tables.tables if t.id == name)


def read_column_by_code(indicator_tables, name, column_id):
    """Return the numbers of one column of a table by the code of their row."""
    found = get_table(indicator_tables, name)
    place = [column.id for column in found.columns].index(column_id)
    return {r.code or r.kind: r.values[place].value for r in found.rows if isinstance(r.values[place], TableNumber)}


def compute_statutory_hectares(frame):
    """Return the statutory area (ha) of each row, by the independent formula."""
    return statutory_area(frame.geometry.to_numpy()) / 1e4


def test_sheets_of_the_indicator_workbook_have_a_fixed_order(indicator_tables):
    order = ["indicators", "lines", "ratio", "zones", "spaces", "land_use", "transitions", "townships", "about"]
    assert [t.id for t in indicator_tables.tables] == order


def test_zone_table_adds_up_to_the_zone_layer_and_the_county(indicator_tables, county_layers):
    zones = county_layers["YDYHGHFQ"]
    found = read_column_by_code(indicator_tables, "zones", "statutory")
    expected = pd.Series(compute_statutory_hectares(zones)).groupby(zones["GHFQDM"].str[0].to_numpy() + "00").sum()
    for code, area in expected.items():
        assert found[code] == pytest.approx(area, rel=1e-9), code
    for code, area in pd.Series(compute_statutory_hectares(zones)).groupby(zones["GHFQDM"].to_numpy()).sum().items():
        assert found[code] == pytest.approx(area, rel=1e-9), code
    tops = sum(v for code, v in found.items() if code.endswith("00") and code.isdigit())
    assert found["sum"] == pytest.approx(tops, rel=1e-12)
    assert found["county"] == pytest.approx(compute_statutory_hectares(county_layers["XZQX"]).sum(), rel=1e-9)
    assert found["difference"] == pytest.approx(found["sum"] - found["county"], abs=1e-6)
    stored = read_column_by_code(indicator_tables, "zones", "stored")
    assert stored["sum"] == pytest.approx(zones["MJ"].sum() / 1e4)


def test_three_spaces_are_sums_of_their_planning_zones(indicator_tables, county_layers):
    zones = county_layers["YDYHGHFQ"]
    space = zones["GHFQDM"].str[0].map({"1": "02", "2": "02", "3": "01", "4": "03", "5": "01", "7": "90"})
    found = read_column_by_code(indicator_tables, "spaces", "statutory")
    for code, area in pd.Series(compute_statutory_hectares(zones)).groupby(space.to_numpy()).sum().items():
        assert found[code] == pytest.approx(area, rel=1e-7), code
    assert found["sum"] == pytest.approx(sum(v for k, v in found.items() if k != "sum"), rel=1e-12)


def test_control_line_table_has_statutory_survey_and_net_areas_of_each_line(indicator_tables, county_layers):
    farm, edge = county_layers["YJJBNTBHTB"], county_layers["CZKFBJ"]
    assert read_column_by_code(indicator_tables, "lines", "statutory")["farmland"] == pytest.approx(
        compute_statutory_hectares(farm).sum(), rel=1e-9
    )
    assert read_column_by_code(indicator_tables, "lines", "survey")["farmland"] == pytest.approx(
        farm["YJJBNTTBMJ"].sum() / 1e4
    )
    assert read_column_by_code(indicator_tables, "lines", "net")["farmland"] == pytest.approx(
        farm["YJJBNTMJ"].sum() / 1e4
    )
    assert read_column_by_code(indicator_tables, "lines", "net_wan_mu")["farmland"] == pytest.approx(
        farm["YJJBNTMJ"].sum() * 15 / 1e8
    )
    found = read_column_by_code(indicator_tables, "lines", "statutory")
    for kind, code in (("concentrated", "41"), ("flexible", "42"), ("special", "43")):
        rows = edge["GHFQDM"].str.startswith(code)
        if rows.any():
            assert found[f"boundary:{kind}"] == pytest.approx(compute_statutory_hectares(edge[rows]).sum(), rel=1e-9)
    assert found["boundary"] == pytest.approx(sum(v for k, v in found.items() if k.startswith("boundary:")), rel=1e-12)


def test_nature_reserve_drawn_whole_and_in_parts_counts_once_in_the_table(indicator_tables, county_layers):
    reserves = county_layers["ZRBHD"]
    union = shapely.union_all(reserves.geometry.to_numpy())
    once = shapely.get_parts(union)
    assert reserves.area.sum() > 1.5 * union.area, "the county has both"
    assert read_column_by_code(indicator_tables, "lines", "statutory")["reserves"] == pytest.approx(
        statutory_area(once).sum() / 1e4, rel=1e-6
    )
    assert read_column_by_code(indicator_tables, "lines", "statutory")["reserves"] == pytest.approx(
        read_column_by_code(indicator_tables, "indicators", "value")["reserves_area"] * 100, abs=0.51
    )


def test_expansion_ratio_is_boundary_area_divided_by_urban_base_area(indicator_tables, county_layers):
    base = county_layers["XZYDYH"]
    urban = base["TBMJ"][base["CZCSXM"].isin(["201", "201A", "202", "202A"])].sum() / 1e4
    areas, ratios = (
        read_column_by_code(indicator_tables, "ratio", "area"),
        read_column_by_code(indicator_tables, "ratio", "ratio"),
    )
    assert areas["denominator_m2"] == pytest.approx(urban)
    assert ratios["form:n1"] == pytest.approx(
        compute_statutory_hectares(county_layers["CZKFBJ"]).sum() / urban, rel=1e-9
    )


def test_land_use_table_lists_each_group_with_its_change(indicator_tables, county_layers):
    base, plan = county_layers["XZYDYH"], county_layers["GHYDYH"]
    ids = dict(zip([*[f"{n:02}" for n in range(1, 7)], "built", "17", "23"],
                   ["cultivated", "garden", "forest", "grass", "wetland", "farm_facilities", "construction", "water", "other"],
                   strict=True))  # fmt: skip
    for frame, place in ((base, "base_area"), (plan, "planned_area")):
        found = read_column_by_code(indicator_tables, "land_use", place)
        net = frame.groupby(frame["YDYHFLDM"].str[:2].map(LAND_GROUP_BY_CLASS))["TBDLMJ"].sum() / 1e4
        ridges = (frame["TBMJ"] - frame["TBDLMJ"]).sum() / 1e4
        for group, name in ids.items():
            expected = net.get(group, 0.0) + (ridges if group == "23" else 0.0)
            assert found[name] == pytest.approx(expected, abs=0.01), (place, name)
        assert found["sum"] == pytest.approx(frame["TBMJ"].sum() / 1e4)
        assert sum(found[name] for name in ids.values()) == pytest.approx(found["sum"])
    change, before, after = (
        read_column_by_code(indicator_tables, "land_use", c) for c in ("change", "base_area", "planned_area")
    )
    assert all(change[k] == pytest.approx(after[k] - before[k], abs=0.006) for k in change)


@pytest.mark.filterwarnings("ignore:`keep_geom_type")
def test_land_use_transition_matrix_equals_the_geopandas_overlay(indicator_tables, county_layers):
    base, plan = county_layers["XZYDYH"], county_layers["GHYDYH"]
    left = base[["geometry"]].assign(a=base["YDYHFLDM"].str[:2].map(LAND_GROUP_BY_CLASS))
    right = plan[["geometry"]].assign(b=plan["YDYHFLDM"].str[:2].map(LAND_GROUP_BY_CLASS))
    both = gpd.overlay(left, right, how="intersection", keep_geom_type=True)
    expected = pd.Series(compute_statutory_hectares(both)).groupby([both["a"].to_numpy(), both["b"].to_numpy()]).sum()
    found = read_column_by_code(indicator_tables, "transitions", "to_6")
    for group, name in (("01", "cultivated"), ("03", "forest"), ("built", "construction")):
        assert found[name] == pytest.approx(expected.get((group, "built"), 0.0), abs=0.01), name
    sums, gone = (
        read_column_by_code(indicator_tables, "transitions", "sum_base"),
        read_column_by_code(indicator_tables, "transitions", "not_planned"),
    )
    assert sums["sum"] == pytest.approx(compute_statutory_hectares(base).sum(), rel=1e-9)
    left_out = base[(base.index % 50 == 1) & (base.index % 9 != 4)]
    assert gone["sum"] == pytest.approx(compute_statutory_hectares(left_out).sum(), abs=0.05)


def test_every_column_of_the_township_table_adds_up_to_the_county(indicator_tables):
    found = get_table(indicator_tables, "townships")
    for place in range(2, len(found.columns)):
        values = [row.values[place].value for row in found.rows]
        assert values[-1] == pytest.approx(sum(values[:-1]), abs=1e-6), found.columns[place].id


def test_indicator_table_has_the_areas_and_ratio_of_the_line_space_zone_and_land_use_tables(indicator_tables):
    values = read_column_by_code(indicator_tables, "indicators", "value")
    assert values["red_line_area"] == pytest.approx(
        read_column_by_code(indicator_tables, "lines", "statutory")["red_line"] / 100, rel=1e-12
    )
    assert values["agricultural_space_area"] == pytest.approx(
        read_column_by_code(indicator_tables, "spaces", "statutory_km2")["01"], rel=1e-12
    )
    assert values["expansion_ratio_n1"] == pytest.approx(
        read_column_by_code(indicator_tables, "ratio", "ratio")["form:n1"], rel=1e-12
    )
    assert values["county_area"] == pytest.approx(
        read_column_by_code(indicator_tables, "zones", "statutory")["county"] / 100, rel=1e-12
    )
    grass = read_column_by_code(indicator_tables, "land_use", "base_area")["grass"]
    assert values["grassland_area"] == pytest.approx(grass / 100, rel=1e-9)


# --- the workbook


WRITTEN_LAYERS = ("XZQX", "XZQXZ", "YDYHGHFQ", "STBHHX", "CZKFBJ", "YJJBNTBHTB", "GDBHMB", "XZYDYH")


@pytest.fixture(scope="module")
def database_and_workbook(county_layers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("写")
    database = write_gpkg(folder / "县.gpkg", {role: county_layers[role] for role in WRITTEN_LAYERS})
    target = folder / "指标.xlsx"
    assert main(["indicators", str(database), "--profile", "hunyuan", "--xlsx", str(target)]) == 0
    return database, target


def read_numbers_by_label(sheet):
    """Return the numbers of each workbook row by the first text of the row."""
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    return {
        next((v for v in row if isinstance(v, str)), ""): [v for v in row if isinstance(v, int | float)] for row in rows
    }


def test_indicator_workbook_has_areas_targets_and_margins_recomputed_from_the_database(database_and_workbook):
    database, target = database_and_workbook
    book = openpyxl.load_workbook(target)
    with fiona.open(database, layer="STBHHX") as layer:
        red = np.array([shape(f["geometry"]) for f in layer], dtype=object)
    with fiona.open(database, layer="YJJBNTBHTB") as layer:
        net = sum(f["properties"]["YJJBNTMJ"] for f in layer)
    found = read_numbers_by_label(book["三条控制线"])
    assert found["生态保护红线"][1] == pytest.approx(statutory_area(red).sum() / 1e4, rel=1e-9)
    assert found["永久基本农田保护图斑"][3] == pytest.approx(net / 1e4)
    listed = {row[1]: row for row in book["指标表"].iter_rows(min_row=4, values_only=True)}
    head = [cell.value for cell in book["指标表"][3]]
    row = dict(zip(head, listed["永久基本农田保护面积"], strict=True))
    assert row["数值"] == pytest.approx(net * 15 / 1e8) and row["目标"] == "≥ 63.25 万亩"
    assert row["余量"] == pytest.approx(row["数值"] - 63.25) and row["单位"] == "万亩" and row["面积口径"] == "净面积"
    assert row["口径已确认"] in ("是", "否") and "YJJBNTMJ" in row["数据"]
    row = dict(zip(head, listed["常住人口数量"], strict=True))
    assert row["数值"] is None and row["状态"] == "无法计算" and "常住人口" in row["数据"]


def test_indicator_workbook_has_number_formats_and_print_settings(database_and_workbook):
    book = openpyxl.load_workbook(database_and_workbook[1])
    assert book.sheetnames[:3] == ["指标表", "三条控制线", "扩展倍数"] and book.sheetnames[-1] == "说明"
    for sheet in book:
        width = sheet.max_column
        assert sheet["A1"].value.startswith("浑源县") and sheet["A1"].font.b
        assert f"A1:{get_column_letter(width)}1" in {str(r) for r in sheet.merged_cells.ranges}
        assert sheet.print_title_rows == "$1:$3" and sheet.page_setup.fitToWidth == 1
        for row in (sheet[3], sheet[5]):
            assert all(cell.border.left.style == "thin" for cell in row), sheet.title
        for row in sheet.iter_rows(min_row=4):
            for cell in row:
                if isinstance(cell.value, float):
                    assert cell.number_format.startswith("#,##0."), (sheet.title, cell.coordinate)
    assert book["乡镇"]["A2"].value == "单位：公顷"


def test_indicator_workbook_names_no_author(database_and_workbook):
    database, target = database_and_workbook
    with zipfile.ZipFile(target) as parts:
        text = b"".join(parts.read(name) for name in parts.namelist()).decode("utf-8", "ignore")
    assert str(database.parent) not in text and "openpyxl" not in text
    core = openpyxl.load_workbook(target).properties
    assert core.creator == core.lastModifiedBy and "三区三线规划助手" in core.creator
    assert getpass.getuser() not in (core.creator, core.lastModifiedBy, core.title)


def test_farmland_areas_by_township_equal_the_figures_of_the_rule(county_layers):
    """Assign fields to the township where they lie, in the table and in the rule."""
    layers = {role: county_layers[role].copy() for role in WRITTEN_LAYERS}
    townships = layers["XZQXZ"]["XZQDM"]
    farm = layers["YJJBNTBHTB"]
    own = farm["YJJBNTMJ"].groupby(farm["ZLDWDM"].str[:9]).sum() / 1e4
    farm["ZLDWDM"] = str(townships.iloc[0])[:9] + "0000000000"
    made = tabulate_sources(source.make_read_layers(layers), HUNYUAN_OPTIONS)
    found = read_column_by_code(made, "townships", "farmland_net")
    for township in townships.iloc[:2]:
        assert found[township] == pytest.approx(own.get(township[:9], 0.0), rel=1e-6, abs=1e-3)
    # The sentence counts the rows that lie elsewhere than in the township that they name.
    (note,) = [note for note in get_table(made, "townships").notes if "永久基本农田保护图斑的任务面积" in note]
    count = int(re.search(r"与图形位置不符的 (\d+) 个图斑按图形归集", note)[1])
    first = county_layers["XZQXZ"].geometry.iloc[0]
    assert farm.disjoint(first).sum() <= count < len(farm) - farm.within(first).sum() + 1
    drawn = read_column_by_code(made, "townships", "farmland_statutory")
    assert sum(drawn[code] > 0 for code in townships) > 1 and drawn["sum"] == pytest.approx(
        compute_statutory_hectares(layers["YJJBNTBHTB"]).sum(), rel=1e-9
    )


def test_names_with_formulas_or_control_characters_are_written_as_text(county_layers, tmp_path):
    layers = {role: county_layers[role].copy() for role in ("XZQX", "XZQXZ", "STBHHX")}
    layers["XZQXZ"].loc[0, "XZQMC"] = "=1+1"
    layers["XZQXZ"].loc[1, "XZQMC"] = "坏\x07字"
    write_new_figures_workbook(tabulate_sources(source.make_read_layers(layers), HUNYUAN_OPTIONS), tmp_path / "x.xlsx")
    names = [cell.value for cell in openpyxl.load_workbook(tmp_path / "x.xlsx")["乡镇"]["B"]]
    assert "=1+1" in names and "坏字" in names
    types = {cell.value: cell.data_type for cell in openpyxl.load_workbook(tmp_path / "x.xlsx")["乡镇"]["B"]}
    assert types["=1+1"] == "s"


def test_custom_standard_can_add_its_own_indicators(county_layers, tmp_path):
    folder = tmp_path / "本省-2026"
    folder.mkdir()
    (folder / "standard.toml").write_text(
        'id = "own"\nedition = "2026"\nname = "本省标准"\nincludes = ["county_db"]\n', encoding="utf-8"
    )
    text = (STANDARDS_FOLDER / "common-2021" / "indicators.toml").read_text(encoding="utf-8")
    own = """
[[indicator]]
id = "orchards"
group = "resources"
zh = "园地面积"
en = "Orchards"
unit = "ha"
method = "land_use"
inputs = ["base_parcels"]
classes = ["02"]
mark = "B"
source_zh = "省里的表"
source_en = "the province's table"
"""
    (folder / "indicators.toml").write_text(text + own, encoding="utf-8")
    layers = source.make_read_layers({"XZYDYH": county_layers["XZYDYH"]})
    made = tabulate_sources(layers, RunOptions(standard=str(folder)))
    figure = made.indicators.get_first_figure("orchards")
    rows = county_layers["XZYDYH"]["YDYHFLDM"].str.startswith("02")
    assert figure.value == pytest.approx(county_layers["XZYDYH"]["TBDLMJ"][rows].sum() / 1e4) and figure.unit == "ha"
    assert any("园地面积" in row.values for row in get_table(made, "indicators").rows)


def test_parcel_without_net_area_is_reported_and_not_counted_as_field_ridge():
    """Measure a field with net area 90 of 100 m²; 10 m² are ridges.

    Grass without a net area is in no figure.
    """
    box = "POLYGON (({0} 0, {1} 0, {1} 20, {0} 20, {0} 0))"
    rows = [
        {"wkt": box.format(0, 5), "land_use": "010300", "gross_area": 100.0, "net_area": 90.0},
        {"wkt": box.format(10, 30), "land_use": "040100", "gross_area": 400.0, "net_area": None},
    ]
    plan = make_example_plan({"XZYDYH": rows})
    figures = PlanIndicators(RuleContext(plan, plan.norm, plan.norm.make_tolerance()), Texts("zh"))
    found = sum_layer_by_class(plan.layers["XZYDYH"], figures)
    assert (found.deducted_ridges_m2, found.left_out) == (pytest.approx(10.0), (1, 400.0))
    assert found.total_m2 == pytest.approx(100.0)
    notes = "\n".join(make_land_use_table(figures).notes)
    assert "1 个图斑没有填写 TBDLMJ" in notes and "0.0400 公顷" in notes
