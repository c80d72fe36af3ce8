# SPDX-License-Identifier: GPL-2.0-or-later
"""Unread data that may be layers: tables, boundary points, closed lines."""

import sqlite3
import struct
import zipfile

import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.io import read_source
from plugin.core.io.records import count_deleted_shapes
from plugin.core.loading.unread_files import find_unread_files, find_write_ahead_logs
from plugin.core.model.verdict import Verdict
from tests.core.io.test_unread import (
    ONE_FAST_RULE,
    check_folder_for_unread_data,
    list_cases_and_files,
    make_boundary_layer,
    make_cultivated_layer,
    make_layers_of_three_rows,
)
from tests.core.small_plan import (
    check_data,
    list_findings_of_rules,
    make_small_plan_layers,
    make_table,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)


@pytest.fixture
def data_folder(tmp_path):
    folder = tmp_path / "县"
    write_gpkg(folder / "a.gpkg", {"CZKFBJ": make_boundary_layer()})
    return folder


# -- tables without shapes --------------------------------------------------------------------------------------------


def make_plan_attributes():
    """Return a table with the fields of a plan layer and without shapes."""
    fields = {name: ["1", "2"] for name in ("BSM", "YSDM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMC")}
    return pd.DataFrame({**fields, "MJ": [1.0, 2.0]})


def write_geopackage_table(path, name, rows, registered=True):
    binary = [c for c in rows if rows[c].map(type).eq(bytes).any()]
    pyogrio.write_dataframe(rows.drop(columns=binary), path, layer=name, append=path.exists())
    for column in binary:
        # pyogrio writes bytes as their text.
        with sqlite3.connect(path) as database:
            database.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" BLOB')
            cells = [(value, number) for number, value in enumerate(rows[column], 1)]
            database.executemany(f'UPDATE "{name}" SET "{column}" = ? WHERE fid = ?', cells)
        database.close()
    if not registered:
        with sqlite3.connect(path) as database:
            for listing in ("gpkg_contents", "gpkg_ogr_contents"):
                database.execute(f"DELETE FROM {listing} WHERE table_name = ?", (name,))
            # One table is registered, so that GDAL lists no other.
            database.execute("CREATE TABLE 说明 (甲 TEXT)")
            database.execute("INSERT INTO gpkg_contents (table_name, data_type) VALUES ('说明', 'attributes')")
        database.close()


@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("name", ["补划", "CZKFBJ_BH"])
def test_geopackage_table_without_shapes_but_with_plan_fields_is_reported_as_unread(data_folder, name, registered):
    write_geopackage_table(data_folder / "a.gpkg", name, make_plan_attributes(), registered)
    report = check_folder_for_unread_data(data_folder)
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert (finding.case, finding.params["likely"]) == ("table_alike", "CZKFBJ")
    assert f"a.gpkg/{name}" in finding.message and "（2 行）" in finding.message
    assert report.verdict is Verdict.INCOMPLETE


