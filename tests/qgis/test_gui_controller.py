# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the controller of the desktop with an empty main window.

It connects checks, projects and the findings layer.
"""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyproj import CRS
from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QDockWidget, QMenu, QTreeView, QWidget

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.layers import role_recognition
from plugin.bridge.project import county
from plugin.core.base.errors import InputError
from plugin.core.package.package_spec.load import load_package_spec
from plugin.gui import desktop_controller as controller_module
from plugin.gui.findings import panel_pages
from plugin.gui.findings.result import CheckView
from tests.qgis.gui_helpers import FakeInterface, make_result, make_small_report
from tests.qgis.waiting import process_events, wait_until


class ControllerInterface(FakeInterface):
    """An interface with the further parts that the controller uses."""

    def __init__(self):
        super().__init__()
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4526"))
        self.window.setCentralWidget(self.canvas)
        self.help = QMenu("Help", self.window)
        self.window.menuBar().addMenu(self.help)
        self.drops = []
        self.locator_filters = []
        self.options_factories = []

    def statusBarIface(self):
        return self.window.statusBar()

    def helpMenu(self):
        return self.help

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

    def registerLocatorFilter(self, locator_filter):
        self.locator_filters.append(locator_filter)

    def deregisterLocatorFilter(self, locator_filter):
        self.locator_filters.remove(locator_filter)

    def registerOptionsWidgetFactory(self, factory):
        self.options_factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.options_factories.remove(factory)

    def openFeatureForm(self, *_all):
        raise AssertionError("no form of another project's feature")


def make_controller():
    iface = ControllerInterface()
    iface.window.resize(1600, 900)
    iface.window.show()
    return controller_module.DesktopController(iface)


@pytest.fixture
def controller(chinese, qgis_app, project, monkeypatch):
    settings.store_setting("show_findings_layer", True)
    controller = make_controller()
    # A fixed result replaces the check; other tests cover what a check finds.
    monkeypatch.setattr(CheckView, "from_check_result", lambda checked, **_more: checked.result)
    assert wait_until(controller.dock.isVisible)
    yield controller
    controller.unload()
    settings.store_setting("show_findings_layer", True)
    controller.iface.window.deleteLater()
    process_events(0.02)


def add_plan_layer(project, name="CZKFBJ"):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", name, "memory")
    project.addMapLayer(layer)
    return layer


def make_check_outcome():
    """Return the result of a small finished check and its map features."""
    result = make_result(make_small_report())
    result.check_result.plan.crs = CRS.from_epsg(4526)
    checked = SimpleNamespace(result=result, plan=result.check_result.plan, report=result.report)
    return checked, findings_layer.make_finding_features(result.report.findings)


class HeldJobs:
    """Background jobs that do not start until the test ends them."""

    def __init__(self, controller, monkeypatch):
        self.jobs = []
        monkeypatch.setattr(controller.runner, "start", lambda job: self.jobs.append(job) or job)

    def run(self, controller):
        controller.start_check()
        return self.jobs[-1]


@pytest.fixture
def held_jobs(controller, monkeypatch):
    return HeldJobs(controller, monkeypatch)


def finish_job(job):
    job._result = make_check_outcome()
    job.finished(True)


def is_cleared(controller):
    """Return True if the panel and the map show nothing of a check result."""
    dock = controller.dock
    parts = (dock.verdict, dock.filters, dock.navigation, dock.stale)
    return dock.result is None and not dock.tree.findings.groups and not any(p.isVisibleTo(dock) for p in parts)


def test_closing_a_project_cancels_its_running_check(controller, held_jobs, project):
    add_plan_layer(project)
    job = held_jobs.run(controller)
    project.clear()
    assert job.isCanceled()
    add_plan_layer(project, "DLTB")
    finish_job(job)
    assert findings_layer.find_findings_layer(project) is None and len(project.mapLayers()) == 1
    assert is_cleared(controller) and not controller.is_check_running and controller.actions["layer"].isEnabled()
    finish_job(held_jobs.run(controller))
    assert findings_layer.find_findings_layer(project) is not None and controller.dock.stale.isHidden()


def test_closing_a_project_clears_the_map_mark_the_verdict_and_the_findings_list(controller, held_jobs, project):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    controller.dock.step_selection(1)
    controller.dock.filters.search.setText("REL")
    assert controller.mark.is_shown and not is_cleared(controller)
    project.clear()
    assert not controller.mark.is_shown and is_cleared(controller)
    assert not controller.dock.filters.search.text() and controller.dock.run_button.text() == "全面检查"
    assert not controller.actions["report"].isEnabled() and controller.actions["layer"].isChecked()
    controller.dock.step_selection(1)
    assert controller.dock.tree.get_selected_finding() is None


def test_removing_the_last_plan_layer_clears_the_check_result(controller, held_jobs, project):
    first, second = add_plan_layer(project), add_plan_layer(project, "DLTB")
    finish_job(held_jobs.run(controller))
    project.removeMapLayer(first.id())
    assert not is_cleared(controller), "one layer of the plan is left"
    project.removeMapLayer(second.id())
    assert is_cleared(controller) and findings_layer.find_findings_layer(project) is None
    process_events(0.6)
    assert "工程中还没有规划图层" in controller.dock.empty.label.text()


def test_opening_a_project_clears_the_result_of_a_package_inspection(controller, held_jobs, project):
    (checked, rows) = make_check_outcome()
    controller._on_package_inspected(checked.result, rows, "/汇交/某县.zip")
    add_plan_layer(project)
    assert not is_cleared(controller), "the package's own result needs no layer"
    project.clear()
    assert is_cleared(controller)


def test_next_check_removes_the_message_on_an_inspected_package(controller, held_jobs, project):
    controller.inspection._report_summary(make_small_report())
    assert controller.inspection.messages._message is not None
    add_plan_layer(project)
    held_jobs.run(controller)
    assert controller.inspection.messages._message is None


def test_filter_for_findings_on_the_package_itself_is_visible_only_after_a_package_inspection(
    controller, held_jobs, project
):
    (checked, rows) = make_check_outcome()
    checked.result.is_of_package = True
    controller._on_package_inspected(checked.result, rows, "/汇交/某县.zip")
    only = controller.dock.filters.package_only
    assert not only.isHidden()
    only.setChecked(True)
    listed = controller.dock.tree.findings.list_visible_findings()
    assert len(listed) < len(checked.result.findings) and all(f.code.startswith("DOC") for f in listed)
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    assert only.isHidden() and not only.isChecked() and controller.dock.tree.findings.list_visible_findings()


def test_reopened_project_has_no_empty_findings_layer(controller, held_jobs, project, tmp_path):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    assert findings_layer.find_findings_layer(project) is not None
    assert project.write(str(tmp_path / "县.qgz"))
    assert project.read(str(tmp_path / "县.qgz"))
    process_events(0.01)
    assert findings_layer.find_findings_layer(project) is None and len(project.mapLayers()) == 1
    assert [n.name() for n in project.layerTreeRoot().children()] == ["CZKFBJ"]
    assert not project.isDirty()
    assert controller.actions["layer"].isChecked(), "the wish stays for the next run"
    # Snapping settings of QGIS with a removed layer would end the process here.
    assert [one.name() for one in project.snappingConfig().individualLayerSettings()] == ["CZKFBJ"]
    assert project.write()


def test_findings_layer_removed_by_the_user_can_be_shown_again(controller, held_jobs, project):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    project.removeMapLayer(findings_layer.find_findings_layer(project).id())
    assert len(project.layerTreeRoot().children()) == 1, "no empty group"
    assert not controller.actions["layer"].isChecked() and controller.actions["layer"].isEnabled()
    controller.actions["layer"].setChecked(True)
    assert findings_layer.find_findings_layer(project) is not None


def test_opening_the_sample_in_an_emptied_project_clears_the_previous_result(
    controller, held_jobs, project, monkeypatch
):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    project.removeAllMapLayers()
    monkeypatch.setattr(controller_module.sample, "copy_sample", lambda: Path("county.gpkg"))
    monkeypatch.setattr(controller_module.sample, "load_sample", lambda project, _path: [add_plan_layer(project)])
    controller.open_sample()
    assert is_cleared(controller)


def test_opening_the_sample_zooms_to_its_extent(controller, project, tmp_path):
    canvas = controller.iface.canvas
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4528"))
    canvas.setExtent(QgsRectangle(40_400_000, 3_900_000, 40_410_000, 3_910_000))
    controller.open_sample()
    process_events(0.2)
    county = next(v for v in project.mapLayers().values() if v.name() == "县级行政区").extent()
    seen = canvas.extent()
    assert canvas.mapSettings().destinationCrs() == project.crs()
    assert seen.contains(county) and seen.height() < 1.2 * county.height() * max(1, seen.width() / county.width())


def test_panel_reports_that_findings_could_not_be_added_to_the_map(controller, held_jobs, project, monkeypatch):
    add_plan_layer(project)
    monkeypatch.setattr(findings_layer, "add_to_provider", lambda *_all: False)
    finish_job(held_jobs.run(controller))
    assert findings_layer.find_findings_layer(project) is None
    assert controller.dock.note.text() == "问题未能在地图上显示，列表完整。请重新检查，或用“导出”另存。"


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_panel_recognises_layers_added_during_a_cancelled_or_failed_first_check(
    controller, held_jobs, project, qgis_app, how
):
    """Add a layer during a run that is then cancelled or fails."""
    controller.dock.set_empty_page(
        panel_pages.make_no_layer_page(controller.new_project.open_wizard, controller.open_sample)
    )
    add_plan_layer(project)
    controller.recognition.stop()
    job = held_jobs.run(controller)
    if how == "cancelled":
        job.cancel()
    else:
        job._error = InputError("source_missing", source="x")
    job.finished(False)
    process_events(0.6)
    assert "工程中还没有规划图层" not in controller.dock.empty.label.text()


def test_result_of_a_layer_recognition_begun_before_a_layer_was_added_is_ignored(controller, held_jobs, project):
    add_plan_layer(project)
    controller.recognition.update_panel()
    first = held_jobs.jobs[-1]
    add_plan_layer(project, "DLTB")
    controller.recognition.update_panel()
    shown_text = controller.dock.empty.label.text()
    first._result = role_recognition.RecognisedLayers({}, [], [])
    first.finished(True)
    assert controller.dock.empty.label.text() == shown_text


def test_check_result_can_be_exported_as_a_package_while_the_data_are_unchanged(
    controller, held_jobs, project, small, monkeypatch
):
    """Change data after a check; the package must then not use its result."""
    form = load_package_spec("county")
    layer = QgsVectorLayer(f"{small}|layername=CZKFBJ", "CZKFBJ", "ogr")
    project.addMapLayer(layer)
    # Live checking has other tests and is switched off here.
    monkeypatch.setattr(controller.editing, "begin_from_result", lambda *_all: None)
    assert controller.result_owner.get_result_for_export(form) is None, "not checked"
    finish_job(held_jobs.run(controller))
    result = controller.dock.result
    assert (
        controller.result_owner.get_result_for_export(form) is result
        and controller.result_owner.get_displayed_result() is result
    )
    other = SimpleNamespace(standard="three_lines_2022")
    assert controller.result_owner.get_result_for_export(other) is None, "it would be checked by another standard"
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    assert controller.result_owner.get_result_for_export(form) is None
    county.store_county_settings(project, county.ProjectCountySettings())
    assert controller.result_owner.get_result_for_export(form) is result, "as it was"
    result.rechecked_features.add("x")
    assert controller.result_owner.get_result_for_export(form) is None, "found again bit by bit is no whole check"
    result.rechecked_features.clear()
    layer.setSubsetString("BSM <> 'x'")
    assert controller.result_owner.get_result_for_export(form) is None
    finish_job(held_jobs.run(controller))
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert controller.result_owner.get_result_for_export(form) is None
    layer.rollBack()
    finish_job(held_jobs.run(controller))
    assert controller.result_owner.get_result_for_export(form) is controller.dock.result
    os.utime(small, ns=(1, 1))
    assert controller.result_owner.get_result_for_export(form) is None, "the file was written by somebody else"


def test_check_result_with_a_memory_layer_is_not_reused_for_a_package(controller, held_jobs, project):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    assert (
        controller.result_owner.get_displayed_result() is not None
        and controller.result_owner.get_result_for_export(load_package_spec("county")) is None
    )


def test_findings_of_an_inspected_package_are_labelled_and_not_drawn_on_the_map(
    controller, held_jobs, project, monkeypatch
):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    assert findings_layer.find_findings_layer(project) is not None
    (checked, rows) = make_check_outcome()
    controller._on_package_inspected(checked.result, rows, "/汇交/某县.zip")
    assert controller.dock.stale.text() == "以下为 14:32 检查成果包“某县.zip”的结果，不是当前工程的检查结果。"
    assert (
        findings_layer.find_findings_layer(project) is None and controller.result_owner.get_displayed_result() is None
    )
    controller.dock.step_selection(1)
    controller.dock.tree.formRequested.emit(controller.dock.tree.get_selected_finding())
    assert "属于成果包" in controller.dock.note.text()
    shown = []
    monkeypatch.setattr(controller.selection, "show_on_map", lambda finding, zoom: shown.append((finding, zoom)))
    controller.inspection.layers_shown.emit()
    assert controller.dock.note.isHidden() and shown == [(controller.dock.tree.get_selected_finding(), False)]
    controller.on_map.set_shown(True)
    assert findings_layer.find_findings_layer(project) is None
    finish_job(held_jobs.run(controller))
    assert controller.dock.stale.isHidden() and findings_layer.find_findings_layer(project) is not None


def fail_job(job, error):
    job._error = error
    job.finished(False)


def read_bar_texts(controller):
    """Return title and text of each message in the message bar."""
    return [(item.title(), item.text()) for item in controller.iface.bar.items()]


def test_failed_package_inspection_keeps_the_previous_result_and_its_package_name(controller, held_jobs, project):
    controller.inspection.start_inspection("/汇交/好.zip", load_package_spec("county"))
    finish_job(held_jobs.jobs[-1])
    assert controller.dock.stale_icon.isHidden()
    controller.inspection.start_inspection("/汇交/坏.zip", load_package_spec("county"))
    fail_job(held_jobs.jobs[-1], InputError("package_no_zip", source="坏.zip"))
    why = "“坏.zip”不是成果包文件夹，也不是可读取的 zip"
    assert controller.dock.stale.text() == (
        "“坏.zip”未能检查，以下仍为先前的结果。以下为 14:32 检查成果包“好.zip”的结果，不是当前工程的检查结果。"
    )
    assert controller.dock.stale_icon.isVisibleTo(controller.dock) and controller.dock.note.text().startswith(why)
    ((title, text),) = read_bar_texts(controller)
    assert title == "检查成果包" and text.startswith(why)
    controller.dock.step_selection(1)
    assert "未能检查" in controller.dock.stale.text(), "said for as long as the former result is in view"
    controller.inspection.start_inspection("/汇交/另一个.zip", load_package_spec("county"))
    assert not read_bar_texts(controller) and controller.dock.stale_icon.isHidden(), "what is said is of the last one"
    finish_job(held_jobs.jobs[-1])
    assert controller.dock.stale.text() == "以下为 14:32 检查成果包“另一个.zip”的结果，不是当前工程的检查结果。"


def test_failed_check_is_reported_in_the_panel_and_in_the_message_bar(controller, held_jobs, project):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    fail_job(held_jobs.run(controller), InputError("source_missing", source="x"))
    assert controller.dock.stale.text() == "检查未完成，以下仍为先前的结果。"
    ((title, text),) = read_bar_texts(controller)
    assert title == "全面检查" and text == controller.dock.note.text() and "x" in text
    finish_job(held_jobs.run(controller))
    assert not read_bar_texts(controller) and controller.dock.stale.isHidden() and controller.dock.stale_icon.isHidden()


def test_missing_libraries_are_reported_even_if_a_previous_result_is_shown(controller, held_jobs, project):
    add_plan_layer(project)
    finish_job(held_jobs.run(controller))
    fail_job(held_jobs.run(controller), ImportError("geopandas"))
    assert controller.dock.note.text() == "检查未启动：缺少 geopandas 1.0 或更高版本。详见“环境自检”。"
    assert [text for _, text in read_bar_texts(controller)] == [controller.dock.note.text()]


def test_unloading_the_plugin_removes_its_drop_handler_menus_and_dialogs(chinese, qgis_app, project):
    iface = ControllerInterface()
    controller = controller_module.DesktopController(iface)
    controller.export.show()
    shown = controller.export.dialog
    assert iface.drops == [controller.drop_handler] and shown.isVisible()
    assert "SanxianMenu" in {menu.objectName() for menu in iface.window.findChildren(QMenu)}
    controller.unload()
    qgis_app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not iface.drops
    assert not [w for w in iface.window.findChildren(QWidget) if w.objectName().startswith("Sanxian")]
    assert not [a for a in iface.window.findChildren(QAction) if a.objectName().startswith("Sanxian")]
    iface.window.deleteLater()


def test_findings_panel_gets_its_preferred_width_when_first_shown(controller, qgis_app):
    dock = controller.dock
    layers = QDockWidget("layers", controller.iface.window)
    layers.setWidget(QTreeView())
    controller.iface.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, layers)
    controller.iface.window.resizeDocks([layers], [240], Qt.Orientation.Horizontal)
    process_events(0.1)
    width_before = layers.width()
    settings.store_setting("dock_sized", False)
    dock._first_width._is_width_given = False
    window = controller.iface.window
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    dock.hide()
    window.resize(2 * dock.sizeHint().width(), 900)
    dock.show()
    process_events(0.1)
    assert not settings.read_setting("dock_sized", False), "no room yet"
    window.resize(4 * dock.sizeHint().width(), 900)
    assert wait_until(lambda: abs(dock.width() - dock.sizeHint().width()) <= 2)
    assert layers.width() >= width_before - 2, "the map gives the room"
    controller.iface.window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    process_events(0.1)
    narrow = dock.width()
    assert narrow < dock.sizeHint().width()
    dock.hide()
    dock.show()
    process_events(0.1)
    assert dock.width() == narrow, "once: afterwards the width is the user's"


def test_findings_panel_keeps_its_saved_width_when_the_main_window_is_small_at_start(controller, qgis_app):
    dock, window = controller.dock, controller.iface.window
    settings.store_setting("dock_sized", True)
    settings.store_setting("dock_width", 0)
    dock._first_width._is_width_given = True
    window.resize(4 * dock.sizeHint().width(), 900)
    process_events(0.1)
    wide = dock.sizeHint().width() + 60
    window.resizeDocks([dock], [wide], Qt.Orientation.Horizontal)
    assert wait_until(lambda: dock.width() == wide) and settings.read_setting("dock_width", 0) == wide
    # After a start of QGIS the window is small at first, and the panel is cut.
    dock._first_width._is_width_given = False
    dock.hide()
    window.resize(dock.widget().minimumWidth() + 300, 700)
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    dock.show()
    process_events(0.1)
    window.resizeDocks([dock], [dock.widget().minimumWidth()], Qt.Orientation.Horizontal)
    process_events(0.1)
    assert dock.width() < wide and settings.read_setting("dock_width", 0) == wide
    window.resize(4 * dock.sizeHint().width(), 900)
    assert wait_until(lambda: dock.width() == wide)
    settings.store_setting("dock_width", 0)


@pytest.mark.parametrize(
    ("language", "labels"),
    [("english", ["Error", "Warning", "Info", "Waived"]), ("chinese", ["错误", "警告", "提示", "豁免"])],
)
def test_legend_of_the_findings_layer_is_in_the_language_of_the_interface(request, project, language, labels):
    request.getfixturevalue(language)
    layer = findings_layer.show_findings(project, [], CRS.from_epsg(4526))
    assert [category.label() for category in layer.renderer().categories()] == labels
