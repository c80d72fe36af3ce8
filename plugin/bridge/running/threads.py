# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads created by Python, for libraries that need one, and calls on the main thread from another.

QGIS runs tasks and algorithms on Qt's pooled threads. Python knows such a thread only during a call, but pyproj 3.7.0
to 3.7.2 (shipped with QGIS) keep a pointer to the thread's PROJ context for longer: the second check on the same pooled
thread crashes QGIS (pyproj issues 1509 and 1622; reproduced). In a thread created by Python both have the same
lifetime.
"""

from __future__ import annotations

import sys
import threading
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject, Qt, QThread, pyqtSignal, pyqtSlot

from ...core.base.errors import NEVER_CANCELLED, Cancellation
from ...core.base.parallel.process_state import COLLECTION_PAUSE, SHORT_TURNS

ResultType = TypeVar("R")
#: Interval in seconds at which a waiting thread checks for cancellation.
_POLL_SECONDS = 0.1
P = ParamSpec("P")
R = TypeVar("R")


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
    if _is_on_main_thread():
        return function()
    call = _post_call(function)
    waited = 0.0
    while not wait([call], _POLL_SECONDS).done:
        waited += _POLL_SECONDS
        try:
            cancellation.raise_if_cancelled()
        except BaseException:
            if not call.cancel():
                wait([call])
            raise
        if timeout_seconds is not None and waited > timeout_seconds and call.cancel():
            return None
    return call.result()


def post_to_main(function: Callable[[], None]) -> None:
    """Call a function on the main thread without waiting for it.

    In the main thread it is called at once, in others with the main thread's next events; QGIS shows an error of it as
    that of a slot.
    """
    if _is_on_main_thread():
        function()
    else:
        _post_call(function).add_done_callback(_report_error)


def _report_error(call: Future[Any]) -> None:
    if error := call.exception():
        sys.excepthook(type(error), error, error.__traceback__)


def _is_on_main_thread() -> bool:
    application = QCoreApplication.instance()
    return application is None or QThread.currentThread() == application.thread()


def _post_call(function: Callable[[], ResultType]) -> Future[ResultType]:
    """Request a call on the main thread; it is made unless the future is cancelled before."""
    call: Future[ResultType] = Future()
    with _agent_lock:
        _get_caller().asked.emit(function, call)
    return call


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

    asked = pyqtSignal(object, object)

    def __init__(self, thread: QThread):
        super().__init__()
        self.moveToThread(thread)
        self.asked.connect(self._make_pending_call, Qt.ConnectionType.QueuedConnection)

    @pyqtSlot(object, object)
    def _make_pending_call(self, function: Callable[[], Any], call: Future[Any]) -> None:
        if not call.set_running_or_notify_cancel():
            return
        try:
            call.set_result(function())
        except BaseException as error:
            # The function's objects (layouts, projects) must not be deleted in the other thread, together with the
            # error.
            traceback.clear_frames(error.__traceback__)
            call.set_exception(error)


_agent_lock = threading.Lock()


@lru_cache(maxsize=1)
def _get_caller() -> _MainThreadCaller:
    return _MainThreadCaller(QCoreApplication.instance().thread())


class BackgroundMode:
    """Prepares Python for a thread beside the main thread, until `release` is called.

    Python's garbage collection is suspended, and threads alternate quickly. `release` may be called in any thread and
    more than once. The mode ends on the main thread, once every object of this class is released. An object without
    references counts as released.
    """

    def __init__(self) -> None:
        COLLECTION_PAUSE.begin()
        SHORT_TURNS.begin()
        # Enabled in the worker, the collection would begin with the worker's next object.
        self.release = weakref.finalize(self, post_to_main, _end_background_mode)
        self.release.atexit = False


def _end_background_mode() -> None:
    SHORT_TURNS.end()
    COLLECTION_PAUSE.end()


def run_in_python_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that it runs in a thread created by Python if it is called in a thread of Qt.

    The caller waits for the result. In other threads the function is called directly. Use it for computation; objects
    that Qt ties to a thread (sinks, layers that are passed on) must remain in the caller.
    """

    @wraps(function)
    def call_and_store_result(*args: P.args, **kwargs: P.kwargs) -> R:
        if not isinstance(threading.current_thread(), threading._DummyThread):
            return function(*args, **kwargs)
        outcome: Future[R] = Future()

        def run() -> None:
            try:
                outcome.set_result(function(*args, **kwargs))
            except BaseException as error:
                outcome.set_exception(error)

        thread = threading.Thread(target=run, name=f"sanxian-{function.__name__}")
        background_mode = BackgroundMode()
        try:
            thread.start()
            thread.join()
        finally:
            background_mode.release()
        return outcome.result()

    return call_and_store_result
