# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of a package (检查成果包): findings in the panel, layers on the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QDialogButtonBox, QLabel, QVBoxLayout

from ...bridge import settings
from ...bridge.checking import findings_layer
from ...bridge.package import layers as package_layers
from ...bridge.project import county
from ...bridge.project.own_changes import keep_unchanged
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.checks.check import RunOptions
from ...core.standard import load_standard
from ..checking.run import CheckRunner
from ..findings import panel_pages
from ..findings.result import CheckView
from ..help.help_dialog import add_help_button
from ..widgets import FileLine, FocusedButtonDialog, fill_layout, make_form, make_ok_cancel_buttons, messages, theme
from .form_page import SpecCombo

#: Seconds to wait for a running copy before its folder is deleted.
_STOP_TIMEOUT_S = 2.0
_LAST_PATH_SETTING = "package/inspected"


class PackageInspection(QObject):
    """Inspects a submission package and shows its layers on request.

    ``checking``: runs the check with its progress in the panel; ``report``: asks for a path and saves the report.
    Signals: ``inspection_began(path)``; ``done(result, rows, path)``: the inspection has ended, ``rows`` are features
    of the findings layer; ``layers_shown``: the package's layers are on the map. `close` removes the layers; they are
    never saved with a project.
    """

    inspection_began = pyqtSignal(str)
    done = pyqtSignal(object, list, str)
    layers_shown = pyqtSignal()

    def __init__(
        self, iface: Any, runner: JobRunner, checking: CheckRunner, report: Callable[[], None], parent: QObject
    ):
        super().__init__(parent)
        self._iface, self._runner, self._checking, self._report = iface, runner, checking, report
        self.messages = messages.MessageBarMessages(iface, tr("Submission Package"))
        self._copies_folder: TemporaryDirectory[str] | None = None
        self._package: tuple[str, Any] | None = None
        self._job: BackgroundJob | None = None
        #: The package's layers while the project is written; the timer shows them again when QGIS has written it.
        self._set_aside_layers: list[package_layers.SetAsideLayer] = []
        self._restore_timer = QTimer(self, singleShot=True, timeout=self._restore_layers)
        self._watched_project: QgsProject | None = QgsProject.instance()
        self._watched_project.writeProject.connect(self._set_layers_aside)

    def ask_for_package(self, path: str) -> None:
        """Open the dialog with a package, or with the last one if ``path`` is empty."""
        if self._checking.is_running:
            self.messages.show_warning(tr("A check is running. Wait until it is finished, or cancel it in the panel."))
            return
        try:
            dialog = InspectDialog(path, self._iface.mainWindow())
            if dialog.exec():
                self.start_inspection(dialog.package.text(), dialog.forms.load_spec())
            dialog.deleteLater()
        except (SanxianError, ImportError) as error:
            self.messages.show_warning(messages.explain_error(error))

    def start_inspection(self, path: str, package_spec: Any) -> None:
        """Inspect a package by its package specification, in the background."""
        from ...core.package.export import make_options_for_package

        project_options = county.make_check_options(QgsProject.instance())
        # Use the county's profile and standard; roles, waivers and notices are of this project's layers.
        names = ("profile", "standard", "scope", "phase", "lang")
        kept_options = RunOptions(**{name: getattr(project_options, name) for name in names})
        options = make_options_for_package(kept_options, package_spec)

        def inspect_in_background(progress, cancellation):
            from ...bridge.package.tasks import inspect_package_layers

            check_result = inspect_package_layers(
                path, package_spec, options, progress=progress, cancellation=cancellation
            )
            return check_result, findings_layer.make_finding_features(check_result.report.findings)

        def show_inspection(result_and_rows):
            self._discard_package()
            self._package = path, package_spec
            self.done.emit(
                CheckView.from_check_result(result_and_rows[0], is_of_package=True), result_and_rows[1], path
            )
            self._report_summary(result_and_rows[0].report)

        self.messages.close()
        if self._checking.start_package_check(
            tr("Inspect Submission Package"), inspect_in_background, show_inspection, panel_pages.count_rules(options)
        ):
            self.inspection_began.emit(path)

    def _report_summary(self, report: Any) -> None:
        from ...core.render.verdict import describe_package_waivers
        from ...core.render.words import ReportTexts

        verdict = report.summary["verdict"]
        # Without the name of the package, which is too long for the message bar; the panel shows it.
        text = tr("{verdict}, {errors} errors, {warnings} warnings.").format(
            verdict=theme.get_verdict_word(verdict),
            errors=report.summary["errors"],
            warnings=report.summary["warnings"],
        )
        if waivers := describe_package_waivers(report, ReportTexts(settings.get_interface_language())):
            text = tr("{first} {second}").format(first=text, second=waivers)
        buttons = (tr("Report…"), self._report), (tr("Show Its Layers"), self.show_layers)
        self.messages.show_message(text, "success" if verdict == "pass" else "info", *buttons)

    # --- its layers on the map
    def show_layers(self) -> None:
        """Show read-only copies of the inspected package's layers in a group on top."""
        if self._package is None or self._job is not None or package_layers.find_package_layers(QgsProject.instance()):
            return
        # Layers that the user removed are shown again.
        self._discard_package()
        path, form = self._package
        self._copies_folder = TemporaryDirectory(prefix="sanxian-package-", ignore_cleanup_errors=True)
        into, project = Path(self._copies_folder.name), QgsProject.instance()

        def add_layers(paths):
            self._job = None
            if package_layers.show_package_layers(project, Path(path).name, paths, load_standard(form.standard)):
                self.layers_shown.emit()
            else:
                self.messages.show_warning(tr("No layer of the package can be opened."))
                self._discard_package()

        def report_failure(error):
            self._job = None
            self._discard_package()
            text = tr("The layers could not be shown ({error}). Details are in the log, tab Sanxian.")
            self.messages.show_warning(messages.explain_and_log(error, text))

        self._job = BackgroundJob(
            tr("Opening the package's layers"),
            lambda _progress, cancellation: package_layers.copy_datasets(path, form, into, cancellation),
            on_done=add_layers,
            on_error=report_failure,
            on_cancelled=self._discard_package,
        )
        self._runner.start(self._job)

    def project_changed(self) -> None:
        """Remove the package's layers when another project opens.

        Their temporary copies must not be saved in a project.
        """
        self.messages.close()
        self._discard_package()

    def _set_layers_aside(self, document: Any) -> None:
        """Take the package's layers out of the project that is being written; show them again afterwards."""
        if set_aside := package_layers.set_package_layers_aside(QgsProject.instance(), document):
            self._set_aside_layers = set_aside
            self._restore_timer.start()

    def _restore_layers(self) -> None:
        set_aside, self._set_aside_layers = self._set_aside_layers, []
        package_layers.restore_package_layers(QgsProject.instance(), set_aside)

    def close(self) -> None:
        """Remove the package's layers and their copies, and disconnect from the project."""
        if self._watched_project is not None:
            self._watched_project.writeProject.disconnect(self._set_layers_aside)
            self._watched_project = None
        self.messages.close()
        self._discard_package()
        self._package = None

    def _discard_package(self) -> None:
        if self._job is not None:
            self._job.cancel_and_disconnect()
            self._job.wait(_STOP_TIMEOUT_S)
            self._job = None
        self._restore_timer.stop()
        self._set_aside_layers = []
        with keep_unchanged(QgsProject.instance()):
            package_layers.remove_package_layers(QgsProject.instance())
        if self._copies_folder is not None:
            self._copies_folder.cleanup()
            self._copies_folder = None


