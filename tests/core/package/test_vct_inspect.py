# SPDX-License-Identifier: GPL-2.0-or-later
"""A package with a VCT file, alone or beside a database: made, passed by inspection, its damages told with their lines."""

import json
import re
import shutil
from pathlib import Path

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.model.verdict import Verdict
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.package_fixtures import put_county

pytestmark = pytest.mark.slow  # it writes and reads whole packages

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

VCT = "1-空间数据/140225浑源县国土空间规划矢量数据.vct"


def form_of(folder, beside):
    """The county's form with a VCT file for the database, or beside it."""
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    start, stop = text.index("[[vector]]"), text.index("# Files that come")
    own = text[start:stop].replace(".gdb", ".vct").replace('"plan"', '"exchange"').replace("EPSG:4490", "EPSG:4526")
    text = text[: stop if beside else start] + own + text[stop:]
    path = folder / f"{'beside' if beside else 'alone'}.toml"
    path.write_text(text, encoding="utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "beside a database"])
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("成果")
    source, documents = put_county(folder)
    form = form_of(folder, request.param)
    return form, export_package(check_plan(source, Options()), ExportOrder(form, folder / "结果", documents))


@pytest.fixture
def package(made, tmp_path):
    form, done = made
    return form, Path(shutil.copytree(done.path, tmp_path / done.path.name))


def look(package):
    form, path = package
    return inspect_package(path, form, Options()).report


def test_what_the_manifest_says_of_it(made):
    form, done = made
    rows = [row for row in done.manifest["layers"] if row["format"] == "VCT 3.0"]
    assert len(rows) == 9 and {row["file"] for row in rows} == {VCT}
    for row in rows:
        assert row["encoding"] == "GBK" and row["crs"] == "EPSG:4526" and row["read_back"]["same"]
        assert row["read_back"]["library"] == "sanxian VCT 3.0" and row["read_back"]["moved_m"] <= 1e-4
    others = {row["layer"]: row for row in done.manifest["layers"] if row["format"] != "VCT 3.0"}
    assert len(others) == (9 if len(form.vectors) > 1 else 0)
    for row in rows:
        if other := others.get(row["layer"]):
            assert row["features"] == other["features"]
            assert row["areas_m2"]["statutory"] == pytest.approx(other["areas_m2"]["statutory"], rel=1e-9, abs=1)
    # By hand: as many rows of attributes as features and parts, and every layer's name.
    text = (done.path / VCT).read_bytes().decode("gbk").replace("\r\n", "\n")
    blocks = text.split("AttributeBegin\n")[1].split("AttributeEnd")[0].split("TableEnd\n")[:-1]
    counts = {block.split("\n")[0]: block.count("\n") - 1 for block in blocks}
    assert counts.keys() == {row["layer"] for row in rows}
    assert all(counts[row["layer"]] >= row["features"] for row in rows)


def test_inspection_passes_it(package):
    report = look(package)
    # The workbook of an Access database is not compared here.
    assert {f.code for f in report.findings} <= {"DOC011"}, [(f.code, f.message) for f in report.findings]
    assert len(report.provenance["layers"]) == 9 and not report.left_out
    assert report.verdict is Verdict.CONDITIONAL and not [r.code for r in report.rules if r.outcome == "skipped"]


def change(package, old, new, count=1):
    path = package[1] / VCT
    text = path.read_bytes().decode("gbk")
    made, found = re.subn(old, new, text, count=count)
    assert found, old
    path.write_bytes(made.encode("gbk"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (r"(?s)(?<=PolygonBegin\r\n.{5000}).*", "", ("Polygon", "断")),
        (r"PolygonEnd", "PolygonEnd\r\nx", ("BeginX", "x")),
        (r"(?<=\r\n21\r\n)\d+(?=\r\n)", "1000000000", ("项", "")),
        (r"(?<=\r\n21\r\n\d\r\n)-?\d+", "987654321", ("987654321", "不在文件中")),
        (r"\r\n1099000000\r\n", "\r\n1234567890\r\n", ("1234567890", "FeatureCode")),
        (r"(?<=AttributeBegin\r\n)\w+", "QT", ("QT", "TableStructure")),
        (r"(?<=\r\n11\r\n)\d+(?=\r\n)", "999999999", ("坐标", "点数")),
    ],
    ids=["cut off", "a stray line", "items", "unknown line", "unknown code", "unknown table", "points"],
)
def test_damage_is_named_with_its_line(package, old, new, words):
    change(package, old, new)
    report = look(package)
    (found,) = [f for f in report.findings if f.code == "DOC008" and f.case == "broken"]
    assert found.key == VCT and re.search(r"第 \d+ 行", found.message), found.message
    assert any(word in found.message for word in words), found.message
    assert "DOC006" in {f.code for f in report.findings}


def test_a_layer_renamed_or_moved_is_found(package):
    change(package, r"EPSG|Parameters:\d+,", "Parameters:117,")
    change(package, r"38500000,0,3,38", "39500000,0,3,39")
    report = look(package)
    # Another zone than the coordinates have: the file is refused, before any comparison of layers.
    (found,) = [f for f in report.findings if f.code == "DOC008" and f.case == "broken"]
    assert "Parameters" in found.message and re.search(r"第 \d+ 行", found.message)


def test_what_is_wrong_in_a_file_alone_is_found_by_the_rules(package):
    """Beside a database, the database is looked at, and the file held against it."""
    form, _ = package
    # The second parcel gets the key of the first.
    change(package, r"(\r\nDLTB\r\n\d+,)(\d{18})(,[^\r]*\r\n\d+,)\d{18}", r"\1\2\3\2")
    codes = {f.code for f in look(package).findings} - {"DOC006", "DOC011"}
    # Where the file is the only data, the report's own outcomes are contradicted too.
    assert codes == ({"ATT001", "DOC013"} if len(form.vectors) == 1 else {"DOC014"})


def test_remarks_of_the_reader_reach_the_report(package):
    change(package, r"MapScale:\d+", "MapScale:7")
    change(package, r"HeadEnd", "Rotation:15\r\nHeadEnd")
    notices = look(package).provenance["notices"]
    for words in ("MapScale", "Rotation"):
        (one,) = [notice for notice in notices if words in notice]
        assert re.search(r"第 \d+ 行", one) and one.startswith(f"“{VCT}”：")


def test_the_page_names_the_file(made):
    _, done = made
    page = next(done.path.glob("*.html")).read_text(encoding="utf-8")
    assert "VCT 3.0" in page and json.loads((done.path / "manifest.json").read_text(encoding="utf-8"))
