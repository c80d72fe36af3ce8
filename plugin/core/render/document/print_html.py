# SPDX-License-Identifier: GPL-2.0-or-later
"""A document as HTML for printing: the subset of HTML and CSS that Qt lays out on pages.

Margins with page numbers are painted by the printer; this page has the blocks alone. Images keep the ratio of their
sides, which is read from their files; an empty picture takes the place of a drawing.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable
from html import escape
from typing import Any

from ...base.files.document_text import make_document_text
from ...standard.messages.texts import THIN_SPACE
from ..words import keep_figures_whole
from .blocks import (
    BOX_SIGNS,
    FACT_LABEL_PERCENT,
    ICON_SIGNS,
    Block,
    Document,
    DocumentCell,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    NoticeBox,
    PageBreak,
    Paragraph,
    Picture,
    PictureGrid,
    PictureWithText,
    Signature,
    VerdictBox,
)

_PNG_SIGNATURE, _JPEG_SIGNATURE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
#: JPEG segments that begin with precision, height and width (SOF0–SOF15 without DHT, JPG and DAC; ITU-T T.81, B.1.1.3).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Fonts of official documents, as WPS and Word have them; the last ones are those of Linux.
SERIF_FONTS = ("方正小标宋简体", "仿宋", "FangSong", "Noto Serif CJK SC")
SANS_FONTS = ("黑体", "SimHei", "Microsoft YaHei", "Noto Sans CJK SC")
#: Fonts of English documents; a Chinese font has wide quotation marks.
ENGLISH_SERIF_FONTS = ("Times New Roman", "Liberation Serif", "Nimbus Roman", *SERIF_FONTS)
ENGLISH_SANS_FONTS = ("Arial", "Liberation Sans", "Nimbus Sans", *SANS_FONTS)
_PAGE_CSS = """
body { font-family: %(sans)s; font-size: %(body_size)s; color: #000000; }
h1 { font-family: %(serif)s; font-size: %(title_size)s; margin: 4px 0 0 0; }
.heading { font-size: 10.5pt; margin: 7px 0 2px 0; }
.subheading { font-size: 9pt; margin: 8px 0 3px 0; }
p { margin: 3px 0; }
.subtitle { font-family: %(serif)s; font-size: 11pt; margin-bottom: 8px; }
.small { font-size: 7.5pt; color: #333333; }
.note { font-size: 7.5pt; color: #555555; font-weight: normal; }
.label { background-color: #f1f1f1; }
.word { font-family: %(serif)s; font-size: %(word_size)s; font-weight: bold; }
.notice { font-family: %(serif)s; font-size: %(statement_size)s; font-weight: bold; }
.statement { font-family: %(serif)s; font-size: %(statement_size)s; font-weight: bold; }
"""
#: A line with a picture is as high as the picture.
_WHOLE_LINES = "line-height: 100%;"
#: Sizes of title, body, verdict and its statement by language; English texts are longer.
_FONT_SIZES = {
    "zh": {"title_size": "20pt", "body_size": "8.5pt", "word_size": "20pt", "statement_size": "12pt"},
    "en": {"title_size": "16pt", "body_size": "8pt", "word_size": "16pt", "statement_size": "10pt"},
}
_DENSE_FONT_SIZES = {
    "zh": {"title_size": "19pt", "body_size": "8pt", "word_size": "19pt", "statement_size": "11pt"},
    "en": {"title_size": "15pt", "body_size": "7.5pt", "word_size": "15pt", "statement_size": "9.5pt"},
}
#: A table of more columns has small letters, so that no code is broken.
_MAX_COLUMNS = 13
#: Spaces before the text of a cell: usual, and between figures and a text.
_PADDING, _GAP = " padding-left: 6px;", " padding-left: 10px;"
_WIDE_SPACE = "\u00a0" * 3
#: Height of a line of body text.
_LINE_MM = 4.4
#: Gaps between the parts of a line: a wide space in Chinese, two spaces in English.
_GAP_PATTERN = re.compile("\u3000| {2,}")
#: Places inside a shortened key such as …000005, a version such as 0.2.0-dev and a Chinese unit after a figure.
_INSIDE_TOKEN_PATTERN = re.compile(r"(?<=…)(?=[0-9A-Za-z])|(?<=\d-)(?=[a-z])|(?<=\d[ \u00a0][公万])(?=[顷亩])")
#: Dots per millimetre of Qt's layout at 96 dpi.
_DOTS_PER_MM = 96 / 25.4


def read_image_size(image: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a PNG or JPEG file. Raise ValueError for another or a damaged file."""
    try:
        if image.startswith(_PNG_SIGNATURE):
            width, height = struct.unpack_from(">II", image, 16)
            return width, height
        if image.startswith(_JPEG_SIGNATURE):
            mark, kind, length = struct.unpack_from(">BBH", image, start := len(_JPEG_SIGNATURE))
            while mark == 0xFF and kind not in _JPEG_FRAMES:
                start += 2 + length
                mark, kind, length = struct.unpack_from(">BBH", image, start)
            if mark != 0xFF:
                raise ValueError("the image is damaged")
            height, width = struct.unpack_from(">HH", image, start + 5)
            return width, height
    except struct.error as error:
        raise ValueError("the image is incomplete") from error
    raise ValueError("the image is neither PNG nor JPEG")


def make_blank_png(width: int, height: int) -> bytes:
    """Return a white picture with a grey frame as a PNG file of one byte a pixel (PNG specification, 5 and 11)."""
    edge = b"\x00" + b"\xa0" * width
    pixels = edge + (b"\x00\xa0" + b"\xff" * (width - 2) + b"\xa0") * (height - 2) + edge
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels, 9)),
        (b"IEND", b""),
    )
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def render_print_html(document: Document, width_mm: float) -> str:
    """Return a document as HTML for a page whose text is ``width_mm`` wide. All texts are escaped."""
    width_px = round(width_mm * _DOTS_PER_MM)
    body = [
        f'<h1 align="center">{_escape(document.title)}</h1>',
        f'<p class="subtitle" align="center">{_escape(document.subtitle)}</p>' if document.subtitle else "",
    ]
    break_before = False
    for block in document.blocks:
        if isinstance(block, PageBreak):
            break_before = True
            continue
        html = _RENDERER_BY_BLOCK[type(block)](block, width_px)
        body.append(f'<p style="page-break-before: always; font-size: 1pt;"></p>{html}' if break_before else html)
        break_before = False
    serif, sans = (ENGLISH_SERIF_FONTS, ENGLISH_SANS_FONTS) if document.lang == "en" else (SERIF_FONTS, SANS_FONTS)
    fonts = {
        name: ", ".join([*(f"'{family}'" for family in families), generic])
        for name, families, generic in (("serif", serif, "serif"), ("sans", sans, "sans-serif"))
    }
    sizes = _DENSE_FONT_SIZES if document.is_dense else _FONT_SIZES
    # Chinese fonts have wide gaps between lines; dense pages narrow them.
    css = ("td, th, p { line-height: 90%; }" if document.is_dense else "") + _PAGE_CSS % (fonts | sizes[document.lang])
    return make_document_text(f"<html><head><style>{css}</style></head><body>{''.join(body)}</body></html>")


def _escape(text: str) -> str:
    """Return a text for HTML.

    Qt reduces wide spaces and several spaces to one narrow space, and breaks lines at the spaces of figures and inside
    keys and units, where word joiners prevent it.
    """
    text = _GAP_PATTERN.sub(_WIDE_SPACE, _INSIDE_TOKEN_PATTERN.sub("\u2060", keep_figures_whole(text)))
    return escape(text).replace(THIN_SPACE, "\u00a0")


def _render_heading(block: Heading, width_px: int) -> str:
    """Return a heading with its note as HTML."""
    if block.level == 0:
        return f'<h1 align="center">{_escape(block.text)}</h1>'
    # Qt gives <h2> its own size, also for a smaller note in it; so headings are paragraphs with a style.
    css = "heading" if block.level == 1 else "subheading"
    note = f' <span class="note">{_WIDE_SPACE}{_escape(block.note)}</span>' if block.note else ""
    return f'<p class="{css}"><b>{_escape(block.text)}</b>{note}</p>'


def _render_paragraph(block: Paragraph, width_px: int) -> str:
    """Return a paragraph as HTML."""
    text = f"<b>{_escape(block.text)}</b>" if block.is_bold or block.is_caption else _escape(block.text)
    return f"<p{' class=small' if block.is_small else ' align=center' if block.is_caption else ''}>{text}</p>"


def _render_facts(block: FactTable, width_px: int) -> str:
    """Return facts as an HTML table of labels and values."""
    # Qt takes the widths of columns from cells of one column.
    label_start = f'<td class="label" width="{FACT_LABEL_PERCENT}%">'
    width = f'width="{100 / block.pair_count - FACT_LABEL_PERCENT:.2f}%"'
    rows = []
    for row in block.list_cells():
        cells = []
        for label, value, columns in row:
            size = f'colspan="{columns}"' if columns > 1 else width
            cells.append(f"{label_start}{_escape(label)}</td><td {size}>{_escape(value)}</td>")
        rows.append("".join(cells))
    return (
        '<table width="100%" border="1" cellspacing="0" cellpadding="3" style="border-collapse: collapse;">'
        f"{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
    )


def _render_verdict(block: VerdictBox, width_px: int) -> str:
    """Return the verdict beside its statement and counts as HTML."""
    colours = "" if block.is_passed else ' bgcolor="#000000" style="color: #ffffff;"'
    boxes = [
        f"<b>{BOX_SIGNS[1]} {_escape(option)}</b>" if is_chosen else f"{BOX_SIGNS[0]} {_escape(option)}"
        for option, is_chosen in block.options
    ]
    options = f"<p>{(_WIDE_SPACE * 2).join(boxes)}</p>" if boxes else ""
    return (
        '<p style="font-size: 4pt;"></p>'
        '<table width="100%" border="1" cellspacing="0" cellpadding="6" style="border-collapse: collapse;"><tr>'
        f'<td width="22%" align="center" valign="middle"{colours}><span class="word">{_escape(block.word)}</span></td>'
        f'<td valign="middle">{options}<p class="statement">{_escape(block.statement)}</p>'
        f"<p>{_escape(block.counts)}</p></td>"
        "</tr></table>"
    )


def _render_notice(block: NoticeBox, width_px: int) -> str:
    """Return a notice beside its word as HTML."""
    mark = f" {_render_mark(block.mark)}" if block.mark else ""
    word = _escape(block.word).replace("\n", "<br>")
    return (
        '<p style="font-size: 4pt;"></p>'
        '<table width="100%" border="1" cellspacing="0" cellpadding="6" style="border-collapse: collapse;"><tr>'
        '<td width="16%" align="center" valign="middle" bgcolor="#444444" style="color: #ffffff;">'
        f'<span class="notice">{word}</span></td>'
        f'<td valign="middle"><p class="heading"><b>{_escape(block.title)}</b></p>'
        f"<p>{_escape(block.text)}{mark}</p></td>"
        "</tr></table>"
    )


def _render_mark(mark: str) -> str:
    """Return the mark of a source as HTML: the darker, the better the source."""
    fills = {"A": "background-color: #222222; color: #ffffff;", "B": "background-color: #d8d8d8;"}
    return f'<span style="{fills.get(mark, "")}"><b>\u00a0{_escape(mark)}\u00a0</b></span>'


def _render_cell(cell: DocumentCell) -> str:
    """Return the texts of a table's cell as HTML."""
    if cell.is_mark and cell.text.isalpha():
        return _render_mark(cell.text)
    lines = _escape(cell.text).replace("\n", "<br>")
    text = f"<b>{lines}</b>" if cell.is_bold else lines
    if cell.icon:
        sign, colour = ICON_SIGNS[cell.icon]
        text = f'<span style="color: {colour};"><b>{sign}</b></span>\u00a0{text}'
    return f'{text}<br><span class="note">{_escape(cell.second_line)}</span>' if cell.second_line else text


def _render_table(block: DocumentTable, width_px: int) -> str:
    """Return a table as HTML, or its text for no rows."""
    if not block.rows:
        return f"<p>{_escape(block.text_without_rows)}</p>"
    gaps = [_GAP if block.needs_gap_before(n) else _PADDING if n else "" for n in range(len(block.columns))]
    head = "".join(
        f'<th align="{c.align}" width="{c.width_percent:g}%" style="border-top: 1px solid black; '
        f'border-bottom: 1px solid black;{gap}">{_escape(c.title)}</th>'
        for c, gap in zip(block.columns, gaps, strict=True)
    )
    # A row higher than a page continues on the next one, where Qt would draw a centred cell over the head.
    starts = [
        f'<td align="{column.align}" valign="top" style="border-bottom: 1px solid #c8c8c8;{gap}">'
        for column, gap in zip(block.columns, gaps, strict=True)
    ]
    rows = (
        "".join(f"{start}{_render_cell(cell)}</td>" for start, cell in zip(starts, row, strict=True))
        for row in block.rows
    )
    # Qt repeats a head that is marked as such on every page.
    css = ' class="small"' if len(block.columns) > _MAX_COLUMNS else ""
    return (
        f'<table width="100%" cellspacing="0" cellpadding="{1 if block.is_dense else 2}"{css} '
        'style="border-collapse: collapse;">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
    )


def _render_image(picture: Picture, width_px: int) -> str:
    """Return a picture as an HTML image, at most ``width_px`` pixels wide."""
    return _make_image_tag(picture.image, width=min(round(picture.width_mm * _DOTS_PER_MM), width_px))


def _make_image_tag(image: bytes, *, width: int = 0, height: int = 0) -> str:
    """Return the tag of an image of a given width or height.

    Qt keeps the ratio of an image with one of the two on the main thread, and not in others: so the tag has both.
    """
    width_px, height_px = read_image_size(image)
    width = width or round(height * width_px / height_px)
    height = height or round(width * height_px / width_px)
    return f'<img src="{make_data_uri(image)}" width="{width}" height="{height}">'


def make_data_uri(image: bytes) -> str:
    """Return the bytes of a PNG, JPEG or SVG file as a data URI."""
    kind = "png" if image.startswith(_PNG_SIGNATURE[:4]) else "svg+xml" if image.startswith(b"<") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode('ascii')}"


