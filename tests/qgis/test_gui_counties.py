# SPDX-License-Identifier: GPL-2.0-or-later
"""The window 批量检查: forecast, run, states of the counties, cancelling, results on the map."""

import json
import threading
from types import SimpleNamespace
from xml.etree import ElementTree

import geopandas as gpd
import pyogrio
import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsRenderContext
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMainWindow, QPushButton

from plugin.bridge import settings
from plugin.bridge.checking import counties as counties_bridge
from plugin.bridge.checking.counties import ReleasedSummaryLayers, find_summary_layers
from plugin.bridge.running.tasks import JobRunner
from plugin.core.base.stored_connections import connection_finders
from plugin.core.counties import check_county
from plugin.core.counties.county_record import SUMMARY_FILES, SUMMARY_LAYER
from plugin.gui.counties import controller as controller_module
from plugin.gui.counties.controller import CountiesController
from plugin.gui.counties.table import Column
from tests.qgis.helpers import digest_files, write_small
from tests.qgis.waiting import process_events, wait_until

pytestmark = pytest.mark.usefixtures("chinese")
GOOD, DAMAGED = "140225浑源县", "140226左云县"


@pytest.fixture
def folder(tmp_path):
    """Write a county and a damaged file into a folder with a blank in its name; return it."""
    path = tmp_path / "大同 各县"
    path.mkdir()
    write_small(path / f"{GOOD}.gpkg")
    (path / f"{DAMAGED}.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    return path


@pytest.fixture
def counties(project, folder):
    """Open the window without any data; yield its controller."""
    for name in ("source", "output", "profile", "forms"):
        settings.store_setting(f"counties/{name}", "")
    for name, value in (("jobs", 1), ("resume", True), ("only_changed", False)):
        settings.store_setting(f"counties/{name}", value)
    window = QMainWindow()
    iface = SimpleNamespace(
        window=window, bar=QgsMessageBar(window), canvas=QgsMapCanvas(window), active=[],
    )  # fmt: skip
    iface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4490"))
    iface.mainWindow, iface.messageBar = lambda: iface.window, lambda: iface.bar
    iface.mapCanvas, iface.setActiveLayer = lambda: iface.canvas, iface.active.append
    runner = JobRunner()
    made = CountiesController(iface, runner, window)
    made.iface, made.runner = iface, runner
    made.show()
    yield made
    made.close()
    runner.stop_all()
    assert wait_until(lambda: not runner._running_jobs)
    window.deleteLater()


def choose_folder(counties, folder):
    counties.dialog.form.source.line.setText(str(folder))
    wait_for_forecast(counties)


def wait_for_forecast(counties):
    form = counties.dialog.form
    assert wait_until(lambda: not form._timer.isActive() and counties._forecast_job is None)


def run_to_end(counties):
    counties.dialog.start.click()
    # Else a forecast may replace the rows of a short run.
    assert counties.is_running and not counties.dialog.form._timer.isActive()
    assert wait_until(lambda: not counties.is_running)
    wait_for_forecast(counties)


def read_cells(counties, column):
    table = counties.dialog.table.filter
    return [table.index(row, column).data() for row in range(table.rowCount())]


def test_forecast_lists_counties_and_writes_nothing(counties, folder, tmp_path):
    choose_folder(counties, folder)
    dialog = counties.dialog
    assert dialog.form.output.text() == str(tmp_path / "大同 各县_检查结果")
    assert read_cells(counties, Column.NAME) == [GOOD, DAMAGED]
    assert read_cells(counties, Column.STAGE) == ["首次检查", "首次检查"]
    assert read_cells(counties, Column.TIME) == ["未知", "未知"]
    assert dialog.message.text().startswith("共 2 个县区。将检查 2 个县区") and not dialog.message.error
    assert dialog.start.isEnabled() and not dialog.page_button.isEnabled() and not dialog.map_button.isEnabled()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_run_shows_verdicts_and_reasons_and_a_second_forecast_keeps_them(counties, folder, tmp_path, monkeypatch):
    before, dialog = digest_files(folder), counties.dialog
    choose_folder(counties, folder)
    run_to_end(counties)
    output = tmp_path / "大同 各县_检查结果"
    summary = json.loads((output / "counties" / GOOD / "report.json").read_text("utf-8"))["summary"]
    assert (summary["verdict"], summary["errors"] > 0) == ("fail", True)
    assert read_cells(counties, Column.RESULT) == ["不通过", "未读取"]
    assert read_cells(counties, Column.ERRORS) == [str(summary["errors"]), ""]
    assert read_cells(counties, Column.STAGE) == ["已检查", "已检查"]
    assert f"{DAMAGED}.gpkg" in read_cells(counties, Column.REASON)[1]
    assert "不通过 1" in dialog.outcome.text() and dialog.kinds.by_kind["fail"].text() == "不通过 1"
    assert {path.name for path in output.iterdir()} == {*SUMMARY_FILES, "counties"}

    opened = []
    monkeypatch.setattr(controller_module, "open_path", lambda path, _parent: opened.append(path))
    dialog.table.selectRow(0)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    dialog.page_button.click()
    assert opened == [str(output / "counties" / GOOD / "report.html"), str(output / "summary.html")]
    counties.open_report(DAMAGED)
    assert "没有报告" in dialog.outcome.text() and len(opened) == 2

    dialog.refresh.click()
    wait_for_forecast(counties)
    assert read_cells(counties, Column.STAGE) == ["沿用上次结果", "上次无结论"]
    assert read_cells(counties, Column.RESULT) == ["不通过", ""]
    dialog.form.only_changed.setChecked(True)
    wait_for_forecast(counties)
    assert read_cells(counties, Column.STAGE) == ["沿用上次结果", "沿用上次结果"]
    dialog.form.resume.setChecked(False)
    wait_for_forecast(counties)
    assert read_cells(counties, Column.STAGE)[0] == "重新检查" and read_cells(counties, Column.TIME)[0].startswith("约")
    assert digest_files(folder) == before


def test_buttons_of_verdicts_hide_counties(counties, folder):
    choose_folder(counties, folder)
    run_to_end(counties)
    kinds = counties.dialog.kinds.by_kind
    kinds["fail"].click()
    assert read_cells(counties, Column.NAME) == [DAMAGED]
    kinds["none"].click()
    kinds["fail"].click()
    assert read_cells(counties, Column.NAME) == [GOOD]


def test_summary_layer_is_shown_once_and_releases_its_file_for_the_next_run(counties, folder, tmp_path, project):
    choose_folder(counties, folder)
    run_to_end(counties)
    path = tmp_path / "大同 各县_检查结果" / SUMMARY_LAYER
    for _ in range(2):
        counties.dialog.map_button.click()
    (layer,) = find_summary_layers(project, path)
    assert counties.iface.active == [layer, layer] and layer.featureCount() == 2 and layer.readOnly()
    assert find_symbol_colors(layer) == {"140225": "#d50058", "140226": "#ffffff"}
    released = ReleasedSummaryLayers(project, path.parent)
    assert find_summary_layers(project, path) == [] and layer.isValid()
    pyogrio.write_dataframe(gpd.read_file(path).assign(name="x"), path, layer="counties")
    released.restore()
    assert {row["name"] for row in layer.getFeatures()} == {"x"} and layer.featureCount() == 2
    counties.dialog.form.resume.setChecked(False)
    run_to_end(counties)
    assert "x" not in {row["name"] for row in layer.getFeatures()} and layer.renderer().type() == "categorizedSymbol"


def test_project_that_is_saved_during_a_run_keeps_the_file_of_the_summary(counties, folder, tmp_path, project):
    choose_folder(counties, folder)
    run_to_end(counties)
    counties.dialog.map_button.click()
    output = tmp_path / "大同 各县_检查结果"
    (layer,) = find_summary_layers(project, output / SUMMARY_LAYER)
    before, during = tmp_path / "before.qgs", tmp_path / "during.qgs"
    assert project.write(str(before))
    released = ReleasedSummaryLayers(project, output)
    assert layer.providerType() == "memory" and not project.isDirty() and project.write(str(during))
    # The file is released again for the rest of the run.
    assert wait_until(lambda: layer.providerType() == "memory") and not project.isDirty()
    assert read_sources(during) == read_sources(before)
    assert read_sources(before)[1] == [f"./{output.name}/{SUMMARY_LAYER}|layername=counties"]
    released.restore()
    assert layer.providerType() == "ogr" and layer.featureCount() == 2 and project.write(str(during))
    process_events(0.05)
    assert layer.providerType() == "ogr" and read_sources(during) == read_sources(before)


def read_sources(path):
    """Return the sources and providers of a project's layer tree, and those of its layers."""
    root = ElementTree.parse(path).getroot()
    tree = [(one.get("source"), one.get("providerKey")) for one in root.iter("layer-tree-layer")]
    return tree, [one.findtext("datasource") for one in root.iter("maplayer")]


def find_symbol_colors(layer):
    """Return code of a county → colour of its symbol."""
    context, renderer = QgsRenderContext(), layer.renderer()
    renderer.startRender(context, layer.fields())
    colors = {}
    for row in layer.getFeatures():
        context.expressionContext().setFeature(row)
        colors[row["code"]] = renderer.symbolForFeature(row, context).color().name()
    renderer.stopRender(context)
    return colors


class HeldCheck:
    """A check of the good county that waits in its middle until the test releases it, or the run is cancelled."""

    def __init__(self, monkeypatch):
        self.begun, self.free = threading.Event(), threading.Event()
        real = check_county.write_outputs

        def hold(report, plan, outputs, *, cancellation):
            self.begun.set()
            while not self.free.wait(0.01):
                cancellation.raise_if_cancelled()
            real(report, plan, outputs, cancellation=cancellation)

        monkeypatch.setattr(check_county, "write_outputs", hold)


def test_cancelled_run_leaves_nothing_unfinished_and_shows_what_is_left(counties, folder, tmp_path, monkeypatch):
    held = HeldCheck(monkeypatch)
    choose_folder(counties, folder)
    dialog = counties.dialog
    dialog.start.click()
    assert wait_until(lambda: read_cells(counties, Column.STAGE) == ["正在检查", "等待检查"])
    assert "正在检查 140225浑源县" in dialog.progress.what.text()
    assert not dialog.form.isEnabled() and dialog.close_button.text() == "转到后台"
    assert wait_until(held.begun.is_set)
    dialog.cancel.click()
    assert wait_until(lambda: not counties.is_running)
    wait_for_forecast(counties)
    assert dialog.outcome.text().startswith("已取消。") and read_cells(counties, Column.STAGE) == ["首次检查"] * 2
    output = tmp_path / "大同 各县_检查结果"
    assert [path for path in output.rglob("*") if path.is_file()] == []
    held.free.set()
    run_to_end(counties)
    assert read_cells(counties, Column.RESULT) == ["不通过", "未读取"]


def test_closed_window_does_not_stop_the_run_and_its_end_is_reported(counties, folder, monkeypatch):
    held = HeldCheck(monkeypatch)
    choose_folder(counties, folder)
    counties.dialog.start.click()
    assert wait_until(held.begun.is_set)
    counties.dialog.close_button.click()
    assert not counties.dialog.isVisible() and counties.is_running
    held.free.set()
    assert wait_until(lambda: not counties.is_running)
    message = counties.iface.bar.currentItem()
    assert "不通过 1" in message.text()
    buttons = {button.text(): button for button in message.findChildren(QPushButton)}
    assert list(buttons) == ["打开汇总", "在地图上显示", "打开窗口"]
    buttons["打开窗口"].click()
    assert counties.dialog.isVisible() and read_cells(counties, Column.RESULT) == ["不通过", "未读取"]


def test_unloading_during_a_run_ends_it_and_leaves_no_unfinished_report(counties, folder, tmp_path, monkeypatch):
    held = HeldCheck(monkeypatch)
    choose_folder(counties, folder)
    counties.dialog.start.click()
    assert wait_until(held.begun.is_set)
    counties.close()
    counties.runner.stop_all()
    output = tmp_path / "大同 各县_检查结果"
    assert [path for path in output.rglob("*") if path.is_file()] == []
    assert not list(output.rglob(".sanxian-*"))


def test_counties_are_checked_in_sequence_if_no_python_is_found(counties, folder, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(counties_bridge, "find_python_program", lambda *_all: calls.append(1) or "")
    choose_folder(counties, folder)
    counties.dialog.form.jobs.setMaximum(2)
    counties.dialog.form.jobs.setValue(2)
    assert counties.dialog.form._timer.isActive()
    run_to_end(counties)
    assert calls and "已逐县检查" in counties.dialog.outcome.text()
    assert read_cells(counties, Column.RESULT) == ["不通过", "未读取"]


def test_start_right_after_a_change_of_counties_writes_into_their_folder(counties, folder, tmp_path):
    choose_folder(counties, folder)
    counties.dialog.form.source.line.setText(str(folder.rename(tmp_path / "朔州 各县")))
    run_to_end(counties)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["朔州 各县", "朔州 各县_检查结果"]
    assert read_cells(counties, Column.RESULT) == ["不通过", "未读取"]


def test_a_connection_that_qgis_stores_is_checked_in_sequence_with_the_reason(counties, folder, monkeypatch):
    # A process would not find the connection; here QGIS lacks it too, and reports that.
    monkeypatch.setattr(counties_bridge, "find_python_program", lambda *_all: pytest.fail("a process is started"))
    monkeypatch.setitem(connection_finders, "QGIS", lambda name: None)
    table = folder / "清单.csv"
    rows = [f"{GOOD},{GOOD}.gpkg,,connection=市局&schema=封库", f"{DAMAGED},{DAMAGED}.gpkg,,"]
    table.write_text("\n".join(["县,数据,县配置,封库版本", *rows]), encoding="utf-8")
    choose_folder(counties, table)
    counties.dialog.form.jobs.setMaximum(2)
    counties.dialog.form.jobs.setValue(2)
    wait_for_forecast(counties)
    run_to_end(counties)
    assert "service=…" in counties.dialog.outcome.text() and "已逐县检查" in counties.dialog.outcome.text()
    assert [row.stage for row in counties.dialog.model.rows] == ["done", "done"]


def test_buttons_open_the_results_of_the_run_until_the_list_is_of_another_folder(
    counties, folder, tmp_path, monkeypatch
):
    opened, held = [], HeldCheck(monkeypatch)
    monkeypatch.setattr(controller_module, "open_path", lambda path, _parent: opened.append(path))
    choose_folder(counties, folder)
    dialog, output = counties.dialog, tmp_path / "大同 各县_检查结果"
    dialog.start.click()
    dialog.close_button.click()
    held.free.set()
    assert wait_until(lambda: not counties.is_running)
    dialog.form.output.line.setText(str(tmp_path / "别处"))
    buttons = {one.text(): one for one in counties.iface.bar.currentItem().findChildren(QPushButton)}
    buttons["打开汇总"].click()
    dialog.page_button.click()
    assert opened == [str(output / "summary.html")] * 2
    wait_for_forecast(counties)
    assert not dialog.page_button.isEnabled() and not dialog.folder_button.isEnabled()
    dialog.form.output.line.setText(str(output))
    wait_for_forecast(counties)
    assert dialog.page_button.isEnabled()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("postgresql://planner:secret@host/plans?schema=*", ["pgpass", "postgresql://host/plans"]),
        ("{folder}/140225浑源县.gpkg", ["140225浑源县.gpkg"]),
        ("{folder}/none", ["none"]),
    ],
)
def test_source_that_cannot_be_used_is_explained(counties, folder, tmp_path, source, words):
    counties.dialog.form.output.line.setText(str(tmp_path / "out"))
    choose_folder(counties, source.format(folder=folder))
    error = counties.dialog.message.error
    assert all(word in error for word in words) and "secret" not in error
    assert read_cells(counties, Column.NAME) == []
    counties.dialog.start.click()
    assert wait_until(lambda: not counties.is_running)
    assert "secret" not in settings.read_setting("counties/source", "") and not (tmp_path / "out").exists()


