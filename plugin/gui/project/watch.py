# SPDX-License-Identifier: GPL-2.0-or-later
"""Which project is open: counted, because QGIS has one project object whatever file is in it."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal


class ProjectWatch(QObject):
    """``changed``: another project is open, or none; ``touched``: that, or layers came or went; ``taken``: layers' ids
    that were removed from a project that goes on. `stop` ends it."""

    changed = pyqtSignal()
    touched = pyqtSignal()
    taken = pyqtSignal(list)

    def __init__(self, parent=None):
        super().__init__(parent)
        #: Grows with each project: equal numbers, same project.
        self.number = 0
        self._going = False
        project = QgsProject.instance()
        self._listening = (
            (project.aboutToBeCleared, self._goes),
            (project.cleared, self._other),
            (project.readProject, self._other),
            (project.layersAdded, self._touched),
            (project.layersRemoved, self._taken),
        )
        for signal, slot in self._listening:
            signal.connect(slot)

    def stop(self) -> None:
        for signal, slot in self._listening:
            signal.disconnect(slot)
        self._listening = ()

    def _goes(self) -> None:
        # From here on layers go because their project does, not by a wish of the user's.
        self._going = True

    @property
    def going(self) -> bool:
        """True while the project is being closed."""
        return self._going

    def renew(self) -> None:
        """From here on it counts as another project."""
        self._other()

    def _other(self, *_document) -> None:
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
