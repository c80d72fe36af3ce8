# SPDX-License-Identifier: GPL-2.0-or-later
"""Pauses of Python's garbage collection while other threads than the main one run.

Python collects reference cycles in whichever thread allocates. A widget or a layer that a worker thread frees in this
way crashes QGIS: Qt deletes such objects on the main thread only.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_collection_pause_lock = threading.Lock()
_active_pauses = 0
_was_collection_enabled = False


def begin_collection_pause() -> None:
    """Suspend Python's garbage collection until `end_collection_pause` is called as often."""
    global _active_pauses, _was_collection_enabled
    with _collection_pause_lock:
        if _active_pauses == 0:
            _was_collection_enabled = gc.isenabled()
            gc.disable()
        _active_pauses += 1


def end_collection_pause() -> None:
    """End a pause. The garbage collection resumes with the last one, if it was enabled before."""
    global _active_pauses
    with _collection_pause_lock:
        _active_pauses -= 1
        if _active_pauses == 0 and _was_collection_enabled:
            gc.enable()


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Suspend Python's garbage collection while the ``with`` block runs."""
    begin_collection_pause()
    try:
        yield
    finally:
        end_collection_pause()
