# SPDX-License-Identifier: GPL-2.0-or-later
"""Search texts, table cells, workbooks and hidden tables for geometry that no driver reads."""

from __future__ import annotations

import codecs
import re
import sqlite3
import struct
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ..files.encoding import OLD_WORKBOOK_SIGNATURE

# Lists of coordinates (界址点, 拐点): a text or a workbook may contain a boundary, point by point.
# A list of places (a register of monuments with 经度 and 纬度) is not a boundary. Evidence for a boundary: the official
# heading, numbered points, a closed ring, or lines with nothing but numbers.

#: Points that form a polygon.
_FEWEST_POINTS = 3
#: Share of lines with points in a list of nothing else.
_LEAST_SHARE_OF_POINTS = 0.8
#: Maximum extent of the points of one county, in degrees and metres.
_MAX_EXTENT = {"degrees": 5.0, "zone": 500_000.0, "plane": 500_000.0}
#: Extent of the country: longitude and latitude; northing, easting, and the numbers of zones (of 6° and of 3°).
_LONGITUDE_RANGE, _LATITUDE_RANGE = (73.0, 136.0), (3.0, 54.0)
_NORTHING_RANGE, _EASTING_RANGE, _ZONE_NUMBER_RANGE = (380_000.0, 6_000_000.0), (150_000.0, 850_000.0), (13, 45)
#: Decimals of a degree in a boundary (0.0001° is 10 m).
_FEWEST_DECIMALS = 4
_BOUNDARY_WORD_PATTERN = re.compile(r"地块坐标|界址|拐点|圈号|点号")
_COORDINATE_HEADING_PATTERN = re.compile(r"坐标|(?<![A-Za-z])X(?![A-Za-z]).*(?<![A-Za-z])Y(?![A-Za-z])", re.IGNORECASE)
_POINT_LABEL_PATTERN = re.compile(r"[A-Za-z]{0,4}\d*")
_NUMBER_PATTERN = re.compile(r"[+-]?\d+(?:\.\d+)?")
_COORDINATE_SEPARATOR_PATTERN = re.compile(r"[,;\s，；、|]+")
_AXIS_PREFIX_PATTERN = re.compile(r"[A-Za-z]+\s*[=:：]\s*")
_DEGREES_MINUTES_SECONDS_PATTERN = re.compile(
    r"(\d{1,3})\s*[°度]\s*(\d{1,2})\s*['′’分]\s*(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')?"
)


class _TextPoint(NamedTuple):
    """A point found in a text.

    ``coordinate_system``: ``degrees``, ``zone`` (the easting begins with a zone number) or ``plane``; ``is_exact``:
    with enough decimals for a boundary point.
    """

    coordinate_system: str
    x: float
    y: float
    is_exact: bool


def does_text_list_points(text: str) -> bool:
    """Return True if a text is a list of coordinates, on one line or several."""
    text = _DEGREES_MINUTES_SECONDS_PATTERN.sub(_convert_match_to_degrees, text)
    rows = [
        _COORDINATE_SEPARATOR_PATTERN.split(_AXIS_PREFIX_PATTERN.sub(" ", line).strip())
        for line in text.splitlines()
        if line.strip()
    ]
    return do_rows_list_points(rows, text)


def do_rows_list_points(rows: Iterable[list[str]], words: str) -> bool:
    """Return True if rows of cells list coordinates of boundary points.

    ``words``: the text of the columns' headings.
    """
    points: list[_TextPoint] = []
    lines = point_lines = pure = 0
    for cells in rows:
        cells = [cell for cell in cells if cell]
        line_points = _find_points(cells)
        lines += bool(cells)
        point_lines += bool(line_points)
        pure += bool(line_points) and all(
            _NUMBER_PATTERN.fullmatch(cell) or _POINT_LABEL_PATTERN.fullmatch(cell) for cell in cells
        )
        points += line_points
    systems = {point.coordinate_system for point in points}
    if len(points) < _FEWEST_POINTS or len(systems) != 1:
        return False
    (system,) = systems
    if any(
        max(values) - min(values) > _MAX_EXTENT[system] for values in ([p.x for p in points], [p.y for p in points])
    ):
        return False
    if _BOUNDARY_WORD_PATTERN.search(words) or _is_closed(points):
        return True
    are_points_exact = all(point.is_exact for point in points)
    return (
        are_points_exact
        and pure >= _LEAST_SHARE_OF_POINTS * lines
        and (system != "plane" or bool(_COORDINATE_HEADING_PATTERN.search(words)))
    )


