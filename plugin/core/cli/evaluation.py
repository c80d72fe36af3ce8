# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on several editions of a county (体检评估): evaluate."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .console import EXIT_CLEAN, EXIT_FOUND, print_line, print_progress

if TYPE_CHECKING:
    from ..render.words import ReportTexts


def run_evaluate(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Evaluate editions, print warnings and notes, write the requested files.

    Return the exit code: FOUND if an indicator has an alert or failed, or an edition could not be read.
    """
    from ..evaluation.editions import list_files_of_editions, read_editions
    from ..evaluation.model import Level
    from ..evaluation.run import evaluate_editions
    from ..evaluation.tables import list_log_lines, list_note_sentences
    from ..evaluation.write import check_evaluation_outputs, write_evaluation_outputs
    from ..files.writing import OutputPaths
    from ..messages.texts import Texts
    from ..options import RunOptions

    texts = Texts(report_texts.lang)
    editions = read_editions(args.editions)
    outputs = OutputPaths(json=args.json, html=args.html, docx=args.docx, xlsx=args.xlsx)
    check_evaluation_outputs(outputs, list_files_of_editions(args.editions, editions))
    options = RunOptions(
        standard=args.standard, profile=args.profile, roles=args.roles, scope=args.scope, lang=report_texts.lang
    )
    result = evaluate_editions(editions, options, progress=print_progress)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_evaluation_outputs(result, outputs)
    for line in list_log_lines(result, texts):
        print_line(line)
    for sentence in list_note_sentences(result, texts):
        print_line(sentence, sys.stderr)
    for path in outputs.list_paths():
        print_line(report_texts.get("cli", "written", target=path))
    is_clean = not result.count(Level.ALERT) and result.is_complete
    return EXIT_CLEAN if is_clean else EXIT_FOUND
