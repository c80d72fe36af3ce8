# SPDX-License-Identifier: GPL-2.0-or-later
"""A label that elides its text in the middle: paths, digests."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QPainter
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QStyle


class ElidedLabel(QLabel):
    """A label with elided text; the full text is tool tip and accessible name."""

    def __init__(self, text: str = "", parent=None):
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)
        self.setAccessibleName(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("…") * 4, super().minimumSizeHint().height())

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        content_rect = self.contentsRect()
        elided_text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, content_rect.width())
        alignment = int(self.alignment() | Qt.AlignmentFlag.AlignVCenter)
        QStyle.drawItemText(
            self.style(),
            painter,
            content_rect,
            alignment,
            self.palette(),
            self.isEnabled(),
            elided_text,
            self.foregroundRole(),
        )
