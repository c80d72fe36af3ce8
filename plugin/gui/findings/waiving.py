# SPDX-License-Identifier: GPL-2.0-or-later
"""Accepting findings and taking it back, from the panel: into the file beside the data, and at once into what is in view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QMenu

from ...bridge.layers import recognise
from ...bridge.project import waivers as places
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ..widgets import messages
from .dock import FindingsDock


class Waiving(QObject):
    """``changed(findings, change)``: findings whose state is another now, and findings about waivers that went and came
    (`core.live.session.Change`). The data is not looked at again: what a waiver does is told from what was found."""

    changed = pyqtSignal(list, object)

    def __init__(self, dock: FindingsDock, current: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._dock = dock
        #: Is the result in view of the project that is open?
        self._current = current
        dock.walk.waive.accept.connect(self.accept)
        dock.walk.waive.withdraw.connect(self.withdraw)
        dock.tree.menuWished.connect(self._menu)

    def stop(self) -> None:
        """The panel goes: a selection that is still to settle asks for nothing any more."""
        self._dock.tree.settle(False)

    def _menu(self, place: Any) -> None:
        button = self._dock.walk.waive
        menu = QMenu(self._dock)
        action = menu.addAction(button.text())
        action.setEnabled(button.isEnabled())
        action.triggered.connect(button.do)
        menu.exec(place)
        menu.deleteLater()

    def path(self) -> Path | None:
        """Where the waivers of the result in view stand, or would."""
        known = self._dock.result.checked.waivers.path
        project = QgsProject.instance()
        if known is not None or not self._current():
            return known
        return places.place(project, recognise.plan_layers(project))

    def accept(self, findings: list[Any]) -> None:
        """Ask for the words, then write."""
        from .waiver_dialog import WaiverDialog

        default = self.path()

        written: list[Any] = []

        def save(chosen: list[Any], words: Any, path: Path) -> None:
            self._save(chosen, words, path)
            written[:] = chosen
            if path != default and self._current():
                places.choose(QgsProject.instance(), str(path))

        tree = self._dock.tree
        titles = {group.code: group.title for group in tree.findings.groups}
        dialog = WaiverDialog(findings, default, save, self._dock.window(), current=tree.current(), titles=titles)
        if dialog.exec():
            text = tr("{count} waived, kept in {file}. Press Waived above the list to see them.")
            self._dock.say(text.format(count=len(written), file=Path(dialog.file.text()).name))
        dialog.deleteLater()

    def withdraw(self, findings: list[Any]) -> None:
        from ...core.waivers.file import change_waivers

        numbers = {f.params["waiver"]["id"] for f in findings}
        path, limits = self.path(), self._dock.result.checked.waivers.limits
        try:
            self.apply(change_waivers(path, remove=numbers, limits=limits), path)
        except SanxianError as error:
            self._dock.say(messages.explain(error))
            return
        self._dock.say(tr("{count} withdrawn from {file}.").format(count=len(numbers), file=path.name))

    def _save(self, findings: list[Any], words: Any, path: Path) -> None:
        from ...core.waivers.accept import accepted
        from ...core.waivers.file import change_waivers

        limits = self._dock.result.checked.waivers.limits
        self.apply(change_waivers(path, add=accepted(findings, words, limits, path.parent), limits=limits), path)

    def apply(self, entries: tuple[Any, ...], path: Path) -> None:
        """Judge what is in view by the waivers as they stand in the file now."""
        from ...core.live.session import Change
        from ...core.waivers.file import renew_notices
        from ...core.waivers.judge import hold, judge

        result = self._dock.result
        checked = result.checked
        plan, report, before = checked.plan, checked.report, checked.waivers
        checked.waivers = replace(before, entries=entries, path=path, there=True)
        renew_notices(report, before, checked.waivers, result.texts)
        templates = plan.norm.standard.templates
        judged = judge(report, plan, checked.waivers, lambda finding: result.texts.message(finding, templates))
        # What edits brought is in view only, not in the report.
        about = {id(f) for f in [*judged.gone, *judged.found]}
        edited = hold([f for f in result.findings if id(f) not in about], plan, checked.waivers)
        touched = {id(f): f for f in [*judged.changed, *edited]}
        in_view = {id(f) for f in result.findings}
        change = Change(gone=[f for f in judged.gone if id(f) in in_view], found=judged.found)
        self.changed.emit([f for f in touched.values() if id(f) in in_view], change)
