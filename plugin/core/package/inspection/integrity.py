# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a FileGDB whole? GDAL opens one whose own tables are cut, or whose indexes are gone, and only says so in passing. Are
shapefiles? GDAL opens one without its table, as one without fields."""

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

#: Bytes of a shape up to the end of its envelope, and where that begins (OGC 12-128, 2.1.3).
_UP_TO, _ENVELOPE = 40, 8
_EMPTY = 0x10
#: The index holds numbers of four bytes, which are off by this share at most.
_ROUNDED = 3e-7


def find_unindexed_tables(path: Path) -> list[tuple[str, int]]:
    """Tables with how many of their shapes the index has elsewhere or not at all. A table without an index, and shapes that do
    not tell their extent, are passed over; so is what is no GeoPackage, which others tell."""
    found = []
    try:
        # immutable: SQLite makes no journal beside it.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            there = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master")}
            rows = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
            for table, column in rows:
                index = f"rtree_{table}_{column}"
                if table in there and index in there and (count := _astray(database, table, column, index)):
                    found.append((str(table), count))
    except sqlite3.Error:
        return []
    return found


def _astray(database: sqlite3.Connection, table: str, column: str, index: str) -> int:
    keys = [row[1] for row in database.execute(f"PRAGMA table_info({_name(table)})") if row[5]]
    if len(keys) != 1:
        return 0
    text = (
        f"SELECT substr(t.{_name(column)}, 1, {_UP_TO}), r.minx, r.maxx, r.miny, r.maxy FROM {_name(table)} AS t "  # nosec B608 # _name quotes
        f"LEFT JOIN {_name(index)} AS r ON r.id = t.{_name(keys[0])} WHERE t.{_name(column)} IS NOT NULL"
    )
    count = 0
    for head, *box in database.execute(text):
        extent = _extent(head)
        if extent is None:
            continue
        near = _ROUNDED * max(map(abs, extent))
        low, high = (0, 2), (1, 3)
        if None in box or not (
            all(box[n] <= extent[n] + near for n in low) and all(box[n] >= extent[n] - near for n in high)
        ):
            count += 1
    return count


def _extent(head: bytes) -> tuple[float, ...] | None:
    """West, east, south and north ends as a shape's own head tells them."""
    if not isinstance(head, bytes) or len(head) < _UP_TO or head[:2] != b"GP":
        return None
    flags = head[3]
    if flags & _EMPTY or not flags >> 1 & 7:
        return None
    return struct.unpack_from(("<" if flags & 1 else ">") + "4d", head, _ENVELOPE)


