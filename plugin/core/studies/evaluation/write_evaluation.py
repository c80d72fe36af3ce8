# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an evaluation: chapter (HTML, docx, PDF), workbook, JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.files.writing import OutputPaths, check_not_input, check_outputs, write_files, write_text
from ...checks.tabulate import check_workbook_can_be_written
from ...render.document.blocks import Document
from ...render.document.page_html import check_document_outputs, iterate_document_writers
from ...render.outputs import dump_json
from ...standard.messages.texts import Texts
from .evaluated_editions import (
    Evaluation,
)
from .evaluation_chapter import Rasterise, make_evaluation_document
from .evaluation_json import evaluation_to_dict
from .evaluation_tables import (
    make_evaluation_tables,
)


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
