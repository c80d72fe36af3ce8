# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of a package: conditions, content, manifest, atomic replacement."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled, InputError, OutputError
from plugin.core.base.files.digests import (
    MANIFEST_DIGEST_FILE_NAME,
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    UNLISTED_FILES,
    is_complete_package,
)
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.package_facts import make_jpeg, make_pdf
from plugin.core.model.rule import Severity
from plugin.core.package.export import ExportOrder, export_package, make_package_path
from plugin.core.package.folder import (
    finish_interrupted_export,
    lock_for_writing,
    make_sibling_folder_paths,
)
from plugin.core.package.gate import find_check_problems, find_narrow_scope
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.layers import data_sets
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ProblemLevel, ProblemPlace
from plugin.core.package.tables import write_tables as tables_write
from plugin.core.plan.io import read_source
from plugin.core.standard.messages.texts import Texts
from plugin.paths import PACKAGE_SPECS_FOLDER, SAMPLE_FOLDER
from tests.core.package_fixtures import list_relative_paths, write_clean_county
from tests.core.small_plan import explain_error, hash_files
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.parametrize import first_daily
from tests.personal_names import set_personal_names

pytestmark = pytest.mark.slow  # it writes and reads whole databases

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

PACKAGE_ROOT = "140225浑源县国土空间总体规划"
TEXT_DOCUMENT_NAME = "140225浑源县国土空间总体规划文本.pdf"
DATABASE_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据.gdb"


@pytest.fixture(scope="module")
def county_file(tmp_path_factory):
    return write_clean_county(tmp_path_factory.mktemp("数据") / "county.gpkg")


@pytest.fixture(scope="module")
def checked_county(county_file):
    return check_plan(county_file, RunOptions())


@pytest.fixture
def document_folder(tmp_path):
    folder = tmp_path / "文档"
    folder.mkdir()
    (folder / TEXT_DOCUMENT_NAME).write_bytes(make_pdf("x" * 99))
    return folder


@pytest.fixture
def export_order(tmp_path, document_folder):
    return ExportOrder(load_package_spec("county"), tmp_path / "汇交 结果", document_folder)


def change_export_order(order, **more):
    return ExportOrder(**{**{f: getattr(order, f) for f in order.__dataclass_fields__}, **more})


def test_county_package_lists_every_file_with_its_digest(checked_county, export_order, county_file):
    before = hash_files(county_file)
    done = export_package(checked_county, export_order)
    assert done.path == export_order.parent_folder / PACKAGE_ROOT and {
        p.name for p in export_order.parent_folder.iterdir()
    } == {PACKAGE_ROOT}
    assert hash_files(county_file) == before
    inside = list_relative_paths(done.path)
    assert {
        "1-空间数据",
        "2-规划文档",
        "5-元数据",
        DATABASE_PATH,
        f"2-规划文档/{TEXT_DOCUMENT_NAME}",
        MANIFEST_FILE_NAME,
        MANIFEST_PAGE_FILE_NAME,
        MANIFEST_DIGEST_FILE_NAME,
    } <= inside
    assert not any(n.endswith((".lock", ".tmp")) for n in inside)
    manifest = json.loads((done.path / MANIFEST_FILE_NAME).read_text(encoding="utf-8"))
    assert manifest == done.manifest
    listed = {row["path"]: (row["bytes"], row["sha256"]) for row in manifest["files"]}
    found = {
        p.relative_to(done.path).as_posix(): (p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest())
        for p in done.path.rglob("*")
        if p.is_file() and p.name not in UNLISTED_FILES
    }
    assert listed == found
    assert done.manifest_digest == hashlib.sha256((done.path / MANIFEST_FILE_NAME).read_bytes()).hexdigest()
    verified = subprocess.run(
        ["sha256sum", "-c", MANIFEST_DIGEST_FILE_NAME], cwd=done.path, capture_output=True, text=True
    )
    assert verified.returncode == 0, verified.stderr


