# SPDX-License-Identifier: GPL-2.0-or-later
"""Updates of fields that depend on another value: the name of a code, or the area.

QGIS evaluates a default value with “apply on update” once per changed row (about 1 ms). These fields therefore have
a plain default value for new features, and `DependentFieldUpdater` fills them after each edit command, for all
changed rows at once. The values become part of the command that changed the rows, so one undo reverts both. A bulk
change is filled in portions from the event loop, and completed before the edits are saved or the next command
begins.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from qgis.core import (
    Qgis,
    QgsDefaultValue,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUndoCommandChangeAttribute,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSlot

from ...core.base.errors import SanxianError
from ..running.portions import PORTION_SECONDS
from ..running.tasks import log_error
from ..texts import tr
from .expression_values import compute_statutory_areas, evaluate_code_name, is_null
from .listener import ChangedValueRecord, get_command_address, start_recording_changed_values

try:
    from qgis.PyQt.QtGui import QUndoCommand, QUndoStack
except ImportError:
    # Qt 5 has them in the widgets module.
    from qgis.PyQt.QtWidgets import QUndoCommand, QUndoStack

#: Layer property with the role that its form was made for; stored in the project.
FORM_PROPERTY = "sanxian/form"
#: Maximum number of rows filled within the edit command itself; takes a few hundredths of a second.
MAX_ROWS_FILLED_AT_ONCE = 2000
#: Maximum number of rows whose areas are computed within the edit command: about half a millisecond each.
MAX_AREAS_FILLED_AT_ONCE = 20
#: Rows filled per turn of the event loop: one to two hundredths of a second.
ROWS_PER_PORTION = 1000
#: Rows of which areas are computed together; a turn ends after those with which it reaches `PORTION_SECONDS`.
AREAS_COMPUTED_AT_ONCE = 5
#: (feature id, field index, new value, old value) of a value to change.
ValueChange = tuple[int, int, Any, Any]
_DEFAULT_VALUE_PATTERN = re.compile(r"coalesce\(eval\('((?:[^']|'')*)'\), \"(?:[^\"]|\"\")*\"\)")
_CODE_NAME_CALL_PATTERN = re.compile(r"sanxian_code_name\('([^']*)', \"([^\"]*)\"\)")
_STATUTORY_AREA_CALL_PATTERN = re.compile(r"round\(sanxian_statutory_area\(@geometry\), (\d+)\)")


# --- expressions
def make_expression_keeping_value(expression: str, target_field: str) -> str:
    """Return a default expression that falls back to the current value of ``target_field``.

    An unknown code, a missing library or a disabled plugin must not delete the current value. Only eval() keeps the
    expression valid while the plugin's functions are not registered.
    """
    column_reference = QgsExpression.quotedColumnRef(target_field)
    return f"coalesce(eval({QgsExpression.quotedString(expression)}), {column_reference})"


@dataclass(frozen=True)
class DependentField:
    """A field whose value follows from a code or from the geometry.

    ``target_index``: index of the field; ``source_index``: index of the field with the code, None for the geometry;
    ``code_list_id``: name of the code list; ``area_decimals``: decimals of an area.
    """

    target_index: int
    source_index: int | None = None
    code_list_id: str = ""
    area_decimals: int = 0


def find_dependent_fields(layer: QgsVectorLayer) -> list[DependentField]:
    """Return the fields of a layer that depend on a code or on the geometry.

    They are recognised by their default values, which come from `attribute_forms`.
    """
    dependent_fields = []
    for index in range(layer.fields().count()):
        default_value_match = _DEFAULT_VALUE_PATTERN.fullmatch(layer.defaultValueDefinition(index).expression())
        inner_expression = default_value_match[1].replace("''", "'") if default_value_match else ""
        if name := _CODE_NAME_CALL_PATTERN.fullmatch(inner_expression):
            source = layer.fields().lookupField(name[2])
            if source >= 0:
                dependent_fields.append(DependentField(index, source, name[1]))
        elif area := _STATUTORY_AREA_CALL_PATTERN.fullmatch(inner_expression):
            dependent_fields.append(DependentField(index, area_decimals=int(area[1])))
    return dependent_fields


def measure_missing_areas(layer: QgsVectorLayer, features: list[QgsFeature]) -> dict[str, int]:
    """Measure missing areas of features where the layer's form measures those of drawn features.

    ``features``: with the layer's fields and CRS, changed in place. Return field → number of areas (m²) written.
    """
    decimals = {one.target_index: one.area_decimals for one in find_dependent_fields(layer) if one.source_index is None}
    for index in range(layer.fields().count()):
        call = _STATUTORY_AREA_CALL_PATTERN.fullmatch(layer.defaultValueDefinition(index).expression())
        if call:
            decimals[index] = int(call[1])
    counts = {}
    for index, decimal_count in decimals.items():
        blank = [feature for feature in features if is_null(feature[index]) and feature.hasGeometry()]
        areas = compute_statutory_areas([feature.geometry() for feature in blank], layer.crs())
        for feature, area in zip(blank, areas, strict=True):
            feature[index] = round(area, decimal_count)
        if blank:
            counts[layer.fields().at(index).name()] = len(blank)
    return counts


def find_code_name(field: DependentField, code: Any) -> Any:
    """Return the name of a code in a field's code list; None if empty or unknown."""
    if is_null(code):
        return None
    name = evaluate_code_name(None, field.code_list_id, code)
    return None if is_null(name) else name