def _render_picture(block: Picture, width_px: int) -> str:
    """Return a picture with its caption as HTML, at most ``width_px`` pixels wide."""
    caption = f'<br><span class="note">{_escape(block.caption)}</span>' if block.caption else ""
    return f'<p style="{_WHOLE_LINES}">{_render_image(block, width_px)}{caption}</p>'


def _render_grid(block: PictureGrid, width_px: int) -> str:
    """Return pictures side by side as an HTML table ``width_px`` pixels wide."""
    count = block.column_count
    cells = [
        f'<td width="{100 // count}%">{_render_picture(one, width_px // count - 6)}</td>' for one in block.pictures
    ]
    cells += ["<td></td>"] * (-len(cells) % count)
    rows = "".join(f"<tr>{''.join(cells[start : start + count])}</tr>" for start in range(0, len(cells), count))
    return f'<table width="100%" cellspacing="0" cellpadding="3">{rows}</table>'


def _render_picture_with_text(block: PictureWithText, width_px: int) -> str:
    """Return a picture with blocks of text at its right as an HTML table ``width_px`` pixels wide."""
    left = round(block.picture.width_mm * _DOTS_PER_MM)
    texts = "".join(_RENDERER_BY_BLOCK[type(one)](one, width_px - left) for one in block.blocks)
    return (
        '<table width="100%" cellspacing="0" cellpadding="4"><tr>'
        f'<td width="{left + 8}" valign="top" style="{_WHOLE_LINES}">{_render_image(block.picture, width_px)}</td>'
        f'<td valign="top">{texts}</td></tr></table>'
    )


