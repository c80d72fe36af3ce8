# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: edit a large county for hours; record memory, handles, threads, pauses, and what live checks miss.

`soak_run.py` makes the county and reads the records.
"""

import ctypes
import json
import os
import random
import sys
import time
from functools import partial
from pathlib import Path

from gui_driver import FACTS, FOLDER, list_dialogs, open_sample, run_check, run_tour, wait, wait_seconds
from pause_monitor import PauseMonitor
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsVectorLayerUtils
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface

COUNTY, SECONDS = Path(os.environ["SANXIAN_SOAK_COUNTY"]), 60 * float(os.environ["SANXIAN_SOAK_MINUTES"])
EDITED_ROLES = ("CZKFBJ", "YJJBNTBHTB", "STBHHX", "YDYHGHFQ", "DLTB")
#: Seconds between two whole checks; rounds of edits between two fixes, and between two saves.
CHECK_SECONDS, FIX_ROUNDS, SAVE_ROUNDS = 600, 5, 12
#: What a round does, moves more often; each one of some rounds is undone.
ACTIONS, UNDO_ROUNDS = ("move", "move", "move", "draw", "delete", "attribute"), 3
#: A layer with fewer features loses none.
MIN_FEATURES = 20
#: Metres by which a vertex moves, and the size of a drawn square.
STEP, SIDE = 5.0, 40.0


def open_county():
    from sanxian.plugin.gui import desktop_controller

    desktop_controller.sample.copy_sample = lambda: COUNTY
    return open_sample()


class _CLibraryMemory(ctypes.Structure):
    """`mallinfo2` of the C library: ``uordblks`` and ``hblkhd`` are bytes in use."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def count_memory_in_use():
    """Return megabytes that programs got from the C library and did not return, and the number of Python's blocks."""
    read = ctypes.CDLL(None).mallinfo2
    read.restype = _CLibraryMemory
    memory = read()
    return {"in_use_mb": round((memory.uordblks + memory.hblkhd) / 1e6, 1), "blocks": sys.getallocatedblocks()}


