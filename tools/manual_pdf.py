# SPDX-License-Identifier: GPL-2.0-or-later
"""Lay out the Chinese manual as one PDF with QGIS's Qt.

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
#: Resolution of the layout, and the margins in millimetres.
DPI, MARGIN = 96, 18.0
#: The widest image in pixels of the layout: A4 without margins is 657 wide.
IMAGE_WIDTH = 640
STYLE = f"""
body {{ font-family: '{FONT}'; font-size: 9.5pt; line-height: 145%; }}
h1 {{ font-size: 17pt; }} h2 {{ font-size: 13pt; }} h3 {{ font-size: 10.5pt; }}
th, td {{ font-size: 8pt; padding: 2px 4px; }} th {{ background-color: #ececec; text-align: left; }}
code, pre {{ font-family: 'Noto Sans Mono CJK SC'; font-size: 8.5pt; }} pre {{ background-color: #f3f3f1; }}
a {{ color: black; text-decoration: none; }}
"""


@dataclass(frozen=True)
class Entry:
    """A heading and its page, counted from 1."""

    level: int
    text: str
    page: int


def write(chapters: list[Any], target: Path) -> int:
    """Write the PDF; return the number of its pages."""
    application = QGuiApplication.instance() or QGuiApplication([])
    target.parent.mkdir(parents=True, exist_ok=True)
    texts = _bodies(chapters)
    # The contents need page numbers but take pages too: lay out first with blanks, then with the numbers.
    blank = [Entry(level, text, 0) for level, text in _headings(texts)]
    writer = _writer(target)
    first = _document(_contents(blank) + "".join(texts), writer)
    entries = _pages_of(first, len(blank))
    made = _document(_contents(entries) + "".join(texts), writer)
    if _pages_of(made, len(blank)) != entries:
        raise RuntimeError("the contents of the manual changed the pages of its chapters")
    pages = _print(made, writer)
    _bookmark(target, entries)
    del application
    return pages


def _bodies(chapters: list[Any]) -> list[str]:
    return [_for_print(chapter.body) for chapter in chapters] + [_rule_book()]


def _for_print(body: str) -> str:
    """Change what Qt's rich text lacks: figures, widths of images, borders of tables, links to other pages."""

    def image(found: re.Match[str]) -> str:
        path = IMAGES / Path(found[1]).name
        width = min(QImageReader(str(path)).size().width(), IMAGE_WIDTH)
        shown = f'<img src="{path.as_posix()}" width="{width}"><br><small>{found[2]}</small>'
        return f'<p align="center" style="line-height:100%">{shown}</p>'

    body = re.sub(r'<figure><img src="([^"]+)" alt="([^"]*)"><figcaption>.*?</figcaption></figure>', image, body)
    body = re.sub(r"</?a\b[^>]*>", "", body)
    body = re.sub(r'<h1 id="[^"]*">', '<h1 style="page-break-before:always">', body)
    return body.replace("<table>", '<table border="1" cellspacing="0" width="100%" style="border-collapse:collapse">')


def _rule_book() -> str:
    """Return the rule book as the last part; rules are headings of level 3, which the contents omit."""
    book = generated.rule_book("zh")
    parts = ["<h1>规则手册</h1>"]
    for entry in book.entries:
        row = book.row(entry)
        facts = " · ".join(row[key] for key in ("severity", "mark", "runs"))
        parts.append(f"<h3>{row['code']} {escape(row['title'])}</h3><p>{escape(facts)}</p>")
        for heading, text in book.texts.rule_help(entry.rule).items():
            parts.append(f"<p><b>{escape(heading)}</b>　{escape(' '.join(text.split()))}</p>")
        if row["basis"]:
            parts.append(f"<p><b>依据</b>　{escape(row['basis'])}</p>")
    return _for_print("".join(parts)).replace("<h1>", '<h1 style="page-break-before:always">', 1)


def _headings(texts: list[str]) -> list[tuple[int, str]]:
    found = re.findall(r"<h([12])\b[^>]*>(.*?)</h\1>", "".join(texts), re.DOTALL)
    return [(int(level), re.sub(r"<[^>]+>", "", text).strip()) for level, text in found]


def _contents(entries: list[Entry]) -> str:
    cover = f'<p style="font-size:26pt"><br><br>{TITLE}</p><p>{generated.version_line("zh")}</p>'
    rows = []
    for entry in entries:
        text = f"<b>{entry.text}</b>" if entry.level == 1 else f"&nbsp;&nbsp;&nbsp;&nbsp;{entry.text}"
        rows.append(f'<tr><td>{text}</td><td align="right" width="40">{entry.page or "0"}</td></tr>')
    listed = "".join(rows)
    return f'{cover}<p style="page-break-before:always;font-size:15pt">目录</p><table width="100%">{listed}</table>'


def _document(html: str, writer: QPdfWriter) -> QTextDocument:
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(QFont(FONT, 10))
    document.setDefaultStyleSheet(STYLE)
    document.setHtml(f"<html><body>{html}</body></html>")
    document.setPageSize(_text_area(writer))
    return document


def _writer(path: Path) -> QPdfWriter:
    writer = QPdfWriter(str(path))
    writer.setResolution(DPI)
    margins, a4 = QMarginsF(MARGIN, MARGIN, MARGIN, MARGIN), QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(a4, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    writer.setTitle(TITLE)
    return writer


def _text_area(writer: QPdfWriter) -> QSizeF:
    """Return the size of the page without margins and the line of the page number."""
    return QSizeF(writer.width(), writer.height() - 24)


def _pages_of(document: QTextDocument, count: int) -> list[Entry]:
    """Return the headings of levels 1 and 2 with their pages, in order."""
    entries, block, height = [], document.begin(), document.pageSize().height()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        if level in (1, 2):
            top = document.documentLayout().blockBoundingRect(block).top()
            entries.append(Entry(level, block.text(), int(top // height) + 1))
        block = block.next()
    if len(entries) != count:
        raise RuntimeError(f"{count} headings in the text, {len(entries)} in its layout")
    return entries


def _print(document: QTextDocument, writer: QPdfWriter) -> int:
    size, pages = _text_area(writer), document.pageCount()
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
        document.documentLayout().render(painter, context)
        painter.restore()
        if page:
            painter.setFont(font)
            below = QRectF(0, size.height() + 24 - line, size.width(), line)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, str(page + 1))
    painter.end()
    return pages


def _bookmark(target: Path, entries: list[Entry]) -> None:
    writer = PdfWriter(clone_from=PdfReader(target))
    parent = None
    for entry in entries:
        item = writer.add_outline_item(entry.text, entry.page - 1, parent if entry.level == 2 else None)
        if entry.level == 1:
            parent = item
    writer.write(target)
