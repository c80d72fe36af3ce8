# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the window of supplements: land that is taken, parcels that are not wanted, documents, export, apply, undo."""

import pyogrio
import pytest
import shapely
from openpyxl import load_workbook
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QInputDialog

from plugin.bridge.project import county
from plugin.gui.fixing import draft_dialog
from tests.core.small_plan import make_table, write_gpkg
from tests.core.studies.proposals.test_supplement_draft import FARM, R1, R3_LEFT, STRIP, WHOLE, write_drawn_county
from tests.qgis.test_gui_editing import check, wait_for_live_check
from tests.qgis.test_gui_fixing import click_undo_of_fix, list_shapes, read_log
from tests.qgis.waiting import wait_until


@pytest.fixture
def drawn(open_controller, project, tmp_path):
    """Return the controller after a check of a county drawn by hand, its layers by code, and the taken land."""
    controller, _layers = open_controller
    project.removeAllMapLayers()
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan"))
    path = write_drawn_county(tmp_path)
    layers = {n: QgsVectorLayer(f"{path}|layername={n}", n, "ogr") for n, _kind in pyogrio.list_layers(path)}
    demand = write_gpkg(tmp_path / "占用.gpkg", {"占用": make_table([STRIP, WHOLE])})
    taken = QgsVectorLayer(str(demand), "占用", "ogr")
    project.addMapLayers([*layers.values(), taken])
    check(controller)
    return controller, layers, taken


def open_drafts(controller):
    """Open the drafts of supplements, and wait for them; return the dialog."""
    controller.actions["supplement"].trigger()
    dialog = controller.fixes.supplement.dialog
    assert dialog is not None, controller.dock.note.text()
    wait_for_drafts(controller)
    return dialog


def wait_for_drafts(controller):
    assert wait_until(lambda: not controller.fixes.supplement.trial.is_running, 60)


def find_parcel(dialog, key_end):
    """Return the item of a proposed or refused parcel."""
    groups = [dialog.changes.topLevelItem(n) for n in range(dialog.changes.topLevelItemCount())]
    items = [group.child(n) for group in groups for n in range(group.childCount())]
    return next(one for one in items if one.text(0).endswith(key_end))


def test_selected_land_is_replaced_in_one_step_after_a_document_and_undone(drawn, monkeypatch):
    controller, layers, taken = drawn
    taken.selectAll()
    controller.iface.setActiveLayer(taken)
    before = {name: list_shapes(layer) for name, layer in layers.items()}
    dialog = open_drafts(controller)
    assert dialog.choices.current is not None, [one.refusal for one in dialog.choices._choices]
    # The sealed farmland is shown with its draft, which waits for a document.
    assert not dialog.apply.isEnabled() and "填写批准文号" in dialog.status.text()
    assert [dialog.tabs.tabText(n) for n in range(dialog.tabs.count())][:4] == [
        "地块",
        "补划平衡",
        "占用情况",
        "建议补划地块",
    ]
    monkeypatch.setattr(QInputDialog, "getText", lambda *_all: ("自然资函〔2026〕1号", True))
    dialog.document_button.click()
    assert dialog.apply.isEnabled(), dialog.status.text()
    dialog.apply.click()
    wait_for_live_check(controller)
    lost, gained = shapely.union_all([STRIP, WHOLE]), shapely.union_all([R1, R3_LEFT])
    land = shapely.union_all([shapely.from_wkb(one) for one in before[FARM]])
    after = shapely.union_all([shapely.from_wkb(one) for one in list_shapes(layers[FARM])])
    assert after.symmetric_difference(land.difference(lost).union(gained)).area < 0.01
    assert "应用" in read_log(controller, layers)
    click_undo_of_fix(controller)
    assert {name: list_shapes(layer) for name, layer in layers.items()} == before


