# SPDX-License-Identifier: GPL-2.0-or-later
"""The desktop side as a whole over a bare main window: runs, projects that come and go, the findings layer."""

import os
from types import SimpleNamespace

import pytest
from pyproj import CRS
from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle, QgsVectorLayer
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow, QMenu, QTreeView, QWidget

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.layers import recognise
from plugin.bridge.project import county
from plugin.core.errors import InputError
from plugin.core.package.package_spec.load import load_package_spec
from plugin.gui import desktop_controller as desk_module
from plugin.gui.findings import empty_states
from plugin.gui.findings.result import CheckView
from tests.qgis.gui_helpers import result_of, small_report
from tests.qgis.waiting import process_events, wait_until


class Window:
    """As much of QGIS's interface as the desk asks for."""

    def __init__(self):
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4526"))
        self.window.setCentralWidget(self.canvas)
        self.help, self.bar = QMenu("Help", self.window), QgsMessageBar(self.window)
        self.window.menuBar().addMenu(self.help)
        self.drops = []
        self.active = None

    def setActiveLayer(self, layer):
        self.active = layer

    def statusBarIface(self):
        return self.window.statusBar()

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def helpMenu(self):
        return self.help

    def messageBar(self):
        return self.bar

    def addToolBar(self, title):
        return self.window.addToolBar(title)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def registerMainWindowAction(self, action, shortcut):
        return True

    def unregisterMainWindowAction(self, action):
        return True

    def registerCustomDropHandler(self, handler):
        self.drops.append(handler)

    def unregisterCustomDropHandler(self, handler):
        self.drops.remove(handler)

    def openFeatureForm(self, *_all):
        raise AssertionError("no form of another project's feature")


def make_desk():
    iface = Window()
    iface.window.resize(1600, 900)
    iface.window.show()
    return desk_module.DesktopController(iface)


@pytest.fixture
def desk(chinese, qgis_app, project, monkeypatch):
    settings.put("show_findings_layer", True)
    desk = make_desk()
    # A result stands for its check: what the check finds is told elsewhere.
    monkeypatch.setattr(CheckView, "of", lambda checked: checked.result)
    assert wait_until(desk.dock.isVisible)
    yield desk
    desk.unload()
    settings.put("show_findings_layer", True)
    desk.iface.window.deleteLater()
    process_events(0.02)


def plan_layer(project, name="CZKFBJ"):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", name, "memory")
    project.addMapLayer(layer)
    return layer


def answer():
    """What a run comes back with."""
    result = result_of(small_report())
    result.checked.plan.crs = CRS.from_epsg(4526)
    checked = SimpleNamespace(result=result, plan=result.checked.plan, report=result.report)
    return checked, findings_layer.make_features(result.report.findings)


class Held:
    """A run that ends when the test says so."""

    def __init__(self, desk, monkeypatch):
        self.jobs = []
        monkeypatch.setattr(desk.runner, "start", lambda job: self.jobs.append(job) or job)

    def run(self, desk):
        desk.run()
        return self.jobs[-1]


@pytest.fixture
def held(desk, monkeypatch):
    return Held(desk, monkeypatch)


def end(job):
    job._result = answer()
    job.finished(True)


def is_cleared(desk):
    """Is nothing of a result in view any more?"""
    dock = desk.dock
    parts = (dock.verdict, dock.filters, dock.navigation, dock.stale)
    return dock.result is None and not dock.tree.findings.groups and not any(p.isVisibleTo(dock) for p in parts)


def test_a_check_ends_with_the_project_it_is_of(desk, held, project):
    plan_layer(project)
    job = held.run(desk)
    project.clear()
    assert job.isCanceled()
    plan_layer(project, "DLTB")
    end(job)
    assert findings_layer.find_findings_layer(project) is None and len(project.mapLayers()) == 1
    assert is_cleared(desk) and not desk.busy and desk.actions["layer"].isEnabled()
    end(held.run(desk))
    assert findings_layer.find_findings_layer(project) is not None and desk.dock.stale.isHidden()


