# SPDX-License-Identifier: GPL-2.0-or-later
"""The records of a file by its own bytes, and their number: shapefiles by table, index and shapes, file geodatabases
by their tables.

A driver reads what the index lists. A shape past it, or one that the table marks as deleted, stays in the .shp all the same.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyogrio
from numpy.typing import NDArray

from ..files.encoding import part

#: The header of a .shp and of a .shx; that of a record; the shortest record: that of no shape.
_HEADER, _RECORD, _SHORTEST = 100, 8, 12


def shapefile_rows(path: Path) -> int | None:
    """The rows of the table that are not marked as deleted, and the shapes that the index leaves out. None without a table."""
    counted = _marks(path)
    if counted is None:
        return None
    count, marks = counted
    entries = _entries(path)
    # Where table and index differ, the table alone shows it: the driver reads what the index lists.
    more = _unlisted(path, entries) if entries is not None and len(entries) == count else 0
    return count - int(np.count_nonzero(marks)) + more


def deleted_shapes(path: Path) -> int:
    """Rows that the table marks as deleted and that still have a shape; 0 for what is no shapefile or cannot be read."""
    if path.suffix.lower() != ".shp":
        return 0
    try:
        counted, entries = _marks(path), _entries(path)
    except (OSError, struct.error):
        # Reading the layer has told why.
        return 0
    if counted is None or entries is None:
        return 0
    marks = counted[1][: len(entries)]
    drawn = entries[: len(marks), 1] > _SHORTEST - _RECORD
    return int(np.count_nonzero(marks & drawn))


def _marks(path: Path) -> tuple[int, NDArray[np.bool_]] | None:
    """The number of rows in the table, and of each whether it is marked as deleted (none where the table is cut off)."""
    table = part(path, ".dbf")
    if table is None:
        return None
    with table.open("rb") as handle:
        header = handle.read(12)
    if len(header) < 12:
        return None
    count, start, size = struct.unpack_from("<IHH", header, 4)
    needed = (count - 1) * size + 1
    if not count or not size:
        return 0, np.zeros(0, dtype=bool)
    if table.stat().st_size - start < needed:
        # Cut off; the reader says so.
        return int(count), np.zeros(0, dtype=bool)
    marks = np.memmap(table, dtype=np.uint8, mode="r", offset=start)[:needed:size]
    return int(count), np.asarray(marks == ord("*"))


def _entries(path: Path) -> NDArray[np.int64] | None:
    """(n, 2) of the index: where the record of a shape begins, and the bytes of its content."""
    index = part(path, ".shx")
    if index is None:
        return None
    words = np.fromfile(index, dtype=">i4", offset=_HEADER) if index.stat().st_size > _HEADER else np.zeros(0, ">i4")
    return words[: len(words) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2


def _unlisted(path: Path, entries: NDArray[np.int64]) -> int:
    """Shapes that the index does not list: between those that it lists, and after the last.

    Nothing is read of a file without such room. A record that a driver left behind when it wrote the shape anew elsewhere has
    the number of one that is listed.
    """
    if not path.is_file():
        return 0
    listed = entries[np.argsort(entries[:, 0], kind="stable")]
    begins = np.concatenate([[_HEADER], np.maximum.accumulate(listed.sum(axis=1) + _RECORD)])
    ends = np.concatenate([listed[:, 0], [path.stat().st_size]])
    gaps = np.flatnonzero(ends - begins >= _SHORTEST)
    if not len(gaps):
        return 0
    with path.open("rb") as handle:
        (kind,) = struct.unpack_from("<i", handle.read(36), 32)
        found: set[int] = set()
        for gap in gaps:
            found |= _numbers(handle, int(begins[gap]), int(ends[gap]), kind)
        if found:
            for start in listed[:, 0]:
                handle.seek(int(start))
                found.discard(int.from_bytes(handle.read(4), "big", signed=True))
    return len(found)


def _numbers(handle: BinaryIO, begin: int, end: int, kind: int) -> set[int]:
    """The numbers of the records that follow each other from here, as far as they are records."""
    found = set()
    while begin + _SHORTEST <= end:
        handle.seek(begin)
        number, words = struct.unpack(">ii", handle.read(_RECORD))
        (drawn,) = struct.unpack("<i", handle.read(4))
        size = _RECORD + 2 * words
        if number < 0 or size < _SHORTEST or begin + size > end or drawn not in (0, kind):
            break
        found.add(number)
        begin += size
    return found


# How many rows a layer has by the file itself, independent of the driver that reads them.
#
# A driver of an older GDAL reads a FileGDB table with 64-bit ObjectIDs as empty, and says nothing. The counts here cost a
# header, a pass over the table's first bytes, or the COUNT(*) of SQLite; no row is read for them. Formats of text (GeoJSON,
# GML, KML) and MapInfo tables keep no count that a second reader could compare.

#: A table's header ends here.
_DBF_HEADER = 40
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
        header = handle.read(_DBF_HEADER)
    if len(header) < _DBF_HEADER:
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
