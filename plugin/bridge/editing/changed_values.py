# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of the values that an edit command changes in a layer.

A Python function called once per row makes a bulk change a third slower. QSignalSpy of Qt records the same signals
without Python; the record is read afterwards, in portions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSlot

try:
    from qgis.PyQt.QtTest import QSignalSpy
except ImportError:
    # Some installations of QGIS leave Qt's test module out.
    QSignalSpy = None

#: One entry per changed value: feature id, index of the field, and with QSignalSpy the value.
ChangedValueRecord = Sequence[Sequence[Any]]


def start_recording_changed_values(layer: QgsVectorLayer) -> ChangedValueRecord:
    """Return a record to which QGIS adds an entry for each value changed in the layer.

    Recording ends when the caller holds no reference to the record any more.
    """
    if QSignalSpy is not None:
        return QSignalSpy(layer.attributeValueChanged)
    return _PythonRecord(layer)


class _PythonRecord(QObject):
    """Record of changed values without QSignalSpy, which some installations of QGIS lack.

    Each entry is (feature id, index of the field).
    """

    def __init__(self, layer: QgsVectorLayer) -> None:
        super().__init__()
        self._entries: list[tuple[int, int]] = []
        layer.attributeValueChanged.connect(self._append_entry)

    @pyqtSlot("qlonglong", int)
    def _append_entry(self, fid: int, index: int) -> None:
        self._entries.append((fid, index))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> tuple[int, int]:
        return self._entries[number]
