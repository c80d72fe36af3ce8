# SPDX-License-Identifier: GPL-2.0-or-later
"""The command for tables that offices hand in (报送表格): make them, or list the layouts."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from .checking import make_plan_options
from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_tables(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Make the tables of a plan and print what was made; without a source list the layouts.

    Return the exit code, FOUND if names of the office's workbook were not filled.
    """
    from ..office_tables.messages import describe_layouts, describe_tables
    from ..office_tables.run import TableOrder, make_office_tables

    if not args.source:
        for line in describe_layouts(args.tables, report_texts.lang):
            print_line(line)
        return EXIT_CLEAN
    order = TableOrder(args.tables, args.output, args.docx, args.template, args.filled, args.year)
    options = replace(
        make_plan_options(args, report_texts),
        baseline=args.baseline,
        waivers=args.waivers,
        renumbered=args.renumbered,
    )
    result = make_office_tables(args.source, order, options, progress=print_progress)
    for is_warning, text in describe_tables(result, report_texts.lang):
        print_line(text, sys.stderr if is_warning else sys.stdout)
    for path in result.written:
        print_line(report_texts.get("cli", "written", target=path))
    return EXIT_FOUND if result.template is not None and result.template.problems else EXIT_CLEAN
