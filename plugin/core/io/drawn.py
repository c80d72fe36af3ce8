# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes that are written where no driver looks for them: in a text, in a cell of a table, in a workbook."""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..files.plain_text import OLD_WORKBOOK
from .points import rows_list_points, text_lists_points

#: GeoJSON, Esri JSON, TopoJSON, GML, KML, a virtual layer of GDAL; WKT; WKB in hexadecimal digits.
_WRITTEN = re.compile(
    rb"FeatureCollection|\"Feature\"|esriGeometry|\"Topology\"|<kml|<OGRVRT|\"(?:coordinates|rings)\"\s*:\s*\["
    rb"|POLYGON|(?i:polygon\s*(?:z|m|zm)?\s*\(\s*\()|\b010[36]0000[0-9A-Fa-f]{34}"
)
#: WKB of a polygon or several, in either order of bytes, with Z, M, or the number of a CRS; and as a GeoPackage begins it.
_BINARY = re.compile(
    rb"\x01[\x03\x06\xeb\xee\xd3\xd6\xbb\xbe][\x00\x03\x07\x0b]\x00[\x00\x20\x80\xa0]|\0\0\0[\0-\x0f][\x03\x06]|GP\0"
)
#: Bytes of a sheet that are searched, of an old workbook, and sheets of a workbook.
_SHEET, _BOOK, _SHEETS = 2**20, 2**23, 20
#: Cells of an old workbook: a number, a short number, a text of the table of texts.
_CELLS = re.compile(rb"\x03\x02\x0e\0(.{4})..(.{8})|\x7e\x02\x0a\0(.{4})..(.{4})|\xfd\0\x0a\0(.{4})..(.{4})", re.DOTALL)
_ROW = re.compile(r"<row\b.*?</row>", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_VALUE = re.compile(r"<(?:v|t)\b[^>]*>(.*?)</(?:v|t)>", re.DOTALL)


def text_draws(head: bytes, *, lists: bool = True) -> bool:
    """Does a text draw shapes, or (``lists``) list the points of a boundary? ``head``: its beginning."""
    text = _decoded(head)
    return _WRITTEN.search(text.encode("utf-8", "replace")) is not None or (lists and text_lists_points(text))


def _decoded(head: bytes) -> str:
    """A text whose last character may be cut."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return head.decode("gb18030", "replace")


def drawn_column(names: Sequence[str], columns: Sequence[Iterable[Any]]) -> str:
    """The first column of a table whose values draw polygons, or list the points of one each; the columns (with ``/``) of
    points that are rows. Empty where there is none."""
    columns = [list(values) for values in columns]
    for name, values in zip(names, columns, strict=True):
        if any(_value_draws(value) for value in values):
            return name
    rows = [["" if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]
    return "/".join(names) if rows_list_points(rows, " ".join(names)) else ""


def _value_draws(value: Any) -> bool:
    if isinstance(value, bytes):
        return _BINARY.match(value) is not None
    if not isinstance(value, str):
        return False
    return _WRITTEN.search(value.encode("utf-8", "replace")) is not None or text_lists_points(value)


def book_draws(path: Path) -> bool:
    """The same of a workbook. One that cannot be opened holds no layer that anybody could read."""
    try:
        with zipfile.ZipFile(path) as book:
            names = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")][:_SHEETS]
            texts = _beginning(book, "xl/sharedStrings.xml") if "xl/sharedStrings.xml" in book.namelist() else ""
            shared = ["".join(_VALUE.findall(text)) for text in re.findall(r"<si>(.*?)</si>", texts, re.DOTALL)]
            return _WRITTEN.search(texts.encode()) is not None or any(
                _sheet_draws(_beginning(book, name), shared) for name in names
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return False


def _beginning(book: zipfile.ZipFile, name: str) -> str:
    with book.open(name) as part:
        return part.read(_SHEET).decode("utf-8", "replace")


def _sheet_draws(sheet: str, shared: list[str]) -> bool:
    if _WRITTEN.search(sheet.encode("utf-8", "replace")):
        return True
    rows = []
    for row in _ROW.findall(sheet):
        cells = []
        for attributes, inside in _CELL.findall(row):
            text = "".join(_VALUE.findall(inside)).strip()
            if 't="s"' in attributes and text.isdigit():
                text = shared[int(text)] if int(text) < len(shared) else "…"
            cells.append(text)
        rows.append(cells)
    return rows_list_points(rows, " ".join(cell for cells in rows for cell in cells if not cell.isdigit()))


def old_book_draws(path: Path) -> bool:
    """The same of a workbook of Excel 97 (or one of WPS), of which the cells are looked for byte by byte; many a file of that
    name is a text."""
    with path.open("rb") as handle:
        data = handle.read(_BOOK)
    if not data.startswith(OLD_WORKBOOK):
        return text_draws(data[:_SHEET])
    texts = data.decode("utf-16-le", "replace") + data[1:].decode("utf-16-le", "replace")
    if _WRITTEN.search(data) or "POLYGON" in texts.upper():
        return True
    rows: dict[int, list[tuple[int, str]]] = {}
    for place, double, short_place, short, text_place, _ in _CELLS.findall(data):
        row, column = struct.unpack("<HH", place or short_place or text_place)
        value = "文" if text_place else _shown(struct.unpack("<d", double)[0] if double else _short_number(short))
        rows.setdefault(row, []).append((column, value))
    return rows_list_points([[value for _, value in sorted(rows[row])] for row in sorted(rows)], texts)


def _shown(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".") if abs(number) < 1e12 else ""


def _short_number(data: bytes) -> float:
    """A number of 30 bits: whole or the upper half of a double, either in hundredths or not."""
    (bits,) = struct.unpack("<i", data)
    number = float(bits >> 2) if bits & 2 else struct.unpack("<d", struct.pack("<q", (bits & ~3) << 32))[0]
    return number / 100 if bits & 1 else number
