# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the work list in the findings panel: columns, filters, groups, edits, parts, long lists."""

from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QItemSelectionModel, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog, QLabel, QPushButton

from plugin.bridge import settings
from plugin.core.render.worklist.merge import WorkConflict, split_worklist
from plugin.core.render.worklist.part_workbook import write_part
from plugin.core.render.worklist.worklist_row import (
    WorkEdit,
    WorkItem,
    WorkState,
    change_worklist,
    edit_items,
    read_part,
    read_worklist,
)
from plugin.gui.findings.dock import MAX_FINDINGS_LISTED_AT_ONCE, FindingsDock
from plugin.gui.findings.groups import (
    ASSIGNEE_COLUMN,
    COUNT_COLUMN,
    MAX_ROWS,
    NOTE_COLUMN,
    PLACE_COLUMN,
    STATE_COLUMN,
    UPDATED_COLUMN,
    Grouping,
    WorkRows,
)
from tests.qgis.gui_helpers import make_large_report, make_result, make_small_report
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.waiting import process_events, wait_until

NOW = datetime(2026, 11, 20, 14, 32)


@pytest.fixture
def findings_dock(chinese, qgis_app):
    findings_dock = FindingsDock()
    findings_dock.resize(1100, 900)
    findings_dock.show()
    yield findings_dock
    findings_dock.hide()
    findings_dock.deleteLater()
    process_events(0.01)


def make_items(report):
    """Return a row for each finding: the first is assigned with a note, the second is a false alarm."""
    items = {f.fingerprint: WorkItem(f.fingerprint, f.code, f.role, f.key, f.township) for f in report.findings}
    first, second = list(items)[:2]
    items[first] = WorkItem(first, assignee="一组", note="已约\n周五", updated="2026-11-20 14:32", by="王工")
    items[second] = WorkItem(second, state=WorkState.FALSE_ALARM, assignee="二组")
    return items


def show(findings_dock, report, work=None):
    findings_dock.set_result(make_result(report))
    findings_dock.set_work(WorkRows(make_items(report)) if work is None else work)
    return report


def read_rows(findings_dock, column):
    """Return the texts of a column of all visible findings, by the end of their keys."""
    model, proxy = findings_dock.tree.findings, findings_dock.tree.findings
    texts = {}
    for finding in proxy.list_visible_findings():
        index = proxy.get_index(finding)
        texts[finding.key[-1:]] = model.index(index.row(), column, index.parent()).data()
    return texts


def read_groups(findings_dock):
    proxy = findings_dock.tree.findings
    return [proxy.index(row, PLACE_COLUMN).data() for row in range(proxy.rowCount())]


def tick(box, *values):
    box.deselectAllOptions()
    box.setCheckedItems([box.itemText(row) for row in range(box.count()) if box.itemData(row) in values])
    process_events(0.3)


def test_columns_show_state_assignee_note_and_update_of_each_finding(findings_dock):
    show(findings_dock, make_small_report())
    findings_dock.verdict.show_kinds(frozenset(findings_dock.verdict.buttons))
    findings_dock._apply_filters()
    assert read_rows(findings_dock, STATE_COLUMN) == {
        "1": "待处理", "2": "误报", "3": "豁免", "4": "待处理", "5": "待处理", "": "待处理",
    }  # fmt: skip
    assert read_rows(findings_dock, ASSIGNEE_COLUMN)["1"] == "一组"
    assert read_rows(findings_dock, NOTE_COLUMN)["1"] == "已约 周五"
    assert read_rows(findings_dock, UPDATED_COLUMN)["1"] == "2026-11-20 14:32 王工"
    counts = [findings_dock.tree.findings.index(row, COUNT_COLUMN).data() for row in range(3)]
    assert "1/3" in counts, counts
    assert findings_dock.work_progress.text.text() == "已完成 1 / 6"


