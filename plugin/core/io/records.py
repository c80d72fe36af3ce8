# SPDX-License-Identifier: GPL-2.0-or-later
"""Number of rows in a file, counted without a GIS driver.

Shapefiles are counted by table, index and shapes, file geodatabases by their tables. A driver reads only the shapes in
the index. A shape that the index lacks, or that the table marks as deleted, remains in the .shp.
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

from ..files.dataset_files import list_logs
from ..files.encoding import find_sibling_file

#: Bytes of the header of a .shp and of a .shx; of a record's header; of the shortest record (a null shape).
_SHP_HEADER_BYTES, _RECORD_HEADER_BYTES, _SHORTEST_RECORD_BYTES = 100, 8, 12


def count_shapefile_rows(path: Path) -> int | None:
    """Return the number of rows of a shapefile; None if its table (.dbf) is missing.

    It is the number of rows not marked as deleted plus that of shapes missing from the index.
    """
    row_count_and_marks = _read_deletion_flags(path)
    if row_count_and_marks is None:
        return None
    count, marks = row_count_and_marks
    entries = _read_index(path)
    # If table and index differ, the table suffices: the driver reads the records of the index.
    unlisted_count = _count_unlisted(path, entries) if entries is not None and len(entries) == count else 0
    return count - int(np.count_nonzero(marks)) + unlisted_count


def count_deleted_shapes(path: Path) -> int:
    """Return how many rows of a shapefile are marked as deleted but have a shape.

    0 for another format and for an unreadable file.
    """
    if path.suffix.lower() != ".shp":
        return 0
    try:
        row_count_and_marks, entries = _read_deletion_flags(path), _read_index(path)
    except (OSError, struct.error):
        # Reading the layer has reported the cause.
        return 0
    if row_count_and_marks is None or entries is None:
        return 0
    marks = row_count_and_marks[1][: len(entries)]
    has_shape = entries[: len(marks), 1] > _SHORTEST_RECORD_BYTES - _RECORD_HEADER_BYTES
    return int(np.count_nonzero(marks & has_shape))


def _read_deletion_flags(path: Path) -> tuple[int, NDArray[np.bool_]] | None:
    """Return the number of rows in a .dbf, and (n,) bool: rows marked as deleted.

    The flags are empty if the table is truncated; None for a file that is not a table.
    """
    table = find_sibling_file(path, ".dbf")
    if table is None:
        return None
    with table.open("rb") as handle:
        header = handle.read(12)
    if len(header) < 12:
        return None
    count, start, size = struct.unpack_from("<IHH", header, 4)
    needed_bytes = (count - 1) * size + 1
    if not count or not size:
        return 0, np.zeros(0, dtype=bool)
    if table.stat().st_size - start < needed_bytes:
        # Truncated; the reader reports it.
        return int(count), np.zeros(0, dtype=bool)
    marks = np.memmap(table, dtype=np.uint8, mode="r", offset=start)[:needed_bytes:size]
    return int(count), np.asarray(marks == ord("*"))


def _read_index(path: Path) -> NDArray[np.int64] | None:
    """Return the index of a shapefile as (n, 2): byte offset and length of each shape."""
    index = find_sibling_file(path, ".shx")
    if index is None:
        return None
    index_numbers = (
        np.fromfile(index, dtype=">i4", offset=_SHP_HEADER_BYTES)
        if index.stat().st_size > _SHP_HEADER_BYTES
        else np.zeros(0, ">i4")
    )
    return index_numbers[: len(index_numbers) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2


def _count_unlisted(path: Path, entries: NDArray[np.int64]) -> int:
    """Return the number of shapes in a .shp that its index (``entries``, as of `_read_index`) does not list.

    They are between listed shapes and after the last one. A file without such space is not read. An old record left by
    a driver that rewrote the shape elsewhere has the number of a listed shape and is not counted.
    """
    if not path.is_file():
        return 0
    listed_entries = entries[np.argsort(entries[:, 0], kind="stable")]
    begins = np.concatenate(
        [[_SHP_HEADER_BYTES], np.maximum.accumulate(listed_entries.sum(axis=1) + _RECORD_HEADER_BYTES)]
    )
    ends = np.concatenate([listed_entries[:, 0], [path.stat().st_size]])
    gaps = np.flatnonzero(ends - begins >= _SHORTEST_RECORD_BYTES)
    if not len(gaps):
        return 0
    with path.open("rb") as handle:
        (kind,) = struct.unpack_from("<i", handle.read(36), 32)
        unlisted_numbers: set[int] = set()
        for gap in gaps:
            unlisted_numbers |= _list_record_numbers(handle, int(begins[gap]), int(ends[gap]), kind)
        if unlisted_numbers:
            for start in listed_entries[:, 0]:
                handle.seek(int(start))
                unlisted_numbers.discard(int.from_bytes(handle.read(4), "big", signed=True))
    return len(unlisted_numbers)


def _list_record_numbers(handle: BinaryIO, begin: int, end: int, kind: int) -> set[int]:
    """Return the numbers of consecutive valid records of a .shp between two byte offsets.

    ``kind``: the shape type of the file.
    """
    record_numbers = set()
    while begin + _SHORTEST_RECORD_BYTES <= end:
        handle.seek(begin)
        number, word_count = struct.unpack(">ii", handle.read(_RECORD_HEADER_BYTES))
        (shape_kind,) = struct.unpack("<i", handle.read(4))
        size = _RECORD_HEADER_BYTES + 2 * word_count
        if number < 0 or size < _SHORTEST_RECORD_BYTES or begin + size > end or shape_kind not in (0, kind):
            break
        record_numbers.add(number)
        begin += size
    return record_numbers


# The number of a layer's rows as the file records it, independent of the driver that reads them.
# Drivers of older GDAL versions read a FileGDB table with 64-bit ObjectIDs as empty without an error. Counting costs a
# header, a pass over the table's first bytes, or the COUNT(*) of SQLite; no row is read. Text formats (GeoJSON, GML,
# KML) and MapInfo tables have no separate count to compare.

#: The end of a table's fixed header.
_DBF_HEADER = 40
#: Versions of a FileGDB table: with ObjectIDs of 32 bits, and of 64 bits (ArcGIS Pro 3.2 and later).
_TABLE_VERSION_3, _TABLE_VERSION_4 = 3, 4
_SYSTEM_CATALOGUE_TABLE = "GDB_SystemCatalog"


def count_stored_rows(path: Path, name: str) -> int | None:
    """Return the number of rows that a file records for a layer.

    None if the format records none, or if the number cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".gdb":
            return count_geodatabase_rows(path).get(name)
        if suffix == ".gpkg":
            return _count_geopackage_rows(path, name)
        if suffix == ".shp":
            return count_shapefile_rows(path)
    except (OSError, sqlite3.Error, struct.error):
        # The file cannot be read: reading its rows reports that, with the file's name.
        return None
    return None


