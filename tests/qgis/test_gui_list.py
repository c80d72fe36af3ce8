# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings list: tree, filter, navigation."""

import pytest
from qgis.PyQt.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, qInstallMessageHandler
from qgis.PyQt.QtTest import QAbstractItemModelTester

from plugin.core.live.session import FindingsChange
from plugin.core.model.report import Report
from plugin.gui.findings.filter import FilterSettings, FindingsFilter
from plugin.gui.findings.groups import AREA, COUNT, PLACE, STATE, hectares, place_of
from plugin.gui.findings.model import FindingsModel
from plugin.gui.findings.tree import FindingsTree
from plugin.gui.widgets.theme import KINDS
from tests.qgis.gui_helpers import make_clean_report, make_finding, make_large_report, make_small_report
from tests.qgis.waiting import measure_time, process_events

EVERYTHING = FilterSettings(kinds=frozenset(KINDS))


@pytest.fixture
def model(qgis_app):
    complaints = []
    former = qInstallMessageHandler(lambda kind, context, text: complaints.append(text))
    model = FindingsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.set_report(make_small_report())
    yield model
    del tester
    qInstallMessageHandler(former)
    assert not complaints, "the model breaks Qt's rules"


@pytest.fixture
def shown(model):
    proxy = FindingsFilter()
    proxy.setSourceModel(model)
    proxy.set_wanted(EVERYTHING)
    return proxy


@pytest.fixture
def tree(qgis_app):
    tree = FindingsTree()
    tree.show_report(make_small_report(), EVERYTHING)
    yield tree
    tree.deleteLater()


def read_texts(proxy, column=PLACE, parent=None):
    parent = parent or QModelIndex()
    return [proxy.index(n, column, parent).data() for n in range(proxy.rowCount(parent))]


def list_children(proxy, row, column=PLACE):
    parent = proxy.index(row, 0)
    proxy.fetchMore(parent)
    return read_texts(proxy, column, parent)


def test_errors_first_then_the_largest_skipped_rules_last_passed_rules_not_at_all(model):
    codes = [g.code for g in model.groups]
    assert codes == ["REL002", "ATT001", "LAW010", "TOP002", "TOP003"]


def test_a_crash_belongs_to_its_rule(model):
    group = next(g for g in model.groups if g.code == "TOP002")
    assert [f.code for f in group.findings] == ["RUN900"]
    assert model.index(model.groups.index(group), STATE).data()


def test_children_are_rows_only_when_asked_for(qgis_app):
    model = FindingsModel()
    model.set_report(make_small_report())
    parent = model.index(0, 0)
    assert model.rowCount(parent) == 0
    assert model.hasChildren(parent) and model.canFetchMore(parent)
    model.fetchMore(parent)
    assert model.rowCount(parent) == 3


def test_a_skipped_rule_shows_its_reason_in_a_row(shown):
    row = read_texts(shown).index("TOP003  要素不超出县界")
    assert list_children(shown, row) == ["缺县级行政区图层。"]


def test_counts_and_areas_follow_the_filter(shown):
    assert shown.index(0, COUNT).data() == "3"
    shown.set_wanted(FilterSettings())
    assert shown.index(0, COUNT).data() == "2"
    assert shown.index(0, AREA).data() == "1.35"


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (FilterSettings(), {1, 2, 4, 5}),
        (FilterSettings(kinds=frozenset({"ERROR"})), {1, 2, 5}),
        (FilterSettings(kinds=frozenset({"waived"})), {3}),
        (FilterSettings(townships=frozenset({"蔡村镇"})), {2}),
        (FilterSettings(townships=frozenset({""})), {5}),
        (FilterSettings(rules=frozenset({"LAW010"})), {4}),
        (FilterSettings(text="000000004"), {4}),
        (FilterSettings(text="rel002 永安"), {1}),
        (FilterSettings(text="没有这样的"), set()),
    ],
    ids=["default", "errors", "waived", "township", "no township", "rule", "key", "two words", "nothing"],
)
def test_filter(shown, wanted, keys):
    shown.set_wanted(wanted)
    assert {int(f.key[-3:]) for f in shown.in_view() if f.key} == keys


