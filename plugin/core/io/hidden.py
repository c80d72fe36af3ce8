# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a GeoPackage that hold shapes and that the driver does not list, for the file does not register them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

#: Tables of the format itself, and those of QGIS and GDAL.
_OWN = ("gpkg_", "rtree_", "sqlite_", "ogr_", "layer_styles", "qgis_")
#: Every shape in a GeoPackage begins so.
_MAGIC = b"GP"


def hidden_tables(path: Path, listed: set[str]) -> dict[str, list[str]]:
    """Table → its columns, of tables and views with shapes that are not in ``listed``; empty for other formats."""
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    found = {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
            for (name,) in tables:
                if name in listed or name.lower().startswith(_OWN):
                    continue
                quoted = name.replace('"', '""')
                rows = database.execute(f'SELECT * FROM "{quoted}" LIMIT 50')  # nosec B608: quoted
                columns = [column[0] for column in rows.description]
                if any(isinstance(value, bytes) and value[:2] == _MAGIC for row in rows for value in row):
                    found[str(name)] = columns
    except sqlite3.Error:
        # Damaged, or a table of an extension that is not here: reading the layers reports what is damaged.
        return found
    return found