def _render_legend(block: Legend, width_px: int) -> str:
    """Return a legend as an HTML table with two symbols in a row."""
    cells = [
        f'<td width="26">{_make_image_tag(image, height=12)}</td><td>{_escape(label)}</td>'
        for image, label in block.entries
    ]
    rows = "".join(f"<tr>{''.join(cells[start : start + 2])}</tr>" for start in range(0, len(cells), 2))
    return f'<table cellspacing="0" cellpadding="2">{rows}</table>'


def _render_signature(block: Signature, width_px: int) -> str:
    """Return the fields to be signed, side by side, as an HTML table."""
    share = 100 / max(len(block.labels), 1)
    cells = "".join(
        f'<td width="{share:.2f}%">{_escape(label)}<br><br><br>{_escape(block.date_line)}</td>'
        for label in block.labels
    )
    # Qt takes the height of a row from its lines alone.
    breaks = "<br>" * round(block.opinion_mm / _LINE_MM)
    opinion = f'<tr><td colspan="{len(block.labels)}">{breaks}</td></tr>' if breaks else ""
    note = f'<span class="small">{_escape(block.note)}</span>'
    last = f'<tr><td colspan="{len(block.labels)}">{note}</td></tr>' if block.note else ""
    return (
        '<p style="font-size: 6pt;"></p><table width="100%" border="1" cellspacing="0" cellpadding="6" '
        f'style="border-collapse: collapse;">{opinion}<tr>{cells}</tr>{last}</table>'
    )


_RENDERER_BY_BLOCK: dict[type[Block], Callable[[Any, int], str]] = {
    Heading: _render_heading,
    Paragraph: _render_paragraph,
    FactTable: _render_facts,
    VerdictBox: _render_verdict,
    NoticeBox: _render_notice,
    DocumentTable: _render_table,
    Picture: _render_picture,
    PictureGrid: _render_grid,
    PictureWithText: _render_picture_with_text,
    Legend: _render_legend,
    Signature: _render_signature,
}
