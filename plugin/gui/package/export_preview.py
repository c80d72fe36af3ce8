# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a package export while its form is filled in, and the box of what prevents it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QGroupBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from ...bridge import settings
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import get_file_path
from ...bridge.layouts.map_layers import collect_from_recognition
from ...bridge.package.preview import (
    NO_OBJECTIONS,
    ExportObjections,
    explain_missing_maps,
    find_county_placeholders,
    find_objections,
    preview_package,
)
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobRunner, log_error
from ...bridge.texts import tr
from ...core.base.errors import InputError
from ...core.standard.messages.texts import Texts
from ..findings.result import CheckView
from ..widgets import IconLabel, LowestList, WrappedLabel, fill_layout, make_row, messages, theme

_MAX_VISIBLE_REASONS = 8
#: Space around the rows, in pixels of the theme; they have two or three lines each.
_ROW_SPACING = 3
#: Data role of a row: its problem, if a click leads to a place.
PROBLEM_DATA_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class ExportEnvironment:
    """Functions by which the export asks for the displayed result and the project.

    ``get_current_result(package_spec)``: returns the last result if it is of the current data and of the standard of
    the package specification; ``get_displayed_result``: returns the displayed result; ``get_project_number``: returns
    the number of the open project; ``show_findings_panel``: brings the panel to the front; ``inspect(path)``: opens the
    dialog 检查成果包 with a package; ``open_window(name)``: opens a dialog of the menu by the name of its action;
    ``open_profile(page)``: opens the dialog 县配置 on a page.
    """

    get_current_result: Callable[[Any], CheckView | None]
    get_displayed_result: Callable[[], CheckView | None]
    get_project_number: Callable[[], int]
    show_findings_panel: Callable[[], None]
    inspect: Callable[[str], None]
    open_window: Callable[[str], None]
    open_profile: Callable[[str], None]


@dataclass
class ExportPreview:
    """Computes previews of a package export and shows them in the dialog."""

    runner: JobRunner
    environment: ExportEnvironment
    #: The reasons against packages of one check, by specification and choice of personal data.
    _checked: Any = None
    _objections: dict[tuple[str, bool], ExportObjections] = field(default_factory=dict)
    _request: int = 0
    _spec_path: Path | None = None

    def discard_cache(self) -> None:
        """Discard the reasons and files cached for the former project."""
        self._checked, self._objections = None, {}

    def update_preview(self, dialog: Any, is_wanted: Callable[[], bool]) -> None:
        """Compute the preview and show it in the dialog while ``is_wanted`` returns True.

        Only the result of the last request is shown. The state of the check does not depend on the target folder and is
        shown at once.
        """
        self._request += 1
        if (package_spec := dialog.load_spec()) is None:
            return
        request, project = self._request, QgsProject.instance()
        result = self.environment.get_current_result(package_spec)
        if package_spec.path != self._spec_path:
            # The reasons are of a package of another kind.
            self._spec_path = package_spec.path
            dialog.show_objections(NO_OBJECTIONS)
        dialog.form.gate.show_check(result, self.environment.get_displayed_result() is not None)
        if (order := dialog.make_order()) is None:
            dialog.show_missing_folder()
            return
        check_result = result.check_result if result is not None else None
        options = county.make_check_options(project)
        inputs = [get_file_path(layer) for layer in role_recognition.list_plan_layers(project)]
        outlines = role_recognition.read_layer_schemas(project) if check_result is None else []

        def compute_in_background(_progress, _cancellation):
            package_preview = preview_package(
                order, find_county_placeholders(package_spec, options, check_result), inputs
            )
            if check_result is None:
                return package_preview, (role_recognition.recognise_layers(outlines, options), options.resolve_norm())
            from ...core.package.map_slots import find_missing_input_of_plan

            missing_maps = explain_missing_maps(
                package_spec, lambda one: find_missing_input_of_plan(check_result.plan, one)
            )
            return replace(package_preview, missing_maps=missing_maps), None

        def show_preview(preview_and_recognition):
            package_preview, layers_and_norm = preview_and_recognition
            if request == self._request and is_wanted():
                if layers_and_norm is not None:
                    package_preview = replace(
                        package_preview, missing_maps=self._explain_maps_of_project(package_spec, *layers_and_norm)
                    )
                dialog.show_preview(package_preview)

        def report_failure(error):
            text = tr("The folders could not be inspected ({error}). Details are in the log, tab Sanxian.")
            message = messages.explain_and_log(error, text)
            if request == self._request and is_wanted():
                dialog.show_error(message)

        self.runner.start(
            BackgroundJob(
                tr("Inspecting the folders"),
                compute_in_background,
                on_done=show_preview,
                on_error=report_failure,
                is_hidden=True,
            )
        )
        self._show_objections_of_plan(dialog, order, check_result, is_wanted)

    @staticmethod
    def _explain_maps_of_project(package_spec: Any, recognised_layers: Any, norm: Any) -> dict[str, str]:
        """Return id of a slot → reason why its map cannot be drawn from the project's layers.

        Used while the layers are not checked yet.
        """
        project = QgsProject.instance()
        try:
            material = collect_from_recognition(
                project, role_recognition.list_plan_layers(project), recognised_layers, norm
            )
        except InputError:
            # The check that precedes the export reports layers without a role or with the same role.
            return {}
        return explain_missing_maps(package_spec, material.find_missing_input)

    def _show_objections_of_plan(
        self, dialog: Any, order: Any, check_result: Any, is_wanted: Callable[[], bool]
    ) -> None:
        """Show the reasons against a package of the checked plan.

        The reasons are computed once per requested package. The dialog shows the reasons of the last check until the
        next one.
        """
        if check_result is not self._checked:
            self._checked, self._objections = check_result, {}
        if check_result is None:
            return
        key = (str(order.package_spec.path), order.keeps_personal_fields)
        if key in self._objections:
            dialog.show_objections(self._objections[key])
            return

        def show_objections(objections):
            if check_result is self._checked:
                self._objections[key] = objections
                if is_wanted():
                    dialog.show_objections(objections)

        self.runner.start(
            BackgroundJob(
                tr("Inspecting the layers for the package"),
                lambda _progress, cancellation: find_objections(check_result, order, cancellation),
                on_done=show_objections,
                on_error=log_error,
            )
        )


