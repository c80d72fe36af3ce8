# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of pictures and PDF files with other data than what they show: georeference, EXIF, comments."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

_PNG_SIGNATURE, _JPG_START = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_PNG_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}
#: Segments of a JPEG with other data than the picture: APP1 (EXIF, XMP) to APP15, and comments.
_JPG_SCAN = 0xDA
_JPG_DATA_SEGMENTS = {*range(0xE1, 0xF0), 0xFE}
#: Segments that belong to the picture: APP2 with a colour profile, APP14 with the colour transform.
_JPG_COLOUR_SEGMENTS = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_TIFF_VERSION = 42
#: Tags of GeoTIFF, and the GPS directory of EXIF.
_GEOTIFF_TAGS = frozenset((33550, 33922, 34264, 34735, 34736, 34737, 34853))
_PDF_STREAM = re.compile(rb"\bstream\r?\n(.*?)endstream", re.DOTALL)
_PDF_OBJECT_STREAM = re.compile(rb"/ObjStm\b[^>]*>>\s*stream\r?\n(.*?)endstream", re.DOTALL)
#: Georeference of a PDF: measure dictionaries (ISO 32000), their points, and that of OGC best practice. Each is the
#: name of an entry (before a value) or of a type.
_PDF_GEOREFERENCE = re.compile(
    rb"/(?:Measure|GPTS|LPTS|LGIDict|GCS|PROJCS|GEOGCS)(?=\s*(?:<<|\[|\d+\s+\d+\s+R\b|\(|/|>>))"
)


def find_pdf_georeference(data: bytes) -> Iterator[str]:
    """Yield the names of the entries of a PDF that georeference it; contents of pages and pictures are not searched.

    Compressed objects are searched too.
    """
    parts = [_PDF_STREAM.sub(b" ", data)]
    for stream in _PDF_OBJECT_STREAM.findall(data):
        try:
            parts.append(zlib.decompressobj().decompress(stream))
        except zlib.error:
            yield "ObjStm"
    for part in parts:
        for name in _PDF_GEOREFERENCE.findall(part):
            yield name.decode("ascii")


def find_picture_data(data: bytes) -> Iterator[str]:
    """Yield the names of parts of a PNG, JPEG or TIFF with other data than the picture itself."""
    if data.startswith(_PNG_SIGNATURE):
        place = len(_PNG_SIGNATURE)
        while place + 8 <= len(data):
            length, kind = struct.unpack(">I4s", data[place : place + 8])
            if kind in _PNG_TEXT_CHUNKS:
                yield kind.decode("ascii")
            place += 12 + length
    elif data.startswith(_JPG_START):
        yield from _find_jpeg_data(data)
    elif data[:2] in (b"II", b"MM"):
        yield from _find_tiff_data(data)


def _find_jpeg_data(data: bytes) -> Iterator[str]:
    """Yield the segments of a JPEG with other data than the picture and its colours."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != _JPG_SCAN:
        marker, (length,) = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])
        colours = _JPG_COLOUR_SEGMENTS.get(marker)
        is_colours = colours is not None and data.startswith(colours, place + 4)
        if marker in _JPG_DATA_SEGMENTS and not is_colours:
            yield f"JPEG {marker:#x}"
        place += 2 + length


def _find_tiff_data(data: bytes) -> Iterator[str]:
    """Yield GeoTIFF if a directory of a TIFF has tags of a georeference; TIFF if it cannot be read, as a BigTIFF."""
    order = "<" if data[:2] == b"II" else ">"
    tags_found: set[int] = set()
    places_read = {0}
    try:
        version, place = struct.unpack_from(f"{order}HI", data, 2)
        if version != _TIFF_VERSION:
            raise struct.error(version)
        while place not in places_read:
            places_read.add(place)
            (count,) = struct.unpack_from(f"{order}H", data, place)
            *tags, place = struct.unpack_from(f"{order}{'H10x' * count}I", data, place + 2)
            tags_found.update(tags)
    except struct.error:
        yield "TIFF"
    if not _GEOTIFF_TAGS.isdisjoint(tags_found):
        yield "GeoTIFF"