def _name(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


#: The database's own tables by file, as in every FileGDB. The first lists all tables; GDB_Items tells of the layers.
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
#: A table that the catalog of many sound databases lists, while there is no file of it.
_NO_FILE = ("GDB_ReplicaLog",)
#: How the database's own tables are called.
_OWN = "GDB_"
_TABLE, _INDEX = ".gdbtable", ".gdbtablx"


#: Bytes of the head of a .shp and a .shx that tell the length of the whole, in words of two bytes (ESRI Shapefile Technical
#: Description, 1998, p. 4); of a .dbf that tell the number of rows, the length of the head and of a row (dBASE III).
_LENGTH, _ROWS = slice(24, 28), slice(4, 12)


class IntegrityError(NamedTuple):
    """What is wrong with a ``part`` (path in the package of a file of a data set, or of the whole where GDAL does not tell which); ``table`` what it holds; ``reason`` as GDAL
    words it, empty for a file that is gone; ``missing``: bytes that a file of a shapefile is too short by, by its own head, or
    shapes that an index lacks; ``kind``: ``foreign`` for a table that no catalog lists, ``index`` for an index that is wrong."""

    place: str
    part: str
    table: str
    reason: str = ""
    missing: int = 0
    kind: str = ""


@dataclass
class _Told:
    """What GDAL said of each table while it was read, the first word of each; what it said on opening is nobody's."""

    reasons: dict[str, str] = field(default_factory=dict)
    table: str = ""

    @contextmanager
    def of(self, table: str) -> Iterator[None]:
        self.table = table
        try:
            yield
        except RuntimeError as error:
            # Only where all of QGIS has set GDAL to raise; otherwise it speaks to `hear`.
            self.reasons.setdefault(self.table, str(error))

    def hear(self, level: int, number: int, message: str) -> None:
        # What is below a failure is told of sound databases, too.
        if level >= 3:  # CE_Failure
            self.reasons.setdefault(self.table, message)


def find_integrity_errors(folder: Path, place: str, cancellation: Cancellation = NEVER) -> list[IntegrityError]:
    """What is wrong with the database or the folder of shapefiles ``place`` (path in the package) below ``folder``; empty for
    any other data set, and for a database without osgeo. Layers' rows are not read: who reads them tells."""
    path = folder / place
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return [
            fault for shape in sorted(path.iterdir()) if shape.suffix.lower() == ".shp" for fault in _cut(shape, place)
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
    told = _Told()
    with load_gdal() as gdal:
        gdal.PushErrorHandler(told.hear)
        try:
            tables = _read(gdal, path, told, cancellation)
        finally:
            gdal.PopErrorHandler()
    gone = _gone(path, tables)
    found = [IntegrityError(place, f"{place}/{part}", table) for part, table in gone.items()]
    found += [IntegrityError(place, f"{place}/{name}", "", kind="foreign") for name in _foreign(path, tables)]
    files = {name: stem for stem, name in tables.items()}
    for table, reason in told.reasons.items():
        part = f"{place}/{files[table]}{_TABLE}" if table in files else place
        # Of a file that is gone, and on opening where the table is known, GDAL says nothing new.
        if table not in gone.values() and (table or not (found or len(told.reasons) > 1)):
            found.append(
                IntegrityError(place, part, table or f"{_CATALOG}, {_SYSTEM['a00000004']}", _plain(reason, folder))
            )
    return found


def _cut(shape: Path, place: str) -> Iterator[IntegrityError]:
    """Files of a shapefile that are shorter than their heads say, and a table that is not there."""
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


def _read(gdal: Any, path: Path, told: _Told, cancellation: Cancellation) -> dict[str, str]:
    """Open every table, and read the rows of the database's own. Returns file (without suffix) → table."""
    database: Any = None
    with told.of(""):
        database = gdal.OpenEx(str(path), gdal.OF_VECTOR, ["OpenFileGDB"], ["LIST_ALL_TABLES=YES"])
    tables = dict(_SYSTEM)
    for number in range(database.GetLayerCount()) if database is not None else ():
        cancellation.raise_if_cancelled()
        # Layers are read in when they are asked for.
        with told.of(database.GetLayer(number).GetName()):
            layer = database.GetLayer(number)
            layer.GetLayerDefn().GetFieldCount()
            layer.GetFeatureCount()
            if layer.GetName() == _CATALOG:
                tables |= {f"a{row.GetFID():08x}": str(row.GetField(0)) for row in layer}
            elif layer.GetName().startswith(_OWN):
                sum(1 for _ in layer)
    return tables


def _gone(path: Path, tables: dict[str, str]) -> dict[str, str]:
    """Files that the catalog asks for and that are not there → the table's name."""
    there = {p.name.lower() for p in path.iterdir()}
    found: dict[str, str] = {}
    for stem, name in tables.items():
        # A compressed table has one file of another kind.
        if name in _NO_FILE or f"{stem}.cdf" in there:
            continue
        found |= {f"{stem}{suffix}": name for suffix in (_TABLE, _INDEX) if f"{stem}{suffix}" not in there}
    return found


def _foreign(path: Path, tables: dict[str, str]) -> list[str]:
    """Tables among the files that the catalog, where it could be read, does not list."""
    if len(tables) <= len(_SYSTEM):
        return []
    names = sorted(p.name for p in path.iterdir() if p.suffix.lower() == _TABLE)
    return [name for name in names if name.lower().removesuffix(_TABLE) not in tables]


def _plain(reason: str, folder: Path) -> str:
    """Without the path of this machine: a report travels."""
    return reason.replace(f"{folder}/", "").replace(str(folder), "").strip().rstrip(".")


#: How files of detached signatures end: CMS (RFC 5652), OpenPGP (RFC 9580), SM2 (GM/T 0009, 0010) and what tools call them.
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
    """Return True if a path in the package is a signature of the manifest, such as manifest.json.p7s or manifest.p7s."""
    low = path.lower()
    stems = (MANIFEST, MANIFEST.removesuffix(".json"))
    return any(low == f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)


def find_signatures(paths: Iterable[str]) -> list[str]:
    return sorted(path for path in paths if is_signature(path))
