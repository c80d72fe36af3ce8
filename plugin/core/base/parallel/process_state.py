# SPDX-License-Identifier: GPL-2.0-or-later
"""State that all threads of the process share: their number, how fast they alternate, pauses of garbage collection.

Python collects reference cycles in whichever thread allocates. A widget or a layer that a worker thread frees in this
way crashes QGIS: Qt deletes such objects on the main thread only. This module is separate from `threads`, because it is
used where libraries may be missing.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

#: More threads than this wait for memory rather than compute.
MAX_THREADS = 8
#: Seconds after which a thread passes Python's lock to one that waits for it; Python's own value is ten times as long.
_SHORT_TURN_SECONDS = 0.0005
#: New objects from which a search by Python's garbage collection takes a tenth of a second.
_MANY_OBJECTS = 200_000
#: For changes of what the garbage collection of the process excludes.
_EXCLUSION_LOCK = threading.Lock()


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


@dataclass
class SharedState:
    """A state of the process that begins with the first `begin` and ends with the last `end`.

    ``make_context``: returns a context that sets the state, and at its end restores what was before.
    """

    make_context: Callable[[], AbstractContextManager[None]]
    _context: ExitStack = field(default_factory=ExitStack, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _users: int = field(default=0, init=False)

    def begin(self) -> None:
        """Begin the state, if no one else has begun it."""
        with self._lock:
            if self._users == 0:
                self._context.enter_context(self.make_context())
            self._users += 1

    def end(self) -> None:
        """End the state, if everyone else who has begun it has ended it; call it as often as `begin`."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._context.close()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Begin the state for the ``with`` block, and end it afterwards."""
        self.begin()
        try:
            yield
        finally:
            self.end()


@contextmanager
def _suspend_collection() -> Iterator[None]:
    if not gc.isenabled():
        yield
        return
    gc.disable()
    yield
    # The next collection would search all objects of the pause, such as hundreds of thousands of findings, and soon
    # again. As old objects they are searched when many more have been added.
    if gc.get_count()[0] >= _MANY_OBJECTS:
        with _EXCLUSION_LOCK:
            if not gc.get_freeze_count():
                # Excluding all objects and including them again makes them old, without a search.
                gc.freeze()
                gc.unfreeze()
    gc.enable()


@contextmanager
def _change_value(
    get_value: Callable[[], Any], set_value: Callable[[Any], None], change: Callable[[Any], Any]
) -> Iterator[None]:
    former_value = get_value()
    set_value(change(former_value))
    yield
    set_value(former_value)


#: Lets each operation use half of the threads while a ``with`` block runs, in which two threads compute or read: more
#: threads than cores only wait.
halve_threads = SharedState(lambda: _change_value(get_thread_count, set_thread_count, lambda count: count // 2)).hold
#: Python's garbage collection is suspended.
COLLECTION_PAUSE = SharedState(_suspend_collection)
#: Suspends Python's garbage collection while a ``with`` block runs.
pause_garbage_collection = COLLECTION_PAUSE.hold
#: Threads of Python alternate quickly, so that a window, which runs Python for each row that it draws, does not wait
#: the usual 5 ms for each.
SHORT_TURNS = SharedState(
    lambda: _change_value(
        sys.getswitchinterval, sys.setswitchinterval, lambda seconds: min(seconds, _SHORT_TURN_SECONDS)
    )
)


def remove_one_by_one(items: list[Any] | dict[Any, Any]) -> None:
    """Empty a list or dict item by item.

    Many objects that are freed at once hold Python's lock until the last is freed; here other threads can run between.
    """
    while items:
        if isinstance(items, dict):
            items.popitem()
        else:
            items.pop()


def return_free_memory() -> None:
    """Return memory that was freed to the system.

    The C library of Linux keeps it for the threads that had it, and a later operation runs in other threads. Where the
    library has no such function, nothing is done.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


@dataclass
class CollectionExclusion:
    """Excludes objects of the process from Python's garbage collection, on behalf of one owner, until `end`.

    For an owner of very many objects that live long. Python searches all objects for those that refer only to each
    other; for the rows of many edits this takes a tenth of a second, in which no thread runs. Excluded objects are
    freed as usual when nothing refers to them. Garbage that already exists is excluded with them, so it remains until
    the end. Methods may be called in any thread.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _has_excluded: bool = field(default=False, init=False)
    _has_ended: bool = field(default=False, init=False)

    def exclude_existing_objects(self) -> None:
        """Exclude all objects that exist now; do nothing after the end."""
        with self._lock, _EXCLUSION_LOCK:
            if not self._has_ended:
                gc.freeze()
                self._has_excluded = True

    def end(self) -> None:
        """Include all objects again, if this owner has excluded any; further calls do nothing."""
        with self._lock, _EXCLUSION_LOCK:
            if self._has_excluded and not self._has_ended:
                gc.unfreeze()
            self._has_ended = True
