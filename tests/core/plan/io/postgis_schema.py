# SPDX-License-Identifier: GPL-2.0-or-later
"""A GeoPackage as a schema of a PostGIS database, written with statements of SQL only."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_TYPES = {"MEDIUMINT": "int4", "SMALLINT": "int2", "INTEGER": "int8", "DOUBLE": "float8", "REAL": "float8",
          "DATE": "date", "DATETIME": "timestamptz", "TEXT": "text", "BOOLEAN": "bool"}  # fmt: skip
_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def write_schema(database: Any, schema: str, path: Path) -> None:
    """Write the tables of a GeoPackage with all rows and titles to a new schema."""
    with closing(sqlite3.connect(path)) as source, database.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{schema}"')
        shapes = {
            table: (column, kind, code)
            for table, column, kind, code in source.execute(
                "SELECT g.table_name, g.column_name, g.geometry_type_name, s.organization_coordsys_id FROM "
                "gpkg_geometry_columns g JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id"
            )
        }
        has_titles = source.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_data_columns'").fetchone()
        titles = source.execute("SELECT table_name, column_name, title FROM gpkg_data_columns") if has_titles else []
        title_by_column = {(table, column): title for table, column, title in titles}
        for (table,) in source.execute("SELECT table_name FROM gpkg_contents").fetchall():
            _write_table(source, cursor, schema, table, shapes.get(table), title_by_column)
    database.commit()


def _write_table(source, cursor, schema, table, shape, title_by_column) -> None:
    columns = source.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall()
    declared, marks = [], []
    for name, kind, key in columns:
        is_shape = shape is not None and name == shape[0]
        type_name = f"geometry({shape[1]}, {shape[2]})" if is_shape else _find_type(kind)
        declared.append(f'"{name}" {type_name}{" PRIMARY KEY" if key else ""}')
        marks.append(f"ST_GeomFromWKB(%s, {shape[2]})" if is_shape else "%s")
    cursor.execute(f'CREATE TABLE "{schema}"."{table}" ({", ".join(declared)})')
    for name, _, _ in columns:
        if title := title_by_column.get((table, name)):
            cursor.execute(f'COMMENT ON COLUMN "{schema}"."{table}"."{name}" IS %s', (title,))
    statement = f'INSERT INTO "{schema}"."{table}" VALUES ({", ".join(marks)})'
    place = next((n for n, (name, _, _) in enumerate(columns) if shape is not None and name == shape[0]), None)
    for row in source.execute(f'SELECT * FROM "{table}"'):
        values = list(row)
        if place is not None and values[place] is not None:
            values[place] = values[place][8 + _ENVELOPE_BYTES[values[place][3] >> 1 & 7] :]
        cursor.execute(statement, values)


def _find_type(kind: str) -> str:
    width = re.fullmatch(r"TEXT\((\d+)\)", kind)
    return f"varchar({width[1]})" if width else _TYPES[kind.split("(")[0]]
