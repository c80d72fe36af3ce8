# SPDX-License-Identifier: GPL-2.0-or-later
"""Long findings lists: rows are loaded in batches, in the order of the list."""

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
from plugin.gui.findings.groups import AREA, BATCH, COUNT, PLACE, STATE
from plugin.gui.findings.model import FindingsModel
from plugin.gui.findings.tree import FindingsTree
from plugin.gui.widgets.theme import KINDS
from tests.qgis.gui_helpers import make_finding, make_large_report
from tests.qgis.waiting import process_events, wait_until

EVERYTHING = FilterSettings(kinds=frozenset(KINDS))
COUNTED = 3 * BATCH + 500
ZONE = CRS.from_epsg(4526)


@pytest.fixture
def tree(qgis_app):
    tree = FindingsTree()
    tree.resize(400, 600)
    tree.show()
    tree.show_report(make_large_report(COUNTED), EVERYTHING)
    process_events(0.02)
    yield tree
    tree.deleteLater()


@pytest.fixture
def strict():
    """Test a model with Qt's model tester, which fetches all rows."""
    complaints = []
    former = qInstallMessageHandler(lambda kind, context, text: complaints.append(text))
    testers = []
    yield lambda model: testers.append(
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    )
    testers.clear()
    qInstallMessageHandler(former)
    assert not [c for c in complaints if "propagateSizeHints" not in c], "the model breaks Qt's rules"


def rows(tree):
    """Return the findings that have rows in the tree, in the order of the rows."""
    parent = tree.filter.index(0, 0)
    found = [tree.filter.index(n, 0, parent) for n in range(tree.filter.rowCount(parent))]
    return [tree.findings.finding_at(tree.filter.mapToSource(index)) for index in found]


def test_rows_are_loaded_in_batches(tree, qgis_app):
    assert len(rows(tree)) == BATCH and tree.filter.index(0, COUNT).data() == str(COUNTED)
    lengths = []
    for _ in range(4):
        tree.scrollToBottom()
        process_events(0.02)
        lengths.append(len(rows(tree)))
    assert lengths == [2 * BATCH, 3 * BATCH, COUNTED, COUNTED]
    assert rows(tree) == tree.filter.in_view()


