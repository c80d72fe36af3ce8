# SPDX-License-Identifier: GPL-2.0-or-later
"""What is edited in one layer, told by its signals, in every transaction mode.

Signals of features only collect their ids: pasting a thousand fires a thousand. The undo stack speaks once per command,
and once more when changes are saved or rolled back. (Measured on QGIS 3.40: saving turns negative ids into positive ones,
by a pair of featureDeleted and featureAdded after committedFeaturesAdded; a transaction is rolled back with no signal but
dataChanged and afterRollBack.)
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal


class LayerEdits(QObject):
    """``settled``: a command is over, `collect` tells what it changed; ``undone``: it was an undo within a transaction,
    which silently takes back what came later in the other layers of the transaction; ``lost``: what changed cannot be
    told. `stop` ends it."""

    settled = pyqtSignal()
    undone = pyqtSignal()
    lost = pyqtSignal()

    def __init__(self, layer: QgsVectorLayer, parent: QObject | None = None):
        super().__init__(parent)
        self.layer = layer
        self._pending: set[int] = set()
        self._renamed: dict[int, int] = {}
        self._unsaved = _unsaved(layer)
        # Within a transaction the buffer does not tell what was changed before we came.
        self._blind = layer.isEditable() and layer.undoStack().index() > 0 and not self._unsaved
        self._doubt = False
        self._saved: set[int] = set()
        self._last_deleted = 0
        self._fields = layer.fields().names()
        self._index = layer.undoStack().index()
        self._listening: tuple[tuple[Any, Any], ...] = (
            (layer.featureAdded, self._added),
            (layer.featureDeleted, self._deleted),
            (layer.geometryChanged, self._changed),
            (layer.attributeValueChanged, self._changed),
            (layer.undoStack().indexChanged, self._command_over),
            (layer.committedFeaturesAdded, self._numbers_given),
            (layer.afterCommitChanges, self._committed),
            (layer.afterRollBack, self._rolled_back),
            (layer.dataChanged, self._data_changed),
            (layer.updatedFields, self._fields_changed),
            (layer.crsChanged, self.lost),
            (layer.willBeDeleted, self.lost),
        )
        for signal, slot in self._listening:
            signal.connect(slot)

    def stop(self) -> None:
        listening, self._listening = self._listening, ()
        if sip.isdeleted(self.layer):
            return
        for signal, slot in listening:
            signal.disconnect(slot)

    @property
    def busy(self) -> bool:
        """Is a command under way? What it has done so far may be taken back."""
        return self.layer.isEditCommandActive()

    @property
    def renumbered(self) -> bool:
        """Were features saved, and given other ids, since the last `collect`?"""
        return bool(self._renamed)

    def collect(self) -> tuple[dict[int, int], set[int]] | None:
        """Features that got another id (old → new), and those to look at anew; None when that cannot be told."""
        if self._doubt:
            return None
        renamed, self._renamed = self._renamed, {}
        pending, self._pending = self._pending, set()
        return renamed, pending

    def look_again(self) -> None:
        """All that was changed and is not saved may be another now."""
        if self._in_transaction():
            self._doubt = self._doubt or self._blind
            self._pending |= self._unsaved

    def _in_transaction(self) -> bool:
        provider = self.layer.dataProvider()
        return provider is not None and provider.transaction() is not None

    # --- signals
    def _note(self, fid: int) -> None:
        self._pending.add(fid)
        self._unsaved.add(fid)

    def _added(self, fid: int) -> None:
        if fid in self._saved and self._last_deleted < 0:
            self._renamed[self._last_deleted] = fid
            self._pending.discard(self._last_deleted)
            self._saved.discard(fid)
            self._last_deleted = 0
        self._note(fid)

    def _deleted(self, fid: int) -> None:
        self._last_deleted = fid
        self._note(fid)

    def _changed(self, fid: int, *_what: Any) -> None:
        self._note(fid)

    def _numbers_given(self, _layer: str, features: list[Any]) -> None:
        self._saved = {feature.id() for feature in features}

    def _command_over(self, index: int) -> None:
        back, self._index = index < self._index, index
        if back and self._in_transaction():
            self.undone.emit()
        if self._pending or self._renamed:
            self.settled.emit()

    def _committed(self) -> None:
        self._unsaved, self._blind, self._saved = set(), False, set()
        self.settled.emit()

    def _rolled_back(self) -> None:
        self._doubt = self._blind
        self._pending |= self._unsaved
        self._unsaved, self._blind = set(), False
        self.settled.emit()

    def _data_changed(self) -> None:
        # A roll-back says so next; otherwise somebody else wrote, or another filter shows other features.
        self._doubt = True
        self.settled.emit()

    def _fields_changed(self) -> None:
        if self.layer.fields().names() != self._fields:
            self.lost.emit()


def _unsaved(layer: QgsVectorLayer) -> set[int]:
    buffer = layer.editBuffer()
    if buffer is None:
        return set()
    return {
        *buffer.changedAttributeValues(),
        *buffer.changedGeometries(),
        *buffer.addedFeatures(),
        *buffer.deletedFeatureIds(),
    }
