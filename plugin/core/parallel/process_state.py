# SPDX-License-Identifier: GPL-2.0-or-later
"""State of the process that all its threads share: number of threads, and pauses of Python's garbage collection.

Python collects reference cycles in whichever thread allocates. A widget or a layer that a worker thread frees in this
way crashes QGIS: Qt deletes such objects on the main thread only. This module is separate from `threads`, because it is
used where libraries may be missing.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: More threads than this wait for memory rather than compute.
MAX_THREADS = 8
_collection_pause_lock = threading.Lock()
_active_pauses = 0
_was_collection_enabled = False


def get_available_cores() -> int:
    """Return the number of cores that this process may use."""
    # On Linux a process may be limited to some of the machine's cores.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_thread_count = min(get_available_cores(), MAX_THREADS)


def get_thread_count() -> int:
    """Return the maximum number of threads of one operation."""
    return _thread_count


def set_thread_count(count: int) -> None:
    """Set the maximum number of threads of one operation; 1 means the caller's thread only."""
    global _thread_count
    _thread_count = max(1, min(count, MAX_THREADS))


def begin_collection_pause() -> None:
    """Suspend Python's garbage collection until `end_collection_pause` is called as often as this function."""
    global _active_pauses, _was_collection_enabled
    with _collection_pause_lock:
        if _active_pauses == 0:
            _was_collection_enabled = gc.isenabled()
            gc.disable()
        _active_pauses += 1


def end_collection_pause() -> None:
    """End a pause; garbage collection resumes when the last pause ends, if it was enabled before."""
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
