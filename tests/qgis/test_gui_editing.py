# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the live check on the desktop: panel and map follow edits."""

import json
import time

from qgis.core import QgsVectorLayerUtils
from qgis.PyQt.QtWidgets import QLabel

from plugin.bridge import settings
from plugin.bridge.checking import findings_layer, live_check as live_module
from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.project import county
from plugin.core.checks.check import RunOptions
from plugin.gui.findings.groups import STATE_COLUMN
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.waiting import process_events, wait_until

OUTDATED_TEXT = "检查后图层有大量改动或外部改动，未逐处复检，结果已过时。"


def check(controller):
    controller.start_check()
    assert wait_until(lambda: not controller.is_check_running and controller.editing.live is not None)
    wait_for_live_check(controller)


def wait_for_live_check(controller):
    process_events(0.1)
    assert wait_until(lambda: controller.editing.live is None or controller.editing.live.is_idle)


def test_second_check_takes_results_of_rules_from_the_first_and_equals_a_fresh_one_after_an_edit(checked):
    controller, layers = checked
    first = controller.dock.result.report
    assert first.provenance["reused_rules"] == []
    check(controller)
    second = controller.dock.result.report
    assert len(second.provenance["reused_rules"]) > len(second.rules) / 2
    assert [f.to_dict() for f in second.findings] == [f.to_dict() for f in first.findings]
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(0, 0), BSM="140225000000009999")
    wait_for_live_check(controller)
    check(controller)
    third = controller.dock.result.report
    assert third.provenance["reused_rules"] and "REL002" not in third.provenance["reused_rules"]
    shots = [take_snapshot(layer) for layer in layers.values()]
    fresh = check_project_or_folder(shots, RunOptions(profile="hunyuan")).report
    assert [f.to_dict() for f in third.findings] == [f.to_dict() for f in fresh.findings]


def draw_feature_in_layer(layer, shape, **values):
    layer.startEditing()
    given = {layer.fields().lookupField(name): value for name, value in values.items()}
    layer.beginEditCommand("draw")
    assert layer.addFeature(QgsVectorLayerUtils.createFeature(layer, shape, given))
    layer.endEditCommand()


def list_findings_on_map(project):
    layer = findings_layer.find_findings_layer(project)
    return sorted((f["code"], f["key"], f["fingerprint"]) for f in layer.getFeatures())


def list_findings_in_tree(controller):
    return sorted((f.code, f.key, f.fingerprint) for f in controller.dock.result.findings)


