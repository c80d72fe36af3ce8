# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that a fix is one step in the edit buffers of its layers: applied, logged, undone as a whole, or refused."""

import csv
import datetime

import pandas as pd
import pytest
import shapely
from qgis.core import NULL, QgsFeature, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.fixes import commands
from plugin.bridge.fixes.apply import (
    ChangeLog,
    FixOrder,
    find_change_log_path,
    prepare_order,
    start_editing,
)
from plugin.bridge.fixes.commands import ApplyRefused, prepare_edits, write_edits
from plugin.bridge.fixes.step import FixStep
from plugin.bridge.fixes.trial import make_batch_trial, make_choices_trial
from plugin.bridge.layers.reading import read_feature_state_by_id
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.running.portions import run_to_end
from plugin.core.base.errors import OutputError
from plugin.core.checks.check import RunOptions
from plugin.core.fixes.applied_edits import RowBefore
from plugin.core.fixes.change_log import LogAction
from plugin.core.fixes.edits import Edits, NewField, RowEdit
from plugin.core.fixes.proposal import FixTexts
from plugin.core.standard import load_standard
from tests.parametrize import first_daily
from tests.qgis.live_helpers import MODES, EditSession, make_rectangle
from tests.qgis.test_live import TRANSACTION_MODE_NAMES
from tests.qgis.waiting import process_events, wait_until


@pytest.fixture(params=first_daily(MODES), ids=TRANSACTION_MODE_NAMES)
def edit_session(request, qgis_app, project, tmp_path):
    edit_session = EditSession(tmp_path, request.param).check()
    yield edit_session
    edit_session.close()


@pytest.fixture
def plain_session(qgis_app, project, tmp_path):
    edit_session = EditSession(tmp_path, MODES[0]).check()
    yield edit_session
    edit_session.close()


def read_all_features(session):
    """Return geometry bytes and attributes of all features of all layers."""
    return {
        (name, feature.id()): (bytes(feature.geometry().asWkb()), feature.attributes())
        for name, layer in session.layers.items()
        for feature in layer.getFeatures()
    }


def overlap_farmland(session):
    """Move the development boundary over farmland; return the finding."""
    session.edit()
    assert session["CZKFBJ"].changeGeometry(1, make_rectangle(50, 200))
    assert "REL002" in session.compare_with_fresh_check()
    return next(f for f in session.findings if f.code == "REL002")


def run_trial(session, work):
    """Return the result of a trial of fixes in a session, or its error."""
    answers = []
    session.live.run_trial("trial", work, answers.append, answers.append, lambda: answers.append("cancelled"))
    assert wait_until(lambda: answers)
    assert not isinstance(answers[0], Exception), answers[0]
    return answers[0]


def make_order(choice, label="修复"):
    """Return the order to apply a chosen fix."""
    return FixOrder([choice.proposal], choice.proposal.edits, choice.rows_before, label, who="王工")


def get_norm(session):
    return session.live._checked.plan.norm


def make_log(session):
    """Return the change log next to the session's data."""
    layers = session.live.get_layer_by_role()
    return ChangeLog(find_change_log_path(layers), FixTexts("zh", get_norm(session).standard.templates))


def apply_order(order, layers, norm, log):
    """Write an order into the edit buffers of its layers as one step, and log it; return the step."""
    prepared = run_to_end(prepare_order(order, layers, norm))
    return FixStep(
        order.label,
        write_edits(
            prepared,
            norm.standard.templates,
            order.label,
            lambda: log.append_action(order, LogAction.APPLIED),
        ),
    )


def apply_fix_order(session, order):
    """Apply an order to the session's layers; return the applied step."""
    return apply_order(order, session.live.get_layer_by_role(), get_norm(session), make_log(session))


