# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents of a tool as files: PDF laid out by Qt, docx by the core, and drawings in SVG as pixels.

Qt's text layout runs in any thread, so a task can print. Every page has the document's margins, with page x of y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
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
    QTextDocument,
)
from qgis.PyQt.QtSvg import QSvgRenderer

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.base.files.writing import write_files, write_text
from ...core.render.document.blocks import Block, Document, Heading, PageBreak
from ...core.render.document.print_html import SANS_FONTS, render_print_html
from ...core.standard.messages.texts import Texts
from ..layers.painting import paint_on
from ..running.threads import run_in_python_thread
from .pagination import lay_out_without_divided_rows

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
        text = QTextDocument()
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
