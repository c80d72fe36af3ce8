# SPDX-License-Identifier: GPL-2.0-or-later
"""What each page of a PDF draws: its words, and a digest to compare pages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .pdf_content import has_drawing
from .pdf_objects import PdfObject, PdfObjects, Reference, unpack_stream
from .pdf_text import PdfFonts, read_page_words

#: Maximum bytes of contents that are unpacked, and of one stream of a font or a picture.
_MAX_CONTENT_BYTES, _MAX_RESOURCE_BYTES = 64 * 2**20, 4 * 2**20
#: Content of fewer bytes without a picture is that of a separator or of a page with a heading.
_LEAST_COMPARED_BYTES = 1000
#: Maximum depth of the objects that a resource consists of.
_MAX_RESOURCE_DEPTH = 12
#: Kinds of resources that a content names (7.8.3).
_RESOURCE_KINDS = ("Font", "XObject", "ExtGState", "ColorSpace", "Pattern", "Shading")
_PICTURE_KIND = "XObject"
#: Entries of objects that depend on their packing or lead to other parts of the file.
_OTHER_ENTRIES = (
    "Length",
    "Filter",
    "DecodeParms",
    "Parent",
    "StructParent",
    "StructParents",
    "Metadata",
    "PieceInfo",
    "OC",
    "Name",
)
_NAME_PATTERN = re.compile(rb"/[^\x00\s()<>\[\]{}/%]+")


class PdfPage(NamedTuple):
    """A page of the page tree; ``entries`` also has the entries that the page inherits."""

    number: int
    entries: dict[str, Any]


class DrawnPage(NamedTuple):
    """Content of a page.

    ``digest``: digest of what the page draws, empty if the page is not compared; ``words``: its words.
    """

    has_drawing: bool
    digest: str = ""
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
    resources, fonts = _ResourceDigests(objects), PdfFonts(objects)
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
            digest = "" if is_unread or not is_drawn else resources.compute_page_digest(content, page)
            words = "" if is_unread else read_page_words(fonts, content, page.entries)
            drawn_page_by_key[key] = DrawnPage(is_drawn, digest, words)
        yield drawn_page_by_key[key]


class _ResourceDigests:
    """Digests of fonts, pictures and other resources, computed from their content alone.

    Names and object numbers of resources do not affect the digests.
    """

    def __init__(self, objects: PdfObjects) -> None:
        self._objects = objects
        self._digest_by_number: dict[int, bytes] = {}
        self._bytes_left = _MAX_CONTENT_BYTES

    def compute_page_digest(self, content: bytes, page: PdfPage) -> str:
        """Return the digest of a page's content.

        Names of resources in it are replaced by digests of the resources.
        """
        resources = self._objects.resolve_dictionary(page.entries.get("Resources"))
        digest_by_name: dict[bytes, bytes] = {}
        has_picture = False
        resource_names = set(_NAME_PATTERN.findall(content))
        for kind in _RESOURCE_KINDS:
            for name, item in self._objects.resolve_dictionary(resources.get(kind)).items():
                if (encoded := b"/" + name.encode("latin-1", "replace")) in resource_names:
                    digest_by_name[encoded] = b"/" + self._compute_digest(item)
                    has_picture |= kind == _PICTURE_KIND
        if len(content) < _LEAST_COMPARED_BYTES and not has_picture:
            return ""
        normalised_content = _NAME_PATTERN.sub(lambda name: digest_by_name.get(name[0], name[0]), content)
        return hashlib.sha256(b" ".join(normalised_content.split())).hexdigest()

    def _compute_digest(self, item: Any, depth: int = 0) -> bytes:
        """Return the digest of a PDF value, including all objects to which it refers."""
        one = self._objects.resolve_object(item) if isinstance(item, Reference) else None
        if one is None:
            return self._compute_value_digest(item, depth)
        if one.number not in self._digest_by_number:
            # An object may lead back to itself.
            self._digest_by_number[one.number] = b"self"
            digest = self._compute_value_digest(one.value, depth)
            self._digest_by_number[one.number] = _compute_sha256(digest + self._read_stream(one))
        return self._digest_by_number[one.number]

    def _compute_value_digest(self, value: Any, depth: int) -> bytes:
        """Return the digest of a dictionary or an array, the bytes of a simple value.

        Empty if too deeply nested.
        """
        if depth > _MAX_RESOURCE_DEPTH or isinstance(value, Reference):
            return b""
        if isinstance(value, dict):
            rows = sorted(value.items())
            parts = [
                key.encode() + self._compute_digest(item, depth + 1) for key, item in rows if key not in _OTHER_ENTRIES
            ]
            return _compute_sha256(b"{" + b" ".join(parts))
        if isinstance(value, list):
            return _compute_sha256(b"[" + b" ".join(self._compute_digest(item, depth + 1) for item in value))
        return repr(value).encode()

    def _read_stream(self, pdf_object: PdfObject) -> bytes:
        """Return the content of a stream; if it is large, as it is packed in the file."""
        if pdf_object.stream_span is None:
            return b""
        unpacked = unpack_stream(pdf_object, _MAX_RESOURCE_BYTES) if self._bytes_left > 0 else None
        content = pdf_object.stream or b"" if unpacked is None or len(unpacked) == _MAX_RESOURCE_BYTES else unpacked
        self._bytes_left -= len(content)
        return content


def _compute_sha256(content: bytes) -> bytes:
    """Return the SHA-256 of bytes as hexadecimal digits in ASCII."""
    return hashlib.sha256(content).hexdigest().encode("ascii")