class GateBox(QGroupBox):
    """Box with the state of the last check and the reasons against an export.

    The reasons of a check remain after the data were changed, until the next check: the user corrects them one by one.
    Signals: ``findingsRequested``: show the findings of the check; ``checkRequested``: check the plan again;
    ``changed``: the user ticked or unticked 强制生成; ``placeRequested`` with a problem: show where to correct it.
    """

    findingsRequested = pyqtSignal()
    checkRequested = pyqtSignal()
    placeRequested = pyqtSignal(object)
    changed = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(tr("Pre-submission check"), parent)
        self._icon = IconLabel(16)
        # Two lines, so that the verdict in English is shown whole and a longer message moves nothing below.
        self.verdict = WrappedLabel(reserved_lines=2, objectName="SanxianPackageVerdict")
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.button = QPushButton(
            tr("Show Findings"), objectName="SanxianPackageFindings", clicked=self.findingsRequested
        )
        self.check_button = QPushButton(tr("Re-check"), objectName="SanxianPackageCheck", clicked=self.checkRequested)
        row = make_row(self._icon, (self.verdict, 1), self.check_button, self.button)
        self.reasons = ReasonsList()
        self.reasons.placeRequested.connect(self.placeRequested)
        self.force = QCheckBox(
            tr("Force: make the package even if the plan does not pass or parts are missing"),
            objectName="SanxianPackageForce",
        )
        self.force_note = theme.set_faint(QLabel(tr("For internal use; must not be submitted"), wordWrap=True))
        force_row = make_row(self.force, (self.force_note, 1))
        self.meaning = WrappedLabel(
            tr(
                "Manifest, metadata and page of a forced package state that it was forced, with all reasons, so "
                "recipients can see this. Values that cannot be written without loss still stop the export."
            )
        )
        # Ticking the option must not move it.
        policy = self.meaning.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.meaning.setSizePolicy(policy)
        self.meaning.hide()
        self.force.toggled.connect(self.meaning.setVisible)
        self.force.toggled.connect(self.changed)
        fill_layout(QVBoxLayout(self), row, (self.reasons, 1), force_row, self.meaning)
        self.show_check(None, False)

    def show_check(self, result: CheckView | None, has_outdated_result: bool) -> None:
        """Show the state of the last check.

        ``result``: its result if it is of the current data, else None; ``has_outdated_result``: there is a result of an
        earlier state of the data.
        """
        self.button.setVisible(result is not None and bool(result.findings))
        self.check_button.setText(tr("Re-check") if has_outdated_result else tr("Check All"))
        if result is None:
            text = tr(
                "The data changed since the last check, or their state is unknown, so the export runs the check first."
            )
            if not has_outdated_result:
                text = tr("Not checked yet: the export checks first.")
                self.show_objections(NO_OBJECTIONS)
            elif self.reasons.count():
                text = tr("Data or settings changed; the reasons below are of the last check. Re-check to update them.")
            self._show_message("info", text)
            return
        summary, scope = result.report.summary, result.report.provenance.get("scope", "")
        text = tr(
            "{verdict}: {errors} errors, {warnings} warnings, {skipped} rules incomplete. Scope: {scope}. Checked at "
            "{time}, unchanged since."
        ).format(
            verdict=theme.get_verdict_word(summary["verdict"]),
            errors=summary["errors"],
            warnings=summary["warnings"],
            skipped=summary["skipped"] + summary["crashed"],
            scope=Texts(settings.get_interface_language()).find("scopes", scope) or scope,
            time=result.time_text,
        )
        if unsaved := sum(layer.get("unsaved", 0) for layer in result.report.provenance.get("layers", ())):
            note = tr("{count} edits are not saved, so the data are not final; save them, then check again.")
            text = tr("{first} {second}").format(first=text, second=note.format(count=unsaved))
        self._show_message(theme.VERDICT_ICONS[summary["verdict"]], text)

    def show_checking(self, is_checking: bool) -> None:
        """Show whether a check is running; the reasons of the former one remain."""
        self.check_button.setEnabled(not is_checking)
        if is_checking:
            self._show_message("info", tr("The plan is being checked; the reasons are updated afterwards."))

    def show_objections(self, objections: ExportObjections) -> None:
        """Show the reasons against the export in the list."""
        show_reasons(self.reasons, objections)
        # Without reasons the list of parts has the room.
        policy = QSizePolicy.Policy.Preferred if self.reasons.count() else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, policy)

    def _show_message(self, icon: str, text: str) -> None:
        self._icon.show_icon(icon)
        self.verdict.setText(text)


