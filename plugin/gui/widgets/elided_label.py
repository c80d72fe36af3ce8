# SPDX-License-Identifier: GPL-2.0-or-later
"""A label that elides its text in the middle: paths, digests."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QPainter
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QStyle


class ElidedLabel(QLabel):
    """A label with elided text; the full text is tool tip and accessible name.

    ``hides_cut_text``: a text that does not fit is not painted at all, for a remark that is of no use in parts.
    """

    def __init__(self, text: str = "", parent=None, *, hides_cut_text: bool = False):
        super().__init__(parent)
        self._hides_cut_text = hides_cut_text
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
        content_rect = self.contentsRect().adjusted(self._get_indent(), 0, 0, 0)
        elided_text = self._elide(content_rect.width())
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

    def _get_indent(self) -> int:
        """Return the indent of the text, as Qt computes it for labels: a theme may give them a frame."""
        if self.indent() >= 0 or not self.frameWidth():
            return max(self.indent(), 0)
        return self.fontMetrics().horizontalAdvance("x") // 2 - self.margin()

    def _elide(self, width: int) -> str:
        """Return the text that a width shows."""
        elided_text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, width)
        return "" if self._hides_cut_text and elided_text != self.text() else elided_text