def test_live_check_finds_an_overlap_when_drawn_and_removes_it_after_undo(checked, project, qgis_app):
    controller, layers = checked
    dock, boundary = controller.dock, layers["CZKFBJ"]
    verdict, errors = dock.verdict._word.text(), dock.verdict._counts["ERROR"]
    before = list_findings_in_tree(controller)
    assert dock.verdict._edited.isHidden() and list_findings_on_map(project) == before
    draw_feature_in_layer(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    assert dock.verdict._counts["ERROR"] > errors and dock.verdict._word.text() == verdict
    assert dock.verdict._edited.text() == "编辑后已复检 1 处 · 全县指标未重算" and dock.verdict._edited.isVisible()
    codes = [g.code for g in dock.tree.findings.groups if g.shown]
    assert "REL002" in codes and list_findings_on_map(project) == list_findings_in_tree(controller) != before
    assert "REL002" not in {f.code for f in dock.result.report.findings}, "the report is of the whole check"
    boundary.undoStack().undo()
    wait_for_live_check(controller)
    assert list_findings_on_map(project) == list_findings_in_tree(controller) == before
    assert dock.verdict._counts["ERROR"] == errors and dock.stale.isHidden()
    check(controller)
    assert dock.verdict._edited.isHidden(), "a whole check begins anew"


def test_live_check_replaces_a_finding_after_its_feature_was_corrected(checked, qgis_app):
    controller, layers = checked
    dock = controller.dock
    # The panel's width follows its texts, and QGIS changes the extent with the size of the map.
    controller.iface.mapCanvas().setFixedSize(800, 600)
    wanted = next(f for f in dock.result.findings if f.code == "REL001")
    assert dock.tree.select_finding(wanted)
    assert controller.mark.is_shown
    line = layers["STBHHX"]
    line.startEditing()
    line.changeGeometry(1, make_rectangle(90, 0, 200))
    wait_for_live_check(controller)
    now = dock.tree.get_selected_finding()
    assert now is not wanted and now.code == "REL001" and now.area_m2 < wanted.area_m2
    assert controller.mark.is_shown
    # Labels hold figure and unit together.
    texts = [label.text().replace("\xa0", " ") for label in dock.detail.findChildren(QLabel)]
    assert now.message in texts and wanted.message not in texts
    extent = controller.iface.mapCanvas().extent()
    line.changeGeometry(1, make_rectangle(200, 0, 100))
    wait_for_live_check(controller)
    assert "REL001" not in {f.code for f in dock.result.findings}
    assert not controller.mark.is_shown and controller.iface.mapCanvas().extent() == extent


def test_too_many_edits_mark_the_result_outdated_and_offer_a_full_check(checked, qgis_app, monkeypatch):
    controller, layers = checked
    monkeypatch.setattr(live_module, "MAX_CHANGED_FEATURES", 1)
    parcels = layers["DLTB"]
    parcels.startEditing()
    parcels.beginEditCommand("move")
    for fid in (1, 2):
        parcels.changeGeometry(fid, make_rectangle(500 * fid, 900))
    parcels.endEditCommand()
    assert wait_until(controller.dock.stale.isVisible)
    assert controller.dock.stale.text() == f"{controller.dock.result.time_text} {OUTDATED_TEXT}"
    assert controller.dock.stale_button.isVisible() and controller.dock.stale_button.text() == "重新检查"
    monkeypatch.undo()
    controller.dock.stale_button.click()
    assert wait_until(lambda: not controller.is_check_running and controller.dock.stale.isHidden())


def test_change_of_the_county_profile_after_a_check_is_stated_in_panel_and_indicators(checked, project, tmp_path):
    controller, _layers = checked
    controller.dialogs.changed.emit()
    assert controller.dock.stale.isHidden(), "nothing has changed"
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", base_year="2019"))
    controller.dialogs.changed.emit()
    assert controller.dock.stale.isVisible() and "县配置" in controller.dock.stale.text()
    assert controller.dock.stale_button.isVisible() and "设置有变动" in controller.indicators.note.text()


def test_many_new_features_that_are_saved_do_not_make_the_result_outdated(open_controller, monkeypatch):
    controller, layers = open_controller
    for number in range(5):
        draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 300 * number), BSM=f"1402250000{number:08d}")
    check(controller)
    monkeypatch.setattr(live_module, "MAX_CHANGED_FEATURES", 2)
    assert layers["CZKFBJ"].commitChanges()
    wait_for_live_check(controller)
    assert controller.dock.stale.isHidden() and controller.editing.live is not None


def test_live_check_switched_on_again_checks_the_edits_made_meanwhile(checked, qgis_app):
    controller, layers = checked
    assert controller.actions["live"].isChecked() and controller.actions["live"].text() == "实时检查"
    controller.actions["live"].setChecked(False)
    assert settings.read_setting("check_while_editing", True) is False
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    process_events(0.3)
    assert not controller.dock.result.rechecked_features
    controller.actions["live"].setChecked(True)
    wait_for_live_check(controller)
    assert "REL002" in {f.code for f in controller.dock.result.findings}


def test_saved_report_states_the_edits_since_the_full_check(checked, qgis_app, tmp_path):
    """Draw a feature and discard it; the first page must state the edit in between only."""
    controller, layers = checked

    def save_page(name):
        controller.exports.save_result("html", str(tmp_path / name))
        assert wait_until((tmp_path / name).exists)
        return (tmp_path / name).read_text(encoding="utf-8")

    assert "此后改动了" not in save_page("检查.html")
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    stated = "此后改动了 1 个要素：“CZKFBJ”（改动 1 个，未保存 1 处）。"
    assert stated in save_page("编辑.html")
    controller.actions["live"].setChecked(False)
    layers["DLTB"].startEditing()
    layers["DLTB"].deleteFeature(1)
    stated = "此后改动了 2 个要素：“CZKFBJ”（改动 1 个，未保存 1 处）、“DLTB”（改动 1 个，未保存 1 处）。"
    assert stated in save_page("未复检.html")
    layers["DLTB"].rollBack()
    controller.actions["live"].setChecked(True)
    layers["CZKFBJ"].rollBack()
    wait_for_live_check(controller)
    assert "此后改动了" not in save_page("放弃.html")


def test_live_check_survives_a_cancelled_full_check_and_ends_with_the_project(checked, project, qgis_app):
    controller, layers = checked
    following = controller.editing.live
    controller.start_check()
    controller.checking.cancel()
    assert wait_until(lambda: not controller.is_check_running)
    assert controller.editing.live is following and controller.editing._next_check is None
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    assert controller.dock.result.rechecked_features
    layers["CZKFBJ"].rollBack()
    project.clear()
    assert controller.editing.live is None and controller.dock.result is None


