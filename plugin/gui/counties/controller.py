# SPDX-License-Identifier: GPL-2.0-or-later
"""Batch check of counties (批量检查): forecast, run in the background, results.

Closing the window does not stop a run. A run that is cancelled, by the user or because QGIS closes, leaves complete
reports and the former summary.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsReferencedRectangle
from qgis.PyQt.QtCore import QObject

from ...bridge.checking.counties import (
    CountyEvent,
    CountyForecaster,
    DesktopBatch,
    ReleasedSummaryLayers,
    SequenceReason,
    check_many_counties,
    show_summary_layer,
)
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.settings import get_interface_language
from ...bridge.texts import tr
from ...core.base.errors import SanxianError
from ...core.counties.county_record import SUMMARY_HTML, BatchOptions, County
from ...core.model.verdict import Verdict
from ...core.render.words import ReportTexts
from ..widgets import bring_to_front, close_and_delete, messages, open_path
from .rows import DONE, KEPT, RUNNING, CountyRow

if TYPE_CHECKING:
    from ...core.counties.batch_sentences import Forecast
    from .dialog import CountiesDialog

#: Kind of message for the verdict of a summary.
_MESSAGE_KINDS = {Verdict.FAILED: "error", Verdict.PASSED: "ok"}


class CountiesController(QObject):
    """Runs batch checks of counties, with their window and messages; one at a time."""

    def __init__(self, iface: Any, runner: JobRunner, parent: QObject):
        super().__init__(parent)
        self._iface, self._runner = iface, runner
        self._messages = messages.MessageBarMessages(iface, tr("Check Many Counties"))
        self._forecaster = CountyForecaster()
        self._forecast_job: BackgroundJob | None = None
        self._run_job: BackgroundJob | None = None
        self._released: ReleasedSummaryLayers | None = None
        self.dialog: CountiesDialog | None = None

    @property
    def is_running(self) -> bool:
        """Return True while counties are checked."""
        return self._run_job is not None

    # --- the window
    def show(self) -> None:
        """Open the window or bring it to the front."""
        if self.dialog is None:
            from .dialog import CountiesDialog

            try:
                self.dialog = CountiesDialog(self._iface.mainWindow())
            except (SanxianError, ImportError) as error:
                self._messages.show_warning(messages.explain_error(error))
                return
            for signal, slot in (
                (self.dialog.inputsChanged, self.update_forecast),
                (self.dialog.refreshRequested, self._read_again),
                (self.dialog.startRequested, self.start_run),
                (self.dialog.cancelRequested, self.cancel),
                (self.dialog.openRequested, self.open_report),
                (self.dialog.resultRequested, self._open_shown_result),
                (self.dialog.finished, lambda _result: self._stop_forecast()),
            ):
                signal.connect(slot)
        if not self.dialog.isVisible() and not self.is_running and not self.dialog.shows_results:
            self.update_forecast()
        self._bring_to_front()

    def _bring_to_front(self) -> None:
        self._messages.close()
        if self.dialog is not None:
            self.dialog.enable_buttons()
            bring_to_front(self.dialog)

    def close(self) -> None:
        """Close window and message; the runner of jobs ends a run."""
        self._messages.close()
        self._stop_forecast()
        self._restore_layers()
        dialog, self.dialog = self.dialog, None
        close_and_delete(dialog)

    # --- the forecast
    def update_forecast(self) -> None:
        """List the counties of the form, then show what a run would do once that is known."""
        if (dialog := self.dialog) is None or self.is_running:
            return
        self._stop_forecast()
        if not dialog.form.is_complete:
            dialog.model.set_rows([])
            no_source = tr("Choose a folder with the data of each county, or a list of counties.")
            dialog.message.show_hint(
                tr("Choose the folder of the results.") if dialog.form.source.text() else no_source
            )
            return
        try:
            options = dialog.form.make_options()
        except SanxianError as error:
            self._show_forecast_error(error)
            return
        found: list[tuple[County, ...]] = []
        self._forecast_job = job = BackgroundJob(
            tr("Reading the counties"),
            lambda progress, cancellation: self._forecaster.forecast(options, found.append, progress, cancellation),
            on_done=self._show_forecast,
            on_error=self._show_forecast_error,
            on_cancelled=self._end_forecast,
            is_hidden=True,
        )
        job.step.connect(lambda share, _text: self._on_forecast_step(job, found, options, share))
        dialog.message.show_hint(tr("Reading the data of the counties…"))
        self._runner.start(job)

    def _read_again(self) -> None:
        self._forecaster.forget()
        self.dialog.outcome.show_text("")
        self.update_forecast()

    def _stop_forecast(self) -> None:
        job, self._forecast_job = self._forecast_job, None
        if job is not None:
            job.cancel_and_disconnect()

    def _on_forecast_step(
        self, job: BackgroundJob, found: list[tuple[County, ...]], options: BatchOptions, share: float
    ) -> None:
        if job is self._forecast_job:
            self._show_found(found, options)
            text = tr("Comparing the data with the former results: {share}%").format(share=round(100 * share))
            self.dialog.message.show_hint(text)

    def _show_found(self, found: list[tuple[County, ...]], options: BatchOptions) -> None:
        """Show the counties that a job has found, once."""
        if not found:
            return
        counties = found.pop()
        if [row.county for row in self.dialog.model.rows] != list(counties):
            self.dialog.model.set_rows([CountyRow(one, one.profile or options.check.profile) for one in counties])

    def _show_forecast(self, forecast: Forecast) -> None:
        from ...core.counties.batch_sentences import describe_forecast_sums

        self._forecast_job = None
        rows = [
            CountyRow(
                one.planned.task.county,
                one.planned.task.options.profile,
                one.action,
                one.seconds,
                one.planned.record,
                folder=one.planned.task.folder,
                input_bytes=one.planned.task.input_bytes,
            )
            for one in forecast.rows
        ]
        self.dialog.show_rows(rows)
        text = tr("{count} counties were found.").format(count=len(forecast.rows))
        for line in describe_forecast_sums(forecast, ReportTexts(get_interface_language())):
            text = tr("{first} {second}").format(first=text, second=line.strip())
        self.dialog.message.show_text(text, "ok")

    def _show_forecast_error(self, error: Exception) -> None:
        self._forecast_job = None
        self.dialog.model.set_rows([])
        text = tr("The counties could not be read ({error}). Details are in the log, tab Sanxian.")
        self.dialog.message.show_text(messages.explain_and_log(error, text), "error")

    def _end_forecast(self) -> None:
        """Show that the user cancelled the reading in QGIS's list of tasks."""
        self._forecast_job = None
        self.dialog.message.show_hint(tr("Cancelled"))

    # --- the run
    def start_run(self) -> None:
        """Check the counties of the form in the background."""
        if self.is_running or self.dialog is None:
            return
        # Else the run of other counties may write into the folder of the former ones, and the forecast that follows the
        # pause may replace the rows of a short run.
        self.dialog.form.end_pause()
        if not self.dialog.form.is_complete:
            return
        try:
            options = self.dialog.form.make_options()
        except SanxianError as error:
            self.dialog.message.show_text(messages.explain_error(error), "error")
            return
        self._stop_forecast()
        self._messages.close()
        self.dialog.form.store_choices()
        self._released = ReleasedSummaryLayers(QgsProject.instance(), options.output)
        found: list[tuple[County, ...]] = []
        events: list[CountyEvent] = []
        self._run_job = job = BackgroundJob(
            tr("Check Many Counties"),
            lambda progress, cancellation: check_many_counties(
                options, found.append, events.append, progress, cancellation
            ),
            on_done=lambda batch: self._on_done(batch, events, options),
            on_error=self._on_failed,
            on_cancelled=lambda: self._end_without_summary(
                ReportTexts(get_interface_language()).get("counties", "cancelled"), "warning"
            ),
        )
        job.step.connect(lambda share, _text: self._on_step(job, found, events, options, share))
        self.dialog.begin_run(options.output)
        self._runner.start(job)

    def cancel(self) -> None:
        """Cancel the run."""
        if self._run_job is not None:
            self._run_job.cancel()

    def _on_step(
        self,
        job: BackgroundJob,
        found: list[tuple[County, ...]],
        events: list[CountyEvent],
        options: BatchOptions,
        share: float,
    ) -> None:
        if job is not self._run_job or self.dialog is None:
            return
        self._show_found(found, options)
        self._show_events(events)
        rows = self.dialog.model.rows
        names = [row.name for row in rows if row.stage == RUNNING]
        done = sum(row.stage in (DONE, KEPT) for row in rows)
        if not self.dialog.cancel.isEnabled():
            self.dialog.progress.show_share(share)
        elif names or share == 1:
            self.dialog.progress.show_counties(share, done, len(rows), names)

    def _show_events(self, events: list[CountyEvent]) -> None:
        """Show what the job has done since the last step."""
        # The job appends meanwhile.
        count = len(events)
        for event in events[:count]:
            self.dialog.model.show_event(event)
        del events[:count]

    def _on_done(self, batch: DesktopBatch, events: list[CountyEvent], options: BatchOptions) -> None:
        from ...core.counties.batch_sentences import describe_batch

        self._end_job()
        if self.dialog is None:
            return
        self._show_events(events)
        summary = batch.result.summary
        for record in summary.records:
            report = summary.report_paths[record.name]
            self.dialog.model.show_kept(record, options.output / Path(report).parent if report else None)
        lines = describe_batch(summary, ReportTexts(get_interface_language()))
        if batch.sequence_reason is not None:
            stored_connection = tr(
                "The counties were checked one after the other, because the data or a sealed edition are in a "
                "database connection that QGIS stores, which only QGIS can use. With service=… in place of "
                "connection=… several can be checked at the same time."
            )
            no_python = tr(
                "The counties were checked one after the other, because no Python program was found that can check "
                "several at the same time."
            )
            is_stored = batch.sequence_reason is SequenceReason.STORED_CONNECTION
            lines.append(stored_connection if is_stored else no_python)
        text = "\n".join(line.strip() for line in lines)
        self.dialog.end_run(text, _MESSAGE_KINDS.get(summary.verdict, "warning"))
        if not self.dialog.isVisible():
            self._messages.show_message(
                lines[0],
                "success" if summary.verdict is Verdict.PASSED else "info",
                (tr("Open Summary"), lambda: self._open_result("page", options.output)),
                (tr("Show on the Map"), lambda: self._open_result("map", options.output)),
                (tr("Show Window"), self._bring_to_front),
            )

    def _on_failed(self, error: Exception) -> None:
        text = tr(
            "The check ended with an error ({error}). Reports of counties that are complete remain, the summary is "
            "unchanged. Details are in the log, tab Sanxian."
        )
        self._end_without_summary(messages.explain_and_log(error, text), "error")

    def _end_without_summary(self, text: str, kind: str) -> None:
        self._end_job()
        if self.dialog is None:
            return
        self.dialog.end_run(text, kind)
        if self.dialog.isVisible():
            self.update_forecast()
        else:
            self.dialog.model.set_rows([])
            self._messages.show_message(text, "warning", (tr("Show Window"), self.show))

    def _end_job(self) -> None:
        self._run_job = None
        self._forecaster.forget()
        self._restore_layers()

    def _restore_layers(self) -> None:
        released, self._released = self._released, None
        if released is not None:
            released.restore()

    # --- results
    def open_report(self, name: str) -> None:
        """Open the report of a county, or show why it has no report."""
        if (row := self.dialog.model.find_row(name)) is None:
            return
        record = row.valid_record
        if record is not None and record.is_checked and "html" in record.forms and row.folder is not None:
            from ...core.counties.check_county import make_report_paths

            open_path(str(make_report_paths(row.folder, tuple(row.record.forms))["html"]), self.dialog)
        elif record is not None and not record.is_checked:
            text = tr("“{name}” has no report: {reason}").format(name=name, reason=record.reason)
            self.dialog.outcome.show_text(text, "warning")
        else:
            text = tr("“{name}” has no report yet: it was not checked with the present data and settings.")
            self.dialog.outcome.show_text(text.format(name=name), "warning")

    def _open_shown_result(self, name: str) -> None:
        if (output := self.dialog.get_results_folder()) is not None:
            self._open_result(name, output)

    def _open_result(self, name: str, output: Path) -> None:
        """Open the page or the folder of a run, or show it on the map."""
        if self.dialog is None:
            return
        if name != "map":
            open_path(str(output / SUMMARY_HTML if name == "page" else output), self.dialog)
            return
        if (layer := show_summary_layer(QgsProject.instance(), output)) is None:
            self.dialog.outcome.show_text(tr("The summary layer cannot be opened. Start the check again."), "error")
            return
        self._iface.setActiveLayer(layer)
        extent = layer.extent()
        if not extent.isEmpty():
            extent.scale(1.1)
            self._iface.mapCanvas().setReferencedExtent(QgsReferencedRectangle(extent, layer.crs()))
            self._iface.mapCanvas().refresh()
        self.dialog.outcome.show_text(tr("The layer “{name}” is on the map.").format(name=layer.name()), "ok")
