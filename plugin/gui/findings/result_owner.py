# SPDX-License-Identifier: GPL-2.0-or-later
"""Origin of the displayed result, and whether its data are unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsProject

from ...bridge.checking.saved_result import ProjectState
from ...bridge.layers import role_recognition
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..project.watch import ProjectWatcher
from .dock import FindingsDock
from .result import CheckView

#: No project has this number: the displayed result is not of a project.
_NO_PROJECT = -1


@dataclass(frozen=True)
class InputFingerprint:
    """Inputs of a check, to detect changes.

    ``state``: as it is stored with the result; ``layers``: source, index of the undo stack and, for a layer without a
    file, a unique object. Equal fingerprints mean that the inputs have not changed. The fingerprint of a layer without
    a file never equals another one, because changes of its data are not detected.
    """

    state: ProjectState
    layers: tuple[Any, ...]

    @classmethod
    def make_project_fingerprint(cls, project: QgsProject) -> InputFingerprint:
        """Return the fingerprint of a project's check inputs.

        Features are not read. Main thread only.
        """
        state = ProjectState.read_from_project(project)
        layers = zip(role_recognition.list_plan_layers(project), state.layer_states, strict=True)
        return cls(
            state,
            tuple(
                (layer.source(), layer.undoStack().index(), layer_state.stamp or object())
                for layer, layer_state in layers
            ),
        )


class ResultOwner:
    """Knows which data the displayed result is of, and whether these data have changed; shows that in the panel.

    Callers must call the `record_…` methods when a check begins, ends or fails.
    """

    def __init__(self, dock: FindingsDock, watch: ProjectWatcher, editing: LiveCheckSwitch):
        self._dock, self._watch, self._editing = dock, watch, editing
        #: Numbers of the projects (`ProjectWatcher.number`) of the running check and of the displayed result.
        self._project_number_of_run = self._project_number_of_result = watch.number
        #: Fingerprint of the inputs of the displayed result.
        self._input_fingerprint: InputFingerprint | None = None
        #: Name of the package that the displayed result is of; empty for a project.
        self.package = ""
        #: Name of the package being inspected, empty for a check; True if that failed.
        self._package_requested, self._has_failed = "", False

    def record_check_start(self, package: str = "") -> None:
        """Record that a check of the open project began; if ``package`` is given, the inspection of that package."""
        self._project_number_of_run, self._package_requested, self._has_failed = self._watch.number, package, False
        self.update_panel()

    def record_check_failure(self) -> None:
        """Record that the check failed: the displayed result is the former one."""
        self._has_failed = True
        self.update_panel()

    def record_result(self, fingerprint: InputFingerprint | None = None, package: str = "") -> None:
        """Record what the displayed result is of: a check with these inputs, or the inspected package of this name.

        Without either, no result is shown.
        """
        self._project_number_of_result = _NO_PROJECT if fingerprint is None else self._project_number_of_run
        self._input_fingerprint, self.package = fingerprint, package
        self._package_requested, self._has_failed = "", False

    def record_restored_result(self) -> None:
        """Record that the displayed result was read from the file next to the project."""
        self._project_number_of_run = self._project_number_of_result = self._watch.number
        self._input_fingerprint, self.package = None, ""
        self._package_requested, self._has_failed = "", False

    def has_current_result(self) -> bool:
        """Return True if a result is displayed and is of the open project."""
        return self._dock.result is not None and self._project_number_of_result == self._watch.number

    def can_find_features(self) -> bool:
        """Return True if the features of the displayed result may be searched in the project.

        In another project the same key denotes another feature. Features of a package are in its opened layers.
        """
        return self.has_current_result() or bool(self.package)

    def get_displayed_result(self) -> CheckView | None:
        """Return the displayed result if it is of the open project, else None."""
        return self._dock.result if self.has_current_result() else None

    def get_result_for_export(self, package_spec: Any) -> CheckView | None:
        """Return the displayed result if a package may be created from it, else None.

        The result must be of the open project, whose data have not changed since, and of the standard that a check for
        ``package_spec`` would use.
        """
        result = self.get_displayed_result()
        if result is None or result.rechecked_features or self._editing.is_outdated or self._input_fingerprint is None:
            return None
        current_fingerprint = InputFingerprint.make_project_fingerprint(QgsProject.instance())
        standard_or_profile = current_fingerprint.state.options.standard or current_fingerprint.state.options.profile
        uses_same_standard = standard_or_profile or result.check_result.plan.norm.standard.id == package_spec.standard
        return result if uses_same_standard and current_fingerprint == self._input_fingerprint else None

    def update_panel(self) -> None:
        """Show in the panel whether the displayed result is outdated or of other data."""
        result = self._dock.result
        if result is None:
            self._dock.show_outdated_state("")
            return
        source, offers_recheck = self._describe_source(result)
        if self._has_failed:
            text = tr("The check did not run; the result below is the previous one.")
            if self._package_requested:
                text = tr("“{name}” was not inspected; the result below is the previous one.")
            source = (
                tr("{first} {second}").format(first=text.format(name=self._package_requested), second=source).strip()
            )
        self._dock.show_outdated_state(source, offers_check=offers_recheck, is_alarm=self._has_failed)

    def _describe_source(self, result: CheckView) -> tuple[str, bool]:
        """Return a message on the origin of the result, and True if the panel should offer a check.

        The message is empty if the result is of the open project and its data have not changed.
        """
        if self.package:
            text = tr("These findings are of the package “{name}”, inspected at {time}, not of the project.")
            return text.format(name=self.package, time=result.time_text), False
        if result.is_restored:
            changes = result.changes_since_check
            if changes.have_settings_changed:
                text = tr(
                    "Result of {time}. The county profile, the waivers, other files of the check or the plugin changed "
                    "since then; all rows may be out of date."
                )
            elif changes.changed_layer_names:
                text = tr("Result of {time}. Changed since: {layers}. The grey rows may be out of date.")
            else:
                text = tr("Result of {time}. Layers and settings have not changed since.")
            return text.format(time=result.time_text, layers=tr(", ").join(changes.changed_layer_names)), bool(changes)
        if result.changes_since_check.have_settings_changed:
            text = tr("The county profile or another file of the check changed after {time}; check again.")
            return text.format(time=result.time_text), True
        if self._editing.is_outdated:
            text = tr(
                "The layers changed since {time} in ways that checks while editing do not cover; the result is "
                "out of date."
            )
            return text.format(time=result.time_text), True
        return "", False
