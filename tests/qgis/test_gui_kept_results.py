# SPDX-License-Identifier: GPL-2.0-or-later
"""The last result beside its project: it comes back with the project, with its date, grey where the data have changed."""

import os
from pathlib import Path

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QModelIndex, Qt

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer
from plugin.bridge.project import county
from plugin.core.results.saved_result import read_saved_result
from tests.qgis.helpers import write_small
from tests.qgis.test_gui_desk import make_desk
from tests.qgis.waiting import process_events, wait_until

ROLES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")


@pytest.fixture
def saved(chinese, qgis_app, project, tmp_path):
    """A desk over a project that was saved and checked; its file."""
    settings.put("show_findings_layer", True)
    county.keep(project, county.County(profile="hunyuan"))
    path = write_small(tmp_path / "小县.gpkg")
    for role in ROLES:
        project.addMapLayer(QgsVectorLayer(f"{path}|layername={role}", role, "ogr"))
    file = tmp_path / "县.qgz"
    assert project.write(str(file))
    desk = make_desk()
    desk.run()
    assert wait_until(lambda: not desk.busy and desk.dock.result is not None)
    assert wait_until(lambda: kept(file).is_file() and desk.saved_results._writing is None)
    yield desk, file
    desk.unload()
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    desk.iface.window.deleteLater()
    process_events(0.02)


def kept(file):
    return Path(file).with_name("县.result.json")


def reopen(desk, project, file):
    project.clear()
    assert desk.dock.result is None
    project.read(str(file))
    assert wait_until(lambda: not desk.saved_results.reading)
    return desk.dock.result


def layer_of(project, role):
    return next(v for v in project.mapLayers().values() if v.name() == role)


def edit(layer):
    """Change the shape of a feature and save it."""
    layer.startEditing()
    feature = next(layer.getFeatures())
    geometry = feature.geometry()
    geometry.translate(0.5, 0)
    layer.changeGeometry(feature.id(), geometry)
    assert layer.commitChanges()


def grey(desk):
    """(rule, role, related role) of the findings that are listed as to be checked again."""
    model, found = desk.dock.tree.findings, []
    for row, group in enumerate(model.groups):
        parent = model.index(row, 0, QModelIndex())
        model.fetchMore(parent)
        for n in range(model.rowCount(parent)):
            finding = model.finding_at(model.index(n, 0, parent))
            if finding is not None and model.data(model.index(n, 3, parent)) == "待复检":
                assert model.data(model.index(n, 0, parent), Qt.ItemDataRole.ForegroundRole) is not None
                found.append((group.code, finding.role, finding.related_role))
    return found


def as_listed(result):
    return sorted((f.code, f.key, f.fingerprint, f.message, f.area_m2) for f in result.findings)


def test_a_saved_project_comes_back_with_its_result_and_its_date(saved, project):
    desk, file = saved
    before = desk.dock.result
    listed, verdict, shown = as_listed(before), desk.dock.verdict._word.text(), before.finished
    assert not [p.name for p in file.parent.iterdir() if p.name.startswith(".sanxian")]
    result = reopen(desk, project, file)
    assert result.is_restored and as_listed(result) == listed and listed
    assert result.report.to_dict()["summary"] == before.report.to_dict()["summary"]
    assert desk.dock.verdict._word.text() == verdict and desk.dock.verdict._word.isEnabled()
    day = f"{shown:%Y-%m-%d %H:%M}"
    assert desk.dock.verdict._when.text().startswith(f"{day} · ")
    assert desk.dock.stale.text() == f"{day} 的检查结果，此后图层和县配置未改动。"
    assert not desk.dock.stale_button.isVisibleTo(desk.dock) and not grey(desk)
    assert findings_layer.find_findings_layer(project).featureCount() == len(listed) and not project.isDirty()
    assert desk.result_owner.latest() is result and desk.actions["report"].isEnabled()


def test_a_package_is_not_made_of_a_kept_result(saved, project):
    from plugin.core.package.package_spec.load import load_package_spec

    desk, file = saved
    reopen(desk, project, file)
    assert desk.result_owner.fresh(load_package_spec("county")) is None


def test_a_layer_that_was_edited_and_saved_since_is_named_and_its_rows_are_grey(saved, project):
    desk, file = saved
    edit(layer_of(project, "CZKFBJ"))
    reopen(desk, project, file)
    assert "此后有改动的图层：CZKFBJ。" in desk.dock.stale.text() and desk.dock.stale_button.isVisibleTo(desk.dock)
    rows = grey(desk)
    assert rows and not desk.dock.verdict._word.isEnabled()
    listed = desk.dock.result.findings
    assert {f.code for f in listed if "CZKFBJ" in (f.role, f.related_role)} <= {code for code, *_ in rows}
    assert len(rows) < len(listed), "what has to do with other layers only stays as it was"
    desk.run()
    assert wait_until(lambda: not desk.busy and not desk.dock.result.is_restored)
    assert not grey(desk) and desk.dock.verdict._word.isEnabled() and desk.dock.stale.isHidden()


def test_a_file_that_was_only_touched_is_not_changed(saved, project):
    desk, file = saved
    project.clear()
    os.utime(file.with_name("小县.gpkg"), ns=(1, 1))
    project.read(str(file))
    assert wait_until(lambda: not desk.saved_results.reading)
    assert "未改动" in desk.dock.stale.text() and not grey(desk)


def test_an_edit_after_opening_turns_rows_grey_at_once(saved, project):
    desk, file = saved
    reopen(desk, project, file)
    layer = layer_of(project, "CZKFBJ")
    layer.startEditing()
    assert not grey(desk), "nothing changed yet"
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert grey(desk) and "CZKFBJ" in desk.dock.stale.text()


def test_a_filter_and_a_layer_that_went_are_changes(saved, project):
    desk, file = saved
    reopen(desk, project, file)
    layer_of(project, "STBHHX").setSubsetString("BSM <> 'x'")
    assert desk.dock.result.changes.layers == ("STBHHX",)
    project.removeMapLayer(layer_of(project, "DLTB").id())
    assert desk.dock.result.changes.layers == ("STBHHX", "DLTB")
    assert "STBHHX、DLTB" in desk.dock.stale.text()


def test_a_layer_that_came_is_a_change(saved, project):
    desk, file = saved
    reopen(desk, project, file)
    project.addMapLayer(QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=BSM:string", "XZQX", "memory"))
    assert desk.dock.result.changes.layers == ("XZQX",)
    draft = QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "草图", "memory")
    project.addMapLayer(draft)
    assert desk.dock.result.changes.layers == ("XZQX",), "a draft is no layer of the plan"


def test_other_settings_concern_every_row(saved, project):
    desk, file = saved
    county.keep(project, county.County(profile="hunyuan", base_year="2020"))
    assert project.write(str(file))
    assert wait_until(lambda: desk.saved_results._writing is None)
    reopen(desk, project, file)
    assert "县配置" in desk.dock.stale.text() and len(grey(desk)) == len(
        [f for f in desk.dock.result.findings if f.state != "waived"]
    )


def test_edits_that_were_not_saved_at_the_check_count(saved, project):
    desk, file = saved
    layer = layer_of(project, "CZKFBJ")
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    before = kept(file).read_bytes()
    desk.run()
    assert wait_until(
        lambda: not desk.busy and kept(file).read_bytes() != before and desk.saved_results._writing is None
    )
    layer.rollBack()
    reopen(desk, project, file)
    assert desk.dock.result.changes.layers == ("CZKFBJ",)


def test_saved_under_another_name_the_result_goes_along(saved, project):
    desk, file = saved
    reopen(desk, project, file)
    other = file.with_name("另存.qgz")
    assert project.write(str(other))
    copy = file.with_name("另存.result.json")
    assert wait_until(lambda: copy.is_file() and desk.saved_results._writing is None)
    assert copy.read_bytes() == kept(file).read_bytes()


def test_a_project_that_is_saved_after_its_check_keeps_the_result_then(saved, project):
    desk, file = saved
    kept(file).unlink()
    project.setFileName("")
    desk.run()
    assert wait_until(lambda: not desk.busy)
    process_events(0.2)
    assert not kept(file).exists()
    assert project.write(str(file))
    assert wait_until(lambda: kept(file).is_file() and desk.saved_results._writing is None)


def test_findings_of_a_kept_result_can_be_waived_and_stay_so(saved, project):
    from datetime import date

    from plugin.core.waivers.model import WaiverEntry

    desk, file = saved
    result = reopen(desk, project, file)
    finding = next(f for f in result.findings if str(f.severity) == "ERROR" and f.key and f.area_m2)
    words = WaiverEntry(reason="已批复", document="晋自然资函〔2026〕12号", author="王", date=date.today())
    desk.waiving._save([finding], words, desk.waiving.path())
    assert finding.state == "waived"
    assert wait_until(lambda: desk.saved_results._writing is None and not desk.saved_results._again)
    states = {f.fingerprint: f.state for f in read_saved_result(kept(file)).report.findings}
    assert states[finding.fingerprint] == "waived"
    again = reopen(desk, project, file)
    assert [f.fingerprint for f in again.findings if f.state == "waived"] == [finding.fingerprint]
    assert "未改动" in desk.dock.stale.text(), "the waiver is the one that was made here"


def test_a_report_of_a_kept_result_says_why_it_has_no_pictures(saved, project, tmp_path):
    desk, file = saved
    reopen(desk, project, file)
    target = tmp_path / "报告.html"
    desk.exports.save("html", str(target))
    assert wait_until(target.exists)
    assert "由保存的检查结果生成" in target.read_text(encoding="utf-8")


def test_a_damaged_file_is_reported_and_the_project_can_be_checked(saved, project):
    desk, file = saved
    kept(file).write_text("{", encoding="utf-8")
    assert reopen(desk, project, file) is None
    assert "县.result.json" in desk.dock.note.text() and "损坏" in desk.dock.note.text()
    assert wait_until(lambda: desk.dock.empty.label.text() and "读取" not in desk.dock.empty.label.text())


def test_a_result_of_another_project_of_this_name_is_left_alone(saved, project, tmp_path):
    desk, file = saved
    before = kept(file).read_bytes()
    project.clear()
    project.addMapLayer(QgsVectorLayer(f"{file.with_name('小县.gpkg')}|layername=CZKFBJ", "CZKFBJ", "ogr"))
    assert project.write(str(file))
    assert reopen(desk, project, file) is None and kept(file).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_reported(saved, project):
    desk, file = saved
    kept(file).unlink()
    kept(file).mkdir()
    desk.run()
    assert wait_until(lambda: not desk.busy and "未能保存在工程文件旁" in desk.dock.note.text())
    assert desk.dock.result is not None
