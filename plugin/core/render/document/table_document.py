# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a workbook as a document to be signed: indicators, comparison of editions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...standard.messages.texts import THIN_SPACE, Texts, format_number
from ..report_settings import load_report_settings
from ..tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableNumber,
    make_column_heading,
    make_sheet_name,
)
from ..words import ReportTexts
from .blocks import Block, Document, DocumentCell, DocumentColumn, DocumentTable, Heading, PageHeaderFooter, Paragraph
from .check_report import make_signature
from .column_widths import compute_column_shares

#: Wider tables (characters) need a page in landscape.
_MAX_PORTRAIT_WIDTH = 100
#: Letters in a line of a table, on upright pages and in landscape.
_PORTRAIT_LETTERS, _LANDSCAPE_LETTERS = 110, 165
#: Columns up to this width (characters) have no space for the head of a group of rows.
_NARROW_WIDTH = 8
_INDENT = "\u3000"
#: The workbook's texts group digits by plain spaces, at which a line may be broken.
_GROUP_SPACE = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def make_table_document(tables: list[ReportTable], title: str, area: str, texts: Texts) -> Document:
    """Return tables as a document, each with its unit and notes, then the fields to be signed.

    ``title``: title of the document; ``area``: name of the county, printed below the title.
    """
    report_texts = ReportTexts(texts.lang)
    is_wide = any(sum(c.width_in_characters for c in table.columns) > _MAX_PORTRAIT_WIDTH for table in tables)
    blocks: list[Block] = [*make_table_blocks(tables, texts, is_wide=is_wide), make_signature(report_texts)]
    margins = PageHeaderFooter(
        header_left=area,
        header_right=title,
        footer_left=report_texts.get("page", "product"),
        page_number_format=report_texts.get("page", "number"),
    )
    return Document(title, area, margins, tuple(blocks), texts.lang, landscape=is_wide)


def make_table_blocks(
    tables: list[ReportTable], texts: Texts, *, is_wide: bool = False, level: int = 1
) -> Iterator[Block]:
    """Yield tables, each with its heading, unit and notes.

    ``is_wide``: for pages in landscape; ``level``: of the headings.
    """
    report_texts = ReportTexts(texts.lang)
    for table in tables:
        unit = texts.get("tables", "unit_line", unit=texts.get("unit_names", table.unit)) if table.unit else ""
        yield from (
            Heading(make_sheet_name(table, texts), level, unit),
            _make_table(table, texts, _LANDSCAPE_LETTERS if is_wide else _PORTRAIT_LETTERS),
        )
        limit = load_report_settings().length_limits["rows"]
        if len(table.rows) > limit:
            shown_count, count = format_number(limit, 0), format_number(len(table.rows), 0)
            yield Paragraph(
                report_texts.get("signed", "workbook_has_all", shown=shown_count, count=count), is_small=True
            )
        yield from (Paragraph(note, is_small=True) for note in table.notes)


def _make_table(table: ReportTable, texts: Texts, letters: int) -> DocumentTable:
    """Return a table whose columns are as wide as their texts need; ``letters``: letters in a line."""
    # The head of a group of rows goes where it has space: the first column may have numbers alone.
    place = next((n for n, c in enumerate(table.columns) if c.width_in_characters > _NARROW_WIDTH), 0)
    shown_rows = table.rows[: load_report_settings().length_limits["rows"]]
    rows = tuple(_make_row(row, place) for row in shown_rows)
    heads = frozenset(n for n, row in enumerate(shown_rows) if row.kind == "head")
    headings = [make_column_heading(column, table, texts) for column in table.columns]
    shares = compute_column_shares(headings, [[cell.text for cell in row] for row in rows], letters)
    columns = tuple(
        # A column for numbers has a unit, also if none of them is known.
        DocumentColumn(
            heading,
            share,
            "right"
            if table.columns[n].unit or any(isinstance(row.values[n], TableNumber) for row in table.rows)
            else "left",
        )
        for n, (heading, share) in enumerate(zip(headings, shares, strict=True))
    )
    return DocumentTable(columns, rows, texts.get("tables", "no_rows"), heads)


def _make_row(row: ReportTableRow, head_place: int) -> tuple[DocumentCell, ...]:
    """Return the cells of a row; the text of a heading of rows is put into the column ``head_place``."""
    bold = row.kind in ("sum", "head")
    texts = [
        (
            format_number(value.value, value.decimals)
            if isinstance(value, TableNumber)
            else _GROUP_SPACE.sub(THIN_SPACE, value or "")
        )
        for value in row.values
    ]
    if row.kind == "head":
        texts[0], texts[head_place] = "", texts[0]
    if row.kind == "part":
        texts[0] = f"{_INDENT}{texts[0]}"
    return tuple(DocumentCell(text, is_bold=bold) for text in texts)
