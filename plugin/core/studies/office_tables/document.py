# SPDX-License-Identifier: GPL-2.0-or-later
"""Filled tables as a document for Word: each table on a new page, merged heads, notes, places for signatures."""

from __future__ import annotations

from ...render.document.blocks import (
    Block,
    Document,
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    Heading,
    PageBreak,
    PageHeaderFooter,
    Paragraph,
)
from ...render.document.check_report import make_signature
from ...render.document.table_document import compute_column_shares
from ...render.tables.report_table import TableNumber
from ...render.words import ReportTexts
from ...standard.messages.texts import THIN_SPACE, Texts, format_number
from .office_table import FilledRow, FilledTable

#: Letters in a line of a table, on upright pages and in landscape (182 were counted on a page of LibreOffice).
_PORTRAIT_LETTERS, _LANDSCAPE_LETTERS = 110, 175
_INDENT = "\u3000"


def make_office_document(tables: list[FilledTable], area: str, texts: Texts) -> Document:
    """Return filled tables as a document.

    One table gives the document its title; several have a common title and each its own heading.
    """
    report_texts = ReportTexts(texts.lang)
    is_landscape = any(table.layout.is_landscape for table in tables)
    is_alone = len(tables) == 1
    title = tables[0].title if is_alone else texts.get("office_tables", "document_title", area=area)
    blocks: list[Block] = []
    for number, table in enumerate(tables):
        if number:
            blocks.append(PageBreak())
        unit = table.layout.unit
        note = texts.get("tables", "unit_line", unit=texts.get("unit_names", unit)) if unit else ""
        blocks += [
            Heading(table.layout.name if is_alone else table.title, note=note),
            _make_table(table, texts, _LANDSCAPE_LETTERS if is_landscape else _PORTRAIT_LETTERS),
            *[Paragraph(text, is_small=True) for text in table.notes],
        ]
    blocks.append(make_signature(report_texts))
    margins = PageHeaderFooter(
        header_left=area,
        header_right=title,
        footer_left=report_texts.get("page", "product"),
        page_number_format=report_texts.get("page", "number"),
    )
    return Document(title, "", margins, tuple(blocks), texts.lang, landscape=is_landscape)


def _make_table(table: FilledTable, texts: Texts, letters: int) -> DocumentTable:
    """Return a table with columns as wide as their texts need; ``letters``: letters in a line."""
    rows = tuple(_make_row(row, table) for row in table.rows)
    titles = [column.head[-1] for column in table.columns]
    widths = [[cell.text for cell in row] for row, one in zip(rows, table.rows, strict=True) if one.kind != "head"]
    columns = tuple(
        DocumentColumn(
            "".join(column.head),
            share,
            "right" if column.is_numeric else "left" if column.content == "name" else "center",
        )
        for column, share in zip(table.columns, compute_column_shares(titles, widths, letters), strict=True)
    )
    heads = frozenset(n for n, row in enumerate(table.rows) if row.kind == "head")
    return DocumentTable(
        columns, rows, texts.get("tables", "no_rows"), heads, heads=tuple(column.head for column in table.columns)
    )


def _make_row(row: FilledRow, table: FilledTable) -> tuple[DocumentCell, ...]:
    """Return the cells of a row as printed texts."""
    is_bold = row.kind in ("sum", "head")
    texts = [
        (
            format_number(value.value, value.decimals)
            if isinstance(value, TableNumber)
            else (value or "").replace("\u00a0", THIN_SPACE)
        )
        for value in row.values
    ]
    for place, column in enumerate(table.columns):
        if row.kind == "part" and column.content == "name":
            texts[place] = f"{_INDENT}{texts[place]}"
    return tuple(DocumentCell(text, is_bold=is_bold) for text in texts)
