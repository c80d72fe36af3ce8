# SPDX-License-Identifier: GPL-2.0-or-later
"""Live check (实时检查): re-checks edited features in the background."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsFeature, QgsMessageLog, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...core.base.errors import Cancellation
from ...core.base.parallel.process_state import CollectionExclusion, remove_one_by_one, return_free_memory
from ..editing.listener import EditListener, EditStep
from ..layers.reading import StateReader, make_state_reader, read_feature_state_by_id
from ..running.tasks import LOG_TAG, BackgroundJob, JobRunner, log_error
from ..running.threads import post_to_main
from ..texts import tr
from .findings_layer import make_finding_features

if TYPE_CHECKING:
    from ...core.checks.check import CheckResult, RunOptions
    from ...core.checks.live.edited_rows import EditedRows
    from ...core.checks.live.session import EditBatch, FeatureKey, FindingsChange

#: work(checked, options, session, progress, cancellation) → result; see `LiveCheck.run_trial`.
TrialFunction = Callable[..., Any]
#: More changed features at once require a complete check.
MAX_CHANGED_FEATURES = 500
#: More changed features are not read on the main thread, where that takes a tenth of a millisecond each.
MAX_FEATURES_READ_AT_ONCE = 20
#: Commands occur in bursts: those within this time are read together. The first one after a rest is read earlier, so
#: that messages and figures follow a single edit at once.
_READ_DELAY_MS, _FIRST_READ_DELAY_MS = 60, 10
#: The same after a step of many fixes: list and map are updated first, which the re-check would slow down, because
#: Python runs one thread at a time.
_READ_DELAY_AFTER_STEP_MS = 500


@dataclass(frozen=True)
class UnreadState:
    """Placeholder for the values of a changed feature that the re-check will read in its own thread.

    Used for edits of very many features. ``fid``: feature id when the reader was created.
    """

    reader: StateReader
    fid: int


class LiveCheck(QObject):
    """Re-checks features of the checked layers after they were edited.

    It observes the layers from the moment they are read for a check; `begin_from_result` passes the check's result.
    Methods run on the main thread, re-checks in another one. `run_trial` tries edits on a copy of the rows.

    Signals: ``indicators_changed(indicators, stale_ids)``: the county's indicators with all edits so far, before the
    findings; ``rechecked(change, rows, step)``: the findings have changed (`core.checks.live.session.FindingsChange`,
    without its changed rows); ``rows``: features of the findings layer for new or changed findings, by id() of the
    finding;
    ``step``: the edit command (`EditStep`), None for several commands. ``waiting(count)``: number of changed features
    not yet re-checked. ``saved(role)``: edits of a layer were saved. ``outdated``: the live check has stopped, because
    it cannot follow the edits; a complete check is needed.
    """

    indicators_changed = pyqtSignal(tuple, frozenset)
    rechecked = pyqtSignal(object, dict, object)
    waiting = pyqtSignal(int)
    saved = pyqtSignal(str)
    outdated = pyqtSignal()

    def __init__(self, runner: JobRunner, layers: Iterable[QgsVectorLayer], parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        self._listeners = {layer.id(): EditListener(layer, self) for layer in layers}
        self._roles: dict[str, str] = {}
        self._check_session: Any = None
        self._exclusion = CollectionExclusion()
        #: Result and options of the complete check that the session began from.
        self._checked: Any = None
        self._options: Any = None
        self._is_ready = self._is_paused = self._is_stopped = False
        self._queued_edits: EditBatch | None = None
        self._job: BackgroundJob | None = None
        self._queued_trial: BackgroundJob | None = None
        self._running_trial: BackgroundJob | None = None
        #: Number of features of edits that were announced and not yet read.
        self._announced = 0
        #: Counts the edit commands, so that a trial's result is known to be of the present state.
        self.revision = 0
        #: Edit commands of the queued and of the running re-check, and the number of features of the latter.
        self._queued_causes: list[EditStep | None] = []
        self._last_edit_step: EditStep | None = None
        self._features_under_way: frozenset[FeatureKey] = frozenset()
        #: Monotonic time (s) of the last reading of changes.
        self._last_read = -math.inf
        self._timer = QTimer(self, singleShot=True, timeout=self._read_changes)
        for edits in self._listeners.values():
            edits.commandEnded.connect(self._on_command_ended)
            edits.undone.connect(self._on_undone_in_transaction)
            edits.lost.connect(self._stop_as_outdated)
            edits.saved.connect(partial(self._report_saving, edits.layer.id()))

    # --- input
    def begin_from_result(
        self, check_result: CheckResult, options: RunOptions, layer_id_by_name: dict[str, str]
    ) -> None:
        """Start re-checking edits against the result of a complete check.

        ``layer_id_by_name``: name of each layer in the check → layer id in the project.
        """
        from ...core.checks.live.session import EditBatch, IncrementalSession

        if self._is_stopped:
            self.outdated.emit()
            return
        self._roles = {
            layer_id_by_name[layer.name]: role
            for role, layer in check_result.plan.layers.items()
            if layer.name in layer_id_by_name
        }
        for layer_id in self._listeners.keys() - self._roles.keys():
            self._listeners.pop(layer_id).stop()
        self._checked, self._options = check_result, options
        self._check_session, self._queued_edits = IncrementalSession(check_result, options), EditBatch()
        if not self._listeners:
            self.stop()
        elif any(edits.renamed_features for edits in self._listeners.values()):
            # Saved while they were read: it is unknown which of its two ids a feature had.
            self._stop_as_outdated()
        else:
            self._schedule_read()

    def set_paused(self, paused: bool) -> None:
        """Pause re-checks if ``paused``, else resume them; edits are collected in both cases."""
        self._is_paused = paused
        self._schedule_read()

    def stop(self) -> None:
        """Disconnect from the layers; a running re-check emits no signal any more."""
        self._is_stopped = True
        self._timer.stop()
        for edits in self._listeners.values():
            edits.stop()
        self._listeners.clear()
        self._drop_trials()
        self._exclusion.end()
        if self._job is not None and self._job is not self._running_trial:
            self._job.cancel_and_disconnect()
        self._job = self._check_session = self._queued_edits = self._checked = self._options = None

    # --- trials
    @property
    def can_run_trials(self) -> bool:
        """Return True if there is a result on whose copy fixes can be tried."""
        return self._check_session is not None

    def copy_edited_rows(self) -> EditedRows | None:
        """Return a copy of the rows with the edits that were re-checked, for another thread.

        None while a re-check or a trial uses the rows, and before the session is prepared.
        """
        if self._check_session is None or not self._is_ready or self._job is not None:
            return None
        rows: EditedRows = self._check_session.checker.rows.fork()
        return rows

    def get_layer_by_role(self) -> dict[str, QgsVectorLayer]:
        """Return role (code of the plan layer) → observed layer."""
        return {self._roles[layer_id]: edits.layer for layer_id, edits in self._listeners.items() if self._roles}

    def run_trial(
        self,
        title: str,
        work: TrialFunction,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        on_cancelled: Callable[[], None],
    ) -> BackgroundJob:
        """Run a trial of edits in another thread, on a copy of the present rows and findings; return the job.

        ``work(check_result, options, session, progress, cancellation)``: tries edits on a fork of the session and must
        not change the session itself; ``on_done``: called with its result; ``title``: name of the task. The trial
        starts after the queued re-checks. An edit of a layer, another trial and the end of the live check cancel it.
        """
        self._drop_trials()
        check_result, options, session = self._checked, self._options, self._check_session

        def run(progress: Callable[[float, str], None], cancellation: Cancellation) -> Any:
            trial_result = work(check_result, options, session, progress, cancellation)
            # A result lives until the window that displays it is closed.
            self._exclusion.exclude_existing_objects()
            return trial_result

        def end(callback: Callable[..., None]) -> Callable[..., None]:
            def call(*callback_args: Any) -> None:
                if self._running_trial is trial_job:
                    self._running_trial = self._job = None
                if self._queued_trial is trial_job:
                    self._queued_trial = None
                callback(*callback_args)
                if not self._is_stopped:
                    self._start_next_recheck()

            return call

        trial_job = BackgroundJob(
            title, run, on_done=end(on_done), on_error=end(on_error), on_cancelled=end(on_cancelled)
        )
        self._queued_trial = trial_job
        self._start_next_recheck()
        return trial_job

    def increase_change_limit_by(self, count: int) -> None:
        """Accept ``count`` more changed features, which an applied fix is known to change, before the live check stops.

        The live check stops if an edit command changes too many features.
        Features and effects of the fix are known from its trial, so the re-check may begin a little later.
        """
        self._announced += count
        if count > MAX_FEATURES_READ_AT_ONCE and self._timer.isActive():
            self._timer.start(_READ_DELAY_AFTER_STEP_MS)

    def _drop_trials(self) -> None:
        """Cancel the running trial, and the queued one, which never starts."""
        queued, self._queued_trial = self._queued_trial, None
        if queued is not None:
            queued.cancel()
            queued.finished(False)
        if self._running_trial is not None:
            self._running_trial.cancel()

    @property
    def is_idle(self) -> bool:
        """Return True if no re-check is running or queued."""
        return (
            self._job is None and not self._timer.isActive() and not self._queued_edits and self._queued_trial is None
        )

    @property
    def waiting_count(self) -> int:
        """Return the number of changed features not yet re-checked."""
        queued = len(self._queued_edits.states_by_feature) if self._queued_edits else 0
        return (
            sum(len(edits.waiting_fids) for edits in self._listeners.values()) + queued + len(self._features_under_way)
        )

    @property
    def waiting_features(self) -> set[FeatureKey]:
        """Return the changed features not yet re-checked."""
        features = set(self._features_under_way)
        if self._queued_edits:
            features |= self._queued_edits.states_by_feature.keys()
        for layer_id, edits in self._listeners.items():
            if layer_id in self._roles:
                features |= {(self._roles[layer_id], fid) for fid in edits.waiting_fids}
        return features

    @property
    def has_unsaved_edits(self) -> bool:
        """Return True if any observed layer has edits that are not saved."""
        return any(edits.unsaved_fids for edits in self._listeners.values())

    def find_unsaved_features(self, features: Iterable[FeatureKey]) -> set[FeatureKey]:
        """Return those of the given features that have unsaved edits."""
        unsaved = {
            (self._roles[layer_id], fid)
            for layer_id, edits in self._listeners.items()
            if layer_id in self._roles
            for fid in edits.unsaved_fids
        }
        return unsaved.intersection(features)

    # --- from signals to a batch
    def _schedule_read(self) -> None:
        waiting_count = self.waiting_count
        # A step of many fixes announces its features before they are read (`increase_change_limit_by`).
        is_large = waiting_count > MAX_FEATURES_READ_AT_ONCE
        is_in_burst = 1000 * (time.monotonic() - self._last_read) < _READ_DELAY_MS
        is_early = self._timer.isActive() and self._timer.interval() == _FIRST_READ_DELAY_MS
        if not self._is_stopped and (not self._timer.isActive() or (is_early and is_large)):
            self._timer.start(_READ_DELAY_MS if is_in_burst or is_large else _FIRST_READ_DELAY_MS)
        self.waiting.emit(waiting_count)

    def _on_command_ended(self) -> None:
        self.revision += 1
        self._drop_trials()
        self._schedule_read()

    def _report_saving(self, layer_id: str) -> None:
        # Before the check has ended, the roles of the layers are unknown; it reads what was saved.
        if layer_id in self._roles and not self._is_stopped:
            self.saved.emit(self._roles[layer_id])

    def _on_undone_in_transaction(self) -> None:
        for edits in self._listeners.values():
            edits.recollect_unsaved_changes()
        self._schedule_read()

    def _read_changes(self) -> None:
        """Read the features changed by a quick series of edit commands."""
        self._last_read = time.monotonic()
        if self._check_session is None:
            return
        if self._is_paused:
            self._start_next_recheck()
            return
        if any(edits.layer.isEditCommandActive() for edits in self._listeners.values()):
            # The changes of a running command may still be reverted.
            self._timer.start(_READ_DELAY_MS)
            return
        for layer_id, edits in self._listeners.items():
            edit_changes = edits.collect_changes()
            if edit_changes is None or not self._queue_changed_features(
                self._roles[layer_id], edits.layer, *edit_changes
            ):
                self._stop_as_outdated()
                return
        self._start_next_recheck()

    def _queue_changed_features(
        self,
        role: str,
        layer: QgsVectorLayer,
        new_fid_by_old: dict[int, int],
        fids: set[int],
        causes: list[EditStep | None],
    ) -> bool:
        """Queue features changed in one layer with their current values.

        Return False if too many features changed to re-check them. ``new_fid_by_old``: old → new feature id;
        ``fids``: ids of the changed features; ``causes``: edit commands that changed them.
        """
        from ...core.checks.live.session import EditBatch

        # Saved features have other ids but the same content.
        self._announced += len(new_fid_by_old)
        limit = MAX_CHANGED_FEATURES + self._announced
        if len(fids) > limit:
            return False
        states: dict[int, Any] = {}
        if len(fids) > MAX_FEATURES_READ_AT_ONCE:
            # The re-check reads them in its own thread, as they are now.
            reader = make_state_reader(layer)
            states = {fid: UnreadState(reader, fid) for fid in fids}
        elif fids:
            states = read_feature_state_by_id(layer, fids)
        self._queued_causes += causes
        self._queued_edits.merge(
            EditBatch({role: new_fid_by_old}, {(role, fid): state for fid, state in states.items()})
        )
        return len(self._queued_edits.states_by_feature) <= limit

    # --- re-checks
    def _start_next_recheck(self) -> None:
        if self._job is not None or self._check_session is None:
            return
        if not self._is_ready:
            check_session = self._check_session
            # Garbage of the former check would be excluded from collections together with the new session.
            gc.collect()
            self._start_job(
                lambda _progress, cancellation: self._prepare_session(check_session, cancellation),
                self._on_prepared,
                is_hidden=False,
            )
        elif self._queued_edits:
            from ...core.checks.live.session import EditBatch

            batch, check_session = self._queued_edits, self._check_session
            self._queued_edits, self._announced = EditBatch(), 0
            causes, self._queued_causes = self._queued_causes, []
            self._last_edit_step = causes[0] if len(causes) == 1 else None
            self._features_under_way = frozenset(batch.states_by_feature)
            self._start_job(
                lambda _progress, cancellation: self._recheck_batch(check_session, batch, cancellation),
                self._on_rechecked,
                is_hidden=True,
            )
        elif self._queued_trial is not None and not self._timer.isActive():
            self._running_trial, self._queued_trial = self._queued_trial, None
            self._job = self._running_trial
            self._runner.start(self._job)

    def _prepare_session(self, check_session: Any, cancellation: Cancellation) -> None:
        check_session.prepare(cancellation)
        # That of the former result.
        return_free_memory()
        self._exclusion.exclude_existing_objects()

    def _recheck_batch(
        self, check_session: Any, batch: EditBatch, cancellation: Cancellation
    ) -> tuple[FindingsChange, dict[int, QgsFeature]]:
        """Check edited features again, in another thread.

        Return the change of findings, without its changed rows, and the features of the findings layer by id() of each
        new or changed finding.
        """
        fids_by_reader: dict[StateReader, list[int]] = {}
        for state in batch.states_by_feature.values():
            if isinstance(state, UnreadState):
                fids_by_reader.setdefault(state.reader, []).append(state.fid)
        states_by_reader = {reader: reader(fids) for reader, fids in fids_by_reader.items()}
        for feature, state in batch.states_by_feature.items():
            if isinstance(state, UnreadState):
                batch.states_by_feature[feature] = states_by_reader[state.reader][state.fid]
        cancellation.raise_if_cancelled()
        change = check_session.check_edits(
            batch,
            cancellation,
            lambda *indicators: post_to_main(partial(self._take_indicators, *indicators)),
        )
        new = [*change.new_findings, *(changed_finding for _, changed_finding in change.changed_findings)]
        # The desktop does not need them, and freeing them there would stop it.
        remove_one_by_one(change.row_changes)
        if len(batch.states_by_feature) > MAX_FEATURES_READ_AT_ONCE:
            self._exclusion.exclude_existing_objects()
        return change, {id(finding): row for finding, row in zip(new, make_finding_features(new), strict=True)}

    def _start_job(self, work: Callable[..., Any], on_done: Callable[[Any], None], *, is_hidden: bool) -> None:
        self._job = BackgroundJob(
            tr("Preparing to check edits"),
            work,
            on_done=on_done,
            on_error=self._on_failed,
            on_cancelled=self._stop_as_outdated,
            is_hidden=is_hidden,
        )
        self._runner.start(self._job)

    def _on_prepared(self, _nothing: Any) -> None:
        self._job, self._is_ready = None, True
        self._start_next_recheck()

    def _take_indicators(self, indicators: tuple[Any, ...], stale_ids: frozenset[str]) -> None:
        if not self._is_stopped:
            self.indicators_changed.emit(indicators, stale_ids)

    def _on_rechecked(self, change_and_features: tuple[FindingsChange, dict[int, QgsFeature]]) -> None:
        self._job, self._features_under_way = None, frozenset()
        if change_and_features[0].recheck_results:
            self.rechecked.emit(*change_and_features, self._last_edit_step)
        self.waiting.emit(self.waiting_count)
        if not self._is_stopped:
            self._start_next_recheck()

    def _on_failed(self, error: Exception) -> None:
        from ...core.checks.live.session import FullCheckNeeded

        if isinstance(error, FullCheckNeeded):
            # The panel asks for it; the log has the cause.
            QgsMessageLog.logMessage(str(error), LOG_TAG, Qgis.MessageLevel.Info, notifyUser=False)
        else:
            log_error(error)
        self._stop_as_outdated()

    def _stop_as_outdated(self) -> None:
        if not self._is_stopped:
            self.stop()
            self.outdated.emit()
