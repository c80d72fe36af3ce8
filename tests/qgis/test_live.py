# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that findings of the live check after each edit equal a new full check."""

import pytest
from qgis.core import QgsVectorLayerUtils

from plugin.bridge.checking import live_check as live_module
from tests.parametrize import first_daily
from tests.qgis.helpers import X, Y
from tests.qgis.live_helpers import MODES, EditSession, make_rectangle
from tests.qgis.waiting import process_events, wait_until

TRANSACTION_MODE_NAMES = ["none", "buffered", "automatic"]


@pytest.fixture(
    params=first_daily([[mode, read_at_once] for read_at_once in (True, False) for mode in MODES]),
    ids=[*TRANSACTION_MODE_NAMES, *(f"{name}, read in the re-check's thread" for name in TRANSACTION_MODE_NAMES)],
)
def edit_session(request, qgis_app, project, tmp_path, monkeypatch):
    mode, read_at_once = request.param
    if not read_at_once:
        monkeypatch.setattr(live_module, "MAX_FEATURES_READ_AT_ONCE", 0)
    edit_session = EditSession(tmp_path, mode).check()
    yield edit_session
    edit_session.close()


def make_feature(layer, shape, **attributes):
    """Make a feature as QGIS does for drawing or pasting, without a fid."""
    given = {layer.fields().lookupField(name): value for name, value in attributes.items()}
    return QgsVectorLayerUtils.createFeature(layer, shape, given)


def paste_features(layer, features):
    layer.beginEditCommand("paste")
    assert layer.addFeatures(features)
    layer.endEditCommand()


