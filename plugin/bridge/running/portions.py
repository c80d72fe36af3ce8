# SPDX-License-Identifier: GPL-2.0-or-later
"""Work of the main thread that is divided into portions, so that QGIS stays responsive between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from qgis.PyQt.QtCore import QObject

from .turns import RepeatedPortion, has_portion_used_its_time

#: Interval in seconds at which work asks whether another thread has finished.
_WAITING_SECONDS = 0.005
#: Longest time in seconds for which background work waits for the end of a portion.
MAX_WAIT_SECONDS = 0.1
#: Set while no portion runs.
_no_portion_runs = threading.Event()
_no_portion_runs.set()


@contextmanager
def hold_background_work() -> Iterator[None]:
    """Let background jobs wait at their next step while the ``with`` block runs on the main thread.

    Python runs one thread at a time: a portion that shares it with a job takes twice as long.
    """
    _no_portion_runs.clear()
    try:
        yield
    finally:
        _no_portion_runs.set()


def wait_for_portion() -> None:
    """Wait until the main thread has ended the portion that it runs, if any; return at once on the main thread."""
    if threading.current_thread() is not threading.main_thread():
        _no_portion_runs.wait(MAX_WAIT_SECONDS)


class Waiting:
    """Type of `WAITING`."""


#: Yielded by a generator that waits for another thread, or whose next step belongs in another turn of the event loop.
WAITING = Waiting()

T = TypeVar("T")


def run_to_end(steps: Generator[Waiting | None, None, T]) -> T:
    """Run all steps at once; return the result of the generator."""
    while True:
        try:
            if next(steps) is WAITING:
                # The other thread needs Python's lock.
                time.sleep(0.001)
        except StopIteration as end:
            return end.value


class PortionedWork(QObject):
    """Runs the steps of a generator from the event loop, some at a time; no other portion runs in the same turn.

    ``on_done(result)`` is called with the generator's result after the last step, ``on_error(exception)`` if a step
    raised an error; neither is called after `cancel`.
    """

    def __init__(
        self,
        steps: Generator[Waiting | None, None, Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._steps, self._on_done, self._on_error = steps, on_done, on_error
        self._portion = RepeatedPortion(self._run_portion)
        self._portion.start()

    @property
    def is_running(self) -> bool:
        """Return True until the last step is done, a step has failed, or the work is cancelled."""
        return self._portion.is_active

    def finish(self) -> None:
        """Run the remaining steps at once, without callbacks."""
        self._portion.stop()
        run_to_end(self._steps)

    def cancel(self) -> None:
        """Stop before the next step; the generator is closed."""
        self._portion.stop()
        self._steps.close()

    def _run_portion(self) -> None:
        try:
            is_waiting = False
            with hold_background_work():
                while not (is_waiting or has_portion_used_its_time()):
                    is_waiting = next(self._steps) is WAITING
            self._portion.delay(_WAITING_SECONDS if is_waiting else 0.0)
        except StopIteration as end:
            self._portion.stop()
            self._on_done(end.value)
        except Exception as error:
            self._portion.stop()
            self._on_error(error)
