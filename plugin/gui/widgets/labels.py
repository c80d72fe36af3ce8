# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels: bold ones, those that elide their text in the middle, and the mark A, B or C of a source (来源级别)."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QStyle

from ...bridge.texts import tr

_MIDDLE_LIGHTNESS = 128


def set_bold(item: Any, scale: float = 1.0, *, is_bold: bool = True) -> None:
    """Make the font of a widget, an item of a list or a painter bold or not, and ``scale`` times as large."""
    font = item.font()
    font.setBold(is_bold)
    if scale != 1.0:
        font.setPointSizeF(font.pointSizeF() * scale)
    item.setFont(font)


def make_text_label(text: str) -> QLabel:
    """Return a label of selectable plain text that wraps."""
    return QLabel(
        text,
        textFormat=Qt.TextFormat.PlainText,
        wordWrap=True,
        textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard,
    )


class ElidedLabel(QLabel):
    """A label with elided text; the full text is tool tip and accessible name.

    ``hides_cut_text``: a text that does not fit is not painted at all, for a remark that is of no use in parts.
    """

    def __init__(self, text: str = "", parent=None, *, hides_cut_text: bool = False, **properties: Any):
        super().__init__(parent, **properties)
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
        elided_text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, content_rect.width())
        elided_text = "" if self._hides_cut_text and elided_text != self.text() else elided_text
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


class SourceMarkLabel(QLabel):
    """The letter A, B or C in a box, painted by the plugin; A is filled.

    Themes with style sheets remove frames and backgrounds of labels.
    """

    def __init__(self, mark: str, parent=None):
        super().__init__(mark, parent)
        side = self.fontMetrics().height() + 2
        self.setFixedSize(QSize(side, side))

    def paintEvent(self, _event) -> None:
        # A style sheet sets the colour of the text but not always the base colour of the palette.
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        paper = QColor(Qt.GlobalColor.white if ink.lightness() < _MIDDLE_LIGHTNESS else Qt.GlobalColor.black)
        painter = QPainter(self)
        painter.setPen(ink)
        # The middle of the line lies half a pixel inside: on a screen scaled by 150 % no side falls outside the label.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        if self.text() == "A":
            painter.fillRect(self.rect(), ink)
            painter.setPen(paper)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


def describe_source_marks() -> dict[str, str]:
    """Return mark (A, B or C) of a source → text that explains it."""
    return {
        "A": tr("read in the wording of a norm, an act or an approved plan"),
        "B": tr("read in data, code or papers that quote it"),
        "C": tr("not compared with any wording, to be changed or confirmed in the county profile"),
    }


def make_source_mark_label(mark: str) -> QLabel:
    """Return the mark of a source with its explanation as tool tip."""
    label = SourceMarkLabel(mark)
    label.setToolTip(f"{mark}  {describe_source_marks()[mark]}")
    return label