def test_live_check_of_one_edit_takes_under_20_ms_of_main_thread_time_in_the_median(checked, qgis_app, monkeypatch):
    """Limit the main-thread CPU time of an edit; measured: 1 to 3 ms."""
    controller, layers = checked
    taken = []

    def timed(function):
        def call(*given):
            # CPU time of this thread, because other programs may use the machine.
            began = time.thread_time()
            try:
                return function(*given)
            finally:
                taken.append(time.thread_time() - began)

        return call

    live = controller.editing.live
    live._timer.timeout.disconnect()
    live._timer.timeout.connect(timed(live._read_changes))
    live.rechecked.disconnect()
    live.rechecked.connect(timed(controller._on_rechecked))
    layers["CZKFBJ"].startEditing()
    for n in range(10):
        layers["CZKFBJ"].changeGeometry(1, make_rectangle(50 + n, 200))
        wait_for_live_check(controller)
    assert len(taken) >= 20 and sorted(taken)[len(taken) // 2] < 0.02, taken
    print([round(1000 * s, 1) for s in taken])


def test_live_check_disconnects_from_all_layers_after_unloading(open_controller, qgis_app):
    controller, layers = open_controller
    layer = layers["DLTB"]
    names = ("featureAdded", "featureDeleted", "geometryChanged", "attributeValueChanged", "afterRollBack",
             "afterCommitChanges", "dataChanged", "updatedFields", "willBeDeleted", "crsChanged")  # fmt: skip
    without = [layer.receivers(getattr(layer, name)) for name in names]
    check(controller)
    assert layer.receivers(layer.geometryChanged) > without[2]
    controller.editing.stop()
    assert [layer.receivers(getattr(layer, name)) for name in names] == without


def test_report_saved_after_edits_states_that_it_contains_only_the_full_check(checked, qgis_app, tmp_path):
    controller, layers = checked
    whole = sorted(f.fingerprint for f in controller.dock.result.findings)
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    assert controller.dock.result.rechecked_features
    path, bar = tmp_path / "报告.json", controller.iface.messageBar()
    controller.exports.save_result("json", str(path))
    text = f"内容是 {controller.dock.result.time_text} 全面检查的结果，不含编辑后的复检"
    assert wait_until(lambda: any(text in item.text() for item in bar.items()))
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert sorted(f["fingerprint"] for f in saved["findings"]) == whole


def test_report_of_edits_that_were_saved_after_the_check_does_not_call_them_unsaved(open_controller, tmp_path):
    controller, layers = open_controller
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    check(controller)

    def count_unsaved(name):
        controller.exports.save_result("json", str(tmp_path / name))
        assert wait_until((tmp_path / name).exists)
        origin = json.loads((tmp_path / name).read_text(encoding="utf-8"))["provenance"]
        return sum(one["unsaved"] for one in origin["layers"]), sum("未保存" in one for one in origin["notices"])

    assert count_unsaved("编辑中.json") == (1, 1)
    assert layers["CZKFBJ"].commitChanges()
    wait_for_live_check(controller)
    assert count_unsaved("已保存.json") == (0, 0)


def find_row(dock, code):
    """Return a rule's group in the list, its state, and the text of the row below."""
    group = next(g for g in dock.tree.findings.groups if g.code == code)
    index = dock.tree._get_group_index(group)
    dock.tree.findings.fetchMore(index)
    return group, index.siblingAtColumn(STATE_COLUMN).data(), dock.tree.findings.index(0, 0, index).data()


def test_rule_skipped_for_an_empty_layer_stays_skipped_until_the_next_whole_check(open_controller, qgis_app):
    controller, layers = open_controller
    dock, line = controller.dock, layers["STBHHX"]
    line.startEditing()
    line.deleteFeature(1)
    assert line.commitChanges()
    check(controller)
    group, state, reason = find_row(dock, "REL001")
    skipped = group.rule_outcome.reason
    assert (state, reason) == ("跳过", skipped) and not group.findings
    draw_feature_in_layer(line, make_rectangle(50, 0), BSM="140225000030")
    wait_for_live_check(controller)
    # The first feature of a layer changes whole rules: the live check stops.
    group, state, reason = find_row(dock, "REL001")
    assert (state, reason) == ("跳过", skipped) and not group.findings
    assert "已停止，请重新检查" in controller.notices.counter.full_text
