# SPDX-License-Identifier: GPL-2.0-or-later
"""Check and write the files of a document: HTML, docx and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...base.errors import OutputError
from ...base.files.writing import OutputPaths, write_text
from ..page_templates import fill_template
from .blocks import Document, split_at_page_numbers
from .page_html import render_page_blocks


def check_document_outputs(outputs: OutputPaths) -> None:
    """Raise OutputError before a long run for a file with another suffix than its form, or a missing library."""
    forms = ((outputs.html, ".html"), (outputs.docx, ".docx"), (outputs.pdf, ".pdf"), (outputs.json, ".json"))
    for target, suffix in forms:
        if target and Path(target).suffix.lower() != suffix:
            raise OutputError("output_format", target=target, known=suffix)
    if outputs.docx:
        from .docx_writer import import_docx_library

        import_docx_library(Path(outputs.docx).name)


def iterate_document_writers(
    outputs: OutputPaths,
    make_document: Callable[[], Document],
    print_pdf: Callable[[Document, Path], object] | None,
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Yield target and writer of each form of a document, for `write_files`.

    ``make_document``: called once for each form; ``print_pdf``: writes a document as PDF, which only QGIS can. The
    writers raise OutputError and Cancelled.
    """
    from .docx_writer import write_docx

    yield outputs.html, lambda path: write_text(path, render_document_page(make_document()))
    yield outputs.docx, lambda path: write_docx(make_document(), path)
    yield outputs.pdf, partial(print_document, make_document, print_pdf)


def print_document(
    make_document: Callable[[], Document], print_pdf: Callable[[Document, Path], object] | None, path: Path
) -> None:
    """Write a document as PDF. Raise OutputError outside QGIS, which alone prints (``print_pdf``)."""
    if print_pdf is None:
        raise OutputError("output_pdf_without_qgis", target=path.name)
    print_pdf(make_document(), path)


_TEMPLATE = "document.html.j2"


def render_document_page(document: Document) -> str:
    """Return the document as one page without external resources; all texts are escaped."""
    margins = document.header_footer
    pieces: list[Any] = [
        {"counter": piece[1:-1]} if piece in ("{page}", "{pages}") else piece
        for piece in split_at_page_numbers(margins.page_number_format)
    ]
    return fill_template(
        _TEMPLATE,
        {
            "lang": {"zh": "zh-CN"}.get(document.lang, document.lang),
            "title": document.title,
            "landscape": document.landscape,
            "body": render_page_blocks(document.blocks, {}, keeps_widths=True),
            "running": {
                "left": margins.header_left,
                "right": margins.header_right,
                "product": margins.footer_left,
                "page": pieces,
                "number": margins.footer_right,
            },
        },
    )
