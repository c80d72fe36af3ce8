# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows, columns and scroll areas of windows, and sizes that fit on a small screen and on a larger one at 200 %."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

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
    area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
    area.setWidget(content)
    return area


def make_splitter(orientation: Qt.Orientation, *panes: tuple[QWidget, int]) -> QSplitter:
    """Return a splitter with panes that do not collapse; each has a share of the room that is added."""
    splitter = QSplitter(orientation, childrenCollapsible=False)
    for number, (pane, share) in enumerate(panes):
        splitter.addWidget(pane)
        splitter.setStretchFactor(number, share)
    return splitter


def fill_layout(layout: QBoxLayout, *items: Any, has_margins: bool = True) -> QBoxLayout:
    """Add items to a row or column one after the other, and return it.

    An item is a widget or a layout, None for a stretch, or a tuple of one of these with the further arguments of
    ``addWidget``, ``addLayout`` or ``addStretch``, such as its share of the room.
    """
    if not has_margins:
        layout.setContentsMargins(0, 0, 0, 0)
    for item in items:
        content, *shares = item if isinstance(item, tuple) else (item,)
        if content is None:
            layout.addStretch(*shares)
        elif isinstance(content, QWidget):
            layout.addWidget(content, *shares)
        else:
            layout.addLayout(content, *shares)
    return layout


def make_row(*items: Any) -> QHBoxLayout:
    """Return a row of the items, which are those of `fill_layout`."""
    return fill_layout(QHBoxLayout(), *items)


def make_row_widget(*items: Any) -> QWidget:
    """Return a widget with a row of the items, which are those of `fill_layout`, without margins."""
    widget = QWidget()
    fill_layout(QHBoxLayout(widget), *items, has_margins=False)
    return widget


def make_column(*items: Any) -> QVBoxLayout:
    """Return a column of the items, which are those of `fill_layout`."""
    return fill_layout(QVBoxLayout(), *items)


def fill_form(form: QFormLayout, *rows: tuple[Any, ...]) -> QFormLayout:
    """Add rows to a form, which are the arguments of ``addRow``, and return the form."""
    for row in rows:
        form.addRow(*row)
    return form


def make_form(*rows: tuple[Any, ...]) -> QFormLayout:
    """Return a form of the rows, which are those of `fill_form`."""
    return fill_form(QFormLayout(), *rows)