def test_details_show_assignee_note_and_update_of_the_selected_finding(findings_dock):
    report = show(findings_dock, make_small_report())
    findings_dock.tree.select_finding(report.findings[0])
    process_events(0.05)
    texts = {label.text() for label in findings_dock.detail.findChildren(QLabel)}
    assert {"负责人", "一组", "备注", "已约\n周五", "更新", "2026-11-20 14:32 王工"} <= texts, texts
    findings_dock.tree.select_finding(report.findings[3])
    process_events(0.05)
    assert "备注" not in {label.text() for label in findings_dock.detail.findChildren(QLabel)}


def test_panel_without_a_list_is_as_before(findings_dock):
    show(findings_dock, make_small_report(), WorkRows())
    header = findings_dock.tree.header()
    assert header.isSectionHidden(ASSIGNEE_COLUMN) and not header.isSectionHidden(COUNT_COLUMN)
    assert not findings_dock.filters.states.isVisible() and not findings_dock.work_progress.isVisible()
    assert not findings_dock.navigation.next_open.isVisible()


def test_column_of_assignees_is_hidden_without_any(findings_dock):
    report = make_small_report()
    items = {key: replace(item, assignee="") for key, item in make_items(report).items()}
    show(findings_dock, report, WorkRows(items))
    findings_dock.resize(1200, 900)
    process_events(0.05)
    header = findings_dock.tree.header()
    assert header.isSectionHidden(ASSIGNEE_COLUMN) and not header.isSectionHidden(NOTE_COLUMN)


def test_narrow_panel_keeps_rule_and_state_and_hides_notes(findings_dock):
    show(findings_dock, make_small_report())
    header = findings_dock.tree.header()
    findings_dock.resize(1200, 900)
    process_events(0.05)
    assert not any(map(header.isSectionHidden, (STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN)))
    findings_dock.resize(430, 900)
    process_events(0.05)
    assert header.isSectionHidden(NOTE_COLUMN) and header.isSectionHidden(UPDATED_COLUMN)
    assert not header.isSectionHidden(STATE_COLUMN)


def test_filters_by_state_and_person_and_search_in_notes(findings_dock):
    show(findings_dock, make_small_report())
    tick(findings_dock.filters.states, "FALSE_ALARM")
    assert set(read_rows(findings_dock, STATE_COLUMN)) == {"2"}
    tick(findings_dock.filters.states)
    tick(findings_dock.filters.assignees, "一组", "")
    assert set(read_rows(findings_dock, STATE_COLUMN)) == {"1", "4", "5", ""}
    tick(findings_dock.filters.assignees)
    findings_dock.filters.search.setText("周五")
    process_events(0.3)
    assert set(read_rows(findings_dock, STATE_COLUMN)) == {"1"}


@pytest.mark.parametrize(
    ("grouping", "titles"),
    [
        (Grouping.TOWNSHIP, {"永安镇", "蔡村镇", "西坊城镇", "（无乡镇）"}),
        (Grouping.LAYER, {"YJJBNTBHTB"}),
        (Grouping.SEVERITY, {"错误", "警告"}),
        (Grouping.ASSIGNEE, {"一组", "二组", "未分派"}),
    ],
)
def test_list_is_grouped_by_other_values_with_skipped_rules_below(findings_dock, grouping, titles):
    show(findings_dock, make_small_report())
    findings_dock.group_by(grouping)
    texts = read_groups(findings_dock)
    assert titles <= {text.split("  ")[0] for text in texts}, texts
    assert any(text.startswith("TOP003") for text in texts), "a skipped rule is listed in each grouping"
    first = findings_dock.tree.findings.index(0, 0)
    assert findings_dock.tree.findings.index(0, 0, first).data().split("  ")[0] in (
        "REL002",
        "ATT001",
        "RUN900",
        "LAW010",
    )
    findings_dock.group_by(Grouping.RULE)
    assert any(text.startswith("REL002") for text in read_groups(findings_dock))


def test_next_open_skips_what_is_done_and_reports_the_end(findings_dock):
    report = show(findings_dock, make_small_report())
    tree, steps = findings_dock.tree, []
    for _ in range(len(report.findings)):
        QTest.keyClick(tree, Qt.Key.Key_N)
        finding = tree.get_selected_finding()
        if steps and steps[-1] is finding:
            break
        steps.append(finding)
    assert {f.key[-1:] for f in steps} == {"1", "4", "5", ""}
    assert findings_dock.note.text() == "已到最后一个未完成的问题。"


