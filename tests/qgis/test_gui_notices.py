# SPDX-License-Identifier: GPL-2.0-or-later
"""Test how findings of edits are shown: the message and the counter.

The counter of the live check is in the status bar.
"""

import pytest
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtWidgets import QPushButton, QTextBrowser, QToolButton

from plugin.core.checks.live.session import FindingsChange
from plugin.core.model.rule import Severity
from plugin.gui.findings.edit_notices import _CounterButton, describe_findings
from tests.qgis.gui_helpers import make_finding, make_result, make_small_report
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.waiting import wait_until

UNDO_TEXT, ZOOM_TEXT = "撤销这步编辑", "缩放"


def list_messages(controller):
    """Return the messages about edits; the message bar may contain others."""
    return [item for item in controller.iface.messageBar().items() if item.title() == "实时检查"]


def find_edit_message(controller):
    return next(iter(list_messages(controller)), None)


def read_message_text(controller):
    return find_edit_message(controller).text()


def find_button(controller, text):
    return next(b for b in find_edit_message(controller).findChildren(QPushButton) if b.text() == text)


@pytest.fixture
def controller_after_overlap(checked):
    """Draw a part of the development boundary over farmland.

    Return controller and layers.
    """
    controller, layers = checked
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    return controller, layers


def test_edit_message_names_rule_count_area_and_township(chinese):
    result = make_result(make_small_report())
    found = [
        make_finding("REL002", "1", 12_640.35),
        make_finding("REL002", "2", 900.0, "蔡村镇"),
        make_finding("LAW010", "3", None, "西坊城镇", Severity.WARNING),
    ]
    assert describe_findings(result, found) == (
        "编辑后新增 3 处问题：REL002 永农与开发边界不重叠，2 处，1.35 公顷，永安镇、蔡村镇；LAW010 永农为耕地，西坊城镇。"
    )
    many = [
        make_finding(code, "1", 1e4, f"镇{n}") for n, code in enumerate(["REL002"] * 4 + ["ATT001", "TOP001", "TOP003"])
    ]
    text = describe_findings(result, many)
    assert "镇0、镇1、镇2等" in text and text.endswith("；另有 1 条规则。")


def test_edit_message_has_buttons_to_zoom_and_undo(controller_after_overlap):
    controller, layers = controller_after_overlap
    text = read_message_text(controller)
    assert text.startswith("编辑后新增 ") and "REL002 永久基本农田与城镇开发边界重叠" in text and " 公顷" in text
    shown = find_edit_message(controller).findChild(QTextBrowser)
    assert shown.height() > 3 * shown.fontMetrics().lineSpacing(), "QGIS shows one line and a half"
    find_button(controller, ZOOM_TEXT).click()
    current = controller.dock.tree.get_selected_finding()
    assert current is not None and "140225000050" in (current.key, *current.related_keys)
    box = controller.iface.mapCanvas().extent()
    left, bottom, right, top = current.geometry.bounds
    assert box.xMinimum() < left < right < box.xMaximum() and box.yMinimum() < bottom < top < box.yMaximum()
    assert find_button(controller, UNDO_TEXT).isEnabled() and "CZKFBJ" in find_button(controller, UNDO_TEXT).toolTip()
    find_button(controller, UNDO_TEXT).click()
    wait_for_live_check(controller)
    assert not [f for f in layers["CZKFBJ"].getFeatures() if f["BSM"] == "140225000050"]
    assert layers["CZKFBJ"].undoStack().index() == 0
    assert find_edit_message(controller) is None, "nothing is left to report"


def test_undo_button_is_disabled_unless_its_edit_is_the_last_one(controller_after_overlap):
    controller, layers = controller_after_overlap
    boundary = layers["CZKFBJ"]
    undo = find_button(controller, UNDO_TEXT)
    assert boundary.changeAttributeValue(1, boundary.fields().lookupField("GHFQDM"), "420")
    assert not undo.isEnabled() and "不能单独撤销" in undo.toolTip()
    undo.clicked.emit()
    assert boundary.undoStack().index() == 2, "pressed all the same, it undoes nothing"
    boundary.undoStack().undo()
    assert undo.isEnabled()
    layers["DLTB"].startEditing()
    assert layers["DLTB"].changeGeometry(1, make_rectangle(2000, 2000))
    assert undo.isEnabled(), "an edit of another layer is another undo stack"
    boundary.rollBack()
    assert not undo.isEnabled()
    wait_for_live_check(controller)


def test_undo_button_is_disabled_for_several_edits_checked_together(checked):
    controller, layers = checked
    controller.actions["live"].setChecked(False)
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    controller.actions["live"].setChecked(True)
    wait_for_live_check(controller)
    assert (
        not find_button(controller, UNDO_TEXT).isEnabled()
        and "多步编辑" in find_button(controller, UNDO_TEXT).toolTip()
    )


def test_second_edit_replaces_the_edit_message_and_discarding_the_edits_closes_it(controller_after_overlap):
    controller, layers = controller_after_overlap
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    assert len(list_messages(controller)) == 1
    assert "TOP001" in read_message_text(controller)
    layers["CZKFBJ"].rollBack()
    wait_for_live_check(controller)
    assert find_edit_message(controller) is None


def test_discarded_edits_report_no_finding_of_the_full_check_as_new(controller_after_overlap):
    """Draw a feature, move another one away from its findings, and discard both edits."""
    controller, layers = controller_after_overlap
    assert "REL001" in {f.code for f in controller.dock.result.report.findings}
    layers["STBHHX"].startEditing()
    assert layers["STBHHX"].changeGeometry(1, make_rectangle(2000, 200))
    wait_for_live_check(controller)
    assert "REL001" not in {f.code for f in controller.dock.result.findings}
    layers["STBHHX"].rollBack()
    wait_for_live_check(controller)
    assert "REL001" in {f.code for f in controller.dock.result.findings}
    assert "REL001" not in read_message_text(controller), "the overlap drawn before is still new"
    layers["CZKFBJ"].rollBack()
    wait_for_live_check(controller)
    assert find_edit_message(controller) is None


