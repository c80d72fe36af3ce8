# SPDX-License-Identifier: GPL-2.0-or-later
"""The message on new errors after saving, in every transaction mode."""

import pytest
from qgis.core import Qgis
from qgis.PyQt.QtWidgets import QDialog, QMessageBox, QPushButton

from tests.parametrize import first_daily
from tests.qgis.live_helpers import MODES, make_rectangle, roll_back
from tests.qgis.test_gui_editing import check, draw_feature_in_layer, wait_for_live_check
from tests.qgis.waiting import process_events, wait_until

TITLE = "已保存，有新错误"


@pytest.fixture(params=first_daily(MODES), ids=lambda mode: mode.name)
def editing(request, open_controller, project):
    """Yield controller and layers of a checked plan in a transaction mode."""
    controller, layers = open_controller
    project.setTransactionMode(request.param)
    check(controller)
    yield controller, layers
    for layer in layers.values():
        if layer.isEditable():
            roll_back(project, layer)
    project.clear()
    project.setTransactionMode(Qgis.TransactionMode.Disabled)


def save(project, layer, stop=True):
    if project.transactionMode() == Qgis.TransactionMode.BufferedGroups:
        saved, errors = project.commitChanges(stop, layer)
        assert saved, errors
    else:
        assert layer.commitChanges(stop), layer.commitErrors()


def wait_until_reported(controller):
    wait_for_live_check(controller)
    notices = controller.saving_notices
    assert wait_until(lambda: not notices._timer.isActive() and not notices._saved_roles)
    process_events(0.05)


def save_and_wait(controller, project, layer, stop=True):
    """Save the edits of a layer and wait for their report."""
    save(project, layer, stop)
    wait_until_reported(controller)


def list_messages(controller):
    return [item for item in controller.iface.messageBar().items() if item.title() == TITLE]


def list_texts(controller):
    return [item.text() for item in list_messages(controller)]


def rename_zone(layers):
    """Change a name, which no error concerns."""
    layer = layers["CZKFBJ"]
    layer.startEditing()
    layer.changeAttributeValue(1, layer.fields().lookupField("GHFQMC"), "某区")


def draw_overlap(layers, key="140225000000005000", y=200):
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, y), BSM=key, GHFQDM="410", GHFQMC="城镇集中建设区")


def test_new_errors_are_named_after_saving_in_every_transaction_mode(editing, project):
    controller, layers = editing
    before = {f.fingerprint for f in controller.dock.result.findings}
    draw_overlap(layers)
    wait_for_live_check(controller)
    assert list_texts(controller) == [], "nothing before saving"
    save_and_wait(controller, project, layers["CZKFBJ"])
    new = [f for f in controller.dock.result.findings if f.fingerprint not in before and str(f.severity) == "ERROR"]
    assert "REL002" in {f.code for f in new}
    (text,) = list_texts(controller)
    assert (
        f"新错误 {len(new)} 条" in text
        and "REL002" in text
        and "城镇开发边界”，要素" in text
        and "140225000000005000" in text
    )
    assert not layers["CZKFBJ"].isEditable() and layers["CZKFBJ"].featureCount() == 2, "nothing was blocked"


def test_button_opens_the_panel_with_only_the_new_errors(editing, project):
    controller, layers = editing
    dock = controller.dock
    draw_overlap(layers)
    save_and_wait(controller, project, layers["CZKFBJ"])
    dock.setUserVisible(False)
    all_errors = dock.verdict._counts["ERROR"]
    (message,) = list_messages(controller)
    (button,) = [one for one in message.findChildren(QPushButton) if one.text() == "列出新错误"]
    button.click()
    process_events(0.05)
    listed = dock.tree.findings.list_visible_findings()
    assert dock.isUserVisible() and 0 < len(listed) < all_errors
    assert all("140225000000005000" in (f.key, *f.related_keys) and str(f.severity) == "ERROR" for f in listed)
    assert dock.tree.get_selected_finding() in listed
    assert dock.filters.new_only.isVisible() and dock.filters.new_only.isChecked()
    dock.filters.new_only.setChecked(False)
    assert len(dock.tree.findings.list_visible_findings()) > len(listed)


def test_saving_without_new_errors_shows_nothing(editing, project):
    controller, layers = editing
    rename_zone(layers)
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert list_texts(controller) == []


def test_an_error_that_was_corrected_before_saving_is_not_named(editing, project):
    controller, layers = editing
    draw_overlap(layers)
    wait_for_live_check(controller)
    layers["CZKFBJ"].undoStack().undo()
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert list_texts(controller) == []


def test_discarded_edits_show_nothing(editing, project):
    controller, layers = editing
    draw_overlap(layers)
    wait_for_live_check(controller)
    roll_back(project, layers["CZKFBJ"])
    wait_until_reported(controller)
    assert list_texts(controller) == []


def test_autosave_asks_no_question_and_names_each_error_once(editing, project, monkeypatch):
    """Save without ending the editing, as programs that save by a timer do."""
    controller, layers = editing
    asked = []
    for name in ("exec", "open", "show"):
        monkeypatch.setattr(QDialog, name, lambda dialog, *_: asked.append(dialog))
    monkeypatch.setattr(QMessageBox, "question", lambda *_: asked.append(1))
    draw_overlap(layers)
    save_and_wait(controller, project, layers["CZKFBJ"], stop=False)
    assert len(list_texts(controller)) == 1
    controller.iface.messageBar().clearWidgets()
    save_and_wait(controller, project, layers["CZKFBJ"], stop=False)
    assert list_texts(controller) == [] and asked == []
    draw_overlap(layers, "140225000000005001", 0)
    save_and_wait(controller, project, layers["CZKFBJ"], stop=False)
    (text,) = list_texts(controller)
    assert "140225000000005001" in text


def test_a_check_between_edits_keeps_the_errors_before_editing(editing, project):
    controller, layers = editing
    draw_overlap(layers)
    wait_for_live_check(controller)
    check(controller)
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert "140225000000005000" in list_texts(controller)[0]


def test_a_check_after_saving_makes_its_errors_known(editing, project):
    controller, layers = editing
    controller.editing.set_enabled(False)
    draw_overlap(layers)
    save(project, layers["CZKFBJ"])
    process_events(0.3)
    assert list_texts(controller) == [], "while the live check is off, new errors are unknown"
    controller.editing.set_enabled(True)
    check(controller)
    rename_zone(layers)
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert list_texts(controller) == []


def test_edits_saved_before_they_were_rechecked_are_named_until_the_project_closes(editing, project):
    controller, layers = editing
    draw_overlap(layers)
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert "REL002" in list_texts(controller)[0]
    project.clear()
    process_events(0.1)
    assert list_texts(controller) == [] and controller.saving_notices._new_errors.known_fingerprints is None
    layers.clear()


def test_errors_between_an_unsaved_layer_and_another_are_named_when_that_layer_is_saved(open_controller, project):
    controller, layers = open_controller
    project.setTransactionMode(Qgis.TransactionMode.Disabled)
    check(controller)
    draw_overlap(layers)
    red_line = layers["STBHHX"]
    red_line.startEditing()
    red_line.changeAttributeValue(1, red_line.fields().lookupField("BSM"), "140225000000006000")
    wait_for_live_check(controller)
    save_and_wait(controller, project, red_line)
    assert not any("REL002" in text for text in list_texts(controller)), "the boundary is not saved"
    save_and_wait(controller, project, layers["CZKFBJ"])
    assert any("REL002" in text for text in list_texts(controller))