class ReasonsList(LowestList, QListWidget):
    """A list of reasons.

    With the size policy Ignored, a layout with wrapped labels reserves no height for the list, and the widgets below
    overlap it. A click on a row, or Enter, requests the place where its
    problem is corrected (``placeRequested``).
    """

    placeRequested = pyqtSignal(object)

    def __init__(self):
        super().__init__(
            objectName="SanxianPackageReasons",
            accessibleName=tr("Deficiencies of the package"),
            wordWrap=True,
            textElideMode=Qt.TextElideMode.ElideNone,
            alternatingRowColors=True,
            spacing=_ROW_SPACING,
            # Rows are of several lines: by rows, the list would jump over most of one.
            verticalScrollMode=QListWidget.ScrollMode.ScrollPerPixel,
            visible=False,
        )
        size = QgsApplication.scaleIconSize(16)
        self.setIconSize(QSize(size, size))
        self.setMinimumHeight(self.fontMetrics().lineSpacing() * _MAX_VISIBLE_REASONS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.itemClicked.connect(self._request_place)

    def _request_place(self, item: QListWidgetItem) -> None:
        if item.data(PROBLEM_DATA_ROLE) is not None:
            self.placeRequested.emit(item.data(PROBLEM_DATA_ROLE))

    def keyPressEvent(self, event):
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self._request_place(self.currentItem())
        else:
            super().keyPressEvent(event)


def describe_problem_place(problem: Any) -> str:
    """Return as text what a click on the row of a problem opens; empty if it opens nothing."""
    text_by_place = {
        "features": tr("Select these features in layer “{layer}”"),
        "layer": tr("Go to layer “{layer}”"),
        "check": tr("Show the findings"),
        "rules": tr("Open County Profile…"),
        "feature_codes": tr("Open “Feature codes” in County Profile…"),
        "roles": tr("Open Layer Roles…"),
        "documents": tr("Go to “Documents from” and open its folder"),
        "document_info": tr("Open Document Information…"),
        "specification": tr("Go to “Specification”"),
        "personal_data": tr("Go to “Include personal data”"),
        "libraries": tr("Open Environment Check…"),
    }
    return text_by_place.get(str(problem.place), "").format(layer=problem.layer)


def show_reasons(reasons: QListWidget, objections: ExportObjections) -> None:
    """Fill the list with the reasons against a package, and its notes.

    The second line of a row names the place to which a click leads.
    """
    reasons.clear()
    for icon, texts in (
        ("error", objections.always_blocking_reasons),
        ("error", objections.reasons_unless_forced),
        ("info", objections.notes),
    ):
        for text in texts:
            problem = objections.problem_by_text.get(text)
            place = describe_problem_place(problem) if problem is not None else ""
            item = QListWidgetItem(theme.load_icon(icon), f"{text}\n→ {place}" if place else text)
            item.setToolTip(tr("{text}\nClick: {place}.").format(text=text, place=place) if place else text)
            if place:
                item.setData(PROBLEM_DATA_ROLE, problem)
            reasons.addItem(item)
    reasons.setVisible(reasons.count() > 0)
