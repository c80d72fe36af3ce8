# SPDX-License-Identifier: GPL-2.0-or-later
"""One step of applied fixes: an edit command on each layer, undone and redone together."""

from __future__ import annotations

from functools import partial
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..editing.listener import get_command_address
from .commands import LayerCommands


class _LayerStepCommands(QObject):
    """The undo commands that one step of fixes put on the undo stack of a layer."""

    def __init__(self, commands: LayerCommands, parent: QObject):
        super().__init__(parent)
        self.layer, self.before, self.after = commands.layer, commands.before, commands.after
        self.is_applied = True
        self._last_command = get_command_address(self.layer.undoStack(), self.after - 1)

    @property
    def has_own_command(self) -> bool:
        """Return True if the last command of this step is still on the undo stack, at its place."""
        return get_command_address(self.layer.undoStack(), self.after - 1) == self._last_command

    def is_at(self, index: int) -> bool:
        """Return True if the undo stack is at an index, still has the commands of this step, and may be moved."""
        # Without an edit buffer, QGIS would crash.
        if sip.isdeleted(self.layer) or not self.layer.isEditable() or self.layer.editBuffer() is None:
            return False
        stack = self.layer.undoStack()
        return not self.layer.isEditCommandActive() and stack.index() == index and self.has_own_command


class FixStep(QObject):
    """One step of applied fixes, over all layers that it changed.

    QGIS has an undo stack for each layer. When the user undoes or redoes the step on one layer, with any tool of QGIS,
    this object undoes or redoes it on all other layers. When one layer is rolled back, the others are undone.

    Signals: ``undone`` and ``redone``, once for all layers; ``discarded``: the edits were rolled back; ``ended``: the
    step cannot be undone or redone any more: it was saved or discarded, another edit followed its undo, or a layer was
    removed; ``separated(names)``: names of layers on which the step was not undone or redone, because they have later
    edits.
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
    def layers(self) -> list[QgsVectorLayer]:
        """Return the layers that the step changed, without deleted layers."""
        return [layer_step.layer for layer_step in self._layer_steps if not sip.isdeleted(layer_step.layer)]

    @property
    def is_applied(self) -> bool:
        """Return True if the step is not undone on any layer."""
        return all(layer_step.is_applied for layer_step in self._layer_steps)

    @property
    def can_undo(self) -> bool:
        """Return True if `undo` would undo this step and no other edit."""
        # A layer with a later edit is not there any more.
        return (
            not self._has_ended
            and self.is_applied
            and all(layer_step.is_at(layer_step.after) for layer_step in self._layer_steps)
        )

    def undo(self) -> bool:
        """Undo the step on all layers and return True; return False if a later edit exists."""
        if not self.can_undo:
            return False
        # In a transaction, undo of a layer also takes back what was written after it in other layers: the last first.
        self._move_undo_stacks(reversed(self._layer_steps), False)
        self.undone.emit()
        return True

    def redo(self) -> None:
        """Redo the step on all layers unless one of them has another edit since its undo."""
        if not self._has_ended and all(layer_step.is_at(layer_step.before) for layer_step in self._layer_steps):
            self._move_undo_stacks(self._layer_steps, True)
            self.redone.emit()

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
            separated = self._undo_or_redo_on_layers([other for other in others if other.is_applied], False)
            if index > layer_step.before:
                self._move_undo_stacks([layer_step], False)
            if not self._is_rolling_back:
                self.undone.emit()
        elif not layer_step.is_applied and index >= layer_step.after and layer_step.has_own_command:
            layer_step.is_applied = True
            separated = self._undo_or_redo_on_layers([other for other in others if not other.is_applied], True)
            self.redone.emit()
        else:
            if not layer_step.is_applied and not layer_step.has_own_command:
                # Another edit took the place of the undone commands.
                self._end()
            return
        if separated:
            self.separated.emit(separated)

    def _undo_or_redo_on_layers(self, layer_steps: list[_LayerStepCommands], redo: bool) -> list[str]:
        """Undo or redo layer_steps where no later edit is in the way; return the names of the other layers."""
        able = [
            layer_step
            for layer_step in layer_steps
            if layer_step.is_at(layer_step.before if redo else layer_step.after)
        ]
        self._move_undo_stacks(able, redo)
        return [
            layer_step.layer.name()
            for layer_step in layer_steps
            if layer_step not in able and not sip.isdeleted(layer_step.layer)
        ]

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
