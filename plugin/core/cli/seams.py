# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on neighbouring counties: seams."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..connection_text import make_source
from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_seams(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare neighbouring counties and print a summary.

    Return the exit code: FOUND for a finding other than a note, a county that was not read, or a missed target.
    """
    from ..options import RunOptions
    from ..seams.messages import describe_result
    from ..seams.model import SeamOptions
    from ..seams.run import check_seams

    options = SeamOptions(
        tuple(map(make_source, args.sources)),
        Path(args.output),
        RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang),
        targets=args.targets,
        package_spec=args.package,
    )
    result, written = check_seams(options, progress=print_progress)
    for line in describe_result(result, report_texts):
        print_line(line)
    for path in written:
        print_line(report_texts.get("cli", "written", target=path))
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN
