# SPDX-License-Identifier: GPL-2.0-or-later
"""A document of numbered sections and tables; a sentence of it is printed only if all its figures are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...render.document.blocks import Block, Document, Heading, PageHeaderFooter, Paragraph, Signature
from ...render.document.table_document import make_table_blocks
from ...render.tables.report_table import ReportTable, TableColumn, write_tables_workbook
from ...render.words import ReportTexts
from ...standard.messages.texts import Texts

SECTION = "statement"


class NumberedDocument:
    """Texts, blocks and workbook of a document. ``tables``: by number, with titles."""

    def __init__(self, texts: Texts, county: str):
        self.texts, self.county, self.report_texts = texts, county, ReportTexts(texts.lang)
        self.tables: dict[int, tuple[str, ReportTable]] = {}

    def get(self, key: str, /, **params: Any) -> str:
        """Return a text of the section; empty if a parameter, such as an unknown figure, is None."""
        return "" if None in params.values() else self.texts.get(SECTION, key, **params)

    def make_column(self, key: str, width: int, value: Callable[[Any], Any], unit: str = "") -> TableColumn:
        """Return a column of a table."""
        return TableColumn(key, unit, self.get(f"column_{key}"), width, key, value)

    def number(self, position: int) -> str:
        """Return a number as the titles of sections have it."""
        numerals = self.report_texts.get("signed", "numerals").split()
        return numerals[position - 1] if position <= len(numerals) else str(position)

    def make_section(self, position: int, key: str, sentences: Iterable[str] = ()) -> list[Block]:
        """Return the heading of a section and its sentences as one paragraph."""
        title = self.report_texts.get("signed", "numbered", number=self.number(position), title=self.get(key))
        text = self.report_texts.join_sentences(sentences)
        return [Heading(title), *([Paragraph(text)] if text else [])]

    def make_caption(self, number: int, title: str) -> Paragraph:
        """Return the caption of a table."""
        return Paragraph(self.get("caption", number=number, title=title), is_caption=True)

    def make_table(self, number: int, left_out: Collection[str] = ()) -> list[Block]:
        """Return a table without the columns of some ids, with its caption and notes."""
        title, table = self.tables[number]
        (heading, *blocks) = make_table_blocks([leave_out_columns(table, left_out)], self.texts)
        unit = self.report_texts.put_in_brackets(heading.note) if isinstance(heading, Heading) and heading.note else ""
        return [self.make_caption(number, f"{title}{unit}"), *blocks]

    def write_workbook(self, path: Path, left_out: Collection[str] = ()) -> None:
        """Write the tables to a new workbook. Raise OutputError."""
        tables = [leave_out_columns(table, left_out) for _, table in self.tables.values()]
        write_tables_workbook(path, tables, self.county, self.texts)

    def finish(self, title: str, blocks: Iterable[Block]) -> Document:
        """Return the document with the fields to be signed."""
        words = self.report_texts
        end = (
            Signature(tuple(self.get("signatures").split("|")), words.get("sign", "date")),
            Paragraph(self.get("closing"), is_small=True),
        )
        product, pages = words.get("page", "product"), words.get("page", "number")
        margins = PageHeaderFooter(self.county, title, product, page_number_format=pages)
        return Document(title, self.county, margins, (*blocks, *end), self.texts.lang)


def leave_out_columns(table: ReportTable, ids: Collection[str]) -> ReportTable:
    """Return a table without the columns of some ids."""
    kept = [n for n, one in enumerate(table.columns) if one.id not in ids]
    rows = [replace(row, values=[row.values[n] for n in kept]) for row in table.rows]
    return replace(table, columns=[table.columns[n] for n in kept], rows=rows)
