# SPDX-License-Identifier: GPL-2.0-or-later
"""Annex tables (附表) of a whole county: figures equal sums of fields and plain overlays, and lists equal the rows."""

import pytest
import shapely

from plugin.core.standard.options import RunOptions
from plugin.core.studies.office_tables.make_office_tables import TableOrder, fill_office_tables
from tests.core.studies.office_tables.table_county import (
    M2_PER_HECTARE,
    SUPPLEMENTED,
    compute_ellipsoid_area,
    make_layers,
    sum_hectares,
    write_sealed_edition,
)
from tests.county import make_county

#: Printed figures that are adjusted differ by one digit, that of the largest row by a few.
DIGIT, FEW_DIGITS = 0.01 + 1e-6, 0.05
INFRASTRUCTURE = ("1201", "1202", "1203", "1204", "1205", "1206", "1311")
OTHER_CONSTRUCTION = ("15", "1002", "1003")
ROW_BY_CLASS = {
    "01": "cultivated", "02": "garden", "03": "forest", "04": "grass", "05": "wetland", "06": "farm_facilities",
    "17": "water", "23": "other", **{f"{code:02}": "unattributed" for code in range(7, 17)},
}  # fmt: skip
CLASSES = {
    "agricultural": ("cultivated", "garden", "forest", "grass", "farm_facilities", "wetland"),
    "construction": ("settlement", "infrastructure", "other_construction", "unattributed"),
    "rest": ("water", "other"),
}
PROFILE = """\
id = "own"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
use_structure = { wetland_is_agricultural = false }

[[stated]]
name = "中心城区常住人口"
comparison = "="
value = "8.5"
unit = "万人"
year = 2035
binding = ""
source = "总体规划文本"
"""


@pytest.fixture(scope="module")
def layers():
    """Return the layers of a whole county with planned land use; some parcels have other classes and codes."""
    found = {**make_county(600, defects=False, full=True)[0], "XS_XMKJFW": make_layers()["XS_XMKJFW"]}
    base, planned = found["XZYDYH"].copy(), make_layers()["GHYDYH"].assign(CZCSXM=found["XZYDYH"]["CZCSXM"])
    for frame, old, code, urban_code in (
        (base, "120200", "120200", "202"), (base, "010300", "010300", "203"), (base, "030100", "050600", None),
        (planned, "070100", "070100", "201A"), (planned, "030100", "130900", None), (planned, "030100", "990000", None),
    ):  # fmt: skip
        frame.loc[frame.index[frame["YDYHFLDM"] == old][0], ["YDYHFLDM", "CZCSXM"]] = code, urban_code
    return {**found, "XZYDYH": base, "GHYDYH": planned}


def fill(folder, layers, tables="all", **options):
    """Write the layers; return layout → filled table, with its figures by row (the sum: “sum”) and content."""
    for role, frame in layers.items():
        frame.to_file(folder / "county.gpkg", layer=role, driver="GPKG", engine="pyogrio")
    options = RunOptions(**{"profile": "hunyuan", **options})
    result = fill_office_tables(folder / "county.gpkg", TableOrder(tables, year=2025), options)
    for table in result.tables:
        contents = [column.content for column in table.columns]
        values = [[getattr(value, "value", value) for value in row.values] for row in table.rows]
        table.cells = [dict(zip(contents, row, strict=True)) for row in values]
        table.figures = {row.code or row.kind: one for row, one in zip(table.rows, table.cells, strict=True)}
    return {table.layout.id: table for table in result.tables}


@pytest.fixture(scope="module")
def made(layers, tmp_path_factory):
    """Make all tables with a sealed edition."""
    folder = tmp_path_factory.mktemp("annex")
    return fill(folder, layers, baseline=str(write_sealed_edition(folder / "sealed.gpkg")))


def sum_structure(frame, net, gross):
    """Return row of the structure → hectares, without the plugin: net areas, and ridges of fields as other land."""
    rows = []
    for code, urban_code in zip(frame["YDYHFLDM"], frame["CZCSXM"].fillna(""), strict=True):
        place = {"201": "urban", "202": "urban", "203": "village"}.get(urban_code[:3])
        is_building = "07" <= code[:2] <= "16" or code == "230100"
        by_class = "infrastructure" if code[:4] in INFRASTRUCTURE else ROW_BY_CLASS.get(code[:2], "unknown")
        is_other = code.startswith(OTHER_CONSTRUCTION)
        rows.append(place if place and is_building else "other_construction" if is_other else by_class)
    sums = frame[net].groupby(rows).sum()
    sums["other"] += (frame[gross] - frame[net]).sum()
    return (sums / M2_PER_HECTARE).to_dict()


