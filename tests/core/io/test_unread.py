# SPDX-License-Identifier: GPL-2.0-or-later
"""Data that lies in the source and is not read: it is named, and the verdict is no pass."""

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.io import read_source
from plugin.core.io import unread_data as scan
from plugin.core.io.records import geodatabase_rows, stored_rows
from plugin.core.io.source import datasets
from plugin.core.loading.unread_files import find_unread_files
from plugin.core.messages.texts import Texts
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from plugin.core.results.saved_result import SavedResult, write_saved_result
from tests.core.rights import bound_by_rights
from tests.core.small_plan import (
    box,
    check_data,
    digest,
    findings_of_rule,
    layers,
    table,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

#: A rule that the good layers pass, so that nothing but what was not read keeps the verdict from 通过.
RULE = ["TOP001"]
EN = Texts("en")


def boundary():
    return table([box(1000, 0, 190, 1000)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"])


def cultivated():
    """耕地保护目标, which a delivery of the three lines need not hold: rules do not miss it."""
    return table([box(0, 0)], DLBM=["0103"], DLMC=["旱地"], TBMJ=[1e4], KCMJ=[0.0], TBDLMJ=[1e4])


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "县"
    write_gpkg(folder / "a.gpkg", {"CZKFBJ": boundary()})
    return folder


def unread(folder, **more):
    """The findings on data that was not read; inputs stay as they are, and no path of this machine is in the report."""
    before = digest(folder)
    checked = check_data(folder, RULE, **more)
    assert digest(folder) == before
    assert str(folder.parent) not in json.dumps(checked.report.to_dict(), ensure_ascii=False)
    for finding in findings_of_rule(checked.report, "RUN905"):
        assert "{" not in finding.message and "{" not in EN.message(finding, {})
        assert str(finding.severity) == "WARNING"
    return checked.report


def named(report):
    return {
        (f.case, f.params.get("file") or f.params.get("folder") or f.params.get("name"))
        for f in findings_of_rule(report, "RUN905")
    }


def test_a_folder_of_which_all_is_read_says_nothing(source):
    report = unread(source)
    assert not findings_of_rule(report, "RUN905") and report.verdict is not Verdict.INCOMPLETE
    assert outcome_of(report) is Outcome.PASSED


def outcome_of(report):
    return report.rules[0].outcome


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp", "geojson"])
def test_a_database_in_a_subfolder_is_named(source, depth, form):
    inner = source / "x" / "/".join("y" * (depth - 1))
    inner.mkdir(parents=True, exist_ok=True)
    if form == "gdb":
        write_gdb(inner / "b.gdb", {"GDBHMB": cultivated()})
    elif form == "shp":
        write_shapefiles(inner, "UTF-8", {"GDBHMB": cultivated()})
    else:
        pyogrio.write_dataframe(cultivated().to_crs(4490), inner / f"b.{form}", layer="GDBHMB")
    report = unread(source)
    (finding,) = findings_of_rule(report, "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("folder", "x", 1)
    assert report.verdict is Verdict.INCOMPLETE and report.summary["warnings"] >= 1
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))).verdict is Verdict.INCOMPLETE


FORMATS = {
    "图.dwg": b"AC1032", "图.dxf": b"0\nSECTION", "库.mdb": b"\0\1\0\0Standard Jet DB\0", "库.accdb": b"\0\1\0\0Standard ACE DB\0",
    "交换.vct": b"DataMark:VCT", "a.kmz": b"PK\3\4", "b.fgb": b"fgb\3", "c.parquet": b"PAR1", "d.mif": b"Version 300",
    "包.rar": b"Rar!\x1a", "包.7z": b"7z\xbc\xaf\x27\x1c", "坐标.csv": b"BSM,WKT\n1,\"POLYGON ((0 0, 1 0, 1 1, 0 0))\"\n",
    "图.xml": b"<gml:FeatureCollection>", "图.json": b'{"type": "FeatureCollection", "features": [{"type": "Feat',
    "备份.gpkg.bak": b"SQLite format 3\0", "数据": b"\0\0\x27\x0a", ".隐藏.gpkg": b"SQLite format 3\0",
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_is_not_read_is_named(source, name):
    (source / name).write_bytes(FORMATS[name])
    report = unread(source)
    (finding,) = findings_of_rule(report, "RUN905")
    assert name in finding.message and report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "Thumbs.db": b"\xd0\xcf\x11\xe0", "~$说明.docx": b"\0", "a.gpkg.lock": b"", "说明.docx": b"PK\3\4", "图.jpg": b"\xff\xd8",
        "._a.gpkg": b"\0\5\x16\7\0\2", "任务.csv": "乡镇名称,指标,数值\n".encode(), "truth.json": b'{"a": 1}', "元数据.xml": b"<metadata/>",
        "说明.txt": "耕地".encode("gbk"), "空": b"", "desktop.ini": b"[x]", "a.qml": b"<qgis/>",
    }.items(),
)  # fmt: skip
def test_what_holds_no_layer_is_no_data(source, name, data):
    (source / name).write_bytes(data)
    assert not findings_of_rule(unread(source), "RUN905")


