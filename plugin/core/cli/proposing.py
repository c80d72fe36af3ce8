# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that propose drafts: supplement, boundary."""

from __future__ import annotations

import argparse
import sys

from ..base.files.writing import write_files
from ..render.words import ReportTexts
from ..standard.messages.texts import Texts
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    check_tables_are_writable,
    make_run_options,
    print_lines,
    print_progress,
    print_written,
)


def run_supplement(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Propose parcels that replace farmland that is taken, write the requested files, print figures and notes.

    Return the exit code: FOUND if no choice meets the demands.
    """
    from ..render.document.docx_writer import write_docx
    from ..studies.adjustment.adjustment_outputs import check_adjustment_target
    from ..studies.proposals.propose_supplement import propose_supplement
    from ..studies.proposals.supplement_result import SupplementOrder
    from ..studies.proposals.supplement_tables import SupplementTables

    inputs = [args.source, args.demand]
    check_tables_are_writable(args.xlsx, args.docx, inputs)
    check_adjustment_target(args.output, ".gpkg", inputs)
    refused = tuple(one.strip() for one in args.refused.split(",") if one.strip())
    order = SupplementOrder(args.demand, args.prefer, refused)
    result = propose_supplement(args.source, order, make_run_options(args, report_texts), progress=print_progress)
    tables = SupplementTables(result, Texts(report_texts.lang))
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_files(
        [
            (args.xlsx, tables.write_workbook),
            (args.docx, lambda path: write_docx(tables.make_document(), path)),
            # A contradiction has no draft.
            (args.output if result.chosen else "", tables.write_layer),
        ]
    )
    print_lines(tables.summarise())
    print_lines(tables.list_notes(), sys.stderr)
    print_written((args.xlsx, args.docx, args.output if result.chosen else ""), report_texts)
    return EXIT_CLEAN if result.is_found else EXIT_FOUND


def run_boundary(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Propose how the boundary is put right, write the requested files, print figures and notes.

    Return the exit code: FOUND if no draft keeps the limits.
    """
    from ..render.document.docx_writer import write_docx
    from ..studies.adjustment.adjustment_outputs import check_adjustment_target
    from ..studies.proposals.boundary_tables import BoundaryTables
    from ..studies.proposals.propose_boundary import BoundaryOrder, propose_boundary

    inputs = [one for one in (args.source, args.approved, args.locked) if one]
    check_tables_are_writable(args.xlsx, args.docx, inputs)
    check_adjustment_target(args.output, ".gpkg", inputs)
    order = BoundaryOrder(args.mode, args.prefer, args.approved, args.locked)
    result = propose_boundary(args.source, order, make_run_options(args, report_texts), progress=print_progress)
    tables = BoundaryTables(result, Texts(report_texts.lang))
    output = args.output if result.choice.inside is not None else ""
    write_files(
        [
            (args.xlsx, tables.write_workbook),
            (args.docx, lambda path: write_docx(tables.make_document(), path)),
            (output, tables.write_layer),
        ]
    )
    print_lines(tables.summarise())
    print_lines(tables.list_notes(), sys.stderr)
    print_written((args.xlsx, args.docx, output), report_texts)
    return EXIT_CLEAN if result.is_found else EXIT_FOUND
