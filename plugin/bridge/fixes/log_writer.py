# SPDX-License-Identifier: GPL-2.0-or-later
"""Write change logs in another thread: a slow disk or server must not stop the desktop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..running.threads import BackgroundMode

if TYPE_CHECKING:
    from ...core.fixes.change_log import LogAction, PreparedRows
    from .apply import ChangeLog, FixOrder


class LogWriter(QObject):
    """Writes actions on applied fixes to change logs, in their order.

    Signal ``failed(error)``: an action could not be written. Methods are for the main thread.
    """

    failed = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._executor: ThreadPoolExecutor | None = None
        #: Only one action is written at a time.
        self._lock = threading.Lock()

    def write(self, log: ChangeLog, order: FixOrder, action: LogAction) -> None:
        """Write an action after those that wait; ``failed`` reports an error."""
        self._submit(partial(log.append_action, order, action, datetime.now())).add_done_callback(self._report_failure)

    def prepare(self, log: ChangeLog, order: FixOrder, action: LogAction) -> PreparedLog:
        """Prepare an action, after those that wait are written, to be committed with the edits that it is on."""
        return PreparedLog(self._submit(partial(log.prepare, order, action, datetime.now())), self._lock)

    def stop(self) -> None:
        """Wait until all actions are written."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "sanxian-change-log")
        # In this thread, the collection could delete objects of the main thread.
        background_mode = BackgroundMode()

        def run() -> Any:
            try:
                with self._lock:
                    return work()
            finally:
                background_mode.release()

        return self._executor.submit(run)

    def _report_failure(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self.failed.emit(error)


class PreparedLog:
    """An action on applied fixes that is being prepared in another thread.

    `discard` after `commit` does nothing.
    """

    def __init__(self, future: Future[PreparedRows | None], lock: threading.Lock):
        self._future, self._lock = future, lock

    @property
    def is_ready(self) -> bool:
        return self._future.done()

    def commit(self, write_again: Callable[[], None]) -> None:
        """Put the prepared files in place; raise OutputError if that fails or their preparation failed.

        ``write_again`` is called instead if the log was written in the meantime.
        """
        rows = self._future.result()
        if rows is None:
            return
        with self._lock:
            if rows.is_current:
                rows.commit()
            else:
                rows.discard()
                write_again()

    def discard(self) -> None:
        """Leave the log as it is, as soon as the preparation has ended."""
        self._future.add_done_callback(_discard_rows)


def _discard_rows(future: Future[PreparedRows | None]) -> None:
    error = future.exception()
    if error is None and (rows := future.result()) is not None:
        rows.discard()
