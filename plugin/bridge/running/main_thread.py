# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of functions on the main thread from another thread."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject, Qt, QThread, pyqtSignal, pyqtSlot

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation

ResultType = TypeVar("R")
#: Interval in seconds at which a waiting thread checks for cancellation.
_POLL_SECONDS = 0.1


def call_on_main(
    function: Callable[[], ResultType],
    cancellation: Cancellation = NEVER_CANCELLED,
    timeout_seconds: float | None = None,
) -> ResultType | None:
    """Call a function on the main thread; return its result or raise its error.

    In the main thread it is called at once. In another thread, a call that is cancelled before it begins is never made;
    a call that has begun is awaited, so that its objects are not deleted too early. ``timeout_seconds``: return None
    if the main thread does not begin the call in this time, for example because QGIS is closing.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        return function()
    call = _MainThreadCall(function)
    with _agent_lock:
        _get_caller().asked.emit(call)
    waited = 0.0
    while not call.over.wait(_POLL_SECONDS):
        waited += _POLL_SECONDS
        try:
            cancellation.raise_if_cancelled()
        except BaseException:
            if call.withdraw_call():
                raise
            call.over.wait()
            raise
        if timeout_seconds is not None and waited > timeout_seconds and call.withdraw_call():
            return None
    if call.error is not None:
        raise call.error
    return call.result


def post_to_main(function: Callable[[], None]) -> None:
    """Call a function on the main thread without waiting for it.

    In the main thread it is called at once, in others with the main thread's next events.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        function()
        return
    with _agent_lock:
        _get_caller().asked.emit(_MainThreadCall(function))


def run_pending_main_thread_calls() -> None:
    """Make the calls that other threads have requested. Main thread only.

    Needed where the main thread waits for another thread and handles no events.
    """
    with _agent_lock:
        agent = _get_caller()
    QCoreApplication.sendPostedEvents(agent, QEvent.Type.MetaCall)


class _MainThreadCaller(QObject):
    """Object on the main thread that makes the calls of other threads.

    There is one permanent object: a Qt object for each call would be deleted in the calling thread, possibly while
    an event for it is pending on the main thread.
    """

    asked = pyqtSignal(object)

    def __init__(self, thread: QThread):
        super().__init__()
        self.moveToThread(thread)
        self.asked.connect(self._make_pending_call, Qt.ConnectionType.QueuedConnection)

    @pyqtSlot(object)
    def _make_pending_call(self, call: _MainThreadCall) -> None:
        call.make_call()


_agent_lock = threading.Lock()


@lru_cache(maxsize=1)
def _get_caller() -> _MainThreadCaller:
    return _MainThreadCaller(QCoreApplication.instance().thread())


class _MainThreadCall:
    """One call for the main thread; it is either made or withdrawn, and only once."""

    def __init__(self, function: Callable[[], Any]):
        self.function = function
        self.result: Any = None
        self.error: BaseException | None = None
        self.over, self._mine = threading.Event(), threading.Lock()

    def withdraw_call(self) -> bool:
        """Withdraw the call; return True if it was not begun and never will be."""
        return self._mine.acquire(blocking=False)

    def make_call(self) -> None:
        if not self._mine.acquire(blocking=False):
            return
        try:
            self.result = self.function()
        except BaseException as error:
            self.error = error
            # The function's objects (layouts, projects) must not be deleted in the other thread, together with the
            # error.
            traceback.clear_frames(error.__traceback__)
        finally:
            self.over.set()