def test_next_open_far_down_moves_the_rows_to_it(findings_dock):
    count = 2 * MAX_ROWS
    report = make_large_report(count)
    findings_dock.set_result(make_result(report))
    assert wait_until(lambda: findings_dock._filling is None)
    listed = findings_dock.tree.findings.list_visible_findings()
    items = make_items(report)
    for finding in listed[: count - 2]:
        items[finding.fingerprint] = WorkItem(finding.fingerprint, state=WorkState.FALSE_ALARM)
    for finding in listed[count - 2 :]:
        items[finding.fingerprint] = WorkItem(finding.fingerprint)
    findings_dock.set_work(WorkRows(items))
    assert wait_until(lambda: findings_dock._filling is None)
    for finding in listed[count - 2 :]:
        findings_dock.step_to_open()
        assert findings_dock.tree.get_selected_finding() is finding
    assert findings_dock.tree.findings.list_visible_findings() == listed
    findings_dock.step_to_open()
    assert findings_dock.note.text() == "已到最后一个未完成的问题。"


def test_conflict_precedes_the_state_and_counts_as_open(findings_dock):
    report = make_small_report()
    items = make_items(report)
    second = list(items)[1]
    conflict = WorkConflict(items[second], WorkItem(second, note="另一版"), "二组.worklist.csv")
    show(findings_dock, report, WorkRows(items, {second: [conflict]}))
    assert read_rows(findings_dock, STATE_COLUMN)["2"] == "有冲突"
    assert findings_dock.work_progress.conflicts.text() == "冲突 1"


