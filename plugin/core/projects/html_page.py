# SPDX-License-Identifier: GPL-2.0-or-later
"""The document on projects as a page (HTML)."""

from __future__ import annotations

import re
from typing import Any

from ..render.document.blocks import Document
from ..render.document.page_html import render_page_blocks
from ..render.html import fill_template

_TEMPLATE = "conformity.html.j2"


def render_conformity_page(document: Document) -> str:
    """Return the document as one page without external resources; all texts are escaped."""
    margins = document.header_footer
    pieces: list[Any] = [
        {"counter": piece[1:-1]} if piece in ("{page}", "{pages}") else piece
        for piece in re.split(r"(\{pages?\})", margins.page_number_format)
        if piece
    ]
    return fill_template(
        _TEMPLATE,
        {
            "lang": {"zh": "zh-CN"}.get(document.lang, document.lang),
            "title": document.title,
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
