# SPDX-License-Identifier: GPL-2.0-or-later
"""What edits brought: the message with its buttons, and the counter in the status bar."""

import pytest
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtWidgets import QPushButton, QTextBrowser, QToolButton

from plugin.core.live.session import FindingsChange
from plugin.core.model.rule import Severity
from plugin.gui.findings.edit_notices import describe
from tests.qgis.gui_helpers import make_finding, result_of, small_report
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import check, checked, draw, open_desk, settled  # noqa: F401
from tests.qgis.waiting import wait_until

UNDO, ZOOM = "撤销这步编辑", "缩放"


def messages(desk):
    """Messages about edits: others may stand beside them in the bar."""
    return [item for item in desk.iface.messageBar().items() if item.title() == "实时检查"]


def message(desk):
    return next(iter(messages(desk)), None)


def message_text(desk):
    return message(desk).text()


def button(desk, text):
    return next(b for b in message(desk).findChildren(QPushButton) if b.text() == text)


@pytest.fixture
def drawn(checked):  # noqa: F811
    """A desk after a piece of the boundary was drawn over farmland."""
    desk, layers = checked
    draw(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    settled(desk)
    return desk, layers


def test_a_message_names_rule_amount_and_place(chinese):
    result = result_of(small_report())
    found = [
        make_finding("REL002", "1", 12_640.35),
        make_finding("REL002", "2", 900.0, "蔡村镇"),
        make_finding("LAW010", "3", None, "西坊城镇", Severity.WARNING),
    ]
    assert describe(result, found) == (
        "编辑后新增 3 处问题：REL002 永农与开发边界不重叠，2 处，1.35 公顷，永安镇、蔡村镇；LAW010 永农为耕地，西坊城镇。"
    )
    many = [
        make_finding(code, "1", 1e4, f"镇{n}") for n, code in enumerate(["REL002"] * 4 + ["ATT001", "TOP001", "TOP003"])
    ]
    text = describe(result, many)
    assert "镇0、镇1、镇2等" in text and text.endswith("；另有 1 条规则。")


def test_what_an_edit_brought_is_reported_with_zoom_and_undo(drawn):
    desk, layers = drawn
    text = message_text(desk)
    assert text.startswith("编辑后新增 ") and "REL002 永久基本农田与城镇开发边界重叠" in text and " 公顷" in text
    shown = message(desk).findChild(QTextBrowser)
    assert shown.height() > 3 * shown.fontMetrics().lineSpacing(), "QGIS shows one line and a half"
    button(desk, ZOOM).click()
    current = desk.dock.tree.current()
    assert current is not None and "140225000050" in (current.key, *current.related_keys)
    box = desk.iface.mapCanvas().extent()
    left, bottom, right, top = current.geometry.bounds
    assert box.xMinimum() < left < right < box.xMaximum() and box.yMinimum() < bottom < top < box.yMaximum()
    assert button(desk, UNDO).isEnabled() and "CZKFBJ" in button(desk, UNDO).toolTip()
    button(desk, UNDO).click()
    settled(desk)
    assert not [f for f in layers["CZKFBJ"].getFeatures() if f["BSM"] == "140225000050"]
    assert layers["CZKFBJ"].undoStack().index() == 0
    assert message(desk) is None, "nothing is left to report"


def test_undo_is_disabled_while_the_edit_is_not_the_last_and_never_undoes_another(drawn):
    desk, layers = drawn
    boundary = layers["CZKFBJ"]
    undo = button(desk, UNDO)
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
    settled(desk)


def test_edits_checked_together_are_not_undone_one_by_one(checked):  # noqa: F811
    desk, layers = checked
    desk.actions["live"].setChecked(False)
    draw(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    draw(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    desk.actions["live"].setChecked(True)
    settled(desk)
    assert not button(desk, UNDO).isEnabled() and "多步编辑" in button(desk, UNDO).toolTip()


def test_one_message_at_a_time_and_gone_with_its_findings(drawn):
    desk, layers = drawn
    draw(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    settled(desk)
    assert len(messages(desk)) == 1
    assert "TOP001" in message_text(desk)
    layers["CZKFBJ"].rollBack()
    settled(desk)
    assert message(desk) is None


def test_a_message_is_of_the_result_in_view_only(drawn):
    desk, _layers = drawn
    assert message(desk) is not None
    check(desk)
    assert message(desk) is None


def test_a_finding_that_a_later_edit_ended_is_not_zoomed_to(drawn):
    desk, layers = drawn
    zoom = button(desk, ZOOM)
    desk.notices._messages._message = None  # The user's message stays while the edit is taken back.
    layers["CZKFBJ"].undoStack().undo()
    settled(desk)
    zoom.click()
    assert desk.dock.note.text() == "该问题已被之后的编辑消除。"


def test_the_counter_shows_what_changed_since_the_whole_check(open_desk):  # noqa: F811
    desk, layers = open_desk
    counter = desk.notices.counter
    assert counter.isHidden(), "nothing was checked"
    check(desk)
    assert not counter.isHidden() and counter.text() == "实时检查　错误 0　警告 0"
    before = desk.dock.verdict._counts["ERROR"]
    draw(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    assert "待复检 1" in counter.text()
    settled(desk)
    more = desk.dock.verdict._counts["ERROR"] - before
    assert more > 0 and counter.text().startswith(f"实时检查　错误 +{more}　") and "待复检" not in counter.text()
    layers["CZKFBJ"].undoStack().undo()
    settled(desk)
    assert counter.text() == "实时检查　错误 0　警告 0"
    line = layers["STBHHX"]
    line.startEditing()
    assert line.deleteFeature(1)
    settled(desk)
    assert "错误 −" in counter.text()


def test_a_waiver_is_no_edit(drawn):
    desk, _layers = drawn
    text = desk.notices.counter.text()
    known = next(f for f in desk.dock.result.report.findings if str(f.severity) == "ERROR")
    known.state = "waived"
    desk._waived([known], FindingsChange())
    assert desk.dock.verdict._counts["waived"] == 1
    assert desk.notices.counter.text() == text


def test_the_counter_lists_the_new_findings_to_go_to(drawn):
    desk, layers = drawn
    menu = desk.notices.menu()
    assert menu.actions() and menu.actions()[0].text().split("　")[0] in {f.code for f in desk.dock.result.findings}
    menu.actions()[0].trigger()
    assert desk.dock.tree.current() is not None and desk.mark.shown
    layers["CZKFBJ"].undoStack().undo()
    settled(desk)
    assert [a.text() for a in desk.notices.menu().actions()] == ["全面检查以来没有新增问题"]


def test_the_counter_reports_when_live_check_is_off_or_stopped(checked, monkeypatch):  # noqa: F811
    desk, layers = checked
    counter = desk.notices.counter
    desk.actions["live"].setChecked(False)
    assert counter.text() == "实时检查　已关闭"
    draw(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    assert counter.text() == "实时检查　已关闭　待复检 1"
    desk.actions["live"].setChecked(True)
    settled(desk)
    layers["DLTB"].dataProvider().reloadData()
    assert wait_until(lambda: desk.editing.is_outdated)
    assert counter.text() == "实时检查　已停止，请重新检查"


def test_live_check_is_on_the_toolbar(open_desk):  # noqa: F811
    desk, _layers = open_desk
    assert desk.actions["live"] in desk.actions.toolbar.actions()


def test_unloaded_the_counter_and_the_message_are_gone(drawn):
    desk, _layers = drawn
    desk.notices.stop()
    # The desk stops it again as it is unloaded.
    desk.notices.stop = lambda: None
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert message(desk) is None
    assert not desk.iface.window.findChildren(QToolButton, "SanxianLiveCounter")
