# SPDX-License-Identifier: GPL-2.0-or-later
"""Test background jobs, the map mark, the findings layer and the sample county."""

import sqlite3
import threading
import time
from contextlib import closing

import pytest
import shapely
from pyproj import CRS
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsProject,
    QgsRectangle,
    QgsVectorDataProvider,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QSize

from plugin.bridge.checking import findings_layer
from plugin.bridge.layers import role_recognition
from plugin.bridge.layers.properties import get_assigned_role, read_wkb
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.bridge.running.tasks import BackgroundJob, JobRunner
from plugin.gui.findings.map_marks import FindingMapMark
from plugin.gui.widgets.map_items import compute_zoom_extent
from tests.qgis.gui_helpers import X, Y, make_finding, make_small_report
from tests.qgis.helpers import SAMPLE, digest_files, write_small
from tests.qgis.waiting import PATIENCE_SECONDS, process_events, wait_until

FINDINGS_CRS = QgsCoordinateReferenceSystem("EPSG:4526")


# --- tasks
@pytest.fixture
def callbacks():
    return []


@pytest.fixture
def start_job(qgis_app, callbacks):
    runner = JobRunner()

    def start_job(doing):
        job = BackgroundJob(
            "test",
            doing,
            on_done=lambda r: callbacks.append(("done", r, threading.current_thread())),
            on_error=lambda e: callbacks.append(("error", str(e), threading.current_thread())),
            on_cancelled=lambda: callbacks.append(("cancelled", None, threading.current_thread())),
        )
        return runner.start(job)

    yield start_job
    runner.stop_all()


def make_endless_work(begun):
    def work(progress, cancellation):
        begun.set()
        while True:
            cancellation.raise_if_cancelled()
            time.sleep(0.005)

    return work


def test_background_jobs_run_in_a_thread_and_call_back_on_the_main_thread(qgis_app, start_job, callbacks):
    job = start_job(lambda progress, cancellation: (progress(0.5, "half"), threading.current_thread())[1])
    steps = []
    job.step.connect(lambda share, text: steps.append((share, text, threading.current_thread())))
    assert wait_until(lambda: callbacks)
    (kind, worker, answered) = callbacks[0]
    assert kind == "done" and worker is not threading.main_thread() and answered is threading.main_thread()
    assert all(thread is threading.main_thread() for _, _, thread in steps)


def test_error_of_a_background_job_is_reported_once(qgis_app, start_job, callbacks):
    start_job(lambda progress, cancellation: 1 / 0)
    assert wait_until(lambda: callbacks)
    assert [h[:2] for h in callbacks] == [("error", "division by zero")]


def test_cancelling_a_background_job_stops_the_running_work(qgis_app, start_job, callbacks):
    begun = threading.Event()
    job = start_job(make_endless_work(begun))
    assert begun.wait(PATIENCE_SECONDS)
    job.cancel()
    assert wait_until(lambda: callbacks)
    assert [kind for kind, _, _ in callbacks] == ["cancelled"]


def test_background_job_that_finishes_after_cancel_counts_as_cancelled(qgis_app, start_job, callbacks):
    job = start_job(lambda progress, cancellation: time.sleep(0.2))
    job.cancel()
    assert wait_until(lambda: callbacks)
    assert callbacks[0][0] == "cancelled"


def test_background_job_runs_no_callback_after_unloading(qgis_app, callbacks):
    runner, begun = JobRunner(), threading.Event()
    work = make_endless_work(begun)
    job = BackgroundJob(
        "test", work, on_done=callbacks.append, on_error=callbacks.append, on_cancelled=lambda: callbacks.append(1)
    )
    runner.start(job)
    assert begun.wait(PATIENCE_SECONDS)
    runner.stop_all()
    assert job.wait(0), "it is over, not given up"
    process_events(0.1)
    assert not callbacks and not QgsApplication.taskManager().activeTasks()


# --- the map
@pytest.fixture
def canvas(qgis_app, project):
    canvas = QgsMapCanvas()
    canvas.resize(QSize(800, 600))
    canvas.setDestinationCrs(FINDINGS_CRS)
    canvas.setExtent(QgsRectangle(X, Y, X + 40_000, Y + 30_000))
    yield canvas
    canvas.deleteLater()


def test_zooming_to_a_finding_shows_it_at_thirty_percent_of_the_map_width(canvas):
    one = make_finding("REL002", "1", 1_200_000.0)
    assert FindingMapMark(canvas).show_finding(one, FINDINGS_CRS)
    box = read_wkb(one.geometry.wkb).boundingBox()
    assert canvas.extent().contains(box)
    assert box.width() / canvas.extent().width() == pytest.approx(0.30, rel=0.05)
    assert canvas.extent().center().distance(box.center()) < 1


def test_zooming_to_a_tall_finding_shows_it_completely():
    view = compute_zoom_extent(QgsRectangle(0, 0, 10, 300), 4 / 3)
    assert view.height() == pytest.approx(1000) and view.width() == pytest.approx(4000 / 3)


