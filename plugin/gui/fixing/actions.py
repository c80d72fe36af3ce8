# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes from the findings panel and from the message on edits; closed when project or layers go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge.fixes.apply import FixOrder
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..findings.dock import FindingsDock
from ..findings.edit_notices import EditNotices
from ..project.watch import ProjectWatcher
from .applying import FixApplier
from .many_findings import BatchFixer
from .non_local_findings import NonLocalFindingChanges, make_undo_changes
from .one_alignment import FeatureAligner
from .one_finding import FindingFixer
from .trial_runner import find_trial_obstacle


class FixActions(QObject):
    """Opens the preview of the fixes of one finding, or the batch for several findings.

    ``has_current_result``: returns True if the displayed result is of the open project; otherwise no dialog opens.
    Signal ``changed(change)``: a fix or its undo changed findings of rules that are not local
    (`core.checks.live.session.FindingsChange`).
    """

    changed = pyqtSignal(object)

    def __init__(
        self,
        iface: Any,
        dock: FindingsDock,
        editing: LiveCheckSwitch,
        notices: EditNotices,
        watch: ProjectWatcher,
        has_current_result: Callable[[], bool],
        parent: QObject,
    ):
        super().__init__(parent)
        self._dock, self._editing, self._has_current_result = dock, editing, has_current_result
        self.applier = FixApplier(iface, self)
        self.one = FindingFixer(iface, dock, editing, has_current_result, self.applier, self)
        self.many = BatchFixer(iface, dock, editing, has_current_result, self.applier, self)
        self.alignment = FeatureAligner(iface, dock, editing, has_current_result, self.applier, self)
        self._iface = iface
        #: True from the application of a fix to the re-check of its edits.
        self.has_just_fixed = False
        #: Number of an applied order → its changes to findings of rules that are not local.
        self._non_local_changes: dict[str, NonLocalFindingChanges] = {}
        self.applier.applied.connect(self._on_applied)
        self.applier.reverted.connect(self._on_reverted)
        self.many.previewRequested.connect(self.preview_fixes)
        dock.navigation.fix.fix.connect(self.preview_fixes)
        dock.navigation.fix.batch.connect(self.preview_batch)
        notices.fixRequested.connect(self._preview_fixes_of_new_findings)
        watch.changed.connect(self._on_project_changed)
        watch.layers_removed.connect(lambda _ids: self._on_layers_removed())

    def preview_fixes(self, finding: Any) -> None:
        """Open the preview of the fixes of one finding."""
        if self._is_trial_possible():
            self.one.open(finding)

    def preview_batch(self, findings: list[Any]) -> None:
        """Open the batch, which lists what fixes of several findings would change."""
        if self._is_trial_possible():
            self.many.open(findings)

    def align_selected(self) -> None:
        """Preview how the selected features of the active layer can be aligned with another layer."""
        if self._dock.result is None:
            self._dock.setUserVisible(True)
            self._dock.show_note(tr("Check all first: an alignment is judged by the rules."))
        elif self._is_trial_possible() and (reason := self.alignment.open(self._iface.activeLayer())):
            self._dock.setUserVisible(True)
            self._dock.show_note(reason)

    def _preview_fixes_of_new_findings(self, findings: list[Any]) -> None:
        if len(findings) == 1:
            self.preview_fixes(findings[0])
        else:
            self.preview_batch(findings)

    def _increase_change_limit_for_step(self, order: FixOrder) -> None:
        """Let the live check re-check the step, even if it changed very many features."""
        if self._editing.live is not None:
            self._editing.live.increase_change_limit_by(len(order.edits.rows))

    def _on_applied(self, order: FixOrder) -> None:
        if not self._has_current_result():
            return
        self.has_just_fixed = True
        self._increase_change_limit_for_step(order)
        changes = NonLocalFindingChanges.compare(order.proposals, self._dock.result.findings)
        self._non_local_changes[order.number] = changes
        self._emit_change(changes.get_change_of_fixes())

    def _on_reverted(self, order: FixOrder) -> None:
        self.has_just_fixed = False
        self._increase_change_limit_for_step(order)
        changes = self._non_local_changes.pop(order.number, None)
        if not self._has_current_result():
            return
        findings = self._dock.result.findings
        if changes is not None:
            self._emit_change(changes.get_change_of_undo(findings))
        else:
            # The layers were checked again since the fix.
            codes = {outcome.code for outcome in self._dock.result.report.rules}
            self._emit_change(make_undo_changes(order.proposals, findings, codes))

    def _emit_change(self, change: Any) -> None:
        if change is not None:
            self.changed.emit(change)

    def forget_result(self) -> None:
        """Close the dialogs of fixes, and discard the changes recorded for the former result."""
        self.close_dialogs()
        self._non_local_changes.clear()

    def _is_trial_possible(self) -> bool:
        """Return True if fixes can be tried; else show the reason in the panel."""
        reason = find_trial_obstacle(self._editing, self._has_current_result())
        if reason:
            self._dock.show_note(reason)
        return not reason

    def _on_layers_removed(self) -> None:
        if self.close_dialogs():
            self.applier.show_warning(tr("A layer was removed, so the fix window was closed. No fix was applied."))

    def _on_project_changed(self) -> None:
        had_dialog = self.close_dialogs()
        self.close()
        if had_dialog:
            self.applier.show_warning(tr("The project was closed, and the fix window with it. No fix was applied."))

    def close_dialogs(self) -> bool:
        """Close preview and batch without applying anything; return True if one was open."""
        open_controllers = [one for one in (self.one, self.many, self.alignment) if one.dialog is not None]
        for controller in open_controllers:
            controller.close()
        return bool(open_controllers)

    def close(self) -> None:
        """Close the dialogs and discard everything recorded about the project."""
        self.forget_result()
        self.applier.stop()

    stop = close
