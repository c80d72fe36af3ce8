# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns of the event loop, shared by all work of the main thread that is divided into portions.

Several works with a timer each would run a portion each in the same turn, and their pauses would add up. Here the works
take turns: only one portion runs between two turns of the event loop.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakMethod

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

#: Time after which a portion ends, in seconds: with what QGIS does in the same turn, such as drawing the list, the eye
#: notices no pause.
PORTION_SECONDS = 0.006


def has_portion_used_its_time() -> bool:
    """Return True if the portion that is running has used up its time; False if none is running.

    Work that may be done in a later turn is then better put off.
    """
    return time.perf_counter() > _turns.end_time


class RepeatedPortion:
    """Calls a method in turns of the event loop, from `start` to `stop`.

    ``run_portion``: a bound method, which should take a few milliseconds. Calls end when its object is deleted, by
    Python or by Qt.
    """

    def __init__(self, run_portion: Callable[[], None]):
        self._method = WeakMethod(run_portion)
        #: Earliest time of the next call (`time.perf_counter`).
        self.due_time = 0.0
        self.is_running = False

    @property
    def is_active(self) -> bool:
        """Return True from `start` to `stop`."""
        return self in _turns.portions

    def start(self, delay_seconds: float = 0.0) -> None:
        """Call the method from now on, first after ``delay_seconds``; each next call follows in a later turn."""
        self.delay(delay_seconds)
        _turns.add(self)

    def delay(self, seconds: float) -> None:
        """Postpone the next call by ``seconds``."""
        self.due_time = time.perf_counter() + seconds

    def stop(self) -> None:
        """Call the method no more."""
        _turns.remove(self)

    def run(self) -> None:
        """Call the method once; stop if its object is deleted or it raises an error, which is passed on."""
        method = self._method()
        if method is None or (isinstance(method.__self__, QObject) and sip.isdeleted(method.__self__)):
            self.stop()
            return
        outer_end_time, _turns.end_time = _turns.end_time, time.perf_counter() + PORTION_SECONDS
        self.is_running = True
        try:
            method()
        except BaseException:
            # Called again, it would raise the error in each turn.
            self.stop()
            raise
        finally:
            self.is_running, _turns.end_time = False, outer_end_time


class _Turns:
    """Runs one of the active portions in each turn of the event loop, in rotation."""

    def __init__(self) -> None:
        self.portions: deque[RepeatedPortion] = deque()
        #: Time (`time.perf_counter`) until which the portion that is running should end.
        self.end_time = math.inf
        self._timer: QTimer | None = None

    def add(self, portion: RepeatedPortion) -> None:
        if portion not in self.portions:
            self.portions.append(portion)
        self._schedule_next()

    def remove(self, portion: RepeatedPortion) -> None:
        with suppress(ValueError):
            self.portions.remove(portion)
        if not self.portions and self._timer is not None:
            self._timer.stop()

    def _schedule_next(self) -> None:
        """Start the timer for the portion that is due first; a running one is not due."""
        due_times = [portion.due_time for portion in self.portions if not portion.is_running]
        if not due_times:
            return
        if self._timer is None:
            # Not repeated: Qt does not call a repeated timer during its own slot, which may open a dialog.
            self._timer = QTimer()
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self._run_turn)
        self._timer.start(max(0, math.ceil(1000 * (min(due_times) - time.perf_counter()))))

    def _run_turn(self) -> None:
        portion = self._take_next()
        # If the portion opens a dialog, the others go on.
        self._schedule_next()
        if portion is None:
            return
        try:
            portion.run()
        finally:
            self._schedule_next()

    def _take_next(self) -> RepeatedPortion | None:
        """Return the first portion that is due, and move it behind the others; None if none is due."""
        now = time.perf_counter()
        for portion in self.portions:
            if portion.due_time <= now and not portion.is_running:
                self.portions.remove(portion)
                self.portions.append(portion)
                return portion
        return None


_turns = _Turns()
