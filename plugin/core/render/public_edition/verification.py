# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a written public file and refuse it if it shows what the public edition takes out.

Pictures and PDF files have other data than what they show: georeference, EXIF, comments.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Any

from ...base.errors import OutputError
from ...model.indicator import SQUARE_METRES
from .coordinates import CoordinateFinder
from .redactor import Redactor, list_page_texts

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
#: Parts of an office file with persons, comments or properties of the template's office.
_PERSONAL_PARTS = re.compile(r"(?:^|/)(?:comments\w*|people|custom|persons?/.*)\.xml$|(?:^|/)customXml/", re.IGNORECASE)
_PERSONAL_TAGS = re.compile(r"<(?:Company|Manager)>([^<]+)<|\bw:author=\"([^\"]+)\"|<[\w:]*HyperlinkBase>([^<]+)<")
#: Ends of a paragraph or cell, between which texts do not continue.
_TEXT_ENDS = re.compile(r"</(?:w:p|c|si|is|t|v|f|dc:\w+|cp:\w+)>")
_TAGS = re.compile(r"<[^>]*>")
#: Attributes of office parts that are read or shown.
_TEXT_ATTRIBUTES = re.compile(r"\s(?:descr|title|tooltip|display|name)=(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\s([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
#: Attributes of drawings with places on the page, where small numbers are not degrees.
_DRAWING_ATTRIBUTES = frozenset(
    "d points x y x1 y1 x2 y2 cx cy r rx ry dx dy width height transform viewBox offset stroke-width font-size".split()
)
#: Parts of office files in which numbers are texts.
_TEXT_PARTS = ("word/", "xl/sharedStrings")
#: Units of areas and lengths, in lower case.
_UNITS = frozenset(
    (*SQUARE_METRES, *"m m² ㎡ km km2 km² hm2 hm² 亩 万亩 公顷 平方米 平方公里 米 公里 千米 hectare".split())
)
_SHOWN_CHARACTERS = 40
_PLAIN_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


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
    yield from (name.decode("ascii") for part in parts for name in _PDF_GEOREFERENCE.findall(part))


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
        place = 2
        while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != _JPG_SCAN:
            marker, (length,) = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])
            colours = _JPG_COLOUR_SEGMENTS.get(marker)
            if marker in _JPG_DATA_SEGMENTS and not (colours is not None and data.startswith(colours, place + 4)):
                yield f"JPEG {marker:#x}"
            place += 2 + length
    elif data[:2] in (b"II", b"MM"):
        # GeoTIFF if a directory has tags of a georeference; TIFF if it cannot be read, as a BigTIFF.
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


def verify_public_file(path: Path, redactor: Redactor, author: str = "") -> None:
    """Raise OutputError if a written file shows coordinates, hidden layers, paths, persons or a georeference.

    ``author``: the only author that an office file may name.
    """
    suffix, data = path.suffix.lower(), path.read_bytes()
    _refuse(path, redactor.find_coordinates(path.stem))
    if suffix == ".json":
        _refuse(path, _find_in_data(json.loads(data), redactor))
    elif suffix in (".html", ".htm"):
        _refuse(path, (leak for text in list_page_texts(data.decode("utf-8")) for leak in redactor.find_leaks(text)))
    elif suffix in (".docx", ".xlsx"):
        _refuse(path, _find_in_office_file(path, redactor, author))
    elif suffix == ".pdf":
        _refuse(path, find_pdf_georeference(data))
        # The properties (Info and XMP), where a program writes names and paths.
        parts = [one.decode("utf-8", "replace") for one in re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.DOTALL)]
        keys = rb"/(?:Title|Author|Creator|Producer|Subject|Keywords)\s*"
        parts += [one.decode("utf-8", "replace") for one in re.findall(keys + rb"\(((?:[^()\\]|\\.)*)\)", data)]
        parts += [
            bytes.fromhex(one.decode("ascii")).decode("utf-16", "replace")
            for one in re.findall(keys + rb"<([0-9A-Fa-f\s]+)>", data)
        ]
        _refuse(path, redactor.find_leaks("\n".join(_TAGS.sub(" ", part) for part in parts)))
    else:
        _refuse(path, find_picture_data(data))
    # Files that would georeference a picture beside them.
    suffixes = (".jgw", ".jpgw", ".pgw", ".tfw", ".wld", ".prj") if suffix in (".jpg", ".png", ".tif") else ()
    siblings = [*map(path.with_suffix, suffixes), path.with_name(f"{path.name}.aux.xml")]
    _refuse(path, (one.name for one in siblings if one.exists()))


