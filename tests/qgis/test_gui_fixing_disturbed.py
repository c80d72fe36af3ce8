# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers, project or other tools change in the middle of a preview or a batch of fixes: nothing is done by half."""

import sys
import traceback

import pytest
from qgis.core import Qgis
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel

from tests.parametrize import first_of_each_daily
from tests.qgis.live_helpers import make_rectangle, roll_back as roll_back_layer
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.test_gui_fixing import read_log
from tests.qgis.waiting import process_events, wait_until

KEYS = ("140225000050", "140225000051")
MODES = {
    "Disabled": Qgis.TransactionMode.Disabled,
    "AutomaticGroups": Qgis.TransactionMode.AutomaticGroups,
    "BufferedGroups": Qgis.TransactionMode.BufferedGroups,
}


def find_drawn_feature_id(layers):
    """Return the id of the drawn feature whose overlap is fixed."""
    return next(feature.id() for feature in layers["CZKFBJ"].getFeatures() if feature["BSM"] == KEYS[0])


def change_geometry(project, layers):
    assert layers["CZKFBJ"].changeGeometry(find_drawn_feature_id(layers), make_rectangle(60, 200))


def change_value(project, layers):
    boundary = layers["CZKFBJ"]
    assert boundary.changeAttributeValue(find_drawn_feature_id(layers), boundary.fields().lookupField("GHFQDM"), "420")


def delete_feature(project, layers):
    assert layers["CZKFBJ"].deleteFeature(find_drawn_feature_id(layers))


def undo_last_edit(project, layers):
    layers["CZKFBJ"].undoStack().undo()


def roll_back(project, layers):
    roll_back_layer(project, layers["CZKFBJ"])


def save_and_stop_editing(project, layers):
    if project.transactionMode() == Qgis.TransactionMode.BufferedGroups:
        assert project.commitChanges(True, layers["CZKFBJ"])[0]
    else:
        assert layers["CZKFBJ"].commitChanges()


def reload_layer(project, layers):
    layers["CZKFBJ"].reload()


def reload_provider(project, layers):
    layers["CZKFBJ"].dataProvider().reloadData()


def change_source(project, layers):
    roll_back(project, layers)
    layers["CZKFBJ"].setDataSource(layers["CZKFBJ"].source(), "CZKFBJ", "ogr")


def filter_layer(project, layers):
    roll_back(project, layers)
    assert layers["CZKFBJ"].setSubsetString("fid > 0")


def begin_command(project, layers):
    layers["CZKFBJ"].beginEditCommand("other tool")


def stop_buffered_editing(project, layers):
    """Stop editing as QGIS does before it removes layers; a group would go on editing without its layers."""
    if project.transactionMode() == Qgis.TransactionMode.BufferedGroups:
        roll_back(project, layers)


def remove_layer(project, layers):
    stop_buffered_editing(project, layers)
    project.removeMapLayer(layers.pop("CZKFBJ").id())


def remove_other_layer(project, layers):
    project.removeMapLayer(layers.pop("STBHHX").id())


def close_project(project, layers):
    stop_buffered_editing(project, layers)
    layers.clear()
    project.clear()


#: What disturbs, with a part of what the user reads after it.
DISTURBANCES = {
    change_geometry: "图层有改动，已重新试算",
    change_value: "图层有改动，已重新试算",
    delete_feature: "消除|图层有改动，已重新试算",
    undo_last_edit: "消除|图层有改动，已重新试算",
    roll_back: "消除|图层有改动，已重新试算",
    save_and_stop_editing: "图层有改动，已重新试算",
    reload_layer: "重新检查",
    reload_provider: "重新检查",
    change_source: "重新检查",
    filter_layer: "重新检查",
    begin_command: "其他工具",
    remove_layer: "移除图层，修复窗口已关闭，未应用任何修复",
    remove_other_layer: "移除图层，修复窗口已关闭，未应用任何修复",
    close_project: "工程已关闭，修复窗口随之关闭，未应用任何修复",
}
#: Those that end a trial in different ways, and those that transactions treat differently.
ENDS_OF_TRIALS = [change_geometry, roll_back, reload_provider, remove_layer, close_project]
ENDS_OF_TRANSACTIONS = [change_geometry, roll_back, save_and_stop_editing, remove_layer, close_project]
#: ``trial``: while the fixes are tried; ``shown``: when their result is displayed; ``applying``: after Apply of a batch.
CASES = [
    *(("Disabled", "preview-shown", one) for one in DISTURBANCES),
    *(
        ("Disabled", moment, one)
        for moment in ("batch-applying", "preview-trial", "batch-trial", "batch-shown")
        for one in ENDS_OF_TRIALS
    ),
    *(("Disabled", "batch-applying", one) for one in DISTURBANCES if one not in ENDS_OF_TRIALS),
    *(
        (mode, moment, one)
        for mode in ("AutomaticGroups", "BufferedGroups")
        for moment in ("preview-shown", "batch-applying")
        for one in ENDS_OF_TRANSACTIONS
    ),
]


