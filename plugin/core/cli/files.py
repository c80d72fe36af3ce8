# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that convert or compare files: tables, layers, VCT, yearly update."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..options import RunOptions
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    EXIT_NOT_RUN,
    check_docx_is_writable,
    print_line,
    print_progress,
    write_document,
)

if TYPE_CHECKING:
    from ..render.words import ReportTexts

#: Largest number of changed parts on the console; the workbook has all.
_MAX_PARTS_PRINTED = 30


def run_convert_structure_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Convert a structure table to templates or to an empty database.

    Returns the exit code.
    """
    from ..exchange.structure_table import read_structure, write_template_files
    from ..messages.texts import Texts
    from ..standard import load_standard

    if not (args.output or args.database):
        print_line(report_texts.get("cli", "structure_no_target"), sys.stderr)
        return EXIT_NOT_RUN
    standard = load_standard(args.standard)
    structure = read_structure(args.table, standard)
    if args.database:
        from ..exchange.structure_table import choose_plan_crs, create_from_structure

        crs, notice = choose_plan_crs(args.crs, args.county)
        if notice:
            print_line(Texts(report_texts.lang).format_notice(*notice), sys.stderr)
        create_from_structure(structure, standard, args.database, crs, existing=args.existing, folder=args.folder)
    template_files = [str(path) for path in write_template_files(structure, args.output)] if args.output else []
    for path in [p for p in (args.database, args.folder if args.database else "") if p] + template_files:
        print_line(report_texts.get("cli", "written", target=path))
    for note in structure.unknown_domains:
        print_line(
            report_texts.get(
                "cli", "structure_note", sheet=note.sheet_name, row=note.row_number, value=note.domain_name
            )
        )
    return EXIT_CLEAN


def run_compare(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare two editions of a layer, write the requested files and print the differences.

    Returns the exit code CLEAN if they are identical, otherwise FOUND.
    """
    from ..files.writing import check_writable
    from ..loading.unread_files import describe_unread_files
    from ..messages.texts import Texts, format_number
    from ..tabulate import check_workbook_can_be_written
    from ..versions.model import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND
    from ..versions.sources import compare_sources, find_layer_and_townships
    from ..versions.tables import (
        format_changes,
        get_comparison_verdict,
        get_piece_keys,
        list_difference_sentences,
        make_comparison_document,
        write_comparison_workbook,
    )

    norm, texts = RunOptions(standard=args.standard, profile=args.profile).resolve_norm(), Texts(report_texts.lang)
    if args.xlsx:
        check_workbook_can_be_written(args.xlsx)
        check_writable(args.xlsx, [args.before, args.after])
    check_docx_is_writable(args.docx, [args.before, args.after])
    (old_layer, _), (new_layer, townships) = (
        find_layer_and_townships(source, args.role, norm) for source in (args.before, args.after)
    )
    options = {"role": args.role, "renumbered": args.renumbered}
    result = compare_sources(old_layer, new_layer, norm, townships=townships, **options)
    comparison = result.comparison
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    if args.xlsx:
        write_comparison_workbook(result, args.xlsx, texts)
    if args.docx:
        write_document(make_comparison_document(result, texts), args.docx)
    area_sums = {
        name: format_number(comparison.sum_area_m2(kind), 2)
        for name, kind in (("moved_in", MOVED_IN_KIND), ("moved_out", MOVED_OUT_KIND), ("changed", CHANGED_KIND))
    }
    layer = comparison.later_edition.layer.template.name if report_texts.lang == "zh" else result.role
    print_line(
        texts.get("versions", "summary", verdict=get_comparison_verdict(result, texts), layer=layer, **area_sums)
    )
    for line in list_difference_sentences(result, texts):
        print_line(f"  {line}")
    for source in (args.before, args.after):
        for line in describe_unread_files(source, texts):
            print_line(line, sys.stderr)
    for part in comparison.changed_pieces[:_MAX_PARTS_PRINTED]:
        old, new = get_piece_keys(result, part)
        cells = {
            "kind": texts.get("versions", part.kind),
            "township": part.township,
            "area": format_number(part.area_m2, 2),
        }
        changes = format_changes(part, texts).replace("\n", "; ")
        print_line(
            "  " + texts.get("versions", "line", before=old or "-", after=new or "-", changes=changes, **cells).rstrip()
        )
    for target in filter(None, (args.xlsx, args.docx)):
        print_line(report_texts.get("cli", "written", target=target))
    return EXIT_CLEAN if comparison.is_identical else EXIT_FOUND


def run_convert_vct_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Convert a VCT file to a database, or a database to VCT; return the exit code."""
    from ..exchange.vct.database import convert_vct_to_database
    from ..exchange.vct.write import read_layers_in_turn, write_vct
    from ..files.writing import check_writable
    from ..loading.unread_files import describe_unread_files
    from ..messages.texts import Texts
    from ..standard import load_standard

    templates = load_standard(args.standard).templates
    check_writable(args.output, [args.source])
    result: Any
    if args.output.lower().endswith(".vct"):
        layers = read_layers_in_turn(args.source, progress=print_progress)
        result = write_vct(args.output, layers, templates=templates)
        for line in describe_unread_files(args.source, Texts(report_texts.lang)):
            print_line(line, sys.stderr)
    else:
        result = convert_vct_to_database(args.source, args.output, templates=templates, progress=print_progress)
    print_progress(1.0, "")
    for key, params in result.notes:
        print_line(Texts(report_texts.lang).format_notice(key, params), sys.stderr)
    for name, rows in result.row_counts.items():
        print_line(Texts(report_texts.lang).get("toolbox", "vct_layer", layer=name, rows=rows))
    print_line(report_texts.get("cli", "written", target=args.output))
    if not args.no_check and not args.output.lower().endswith(".vct"):
        _print_check_of_import(args, report_texts)
    return EXIT_CLEAN


def _print_check_of_import(args: argparse.Namespace, report_texts: ReportTexts) -> None:
    """Check the imported database ``args.output`` and print a summary of its report."""
    from ..check import check_plan
    from ..exchange.vct.database import check_imported_plan
    from ..messages.texts import Texts

    options = RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang)
    for line in check_imported_plan(
        lambda: check_plan(args.output, options, progress=print_progress).report, Texts(report_texts.lang)
    ).summary_sentences:
        print_line(line)


def run_yearly(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Make the database of a yearly update and print a summary.

    Returns the exit code.
    """
    from ..messages.texts import Texts
    from ..yearly.balance import list_notes, summarise_layers
    from ..yearly.make import compute_and_write_update

    options, texts = (
        RunOptions(standard=args.standard, profile=args.profile, lang=report_texts.lang),
        Texts(report_texts.lang),
    )
    update, written_update = compute_and_write_update(
        args.filed, args.current, args.year, args.output, options, progress=print_progress
    )
    for line in [
        *summarise_layers(update, texts),
        *list_notes(update, texts),
        *(one.format_as_sentence(texts) for one in written_update.problems),
    ]:
        print_line(line)
    for path in written_update.written_files:
        print_line(report_texts.get("cli", "written", target=str(path)))
    return EXIT_CLEAN
