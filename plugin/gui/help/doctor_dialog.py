# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 环境自检: available and missing libraries with remedies.

It works without the libraries.
"""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QVBoxLayout

from ...bridge import health
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.buttons import CopyButton, make_close_button
from ..widgets.whole_rows import WholeRows
from .buttons import add_help_button

_STATE_ICONS = {
    health.VERSION_OK: "ok",
    health.VERSION_TOO_OLD: "error",
    health.LIBRARY_MISSING: "error",
    health.OPTIONAL_LIBRARY_ABSENT: "skipped",
}


class DoctorDialog(QDialog):
    """Dialog 环境自检, with one line per library and a conclusion."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianDoctorDialog")
        self.setWindowTitle(tr("Environment Check"))
        lines, is_healthy = health.make_health_report(get_interface_language())
        self.list = QListWidget()
        self.list.setWordWrap(True)
        # The last line summarises the others, with the remedy.
        *lines, (_, conclusion) = lines
        self.list.addItem(QListWidgetItem(theme.load_icon("ok" if is_healthy else "error"), conclusion))
        for state, line in lines:
            self.list.addItem(QListWidgetItem(theme.load_icon(_STATE_ICONS.get(state, "info")), line))
        buttons = add_help_button(make_close_button(self), "doctor")
        buttons.addButton(CopyButton(tr("Copy"), self.text), QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.addWidget(WholeRows(self.list))
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        letter = self.fontMetrics().horizontalAdvance("0")
        self.resize(letter * 70, self.fontMetrics().lineSpacing() * 26)

    def text(self) -> str:
        return "\n".join(self.list.item(n).text() for n in range(self.list.count()))
