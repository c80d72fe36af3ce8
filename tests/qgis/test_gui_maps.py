# SPDX-License-Identifier: GPL-2.0-or-later
"""Test making and exporting map layouts from the menu.

Layouts that the user edited are not replaced without a question.
"""

import sys
import types

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMessageBox

from plugin.bridge.layouts import saved_layouts
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.bridge.running.tasks import JobRunner
from plugin.core.base.errors import InputError
from plugin.core.standard.profile import DocumentInfo
from plugin.gui.layouts_dialog import LayoutsDialog, MapActions
from plugin.gui.project.document_line import DocumentDialog
from plugin.gui.widgets import theme
from tests.qgis.gui_helpers import RecordingMessageBar
from tests.qgis.helpers import write_small
from tests.qgis.maps_helpers import make_builder
from tests.qgis.waiting import wait_until


class FakeInterface:
    def __init__(self):
        self.bar = RecordingMessageBar()

    def mainWindow(self):
        return None

    def messageBar(self):
        return self.bar


@pytest.fixture
def maps_and_interface(qgis_app, project):
    runner, iface = JobRunner(), FakeInterface()
    yield MapActions(iface, runner), iface
    runner.stop_all()


@pytest.fixture
def county_map_builder(project, tmp_path):
    sample.load_sample(project, sample.copy_sample(tmp_path / "copy"))
    return make_builder(project)


def list_map_items(dialog):
    return [dialog.maps.item(n) for n in range(dialog.maps.count())]


def test_layouts_dialog_enables_available_maps_and_explains_the_others(county_map_builder):
    dialog = LayoutsDialog(county_map_builder.available_layers, county_map_builder.catalogue)
    able = [
        item.data(Qt.ItemDataRole.UserRole)
        for item in list_map_items(dialog)
        if item.flags() & Qt.ItemFlag.ItemIsEnabled
    ]
    assert (
        able
        == [one.id for one in dialog.get_chosen_maps()]
        == ["land_use", "three_lines", "three_zones", "zones", "heritage"]
    )
    grey = [item for item in list_map_items(dialog) if not item.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert grey and all("缺" in item.toolTip() for item in grey)
    # Not the colour of disabled rows, which is hardly readable in QGIS's dark theme.
    assert {item.foreground().color().name() for item in grey} == {theme.get_faint_color(in_field=True).name()}


def test_layouts_dialog_returns_the_chosen_maps_pages_and_townships(county_map_builder):
    dialog = LayoutsDialog(county_map_builder.available_layers, county_map_builder.catalogue)
    for item in list_map_items(dialog)[1:]:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            item.setCheckState(Qt.CheckState.Unchecked)
    dialog.page.setCurrentText("A0")
    dialog.townships.setChecked(True)
    land_use, a0 = (
        county_map_builder.catalogue.map_by_id["land_use"],
        county_map_builder.catalogue.page_size_by_id["A0"],
    )
    assert dialog.list_wanted_layouts() == [(land_use, a0, False), (land_use, a0, True)]
    list_map_items(dialog)[0].setCheckState(Qt.CheckState.Unchecked)
    assert dialog.list_wanted_layouts() == [] and not dialog._ok.isEnabled()


@pytest.mark.parametrize("answer", [True, False])
def test_layouts_edited_by_the_user_are_replaced_only_after_a_question(
    maps_and_interface, county_map_builder, monkeypatch, answer
):
    maps, iface = maps_and_interface
    wanted = [
        (county_map_builder.catalogue.map_by_id[one], county_map_builder.catalogue.page_size_by_id["A3"], False)
        for one in ("zones", "heritage")
    ]
    maps.create_layouts(county_map_builder, wanted)
    assert [kind for kind, _ in iface.bar.messages] == ["success"] and QgsProject.instance().isDirty()
    saved_layouts.find_layout(QgsProject.instance(), *wanted[0]).itemById("note").setText("本县自己的说明")
    asked = []

    def exec_(box):
        asked.append(box.text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", exec_)

    def clicked(box):
        replace = next(b for b in box.buttons() if box.buttonRole(b) == QMessageBox.ButtonRole.DestructiveRole)
        return replace if answer else box.defaultButton()

    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    maps.create_layouts(county_map_builder, wanted)
    assert len(asked) == 1 and "04 县域国土空间规划分区图 A3" in asked[0] and "05" not in asked[0]
    note = saved_layouts.find_layout(QgsProject.instance(), *wanted[0]).itemById("note").currentText()
    assert (note == "本县自己的说明") is not answer


def test_make_layouts_action_opens_the_dialog_and_creates_layouts(maps_and_interface, county_map_builder, monkeypatch):
    maps, iface = maps_and_interface
    opened = []
    monkeypatch.setattr(LayoutsDialog, "exec", lambda dialog: opened.append(dialog) or 1)
    maps.open_layouts_dialog()
    assert wait_until(lambda: bool(iface.bar.messages))
    assert len(opened) == 1 and len(QgsProject.instance().layoutManager().printLayouts()) == 5
    assert iface.bar.messages[0][0] == "success" and "02 县域三条控制线图 A3" in iface.bar.messages[0][1]


def test_make_layouts_action_warns_in_a_project_without_plan_layers(maps_and_interface, project):
    maps, iface = maps_and_interface
    maps.open_layouts_dialog()
    assert iface.bar.messages[0][0] == "warning" and "没有" in iface.bar.messages[0][1]


def test_make_layouts_action_warns_if_the_county_layer_is_missing(maps_and_interface, project, tmp_path, monkeypatch):
    maps, iface = maps_and_interface
    file = write_small(tmp_path / "小.gpkg")
    for role in ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "DLTB"):
        project.addMapLayer(QgsVectorLayer(f"{file}|layername={role}", role, "ogr"))
    monkeypatch.setattr(LayoutsDialog, "exec", lambda dialog: 1)
    maps.open_layouts_dialog()
    assert wait_until(lambda: bool(iface.bar.messages))
    assert iface.bar.messages[0][0] == "warning" and "XZQX" in iface.bar.messages[0][1]
    assert not project.layoutManager().printLayouts()


def test_map_export_reports_exported_and_omitted_maps_in_the_message_bar(maps_and_interface, monkeypatch):
    import processing

    county.store_document_info(QgsProject.instance(), DocumentInfo(secrecy="内部"))
    maps, iface = maps_and_interface
    results = {"MADE": 5, "FILES": 10, "NOT_MADE": "中心城区土地使用规划图", "OUTPUT": "图件"}
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, given: results)
    maps.open_export_dialog()
    assert [kind for kind, _ in iface.bar.messages] == ["success", "info"] and "土地使用规划图" in iface.bar.messages[
        1
    ][1]
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, given: {})
    maps.open_export_dialog()
    assert len(iface.bar.messages) == 2


