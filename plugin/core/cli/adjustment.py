# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on a change of a control line (局部优化): adjustment."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, check_docx_is_writable, print_line, print_progress, write_document

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_adjustment(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare a control line before and after a change, write the requested files, print the criteria.

    Return the exit code: FOUND for the verdicts 不符合 and 未能判定.
    """
    from ..adjustment.model import AdjustmentOptions, Outcome
    from ..adjustment.report import (
        check_adjustment_target,
        make_adjustment_document,
        write_adjustment_json,
        write_adjustment_page,
        write_adjustment_workbook,
    )
    from ..adjustment.run import compare_line
    from ..adjustment.tables import describe_reason, describe_verdict, list_missing_sentences
    from ..messages.texts import Texts
    from ..options import RunOptions
    from ..tabulate import check_workbook_can_be_written

    inputs, texts = [args.before, args.after], Texts(report_texts.lang)
    if args.xlsx:
        check_workbook_can_be_written(args.xlsx)
    for target, suffix in ((args.xlsx, ".xlsx"), (args.html, ".html"), (args.json, ".json")):
        check_adjustment_target(target, suffix, inputs)
    check_docx_is_writable(args.docx, inputs)
    run = RunOptions(standard=args.standard, profile=args.profile, roles=args.roles, lang=report_texts.lang)
    result = compare_line(args.after, AdjustmentOptions(args.before, args.line, run), progress=print_progress)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    if args.xlsx:
        write_adjustment_workbook(result, args.xlsx, texts)
    document = make_adjustment_document(result, texts)
    if args.docx:
        write_document(document, args.docx)
    if args.html:
        write_adjustment_page(document, args.html)
    if args.json:
        write_adjustment_json(result, args.json)
    print_line(describe_verdict(result, texts))
    for one in result.criteria:
        name, outcome = texts.get("adjustment_criteria", one.id), texts.get("adjustment_outcomes", str(one.outcome))
        print_line(f"  {outcome}  {name}  {describe_reason(one, texts)}".rstrip())
    for line in list_missing_sentences(result, texts):
        print_line(f"  {line}")
    for target in (args.xlsx, args.docx, args.html, args.json):
        if target:
            print_line(report_texts.get("cli", "written", target=target))
    return EXIT_FOUND if result.verdict in (Outcome.FAILS, Outcome.UNDETERMINED) else EXIT_CLEAN