# --- filling
class DependentValueFill:
    """Computes and writes the dependent values of one edit command, in portions.

    ``changed``: index of the changed field, or None for the geometry → ids of the changed features. ``record``: the
    values that the command changed; their features are added to ``changed`` before the first value is computed.
    """

    def __init__(
        self,
        layer: QgsVectorLayer,
        fields: list[DependentField],
        changed: dict[int | None, set[int]],
        record: ChangedValueRecord,
    ):
        self._layer, self._all_fields, self._changed, self._record = layer, fields, changed, record
        self._fields: list[DependentField] = []
        # Later edits extend the record; the command's entries are those that it has now.
        self._entries_read, self._entry_count = 0, len(record)
        #: Features that were deleted before their values were written; they are skipped.
        self.deleted_fids: set[int] = set()
        self._rows: Any = None
        # Qt undoes and redoes the commands of a stack without Python: 60 000 rows take hundredths of a second.
        self._done = QUndoStack()
        self._names: dict[int, dict[str, Any]] = {}
        #: Upper bound of the number of rows until the record is read, then their number.
        self.size = len(record) + len(set().union(*changed.values()))
        self.is_active, self.is_complete = True, False

    @property
    def is_short(self) -> bool:
        """Return True if the fill may be part of the edit command itself."""
        return self.size <= MAX_ROWS_FILLED_AT_ONCE and len(self._changed.get(None, ())) <= MAX_AREAS_FILLED_AT_ONCE

    def read_entries(self, count: int) -> bool:
        """Read the next ``count`` entries of the record of changed values; return True if all are read."""
        end = min(self._entries_read + count, self._entry_count)
        for number in range(self._entries_read, end):
            changed_value = self._record[number]
            fids = self._changed.get(changed_value[1])
            if fids is not None:
                fids.add(changed_value[0])
        self._entries_read = end
        if end < self._entry_count:
            return False
        self._record, self._entries_read, self._entry_count = (), 0, 0
        self._fields = [one for one in self._all_fields if self._changed.get(one.source_index)]
        self.size = len(set().union(*self._changed.values()))
        if not self._fields:
            self.close_iterator()
        return True

    def close_iterator(self) -> None:
        """Close the feature iterator, which keeps the data source open; the fill has ended."""
        if self._rows is not None:
            self._rows.close()
        self._rows, self.is_complete = None, True

    def write_next_rows(self, row_count: int) -> None:
        """Write the dependent values of the next rows into the edit buffer.

        Fewer rows are written if computing their areas takes longer than a portion. `undo` and `redo` apply to the rows
        of all calls together.
        """
        if not self.read_entries(row_count) or self.is_complete:
            return
        end_time = time.perf_counter() + PORTION_SECONDS
        value_changes: list[ValueChange] = []
        if self._changed.get(None):
            # Shapes differ in size: the next rows may take much longer than the last ones.
            while not self.is_complete:
                value_changes += self.compute_next_values(AREAS_COMPUTED_AT_ONCE)
                if time.perf_counter() > end_time:
                    break
        else:
            value_changes = self.compute_next_values(row_count)
        if not value_changes:
            return
        buffer, push = self._layer.editBuffer(), self._done.push
        self._done.beginMacro("")
        for fid, index, value, old in value_changes:
            push(QgsVectorLayerUndoCommandChangeAttribute(buffer, fid, index, value, old))
        self._done.endMacro()

    def compute_next_values(self, row_count: int) -> list[ValueChange]:
        """Return the values to change in the next rows."""
        if self._rows is None:
            # One iterator for all: each begins with a copy of the unsaved edits.
            request = QgsFeatureRequest()
            if self.size * 2 < self._layer.featureCount() or self._layer.featureCount() < 0:
                request.setFilterFids(list(set().union(*self._changed.values())))
            # Reading most rows one by one takes longer than reading all; `compute_next_values` skips the others.
            read_field_indexes = {
                index for one in self._fields for index in (one.target_index, one.source_index) if index is not None
            }
            request.setSubsetOfAttributes(sorted(read_field_indexes))
            if all(one.source_index is not None for one in self._fields):
                request.setFlags(Qgis.FeatureRequestFlag.NoGeometry)
            self._rows = self._layer.getFeatures(request)
        rows_read = list(islice(self._rows, row_count))
        is_last = len(rows_read) < row_count
        ids = [row.id() for row in rows_read]
        value_changes = []
        for one in self._fields:
            changed_fids, target = self._changed[one.source_index], one.target_index
            mine = [
                (fid, row)
                for fid, row in zip(ids, rows_read, strict=True)
                if fid in changed_fids and fid not in self.deleted_fids
            ]
            values = self._compute_values(one, [row for _, row in mine])
            for (fid, row), value in zip(mine, values, strict=True):
                old = row[target]
                if value is not None and old != value:
                    value_changes.append((fid, target, value, old))
        if is_last:
            self.close_iterator()
        return value_changes

    def _compute_values(self, dependent_field: DependentField, rows: list[QgsFeature]) -> list[Any]:
        if dependent_field.source_index is not None:
            codes = [row[dependent_field.source_index] for row in rows]
            name_by_code = self._names.setdefault(dependent_field.target_index, {})
            for code in {code for code in codes if isinstance(code, str)} - name_by_code.keys():
                name_by_code[code] = find_code_name(dependent_field, code)
            # A QGIS NULL cannot be a dictionary key.
            return [
                name_by_code[code] if isinstance(code, str) else find_code_name(dependent_field, code) for code in codes
            ]
        areas = compute_statutory_areas([row.geometry() for row in rows], self._layer.crs())
        return [
            round(area, dependent_field.area_decimals) if row.hasGeometry() else None
            for row, area in zip(rows, areas, strict=True)
        ]

    def undo(self) -> None:
        """Restore the old values of all rows that the fill has written so far."""
        self.is_active = False
        self._done.setIndex(0)

    def redo(self) -> None:
        """Write all dependent values again that `undo` removed; a fill writes them in portions of rows."""
        self.is_active = True
        self._done.setIndex(self._done.count())


