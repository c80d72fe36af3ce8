# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a workbook as a document to be signed: indicators, comparison of editions."""

from __future__ import annotations

from ...messages.texts import Texts, format_number
from ..report_settings import load_report_settings
from ..tables.model import CellValue, ReportTable, ReportTableRow, TableNumber, make_column_heading, make_sheet_name
from ..words import ReportTexts
from .blocks import Block, Document, DocumentCell, DocumentColumn, DocumentTable, Heading, PageHeaderFooter, Paragraph
from .check_report import make_signature

#: Wider tables (characters) need a page in landscape.
_MAX_PORTRAIT_WIDTH = 100
#: Columns up to this width (characters) have no space for the head of a group of rows.
_NARROW_WIDTH = 8
_INDENT = "\u3000"


def make_table_document(tables: list[ReportTable], title: str, area: str, texts: Texts, author: str = "") -> Document:
    """Return tables as a document, each with its unit and notes, then the fields to be signed.

    ``title``: of the document; ``area``: name of the county, printed below it; ``author``: the program.
    """
    report_texts = ReportTexts(texts.lang)
    blocks: list[Block] = []
    for table in tables:
        unit = texts.get("tables", "unit_line", unit=texts.get("unit_names", table.unit)) if table.unit else ""
        blocks.append(Heading(make_sheet_name(table, texts), note=unit))
        blocks.append(_make_table(table, texts))
        limit = load_report_settings().length_limits["rows"]
        if len(table.rows) > limit:
            shown_count, count = format_number(limit, 0), format_number(len(table.rows), 0)
            blocks.append(
                Paragraph(report_texts.get("signed", "workbook_has_all", shown=shown_count, count=count), is_small=True)
            )
        blocks += [Paragraph(note, is_small=True) for note in table.notes]
    blocks.append(make_signature(report_texts))
    margins = PageHeaderFooter(
        header_left=area,
        header_right=title,
        footer_left=report_texts.get("page", "product"),
        page_number_format=report_texts.get("page", "number"),
    )
    is_wide = any(sum(c.width_in_characters for c in table.columns) > _MAX_PORTRAIT_WIDTH for table in tables)
    return Document(title, area, margins, tuple(blocks), texts.lang, author, landscape=is_wide)


def _make_table(table: ReportTable, texts: Texts) -> DocumentTable:
    total = sum(column.width_in_characters for column in table.columns)
    numeric = [any(isinstance(row.values[n], TableNumber) for row in table.rows) for n in range(len(table.columns))]
    columns = tuple(
        DocumentColumn(
            make_column_heading(column, table, texts),
            100 * column.width_in_characters / total,
            "right" if is_number else "left",
        )
        for column, is_number in zip(table.columns, numeric, strict=True)
    )
    rows = table.rows[: load_report_settings().length_limits["rows"]]
    # The head of a group of rows goes where it has space: the first column may have numbers alone.
    place = next((n for n, c in enumerate(table.columns) if c.width_in_characters > _NARROW_WIDTH), 0)
    return DocumentTable(columns, tuple(_make_row(row, place) for row in rows), texts.get("tables", "no_rows"))


def _make_row(row: ReportTableRow, head_place: int) -> tuple[DocumentCell, ...]:
    bold = row.kind in ("sum", "head")
    texts = [_format_cell(value) for value in row.values]
    if row.kind == "head":
        texts[0], texts[head_place] = "", texts[0]
    if row.kind == "part":
        texts[0] = f"{_INDENT}{texts[0]}"
    return tuple(DocumentCell(text, is_bold=bold) for text in texts)


def _format_cell(value: CellValue) -> str:
    """Return a value as text: numbers with the decimals of the workbook."""
    if isinstance(value, TableNumber):
        return format_number(value.value, value.decimals)
    return value or ""
