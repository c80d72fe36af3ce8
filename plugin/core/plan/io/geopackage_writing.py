# SPDX-License-Identifier: GPL-2.0-or-later
"""Write rows to a GeoPackage; copy rows of a database or a table file into a temporary one.

The reader of GeoPackages then gives the same fields, shapes, curves and findings as for a county's file.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from ...base.errors import Cancellation, InputError
from ..layer import SourceLayer
from .file import LayerSelector, read_file
from .records import choose_free_name, quote_sql_name

#: Tables of the standard that a reader needs (OGC 12-128r18, annex C), and those of titles (GDAL's extension schema).
_CORE_TABLES = """
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10200;
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT
NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE,
min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT
NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk PRIMARY KEY (table_name,
column_name));
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description
TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk PRIMARY KEY (table_name, column_name));
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', ''),
('Undefined geographic', 0, 'NONE', 0, 'undefined', '');
"""
#: Number of an undefined coordinate system, and the first number given to systems without an EPSG code.
UNDEFINED_CRS, _FIRST_OTHER_CRS = -1, 900_000
#: Flags of a blob: little-endian, without bounds; an empty shape has another bit.
_FLAGS, _EMPTY_FLAGS = 0x01, 0x11
#: A GeoPackage version that the GDAL of an older QGIS opens without a warning.
GEOPACKAGE_OPTIONS = {"VERSION": "1.2"}


@dataclass(frozen=True)
class StagedColumn:
    """A field of a staged table; ``type``: the GeoPackage's; ``alias``: its Chinese title, empty without one."""

    name: str
    type: str
    alias: str = ""


@dataclass(frozen=True)
class StagedTable:
    """A table to create: fields, and the shapes if it has any.

    ``geometry_type``: as MULTIPOLYGON, empty for a table without shapes; ``crs``: a number that `StagedGeopackage`
    knows; ``has_z``, ``has_m``: 0 no, 1 yes, 2 some shapes.
    """

    name: str
    columns: tuple[StagedColumn, ...]
    geometry_type: str = ""
    crs: int = UNDEFINED_CRS
    has_z: int = 0
    has_m: int = 0


class StagedGeopackage:
    """A GeoPackage under construction, to be closed.

    ``label``: the source that is copied, for the error when the disk of temporary files is full.
    """

    def __init__(self, path: Path, label: str):
        self._label = label
        self._database = sqlite3.connect(path)
        self._database.executescript(_CORE_TABLES)
        self._table_names: set[str] = set()
        self._crs_count = 0

    def close(self) -> None:
        """Store what was written, and close the file."""
        with closing(self._database):
            self._database.commit()

    def add_crs(self, organization: str, code: int, definition: str, number: int | None = None) -> int:
        """Add a coordinate system and return its number: ``number``, else the EPSG code, else a free one.

        ``definition``: WKT.
        """
        if number is None:
            number = code if organization.upper() == "EPSG" else _FIRST_OTHER_CRS + self._crs_count
        self._crs_count += 1
        self._database.execute(
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, '')",
            (f"{organization}:{code}", number, organization or "NONE", code, definition or "undefined"),
        )
        return number

    def create_table(self, table: StagedTable) -> str:
        """Create a table; return its name, with a number if another differs in case only, as SQLite forbids that."""
        name, number = table.name, 2
        while name.casefold() in self._table_names:
            name, number = f"{table.name}_{number}", number + 1
        self._table_names.add(name.casefold())
        used = {one.name.casefold() for one in table.columns}
        shape, key = choose_free_name("geom", used), choose_free_name("fid", used)
        has_shapes = bool(table.geometry_type)
        parts = [
            f"{quote_sql_name(key)} INTEGER PRIMARY KEY",
            *([f"{quote_sql_name(shape)} {table.geometry_type}"] if has_shapes else []),
            *(f"{quote_sql_name(one.name)} {one.type}" for one in table.columns),
        ]
        self._database.execute(f"CREATE TABLE {quote_sql_name(name)} ({', '.join(parts)})")
        self._database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, ?, ?, ?)",
            (name, "features" if has_shapes else "attributes", name, table.crs if has_shapes else 0),
        )
        if has_shapes:
            self._database.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, ?, ?)",
                (name, shape, table.geometry_type, table.crs, table.has_z, table.has_m),
            )
        self._database.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
            [(name, one.name, one.name, one.alias) for one in table.columns if one.alias],
        )
        return name

    def add_rows(self, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows to a table: id (None: numbered), the blob of the shape if it has shapes, values of the fields."""
        rows = list(rows)
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            try:
                self._database.executemany(f"INSERT INTO {quote_sql_name(name)} VALUES ({marks})", rows)  # nosec B608 # the name is quoted
            except sqlite3.OperationalError as error:
                raise InputError("source_no_space", source=self._label) from error


def read_staged_file(
    path: Path, label: str, select_layer: LayerSelector, cancellation: Cancellation
) -> list[SourceLayer]:
    """Return the layers of a staged GeoPackage, with ``label`` as their source.

    Raises InputError and Cancelled as `file.read_file`.
    """
    try:
        layers = read_file(path, select_layer, cancellation, tables=True)
    except InputError as error:
        raise InputError(error.key, **{**error.params, "source": label}) from error
    for layer in layers:
        layer.source = label
    return layers


def make_shape_blob(wkb: bytes | memoryview | None, crs: int) -> bytes | None:
    """Return the GeoPackage's blob of a shape in well-known binary (ISO 13249-3); None without a shape."""
    if wkb is None:
        return None
    content = bytes(wkb)
    # WKB of shapes without a part: the count after byte order and type is zero.
    is_empty = len(content) == 9 and content[-4:] == b"\0\0\0\0"
    return b"GP\0" + struct.pack("<Bi", _EMPTY_FLAGS if is_empty else _FLAGS, crs) + content


def append_rows(frame: pd.DataFrame, path: Path, layer: str, geometry_type: str | None = "MultiPolygon") -> None:
    """Append rows to a layer of a GeoPackage; create the file or the layer if it is missing.

    ``geometry_type``: GDAL's name, None for a table without shapes; a multi type also stores single geometries as
    multi. Raise one of `DRIVER_ERRORS`.
    """
    exists = path.exists()
    pyogrio.write_dataframe(
        frame,
        path,
        layer=layer,
        driver="GPKG",
        geometry_type=geometry_type,
        promote_to_multi=None if geometry_type is None else geometry_type.startswith("Multi"),
        append=exists,
        dataset_options=None if exists else GEOPACKAGE_OPTIONS,
    )