class _FillCommand(QUndoCommand):
    """Undo command that writes dependent values, as child of the user's edit command.

    QGIS undoes both together.
    """

    def __init__(self, fill: DependentValueFill, updater: _LayerUpdater, parent: QUndoCommand):
        super().__init__("", parent)
        self._fill, self._updater = fill, updater

    def undo(self) -> None:
        # Qt undoes the last child first: this one, before the values that it depends on.
        self._updater.pause_recording()
        self._fill.undo()

    def redo(self) -> None:
        self._updater.pause_recording()
        self._fill.redo()
        self._updater.resume_fill(self._fill)


class _LayerUpdater(QObject):
    """Updates the dependent fields of one layer while it is being edited."""

    def __init__(self, layer: QgsVectorLayer):
        super().__init__()
        # A weak reference, so that the layer can be deleted while its edits are observed.
        self._id, self._weak = layer.id(), weakref.ref(layer)
        self._fields: list[DependentField] = []
        self._changed_features_by_source: dict[int | None, set[int]] = {}
        self._record: ChangedValueRecord | None = None
        self._has_changes = False
        self._running_fill: DependentValueFill | None = None
        #: Python references; without them the commands on the undo stack lose their Python methods.
        self._commands: list[_FillCommand] = []
        self._index = 0
        self._redoable_command_address = 0
        self._is_writing = False
        self._is_outside_command = self._is_listening = False
        self._timer = QTimer(self, interval=0, timeout=self._fill_portion)
        self._stack_connections: tuple[tuple[Any, Any], ...] = ()
        self._signal_connections: tuple[tuple[Any, Any], ...] = (
            (layer.editingStarted, self._start_editing),
            (layer.editingStopped, self._stop_editing),
            (layer.customPropertyChanged, self._on_property_changed),
        )
        for signal, slot in self._signal_connections:
            signal.connect(slot)
        self._start_editing()

    @property
    def layer(self) -> QgsVectorLayer:
        return self._weak() or QgsProject.instance().mapLayer(self._id)

    def stop(self) -> None:
        layer = self.layer
        if layer is None or sip.isdeleted(layer):
            self._timer.stop()
            return
        self.fill_remaining_rows()
        self._stop_editing()
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()

    def _on_property_changed(self, key: str) -> None:
        if key != FORM_PROPERTY:
            return
        if self.layer.isEditable():
            self._start_editing()
        else:
            _disable_apply_on_update(self.layer)

    def _start_editing(self) -> None:
        layer = self.layer
        self.fill_remaining_rows()
        self._stop_editing()
        _disable_apply_on_update(layer)
        if not layer.isEditable():
            return
        self._fields = find_dependent_fields(layer)
        if not self._fields:
            return
        self._index = layer.undoStack().index()
        self._stack_connections = (
            (layer.geometryChanged, self._on_geometry_changed),
            (layer.featureAdded, self._on_feature_added),
            (layer.featureDeleted, self._on_feature_deleted),
            (layer.undoStack().indexChanged, self._on_command_done),
            (layer.editCommandStarted, self.fill_remaining_rows),
            (layer.beforeCommitChanges, self.fill_remaining_rows),
            (layer.beforeRollBack, self._discard_fill),
            (layer.afterCommitChanges, self._discard_fill),
        )
        for signal, slot in self._stack_connections:
            signal.connect(slot)
        self._take_changes()

    def _stop_editing(self) -> None:
        watching, self._stack_connections = self._stack_connections, ()
        for signal, slot in watching:
            signal.disconnect(slot)
        self.pause_recording()
        self._discard_fill()

    def _discard_fill(self) -> None:
        self._take_changes()
        if self._running_fill is not None:
            self._running_fill.close_iterator()
        self._running_fill = None
        self._timer.stop()

    def _take_changes(self) -> tuple[dict[int | None, set[int]], ChangedValueRecord]:
        """Return the changes since the last call, and start a new record of changed values.

        Returns
        -------
        tuple
            Index of the field with the code, or None for the geometry → ids of the changed features; the record of the
            changed values.
        """
        changes = self._changed_features_by_source, self._record or ()
        self._changed_features_by_source = {one.source_index: set() for one in self._fields}
        self._has_changes = False
        self._resume_recording()
        return changes

    # --- changed values: the first of a command is handled here, all others are only recorded
    @pyqtSlot()
    def _on_value_changed(self) -> None:
        if not self._has_changes:
            self._on_redo()
        elif self._is_outside_command:
            # A change outside of an edit command is one value: these are the values of an undo or a redo.
            self.pause_recording()
            return
        if not self._is_outside_command:
            self._stop_listening()

    def _stop_listening(self) -> None:
        if self._is_listening:
            self._is_listening = False
            self.layer.attributeValueChanged.disconnect(self._on_value_changed)

    def pause_recording(self) -> None:
        """Stop recording changed values until the running command, undo or redo is over.

        A bulk undo would emit a signal for each row, and another one where the name of a code is filled.
        """
        self._stop_listening()
        self._record = None

    def _resume_recording(self) -> None:
        """Begin a new record of changed values."""
        if self._stack_connections:
            self._record = start_recording_changed_values(self.layer)
            if not self._is_listening:
                self._is_listening = True
                self.layer.attributeValueChanged.connect(self._on_value_changed)

    # --- other changes; called once per row of a bulk change (the declared types avoid conversions)
    @pyqtSlot("qlonglong")
    def _on_geometry_changed(self, fid: int) -> None:
        rows = self._changed_features_by_source.get(None)
        if rows is not None:
            if not self._has_changes:
                self._on_redo()
            rows.add(fid)

    def _on_feature_added(self, fid: int) -> None:
        if not self._has_changes:
            self._on_redo()
        for rows in self._changed_features_by_source.values():
            rows.add(fid)

    def _on_feature_deleted(self, fid: int) -> None:
        for rows in self._changed_features_by_source.values():
            rows.discard(fid)
        if self._running_fill is not None:
            self._running_fill.deleted_fids.add(fid)

    def _on_redo(self) -> None:
        # A redo emits its changes while its command is still the next one to be redone.
        stack = self.layer.undoStack()
        self._redoable_command_address = get_command_address(stack, stack.index()) if stack.canRedo() else 0
        # While a command is composed, the stack can neither undo nor redo.
        self._is_outside_command = stack.canUndo() or stack.canRedo()
        self._has_changes = True

    # --- edit commands
    def _on_command_done(self, index: int) -> None:
        former_index, self._index = self._index, index
        if self._is_writing:
            return
        noted, (changed_fids, record) = self._has_changes, self._take_changes()
        stack = self.layer.undoStack()
        is_redone = self._redoable_command_address and self._redoable_command_address == get_command_address(
            stack, index - 1
        )
        if index <= former_index or is_redone or not noted:
            # An undo or a redo: the child command reverts or restores the dependent values.
            return
        self.fill_remaining_rows()
        command = stack.command(index - 1)
        fill = DependentValueFill(self.layer, self._fields, changed_fids, record)
        if fill.is_short and fill.read_entries(fill.size) and fill.is_complete:
            return
        if command.childCount() == 0 or self.layer.dataProvider().transaction() is not None:
            # A change without an edit command, or in a transaction with its own commands, cannot take a child command.
            self._push_fill_command(fill)
            return
        self._running_fill = fill
        self._commands = [one for one in self._commands if not sip.isdeleted(one)]
        self._commands.append(_FillCommand(fill, self, command))
        if fill.is_short:
            self.fill_remaining_rows()
        else:
            self._timer.start()

    def _push_fill_command(self, fill: DependentValueFill) -> None:
        """Write the dependent values as a separate command on the undo stack.

        Used where the user's edit command cannot include them.
        """
        layer = self.layer
        self._is_writing = True
        self.pause_recording()
        try:
            fill.read_entries(fill.size)
            values = [] if fill.is_complete else fill.compute_next_values(fill.size + 1)
            if len(values) > 1:
                layer.beginEditCommand(tr("Fill Dependent Fields"))
            for fid, index, value, old in values:
                layer.changeAttributeValue(fid, index, value, old, True)
            if len(values) > 1:
                layer.endEditCommand()
        except (SanxianError, ImportError) as error:
            log_error(error)
        finally:
            fill.close_iterator()
            self._is_writing = False
            self._resume_recording()

    # --- portions
    def resume_fill(self, fill: DependentValueFill) -> None:
        """Continue a fill whose command was undone before its last row was filled and is now redone."""
        if not fill.is_complete and self._stack_connections:
            self._running_fill = fill
            self._timer.start()

    def fill_remaining_rows(self) -> None:
        """Write the dependent values of all remaining rows now."""
        while self._running_fill is not None:
            self._fill_rows(ROWS_PER_PORTION)

    def _fill_portion(self) -> None:
        self._fill_rows(ROWS_PER_PORTION)
        if self._running_fill is None:
            # Notify listeners that wait for the end of a command about the last rows.
            stack = self.layer.undoStack()
            self._is_writing = True
            try:
                stack.indexChanged.emit(stack.index())
            finally:
                self._is_writing = False

    def _fill_rows(self, row_count: int) -> None:
        fill = self._running_fill
        if fill is not None and fill.is_active:
            self.pause_recording()
            try:
                fill.write_next_rows(row_count)
            except (SanxianError, ImportError) as error:
                # Without a library or code list the fields keep their values; the checks report the differences.
                log_error(error)
                fill.close_iterator()
            self._resume_recording()
        if fill is None or fill.is_complete or not fill.is_active:
            self._running_fill = None
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()


