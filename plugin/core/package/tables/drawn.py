# SPDX-License-Identifier: GPL-2.0-or-later
"""What is laid over the cells of a workbook (pictures, shapes, charts), and parts of it that no table needs."""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET  # nosec B405 # callers refuse workbooks that declare entities
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Parts of a workbook of tables only, and invisible parts that programs add on saving. Comments are found with the cells.
_PLAIN = re.compile(
    r"\[Content_Types\]\.xml|(?:.*/)?_rels/[^/]*\.rels|docProps/[^/]+|xl/workbook\.xml|xl/(?:styles|sharedStrings|calcChain|metadata)\.xml"
    r"|xl/theme/[^/]+\.xml|xl/worksheets/[^/]+\.xml|xl/printerSettings/[^/]+|xl/comments[^/]*\.xml|xl/comments/[^/]+|xl/drawings/vmlDrawing\d+\.vml"
    r"|xl/drawings/commentsDrawing\d+\.vml",
    re.IGNORECASE,
)
#: Columns and rows as wide and high as they usually are, in EMU: for what is placed by its size.
_WIDE, _HIGH = 609_600, 190_500
_RICH = re.compile(rb"<(?:\w+:)?r>")


class Over(NamedTuple):
    """Cells under something that is drawn: rows and columns from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def drawn_over(path: Path) -> dict[str, list[Over]]:
    """Sheet → what is laid over its cells. Raises nothing for what cannot be read: then other readers report the file."""
    found: dict[str, list[Over]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for sheet, part in _sheets(archive):
                for drawing in _related(archive, part, "/drawing"):
                    found.setdefault(sheet, []).extend(_anchors(archive, drawing))
    except (zipfile.BadZipFile, KeyError, ET.ParseError, ValueError, OSError):
        return found
    return found


def more_parts(path: Path) -> tuple[str, ...]:
    """Parts of a workbook that tables alone do not have, and letters that are written in several ways within a cell."""
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
    """Sheets with their parts."""
    targets = {one.get("Id", ""): one.get("Target", "") for one in _relations(archive, "xl/workbook.xml")}
    for element in _root(archive, "xl/workbook.xml").iter():
        if _tag(element) == "sheet":
            told = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            if told in targets:
                yield element.get("name", ""), _place("xl/workbook.xml", targets[told])


def _related(archive: zipfile.ZipFile, part: str, kind: str) -> list[str]:
    rows = _relations(archive, part)
    return [_place(part, one.get("Target", "")) for one in rows if one.get("Type", "").endswith(kind)]


def _relations(archive: zipfile.ZipFile, part: str) -> list[ET.Element]:
    folder, _, name = part.rpartition("/")
    place = f"{folder}/_rels/{name}.rels"
    return list(_root(archive, place)) if place in archive.namelist() else []


def _anchors(archive: zipfile.ZipFile, part: str) -> Iterator[Over]:
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
        yield Over(row + 1, column + 1, last_row + 1, last_column + 1)


def _corner(element: ET.Element | None) -> tuple[int, int]:
    """Row and column of a corner, from 0."""
    told = {_tag(child): int(child.text or 0) for child in element} if element is not None else {}
    return told.get("row", 0), told.get("col", 0)


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