def test_reasons_go_with_the_skipped_button(shown):
    shown.set_wanted(FilterSettings(kinds=frozenset({"skipped"})))
    assert [t.split()[0] for t in read_texts(shown)] == ["TOP002", "TOP003"]
    shown.set_wanted(FilterSettings(kinds=frozenset({"ERROR"})))
    assert [t.split()[0] for t in read_texts(shown)] == ["REL002", "ATT001"]


@pytest.mark.parametrize("column", [PLACE, COUNT, AREA, STATE])
def test_sorting_keeps_what_is_selected(model, column):
    parent = model.index(0, 0)
    model.fetchMore(parent)
    kept = [QPersistentModelIndex(model.index(n, 0, parent)) for n in range(3)]
    before = [model.finding_at(QModelIndex(i)).key for i in kept]
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        model.sort(column, order)
        assert [model.finding_at(QModelIndex(i)).key for i in kept] == before


def test_findings_sort_by_area(shown):
    shown.sort(AREA, Qt.SortOrder.AscendingOrder)
    assert list_children(shown, 0, AREA) == ["0.09", "1.26", "5.20"]


def test_texts_of_rows():
    assert hectares(None) == "—"
    assert hectares(12_640.35) == "1.26"
    assert hectares(3.0) == "<0.01"
    assert place_of(make_finding("REL002", "140225000000001374", 1.0)) == "永安镇  …001374"
    # A file is shown with its whole path, elided in the middle: …报告.pdf would be ambiguous.
    assert place_of(make_finding("DOC005", "2-规划文档/检查报告.pdf", None, "")) == "2-规划文档/检查报告.pdf"
    assert place_of(make_finding("SCH002", "", None, "")) == "SCH002  "


def test_navigation_follows_the_filter_and_stops_at_the_ends(tree):
    keys = []
    while tree.step(1):
        keys.append(tree.current().key[-1:])
    # Largest first, the waived one left out, the crash last.
    assert keys == ["1", "2", "5", "4", ""]
    assert not tree.step(1)
    while tree.step(-1):
        pass
    assert tree.current().key[-1:] == "1"


def test_navigation_continues_from_a_rule(tree):
    tree.setCurrentIndex(tree._group_index(tree.findings.groups[1]))
    assert tree.step(1)
    assert tree.current().code == "ATT001"
    tree.setCurrentIndex(tree._group_index(tree.findings.groups[1]))
    assert tree.step(-1)
    assert tree.current().key.endswith("2")


def test_position_counts_findings_of_the_same_kind(tree):
    tree.step(1)
    assert tree.position() == (1, 3, "ERROR")
    for _ in range(3):
        tree.step(1)
    assert tree.position() == (1, 2, "WARNING")


def test_selection_and_expanded_rules_survive_a_new_check(tree):
    tree.step(1)
    tree.step(1)
    tree.expand(tree._group_index(tree.findings.groups[2]))
    heard = []
    tree.chosen.connect(heard.append)
    tree.show_report(make_small_report(), EVERYTHING)
    assert tree.current().key.endswith("2")
    assert tree.isExpanded(tree._group_index(tree.findings.groups[2]))
    assert heard == [], "a check by itself moves the map nowhere"


def test_empty_reports(tree):
    tree.show_report(make_clean_report(), EVERYTHING)
    assert tree.filter.rowCount() == 0 and not tree.step(1) and tree.position() is None
    tree.show_report(Report(), EVERYTHING)
    assert tree.filter.rowCount() == 0


@pytest.mark.slow
def test_a_hundred_thousand_findings_stay_fast(qgis_app):
    """Limit the time of each operation; measured: 0.1 to 0.9 s."""
    report = make_large_report(100_000)
    tree = FindingsTree()
    tree.resize(400, 600)
    tree.show()
    seconds = {}

    def timed(name, action):
        seconds[name] = round(measure_time(lambda: (action(), process_events(0.01))), 2)

    timed("show", lambda: tree.show_report(report, FilterSettings(rules=frozenset({"none"}))))
    timed("filter", lambda: tree.set_wanted(FilterSettings(text="乡镇7")))
    timed("all", lambda: tree.set_wanted(FilterSettings()))
    timed("open", lambda: tree.expand(tree._group_index(tree.findings.groups[0])))
    timed("sort", lambda: tree.filter.sort(PLACE, Qt.SortOrder.AscendingOrder))
    timed("step", lambda: tree.step(1))
    tree.deleteLater()
    print(seconds)
    assert max(seconds.values()) < 8, seconds


