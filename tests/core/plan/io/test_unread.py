# SPDX-License-Identifier: GPL-2.0-or-later
"""Data in the given folder that a check did not read are named in a finding.

The verdict is then never 通过 (passed).
"""

import hashlib
import json
import os
import shutil
import sqlite3
import struct
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.checks.saved_result import SavedResult, write_saved_result
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from plugin.core.plan.io import read_source
from plugin.core.plan.io.records import count_deleted_shapes
from plugin.core.plan.io.source import list_folder_datasets
from plugin.core.plan.loading import unread_files as scan
from plugin.core.plan.loading.unread_files import find_unread_files, find_write_ahead_logs
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts
from tests.core.file_permissions import enforce_file_permissions
from tests.core.small_plan import (
    check_data,
    hash_files,
    list_findings_of_rules,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)
from tests.parametrize import first_daily

#: A rule that the valid layers pass, so that only unread data can keep the verdict from 通过.
ONE_FAST_RULE = ["TOP001"]
ENGLISH_TEXTS = Texts("en")


def make_boundary_layer():
    return make_table([make_county_box(1000, 0, 190, 1000)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"])


def make_cultivated_layer():
    """Return a layer of 耕地保护目标, which a delivery of the three lines may omit."""
    return make_table([make_county_box(0, 0)], DLBM=["0103"], DLMC=["旱地"], TBMJ=[1e4], KCMJ=[0.0], TBDLMJ=[1e4])


@pytest.fixture
def data_folder(tmp_path):
    folder = tmp_path / "县"
    write_gpkg(folder / "a.gpkg", {"CZKFBJ": make_boundary_layer()})
    return folder


def check_folder_for_unread_data(folder, **more):
    """Return the report of a check of a folder.

    The files must be unchanged, and findings on unread data must contain no local path in either language.
    """
    before = hash_files(folder)
    checked = check_data(folder, ONE_FAST_RULE, **more)
    assert hash_files(folder) == before
    assert str(folder.parent) not in json.dumps(checked.report.to_dict(), ensure_ascii=False)
    for finding in list_findings_of_rules(checked.report, "RUN905"):
        assert "{" not in finding.message and "{" not in format_message(ENGLISH_TEXTS, finding, {})
        assert str(finding.severity) == "WARNING"
    return checked.report


def list_cases_and_files(report):
    return {
        (f.case, f.params.get("file") or f.params.get("folder") or f.params.get("name"))
        for f in list_findings_of_rules(report, "RUN905")
    }


def test_completely_read_folder_gives_no_finding_on_unread_data(data_folder):
    report = check_folder_for_unread_data(data_folder)
    assert not list_findings_of_rules(report, "RUN905") and report.verdict is not Verdict.INCOMPLETE
    assert get_outcome_of_first_rule(report) is Outcome.PASSED


def get_outcome_of_first_rule(report):
    return report.rules[0].outcome


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", first_daily([2, 1, 5]))
@pytest.mark.parametrize("form", ["gpkg", "gdb", "shp", "geojson"])
def test_unread_database_in_a_subfolder_is_reported_in_a_finding(data_folder, depth, form):
    inner = data_folder / "x" / "/".join("y" * (depth - 1))
    inner.mkdir(parents=True, exist_ok=True)
    if form == "gdb":
        write_gdb(inner / "b.gdb", {"GDBHMB": make_cultivated_layer()})
    elif form == "shp":
        write_shapefiles(inner, "UTF-8", {"GDBHMB": make_cultivated_layer()})
    else:
        pyogrio.write_dataframe(make_cultivated_layer().to_crs(4490), inner / f"b.{form}", layer="GDBHMB")
    report = check_folder_for_unread_data(data_folder)
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("folder", "x", 1)
    assert report.verdict is Verdict.INCOMPLETE and report.summary["warnings"] >= 1
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))).verdict is Verdict.INCOMPLETE


