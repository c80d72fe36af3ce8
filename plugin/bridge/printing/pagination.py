# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of a document whose table rows stay whole.

Qt divides a row between two pages and prints its first columns below the repeated head. So a table is divided before
such a row instead, and its second part begins on the next page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from qgis.PyQt.QtGui import QTextBlock, QTextDocument, QTextTable

from ...core.cancellation import Cancellation
from ...core.render.document.blocks import Block, Document, DocumentTable, Heading, PageBreak

#: Dots that layouts of the same text may differ by.
_TOLERANCE = 1.0


class _Extent(NamedTuple):
    """Top and bottom of a part of the text, in dots from the top of the first page."""

    top: float
    bottom: float

    def begins_and_ends_on(self, page_height: float) -> tuple[int, int]:
        """Return the pages, counted from 0, of the top and of the bottom."""
        return int((self.top + _TOLERANCE) // page_height), int((self.bottom - _TOLERANCE) // page_height)


def lay_out_with_whole_rows(
    document: Document, lay_out: Callable[[Document], QTextDocument], cancellation: Cancellation
) -> QTextDocument:
    """Return the laid-out text of a document without table rows on two pages.

    ``lay_out``: lays out a document on pages. A row higher than a page is divided. Raise Cancelled.
    """
    text = lay_out(document)
    first = 0
    while True:
        cancellation.raise_if_cancelled()
        divided, first = _divide_first_table(document, text, first)
        if divided is None:
            return text
        document = divided
        text = lay_out(document)


def _divide_first_table(document: Document, text: QTextDocument, first: int) -> tuple[Document | None, int]:
    """Return the document with the first table divided that has a row on two pages.

    ``first``: number of the first table that may have one; the second value is that number for the next call. None if
    all rows are whole.
    """
    positions = [n for n, block in enumerate(document.blocks) if isinstance(block, DocumentTable) and block.rows]
    tables = [
        frame
        for frame in text.rootFrame().childFrames()
        if isinstance(frame, QTextTable) and frame.format().toTableFormat().headerRowCount()
    ]
    for number in range(first, len(tables)):
        row = _find_divided_row(text, tables[number])
        if row is not None:
            blocks = _break_before_row(list(document.blocks), positions[number], row)
            if blocks is not None:
                # The second part of a divided table is the next table.
                return replace(document, blocks=tuple(blocks)), number if row == 0 else number + 1
    return None, len(tables)


def _find_divided_row(text: QTextDocument, table: QTextTable) -> int | None:
    """Return the first row below the head that is on two pages, or None.

    0 if heading, head and first row are not on one page. A row higher than a page is not reported.
    """
    height = text.pageSize().height()
    head = _measure_row(text, table, 0)
    before = table.firstCursorPosition().block().previous()
    start = _measure_block(text, before) if before.isValid() else head
    for row in range(1, table.rows()):
        extent = _measure_row(text, table, row)
        if extent.bottom - extent.top > height - (head.bottom - head.top):
            continue
        begin, end = extent.begins_and_ends_on(height)
        if row == 1:
            begin = min(head.begins_and_ends_on(height)[0], start.begins_and_ends_on(height)[0])
        if begin != end:
            return row - 1
    return None


def _measure_row(text: QTextDocument, table: QTextTable, row: int) -> _Extent:
    extents = []
    for column in range(table.columns()):
        cell = table.cellAt(row, column)
        extents += [
            _measure_block(text, cursor().block()) for cursor in (cell.firstCursorPosition, cell.lastCursorPosition)
        ]
    return _Extent(min(one.top for one in extents), max(one.bottom for one in extents))


def _measure_block(text: QTextDocument, block: QTextBlock) -> _Extent:
    box = text.documentLayout().blockBoundingRect(block)
    return _Extent(box.top(), box.bottom())


def _break_before_row(blocks: list[Block], position: int, row: int) -> list[Block] | None:
    """Return blocks with a page break before a row of the table at a position.

    Before the first row, the break is before the heading of the table. None if there is a break already.
    """
    table = blocks[position]
    if row:
        parts = replace(table, rows=table.rows[:row]), PageBreak(), replace(table, rows=table.rows[row:])
        return [*blocks[:position], *parts, *blocks[position + 1 :]]
    start = position - 1 if position and isinstance(blocks[position - 1], Heading) else position
    if start and isinstance(blocks[start - 1], PageBreak):
        return None
    return [*blocks[:start], PageBreak(), *blocks[start:]]
