# SPDX-License-Identifier: GPL-2.0-or-later
"""The conflict matrix (冲突矩阵) of a standard, as data.

It defines the meaning of land shared by two control lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files.data import MARKS, check_keys, expect, read_toml

#: Section of a profile in which a county changes the meaning of single pairs; also the name of the matrix in lists of
#: marks.
CONFLICTS = "conflicts"
#: The file of the matrix in a standard's folder.
FILE = "conflicts.toml"
ERROR, WARNING, INFORMATION, EVIDENCE, ALLOWED = "error", "warning", "information", "evidence", "allowed"
MEANINGS = (ERROR, WARNING, INFORMATION, EVIDENCE, ALLOWED)
_KEYS = ("left", "right", "meaning", "basis", "mark")


@dataclass(frozen=True)
class Conflict:
    """One pair of control lines.

    ``left`` and ``right``: concepts or layer codes; ``meaning``: one of `MEANINGS`; ``basis``: a citation; ``rule``:
    the code of a rule that reports this pair already.
    """

    left: str
    right: str
    meaning: str
    basis: str
    mark: str
    rule: str = ""

    @property
    def key(self) -> str:
        """Return the setting of the pair's meaning: ``conflicts.boundary-flood_line``."""
        return f"{CONFLICTS}.{self.left}-{self.right}"

    @property
    def pair(self) -> frozenset[str]:
        """Return both sides, independent of their order."""
        return frozenset((self.left, self.right))


def load_conflicts(folder: Path) -> tuple[Conflict, ...]:
    """Return the matrix of a standard's folder; empty without the file.

    An entry with several lines on a side gives several pairs. Raise DataError for an unknown key or value, a repeated
    pair, a missing pair of the file's ``lines``, and an error based on mark C only.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    table = read_toml(path)
    check_keys(table, required=("pairs",), allowed=("lines",), file=path)
    found: dict[frozenset[str], Conflict] = {}
    for number, row in enumerate(expect(table["pairs"], list, file=path, key="pairs"), 1):
        where = f"pairs[{number}]"
        for conflict in _conflicts(row, path, where):
            if conflict.pair in found or len(conflict.pair) < 2:
                raise DataError("data_duplicate", file=str(path), key=where, value=" / ".join(conflict.pair))
            found[conflict.pair] = conflict
    for left, right in combinations(_words(table.get("lines", []), path, "lines"), 2):
        if frozenset((left, right)) not in found:
            raise DataError("data_key_missing", file=str(path), key=f"pairs: {left} / {right}")
    return tuple(found.values())


def _conflicts(row: Any, path: Path, where: str) -> list[Conflict]:
    expect(row, dict, file=path, key=where)
    check_keys(row, required=_KEYS, allowed=("rule",), file=path, where=where)
    left, right = (_words(row[side], path, f"{where}.{side}") for side in ("left", "right"))
    rest = {key: value for key, value in row.items() if key not in ("left", "right")}
    for key, value in rest.items():
        expect(value, str, file=path, key=f"{where}.{key}")
    check_meaning(row["meaning"], path, f"{where}.meaning")
    if row["mark"] not in MARKS:
        raise _unknown(path, f"{where}.mark", row["mark"], MARKS)
    if row["mark"] == "C" and row["meaning"] == ERROR:
        # A county with better knowledge sets the meaning in its profile.
        raise _unknown(path, f"{where}.meaning", ERROR, [m for m in MEANINGS if m != ERROR])
    return [Conflict(a, b, **rest) for a in left for b in right]


def _words(value: Any, path: Path, where: str) -> list[str]:
    """Return one word or a list of words as a list."""
    words = value if isinstance(value, list) else [value]
    return [expect(word, str, file=path, key=where) for word in words]


def check_meaning(value: Any, path: Path, key: str) -> None:
    """Raise DataError with the known meanings for an unknown one."""
    if value not in MEANINGS:
        raise _unknown(path, key, value, MEANINGS)


def merge_conflicts(own: Iterable[Conflict], others: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """Return own pairs, and the pairs of others that are missing, in either order."""
    found = {c.pair: c for c in own}
    for conflict in others:
        found.setdefault(conflict.pair, conflict)
    return tuple(found.values())


def _unknown(path: Path, key: str, value: Any, known: Iterable[str]) -> DataError:
    return DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=", ".join(known))
