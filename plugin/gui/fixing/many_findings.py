# SPDX-License-Identifier: GPL-2.0-or-later
"""Fix many findings: try all, list what would happen, apply the ticked fixes as one step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer, pyqtSignal

from ...bridge.fixes.apply import FixOrder
from ...bridge.fixes.trial import BatchTrial, CopyCheck, make_batch_trial, make_copy_check
from ...bridge.project import saved_paths
from ...bridge.running.portions import PortionedWork
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.base.files.names import make_default_stem
from ..widgets import choose_save_path, messages
from .applying import get_person_name
from .batch_dialog import BatchDialog
from .batch_model import FEATURE_COLUMN, BatchRow, Choice, Forecast, make_batch_rows, make_forecast, read_choices
from .change_preview import make_area_rows, make_finding_shapes, make_fix_shapes
from .trial_runner import FixDialogController, TrialRunner

#: The ticked rows are tried together after this time (ms) without a further tick.
_TICKED_TRIAL_DELAY_MS = 300


class BatchFixer(FixDialogController):
    """Opens the batch of several findings and applies the ticked fixes.

    When the ticks change, the fixes of the ticked findings are tried again without the others: a fix may have been
    judged after another one that is not ticked. What differs is displayed, so that Apply writes what is displayed.
    Apply itself tries first if the displayed trial is of other ticks. Ticks and viewed previews hold for the same fix
    in a later trial, also after the window was closed. Signal ``previewRequested(finding)``: the user wants to see all
    fixes of one finding.
    """

    previewRequested = pyqtSignal(object)

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._findings: list[Any] = []
        self._displayed_trial: BatchTrial | None = None
        #: Starts a trial of the ticked rows as soon as the user has ticked the last one.
        self._ticked_trial = QTimer(self, singleShot=True, interval=_TICKED_TRIAL_DELAY_MS, timeout=self._try_ticked)
        #: Rows that are tried together, and those whose fixes are being applied, in the order of their findings.
        self._tried: list[BatchRow] | None = None
        self._applying: list[BatchRow] | None = None
        #: Checks a copy of all layers with the ticked fixes; the fixes of the check, and its result when it is done.
        self._copy_runner: TrialRunner | None = None
        self._copied_proposals: list[Any] = []
        self._copy_check: CopyCheck | None = None
        #: What the last trial of ticked rows changed, until the user changes the ticks; empty without any.
        self._change_text = ""
        #: Fingerprint of a finding → what the user chose for its fix in this project.
        self._choices: dict[str, Choice] = {}
        #: What the fixes that were applied last should have left, until a check shows what they left.
        self._awaited: Forecast | None = None
        #: The edits of the applied fixes while they are prepared and written.
        self._writing: PortionedWork | None = None

    # --- open and close
    def open(self, findings: list[Any]) -> None:
        """Open the batch for findings; if it is open, start it again for these."""
        self._findings = list(findings)
        self._read_texts()
        if self.dialog is None:
            self._show_dialog(BatchDialog(self._iface.mapCanvas(), self._iface.mainWindow()))
        self.try_all()

    def connect_dialog(self) -> None:
        dialog, trial = self.dialog, self.trial
        copy_runner = self._copy_runner = TrialRunner(self._editing, self._has_current_result, self)
        for signal, slot in (
            (copy_runner.succeeded, self._on_copy_checked),
            (copy_runner.refused, lambda _reason: self._on_copy_checked(None)),
            (copy_runner.stopped, lambda: self._on_copy_checked(None)),
            (dialog.rowShown, self._show_row),
            (dialog.previewRequested, self._preview_row),
            (dialog.ticksChanged, self._on_ticks_changed),
            (dialog.applyRequested, self.apply),
            (dialog.retryRequested, self.try_all),
            (dialog.exportRequested, self._ask_and_export_table),
            (trial.began, self._show_trial),
            (trial.succeeded, self._on_trial_done),
            (trial.refused, self._on_trial_refused),
            (trial.outdated, self._on_trial_outdated),
            (trial.stopped, lambda: self._show_refusal(tr("Cancelled; nothing was changed."))),
            (dialog.finished, lambda _result: self._remember_choices(dialog)),
        ):
            signal.connect(slot)

    def _remember_choices(self, dialog: BatchDialog) -> None:
        self._choices |= read_choices(dialog.model.rows)

    def forget_choices(self) -> None:
        """Forget what the user chose, which holds for the open project only."""
        self._choices.clear()

    def expect_nothing(self) -> None:
        """Forget the forecast of the last batch: other fixes were applied since, or it was undone."""
        self._awaited = None

    def describe_after_check(self, findings: list[Any]) -> str:
        """Return how the first check after a batch differs from its forecast; empty without one."""
        forecast, self._awaited = self._awaited, None
        return "" if forecast is None else forecast.describe_check(findings)

    def discard_content(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        self._ticked_trial.stop()
        if self._copy_runner is not None:
            self._copy_runner.stop()
            self._copy_runner.deleteLater()
        self._copy_runner, self._copied_proposals, self._copy_check = None, [], None
        self._findings, self._displayed_trial, self._applying, self._tried = [], None, None, None

    # --- the trial
    def try_all(self) -> None:
        """Try the fixes of all findings of the batch that still exist."""
        current_fingerprints = {finding.fingerprint for finding in self._dock.result.findings}
        self._findings = [finding for finding in self._findings if finding.fingerprint in current_fingerprints]
        self._ticked_trial.stop()
        self._applying = self._tried = None
        self._change_text = ""
        batch_work = make_batch_trial(self._findings, safe_only=True)
        self.trial.start(tr("Try fixes of {count} findings").format(count=len(self._findings)), batch_work)

    def _show_trial(self) -> None:
        if self._tried is not None:
            self.dialog.show_forecast(None)
        elif self._applying is None:
            self._remember_choices(self.dialog)
            self.dialog.show_rows([])
            self._mark.clear()
            self.dialog.show_trial(tr("Trying the fixes on a copy…"))
        else:
            self.dialog.show_trial(self._make_applying_text())

    def _make_applying_text(self) -> str:
        return tr("Applying {count} fixes…").format(count=len(self._applying))

    def _show_refusal(self, reason: str) -> None:
        self._applying = self._tried = None
        self.dialog.forecast.clear()
        self.dialog.show_state(reason, can_apply=False, can_retry=True)

    def _on_trial_refused(self, reason: str) -> None:
        """Show why a trial gave no result; after an edit during a trial of the ticked rows, try all again."""
        if self._tried is not None:
            self.try_all()
        else:
            self._show_refusal(reason)

    def _on_trial_outdated(self) -> None:
        """Try all again after an edit of another tool, when no further edit follows."""
        if self._writing is None:
            self._ticked_trial.start()

    def _on_trial_done(self, batch_trial: BatchTrial) -> None:
        if self._tried is not None:
            rows, self._tried = self._tried, None
            self._show_second(batch_trial, rows)
            return
        if self._applying is not None:
            # The trial that Apply started: its fixes are applied if all was displayed like this before.
            rows, self._applying = self._applying, None
            if self._show_second(batch_trial, rows):
                self._apply_displayed()
                return
            text = self._describe_dropped_rows() or tr(
                "Tried together, the ticked fixes have other figures, which are displayed now. Apply again to write "
                "these."
            )
            self._change_text = tr("Nothing was applied. {reason}").format(reason=text)
            self.dialog.show_state(self._change_text, can_apply=True)
            return
        self._displayed_trial = batch_trial
        result = self._dock.result
        titles = {outcome.code: outcome.heading for outcome in result.report.rules}
        rows = make_batch_rows(batch_trial.result.entries, self._texts, titles, self._choices)
        listed = {row.entry.finding.fingerprint for row in rows}
        others = [finding for finding in result.findings if finding.fingerprint not in listed]
        left_out_count = sum(map(self._dock.can_be_fixed, others))
        self.dialog.show_rows(rows, len(others) - left_out_count, left_out_count)
        self._follow_ticks()

    def _on_ticks_changed(self) -> None:
        """Follow a change of the ticks by the user."""
        count = self.dialog.model.unseen_count
        self._change_text = (
            tr("{count} fixes to confirm were not ticked: show the preview of each first.").format(count=count)
            if count
            else ""
        )
        self._drop_ticked_trial()
        self._follow_ticks()

    def _drop_ticked_trial(self) -> None:
        """Drop a running trial of rows that were ticked before; its result would tick them again."""
        if self._tried is not None:
            self._tried = None
            self.trial.drop_trial()

    def _follow_ticks(self) -> None:
        """Show the balance; try the ticked rows together if the displayed trial applied other ones."""
        has_other_ticks = self._displayed_trial is not None and not self._is_displayed_trial_of_ticked()
        if has_other_ticks and self._writing is None and self.dialog.model.list_ticked():
            self._ticked_trial.start()
        else:
            self._ticked_trial.stop()
        self._show_balance()

    def _is_displayed_trial_of_ticked(self) -> bool:
        """Return True if the displayed trial applied just the ticked fixes."""
        applied = self._displayed_trial.result.applied
        return list(map(id, applied)) == list(map(id, self._list_ticked_proposals()))

    def _list_ticked_rows(self) -> list[BatchRow]:
        """Return the ticked rows in the order of their findings."""
        order = {id(finding): position for position, finding in enumerate(self._findings)}
        return sorted(self.dialog.model.list_ticked(), key=lambda row: order[id(row.entry.finding)])

    def _try_ticked(self) -> None:
        """Try the fixes of the ticked rows together, so that forecast and areas are those that Apply would write."""
        if not self.trial.is_current:
            self.try_all()
            return
        self._tried = rows = self._list_ticked_rows()
        batch_work = make_batch_trial([row.entry.finding for row in rows], safe_only=False)
        self.trial.start(tr("Try {count} ticked fixes").format(count=len(rows)), batch_work, retries=False)

    # --- what is shown
    def _show_balance(self) -> None:
        """Show the sums of the areas that the ticked fixes change, and what Apply will do."""
        ticked_proposals = self._list_ticked_proposals()
        plan = self._dock.result.check_result.plan
        self.dialog.areas.show_rows(make_area_rows(ticked_proposals, self._texts, plan.plane_crs))
        is_known = self._displayed_trial is not None and (not ticked_proposals or self._is_displayed_trial_of_ticked())
        if is_known:
            self._check_copy(ticked_proposals)
            forecast = self._make_forecast(ticked_proposals)
            self.dialog.show_forecast(forecast, is_being_checked=self._copy_runner.is_running)
        else:
            self.dialog.show_forecast(None)
        if self.trial.is_running or self._writing is not None:
            return
        if not self._findings:
            text = tr("There are no findings in the selection.")
        elif ticked_proposals:
            text = tr(
                "Written to the edit buffer as one step, not saved; layers are switched to edit mode where needed."
            )
        elif any(row.entry.proposal is not None for row in self.dialog.model.rows):
            text = tr("Nothing is ticked. A fix to confirm can be ticked once its preview was shown.")
        else:
            text = tr("None of the findings has a fix; the table has the reasons.")
        if changes := self._change_text or self._describe_dropped_rows():
            text = changes
        elif self.trial.retry_note:
            text = tr("{first} {second}").format(first=self.trial.retry_note, second=text)
        self.dialog.show_state(text, can_apply=bool(ticked_proposals), is_bold=bool(changes))

    def _check_copy(self, proposals: list[Any]) -> None:
        """Check a copy with the edits of the ticked fixes, unless this was done or is being done."""
        if not proposals or self._is_copied(proposals) or self._writing is not None or not self.trial.is_current:
            return
        self._copied_proposals, self._copy_check = proposals, None
        self._copy_runner.start(
            tr("Check a copy with {count} fixes").format(count=len(proposals)),
            make_copy_check(proposals),
            retries=False,
        )

    def _is_copied(self, proposals: list[Any]) -> bool:
        return list(map(id, proposals)) == list(map(id, self._copied_proposals))

    def _on_copy_checked(self, copy_check: CopyCheck | None) -> None:
        """Show the forecast with what the check of a copy found; None if it was ended."""
        self._copy_check = copy_check
        if copy_check is None:
            self._copied_proposals = []
        elif self._is_copied(self._list_ticked_proposals()):
            self.dialog.show_forecast(self._make_forecast(self._copied_proposals))

    def _make_forecast(self, proposals: list[Any]) -> Forecast:
        copy_check = self._copy_check if self._is_copied(proposals) else None
        return make_forecast(self._dock.result.findings, proposals, copy_check)

    def _list_ticked_proposals(self) -> list[Any]:
        """Return the proposals of the ticked rows; those that the displayed trial applied come first, in its order."""
        applied = [] if self._displayed_trial is None else self._displayed_trial.result.applied
        order = {id(proposal): position for position, proposal in enumerate(applied)}
        proposals = [row.entry.proposal for row in self.dialog.model.list_ticked()]
        return sorted(proposals, key=lambda proposal: order.get(id(proposal), len(order)))

    def _show_row(self, row: BatchRow) -> None:
        crs = self._dock.result.crs
        if row.entry.proposal is None or self._displayed_trial is None:
            shapes = make_finding_shapes(row.entry.finding, crs)
        else:
            shapes = make_fix_shapes([row.entry.proposal], self._displayed_trial.rows_shown, crs)
        self._mark.show_shapes(shapes)
        self.dialog.maps.show_shapes(shapes, has_fix=row.entry.proposal is not None)

    def _preview_row(self, row: BatchRow) -> None:
        """Open the preview above the window of the batch, which stays open with its ticks."""
        self._mark.clear()
        self.previewRequested.emit(row.entry.finding)

    def return_from_preview(self) -> None:
        """Bring the window of the batch to the front, if it is open."""
        if self.dialog is not None:
            self._show_balance()
            self.dialog.raise_()
            self.dialog.activateWindow()
            if self.dialog.current_row is not None:
                self._show_row(self.dialog.current_row)

    # --- the table as a file
    def _ask_and_export_table(self) -> None:
        """Ask for a file, and save the table of the tried fixes there."""
        origin = self._dock.result.report.provenance
        stem = make_default_stem(origin.get("area_code", ""), origin.get("area_name", ""), tr("fixes"))
        folder = saved_paths.get_start_folder(QgsProject.instance())
        path = choose_save_path(
            self.dialog, tr("Save Table of Fixes"), str(Path(folder) / stem), "CSV (*.csv)", (".csv",)
        )
        if path:
            self.export_table(Path(path))

    def export_table(self, path: Path) -> None:
        """Save the outcome of the tried fixes as CSV, one row per finding; show its path or why writing failed."""
        from ...core.fixes.run_fixes import make_table_rows, write_table

        if self._displayed_trial is None:
            return
        try:
            write_table(path, make_table_rows(self._displayed_trial.result, self._texts, is_trial=True))
        except SanxianError as error:
            self.dialog.status.setText(messages.explain_error(error))
        else:
            self.dialog.status.setText(tr("Table saved: {path}").format(path=path))

    # --- apply
    def apply(self) -> None:
        """Apply the ticked fixes; try them again on a copy first unless the displayed trial applied just these."""
        if self._writing is not None:
            return
        self._drop_ticked_trial()
        ticked_rows = self.dialog.model.list_ticked()
        if not self.trial.is_current or not ticked_rows:
            self.try_all()
            return
        self._ticked_trial.stop()
        self._applying, self._tried = self._list_ticked_rows(), None
        if self._is_displayed_trial_of_ticked():
            # No progress bar: it would be painted anew, with the table beside it.
            self.dialog.show_state(self._make_applying_text(), can_apply=False)
            self._apply_displayed()
            return
        findings = [row.entry.finding for row in self._applying]
        batch_work = make_batch_trial(findings, safe_only=False)
        self.trial.start(tr("Apply {count} fixes").format(count=len(findings)), batch_work, retries=False)

    def _show_second(self, second: BatchTrial, rows: list[BatchRow]) -> bool:
        """Display a second trial, of the ticked rows; return True if all was displayed like this before.

        Rows that have another fix now are unticked and named (`_describe_dropped_rows`); the others can be applied.
        """
        pairs = list(zip(rows, second.result.entries, strict=True))
        changed_rows = [row for row, entry in pairs if _has_other_fix(row, entry)]
        former = self._displayed_trial
        self._displayed_trial = BatchTrial(
            replace(former.result, applied=second.result.applied),
            second.rows_before,
            {**former.rows_shown, **second.rows_shown},
        )
        former_texts = self.dialog.areas.texts
        is_same = self.dialog.model.show_second_trial(pairs, changed_rows, self._texts)
        self._follow_ticks()
        return is_same and self.dialog.areas.texts == former_texts

    def _describe_dropped_rows(self) -> str:
        """Return which rows the trial of the ticked fixes unticked; empty if none is still unticked."""
        dropped_rows = [row for row in self.dialog.model.rows if row.is_dropped]
        names = tr("; ").join(" ".join(row.cells[: FEATURE_COLUMN + 1]) for row in dropped_rows)
        text = tr(
            "Together with the other ticked fixes, these have another fix or none, and are no longer ticked: "
            "{names}. View them again, or apply the others."
        )
        return "⚠ " + text.format(names=names) if names else ""

    def _apply_displayed(self) -> None:
        """Apply the fixes of the displayed trial."""
        from ...core.fixes.applied_edits import merge_edits

        self._applying = None
        if not self.trial.is_current:
            self.try_all()
            return
        proposals = self._displayed_trial.result.applied
        forecast = self._make_forecast(proposals)
        order = FixOrder(
            proposals,
            merge_edits(proposal.edits for proposal in proposals),
            self._displayed_trial.rows_before,
            tr("Batch fix ({count})").format(count=len(proposals)),
            get_person_name(),
            report=self._copy_check.report if self._copy_check is not None and self._is_copied(proposals) else None,
        )
        self.trial.set_retrying(False)
        steps = self._applier.apply_in_steps(
            order,
            self._get_layers_by_role(),
            self._dock.result.check_result.plan.norm,
            self._texts,
            lambda: self.trial.is_current,
        )
        self._writing = PortionedWork(steps, partial(self._on_written, forecast), self._on_writing_failed)

    def _on_written(self, forecast: Forecast, refusal_text: str) -> None:
        self._writing = None
        if not refusal_text:
            self._awaited = forecast
            self.dialog.accept()
        elif self.trial.is_current:
            self.trial.set_retrying(True)
            self._show_refusal(refusal_text)
        else:
            self.try_all()

    def _on_writing_failed(self, error: Exception) -> None:
        self._writing = None
        self.trial.set_retrying(True)
        self._show_refusal(
            tr("The fixes were not applied because of an error ({error}). Details are in the log, tab Sanxian.").format(
                error=type(error).__name__
            )
        )


def _has_other_fix(row: BatchRow, entry: Any) -> bool:
    """Return True if a row, tried again, has no fix or one to confirm first.

    ``entry``: the outcome of the second trial.
    """
    if entry.proposal is None:
        return entry.ended_by is None
    displayed, present = (one.proposal for one in (row.entry, entry))
    doubts, displayed_doubts = ({key for key, _params in one.doubts} for one in (present, displayed))
    return bool(doubts) and not (present.fix is displayed.fix and doubts <= displayed_doubts)