UNSUPPORTED_FILES = {
    "图.dwg": b"AC1032", "图.dxf": b"0\nSECTION", "库.mdb": b"\0\1\0\0Standard Jet DB\0", "库.accdb": b"\0\1\0\0Standard ACE DB\0",
    "交换.vct": b"DataMark:VCT", "a.kmz": b"PK\3\4", "b.fgb": b"fgb\3", "c.parquet": b"PAR1", "d.mif": b"Version 300",
    "包.rar": b"Rar!\x1a", "包.7z": b"7z\xbc\xaf\x27\x1c", "坐标.csv": b"BSM,WKT\n1,\"POLYGON ((0 0, 1 0, 1 1, 0 0))\"\n",
    "图.xml": b"<gml:FeatureCollection>", "图.json": b'{"type": "FeatureCollection", "features": [{"type": "Feat',
    "备份.gpkg.bak": b"SQLite format 3\0", "数据": b"\0\0\x27\x0a", ".隐藏.gpkg": b"SQLite format 3\0",
}  # fmt: skip


@pytest.mark.parametrize("name", UNSUPPORTED_FILES)
def test_data_file_of_an_unsupported_format_is_reported_in_a_finding(data_folder, name):
    (data_folder / name).write_bytes(UNSUPPORTED_FILES[name])
    report = check_folder_for_unread_data(data_folder)
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert name in finding.message and report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "Thumbs.db": b"\xd0\xcf\x11\xe0", "~$说明.docx": b"\0", "a.gpkg.lock": b"", "说明.docx": b"PK\3\4", "图.jpg": b"\xff\xd8",
        "._a.gpkg": b"\0\5\x16\7\0\2", "任务.csv": "乡镇名称,指标,数值\n".encode(), "truth.json": b'{"a": 1}', "元数据.xml": b"<metadata/>",
        "说明.txt": "耕地".encode("gbk"), "空": b"", "desktop.ini": b"[x]", "a.qml": b"<qgis/>",
        "CZKFBJ.xsd": b'<xs:element name="FeatureCollection"/>', "CZKFBJ.gfs": b"<GMLFeatureClassList><!-- FeatureCollection -->",
    }.items(),
)  # fmt: skip
def test_files_that_contain_no_layers_are_not_reported_as_unread_data(data_folder, name, data):
    (data_folder / name).write_bytes(data)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