@pytest.mark.parametrize(
    ("inside", "is_named"), [("b.gpkg", True), ("b.gdb/a00000001.gdbtable", True), ("照片.jpg", False)]
)
def test_an_archive_is_named_where_it_lists_data(source, inside, is_named):
    with zipfile.ZipFile(source / "包.zip", "w") as archive:
        archive.writestr(inside, b"x")
    assert bool(findings_of_rule(unread(source), "RUN905")) is is_named


def test_a_workbook_is_named_where_it_holds_shapes(source):
    pd.DataFrame({"乡镇": ["甲"], "数值": [1]}).to_excel(source / "任务.xlsx")
    assert not findings_of_rule(unread(source), "RUN905")
    pd.DataFrame({"BSM": ["1"], "WKT": ["POLYGON ((0 0, 1 0, 1 1, 0 0))"]}).to_excel(source / "图斑.xlsx")
    assert named(unread(source)) == {("format", "图斑.xlsx")}


def test_a_filegdb_without_its_suffix_is_named_once(source):
    write_gdb(source / "b.gdb", {"GDBHMB": cultivated()}).rename(source / "数据")
    (finding,) = findings_of_rule(unread(source), "RUN905")
    assert finding.params["folder"] == "数据" and finding.params["count"] == 1


def test_many_files_of_one_folder_are_one_finding(source):
    (source / "旧").mkdir()
    for n in range(300):
        (source / "旧" / f"{n}.dwg").write_bytes(b"AC1032")
    (finding,) = findings_of_rule(unread(source), "RUN905")
    assert finding.params["count"] == 300 and finding.params["files"].endswith("…") and len(finding.message) < 400


def test_links_that_go_round_end(source):
    (source / "x").mkdir()
    (source / "x" / "round").symlink_to(source, target_is_directory=True)
    (source / "x" / "self").symlink_to(source / "x", target_is_directory=True)
    assert not findings_of_rule(unread(source), "RUN905")


def test_a_link_to_data_is_named_and_a_dead_one_too(source, tmp_path):
    write_gpkg(tmp_path / "elsewhere" / "b.gpkg", {"GDBHMB": cultivated()})
    (source / "x").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (source / "y.dwg").symlink_to(tmp_path / "gone.dwg")
    assert named(unread(source)) == {("folder", "x"), ("format", "y.dwg")}


@pytest.mark.skipif(os.name == "nt", reason="rights work otherwise on Windows")
def test_a_folder_that_may_not_be_listed_is_named(source):
    (source / "x").mkdir(mode=0)
    with bound_by_rights():
        assert named(check_data(source, RULE).report) == {("no_access", "x")}


def test_a_folder_that_may_not_be_listed_is_named_by_whatever_user(source, monkeypatch):
    (source / "x").mkdir()
    listed = os.scandir

    def refused(place):
        if Path(place).name == "x":
            raise PermissionError(13, "denied", str(place))
        return listed(place)

    monkeypatch.setattr(scan.os, "scandir", refused)
    report = unread(source)
    assert named(report) == {("no_access", "x")} and report.verdict is Verdict.INCOMPLETE


def test_the_limit_of_a_search_is_reached_and_named(source):
    (source / "x").mkdir()
    for n in range(40):
        (source / "x" / str(n)).mkdir()
    assert [one.case for one in scan.find_unread_data(source, datasets(source), most=20)] == ["limit"]
    assert scan.find_unread_data(source, datasets(source), most=60) == []


def test_a_search_stops_when_asked(source):
    with pytest.raises(Cancelled):
        scan.find_unread_data(source, [], cancellation=Cancellation(lambda: True))


# -- what the plugin wrote --------------------------------------------------------------------------------------------


