# SPDX-License-Identifier: GPL-2.0-or-later
"""Background checks (全面检查) of the layers of the project, one at a time, and recognition of these layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...bridge import health
from ...bridge.checking import findings_layer
from ...bridge.checking.check import MemoryOfProject, check_project_or_folder
from ...bridge.layers import role_recognition
from ...bridge.layers.snapshots import take_snapshot
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobFunction, JobRunner, log_error
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..findings import panel_pages
from ..findings.dock import FindingsDock
from ..findings.result import CheckView
from ..findings.result_owner import InputFingerprint
from ..widgets import EmptyPage, messages

#: The code of a rule at the beginning of a text of the progress.
_RULE_CODE_PATTERN = re.compile(r"^([A-Z]{3}\d{3}|X[\w-]+-\d{3}) ")
#: While a project opens, layers are added one by one: wait until no more are added.
_SETTLE_MS = 300


@dataclass(frozen=True)
class CheckInputs:
    """Inputs of a check of the open project.

    ``fingerprint``: by which changes of the inputs are detected; ``layer_id_by_name``: name of each layer in the check
    → layer id.
    """

    fingerprint: InputFingerprint
    layer_id_by_name: dict[str, str]


class CheckRunner(QObject):
    """Runs checks in the background and shows their progress in the findings panel.

    Signals: ``check_began``; ``done(result, rows, inputs)``: a check of the project has ended, with `CheckView`,
    features of the findings layer, and `CheckInputs`; ``check_failed(title, why)``: a check failed; ``check_stopped``:
    a check failed or was cancelled, and the former result remains.
    """

    check_began = pyqtSignal()
    done = pyqtSignal(object, list, object)
    check_stopped = pyqtSignal()
    check_failed = pyqtSignal(str, str)

    def __init__(
        self,
        dock: FindingsDock,
        editing: LiveCheckSwitch,
        runner: JobRunner,
        open_doctor: Callable[[], None],
        choose_group: Callable[[], bool],
        parent: QObject,
    ):
        """Store the panel and the functions that a check calls.

        ``editing``: switch of the live check, which continues from the result; ``open_doctor``: opens the environment
        check; ``choose_group``: asks which of several conflicting layer groups to check, returns False if the user
        cancels.
        """
        super().__init__(parent)
        self._choose_group = choose_group
        self._dock, self._editing, self._runner, self._open_doctor = dock, editing, runner, open_doctor
        self.check_job: BackgroundJob | None = None
        #: True if the running check is of the project's layers.
        self._is_check_of_project = False
        self._memory = MemoryOfProject()

    @property
    def is_running(self) -> bool:
        return self.check_job is not None

    def start_check(self, standard: str = "") -> bool:
        """Start a check of the project's layers; return False if none was started.

        ``standard``: used if neither project nor profile names one. No check starts while another is running,
        without layers of a plan, or if the user did not choose between several layer groups.
        """
        project = QgsProject.instance()
        if self.is_running or not role_recognition.list_plan_layers(project) or not self._choose_group():
            return False
        layers = role_recognition.list_plan_layers(project)
        shots = [take_snapshot(layer) for layer in layers]
        fingerprint = InputFingerprint.make_project_fingerprint(project)
        options = fingerprint.state.options
        if standard and not (options.standard or options.profile):
            options = replace(options, standard=standard)
        memory = self._memory
        source = project.title() or project.baseName() or tr("Layers of the project")

        def read_and_check(progress, cancellation):
            check_result = check_project_or_folder(
                shots, options, source=source, progress=progress, cancellation=cancellation, memory=memory
            )
            return check_result, findings_layer.make_finding_features(check_result.report.findings)

        def finish_check(result_and_rows):
            layer_id_by_name = {shot.name: shot.layer_id for shot in shots}
            self._editing.begin_from_result(result_and_rows[0], options, layer_id_by_name)
            self._end_check()
            self.done.emit(
                CheckView.from_check_result(result_and_rows[0]),
                result_and_rows[1],
                CheckInputs(fingerprint, layer_id_by_name),
            )

        self._editing.prepare_observation(layers)
        self._is_check_of_project = True
        self._start_job(tr("Check All"), read_and_check, finish_check, panel_pages.count_rules(options))
        return True

    def start_package_check(
        self, title: str, work: JobFunction, on_done: Callable[[Any], None], rule_count: int
    ) -> bool:
        """Start the check of a package and show its progress in the panel.

        ``work``: function that checks the package; ``on_done``: called with its result; ``rule_count``: number of rules
        for the progress. Return False if a check is running already.
        """
        if self.is_running:
            return False

        def finish_check(job_result):
            self._end_check()
            on_done(job_result)

        self._is_check_of_project = False
        self._start_job(title, work, finish_check, rule_count)
        return True

    def _start_job(
        self, title: str, job_function: JobFunction, on_done: Callable[[Any], None], rule_count: int
    ) -> None:
        self.check_job = BackgroundJob(
            title,
            job_function,
            on_done=on_done,
            on_error=lambda error: self._on_failed(title, error),
            on_cancelled=self._on_cancelled,
        )
        self.check_job.step.connect(self._on_progress)
        self._dock.show_check_started(rule_count, is_of_package=not self._is_check_of_project)
        self.check_began.emit()
        self._runner.start(self.check_job)

    def cancel(self) -> None:
        """Cancel the running check, if any."""
        if self.check_job is not None:
            self.check_job.cancel()

    def project_changed(self) -> None:
        """Cancel a check of the former project's layers, and forget its results; a package's check continues."""
        self._memory = MemoryOfProject()
        if self._is_check_of_project:
            self.cancel()

    def _on_progress(self, share: float, text: str) -> None:
        if self.is_running:
            code = _RULE_CODE_PATTERN.match(text)
            self._dock.run_bar.show_progress(share, code[1] if code else "")

    def _end_check(self, note: str = "") -> None:
        self.check_job = None
        self._dock.hide_progress(note)

    def _on_cancelled(self) -> None:
        previous_result = self._dock.result
        note = (
            tr("Cancelled, still showing the result of {time}").format(time=previous_result.time_text)
            if previous_result
            else tr("Cancelled")
        )
        self._editing.drop_preparation()
        self._end_check(note)
        self.check_stopped.emit()

    def _on_failed(self, title: str, error: Exception) -> None:
        if isinstance(error, health.MissingLibraries | ImportError):
            page = panel_pages.make_libraries_missing_page(self._open_doctor)
            self._dock.set_empty_page(page)
            # Without a result, the panel shows the message in the middle, with a button.
            why = page.text
            note = page.text if self._dock.result is not None else ""
        else:
            text = tr(
                "The check stopped with an error ({error}). The previous result is kept. Details are in the "
                "log, tab Sanxian."
            )
            why = note = messages.explain_and_log(error, text)
        self._editing.drop_preparation()
        self._end_check(note)
        self.check_failed.emit(title, why)
        self.check_stopped.emit()


class LayerRecognition(QObject):
    """Recognises the plan layers of an unchecked project and updates the panel.

    Recognition runs in the background. Signal ``recognised(recognised_layers)``: plan layers were recognised.
    ``handlers``: action name (new, sample, check, roles, doctor) → function of the panel's button;
    ``is_check_running``: returns True while a check is running; ``is_reading_result``: returns True while the project's
    stored result is being read; ``requires_layers``: returns True if the caller needs the recognised layers of a
    project even if the panel shows a result.
    """

    recognised = pyqtSignal(object)

    def __init__(
        self,
        dock: FindingsDock,
        runner: JobRunner,
        handlers: Mapping[str, Callable[[], None]],
        is_check_running: Callable[[], bool],
        is_reading_result: Callable[[], bool],
        requires_layers: Callable[[QgsProject], bool],
        parent: QObject,
    ):
        super().__init__(parent)
        self._dock, self._runner, self._handlers = dock, runner, handlers
        self._is_check_running, self._is_reading_result = is_check_running, is_reading_result
        self._requires_layers = requires_layers
        self._request = 0
        self._settle_timer = QTimer(self, singleShot=True, interval=_SETTLE_MS, timeout=self.update_panel)

    def schedule_update(self, *_signal) -> None:
        """Update the panel when no further signal of a change follows for a moment."""
        self._settle_timer.start()

    def stop(self) -> None:
        self._settle_timer.stop()

    def update_panel(self) -> None:
        """Show the page for an unchecked project, and start recognising its layers in the background."""
        project, dock, handlers = QgsProject.instance(), self._dock, self._handlers
        options = county.make_check_options(project)
        dock.county.setText(panel_pages.get_county_label(options) or tr("Profile…"))
        requires_layers = self._requires_layers(project)
        if self._is_check_running() or ((dock.result is not None or dock.isHidden()) and not requires_layers):
            return
        if self._is_reading_result():
            dock.set_empty_page(EmptyPage(tr("Reading the saved check result and comparing the layers with it…")))
            return
        if not panel_pages.has_recent_geopandas():
            dock.set_empty_page(panel_pages.make_libraries_missing_page(handlers["doctor"]))
            return
        outlines = role_recognition.read_layer_schemas(project)
        self._request += 1
        if not outlines:
            dock.set_empty_page(panel_pages.make_no_layer_page(handlers["new"], handlers["sample"]))
            return
        dock.set_empty_page(panel_pages.make_never_checked_page(handlers["check"]))
        request = self._request
        self._runner.start(
            BackgroundJob(
                tr("Recognising layers"),
                lambda progress, cancellation: role_recognition.recognise_layers(outlines, options),
                on_done=lambda recognised_layers: self._on_recognised(recognised_layers, request),
                on_error=log_error,
            )
        )

    def _on_recognised(self, recognised_layers: role_recognition.RecognisedLayers, request: int) -> None:
        # Layers or project have changed; a newer answer is on its way.
        if request != self._request:
            return
        handlers = self._handlers
        if not recognised_layers.layer_id_by_role:
            self._dock.set_empty_page(panel_pages.make_no_layer_page(handlers["new"], handlers["sample"]))
        elif recognised_layers.missing_concepts:
            self._dock.set_empty_page(
                panel_pages.make_missing_layers_page(recognised_layers, handlers["roles"], handlers["check"])
            )
        else:
            self._dock.set_empty_page(panel_pages.make_never_checked_page(handlers["check"]))
        if recognised_layers.layer_id_by_role:
            self.recognised.emit(recognised_layers)
