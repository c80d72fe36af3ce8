# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads created by Python, for libraries that need one.

QGIS runs tasks and algorithms on Qt's pooled threads. Python knows such a thread only during a call, but pyproj 3.7.0
to 3.7.2 (shipped with QGIS) keep a pointer to the thread's PROJ context for longer: the second check on the same pooled
thread crashes QGIS (pyproj issues 1509 and 1622; reproduced). In a thread created by Python both have the same
lifetime.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ...core.base.parallel.process_state import (
    COLLECTION_PAUSE,
    SHORT_TURNS,
    get_available_cores,
    set_thread_count,
)
from .main_thread import post_to_main


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


@contextmanager
def use_background_mode() -> Iterator[None]:
    """Use the background mode while the ``with`` block runs."""
    hold = BackgroundMode()
    try:
        yield
    finally:
        hold.release()


P = ParamSpec("P")
R = TypeVar("R")


def run_in_python_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that it runs in a thread created by Python if it is called in a thread of Qt.

    The caller waits for the result. In other threads the function is called directly. Use it for computation; objects
    that Qt ties to a thread (sinks, layers that are passed on) must remain in the caller.
    """

    @wraps(function)
    def call_and_store_result(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _is_qt_thread():
            return function(*args, **kwargs)
        call_outcome: dict[str, Any] = {}

        def call_and_store_result() -> None:
            try:
                call_outcome["result"] = function(*args, **kwargs)
            except BaseException as error:
                call_outcome["error"] = error

        thread = threading.Thread(target=call_and_store_result, name=f"sanxian-{function.__name__}")
        with use_background_mode():
            thread.start()
            thread.join()
        if "error" in call_outcome:
            raise call_outcome["error"]
        return call_outcome["result"]

    return call_and_store_result


def leave_one_cpu_core_free() -> None:
    """Let geometry operations use all cores but one, so that windows respond during a check."""
    set_thread_count(get_available_cores() - 1)


def _is_qt_thread() -> bool:
    """Return True if the current thread was not started by Python, but by Qt."""
    return isinstance(threading.current_thread(), threading._DummyThread)
