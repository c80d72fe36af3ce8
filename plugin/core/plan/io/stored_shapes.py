# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes as a file stores them: headers of geometries in a GeoPackage, and arcs as WKT.

Each geometry of a GeoPackage repeats the number of its coordinate system (OGC 12-128r18, 2.1.3: `srs_id` of the blob
equals that of the layer). Drivers read the layer's number only, so that a geometry of another system is treated as if
it were in the layer's. pyogrio reads arcs as straight segments without a notice.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from numpy.typing import NDArray

from ...base.files.open_datasource import DATABASE_ERRORS
from ...geometry.arcs import count_arcs
from .records import open_if_database, open_read_only, quote_name, quote_sql_name

#: Bytes of a blob before its bounds: "GP", version, flags, srs_id.
_BLOB_HEADER_SIZE = 8
#: Bytes of the bounds, by bits 1 to 3 of the flags.
_BOUNDS_SIZES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
#: Features of one coordinate system that are listed.
_MAX_LISTED_FIDS = 20
_CURVE_TYPES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
#: Well-known binary code of a type → its name; codes of types with Z, M and both add 1000, 2000 and 3000.
_NAMES_BY_CODE = {
    2: "LINESTRING", 3: "POLYGON", 5: "MULTILINESTRING", 6: "MULTIPOLYGON", 8: "CIRCULARSTRING", 9: "COMPOUNDCURVE",
    10: "CURVEPOLYGON", 11: "MULTICURVE", 12: "MULTISURFACE",
}  # fmt: skip
_DIMENSIONS = {0: ("", 2), 1: (" Z", 3), 2: (" M", 3), 3: (" ZM", 4)}
_PAIR_PATTERN = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?) (-?[\d.]+(?:e[-+]?\d+)?)")


@dataclass(frozen=True)
class ShapeHeaders:
    """What the headers of a layer's geometries state.

    ``other_crs``: name of each coordinate system other than the layer's (EPSG:4490) → number of geometries in it.
    ``other_crs_fids``: ids of the first features with such geometries.
    """

    other_crs: dict[str, int] = field(default_factory=dict)
    other_crs_fids: tuple[int, ...] = ()


def find_wkb_start(blob: bytes) -> int:
    """Return the position of the well-known binary in the GeoPackage blob of a geometry."""
    return _BLOB_HEADER_SIZE + _BOUNDS_SIZES.get(blob[3] >> 1 & 7, 0)


def read_shape_headers(path: Path, name: str) -> ShapeHeaders:
    """Return what the headers of a layer's geometries state.

    The result is that of unread headers for other formats, for a layer without geometries, and if the database cannot
    be read, since reading its rows reports that.
    """
    counts: dict[str, int] = {}
    fids: list[int] = []
    try:
        database = open_read_only(path) if path.suffix.lower() == ".gpkg" else None
        if database is None:
            return ShapeHeaders()
        with closing(database):
            for column, layer_srs_id in database.execute(
                "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (name,)
            ).fetchall():
                if not isinstance(column, str):
                    # Reading the rows reports it.
                    continue
                shape, table = (text.replace('"', '""') for text in (column, name))
                # One pass over the table; only unusual headers leave SQLite.
                sql = (
                    f'SELECT substr("{shape}", 1, {_BLOB_HEADER_SIZE}), COUNT(*) FROM "{table}" '  # nosec B608 # quotes are doubled
                    f'WHERE substr("{shape}", 5, 4) NOT IN (?, ?) GROUP BY 1'
                )
                for header, count in database.execute(sql, [struct.pack(form, layer_srs_id) for form in ("<i", ">i")]):
                    if not isinstance(header, bytes) or len(header) < _BLOB_HEADER_SIZE or header[:2] != b"GP":
                        continue
                    number = struct.unpack_from("<i" if header[3] & 1 else ">i", header, 4)[0]
                    # Numbers of undefined systems (Cartesian, geographic); older writers store them in every geometry.
                    if number != layer_srs_id and number not in (-1, 0):
                        row = database.execute(
                            "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
                            (number,),
                        ).fetchone()
                        system = f"{str(row[0]).upper()}:{row[1]}" if row else f"srs_id {number}"
                        counts[system] = counts.get(system, 0) + int(count)
                        fids += _find_fids(database, shape, table, header)
    except (*DATABASE_ERRORS, struct.error):
        return ShapeHeaders()
    return ShapeHeaders(counts, tuple(sorted(set(fids))))


def read_stored_shapes(path: Path, name: str, key: str | None, fids: NDArray) -> Iterator[tuple[int, Any]]:
    """Yield (feature id, stored value) of each shape in a layer of a GeoPackage, damaged ones included.

    SQLite stores any value in the column of shapes, also texts and numbers. ``key``: the layer's column of ids; the
    rows of a view without one are in the order of ``fids`` (n,), as the driver reads them. Nothing for other formats.
    Raise sqlite3.Error.
    """
    database = open_if_database(path) if path.suffix.lower() == ".gpkg" else None
    if database is None:
        return
    with closing(database):
        database.text_factory = bytes
        columns = database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (name,)
        ).fetchall()
        id_sql = f"t.{quote_sql_name(key)}" if key else "NULL"
        for (column,) in columns:
            sql = f"SELECT {id_sql}, t.{quote_sql_name(column.decode())} FROM {quote_sql_name(name)} t"  # nosec B608 # names are quoted
            for number, (fid, value) in enumerate(database.execute(sql)):
                if value is not None:
                    yield int(fids[number] if fid is None else fid), value


