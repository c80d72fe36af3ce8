# SPDX-License-Identifier: GPL-2.0-or-later
"""Integrity of data sets in a package.

GDAL opens a FileGDB whose system tables are truncated or whose indexes are missing and only logs it. It opens a
shapefile without its table as one without fields.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...cancellation import NEVER, Cancellation
from ...exchange.gdal_setup import load_gdal
from ...files.digests import MANIFEST, is_link

#: Bytes of a shape up to the end of its envelope, and the offset of the envelope (OGC 12-128, 2.1.3).
_UP_TO, _ENVELOPE = 40, 8
_EMPTY = 0x10
#: Relative rounding error of the index's four-byte numbers.
_ROUNDED = 3e-7


def find_unindexed_tables(path: Path) -> list[tuple[str, int]]:
    """Return tables of a GeoPackage with the number of shapes that the index misses.

    Tables without an index and shapes without an envelope are skipped. A file that is not a GeoPackage gives an empty
    result; other functions report it.
    """
    found = []
    try:
        # immutable: SQLite makes no journal next to the file.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            there = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master")}
            rows = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
            for table, column in rows:
                index = f"rtree_{table}_{column}"
                if table in there and index in there and (count := _count_unindexed(database, table, column, index)):
                    found.append((str(table), count))
    except sqlite3.Error:
        return []
    return found


def _count_unindexed(database: sqlite3.Connection, table: str, column: str, index: str) -> int:
    keys = [row[1] for row in database.execute(f"PRAGMA table_info({_quote(table)})") if row[5]]
    if len(keys) != 1:
        return 0
    text = (
        f"SELECT substr(t.{_quote(column)}, 1, {_UP_TO}), r.minx, r.maxx, r.miny, r.maxy FROM {_quote(table)} AS t "  # nosec B608 # _quote quotes
        f"LEFT JOIN {_quote(index)} AS r ON r.id = t.{_quote(keys[0])} WHERE t.{_quote(column)} IS NOT NULL"
    )
    count = 0
    for head, *box in database.execute(text):
        extent = _read_envelope(head)
        if extent is None:
            continue
        near = _ROUNDED * max(map(abs, extent))
        low, high = (0, 2), (1, 3)
        if None in box or not (
            all(box[n] <= extent[n] + near for n in low) and all(box[n] >= extent[n] - near for n in high)
        ):
            count += 1
    return count


def _read_envelope(head: bytes) -> tuple[float, ...] | None:
    """Return west, east, south and north from the header of a shape."""
    if not isinstance(head, bytes) or len(head) < _UP_TO or head[:2] != b"GP":
        return None
    flags = head[3]
    if flags & _EMPTY or not flags >> 1 & 7:
        return None
    return struct.unpack_from(("<" if flags & 1 else ">") + "4d", head, _ENVELOPE)


def _quote(name: str) -> str:
    """Return a name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


#: System tables by file, as in every FileGDB. The first lists all tables; GDB_Items describes the layers.
_SYSTEM = {
    "a00000001": "GDB_SystemCatalog",
    "a00000002": "GDB_DBTune",
    "a00000003": "GDB_SpatialRefs",
    "a00000004": "GDB_Items",
    "a00000005": "GDB_ItemTypes",
    "a00000006": "GDB_ItemRelationships",
    "a00000007": "GDB_ItemRelationshipTypes",
}
_CATALOG = _SYSTEM["a00000001"]
#: A table without a file that the catalog of many intact databases lists.
_NO_FILE = ("GDB_ReplicaLog",)
#: Prefix of system tables.
_SYSTEM_PREFIX = "GDB_"
_TABLE, _INDEX = ".gdbtable", ".gdbtablx"


#: Bytes in the header of a .shp and .shx with the length of the file in words of two bytes (ESRI Shapefile Technical
#: Description, 1998, p. 4); in a .dbf with the number of rows, the length of the header and of a row (dBASE III).
_LENGTH, _ROWS = slice(24, 28), slice(4, 12)


class IntegrityError(NamedTuple):
    """An error in a data set of a package.

    Attributes
    ----------
    part
        Path in the package of the damaged file; the data set if GDAL does not report the file.
    table
        The table in this file.
    reason
        GDAL's message; empty for a missing file.
    missing
        Bytes missing in a file of a shapefile by its header, or shapes missing in an index.
    kind
        ``foreign`` for a table that no catalog lists, ``index`` for a wrong index.
    """

    place: str
    part: str
    table: str
    reason: str = ""
    missing: int = 0
    kind: str = ""


@dataclass
class _ErrorLog:
    """GDAL's first error for each table; those on opening have the table ""."""

    reasons: dict[str, str] = field(default_factory=dict)
    table: str = ""

    @contextmanager
    def of(self, table: str) -> Iterator[None]:
        """Assign errors in the block to a table."""
        self.table = table
        try:
            yield
        except RuntimeError as error:
            # Only if QGIS has configured GDAL to raise; otherwise GDAL calls `handle`.
            self.reasons.setdefault(self.table, str(error))

    def handle(self, level: int, number: int, message: str) -> None:
        # Warnings also occur for intact databases.
        """Record an error; GDAL calls this method."""
        if level >= 3:  # CE_Failure
            self.reasons.setdefault(self.table, message)


