# SPDX-License-Identifier: GPL-2.0-or-later
"""Scratch file that stores the shapes of a VCT file by id.

Memory holds only the ids, and where each record begins in the file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Bytes of a position: two doubles.
_BYTES_PER_POSITION = 16
#: Number of positions read at once.
_POSITIONS_PER_BLOCK = 100_000


class ShapeStore:
    """Records of bytes in a scratch file, by id: first all are written, then they are read.

    The number of a feature class is stored with each record. After `prepare_reading`, `find_records` returns the index
    of a record by its id.
    """

    def __init__(self, path: Path):
        self._file = path.open("w+b")
        self._ids, self._at, self._line = array("q"), array("q", [0]), array("q")
        self._code = array("i")
        self._sorted_ids: NDArray | None = None
        self._order_of_ids = np.zeros(0, dtype=np.int64)
        self.is_record_used = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        return len(self._ids)

    def append_content(self, record_id: int, content: bytes, line_number: int, class_number: int = 0) -> None:
        """Append a record with an id.

        ``line_number``: line of the record in the VCT file; ``class_number``: number of its feature class.
        """
        self._file.write(content)
        self._ids.append(record_id)
        self._at.append(self._at[-1] + len(content))
        self._line.append(line_number)
        self._code.append(class_number)

    def prepare_reading(self) -> tuple[int, int, int] | None:
        """Sort the ids, so that records can be read by id.

        Return a repeated id with its line and the line where it occurs first; None if no id is repeated.
        """
        # A full disk must be detected here, not in a later read.
        self._file.flush()
        ids = np.array(self._ids, dtype=np.int64)
        self._order_of_ids = np.argsort(ids, kind="stable")
        self._sorted_ids = ids[self._order_of_ids]
        self.is_record_used = np.zeros(len(ids), dtype=bool)
        repeated_places = np.flatnonzero(self._sorted_ids[1:] == self._sorted_ids[:-1])
        if not len(repeated_places):
            return None
        k = int(repeated_places[np.argmin(self._order_of_ids[repeated_places + 1])])
        first, second = int(self._order_of_ids[k]), int(self._order_of_ids[k + 1])
        return int(ids[second]), self._line[second], self._line[first]

    def find_records(self, record_ids: NDArray) -> NDArray:
        """Return (n,) the record index of each id, −1 for an unknown id."""
        if self._sorted_ids is None or not len(self._sorted_ids):
            return np.full(len(record_ids), -1)
        at = np.minimum(np.searchsorted(self._sorted_ids, record_ids), len(self._sorted_ids) - 1)
        return np.where(self._sorted_ids[at] == record_ids, self._order_of_ids[at], -1)

    def read_content(self, record: int) -> bytes:
        """Return the bytes of a record, given by its index."""
        start_offset, end_offset = self._at[record], self._at[record + 1]
        self._file.seek(start_offset)
        return self._file.read(end_offset - start_offset)

    def read_positions(self, record: int) -> NDArray:
        """Return the content of a record, given by its index, as positions (n, 2).

        It must have been written as doubles.
        """
        return np.frombuffer(self.read_content(record)).reshape(-1, 2)

    def iterate_position_blocks(self) -> Iterator[NDArray]:
        """Yield all positions of the file in blocks (b, 2); the content must have been written as doubles."""
        self._file.flush()
        total = self._at[-1] // _BYTES_PER_POSITION
        for first in range(0, total, _POSITIONS_PER_BLOCK):
            self._file.seek(first * _BYTES_PER_POSITION)
            count = min(_POSITIONS_PER_BLOCK, total - first)
            yield np.frombuffer(self._file.read(count * _BYTES_PER_POSITION)).reshape(-1, 2)
        self._file.seek(0, 2)

    def find_unused_records(self, class_number: int) -> NDArray:
        """Return the indices of the records of a feature class that no attribute row refers to."""
        codes = np.frombuffer(self._code, dtype=np.int32) if len(self._code) else np.zeros(0, np.int32)
        return np.flatnonzero((codes == class_number) & ~self.is_record_used)

    def get_line_number(self, record: int) -> int:
        """Return the VCT file's line number of a record."""
        return self._line[record]

    def get_class_number(self, record: int) -> int:
        """Return the number of the feature class that was stored with a record."""
        return self._code[record]

    def get_record_id(self, record: int) -> int:
        """Return the id of a record."""
        return self._ids[record]

    def close(self) -> None:
        """Close the scratch file."""
        self._file.close()