def test_manifest_of_an_exported_package_describes_every_layer(checked_county, export_order):
    manifest = export_package(checked_county, export_order).manifest
    plan = checked_county.plan
    rows = {row["role"]: row for row in manifest["layers"]}
    assert set(rows) == set(plan.layers)
    for role, row in rows.items():
        layer = plan.layers[role]
        assert row["features"] == len(layer) and row["file"] == DATABASE_PATH
        assert (row["crs"], row["source_crs"], row["vertical"]) == ("EPSG:4490", "EPSG:4526", "")
        assert row["areas_m2"]["statutory"] == pytest.approx(layer.statutory.sum(), abs=0.01 * len(layer))
        assert row["read_back"]["same"] and row["read_back"]["moved_m"] < 1e-6
        lonlat = gpd.GeoSeries(layer.raw_shapes, crs=4526).to_crs(4490)
        assert row["extent"] == pytest.approx(lonlat.total_bounds.tolist(), abs=1e-9)
    parcels = plan.layers["DLTB"]
    assert rows["DLTB"]["areas_m2"]["survey"] == pytest.approx(parcels.numbers("gross_area").sum(), abs=1e-3)
    assert rows["DLTB"]["areas_m2"]["net"] == pytest.approx(parcels.numbers("net_area").sum(), abs=1e-3)
    assert manifest["area"] == {"code": "140225", "name": "浑源县"} and manifest["secrecy"] == "内部"
    assert manifest["tool"]["versions"]["sanxian"] and manifest["standard"]["id"] == "county_db"
    assert manifest["check"]["verdict"] == "conditional" and not manifest["check"]["forced"]
    assert "vector.layers" in manifest["form"]["unverified"]
    assert "EPSG:4526 逐节点换算到 EPSG:4490" in " ".join(p["message"] for p in manifest["problems"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_manifest_states_the_scope_and_notes_that_a_wider_one_was_not_checked(checked_county, export_order, lang):
    narrow = replace(
        checked_county,
        plan=replace(checked_county.plan, scope="three_lines"),
        report=replace(checked_county.report, lang=lang),
    )
    note = {"zh": "没有按“县级总体规划”检查", "en": "rules of “County plan” were not checked"}[lang]
    done = export_package(narrow, export_order)
    assert done.manifest["check"]["scope"] == "three_lines"
    (problem,) = [p for p in done.problems if p.key == "scope_narrower"]
    assert (problem.level, problem.place) == (ProblemLevel.NOTE, ProblemPlace.RULES)
    assert note in problem.format_as_sentence(Texts(lang))
    page = (done.path / "manifest.html").read_text(encoding="utf-8")
    assert {"zh": "三条控制线", "en": "Three control lines"}[lang] in page
    whole = replace(checked_county, plan=replace(checked_county.plan, scope="county"))
    assert not list(find_narrow_scope(whole))


def test_exported_package_contains_no_user_name_host_name_or_local_path(
    checked_county, export_order, tmp_path, monkeypatch
):
    names = set_personal_names(monkeypatch)
    done = export_package(checked_county, export_order)
    secrets = [str(tmp_path), str(checked_county.plan.input_files[0]), "/tmp/", *names]
    if len(home := os.path.expanduser("~").strip("/")) > 4:
        secrets.append(home)
    for path in done.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in secrets:
                for codec in ("utf-8", "utf-16-le"):
                    assert secret.encode(codec) not in content, (path.name, secret)


def test_exported_tables_contain_the_figures_of_the_plan(checked_county, export_order):
    openpyxl = pytest.importorskip("openpyxl")
    done = export_package(checked_county, export_order)
    path = done.path / "3-规划表格" / "140225浑源县国土空间规划表格.xlsx"
    assert "3-规划表格/140225浑源县国土空间规划表格.xlsx" in {row["path"] for row in done.manifest["files"]}
    book = openpyxl.load_workbook(path, read_only=True)
    assert len(book.sheetnames) > 3
    ratio = next(i for i in checked_county.report.indicators if i.id.startswith("expansion_ratio") and i.value)
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    numbers = [float(c) for c in cells if isinstance(c, int | float)]
    assert any(n == pytest.approx(ratio.value, abs=1e-4) for n in numbers)


def test_export_without_table_specs_or_without_openpyxl_writes_no_workbook(checked_county, export_order, monkeypatch):
    spec = replace(export_order.package_spec, tables=None)
    done = export_package(checked_county, change_export_order(export_order, package_spec=spec))
    assert not any(n.endswith(".xlsx") for n in list_relative_paths(done.path))
    monkeypatch.setattr(tables_write, "find_spec", lambda name: None)
    done = export_package(checked_county, export_order)
    assert "tables_no_openpyxl" in {p.key for p in done.problems} and not any(
        n.endswith(".xlsx") for n in list_relative_paths(done.path)
    )


def test_pyogrio_reads_exported_layers_back_as_equal_if_fiona_is_missing(checked_county, export_order, monkeypatch):
    """Block fiona, which QGIS on Windows lacks; pyogrio must read the same."""
    first = export_package(checked_county, export_order).manifest["layers"]
    for name in [n for n in sys.modules if n.split(".")[0] == "fiona"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fiona", None)
    second = export_package(checked_county, export_order).manifest["layers"]
    assert all(row["read_back"]["library"].startswith("fiona") for row in first)
    assert all(row["read_back"]["library"].startswith("pyogrio") and row["read_back"]["same"] for row in second)
    for one, other in zip(first, second, strict=True):
        assert {k: v for k, v in one.items() if k != "read_back"} == {
            k: v for k, v in other.items() if k != "read_back"
        }


def test_exported_metadata_use_the_element_names_of_the_package_spec(checked_county, export_order):
    done = export_package(checked_county, export_order)
    root = ET.parse(done.path / "5-元数据" / "140225浑源县国土空间总体规划元数据.xml").getroot()
    assert root.tag == "元数据" and len(root.findall("数据集")) == len(checked_county.plan.layers)
    first = next(r for r in root.findall("数据集") if r.findtext("名称") == "CZKFBJ")
    assert (first.findtext("别名"), first.findtext("坐标系WKID"), first.findtext("坐标单位")) == (
        "城镇开发边界",
        "4490",
        "度",
    )
    assert first.findtext("要素数") == str(len(checked_county.plan.layers["CZKFBJ"]))
    # Grades are assigned by reviewers, so the element stays empty.
    assert root.findtext("成果包/质量等级") == "" and root.findtext("成果包/密级") == "内部"


def test_package_page_shows_verdict_layers_documents_and_crs_of_the_manifest(checked_county, export_order):
    done = export_package(checked_county, export_order)
    page = (done.path / MANIFEST_PAGE_FILE_NAME).read_text(encoding="utf-8")
    for text in (
        PACKAGE_ROOT,
        "城镇开发边界",
        "有条件通过",
        "逐节点换算",
        TEXT_DOCUMENT_NAME,
        "必须的图层",
        "EPSG:4490",
        "指标和面积表",
        "SHA256SUMS",
    ):
        assert text in page
    assert "http" not in page and "强制" not in page
    for row in done.manifest["files"]:
        assert row["path"] == MANIFEST_PAGE_FILE_NAME or row["sha256"] in page


def check_failing_plan(source, tmp_path):
    """Return a check of a plan in which the red line overlaps farmland."""
    path = tmp_path / "坏.gpkg"
    shutil.copyfile(source, path)
    farmland = gpd.read_file(path, layer="YJJBNTBHTB")
    red = gpd.read_file(path, layer="STBHHX")
    shapes = red.geometry.to_numpy()
    shapes[0] = shapely.union(shapes[0], farmland.geometry.iloc[0])
    red.set_geometry(shapes, crs=red.crs).to_file(path, layer="STBHHX", driver="GPKG")
    return check_plan(path, RunOptions())


def test_plan_that_fails_its_check_is_exported_only_with_force(county_file, export_order, tmp_path):
    checked = check_failing_plan(county_file, tmp_path)
    assert checked.report.summary["verdict"] == "fail"
    with pytest.raises(OutputError) as caught:
        export_package(checked, export_order)
    assert (
        caught.value.key == "package_gate"
        and "不通过" in explain_error(caught.value)
        and "请选“强制生成”" in explain_error(caught.value)
        and "FORCE" not in explain_error(caught.value)
    )
    assert not (export_order.parent_folder / PACKAGE_ROOT).exists()
    done = export_package(checked, change_export_order(export_order, is_forced=True))
    assert done.manifest["check"]["forced"] and done.manifest["check"]["verdict"] == "fail"
    assert "强制生成" in (done.path / MANIFEST_PAGE_FILE_NAME).read_text(encoding="utf-8")
    root = ET.parse(done.path / "5-元数据" / "140225浑源县国土空间总体规划元数据.xml").getroot()
    assert root.findtext("成果包/数据完整性") == ""


def test_export_after_a_check_of_only_some_rules_is_refused(county_file, export_order):
    checked = check_plan(county_file, RunOptions(rules=("TOP001",)))
    with pytest.raises(OutputError) as caught:
        export_package(checked, export_order)
    assert "未运行" in explain_error(caught.value) and "SCH001" in explain_error(caught.value)


def test_missing_layers_and_documents_stop_the_export(county_file, export_order, tmp_path):
    without = tmp_path / "缺.gpkg"
    layers, _ = make_county(300, defects=False)
    layers.pop("YDYHGHFQ")
    write_geopackage(without, layers)
    checked = check_plan(without, RunOptions())
    with pytest.raises(OutputError) as caught:
        export_package(checked, change_export_order(export_order, documents_folder=None))
    assert "规划分区" in explain_error(caught.value) and TEXT_DOCUMENT_NAME in explain_error(caught.value)
    done = export_package(checked, change_export_order(export_order, documents_folder=None, is_forced=True))
    mdb_messages = [p["message"] for p in done.manifest["problems"] if ".mdb" in p["message"].split("：")[0]]
    assert len(mdb_messages) == 1 and "没有生成" in mdb_messages[0]
    (layer_message,) = [p["message"] for p in done.manifest["problems"] if p["key"] == "layer_missing"]
    assert (
        layer_message.startswith("规划中没有规划分区（")
        and "YDYHGHFQ" in layer_message
        and "zones" not in layer_message
    )
    levels = {(p["key"], p["level"]) for p in done.manifest["problems"]}
    assert {("layer_missing", "gate"), ("file_missing", "gate")} <= levels and done.manifest["check"]["forced"]


def test_plan_layer_left_out_of_the_package_is_named_in_the_manifest(county_file, export_order, tmp_path):
    path = tmp_path / "多.gpkg"
    shutil.copyfile(county_file, path)
    gpd.read_file(path, layer="CZKFBJ")[["geometry"]].to_file(path, layer="征求意见底图", driver="GPKG")
    done = export_package(check_plan(path, RunOptions()), export_order)
    (problem,) = [p for p in done.manifest["problems"] if p["key"] == "layers_left_out"]
    assert (problem["count"], problem["features"], problem["level"]) == (1, ["征求意见底图"], "note")
    assert "征求意见底图" in problem["message"]


def test_documents_are_assigned_to_the_slots_of_a_package_by_their_file_names(
    checked_county, export_order, document_folder
):
    (document_folder / "里面").mkdir()
    (document_folder / "里面" / "140225浑源县03三条控制线图.jpg").write_bytes(make_jpeg())
    (document_folder / "140226左云县04图.jpg").write_bytes(b"\xff\xd8\xff")
    (document_folder / "Thumbs.db").write_bytes(b"x")
    (document_folder / "笔记.txt").write_bytes(b"x")
    done = export_package(checked_county, export_order)
    inside = list_relative_paths(done.path)
    assert "4-规划图件/140225浑源县03三条控制线图.jpg" in inside
    assert not any("左云" in n or "Thumbs" in n or "笔记" in n for n in inside)
    (left,) = [p for p in done.problems if p.key == "files_left_out"]
    assert left.count == 2 and set(left.features) == {"140226左云县04图.jpg", "笔记.txt"}
    slots = {row["id"]: row for row in done.manifest["slots"]}
    assert slots["maps"]["files"] == ["4-规划图件/140225浑源县03三条控制线图.jpg"] and not slots["tables"]["files"]


def test_empty_document_or_missing_document_folder_is_refused(checked_county, export_order, document_folder):
    (document_folder / TEXT_DOCUMENT_NAME).write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order)
    assert TEXT_DOCUMENT_NAME in explain_error(caught.value)
    with pytest.raises(InputError) as caught:
        export_package(checked_county, change_export_order(export_order, documents_folder=document_folder / "没有"))
    assert "没有" in explain_error(caught.value)


def test_second_export_keeps_added_documents_named_in_the_spec_and_is_refused_if_other_files_were_added(
    checked_county, export_order
):
    """Keep a document with a listed name; refuse to replace a package with others."""
    done = export_package(checked_county, export_order)
    report = done.path / "2-规划文档" / "140225浑源县数据库建设报告.pdf"
    report.write_bytes(make_pdf("mine"))
    again = export_package(checked_county, change_export_order(export_order, documents_folder=None))
    assert report.read_bytes() == make_pdf("mine") and is_complete_package(again.path)
    assert "2-规划文档/140225浑源县数据库建设报告.pdf" in {row["path"] for row in again.manifest["files"]}
    (done.path / "备注.docx").write_bytes(b"mine")
    before = hash_files(done.path)
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order)
    assert "备注.docx" in explain_error(caught.value) and hash_files(done.path) == before


def test_existing_folder_that_is_no_package_is_not_replaced(checked_county, export_order):
    target = export_order.parent_folder / PACKAGE_ROOT
    target.mkdir(parents=True)
    (target / "a.txt").write_text("mine")
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order)
    assert caught.value.key == "package_not_ours" and (target / "a.txt").read_text() == "mine"


