# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the check result stored with a project.

It is restored with its date, and outdated findings are grey.
"""

import os
from pathlib import Path

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QModelIndex, Qt

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.project import county
from plugin.core.checks.saved_result import read_saved_result
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.waiting import process_events, wait_until

ROLES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")


@pytest.fixture
def controller_and_project_file(chinese, qgis_app, project, tmp_path):
    """Yield a controller with a saved and checked project, and the project file."""
    settings.store_setting("show_findings_layer", True)
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    file = tmp_path / "县.qgz"
    assert project.write(str(file))
    controller = make_controller()
    controller.start_check()
    assert wait_until(lambda: not controller.is_check_running and controller.dock.result is not None)
    assert wait_until(lambda: get_result_path(file).is_file() and controller.saved_results._writing_job is None)
    yield controller, file
    controller.unload()
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    controller.iface.window.deleteLater()
    process_events(0.02)


def get_result_path(file):
    return Path(file).with_name("县.result.json")


def reopen(controller, project, file):
    project.clear()
    assert controller.dock.result is None
    project.read(str(file))
    assert wait_until(lambda: not controller.saved_results.is_reading)
    return controller.dock.result


def get_layer(project, role):
    return next(v for v in project.mapLayers().values() if v.name() == role)


def move_and_save_feature(layer):
    """Change the shape of one feature and save the layer."""
    layer.startEditing()
    feature = next(layer.getFeatures())
    geometry = feature.geometry()
    geometry.translate(0.5, 0)
    layer.changeGeometry(feature.id(), geometry)
    assert layer.commitChanges()


def list_grey_findings(controller):
    """Return (rule, role, related role) of outdated (grey) findings."""
    model, found = controller.dock.tree.findings, []
    for row, group in enumerate(model.groups):
        parent = model.index(row, 0, QModelIndex())
        model.fetchMore(parent)
        for n in range(model.rowCount(parent)):
            finding = model.get_finding(model.index(n, 0, parent))
            if finding is not None and model.data(model.index(n, 3, parent)) == "待复检":
                assert model.data(model.index(n, 0, parent), Qt.ItemDataRole.ForegroundRole) is not None
                found.append((group.code, finding.role, finding.related_role))
    return found


def list_findings(result):
    return sorted((f.code, f.key, f.fingerprint, f.message, f.area_m2) for f in result.findings)


def test_reopened_project_shows_its_stored_check_result_with_date(controller_and_project_file, project):
    controller, file = controller_and_project_file
    before = controller.dock.result
    listed, verdict, shown = list_findings(before), controller.dock.verdict._word.text(), before.finished_at
    assert not [p.name for p in file.parent.iterdir() if p.name.startswith(".sanxian")]
    result = reopen(controller, project, file)
    assert result.is_restored and list_findings(result) == listed and listed
    assert result.report.to_dict()["summary"] == before.report.to_dict()["summary"]
    assert controller.dock.verdict._word.text() == verdict and controller.dock.verdict._word.isEnabled()
    day = f"{shown:%Y-%m-%d %H:%M}"
    assert controller.dock.verdict._when.text().startswith(f"{day} · ")
    assert controller.dock.stale.text() == f"{day} 的检查结果，此后图层和县配置未改动。"
    assert not controller.dock.stale_button.isVisibleTo(controller.dock) and not list_grey_findings(controller)
    assert findings_layer.find_findings_layer(project).featureCount() == len(listed) and not project.isDirty()
    assert controller.result_owner.get_displayed_result() is result and controller.actions["report"].isEnabled()


def test_stored_check_result_is_not_used_for_a_package_export(controller_and_project_file, project):
    from plugin.core.package.package_spec.load import load_package_spec

    controller, file = controller_and_project_file
    reopen(controller, project, file)
    assert controller.result_owner.get_result_for_export(load_package_spec("county")) is None


def test_findings_of_a_layer_edited_since_the_check_are_grey_after_reopening(controller_and_project_file, project):
    controller, file = controller_and_project_file
    move_and_save_feature(get_layer(project, "CZKFBJ"))
    reopen(controller, project, file)
    assert "此后有改动的图层：CZKFBJ。" in controller.dock.stale.text() and controller.dock.stale_button.isVisibleTo(
        controller.dock
    )
    rows = list_grey_findings(controller)
    assert rows and not controller.dock.verdict._word.isEnabled()
    listed = controller.dock.result.findings
    assert {f.code for f in listed if "CZKFBJ" in (f.role, f.related_role)} <= {code for code, *_ in rows}
    assert len(rows) < len(listed), "what has to do with other layers only stays as it was"
    controller.start_check()
    assert wait_until(lambda: not controller.is_check_running and not controller.dock.result.is_restored)
    assert (
        not list_grey_findings(controller)
        and controller.dock.verdict._word.isEnabled()
        and controller.dock.stale.isHidden()
    )


def test_changed_file_date_alone_does_not_outdate_a_stored_result(controller_and_project_file, project):
    controller, file = controller_and_project_file
    project.clear()
    os.utime(file.with_name("小县.gpkg"), ns=(1, 1))
    project.read(str(file))
    assert wait_until(lambda: not controller.saved_results.is_reading)
    assert "未改动" in controller.dock.stale.text() and not list_grey_findings(controller)


def test_edit_after_reopening_greys_the_findings_of_the_layer_immediately(controller_and_project_file, project):
    controller, file = controller_and_project_file
    reopen(controller, project, file)
    layer = get_layer(project, "CZKFBJ")
    layer.startEditing()
    assert not list_grey_findings(controller), "nothing changed yet"
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert list_grey_findings(controller) and "CZKFBJ" in controller.dock.stale.text()


def test_layer_filter_and_removed_or_added_plan_layer_outdate_a_stored_result(controller_and_project_file, project):
    controller, file = controller_and_project_file
    reopen(controller, project, file)
    get_layer(project, "STBHHX").setSubsetString("BSM <> 'x'")
    assert controller.dock.result.changes_since_check.changed_layer_names == ("STBHHX",)
    project.removeMapLayer(get_layer(project, "DLTB").id())
    assert controller.dock.result.changes_since_check.changed_layer_names == ("STBHHX", "DLTB")
    assert "STBHHX、DLTB" in controller.dock.stale.text()
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    names = controller.dock.result.changes_since_check.changed_layer_names
    assert sorted(names) == ["DLTB", "STBHHX", "XZQX"]
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory"))
    assert controller.dock.result.changes_since_check.changed_layer_names == names, "a draft is no layer of the plan"


def test_changed_county_profile_outdates_every_finding_of_a_stored_result(controller_and_project_file, project):
    controller, file = controller_and_project_file
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", base_year="2020"))
    assert project.write(str(file))
    assert wait_until(lambda: controller.saved_results._writing_job is None)
    reopen(controller, project, file)
    assert "县配置" in controller.dock.stale.text() and len(list_grey_findings(controller)) == len(
        [f for f in controller.dock.result.findings if f.state != "waived"]
    )


def test_edits_rolled_back_after_the_check_outdate_the_stored_result(controller_and_project_file, project):
    controller, file = controller_and_project_file
    layer = get_layer(project, "CZKFBJ")
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    before = get_result_path(file).read_bytes()
    controller.start_check()
    assert wait_until(
        lambda: (
            not controller.is_check_running
            and get_result_path(file).read_bytes() != before
            and controller.saved_results._writing_job is None
        )
    )
    layer.rollBack()
    reopen(controller, project, file)
    assert controller.dock.result.changes_since_check.changed_layer_names == ("CZKFBJ",)


def test_saving_the_project_under_another_name_copies_the_stored_result(controller_and_project_file, project):
    controller, file = controller_and_project_file
    reopen(controller, project, file)
    assert project.write(str(file.with_name("另存.qgz")))
    copy = file.with_name("另存.result.json")
    assert wait_until(lambda: copy.is_file() and controller.saved_results._writing_job is None)
    assert copy.read_bytes() == get_result_path(file).read_bytes()


def test_result_of_an_unsaved_project_is_stored_when_the_project_is_saved(controller_and_project_file, project):
    controller, file = controller_and_project_file
    get_result_path(file).unlink()
    project.setFileName("")
    controller.start_check()
    assert wait_until(lambda: not controller.is_check_running)
    process_events(0.2)
    assert not get_result_path(file).exists()
    assert project.write(str(file))
    assert wait_until(lambda: get_result_path(file).is_file() and controller.saved_results._writing_job is None)


def test_findings_of_a_stored_result_can_be_waived(controller_and_project_file, project):
    from datetime import date

    from plugin.core.engine.waivers.file import change_waivers
    from plugin.core.engine.waivers.waiver import WaiverEntry, make_waivers

    controller, file = controller_and_project_file
    result = reopen(controller, project, file)
    finding = next(f for f in result.findings if str(f.severity) == "ERROR" and f.key and f.area_m2)
    words = WaiverEntry(reason="已批复", document="晋自然资函〔2026〕12号", author="王", date=date.today())
    path = controller.waiving.get_waiver_path()
    waivers = make_waivers([finding], words, result.check_result.waivers.limits, path.parent)
    controller.waiving.apply_waivers(change_waivers(path, added_waivers=waivers), path)
    assert finding.state == "waived"
    assert wait_until(lambda: controller.saved_results._writing_job is None and not controller.saved_results._again)
    states = {f.fingerprint: f.state for f in read_saved_result(get_result_path(file)).report.findings}
    assert states[finding.fingerprint] == "waived"
    again = reopen(controller, project, file)
    assert [f.fingerprint for f in again.findings if f.state == "waived"] == [finding.fingerprint]
    assert "未改动" in controller.dock.stale.text(), "the waiver is the one that was made here"


def test_html_report_of_a_stored_result_explains_why_it_has_no_pictures(controller_and_project_file, project, tmp_path):
    controller, file = controller_and_project_file
    reopen(controller, project, file)
    target = tmp_path / "报告.html"
    controller.exports.save_result("html", str(target))
    assert wait_until(target.exists)
    assert "由保存的检查结果生成" in target.read_text(encoding="utf-8")


def test_damaged_stored_result_is_reported_and_the_project_can_be_checked(controller_and_project_file, project):
    controller, file = controller_and_project_file
    get_result_path(file).write_text("{", encoding="utf-8")
    assert reopen(controller, project, file) is None
    assert "县.result.json" in controller.dock.note.text() and "损坏" in controller.dock.note.text()
    assert wait_until(lambda: controller.dock.empty.label.text() and "读取" not in controller.dock.empty.label.text())


def test_stored_result_of_another_project_with_the_same_file_name_is_not_loaded_or_overwritten(
    controller_and_project_file, project, tmp_path
):
    controller, file = controller_and_project_file
    before = get_result_path(file).read_bytes()
    project.clear()
    project.addMapLayer(QgsVectorLayer(f"{file.with_name('小县.gpkg')}|layername=CZKFBJ", "CZKFBJ", "ogr"))
    assert project.write(str(file))
    assert reopen(controller, project, file) is None and get_result_path(file).read_bytes() == before


def test_result_that_cannot_be_stored_next_to_the_project_is_reported(controller_and_project_file, project):
    controller, file = controller_and_project_file
    get_result_path(file).unlink()
    get_result_path(file).mkdir()
    controller.start_check()
    assert wait_until(lambda: not controller.is_check_running and "未能保存在工程文件旁" in controller.dock.note.text())
    assert controller.dock.result is not None
