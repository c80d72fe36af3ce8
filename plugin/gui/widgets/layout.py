# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows, columns and scroll areas of windows, sizes that fit on a screen, and the kept width of a panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qgis.PyQt.QtGui import QFontMetrics, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QComboBox,
    QDockWidget,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings

_AnyWidget = TypeVar("_AnyWidget", bound=QWidget)

#: Maximum shares of the screen's width and height; the title bar needs the rest.
_MAX_WIDTH_SHARE, _MAX_HEIGHT_SHARE = 0.96, 0.9
#: Minimum width of the window, in widths of the panel, to set the first width.
_MIN_WINDOW_TO_PANEL_RATIO = 2.5
_WAS_SIZED_SETTING = "dock_sized"
#: Setting of the user's width in pixels. QGIS also stores it, but reduces it if its window starts smaller.
_WIDTH_SETTING = "dock_width"


class FittedWidget:
    """Base of widgets with ``fit_contents()``, which adapts their contents to their size, such as columns or texts."""

    fit_contents: Callable[..., None]

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.fit_contents()


class SizedInEm:
    """Base of widgets whose proposed size is ``SIZE_EM``: width and height in heights of the font."""

    SIZE_EM: tuple[float, float]
    fontMetrics: Callable[[], QFontMetrics]

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(round(self.SIZE_EM[0] * em), round(self.SIZE_EM[1] * em))


class LowestList:
    """Base of lists that ask for their minimum height, and grow if there is room.

    The size hint of a list ignores its contents; layouts with wrapped texts would reserve more.
    """

    minimumHeight: Callable[[], int]

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())


def resize_within_screen(window: QWidget, width: int, height: int) -> None:
    """Resize a dialog, at most to its screen."""
    screen_area = (window.screen() or QGuiApplication.primaryScreen()).availableGeometry()
    window.resize(
        min(width, round(screen_area.width() * _MAX_WIDTH_SHARE)),
        min(height, round(screen_area.height() * _MAX_HEIGHT_SHARE)),
    )


def keep_room(widget: _AnyWidget) -> _AnyWidget:
    """Let a widget keep its room while it is hidden, so that the others do not move; return it."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)
    return widget


class _ScrollArea(QScrollArea):
    """An area in which the mouse wheel scrolls, and never changes the value of a field below the pointer."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget():
            if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
                for field in (*watched.findChildren(QComboBox), *watched.findChildren(QAbstractSpinBox)):
                    # A filter that is installed again takes the place of the former one.
                    field.installEventFilter(self)
                    if field.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        elif event.type() == QEvent.Type.Wheel and isinstance(watched, (QComboBox, QAbstractSpinBox)):
            # Not of the scroll bars, which Qt watches the same way.
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def make_scroll_area(content: QWidget) -> QScrollArea:
    """Return an area that scrolls if its dialog is too small for the content."""
    area = _ScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
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


class DockWidthKeeper(QObject):
    """Sets a panel's width once the window is wide enough, then stores the user's."""

    def __init__(self, dock: QDockWidget):
        super().__init__(dock)
        self._dock = dock
        self._is_width_given = False
        dock.installEventFilter(self)

    def restore_width(self) -> None:
        """Set the width after the panel was shown."""
        if not self._is_width_given:
            # Wait until the main window has laid out its docks.
            QTimer.singleShot(0, self._set_width)

    def _set_width(self) -> None:
        dock = self._dock
        window = None if sip.isdeleted(self) or sip.isdeleted(dock) else dock.parentWidget()
        if not isinstance(window, QMainWindow) or dock.isFloating() or not dock.isVisible():
            return
        is_first_time = not settings.read_setting(_WAS_SIZED_SETTING, False)
        target_width = dock.sizeHint().width() if is_first_time else int(settings.read_setting(_WIDTH_SETTING, 0))
        is_wide_enough = not is_first_time and dock.width() >= target_width
        if not is_wide_enough and window.width() < _MIN_WINDOW_TO_PANEL_RATIO * target_width:
            # QGIS starts in a small window that grows: a width set now would be taken from the docks on the other
            # side.
            window.installEventFilter(self)
            return
        self._is_width_given = True
        window.removeEventFilter(self)
        if not is_wide_enough:
            settings.store_setting(_WAS_SIZED_SETTING, True)
            # The map gives up the width: Qt would take it from the docks on the other side.
            other_docks = [d for d in window.findChildren(QDockWidget) if self._is_as_wide_as_window(window, d)]
            # Those were narrowed when the panel was shown: restore their size hints.
            widths = [target_width, *(max(d.width(), d.sizeHint().width()) for d in other_docks)]
            window.resizeDocks([dock, *other_docks], widths, Qt.Orientation.Horizontal)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Resize:
            dock = self._dock
            if watched is dock:
                window = dock.parentWidget()
                # The user's width counts, unless the window is too narrow for the panel.
                is_docked = isinstance(window, QMainWindow) and not dock.isFloating() and dock.isVisible()
                if self._is_width_given and is_docked and window.width() >= _MIN_WINDOW_TO_PANEL_RATIO * dock.width():
                    settings.store_setting(_WIDTH_SETTING, dock.width())
            elif not self._is_width_given:
                QTimer.singleShot(0, self._set_width)
        return super().eventFilter(watched, event)

    def _is_as_wide_as_window(self, window: QMainWindow, dock: QDockWidget) -> bool:
        sides = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        area = window.dockWidgetArea(dock)
        return (
            dock.isVisible() and not dock.isFloating() and area in sides and area != window.dockWidgetArea(self._dock)
        )