def test_filegdb_table_without_shapes_but_with_plan_fields_is_reported_as_unread(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", {"CZKFBJ": make_boundary_layer()})
    pyogrio.write_dataframe(make_plan_attributes(), gdb, layer="补划", driver="OpenFileGDB", append=True)
    assert list_cases_and_files(check_data(gdb, ONE_FAST_RULE).report) == {("table_alike", "a.gdb/补划")}


PLAN_SQUARE = shapely.box(38_540_000, 4_390_000, 38_540_100, 4_390_100)


def test_table_named_like_a_layer_is_reported_as_unread_if_it_has_keys_or_shapes(data_folder):
    roles = ("STBHHX", "DLTB", "YJJBNTBHTB")
    write_gpkg(
        data_folder / "a.gpkg",
        {"GDBHMB": make_cultivated_layer(), **{role: make_small_plan_layers()[role] for role in roles}},
    )
    write_geopackage_table(data_folder / "a.gpkg", "GDBHMB_BH", pd.DataFrame({"BSM": ["1"], "MJ": [1.0]}))
    write_geopackage_table(data_folder / "a.gpkg", "DLTB_统计", pd.DataFrame({"地类": ["水田"], "面积": [1.0]}))
    write_geopackage_table(data_folder / "a.gpkg", "YJJBNTBHTB_BH", make_plan_attributes())
    likely = {
        f.params["likely"]
        for f in list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
        if f.case == "table_alike"
    }
    assert (
        likely == {"GDBHMB", "YJJBNTBHTB"} and len(list_cases_and_files(check_folder_for_unread_data(data_folder))) == 2
    )


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"DM": ["0101"], "MC": ["水田"]}),
        pd.DataFrame({"乡镇": ["甲"], "面积": [1.0]}),
        make_plan_attributes().iloc[:0],
        pd.DataFrame({"BSM": ["1"], "照片": [b"\xff\xd8\xff"]}),
        pd.DataFrame({"名称": ["点"], "图形": ["POINT (1 2)"]}),
    ],
    ids=["codes", "figures", "empty", "photo", "point"],
)
def test_plain_attribute_table_is_not_reported_as_unread_data(data_folder, rows):
    write_geopackage_table(data_folder / "a.gpkg", "附表", rows)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_dbf_file_without_its_shp_file_but_with_plan_fields_is_reported_as_unread(data_folder):
    write_shapefiles(data_folder, "UTF-8", {"GDBHMB": make_cultivated_layer()})
    for suffix in (".shp", ".shx", ".prj", ".cpg"):
        (data_folder / f"GDBHMB{suffix}").unlink()
    assert list_cases_and_files(check_folder_for_unread_data(data_folder)) == {("format", "GDBHMB.dbf")}
    (data_folder / "GDBHMB.dbf").unlink()
    pyogrio.write_dataframe(
        pd.DataFrame({"DM": ["1"], "MC": ["甲"]}), data_folder / "代码.dbf", driver="ESRI Shapefile"
    )
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


# -- boundary points --------------------------------------------------------------------------------------------------

PLAN_RING_COORDINATES = [
    (4390000.123, 38540000.456),
    (4390100.5, 38540000.456),
    (4390100.5, 38540100.25),
    (4390000.123, 38540000.456),
]
OFFICIAL_COORDINATE_FILE = (
    "[属性描述]\n坐标系=2000国家大地坐标系\n带号=38\n[地块坐标]\n4,1.0,1,补划,面,,,0103,@\n"
    + "".join(f"J{n},1,{y},{x}\n" for n, (y, x) in enumerate(PLAN_RING_COORDINATES, 1))
)


@pytest.mark.parametrize(
    ("heading", "name", "encoding"),
    [
        ("[地块坐标]", "界址点.txt", "gbk"),
        ("【地块坐标】", "附件.dat", "utf-8-sig"),
        ("[地块坐标]", "附件.dat", "utf-16"),
    ],
)
def test_file_of_boundary_points_is_reported_as_unread(data_folder, heading, name, encoding):
    (data_folder / name).write_bytes(OFFICIAL_COORDINATE_FILE.replace("[地块坐标]", heading).encode(encoding))
    report = check_folder_for_unread_data(data_folder)
    assert list_cases_and_files(report) == {("format", name)} and report.verdict is Verdict.INCOMPLETE


OTHER_NUMBER_FILES = {
    "任务.csv": "乡镇代码,乡镇名称,永久基本农田（万亩）,耕地（万亩）\n"
    + "".join(f"1402251{n:02d},甲{n}乡,{n}.25,{n + 3}.5\n" for n in range(20)),
    "面积.csv": "图斑,面积,净面积\n" + "".join(f"{n},{4390000.5 + n},{440000.25 + n}\n" for n in range(20)),
    "名录.csv": "名称,级别,经度,纬度\n" + "".join(f"古塔{n},省级,113.4567{n}1,39.7123{n}1\n" for n in range(9)),
    "仿射.txt": "10.0\n0.0\n0.0\n-10.0\n38540000.5\n4390000.5\n",
    "说明.txt": "本次成果的面积单位为平方米，坐标系为 CGCS2000。共 3 个图层，38540000.1 4390000.1。\n",
    "坐标.csv": "".join(f"{x},{y}\n" for y, x in PLAN_RING_COORDINATES),
}


