# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts opened projects: QGIS uses one project object for all files."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal


class ProjectWatch(QObject):
    """Watches the open project until `stop`.

    ``changed``: another project is open, or none; ``touched``: that, or layers were added or removed; ``taken``: ids
    of layers that were removed while the project stays open.
    """

    changed = pyqtSignal()
    touched = pyqtSignal()
    taken = pyqtSignal(list)

    def __init__(self, parent=None):
        super().__init__(parent)
        #: Increases with each project: equal numbers denote the same project.
        self.number = 0
        self._going = False
        project = QgsProject.instance()
        self._listening = (
            (project.aboutToBeCleared, self._close),
            (project.cleared, self._count),
            (project.readProject, self._count),
            (project.layersAdded, self._touched),
            (project.layersRemoved, self._taken),
        )
        for signal, slot in self._listening:
            signal.connect(slot)

    def stop(self) -> None:
        for signal, slot in self._listening:
            signal.disconnect(slot)
        self._listening = ()

    def _close(self) -> None:
        # From here on, layers are removed because the project closes, not by the user.
        self._going = True

    @property
    def going(self) -> bool:
        """Return True while the project is being closed."""
        return self._going

    def renew(self) -> None:
        """Count the current project as another one."""
        self._count()

    def _count(self, *_document) -> None:
        self._going = False
        self.number += 1
        self.changed.emit()
        self.touched.emit()

    def _touched(self, *_layers) -> None:
        self.touched.emit()

    def _taken(self, ids: list[str]) -> None:
        if not self._going:
            self.taken.emit(ids)
        self.touched.emit()
