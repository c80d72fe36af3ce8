# SPDX-License-Identifier: GPL-2.0-or-later
"""The conflict matrix (冲突矩阵) of a standard, as data.

For each pair of control lines it states what shared land means: error, warning, information, evidence or allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Annotated

from ..base.errors import DataError
from ..base.files.data import ONE_OR_SEVERAL, SourceMark, check_known, one_of, read_toml_record

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


@dataclass(frozen=True)
class _PairsRow:
    """A row of ``[[pairs]]``, which may list several control lines as ``left`` or ``right``."""

    left: Annotated[tuple[str, ...], ONE_OR_SEVERAL]
    right: Annotated[tuple[str, ...], ONE_OR_SEVERAL]
    meaning: Annotated[str, one_of(*CONFLICT_MEANINGS)]
    basis: str
    mark: SourceMark
    rule: str = ""

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for an error of mark C; a county with better knowledge sets it in its profile."""
        if self.mark == "C":
            check_known(
                self.meaning, [one for one in CONFLICT_MEANINGS if one != ERROR_MEANING], file, f"{where}.meaning"
            )


@dataclass(frozen=True)
class ConflictsFile:
    """The content of ``conflicts.toml``. ``lines``: control lines of which each pair must be there."""

    pairs: tuple[_PairsRow, ...]
    lines: Annotated[tuple[str, ...], ONE_OR_SEVERAL] = ()


def load_conflicts(folder: Path) -> tuple[ConflictMatrixEntry, ...]:
    """Return the conflict matrix in a standard's folder; empty without its file.

    An entry that lists several control lines as ``left`` or ``right`` gives several pairs. Raise DataError for an
    unknown key or value, a repeated pair, a missing pair of the file's ``lines``, and a meaning ``error`` that has only
    mark C.
    """
    path = folder / CONFLICTS_FILE
    if not path.exists():
        return ()
    file = read_toml_record(ConflictsFile, path)
    by_pair: dict[frozenset[str], ConflictMatrixEntry] = {}
    for number, row in enumerate(file.pairs, 1):
        for left, right in product(row.left, row.right):
            pair = frozenset((left, right))
            if pair in by_pair or len(pair) < 2:
                raise DataError("data_duplicate", file=str(path), key=f"pairs[{number}]", value=" / ".join(pair))
            by_pair[pair] = ConflictMatrixEntry(left, right, row.meaning, row.basis, row.mark, row.rule)
    for left, right in combinations(file.lines, 2):
        if frozenset((left, right)) not in by_pair:
            raise DataError("data_key_missing", file=str(path), key=f"pairs: {left} / {right}")
    return tuple(by_pair.values())


def add_missing_conflicts(
    own: Iterable[ConflictMatrixEntry], others: Iterable[ConflictMatrixEntry]
) -> tuple[ConflictMatrixEntry, ...]:
    """Return the own entries, and those of ``others`` whose pair the own entries lack, in either order."""
    by_pair = {c.control_line_pair: c for c in own}
    for conflict in others:
        by_pair.setdefault(conflict.control_line_pair, conflict)
    return tuple(by_pair.values())
