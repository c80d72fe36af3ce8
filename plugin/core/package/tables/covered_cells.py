# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of a workbook that hide or change what its tables show.

These are cells under drawings, styles of cells, and parts of the file other than tables.
"""

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
_TABLE_PART_PATTERN = re.compile(
    r"\[Content_Types\]\.xml|(?:.*/)?_rels/[^/]*\.rels|docProps/[^/]+|xl/workbook\.xml|xl/(?:styles|sharedStrings|calcChain|metadata)\.xml"
    r"|xl/theme/[^/]+\.xml|xl/worksheets/[^/]+\.xml|xl/printerSettings/[^/]+|xl/comments[^/]*\.xml|xl/comments/[^/]+|xl/drawings/vmlDrawing\d+\.vml"
    r"|xl/drawings/commentsDrawing\d+\.vml",
    re.IGNORECASE,
)
#: Default width of columns and height of rows in EMU, for objects that are placed by their size.
_EMU_PER_COLUMN, _EMU_PER_ROW = 609_600, 190_500
_RICH_TEXT_RUN_PATTERN = re.compile(rb"<(?:\w+:)?r>")


class CoveredCells(NamedTuple):
    """An area of cells under a drawing: its first and last row and column, counted from 1."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def find_covered_cells(path: Path) -> dict[str, list[CoveredCells]]:
    """Return sheet name → areas of cells under drawings, of an xlsx file.

    A file that cannot be read gives an empty result; other readers report it.
    """
    areas_by_sheet: dict[str, list[CoveredCells]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for sheet, part in _list_sheet_parts(archive):
                for drawing in _find_related_parts(archive, part, "/drawing"):
                    areas_by_sheet.setdefault(sheet, []).extend(_read_anchors(archive, drawing))
    except (zipfile.BadZipFile, KeyError, ET.ParseError, ValueError, OSError):
        return areas_by_sheet
    return areas_by_sheet


def find_unexpected_parts(path: Path) -> tuple[str, ...]:
    """Return the names of files in an xlsx archive that tables do not need.

    The file of shared texts is among them if a text has mixed styles.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            part_names = archive.namelist()
            other_parts = [
                name for name in part_names if not name.endswith("/") and not _TABLE_PART_PATTERN.fullmatch(name)
            ]
            texts = [name for name in part_names if name.lower() == "xl/sharedstrings.xml"]
            other_parts += [name for name in texts if _RICH_TEXT_RUN_PATTERN.search(archive.read(name))]
    except (zipfile.BadZipFile, OSError):
        return ()
    return tuple(dict.fromkeys(other_parts))


def _list_sheet_parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the name of each sheet and the path of its file in the xlsx archive."""
    targets = {one.get("Id", ""): one.get("Target", "") for one in _read_relations(archive, "xl/workbook.xml")}
    for element in _parse_part(archive, "xl/workbook.xml").iter():
        if _get_local_tag(element) == "sheet":
            relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            if relation in targets:
                yield element.get("name", ""), _resolve_part("xl/workbook.xml", targets[relation])


def _find_related_parts(archive: zipfile.ZipFile, part: str, kind: str) -> list[str]:
    """Return the files in an Office archive to which one of its files (``part``) has relations of a kind."""
    rows = _read_relations(archive, part)
    return [_resolve_part(part, one.get("Target", "")) for one in rows if one.get("Type", "").endswith(kind)]


def _read_relations(archive: zipfile.ZipFile, part: str) -> list[ET.Element]:
    """Return the relations of a file (``part``) in an Office archive to other files.

    Empty if it has none.
    """
    part_folder, _, name = part.rpartition("/")
    relations_part = f"{part_folder}/_rels/{name}.rels"
    return list(_parse_part(archive, relations_part)) if relations_part in archive.namelist() else []


def _read_anchors(archive: zipfile.ZipFile, part: str) -> Iterator[CoveredCells]:
    """Yield the areas of cells that the drawings in a file (``part``) of an Office archive cover."""
    if part not in archive.namelist():
        return
    for anchor in _parse_part(archive, part):
        elements = {_get_local_tag(child): child for child in anchor}
        row, column = _read_corner(elements.get("from"))
        if "to" in elements:
            last_row, last_column = _read_corner(elements["to"])
        else:
            size = elements.get("ext")
            last_row = row + _read_number(size, "cy") // _EMU_PER_ROW
            last_column = column + _read_number(size, "cx") // _EMU_PER_COLUMN
        yield CoveredCells(row + 1, column + 1, last_row + 1, last_column + 1)


def _read_corner(element: ET.Element | None) -> tuple[int, int]:
    """Return the row and the column, from 0, of a drawing's corner."""
    corner = {_get_local_tag(child): int(child.text or 0) for child in element} if element is not None else {}
    return corner.get("row", 0), corner.get("col", 0)


def _read_number(element: ET.Element | None, name: str) -> int:
    """Return an attribute of an element as an integer; 0 if element or attribute is missing."""
    return int(element.get(name, "0")) if element is not None else 0


def _parse_part(archive: zipfile.ZipFile, part: str) -> ET.Element:
    """Return the root element of an XML file (``part``) in an Office archive."""
    return ET.fromstring(archive.read(part))  # nosec B314 # callers refuse entities


def _resolve_part(part: str, target: str) -> str:
    """Return the path in the Office archive of a relation's target.

    ``part``: file that has the relation.
    """
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def _get_local_tag(element: ET.Element) -> str:
    """Return the tag of an element without its namespace."""
    return element.tag.rpartition("}")[2]


_WHITE_COLOUR, _BLACK_COLOUR = (255, 255, 255), (0, 0, 0)
RgbColour = tuple[int, int, int]
#: A workbook's theme indices exchange light and dark colours (ECMA-376, 20.1.6.2).
_THEME_COLOUR_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
_THEME_COLOUR_PATTERN = re.compile(rb'<a:(\w+)>\s*<a:(?:sysClr[^>]*lastClr|srgbClr val)="([0-9A-Fa-f]{6})"')


def read_workbook_theme(workbook: Any) -> list[RgbColour]:
    """Return the colours of a workbook's theme in the order of their index in cells."""
    colour_of_name = {
        name.decode(): _parse_rgb(value.decode())
        for name, value in _THEME_COLOUR_PATTERN.findall(workbook.loaded_theme or b"")
    }
    return [
        colour_of_name.get(name, _WHITE_COLOUR if name.startswith("lt") else _BLACK_COLOUR)
        for name in _THEME_COLOUR_ORDER
    ]


def is_text_invisible(cell: Any, theme: list[RgbColour]) -> bool:
    """Return True if a cell's text has the colour of its ground, or is too small to be seen.

    ``theme``: colours of the workbook's theme.
    """
    font, ground = cell.font, cell.fill
    if font is None:
        return False
    if font.sz is not None and font.sz < load_style_limits().least_letter_points:
        return True
    text_colour = _resolve_colour(font.color, theme, _BLACK_COLOUR)
    ground_colour = _WHITE_COLOUR
    if ground is not None and ground.fill_type == "solid":
        ground_colour = _resolve_colour(ground.fgColor, theme, _WHITE_COLOUR)
    return (
        max(abs(a - b) for a, b in zip(text_colour, ground_colour, strict=True))
        < load_style_limits().least_colour_apart
    )


def describe_cell_style(cell: Any) -> str:
    """Return font, size, colours and alignment of a cell as one text to compare."""
    font, ground, alignment = cell.font, cell.fill, cell.alignment
    colour = _describe_colour(font.color) if font is not None else ""
    font_items = [font.name, font.sz, font.b, font.i, font.u, font.strike, font.vertAlign] if font is not None else []
    ground_items = (
        [ground.fill_type, _describe_colour(ground.fgColor) if ground.fill_type else ""] if ground is not None else []
    )
    alignment_items = (
        [alignment.horizontal, alignment.indent, alignment.textRotation, alignment.shrink_to_fit]
        if alignment is not None
        else []
    )
    return "|".join(str(one or "") for one in (*font_items, colour, *ground_items, *alignment_items))


def _describe_colour(colour: Any) -> str:
    """Return a colour of openpyxl as text, to compare it with another; empty for None."""
    if colour is None:
        return ""
    return f"{colour.type} {colour.value} {colour.tint or 0}"


def _resolve_colour(colour: Any, theme: list[RgbColour], default: RgbColour) -> RgbColour:
    """Return a colour of openpyxl as (red, green, blue); ``default`` if it is not defined."""
    from openpyxl.styles.colors import COLOR_INDEX

    if colour is None or colour.value is None:
        return default
    if colour.type == "theme":
        base = theme[colour.value] if colour.value < len(theme) else default
    elif colour.type == "indexed":
        base = _parse_rgb(COLOR_INDEX[colour.value][-6:]) if colour.value < len(COLOR_INDEX) else default
    elif colour.type == "rgb" and re.fullmatch(r"[0-9A-Fa-f]{6,8}", str(colour.value)):
        base = _parse_rgb(str(colour.value)[-6:])
    else:
        return default
    tint = float(colour.tint or 0.0)
    return tuple(int(c * (1 + tint)) if tint < 0 else int(c + (255 - c) * tint) for c in base)  # type: ignore[return-value]


def _parse_rgb(text: str) -> RgbColour:
    """Return six hexadecimal digits as (red, green, blue), 0 to 255."""
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)
