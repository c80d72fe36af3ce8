# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the window of boundary drafts: what each draft states, one step that applies it, and undo."""

import pyogrio
import pytest
import shapely
from qgis.core import QgsVectorLayer
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import Qt

from plugin.bridge.project import county
from tests.core.studies.proposals.test_propose_boundary import CORNER, TOWN, WINDOW, write_town
from tests.qgis.test_gui_editing import check, wait_for_live_check
from tests.qgis.test_gui_fixing import click_undo_of_fix, list_shapes, read_log
from tests.qgis.waiting import wait_until


@pytest.fixture
def town(open_controller, project, tmp_path):
    """Return the controller after a check of a town drawn by hand, and the town's layers by code."""
    controller, _layers = open_controller
    project.removeAllMapLayers()
    county.store_county_settings(project, county.ProjectCountySettings())
    path = write_town(tmp_path)
    layers = {n: QgsVectorLayer(f"{path}|layername={n}", n, "ogr") for n, _kind in pyogrio.list_layers(path)}
    project.addMapLayers(list(layers.values()))
    check(controller)
    return controller, layers


def open_drafts(controller):
    """Open the drafts of the boundary, and wait for them; return the dialog."""
    controller.actions["boundary"].trigger()
    dialog = controller.fixes.boundary.dialog
    assert dialog is not None, controller.dock.note.text()
    wait_for_drafts(controller)
    return dialog


def wait_for_drafts(controller):
    assert wait_until(lambda: not controller.fixes.boundary.trial.is_running)


def read_union(layer):
    return shapely.union_all([shapely.from_wkb(bytes(one.geometry().asWkb())) for one in layer.getFeatures()])


def test_draft_of_the_boundary_is_applied_in_one_step_and_undone(town):
    controller, layers = town
    before = list_shapes(layers["CZKFBJ"])
    assert {one.code for one in controller.dock.result.findings} >= {"REL002", "REL003"}
    dialog = open_drafts(controller)
    # Only the window and the corner can go: every preference leads to this boundary, which is shown once.
    assert len(dialog.choices.buttons) == 1, dialog.status.text()
    choice = dialog.choices.current
    assert choice is not None and choice.fix.code == "DRAFT_area" and dialog.apply.isEnabled()
    assert {one.code for one in choice.proposal.ended_findings} >= {"REL002", "REL003"}
    dialog.apply.click()
    wait_for_live_check(controller)
    expected = TOWN.difference(WINDOW).difference(CORNER)
    assert read_union(layers["CZKFBJ"]).symmetric_difference(expected).area < 0.01
    assert not {one.code for one in controller.dock.result.findings} & {"REL002", "REL003"}
    assert read_log(controller, layers) == ["应用"]
    click_undo_of_fix(controller)
    assert list_shapes(layers["CZKFBJ"]) == before
    # Undone edits do not count: another draft may follow at once.
    assert open_drafts(controller).choices.current is not None


def test_drafts_of_another_mode_replace_the_first_and_edited_layers_are_refused(town):
    controller, layers = town
    dialog = open_drafts(controller)
    first = dialog.choices.current
    dialog.mode.setCurrentIndex(1)
    wait_for_drafts(controller)
    assert dialog.choices.current is not first and dialog.apply.isEnabled()
    dialog.reject()
    layers["CZKFBJ"].startEditing()
    layers["CZKFBJ"].deleteFeature(next(layers["CZKFBJ"].getFeatures()).id())
    wait_for_live_check(controller)
    dialog = open_drafts(controller)
    assert dialog.choices.current is None and not dialog.apply.isEnabled()
    assert controller.fixes.boundary.dialog is dialog


def test_selected_piece_is_outlined_on_both_maps(town):
    controller, _layers = town
    dialog = open_drafts(controller)
    for number in range(dialog.changes.topLevelItemCount()):
        item = dialog.changes.topLevelItem(number).child(0)
        dialog.changes.setCurrentItem(item)
        box = item.data(0, Qt.ItemDataRole.UserRole).boundingBox()
        for canvas in (dialog.maps.before, dialog.maps.after):
            bands = [one for one in canvas.scene().items() if isinstance(one, QgsRubberBand)]
            assert canvas.extent().contains(box)
            assert box in [one.asGeometry().boundingBox() for one in bands]


def test_boundary_without_a_check_is_explained(open_controller):
    controller, _layers = open_controller
    controller.actions["boundary"].trigger()
    assert controller.fixes.boundary.dialog is None and "先全面检查" in controller.dock.note.text()
