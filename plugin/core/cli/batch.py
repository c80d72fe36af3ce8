# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on many counties: batch."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..connection_text import make_source
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    EXIT_NOT_RUN,
    print_line,
    print_line_of_run,
    print_progress,
    split_comma_separated_text,
)

if TYPE_CHECKING:
    from ..counties.model import BatchOptions
    from ..counties.run import TaskRunner
    from ..counties.summary import BatchSummary
    from ..render.words import ReportTexts


def run_batch(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Check the counties of a folder or a list, or print what would be checked; return the exit code."""
    from ..counties.messages import describe_batch, describe_record
    from ..counties.run import check_counties
    from ..render.document.docx_writer import import_docx_library

    options = _make_options(args, report_texts)
    if args.docx:
        import_docx_library("report.docx")
    runner = _make_runner(args)
    if args.dry_run:
        return _print_forecast(options, report_texts)
    try:
        result = check_counties(
            options,
            runner,
            on_record=lambda record: print_line_of_run(describe_record(record, report_texts)),
            progress=print_progress,
        )
    except KeyboardInterrupt:
        print_line(report_texts.get("counties", "cancelled"), sys.stderr)
        return EXIT_NOT_RUN
    for line in describe_batch(result.summary, report_texts):
        print_line(line)
    for path in result.written:
        print_line(report_texts.get("cli", "written", target=path))
    return get_batch_exit_code(result.summary, args.strict)


def _make_runner(args: argparse.Namespace) -> TaskRunner:
    """Return what checks the counties: processes of this machine, or workers of Dask. Raise InputError."""
    from ..counties.processes import check_in_processes
    from ..errors import InputError

    if args.scheduler:
        from ..counties.dask_runner import DaskRunner

        return DaskRunner(args.scheduler, args.jobs, args.memory_limit)
    if args.memory_limit is not None:
        raise InputError("counties_memory_not_local")
    return partial(check_in_processes, jobs=args.jobs)


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
        make_source(args.source),
        Path(args.output),
        check,
        package_spec=args.package,
        forms=tuple(form for form in REPORT_SUFFIXES if getattr(args, form)),
        jobs=args.jobs,
        resumes=not args.no_resume,
        only_changed=args.only == "changed",
    )


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
    from ..counties.messages import describe_forecast

    forecast = forecast_batch(options, progress=print_progress)
    for line in describe_forecast(forecast, report_texts):
        print_line(line, sys.stdout)
    return EXIT_CLEAN