def count_resources():
    """Return resident megabytes, open files and threads of QGIS, and what of the memory is in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    handles, threads = (len(list(Path("/proc/self", name).iterdir())) for name in ("fd", "task"))
    return {
        "memory_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "handles": handles,
        "threads": threads,
        **count_memory_in_use(),
    }


def note(kind, **values):
    """Append a record to the file of the run."""
    with (FOLDER / "soak.jsonl").open("a", encoding="utf-8") as file:
        row = {"kind": kind, "seconds": round(time.monotonic() - BEGAN, 1), **count_resources(), **values}
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def get_layers(controller):
    layers = controller.editing.live.get_layer_by_role()
    return {role: layers[role] for role in EDITED_ROLES if role in layers}


def is_settled(controller):
    live = controller.editing.live
    return not controller.is_check_running and (controller.editing.is_outdated or (live is not None and live.is_idle))


def settle(controller):
    """Wait for the live check. After a change of very many features, it asks for a check of all."""
    wait_seconds(0.6)
    assert wait(lambda: is_settled(controller), 300), "the live check does not end"
    if controller.editing.is_outdated:
        note("outdated")
        run_check(controller)
        assert wait(lambda: is_settled(controller), 300), "the live check does not end"


def choose_edit(layer, chance):
    """Return the name of an edit of some feature, and the call that does it. QGIS makes the feature to draw before."""
    layer.startEditing()
    fids = FIDS.setdefault(layer.id(), layer.allFeatureIds())
    if not fids:
        return "none", lambda: True
    fid = chance.choice(fids)
    feature = layer.getFeature(fid)
    if not feature.isValid() or feature.geometry().isNull():
        return "none", lambda: True
    # Hours of edits would delete a line of a few features.
    can_lose_one = layer.featureCount() > MIN_FEATURES
    action = chance.choice([one for one in ACTIONS if one != "delete" or can_lose_one])
    if action == "move":
        vertex = feature.geometry().vertexAt(0)
        x, y = (value + chance.uniform(-STEP, STEP) for value in (vertex.x(), vertex.y()))
        return action, partial(layer.moveVertex, x, y, fid, 0)
    if action == "draw":
        point = feature.geometry().pointOnSurface().asPoint()
        shape = QgsGeometry.fromPointXY(point).buffer(SIDE, 1)
        drawn = QgsVectorLayerUtils.createFeature(layer, shape, dict(enumerate(feature.attributes()[1:], 1)))
        return action, partial(layer.addFeature, QgsFeature(drawn))
    if action == "delete":
        return action, partial(layer.deleteFeature, fid)
    index = layer.fields().indexOf("BZ")
    return action, partial(layer.changeAttributeValue, fid, index, f"第 {chance.randrange(1000)} 次")


def edit(layer, action, call):
    """Do an edit as one command; return its name, and whether QGIS refused it."""
    layer.beginEditCommand(action)
    is_done = call()
    layer.endEditCommand()
    return action if is_done else f"{action} refused"


def fix_once(controller, chance):
    """Preview the fix of a finding, apply it if it can be, and undo it every second time; return code and result."""
    findings = [one for one in controller.dock.result.findings if controller.dock.can_be_fixed(one)]
    if not findings:
        return "nothing to fix"
    chosen = chance.choice(findings)
    controller.fixes.preview_fixes(chosen)
    one = controller.fixes.one
    if not wait(lambda: one.dialog is not None and not one.trial.is_running, 60):
        return f"{chosen.code} no preview: {controller.dock.note.text()}"
    if not one.dialog.apply.isEnabled():
        one.dialog.reject()
        return f"{chosen.code} refused"
    one.dialog.apply.click()
    assert wait(lambda: one.dialog is None, 60)
    settle(controller)
    if chance.random() < 0.5:
        return f"{chosen.code} applied"
    buttons = [item.findChild(QPushButton, "SanxianUndoFix") for item in iface.messageBar().items()]
    next(filter(None, buttons)).click()
    settle(controller)
    return f"{chosen.code} undone"


def describe_findings(controller):
    """Return rule and keys of the findings that live checks follow: not of sums, and of rules on whole layers."""
    from sanxian.plugin.core.model.rule import load_all_rules

    rules, rows = load_all_rules(), controller.dock.result.findings
    followed = [row for row in rows if row.code in rules and rules[row.code].local]
    return {(row.code, row.role, row.key, *sorted(row.related_keys)) for row in followed}


def check_all(controller):
    """Check all afresh; note what the live check had otherwise."""
    live = describe_findings(controller)
    run_check(controller)
    settle(controller)
    whole = describe_findings(controller)
    note("check", findings=len(whole), only_live=sorted(live - whole)[:20], only_whole=sorted(whole - live)[:20])


def run_soak():
    chance, controller = random.Random(1), open_county()
    run_check(controller)
    settle(controller)
    note("opened", findings=len(controller.dock.result.findings))
    last_check, number = time.monotonic(), 0
    while time.monotonic() - BEGAN < SECONDS:
        number += 1
        layers = get_layers(controller)
        role = chance.choice(sorted(layers))
        chosen = choose_edit(layers[role], chance)
        with PauseMonitor() as pause:
            done = edit(layers[role], *chosen)
            settle(controller)
        note("edit", role=role, done=done, pause=round(pause.wall, 3), pause_cpu=round(pause.cpu, 3))
        if number % UNDO_ROUNDS == 0 and done in ACTIONS:
            layers[role].undoStack().undo()
            settle(controller)
        if number % FIX_ROUNDS == 0:
            with PauseMonitor() as pause:
                done = fix_once(controller, chance)
            note("fix", done=done, pause=round(pause.wall, 3), pause_cpu=round(pause.cpu, 3))
        if number % SAVE_ROUNDS == 0:
            with PauseMonitor() as pause:
                # Fixes edit further layers.
                edited = [one for one in controller.editing.live.get_layer_by_role().values() if one.isEditable()]
                saved = [layer.commitChanges() for layer in edited]
                settle(controller)
            FIDS.clear()
            note("save", saved=saved, pause=round(pause.wall, 3), pause_cpu=round(pause.cpu, 3))
        if time.monotonic() - last_check > CHECK_SECONDS:
            check_all(controller)
            last_check = time.monotonic()
        iface.messageBar().clearWidgets()
        for dialog in list_dialogs():
            note("dialog", title=dialog.windowTitle())
            dialog.reject()
    check_all(controller)
    FACTS["rounds"] = number
    for layer in get_layers(controller).values():
        layer.rollBack()
    QgsProject.instance().setDirty(False)


BEGAN, FIDS = time.monotonic(), {}
run_tour(run_soak)
