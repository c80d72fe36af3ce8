# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on many counties: batch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, EXIT_NOT_RUN, print_line, print_progress, split_comma_separated_text

if TYPE_CHECKING:
    from ..counties.forecast import Forecast
    from ..counties.model import BatchOptions, CountyRecord
    from ..counties.summary import BatchSummary
    from ..render.words import ReportTexts


def run_batch(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Check the counties of a folder or a list, or print what would be checked; return the exit code."""
    from ..counties.run import ProcessRunner, check_counties
    from ..render.document.docx_writer import import_docx_library

    options = _make_options(args, report_texts)
    if args.docx:
        import_docx_library("report.docx")
    if args.dry_run:
        return _print_forecast(options, report_texts)
    try:
        result = check_counties(
            options,
            ProcessRunner(options.jobs),
            on_record=lambda record: print_line(format_record(record, report_texts)),
            progress=print_progress,
        )
    except KeyboardInterrupt:
        print_line(report_texts.get("counties", "cancelled"), sys.stderr)
        return EXIT_NOT_RUN
    for line in format_batch_summary(result.summary, report_texts):
        print_line(line)
    for path in result.written:
        print_line(report_texts.get("cli", "written", target=path))
    return get_batch_exit_code(result.summary, args.strict)


def _make_options(args: argparse.Namespace, report_texts: ReportTexts) -> BatchOptions:
    """Return the options of a batch, from the command's arguments."""
    from ..counties.model import REPORT_SUFFIXES, BatchOptions
    from ..options import RunOptions

    check = RunOptions(
        standard=args.standard,
        profile=args.profile,
        scope=args.scope,
        base_year=args.base_year,
        phase=args.phase,
        rules=split_comma_separated_text(args.rules),
        lang=report_texts.lang,
    )
    return BatchOptions(
        Path(args.source),
        Path(args.output),
        check,
        package_spec=args.package,
        forms=tuple(form for form in REPORT_SUFFIXES if getattr(args, form)),
        jobs=args.jobs,
        resumes=not args.no_resume,
        only_changed=args.only == "changed",
    )


def format_record(record: CountyRecord, report_texts: ReportTexts) -> str:
    """Return the result of a county as a line for the console."""
    from ..counties.summary import make_display_name

    name = make_display_name(record)
    if not record.is_checked:
        state = report_texts.get("county_state", str(record.state))
        return report_texts.get("counties", "line_without_verdict", name=name, state=state, reason=record.reason)
    verdict = report_texts.get("verdict", record.verdict)
    counts = {key: record.counts[key] for key in ("errors", "warnings")}
    return report_texts.get("counties", "line", name=name, verdict=verdict, **counts)


def format_batch_summary(summary: BatchSummary, report_texts: ReportTexts) -> list[str]:
    """Return the summary as lines for the console: counties by verdict, what was not checked again."""
    from ..counties.model import VERDICT_ORDER

    parts = [
        f"{report_texts.get('verdict', str(verdict))} {len(summary.list_records(verdict))}" for verdict in VERDICT_ORDER
    ]
    without_verdict = len(summary.list_records(None))
    if without_verdict:
        parts.append(f"{report_texts.get('counties', 'no_verdict')} {without_verdict}")
    verdict = report_texts.get("verdict", str(summary.verdict))
    counts = report_texts.join_parts(parts)
    lines = [report_texts.get("counties", "done", count=len(summary.records), counts=counts, verdict=verdict)]
    kept = [one for one in summary.records if one.name not in summary.new_names]
    if kept:
        lines.append(report_texts.get("counties", "kept", count=len(kept)))
    if summary.ignored_names:
        names = report_texts.join_parts(summary.ignored_names)
        lines.append(report_texts.get("counties", "ignored", names=names))
    return lines


def get_batch_exit_code(summary: BatchSummary, strict: bool = False) -> int:
    """Return the exit code of a batch: FOUND if a county fails, is incomplete or has no verdict, else CLEAN.

    With ``strict`` warnings count like errors.
    """
    from ..model.verdict import Verdict

    if summary.verdict in (Verdict.FAILED, Verdict.INCOMPLETE):
        return EXIT_FOUND
    has_warnings = any(one.counts.get("warnings") for one in summary.records)
    return EXIT_FOUND if strict and has_warnings else EXIT_CLEAN


def _print_forecast(options: BatchOptions, report_texts: ReportTexts) -> int:
    """Print which counties would be checked and about how long that takes; write nothing."""
    from ..counties.forecast import forecast_batch

    forecast = forecast_batch(options, progress=print_progress)
    for line in format_forecast(forecast, report_texts):
        print_line(line, sys.stdout)
    return EXIT_CLEAN


def format_forecast(forecast: Forecast, report_texts: ReportTexts) -> list[str]:
    """Return a forecast as lines for the console."""
    from ..messages.numbers import format_number

    def format_duration(seconds: float | None) -> str:
        if seconds is None:
            return report_texts.get("counties", "duration_unknown")
        if seconds < 90:
            return report_texts.get("counties", "duration_seconds", count=format_number(seconds, 0))
        return report_texts.get("counties", "duration_minutes", count=format_number(seconds / 60, 0))

    lines = []
    for row in forecast.rows:
        key = f"forecast_{row.action}"
        size = format_number(row.input_bytes / 1e6, 1)
        duration = format_duration(row.seconds)
        lines.append(report_texts.get("counties", key, name=row.name, size=size, duration=duration))
    checked = sum(row.seconds != 0 for row in forecast.rows)
    lines.append(report_texts.get("counties", "forecast_total", count=checked, kept=len(forecast.rows) - checked))
    if checked and forecast.seconds is None:
        lines.append(report_texts.get("counties", "forecast_no_rate"))
    elif checked:
        params = {"duration": format_duration(forecast.seconds), "basis": forecast.measured_count}
        lines.append(report_texts.get("counties", "forecast_time", jobs=forecast.jobs, **params))
    if forecast.ignored_names:
        names = report_texts.join_parts(forecast.ignored_names)
        lines.append(report_texts.get("counties", "ignored", names=names))
    return lines
