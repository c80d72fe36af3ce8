# SPDX-License-Identifier: GPL-2.0-or-later
"""Detection of damaged or incomplete data sets in a package.

GDAL opens a FileGDB whose system tables are truncated or whose indexes are missing, and reports this only in its log.
It opens a shapefile without its attribute table (.dbf) as one without fields.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.digests import MANIFEST_FILE_NAME, is_link
from ...exchange.gdal_setup import load_gdal

#: System tables by file, as in every FileGDB. The first lists all tables; GDB_Items describes the layers.
_SYSTEM_TABLE_OF_FILE = {
    "a00000001": "GDB_SystemCatalog",
    "a00000002": "GDB_DBTune",
    "a00000003": "GDB_SpatialRefs",
    "a00000004": "GDB_Items",
    "a00000005": "GDB_ItemTypes",
    "a00000006": "GDB_ItemRelationships",
    "a00000007": "GDB_ItemRelationshipTypes",
}
_CATALOG_TABLE = _SYSTEM_TABLE_OF_FILE["a00000001"]
#: A table without a file that the catalog of many intact databases lists.
_TABLES_WITHOUT_FILE = ("GDB_ReplicaLog",)
#: Prefix of system tables.
_SYSTEM_PREFIX = "GDB_"
_TABLE_SUFFIX, _INDEX_SUFFIX = ".gdbtable", ".gdbtablx"
#: The list of a table's indexes, the spatial index, and its name in the list.
_INDEX_LIST_SUFFIX, _SPATIAL_INDEX_SUFFIX = ".gdbindexes", ".spx"
_SPATIAL_INDEX_NAME = "FDO_SHAPE".encode("utf-16-le")


#: Bytes in the header of a .shp and .shx with the length of the file in words of two bytes (ESRI Shapefile Technical
#: Description, 1998, p. 4); in a .dbf with the number of rows, the length of the header and of a row (dBASE III).
_SHP_LENGTH_BYTES, _DBF_SIZE_BYTES = slice(24, 28), slice(4, 12)
#: Suffixes of detached signatures: CMS (RFC 5652), OpenPGP (RFC 9580), SM2 (GM/T 0009, 0010) and those of tools.
SIGNATURE_SUFFIXES = (
    ".p7s", ".p7b", ".p7m", ".p7", ".sig", ".sign", ".sgn", ".asc", ".gpg", ".sm2", ".sm2sig", ".cms", ".tsr", ".tst",
    ".ofd",
)  # fmt: skip


class IntegrityError(NamedTuple):
    """An error in a data set of a package.

    Attributes
    ----------
    dataset_path
        Path of the data set.
    damaged_path
        Path in the package of the damaged file; the data set if GDAL does not report the file.
    table_name
        The table in this file.
    reason
        GDAL's message; empty for a missing file.
    missing_count
        Bytes missing in a file of a shapefile by its header.
    kind
        ``no_index`` for a missing spatial index.
    """

    dataset_path: str
    damaged_path: str
    table_name: str
    reason: str = ""
    missing_count: int = 0
    kind: str = ""


@dataclass
class _ErrorLog:
    """GDAL's first error message for each table.

    Errors on opening the database have the table "".
    """

    reason_by_table: dict[str, str] = field(default_factory=dict)
    current_table: str = ""

    @contextmanager
    def assign_errors_to_table(self, table: str) -> Iterator[None]:
        """Record the errors that GDAL reports in the block as errors of this table."""
        self.current_table = table
        try:
            yield
        except RuntimeError as error:
            # Only if QGIS has configured GDAL to raise; otherwise GDAL calls `record_gdal_error`.
            self.reason_by_table.setdefault(self.current_table, str(error))

    def record_gdal_error(self, level: int, number: int, message: str) -> None:
        # Warnings also occur for intact databases.
        """Record an error message; GDAL calls this method."""
        if level >= 3:  # CE_Failure
            self.reason_by_table.setdefault(self.current_table, message)


def find_integrity_errors(
    folder: Path, data_set: str, cancellation: Cancellation = NEVER_CANCELLED
) -> list[IntegrityError]:
    """Return the damaged, missing or wrong files of a database or folder of shapefiles.

    ``data_set`` is its path in the package ``folder``. Rows of layers are not read; reading them reports errors. Other
    kinds of data sets, and a FileGDB without osgeo, give an empty result.
    """
    path = folder / data_set
    if path.suffix.lower() != ".gdb" or not path.is_dir():
        shapefiles = [p for p in sorted(path.iterdir()) if p.suffix.lower() == ".shp"] if path.is_dir() else []
        return [error for shapefile in shapefiles for error in _find_truncated_files(shapefile, data_set)]
    try:
        import osgeo.gdal  # noqa: F401
    except ImportError:
        return []
    errors = _ErrorLog()
    with load_gdal() as gdal:
        gdal.PushErrorHandler(errors.record_gdal_error)
        try:
            tables = _open_tables(gdal, path, errors, cancellation)
        finally:
            gdal.PopErrorHandler()
    file_names = {p.name.lower() for p in path.iterdir()}
    # A compressed table has one file of another kind.
    missing_files = {
        f"{stem}{suffix}": name
        for stem, name in tables.items()
        if name not in _TABLES_WITHOUT_FILE and f"{stem}.cdf" not in file_names
        for suffix in (_TABLE_SUFFIX, _INDEX_SUFFIX)
        if f"{stem}{suffix}" not in file_names
    }
    found_errors = [IntegrityError(data_set, f"{data_set}/{part}", table) for part, table in missing_files.items()]
    found_errors += [
        IntegrityError(data_set, f"{data_set}/{name}", table, kind="no_index")
        for name, table in _find_missing_spatial_indexes(path, tables).items()
    ]
    file_of_table = {name: stem for stem, name in tables.items()}
    for table, reason in errors.reason_by_table.items():
        part = f"{data_set}/{file_of_table[table]}{_TABLE_SUFFIX}" if table in file_of_table else data_set
        # Errors of a missing file are known, and errors on opening are reported only if no table is known.
        if table not in missing_files.values() and (table or not (found_errors or len(errors.reason_by_table) > 1)):
            found_errors.append(
                IntegrityError(
                    data_set,
                    part,
                    table or f"{_CATALOG_TABLE}, {_SYSTEM_TABLE_OF_FILE['a00000004']}",
                    # Without paths of this machine.
                    reason.replace(f"{folder}/", "").replace(str(folder), "").strip().rstrip("."),
                )
            )
    return found_errors


def _find_truncated_files(shp_path: Path, data_set: str) -> Iterator[IntegrityError]:
    """Yield a shapefile's files that are shorter than their headers state, and a missing .dbf."""
    file_of_suffix = {p.suffix.lower(): p for p in shp_path.parent.iterdir() if p.stem.lower() == shp_path.stem.lower()}
    if ".dbf" not in file_of_suffix:
        yield IntegrityError(data_set, f"{data_set}/{shp_path.stem}.dbf", shp_path.stem)
    for suffix, min_bytes in ((".shp", 100), (".shx", 100), (".dbf", 32)):
        if suffix not in file_of_suffix or is_link(file_of_suffix[suffix]):
            continue
        size = file_of_suffix[suffix].stat().st_size
        with file_of_suffix[suffix].open("rb") as handle:
            header = handle.read(min_bytes)
        if len(header) < min_bytes:
            missing_byte_count = min_bytes - len(header)
        elif suffix == ".dbf":
            rows, start, length = struct.unpack("<LHH", header[_DBF_SIZE_BYTES])
            missing_byte_count = start + rows * length - size
        else:
            missing_byte_count = 2 * int(struct.unpack(">l", header[_SHP_LENGTH_BYTES])[0]) - size
        if missing_byte_count > 0:
            yield IntegrityError(
                data_set, f"{data_set}/{file_of_suffix[suffix].name}", shp_path.stem, missing_count=missing_byte_count
            )


