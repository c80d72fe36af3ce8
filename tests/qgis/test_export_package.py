# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm export_package: refusal, unsaved edits and cancel."""

import hashlib
import json

import fiona
import pytest
from pypdf import PdfReader
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer

from plugin.bridge.printing.pdf import write_pdf
from plugin.core.base.files.digests import is_complete_package
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.package_facts import make_pdf
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.render.document.check_report import make_check_report
from tests.core.package_fixtures import write_clean_county
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.qgis.helpers import SAMPLE, Log, digest_files, make_log_that_cancels_above, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")

PACKAGE_NAME = "140225浑源县国土空间总体规划"
PACKAGE_GEODATABASE = f"{PACKAGE_NAME}/1-空间数据/140225浑源县国土空间规划矢量数据.gdb"
PLAN_TEXT_FILE = "140225浑源县国土空间总体规划文本.pdf"


@pytest.fixture(scope="module")
def clean_county_file(tmp_path_factory):
    return write_clean_county(tmp_path_factory.mktemp("数据") / "county.gpkg")


@pytest.fixture
def documents_folder(tmp_path):
    folder = tmp_path / "文档"
    folder.mkdir()
    (folder / PLAN_TEXT_FILE).write_bytes(make_pdf())
    return folder


def test_export_package_of_a_passing_county_writes_a_package_with_the_correct_manifest_digest(
    tmp_path, clean_county_file, documents_folder
):
    before, feedback = digest_files(clean_county_file), Log()
    given = {"SOURCE": str(clean_county_file), "DOCUMENTS": str(documents_folder), "OUTPUT": str(tmp_path / "结果")}
    made = run_algorithm("export_package", given, feedback)
    package = tmp_path / "结果" / PACKAGE_NAME
    assert made["OUTPUT"] == str(package) and made["VERDICT"] == "conditional" and is_complete_package(package)
    assert made["DIGEST"] == hashlib.sha256((package / "manifest.json").read_bytes()).hexdigest()
    assert made["DIGEST"] in "\n".join(feedback.lines) and digest_files(clean_county_file) == before
    with fiona.open(tmp_path / "结果" / PACKAGE_GEODATABASE, layer="CZKFBJ") as layer:
        assert layer.crs.to_epsg() == 4490 and next(iter(layer))["properties"]["GHFQMC"]
    assert json.loads((package / "manifest.json").read_text(encoding="utf-8"))["tool"]["versions"]["qgis"]
    # The report has pictures drawn by QGIS.
    report = (package / "2-规划文档" / "140225浑源县质量检查报告.html").read_text(encoding="utf-8")
    assert "data:image/png;base64" in report or "data:image/jpeg;base64" in report


@pytest.mark.exhaustive
def test_package_supplied_only_with_the_planning_text_lacks_no_file_and_a_forged_report_is_found(
    tmp_path, clean_county_file, documents_folder
):
    given = {"SOURCE": str(clean_county_file), "DOCUMENTS": str(documents_folder), "OUTPUT": str(tmp_path / "结果")}
    package = tmp_path / "结果" / PACKAGE_NAME
    run_algorithm("export_package", given)
    made = [package / "2-规划文档" / f"140225浑源县质量检查{kind}.pdf" for kind in ("报告", "记录")]
    pages = [PdfReader(path).pages for path in made]
    assert all("浑源县" in one[0].extract_text() for one in pages)
    spec = load_package_spec("county")
    report = inspect_package(package, spec, RunOptions(standard=spec.standard)).report
    found = {(f.code, f.case, f.key) for f in report.findings if f.code in ("DOC002", "DOC005", "DOC006", "DOC015")}
    assert found == set()
    # Only the county knows whether it has this report; the manifest lists it as not provided.
    (parts,) = [rule for rule in report.rules if rule.code == "DOC002"]
    assert "数据库建设报告" in parts.reason
    # Another figure in the report that is signed, and nothing else.
    forge_pdf(made[0], tmp_path)
    report = inspect_package(package, spec, RunOptions(standard=spec.standard)).report
    assert ("DOC015", "document", "2-规划文档/140225浑源县质量检查报告.pdf") in {
        (f.code, f.case, f.key) for f in report.findings
    }


def forge_pdf(path, folder):
    """Replace a printed report by that of another county's check, with other figures."""
    checked = check_plan(SAMPLE, RunOptions(profile="hunyuan", rules=("REL001",)))
    other = folder / "other.pdf"
    write_pdf(make_check_report(checked.report, checked.plan.norm), other)
    path.write_bytes(other.read_bytes())


def test_export_package_refuses_a_failing_county_unless_forced(tmp_path):
    layers, _ = make_county(300, defects=False)
    layers["DLTB"].loc[0, "DLBM"] = "9999"
    write_geopackage(tmp_path / "county.gpkg", layers)
    given = {"SOURCE": str(tmp_path / "county.gpkg"), "OUTPUT": str(tmp_path / "结果")}
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("export_package", given)
    assert (
        "不通过" in str(caught.value)
        and "请选“强制生成”" in str(caught.value)
        and not (tmp_path / "结果" / PACKAGE_NAME).exists()
    )
    feedback = Log()
    made = run_algorithm("export_package", {**given, "FORCE": True}, feedback)
    assert made["VERDICT"] == "fail" and made["ERRORS"] > 0 and is_complete_package(tmp_path / "结果" / PACKAGE_NAME)
    assert any("强制生成" in line for line in feedback.lines)


@pytest.mark.exhaustive
def test_export_package_includes_unsaved_edits_of_project_layers(tmp_path, clean_county_file, documents_folder):
    for name in fiona.listlayers(clean_county_file):
        QgsProject.instance().addMapLayer(QgsVectorLayer(f"{clean_county_file}|layername={name}", name, "ogr"))
    (heritage,) = QgsProject.instance().mapLayersByName("LSWHBHX")
    heritage.startEditing()
    feature = next(heritage.getFeatures())
    heritage.changeAttributeValue(feature.id(), heritage.fields().indexOf("MC"), "改过的名称")
    run_algorithm("export_package", {"DOCUMENTS": str(documents_folder), "OUTPUT": str(tmp_path / "结果")})
    heritage.rollBack()
    with fiona.open(tmp_path / "结果" / PACKAGE_GEODATABASE, layer="LSWHBHX") as layer:
        assert "改过的名称" in [f["properties"]["MC"] for f in layer]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PACKAGE": "省级"}, "省级"),
        ({"DOCUMENTS": "/没有/这里"}, "没有"),
        ({"OUTPUT": ""}, "OUTPUT"),
        ({"SOURCE": "/没有.gpkg"}, "没有"),
    ],
)
def test_export_package_reports_invalid_parameters_before_the_run(tmp_path, clean_county_file, given, expected):
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("export_package", {"SOURCE": str(clean_county_file), "OUTPUT": str(tmp_path / "结果"), **given})
    assert expected in str(caught.value) and not (tmp_path / "结果").exists()


def test_cancelled_export_package_leaves_no_file(tmp_path, clean_county_file, documents_folder):
    feedback = make_log_that_cancels_above(60)
    given = {"SOURCE": str(clean_county_file), "DOCUMENTS": str(documents_folder), "OUTPUT": str(tmp_path / "结果")}
    assert run_algorithm("export_package", given, feedback) == {}
    # After an early cancel, not even the folder exists.
    assert not (tmp_path / "结果").exists() or not any((tmp_path / "结果").iterdir())
