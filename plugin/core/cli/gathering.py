# SPDX-License-Identifier: GPL-2.0-or-later
"""The command that gathers packages of counties into that of their parent: gather."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_line_of_run, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def add_gather_command(command: argparse.ArgumentParser, report_texts: ReportTexts) -> None:
    """Add the arguments of the command that gathers packages of counties."""

    def get_help_text(key: str) -> str:
        return report_texts.get("cli", key)

    command.add_argument("source", metavar="FOLDER|LIST", help=get_help_text("gather_source"))
    command.add_argument("--output", required=True, metavar="FOLDER", help=get_help_text("gather_output"))
    command.add_argument("--package", default="city", help=get_help_text("gather_package"))
    command.add_argument("--county-package", default="county", help=get_help_text("gather_county_package"))
    command.add_argument("--area", default="", metavar="CODE", help=get_help_text("gather_area"))
    command.add_argument("--parent-profile", default="", help=get_help_text("gather_parent_profile"))
    for name in ("standard", "profile"):
        command.add_argument(f"--{name}", default="", help=get_help_text(name))
    command.add_argument("--documents", default="", metavar="FOLDER", help=get_help_text("package_documents"))
    command.add_argument("--leave-out", action="store_true", help=get_help_text("gather_leave_out"))
    command.add_argument("--personal", action="store_true", help=get_help_text("package_personal"))
    command.add_argument("--force", action="store_true", help=get_help_text("gather_force"))
    command.add_argument("--no-seams", action="store_true", help=get_help_text("gather_no_seams"))
    command.add_argument("--targets", default="", metavar="FILE", help=get_help_text("seams_targets"))


def run_gather(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Gather packages of counties and print a summary; return the exit code.

    It is FOUND if a county was left out, keys are repeated, or the seams have problems.
    """
    from ..gathering.messages import describe_county, describe_result
    from ..gathering.model import GatherOptions
    from ..gathering.run import gather_counties
    from ..messages.texts import Texts
    from ..options import RunOptions

    texts = Texts(report_texts.lang)
    options = GatherOptions(
        args.source,
        Path(args.output),
        args.package,
        args.county_package,
        args.area,
        Path(args.documents) if args.documents else None,
        RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang),
        args.parent_profile,
        leaves_out=args.leave_out,
        is_forced=args.force,
        keeps_personal_fields=args.personal,
        checks_seams=not args.no_seams,
        targets=args.targets,
    )
    result, written = gather_counties(
        options, on_county=lambda county: print_line_of_run(describe_county(county, texts)), progress=print_progress
    )
    for line in describe_result(result, texts):
        print_line(line)
    for path in written:
        print_line(report_texts.get("cli", "written", target=path))
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN
