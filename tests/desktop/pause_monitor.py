# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure pauses of the main thread."""

import time

from qgis.PyQt.QtCore import QTimer


class PauseMonitor:
    """Record the longest time between two turns of the Qt event loop: wall clock and CPU of the main thread."""

    def __enter__(self):
        self.wall = self.cpu = 0.0
        self._last = self._now()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(0)
        return self

    @staticmethod
    def _now():
        return time.monotonic(), time.thread_time()

    def _beat(self):
        now = self._now()
        self.wall, self.cpu = max(self.wall, now[0] - self._last[0]), max(self.cpu, now[1] - self._last[1])
        self._last = now

    def __exit__(self, *_error):
        self._beat()
        self._timer.stop()
