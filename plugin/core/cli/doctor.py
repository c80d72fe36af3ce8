# SPDX-License-Identifier: GPL-2.0-or-later
"""Command `doctor`: the environment check (环境自检)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_line_of_run, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_doctor_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Print the environment check, and write it to a file if requested; return the exit code.

    CLEAN: checks can run here; FOUND: something that they need is missing, or an example has another result.
    """
    from ..doctor.report import check_output, format_fact, write_report
    from ..doctor.run import run_doctor

    if args.output:
        check_output(args.output)
    report = run_doctor(
        report_texts.lang,
        with_examples=not args.no_examples,
        on_fact=lambda fact: print_line_of_run(format_fact(fact, report_texts.lang)),
        progress=print_progress,
    )
    if args.output:
        write_report(report, args.output)
    print_line(report.conclusion)
    if args.output:
        print_line(report_texts.get("cli", "written", target=args.output))
    return EXIT_CLEAN if report.is_healthy else EXIT_FOUND
