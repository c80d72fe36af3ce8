# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of the geometries in a GeoPackage: coordinate systems and arcs.

Each geometry repeats the number of its coordinate system (OGC 12-128r18, 2.1.3: `srs_id` of the blob equals that of the
layer). Drivers read the layer's number only, so that a geometry of another system is treated as if it were in the
layer's.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from .records import open_read_only

#: Bytes of a blob before its bounds: "GP", version, flags, srs_id.
_BLOB_HEADER_SIZE = 8
#: Bytes of the bounds, by bits 1 to 3 of the flags.
_BOUNDS_SIZES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
#: Bytes of the WKB before its content: byte order and type.
_WKB_HEAD = 5
#: WKB types without arcs; Z, M and ZM add 1000, 2000 and 3000 (OGC 06-103r4, 8.2.3).
_LINEAR_TYPE_IDS = (*range(1, 8), 15, 16, 17)
#: Features of one coordinate system that are listed.
_MAX_LISTED_FIDS = 20
#: Numbers of undefined systems (Cartesian, geographic); older writers store them in every geometry.
_UNDEFINED_CRS_IDS = (-1, 0)


@dataclass(frozen=True)
class ShapeHeaders:
    """What the headers of a layer's geometries state.

    ``other_crs``: name of each coordinate system other than the layer's (EPSG:4490) → number of geometries in it.
    ``other_crs_fids``: ids of the first features with such geometries. ``may_have_arcs``: False if no geometry has an
    arc; True if some may have, or if the headers were not read.
    """

    other_crs: dict[str, int] = field(default_factory=dict)
    may_have_arcs: bool = True
    other_crs_fids: tuple[int, ...] = ()


def read_shape_headers(path: Path, name: str) -> ShapeHeaders:
    """Return what the headers of a layer's geometries state.

    The result is that of unread headers for other formats, for a layer without geometries, and if the database cannot
    be read, since reading its rows reports that.
    """
    if path.suffix.lower() != ".gpkg":
        return ShapeHeaders()
    try:
        database = open_read_only(path)
        if database is None:
            return ShapeHeaders()
        with closing(database):
            return _read_headers(database, name)
    except sqlite3.Error:
        return ShapeHeaders()


def find_wkb_start(blob: bytes) -> int:
    """Return the position of the well-known binary in the GeoPackage blob of a geometry."""
    return _BLOB_HEADER_SIZE + _BOUNDS_SIZES.get(blob[3] >> 1 & 7, 0)


def _read_headers(database: sqlite3.Connection, name: str) -> ShapeHeaders:
    """Return what the headers of a layer's geometries state, read from an open GeoPackage."""
    layer = database.execute(
        "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (name,)
    ).fetchone()
    if layer is None:
        return ShapeHeaders()
    column, layer_srs_id = layer
    shape, table = (text.replace('"', '""') for text in (column, name))
    first = database.execute(f'SELECT "{shape}" FROM "{table}" WHERE "{shape}" IS NOT NULL LIMIT 1').fetchone()  # nosec B608 # quotes are doubled
    if first is None:
        return ShapeHeaders(may_have_arcs=False)
    if not isinstance(first[0], bytes) or len(first[0]) < _BLOB_HEADER_SIZE:
        return ShapeHeaders()
    flags = first[0][3]
    usual_header = b"GP" + first[0][2:4] + struct.pack("<i" if flags & 1 else ">i", layer_srs_id)
    start = find_wkb_start(first[0]) + 1
    linear = [order + struct.pack(form, number + dimension_offset)
              for order, form in ((b"\x01", "<I"), (b"\x00", ">I"))
              for dimension_offset in (0, 1000, 2000, 3000) for number in _LINEAR_TYPE_IDS]  # fmt: skip
    # One pass over the table; only unusual headers leave SQLite.
    sql = (
        f'SELECT substr("{shape}", 1, {_BLOB_HEADER_SIZE}) AS header, substr("{shape}", {start}, {_WKB_HEAD}) AS kind, '  # nosec B608 # quotes are doubled
        f'COUNT(*) FROM "{table}" WHERE header <> ? OR kind NOT IN ({", ".join("?" * len(linear))}) GROUP BY 1, 2'
    )
    counts: dict[str, int] = {}
    fids: list[int] = []
    may_have_arcs = False
    for header, kind, count in database.execute(sql, (usual_header, *linear)):
        # Where the flags differ, the type is at another place: then the geometries themselves must be asked.
        may_have_arcs |= not isinstance(header, bytes) or header[3:4] != usual_header[3:4] or kind not in linear
        if not isinstance(header, bytes) or len(header) < _BLOB_HEADER_SIZE or header[:2] != b"GP":
            continue
        number = struct.unpack_from("<i" if header[3] & 1 else ">i", header, 4)[0]
        if number != layer_srs_id and number not in _UNDEFINED_CRS_IDS:
            system = _read_crs_name(database, number)
            counts[system] = counts.get(system, 0) + int(count)
            fids += _find_fids(database, shape, table, header)
    return ShapeHeaders(counts, may_have_arcs, tuple(sorted(set(fids))))


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
