# SPDX-License-Identifier: GPL-2.0-or-later
"""Test dialogs and messages of VCT exchange, yearly update and comparison."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsVectorLayer

from plugin.bridge.layers.properties import get_assigned_role, get_file_path, set_assigned_role
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.core.base.files import find_free_path
from plugin.gui.findings.result_owner import InputFingerprint
from plugin.gui.toolbox.exchange import ExchangeActions, PlanDataDropHandler, is_vct_file
from tests.core.vct_files import TWO_SQUARES_TEXT, write_vct_text
from tests.qgis.gui_helpers import FakeInterface
from tests.qgis.waiting import wait_until

pytestmark = pytest.mark.usefixtures("chinese", "provider", "project")


@pytest.fixture
def requested_dialogs():
    """Record requested Processing dialogs as (algorithm, parameters).

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
def exchange_actions(requested_dialogs):
    made = ExchangeActions(FakeInterface(), requested_dialogs)
    yield made
    made.messages.close()


@pytest.fixture
def plan_layers(project, tmp_path):
    sample.load_sample(project, sample.copy_sample(tmp_path / "县"))
    return {get_assigned_role(layer): layer for layer in project.mapLayers().values()}


def read_message_text(exchange_actions):
    item = exchange_actions._iface.bar.currentItem()
    return item.text() if item is not None else ""


def test_cancelled_exchange_dialogs_show_no_message(exchange_actions, requested_dialogs, plan_layers):
    for handler in (
        exchange_actions.export_vct,
        exchange_actions.update_yearly,
        exchange_actions.open_comparison_dialog,
    ):
        handler()
    exchange_actions.import_vct("")
    assert len(requested_dialogs) == 4 and not read_message_text(exchange_actions) and requested_dialogs.given == {}


def test_vct_import_proposes_an_unused_file_name_in_the_folder_of_the_vct_file(
    exchange_actions, requested_dialogs, tmp_path
):
    (tmp_path / "浑源.gpkg").write_bytes(b"x")
    requested_dialogs.answer = {"LAYERS": 9, "ROWS": 120, "OUTPUT": str(tmp_path / "浑源-2.gpkg")}
    exchange_actions.import_vct(str(tmp_path / "浑源.vct"))
    assert requested_dialogs.given == {"INPUT": str(tmp_path / "浑源.vct"), "OUTPUT": str(tmp_path / "浑源-2.gpkg")}
    assert read_message_text(exchange_actions).startswith("已从 VCT 读入 9 个图层、120 行")
    assert find_free_path(tmp_path / "新.gpkg") == str(tmp_path / "新.gpkg")


def test_import_of_boundary_points_proposes_an_unused_file_and_reports_parcels_and_remarks(
    exchange_actions, requested_dialogs, tmp_path
):
    (tmp_path / "地块.gpkg").write_bytes(b"x")
    requested_dialogs.answer = {
        "PARCELS": 3,
        "POINTS": 40,
        "LEFT_OUT": 1,
        "OUTPUT": str(tmp_path / "地块-2.gpkg"),
        "REMARKS": "第 8 行：点 J3 的 X、Y 颠倒。",
    }
    exchange_actions.import_boundary_points(str(tmp_path / "地块.txt"))
    assert requested_dialogs.given == {"INPUT": str(tmp_path / "地块.txt"), "OUTPUT": str(tmp_path / "地块-2.gpkg")}
    text = read_message_text(exchange_actions)
    assert text.startswith("已导入 3 个地块，未导入 1 个") and "第 8 行" in text


def test_import_of_a_drawing_proposes_an_unused_file_and_reports_polygons_and_remarks(
    exchange_actions, requested_dialogs, tmp_path
):
    (tmp_path / "红线.gpkg").write_bytes(b"x")
    requested_dialogs.answer = {
        "LAYERS": 1,
        "POLYGONS": 3,
        "LEFT_OUT": 1,
        "OUTPUT": str(tmp_path / "红线-2.gpkg"),
        "REMARKS": "图层“用地红线”1 项（句柄 2F）：轮廓未闭合。",
    }
    exchange_actions.import_drawing(str(tmp_path / "红线.dxf"))
    assert requested_dialogs.given == {"INPUT": str(tmp_path / "红线.dxf"), "OUTPUT": str(tmp_path / "红线-2.gpkg")}
    text = read_message_text(exchange_actions)
    assert text.startswith("导入面 3 个，未采用 1 项") and "句柄 2F" in text


