# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the results of a review, all of them or none: layer of occupied parts, workbook, pages to be signed, JSON."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..errors import OutputError
from ..files.writing import OutputPaths, check_not_input, check_outputs, write_atomically
from ..render.document.outputs import check_document_outputs, write_document_outputs
from ..render.outputs import dump_json
from .model import ConformityResult
from .parts_layer import write_parts_layer
from .result_data import result_to_dict
from .tables import write_conformity_workbook

if TYPE_CHECKING:
    from ..render.document.blocks import Document
    from .page import Rasterise

LAYER_SUFFIX = ".gpkg"


def check_conformity_outputs(outputs: OutputPaths, inputs: list[str]) -> None:
    """Raise OutputError before a long run if a result cannot be written, or would replace an input.

    ``outputs``: `OutputPaths.findings` is the layer of occupied parts, a GeoPackage.
    """
    from ..tabulate import check_workbook_can_be_written

    check_outputs(outputs, inputs)
    if outputs.findings and Path(outputs.findings).suffix.lower() != LAYER_SUFFIX:
        raise OutputError("output_format", target=outputs.findings, known=LAYER_SUFFIX)
    check_document_outputs(outputs)
    if outputs.xlsx:
        check_workbook_can_be_written(outputs.xlsx)


def write_conformity_outputs(
    result: ConformityResult,
    outputs: OutputPaths,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    print_pdf: Callable[[Document, Path], object] | None = None,
    rasterise: Rasterise | None = None,
) -> None:
    """Write the requested results; each replaces its target when all are complete.

    ``print_pdf`` writes a document as PDF, ``rasterise`` draws maps as pixels; only QGIS can. Raise OutputError and
    Cancelled; every target is then unchanged.
    """

    @cache
    def make_document() -> Document:
        from .page import make_conformity_document

        return make_conformity_document(result, rasterise=rasterise, cancellation=cancellation)

    for target in outputs.list_paths():
        check_not_input(target, list(result.input_files))
    with ExitStack() as stack:
        if outputs.json:
            path = stack.enter_context(write_atomically(outputs.json))
            path.write_text(dump_json(result_to_dict(result, result.lang)), encoding="utf-8", newline="\n")
            cancellation.raise_if_cancelled()
        write_document_outputs(stack, outputs, make_document, print_pdf, cancellation)
        if outputs.xlsx:
            write_conformity_workbook(result, stack.enter_context(write_atomically(outputs.xlsx)))
            cancellation.raise_if_cancelled()
        if outputs.findings:
            # The layer comes last, so that it moves first: another program may have that file open.
            write_parts_layer(result, stack.enter_context(write_atomically(outputs.findings)))
        cancellation.raise_if_cancelled()
