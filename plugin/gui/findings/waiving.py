# SPDX-License-Identifier: GPL-2.0-or-later
"""Registration and withdrawal of waivers from the findings panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge.layers import role_recognition
from ...bridge.project import waivers as places
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.standard.messages.finding_message import format_message
from ..widgets import messages
from .dock import FindingsDock


class WaiverActions(QObject):
    """Registers waivers of findings and withdraws them.

    ``has_current_result``: returns True if the displayed result is of the open project. Signal ``changed(findings,
    change)``: the findings that were waived or reopened, and the findings about waivers that ended or appeared
    (`core.checks.live.session.FindingsChange`). The data are not checked again.
    """

    changed = pyqtSignal(list, object)

    def __init__(self, dock: FindingsDock, has_current_result: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._dock = dock
        #: Returns True if the displayed result is of the open project.
        self._has_current_result = has_current_result
        dock.navigation.waive.accept.connect(self.register_waivers)
        dock.navigation.waive.withdraw.connect(self.withdraw_waivers)

    def stop(self) -> None:
        """Ignore a pending change of the selection before the panel is deleted."""
        self._dock.tree.set_selection_signal_enabled(False)

    def get_waiver_path(self) -> Path | None:
        """Return the path of the waiver file, which need not exist."""
        check_waiver_path = self._dock.result.check_result.waivers.path
        project = QgsProject.instance()
        if check_waiver_path is not None or not self._has_current_result():
            return check_waiver_path
        return places.find_waiver_file_of_layers(project, role_recognition.list_plan_layers(project))

    def register_waivers(self, findings: list[Any]) -> None:
        """Ask for reason, document and author of a waiver, then write it to the file."""
        from ...core.engine.waivers.file import change_waivers
        from ...core.engine.waivers.waiver import make_waivers
        from .waiver_dialog import WaiverDialog

        default_path = self.get_waiver_path()

        waived_findings: list[Any] = []

        def save_waivers(chosen_findings: list[Any], waiver_entry: Any, path: Path) -> None:
            limits = self._dock.result.check_result.waivers.limits
            new_waivers = make_waivers(chosen_findings, waiver_entry, limits, path.parent)
            self.apply_waivers(change_waivers(path, added_waivers=new_waivers, limits=limits), path)
            waived_findings[:] = chosen_findings
            if path != default_path and self._has_current_result():
                places.store_chosen_waiver_path(QgsProject.instance(), str(path))

        tree = self._dock.tree
        titles = {rule.code: rule.heading for rule in self._dock.result.report.rules}
        dialog = WaiverDialog(
            findings,
            default_path,
            save_waivers,
            self._dock.window(),
            selected_finding=tree.get_selected_finding(),
            titles=titles,
        )
        if dialog.exec():
            text = tr("{count} waived, kept in {file}. Press Waived above the list to see them.")
            self._dock.show_note(text.format(count=len(waived_findings), file=Path(dialog.file.text()).name))
        dialog.deleteLater()

    def withdraw_waivers(self, findings: list[Any]) -> None:
        """Remove the waivers of these findings from the waiver file, and reopen the findings."""
        from ...core.engine.waivers.file import change_waivers

        numbers = {f.params["waiver"]["id"] for f in findings}
        path, limits = self.get_waiver_path(), self._dock.result.check_result.waivers.limits
        try:
            self.apply_waivers(change_waivers(path, removed_ids=numbers, limits=limits), path)
        except SanxianError as error:
            self._dock.show_note(messages.explain_error(error))
            return
        self._dock.show_note(tr("{count} withdrawn from {file}.").format(count=len(numbers), file=path.name))

    def apply_waivers(self, entries: tuple[Any, ...], path: Path) -> None:
        """Apply the waivers in the file to the displayed findings."""
        from ...core.checks.live.session import FindingsChange
        from ...core.engine.waivers.application import apply_waivers, mark_accepted_findings
        from ...core.engine.waivers.file import renew_waiver_notices

        result = self._dock.result
        check_result = result.check_result
        plan, report, former_waivers = check_result.plan, check_result.report, check_result.waivers
        check_result.waivers = replace(former_waivers, entries=entries, path=path, file_exists=True)
        renew_waiver_notices(report, former_waivers, check_result.waivers, result.texts)
        templates = plan.norm.standard.templates
        applied_waivers = apply_waivers(
            report, plan, check_result.waivers, lambda finding: format_message(result.texts, finding, templates)
        )
        # Findings of edits are displayed but not in the report.
        waiver_notice_ids = {id(f) for f in [*applied_waivers.ended_findings, *applied_waivers.new_findings]}
        marked_findings = mark_accepted_findings(
            [f for f in result.findings if id(f) not in waiver_notice_ids], plan, check_result.waivers
        )
        changed_finding_by_id = {id(f): f for f in [*applied_waivers.changed_findings, *marked_findings]}
        in_view = {id(f) for f in result.findings}
        change = FindingsChange(
            ended_findings=[f for f in applied_waivers.ended_findings if id(f) in in_view],
            new_findings=applied_waivers.new_findings,
        )
        self.changed.emit([f for f in changed_finding_by_id.values() if id(f) in in_view], change)
