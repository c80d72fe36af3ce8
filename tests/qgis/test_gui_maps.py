# SPDX-License-Identifier: GPL-2.0-or-later
"""生成布局 on the desktop: the dialog says what can be made, and nobody's edits are lost unasked."""

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMessageBox

from plugin.bridge import sample, settings
from plugin.bridge.layouts import keep
from plugin.bridge.tasks import Runner
from plugin.gui.layouts_dialog import LayoutsDialog
from plugin.gui.maps import Maps
from tests.qgis.helpers import write_small
from tests.qgis.maps_helpers import builder_for
from tests.qgis.waiting import wait


class Iface:
    def __init__(self):
        self.said = []

    def mainWindow(self):
        return None

    def messageBar(self):
        return self

    def pushSuccess(self, title, text):
        self.said.append(("success", text))

    def pushInfo(self, title, text):
        self.said.append(("info", text))

    def pushWarning(self, title, text):
        self.said.append(("warning", text))


@pytest.fixture
def desk(qgis_app, project):
    runner, iface = Runner(), Iface()
    yield Maps(iface, runner), iface
    runner.stop_all()


@pytest.fixture
def county(project, tmp_path):
    sample.load(project, sample.copy(tmp_path / "copy"))
    return builder_for(project)


def rows(dialog):
    return [dialog.maps.item(n) for n in range(dialog.maps.count())]


def test_the_dialog_says_what_can_be_made_and_why_not(county):
    dialog = LayoutsDialog(county.material, county.catalogue)
    able = [item.data(Qt.ItemDataRole.UserRole) for item in rows(dialog) if item.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert (
        able == [one.id for one in dialog.chosen()] == ["land_use", "three_lines", "three_zones", "zones", "heritage"]
    )
    grey = [item for item in rows(dialog) if not item.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert grey and all("没有中心城区图层" in item.toolTip() for item in grey)


def test_what_is_chosen_is_what_is_wanted(county):
    dialog = LayoutsDialog(county.material, county.catalogue)
    for item in rows(dialog)[1:]:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            item.setCheckState(Qt.CheckState.Unchecked)
    dialog.page.setCurrentText("A0")
    dialog.townships.setChecked(True)
    dialog.maker.setText(" 浑源县人民政府 ")
    dialog.secrecy.setCurrentText("内部")
    land_use, a0 = county.catalogue.maps["land_use"], county.catalogue.sheets["A0"]
    assert dialog.wanted() == [(land_use, a0, False), (land_use, a0, True)]
    assert (dialog.plate().maker, dialog.plate().secrecy, dialog.plate().date) == ("浑源县人民政府", "内部", "")
    dialog.accept()
    assert LayoutsDialog(county.material, county.catalogue).maker.text() == "浑源县人民政府"
    settings.put("maps/maker", "")
    rows(dialog)[0].setCheckState(Qt.CheckState.Unchecked)
    assert dialog.wanted() == [] and not dialog._ok.isEnabled()


@pytest.mark.parametrize("answer", [True, False])
def test_edited_layouts_are_asked_for(desk, county, monkeypatch, answer):
    maps, iface = desk
    wanted = [(county.catalogue.maps[one], county.catalogue.sheets["A3"], False) for one in ("zones", "heritage")]
    maps.put(county, wanted)
    assert [kind for kind, _ in iface.said] == ["success"] and QgsProject.instance().isDirty()
    keep.find(QgsProject.instance(), *wanted[0]).itemById("note").setText("本县自己的说明")
    asked = []

    def exec_(box):
        asked.append(box.text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", exec_)

    def clicked(box):
        replace = next(b for b in box.buttons() if box.buttonRole(b) == QMessageBox.ButtonRole.DestructiveRole)
        return replace if answer else box.defaultButton()

    monkeypatch.setattr(QMessageBox, "clickedButton", clicked)
    maps.put(county, wanted)
    assert len(asked) == 1 and "04 县域国土空间规划分区图 A3" in asked[0] and "05" not in asked[0]
    note = keep.find(QgsProject.instance(), *wanted[0]).itemById("note").currentText()
    assert (note == "本县自己的说明") is not answer


def test_from_the_menu_to_the_dialog(desk, county, monkeypatch):
    maps, iface = desk
    opened = []
    monkeypatch.setattr(LayoutsDialog, "exec", lambda dialog: opened.append(dialog) or 1)
    maps.make_layouts()
    assert wait(lambda: bool(iface.said))
    assert len(opened) == 1 and len(QgsProject.instance().layoutManager().printLayouts()) == 5
    assert iface.said[0][0] == "success" and "02 县域三条控制线图 A3" in iface.said[0][1]


def test_without_a_plan_layer_it_says_so(desk, project):
    maps, iface = desk
    maps.make_layouts()
    assert iface.said[0][0] == "warning" and "没有" in iface.said[0][1]


def test_without_a_county_it_says_so(desk, project, tmp_path, monkeypatch):
    maps, iface = desk
    file = write_small(tmp_path / "小.gpkg")
    for role in ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "DLTB"):
        project.addMapLayer(QgsVectorLayer(f"{file}|layername={role}", role, "ogr"))
    monkeypatch.setattr(LayoutsDialog, "exec", lambda dialog: 1)
    maps.make_layouts()
    assert wait(lambda: bool(iface.said))
    assert iface.said[0][0] == "warning" and "XZQX" in iface.said[0][1]
    assert not project.layoutManager().printLayouts()


def test_what_came_of_an_export_is_said(desk, monkeypatch):
    import processing

    maps, iface = desk
    results = {"MADE": 5, "FILES": 10, "NOT_MADE": "centre_plan", "OUTPUT": "图件"}
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, given: results)
    maps.export()
    assert [kind for kind, _ in iface.said] == ["success", "info"] and "土地使用规划图" in iface.said[1][1]
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, given: {})
    maps.export()
    assert len(iface.said) == 2
