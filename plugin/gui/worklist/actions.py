# SPDX-License-Identifier: GPL-2.0-or-later
"""Actions on the work list in the findings panel: set states, assign, note, split, merge, conflicts, ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import get_file_path
from ...bridge.project.saved_paths import find_path_next_to_layers
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import join_first_names, tr
from ...core.render.worklist.worklist_row import (
    WORKLIST_SUFFIX,
    WorkEdit,
    WorkItem,
    WorkState,
    edit_items,
    read_part,
)
from ..findings.dock import FindingsDock
from ..findings.groups import get_work_state_word
from ..widgets import (
    FocusedButtonDialog,
    add_menu_entry,
    fill_layout,
    make_close_button,
    messages,
    resize_within_screen,
    show_menu,
    theme,
)
from .store import WorklistStore

#: States that a person may set; 豁免 follows the waivers.
_CHOSEN_STATES = (WorkState.OPEN, WorkState.FIXED, WorkState.FALSE_ALARM)
#: More rows are edited in another thread, and shown when they are written.
_MAX_ROWS_EDITED_AT_ONCE = 2_000
#: Townships of the filter that the menu names.
_MAX_NAMES_IN_MENU = 2
#: Steps of edits that can be undone.
_MAX_UNDO_STEPS = 50


class ConflictsDialog(FocusedButtonDialog):
    """Lists each row in conflict with its versions, one below the other, with a button 采用 on each.

    Until one is chosen, the version of the list counts. ``choose``: takes a version of the row with a fingerprint, by
    the number of the other version, None for the listed row.
    """

    def __init__(self, choose: Callable[[str, int | None], None], parent=None):
        super().__init__(parent, windowTitle=tr("Changed on Both Sides"))
        self._choose = choose
        self.table = QTreeWidget()
        self.table.setHeaderLabels(
            [tr("Finding / version"), tr("State"), tr("Assignee"), tr("Note"), tr("Updated"), ""]
        )
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        hint = QLabel(
            tr("Two people changed these rows to different values. Until you choose, this list counts."), wordWrap=True
        )
        fill_layout(QVBoxLayout(self), hint, (self.table, 1), make_close_button(self))
        digit = self.fontMetrics().horizontalAdvance("0")
        resize_within_screen(self, 110 * digit, 28 * self.fontMetrics().height())

    def show_conflicts(self, conflicts: Mapping[str, list[Any]]) -> None:
        """Show the rows in conflict; close the dialog if all are chosen."""
        if not conflicts and self.table.topLevelItemCount():
            self.close()
        self.table.clear()
        for fingerprint, versions in conflicts.items():
            listed = versions[0].listed
            row = QTreeWidgetItem([listed.name])
            self.table.addTopLevelItem(row)
            row.setFirstColumnSpanned(True)
            row.setExpanded(True)
            self._add_version(row, fingerprint, None, tr("This list"), listed)
            for number, conflict in enumerate(versions):
                self._add_version(row, fingerprint, number, conflict.source, conflict.other)

    def _add_version(self, row: QTreeWidgetItem, fingerprint: str, number: int | None, source: str, item: Any) -> None:
        updated = " ".join(filter(None, (item.updated, item.by)))
        version = QTreeWidgetItem(
            [source, get_work_state_word(item.state.name), item.assignee, " ".join(item.note.split()), updated]
        )
        version.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        version.setToolTip(3, theme.make_plain_tip(item.note))
        row.addChild(version)
        button = QPushButton(
            tr("Use"),
            objectName="SanxianUseVersion",
            toolTip=tr("Use {source}").format(source=source),
            clicked=lambda: self._choose(fingerprint, number),
        )
        self.table.setItemWidget(version, self.table.columnCount() - 1, button)


class WorklistActions(QObject):
    """Connects the work list with the findings panel.

    ``has_current_result``: returns True if the displayed result is of the open project. The list begins with the first
    edit, or by the menu; from then on each check updates it.
    """

    def __init__(
        self,
        dock: FindingsDock,
        runner: JobRunner,
        has_current_result: Callable[[], bool],
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._dock, self._runner, self._has_current_result = dock, runner, has_current_result
        self.store = WorklistStore(runner, self)
        self._undo_steps: list[list[WorkItem]] = []
        #: List → the folder that its parts were written to, where they are likely to come back.
        self._parts_folders: dict[Path | None, str] = {}
        self.conflicts_dialog: ConflictsDialog | None = None
        for signal, slot in (
            (self.store.changed, self._show_rows),
            (self.store.reported, lambda lines: dock.show_note("\n".join(lines))),
            (self.store.failed, self._on_failed),
            (dock.tree.workKeyPressed, self._on_key),
            (dock.tree.undoRequested, self.undo),
            (dock.work_progress.conflictsRequested, self.show_conflicts),
        ):
            signal.connect(slot)
        self._menu = QMenu(dock)
        self._menu.aboutToShow.connect(self._fill_menu)
        dock.worklist_button.setMenu(self._menu)

    def stop(self) -> None:
        """Write what waits, and ignore everything that follows."""
        self.store.blockSignals(True)
        self.store.close()
        self._close_dialog()

    # --- the result
    def open_for_result(self, *, updates: bool) -> None:
        """Read the list of the displayed result, if there is one.

        ``updates``: the result is of a check that just ended, so the list follows it.
        """
        self._undo_steps.clear()
        self._close_dialog()
        result = self._dock.result
        path = None
        if result is not None and self._has_current_result():
            project = QgsProject.instance()
            files = map(get_file_path, role_recognition.list_plan_layers(project))
            path = find_path_next_to_layers(project, files, WORKLIST_SUFFIX)
        self._dock.worklist_button.setVisible(path is not None)
        self.store.open(path, result.report if result is not None else None, updates)

    def begin(self) -> None:
        """Create the list of the displayed findings, without those that edits since the check have ended."""
        result = self._dock.result
        self.store.update(replace(result.report, findings=list(result.findings)))

    def _show_rows(self) -> None:
        self._dock.set_work(self.store.rows)
        if self.conflicts_dialog is not None:
            self.conflicts_dialog.show_conflicts(self.store.conflicts)

    def _on_failed(self, error: Exception) -> None:
        count = self.store.unwritten_count
        text = messages.explain_and_log(error, tr("The work list failed ({error}). Details are in the log."))
        if count:
            text = tr("{first} {second}").format(
                first=text,
                second=tr("Changed rows not written yet: {count}. The next change, or “Retry”, writes them.").format(
                    count=count
                ),
            )
        self._dock.show_note(text)

    # --- edits
    def edit_selected(self, edit: WorkEdit) -> None:
        """Change the rows of the selected findings, and write them in the background."""
        if not self._dock.worklist_button.isVisibleTo(self._dock):
            return
        rows, findings = self.store.rows, self._dock.tree.list_selected_findings()
        if len(findings) > _MAX_ROWS_EDITED_AT_ONCE:
            if not self.store.is_in_use:
                self.begin()
            names = [finding.fingerprint for finding in findings]
            self.store.edit_many(names, edit, self._get_person(), self._remember_step)
            return
        items = [self._get_item(rows, finding) for finding in findings]
        if edit.state is not None:
            items = [item for item in items if item.state is not WorkState.WAIVED]
            if not items:
                self._dock.show_note(tr("“Waived” follows the waivers. Withdraw the waiver to change the state."))
                return
        changed_items = edit_items(items, edit, self._get_person(), datetime.now())
        if not changed_items:
            return
        former_items = {item.fingerprint: item for item in items}
        self._remember_step([former_items[item.fingerprint] for item in changed_items])
        if not self.store.is_in_use:
            # The list has all findings of the result from its first day.
            self.begin()
        self.store.edit(changed_items, former_items)

    def _remember_step(self, former_items: list[WorkItem]) -> None:
        """Remember rows as they were before an edit, for its undo."""
        self._undo_steps.append(former_items)
        del self._undo_steps[:-_MAX_UNDO_STEPS]
        self._dock.tree.leaves_undo_to_qgis = False

    def undo(self) -> None:
        """Take the last edit back."""
        if not self._undo_steps:
            self._dock.show_note(tr("There is no change of the work list to undo."))
            return
        former_items, present = self._undo_steps.pop(), self.store.rows.items
        restored_items = []
        for former in former_items:
            edit = WorkEdit(former.state, former.assignee, former.note)
            item = present.get(former.fingerprint, former)
            if item.state is not WorkState.WAIVED:
                restored_items += edit_items([item], edit, self._get_person(), datetime.now())
        self.store.edit(restored_items, {i.fingerprint: present.get(i.fingerprint, i) for i in former_items})

    @staticmethod
    def _get_item(rows: Any, finding: Any) -> WorkItem:
        """Return the row of a finding, a new one if the list has none."""
        item = rows.get_item(finding)
        if item is None:
            item = WorkItem(
                finding.fingerprint,
                finding.code,
                finding.role,
                finding.key,
                finding.township,
                WorkState.WAIVED if finding.state == "waived" else WorkState.OPEN,
                related_role=finding.related_role,
            )
        return item

    @staticmethod
    def _get_person() -> str:
        """Return the name that is stored with changes: as set, else that of the user's account."""
        return str(settings.read_setting(settings.WORKLIST_PERSON, "")) or QgsApplication.userFullName()

    def _on_key(self, action: str) -> None:
        if action == "state":
            menu, tree = self._make_state_menu(QMenu(self._dock)), self._dock.tree
            show_menu(menu, tree.viewport().mapToGlobal(tree.visualRect(tree.currentIndex()).bottomLeft()))
        elif action == "assign":
            self.ask_assignee()
        else:
            self.ask_note()

    def ask_assignee(self) -> None:
        """Ask for the person to whom the selected findings are assigned."""
        findings = self._dock.tree.list_selected_findings()
        if not findings:
            return
        rows = self.store.rows
        names = ["", *sorted({item.assignee for item in rows.items.values() if item.assignee})]
        present = rows.get_assignee(findings[0])
        label = tr("Person or team for {count} findings (empty: not assigned)").format(count=len(findings))
        name, is_accepted = QInputDialog.getItem(
            self._dock, tr("Assign"), label, names, names.index(present) if present in names else 0, True
        )
        if is_accepted:
            self.edit_selected(WorkEdit(assignee=name))
            text = tr("{count} findings assigned to {name}.") if name else tr("{count} findings have no assignee now.")
            self._dock.show_note(text.format(count=len(findings), name=name))

    def ask_note(self) -> None:
        """Ask for the note on the selected findings."""
        findings = self._dock.tree.list_selected_findings()
        if not findings:
            return
        label = tr("Note on {count} findings").format(count=len(findings))
        present = self.store.rows.get_note(findings[0])
        text, is_accepted = QInputDialog.getMultiLineText(self._dock, tr("Note"), label, present)
        if is_accepted:
            self.edit_selected(WorkEdit(note=text))

    # --- menus
    def _make_state_menu(self, menu: QMenu) -> QMenu:
        for number, state in enumerate(_CHOSEN_STATES, 1):
            text = f"&{number}  {get_work_state_word(state.name)}"
            add_menu_entry(menu, text, partial(self.edit_selected, WorkEdit(state=state)))
        return menu

    def add_to_context_menu(self, menu: QMenu) -> None:
        """Add the actions on the selected findings to the context menu of the list."""
        if not self._dock.worklist_button.isVisibleTo(self._dock):
            return
        findings = self._dock.tree.list_selected_findings()
        menu.addSeparator()
        states = self._make_state_menu(menu.addMenu(tr("Set State (S)")))
        states.setEnabled(any(f.state != "waived" for f in findings))
        for text, action in ((tr("Assign… (A)"), self.ask_assignee), (tr("Note… (E)"), self.ask_note)):
            add_menu_entry(menu, text, action, is_enabled=bool(findings))
        # The versions of one row in conflict.
        fingerprint = findings[0].fingerprint if len(findings) == 1 else ""
        if fingerprint in self.store.conflicts:
            versions = enumerate(conflict.source for conflict in self.store.conflicts[fingerprint])
            for number, source in [(None, tr("this list")), *versions]:
                text = tr("Use {source}").format(source=source)
                add_menu_entry(menu, text, partial(self.store.choose, fingerprint, number))

    def _fill_menu(self) -> None:
        menu, is_in_use = self._menu, self.store.is_in_use
        menu.clear()
        if not is_in_use:
            add_menu_entry(menu, tr("Begin Work List"), self.begin)
            return
        townships = self._dock.filters.chosen_townships
        of_townships = tr("Split by Township…")
        if townships:
            shown_names = join_first_names(sorted(name or tr("No township") for name in townships), _MAX_NAMES_IN_MENU)
            of_townships = tr("Split by Township: {names}…").format(names=shown_names)
        for text, action, is_enabled in (
            (tr("Next Open"), self._dock.step_to_open, True),
            (tr("Undo Change of List (Ctrl+Z)"), self.undo, bool(self._undo_steps)),
            (tr("Resolve Conflicts…"), self.show_conflicts, bool(self.store.conflicts)),
            (of_townships, partial(self.split, "township", townships), True),
            (tr("Split by Assignee…"), partial(self.split, "assignee"), True),
            (tr("Merge…"), self.merge, True),
            (tr("Read Ledger…"), self.read_ledger, True),
            (tr("Read List Again"), self.store.reload, True),
            (tr("Retry"), self.store.reload, self.store.unwritten_count > 0),
            (tr("Name for Changes…"), self.ask_person, True),
        ):
            add_menu_entry(menu, text, action, is_enabled=is_enabled)

    def ask_person(self) -> None:
        """Ask for the name that is stored with changes of the list."""
        name, is_accepted = QInputDialog.getText(
            self._dock, tr("Work List"), tr("Name that is stored with your changes"), text=self._get_person()
        )
        if is_accepted:
            settings.store_setting(settings.WORKLIST_PERSON, name.strip())

    # --- parts and ledgers
    def split(self, column: str, names: frozenset[str] = frozenset()) -> None:
        """Ask for a folder, and write a part of the list for each township or person, or for the named ones."""
        folder = QFileDialog.getExistingDirectory(self._dock, tr("Folder for the Parts"), self._get_folder())
        if not folder:
            return
        from ...core.render.worklist.merge import split_worklist

        path = self.store.path
        self._parts_folders[path] = folder

        def report(parts: list[Any]) -> None:
            names = tr(", ").join(f"{part.name} {part.count}" for part in parts)
            self._dock.show_note(
                tr("{count} parts written to {folder}: {names}").format(
                    count=len(parts), folder=Path(folder).name, names=names
                )
            )

        self._runner.start(
            BackgroundJob(
                tr("Work list"),
                lambda _progress, _cancellation: split_worklist(path, column, folder, names),
                on_done=report,
                on_error=self._on_failed,
                is_hidden=True,
            )
        )

    def merge(self) -> None:
        """Ask for parts of the list, and merge them."""
        paths, _ = QFileDialog.getOpenFileNames(
            self._dock,
            tr("Parts to Merge"),
            self._parts_folders.get(self.store.path) or self._get_folder(),
            tr("Work list (*.worklist.xlsx *.xlsx *.csv)"),
        )
        for path in paths:
            self.merge_part(path)

    def merge_part(self, path: str) -> None:
        """Merge a part of the list."""
        self.store.merge(Path(path).name, lambda: read_part(path), is_ledger=False)

    def read_ledger(self) -> None:
        """Ask for a ledger that was filled in, and take its states, assignees and notes."""
        path, _ = QFileDialog.getOpenFileName(
            self._dock, tr("Findings Ledger"), self._get_folder(), tr("Excel (*.xlsx)")
        )
        if path:
            self.merge_ledger(path)

    def merge_ledger(self, path: str) -> None:
        """Take states, assignees and notes from a ledger."""
        from ...core.render.document.ledger import read_ledger

        person = self._get_person()
        self.store.merge(Path(path).name, lambda: read_ledger(path, datetime.now(), person), is_ledger=True)

    def _get_folder(self) -> str:
        return QgsProject.instance().homePath() or (str(self.store.path.parent) if self.store.path else "")

    def show_conflicts(self) -> None:
        """Show the rows that two people changed, with all versions."""
        if self.conflicts_dialog is None:
            self.conflicts_dialog = ConflictsDialog(self.store.choose, self._dock.window())
            self.conflicts_dialog.finished.connect(self._close_dialog)
        self.conflicts_dialog.show_conflicts(self.store.conflicts)
        self.conflicts_dialog.show()
        self.conflicts_dialog.raise_()

    def _close_dialog(self, *_result: int) -> None:
        dialog, self.conflicts_dialog = self.conflicts_dialog, None
        if dialog is not None:
            dialog.close()
            dialog.deleteLater()
