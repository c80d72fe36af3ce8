# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a GeoPackage that the driver does not list as layers, or not at all, for the file does not register them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from .drawn import drawn_column

#: Tables of the format itself, and those of QGIS and GDAL.
OWN = ("gpkg_", "rtree_", "sqlite_", "ogr_", "layer_styles", "qgis_")
#: Every shape in a GeoPackage begins so.
_MAGIC = b"GP"


class Hidden(NamedTuple):
    """``shapes``: it has a column of them; ``drawn``: the column that draws them otherwise; ``rows``: known of a plain table."""

    columns: list[str]
    shapes: bool
    drawn: str = ""
    rows: int | None = None


def hidden_tables(path: Path, layers: set[str], tables: set[str]) -> dict[str, Hidden]:
    """Tables and views with shapes that are not among the ``layers``, and others that are not among the ``tables`` either;
    empty for other formats."""
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    found = {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
            for (name,) in names:
                if name in layers or name.lower().startswith(OWN):
                    continue
                quoted = name.replace('"', '""')
                cursor = database.execute(f'SELECT * FROM "{quoted}" LIMIT 50')  # nosec B608 # quotes are doubled
                columns, rows = [str(column[0]) for column in cursor.description], cursor.fetchall()
                if any(isinstance(value, bytes) and value[:2] == _MAGIC for row in rows for value in row):
                    found[str(name)] = Hidden(columns, True)
                elif name not in tables:
                    count = database.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()[0]  # nosec B608 # quotes are doubled
                    drawn = drawn_column(columns, list(zip(*rows, strict=True)) if rows else [()] * len(columns))
                    found[str(name)] = Hidden(columns, False, drawn, int(count))
    except sqlite3.Error:
        # Damaged, or a table of an extension that is not here: reading the layers reports what is damaged.
        return found
    return found
