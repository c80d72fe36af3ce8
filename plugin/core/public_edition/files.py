# SPDX-License-Identifier: GPL-2.0-or-later
"""Public documents and pages: redacted texts, a notice at the head, and the record of what was taken out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from ..render.document.blocks import Block, Document, PageBreak
from ..render.document.page_html import render_page_blocks

if TYPE_CHECKING:
    from .record import RemovalRecord
    from .redactor import Redactor

_PAGE_TITLE_END, _PAGE_END = "</h1>", "</body>"


def make_public_document(document: Document, redactor: Redactor, record: RemovalRecord) -> Document:
    """Return a document as public edition: texts redacted, marked as public, with the record at its end."""
    redacted = redactor.redact_document(document)
    subtitle = "　".join(filter(None, (redacted.subtitle, redactor.texts.get("public", "document_notice"))))
    blocks: tuple[Block, ...] = (
        *redacted.blocks,
        PageBreak(),
        *record.make_blocks(redactor.edition, redactor.texts),
    )
    return replace(redacted, subtitle=subtitle, blocks=blocks)


def make_public_page(page: str, redactor: Redactor, record: RemovalRecord) -> str:
    """Return a report page (HTML) as public edition, with a notice below its title and the record at its end."""
    page = redactor.redact_page(page)
    notice = f'\n<p class="warn">{escape(redactor.texts.get("public", "notice"))}</p>'
    page = page.replace(_PAGE_TITLE_END, _PAGE_TITLE_END + notice, 1)
    appendix = render_page_blocks(record.make_blocks(redactor.edition, redactor.texts), {})
    return page.replace(_PAGE_END, f'<div class="ap">\n{appendix}\n</div>\n{_PAGE_END}', 1)


_RECORD_STYLE = (
    "body{font:14px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:900px;"
    "margin:24px auto;padding:0 12px}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:4px 8px;text-align:left;"
    "vertical-align:top}td.r,th.r{text-align:right}"
)


def make_record_page(title: str, blocks: Iterable[Block], lang: str) -> str:
    """Return a separate page (HTML) with the record of what was taken out of other files."""
    language = {"zh": "zh-CN"}.get(lang, lang)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_RECORD_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{render_page_blocks(blocks, {})}\n</body>\n</html>\n"
    )