def read_log(session):
    """Return the rows of the change log."""
    path = make_log(session).path
    assert path.name == "小县.changes.csv" and path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_applied_fix_ends_its_finding_and_one_undo_restores_all_bytes(edit_session):
    finding = overlap_farmland(edit_session)
    before, boundary = read_all_features(edit_session), edit_session["CZKFBJ"]
    index = boundary.undoStack().index()
    choice = run_trial(edit_session, make_choices_trial(finding, {}))[0]
    assert choice.fix.code == "FIX010" and [one.code for one in choice.proposal.ended_findings] == ["REL002"]
    assert read_all_features(edit_session) == before, "a trial changes nothing"
    step = apply_fix_order(edit_session, make_order(choice, "修复 REL002"))
    assert boundary.undoStack().index() == index + 1 and boundary.undoStack().text(index) == "修复 REL002"
    changed = {key for key, row in read_all_features(edit_session).items() if before.get(key) != row}
    assert changed == {("CZKFBJ", 1)}
    assert "REL002" not in edit_session.compare_with_fresh_check()
    area = choice.proposal.areas[0]
    assert area.before_m2 - area.moved_out_m2 == pytest.approx(area.after_m2, abs=0.01)
    now = shapely.from_wkb(read_all_features(edit_session)["CZKFBJ", 1][0])
    assert now.area == pytest.approx(area.after_m2, abs=0.01)
    assert step.can_undo and step.undo() and not step.can_undo
    assert read_all_features(edit_session) == before
    assert "REL002" in edit_session.compare_with_fresh_check()


def test_change_log_has_a_row_for_the_fix_and_one_for_its_undo(plain_session):
    order = make_order(run_trial(plain_session, make_choices_trial(overlap_farmland(plain_session), {}))[0])
    apply_fix_order(plain_session, order)
    make_log(plain_session).append_action(order, LogAction.UNDONE)
    rows = read_log(plain_session)
    assert [row["操作"] for row in rows] == ["应用", "撤销"]
    assert {row["步骤"] for row in rows} == {order.number} and {row["操作人"] for row in rows} == {"王工"}
    assert rows[0]["修复"].startswith("FIX010 ") and "CZKFBJ" in rows[0]["图层"]
    assert (rows[0]["规则"], rows[0]["涉及要素"]) == ("REL002", "140225000001")
    figures = [float(rows[0][name]) for name in ("修复前面积（m²）", "移出（m²）", "移入（m²）", "修复后面积（m²）")]
    assert figures[0] - figures[1] + figures[2] == pytest.approx(figures[3], abs=0.02) and figures[1] > 1000


@pytest.mark.parametrize("old", ["410", NULL, None], ids=["a value", "NULL", "a new row"])
def test_undo_of_a_changed_value_does_not_read_the_data_source(qgis_app, old):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4524&field=GHFQDM:string", "CZKFBJ", "memory")
    provider, is_saved = layer.dataProvider(), old is not None
    row = QgsFeature(layer.fields())
    row.setAttributes([old if is_saved else "410"])
    layer.startEditing()
    assert (provider if is_saved else layer).addFeatures([row])
    (fid,) = layer.allFeatureIds()
    edits = Edits([RowEdit("CZKFBJ", fid, attributes={"GHFQDM": "420"})])
    write_edits(run_to_end(prepare_edits(edits, {"CZKFBJ": layer})), {}, "修复", lambda: None)
    assert layer.getFeature(fid)["GHFQDM"] == "420"
    # Another program writes: only a read of the data source would return this value.
    assert not is_saved or provider.changeAttributeValues({fid: {0: "999"}})
    changes = []
    layer.attributeValueChanged.connect(lambda *change: changes.append(change))
    layer.undoStack().undo()
    assert changes == [(fid, 0, old if is_saved else "410")]
    layer.rollBack()


def test_undo_of_values_in_a_new_field_does_not_read_the_data_source(qgis_app):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4524&field=GHFQDM:string", "CZKFBJ", "memory")
    layer.dataProvider().addFeatures([QgsFeature(layer.fields())])
    layer.startEditing()
    (fid,) = layer.allFeatureIds()
    edits = Edits(
        [RowEdit("CZKFBJ", fid, attributes={"GHFQMC": "城镇集中建设区"})], new_fields=[NewField("CZKFBJ", "GHFQMC")]
    )
    write_edits(run_to_end(prepare_edits(edits, {"CZKFBJ": layer})), load_standard().templates, "修复", lambda: None)
    assert layer.getFeature(fid)["GHFQMC"] == "城镇集中建设区"
    changes = []
    layer.attributeValueChanged.connect(lambda *change: changes.append(change))
    layer.undoStack().undo()
    # A value that was read for a field that the data source lacks is None.
    assert changes == [(fid, 1, NULL)] and changes[0][2] is not None and layer.fields().names() == ["GHFQDM"]
    layer.rollBack()


