# SPDX-License-Identifier: GPL-2.0-or-later
"""Test long findings lists, whose rows are loaded in batches."""

import random

import pytest
from pyproj import CRS
from qgis.PyQt.QtCore import QModelIndex, Qt, qInstallMessageHandler
from qgis.PyQt.QtTest import QAbstractItemModelTester

from plugin.bridge.checking import findings_layer
from plugin.core.live.session import FindingsChange
from plugin.gui.findings import filter as findings_filter
from plugin.gui.findings import groups as findings_groups
from plugin.gui.findings import rows as findings_rows
from plugin.gui.findings.filter import FilterSettings, FindingsFilter
from plugin.gui.findings.groups import AREA_COLUMN, COUNT_COLUMN, PLACE_COLUMN, ROWS_LOADED_AT_ONCE, STATE_COLUMN
from plugin.gui.findings.model import FindingsModel
from plugin.gui.findings.tree import FindingsTree
from plugin.gui.widgets.theme import FINDING_KINDS
from tests.qgis.gui_helpers import make_finding, make_large_report
from tests.qgis.waiting import process_events, wait_until

ALL_FINDINGS_FILTER = FilterSettings(shown_kinds=frozenset(FINDING_KINDS))
FINDING_COUNT = 3 * ROWS_LOADED_AT_ONCE + 500
FINDINGS_CRS = CRS.from_epsg(4526)


@pytest.fixture
def findings_tree(qgis_app):
    findings_tree = FindingsTree()
    findings_tree.resize(400, 600)
    findings_tree.show()
    findings_tree.show_report(make_large_report(FINDING_COUNT), ALL_FINDINGS_FILTER)
    process_events(0.02)
    yield findings_tree
    findings_tree.deleteLater()


@pytest.fixture
def attach_qt_model_tester():
    """Return a function that attaches Qt's model tester to a model.

    The tester fetches all rows.
    """
    complaints = []
    former = qInstallMessageHandler(lambda kind, context, text: complaints.append(text))
    testers = []
    yield lambda model: testers.append(
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    )
    testers.clear()
    qInstallMessageHandler(former)
    assert not [c for c in complaints if "propagateSizeHints" not in c], "the model breaks Qt's rules"


def list_loaded_findings(findings_tree):
    """Return the findings whose rows are loaded in the tree, in row order."""
    parent = findings_tree.filter.index(0, 0)
    found = [findings_tree.filter.index(n, 0, parent) for n in range(findings_tree.filter.rowCount(parent))]
    return [findings_tree.findings.get_finding(findings_tree.filter.mapToSource(index)) for index in found]


def test_findings_tree_loads_rows_in_batches_while_scrolling(findings_tree, qgis_app):
    assert len(list_loaded_findings(findings_tree)) == ROWS_LOADED_AT_ONCE and findings_tree.filter.index(
        0, COUNT_COLUMN
    ).data() == str(FINDING_COUNT)
    lengths = []
    for _ in range(4):
        findings_tree.scrollToBottom()
        process_events(0.02)
        lengths.append(len(list_loaded_findings(findings_tree)))
    assert lengths == [2 * ROWS_LOADED_AT_ONCE, 3 * ROWS_LOADED_AT_ONCE, FINDING_COUNT, FINDING_COUNT]
    assert list_loaded_findings(findings_tree) == findings_tree.filter.list_visible_findings()


def test_changing_the_filter_restarts_loading_with_the_matching_findings(findings_tree):
    findings_tree.scrollToBottom()
    for text, count in (("乡镇7", FINDING_COUNT // 20), ("zzz", 0), ("", FINDING_COUNT)):
        findings_tree.set_filters(FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text=text))
        assert len(findings_tree.filter.list_visible_findings()) == count
        # Qt reads data of the loaded rows only.
        assert findings_tree.findings.groups[0].loaded_row_count <= ROWS_LOADED_AT_ONCE
        assert (
            not count
            or list_loaded_findings(findings_tree) == findings_tree.filter.list_visible_findings()[:ROWS_LOADED_AT_ONCE]
        )
    assert [f.area_m2 for f in list_loaded_findings(findings_tree)] == sorted(
        (1.0 + n for n in range(FINDING_COUNT)), reverse=True
    )[:ROWS_LOADED_AT_ONCE]


def test_finding_with_a_row_that_is_not_loaded_yet_can_be_selected(findings_tree):
    last = findings_tree.filter.list_visible_findings()[-1]
    assert (
        findings_tree.select_finding(last)
        and findings_tree.get_selected_finding() is last
        and findings_tree.get_selected_position() == (FINDING_COUNT, FINDING_COUNT, "ERROR")
    )
    assert (
        not findings_tree.step_selection(1)
        and findings_tree.step_selection(-1)
        and findings_tree.get_selected_position() == (FINDING_COUNT - 1, FINDING_COUNT, "ERROR")
    )
    findings_tree.select_finding(last)
    findings_tree.set_filters(FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text=last.township))
    assert findings_tree.get_selected_finding() is last
    findings_tree.set_filters(ALL_FINDINGS_FILTER)
    assert findings_tree.get_selected_finding() is last


