# SPDX-License-Identifier: GPL-2.0-or-later
"""Annex tables (附表) of a whole county: figures equal sums of fields and plain overlays, and lists equal the rows."""

from types import SimpleNamespace

import openpyxl
import pyogrio
import pytest
import shapely

from plugin.core.standard.options import RunOptions
from plugin.core.studies.office_tables.make_office_tables import TableOrder, make_office_tables
from tests.core.studies.office_tables.table_county import (
    M2_PER_HECTARE,
    SUPPLEMENTED,
    compute_ellipsoid_area,
    make_layers,
    write_sealed_edition,
)
from tests.county import make_county

ANNEXES = (
    "use_structure,use_classes,use_summary,zones_lines,township_targets,centre_use,"
    "reserve_list,heritage_list,project_list,supplement_list"
)
#: Printed figures that are adjusted differ by one digit, that of the largest row by a few.
DIGIT, FEW_DIGITS = 0.01 + 1e-6, 0.05
INFRASTRUCTURE = ("1201", "1202", "1203", "1204", "1205", "1206", "1311")


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write a whole county with planned land use, some of it without class, and return its data by layer."""
    folder = tmp_path_factory.mktemp("annex")
    layers, _ = make_county(600, defects=False, full=True)
    layers = {**layers, "XS_XMKJFW": make_layers()["XS_XMKJFW"]}
    planned = make_layers()["GHYDYH"].copy()
    planned["CZCSXM"] = layers["XZYDYH"]["CZCSXM"].to_numpy()
    built = planned.index[planned["YDYHFLDM"] == "070100"]
    planned.loc[built[0], "CZCSXM"] = "201A"
    planned.loc[planned.index[planned["YDYHFLDM"] == "030100"][0], ["YDYHFLDM", "CZCSXM"]] = ["130900", None]
    planned.loc[planned.index[planned["YDYHFLDM"] == "030100"][0], "YDYHFLDM"] = "990000"
    base = layers["XZYDYH"].copy()
    base.loc[base.index[base["YDYHFLDM"] == "120200"][0], "CZCSXM"] = "202"
    base.loc[base.index[base["YDYHFLDM"] == "010300"][0], "CZCSXM"] = "203"
    layers |= {"XZYDYH": base, "GHYDYH": planned}
    path = folder / "county.gpkg"
    for role, frame in layers.items():
        frame.to_file(path, layer=role, driver="GPKG", engine="pyogrio")
    return SimpleNamespace(path=path, folder=folder)


def make(county, tables, **options):
    """Return layout → filled table, the workbook and the texts of notes."""
    output = county.folder / "annex.xlsx"
    result = make_office_tables(
        county.path, TableOrder(tables, str(output), year=2025), RunOptions(**{"profile": "hunyuan", **options})
    )
    return {table.layout.id: table for table in result.tables}, openpyxl.load_workbook(output)


@pytest.fixture(scope="module")
def made(county):
    """Make all annexes with a sealed edition."""
    sealed = write_sealed_edition(county.folder / "sealed.gpkg")
    tables, book = make(county, ANNEXES, baseline=str(sealed))
    return SimpleNamespace(tables=tables, book=book)


def list_figures(table):
    """Return code of a row → figures by content; the sum has the code “sum”."""
    contents = [column.content for column in table.columns]
    return {
        row.code or row.kind: dict(zip(contents, [getattr(v, "value", v) for v in row.values], strict=True))
        for row in table.rows
    }


def find_structure_row(code, urban_code):
    """Return the row of a parcel by its class of 2023 and its 城镇村属性码, written without the plugin."""
    code, urban_code = code.removesuffix("00").removesuffix("00"), urban_code or ""
    named = {"01": "cultivated", "02": "garden", "03": "forest", "04": "grass", "06": "farm_facilities"}
    named |= {"05": "wetland", "17": "water", "23": "other"}
    if ("07" <= code[:2] <= "16" or code == "2301") and urban_code[:3] in ("201", "202", "203"):
        return "village" if urban_code[:3] == "203" else "urban"
    if code[:2] in named:
        return named[code[:2]]
    if not "07" <= code[:2] <= "16":
        return "unknown"
    if code[:4] in INFRASTRUCTURE:
        return "infrastructure"
    return "other_construction" if code[:2] == "15" or code in ("1002", "1003") else "unattributed"


def sum_structure(frame, field, gross=None):
    """Return row of the structure → hectares of a field; ridges of fields are other land."""
    rows = [find_structure_row(*one) for one in zip(frame["YDYHFLDM"], frame["CZCSXM"].fillna(""), strict=True)]
    sums = (frame[field].groupby(rows).sum() / M2_PER_HECTARE).to_dict()
    if gross:
        sums["other"] = sums.get("other", 0.0) + (frame[gross] - frame[field]).sum() / M2_PER_HECTARE
    return sums


def test_structure_equals_sums_of_the_parcels(county, made):
    table = made.tables["use_structure"]
    printed = list_figures(table)
    base, planned = (pyogrio.read_dataframe(county.path, layer=role) for role in ("XZYDYH", "GHYDYH"))
    for side, sums, total_m2 in (
        ("base", sum_structure(base, "TBDLMJ", "TBMJ"), base["TBMJ"].sum()),
        ("planned", sum_structure(planned, "TBMJ"), planned["TBMJ"].sum()),
    ):
        sums["settlement"] = sums["urban"] + sums["village"]
        place = [column.content for column in table.columns].index(f"{side}_area")
        exact = {row.code: row.exact_by_column[place] for row in table.rows}
        for row in exact:
            if row:
                assert exact[row] == pytest.approx(sums.get(row, 0.0), abs=1e-6), (side, row)
                assert printed[row][f"{side}_area"] == pytest.approx(sums.get(row, 0.0), abs=FEW_DIGITS), (side, row)
                share = 100 * sums.get(row, 0.0) * M2_PER_HECTARE / total_m2
                assert printed[row][f"{side}_share"] == pytest.approx(share, abs=FEW_DIGITS)
        # The rows are all land of the layer, to 0.01 m².
        rows = [code for code in exact if code and code not in ("urban", "village")]
        assert sum(exact[code] for code in rows) * M2_PER_HECTARE == pytest.approx(total_m2, abs=0.01)
        assert round(sum(printed[code][f"{side}_area"] for code in rows), 2) == printed["sum"][f"{side}_area"]
        assert set(sums) <= set(exact)
    assert sum_structure(planned, "TBMJ")["unattributed"] > 0 and printed["unattributed"]["base_area"] == 0
    assert "unknown" in printed and printed["sum"]["base_share"] == 100
    notes = "".join(table.notes)
    assert "2023 年版" in notes and "来源级别 C" in notes and "耕地、林地等非建设用地" in notes


def test_three_classes_are_sums_of_the_structure(made):
    rows, classes = (list_figures(made.tables[name]) for name in ("use_structure", "use_classes"))
    construction = ("settlement", "infrastructure", "other_construction", "unattributed")
    agricultural = ("cultivated", "garden", "forest", "grass", "wetland", "farm_facilities")
    for content in ("base_area", "planned_area", "change"):
        for name, parts in (
            ("construction", construction),
            ("agricultural", agricultural),
            ("rest", ("water", "other")),
        ):
            printed = sum(rows[part][content] for part in parts if part in rows)
            assert round(classes[name][content] - printed, 6) == 0, (name, content)
        assert classes["sum"][content] == rows["sum"][content]


def test_a_layer_without_urban_codes_leaves_towns_and_villages_blank(county, tmp_path):
    without = SimpleNamespace(path=tmp_path / "county.gpkg", folder=tmp_path)
    for role in ("XZQX", "XZYDYH", "GHYDYH"):
        frame = pyogrio.read_dataframe(county.path, layer=role)
        frame.drop(columns=["CZCSXM"] if role == "GHYDYH" else []).to_file(
            without.path, layer=role, driver="GPKG", engine="pyogrio"
        )
    table = make(without, "use_structure")[0]["use_structure"]
    printed = list_figures(table)
    assert {printed[row][content] for row in ("urban", "village") for content in ("planned_area", "change")} == {"—"}
    planned = pyogrio.read_dataframe(without.path, layer="GHYDYH")
    codes = planned["YDYHFLDM"].str.removesuffix("00").str.removesuffix("00")
    built = (codes.str[:2] >= "07") & (codes.str[:2] <= "16") & ~codes.isin([*INFRASTRUCTURE, "1002"])
    hectares = planned["TBMJ"][built].sum() / M2_PER_HECTARE
    assert printed["settlement"]["planned_area"] == pytest.approx(hectares, abs=FEW_DIGITS)
    assert any("GHYDYH" in note and "CZCSXM" in note and "城镇、村庄" in note for note in table.notes)


def test_classes_of_2020_are_recognised(county, tmp_path):
    old = SimpleNamespace(path=tmp_path / "county.gpkg", folder=tmp_path)
    frame = pyogrio.read_dataframe(county.path, layer="XZYDYH")
    rows = frame.index[frame["YDYHFLDM"] == "010300"][:2]
    frame.loc[rows, "YDYHFLDM"] = ["060300", "131200"]
    for role, one in (("XZQX", pyogrio.read_dataframe(county.path, layer="XZQX")), ("XZYDYH", frame)):
        one.to_file(old.path, layer=role, driver="GPKG", engine="pyogrio")
    table = make(old, "use_structure")[0]["use_structure"]
    sums = sum_structure(frame.drop(rows), "TBDLMJ", "TBMJ")
    changed = frame["TBDLMJ"][rows] / M2_PER_HECTARE
    printed = list_figures(table)
    for row, area in (("farm_facilities", changed.iloc[0]), ("infrastructure", changed.iloc[1])):
        assert printed[row]["base_area"] == pytest.approx(sums[row] + area, abs=FEW_DIGITS)
    assert "2020 年版" in "".join(table.notes)


def test_classes_sum_to_the_planned_layer(county, made):
    printed = list_figures(made.tables["use_summary"])
    planned = pyogrio.read_dataframe(county.path, layer="GHYDYH")
    for digits in (2, 4):
        sums = planned["TBMJ"].groupby(planned["YDYHFLDM"].str[:digits]).sum() / M2_PER_HECTARE
        for code, hectares in sums.items():
            if code[:2] != "99":
                assert printed[code]["area"] == pytest.approx(hectares, abs=FEW_DIGITS), code
    assert printed["unknown"]["area"] > 0
    assert printed["sum"]["area"] == round(planned["TBMJ"].sum() / M2_PER_HECTARE, 2)
    assert any("规划目标年" in note for note in made.tables["use_summary"].notes)


def test_lines_by_zone_equal_plain_overlays(county, made):
    printed = list_figures(made.tables["zones_lines"])
    zones = pyogrio.read_dataframe(county.path, layer="YDYHGHFQ")
    for content, role in (("red_line_statutory", "STBHHX"), ("boundary_statutory", "CZKFBJ")):
        line = pyogrio.read_dataframe(county.path, layer=role)
        for digit, shapes in zones.geometry.groupby(zones["GHFQDM"].str[0]):
            land = shapely.union_all(shapes.to_numpy())
            hectares = (
                sum(map(_measure_polygons, shapely.intersection(line.geometry.to_numpy(), land))) / M2_PER_HECTARE
            )
            assert printed[f"{digit}00"][content] == pytest.approx(hectares, rel=2e-5, abs=DIGIT), (digit, role)
        total = sum(map(compute_ellipsoid_area, line.geometry)) / M2_PER_HECTARE
        assert printed["sum"][content] == pytest.approx(total, abs=DIGIT)


def _measure_polygons(shape):
    polygons = [one for one in getattr(shape, "geoms", [shape]) if one.geom_type == "Polygon" and not one.is_empty]
    return sum(map(compute_ellipsoid_area, polygons))


def test_townships_have_measured_and_allotted_areas(county, made):
    assert list_figures(made.tables["township_targets"])["sum"]["township_targets.cultivated"] == "—"
    tasks = county.folder / "tasks.csv"
    tasks.write_text(
        "乡镇,永久基本农田（万亩）,城镇开发边界（公顷）\n永安镇,6.5,1000\n蔡村镇,5.25,\n", encoding="utf-8"
    )
    table = make(county, "township_targets", targets=str(tasks))[0]["township_targets"]
    printed = {row.name: row.values for row in table.rows}
    contents = [column.content for column in table.columns]
    task, measured, boundary = map(
        contents.index, ("township_targets.farmland", "farmland_net", "township_targets.boundary")
    )
    assert (printed["永安镇"][task].value, printed["合计"][task].value) == (6.5, 11.75)
    assert printed["永安镇"][boundary].value == 1000 and printed["蔡村镇"][boundary] == "—"
    farmland = pyogrio.read_dataframe(county.path, layer="YJJBNTBHTB")
    total = farmland["YJJBNTMJ"].sum() * 15 / 1e8
    assert printed["合计"][measured].value == pytest.approx(total, abs=0.0001)


def test_centre_equals_the_sums_of_its_parcels(county, made):
    printed = list_figures(made.tables["centre_use"])
    for side, role in (("base", "ZXCQXZYDYH"), ("planned", "ZXCQGHYDYH")):
        frame = pyogrio.read_dataframe(county.path, layer=role)
        sums = frame["TBDLMJ"].groupby(frame["YDYHFLDM"].str[:2]).sum() / M2_PER_HECTARE
        built = sums[(sums.index >= "07") & (sums.index <= "16")]
        for code, hectares in built.items():
            assert printed[code][f"{side}_area"] == pytest.approx(hectares, abs=FEW_DIGITS)
        assert printed["sum"][f"{side}_area"] == pytest.approx(built.sum(), abs=DIGIT)
    assert {row["per_capita"] for row in printed.values()} == {"—"}
    assert any("[[stated]]" in note for note in made.tables["centre_use"].notes)


PROFILE = """\
id = "own"
name = "浑源县"
area_code = "140225"
base = "hunyuan"

