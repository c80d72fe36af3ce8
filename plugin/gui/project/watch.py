# SPDX-License-Identifier: GPL-2.0-or-later
"""Detection of another project: QGIS uses one object for all projects."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal


class ProjectWatcher(QObject):
    """Watches the open project until `stop` and numbers the projects.

    ``changed``: another project is open, or none; ``project_touched``: as ``changed``, and also when layers were added
    or removed; ``layers_removed``: ids of layers that were removed while the project stays open.
    """

    changed = pyqtSignal()
    project_touched = pyqtSignal()
    layers_removed = pyqtSignal(list)

    def __init__(self, parent=None):
        super().__init__(parent)
        #: Increases with each project: equal numbers denote the same project.
        self.number = 0
        self.is_closing = False
        #: True in slots of ``changed`` while QGIS reads a project.
        self.is_reading = False
        project = QgsProject.instance()
        self._signal_connections = (
            (project.aboutToBeCleared, self._on_closing),
            (project.cleared, self.count_as_new_project),
            (project.readProject, self._on_read),
            (project.layersAdded, self.project_touched),
            (project.layersRemoved, self._on_layers_removed),
        )
        for signal, slot in self._signal_connections:
            signal.connect(slot)

    def stop(self) -> None:
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()

    def _on_closing(self) -> None:
        # From here on, layers are removed because the project closes, not by the user.
        self.is_closing = True

    def _on_read(self, *_document) -> None:
        self.is_reading = True
        self.count_as_new_project()
        self.is_reading = False

    def count_as_new_project(self, *_document) -> None:
        """Give the current project a new number, so that it counts as another project."""
        self.is_closing = False
        self.number += 1
        self.changed.emit()
        self.project_touched.emit()

    def _on_layers_removed(self, ids: list[str]) -> None:
        if not self.is_closing:
            self.layers_removed.emit(ids)
        self.project_touched.emit()