def test_another_filter_restarts_loading_with_its_matches(tree):
    tree.scrollToBottom()
    for text, count in (("乡镇7", COUNTED // 20), ("zzz", 0), ("", COUNTED)):
        tree.set_wanted(FilterSettings(kinds=frozenset(KINDS), text=text))
        assert len(tree.filter.in_view()) == count
        # Qt reads data of the loaded rows only.
        assert tree.findings.groups[0].loaded <= BATCH
        assert not count or rows(tree) == tree.filter.in_view()[:BATCH]
    assert [f.area_m2 for f in rows(tree)] == sorted((1.0 + n for n in range(COUNTED)), reverse=True)[:BATCH]


def test_a_finding_that_is_not_loaded_can_be_selected(tree):
    last = tree.filter.in_view()[-1]
    assert tree.select(last) and tree.current() is last and tree.position() == (COUNTED, COUNTED, "ERROR")
    assert not tree.step(1) and tree.step(-1) and tree.position() == (COUNTED - 1, COUNTED, "ERROR")
    tree.select(last)
    tree.set_wanted(FilterSettings(kinds=frozenset(KINDS), text=last.township))
    assert tree.current() is last
    tree.set_wanted(EVERYTHING)
    assert tree.current() is last


def test_a_rule_that_is_selected_means_all_its_findings_also_those_not_loaded(tree):
    tree.setCurrentIndex(tree.filter.index(0, 0))
    assert tree.selected() == tree.filter.in_view()
    parent = tree.filter.index(0, 0)
    flags = tree.selectionModel().SelectionFlag
    tree.selectionModel().clear()
    for n in (7, 3, 4):
        tree.selectionModel().select(tree.filter.index(n, 0, parent), flags.Select | flags.Rows)
    assert tree.selected() == [tree.filter.in_view()[n] for n in (3, 4, 7)]


@pytest.mark.parametrize("watched", [False, True])
def test_loaded_rows_are_always_the_first_of_the_visible_findings(tree, strict, watched, monkeypatch):
    """Compare filters, sorting, changes and loading with a plain list."""
    batch, changed = BATCH, 30
    if watched:
        batch, changed = 20, 3
        for module in (findings_groups, findings_rows, findings_filter):
            monkeypatch.setattr(module, "BATCH", batch)
        tree.show_report(make_large_report(75), EVERYTHING)
        strict(tree.findings)
    chance = random.Random(5)
    group, texts = tree.findings.groups[0], ("", "乡镇7", "乡镇1", "00001")
    wanted, column, down = EVERYTHING, AREA, True
    for step in range(40):
        what = chance.choice(("filter", "sort", "more", "gone", "come", "renewed"))
        if what == "filter":
            wanted = FilterSettings(kinds=frozenset(KINDS), text=chance.choice(texts))
            tree.set_wanted(wanted)
        elif what == "sort":
            column, down = chance.choice((PLACE, AREA, STATE)), chance.choice((True, False))
            order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
            tree.sortByColumn(column, order)
        elif what == "more":
            tree.filter.load_more(tree.filter.index(0, 0))
        else:
            some = chance.sample(group.findings, changed)
            new = [make_finding("REL002", f"n{step}-{n}", chance.uniform(1, 4000.0), "乡镇7") for n in range(changed)]
            tree.change(
                FindingsChange(
                    gone=some if what == "gone" else [],
                    found=new if what == "come" else [],
                    renewed=list(zip(some, new, strict=True)) if what == "renewed" else [],
                )
            )
        shown = rows(tree)
        asked = [f for f in group.findings if wanted.finding(group, f)]
        assert {id(f) for f in tree.filter.in_view()} == {id(f) for f in asked}
        assert shown == tree.filter.in_view()[: len(shown)]
        assert len(shown) >= min(len(asked), batch - 40 * changed), "what is in view is there"
        if what in ("filter", "sort") and column == AREA:
            areas = [f.area_m2 for f in tree.filter.in_view()]
            assert what == "filter" or areas == sorted(areas, reverse=down)


def test_a_separate_model_counts_no_rows_before_they_are_fetched(qgis_app):
    model, proxy = FindingsModel(), FindingsFilter()
    proxy.setSourceModel(model)
    model.set_report(make_large_report(COUNTED))
    proxy.set_wanted(EVERYTHING)
    parent = model.index(0, 0)
    assert model.rowCount(parent) == 0 and model.canFetchMore(parent)
    model.fetchMore(parent)
    assert model.rowCount(parent) == BATCH and not model.canFetchMore(QModelIndex())


def show_findings(project, count, lost=lambda: None):
    rows = findings_layer.make_features(make_large_report(count).findings)
    return rows, findings_layer.show_findings(project, rows, ZONE, lost)


def test_many_rows_are_added_to_the_map_in_batches(qgis_app, project):
    rows, layer = show_findings(project, 2 * findings_layer.BATCH + 7)
    assert layer.featureCount() == findings_layer.BATCH
    assert wait_until(lambda: layer.featureCount() == len(rows))
    assert len({row.id() for row in rows}) == len(rows) and all(layer.getFeature(r.id()).isValid() for r in rows[::999])


def test_an_edit_waits_until_all_rows_are_loaded(qgis_app, project):
    rows, layer = show_findings(project, findings_layer.BATCH + 7)
    assert findings_layer.change_findings(layer, rows[-3:], [])
    assert layer.featureCount() == len(rows) - 3


def test_another_check_or_a_removed_layer_ends_the_loading(qgis_app, project):
    show_findings(project, 3 * findings_layer.BATCH)
    rows, layer = show_findings(project, findings_layer.BATCH + 1)
    assert wait_until(lambda: layer.featureCount() == len(rows))
    process_events(0.05)
    assert layer.featureCount() == len(rows)
    show_findings(project, 2 * findings_layer.BATCH)
    findings_layer.remove_findings_layer(project)
    process_events(0.05)
    assert findings_layer.find_findings_layer(project) is None


def refuse_batch(monkeypatch, lot):
    """Make the layer refuse one batch of rows."""
    taken = []
    real = findings_layer.added

    def some(provider, rows):
        taken.append(len(rows))
        return real(provider, rows) and len(taken) != lot

    monkeypatch.setattr(findings_layer, "added", some)


def test_rows_refused_later_remove_the_layer_and_are_reported(qgis_app, project, monkeypatch):
    calls = []
    refuse_batch(monkeypatch, 2)
    show_findings(project, 2 * findings_layer.BATCH, lambda: calls.append("lost"))
    assert wait_until(lambda: bool(calls))
    assert findings_layer.find_findings_layer(project) is None and calls == ["lost"]


def test_rows_refused_during_an_edit_are_reported_for_the_edit_only(qgis_app, project, monkeypatch):
    calls = []
    refuse_batch(monkeypatch, 2)
    rows, layer = show_findings(project, 2 * findings_layer.BATCH, lambda: calls.append("lost"))
    assert not findings_layer.change_findings(layer, rows[-3:], [])
    process_events(0.05)
    assert not calls and layer.featureCount() == len(rows), "left to the one who edits, who shows all again"


def test_refused_rows_do_not_remove_a_layer_that_was_filled_again(qgis_app, project, monkeypatch):
    calls = []
    refuse_batch(monkeypatch, 2)
    _, layer = show_findings(project, 2 * findings_layer.BATCH, lambda: calls.append("lost"))
    findings_layer.of(layer)._step()
    rows, layer = show_findings(project, 9)
    process_events(0.05)
    assert not calls and findings_layer.find_findings_layer(project) == layer and layer.featureCount() == len(rows)
