# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading data files of planners: formats, encodings, names, arcs, long numbers.

Input files stay unchanged.
"""

import math
import shutil
import sqlite3
import struct
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.base.files.encoding import is_garbled
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.plan.io import read_source
from plugin.core.plan.loading.recognition import find_role, find_similar_role
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from tests.core.small_plan import (
    X,
    Y,
    check_data,
    explain_error,
    hash_files,
    join_notices,
    list_findings_of_rules,
    make_county_box,
    make_ring_wkb,
    make_small_plan_layers,
    make_table,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
    write_wkb_shapes,
)
from tests.parametrize import first_daily


def read_single_layer(path, **more):
    (layer,) = read_source(path, **more)
    return layer


# -- three formats ----------------------------------------------------------------------------------------------------


def list_comparable_findings(report):
    """Return findings without feature ids, which differ between file formats."""
    rows = []
    for finding in report.findings:
        params = {k: v for k, v in finding.params.items() if "fid" not in k}
        params["shown"] = {k: v for k, v in params.get("shown", {}).items() if k != "row_names"}
        rows.append(
            (finding.code, finding.case, str(finding.severity), finding.role, finding.key, finding.related_role,
             tuple(finding.related_keys), finding.field, str(params), finding.geom_kind, finding.fingerprint)
        )  # fmt: skip
    return sorted(rows)


@pytest.fixture(scope="module")
def county_files_by_format(tmp_path_factory):
    folder = tmp_path_factory.mktemp("县 数据")
    return {
        "gpkg": write_gpkg(folder / "county.gpkg"),
        "FileGDB": write_gdb(folder / "county.gdb"),
        "shapefiles in GBK": write_shapefiles(folder / "gbk", "GBK"),
        "shapefiles in GBK, no cpg": write_shapefiles(folder / "gbk 无 cpg", "GBK", cpg=False),
        "shapefiles in UTF-8": write_shapefiles(folder / "utf8", "UTF-8"),
        "shapefiles in UTF-8, no cpg": write_shapefiles(folder / "utf8 无 cpg", "UTF-8", cpg=False),
    }


@pytest.fixture(scope="module")
def geopackage_report(county_files_by_format):
    return check_data(county_files_by_format["gpkg"]).report


@pytest.mark.parametrize(
    "form",
    ["FileGDB", "shapefiles in GBK", "shapefiles in GBK, no cpg", "shapefiles in UTF-8", "shapefiles in UTF-8, no cpg"],
)
def test_county_in_each_data_format_has_the_findings_areas_and_indicators_of_its_geopackage(
    county_files_by_format, geopackage_report, form
):
    before = hash_files(county_files_by_format[form])
    report = check_data(county_files_by_format[form]).report
    assert list_comparable_findings(report) == list_comparable_findings(geopackage_report)
    assert [(r.code, r.outcome) for r in report.rules] == [(r.code, r.outcome) for r in geopackage_report.rules]
    areas = [
        [f.area_m2 or 0.0 for f in sorted(r.findings, key=lambda f: f.fingerprint)] for r in (report, geopackage_report)
    ]
    assert areas[0] == pytest.approx(areas[1], abs=0.01)
    assert [i.value for i in report.indicators] == pytest.approx([i.value for i in geopackage_report.indicators])
    assert hash_files(county_files_by_format[form]) == before


@pytest.mark.parametrize("form", ["shapefiles in GBK, no cpg", "shapefiles in UTF-8, no cpg"])
def test_detected_text_encoding_is_reported(county_files_by_format, form):
    report = check_data(county_files_by_format[form]).report
    assert f"图层“YDYHGHFQ”没有 .cpg 文件，判断编码为 {'GBK' if 'GBK' in form else 'UTF-8'}" in join_notices(report)


def test_folder_with_several_data_formats_is_read_completely(tmp_path):
    parts = make_small_plan_layers()
    write_gpkg(tmp_path / "a.gpkg", {r: parts[r] for r in ("XZQX", "DLTB")})
    write_gdb(tmp_path / "b.gdb", {r: parts[r] for r in ("STBHHX", "YJJBNTBHTB")})
    write_shapefiles(tmp_path, "GBK", {r: parts[r] for r in ("CZKFBJ", "YDYHGHFQ")})
    (tmp_path / "report.json").write_text('{"schema": "sanxian-report/1"}', encoding="utf-8")
    (tmp_path / "说明.docx").write_bytes(b"PK\x03\x04")
    before = hash_files(tmp_path)
    plan = check_data(tmp_path).plan
    assert set(plan.layers) == set(parts)
    assert hash_files(tmp_path) == before


def test_path_of_one_file_of_a_shapefile_or_filegdb_opens_the_whole_dataset(tmp_path):
    write_shapefiles(tmp_path, "GBK", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
    gdb = write_gdb(tmp_path / "b.gdb", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
    for chosen in (tmp_path / "CZKFBJ.dbf", tmp_path / "CZKFBJ.shx", gdb / "a00000001.gdbtable", f'"{gdb}"'):
        layer = read_single_layer(chosen)
        assert (layer.name, len(layer.frame)) == ("CZKFBJ", 1)


# -- encodings --------------------------------------------------------------------------------------------------------


@pytest.fixture
def gbk_shapefile(tmp_path):
    write_shapefiles(tmp_path, "GBK", {"YDYHGHFQ": make_small_plan_layers()["YDYHGHFQ"]}, cpg=False)
    return tmp_path / "YDYHGHFQ.shp"


def test_ascii_text_gives_no_notice_on_its_encoding(tmp_path):
    write_shapefiles(tmp_path, "GBK", {"CZKFBJ": make_table([make_county_box(0, 0)])}, cpg=False)
    assert not read_single_layer(tmp_path / "CZKFBJ.shp").notices


def test_truncated_character_in_a_cell_affects_no_other_cell(gbk_shapefile):
    dbf = gbk_shapefile.with_suffix(".dbf")
    # The last character of the first row loses its second byte, as in a field that is too narrow.
    whole, half = "农田保护区".encode("gbk"), "农田保护区".encode("gbk")[:-1] + b" "
    content = dbf.read_bytes()
    assert whole in content
    dbf.write_bytes(content.replace(whole, half, 1))
    first, second = read_single_layer(gbk_shapefile).frame["GHFQMC"]
    assert first.startswith("农田保护") and first != "农田保护区"
    assert second == "城镇发展区"


def test_truncated_character_in_a_field_name_is_replaced(tmp_path):
    path = tmp_path / "CZKFBJ.shp"
    write_shapefiles(tmp_path, "UTF-8", {"CZKFBJ": make_table([make_county_box(0, 0)], ELEMENTCOD=["甲"])}, cpg=False)
    dbf = path.with_suffix(".dbf")
    # Ten bytes hold three Chinese characters of UTF-8 and a third of the next: what GDAL writes for 要素代码.
    dbf.write_bytes(dbf.read_bytes().replace(b"ELEMENTCOD", "要素代码".encode()[:10]))
    layer = read_single_layer(path)
    assert [f.name for f in layer.fields] == ["BSM", "要素代\ufffd"]
    assert list(layer.frame["要素代\ufffd"]) == ["甲"]


@pytest.mark.parametrize("suffix", [".DBF", ".SHX", ".PRJ"])
def test_shapefile_parts_with_upper_case_suffixes_are_found(gbk_shapefile, suffix):
    part = gbk_shapefile.with_suffix(suffix.lower())
    part.rename(gbk_shapefile.with_suffix(suffix))
    layer = read_single_layer(gbk_shapefile)
    assert layer.crs is not None and layer.crs.to_epsg() == 4526
    assert list(layer.frame["GHFQMC"]) == ["农田保护区", "城镇发展区"]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("城镇开发边界", False),
        ("浑源县永安镇", False),
        ("联通", False),
        ("Zone protégée à côté", False),
        ("城镇开发边界".encode("gbk").decode("latin-1"), True),
        ("城镇开发边界".encode().decode("gb18030", errors="replace"), True),
        ("锟斤拷", True),
        ("城镇\ufffd\ufffd", True),
    ],
)
def test_is_garbled_is_true_only_for_wrongly_decoded_text(text, broken):
    assert is_garbled(text) is broken


def test_wrongly_decoded_values_are_reported_with_layer_field_and_count(tmp_path):
    good, bad = "城镇集中建设区", "城镇集中建设区".encode("gbk").decode("latin-1")
    tables = {
        "CZKFBJ": make_table(
            [make_county_box(0, 0), make_county_box(200, 0), make_county_box(400, 0)], GHFQMC=[good, bad, bad]
        )
    }
    report = check_data(write_gpkg(tmp_path / "a.gpkg", tables)).report
    assert "图层“CZKFBJ”的字段 GHFQMC 有 2 个值是乱码" in join_notices(report)


def test_geopackage_with_invalid_utf8_is_read_and_reported(tmp_path):
    path = write_gpkg(
        tmp_path / "a.gpkg",
        {"CZKFBJ": make_table([make_county_box(0, 0), make_county_box(200, 0)], GHFQMC=["甲", "乙"])},
    )
    with sqlite3.connect(path) as database:
        database.execute("UPDATE CZKFBJ SET GHFQMC = CAST(X'B3C7D5F2' AS TEXT) WHERE fid = 1")
    database.close()
    report = check_data(path).report
    assert "图层“CZKFBJ”的字段 GHFQMC 有 1 个值是乱码" in join_notices(report)


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "role", "standard"),
    [
        ("CZKFBJ", "CZKFBJ", "county_db"),
        ("czkfbj", "CZKFBJ", "county_db"),
        (" CZKFBJ ", "CZKFBJ", "county_db"),
        ("140225CZKFBJ_2022", "CZKFBJ", "county_db"),
        ("140225浑源县CZKFBJ", "CZKFBJ", "county_db"),
        ("CZKFBJ2035", "CZKFBJ", "county_db"),
        ("城镇开发边界", "CZKFBJ", "county_db"),
        ("浑源县城镇开发边界", "CZKFBJ", "county_db"),
        ("城镇开发边界（报批稿）", "CZKFBJ", "county_db"),
        ("2022年生态保护红线_140225", "STBHHX", "county_db"),
        ("永久基本农田", "YJJBNTBHTB", "county_db"),
        ("永久基本农田图斑", "YJJBNTTB", "county_db"),
        ("县级行政区", "XZQX", "county_db"),
        ("XZQ", "XZQ", "county_db"),
        ("XZQX", "XZQX", "county_db"),
        ("永久基本农田储备区", "YJJBNTCBQ", "county_db"),
        ("行政区界线", "XZQJX", "county_db"),
        ("非永久基本农田", "", "county_db"),
        ("ABCZKFBJ", "", "county_db"),
        ("findings", "", "county_db"),
        # A name that two templates share gives the role of the first in the standard.
        ("防灾减灾设施（点）", "FZJZSSD", "county_db"),
        ("防灾减灾设施（线）", "FZJZSSX", "county_db"),
        ("永久基本农田", "YJJBNT", "city_db"),
        ("灾害风险区", "ZHFXQ", "township_db"),
    ],
)
def test_find_role_recognises_roles_by_layer_names(name, role, standard, tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {"XZQX": make_table([make_county_box(0, 0)])}, {"XZQX": name.strip()})
    assert find_role(read_single_layer(path), RunOptions(standard=standard).resolve_norm())[0] == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("红线", "STBHHX"), ("开发边界", "CZKFBJ"), ("永久基本农田2025", "YJJBNTBHTB"), ("现状用地", "XZYDYH"), ("乡镇界", "XZQXZ"),
        ("三调图斑", ""), ("生态红线范围", ""), ("道路", ""), ("zones", ""),
    ],
)  # fmt: skip
def test_name_of_another_office_proposes_a_role_only_if_most_of_it_is_in_one_name(name, role):
    assert find_similar_role(name, load_standard("county_db")) == role


def test_find_role_recognises_roles_by_fields(tmp_path):
    fields = {f.name: [1.0] if f.type == "real" else ["1"] for f in load_standard().templates["DLTB"].fields}
    frame = gpd.GeoDataFrame(fields, geometry=[make_county_box(0, 0)], crs=4526)
    path = write_gpkg(tmp_path / "a.gpkg", {"DLTB": frame}, {"DLTB": "面状图层"})
    assert find_role(read_single_layer(path), make_example_norm()) == ("DLTB", "fields")


def test_lower_case_field_names_are_recognised(tmp_path):
    lower = {role: frame.rename(columns=str.lower) for role, frame in make_small_plan_layers().items()}
    upper = write_gpkg(tmp_path / "upper.gpkg")
    path = write_gpkg(tmp_path / "lower.gpkg", lower)
    assert list_comparable_findings(check_data(path).report) == list_comparable_findings(check_data(upper).report)


def test_attribute_field_named_geometry_is_read_as_a_field(tmp_path):
    frame = make_table([make_county_box(0, 0)], geometry_=["面"])
    path = write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": frame})
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE CZKFBJ RENAME COLUMN geometry_ TO geometry")
    database.close()
    layer = read_single_layer(path)
    assert list(layer.frame["geometry"]) == ["面"]
    assert layer.frame.geometry.iloc[0].area == pytest.approx(10_000)
    assert not list_findings_of_rules(check_data(path).report, "RUN900")


def test_duplicate_field_name_is_renamed_and_reported(tmp_path):
    write_shapefiles(tmp_path, "GBK", {"CZKFBJ": make_table([make_county_box(0, 0)], BSN=["second"])}, cpg=False)
    dbf = tmp_path / "CZKFBJ.dbf"
    dbf.write_bytes(dbf.read_bytes().replace(b"BSN\0", b"BSM\0"))
    layer = read_single_layer(tmp_path / "CZKFBJ.shp")
    assert [f.name for f in layer.fields] == ["BSM", "BSM_2"]
    assert ("notice_doubled_field", {"layer": "CZKFBJ", "field": "BSM", "renamed": "BSM_2"}) in layer.notices
    checked = check_data(tmp_path / "CZKFBJ.shp")
    assert checked.plan.layers["CZKFBJ"].keys == ["140225000000000001"]
    assert "有两个字段名称均为 BSM" in join_notices(checked.report)


def test_field_with_the_letter_case_of_the_standard_is_preferred(tmp_path):
    frame = gpd.GeoDataFrame(
        {"bsm": ["wrong"], "BSM": ["right"], "Bsm": ["other"]}, geometry=[make_county_box(0, 0)], crs=4526
    )
    plan = check_data(write_geojson(frame, tmp_path / "CZKFBJ.geojson")).plan
    assert plan.layers["CZKFBJ"].keys == ["right"]


def write_geojson(frame, path):
    pyogrio.write_dataframe(frame.to_crs(4490), path)
    return path


def test_two_layers_of_one_name_are_refused_until_the_roles_option_names_file_and_layer(tmp_path):
    write_gpkg(tmp_path / "甲.gpkg", {"CZKFBJ": make_table([make_county_box(0, 0)])})
    write_gpkg(tmp_path / "乙.gpkg", {"CZKFBJ": make_table([make_county_box(0, 0), make_county_box(200, 0)])})
    with pytest.raises(InputError) as raised:
        check_data(tmp_path)
    assert "“乙.gpkg/CZKFBJ”和“甲.gpkg/CZKFBJ”" in explain_error(raised.value)
    plan = check_data(tmp_path, roles="CZKFBJ=甲.gpkg/CZKFBJ").plan
    assert len(plan.layers["CZKFBJ"]) == 1
    with pytest.raises(InputError) as raised:
        check_data(tmp_path, roles="CZKFBJ=CZKFBJ")
    assert "乙.gpkg/CZKFBJ, 甲.gpkg/CZKFBJ" in explain_error(raised.value) and "文件名/图层名" in explain_error(
        raised.value
    )


def test_rows_of_layers_that_are_not_wanted_are_not_read(tmp_path):
    path = write_gpkg(
        tmp_path / "a.gpkg",
        {"CZKFBJ": make_table([make_county_box(0, 0)]), "STBHHX": make_table([make_county_box(0, 0)])},
        {"STBHHX": "other"},
    )
    row_counts = {
        layer.name: len(layer.frame) for layer in read_source(path, select_layer=lambda layer: layer.name == "CZKFBJ")
    }
    assert row_counts == {"CZKFBJ": 1, "other": 0}
    assert "未识别、未参与检查的图层：other" in join_notices(check_data(path).report)
    # A layer that the user names is read.
    for name in ("other", "OTHER", "a.gpkg/other"):
        assert len(check_data(path, roles=f"STBHHX={name}").plan.layers["STBHHX"]) == 1


def test_layer_with_a_slash_in_its_name_can_be_selected(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {"STBHHX": make_table([make_county_box(0, 0)])}, {"STBHHX": "红线/报批"})
    assert len(check_data(path, roles="STBHHX=红线/报批").plan.layers["STBHHX"]) == 1


def test_reading_a_source_can_be_cancelled(county_files_by_format):
    with pytest.raises(Cancelled):
        read_source(county_files_by_format["shapefiles in GBK"], cancellation=Cancellation(lambda: True))


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
def test_keys_stored_as_18_digit_integers_survive_null_values(tmp_path, driver):
    frame = make_table([make_county_box(0, 0), make_county_box(200, 0), make_county_box(400, 0)])
    frame["BSM"] = np.array([140225000000000017, 140225000000000018, 140225000000000019], dtype="int64")
    if driver == "GPKG":
        path = write_gpkg(tmp_path / "CZKFBJ.gpkg", {"CZKFBJ": frame})
        with sqlite3.connect(path) as database:
            database.execute("UPDATE CZKFBJ SET BSM = NULL WHERE fid = 2")
        database.close()
    else:
        path = write_shapefiles(tmp_path, "GBK", {"CZKFBJ": frame}) / "CZKFBJ.shp"
        dbf = path.with_suffix(".dbf")
        dbf.write_bytes(dbf.read_bytes().replace(b"140225000000000018", b" " * 18))
    layer = check_data(path, rules=["ATT001"]).plan.layers["CZKFBJ"]
    assert layer.keys == ["140225000000000017", "", "140225000000000019"]


def test_key_stored_as_a_real_number_is_reported(tmp_path):
    frame = make_table([make_county_box(0, 0), make_county_box(200, 0)])
    frame["BSM"] = [140225000000000017.0, 140225000000000018.0]
    checked = check_data(write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": frame}))
    assert "图层“CZKFBJ”的字段 BSM 存储为小数，2 个值的末几位已丢失" in join_notices(checked.report)
    (finding,) = (f for f in list_findings_of_rules(checked.report, "SCH002") if f.field == "BSM")
    assert "标识码（BSM）的类型为小数，标准规定为文本" in finding.message
    # Lost digits can make keys equal; the key is reported as it was read.
    assert checked.plan.layers["CZKFBJ"].keys[0] == str(int(140225000000000017.0))


def test_area_stored_as_text_is_reported_and_parsed_as_a_number(tmp_path):
    tables = make_small_plan_layers()
    tables["DLTB"]["TBMJ"] = [str(v) for v in tables["DLTB"]["TBMJ"]]
    checked = check_data(write_gpkg(tmp_path / "a.gpkg", tables))
    fields = {f.field: f.message for f in list_findings_of_rules(checked.report, "SCH002")}
    assert (
        fields["TBMJ"]
        == "地类图斑的字段图斑面积（TBMJ）的类型为文本，标准规定为小数，汇总和比较会有误。请先以临时名称新建标准类型的字段，用字段计算器转换取值，删去原字段，再改为原名。"
    )
    assert list(checked.plan.layers["DLTB"].numbers("gross_area")) == [600_000.0, 400_000.0, 1_000_000.0]


def test_row_without_a_key_is_reported_by_its_feature_id(tmp_path):
    frame = make_table([make_county_box(0, 0), make_county_box(200, 0)])
    frame["BSM"] = ["140225000000000001", None]
    report = check_data(write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": frame}), ["ATT001"]).report
    (finding,) = list_findings_of_rules(report, "ATT001")
    assert finding.params["fid"] == 2
    assert (
        finding.message
        == "城镇开发边界（要素号 2）没有标识码（BSM），要素无法识别和登记。请对照批准成果：有原号的，填写原号；"
        "没有的，选中该要素，用字段计算器只更新选中的要素，更新现有字段 BSM，表达式为 sanxian_next_bsm()。"
    )


# -- shapes -----------------------------------------------------------------------------------------------------------

DISC_RADIUS_M, HOLE_RADIUS_M = 100.0, 20.0


def make_circle_arc_wkb(radius, x, y):
    points = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius), (x - radius, y)]
    return struct.pack("<BII", 1, 8, len(points)) + b"".join(struct.pack("<dd", *p) for p in points)


def make_disc_wkb(x, y):
    """Return the WKB of a CURVEPOLYGON: a circle with a round hole at x, y (m)."""
    return (
        struct.pack("<BII", 1, 10, 2)
        + make_circle_arc_wkb(DISC_RADIUS_M, x, y)
        + make_circle_arc_wkb(HOLE_RADIUS_M, x, y)
    )


def write_squares(path, count):
    return write_gpkg(path, {"CZKFBJ": make_table([make_county_box(200 * n, 0) for n in range(count)])})


@pytest.mark.parametrize("declared", ["GEOMETRY", "CURVEPOLYGON", "POLYGON"])
def test_shapes_with_arcs_in_a_geopackage_are_reported_and_read_with_their_holes(tmp_path, declared):
    path = write_wkb_shapes(write_squares(tmp_path / "a.gpkg", 3), "CZKFBJ", {2: make_disc_wkb(X, Y)})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ?", (declared,))
    database.close()
    before = hash_files(tmp_path)
    layer = read_single_layer(path)
    assert layer.fids_with_arcs == (2,) and layer.curve_step == 4.0
    shape = layer.frame.geometry.loc[2]
    assert len(shape.interiors) == 1
    assert shape.area == pytest.approx(math.pi * (DISC_RADIUS_M**2 - HOLE_RADIUS_M**2), rel=1e-3)
    report = check_data(path, ["GEO002"]).report
    (finding,) = list_findings_of_rules(report, "GEO002")
    assert finding.key == "140225000000000002" and finding.case == "curve"
    assert "含弧段，读取时转为折线（每 4 度一段）" in finding.message
    assert "有 1 个要素含弧段，读取时按每 4.0 度一段转为折线；原图层未改动" in join_notices(report)
    assert hash_files(tmp_path) == before


@pytest.fixture
def gdb_with_arcs(tmp_path):
    ogr = pytest.importorskip("osgeo.ogr", reason="only GDAL's own Python bindings write arcs into a FileGDB")
    reference = pytest.importorskip("osgeo.osr").SpatialReference()
    reference.ImportFromEPSG(4526)
    source = ogr.GetDriverByName("OpenFileGDB").CreateDataSource(str(tmp_path / "a.gdb"))
    sheet = source.CreateLayer("CZKFBJ", reference, ogr.wkbMultiPolygon)
    sheet.CreateField(ogr.FieldDefn("BSM", ogr.OFTString))
    sheet.CreateField(ogr.FieldDefn("SHAPE_Area", ogr.OFTReal))
    exact = math.pi * (DISC_RADIUS_M**2 - HOLE_RADIUS_M**2)
    for number, (wkb, area) in enumerate(
        ((make_disc_wkb(X, Y), exact), (make_disc_wkb(X + 500, Y), exact * 1.05), (make_county_box(900, 0).wkb, 1e4))
    ):
        feature = ogr.Feature(sheet.GetLayerDefn())
        feature["BSM"] = f"14022500000000000{number}"
        feature["SHAPE_Area"] = area
        feature.SetGeometry(ogr.CreateGeometryFromWkb(wkb))
        sheet.CreateFeature(feature)
    del feature, sheet, source
    return tmp_path / "a.gdb"


def test_shapes_with_arcs_in_a_filegdb_are_read_with_their_holes_and_a_lost_hole_gives_a_notice(gdb_with_arcs):
    before = hash_files(gdb_with_arcs)
    layer = read_single_layer(gdb_with_arcs)
    assert layer.fids_with_arcs == (1, 2)
    disc_read = layer.frame.geometry.loc[1]
    assert shapely.get_num_interior_rings(shapely.get_parts(disc_read)[0]) == 1
    assert disc_read.area == pytest.approx(math.pi * (DISC_RADIUS_M**2 - HOLE_RADIUS_M**2), rel=1e-3)
    # The second stores an area 5 % larger than what was read: as if its hole were lost.
    assert ("notice_curve_area", {"layer": "CZKFBJ", "count": 1, "fids": "2"}) in layer.notices
    assert hash_files(gdb_with_arcs) == before


def test_ring_with_too_few_points_is_reported_as_invalid_not_as_empty(tmp_path):
    path = write_wkb_shapes(write_squares(tmp_path / "a.gpkg", 2), "CZKFBJ", {2: make_ring_wkb((X, Y), (X + 1, Y))})
    report = check_data(path).report
    assert not list_findings_of_rules(report, "GEO001")
    (finding,) = list_findings_of_rules(report, "GEO002")
    assert finding.key.endswith("0002") and "图形数据不完整（点数过少或已损坏）" in finding.message
    assert not list_findings_of_rules(report, "RUN900")


@pytest.mark.filterwarnings("ignore:Layer 'CZKFBJ' has been declared with non-Z")
def test_z_values_do_not_change_the_findings(tmp_path):
    flat, high = make_county_box(0, 0), shapely.force_3d(make_county_box(0, 0), 5.0)
    assert high.has_z
    reports = [
        check_data(
            write_gpkg(
                tmp_path / f"{n}.gpkg", {"CZKFBJ": make_table([shape]), "STBHHX": make_table([make_county_box(50, 0)])}
            )
        ).report
        for n, shape in enumerate((flat, high))
    ]
    (heights,) = list_findings_of_rules(reports[1], "SCH005")
    assert heights.case == "heights" and not list_findings_of_rules(reports[0], "SCH005")
    reports[1].findings.remove(heights)
    assert list_comparable_findings(reports[0]) == list_comparable_findings(reports[1])
    (a,), (b,) = (list_findings_of_rules(r, "REL003") for r in reports)
    assert a.area_m2 == b.area_m2


def test_m_values_are_dropped_and_reported(tmp_path):
    points = [(X, Y, 1.0), (X + 100, Y, 2.0), (X + 100, Y + 100, 3.0), (X, Y, 1.0)]
    measured = (
        struct.pack("<BII", 1, 2003, 1) + struct.pack("<I", 4) + b"".join(struct.pack("<ddd", *p) for p in points)
    )
    path = write_wkb_shapes(write_squares(tmp_path / "a.gpkg", 1), "CZKFBJ", {1: measured})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_geometry_columns SET m = 2, geometry_type_name = 'POLYGON'")
    database.close()
    checked = check_data(path)
    assert checked.plan.layers["CZKFBJ"].frame.geometry.iloc[0].area == pytest.approx(5000)
    assert "图层“CZKFBJ”的图形带 M 值" in join_notices(checked.report)


def test_warnings_of_the_gdal_driver_are_shown_as_notices(tmp_path):
    path = write_gpkg(
        tmp_path / "a.gpkg", {"CZKFBJ": make_table([make_county_box(0, 0)], BZRQ=pd.to_datetime(["2022-11-20"]))}
    )
    with sqlite3.connect(path) as database:
        database.execute("UPDATE CZKFBJ SET BZRQ = '二零二二年'")
    database.close()
    (layer,) = read_source(path)
    notices_text = " ".join(Texts("zh").format_notice(key, params) for key, params in layer.notices)
    assert "读取图层“CZKFBJ”时驱动有 1 条提示，请核对要素数和属性是否完整。第一条：" in notices_text
    assert not list_findings_of_rules(check_data(path).report, "RUN900")


def test_infinite_numbers_count_as_missing_values(tmp_path):
    path = write_gpkg(
        tmp_path / "a.gpkg", {"DLTB": make_table([make_county_box(0, 0), make_county_box(200, 0)], TBMJ=[1.0, 2.0])}
    )
    with sqlite3.connect(path) as database:
        database.execute("UPDATE DLTB SET TBMJ = 9e999 WHERE fid = 2")
    database.close()
    assert np.isnan(check_data(path).plan.layers["DLTB"].numbers("gross_area")).tolist() == [False, True]


# -- outdated counts, logs and unusual paths -------------------------------------------------------------------------------


def test_outdated_feature_count_of_a_file_hides_no_row(tmp_path):
    path = write_gpkg(
        tmp_path / "a.gpkg",
        {"CZKFBJ": make_table([make_county_box(200 * n, 0) for n in range(20)], GHFQMC=["甲"] * 20)},
    )
    with sqlite3.connect(path) as database:
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = 3")
    database.close()
    layer = read_single_layer(path)
    assert len(layer.frame) == 20
    assert list(layer.frame.columns) == ["BSM", "GHFQMC", "geometry"] and list(layer.frame.index) == list(range(1, 21))


def run_sql_without_closing(path, *statements):
    """Run SQL on a GeoPackage in a process that exits without closing the file."""
    code = f"""
