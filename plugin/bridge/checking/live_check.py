# SPDX-License-Identifier: GPL-2.0-or-later
"""Live check (实时检查): observe the layers of a check and re-check edited features in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import QgsFeature, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...core.cancellation import Cancellation
from ..editing.listener import EditListener, EditStep
from ..layers.reading import read_states as states_of
from ..running.tasks import Job, Runner, log_error
from ..texts import tr
from .findings_layer import make_features

if TYPE_CHECKING:
    from ...core.check import CheckResult, Options
    from ...core.live.session import EditBatch, FindingsChange

#: More changed features than these at once are a matter for a whole check.
LIMIT = 500
#: Commands come in bursts: what follows this soon is looked at together.
_SETTLE_MS = 60


class LiveCheck(QObject):
    """Follows layers from the moment they are read for a check; `judge` tells what that check found.

    ``rechecked(change, rows, step)``: what edits did to the findings (`core.live.session.FindingsChange`), the rows of the findings layer
    for those that are new or renewed, by id() of the finding, and the one command that did it (`EditStep`), None where
    it was not just one. ``waiting(count)``: changed features that are still to be checked. ``outdated``: edits can no longer be followed, only a whole
    check will do; it has stopped. On the main thread; the work is done elsewhere.
    """

    rechecked = pyqtSignal(object, dict, object)
    waiting = pyqtSignal(int)
    outdated = pyqtSignal()

    def __init__(self, runner: Runner, layers: Iterable[QgsVectorLayer], parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        self._listeners = {layer.id(): EditListener(layer, self) for layer in layers}
        self._roles: dict[str, str] = {}
        self._session: Any = None
        self._ready = self._paused = self._over = False
        self._queue: EditBatch | None = None
        self._job: Job | None = None
        #: Edit commands of the queued and of the running re-check, and the number of features of the latter.
        self._causes: list[EditStep | None] = []
        self._step: EditStep | None = None
        self._under_way = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self._settle)
        for edits in self._listeners.values():
            edits.commandEnded.connect(self._soon)
            edits.undone.connect(self._look_again)
            edits.lost.connect(self._give_up)

    # --- what it is told
    def judge(self, checked: CheckResult, options: Options, names: dict[str, str]) -> None:
        """The check is done. ``names``: the name a layer was checked by → its id in the project."""
        from ...core.live.session import EditBatch, IncrementalSession

        if self._over:
            self.outdated.emit()
            return
        self._roles = {names[layer.name]: role for role, layer in checked.plan.layers.items() if layer.name in names}
        for layer_id in self._listeners.keys() - self._roles.keys():
            self._listeners.pop(layer_id).stop()
        self._session, self._queue = IncrementalSession(checked, options), EditBatch()
        if not self._listeners:
            self.stop()
        elif any(edits.renumbered for edits in self._listeners.values()):
            # Saved while they were read: nobody knows by which of its two ids a feature was.
            self._give_up()
        else:
            self._soon()

    def pause(self, paused: bool) -> None:
        """While it is paused, edits are collected and not checked."""
        self._paused = paused
        self._soon()

    def stop(self) -> None:
        """Leave the layers alone. No answer comes any more."""
        self._over = True
        self._timer.stop()
        for edits in self._listeners.values():
            edits.stop()
        self._listeners.clear()
        if self._job is not None:
            self._job.forget()
        self._job = self._session = self._queue = None

    @property
    def idle(self) -> bool:
        """Is nothing under way and nothing waiting?"""
        return self._job is None and not self._timer.isActive() and not self._queue

    @property
    def waiting_count(self) -> int:
        """Number of changed features not yet re-checked."""
        queued = len(self._queue.states) if self._queue else 0
        return sum(edits.waiting for edits in self._listeners.values()) + queued + self._under_way

    # --- from signals to a batch
    def _soon(self) -> None:
        if not self._over and not self._timer.isActive():
            self._timer.start()
        self.waiting.emit(self.waiting_count)

    def _look_again(self) -> None:
        for edits in self._listeners.values():
            edits.check_state()
        self._soon()

    def _settle(self) -> None:
        """Once the commands of a moment are over: read what they changed."""
        if self._session is None or self._paused:
            return
        if any(edits.busy for edits in self._listeners.values()):
            self._timer.start()
            return
        for layer_id, edits in self._listeners.items():
            collected = edits.collect()
            if collected is None or not self._read(self._roles[layer_id], edits.layer, *collected):
                self._give_up()
                return
        self._go_on()

    def _read(
        self,
        role: str,
        layer: QgsVectorLayer,
        renamed: dict[int, int],
        fids: set[int],
        causes: list[EditStep | None],
    ) -> bool:
        """Put changed features on the queue as they stand now. False when they are too many."""
        from ...core.live.session import EditBatch

        if len(fids) > LIMIT:
            return False
        states = states_of(layer, fids) if fids else {}
        self._causes += causes
        self._queue.merge(EditBatch({role: renamed}, {(role, fid): state for fid, state in states.items()}))
        return len(self._queue.states) <= LIMIT

    # --- the work
    def _go_on(self) -> None:
        if self._job is not None:
            return
        if not self._ready:
            work = self._session
            self._start(lambda _progress, cancellation: work.prepare(cancellation), self._prepared, hidden=False)
        elif self._queue:
            from ...core.live.session import EditBatch

            batch, work = self._queue, self._session
            self._queue = EditBatch()
            causes, self._causes = self._causes, []
            self._step = causes[0] if len(causes) == 1 else None
            self._under_way = len(batch.states)
            self._start(lambda _progress, cancellation: _take(work, batch, cancellation), self._taken, hidden=True)

    def _start(self, doing: Callable[..., Any], done: Callable[[Any], None], *, hidden: bool) -> None:
        self._job = Job(
            tr("Getting ready to check edits"),
            doing,
            on_done=done,
            on_error=self._failed,
            on_cancelled=self._give_up,
            hidden=hidden,
        )
        self._runner.start(self._job)

    def _prepared(self, _nothing: Any) -> None:
        self._job, self._ready = None, True
        self._go_on()

    def _taken(self, answer: tuple[FindingsChange, dict[int, QgsFeature]]) -> None:
        self._job, self._under_way = None, 0
        if answer[0].rechecks:
            self.rechecked.emit(*answer, self._step)
        self.waiting.emit(self.waiting_count)
        if not self._over:
            self._go_on()

    def _failed(self, error: Exception) -> None:
        log_error(error)
        self._give_up()

    def _give_up(self) -> None:
        if not self._over:
            self.stop()
            self.outdated.emit()


def _take(work: Any, batch: EditBatch, cancellation: Cancellation) -> tuple[FindingsChange, dict[int, QgsFeature]]:
    change = work.take(batch, cancellation)
    new = [*change.found, *(now for _, now in change.renewed)]
    return change, {id(finding): row for finding, row in zip(new, make_features(new), strict=True)}
