# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply fixes to the project's layers, report it with an undo button, and log undo and redo."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton

from ...bridge import settings
from ...bridge.fixes.apply import (
    ChangeLog,
    FixOrder,
    LogWriter,
    PreparedLog,
    find_change_log_path,
    find_layers_to_start_editing,
    prepare_order,
    start_editing,
)
from ...bridge.fixes.commands import ApplyRefused, write_edits
from ...bridge.fixes.step import FixStep
from ...bridge.running.portions import WAITING, Waiting, run_to_end
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ..widgets import messages


def get_person_name() -> str:
    """Return the name of the person who applies fixes, for the change log.

    The last author of a waiver is taken, else the user of this computer.
    """
    from ...core.fixes.change_log import get_user_name

    return settings.read_setting(settings.WAIVER_AUTHOR, "") or get_user_name()


class FixApplier(QObject):
    """Applies chosen fixes to the layers, one undo step for each `FixOrder`.

    It keeps the steps as long as they can be undone. Signals: ``applied(order)``: a step was applied or redone;
    ``reverted(order)``: a step was undone or rolled back.
    """

    applied = pyqtSignal(object)
    reverted = pyqtSignal(object)

    def __init__(self, iface: Any, parent: QObject | None = None):
        super().__init__(parent)
        self._iface = iface
        self.messages = messages.MessageBarMessages(iface, tr("Fix"))
        self.log_writer = LogWriter(self)
        self.log_writer.failed.connect(self._warn_of_missing_log_rows)
        #: Steps that can still be undone or redone.
        self.steps: list[FixStep] = []
        #: The step that the message calls applied or undone.
        self._reported_step: FixStep | None = None

    def stop(self) -> None:
        """Close the message and forget the steps, which the user can still undo with QGIS."""
        self.messages.close()
        steps, self.steps = self.steps, []
        for step in steps:
            step.stop()
        # Wait until the change log has all steps so far.
        self.log_writer.stop()

    def apply(self, order: FixOrder, layers: Mapping[str, QgsVectorLayer], norm: Any, texts: Any) -> str:
        """Apply an order as one step; return why it was refused, else an empty text.

        Layers are switched to edit mode where needed. ``layers``: layers of the check by role; ``norm``: standard and
        profile of the check; ``texts``: `core.fixes.proposal.FixTexts`.
        """
        return run_to_end(self.apply_in_steps(order, layers, norm, texts))

    def apply_in_steps(
        self,
        order: FixOrder,
        layers: Mapping[str, QgsVectorLayer],
        norm: Any,
        texts: Any,
        is_current: Callable[[], bool] = lambda: True,
    ) -> Generator[Waiting | None, None, str]:
        """Apply an order as `apply` does, in short steps of which only the last one writes.

        A generator that yields None, or `WAITING`, between the steps and returns the reason of a refusal, else an empty
        text. If it is closed before the last step, nothing is written. ``is_current``: returns False if a layer was
        edited since the fixes were tried; the order is then refused.
        """
        from ...core.fixes.change_log import LogAction

        log = ChangeLog(find_change_log_path(layers), texts)
        prepared_log: PreparedLog | None = None
        layers_to_edit: list[QgsVectorLayer] = []
        is_applied = False
        try:
            layers_to_edit = find_layers_to_start_editing(order, layers)
            yield from start_editing(layers_to_edit)
            prepared_log = self.log_writer.prepare(log, order, LogAction.APPLIED)
            prepared = yield from prepare_order(order, layers, norm)
            # All edits are written in one turn of the event loop; it has nothing else to do.
            yield WAITING
            while not prepared_log.future.done():
                yield WAITING
            if not is_current():
                raise ApplyRefused(
                    tr("A layer was edited meanwhile; nothing was applied. Try again and check the list.")
                )
            write_log = partial(prepared_log.commit, partial(log.append_action, order, LogAction.APPLIED))
            step = FixStep(order.label, write_edits(prepared, norm.standard.templates, order.label, write_log))
            is_applied = True
        except (ApplyRefused, SanxianError) as refused:
            return str(refused) if isinstance(refused, ApplyRefused) else messages.explain_error(refused)
        finally:
            if not is_applied:
                if prepared_log is not None:
                    prepared_log.discard()
                for layer in layers_to_edit:
                    if not sip.isdeleted(layer) and layer.isEditable() and not layer.isModified():
                        layer.rollBack()
        step.setParent(self)
        self.steps.append(step)
        for signal, action, report in (
            (step.undone, LogAction.UNDONE, self.reverted),
            (step.redone, LogAction.REDONE, self.applied),
            (step.discarded, LogAction.DISCARDED, self.reverted),
        ):
            signal.connect(partial(self.log_writer.write, log, order, action))
            signal.connect(partial(report.emit, order))
        step.undone.connect(partial(self._report_undo, step, order, log))
        step.redone.connect(partial(self._report_step, step, order, log))
        step.separated.connect(self._warn_of_partial_undo)
        step.ended.connect(lambda: self._drop_step(step))
        try:
            # Message and list of findings are updated in another turn of the event loop; a later one closes the window.
            yield WAITING
        finally:
            if step.is_applied:
                self._report_step(step, order, log)
                self.applied.emit(order)
        yield WAITING
        return ""

    def _drop_step(self, step: FixStep) -> None:
        if self._reported_step is step:
            # The edits are saved or gone: no message may call them unsaved, or offer to undo or redo them.
            self.messages.close()
        if step in self.steps:
            self.steps.remove(step)
            step.deleteLater()

    def _warn_of_missing_log_rows(self, error: Exception) -> None:
        self.messages.show_warning(
            tr("The change log does not have this undo or redo. {reason}").format(
                reason=messages.explain_and_log(error, type(error).__name__)
            )
        )

    def _warn_of_partial_undo(self, layer_names: list[str]) -> None:
        self.messages.show_warning(
            tr(
                "A fix over several layers was undone or redone in part: “{layers}” has later edits. Undo those, "
                "then the fix."
            ).format(layers=tr(", ").join(layer_names))
        )

    def _report_step(self, step: FixStep, order: FixOrder, log: ChangeLog) -> None:
        from ...core.fixes.change_log import find_register_path

        text = tr("{count} fixes applied. Save “{layers}” to keep the changes.")
        if not order.proposals[0].fix.solves:
            text = tr("{label} applied. Save “{layers}” to keep the changes.")
        elif len(order.proposals) == 1:
            text = tr("{fix}. Save “{layers}” to keep the changes.")
        text = text.format(
            label=order.label,
            fix=log.texts.make_sentence(order.proposals[0]).rstrip("。."),
            count=len(order.proposals),
            layers=tr(", ").join(layer.name() for layer in step.layers),
        )
        if log.path is not None:
            text = tr("{first} {second}").format(first=text, second=tr("Logged in {file}.").format(file=log.path.name))
            if any(proposal.windows for proposal in order.proposals):
                registered = tr("Windows in the boundary (开天窗) are registered in {file}.").format(
                    file=find_register_path(log.path).name
                )
                text = tr("{first} {second}").format(first=text, second=registered)
        self.messages.show_message(text, "success")
        self.messages.add_button(UndoFixButton(step))
        self._reported_step = step
        # Ctrl+Z of QGIS undoes an edit of the current layer only.
        layers = step.layers
        if layers and self._iface.activeLayer() not in layers:
            self._iface.setActiveLayer(layers[0])

    def _report_undo(self, step: FixStep, order: FixOrder, log: ChangeLog) -> None:
        text = tr("{count} fixes undone: the data are as before, the layers still in edit mode.")
        is_draft = not order.proposals[0].fix.solves
        if len(order.proposals) == 1:
            text = tr("Undone: {fix}. The data are as before, the layers still in edit mode.")
        fix = order.label if is_draft else log.texts.make_sentence(order.proposals[0]).rstrip("。.")
        text = text.format(fix=fix, count=len(order.proposals))
        self.messages.show_message(text, "info", (tr("Redo Fix"), step.redo))
        self._reported_step = step


class UndoFixButton(QPushButton):
    """Button 撤销修复, which undoes a step of fixes on all its layers."""

    def __init__(self, step: FixStep):
        super().__init__(tr("Undo Fix"), objectName="SanxianUndoFix")
        self._step = step
        self.clicked.connect(self._undo)

    def _undo(self) -> None:
        if not self._step.undo():
            self.setEnabled(False)
            self.setToolTip(tr("A later edit exists, or the fix was already undone or saved. Use Undo of QGIS."))
