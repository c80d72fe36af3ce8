# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on projects: conformity."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_conformity(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Review the projects of a file against a plan and write the results.

    Return the exit code: FOUND if a project does not conform, is undetermined, or was left out.
    """
    from ..files.writing import OutputPaths
    from ..options import RunOptions
    from ..projects.messages import describe_result
    from ..projects.read_projects import read_project_layer
    from ..projects.run import review_projects
    from ..projects.write import check_conformity_outputs, write_conformity_outputs

    outputs = OutputPaths(findings=args.output, json=args.json, xlsx=args.xlsx, docx=args.docx, html=args.html)
    check_conformity_outputs(outputs, [args.projects, args.data])
    options = RunOptions(
        standard=args.standard, profile=args.profile, roles=args.roles, scope=args.scope, lang=report_texts.lang
    )
    result = review_projects(
        read_project_layer(args.projects, args.layer),
        args.data,
        options,
        width_m=args.width,
        use=args.use,
        progress=print_progress,
    )
    write_conformity_outputs(result, outputs)
    for level, text in describe_result(result, report_texts.lang):
        print_line(text, sys.stdout if level == "info" else sys.stderr)
    for path in outputs.list_paths():
        print_line(report_texts.get("cli", "written", target=path))
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN
