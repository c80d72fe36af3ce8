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
from ...core.errors import SanxianError
from ..widgets import messages
from .dock import FindingsDock


class WaiverActions(QObject):
    """Registers waivers of findings and withdraws them.

    Signal ``changed(findings, change)``: findings whose state has changed, and findings about waivers that were
    removed and added (`core.live.session.FindingsChange`). The data are not checked again.
    """

    changed = pyqtSignal(list, object)

    def __init__(self, dock: FindingsDock, current: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._dock = dock
        #: Returns True if the displayed result is of the open project.
        self._current = current
        dock.navigation.waive.accept.connect(self.register_waivers)
        dock.navigation.waive.withdraw.connect(self.withdraw_waivers)

    def stop(self) -> None:
        """Ignore a pending change of the selection before the panel is deleted."""
        self._dock.tree.set_settled_signal_enabled(False)

    def get_waiver_path(self) -> Path | None:
        """Return the path of the waiver file, which need not exist."""
        known = self._dock.result.check_result.waivers.path
        project = QgsProject.instance()
        if known is not None or not self._current():
            return known
        return places.find_waiver_file_of_layers(project, role_recognition.list_plan_layers(project))

    def register_waivers(self, findings: list[Any]) -> None:
        """Ask for reason, document and author of a waiver, then write it to the file."""
        from .waiver_dialog import WaiverDialog

        default = self.get_waiver_path()

        written: list[Any] = []

        def save_waivers(chosen: list[Any], words: Any, path: Path) -> None:
            self._save_waiver(chosen, words, path)
            written[:] = chosen
            if path != default and self._current():
                places.store_chosen_waiver_path(QgsProject.instance(), str(path))

        tree = self._dock.tree
        titles = {group.code: group.title for group in tree.findings.groups}
        dialog = WaiverDialog(
            findings, default, save_waivers, self._dock.window(), current=tree.get_selected_finding(), titles=titles
        )
        if dialog.exec():
            text = tr("{count} waived, kept in {file}. Press Waived above the list to see them.")
            self._dock.show_note(text.format(count=len(written), file=Path(dialog.file.text()).name))
        dialog.deleteLater()

    def withdraw_waivers(self, findings: list[Any]) -> None:
        from ...core.waivers.file import change_waivers

        numbers = {f.params["waiver"]["id"] for f in findings}
        path, limits = self.get_waiver_path(), self._dock.result.check_result.waivers.limits
        try:
            self.apply_waivers(change_waivers(path, remove=numbers, limits=limits), path)
        except SanxianError as error:
            self._dock.show_note(messages.explain_error(error))
            return
        self._dock.show_note(tr("{count} withdrawn from {file}.").format(count=len(numbers), file=path.name))

    def _save_waiver(self, findings: list[Any], words: Any, path: Path) -> None:
        from ...core.waivers.file import change_waivers
        from ...core.waivers.model import make_waivers

        limits = self._dock.result.check_result.waivers.limits
        self.apply_waivers(
            change_waivers(path, add=make_waivers(findings, words, limits, path.parent), limits=limits), path
        )

    def apply_waivers(self, entries: tuple[Any, ...], path: Path) -> None:
        """Apply the waivers in the file to the displayed findings."""
        from ...core.live.session import FindingsChange
        from ...core.waivers.application import apply_waivers, mark_accepted_findings
        from ...core.waivers.loading import renew_waiver_notices

        result = self._dock.result
        checked = result.check_result
        plan, report, before = checked.plan, checked.report, checked.waivers
        checked.waivers = replace(before, entries=entries, path=path, file_exists=True)
        renew_waiver_notices(report, before, checked.waivers, result.texts)
        templates = plan.norm.standard.templates
        judged = apply_waivers(
            report, plan, checked.waivers, lambda finding: result.texts.format_message(finding, templates)
        )
        # Findings of edits are displayed but not in the report.
        about = {id(f) for f in [*judged.ended_findings, *judged.new_findings]}
        edited = mark_accepted_findings([f for f in result.findings if id(f) not in about], plan, checked.waivers)
        touched = {id(f): f for f in [*judged.changed_findings, *edited]}
        in_view = {id(f) for f in result.findings}
        change = FindingsChange(
            ended_findings=[f for f in judged.ended_findings if id(f) in in_view], new_findings=judged.new_findings
        )
        self.changed.emit([f for f in touched.values() if id(f) in in_view], change)
