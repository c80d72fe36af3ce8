# SPDX-License-Identifier: GPL-2.0-or-later
"""Unread data that may be layers: tables, coordinate lists, closed lines, records missing from an index."""

import sqlite3
import struct
import zipfile

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.io import read_source
from plugin.core.io.records import deleted_shapes, stored_rows
from plugin.core.loading.unread_files import find_unread_files
from plugin.core.model.verdict import Verdict
from tests.core.io.test_unread import RULE, check_unread, list_cases, make_boundary, make_cultivated, make_three_rows
from tests.core.small_plan import check_data, findings_of_rule, layers, table, write_gdb, write_gpkg, write_shapefiles


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "县"
    write_gpkg(folder / "a.gpkg", {"CZKFBJ": make_boundary()})
    return folder


# -- tables without shapes --------------------------------------------------------------------------------------------


def make_plan_attributes():
    """Return the fields of a plan layer without shapes."""
    fields = {name: ["1", "2"] for name in ("BSM", "YSDM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMC")}
    return pd.DataFrame({**fields, "MJ": [1.0, 2.0]})


def write_table(path, name, rows, registered=True):
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
def test_table_with_plan_fields_is_named(source, name, registered):
    write_table(source / "a.gpkg", name, make_plan_attributes(), registered)
    report = check_unread(source)
    (finding,) = findings_of_rule(report, "RUN905")
    assert (finding.case, finding.params["likely"]) == ("table_alike", "CZKFBJ")
    assert f"a.gpkg/{name}" in finding.message and "（2 行）" in finding.message
    assert report.verdict is Verdict.INCOMPLETE


