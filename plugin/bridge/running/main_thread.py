# SPDX-License-Identifier: GPL-2.0-or-later
"""A call that only the main thread may make (layouts, projects), asked for by work that runs in another."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject, Qt, QThread, pyqtSignal, pyqtSlot

from ...core.cancellation import NEVER, Cancellation

R = TypeVar("R")
#: How often the one who waits looks whether it should stop, in seconds.
_LOOK = 0.1


def on_main(function: Callable[[], R], cancellation: Cancellation = NEVER, patience: float | None = None) -> R | None:
    """Call a function on the main thread and wait for its answer, or its error; at once when this is the main thread.

    Cancelled while the call waits for its turn, it is never made. A call that has begun is waited for, so that
    nothing it uses is gone too early. ``patience``: seconds after which a main thread that never has time (QGIS is closing)
    is no longer waited for, with None as the answer.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        return function()
    call = _Call(function)
    with _making:
        _agent().asked.emit(call)
    waited = 0.0
    while not call.over.wait(_LOOK):
        waited += _LOOK
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
    """Call a function on the main thread without waiting: at once when this is the main thread, else with its next events."""
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() == application.thread():
        function()
        return
    with _making:
        _agent().asked.emit(_Call(function))


def make_waiting_calls() -> None:
    """On the main thread, where it waits for such work itself and handles no events: make the calls that wait for it."""
    with _making:
        agent = _agent()
    QCoreApplication.sendPostedEvents(agent, QEvent.Type.MetaCall)


class _Agent(QObject):
    """Makes the calls. It lives on the main thread for good: an object of Qt's that goes with each call would go in the
    thread that asked, while an event for it may be under way here."""

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
        """True when nobody has begun the call, and nobody will."""
        return self._mine.acquire(blocking=False)

    def make(self) -> None:
        if not self._mine.acquire(blocking=False):
            return
        try:
            self.result = self.function()
        except BaseException as error:
            self.error = error
            # What the function had in its hands (layouts, projects) must not go in the other thread, with the error.
            traceback.clear_frames(error.__traceback__)
        finally:
            self.over.set()