import os, sqlite3
database = sqlite3.connect({str(path)!r}, isolation_level=None)
for statement in {statements!r}:
    database.execute(statement).fetchall()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    return path


ROWS_WRITTEN_FIRST = {"CZKFBJ": make_table([make_county_box(200 * n, 0) for n in range(500)], GHFQMC=["旧"] * 500)}


@pytest.mark.parametrize(
    ("statements", "left", "value"),
    [
        (["PRAGMA journal_mode = WAL", "UPDATE CZKFBJ SET GHFQMC = '已提交'"], {"wal", "shm"}, "已提交"),
        (["PRAGMA journal_mode = WAL", "SELECT 1 FROM CZKFBJ"], {"wal", "shm"}, "旧"),
        (["PRAGMA cache_size = 1", "BEGIN", "UPDATE CZKFBJ SET GHFQMC = '未提交'"], {"journal"}, "旧"),
    ],
    ids=["committed to the log only", "log without an entry", "unfinished transaction"],
)
def test_committed_changes_in_leftover_sqlite_logs_are_read_unfinished_ones_not_and_the_logs_stay(
    tmp_path, statements, left, value
):
    path = run_sql_without_closing(write_gpkg(tmp_path / "a.gpkg", ROWS_WRITTEN_FIRST), *statements)
    before = hash_files(tmp_path)
    assert {p.rsplit("-", 1)[-1] for p in before if "gpkg-" in p} == left
    assert set(read_single_layer(path).frame["GHFQMC"]) == {value}
    after = hash_files(tmp_path)
    assert after.keys() == before.keys()
    # Each reader may write the index of the log again; it has no data.
    assert {p for p in before if after[p] != before[p]} <= {f"{path}-shm"}


