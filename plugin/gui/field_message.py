# SPDX-License-Identifier: GPL-2.0-or-later
"""An input field with a line below it for a hint or an error. The line has a fixed height to avoid layout shifts."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from . import look


class FieldMessage(QWidget):
    """``hint``: shown while there is no other message; ``lines``: number of lines reserved for messages."""

    def __init__(self, field: QWidget, hint: str = "", *, lines: int = 1, parent=None):
        super().__init__(parent)
        self._hint = hint
        self.error = ""
        self._icon = QLabel()
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(lines > 1)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        # Clip long messages instead of widening the dialog; the tooltip has the full text.
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lines = lines
        self._side = QgsApplication.scaleIconSize(12, True)
        self._keep_height()
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.message, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(field)
        layout.addLayout(line)
        self.setFocusProxy(field)
        self.show_hint()

    def _keep_height(self) -> None:
        """Fix the height to the reserved lines, including the label padding of the theme."""
        self.message.ensurePolished()
        probe = QLabel("国", self)
        probe.ensurePolished()
        further = (self._lines - 1) * probe.fontMetrics().lineSpacing()
        one = probe.sizeHint().height()
        self.message.setFixedHeight(one + further)
        self._icon.setFixedHeight(one)
        probe.deleteLater()

    def showEvent(self, event) -> None:
        self._keep_height()
        super().showEvent(event)

    def show_hint(self, text: str = "") -> None:
        """Show the given hint, else the default hint of the field."""
        self._show(text or self._hint, "", "")

    def show_found(self, text: str) -> None:
        """Show a confirmation that the named file was found."""
        self._show(text, "ok", "")

    def show_error(self, text: str) -> None:
        self._show(text, "error", text)

    def _show(self, text: str, icon: str, error: str) -> None:
        self.error = error
        self.message.setText(text)
        self.message.setToolTip(text)
        self._icon.setVisible(bool(icon))
        if icon:
            self._icon.setPixmap(look.pixmap(icon, self._side, self.devicePixelRatioF()))
        palette = self.message.palette()
        palette.setColor(QPalette.ColorRole.WindowText, look.color("error") if error else look.faint())
        self.message.setPalette(palette)
