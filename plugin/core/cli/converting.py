# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that write a converted copy: new keys, another CRS zone."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, print_line, print_progress, split_comma_separated_text

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_renumber(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write a copy with new keys, the table of old and new keys, and the list of gaps; return the exit code."""
    from ..conversion.messages import describe_renumbering
    from ..conversion.renumber import RenumberOptions, renumber_keys
    from ..options import RunOptions

    options = RunOptions(standard=args.standard, profile=args.profile, roles=args.roles, lang=report_texts.lang)
    roles = split_comma_separated_text(args.layers)
    renumber_options = RenumberOptions(roles, args.output, args.table, args.gaps, args.start)
    run = renumber_keys(args.source, options, renumber_options, progress=print_progress)
    _print_result(describe_renumbering(run, report_texts.lang), run.written, report_texts)
    return EXIT_CLEAN


def run_change_zone(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write a copy in another CRS zone, and the proof that the land stays; return the exit code."""
    from ..conversion.change_zone import change_crs_zone
    from ..conversion.crs_zone import ZoneNumber
    from ..conversion.messages import describe_zone_change

    run = change_crs_zone(
        args.source,
        args.output,
        zone=args.zone,
        number=ZoneNumber(args.number),
        table=args.table,
        lang=report_texts.lang,
        progress=print_progress,
    )
    _print_result(describe_zone_change(run, report_texts.lang), run.written, report_texts)
    return EXIT_CLEAN


def _print_result(lines: list[str], written: tuple[str, ...], report_texts: ReportTexts) -> None:
    """Print what a command did, and the files that it wrote."""
    for line in lines:
        print_line(line)
    for path in written:
        print_line(report_texts.get("cli", "written", target=path))