def test_parcels_without_a_tick_are_left_out_of_the_next_drafts(drawn):
    controller, _layers, taken = drawn
    taken.selectAll()
    controller.iface.setActiveLayer(taken)
    dialog = open_drafts(controller)
    assert not dialog.solve.isEnabled()
    # Without R3 乙镇 has no other parcel: the demand cannot be met, which names what contradicts.
    find_parcel(dialog, "0602").setCheckState(0, Qt.CheckState.Unchecked)
    assert dialog.solve.isEnabled()
    dialog.solve.click()
    wait_for_drafts(controller)
    assert dialog.choices.current is None and not dialog.apply.isEnabled()
    find_parcel(dialog, "0602").setCheckState(0, Qt.CheckState.Checked)
    dialog.solve.click()
    wait_for_drafts(controller)
    assert dialog.choices.current is not None and not dialog.refused


def test_parcels_without_a_tick_stay_so_when_a_draft_is_shown_again(drawn, monkeypatch):
    controller, _layers, taken = drawn
    taken.selectAll()
    controller.iface.setActiveLayer(taken)
    dialog = open_drafts(controller)
    find_parcel(dialog, "0602").setCheckState(0, Qt.CheckState.Unchecked)
    refused = set(dialog.refused)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_all: ("自然资函〔2026〕1号", True))
    dialog.document_button.click()
    assert dialog.refused == refused and len(refused) == 1 and dialog.solve.isEnabled()
    assert find_parcel(dialog, "0602").checkState(0) == Qt.CheckState.Unchecked
    find_parcel(dialog, "0602").setCheckState(0, Qt.CheckState.Checked)
    assert not dialog.refused and not dialog.solve.isEnabled()


def test_draft_is_exported_as_workbook_document_and_layer(drawn, monkeypatch, tmp_path):
    controller, _layers, taken = drawn
    taken.selectAll()
    controller.iface.setActiveLayer(taken)
    dialog = open_drafts(controller)
    for name in ("补划.xlsx", "补划.docx", "补划.gpkg"):
        path = tmp_path / name
        monkeypatch.setattr(draft_dialog, "choose_save_path", lambda *_all, path=path: str(path))
        dialog.export.click()
        assert wait_until(path.exists, 20), name
        assert wait_until(lambda: not controller.runner._running_jobs, 20)
    book = load_workbook(tmp_path / "补划.xlsx")
    assert book.sheetnames[:3] == ["补划平衡", "占用情况", "建议补划地块"]
    layer = pyogrio.read_dataframe(tmp_path / "补划.gpkg")
    assert shapely.union_all(layer.geometry.to_numpy()).symmetric_difference(R1.union(R3_LEFT)).area < 0.01


def test_window_without_land_that_is_taken_asks_for_it(drawn, tmp_path):
    controller, _layers, taken = drawn
    controller.iface.setActiveLayer(taken)
    controller.actions["supplement"].trigger()
    dialog = controller.fixes.supplement.dialog
    assert "请指定占用的永久基本农田" in dialog.status.text() and not dialog.export.isEnabled()
    nothing = tmp_path / "空.csv"
    nothing.write_text("乡镇,净面积(平方米)\n甲镇,0\n", encoding="utf-8")
    dialog.demand.line.setText(str(nothing))
    dialog.demand.line.editingFinished.emit()
    wait_for_drafts(controller)
    assert "没有占用永久基本农田" in dialog.status.text() or "没有图形" in str(
        [one.refusal.params for one in dialog.choices._choices]
    )


def test_selected_land_that_cannot_be_written_is_reported_in_the_window(drawn):
    controller, _layers, taken = drawn
    taken.selectAll()
    controller.iface.setActiveLayer(taken)
    dialog = open_drafts(controller)
    demand = dialog.demand.text()
    dialog._folder.remove()
    dialog.take_selected()
    assert "占用" in dialog.status.text() and not dialog.apply.isEnabled(), dialog.status.text()
    assert dialog.demand.text() == demand