def remember_package(path: str) -> None:
    """Store the package that the dialog proposes next, such as one that was just made."""
    settings.store_setting(_LAST_PATH_SETTING, path)


class InspectDialog(FocusedButtonDialog):
    """Dialog 检查成果包; raises SanxianError if a shipped specification is damaged."""

    def __init__(self, path: str, parent=None):
        super().__init__(parent, objectName="SanxianInspectPackage", windowTitle=tr("Inspect Submission Package"))
        last = settings.read_setting(_LAST_PATH_SETTING, "")

        self.package = FileLine(
            path or (last if last and Path(last).exists() else ""),
            str(Path(last).parent) if last else "",
            f"ZIP (*.zip);;{tr('All')} (*)",
            allows_folders=True,
            file_label=tr("Zip…"),
            file_tip=tr("Choose a package as zip"),
            folder_tip=tr("Choose the folder of a package"),
        )
        self.package.line.setObjectName("SanxianInspectPath")
        theme.set_placeholder(self.package.line, tr("Folder of a package, or a zip"))
        self.package.line.textChanged.connect(self._validate_path)
        self.forms = SpecCombo()
        self.missing_note = QLabel(wordWrap=True)
        note = QLabel(
            tr(
                "Checks names, mandatory parts, stray files, digests, schema, codes, geometry and figures. The "
                "findings replace those of the last check in the panel. The package is not changed. Profile and "
                "standard are those of this project."
            ),
            wordWrap=True,
        )
        form = make_form((tr("Package"), self.package), (tr("Specification"), self.forms))
        buttons = add_help_button(make_ok_cancel_buttons(self), "inspect")
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Inspect"))
        layout = fill_layout(QVBoxLayout(self), form, self.missing_note, note, buttons)
        self._validate_path()
        # The size hint ignores that wrapped text needs fewer lines in a wide dialog.
        width = self.fontMetrics().horizontalAdvance("0") * 76
        self.resize(width, layout.heightForWidth(width))

    def _validate_path(self) -> None:
        path = self.package.text()
        exists = bool(path) and Path(path).exists()
        self._ok.setEnabled(exists)
        self.missing_note.setText(tr("The file or folder does not exist.") if path and not exists else "")
        self.missing_note.setVisible(bool(self.missing_note.text()))

    def accept(self) -> None:
        remember_package(self.package.text())
        super().accept()
