# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate systems that the geometries of a GeoPackage declare one by one.

Each geometry repeats the number of its system (OGC 12-128r18, 2.1.3: `srs_id` of the blob equals that of the layer).
Drivers read the layer's number only, so that a geometry of another system is treated as if it were in the layer's.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from .records import read_only

#: Bytes of a blob before its bounds: "GP", version, flags, srs_id.
_HEADER = 8
#: Numbers of undefined systems (Cartesian, geographic); older writers store them in every geometry.
_UNDEFINED = (-1, 0)


def other_shape_crs(path: Path, name: str) -> dict[str, int]:
    """Count a layer's geometries in other coordinate systems.

    Returns system (EPSG:4490) → number. Empty for other formats, for a layer without geometries, and if the database
    cannot be read: reading its rows reports that.
    """
    if path.suffix.lower() != ".gpkg":
        return {}
    try:
        database = read_only(path)
        if database is None:
            return {}
        with closing(database):
            return _read_declared(database, name)
    except sqlite3.Error:
        return {}


def _read_declared(database: sqlite3.Connection, name: str) -> dict[str, int]:
    layer = database.execute(
        "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (name,)
    ).fetchone()
    if layer is None:
        return {}
    column, own = layer
    shape, table = (text.replace('"', '""') for text in (column, name))
    headers = f'SELECT substr("{shape}", 1, {_HEADER}), COUNT(*) FROM "{table}" GROUP BY 1'  # nosec B608 # quotes are doubled
    counts: dict[str, int] = {}
    for header, count in database.execute(headers):
        if not isinstance(header, bytes) or len(header) < _HEADER or header[:2] != b"GP":
            continue
        number = struct.unpack_from("<i" if header[3] & 1 else ">i", header, 4)[0]
        if number != own and number not in _UNDEFINED:
            system = _name_system(database, number)
            counts[system] = counts.get(system, 0) + int(count)
    return counts


def _name_system(database: sqlite3.Connection, number: int) -> str:
    """Return a system's name as the database lists it; its number if it is not listed."""
    row = database.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (number,)
    ).fetchone()
    return f"{str(row[0]).upper()}:{row[1]}" if row else f"srs_id {number}"