def _open_tables(gdal: Any, path: Path, error_log: _ErrorLog, cancellation: Cancellation) -> dict[str, str]:
    """Open every table of a FileGDB, and read the rows of its system tables.

    ``error_log`` records the errors that GDAL reports.

    Returns
    -------
    dict
        File name (without suffix) → table.
    """
    database: Any = None
    with error_log.assign_errors_to_table(""):
        database = gdal.OpenEx(str(path), gdal.OF_VECTOR, ["OpenFileGDB"], ["LIST_ALL_TABLES=YES"])
    tables = dict(_SYSTEM_TABLE_OF_FILE)
    for number in range(database.GetLayerCount()) if database is not None else ():
        cancellation.raise_if_cancelled()
        # Layers are loaded on access.
        with error_log.assign_errors_to_table(database.GetLayer(number).GetName()):
            layer = database.GetLayer(number)
            layer.GetLayerDefn().GetFieldCount()
            layer.GetFeatureCount()
            if layer.GetName() == _CATALOG_TABLE:
                tables |= {f"a{row.GetFID():08x}": str(row.GetField(0)) for row in layer}
            elif layer.GetName().startswith(_SYSTEM_PREFIX):
                sum(1 for _ in layer)
    return tables


def _find_missing_spatial_indexes(path: Path, table_by_file: dict[str, str]) -> dict[str, str]:
    """Return missing file → its table, for spatial indexes that the geodatabase lists for a table."""
    files = {p.name.lower(): p for p in path.iterdir()}
    missing_files: dict[str, str] = {}
    for stem, name in table_by_file.items():
        index_list = files.get(f"{stem}{_INDEX_LIST_SUFFIX}")
        if index_list is None or f"{stem}{_SPATIAL_INDEX_SUFFIX}" in files or name.startswith(_SYSTEM_PREFIX):
            continue
        if not is_link(index_list) and _SPATIAL_INDEX_NAME in index_list.read_bytes().upper():
            missing_files[f"{stem}{_SPATIAL_INDEX_SUFFIX}"] = name
    return missing_files


def is_signature(path: str) -> bool:
    """Return True if a path is a signature of the manifest.

    Examples are manifest.json.p7s and manifest.p7s.
    """
    stems = (MANIFEST_FILE_NAME, MANIFEST_FILE_NAME.removesuffix(".json"))
    return path.lower() in {f"{stem}{suffix}" for stem in stems for suffix in SIGNATURE_SUFFIXES}
