# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the alignment of selected features with another layer: choices, confirmation of a survey, undo, refusals."""

import pytest
from qgis.core import QgsProject

from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import draw_feature_in_layer, wait_for_live_check
from tests.qgis.test_gui_fixing import click_undo_of_fix, list_shapes, read_log
from tests.qgis.waiting import process_events, wait_until

KEY = "140225000060"


def open_alignment(controller, layer, fids, reference="YJJBNTBHTB"):
    """Open the alignment of features with a reference layer, and wait for its trial; return the dialog."""
    layer.selectByIds(fids)
    controller.iface.setActiveLayer(layer)
    controller.actions["align"].trigger()
    dialog = controller.fixes.alignment.dialog
    assert dialog is not None, controller.dock.note.text()
    dialog.reference.setCurrentIndex(dialog.reference.findData(reference))
    wait_for_trial(controller)
    return dialog


def wait_for_trial(controller):
    process_events(0.5)
    assert wait_until(lambda: not controller.fixes.alignment.trial.is_running)


def make_rectangle_east_of(box, distance_m):
    """Return a rectangle east of a box, at the same height."""
    shape = make_rectangle(0, 60)
    own = shape.boundingBox()
    shape.translate(box.xMaximum() + distance_m - own.xMinimum(), box.center().y() - own.center().y())
    return shape


@pytest.fixture
def boundary_next_to_farmland(checked):
    """Draw a boundary 0.3 m beside a farmland patch; return controller, layers, the feature's id and its edge."""
    controller, layers = checked
    farmland = next(layers["YJJBNTBHTB"].getFeatures()).geometry().boundingBox()
    shape = make_rectangle_east_of(farmland, 0.3)
    draw_feature_in_layer(layers["CZKFBJ"], shape, BSM=KEY, GHFQDM="410", GHFQMC="城镇集中建设区")
    wait_for_live_check(controller)
    fid = next(f.id() for f in layers["CZKFBJ"].getFeatures() if f["BSM"] == KEY)
    return controller, layers, fid, farmland.xMaximum()


def test_feature_is_aligned_with_the_edge_of_its_neighbour_in_one_undo_step_and_logged(boundary_next_to_farmland):
    controller, layers, fid, edge = boundary_next_to_farmland
    before = list_shapes(layers["CZKFBJ"])
    dialog = open_alignment(controller, layers["CZKFBJ"], [fid])
    choice = dialog.choices.current
    assert choice is not None, dialog.status.text()
    assert choice.fix.code == "FIX016" and dialog.apply.isEnabled() and not dialog.survey.isVisible()
    dialog.apply.click()
    wait_for_live_check(controller)
    assert layers["CZKFBJ"].getGeometry(fid).boundingBox().xMinimum() == pytest.approx(edge, abs=1e-6)
    assert read_log(controller, layers) == ["应用"] and read_log(controller, layers, "规则") == [""]
    click_undo_of_fix(controller)
    assert list_shapes(layers["CZKFBJ"]) == before


def test_alignment_with_a_survey_layer_needs_a_confirmation_that_the_project_stores(boundary_next_to_farmland):
    controller, layers, fid, _edge = boundary_next_to_farmland
    parcels = layers["DLTB"]
    box = next(iter(parcels.getFeatures())).geometry().boundingBox()
    shape = make_rectangle_east_of(box, 0.2)
    layers["CZKFBJ"].changeGeometry(fid, shape)
    wait_for_live_check(controller)
    dialog = open_alignment(controller, layers["CZKFBJ"], [fid], "DLTB")
    assert dialog.choices.current is not None, dialog.status.text()
    assert dialog.survey.isVisibleTo(dialog) and not dialog.apply.isEnabled()
    dialog.survey.setChecked(True)
    assert dialog.apply.isEnabled()
    dialog.reject()
    dialog = open_alignment(controller, layers["CZKFBJ"], [fid], "DLTB")
    assert not dialog.survey.isVisibleTo(dialog) and dialog.apply.isEnabled()
    assert QgsProject.instance().readListEntry("sanxian", "confirmed_surveys")[0] == ["CZKFBJ>DLTB"]


def test_alignment_of_two_features_offers_skip_and_too_small_a_distance_disables_apply(boundary_next_to_farmland):
    controller, layers, fid, _edge = boundary_next_to_farmland
    other = next(f.id() for f in layers["CZKFBJ"].getFeatures() if f.id() != fid)
    dialog = open_alignment(controller, layers["CZKFBJ"], sorted([fid, other]))
    controller.fixes.alignment._position = sorted([fid, other]).index(fid)
    controller.fixes.alignment._show_feature()
    wait_for_trial(controller)
    assert dialog.apply.isEnabled() and dialog.skip.isVisibleTo(dialog)
    dialog.distance.setValue(0.1)
    wait_for_trial(controller)
    assert not dialog.apply.isEnabled() and dialog.choices.current is None


def test_alignment_without_a_selected_feature_shows_a_note(checked):
    controller, layers = checked
    controller.iface.setActiveLayer(layers["CZKFBJ"])
    layers["CZKFBJ"].removeSelection()
    controller.actions["align"].trigger()
    assert controller.fixes.alignment.dialog is None
    assert "选中" in controller.dock.note.text() and layers["CZKFBJ"].name() in controller.dock.note.text()
