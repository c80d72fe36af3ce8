# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation of several editions (体检评估) for the toolbox: figures, and files with drawn charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.cancellation import NEVER_CANCELLED, Cancellation
from .. import health
from ..printing.pdf import write_pdf
from ..printing.svg_image import render_svg
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.check import RunOptions
    from ...core.evaluation.model import Edition, Evaluation
    from ...core.files.writing import OutputPaths

ProgressCallback = Callable[[float, str], None]


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