def find_integrity_errors(folder: Path, place: str, cancellation: Cancellation = NEVER) -> list[IntegrityError]:
    """Return the errors of the database or folder of shapefiles ``place``.

    ``place`` is a path in the package below ``folder``. Other data sets, and a database without osgeo, give an empty
    result. Rows of layers are not read; reading them reports errors.
    """
    path = folder / place
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return [
            error
            for shape in sorted(path.iterdir())
            if shape.suffix.lower() == ".shp"
            for error in _find_truncated(shape, place)
        ]
    if path.suffix.lower() == ".gpkg":
        return [
            IntegrityError(place, place, table, missing=count, kind="index")
            for table, count in find_unindexed_tables(path)
        ]
    if path.suffix.lower() != ".gdb" or not path.is_dir():
        return []
    try:
        import osgeo.gdal  # noqa: F401
    except ImportError:
        return []
    errors = _ErrorLog()
    with load_gdal() as gdal:
        gdal.PushErrorHandler(errors.handle)
        try:
            tables = _open_tables(gdal, path, errors, cancellation)
        finally:
            gdal.PopErrorHandler()
    gone = _find_missing(path, tables)
    found = [IntegrityError(place, f"{place}/{part}", table) for part, table in gone.items()]
    found += [IntegrityError(place, f"{place}/{name}", "", kind="foreign") for name in _find_foreign(path, tables)]
    files = {name: stem for stem, name in tables.items()}
    for table, reason in errors.reasons.items():
        part = f"{place}/{files[table]}{_TABLE}" if table in files else place
        # Errors of a missing file are known, and errors on opening are reported only if no table is known.
        if table not in gone.values() and (table or not (found or len(errors.reasons) > 1)):
            found.append(
                IntegrityError(
                    place, part, table or f"{_CATALOG}, {_SYSTEM['a00000004']}", _without_paths(reason, folder)
                )
            )
    return found


def _find_truncated(shape: Path, place: str) -> Iterator[IntegrityError]:
    """Yield truncated files of a shapefile, by their headers, and a missing table."""
    there = {p.suffix.lower(): p for p in shape.parent.iterdir() if p.stem.lower() == shape.stem.lower()}
    if ".dbf" not in there:
        yield IntegrityError(place, f"{place}/{shape.stem}.dbf", shape.stem)
    for suffix, least in ((".shp", 100), (".shx", 100), (".dbf", 32)):
        if suffix not in there or is_link(there[suffix]):
            continue
        size = there[suffix].stat().st_size
        with there[suffix].open("rb") as handle:
            head = handle.read(least)
        if len(head) < least:
            missing = least - len(head)
        elif suffix == ".dbf":
            rows, start, length = struct.unpack("<LHH", head[_ROWS])
            missing = start + rows * length - size
        else:
            missing = 2 * int(struct.unpack(">l", head[_LENGTH])[0]) - size
        if missing > 0:
            yield IntegrityError(place, f"{place}/{there[suffix].name}", shape.stem, missing=missing)


def _open_tables(gdal: Any, path: Path, errors: _ErrorLog, cancellation: Cancellation) -> dict[str, str]:
    """Open every table and read the rows of system tables.

    Returns
    -------
    dict
        File (without suffix) → table.
    """
    database: Any = None
    with errors.of(""):
        database = gdal.OpenEx(str(path), gdal.OF_VECTOR, ["OpenFileGDB"], ["LIST_ALL_TABLES=YES"])
    tables = dict(_SYSTEM)
    for number in range(database.GetLayerCount()) if database is not None else ():
        cancellation.raise_if_cancelled()
        # Layers are loaded on access.
        with errors.of(database.GetLayer(number).GetName()):
            layer = database.GetLayer(number)
            layer.GetLayerDefn().GetFieldCount()
            layer.GetFeatureCount()
            if layer.GetName() == _CATALOG:
                tables |= {f"a{row.GetFID():08x}": str(row.GetField(0)) for row in layer}
            elif layer.GetName().startswith(_SYSTEM_PREFIX):
                sum(1 for _ in layer)
    return tables


def _find_missing(path: Path, tables: dict[str, str]) -> dict[str, str]:
    """Return missing files that the catalog lists → name of the table."""
    there = {p.name.lower() for p in path.iterdir()}
    found: dict[str, str] = {}
    for stem, name in tables.items():
        # A compressed table has one file of another kind.
        if name in _NO_FILE or f"{stem}.cdf" in there:
            continue
        found |= {f"{stem}{suffix}": name for suffix in (_TABLE, _INDEX) if f"{stem}{suffix}" not in there}
    return found


def _find_foreign(path: Path, tables: dict[str, str]) -> list[str]:
    """Return files of tables that the catalog does not list, if it could be read."""
    if len(tables) <= len(_SYSTEM):
        return []
    names = sorted(p.name for p in path.iterdir() if p.suffix.lower() == _TABLE)
    return [name for name in names if name.lower().removesuffix(_TABLE) not in tables]


def _without_paths(reason: str, folder: Path) -> str:
    """Return a message without the path of this machine."""
    return reason.replace(f"{folder}/", "").replace(str(folder), "").strip().rstrip(".")


#: Suffixes of detached signatures: CMS (RFC 5652), OpenPGP (RFC 9580), SM2 (GM/T 0009, 0010) and those of tools.
SUFFIXES = (
    ".p7s",
    ".p7b",
    ".p7m",
    ".p7",
    ".sig",
    ".sign",
    ".sgn",
    ".asc",
    ".gpg",
    ".sm2",
    ".sm2sig",
    ".cms",
    ".tsr",
    ".tst",
    ".ofd",
)


def is_signature(path: str) -> bool:
    """Return True if a path is a signature of the manifest.

    Examples are manifest.json.p7s and manifest.p7s.
    """
    low = path.lower()
    stems = (MANIFEST, MANIFEST.removesuffix(".json"))
    return any(low == f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)


def find_signatures(paths: Iterable[str]) -> list[str]:
    """Return the signatures of the manifest among some paths."""
    return sorted(path for path in paths if is_signature(path))
