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

from plugin.core.io import read_source
from plugin.core.io import unread_data as scan
from plugin.core.io.source import list_folder_datasets
from plugin.core.loading.unread_files import find_unread_files
from plugin.core.messages.texts import Texts
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from plugin.core.results.saved_result import SavedResult, write_saved_result
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
        assert "{" not in finding.message and "{" not in ENGLISH_TEXTS.format_message(finding, {})
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


def test_limit_of_the_search_for_unread_data_is_reported_when_reached(data_folder):
    (data_folder / "x").mkdir()
    for n in range(40):
        (data_folder / "x" / str(n)).mkdir()
    assert [one.case for one in scan.find_unread_data(data_folder, list_folder_datasets(data_folder), most=20)] == [
        "limit"
    ]
    assert scan.find_unread_data(data_folder, list_folder_datasets(data_folder), most=60) == []


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
    monkeypatch.setattr("plugin.core.loading.unread_files.count_stored_rows", lambda *_: None)
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
    monkeypatch.setattr("plugin.core.io.file.read_columnar_rows", lambda *_: None)
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