def test_structure_equals_sums_of_the_parcels(layers, made):
    table = made["use_structure"]
    for side, role, net in (("base", "XZYDYH", "TBDLMJ"), ("planned", "GHYDYH", "TBMJ")):
        sums = sum_structure(layers[role], net, "TBMJ")
        sums |= {"settlement": sums["urban"] + sums["village"], "sum": layers[role]["TBMJ"].sum() / M2_PER_HECTARE}
        place = list(table.cells[0]).index(f"{side}_area")
        exact = {
            row.code or row.kind: row.exact_by_column[place]
            for row in table.rows
            if row.kind != "class" and row.name != "三大类汇总"
        }
        assert exact == {row: pytest.approx(sums.get(row, 0.0), abs=1e-6) for row in exact} and set(sums) <= set(exact)
        # The rows are all land of the layer, to 0.01 m².
        rows = [row.code for row in table.rows if row.kind == "row"]
        assert sum(exact[row] for row in rows) == pytest.approx(sums["sum"], abs=1e-6)
        assert round(sum(table.figures[row][f"{side}_area"] for row in rows), 2) == round(sums["sum"], 2)
        for name, parts in CLASSES.items():
            for content in (f"{side}_area", f"{side}_share", "change"):
                total = sum(table.figures[part][content] for part in parts if part in table.figures)
                assert round(table.figures[name][content] - total, 6) == 0, (name, content)
    assert {row: table.figures[row]["base_area"] for row in ("unattributed", "unknown")} == {
        "unattributed": 0,
        "unknown": 0,
    }
    notes = "".join(table.notes)
    assert all(word in notes for word in ("2023 年版", "来源级别 C", "耕地、林地等非建设用地", "不能直接比较"))


def test_a_layer_without_urban_codes_leaves_towns_and_villages_blank(layers, tmp_path):
    planned = layers["GHYDYH"].drop(columns="CZCSXM")
    old_codes = layers["XZYDYH"].copy()
    rows = old_codes.index[old_codes["YDYHFLDM"] == "010300"][1:3]
    old_codes.loc[rows, "YDYHFLDM"] = ["060300", "131200"]
    county = {"XZQX": layers["XZQX"], "XZYDYH": old_codes, "GHYDYH": planned}
    table = fill(tmp_path, county, "use_structure")["use_structure"]
    figures = table.figures
    assert {figures[row][content] for row in ("urban", "village") for content in ("planned_area", "change")} == {"—"}
    codes = planned["YDYHFLDM"]
    built = codes.between("07", "17") & ~codes.str[:4].isin([*INFRASTRUCTURE, "1002", "1003"]) & (codes.str[:2] != "15")
    hectares = planned["TBMJ"][built].sum() / M2_PER_HECTARE
    assert figures["settlement"]["planned_area"] == pytest.approx(hectares, abs=FEW_DIGITS)
    sums = sum_structure(layers["XZYDYH"].drop(rows), "TBDLMJ", "TBMJ")
    # 0603 and this meaning of 1312 are of the classes of 2020.
    for row, parcel in zip(("farm_facilities", "infrastructure"), rows, strict=True):
        area = sums[row] + old_codes["TBDLMJ"][parcel] / M2_PER_HECTARE
        assert figures[row]["base_area"] == pytest.approx(area, abs=FEW_DIGITS)
    notes = "".join(table.notes)
    assert "2020 年版" in notes and "城镇、村庄无法分开" in notes


def test_classes_and_the_centre_equal_sums_of_the_parcels(layers, made, tmp_path):
    for table, content, role, net in (
        ("use_summary", "area", "GHYDYH", "TBMJ"), ("centre_use", "base_area", "ZXCQXZYDYH", "TBDLMJ"),
        ("centre_use", "planned_area", "ZXCQGHYDYH", "TBDLMJ"),
    ):  # fmt: skip
        codes, figures = layers[role]["YDYHFLDM"], made[table].figures
        for digits in (2, 4):
            sums = layers[role][net].groupby(codes.str[:digits]).sum() / M2_PER_HECTARE
            for code in set(sums.index) & set(figures):
                assert figures[code][content] == pytest.approx(sums[code], abs=FEW_DIGITS), (table, code)
        is_counted = codes.between("07", "17") if table == "centre_use" else codes > ""
        assert figures["sum"][content] == pytest.approx(layers[role][net][is_counted].sum() / M2_PER_HECTARE, abs=DIGIT)
    assert {row["per_capita"] for row in made["centre_use"].cells} == {"—"}
    (tmp_path / "own.toml").write_text(PROFILE, encoding="utf-8")
    own = fill(tmp_path, layers, "centre_use,use_structure", profile=str(tmp_path / "own.toml"))
    total = own["centre_use"].figures["sum"]
    assert total["per_capita"] == pytest.approx(total["planned_area"] * M2_PER_HECTARE / 85_000, abs=DIGIT)
    rest = [tables["use_structure"].figures["rest"]["base_area"] for tables in (own, made)]
    assert rest[0] - rest[1] == pytest.approx(made["use_structure"].figures["wetland"]["base_area"], abs=DIGIT) != 0