@pytest.mark.parametrize("name", OTHER_NUMBER_FILES)
def test_text_file_with_other_numbers_is_not_reported_as_unread_data(data_folder, name):
    (data_folder / name).write_bytes(OTHER_NUMBER_FILES[name].encode("gbk"))
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_archive_with_boundary_points_is_reported_as_unread(data_folder):
    with zipfile.ZipFile(data_folder / "包.zip", "w") as archive:
        archive.writestr("说明.txt", "面积单位为平方米".encode("gbk"))
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    with zipfile.ZipFile(data_folder / "包.zip", "a") as archive:
        archive.writestr("界址点.txt", OFFICIAL_COORDINATE_FILE.encode("gbk"))
    assert list_cases_and_files(check_folder_for_unread_data(data_folder)) == {("format", "包.zip")}


@pytest.mark.parametrize("inside", ["b.gpkg", "图斑.mldata"])
def test_project_file_that_contains_data_is_reported_as_unread(data_folder, inside):
    with zipfile.ZipFile(data_folder / "工程.qgz", "w") as archive:
        archive.writestr("工程.qgs", "<qgis/>")
        archive.writestr("工程.qgd", b"SQLite format 3\0")
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    with zipfile.ZipFile(data_folder / "工程.qgz", "a") as archive:
        archive.writestr(inside, b"x")
    assert list_cases_and_files(check_folder_for_unread_data(data_folder)) == {("format", "工程.qgz")}


def test_vrt_file_with_vectors_is_reported_as_unread_and_with_a_raster_is_not(data_folder):
    (data_folder / "图.vrt").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>', "utf-8")
    (data_folder / "层.vrt").write_text('<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>', "utf-8")
    (data_folder / "表.csvt").write_text('"String","WKT"', "utf-8")
    assert list_cases_and_files(check_folder_for_unread_data(data_folder)) == {("format", "层.vrt")}


# -- write-ahead logs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_folder", [True, False])
def test_change_in_the_write_ahead_log_only_is_read_and_reported_in_a_notice(data_folder, is_folder):
    path = data_folder / "a.gpkg"
    chosen = data_folder if is_folder else path
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = wal")
    assert not find_write_ahead_logs(chosen)
    other = sqlite3.connect(path)
    try:
        other.execute("CREATE TABLE 备注 (文字 TEXT)")
        other.commit()
        report = check_data(chosen, ONE_FAST_RULE).report
        assert [one for one in report.provenance["notices"] if "a.gpkg-wal" in one and "写前日志" in one]
    finally:
        other.close()


# -- files in the folder of a database --------------------------------------------------------------------------------


@pytest.mark.parametrize("gdb_only", [True, False])
@pytest.mark.parametrize("depth", [0, 1])
def test_extra_file_inside_a_filegdb_folder_is_reported_as_unread(tmp_path, gdb_only, depth):
    folder = tmp_path / "县"
    folder.mkdir()
    gdb = write_gdb(folder / "a.gdb", {"CZKFBJ": make_boundary_layer()})
    (gdb / "a00000001.sr.lock").write_bytes(b"")
    chosen = gdb if gdb_only else folder
    assert (
        not list_findings_of_rules(check_data(chosen, ONE_FAST_RULE).report, "RUN905")
        and find_unread_files(chosen) == []
    )
    write_gpkg(gdb / "x" / "b.gpkg" if depth else gdb / "b.gpkg", {"GDBHMB": make_cultivated_layer()})
    report = check_data(chosen, ONE_FAST_RULE).report
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("in_database", "a.gdb", 1)
    assert "b.gpkg" in finding.message and report.verdict is Verdict.INCOMPLETE


# -- lines ------------------------------------------------------------------------------------------------------------


def make_line_table(*shapes, **columns):
    return make_table(shapes, **columns)


def write_lines(folder, frame, name="开发边界新增"):
    pyogrio.write_dataframe(frame, folder / "a.gpkg", layer=name, append=True)


