# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of one layer, derived from its signals, in every transaction mode, and records of changed values.

Signals of features only collect their ids: pasting a thousand emits a thousand. The undo stack emits once per
command, and once more when changes are saved or rolled back. (Measured on QGIS 3.40: saving turns negative ids into
positive ones, by a pair of featureDeleted and featureAdded after committedFeaturesAdded; a transaction is rolled
back with no signal but dataChanged and afterRollBack.)

A Python function called once per row makes a bulk change a third slower. QSignalSpy of Qt records the changed values
without Python; the record is read afterwards, in portions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal, pyqtSlot


class EditStep:
    """One edit command of one layer, recorded when it was executed; it can be undone."""

    def __init__(self, layer: QgsVectorLayer, index: int):
        self.layer, self._index = layer, index
        #: True once the command was undone, saved or rolled back; a redo creates another step.
        self.has_ended = False
        #: Layers of the same transaction → id of their last command; undo would also revert later commands there.
        self.others = [(other, _identify_last_command(other)) for other in _find_transaction_layers(layer)]

    @property
    def is_last(self) -> bool:
        """Return True if this is the last command, so that undo reverts only this command."""
        if self.has_ended or sip.isdeleted(self.layer) or self.layer.isEditCommandActive():
            return False
        stack = self.layer.undoStack()
        if stack.index() != self._index or not stack.canUndo():
            return False
        return all(not sip.isdeleted(other) and _identify_last_command(other) == top for other, top in self.others)

    def undo(self) -> bool:
        """Undo this command and return True; return False if it is not the last command."""
        if not self.is_last:
            return False
        self.layer.undoStack().undo()
        self.layer.triggerRepaint()
        return True

    def record_undo_index(self, index: int) -> bool:
        """Record that the undo stack went back to ``index``.

        Return True if that undid this step.
        """
        self.has_ended = self.has_ended or self._index > index
        return self.has_ended


