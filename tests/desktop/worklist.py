# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: begin a work list, set states by keys, merge a part with a conflict, group and filter."""

from pathlib import Path

from gui_driver import (
    FACTS,
    FOLDER,
    open_sample,
    press_key,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_seconds,
)
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication
from sanxian.plugin.core.worklist.file import change_worklist, read_worklist
from sanxian.plugin.core.worklist.merge import split_worklist
from sanxian.plugin.core.worklist.model import WorkEdit, WorkState, edit_items


def run_steps():
    from datetime import datetime

    from sanxian.plugin.bridge import settings
    from sanxian.plugin.gui.findings.groups import Grouping

    settings.store_setting("worklist_person", "王工")
    controller = open_sample()
    run_check(controller)
    dock, worklist = controller.dock, controller.worklist
    store = worklist.store
    FACTS["before"] = dock.worklist_button.isVisible() and not store.is_in_use
    worklist.begin()
    assert wait(lambda: store.is_in_use and not store.is_busy)
    path = store.path
    FACTS["path"] = path.name
    dock.group_by(Grouping.TOWNSHIP)
    wait_seconds(0.3)
    findings = dock.tree.findings.list_visible_findings()
    names = ("一组", "二组")
    for number, finding in enumerate(findings):
        dock.tree.select_finding(finding)
        if number % 3 < 2:
            worklist.edit_selected(WorkEdit(assignee=names[number % 2]))
        if number == 1:
            worklist.edit_selected(WorkEdit(state=WorkState.FALSE_ALARM, note="2024 年变更后已是旱地，附照片"))
        if number == 2:
            worklist.edit_selected(WorkEdit(state=WorkState.FIXED))
    dock.tree.select_finding(findings[0])
    worklist.edit_selected(WorkEdit(note="已约乡镇核实，周五复核"))
    wait(lambda: not store.is_busy and not store.unwritten_count)
    FACTS["states"] = sorted({str(item.state) for item in read_worklist(path).items.values()})
    # Another person works on a part; both change one row.
    parts = split_worklist(path, "assignee", FOLDER / "parts")
    part_path = next(part.path for part in parts if part.name == "一组")
    both = next(f for f in findings if store.rows.get_assignee(f) == "一组")

    def edit_part(part):
        item = part.items[both.fingerprint]
        return part.replace_items(edit_items([item], WorkEdit(note="图斑已批准占用"), "李工", datetime.now()))

    change_worklist(part_path, edit_part)
    dock.tree.select_finding(both)
    worklist.edit_selected(WorkEdit(note="退到沟渠边线"))
    wait(lambda: not store.is_busy and not store.unwritten_count)
    worklist.merge_part(str(part_path))
    assert wait(lambda: bool(store.conflicts))
    wait_seconds(0.5)
    FACTS["note"] = dock.note.text()
    save_picture("worklist-1-docked")
    dock.tree.setFocus()
    press_key("n")
    wait_seconds(0.5)
    FACTS["after_n"] = dock.tree.get_selected_finding() is not both
    worklist.show_conflicts()
    wait_seconds(0.5)
    save_picture("worklist-2-conflicts")
    worklist._close_dialog()
    dock.setFloating(True)
    dock.resize(1350, 700)
    dock.move(QPoint(100, 60))
    dock.group_by(Grouping.ASSIGNEE)
    dock.tree.expandAll()
    wait_seconds(0.8)
    save_picture("worklist-3-floating")

    def press_menu_key():
        QApplication.processEvents()
        save_picture("worklist-4-states")
        press_key("Escape")

    dock.tree.setFocus()
    QTimer.singleShot(700, press_menu_key)
    press_key("s")
    wait_seconds(1.2)
    FACTS["lines"] = len(Path(path).read_text(encoding="utf-8-sig").splitlines())


run_tour(run_steps)
