# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents as PDF: text laid out on pages without divided rows, header and footer painted around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from qgis.PyQt.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
from qgis.PyQt.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextBlock,
    QTextDocument,
    QTextTable,
)
from qgis.PyQt.QtSvg import QSvgRenderer

from ...core.base.errors import NEVER_CANCELLED, Cancellation
from ...core.base.files.writing import write_files, write_text
from ...core.render.document.blocks import (
    Block,
    Document,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    NoticeBox,
    PageBreak,
    Paragraph,
    PictureGrid,
    PictureWithText,
    Signature,
    VerdictBox,
)
from ...core.render.document.print_html import SANS_FONTS, render_print_html
from ...core.standard.messages.texts import Texts
from ..layers.painting import paint_on
from ..running.threads import run_in_python_thread

#: Dots that layouts of the same text may differ by.
_TOLERANCE = 1.0
#: Dots needed below the last line of a cell: padding and border of the blocks, and the paragraph of a page break. If it
#: does not fit on the page, Qt makes an empty page.
_MAX_CELL_EDGE = 16.0
#: Rows of a table that go to the page of the signatures below it.
_ROWS_WITH_SIGNATURES = 2
#: Blocks that are one table of Qt each, if they have content.
_TABLE_BLOCKS = (
    DocumentTable, FactTable, Legend, NoticeBox, PictureGrid, PictureWithText, Signature, VerdictBox,
)  # fmt: skip


