# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithms export_vct and import_vct (Chinese exchange format VCT)."""

import sqlite3
from contextlib import closing

import geopandas as gpd
import pyogrio
import pytest
from qgis.core import (
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsVectorLayer,
)

from plugin.bridge import settings
from plugin.bridge.editing.attribute_forms import get_role_of_form
from plugin.bridge.layers.properties import get_assigned_role
from tests.core.vct_files import TWO_SQUARES_TEXT, replace_in_squares, write_vct_text
from tests.qgis.helpers import SAMPLE, Log, digest_files, run_algorithm

pytestmark = pytest.mark.usefixtures("provider", "project")


def test_sample_county_exported_to_vct_and_imported_again_is_unchanged(tmp_path):
    vct, back, before = tmp_path / "浑源 县.vct", tmp_path / "回 来.gpkg", digest_files(SAMPLE)
    feedback = Log()
    made = run_algorithm("export_vct", {"SOURCE": str(SAMPLE), "OUTPUT": str(vct)}, feedback)
    assert made["LAYERS_WRITTEN"] == 10 and digest_files(SAMPLE) == before
    assert any("GDBHMB" in line and "多部件" in line for line in feedback.lines), feedback.lines
    result = run_algorithm("import_vct", {"INPUT": str(vct), "OUTPUT": str(back)})
    given = sum(pyogrio.read_info(SAMPLE, layer=name)["features"] for name, _ in pyogrio.list_layers(SAMPLE))
    assert result["LAYERS"] == 10 and result["ROWS"] == given < made["ROWS"]
    for name, _ in pyogrio.list_layers(SAMPLE):
        given, found = gpd.read_file(SAMPLE, layer=name), gpd.read_file(back, layer=name)
        assert abs(given.area.sum() - found.area.sum()) < 1e-4
    layer = QgsVectorLayer(f"{back}|layername=DLTB", "DLTB", "ogr")
    assert layer.isValid() and layer.crs().authid() == "EPSG:4526" and layer.featureCount() == 5012
    with closing(sqlite3.connect(back)) as database:
        asked = "SELECT title FROM gpkg_data_columns WHERE table_name = 'DLTB' AND column_name = 'DLBM'"
        assert database.execute(asked).fetchall() == [("地类编码",)]
    assert {p.name for p in tmp_path.iterdir()} == {back.name, vct.name}


def test_import_vct_checks_the_imported_data_and_returns_the_verdict(tmp_path):
    run_algorithm("export_vct", {"SOURCE": str(SAMPLE), "OUTPUT": str(tmp_path / "a.vct")})
    feedback = Log()
    result = run_algorithm(
        "import_vct", {"INPUT": str(tmp_path / "a.vct"), "OUTPUT": str(tmp_path / "a.gpkg")}, feedback
    )
    asked = run_algorithm("check_plan", {"SOURCE": str(tmp_path / "a.gpkg")})
    assert {key: result[key] for key in ("VERDICT", "ERRORS", "WARNINGS")} == {
        key: asked[key] for key in ("VERDICT", "ERRORS", "WARNINGS")
    }
    assert result["ERRORS"] > 0 and any("问题最多的规则" in line for line in feedback.lines), feedback.lines


def test_import_vct_without_check_returns_no_verdict(tmp_path):
    given = {
        "INPUT": str(write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT)),
        "OUTPUT": str(tmp_path / "a.gpkg"),
        "CHECK": False,
    }
    feedback = Log()
    result = run_algorithm("import_vct", given, feedback)
    assert "VERDICT" not in result and not any("检查" in line for line in feedback.lines)


def test_import_vct_keeps_the_imported_data_if_the_check_cannot_run(tmp_path):
    given = {
        "INPUT": str(write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT.replace("YDYHGHFQ", "QTTC"))),
        "OUTPUT": str(tmp_path / "a.gpkg"),
    }
    feedback = Log()
    result = run_algorithm("import_vct", given, feedback)
    assert result["VERDICT"] == "" and result["LAYERS"] == 1 and (tmp_path / "a.gpkg").exists()
    assert any("检查未完成" in line for line in feedback.lines), feedback.lines


def test_import_vct_logs_and_returns_remarks_on_the_file(tmp_path):
    feedback = Log()
    given = {
        "INPUT": str(write_vct_text(tmp_path / "a.vct", replace_in_squares(("Version:3.0", "Version:2.0")))),
        "OUTPUT": str(tmp_path / "a.gpkg"),
    }
    result = run_algorithm("import_vct", given, feedback)
    assert "2.0" in result["REMARKS"] and any("2.0" in line for line in feedback.lines)


