# SPDX-License-Identifier: GPL-2.0-or-later
"""Work of the main thread that is divided into portions, so that QGIS stays responsive between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from qgis.PyQt.QtCore import QObject, QTimer

from .tasks import log_error

#: Time after which a portion ends, in seconds: with what QGIS does in the same turn, such as drawing the list, the eye
#: notices no pause.
PORTION_SECONDS = 0.006
#: Interval at which work asks whether another thread has finished.
_WAITING_MS = 5
T = TypeVar("T")


class Waiting:
    """Type of `WAITING`."""


#: Yielded by a generator that waits for another thread, or whose next step belongs in another turn of the event loop.
WAITING = Waiting()


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
    """Runs the steps of a generator from the event loop, some at a time.

    ``on_done(result)`` is called with the generator's result after the last step, ``on_error(exception)`` if a step
    raised an error, which is logged; neither is called after `cancel`. The object deletes itself at the end.
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
        #: True until the last step is done, a step has failed, or the work is cancelled.
        self.is_running = True
        self._timer = QTimer(self, timeout=self._run_portion)
        self._timer.start(0)

    def finish(self) -> None:
        """Run the remaining steps at once, without callbacks."""
        self._stop()
        run_to_end(self._steps)

    def cancel(self) -> None:
        """Stop before the next step; the generator is closed."""
        self._stop()
        self._steps.close()

    def _stop(self) -> None:
        self.is_running = False
        self._timer.stop()
        self.deleteLater()

    def _run_portion(self) -> None:
        end_time = time.perf_counter() + PORTION_SECONDS
        try:
            is_waiting = False
            while not is_waiting and time.perf_counter() < end_time:
                is_waiting = next(self._steps) is WAITING
            self._timer.setInterval(_WAITING_MS if is_waiting else 0)
        except StopIteration as end:
            self._stop()
            self._on_done(end.value)
        except Exception as error:
            self._stop()
            log_error(error)
            self._on_error(error)
