# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of a PDF, their remarks and active content, and titles of the file.

ISO 32000-1, 7.7, 12.5 and 14.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .pdf_drawings import PdfPage, inspect_drawn_pages
from .pdf_objects import PdfObjects, unpack_stream

#: Names of the two methods in a report.
PYPDF_METHOD, STRUCTURE_METHOD = "pypdf", "plain"
#: Maximum number of pages, and depth of their tree.
_MAX_PAGES, _MAX_TREE_DEPTH = 50_000, 60
#: Kinds of annotations that a reader adds to a page (12.5.6), by key of texts. Links, form fields, stamps and
#: signatures are part of a finished document.
_REMARK_KINDS = {
    "Text": "note",
    "FreeText": "text",
    "Highlight": "marking",
    "Underline": "marking",
    "Squiggly": "marking",
    "StrikeOut": "marking",
    "Caret": "marking",
    "Ink": "drawing",
    "Line": "drawing",
    "Square": "drawing",
    "Circle": "drawing",
    "Polygon": "drawing",
    "PolyLine": "drawing",
    "Redact": "redaction",
}
#: Kinds of annotations with other files or media, by key of texts (section ``active``).
_ACTIVE_KINDS = {
    "FileAttachment": "pdf_files",
    "Sound": "pdf_media",
    "Movie": "pdf_media",
    "Screen": "pdf_media",
    "3D": "pdf_media",
    "RichMedia": "pdf_media",
}
#: AutoCAD marks texts in its own fonts with annotations, so that they can be searched.
_DRAWING_PROGRAM_TITLE = "AutoCAD SHX Text"
#: Streams without content of pages.
_OTHER_STREAM_TYPES = ("Metadata", "XRef", "ObjStm", "EmbeddedFile")
_INFO_KEYS = ("Title", "Subject", "Keywords", "Author")
_XMP_TITLE_PATTERN = re.compile(r"<dc:(?:title|subject|description)\b[^>]*>(.*?)</dc:", re.DOTALL)
_XML_TAG_PATTERN = re.compile(r"<[^>]*>")


class Remark(NamedTuple):
    """A reader's remark on a page: the page number, 0 if unknown, and its kind.

    The kind is a key of texts (``pdf_remarks``).
    """

    page: int
    kind: str


@dataclass(frozen=True)
class PdfFact:
    """Content of a PDF.

    Attributes
    ----------
    page_count
        Number of pages, −1 if unknown.
    is_encrypted
        Whether it is encrypted.
    active_content
        Active or attached content, as keys of texts (section ``active``).
    reading_method
        The method: ``pypdf`` or ``plain`` (without pypdf).
    is_blank
        Whether no page draws anything.
    declared_page_count
        Number of pages that the page tree states, −1 if it is unknown or right.
    remarks
        Remarks of readers on pages.
    titles
        Title, subject, keywords and author in the file's properties.
    content_digest
        Digest of all contents, equal for two files that differ only in properties; empty without contents.
    blank_pages
        Numbers of the pages that draw nothing.
    page_digests
        Digest of what each page draws, independent of numbers and packing of objects; empty for a page that draws
        little (a separator) or that cannot be read.
    page_texts
        Words of each page in the order of its content, without those in pictures; empty if no page has any.
    """

    page_count: int
    is_encrypted: bool = False
    active_content: tuple[str, ...] = ()
    reading_method: str = STRUCTURE_METHOD
    is_blank: bool = False
    declared_page_count: int = -1
    remarks: tuple[Remark, ...] = ()
    titles: tuple[str, ...] = ()
    content_digest: str = ""
    blank_pages: tuple[int, ...] = ()
    page_digests: tuple[str, ...] = field(default=(), repr=False)
    page_texts: tuple[str, ...] = field(default=(), repr=False)