def test_reading_gml_creates_no_companion_file(tmp_path):
    path = tmp_path / "CZKFBJ.gml"
    pyogrio.write_dataframe(make_table([make_county_box(0, 0)]), path, driver="GML")
    path.with_suffix(".xsd").unlink()
    before = hash_files(tmp_path)
    assert len(read_single_layer(path).frame) == 1
    assert hash_files(tmp_path) == before


@pytest.mark.parametrize("form", ["gpkg", "shp", "gdb"])
@pytest.mark.parametrize(
    "name",
    first_daily(["规划 数据 2022", "a#b%20", "it's [1]", 'say "so"', "a?b", "a!b", "a;b", "a&b=c", "$HOME", "a,b"], 3),
)
def test_data_paths_with_special_characters_are_read(tmp_path, form, name):
    if sys.platform == "win32" and set(name) & set('?"'):
        pytest.skip("no such name on this system")
    folder = tmp_path / name
    folder.mkdir()
    tables = {"CZKFBJ": make_table([make_county_box(0, 0)], GHFQMC=["城镇集中建设区"])}
    if form == "shp":
        made = write_shapefiles(tmp_path / "plain", "GBK", tables)
        for part in made.iterdir():
            shutil.copy(part, folder / f"{name}{part.suffix}")
        path = folder / f"{name}.shp"
    else:
        path = folder / f"{name}.{form}"
        made = (
            write_gpkg(tmp_path / "plain.gpkg", tables) if form == "gpkg" else write_gdb(tmp_path / "plain.gdb", tables)
        )
        shutil.move(made, path)
    before = hash_files(folder)
    layer = read_single_layer(path)
    assert (layer.name if form != "shp" else "CZKFBJ", list(layer.frame["GHFQMC"])) == ("CZKFBJ", ["城镇集中建设区"])
    assert layer.source == str(path)
    assert hash_files(folder) == before


