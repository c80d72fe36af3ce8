# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogs that fit on a small screen, and on a larger one at 200 %."""

from __future__ import annotations

from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QWidget

#: Maximum shares of the screen's width and height; the title bar needs the rest.
_MAX_WIDTH_SHARE, _MAX_HEIGHT_SHARE = 0.96, 0.9


def resize_within_screen(window: QWidget, width: int, height: int) -> None:
    """Resize a dialog, at most to its screen."""
    screen_area = (window.screen() or QGuiApplication.primaryScreen()).availableGeometry()
    window.resize(
        min(width, round(screen_area.width() * _MAX_WIDTH_SHARE)),
        min(height, round(screen_area.height() * _MAX_HEIGHT_SHARE)),
    )


def make_scroll_area(content: QWidget) -> QScrollArea:
    """Return an area that scrolls if its dialog is too small for the content."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    return area
