# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of a PDF, their active content, and titles of the file.

ISO 32000-1, 7.7, 12.5 and 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .pdf_drawings import PdfPage, inspect_drawn_pages
from .pdf_objects import PdfObjects

#: Names of the two methods in a report.
PYPDF_METHOD, STRUCTURE_METHOD = "pypdf", "plain"
#: Maximum number of pages, and depth of their tree.
_MAX_PAGES, _MAX_TREE_DEPTH = 50_000, 60
#: Kinds of annotations with other files or media, by key of texts (section ``active``).
_ACTIVE_KINDS = {
    "FileAttachment": "pdf_files",
    "Sound": "pdf_media",
    "Movie": "pdf_media",
    "Screen": "pdf_media",
    "3D": "pdf_media",
    "RichMedia": "pdf_media",
}
_INFO_KEYS = ("Title", "Subject", "Keywords", "Author")


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
    titles
        Title, subject, keywords and author in the file's properties.
    page_texts
        Words of each page in the order of its content, without those in pictures; empty if no page has any.
    """

    page_count: int
    is_encrypted: bool = False
    active_content: tuple[str, ...] = ()
    reading_method: str = STRUCTURE_METHOD
    is_blank: bool = False
    declared_page_count: int = -1
    titles: tuple[str, ...] = ()
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
    is_blank = not any(
        page.has_drawing or number in pages_with_annotations for number, page in enumerate(drawn_pages, 1)
    )
    is_count_right = not isinstance(declared_count, float) or int(declared_count) == len(pages)
    return PdfFact(
        len(pages),
        active_content=tuple(dict.fromkeys(_ACTIVE_KINDS[kind] for _, kind in kinds if kind in _ACTIVE_KINDS)),
        is_blank=is_blank,
        declared_page_count=-1 if is_count_right else int(declared_count),
        titles=tuple(_find_titles(objects)),
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
