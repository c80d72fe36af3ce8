# SPDX-License-Identifier: GPL-2.0-or-later
"""Count rows of a file without a GIS driver, and compare the file's parts.

Shapefiles are counted by table, index and shapes, file geodatabases by their tables. A driver reads only the shapes in
the index. A shape that the index lacks, or that the table marks as deleted, remains in the .shp.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Container
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
from numpy.typing import NDArray

from ...base.files.dataset_files import list_logs
from ...base.files.encoding import find_sibling_file
from ...base.files.shapefile_index import (
    HEADER_BYTES,
    RECORD_HEADER_BYTES,
    SHORTEST_RECORD_BYTES,
    index_matches_shapes,
    list_records,
    read_index,
)

#: First bytes of an SQLite database.
_SQLITE_SIGNATURE = b"SQLite format 3\0"
#: Bytes of an entry of a MapInfo .id.
_ID_BYTES, _DBF_HEAD_BYTES = 4, 32
#: The end of a table's fixed header.
_DBF_HEADER = 40
#: Versions of a FileGDB table: with ObjectIDs of 32 bits, and of 64 bits (ArcGIS Pro 3.2 and later).
_TABLE_VERSION_3, _TABLE_VERSION_4 = 3, 4


def find_problem_of_parts(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Return (problem, parameters) if parts of a data set do not belong together.

    The data set is a shapefile or a MapInfo table. None if they have equal numbers of records and the index (.shx)
    points at them; also for another format, and for a part that cannot be read, since reading the rows reports that.
    Problems: ``parts_disagree``, ``index_wrong``, ``table_cut``.
    """
    try:
        if path.suffix.lower() == ".shp":
            # Rows marked as deleted are records, too.
            table = find_sibling_file(path, ".dbf")
            if table is not None and (size := table.stat().st_size) < (header_size := _read_table_header_size(table)):
                return "table_cut", {"table": table.name, "size": size, "header": header_size}
            row_count_and_marks, entries = _read_deletion_flags(path), read_index(path)
            if row_count_and_marks is None:
                return None
            table_count, index_count = row_count_and_marks[0], len(entries)
            if table_count == index_count and index_matches_shapes(path, entries):
                return None
            shape_count = len(list_records(path, HEADER_BYTES, path.stat().st_size))
            index = path.with_suffix(".shx").name
            if shape_count == table_count:
                return "index_wrong", {"index": index, "entries": index_count, "shapes": shape_count}
            return "parts_disagree", {"parts": f".shp {shape_count}, .shx {index_count}, .dbf {table_count}"}
        if path.suffix.lower() == ".tab":
            # The driver compares .id with .map.
            table, pointers = find_sibling_file(path, ".dat"), find_sibling_file(path, ".id")
            if table is None or pointers is None:
                return None
            with table.open("rb") as handle:
                (row_count,) = struct.unpack_from("<I", handle.read(8), 4)
            pointer_count = pointers.stat().st_size // _ID_BYTES
            if row_count != pointer_count:
                return "parts_disagree", {"parts": f".dat {row_count}, .id {pointer_count}"}
    except (OSError, struct.error):
        return None
    return None


def _read_table_header_size(table: Path) -> int:
    """Return the bytes of the header of a .dbf, which describes its fields; 32 if less is there."""
    with table.open("rb") as handle:
        head = handle.read(_DBF_HEAD_BYTES)
    return struct.unpack_from("<H", head, 8)[0] if len(head) == _DBF_HEAD_BYTES else _DBF_HEAD_BYTES


def count_deleted_shapes(path: Path) -> int:
    """Return how many rows of a shapefile are marked as deleted but have a shape.

    0 for another format and for an unreadable file.
    """
    if path.suffix.lower() != ".shp":
        return 0
    try:
        row_count_and_marks, entries = _read_deletion_flags(path), read_index(path)
    except (OSError, struct.error):
        # Reading the layer has reported the cause.
        return 0
    if row_count_and_marks is None:
        return 0
    marks = row_count_and_marks[1][: len(entries)]
    return int(np.count_nonzero(marks & (entries[: len(marks), 1] > SHORTEST_RECORD_BYTES - RECORD_HEADER_BYTES)))


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


def _count_unlisted(path: Path, entries: NDArray[np.int64]) -> int:
    """Return the number of shapes in a .shp that its index does not list.

    ``entries``: as `read_index` returns them. They are between listed shapes and after the last one. A file without
    such space is not read. An old record left by a driver that rewrote the shape elsewhere has the number of a listed
    shape and is not counted.
    """
    if not path.is_file():
        return 0
    listed_entries = entries[np.argsort(entries[:, 0], kind="stable")]
    begins = np.concatenate([[HEADER_BYTES], np.maximum.accumulate(listed_entries.sum(axis=1) + RECORD_HEADER_BYTES)])
    ends = np.concatenate([listed_entries[:, 0], [path.stat().st_size]])
    unlisted_numbers = {
        number
        for gap in np.flatnonzero(ends - begins >= SHORTEST_RECORD_BYTES)
        for number in list_records(path, int(begins[gap]), int(ends[gap]))[:, 2].tolist()
    }
    if unlisted_numbers:
        with path.open("rb") as handle:
            for start in listed_entries[:, 0]:
                handle.seek(int(start))
                unlisted_numbers.discard(int.from_bytes(handle.read(4), "big", signed=True))
    return len(unlisted_numbers)


