# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on formats and conversions: structure, vct, points, drawing, renumber, zone."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ...paths import BOUNDARY_POINTS_FOLDER, DRAWINGS_FOLDER
from ..base.files.data import list_data_ids
from ..base.files.writing import check_writable, write_text
from ..render.words import ReportTexts
from ..standard import load_standard
from ..standard.messages.texts import Texts
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    EXIT_NOT_RUN,
    make_run_options,
    print_levels,
    print_line,
    print_lines,
    print_progress,
    print_written,
    split_comma_separated_text,
)


def run_convert_structure_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Convert a structure table to templates or to an empty database.

    Returns the exit code.
    """
    from ..exchange.structure_table import choose_plan_crs, create_from_structure, read_structure, write_template_files

    if not (args.output or args.database):
        print_line(report_texts.get("cli", "structure_no_target"), sys.stderr)
        return EXIT_NOT_RUN
    standard = load_standard(args.standard)
    structure = read_structure(args.table, standard)
    if args.database:
        crs, notice = choose_plan_crs(args.crs, args.county)
        if notice:
            print_line(Texts(report_texts.lang).format_notice(*notice), sys.stderr)
        create_from_structure(structure, standard, args.database, crs, existing=args.existing, folder=args.folder)
    template_files = write_template_files(structure, args.output) if args.output else []
    print_written([args.database, args.folder if args.database else "", *template_files], report_texts)
    print_lines(
        report_texts.get("cli", "structure_note", sheet=note.sheet_name, row=note.row_number, value=note.domain_name)
        for note in structure.unknown_domains
    )
    return EXIT_CLEAN


def run_convert_vct_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Convert a VCT file to a database, or a database to VCT; return the exit code."""
    from ..checks.check import check_plan
    from ..exchange.vct.database import check_imported_plan, convert_vct_to_database
    from ..exchange.vct.write import read_layers_in_turn, write_vct
    from ..plan.loading.unread_files import describe_unread_files

    templates, texts = load_standard(args.standard).templates, Texts(report_texts.lang)
    check_writable(args.output, [args.source])
    result: Any
    if args.output.lower().endswith(".vct"):
        result = write_vct(args.output, read_layers_in_turn(args.source, progress=print_progress), templates=templates)
        print_lines(describe_unread_files(args.source, texts), sys.stderr)
    else:
        result = convert_vct_to_database(args.source, args.output, templates=templates, progress=print_progress)
    print_progress(1.0, "")
    print_lines((texts.format_notice(key, params) for key, params in result.notes), sys.stderr)
    print_lines(texts.get("toolbox", "vct_layer", layer=name, rows=rows) for name, rows in result.row_counts.items())
    print_written([args.output], report_texts)
    if not args.no_check and not args.output.lower().endswith(".vct"):
        options = make_run_options(args, report_texts)
        print_lines(
            check_imported_plan(
                lambda: check_plan(args.output, options, progress=print_progress).report, texts
            ).summary_sentences
        )
    return EXIT_CLEAN


def run_points(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Run an action on boundary points; return the exit code, FOUND if a parcel was left out."""
    from ..exchange.boundary_points.boundary_point_sentences import describe_export, describe_import

    if args.action == "formats":
        from ..exchange.boundary_points.forms import load_form

        forms = map(load_form, list_data_ids(BOUNDARY_POINTS_FOLDER))
        print_lines(f"{form.id}  {form.get_title(report_texts.lang)}" for form in forms)
        return EXIT_CLEAN
    if args.action == "import":
        from ..exchange.boundary_points.import_points import import_boundary_points

        imported = import_boundary_points(
            args.source, args.output, form_name=args.format, crs_text=args.crs, progress=print_progress
        )
        lines, is_complete = describe_import(imported, report_texts.lang), not imported.left_out_count
    else:
        from ..exchange.boundary_points.export_points import (
            check_export_output,
            export_boundary_points,
            read_polygon_layer,
        )

        check_export_output([args.source], args.output, args.format)
        exported = export_boundary_points(
            read_polygon_layer(args.source, args.layer),
            args.output,
            form_name=args.format,
            crs_text=args.crs,
            progress=print_progress,
        )
        lines = describe_export(exported, report_texts.lang)
        is_complete = exported.parcel_count >= exported.feature_count
    print_progress(1.0, "")
    print_levels(lines)
    print_written([args.output], report_texts)
    return EXIT_CLEAN if is_complete else EXIT_FOUND


def run_drawing(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Import a drawing, or list the mappings; return the exit code, FOUND if something was left out.

    With ``--json -`` the summary as JSON is the only output on the standard stream.
    """
    from ..exchange.drawings.drawing_sentences import describe_import, make_summary
    from ..exchange.drawings.import_drawing import DrawingOptions, check_import_outputs, import_drawing
    from ..exchange.drawings.mapping import load_mapping
    from ..render.outputs import dump_json

    if args.action == "mappings":
        print_lines(
            f"{name}  {load_mapping(name).titles[report_texts.lang]}" for name in list_data_ids(DRAWINGS_FOLDER)
        )
        return EXIT_CLEAN
    check_import_outputs(args.source, args.output, args.table)
    prints_json = args.json == "-"
    if args.json and not prints_json:
        check_writable(args.json, [path for path in (args.source, args.output, args.table) if path])
    run = import_drawing(
        args.source,
        args.output,
        args.table,
        options=DrawingOptions(
            mapping=args.mapping,
            crs_text=args.crs,
            unit=args.units,
            tolerance_m=args.tolerance,
            closing_m=args.closing,
            hole_rule=args.holes,
            lang=report_texts.lang,
        ),
        progress=print_progress,
    )
    print_progress(1.0, "")
    summary = dump_json(make_summary(run, report_texts.lang)) if args.json else ""
    if args.json and not prints_json:
        write_text(args.json, summary)
    for level, text in describe_import(run, report_texts.lang):
        print_line(text, sys.stdout if level == "info" and not prints_json else sys.stderr)
    if prints_json:
        print_written([args.output, args.table], report_texts, sys.stderr)
        print_line(summary)
    else:
        print_written([args.output, args.table, args.json], report_texts)
    return EXIT_FOUND if run.left_out else EXIT_CLEAN


def run_renumber(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write a copy with new keys, the table of old and new keys, and the list of gaps; return the exit code."""
    from ..exchange.renumber import RenumberOptions, describe_renumbering, renumber_keys

    run = renumber_keys(
        args.source,
        make_run_options(args, report_texts),
        RenumberOptions(split_comma_separated_text(args.layers), args.output, args.table, args.gaps, args.start),
        progress=print_progress,
    )
    print_lines(describe_renumbering(run, report_texts.lang))
    print_written(run.written, report_texts)
    return EXIT_CLEAN


def run_change_zone(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write a copy in another CRS zone, and the proof that the land stays; return the exit code."""
    from ..exchange.change_zone import ZoneNumber, change_crs_zone, describe_zone_change

    run = change_crs_zone(
        args.source,
        args.output,
        zone=args.zone,
        number=ZoneNumber(args.number),
        table=args.table,
        lang=report_texts.lang,
        progress=print_progress,
    )
    print_lines(describe_zone_change(run, report_texts.lang))
    print_written(run.written, report_texts)
    return EXIT_CLEAN