def test_table_of_a_filegdb_is_named(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", {"CZKFBJ": make_boundary()})
    pyogrio.write_dataframe(make_plan_attributes(), gdb, layer="补划", driver="OpenFileGDB", append=True)
    assert list_cases(check_data(gdb, RULE).report) == {("table_alike", "a.gdb/补划")}


SHAPE = shapely.box(38_540_000, 4_390_000, 38_540_100, 4_390_100)


def test_table_named_like_a_layer_with_keys_or_shapes_is_named(source):
    roles = ("STBHHX", "DLTB", "YJJBNTBHTB")
    write_gpkg(source / "a.gpkg", {"GDBHMB": make_cultivated(), **{role: layers()[role] for role in roles}})
    write_table(source / "a.gpkg", "GDBHMB_BH", pd.DataFrame({"BSM": ["1"], "MJ": [1.0]}))
    write_table(source / "a.gpkg", "STBHHX_BH", pd.DataFrame({"WKT": [SHAPE.wkt]}))
    write_table(source / "a.gpkg", "DLTB_统计", pd.DataFrame({"地类": ["水田"], "面积": [1.0]}))
    write_table(source / "a.gpkg", "YJJBNTBHTB_BH", make_plan_attributes())
    likely = {f.params["likely"] for f in findings_of_rule(check_unread(source), "RUN905") if f.case == "table_alike"}
    assert likely == {"GDBHMB", "STBHHX", "YJJBNTBHTB"} and len(list_cases(check_unread(source))) == 3


def test_second_database_with_shapes_in_a_table_is_named(source):
    write_table(source / "b.gpkg", "补划", pd.DataFrame({"WKT": [SHAPE.wkt]}))
    write_table(source / "c.gpkg", "代码", pd.DataFrame({"DM": ["0101"], "MC": ["水田"]}))
    assert list_cases(check_unread(source)) == {("table_drawn", "b.gpkg/补划")}


@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize(
    "shape_value",
    [SHAPE.wkt, f"SRID=4526;{SHAPE.wkt}", SHAPE.wkb_hex, SHAPE.wkb, shapely.to_geojson(SHAPE)],
    ids=["wkt", "ewkt", "hex", "wkb", "geojson"],
)
def test_table_with_polygon_text_gives_a_warning(source, shape_value, registered):
    write_table(
        source / "a.gpkg", "补划", pd.DataFrame({"名称": ["甲", "乙"], "图形": [None, shape_value]}), registered
    )
    report = check_unread(source)
    assert list_cases(report) == {("table_drawn", "a.gpkg/补划")} and report.verdict is Verdict.CONDITIONAL
    (finding,) = findings_of_rule(report, "RUN905")
    assert finding.params["field"] == "图形"


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
def test_plain_table_is_not_data(source, rows):
    write_table(source / "a.gpkg", "附表", rows)
    assert not findings_of_rule(check_unread(source), "RUN905")


def test_orphaned_dbf_with_plan_fields_is_named(source):
    write_shapefiles(source, "UTF-8", {"GDBHMB": make_cultivated()})
    for suffix in (".shp", ".shx", ".prj", ".cpg"):
        (source / f"GDBHMB{suffix}").unlink()
    assert list_cases(check_unread(source)) == {("format", "GDBHMB.dbf")}
    (source / "GDBHMB.dbf").unlink()
    pyogrio.write_dataframe(pd.DataFrame({"DM": ["1"], "MC": ["甲"]}), source / "代码.dbf", driver="ESRI Shapefile")
    assert not findings_of_rule(check_unread(source), "RUN905")


# -- lists of coordinates ---------------------------------------------------------------------------------------------

RING = [(4390000.123, 38540000.456), (4390100.5, 38540000.456), (4390100.5, 38540100.25), (4390000.123, 38540000.456)]
OFFICIAL = "[属性描述]\n坐标系=2000国家大地坐标系\n带号=38\n[地块坐标]\n4,1.0,1,补划,面,,,0103,@\n" + "".join(
    f"J{n},1,{y},{x}\n" for n, (y, x) in enumerate(RING, 1)
)
LISTS = {
    "界址点.txt": OFFICIAL,
    "裸坐标.txt": "".join(f"{x} {y}\n" for y, x in RING),
    "分号.txt": "；".join(f"{x}，{y}" for y, x in RING),
    "表.csv": "地块名称,点号,X,Y\n" + "".join(f"补划,J{n},{y},{x}\n" for n, (y, x) in enumerate(RING)),
    "不带带号.csv": "界址点号,X坐标,Y坐标\n" + "".join(f"J{n},{y},{x % 1e6}\n" for n, (y, x) in enumerate(RING)),
    "经纬度.csv": "113.456789,39.712345\n113.466789,39.712345\n113.466789,39.722345\n113.456789,39.712345\n",
    "度分秒.txt": "".join(f"J{n}\t113°27′{n}.5″\t39°42′{n}.1″\n" for n in range(1, 5)),
    "附件.dat": OFFICIAL,
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", LISTS)
def test_coordinate_list_is_named(source, name, encoding):
    (source / name).write_bytes(LISTS[name].encode(encoding))
    report = check_unread(source)
    assert list_cases(report) == {("format", name)} and report.verdict is Verdict.INCOMPLETE


NO_LISTS = {
    "任务.csv": "乡镇代码,乡镇名称,永久基本农田（万亩）,耕地（万亩）\n"
    + "".join(f"1402251{n:02d},甲{n}乡,{n}.25,{n + 3}.5\n" for n in range(20)),
    "面积.csv": "图斑,面积,净面积\n" + "".join(f"{n},{4390000.5 + n},{440000.25 + n}\n" for n in range(20)),
    "名录.csv": "名称,级别,经度,纬度\n" + "".join(f"古塔{n},省级,113.4567{n}1,39.7123{n}1\n" for n in range(9)),
    "仿射.txt": "10.0\n0.0\n0.0\n-10.0\n38540000.5\n4390000.5\n",
    "说明.txt": "本次成果的面积单位为平方米，坐标系为 CGCS2000。共 3 个图层，38540000.1 4390000.1。\n",
    "年份.csv": "2020,2021,2022\n1,2,3\n4,5,6\n7,8,9\n",
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_other_tables_of_numbers_are_not_data(source, name):
    (source / name).write_bytes(NO_LISTS[name].encode("gbk"))
    assert not findings_of_rule(check_unread(source), "RUN905")


def test_workbook_with_a_coordinate_list_is_named(source):
    rows = [("补划", f"J{n}", y, x) for n, (y, x) in enumerate(RING)]
    pd.DataFrame(rows, columns=["地块", "点号", "X", "Y"]).to_excel(source / "界址点.xlsx", index=False)
    rows = [(f"古塔{n}", 113.456781 + n / 10, 39.712345 + n / 10) for n in range(9)]
    pd.DataFrame(rows, columns=["名称", "经度", "纬度"]).to_excel(source / "名录.xlsx", index=False)
    assert list_cases(check_unread(source)) == {("format", "界址点.xlsx")}


def make_biff_records(rows):
    """Return the records of a sheet as Excel 97 writes them, after the header of a compound file."""
    data = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            data += struct.pack("<HHHHHd", 0x0203, 14, row, column, 15, value)
    return bytes(data)


def test_xls_workbook_with_a_coordinate_list_is_named(source):
    (source / "界址点.xls").write_bytes(make_biff_records(RING))
    (source / "面积.xls").write_bytes(make_biff_records([(n, 1000.5 * n) for n in range(9)]))
    (source / "图斑.xls").write_bytes(make_biff_records([]) + "POLYGON ((0 0, 1 0, 1 1, 0 0))".encode("utf-16-le"))
    assert list_cases(check_unread(source)) == {("format", "界址点.xls"), ("format", "图斑.xls")}


def test_archive_with_a_coordinate_list_is_named(source):
    with zipfile.ZipFile(source / "包.zip", "w") as archive:
        archive.writestr("说明.txt", "面积单位为平方米".encode("gbk"))
    assert not findings_of_rule(check_unread(source), "RUN905")
    with zipfile.ZipFile(source / "包.zip", "a") as archive:
        archive.writestr("界址点.txt", OFFICIAL.encode("gbk"))
    assert list_cases(check_unread(source)) == {("format", "包.zip")}


@pytest.mark.parametrize("inside", ["b.gpkg", "图斑.mldata"])
def test_project_file_containing_data_is_named(source, inside):
    with zipfile.ZipFile(source / "工程.qgz", "w") as archive:
        archive.writestr("工程.qgs", "<qgis/>")
        archive.writestr("工程.qgd", b"SQLite format 3\0")
    assert not findings_of_rule(check_unread(source), "RUN905")
    with zipfile.ZipFile(source / "工程.qgz", "a") as archive:
        archive.writestr(inside, b"x")
    assert list_cases(check_unread(source)) == {("format", "工程.qgz")}


def test_vector_vrt_is_named_and_raster_vrt_is_not(source):
    (source / "图.vrt").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>', "utf-8")
    (source / "层.vrt").write_text('<OGRVRTDataSource><OGRVRTLayer name="a"/></OGRVRTDataSource>', "utf-8")
    (source / "表.csvt").write_text('"String","WKT"', "utf-8")
    assert list_cases(check_unread(source)) == {("format", "层.vrt")}


# -- files in the folder of a database --------------------------------------------------------------------------------


@pytest.mark.parametrize("gdb_only", [True, False])
@pytest.mark.parametrize("depth", [0, 1])
def test_file_inside_a_filegdb_folder_is_named(tmp_path, gdb_only, depth):
    folder = tmp_path / "县"
    folder.mkdir()
    gdb = write_gdb(folder / "a.gdb", {"CZKFBJ": make_boundary()})
    (gdb / "a00000001.sr.lock").write_bytes(b"")
    chosen = gdb if gdb_only else folder
    assert not findings_of_rule(check_data(chosen, RULE).report, "RUN905") and find_unread_files(chosen) == []
    write_gpkg(gdb / "x" / "b.gpkg" if depth else gdb / "b.gpkg", {"GDBHMB": make_cultivated()})
    report = check_data(chosen, RULE).report
    (finding,) = findings_of_rule(report, "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("in_database", "a.gdb", 1)
    assert "b.gpkg" in finding.message and report.verdict is Verdict.INCOMPLETE


# -- lines ------------------------------------------------------------------------------------------------------------


def make_line_table(*shapes, **columns):
    return table(shapes, **columns)


def write_lines(folder, frame, name="开发边界新增"):
    pyogrio.write_dataframe(frame, folder / "a.gpkg", layer=name, append=True)


def test_closed_lines_give_a_warning(source):
    ring = shapely.LineString(make_boundary().geometry.iloc[0].exterior.coords)
    write_lines(source, make_line_table(ring, ring)[["geometry"]].assign(名称="新增"))
    report = check_unread(source)
    assert list_cases(report) == {("rings", "a.gpkg/开发边界新增")} and report.verdict is Verdict.CONDITIONAL
    assert "（2 行）" in findings_of_rule(report, "RUN905")[0].message


def test_open_lines_give_no_finding(source):
    ring = shapely.LineString(make_boundary().geometry.iloc[0].exterior.coords)
    write_lines(
        source,
        make_line_table(ring, shapely.LineString(ring.coords[:-1]))[["geometry"]].assign(名称="等高线"),
        "等高线",
    )
    write_lines(source, make_line_table(ring).iloc[:0][["geometry"]].assign(名称=""), "空")
    assert not findings_of_rule(check_unread(source), "RUN905")


def test_lines_with_plan_fields_make_the_check_incomplete(source):
    open_line = shapely.LineString([(38_540_000, 4_390_000), (38_540_100, 4_390_000)])
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC", "GHFQDM", "GHFQMC")}
    write_lines(source, make_line_table(open_line).assign(**fields, MJ=[1.0]), "旧图")
    report = check_unread(source)
    assert list_cases(report) == {("alike", "a.gpkg/旧图")} and report.verdict is Verdict.INCOMPLETE


# -- records of a shapefile -------------------------------------------------------------------------------------------


def write_three_rows(folder):
    return write_shapefiles(folder, "UTF-8", {"CZKFBJ": make_three_rows()["CZKFBJ"]}) / "CZKFBJ.shp"


def truncate_index(path, count):
    """Truncate index and table to the first ``count`` rows; the shapes stay."""
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


def test_shapes_beyond_the_index_make_the_layer_unusable(tmp_path):
    path = write_three_rows(tmp_path)
    truncate_index(path, 2)
    (layer,) = read_source(path)
    assert layer.problem == ("rows_disagree", {"read": 2, "stored": 3})
    checked = check_data(path, RULE)
    assert checked.report.verdict is Verdict.INCOMPLETE
    assert "读出 2 行，文件记录 3 行" in "".join(checked.report.provenance["notices"])


def test_shape_missing_from_the_index_is_counted(tmp_path):
    path = write_three_rows(tmp_path)
    index = path.with_suffix(".shx")
    entries = index.read_bytes()
    truncate_index(path, 2)
    data = index.read_bytes()
    index.write_bytes(data[:100] + entries[100:108] + entries[116:124])
    assert stored_rows(path, "CZKFBJ") == 3


@pytest.mark.parametrize("more", [b"\0" * 400, b"\x1a", b"\xff" * 60])
def test_bytes_after_the_last_shape_are_not_rows(tmp_path, more):
    path = write_three_rows(tmp_path)
    path.write_bytes(path.read_bytes() + more)
    assert stored_rows(path, "CZKFBJ") == 3


def test_relocated_shape_is_counted_once(tmp_path):
    """Append a grown shape at the end of the file, as GDAL does; the old copy remains."""
    path = write_three_rows(tmp_path)
    data, index = bytearray(path.read_bytes()), bytearray(path.with_suffix(".shx").read_bytes())
    start, length = struct.unpack_from(">II", index, 100)
    struct.pack_into(">II", index, 100, len(data) // 2, length)
    data += data[2 * start : 2 * start + 8 + 2 * length]
    path.write_bytes(data)
    path.with_suffix(".shx").write_bytes(index)
    assert stored_rows(path, "CZKFBJ") == 3


def test_null_shapes_are_counted_as_rows(tmp_path):
    frame = make_three_rows()["CZKFBJ"]
    shapes = [None, frame.geometry.iloc[0], None]
    frame = frame.set_geometry(np.array(shapes, dtype=object), crs=4526)
    pyogrio.write_dataframe(frame, tmp_path / "CZKFBJ.shp", geometry_type="Polygon")
    assert stored_rows(tmp_path / "CZKFBJ.shp", "CZKFBJ") == 3


def mark_deleted(path, row):
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    start, size = struct.unpack_from("<HH", dbf, 8)
    dbf[start + size * row] = ord("*")
    path.with_suffix(".dbf").write_bytes(dbf)


def test_deleted_rows_with_a_shape_give_a_warning(tmp_path):
    path = write_three_rows(tmp_path)
    assert not findings_of_rule(check_data(path, RULE).report, "RUN905")
    mark_deleted(path, 1)
    assert deleted_shapes(path) == 1
    report = check_data(path, RULE).report
    (finding,) = findings_of_rule(report, "RUN905")
    assert (finding.case, finding.params["rows"], finding.role) == ("deleted", 1, "CZKFBJ")
    assert finding.params["incomplete"] is False and str(finding.severity) == "WARNING"


def test_deleted_rows_without_a_shape_are_not_counted(tmp_path):
    frame = make_three_rows()["CZKFBJ"]
    shapes = [frame.geometry.iloc[0], None, frame.geometry.iloc[0]]
    frame = frame.set_geometry(np.array(shapes, dtype=object), crs=4526)
    pyogrio.write_dataframe(frame, tmp_path / "CZKFBJ.shp", geometry_type="Polygon")
    mark_deleted(tmp_path / "CZKFBJ.shp", 1)
    assert deleted_shapes(tmp_path / "CZKFBJ.shp") == 0


@pytest.mark.parametrize("suffix", [".shp", ".SHP"])
def test_second_shapefile_differing_in_case_is_reported(source, suffix):
    write_shapefiles(source, "UTF-8", {"GDBHMB": make_cultivated()})
    for file in sorted(source.glob("GDBHMB.*")):
        file.with_name(f"gdbhmb{suffix if file.suffix == '.shp' else file.suffix}").write_bytes(file.read_bytes())
    with pytest.raises(Exception, match="two_layers_one_role"):
        check_data(source, RULE)


def test_table_of_boundary_points_gives_a_warning(source):
    write_table(source / "a.gpkg", "界址点", pd.DataFrame(RING, columns=["X", "Y"]))
    report = check_unread(source)
    assert list_cases(report) == {("table_drawn", "a.gpkg/界址点")} and report.verdict is Verdict.CONDITIONAL
