# SPDX-License-Identifier: GPL-2.0-or-later
"""导出成果包: what is asked for, how it goes, what came of it; three pages of one window that stays beside the work."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from ...bridge.package.preview import NOTHING, REFUSED, Against, Ahead
from ...bridge.texts import tr
from ...core.errors import SanxianError
from ..widgets import look, messages
from .form_page import FormPage
from .run_page import End, EndPage, RunPage

_WIDTH, _HEIGHT = 90, 46
#: The most of the screen's height that it takes: what is added while it is open makes it no higher than the screen.
_SHARE = 0.85


class ExportDialog(QDialog):
    """``wanted``: export now; ``lookWished``: what the order comes to is to be looked at; ``stopped``: cancel what runs."""

    wanted = pyqtSignal()
    lookWished = pyqtSignal()
    stopped = pyqtSignal()
    findingsWished = pyqtSignal()
    opened = pyqtSignal(str)

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianExportPackage")
        self.setWindowTitle(tr("Export Submission Package"))
        self.form, self.run, self.end = FormPage(project), RunPage(), EndPage()
        self._ahead, self._against = Ahead(), NOTHING
        self.pages = QStackedWidget()
        for page in (self.form, self.run, self.end):
            self.pages.addWidget(page)
        self.go = QPushButton(tr("Export"))
        self.go.setObjectName("SanxianPackageGo")
        self.go.setDefault(True)
        self.go.clicked.connect(self.wanted)
        self.back = QPushButton(tr("Back"))
        self.back.setObjectName("SanxianPackageBack")
        self.back.clicked.connect(self.show_form)
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setObjectName("SanxianPackageClose")
        self.close_button.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.go, self.run.button, self.back, self.close_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addLayout(row)
        self.form.changed.connect(self.lookWished)
        self.form.gate.changed.connect(self._enable)
        self.form.gate.findingsWished.connect(self.findingsWished)
        self.run.cancelled.connect(self.stopped)
        self.end.findingsWished.connect(self.findingsWished)
        self.end.opened.connect(self.opened)
        self._themed = look.later(self, self._refresh_icons)
        letter = self.fontMetrics()
        room = round(self.screen().availableGeometry().height() * _SHARE)
        self.resize(letter.horizontalAdvance("0") * _WIDTH, min(letter.lineSpacing() * _HEIGHT, room))
        self.show_form()

    # --- pages
    @property
    def running(self) -> bool:
        return self.pages.currentWidget() is self.run

    def show_form(self) -> None:
        self._turn_to(self.form)
        self.form.forms.setFocus()
        self.lookWished.emit()

    def show_run(self, step: int, checks: bool) -> None:
        self.run.start(step, checks)
        self._turn_to(self.run)
        self.run.button.setFocus()

    def show_end(self, end: End) -> None:
        self.end.show_end(end)
        self._turn_to(self.end)
        (self.end.folder if end.done is not None else self.back).setFocus()

    def _turn_to(self, page: Any) -> None:
        self.pages.setCurrentWidget(page)
        self.go.setVisible(page is self.form)
        self.go.setDefault(page is self.form)
        self.run.button.setVisible(page is self.run)
        self.back.setVisible(page is self.end)
        self.close_button.setText(tr("Go On in Background") if page is self.run else tr("Close"))
        self._enable()

    # --- the form
    def order(self) -> Any:
        """What is asked for, or None while it cannot be told; why is said."""
        try:
            return self.form.order()
        except (SanxianError, ImportError) as error:
            self.form.show_error(messages.explain(error))
            return None

    def ask_until_exportable(self) -> bool:
        """Return True if the document information allows an export; errors in reading it are shown in the form."""
        try:
            return self.form.ask_until_exportable()
        except (SanxianError, ImportError) as error:
            self.form.show_error(messages.explain(error))
            return False

    def show_ahead(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self.form.show_ahead(ahead)
        self._enable()

    def show_against(self, against: Against) -> None:
        self._against = against
        self.form.gate.show_against(against)
        self._enable()

    def _enable(self) -> None:
        lacking = "" if self.form.folder.text() else tr("Choose the folder in which the package is made.")
        self.go.setEnabled(not lacking and self._ahead.state != REFUSED)
        self.go.setToolTip(lacking or self._ahead.why)

    def show_error(self, said: str) -> None:
        self._ahead = Ahead()
        self.form.show_error(said)
        self.go.setEnabled(False)
        self.go.setToolTip(said)

    # --- the window
    def changeEvent(self, event):
        super().changeEvent(event)
        if event.type() in look.THEME_EVENTS and hasattr(self, "_themed"):
            self._themed.start()
        elif event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and not self.running:
            # Back from the file manager: files may have come.
            self.form.soon()

    def _refresh_icons(self) -> None:
        for page in (self.form, self.run, self.end):
            page.refresh_icons()
