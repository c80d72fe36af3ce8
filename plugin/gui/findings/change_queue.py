# SPDX-License-Identifier: GPL-2.0-or-later
"""Show changes of findings one after the other: small ones at once, large ones in turns of the event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from qgis.PyQt.QtCore import QObject

from ...bridge.running.portions import PortionedWork, Waiting, run_to_end
from ...bridge.running.tasks import log_error

#: A change of more findings is shown in several turns of the event loop.
MAX_FINDINGS_SHOWN_AT_ONCE = 20

DisplaySteps = Generator[Waiting | None, None, None]


class ChangeQueue(QObject):
    """Runs the steps that show changes of findings, in the order of the changes.

    Call `finish` before other code changes what is displayed, `cancel` before another result replaces it.
    """

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._waiting: deque[Callable[[], DisplaySteps]] = deque()
        self._work: PortionedWork | None = None

    def add(self, change: Any, make_steps: Callable[[], DisplaySteps]) -> None:
        """Show a change after those that wait; at once if it is small and none waits.

        ``make_steps``: returns a generator that shows the change in steps.
        """
        count = len(change.ended_findings) + len(change.new_findings) + len(change.changed_findings)
        if self._work is None and count <= MAX_FINDINGS_SHOWN_AT_ONCE:
            run_to_end(make_steps())
        else:
            self._waiting.append(make_steps)
            self._start()

    @property
    def is_empty(self) -> bool:
        """Return True if no change waits or is being shown."""
        return self._work is None and not self._waiting

    def _start(self) -> None:
        if self._work is None and self._waiting:
            self._work = PortionedWork(self._run_all(), self._end, self._end_with_error, self)

    def finish(self) -> None:
        """Show all changes that wait, at once."""
        work, self._work = self._work, None
        if work is not None:
            work.finish()
            work.deleteLater()

    def cancel(self) -> None:
        """Discard the changes that wait: they are of a former result."""
        self._waiting.clear()
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            work.deleteLater()

    def _run_all(self) -> DisplaySteps:
        while self._waiting:
            yield from self._waiting.popleft()()

    def _end(self, _nothing: Any) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.deleteLater()

    def _end_with_error(self, error: Exception) -> None:
        log_error(error)
        self._end(None)
        # The changes behind the one that failed are shown nevertheless.
        self._start()
