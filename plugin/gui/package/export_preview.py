# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a package export while its form is filled in, in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qgis.core import QgsProject

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
from ..findings.result import CheckView
from ..widgets import messages


@dataclass(frozen=True)
class ExportEnvironment:
    """Functions by which the export asks for the displayed result and the project.

    ``get_current_result(package_spec)``: returns the last result if it is of the current data and of the standard of
    the package specification; ``get_displayed_result``: returns the displayed result; ``get_project_number``: returns
    the number of the open project; ``show_findings_panel``: brings the panel to the front; ``inspect(path)``: opens the
    dialog 检查成果包 with a package; ``open_window(name)``: opens a dialog of the menu by the name of its action.
    """

    get_current_result: Callable[[Any], CheckView | None]
    get_displayed_result: Callable[[], CheckView | None]
    get_project_number: Callable[[], int]
    show_findings_panel: Callable[[], None]
    inspect: Callable[[str], None]
    open_window: Callable[[str], None]


class ExportPreview:
    """Computes previews of a package export and shows them in the dialog."""

    def __init__(self, runner: JobRunner, environment: ExportEnvironment):
        self._runner, self._environment = runner, environment
        #: The reasons against packages of one check, by specification and choice of personal data.
        self._checked: Any = None
        self._objections: dict[tuple[str, bool], ExportObjections] = {}
        self._request = 0
        self._spec_path: Path | None = None

    def discard_cache(self) -> None:
        """Discard the reasons and files cached for the former project."""
        self._checked, self._objections = None, {}

    def update_preview(self, dialog: Any, is_wanted: Callable[[], bool]) -> None:
        """Compute the preview and show it in the dialog while ``is_wanted`` returns True.

        Only the result of the last request is shown. The state of the check does not depend on the target folder and is
        shown at once.
        """
        self._request += 1
        package_spec = dialog.load_spec()
        if package_spec is None:
            return
        request, project = self._request, QgsProject.instance()
        result = self._environment.get_current_result(package_spec)
        if package_spec.path != self._spec_path:
            # The reasons are of a package of another kind.
            self._spec_path = package_spec.path
            dialog.show_objections(NO_OBJECTIONS)
        dialog.form.gate.show_check(result, self._environment.get_displayed_result() is not None)
        order = dialog.make_order()
        if order is None:
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

        self._runner.start(
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

        self._runner.start(
            BackgroundJob(
                tr("Inspecting the layers for the package"),
                lambda _progress, cancellation: find_objections(check_result, order, cancellation),
                on_done=show_objections,
                on_error=log_error,
            )
        )
