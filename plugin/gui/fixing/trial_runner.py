# SPDX-License-Identifier: GPL-2.0-or-later
"""Controllers of dialogs that offer fixes: trials, one at a time and again after edits; preview; apply.

A trial applies fixes to a copy of the live check's rows and checks the result; the layers stay unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QInputDialog

from ...bridge.checking.live_check import LiveCheck
from ...bridge.fixes.apply import FixOrder, find_layers_to_start_editing
from ...bridge.fixes.commands import ApplyRefused
from ...bridge.running.tasks import BackgroundJob, log_error
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ..editing.live_switch import LiveCheckSwitch
from ..findings.dock import FindingsDock
from ..widgets import messages
from .applying import FixApplier, get_person_name
from .change_preview import FixMapPreview, FixShapes, make_area_rows, make_finding_shapes, make_fix_shapes

#: After an edit, the next trial waits until no further edit follows.
_RETRY_DELAY_MS = 250


def find_trial_obstacle(editing: LiveCheckSwitch, is_current: bool) -> str:
    """Return why no fix can be tried on the displayed result; empty if one can.

    ``is_current``: the result is of the open project.
    """
    if not is_current:
        return tr("The result is not of the open project, so its layers cannot be fixed. Check all first.")
    live = editing.live
    if editing.is_outdated or live is None or not live.can_run_trials:
        return tr("The result is older than the layers. Check again, then fix.")
    if not editing.is_on and editing.waiting_feature_count:
        return tr(
            "{count} changed features were not re-checked, because the live check is off. Switch it on, then fix."
        ).format(count=editing.waiting_feature_count)
    return ""


class TrialRunner(QObject):
    """Tries the fixes that a dialog offers on a copy of the rows; an edit of a layer starts the trial again.

    ``has_current_result``: returns True if a result is displayed and is of the open project. Signals: ``began``;
    ``progressed(share)``; ``succeeded(result)``; ``refused(reason)``: the trial gave no result; ``outdated``: a layer
    was edited since a trial that is not run again; ``stopped``: the user cancelled.
    """

    began = pyqtSignal()
    progressed = pyqtSignal(float)
    succeeded = pyqtSignal(object)
    refused = pyqtSignal(str)
    outdated = pyqtSignal()
    stopped = pyqtSignal()

    def __init__(self, editing: LiveCheckSwitch, has_current_result: Callable[[], bool], parent: QObject | None = None):
        super().__init__(parent)
        self._editing, self._has_current_result = editing, has_current_result
        self._title, self._work, self._retries = "", None, True
        self._live: LiveCheck | None = None
        self._job: BackgroundJob | None = None
        self._revision = -1
        self._is_cancelled = self._is_repeated_after_edit = False
        self._retry = QTimer(self, singleShot=True, interval=_RETRY_DELAY_MS, timeout=self.run_again)
        editing.changed.connect(self._on_layers_changed)

    @property
    def is_running(self) -> bool:
        return self._job is not None or self._retry.isActive()

    @property
    def is_current(self) -> bool:
        """Return True if no layer was edited since the last result."""
        live = self._editing.live
        return live is not None and live is self._live and live.revision == self._revision and self._job is None

    def start(self, title: str, work: Callable[..., Any], *, retries: bool = True) -> None:
        """Run ``work`` as a trial (see `LiveCheck.run_trial`), in place of the former trial.

        ``title``: name of the task; ``retries``: run the trial again after an edit of a layer, else an edit ends it
        with the signal ``refused``.
        """
        self._title, self._work, self._retries = title, work, retries
        self._is_repeated_after_edit = False
        self.run_again()

    def set_retrying(self, retries: bool) -> None:
        """Run the trial again after an edit if ``retries``; not while its fixes are being written, which are edits."""
        self._retries = retries
        if not retries:
            self._retry.stop()

    @property
    def retry_note(self) -> str:
        """Return a message that the fixes were tried again after an edit; empty if they were not."""
        return tr("The layers have changed; the fixes were tried again.") if self._is_repeated_after_edit else ""

    def run_again(self) -> None:
        """Run the trial once more."""
        if self._work is None:
            return
        self._retry.stop()
        reason = find_trial_obstacle(self._editing, self._has_current_result())
        if reason:
            self._job = None
            self.refused.emit(reason)
            return
        live = self._editing.live
        if live is self._live and live.revision != self._revision:
            self._is_repeated_after_edit = True
        self._live, self._is_cancelled, self._revision = live, False, live.revision
        self.began.emit()
        job: BackgroundJob | None = None

        def end(show_end: Callable[..., None]) -> Callable[..., None]:
            def call(*outcome: Any) -> None:
                if job is not None and self._job is job:
                    self._job = None
                    show_end(*outcome)

            return call

        def on_failed(error: Exception) -> None:
            if isinstance(error, SanxianError):
                end(self.refused.emit)(messages.explain_error(error))
                return
            log_error(error)
            text = tr(
                "The trial stopped with an error ({error}). Nothing was changed. Details are in the log, tab Sanxian."
            )
            end(self.refused.emit)(text.format(error=type(error).__name__))

        job = self._job = live.run_trial(
            self._title, self._work, end(self.succeeded.emit), on_failed, end(self._on_cancelled)
        )
        job.step.connect(lambda share, _text: self.progressed.emit(share) if self._job is job else None)

    def cancel(self) -> None:
        """Stop the running trial."""
        self._retry.stop()
        if self._job is not None:
            self._is_cancelled = True
            self._job.cancel()

    def drop_trial(self) -> None:
        """Stop the running trial without a signal; its result is not needed any more."""
        self._retry.stop()
        job, self._job = self._job, None
        if job is not None and self._editing.live is not None:
            job.cancel()

    def stop(self) -> None:
        """Stop permanently: no further signal is emitted."""
        self._work = None
        self.drop_trial()
        self._editing.changed.disconnect(self._on_layers_changed)

    def _on_cancelled(self) -> None:
        if self._is_cancelled or self.is_current:
            self.stopped.emit()
        elif self._retries:
            self._retry.start()
        else:
            self._work = None
            self.refused.emit(tr("A layer was edited meanwhile; nothing was applied. Try again and check the list."))

    def _on_layers_changed(self) -> None:
        """Try again if a layer was edited since the last result."""
        if self._work is not None and self._job is None and not self._is_cancelled and not self.is_current:
            if self._retries:
                self._retry.start()
            else:
                self.outdated.emit()


class FixDialogController(QObject):
    """Opens a dialog, tries fixes for it in a task, and drops both when the dialog closes.

    A subclass makes the dialog, connects it in ``connect_dialog``, shows results and refusals of the trial, and
    forgets in ``discard_content`` what the dialog was about. ``has_current_result``: returns True if a result is
    displayed and is of the open project; ``applier``: applies the chosen fixes to the layers. Signal ``closed``.
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

    def _show_dialog(self, dialog: QDialog) -> None:
        """Show a new dialog, and connect it with a new runner of trials."""
        self.dialog, self.trial = dialog, TrialRunner(self._editing, self._has_current_result, self)
        dialog.cancelRequested.connect(self.trial.cancel)
        dialog.finished.connect(lambda _result: self._on_closed())
        self.trial.progressed.connect(dialog.show_progress)
        self.connect_dialog()
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _read_texts(self) -> None:
        """Load the texts of fixes in the language of the displayed result."""
        from ...core.fixes.proposal import FixTexts

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
        self.discard_content()
        if trial_runner is not None:
            trial_runner.stop()
            trial_runner.deleteLater()
        if dialog is not None:
            dialog.deleteLater()
        self.closed.emit()

    def _get_layers_by_role(self) -> dict[str, QgsVectorLayer]:
        live = self._editing.live
        return {} if live is None else live.get_layer_by_role()