class _VerticalExtent(NamedTuple):
    """Top and bottom of a row or block of the text, in dots from the top of the first page."""

    top: float
    bottom: float

    def find_first_and_last_page(self, page_height: float) -> tuple[int, int]:
        """Return the numbers of the pages, from 0, on which the row or block begins and ends."""
        return int((self.top + _TOLERANCE) // page_height), int((self.bottom - _TOLERANCE) // page_height)


class LaidOutText(QTextDocument):
    """A text that is deleted on the main thread, wherever it is laid out.

    PyQt learns there, later, of the end of Qt's own objects in other threads. By then the layout of the next text may
    have the same address, and Python would take it for deleted.
    """

    def __del__(self) -> None:
        self.moveToThread(QCoreApplication.instance().thread())


def lay_out_without_divided_rows(
    document: Document, lay_out: Callable[[Document], QTextDocument], cancellation: Cancellation
) -> QTextDocument:
    """Return the laid-out text of a document in which no table row, signature or map is divided between two pages.

    ``lay_out``: lays out a document on pages. Only a row higher than a page is divided. Raise Cancelled.
    """
    undivided: Document | None = document
    first = 0
    while undivided is not None:
        text = lay_out(undivided)
        cancellation.raise_if_cancelled()
        undivided, first = _divide_first_table(undivided, text, first)
    return text


def _divide_first_table(document: Document, text: QTextDocument, first: int) -> tuple[Document | None, int]:
    """Insert a page break before the first row or block that is on two pages.

    ``first``: number of the first table of the text to inspect. Return the document with the break, None if nothing is
    divided, and the value of ``first`` for the next call.
    """
    positions = [
        n
        for n, block in enumerate(document.blocks)
        if isinstance(block, _TABLE_BLOCKS) and (not isinstance(block, DocumentTable) or block.rows)
    ]
    tables = [frame for frame in text.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    for number in range(first, len(tables)):
        heading_count = positions[number] - _find_first_heading(document.blocks, positions[number])
        position = positions[number] - heading_count
        begins_page = position == 0 or isinstance(document.blocks[position - 1], PageBreak)
        block = document.blocks[positions[number]]
        row = _find_first_divided_part(text, tables[number], block, heading_count, begins_page)
        blocks = None if row is None else _break_before_row(list(document.blocks), positions[number], row)
        if blocks is not None:
            # The second part of a divided table is the next table.
            return replace(document, blocks=tuple(blocks)), number if row == 0 else number + 1
    return None, len(tables)


def _find_first_heading(blocks: Sequence[Block], position: int) -> int:
    """Return the position of the first of the headings directly before a block, or that of the block."""
    while position and isinstance(blocks[position - 1], Heading):
        position -= 1
    return position


def _find_first_divided_part(
    text: QTextDocument, table: QTextTable, block: Block, heading_count: int, begins_page: bool
) -> int | None:
    """Return the first row of a table or grid before which a page must begin, or None.

    0 for a block without rows that must begin a page.
    """
    if isinstance(block, DocumentTable):
        return _find_divided_row(text, table, block, heading_count, begins_page)
    height = text.pageSize().height()
    rows = [_measure_row_extent(text, table, row) for row in range(table.rows())]
    if not isinstance(block, PictureGrid):
        first = table.firstCursorPosition().block()
        tops = [
            _measure_block_extent(text, table.cellAt(0, n).firstCursorPosition().block()).top
            for n in range(table.columns())
        ]
        # Between the line and the signatures is a gap.
        last_line = first.previous().previous()
        if isinstance(block, Signature) and last_line.isValid():
            tops.append(_measure_block_extent(text, last_line).bottom - 2 * _TOLERANCE)
        rows = [_VerticalExtent(min(tops), max(one.bottom for one in rows))]
    if heading_count:
        # Headings go with the first row, also if it begins a page.
        heading = _measure_first_heading(text, table, heading_count)
        rows[0] = _VerticalExtent(min(heading.top, rows[0].top), rows[0].bottom)
    for row, extent in enumerate(rows):
        begin, end = extent.find_first_and_last_page(height)
        if begin != end and extent.bottom - extent.top < height:
            return row
    return None


def _find_divided_row(
    text: QTextDocument, table: QTextTable, block: DocumentTable, heading_count: int, begins_page: bool
) -> int | None:
    """Return the row before which a table must begin a new page, or None if no row is divided.

    The row is the first one below the head that is on two pages. If rows above must stay on one page with it, the first
    of these is returned, unless it already begins a page. 0 if headings, head and first row are not on one page. Rows
    higher than a page must be divided and are never returned.
    """
    kept_rows = block.list_rows_kept_with_next()
    last_page = None
    height = text.pageSize().height()
    head = _measure_row_extent(text, table, 0)
    start = _measure_first_heading(text, table, heading_count)
    for row in range(1, table.rows()):
        extent = _measure_row_extent(text, table, row)
        begin, end = extent.find_first_and_last_page(height)
        if extent.bottom - extent.top > height - (head.bottom - head.top):
            last_page = None
            continue
        if row == 1:
            begin = min(head.find_first_and_last_page(height)[0], start.find_first_and_last_page(height)[0])
        if begin != end or last_page not in (None, begin):
            first_row = row - 1
            while first_row and first_row - 1 in kept_rows:
                first_row -= 1
            if first_row == 0 and begins_page:
                # The rows have no room on one page.
                first_row = row - 1
            if begin != end or first_row != row - 1:
                return first_row
        last_page = end
    return None


def _measure_first_heading(text: QTextDocument, table: QTextTable, heading_count: int) -> _VerticalExtent:
    """Return the extent of the first of the headings directly before a table; that of its first cell without any."""
    block = table.firstCursorPosition().block()
    for _ in range(heading_count):
        block = block.previous()
    return _measure_block_extent(text, block)


def _measure_row_extent(text: QTextDocument, table: QTextTable, row: int) -> _VerticalExtent:
    cells = [table.cellAt(row, column) for column in range(table.columns())]
    cursors = [cursor for cell in cells for cursor in (cell.firstCursorPosition(), cell.lastCursorPosition())]
    extents = [_measure_block_extent(text, cursor.block()) for cursor in cursors]
    return _VerticalExtent(min(one.top for one in extents), max(one.bottom for one in extents) + _MAX_CELL_EDGE)


def _measure_block_extent(text: QTextDocument, block: QTextBlock) -> _VerticalExtent:
    box = text.documentLayout().blockBoundingRect(block)
    return _VerticalExtent(box.top(), box.bottom())


def _break_before_row(blocks: list[Block], position: int, row: int) -> list[Block] | None:
    """Insert a page break before a row of the table at a position, and return the blocks.

    Before the first row, the break is inserted before the headings of the table. None if there is a break already.
    """
    block = blocks[position]
    if row:
        if isinstance(block, PictureGrid):
            count = row * block.column_count
            first = replace(block, pictures=block.pictures[:count])
            second = replace(block, pictures=block.pictures[count:])
        else:
            first, second = block.divide_above_row(row)
        return [*blocks[:position], first, PageBreak(), second, *blocks[position + 1 :]]
    start = position
    # Signatures are not alone on a page: the section or the last rows before them go with them.
    while isinstance(block, Signature) and start and isinstance(blocks[start - 1], Paragraph):
        start -= 1
    table = blocks[start - 1] if isinstance(block, Signature) and start == position and start else None
    if isinstance(table, DocumentTable) and len(table.rows) > _ROWS_WITH_SIGNATURES:
        place = len(table.rows) - _ROWS_WITH_SIGNATURES
        while place and place - 1 in table.group_heads:
            place -= 1
        if place:
            first, second = table.divide_above_row(place)
            return [*blocks[: start - 1], first, PageBreak(), second, *blocks[start:]]
    elif isinstance(table, DocumentTable):
        start -= 1
    start = _find_first_heading(blocks, start)
    if start and isinstance(blocks[start - 1], PageBreak):
        return None
    return [*blocks[:start], PageBreak(), *blocks[start:]]


#: Resolution of the layout. Sizes in pixels of the page's HTML are at this resolution.
_DPI = 96
_SIDE_MARGIN_MM, _TOP_MARGIN_MM, _BOTTOM_MARGIN_MM = 16.0, 12.0, 12.0
#: Space of header and footer (dots), with the line between them and the text.
_HEADER_HEIGHT, _FOOTER_HEIGHT = 26, 24
_MARGIN_FONT_POINTS = 7.5


def write_pdf(document: Document, path: Path, *, cancellation: Cancellation = NEVER_CANCELLED) -> int:
    """Write a document as a PDF to a new file; return the number of its pages.

    ``path``: temporary path from `write_atomically`. Raise Cancelled.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _make_pdf_writer(buffer, document)
    size = QSizeF(writer.width(), writer.height() - _HEADER_HEIGHT - _FOOTER_HEIGHT)

    def lay_out(blocks: Document) -> QTextDocument:
        text = LaidOutText()
        text.setDocumentMargin(0)
        text.setDefaultFont(_make_font(8.5))
        text.setHtml(render_print_html(blocks, writer.width() / _DPI * 25.4))
        text.setPageSize(size)
        return text

    texts = [lay_out_without_divided_rows(part, lay_out, cancellation) for part in _split_at_titles(document)]
    places = [(text, page) for text in texts for page in range(text.pageCount())]
    pages = len(places)
    painter = QPainter(writer)
    try:
        for number, (text, page) in enumerate(places, 1):
            cancellation.raise_if_cancelled()
            if number > 1:
                writer.newPage()
            painter.save()
            painter.translate(0, _HEADER_HEIGHT - page * size.height())
            context = QAbstractTextDocumentLayout.PaintContext()
            # The last two dots are left free, because an image on the next page is drawn across them.
            context.clip = QRectF(0, page * size.height(), size.width(), size.height() - 2)
            painter.setClipRect(context.clip)
            context.palette.setColor(context.palette.ColorRole.Text, Qt.GlobalColor.black)
            text.documentLayout().draw(painter, context)
            painter.restore()
            _paint_margins(painter, document, number, pages, size)
    finally:
        painter.end()
        buffer.close()
    path.write_bytes(bytes(buffer.data()))
    return pages


def _split_at_titles(document: Document) -> list[Document]:
    """Return the parts of a document that begin a page with a title; the whole document without such titles.

    Each part is laid out alone: Qt lays out a text again for each row that is moved to the next page, so a document of
    many parts would take the square of their number.
    """
    parts: list[Document] = []
    title, blocks = document.title, list[Block]()
    for place, block in enumerate(document.blocks):
        if isinstance(block, Heading) and block.level == 0 and isinstance(document.blocks[place - 1], PageBreak):
            parts.append(replace(document, title=title, blocks=tuple(blocks[:-1])))
            title, blocks = block.text, []
        else:
            blocks.append(block)
    return [*parts, replace(document, title=title, blocks=tuple(blocks))]


def _make_pdf_writer(buffer: QBuffer, document: Document) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setResolution(_DPI)
    margins = QMarginsF(_SIDE_MARGIN_MM, _TOP_MARGIN_MM, _SIDE_MARGIN_MM, _BOTTOM_MARGIN_MM)
    orientation = QPageLayout.Orientation.Landscape if document.landscape else QPageLayout.Orientation.Portrait
    a4 = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(a4, orientation, margins, QPageLayout.Unit.Millimeter))
    writer.setTitle(" ".join(filter(None, (document.title, document.subtitle))))
    writer.setCreator(Texts(document.lang).program)
    return writer


def _make_font(points: float) -> QFont:
    font = QFont()
    font.setFamilies(SANS_FONTS)
    font.setPointSizeF(points)
    # Shaping replaces digits beside letters by glyphs that have no character: “REL001” could not be searched or copied.
    font.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
    return font


def _paint_margins(painter: QPainter, document: Document, page: int, pages: int, size: QSizeF) -> None:
    margins, width = document.header_footer, size.width()
    painter.setFont(_make_font(_MARGIN_FONT_POINTS))
    painter.setPen(QPen(Qt.GlobalColor.black, 0.7))
    head = QRectF(0, 0, width, _HEADER_HEIGHT - 8)
    foot = QRectF(0, _HEADER_HEIGHT + size.height() + 6, width, _FOOTER_HEIGHT - 6)
    painter.drawLine(head.bottomLeft(), head.bottomRight())
    painter.drawLine(foot.topLeft(), foot.topRight())
    places = Qt.AlignmentFlag
    for box, place, text in (
        (head, places.AlignLeft, margins.header_left),
        (head, places.AlignRight, margins.header_right),
        (foot, places.AlignLeft, margins.footer_left),
        (foot, places.AlignHCenter, margins.page_number_format.format(page=page, pages=pages)),
        (foot, places.AlignRight, margins.footer_right),
    ):
        painter.drawText(box, place | places.AlignVCenter, text)


@run_in_python_thread
def write_documents(
    make_document: Callable[[], Document],
    paths: list[str],
    cancellation: Cancellation = NEVER_CANCELLED,
    others: Iterable[tuple[str, Callable[[Path], object]]] = (),
) -> None:
    """Write a document to each path, .docx, .pdf or .html, and ``others`` (see `write_files`).

    ``make_document`` is called once, and only if there is a path. Raise OutputError as
    `write_files`, and Cancelled; existing files then remain.
    """
    from ...core.render.document.docx_writer import write_docx
    from ...core.render.document.page_html import render_document_page

    document = make_document() if any(paths) else None

    def write(path: Path) -> None:
        if path.suffix.lower() == ".pdf":
            write_pdf(document, path, cancellation=cancellation)
        elif path.suffix.lower() == ".html":
            write_text(path, render_document_page(document))
        else:
            write_docx(document, path)

    write_files([*others, *((target, write) for target in paths)], cancellation)


def render_svg(svg: str, width_px: int) -> bytes:
    """Return a drawing on white as a PNG ``width_px`` wide. May run in any thread."""
    renderer = QSvgRenderer(QByteArray(svg.encode("utf-8")))
    size = renderer.viewBoxF().size()
    image = QImage(QSize(width_px, round(width_px * size.height() / size.width())), QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    with paint_on(image) as painter:
        renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())
