# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: errors name layer, feature, field and remedy; files stay unchanged."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from plugin.core.base.errors import InputError, OutputError
from plugin.core.base.files import writing
from plugin.core.base.files.writing import OutputPaths, check_outputs, write_atomically, write_text
from plugin.core.model.report import Outcome
from plugin.core.model.verdict import Verdict
from plugin.core.render.outputs import write_outputs
from plugin.core.standard import load_standard
from tests.core.file_permissions import enforce_file_permissions
from tests.core.small_plan import (
    BOW_TIE,
    X,
    Y,
    check_data,
    convert_to_source_layers,
    explain_error,
    get_outcome_of_rule,
    hash_files,
    join_notices,
    list_findings_of_rules,
    make_county_box,
    make_ring_wkb,
    make_small_plan_layers,
    make_table,
    move_wkt_to_county,
    write_findings,
    write_gdb,
    write_gpkg,
    write_shapefiles,
    write_wkb_shapes,
)
from tests.parametrize import first_daily

REPOSITORY_ROOT = Path(__file__).resolve().parents[4]
THREE_LINES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ")


# -- files that cannot be read ----------------------------------------------------------------------------------------


def take_one_layer(role="CZKFBJ"):
    """Return one layer of the small plan as tables by layer code."""
    return {role: make_small_plan_layers()[role]}


def make_layer_of_many_rows():
    return {
        "CZKFBJ": make_table(
            [make_county_box(20 * n, 0, 10, 10) for n in range(2000)], GHFQMC=["城镇集中建设区"] * 2000
        )
    }