class FixChoiceController(FixDialogController):
    """Previews the fixes that a trial found for one finding or alignment request, and applies the chosen fix.

    ``_finding``: the finding or alignment request; ``_label``: name of the applied step on the undo stack.
    """

    def __init__(self, *controller_args: Any):
        super().__init__(*controller_args)
        self._finding: Any = None
        self._label = ""
        #: Layer code → document that allows the change of a sealed layer, for the finding in view.
        self._documents: dict[str, str] = {}
        self._sealed_role = ""

    def connect_dialog(self) -> None:
        dialog, trial = self.dialog, self.trial
        for signal, slot in (
            (dialog.choiceShown, self._show_choice),
            (dialog.applyRequested, self.apply),
            (dialog.retryRequested, trial.run_again),
            (dialog.stepped, self.step),
            (trial.began, lambda: dialog.show_trial(tr("Trying the fixes on a copy…"))),
            (trial.succeeded, self.show_choices),
            (trial.refused, self._show_refusal),
            (trial.stopped, lambda: self._show_refusal(tr("Cancelled; nothing was changed."), can_retry=True)),
        ):
            signal.connect(slot)

    def discard_content(self) -> None:
        self._finding = None

    def try_again(self) -> None:
        """Try the fixes with the present documents."""

    def note_sealed_layer(self, choices: list[Any]) -> None:
        """Remember the layer that only a document allows to change, if a choice was refused for it."""
        refusals = [one.refusal for one in choices if one.refusal is not None]
        self._sealed_role = next((str(one.params.get("role", "")) for one in refusals if one.reason == "sealed"), "")

    def ask_document(self) -> None:
        """Ask for the document that allows a change of the sealed layer, then try again."""
        number, is_accepted = QInputDialog.getText(
            self.dialog,
            tr("Document Number"),
            tr("Number of the document that approves a change of {layer}. It is written to the change log.").format(
                layer=self._texts.get_layer_name(self._sealed_role)
            ),
        )
        if is_accepted and number.strip() and self.dialog is not None:
            self._documents = {**self._documents, self._sealed_role: number.strip()}
            self.try_again()

    def _show_refusal(self, reason: str, can_retry: bool = False) -> None:
        self._show_place_only()
        self.dialog.choices.show_choices([], None)
        self.dialog.show_state(reason, can_apply=False, can_retry=can_retry)

    def _show_place_only(self) -> None:
        """Show only the place of the finding or feature on the maps, and no fix."""
        self._mark.clear()
        self.dialog.show_proposal(None, None, [], self._make_place_shapes())

    def _make_place_shapes(self) -> FixShapes:
        """Return the place of the finding as shapes for the maps."""
        return make_finding_shapes(self._finding, self._dock.result.crs)

    def _show_choice(self, choice: Any) -> None:
        shapes = make_fix_shapes([choice.proposal], choice.rows_before, self._dock.result.crs)
        self._mark.show_shapes(shapes)
        rows = make_area_rows([choice.proposal], self._texts, self._dock.result.check_result.plan.plane_crs)
        self.dialog.show_proposal(choice.proposal, self._texts, rows, shapes)
        try:
            starts = find_layers_to_start_editing(self._make_order(choice), self._get_layers_by_role())
        except ApplyRefused as refused:
            self.dialog.show_state(str(refused), can_apply=False, can_retry=True)
            return
        self.dialog.show_state(
            self.trial.retry_note,
            can_apply=True,
            layers_to_start_editing=tr(", ").join(layer.name() for layer in starts),
        )

    def _make_order(self, choice: Any) -> FixOrder:
        """Return the order that applies the chosen fix as one step."""
        proposal = choice.proposal
        label = self._label.format(code=proposal.finding.code, title=self._texts.get_title(proposal.fix))
        return FixOrder([proposal], proposal.edits, choice.rows_before, label, get_person_name(), proposal.documents)

    def apply(self) -> None:
        """Apply the chosen fix, unless the layers have changed since it was tried, and close the dialog."""
        if self._apply_chosen():
            self.dialog.accept()

    def _apply_chosen(self) -> bool:
        """Apply the chosen fix; return False if nothing was applied, which the dialog explains."""
        choice = self.dialog.choices.current
        if choice is None:
            return False
        if not self.trial.is_current:
            self.trial.run_again()
            return False
        norm = self._dock.result.check_result.plan.norm
        refusal_text = self._applier.apply(self._make_order(choice), self._get_layers_by_role(), norm, self._texts)
        if refusal_text:
            self.dialog.show_state(refusal_text, can_apply=False, can_retry=True)
        return not refusal_text
