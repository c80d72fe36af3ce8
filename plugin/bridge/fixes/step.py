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

    @property
    def _can_move_undo_stack(self) -> bool:
        """Return True if the layer's undo stack may be moved: without an edit buffer, QGIS would crash."""
        if sip.isdeleted(self.layer) or not self.layer.isEditable() or self.layer.editBuffer() is None:
            return False
        return not self.layer.isEditCommandActive()

    @property
    def is_last(self) -> bool:
        """Return True if this layer has no later edit, so that undo reverts only the commands of this step."""
        if not self._can_move_undo_stack:
            return False
        return (
            self.layer.undoStack().index() == self.after and self._get_command_address(self.after) == self._last_command
        )

    @property
    def can_redo(self) -> bool:
        if not self._can_move_undo_stack:
            return False
        return (
            self.layer.undoStack().index() == self.before
            and self._get_command_address(self.after) == self._last_command
        )

    def move_to(self, index: int) -> None:
        """Undo or redo the commands of this part."""
        self.layer.undoStack().setIndex(index)
        self.layer.triggerRepaint()


class FixStep(QObject):
    """One step of applied fixes, over all layers that it changed.

    QGIS has an undo stack for each layer. When the user undoes or redoes the part of one layer, with any tool of
    QGIS, this object does the same with the parts of the others. A roll-back of one layer undoes the others' parts too.

    Signals: ``undone`` and ``redone`` once for all layers; ``discarded``: the edits were rolled back; ``ended``: the
    step was saved or discarded, or a layer was removed, and cannot be undone any more; ``separated(names)``: layers
    that could not follow, because they have later edits.
    """

    undone = pyqtSignal()
    redone = pyqtSignal()
    discarded = pyqtSignal()
    ended = pyqtSignal()
    separated = pyqtSignal(list)

    def __init__(self, label: str, commands: list[LayerCommands], parent: QObject | None = None):
        super().__init__(parent)
        self.label = label
        self._parts = [_LayerStepCommands(one, self) for one in commands]
        self._is_moving = self._has_ended = self._is_rolling_back = False
        self._connections: list[tuple[_LayerStepCommands, Any, Any]] = []
        for part in self._parts:
            layer = part.layer
            for signal, slot in (
                (layer.undoStack().indexChanged, partial(self._on_index_changed, part)),
                (layer.beforeRollBack, self._on_roll_back_began),
                (layer.afterRollBack, self._on_rolled_back),
                (layer.afterCommitChanges, self._end),
                (layer.willBeDeleted, self._end),
            ):
                signal.connect(slot)
                self._connections.append((part, signal, slot))

    @property
    def layer_names(self) -> list[str]:
        return [part.layer.name() for part in self._parts if not sip.isdeleted(part.layer)]

    @property
    def is_applied(self) -> bool:
        """Return True if no part of the step was undone."""
        return all(part.is_applied for part in self._parts)

    @property
    def can_undo(self) -> bool:
        """Return True if `undo` takes back this step and nothing else."""
        return not self._has_ended and self.is_applied and all(part.is_last for part in self._parts)

    def undo(self) -> bool:
        """Undo the step on all layers and return True; return False if a later edit exists."""
        if not self.can_undo:
            return False
        # In a transaction, undo of a layer also takes back what was written after it in other layers: the last first.
        self._move_undo_stacks(reversed(self._parts), False)
        self.undone.emit()
        return True

    # --- signals
    def _on_index_changed(self, part: _LayerStepCommands, index: int) -> None:
        if self._is_moving or self._has_ended or sip.isdeleted(part.layer):
            return
        if part.layer.undoStack().count() == 0:
            # Saved or rolled back; another signal reports which.
            return
        others = [other for other in reversed(self._parts) if other is not part]
        if part.is_applied and index < part.after:
            part.is_applied = False
            self._undo_or_redo_parts([other for other in others if other.is_applied], False)
            if index > part.before:
                self._move_undo_stacks([part], False)
            if not self._is_rolling_back:
                self.undone.emit()
        elif (
            not part.is_applied and index >= part.after and part._get_command_address(part.after) == part._last_command
        ):
            part.is_applied = True
            self._undo_or_redo_parts([other for other in others if not other.is_applied], True)
            self.redone.emit()

    def _undo_or_redo_parts(self, parts: list[_LayerStepCommands], redo: bool) -> None:
        """Undo or redo the other parts, as far as no later edit is in the way."""
        able = [part for part in parts if (part.can_redo if redo else part.is_last)]
        self._move_undo_stacks(able, redo)
        left = [part.layer.name() for part in parts if part not in able and not sip.isdeleted(part.layer)]
        if left:
            self.separated.emit(left)

    def _move_undo_stacks(self, parts: Any, redo: bool) -> None:
        self._is_moving = True
        try:
            for part in parts:
                part.is_applied = redo
                part.move_to(part.after if redo else part.before)
        finally:
            self._is_moving = False

    def _on_roll_back_began(self) -> None:
        # QGIS rolls back by undoing all commands, or the whole transaction at once.
        self._is_rolling_back = any(part.is_applied for part in self._parts)

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
        for part, signal, slot in connections:
            if not sip.isdeleted(part.layer):
                signal.disconnect(slot)
