# SPDX-License-Identifier: GPL-2.0-or-later
"""Switch of the live check (实时检查), which re-checks edited features."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge import settings
from ...bridge.checking.live_check import LiveCheck
from ...bridge.running.tasks import JobRunner


class LiveCheckSwitch(QObject):
    """Switches the live check on and off, and attaches it to the displayed result."""

    indicators_changed = pyqtSignal(tuple, frozenset)
    rechecked = pyqtSignal(object, dict, object)
    saved = pyqtSignal(str)
    outdated = pyqtSignal()
    changed = pyqtSignal()

    def __init__(self, runner: JobRunner, parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        #: Observes the layers of the displayed result; None while they are not observed.
        self.live: LiveCheck | None = None
        self._next_check: LiveCheck | None = None
        self.is_on = settings.read_setting(settings.CHECK_WHILE_EDITING, True)
        #: True if layers changed beyond the observed edits.
        self.is_outdated = False

    def set_enabled(self, on: bool) -> None:
        """Switch the live check on or off; while it is off, edits are collected and re-checked later."""
        settings.store_setting(settings.CHECK_WHILE_EDITING, on)
        self.is_on = on
        for live in (self.live, self._next_check):
            if live is not None:
                live.set_paused(not on)
        self.changed.emit()

    @property
    def waiting_feature_count(self) -> int:
        """Return the number of changed features that were not re-checked yet."""
        return 0 if self.live is None else self.live.waiting_count

    def prepare_observation(self, layers: list[QgsVectorLayer]) -> None:
        """Prepare to observe the layers of a check that begins now."""
        self.drop_preparation()
        self._next_check = LiveCheck(self._runner, layers, self)
        self._next_check.set_paused(not self.is_on)

    def drop_preparation(self) -> None:
        """Drop the preparation, because the check did not finish.

        The former result remains observed.
        """
        self._next_check = _stop_live_check(self._next_check)

    def begin_from_result(self, check_result: Any, options: Any, layer_id_by_name: dict[str, str]) -> None:
        """Observe the layers of a finished check and re-check edits.

        ``layer_id_by_name``: name of each layer in the check → layer id.
        """
        self.live, self._next_check = (self._next_check, _stop_live_check(self.live))
        self.is_outdated = False
        if self.live is not None:
            for signal, slot in (
                (self.live.indicators_changed, self.indicators_changed),
                (self.live.rechecked, self.rechecked),
                (self.live.saved, self.saved),
                (self.live.outdated, self._mark_result_outdated),
                (self.live.waiting, lambda _count: self.changed.emit()),
            ):
                signal.connect(slot)
            self.live.begin_from_result(check_result, options, layer_id_by_name)
        self.changed.emit()

    def stop_observation(self) -> None:
        """Stop observing layers, because the project has changed."""
        self.live, self._next_check = (
            _stop_live_check(self.live),
            _stop_live_check(self._next_check),
        )
        self.is_outdated = False
        self.changed.emit()

    stop = stop_observation

    def _mark_result_outdated(self) -> None:
        self.live = _stop_live_check(self.live)
        self.is_outdated = True
        self.outdated.emit()
        self.changed.emit()


def _stop_live_check(live: LiveCheck | None) -> None:
    if live is not None:
        live.stop()
        live.deleteLater()