def test_long_list_is_prepared_in_portions_and_equals_the_short_way(findings_dock):
    count = MAX_FINDINGS_LISTED_AT_ONCE + 1000
    report = make_large_report(count)
    findings_dock.set_result(make_result(report))
    assert findings_dock._filling is not None
    assert wait_until(lambda: findings_dock._filling is None)
    proxy = findings_dock.tree.findings
    largest_first = sorted(report.findings, key=lambda f: -f.area_m2)
    assert proxy.list_visible_findings() == largest_first
    assert proxy.get_finding_position(largest_first[1]) == (2, count, "ERROR")
    findings_dock.filters.search.setText("乡镇7")
    assert wait_until(lambda: len(proxy.list_visible_findings()) == count // 20)
    assert wait_until(lambda: findings_dock._filling is None)
    assert proxy.count_matching_by_kind()["ERROR"] == count // 20
    findings_dock.filters.search.setText("")
    assert wait_until(lambda: len(proxy.list_visible_findings()) == count and findings_dock._filling is None)
    findings_dock.tree.header().setSortIndicator(PLACE_COLUMN, Qt.SortOrder.AscendingOrder)
    assert wait_until(lambda: proxy.list_visible_findings()[0].key == f"{0:018d}")
    assert wait_until(lambda: findings_dock._filling is None)
    findings_dock.group_by(Grouping.TOWNSHIP)
    assert wait_until(lambda: findings_dock._filling is None)
    assert proxy.rowCount() == 20


# --- with the files
@pytest.fixture
def listed(checked, tmp_path):
    """Return the controller with the work list of its result, and the path of the list."""
    controller, _ = checked
    settings.store_setting("worklist_person", "王工")
    controller.worklist.begin()
    path = tmp_path / "小县.worklist.csv"
    assert wait_until(lambda: path.is_file() and not controller.worklist.store.is_busy)
    yield controller, path
    settings.store_setting("worklist_person", "")


def select(controller, *findings):
    tree = controller.dock.tree
    tree.clearSelection()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for finding in findings:
        tree.selectionModel().setCurrentIndex(tree.findings.get_index(finding), flags)
    assert tree.list_selected_findings() == list(findings)


def wait_for_store(controller):
    assert wait_until(lambda: not controller.worklist.store.is_busy and not controller.worklist.store.unwritten_count)


def test_no_file_is_written_before_the_user_begins_a_list(checked, tmp_path):
    controller, _ = checked
    check(controller)
    assert not list(tmp_path.glob("*.worklist.csv"))
    assert controller.dock.worklist_button.isVisibleTo(controller.dock) and not controller.worklist.store.is_in_use


def test_list_begins_with_the_displayed_findings_only(checked, tmp_path):
    controller, _ = checked
    check(controller)
    result = controller.dock.result
    ended = result.findings.pop(0)
    controller.worklist.begin()
    wait_for_store(controller)
    assert {*read_worklist(controller.worklist.store.path).items} == {f.fingerprint for f in result.findings}
    assert ended in result.report.findings


def test_state_assignee_and_note_are_set_for_the_selection_written_and_undone(listed, monkeypatch):
    controller, path = listed
    findings = controller.dock.tree.findings.list_visible_findings()[:2]
    select(controller, *findings)
    assert controller.dock.findChild(type(controller.worklist._menu)) is not None
    monkeypatch.setattr(QInputDialog, "getItem", lambda *args: ("一组", True))
    monkeypatch.setattr(QInputDialog, "getMultiLineText", lambda *args: ("已约乡镇", True))
    controller.worklist.edit_selected(WorkEdit(state=WorkState.FALSE_ALARM))
    shown = controller.dock.tree.findings.work
    assert all(shown.get_item(f).state is WorkState.FALSE_ALARM for f in findings), "shown before it is written"
    QTest.keyClick(controller.dock.tree, Qt.Key.Key_A)
    QTest.keyClick(controller.dock.tree, Qt.Key.Key_E)
    wait_for_store(controller)
    rows = read_worklist(path).items
    assert {rows[f.fingerprint].content for f in findings} == {("误报", "一组", "已约乡镇")}
    assert {rows[f.fingerprint].by for f in findings} == {"王工"}
    QTest.keyClick(controller.dock.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_for_store(controller)
    assert {read_worklist(path).items[f.fingerprint].note for f in findings} == {""}


def test_undo_key_of_the_list_is_that_of_the_latest_change(listed):
    controller, _ = listed
    tree, layer = controller.dock.tree, QgsProject.instance().mapLayersByName("CZKFBJ")[0]

    def is_key_of_list():
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        tree.event(event)
        return event.isAccepted()

    select(controller, tree.findings.list_visible_findings()[0])
    controller.worklist.edit_selected(WorkEdit(note="改了"))
    assert is_key_of_list()
    draw_feature_in_layer(layer, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    assert not is_key_of_list(), "QGIS undoes the drawing"
    controller.worklist.edit_selected(WorkEdit(note="又改了"))
    assert is_key_of_list()
    wait_for_store(controller)


def test_list_has_the_keys_after_a_step_by_the_toolbar_unless_a_project_is_drawn(listed):
    controller, _ = listed
    controller.iface.window.show()
    controller.dock.tree.clearFocus()
    controller.conformity.projects.begin_drawing("polygon")
    controller.actions["next"].trigger()
    assert controller.dock.tree.window().focusWidget() is not controller.dock.tree
    controller.conformity.projects.remove_current()
    controller.actions["next"].trigger()
    assert controller.dock.tree.window().focusWidget() is controller.dock.tree


def test_next_check_keeps_states_and_lists_are_read_again(listed):
    controller, path = listed
    finding = controller.dock.tree.findings.list_visible_findings()[0]
    select(controller, finding)
    controller.worklist.edit_selected(WorkEdit(state=WorkState.FIXED, note="改了"))
    wait_for_store(controller)
    ended = WorkItem("gone", finding.code, finding.role, "x", related_role=finding.related_role)
    change_worklist(path, lambda w: w.replace_items([ended]))
    check(controller)
    wait_for_store(controller)
    rows = read_worklist(path).items
    assert rows[finding.fingerprint].content == (WorkState.OPEN, "", "改了"), "found again"
    assert rows["gone"].state is WorkState.FIXED
    assert f"转回“待处理”的 1 个：{rows[finding.fingerprint].name}。" in controller.dock.note.text()


def test_first_edit_begins_the_list_and_a_second_edit_at_once_is_no_conflict(checked, tmp_path):
    controller, _ = checked
    check(controller)
    first, second = controller.dock.tree.findings.list_visible_findings()[:2]
    select(controller, first)
    controller.worklist.edit_selected(WorkEdit(state=WorkState.FALSE_ALARM, note="已核对"))
    select(controller, second)
    controller.worklist.edit_selected(WorkEdit(assignee="张三"))
    wait_for_store(controller)
    (path,) = tmp_path.glob("*.worklist.csv")
    rows = read_worklist(path).items
    assert not controller.worklist.store.conflicts
    assert rows[first.fingerprint].content == (WorkState.FALSE_ALARM, "", "已核对")
    assert rows[second.fingerprint].content == (WorkState.OPEN, "张三", "")
    assert len(rows) == len(controller.dock.result.findings)


def test_changes_of_another_person_stay_and_a_row_that_both_changed_is_chosen_in_the_dialog(listed):
    controller, path = listed
    mine, both = controller.dock.tree.findings.list_visible_findings()[:2]

    def edit_elsewhere(worklist):
        item = worklist.items[both.fingerprint]
        return worklist.replace_items(edit_items([item], WorkEdit(note="别人写的"), "李工", NOW))

    change_worklist(path, edit_elsewhere)
    select(controller, mine, both)
    controller.worklist.edit_selected(WorkEdit(note="我写的"))
    wait_for_store(controller)
    rows = read_worklist(path).items
    assert (rows[mine.fingerprint].note, rows[both.fingerprint].note) == ("我写的", "别人写的")
    assert list(controller.worklist.store.conflicts) == [both.fingerprint]
    controller.worklist.show_conflicts()
    buttons = controller.worklist.conflicts_dialog.findChildren(QPushButton, "SanxianUseVersion")
    assert len(buttons) == 2
    buttons[1].click()
    wait_for_store(controller)
    assert read_worklist(path).items[both.fingerprint].note == "我写的" and not controller.worklist.store.conflicts


def test_list_of_a_chosen_township_is_split_off_with_the_columns_to_fill_in_first(listed, tmp_path, monkeypatch):
    controller, path = listed
    item = next(iter(read_worklist(path).items.values()))
    change_worklist(path, lambda w: w.replace_items([replace(item, township="蔡村镇")]))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_all: str(tmp_path / "parts"))
    monkeypatch.setattr(type(controller.dock.filters), "chosen_townships", frozenset({"蔡村镇"}))
    controller.worklist._fill_menu()
    entry = next(one for one in controller.worklist._menu.actions() if "蔡村镇" in one.text())
    entry.trigger()
    part = tmp_path / "parts" / "小县.蔡村镇.worklist.xlsx"
    assert wait_until(part.is_file) and wait_until(lambda: "1 份" in controller.dock.note.text())
    assert [*part.parent.iterdir()] == [part]
    sheet = openpyxl.load_workbook(part).worksheets[0]
    assert [cell.value for cell in sheet[1]][:3] == ["状态", "备注", "负责人"] and sheet.freeze_panes == "D2"
    assert list(read_part(part).items) == [item.fingerprint]
    asked = []
    monkeypatch.setattr(
        QFileDialog, "getOpenFileNames", lambda _parent, _title, *more: asked.append(more[0]) or ([], "")
    )
    controller.worklist.merge()
    assert asked == [str(part.parent)], "the parts come back where they were written"
    model = controller.dock.tree.findings
    assert "未完成" in model.headerData(COUNT_COLUMN, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)


def test_parts_and_ledger_are_merged_in_the_panel(listed, tmp_path):
    controller, path = listed
    finding = controller.dock.tree.findings.list_visible_findings()[0]
    part_path = split_worklist(path, "assignee", tmp_path / "parts")[0].path

    def edit_part(worklist):
        item = worklist.items[finding.fingerprint]
        return worklist.replace_items(edit_items([item], WorkEdit(note="分包"), "李工", NOW))

    write_part(part_path, edit_part(read_worklist(part_path)))
    controller.worklist.merge_part(str(part_path))
    wait_for_store(controller)
    assert "更新 1 行" in controller.dock.note.text()
    assert read_worklist(path).items[finding.fingerprint].note == "分包"
    ledger = tmp_path / "ledger.xlsx"
    controller.exports.save_result("xlsx", str(ledger))
    assert wait_until(ledger.is_file)
    process_events(0.2)
    book = openpyxl.load_workbook(ledger)
    sheet = book["问题"]
    headings = [cell.value for cell in sheet[1]]
    row = next(
        n for n in range(2, sheet.max_row + 1)
        if sheet.cell(n, headings.index("指纹") + 1).value == finding.fingerprint
    )  # fmt: skip
    assert sheet.cell(row, headings.index("备注") + 1).value == "分包", "the ledger goes out with the list"
    sheet.cell(row, headings.index("状态") + 1).value = "误报"
    book.save(ledger)
    controller.worklist.merge_ledger(str(ledger))
    wait_for_store(controller)
    item = read_worklist(path).items[finding.fingerprint]
    assert (item.state, item.by) == (WorkState.FALSE_ALARM, "王工")


def test_damaged_list_is_reported_and_the_panel_works_without_it(checked, tmp_path):
    controller, _ = checked
    path = tmp_path / "小县.worklist.csv"
    path.write_text("fingerprint,state\nx,待定\n", encoding="utf-8")
    check(controller)
    assert wait_until(lambda: "待定" in controller.dock.note.text())
    assert not controller.worklist.store.is_in_use and "待定" in path.read_text(encoding="utf-8")


def test_edits_that_cannot_be_written_wait_and_are_written_later(listed):
    controller, path = listed
    finding = controller.dock.tree.findings.list_visible_findings()[0]
    path.chmod(0o444)
    select(controller, finding)
    controller.worklist.edit_selected(WorkEdit(note="等待"))
    assert wait_until(lambda: "尚未写入" in controller.dock.note.text())
    assert controller.dock.tree.findings.work.get_note(finding) == "等待"
    path.chmod(0o644)
    controller.worklist.store.reload()
    wait_for_store(controller)
    assert read_worklist(path).items[finding.fingerprint].note == "等待"


def test_edits_that_wait_are_written_when_the_plugin_is_unloaded(listed):
    controller, path = listed
    finding = controller.dock.tree.findings.list_visible_findings()[0]
    select(controller, finding)
    controller.worklist.edit_selected(WorkEdit(note="最后"))
    controller.worklist.stop()
    assert read_worklist(path).items[finding.fingerprint].note == "最后"


def test_thousands_of_rows_are_edited_in_the_background_and_undone(listed, monkeypatch):
    controller, path = listed
    monkeypatch.setattr("plugin.gui.worklist.actions._MAX_ROWS_EDITED_AT_ONCE", 1)
    findings = controller.dock.tree.findings.list_visible_findings()[:2]
    select(controller, *findings)
    controller.worklist.edit_selected(WorkEdit(assignee="三组"))
    wait_for_store(controller)
    assert {read_worklist(path).items[f.fingerprint].assignee for f in findings} == {"三组"}
    controller.worklist.undo()
    wait_for_store(controller)
    assert {read_worklist(path).items[f.fingerprint].assignee for f in findings} == {""}


def test_recheck_of_selected_findings_reports_what_became_of_them(checked):
    controller, _ = checked
    findings = controller.dock.tree.findings.list_visible_findings()[:2]
    select(controller, *findings)
    controller.recheck._fill_menu()
    texts = [action.text() for action in controller.recheck._menu.actions()]
    assert texts[0] == "选中的问题（2）" and texts[-1] == "全部"
    assert set(map(id, findings)) <= set(map(id, controller.recheck.list_findings_of_layers()))
    shown = []
    controller.recheck.messages.show_message = lambda text, level: shown.append((level, text))
    controller.recheck._menu.actions()[0].trigger()
    assert wait_until(lambda: bool(shown))
    ((level, text),) = shown
    assert level == "info" and "0 个不再出现" in text and "2 个仍在" in text
