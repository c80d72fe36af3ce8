# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm compute_indicators: table and workbook of figures."""

import shutil
import unicodedata

import openpyxl
import pytest
from pypdf import PdfReader
from qgis.core import QgsGeometry, QgsProcessingException, QgsVectorLayer

from plugin.bridge.checking.figures import FIGURE_COLUMNS
from tests.qgis.helpers import SAMPLE, Log, digest_files, run_algorithm, write_small

pytestmark = pytest.mark.usefixtures("provider", "project")


def read_indicator_rows(path):
    layer = QgsVectorLayer(f"{path}|layername=figures", "figures", "ogr")
    assert layer.isValid() and not layer.isSpatial()
    assert tuple(f.name() for f in layer.fields() if f.name() != "fid") == FIGURE_COLUMNS
    return list(layer.getFeatures())


def test_compute_indicators_writes_the_same_figures_to_table_and_workbook(tmp_path):
    before = digest_files(SAMPLE)
    targets = {"OUTPUT": str(tmp_path / "数.gpkg"), "OUTPUT_XLSX": str(tmp_path / "指标.xlsx")}
    result = run_algorithm("compute_indicators", {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan", **targets})
    assert digest_files(SAMPLE) == before
    found = read_indicator_rows(result["OUTPUT"])
    by_code = {f["code"]: f for f in found if f["target"] is not None and f["sheet"] == "指标表"}
    assert result["COMPUTED"] > 15 and result["NOT_COMPUTED"] > 10 and result["BROKEN"] == 2
    sheet = openpyxl.load_workbook(result["OUTPUT_XLSX"])["指标表"]
    values = {row[1].value: row[4].value for row in sheet.iter_rows(min_row=4)}
    assert values["生态保护红线面积"] == pytest.approx(by_code["red_line_area"]["value"], rel=1e-12)
    assert by_code["boundary_area"]["state"] == "broken" and by_code["boundary_area"]["room"] < 0
    reasons = [f["reason"] for f in found if f["code"] == "population"]
    assert reasons == ["无法由图层计算：需要常住人口数据（分城镇、村庄）。"]
    assert {f["sheet"] for f in found} >= {"指标表", "三条控制线", "规划分区", "三区", "用地现状–规划", "乡镇"}


def test_compute_indicators_temporary_table_has_field_aliases_and_no_warnings():
    log = Log()
    table = run_algorithm("compute_indicators", {"SOURCE": str(SAMPLE), "OUTPUT": "TEMPORARY_OUTPUT"}, feedback=log)[
        "OUTPUT"
    ]
    assert table.featureCount() > 20 and all(f.alias() for f in table.fields())
    assert not [line for line in log.lines if "alias" in line.lower() or "别名" in line]


def test_compute_indicators_includes_unsaved_edits_of_project_layers(tmp_path, project):
    source = write_small(tmp_path / "small.gpkg")
    for name in ("STBHHX", "XZQX"):
        project.addMapLayer(QgsVectorLayer(f"{source}|layername={name}", name, "ogr"))
    layer = project.mapLayersByName("STBHHX")[0]

    def read_red_line_area():
        result = run_algorithm("compute_indicators", {"OUTPUT": str(tmp_path / "f.gpkg")})
        return next(f["value"] for f in read_indicator_rows(result["OUTPUT"]) if f["code"] == "red_line_area")

    before = read_red_line_area()
    layer.startEditing()
    feature = next(layer.getFeatures())
    half = feature.geometry().boundingBox()
    half.setXMaximum(half.center().x())
    layer.changeGeometry(feature.id(), QgsGeometry.fromRect(half))
    assert 0 < read_red_line_area() < before
    layer.rollBack()


@pytest.mark.parametrize("name", ["x.xls", "x.csv", "nowhere/deeper/x.xlsx"])
def test_compute_indicators_refuses_an_unwritable_workbook_before_the_run(tmp_path, name):
    with pytest.raises(QgsProcessingException):
        run_algorithm("compute_indicators", {"SOURCE": str(SAMPLE), "OUTPUT_XLSX": str(tmp_path / name)})
    assert not list(tmp_path.iterdir())


def test_compute_indicators_and_compare_versions_write_the_requested_pdf_and_word_files(tmp_path):
    paths = {f"OUTPUT_{kind.upper()}": str(tmp_path / f"指标.{kind}") for kind in ("pdf", "docx", "xlsx")}
    results = run_algorithm("compute_indicators", {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan", **paths})
    assert {name: results[name] for name in paths} == paths
    first = PdfReader(paths["OUTPUT_PDF"]).pages[0]
    assert "规划指标计算表" in first.extract_text() and first.mediabox.width > first.mediabox.height
    layer = f"{SAMPLE}|layername=CZKFBJ"
    paths = {f"OUTPUT_{kind.upper()}": str(tmp_path / f"比较.{kind}") for kind in ("pdf", "docx")}
    other = tmp_path / "other.gpkg"
    shutil.copyfile(SAMPLE, other)
    given = {"BEFORE": layer, "AFTER": f"{other}|layername=CZKFBJ", "ROLE": "CZKFBJ", **paths}
    results = run_algorithm("compare_versions", given)
    assert {name: results[name] for name in paths} == paths
    # Some fonts have one glyph for a character and its radical.
    text = unicodedata.normalize("NFKC", PdfReader(paths["OUTPUT_PDF"]).pages[0].extract_text())
    assert "城镇开发边界版本比较表" in text


def test_compute_indicators_refuses_a_word_output_without_docx_suffix_before_the_run(tmp_path):
    with pytest.raises(QgsProcessingException, match=r"\.docx"):
        run_algorithm("compute_indicators", {"SOURCE": str(SAMPLE), "OUTPUT_DOCX": str(tmp_path / "a.odt")})
    assert not list(tmp_path.iterdir())
