# SPDX-License-Identifier: GPL-2.0-or-later
"""导出成果包, while it is made: which step of how many, what is at work, and a button to stop it."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets import look
from ..widgets.elided import ElidedLabel

CHECK, WRITE = 0, 1
_STEPS = 1000


class RunPage(QWidget):
    cancelled = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._texts = (
            tr("Check the plan by all rules"),
            tr("Write the layers and read them back, put in documents, tables and maps, make the manifest"),
        )
        self._icons = [QLabel() for _ in self._texts]
        self.steps = [QLabel(text) for text in self._texts]
        self._states = ["skipped" for _ in self._texts]
        grid = QGridLayout()
        for row, (icon, label) in enumerate(zip(self._icons, self.steps, strict=True)):
            label.setWordWrap(True)
            grid.addWidget(icon, row, 0)
            grid.addWidget(label, row, 1)
        grid.setColumnStretch(1, 1)
        self.bar = QProgressBar()
        self.bar.setObjectName("SanxianPackageProgress")
        self.bar.setRange(0, _STEPS)
        self.what = ElidedLabel()
        self.what.setObjectName("SanxianPackageAtWork")
        self.button = QPushButton(tr("Cancel"))
        self.button.setObjectName("SanxianPackageCancel")
        self.button.clicked.connect(self._cancel)
        note = QLabel(
            tr(
                "You can go on working, also close this window: it goes on in the background. What stands at the package's place "
                "stays as it is until the new one is complete."
            )
        )
        note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addSpacing(self.fontMetrics().lineSpacing())
        layout.addWidget(self.bar)
        layout.addWidget(self.what)
        layout.addWidget(note)
        layout.addStretch(1)

    def start(self, step: int, checks: bool) -> None:
        """``checks``: the first step is part of this run."""
        for place in range(len(self._states)):
            self._states[place] = "ok" if place < step else "run" if place == step else "skipped"
        self.steps[CHECK].setText(
            self._texts[CHECK] if checks else tr("Check the plan: done before, the data are unchanged")
        )
        self.bar.setValue(0)
        self.what.setText("")
        self.button.setEnabled(True)
        self.button.setText(tr("Cancel"))
        self.refresh_icons()

    def step(self, share: float, text: str) -> None:
        self.bar.setValue(round(_STEPS * share))
        if text and self.button.isEnabled():
            self.what.setText(text)

    def _cancel(self) -> None:
        self.button.setEnabled(False)
        self.what.setText(tr("Cancelling"))
        self.cancelled.emit()

    def refresh_icons(self) -> None:
        size = QgsApplication.scaleIconSize(16, True)
        for icon, state in zip(self._icons, self._states, strict=True):
            icon.setPixmap(look.pixmap(state, size, self.devicePixelRatioF()))
