# SPDX-License-Identifier: GPL-2.0-or-later
"""The command for drawings (DXF): import outlines as polygons, list the mappings of layers."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_drawing(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Import a drawing, or list the mappings; return the exit code, FOUND if something was left out.

    With ``--json -`` the summary as JSON is the only output on the standard stream.
    """
    from ..exchange.drawings.import_drawing import DrawingOptions, check_import_outputs, import_drawing
    from ..exchange.drawings.messages import describe_import, describe_mappings, make_summary
    from ..files.writing import check_writable, write_text
    from ..render.outputs import dump_json

    if args.action == "mappings":
        for line in describe_mappings(report_texts.lang):
            print_line(line)
        return EXIT_CLEAN
    check_import_outputs(args.source, args.output, args.table)
    prints_json = args.json == "-"
    if args.json and not prints_json:
        check_writable(args.json, [path for path in (args.source, args.output, args.table) if path])
    options = DrawingOptions(
        mapping=args.mapping,
        crs_text=args.crs,
        unit=args.units,
        tolerance_m=args.tolerance,
        closing_m=args.closing,
        hole_rule=args.holes,
        lang=report_texts.lang,
    )
    run = import_drawing(args.source, args.output, args.table, options=options, progress=print_progress)
    print_progress(1.0, "")
    summary = dump_json(make_summary(run, report_texts.lang)) if args.json else ""
    if args.json and not prints_json:
        write_text(args.json, summary)
    for level, text in describe_import(run, report_texts.lang):
        print_line(text, sys.stdout if level == "info" and not prints_json else sys.stderr)
    written = [args.output, args.table, "" if prints_json else args.json]
    for path in filter(None, written):
        print_line(report_texts.get("cli", "written", target=path), sys.stderr if prints_json else sys.stdout)
    if prints_json:
        print_line(summary)
    return EXIT_FOUND if run.left_out else EXIT_CLEAN
