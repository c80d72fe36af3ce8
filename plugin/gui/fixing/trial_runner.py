# SPDX-License-Identifier: GPL-2.0-or-later
"""Try fixes and show the result in a dialog: one trial at a time, again after edits, and never on outdated data.

A trial applies fixes to a copy of the live check's rows and checks the result; the layers stay unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...bridge.checking.live_check import LiveCheck
from ...bridge.running.tasks import BackgroundJob, log_error
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch

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
        text = tr(
            "{count} changed features were not re-checked, because the live check is off. Switch it on, then fix."
        )
        return text.format(count=editing.waiting_feature_count)
    return ""


class TrialRunner(QObject):
    """Tries the fixes that a dialog offers on a copy of the rows; an edit of a layer starts the trial again.

    ``has_current_result``: returns True if a result is displayed and is of the open project. Signals: ``began``;
    ``progressed(share)``; ``succeeded(result)``; ``refused(reason)``: the trial gave no result; ``stopped``: the user
    cancelled.
    """

    began = pyqtSignal()
    progressed = pyqtSignal(float)
    succeeded = pyqtSignal(object)
    refused = pyqtSignal(str)
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
        job: list[BackgroundJob] = []

        def is_latest() -> bool:
            return bool(job) and self._job is job[0]

        def on_done(trial_result: Any) -> None:
            if is_latest():
                self._job = None
                self.succeeded.emit(trial_result)

        def on_failed(error: Exception) -> None:
            log_error(error)
            if is_latest():
                self._job = None
                text = tr(
                    "The trial stopped with an error ({error}). Nothing was changed. Details are in the log, "
                    "tab Sanxian."
                )
                self.refused.emit(text.format(error=type(error).__name__))

        def on_cancelled() -> None:
            if is_latest():
                self._job = None
                self._on_cancelled()

        background_job = live.run_trial(self._title, self._work, on_done, on_failed, on_cancelled)
        job.append(background_job)
        self._job = background_job
        background_job.step.connect(lambda share, _text: self.progressed.emit(share) if is_latest() else None)

    def cancel(self) -> None:
        """Stop the running trial."""
        self._retry.stop()
        if self._job is not None:
            self._is_cancelled = True
            self._job.cancel()

    def stop(self) -> None:
        """Stop permanently: no further signal is emitted."""
        self._work = None
        self._retry.stop()
        job, self._job = self._job, None
        if job is not None and self._editing.live is not None:
            job.cancel()
        self._editing.changed.disconnect(self._on_layers_changed)

    def _on_cancelled(self) -> None:
        live = self._editing.live
        is_unchanged = live is not None and live is self._live and live.revision == self._revision
        if self._is_cancelled or is_unchanged:
            self.stopped.emit()
        elif self._retries:
            self._retry.start()
        else:
            self._work = None
            self.refused.emit(tr("A layer was edited meanwhile; nothing was applied. Try again and check the list."))

    def _on_layers_changed(self) -> None:
        """Try again if a layer was edited since the last result."""
        is_waiting = self._work is not None and self._retries and self._job is None and not self._is_cancelled
        if is_waiting and not self.is_current:
            self._retry.start()
