# SPDX-License-Identifier: GPL-2.0-or-later
"""The data that projects are reviewed against: the displayed check, with the edits that were re-checked since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge.checking.drawn_projects import ReviewData
from ...bridge.layers.properties import convert_to_qgis_crs
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView


class PlanState(QObject):
    """Provides the plan of the displayed check with its edits.

    ``get_result``: returns the displayed result of the open project, else None. Signal ``edited``: rows have changed.
    """

    edited = pyqtSignal()

    def __init__(
        self, editing: LiveCheckSwitch, get_result: Callable[[], CheckView | None], parent: QObject | None = None
    ):
        super().__init__(parent)
        self._editing, self._get_result = editing, get_result
        self._data: ReviewData | None = None
        #: Edits were re-checked since the rows were copied.
        self._are_rows_old = False
        self._plane: tuple[Any, QgsCoordinateReferenceSystem] | None = None
        self._signal_connections = ((editing.rechecked, self._on_rechecked), (editing.outdated, self.edited))
        for signal, slot in self._signal_connections:
            signal.connect(slot)

    def stop(self) -> None:
        """Disconnect from the live check, and free the data."""
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()
        self.forget()

    def forget(self) -> None:
        """Free the data of a check that is no longer displayed."""
        self._data = self._plane = None
        self._are_rows_old = False

    def _on_rechecked(self, *_change: Any) -> None:
        self._are_rows_old = True
        self.edited.emit()

    def _find_result(self) -> CheckView | None:
        """Return the displayed result if it has the rows of its layers; None for a result read from a file."""
        result = self._get_result()
        return None if result is None or result.is_restored else result

    def get_data(self) -> ReviewData | None:
        """Return what projects are reviewed against; None before a check."""
        result = self._find_result()
        if result is None:
            self.forget()
            return None
        check_result = result.check_result
        if self._data is None or self._data.check_result is not check_result:
            self._data = ReviewData(check_result)
        live = self._editing.live
        if self._are_rows_old and live is not None:
            rows = live.copy_edited_rows()
            if rows is not None:
                self._data = ReviewData(check_result, rows)
                self._are_rows_old = False
        return self._data

    def get_plane(self) -> QgsCoordinateReferenceSystem:
        """Return the CRS of the shapes of a review."""
        data = self.get_data()
        if data is None:
            return QgsCoordinateReferenceSystem()
        plan = data.check_result.plan
        if self._plane is None or self._plane[0] is not plan:
            self._plane = plan, convert_to_qgis_crs(plan.plane_crs)
        return self._plane[1]

    def describe(self) -> str:
        """Return of which state of the data the figures are; empty before a check."""
        result = self._find_result()
        if result is None:
            return ""
        waiting = self._editing.waiting_feature_count
        if self._editing.is_outdated or (waiting and not self._editing.is_on):
            text = tr("Figures of the check at {time}; later changes of the layers do not count. Check again.")
        elif result.edited_features:
            text = tr("Figures of the check at {time} with the edits since.")
        else:
            text = tr("Figures of the check at {time}.")
        return text.format(time=result.time_text)
