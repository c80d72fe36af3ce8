# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that propose and compare drafts: supplement, boundary, compare-drafts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files.writing import write_files, write_text
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

if TYPE_CHECKING:
    from ..studies.proposals.proposal_tables import ProposalTables


def run_supplement(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Propose parcels that replace farmland that is taken, write the requested files, print figures and notes.

    Return the exit code: FOUND if no choice meets the demands.
    """
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
    # A contradiction has no draft.
    _write_and_print(tables, args, report_texts, (args.output if result.chosen else "", tables.write_layer))
    return EXIT_CLEAN if result.is_found else EXIT_FOUND


def run_boundary(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Propose how the boundary is put right, write the requested files, print figures and notes.

    Return the exit code: FOUND if no draft keeps the limits.
    """
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
    _write_and_print(tables, args, report_texts, (output, tables.write_layer))
    return EXIT_CLEAN if result.is_found else EXIT_FOUND


def run_compare_drafts(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare drafts of a control line, write the requested files, print differences and notes.

    Return the exit code: FOUND if a figure could not be determined.
    """
    from ..render.outputs import dump_json
    from ..studies.adjustment.adjustment_outputs import check_adjustment_target
    from ..studies.proposals.compare_drafts import DraftsOrder, compare_drafts
    from ..studies.proposals.draft_tables import DraftTables

    inputs = [args.source, *args.drafts]
    check_tables_are_writable(args.xlsx, args.docx, inputs)
    for target, suffix in ((args.output, ".gpkg"), (args.json, ".json")):
        check_adjustment_target(target, suffix, inputs)
    order = DraftsOrder(tuple(args.drafts), args.line)
    result = compare_drafts(args.source, order, make_run_options(args, report_texts), progress=print_progress)
    tables = DraftTables(result, Texts(report_texts.lang))
    data = (args.json, lambda path: write_text(path, dump_json(tables.make_json())))
    _write_and_print(tables, args, report_texts, (args.output, tables.write_layer), data)
    return EXIT_CLEAN if result.is_complete else EXIT_FOUND


def _write_and_print(
    tables: ProposalTables,
    args: argparse.Namespace,
    report_texts: ReportTexts,
    *others: tuple[str, Callable[[Path], object]],
) -> None:
    """Write workbook, document and other requested files; print the answer, and the notes to the error stream."""
    from ..render.document.docx_writer import write_docx

    files = [(args.xlsx, tables.write_workbook), (args.docx, lambda path: write_docx(tables.make_document(), path))]
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_files([*files, *others])
    print_lines(tables.summarise())
    print_lines(tables.list_notes(), sys.stderr)
    print_written((path for path, _ in (*files, *others)), report_texts)
