# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the findings panel: the texts and buttons of each state."""

from collections import Counter

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QModelIndex, QRect, QSize, Qt
from qgis.PyQt.QtGui import QColor, QKeySequence, QPalette, QTextDocument
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel, QScrollArea, QStyleOptionViewItem, QToolButton, QWidget

from plugin.bridge.layers.role_recognition import RecognisedLayers
from plugin.bridge.running.portions import WAITING
from plugin.core.checks.live.session import FindingsChange
from plugin.core.render.worklist.worklist_row import WorkItem
from plugin.core.standard.messages.texts import Texts
from plugin.gui.findings import groups, panel_pages, verdict_bar
from plugin.gui.findings.dock import FindingsDock
from plugin.gui.findings.findings_form import DETAIL_TAB, LIST_TAB
from plugin.gui.findings.groups import AREA_COLUMN, COUNT_COLUMN, PLACE_COLUMN, STATE_COLUMN, Grouping, WorkRows
from plugin.gui.findings.navigation_bar import NavigationBar
from plugin.gui.widgets import theme
from tests.qgis.gui_helpers import make_clean_report, make_result, make_small_report, turn_wheel
from tests.qgis.waiting import process_events, wait_until


@pytest.fixture
def findings_dock(chinese, qgis_app):
    findings_dock = FindingsDock()
    findings_dock.resize(430, 900)
    findings_dock.show()
    yield findings_dock
    findings_dock.hide()
    findings_dock.deleteLater()
    process_events(0.01)


def do_nothing():
    """Do nothing; used as handler of buttons."""


def show_result(findings_dock, report):
    result = make_result(report)
    findings_dock.set_pages_without_findings(
        *panel_pages.make_pages_without_findings(result, do_nothing, findings_dock.show_skipped_rules)
    )
    findings_dock.set_result(result)
    return result


def read_visible_texts(findings_dock):
    """Return the text shown instead of the list, and the labels of its buttons."""
    assert findings_dock.stack.currentWidget() is findings_dock.empty
    return findings_dock.empty.label.text(), [b.text() for b in findings_dock.empty.list_buttons()]


def test_markup_in_names_of_the_data_is_shown_as_text(findings_dock):
    """Rich text would load the picture, on Windows also from another machine."""
    evil = "<img src='file://server/x.png'><b>乡</b>"
    report = make_small_report()
    for finding in report.findings:
        finding.key = finding.township = finding.message = evil
    show_result(findings_dock, report)
    model = findings_dock.tree.findings
    parent = model.index(0, 0)
    model.fetchMore(parent)
    tip = model.data(model.index(0, 0, parent), Qt.ItemDataRole.ToolTipRole)
    page = QTextDocument()
    page.setHtml(tip)
    assert evil in page.toPlainText() and "img" not in page.toHtml().partition("<body")[2].replace("&lt;img", "")
    assert findings_dock.tree.select_finding(report.findings[0])
    process_events(0.05)
    shown = [label for label in findings_dock.findChildren(QLabel) if "<img" in label.text()]
    assert shown and all(label.textFormat() == Qt.TextFormat.PlainText for label in shown)


RECOGNISED_WITH_MISSING_LAYER = RecognisedLayers({"A": "1", "B": "2", "C": "3"}, [("boundary", ("CZKFBJ",))], [])


@pytest.mark.parametrize(
    ("empty", "text", "buttons"),
    [
        (
            lambda act: panel_pages.make_no_layer_page(act, act),
            "工程中还没有规划图层。可以新建县级规划项目，将已有的规划图层添加到工程，或打开示例县。",
            ["新建县级规划项目…", "打开示例县"],
        ),
        (
            lambda act: panel_pages.make_missing_layers_page(RECOGNISED_WITH_MISSING_LAYER, act, act),
            "识别到 3 个图层，缺城镇开发边界 CZKFBJ。缺图层的规则跳过，不得视为通过。",
            ["图层角色…", "仍然检查"],
        ),
        (panel_pages.make_never_checked_page, "尚未检查。", ["全面检查"]),
        (
            panel_pages.make_libraries_missing_page,
            "检查未启动：缺少 geopandas 1.0 或更高版本。详见“环境自检”。",
            ["环境自检…"],
        ),
    ],
    ids=["no layer", "roles missing", "never run", "package missing"],
)
def test_panel_before_a_check_shows_what_to_do_with_a_button(findings_dock, empty, text, buttons):
    done = []
    findings_dock.set_empty_page(empty(lambda: done.append(1)))
    assert read_visible_texts(findings_dock) == (text, buttons)
    findings_dock.empty.list_buttons()[0].click()
    assert wait_until(lambda: done)
    assert done
    assert (
        findings_dock.verdict.isHidden()
        and findings_dock.filters.isHidden()
        and not findings_dock.export_button.isEnabled()
    )


