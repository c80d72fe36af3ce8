# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an evaluation: chapter (HTML, docx, PDF), workbook, JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....metadata import read_plugin_version
from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import name_source
from ...base.files.writing import OutputPaths, check_not_input, check_outputs, write_files, write_text
from ...checks.tabulate import check_workbook_can_be_written
from ...render.document.blocks import Document
from ...render.document.outputs import check_document_outputs, iterate_document_writers
from ...render.outputs import dump_json
from ...standard.messages.texts import Texts
from .evaluated_editions import (
    EVALUATION_SCHEMA,
    EVALUATION_SECTION,
    Evaluation,
    EvaluationSettings,
    IndicatorSeries,
)
from .evaluation_tables import (
    describe_evaluation,
    format_warning,
    list_note_sentences,
    list_remarks,
    make_evaluation_tables,
)

if TYPE_CHECKING:
    from .evaluation_chapter import Rasterise


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

    @cache
    def make_document() -> Document:
        from .evaluation_chapter import make_evaluation_document

        return make_evaluation_document(result, rasterise, cancellation)

    for target in outputs.list_paths():
        check_not_input(target, result.input_files)

    write_files(
        [
            (outputs.json, lambda path: write_text(path, dump_json(evaluation_to_dict(result)))),
            *iterate_document_writers(outputs, make_document, print_pdf),
            (outputs.xlsx, partial(_write_workbook, result)),
        ],
        cancellation,
    )


def _write_workbook(result: Evaluation, path: Path) -> None:
    """Write tables and charts of an evaluation. Raise OutputError."""
    from ...render.tables.workbook import write_tables_workbook
    from .native_charts import add_chart_sheet

    texts = Texts(result.lang)
    add_charts = partial(add_chart_sheet, result=result, texts=texts)
    write_tables_workbook(path, make_evaluation_tables(result, texts), result.area_name, texts, add_charts)


def evaluation_to_dict(result: Evaluation) -> dict[str, Any]:
    """Return the result as plain data with full precision; values have the unit of their series."""
    texts = Texts(result.lang)
    return {
        "schema": EVALUATION_SCHEMA,
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
    points = [
        {
            "edition": column.label,
            "value": point.value,
            "reason": point.reason,
            "basis": point.basis,
            "layer": point.layer,
            "confirmed": point.confirmed,
            "state": point.state,
            "change": asdict(change),
        }
        for column, point, change in zip(result.editions, series.points, series.changes, strict=True)
    ]
    return {
        "id": series.id,
        "name": series.name,
        "unit": series.unit,
        "points": points,
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
