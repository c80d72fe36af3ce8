# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, active content and hidden content of a PDF.

pypdf reads the pages if it is installed; otherwise a check of the structure counts them (ISO 32000-1, 7.5 and 7.7).
Nothing in a file is executed, and no page is rendered.
"""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...cancellation import NEVER, Cancellation

#: Maximum bytes of a file that is searched, and of its unpacked streams.
_MOST_BYTES, _MOST_STREAM = 512 * 2**20, 64 * 2**20
#: Names of the two methods in a report.
PYPDF, PLAIN = "pypdf", "plain"
#: Active or attached content → its names in a PDF.
_ACTIVE: dict[str, tuple[str, ...]] = {
    "pdf_script": ("/JavaScript", "/JS"),
    "pdf_files": ("/EmbeddedFiles", "/EmbeddedFile"),
    "pdf_launch": ("/Launch",),
    "pdf_media": ("/RichMedia", "/XFA"),
}
#: A name ends at a delimiter: /Page does not match /Pages.
_END = rb"(?![A-Za-z0-9_.#-])"
_PAGE = re.compile(rb"/Type\s*/Page" + _END)
_ENCRYPT = re.compile(rb"/Encrypt" + _END)
_NAMES = {
    key: re.compile(b"(?:" + b"|".join(n.encode() for n in names) + b")" + _END) for key, names in _ACTIVE.items()
}
#: Streams of objects; those of pictures and texts need not be unpacked.
_OBJECTS = re.compile(rb"/Type\s*/ObjStm" + _END)
_STREAM = re.compile(rb"stream\r?\n")
#: Operators in streams of pages that show text, pictures or lines (ISO 32000-1, table 51).
_DRAWS = re.compile(rb"(?:^|[\s)\]>])(?:Tj|TJ|Do|f\*?|F|S|s|B\*?|b\*?|sh|EI|'|\")(?=\s|$)")
_ANY_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_FLATE, _FILTER = re.compile(rb"/FlateDecode" + _END), re.compile(rb"/Filter" + _END)
#: Bytes after the end that only fill up a file.
_FILLING = b" \t\r\n\f\0\x1a"
#: Maximum distance of a stream from the beginning of its dictionary.
_DICTIONARY = 2048


@dataclass(frozen=True)
class PdfFact:
    """Content of a PDF.

    ``pages`` is the number of pages, −1 if unknown; ``locked`` means encrypted; ``active`` are keys of texts
    (``active``) of active or attached content; ``by`` is the method; ``blank`` means that all pages are empty;
    ``behind`` counts bytes after the end other than filling.
    """

    pages: int
    locked: bool = False
    active: tuple[str, ...] = ()
    by: str = PLAIN
    blank: bool = False
    behind: int = 0


def inspect_pdf(path: Path, cancellation: Cancellation = NEVER, plain: bool = False) -> PdfFact:
    """Return the content of a PDF; ``plain`` disables pypdf.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    cancellation.raise_if_cancelled()
    if path.stat().st_size > _MOST_BYTES:
        return PdfFact(-1)
    data = path.read_bytes()
    active = inspect_pdf_structure(data)
    if plain:
        return active
    try:
        import pypdf
    except ImportError:
        return active
    return _by_pypdf(pypdf, path, active)


def _by_pypdf(pypdf: Any, path: Path, plain: PdfFact) -> PdfFact:
    """Count the pages with pypdf from the root; active content comes from ``plain``."""
    from pypdf.errors import PyPdfError

    # pypdf logs its repairs; these logs are suppressed.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(path, strict=False)
        locked = bool(reader.is_encrypted)
        if locked and not reader.decrypt(""):
            return PdfFact(-1, True, plain.active, PYPDF, behind=plain.behind)
        return PdfFact(len(reader.pages), locked, plain.active, PYPDF, plain.blank, plain.behind)
    except (PyPdfError, ImportError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Encrypted with a method for which pypdf lacks a library, or damaged: use the structure.
        return PdfFact(-1 if plain.locked else plain.pages, plain.locked, plain.active, PLAIN, behind=plain.behind)


def inspect_pdf_structure(data: bytes) -> PdfFact:
    """Return the content of a PDF by its objects, also those in compressed streams."""
    texts = [data, *_unpack_objects(data)]
    locked = any(_ENCRYPT.search(text) for text in texts)
    pages = sum(len(_PAGE.findall(text)) for text in texts)
    active = tuple(key for key, names in _NAMES.items() if any(names.search(text) for text in texts))
    blank = pages > 0 and not locked and not _has_drawing(data)
    return PdfFact(
        -1 if locked and not pages else pages, locked, active, blank=blank, behind=_count_trailing_bytes(data)
    )


def _count_trailing_bytes(data: bytes) -> int:
    """Return the number of bytes after the end other than filling.

    A later version of the file, which ends with another startxref, is not counted (ISO 32000-1, 7.5.6).
    """
    parts = data.split(b"%%EOF")[1:]
    return sum(len(part.strip(_FILLING)) for part in parts if part is parts[-1] or b"startxref" not in part)


def _has_drawing(data: bytes) -> bool:
    """Return True if any stream draws something, or has an unknown encoding."""
    room = _MOST_STREAM
    for one in _ANY_STREAM.finditer(data):
        head = data[max(one.start() - _DICTIONARY, 0) : one.start()]
        head = head[head.rfind(b"obj") :]
        end = data.find(b"endstream", one.end())
        text = data[one.end() : end if end >= 0 else len(data)]
        if _FILTER.search(head):
            if not _FLATE.search(head) or room <= 0:
                return True
            try:
                text = zlib.decompressobj().decompress(text, room)
            except zlib.error:
                return True
            room -= len(text)
        if _DRAWS.search(text):
            return True
    return False


def _unpack_objects(data: bytes) -> list[bytes]:
    """Return the unpacked streams of objects."""
    found = []
    room = _MOST_STREAM
    for one in _OBJECTS.finditer(data):
        begin = _STREAM.search(data, one.end(), one.end() + _DICTIONARY)
        if begin is None or room <= 0:
            continue
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(data[begin.end() : begin.end() + room], room)
        except zlib.error:
            continue
        room -= len(text)
        found.append(text)
    return found
