# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply judged fixes to the layers of the project as one step, and log them in another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from qgis.core import Qgis, QgsProject, QgsTransaction, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..layers.properties import get_file_path
from ..project.saved_paths import find_path_next_to_layers
from ..running.portions import WAITING, Waiting
from ..running.threads import BackgroundMode
from ..texts import tr
from .commands import (
    ApplyRefused,
    PreparedEdits,
    prepare_edits,
    require_editable_layers,
    require_unchanged_rows,
)

if TYPE_CHECKING:
    from ...core.checks.live.session import FeatureKey
    from ...core.fixes.applied_edits import RowBefore
    from ...core.fixes.change_log import LogAction, PreparedRows
    from ...core.fixes.edits import Edits
    from ...core.fixes.proposal import FixTexts, Proposal
    from ...core.model.report import Report


@dataclass
class FixOrder:
    """Fixes to apply to the layers as one step.

    ``proposals``: the fixes, in the order in which they are applied; ``edits``: all edits of these fixes;
    ``rows_before``: the rows as they were when the edits were judged; ``label``: name of the step on the undo stack;
    ``who``: name of the person who applies it; ``documents``: layer code → document that allows the change of a sealed
    layer; ``number``: identifies the step in the change log; ``report``: of a check of the layers with these fixes,
    None if it was not run.
    """

    proposals: list[Proposal]
    edits: Edits
    rows_before: Mapping[FeatureKey, RowBefore]
    label: str
    who: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    number: str = field(default_factory=lambda: uuid4().hex[:8])
    report: Report | None = None


def find_layers_to_start_editing(order: FixOrder, layers: Mapping[str, QgsVectorLayer]) -> list[QgsVectorLayer]:
    """Return the layers that an order changes and that are not in edit mode yet.

    ``layers``: layer code → layer. Raise ApplyRefused if a layer to change cannot be edited, or if an undo could not
    restore it.
    """
    return [layer for layer in _require_suitable_layers(order, layers).values() if not layer.isEditable()]


def _require_suitable_layers(order: FixOrder, layers: Mapping[str, QgsVectorLayer]) -> dict[str, QgsVectorLayer]:
    """Return layer code → layer, for the layers that an order changes.

    Raise ApplyRefused if one of them cannot be edited, or if an undo could not restore it.
    """
    editable_layers = require_editable_layers(order.edits.roles, layers)
    if QgsProject.instance().transactionMode() == Qgis.TransactionMode.AutomaticGroups:
        # The undo of a new field leaves QGIS with a layer whose rows it cannot read.
        for new in order.edits.new_fields:
            layer = editable_layers[new.role]
            if QgsTransaction.supportsTransaction(layer):
                raise ApplyRefused(
                    tr(
                        "With automatic transaction groups, QGIS cannot undo the new field {field} of the layer "
                        "“{layer}”. Nothing was applied. Stop editing, choose another transaction mode in Project "
                        "Properties, Data Sources, then fix."
                    ).format(field=new.name, layer=layer.name())
                )
    return editable_layers


def start_editing(layers: list[QgsVectorLayer]) -> Generator[Waiting, None, None]:
    """Switch layers to edit mode, one in each turn; if one refuses, raise ApplyRefused and end the editing of all."""
    started_layers: list[QgsVectorLayer] = []
    for layer in layers:
        # Another layer of the same transaction may have started this one.
        if layer.isEditable():
            continue
        if not layer.startEditing():
            for other in started_layers:
                other.rollBack()
            raise ApplyRefused(
                tr(
                    "The layer “{layer}” cannot be switched to edit mode; another program may have its file open."
                ).format(layer=layer.name())
            )
        started_layers.append(layer)
        yield WAITING


