# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT, yearly maintenance and comparison: dialog parameters and messages."""

from datetime import date
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsVectorLayer
from qgis.gui import QgsMessageBar

from plugin.bridge.layers.properties import file_of, set_template, template_id
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.gui.findings.result_owner import InputFingerprint
from plugin.gui.toolbox.exchange import Exchange, find_free_path
from plugin.gui.toolbox.vct_drop import VctDrop, is_vct
from tests.core.vct_files import SQUARES, write_file
from tests.qgis.waiting import wait_until

pytestmark = pytest.mark.usefixtures("chinese", "provider", "project")


class Iface:
    def __init__(self):
        self.bar, self.active = QgsMessageBar(), None

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return self.active


@pytest.fixture
def asked():
    """Record the requested dialogs as (algorithm, parameters).

    ``answer``: the result that the dialog returns.
    """

    class Asked(list):
        answer = None

        def __call__(self, algorithm, parameters):
            known = QgsApplication.processingRegistry().algorithmById(algorithm)
            names = {d.name() for d in known.parameterDefinitions()}
            assert set(parameters) <= names, "a parameter that the algorithm does not have"
            self.append((algorithm, parameters))
            return self.answer

        @property
        def given(self):
            return self[-1][1]

    return Asked()


@pytest.fixture
def exchange(asked):
    made = Exchange(Iface(), asked)
    yield made
    made.close()


@pytest.fixture
def plan(project, tmp_path):
    sample.load_sample(project, sample.copy_sample(tmp_path / "县"))
    return {template_id(layer): layer for layer in project.mapLayers().values()}


def read_message_text(exchange):
    item = exchange._iface.bar.currentItem()
    return item.text() if item is not None else ""


def test_a_closed_dialog_shows_no_message(exchange, asked, plan):
    for handler in (exchange.export_vct, exchange.yearly, exchange.compare):
        handler()
    exchange.import_vct("")
    assert len(asked) == 4 and not read_message_text(exchange) and asked.given == {}


def test_a_vct_import_proposes_a_free_file_name_in_its_folder(exchange, asked, tmp_path):
    (tmp_path / "浑源.gpkg").write_bytes(b"x")
    asked.answer = {"LAYERS": 9, "ROWS": 120, "OUTPUT": str(tmp_path / "浑源-2.gpkg")}
    exchange.import_vct(str(tmp_path / "浑源.vct"))
    assert asked.given == {"INPUT": str(tmp_path / "浑源.vct"), "OUTPUT": str(tmp_path / "浑源-2.gpkg")}
    assert read_message_text(exchange).startswith("已从 VCT 读入 9 个图层、120 行")
    assert find_free_path(tmp_path / "新.gpkg") == str(tmp_path / "新.gpkg")


def test_remarks_on_a_vct_file_are_in_the_message(exchange, asked, tmp_path):
    asked.answer = {"LAYERS": 1, "ROWS": 2, "OUTPUT": str(tmp_path / "a.gpkg"), "REMARKS": "版本为 2.0。\n范围不符。"}
    exchange.import_vct(str(tmp_path / "a.vct"))
    assert "版本为 2.0。" in read_message_text(exchange) and "范围不符。" in read_message_text(exchange)


def test_the_verdict_of_an_imported_file_is_in_the_message(exchange, asked, tmp_path):
    made = {"LAYERS": 1, "ROWS": 2, "OUTPUT": str(tmp_path / "a.gpkg"), "REMARKS": ""}
    asked.answer = {**made, "VERDICT": "fail", "ERRORS": 12, "WARNINGS": 3}
    exchange.import_vct(str(tmp_path / "a.vct"))
    assert "不通过" in read_message_text(exchange) and "12" in read_message_text(exchange)
    asked.answer = {**made, "VERDICT": "", "ERRORS": 0, "WARNINGS": 0}
    exchange.import_vct(str(tmp_path / "a.vct"))
    assert "检查" not in read_message_text(exchange)


def test_plan_layers_are_exported_and_their_absence_is_reported(exchange, asked, project, plan):
    exchange.export_vct()
    assert set(asked.given["LAYERS"]) == {layer.id() for layer in plan.values()}
    assert asked.given["OUTPUT"].endswith("浑源县（示例）.vct")
    project.clear()
    exchange.export_vct()
    assert len(asked) == 1 and read_message_text(exchange) == "工程中没有规划图层，无可导出内容。"


