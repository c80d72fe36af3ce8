# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep Python's garbage collection off worker threads.

Python collects reference cycles in whichever thread allocates, and frees what it finds there. A widget or a layer that a
worker thread frees in this way ends QGIS: Qt deletes such objects on the main thread only.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from .main_thread import post_to_main

_lock = threading.Lock()
_holds = 0
_was_enabled = False


class Hold:
    """Suspend the collection from now until `release`, which may be called in any thread and more than once.

    The collection resumes on the main thread, once every hold is released. A hold that nobody refers to any more is released.
    """

    def __init__(self) -> None:
        global _holds, _was_enabled
        with _lock:
            if _holds == 0:
                _was_enabled = gc.isenabled()
                gc.disable()
            _holds += 1
        # Enabled in the worker, the collection would begin with the worker's next object.
        self.release = weakref.finalize(self, post_to_main, _resume)
        self.release.atexit = False


@contextmanager
def no_collection() -> Iterator[None]:
    """Suspend the collection while the block runs."""
    hold = Hold()
    try:
        yield
    finally:
        hold.release()


def _resume() -> None:
    global _holds
    with _lock:
        _holds -= 1
        if _holds == 0 and _was_enabled:
            gc.enable()