[use_structure]
wetland_is_agricultural = false

[[stated]]
name = "中心城区常住人口"
comparison = "="
value = "8.5"
unit = "万人"
year = 2035
binding = ""
source = "总体规划文本"
"""


def test_a_profile_gives_the_population_and_the_class_of_wetland(county, made):
    profile = county.folder / "own.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    tables, _ = make(county, "centre_use,use_classes", profile=str(profile))
    total = list_figures(tables["centre_use"])["sum"]
    assert total["per_capita"] == pytest.approx(total["planned_area"] * M2_PER_HECTARE / 85_000, abs=DIGIT)
    classes = list_figures(tables["use_classes"])
    assert "湿地" in classes["rest"]["parts"] and "湿地" not in classes["agricultural"]["parts"]
    assert "湿地" in list_figures(made.tables["use_classes"])["agricultural"]["parts"]


def test_reserves_and_their_parts_are_one_row(county, made):
    frame = pyogrio.read_dataframe(county.path, layer="ZRBHD")
    rows = [row.values for row in made.tables["reserve_list"].rows]
    assert len(frame) > 1 and len(rows) == 2
    whole = frame.geometry[frame["MC"] == rows[0][1]]
    hectares = sum(map(compute_ellipsoid_area, whole)) / M2_PER_HECTARE
    assert [cell.value for cell in (rows[0][4], rows[1][4])] == [pytest.approx(hectares, abs=DIGIT)] * 2
    townships = pyogrio.read_dataframe(county.path, layer="XZQXZ")
    reserve = shapely.union_all(frame.geometry.to_numpy())
    inside = townships[[_measure_polygons(shape.intersection(reserve)) > 100 for shape in townships.geometry]]
    assert set(rows[0][5].split("、")) == set(inside["XZQMC"])


def test_sites_of_several_layers_are_listed_once(county, made):
    table = made.tables["heritage_list"]
    names = [row.values[1] for row in table.rows if row.kind == "row"]
    assert len(names) == len(set(names)) > 5
    for role in ("WWBHDWM", "WWBHDWD", "LSJZM", "LSWHJQ"):
        assert set(pyogrio.read_dataframe(county.path, layer=role)["MC"]) <= set(names)
    monument = next(row.values for row in table.rows if row.values[1] == "永安寺")
    assert monument[2:4] == ["文物保护单位", "国家级"] and monument[4:7] == ["", "", ""]
    assert any("年代、地址、公布时间" in note for note in table.notes)


def test_projects_have_the_figures_of_their_fields_and_subtotals(made):
    table = made.tables["project_list"]
    rows = [[getattr(cell, "value", cell) for cell in row.values] for row in table.rows]
    assert [(row.kind, cells[2]) for row, cells in zip(table.rows, rows, strict=True)] == [
        ("row", "大呼高速公路"), ("row", "王庄堡高速公路"), ("subtotal", "交通小计（2 个）"),
        ("row", "抽水蓄能电站"), ("subtotal", "能源小计（1 个）"), ("row", "城南水厂"), ("subtotal", "未填类型小计（1 个）"),
        ("sum", "合计"),
    ]  # fmt: skip
    # 214.3566 + 86.4249 = 300.7815, and with 182.7545 483.5360; 207.1249 + 84.9 + 176.38 = 468.4049.
    sizes, new_land = ([cells[place] for cells in rows] for place in (5, 6))
    assert sizes[2:] == [300.78, 182.76, 182.76, "—", "—", 483.54] and round(sum(sizes[:2]), 2) == 300.78
    assert new_land[2] == pytest.approx(292.02, abs=DIGIT) and new_land[-1] == 468.4
    assert any("1 项没有数" in note for note in table.notes)


def test_supplemented_parcels_are_those_that_the_sealed_edition_lacks(made):
    added = make_layers()["YJJBNTBHTB"].iloc[:SUPPLEMENTED]
    rows = [row.values for row in made.tables["supplement_list"].rows]
    assert [row[1] for row in rows[:-1]] == list(added["YJJBNTTBBH"])
    for row, (_, parcel) in zip(rows[:-1], added.iterrows(), strict=True):
        assert (row[4], row[6]) == (parcel["DLMC"], str(parcel["GDDB"]))
        assert row[7].value == pytest.approx(compute_ellipsoid_area(parcel.geometry) / M2_PER_HECTARE, abs=DIGIT)
        assert row[8].value == pytest.approx(parcel["YJJBNTMJ"] / M2_PER_HECTARE, abs=DIGIT)
    assert rows[-1][8].value == pytest.approx(added["YJJBNTMJ"].sum() / M2_PER_HECTARE, abs=DIGIT)