# --- 成果信息
def test_layouts_dialog_asks_for_a_missing_secrecy_level(county_map_builder, monkeypatch):
    """Cancel the question first, then answer it.

    Cancel keeps the dialog open; the answer is printed on the layouts.
    """
    project = county_map_builder.available_layers.project
    dialog, asked, answers = (
        LayoutsDialog(county_map_builder.available_layers, county_map_builder.catalogue),
        [],
        [0, 1],
    )

    def exec_(form):
        asked.append(form.problem.label.text())
        answer = answers.pop(0)
        if answer:
            form.secrecy.setEditText("秘密")
            form.accept()
        return answer

    monkeypatch.setattr(DocumentDialog, "exec", exec_)
    dialog.accept()
    assert len(asked) == 1 and "没有设定密级" in asked[0]
    assert dialog.result() == 0 and county.read_document_info(project) == DocumentInfo()
    dialog.accept()
    assert dialog.result() == 1 and dialog.get_document_info().secrecy == "秘密" and len(asked) == 2
    assert "秘密" in dialog.document.label.text()


def test_map_export_without_secrecy_level_asks_and_stops_on_cancel(maps_and_interface, county_map_builder, monkeypatch):
    maps, _ = maps_and_interface
    asked, opened = [], []
    monkeypatch.setattr(DocumentDialog, "exec", lambda form: asked.append(form.problem.label.text()) or 0)
    processing = types.SimpleNamespace(execAlgorithmDialog=lambda *given: opened.append(given) or {})
    monkeypatch.setitem(sys.modules, "processing", processing)
    maps.open_export_dialog()
    assert len(asked) == 1 and opened == []
    county.store_document_info(QgsProject.instance(), DocumentInfo(secrecy="内部"))
    maps.open_export_dialog()
    assert len(asked) == 1 and len(opened) == 1


def test_saved_layout_is_not_replaced_by_one_with_a_lower_secrecy_level(maps_and_interface, county_map_builder):
    maps, iface = maps_and_interface
    wanted = [
        (county_map_builder.catalogue.map_by_id["zones"], county_map_builder.catalogue.page_size_by_id["A3"], False)
    ]
    project = county_map_builder.available_layers.project
    maps.create_layouts(make_builder(project, DocumentInfo("秘密")), wanted)
    with pytest.raises(InputError) as caught:
        maps.create_layouts(make_builder(project, DocumentInfo("内部")), wanted)
    assert caught.value.key == "document_sheet_lowered"
    assert saved_layouts.find_layout(project, *wanted[0]).itemById("secrecy").currentText() == "密级：秘密"
    maps.create_layouts(make_builder(project, DocumentInfo("内部", secrecy_reason="公示稿已脱密")), wanted)
    assert saved_layouts.find_layout(project, *wanted[0]).itemById("secrecy").currentText() == "密级：内部"
    assert any("公示稿已脱密" in text for _, text in iface.bar.messages)
