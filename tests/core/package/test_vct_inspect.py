# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of packages with a VCT file, alone or beside a database."""

import re
import shutil
from pathlib import Path

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.verdict import Verdict
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.package_fixtures import write_county_and_documents
from tests.parametrize import first_daily

pytestmark = pytest.mark.slow  # it writes and reads whole packages

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

VCT_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据.vct"


def write_spec(folder, with_database):
    """Write a package spec with a VCT file beside or instead of the database."""
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    start, stop = text.index("[[vector]]"), text.index("# Files that come")
    exchange = (
        text[start:stop].replace(".gdb", ".vct").replace('"plan"', '"exchange"').replace("EPSG:4490", "EPSG:4526")
    )
    text = text[: stop if with_database else start] + exchange + text[stop:]
    path = folder / f"{'both' if with_database else 'alone'}.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "with a database"])
def exported_package(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("成果")
    source, documents = write_county_and_documents(folder)
    spec = write_spec(folder, request.param)
    return spec, export_package(check_plan(source, RunOptions()), ExportOrder(spec, folder / "结果", documents))


@pytest.fixture
def copied_package(exported_package, tmp_path):
    spec, done = exported_package
    return spec, Path(shutil.copytree(done.path, tmp_path / done.path.name))


def inspect_report(spec_and_path):
    """Return the report of an inspection of a package, given with its specification."""
    spec, path = spec_and_path
    return inspect_package(path, spec, RunOptions()).report


def test_manifest_states_crs_encoding_feature_count_and_areas_of_each_vct_layer(exported_package):
    spec, done = exported_package
    rows = [row for row in done.manifest["layers"] if row["format"] == "VCT 3.0"]
    assert len(rows) == 10 and {row["file"] for row in rows} == {VCT_PATH}
    for row in rows:
        assert row["encoding"] == "GBK" and row["crs"] == "EPSG:4526" and row["read_back"]["same"]
        assert row["read_back"]["library"] == "sanxian VCT 3.0" and row["read_back"]["moved_m"] <= 1e-4
    others = {row["layer"]: row for row in done.manifest["layers"] if row["format"] != "VCT 3.0"}
    assert len(others) == (10 if len(spec.vectors) > 1 else 0)
    for row in rows:
        if other := others.get(row["layer"]):
            assert row["features"] == other["features"]
            assert row["areas_m2"]["statutory"] == pytest.approx(other["areas_m2"]["statutory"], rel=1e-9, abs=1)
    # Parsed independently: one attribute row for each feature and part, and the name of every layer.
    text = (done.path / VCT_PATH).read_bytes().decode("gbk").replace("\r\n", "\n")
    blocks = text.split("AttributeBegin\n")[1].split("AttributeEnd")[0].split("TableEnd\n")[:-1]
    counts = {block.split("\n")[0]: block.count("\n") - 1 for block in blocks}
    assert counts.keys() == {row["layer"] for row in rows}
    assert all(counts[row["layer"]] >= row["features"] for row in rows)


def test_exported_package_with_a_vct_file_passes_inspection(copied_package):
    report = inspect_report(copied_package)
    # The workbook of an Access database is not compared here.
    assert {f.code for f in report.findings} <= {"DOC011"}, [(f.code, f.message) for f in report.findings]
    assert len(report.provenance["layers"]) == 10 and not report.left_out
    assert report.verdict is Verdict.CONDITIONAL and not [r.code for r in report.rules if r.outcome == "skipped"]


def change_vct_text(spec_and_path, old, new, count=1):
    """Replace matches of a pattern in the VCT file of a package."""
    path = spec_and_path[1] / VCT_PATH
    text = path.read_bytes().decode("gbk")
    changed_text, found = re.subn(old, new, text, count=count)
    assert found, old
    path.write_bytes(changed_text.encode("gbk"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    first_daily(
        [
            (r"(?s)(?<=PolygonBegin\r\n.{5000}).*", "", ("Polygon", "断")),
            (r"PolygonEnd", "PolygonEnd\r\nx", ("BeginX", "x")),
            (r"(?<=\r\n21\r\n)\d+(?=\r\n)", "1000000000", ("项", "")),
            (r"(?<=\r\n21\r\n\d\r\n)-?\d+", "987654321", ("987654321", "不在文件中")),
            (r"\r\n1099000000\r\n", "\r\n1234567890\r\n", ("1234567890", "FeatureCode")),
            (r"(?<=AttributeBegin\r\n)\w+", "QT", ("QT", "TableStructure")),
            (r"(?<=\r\n11\r\n)\d+(?=\r\n)", "999999999", ("坐标", "点数")),
        ]
    ),
    ids=["cut off", "a stray line", "items", "unknown line", "unknown code", "unknown table", "points"],
)
def test_damage_of_the_vct_file_is_reported_with_its_line(copied_package, old, new, words):
    change_vct_text(copied_package, old, new)
    report = inspect_report(copied_package)
    (found,) = [f for f in report.findings if f.code == "DOC008" and f.case == "broken"]
    assert found.key == VCT_PATH and re.search(r"第 \d+ 行", found.message), found.message
    assert any(word in found.message for word in words), found.message
    assert "DOC006" in {f.code for f in report.findings}


def test_repeated_key_in_a_vct_file_is_reported_by_rules_or_if_there_is_a_database_by_comparison(copied_package):
    """Inspect the VCT file if it is alone, else compare it with the database."""
    spec, _ = copied_package
    # The second parcel gets the key of the first.
    change_vct_text(copied_package, r"(\r\nDLTB\r\n\d+,)(\d{18})(,[^\r]*\r\n\d+,)\d{18}", r"\1\2\3\2")
    codes = {f.code for f in inspect_report(copied_package).findings} - {"DOC006", "DOC011"}
    # Where the file is the only data, the report's own outcomes are contradicted too.
    assert codes == ({"ATT001", "DOC013"} if len(spec.vectors) == 1 else {"DOC014"})


def test_inspection_report_repeats_each_note_of_the_vct_reader_with_file_and_line(copied_package):
    change_vct_text(copied_package, r"Version:3.0", "Version:2.0")
    change_vct_text(copied_package, r"HeadEnd", "Rotation:15\r\nHeadEnd")
    notices = inspect_report(copied_package).provenance["notices"]
    for words in ("2.0", "Rotation"):
        (one,) = [notice for notice in notices if words in notice]
        assert re.search(r"第 \d+ 行", one) and one.startswith(f"“{VCT_PATH}”：")
