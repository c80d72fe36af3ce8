# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes of a file by id in scratch files; memory holds only ids and offsets."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Bytes of a position: two doubles.
_POSITION = 16
#: Number of positions read at once.
_BLOCK = 100_000


class Store:
    """Bytes by id, first written, then read; ``code``: a number stored with each id."""

    def __init__(self, path: Path):
        self._file = path.open("w+b")
        self._ids, self._at, self._line = array("q"), array("q", [0]), array("q")
        self._code = array("i")
        self._sorted: NDArray | None = None
        self._order = np.zeros(0, dtype=np.int64)
        self.used = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, ident: int, content: bytes, line: int, code: int = 0) -> None:
        """Add the content of an id; ``line``: its line in the file."""
        self._file.write(content)
        self._ids.append(ident)
        self._at.append(self._at[-1] + len(content))
        self._line.append(line)
        self._code.append(code)

    def seal(self) -> tuple[int, int, int] | None:
        """Prepare for reading; return id, line and first line of a repeated id."""
        # A full disk must be detected here, not in a later read.
        self._file.flush()
        ids = np.array(self._ids, dtype=np.int64)
        self._order = np.argsort(ids, kind="stable")
        self._sorted = ids[self._order]
        self.used = np.zeros(len(ids), dtype=bool)
        twice = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        if not len(twice):
            return None
        k = int(twice[np.argmin(self._order[twice + 1])])
        first, second = int(self._order[k]), int(self._order[k + 1])
        return int(ids[second]), self._line[second], self._line[first]

    def find(self, idents: NDArray) -> NDArray:
        """Return (n,) the place of each id, −1 if unknown."""
        if self._sorted is None or not len(self._sorted):
            return np.full(len(idents), -1)
        at = np.minimum(np.searchsorted(self._sorted, idents), len(self._sorted) - 1)
        return np.where(self._sorted[at] == idents, self._order[at], -1)

    def get(self, place: int) -> bytes:
        """Return the content at a place."""
        start, stop = self._at[place], self._at[place + 1]
        self._file.seek(start)
        return self._file.read(stop - start)

    def positions(self, place: int) -> NDArray:
        """Return content written as doubles as positions (n, 2)."""
        return np.frombuffer(self.get(place)).reshape(-1, 2)

    def blocks(self) -> Iterator[tuple[int, NDArray]]:
        """Yield all positions (n, 2) in blocks, with the number of the first.

        The content must be written as doubles.
        """
        self._file.flush()
        total = self._at[-1] // _POSITION
        for first in range(0, total, _BLOCK):
            self._file.seek(first * _POSITION)
            count = min(_BLOCK, total - first)
            yield first, np.frombuffer(self._file.read(count * _POSITION)).reshape(-1, 2)
        self._file.seek(0, 2)

    def record(self, position: int) -> tuple[int, int]:
        """Return line and id of the record that contains a position."""
        place = bisect_right(self._at, position * _POSITION) - 1
        return self._line[place], self._ids[place]

    def count_records(self, positions: NDArray) -> int:
        """Return the number of records that contain these positions."""
        at = np.frombuffer(self._at, dtype=np.int64)
        return len(np.unique(np.searchsorted(at, positions * _POSITION, side="right")))

    def ids_of(self, code: int) -> NDArray:
        """Return the ids with this number, in the order of the file."""
        codes = np.frombuffer(self._code, dtype=np.int32) if len(self._code) else np.zeros(0, np.int32)
        return np.array(self._ids, dtype=np.int64)[codes == code]

    def unused(self, code: int) -> NDArray:
        """Return the places of unused records with this number."""
        codes = np.frombuffer(self._code, dtype=np.int32) if len(self._code) else np.zeros(0, np.int32)
        return np.flatnonzero((codes == code) & ~self.used)

    def line(self, place: int) -> int:
        """Return the line of a place."""
        return self._line[place]

    def code(self, place: int) -> int:
        """Return the number stored at a place."""
        return self._code[place]

    def id(self, place: int) -> int:
        """Return the id of a place."""
        return self._ids[place]

    def close(self) -> None:
        """Close the scratch file."""
        self._file.close()