def prepare_order(
    order: FixOrder, layers: Mapping[str, QgsVectorLayer], norm: Any
) -> Generator[None, None, PreparedEdits]:
    """Require that the rows of an order are as they were judged, and prepare its edits, in short steps.

    A generator that yields None between the steps and returns the edits for `write_edits`. The layers must be in edit
    mode, and must not change until `write_edits` is called.

    ``layers``: layer code → layer; ``norm``: standard and profile of the check. Raise ApplyRefused if a layer or a row
    is not as it was judged. Main thread only.
    """
    from ...core.fixes.edits import FixRefused, require_unsealed

    if not order.edits.rows and not order.edits.new_fields:
        raise ApplyRefused(tr("There is nothing to apply."))
    editable_layers = _require_suitable_layers(order, layers)
    try:
        require_unsealed(order.edits.roles, norm, order.documents)
    except FixRefused as refused:
        raise ApplyRefused(
            tr("The layer {role} is sealed and does not change.").format(role=refused.params.get("role", ""))
        ) from refused
    closed_layer_names = [layer.name() for layer in editable_layers.values() if not layer.isEditable()]
    if closed_layer_names:
        raise ApplyRefused(
            tr("The layer “{layer}” is not in edit mode. Nothing was applied.").format(layer=closed_layer_names[0])
        )
    # Rows that a fix only takes values from are of the edited layers too.
    yield from require_unchanged_rows(order.rows_before, editable_layers)
    prepared = yield from prepare_edits(order.edits, editable_layers)
    return prepared


@dataclass(frozen=True)
class ChangeLog:
    """The change log of a project's layers; ``path``: its file, None if nothing can be logged."""

    path: Path | None
    texts: FixTexts

    def append_action(self, order: FixOrder, action: LogAction, when: datetime | None = None) -> None:
        """Append an action (applied, undone, redone, discarded) on the fixes of an order to the change log.

        If the fixes open windows (开天窗), it is also appended to the register of windows. ``when``: time of the
        action, None for now. Raise OutputError if one of the two files cannot be written; both are then unchanged.
        """
        rows = self.prepare(order, action, when or datetime.now())
        if rows is not None:
            rows.commit()

    def prepare(self, order: FixOrder, action: LogAction, when: datetime) -> PreparedRows | None:
        """Write log and register with an action to temporary files; return them, None without a place for the log.

        Works in any thread. Raise OutputError as `append_action`.
        """
        from ...core.fixes.change_log import PreparedRows, make_rows_of_step

        if self.path is None:
            return None
        rows = make_rows_of_step(
            self.path, order.proposals, action, texts=self.texts, step=order.number, who=order.who, when=when
        )
        return PreparedRows(rows)


def find_change_log_path(layers: Mapping[str, QgsVectorLayer]) -> Path | None:
    """Return the path of the change log of layers (layer code → layer), which need not exist; None without a place."""
    from ...core.fixes.change_log import CHANGE_LOG_SUFFIX

    return find_path_next_to_layers(QgsProject.instance(), map(get_file_path, layers.values()), CHANGE_LOG_SUFFIX)


class LogWriter(QObject):
    """Writes actions on applied fixes to change logs, in their order.

    Signal ``failed(error)``: an action could not be written. Methods are for the main thread.
    """

    failed = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._executor: ThreadPoolExecutor | None = None
        #: Only one action is written at a time.
        self._lock = threading.Lock()

    def write(self, log: ChangeLog, order: FixOrder, action: LogAction) -> None:
        """Write an action after those that wait; ``failed`` reports an error."""
        self._submit(partial(log.append_action, order, action, datetime.now())).add_done_callback(self._report_failure)

    def prepare(self, log: ChangeLog, order: FixOrder, action: LogAction) -> PreparedLog:
        """Prepare an action, after those that wait are written, to be committed with the edits that it is on."""
        return PreparedLog(self._submit(partial(log.prepare, order, action, datetime.now())), self._lock)

    def stop(self) -> None:
        """Wait until all actions are written."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "sanxian-change-log")
        # In this thread, the collection could delete objects of the main thread.
        background_mode = BackgroundMode()

        def run() -> Any:
            try:
                with self._lock:
                    return work()
            finally:
                background_mode.release()

        return self._executor.submit(run)

    def _report_failure(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self.failed.emit(error)


@dataclass(eq=False)
class PreparedLog:
    """An action on applied fixes that is being prepared in another thread.

    `discard` after `commit` does nothing.
    """

    future: Future[PreparedRows | None]
    lock: threading.Lock

    def commit(self, write_again: Callable[[], None]) -> None:
        """Put the prepared files in place; raise OutputError if that fails or their preparation failed.

        ``write_again`` is called instead if the log was written in the meantime.
        """
        rows = self.future.result()
        if rows is None:
            return
        with self.lock:
            if rows.is_current:
                rows.commit()
            else:
                rows.discard()
                write_again()

    def discard(self) -> None:
        """Leave the log as it is, as soon as the preparation has ended."""
        self.future.add_done_callback(_discard_rows)


def _discard_rows(future: Future[PreparedRows | None]) -> None:
    if future.exception() is None and (rows := future.result()) is not None:
        rows.discard()
