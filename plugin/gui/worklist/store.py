# SPDX-License-Identifier: GPL-2.0-or-later
"""The work list of the displayed result: read, edited in memory at once, written in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...bridge import settings
from ...bridge.running.tasks import BackgroundJob, JobRunner, log_error
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.placeholders import join_first
from ...core.render.worklist.merge import WorkConflict, apply_edits, merge_part
from ...core.render.worklist.worklist_row import (
    WorkEdit,
    WorkItem,
    Worklist,
    WorkState,
    change_worklist,
    edit_items,
    find_key_table_of_worklist,
    read_worklist,
)
from ..findings.groups import WorkRows

#: Rows after a change, messages on what happened, and conflicts.
_Outcome = tuple[Worklist, list[str], list[WorkConflict]]
_Change = Callable[[Worklist], _Outcome]
#: Time for drawing a change of the list, before a thread works on its rows: the two would wait for each other, because
#: Python runs one thread at a time. Edits in quick succession are written together.
_DRAWING_TIME_MS = 300


class WorklistStore(QObject):
    """Keeps the rows of a work list that the panel shows, and the edits that are not written yet.

    One job at a time reads or writes the file. Signals: ``changed``: the rows are others; ``reported(lines)``: what a
    job did; ``failed(error)``: a job failed. Edits that could not be written stay, and are written with the next job.
    """

    changed = pyqtSignal()
    reported = pyqtSignal(list)
    failed = pyqtSignal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        self.path: Path | None = None
        #: The rows as they were read or written last.
        self._written = Worklist()
        #: Fingerprint → row with edits that are not written yet, and the row before these edits.
        self._edited: dict[str, WorkItem] = {}
        self._base: dict[str, WorkItem] = {}
        #: Fingerprint → versions of a row from other people.
        self.conflicts: dict[str, list[WorkConflict]] = {}
        #: Changes of the file that wait for the running job; None reads the file again.
        self._changes: list[_Change | None] = []
        #: Called when the changes that wait are written.
        self._callbacks: list[Callable[[], None]] = []
        self._job: BackgroundJob | None = None
        self._writing_timer = QTimer(self, singleShot=True, interval=_DRAWING_TIME_MS, timeout=self._start_next)
        #: True if the file exists, or the user asked for it.
        self.is_in_use = False

    @property
    def rows(self) -> WorkRows:
        """Return the rows as the panel shows them, with edits that are not written yet."""
        if not self.is_in_use:
            return WorkRows()
        items = {**self._written.items, **self._edited} if self._edited else self._written.items
        return WorkRows(items, self.conflicts)

    @property
    def is_busy(self) -> bool:
        """Return True while the file is read or written, or edits wait to be written."""
        return self._job is not None or self._writing_timer.isActive()

    @property
    def unwritten_count(self) -> int:
        """Return the number of rows with edits that are not written yet."""
        return len(self._edited)

    def open(self, path: Path | None, report: Any, updates: bool) -> None:
        """Read the list of another result, and update it by a report.

        ``path``: of the file; None without a place for one. ``updates``: False for the report of an earlier check.
        """
        self._stop_job()
        self.path, self._written = path, Worklist()
        self._edited, self._base, self.conflicts = {}, {}, {}
        self.is_in_use = path is not None and path.is_file()
        if not self.is_in_use:
            self.changed.emit()
        elif updates:
            self.update(report)
        else:
            self.reload()

    def close(self) -> None:
        """Write the edits that wait, at once, and forget the list: no job runs after the plugin is unloaded."""
        if self.path is not None and self._edited:
            try:
                self._make_work([])(None, None)
            except SanxianError as error:
                log_error(error)
            self._edited = {}
        self._stop_job()
        self.path, self.is_in_use = None, False
        self._written, self._edited, self._base, self.conflicts = Worklist(), {}, {}, {}

    def _stop_job(self) -> None:
        """Ignore the running job, which ends writing, and write the edits that wait."""
        self._writing_timer.stop()
        changes = [change for change in self._changes if change is not None]
        self._changes.clear()
        self._callbacks.clear()
        if self._job is not None:
            self._job.ignore_result()
            self._job = None
        if self.path is not None and (self._edited or changes):
            self._start_job(changes, lambda _outcome: None, log_error)

    def reload(self) -> None:
        """Read the file again, with changes of other people, and write the edits that wait."""
        self._add_change(None)

    def update(self, report: Any) -> None:
        """Update the list by the report of a check (`core.render.worklist.update`); a missing file is created."""
        lang = settings.get_interface_language()
        key_table = find_key_table_of_worklist(self.path) if self.path is not None else ""

        def update_in_background(worklist: Worklist) -> _Outcome:
            from ...core.model.rule import load_all_rules
            from ...core.plan.loading.key_table import read_renumbered_keys
            from ...core.render.words import ReportTexts
            from ...core.render.worklist.update import describe_update, update_worklist

            new_keys = read_renumbered_keys(key_table) if key_table else {}
            updated = update_worklist(worklist, report, load_all_rules(), datetime.now(), new_keys)
            if not updated.counts and not updated.false_alarms:
                return updated.worklist, [], []
            report_texts = ReportTexts(lang)
            sentences = report_texts.join_sentences(describe_update(updated, report_texts))
            return updated.worklist, [tr("Work list: {parts}").format(parts=sentences)], []

        self.is_in_use = True
        self._add_change(update_in_background)

    def merge(self, name: str, read_part: Callable[[], Worklist], is_ledger: bool) -> None:
        """Merge a part or a ledger into the list.

        ``read_part``: returns its rows, in another thread.
        """
        part_cache: list[Worklist] = []

        def merge_in_background(worklist: Worklist) -> _Outcome:
            if not part_cache:
                part_cache.append(read_part())
            options = {"adds_rows": not is_ledger, "has_all_columns": not is_ledger}
            merged = merge_part(worklist, part_cache[0], name, **options)
            lines = [
                tr("Merged “{name}”: {taken} rows updated, {added} added, {conflicts} conflicts.").format(
                    name=name, taken=merged.taken, added=merged.added, conflicts=len(merged.conflicts)
                )
            ]
            not_taken = (
                (
                    [part_cache[0].items[fingerprint].name for fingerprint in merged.unknown],
                    tr("{count} rows have no finding in the list, or another fingerprint, and were not read: {names}"),
                ),
                (merged.unread, tr("{count} rows have no fingerprint and were not read (file:line): {names}")),
                (
                    merged.unread_states,
                    tr("{count} rows have none of the states of the list and were not read (file:line): {names}"),
                ),
                (
                    merged.refused,
                    tr("{count} rows set or end “waived”, which only waivers do; their state is unchanged."),
                ),
            )
            for rows, text in not_taken:
                if rows:
                    lines.append(text.format(count=len(rows), names=join_first(rows, tr(", "))))
            return merged.worklist, lines, list(merged.conflicts)

        self._add_change(merge_in_background)

    def edit(self, items: Iterable[WorkItem], former_items: Mapping[str, WorkItem]) -> None:
        """Show edited rows at once, and write them in the background.

        ``former_items``: fingerprint → row that was displayed before the edit. A row that the file lacks may be added
        by an update that waits, and the edit must then be of that row.
        """
        for item in items:
            if item.fingerprint not in self._base:
                former = former_items[item.fingerprint]
                self._base[item.fingerprint] = self._written.items.get(item.fingerprint, former)
            self._edited[item.fingerprint] = item
        self.changed.emit()
        if self.path is not None:
            self._changes.append(None)
            self._writing_timer.start()

    def edit_many(
        self, fingerprints: list[str], edit: WorkEdit, by: str, on_done: Callable[[list[WorkItem]], None]
    ) -> None:
        """Edit many rows in another thread; they are shown when they are written.

        ``on_done``: called with the rows before the edit. Rows that others changed meanwhile keep what the edit does
        not name.
        """
        former_items: list[WorkItem] = []

        def edit_in_background(worklist: Worklist) -> _Outcome:
            items = [item for name in fingerprints if (item := worklist.items.get(name)) is not None]
            if edit.state is not None:
                items = [item for item in items if item.state is not WorkState.WAIVED]
            edited_items = edit_items(items, edit, by, datetime.now())
            former_items[:] = [worklist.items[item.fingerprint] for item in edited_items]
            return worklist.replace_items(edited_items), [], []

        self._add_change(edit_in_background, lambda: on_done(former_items))

    def choose(self, fingerprint: str, number: int | None) -> None:
        """Take one version of a row with conflicts: ``number`` of the other one, None for the listed row."""
        conflicts = self.conflicts.pop(fingerprint)
        item = conflicts[0].choose(False) if number is None else conflicts[number].choose(True)
        self._edited.pop(fingerprint, None)
        self._base.pop(fingerprint, None)
        self._written = self._written.replace_items([item])
        self.changed.emit()
        self._add_change(lambda worklist: (worklist.replace_items([item]), [], []))

    # --- jobs
    def _add_change(self, change: _Change | None, on_done: Callable[[], None] | None = None) -> None:
        if self.path is not None:
            self._changes.append(change)
            if on_done is not None:
                self._callbacks.append(on_done)
            self._start_next()

    def _start_next(self) -> None:
        if self._job is not None or not self._changes:
            return
        changes, self._changes = [change for change in self._changes if change is not None], []
        edited, callbacks = dict(self._edited), self._callbacks
        self._callbacks = []

        def end(outcome: _Outcome) -> None:
            self._on_done(outcome, edited)
            for callback in callbacks:
                callback()

        self._job = self._start_job(changes, end, self._on_failed)

    def _start_job(
        self, changes: list[_Change], on_done: Callable[[_Outcome], None], on_error: Callable[[Exception], None]
    ) -> BackgroundJob:
        """Start writing the edits and these changes; without any, read the file."""
        work = self._make_work(changes)
        return self._runner.start(
            BackgroundJob(tr("Work list"), work, on_done=on_done, on_error=on_error, is_hidden=True)
        )

    def _make_work(self, changes: list[_Change]) -> Callable[[Any, Any], _Outcome]:
        """Return the function that writes the edits and these changes; without any, it reads the file."""
        path, base, edited = self.path, dict(self._base), list(self._edited.values())

        def work(_progress: Any, _cancellation: Any) -> _Outcome:
            lines: list[str] = []
            conflicts: list[WorkConflict] = []

            def change_rows(worklist: Worklist) -> Worklist:
                lines.clear()
                conflicts.clear()
                merged = apply_edits(worklist, base, edited, tr("Edits on this machine"))
                conflicts.extend(merged.conflicts)
                worklist = merged.worklist
                for change in changes:
                    worklist, more_lines, more_conflicts = change(worklist)
                    lines.extend(more_lines)
                    conflicts.extend(more_conflicts)
                return worklist

            # Reading alone must not create a file.
            worklist = change_worklist(path, change_rows) if edited or changes else read_worklist(path)
            return worklist, lines, conflicts

        return work

    def _on_done(self, outcome: _Outcome, edited: dict[str, WorkItem]) -> None:
        self._job = None
        self._written, lines, conflicts = outcome
        for fingerprint, item in edited.items():
            # A later edit of the same row waits for the next job.
            if self._edited.get(fingerprint) is item:
                del self._edited[fingerprint]
                self._base.pop(fingerprint, None)
            elif fingerprint in self._written.items:
                self._base[fingerprint] = self._written.items[fingerprint]
        for conflict in conflicts:
            versions = self.conflicts.setdefault(conflict.listed.fingerprint, [])
            versions[:] = [one for one in versions if one.source != conflict.source] + [conflict]
        self.changed.emit()
        if lines:
            self.reported.emit(lines)
        self._start_next()

    def _on_failed(self, error: Exception) -> None:
        self._job = None
        if not self._written.items and not self._edited:
            # The file cannot be read: the panel works as without a list.
            self.is_in_use = False
            self.changed.emit()
        self.failed.emit(error)
