# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a written public file and refuse it if it shows what the public edition takes out."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

from ..errors import OutputError
from .redactor import Redactor, list_page_texts

#: Parts of an office file with persons, comments or properties of the template's office.
_PERSONAL_PARTS = re.compile(r"(?:^|/)(?:comments\w*|people|custom|persons?/.*)\.xml$|(?:^|/)customXml/", re.IGNORECASE)
_PERSONAL_TAGS = re.compile(r"<(?:Company|Manager)>([^<]+)<|\bw:author=\"([^\"]+)\"|<[\w:]*HyperlinkBase>([^<]+)<")
#: Ends of a paragraph or cell, between which texts do not continue.
_TEXT_ENDS = re.compile(r"</(?:w:p|c|si|is|t|v|f|dc:\w+|cp:\w+)>")
_TAGS = re.compile(r"<[^>]*>")
#: Georeference of a PDF: measure dictionaries (ISO 32000), their points, and that of OGC best practice.
_PDF_GEOREFERENCE = re.compile(rb"/(?:Measure|GPTS|LPTS|LGIDict|GCS|PROJCS|GEOGCS)\b")
_PNG_SIGNATURE, _JPG_START = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_PNG_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}
#: Segments of a JPEG with other data than the picture: APP1 (EXIF, XMP) to APP15, and comments.
_JPG_SCAN = 0xDA
_JPG_DATA_SEGMENTS = {*range(0xE1, 0xF0), 0xFE}
_GEOTIFF_TAGS = (33550, 33922, 34264, 34735, 34736, 34737)
_SHOWN_CHARACTERS = 40


def verify_public_file(path: Path, redactor: Redactor, author: str = "") -> None:
    """Raise OutputError if a written file shows coordinates, hidden layers, paths, persons or a georeference.

    ``author``: the only author that an office file may name.
    """
    suffix, data = path.suffix.lower(), path.read_bytes()
    if suffix == ".json":
        _refuse(path, _find_in_data(json.loads(data), redactor))
    elif suffix in (".html", ".htm"):
        _refuse(path, (leak for text in list_page_texts(data.decode("utf-8")) for leak in redactor.find_leaks(text)))
    elif suffix in (".docx", ".xlsx"):
        _refuse(path, _find_in_office_file(path, redactor, author))
    elif suffix == ".pdf":
        _refuse(path, (one.decode("ascii") for one in _PDF_GEOREFERENCE.findall(data)))
        _refuse(path, redactor.find_leaks(_read_pdf_properties(data)))
    else:
        _refuse(path, find_picture_data(data))
    sibling = next((one for one in _list_georeference_files(path) if one.exists()), None)
    if sibling is not None:
        raise OutputError("public_leak", target=path.name, found=sibling.name)


def _refuse(path: Path, found: Iterable[str]) -> None:
    """Raise OutputError with the first of the found texts."""
    for text in found:
        raise OutputError("public_leak", target=path.name, found=text[:_SHOWN_CHARACTERS])


def _list_georeference_files(path: Path) -> list[Path]:
    """Return the files that would georeference a picture beside them."""
    suffixes = (
        (".jgw", ".jpgw", ".pgw", ".tfw", ".wld", ".prj") if path.suffix.lower() in (".jpg", ".png", ".tif") else ()
    )
    return [path.with_suffix(suffix) for suffix in suffixes] + [path.with_name(f"{path.name}.aux.xml")]


def _find_in_data(value: Any, redactor: Redactor, key: str = "") -> Iterator[str]:
    """Yield what plain data show of coordinates, layers and paths."""
    if isinstance(value, str):
        yield from redactor.find_leaks(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from redactor.find_leaks(str(name))
            yield from _find_in_data(one, redactor, str(name))
    elif isinstance(value, list):
        if redactor.finder.is_coordinate_pair(value):
            yield str(value)
        for one in value:
            yield from _find_in_data(one, redactor, key)
    elif not key.endswith("m2") and redactor.finder.is_coordinate_number(value):
        yield f"{key} {value}"


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
            elif not name.endswith("/") and name.rpartition("/")[2].rpartition(".")[2] not in ("svg",):
                # Embedded objects cannot be searched.
                yield name


def _find_in_part(name: str, xml: str, redactor: Redactor, author: str) -> Iterator[str]:
    """Yield what a part of an office file shows: texts, authors, targets of links."""
    for groups in _PERSONAL_TAGS.findall(xml):
        yield from filter(None, groups)
    if name.startswith("docProps/core"):
        for person in re.findall(r"<(?:dc:creator|cp:lastModifiedBy)>([^<]*)<", xml):
            if person and unescape(person) != author:
                yield unescape(person)
    if name.endswith(".rels"):
        for target in re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', xml):
            yield from redactor.find_leaks(unescape(target))
        return
    for line in _TEXT_ENDS.sub("\n", xml).split("\n"):
        text = unescape(_TAGS.sub("", line)).strip()
        if text and not _is_plain_number(text):
            yield from redactor.find_leaks(text)
        elif text and name.startswith("xl/worksheets/") and redactor.finder.is_coordinate_number(float(text)):
            yield text


def _is_plain_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_pdf_properties(data: bytes) -> str:
    """Return the texts of a PDF's properties (Info and XMP), where a program writes names and paths."""
    parts = [one.decode("utf-8", "replace") for one in re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.DOTALL)]
    keys = rb"/(?:Title|Author|Creator|Producer|Subject|Keywords)\s*"
    parts += [one.decode("utf-8", "replace") for one in re.findall(keys + rb"\(((?:[^()\\]|\\.)*)\)", data)]
    for hexadecimal in re.findall(keys + rb"<([0-9A-Fa-f\s]+)>", data):
        raw = bytes.fromhex(re.sub(rb"\s", b"", hexadecimal).decode("ascii"))
        parts.append(raw.decode("utf-16", "replace"))
    return "\n".join(_TAGS.sub(" ", part) for part in parts)


def find_picture_data(data: bytes) -> Iterator[str]:
    """Yield the names of parts of a PNG, JPEG or TIFF file with other data than the picture itself."""
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
            if marker in _JPG_DATA_SEGMENTS:
                yield f"JPEG {marker:#x}"
            place += 2 + length
    elif data[:2] in (b"II", b"MM"):
        order = "<" if data[:2] == b"II" else ">"
        if any(struct.pack(f"{order}H", tag) in data for tag in _GEOTIFF_TAGS):
            yield "GeoTIFF"
