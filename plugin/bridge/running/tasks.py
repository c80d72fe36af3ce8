# SPDX-License-Identifier: GPL-2.0-or-later
"""Long work off the main thread, with progress, cancel, and one answer on the main thread."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsTask
from qgis.PyQt import sip
from qgis.PyQt.QtCore import pyqtSignal

from ...core.cancellation import Cancellation
from ...core.errors import Cancelled
from .main_thread import make_waiting_calls
from .threads import Hold, steady

#: QGIS's log tab.
LOG = "Sanxian"
#: How long unload waits for all that was asked to stop, in seconds; and how often it looks what is asked of it.
PATIENCE = 5.0
_LOOK = 0.05

#: work(progress, cancellation) → result; must not touch a layer, the project or a widget.
Work = Callable[[Callable[[float, str], None], Cancellation], Any]


class Job(QgsTask):
    """One piece of work.

    ``step(share, text)`` comes while it runs. Exactly one of ``on_done(result)``, ``on_error(exception)`` and
    ``on_cancelled()`` is called at the end, on the main thread. ``hidden``: not listed among QGIS's tasks, for what comes
    often and is over at once.
    """

    step = pyqtSignal(float, str)

    def __init__(
        self,
        title: str,
        work: Work,
        *,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        on_cancelled: Callable[[], None] = lambda: None,
        hidden: bool = False,
    ):
        # Silent: the panel says how it went; a message of the operating system besides would be one too many.
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt | QgsTask.Flag.Silent
        super().__init__(title, flags | QgsTask.Flag.Hidden if hidden else flags)
        self._work = work
        self._answers: tuple[Callable, Callable, Callable] | None = (on_done, on_error, on_cancelled)
        self._result: Any = None
        self._error: Exception | None = None
        self._running, self._over = threading.Event(), threading.Event()

    def run(self) -> bool:
        if self.isCanceled():
            return False
        self._running.set()
        try:
            return self._run()
        finally:
            self._running.clear()
            self._over.set()

    def _run(self) -> bool:
        try:
            self._result = steady(self._work)(self._progress, Cancellation(self.isCanceled))
        except Cancelled:
            return False
        except Exception as error:
            self._error = error
            return False
        return not self.isCanceled()

    def _progress(self, share: float, text: str) -> None:
        self.setProgress(100 * share)
        self.step.emit(share, text)

    def finished(self, ok: bool) -> None:
        if self._answers is None:
            return
        (done, failed, cancelled), self._answers = self._answers, None
        # What was asked to stop and finished all the same is cancelled: the user was told so.
        if self.isCanceled() or (not ok and self._error is None):
            cancelled()
        elif self._error is not None:
            failed(self._error)
        else:
            result, self._result = self._result, None
            try:
                done(result)
            except Exception as error:
                # Nobody above us would tell the user.
                failed(error)

    def forget(self) -> None:
        """Nobody waits for the answer any more: stop, and call no one back."""
        self._answers = None
        # QGIS deletes what has ended, also what somebody has stopped in its own list of tasks.
        if not sip.isdeleted(self):
            self.cancel()

    def wait(self, seconds: float) -> bool:
        """Until the work, if it has begun, has ended.

        Not waitForFinished: that holds Python's lock, which the work needs to hear that it should stop.
        """
        return not self._running.is_set() or self._over.wait(seconds)


class Run(Protocol):
    """What a runner keeps and stops: a job, or a task of QGIS's own with all that it uses."""

    def forget(self) -> None: ...

    def wait(self, seconds: float) -> bool: ...


class Runner:
    """Starts jobs and keeps them alive: Python would otherwise free what a task still uses.

    While one runs, Python's garbage collection is suspended (`collection`).
    """

    def __init__(self) -> None:
        self._jobs: set[Run] = set()

    def start(self, job: Job) -> Job:
        self.hold(job, job.taskCompleted, job.taskTerminated)
        QgsApplication.taskManager().addTask(job)
        return job

    def hold(self, run: Run, *ends: Any) -> None:
        """Keep what is going to run until one of these signals tells that it has ended."""
        self._jobs.add(run)
        collection = Hold()

        def end_run(*_results: Any) -> None:
            self._jobs.discard(run)
            collection.release()

        for end in ends:
            end.connect(end_run)

    def stop_all(self) -> None:
        """Stop everything and wait a little: no thread outlives the plugin's code."""
        jobs, self._jobs = list(self._jobs), set()
        for job in jobs:
            job.forget()
        end = time.monotonic() + PATIENCE
        while not all(job.wait(_LOOK) for job in jobs) and time.monotonic() < end:
            # What they do last (close a project) may be for this very thread.
            make_waiting_calls()


def log_error(error: Exception) -> None:
    """An error nobody foresaw, with its trace, in QGIS's log."""
    text = "".join(traceback.format_exception(error))
    QgsMessageLog.logMessage(text, LOG, Qgis.MessageLevel.Critical, notifyUser=False)
