# SPDX-License-Identifier: GPL-2.0-or-later
"""Test long findings lists, of which the first rows are shown, and the findings layer with many features."""

import random

import pytest
from pyproj import CRS
from qgis.PyQt.QtCore import Qt, qInstallMessageHandler
from qgis.PyQt.QtTest import QAbstractItemModelTester

from plugin.bridge.checking import findings_layer
from plugin.core.checks.live.session import FindingsChange
from plugin.gui.findings import groups as findings_groups, model as findings_model_module
from plugin.gui.findings.groups import AREA_COLUMN, COUNT_COLUMN, PLACE_COLUMN, STATE_COLUMN
from plugin.gui.findings.model import FilterSettings
from plugin.gui.findings.tree import FindingsTree
from plugin.gui.widgets.theme import FINDING_KINDS
from tests.qgis.gui_helpers import make_finding, make_large_report
from tests.qgis.waiting import process_events, wait_until

ALL_FINDINGS_FILTER = FilterSettings(shown_kinds=frozenset(FINDING_KINDS))
MAX_ROWS = 20
FINDING_COUNT = 3 * MAX_ROWS + 15
FINDINGS_CRS = CRS.from_epsg(4526)


@pytest.fixture
def findings_tree(qgis_app, monkeypatch):
    """Return a tree with few rows for a group, whose model Qt's tester watches."""
    for module in (findings_groups, findings_model_module):
        monkeypatch.setattr(module, "MAX_ROWS", MAX_ROWS)
    complaints = []
    former = qInstallMessageHandler(lambda kind, context, text: complaints.append(text))
    findings_tree = FindingsTree()
    tester = QAbstractItemModelTester(findings_tree.findings, QAbstractItemModelTester.FailureReportingMode.Warning)
    findings_tree.resize(400, 600)
    findings_tree.show()
    findings_tree.show_report(make_large_report(FINDING_COUNT), ALL_FINDINGS_FILTER)
    process_events(0.02)
    yield findings_tree
    findings_tree.deleteLater()
    del tester
    qInstallMessageHandler(former)
    assert not [c for c in complaints if "propagateSizeHints" not in c], "the model breaks Qt's rules"


def list_rows(findings_tree):
    """Return the findings that have a row in the first group, in row order; None for the last row."""
    model = findings_tree.findings
    parent = model.index(0, 0)
    return [model.get_finding(model.index(n, 0, parent)) for n in range(model.rowCount(parent))]


def test_a_last_row_counts_the_findings_that_have_no_row(chinese, findings_tree):
    model = findings_tree.findings
    assert model.index(0, COUNT_COLUMN).data() == str(FINDING_COUNT)
    assert list_rows(findings_tree) == [*model.list_visible_findings()[:MAX_ROWS], None]
    text = model.index(MAX_ROWS, PLACE_COLUMN, model.index(0, 0)).data()
    assert text == f"其余 {FINDING_COUNT - MAX_ROWS} 条：筛选或见问题图层"
    findings_tree.set_filters(FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text="乡镇7"))
    assert list_rows(findings_tree) == model.list_visible_findings() and len(list_rows(findings_tree)) == 4


def test_rows_move_to_a_selected_finding_that_has_none(findings_tree):
    last = findings_tree.findings.list_visible_findings()[-1]
    assert findings_tree.select_finding(last)
    assert findings_tree.get_selected_finding() is last
    assert findings_tree.get_selected_position() == (FINDING_COUNT, FINDING_COUNT, "ERROR")
    assert list_rows(findings_tree)[:-1] == findings_tree.findings.list_visible_findings()[-MAX_ROWS:]
    assert not findings_tree.step_selection(1)
    for number in range(1, FINDING_COUNT):
        assert findings_tree.step_selection(-1)
        assert findings_tree.get_selected_position() == (FINDING_COUNT - number, FINDING_COUNT, "ERROR")
    findings_tree.select_finding(last)
    findings_tree.set_filters(FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text=last.township))
    assert findings_tree.get_selected_finding() is last
    findings_tree.set_filters(ALL_FINDINGS_FILTER)
    assert findings_tree.get_selected_finding() is last


def test_selecting_a_rule_selects_all_its_findings_including_those_without_a_row(findings_tree):
    model = findings_tree.findings
    findings_tree.setCurrentIndex(model.index(0, 0))
    assert findings_tree.list_selected_findings() == model.list_visible_findings()
    parent = model.index(0, 0)
    flags = findings_tree.selectionModel().SelectionFlag
    findings_tree.selectionModel().clear()
    for n in (7, 3, 4, MAX_ROWS):
        findings_tree.selectionModel().select(model.index(n, 0, parent), flags.Select | flags.Rows)
    assert findings_tree.list_selected_findings() == [model.list_visible_findings()[n] for n in (3, 4, 7)]


def test_rows_are_visible_findings_after_random_filters_sorting_and_changes(findings_tree):
    """Apply random filters, sorting, changes and steps.

    A plain list gives the expected rows.
    """
    chance = random.Random(5)
    model, texts = findings_tree.findings, ("", "乡镇7", "乡镇1", "00001")
    group = model.groups[0]
    wanted, column, down = ALL_FINDINGS_FILTER, AREA_COLUMN, True
    for step in range(60):
        what = chance.choice(("filter", "sort", "step", "gone", "come", "renewed"))
        selected = findings_tree.get_selected_finding()
        if what == "filter":
            wanted = FilterSettings(shown_kinds=frozenset(FINDING_KINDS), search_text=chance.choice(texts))
            findings_tree.set_filters(wanted)
        elif what == "sort":
            column, down = chance.choice((PLACE_COLUMN, AREA_COLUMN, STATE_COLUMN)), chance.choice((True, False))
            order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
            findings_tree.sortByColumn(column, order)
        elif what == "step":
            findings_tree.step_selection(chance.choice((1, -1)))
        else:
            some = chance.sample(group.findings, 3)
            new = [make_finding("REL002", f"n{step}-{n}", chance.uniform(1, 4000.0), "乡镇7") for n in range(3)]
            change = FindingsChange(
                ended_findings=some if what == "gone" else [],
                new_findings=new if what == "come" else [],
                changed_findings=list(zip(some, new, strict=True)) if what == "renewed" else [],
            )
            findings_tree.apply_changes(change)
            selected = dict(zip(map(id, some), new, strict=True)).get(id(selected), selected)
        visible = model.list_visible_findings()
        asked = wanted.find_matches(group, group.findings, model.work, model.is_outdated)
        assert {id(f) for f in visible} == {id(f) for f in asked}
        first = model.groups[0].first_row if visible else 0
        rows = list_rows(findings_tree) if visible else []
        assert rows == visible[first : first + MAX_ROWS] + [None] * (len(visible) > MAX_ROWS)
        if column == AREA_COLUMN:
            assert [f.area_m2 for f in visible] == sorted((f.area_m2 for f in visible), reverse=down)
        if what != "step" and any(f is selected for f in visible):
            assert findings_tree.get_selected_finding() is selected


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
    findings_layer.find_filling(layer)._run_portion()
    rows, layer = show_findings(project, 9)
    process_events(0.05)
    assert not calls and findings_layer.find_findings_layer(project) == layer and layer.featureCount() == len(rows)
