# SPDX-License-Identifier: GPL-2.0-or-later
"""The conflict matrix (冲突矩阵) of a standard: what it means when two control lines share land, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..files.data import MARKS, check_keys, expect, read_toml

#: The section of a profile in which a county gives single pairs another meaning; also the name of the matrix where its
#: marks are told.
CONFLICTS = "conflicts"
#: The file of a standard that holds the matrix.
FILE = "conflicts.toml"
ERROR, WARNING, INFORMATION, EVIDENCE, ALLOWED = "error", "warning", "information", "evidence", "allowed"
MEANINGS = (ERROR, WARNING, INFORMATION, EVIDENCE, ALLOWED)
_KEYS = ("left", "right", "meaning", "basis", "mark")


@dataclass(frozen=True)
class Conflict:
    """One pair. ``left`` and ``right``: concepts or layer codes; ``meaning``: one of `MEANINGS`; ``basis``: a citation;
    ``rule``: the code of a rule that tells this pair already."""

    left: str
    right: str
    meaning: str
    basis: str
    mark: str
    rule: str = ""

    @property
    def key(self) -> str:
        """The setting that holds the pair's meaning: ``conflicts.boundary-flood_line``."""
        return f"{CONFLICTS}.{self.left}-{self.right}"

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.left, self.right))


def load_conflicts(folder: Path) -> tuple[Conflict, ...]:
    """The matrix in a standard's folder; empty where there is none. An entry of several lines on a side is as many pairs.

    DataError for an unknown key or value, a pair that is there twice or, of the file's ``lines``, not at all, and an
    error that stands on mark C only.
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
        # A county that knows better says so in its profile.
        raise _unknown(path, f"{where}.meaning", ERROR, [m for m in MEANINGS if m != ERROR])
    return [Conflict(a, b, **rest) for a in left for b in right]


def _words(value: Any, path: Path, where: str) -> list[str]:
    """One word or a list of them."""
    words = value if isinstance(value, list) else [value]
    return [expect(word, str, file=path, key=where) for word in words]


def check_meaning(value: Any, path: Path, key: str) -> None:
    """DataError for what is no meaning, naming those there are."""
    if value not in MEANINGS:
        raise _unknown(path, key, value, MEANINGS)


def merge_conflicts(own: Iterable[Conflict], others: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """Own pairs, and of the others those that are not said yet, whichever side is left."""
    found = {c.pair: c for c in own}
    for conflict in others:
        found.setdefault(conflict.pair, conflict)
    return tuple(found.values())


def _unknown(path: Path, key: str, value: Any, known: Iterable[str]) -> DataError:
    return DataError("data_value_unknown", file=str(path), key=key, value=str(value), known=", ".join(known))
