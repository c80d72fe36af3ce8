# SPDX-License-Identifier: GPL-2.0-or-later
"""Titled boxes of a form, and framed messages."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QEvent, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from . import theme
from .labels import set_bold
from .layout import fill_layout

#: Share of the message colour in its background, in percent.
_TINT_PERCENT = 12


#: Opacity of a border in the colour of the text.
_BORDER_OPACITY = 0.3


class BorderedFrame(QFrame):
    """A frame with a thin border that is closed on every screen and in every theme.

    Qt's style draws it as lines of which two sides fall outside the frame on a screen scaled by 150 %.
    """

    def __init__(self, parent=None, **properties: Any):
        # The shape reserves the room of the border.
        super().__init__(parent, frameShape=QFrame.Shape.StyledPanel, **properties)

    def paintEvent(self, _event) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        ink.setAlphaF(_BORDER_OPACITY)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(ink)
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()


class FormSection(BorderedFrame):
    """A box of a form with a title and a faint description.

    ``wraps``: the description wraps instead of widening the form.
    """

    def __init__(self, title: str, about: str = "", parent=None, *, wraps: bool = False):
        super().__init__(parent)
        self.layout_ = QVBoxLayout(self)
        row = QHBoxLayout()
        name = QLabel(title)
        set_bold(name)
        row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
        if about:
            row.addWidget(make_faint_label(about, wordWrap=wraps), int(wraps), Qt.AlignmentFlag.AlignTop)
        if not wraps:
            row.addStretch(1)
        self.layout_.addLayout(row)


def make_faint_label(text: str = "", **properties: Any) -> QLabel:
    """Return a label with a text in the colour of secondary text; ``properties``: those of the label in Qt."""
    label = QLabel(text, **properties)
    label.setForegroundRole(QPalette.ColorRole.WindowText)
    return theme.set_faint(label)


class NoticeBox(BorderedFrame):
    """A message with icon and tinted background.

    The kinds are ``ok``, ``warning``, ``error`` and ``info``.
    """

    def __init__(self, parent=None, **properties: Any):
        super().__init__(parent, autoFillBackground=True, **properties)
        self._message_kind = "info"
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignTop)
        self.label = QLabel(wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        fill_layout(QHBoxLayout(self), self._icon, (self.label, 1))

    def show_message(self, kind: str, text: str) -> None:
        """Show a text; hide the notice if the text is empty."""
        self._message_kind = kind
        self.label.setText(text)
        self.setVisible(bool(text))
        self._paint_notice()

    @property
    def kind(self) -> str:
        return self._message_kind if self.label.text() else ""

    def _paint_notice(self) -> None:
        size = self.fontMetrics().height()
        self._icon.setPixmap(theme.load_pixmap(self._message_kind, size, self.devicePixelRatioF()))
        ground, ink = QWidget().palette().color(QPalette.ColorRole.Base), theme.get_color(self._message_kind)
        mixed = (
            (_TINT_PERCENT * i + (100 - _TINT_PERCENT) * g) // 100
            for i, g in zip(ink.getRgb()[:3], ground.getRgb()[:3], strict=True)
        )
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(*mixed))
        self.setPalette(palette)

    def event(self, event):
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._paint_notice()
        return super().event(event)