def test_export_that_would_replace_the_folder_of_its_plan_data_is_refused(county_file, export_order):
    target = export_order.parent_folder / PACKAGE_ROOT
    target.mkdir(parents=True)
    inside = target / "county.gpkg"
    shutil.copyfile(county_file, inside)
    with pytest.raises(OutputError) as caught:
        export_package(check_plan(inside, RunOptions()), export_order)
    assert caught.value.key == "output_is_input" and inside.exists()


def write_spec_for_format(tmp_path, suffix, more):
    """Return the county package spec with another data format."""
    text = (PACKAGE_SPECS_FOLDER / "county.toml").read_text(encoding="utf-8")
    text = text.replace("矢量数据.gdb", f"矢量数据{suffix}").replace('crs = "EPSG:4490"', more)
    path = tmp_path / "某省.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.mark.parametrize(
    ("suffix", "crs"),
    first_daily(
        [
            (".gdb", "EPSG:4490"),
            (".gpkg", "EPSG:4526"),
            (".shp", "EPSG:4490"),
            (".gdb", "EPSG:4526"),
            (".gpkg", "EPSG:4490"),
            (".shp", "EPSG:4526"),
        ],
        3,
    ),
)
def test_package_exported_in_every_data_format_passes_inspection(checked_county, export_order, tmp_path, suffix, crs):
    """Require no findings except those of the check of the plan."""
    spec = write_spec_for_format(
        tmp_path, suffix, f'crs = "{crs}"' + ('\nencoding = "GBK"' if suffix == ".shp" else "")
    )
    done = export_package(checked_county, change_export_order(export_order, package_spec=spec))
    assert all(row["read_back"]["same"] for row in done.manifest["layers"])
    if suffix == ".shp":
        assert "1-空间数据/140225浑源县国土空间规划矢量数据/DLTB.cpg" in list_relative_paths(done.path)
    before = hash_files(done.path)
    report = inspect_package(done.path, spec, RunOptions()).report
    known = {(f.code, f.key, f.field) for f in checked_county.report.findings}
    more = [f for f in report.findings if (f.code, f.key, f.field) not in known and f.case != "optional"]
    assert not more, [f.message for f in more]
    assert report.verdict == checked_county.report.verdict and hash_files(done.path) == before


