# SPDX-License-Identifier: GPL-2.0-or-later
"""A sentence over as many lines as it needs, in layouts that would give it fewer (pages of a stack, boxes)."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QLabel


class Note(QLabel):
    def __init__(self, text: str = "", parent=None):
        super().__init__(text, parent)
        self.setWordWrap(True)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._hold()

    def setText(self, text: str) -> None:
        super().setText(text)
        self._hold()

    def _hold(self) -> None:
        wanted = self.heightForWidth(self.width())
        if self.isVisibleTo(self.parentWidget()) and wanted > 0 and wanted != self.minimumHeight():
            self.setMinimumHeight(wanted)
