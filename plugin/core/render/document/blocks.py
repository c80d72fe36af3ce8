# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a document: headings, tables, pictures and the like, without a file format.

A document is built once; a writer for each format lays out its blocks. Texts are plain, in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading of ``level`` 1 or 2; ``note`` is small text at its end."""

    text: str
    level: int = 1
    note: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of body text; ``small`` for notes below tables."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class FactTable:
    """Facts about the document at its head: rows of (label, value) pairs."""

    rows: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class VerdictBox:
    """The verdict of a check: its ``word``, what decides it, and the numbers of findings.

    ``passed`` False: the word is printed white on black.
    """

    word: str
    statement: str
    counts: str
    passed: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table: ``share`` of the width in percent, ``align`` left, center or right."""

    title: str
    share: float
    align: str = "left"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: ``note`` is a small second line."""

    text: str
    bold: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose head is repeated on each page."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    #: Shown instead of the table if it has no rows.
    empty: str = ""


@dataclass(frozen=True)
class Picture:
    """An image (bytes of a PNG or JPEG file) ``width_mm`` wide, with the caption below it."""

    image: bytes
    width_mm: float
    caption: str = ""


@dataclass(frozen=True)
class PictureGrid:
    """Pictures side by side, ``columns`` in a row."""

    pictures: tuple[Picture, ...]
    columns: int = 3


@dataclass(frozen=True)
class Legend:
    """The symbols of a map, as (bytes of a PNG file, label)."""

    entries: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True)
class PictureWithText:
    """A picture at the left, blocks of text at its right."""

    picture: Picture
    blocks: tuple[Heading | Paragraph | Legend, ...]


@dataclass(frozen=True)
class Signature:
    """Fields to be signed or sealed, side by side, each with a line for the date."""

    labels: tuple[str, ...]
    date_line: str


@dataclass(frozen=True)
class PageBreak:
    """The following block begins a new page."""


Block: TypeAlias = (
    Heading
    | Paragraph
    | FactTable
    | VerdictBox
    | Table
    | Picture
    | PictureGrid
    | Legend
    | PictureWithText
    | Signature
    | PageBreak
)


@dataclass(frozen=True)
class PageHeaderFooter:
    """Texts in the margins of every page. ``number`` has the placeholders {page} and {pages}."""

    header_left: str = ""
    header_right: str = ""
    footer_left: str = ""
    footer_right: str = ""
    number: str = "{page} / {pages}"


@dataclass(frozen=True)
class Document:
    """A document: title, margins and blocks. ``lang``: zh or en; ``landscape``: pages are wider than high."""

    title: str
    subtitle: str
    margins: PageHeaderFooter
    blocks: tuple[Block, ...]
    lang: str = "zh"
    author: str = ""
    landscape: bool = False