# The number of a layer's rows as the file records it, independent of the driver that reads them.
# Drivers of older GDAL versions read a FileGDB table with 64-bit ObjectIDs as empty without an error. Counting costs a
# header, a pass over the table's first bytes, or the COUNT(*) of SQLite; no row is read. The features of a GeoJSON are
# counted, since a driver leaves out one without the type "Feature"; GML and KML have no separate count to compare.


def count_stored_rows(path: Path, name: str) -> int | None:
    """Return the number of rows that a file records for a layer.

    None if the format records none, or if the number cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".gdb":
            return count_geodatabase_rows(path).get(name)
        if suffix == ".gpkg":
            database = open_read_only(path)
            if database is None:
                return None
            with closing(database):
                return int(database.execute(f"SELECT COUNT(*) FROM {quote_sql_name(name)}").fetchone()[0])  # nosec B608 # the name is quoted
        if suffix == ".shp":
            # It is the number of rows not marked as deleted plus that of shapes missing from the index.
            row_count_and_marks = _read_deletion_flags(path)
            if row_count_and_marks is None:
                return None
            count, marks = row_count_and_marks
            return count - int(np.count_nonzero(marks)) + _count_unlisted(path, read_index(path))
        if suffix == ".mif":
            table = find_sibling_file(path, ".mid")
            return None if table is None else sum(map(bool, map(bytes.strip, table.read_bytes().splitlines())))
        # Size up to which a GeoJSON is read into memory to count its features.
        if suffix in (".geojson", ".json") and path.stat().st_size <= 2**26:
            content = json.loads(path.read_bytes())
            features = content.get("features") if isinstance(content, dict) else None
            return len(features) if isinstance(features, list) else None
    except (OSError, sqlite3.Error, struct.error, ValueError, RecursionError):
        # The file cannot be read: reading its rows reports that, with the file's name.
        return None
    return None


def count_geodatabase_rows(path: Path) -> dict[str, int | None]:
    """Return table name → number of valid rows of a FileGDB, as the headers of its tables record them.

    The number is None for a table that is missing or has an invalid header. The catalogue gives the number of each
    table. Bytes 4 to 8 of a header count the rows in version 3, bytes 16 to 24 in version 4.

    References
    ----------
    https://github.com/rouault/dump_gdbtable/wiki/FGDB-Spec; GDAL, filegdbtable.cpp.
    """
    try:
        catalogue_rows = pyogrio.raw.read(
            path, layer="GDB_SystemCatalog", columns=["Name"], read_geometry=False, return_fids=True
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError):
        return {}
    files = {file.name.lower(): file for file in path.iterdir() if file.suffix.lower() == ".gdbtable"}
    return {
        str(table): _count_table_rows(files.get(f"a{int(number):08x}.gdbtable"))
        for number, table in zip(catalogue_rows[1], catalogue_rows[3][0], strict=True)
        if table
    }


def _count_table_rows(file: Path | None) -> int | None:
    """Return the number of rows that the header of a FileGDB table records; None without a file or valid header."""
    if file is None:
        return None
    with file.open("rb") as handle:
        header = handle.read(_DBF_HEADER)
    if len(header) < _DBF_HEADER:
        return None
    version, short = struct.unpack_from("<Ii", header)
    if version == _TABLE_VERSION_3:
        return short if short >= 0 else None
    return int(struct.unpack_from("<q", header, 16)[0]) if version == _TABLE_VERSION_4 else None


def open_read_only(path: Path) -> sqlite3.Connection | None:
    """Open a GeoPackage read-only, without leaving files beside it; None while another program writes it.

    In that case a copy is read (`files.open_datasource.provide_safe_path`), and its SQLite counts the rows.
    """
    if list_logs(path):
        return None
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def open_if_database(path: Path) -> sqlite3.Connection | None:
    """Return an SQLite database opened read-only; None for another format.

    A database with a log is a copy (`provide_safe_path`), beside which SQLite may create files.
    """
    if not path.is_file():
        return None
    with path.open("rb") as handle:
        is_database = handle.read(len(_SQLITE_SIGNATURE)) == _SQLITE_SIGNATURE
    if not is_database:
        return None
    return open_read_only(path) or sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def quote_name(name: str) -> str:
    """Return a table or field name quoted for OGR's SQL.

    A name from a file can do no harm: the statement only reads that file.
    """
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quote_sql_name(name: str) -> str:
    """Return a name quoted for SQLite and PostgreSQL, as the SQL standard demands."""
    return '"' + name.replace('"', '""') + '"'


def choose_free_name(name: str, used: Container[str]) -> str:
    """Return the name of a column, with underscores added if fields have that name."""
    while name in used:
        name += "_"
    return name
