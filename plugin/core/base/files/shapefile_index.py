# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the index of a shapefile (.shx), compare it with the .shp, or rebuild it.

References
----------
ESRI Shapefile Technical Description, 1998.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .encoding import find_sibling_file

#: Bytes of the header of a .shp and of a .shx; of a record's header; of the shortest record (a null shape).
HEADER_BYTES, RECORD_HEADER_BYTES, SHORTEST_RECORD_BYTES = 100, 8, 12


def read_index(path: Path) -> NDArray[np.int64]:
    """Return the index of a shapefile as (n, 2): byte offset and length of each shape.

    Without a .shx these are the shapes in the order of the .shp.
    """
    index = find_sibling_file(path, ".shx")
    if index is None:
        return list_records(path, HEADER_BYTES, path.stat().st_size)[:, :2]
    numbers = np.frombuffer(index.read_bytes()[HEADER_BYTES:], dtype=np.uint8)
    return numbers[: len(numbers) // 8 * 8].view(">i4").reshape(-1, 2).astype(np.int64) * 2


def list_records(path: Path, begin: int, end: int) -> NDArray[np.int64]:
    """Return byte offset, length and number (n, 3) of records of a .shp.

    They are the consecutive valid records between two byte offsets.
    """
    records = []
    with path.open("rb") as handle:
        (kind,) = struct.unpack_from("<i", handle.read(HEADER_BYTES), 32)
        while begin + SHORTEST_RECORD_BYTES <= end:
            handle.seek(begin)
            number, word_count = struct.unpack(">ii", handle.read(RECORD_HEADER_BYTES))
            (shape_kind,) = struct.unpack("<i", handle.read(4))
            size = RECORD_HEADER_BYTES + 2 * word_count
            if number < 0 or size < SHORTEST_RECORD_BYTES or begin + size > end or shape_kind not in (0, kind):
                break
            records.append((begin, 2 * word_count, number))
            begin += size
    return np.array(records, dtype=np.int64).reshape(-1, 3)


def index_matches_shapes(path: Path, entries: NDArray[np.int64]) -> bool:
    """Return True if each entry of an index points at the shape of its row.

    ``entries``: as `read_index` returns them. A shape has its row's number (from 1 on; some programs count from 0). In
    a file without such numbers the shapes must be in the order of the index. An entry of no length is a row without a
    shape.
    """
    offsets, lengths = entries[entries[:, 1] > 0].T
    if not len(offsets):
        return True
    if offsets.min() < HEADER_BYTES or (offsets + RECORD_HEADER_BYTES + lengths).max() > path.stat().st_size:
        return False
    content = np.memmap(path, dtype=np.uint8, mode="r")
    heads = content[offsets[:, None] + np.arange(RECORD_HEADER_BYTES)].view(">i4").astype(np.int64)
    rows, numbers = np.flatnonzero(entries[:, 1] > 0), heads[:, 0]
    is_numbered = len(np.unique(numbers)) == len(numbers) and np.ptp(numbers) <= np.ptp(rows)
    in_order = np.ptp(numbers - rows) == 0 if is_numbered else (np.diff(offsets) > 0).all()
    return bool(in_order and (2 * heads[:, 1] == lengths).all())


def write_index(path: Path, target: Path) -> None:
    """Write the index of a .shp that lists its shapes in their order."""
    with path.open("rb") as handle:
        header = bytearray(handle.read(HEADER_BYTES))
    entries = list_records(path, HEADER_BYTES, path.stat().st_size)[:, :2] // 2
    header[24:28] = struct.pack(">i", (HEADER_BYTES + entries.size * 4) // 2)
    target.write_bytes(bytes(header) + entries.astype(">i4").tobytes())
