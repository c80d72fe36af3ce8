# SPDX-License-Identifier: GPL-2.0-or-later
"""A document of numbered sections and tables; a sentence of it is printed only if all its figures are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...render.document.blocks import Block, Document, Heading, PageHeaderFooter, Paragraph, Signature
from ...render.document.check_report import SectionNumbers
from ...render.document.table_document import make_table_blocks
from ...render.tables.report_table import ReportTable
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts

SECTION = "statement"


class NumberedDocument:
    """Sentences, captions and blocks of a document in the language of ``texts``."""

    def __init__(self, texts: Texts, county: str):
        self.texts, self.county = texts, county
        self.report_texts = ReportTexts(texts.lang)
        self.sections = SectionNumbers(self.report_texts)

    def get(self, key: str, /, **params: Any) -> str:
        """Return a text of the section."""
        return self.texts.get(SECTION, key, **params)

    def make_sentence(self, key: str, /, **params: Any) -> str:
        """Return a sentence; empty if a figure of it is None."""
        return "" if None in params.values() else self.get(key, **params)

    def make_heading(self, key: str, **params: Any) -> Heading:
        """Return the heading of the next section."""
        return Heading(self.sections.number_title(self.get(key, **params)))

    def make_paragraphs(self, sentences: Iterable[str]) -> list[Block]:
        """Return sentences as one paragraph; none without sentences."""
        text = self.report_texts.join_sentences(sentences)
        return [Paragraph(text)] if text else []

    def make_caption(self, number: int, title: str) -> Paragraph:
        """Return the caption of a table."""
        return Paragraph(self.get("caption", number=number, title=title), is_caption=True)

    def make_table(self, number: int, table: ReportTable, title: str = "") -> list[Block]:
        """Return a table with its caption and notes; ``title``: by default that of its sheet."""
        (heading, *blocks) = make_table_blocks([table], self.texts)
        name = title or getattr(heading, "text", "")
        unit = self.report_texts.put_in_brackets(heading.note) if isinstance(heading, Heading) and heading.note else ""
        return [self.make_caption(number, f"{name}{unit}"), *blocks]

    def finish(self, title: str, blocks: Iterable[Block]) -> Document:
        """Return the document with the fields to be signed."""
        signature = Signature(tuple(self.get("signatures").split("|")), self.report_texts.get("sign", "date"))
        note = Paragraph(self.get("closing"), is_small=True)
        margins = PageHeaderFooter(
            header_left=self.county,
            header_right=title,
            footer_left=self.report_texts.get("page", "product"),
            page_number_format=self.report_texts.get("page", "number"),
        )
        return Document(title, self.county, margins, (*blocks, signature, note), self.texts.lang)