def test_layer_that_reads_back_different_stops_the_export_and_keeps_the_old_package(
    checked_county, export_order, monkeypatch
):
    export_package(checked_county, export_order)
    before = hash_files(export_order.parent_folder / PACKAGE_ROOT)
    real = data_sets.write_database

    def write_and_change(path, *args, **more):
        real(path, *args, **more)
        from osgeo import gdal

        database = gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR)
        layer = database.GetLayerByName("CZKFBJ")
        feature = layer.GetNextFeature()
        feature.SetField("MJ", 1.0)
        layer.SetFeature(feature)
        del feature, layer, database

    monkeypatch.setattr(data_sets, "write_database", write_and_change)
    with pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order)
    text = explain_error(caught.value)
    assert caught.value.key == "package_not_the_same" and "MJ" in text and ".gdb”" in text
    assert hash_files(export_order.parent_folder / PACKAGE_ROOT) == before and list_relative_paths(
        export_order.parent_folder
    ) >= {PACKAGE_ROOT}
    assert not any(p.exists() for p in make_sibling_folder_paths(export_order.parent_folder / PACKAGE_ROOT))


def test_cancelled_export_keeps_the_old_package_and_progress_never_decreases(checked_county, export_order):
    export_package(checked_county, export_order)
    before, shares = hash_files(export_order.parent_folder / PACKAGE_ROOT), []
    export_package(checked_county, export_order, progress=lambda share, text: shares.append(share))
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares) and len(shares) > 5
    before = hash_files(export_order.parent_folder / PACKAGE_ROOT)
    polls = []

    def cancel_at_progress():
        polls.append(1)
        return len(polls) == 40

    with pytest.raises(Cancelled):
        export_package(checked_county, export_order, cancellation=Cancellation(cancel_at_progress))
    assert hash_files(export_order.parent_folder / PACKAGE_ROOT) == before and {
        p.name for p in export_order.parent_folder.iterdir()
    } == {PACKAGE_ROOT}