@pytest.mark.parametrize("shape", [shapely.Point(X, Y), shapely.box(X, Y, X + 0.5, Y + 0.5)], ids=["point", "small"])
def test_zooming_to_a_tiny_finding_stops_at_scale_1_to_500(canvas, shape):
    one = make_finding("GEO002", "1", None, geometry=shape)
    assert FindingMapMark(canvas).show_finding(one, FINDINGS_CRS)
    assert canvas.scale() == pytest.approx(500, rel=0.02)
    assert canvas.extent().contains(read_wkb(shape.wkb).boundingBox())


def test_zooming_to_a_finding_on_a_map_in_another_crs_shows_its_place(canvas):
    degrees = QgsCoordinateReferenceSystem("EPSG:4490")
    canvas.setDestinationCrs(degrees)
    one = make_finding("REL002", "1", 40_000.0)
    assert FindingMapMark(canvas).show_finding(one, FINDINGS_CRS)
    moved = QgsCoordinateTransform(FINDINGS_CRS, degrees, QgsProject.instance()).transformBoundingBox(
        read_wkb(one.geometry.wkb).boundingBox()
    )
    assert canvas.extent().contains(moved)


def test_map_mark_of_a_finding_is_replaced_by_the_next_and_removed_by_clear(qgis_app, canvas):
    items = len(canvas.scene().items())
    mark = FindingMapMark(canvas)
    for key in "12":
        mark.show_finding(make_finding("REL002", key, 40_000.0), FINDINGS_CRS)
    # QGIS removes its flash rubber bands itself.
    one = 5
    assert wait_until(lambda: len(canvas.scene().items()) == items + one)
    mark.clear()
    assert len(canvas.scene().items()) == items


def test_finding_without_geometry_does_not_move_the_map(canvas):
    before = canvas.extent()
    assert not FindingMapMark(canvas).show_finding(make_finding("SCH002", "1", None), FINDINGS_CRS)
    assert canvas.extent() == before


# --- the findings layer
def test_showing_findings_again_refills_the_existing_findings_layer(project):
    report = make_small_report()
    crs = CRS.from_epsg(4526)
    first = findings_layer.show_findings(project, findings_layer.make_finding_features(report.findings), crs)
    second = findings_layer.show_findings(project, findings_layer.make_finding_features(report.findings[:2]), crs)
    assert first is second and second.featureCount() == 2
    assert second.renderer().type() == "categorizedSymbol"
    assert project.layerTreeRoot().children()[0].findLayers()[0].layerId() == second.id()
    assert second not in role_recognition.list_plan_layers(project), "a result is never an input"
    findings_layer.remove_findings_layer(project)
    assert not project.mapLayers() and not project.layerTreeRoot().children()


def test_removing_the_findings_layer_keeps_its_group_with_other_layers(project):
    layer = findings_layer.show_findings(project, [], CRS.from_epsg(4526))
    group = project.layerTreeRoot().findLayer(layer.id()).parent()
    other = QgsVectorLayer("Polygon?crs=EPSG:4526", "other", "memory")
    project.addMapLayer(other, False)
    group.addLayer(other)
    findings_layer.remove_findings_layer(project)
    assert [n.name() for n in project.layerTreeRoot().children()[0].children()] == ["other"]


def test_findings_layer_saved_by_the_user_is_not_refilled_or_removed(project, tmp_path):
    """Save the findings layer to a file, as a user does.

    It keeps its custom property but has another source.
    """
    report, crs = make_small_report(), CRS.from_epsg(4526)
    layer = findings_layer.show_findings(project, findings_layer.make_finding_features(report.findings), crs)
    path = tmp_path / "检查结果.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    assert QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), project.transformContext(), options)[0] == 0
    layer.setDataSource(str(path), layer.name(), "ogr")
    assert layer.customProperty(role_recognition.FINDINGS_PROPERTY) and layer.featureCount() == len(report.findings)
    assert findings_layer.find_findings_layer(project) is None
    second = findings_layer.show_findings(project, findings_layer.make_finding_features(report.findings[:1]), crs)
    assert second.id() != layer.id() and second.featureCount() == 1
    assert QgsVectorLayer(str(path), "", "ogr").featureCount() == len(report.findings)
    assert len(project.layerTreeRoot().children()) == 1, "one group for both"
    findings_layer.remove_findings_layer(project)
    assert project.mapLayers() == {layer.id(): layer}


@pytest.mark.parametrize("action", ["truncate", "addFeatures"])
def test_findings_refused_by_the_layer_leave_no_partial_layer(project, monkeypatch, action):
    refusal = {"truncate": lambda _provider: False, "addFeatures": lambda _provider, rows, *_flags: (False, rows)}
    monkeypatch.setattr(QgsVectorDataProvider, action, refusal[action])
    assert findings_layer.show_findings(project, [QgsFeature()], CRS.from_epsg(4526)) is None
    assert not project.mapLayers() and not project.layerTreeRoot().children()


