# SPDX-License-Identifier: GPL-2.0-or-later
"""Context menu of the findings list: the actions of the buttons below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QMenu

from .dock import FindingsDock


class FindingsMenu(QObject):
    """Shows the context menu of the findings list."""

    def __init__(
        self, dock: FindingsDock, add_more: Callable[[QMenu], None] = lambda menu: None, parent: QObject | None = None
    ):
        """Store the panel; ``add_more``: adds further actions to the menu."""
        super().__init__(parent)
        self._dock, self._add_more = dock, add_more
        dock.tree.menuRequested.connect(self._show_menu)

    def make_menu(self) -> QMenu:
        """Return the context menu for the selected findings."""
        menu = QMenu(self._dock)
        for button in (self._dock.navigation.fix, self._dock.navigation.waive):
            action = menu.addAction(button.text())
            action.setEnabled(button.isEnabled())
            action.setToolTip(button.toolTip())
            action.triggered.connect(lambda _on=False, button=button: button.perform_action())
        self._add_more(menu)
        return menu

    def _show_menu(self, position: Any) -> None:
        menu = self.make_menu()
        menu.exec(position)
        menu.deleteLater()
