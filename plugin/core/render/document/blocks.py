# SPDX-License-Identifier: GPL-2.0-or-later
"""Blocks of a document: headings, tables, pictures and the like, without a file format; their texts; its chapters.

A document is built once; a writer for each format lays out its blocks. Texts are plain, in the reader's language. A
check's report may have a further chapter (an evaluation of earlier editions, 体检评估).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeAlias, TypeVar

from ..tables.report_table import ReportTable

Part = TypeVar("Part")
#: Icons of outcomes: a sign that Chinese fonts have, and its colour. The HTML page draws them.
ICON_SIGNS = {
    "ok": ("√", "#00694E"),
    "warning": ("▲", "#B35C00"),
    "error": ("×", "#D50058"),
    "unknown": ("？", "#444444"),
    "none": ("—", "#444444"),
}
#: Signs of check boxes: empty, chosen.
BOX_SIGNS = ("□", "■")
#: Width of the labels of facts.
FACT_LABEL_PERCENT = 11.0


@dataclass(frozen=True)
class Heading:
    """A heading of ``level`` 1 or 2; ``note`` is small text at its end. Level 0: the title of a part of a document."""

    text: str
    level: int = 1
    note: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of body text; ``is_small`` for notes below tables, ``is_bold`` for warnings.

    ``is_caption``: the centred title of the table or picture beside it.
    """

    text: str
    is_small: bool = False
    is_bold: bool = False
    is_caption: bool = False


@dataclass(frozen=True)
class FactTable:
    """Facts about the document at its head: rows of (label, value) pairs.

    In a row with fewer pairs than others the first value takes the room of the missing ones.
    """

    rows: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def pair_count(self) -> int:
        """Return the number of pairs of the longest row."""
        return max(map(len, self.rows))

    def list_cells(self) -> list[list[tuple[str, str, int]]]:
        """Return label, value and columns that the value takes, in rows with two columns for each pair."""
        return [
            [
                (label, value, 1 if place else 1 + 2 * (self.pair_count - len(row)))
                for place, (label, value) in enumerate(row)
            ]
            for row in self.rows
        ]


@dataclass(frozen=True)
class VerdictBox:
    """The verdict of a check: its ``word``, a ``statement`` of what decides it, and the ``counts`` of findings.

    ``is_passed`` False: the word is printed white on black. ``options``: all possible verdicts with True for the one
    that was found, printed as check boxes above the statement.
    """

    word: str
    statement: str
    counts: str
    is_passed: bool = False
    options: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class NoticeBox:
    """A notice in a frame: a ``word`` of one or more lines at its left, a title and a text.

    ``mark``: of the source (A, B or C).
    """

    word: str
    title: str
    text: str
    mark: str = ""


@dataclass(frozen=True)
class DocumentColumn:
    """A column of a table: ``width_percent`` of the width in percent, ``align`` left, center or right."""

    title: str
    width_percent: float
    align: str = "left"


@dataclass(frozen=True)
class DocumentCell:
    """A cell of a table.

    ``second_line``: a small second line; ``icon``: id of an icon before the text (`ICON_SIGNS`); ``is_mark``: the text
    is the mark of a source (A, B or C).
    """

    text: str
    is_bold: bool = False
    second_line: str = ""
    icon: str = ""
    is_mark: bool = False


@dataclass(frozen=True)
class DocumentTable:
    """A table whose heading is repeated on each page."""

    columns: tuple[DocumentColumn, ...]
    rows: tuple[tuple[DocumentCell, ...], ...]
    #: Shown instead of the table if it has no rows.
    text_without_rows: str = ""
    #: Positions of the rows that are the heading of a group of rows.
    group_heads: frozenset[int] = frozenset()
    #: Less space between the rows of a printed page.
    is_dense: bool = False
    #: Words of each column's head from top to bottom, for writers that merge equal neighbours (`merge_heads`); empty
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
    """An image (bytes of a PNG or JPEG file) ``width_mm`` wide, with the caption below it.

    ``svg``: the same image as vectors, for the formats that can show them; ``chart``: the same as a chart that Word
    draws (XML), in place of the image; empty without.
    """

    image: bytes
    width_mm: float
    caption: str = ""
    svg: str = ""
    chart: bytes = b""


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
    blocks: tuple[Heading | Paragraph | Legend | Picture, ...]


@dataclass(frozen=True)
class Signature:
    """Fields to be signed or sealed, side by side, each with a line for the date.

    ``opinion_mm``: height of an empty field above them, for an opinion written by hand; 0 without. ``note``: small text
    in a field below them.
    """

    labels: tuple[str, ...]
    date_line: str
    opinion_mm: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class PageBreak:
    """The following block begins a new page."""


Block: TypeAlias = (
    Heading
    | Paragraph
    | FactTable
    | VerdictBox
    | NoticeBox
    | DocumentTable
    | Picture
    | PictureGrid
    | Legend
    | PictureWithText
    | Signature
    | PageBreak
)