def test_lines_by_zone_and_township_equal_plain_overlays(layers, made, tmp_path):
    zones, figures = layers["YDYHGHFQ"], made["zones_lines"].figures
    for content, role in (("red_line_statutory", "STBHHX"), ("boundary_statutory", "CZKFBJ")):
        for digit, shapes in zones.geometry.groupby(zones["GHFQDM"].str[0]):
            parts = layers[role].intersection(shapely.union_all(shapes.to_numpy()))
            inside = sum_hectares(parts[parts.area > 1].to_frame("geometry"))
            assert figures[f"{digit}00"][content] == pytest.approx(inside, rel=2e-5, abs=DIGIT), (digit, role)
        assert figures["sum"][content] == pytest.approx(sum_hectares(layers[role]), abs=DIGIT)
    text = "乡镇,永久基本农田（万亩）,城镇开发边界（公顷）\n永安镇,6.5,1000\n蔡村镇,5.25,\n"
    (tmp_path / "tasks.csv").write_text(text, encoding="utf-8")
    table = fill(tmp_path, layers, "township_targets", targets=str(tmp_path / "tasks.csv"))["township_targets"]
    rows = {row["name"]: row for row in table.cells}
    task, limit = "township_targets.farmland", "township_targets.boundary"
    assert [rows[name][task] for name in ("永安镇", "蔡村镇", "合计")] == [6.5, 5.25, 11.75]
    assert (rows["永安镇"][limit], rows["蔡村镇"][limit]) == (1000, "—")
    net = layers["YJJBNTBHTB"]["YJJBNTMJ"].sum() * 15 / 1e8
    assert rows["合计"]["farmland_net"] == pytest.approx(net, abs=0.0001)


def test_sites_and_reserves_are_listed_once(layers, made):
    reserves, row, total = layers["ZRBHD"], *made["reserve_list"].cells
    whole = sum_hectares(reserves[reserves["MC"] == row["name"]])
    assert len(reserves) > 1 and (row["statutory"], total["statutory"]) == (pytest.approx(whole, abs=DIGIT),) * 2
    inside = layers["XZQXZ"][layers["XZQXZ"].intersection(shapely.union_all(reserves.geometry.to_numpy())).area > 100]
    assert set(row["township"].split("、")) == set(inside["XZQMC"])
    sites = {one["name"]: one for one in made["heritage_list"].cells}
    assert len(sites) == len(made["heritage_list"].cells) > 5
    assert {name for role in ("WWBHDWM", "WWBHDWD", "LSJZM", "LSWHJQ") for name in layers[role]["MC"]} <= set(sites)
    assert list(sites["永安寺"].values())[2:7] == ["文物保护单位", "国家级", "", "", ""]


def test_projects_and_supplements_have_the_figures_of_their_fields(made):
    rows = [
        (one.kind, *list(made["project_list"].cells[n].values())[2::3])
        for n, one in enumerate(made["project_list"].rows)
    ]
    # 214.3566 + 86.4249 = 300.7815, and with 182.7545 483.5360.
    assert [one[:3] for one in rows] == [
        ("row", "大呼高速公路", 214.36), ("row", "王庄堡高速公路", 86.42), ("subtotal", "交通小计（2 个）", 300.78),
        ("row", "抽水蓄能电站", 182.76), ("subtotal", "能源小计（1 个）", 182.76), ("row", "城南水厂", "—"),
        ("subtotal", "未填类型小计（1 个）", "—"), ("sum", "合计", 483.54),
    ]  # fmt: skip
    assert made["project_list"].cells[-1]["new_land"] == round(207.1249 + 84.9 + 176.38, 2)
    added, supplements = make_layers()["YJJBNTBHTB"].iloc[:SUPPLEMENTED], made["supplement_list"].cells
    assert [row["name"] for row in supplements] == [*added["YJJBNTTBBH"], "合计"]
    for row, (_, parcel) in zip(supplements[:-1], added.iterrows(), strict=True):
        areas = compute_ellipsoid_area(parcel.geometry), parcel["YJJBNTMJ"]
        assert (row["class"], row["grade"]) == (parcel["DLMC"], str(parcel["GDDB"]))
        assert (row["statutory"], row["net"]) == pytest.approx([area / M2_PER_HECTARE for area in areas], abs=DIGIT)
