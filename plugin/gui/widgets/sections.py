# SPDX-License-Identifier: GPL-2.0-or-later
"""Titled boxes of a form, framed messages, and lines of messages below input fields."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QRectF, Qt
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from . import theme
from .labels_and_buttons import ElidedLabel, keep_figures_whole, set_bold
from .layout import FittedWidget, fill_layout, make_row

#: Share of the message colour in its background, in percent.
_TINT_PERCENT = 12


class BorderedFrame(QFrame):
    """A frame with a thin border that is closed on every screen and in every theme.

    Qt's style draws it as lines of which two sides fall outside the frame on a screen scaled by 150 %.
    """

    def __init__(self, parent=None, **properties: Any):
        # The shape reserves the room of the border.
        super().__init__(parent, frameShape=QFrame.Shape.StyledPanel, **properties)

    def paintEvent(self, _event) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        ink.setAlphaF(0.3)
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
        name = QLabel(title)
        set_bold(name)
        row = make_row((name, 0, Qt.AlignmentFlag.AlignTop))
        if about:
            row.addWidget(make_faint_label(about, wordWrap=wraps), int(wraps), Qt.AlignmentFlag.AlignTop)
        if not wraps:
            row.addStretch(1)
        self.layout_ = fill_layout(QVBoxLayout(self), row)


def make_faint_label(text: str = "", **properties: Any) -> QLabel:
    """Return a label with a text in the colour of secondary text; ``properties``: those of the label in Qt."""
    label = QLabel(keep_figures_whole(text), **properties)
    label.setForegroundRole(QPalette.ColorRole.WindowText)
    return theme.set_faint(label)


class NoticeBox(BorderedFrame):
    """A message with icon and tinted background.

    The kinds are ``ok``, ``warning``, ``error`` and ``info``. ``reserved_text``: the longest text; the notice keeps
    the room for it, also without a message, so that widgets below do not move when a message appears.
    """

    def __init__(self, parent=None, *, reserved_text: str = "", **properties: Any):
        super().__init__(parent, **properties)
        self._message_kind, self._keeps_room = "info", bool(reserved_text)
        alignment = Qt.AlignmentFlag.AlignVCenter if reserved_text else Qt.AlignmentFlag.AlignTop
        self._icon = QLabel(alignment=alignment)
        self.label = WrappedLabel(reserved_text=reserved_text) if reserved_text else QLabel(wordWrap=True)
        if reserved_text:
            self.label.setAlignment(alignment)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        fill_layout(QHBoxLayout(self), self._icon, (self.label, 1))

    def show_message(self, kind: str, text: str) -> None:
        """Show a text; hide the notice if the text is empty, or leave its room empty if it keeps it."""
        self._message_kind = kind
        self.label.setText(text)
        self.setAutoFillBackground(bool(text))
        self._icon.setVisible(bool(text))
        if not self._keeps_room:
            self.setVisible(bool(text))
        self._paint_notice()

    def paintEvent(self, event) -> None:
        if self.label.text():
            super().paintEvent(event)

    @property
    def kind(self) -> str:
        return self._message_kind if self.label.text() else ""

    def _paint_notice(self) -> None:
        size = self.fontMetrics().height()
        self._icon.setPixmap(theme.load_pixmap(self._message_kind, size, self.devicePixelRatioF()))
        ground, ink = QWidget().palette().color(QPalette.ColorRole.Base), theme.get_color(self._message_kind)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, theme.mix_colors(ink, ground, _TINT_PERCENT))
        self.setPalette(palette)

    def event(self, event):
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._paint_notice()
        return super().event(event)


def _measure_height(parent: QWidget, text: str, width: int) -> int:
    """Return the height of a wrapped text, with the padding of the theme and the height of Chinese glyphs."""
    probe = QLabel(text, parent, wordWrap=True, visible=False)
    probe.ensurePolished()
    height = probe.heightForWidth(width)
    # Qt would keep it until the end of a modal dialog.
    sip.delete(probe)
    return height


class WrappedLabel(FittedWidget, QLabel):
    """A label with wrapped text that is at least as high as its text.

    ``reserved_lines`` or ``reserved_text``: least number of lines, or the longest text; the label is as high as these,
    also when it is empty, so that widgets below do not move when a text appears.
    """

    def __init__(
        self, text: str = "", parent=None, *, reserved_lines: int = 0, reserved_text: str = "", **properties: Any
    ):
        super().__init__(keep_figures_whole(text), parent, wordWrap=True, **properties)
        self._reserved_text = reserved_text or "\n".join("国" * reserved_lines)
        if self._reserved_text:
            self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self.fit_contents()

    def setText(self, text: str) -> None:
        super().setText(keep_figures_whole(text))
        self.fit_contents()

    def fit_contents(self) -> None:
        text_height = self.heightForWidth(self.width())
        if self._reserved_text:
            # Layouts guess the height of wrapped text from its size hint, which may have more lines.
            self.setFixedHeight(max(text_height, _measure_height(self, self._reserved_text, self.width())))
        elif self.isVisibleTo(self.parentWidget()) and text_height > 0 and text_height != self.minimumHeight():
            self.setMinimumHeight(text_height)


class FieldMessage(QWidget):
    """The line below an input field with a hint, a warning or an error.

    ``field``: the field above, or None if the caller places this line; ``hint``: shown if the field has no other
    message. ``lines``: number of lines reserved for messages, to avoid layout shifts; with 0 the widget
    is hidden while it has no message, and a message has as many lines as it needs.
    """

    def __init__(self, field: QWidget | None = None, hint: str = "", *, lines: int = 1, parent=None, **properties: Any):
        super().__init__(parent, **properties)
        self.default_hint, self._lines = hint, lines
        #: Kind of the message as in `show_text`; empty for a hint and without one.
        self.kind = ""
        self._icon = QLabel()
        label_class = ElidedLabel if lines == 1 else QLabel if lines else WrappedLabel
        self.message = label_class(
            textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        )
        self._side = QgsApplication.scaleIconSize(12) if lines else self.fontMetrics().height()
        if lines:
            self.message.setWordWrap(lines > 1)
            # Cut long messages instead of widening the dialog; the tooltip has the full text.
            self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self._keep_height()
        line = fill_layout(
            QHBoxLayout(), (self._icon, 0, Qt.AlignmentFlag.AlignTop), (self.message, 1), has_margins=False
        )
        layout = fill_layout(QVBoxLayout(self, spacing=2), has_margins=False)
        if field is not None:
            layout.addWidget(field)
            self.setFocusProxy(field)
        layout.addLayout(line)
        self.show_hint()

    def _keep_height(self) -> None:
        """Fix the height to the reserved lines, including the label padding of the theme."""
        self.message.ensurePolished()
        line_height = _measure_height(self, "国", self.width())
        self.message.setFixedHeight(line_height + (self._lines - 1) * self.message.fontMetrics().lineSpacing())
        self._icon.setFixedHeight(line_height)

    def showEvent(self, event) -> None:
        if self._lines:
            self._keep_height()
        super().showEvent(event)

    @property
    def error(self) -> str:
        """Return the displayed error, or an empty string."""
        return self.text() if self.kind == "error" else ""

    def text(self) -> str:
        return self.message.text()

    def show_hint(self, text: str = "") -> None:
        """Show the given hint, else the default hint of the field."""
        self.show_text(text or self.default_hint, "")

    def show_text(self, text: str, kind: str = "error") -> None:
        """Show a text with the icon of its kind; an empty text removes it.

        The kinds are ``error``, ``warning``, ``ok``, and empty for a hint.
        """
        self.kind = kind if text else ""
        if not self._lines:
            self.setVisible(bool(text))
        self.message.setText(text)
        if self._lines:
            self.message.setToolTip(text)
        self._paint_message()

    def _paint_message(self) -> None:
        self._icon.setVisible(bool(self.kind))
        if self.kind:
            self._icon.setPixmap(theme.load_pixmap(self.kind, self._side, self.devicePixelRatioF()))
        is_colored = self.kind in ("error", "warning")
        color = theme.get_text_color(self.kind) if is_colored else theme.get_faint_color()
        theme.set_text_color(self.message, color)

    def event(self, event):
        if event.type() in theme.THEME_EVENTS and event.type() != event.Type.PaletteChange:
            self._paint_message()
        return super().event(event)
