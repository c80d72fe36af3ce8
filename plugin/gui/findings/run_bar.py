# SPDX-License-Identifier: GPL-2.0-or-later
"""How the check goes: a bar with rule n/N, its code and the time left, and a button to stop it."""

from __future__ import annotations

import time

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from ...bridge.texts import tr

#: A guess at the time left is shown from here on: earlier it only jumps.
_GUESS_FROM_SECONDS, _GUESS_FROM_SHARE = 1.0, 0.15
_STEPS = 1000


class RunBar(QWidget):
    cancelled = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setObjectName("SanxianProgress")
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(True)
        self.button = QPushButton(tr("Cancel"))
        self.button.setObjectName("SanxianCancel")
        self.button.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.button)
        self._total = self._number = 0
        self._again = False
        self._started = 0.0
        self.hide()

    def start(self, total: int, again: bool) -> None:
        """``total``: rules to run; ``again``: is there a former result?"""
        self._total, self._number, self._again = total, 0, again
        self._started = time.monotonic()
        self.bar.setValue(0)
        self.bar.setFormat(tr("Reading layers"))
        self.button.setEnabled(True)
        self.show()

    def step(self, share: float, code: str) -> None:
        """``code``: of the rule that begins; empty while layers are read."""
        self.bar.setValue(round(_STEPS * share))
        if not self.button.isEnabled():
            return
        if not code:
            return
        self._number = min(self._number + 1, self._total)
        word = tr("Re-checking") if self._again else tr("Checking")
        parts = [word, f"{self._number}/{self._total}", code]
        left = self._seconds_left(share)
        if left is not None:
            parts.append(tr("about {seconds} s left").format(seconds=left))
        self.bar.setFormat("  ".join(parts))

    def stop(self) -> None:
        self.hide()

    def _cancel(self) -> None:
        self.button.setEnabled(False)
        self.bar.setFormat(tr("Cancelling"))
        self.cancelled.emit()

    def _seconds_left(self, share: float) -> int | None:
        passed = time.monotonic() - self._started
        if passed < _GUESS_FROM_SECONDS or share < _GUESS_FROM_SHARE:
            return None
        return max(1, round(passed * (1 - share) / share))
