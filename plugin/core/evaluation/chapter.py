# SPDX-License-Identifier: GPL-2.0-or-later
"""The evaluation as a chapter of the report of a check."""

from __future__ import annotations

from functools import cache, partial

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..messages.texts import Texts
from ..render.chapter import ReportChapter
from .model import EVALUATION_SECTION, Evaluation
from .report import Rasterise, make_chapter_blocks
from .tables import make_evaluation_tables
from .write import evaluation_to_dict


def make_evaluation_chapter(
    result: Evaluation, rasterise: Rasterise | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> ReportChapter:
    """Return the chapter 体检评估: tables, charts and data as in the files of an evaluation.

    ``rasterise``: draws charts as pixels; only QGIS can. Charts are drawn once, for the first file that has them, which
    raises Cancelled.
    """
    texts = Texts(result.lang)
    return ReportChapter(
        EVALUATION_SECTION,
        texts.get(EVALUATION_SECTION, "chapter"),
        cache(partial(make_chapter_blocks, result, rasterise, cancellation)),
        tuple(make_evaluation_tables(result, texts)),
        evaluation_to_dict(result),
        texts.get(EVALUATION_SECTION, "left_out"),
        tuple(result.input_files),
    )