def test_reports_and_findings_are_no_data(source):
    checked = check_data(source)
    (source / "结果").mkdir()
    for place in (source, source / "结果"):
        (place / "报告.json").write_text(json.dumps(checked.report.to_dict(), ensure_ascii=False), encoding="utf-8")
        for suffix in (".gpkg", ".shp", ".geojson"):
            write_findings(place / f"问题{suffix}", checked.report.findings, checked.plan.crs)
    assert not findings_of_rule(unread(source), "RUN905")


def test_a_result_that_was_kept_beside_a_project_is_no_data(source):
    checked = check_data(source)
    kept = SavedResult(datetime(2026, 11, 20), checked.report, checked.plan.crs.to_wkt(), {})
    write_saved_result(source / "县.result.json", kept)
    assert not findings_of_rule(unread(source), "RUN905")


def test_a_plan_layer_in_a_file_named_like_an_output_is_named(source):
    (source / "结果").mkdir()
    write_gpkg(source / "结果" / "问题.gpkg", {"findings": cultivated()})
    (source / "报告.json").write_text(
        '{"schema": "sanxian-report/1", "type": "FeatureCollection", "features": []', "utf-8"
    )
    assert {case for case, _ in named(unread(source))} == {"folder", "damaged"}


# -- layers -----------------------------------------------------------------------------------------------------------


def test_an_unknown_layer_with_the_fields_of_a_plan_is_named(source):
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC")}
    write_gpkg(source / "a.gpkg", {"旧图": boundary().assign(**fields, MJ=[1.0])})
    report = unread(source)
    (finding,) = findings_of_rule(report, "RUN905")
    assert finding.case == "alike" and "旧图" in finding.message and report.verdict is Verdict.INCOMPLETE


def test_an_unknown_layer_of_polygons_is_a_warning(source):
    write_gpkg(source / "a.gpkg", {"影像索引": boundary()[["geometry"]].assign(TFH="J49")})
    report = unread(source)
    assert named(report) == {("layer", "a.gpkg/影像索引")} and report.verdict is Verdict.CONDITIONAL


def test_rows_of_a_layer_not_read_are_counted_or_not_printed(source, monkeypatch):
    monkeypatch.setattr("plugin.core.io.file._rows_known", lambda *_: None)
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC")}
    write_gpkg(source / "b.gpkg", {"旧图": boundary().assign(**fields, MJ=[1.0]), "影像索引": boundary()[["geometry"]]})
    cases = {finding.case: finding.message for finding in findings_of_rule(unread(source), "RUN905")}
    assert "（1 行）" in cases["alike"] and "（1 行）" in cases["layer"]
    monkeypatch.setattr("plugin.core.loading.unread_files.stored_rows", lambda *_: None)
    cases = {finding.case: finding.message for finding in findings_of_rule(unread(source), "RUN905")}
    assert set(cases) == {"alike_uncounted", "layer_uncounted"}
    assert not any("行）" in message for message in cases.values())


def test_an_unknown_layer_without_rows_or_of_points_is_none(source):
    write_gpkg(source / "a.gpkg", {"空": boundary().iloc[:0].assign(TFH="")})
    points = table([shapely.Point(38_540_000, 4_390_000)])
    pyogrio.write_dataframe(points, source / "a.gpkg", layer="注记", append=True)
    assert not findings_of_rule(unread(source), "RUN905")


def test_a_second_layer_of_a_role_that_was_chosen_away_is_named(source):
    write_gpkg(source / "b.gpkg", {"CZKFBJ": boundary()})
    report = unread(source, roles="CZKFBJ=a.gpkg/CZKFBJ")
    assert named(report) == {("second", "b.gpkg/CZKFBJ")} and report.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("attributes", [False, True])
def test_a_table_with_shapes_that_is_not_registered_is_named(source, attributes):
    write_gpkg(source / "a.gpkg", {"GDBHMB": cultivated()})
    with sqlite3.connect(source / "a.gpkg") as database:
        database.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = 'GDBHMB'")
        if attributes:
            database.execute("UPDATE gpkg_contents SET data_type = 'attributes' WHERE table_name = 'GDBHMB'")
        else:
            database.execute("DELETE FROM gpkg_contents WHERE table_name = 'GDBHMB'")
            database.execute("DELETE FROM gpkg_ogr_contents WHERE table_name = 'GDBHMB'")
    database.close()
    report = unread(source)
    assert report.verdict is Verdict.INCOMPLETE or "GDBHMB" in report.provenance["notices"]
    checked = check_data(source, RULE)
    named_there = "GDBHMB" in {f.params["name"].rsplit("/")[-1] for f in findings_of_rule(report, "RUN905")}
    assert named_there or "GDBHMB" in checked.plan.unusable


