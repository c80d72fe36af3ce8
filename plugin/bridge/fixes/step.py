# SPDX-License-Identifier: GPL-2.0-or-later
"""One step of applied fixes: an edit command on each layer, undone and redone together."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .commands import LayerCommands


class _LayerStepCommands(QObject):
    """The undo commands that one step of fixes put on the undo stack of a layer."""

    def __init__(self, commands: LayerCommands, parent: QObject):
        super().__init__(parent)
        self.layer, self.before, self.after = commands.layer, commands.before, commands.after
        self.is_applied = True
        self._last_command = self._get_command_address(self.after)

    def _get_command_address(self, index: int) -> int:
        """Return the memory address of the undo command just before a stack index; 0 if no command precedes it.

        The address identifies the command: a later one at the same index has another.
        """
        command = self.layer.undoStack().command(index - 1) if index else None
        return 0 if command is None else sip.unwrapinstance(command)

    def _is_at(self, index: int) -> bool:
        """Return True if the undo stack is at an index, still has the commands of this step, and may be moved."""
        # Without an edit buffer, QGIS would crash.
        if sip.isdeleted(self.layer) or not self.layer.isEditable() or self.layer.editBuffer() is None:
            return False
        if self.layer.isEditCommandActive() or self.layer.undoStack().index() != index:
            return False
        return self._get_command_address(self.after) == self._last_command

    @property
    def is_last(self) -> bool:
        """Return True if this layer has no later edit, so that undo reverts only the commands of this step."""
        return self._is_at(self.after)

    @property
    def can_redo(self) -> bool:
        """Return True if redo of this layer would redo exactly the commands of this step."""
        return self._is_at(self.before)


class FixStep(QObject):
    """One step of applied fixes, over all layers that it changed.

    QGIS has an undo stack for each layer. When the user undoes or redoes the step on one layer, with any tool of QGIS,
    this object undoes or redoes it on all other layers. When one layer is rolled back, the others are undone.

    Signals: ``undone`` and ``redone``, once for all layers; ``discarded``: the edits were rolled back; ``ended``: the
    step cannot be undone any more, because it was saved or discarded, or a layer was removed; ``separated(names)``:
    names of layers on which the step was not undone or redone, because they have later edits.
    """

    undone = pyqtSignal()
    redone = pyqtSignal()
    discarded = pyqtSignal()
    ended = pyqtSignal()
    separated = pyqtSignal(list)

    def __init__(self, label: str, commands: list[LayerCommands], parent: QObject | None = None):
        super().__init__(parent)
        self.label = label
        self._layer_steps = [_LayerStepCommands(one, self) for one in commands]
        self._is_moving = self._has_ended = self._is_rolling_back = False
        self._connections: list[tuple[_LayerStepCommands, Any, Any]] = []
        for layer_step in self._layer_steps:
            layer = layer_step.layer
            for signal, slot in (
                (layer.undoStack().indexChanged, partial(self._on_index_changed, layer_step)),
                (layer.beforeRollBack, self._on_roll_back_began),
                (layer.afterRollBack, self._on_rolled_back),
                (layer.afterCommitChanges, self._end),
                (layer.willBeDeleted, self._end),
            ):
                signal.connect(slot)
                self._connections.append((layer_step, signal, slot))

    @property
    def layer_names(self) -> list[str]:
        """Return the names of the layers that the step changed, without deleted layers."""
        return [layer_step.layer.name() for layer_step in self._layer_steps if not sip.isdeleted(layer_step.layer)]

    @property
    def is_applied(self) -> bool:
        """Return True if the step is not undone on any layer."""
        return all(layer_step.is_applied for layer_step in self._layer_steps)

    @property
    def can_undo(self) -> bool:
        """Return True if `undo` would undo this step and no other edit."""
        return not self._has_ended and self.is_applied and all(layer_step.is_last for layer_step in self._layer_steps)

    def undo(self) -> bool:
        """Undo the step on all layers and return True; return False if a later edit exists."""
        if not self.can_undo:
            return False
        # In a transaction, undo of a layer also takes back what was written after it in other layers: the last first.
        self._move_undo_stacks(reversed(self._layer_steps), False)
        self.undone.emit()
        return True

    # --- signals
    def _on_index_changed(self, layer_step: _LayerStepCommands, index: int) -> None:
        if self._is_moving or self._has_ended or sip.isdeleted(layer_step.layer):
            return
        if layer_step.layer.undoStack().count() == 0:
            # Saved or rolled back; another signal reports which.
            return
        others = [other for other in reversed(self._layer_steps) if other is not layer_step]
        if layer_step.is_applied and index < layer_step.after:
            layer_step.is_applied = False
            self._undo_or_redo_on_layers([other for other in others if other.is_applied], False)
            if index > layer_step.before:
                self._move_undo_stacks([layer_step], False)
            if not self._is_rolling_back:
                self.undone.emit()
        elif (
            not layer_step.is_applied
            and index >= layer_step.after
            and layer_step._get_command_address(layer_step.after) == layer_step._last_command
        ):
            layer_step.is_applied = True
            self._undo_or_redo_on_layers([other for other in others if not other.is_applied], True)
            self.redone.emit()

    def _undo_or_redo_on_layers(self, layer_steps: list[_LayerStepCommands], redo: bool) -> None:
        """Undo or redo the other layer_steps, as far as no later edit is in the way."""
        able = [layer_step for layer_step in layer_steps if (layer_step.can_redo if redo else layer_step.is_last)]
        self._move_undo_stacks(able, redo)
        left = [
            layer_step.layer.name()
            for layer_step in layer_steps
            if layer_step not in able and not sip.isdeleted(layer_step.layer)
        ]
        if left:
            self.separated.emit(left)

    def _move_undo_stacks(self, layer_steps: Any, redo: bool) -> None:
        self._is_moving = True
        try:
            for layer_step in layer_steps:
                layer_step.is_applied = redo
                layer_step.layer.undoStack().setIndex(layer_step.after if redo else layer_step.before)
                layer_step.layer.triggerRepaint()
        finally:
            self._is_moving = False

    def _on_roll_back_began(self) -> None:
        # QGIS rolls back by undoing all commands, or the whole transaction at once.
        self._is_rolling_back = any(layer_step.is_applied for layer_step in self._layer_steps)

    def _on_rolled_back(self) -> None:
        if not self._has_ended and self._is_rolling_back:
            self.discarded.emit()
        self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.stop()
            self.ended.emit()

    def stop(self) -> None:
        """Disconnect from the layers."""
        connections, self._connections = self._connections, []
        for layer_step, signal, slot in connections:
            if not sip.isdeleted(layer_step.layer):
                signal.disconnect(slot)