def test_list_gives_profiles_and_needs_no_sideways_scrolling_in_a_narrow_window(counties, folder, tmp_path):
    table = folder / "清单.csv"
    rows = [f"{name},{name}.gpkg,{profile}" for name, profile in ((GOOD, "hunyuan"), (DAMAGED, ""))]
    table.write_text("\n".join(["县,数据,县配置", *rows]), encoding="utf-8")
    dialog = counties.dialog
    dialog.form.profile.choose_profile("shanxi")
    choose_folder(counties, table)
    assert read_cells(counties, Column.PROFILE) == ["浑源县", "山西省"]
    assert dialog.form.output.text() == str(folder / "清单_检查结果")
    for width in (1000, 1600):
        dialog.resize(width, 700)
        process_events(0.05)
        assert dialog.width() == width
        assert dialog.table.horizontalHeader().length() <= dialog.table.viewport().width()


def test_choices_are_offered_again_the_next_time(counties, folder):
    choose_folder(counties, folder)
    counties.dialog.form.forms["xlsx"].setChecked(True)
    counties.dialog.form.only_changed.setChecked(True)
    counties.dialog.form.store_choices()
    counties.close()
    counties.show()
    form = counties.dialog.form
    wait_for_forecast(counties)
    assert form.source.text() == str(folder) and form.make_options().forms == ("html", "xlsx")
    assert form.make_options().only_changed and read_cells(counties, Column.NAME) == [GOOD, DAMAGED]
