# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, remarks and active content of a PDF.

pypdf reads the pages if it is installed; otherwise a check of the structure counts them (ISO 32000-1, 7.5 and 7.7).
Nothing in a file is executed, and no page is rendered.
"""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...cancellation import NEVER_CANCELLED, Cancellation
from .pdf_pages import PdfPages, Remark, inspect_pages

#: Maximum bytes of a file that is searched, and of its unpacked streams.
_MAX_PDF_BYTES, _MAX_UNPACKED_BYTES = 512 * 2**20, 64 * 2**20
#: Names of the two methods in a report.
PYPDF_METHOD, STRUCTURE_METHOD = "pypdf", "plain"
#: Active or attached content → its names in a PDF.
_ACTIVE_NAMES: dict[str, tuple[str, ...]] = {
    "pdf_script": ("/JavaScript", "/JS"),
    "pdf_files": ("/EmbeddedFiles", "/EmbeddedFile"),
    "pdf_launch": ("/Launch",),
    "pdf_media": ("/RichMedia", "/XFA"),
}
#: A name ends at a delimiter: /Page does not match /Pages.
_NAME_END = rb"(?![A-Za-z0-9_.#-])"
_PAGE_OBJECT_PATTERN = re.compile(rb"/Type\s*/Page" + _NAME_END)
_ENCRYPT_NAME_PATTERN = re.compile(rb"/Encrypt" + _NAME_END)
_ACTIVE_PATTERNS = {
    key: re.compile(b"(?:" + b"|".join(n.encode() for n in pdf_names) + b")" + _NAME_END)
    for key, pdf_names in _ACTIVE_NAMES.items()
}
#: Streams of objects; those of pictures and texts need not be unpacked.
_OBJECT_STREAM_PATTERN = re.compile(rb"/Type\s*/ObjStm" + _NAME_END)
_STREAM_START_PATTERN = re.compile(rb"stream\r?\n")
#: Operators in streams of pages that show text, pictures or lines (ISO 32000-1, table 51).
_DRAWING_OPERATOR_PATTERN = re.compile(rb"(?:^|[\s)\]>])(?:Tj|TJ|Do|f\*?|F|S|s|B\*?|b\*?|sh|EI|'|\")(?=\s|$)")
_CONTENT_STREAM_START_PATTERN = re.compile(rb"(?<!end)stream\r?\n")
_FLATE_NAME_PATTERN, _FILTER_NAME_PATTERN = (
    re.compile(rb"/FlateDecode" + _NAME_END),
    re.compile(rb"/Filter" + _NAME_END),
)
#: Maximum distance of a stream from the beginning of its dictionary.
_MAX_DICTIONARY_BYTES = 2048


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
        The method: ``pypdf`` or ``without_pypdf``.
    is_blank
        Whether all pages are empty.
    declared_page_count
        Number of pages that the page tree states, −1 if it is unknown or right.
    remarks
        Remarks of readers on pages.
    titles
        Title, subject, keywords and author in the file's properties.
    content_digest
        Digest of the file's contents without its properties; empty without contents.
    blank_pages
        Numbers of the pages that show nothing.
    page_digests
        Digest of what each page draws; empty for pages that are not compared (see `PdfPages`).
    page_texts
        Words of each page.
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


def inspect_pdf(path: Path, cancellation: Cancellation = NEVER_CANCELLED, without_pypdf: bool = False) -> PdfFact:
    """Return the content of a PDF.

    ``without_pypdf``: inspect only the structure, even if pypdf is installed.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    cancellation.raise_if_cancelled()
    if path.stat().st_size > _MAX_PDF_BYTES:
        return PdfFact(-1)
    data = path.read_bytes()
    structure = inspect_pdf_structure(data)
    if without_pypdf:
        return structure
    try:
        import pypdf
    except ImportError:
        return structure
    return _inspect_with_pypdf(pypdf, path, structure)


def _inspect_with_pypdf(pypdf_module: Any, path: Path, structure: PdfFact) -> PdfFact:
    """Return the content of a PDF with the number of pages by pypdf.

    All other properties come from ``structure``, which is the result of the inspection without pypdf.
    """
    from pypdf.errors import PyPdfError

    # pypdf logs its repairs; these logs are suppressed.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf_module.PdfReader(path, strict=False)
        locked = bool(reader.is_encrypted)
        if locked and not reader.decrypt(""):
            return replace(structure, page_count=-1, is_encrypted=True, is_blank=False, reading_method=PYPDF_METHOD)
        return replace(structure, page_count=len(reader.pages), is_encrypted=locked, reading_method=PYPDF_METHOD)
    except (PyPdfError, ImportError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Encrypted with a method for which pypdf lacks a library, or damaged: use the structure.
        return replace(structure, page_count=-1, is_blank=False) if structure.is_encrypted else structure


def inspect_pdf_structure(data: bytes) -> PdfFact:
    """Return the content of a PDF as its objects show it, also objects in compressed streams."""
    texts = [data, *_unpack_object_streams(data)]
    locked = any(_ENCRYPT_NAME_PATTERN.search(text) for text in texts)
    active = tuple(
        key for key, name_pattern in _ACTIVE_PATTERNS.items() if any(name_pattern.search(text) for text in texts)
    )
    pages = PdfPages() if locked else inspect_pages(data)
    if pages.count < 0:
        # Without a page tree, count the objects that are pages.
        count = sum(len(_PAGE_OBJECT_PATTERN.findall(text)) for text in texts)
        is_blank = count > 0 and not locked and not _has_drawing(data)
    else:
        count, is_blank = pages.count, pages.is_blank
    return PdfFact(
        -1 if locked and not count else count,
        locked,
        tuple(dict.fromkeys((*active, *pages.active_content))),
        is_blank=is_blank,
        declared_page_count=pages.declared_count if pages.declared_count != pages.count else -1,
        remarks=pages.remarks,
        titles=pages.titles,
        content_digest=pages.content_digest,
        blank_pages=pages.blank_pages,
        page_digests=pages.page_digests,
        page_texts=pages.page_texts,
    )


def _has_drawing(data: bytes) -> bool:
    """Return True if any stream draws something, or has an unknown encoding."""
    bytes_left = _MAX_UNPACKED_BYTES
    for match in _CONTENT_STREAM_START_PATTERN.finditer(data):
        dictionary = data[max(match.start() - _MAX_DICTIONARY_BYTES, 0) : match.start()]
        dictionary = dictionary[dictionary.rfind(b"obj") :]
        end = data.find(b"endstream", match.end())
        content = data[match.end() : end if end >= 0 else len(data)]
        if _FILTER_NAME_PATTERN.search(dictionary):
            if not _FLATE_NAME_PATTERN.search(dictionary) or bytes_left <= 0:
                return True
            try:
                content = zlib.decompressobj().decompress(content, bytes_left)
            except zlib.error:
                return True
            bytes_left -= len(content)
        if _DRAWING_OPERATOR_PATTERN.search(content):
            return True
    return False


def _unpack_object_streams(data: bytes) -> list[bytes]:
    """Return the unpacked contents of the PDF streams that contain further objects."""
    streams = []
    bytes_left = _MAX_UNPACKED_BYTES
    for match in _OBJECT_STREAM_PATTERN.finditer(data):
        stream_start = _STREAM_START_PATTERN.search(data, match.end(), match.end() + _MAX_DICTIONARY_BYTES)
        if stream_start is None or bytes_left <= 0:
            continue
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(data[stream_start.end() : stream_start.end() + bytes_left], bytes_left)
        except zlib.error:
            continue
        bytes_left -= len(content)
        streams.append(content)
    return streams
