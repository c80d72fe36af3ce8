# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, remarks and active content of a PDF.

pypdf reads the pages if it is installed; otherwise a check of the structure counts them (ISO 32000-1, 7.5 and 7.7).
Nothing in a file is executed, and no page is rendered.
"""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...cancellation import NEVER_CANCELLED, Cancellation
from .pdf_pages import PYPDF_METHOD, PdfFact, inspect_pages

#: Maximum bytes of a file that is searched, and of its unpacked streams.
_MAX_PDF_BYTES, _MAX_UNPACKED_BYTES = 512 * 2**20, 64 * 2**20
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
#: Maximum distance of a stream from the beginning of its dictionary.
_MAX_DICTIONARY_BYTES = 2048


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
    pages = None if locked else inspect_pages(data)
    if pages is not None:
        return replace(pages, active_content=tuple(dict.fromkeys((*active, *pages.active_content))))
    # Without a page tree, count the objects that are pages.
    count = sum(len(_PAGE_OBJECT_PATTERN.findall(text)) for text in texts)
    return PdfFact(-1 if locked and not count else count, locked, active)


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
