# SPDX-License-Identifier: GPL-2.0-or-later
"""The records of a shapefile by its three files: the table (.dbf), the index (.shx), and the shapes (.shp) themselves.

A driver reads what the index lists. A shape past it, or one that the table marks as deleted, stays in the .shp all the same.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..files.encoding import part

#: The header of a .shp and of a .shx; that of a record; the shortest record: that of no shape.
_HEADER, _RECORD, _SHORTEST = 100, 8, 12


def shapefile_rows(path: Path) -> int | None:
    """The rows of the table that are not marked as deleted, and the shapes that the index leaves out. None without a table."""
    counted = _marks(path)
    if counted is None:
        return None
    count, marks = counted
    entries = _entries(path)
    # Where table and index differ, the table alone shows it: the driver reads what the index lists.
    more = _unlisted(path, entries) if entries is not None and len(entries) == count else 0
    return count - int(np.count_nonzero(marks)) + more


def deleted_shapes(path: Path) -> int:
    """Rows that the table marks as deleted and that still have a shape; 0 for what is no shapefile or cannot be read."""
    if path.suffix.lower() != ".shp":
        return 0
    try:
        counted, entries = _marks(path), _entries(path)
    except (OSError, struct.error):
        # Reading the layer has told why.
        return 0
    if counted is None or entries is None:
        return 0
    marks = counted[1][: len(entries)]
    drawn = entries[: len(marks), 1] > _SHORTEST - _RECORD
    return int(np.count_nonzero(marks & drawn))


def _marks(path: Path) -> tuple[int, NDArray[np.bool_]] | None:
    """The number of rows in the table, and of each whether it is marked as deleted (none where the table is cut off)."""
    table = part(path, ".dbf")
    if table is None:
        return None
    with table.open("rb") as handle:
        header = handle.read(12)
    if len(header) < 12:
        return None
    count, start, size = struct.unpack_from("<IHH", header, 4)
    needed = (count - 1) * size + 1
    if not count or not size:
        return 0, np.zeros(0, dtype=bool)
    if table.stat().st_size - start < needed:
        # Cut off; the reader says so.
        return int(count), np.zeros(0, dtype=bool)
    marks = np.memmap(table, dtype=np.uint8, mode="r", offset=start)[:needed:size]
    return int(count), np.asarray(marks == ord("*"))


def _entries(path: Path) -> NDArray[np.int64] | None:
    """(n, 2) of the index: where the record of a shape begins, and the bytes of its content."""
    index = part(path, ".shx")
    if index is None:
        return None
    words = np.fromfile(index, dtype=">i4", offset=_HEADER) if index.stat().st_size > _HEADER else np.zeros(0, ">i4")
    return words[: len(words) // 2 * 2].reshape(-1, 2).astype(np.int64) * 2


def _unlisted(path: Path, entries: NDArray[np.int64]) -> int:
    """Shapes that the index does not list: between those that it lists, and after the last.

    Nothing is read of a file without such room. A record that a driver left behind when it wrote the shape anew elsewhere has
    the number of one that is listed.
    """
    if not path.is_file():
        return 0
    listed = entries[np.argsort(entries[:, 0], kind="stable")]
    begins = np.concatenate([[_HEADER], np.maximum.accumulate(listed.sum(axis=1) + _RECORD)])
    ends = np.concatenate([listed[:, 0], [path.stat().st_size]])
    gaps = np.flatnonzero(ends - begins >= _SHORTEST)
    if not len(gaps):
        return 0
    with path.open("rb") as handle:
        (kind,) = struct.unpack_from("<i", handle.read(36), 32)
        found: set[int] = set()
        for gap in gaps:
            found |= _numbers(handle, int(begins[gap]), int(ends[gap]), kind)
        if found:
            for start in listed[:, 0]:
                handle.seek(int(start))
                found.discard(int.from_bytes(handle.read(4), "big", signed=True))
    return len(found)


def _numbers(handle: BinaryIO, begin: int, end: int, kind: int) -> set[int]:
    """The numbers of the records that follow each other from here, as far as they are records."""
    found = set()
    while begin + _SHORTEST <= end:
        handle.seek(begin)
        number, words = struct.unpack(">ii", handle.read(_RECORD))
        (drawn,) = struct.unpack("<i", handle.read(4))
        size = _RECORD + 2 * words
        if number < 0 or size < _SHORTEST or begin + size > end or drawn not in (0, kind):
            break
        found.add(number)
        begin += size
    return found
