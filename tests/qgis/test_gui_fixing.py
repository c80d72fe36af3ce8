# SPDX-License-Identifier: GPL-2.0-or-later
"""Test fixes from the findings panel: preview, apply, undo, batch, and what happens when the layers change."""

import csv
from collections import Counter
from types import SimpleNamespace

import pytest
import shapely
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QRect, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QComboBox, QInputDialog, QLabel, QPushButton, QStyleOptionViewItem, QToolButton

from plugin.bridge.checking import live_check as live_module
from plugin.bridge.checking.findings_layer import FINDINGS_PROPERTY
from plugin.bridge.new_project import sample
from plugin.bridge.project import county
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.proposal import FixTexts, Proposal
from plugin.gui.findings.groups import get_finding_kind
from plugin.gui.fixing.batch_dialog import BatchDialog, _cut_names
from plugin.gui.fixing.batch_model import (
    CONFIRM,
    FEATURE_COLUMN,
    FIX_COLUMN,
    OUT_COLUMN,
    REASON_COLUMN,
    REFUSED,
    RULE_COLUMN,
    SAFE,
    make_batch_rows,
    make_forecast,
)
from plugin.gui.fixing.change_preview import AreaRow, AreaTable, FixShapes, LinkedMaps
from plugin.gui.fixing.dialog import ChoiceList, OutcomeBox
from plugin.gui.widgets.labels_and_buttons import ElidedLabel
from plugin.gui.widgets.map_items import NEAREST_SCALE
from tests.qgis.gui_helpers import make_finding
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_controller import make_controller
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.test_gui_notices import find_button, find_edit_message
from tests.qgis.waiting import process_events, wait_until

KEY = "140225000050"


@pytest.fixture
def overlapping(checked):
    """Draw a part of the development boundary over farmland; return controller, layers and the finding."""
    controller, layers = checked
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    wait_for_live_check(controller)
    return controller, layers, find_overlap(controller)


def find_overlap(controller):
    return next((f for f in controller.dock.result.findings if f.code == "REL002"), None)


def open_preview(controller, finding):
    controller.dock.tree.select_finding(finding)
    process_events(0.05)
    controller.dock.navigation.fix.click()
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    return controller.fixes.one.dialog


def read_log(controller, layers, column="操作"):
    from plugin.bridge.fixes.apply import find_change_log_path

    controller.fixes.applier.log_writer.stop()
    path = find_change_log_path(layers)
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [row[column] for row in csv.DictReader(handle)]


def click_undo_of_fix(controller):
    buttons = (one.findChild(QPushButton, "SanxianUndoFix") for one in controller.iface.messageBar().items())
    next(filter(None, buttons)).click()


def list_shapes(layer):
    return sorted(bytes(f.geometry().asWkb()) for f in layer.getFeatures())


def test_fix_preview_shows_areas_outcome_and_map_marks_and_changes_nothing_when_closed(overlapping):
    controller, layers, finding = overlapping
    before = list_shapes(layers["CZKFBJ"])
    dialog = open_preview(controller, finding)
    assert dialog.apply.isEnabled() and dialog.apply.text() == "应用"
    assert dialog.choices.current.fix.code == "FIX010"
    cells = [[dialog.areas.item(r, c).text() for c in range(5)] for r in range(dialog.areas.rowCount())]
    assert any(row[0] == "城镇开发边界" and row[2] not in ("", "0.00") for row in cells)
    assert any(row[0].startswith("永久基本农田") and row[4] == "未改动" for row in cells)
    assert any(line.startswith("消除：") and "REL002" in line for line in dialog.outcome.lines)
    assert len(controller.fixes.one._mark._bands) > 0 and len(dialog.maps.marks[1]._bands) > 0
    dialog.reject()
    assert len(controller.fixes.one._mark._bands) == 0 and controller.fixes.one.dialog is None
    assert list_shapes(layers["CZKFBJ"]) == before and read_log(controller, layers) == []


def find_message(controller, text):
    return any(text in item.text() for item in controller.iface.messageBar().items())


def test_applied_fix_ends_the_finding_and_undo_restores_it(overlapping):
    controller, layers, finding = overlapping
    before = list_shapes(layers["CZKFBJ"])
    dialog = open_preview(controller, finding)
    shown = controller.iface.mapCanvas().extent()
    dialog.apply.click()
    assert controller.fixes.one.dialog is None
    wait_for_live_check(controller)
    assert find_overlap(controller) is None and controller.dock.tree.get_selected_finding() is not None
    now = controller.iface.mapCanvas().extent()
    # A panel that is laid out late resizes the canvas, which keeps its centre and its scale.
    assert now.center().distance(shown.center()) < 0.01, "the map stays where the fix is"
    assert now.width() == pytest.approx(shown.width(), rel=0.02)
    assert read_log(controller, layers) == ["应用"]
    assert controller.iface.activeLayer() is layers["CZKFBJ"], "Ctrl+Z undoes an edit of the current layer"
    check(controller)
    click_undo_of_fix(controller)
    wait_for_live_check(controller)
    assert controller.dock.tree.get_selected_finding() is find_overlap(controller) is not None
    assert find_message(controller, "已撤销")
    assert not find_message(controller, "编辑后新增"), "the undo brought the overlap back"
    assert list_shapes(layers["CZKFBJ"]) == before
    assert read_log(controller, layers) == ["应用", "撤销"]
    messages = controller.iface.messageBar().items()
    next(b for item in messages for b in item.findChildren(QPushButton) if b.text() == "重做修复").click()
    wait_for_live_check(controller)
    assert find_overlap(controller) is None and find_message(controller, "保存后生效")
    assert read_log(controller, layers) == ["应用", "撤销", "重做"]
    layers["CZKFBJ"].undoStack().undo()
    assert find_message(controller, "已撤销")
    layers["CZKFBJ"].changeAttributeValue(1, 0, "1")
    assert not find_message(controller, "已撤销"), "another edit has taken its place"


def test_apply_and_next_applies_the_fix_and_shows_the_next_finding_in_the_same_window(overlapping):
    controller, layers, finding = overlapping
    shape = make_rectangle(60, 40)
    draw_feature_in_layer(layers["CZKFBJ"], shape, BSM="140225000051", GHFQDM="410", GHFQMC="城镇集中建设区")
    wait_for_live_check(controller)
    controller.dock.filters.fixable_only.setChecked(True)
    dialog = open_preview(controller, finding)
    dialog.apply_next.click()
    assert controller.fixes.one.dialog is dialog, "the window stays"
    wait_for_live_check(controller)
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    shown = controller.fixes.one._finding
    assert shown is not finding and controller.dock.tree.get_selected_finding() is shown
    assert finding.fingerprint not in {one.fingerprint for one in controller.dock.result.findings}
    assert read_log(controller, layers) == ["应用"]
    dialog.reject()


