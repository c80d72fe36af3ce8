# SPDX-License-Identifier: GPL-2.0-or-later
"""Storage of the last check result in the project's folder, and its restoration.

The result is written after a check and when the project is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge.checking import findings_layer, saved_result
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import convert_to_qgis_crs, get_file_path
from ...bridge.layers.snapshots import take_snapshot
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.errors import Cancellation, SanxianError
from ...core.checks.saved_result import (
    ChangesSinceCheck,
    SavedFile,
    SavedResult,
    compute_file_digest,
    make_saved_result_path,
    read_modification_stamp,
    read_saved_result,
    write_saved_result,
)
from ..findings import panel_pages
from ..findings.result import CheckView
from ..project.watch import ProjectWatcher
from ..widgets import messages

#: Not dataChanged: QGIS emits it at every refresh of the map.
_CHANGE_SIGNALS = ("layerModified", "subsetStringChanged", "dataSourceChanged")


class SavedResults(QObject):
    """Saves the last result next to the project file and restores it.

    Signals: ``restored(result, rows)``: the stored result of the opened project was read; ``ended``: the opened project
    has no usable stored result; ``changed``: data have changed since the check of the restored result;
    ``failed(message)``: reading or writing failed.
    """

    restored = pyqtSignal(object, list)
    ended = pyqtSignal()
    changed = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, runner: JobRunner, watch: ProjectWatcher, parent: QObject):
        super().__init__(parent)
        self._runner, self._watch = runner, watch
        #: Creates the stored form of the displayed result; None if that result is not of the project.
        self._make: Callable[[Cancellation], SavedResult] | None = None
        self._writing_job: BackgroundJob | None = None
        self._reading_job: BackgroundJob | None = None
        #: Project file whose result file is up to date.
        self._written = ""
        self._again = False
        self._result: CheckView | None = None
        #: Settings of the displayed result (`_list_settings`). Of a restored result also: layer id → (name, role) of
        #: checked layers; ids of all layers at the check.
        self._roles: dict[str, tuple[str, str]] = {}
        self._known_layer_ids: set[str] = set()
        self._settings: Any = None
        self._followed: list[tuple[QgsVectorLayer, Callable[[], None]]] = []
        QgsProject.instance().projectSaved.connect(self.write_result)
        watch.project_touched.connect(self._mark_layer_changes)

    def stop(self) -> None:
        QgsProject.instance().projectSaved.disconnect(self.write_result)
        self._watch.project_touched.disconnect(self._mark_layer_changes)
        self.drop_result()

    def drop_result(self) -> None:
        """Forget the result of the former project; a task that is writing it continues."""
        for layer, slot in self._followed:
            if not sip.isdeleted(layer):
                for signal in _CHANGE_SIGNALS:
                    getattr(layer, signal).disconnect(slot)
        self._followed.clear()
        self._make, self._result, self._written, self._again = None, None, "", False
        if self._reading_job is not None:
            self._reading_job.cancel_and_disconnect()
            self._reading_job = None

    @property
    def is_reading(self) -> bool:
        """Return True while a stored result is being read."""
        return self._reading_job is not None

    # --- writing
    def save_result(
        self, result: CheckView, state: saved_result.ProjectState, layer_id_by_name: dict[str, str]
    ) -> None:
        """Save the result of a finished check.

        ``layer_id_by_name``: name of each layer in the check → layer id.
        """
        self.drop_result()
        self._result, self._settings = result, _list_settings(state)
        check_result, finished = result.check_result, result.finished_at
        content_cache: list[SavedResult] = []

        def make_content(cancellation: Cancellation) -> SavedResult:
            if not content_cache:
                content_cache.append(
                    saved_result.make_saved_result(check_result, state, layer_id_by_name, finished, cancellation)
                )
            return content_cache[0]

        self._make = make_content
        self.write_result()

    def save_with_waivers(self, path: Path | None) -> None:
        """Save the result again after the user registered waivers in the panel."""
        make = self._make
        if make is None:
            return
        text = str(path or "")
        file = SavedFile(read_modification_stamp(text), compute_file_digest(text))

        def return_content(cancellation: Cancellation) -> SavedResult:
            saved_content = make(cancellation)
            saved_content.side_files["waivers"] = file
            return saved_content

        self._make, self._written = return_content, ""
        self.write_result()

    def write_result(self) -> None:
        """Write the result next to the project file, unless it is already written.

        Without a project file nothing is written.
        """
        target = QgsProject.instance().absoluteFilePath()
        if self._make is None or not target or target == self._written:
            return
        if self._writing_job is not None:
            self._again = True
            return
        self._again, self._written, make = False, target, self._make

        def report_failure(error: Exception) -> None:
            self._written = ""
            self._on_writing_ended()
            text = tr(
                "The check result was not saved in the project folder ({error}). Details are in the log, tab Sanxian."
            )
            text = messages.explain_and_log(error, text)
            if isinstance(error, SanxianError):
                text = tr("The check result was not saved in the project folder: {why}").format(why=text)
            self.failed.emit(text)

        self._writing_job = self._runner.start(
            BackgroundJob(
                tr("Saving the check result"),
                lambda _progress, cancellation: write_saved_result(make_saved_result_path(target), make(cancellation)),
                on_done=lambda _nothing: self._on_writing_ended(),
                on_error=report_failure,
                on_cancelled=self._on_writing_ended,
                is_hidden=True,
            )
        )

    def _on_writing_ended(self) -> None:
        self._writing_job = None
        if self._again:
            self.write_result()

    # --- reading
    def read_result(self) -> None:
        """Read the stored result of the opened project, if there is one."""
        self.drop_result()
        project = QgsProject.instance()
        file = project.absoluteFilePath()
        path = make_saved_result_path(file) if file else None
        if path is None or not path.is_file() or not panel_pages.has_recent_geopandas():
            return
        state, number = saved_result.ProjectState.read_from_project(project), self._watch.number
        layers, outlines = role_recognition.list_plan_layers(project), role_recognition.read_layer_schemas(project)
        # Features are read later, and only if the file of their layer has changed.
        shots = [take_snapshot(layer) for layer in layers]
        inputs = list(dict.fromkeys(map(get_file_path, layers)))

        def read_in_background(_progress: Any, cancellation: Cancellation) -> Any:
            saved_content = read_saved_result(path)
            cancellation.raise_if_cancelled()
            changes = saved_result.find_changes_since_check(saved_content, state, shots, outlines, cancellation)
            if changes is None:
                return None
            check_result = saved_result.restore_result(saved_content, state, inputs)
            return (
                saved_content,
                changes,
                check_result,
                findings_layer.make_finding_features(check_result.report.findings),
            )

        def end_without_result() -> None:
            self._reading_job = None
            self.ended.emit()

        def show_saved_result(reading_outcome: Any) -> None:
            if reading_outcome is None or number != self._watch.number:
                end_without_result()
            else:
                self._reading_job = None
                self._settings = _list_settings(state)
                self._restore_result(file, *reading_outcome)

        def report_failure(error: Exception) -> None:
            text = tr("The saved check result was not read ({error}). Details are in the log, tab Sanxian.")
            self.failed.emit(messages.explain_and_log(error, text))
            end_without_result()

        self._reading_job = self._runner.start(
            BackgroundJob(
                tr("Reading the saved check result"),
                read_in_background,
                on_done=show_saved_result,
                on_error=report_failure,
                on_cancelled=end_without_result,
            )
        )

    def _restore_result(
        self, file: str, saved_content: SavedResult, changes: ChangesSinceCheck, check_result: Any, rows: list[Any]
    ) -> None:
        from ...core.standard.messages.texts import Texts

        crs = convert_to_qgis_crs(check_result.plan.crs)
        result = CheckView(
            check_result, saved_content.finished_at, crs, Texts(check_result.report.lang), is_restored=True
        )
        result.set_changes(changes)
        self._result, self._make, self._written = result, lambda _cancellation: saved_content, file
        self._roles = {layer.id: (layer.name, layer.role) for layer in saved_content.layers if layer.role}
        self._known_layer_ids = {layer.id for layer in saved_content.layers}
        project = QgsProject.instance()
        for layer_id, (name, role) in self._roles.items():
            layer = project.mapLayer(layer_id)
            if isinstance(layer, QgsVectorLayer):
                slot = partial(self._mark_layer_changed, name, role)
                for signal in _CHANGE_SIGNALS:
                    getattr(layer, signal).connect(slot)
                self._followed.append((layer, slot))
        self.restored.emit(result, rows)

    # --- changes since

    def _mark_layer_changes(self) -> None:
        """Mark removed layers and new plan layers as changes since the check."""
        if self._result is None or not self._result.is_restored or self._watch.is_closing:
            return
        project = QgsProject.instance()
        for layer_id, (name, role) in self._roles.items():
            if project.mapLayer(layer_id) is None:
                self._mark_layer_changed(name, role)
        options = county.make_check_options(project)
        for layer in role_recognition.list_plan_layers(project):
            role = "" if layer.id() in self._known_layer_ids else role_recognition.recognise_role(layer, options)
            if role:
                self._mark_layer_changed(layer.name(), role)

    def mark_settings_changes(self) -> None:
        """Mark the settings as changed if profile, roles or other files differ from the check."""
        if self._result is None:
            return
        if _list_settings(saved_result.ProjectState.read_from_project(QgsProject.instance())) != self._settings:
            self._set_changes(replace(self._result.changes_since_check, have_settings_changed=True))

    def _mark_layer_changed(self, name: str, role: str) -> None:
        if self._result is not None:
            self._set_changes(self._result.changes_since_check.add_changed_layer(name, role))

    def _set_changes(self, changes: ChangesSinceCheck) -> None:
        """Record the changes since the check in the restored result; emit ``changed`` if they are new."""
        if changes != self._result.changes_since_check:
            self._result.set_changes(changes)
            self.changed.emit()


def _list_settings(state: saved_result.ProjectState) -> Any:
    """Return the settings of a check, with the stamps of its files; waivers of the panel are applied at once."""
    stamps = {name: file for name, file in state.side_file_stamps.items() if name != "waivers"}
    return state.check_settings, stamps, state.side_file_stamps.get("waivers", ("",))[0]
