# SPDX-License-Identifier: GPL-2.0-or-later
"""The conflict matrix (冲突矩阵) of a standard, as data.

For each pair of control lines it states what shared land means: error, warning, information, evidence or allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.files.data import SOURCE_MARKS, check_keys, check_known, check_type, read_toml, read_value

#: Section of a profile in which a county changes the meaning of single pairs; also the name of the matrix in lists of
#: marks.
CONFLICTS_SECTION = "conflicts"
#: The file of the matrix in a standard's folder.
CONFLICTS_FILE = "conflicts.toml"
ERROR_MEANING, WARNING_MEANING, INFORMATION_MEANING, EVIDENCE_MEANING, ALLOWED_MEANING = (
    "error",
    "warning",
    "information",
    "evidence",
    "allowed",
)
CONFLICT_MEANINGS = (ERROR_MEANING, WARNING_MEANING, INFORMATION_MEANING, EVIDENCE_MEANING, ALLOWED_MEANING)
_REQUIRED_KEYS = ("left", "right", "meaning", "basis", "mark")


@dataclass(frozen=True)
class ConflictMatrixEntry:
    """What land shared by two control lines means.

    ``left``, ``right``: concepts or layer codes; ``meaning``: one of `CONFLICT_MEANINGS`; ``basis``: key of a citation;
    ``rule``: code of a rule that reports this pair already.
    """

    left: str
    right: str
    meaning: str
    basis: str
    mark: str
    rule: str = ""

    @property
    def setting_key(self) -> str:
        """Return the setting key of the pair's meaning: ``conflicts.boundary-flood_line``."""
        return f"{CONFLICTS_SECTION}.{self.left}-{self.right}"

    @property
    def control_line_pair(self) -> frozenset[str]:
        """Return both control lines of the entry, independent of their order."""
        return frozenset((self.left, self.right))


def load_conflicts(folder: Path) -> tuple[ConflictMatrixEntry, ...]:
    """Return the conflict matrix in a standard's folder; empty without its file.

    An entry that lists several control lines as ``left`` or ``right`` gives several pairs. Raise DataError for an
    unknown key or value, a repeated pair, a missing pair of the file's ``lines``, and a meaning ``error`` that has only
    mark C.
    """
    path = folder / CONFLICTS_FILE
    if not path.exists():
        return ()
    table = read_toml(path)
    check_keys(table, required=("pairs",), allowed=("lines",), file=path)
    by_pair: dict[frozenset[str], ConflictMatrixEntry] = {}
    for number, row in enumerate(check_type(table["pairs"], list, file=path, key="pairs"), 1):
        entry = f"pairs[{number}]"
        for conflict in _read_conflicts(row, path, entry):
            if conflict.control_line_pair in by_pair or len(conflict.control_line_pair) < 2:
                raise DataError(
                    "data_duplicate", file=str(path), key=entry, value=" / ".join(conflict.control_line_pair)
                )
            by_pair[conflict.control_line_pair] = conflict
    for left, right in combinations(_read_text_or_list(table.get("lines", []), path, "lines"), 2):
        if frozenset((left, right)) not in by_pair:
            raise DataError("data_key_missing", file=str(path), key=f"pairs: {left} / {right}")
    return tuple(by_pair.values())


def _read_conflicts(row: Any, path: Path, entry: str) -> list[ConflictMatrixEntry]:
    """Return the matrix entries of one ``[[pairs]]`` row: one for each pair of its control lines."""
    check_type(row, dict, file=path, key=entry)
    check_keys(row, required=_REQUIRED_KEYS, allowed=("rule",), file=path, where=entry)
    left, right = (_read_text_or_list(row[side], path, f"{entry}.{side}") for side in ("left", "right"))
    others = {key: value for key, value in row.items() if key not in ("left", "right")}
    texts = read_value(others, dict[str, str], file=path, key=entry)
    check_known(row["mark"], SOURCE_MARKS, path, f"{entry}.mark")
    # A county with better knowledge than mark C sets an error in its profile.
    meanings = [meaning for meaning in CONFLICT_MEANINGS if row["mark"] != "C" or meaning != ERROR_MEANING]
    check_known(row["meaning"], meanings, path, f"{entry}.meaning")
    return [ConflictMatrixEntry(a, b, **texts) for a in left for b in right]


def _read_text_or_list(value: Any, path: Path, entry: str) -> list[str]:
    """Return a list of texts; a single text becomes a list of one."""
    texts: list[str] = read_value(value if isinstance(value, list) else [value], list[str], file=path, key=entry)
    return texts


def add_missing_conflicts(
    own: Iterable[ConflictMatrixEntry], others: Iterable[ConflictMatrixEntry]
) -> tuple[ConflictMatrixEntry, ...]:
    """Return the own entries, and those of ``others`` whose pair the own entries lack, in either order."""
    by_pair = {c.control_line_pair: c for c in own}
    for conflict in others:
        by_pair.setdefault(conflict.control_line_pair, conflict)
    return tuple(by_pair.values())
