# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the findings list: tree, filter, navigation and live changes."""

from types import SimpleNamespace

import pytest
from qgis.PyQt.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    qInstallMessageHandler,
)
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtTest import QAbstractItemModelTester

from plugin.bridge.running.portions import run_to_end
from plugin.bridge.texts import tr
from plugin.core.checks.live.session import FindingsChange
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.gui.findings.groups import (
    AREA_COLUMN,
    COUNT_COLUMN,
    PLACE_COLUMN,
    STATE_COLUMN,
    FindingGroup,
    describe_location,
    make_search_text,
    sort_groups,
)
from plugin.gui.findings.model import FilterSettings, FindingsModel
from plugin.gui.findings.tree import FindingsTree
from plugin.gui.widgets.theme import FINDING_KINDS
from tests.qgis.gui_helpers import make_clean_report, make_finding, make_large_report, make_small_report
from tests.qgis.waiting import measure_time, process_events

ALL_FINDINGS_FILTER = FilterSettings(shown_kinds=frozenset(FINDING_KINDS))


WORK_HEADINGS = ["负责人", "备注", "更新"]


@pytest.fixture
def findings_model(qgis_app):
    complaints = []
    former = qInstallMessageHandler(lambda kind, context, text: complaints.append(text))
    findings_model = FindingsModel()
    tester = QAbstractItemModelTester(findings_model, QAbstractItemModelTester.FailureReportingMode.Warning)
    report = make_small_report()
    findings_model.show_groups(run_to_end(findings_model.prepare_groups(report, report.findings)))
    yield findings_model
    del tester
    qInstallMessageHandler(former)
    assert not complaints, "the model breaks Qt's rules"


@pytest.fixture
def filtered_model(findings_model):
    findings_model.set_filters(ALL_FINDINGS_FILTER)
    return findings_model


@pytest.fixture
def findings_tree(qgis_app):
    findings_tree = FindingsTree()
    findings_tree.show_report(make_small_report(), ALL_FINDINGS_FILTER)
    yield findings_tree
    findings_tree.deleteLater()


def read_texts(proxy, column=PLACE_COLUMN, parent=None):
    parent = parent or QModelIndex()
    return [proxy.index(n, column, parent).data() for n in range(proxy.rowCount(parent))]


def list_children(proxy, row, column=PLACE_COLUMN):
    return read_texts(proxy, column, proxy.index(row, 0))


def test_rules_are_listed_by_severity_and_area_with_skipped_last_and_passed_hidden(findings_model):
    codes = [g.code for g in findings_model.groups]
    assert codes == ["REL002", "ATT001", "LAW010", "TOP002", "TOP003"]


def test_findings_on_the_run_have_separate_titles_for_inputs_unread_data_and_rules_not_run(chinese):
    findings = [
        make_finding("RUN904", "", None),
        make_finding("RUN905", "", None),
        make_finding("RUN903", "", None, params={"rule": "REL002"}),
    ]
    groups = run_to_end(FindingsModel().prepare_groups(SimpleNamespace(rules=[]), findings))
    assert {group.code: group.title for group in groups.values()} == {
        "RUN904": "检查依据与数据不符",
        "RUN905": "数据未参与检查",
        "REL002": "本次检查未运行",
    }


def test_crash_of_a_rule_is_listed_below_that_rule(findings_model):
    group = next(g for g in findings_model.groups if g.code == "TOP002")
    assert [f.code for f in group.findings] == ["RUN900"]
    assert findings_model.index(findings_model.groups.index(group), STATE_COLUMN).data()


def test_skipped_rule_has_a_row_with_its_reason(filtered_model):
    row = read_texts(filtered_model).index("TOP003  要素不超出县界")
    assert list_children(filtered_model, row) == ["缺县级行政区图层。"]


def test_count_and_area_of_a_rule_row_follow_the_filter(filtered_model):
    assert filtered_model.index(0, COUNT_COLUMN).data() == "3"
    filtered_model.set_filters(FilterSettings())
    assert filtered_model.index(0, COUNT_COLUMN).data() == "2"
    assert filtered_model.index(0, AREA_COLUMN).data() == "1.35"


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (FilterSettings(), {1, 2, 4, 5}),
        (FilterSettings(shown_kinds=frozenset({"ERROR"})), {1, 2, 5}),
        (FilterSettings(shown_kinds=frozenset({"waived"})), {3}),
        (FilterSettings(shown_townships=frozenset({"蔡村镇"})), {2}),
        (FilterSettings(shown_townships=frozenset({""})), {5}),
        (FilterSettings(shown_rules=frozenset({"LAW010"})), {4}),
        (FilterSettings(search_text="000000004"), {4}),
        (FilterSettings(search_text="rel002 永安"), {1}),
        (FilterSettings(search_text="没有这样的"), set()),
    ],
    ids=["default", "errors", "waived", "township", "no township", "rule", "key", "two words", "nothing"],
)
def test_findings_filter_shows_exactly_the_matching_findings(filtered_model, wanted, keys):
    filtered_model.set_filters(wanted)
    assert {int(f.key[-3:]) for f in filtered_model.list_visible_findings() if f.key} == keys


