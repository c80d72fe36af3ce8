# SPDX-License-Identifier: GPL-2.0-or-later
"""Live checks: the findings after each edit equal those of a fresh check."""

import pytest
from qgis.core import QgsVectorLayerUtils

from plugin.bridge.checking import live_check as live_module
from tests.qgis.helpers import X, Y
from tests.qgis.live_helpers import MODES, EditSession, make_rectangle
from tests.qgis.waiting import process_events, wait_until

NAMES = ["none", "buffered", "automatic"]


@pytest.fixture(params=MODES, ids=NAMES)
def session(request, qgis_app, project, tmp_path):
    session = EditSession(tmp_path, request.param).check()
    yield session
    session.close()


def make_feature(layer, shape, **attributes):
    """Make a feature as QGIS does for drawing or pasting, without a fid."""
    given = {layer.fields().lookupField(name): value for name, value in attributes.items()}
    return QgsVectorLayerUtils.createFeature(layer, shape, given)


def paste(layer, features):
    layer.beginEditCommand("paste")
    assert layer.addFeatures(features)
    layer.endEditCommand()


def test_each_kind_of_edit_agrees_with_a_fresh_check(session):
    farmland, parcels, boundary = session["YJJBNTBHTB"], session["DLTB"], session["CZKFBJ"]
    assert "REL001" in session.compare_with_fresh_check() and "REL002" not in session.compare_with_fresh_check()
    session.edit()
    # A polygon over others, a moved vertex, an invalid code.
    paste(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert "REL002" in session.compare_with_fresh_check()
    assert farmland.moveVertex(X + 60, Y + 10, 1, 1)
    session.compare_with_fresh_check()
    # Coordinates outside of the county, and back.
    assert farmland.moveVertex(0.0, 0.0, 1, 1)
    session.compare_with_fresh_check()
    farmland.undoStack().undo()
    session.compare_with_fresh_check()
    code = parcels.fields().lookupField("DLBM")
    assert parcels.changeAttributeValue(1, code, "999")
    assert "ATT002" in session.compare_with_fresh_check()
    # Undo, redo, undo.
    assert session["STBHHX"].deleteFeature(1)
    assert "REL001" not in session.compare_with_fresh_check()
    session["STBHHX"].undoStack().undo()
    assert "REL001" in session.compare_with_fresh_check()
    session["STBHHX"].undoStack().redo()
    assert "REL001" not in session.compare_with_fresh_check()
    boundary.undoStack().undo()
    assert "REL002" not in session.compare_with_fresh_check()
    boundary.undoStack().redo()
    assert "REL002" in session.compare_with_fresh_check()


def test_moved_changed_and_undone_in_one_go(session):
    session.edit()
    farmland = session["YJJBNTBHTB"]
    before = session.compare_with_fresh_check()
    assert farmland.changeGeometry(1, make_rectangle(-300, 0))
    assert farmland.changeGeometry(2, make_rectangle(80, 0, 50))
    session.compare_with_fresh_check()
    farmland.undoStack().setIndex(0)
    assert session.compare_with_fresh_check() == before


def test_findings_follow_the_new_ids_of_saved_features(session):
    session.edit()
    boundary, farmland = session["CZKFBJ"], session["YJJBNTBHTB"]
    paste(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    # Without a key the message identifies the feature by its id.
    paste(farmland, [make_feature(farmland, make_rectangle(100, 0, 30), BSM="")])
    session.compare_with_fresh_check()
    session.save(boundary, stop=False)
    session.save(farmland, stop=False)
    assert min([*boundary.allFeatureIds(), *farmland.allFeatureIds()]) > 0
    assert "REL002" in session.compare_with_fresh_check()
    session.edit()
    new = max(boundary.allFeatureIds())
    assert boundary.changeGeometry(new, make_rectangle(2000, 200))
    assert "REL002" not in session.compare_with_fresh_check()
    assert farmland.deleteFeature(max(farmland.allFeatureIds()))
    session.compare_with_fresh_check()
    for layer in (boundary, farmland):
        # Layers of one transaction group are saved together.
        if layer.isEditable():
            session.save(layer)
    session.compare_with_fresh_check()


def test_a_roll_back_restores_the_former_findings(session):
    before = session.compare_with_fresh_check()
    session.edit()
    boundary, parcels, line = session["CZKFBJ"], session["DLTB"], session["STBHHX"]
    paste(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert parcels.changeAttributeValue(1, parcels.fields().lookupField("DLBM"), "999")
    assert line.deleteFeature(1)
    assert session.compare_with_fresh_check() != before
    for layer in (boundary, parcels, line):
        if layer.isEditable():
            session.roll_back(layer)
    assert session.compare_with_fresh_check() == before


def test_a_roll_back_after_saving_undoes_later_edits_only(session):
    session.edit()
    boundary = session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    assert "REL002" in session.compare_with_fresh_check()
    session.save(boundary, stop=False)
    session.compare_with_fresh_check()
    session.edit()
    assert boundary.changeGeometry(1, make_rectangle(2000, 200))
    assert "REL002" not in session.compare_with_fresh_check()
    session.roll_back(boundary)
    assert "REL002" in session.compare_with_fresh_check()


def test_a_paste_is_one_batch(session):
    session.edit()
    parcels = session["DLTB"]
    many = [
        make_feature(parcels, make_rectangle(20 * n, 500, 25), BSM=f"1402250009{n:02d}", DLBM="0103") for n in range(40)
    ]
    paste(parcels, many)
    assert "TOP001" in session.compare_with_fresh_check()
    assert len(session.batches) == 1 and len(session.batches[0].places) == 40
    parcels.undoStack().undo()
    assert "TOP001" not in session.compare_with_fresh_check()
    assert len(session.batches) == 2


def test_too_many_changes_require_a_whole_check(session, monkeypatch):
    monkeypatch.setattr(live_module, "LIMIT", 10)
    session.edit()
    parcels = session["DLTB"]
    paste(parcels, [make_feature(parcels, make_rectangle(20 * n, 500, 25), DLBM="0103") for n in range(11)])
    assert wait_until(lambda: session.outdated)
    assert parcels.changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert session.outdated == [1] and not session.batches


def test_changes_by_another_program_require_a_whole_check(session):
    session["DLTB"].dataProvider().reloadData()
    assert wait_until(lambda: session.outdated)


def test_closing_a_layer_ends_the_live_check(session):
    session.project.removeMapLayer(session.layers.pop("DLTB").id())
    assert session.outdated == [1]
    session.edit()
    assert session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert not session.batches


def test_a_stopped_live_check_follows_no_layer(session):
    layer = session["DLTB"]
    names = ("featureAdded", "featureDeleted", "geometryChanged", "attributeValueChanged", "afterRollBack",
             "afterCommitChanges", "dataChanged", "updatedFields", "willBeDeleted", "crsChanged")  # fmt: skip
    with_it = [layer.receivers(getattr(layer, name)) for name in names]
    session.live.stop()
    assert [layer.receivers(getattr(layer, name)) for name in names] == [n - 1 for n in with_it]


def test_a_paused_live_check_collects_changes(session):
    session.live.pause(True)
    session.edit()
    assert session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert not session.batches
    session.live.pause(False)
    assert "REL001" not in session.compare_with_fresh_check() and len(session.batches) == 1


def test_edits_while_it_is_being_checked_are_not_missed(qgis_app, project, tmp_path, monkeypatch):
    session = EditSession(tmp_path, MODES[0])
    from tests.qgis import live_helpers

    whole = live_helpers.check_plan

    def slow(shots, options):
        checked = whole(shots, options)
        session.edit()
        assert session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
        return checked

    monkeypatch.setattr(live_helpers, "check_plan", slow)
    session.check()
    monkeypatch.setattr(live_helpers, "check_plan", whole)
    assert "REL001" not in session.compare_with_fresh_check()
    session.close()


def test_edits_during_a_live_check_are_queued(session, monkeypatch):
    session.edit()
    farmland = session["YJJBNTBHTB"]
    started = []
    start = session.runner.start
    monkeypatch.setattr(session.runner, "start", lambda job: (started.append(job), start(job))[1])
    for x in (500, 600, 0, 700):
        before = len(started)
        assert farmland.changeGeometry(1, make_rectangle(x, 500))
        assert wait_until(lambda before=before: len(started) > before or session.live._job is not None)
    assert "REL001" not in session.compare_with_fresh_check()
    assert 1 <= len(started) <= 4
    assert isinstance(session.batches[0].rechecks, list)


# --- the command behind a re-check
def test_one_command_is_named_and_undone_alone(session):
    session.edit()
    boundary = session["CZKFBJ"]
    before = session.compare_with_fresh_check()
    assert boundary.changeGeometry(1, make_rectangle(500, 500))
    session.compare_with_fresh_check()
    paste(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    session.compare_with_fresh_check()
    first, second = session.steps
    assert second.layer is boundary and second.is_last and not first.is_last
    assert not first.undo() and boundary.undoStack().index() == 2, "another command is the last one"
    assert second.undo() and boundary.undoStack().index() == 1
    session.compare_with_fresh_check()
    assert first.is_last and not second.is_last and session.steps[2] is None, "an undo is no edit"
    assert first.undo()
    assert session.compare_with_fresh_check() == before


def test_a_redo_or_another_edit_at_the_same_place_is_another_step(session):
    session.edit()
    boundary = session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    session.compare_with_fresh_check()
    step = session.steps[0]
    boundary.undoStack().undo()
    session.compare_with_fresh_check()
    assert boundary.changeGeometry(1, make_rectangle(60, 200))
    session.compare_with_fresh_check()
    assert not step.is_last and not step.undo()
    assert session.steps[-1].is_last


def test_a_command_that_is_saved_is_no_longer_undone(session):
    session.edit()
    boundary = session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    session.compare_with_fresh_check()
    step = session.steps[0]
    assert step.is_last
    session.save(boundary, stop=False)
    session.compare_with_fresh_check()
    assert not step.is_last and not step.undo()


def test_several_commands_checked_together_name_no_command(session):
    session.edit()
    session.live.pause(True)
    assert session["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    session.live.pause(False)
    session.compare_with_fresh_check()
    assert session.steps == [None]


def test_a_command_is_not_undone_across_a_later_one_of_its_transaction(session):
    session.edit()
    boundary, farmland = session["CZKFBJ"], session["YJJBNTBHTB"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    session.compare_with_fresh_check()
    step = session.steps[0]
    assert farmland.changeGeometry(1, make_rectangle(500, 500))
    session.compare_with_fresh_check()
    together = boundary.dataProvider().transaction() is not None
    assert step.is_last is not together
    if together:
        assert not step.undo()
        farmland.undoStack().undo()
        session.compare_with_fresh_check()
        assert step.is_last
    # If the other command is undone first, this command can be undone.
    assert step.undo()
    shape = next(f for f in boundary.getFeatures() if f.id() == 1).geometry()
    assert not shape.equals(make_rectangle(50, 200))
    assert session.compare_with_fresh_check() is not None


def test_changed_features_wait_until_they_are_checked(session):
    heard = []
    session.live.waiting.connect(heard.append)
    session.edit()
    session.live.pause(True)
    assert session["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    assert session.live.waiting_count == 2 and heard[-1] == 2
    session.live.pause(False)
    session.compare_with_fresh_check()
    assert session.live.waiting_count == 0 and heard[-1] == 0
