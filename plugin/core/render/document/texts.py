# SPDX-License-Identifier: GPL-2.0-or-later
"""The texts of a document's blocks in reading order, for comparing a document with a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .blocks import (
    Block,
    Document,
    DocumentTable,
    FactTable,
    Heading,
    Legend,
    NoticeBox,
    Paragraph,
    Picture,
    PictureGrid,
    PictureWithText,
    Signature,
    VerdictBox,
)


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
