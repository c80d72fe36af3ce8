# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows of the plugin: their size, brought to the front, closed."""

from __future__ import annotations

from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QWidget

from .layout import resize_within_screen


def resize_to_letters(window: QWidget, digits: int, lines: int) -> None:
    """Give a window room for so many digits and lines of text, within the screen."""
    letter = window.fontMetrics()
    resize_within_screen(window, letter.horizontalAdvance("0") * digits, letter.lineSpacing() * lines)


def bring_to_front(window: QWidget) -> None:
    """Show a window in front of the others."""
    window.show()
    window.raise_()
    window.activateWindow()


def close_and_delete(window: QWidget | None) -> None:
    """Close and delete a window that still exists."""
    if window is not None and not sip.isdeleted(window):
        window.close()
        window.deleteLater()
