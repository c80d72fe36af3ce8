# SPDX-License-Identifier: GPL-2.0-or-later
"""Find geometry in texts, and tables of a GeoPackage that no driver lists as layers."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from ...base.files.open_datasource import DATABASE_ERRORS
from .sql_names import quote_sql_name

#: The heading of a file of boundary points, in half-width or full-width brackets and in each encoding.
_BOUNDARY_POINTS_HEADINGS = b"|".join(
    re.escape(f"{bracket}地块坐标".encode(encoding))
    for bracket in "[［【"
    for encoding in ("utf-8", "gbk", "utf-16-le")
)
#: GeoJSON, Esri JSON, TopoJSON, GML, KML, a virtual layer of GDAL; WKT; WKB in hexadecimal digits; boundary points.
_TEXT_GEOMETRY_PATTERN = re.compile(
    rb"FeatureCollection|\"Feature\"|esriGeometry|\"Topology\"|<kml|<OGRVRT|\"(?:coordinates|rings)\"\s*:\s*\["
    rb"|POLYGON|(?i:polygon\s*(?:z|m|zm)?\s*\(\s*\()|\b010[36]0000[0-9A-Fa-f]{34}|" + _BOUNDARY_POINTS_HEADINGS
)


def does_text_have_geometry(text: bytes) -> bool:
    """Return True if a text names itself a format of layers or of boundary points, or contains a polygon."""
    # Without zeros, words of ASCII are the same in UTF-16.
    return any(_TEXT_GEOMETRY_PATTERN.search(one) for one in (text, text.replace(b"\0", b"")))


#: Tables of the format itself, and those of QGIS and GDAL.
INTERNAL_TABLE_PREFIXES = ("gpkg_", "rtree_", "sqlite_", "ogr_", "layer_styles", "qgis_")
#: First bytes of each geometry in a GeoPackage.
_GEOMETRY_MAGIC = b"GP"


class HiddenTable(NamedTuple):
    """A table or view of a database that is not among its listed layers, or cannot be read as one layer.

    ``columns``: their names; ``problem``: as of `SourceLayer`, None if the table is read by a view or reported as part
    of another one; ``row_count``: number of rows of a table without geometry, else None.
    """

    columns: list[str]
    problem: tuple[str, dict[str, Any]] | None
    row_count: int | None = None


#: A table that a database lists as a layer, but does not have, or has damaged.
MISSING_TABLE = HiddenTable([], ("layer_table_missing", {}))


def find_hidden_tables(path: Path, layers: set[str], tables: set[str]) -> dict[str, HiddenTable]:
    """Return name → table or view of a GeoPackage that the lists of layers and tables omit.

    ``layers``, ``tables``: names in the two lists. A table with geometry is hidden if it is not among ``layers``, any
    other table if it is not among ``tables``. A registered table that is missing or has several columns of shapes is
    hidden, too, and one that a view reads, which is a layer or hidden itself. Empty for other formats.
    """
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        try:
            stored = database.execute("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')")
            view_by_name = {name: str(sql) if kind == "view" else "" for name, kind, sql in stored}
            registered = database.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")
            registered_names = [str(name) for (name,) in registered]
            geometry_columns = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        except DATABASE_ERRORS:
            # Damaged as a whole: reading the layers reports that.
            return {}
        view_texts = " ".join(view_by_name.values())
        hidden_tables: dict[str, HiddenTable] = {}
        for name in dict.fromkeys([*view_by_name, *registered_names]):
            if name in layers or name.lower().startswith(INTERNAL_TABLE_PREFIXES):
                continue
            try:
                table = _inspect_table(database, name, tables)
            except DATABASE_ERRORS:
                # Missing, damaged, or (if it is not registered) of an extension that SQLite lacks.
                table = MISSING_TABLE if name in registered_names else None
            if view_by_name.get(name) == "" and re.search(rf"\b{re.escape(name)}\b", view_texts, re.IGNORECASE):
                table = HiddenTable([], None)
            shape_columns = [column for table_name, column in geometry_columns if table_name == name]
            if table is not None and len(shape_columns) > 1:
                params = {"count": len(shape_columns), "columns": "、".join(map(str, shape_columns))}
                table = HiddenTable(table.columns, ("shape_columns", params))
                # A driver makes a layer for each of them.
                hidden_tables |= {f"{name} ({column})": HiddenTable([], None) for column in shape_columns}
            if table is not None:
                hidden_tables[str(name)] = table
    return hidden_tables


def _inspect_table(database: sqlite3.Connection, name: str, tables: set[str]) -> HiddenTable | None:
    """Return a table or view that is not a layer; None for one without geometry among ``tables``.

    Raise sqlite3.Error if it cannot be read.
    """
    quoted = quote_sql_name(name)
    cursor = database.execute(f"SELECT * FROM {quoted} LIMIT 50")  # nosec B608 # the name is quoted
    columns, rows = [str(column[0]) for column in cursor.description], cursor.fetchall()
    if any(isinstance(value, bytes) and value[:2] == _GEOMETRY_MAGIC for row in rows for value in row):
        return HiddenTable(columns, ("unregistered", {}))
    if name in tables:
        return None
    count = database.execute(f"SELECT COUNT(*) FROM {quoted}").fetchone()[0]  # nosec B608 # the name is quoted
    return HiddenTable(columns, ("table", {}), int(count))