def test_live_check_after_each_kind_of_edit_equals_a_full_check(edit_session):
    farmland, parcels, boundary = edit_session["YJJBNTBHTB"], edit_session["DLTB"], edit_session["CZKFBJ"]
    assert (
        "REL001" in edit_session.compare_with_fresh_check() and "REL002" not in edit_session.compare_with_fresh_check()
    )
    edit_session.edit()
    # A polygon over others, a moved vertex, an invalid code.
    paste_features(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert "REL002" in edit_session.compare_with_fresh_check()
    assert farmland.moveVertex(X + 60, Y + 10, 1, 1)
    edit_session.compare_with_fresh_check()
    # Coordinates outside of the county, and back.
    assert farmland.moveVertex(0.0, 0.0, 1, 1)
    edit_session.compare_with_fresh_check()
    farmland.undoStack().undo()
    edit_session.compare_with_fresh_check()
    assert parcels.changeAttributeValue(1, parcels.fields().lookupField("DLBM"), "999")
    assert "ATT002" in edit_session.compare_with_fresh_check()
    # Undo, redo, undo. Another feature stays: a layer that loses all needs a whole check.
    red_line = edit_session["STBHHX"]
    paste_features(red_line, [make_feature(red_line, make_rectangle(400, 400, 20), BSM="140225000051")])
    edit_session.compare_with_fresh_check()
    assert edit_session["STBHHX"].deleteFeature(1)
    assert "REL001" not in edit_session.compare_with_fresh_check()
    edit_session["STBHHX"].undoStack().undo()
    assert "REL001" in edit_session.compare_with_fresh_check()
    edit_session["STBHHX"].undoStack().redo()
    assert "REL001" not in edit_session.compare_with_fresh_check()
    boundary.undoStack().undo()
    assert "REL002" not in edit_session.compare_with_fresh_check()
    boundary.undoStack().redo()
    assert "REL002" in edit_session.compare_with_fresh_check()


def test_live_check_after_undoing_several_edits_restores_the_findings(edit_session):
    edit_session.edit()
    farmland = edit_session["YJJBNTBHTB"]
    before = edit_session.compare_with_fresh_check()
    assert farmland.changeGeometry(1, make_rectangle(-300, 0))
    assert farmland.changeGeometry(2, make_rectangle(80, 0, 50))
    edit_session.compare_with_fresh_check()
    farmland.undoStack().setIndex(0)
    assert edit_session.compare_with_fresh_check() == before


def test_live_findings_refer_to_the_new_feature_ids_after_saving(edit_session):
    edit_session.edit()
    boundary, farmland = edit_session["CZKFBJ"], edit_session["YJJBNTBHTB"]
    paste_features(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    # Without a key the message identifies the feature by its id.
    paste_features(farmland, [make_feature(farmland, make_rectangle(100, 0, 30), BSM="")])
    edit_session.compare_with_fresh_check()
    edit_session.save(boundary, stop=False)
    edit_session.save(farmland, stop=False)
    assert min([*boundary.allFeatureIds(), *farmland.allFeatureIds()]) > 0
    assert "REL002" in edit_session.compare_with_fresh_check()
    edit_session.edit()
    assert boundary.changeGeometry(max(boundary.allFeatureIds()), make_rectangle(2000, 200))
    assert "REL002" not in edit_session.compare_with_fresh_check()
    assert farmland.deleteFeature(max(farmland.allFeatureIds()))
    edit_session.compare_with_fresh_check()
    for layer in (boundary, farmland):
        # Layers of one transaction group are saved together.
        if layer.isEditable():
            edit_session.save(layer)
    edit_session.compare_with_fresh_check()


def test_live_check_after_a_rollback_restores_the_previous_findings(edit_session):
    before = edit_session.compare_with_fresh_check()
    edit_session.edit()
    boundary, parcels, line = edit_session["CZKFBJ"], edit_session["DLTB"], edit_session["STBHHX"]
    # Another feature stays: a layer that loses all needs a whole check.
    paste_features(line, [make_feature(line, make_rectangle(400, 400, 20), BSM="140225000051")])
    paste_features(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    assert parcels.changeAttributeValue(1, parcels.fields().lookupField("DLBM"), "999")
    assert line.deleteFeature(1)
    assert edit_session.compare_with_fresh_check() != before
    for layer in (boundary, parcels, line):
        if layer.isEditable():
            edit_session.roll_back(layer)
    assert edit_session.compare_with_fresh_check() == before


def test_live_check_after_save_and_rollback_keeps_findings_of_saved_edits(edit_session):
    edit_session.edit()
    boundary = edit_session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    assert "REL002" in edit_session.compare_with_fresh_check()
    edit_session.save(boundary, stop=False)
    edit_session.compare_with_fresh_check()
    edit_session.edit()
    assert boundary.changeGeometry(1, make_rectangle(2000, 200))
    assert "REL002" not in edit_session.compare_with_fresh_check()
    edit_session.roll_back(boundary)
    assert "REL002" in edit_session.compare_with_fresh_check()


def test_live_check_checks_a_paste_of_many_features_in_one_batch(edit_session):
    edit_session.edit()
    parcels = edit_session["DLTB"]
    many = [
        make_feature(parcels, make_rectangle(20 * n, 500, 25), BSM=f"1402250009{n:02d}", DLBM="0103") for n in range(40)
    ]
    paste_features(parcels, many)
    assert "TOP001" in edit_session.compare_with_fresh_check()
    assert len(edit_session.batches) == 1 and len(edit_session.batches[0].rechecked_features) == 40
    parcels.undoStack().undo()
    assert "TOP001" not in edit_session.compare_with_fresh_check()
    assert len(edit_session.batches) == 2


def test_live_check_requires_a_full_check_after_too_many_changes(edit_session, monkeypatch):
    monkeypatch.setattr(live_module, "MAX_CHANGED_FEATURES", 10)
    edit_session.edit()
    parcels = edit_session["DLTB"]
    paste_features(parcels, [make_feature(parcels, make_rectangle(20 * n, 500, 25), DLBM="0103") for n in range(11)])
    assert wait_until(lambda: edit_session.outdated)
    assert parcels.changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert edit_session.outdated == [1] and not edit_session.batches


def test_live_check_requires_a_full_check_after_a_layer_lost_all_features(edit_session, qgis_log):
    edit_session.edit()
    assert edit_session["STBHHX"].deleteFeature(1)
    assert wait_until(lambda: edit_session.outdated)
    assert not [text for text in qgis_log if "Traceback" in text], "the panel asks for a check"


def test_live_check_requires_a_full_check_after_changes_by_another_program(edit_session):
    edit_session["DLTB"].dataProvider().reloadData()
    assert wait_until(lambda: edit_session.outdated)


def test_removing_a_checked_layer_ends_the_live_check(edit_session):
    edit_session.project.removeMapLayer(edit_session.layers.pop("DLTB").id())
    assert edit_session.outdated == [1]
    edit_session.edit()
    assert edit_session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    process_events(0.2)
    assert not edit_session.batches


def test_stopped_live_check_disconnects_from_all_layer_signals(edit_session):
    layer = edit_session["DLTB"]
    names = ("featureAdded", "featureDeleted", "geometryChanged", "attributeValueChanged", "afterRollBack",
             "afterCommitChanges", "dataChanged", "updatedFields", "willBeDeleted", "crsChanged")  # fmt: skip
    with_it = [layer.receivers(getattr(layer, name)) for name in names]
    edit_session.live.stop()
    assert [layer.receivers(getattr(layer, name)) for name in names] == [n - 1 for n in with_it]


def test_edits_made_during_the_full_check_are_checked_afterwards(qgis_app, project, tmp_path, monkeypatch):
    edit_session = EditSession(tmp_path, MODES[0])
    from tests.qgis import live_helpers

    whole = live_helpers.check_project_or_folder

    def slow(shots, options):
        checked = whole(shots, options)
        edit_session.edit()
        assert edit_session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
        return checked

    monkeypatch.setattr(live_helpers, "check_project_or_folder", slow)
    edit_session.check()
    monkeypatch.setattr(live_helpers, "check_project_or_folder", whole)
    assert "REL001" not in edit_session.compare_with_fresh_check()
    edit_session.close()


def test_edits_made_during_a_live_check_are_queued_and_checked(edit_session, monkeypatch):
    edit_session.edit()
    farmland = edit_session["YJJBNTBHTB"]
    started = []
    start = edit_session.runner.start
    monkeypatch.setattr(edit_session.runner, "start", lambda job: (started.append(job), start(job))[1])
    for x in (500, 600, 0, 700):
        before = len(started)
        assert farmland.changeGeometry(1, make_rectangle(x, 500))
        assert wait_until(lambda before=before: len(started) > before or edit_session.live._job is not None)
    assert "REL001" not in edit_session.compare_with_fresh_check()
    assert 1 <= len(started) <= 4
    assert isinstance(edit_session.batches[0].recheck_results, list)


# --- the command behind a re-check
def test_live_check_can_undo_the_edit_command_that_caused_a_finding(edit_session):
    edit_session.edit()
    boundary = edit_session["CZKFBJ"]
    before = edit_session.compare_with_fresh_check()
    assert boundary.changeGeometry(1, make_rectangle(500, 500))
    edit_session.compare_with_fresh_check()
    paste_features(boundary, [make_feature(boundary, make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")])
    edit_session.compare_with_fresh_check()
    first, second = edit_session.steps
    assert second.layer is boundary and second.is_last and not first.is_last
    assert not first.undo() and boundary.undoStack().index() == 2, "another command is the last one"
    assert second.undo() and boundary.undoStack().index() == 1
    edit_session.compare_with_fresh_check()
    assert first.is_last and not second.is_last and edit_session.steps[2] is None, "an undo is no edit"
    assert first.undo()
    assert edit_session.compare_with_fresh_check() == before


def test_undo_button_of_an_edit_that_was_undone_or_saved_changes_nothing(edit_session):
    edit_session.edit()
    boundary = edit_session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    edit_session.compare_with_fresh_check()
    step = edit_session.steps[0]
    boundary.undoStack().undo()
    edit_session.compare_with_fresh_check()
    assert boundary.changeGeometry(1, make_rectangle(60, 200))
    edit_session.compare_with_fresh_check()
    assert not step.is_last and not step.undo(), "another edit has taken its place"
    step = edit_session.steps[-1]
    assert step.is_last
    edit_session.save(boundary, stop=False)
    edit_session.compare_with_fresh_check()
    assert not step.is_last and not step.undo()


def test_live_check_does_not_undo_a_command_that_a_later_one_follows_in_the_same_transaction(edit_session):
    edit_session.edit()
    boundary, farmland = edit_session["CZKFBJ"], edit_session["YJJBNTBHTB"]
    assert boundary.changeGeometry(1, make_rectangle(50, 200))
    edit_session.compare_with_fresh_check()
    step = edit_session.steps[0]
    assert farmland.changeGeometry(1, make_rectangle(500, 500))
    edit_session.compare_with_fresh_check()
    together = boundary.dataProvider().transaction() is not None
    assert step.is_last is not together
    if together:
        assert not step.undo()
        farmland.undoStack().undo()
        edit_session.compare_with_fresh_check()
        assert step.is_last
    # If the other command is undone first, this command can be undone.
    assert step.undo()
    assert not next(f for f in boundary.getFeatures() if f.id() == 1).geometry().equals(make_rectangle(50, 200))
    assert edit_session.compare_with_fresh_check() is not None


def test_paused_live_check_counts_edits_and_checks_them_together_without_an_undo_when_resumed(edit_session):
    heard = []
    edit_session.live.waiting.connect(heard.append)
    edit_session.edit()
    edit_session.live.set_paused(True)
    assert edit_session["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert edit_session["YJJBNTBHTB"].changeGeometry(1, make_rectangle(500, 500))
    assert edit_session.live.waiting_count == 2 and heard[-1] == 2
    process_events(0.2)
    assert not edit_session.batches
    edit_session.live.set_paused(False)
    assert "REL001" not in edit_session.compare_with_fresh_check() and len(edit_session.batches) == 1
    assert edit_session.live.waiting_count == 0 and heard[-1] == 0
    assert edit_session.steps == [None], "several edits together cannot be undone as one"
