# SPDX-License-Identifier: GPL-2.0-or-later
"""Find geometry in texts, and tables of a GeoPackage that no driver lists as layers."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

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
    """A table or view of a GeoPackage that is not among its listed layers.

    ``columns``: their names; ``row_count``: number of rows, None for a table with geometry.
    """

    columns: list[str]
    has_geometry_column: bool
    row_count: int | None = None


def find_hidden_tables(path: Path, layers: set[str], tables: set[str]) -> dict[str, HiddenTable]:
    """Return name → table or view of a GeoPackage that the lists of layers and tables omit.

    ``layers``, ``tables``: names in the two lists. A table with geometry is hidden if it is not among ``layers``, any
    other table if it is not among ``tables``. Empty for other formats.
    """
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    hidden_tables = {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            name_rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
            for (name,) in name_rows:
                if name in layers or name.lower().startswith(INTERNAL_TABLE_PREFIXES):
                    continue
                quoted = name.replace('"', '""')
                cursor = database.execute(f'SELECT * FROM "{quoted}" LIMIT 50')  # nosec B608 # quotes are doubled
                columns, rows = [str(column[0]) for column in cursor.description], cursor.fetchall()
                if any(isinstance(value, bytes) and value[:2] == _GEOMETRY_MAGIC for row in rows for value in row):
                    hidden_tables[str(name)] = HiddenTable(columns, True)
                elif name not in tables:
                    count = database.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()[0]  # nosec B608 # quotes are doubled
                    hidden_tables[str(name)] = HiddenTable(columns, False, int(count))
    except sqlite3.Error:
        # Damaged, or a table of a missing extension: reading the layers reports damage.
        return hidden_tables
    return hidden_tables