@pytest.fixture
def slot_errors(monkeypatch, qgis_log):
    """Yield exceptions of slots; the log of QGIS must have no error of the plugin either."""
    found = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: found.append("".join(traceback.format_exception(*error))))
    yield found
    assert found == [] and [text for text in qgis_log if "Traceback" in text or "anxian" in text] == []


@pytest.fixture
def open_disturbed(open_controller, project, slot_errors):
    """Return a function that draws two overlaps in a transaction mode; it returns controller, layers and finding."""
    controller, layers = open_controller

    def prepare(mode):
        project.setTransactionMode(MODES[mode])
        check(controller)
        for key, y in zip(KEYS, (200, 0), strict=True):
            shape = make_rectangle(50, y)
            draw_feature_in_layer(layers["CZKFBJ"], shape, BSM=key, GHFQDM="410", GHFQMC="城镇集中建设区")
        wait_for_live_check(controller)
        return controller, layers, find_overlap_of(controller, KEYS[0])

    yield prepare
    controller.fixes.close_dialogs()
    for layer in layers.values():
        if layer.isEditCommandActive():
            layer.destroyEditCommand()
    if "CZKFBJ" in layers and layers["CZKFBJ"].isEditable():
        roll_back(project, layers)
    project.clear()
    project.setTransactionMode(Qgis.TransactionMode.Disabled)


def find_overlap_of(controller, key):
    findings = controller.dock.result.findings
    return next(one for one in findings if one.code == "REL002" and key in (one.key, *one.related_keys))


def read_rows(layers):
    return {
        (role, feature.id()): (bytes(feature.geometry().asWkb()), [repr(value) for value in feature.attributes()])
        for role, layer in layers.items()
        for feature in layer.getFeatures()
    }


def tick_all(dialog):
    """Display the preview of each row, and tick it, as a planner does."""
    for row in dialog.model.rows:
        index = dialog.model.find_index(row)
        dialog.table.setCurrentIndex(index)
        dialog.model.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert len(dialog.model.list_ticked()) >= 2


def open_at(controller, finding, moment):
    """Open preview or batch and go on to the moment; return the window."""
    window, _, place = moment.partition("-")
    overlaps = [find_overlap_of(controller, key) for key in KEYS]
    fixer = controller.fixes.one if window == "preview" else controller.fixes.many
    if window == "preview":
        controller.dock.tree.select_finding(finding)
        process_events(0.05)
        controller.fixes.preview_fixes(finding)
    else:
        controller.fixes.preview_batch(overlaps)
    assert fixer.trial.is_running
    if place != "trial":
        assert wait_until(lambda: not fixer.trial.is_running)
        if window == "batch":
            tick_all(fixer.dialog)
        assert fixer.dialog.apply.isEnabled()
    if place == "applying":
        fixer.dialog.apply.click()
        assert fixer.trial.is_running
    return fixer


def list_messages(controller, fixer):
    """Return what the user reads: status of the window, note of the panel, messages of the bar."""
    dialog = fixer.dialog
    bar = [label.text() for item in controller.iface.messageBar().items() for label in item.findChildren(QLabel)]
    bar += [item.text() for item in controller.iface.messageBar().items() if hasattr(item, "text")]
    return "\n".join([dialog.status.text() if dialog is not None else "", controller.dock.note.text(), *bar])


@pytest.mark.parametrize(
    ("mode", "moment", "disturb"),
    first_of_each_daily(CASES, lambda case: "batch" if case[1] == "batch-applying" else DISTURBANCES[case[2]]),
    ids=[f"{mode}-{moment}-{disturb.__name__}" for mode, moment, disturb in CASES],
)
def test_fix_disturbed_by_a_change_of_layers_or_project_writes_nothing_and_shows_a_message(
    open_disturbed, project, slot_errors, mode, moment, disturb
):
    controller, layers, finding = open_disturbed(mode)
    fixer = open_at(controller, finding, moment)
    disturb(project, layers)
    after_disturbance = read_rows(layers)
    if moment.endswith("shown") and fixer.dialog is not None:
        # The planner clicks before the window has followed.
        fixer.dialog.apply.click()
    process_events(0.1)
    assert wait_until(lambda: fixer.trial is None or not fixer.trial.is_running)
    if controller.editing.live is not None:
        wait_for_live_check(controller)
    assert read_rows(layers) == after_disturbance
    assert not layers or read_log(controller, layers) == []
    messages = list_messages(controller, fixer)
    words = DISTURBANCES[disturb]
    if fixer.dialog is not None and moment == "batch-applying" and disturb is not begin_command:
        words = "未应用任何修复"
    assert any(one in messages for one in words.split("|")), messages
    assert slot_errors == []