def inspect_pages(data: bytes) -> PdfFact | None:
    """Return the content of the pages of a PDF; None if it has no page tree.

    The PDF must not be encrypted.
    """
    objects = PdfObjects(data)
    tree = objects.catalog.get("Pages")
    pages = list(_walk_pages(objects, tree))
    if not pages:
        return None
    declared_count = objects.resolve_value(objects.resolve_dictionary(tree).get("Count"))
    annotations = list(_list_annotations(objects, pages))
    kinds = [(number, str(objects.resolve_value(one.get("Subtype")))) for number, one in annotations]
    pages_with_annotations = {
        number for (number, one), (_, kind) in zip(annotations, kinds, strict=True) if _has_appearance(one, kind)
    }
    drawn_pages = list(inspect_drawn_pages(objects, pages))
    page_texts = tuple(page.words for page in drawn_pages)
    blank_pages = tuple(
        number
        for number, page in enumerate(drawn_pages, 1)
        if not page.has_drawing and number not in pages_with_annotations
    )
    is_count_right = not isinstance(declared_count, float) or int(declared_count) == len(pages)
    return PdfFact(
        len(pages),
        active_content=tuple(dict.fromkeys(_ACTIVE_KINDS[kind] for _, kind in kinds if kind in _ACTIVE_KINDS)),
        is_blank=len(blank_pages) == len(pages),
        declared_page_count=-1 if is_count_right else int(declared_count),
        remarks=tuple(
            Remark(number, _REMARK_KINDS[kind])
            for (number, kind), (_, one) in zip(kinds, annotations, strict=True)
            if kind in _REMARK_KINDS and decode_text(objects.resolve_value(one.get("T"))) != _DRAWING_PROGRAM_TITLE
        ),
        titles=tuple(_find_titles(objects)),
        content_digest=_compute_content_digest(objects),
        blank_pages=blank_pages,
        # What is drawn in annotations is not compared.
        page_digests=tuple("" if n in pages_with_annotations else page.digest for n, page in enumerate(drawn_pages, 1)),
        page_texts=page_texts if any(page_texts) else (),
    )


def _walk_pages(objects: PdfObjects, tree: Any) -> Iterator[PdfPage]:
    """Yield the pages of a page tree in order; inherited entries are completed."""
    inheritable = ("Resources",)
    stack: list[tuple[Any, dict[str, Any], int]] = [(tree, {}, 0)]
    visited: set[int] = set()
    count = 0
    while stack and count < _MAX_PAGES:
        item, inherited, depth = stack.pop()
        node = objects.resolve_object(item)
        if node is None or node.number in visited or depth > _MAX_TREE_DEPTH:
            continue
        visited.add(node.number)
        entries = node.dictionary
        inherited = inherited | {key: entries[key] for key in inheritable if key in entries}
        if "Kids" in entries:
            stack += [(kid, inherited, depth + 1) for kid in reversed(objects.resolve_list(entries["Kids"]))]
        elif entries:
            count += 1
            yield PdfPage(node.number, inherited | entries)


def _list_annotations(objects: PdfObjects, pages: list[PdfPage]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of the page and the entries of each annotation."""
    for number, page in enumerate(pages, 1):
        for item in objects.resolve_list(page.entries.get("Annots")):
            if annotation := objects.resolve_dictionary(item):
                yield number, annotation


def _has_appearance(annotation: dict[str, Any], kind: str) -> bool:
    """Return True if an annotation shows something on the page; popups and links do not."""
    return "AP" in annotation and kind not in ("Popup", "Link")


def _find_titles(objects: PdfObjects) -> Iterator[str]:
    """Yield title, subject, keywords and author in the file's properties."""
    info = objects.resolve_dictionary(objects.trailer.get("Info"))
    yield from (text for key in _INFO_KEYS if (text := decode_text(objects.resolve_value(info.get(key)))))
    metadata = objects.resolve_object(objects.catalog.get("Metadata"))
    content = unpack_stream(metadata) if metadata is not None else None
    for match in _XMP_TITLE_PATTERN.finditer((content or b"").decode("utf-8", "replace")):
        if text := " ".join(html.unescape(_XML_TAG_PATTERN.sub(" ", match[1])).split()):
            yield text


def decode_text(value: Any) -> str:
    """Return a text string of a PDF (7.9.2.2) as text; empty for other values."""
    if not isinstance(value, bytes):
        return ""
    if value[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return value.decode("utf-16", "replace").strip()
    # PDF 2.0 has UTF-8 with a mark; old Chinese programs write GBK.
    for codec in ("utf-8-sig", "gb18030"):
        try:
            return value.decode(codec).strip()
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1").strip()


def _compute_content_digest(objects: PdfObjects) -> str:
    """Return the digest of all packed streams of a file, except those of its properties."""
    digests = sorted(
        hashlib.sha256(stream).hexdigest()
        for one in objects.definitions.values()
        if (stream := one.stream) and str(one.dictionary.get("Type", "")) not in _OTHER_STREAM_TYPES
    )
    return hashlib.sha256("".join(digests).encode("ascii")).hexdigest() if digests else ""