#: For each input number: one export in a process that is killed after so many file operations (0: never).
#: Output: exit signal, number of operations, and the operations that were moves.
KILLED_EXPORT_SCRIPT = """
import os, signal, sys
sys.path.insert(0, {tree!r})
from pathlib import Path
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.package.export import export_package
from plugin.core.package.export_order import ExportOrder
from plugin.core.package.package_spec.load import load_package_spec
checked = check_plan({source!r}, RunOptions())
folder, done, at, moves = {folder!r}, 0, 0, []
def watch(event, arguments):
    global done
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "shutil.copyfile", "os.scandir"):
        # A folder is deleted by names below an open one.
        below = event in ("os.remove", "os.rmdir") and arguments[-1] >= 0
        if below or any(isinstance(a, (str, Path)) and str(a).startswith(folder) for a in arguments):
            done += 1
            if event == "os.rename":
                moves.append(done)
            if done == at:
                os.kill(os.getpid(), signal.SIGKILL)
for line in sys.stdin:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        at = int(line)
        sys.addaudithook(watch)
        export_package(checked, ExportOrder(load_package_spec("county"), Path(folder), is_forced=True))
        os.write(write, " ".join(map(str, (done, *moves))).encode())
        os._exit(0)
    os.close(write)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), os.read(read, 9999).decode(), flush=True)
    os.close(read)
"""