@pytest.mark.parametrize("role", ["CZKFBJ", "GDBHMB"])
def test_a_layer_whose_rows_have_no_shape_is_named(tmp_path, role):
    """As a VCT file without its part of polygons comes in."""
    tables = {"CZKFBJ": boundary(), "GDBHMB": cultivated()}
    frame = pd.concat([tables[role]] * 3, ignore_index=True)
    tables[role] = frame.set_geometry(np.array([None] * 3, dtype=object), crs=4526)
    pyogrio.write_dataframe(tables[role], tmp_path / "a.gpkg", layer=role, geometry_type="Polygon")
    other = next(r for r in tables if r != role)
    pyogrio.write_dataframe(tables[other], tmp_path / "a.gpkg", layer=other, append=True)
    report = check_data(tmp_path / "a.gpkg", ["TOP001"]).report
    (finding,) = findings_of_rule(report, "RUN905")
    assert (finding.case, finding.role, finding.params["rows"]) == ("no_shapes", role, 3)
    assert report.verdict is Verdict.INCOMPLETE


# -- counts -----------------------------------------------------------------------------------------------------------


def with_long_ids(gdb, number, damaged=False):
    """A table of a FileGDB as ArcGIS Pro writes it with 64-bit ObjectIDs: headers of version 4, its rows in bytes 16 to 24.

    ``damaged``: the index of rows ends in zeros, of which GDAL 3.12 reads no row and reports nothing.
    """
    path = gdb / f"a{number:08x}.gdbtable"
    data = bytearray(path.read_bytes())
    _, rows, largest, five, _, size, offset = struct.unpack("<IIIIQQQ", data[:40])
    data[:40] = struct.pack("<IIIIQQQ", 4, 0, largest, five, rows, size, offset)
    path.write_bytes(data)
    index = path.with_suffix(".gdbtablx")
    data = bytearray(index.read_bytes())
    _, blocks, _, width = struct.unpack("<IIII", data[:16])
    data[:16] = struct.pack("<IQI", 4, blocks, width)
    if damaged:
        data[16 + width * 1024 * blocks :] = bytes(16)
    index.write_bytes(data)


def three():
    return {"CZKFBJ": pd.concat([boundary()] * 3, ignore_index=True), "GDBHMB": cultivated()}