def _find_points(cells: list[str]) -> list[_TextPoint]:
    """Return the points in a row of cells: pairs of adjacent numbers."""
    points, skip = [], False
    for first, second in pairwise(cells):
        if skip:
            skip = False
            continue
        if _NUMBER_PATTERN.fullmatch(first) and _NUMBER_PATTERN.fullmatch(second):
            point = _parse_point(first, second) or _parse_point(second, first)
            if point is not None:
                points.append(point)
                skip = True
    return points


def _parse_point(first: str, second: str) -> _TextPoint | None:
    """Return two texts as a point; None if a text is not a number or the point is outside China."""
    x, y = float(first), float(second)
    if (
        min(_count_decimals(first), _count_decimals(second)) >= _FEWEST_DECIMALS
        and _is_within(x, _LONGITUDE_RANGE)
        and _is_within(y, _LATITUDE_RANGE)
    ):
        return _TextPoint("degrees", x, y, True)
    is_exact = max(_count_decimals(first), _count_decimals(second)) > 0
    if not _is_within(y, _NORTHING_RANGE):
        return None
    zone, easting = divmod(x, 1e6)
    if _is_within(easting, _EASTING_RANGE) and (zone == 0 or _is_within(zone, _ZONE_NUMBER_RANGE)):
        return _TextPoint("zone" if zone else "plane", x, y, is_exact)
    return None


def _is_closed(points: list[_TextPoint]) -> bool:
    """Return True if the first point is repeated after at least two others."""
    return points[0] in points[_FEWEST_POINTS:] and len(set(points)) >= _FEWEST_POINTS


def _is_within(value: float, limits: tuple[float, float]) -> bool:
    """Return True if a value lies within limits, both included."""
    return limits[0] <= value <= limits[1]


def _count_decimals(number: str) -> int:
    """Return the number of digits after the decimal point."""
    return len(number.partition(".")[2])


def _convert_match_to_degrees(match: re.Match[str]) -> str:
    """Return a match of degrees, minutes and seconds as the text of decimal degrees."""
    degrees, minutes, seconds = map(float, match.groups())
    return f" {degrees + minutes / 60 + seconds / 3600:.7f} "


#: GeoJSON, Esri JSON, TopoJSON, GML, KML, a virtual layer of GDAL; WKT; WKB in hexadecimal digits.
_TEXT_GEOMETRY_PATTERN = re.compile(
    rb"FeatureCollection|\"Feature\"|esriGeometry|\"Topology\"|<kml|<OGRVRT|\"(?:coordinates|rings)\"\s*:\s*\["
    rb"|POLYGON|(?i:polygon\s*(?:z|m|zm)?\s*\(\s*\()|\b010[36]0000[0-9A-Fa-f]{34}"
)
#: WKB of one or several polygons, in either byte order, with Z, M, or an SRID; and the header of a GeoPackage blob.
_BINARY_GEOMETRY_PATTERN = re.compile(
    rb"\x01[\x03\x06\xeb\xee\xd3\xd6\xbb\xbe][\x00\x03\x07\x0b]\x00[\x00\x20\x80\xa0]|\0\0\0[\0-\x0f][\x03\x06]|GP\0"
)
#: Limits: bytes of a sheet, bytes of an old workbook, sheets of a workbook.
_SHEET_BYTES, _BOOK_BYTES, _MAX_SHEETS = 2**20, 2**23, 20
#: Cells of an old workbook: a number, a short number, a text of the table of texts.
_XLS_CELL_PATTERN = re.compile(
    rb"\x03\x02\x0e\0(.{4})..(.{8})|\x7e\x02\x0a\0(.{4})..(.{4})|\xfd\0\x0a\0(.{4})..(.{4})", re.DOTALL
)
_XML_ROW_PATTERN = re.compile(r"<row\b.*?</row>", re.DOTALL)
_XML_CELL_PATTERN = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_CELL_TEXT_PATTERN = re.compile(r"<(?:v|t)\b[^>]*>(.*?)</(?:v|t)>", re.DOTALL)


