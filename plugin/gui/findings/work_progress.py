# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress of the work list: how many findings are done, to be re-checked, or in conflict."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from ...bridge.texts import tr
from ..widgets.layout import fill_layout


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
