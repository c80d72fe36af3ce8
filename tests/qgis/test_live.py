# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks while editing: after each command, what a fresh check of the edited layers would say."""

import pytest
from qgis.core import QgsVectorLayerUtils

from plugin.bridge.checking import live_check as live_module
from tests.qgis.helpers import X, Y
from tests.qgis.live_helpers import MODES, Desk, make_rectangle
from tests.qgis.waiting import process_events, wait_until

NAMES = ["none", "buffered", "automatic"]


@pytest.fixture(params=MODES, ids=NAMES)
def desk(request, qgis_app, project, tmp_path):
    desk = Desk(tmp_path, request.param).check()
    yield desk
    desk.close()


def feature(layer, shape, **attributes):
    """As QGIS makes one for drawing or pasting: a place in the file's own numbering is left to the file."""
    given = {layer.fields().lookupField(name): value for name, value in attributes.items()}
    return QgsVectorLayerUtils.createFeature(layer, shape, given)


def paste(layer, features):
    layer.beginEditCommand("paste")
    assert layer.addFeatures(features)
    layer.endEditCommand()


def test_one_thing_after_another(desk):
    farmland, parcels, boundary = desk["YJJBNTBHTB"], desk["DLTB"], desk["CZKFBJ"]
    assert "REL001" in desk.settled() and "REL002" not in desk.settled()
    desk.edit()
    # A polygon over others, a vertex drawn away, a code that is none.
    paste(boundary, [feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert "REL002" in desk.settled()
    assert farmland.moveVertex(X + 60, Y + 10, 1, 1)
    desk.settled()
    # Typed by hand, to where no county lies, and back.
    assert farmland.moveVertex(0.0, 0.0, 1, 1)
    desk.settled()
    farmland.undoStack().undo()
    desk.settled()
    code = parcels.fields().lookupField("DLBM")
    assert parcels.changeAttributeValue(1, code, "999")
    assert "ATT002" in desk.settled()
    # Away, and back, and away.
    assert desk["STBHHX"].deleteFeature(1)
    assert "REL001" not in desk.settled()
    desk["STBHHX"].undoStack().undo()
    assert "REL001" in desk.settled()
    desk["STBHHX"].undoStack().redo()
    assert "REL001" not in desk.settled()
    boundary.undoStack().undo()
    assert "REL002" not in desk.settled()
    boundary.undoStack().redo()
    assert "REL002" in desk.settled()


def test_moved_changed_and_undone_in_one_go(desk):
    desk.edit()
    farmland = desk["YJJBNTBHTB"]
    before = desk.settled()
    assert farmland.changeGeometry(1, make_rectangle(-300, 0))
    assert farmland.changeGeometry(2, make_rectangle(80, 0, 50))
    desk.settled()
    farmland.undoStack().setIndex(0)
    assert desk.settled() == before


def test_saved_features_are_known_by_their_new_ids(desk):
    desk.edit()
    boundary, farmland = desk["CZKFBJ"], desk["YJJBNTBHTB"]
    paste(boundary, [feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    # Without a key only its id tells it, and the message names it.
    paste(farmland, [feature(farmland, make_rectangle(100, 0, 30), BSM="")])
    desk.settled()
    desk.save(boundary, stop=False)
    desk.save(farmland, stop=False)
    assert min([*boundary.allFeatureIds(), *farmland.allFeatureIds()]) > 0
    assert "REL002" in desk.settled()
    desk.edit()
    new = max(boundary.allFeatureIds())
    assert boundary.changeGeometry(new, make_rectangle(2000, 200))
    assert "REL002" not in desk.settled()
    assert farmland.deleteFeature(max(farmland.allFeatureIds()))
    desk.settled()
    for layer in (boundary, farmland):
        # What shares a transaction is saved together.
        if layer.isEditable():
            desk.save(layer)
    desk.settled()


def test_rolled_back_all_is_as_before(desk):
    before = desk.settled()
    desk.edit()
    boundary, parcels, line = desk["CZKFBJ"], desk["DLTB"], desk["STBHHX"]
    paste(boundary, [feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert parcels.changeAttributeValue(1, parcels.fields().lookupField("DLBM"), "999")
    assert line.deleteFeature(1)
    assert desk.settled() != before
    for layer in (boundary, parcels, line):
        if layer.isEditable():
            desk.roll_back(layer)
    assert desk.settled() == before


def test_a_roll_back_after_saving_takes_back_what_came_since(desk):
    desk.edit()
    boundary = desk["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    assert "REL002" in desk.settled()
    desk.save(boundary, stop=False)
    desk.settled()
    desk.edit()
    assert boundary.changeGeometry(1, make_rectangle(2000, 200))
    assert "REL002" not in desk.settled()
    desk.roll_back(boundary)
    assert "REL002" in desk.settled()


def test_a_paste_is_one_batch(desk):
    desk.edit()
    parcels = desk["DLTB"]
    many = [feature(parcels, make_rectangle(20 * n, 500, 25), BSM=f"1402250009{n:02d}", DLBM="0103") for n in range(40)]
    paste(parcels, many)
    assert "TOP001" in desk.settled()
    assert len(desk.batches) == 1 and len(desk.batches[0].places) == 40
    parcels.undoStack().undo()
    assert "TOP001" not in desk.settled()
    assert len(desk.batches) == 2


def test_too_many_at_once_are_a_matter_for_a_whole_check(desk, monkeypatch):
    monkeypatch.setattr(live_module, "LIMIT", 10)
    desk.edit()
    parcels = desk["DLTB"]
    paste(parcels, [feature(parcels, make_rectangle(20 * n, 500, 25), DLBM="0103") for n in range(11)])
    assert wait_until(lambda: desk.outdated)
    assert parcels.changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert desk.outdated == [1] and not desk.batches


def test_what_somebody_else_wrote_is_not_guessed_at(desk):
    desk["DLTB"].dataProvider().reloadData()
    assert wait_until(lambda: desk.outdated)


def test_a_layer_that_is_closed_ends_it(desk):
    desk.project.removeMapLayer(desk.layers.pop("DLTB").id())
    assert desk.outdated == [1]
    desk.edit()
    assert desk["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert not desk.batches


def test_stopped_it_listens_to_nothing(desk):
    layer = desk["DLTB"]
    names = ("featureAdded", "featureDeleted", "geometryChanged", "attributeValueChanged", "afterRollBack",
             "afterCommitChanges", "dataChanged", "updatedFields", "willBeDeleted", "crsChanged")  # fmt: skip
    with_it = [layer.receivers(getattr(layer, name)) for name in names]
    desk.live.stop()
    assert [layer.receivers(getattr(layer, name)) for name in names] == [n - 1 for n in with_it]


def test_paused_it_collects(desk):
    desk.live.pause(True)
    desk.edit()
    assert desk["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert not desk.batches
    desk.live.pause(False)
    assert "REL001" not in desk.settled() and len(desk.batches) == 1


def test_edits_while_it_is_being_checked_are_not_missed(qgis_app, project, tmp_path, monkeypatch):
    desk = Desk(tmp_path, MODES[0])
    from tests.qgis import live_helpers

    whole = live_helpers.check_plan

    def slow(shots, options):
        checked = whole(shots, options)
        desk.edit()
        assert desk["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
        return checked

    monkeypatch.setattr(live_helpers, "check_plan", slow)
    desk.check()
    monkeypatch.setattr(live_helpers, "check_plan", whole)
    assert "REL001" not in desk.settled()
    desk.close()


def test_edits_while_edits_are_checked_queue_up(desk, monkeypatch):
    desk.edit()
    farmland = desk["YJJBNTBHTB"]
    started = []
    start = desk.runner.start
    monkeypatch.setattr(desk.runner, "start", lambda job: (started.append(job), start(job))[1])
    for x in (500, 600, 0, 700):
        before = len(started)
        assert farmland.changeGeometry(1, make_rectangle(x, 500))
        assert wait_until(lambda before=before: len(started) > before or desk.live._job is not None)
    assert "REL001" not in desk.settled()
    assert 1 <= len(started) <= 4
    assert isinstance(desk.batches[0].rechecks, list)


# --- the command behind a re-check
def test_one_command_is_named_and_undone_alone(desk):
    desk.edit()
    boundary = desk["CZKFBJ"]
    before = desk.settled()
    assert boundary.changeGeometry(1, make_rectangle(500, 500))
    desk.settled()
    paste(boundary, [feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    desk.settled()
    first, second = desk.steps
    assert second.layer is boundary and second.is_last and not first.is_last
    assert not first.undo() and boundary.undoStack().index() == 2, "another command is the last one"
    assert second.undo() and boundary.undoStack().index() == 1
    desk.settled()
    assert first.is_last and not second.is_last and desk.steps[2] is None, "an undo is no edit"
    assert first.undo()
    assert desk.settled() == before


def test_a_redo_or_another_edit_at_the_same_place_is_another_step(desk):
    desk.edit()
    boundary = desk["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    desk.settled()
    step = desk.steps[0]
    boundary.undoStack().undo()
    desk.settled()
    assert boundary.changeGeometry(1, make_rectangle(60, 200))
    desk.settled()
    assert not step.is_last and not step.undo()
    assert desk.steps[-1].is_last


def test_a_command_that_is_saved_is_no_longer_undone(desk):
    desk.edit()
    boundary = desk["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    desk.settled()
    step = desk.steps[0]
    assert step.is_last
    desk.save(boundary, stop=False)
    desk.settled()
    assert not step.is_last and not step.undo()


def test_several_commands_checked_together_name_none(desk):
    desk.edit()
    desk.live.pause(True)
    assert desk["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert desk["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    desk.live.pause(False)
    desk.settled()
    assert desk.steps == [None]


def test_a_command_is_not_undone_across_a_later_one_of_its_transaction(desk):
    desk.edit()
    boundary, farmland = desk["CZKFBJ"], desk["YJJBNTBHTB"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    desk.settled()
    step = desk.steps[0]
    assert farmland.changeGeometry(1, make_rectangle(500, 500))
    desk.settled()
    together = boundary.dataProvider().transaction() is not None
    assert step.is_last is not together
    if together:
        assert not step.undo()
        farmland.undoStack().undo()
        desk.settled()
        assert step.is_last
    # Each alone, or the other one taken back: what is left is this command.
    assert step.undo()
    shape = next(f for f in boundary.getFeatures() if f.id() == 1).geometry()
    assert not shape.equals(make_rectangle(50, 200))
    assert desk.settled() is not None


def test_changed_features_wait_until_they_are_checked(desk):
    heard = []
    desk.live.waiting.connect(heard.append)
    desk.edit()
    desk.live.pause(True)
    assert desk["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert desk["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    assert desk.live.waiting_count == 2 and heard[-1] == 2
    desk.live.pause(False)
    desk.settled()
    assert desk.live.waiting_count == 0 and heard[-1] == 0
