# SPDX-License-Identifier: GPL-2.0-or-later
"""Merge parts and ledgers into the file of a work list, with the choices that someone made about conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...base.errors import InputError
from ...base.files.csv_records import format_rows
from ...base.files.tables import SearchedColumn, read_table
from ...base.files.writing import write_atomically
from .file import change_worklist
from .merge import WorkConflict, merge_part
from .worklist_row import Worklist

#: Words in the table of conflicts for the version of the list, and for that of the part.
LISTED_WORD, OTHER_WORD = "本清单", "来稿"
_CONFLICT_COLUMNS = (
    "采用", "指纹", "规则", "乡镇", "标识码", "来源", "本清单状态", "本清单负责人", "本清单备注", "本清单更新",
    "来稿状态", "来稿负责人", "来稿备注", "来稿更新",
)  # fmt: skip
_TAKES_OTHER_BY_WORD = {LISTED_WORD: False, "list": False, OTHER_WORD: True, "part": True}

#: (fingerprint, source) → True to take the version of the source.
Choices = Mapping[tuple[str, str], bool]


@dataclass(frozen=True)
class NamedPart:
    """A part to merge, with its name for conflicts; ``is_ledger``: it has state, assignee and note only."""

    name: str
    worklist: Worklist
    is_ledger: bool = False


@dataclass
class MergedFile:
    """What a merge did: numbers of rows, and the conflicts that are still to be decided.

    ``worklist``: the rows of the merged file; ``unknown``, ``refused``: as in `WorklistMerge`.
    """

    worklist: Worklist = field(default_factory=Worklist)
    taken: int = 0
    added: int = 0
    chosen: int = 0
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    conflicts: list[WorkConflict] = field(default_factory=list)


def merge_into_file(path: str | Path, parts: Sequence[NamedPart], choices: Choices | None = None) -> MergedFile:
    """Merge parts into the file of a work list; conflicts without a choice leave the listed row.

    Raises DataError and OutputError (`change_worklist`), InputError for a part of another county; the file is then
    unchanged.
    """
    choices = choices or {}
    result = MergedFile()

    def merge(worklist: Worklist) -> Worklist:
        nonlocal result
        result = MergedFile()
        for part in parts:
            merged = merge_part(
                worklist, part.worklist, part.name, adds_rows=not part.is_ledger, has_all_columns=not part.is_ledger
            )
            result.taken += merged.taken
            result.added += merged.added
            result.unknown += merged.unknown
            result.refused += merged.refused
            chosen_items = []
            for conflict in merged.conflicts:
                takes_other = choices.get((conflict.listed.fingerprint, conflict.source))
                if takes_other is None:
                    result.conflicts.append(conflict)
                else:
                    chosen_items.append(conflict.choose(takes_other))
            result.chosen += len(chosen_items)
            worklist = merged.worklist.replace_items(chosen_items)
        return worklist

    result.worklist = change_worklist(path, merge)
    return result


def write_conflicts(path: str | Path, conflicts: Iterable[WorkConflict]) -> None:
    """Write a table of conflicts (CSV in UTF-8 with a byte order mark), with an empty column for the choice."""
    rows = [list(_CONFLICT_COLUMNS)]
    for conflict in conflicts:
        listed, other = conflict.listed, conflict.other
        cells = ["", listed.fingerprint, listed.code, listed.township, listed.key, conflict.source]
        for item in (listed, other):
            cells += [str(item.state), item.assignee, item.note, f"{item.updated} {item.by}".strip()]
        rows.append(cells)
    with write_atomically(path) as target:
        target.write_bytes(format_rows(rows))


def read_choices(path: str | Path) -> dict[tuple[str, str], bool]:
    """Return the choices in a table of conflicts that someone filled in; rows without a choice are left out.

    Raises InputError for a missing column or another word.
    """
    columns = [SearchedColumn(name, (name,)) for name in ("采用", "指纹", "来源")]
    table = read_table(path, columns)
    choices: dict[tuple[str, str], bool] = {}
    for row in table.rows:
        word = row.text_by_column["采用"].lower()
        if not word:
            continue
        if word not in _TAKES_OTHER_BY_WORD:
            raise InputError("worklist_choices", file=table.file_name, line=row.line_number, value=word)
        choices[row.text_by_column["指纹"], row.text_by_column["来源"]] = _TAKES_OTHER_BY_WORD[word]
    return choices