def test_list_of_fixable_findings_has_only_those_that_a_fix_is_declared_for(checked):
    controller, _layers = checked
    dock = controller.dock
    every = dock.tree.findings.list_visible_findings()
    assert not dock.filters.clear_button.isEnabled()
    dock.filters.fixable_only.setChecked(True)
    fixable = dock.tree.findings.list_visible_findings()
    solved = {code for one in load_all_fixes().values() for code in one.solves}
    assert fixable and len(fixable) < len(every) and {one.code for one in fixable} <= solved
    dock.tree.select_finding(fixable[0])
    process_events(0.05)
    assert dock.navigation.fix.isEnabled()
    dock.filters.clear_button.click()
    assert not dock.filters.clear_button.isEnabled()
    dock.tree.select_finding(next(one for one in every if one.code not in solved))
    process_events(0.05)
    dock.tree.fixRequested.emit()
    assert not dock.navigation.fix.isEnabled() and "没有" in dock.note.text(), "the key F shows the reason"


def test_next_finding_in_the_list_is_selected_after_a_fix(overlapping):
    controller, layers, finding = overlapping
    shape = make_rectangle(60, 40)
    draw_feature_in_layer(layers["CZKFBJ"], shape, BSM="140225000051", GHFQDM="410", GHFQMC="城镇集中建设区")
    wait_for_live_check(controller)
    open_preview(controller, finding).apply.click()
    wait_for_live_check(controller)
    now = controller.dock.tree.get_selected_finding()
    assert now is not None and now is not finding
    assert controller.mark.is_shown
    assert controller.dock.tree.list_selected_findings() == [now] and controller.dock.navigation.fix.isEnabled()


def test_fix_preview_names_layers_before_it_switches_them_to_edit_mode(overlapping):
    controller, layers, _finding = overlapping
    assert layers["CZKFBJ"].commitChanges()
    wait_for_live_check(controller)
    dialog = open_preview(controller, find_overlap(controller))
    assert dialog.apply.text() == "切换编辑状态并应用" and "CZKFBJ" in dialog.hint.text()
    assert not layers["CZKFBJ"].isEditable()
    dialog.apply.click()
    wait_for_live_check(controller)
    assert layers["CZKFBJ"].isEditable() and find_overlap(controller) is None


def test_fix_preview_refuses_sealed_layers_with_the_reason(checked):
    controller, _layers = checked
    sealed = next(f for f in controller.dock.result.findings if f.code == "REL001")
    controller.dock.tree.select_finding(sealed)
    assert not controller.dock.navigation.fix.isEnabled(), "no fix may change either layer"
    controller.fixes.one.open(sealed)
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    dialog = controller.fixes.one.dialog
    assert not dialog.apply.isEnabled() and dialog.choices.current is None
    texts = [label.text() for label in dialog.choices.findChildren(type(dialog.status))]
    assert any("封库" in text for text in texts), texts
    process_events(0.1)
    assert not dialog.areas.isVisible() and not dialog.outcome.isVisible()
    assert dialog.choices.width() > 0.9 * dialog.maps.width(), "the reasons get the room of the empty boxes"


def test_edit_during_the_fix_preview_restarts_its_trial(overlapping):
    controller, layers, finding = overlapping
    dialog = open_preview(controller, finding)
    revision = controller.fixes.one.trial._revision
    boundary = layers["CZKFBJ"]
    fid = next(f.id() for f in boundary.getFeatures() if f["BSM"] == KEY)
    assert boundary.changeGeometry(fid, make_rectangle(60, 200))
    dialog.apply.click()
    assert read_log(controller, layers) == [], "the judged shape is not the present one"
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    assert controller.fixes.one.trial._revision > revision and dialog.apply.isEnabled()
    assert boundary.deleteFeature(fid)
    assert wait_until(lambda: not controller.fixes.one.trial.is_running and not dialog.apply.isEnabled())
    wait_for_live_check(controller)
    assert wait_until(lambda: "消除" in dialog.status.text()), dialog.status.text()


def test_removing_a_layer_closes_the_fix_preview(overlapping):
    controller, layers, finding = overlapping
    open_preview(controller, finding)
    layers["CZKFBJ"].rollBack()
    QgsProject.instance().removeMapLayer(layers.pop("CZKFBJ").id())
    process_events(0.1)
    assert controller.fixes.one.dialog is None and len(controller.fixes.one._mark._bands) == 0


def test_closing_the_project_closes_the_fix_preview_while_its_trial_runs(overlapping):
    controller, layers, finding = overlapping
    controller.dock.tree.select_finding(finding)
    process_events(0.05)
    controller.fixes.preview_fixes(finding)
    layers["CZKFBJ"].rollBack()
    layers.clear()
    QgsProject.instance().clear()
    process_events(0.3)
    assert controller.fixes.one.dialog is None and controller.fixes.many.dialog is None
    assert len(controller.fixes.one._mark._bands) == 0


def test_key_f_and_the_context_menu_open_the_fix_preview(overlapping):
    controller, _layers, finding = overlapping
    tree = controller.dock.tree
    tree.select_finding(finding)
    process_events(0.05)
    assert [action.text() for action in controller.dock.make_context_menu().actions()][:1] == ["修复…"]
    tree.keyPressEvent(QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_F, Qt.KeyboardModifier.NoModifier))
    assert controller.fixes.one.dialog is not None
    controller.fixes.one.close()
    controller.dock.make_context_menu().actions()[0].trigger()
    assert controller.fixes.one.dialog is not None
    controller.fixes.close_dialogs()


def test_edit_message_has_a_button_to_fix_the_findings_that_the_edit_added(overlapping):
    controller, _layers, _finding = overlapping
    assert find_edit_message(controller) is not None
    find_button(controller, "修复…").click()
    assert controller.fixes.one.dialog is not None or controller.fixes.many.dialog is not None
    controller.fixes.close_dialogs()


def test_finding_of_an_outdated_result_is_not_fixed_and_a_note_has_the_reason(overlapping):
    controller, _layers, finding = overlapping
    controller.editing.live._stop_as_outdated()
    controller.fixes.preview_fixes(finding)
    assert controller.fixes.one.dialog is None and "重新检查" in controller.dock.note.text()


def test_finding_is_not_fixed_after_edits_without_live_check(overlapping):
    controller, layers, finding = overlapping
    controller.actions["live"].setChecked(False)
    assert layers["CZKFBJ"].changeGeometry(1, make_rectangle(2000, 300))
    process_events(0.1)
    controller.fixes.preview_fixes(finding)
    assert controller.fixes.one.dialog is None and "实时检查" in controller.dock.note.text()


def test_document_number_allows_the_fix_of_a_sealed_layer_and_is_logged(open_controller, monkeypatch):
    controller, layers = open_controller
    parcels = layers["DLTB"]
    parcels.startEditing()
    assert parcels.changeAttributeValue(2, parcels.fields().lookupField("BSM"), None)
    check(controller)
    finding = next(f for f in controller.dock.result.findings if (f.role, f.code) == ("DLTB", "ATT001"))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_all: ("晋自然资函〔2026〕12号", True))
    dialog = open_preview(controller, finding)
    assert not dialog.apply.isEnabled() and dialog.document_button.isVisible()
    dialog.document_button.click()
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    assert dialog.apply.isEnabled() and not dialog.choices.current.proposal.is_safe
    dialog.apply.click()
    assert read_log(controller, layers, "批准文号") == ["晋自然资函〔2026〕12号"]


