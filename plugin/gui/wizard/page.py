# SPDX-License-Identifier: GPL-2.0-or-later
"""What the steps of the wizard share."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from .draft import Draft


class Page(QWidget):
    """One step. ``changed``: look again whether it is complete."""

    changed = pyqtSignal()

    def __init__(self, draft: Draft, title: str, parent=None):
        super().__init__(parent)
        self.draft = draft
        self.title = title
        self.body = QVBoxLayout(self)
        heading = QLabel(title)
        font = heading.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.25)
        heading.setFont(font)
        self.body.addWidget(heading)

    def enter(self) -> None:
        """The step comes into view: earlier ones may have changed."""

    def problem(self) -> str:
        """What is still to be told before the next step; empty when nothing is."""
        return ""