@pytest.mark.parametrize(
    ("inside", "is_named"), [("b.gpkg", True), ("b.gdb/a00000001.gdbtable", True), ("照片.jpg", False)]
)
def test_archive_is_reported_as_unread_if_it_lists_data_files(data_folder, inside, is_named):
    with zipfile.ZipFile(data_folder / "包.zip", "w") as archive:
        archive.writestr(inside, b"x")
    assert bool(list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")) is is_named


def test_filegdb_folder_without_its_gdb_suffix_is_reported_as_unread_once(data_folder):
    write_gdb(data_folder / "b.gdb", {"GDBHMB": make_cultivated_layer()}).rename(data_folder / "数据")
    (finding,) = list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    assert finding.params["folder"] == "数据" and finding.params["count"] == 1


def test_many_unread_files_of_one_folder_give_one_finding(data_folder):
    (data_folder / "旧").mkdir()
    for n in range(300):
        (data_folder / "旧" / f"{n}.dwg").write_bytes(b"AC1032")
    (finding,) = list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    assert finding.params["count"] == 300 and finding.params["files"].endswith("…") and len(finding.message) < 400


def test_circular_folder_links_end_the_search_for_unread_data(data_folder):
    (data_folder / "x").mkdir()
    (data_folder / "x" / "round").symlink_to(data_folder, target_is_directory=True)
    (data_folder / "x" / "self").symlink_to(data_folder / "x", target_is_directory=True)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_symbolic_links_to_data_and_broken_ones_are_reported_as_unread(data_folder, tmp_path):
    write_gpkg(tmp_path / "elsewhere" / "b.gpkg", {"GDBHMB": make_cultivated_layer()})
    (data_folder / "x").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (data_folder / "y.dwg").symlink_to(tmp_path / "gone.dwg")
    assert list_cases_and_files(check_folder_for_unread_data(data_folder)) == {("folder", "x"), ("format", "y.dwg")}


@pytest.mark.skipif(os.name == "nt", reason="permissions differ on Windows")
def test_folder_that_cannot_be_listed_is_reported_as_unread(data_folder):
    (data_folder / "x").mkdir(mode=0)
    with enforce_file_permissions():
        assert list_cases_and_files(check_data(data_folder, ONE_FAST_RULE).report) == {("no_access", "x")}


def test_limit_of_the_search_for_unread_data_is_reported_when_reached(data_folder, monkeypatch):
    (data_folder / "x").mkdir()
    for n in range(40):
        (data_folder / "x" / str(n)).mkdir()
    for most, cases in ((20, ["limit"]), (60, [])):
        monkeypatch.setattr(scan, "MAX_FILES_VISITED", most)
        assert [one.case for one in scan.find_unread_data(data_folder, list_folder_datasets(data_folder))] == cases


# -- files written by the plugin --------------------------------------------------------------------------------------------


def test_reports_and_findings_layers_are_not_reported_as_unread_data(data_folder):
    checked = check_data(data_folder)
    (data_folder / "结果").mkdir()
    for place in (data_folder, data_folder / "结果"):
        (place / "报告.json").write_text(json.dumps(checked.report.to_dict(), ensure_ascii=False), encoding="utf-8")
        for suffix in (".gpkg", ".shp", ".geojson"):
            write_findings(place / f"问题{suffix}", checked.report.findings, checked.plan.crs)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_saved_check_result_of_a_project_is_not_reported_as_unread_data(data_folder):
    checked = check_data(data_folder)
    saved = SavedResult(datetime(2026, 11, 20), checked.report, checked.plan.crs.to_wkt(), {})
    write_saved_result(data_folder / "县.result.json", saved)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_plan_layer_in_a_file_named_like_an_output_is_reported_as_unread(data_folder):
    (data_folder / "结果").mkdir()
    write_gpkg(data_folder / "结果" / "问题.gpkg", {"findings": make_cultivated_layer()})
    (data_folder / "报告.json").write_text(
        '{"schema": "sanxian-report/1", "type": "FeatureCollection", "features": []', "utf-8"
    )
    assert {case for case, _ in list_cases_and_files(check_folder_for_unread_data(data_folder))} == {
        "folder",
        "damaged",
    }


# -- layers -----------------------------------------------------------------------------------------------------------


def test_layer_of_unknown_role_with_plan_fields_is_reported_as_unread(data_folder):
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC")}
    write_gpkg(data_folder / "a.gpkg", {"旧图": make_boundary_layer().assign(**fields, MJ=[1.0])})
    report = check_folder_for_unread_data(data_folder)
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert finding.case == "alike" and "旧图" in finding.message and report.verdict is Verdict.INCOMPLETE


def test_polygon_layer_of_unknown_role_gives_a_warning(data_folder):
    write_gpkg(data_folder / "a.gpkg", {"影像索引": make_boundary_layer()[["geometry"]].assign(TFH="J49")})
    report = check_folder_for_unread_data(data_folder)
    assert list_cases_and_files(report) == {("layer", "a.gpkg/影像索引")} and report.verdict is Verdict.CONDITIONAL


def test_row_counts_of_unread_layers_are_printed_only_if_known(data_folder, monkeypatch):
    fields = {name: ["1"] for name in ("YSDM", "XZQDM", "XZQMC")}
    write_gpkg(
        data_folder / "b.gpkg",
        {"旧图": make_boundary_layer().assign(**fields, MJ=[1.0]), "影像索引": make_boundary_layer()[["geometry"]]},
    )
    cases = {
        finding.case: finding.message
        for finding in list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    }
    assert "（1 行）" in cases["alike"] and "（1 行）" in cases["layer"]
    monkeypatch.setattr("plugin.core.plan.loading.unread_files.count_stored_rows", lambda *_: None)
    cases = {
        finding.case: finding.message
        for finding in list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    }
    assert set(cases) == {"alike_uncounted", "layer_uncounted"}
    assert not any("行）" in message for message in cases.values())


def test_point_layers_and_empty_layers_of_unknown_role_are_ignored(data_folder):
    write_gpkg(data_folder / "a.gpkg", {"空": make_boundary_layer().iloc[:0].assign(TFH="")})
    points = make_table([shapely.Point(38_540_000, 4_390_000)])
    pyogrio.write_dataframe(points, data_folder / "a.gpkg", layer="注记", append=True)
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")


def test_second_layer_with_the_same_role_is_reported_as_unread(data_folder):
    write_gpkg(data_folder / "b.gpkg", {"CZKFBJ": make_boundary_layer()})
    report = check_folder_for_unread_data(data_folder, roles="CZKFBJ=a.gpkg/CZKFBJ")
    assert list_cases_and_files(report) == {("second", "b.gpkg/CZKFBJ")} and report.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("attributes", [False, True])
def test_geopackage_table_with_shapes_that_is_not_registered_is_reported_as_unread(data_folder, attributes):
    write_gpkg(data_folder / "a.gpkg", {"GDBHMB": make_cultivated_layer()})
    with sqlite3.connect(data_folder / "a.gpkg") as database:
        database.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = 'GDBHMB'")
        if attributes:
            database.execute("UPDATE gpkg_contents SET data_type = 'attributes' WHERE table_name = 'GDBHMB'")
        else:
            database.execute("DELETE FROM gpkg_contents WHERE table_name = 'GDBHMB'")
            database.execute("DELETE FROM gpkg_ogr_contents WHERE table_name = 'GDBHMB'")
    database.close()
    report = check_folder_for_unread_data(data_folder)
    assert report.verdict is Verdict.INCOMPLETE or "GDBHMB" in report.provenance["notices"]
    checked = check_data(data_folder, ONE_FAST_RULE)
    named_there = "GDBHMB" in {f.params["name"].rsplit("/")[-1] for f in list_findings_of_rules(report, "RUN905")}
    assert named_there or "GDBHMB" in checked.plan.unusable_layers


@pytest.mark.parametrize("role", ["CZKFBJ", "GDBHMB"])
def test_layer_with_only_shapeless_rows_is_reported_as_unread(tmp_path, role):
    """Read a layer in which no row has a shape, as from a VCT file without polygons."""
    tables = {"CZKFBJ": make_boundary_layer(), "GDBHMB": make_cultivated_layer()}
    frame = pd.concat([tables[role]] * 3, ignore_index=True)
    tables[role] = frame.set_geometry(np.array([None] * 3, dtype=object), crs=4526)
    pyogrio.write_dataframe(tables[role], tmp_path / "a.gpkg", layer=role, geometry_type="Polygon")
    other = next(r for r in tables if r != role)
    pyogrio.write_dataframe(tables[other], tmp_path / "a.gpkg", layer=other, append=True)
    report = check_data(tmp_path / "a.gpkg", ["TOP001"]).report
    (finding,) = list_findings_of_rules(report, "RUN905")
    assert (finding.case, finding.role, finding.params["rows"]) == ("no_shapes", role, 3)
    assert report.verdict is Verdict.INCOMPLETE


# -- counts -----------------------------------------------------------------------------------------------------------


def rewrite_with_64_bit_ids(gdb, number, damaged=False):
    """Rewrite a FileGDB table with 64-bit ObjectIDs, as ArcGIS Pro writes it.

    The header has version 4 and its row count in bytes 16 to 24. With ``damaged`` the row index ends in zeros; GDAL
    3.12 then reads no row and reports nothing.
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


def make_layers_of_three_rows():
    return {"CZKFBJ": pd.concat([make_boundary_layer()] * 3, ignore_index=True), "GDBHMB": make_cultivated_layer()}


def test_filegdb_with_64_bit_ids_is_read_completely_or_reported_as_unusable(tmp_path):
    """Read a file in which osgeo 3.6 counts 0 rows and GDAL 3.12 counts 3.

    The count of one driver alone must not decide.
    """
    gdb = write_gdb(tmp_path / "a.gdb", make_layers_of_three_rows())
    rewrite_with_64_bit_ids(gdb, 9)
    layer = next(one for one in read_source(gdb) if one.name == "CZKFBJ")
    assert (layer.problem, len(layer.frame)) == (None, 3) or layer.problem == (
        "rows_disagree",
        {"read": len(layer.frame), "stored": 3},
    )


def test_filegdb_without_readable_rows_is_reported_as_unusable(tmp_path):
    gdb = write_gdb(tmp_path / "a.gdb", make_layers_of_three_rows())
    rewrite_with_64_bit_ids(gdb, 9, damaged=True)
    checked = check_data(gdb, ONE_FAST_RULE)
    assert checked.plan.unusable_layers["CZKFBJ"].params == {"read": 0, "stored": 3}
    assert checked.report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("form", ["gpkg", "shp", "gdb"])
def test_layer_of_which_the_driver_loses_rows_is_unusable(tmp_path, monkeypatch, form):
    if form == "gdb":
        path = write_gdb(tmp_path / "a.gdb", make_layers_of_three_rows())
    elif form == "shp":
        path = write_shapefiles(tmp_path, "UTF-8", make_layers_of_three_rows()) / "CZKFBJ.shp"
    else:
        path = write_gpkg(tmp_path / "a.gpkg", make_layers_of_three_rows())
    real = pyogrio.raw.read

    def drop_rows(*args, **more):
        meta, fids, shapes, columns = real(*args, **more)
        if more.get("layer") != "CZKFBJ" or not more.get("return_fids") or fids is None:
            return meta, fids, shapes, columns
        return meta, fids[:2], shapes[:2], [values[:2] for values in columns]

    # The driver reads cell by cell.
    monkeypatch.setattr("plugin.core.plan.io.file.read_columnar_rows", lambda *_: None)
    monkeypatch.setattr(pyogrio.raw, "read", drop_rows)
    layer = next(one for one in read_source(path) if one.name == "CZKFBJ")
    assert layer.problem == ("rows_disagree", {"read": 2, "stored": 3})


# -- other commands ---------------------------------------------------------------------------------------------------


def test_partly_read_sealed_baseline_is_reported_as_unread(data_folder, tmp_path):
    sealed = tmp_path / "封库"
    write_gpkg(sealed / "a.gpkg", {"CZKFBJ": make_boundary_layer()})
    write_gpkg(sealed / "x" / "b.gpkg", {"STBHHX": make_boundary_layer()})
    report = check_folder_for_unread_data(data_folder, baseline=str(sealed))
    assert list_cases_and_files(report) == {("folder", "x")} and report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("command", ["indicators", "compare", "vct", "check"])
def test_every_command_names_unread_data_of_the_given_folder(tmp_path, capsys, command):
    from plugin.core.__main__ import main

    folder = tmp_path / "县"
    write_gpkg(
        folder / "a.gpkg",
        {"CZKFBJ": make_boundary_layer()} if command in ("compare", "vct") else make_small_plan_layers(),
    )
    shutil.copytree(folder, folder / "下级")
    arguments = {"compare": [str(folder), str(folder / "下级")], "vct": [str(folder), str(tmp_path / "a.vct")]}
    main([command, *arguments.get(command, [str(folder)])])
    printed = capsys.readouterr()
    assert "子文件夹“下级”中有 1 个数据文件未读取" in printed.out + printed.err


def test_file_given_as_source_is_checked_without_a_search_of_its_folder(data_folder):
    write_gpkg(data_folder / "x" / "b.gpkg", {"GDBHMB": make_cultivated_layer()})
    assert find_unread_files(data_folder / "a.gpkg") == []
    assert not list_findings_of_rules(check_data(data_folder / "a.gpkg", ONE_FAST_RULE).report, "RUN905")


def make_package(folder, name, tables):
    """Write a package with its manifest, the digests of its files and of the manifest."""
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


def test_package_folder_is_reported_as_unread_data_only_when_files_were_added(data_folder):
    place = make_package(data_folder, "成果包", {"CZKFBJ": make_boundary_layer()})
    assert not list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    write_gpkg(place / "空间数据" / "c.gpkg", {"GDBHMB": make_cultivated_layer()})
    (finding,) = list_findings_of_rules(check_folder_for_unread_data(data_folder), "RUN905")
    assert (finding.case, finding.params["folder"], finding.params["count"]) == ("folder", "成果包", 2)


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
