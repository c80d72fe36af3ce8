# SPDX-License-Identifier: GPL-2.0-or-later
"""What each page of a PDF draws, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .pdf_content import has_drawing
from .pdf_objects import PdfObject, PdfObjects, unpack_stream
from .pdf_text import PdfFonts, read_page_words

#: Maximum bytes of contents that are unpacked.
_MAX_CONTENT_BYTES = 64 * 2**20


class PdfPage(NamedTuple):
    """A page of the page tree; ``entries`` also has the entries that the page inherits."""

    number: int
    entries: dict[str, Any]


class DrawnPage(NamedTuple):
    """Whether a page draws anything, and its words."""

    has_drawing: bool
    words: str = ""


def list_contents(objects: PdfObjects, entries: dict[str, Any]) -> list[PdfObject]:
    """Return the content streams of a page."""
    contents = entries.get("Contents")
    items = contents if isinstance(contents, list) else [contents]
    streams: list[PdfObject] = []
    for item in items:
        one = objects.resolve_object(item)
        if one is not None and isinstance(one.value, list):
            streams += [part for ref in one.value if (part := objects.resolve_object(ref)) is not None]
        elif one is not None:
            streams.append(one)
    return streams


def inspect_drawn_pages(objects: PdfObjects, pages: list[PdfPage]) -> Iterator[DrawnPage]:
    """Yield what each page draws.

    A page whose content cannot be read counts as drawn on.
    """
    bytes_left = _MAX_CONTENT_BYTES
    fonts = PdfFonts(objects)
    drawn_page_by_key: dict[tuple[Any, ...], DrawnPage] = {}
    for page in pages:
        streams = list_contents(objects, page.entries)
        key = (
            *(repr(page.entries.get(entry)) for entry in ("Resources", "Annots")),
            *(one.number for one in streams),
        )
        if key not in drawn_page_by_key:
            contents = [unpack_stream(one, max(bytes_left, 0)) for one in streams if one.stream_span is not None]
            bytes_left -= sum(len(content or b"") for content in contents)
            # The streams of a page are one content (7.8.2).
            content = b"\n".join(content for content in contents if content is not None)
            is_unread = bytes_left <= 0 or None in contents
            is_drawn = is_unread or has_drawing(content)
            words = "" if is_unread else read_page_words(fonts, content, page.entries)
            drawn_page_by_key[key] = DrawnPage(is_drawn, words)
        yield drawn_page_by_key[key]