class EditListener(QObject):
    """Observe the edits of one layer until `stop`.

    Signals:

    - ``commandEnded``: an edit command ended; `collect_changes` returns its changes.
    - ``undone``: a command was undone in a transaction. QGIS has also reverted later changes in other layers of the
      transaction, without a signal.
    - ``saved``: edits of the layer were saved, whether editing goes on or not.
    - ``lost``: the layer has changed, but it is unknown which features.
    """

    commandEnded = pyqtSignal()
    undone = pyqtSignal()
    saved = pyqtSignal()
    lost = pyqtSignal()

    def __init__(self, layer: QgsVectorLayer, parent: QObject | None = None):
        super().__init__(parent)
        self.layer = layer
        #: Ids of the changed features that were not yet collected.
        self.waiting_fids: set[int] = set()
        #: Former → present id of saved features, since the last `collect_changes`.
        self.renamed_features: dict[int, int] = {}
        #: Ids of the features that were changed since the layer was saved, or are in its edit buffer.
        self.unsaved_fids: set[int] = set()
        if (buffer := layer.editBuffer()) is not None:
            self.unsaved_fids.update(buffer.changedAttributeValues(), buffer.changedGeometries())
            self.unsaved_fids.update(buffer.addedFeatures(), buffer.deletedFeatureIds())
        # In a transaction the buffer does not contain earlier changes.
        self._blind = layer.isEditable() and layer.undoStack().index() > 0 and not self.unsaved_fids
        self._doubt = False
        self._saved: set[int] = set()
        self._last_deleted = 0
        self._fields = layer.fields().names()
        self._index = layer.undoStack().index()
        #: Commands in force since the start, the last on top; and the causes of the changes since the last
        #: `collect_changes`.
        self._steps: list[EditStep] = []
        self._causes: list[EditStep | None] = []
        self._signal_connections: tuple[tuple[Any, Any], ...] = (
            (layer.featureAdded, self._on_added),
            (layer.featureDeleted, self._on_deleted),
            (layer.geometryChanged, self._record_change),
            (layer.attributeValueChanged, self._record_change),
            (layer.undoStack().indexChanged, self._on_command_over),
            (layer.committedFeaturesAdded, self._on_renumbered),
            (layer.afterCommitChanges, self._on_committed),
            (layer.afterRollBack, self._on_rolled_back),
            (layer.dataChanged, self._on_data_changed),
            (layer.updatedFields, self._on_fields_changed),
            (layer.crsChanged, self.lost),
            (layer.willBeDeleted, self.lost),
        )
        for signal, slot in self._signal_connections:
            signal.connect(slot)

    def stop(self) -> None:
        """Disconnect from the layer's signals."""
        listening, self._signal_connections = self._signal_connections, ()
        if not sip.isdeleted(self.layer):
            for signal, slot in listening:
                signal.disconnect(slot)

    def collect_changes(self) -> tuple[dict[int, int], set[int], list[EditStep | None]] | None:
        """Return the changes since the last call, or None if they are unknown.

        The changes are: features with another id (old → new), ids of the features to check again, and their edit
        commands. A command of None means an undo, several commands at once, saving, or a roll-back.
        """
        if self._doubt:
            return None
        new_fid_by_old, self.renamed_features = self.renamed_features, {}
        pending_fids, self.waiting_fids = self.waiting_fids, set()
        causes, self._causes = self._causes, []
        return new_fid_by_old, pending_fids, causes

    def recollect_unsaved_changes(self) -> None:
        """Collect all unsaved changes of the layer again, as if they were just made."""
        if self._is_in_transaction():
            self._doubt = self._doubt or self._blind
            self.waiting_fids |= self.unsaved_fids
            self._causes.append(None)

    def _is_in_transaction(self) -> bool:
        provider = self.layer.dataProvider()
        return provider is not None and provider.transaction() is not None

    # --- signals
    @pyqtSlot("qlonglong")
    def _record_change(self, fid: int) -> None:
        self.waiting_fids.add(fid)
        self.unsaved_fids.add(fid)

    def _on_added(self, fid: int) -> None:
        if fid in self._saved and self._last_deleted < 0:
            self.renamed_features[self._last_deleted] = fid
            self.waiting_fids.discard(self._last_deleted)
            self._saved.discard(fid)
            self._last_deleted = 0
        self._record_change(fid)

    def _on_deleted(self, fid: int) -> None:
        self._last_deleted = fid
        self._record_change(fid)

    def _on_renumbered(self, _layer: str, features: list[Any]) -> None:
        self._saved = {feature.id() for feature in features}

    def _on_command_over(self, index: int) -> None:
        # A layer that is removed while it is edited clears its undo stack when it is already being deleted.
        if sip.isdeleted(self.layer):
            return
        former_index, self._index = self._index, index
        while self._steps and self._steps[-1].record_undo_index(index):
            self._steps.pop()
        cause = EditStep(self.layer, index) if index == former_index + 1 else None
        if cause is not None:
            self._steps.append(cause)
        if index < former_index and self._is_in_transaction():
            self.undone.emit()
        if self.waiting_fids or self.renamed_features:
            self._causes.append(cause)
            self.commandEnded.emit()

    def _on_committed(self) -> None:
        # A group of layers is saved together, also those without edits.
        has_saved_edits = bool(self.unsaved_fids) or self._blind
        self.unsaved_fids, self._blind, self._saved = set(), False, set()
        self.commandEnded.emit()
        if has_saved_edits:
            self.saved.emit()

    def _on_rolled_back(self) -> None:
        self._doubt = self._blind
        self.waiting_fids |= self.unsaved_fids
        self.unsaved_fids, self._blind = set(), False
        self._causes.append(None)
        self.commandEnded.emit()

    def _on_data_changed(self) -> None:
        # A roll-back is announced next; otherwise another program wrote, or the filter changed.
        self._doubt = True
        self.commandEnded.emit()

    def _on_fields_changed(self) -> None:
        if self.layer.fields().names() != self._fields:
            self.lost.emit()


def _find_transaction_layers(layer: QgsVectorLayer) -> list[QgsVectorLayer]:
    """Return the other layers of the project that share the layer's transaction."""
    transaction = layer.dataProvider().transaction()
    if transaction is None:
        return []
    layers = (v for v in QgsProject.instance().mapLayers().values() if isinstance(v, QgsVectorLayer) and v is not layer)
    return [v for v in layers if v.dataProvider() is not None and v.dataProvider().transaction() == transaction]


def _identify_last_command(layer: QgsVectorLayer) -> tuple[int, int]:
    """Return an id of the last command on a layer's undo stack.

    It consists of the command's index on the stack and its memory address.
    """
    stack = layer.undoStack()
    return stack.index(), get_command_address(stack, stack.index() - 1)


def get_command_address(stack: Any, index: int) -> int:
    """Return the memory address of the command at an index of an undo stack; 0 without a command.

    The address is unique among existing commands.
    """
    command = stack.command(index)
    return 0 if command is None else sip.unwrapinstance(command)


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
    return QSignalSpy(layer.attributeValueChanged) if QSignalSpy is not None else _PythonRecord(layer)


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