def change(gone=(), found=(), renewed=()):
    return FindingsChange(gone=list(gone), found=list(found), renewed=list(renewed))


def test_findings_are_added_and_removed_in_place(shown, model):
    row = read_texts(shown).index(next(t for t in read_texts(shown) if t.startswith("REL002")))
    list_children(shown, row)
    first, second, waived = model.groups[row].findings
    renewed = make_finding("REL002", first.key, 70_000.0)
    new = make_finding("REL002", "140225000000000009", 30_000.0)
    kept = QPersistentModelIndex(shown.index(0, 0, shown.index(row, 0)))
    assert shown.change(change([second], [new], [(first, renewed)])) == []
    assert {f.key[-2:] for f in shown.in_view() if f.code == "REL002"} == {"01", "03", "09"}
    assert shown.index(row, COUNT).data() == "3" and shown.index(row, AREA).data() == "15.20"
    assert waived in shown.in_view() and kept.isValid()
    model.sort(AREA, Qt.SortOrder.AscendingOrder)
    assert list_children(shown, row, AREA) == ["3.00", "5.20", "7.00"]


def test_a_rule_is_listed_only_while_it_has_findings(shown, model):
    warned = next(g for g in model.groups if g.code == "LAW010")
    inside = QPersistentModelIndex(model.index(0, 0, model.index(model.groups.index(warned), 0)))
    new = make_finding("TOP001", "140225000000000011", 100.0)
    (group,) = shown.change(change(found=[new]))
    assert group.code == "TOP001" and "TOP001  图层内部不重叠" in read_texts(shown)
    # By its area, after the errors that are larger and before those without one.
    assert [t.split()[0] for t in read_texts(shown)] == ["REL002", "TOP001", "ATT001", "LAW010", "TOP002", "TOP003"]
    # Rows of other rules are still theirs.
    assert model.group_at(QModelIndex(inside)) is warned and QModelIndex(inside).parent().data().startswith("LAW010")
    shown.change(change(gone=[new]))
    assert "TOP001  图层内部不重叠" not in read_texts(shown)
    shown.change(change(found=[new]))
    assert "TOP001  图层内部不重叠" in read_texts(shown)


def test_the_selection_stays_when_other_findings_change(tree):
    tree.step(1)
    selected, heard = tree.current(), []
    tree.chosen.connect(heard.append)
    second = next(f for f in tree.filter.in_view() if f.key.endswith("002"))
    assert not tree.change(change([second], [make_finding("REL002", "140225000000000009", 90_000.0)]))
    assert tree.current() is selected and heard == []
    renewed = make_finding("REL002", selected.key, 5.0)
    assert tree.change(change(renewed=[(selected, renewed)])) and tree.current() is renewed
    assert tree.change(change(gone=[renewed])) and tree.current() is not renewed
    assert heard == [], "an edit moves the map nowhere"


def test_changes_do_not_scroll_the_list(qgis_app):
    tree = FindingsTree()
    tree.resize(400, 300)
    tree.show()
    report = make_large_report(300)
    tree.show_report(report, EVERYTHING)
    process_events(0.02)
    tree.select(tree.filter.in_view()[150])
    tree.scrollTo(tree.currentIndex(), tree.ScrollHint.PositionAtTop)
    top = tree.findings.finding_at(tree.filter.mapToSource(tree.indexAt(QPoint(0, 0))))
    largest = sorted(report.findings, key=lambda f: -f.area_m2)
    tree.change(change(largest[:3], [make_finding("REL002", f"9{n}", 1e6) for n in range(7)]))
    process_events(0.02)
    assert tree.findings.finding_at(tree.filter.mapToSource(tree.indexAt(QPoint(0, 0)))) is top
    tree.deleteLater()