def test_edit_message_closes_when_its_edit_is_rolled_back_with_the_live_check_switched_off(controller_after_overlap):
    controller, layers = controller_after_overlap
    assert find_edit_message(controller) is not None
    controller.actions["live"].setChecked(False)
    layers["CZKFBJ"].rollBack()
    assert find_edit_message(controller) is None


def test_new_full_check_closes_the_edit_message(controller_after_overlap):
    controller, _layers = controller_after_overlap
    assert find_edit_message(controller) is not None
    check(controller)
    assert find_edit_message(controller) is None


def test_zoom_button_reports_a_finding_removed_by_a_later_edit(controller_after_overlap):
    controller, layers = controller_after_overlap
    zoom = find_button(controller, ZOOM_TEXT)
    controller.notices._messages._message = None  # The message is still open while the edit is undone.
    layers["CZKFBJ"].undoStack().undo()
    wait_for_live_check(controller)
    zoom.click()
    assert controller.dock.note.text() == "该问题已被之后的编辑消除。"


def test_live_check_counter_shows_changed_findings_since_the_full_check(open_controller):
    controller, layers = open_controller
    counter = controller.notices.counter
    assert counter.isHidden(), "nothing was checked"
    check(controller)
    assert not counter.isHidden() and counter.full_text == "实时检查　本次编辑：错误 0　警告 0"
    before = controller.dock.verdict._counts["ERROR"]
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    assert "待复检 1" in counter.full_text
    wait_for_live_check(controller)
    more = controller.dock.verdict._counts["ERROR"] - before
    assert (
        more > 0
        and counter.full_text.startswith(f"实时检查　本次编辑：错误 +{more}　")
        and "待复检" not in counter.full_text
    )
    layers["CZKFBJ"].undoStack().undo()
    wait_for_live_check(controller)
    assert counter.full_text == "实时检查　本次编辑：错误 0　警告 0"
    line = layers["STBHHX"]
    line.startEditing()
    assert line.changeGeometry(1, make_rectangle(2000, 200))
    wait_for_live_check(controller)
    assert "错误 −" in counter.full_text
    # Without any feature of the layer, whole rules change.
    assert line.deleteFeature(1)
    wait_for_live_check(controller)
    assert "已停止，请重新检查" in counter.full_text


def test_waiving_a_finding_does_not_change_the_live_check_counter(controller_after_overlap):
    controller, _layers = controller_after_overlap
    text = controller.notices.counter.full_text
    known = next(f for f in controller.dock.result.report.findings if str(f.severity) == "ERROR")
    known.state = "waived"
    controller._on_waivers_changed([known], FindingsChange())
    assert controller.dock.verdict._counts["waived"] == 1
    assert controller.notices.counter.full_text == text


def test_menu_of_the_live_check_counter_lists_new_findings_and_selects_them(controller_after_overlap):
    controller, layers = controller_after_overlap
    menu = controller.notices.make_menu()
    assert menu.actions() and menu.actions()[0].text().split("　")[0] in {
        f.code for f in controller.dock.result.findings
    }
    menu.actions()[0].trigger()
    assert controller.dock.tree.get_selected_finding() is not None and controller.mark.is_shown
    layers["CZKFBJ"].undoStack().undo()
    wait_for_live_check(controller)
    assert [a.text() for a in controller.notices.make_menu().actions()] == ["全面检查以来没有新增问题"]


def test_live_check_counter_states_that_live_check_is_off_or_outdated(checked, monkeypatch):
    controller, layers = checked
    counter = controller.notices.counter
    controller.actions["live"].setChecked(False)
    assert counter.full_text == "实时检查　已关闭"
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    assert counter.full_text == "实时检查　已关闭　待复检 1"
    controller.actions["live"].setChecked(True)
    wait_for_live_check(controller)
    layers["DLTB"].dataProvider().reloadData()
    assert wait_until(lambda: controller.editing.is_outdated)
    assert counter.full_text == "实时检查　已停止，请重新检查"


def test_toolbar_contains_the_live_check_action(open_controller):
    controller, _layers = open_controller
    assert controller.actions["live"] in controller.actions.toolbar.actions()


def test_unloading_removes_the_live_check_counter_and_message(controller_after_overlap):
    controller, _layers = controller_after_overlap
    controller.notices.stop()
    # The controller stops it again when it is unloaded.
    controller.notices.stop = lambda: None
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert find_edit_message(controller) is None
    assert not controller.iface.window.findChildren(QToolButton, "SanxianLiveCounter")


def test_live_check_counter_is_shorter_where_its_text_has_no_room(qgis_app):
    counter = _CounterButton()
    counter.set_texts("实时检查　本次编辑：错误 +1　警告 0", "+1 / 0")
    counter.show()
    counter.resize(counter.sizeHint())
    assert counter.text() == counter.full_text
    counter.resize(counter.sizeHint().width() // 2, counter.height())
    assert counter.text() == "+1 / 0"
    counter.resize(1, counter.height())
    assert counter.text() == "" and counter.width() < counter.fontMetrics().horizontalAdvance("+1 / 0 +1")
    assert counter.width() >= QToolButton.sizeHint(counter).width(), "the numbers are never elided"
    counter.resize(counter.sizeHint())
    assert counter.text() == counter.full_text
    counter.deleteLater()
