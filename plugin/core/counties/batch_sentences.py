# SPDX-License-Identifier: GPL-2.0-or-later
"""What a batch check did or would do, as lines for console and log."""

from __future__ import annotations

from ..render.words import ReportTexts
from ..standard.messages.numbers import format_number
from .county_record import VERDICT_ORDER, CountyRecord
from .forecast import KEPT, Forecast
from .summary import BatchSummary

_BYTES_PER_MB, _SECONDS_PER_MINUTE = 1e6, 60
#: Durations below this (s) are printed in seconds.
_MIN_SECONDS_IN_MINUTES = 90


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
    verdict = report_texts.get("verdict", record.verdict)
    counts = {key: record.counts[key] for key in ("errors", "warnings")}
    return report_texts.get("counties", "line", name=name, verdict=verdict, **counts)


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
    if summary.ignored_names:
        lines.append(report_texts.get("counties", "ignored", names=report_texts.join_parts(summary.ignored_names)))
    return lines


def describe_forecast(forecast: Forecast, report_texts: ReportTexts) -> list[str]:
    """Return a forecast as lines for the console."""
    lines = []
    for row in forecast.rows:
        key = f"forecast_{row.action}"
        size = format_number(row.input_bytes / _BYTES_PER_MB, 1)
        lines.append(
            report_texts.get(
                "counties", key, name=row.name, size=size, duration=_describe_duration(row.seconds, report_texts)
            )
        )
    return lines + describe_forecast_sums(forecast, report_texts)


def describe_forecast_sums(forecast: Forecast, report_texts: ReportTexts) -> list[str]:
    """Return what a forecast comes to, as lines: numbers of counties, time, data that belong to no county."""
    lines = []
    checked = sum(row.action != KEPT for row in forecast.rows)
    lines.append(report_texts.get("counties", "forecast_total", count=checked, kept=len(forecast.rows) - checked))
    if checked and forecast.seconds is None:
        lines.append(report_texts.get("counties", "forecast_no_rate"))
    elif checked:
        params = {"duration": _describe_duration(forecast.seconds, report_texts), "basis": forecast.measured_count}
        lines.append(report_texts.get("counties", "forecast_time", jobs=forecast.jobs, **params))
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
