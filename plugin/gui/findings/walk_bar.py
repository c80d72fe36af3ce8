# SPDX-License-Identifier: GPL-2.0-or-later
"""Below the list: zoom, accept or withdraw, former and next."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ...bridge.texts import tr
from ..widgets import look
from .waive_button import WaiveButton


class WalkBar(QWidget):
    """``stepped`` comes with the direction."""

    zoomWished = pyqtSignal()
    stepped = pyqtSignal(int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.zoom = QPushButton(tr("Zoom"))
        self.zoom.setObjectName("SanxianZoom")
        self.zoom.clicked.connect(self.zoomWished)
        self.waive = WaiveButton()
        self.previous = QPushButton(look.icon("previous"), tr("Previous"))
        self.previous.clicked.connect(lambda: self.stepped.emit(-1))
        self.next = QPushButton(look.icon("next"), tr("Next"))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        self.position = QLabel()
        self.position.setObjectName("SanxianPosition")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.zoom)
        row.addWidget(self.waive)
        row.addStretch()
        for one in (self.previous, self.position, self.next):
            row.addWidget(one)

    def show_position(self, found: tuple[int, int, str] | None) -> None:
        """Which of the findings of its kind the selected one is: number, of how many, kind."""
        self.position.setText(f"{found[0]} / {found[1]}" if found else "")
        if found:
            word = look.kind_word(found[2])
            self.position.setToolTip(tr("{word}: {count} in view").format(word=word, count=found[1]))

    def show_finding(self, finding: Any) -> None:
        self.zoom.setEnabled(finding is not None and finding.geom_kind != "none")

    def refresh_icons(self) -> None:
        self.previous.setIcon(look.icon("previous"))
        self.next.setIcon(look.icon("next"))