def test_export_vct_includes_unsaved_edits_of_project_layers(tmp_path):
    layer = QgsVectorLayer(f"{SAMPLE}|layername=CZKFBJ", "CZKFBJ", "ogr")
    copy = layer.materialize(QgsFeatureRequest())
    copy.setName("CZKFBJ")
    QgsProject.instance().addMapLayer(copy)
    copy.startEditing()
    copy.deleteFeature(next(copy.getFeatures()).id())
    made = run_algorithm("export_vct", {"OUTPUT": str(tmp_path / "a.vct")})
    assert made["LAYERS_WRITTEN"] == 1 and made["ROWS"] == layer.featureCount() - 1
    copy.rollBack()


def test_import_vct_loads_control_lines_above_planning_zones_and_county(tmp_path):
    """Read the sort keys of loaded layers; QGIS puts the highest on top."""
    project, context = QgsProject.instance(), QgsProcessingContext()
    context.setProject(project)
    names = ("CZKFBJ", "YDYHGHFQ", "STBHHX", "XZQX")
    layers = [QgsVectorLayer(f"{SAMPLE}|layername={name}", name, "ogr") for name in names]
    project.addMapLayers(layers)
    run_algorithm("export_vct", {"LAYERS": layers, "OUTPUT": str(tmp_path / "a.vct")})
    given = {"INPUT": str(tmp_path / "a.vct"), "OUTPUT": str(tmp_path / "a.gpkg")}
    run_algorithm("import_vct", given, context=context)
    keys = {d.name.split()[-1]: d.layerSortKey for d in context.layersToLoadOnCompletion().values()}
    assert min(keys["CZKFBJ"], keys["STBHHX"]) > keys["YDYHGHFQ"] > keys["XZQX"] > 0


def test_import_vct_loads_layers_with_names_group_and_styles(tmp_path):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    given = {"INPUT": str(write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT)), "OUTPUT": str(tmp_path / "a.gpkg")}
    run_algorithm("import_vct", given, context=context)
    ((source, details),) = context.layersToLoadOnCompletion().items()
    assert details.name == "用地用海规划分区 YDYHGHFQ" and details.groupName == "VCT a"
    layer = QgsVectorLayer(source, details.name, "ogr")
    plain = layer.renderer().type()
    details.postProcessor().postProcessLayer(layer, context, Log())
    assert get_assigned_role(layer) == get_role_of_form(layer) == "YDYHGHFQ"
    assert layer.renderer().type() != plain, "the symbols of its role"


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        (replace_in_squares(("-1,-2", "-1,-7")), {}, "-7"),
        (TWO_SQUARES_TEXT[: len(TWO_SQUARES_TEXT) // 2], {}, "中断"),
        (TWO_SQUARES_TEXT, {"INPUT": "没有.vct"}, "没有.vct"),
        (TWO_SQUARES_TEXT, {"OUTPUT": "a.shp"}, ".gpkg"),
    ],
    ids=["unknown line", "cut off", "no file", "another format"],
)
def test_import_vct_reports_invalid_input_and_writes_nothing(tmp_path, text, given, expected):
    source = write_vct_text(tmp_path / "a.vct", text)
    given = {k: str(tmp_path / v) for k, v in ({"INPUT": "a.vct", "OUTPUT": "a.gpkg"} | given).items()}
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("import_vct", given)
    assert expected in str(caught.value) and list(tmp_path.iterdir()) == [source]


def test_vct_messages_are_english_in_an_english_interface(tmp_path, monkeypatch):
    """Set the interface to English; the language of reports does not matter."""
    monkeypatch.setattr(settings, "get_interface_locale", lambda: "en")
    vct, log = tmp_path / "a.vct", Log()
    write_vct_text(vct, TWO_SQUARES_TEXT)
    run_algorithm("import_vct", {"INPUT": str(vct), "OUTPUT": str(tmp_path / "a.gpkg")}, log)
    assert any(line.startswith("Written") for line in log.lines), log.lines
    assert not any("已写出" in line for line in log.lines)
    write_vct_text(vct, TWO_SQUARES_TEXT[: len(TWO_SQUARES_TEXT) // 2])
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("import_vct", {"INPUT": str(vct), "OUTPUT": str(tmp_path / "a.gpkg")}, log)
    assert "a.vct" in str(caught.value)
    assert not [c for c in str(caught.value) if "\u4e00" <= c <= "\u9fff"]