def test_selecting_a_rule_selects_all_its_findings_including_unloaded_rows(findings_tree):
    findings_tree.setCurrentIndex(findings_tree.filter.index(0, 0))
    assert findings_tree.list_selected_findings() == findings_tree.filter.list_visible_findings()
    parent = findings_tree.filter.index(0, 0)
    flags = findings_tree.selectionModel().SelectionFlag
    findings_tree.selectionModel().clear()
    for n in (7, 3, 4):
        findings_tree.selectionModel().select(findings_tree.filter.index(n, 0, parent), flags.Select | flags.Rows)
    assert findings_tree.list_selected_findings() == [
        findings_tree.filter.list_visible_findings()[n] for n in (3, 4, 7)
    ]


@pytest.mark.parametrize("watched", [False, True])
def test_loaded_rows_are_the_first_visible_findings_after_random_filters_sorting_and_changes(
    findings_tree, attach_qt_model_tester, watched, monkeypatch
):
    """Apply random filters, sorting, changes and loading.

    A plain list gives the expected rows.
    """
    batch, changed = ROWS_LOADED_AT_ONCE, 30
    if watched:
        batch, changed = 20, 3
        for module in (findings_groups, findings_rows, findings_filter):
            monkeypatch.setattr(module, "ROWS_LOADED_AT_ONCE", batch)
        findings_tree.show_report(make_large_report(75), ALL_FINDINGS_FILTER)
        attach_qt_model_tester(findings_tree.findings)
    chance = random.Random(5)
    group, texts = findings_tree.findings.groups[0], ("", "乡镇7", "乡镇1", "00001")
    wanted, column, down = ALL_FINDINGS_FILTER, AREA_COLUMN, True
    for step in range(40):
        what = chance.choice(("filter", "sort", "more", "gone", "come", "renewed"))
        if what == "filter":
            wanted = FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text=chance.choice(texts))
            findings_tree.set_filters(wanted)
        elif what == "sort":
            column, down = chance.choice((PLACE_COLUMN, AREA_COLUMN, STATE_COLUMN)), chance.choice((True, False))
            order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
            findings_tree.sortByColumn(column, order)
        elif what == "more":
            findings_tree.filter.load_more_rows(findings_tree.filter.index(0, 0))
        else:
            some = chance.sample(group.findings, changed)
            new = [make_finding("REL002", f"n{step}-{n}", chance.uniform(1, 4000.0), "乡镇7") for n in range(changed)]
            findings_tree.apply_changes(
                FindingsChange(
                    ended_findings=some if what == "gone" else [],
                    new_findings=new if what == "come" else [],
                    changed_findings=list(zip(some, new, strict=True)) if what == "renewed" else [],
                )
            )
        shown = list_loaded_findings(findings_tree)
        asked = [f for f in group.findings if wanted.matches_finding(group, f, findings_tree.findings)]
        assert {id(f) for f in findings_tree.filter.list_visible_findings()} == {id(f) for f in asked}
        assert shown == findings_tree.filter.list_visible_findings()[: len(shown)]
        assert len(shown) >= min(len(asked), batch - 40 * changed), "what is in view is there"
        if what in ("filter", "sort") and column == AREA_COLUMN:
            areas = [f.area_m2 for f in findings_tree.filter.list_visible_findings()]
            assert what == "filter" or areas == sorted(areas, reverse=down)


