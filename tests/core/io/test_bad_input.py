# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: each case is told with layer, feature, field and remedy; no input changes, nothing half-written stays."""

import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from plugin.core.errors import InputError, OutputError
from plugin.core.files import writing
from plugin.core.files.writing import Outputs, atomic_output, check_outputs, write_text
from plugin.core.io import read_source
from plugin.core.model.report import Outcome
from plugin.core.model.verdict import Verdict
from plugin.core.render.outputs import write_outputs
from tests.core.rights import bound_by_rights
from tests.core.small_plan import (
    BOW_TIE,
    X,
    Y,
    as_read_layers,
    box,
    check_data,
    digest,
    explain_error,
    findings_of_rule,
    layers,
    notices,
    place_wkt,
    ring,
    rule_outcome,
    table,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
    write_shapes,
)

ROOT = Path(__file__).resolve().parents[3]
THREE_LINES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ")


# -- files that cannot be read ----------------------------------------------------------------------------------------


def one_layer(role="CZKFBJ"):
    return {role: layers()[role]}


def many_rows():
    return {"CZKFBJ": table([box(20 * n, 0, 10, 10) for n in range(2000)], GHFQMC=["城镇集中建设区"] * 2000)}


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def missing(folder):
    return folder / "没有.gpkg"


def nothing(folder):
    return ""


def text_file(folder):
    (folder / "说明.gpkg").write_text("这不是空间数据", encoding="utf-8")
    return folder / "说明.gpkg"


def plain_text(folder):
    (folder / "说明.txt").write_text("x,y\n1,2\n", encoding="utf-8")
    return folder / "说明.txt"


def word_file(folder):
    shutil.make_archive(str(folder / "文本"), "zip", ROOT / "resources" / "profiles")
    return (folder / "文本.zip").rename(folder / "文本.docx")


def archive(folder):
    write_gpkg(folder / "in" / "a.gpkg", one_layer())
    return Path(shutil.make_archive(str(folder / "成果"), "zip", folder / "in"))


def vct(folder):
    (folder / "成果.VCT").write_text("HeadBegin\nDataMark: LANDUSE-VCT\nHeadEnd\n", encoding="ascii")
    return folder / "成果.VCT"


def empty_file(folder):
    (folder / "空.gpkg").touch()
    return folder / "空.gpkg"


def cut_geopackage(folder):
    path = write_gpkg(folder / "a.gpkg", many_rows())
    cut(path, 0.6)
    return path


def geopackage_with_a_hole(folder):
    path = write_gpkg(folder / "a.gpkg", many_rows())
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = bytes(8192)
    path.write_bytes(content)
    return path


def filegdb_without_its_catalogue(folder):
    path = write_gdb(folder / "a.gdb", one_layer())
    for file in path.glob("a00000001.*"):
        file.unlink()
    return path


def filegdb_cut_off(folder):
    path = write_gdb(folder / "a.gdb", many_rows())
    cut(max(path.glob("*.gdbtable"), key=lambda p: p.stat().st_size), 0.5)
    return path


def empty_filegdb(folder):
    (folder / "a.gdb").mkdir()
    return folder / "a.gdb"


def empty_folder(folder):
    (folder / "空 文件夹").mkdir()
    return folder / "空 文件夹"


def folder_of_a_report(folder):
    (folder / "结果").mkdir()
    (folder / "结果" / "report.json").write_text('{"schema": "sanxian-report/1"}', encoding="utf-8")
    return folder / "结果"


def data_one_level_down(folder):
    write_shapefiles(folder / "成果" / "空间数据", "GBK", one_layer())
    return folder / "成果"


def no_shx(folder):
    write_shapefiles(folder, "GBK", one_layer())
    (folder / "CZKFBJ.shx").unlink()
    return folder / "CZKFBJ.shp"


def no_dbf(folder):
    write_shapefiles(folder, "GBK", one_layer())
    (folder / "CZKFBJ.dbf").unlink()
    return folder / "CZKFBJ.shp"


def shapes_cut_off(folder):
    write_shapefiles(folder, "GBK", many_rows())
    cut(folder / "CZKFBJ.shp", 0.9)
    return folder / "CZKFBJ.shp"