def _disable_apply_on_update(layer: QgsVectorLayer) -> None:
    """Switch off “apply on update” of default values in forms of earlier versions."""
    for one in find_dependent_fields(layer):
        default = layer.defaultValueDefinition(one.target_index)
        if default.applyOnUpdate():
            layer.setDefaultValueDefinition(one.target_index, QgsDefaultValue(default.expression(), False))


@dataclass
class DependentFieldUpdater:
    """Updates the dependent fields of all vector layers of a project while they are edited."""

    _of: dict[str, _LayerUpdater] = field(default_factory=dict)

    def start(self, project: QgsProject) -> None:
        """Observe the vector layers of a project, also those added later."""
        project.layersAdded.connect(self._on_layers_added)
        project.layersWillBeRemoved.connect(self._on_layers_removed)
        self._on_layers_added(project.mapLayers().values())

    def stop(self, project: QgsProject) -> None:
        """Stop observing the layers of a project."""
        project.layersAdded.disconnect(self._on_layers_added)
        project.layersWillBeRemoved.disconnect(self._on_layers_removed)
        self._on_layers_removed(list(self._of))

    def _on_layers_added(self, layers: Iterable[Any]) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.id() not in self._of:
                self._of[layer.id()] = _LayerUpdater(layer)

    def _on_layers_removed(self, ids: Iterable[str]) -> None:
        for layer_id in ids:
            updater = self._of.pop(layer_id, None)
            if updater is not None:
                updater.stop()
