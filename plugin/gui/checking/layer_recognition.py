# SPDX-License-Identifier: GPL-2.0-or-later
"""The panel's text for an unchecked project, from names and fields of its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...bridge.layers import role_recognition
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobRunner, log_error
from ...bridge.texts import tr
from ..findings import panel_pages
from ..findings.dock import FindingsDock
from ..widgets.lists import EmptyPage

#: While a project opens, layers are added one by one: wait until no more are added.
_SETTLE_MS = 300


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
        self._dock, self._runner, self._handlers, self._busy = dock, runner, handlers, is_check_running
        self._reading, self._offers = is_reading_result, requires_layers
        self._request = 0
        self._settle_timer = QTimer(self, singleShot=True, interval=_SETTLE_MS, timeout=self.update_panel)

    def schedule_update(self, *_signal) -> None:
        """Update the panel when no further signal of a change follows for a moment."""
        self._settle_timer.start()

    def stop(self) -> None:
        self._settle_timer.stop()

    def make_no_layer_page(self) -> str:
        """Return the panel's text for a project without plan layers."""
        return panel_pages.make_no_layer_page(self._handlers["new"], self._handlers["sample"]).text

    def update_panel(self) -> None:
        """Show the page for an unchecked project, and start recognising its layers in the background."""
        project, dock, handlers = QgsProject.instance(), self._dock, self._handlers
        options = county.make_check_options(project)
        dock.set_county(panel_pages.get_county_label(options))
        offers = self._offers(project)
        if self._busy() or ((dock.result is not None or dock.isHidden()) and not offers):
            return
        if self._reading():
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
