# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: mend the errors of the sample county by mouse and keyboard, and count the actions."""

from collections import Counter

from gui_driver import FACTS, click, open_sample, press_key, run_check, run_tour, save_picture, wait, wait_seconds
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

#: More rounds than there are errors: each is tried once, and each fix may bring another one.
MOST_ROUNDS = 90


def run_half_hour_steps():
    controller = open_sample()
    window = iface.mainWindow()
    window.resizeDocks(
        [window.findChild(QDockWidget, "Layers"), controller.dock], [200, 430], Qt.Orientation.Horizontal
    )
    run_check(controller)
    FACTS["errors_before"] = len(list_errors(controller))
    actions = Counter()
    FACTS["ended_by_batch"] = fix_safe_errors_in_a_batch(controller, actions)
    save_picture("half-hour-1-batch")
    FACTS["ended_one_by_one"], FACTS["refused"] = fix_remaining_errors_one_by_one(controller, actions)
    save_picture("half-hour-2-left")
    FACTS["actions"] = dict(actions)
    live = describe_errors(controller)
    iface.messageBar().clearWidgets()
    run_check(controller)
    wait_seconds(1.0)
    whole = describe_errors(controller)
    FACTS["only_live"], FACTS["only_whole"] = sorted(live - whole), sorted(whole - live)
    FACTS["left"] = sorted(rule for rule, _keys in whole)
    save_picture("half-hour-3-checked")
    for layer in list(controller.editing.live.get_layer_by_role().values()):
        if layer.isEditable():
            layer.rollBack()
    wait_seconds(0.5)


def list_errors(controller):
    return [f for f in controller.dock.result.findings if str(f.severity) == "ERROR" and f.state == "open"]


def describe_errors(controller):
    """Return rule and keys of each error; the sums of a layer have no key."""
    return {(f.code, ";".join([f.role, f.key, *sorted(f.related_keys)])) for f in list_errors(controller)}


def wait_for_live_check(controller):
    wait(lambda: controller.editing.live is not None and controller.editing.live.is_idle, 60)
    wait_seconds(0.3)


def fix_safe_errors_in_a_batch(controller, actions):
    """Apply the safe fixes of all findings: select all, press the button, apply."""
    before = len(list_errors(controller))
    tree = controller.dock.tree
    tree.setFocus()
    tree.selectAll()
    wait_seconds(0.5)
    click(controller.dock.navigation.fix)
    assert wait(lambda: controller.fixes.many.dialog is not None, 30), "the batch did not open"
    wait(lambda: not controller.fixes.many.trial.is_running, 180)
    wait_seconds(0.5)
    click(controller.fixes.many.dialog.apply)
    wait(lambda: controller.fixes.many.dialog is None, 180)
    wait_for_live_check(controller)
    actions["batch"] += 3
    return before - len(list_errors(controller))


def fix_remaining_errors_one_by_one(controller, actions):
    """Open the fix of each error with F and apply the recommended way; return the number mended, and the reasons."""
    tried, refused, mended = set(), Counter(), 0
    for _round in range(MOST_ROUNDS):
        finding = next((f for f in list_errors(controller) if f.fingerprint not in tried), None)
        if finding is None:
            break
        tried.add(finding.fingerprint)
        before = len(list_errors(controller))
        tree = controller.dock.tree
        tree.clearSelection()
        tree.select_finding(finding)
        tree.setFocus()
        wait_seconds(0.5)
        is_fixable = controller.dock.navigation.fix.isEnabled()
        press_key("f")
        if not is_fixable:
            assert wait(controller.dock.note.text, 5), f"no reason why {finding.code} has no fix"
            refused[finding.code] += 1
            continue
        assert wait(lambda: controller.fixes.one.dialog is not None, 5), f"no preview of {finding.code}"
        wait(lambda: not controller.fixes.one.trial.is_running, 60)
        wait_seconds(0.3)
        dialog = controller.fixes.one.dialog
        if dialog.apply.isEnabled():
            click(dialog.apply)
            wait(lambda: controller.fixes.one.dialog is None, 30)
            wait_for_live_check(controller)
            iface.messageBar().clearWidgets()
            # One click selects the finding, one key opens the preview, one click applies it.
            actions["select"] += 1
            actions["key"] += 1
            actions["apply"] += 1
            mended += before - len(list_errors(controller))
        else:
            refused[finding.code] += 1
            press_key("Escape")
            wait(lambda: controller.fixes.one.dialog is None, 10)
    return mended, dict(refused)


run_tour(run_half_hour_steps)
