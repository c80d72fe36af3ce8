# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of a submission package (导出成果包): preview, check, writing, result.

While the user fills the form, a preview is shown. A check runs first if the last one is not of the current data.
One export runs at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.package.preview import make_objections
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.errors import OutputError, SanxianError
from ...core.standard.messages.texts import Texts
from ..checking.run import CheckRunner
from ..findings.features import FeatureRef, find_layer_of_role, select_feature, show_layer
from ..findings.result import CheckView
from ..widgets import CopyButton, bring_to_front, close_and_delete, messages, open_path
from .export_dialog import CHECK_STEP, WRITE_STEP, ExportDialog, ExportOutcome
from .export_preview import ExportEnvironment, ExportPreview
from .inspect import remember_package

#: Place where a problem is corrected → name of the menu action that opens its dialog.
_WINDOWS_BY_PLACE = {"roles": "roles", "libraries": "doctor"}
#: Places on pages of the dialog 县配置, by the names of the pages.
_PROFILE_PAGES = ("rules", "feature_codes")


class PackageExport(QObject):
    """Runs the export of a submission package, with its dialog and messages."""

    def __init__(
        self, iface: Any, runner: JobRunner, checking: CheckRunner, environment: ExportEnvironment, parent: QObject
    ):
        super().__init__(parent)
        self._iface, self._runner, self._checking, self._environment = iface, runner, checking, environment
        self._messages = messages.MessageBarMessages(iface, tr("Submission Package"))
        self._ahead = ExportPreview(runner, environment)
        self.dialog: Any = None
        self._export_order: Any = None
        self._job: BackgroundJob | None = None
        self._project = 0
        self._is_waiting = False

    @property
    def is_running(self) -> bool:
        return self._job is not None or self._is_waiting

    def close(self) -> None:
        """Close dialog and message; no further step of the export is started."""
        self._is_waiting = False
        self._messages.close()
        dialog, self.dialog = self.dialog, None
        close_and_delete(dialog)

    # --- the dialog
    def show(self) -> None:
        """Open the export dialog or bring it to the front."""
        if self.dialog is None:
            try:
                self.dialog = ExportDialog(QgsProject.instance(), self._iface.mainWindow())
            except (SanxianError, ImportError) as error:
                self._messages.show_warning(messages.explain_error(error))
                return
            gate, end = self.dialog.form.gate, self.dialog.end
            for signal, slot in (
                (self.dialog.wanted, self.start_export),
                (self.dialog.run.cancelled, self.cancel),
                (self.dialog.previewRequested, self.update_preview),
                (gate.findingsRequested, self._show_findings),
                (end.findingsRequested, self._show_findings),
                (gate.checkRequested, self.check_again),
                (end.opened, self._open_exported_part),
                (self.dialog.placeRequested, self._go_to_place),
            ):
                signal.connect(slot)
            self.update_preview()
        elif not self.dialog.isVisible() and not self.is_running:
            # Each export is forced anew.
            self.dialog.form.gate.force.setChecked(False)
            self.dialog.show_form()
        self._bring_to_front()

    def _bring_to_front(self) -> None:
        """Bring the dialog to the front and close its message in the message bar."""
        self._messages.close()
        if self.dialog is not None:
            bring_to_front(self.dialog)

    def update_preview(self) -> None:
        """Update the preview in the form; it is shown when it is computed."""
        if (dialog := self.dialog) is not None and not self.is_running:
            self._ahead.update_preview(dialog, lambda: self.dialog is dialog and not self.is_running)
            dialog.form.gate.show_checking(self._checking.is_running)

    def check_again(self) -> None:
        """Check the plan while the form is open; the form then shows the reasons of this check."""
        package_spec = self.dialog.load_spec()
        if package_spec is not None and not self.is_running and not self._checking.is_running:
            self.dialog.form.gate.show_checking(self._checking.start_check(package_spec.standard))

    def project_changed(self) -> None:
        """Close the form of the former project; a running export continues, because it has already read the layers."""
        self._ahead.discard_cache()
        if self.dialog is not None and not self.is_running:
            dialog, self.dialog = self.dialog, None
            close_and_delete(dialog)

    # --- the work
    def start_export(self) -> None:
        """Export the package that the form describes; check the plan first if necessary."""
        if self.is_running or self.dialog.make_order() is None or not self.dialog.ask_for_exportable_document_info():
            return
        order = self.dialog.make_order()
        self.dialog.form.store_choices()
        self._export_order, self._project = order, self._environment.get_project_number()
        if (result := self._environment.get_current_result(order.package_spec)) is not None:
            self._write_package(result.check_result, includes_check=False)
            return
        self._is_waiting = True
        if self._checking.is_running or self._checking.start_check(order.package_spec.standard):
            self._checking.check_job.step.connect(self._on_progress)
            self.dialog.show_progress_page(CHECK_STEP, True)
        elif role_recognition.list_plan_layers(QgsProject.instance()):
            text = tr("No file was written, because no group of layers was chosen to check.")
            self._show_outcome(ExportOutcome("info", text))
        else:
            self._show_outcome(ExportOutcome("error", tr("Nothing was made: the project has no plan layers.")))

    def continue_after_check(self, result: CheckView) -> None:
        """Continue the export after a check, which the export or the user started."""
        if not self._is_waiting:
            if self.dialog is not None and not self.is_running:
                self.dialog.form.schedule_change()
            return
        self._is_waiting = False
        # A check started by the user may have used another standard or former data.
        if self._project != self._environment.get_project_number():
            self._show_outcome(ExportOutcome("info", tr("Another project was opened meanwhile. Nothing was made.")))
        elif self._environment.get_current_result(self._export_order.package_spec) is not result:
            text = tr("The data were changed while they were checked. Nothing was made; export again.")
            self._show_outcome(ExportOutcome("warning", text))
        else:
            self._write_package(result.check_result, includes_check=True)

    def end_export_without_check(self) -> None:
        """Show that nothing was exported, because the check before the export did not end."""
        if self._is_waiting:
            self._show_outcome(ExportOutcome("info", tr("The check was not completed. Nothing was made or changed.")))
        elif self.dialog is not None and not self.is_running:
            self.dialog.form.schedule_change()

    def _write_package(self, check_result: Any, includes_check: bool) -> None:
        from ...bridge.package.tasks import export_project_package

        order = self._export_order

        self._job = BackgroundJob(
            tr("Export Submission Package"),
            lambda progress, cancellation: export_project_package(
                check_result, order, progress=progress, cancellation=cancellation
            ),
            on_done=self._on_exported,
            on_error=self._on_failed,
            on_cancelled=lambda: self._show_outcome(
                ExportOutcome("info", tr("Cancelled. No package was made; existing files were not changed."))
            ),
        )
        self._job.step.connect(self._on_progress)
        if self.dialog is not None:
            self.dialog.show_progress_page(WRITE_STEP, includes_check)
        self._runner.start(self._job)

    def cancel(self) -> None:
        """Cancel the running export, or the check before it."""
        if self._job is not None:
            self._job.cancel()
        elif self._is_waiting:
            self._checking.cancel()

    def _on_progress(self, share: float, text: str) -> None:
        if self.dialog is not None and self.is_running:
            self.dialog.run.show_progress(share, text)

    # --- the end
    def _on_exported(self, exported_package: Any) -> None:
        remember_package(str(exported_package.path))
        kind, text = "ok", tr("The package is made, read back and compared with the plan.")
        if exported_package.manifest["check"]["forced"]:
            kind = "warning"
            text = tr(
                "The package was forced: it is for internal use and must not be submitted. Its manifest, metadata and "
                "page state this, with the reasons."
            )
        objections = make_objections(exported_package.problems)
        self._show_outcome(ExportOutcome(kind, text, objections, exported_package))

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, OutputError) and error.key in ("package_gate", "package_stopped"):
            by_key = {
                "package_gate": tr(
                    "The package was not made, because the plan does not pass. Correct the listed "
                    "problems, or go back and force the package."
                ),
                "package_stopped": tr(
                    "The package was not made, because values would be lost. Correct the listed problems; "
                    "forcing does not help."
                ),
            }
            text = by_key[error.key]
            objections = make_objections(error.params["reasons"].problems)
            if self.dialog is not None:
                # The form keeps them while the user corrects one after the other.
                self.dialog.show_objections(objections)
            has_findings = self._environment.get_displayed_result() is not None
            self._show_outcome(ExportOutcome("error", text, objections, has_check_findings=has_findings))
            return
        text = tr(
            "The package was not made ({error}). Existing files were not changed. Details are in the log, tab Sanxian."
        )
        self._show_outcome(ExportOutcome("error", messages.explain_and_log(error, text)))

    def _show_outcome(self, outcome: ExportOutcome) -> None:
        """Show how the export ended, in the dialog and, if that is hidden, in the message bar."""
        self._job, self._is_waiting = None, False
        if self.dialog is None:
            return
        self.dialog.show_outcome(outcome)
        is_hidden = not self.dialog.isVisible()
        if is_hidden and outcome.exported_package is not None:
            open_buttons = (
                (tr("Open Folder"), lambda: self._open_exported_part("folder")),
                (tr("Open Manifest"), lambda: self._open_exported_part("manifest")),
                (tr("Inspect Package…"), lambda: self._open_exported_part("inspection")),
            )
            level = "success" if outcome.icon == "ok" else outcome.icon
            self._messages.show_message(outcome.text, level, *open_buttons)
            copy_button = CopyButton(tr("Copy Digest"), self.dialog.end.digest.text)
            copy_button.setToolTip(messages.explain_digest())
            self._messages.add_button(copy_button)
        elif is_hidden:
            self._messages.show_message(outcome.text, "warning", (tr("Show"), self._bring_to_front))

    def _show_findings(self) -> None:
        self.dialog.hide()
        self._environment.show_findings_panel()

    def _go_to_place(self, problem: Any) -> None:
        """Show the findings, the dialog or the features of a layer where the user corrects a problem."""
        if (place := str(problem.place)) == "check":
            self._show_findings()
            return
        if place in (*_WINDOWS_BY_PLACE, *_PROFILE_PAGES):
            if place in _PROFILE_PAGES:
                self._environment.open_profile(place)
            else:
                self._environment.open_window(_WINDOWS_BY_PLACE[place])
            self.dialog.form.schedule_change()
            return
        result = self._environment.get_displayed_result()
        layers = result.check_result.plan.layers if result is not None else {}
        role = next((role for role, layer in layers.items() if layer.name == problem.layer), "")
        layer = find_layer_of_role(QgsProject.instance(), result, role) if role else None
        if layer is None:
            text = tr("The layer “{layer}” is no longer in the project. Check again.")
            self._messages.show_warning(text.format(layer=problem.layer))
            return
        self.dialog.hide()
        refs = [FeatureRef(role, key) for key in problem.features]
        for ref in refs:
            select_feature(self._iface, result, ref, refs)
        self._iface.setActiveLayer(layer)
        show_layer(layer)
        text = problem.format_as_sentence(Texts(settings.get_interface_language()))
        if refs and layer.selectedFeatureCount():
            # QGIS warns if it is asked to zoom to features without a shape.
            if any(feature.hasGeometry() for feature in layer.getSelectedFeatures()):
                self._iface.mapCanvas().zoomToSelected(layer)
            else:
                note = tr("The selected features have no shape, so the map does not zoom; see them in the table.")
                text = tr("{first} {second}").format(first=text, second=note)
        self._messages.show_message(text, "info", (tr("Back to Export"), self._bring_to_front))

    def _open_exported_part(self, part: str) -> None:
        from ...core.base.files.digests import MANIFEST_PAGE_FILE_NAME

        exported_package = self.dialog.end.end.exported_package if self.dialog is not None else None
        if exported_package is not None and part == "inspection":
            # The dialog would cover the findings.
            self.dialog.hide()
            self._environment.inspect(str(exported_package.path))
        elif exported_package is not None:
            name = MANIFEST_PAGE_FILE_NAME if part == "manifest" else ""
            open_path(str(Path(exported_package.path, name)), self.dialog)
