# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 导出成果包 with three pages: form, progress and outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge.package.preview import NO_OBJECTIONS, REFUSED_FOLDER, ExportObjections, PackagePreview
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.files.digests import MANIFEST_PAGE_FILE_NAME, UNLISTED_FILES
from ..help.help_dialog import make_help_button
from ..widgets import (
    CopyButton,
    ElidedLabel,
    FocusedButtonDialog,
    IconLabel,
    WrappedLabel,
    explain_digest,
    explain_error,
    fill_form,
    fill_layout,
    make_row,
    resize_to_letters,
)
from .export_preview import ReasonsList, show_reasons
from .form_page import FormPage

CHECK_STEP, WRITE_STEP = 0, 1
_PROGRESS_STEPS = 1000
#: The width of the list of parts with the names of their files.
_WIDTH_IN_DIGITS, _HEIGHT_IN_LINES = 120, 56


class ProgressPage(QWidget):
    """Second page of the export dialog: progress; Cancel emits ``cancelled``."""

    cancelled = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._texts = (
            tr("Check the plan by all rules"),
            tr("Write and read back the layers, add documents, tables and maps, make the manifest"),
        )
        self._icons = [IconLabel(16) for _ in self._texts]
        self.steps = [QLabel(text, wordWrap=True) for text in self._texts]
        grid = QGridLayout()
        for row, (icon, label) in enumerate(zip(self._icons, self.steps, strict=True)):
            grid.addWidget(icon, row, 0)
            grid.addWidget(label, row, 1)
        grid.setColumnStretch(1, 1)
        self.bar = QProgressBar(objectName="SanxianPackageProgress", maximum=_PROGRESS_STEPS)
        self.what = ElidedLabel(objectName="SanxianPackageAtWork")
        self.button = QPushButton(tr("Cancel"), objectName="SanxianPackageCancel", clicked=self._cancel)
        note = QLabel(
            tr(
                "You can continue to work or close this window; the export runs in the background. Existing "
                "files are not changed until the new package is complete."
            ),
            wordWrap=True,
        )
        layout = fill_layout(QVBoxLayout(self), grid, has_margins=False)
        layout.addSpacing(self.fontMetrics().lineSpacing())
        fill_layout(layout, self.bar, self.what, note, (None, 1))

    def show_steps(self, step: int, includes_check: bool) -> None:
        """Show the steps of the export and mark the current one, ``step``.

        ``includes_check``: the first step, a check, is part of this export.
        """
        for number, icon in enumerate(self._icons):
            icon.show_icon("ok" if number < step else "run" if number == step else "skipped")
        self.steps[CHECK_STEP].setText(
            self._texts[CHECK_STEP] if includes_check else tr("Check the plan: done before, the data are unchanged")
        )
        self.bar.setValue(0)
        self.what.setText("")
        self.button.setEnabled(True)
        self.button.setText(tr("Cancel"))

    def show_progress(self, share: float, text: str) -> None:
        """Show the completed share (0–1) and what is being done."""
        self.bar.setValue(round(_PROGRESS_STEPS * share))
        if text and self.button.isEnabled():
            self.what.setText(text)

    def _cancel(self) -> None:
        self.button.setEnabled(False)
        self.what.setText(tr("Cancelling"))
        self.cancelled.emit()


@dataclass(frozen=True)
class ExportOutcome:
    """The outcome of an export, as the dialog shows it.

    ``icon``, ``text``: icon and text of the message; ``export_objections``: reasons why nothing was exported;
    ``exported_package``: result of `bridge.package.tasks.export_project_package`, None if nothing was exported;
    ``has_check_findings``: a result is displayed whose findings the user can open.
    """

    icon: str
    text: str
    export_objections: ExportObjections = NO_OBJECTIONS
    exported_package: Any = None
    has_check_findings: bool = False