def does_text_have_geometry(head: bytes, *, lists: bool = True) -> bool:
    """Return True if the beginning of a text (``head``) contains geometry.

    ``lists``: whether a list of boundary points counts as geometry.
    """
    text = _decode_beginning(head)
    return _TEXT_GEOMETRY_PATTERN.search(text.encode("utf-8", "replace")) is not None or (
        lists and does_text_list_points(text)
    )


def _decode_beginning(head: bytes) -> str:
    """Return the beginning of a text decoded; a truncated last character is left out."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return head.decode("gb18030", "replace")


def find_geometry_column(names: Sequence[str], columns: Sequence[Iterable[Any]]) -> str:
    """Return the name of the first column whose values are polygons or lists of points.

    If each row is a point, the result is the names of the coordinate columns joined by ``/``. Empty without geometry.
    """
    columns = [list(values) for values in columns]
    for name, values in zip(names, columns, strict=True):
        if any(_does_value_have_geometry(value) for value in values):
            return name
    rows = [["" if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]
    return "/".join(names) if do_rows_list_points(rows, " ".join(names)) else ""


def _does_value_have_geometry(value: Any) -> bool:
    """Return True if a cell contains a polygon or a list of points."""
    if isinstance(value, bytes):
        return _BINARY_GEOMETRY_PATTERN.match(value) is not None
    if not isinstance(value, str):
        return False
    return _TEXT_GEOMETRY_PATTERN.search(value.encode("utf-8", "replace")) is not None or does_text_list_points(value)


def does_workbook_have_geometry(path: Path) -> bool:
    """Return True if a workbook (xlsx) contains geometry or boundary points.

    False for a workbook that cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as book:
            sheet_names = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")][:_MAX_SHEETS]
            texts = _read_beginning(book, "xl/sharedStrings.xml") if "xl/sharedStrings.xml" in book.namelist() else ""
            shared_strings = [
                "".join(_CELL_TEXT_PATTERN.findall(text)) for text in re.findall(r"<si>(.*?)</si>", texts, re.DOTALL)
            ]
            return _TEXT_GEOMETRY_PATTERN.search(texts.encode()) is not None or any(
                _does_sheet_have_geometry(_read_beginning(book, name), shared_strings) for name in sheet_names
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return False


def _read_beginning(book: zipfile.ZipFile, name: str) -> str:
    """Return the beginning of a file in a workbook as text; empty if the workbook lacks it."""
    with book.open(name) as part:
        return part.read(_SHEET_BYTES).decode("utf-8", "replace")


def _does_sheet_have_geometry(sheet: str, shared_strings: list[str]) -> bool:
    """Return True if the cells of a sheet (XML) contain geometry or list boundary points."""
    if _TEXT_GEOMETRY_PATTERN.search(sheet.encode("utf-8", "replace")):
        return True
    rows = []
    for row in _XML_ROW_PATTERN.findall(sheet):
        cells = []
        for attributes, inside in _XML_CELL_PATTERN.findall(row):
            text = "".join(_CELL_TEXT_PATTERN.findall(inside)).strip()
            if 't="s"' in attributes and text.isdigit():
                text = shared_strings[int(text)] if int(text) < len(shared_strings) else "…"
            cells.append(text)
        rows.append(cells)
    return do_rows_list_points(rows, " ".join(cell for cells in rows for cell in cells if not cell.isdigit()))


def does_xls_have_geometry(path: Path) -> bool:
    """Return True if an Excel 97 workbook (xls, also of WPS) contains geometry or boundary points.

    Cells are searched byte by byte. Many files with this suffix are text files, and are searched as such.
    """
    with path.open("rb") as handle:
        data = handle.read(_BOOK_BYTES)
    if not data.startswith(OLD_WORKBOOK_SIGNATURE):
        return does_text_have_geometry(data[:_SHEET_BYTES])
    texts = data.decode("utf-16-le", "replace") + data[1:].decode("utf-16-le", "replace")
    if _TEXT_GEOMETRY_PATTERN.search(data) or "POLYGON" in texts.upper():
        return True
    rows: dict[int, list[tuple[int, str]]] = {}
    for place, double, short_place, short, text_place, _ in _XLS_CELL_PATTERN.findall(data):
        row, column = struct.unpack("<HH", place or short_place or text_place)
        value = (
            "文"
            if text_place
            else _format_number(struct.unpack("<d", double)[0] if double else _decode_short_number(short))
        )
        rows.setdefault(row, []).append((column, value))
    return do_rows_list_points([[value for _, value in sorted(rows[row])] for row in sorted(rows)], texts)


def _format_number(number: float) -> str:
    """Return a number as text with at most nine decimals; empty for 1e12 or more."""
    return f"{number:.9f}".rstrip("0").rstrip(".") if abs(number) < 1e12 else ""


def _decode_short_number(data: bytes) -> float:
    """Return the value of a 30-bit number in an Excel 97 workbook.

    It is stored as an integer or as the upper half of a double, each optionally in hundredths.
    """
    (bits,) = struct.unpack("<i", data)
    number = float(bits >> 2) if bits & 2 else struct.unpack("<d", struct.pack("<q", (bits & ~3) << 32))[0]
    return number / 100 if bits & 1 else number


#: Tables of the format itself, and those of QGIS and GDAL.
INTERNAL_TABLE_PREFIXES = ("gpkg_", "rtree_", "sqlite_", "ogr_", "layer_styles", "qgis_")
#: First bytes of each geometry in a GeoPackage.
_GEOMETRY_MAGIC = b"GP"


class HiddenTable(NamedTuple):
    """A table or view of a GeoPackage that is not among its listed layers.

    ``columns``: their names; ``text_geometry_column``: name of a column with geometry as text, empty for none;
    ``row_count``: number of rows, None for a view.
    """

    columns: list[str]
    has_geometry_column: bool
    text_geometry_column: str = ""
    row_count: int | None = None


def find_hidden_tables(path: Path, layers: set[str], tables: set[str]) -> dict[str, HiddenTable]:
    """Return name → table or view of a GeoPackage that the lists of layers and tables omit.

    ``layers``, ``tables``: names in the two lists. A table with geometry is hidden if it is not among ``layers``, any
    other table if it is not among ``tables``. Empty for other formats.
    """
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    hidden_tables = {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            name_rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
            for (name,) in name_rows:
                if name in layers or name.lower().startswith(INTERNAL_TABLE_PREFIXES):
                    continue
                quoted = name.replace('"', '""')
                cursor = database.execute(f'SELECT * FROM "{quoted}" LIMIT 50')  # nosec B608 # quotes are doubled
                columns, rows = [str(column[0]) for column in cursor.description], cursor.fetchall()
                if any(isinstance(value, bytes) and value[:2] == _GEOMETRY_MAGIC for row in rows for value in row):
                    hidden_tables[str(name)] = HiddenTable(columns, True)
                elif name not in tables:
                    count = database.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()[0]  # nosec B608 # quotes are doubled
                    geometry_column = find_geometry_column(
                        columns, list(zip(*rows, strict=True)) if rows else [()] * len(columns)
                    )
                    hidden_tables[str(name)] = HiddenTable(columns, False, geometry_column, int(count))
    except sqlite3.Error:
        # Damaged, or a table of a missing extension: reading the layers reports damage.
        return hidden_tables
    return hidden_tables
