# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings panel: texts of each state."""

from collections import Counter

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QKeySequence, QPalette
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel, QStyleOptionViewItem, QToolButton

from plugin.bridge.layers.recognise import RecognisedLayers
from plugin.gui.findings import empty_states
from plugin.gui.findings.dock import FindingsDock
from plugin.gui.findings.form import HELP
from plugin.gui.findings.groups import AREA, COUNT, PLACE, STATE
from plugin.gui.widgets import theme
from tests.qgis.gui_helpers import make_clean_report, make_result, make_small_report
from tests.qgis.waiting import process_events, wait_until


@pytest.fixture
def dock(chinese, qgis_app):
    dock = FindingsDock()
    dock.resize(430, 900)
    dock.show()
    yield dock
    dock.hide()
    dock.deleteLater()
    process_events(0.01)


def do_nothing():
    """Do nothing: a handler of buttons."""


def show_result(dock, report):
    result = make_result(report)
    dock.set_clean(*empty_states.clean_states(result, do_nothing, dock.show_reasons))
    dock.set_result(result)
    return result


def read_visible_texts(dock):
    """Return the text in place of the list and the labels of the buttons below."""
    assert dock.stack.currentWidget() is dock.empty
    return dock.empty.label.text(), [b.text() for b in dock.empty.buttons()]


LACKING = RecognisedLayers({"A": "1", "B": "2", "C": "3"}, [("boundary", ("CZKFBJ",))], [])


@pytest.mark.parametrize(
    ("empty", "text", "buttons"),
    [
        (
            lambda act: empty_states.no_layer_state(act, act),
            "尚无规划图层。请新建县级规划项目，或打开示例县。",
            ["新建县级规划项目…", "打开示例县"],
        ),
        (
            lambda act: empty_states.roles_missing_state(LACKING, act, act),
            "识别到 3 个图层，缺城镇开发边界 CZKFBJ。缺图层的规则跳过，不得视为通过。",
            ["图层角色…", "仍然检查"],
        ),
        (empty_states.never_checked_state, "尚未检查。", ["全面检查"]),
        (
            empty_states.libraries_missing_state,
            "检查未启动：缺少 geopandas 1.0 或更高版本。其他功能不受影响。",
            ["环境自检…"],
        ),
    ],
    ids=["no layer", "roles missing", "never run", "package missing"],
)
def test_before_a_check(dock, empty, text, buttons):
    done = []
    dock.set_idle(empty(lambda: done.append(1)))
    assert read_visible_texts(dock) == (text, buttons)
    dock.empty.buttons()[0].click()
    assert wait_until(lambda: done)
    assert done
    assert dock.verdict.isHidden() and dock.filters.isHidden() and not dock.export_button.isEnabled()


def test_clean(dock):
    show_result(dock, make_clean_report())
    assert read_visible_texts(dock) == (
        "3 条规则全部检查完毕，没有发现问题。忽略碎图斑 128 处，合计 96.40 m²。",
        ["生成报告"],
    )
    assert dock.verdict.findChild(QLabel, "SanxianVerdict").text() == "通过"


def test_skipped_rules_without_findings_are_not_a_pass(dock, qgis_app):
    show_result(dock, make_clean_report(skipped=True))
    assert read_visible_texts(dock) == ("没有发现问题，但有 1 条规则未能检查，不得视为通过。", ["查看原因"])
    assert dock.verdict.findChild(QLabel, "SanxianVerdict").text() == "未完成"
    dock.empty.buttons()[0].click()
    assert wait_until(lambda: dock.stack.currentWidget() is dock.tree)
    parent = dock.tree.filter.index(0, 0)
    assert dock.tree.filter.index(0, 0, parent).data() == "缺图层。"


def test_filter_that_hides_all(dock, qgis_app):
    show_result(dock, make_small_report())
    QTest.keyClicks(dock.filters.search, "nothing like it")
    assert wait_until(lambda: dock.stack.currentWidget() is dock.empty)
    assert read_visible_texts(dock) == ("没有符合筛选条件的问题（共 6 处）。", ["清除筛选"])
    dock.empty.buttons()[0].click()
    assert wait_until(lambda: dock.stack.currentWidget() is dock.tree)
    assert not dock.filters.search.text() and all(b.isChecked() for b in dock.verdict.buttons.values())