class OutcomePage(QWidget):
    """Last page of the export dialog: the outcome.

    Signal ``opened(name)``: the user wants to open the ``folder`` or ``manifest`` of the package, or its
    ``inspection``.
    """

    opened = pyqtSignal(str)
    findingsRequested = pyqtSignal()
    placeRequested = pyqtSignal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.end = ExportOutcome("info", "")
        self._icon = IconLabel(24)
        self.text = QLabel(
            objectName="SanxianPackageEnd",
            wordWrap=True,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        head = make_row((self._icon, 0, Qt.AlignmentFlag.AlignTop), (self.text, 1))
        self.path, self.size, self.digest = ElidedLabel(), QLabel(), ElidedLabel(objectName="SanxianPackageDigest")
        self.digest_note = WrappedLabel(
            tr("{what} It is the digest of manifest.json, which lists the digests of all files.").format(
                what=explain_digest()
            ),
            objectName="SanxianPackageDigestNote",
        )
        self.facts = QWidget()
        form = fill_form(
            QFormLayout(self.facts),
            (tr("Package"), self.path),
            (tr("Contents"), self.size),
            (QLabel(tr("Digest (SHA-256)"), toolTip=explain_digest()), self.digest),
            ("", self.digest_note),
        )
        form.setContentsMargins(0, 0, 0, 0)
        self.reasons = ReasonsList()
        self.reasons.placeRequested.connect(self.placeRequested)
        self.folder = QPushButton(
            tr("Open Folder"), objectName="SanxianPackageOpenFolder", clicked=lambda: self.opened.emit("folder")
        )
        self.manifest = QPushButton(
            tr("Open Manifest"), objectName="SanxianPackageOpenManifest", clicked=lambda: self.opened.emit("manifest")
        )
        self.inspect = QPushButton(
            tr("Inspect Package…"), objectName="SanxianPackageInspect", clicked=lambda: self.opened.emit("inspection")
        )
        self.copy = CopyButton(tr("Copy Digest"), self.digest.text)
        self.copy.setToolTip(explain_digest())
        self.findings = QPushButton(
            tr("Show Findings"), objectName="SanxianPackageEndFindings", clicked=self.findingsRequested
        )
        row = make_row(self.folder, self.manifest, self.inspect, self.copy, self.findings, (None, 1))
        fill_layout(QVBoxLayout(self), head, self.facts, row, (self.reasons, 1), None, has_margins=False)

    def show_outcome(self, outcome: ExportOutcome) -> None:
        """Show message, reasons and buttons for the outcome of an export."""
        self.end = outcome
        self._icon.show_icon(outcome.icon)
        self.text.setText(outcome.text)
        succeeded = outcome.exported_package is not None
        for widget in (self.facts, self.folder, self.manifest, self.inspect, self.copy):
            widget.setVisible(succeeded)
        self.findings.setVisible(outcome.has_check_findings)
        if succeeded:
            files, layers = outcome.exported_package.manifest["files"], outcome.exported_package.manifest["layers"]
            self.path.setText(str(outcome.exported_package.path))
            self.digest.setText(outcome.exported_package.manifest_digest)
            contents = tr(
                "{files} files, {more} of them with the manifest and digests; {layers} layers with {rows} features, "
                "each read back and compared"
            )
            self.size.setText(
                contents.format(
                    files=len(files) + len(UNLISTED_FILES),
                    more=sum(row["path"] == MANIFEST_PAGE_FILE_NAME for row in files) + len(UNLISTED_FILES),
                    layers=len(layers),
                    rows=sum(layer["features"] for layer in layers),
                )
            )
        show_reasons(self.reasons, outcome.export_objections)


class ExportDialog(FocusedButtonDialog):
    """Dialog of the package export.

    Signals: ``wanted``: the user pressed Export; ``previewRequested``: update the preview; ``placeRequested(problem)``:
    show the finding, layer or dialog where the user corrects a problem.
    """

    wanted = pyqtSignal()
    previewRequested = pyqtSignal()
    placeRequested = pyqtSignal(object)

    def __init__(self, project: QgsProject, parent=None):
        super().__init__(parent, objectName="SanxianExportPackage", windowTitle=tr("Export Submission Package"))
        self.form, self.run, self.end = FormPage(project), ProgressPage(), OutcomePage()
        self._preview = PackagePreview()
        self.pages = QStackedWidget()
        for page in (self.form, self.run, self.end):
            self.pages.addWidget(page)
        self.go = QPushButton(tr("Export"), objectName="SanxianPackageGo", default=True, clicked=self.wanted)
        self.back = QPushButton(tr("Back"), objectName="SanxianPackageBack", clicked=self.show_form)
        self.close_button = QPushButton(tr("Close"), objectName="SanxianPackageClose", clicked=self.reject)
        buttons = (self.go, self.run.button, self.back, self.close_button)
        for button in buttons:
            # Enter on Close must not start an export.
            button.setAutoDefault(button is self.close_button)
        row = make_row(make_help_button("package"), (None, 1), *buttons)
        fill_layout(QVBoxLayout(self), (self.pages, 1), row)
        self.form.changed.connect(self.previewRequested)
        self.form.gate.changed.connect(self._enable_buttons)
        for part in (self.form.gate, self.end):
            part.placeRequested.connect(self._go_to_place)
        resize_to_letters(self, _WIDTH_IN_DIGITS, _HEIGHT_IN_LINES)
        self.show_form()

    # --- pages
    @property
    def is_running(self) -> bool:
        """Return True while the dialog shows the progress of an export."""
        return self.pages.currentWidget() is self.run

    def show_form(self) -> None:
        """Show the first page with the form, and request a new preview."""
        self._show_page(self.form)
        self.form.forms.setFocus()
        self.previewRequested.emit()

    def show_progress_page(self, step: int, includes_check: bool) -> None:
        """Show the second page; parameters as of `ProgressPage.show_steps`."""
        self.run.show_steps(step, includes_check)
        self._show_page(self.run)
        self.run.button.setFocus()

    def show_outcome(self, outcome: ExportOutcome) -> None:
        self.end.show_outcome(outcome)
        self._show_page(self.end)
        (self.end.folder if outcome.exported_package is not None else self.back).setFocus()

    def _show_page(self, page: Any) -> None:
        self.pages.setCurrentWidget(page)
        self.go.setVisible(page is self.form)
        self.go.setDefault(page is self.form)
        self.run.button.setVisible(page is self.run)
        self.back.setVisible(page is self.end)
        self.close_button.setText(tr("Continue in Background") if page is self.run else tr("Close"))
        self._enable_buttons()

    def _go_to_place(self, problem: Any) -> None:
        """Show the field of the form where the user corrects a problem, else request the place outside this dialog."""
        field_by_place = {
            "documents": self.form.documents,
            "document_info": self.form.document,
            "specification": self.form.forms,
            "personal_data": self.form.personal,
        }
        if (field := field_by_place.get(str(problem.place))) is None:
            self.placeRequested.emit(problem)
        else:
            self.show_form()
            self.form.show_field(field)

    # --- the form
    def make_order(self) -> Any:
        """Return the export that the form describes; None if the form is incomplete.

        The dialog then shows what is missing.
        """
        return self._show_error_of(self.form.make_order)

    def load_spec(self) -> Any:
        """Return the chosen package specification; None if it is unreadable.

        The dialog then shows the error.
        """
        return self._show_error_of(self.form.forms.load_spec)

    def show_missing_folder(self) -> None:
        """Show that the parts of the package are listed when the target folder is chosen."""
        self._preview = PackagePreview()
        self.form.show_missing_folder()
        self._enable_buttons()

    def ask_for_exportable_document_info(self) -> bool:
        """Ask for document information until it allows an export; return False if the user cancels.

        Errors are shown in the dialog.
        """
        return bool(self._show_error_of(self.form.ask_for_exportable_document_info))

    def _show_error_of(self, read_form: Callable[[], Any]) -> Any:
        """Return what a function of the form returns; show its error and return None if it fails."""
        try:
            return read_form()
        except (SanxianError, ImportError) as error:
            self.form.show_error(explain_error(error))
            return None

    def show_preview(self, preview: PackagePreview) -> None:
        """Show the preview of the package in the form."""
        self._preview = preview
        self.form.show_preview(preview)
        self._enable_buttons()

    def show_objections(self, objections: ExportObjections) -> None:
        """Show the reasons against the export in the form."""
        self.form.gate.show_objections(objections)
        self._enable_buttons()

    def _enable_buttons(self) -> None:
        hint = "" if self.form.folder.text() else tr("Choose the folder in which the package is made.")
        self.go.setEnabled(not hint and self._preview.folder_state != REFUSED_FOLDER)
        self.go.setToolTip(hint or self._preview.refusal_reason)

    def show_error(self, message: str) -> None:
        """Show an error in place of the preview, and disable the export."""
        self._preview = PackagePreview()
        self.form.show_error(message)
        self.go.setEnabled(False)
        self.go.setToolTip(message)

    # --- the dialog
    def changeEvent(self, event):
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and not self.is_running:
            # The user may have added files in the file manager.
            self.form.schedule_change()
