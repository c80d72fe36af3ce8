# SPDX-License-Identifier: GPL-2.0-or-later
"""Long work off the main thread, with progress, cancellation and callbacks."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsTask
from qgis.PyQt import sip
from qgis.PyQt.QtCore import pyqtSignal

from ...core.base.errors import Cancellation, Cancelled
from .threads import BackgroundMode, run_in_python_thread, run_pending_main_thread_calls

#: QGIS's log tab.
LOG_TAG = "Sanxian"
#: Timeout in seconds of waiting for stopped work on unload, and the polling interval.
SHUTDOWN_TIMEOUT_S = 5.0
_POLL_SECONDS = 0.05

#: work(progress, cancellation) → result; must not touch a layer, the project or a widget.
JobFunction = Callable[[Callable[[float, str], None], Cancellation], Any]


class BackgroundJob(QgsTask):
    """A QGIS task that runs a function and calls back on the main thread.

    ``step(share, text)`` is a signal of its progress. At the end ``on_done(result)``, ``on_error(exception)`` or
    ``on_cancelled()`` is called; an error in ``on_done`` also goes to ``on_error``. ``title``: name of the task;
    ``work``: the function; ``is_hidden``: leave the task out of QGIS's list of tasks, for frequent short work.
    """

    step = pyqtSignal(float, str)
    #: None for a job without callbacks, and for one that Python has freed before QGIS ended its task.
    _end_callbacks: tuple[Callable, Callable, Callable] | None = None

    def __init__(
        self,
        title: str,
        work: JobFunction,
        *,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        on_cancelled: Callable[[], None] = lambda: None,
        is_hidden: bool = False,
    ):
        # Silent: the panel reports the result, so a message of the operating system would be redundant.
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt | QgsTask.Flag.Silent
        super().__init__(title, flags | QgsTask.Flag.Hidden if is_hidden else flags)
        self._work = work
        self._end_callbacks = (on_done, on_error, on_cancelled)
        self._result: Any = None
        self._error: Exception | None = None
        self._running, self._over = threading.Event(), threading.Event()

    def run(self) -> bool:
        """Run the work in the task's thread; return True if it succeeded, as QGIS requires."""
        if self.isCanceled():
            return False
        self._running.set()
        try:
            self._result = run_in_python_thread(self._work)(self._on_progress, Cancellation(self.isCanceled))
        except Cancelled:
            return False
        except Exception as error:
            self._error = error
            return False
        else:
            return not self.isCanceled()
        finally:
            self._running.clear()
            self._over.set()

    def _on_progress(self, share: float, text: str) -> None:
        self.setProgress(100 * share)
        self.step.emit(share, text)

    def finished(self, ok: bool) -> None:
        """Call the callback for success, error or cancellation on the main thread."""
        if self._end_callbacks is None:
            return
        (on_done, on_error, on_cancelled), self._end_callbacks = self._end_callbacks, None
        # A job that was stopped and finished all the same counts as cancelled: the user has already been informed.
        if self.isCanceled() or (not ok and self._error is None):
            on_cancelled()
        elif self._error is not None:
            on_error(self._error)
        else:
            result, self._result = self._result, None
            try:
                on_done(result)
            except Exception as error:
                # No caller would report the error to the user.
                on_error(error)

    def cancel_and_disconnect(self) -> None:
        """Cancel the job and disconnect its callbacks."""
        self._end_callbacks = None
        # QGIS deletes ended tasks, also those stopped in its list of tasks.
        if not sip.isdeleted(self):
            self.cancel()

    def ignore_result(self) -> None:
        """Disconnect the callbacks of the job, which runs to its end."""
        self._end_callbacks = None

    def wait(self, seconds: float) -> bool:
        """Wait until the job has ended, at most ``seconds``; return True if it is not running any more.

        QGIS's waitForFinished holds Python's lock, which the job needs to notice the cancellation.
        """
        return not self._running.is_set() or self._over.wait(seconds)


class RunnableWork(Protocol):
    """Interface of work that `JobRunner` keeps alive until it ends, and stops when the plugin is unloaded.

    It is a `BackgroundJob`, or a QGIS task with the objects it needs.
    """

    def cancel_and_disconnect(self) -> None:
        """Cancel the work and disconnect its callbacks."""

    def wait(self, seconds: float) -> bool:
        """Wait until the work has ended, at most ``seconds``; return True if it has."""
        ...


@dataclass
class JobRunner:
    """Starts jobs and keeps their Python objects alive until they end.

    Python would otherwise free objects that a task uses. While a job runs, Python is in background mode
    (`threads.BackgroundMode`).
    """

    _running_jobs: set[RunnableWork] = field(default_factory=set)

    def start(self, job: BackgroundJob) -> BackgroundJob:
        """Start a job, keep it alive until it ends, and return it."""
        self.keep_until_end(job, job.taskCompleted, job.taskTerminated)
        QgsApplication.taskManager().addTask(job)
        return job

    def keep_until_end(self, work: RunnableWork, *end_signals: Any) -> None:
        """Keep work alive until it emits one of ``end_signals``."""
        self._running_jobs.add(work)
        background_mode = BackgroundMode()

        def end_run(*_results: Any) -> None:
            self._running_jobs.discard(work)
            background_mode.release()

        for signal in end_signals:
            signal.connect(end_run)

    def stop_all(self) -> None:
        """Cancel all jobs and wait briefly: no thread may outlive the plugin's code."""
        # They stay in the set until QGIS ends their tasks.
        jobs = list(self._running_jobs)
        for job in jobs:
            job.cancel_and_disconnect()
        end = time.monotonic() + SHUTDOWN_TIMEOUT_S
        while not all(job.wait(_POLL_SECONDS) for job in jobs) and time.monotonic() < end:
            # The last calls of the work (closing a project) may need this thread.
            run_pending_main_thread_calls()


def log_error(error: Exception) -> None:
    """Write an unexpected error with its traceback to QGIS's log."""
    text = "".join(traceback.format_exception(error))
    QgsMessageLog.logMessage(text, LOG_TAG, Qgis.MessageLevel.Critical, notifyUser=False)