def show_row(dialog, row):
    dialog.table.setCurrentIndex(dialog.model.find_index(row))


def set_tick(dialog, row, state=Qt.CheckState.Checked):
    return dialog.model.setData(dialog.model.find_index(row), state, Qt.ItemDataRole.CheckStateRole)


def open_batch(controller, findings):
    controller.fixes.preview_batch(findings)
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    return controller.fixes.many.dialog


def read_areas(dialog):
    """Return the figures (m²) of the first row of the area balance: before, out, in, after."""
    return [float(dialog.areas.item(0, column).text().replace("\u202f", "")) for column in range(1, 5)]


def test_fix_batch_ticks_only_safe_fixes_and_applies_them_in_one_step(checked):
    controller, layers = checked
    boundary = layers["CZKFBJ"]
    draw_feature_in_layer(boundary, make_rectangle(99.96, 200, 300), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    draw_feature_in_layer(boundary, make_rectangle(50, 0, 49), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    findings = list(controller.dock.result.findings)
    index, before = boundary.undoStack().index(), list_shapes(boundary)
    dialog = open_batch(controller, findings)
    rows = dialog.model.rows
    assert {row.safety for row in rows} == {SAFE, CONFIRM, REFUSED}
    assert all(row.is_ticked == (row.safety == SAFE) for row in rows)
    assert all(row.cells[-1] and row.cells[-1] != "安全" for row in rows if row.safety != SAFE)
    safe = dialog.model.list_ticked()
    assert dialog.apply.text() == f"应用 {len(safe)} 项"
    fixer = controller.fixes.many
    forecast = make_forecast(findings, fixer._list_ticked_proposals())
    first, *_others = forecast.untried_codes
    assert forecast.counts[first, "ERROR"] + forecast.counts[first, "WARNING"], "of rules with findings"
    dialog.show_forecast(forecast)
    assert f"（{first}" in dialog.forecast.text()
    assert wait_until(lambda: fixer._copy_check is not None), "a copy is checked with these fixes"
    forecast = fixer._make_forecast(fixer._list_ticked_proposals())
    assert "错误 {} → <b>{}</b>".format(*forecast.errors) in dialog.forecast.text()
    assert not forecast.untried_codes and "完整检查" not in dialog.forecast.text()
    second_trials = []
    controller.fixes.many.trial.began.connect(lambda: second_trials.append(True))
    for is_ticked in (False, True):
        dialog.table.setCurrentIndex(dialog.model.find_index(safe[0]).siblingAtColumn(FIX_COLUMN))
        QTest.keyClick(dialog.table, Qt.Key.Key_Space)
        assert safe[0].is_ticked == is_ticked
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    second_trials.clear()
    dialog.apply.click()
    assert wait_until(lambda: controller.fixes.many.dialog is None)
    assert not second_trials, "the displayed trial applied just these fixes"
    assert boundary.undoStack().index() == index + 1 and list_shapes(boundary) != before
    wait_for_live_check(controller)
    left = {f.fingerprint for f in controller.dock.result.findings}
    kinds = [get_finding_kind(one) for one in controller.dock.result.findings]
    assert (kinds.count("ERROR"), kinds.count("WARNING")) == (forecast.errors[1], forecast.warnings[1])
    assert not left & {row.entry.finding.fingerprint for row in safe}
    boundary.undoStack().undo()
    wait_for_live_check(controller)
    assert list_shapes(boundary) == before
    assert read_log(controller, layers) == ["应用"] * len(safe) + ["撤销"] * len(safe)


def make_proposal(ended=(), new=(), remaining=()):
    return SimpleNamespace(
        ended_findings=ended, new_findings=new, renamed=[], remaining=remaining, untried_rules=("LAW001",)
    )


def test_forecast_has_a_new_finding_unless_a_later_fix_ends_it():
    former, new, smaller = (
        make_finding("REL005", f"14022500000000000{n}", None, fingerprint=f"{n:020x}") for n in range(3)
    )
    adds, shrinks = make_proposal(new=[new]), make_proposal(ended=[new], new=[smaller], remaining=[(new, smaller)])
    assert make_forecast([former], [adds]).new_codes == ("REL005",)
    assert make_forecast([former], [adds, shrinks]).new_count == 1
    assert make_forecast([former], [adds, make_proposal(ended=[new])]).new_count == 0
    assert make_forecast([new], [shrinks]).new_count == 0, "the former one on less land"


def test_check_after_a_batch_is_compared_with_its_forecast(chinese):
    before = [
        make_finding(code, f"14022500000000000{n}", None) for n, code in enumerate(("LAW001", "REL002", "REL002"))
    ]
    forecast = make_forecast(before, [make_proposal(ended=before[1:2])])
    assert forecast.describe_check(before[:1] + before[2:]).endswith("检查为 错误 2 警告 0。")
    text = forecast.describe_check(before[2:])
    assert text.startswith("批量修复预计剩余 错误 2 警告 0，检查为 错误 1 警告 0") and "LAW001 错误 1 → 0" in text
    assert "REL002" not in text


def test_table_of_a_fix_batch_is_exported_with_the_reasons_and_changes_nothing(overlapping, tmp_path):
    controller, layers, finding = overlapping
    dialog = open_batch(controller, [finding, *controller.dock.result.findings[:1]])
    before = list_shapes(layers["CZKFBJ"])
    controller.fixes.many.export_table(tmp_path / "修复表.csv")
    rows = list(csv.reader((tmp_path / "修复表.csv").open(encoding="utf-8-sig", newline="")))
    assert rows[0][:2] == ["规则", "问题"] and rows[0][-1] == "说明" and len(rows) == 1 + len(dialog.model.rows)
    assert {row[0] for row in rows[1:]} == {one.entry.finding.code for one in dialog.model.rows}
    assert all(row[-1] for row in rows[1:] if row[7] != "安全") and "修复表.csv" in dialog.status.text()
    (tmp_path / "文件夹.csv").mkdir()
    controller.fixes.many.export_table(tmp_path / "文件夹.csv")
    assert "文件夹.csv" in dialog.status.text() and "已保存" not in dialog.status.text()
    assert list_shapes(layers["CZKFBJ"]) == before
    dialog.reject()


@pytest.mark.exhaustive
def test_thirty_fixes_of_the_sample_are_applied_at_the_first_click_and_leave_what_was_forecast(
    chinese, qgis_app, project, tmp_path
):
    layers = sample.load_sample(project, sample.copy_sample(tmp_path))
    controller = make_controller()
    check(controller)
    findings = list(controller.dock.result.findings)
    # A fix that adds a field ends the live check, so that the panel would ask for a full one.
    dialog = open_batch(controller, [one for one in findings if one.role and not one.code.startswith("SCH")])
    for row in dialog.model.rows:
        if row.safety == CONFIRM and len(dialog.model.list_ticked()) < 30:
            show_row(dialog, row)
            assert set_tick(dialog, row)
    fixer = controller.fixes.many
    # Rows that exclude each other are unticked and named, until the rest can be applied together.
    assert wait_until(lambda: not fixer._ticked_trial.isActive() and not fixer.trial.is_running, 120)
    assert wait_until(lambda: fixer._copy_check is not None, 120)
    forecast = fixer._make_forecast(fixer._list_ticked_proposals())
    assert f"→ <b>{forecast.errors[1]}</b>" in dialog.forecast.text() and len(dialog.model.list_ticked()) > 20
    assert "扩展倍数 N1 1.3165 → <b>" in dialog.forecast.text(), "indicators with a target"
    assert "未确认*" in dialog.forecast.text() and "* 未确认，仅供参考" in dialog.forecast.toolTip()
    trials = []
    fixer.trial.began.connect(lambda: trials.append(True))
    dialog.apply.click()
    assert wait_until(lambda: fixer.dialog is None, 60) and not trials
    dock = controller.dock

    def count_kinds():
        kinds = Counter(map(get_finding_kind, dock.result.findings))
        return kinds["ERROR"], kinds["WARNING"]

    # The panel takes over the changes in several turns of the event loop.
    assert wait_until(lambda: count_kinds() == (forecast.errors[1], forecast.warnings[1])), count_kinds()
    next(layer for layer in layers if layer.isEditable() and layer.undoStack().count()).undoStack().undo()
    former_codes = Counter(one.code for one in findings)
    assert wait_until(lambda: Counter(one.code for one in dock.result.findings) == former_codes), (
        "one undo restores all"
    )
    for layer in layers:
        layer.rollBack()
    controller.unload()


def test_unsafe_fix_can_be_ticked_only_after_its_preview_was_shown(overlapping):
    controller, _layers, finding = overlapping
    dialog = open_batch(controller, [finding, *controller.dock.result.findings[:1]])
    row = next(row for row in dialog.model.rows if row.safety == CONFIRM)
    row.is_seen = False
    assert not set_tick(dialog, row)
    show_row(dialog, dialog.model.rows[-1])
    show_row(dialog, row)
    assert set_tick(dialog, row)
    assert wait_until(lambda: "→" in dialog.forecast.text()), "the ticked fixes are tried together"
    trials = []
    controller.fixes.many.trial.began.connect(lambda: trials.append(True))
    dialog.apply.click()
    assert not trials, "applied at the first click"
    assert wait_until(lambda: controller.fixes.many.dialog is None)
    wait_for_live_check(controller)
    assert find_overlap(controller) is None


@pytest.fixture
def two_ticked(overlapping):
    """Draw two overlaps, tick the second in a batch of both; return controller, layers and the dialog."""
    controller, layers, _finding = overlapping
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 40), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    show_row(dialog, dialog.model.rows[1])
    assert set_tick(dialog, dialog.model.rows[1])
    assert wait_until(lambda: "→" in dialog.forecast.text())
    return controller, layers, dialog


def list_ticked_keys(dialog):
    return [row.entry.finding.fingerprint for row in dialog.model.list_ticked()]


def test_other_fixes_are_previewed_above_the_batch_which_keeps_its_ticks(two_ticked):
    controller, layers, dialog = two_ticked
    many, one, ticked = controller.fixes.many, controller.fixes.one, list_ticked_keys(dialog)
    show_row(dialog, dialog.model.rows[0])
    dialog.preview_button.click()
    assert wait_until(lambda: one.dialog is not None and not one.trial.is_running)
    one.close()
    assert many.dialog is dialog and list_ticked_keys(dialog) == ticked
    dialog.preview_button.click()
    assert wait_until(lambda: one.dialog is not None and not one.trial.is_running)
    one.dialog.apply.click()
    assert wait_until(lambda: one.dialog is None and many.trial.is_running) and many.dialog is dialog
    assert wait_until(lambda: not many.trial.is_running and not many._ticked_trial.isActive())
    assert list_ticked_keys(dialog) == ticked and len(ticked) == 1
    assert wait_until(dialog.apply.isEnabled)
    dialog.reject()
    for layer in layers.values():
        layer.rollBack()


def test_batch_that_is_opened_again_has_the_ticks_that_the_user_set(two_ticked):
    controller, _layers, dialog = two_ticked
    ticked = list_ticked_keys(dialog)
    dialog.reject()
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    assert list_ticked_keys(dialog) == ticked and len(ticked) == 1
    assert [row.is_seen for row in dialog.model.rows] == [True, True], "the first one was shown, too"
    controller.fixes.close()
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    assert list_ticked_keys(dialog) == [], "another project"
    dialog.reject()


def test_tick_of_a_group_names_how_many_fixes_still_need_a_preview(overlapping):
    controller, layers, _finding = overlapping
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 40), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    group = dialog.model.index(0, 0)
    assert dialog.model.setData(group, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert "1 项" in dialog.status.text() and "预览" in dialog.status.text() and dialog.status.font().bold()
    for row in dialog.model.rows:
        row.is_seen, row.is_ticked = False, False
    assert dialog.model.data(group, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    assert dialog.model.setData(group, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert "2 项" in dialog.status.text() and list_ticked_keys(dialog) == []
    dialog.reject()


def test_ticks_changed_while_the_ticked_fixes_are_tried_are_kept(overlapping):
    controller, layers, _finding = overlapping
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 40), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    fixer, rows = controller.fixes.many, dialog.model.rows
    assert [row.safety for row in rows] == [CONFIRM, CONFIRM]
    for row in rows:
        show_row(dialog, row)
        assert set_tick(dialog, row)
        assert wait_until(lambda: fixer._tried is not None), "the ticked fixes are being tried"
    assert set_tick(dialog, rows[0], Qt.CheckState.Unchecked)
    assert wait_until(lambda: not fixer._ticked_trial.isActive() and not fixer.trial.is_running)
    assert dialog.model.rows is rows and [row.is_ticked for row in rows] == [False, True]
    dialog.reject()


def test_batch_unticks_and_names_a_fix_that_another_one_changes_and_applies_the_rest(checked):
    """A farmland parcel divides the boundary; its islet lies in the next parcel, of which the fix is another one now."""
    controller, layers = checked
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(500, 500), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    farmland = layers["YJJBNTBHTB"]
    for number, (x, width) in enumerate([(570, 10), (580, 30)], 61):
        draw_feature_in_layer(farmland, make_rectangle(x, 490, width, 120), BSM=f"1402250000{number:08d}")
    wait_for_live_check(controller)
    before = list_shapes(layers["CZKFBJ"])
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    rows = dialog.model.rows
    assert [row.safety for row in rows] == [CONFIRM, CONFIRM]
    for row in rows:
        show_row(dialog, row)
        assert set_tick(dialog, row)
    # 10 000 m² before, of which both parcels take 1000 and 2000; the boundary counts once.
    assert read_areas(dialog) == pytest.approx([10_000, 3000, 0, 7000], rel=1e-3)
    dialog.apply.click()
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    assert [row.is_ticked for row in rows] == [True, False] and list_shapes(layers["CZKFBJ"]) == before
    assert "REL002" in dialog.status.text() and "000062" in dialog.status.text() and dialog.apply.isEnabled()
    assert "删除要素" in rows[1].cells[-1] and not rows[1].can_be_ticked
    index = dialog.model.find_index(rows[1]).siblingAtColumn(REASON_COLUMN)
    assert index.data().startswith("已取消勾选，修复方式有变：") and "删除要素" in index.data()
    assert not index.data(Qt.ItemDataRole.DecorationRole).isNull(), "the row itself is marked"
    # Confirmed together, both are ticked when the batch is opened again.
    show_row(dialog, rows[0])
    show_row(dialog, rows[1])
    assert set_tick(dialog, rows[1])
    dialog.reject()
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    assert wait_until(lambda: "→" in dialog.forecast.text() and not controller.fixes.many.trial.is_running)
    assert [row.is_ticked for row in dialog.model.rows] == [True, True] and "删除要素" in dialog.model.rows[1].cells[-1]
    assert set_tick(dialog, dialog.model.rows[1], Qt.CheckState.Unchecked)
    assert wait_until(lambda: "→" in dialog.forecast.text() and not controller.fixes.many.trial.is_running)
    dialog.apply.click()
    assert wait_until(lambda: controller.fixes.many.dialog is None)
    assert len(list_shapes(layers["CZKFBJ"])) == len(before) + 1


def test_batch_shows_the_balance_of_the_fixes_that_it_applies(checked):
    """A fix that was tried after another one takes more land without it, which is displayed before it is written."""
    controller, layers = checked
    boundary = layers["CZKFBJ"]
    draw_feature_in_layer(boundary, make_rectangle(500, 500), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    for number, width in enumerate([10.03, 10.05], 61):
        strip = make_rectangle(490, 490, width, 120)
        draw_feature_in_layer(layers["YJJBNTBHTB"], strip, BSM=f"1402250000{number:08d}")
    wait_for_live_check(controller)
    before = list_shapes(boundary)
    dialog = open_batch(controller, [f for f in controller.dock.result.findings if f.code == "REL002"])
    assert [row.safety for row in dialog.model.rows] == [SAFE, SAFE]
    assert read_areas(dialog)[1:3] == pytest.approx([5, 0], abs=0.01)
    assert set_tick(dialog, dialog.model.rows[0], Qt.CheckState.Unchecked)
    assert read_areas(dialog)[1:3] == pytest.approx([2, 0], abs=0.01)
    dialog.apply.click()
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    assert list_shapes(boundary) == before and "再次点击" in dialog.status.text()
    assert read_areas(dialog)[1:3] == pytest.approx([5, 0], abs=0.01)
    assert [row.is_ticked for row in dialog.model.rows] == [False, True]
    assert float(dialog.model.rows[1].cells[OUT_COLUMN]) == pytest.approx(5, abs=0.01)
    dialog.apply.click()
    assert wait_until(lambda: controller.fixes.many.dialog is None)
    (shape,) = (one for one in list_shapes(boundary) if one not in before)
    assert shapely.from_wkb(shape).area == pytest.approx(9995, abs=0.01)


def test_live_check_stays_up_to_date_after_a_fix_batch_above_its_change_limit_and_its_undo(checked, monkeypatch):
    controller, layers = checked
    boundary = layers["CZKFBJ"]
    draw_feature_in_layer(boundary, make_rectangle(99.96, 200, 300), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    wait_for_live_check(controller)
    dialog = open_batch(controller, list(controller.dock.result.findings))
    assert dialog.model.list_ticked()
    monkeypatch.setattr(live_module, "MAX_CHANGED_FEATURES", 0)
    dialog.apply.click()
    assert wait_until(lambda: controller.fixes.many.dialog is None)
    wait_for_live_check(controller)
    assert controller.editing.live is not None and not controller.editing.is_outdated
    boundary.undoStack().undo()
    wait_for_live_check(controller)
    assert controller.editing.live is not None and not controller.editing.is_outdated


def test_fix_that_adds_a_field_is_followed_by_a_check_and_so_is_its_undo(checked, monkeypatch):
    controller, layers = checked
    finding = next(one for one in controller.dock.result.findings if (one.code, one.case) == ("SCH002", "missing"))
    layer, field = layers[finding.role], finding.field

    def has_field():
        return layer.fields().lookupField(field) >= 0

    dialog = open_preview(controller, finding)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_all: ("晋自然资函〔2026〕12号", True))
    dialog.document_button.click()
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    assert dialog.choices.current is not None, [one.refusal for one in dialog.choices._choices]
    former = controller.dock.result
    dialog.apply.click()
    assert wait_until(
        lambda: has_field() and controller.dock.result is not former and not controller.is_check_running, 30
    )
    assert not controller.editing.is_outdated and finding.fingerprint not in {
        one.fingerprint for one in controller.dock.result.findings
    }
    former = controller.dock.result
    click_undo_of_fix(controller)
    assert wait_until(
        lambda: not has_field() and controller.dock.result is not former and not controller.is_check_running, 30
    )
    assert finding.fingerprint in {one.fingerprint for one in controller.dock.result.findings}
    # Applied again: the check must not begin while the fix is being written.
    began = []
    controller.checking.check_began.connect(lambda: began.append([f.attributes() for f in layer.getFeatures()]))
    former, finding = (
        controller.dock.result,
        next(one for one in controller.dock.result.findings if one.fingerprint == finding.fingerprint),
    )
    dialog = open_preview(controller, finding)
    dialog.document_button.click()
    assert wait_until(lambda: not controller.fixes.one.trial.is_running)
    dialog.apply.click()
    assert wait_until(
        lambda: has_field() and controller.dock.result is not former and not controller.is_check_running, 30
    )
    assert began == [[f.attributes() for f in layer.getFeatures()]] and not controller.editing.is_outdated


def test_removing_a_layer_during_the_trial_of_a_fix_batch_closes_it_without_a_fix(overlapping):
    controller, layers, finding = overlapping
    controller.fixes.preview_batch([finding, *controller.dock.result.findings])
    layers["CZKFBJ"].rollBack()
    QgsProject.instance().removeMapLayer(layers.pop("CZKFBJ").id())
    process_events(0.3)
    assert controller.fixes.many.dialog is None and read_log(controller, layers) == []


def test_edit_by_another_tool_while_a_fix_batch_starts_is_kept_and_no_fix_is_applied(overlapping):
    controller, layers, finding = overlapping
    boundary = layers["CZKFBJ"]
    dialog = open_batch(controller, [finding])
    assert set_tick(dialog, dialog.model.rows[0])
    fid = next(f.id() for f in boundary.getFeatures() if f["BSM"] == KEY)
    dialog.apply.click()
    assert boundary.changeGeometry(fid, make_rectangle(70, 200))
    after_edit = list_shapes(boundary)
    process_events(0.2)
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    wait_for_live_check(controller)
    assert list_shapes(boundary) == after_edit and read_log(controller, layers) == []
    assert not dialog.apply.isEnabled() and "未应用" in dialog.status.text()
    dialog.retry_button.click()
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    assert dialog.model.rows[0].entry.proposal is not None
    controller.fixes.close_dialogs()


@pytest.fixture
def batch_being_written(checked):
    """Apply the safe fixes of a batch that was tried; return controller, layers and shapes before the first portion."""
    controller, layers = checked
    draw_feature_in_layer(
        layers["CZKFBJ"], make_rectangle(99.96, 200, 300), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区"
    )
    wait_for_live_check(controller)
    dialog = open_batch(controller, list(controller.dock.result.findings))
    before = list_shapes(layers["CZKFBJ"])
    assert dialog.model.list_ticked()
    dialog.apply.click()
    assert not dialog.apply.isEnabled() and list_shapes(layers["CZKFBJ"]) == before
    return controller, layers, before


def test_edit_while_a_fix_batch_is_written_starts_the_trial_again_and_applies_nothing(batch_being_written):
    controller, layers, _before = batch_being_written
    fid = next(f.id() for f in layers["CZKFBJ"].getFeatures() if f["BSM"] == KEY)
    assert layers["CZKFBJ"].changeGeometry(fid, make_rectangle(99.97, 200, 300))
    after_edit = list_shapes(layers["CZKFBJ"])
    process_events(0.2)
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    assert list_shapes(layers["CZKFBJ"]) == after_edit and read_log(controller, layers) == []
    controller.fixes.close_dialogs()


def test_closing_the_dialog_while_a_fix_batch_is_written_applies_nothing(batch_being_written):
    controller, layers, before = batch_being_written
    controller.fixes.many.close()
    process_events(0.3)
    assert controller.fixes.many.dialog is None
    assert list_shapes(layers["CZKFBJ"]) == before and read_log(controller, layers) == []


def test_removing_a_layer_while_a_fix_batch_is_written_applies_nothing(batch_being_written):
    controller, layers, _before = batch_being_written
    farmland = layers["YJJBNTBHTB"]
    layers["CZKFBJ"].rollBack()
    QgsProject.instance().removeMapLayer(layers.pop("CZKFBJ").id())
    process_events(0.3)
    assert controller.fixes.many.dialog is None and read_log(controller, layers) == []
    assert not farmland.isModified()


def test_cancelled_fix_batch_changes_nothing(overlapping):
    controller, layers, finding = overlapping
    before = list_shapes(layers["CZKFBJ"])
    controller.fixes.preview_batch([finding])
    controller.fixes.many.trial.cancel()
    assert wait_until(lambda: not controller.fixes.many.trial.is_running)
    assert not controller.fixes.many.dialog.apply.isEnabled()
    controller.fixes.close_dialogs()
    assert list_shapes(layers["CZKFBJ"]) == before


def test_area_table_wraps_long_layer_names_in_a_narrow_dialog(qgis_app):
    table = AreaTable()
    table.resize(table.fontMetrics().horizontalAdvance("0") * 62, 300)
    name = "Permanent basic farmland parcels"
    table.show_rows(
        [
            AreaRow(name, (10443268.54, 24355.18, 0.0, 10418913.36), tip=f"{name} (YJJBNTBHTB)"),
            AreaRow(name, None, "unchanged", f"{name} (YJJBNTBHTB)"),
        ]
    )
    table.show()
    for width in (62, 56):
        table.resize(table.fontMetrics().horizontalAdvance("0") * width, 300)
        process_events(0.1)
        for row in range(2):
            cell = table.visualRect(table.model().index(row, 0))
            room = cell.adjusted(3, 0, -3, 0)
            needed = table.fontMetrics().boundingRect(QRect(0, 0, room.width(), 1000), Qt.TextFlag.TextWordWrap, name)
            assert needed.width() <= room.width() and needed.height() <= cell.height(), (width, row)
        assert table.horizontalScrollBar().maximum() == 0
        assert table.visualRect(table.model().index(1, 0)).height() < 2 * table.fontMetrics().height()
    table.show_rows([AreaRow(name, (1.0, 0.0, 0.0, 1.0)), AreaRow("a", (1.0, 0.0, 0.0, 1.0))])
    assert [table.columnSpan(row, 0) for row in range(2)] == [1, 1]


class LongTexts:
    """Texts of fixes with one long title, as in English."""

    title = "Cut a control line back by statutory precedence, without the windows in it"

    def get_title(self, fix):
        return self.title

    def make_sentence(self, proposal):
        return "Leave it out"


@pytest.mark.parametrize("digits", [25, 140])
def test_titles_of_fixes_are_wrapped_to_the_width_of_the_dialog(qgis_app, digits):
    choices = ChoiceList()
    width = choices.fontMetrics().horizontalAdvance("0") * digits
    choice = SimpleNamespace(fix=None, proposal=object(), refusal=None)
    choices.show_choices([choice, choice], LongTexts())
    choices.resize(width, 300)
    choices.show()
    process_events(0.1)
    button = choices.buttons[0]
    assert choices.width() == width and button.geometry().right() <= choices.viewport().width()
    assert choices.horizontalScrollBar().maximum() == 0
    lines = button.text().split("\n")
    assert "".join(lines).replace(" ", "") == button.full_text.replace(" ", "") and len(set(lines)) == len(lines)
    assert button.accessibleName() == button.full_text and LongTexts.title in button.full_text
    assert all(button.fontMetrics().horizontalAdvance(line) < width for line in lines)
    assert (len(lines) > 1) == (digits == 25)
    assert button.height() >= button.fontMetrics().lineSpacing() * len(lines)
    choices.close()


def test_area_table_does_not_cut_its_figures(qgis_app):
    table = AreaTable()
    table.show_rows([AreaRow("耕地保护目标", (141808.4951, 34355.5049, 0.0, 107452.9902))])
    assert "|".join(table.texts[0][1:]).replace("\u202f", "") == "141808.50|34355.51|0.00|107452.99", "they add up"
    table.show_rows([AreaRow("耕地保护目标" * 3, (1968908077.80, 24355.18, 0.0, 1968883722.62))])
    table.resize(table.minimumWidth(), 200)
    table.show()
    process_events(0.1)
    assert table.horizontalScrollBar().maximum() == 0 and table.columnWidth(0) > 40
    table.close()


def test_batch_table_does_not_scroll_sideways_in_a_narrow_dialog(qgis_app):
    dialog = BatchDialog(QgsMapCanvas())
    dialog.show()
    for digits in (150, 120):
        dialog.resize(dialog.fontMetrics().horizontalAdvance("0") * digits, dialog.height())
        process_events(0.1)
        assert dialog.table.horizontalScrollBar().maximum() == 0, digits
    dialog.reject()


def test_batch_dialog_opens_with_the_focus_on_its_table_and_enter_on_close_applies_nothing(qgis_app):
    dialog = BatchDialog(QgsMapCanvas())
    applied = []
    dialog.applyRequested.connect(lambda: applied.append(1))
    dialog.show()
    process_events(0.1)
    assert dialog.focusWidget() is dialog.table
    dialog.apply.setEnabled(True)
    close = next(button for button in dialog.findChildren(QPushButton) if button.text() in ("关闭", "Close"))
    QTest.keyClick(close, Qt.Key.Key_Return)
    assert not applied and not dialog.isVisible()


def test_enter_presses_only_the_focused_button_of_the_batch_dialog(qgis_app):
    dialog = BatchDialog(QgsMapCanvas())
    applied, pressed = [], []
    dialog.applyRequested.connect(lambda: applied.append(1))
    dialog.apply.setEnabled(True)
    dialog.show()
    process_events(0.1)
    buttons = [
        button
        for button in (*dialog.findChildren(QPushButton), *dialog.group_buttons.values())
        if button is not dialog.apply and button.isVisible() and button.isEnabled()
    ]
    assert len(buttons) >= 5
    for button in buttons:
        if button.text() in ("关闭", "Close"):
            continue
        button.clicked.connect(lambda _on=False, button=button: pressed.append(button))
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Return)
        assert pressed[-1] is button and not applied, button.text()
    dialog.reject()


def test_batch_is_grouped_filtered_and_searched_and_a_heading_ticks_its_rows(checked):
    controller, layers = checked
    draw_feature_in_layer(
        layers["CZKFBJ"], make_rectangle(99.96, 200, 300), BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区"
    )
    wait_for_live_check(controller)
    dialog = open_batch(controller, list(controller.dock.result.findings))
    model, rows = dialog.model, dialog.model.rows
    assert model.groups[0][0].startswith("安全")
    grouping = dialog.findChild(QComboBox)
    for number in range(grouping.count()):
        grouping.setCurrentIndex(number)
        shown = [row for _heading, members in model.groups for row in members]
        assert sorted(map(id, shown)) == sorted(map(id, rows)) and dialog.current_row is not None
    grouping.setCurrentIndex(0)
    heading = model.index(0, 0)
    assert model.data(heading, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    assert model.setData(heading, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole) and not model.list_ticked()
    model.set_search_text(rows[0].cells[0])
    assert {row.cells[0] for _heading, members in model.groups for row in members} == {rows[0].cells[0]}
    dialog.group_buttons[rows[0].safety].setChecked(False)
    assert all(row.safety != rows[0].safety for _heading, members in model.groups for row in members)
    dialog.reject()


def test_pressed_filter_buttons_of_a_batch_are_recognisable_in_every_theme(qgis_app):
    # QGIS's dark theme draws a pressed push button like any other.
    assert all(isinstance(button, QToolButton) for button in BatchDialog(QgsMapCanvas()).group_buttons.values())


def test_maps_of_a_fix_without_a_place_show_no_land_of_the_former_one(qgis_app):
    maps, crs = LinkedMaps(QgsMapCanvas()), QgsCoordinateReferenceSystem("EPSG:4526")
    labels = maps._nothing_labels
    for shapes, is_empty in ((FixShapes(crs), True), (FixShapes(crs, place=[make_rectangle(0, 0)]), False)):
        maps.show_shapes(shapes)
        assert [one.isHidden() for one in (maps.before, maps.after)] == [is_empty] * 2
        assert [one.isHidden() for one in labels] == [not is_empty] * 2
    maps.show_shapes(FixShapes(crs, place=[make_rectangle(0, 0)]), has_fix=False)
    assert [one.isHidden() for one in (maps.before, maps.after)] == [False, True]


def test_fix_preview_maps_without_an_extent_show_no_scale(qgis_app):
    main_map = QgsMapCanvas()
    maps = LinkedMaps(main_map)
    maps.resize(600, 300)
    maps.show()
    process_events(0.1)
    assert maps.scale_label.text() == ""
    maps.before.setExtent(QgsRectangle(0, 0, 100, 50))
    process_events(0.1)
    assert maps.scale_label.text().startswith("1:")
    maps.release()


def test_only_the_fix_preview_map_before_the_fix_shows_the_findings_layer(qgis_app):
    findings = QgsVectorLayer("Polygon?crs=EPSG:4526", "问题", "memory")
    findings.setCustomProperty(FINDINGS_PROPERTY, 1)
    lines = QgsVectorLayer("Polygon?crs=EPSG:4526", "三条控制线", "memory")
    main_map = QgsMapCanvas()
    main_map.setLayers([findings, lines])
    maps = LinkedMaps(main_map)
    assert maps.before.layers() == [findings, lines] and maps.after.layers() == [lines]
    maps.release()
    main_map.setLayers([])


def test_fix_preview_maps_centre_on_a_point_finding_at_their_nearest_allowed_scale(qgis_app):
    maps = LinkedMaps(QgsMapCanvas())
    maps.resize(600, 300)
    maps.show()
    process_events(0.1)
    crs = QgsCoordinateReferenceSystem("EPSG:4526")
    maps.show_shapes(FixShapes(crs, place=[QgsGeometry.fromPointXY(QgsPointXY(38_500_000, 4_400_000))]))
    for canvas in (maps.before, maps.after):
        assert round(canvas.center().x()) == 38_500_000 and round(canvas.scale()) == NEAREST_SCALE
    maps.release()


@pytest.mark.parametrize(("times", "is_whole"), [(1, True), (4, True), (5, False)])
def test_fix_preview_maps_show_whole_rows_that_are_not_much_larger_than_the_land(qgis_app, times, is_whole):
    maps = LinkedMaps(QgsMapCanvas())
    maps.resize(600, 300)
    maps.show()
    process_events(0.1)
    land, row = QgsRectangle(0, 0, 100, 50), QgsRectangle(0, 0, 100 * times, 50 * times)
    shapes = FixShapes(QgsCoordinateReferenceSystem("EPSG:4526"), moved_out=[QgsGeometry.fromRect(land)])
    shapes.before.append(QgsGeometry.fromRect(row))
    maps.show_shapes(shapes)
    assert maps.before.extent().contains(row) == is_whole and maps.before.extent().contains(land)
    maps.release()


def test_warnings_about_a_fix_are_listed_above_the_findings_that_it_ends_and_adds(qgis_app):
    finding = SimpleNamespace(code="TOP002", message="空隙")
    proposal = Proposal(None, None, None, [finding], [finding])
    box, texts = OutcomeBox(), FixTexts("zh", {})
    texts.list_doubts = lambda _proposal: ["area"]
    box.show_proposal(proposal, texts)
    assert [line.partition("area")[1] for line in box.lines] == ["area", "", "", ""]
    assert "TOP002" in box.lines[1] and box.lines[2] == "空隙" and "TOP002" in box.lines[3]


def test_no_new_findings_are_promised_only_for_the_rules_that_were_tried(chinese, qgis_app):
    box, texts = OutcomeBox(), FixTexts("zh", {})
    box.show_proposal(Proposal(None, None, None), texts)
    assert box.lines == ["没有新问题"]
    box.show_proposal(Proposal(None, None, None, untried_rules=["LAW001", "LAW002"]), texts)
    assert box.lines[0] == "除下列规则外，没有新问题"
    assert box.lines[1].startswith("未复检或仅复检周边，以全面检查为准：LAW001 城镇") and "、LAW002 " in box.lines[1]
    doubts = [("appearing", {"count": 2, "rules": ["REL005"]})]
    assert texts.list_doubts(Proposal(None, None, None, doubts=doubts))[0].startswith("会新增 2 处问题：REL005 城镇")


def test_finding_under_another_key_is_neither_new_nor_resolved(chinese, qgis_app):
    former, present = (SimpleNamespace(code="REL002", message=key) for key in ("旧", "新"))
    proposal = Proposal(None, None, None, [former], [present], renamed=[(former, present)])
    assert proposal.added_findings == [], "the batch counts it as no new problem"
    box = OutcomeBox()
    box.show_proposal(proposal, FixTexts("zh", {}))
    named = "REL002 永久基本农田与城镇开发边界重叠 1 处"
    assert box.lines == [f"原有问题改列于其他标识码：{named}", "没有新问题"]


def test_batch_table_shows_all_keys_names_a_shared_layer_once_and_uses_the_width_of_the_dialog(qgis_app):
    sides = (("TOP001", "GDBHMB", "GDBHMB"), ("REL002", "YJJBNTBHTB", "CZKFBJ"))
    findings = [
        make_finding(code, "140225000001000851", None, role=role, related_role=other, related_keys=(f"{KEY}001565",))
        for code, role, other in sides
    ]
    entries = [SimpleNamespace(finding=one, proposal=None, refusal=None, ended_by=None) for one in findings]
    texts = SimpleNamespace(explain_refusal=lambda _refusal: "封库" * 40, get_short_layer_name=lambda role: role)
    rows = make_batch_rows(entries, texts, {"TOP001": "图层内重叠"}, {})
    assert rows[0].cells[FEATURE_COLUMN] == "GDBHMB …000851 ↔ …001565" and rows[0].cells[0] == "TOP001 图层内重叠"
    rows[1].cells[FIX_COLUMN] = "CZKFBJ（CZKFBJ） …001565 在 YJJBNTBHTB …000851 处留为开天窗"
    dialog = BatchDialog(QgsMapCanvas())
    digit = dialog.fontMetrics().horizontalAdvance("0")
    dialog.resize(digit * 180, 500)
    dialog.show()
    dialog.show_rows(rows)
    process_events(0.1)
    option = QStyleOptionViewItem()
    option.initFrom(dialog.table)
    option.widget = dialog.table
    for row in range(2):
        index = dialog.model.index(row, FEATURE_COLUMN, dialog.model.index(0, 0))
        needed = dialog.table.itemDelegate().sizeHint(option, index).width()
        assert dialog.table.columnWidth(FEATURE_COLUMN) >= needed
    assert index.siblingAtColumn(FIX_COLUMN).data() == "在 YJJBNTBHTB …000851 处留为开天窗", "the feature is beside it"
    dialog.resize(digit * 230, 500)
    process_events(0.1)
    widths = [dialog.table.header().sectionSize(column) // digit for column in (FEATURE_COLUMN, FIX_COLUMN)]
    assert min(widths) >= 16, "key and fix are cut although the last column is wide"
    dialog.resize(digit * 120, 500)
    process_events(0.1)
    assert dialog.table.horizontalScrollBar().maximum() == 0
    rule = dialog.table.itemDelegate().sizeHint(option, dialog.model.index(0, RULE_COLUMN, dialog.model.index(0, 0)))
    room = dialog.table.columnWidth(RULE_COLUMN) - 2 * dialog.table.indentation()
    assert room >= rule.width(), "the rule has the room of what the text below repeats"
    dialog.table.setCurrentIndex(dialog.model.index(1, 0, dialog.model.index(0, 0)))
    assert "REL002" in dialog.explanation.text() and index.siblingAtColumn(RULE_COLUMN).data() == "REL002"
    dialog.reject()


def test_narrow_column_cuts_the_names_of_layers_and_keeps_both_keys():
    text = "永久基本农田保护图斑 …000708 ↔ 城镇开发边界 …000005"
    assert _cut_names(text, len, 40) == text
    assert _cut_names(text, len, 30) == "永久基本… …000708 ↔ 城镇开发边… …000005"
    assert _cut_names("耕地保护目标 …000851 ↔ …001565", len, 22) == "耕地保… …000851 ↔ …001565"
    assert _cut_names(text, len, 21) == "…000708 ↔ 城… …000005"
    assert _cut_names(text, len, 18) == "…000708 ↔ …000005", "the keys remain"
    assert _cut_names("用地用海规划分区 ↔ 城镇开发边界 …000018", len, 14) == "用地… ↔ …000018"
    assert _cut_names("用地用海规划分区", len, 5) == "用地用海…"


def find_first_ink(label):
    """Return the leftmost column of pixels that the text of a label covers."""
    image = label.grab().toImage()
    paper = image.pixel(image.width() - 4, image.height() // 2)
    rows = range(image.height() // 3, image.height() * 2 // 3)
    return next(x for x in range(4, image.width()) if any(image.pixel(x, y) != paper for y in rows))


@pytest.mark.parametrize(
    "sheet", ["", "QLabel { border: 1px solid transparent; padding: 2px }"], ids=["plain", "frame"]
)
def test_text_of_an_elided_label_is_aligned_with_other_labels(qgis_app, sheet):
    labels = [QLabel("HHHH"), ElidedLabel("HHHH")]
    for label in labels:
        label.setStyleSheet(sheet)
        label.resize(200, 40)
    plain, elided = (find_first_ink(label) for label in labels)
    assert plain == elided


def test_text_of_a_fix_outcome_is_aligned_with_its_icon(qgis_app, monkeypatch):
    monkeypatch.setattr("plugin.gui.fixing.dialog._list_outcomes", lambda *_: [("ok", "没有新问题")])
    box = OutcomeBox()
    box.show_proposal(object(), None)
    box.resize(300, 120)
    box.show()
    process_events(0.05)
    icon, text = box.widget().findChildren(QLabel)
    assert abs(text.geometry().top() - icon.geometry().top()) <= 2 and text.height() < 60
    box.close()


def has_ink(label, width):
    """Return whether a label of this width paints a text."""
    label.resize(width, 40)
    image = label.grab().toImage()
    return len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}) > 1


def test_label_that_hides_cut_texts_is_empty_where_its_text_does_not_fit(qgis_app):
    remark = ElidedLabel("Both maps move together", hides_cut_text=True)
    whole = remark.fontMetrics().horizontalAdvance(remark.text()) + 4
    assert [has_ink(remark, width) for width in (whole, whole // 2)] == [True, False]
    assert has_ink(ElidedLabel("Both maps move together"), whole // 2)


def list_boundary_windows(controller):
    return [one for one in controller.dock.result.findings if one.code == "TOP009"]


def test_undo_of_a_fix_that_cut_a_window_also_removes_the_window_finding_of_a_later_check(open_controller, project):
    controller, layers = open_controller
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", rules="all"))
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(-50, 150, 200, 200), BSM=KEY, GHFQDM="410")
    check(controller)
    dialog = open_preview(controller, find_overlap(controller))
    assert dialog.choices.current.proposal.windows and not list_boundary_windows(controller)
    dialog.apply.click()
    assert "小县.windows.csv" in controller.iface.messageBar().currentItem().text()
    wait_for_live_check(controller)
    assert len(list_boundary_windows(controller)) == 1
    check(controller)
    (window,) = list_boundary_windows(controller)
    assert "已登记" in window.message
    layers["CZKFBJ"].undoStack().undo()
    wait_for_live_check(controller)
    assert find_overlap(controller) is not None and not list_boundary_windows(controller)
    layers["CZKFBJ"].undoStack().redo()
    wait_for_live_check(controller)
    assert find_overlap(controller) is None and len(list_boundary_windows(controller)) == 1