def test_nothing_selected(dock):
    show_result(dock, make_small_report())
    assert [w.text() for w in dock.detail.findChildren(QLabel)] == ["请选择一条问题，查看检查目的、整改建议和依据。"]
    assert not dock.navigation.zoom.isEnabled()


def test_verdict_is_a_shape_and_a_word_and_counts_stay_when_off(dock):
    show_result(dock, make_small_report())
    bar = dock.verdict
    assert bar.findChild(QLabel, "SanxianVerdict").text() == "不通过"
    assert bar.findChild(QLabel, "SanxianWhen").text() == "14:32 · 运行规则 6/94 条"
    assert [b.text() for b in bar.buttons.values()] == ["错误 3", "警告 2", "提示 0", "豁免 1", "跳过 2"]
    for button in bar.buttons.values():
        button.setChecked(False)
        assert not button.icon().isNull() and button.text()[-1].isdigit()


def test_severity_buttons_are_the_filter(dock):
    show_result(dock, make_small_report())
    dock.verdict.buttons["waived"].setChecked(True)
    assert len(dock.tree.filter.in_view()) == 6
    for kind in ("ERROR", "WARNING"):
        dock.verdict.buttons[kind].setChecked(False)
    assert [f.state for f in dock.tree.filter.in_view()] == ["waived"]


def test_counts_show_what_the_other_filters_leave(dock):
    show_result(dock, make_small_report())
    dock.filters.search.setText("蔡村镇")
    assert wait_until(lambda: len(dock.tree.filter.in_view()) == 1)
    texts = [b.text() for b in dock.verdict.buttons.values()]
    assert texts in (["错误 1/3", "警告 0/2", "提示 0/0", "豁免 1/1", "跳过 0/2"], ["1/3", "0/2", "0/0", "1/1", "0/2"])
    # The rule's row, its detail and the buttons show the same counts.
    group = next(g for g in dock.tree.findings.groups if g.code == "REL002")
    assert dock.tree.filter.index(0, COUNT).data() == "1"
    dock.tree.setCurrentIndex(dock.tree._group_index(group))
    assert "显示 1 处，共 3 处" in "\n".join(w.text() for w in dock.detail.findChildren(QLabel))
    dock.clear_filters()
    assert wait_until(lambda: dock.verdict.buttons["ERROR"].text() in ("错误 3", "3"))


def test_the_detail_shows_no_finding_that_is_filtered_out(dock):
    show_result(dock, make_small_report())
    dock.tree.select(next(f for f in dock.result.findings if f.code == "LAW010"))
    assert "LAW010 140225000000000004" in "\n".join(w.text() for w in dock.detail.findChildren(QLabel))
    dock.verdict.buttons["WARNING"].setChecked(False)
    now = dock.tree.current()
    words = "\n".join(w.text() for w in dock.detail.findChildren(QLabel))
    assert "LAW010 140225000000000004" not in words
    assert now is None or now.message in words
    for button in dock.verdict.buttons.values():
        button.setChecked(False)
    assert [w.text() for w in dock.detail.findChildren(QLabel)] == ["请选择一条问题，查看检查目的、整改建议和依据。"]
    assert not dock.navigation.zoom.isEnabled()


def test_detail_of_a_finding(dock):
    show_result(dock, make_small_report())
    dock.step(1)
    words = "\n".join(w.text() for w in dock.detail.findChildren(QLabel))
    for expected in (
        "永农与开发边界不重叠",
        "12\u202f640.35\u00a0m²（图斑椭球面积）",
        "永久基本农田保护图斑\n140225000000000001",
        "检查目的",
        "整改建议",
        "依据",
        "令第17号",
    ):
        assert expected in words
    assert "A" in words.split("\n")
    assert dock.navigation.position.text() == "1 / 3"
    assert dock.navigation.zoom.isEnabled()


