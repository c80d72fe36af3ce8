# SPDX-License-Identifier: GPL-2.0-or-later
"""Layout of the Chinese manual as one PDF with QGIS's Qt.

It has a cover, contents with page numbers, the chapters, the rule book, and bookmarks.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import manual_generated as generated
from pypdf import PdfReader, PdfWriter
from qgis.PyQt.QtCore import QMarginsF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImageReader,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FONT = "Noto Sans CJK SC"
TITLE = "三区三线规划助手 使用手册"
#: The page to hand out: its title, sections of the first chapter, sizes of its text in points, the largest first, width
#: of its picture in pixels, and margins in millimetres.
QUICK_START_TITLE = "三区三线规划助手 快速上手"
QUICK_START_SECTIONS = ("install", "first-finding", "own-data")
QUICK_START_SIZES = (9.0, 8.5, 8.0)
QUICK_START_IMAGE_WIDTH, QUICK_START_MARGIN = 360, 12.0
#: Resolution of the layout, and the margins in millimetres.
DPI, MARGIN = 96, 18.0
#: The widest image in pixels of the layout: A4 without margins is 657 wide.
IMAGE_WIDTH = 640
STYLE = f"""
body {{ font-family: '{FONT}'; font-size: 9.5pt; line-height: 145%; }}
h1 {{ font-size: 17pt; }} h2 {{ font-size: 13pt; }} h3 {{ font-size: 10.5pt; }}
th, td {{ font-size: 8pt; padding: 2px 4px; }} th {{ background-color: #ececec; text-align: left; }}
code, pre {{ font-family: 'Noto Sans Mono CJK SC'; font-size: 8.5pt; }}
pre {{ background-color: #f3f3f1; white-space: pre-wrap; }}
a {{ color: black; text-decoration: none; }}
"""
#: Qt takes the first rule of several for an element.
QUICK_START_STYLE = (
    STYLE.replace("145%", "118%").replace("17pt", "15pt").replace("13pt", "11.5pt")
    + "p, ol { margin-top: 3px; margin-bottom: 3px; }"
)


@dataclass(frozen=True)
class ContentsEntry:
    """A heading of the manual and its page in the PDF, counted from 1."""

    level: int
    text: str
    page: int


def write_pdf(chapters: list[Any], target: Path) -> int:
    """Write the manual as a PDF; return the number of its pages.

    ``chapters``: result of `make_manual.read_chapters`.
    """
    application = QGuiApplication.instance() or QGuiApplication([])
    target.parent.mkdir(parents=True, exist_ok=True)
    texts = [*(_adapt_html_for_print(chapter.body) for chapter in chapters), _make_rule_book_body()]
    # The contents need page numbers but take pages too: lay out first with blanks, then with the numbers.
    blank = [ContentsEntry(level, text, 0) for level, text in _find_headings(texts)]
    writer = _make_pdf_writer(target)
    first = _make_document(_make_contents(blank) + "".join(texts), writer)
    entries = _find_heading_pages(first, len(blank))
    made = _make_document(_make_contents(entries) + "".join(texts), writer)
    if _find_heading_pages(made, len(blank)) != entries:
        raise RuntimeError("the contents of the manual changed the pages of its chapters")
    pages = _print_document(made, writer)
    _add_bookmarks(target, entries)
    del application
    return pages


def write_quick_start(chapter: Any, target: Path) -> None:
    """Write the sections `QUICK_START_SECTIONS` of the first chapter as a PDF of one page.

    The largest of `QUICK_START_SIZES` with which they fit is taken. Raise RuntimeError if none does, or if a section
    is missing.
    """
    application = QGuiApplication.instance() or QGuiApplication([])
    target.parent.mkdir(parents=True, exist_ok=True)
    sections = dict(re.findall(r'(?s)<h2 id="([^"]+)">(.*?)(?=<h2 |$)', chapter.body))
    if missing := [one for one in QUICK_START_SECTIONS if one not in sections]:
        raise RuntimeError(f"{chapter.name} has no sections {missing}")
    # Of the last section, only the steps.
    steps = sections[QUICK_START_SECTIONS[-1]].partition("</ol>")[0]
    parts = "".join(f"<h2>{text}" for text in (*(sections[one] for one in QUICK_START_SECTIONS[:-1]), f"{steps}</ol>"))
    html = _adapt_html_for_print(f"<h1>{QUICK_START_TITLE}</h1>{parts}", QUICK_START_IMAGE_WIDTH)
    for size in QUICK_START_SIZES:
        writer = _make_pdf_writer(target, QUICK_START_MARGIN)
        writer.setTitle(QUICK_START_TITLE)
        document = _make_document(html, writer, QUICK_START_STYLE.replace("9.5pt", f"{size}pt"))
        if document.pageCount() == 1:
            _print_document(document, writer)
            del application
            return
    raise RuntimeError(f"{QUICK_START_TITLE} has more than one page; shorten the sections of {chapter.name}")


def _adapt_html_for_print(body: str, image_width: int = IMAGE_WIDTH) -> str:
    """Return HTML without what Qt's rich text does not support.

    That concerns figures, widths of images, borders of tables, and links to other pages.
    """

    def image(found: re.Match[str]) -> str:
        path = IMAGES / Path(found[1]).name
        width = min(QImageReader(str(path)).size().width(), image_width)
        shown = f'<img src="{path.as_posix()}" width="{width}"><br><small>{found[2]}</small>'
        return f'<p align="center" style="line-height:100%">{shown}</p>'

    body = re.sub(r'<figure><img src="([^"]+)" alt="([^"]*)"><figcaption>.*?</figcaption></figure>', image, body)
    body = re.sub(r"</?a\b[^>]*>", "", body)
    body = re.sub(r'<h1 id="[^"]*">', '<h1 style="page-break-before:always">', body)
    return body.replace("<table>", '<table border="1" cellspacing="0" width="100%" style="border-collapse:collapse">')


def _make_rule_book_body() -> str:
    """Return the rule book as last part of the PDF.

    Rules are headings of level 3, which the contents omit.
    """
    book = generated.make_rule_book("zh")
    parts = ["<h1>规则手册</h1>"]
    for entry in book.entries:
        row = book.make_table_row(entry)
        facts = " · ".join(row[key] for key in ("severity", "mark", "runs"))
        parts.append(f"<h3>{row['code']} {escape(row['title'])}</h3><p>{escape(facts)}</p>")
        for heading, text in book.texts.get_rule_help(entry.rule).items():
            parts.append(f"<p><b>{escape(heading)}</b>　{escape(' '.join(text.split()))}</p>")
        if row["basis"]:
            parts.append(f"<p><b>依据</b>　{escape(row['basis'])}</p>")
    return _adapt_html_for_print("".join(parts)).replace("<h1>", '<h1 style="page-break-before:always">', 1)


def _find_headings(texts: list[str]) -> list[tuple[int, str]]:
    """Return (level, text) of the headings of levels 1 and 2, in order."""
    found = re.findall(r"<h([12])\b[^>]*>(.*?)</h\1>", "".join(texts), re.DOTALL)
    return [(int(level), re.sub(r"<[^>]+>", "", text).strip()) for level, text in found]


def _make_contents(entries: list[ContentsEntry]) -> str:
    """Return cover and contents as HTML; page 0 leaves room for a page number."""
    cover = f'<p style="font-size:26pt"><br><br>{TITLE}</p><p>{generated.make_version_line("zh")}</p>'
    rows = []
    for entry in entries:
        text = f"<b>{entry.text}</b>" if entry.level == 1 else f"&nbsp;&nbsp;&nbsp;&nbsp;{entry.text}"
        rows.append(f'<tr><td>{text}</td><td align="right" width="40">{entry.page or "0"}</td></tr>')
    listed = "".join(rows)
    return f'{cover}<p style="page-break-before:always;font-size:15pt">目录</p><table width="100%">{listed}</table>'


def _make_document(html: str, writer: QPdfWriter, style: str = STYLE) -> QTextDocument:
    """Return HTML as a text document whose pages have the size of the writer's text area."""
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(QFont(FONT, 10))
    document.setDefaultStyleSheet(style)
    document.setHtml(f"<html><body>{html}</body></html>")
    document.setPageSize(_measure_text_area(writer))
    return document


def _make_pdf_writer(path: Path, margin: float = MARGIN) -> QPdfWriter:
    """Return a PDF writer for A4 pages with margins in millimetres."""
    writer = QPdfWriter(str(path))
    writer.setResolution(DPI)
    margins, a4 = QMarginsF(margin, margin, margin, margin), QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(a4, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    writer.setTitle(TITLE)
    return writer


def _measure_text_area(writer: QPdfWriter) -> QSizeF:
    """Return the size of a page without margins and without the line for the page number."""
    return QSizeF(writer.width(), writer.height() - 24)


def _find_heading_pages(document: QTextDocument, count: int) -> list[ContentsEntry]:
    """Return the headings of levels 1 and 2 with their pages, in order."""
    entries, block, height = [], document.begin(), document.pageSize().height()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        if level in (1, 2):
            top = document.documentLayout().blockBoundingRect(block).top()
            entries.append(ContentsEntry(level, block.text(), int(top // height) + 1))
        block = block.next()
    if len(entries) != count:
        raise RuntimeError(f"{count} headings in the text, {len(entries)} in its layout")
    return entries


def _print_document(document: QTextDocument, writer: QPdfWriter) -> int:
    """Print the pages of a document with page numbers; return their number."""
    size, pages = _measure_text_area(writer), document.pageCount()
    painter = QPainter(writer)
    font = QFont(FONT, 8)
    line = QFontMetricsF(font, writer).height()
    for page in range(pages):
        if page:
            writer.newPage()
        painter.save()
        painter.translate(0, -page * size.height())
        context = QAbstractTextDocumentLayout.PaintContext()
        # The last two pixels are left free, because an image on the next page is drawn across them.
        context.clip = QRectF(0, page * size.height(), size.width(), size.height() - 2)
        painter.setClipRect(context.clip)
        context.palette.setColor(context.palette.ColorRole.Text, Qt.GlobalColor.black)
        document.documentLayout().draw(painter, context)
        painter.restore()
        if page:
            painter.setFont(font)
            below = QRectF(0, size.height() + 24 - line, size.width(), line)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, str(page + 1))
    painter.end()
    return pages


def _add_bookmarks(target: Path, entries: list[ContentsEntry]) -> None:
    """Add the headings to a PDF file as bookmarks; those of level 2 are below their chapter."""
    writer = PdfWriter(clone_from=PdfReader(target))
    parent = None
    for entry in entries:
        item = writer.add_outline_item(entry.text, entry.page - 1, parent if entry.level == 2 else None)
        if entry.level == 1:
            parent = item
    writer.write(target)
