# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress of a running check, and of the work list."""

from __future__ import annotations

import time

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QWidget

from ...bridge.texts import tr
from ..widgets.layout import fill_layout

#: The time left is shown only from here on, because earlier estimates are unstable.
_MIN_SECONDS_TO_ESTIMATE, _MIN_SHARE_TO_ESTIMATE = 1.0, 0.15
_PROGRESS_STEPS = 1000


class CheckProgressBar(QWidget):
    """Progress bar of a check with a Cancel button, which emits ``cancelled``."""

    cancelled = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.bar = QProgressBar(objectName="SanxianProgress", textVisible=True, maximum=_PROGRESS_STEPS)
        self.button = QPushButton(tr("Cancel"), objectName="SanxianCancel", clicked=self._cancel)
        fill_layout(QHBoxLayout(self), (self.bar, 1), self.button, has_margins=False)
        self._rule_count = self._rule_number = 0
        self._is_recheck = False
        self._start_time = 0.0
        self.hide()

    def start(self, rule_count: int, is_recheck: bool) -> None:
        """Show the progress bar.

        ``rule_count``: number of rules to check; ``is_recheck``: there is a result of a former check.
        """
        self._rule_count, self._rule_number, self._is_recheck = rule_count, 0, is_recheck
        self._start_time = time.monotonic()
        self.bar.setValue(0)
        self.bar.setFormat(tr("Reading layers"))
        self.button.setEnabled(True)
        self.show()

    def show_progress(self, share: float, code: str) -> None:
        """Show the progress (0–1) of a check.

        ``code``: rule that begins; empty while layers are read.
        """
        self.bar.setValue(round(_PROGRESS_STEPS * share))
        if not self.button.isEnabled():
            return
        if not code:
            return
        self._rule_number = min(self._rule_number + 1, self._rule_count)
        activity = tr("Re-checking") if self._is_recheck else tr("Checking")
        parts = [activity, f"{self._rule_number}/{self._rule_count}", code]
        left = self._estimate_seconds_left(share)
        if left is not None:
            parts.append(tr("about {seconds} s left").format(seconds=left))
        self.bar.setFormat("  ".join(parts))

    def stop(self) -> None:
        """Hide the progress bar."""
        self.hide()

    def _cancel(self) -> None:
        self.button.setEnabled(False)
        self.bar.setFormat(tr("Cancelling"))
        self.cancelled.emit()

    def _estimate_seconds_left(self, share: float) -> int | None:
        """Return the estimated remaining time in seconds; None while an estimate is not possible."""
        passed = time.monotonic() - self._start_time
        if passed < _MIN_SECONDS_TO_ESTIMATE or share < _MIN_SHARE_TO_ESTIMATE:
            return None
        return max(1, round(passed * (1 - share) / share))


class WorkProgressBar(QWidget):
    """Bar with the share of findings that need no more work; signal ``conflictsRequested``: show the conflicts."""

    conflictsRequested = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.text = QLabel(objectName="SanxianWorkProgress")
        self.bar = QProgressBar(textVisible=False, maximumHeight=self.fontMetrics().height() // 2)
        self.stale = QLabel(objectName="SanxianWorkStale")
        self.conflicts = QToolButton(
            objectName="SanxianWorkConflicts",
            text=tr("Conflicts {count}").format(count=0),
            toolTip=tr("Choose one of the versions of each row that two people changed"),
            clicked=self.conflictsRequested,
        )
        fill_layout(QHBoxLayout(self), self.text, (self.bar, 1), self.stale, self.conflicts, has_margins=False)
        self.hide()

    def show_counts(self, done: int, total: int, stale: int, conflicts: int) -> None:
        """Show the numbers of findings."""
        self.text.setText(tr("Done {done} / {total}").format(done=done, total=total))
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.stale.setText(tr("To re-check {count}").format(count=stale))
        self.stale.setVisible(stale > 0)
        self.conflicts.setText(tr("Conflicts {count}").format(count=conflicts))
        self.conflicts.setVisible(conflicts > 0)
        self.show()