def test_findings_model_without_a_view_has_no_rows_before_they_are_fetched(qgis_app):
    model, proxy = FindingsModel(), FindingsFilter()
    proxy.setSourceModel(model)
    model.set_report(make_large_report(FINDING_COUNT))
    proxy.set_filters(ALL_FINDINGS_FILTER)
    parent = model.index(0, 0)
    assert model.rowCount(parent) == 0 and model.canFetchMore(parent)
    model.fetchMore(parent)
    assert model.rowCount(parent) == ROWS_LOADED_AT_ONCE and not model.canFetchMore(QModelIndex())


def show_findings(project, count, lost=lambda: None):
    rows = findings_layer.make_finding_features(make_large_report(count).findings)
    return rows, findings_layer.show_findings(project, rows, FINDINGS_CRS, lost)


def test_findings_layer_adds_many_features_in_batches(qgis_app, project):
    rows, layer = show_findings(project, 2 * findings_layer.ROWS_PER_BATCH + 7)
    assert layer.featureCount() == findings_layer.ROWS_PER_BATCH
    assert wait_until(lambda: layer.featureCount() == len(rows))
    assert len({row.id() for row in rows}) == len(rows) and all(layer.getFeature(r.id()).isValid() for r in rows[::999])


def test_quitting_qgis_does_not_ask_about_the_findings_layer(qgis_app, project):
    _rows, layer = show_findings(project, 3)
    assert layer.isTemporary() and layer.customProperty("skipMemoryLayersCheck") == 1


def test_changing_the_findings_layer_first_adds_all_pending_features(qgis_app, project):
    rows, layer = show_findings(project, findings_layer.ROWS_PER_BATCH + 7)
    assert findings_layer.replace_findings_in_layer(layer, rows[-3:], [])
    assert layer.featureCount() == len(rows) - 3


def test_adding_pending_features_stops_at_a_new_check_or_when_their_layer_is_removed(qgis_app, project):
    show_findings(project, 3 * findings_layer.ROWS_PER_BATCH)
    rows, layer = show_findings(project, findings_layer.ROWS_PER_BATCH + 1)
    assert wait_until(lambda: layer.featureCount() == len(rows))
    process_events(0.05)
    assert layer.featureCount() == len(rows)
    show_findings(project, 2 * findings_layer.ROWS_PER_BATCH)
    findings_layer.remove_findings_layer(project)
    process_events(0.05)
    assert findings_layer.find_findings_layer(project) is None


def refuse_batch(monkeypatch, batch_number):
    """Make the findings layer refuse one batch of rows."""
    taken = []
    real = findings_layer.add_to_provider

    def some(provider, rows):
        taken.append(len(rows))
        return real(provider, rows) and len(taken) != batch_number

    monkeypatch.setattr(findings_layer, "add_to_provider", some)


def test_findings_layer_is_removed_and_reported_if_a_later_batch_is_refused(qgis_app, project, monkeypatch):
    calls = []
    refuse_batch(monkeypatch, 2)
    show_findings(project, 2 * findings_layer.ROWS_PER_BATCH, lambda: calls.append("lost"))
    assert wait_until(lambda: bool(calls))
    assert findings_layer.find_findings_layer(project) is None and calls == ["lost"]


def test_replacing_findings_that_the_layer_refuses_returns_false_without_reporting_a_lost_layer(
    qgis_app, project, monkeypatch
):
    calls = []
    refuse_batch(monkeypatch, 2)
    rows, layer = show_findings(project, 2 * findings_layer.ROWS_PER_BATCH, lambda: calls.append("lost"))
    assert not findings_layer.replace_findings_in_layer(layer, rows[-3:], [])
    process_events(0.05)
    assert not calls and layer.featureCount() == len(rows), "left to the one who edits, who shows all again"


def test_refused_old_batch_does_not_remove_a_refilled_findings_layer(qgis_app, project, monkeypatch):
    calls = []
    refuse_batch(monkeypatch, 2)
    _, layer = show_findings(project, 2 * findings_layer.ROWS_PER_BATCH, lambda: calls.append("lost"))
    findings_layer.find_row_adder(layer)._add_next_batch()
    rows, layer = show_findings(project, 9)
    process_events(0.05)
    assert not calls and findings_layer.find_findings_layer(project) == layer and layer.featureCount() == len(rows)
