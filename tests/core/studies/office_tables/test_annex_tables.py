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
ROW_BY_PLACE = {"201": "urban", "202": "urban", "203": "village"}
CLASSES = {
    "agricultural": ("cultivated", "garden", "forest", "grass", "farm_facilities"),
    "construction": ("settlement", "infrastructure", "other_construction", "unattributed"),
    "rest": ("water", "wetland", "other"),
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
TASKS = "乡镇,永久基本农田（万亩）,城镇开发边界（公顷）\n永安镇,6.5,1000\n蔡村镇,5.25,\n"


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
    """Make all tables with a sealed edition, targets of townships, and a profile with a population."""
    folder = tmp_path_factory.mktemp("annex")
    paths = {"profile": folder / "own.toml", "targets": folder / "tasks.csv"}
    for path, text in zip(paths.values(), (PROFILE, TASKS), strict=True):
        path.write_text(text, encoding="utf-8")
    paths["baseline"] = write_sealed_edition(folder / "sealed.gpkg")
    return fill(folder, layers, **{name: str(path) for name, path in paths.items()})


def sum_structure(frame, net, gross):
    """Return row of the structure → hectares, without the plugin: net areas, and ridges of fields as other land."""
    codes, place = frame["YDYHFLDM"], frame["CZCSXM"].fillna("").str[:3].map(ROW_BY_PLACE)
    rows = codes.str[:2].map(ROW_BY_CLASS).fillna("unknown")
    rows[codes.str[:4].isin(INFRASTRUCTURE)] = "infrastructure"
    rows[codes.str.startswith(OTHER_CONSTRUCTION)] = "other_construction"
    rows = place.where(place.notna() & (codes.between("07", "17") | (codes == "230100")), rows)
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
        for name, parts in CLASSES.items():
            for content in (f"{side}_area", f"{side}_share", "change"):
                total = sum(table.figures[part][content] for part in parts if part in table.figures)
                assert round(table.figures[name][content] - total, 6) == 0, (name, content)
    words = ("2023 年版", "来源级别 C", "耕地、林地等非建设用地", "不能直接比较")
    assert [word for word in words if word not in "".join(table.notes)] == []


def test_layers_without_urban_codes_or_with_classes_of_2020(layers, tmp_path):
    base, planned = layers["XZYDYH"].copy(), layers["GHYDYH"].drop(columns="CZCSXM")
    rows = base.index[base["YDYHFLDM"] == "010300"][1:3]
    # 0603 and this meaning of 1312 (hydraulic works) are of 2020.
    base.loc[rows, "YDYHFLDM"] = ["060300", "131200"]
    table = fill(tmp_path, {"XZQX": layers["XZQX"], "XZYDYH": base, "GHYDYH": planned}, "use_structure")[
        "use_structure"
    ]
    area, notes = {code: row["base_area"] for code, row in table.figures.items()}, "".join(table.notes)
    towns = [table.figures[row][content] for row in ("urban", "village") for content in ("planned_area", "change")]
    assert towns == ["—"] * 4 and "2020 年版" in notes and "城镇、村庄无法分开" in notes
    undivided = sum_structure(planned.assign(CZCSXM=""), "TBMJ", "TBMJ")["unattributed"]
    assert table.figures["settlement"]["planned_area"] == pytest.approx(undivided, abs=FEW_DIGITS)
    sums, changed = sum_structure(base.drop(rows), "TBDLMJ", "TBMJ"), base["TBDLMJ"][rows] / M2_PER_HECTARE
    expected = [sums["farm_facilities"] + changed.iloc[0], sums["infrastructure"] + changed.iloc[1]]
    assert [area["farm_facilities"], area["infrastructure"]] == pytest.approx(expected, abs=FEW_DIGITS)
    # Wetland is agricultural land by default.
    assert area["agricultural"] == pytest.approx(sum(area[row] for row in (*CLASSES["agricultural"], "wetland")))


def test_classes_and_the_centre_equal_sums_of_the_parcels(layers, made):
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
    total = made["centre_use"].figures["sum"]
    assert total["per_capita"] == pytest.approx(total["planned_area"] * M2_PER_HECTARE / 85_000, abs=DIGIT)


def test_lines_by_zone_and_township_equal_plain_overlays(layers, made):
    zones, figures = layers["YDYHGHFQ"], made["zones_lines"].figures
    for content, role in (("red_line_statutory", "STBHHX"), ("boundary_statutory", "CZKFBJ")):
        for digit, shapes in zones.geometry.groupby(zones["GHFQDM"].str[0]):
            parts = layers[role].intersection(shapely.union_all(shapes.to_numpy()))
            inside = sum_hectares(parts[parts.area > 1].to_frame("geometry"))
            assert figures[f"{digit}00"][content] == pytest.approx(inside, rel=2e-5, abs=DIGIT), (digit, role)
        assert figures["sum"][content] == pytest.approx(sum_hectares(layers[role]), abs=DIGIT)
    rows = {row["name"]: row for row in made["township_targets"].cells}
    tasks = [rows[name]["township_targets.farmland"] for name in ("永安镇", "蔡村镇", "合计")]
    limits = [rows[name]["township_targets.boundary"] for name in ("永安镇", "蔡村镇", "合计")]
    assert (tasks, limits) == ([6.5, 5.25, 11.75], [1000, "—", 1000])
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
        ("subtotal", "未填类型小计（1 个）", "—"), ("sum", "合计（4 项）", 483.54),
    ]  # fmt: skip
    assert made["project_list"].cells[-1]["new_land"] == round(207.1249 + 84.9 + 176.38, 2)
    added, supplements = make_layers()["YJJBNTBHTB"].iloc[:SUPPLEMENTED], made["supplement_list"].cells
    assert [row["name"] for row in supplements] == [*added["YJJBNTTBBH"], f"合计（{len(added)} 项）"]
    areas = [*map(compute_ellipsoid_area, added.geometry)], [*added["YJJBNTMJ"]]
    for content, values in zip(("statutory", "net"), areas, strict=True):
        expected = [value / M2_PER_HECTARE for value in (*values, sum(values))]
        assert [row[content] for row in supplements] == pytest.approx(expected, abs=DIGIT)
    assert [row["class"] for row in supplements[:-1]] == list(added["DLMC"])