def test_message_after_a_vct_import_contains_the_remarks_on_the_file(exchange_actions, requested_dialogs, tmp_path):
    requested_dialogs.answer = {
        "LAYERS": 1,
        "ROWS": 2,
        "OUTPUT": str(tmp_path / "a.gpkg"),
        "REMARKS": "版本为 2.0。\n范围不符。",
    }
    exchange_actions.import_vct(str(tmp_path / "a.vct"))
    assert "版本为 2.0。" in read_message_text(exchange_actions) and "范围不符。" in read_message_text(exchange_actions)


@pytest.mark.parametrize("name", ["tables", "adjustment", "split", "merge"])
def test_tools_of_the_menu_propose_profile_data_and_an_unused_file_and_report_what_they_wrote(
    exchange_actions, requested_dialogs, plan_layers, project, name
):
    county.store_county_settings(project, replace(county.read_county_settings(project), profile="hunyuan"))
    exchange_actions.open_tool(name)
    given = requested_dialogs.given
    assert given["PROFILE"] == "hunyuan"
    reads_files = name in ("split", "merge")
    assert given.get("SOURCE", "") == (get_file_path(next(iter(plan_layers.values()))) if reads_files else "")
    output = given.get("OUTPUT") or given["OUTPUT_XLSX"]
    assert Path(output).parent.is_dir() and not Path(output).exists()
    assert not read_message_text(exchange_actions)
    requested_dialogs.answer = {"OUTPUT": output, "OUTPUT_XLSX": output}
    exchange_actions.open_tool(name)
    assert output in read_message_text(exchange_actions)


def test_message_after_a_vct_import_contains_the_check_verdict(exchange_actions, requested_dialogs, tmp_path):
    made = {"LAYERS": 1, "ROWS": 2, "OUTPUT": str(tmp_path / "a.gpkg"), "REMARKS": ""}
    requested_dialogs.answer = {**made, "VERDICT": "fail", "ERRORS": 12, "WARNINGS": 3}
    exchange_actions.import_vct(str(tmp_path / "a.vct"))
    assert "不通过" in read_message_text(exchange_actions) and "12" in read_message_text(exchange_actions)
    requested_dialogs.answer = {**made, "VERDICT": "", "ERRORS": 0, "WARNINGS": 0}
    exchange_actions.import_vct(str(tmp_path / "a.vct"))
    assert "检查" not in read_message_text(exchange_actions)


def test_vct_export_offers_the_plan_layers_or_reports_that_there_are_none(
    exchange_actions, requested_dialogs, project, plan_layers
):
    exchange_actions.export_vct()
    assert set(requested_dialogs.given["LAYERS"]) == {layer.id() for layer in plan_layers.values()}
    assert requested_dialogs.given["OUTPUT"].endswith("浑源县（示例）.vct")
    project.clear()
    exchange_actions.export_vct()
    assert len(requested_dialogs) == 1 and read_message_text(exchange_actions) == "工程中没有规划图层，无可导出内容。"


def test_yearly_update_dialog_is_filled_with_year_profile_and_databases(
    exchange_actions, requested_dialogs, project, plan_layers, tmp_path
):
    (tmp_path / "备案.gdb").mkdir()
    county.store_county_settings(
        project, county.ProjectCountySettings(profile="hunyuan", baseline=str(tmp_path / "备案.gdb"))
    )
    requested_dialogs.answer = {
        "DATABASE": "/x/维护.gdb",
        "LAYERS": 2,
        "COUNT_IN": 3,
        "COUNT_OUT": 4,
        "COUNT_CHANGED": 5,
    }
    exchange_actions.update_yearly()
    assert requested_dialogs.given["YEAR"] == date.today().year and requested_dialogs.given["PROFILE"] == "hunyuan"
    assert requested_dialogs.given["CURRENT"] == get_file_path(plan_layers["CZKFBJ"]) and requested_dialogs.given[
        "FILED"
    ] == str(tmp_path / "备案.gdb")
    assert read_message_text(exchange_actions) == "2 个图层有变化：调入 3，调出 4，属性变更 5。请填写维护理由。"


def test_yearly_update_warns_about_unsaved_edits(exchange_actions, plan_layers):
    layer = plan_layers["CZKFBJ"]
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    exchange_actions.update_yearly()
    assert "城镇开发边界未保存的编辑不计入" in read_message_text(exchange_actions)
    layer.rollBack()


