# SPDX-License-Identifier: GPL-2.0-or-later
"""Live check (实时检查) on the desktop: observe the layers of one check until the next check starts."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge import settings
from ...bridge.checking.live_check import LiveCheck
from ...bridge.running.tasks import Runner

_ON = "check_while_editing"


class LiveCheckSwitch(QObject):
    """``rechecked(change, rows, step)`` as `LiveCheck`'s; ``outdated``: the result in view is; ``changed``: what is
    followed or waits to be checked is another. `stop` ends it."""

    rechecked = pyqtSignal(object, dict, object)
    outdated = pyqtSignal()
    changed = pyqtSignal()

    def __init__(self, runner: Runner, parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        self._now: LiveCheck | None = None
        self._next: LiveCheck | None = None
        self.on = settings.get(_ON, True)
        #: Did layers change beyond what is followed?
        self.is_outdated = False

    def set_on(self, on: bool) -> None:
        """Switched off, edits are still collected: switched on again, it goes on from where it was."""
        settings.put(_ON, on)
        self.on = on
        for live in (self._now, self._next):
            if live is not None:
                live.pause(not on)
        self.changed.emit()

    @property
    def is_following(self) -> bool:
        """True while the layers of the result in view are observed."""
        return self._now is not None

    @property
    def waiting(self) -> int:
        """Number of changed features not yet re-checked."""
        return 0 if self._now is None else self._now.waiting_count

    def begin(self, layers: list[QgsVectorLayer]) -> None:
        """A check of these layers, as they are now, begins; its result will be in view."""
        self.abandon()
        self._next = LiveCheck(self._runner, layers, self)
        self._next.pause(not self.on)

    def abandon(self) -> None:
        """That check came to nothing: the former result stays."""
        self._next = _ended(self._next)

    def judge(self, checked: Any, options: Any, names: dict[str, str]) -> None:
        """That check is done. ``names``: the name a layer was checked by → its id."""
        self._now, self._next = (self._next, _ended(self._now))
        self.is_outdated = False
        if self._now is not None:
            self._now.rechecked.connect(self.rechecked)
            self._now.outdated.connect(self._lost)
            self._now.waiting.connect(lambda _count: self.changed.emit())
            self._now.judge(checked, options, names)
        self.changed.emit()

    def end(self) -> None:
        """Another project: there is nothing to follow."""
        self._now, self._next = _ended(self._now), _ended(self._next)
        self.is_outdated = False
        self.changed.emit()

    stop = end

    def _lost(self) -> None:
        self._now = _ended(self._now)
        self.is_outdated = True
        self.outdated.emit()
        self.changed.emit()


def _ended(live: LiveCheck | None) -> None:
    if live is not None:
        live.stop()
        live.deleteLater()