def count_geodatabase_rows(path: Path) -> dict[str, int]:
    """Return table name → number of valid rows of a FileGDB, as the headers of its tables record them.

    Tables with an invalid header are left out. The catalogue gives the number of each table. Bytes 4 to 8 of a header
    count the rows in version 3, bytes 16 to 24 in version 4.

    References
    ----------
    https://github.com/rouault/dump_gdbtable/wiki/FGDB-Spec; GDAL, filegdbtable.cpp.
    """
    try:
        catalogue_rows = pyogrio.raw.read(
            path, layer=_SYSTEM_CATALOGUE_TABLE, columns=["Name"], read_geometry=False, return_fids=True
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError):
        return {}
    files = {file.name.lower(): file for file in path.iterdir() if file.suffix.lower() == ".gdbtable"}
    rows = {}
    for number, table in zip(catalogue_rows[1], catalogue_rows[3][0], strict=True):
        file = files.get(f"a{int(number):08x}.gdbtable")
        row_count = _count_table_rows(file) if file is not None else None
        if row_count is not None:
            rows[str(table)] = row_count
    return rows


def _count_table_rows(file: Path) -> int | None:
    """Return the number of rows that the header of a FileGDB table records; None for an invalid header."""
    with file.open("rb") as handle:
        header = handle.read(_DBF_HEADER)
    if len(header) < _DBF_HEADER:
        return None
    version, short = struct.unpack_from("<Ii", header)
    if version == _TABLE_VERSION_3:
        return short if short >= 0 else None
    if version == _TABLE_VERSION_4:
        return int(struct.unpack_from("<q", header, 16)[0])
    return None


def _count_geopackage_rows(path: Path, name: str) -> int | None:
    """Return the number of rows of a table; None while another program writes the GeoPackage."""
    database = open_read_only(path)
    if database is None:
        return None
    table = name.replace('"', '""')
    with closing(database):
        return int(database.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])  # nosec B608 # quotes are doubled


def open_read_only(path: Path) -> sqlite3.Connection | None:
    """Open a GeoPackage read-only, without leaving files beside it; None while another program writes it.

    In that case a copy is read (`files.open_datasource.provide_safe_path`), and its SQLite counts the rows.
    """
    if list_logs(path):
        return None
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