def test_a_project_that_goes_takes_mark_verdict_and_rows_along(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    desk.dock.step(1)
    desk.dock.filters.search.setText("REL")
    assert desk.mark.shown and not is_cleared(desk)
    project.clear()
    assert not desk.mark.shown and is_cleared(desk)
    assert not desk.dock.filters.search.text() and desk.dock.run_button.text() == "全面检查"
    assert not desk.actions["report"].isEnabled() and desk.actions["layer"].isChecked()
    desk.dock.step(1)
    assert desk.dock.tree.current() is None


def test_a_project_emptied_by_hand_shows_no_result(desk, held, project):
    first, second = plan_layer(project), plan_layer(project, "DLTB")
    end(held.run(desk))
    project.removeMapLayer(first.id())
    assert not is_cleared(desk), "one layer of the plan is left"
    project.removeMapLayer(second.id())
    assert is_cleared(desk) and findings_layer.find_findings_layer(project) is None
    process_events(0.6)
    assert "尚无规划图层" in desk.dock.empty.label.text()


def test_findings_of_a_package_go_with_the_next_project(desk, held, project):
    (checked, rows) = answer()
    desk._inspected(checked.result, rows, "/汇交/某县.zip")
    plan_layer(project)
    assert not is_cleared(desk), "the package's own result needs no layer"
    project.clear()
    assert is_cleared(desk)


def test_a_saved_project_does_not_come_back_with_an_empty_findings_layer(desk, held, project, tmp_path):
    plan_layer(project)
    end(held.run(desk))
    assert findings_layer.find_findings_layer(project) is not None
    assert project.write(str(tmp_path / "县.qgz"))
    assert project.read(str(tmp_path / "县.qgz"))
    assert findings_layer.find_findings_layer(project) is None and len(project.mapLayers()) == 1
    assert [n.name() for n in project.layerTreeRoot().children()] == ["CZKFBJ"]
    assert not project.isDirty()
    assert desk.actions["layer"].isChecked(), "the wish stays for the next run"


def test_a_findings_layer_taken_off_by_hand(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    project.removeMapLayer(findings_layer.find_findings_layer(project).id())
    assert len(project.layerTreeRoot().children()) == 1, "no empty group"
    assert not desk.actions["layer"].isChecked() and desk.actions["layer"].isEnabled()
    desk.actions["layer"].setChecked(True)
    assert findings_layer.find_findings_layer(project) is not None


def test_the_sample_in_a_project_emptied_by_hand_is_another_plan(desk, held, project, monkeypatch):
    plan_layer(project)
    end(held.run(desk))
    project.removeAllMapLayers()
    monkeypatch.setattr(desk_module.sample, "copy_sample", lambda: None)
    monkeypatch.setattr(desk_module.sample, "load_sample", lambda project, _path: [plan_layer(project)])
    desk.open_sample()
    assert is_cleared(desk)


def test_the_map_shows_the_whole_sample_wherever_it_was(desk, project, tmp_path):
    canvas = desk.iface.canvas
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4528"))
    canvas.setExtent(QgsRectangle(40_400_000, 3_900_000, 40_410_000, 3_910_000))
    desk.open_sample()
    process_events(0.2)
    county = next(v for v in project.mapLayers().values() if v.name() == "县级行政区").extent()
    seen = canvas.extent()
    assert canvas.mapSettings().destinationCrs() == project.crs()
    assert seen.contains(county) and seen.height() < 1.2 * county.height() * max(1, seen.width() / county.width())


def test_a_layer_that_takes_no_findings_is_told(desk, held, project, monkeypatch):
    plan_layer(project)
    monkeypatch.setattr(findings_layer, "added", lambda *_all: False)
    end(held.run(desk))
    assert findings_layer.find_findings_layer(project) is None
    assert desk.dock.note.text() == "问题未能在地图上显示，列表完整。请重新检查，或用“导出”另存。"


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_after_a_first_run_that_came_to_nothing_the_layers_are_seen(desk, held, project, qgis_app, how):
    """Layers came while the run went on, or the panel had not yet looked."""
    desk.dock.set_idle(empty_states.no_layer_state(desk.new_project.show, desk.open_sample))
    plan_layer(project)
    desk.recognition.stop()
    job = held.run(desk)
    if how == "cancelled":
        job.cancel()
    else:
        job._error = InputError("source_missing", source="x")
    job.finished(False)
    process_events(0.6)
    assert "尚无规划图层" not in desk.dock.empty.label.text()


def test_an_answer_about_layers_of_before_is_not_heard(desk, held, project):
    plan_layer(project)
    desk.recognition.update()
    first = held.jobs[-1]
    plan_layer(project, "DLTB")
    desk.recognition.update()
    said = desk.dock.empty.label.text()
    first._result = recognise.RecognisedLayers({}, [], [])
    first.finished(True)
    assert desk.dock.empty.label.text() == said


def test_the_verdict_is_of_the_data_while_nothing_changed(desk, held, project, small, monkeypatch):
    """A package may be made of the last check only while that is of these data."""
    form = load_package_spec("county")
    layer = QgsVectorLayer(f"{small}|layername=CZKFBJ", "CZKFBJ", "ogr")
    project.addMapLayer(layer)
    # What a check found is edited elsewhere; here nobody follows the layers.
    monkeypatch.setattr(desk.editing, "judge", lambda *_all: None)
    assert desk.result_owner.fresh(form) is None, "not checked"
    end(held.run(desk))
    result = desk.dock.result
    assert desk.result_owner.fresh(form) is result and desk.result_owner.latest() is result
    other = SimpleNamespace(standard="three_lines_2022")
    assert desk.result_owner.fresh(other) is None, "it would be checked by another standard"
    county.keep(project, county.County(profile="hunyuan"))
    assert desk.result_owner.fresh(form) is None
    county.keep(project, county.County())
    assert desk.result_owner.fresh(form) is result, "as it was"
    result.edited.add("x")
    assert desk.result_owner.fresh(form) is None, "found again bit by bit is no whole check"
    result.edited.clear()
    layer.setSubsetString("BSM <> 'x'")
    assert desk.result_owner.fresh(form) is None
    end(held.run(desk))
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert desk.result_owner.fresh(form) is None
    layer.rollBack()
    end(held.run(desk))
    assert desk.result_owner.fresh(form) is desk.dock.result
    os.utime(small, ns=(1, 1))
    assert desk.result_owner.fresh(form) is None, "the file was written by somebody else"


def test_a_layer_that_is_no_file_is_always_checked_again(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    assert desk.result_owner.latest() is not None and desk.result_owner.fresh(load_package_spec("county")) is None


def test_findings_of_a_package_are_not_the_project_s(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    assert findings_layer.find_findings_layer(project) is not None
    (checked, rows) = answer()
    desk._inspected(checked.result, rows, "/汇交/某县.zip")
    assert desk.dock.stale.text() == "以下为 14:32 检查成果包“某县.zip”的结果，不是当前工程的检查结果。"
    assert findings_layer.find_findings_layer(project) is None and desk.result_owner.latest() is None
    desk.dock.step(1)
    desk.dock.tree.formRequested.emit(desk.dock.tree.current())
    assert "属于成果包" in desk.dock.note.text()
    desk.on_map.set_wanted(True)
    assert findings_layer.find_findings_layer(project) is None
    end(held.run(desk))
    assert desk.dock.stale.isHidden() and findings_layer.find_findings_layer(project) is not None


def fail(job, error):
    job._error = error
    job.finished(False)


def bar_texts(desk):
    """Title and text of each message in the bar."""
    return [(item.title(), item.text()) for item in desk.iface.bar.items()]


def test_a_package_that_cannot_be_inspected_is_not_taken_for_the_one_before(desk, held, project):
    desk.inspection.start("/汇交/好.zip", load_package_spec("county"))
    end(held.jobs[-1])
    assert desk.dock.stale_icon.isHidden()
    desk.inspection.start("/汇交/坏.zip", load_package_spec("county"))
    fail(held.jobs[-1], InputError("package_no_zip", source="坏.zip"))
    why = "“坏.zip”不是成果包文件夹，也不是可读取的 zip"
    assert desk.dock.stale.text() == (
        "“坏.zip”未能检查，以下仍为先前的结果。以下为 14:32 检查成果包“好.zip”的结果，不是当前工程的检查结果。"
    )
    assert desk.dock.stale_icon.isVisibleTo(desk.dock) and desk.dock.note.text().startswith(why)
    ((title, text),) = bar_texts(desk)
    assert title == "检查成果包" and text.startswith(why)
    desk.dock.step(1)
    assert "未能检查" in desk.dock.stale.text(), "said for as long as the former result is in view"
    desk.inspection.start("/汇交/另一个.zip", load_package_spec("county"))
    assert not bar_texts(desk) and desk.dock.stale_icon.isHidden(), "what is said is of the last one"
    end(held.jobs[-1])
    assert desk.dock.stale.text() == "以下为 14:32 检查成果包“另一个.zip”的结果，不是当前工程的检查结果。"


def test_a_check_that_breaks_off_is_told_where_it_is_seen(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    fail(held.run(desk), InputError("source_missing", source="x"))
    assert desk.dock.stale.text() == "检查未完成，以下仍为先前的结果。"
    ((title, text),) = bar_texts(desk)
    assert title == "全面检查" and text == desk.dock.note.text() and "x" in text
    end(held.run(desk))
    assert not bar_texts(desk) and desk.dock.stale.isHidden() and desk.dock.stale_icon.isHidden()


def test_libraries_that_went_missing_are_told_beside_a_former_result_too(desk, held, project):
    plan_layer(project)
    end(held.run(desk))
    fail(held.run(desk), ImportError("geopandas"))
    assert desk.dock.note.text() == "检查未启动：缺少 geopandas 1.0 或更高版本。其他功能不受影响。"
    assert [text for _, text in bar_texts(desk)] == [desk.dock.note.text()]


def test_drops_menus_and_windows_go_with_the_plugin(chinese, qgis_app, project):
    iface = Window()
    desk = desk_module.DesktopController(iface)
    desk.export.show()
    shown = desk.export.dialog
    assert iface.drops == [desk.drop] and shown.isVisible()
    names = {menu.objectName() for menu in iface.window.findChildren(QMenu)}
    assert {"SanxianMenu", "SanxianMenuExchange"} <= names
    desk.unload()
    qgis_app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not iface.drops
    assert not [w for w in iface.window.findChildren(QWidget) if w.objectName().startswith("Sanxian")]
    assert not [a for a in iface.window.findChildren(QAction) if a.objectName().startswith("Sanxian")]
    iface.window.deleteLater()


def test_wide_enough_to_read_when_first_shown(desk, qgis_app):
    dock = desk.dock
    layers = QDockWidget("layers", desk.iface.window)
    layers.setWidget(QTreeView())
    desk.iface.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, layers)
    desk.iface.window.resizeDocks([layers], [240], Qt.Orientation.Horizontal)
    process_events(0.1)
    beside = layers.width()
    settings.put("dock_sized", False)
    dock._first_width._given = False
    window = desk.iface.window
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    dock.hide()
    window.resize(2 * dock.sizeHint().width(), 900)
    dock.show()
    process_events(0.1)
    assert not settings.get("dock_sized", False), "no room yet"
    window.resize(4 * dock.sizeHint().width(), 900)
    assert wait_until(lambda: abs(dock.width() - dock.sizeHint().width()) <= 2)
    assert layers.width() >= beside - 2, "the map gives the room"
    desk.iface.window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    process_events(0.1)
    narrow = dock.width()
    assert narrow < dock.sizeHint().width()
    dock.hide()
    dock.show()
    process_events(0.1)
    assert dock.width() == narrow, "once: afterwards the width is the user's"


def test_as_wide_as_it_was_left_when_qgis_starts_in_a_small_window(desk, qgis_app):
    dock, window = desk.dock, desk.iface.window
    settings.put("dock_sized", True)
    settings.put("dock_width", 0)
    dock._first_width._given = True
    window.resize(4 * dock.sizeHint().width(), 900)
    process_events(0.1)
    wide = dock.sizeHint().width() + 60
    window.resizeDocks([dock], [wide], Qt.Orientation.Horizontal)
    assert wait_until(lambda: dock.width() == wide) and settings.get("dock_width", 0) == wide
    # As after a start: the window is small at first, and the panel is cut.
    dock._first_width._given = False
    dock.hide()
    window.resize(dock.widget().minimumWidth() + 300, 700)
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    dock.show()
    process_events(0.1)
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    process_events(0.1)
    assert dock.width() < wide and settings.get("dock_width", 0) == wide
    window.resize(4 * dock.sizeHint().width(), 900)
    assert wait_until(lambda: dock.width() == wide)
    settings.put("dock_width", 0)