def test_panel_names_three_of_the_missing_layers_and_lists_all_in_the_tool_tip(findings_dock):
    roles = ("XZQC", "STBHZYXPJJG", "XZQXZ", "TDLYXZ")
    found = RecognisedLayers(
        {"A": "1"},
        [("boundary", ("CZKFBJ",)), *((role, (role,)) for role in roles)],
        [],
        {"CZKFBJ": "城镇开发边界", "XZQC": "村级行政区", "STBHZYXPJJG": "生态保护重要性评价结果"},
    )
    findings_dock.set_empty_page(panel_pages.make_missing_layers_page(found, lambda: None, lambda: None))
    assert read_visible_texts(findings_dock)[0] == (
        "识别到 1 个图层，缺城镇开发边界 CZKFBJ、村级行政区 XZQC、生态保护重要性评价结果 STBHZYXPJJG 等 5 个。"
        "缺图层的规则跳过，不得视为通过。"
    )
    assert findings_dock.empty.label.toolTip().split("\n")[2:] == [
        "生态保护重要性评价结果 STBHZYXPJJG",
        "XZQXZ",
        "TDLYXZ",
    ]
    findings_dock.set_empty_page(panel_pages.make_never_checked_page(lambda: None))
    assert findings_dock.empty.label.toolTip() == ""


def test_panel_shows_pass_and_report_button_when_nothing_was_found(findings_dock):
    show_result(findings_dock, make_clean_report())
    assert read_visible_texts(findings_dock) == (
        "3 条规则全部检查完毕，没有发现问题。忽略碎图斑 128 处，合计 96.40 m²。",
        ["生成报告"],
    )
    assert findings_dock.verdict.findChild(QLabel, "SanxianVerdict").text() == "通过"


def test_panel_shows_incomplete_when_rules_were_skipped_without_findings(findings_dock, qgis_app):
    show_result(findings_dock, make_clean_report(skipped=True))
    assert read_visible_texts(findings_dock) == (
        "没有发现问题，但有 1 条规则未能完整检查，不得视为通过。",
        ["查看原因"],
    )
    assert findings_dock.verdict.findChild(QLabel, "SanxianVerdict").text() == "未完成"
    findings_dock.empty.list_buttons()[0].click()
    assert wait_until(lambda: findings_dock.stack.currentWidget() is findings_dock.tree_page)
    parent = findings_dock.tree.findings.index(0, 0)
    assert findings_dock.tree.findings.index(0, 0, parent).data() == "缺图层。"


@pytest.fixture
def filled_dock(findings_dock):
    """Return the panel with the findings of a small report."""
    show_result(findings_dock, make_small_report())
    return findings_dock


def test_panel_offers_to_clear_a_filter_that_hides_all_findings(filled_dock, qgis_app):
    QTest.keyClicks(filled_dock.filters.search, "nothing like it")
    assert wait_until(lambda: filled_dock.stack.currentWidget() is filled_dock.empty)
    assert read_visible_texts(filled_dock) == ("没有符合筛选条件的问题（共 6 处）。", ["清除筛选"])
    filled_dock.empty.list_buttons()[0].click()
    assert wait_until(lambda: filled_dock.stack.currentWidget() is filled_dock.tree_page)
    assert not filled_dock.filters.search.text() and all(b.isChecked() for b in filled_dock.verdict.buttons.values())


def test_detail_pane_asks_to_select_a_finding_when_none_is_selected(filled_dock):
    assert [w.text() for w in filled_dock.detail.findChildren(QLabel)] == [
        "请选择一条问题，查看检查目的、整改建议和依据。"
    ]
    assert not filled_dock.navigation.zoom.isEnabled()


def test_verdict_has_icon_and_text_and_unchecked_severity_buttons_keep_their_counts(filled_dock):
    bar = filled_dock.verdict
    assert bar.findChild(QLabel, "SanxianVerdict").text() == "不通过"
    assert bar.findChild(QLabel, "SanxianWhen").text() == "14:32 · 运行规则 6/103 条"
    assert [b.text() for b in bar.buttons.values()] == ["错误 3", "警告 2", "提示 0", "豁免 1", "跳过 2"]
    for button in bar.buttons.values():
        button.setChecked(False)
        assert not button.icon().isNull() and button.text()[-1].isdigit()


def test_severity_buttons_filter_the_listed_findings(filled_dock):
    filled_dock.verdict.buttons["waived"].setChecked(True)
    assert len(filled_dock.tree.findings.list_visible_findings()) == 6
    for kind in ("ERROR", "WARNING"):
        filled_dock.verdict.buttons[kind].setChecked(False)
    assert [f.state for f in filled_dock.tree.findings.list_visible_findings()] == ["waived"]


