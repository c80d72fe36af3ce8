# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of the geometries in a GeoPackage, and the geometries as stored.

Each geometry repeats the number of its coordinate system (OGC 12-128r18, 2.1.3: `srs_id` of the blob equals that of the
layer). Drivers read the layer's number only, so that a geometry of another system is treated as if it were in the
layer's.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...base.files.open_datasource import DATABASE_ERRORS
from .records import open_if_database, open_read_only
from .sql_names import quote_sql_name

#: Bytes of a blob before its bounds: "GP", version, flags, srs_id.
_BLOB_HEADER_SIZE = 8
#: Bytes of the bounds, by bits 1 to 3 of the flags.
_BOUNDS_SIZES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
#: Features of one coordinate system that are listed.
_MAX_LISTED_FIDS = 20
#: Numbers of undefined systems (Cartesian, geographic); older writers store them in every geometry.
_UNDEFINED_CRS_IDS = (-1, 0)


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
            layers = database.execute(
                "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (name,)
            ).fetchall()
            for column, layer_srs_id in layers:
                if not isinstance(column, str):
                    # Reading the rows reports it.
                    continue
                shape, table = (text.replace('"', '""') for text in (column, name))
                # One pass over the table; only unusual headers leave SQLite.
                sql = (
                    f'SELECT substr("{shape}", 1, {_BLOB_HEADER_SIZE}), COUNT(*) FROM "{table}" '  # nosec B608 # quotes are doubled
                    f'WHERE substr("{shape}", 5, 4) NOT IN (?, ?) GROUP BY 1'
                )
                usual_numbers = [struct.pack(form, layer_srs_id) for form in ("<i", ">i")]
                for header, count in database.execute(sql, usual_numbers):
                    if not isinstance(header, bytes) or len(header) < _BLOB_HEADER_SIZE or header[:2] != b"GP":
                        continue
                    number = struct.unpack_from("<i" if header[3] & 1 else ">i", header, 4)[0]
                    if number != layer_srs_id and number not in _UNDEFINED_CRS_IDS:
                        system = _read_crs_name(database, number)
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


def _read_crs_name(database: sqlite3.Connection, number: int) -> str:
    """Return the name of a coordinate system as the database lists it, else its number as text."""
    row = database.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (number,)
    ).fetchone()
    return f"{str(row[0]).upper()}:{row[1]}" if row else f"srs_id {number}"
