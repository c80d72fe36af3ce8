# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the spatial index of a GeoPackage find its shapes? A window that is drawn on a map asks the index, never the shapes."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

#: Bytes of a shape up to the end of its envelope, and where that begins (OGC 12-128, 2.1.3).
_UP_TO, _ENVELOPE = 40, 8
_EMPTY = 0x10
#: The index holds numbers of four bytes, which are off by this share at most.
_ROUNDED = 3e-7


def not_indexed(path: Path) -> list[tuple[str, int]]:
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
