# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on the main thread (layouts, projects) from work in another thread."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject, Qt, QThread, pyqtSignal, pyqtSlot

from ...core.cancellation import NEVER, Cancellation

R = TypeVar("R")
#: Interval in seconds at which a waiting thread checks for cancellation.
_POLL_S = 0.1


def on_main(function: Callable[[], R], cancellation: Cancellation = NEVER, patience: float | None = None) -> R | None:
    """Call a function on the main thread and return its result, or raise its error.

    At once if this is the main thread. A call that is cancelled while it waits for its turn is never made. A call that
    has begun is awaited, so that its objects are not deleted too early. ``patience``: seconds after which waiting for
    an unresponsive main thread (QGIS is closing) ends, with None as the result.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        return function()
    call = _Call(function)
    with _making:
        _agent().asked.emit(call)
    waited = 0.0
    while not call.over.wait(_POLL_S):
        waited += _POLL_S
        try:
            cancellation.raise_if_cancelled()
        except BaseException:
            if call.withdraw():
                raise
            call.over.wait()
            raise
        if patience is not None and waited > patience and call.withdraw():
            return None
    if call.error is not None:
        raise call.error
    return call.result


def post_to_main(function: Callable[[], None]) -> None:
    """Call a function on the main thread without waiting.

    At once if this is the main thread, else with its next events.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        function()
        return
    with _making:
        _agent().asked.emit(_Call(function))


def make_waiting_calls() -> None:
    """Make the waiting calls, on the main thread.

    For a main thread that waits for such work and handles no events.
    """
    with _making:
        agent = _agent()
    QCoreApplication.sendPostedEvents(agent, QEvent.Type.MetaCall)


class _Agent(QObject):
    """Makes the calls, as one permanent object on the main thread.

    A Qt object for each call would be deleted in the calling thread, possibly while an event for it is pending on the
    main thread.
    """

    asked = pyqtSignal(object)

    def __init__(self, thread: QThread):
        super().__init__()
        self.moveToThread(thread)
        self.asked.connect(self._make, Qt.ConnectionType.QueuedConnection)

    @pyqtSlot(object)
    def _make(self, call: _Call) -> None:
        call.make()


_making = threading.Lock()


@lru_cache(maxsize=1)
def _agent() -> _Agent:
    return _Agent(QCoreApplication.instance().thread())


class _Call:
    """One call; it is made, or withdrawn, once."""

    def __init__(self, function: Callable[[], Any]):
        self.function = function
        self.result: Any = None
        self.error: BaseException | None = None
        self.over, self._mine = threading.Event(), threading.Lock()

    def withdraw(self) -> bool:
        """Withdraw the call; return True if it has not begun and never will."""
        return self._mine.acquire(blocking=False)

    def make(self) -> None:
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
