# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells under drawings, styles of cells, and workbook parts beyond tables."""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET  # nosec B405 # callers refuse workbooks that declare entities
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .model import load_style_limits

#: Parts of a workbook with tables only, and invisible parts that programs add when saving. Comments are found with the
#: cells.
_PLAIN = re.compile(
    r"\[Content_Types\]\.xml|(?:.*/)?_rels/[^/]*\.rels|docProps/[^/]+|xl/workbook\.xml|xl/(?:styles|sharedStrings|calcChain|metadata)\.xml"
    r"|xl/theme/[^/]+\.xml|xl/worksheets/[^/]+\.xml|xl/printerSettings/[^/]+|xl/comments[^/]*\.xml|xl/comments/[^/]+|xl/drawings/vmlDrawing\d+\.vml"
    r"|xl/drawings/commentsDrawing\d+\.vml",
    re.IGNORECASE,
)
#: Default width of columns and height of rows in EMU, for objects that are placed by their size.
_WIDE, _HIGH = 609_600, 190_500
_RICH = re.compile(rb"<(?:\w+:)?r>")


class CoveredCells(NamedTuple):
    """Cells under a drawing: rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def find_covered_cells(path: Path) -> dict[str, list[CoveredCells]]:
    """Return sheet → areas under drawings.

    A file that cannot be read has no such areas here; other readers report it.
    """
    found: dict[str, list[CoveredCells]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for sheet, part in _sheets(archive):
                for drawing in _related_parts(archive, part, "/drawing"):
                    found.setdefault(sheet, []).extend(_read_anchors(archive, drawing))
    except (zipfile.BadZipFile, KeyError, ET.ParseError, ValueError, OSError):
        return found
    return found


def find_other_parts(path: Path) -> tuple[str, ...]:
    """Return parts that tables do not need, and the part of texts with mixed styles."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found = [name for name in names if not name.endswith("/") and not _PLAIN.fullmatch(name)]
            texts = [name for name in names if name.lower() == "xl/sharedstrings.xml"]
            found += [name for name in texts if _RICH.search(archive.read(name))]
    except (zipfile.BadZipFile, OSError):
        return ()
    return tuple(dict.fromkeys(found))


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the names of sheets with their parts."""
    targets = {one.get("Id", ""): one.get("Target", "") for one in _relations(archive, "xl/workbook.xml")}
    for element in _root(archive, "xl/workbook.xml").iter():
        if _tag(element) == "sheet":
            relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            if relation in targets:
                yield element.get("name", ""), _place("xl/workbook.xml", targets[relation])


def _related_parts(archive: zipfile.ZipFile, part: str, kind: str) -> list[str]:
    rows = _relations(archive, part)
    return [_place(part, one.get("Target", "")) for one in rows if one.get("Type", "").endswith(kind)]


def _relations(archive: zipfile.ZipFile, part: str) -> list[ET.Element]:
    folder, _, name = part.rpartition("/")
    place = f"{folder}/_rels/{name}.rels"
    return list(_root(archive, place)) if place in archive.namelist() else []


def _read_anchors(archive: zipfile.ZipFile, part: str) -> Iterator[CoveredCells]:
    if part not in archive.namelist():
        return
    for anchor in _root(archive, part):
        parts = {_tag(child): child for child in anchor}
        row, column = _corner(parts.get("from"))
        if "to" in parts:
            last_row, last_column = _corner(parts["to"])
        else:
            size = parts.get("ext")
            last_row = row + _number(size, "cy") // _HIGH
            last_column = column + _number(size, "cx") // _WIDE
        yield CoveredCells(row + 1, column + 1, last_row + 1, last_column + 1)


def _corner(element: ET.Element | None) -> tuple[int, int]:
    """Return row and column of a corner, from 0."""
    corner = {_tag(child): int(child.text or 0) for child in element} if element is not None else {}
    return corner.get("row", 0), corner.get("col", 0)


def _number(element: ET.Element | None, name: str) -> int:
    return int(element.get(name, "0")) if element is not None else 0


def _root(archive: zipfile.ZipFile, part: str) -> ET.Element:
    return ET.fromstring(archive.read(part))  # nosec B314 # callers refuse entities


def _place(part: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]
#: A workbook's theme indices exchange light and dark colours (ECMA-376, 20.1.6.2).
_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
_SCHEME = re.compile(rb'<a:(\w+)>\s*<a:(?:sysClr[^>]*lastClr|srgbClr val)="([0-9A-Fa-f]{6})"')


def workbook_theme(book: Any) -> list[Colour]:
    """Return the colours of a workbook's theme, in the order of the indices of cells."""
    found = {name.decode(): _rgb(value.decode()) for name, value in _SCHEME.findall(book.loaded_theme or b"")}
    return [found.get(name, _WHITE if name.startswith("lt") else _BLACK) for name in _ORDER]


def is_unseen(cell: Any, theme: list[Colour]) -> bool:
    """Return True if the text has the colour of its ground or nearly no size."""
    font, ground = cell.font, cell.fill
    if font is None:
        return False
    if font.sz is not None and font.sz < load_style_limits().least_letter_points:
        return True
    ink = _colour(font.color, theme, _BLACK)
    below = _WHITE
    if ground is not None and ground.fill_type == "solid":
        below = _colour(ground.fgColor, theme, _WHITE)
    return max(abs(a - b) for a, b in zip(ink, below, strict=True)) < load_style_limits().least_colour_apart


def cell_style(cell: Any) -> str:
    """Return the style of a cell: font, size, colour, ground, alignment."""
    font, ground, at = cell.font, cell.fill, cell.alignment
    colour = _describe_colour(font.color) if font is not None else ""
    written = [font.name, font.sz, font.b, font.i, font.u, font.strike, font.vertAlign] if font is not None else []
    under = (
        [ground.fill_type, _describe_colour(ground.fgColor) if ground.fill_type else ""] if ground is not None else []
    )
    placed = [at.horizontal, at.indent, at.textRotation, at.shrink_to_fit] if at is not None else []
    return "|".join(str(one or "") for one in (*written, colour, *under, *placed))


def _describe_colour(colour: Any) -> str:
    if colour is None:
        return ""
    return f"{colour.type} {colour.value} {colour.tint or 0}"


def _colour(colour: Any, theme: list[Colour], default: Colour) -> Colour:
    from openpyxl.styles.colors import COLOR_INDEX

    if colour is None or colour.value is None:
        return default
    if colour.type == "theme":
        base = theme[colour.value] if colour.value < len(theme) else default
    elif colour.type == "indexed":
        base = _rgb(COLOR_INDEX[colour.value][-6:]) if colour.value < len(COLOR_INDEX) else default
    elif colour.type == "rgb" and re.fullmatch(r"[0-9A-Fa-f]{6,8}", str(colour.value)):
        base = _rgb(str(colour.value)[-6:])
    else:
        return default
    tint = float(colour.tint or 0.0)
    return tuple(int(c * (1 + tint)) if tint < 0 else int(c + (255 - c) * tint) for c in base)  # type: ignore[return-value]


def _rgb(text: str) -> Colour:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)
