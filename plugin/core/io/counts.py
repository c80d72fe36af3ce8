# SPDX-License-Identifier: GPL-2.0-or-later
"""How many rows a layer has by the file itself, independent of the driver that reads them.

A driver of an older GDAL reads a FileGDB table with 64-bit ObjectIDs as empty, and says nothing. The counts here cost a
header, a pass over the table's first bytes, or the COUNT(*) of SQLite; no row is read for them. Formats of text (GeoJSON,
GML, KML) and MapInfo tables keep no count that a second reader could compare.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pyogrio

from .records import shapefile_rows

#: A table's header ends here.
_HEADER = 40
#: Versions of a FileGDB table: with ObjectIDs of 32 bits, and of 64 bits (ArcGIS Pro 3.2 and later).
_SHORT, _LONG = 3, 4
_CATALOGUE = "GDB_SystemCatalog"


def stored_rows(path: Path, name: str) -> int | None:
    """The rows of a layer as its file counts them; None where the format keeps no count, or it cannot be read here."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".gdb":
            return geodatabase_rows(path).get(name)
        if suffix == ".gpkg":
            return _geopackage_rows(path, name)
        if suffix == ".shp":
            return shapefile_rows(path)
    except (OSError, sqlite3.Error, struct.error):
        # The file cannot be read: reading its rows reports that, with the file's name.
        return None
    return None


def geodatabase_rows(path: Path) -> dict[str, int]:
    """Table → valid rows, of a FileGDB, by the headers of its tables; without tables whose header is none.

    The catalogue gives each table its number. Of a header, bytes 4 to 8 count the rows in version 3, bytes 16 to 24 in
    version 4 (https://github.com/rouault/dump_gdbtable/wiki/FGDB-Spec; GDAL, filegdbtable.cpp).
    """
    try:
        found = pyogrio.raw.read(path, layer=_CATALOGUE, columns=["Name"], read_geometry=False, return_fids=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError):
        return {}
    files = {file.name.lower(): file for file in path.iterdir() if file.suffix.lower() == ".gdbtable"}
    rows = {}
    for number, table in zip(found[1], found[3][0], strict=True):
        file = files.get(f"a{int(number):08x}.gdbtable")
        counted = _table_rows(file) if file is not None else None
        if counted is not None:
            rows[str(table)] = counted
    return rows


def _table_rows(file: Path) -> int | None:
    with file.open("rb") as handle:
        header = handle.read(_HEADER)
    if len(header) < _HEADER:
        return None
    version, short = struct.unpack_from("<Ii", header)
    if version == _SHORT:
        return short if short >= 0 else None
    if version == _LONG:
        return int(struct.unpack_from("<q", header, 16)[0])
    return None


def _geopackage_rows(path: Path, name: str) -> int | None:
    database = read_only(path)
    if database is None:
        return None
    table = name.replace('"', '""')
    with closing(database):
        return int(database.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])  # nosec B608 # quotes are doubled


def read_only(path: Path) -> sqlite3.Connection | None:
    """Open a GeoPackage so that the file stays untouched; None while another program writes it.

    The copy that is read then (`files.opening.openable`) is counted by its own SQLite.
    """
    if path.with_name(f"{path.name}-wal").exists() or path.with_name(f"{path.name}-journal").exists():
        return None
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
