# SPDX-License-Identifier: GPL-2.0-or-later
"""Width of a panel, restored at each start.

The first width is wide enough to read; later widths are the user's, also after a start in a small window.
"""

from __future__ import annotations

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow

from ...bridge import settings

#: Minimum width of the window, in widths of the panel, to set the first width.
_MIN_WINDOW_TO_PANEL_RATIO = 2.5
_WAS_SIZED_SETTING = "dock_sized"
#: Setting of the user's width in pixels. QGIS also stores it, but reduces it if its window starts smaller.
_WIDTH_SETTING = "dock_width"


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
        if not is_first_time and dock.width() >= target_width:
            self._is_width_given = True
            window.removeEventFilter(self)
        elif window.width() < _MIN_WINDOW_TO_PANEL_RATIO * target_width:
            # QGIS starts in a small window that grows: a width set now would be taken from the docks on the other
            # side.
            window.installEventFilter(self)
        else:
            self._is_width_given = True
            window.removeEventFilter(self)
            settings.store_setting(_WAS_SIZED_SETTING, True)
            # The map gives up the width: Qt would take it from the docks on the other side.
            other_docks = [d for d in window.findChildren(QDockWidget) if self._is_as_wide_as_window(window, d)]
            # Those were narrowed when the panel was shown: restore their size hints.
            widths = [target_width, *(max(d.width(), d.sizeHint().width()) for d in other_docks)]
            window.resizeDocks([dock, *other_docks], widths, Qt.Orientation.Horizontal)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Resize:
            if watched is self._dock:
                self._store_width()
            elif not self._is_width_given:
                QTimer.singleShot(0, self._set_width)
        return super().eventFilter(watched, event)

    def _store_width(self) -> None:
        """Store the user's width, unless the window is too narrow for the panel."""
        dock, window = self._dock, self._dock.parentWidget()
        if not self._is_width_given or not isinstance(window, QMainWindow) or dock.isFloating() or not dock.isVisible():
            return
        if window.width() >= _MIN_WINDOW_TO_PANEL_RATIO * dock.width():
            settings.store_setting(_WIDTH_SETTING, dock.width())

    def _is_as_wide_as_window(self, window: QMainWindow, dock: QDockWidget) -> bool:
        sides = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        area = window.dockWidgetArea(dock)
        return (
            dock.isVisible() and not dock.isFloating() and area in sides and area != window.dockWidgetArea(self._dock)
        )
