# SPDX-License-Identifier: GPL-2.0-or-later
"""The number of threads of one geometry operation.

It is apart from `threads`, because it is set where libraries may be missing.
"""

from __future__ import annotations

import os

#: More threads than this wait for memory rather than compute.
MAX_THREADS = 8


def get_available_cores() -> int:
    """Return the number of cores that this process may use."""
    # On Linux a process may be limited to some of the machine's cores.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_thread_count = min(get_available_cores(), MAX_THREADS)


def get_thread_count() -> int:
    """Return the maximum number of threads of one operation."""
    return _thread_count


def set_thread_count(count: int) -> None:
    """Set the maximum number of threads of one operation, 1 for none besides the caller's."""
    global _thread_count
    _thread_count = max(1, min(count, MAX_THREADS))
