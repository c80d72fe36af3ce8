# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a document: headings, tables, pictures and the like, without a file format.

A document is built once; a writer for each format lays out its blocks. Texts are plain, in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading of ``level`` 1 or 2; ``note`` is small text at its end."""

    text: str
    level: int = 1
    note: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of body text; ``is_small`` for notes below tables, ``is_bold`` for warnings."""

    text: str
    is_small: bool = False
    is_bold: bool = False


#: Width of the labels of facts.
FACT_LABEL_PERCENT = 11.0


@dataclass(frozen=True)
class FactTable:
    """Facts about the document at its head: rows of (label, value) pairs."""

    rows: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class VerdictBox:
    """The verdict of a check: its ``word``, a ``statement`` of what decides it, and the ``counts`` of findings.

    ``is_passed`` False: the word is printed white on black.
    """

    word: str
    statement: str
    counts: str
    is_passed: bool = False


@dataclass(frozen=True)
class DocumentColumn:
    """A column of a table: ``width_percent`` of the width in percent, ``align`` left, center or right."""

    title: str
    width_percent: float
    align: str = "left"


@dataclass(frozen=True)
class DocumentCell:
    """A cell of a table: ``second_line`` is a small second line."""

    text: str
    is_bold: bool = False
    second_line: str = ""


@dataclass(frozen=True)
class DocumentTable:
    """A table whose heading is repeated on each page."""

    columns: tuple[DocumentColumn, ...]
    rows: tuple[tuple[DocumentCell, ...], ...]
    #: Shown instead of the table if it has no rows.
    text_without_rows: str = ""
    #: Positions of the rows that are the heading of a group of rows.
    group_heads: frozenset[int] = frozenset()
    #: Words of each column's head from top to bottom, for writers that merge equal neighbours (`merged_heads`); empty
    #: for a head of one line. The columns' titles have the same words.
    heads: tuple[tuple[str, ...], ...] = ()

    def list_rows_kept_with_next(self) -> frozenset[int]:
        """Return the positions of rows after which no page may end.

        They are headings of groups, the first row and the last but one. So a page neither ends with a heading or a
        single row of a table nor begins with its last row.
        """
        count = len(self.rows)
        return frozenset(place for place in (*self.group_heads, 0, count - 2) if 0 <= place < count - 1)

    def divide_above_row(self, place: int) -> tuple[DocumentTable, DocumentTable]:
        """Divide the table above the row at position ``place``; return the upper and the lower table."""
        above = frozenset(head for head in self.group_heads if head < place)
        below = frozenset(head - place for head in self.group_heads if head >= place)
        return (
            replace(self, rows=self.rows[:place], group_heads=above),
            replace(self, rows=self.rows[place:], group_heads=below),
        )

    def needs_gap_before(self, place: int) -> bool:
        """Return True if the column at position ``place`` has texts and the one before has figures.

        Without a gap the texts would touch the figures.
        """
        return place > 0 and self.columns[place].align == "left" and self.columns[place - 1].align == "right"


@dataclass(frozen=True)
class Picture:
    """An image (bytes of a PNG or JPEG file) ``width_mm`` wide, with the caption below it."""

    image: bytes
    width_mm: float
    caption: str = ""


@dataclass(frozen=True)
class PictureGrid:
    """Pictures side by side, ``column_count`` in a row."""

    pictures: tuple[Picture, ...]
    column_count: int = 3


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
    | DocumentTable
    | Picture
    | PictureGrid
    | Legend
    | PictureWithText
    | Signature
    | PageBreak
)


@dataclass(frozen=True)
class PageHeaderFooter:
    """Texts in the margins of every page. ``page_number_format`` has the placeholders {page} and {pages}."""

    header_left: str = ""
    header_right: str = ""
    footer_left: str = ""
    footer_right: str = ""
    page_number_format: str = "{page} / {pages}"


@dataclass(frozen=True)
class Document:
    """A document: title, margins and blocks. ``lang``: zh or en; ``landscape``: pages are wider than high."""

    title: str
    subtitle: str
    header_footer: PageHeaderFooter
    blocks: tuple[Block, ...]
    lang: str = "zh"
    author: str = ""
    landscape: bool = False