def index_cut_off(folder):
    write_shapefiles(folder, "GBK", many_rows())
    cut(folder / "CZKFBJ.shx", 0.9)
    return folder / "CZKFBJ.shp"


def table_cut_off(folder):
    write_shapefiles(folder, "GBK", many_rows())
    cut(folder / "CZKFBJ.dbf", 0.9)
    return folder / "CZKFBJ.shp"


def geojson_cut_off(folder):
    pyogrio.write_dataframe(table([box(0, 0)]).to_crs(4490), folder / "CZKFBJ.geojson")
    cut(folder / "CZKFBJ.geojson", 0.8)
    return folder / "CZKFBJ.geojson"


def neither_utf8_nor_gbk(folder):
    write_shapefiles(folder, "ISO-8859-1", {"CZKFBJ": table([box(0, 0)], BZ=["Zone protégée à côté"])}, cpg=False)
    content = bytearray((folder / "CZKFBJ.dbf").read_bytes())
    content[29] = 0
    (folder / "CZKFBJ.dbf").write_bytes(content)
    return folder / "CZKFBJ.shp"


def unknown_encoding(folder):
    path = neither_utf8_nor_gbk(folder)
    path.with_suffix(".cpg").write_text("Klingon", encoding="ascii")
    return path


def tables_only(folder):
    frame = layers()["DLTB"].drop(columns="geometry")
    pyogrio.write_dataframe(frame, folder / "表.gpkg", layer="DLTB", driver="GPKG")
    return folder / "表.gpkg"


def csv_file(folder):
    (folder / "DLTB.csv").write_text("BSM,TBMJ\n1,2\n", encoding="utf-8")
    return folder / "DLTB.csv"


def no_planning_layer(folder):
    return write_gpkg(folder / "a.gpkg", {"STBHHX": table([box(0, 0)])}, {"STBHHX": "道路"})


def two_for_one_role(folder):
    return write_gpkg(
        folder / "a.gpkg",
        {"STBHHX": table([box(0, 0)]), "CZKFBJ": table([box(0, 0)])},
        {"STBHHX": "城镇开发边界", "CZKFBJ": "CZKFBJ_2022"},
    )


CANNOT_BE_READ = [
    (missing, "source_missing", ["没有.gpkg", "找不到"]),
    (nothing, "source_missing", ["找不到"]),
    (text_file, "source_not_gis", ["说明.gpkg", "无法识别的格式"]),
    (plain_text, "source_not_gis", ["说明.txt"]),
    (word_file, "source_not_gis", ["文本.docx"]),
    (archive, "source_packed", ["成果.zip", "先解压"]),
    (vct, "source_vct", ["成果.VCT", "GeoPackage"]),
    (empty_file, "source_not_gis", ["空.gpkg"]),
    (cut_geopackage, "source_not_gis", ["a.gpkg", "损坏"]),
    (geopackage_with_a_hole, "layer_unreadable", ["a.gpkg", "“CZKFBJ”", "损坏", "未改动"]),
    (filegdb_without_its_catalogue, "source_not_gis", ["a.gdb"]),
    (filegdb_cut_off, "layer_unreadable", ["a.gdb", "“CZKFBJ”", "损坏"]),
    (empty_filegdb, "source_not_gis", ["a.gdb"]),
    (empty_folder, "source_empty", ["空 文件夹", "GeoPackage"]),
    (folder_of_a_report, "source_empty", ["结果", "GeoPackage"]),
    (data_one_level_down, "source_in_subfolder", ["成果", "空间数据"]),
    (no_shx, "shapefile_part_missing", ["CZKFBJ.shx"]),
    (no_dbf, "shapefile_part_missing", ["CZKFBJ.dbf"]),
    (shapes_cut_off, "file_cut_off", ["CZKFBJ.shp", "复制中断"]),
    (index_cut_off, "file_cut_off", ["CZKFBJ.shx", "复制中断"]),
    (table_cut_off, "layer_unreadable", ["CZKFBJ", "损坏"]),
    (geojson_cut_off, "source_not_gis", ["CZKFBJ.geojson", "损坏"]),
    (neither_utf8_nor_gbk, "encoding_unknown", ["CZKFBJ.shp", ".cpg"]),
    (unknown_encoding, "encoding_name", ["Klingon", "实际所用编码"]),
    (tables_only, "source_no_layer", ["表.gpkg", "只有表格"]),
    (csv_file, "source_no_layer", ["DLTB.csv", "只有表格"]),
    (no_planning_layer, "no_recognised_layer", ["a.gpkg", "道路", "图层角色"]),
    (two_for_one_role, "two_layers_one_role", ["CZKFBJ", "“城镇开发边界”", "“CZKFBJ_2022”", "图层角色"]),
]


