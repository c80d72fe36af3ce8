# SPDX-License-Identifier: GPL-2.0-or-later
"""What the panel says of a project that was not checked: told by names and fields, off the main thread the first time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...bridge.layers import recognise
from ...bridge.project import county
from ...bridge.running.tasks import Job, Runner, log_error
from ...bridge.texts import tr
from ..findings import idle
from ..findings.dock import FindingsDock

#: Layers come and go one by one while a project opens: look once they have settled.
_SETTLE_MS = 300


class ProjectLook(QObject):
    """``recognised(found)``: which layers are of a plan. ``deeds``: what the panel's buttons do, by the names of actions (new, sample, check, roles, doctor). ``busy``: is a check
    under way? ``reading``: is the project's kept result being read? ``offers``: are the recognised layers
    asked for even where the panel shows something else?"""

    recognised = pyqtSignal(object)

    def __init__(
        self,
        dock: FindingsDock,
        runner: Runner,
        deeds: Mapping[str, Callable[[], None]],
        busy: Callable[[], bool],
        reading: Callable[[], bool],
        offers: Callable[[QgsProject], bool],
        parent: QObject,
    ):
        super().__init__(parent)
        self._dock, self._runner, self._deeds, self._busy = dock, runner, deeds, busy
        self._reading, self._offers = reading, offers
        self._asked = 0
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.look)

    def soon(self, *_signal) -> None:
        self._settle.start()

    def stop(self) -> None:
        self._settle.stop()

    def no_layer(self) -> str:
        """What there is to say without a layer of a plan."""
        return idle.no_layer(self._deeds["new"], self._deeds["sample"]).text

    def look(self) -> None:
        project, dock, deeds = QgsProject.instance(), self._dock, self._deeds
        options = county.options(project)
        dock.set_county(idle.county_label(options))
        offers = self._offers(project)
        if self._busy() or ((dock.result is not None or dock.isHidden()) and not offers):
            return
        if self._reading():
            dock.set_idle(idle.reading_result())
            return
        if not idle.libraries_there():
            dock.set_idle(idle.package_missing(deeds["doctor"]))
            return
        outlines = recognise.outlines(project)
        self._asked += 1
        if not outlines:
            dock.set_idle(idle.no_layer(deeds["new"], deeds["sample"]))
            return
        dock.set_idle(idle.never_run(deeds["check"]))
        asked = self._asked
        self._runner.start(
            Job(
                tr("Recognising layers"),
                lambda progress, cancellation: recognise.recognise(outlines, options),
                on_done=lambda found: self._recognised(found, asked),
                on_error=log_error,
            )
        )

    def _recognised(self, found: recognise.Recognised, asked: int) -> None:
        # Layers or project have changed since: a later answer is on its way.
        if asked != self._asked:
            return
        deeds = self._deeds
        if not found.roles:
            self._dock.set_idle(idle.no_layer(deeds["new"], deeds["sample"]))
        elif found.lacking:
            self._dock.set_idle(idle.roles_missing(found, deeds["roles"], deeds["check"]))
        else:
            self._dock.set_idle(idle.never_run(deeds["check"]))
        if found.roles:
            self.recognised.emit(found)