def test_severity_buttons_count_the_findings_that_other_filters_leave(filled_dock):
    filled_dock.filters.search.setText("蔡村镇")
    assert wait_until(lambda: len(filled_dock.tree.findings.list_visible_findings()) == 1)
    texts = [b.text() for b in filled_dock.verdict.buttons.values()]
    full = ["错误 1/3", "警告 0/2", "提示 0/0", "豁免 1/1", "跳过 0/2"]
    short = [text.split()[-1].partition("/")[0] for text in full]
    assert texts[0] == full[0] and all(text in pair for text, *pair in zip(texts, full, short, strict=True)), texts
    assert [b.accessibleName() for b in filled_dock.verdict.buttons.values()] == full
    # The rule's row, its detail and the buttons show the same counts.
    group = next(g for g in filled_dock.tree.findings.groups if g.code == "REL002")
    assert filled_dock.tree.findings.index(0, COUNT_COLUMN).data() == "1"
    filled_dock.tree.setCurrentIndex(filled_dock.tree._get_group_index(group))
    assert "显示 1 处，共 3 处" in "\n".join(w.text() for w in filled_dock.detail.findChildren(QLabel))
    filled_dock.clear_filters()
    assert wait_until(lambda: filled_dock.verdict.buttons["ERROR"].text() in ("错误 3", "3"))


def test_detail_pane_does_not_show_a_finding_hidden_by_the_filter(filled_dock):
    filled_dock.tree.select_finding(next(f for f in filled_dock.result.findings if f.code == "LAW010"))
    assert "LAW010 140225000000000004" in "\n".join(w.text() for w in filled_dock.detail.findChildren(QLabel))
    filled_dock.verdict.buttons["WARNING"].setChecked(False)
    now = filled_dock.tree.get_selected_finding()
    words = "\n".join(w.text() for w in filled_dock.detail.findChildren(QLabel))
    assert "LAW010 140225000000000004" not in words
    assert now is None or now.message in words
    for button in filled_dock.verdict.buttons.values():
        button.setChecked(False)
    assert [w.text() for w in filled_dock.detail.findChildren(QLabel)] == [
        "请选择一条问题，查看检查目的、整改建议和依据。"
    ]
    assert not filled_dock.navigation.zoom.isEnabled()


def test_detail_pane_shows_title_area_layer_purpose_remedy_and_basis_of_a_finding(filled_dock):
    filled_dock.step_selection(1)
    words = "\n".join(w.text() for w in filled_dock.detail.findChildren(QLabel))
    for expected in (
        "永农与开发边界不重叠",
        "1.26\u00a0公顷（图斑椭球面积）",
        "永久基本农田保护图斑\n140225000000000001",
        "检查目的",
        "整改建议",
        "依据",
        "令第17号",
    ):
        assert expected in words
    assert "A" in words.split("\n")
    assert filled_dock.navigation.position.text() == "错误 1/3"
    assert filled_dock.navigation.zoom.isEnabled()


def test_detail_pane_of_a_skipped_rule_shows_the_reason(filled_dock):
    group = next(g for g in filled_dock.tree.findings.groups if g.code == "TOP003")
    filled_dock.tree.setCurrentIndex(filled_dock.tree._get_group_index(group))
    words = "\n".join(w.text() for w in filled_dock.detail.findChildren(QLabel))
    assert "跳过" in words and "缺县级行政区图层。" in words