def test_rows_of_a_filegdb_by_its_headers(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", three())
    assert {k: v for k, v in geodatabase_rows(gdb).items() if not k.startswith("GDB_")} == {"CZKFBJ": 3, "GDBHMB": 1}
    with_long_ids(gdb, 9)
    assert geodatabase_rows(gdb)["CZKFBJ"] == 3


def test_a_filegdb_with_64_bit_ids_is_read_or_unusable(tmp_path):
    """osgeo 3.6 counts 0 rows in it, GDAL 3.12 reads 3: the count of one driver alone decides nothing."""
    gdb = write_gdb(tmp_path / "a.gdb", three())
    with_long_ids(gdb, 9)
    layer = next(one for one in read_source(gdb) if one.name == "CZKFBJ")
    assert (layer.problem, len(layer.frame)) == (None, 3) or layer.problem == (
        "rows_disagree",
        {"read": len(layer.frame), "stored": 3},
    )


def test_a_filegdb_of_which_no_row_is_read_is_unusable(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", three())
    with_long_ids(gdb, 9, damaged=True)
    checked = check_data(gdb, RULE)
    assert checked.plan.unusable["CZKFBJ"].params == {"read": 0, "stored": 3}
    assert checked.report.verdict is Verdict.INCOMPLETE


def test_a_driver_that_reads_no_row_makes_the_layer_unusable(tmp_path, monkeypatch):
    gdb = write_gdb(tmp_path / "a.gdb", three())
    real = pyogrio.read_info

    def none_seen(*args, **more):
        return {**real(*args, **more), "features": 0 if more.get("layer") == "CZKFBJ" else 1}

    monkeypatch.setattr(pyogrio, "read_info", none_seen)
    checked = check_data(gdb, RULE)
    assert checked.plan.unusable["CZKFBJ"].params == {"read": 0, "stored": 3}
    assert checked.report.verdict is Verdict.INCOMPLETE and "读出 0 行，文件记录 3 行" in "".join(
        checked.report.provenance["notices"]
    )


@pytest.mark.parametrize("form", ["gpkg", "shp", "gdb"])
def test_a_driver_that_loses_rows_makes_the_layer_unusable(tmp_path, monkeypatch, form):
    if form == "gdb":
        path = write_gdb(tmp_path / "a.gdb", three())
    elif form == "shp":
        path = write_shapefiles(tmp_path, "UTF-8", three()) / "CZKFBJ.shp"
    else:
        path = write_gpkg(tmp_path / "a.gpkg", three())
    real = pyogrio.raw.read

    def short(*args, **more):
        meta, fids, shapes, columns = real(*args, **more)
        if more.get("layer") != "CZKFBJ" or not more.get("return_fids") or fids is None:
            return meta, fids, shapes, columns
        return meta, fids[:2], shapes[:2], [values[:2] for values in columns]

    monkeypatch.setattr(pyogrio.raw, "read", short)
    layer = next(one for one in read_source(path) if one.name == "CZKFBJ")
    assert layer.problem == ("rows_disagree", {"read": 2, "stored": 3})


def test_deleted_records_of_a_shapefile_do_not_count(tmp_path):
    path = write_shapefiles(tmp_path, "UTF-8", three()) / "CZKFBJ.shp"
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    start, size = struct.unpack_from("<HH", dbf, 8)
    dbf[start + size] = ord("*")
    path.with_suffix(".dbf").write_bytes(dbf)
    assert stored_rows(path, "CZKFBJ") == 2
    (layer,) = read_source(path)
    assert layer.problem is None and len(layer.frame) == 2


# -- other commands ---------------------------------------------------------------------------------------------------


def test_a_sealed_edition_that_is_read_in_part_is_named(source, tmp_path):
    sealed = tmp_path / "封库"
    write_gpkg(sealed / "a.gpkg", {"CZKFBJ": boundary()})
    write_gpkg(sealed / "x" / "b.gpkg", {"STBHHX": boundary()})
    report = unread(source, baseline=str(sealed))
    assert named(report) == {("folder", "x")} and report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("command", ["indicators", "compare", "vct", "check"])
def test_every_command_on_a_folder_names_what_it_does_not_read(tmp_path, capsys, command):
    from plugin.core.__main__ import main

    folder = tmp_path / "县"
    write_gpkg(folder / "a.gpkg", {"CZKFBJ": boundary()} if command in ("compare", "vct") else layers())
    shutil.copytree(folder, folder / "下级")
    arguments = {"compare": [str(folder), str(folder / "下级")], "vct": [str(folder), str(tmp_path / "a.vct")]}
    main([command, *arguments.get(command, [str(folder)])])
    told = capsys.readouterr()
    assert "子文件夹“下级”中有 1 个数据文件未读取" in told.out + told.err


def test_a_file_is_a_source_of_its_own(source):
    write_gpkg(source / "x" / "b.gpkg", {"GDBHMB": cultivated()})
    assert find_unread_files(source / "a.gpkg") == []
    assert not findings_of_rule(check_data(source / "a.gpkg", RULE).report, "RUN905")


def package_of(folder, name, tables):
    """A package as its manifest describes one: every file with its digest, and the manifest's own beside it."""
    place = folder / name
    write_gpkg(place / "空间数据" / "b.gpkg", tables)
    rows = [
        {"path": path.relative_to(place).as_posix(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(place.rglob("*"))
        if path.is_file()
    ]
    manifest = {"schema": "sanxian-package/1", "check": {"verdict": "pass"}, "files": rows, "layers": [], "maps": []}
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    digest_of = hashlib.sha256((place / "manifest.json").read_bytes()).hexdigest()
    (place / "manifest.json.sha256").write_text(f"{digest_of}  manifest.json\n", encoding="ascii")
    return place


def test_a_package_of_ours_is_no_data_until_something_is_put_into_it(source):
    place = package_of(source, "成果包", {"CZKFBJ": boundary()})
    assert not findings_of_rule(unread(source), "RUN905")
    write_gpkg(place / "空间数据" / "c.gpkg", {"GDBHMB": cultivated()})
    (finding,) = findings_of_rule(unread(source), "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("folder", "成果包", 2)
