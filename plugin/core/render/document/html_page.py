# SPDX-License-Identifier: GPL-2.0-or-later
"""A document as a page (HTML): the review of projects, the evaluation."""

from __future__ import annotations

from typing import Any

from ..html import fill_template
from .blocks import Document, split_at_page_numbers
from .page_html import render_page_blocks

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
