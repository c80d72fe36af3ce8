# SPDX-License-Identifier: GPL-2.0-or-later
"""Menu 三区三线, its toolbar, and its dialogs, imported only when opened to let QGIS start faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QDialog, QMenu

from ..bridge.project import county
from ..bridge.running.tasks import JobRunner
from ..bridge.texts import mark_text, tr, translate_marked
from ..core.base.errors import SanxianError
from .findings import panel_pages
from .help.help_dialog import HelpDialog
from .project.roles_dialog import RolesDialog
from .widgets import add_menu_section, messages, theme

#: Section of the menu → its entries: name, icon, shortcut. The menu has to fit on a small screen: at most 24 entries
#: (docs/manual/zh/01-quickstart.md lists them).
_MENU_SECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    mark_text("Check and Fix"): (
        ("check", "run", "F8"),
        ("findings", "findings", ""),
        ("fix_all", "fix", "Shift+F8"),
        ("report", "report", ""),
    ),
    mark_text("Plan and Projects"): (
        ("new", "new", ""),
        ("mapping", "mapping", ""),
        ("points_in", "draw", ""),
        ("conformity", "conformity", ""),
        ("adjustment", "compare", ""),
        ("boundary", "align", ""),
        ("supplement", "layers", ""),
        ("split", "export", ""),
        ("merge", "open", ""),
    ),
    mark_text("Results and Submission"): (
        ("tables", "indicators", ""),
        ("maps", "maps", ""),
        ("package", "package", ""),
        ("inspect", "inspect", ""),
        ("yearly", "yearly", ""),
        ("counties", "counties", ""),
    ),
    mark_text("Settings and Help"): (
        ("roles", "roles", ""),
        ("profile", "profile", ""),
        ("doctor", "doctor", ""),
        ("manual", "manual", ""),
    ),
}
#: Actions on the toolbar, in the panel or in the locator bar only; users may give them shortcuts.
_OTHER_ACTIONS = (
    ("previous", "previous", "Shift+F9"),
    ("next", "next", "F9"),
    ("next_open", "next", "Ctrl+F9"),
    ("layer", "layer", ""),
    ("live", "live", ""),
    ("indicator_panel", "indicators", ""),
    ("indicators", "indicators", ""),
    ("align", "align", ""),
    ("document", "document", ""),
    ("forms", "forms", ""),
    ("symbols", "symbols", ""),
    ("layers", "layers", ""),
    ("bookmarks", "bookmarks", ""),
    ("layouts", "layouts", ""),
    ("compare", "compare", ""),
    ("cultivated", "yearly", ""),
    ("vct_in", "vct_in", ""),
    ("vct_out", "vct_out", ""),
    ("sample", "sample", ""),
    ("dictionary", "dictionary", ""),
    ("help", "help", ""),
)


#: Name of an action → its text, marked for translation.
_TEXTS = {
    "check": mark_text("Check All"),
    "previous": mark_text("Previous"),
    "next": mark_text("Next"),
    "next_open": mark_text("Next Open"),
    "findings": mark_text("Findings"),
    "layer": mark_text("Show Findings on the Map"),
    "live": mark_text("Live Check"),
    "report": mark_text("Report…"),
    "indicator_panel": mark_text("Indicators"),
    "indicators": mark_text("Compute Indicators…"),
    "conformity": mark_text("Project Conformity"),
    "align": mark_text("Align Selected Features…"),
    "fix_all": mark_text("Fix Findings…"),
    "points_in": mark_text("Import Boundary Points…"),
    "adjustment": mark_text("Adjust the Urban Boundary…"),
    "boundary": mark_text("Propose the Boundary…"),
    "supplement": mark_text("Propose Supplements…"),
    "split": mark_text("Hand Out to Townships…"),
    "merge": mark_text("Merge Townships…"),
    "tables": mark_text("Tables for the Office…"),
    "roles": mark_text("Layer Roles…"),
    "profile": mark_text("County Profile…"),
    "document": mark_text("Document Information…"),
    "forms": mark_text("Apply Layer Forms"),
    "symbols": mark_text("Apply Layer Symbols"),
    "mapping": mark_text("Map Fields…"),
    "new": mark_text("New County Plan…"),
    "layers": mark_text("New Layers…"),
    "bookmarks": mark_text("Bookmarks by Township"),
    "layouts": mark_text("Make Layouts…"),
    "maps": mark_text("Export Maps…"),
    "package": mark_text("Export Submission Package…"),
    "inspect": mark_text("Inspect Submission Package…"),
    "counties": mark_text("Check Many Counties…"),
    "vct_in": mark_text("Import VCT…"),
    "vct_out": mark_text("Export VCT…"),
    "yearly": mark_text("Yearly Maintenance Package…"),
    "compare": mark_text("Compare Editions…"),
    "cultivated": mark_text("Yearly Balance of Cultivated Land…"),
    "sample": mark_text("Open Sample County"),
    "dictionary": mark_text("Data Dictionary…"),
    "doctor": mark_text("Environment Check…"),
    "manual": mark_text("Manual"),
    "help": mark_text("Help and About"),
}


class MenuActions(QObject):
    """The plugin's menu and toolbar with their actions; `remove` removes them from QGIS.

    ``slots``: name of an action → function that it calls. Actions have object names, by which QGIS restores toolbar
    positions and shortcuts.
    """

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
        self._iface, self._window = iface, iface.mainWindow()
        self.by_name: dict[str, QAction] = {}
        for name, icon, shortcut in (*chain.from_iterable(_MENU_SECTIONS.values()), *_OTHER_ACTIONS):
            action = QAction(
                theme.load_icon(icon),
                translate_marked(_TEXTS[name]),
                self._window,
                objectName=f"SanxianAction{name.capitalize()}",
                checkable=name in self._CHECKABLE_ACTIONS,
            )
            action.setProperty("sanxianIcon", icon)
            if name in slots:
                (action.toggled if name in self._CHECKABLE_ACTIONS else action.triggered).connect(slots[name])
            iface.registerMainWindowAction(action, shortcut)
            self.by_name[name] = action
        self.menu = QMenu(tr("Sanxian") + "(&X)", self._window, objectName="SanxianMenu")
        for title, entries in _MENU_SECTIONS.items():
            add_menu_section(self.menu, translate_marked(title))
            self.menu.addActions([self.by_name[name] for name, _icon, _shortcut in entries])
        self._window.menuBar().insertMenu(iface.helpMenu().menuAction(), self.menu)
        self.toolbar = iface.addToolBar(tr("Sanxian"))
        self.toolbar.setObjectName("SanxianToolbar")
        self._window.insertToolBarBreak(self.toolbar)
        for name in self._TOOLBAR_ENTRIES:
            if name is None:
                self.toolbar.addSeparator()
            else:
                self.toolbar.addAction(self.by_name[name])
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.call_after_theme_change(self.toolbar, self._refresh_icons)
        self._window.installEventFilter(self)

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

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
        if RolesDialog(QgsProject.instance(), self._iface.mainWindow()).exec():
            self.changed.emit()

    def open_profile_dialog(self, *, page: str = "") -> None:
        """Open the dialog 县配置, on a page; emit ``changed`` if the user accepts it."""
        from .county_form.profile_dialog import ProfileDialog

        result = self._get_result()
        used_items = result.report.unconfirmed_items if result is not None else ()
        dialog = ProfileDialog(QgsProject.instance(), self._iface.mainWindow(), used_items)
        dialog.save_project.clicked.connect(self._iface.actionSaveProject().trigger)
        dialog.show_page(page)
        if dialog.exec():
            self.changed.emit()

    def use_profile(self, profile_id: str) -> None:
        """Use a shipped profile for the open project."""
        project = QgsProject.instance()
        settings = county.read_county_settings(project)
        county.store_county_settings(project, replace(settings, profile=profile_id))
        project.setDirty(True)
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
        # Ctrl+Z of QGIS undoes an edit of the current layer only.
        dialog.appended.connect(self._show_appended_rows)
        dialog.show()

    def _show_appended_rows(self, layer: QgsVectorLayer) -> None:
        """Make a layer the current one, and zoom to its rows."""
        self._iface.setActiveLayer(layer)
        layer.updateExtents()
        self._iface.mapCanvas().zoomToFeatureExtent(
            self._iface.mapCanvas().mapSettings().layerExtentToOutputExtent(layer, layer.extent())
        )

    def open_dictionary(self) -> None:
        """Open the data dictionary at the current layer, beside other dialogs."""
        from .help.dictionary_dialog import DictionaryDialog

        standard = county.read_county_settings(QgsProject.instance()).standard
        DictionaryDialog(standard, self._iface.activeLayer(), self._iface.mainWindow()).show()

    def open_help(self, code: str) -> None:
        """Open the help page of a rule; an empty ``code`` opens the page about the plugin."""
        norm, outcome = panel_pages.get_norm_and_outcomes(
            self._get_result(), county.make_check_options(QgsProject.instance())
        )
        HelpDialog(code, self._iface.mainWindow(), norm=norm, get_outcome=outcome).exec()