def _refuse(path: Path, found: Iterable[str]) -> None:
    """Raise OutputError with the first of the found texts."""
    for text in found:
        raise OutputError("public_leak", target=path.name, found=text[:_SHOWN_CHARACTERS])


def _find_in_data(value: Any, redactor: Redactor, *, is_measured: bool = False) -> Iterator[str]:
    """Yield what plain data show of coordinates, layers, paths and persons.

    Numbers are coordinates by their key or in lists: areas have the size of coordinates. ``is_measured``: the numbers
    of a list are areas or lengths.
    """
    finder = redactor.finder
    if isinstance(value, str):
        yield from redactor.find_leaks(value)
    elif isinstance(value, dict):
        has_unit = str(value.get("unit") or "").lower() in _UNITS
        for name, one in value.items():
            yield from redactor.find_leaks(str(name))
            if finder.is_coordinate_entry(str(name), one):
                yield f"{name} {one}"
            else:
                yield from _find_in_data(one, redactor, is_measured=has_unit or str(name).endswith("m2"))
    elif isinstance(value, list):
        if finder.is_coordinate_pair(value):
            yield str(value)
        for one in value:
            if not is_measured and finder.is_coordinate_number(one):
                yield str(one)
            yield from _find_in_data(one, redactor, is_measured=is_measured)


def _find_in_office_file(path: Path, redactor: Redactor, author: str) -> Iterator[str]:
    """Yield what the parts of a docx or xlsx file show."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _PERSONAL_PARTS.search(name):
                yield name
            elif name.endswith((".xml", ".rels")):
                yield from _find_in_part(name, archive.read(name).decode("utf-8"), redactor, author)
            elif name.lower().endswith((".png", ".jpg", ".jpeg", ".tif", ".tiff")):
                yield from find_picture_data(archive.read(name))
            elif name.lower().endswith(".svg"):
                # A drawing shows its texts, and attributes of its tags.
                xml = archive.read(name).decode("utf-8")
                metres: CoordinateFinder = replace(redactor.finder, longitudes=None, latitudes=None)
                for text in _TAGS.split(xml):
                    yield from redactor.find_leaks(unescape(text))
                for tag in _TAGS.findall(xml):
                    for key, *values in _ATTRIBUTES.findall(tag):
                        text = unescape("".join(values))
                        if key in _DRAWING_ATTRIBUTES:
                            yield from (text[start:end] for start, end, _ in metres.find_spans(text))
                        elif not key.startswith("xmlns") and not text.startswith("data:"):
                            yield from redactor.find_leaks(text)
            elif not name.endswith("/"):
                # Embedded objects cannot be searched.
                yield name


def _find_in_part(name: str, xml: str, redactor: Redactor, author: str) -> Iterator[str]:
    """Yield what a part of an office file shows: texts, authors, targets of links."""
    yield from filter(None, chain.from_iterable(_PERSONAL_TAGS.findall(xml)))
    if name.startswith("docProps/core"):
        persons = re.findall(r"<(?:dc:creator|cp:lastModifiedBy)>([^<]*)<", xml)
        yield from (unescape(person) for person in persons if person and unescape(person) != author)
    if name.endswith(".rels"):
        for target in re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', xml):
            yield from redactor.find_leaks(unescape(target))
        return
    for title in filter(None, chain.from_iterable(_TEXT_ATTRIBUTES.findall(xml))):
        yield from redactor.find_leaks(unescape(title))
    is_sheet, finder = name.startswith("xl/worksheets/"), redactor.finder
    for line in _TEXT_ENDS.sub("\n", xml).split("\n"):
        text = unescape(_TAGS.sub("", line)).strip()
        if text and not _PLAIN_NUMBER.fullmatch(text):
            yield from redactor.find_leaks(text)
        elif text and (is_sheet or name.startswith(_TEXT_PARTS)):
            # Cells of sheets are areas too; numbers that are texts are coordinates by their size alone.
            if finder.is_coordinate_number(float(text)) if is_sheet else finder.find_spans(text):
                yield text