# -- the findings layer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".gdb"])
@pytest.mark.parametrize("empty", [False, True], ids=["with findings", "without findings"])
def test_findings_layer_reads_back_with_all_columns(county_files_by_format, tmp_path, suffix, empty):
    checked = check_data(county_files_by_format["gpkg"])
    rows = [] if empty else checked.report.findings
    target = tmp_path / "结果 甲" / f"问题{suffix}"
    for _ in range(2):  # the second replaces the first
        write_findings(target, rows, checked.plan.crs)
        back = pyogrio.read_dataframe(target)
        assert len(back) == len(rows)
        if suffix != ".geojson" or rows:
            assert {
                "code",
                "severity",
                "role",
                "key",
                "message",
                "area_m2",
                "fingerpri" + ("nt" if suffix != ".shp" else "n"),
            } <= set(back.columns)
    assert not [p for p in target.parent.iterdir() if p.name.startswith(".")]
    kinds = {s.geom_type for s in back.geometry if s is not None} if rows else set()
    assert kinds <= {"MultiPolygon", "Polygon"}


def test_only_fields_that_rules_need_are_read(tmp_path):
    frame = gpd.GeoDataFrame(
        {"BSM": ["1"], "czkfbj_note": ["x"], "ghfqdm": ["411"], "MJ": [1.5]},
        geometry=[shapely.box(38_460_000, 4_400_000, 38_460_100, 4_400_100)],
        crs=4526,
    )
    frame.to_file(tmp_path / "a.gpkg", layer="CZKFBJ", driver="GPKG")
    (read,) = read_source(tmp_path / "a.gpkg", select_layer=lambda layer: frozenset({"MJ", "GHFQDM", "BZ"}))
    assert read.frame.drop(columns="geometry").to_dict("list") == {"ghfqdm": ["411"], "MJ": [1.5]}
    assert [f.name for f in read.fields] == ["BSM", "czkfbj_note", "ghfqdm", "MJ"]
    plan = check_plan(tmp_path / "a.gpkg", RunOptions(rules=("ATT001",))).plan
    assert "czkfbj_note" not in plan.layers["CZKFBJ"].frame
    assert plan.layers["CZKFBJ"].keys == ["1"]


def test_names_of_layers_and_fields_that_would_end_a_statement_are_read_as_names(tmp_path):
    table = make_small_plan_layers()["CZKFBJ"].assign(**{'备"注': "x"})
    name = 'a"; DROP TABLE "STBHHX"; --'
    path = write_gpkg(tmp_path / "a.gpkg", {name: table, "STBHHX": make_small_plan_layers()["STBHHX"]})
    before = hash_files(tmp_path)
    read = {layer.name: layer for layer in read_source(path)}
    assert list(read) == [name, "STBHHX"] and list(read[name].frame['备"注']) == ["x"] * len(table)
    assert hash_files(tmp_path) == before