def test_skipped_button_shows_or_hides_skipped_rules_with_their_reasons(filtered_model):
    filtered_model.set_filters(FilterSettings(shown_kinds=frozenset({"skipped"})))
    assert [t.split()[0] for t in read_texts(filtered_model)] == ["TOP002", "TOP003"]
    filtered_model.set_filters(FilterSettings(shown_kinds=frozenset({"ERROR"})))
    assert [t.split()[0] for t in read_texts(filtered_model)] == ["REL002", "ATT001"]


DARK_COLOURS = {"Window": "#222222", "Button": "#333333", "Base": "#222222", "WindowText": "#eeeeee"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_column_headings_of_the_findings_list_are_visible_in_light_and_dark_themes(findings_tree, dark):
    if dark:
        palette = QPalette(findings_tree.palette())
        for role, colour in {**DARK_COLOURS, "ButtonText": "#eeeeee", "Text": "#eeeeee"}.items():
            palette.setColor(getattr(QPalette.ColorRole, role), QColor(colour))
        findings_tree.setPalette(palette)
        findings_tree.header().setPalette(palette)
    findings_tree.resize(700, 300)
    findings_tree.grab()
    header = findings_tree.header()
    picture = header.grab().toImage()
    for column in (PLACE_COLUMN, COUNT_COLUMN, AREA_COLUMN, STATE_COLUMN):
        left, width = header.sectionViewportPosition(column), header.sectionSize(column)
        middle = range(left + 3, left + width - 3), range(4, header.height() - 4)
        lightness = [picture.pixelColor(x, y).lightness() for x in middle[0] for y in middle[1]]
        assert max(lightness) - min(lightness) > 120, f"no heading in column {column}"


def test_headings_name_the_columns_and_mark_the_sorted_one(chinese, findings_tree):
    def read_headings():
        model = findings_tree.model()
        return [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]

    assert read_headings() == ["规则/位置", "数量", "公顷 ▼", "状态", *WORK_HEADINGS]
    assert not findings_tree.header().isSortIndicatorShown()
    findings_tree.sortByColumn(COUNT_COLUMN, Qt.SortOrder.AscendingOrder)
    assert read_headings() == ["规则/位置", "数量 ▲", "公顷", "状态", *WORK_HEADINGS]


def test_translated_text_without_placeholders_is_a_plain_string(qgis_app):
    """Qt would show an instance of a subclass as an empty text in models and attributes."""
    assert type(tr("Count")) is str
    assert tr("{count} findings").format(count=2)


@pytest.mark.parametrize("column", [PLACE_COLUMN, COUNT_COLUMN, AREA_COLUMN, STATE_COLUMN])
def test_sorting_the_findings_keeps_persistent_indexes_on_their_findings(filtered_model, column):
    parent = filtered_model.index(0, 0)
    kept = [QPersistentModelIndex(filtered_model.index(n, 0, parent)) for n in range(3)]
    before = [filtered_model.get_finding(QModelIndex(i)).key for i in kept]
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        filtered_model.sort(column, order)
        assert [filtered_model.get_finding(QModelIndex(i)).key for i in kept] == before


def test_groups_by_area_follow_the_statutory_order_and_by_count_do_not(qgis_app):
    outcomes = {
        code: RuleOutcome(code, code, "ERROR", Outcome.FAILED) for code in ("TOP002", "LAW002", "REL003", "REL001")
    }
    groups = [
        FindingGroup(code, code, outcomes[code], findings=[make_finding(code, "1", area)] * count)
        for code, area, count in (("TOP002", 9e6, 1), ("LAW002", 5e6, 4), ("REL003", 10.0, 2), ("REL001", 1.0, 3))
    ]
    assert [one.code for one in sort_groups(groups, AREA_COLUMN, True)] == ["REL001", "REL003", "LAW002", "TOP002"]
    assert [one.code for one in sort_groups(groups, COUNT_COLUMN, True)] == ["LAW002", "REL001", "REL003", "TOP002"]


def test_findings_can_be_sorted_by_area(filtered_model):
    filtered_model.sort(AREA_COLUMN, Qt.SortOrder.AscendingOrder)
    assert list_children(filtered_model, 0, AREA_COLUMN) == ["0.0900", "1.26", "5.20"]


def test_findings_list_shows_township_with_shortened_key():
    assert describe_location(make_finding("REL002", "140225000000001374", 1.0)) == "永安镇  …001374"
    # A file is shown with its whole path, elided in the middle: …报告.pdf would be ambiguous.
    assert describe_location(make_finding("DOC005", "2-规划文档/检查报告.pdf", None, "")) == "2-规划文档/检查报告.pdf"
    assert describe_location(make_finding("SCH002", "", None, "")) == "SCH002  "


def test_next_and_previous_select_the_filtered_findings_and_stop_at_the_ends(findings_tree):
    keys = []
    while findings_tree.step_selection(1):
        keys.append(findings_tree.get_selected_finding().key[-1:])
    # Largest first, the waived one left out, the crash last.
    assert keys == ["1", "2", "5", "4", ""]
    assert not findings_tree.step_selection(1)
    while findings_tree.step_selection(-1):
        pass
    assert findings_tree.get_selected_finding().key[-1:] == "1"


def test_next_and_previous_from_a_selected_rule_go_to_the_adjacent_finding(findings_tree):
    findings_tree.setCurrentIndex(findings_tree._get_group_index(findings_tree.findings.groups[1]))
    assert findings_tree.step_selection(1)
    assert findings_tree.get_selected_finding().code == "ATT001"
    findings_tree.setCurrentIndex(findings_tree._get_group_index(findings_tree.findings.groups[1]))
    assert findings_tree.step_selection(-1)
    assert findings_tree.get_selected_finding().key.endswith("2")


def test_next_skips_no_visible_finding_after_the_filter_hid_the_selected_finding(qgis_app):
    codes = [("e1", Severity.ERROR), ("e2", Severity.ERROR), ("i1", Severity.INFO), ("i2", Severity.INFO)]
    findings = [make_finding("REL006", key, 1.0, severity=severity) for key, severity in codes]
    rule = RuleOutcome("REL006", "x", "ERROR", Outcome.FAILED, len(findings), title="x")
    tree = FindingsTree()
    tree.show_report(Report(rules=[rule], findings=findings), ALL_FINDINGS_FILTER)
    tree.step_selection(1)
    tree.set_filters(FilterSettings(shown_kinds=frozenset({"INFO"})))
    assert tree.get_selected_finding() is None
    assert tree.get_selected_group().code == "REL006"
    assert tree.step_selection(1)
    assert tree.get_selected_finding().key == "i1"
    tree.set_filters(FilterSettings(shown_kinds=frozenset({"WARNING"})))
    assert tree.get_selected_group() is None


def test_icon_of_a_rule_shows_the_highest_severity_of_its_listed_findings(filtered_model):
    group = next(g for g in filtered_model.groups if g.code == "REL002")
    assert group.get_icon_kind() == "ERROR"
    filtered_model.set_filters(FilterSettings(shown_kinds=frozenset({"waived"})))
    assert group.get_icon_kind() == "waived"


def test_position_of_the_selected_finding_is_its_number_among_findings_of_its_severity(findings_tree):
    findings_tree.step_selection(1)
    assert findings_tree.get_selected_position() == (1, 3, "ERROR")
    for _ in range(3):
        findings_tree.step_selection(1)
    assert findings_tree.get_selected_position() == (1, 2, "WARNING")


def test_selected_finding_and_expanded_rules_are_kept_after_a_new_check(findings_tree):
    findings_tree.step_selection(1)
    findings_tree.step_selection(1)
    findings_tree.expand(findings_tree._get_group_index(findings_tree.findings.groups[2]))
    heard = []
    findings_tree.chosen.connect(heard.append)
    findings_tree.show_report(make_small_report(), ALL_FINDINGS_FILTER)
    assert findings_tree.get_selected_finding().key.endswith("2")
    assert findings_tree.isExpanded(findings_tree._get_group_index(findings_tree.findings.groups[2]))
    assert heard == [], "a check by itself moves the map nowhere"


def test_findings_tree_of_an_empty_report_has_no_rows_and_no_position(findings_tree):
    findings_tree.show_report(make_clean_report(), ALL_FINDINGS_FILTER)
    assert (
        findings_tree.findings.rowCount() == 0
        and not findings_tree.step_selection(1)
        and findings_tree.get_selected_position() is None
    )
    findings_tree.show_report(Report(), ALL_FINDINGS_FILTER)
    assert findings_tree.findings.rowCount() == 0


@pytest.mark.slow
def test_findings_tree_loads_filters_and_sorts_a_hundred_thousand_findings_within_time_limits(qgis_app):
    """Limit the CPU time of each operation; measured: 0.1 to 0.9 s."""
    report = make_large_report(100_000)
    findings_tree = FindingsTree()
    findings_tree.resize(400, 600)
    findings_tree.show()
    seconds = {}

    def timed(name, action):
        seconds[name] = round(measure_time(lambda: (action(), process_events(0.01))), 2)

    timed("show", lambda: findings_tree.show_report(report, FilterSettings(shown_rules=frozenset({"none"}))))
    timed("filter", lambda: findings_tree.set_filters(FilterSettings(search_text="乡镇7")))
    timed("all", lambda: findings_tree.set_filters(FilterSettings()))
    timed("open", lambda: findings_tree.expand(findings_tree._get_group_index(findings_tree.findings.groups[0])))
    timed("sort", lambda: findings_tree.findings.sort(PLACE_COLUMN, Qt.SortOrder.AscendingOrder))
    timed("step", lambda: findings_tree.step_selection(1))
    findings_tree.deleteLater()
    print(seconds)
    assert max(seconds.values()) < 8, seconds


def make_findings_change(ended=(), new=(), changed=()):
    """Return a change of the findings; ``changed``: pairs of former and present finding."""
    return FindingsChange(ended_findings=list(ended), new_findings=list(new), changed_findings=list(changed))


def test_live_changes_add_and_remove_findings_without_rebuilding_the_list(filtered_model, findings_model):
    row = read_texts(filtered_model).index(next(t for t in read_texts(filtered_model) if t.startswith("REL002")))
    list_children(filtered_model, row)
    first, second, waived = findings_model.groups[row].findings
    renewed = make_finding("REL002", first.key, 70_000.0)
    new = make_finding("REL002", "140225000000000009", 30_000.0)
    kept = QPersistentModelIndex(filtered_model.index(0, 0, filtered_model.index(row, 0)))
    assert filtered_model.apply_changes(make_findings_change([second], [new], [(first, renewed)])) == []
    assert {f.key[-2:] for f in filtered_model.list_visible_findings() if f.code == "REL002"} == {"01", "03", "09"}
    assert (
        filtered_model.index(row, COUNT_COLUMN).data() == "3"
        and filtered_model.index(row, AREA_COLUMN).data() == "15.20"
    )
    assert waived in filtered_model.list_visible_findings() and kept.isValid()
    findings_model.sort(AREA_COLUMN, Qt.SortOrder.AscendingOrder)
    assert list_children(filtered_model, row, AREA_COLUMN) == ["3.00", "5.20", "7.00"]


def test_live_changes_list_a_rule_only_while_it_has_findings(filtered_model, findings_model):
    warned = next(g for g in findings_model.groups if g.code == "LAW010")
    inside = QPersistentModelIndex(
        findings_model.index(0, 0, findings_model.index(findings_model.groups.index(warned), 0))
    )
    new = make_finding("TOP001", "140225000000000011", 100.0)
    (group,) = filtered_model.apply_changes(make_findings_change(new=[new]))
    assert group.code == "TOP001" and "TOP001  图层内部不重叠" in read_texts(filtered_model)
    # By its area, after the errors that are larger and before those without one.
    assert [t.split()[0] for t in read_texts(filtered_model)] == [
        "REL002",
        "TOP001",
        "ATT001",
        "LAW010",
        "TOP002",
        "TOP003",
    ]
    # Rows of other rules are still theirs.
    assert findings_model.get_group(QModelIndex(inside)) is warned and QModelIndex(inside).parent().data().startswith(
        "LAW010"
    )
    filtered_model.apply_changes(make_findings_change(ended=[new]))
    assert "TOP001  图层内部不重叠" not in read_texts(filtered_model)
    filtered_model.apply_changes(make_findings_change(new=[new]))
    assert "TOP001  图层内部不重叠" in read_texts(filtered_model)


def test_selected_finding_stays_selected_when_other_findings_change(findings_tree):
    findings_tree.step_selection(1)
    selected, heard = findings_tree.get_selected_finding(), []
    findings_tree.chosen.connect(heard.append)
    second = next(f for f in findings_tree.findings.list_visible_findings() if f.key.endswith("002"))
    assert not findings_tree.apply_changes(
        make_findings_change([second], [make_finding("REL002", "140225000000000009", 90_000.0)])
    )
    assert findings_tree.get_selected_finding() is selected and heard == []
    renewed = make_finding("REL002", selected.key, 5.0)
    assert (
        findings_tree.apply_changes(make_findings_change(changed=[(selected, renewed)]))
        and findings_tree.get_selected_finding() is renewed
    )
    assert (
        findings_tree.apply_changes(make_findings_change(ended=[renewed]))
        and findings_tree.get_selected_finding() is None
        and findings_tree.list_selected_findings() == []
    )
    assert heard == [], "an edit moves the map nowhere"


@pytest.mark.parametrize(("direction", "step"), [(1, 1), (-1, -1)])
def test_next_after_an_edit_resolved_the_selected_finding_goes_to_the_one_after_it(findings_tree, direction, step):
    """The list stays where it was: the next and the former finding are those around the ended one."""
    findings = [f for f in findings_tree.findings.list_visible_findings() if f.state != "waived"]
    ended = findings[1]
    findings_tree.select_finding(ended)
    findings_tree.apply_changes(make_findings_change(ended=[ended]))
    assert findings_tree.get_selected_finding() is None
    assert findings_tree.step_selection(direction)
    assert findings_tree.get_selected_finding() is findings[1 + step]


def test_next_selects_nothing_after_an_edit_resolved_the_last_finding(findings_tree):
    last = findings_tree.findings.list_visible_findings()[-1]
    findings_tree.select_finding(last)
    findings_tree.apply_changes(make_findings_change(ended=[last]))
    assert not findings_tree.step_selection(1) and findings_tree.get_selected_finding() is None


def test_finding_after_a_fixed_one_is_selected(findings_tree):
    findings = findings_tree.findings.list_visible_findings()
    findings_tree.select_finding(findings[1])
    findings_tree.apply_changes(make_findings_change(ended=[findings[1]]), moves_on=True)
    assert findings_tree.list_selected_findings() == [findings[2]]


def test_live_changes_do_not_scroll_the_findings_list(qgis_app):
    findings_tree = FindingsTree()
    findings_tree.resize(400, 300)
    findings_tree.show()
    report = make_large_report(300)
    findings_tree.show_report(report, ALL_FINDINGS_FILTER)
    process_events(0.02)
    findings_tree.select_finding(findings_tree.findings.list_visible_findings()[150])
    findings_tree.scrollTo(findings_tree.currentIndex(), findings_tree.ScrollHint.PositionAtTop)
    top = findings_tree.findings.get_finding(findings_tree.indexAt(QPoint(0, 0)))
    largest = sorted(report.findings, key=lambda f: -f.area_m2)
    findings_tree.apply_changes(
        make_findings_change(largest[:3], [make_finding("REL002", f"9{n}", 1e6) for n in range(7)])
    )
    process_events(0.02)
    assert findings_tree.findings.get_finding(findings_tree.indexAt(QPoint(0, 0))) is top
    findings_tree.deleteLater()


def test_search_for_a_rule_code_ignores_codes_in_messages():
    group = FindingGroup("REL005", "城镇发展区与城镇开发边界", None)
    finding = make_finding(
        "REL005", "1", None, message="此处有永久基本农田与城镇开发边界重叠（REL002，…000708），请先处理。"
    )
    text = make_search_text(group, finding)
    assert "rel005" in text and "000708" in text and "rel002" not in text


def test_selecting_a_rule_and_one_of_its_findings_selects_only_that_finding(findings_tree):
    findings_tree.expandAll()
    group = findings_tree.findings.index(0, 0)
    select = findings_tree.selectionModel().select
    flags = QItemSelectionModel.SelectionFlag
    select(group, flags.ClearAndSelect | flags.Rows)
    assert len(findings_tree.list_selected_findings()) == 3, "the rule alone stands for all its findings"
    select(findings_tree.findings.index(0, 0, group), flags.Select | flags.Rows)
    assert len(findings_tree.list_selected_findings()) == 1
    findings_tree.selectAll()
    assert findings_tree.list_selected_findings() == findings_tree.findings.list_visible_findings()