def split_at_page_numbers(text: str) -> list[str]:
    """Return the pieces of a text, with {page} and {pages} apart."""
    return [piece for piece in re.split(r"(\{pages?\})", text) if piece]


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
    """A document: title, margins and blocks.

    ``lang``: zh or en; ``landscape``: pages are wider than high; ``is_dense``: smaller letters on printed pages.
    """

    title: str
    subtitle: str
    header_footer: PageHeaderFooter
    blocks: tuple[Block, ...]
    lang: str = "zh"
    landscape: bool = False
    is_dense: bool = False


def change_texts(part: Part, change: Callable[[str], str], fields_left: Collection[str] = ()) -> Part:
    """Return a document, or a part of it, with all texts changed, except those of ``fields_left``."""
    if isinstance(part, str):
        return change(part)  # type: ignore[return-value]
    if isinstance(part, tuple):
        return tuple(change_texts(one, change, fields_left) for one in part)  # type: ignore[return-value]
    if is_dataclass(part) and not isinstance(part, type):
        names = (one.name for one in fields(part) if one.init and one.name not in fields_left)
        return replace(part, **{name: change_texts(getattr(part, name), change, fields_left) for name in names})
    return part


def merge_heads(heads: Sequence[Sequence[str]]) -> list[tuple[int, int, int, int, str]]:
    """Return the cells of a head, line by line; equal neighbours below the same cell are one cell.

    A cell has its line and column from 0, the numbers of lines and columns that it covers, and its text. ``heads``: the
    words of each column from top to bottom. The last word of a column with fewer words than others covers the lines
    below it.
    """
    line_count = max(map(len, heads))
    cells = []
    for line in range(line_count):
        column = 0
        while column < len(heads):
            head = heads[column]
            if line >= len(head):
                column += 1
                continue
            is_last = line == len(head) - 1
            end = column + 1
            while (
                not is_last
                and end < len(heads)
                and len(heads[end]) > line + 1
                and heads[end][: line + 1] == head[: line + 1]
            ):
                end += 1
            cells.append((line, column, line_count - line if is_last else 1, end - column, head[line]))
            column = end
    return cells


@dataclass(frozen=True)
class ReportChapter:
    """A chapter of the report of a check, for all its files.

    ``key``: of its entry in the JSON; ``title``: without number; ``make_blocks``: returns the blocks below the title,
    called only for a page or document, as charts take long; ``tables``: sheets of the ledger; ``data``: content of the
    JSON entry; ``reason_left_out``: why a public edition of the report does not have it; ``input_files``: files that
    were read for it.
    """

    key: str
    title: str
    make_blocks: Callable[[], tuple[Block, ...]]
    tables: tuple[ReportTable, ...]
    data: dict[str, Any]
    reason_left_out: str
    input_files: tuple[str, ...] = ()

    def leave_out(self) -> ReportChapter:
        """Return the chapter of a public edition: the reason in place of the content."""
        blocks = (Paragraph(self.reason_left_out),)
        return replace(self, make_blocks=lambda: blocks, tables=(), data={"left_out": self.reason_left_out})


def list_document_texts(document: Document) -> list[str]:
    """Return all texts of a document: title, subtitle and blocks."""
    return [text for text in (document.title, document.subtitle, *list_block_texts(document.blocks)) if text]


def list_block_texts(blocks: Iterable[Block]) -> list[str]:
    """Return the texts of blocks, some of them empty."""
    return [text for block in blocks for text in _list_texts(block)]


def _list_texts(block: Block) -> Iterator[str]:
    """Yield the texts of one block in reading order, some of them empty."""
    match block:
        case Heading(text=text, note=note):
            yield from (text, note)
        case Paragraph(text=text) | Picture(caption=text):
            yield text
        case FactTable(rows=rows):
            yield from (text for row in rows for pair in row for text in pair)
        case VerdictBox(word=word, statement=statement, counts=counts, options=options):
            yield from (word, *(option for option, _ in options), statement, counts)
        case NoticeBox(word=word, title=title, text=text, mark=mark):
            yield from (word, title, text, mark)
        case DocumentTable(rows=()):
            yield block.text_without_rows
        case DocumentTable(columns=columns, rows=cells):
            yield from (column.title for column in columns)
            yield from (text for row in cells for cell in row for text in (cell.text, cell.second_line))
        case PictureGrid(pictures=pictures):
            yield from (picture.caption for picture in pictures)
        case Legend(entries=entries):
            yield from (label for _, label in entries)
        case PictureWithText(picture=picture, blocks=inner):
            yield from (picture.caption, *list_block_texts(inner))
        case Signature(labels=labels, date_line=date_line, note=note):
            yield from (text for label in labels for text in (label, date_line))
            yield note
