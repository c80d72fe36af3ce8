# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on many counties and on the townships of one: batch, seams, gather, townships."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..base.connection_text import make_source
from ..base.errors import InputError
from ..counties.county_record import REPORT_SUFFIXES, BatchOptions
from ..render.words import ReportTexts
from ..standard.messages.texts import Texts
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    EXIT_NOT_RUN,
    make_norm_options,
    make_run_options,
    print_line,
    print_line_of_run,
    print_lines,
    print_progress,
    print_written,
)


def run_batch(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Check the counties of a folder or a list, or print what would be checked; return the exit code.

    FOUND: a county fails, is incomplete or has no verdict; with ``--strict`` warnings count like errors.
    """
    from ..counties.batch_sentences import describe_batch, describe_forecast, describe_record, make_forecast
    from ..counties.processes import check_in_processes
    from ..counties.run_batch import TaskRunner, check_counties, plan_batch
    from ..model.verdict import Verdict
    from ..render.document.docx_writer import import_docx_library

    options = BatchOptions(
        make_source(args.source),
        Path(args.output),
        make_run_options(args, report_texts),
        package_spec=args.package,
        forms=tuple(form for form in REPORT_SUFFIXES if getattr(args, form)),
        jobs=args.jobs,
        resumes=not args.no_resume,
        only_changed=args.only == "changed",
    )
    if args.docx:
        import_docx_library("report.docx")
    runner: TaskRunner = partial(check_in_processes, jobs=args.jobs)
    if args.scheduler:
        from ..counties.dask_runner import DaskRunner

        runner = DaskRunner(args.scheduler, args.jobs, args.memory_limit)
    elif args.memory_limit is not None:
        raise InputError("counties_memory_not_local")
    if args.dry_run:
        # The records are read also if their results are not used.
        planned = plan_batch(replace(options, resumes=True), progress=print_progress)
        print_lines(describe_forecast(make_forecast(planned, options), report_texts))
        return EXIT_CLEAN
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
    print_lines(describe_batch(result.summary, report_texts))
    print_written(result.written, report_texts)
    has_warnings = any(one.counts.get("warnings") for one in result.summary.records)
    is_found = result.summary.verdict in (Verdict.FAILED, Verdict.INCOMPLETE) or (args.strict and has_warnings)
    return EXIT_FOUND if is_found else EXIT_CLEAN


def run_seams(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare neighbouring counties and print a summary.

    Return the exit code: FOUND for a finding other than a note, a county that was not read, or a missed target.
    """
    from ..counties.seams.check_seams import check_seams
    from ..counties.seams.seam_result import SeamOptions
    from ..counties.seams.seam_sentences import describe_result

    result, written = check_seams(
        SeamOptions(
            tuple(map(make_source, args.sources)),
            Path(args.output),
            make_norm_options(args, report_texts),
            targets=args.targets,
            package_spec=args.package,
        ),
        progress=print_progress,
    )
    print_lines(describe_result(result))
    print_written(written, report_texts)
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN


def run_gather(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Gather packages of counties and print a summary; return the exit code.

    It is FOUND if a county was left out, keys are repeated, or the seams or the gathered data have problems.
    """
    from ..counties.gathering.gathered_counties import GatherOptions, describe_county, describe_result
    from ..counties.gathering.run_gathering import gather_counties

    texts = Texts(report_texts.lang)
    options = GatherOptions(
        args.source,
        Path(args.output),
        args.package,
        args.county_package,
        args.area,
        Path(args.documents) if args.documents else None,
        make_norm_options(args, report_texts),
        args.parent_profile,
        leaves_out=args.leave_out,
        is_forced=args.force,
        keeps_personal_fields=args.personal,
        checks_seams=not args.no_seams,
        targets=args.targets,
        checks_whole=not args.no_check,
        deadline=args.deadline,
        former=args.former,
    )
    result, written = gather_counties(
        options, on_county=lambda county: print_line_of_run(describe_county(county, texts)), progress=print_progress
    )
    print_lines(describe_result(result, texts))
    print_written(written, report_texts)
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN


def run_townships(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Split a county or merge work packages; return the exit code, FOUND if a contradiction is undecided."""
    from ..counties.townships.log import describe_merge, describe_split
    from ..counties.townships.split import SplitOptions, parse_persons, split_townships

    if args.action == "merge":
        from ..counties.townships.decide import Prefer
        from ..counties.townships.merge import MergeOptions, merge_townships

        result = merge_townships(
            MergeOptions(
                args.source,
                tuple(args.packages),
                args.output,
                args.table,
                Prefer(args.prefer),
                args.new_keys,
                parse_persons(args.persons),
                not args.no_seams,
                make_norm_options(args, report_texts),
            ),
            progress=print_progress,
        )
        print_lines(describe_merge(result.log, Texts(report_texts.lang)))
        print_written(result.written, report_texts)
        return EXIT_FOUND if result.log.open_count else EXIT_CLEAN
    split = split_townships(
        SplitOptions(
            args.source,
            Path(args.output),
            make_norm_options(args, report_texts),
            args.distance,
            args.targets,
            parse_persons(args.persons),
        ),
        progress=print_progress,
    )
    print_lines(describe_split(split, Texts(report_texts.lang)))
    print_written([args.output], report_texts)
    return EXIT_CLEAN
