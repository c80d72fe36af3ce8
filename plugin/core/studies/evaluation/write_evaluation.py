# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an evaluation: the chapter 体检评估 of a report (HTML, docx, PDF), workbook, JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from ....metadata import read_plugin_version
from ...base.connection_text import name_source
from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.writing import OutputPaths, check_not_input, check_outputs, write_files, write_text
from ...checks.tabulate import check_workbook_can_be_written
from ...render.document.blocks import Block, Document, Heading, Paragraph, Picture, PictureGrid, ReportChapter
from ...render.document.page_html import check_document_outputs, iterate_document_writers
from ...render.document.print_html import make_blank_png
from ...render.document.table_document import make_table_blocks, make_table_document
from ...render.outputs import dump_json
from ...render.tables.report_table import write_tables_workbook
from ...standard.messages.texts import Texts
from .charts import CHART_MM, HEIGHT_PX, WIDTH_PX, add_chart_sheet, draw_chart, make_chart_xml
from .evaluated_editions import EVALUATION_SECTION, Evaluation, EvaluationSettings, IndicatorSeries
from .evaluation_tables import (
    describe_evaluation,
    format_warning,
    list_note_sentences,
    list_remarks,
    make_evaluation_tables,
)

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
    return replace(
        document,
        blocks=_insert_summary_and_charts(
            document.blocks, result, texts, _make_charts(result, texts, column_count, rasterise, cancellation)
        ),
    )


def _insert_summary_and_charts(
    tables: tuple[Block, ...], result: Evaluation, texts: Texts, charts: list[Block]
) -> tuple[Block, ...]:
    """Return the blocks of all tables with the summary before them, and the charts below the table of series."""
    places = [n for n, block in enumerate(tables) if isinstance(block, Heading)]
    return (
        Paragraph(describe_evaluation(result, texts), is_bold=True),
        *tables[: places[1]],
        *charts,
        *tables[places[1] :],
    )


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
        blocks.append(
            Paragraph(
                texts.get(EVALUATION_SECTION, "native_note" if all(one.chart for one in pictures) else "vector_note"),
                is_small=True,
            )
        )
    return blocks


def make_evaluation_chapter(
    result: Evaluation, rasterise: Rasterise | None = None, cancellation: Cancellation = NEVER_CANCELLED
) -> ReportChapter:
    """Return the chapter 体检评估: tables, charts and data as in the files of an evaluation.

    ``rasterise``: draws charts as pixels; only QGIS can. Charts are drawn once, for the first file that has them, which
    raises Cancelled.
    """
    texts = Texts(result.lang)

    @cache
    def make_blocks() -> tuple[Block, ...]:
        # For an upright document that has more than this chapter: without title and signatures.
        tables = make_table_blocks(make_evaluation_tables(result, texts, is_upright=True), texts, level=2)
        return _insert_summary_and_charts(
            tuple(tables),
            result,
            texts,
            _make_charts(result, texts, _PORTRAIT_CHARTS, rasterise, cancellation, level=2),
        )

    return ReportChapter(
        EVALUATION_SECTION,
        texts.get(EVALUATION_SECTION, "chapter"),
        make_blocks,
        tuple(make_evaluation_tables(result, texts)),
        evaluation_to_dict(result),
        texts.get(EVALUATION_SECTION, "left_out"),
        tuple(result.input_files),
    )


def evaluation_to_dict(result: Evaluation) -> dict[str, Any]:
    """Return the result as plain data with full precision; values have the unit of their series."""
    texts = Texts(result.lang)
    return {
        "schema": "sanxian-evaluation/1",
        "version": read_plugin_version(),
        "lang": result.lang,
        "area": result.area_name,
        "summary": describe_evaluation(result, texts),
        "editions": [
            {
                "year": one.edition.year,
                "name": one.edition.name,
                "label": one.label,
                # Without paths of this machine.
                "source": name_source(one.edition.source),
                "problem": one.problem,
                "area_code": one.area_code,
                "area_name": one.area_name,
                "crs": one.crs,
                "standard": f"{one.norm.standard.id} {one.norm.standard.edition}" if one.norm is not None else "",
                "profile": one.norm.profile.id if one.norm is not None else "",
                "base_year": one.base_year,
                "layers": one.layers,
                "notices": one.notices,
            }
            for one in result.editions
        ],
        "series": [_series_to_dict(one, result, texts) for one in result.series],
        "thresholds": [
            {
                "setting": key,
                "value": getattr(result.settings, name),
                "mark": result.norm.get_source_mark(key),
                "confirmed": result.norm.is_confirmed(key),
            }
            for name in EvaluationSettings.__dataclass_fields__
            for key in (f"{EVALUATION_SECTION}.{name}",)
        ],
        "notes": list_note_sentences(result, texts),
    }


def _series_to_dict(series: IndicatorSeries, result: Evaluation, texts: Texts) -> dict[str, Any]:
    """Return a series as plain data."""
    return {
        "id": series.id,
        "name": series.name,
        "unit": series.unit,
        "points": [
            {
                "edition": column.label,
                "value": point.value,
                "reason": point.reason,
                "basis": point.basis,
                "layer": point.layer,
                "confirmed": point.confirmed,
                "state": point.state,
                **({"statistics": point.statistics} if point.statistics else {}),
                "change": asdict(change),
            }
            for column, point, change in zip(result.editions, series.points, series.changes, strict=True)
        ],
        "change_to_first": asdict(series.change_to_first),
        "target": asdict(series.target) if series.target is not None else None,
        "level": str(series.level),
        "unconfirmed": series.is_unconfirmed,
        "warnings": [
            {**asdict(one), "level": str(one.level), "text": format_warning(one, series, texts)}
            for one in series.warnings
        ],
        "remarks": list_remarks(series, result, texts) if series.has_values else [],
    }


def check_evaluation_outputs(outputs: OutputPaths, inputs: list[str]) -> None:
    """Raise OutputError before a long run if a file cannot be written, or would replace an input."""
    check_outputs(outputs, inputs)
    check_document_outputs(outputs)
    if outputs.xlsx:
        check_workbook_can_be_written(outputs.xlsx)


def write_evaluation_outputs(
    result: Evaluation,
    outputs: OutputPaths,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    print_pdf: Callable[[Document, Path], object] | None = None,
    rasterise: Rasterise | None = None,
) -> None:
    """Write the requested files; one that fails does not stop the others.

    ``print_pdf`` writes a document as PDF, ``rasterise`` draws charts as pixels; only QGIS can. Raise OutputError and
    InputError as `write_files`, and Cancelled.
    """

    def write_workbook(path: Path) -> None:
        texts = Texts(result.lang)
        write_tables_workbook(
            path,
            make_evaluation_tables(result, texts),
            result.area_name,
            texts,
            partial(add_chart_sheet, result=result, texts=texts),
        )

    for target in outputs.list_paths():
        check_not_input(target, result.input_files)
    write_files(
        [
            (outputs.json, lambda path: write_text(path, dump_json(evaluation_to_dict(result)))),
            *iterate_document_writers(
                outputs, cache(partial(make_evaluation_document, result, rasterise, cancellation)), print_pdf
            ),
            (outputs.xlsx, write_workbook),
        ],
        cancellation,
    )
