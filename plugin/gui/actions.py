# SPDX-License-Identifier: GPL-2.0-or-later
"""Menu 三区三线, its toolbar, and its dialogs, imported only when opened to let QGIS start faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QDialog, QMenu

from ..bridge.project import county
from ..bridge.running.tasks import JobRunner
from ..bridge.texts import tr
from ..core.base.errors import SanxianError
from .findings import panel_pages
from .widgets import messages, theme

#: Entries of submenus: actions that are rarely used. The menu has to fit on a small screen.
_SUBMENU_ACTIONS = {
    "editions": (("compare", "compare", ""), ("yearly", "yearly", "")),
    "map_sheets": (("layouts", "layouts", ""), ("maps", "maps", "")),
    "exchange": (("mapping", "mapping", ""), ("vct_in", "vct_in", ""), ("vct_out", "vct_out", "")),
}


class MenuActions(QObject):
    """The plugin's menu and toolbar with their actions; `remove` removes them from QGIS.

    ``slots``: name of an action → function that it calls. Actions have object names, by which QGIS restores toolbar
    positions and shortcuts.
    """

    #: Name, icon, shortcut; None is a separator, a text is the name of a submenu.
    _MENU_ENTRIES = (
        ("check", "run", "F8"),
        ("previous", "previous", "Shift+F9"),
        ("next", "next", "F9"),
        ("next_open", "next", "Ctrl+F9"),
        None,
        ("findings", "findings", ""),
        ("layer", "layer", ""),
        ("live", "live", ""),
        ("report", "report", ""),
        ("indicator_panel", "indicators", ""),
        ("indicators", "indicators", ""),
        ("conformity", "conformity", ""),
        ("align", "align", ""),
        None,
        ("roles", "roles", ""),
        ("profile", "profile", ""),
        ("document", "document", ""),
        ("forms", "forms", ""),
        ("symbols", "symbols", ""),
        None,
        ("new", "new", ""),
        ("layers", "layers", ""),
        ("bookmarks", "bookmarks", ""),
        "map_sheets",
        None,
        ("package", "package", ""),
        ("inspect", "inspect", ""),
        ("counties", "counties", ""),
        "editions",
        "exchange",
        None,
        ("sample", "sample", ""),
        ("dictionary", "dictionary", ""),
        ("doctor", "doctor", ""),
        ("manual", "manual", ""),
        ("help", "help", ""),
    )
    _TOOLBAR_ENTRIES = (
        "new",
        None,
        "check",
        "live",
        None,
        "previous",
        "next",
        None,
        "findings",
        "indicator_panel",
        "conformity",
        None,
        "roles",
        "profile",
        "report",
        "package",
        None,
        "sample",
    )
    _CHECKABLE_ACTIONS = ("findings", "indicator_panel", "conformity", "layer", "live")

    def __init__(self, iface, slots: dict[str, Callable]):
        super().__init__()
        self._iface = iface
        self._window = iface.mainWindow()
        self.by_name: dict[str, QAction] = {}
        texts = {
            "check": tr("Check All"),
            "previous": tr("Previous"),
            "next": tr("Next"),
            "next_open": tr("Next Open"),
            "findings": tr("Findings"),
            "layer": tr("Show Findings on the Map"),
            "live": tr("Live Check"),
            "report": tr("Report…"),
            "indicator_panel": tr("Indicators"),
            "indicators": tr("Compute Indicators…"),
            "conformity": tr("Project Conformity"),
            "align": tr("Align Selected Features…"),
            "roles": tr("Layer Roles…"),
            "profile": tr("County Profile…"),
            "document": tr("Document Information…"),
            "forms": tr("Apply Layer Forms"),
            "symbols": tr("Apply Layer Symbols"),
            "mapping": tr("Map Fields…"),
            "new": tr("New County Plan…"),
            "layers": tr("New Layers…"),
            "bookmarks": tr("Bookmarks by Township"),
            "layouts": tr("Make Layouts…"),
            "maps": tr("Export Maps…"),
            "package": tr("Export Submission Package…"),
            "inspect": tr("Inspect Submission Package…"),
            "counties": tr("Check Many Counties…"),
            "vct_in": tr("Import VCT…"),
            "vct_out": tr("Export VCT…"),
            "yearly": tr("Yearly Maintenance Package…"),
            "compare": tr("Compare Editions…"),
            "sample": tr("Open Sample County"),
            "dictionary": tr("Data Dictionary…"),
            "doctor": tr("Environment Check…"),
            "manual": tr("Manual"),
            "help": tr("Help and About"),
        }
        entries = [*self._MENU_ENTRIES, *(row for rows in _SUBMENU_ACTIONS.values() for row in rows)]
        for name, icon, shortcut in (entry for entry in entries if isinstance(entry, tuple)):
            action = QAction(
                theme.load_icon(icon),
                texts[name],
                self._window,
                objectName=f"SanxianAction{name.capitalize()}",
                checkable=name in self._CHECKABLE_ACTIONS,
            )
            action.setProperty("sanxianIcon", icon)
            if name in slots:
                (action.toggled if name in self._CHECKABLE_ACTIONS else action.triggered).connect(slots[name])
            iface.registerMainWindowAction(action, shortcut)
            self.by_name[name] = action
        self.menu = self._make_menu()
        self.toolbar = self._make_toolbar()
        theme.call_after_theme_change(self.toolbar, self._refresh_icons)
        self._window.installEventFilter(self)

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

    def _make_menu(self) -> QMenu:
        titles = {"editions": tr("Editions"), "map_sheets": tr("Maps"), "exchange": tr("Exchange Formats")}
        menu = QMenu(tr("Sanxian") + "(&X)", self._window, objectName="SanxianMenu")
        for entry in self._MENU_ENTRIES:
            if entry is None:
                menu.addSeparator()
            elif isinstance(entry, str):
                submenu = QMenu(titles[entry], menu, objectName=f"SanxianMenu{entry.capitalize()}")
                for name, _icon, _shortcut in _SUBMENU_ACTIONS[entry]:
                    submenu.addAction(self.by_name[name])
                menu.addMenu(submenu)
            else:
                menu.addAction(self.by_name[entry[0]])
        self._window.menuBar().insertMenu(self._iface.helpMenu().menuAction(), menu)
        return menu

    def _make_toolbar(self):
        toolbar = self._iface.addToolBar(tr("Sanxian"))
        toolbar.setObjectName("SanxianToolbar")
        self._window.insertToolBarBreak(toolbar)
        for name in self._TOOLBAR_ENTRIES:
            if name is None:
                toolbar.addSeparator()
            else:
                toolbar.addAction(self.by_name[name])
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return toolbar

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Resize:
            with_text, icon_only = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
            texts = sum(self.toolbar.fontMetrics().horizontalAdvance(a.text()) for a in self.toolbar.actions())
            icons = len(self.toolbar.actions()) * 2 * self.toolbar.iconSize().width()
            style = with_text if texts + icons < self._window.width() else icon_only
            if self.toolbar.toolButtonStyle() != style:
                self.toolbar.setToolButtonStyle(style)
        return False

    def _refresh_icons(self) -> None:
        for action in self.by_name.values():
            action.setIcon(theme.load_icon(action.property("sanxianIcon")))

    def remove(self) -> None:
        """Remove menu, toolbar and actions from QGIS."""
        self._window.removeEventFilter(self)
        self._window.menuBar().removeAction(self.menu.menuAction())
        self._window.removeToolBar(self.toolbar)
        for action in self.by_name.values():
            self._iface.unregisterMainWindowAction(action)
            action.deleteLater()
        self.menu.deleteLater()
        self.toolbar.deleteLater()
        self.by_name.clear()


class DialogOpener(QObject):
    """Opens the dialogs of the menu.

    Signal ``changed``: roles or profile have changed. ``get_result``: returns the displayed result, or None.
    """

    changed = pyqtSignal()

    def __init__(self, iface: Any, runner: JobRunner, get_result: Callable[[], Any], parent: QObject):
        super().__init__(parent)
        self._iface, self._runner, self._get_result = iface, runner, get_result

    def close(self) -> None:
        """Close all open dialogs: none may outlive the plugin's code."""
        for dialog in self._iface.mainWindow().findChildren(QDialog):
            if dialog.objectName().startswith("Sanxian"):
                dialog.close()

    def open_roles_dialog(self) -> None:
        """Open the dialog 图层角色; emit ``changed`` if the user accepts it."""
        from .project.roles_dialog import RolesDialog

        if RolesDialog(QgsProject.instance(), self._iface.mainWindow()).exec():
            self.changed.emit()

    def choose_group(self) -> bool:
        """Ask which of several layer groups to check; return False if the user cancels."""
        from .project.roles_dialog import ask_layer_group

        return ask_layer_group(QgsProject.instance(), self._iface.mainWindow())

    def open_profile_dialog(self) -> None:
        """Open the dialog 县配置; emit ``changed`` if the user accepts it."""
        from .county_form.profile_dialog import ProfileDialog

        result = self._get_result()
        used_items = result.report.unconfirmed_items if result is not None else ()
        if ProfileDialog(QgsProject.instance(), self._iface.mainWindow(), used_items).exec():
            self.changed.emit()

    def open_document_dialog(self) -> None:
        """Open the document information (成果信息) of the project."""
        from .project.document_line import SpecDocumentInfo, ask_for_document_info, read_county_profile

        project = QgsProject.instance()
        try:
            ask_for_document_info(project, read_county_profile(project), SpecDocumentInfo(), self._iface.mainWindow())
        except (SanxianError, ImportError) as error:
            self._iface.messageBar().pushWarning(tr("Document Information"), messages.explain_error(error))

    def open_doctor(self) -> None:
        """Open the dialog 环境自检 (environment check), which other windows do not wait for; show it if it is open."""
        from .help.doctor_dialog import DoctorDialog

        window = self._iface.mainWindow()
        dialog = window.findChild(DoctorDialog) or DoctorDialog(self._runner, window)
        dialog.show()
        dialog.raise_()

    def open_field_mapping(self) -> None:
        """Open the dialog that maps the current layer into a template."""
        from .mapping.dialog import MappingDialog

        iface = self._iface
        try:
            dialog = MappingDialog(QgsProject.instance(), self._runner, iface.activeLayer(), iface.mainWindow())
        except (SanxianError, ImportError) as error:
            messages.push_message(iface.messageBar(), "warning", tr("Map Fields"), messages.explain_error(error))
            return
        dialog.show()

    def open_dictionary(self) -> None:
        """Open the data dictionary at the current layer, beside other dialogs."""
        from .help.dictionary_dialog import DictionaryDialog

        standard = county.read_county_settings(QgsProject.instance()).standard
        DictionaryDialog(standard, self._iface.activeLayer(), self._iface.mainWindow()).show()

    def open_manual(self) -> None:
        """Open the manual in the browser at its first chapter."""
        from .help.help_dialog import open_manual

        open_manual("start", self._iface.mainWindow())

    def open_help(self, code: str) -> None:
        """Open the help page of a rule; an empty ``code`` opens the page about the plugin."""
        from .help.help_dialog import HelpDialog

        norm, outcome = panel_pages.get_norm_and_outcomes(
            self._get_result(), county.make_check_options(QgsProject.instance())
        )
        HelpDialog(code, self._iface.mainWindow(), norm=norm, get_outcome=outcome).exec()
