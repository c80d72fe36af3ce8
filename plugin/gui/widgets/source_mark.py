# SPDX-License-Identifier: GPL-2.0-or-later
"""The mark A, B or C of a source (来源级别), in a small box."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette
from qgis.PyQt.QtWidgets import QLabel

from ...bridge.texts import tr

_MIDDLE_LIGHTNESS = 128


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