@pytest.fixture
def run_killed_export(county_file, tmp_path):
    """Return a function that runs an export and kills it at the given file operation.

    It returns exit status, number of operations and the operations that are moves.
    """
    tree = str(Path(__file__).resolve().parents[3])
    text = KILLED_EXPORT_SCRIPT.format(tree=tree, source=str(county_file), folder=str(tmp_path / "结果"))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", text], stdin=pipe, stdout=pipe, text=True) as process:

        def run_export(at):
            process.stdin.write(f"{at}\n")
            process.stdin.flush()
            status, *steps = map(int, process.stdout.readline().split())
            return status, *(steps[:1] or [0]), steps[1:]

        yield run_export
        process.stdin.close()


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_export_killed_at_any_step_leaves_a_complete_old_or_new_package(checked_county, run_killed_export, tmp_path):
    folder = tmp_path / "结果"
    order = ExportOrder(load_package_spec("county"), folder, is_forced=True)
    export_package(checked_county, order)
    target = make_package_path(checked_county.plan, order)
    status, total, moves = run_killed_export(0)
    assert status == 0
    # Points over the whole run and at each last step: the swap (two moves) and deletion of the old package.
    first, second = moves[-2:]
    swap = (first - 1, first, second, second + 1, second + 2, second + 10)
    points = sorted({1, total // 6, total // 3, total // 2, 2 * total // 3, *swap})
    assert len(points) >= 10
    seen = set()
    for at in points:
        assert run_killed_export(at)[0] == -signal.SIGKILL, at
        new, old = make_sibling_folder_paths(target)
        here = [p for p in (target, new, old) if is_complete_package(p)]
        assert here, f"nothing whole after {at} of {total}"
        seen.add(tuple(p.exists() for p in (target, new, old)))
        with lock_for_writing(target):
            finish_interrupted_export(target)
        assert is_complete_package(target) and {p.name for p in folder.iterdir()} == {PACKAGE_ROOT}, at
    # Before the swap, between its two moves, and after it.
    assert {(True, True, False), (False, True, True), (True, False, True)} <= seen, seen


def test_export_into_a_locked_package_is_refused(checked_county, export_order):
    done = export_package(checked_county, export_order)
    before = hash_files(done.path)
    with lock_for_writing(done.path), pytest.raises(OutputError) as caught:
        export_package(checked_county, export_order)
    assert caught.value.key == "package_busy" and str(done.path) in explain_error(caught.value)
    assert hash_files(done.path) == before


def test_package_command_exports_a_package_and_prints_its_digest(county_file, document_folder, tmp_path, capsys):
    from plugin.core.__main__ import main

    folder = tmp_path / "结果"
    assert main(["package", str(county_file), str(folder)]) == 1
    assert TEXT_DOCUMENT_NAME in capsys.readouterr().err and not (folder / PACKAGE_ROOT).exists()
    assert main(["package", str(county_file), str(folder), "--documents", str(document_folder)]) == 0
    printed = capsys.readouterr().out
    assert (
        hashlib.sha256((folder / PACKAGE_ROOT / MANIFEST_FILE_NAME).read_bytes()).hexdigest() in printed
        and str(folder / PACKAGE_ROOT) in printed
    )
    assert main(["package", str(county_file), str(folder), "--force", "--package", "city"]) == 1
    assert is_complete_package(folder / "140200大同市国土空间总体规划")
    capsys.readouterr()
    assert main(["package", str(county_file), str(folder), "--package", "没有"]) == 2
    assert "county" in capsys.readouterr().err


#: Names of the layers in the sample project; one has a year.
PROJECT_NAMES = {
    "CZKFBJ": "城镇开发边界",
    "STBHHX": "生态保护红线",
    "YJJBNTBHTB": "永久基本农田",
    "LSWHBHX": "历史文化保护线",
    "YDYHGHFQ": "用地用海规划分区",
    "XZQX": "县级行政区",
    "XZQXZ": "乡镇级行政区",
    "GDBHMB": "耕地保护目标",
    "DLTB": "地类图斑 2020",
    "YJJBNTCBQ": "永久基本农田储备区",
}
SPEC = load_package_spec("county")
#: A shape of the sample whose vertices are on one line.
FLAT_FEATURE = "140225000006000066"


def check_renamed_layers(path, profile=""):
    """Check a county's database whose layers have the names of the sample project."""
    layers = [replace(one, name=PROJECT_NAMES[one.name]) for one in read_source(path) if one.name in PROJECT_NAMES]
    roles = {role: name for role, name in PROJECT_NAMES.items() if any(one.name == name for one in layers)}
    return check_plan(layers, RunOptions(profile=profile, standard=SPEC.standard, roles=roles), source="浑源县")


@pytest.fixture(scope="module")
def forced_package(tmp_path_factory):
    """Return the check of the sample, its forced package, and the inspection of the package."""
    checked = check_renamed_layers(SAMPLE_FOLDER / "county.gpkg", "hunyuan")
    exported = export_package(checked, ExportOrder(SPEC, tmp_path_factory.mktemp("包"), is_forced=True))
    return checked, exported, inspect_package(exported.path, SPEC, RunOptions()).report


def test_forced_package_with_project_layer_names_has_findings_only_on_its_force_and_missing_plan_text(forced_package):
    found = [f for f in forced_package[2].findings if f.code.startswith("DOC") and f.severity is not Severity.INFO]
    # The plan fails, so the package was forced, and the plan's text is missing.
    assert {(f.code, f.severity) for f in found} == {("DOC002", Severity.ERROR), ("DOC007", Severity.ERROR)}, [
        (f.code, f.message) for f in found if f.code not in ("DOC002", "DOC007")
    ]


def test_rules_give_the_same_findings_for_a_plan_and_for_its_package(forced_package):
    checked, _, inspected = forced_package
    codes = {rule.code for rule in checked.report.rules} & {rule.code for rule in inspected.rules}
    counts = [Counter(f.code for f in r.findings if f.code in codes) for r in (checked.report, inspected)]
    # The package has every field of its templates, so a missing one is empty there (SCH002).
    assert {code: (counts[0][code], counts[1][code]) for code in codes if counts[0][code] != counts[1][code]} == {
        "SCH002": (1, 0)
    }


def test_invalid_shape_that_the_export_makes_valid_is_recorded_in_the_manifest(forced_package):
    _, exported, _ = forced_package
    (note,) = [p for p in exported.problems if p.key == "shape_now_valid"]
    assert (note.layer, note.features) == ("耕地保护目标", (FLAT_FEATURE,))
    (row,) = [row for row in exported.manifest["layers"] if row["role"] == "GDBHMB"]
    assert row["read_back"]["shape_changes"] == [{"kind": "valid", "count": 1, "features": [FLAT_FEATURE]}]
    assert "1 个图形在工程中无效、此处有效" in (exported.path / "manifest.html").read_text(encoding="utf-8")
    stored = json.loads((exported.path / "manifest.json").read_text(encoding="utf-8"))
    assert any(p["key"] == "shape_now_valid" and FLAT_FEATURE in p["message"] for p in stored["problems"])


def test_base_year_given_only_by_a_layer_name_or_parameter_stops_the_export():
    layers = [replace(one, name=PROJECT_NAMES[one.name]) for one in read_source(SAMPLE_FOLDER / "county.gpkg")]
    (parcels,) = [one for one in layers if one.name == PROJECT_NAMES["DLTB"]]
    without_year = replace(parcels, frame=parcels.frame.drop(columns="SJNF"))
    for parcels_layer, options, expected in (
        (parcels, {}, []),
        (without_year, {}, ["base_year_outside"]),
        (replace(without_year, name="地类图斑"), {"base_year": 2020}, ["base_year_outside"]),
        (replace(without_year, name="地类图斑", source=""), {}, []),
    ):
        roles = {**PROJECT_NAMES, "DLTB": parcels_layer.name}
        given = [parcels_layer, *(one for one in layers if one is not parcels)]
        checked = check_plan(given, RunOptions(profile="hunyuan", standard=SPEC.standard, roles=roles, **options))
        problems = [p for p in find_check_problems(checked) if p.key.startswith("base_year")]
        assert [p.key for p in problems] == expected
        assert all((p.layer, p.field, p.params) == (parcels_layer.name, "SJNF", {"year": 2020}) for p in problems)