# --- roles and profile of the project
def test_plan_layers_are_recognised_by_name_and_by_the_choice_of_the_user(project, tmp_path):
    path = write_small(tmp_path / "small.gpkg")
    for name in ("YJJBNTBHTB", "STBHHX", "DLTB"):
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={name}", name, "ogr"))
    lines = QgsVectorLayer(f"{path}|layername=CZKFBJ", "我的边界", "ogr")
    project.addMapLayer(lines)
    found = role_recognition.recognise_layers(
        role_recognition.read_layer_schemas(project), county.make_check_options(project)
    )
    assert set(found.layer_id_by_role) == {"YJJBNTBHTB", "STBHHX", "DLTB"}
    assert found.missing_concepts == [("boundary", ("CZKFBJ",))]
    role_recognition.assign_role(project, "CZKFBJ", lines)
    found = role_recognition.recognise_layers(
        role_recognition.read_layer_schemas(project), county.make_check_options(project)
    )
    assert found.layer_id_by_role["CZKFBJ"] == lines.id() and not found.missing_concepts


def test_county_settings_are_stored_in_the_project(project, tmp_path):
    mine = county.ProjectCountySettings(profile="hunyuan", scope="three_lines", base_year="2020")
    county.store_county_settings(project, mine)
    project.write(str(tmp_path / "a.qgz"))
    project.clear()
    assert county.read_county_settings(project) == county.ProjectCountySettings()
    project.read(str(tmp_path / "a.qgz"))
    assert county.read_county_settings(project) == mine
    options = county.make_check_options(project)
    assert (options.profile, options.base_year) == ("hunyuan", 2020)
    county.store_county_settings(project, county.ProjectCountySettings())
    assert county.read_county_settings(project) == county.ProjectCountySettings()


# --- the sample county
def test_sample_county_opens_as_a_copy_in_layer_groups_with_symbols(project, tmp_path):
    before = digest_files(SAMPLE)
    path = sample.copy_sample(tmp_path / "示例 县")
    layers = sample.load_sample(project, path)
    assert [g.name() for g in project.layerTreeRoot().children()] == [
        "三条控制线",
        "历史文化保护线",
        "规划分区",
        "基础数据",
    ]
    by_role = {get_assigned_role(v): v for v in layers}
    assert by_role["CZKFBJ"].name() == "城镇开发边界" and by_role["DLTB"].opacity() == 0.5
    assert by_role["DLTB"].name() == "地类图斑 2020"
    assert all(v.isValid() and v.featureCount() for v in layers)
    assert by_role["CZKFBJ"].startEditing() and by_role["CZKFBJ"].rollBack()
    assert digest_files(SAMPLE) == before
    assert county.read_county_settings(project).profile == "hunyuan"
    assert set(
        role_recognition.recognise_layers(
            role_recognition.read_layer_schemas(project), county.make_check_options(project)
        ).layer_id_by_role
    ) == set(by_role)


@pytest.mark.parametrize(
    ("values", "name"), [("NULL", "地类图斑"), ("2019 + fid % 2", "地类图斑"), ("2023", "地类图斑 2023")]
)
def test_land_use_layer_is_named_with_its_year_only_if_its_features_have_one(project, tmp_path, values, name):
    path = sample.copy_sample(tmp_path)
    with closing(sqlite3.connect(path)) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute(f"UPDATE DLTB SET SJNF = {values}")
    layers = sample.load_sample(project, path)
    assert name in {layer.name() for layer in layers}


def test_unchanged_copy_of_the_sample_is_deleted_when_the_sample_is_opened_again(project, tmp_path):
    for _ in range(3):
        layers = sample.load_sample(project, sample.copy_sample(tmp_path))
        assert layers[0].startEditing() and layers[0].rollBack(), "that changes the file, and what it holds not"
        project.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["county.gpkg"]


def test_open_or_edited_copy_of_the_sample_is_not_deleted(project, tmp_path):
    layers = sample.load_sample(project, sample.copy_sample(tmp_path))
    open_copy, new_copy = tmp_path / "county.gpkg", sample.copy_sample(tmp_path)
    assert new_copy.name == "county-2.gpkg", "the first is open"
    assert not sample.explain_new_copy(open_copy) and new_copy.name in sample.explain_new_copy(new_copy)
    layer = next(v for v in layers if v.featureCount())
    left = layer.featureCount() - 1
    assert layer.startEditing() and layer.deleteFeature(next(layer.getFeatures()).id()) and layer.commitChanges()
    source = layer.source()
    del layer, layers
    project.clear()
    assert sample.copy_sample(tmp_path).name == "county-2.gpkg", "the first holds the user's work, the second is as new"
    assert QgsVectorLayer(source, "", "ogr").featureCount() == left