def test_layer_of_closed_lines_gives_a_warning(data_folder):
    ring = shapely.LineString(make_boundary_layer().geometry.iloc[0].exterior.coords)
    write_lines(data_folder, make_line_table(ring, ring)[["geometry"]].assign(名称="新增"))
    report = check_folder_for_unread_data(data_folder)
    assert list_cases_and_files(report) == {("rings", "a.gpkg/开发边界新增")} and report.verdict is Verdict.CONDITIONAL
    assert "（2 行）" in list_findings_of_rules(report, "RUN905")[0].message


def test_layer_of_open_lines_gives_no_finding(data_folder):
    ring = shapely.LineString(make_boundary_layer().geometry.iloc[0].exterior.coords)
    write_lines(
        data_folder,
        make_line_table(ring, shapely.LineString(ring.coords[:-1]))[["geometry"]].assign(名称="等高线"),
        "等高线",
    )
    write_lines(data_folder, make_line_table(ring).iloc[:0][["geometry"]].assign(名称=""), "空")
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_layer_of_lines_with_plan_fields_makes_the_check_incomplete(data_folder):
    open_line = shapely.LineString([(38_540_000, 4_390_000), (38_540_100, 4_390_000)])
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMC")}
    write_lines(data_folder, make_line_table(open_line).assign(**fields, MJ=[1.0]), "旧图")
    report = check_folder_for_unread_data(data_folder)
    assert list_cases_and_files(report) == {("alike", "a.gpkg/旧图")} and report.verdict is Verdict.INCOMPLETE


# -- records of a shapefile -------------------------------------------------------------------------------------------


def write_three_rows(folder):
    return write_shapefiles(folder, "UTF-8", {"CZKFBJ": make_layers_of_three_rows()["CZKFBJ"]}) / "CZKFBJ.shp"


def truncate_index(path, count):
    """Shorten index and table to the first ``count`` rows; the shapes stay in the file."""
    index = path.with_suffix(".shx")
    data = bytearray(index.read_bytes()[: 100 + 8 * count])
    data[24:28] = (len(data) // 2).to_bytes(4, "big")
    index.write_bytes(data)
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, size = struct.unpack_from("<HH", data, 8)
    data = data[: start + size * count] + b"\x1a"
    data[4:8] = count.to_bytes(4, "little")
    dbf.write_bytes(data)


def test_shapefile_with_shapes_missing_in_its_index_is_unusable(tmp_path):
    path = write_three_rows(tmp_path)
    truncate_index(path, 2)
    (layer,) = read_source(path)
    assert layer.problem == ("rows_disagree", {"read": 2, "stored": 3})
    checked = check_data(path, ONE_FAST_RULE)
    assert checked.report.verdict is Verdict.INCOMPLETE
    assert "读出 2 行，文件记录 3 行" in "".join(checked.report.provenance["notices"])


def mark_deleted(path, row):
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    start, size = struct.unpack_from("<HH", dbf, 8)
    dbf[start + size * row] = ord("*")
    path.with_suffix(".dbf").write_bytes(dbf)


def test_deleted_shapefile_rows_that_still_have_a_shape_give_a_warning(tmp_path):
    path = write_three_rows(tmp_path)
    assert not list_findings_of_rules(check_data(path, ONE_FAST_RULE).report, "RUN905")
    mark_deleted(path, 1)
    assert count_deleted_shapes(path) == 1
    report = check_data(path, ONE_FAST_RULE).report
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert (finding.case, finding.params["rows"], finding.role) == ("deleted", 1, "CZKFBJ")
    assert finding.params["incomplete"] is False and str(finding.severity) == "WARNING"


@pytest.mark.parametrize("suffix", [".shp", ".SHP"])
def test_second_shapefile_that_differs_only_in_letter_case_is_reported(data_folder, suffix):
    write_shapefiles(data_folder, "UTF-8", {"GDBHMB": make_cultivated_layer()})
    for file in sorted(data_folder.glob("GDBHMB.*")):
        file.with_name(f"gdbhmb{suffix if file.suffix == '.shp' else file.suffix}").write_bytes(file.read_bytes())
    with pytest.raises(Exception, match="two_layers_one_role"):
        check_data(data_folder, ONE_FAST_RULE)
