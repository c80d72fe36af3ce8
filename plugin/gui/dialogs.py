# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening of the menu's dialogs, imported only then to let QGIS start faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog

from ..bridge.project import county
from ..bridge.running.tasks import JobRunner
from ..bridge.texts import tr
from ..core.base.errors import SanxianError
from .findings import empty_states
from .widgets import messages
from .widgets.messages import push_message


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
            push_message(iface.messageBar(), "warning", tr("Map Fields"), messages.explain_error(error))
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

        norm, outcome = empty_states.get_norm_and_outcomes(
            self._get_result(), county.make_check_options(QgsProject.instance())
        )
        HelpDialog(code, self._iface.mainWindow(), norm=norm, get_outcome=outcome).exec()
