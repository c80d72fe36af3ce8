# SPDX-License-Identifier: GPL-2.0-or-later
"""The command for boundary points (界址点): import a file, export polygons, list the formats."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..exchange.boundary_points.messages import ReportLine
    from ..render.words import ReportTexts


def run_points(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Run an action on boundary points; return the exit code, FOUND if a parcel was left out."""
    if args.action == "import":
        return _run_import(args, report_texts)
    if args.action == "export":
        return _run_export(args, report_texts)
    from ..exchange.boundary_points.messages import describe_forms

    for line in describe_forms(report_texts.lang):
        print_line(line)
    return EXIT_CLEAN


def _run_import(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Import a file into a GeoPackage; return the exit code."""
    from ..exchange.boundary_points.import_points import import_boundary_points
    from ..exchange.boundary_points.messages import describe_import

    run = import_boundary_points(
        args.source, args.output, form_name=args.format, crs_text=args.crs, progress=print_progress
    )
    _print_result(describe_import(run, report_texts.lang), args.output, report_texts)
    return EXIT_FOUND if run.left_out_count else EXIT_CLEAN


def _run_export(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Export a layer of a source; return the exit code."""
    from ..exchange.boundary_points.export_points import check_export_output, export_boundary_points
    from ..exchange.boundary_points.messages import describe_export
    from ..exchange.boundary_points.source_layer import read_polygon_layer

    check_export_output([args.source], args.output, args.format)
    layer = read_polygon_layer(args.source, args.layer)
    run = export_boundary_points(layer, args.output, form_name=args.format, crs_text=args.crs, progress=print_progress)
    _print_result(describe_export(run, report_texts.lang), args.output, report_texts)
    return EXIT_FOUND if run.parcel_count < run.feature_count else EXIT_CLEAN


def _print_result(lines: list[ReportLine], path: str, report_texts: ReportTexts) -> None:
    """Print what an action did and the file that it wrote; errors and warnings go to the error stream."""
    print_progress(1.0, "")
    for level, text in lines:
        print_line(text, sys.stdout if level == "info" else sys.stderr)
    print_line(report_texts.get("cli", "written", target=path))