def make_order_of_two_layers(session):
    """Return an order that changes shape and key in two layers, adds a row and deletes one."""
    shape = shapely.from_wkt(make_rectangle(1500, 0, 40).asWkt())
    edits = Edits(
        [
            RowEdit("CZKFBJ", 1, shape, {"GHFQDM": "420"}),
            RowEdit("CZKFBJ", 99, shapely.from_wkt(make_rectangle(1600, 0, 40).asWkt()), {"BSM": "9"}, True, False, 1),
            RowEdit("DLTB", 1, shape),
            RowEdit("DLTB", 2, is_deleted=True),
        ]
    )
    layers = session.live.get_layer_by_role()
    rows = {
        (edit.role, edit.fid): RowBefore("", read_feature_state_by_id(layers[edit.role], [edit.fid])[edit.fid])
        for edit in edits
        if not edit.is_new
    }
    return FixOrder([], edits, rows, "修复", documents={"DLTB": "晋自然资函〔2026〕12号"})


@pytest.mark.parametrize("first", first_daily(["CZKFBJ", "DLTB"]))
def test_qgis_undo_on_one_layer_reverts_the_fix_on_all_layers_and_redo_restores_it(edit_session, first):
    edit_session.edit()
    before = read_all_features(edit_session)
    step = apply_fix_order(edit_session, make_order_of_two_layers(edit_session))
    signals = []
    step.undone.connect(lambda: signals.append("undone"))
    step.redone.connect(lambda: signals.append("redone"))
    step.separated.connect(signals.append)
    after = read_all_features(edit_session)
    assert {name for name, _fid in after.keys() ^ before.keys()} == {"CZKFBJ", "DLTB"}
    new = next(f for f in edit_session["CZKFBJ"].getFeatures() if f["BSM"] == "9")
    assert new["GHFQDM"] == "420" or new["GHFQDM"] == "410"
    edit_session[first].undoStack().undo()
    assert read_all_features(edit_session) == before
    assert signals == ["undone"]
    edit_session.compare_with_fresh_check()
    other = edit_session[first]
    other.undoStack().redo()
    assert [(name, shape) for (name, _fid), shape in sorted(read_all_features(edit_session).items())] == [
        (name, shape) for (name, _fid), shape in sorted(after.items())
    ]
    assert signals == ["undone", "redone"]
    assert step.undo()
    assert read_all_features(edit_session) == before


def test_undo_of_a_fix_skips_and_reports_a_layer_edited_afterwards(plain_session):
    plain_session.edit()
    step = apply_fix_order(plain_session, make_order_of_two_layers(plain_session))
    names = []
    step.separated.connect(names.extend)
    parcels = plain_session["DLTB"]
    assert parcels.changeAttributeValue(1, parcels.fields().lookupField("DLBM"), "0701")
    assert not step.can_undo and not step.undo()
    plain_session["CZKFBJ"].undoStack().undo()
    assert names == ["DLTB"]


def test_saved_fix_cannot_be_undone(edit_session):
    edit_session.edit()
    step = apply_fix_order(edit_session, make_order_of_two_layers(edit_session))
    ends = []
    step.ended.connect(lambda: ends.append("ended"))
    step.discarded.connect(lambda: ends.append("discarded"))
    for name in ("CZKFBJ", "DLTB"):
        if edit_session[name].isEditable():
            edit_session.save(edit_session[name])
    assert ends == ["ended"] and not step.undo()


def test_rolled_back_fix_is_reported_as_discarded(edit_session):
    before = read_all_features(edit_session)
    edit_session.edit()
    step = apply_fix_order(edit_session, make_order_of_two_layers(edit_session))
    ends = []
    step.discarded.connect(lambda: ends.append("discarded"))
    for name in ("CZKFBJ", "DLTB"):
        if edit_session[name].isEditable():
            edit_session.roll_back(edit_session[name])
    assert ends == ["discarded"] and read_all_features(edit_session) == before


def delete_feature(session):
    assert session["CZKFBJ"].deleteFeature(1)


def change_value(session):
    assert session["CZKFBJ"].changeAttributeValue(1, session["CZKFBJ"].fields().lookupField("GHFQDM"), "420")


def set_filter(session):
    for layer in session.layers.values():
        if layer.isEditable():
            session.roll_back(layer)
    assert session["CZKFBJ"].setSubsetString("fid > 0")
    session.edit()


def remove_layer(session):
    for layer in session.layers.values():
        if layer.isEditable():
            session.roll_back(layer)
    QgsProject.instance().removeMapLayer(session.layers.pop("CZKFBJ").id())


def stop_editing(session):
    for layer in session.layers.values():
        if layer.isEditable():
            session.save(layer)