def test_compare_versions_dialog_is_filled_with_the_active_layer_and_its_sealed_baseline(
    exchange_actions, requested_dialogs, project, plan_layers
):
    county.store_county_settings(project, county.ProjectCountySettings(baseline=get_file_path(plan_layers["CZKFBJ"])))
    exchange_actions._iface.active = plan_layers["CZKFBJ"]
    requested_dialogs.answer = {
        "VERDICT": "different",
        "IDENTICAL": False,
        "PARTS": 2,
        "AREA_IN": 1234.5,
        "AREA_OUT": 0,
        "AREA_CHANGED": 1,
        "SHIFT_EAST": 0.0,
        "SHIFT_NORTH": 0.0,
        "SHIFT_ROWS": 0,
    }
    exchange_actions.open_comparison_dialog()
    assert (
        requested_dialogs.given["AFTER"] == plan_layers["CZKFBJ"].id() and requested_dialogs.given["ROLE"] == "CZKFBJ"
    )
    assert requested_dialogs.given["BEFORE"].endswith("|layername=CZKFBJ")
    assert (
        read_message_text(exchange_actions)
        == "两个版本有 2 处不同：调入 1\u202f234.50 m²，调出 0.00 m²，属性变更 1.00 m²。"
    )
    requested_dialogs.answer |= {"SHIFT_EAST": 0.3, "SHIFT_NORTH": -0.2, "SHIFT_ROWS": 12}
    exchange_actions.open_comparison_dialog()
    assert read_message_text(exchange_actions).startswith(
        "后一版整体平移：东方向 0.300 米、北方向 −0.200 米（负值为向西、向南），12 个要素。 两个版本有 2 处不同："
    )
    requested_dialogs.answer = {"VERDICT": "identical", "IDENTICAL": True}
    exchange_actions.open_comparison_dialog()
    assert read_message_text(exchange_actions) == "两个版本一致。"


def test_compare_versions_dialog_recognises_an_active_layer_by_its_name(
    exchange_actions, requested_dialogs, project, plan_layers
):
    """Activate a layer to which no role was assigned."""
    county.store_county_settings(project, county.ProjectCountySettings(baseline=get_file_path(plan_layers["CZKFBJ"])))
    plain = QgsVectorLayer(plan_layers["CZKFBJ"].source(), "CZKFBJ", "ogr")
    project.addMapLayer(plain)
    exchange_actions._iface.active = plain
    exchange_actions.open_comparison_dialog()
    assert requested_dialogs.given["ROLE"] == "CZKFBJ" and requested_dialogs.given["BEFORE"].endswith(
        "|layername=CZKFBJ"
    )


def test_memory_layers_are_ignored_as_input_of_the_yearly_update(
    exchange_actions, requested_dialogs, project, plan_layers
):
    """Add a memory layer; its source is longer than a file path may be."""
    fields = "".join(f"&field=a_long_name_{n}:string(0,0)" for n in range(20))
    project.addMapLayer(QgsVectorLayer(f"MultiPolygon?crs=EPSG:4526{fields}", "调入、调出和属性变更的地块", "memory"))
    assert not county.make_check_options(project).waivers and InputFingerprint.make_project_fingerprint(project).layers
    exchange_actions.update_yearly()
    assert requested_dialogs.given["CURRENT"] == get_file_path(plan_layers["CZKFBJ"])


def test_outputs_of_an_unsaved_project_are_proposed_in_the_data_folder(
    exchange_actions, requested_dialogs, plan_layers
):
    place = str(Path(get_file_path(plan_layers["CZKFBJ"])).parent)
    exchange_actions.update_yearly()
    assert requested_dialogs.given["OUTPUT"] == place
    exchange_actions.export_vct()
    assert str(Path(requested_dialogs.given["OUTPUT"]).parent) == place


def test_compare_versions_dialog_is_empty_if_the_active_layer_is_a_findings_layer(
    exchange_actions, requested_dialogs, project
):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526", "问题", "memory")
    set_assigned_role(layer, "CZKFBJ")
    layer.setCustomProperty("sanxian/findings", 1)
    project.addMapLayer(layer)
    exchange_actions._iface.active = layer
    exchange_actions.open_comparison_dialog()
    assert requested_dialogs.given == {}


def test_dropping_a_chinese_vct_file_on_the_map_is_accepted_and_an_idrisi_file_is_not(qgis_app, tmp_path):
    taken = []
    drop = PlanDataDropHandler(FakeInterface(), *[pytest.fail] * 4, taken.append, *[pytest.fail] * 2)
    ours, idrisi = write_vct_text(tmp_path / "a.VCT", TWO_SQUARES_TEXT), tmp_path / "b.vct"
    idrisi.write_bytes(b"file title  : x\r\n")
    assert not drop.handleFileDrop(str(idrisi)) and not drop.handleFileDrop(str(tmp_path / "没有.vct"))
    assert not drop.handleFileDrop(str(tmp_path / "a.shp"))
    assert drop.handleFileDrop(str(ours)) and not taken, "not within the drop"
    assert wait_until(lambda: taken == [str(ours)])
    comments = write_vct_text(tmp_path / "c.vct", "注释\n" + TWO_SQUARES_TEXT)
    assert is_vct_file(str(comments))
