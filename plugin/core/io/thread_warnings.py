# SPDX-License-Identifier: GPL-2.0-or-later
"""Warnings that several threads get at the same time; Python's own recording mixes those of all threads."""

from __future__ import annotations

import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def record_warnings_by_thread() -> Iterator[Callable[[], list[warnings.WarningMessage]]]:
    """Record all warnings while the ``with`` block runs, and show none.

    Yields a function that returns the warnings that its caller's thread got since the last call. Only one thread at a
    time may use this, since the state of ``warnings`` is that of the process.
    """
    warnings_by_thread: dict[int, list[warnings.WarningMessage]] = defaultdict(list)

    def record(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        recorded = warnings.WarningMessage(message, category, filename, lineno, file, line)
        warnings_by_thread[threading.get_ident()].append(recorded)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = record
        yield lambda: warnings_by_thread.pop(threading.get_ident(), [])
