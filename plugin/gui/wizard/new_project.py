# SPDX-License-Identifier: GPL-2.0-or-later
"""Wizard 新建县级规划项目: background work, and opening the created project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer

from ...bridge import health
from ...bridge.new_project import layer_extent
from ...bridge.new_project.assemble import (
    NewProjectRequest,
    apply_overlap_setting,
    build_project_in_steps,
    create_project_database,
)
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ..widgets import MessageBarMessages, bring_to_front, close_and_delete, explain_and_log, explain_error, push_message

#: Share of the progress for writing the database.
_DATABASE_SHARE_OF_PROGRESS = 0.5


class ProjectSetupController:
    """Runs the wizard for a new project, and keeps township bookmarks and overlap avoidance of open projects current.

    One wizard is open at a time; `close` closes it and stops the updates.
    """

    def __init__(self, iface: Any, runner: JobRunner):
        self._iface = iface
        self._runner = runner
        self.wizard: Any = None
        self._messages = MessageBarMessages(iface, tr("New County Plan"))
        self._layers: Any = None
        self._job: BackgroundJob | None = None
        self._steps: Iterator[tuple[float, str]] | None = None
        self._project: QgsProject | None = None
        self._project_request: NewProjectRequest | None = None
        self._follower = layer_extent.BookmarkUpdater()
        self._follower.start(QgsProject.instance())
        iface.mapCanvas().currentLayerChanged.connect(self._on_layer_chosen)

    def close(self) -> None:
        self._iface.mapCanvas().currentLayerChanged.disconnect(self._on_layer_chosen)
        self._follower.stop()
        self._steps = self._project = None
        if self._job is not None:
            self._job.cancel_and_disconnect()
            self._job = None
        self._close_create_layers_dialog()
        wizard, self.wizard = self.wizard, None
        if wizard is not None:
            wizard.set_busy(False)
            close_and_delete(wizard)

    # --- the wizard
    def open_wizard(self) -> None:
        """Open the wizard, or bring an open one to the front."""
        if self.wizard is not None:
            bring_to_front(self.wizard)
            return
        try:
            from .dialog import NewProjectWizard

            self.wizard = NewProjectWizard(QgsProject.instance(), self._iface.mainWindow())
        except (SanxianError, ImportError) as error:
            push_message(self._iface.messageBar(), "warning", tr("New County Plan"), explain_error(error))
            return
        self.wizard.wanted.connect(self._create_project)
        self.wizard.stopped.connect(self._cancel_creation)
        self.wizard.finished.connect(self._on_wizard_closed)
        self.wizard.show()

    def _on_wizard_closed(self, _result: int) -> None:
        if self.wizard is not None:
            self.wizard.deleteLater()
            self.wizard = None

    # --- the work
    def _create_project(self, request: NewProjectRequest) -> None:
        self._project_request = request
        self.wizard.set_busy(True)
        self._job = BackgroundJob(
            tr("New County Plan"),
            lambda progress, cancellation: create_project_database(request, progress, cancellation),
            on_done=self._build_project,
            on_error=self._on_failed,
            on_cancelled=lambda: self._report_end("info", tr("Cancelled. Nothing was written.")),
        )
        self._job.step.connect(self._on_progress)
        self._on_progress(0.0, "")
        self._runner.start(self._job)

    def _cancel_creation(self) -> None:
        if self._job is not None:
            self._job.cancel()
        elif self._steps is not None:
            self._report_end("info", tr("Cancelled. The project was not made."), has_database=True)

    def _on_progress(self, share: float, text: str) -> None:
        if self.wizard is not None:
            self.wizard.confirm.show_progress(_DATABASE_SHARE_OF_PROGRESS * share, text)

    def _build_project(self, norm: Any) -> None:
        self._job = None
        if self._project_request is not None:
            self._project = QgsProject()
            self._steps = build_project_in_steps(self._project, self._project_request, norm)
            self._add_next_layer()

    def _add_next_layer(self) -> None:
        """Add one layer to the new project, then return to the event loop; open the project after the last layer."""
        if self._steps is None:
            return
        try:
            share, text = next(self._steps)
        except StopIteration:
            self._open_created_project()
        except Exception as error:
            self._on_failed(error, has_database=True)
        else:
            self.wizard.confirm.show_progress(
                _DATABASE_SHARE_OF_PROGRESS + (1 - _DATABASE_SHARE_OF_PROGRESS) * share, text
            )
            QTimer.singleShot(0, self._add_next_layer)

    def _on_failed(self, error: Exception, has_database: bool = False) -> None:
        message = explain_and_log(error, tr("The project was not made ({error}). Details are in the log, tab Sanxian."))
        self._report_end("error", message, has_database)

    def _report_end(self, kind: str, message: str, has_database: bool = False) -> None:
        """Report in the wizard why no project was created.

        ``kind``: error or info; ``has_database``: the database was created before and remains.
        """
        self._job = self._steps = self._project = None
        if has_database and self._project_request is not None:
            message += tr(" The database is complete: {path}.").format(path=self._project_request.database_path)
        if self.wizard is not None:
            self.wizard.set_busy(False)
            self.wizard.confirm.bar.hide()
            self.wizard.confirm.notice.show_message(kind, message)

    # --- the end
    def _open_created_project(self) -> None:
        """Open the created project, if the user allows closing the open one."""
        self._steps = self._project = None
        request, wizard = self._project_request, self.wizard
        if request is None or wizard is None:
            return
        wizard.set_busy(False)
        wizard.accept()
        if not self._iface.newProject(True):
            level, text = "info", tr("The project is made and was not opened: {path}.")
        elif not self._iface.addProject(str(request.project_path)):
            level, text = "warning", tr("The project is made, but QGIS could not open it: {path}.")
        else:
            level = "success"
            text = tr(
                "{county}: {count} layers are ready to draw in. Begin with the outline of the county, or import data."
            )
            if request.existing_database_action == "add":
                text = tr("{county}: the project has {count} layers. Check All (F8) shows what is missing.")
            view = QgsProject.instance().viewSettings().defaultViewExtent()
            if view.isNull():
                self._iface.mapCanvas().zoomToFullExtent()
            else:
                self._iface.mapCanvas().setReferencedExtent(view)
                self._iface.mapCanvas().refresh()
        facts = {"path": request.project_path, "county": request.county_name}
        text = text.format(**facts, count=len(QgsProject.instance().mapLayers()))
        # What to do next stays in sight until it is closed.
        self._messages.show_message(text, level)

    # --- separate commands
    def open_create_layers_dialog(self) -> None:
        """Open the toolbox dialog of 新建图层; its layers get symbols and forms."""
        try:
            health.require_libraries()
        except SanxianError as error:
            push_message(self._iface.messageBar(), "warning", tr("New Layers"), explain_error(error))
            return
        import processing

        self._close_create_layers_dialog()
        self._layers = processing.createAlgorithmDialog("sanxian:create_layers", {})
        # Not modal, so that the map stays accessible.
        self._layers.show()

    def _close_create_layers_dialog(self) -> None:
        """Close the dialog, which must not outlive its algorithm."""
        dialog, self._layers = self._layers, None
        close_and_delete(dialog)

    def make_bookmarks(self) -> None:
        """Replace the project's township bookmarks by the present townships, and report their number."""
        project = QgsProject.instance()
        layer = layer_extent.find_township_layer(project)
        count = layer_extent.update_bookmarks(project, layer) if layer is not None else 0
        if layer is None:
            text = tr("No layer of townships (XZQXZ) was recognised. Choose it under Layer Roles.")
        elif count:
            project.setDirty(True)
            text = tr("{count} townships were added to the bookmarks, in the browser panel.").format(count=count)
        else:
            text = tr("The layer {layer} has no feature with a shape and a name (XZQMC) yet.").format(
                layer=layer.name()
            )
        level = "success" if count else "info"
        push_message(self._iface.messageBar(), level, tr("Bookmarks by Township"), text)

    def _on_layer_chosen(self, layer: Any) -> None:
        apply_overlap_setting(QgsProject.instance(), layer)