def _find_fids(database: sqlite3.Connection, shape: str, table: str, header: bytes) -> list[int]:
    """Return the ids of the first features whose geometry has a header; empty for a view, which has no ids."""
    sql = f'SELECT rowid FROM "{table}" WHERE substr("{shape}", 1, {_BLOB_HEADER_SIZE}) = ? LIMIT {_MAX_LISTED_FIDS}'  # nosec B608 # quotes are doubled
    try:
        return [int(fid) for (fid,) in database.execute(sql, (header,)) if fid is not None]
    except sqlite3.OperationalError:
        return []


def read_curve_wkt(path: Path, opened: Path, name: str, key: str | None, fids: NDArray) -> dict[int, str]:
    """Return feature id → WKT of a layer's shapes with curves.

    ``path``: the file that the user chose, with the suffix of its format; ``opened``: the path that the driver opens
    instead, such as that of a copy; ``name``, ``key``, ``fids``: as of `read_stored_shapes`.

    Shapes are found by their type. A shape of a curve type without an arc is straight and left out, except in a
    FileGDB: there the driver has replaced a Bézier curve by segments, and the WKT of these segments is returned.
    Coordinates have 15 digits. Those of a GeoPackage are exact: its shapes are read without the driver, of which one
    damaged shape would stop the search.
    """
    if path.suffix.lower() == ".gpkg":
        all_texts = ((fid, _format_curve(blob)) for fid, blob in read_stored_shapes(opened, name, key, fids))
        return {fid: text for fid, text in all_texts if count_arcs(text)}
    # Formats without arcs.
    if path.suffix.lower() in (".shp", ".geojson", ".json", ".kml", ".tab"):
        return {}
    type_list = ", ".join(f"'{c}'" for c in _CURVE_TYPES)

    def read_column(column: str) -> tuple[NDArray, NDArray]:
        """Return feature ids and values of a column, for the shapes of a curve type."""
        sql = f"SELECT {column} AS value FROM {quote_name(name)} WHERE OGR_GEOMETRY IN ({type_list})"  # nosec B608 # the name is quoted, column and types are ours
        _, fids, _, (values,) = pyogrio.raw.read(
            opened, sql=sql, sql_dialect="OGRSQL", return_fids=True, read_geometry=False
        )
        return fids, values

    # The driver makes the WKT of all rows, whatever the condition: it is asked for only if there are curves.
    if not len(read_column("OGR_GEOMETRY")[0]):
        return {}
    fids, texts = read_column("OGR_GEOM_WKT")
    return {
        int(fid): str(text)
        for fid, text in zip(fids, texts, strict=True)
        if path.suffix.lower() == ".gdb" or count_arcs(str(text))
    }


def replace_rounded_vertices(text: str, shape: shapely.Geometry | None) -> str:
    """Return the WKT of a shape with arcs, with exact coordinates of the ends of arcs and segments.

    ``text``: the WKT, whose coordinates the driver has rounded to 15 digits; ``shape``: the same shape with straight
    segments, whose vertices include these ends exactly.
    """

    def round_as_driver(x: float, y: float) -> tuple[str, str]:
        """Return x and y as texts of 15 digits, as the driver writes them."""
        return f"{x:.15g}", f"{y:.15g}"

    exact_text_by_vertex = {round_as_driver(x, y): f"{x!r} {y!r}" for x, y in shapely.get_coordinates(shape).tolist()}
    return _PAIR_PATTERN.sub(
        lambda pair: exact_text_by_vertex.get(round_as_driver(float(pair[1]), float(pair[2])), pair[0]), text
    )


def _format_curve(blob: Any) -> str:
    """Return the WKT with all digits of a shape of a GeoPackage; empty if it is not of a curve type, or damaged."""
    try:
        wkb = blob[find_wkb_start(blob) :]
        return _format_wkb_at(wkb, 0)[0] if _read_type(wkb, 0)[0] in _CURVE_TYPES else ""
    except (struct.error, IndexError, KeyError, RecursionError, TypeError):
        return ""


def _read_type(wkb: bytes, start: int) -> tuple[str, str, int, str]:
    """Return type, word of its dimensions, numbers of a point and byte order of the shape that begins at a byte."""
    order = "<" if wkb[start] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, start + 1)
    # Older writers mark Z by the highest bit.
    return _NAMES_BY_CODE[(code & 0xFFFF) % 1000], *_DIMENSIONS[(code & 0xFFFF) // 1000 + (code >> 31)], order


def _format_wkb_at(wkb: bytes, start: int) -> tuple[str, int]:
    """Return the WKT, with all digits, of the shape that begins at a byte, and the position after its last byte.

    The shape is well-known binary (ISO 13249-3). Raise KeyError or struct.error for another type, or if bytes are
    missing.
    """
    name, word, size, order = _read_type(wkb, start)
    (count,), position = struct.unpack_from(f"{order}I", wkb, start + 5), start + 9
    parts = []
    if name in ("LINESTRING", "CIRCULARSTRING"):
        text, position = _format_points(wkb, position, count, order, size)
        parts.append(text)
    elif name == "POLYGON":
        for _ in range(count):
            (points,) = struct.unpack_from(f"{order}I", wkb, position)
            text, position = _format_points(wkb, position + 4, points, order, size)
            parts.append(f"({text})")
    else:
        for _ in range(count):
            text, position = _format_wkb_at(wkb, position)
            parts.append(text)
    return (f"{name}{word} ({', '.join(parts)})" if count else f"{name}{word} EMPTY"), position


def _format_points(wkb: bytes, position: int, count: int, order: str, size: int) -> tuple[str, int]:
    """Return ``count`` points as text, and the position after them.

    ``order``: byte order for struct; ``size``: numbers of a point, 2 to 4.
    """
    numbers = struct.unpack_from(f"{order}{count * size}d", wkb, position)
    points = (" ".join(map(repr, numbers[n : n + size])) for n in range(0, len(numbers), size))
    return ", ".join(points), position + 8 * len(numbers)
