# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapter 体检评估 of a report: summary, tables and charts, as a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...render.document.blocks import Block, Document, Heading, Paragraph, Picture, PictureGrid, ReportChapter
from ...render.document.print_html import make_blank_png
from ...render.document.table_document import make_table_blocks, make_table_document
from ...standard.messages.texts import Texts
from .charts import CHART_MM, HEIGHT_PX, WIDTH_PX, draw_chart
from .evaluated_editions import EVALUATION_SECTION, Evaluation
from .evaluation_json import evaluation_to_dict
from .evaluation_tables import describe_evaluation, make_evaluation_tables
from .native_charts import make_chart_xml

#: Draws an SVG as a PNG of a width (px); only QGIS can.
Rasterise = Callable[[str, int], bytes]
_PIXELS_PER_MM = 11.8
_LANDSCAPE_CHARTS, _PORTRAIT_CHARTS = 3, 2


def make_evaluation_document(
    result: Evaluation, rasterise: Rasterise | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> Document:
    """Return the chapter: summary, table of series, charts, the other tables, and the fields to be signed.

    ``rasterise``: without it the charts are vectors only, and the document states so. Raise Cancelled.
    """
    texts = Texts(result.lang)
    document = make_table_document(
        make_evaluation_tables(result, texts),
        texts.get("document_titles", "evaluation"),
        result.area_name,
        texts,
    )
    column_count = _LANDSCAPE_CHARTS if document.landscape else _PORTRAIT_CHARTS
    charts = _make_charts(result, texts, column_count, rasterise, cancellation)
    return replace(document, blocks=_insert_summary_and_charts(document.blocks, result, texts, charts))


def _make_chapter_blocks(
    result: Evaluation, rasterise: Rasterise | None, cancellation: Cancellation
) -> tuple[Block, ...]:
    """Return the chapter for an upright document that has more than this chapter: without title and signatures."""
    texts = Texts(result.lang)
    tables = make_table_blocks(make_evaluation_tables(result, texts, is_upright=True), texts, level=2)
    charts = _make_charts(result, texts, _PORTRAIT_CHARTS, rasterise, cancellation, level=2)
    return _insert_summary_and_charts(tuple(tables), result, texts, charts)


def _insert_summary_and_charts(
    tables: tuple[Block, ...], result: Evaluation, texts: Texts, charts: list[Block]
) -> tuple[Block, ...]:
    """Return the blocks of all tables with the summary before them, and the charts below the table of series."""
    places = [n for n, block in enumerate(tables) if isinstance(block, Heading)]
    summary = Paragraph(describe_evaluation(result, texts), is_bold=True)
    return (summary, *tables[: places[1]], *charts, *tables[places[1] :])


def _make_charts(
    result: Evaluation,
    texts: Texts,
    column_count: int,
    rasterise: Rasterise | None,
    cancellation: Cancellation,
    level: int = 1,
) -> list[Block]:
    """Return the charts of all series with values, ``column_count`` in a row, with heading and legend; else nothing."""
    pictures = []
    for series in result.shown_series:
        cancellation.raise_if_cancelled()
        svg = draw_chart(series, result)
        image = (
            rasterise(svg, round(CHART_MM * _PIXELS_PER_MM))
            if rasterise is not None
            else make_blank_png(round(WIDTH_PX), round(HEIGHT_PX))
        )
        # Without pixels Word draws the chart itself.
        chart = b"" if rasterise is not None else make_chart_xml(series, result, texts)
        pictures.append(Picture(image, CHART_MM, svg=svg, chart=chart))
    if not pictures:
        # Word cannot open a table without rows, which an empty grid would be.
        return []
    # No text between heading and charts: a page does not end with the heading.
    heading = Heading(texts.get(EVALUATION_SECTION, "charts"), level)
    blocks: list[Block] = [
        heading,
        PictureGrid(tuple(pictures), column_count),
        Paragraph(texts.get(EVALUATION_SECTION, "charts_note"), is_small=True),
    ]
    if rasterise is None:
        key = "native_note" if all(one.chart for one in pictures) else "vector_note"
        blocks.append(Paragraph(texts.get(EVALUATION_SECTION, key), is_small=True))
    return blocks


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
        cache(partial(_make_chapter_blocks, result, rasterise, cancellation)),
        tuple(make_evaluation_tables(result, texts)),
        evaluation_to_dict(result),
        texts.get(EVALUATION_SECTION, "left_out"),
        tuple(result.input_files),
    )
