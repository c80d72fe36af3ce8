# SPDX-License-Identifier: GPL-2.0-or-later
"""Controller of a dialog that offers fixes: opens it, runs trials on a copy, and marks the fixes on the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog

from ..editing.live_switch import LiveCheckSwitch
from ..findings.dock import FindingsDock
from .applying import FixApplier
from .map_preview import FixMapPreview
from .trial_runner import TrialRunner


class FixDialogController(QObject):
    """Opens a dialog, tries fixes for it in a task, and drops both when the dialog closes.

    A subclass makes the dialog, and shows results and refusals of the trial. ``has_current_result``: returns True if a
    result is displayed and is of the open project; ``applier``: applies the chosen fixes to the layers. Signal
    ``closed``: the dialog was closed, and its content can be discarded.
    """

    closed = pyqtSignal()

    def __init__(
        self,
        iface: Any,
        dock: FindingsDock,
        editing: LiveCheckSwitch,
        has_current_result: Callable[[], bool],
        applier: FixApplier,
        parent: QObject,
    ):
        super().__init__(parent)
        self._iface, self._dock, self._editing, self._has_current_result, self._applier = (
            iface,
            dock,
            editing,
            has_current_result,
            applier,
        )
        self.dialog: Any = None
        self.trial: TrialRunner | None = None
        self._mark = FixMapPreview(iface.mapCanvas())
        self._texts: Any = None

    def _open_dialog_once(self, make_dialog: Callable[[TrialRunner], QDialog]) -> None:
        """Open the dialog, or do nothing if it is open.

        ``make_dialog``: called with the runner of trials, returns a new dialog that is connected to it.
        """
        if self.dialog is not None:
            return
        self.trial = trial_runner = TrialRunner(self._editing, self._has_current_result, self)
        self.dialog = dialog = make_dialog(trial_runner)
        dialog.cancelRequested.connect(trial_runner.cancel)
        dialog.finished.connect(lambda _result: self._on_closed())
        trial_runner.progressed.connect(dialog.show_progress)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _read_texts(self) -> None:
        """Load the texts of fixes in the language of the displayed result."""
        from ...core.fixes.fix_texts import FixTexts

        result = self._dock.result
        self._texts = FixTexts(result.texts.lang, result.check_result.plan.norm.standard.templates)

    def close(self) -> None:
        """Close the dialog without applying anything."""
        if self.dialog is not None:
            self.dialog.reject()

    def _on_closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        trial_runner, self.trial = self.trial, None
        self._mark.clear()
        self.closed.emit()
        if trial_runner is not None:
            trial_runner.stop()
            trial_runner.deleteLater()
        if dialog is not None:
            dialog.deleteLater()

    def _get_layers_by_role(self) -> dict[str, QgsVectorLayer]:
        live = self._editing.live
        return {} if live is None else live.get_layer_by_role()
