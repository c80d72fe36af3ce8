# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of a PDF, and what in it runs or is hidden: by pypdf where it is installed, else by a plain check of its structure
(ISO 32000-1, 7.5 and 7.7). Nothing in a file is run, and no page is drawn."""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...cancellation import NEVER, Cancellation

#: Bytes of a file that are searched, and that one compressed stream may unpack to.
_MOST_BYTES, _MOST_STREAM = 512 * 2**20, 64 * 2**20
#: How the two ways are called in a report.
PYPDF, PLAIN = "pypdf", "plain"
#: What runs or is attached → the names by which a PDF has it.
_ACTIVE: dict[str, tuple[str, ...]] = {
    "pdf_script": ("/JavaScript", "/JS"),
    "pdf_files": ("/EmbeddedFiles", "/EmbeddedFile"),
    "pdf_launch": ("/Launch",),
    "pdf_media": ("/RichMedia", "/XFA"),
}
#: A name goes on until a delimiter: /Page is not /Pages.
_END = rb"(?![A-Za-z0-9_.#-])"
_PAGE = re.compile(rb"/Type\s*/Page" + _END)
_ENCRYPT = re.compile(rb"/Encrypt" + _END)
_NAMES = {
    key: re.compile(b"(?:" + b"|".join(n.encode() for n in names) + b")" + _END) for key, names in _ACTIVE.items()
}
#: Streams that hold objects; those that hold pictures and texts need not be unpacked.
_OBJECTS = re.compile(rb"/Type\s*/ObjStm" + _END)
_STREAM = re.compile(rb"stream\r?\n")
#: Operators that show text, pictures or lines (ISO 32000-1, table 51), as streams of pages have them.
_DRAWS = re.compile(rb"(?:^|[\s)\]>])(?:Tj|TJ|Do|f\*?|F|S|s|B\*?|b\*?|sh|EI|'|\")(?=\s|$)")
_ANY_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_FLATE, _FILTER = re.compile(rb"/FlateDecode" + _END), re.compile(rb"/Filter" + _END)
#: What fills up a file behind its end and means nothing.
_FILLING = b" \t\r\n\f\0\x1a"
#: How far before its stream the dictionary of one begins at most.
_DICTIONARY = 2048


@dataclass(frozen=True)
class PdfFact:
    """``pages``: how many, −1 where nobody could tell; ``locked``: encrypted; ``active``: keys of texts (``active``) of what
    runs or is attached; ``by``: how it was opened; ``blank``: nothing is drawn on any page;
    ``behind``: bytes behind its end that are no filling."""

    pages: int
    locked: bool = False
    active: tuple[str, ...] = ()
    by: str = PLAIN
    blank: bool = False
    behind: int = 0


def inspect_pdf(path: Path, cancellation: Cancellation = NEVER, plain: bool = False) -> PdfFact:
    """Return what a PDF holds. ``plain``: without pypdf, even where it is installed. OSError when it cannot be read."""
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
    """Pages as pypdf finds them from the root; what runs is searched for in every object by the plain check."""
    from pypdf.errors import PyPdfError

    # The repairs that pypdf makes are not reported.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(path, strict=False)
        locked = bool(reader.is_encrypted)
        if locked and not reader.decrypt(""):
            return PdfFact(-1, True, plain.active, PYPDF, behind=plain.behind)
        return PdfFact(len(reader.pages), locked, plain.active, PYPDF, plain.blank, plain.behind)
    except (PyPdfError, ImportError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Encrypted by a method for which pypdf lacks a library, or damaged: then the structure counts.
        return PdfFact(-1 if plain.locked else plain.pages, plain.locked, plain.active, PLAIN, behind=plain.behind)


def inspect_pdf_structure(data: bytes) -> PdfFact:
    """Return the same by the objects of a file, those in compressed streams too."""
    texts = [data, *_unpacked(data)]
    locked = any(_ENCRYPT.search(text) for text in texts)
    pages = sum(len(_PAGE.findall(text)) for text in texts)
    active = tuple(key for key, names in _NAMES.items() if any(names.search(text) for text in texts))
    blank = pages > 0 and not locked and not _draws(data)
    return PdfFact(-1 if locked and not pages else pages, locked, active, blank=blank, behind=_behind(data))


def _behind(data: bytes) -> int:
    """Return the number of bytes behind the end that are neither blank nor a later version of the file, which ends with its
    own startxref (ISO 32000-1, 7.5.6)."""
    parts = data.split(b"%%EOF")[1:]
    return sum(len(part.strip(_FILLING)) for part in parts if part is parts[-1] or b"startxref" not in part)


def _draws(data: bytes) -> bool:
    """Does any stream draw something? One of another coding, as a picture has it, may."""
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


def _unpacked(data: bytes) -> list[bytes]:
    """The streams of objects, unpacked."""
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