def test_clicking_a_finding_zooms_the_map_also_on_a_second_click(filled_dock, qgis_app):
    heard = []
    filled_dock.findingChosen.connect(heard.append)
    index = filled_dock.tree.findings.index(0, 0, filled_dock.tree.findings.index(0, 0))
    place = filled_dock.tree.visualRect(index).center()
    for clicks in (1, 2):
        QTest.mouseClick(filled_dock.tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        process_events(0.02)
        assert len(heard) == clicks
    assert heard[0].key.endswith("1")


def test_enter_f1_and_ctrl_c_in_the_findings_list_zoom_to_explain_and_copy_the_finding(filled_dock):
    filled_dock.step_selection(1)
    went, asked = [], []
    filled_dock.findingChosen.connect(went.append)
    filled_dock.helpRequested.connect(asked.append)
    QTest.keyClick(filled_dock.tree, Qt.Key.Key_Return)
    for focused in (filled_dock.tree, filled_dock.detail, filled_dock.navigation.zoom):
        QTest.keyClick(focused, Qt.Key.Key_F1)
    assert [f.code for f in went] == ["REL002"] and asked == ["REL002"] * 3
    QTest.keySequence(filled_dock.tree, QKeySequence(QKeySequence.StandardKey.Copy))
    assert "140225000000000001" in QgsApplication.clipboard().text()
    QTest.keyClick(filled_dock.tree, Qt.Key.Key_Down)
    assert len(went) == 2
    waived = []
    filled_dock.navigation.waive.accept.connect(waived.append)
    filled_dock.tree.setCurrentIndex(filled_dock.tree.currentIndex().parent())
    process_events(0.02)
    QTest.keyClick(filled_dock.tree, Qt.Key.Key_W)
    assert waived == [filled_dock.tree.get_selected_group().shown], "on a rule, W waives what the button does"


def test_stepping_back_from_the_first_finding_signals_that_the_selection_did_not_move(filled_dock):
    heard = []
    filled_dock.stepped.connect(lambda direction, moved: heard.append((direction, moved)))
    filled_dock.step_selection(1)
    filled_dock.step_selection(-1)
    assert heard == [(1, True), (-1, False)]


def test_progress_bar_shows_rule_number_rule_code_and_remaining_time(filled_dock, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("plugin.gui.findings.panel_pages.time.monotonic", lambda: clock[0])
    filled_dock.show_check_started(19)
    assert not filled_dock.empty.isEnabled(), "its buttons begin a check, too"
    assert not filled_dock.run_bar.isHidden() and filled_dock.tree.isVisible(), "results stay usable during a run"
    clock[0] += 4
    filled_dock.run_bar.show_progress(0.2, "SCH001")
    clock[0] += 4
    filled_dock.run_bar.show_progress(0.5, "TOP002")
    assert filled_dock.run_bar.bar.format() == "正在复检  2/19  TOP002  剩余约 8 秒"
    cancelled = []
    filled_dock.cancelRequested.connect(lambda: cancelled.append(1))
    filled_dock.run_bar.button.click()
    assert cancelled and filled_dock.run_bar.bar.format() == "正在取消"
    filled_dock.hide_progress("已取消，仍显示 14:32 的结果")
    assert filled_dock.run_bar.isHidden() and filled_dock.note.text() == "已取消，仍显示 14:32 的结果"


@pytest.mark.parametrize(("displayed_is_of_package", "of_package"), [(False, True), (True, True), (True, False)])
def test_progress_bar_shows_checking_not_rechecking_if_the_old_result_or_new_check_is_of_a_package(
    findings_dock, displayed_is_of_package, of_package
):
    show_result(findings_dock, make_small_report()).is_of_package = displayed_is_of_package
    findings_dock.show_check_started(19, is_of_package=of_package)
    findings_dock.run_bar.show_progress(0.2, "DOC005")
    assert findings_dock.run_bar.bar.format().startswith("正在检查  1/19  DOC005")


def test_panel_of_small_height_shows_the_detail_pane_in_a_tab(filled_dock, qgis_app):
    filled_dock.step_selection(1)
    assert filled_dock.tabs.isHidden() and filled_dock.detail.isVisible() and filled_dock.tree.isVisible()
    filled_dock.resize(QSize(430, 14 * filled_dock.fontMetrics().lineSpacing()))
    process_events(0.05)
    assert filled_dock.tabs.isVisible() and not filled_dock.detail.isVisible() and filled_dock.tree.isVisible()
    assert not filled_dock.filters.isVisible(), "filters leave their room to the list"
    filled_dock.filter_button.click()
    assert filled_dock.filters.isVisible() and filled_dock.verdict.kind_row.isVisible()
    process_events(0.05)
    kinds, fixable = filled_dock.verdict.kind_row, filled_dock.filters.fixable_only
    centers = [one.mapTo(filled_dock, one.rect().center()) for one in (kinds, fixable)]
    assert abs(centers[0].y() - centers[1].y()) < kinds.height() // 2, "the list needs the row"
    turn_wheel(filled_dock.tabs)
    assert filled_dock.tabs.currentIndex() == LIST_TAB, "the panel scrolls"
    filled_dock.tabs.setCurrentIndex(DETAIL_TAB)
    assert filled_dock.detail.isVisible() and not filled_dock.tree.isVisible()
    assert not filled_dock.filters.isVisible(), "they are those of the list"


def test_township_filter_lists_townships_of_the_findings_and_survives_a_new_check(filled_dock):
    filters = filled_dock.filters
    shown = [filters.townships.itemText(n) for n in range(filters.townships.count())]
    assert sorted(shown) == sorted(["（无乡镇）", "永安镇", "蔡村镇", "西坊城镇"])
    filters.townships.setItemCheckState(shown.index("蔡村镇"), Qt.CheckState.Checked)
    assert filters.chosen_townships == {"蔡村镇"}
    show_result(filled_dock, make_small_report())
    assert filters.chosen_townships == {"蔡村镇"}, "a choice outlives a new check"


def test_township_filter_can_be_ticked_with_the_keyboard(filled_dock):
    box = filled_dock.filters.townships
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert wait_until(lambda: box.view().isVisible())
    assert filled_dock.filters.chosen_townships == frozenset()
    box.view().setCurrentIndex(box.model().index(1, 0))
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    assert filled_dock.filters.chosen_townships == {box.itemData(1)}
    assert box.lineEdit().text() == box.itemText(1)
    QTest.keyClick(box, Qt.Key.Key_Down)
    box.view().setCurrentIndex(box.model().index(1, 0))
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    assert filled_dock.filters.chosen_townships == frozenset() and box.lineEdit().text() == "全部乡镇"


def test_waive_and_fix_buttons_are_disabled_by_a_new_result_without_findings(filled_dock):
    filled_dock.step_selection(1)
    buttons = filled_dock.navigation
    assert wait_until(lambda: buttons.waive.isEnabled() or buttons.fix.isEnabled())
    show_result(filled_dock, make_clean_report())
    assert not buttons.waive.isEnabled() and not buttons.fix.isEnabled()


def test_panel_colours_follow_a_light_or_dark_theme(filled_dock):
    before = QgsApplication.palette()
    dark = QPalette(before)
    dark.setColor(QPalette.ColorRole.Window, QColor("#222222"))
    dark.setColor(QPalette.ColorRole.WindowText, QColor("#dddddd"))
    try:
        assert theme.get_color("error").name() == "#d50058"
        QgsApplication.setPalette(dark)
        assert theme.get_color("error").name() == "#ff5c9e"
        assert theme.get_faint_color().lightness() > 128
    finally:
        QgsApplication.setPalette(before)


def test_severity_buttons_shorten_to_numbers_in_a_narrow_panel(filled_dock, qgis_app):
    bar = filled_dock.verdict
    assert {b.text() for b in bar.buttons.values()} >= {"错误 3", "豁免 1"}
    # The last kinds lose their words first.
    least = sum(bar._measure_button(kind, str(bar.count_matching(kind))) for kind in bar.buttons)
    word = bar._measure_button("ERROR", "错误 3") - bar._measure_button("ERROR", "3")
    bar.kind_row.setFixedWidth(least + 4 * bar._row.spacing() + 2 * word)
    assert wait_until(lambda: bar.buttons["INFO"].text() == "0")
    assert [b.text() for b in bar.buttons.values()] == ["错误 3", "警告 2", "0", "1", "2"]
    assert [b.font().strikeOut() for b in bar.buttons.values()] == [not b.isChecked() for b in bar.buttons.values()]
    assert [b.accessibleName() for b in bar.buttons.values()] == ["错误 3", "警告 2", "提示 0", "豁免 1", "跳过 2"]
    assert all(b.accessibleName() in b.toolTip() for b in bar.buttons.values())
    bar.setFixedWidth(600)
    assert wait_until(lambda: bar.buttons["ERROR"].text() == "错误 3")


def test_column_of_rule_and_location_has_at_least_half_of_the_list_width(findings_dock, qgis_app):
    """Measure the initial column widths of the findings list."""
    show_result(findings_dock, make_small_report())
    findings_dock.resize(findings_dock.sizeHint().width(), 900)
    process_events(0.05)
    tree = findings_dock.tree
    assert tree.columnWidth(PLACE_COLUMN) >= 0.5 * tree.viewport().width()
    for column in (COUNT_COLUMN, AREA_COLUMN, STATE_COLUMN):
        assert tree.columnWidth(column) >= tree.header().fontMetrics().horizontalAdvance(
            tree.findings.headerData(column, Qt.Orientation.Horizontal)
        )


def test_findings_list_elides_titles_in_the_middle_after_the_whole_code(filled_dock):
    tree = filled_dock.tree
    index = tree.findings.index(0, 0)
    option = QStyleOptionViewItem()
    option.widget, option.rect = tree, QRect(0, 0, 200, 20)
    tree.itemDelegateForColumn(PLACE_COLUMN).initStyleOption(option, index)
    code, title = index.data().split("  ")
    shown_code, shown_title = option.text.split("  ")
    assert shown_code == code and "…" in shown_title
    assert shown_title[0] == title[0] and shown_title[-1] == title[-1]
    key = QStyleOptionViewItem()
    tree.itemDelegateForColumn(PLACE_COLUMN).initStyleOption(key, tree.findings.index(0, 0, index))
    assert key.textElideMode == Qt.TextElideMode.ElideMiddle, "the end of a key distinguishes it"
    assert tree.textElideMode() == Qt.TextElideMode.ElideRight, "of notes"


def test_why_a_rule_was_not_checked_has_the_width_of_all_columns(filled_dock):
    filled_dock.verdict.show_kinds(frozenset(filled_dock.verdict.buttons))
    tree, model = filled_dock.tree, filled_dock.tree.findings
    rows = [model.index(row, 0) for row in range(model.rowCount())]
    skipped = next(row for row in rows if row.data().startswith("TOP003"))
    assert model.index(0, 0, skipped).data() == "缺县级行政区图层。" and tree.isFirstColumnSpanned(0, skipped)
    found = next(row for row in rows if row.data().startswith("REL002"))
    assert not tree.isFirstColumnSpanned(0, found)


def test_title_of_a_partly_checked_rule_has_a_mark_where_the_states_have_no_column(findings_dock):
    report = make_small_report()
    next(rule for rule in report.rules if rule.code == "LAW010").incomplete = True
    show_result(findings_dock, report)
    model = findings_dock.tree.findings
    titles = []
    for model.shows_states in (True, False):
        titles.append({model.index(row, 0).data() for row in range(model.rowCount())})
    assert titles[1] - titles[0] == {"LAW010  永农为耕地（部分）"}


def test_low_panel_is_not_wider_with_filters_that_find_less(filled_dock):
    filled_dock.resize(QSize(filled_dock.minimumSizeHint().width(), 14 * filled_dock.fontMetrics().lineSpacing()))
    process_events(0.05)
    filled_dock.filter_button.click()
    process_events(0.05)
    width = filled_dock.minimumSizeHint().width()
    filled_dock.filters.search.setText("REL002")
    assert wait_until(filled_dock.filters.clear_button.isEnabled)
    process_events(0.05)
    assert filled_dock.minimumSizeHint().width() <= width == filled_dock.width()


def find_strongest_colour(icon):
    """Return the most saturated colour in the middle of an icon."""
    image = icon.pixmap(24, 24).toImage()
    colours = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return Counter(c.name() for c in colours if c.alpha() == 255).most_common(1)[0][0]


def test_panel_icons_are_redrawn_when_the_theme_changes(findings_dock, qgis_app):
    """Change the palette and compare the icons.

    QGIS changes the style sheet first and the palette afterwards; icons drawn at the first signal have wrong colours.
    """
    show_result(findings_dock, make_small_report())
    findings_dock.step_selection(1)
    before = QgsApplication.palette()
    dark = QPalette(before)
    for role, colour in (("Window", "#222222"), ("WindowText", "#dddddd"), ("Base", "#111111")):
        dark.setColor(getattr(QPalette.ColorRole, role), QColor(colour))
    icons = {
        "button": findings_dock.run_button.icon,
        "next": findings_dock.navigation.next.icon,
        "kind": findings_dock.verdict.buttons["ERROR"].icon,
    }
    light = {name: find_strongest_colour(icon()) for name, icon in icons.items()}
    try:
        findings_dock.setPalette(dark)
        QgsApplication.setPalette(dark)
        process_events(0.05)
        assert {n: find_strongest_colour(i()) for n, i in icons.items()} == {
            "button": find_strongest_colour(theme.load_icon("run")),
            "next": find_strongest_colour(theme.load_icon("next")),
            "kind": "#ff5c9e",
        }
        assert not set(light.values()) & {find_strongest_colour(i()) for i in icons.values()}
    finally:
        QgsApplication.setPalette(before)
        process_events(0.05)


def test_every_tool_button_of_the_panel_has_a_text(filled_dock):
    filled_dock.county.setText("县配置…")
    for button in filled_dock.findChildren(QToolButton):
        if button.objectName().startswith("Sanxian"):
            assert button.text()


def test_button_next_to_the_rule_count_explains_which_rules_did_not_run(findings_dock):
    show_result(findings_dock, make_small_report())
    why = findings_dock.verdict.reasons_button
    assert why.isVisible() and why.toolTip() == "哪些设置未经确认，部分规则为何没有运行"
    why.click()
    text = " ".join(label.text() for label in findings_dock.detail.findChildren(QLabel))
    assert "本次运行 6 条" in text and "县配置…" in text
    assert "TOP003 要素不超出县界：缺县级行政区图层。" in text and "TOP002" in text
    assert "TOP001" not in text, "it ran"


def test_details_of_the_selected_finding_return_after_the_explanation(filled_dock):
    filled_dock.step_selection(1)
    shown = [label.text() for label in filled_dock.detail.findChildren(QLabel)]
    filled_dock.verdict.reasons_button.click()
    assert [label.text() for label in filled_dock.detail.findChildren(QLabel)] != shown
    filled_dock.tree.clicked.emit(filled_dock.tree.currentIndex())
    assert [label.text() for label in filled_dock.detail.findChildren(QLabel)] == shown


def test_explanation_stays_after_a_change_of_the_work_list_and_ends_with_a_selection(filled_dock):
    filled_dock.verdict.reasons_button.click()
    shown = [label.text() for label in filled_dock.detail.findChildren(QLabel)]
    items = {one.fingerprint: WorkItem(one.fingerprint) for one in filled_dock.result.findings}
    for rows in (items, {**items, next(iter(items)): WorkItem(next(iter(items)), assignee="一组")}, {}):
        filled_dock.set_work(WorkRows(rows))
        assert [label.text() for label in filled_dock.detail.findChildren(QLabel)] == shown
    filled_dock.step_selection(1)
    assert [label.text() for label in filled_dock.detail.findChildren(QLabel)] != shown


def test_explanation_names_all_settings_that_are_not_confirmed(findings_dock):
    names = ["form", "classes", "limit", "denominator_share", "concentrated", "flexible", "special", "town_gap_m"]
    names += ["window_water", "window_filled_share", "new_land_includes_flexible"]
    report = make_small_report()
    report.rules[0].unconfirmed = [f"ratio.{name}" for name in names]
    show_result(findings_dock, report)
    shown_names = map(Texts("zh").get_setting_name, report.rules[0].unconfirmed)
    assert all(name in findings_dock.verdict.explanation for name in shown_names)


def test_rows_of_a_township_are_drawn_also_the_one_that_names_the_rest(filled_dock, monkeypatch):
    monkeypatch.setattr(groups, "MAX_ROWS", 1)
    filled_dock.group_by(Grouping.TOWNSHIP)
    tree, model = filled_dock.tree, filled_dock.tree.findings
    texts = []
    for parent in (model.index(row, 0) for row in range(model.rowCount())):
        for row in range(model.rowCount(parent)):
            option = QStyleOptionViewItem()
            option.widget, option.rect = tree, QRect(0, 0, 400, 20)
            tree.itemDelegateForColumn(PLACE_COLUMN).initStyleOption(option, model.index(row, 0, parent))
            texts.append(option.text)
    assert any(text.startswith("其余") for text in texts) and any(text.endswith("  …000002") for text in texts)
    assert not any("蔡村镇" in text for text in texts), "the group has the name"


def test_button_next_to_the_rule_count_explains_above_a_page_without_a_list(findings_dock, monkeypatch):
    shown = []
    monkeypatch.setattr(verdict_bar.QWhatsThis, "showText", lambda _place, text, _widget: shown.append(text))
    show_result(findings_dock, make_clean_report(skipped=True))
    findings_dock.verdict.reasons_button.click()
    assert len(shown) == 1 and "缺图层。" in shown[0]


def test_context_menu_acts_on_the_row_that_was_right_clicked(filled_dock):
    tree = filled_dock.tree
    tree.select_finding(next(f for f in filled_dock.result.findings if f.code == "LAW010"))
    process_events(0.05)
    tree.setCurrentIndex(tree._get_group_index(next(g for g in tree.findings.groups if g.code == "REL002")))
    # In the same turn of the event loop, as after a right click.
    texts = [action.text() for action in filled_dock.make_context_menu().actions()]
    assert any("2" in text for text in texts), texts


def test_new_result_without_a_selection_shows_the_list_of_a_low_panel(filled_dock):
    filled_dock.resize(QSize(430, 14 * filled_dock.fontMetrics().lineSpacing()))
    process_events(0.05)
    filled_dock.tree.setCurrentIndex(QModelIndex())
    filled_dock.tabs.setCurrentIndex(DETAIL_TAB)
    show_result(filled_dock, make_small_report())
    assert filled_dock.tree.isVisible()


def test_folded_filter_button_counts_the_kinds_that_the_list_shows(filled_dock):
    filled_dock.resize(QSize(430, 14 * filled_dock.fontMetrics().lineSpacing()))
    process_events(0.05)
    assert filled_dock.filter_button.text() == "筛选 · 错误 3 警告 2"
    filled_dock.verdict.show_kinds(frozenset({"WARNING", "INFO"}))
    assert wait_until(lambda: filled_dock.filter_button.text() == "已筛选 · 警告 2 提示 0")


def test_list_and_details_show_that_the_sender_of_a_package_waived_a_finding(findings_dock):
    report = make_small_report()
    covered = next(f for f in report.findings if f.state == "open")
    waiver = {"reason": "批准保留", "document": "晋自然资发〔2026〕1号", "author": "张三", "date": "2026-01-01"}
    covered.params["package_waiver"] = {**waiver, "until": "", "attachment": ""}
    show_result(findings_dock, report)
    tree = findings_dock.tree
    tree.select_finding(covered)
    assert tree.currentIndex().siblingAtColumn(STATE_COLUMN).data() == "包内豁免"
    assert wait_until(lambda: "批准保留" in [w.text() for w in findings_dock.detail.findChildren(QLabel)])
    shown = " ".join(w.text() for w in findings_dock.detail.findChildren(QLabel))
    assert "成果包已登记豁免，本次检查仍按未豁免计" in shown and waiver["document"] in shown


def test_button_for_the_next_open_finding_has_a_shorter_text_in_a_narrow_panel(chinese):
    panel = QWidget()
    bar = NavigationBar(panel)
    bar.show_position((17, 29, "WARNING"))
    bar.offer_next_open(True)
    panel.show()
    needed_widths = []
    for width in (2000, 10):
        bar.resize(width, 40)
        QgsApplication.processEvents()
        needed_widths.append((bar.next_open.text(), bar.layout().minimumSize().width()))
    (long_text, long_width), (short_text, short_width) = needed_widths
    assert (long_text, short_text) == ("下一个未完成", "未完成") and short_width < long_width
    assert bar.next_open.accessibleName() == "下一个未完成"


def test_note_on_edits_keeps_all_its_lines_in_a_low_and_narrow_panel(filled_dock):
    note = filled_dock.findChild(QLabel, "SanxianEdited")
    note.setText("编辑后已复检 12345 处 · 全县指标未重算，" * 3)
    note.show()
    filled_dock.resize(260, 300)
    process_events(0.05)
    assert note.height() >= note.heightForWidth(note.width()) > 2 * note.fontMetrics().height()


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_list_is_drawn_in_another_turn_than_the_one_that_changes_it(findings_dock, is_cancelled):
    result = show_result(findings_dock, make_small_report())
    ended = result.findings[0]
    steps = findings_dock.apply_changes_in_steps(FindingsChange(ended_findings=[ended]))
    assert next(steps) is WAITING
    assert ended not in findings_dock.tree.findings.list_visible_findings()
    assert not findings_dock.tree.updatesEnabled()
    if is_cancelled:
        steps.close()
    else:
        assert next(steps) is WAITING
    assert findings_dock.tree.updatesEnabled()


def test_township_filter_stays_when_its_field_loses_the_focus(filled_dock):
    box = filled_dock.filters.townships
    box.setItemCheckState(1, Qt.CheckState.Checked)
    # Qt finds the text among the rows, and activates that row.
    box.lineEdit().editingFinished.emit()
    assert filled_dock.filters.chosen_townships == {box.itemData(1)}


def test_list_gives_way_to_a_note_on_edits_on_a_low_screen(findings_dock):
    """With a wrapped text, a scroll area asks for the proposed height of the list: two scroll bars."""
    result = show_result(findings_dock, make_small_report())
    area = findings_dock.findChild(QScrollArea, "SanxianFindingsArea")
    least = area.widget().minimumSizeHint().height() + 2 * findings_dock.fontMetrics().lineSpacing()
    findings_dock.resize(430, findings_dock.height() - area.height() + least)
    process_events(0.05)
    assert area.verticalScrollBar().maximum() == 0
    result.rechecked_features.add(("CZKFBJ", 1))
    findings_dock.verdict.show_edits(result)
    process_events(0.05)
    assert not findings_dock.verdict.findChild(QLabel, "SanxianEdited").isHidden()
    assert area.verticalScrollBar().maximum() == 0 and findings_dock.tree.isVisible()


def test_actions_of_a_narrow_panel_lose_their_texts_one_by_one(findings_dock):
    show_result(findings_dock, make_small_report())
    findings_dock.worklist_button.show()
    findings_dock.county.setText("大同市浑源县（2021—2035年）")
    buttons = [findings_dock.grouping_button, findings_dock.worklist_button, findings_dock.export_button]
    only_icon, seen = Qt.ToolButtonStyle.ToolButtonIconOnly, set()
    for width in (*range(800, 200, -20), *range(200, 820, 20)):
        findings_dock.resize(width, 500)
        process_events(0.01)
        shown = [button.toolButtonStyle() != only_icon for button in buttons]
        assert shown == sorted(shown, reverse=True) and all(
            button.toolTip() == ("" if has_text else button.text())
            for button, has_text in zip(buttons, shown, strict=True)
        )
        assert all(one.width() >= one.sizeHint().width() for one in (*buttons, findings_dock.run_button))
        seen.add(sum(shown))
    assert 3 in seen and min(seen) < 3 and sum(shown) == 3
