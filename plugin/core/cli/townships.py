# SPDX-License-Identifier: GPL-2.0-or-later
"""The command for work packages by township: split a county, merge packages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def add_townships_command(
    command: argparse.ArgumentParser, language: argparse.ArgumentParser, report_texts: ReportTexts
) -> None:
    """Add the actions on work packages to their command."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", key)

    actions = command.add_subparsers(dest="action", required=True, metavar="split | merge")
    split = actions.add_parser("split", help=get_help_text("townships_split"), parents=[language])
    split.add_argument("source", metavar="DATA", help=get_help_text("townships_source"))
    split.add_argument("--output", required=True, metavar="FOLDER", help=get_help_text("townships_output"))
    split.add_argument(
        "--distance", type=float, default=100.0, metavar="METRES", help=get_help_text("townships_distance")
    )
    split.add_argument("--targets", default="", metavar="FILE", help=get_help_text("townships_targets"))
    merge = actions.add_parser("merge", help=get_help_text("townships_merge"), parents=[language])
    merge.add_argument("source", metavar="DATA", help=get_help_text("townships_source"))
    merge.add_argument("packages", metavar="PACKAGE", nargs="+", help=get_help_text("townships_packages"))
    merge.add_argument("--output", required=True, metavar="COPY", help=get_help_text("townships_copy"))
    merge.add_argument("--table", default="", metavar="FILE", help=get_help_text("townships_table"))
    merge.add_argument(
        "--prefer", choices=("county", "package", "ask"), default="ask", help=get_help_text("townships_prefer")
    )
    merge.add_argument("--new-keys", action="store_true", help=get_help_text("townships_new_keys"))
    merge.add_argument("--no-seams", action="store_true", help=get_help_text("townships_no_seams"))
    for action in (split, merge):
        for name in ("standard", "profile"):
            action.add_argument(f"--{name}", default="", help=get_help_text(name))
        action.add_argument("--persons", default="", metavar="TEXT", help=get_help_text("townships_persons"))


def run_townships(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Run an action on work packages; return the exit code, FOUND if a contradiction is undecided."""
    return _run_split(args, report_texts) if args.action == "split" else _run_merge(args, report_texts)


def _run_split(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Split a county; return the exit code."""
    from ..messages.texts import Texts
    from ..options import RunOptions
    from ..townships.messages import describe_split
    from ..townships.persons import parse_persons
    from ..townships.split import SplitOptions, split_townships

    options = SplitOptions(
        args.source,
        Path(args.output),
        RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang),
        args.distance,
        args.targets,
        parse_persons(args.persons),
    )
    result = split_townships(options, progress=print_progress)
    for line in describe_split(result, Texts(report_texts.lang)):
        print_line(line)
    print_line(report_texts.get("cli", "written", target=args.output))
    return EXIT_CLEAN


def _run_merge(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Merge packages; return the exit code."""
    from ..messages.texts import Texts
    from ..options import RunOptions
    from ..townships.decide import Prefer
    from ..townships.merge import MergeOptions, merge_townships
    from ..townships.messages import describe_merge
    from ..townships.persons import parse_persons

    options = MergeOptions(
        args.source,
        tuple(args.packages),
        args.output,
        args.table,
        Prefer(args.prefer),
        args.new_keys,
        parse_persons(args.persons),
        not args.no_seams,
        RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang),
    )
    result = merge_townships(options, progress=print_progress)
    for line in describe_merge(result.log, Texts(report_texts.lang)):
        print_line(line)
    for path in result.written:
        print_line(report_texts.get("cli", "written", target=path))
    return EXIT_FOUND if result.log.open_count else EXIT_CLEAN