def test_detail_of_a_skipped_rule_shows_the_reason(dock):
    show_result(dock, make_small_report())
    group = next(g for g in dock.tree.findings.groups if g.code == "TOP003")
    dock.tree.setCurrentIndex(dock.tree._group_index(group))
    words = "\n".join(w.text() for w in dock.detail.findChildren(QLabel))
    assert "跳过" in words and "缺县级行政区图层。" in words


def test_selecting_goes_to_the_map_and_again_on_a_second_click(dock, qgis_app):
    show_result(dock, make_small_report())
    heard = []
    dock.findingChosen.connect(heard.append)
    index = dock.tree.filter.index(0, 0, dock.tree.filter.index(0, 0))
    place = dock.tree.visualRect(index).center()
    for clicks in (1, 2):
        QTest.mouseClick(dock.tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        process_events(0.02)
        assert len(heard) == clicks
    assert heard[0].key.endswith("1")


def test_keys_in_the_list(dock):
    show_result(dock, make_small_report())
    dock.step(1)
    went, asked = [], []
    dock.findingChosen.connect(went.append)
    dock.helpRequested.connect(asked.append)
    QTest.keyClick(dock.tree, Qt.Key.Key_Return)
    QTest.keyClick(dock.tree, Qt.Key.Key_F1)
    assert [f.code for f in went] == ["REL002"] and asked == ["REL002"]
    QTest.keySequence(dock.tree, QKeySequence(QKeySequence.StandardKey.Copy))
    assert "140225000000000001" in QgsApplication.clipboard().text()
    QTest.keyClick(dock.tree, Qt.Key.Key_Down)
    assert len(went) == 2


def test_reaching_the_first_or_last_finding_is_shown(dock):
    show_result(dock, make_small_report())
    heard = []
    dock.stepped.connect(lambda direction, moved: heard.append((direction, moved)))
    dock.step(1)
    dock.step(-1)
    assert heard == [(1, True), (-1, False)]


def test_progress_names_rule_number_code_and_time_left(dock, monkeypatch):
    show_result(dock, make_small_report())
    clock = [100.0]
    monkeypatch.setattr("plugin.gui.findings.filter_bar.time.monotonic", lambda: clock[0])
    dock.start_run(19)
    assert not dock.run_bar.isHidden() and dock.tree.isVisible(), "results stay usable during a run"
    clock[0] += 4
    dock.run_bar.step(0.2, "SCH001")
    clock[0] += 4
    dock.run_bar.step(0.5, "TOP002")
    assert dock.run_bar.bar.format() == "正在复检  2/19  TOP002  剩余约 8 秒"
    cancelled = []
    dock.cancelRequested.connect(lambda: cancelled.append(1))
    dock.run_bar.button.click()
    assert cancelled and dock.run_bar.bar.format() == "正在取消"
    dock.end_run("已取消，仍显示 14:32 的结果")
    assert dock.run_bar.isHidden() and dock.note.text() == "已取消，仍显示 14:32 的结果"


def test_a_low_panel_shows_the_detail_in_a_tab(dock, qgis_app):
    show_result(dock, make_small_report())
    dock.step(1)
    assert dock.tabs.isHidden() and dock.detail.isVisible() and dock.tree.isVisible()
    dock.resize(QSize(430, 14 * dock.fontMetrics().lineSpacing()))
    process_events(0.05)
    assert dock.tabs.isVisible() and not dock.detail.isVisible() and dock.tree.isVisible()
    dock.tabs.setCurrentIndex(HELP)
    assert dock.detail.isVisible() and not dock.tree.isVisible()


def test_townships_and_rules_to_choose_from(dock):
    show_result(dock, make_small_report())
    filters = dock.filters
    shown = [filters.townships.itemText(n) for n in range(filters.townships.count())]
    assert sorted(shown) == sorted(["（无乡镇）", "永安镇", "蔡村镇", "西坊城镇"])
    filters.townships.setItemCheckState(shown.index("蔡村镇"), Qt.CheckState.Checked)
    assert filters.chosen_townships == {"蔡村镇"}
    show_result(dock, make_small_report())
    assert filters.chosen_townships == {"蔡村镇"}, "a choice outlives a new check"


def test_colours_follow_the_theme(dock):
    show_result(dock, make_small_report())
    before = QgsApplication.palette()
    dark = QPalette(before)
    dark.setColor(QPalette.ColorRole.Window, QColor("#222222"))
    dark.setColor(QPalette.ColorRole.WindowText, QColor("#dddddd"))
    try:
        assert theme.color("error").name() == "#d50058"
        QgsApplication.setPalette(dark)
        assert theme.color("error").name() == "#ff5c9e"
        assert theme.faint().lightness() > 128
    finally:
        QgsApplication.setPalette(before)


def test_counts_drop_their_words_where_there_is_no_room(dock, qgis_app):
    show_result(dock, make_small_report())
    bar = dock.verdict
    assert {b.text() for b in bar.buttons.values()} >= {"错误 3", "豁免 1"}
    bar.setFixedWidth(bar.minimumSizeHint().width())
    assert wait_until(lambda: bar.buttons["ERROR"].text() == "3")
    assert [b.text() for b in bar.buttons.values()] == ["3", "2", "0", "1", "2"]
    assert [b.accessibleName() for b in bar.buttons.values()] == ["错误 3", "警告 2", "提示 0", "豁免 1", "跳过 2"]
    assert all(b.accessibleName() in b.toolTip() for b in bar.buttons.values())
    bar.setFixedWidth(600)
    assert wait_until(lambda: bar.buttons["ERROR"].text() == "错误 3")


def test_rule_and_place_have_most_of_the_list_width(dock, qgis_app):
    """Give rule and place most of the list's initial width."""
    show_result(dock, make_small_report())
    dock.resize(dock.sizeHint().width(), 900)
    process_events(0.05)
    tree = dock.tree
    assert tree.columnWidth(PLACE) >= 0.5 * tree.viewport().width()
    for column in (COUNT, AREA, STATE):
        assert tree.columnWidth(column) >= tree.header().fontMetrics().horizontalAdvance(tree._title(column))


def test_a_key_is_cut_in_its_middle_a_title_at_its_end(dock):
    show_result(dock, make_small_report())
    tree = dock.tree
    rule = tree.filter.index(0, 0)
    modes = []
    for index in (rule, tree.filter.index(0, 0, rule)):
        option = QStyleOptionViewItem()
        tree.itemDelegate().initStyleOption(option, index)
        modes.append(option.textElideMode)
    assert modes == [Qt.TextElideMode.ElideRight, Qt.TextElideMode.ElideMiddle]


def find_strongest_colour(icon):
    """Return the strongest colour in the middle of an icon."""
    image = icon.pixmap(24, 24).toImage()
    colours = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return Counter(c.name() for c in colours if c.alpha() == 255).most_common(1)[0][0]


def test_icons_follow_a_theme_that_changes_while_the_panel_is_open(dock, qgis_app):
    """Redraw icons after the palette has changed.

    QGIS changes the style sheet first and the palette afterwards; icons drawn at the first signal have wrong colours.
    """
    show_result(dock, make_small_report())
    dock.step(1)
    before = QgsApplication.palette()
    dark = QPalette(before)
    for role, colour in (("Window", "#222222"), ("WindowText", "#dddddd"), ("Base", "#111111")):
        dark.setColor(getattr(QPalette.ColorRole, role), QColor(colour))
    icons = {
        "button": dock.run_button.icon,
        "next": dock.navigation.next.icon,
        "kind": dock.verdict.buttons["ERROR"].icon,
    }
    light = {name: find_strongest_colour(icon()) for name, icon in icons.items()}
    try:
        dock.setPalette(dark)
        QgsApplication.setPalette(dark)
        process_events(0.05)
        assert {n: find_strongest_colour(i()) for n, i in icons.items()} == {
            "button": find_strongest_colour(theme.icon("refresh")),
            "next": find_strongest_colour(theme.icon("next")),
            "kind": "#ff5c9e",
        }
        assert not set(light.values()) & {find_strongest_colour(i()) for i in icons.values()}
    finally:
        QgsApplication.setPalette(before)
        process_events(0.05)


def test_every_tool_has_a_word(dock):
    show_result(dock, make_small_report())
    dock.set_county("")
    for button in dock.findChildren(QToolButton):
        if button.objectName().startswith("Sanxian"):
            assert button.text()