@pytest.mark.parametrize(
    ("disturb", "reason"),
    first_daily(
        [
            (change_value, "改动"),
            (remove_layer, "不在工程中"),
            (delete_feature, "删除"),
            (set_filter, "过滤"),
            (stop_editing, "编辑状态"),
            (lambda session: session["CZKFBJ"].beginEditCommand("other tool"), "其他工具"),
        ],
        2,
    ),
    ids=["changed", "removed", "deleted", "filtered", "not-editable", "other-tool"],
)
def test_fix_is_refused_if_its_layer_changed_since_the_trial(chinese, plain_session, disturb, reason):
    order = make_order(run_trial(plain_session, make_choices_trial(overlap_farmland(plain_session), {}))[0])
    layers, norm, log = plain_session.live.get_layer_by_role(), get_norm(plain_session), make_log(plain_session)
    disturb(plain_session)
    before = read_all_features(plain_session)
    with pytest.raises(ApplyRefused, match=reason):
        apply_order(order, layers, norm, log)
    assert read_all_features(plain_session) == before and not log.path.exists()
    for layer in plain_session.layers.values():
        if layer.isEditCommandActive():
            layer.destroyEditCommand()


def test_fix_of_a_sealed_layer_without_a_document_is_refused(chinese, plain_session):
    plain_session.edit()
    order = make_order_of_two_layers(plain_session)
    order.documents = {}
    before = read_all_features(plain_session)
    with pytest.raises(ApplyRefused, match="DLTB"):
        apply_fix_order(plain_session, order)
    assert read_all_features(plain_session) == before


def test_fix_with_an_unrelated_file_as_change_log_leaves_all_layers_unchanged(edit_session, monkeypatch):
    order = make_order(run_trial(edit_session, make_choices_trial(overlap_farmland(edit_session), {}))[0])
    before, index = read_all_features(edit_session), edit_session["CZKFBJ"].undoStack().index()
    make_log(edit_session).path.write_text("别的表\n1,2\n", encoding="utf-8")
    with pytest.raises(OutputError):
        apply_fix_order(edit_session, order)
    assert read_all_features(edit_session) == before
    assert edit_session["CZKFBJ"].undoStack().index() == index
    assert make_log(edit_session).path.read_text(encoding="utf-8") == "别的表\n1,2\n"


def test_fix_with_a_value_unsuitable_for_its_field_leaves_all_layers_unchanged(chinese, edit_session):
    edit_session.edit()
    order = make_order_of_two_layers(edit_session)
    order.edits.rows[2] = RowEdit("DLTB", 1, attributes={"TBMJ": "不是数"})
    before = read_all_features(edit_session)
    with pytest.raises(ApplyRefused, match="TBMJ"):
        apply_fix_order(edit_session, order)
    assert read_all_features(edit_session) == before


def test_date_of_a_fix_begins_the_day_in_a_field_of_date_and_time(qgis_app):
    layer = QgsVectorLayer("None?field=BGSJ:date&field=GXSJ:datetime", "x", "memory")
    layer.startEditing()
    layer.addFeature(QgsFeature(layer.fields(), 1))
    (fid,) = layer.allFeatureIds()
    values = {"BGSJ": datetime.date(2026, 11, 22), "GXSJ": pd.Timestamp(2026, 11, 22, 9, 30)}
    for field in layer.fields():
        value = commands._convert_to_field_value(field, values[field.name()], layer)
        assert layer.changeAttributeValue(fid, layer.fields().lookupField(field.name()), value)
    day = QDate(2026, 11, 22)
    assert layer.getFeature(fid).attributes() == [day, QDateTime(day, QTime(0, 0))]


def test_layers_of_a_fix_switch_to_edit_mode_all_or_none(plain_session, monkeypatch):
    boundary, parcels = plain_session["CZKFBJ"], plain_session["DLTB"]
    parcels.setReadOnly(True)
    with pytest.raises(ApplyRefused):
        run_to_end(start_editing([boundary, parcels]))
    assert not boundary.isEditable()
    parcels.setReadOnly(False)
    run_to_end(start_editing([boundary, parcels]))
    assert boundary.isEditable() and parcels.isEditable()


def test_edit_during_the_trial_of_a_fix_cancels_the_trial_and_is_checked(plain_session, monkeypatch):
    finding = overlap_farmland(plain_session)
    began, answers = [], []

    def work(checked, options, session, progress, cancellation):
        began.append(1)
        while True:
            cancellation.raise_if_cancelled()

    plain_session.live.run_trial("trial", work, answers.append, answers.append, lambda: answers.append("cancelled"))
    assert wait_until(lambda: began)
    assert plain_session["CZKFBJ"].changeGeometry(1, make_rectangle(2000, 200))
    assert wait_until(lambda: answers) and answers == ["cancelled"]
    assert "REL002" not in plain_session.compare_with_fresh_check()
    assert finding not in plain_session.findings


def test_end_of_the_live_check_cancels_the_trial_of_a_fix(plain_session):
    finding = overlap_farmland(plain_session)
    answers = []
    plain_session.live.run_trial(
        "trial", make_choices_trial(finding, {}), answers.append, answers.append, lambda: answers.append("cancelled")
    )
    plain_session.live.stop()
    assert wait_until(lambda: answers)
    assert len(answers) == 1
    process_events(0.05)


def test_fix_batch_is_one_undo_command_on_each_layer(edit_session):
    edit_session.edit()
    boundary = edit_session["CZKFBJ"]
    assert boundary.changeGeometry(1, make_rectangle(99.96, 200, 300))
    assert boundary.changeAttributeValue(1, boundary.fields().lookupField("BSM"), None)
    assert {"REL002", "ATT001"} & edit_session.compare_with_fresh_check() or edit_session.findings
    before, index = read_all_features(edit_session), boundary.undoStack().index()
    trial = run_trial(edit_session, make_batch_trial(edit_session.findings, safe_only=True))
    proposals = trial.result.applied
    assert proposals, [(e.finding.code, e.refusal) for e in trial.result.entries]
    from plugin.core.fixes.applied_edits import merge_edits

    order = FixOrder(proposals, merge_edits(one.edits for one in proposals), trial.rows_before, "批量修复")
    step = apply_fix_order(edit_session, order)
    changed = {name for (name, _fid), row in read_all_features(edit_session).items() if before.get((name, _fid)) != row}
    assert changed == set(order.edits.roles)
    assert boundary.undoStack().index() == index + (1 if "CZKFBJ" in order.edits.roles else 0)
    edit_session.compare_with_fresh_check()
    assert step.undo() and read_all_features(edit_session) == before


def try_fixes_of_a_window(session):
    """Draw the boundary around farmland; return the fixes of the overlap."""
    session.edit()
    assert session["CZKFBJ"].changeGeometry(1, make_rectangle(-50, 150, 200, 200))
    session.compare_with_fresh_check()
    finding = next(one for one in session.findings if one.code == "REL002")
    return run_trial(session, make_choices_trial(finding, {}))


def test_boundary_window_cut_by_a_fix_is_registered_and_its_undo_withdraws_it(plain_session):
    choices = try_fixes_of_a_window(plain_session)
    choice = next(one for one in choices if one.proposal is not None and one.proposal.edits.case == "window")
    order = make_order(choice)
    apply_fix_order(plain_session, order)
    register = make_log(plain_session).path.with_name("小县.windows.csv")
    options = RunOptions(profile="hunyuan", rules=("TOP009",))

    def read_register():
        with register.open(encoding="utf-8-sig", newline="") as handle:
            return list(csv.DictReader(handle))

    def list_messages():
        shots = [take_snapshot(layer) for layer in plain_session.layers.values()]
        return [one.message for one in check_project_or_folder(shots, options).report.findings if one.code == "TOP009"]

    (row,) = read_register()
    assert (row["状态"], row["登记人"], row["步骤"]) == ("登记", "王工", order.number)
    assert float(row["面积（m²）"]) == pytest.approx(10_000, rel=1e-3)
    assert row["登记时间"] in list_messages()[0]
    make_log(plain_session).append_action(order, LogAction.UNDONE)
    assert [row["状态"] for row in read_register()] == ["登记", "撤销"]
    assert "未登记" in list_messages()[0]


def test_fix_with_an_unrelated_file_as_window_register_leaves_all_layers_unchanged(plain_session):
    choices = try_fixes_of_a_window(plain_session)
    before, log = read_all_features(plain_session), make_log(plain_session).path
    log.with_name("小县.windows.csv").write_text("别的表\n1,2\n", encoding="utf-8")
    with pytest.raises(OutputError):
        apply_fix_order(plain_session, make_order(choices[0]))
    assert read_all_features(plain_session) == before and not log.exists()
