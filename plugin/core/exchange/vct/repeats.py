# SPDX-License-Identifier: GPL-2.0-or-later
"""Report rows that repeat a key or geometry of their table, and codes that lost their leading zero."""

from __future__ import annotations

from typing import Any, NamedTuple

from .batch import Batch
from .parts import key_position
from .remarks import Remarks
from .settings import load_settings
from .structure import Table

#: Kinds of tables in which two equal geometries are one feature drawn twice.
_DRAWN = ("polygon", "line")


class Repeats:
    """Find repeated keys and geometries of one table.

    ``joined``: parts of one feature were merged before `add`. If not, successive rows with equal values may be parts of one
    feature and are not reported as repeated keys.
    """

    def __init__(self, table: Table, remarks: Remarks, joined: bool):
        self.table, self.remarks, self.joined = table, remarks, joined
        self._key = key_position(table)
        self._keys: dict[str, int] = {}
        self._shapes: dict[int, int] = {}
        self._last: list[Any] = []
        self._repeated: list[tuple[str, int]] = []

    def add(self, batch: Batch) -> None:
        for row, shape, line in zip(batch.rows, batch.shapes, batch.lines, strict=True):
            if self.table.kind in _DRAWN and shape is not None:
                earlier = self._shapes.setdefault(hash(shape), line)
                if earlier != line:
                    self.remarks.add_example("vct_note_shape_twice", line, str(earlier), 1, table=self.table.name)
            if self._key is not None and row[self._key] is not None:
                value = str(row[self._key])
                if self._keys.setdefault(value, line) != line and (self.joined or row != self._last):
                    self._repeated.append((value, line))
            self._last = row

    def close(self) -> None:
        if not self._repeated or len(self._keys) == 1:
            # Another remark reports one key in all rows.
            return
        value, line = self._repeated[0]
        field = self.table.columns[self._key or 0].name
        self.remarks.add_example(
            "vct_note_key_twice", line, value, len(self._repeated), table=self.table.name, field=field
        )


class _Code(NamedTuple):
    """A code of a field in one table: the line of the first row that has it, and how many rows have it."""

    table: str
    line: int
    rows: int


class LostZeros:
    """Find codes without their leading zero: 103 in a field that has 0103 in any table, most likely lost in a spreadsheet."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, list[_Code]]] = {}

    def add(self, batch: Batch) -> None:
        endings = tuple(load_settings().code_endings)
        for place, column in enumerate(batch.table.columns):
            name = column.name.upper()
            if column.type != "text" or not name.endswith(endings):
                continue
            found: dict[str, list[int]] = {}
            for row, line in zip(batch.rows, batch.lines, strict=True):
                if row[place]:
                    found.setdefault(row[place].strip(), [line, 0])[1] += 1
            known = self._fields.setdefault(name, {})
            for value, (line, count) in found.items():
                known.setdefault(value, []).append(_Code(batch.table.name, line, count))

    def report(self, remarks: Remarks) -> None:
        for field, codes in self._fields.items():
            for value, places in codes.items():
                if f"0{value}" not in codes:
                    continue
                for place in places:
                    remarks.add_example(
                        "vct_note_zero_lost", place.line, value, place.rows, table=place.table, field=field
                    )
