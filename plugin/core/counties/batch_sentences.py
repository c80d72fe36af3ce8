# SPDX-License-Identifier: GPL-2.0-or-later
"""What a batch check did or would do, as lines for console and log, and the forecast of its time.

About how long a batch takes follows from the sizes of the data and from earlier measurements.
"""

from __future__ import annotations

import heapq
import statistics
from dataclasses import dataclass, replace

from ..render.words import ReportTexts
from ..standard.messages.numbers import format_number
from .check_county import read_record
from .county_record import COUNTIES_FOLDER, RECORD_FILE, VERDICT_ORDER, BatchOptions, CountyRecord
from .run_batch import PlannedBatch, PlannedCounty, needs_check
from .summary import BatchSummary, list_remarks

#: What is done with a county: checked for the first time, because something changed, because it had no verdict, or
#: because the user wants all; or its result is kept.
NEW, CHANGED, RETRIED, REPEATED, KEPT = "new", "changed", "retried", "repeated", "kept"
_BYTES_PER_MB, _SECONDS_PER_MINUTE = 1e6, 60
#: Durations below this (s) are printed in seconds.
_MIN_SECONDS_IN_MINUTES = 90


@dataclass(frozen=True)
class ForecastRow:
    """A county of a forecast. ``seconds``: about the time of its check, 0 if its result is kept, None if unknown."""

    planned: PlannedCounty
    action: str
    seconds: float | None


@dataclass(frozen=True)
class Forecast:
    """What a batch would do. ``seconds``: about the time of all checks in ``jobs`` processes, None if unknown.

    ``measured_count``: number of counties from which the rate (seconds per byte) was measured.
    """

    rows: tuple[ForecastRow, ...]
    seconds: float | None
    measured_count: int
    jobs: int
    ignored_names: tuple[str, ...]


def make_forecast(planned: PlannedBatch, options: BatchOptions) -> Forecast:
    """Return what a batch check with these options would do, without reading the data again.

    The time of a county is its size times the median rate of the counties that were checked before into the same
    folder of results; without such a county it is unknown.
    ``planned``: a plan with the records of earlier runs, of which ``options`` may differ in forms, number of processes,
    and what is checked again.
    """
    tasks = [replace(one.task, forms=tuple(sorted(options.forms))) for one in planned.counties]
    counties = [
        PlannedCounty(task, one.record, needs_check(task, one.record, options.only_changed))
        for task, one in zip(tasks, planned.counties, strict=True)
    ]
    paths = sorted((options.output / COUNTIES_FOLDER).glob(f"*/{RECORD_FILE}"))
    # Seconds per byte of the counties that were checked into the folder of results.
    rates = [
        float(record.times["seconds"]) / record.input_bytes
        for record in (read_record(path.parent) for path in paths)
        if record is not None and record.is_checked and record.input_bytes and record.times.get("seconds")
    ]
    rate = statistics.median(rates) if rates else None
    rows = tuple(_make_row(one, options.resumes, rate) for one in counties)
    durations = [row.seconds for row in rows if row.seconds != 0]
    known = [seconds for seconds in durations if seconds is not None]
    total = None
    if len(known) == len(durations):
        # Each process takes the next county, in order, as soon as it is free.
        ends = [0.0] * max(1, options.jobs)
        for seconds in known:
            heapq.heapreplace(ends, ends[0] + seconds)
        total = max(ends)
    return Forecast(rows, total, len(rates), options.jobs, planned.ignored_names)


def _make_row(planned: PlannedCounty, resumes: bool, rate: float | None) -> ForecastRow:
    """Return what is done with a county; ``rate``: seconds per byte, None if unknown."""
    task, record = planned.task, planned.record
    if resumes and not planned.needs_check:
        return ForecastRow(planned, KEPT, 0)
    if record is None:
        action = NEW
    elif not planned.needs_check:
        action = REPEATED
    else:
        action = RETRIED if not record.is_checked and record.fingerprint == task.fingerprint else CHANGED
    return ForecastRow(planned, action, None if rate is None else rate * task.input_bytes)


def describe_record(record: CountyRecord, report_texts: ReportTexts) -> str:
    """Return the result of a county as a line for the console."""
    name = record.name
    if not record.is_checked:
        return report_texts.get(
            "counties",
            "line_without_verdict",
            name=name,
            state=report_texts.get("county_state", str(record.state)),
            reason=record.reason,
        )
    return report_texts.get(
        "counties",
        "line",
        name=name,
        verdict=report_texts.get("verdict", record.verdict),
        **{key: record.counts[key] for key in ("errors", "warnings")},
    )


def describe_batch(summary: BatchSummary, report_texts: ReportTexts) -> list[str]:
    """Return the summary as lines for the console: counties by verdict, what was not checked again."""
    parts = [
        f"{report_texts.get('verdict', str(verdict))} {len(summary.list_records(verdict))}" for verdict in VERDICT_ORDER
    ]
    without_verdict = len(summary.list_records(None))
    if without_verdict:
        parts.append(f"{report_texts.get('counties', 'no_verdict')} {without_verdict}")
    verdict = report_texts.get("verdict", str(summary.verdict))
    lines = [
        report_texts.get(
            "counties", "done", count=len(summary.records), counts=report_texts.join_parts(parts), verdict=verdict
        )
    ]
    kept = [one for one in summary.records if one.name not in summary.new_names]
    if kept:
        lines.append(report_texts.get("counties", "kept", count=len(kept)))
    return lines + list_remarks(summary, report_texts)


def describe_forecast(forecast: Forecast, report_texts: ReportTexts) -> list[str]:
    """Return a forecast as lines for the console."""
    lines = [
        report_texts.get(
            "counties",
            f"forecast_{row.action}",
            name=row.planned.name,
            size=format_number(row.planned.task.input_bytes / _BYTES_PER_MB, 1),
            duration=_describe_duration(row.seconds, report_texts),
        )
        for row in forecast.rows
    ]
    return lines + describe_forecast_sums(forecast, report_texts)


def describe_forecast_sums(forecast: Forecast, report_texts: ReportTexts) -> list[str]:
    """Return what a forecast comes to, as lines: numbers of counties, time, data that belong to no county."""
    checked = sum(row.action != KEPT for row in forecast.rows)
    lines = [report_texts.get("counties", "forecast_total", count=checked, kept=len(forecast.rows) - checked)]
    if checked and forecast.seconds is None:
        lines.append(report_texts.get("counties", "forecast_no_rate"))
    elif checked:
        lines.append(
            report_texts.get(
                "counties",
                "forecast_time",
                jobs=forecast.jobs,
                duration=_describe_duration(forecast.seconds, report_texts),
                basis=forecast.measured_count,
            )
        )
    if forecast.ignored_names:
        lines.append(report_texts.get("counties", "ignored", names=report_texts.join_parts(forecast.ignored_names)))
    return lines


def _describe_duration(seconds: float | None, report_texts: ReportTexts) -> str:
    """Return a duration in seconds or minutes, or that it is unknown."""
    if seconds is None:
        return report_texts.get("counties", "duration_unknown")
    if seconds < _MIN_SECONDS_IN_MINUTES:
        return report_texts.get("counties", "duration_seconds", count=format_number(max(seconds, 1), 0))
    return report_texts.get("counties", "duration_minutes", count=format_number(seconds / _SECONDS_PER_MINUTE, 0))
