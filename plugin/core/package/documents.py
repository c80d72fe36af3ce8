# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents that the plugin makes for a package: 质量检查报告 and 质量检查记录, where the office brings none.

The core writes docx; the caller passes a function that prints a PDF, which only QGIS can.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..base.errors import OutputError
from ..standard.messages.texts import CauseMessage
from .export_context import DocumentPrinter, DocumentsToMake, ExportContext
from .names import fill_name_pattern
from .package_spec.spec import RECORD_DOCUMENT
from .problems import ExportProblem, ProblemLevel

if TYPE_CHECKING:
    from ..render.document.blocks import Document
    from .slot_files import FilledSlot


def choose_documents_to_make(
    filled_slots: Iterable[FilledSlot], print_pdf: DocumentPrinter | None
) -> tuple[DocumentsToMake, list[ExportProblem]]:
    """Decide which documents the plugin makes.

    Return them, and a problem for each that it cannot make. Nothing is written.
    """
    documents_to_make, problems = [], []
    for filled_slot in filled_slots:
        slot = filled_slot.slot
        if not slot.generated or filled_slot.file_paths:
            continue
        error = _find_obstacle(filled_slot.file_name, print_pdf)
        if error is None:
            documents_to_make.append(filled_slot)
            continue
        level = {"M": ProblemLevel.GATE, "C": ProblemLevel.NOTE}.get(slot.need)
        if level is not None:
            params = {"title": slot.title, "reason": CauseMessage(error)}
            problems.append(ExportProblem(level, "document_not_made", params=params))
    return DocumentsToMake(tuple(documents_to_make), print_pdf), problems


def _find_obstacle(name: str, print_pdf: DocumentPrinter | None) -> OutputError | None:
    """Return why a document with this file name cannot be made on this machine.

    None if it can be made.
    """
    from ..render.document.docx_writer import import_docx_library

    if name.lower().endswith(".pdf"):
        return OutputError("output_pdf_without_qgis", target=name) if print_pdf is None else None
    try:
        import_docx_library(name)
    except OutputError as error:
        return error
    return None


def make_documents(context: ExportContext) -> None:
    """Make the planned documents, write them and name their files in the manifest.

    Raise OutputError for a PDF without a printer.
    """
    from ..render.document.docx_writer import write_docx

    rows = {row["id"]: row for row in context.manifest["slots"]}
    for filled_slot in context.documents.slots:
        context.cancellation.raise_if_cancelled()
        slot = filled_slot.slot
        path = context.prepare_file_path(slot.folder, fill_name_pattern(slot.file, context.placeholders))
        document = make_package_document(context, slot.generated)
        if path.suffix.lower() == ".docx":
            write_docx(document, path)
        elif context.documents.print_pdf is not None:
            context.documents.print_pdf(document, path)
        else:
            raise OutputError("output_pdf_without_qgis", target=path.name)
        rows[slot.id] |= {"files": [context.get_path_in_package(path)], "generated": slot.generated}


def make_package_document(context: ExportContext, kind: str) -> Document:
    """Return the document about the check that precedes an export.

    ``kind``: one of `GENERATED_DOCUMENTS`.
    """
    from ..render.document.check_report import make_check_record, make_check_report

    report, norm = context.check_result.report, context.plan.norm
    if kind == RECORD_DOCUMENT:
        return make_check_record(report, norm)
    return make_check_report(report, norm, context.pictures)