def test_yearly_knows_year_county_and_databases(exchange, asked, project, plan, tmp_path):
    (tmp_path / "备案.gdb").mkdir()
    county.keep(project, county.County(profile="hunyuan", baseline=str(tmp_path / "备案.gdb")))
    asked.answer = {"DATABASE": "/x/维护.gdb", "LAYERS": 2, "COUNT_IN": 3, "COUNT_OUT": 4, "COUNT_CHANGED": 5}
    exchange.yearly()
    assert asked.given["YEAR"] == date.today().year and asked.given["PROFILE"] == "hunyuan"
    assert asked.given["CURRENT"] == file_of(plan["CZKFBJ"]) and asked.given["FILED"] == str(tmp_path / "备案.gdb")
    assert read_message_text(exchange) == "2 个图层有变化：调入 3，调出 4，属性变更 5。请填写维护理由。"


def test_unsaved_edits_cause_a_warning(exchange, plan):
    layer = plan["CZKFBJ"]
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    exchange.yearly()
    assert "城镇开发边界未保存的编辑不计入" in read_message_text(exchange)
    layer.rollBack()


def test_comparing_takes_the_layer_in_use_and_its_sealed_edition(exchange, asked, project, plan):
    county.keep(project, county.County(baseline=file_of(plan["CZKFBJ"])))
    exchange._iface.active = plan["CZKFBJ"]
    asked.answer = {
        "VERDICT": "different",
        "IDENTICAL": False,
        "PARTS": 2,
        "AREA_IN": 1234.5,
        "AREA_OUT": 0,
        "AREA_CHANGED": 1,
    }
    exchange.compare()
    assert asked.given["AFTER"] == plan["CZKFBJ"].id() and asked.given["ROLE"] == "CZKFBJ"
    assert asked.given["BEFORE"].endswith("|layername=CZKFBJ")
    assert read_message_text(exchange) == "两个版本有 2 处不同：调入 1,234.50 m²，调出 0.00 m²，属性变更 1.00 m²。"
    asked.answer = {"VERDICT": "identical", "IDENTICAL": True}
    exchange.compare()
    assert read_message_text(exchange) == "两个版本一致。"


def test_comparing_recognises_a_layer_loaded_without_the_plugin(exchange, asked, project, plan):
    """Recognise a layer by its name if no role was given to it."""
    county.keep(project, county.County(baseline=file_of(plan["CZKFBJ"])))
    plain = QgsVectorLayer(plan["CZKFBJ"].source(), "CZKFBJ", "ogr")
    project.addMapLayer(plain)
    exchange._iface.active = plain
    exchange.compare()
    assert asked.given["ROLE"] == "CZKFBJ" and asked.given["BEFORE"].endswith("|layername=CZKFBJ")


def test_memory_layers_of_a_comparison_are_ignored(exchange, asked, project, plan):
    """Ignore memory layers: their sources are longer than a path may be."""
    fields = "".join(f"&field=a_long_name_{n}:string(0,0)" for n in range(20))
    project.addMapLayer(QgsVectorLayer(f"MultiPolygon?crs=EPSG:4526{fields}", "调入、调出和属性变更的地块", "memory"))
    assert not county.options(project).waivers and InputFingerprint.from_project(project).layers
    exchange.yearly()
    assert asked.given["CURRENT"] == file_of(plan["CZKFBJ"])


def test_results_of_an_unsaved_project_are_saved_in_the_data_folder(exchange, asked, plan):
    place = str(Path(file_of(plan["CZKFBJ"])).parent)
    exchange.yearly()
    assert asked.given["OUTPUT"] == place
    exchange.export_vct()
    assert str(Path(asked.given["OUTPUT"]).parent) == place


def test_comparing_without_a_layer_in_use(exchange, asked, project):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526", "问题", "memory")
    set_template(layer, "CZKFBJ")
    layer.setCustomProperty("sanxian/findings", 1)
    project.addMapLayer(layer)
    exchange._iface.active = layer
    exchange.compare()
    assert asked.given == {}


def test_only_our_vct_files_are_taken_from_a_drop(qgis_app, tmp_path):
    taken = []
    drop = VctDrop(taken.append)
    ours, idrisi = write_file(tmp_path / "a.VCT", SQUARES), tmp_path / "b.vct"
    idrisi.write_bytes(b"file title  : x\r\n")
    assert not drop.handleFileDrop(str(idrisi)) and not drop.handleFileDrop(str(tmp_path / "没有.vct"))
    assert not drop.handleFileDrop(str(tmp_path / "a.shp"))
    assert drop.handleFileDrop(str(ours)) and not taken, "not within the drop"
    assert wait_until(lambda: taken == [str(ours)])
    comments = write_file(tmp_path / "c.vct", "注释\n" + SQUARES)
    assert is_vct(str(comments))