@pytest.mark.parametrize(
    ("make", "key", "words"), CANNOT_BE_READ, ids=[make.__name__.replace("_", " ") for make, _, _ in CANNOT_BE_READ]
)
def test_what_cannot_be_read_is_said_and_left_alone(tmp_path, make, key, words):
    source = make(tmp_path)
    before = digest(tmp_path)
    with pytest.raises(InputError) as raised:
        check_data(source)
    assert raised.value.key == key
    text = explain_error(raised.value)
    assert "请" in text and all(word in text for word in words), text
    # The sentence is for planners: no driver's English, no Python.
    assert not {"Error", "error", "failed", "recognized", "sqlite", "Traceback"} & set(text.replace("“", " ").split())
    assert digest(tmp_path) == before


def test_a_role_that_is_no_role_and_a_layer_that_is_not_there(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", one_layer())
    with pytest.raises(InputError) as raised:
        check_data(path, roles="NONSENSE=CZKFBJ")
    assert "“NONSENSE”不在标准中" in explain_error(raised.value) and "CZKFBJ" in explain_error(raised.value)
    with pytest.raises(InputError) as raised:
        check_data(path, roles="STBHHX=红线")
    assert "为 STBHHX 指定的图层“红线”不在数据中。现有图层：CZKFBJ" in explain_error(raised.value)


def test_a_damaged_file_in_a_folder_stops_only_what_needs_it(tmp_path):
    tables = layers()
    write_shapefiles(tmp_path, "GBK", {r: tables[r] for r in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")})
    (tmp_path / "STBHHX.shx").unlink()
    (tmp_path / "附件.gpkg").write_bytes(b"nothing")
    before = digest(tmp_path)
    report = check_data(tmp_path).report
    (lost,) = findings_of_rule(report, "SCH003")
    assert lost.role == "STBHHX" and "缺“STBHHX.shx”" in lost.message and str(tmp_path) not in str(lost.to_dict())
    assert rule_outcome(report, "REL001").outcome is Outcome.SKIPPED
    assert "STBHHX" in rule_outcome(report, "REL001").reason
    assert rule_outcome(report, "REL002").outcome is Outcome.FAILED
    (unread,) = findings_of_rule(report, "RUN905")
    assert "“附件.gpkg/附件”未能读取" in unread.message and "文件已损坏" in unread.message
    assert not findings_of_rule(report, "SCH001")
    assert digest(tmp_path) == before


def test_what_is_left_of_a_shapefile_without_its_shp_is_said(tmp_path):
    tables = layers()
    write_shapefiles(tmp_path, "GBK", {r: tables[r] for r in THREE_LINES})
    (tmp_path / "CZKFBJ.shp").unlink()
    (lost,) = findings_of_rule(check_data(tmp_path).report, "SCH003")
    assert lost.role == "CZKFBJ" and "缺“CZKFBJ.shp”" in lost.message


def test_a_table_named_like_a_layer_is_not_one(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {r: layers()[r] for r in THREE_LINES})
    pyogrio.write_dataframe(layers()["DLTB"].drop(columns="geometry"), path, layer="DLTB", append=True)
    pyogrio.write_dataframe(layers()["DLTB"].drop(columns="geometry"), path, layer="附表", append=True)
    report = check_data(path).report
    (lost,) = findings_of_rule(report, "SCH003")
    assert (lost.role, lost.message[:27]) == ("DLTB", "图层“DLTB”（DLTB）是没有图形的表格。请改用带图形的图层"[:27])
    assert rule_outcome(report, "LAW001").outcome is Outcome.SKIPPED
    assert "附表" not in notices(report)


def test_a_file_of_tables_beside_the_data_is_nobody_s_concern(tmp_path):
    write_gpkg(tmp_path / "a.gpkg", {r: layers()[r] for r in THREE_LINES})
    pyogrio.write_dataframe(
        layers()["DLTB"].drop(columns="geometry"), tmp_path / "属性.gpkg", layer="表", driver="GPKG"
    )
    report = check_data(tmp_path).report
    assert not findings_of_rule(report, "SCH003") and "属性" not in notices(report)


def test_a_table_does_not_fight_a_layer_for_its_role(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {r: layers()[r] for r in (*THREE_LINES, "DLTB")})
    pyogrio.write_dataframe(layers()["DLTB"].drop(columns="geometry"), path, layer="DLTB_属性", append=True)
    checked = check_data(path)
    assert checked.plan.layers["DLTB"].name == "DLTB" and not findings_of_rule(checked.report, "SCH003")


# -- permissions ------------------------------------------------------------------------------------------------------


@contextmanager
def a_folder_without_rights(mode):
    """A folder with a GeoPackage, a FileGDB and shapefiles, whose rights bind who looks at it, an administrator too."""
    if sys.platform == "win32":
        pytest.skip("rights work otherwise here; see test_windows_traits")
    folder = Path(tempfile.mkdtemp(prefix="sanxian-test-"))
    write_gpkg(folder / "a.gpkg", {r: layers()[r] for r in THREE_LINES})
    write_gpkg(folder / "log.gpkg", {r: layers()[r] for r in THREE_LINES})
    with sqlite3.connect(folder / "log.gpkg") as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    write_gdb(folder / "a.gdb", {r: layers()[r] for r in THREE_LINES})
    write_shapefiles(folder / "shp", "GBK", {r: layers()[r] for r in THREE_LINES})
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else mode)
    try:
        with bound_by_rights():
            yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["a.gpkg", "log.gpkg", "a.gdb", "shp"])
def test_a_read_only_folder_can_be_checked(name):
    with a_folder_without_rights(0o444) as folder:
        before = digest(folder)
        report = check_data(folder / name).report
        assert findings_of_rule(report, "REL001") and not findings_of_rule(report, "RUN900")
        assert digest(folder) == before


@pytest.mark.parametrize("name", ["a.gpkg", "shp/STBHHX.shp"])
def test_a_file_that_may_not_be_read_is_told_as_that(name):
    with a_folder_without_rights(0o000) as folder, pytest.raises(InputError) as raised:
        check_data(folder / name)
    assert raised.value.key == "source_no_access"
    assert name.rsplit("/", 1)[-1] in explain_error(raised.value) and "没有权限" in explain_error(raised.value)


def test_an_output_in_a_read_only_folder_is_told_as_that():
    with a_folder_without_rights(0o444) as folder:
        before = digest(folder)
        with pytest.raises(OutputError) as raised:
            write_text(folder / "报告.html", "<html>")
        assert "无法写入" in explain_error(raised.value) and "没有权限" in explain_error(raised.value)
        assert digest(folder) == before


# -- layers that hold nothing, or nothing that can be used ------------------------------------------------------------


def without_rows(role):
    tables = layers()
    tables[role] = tables[role].iloc[:0]
    return tables


def with_one_null_row(role):
    tables = layers()
    tables[role] = tables[role].iloc[:1].set_geometry([None], crs=4526)
    return tables


def with_bow_ties_only(role):
    tables = layers()
    tables[role] = tables[role].iloc[:1].set_geometry([place_wkt(BOW_TIE)], crs=4526)
    return tables


def with_lines_only(role):
    tables = layers()
    tables[role] = tables[role].set_geometry([s and s.boundary for s in tables[role].geometry], crs=4526)
    return tables


def write_any(path, tables):
    for role, frame in tables.items():
        pyogrio.write_dataframe(frame, path, layer=role, driver="GPKG", geometry_type="Unknown", SPATIAL_INDEX="NO")
    return path


#: Rule → the roles it cannot do without.
NEEDS = {
    "REL001": ("YJJBNTBHTB", "STBHHX"),
    "REL002": ("YJJBNTBHTB", "CZKFBJ"),
    "REL003": ("STBHHX", "CZKFBJ"),
    "REL004": ("YDYHGHFQ", "STBHHX"),
    "REL005": ("YDYHGHFQ", "CZKFBJ"),
    "REL006": ("YJJBNTBHTB", "YDYHGHFQ"),
    "TOP002": ("YDYHGHFQ", "XZQX"),
    "LAW001": ("CZKFBJ", "DLTB"),
    "LAW010": ("YJJBNTBHTB",),
}
ROLES = list(layers())


@pytest.mark.slow
def test_no_row_and_one_null_row_in_files_are_read_as_such(tmp_path):
    for number, make in enumerate((without_rows, with_one_null_row)):
        report = check_data(write_any(tmp_path / f"{number}.gpkg", make("STBHHX"))).report
        assert rule_outcome(report, "REL001").outcome is Outcome.SKIPPED and not findings_of_rule(report, "RUN900")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("make", [without_rows, with_one_null_row, with_lines_only], ids=lambda f: f.__name__)
def test_a_rule_without_a_shape_to_look_at_has_not_passed(make, role):
    report = check_data(as_read_layers(make(role))).report
    # Rows without a shape, and an empty layer that a whole county has to have, are named.
    named = make is with_one_null_row or (make is without_rows and role in ("XZQX", "YDYHGHFQ"))
    assert {f.code for f in report.findings if f.code.startswith("RUN")} == ({"RUN905"} if named else set())
    touched = [code for code, roles in NEEDS.items() if role in roles]
    for code in touched:
        result = rule_outcome(report, code)
        assert result.outcome in (Outcome.SKIPPED, Outcome.NOT_APPLICABLE), (code, result)
        assert f"“{role}”" in result.reason, (code, result.reason)
    # What needs other layers only goes on.
    assert {rule_outcome(report, c).outcome for c, roles in NEEDS.items() if role not in roles} <= {
        Outcome.FAILED,
        Outcome.PASSED,
    }
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize("role", ROLES)
def test_a_layer_without_a_row_is_said(role):
    report = check_data(as_read_layers(without_rows(role))).report
    assert f"图层“{role}”（{role}）没有要素。请补充数据" in notices(report)
    missing_layers = {f.role: f.message for f in findings_of_rule(report, "SCH001")}
    if role in (*THREE_LINES, "DLTB"):
        assert "没有要素，所涉规则跳过，不得视为通过" in missing_layers[role]
    else:
        assert not missing_layers


@pytest.mark.parametrize("role", ROLES)
def test_a_layer_of_one_row_without_a_shape_is_said(role):
    report = check_data(as_read_layers(with_one_null_row(role)), ["GEO001"]).report
    assert (role, "140225000000000001") in {(f.role, f.key) for f in findings_of_rule(report, "GEO001")}


@pytest.mark.parametrize("role", ROLES)
def test_a_layer_of_lines_where_polygons_belong_is_reported_once(role):
    tables = with_lines_only(role)
    report = check_data(as_read_layers(tables), ["GEO002"]).report
    lines = [f for f in findings_of_rule(report, "GEO002") if f.case.startswith("type")]
    assert [(f.case, f.role, f.params["count"]) for f in lines] == [
        ("types", role, tables[role].geometry.notna().sum())
    ]
    assert "是线，该图层只能为面。请重新绘制，或移到相应的图层" in lines[0].message
    both = check_data(as_read_layers(tables), ["GEO002", "SCH005"]).report
    assert [(f.code, f.role) for f in both.findings if f.case != "invalid"] == [("SCH005", role)]


def test_a_line_among_polygons_is_reported_row_by_row():
    tables = layers()
    frame = tables["DLTB"]
    frame.geometry = [frame.geometry.iloc[0].exterior, *frame.geometry.iloc[1:]]
    report = check_data(as_read_layers(tables), ["GEO002", "SCH005"]).report
    assert [f.key for f in findings_of_rule(report, "GEO002") if f.case == "type"] == [frame["BSM"].iloc[0]]


@pytest.mark.parametrize("role", ROLES)
def test_when_every_row_is_a_bow_tie_the_repaired_copies_are_checked(role):
    tables = with_bow_ties_only(role)
    before = {r: frame.copy() for r, frame in tables.items()}
    report = check_data(as_read_layers(tables)).report
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    (bad,) = (f for f in findings_of_rule(report, "GEO002") if f.role == role)
    assert bad.key == "140225000000000001" and "自相交" in bad.message and "原图层未改动" in bad.message
    assert (bad.geometry.x - X, bad.geometry.y - Y) == (150, 750)
    line = next(row for row in report.provenance["layers"] if row["role"] == role)
    # Signed areas of the two halves cancel: the copy has what the original seems to lack.
    assert (line["invalid"], line["repaired_area_m2"]) == (1, 5000.0)
    for r, frame in tables.items():
        assert_geodataframe_equal(frame, before[r])


# -- shapes -----------------------------------------------------------------------------------------------------------

SHAPES = [
    ("null", None, "GEO001", "有属性而没有图形"),
    ("empty", "POLYGON EMPTY", "GEO001", "有属性而没有图形"),
    ("bow-tie", BOW_TIE, "GEO002", "自相交"),
    ("hole outside the shell", "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 20, 21 20, 21 21, 20 20))", "GEO002", "孔洞在外环之外"),
    ("hole within a hole", "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0), (1 1, 50 1, 50 50, 1 50, 1 1), (2 2, 9 2, 9 9, 2 2))",
     "GEO002", "孔洞套孔洞"),
    ("ring twice", "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), (1 1, 2 1, 2 2, 1 1))", "GEO002", "自相交"),
    ("part twice", "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((0 0, 9 0, 9 9, 0 0)))", "GEO002", "自相交"),
    ("part within a part", "MULTIPOLYGON (((0 0, 90 0, 90 90, 0 90, 0 0)), ((10 10, 20 10, 20 20, 10 10)))", "GEO002", "部件套部件"),
    ("interior cut in two", "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0), (45 0, 50 45, 45 90, 40 45, 45 0))", "GEO002", "内部不连通"),
    ("no area", "POLYGON ((0 0, 10 0, 20 0, 0 0))", "GEO002", "自相交"),
    ("one point three times", "POLYGON ((0 0, 0 0, 0 0, 0 0))", "GEO002", "点数过少"),
    ("point", "POINT (0 0)", "GEO002", "是点"),
    ("line", "LINESTRING (0 0, 9 9)", "GEO002", "是线"),
    ("collection", "GEOMETRYCOLLECTION (POLYGON ((0 0, 9 0, 9 9, 0 0)), LINESTRING (0 0, 9 9))", "GEO002", "有效|几何集合|是"),
]  # fmt: skip


@pytest.mark.parametrize(("wkt", "code", "words"), [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_a_bad_shape_is_told_with_its_key_and_the_rest_is_checked(tmp_path, wkt, code, words):
    shape = None if wkt is None else place_wkt(wkt)
    tables = {"CZKFBJ": table([box(500, 500), shape, box(550, 500)]), "STBHHX": table([box(500, 0)])}
    path = write_any(tmp_path / "a.gpkg", tables)
    before = digest(tmp_path)
    report = check_data(path).report
    told = [f for f in findings_of_rule(report, "GEO001", "GEO002") if f.key == "140225000000000002"]
    assert [f.code for f in told] == [code]
    assert any(word in told[0].message for word in words.split("|")), told[0].message
    assert "请" in told[0].message
    # The others of the layer overlap by half, which is found all the same.
    (overlap,) = findings_of_rule(report, "TOP001")
    assert shapely.area(overlap.geometry) == pytest.approx(5000)
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    assert digest(tmp_path) == before


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")], ids=str)
def test_a_coordinate_that_is_no_number(tmp_path, bad):
    tables = {"CZKFBJ": table([box(500, 500), box(0, 0), box(550, 500)]), "STBHHX": table([box(500, 0)])}
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    write_shapes(path, "CZKFBJ", {2: ring((X, Y), (X + 9, bad), (X + 9, Y + 9), (X, Y))})
    checked = check_data(path)
    (told,) = findings_of_rule(checked.report, "GEO002")
    assert told.key.endswith("0002") and "坐标不是有效数字" in told.message
    assert len(findings_of_rule(checked.report, "TOP001")) == 1 and not findings_of_rule(
        checked.report, "SCH003", "RUN900"
    )
    assert np.isfinite(checked.plan.layers["CZKFBJ"].statutory).all()


@pytest.mark.parametrize("value", [1e9, 1e20, 1e300], ids=str)
@pytest.mark.parametrize("axis", ["easting", "northing"])
def test_one_huge_coordinate_does_not_take_the_layer_along(tmp_path, value, axis):
    far = (value, Y) if axis == "easting" else (X, value)
    tables = {"CZKFBJ": table([box(500, 500), box(0, 0), box(550, 500)]), "STBHHX": table([box(500, 0)])}
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    write_shapes(path, "CZKFBJ", {2: ring((X, Y), (X + 9, Y), far, (X, Y))})
    checked = check_data(path)
    (told,) = findings_of_rule(checked.report, "GEO002")
    assert told.key.endswith("0002") and "坐标不在 EPSG:4526 的范围内" in told.message
    assert len(findings_of_rule(checked.report, "TOP001")) == 1 and not findings_of_rule(
        checked.report, "SCH003", "RUN900"
    )
    assert np.isfinite(checked.plan.layers["CZKFBJ"].statutory).all()


def test_rows_of_a_layer_that_lost_their_prefix(tmp_path):
    shifted = shapely.transform(box(0, 0), lambda c: c - (38e6, 0))
    path = write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": table([box(500, 500), shifted, box(800, 0), box(900, 0)])})
    report = check_data(path).report
    (told,) = findings_of_rule(report, "GEO002")
    assert told.key.endswith("0002") and "带号、坐标顺序或单位不一致" in told.message and told.geom_kind == "none"
    assert not findings_of_rule(report, "SCH003")


# -- outputs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checked():
    return check_data(as_read_layers())


def left_over(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", ["报告.html", "问题.gpkg", "问题.shp"])
def test_an_output_that_is_a_folder(checked, tmp_path, name):
    (tmp_path / name / "里面").mkdir(parents=True)
    with pytest.raises(OutputError) as raised:
        write_findings(tmp_path / name, [], checked.plan.crs)
    assert raised.value.key == "output_is_folder" and f"{name}”是文件夹" in explain_error(raised.value)
    assert (tmp_path / name / "里面").is_dir() and not left_over(tmp_path)


@pytest.mark.parametrize("below", ["报告.json", "里面/报告.json", "里面/再里面/报告.json"])
def test_an_output_below_a_file(tmp_path, below):
    (tmp_path / "结果").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError) as raised:
        write_text(tmp_path / "结果" / below, "{}")
    assert "无法写入" in explain_error(raised.value) and "结果”是文件，不是文件夹" in explain_error(raised.value)
    assert (tmp_path / "结果").read_text(encoding="utf-8") == "a file"


def test_one_folder_is_made_and_a_mistyped_path_is_named(tmp_path):
    write_text(tmp_path / "结果" / "报告.json", "{}")
    assert (tmp_path / "结果" / "报告.json").is_file()
    for write in (lambda target: write_text(target, "{}"), lambda target: writing.check_writable(target, [])):
        with pytest.raises(OutputError) as raised:
            write(tmp_path / "结国" / "县" / "报告.json")
        assert "结国”不存在" in explain_error(raised.value) and "县”" not in explain_error(raised.value)
    assert [p.name for p in tmp_path.iterdir()] == ["结果"]


def test_a_folder_of_the_system_that_takes_no_files(tmp_path, monkeypatch):
    """As /proc answers: there, and yet no file can be made in it because "no such file or directory"."""

    def refuse(*args, **more):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(writing.tempfile, "mkdtemp", refuse)
    with pytest.raises(OutputError) as raised:
        writing.check_writable(tmp_path / "x.json", [])
    assert "不能新建文件" in explain_error(raised.value) and "不存在" not in explain_error(raised.value)


def test_an_output_that_somebody_set_read_only_is_not_replaced(tmp_path):
    target = tmp_path / "报告.json"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o444)
    with pytest.raises(OutputError) as raised:
        write_text(target, "new")
    assert (
        "只读" in explain_error(raised.value)
        and target.read_text(encoding="utf-8") == "old"
        and not left_over(tmp_path)
    )
    target.chmod(0o644)


def test_an_output_of_unknown_format(checked, tmp_path):
    with pytest.raises(OutputError) as raised:
        write_findings(tmp_path / "问题.dwg", [], checked.plan.crs)
    assert "问题.dwg" in explain_error(raised.value) and ".gpkg" in explain_error(raised.value)
    assert not (tmp_path / "问题.dwg").exists()


def test_an_output_over_the_data(tmp_path):
    source = write_gpkg(tmp_path / "数据" / "a.gpkg", one_layer())
    checked = check_data(tmp_path / "数据")
    before = digest(tmp_path)
    with pytest.raises(OutputError) as raised:
        check_outputs(Outputs(findings=str(source)), [str(source)])
    assert "是被检查的数据" in explain_error(raised.value)
    # The folder was the source: what was in it is known only after it was read.
    with pytest.raises(OutputError) as raised:
        write_outputs(checked.report, checked.plan, Outputs(json=str(tmp_path / "结果.json"), findings=str(source)))
    assert "是被检查的数据" in explain_error(raised.value) and "a.gpkg" in explain_error(raised.value)
    assert digest(tmp_path) == before


def test_a_writer_that_breaks_leaves_the_old_output_whole(tmp_path):
    target = tmp_path / "报告.html"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError), atomic_output(target) as path:
        path.write_text("half", encoding="utf-8")
        raise KeyError("something else went wrong")
    assert target.read_text(encoding="utf-8") == "old" and not left_over(tmp_path)


def test_an_error_that_is_not_about_writing_is_not_called_so(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_output(tmp_path / "报告.html"):
        (tmp_path / "模板.html").read_text(encoding="utf-8")


FULL = """
import resource, signal, sys
sys.path.insert(0, {root!r})
from pyproj import CRS
from plugin.core.errors import OutputError
from plugin.core.model.findings import Finding
from plugin.core.files.writing import write_text
from plugin.core.messages.texts import Texts
from tests.core.small_plan import write_findings
from plugin.core.model.rule import Severity
many = [Finding("CZKFBJ", key=str(n), message="长" * 500, severity=Severity.ERROR) for n in range(2000)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
try:
    if {target!r}.endswith(".html"):
        write_text({target!r}, "x" * 1_000_000)
    else:
        write_findings({target!r}, many, CRS.from_epsg(4526))
except OutputError as error:
    sys.stdout.buffer.write(Texts("zh").explain(error).encode())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no way to bound a file's size there")
@pytest.mark.parametrize("name", ["报告.html", "问题.gpkg", "问题.shp", "问题.geojson"])
def test_a_full_disk_leaves_the_old_output_whole(checked, tmp_path, name):
    target = tmp_path / name
    if name.endswith(".html"):
        write_text(target, "old")
    else:
        write_findings(target, [], checked.plan.crs)
    before = digest(tmp_path)
    code = FULL.format(root=str(ROOT), target=str(target))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    told = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert f"{name}”" in told and "无法写入" in told and "原有文件未改动" in told, told
    assert digest(tmp_path) == before and not left_over(tmp_path)


def test_nothing_is_read_from_a_layer_that_is_damaged_and_not_needed(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {**one_layer(), "STBHHX": layers()["STBHHX"]}, {"STBHHX": "影像索引"})
    broken = b"\0\1\2\3"
    with sqlite3.connect(path) as database:
        database.execute('UPDATE "影像索引" SET geom = ?', (b"GP\0\1" + struct.pack("<i", 4526) + broken,))
    database.close()
    assert check_data(path).plan.unrecognised == ["影像索引"]
    assert [layer.name for layer in read_source(path, wanted=lambda layer: layer.name == "CZKFBJ")] == [
        "CZKFBJ",
        "影像索引",
    ]
