# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation of several editions (体检评估) for the toolbox: figures, and files with drawn charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from .. import health
from ..printing.documents import render_svg
from ..printing.pdf import write_pdf
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.check import CheckResult, RunOptions
    from ...core.evaluation.checked_plan import EditionsOfCheck
    from ...core.evaluation.model import Edition, Evaluation
    from ...core.files.writing import OutputPaths
    from ...core.render.chapter import ReportChapter

ProgressCallback = Callable[[float, str], None]


@run_in_python_thread
def evaluate_check(
    check_result: CheckResult,
    editions: EditionsOfCheck,
    options: RunOptions,
    *,
    has_roles: bool,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Evaluation:
    """Evaluate a checked plan with earlier editions. Arguments as of the core's function. Raise Cancelled."""
    from ...core.evaluation.checked_plan import evaluate_check as core_evaluate_check

    return core_evaluate_check(
        check_result, editions, options, has_roles=has_roles, progress=progress, cancellation=cancellation
    )


@run_in_python_thread
def make_evaluation_chapter(evaluation: Evaluation, cancellation: Cancellation = NEVER_CANCELLED) -> ReportChapter:
    """Return the chapter of an evaluation for the report of a check, with drawn charts. Raise Cancelled."""
    from ...core.evaluation.report import make_evaluation_chapter as core_make_chapter

    return core_make_chapter(evaluation, render_svg, cancellation)


@run_in_python_thread
def evaluate_editions(
    editions: list[Edition],
    options: RunOptions,
    outputs: OutputPaths,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Evaluation:
    """Evaluate editions, write the requested files and return the result.

    May be called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    from ...core.evaluation.run import evaluate_editions as core_evaluate
    from ...core.evaluation.write import write_evaluation_outputs

    result = core_evaluate(editions, options, progress=progress, cancellation=cancellation)
    write_evaluation_outputs(
        result,
        outputs,
        cancellation,
        print_pdf=lambda document, path: write_pdf(document, path, cancellation=cancellation),
        rasterise=render_svg,
    )
    return result