def truncate_file(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def write_file(name, content=b""):
    """Return a function that writes a file into a folder."""

    def write(folder):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    write.__name__ = f"file {name}"
    return write


def truncate_part(suffix):
    """Return a function that writes a shapefile and cuts one of its files."""

    def write(folder):
        write_shapefiles(folder, "GBK", make_layer_of_many_rows())
        truncate_file(folder / f"CZKFBJ{suffix}", 0.9)
        return folder / "CZKFBJ.shp"

    write.__name__ = f"truncated {suffix}"
    return write


def name_missing_file(folder):
    return folder / "没有.gpkg"


def name_empty_path(folder):
    return ""


def write_word_file(folder):
    shutil.make_archive(str(folder / "文本"), "zip", REPOSITORY_ROOT / "resources" / "profiles")
    return (folder / "文本.zip").rename(folder / "文本.docx")


def write_archive_of_text(folder):
    with zipfile.ZipFile(folder / "成果.zip", "w") as archive:
        archive.writestr("说明.txt", "没有数据")
    return folder / "成果.zip"


def write_archive_with_two_folders(folder):
    for name in ("甲", "乙"):
        write_gpkg(folder / "in" / name / "a.gpkg", take_one_layer())
    return Path(shutil.make_archive(str(folder / "成果"), "zip", folder / "in"))


def truncate_geopackage(folder):
    path = write_gpkg(folder / "a.gpkg", make_layer_of_many_rows())
    truncate_file(path, 0.6)
    return path


def zero_pages_of_geopackage(folder):
    path = write_gpkg(folder / "a.gpkg", make_layer_of_many_rows())
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = bytes(8192)
    path.write_bytes(content)
    return path


def delete_filegdb_catalogue(folder):
    path = write_gdb(folder / "a.gdb", take_one_layer())
    for file in path.glob("a00000001.*"):
        file.unlink()
    return path


def truncate_filegdb(folder):
    path = write_gdb(folder / "a.gdb", make_layer_of_many_rows())
    truncate_file(max(path.glob("*.gdbtable"), key=lambda p: p.stat().st_size), 0.5)
    return path


def make_empty_filegdb(folder):
    (folder / "a.gdb").mkdir()
    return folder / "a.gdb"


def make_empty_folder(folder):
    (folder / "空 文件夹").mkdir()
    return folder / "空 文件夹"


def write_only_a_report(folder):
    (folder / "结果").mkdir()
    (folder / "结果" / "report.json").write_text('{"schema": "sanxian-report/1"}', encoding="utf-8")
    return folder / "结果"


def write_data_in_a_subfolder(folder):
    write_shapefiles(folder / "成果" / "空间数据", "GBK", take_one_layer())
    return folder / "成果"


def delete_dbf(folder):
    write_shapefiles(folder, "GBK", take_one_layer())
    (folder / "CZKFBJ.dbf").unlink()
    return folder / "CZKFBJ.shp"


def truncate_geojson(folder):
    pyogrio.write_dataframe(make_table([make_county_box(0, 0)]).to_crs(4490), folder / "CZKFBJ.geojson")
    truncate_file(folder / "CZKFBJ.geojson", 0.8)
    return folder / "CZKFBJ.geojson"


def write_latin1_without_header(folder):
    write_shapefiles(
        folder, "ISO-8859-1", {"CZKFBJ": make_table([make_county_box(0, 0)], BZ=["Zone protégée à côté"])}, cpg=False
    )
    content = bytearray((folder / "CZKFBJ.dbf").read_bytes())
    content[29] = 0
    (folder / "CZKFBJ.dbf").write_bytes(content)
    return folder / "CZKFBJ.shp"


def declare_unknown_encoding(folder):
    path = write_latin1_without_header(folder)
    path.with_suffix(".cpg").write_text("Klingon", encoding="ascii")
    return path


def write_tables_only(folder):
    frame = make_small_plan_layers()["DLTB"].drop(columns="geometry")
    pyogrio.write_dataframe(frame, folder / "表.gpkg", layer="DLTB", driver="GPKG")
    return folder / "表.gpkg"


def write_unrelated_layer(folder):
    return write_gpkg(folder / "a.gpkg", {"STBHHX": make_table([make_county_box(0, 0)])}, {"STBHHX": "道路"})


def write_two_layers_for_one_role(folder):
    return write_gpkg(
        folder / "a.gpkg",
        {"STBHHX": make_table([make_county_box(0, 0)]), "CZKFBJ": make_table([make_county_box(0, 0)])},
        {"STBHHX": "城镇开发边界", "CZKFBJ": "CZKFBJ_2022"},
    )


def test_two_layers_for_one_role_that_another_standard_separates_are_refused_with_its_name(tmp_path):
    """The zones have every field of 城镇开发边界, so that a standard without zones takes them for it."""
    tables = make_small_plan_layers()
    fields = load_standard("three_lines_2022").templates["CZKFBJ"].fields
    lacking = {field.name: "300" for field in fields if field.name not in tables["CZKFBJ"].columns}
    zones = tables["CZKFBJ"].assign(**lacking)
    county = {name: tables["CZKFBJ"].drop(columns="GHFQDM", errors="ignore") for name in ("XZQX", "TRL", "SD")}
    path = write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": tables["CZKFBJ"], "YDYHGHFQ": zones, **county})
    with pytest.raises(InputError) as raised:
        check_data(path, standard="three_lines_2022")
    assert raised.value.key == "two_layers_other_standard"
    text = explain_error(raised.value)
    assert "“YDYHGHFQ”" in text and "STANDARD=county_db" in text and "三区三线划定成果" in text, text


UNREADABLE_SOURCES = [
    (name_missing_file, "source_missing", ["没有.gpkg", "找不到"]),
    (name_empty_path, "source_missing", ["找不到"]),
    (write_file("说明.gpkg", "这不是空间数据"), "source_not_gis", ["说明.gpkg", "无法识别的格式"]),
    (write_file("说明.txt", "x,y\n1,2\n"), "source_not_gis", ["说明.txt"]),
    (write_word_file, "source_not_gis", ["文本.docx"]),
    (write_file("成果.rar", b"Rar!\x1a\x07\x01\x00"), "source_packed", ["成果.rar", "先解压"]),
    (write_archive_of_text, "zip_no_data", ["成果.zip", "GeoPackage"]),
    (write_archive_with_two_folders, "zip_several_folders", ["成果.zip", "甲", "乙", "先解压"]),
    (write_file("成果.zip", b"PK\3\4 and no more"), "package_zip_damaged", ["成果.zip", "损坏"]),
    (write_file("成果.VCT", "HeadBegin\nDataMark: LANDUSE-VCT\nHeadEnd\n"), "source_vct", ["成果.VCT", "GeoPackage"]),
    (write_file("空.gpkg"), "source_not_gis", ["空.gpkg"]),
    (truncate_geopackage, "source_not_gis", ["a.gpkg", "损坏"]),
    (zero_pages_of_geopackage, "layer_unreadable", ["a.gpkg", "“CZKFBJ”", "损坏", "未改动"]),
    (delete_filegdb_catalogue, "source_not_gis", ["a.gdb"]),
    (truncate_filegdb, "layer_unreadable", ["a.gdb", "“CZKFBJ”", "损坏"]),
    (make_empty_filegdb, "source_not_gis", ["a.gdb"]),
    (make_empty_folder, "source_empty", ["空 文件夹", "GeoPackage"]),
    (write_only_a_report, "source_empty", ["结果", "GeoPackage"]),
    (write_data_in_a_subfolder, "source_in_subfolder", ["成果", "空间数据"]),
    (delete_dbf, "shapefile_part_missing", ["CZKFBJ.dbf"]),
    (truncate_part(".shp"), "file_cut_off", ["CZKFBJ.shp", "复制中断"]),
    (truncate_part(".shx"), "file_cut_off", ["CZKFBJ.shx", "复制中断"]),
    (truncate_part(".dbf"), "layer_unreadable", ["CZKFBJ", "损坏"]),
    (truncate_geojson, "source_not_gis", ["CZKFBJ.geojson", "损坏"]),
    (write_latin1_without_header, "encoding_unknown", ["CZKFBJ.shp", ".cpg"]),
    (declare_unknown_encoding, "encoding_name", ["Klingon", "实际所用编码"]),
    (write_tables_only, "source_no_layer", ["表.gpkg", "只有表格"]),
    (write_file("DLTB.csv", "BSM,TBMJ\n1,2\n"), "source_no_layer", ["DLTB.csv", "只有表格"]),
    (write_unrelated_layer, "no_recognised_layer", ["a.gpkg", "道路", "图层角色"]),
    (write_two_layers_for_one_role, "two_layers_one_role", ["CZKFBJ", "“城镇开发边界”", "“CZKFBJ_2022”", "图层角色"]),
]


@pytest.mark.parametrize(
    ("make", "key", "words"),
    UNREADABLE_SOURCES,
    ids=[make.__name__.replace("_", " ") for make, _, _ in UNREADABLE_SOURCES],
)
def test_unreadable_source_raises_an_input_error_with_cause_and_remedy_and_stays_unchanged(tmp_path, make, key, words):
    source = make(tmp_path)
    before = hash_files(tmp_path)
    with pytest.raises(InputError) as raised:
        check_data(source)
    assert raised.value.key == key
    text = explain_error(raised.value)
    assert "请" in text and all(word in text for word in words), text
    # Planners read the message: no English of a driver, no Python.
    assert not {"Error", "error", "failed", "recognized", "sqlite", "Traceback"} & set(text.replace("“", " ").split())
    assert hash_files(tmp_path) == before


def test_unknown_role_or_layer_in_the_roles_option_is_refused(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", take_one_layer())
    with pytest.raises(InputError) as raised:
        check_data(path, roles="NONSENSE=CZKFBJ")
    assert "“NONSENSE”不在标准中" in explain_error(raised.value) and "CZKFBJ" in explain_error(raised.value)
    with pytest.raises(InputError) as raised:
        check_data(path, roles="STBHHX=红线")
    assert "为 STBHHX 指定的图层“红线”不在数据中。现有图层：CZKFBJ" in explain_error(raised.value)


def test_damaged_shapefile_skips_only_the_rules_that_need_it(tmp_path):
    tables = make_small_plan_layers()
    write_shapefiles(tmp_path, "GBK", {r: tables[r] for r in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")})
    (tmp_path / "STBHHX.dbf").unlink()
    (tmp_path / "附件.gpkg").write_bytes(b"nothing")
    before = hash_files(tmp_path)
    report = check_data(tmp_path).report
    (lost,) = list_findings_of_rules(report, "SCH003")
    assert lost.role == "STBHHX" and "缺“STBHHX.dbf”" in lost.message and str(tmp_path) not in str(lost.to_dict())
    assert get_outcome_of_rule(report, "REL001").outcome is Outcome.SKIPPED
    assert "STBHHX" in get_outcome_of_rule(report, "REL001").reason
    assert get_outcome_of_rule(report, "REL002").outcome is Outcome.FAILED
    (unread,) = list_findings_of_rules(report, "RUN905")
    assert "“附件.gpkg/附件”未能读取" in unread.message and "文件已损坏" in unread.message
    assert not list_findings_of_rules(report, "SCH001")
    assert hash_files(tmp_path) == before


def test_shapefile_without_its_shp_file_is_reported(tmp_path):
    tables = make_small_plan_layers()
    write_shapefiles(tmp_path, "GBK", {r: tables[r] for r in THREE_LINES})
    (tmp_path / "CZKFBJ.shp").unlink()
    (lost,) = list_findings_of_rules(check_data(tmp_path).report, "SCH003")
    assert lost.role == "CZKFBJ" and "缺“CZKFBJ.shp”" in lost.message


def test_attribute_table_named_like_a_layer_is_reported_as_a_table(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {r: make_small_plan_layers()[r] for r in THREE_LINES})
    pyogrio.write_dataframe(make_small_plan_layers()["DLTB"].drop(columns="geometry"), path, layer="DLTB", append=True)
    pyogrio.write_dataframe(make_small_plan_layers()["DLTB"].drop(columns="geometry"), path, layer="附表", append=True)
    report = check_data(path).report
    (lost,) = list_findings_of_rules(report, "SCH003")
    assert (lost.role, lost.message[:27]) == ("DLTB", "图层“DLTB”（DLTB）是没有图形的表格。请改用带图形的图层"[:27])
    assert get_outcome_of_rule(report, "LAW001").outcome is Outcome.SKIPPED
    assert "附表" not in join_notices(report)


def test_attribute_table_does_not_compete_with_a_layer_for_its_role(tmp_path):
    path = write_gpkg(tmp_path / "a.gpkg", {r: make_small_plan_layers()[r] for r in (*THREE_LINES, "DLTB")})
    pyogrio.write_dataframe(
        make_small_plan_layers()["DLTB"].drop(columns="geometry"), path, layer="DLTB_属性", append=True
    )
    checked = check_data(path)
    assert checked.plan.layers["DLTB"].name == "DLTB" and not list_findings_of_rules(checked.report, "SCH003")


# -- permissions ------------------------------------------------------------------------------------------------------


@contextmanager
def folder_without_permission(mode):
    """Yield a folder of data without some permissions, also for an administrator.

    It has a GeoPackage, a FileGDB and shapefiles; ``mode`` has the permission bits.
    """
    if sys.platform == "win32":
        pytest.skip("rights work otherwise here; see test_windows_traits")
    folder = Path(tempfile.mkdtemp(prefix="sanxian-test-"))
    write_gpkg(folder / "a.gpkg", {r: make_small_plan_layers()[r] for r in THREE_LINES})
    write_gpkg(folder / "log.gpkg", {r: make_small_plan_layers()[r] for r in THREE_LINES})
    with sqlite3.connect(folder / "log.gpkg") as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    write_gdb(folder / "a.gdb", {r: make_small_plan_layers()[r] for r in THREE_LINES})
    write_shapefiles(folder / "shp", "GBK", {r: make_small_plan_layers()[r] for r in THREE_LINES})
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else mode)
    try:
        with enforce_file_permissions():
            yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["a.gpkg", "log.gpkg", "a.gdb", "shp"])
def test_check_of_data_in_a_read_only_folder_succeeds_and_leaves_it_unchanged(name):
    with folder_without_permission(0o444) as folder:
        before = hash_files(folder)
        report = check_data(folder / name).report
        assert list_findings_of_rules(report, "REL001") and not list_findings_of_rules(report, "RUN900")
        assert hash_files(folder) == before


@pytest.mark.parametrize("name", ["a.gpkg", "shp/STBHHX.shp"])
def test_file_without_read_permission_is_reported_as_such(name):
    with folder_without_permission(0o000) as folder, pytest.raises(InputError) as raised:
        check_data(folder / name)
    assert raised.value.key == "source_no_access"
    assert name.rsplit("/", 1)[-1] in explain_error(raised.value) and "没有权限" in explain_error(raised.value)


def test_output_in_a_read_only_folder_is_reported_as_missing_permission():
    with folder_without_permission(0o444) as folder:
        before = hash_files(folder)
        with pytest.raises(OutputError) as raised:
            write_text(folder / "报告.html", "<html>")
        assert "无法写入" in explain_error(raised.value) and "没有权限" in explain_error(raised.value)
        assert hash_files(folder) == before


# -- layers without rows or without usable shapes ------------------------------------------------------------


def remove_rows(role):
    tables = make_small_plan_layers()
    tables[role] = tables[role].iloc[:0]
    return tables


def keep_one_null_row(role):
    tables = make_small_plan_layers()
    tables[role] = tables[role].iloc[:1].set_geometry([None], crs=4526)
    return tables


def replace_by_a_bow_tie(role):
    tables = make_small_plan_layers()
    tables[role] = tables[role].iloc[:1].set_geometry([move_wkt_to_county(BOW_TIE)], crs=4526)
    return tables


def replace_by_lines(role):
    tables = make_small_plan_layers()
    tables[role] = tables[role].set_geometry([s and s.boundary for s in tables[role].geometry], crs=4526)
    return tables


def write_any_geometry(path, tables):
    for role, frame in tables.items():
        pyogrio.write_dataframe(frame, path, layer=role, driver="GPKG", geometry_type="Unknown", SPATIAL_INDEX="NO")
    return path


#: Rule → the roles that it requires.
ROLES_BY_RULE = {
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
SMALL_PLAN_ROLES = list(make_small_plan_layers())


@pytest.mark.parametrize("role", first_daily(SMALL_PLAN_ROLES, 2))
@pytest.mark.parametrize("make", [remove_rows, keep_one_null_row, replace_by_lines], ids=lambda f: f.__name__)
def test_rule_on_a_layer_without_usable_shapes_does_not_pass(make, role):
    report = check_data(convert_to_source_layers(make(role))).report
    # Rows without a shape, and an empty layer that a whole county has to have, are named.
    named = make is keep_one_null_row or (make is remove_rows and role in ("XZQX", "YDYHGHFQ"))
    assert {f.code for f in report.findings if f.code.startswith("RUN")} == ({"RUN905"} if named else set())
    touched = [code for code, roles in ROLES_BY_RULE.items() if role in roles]
    for code in touched:
        result = get_outcome_of_rule(report, code)
        assert result.outcome in (Outcome.SKIPPED, Outcome.NOT_APPLICABLE), (code, result)
        assert f"“{role}”" in result.reason, (code, result.reason)
    # Rules that need only other layers still run.
    assert {get_outcome_of_rule(report, c).outcome for c, roles in ROLES_BY_RULE.items() if role not in roles} <= {
        Outcome.FAILED,
        Outcome.PASSED,
    }
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize("role", first_daily(SMALL_PLAN_ROLES, 2))
def test_layer_without_rows_is_reported(role):
    report = check_data(convert_to_source_layers(remove_rows(role))).report
    assert f"图层“{role}”（{role}）没有要素。请补充数据" in join_notices(report)
    missing_layers = {f.role: f.message for f in list_findings_of_rules(report, "SCH001")}
    if role in (*THREE_LINES, "DLTB"):
        assert "没有要素，需要该图层的规则跳过，不得视为通过" in missing_layers[role]
    else:
        assert not missing_layers


@pytest.mark.parametrize("role", first_daily(SMALL_PLAN_ROLES, 2))
def test_layer_of_one_row_without_a_shape_is_reported(role):
    report = check_data(convert_to_source_layers(keep_one_null_row(role)), ["GEO001"]).report
    assert (role, "140225000000000001") in {(f.role, f.key) for f in list_findings_of_rules(report, "GEO001")}


@pytest.mark.parametrize("role", first_daily(SMALL_PLAN_ROLES, 2))
def test_layer_of_lines_instead_of_polygons_is_reported_once(role):
    tables = replace_by_lines(role)
    report = check_data(convert_to_source_layers(tables), ["GEO002"]).report
    lines = [f for f in list_findings_of_rules(report, "GEO002") if f.case.startswith("type")]
    assert [(f.case, f.role, f.params["count"]) for f in lines] == [
        ("types", role, tables[role].geometry.notna().sum())
    ]
    assert "是线，而该图层只能为面。请对照" in lines[0].message and "移到相应的图层" in lines[0].message
    both = check_data(convert_to_source_layers(tables), ["GEO002", "SCH005"]).report
    assert [(f.code, f.role) for f in both.findings if f.case != "invalid"] == [("SCH005", role)]


@pytest.mark.parametrize("role", first_daily(SMALL_PLAN_ROLES, 2))
def test_layer_of_only_bow_tie_polygons_is_checked_with_repaired_copies(role):
    tables = replace_by_a_bow_tie(role)
    before = {r: frame.copy() for r, frame in tables.items()}
    report = check_data(convert_to_source_layers(tables)).report
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    (bad,) = (f for f in list_findings_of_rules(report, "GEO002") if f.role == role)
    assert bad.key == "140225000000000001" and "自相交" in bad.message and "原图层未改动" in bad.message
    assert (bad.geometry.x - X, bad.geometry.y - Y) == (150, 750)
    line = next(row for row in report.provenance["layers"] if row["role"] == role)
    # Signed areas of the two halves cancel in the original; the repaired copy has the full area.
    assert (line["invalid"], line["repaired_area_m2"]) == (1, 5000.0)
    for r, frame in tables.items():
        assert_geodataframe_equal(frame, before[r])


# -- shapes -----------------------------------------------------------------------------------------------------------

BAD_SHAPES = [
    ("null", None, "GEO001", "有属性而没有图形"),
    ("empty", "POLYGON EMPTY", "GEO001", "有属性而没有图形"),
    ("bow-tie", BOW_TIE, "GEO002", "自相交"),
    ("hole outside the shell", "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 20, 21 20, 21 21, 20 20))", "GEO002", "孔洞在外环之外"),
    ("hole within a hole", "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0), (1 1, 50 1, 50 50, 1 50, 1 1), (2 2, 9 2, 9 9, 2 2))",
     "GEO002", "孔洞套孔洞"),
    ("duplicate ring", "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), (1 1, 2 1, 2 2, 1 1))", "GEO002", "自相交"),
    ("duplicate part", "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((0 0, 9 0, 9 9, 0 0)))", "GEO002", "自相交"),
    ("part within a part", "MULTIPOLYGON (((0 0, 90 0, 90 90, 0 90, 0 0)), ((10 10, 20 10, 20 20, 10 10)))", "GEO002", "部件套部件"),
    ("interior cut in two", "POLYGON ((0 0, 90 0, 90 90, 0 90, 0 0), (45 0, 50 45, 45 90, 40 45, 45 0))", "GEO002", "内部不连通"),
    ("no area", "POLYGON ((0 0, 10 0, 20 0, 0 0))", "GEO002", "自相交"),
    ("one repeated point", "POLYGON ((0 0, 0 0, 0 0, 0 0))", "GEO002", "点数过少"),
    ("point", "POINT (0 0)", "GEO002", "是点"),
    ("line", "LINESTRING (0 0, 9 9)", "GEO002", "是线"),
    ("collection", "GEOMETRYCOLLECTION (POLYGON ((0 0, 9 0, 9 9, 0 0)), LINESTRING (0 0, 9 9))", "GEO002", "有效|几何集合|是"),
]  # fmt: skip


@pytest.mark.parametrize(("wkt", "code", "words"), [s[1:] for s in BAD_SHAPES], ids=[s[0] for s in BAD_SHAPES])
def test_invalid_shape_is_reported_with_its_key_and_other_rows_are_checked(tmp_path, wkt, code, words):
    shape = None if wkt is None else move_wkt_to_county(wkt)
    tables = {
        "CZKFBJ": make_table([make_county_box(500, 500), shape, make_county_box(550, 500)]),
        "STBHHX": make_table([make_county_box(500, 0)]),
    }
    path = write_any_geometry(tmp_path / "a.gpkg", tables)
    before = hash_files(tmp_path)
    report = check_data(path).report
    reported = [f for f in list_findings_of_rules(report, "GEO001", "GEO002") if f.key == "140225000000000002"]
    assert [f.code for f in reported] == [code]
    assert any(word in reported[0].message for word in words.split("|")), reported[0].message
    assert "请" in reported[0].message
    # The other shapes of the layer overlap by half, which is still found.
    (overlap,) = list_findings_of_rules(report, "TOP001")
    assert shapely.area(overlap.geometry) == pytest.approx(5000)
    assert not [f for f in report.findings if f.code.startswith("RUN")]
    assert hash_files(tmp_path) == before


@pytest.mark.parametrize(
    ("x", "y", "words"),
    first_daily(
        [
            (X + 9, float("nan"), "坐标不是有效数字"),
            (1e20, Y, "坐标不在 EPSG:4526 的范围内"),
            (X + 9, float("inf"), "坐标不是有效数字"),
            (X + 9, -float("inf"), "坐标不是有效数字"),
            (X, 1e9, "坐标不在 EPSG:4526 的范围内"),
            (1e300, Y, "坐标不在 EPSG:4526 的范围内"),
        ],
        3,
    ),
)
def test_impossible_coordinate_in_one_row_is_reported_and_the_layer_is_checked(tmp_path, x, y, words):
    tables = {
        "CZKFBJ": make_table([make_county_box(500, 500), make_county_box(0, 0), make_county_box(550, 500)]),
        "STBHHX": make_table([make_county_box(500, 0)]),
    }
    path = write_gpkg(tmp_path / "a.gpkg", tables)
    write_wkb_shapes(path, "CZKFBJ", {2: make_ring_wkb((X, Y), (x, y), (X + 9, Y + 9), (X, Y))})
    checked = check_data(path)
    (finding,) = list_findings_of_rules(checked.report, "GEO002")
    assert finding.key.endswith("0002") and words in finding.message
    assert len(list_findings_of_rules(checked.report, "TOP001")) == 1
    assert not list_findings_of_rules(checked.report, "SCH003", "RUN900")
    assert np.isfinite(checked.plan.layers["CZKFBJ"].statutory).all()


def test_row_with_coordinates_without_the_crs_zone_prefix_of_the_others_is_reported(tmp_path):
    shifted = shapely.transform(make_county_box(0, 0), lambda c: c - (38e6, 0))
    path = write_gpkg(
        tmp_path / "a.gpkg",
        {"CZKFBJ": make_table([make_county_box(500, 500), shifted, make_county_box(800, 0), make_county_box(900, 0)])},
    )
    report = check_data(path).report
    (finding,) = list_findings_of_rules(report, "GEO002")
    assert (
        finding.key.endswith("0002") and "带号、坐标顺序或单位不一致" in finding.message and finding.geom_kind == "none"
    )
    assert not list_findings_of_rules(report, "SCH003")


# -- outputs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checked_small_plan():
    return check_data(convert_to_source_layers())


def list_temporary_files(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", ["报告.html", "问题.gpkg", "问题.shp"])
def test_output_path_that_is_an_existing_folder_is_refused(checked_small_plan, tmp_path, name):
    (tmp_path / name / "里面").mkdir(parents=True)
    with pytest.raises(OutputError) as raised:
        write_findings(tmp_path / name, [], checked_small_plan.plan.crs)
    assert raised.value.key == "output_is_folder" and f"{name}”是文件夹" in explain_error(raised.value)
    assert (tmp_path / name / "里面").is_dir() and not list_temporary_files(tmp_path)


@pytest.mark.parametrize("below", ["报告.json", "里面/报告.json", "里面/再里面/报告.json"])
def test_output_path_below_a_file_is_refused(tmp_path, below):
    (tmp_path / "结果").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError) as raised:
        write_text(tmp_path / "结果" / below, "{}")
    assert "无法写入" in explain_error(raised.value) and "结果”是文件，不是文件夹" in explain_error(raised.value)
    assert (tmp_path / "结果").read_text(encoding="utf-8") == "a file"


def test_output_creates_one_missing_folder_and_names_a_mistyped_path(tmp_path):
    write_text(tmp_path / "结果" / "报告.json", "{}")
    assert (tmp_path / "结果" / "报告.json").is_file()
    for write in (lambda target: write_text(target, "{}"), lambda target: writing.check_writable(target, [])):
        with pytest.raises(OutputError) as raised:
            write(tmp_path / "结国" / "县" / "报告.json")
        assert "结国”不存在" in explain_error(raised.value) and "县”" not in explain_error(raised.value)
    assert [p.name for p in tmp_path.iterdir()] == ["结果"]


def test_read_only_output_file_is_not_replaced(tmp_path):
    target = tmp_path / "报告.json"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o444)
    with pytest.raises(OutputError) as raised:
        write_text(target, "new")
    assert (
        "只读" in explain_error(raised.value)
        and target.read_text(encoding="utf-8") == "old"
        and not list_temporary_files(tmp_path)
    )
    target.chmod(0o644)


def test_output_file_of_unknown_format_is_refused(checked_small_plan, tmp_path):
    with pytest.raises(OutputError) as raised:
        write_findings(tmp_path / "问题.dwg", [], checked_small_plan.plan.crs)
    assert "问题.dwg" in explain_error(raised.value) and ".gpkg" in explain_error(raised.value)
    assert not (tmp_path / "问题.dwg").exists()


def test_output_path_equal_to_the_input_data_is_refused(tmp_path):
    source = write_gpkg(tmp_path / "数据" / "a.gpkg", take_one_layer())
    checked = check_data(tmp_path / "数据")
    before = hash_files(tmp_path)
    with pytest.raises(OutputError) as raised:
        check_outputs(OutputPaths(findings=str(source)), [str(source)])
    assert "是被检查的数据" in explain_error(raised.value)
    # The source was a folder; its files are known only after reading.
    with pytest.raises(OutputError) as raised:
        write_outputs(checked.report, checked.plan, OutputPaths(json=str(tmp_path / "结果.json"), findings=str(source)))
    assert "是被检查的数据" in explain_error(raised.value) and "a.gpkg" in explain_error(raised.value)
    assert hash_files(tmp_path) == before


def test_failed_writer_keeps_the_old_output_file(tmp_path):
    target = tmp_path / "报告.html"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError), write_atomically(target) as path:
        path.write_text("half", encoding="utf-8")
        raise KeyError("something else went wrong")
    assert target.read_text(encoding="utf-8") == "old" and not list_temporary_files(tmp_path)


def test_error_unrelated_to_the_output_is_not_reported_as_a_write_error(tmp_path):
    with pytest.raises(FileNotFoundError), write_atomically(tmp_path / "报告.html"):
        (tmp_path / "模板.html").read_text(encoding="utf-8")


FULL_DISK_SCRIPT = """
import resource, signal, sys
sys.path.insert(0, {root!r})
from pyproj import CRS
from plugin.core.base.errors import OutputError
from plugin.core.model.findings import Finding
from plugin.core.base.files.writing import write_text
from plugin.core.standard.messages.texts import Texts
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
    sys.stdout.buffer.write(Texts("zh").explain_error(error).encode())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="file sizes cannot be limited there")
@pytest.mark.parametrize("name", first_daily(["报告.html", "问题.gpkg", "问题.shp", "问题.geojson"]))
def test_full_disk_keeps_the_old_output_file(checked_small_plan, tmp_path, name):
    target = tmp_path / name
    if name.endswith(".html"):
        write_text(target, "old")
    else:
        write_findings(target, [], checked_small_plan.plan.crs)
    before = hash_files(tmp_path)
    code = FULL_DISK_SCRIPT.format(root=str(REPOSITORY_ROOT), target=str(target))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    printed = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert f"{name}”" in printed and "无法写入" in printed and "原有文件未改动" in printed, printed
    assert hash_files(tmp_path) == before and not list_temporary_files(tmp_path)
