# SPDX-License-Identifier: GPL-2.0-or-later
"""Split a work list by township or person, and merge parts and ledgers again, with someone's choices about conflicts.

A row that both sides changed to different values since the split is a conflict: the listed row stays until someone
chooses.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ...base.errors import DataError, InputError, OutputError
from ...base.files.csv_records import format_rows
from ...base.files.names import remove_forbidden_characters
from ...base.files.tables import SearchedColumn, read_table
from ...base.files.writing import write_atomically
from ...standard.numbering import BSM_LENGTH, DIVISION_CODE_DIGITS
from .worklist_row import (
    PART_SUFFIX,
    WORKLIST_SUFFIX,
    WorkItem,
    Worklist,
    WorkState,
    change_worklist,
    compute_digest,
    format_time,
    read_part,
    read_worklist,
)

#: Columns by which a list can be split, with the name of the part for rows without a value.
SPLIT_COLUMNS = {"township": "未分乡镇", "assignee": "未分派"}
_KEY_PATTERN = re.compile(rf"[0-9]{{{DIVISION_CODE_DIGITS}}}[0-9A-Z]{{{BSM_LENGTH - DIVISION_CODE_DIGITS}}}")
#: Words in the table of conflicts for the version of the list, and for that of the part.
LISTED_WORD, OTHER_WORD = "本清单", "来稿"
_CONFLICT_COLUMNS = (
    "采用", "指纹", "规则", "乡镇", "标识码", "来源", "本清单状态", "本清单负责人", "本清单备注", "本清单更新",
    "来稿状态", "来稿负责人", "来稿备注", "来稿更新",
)  # fmt: skip
_TAKES_OTHER_BY_WORD = {LISTED_WORD: False, "list": False, OTHER_WORD: True, "part": True}


@dataclass(frozen=True)
class SplitMark:
    """What a row had when it was split off, or when it was last merged from a part.

    ``content``, ``others``: digests of what people enter and of the columns of other programs; ``token``: identifies
    the part. As text in the column ``split``; its first letter keeps spreadsheets from reading a number.
    """

    content: str
    others: str
    token: str

    @classmethod
    def make(cls, item: WorkItem, token: str) -> SplitMark:
        """Return the mark of a row as it is now."""
        other_texts = (text for cell in sorted(item.other_cells) for text in cell)
        return cls(compute_digest(item.content), compute_digest(other_texts), token)

    @classmethod
    def parse(cls, text: str) -> SplitMark | None:
        """Return the mark in a cell; None for another text."""
        parts = text.removeprefix("s").split(".")
        return cls(*parts) if text.startswith("s") and len(parts) == 3 else None

    def __str__(self) -> str:
        return f"s{self.content}.{self.others}.{self.token}"


@dataclass(frozen=True)
class WorklistPart:
    """A part of a split list: name of the township or person, its file and its number of rows."""

    name: str
    path: Path
    count: int


@dataclass(frozen=True)
class WorkConflict:
    """A row that two people changed differently.

    ``listed``: the row in the list, which counts until someone chooses; ``other``: the same row with the other values;
    ``source``: where they are from; ``split``: mark of the row after the choice.
    """

    listed: WorkItem
    other: WorkItem
    source: str
    split: str = ""

    def choose(self, takes_other: bool) -> WorkItem:
        """Return the row after the choice."""
        return replace(self.other if takes_other else self.listed, split=self.split)


@dataclass(frozen=True)
class WorklistMerge:
    """A merged list.

    ``taken``: number of rows that the part changed; ``added``: number of new rows; ``unknown``: fingerprints of rows
    that the list lacks and that were not added; ``conflicts``: rows that both sides changed, still to be decided;
    ``refused``: fingerprints of rows in which the part sets or ends 豁免, which only waivers do. Their state stays as
    listed. ``chosen``: number of conflicts that were decided. ``unread``: file and line of rows of the part without a
    fingerprint, whose finding is unknown. ``unread_states``: place, name and text of rows with an unknown state.
    """

    worklist: Worklist
    taken: int = 0
    added: int = 0
    unknown: tuple[str, ...] = ()
    conflicts: tuple[WorkConflict, ...] = ()
    refused: tuple[str, ...] = ()
    chosen: int = 0
    unread: tuple[str, ...] = ()
    unread_states: tuple[str, ...] = ()


def mark_for_split(item: WorkItem, token: str) -> WorkItem:
    """Return the row of a part, with the mark by which `merge_part` finds later changes."""
    return replace(item, split=str(SplitMark.make(item, token)))


def split_worklist(
    path: str | Path, column: str, folder: str | Path, names: frozenset[str] = frozenset()
) -> list[WorklistPart]:
    """Write a part of the list for each township or person, and return the parts, sorted by name.

    The list stays unchanged. Parts are named after the list: ``county.永安镇.worklist.xlsx``.

    Parameters
    ----------
    column
        ``township`` or ``assignee``.
    folder
        Exists, or will be made in an existing folder.
    names
        Townships or persons whose parts are written; if it is empty, all. Rows without one have an empty name.

    Raises
    ------
    InputError
        The list has no rows.
    OutputError
        A file in the place of a part is not one, or has changes that are not merged; no part is written then.
    """
    from .part_workbook import write_part

    path = Path(path)
    worklist = read_worklist(path)
    if not worklist.items:
        raise InputError("worklist_empty", file=path.name)
    items_by_name: dict[str, list[WorkItem]] = {}
    for item in worklist.items.values():
        if not names or getattr(item, column) in names:
            items_by_name.setdefault(getattr(item, column) or SPLIT_COLUMNS[column], []).append(item)
    stem = path.name.removesuffix(WORKLIST_SUFFIX).removesuffix(".csv")
    # Two names never share a path, also where capitals do not count.
    path_by_name: dict[str, Path] = {}
    used: Counter[str] = Counter()
    for name in sorted(items_by_name):
        text = remove_forbidden_characters(name) or "_"
        used[text.lower()] += 1
        number = used[text.lower()]
        path_by_name[name] = Path(folder) / f"{stem}.{text}{f'_{number}' if number > 1 else ''}{PART_SUFFIX}"
    for part_path in filter(Path.exists, path_by_name.values()):
        try:
            merge = merge_part(worklist, read_part(part_path), part_path.name)
        except (DataError, InputError) as error:
            raise OutputError("worklist_part_changed", target=str(part_path)) from error
        if merge.taken or merge.added or merge.conflicts or merge.unread_states:
            raise OutputError("worklist_part_changed", target=str(part_path))
    parts = []
    for name, part_path in path_by_name.items():
        token, items = secrets.token_hex(4), items_by_name[name]
        part = Worklist({item.fingerprint: mark_for_split(item, token) for item in items}, worklist.other_headings)
        with write_atomically(part_path) as target:
            write_part(target, part)
        parts.append(WorklistPart(name, part_path, len(items)))
    return parts


def merge_part(
    worklist: Worklist, part: Worklist, source: str, *, adds_rows: bool = True, has_all_columns: bool = True
) -> WorklistMerge:
    """Return the list with the rows that a part changed since the split.

    A row that only the part changed is taken, one that only the list changed stays, and one that both changed to
    different values is a conflict. Without a mark of the split (column deleted) each difference is a conflict. A row
    with no later time than that of the list gets the present time, and the name of the part as its author.

    Parameters
    ----------
    source
        Name of the part, for conflicts.
    adds_rows
        Add rows that the list lacks, except those of a part of this list: their fingerprint was changed.
    has_all_columns
        False for a part with state, assignee and note only, such as a ledger.

    Raises
    ------
    InputError
        The part is of another county.
    """
    county, other_county = find_county_code(worklist), find_county_code(part)
    if county and other_county and county != other_county:
        raise InputError("worklist_other_county", code=other_county, county=county)
    headings = part.other_headings if has_all_columns else ()
    now = format_time(datetime.now())
    changed_items: list[WorkItem] = []
    conflicts: list[WorkConflict] = []
    unknown: list[str] = []
    refused: list[str] = []
    taken = added = 0
    tokens = {
        mark.token
        for name in part.items.keys() & worklist.items.keys()
        if (mark := SplitMark.parse(part.items[name].split))
    }
    for fingerprint, row in part.items.items():
        item, mark = worklist.items.get(fingerprint), SplitMark.parse(row.split)
        if item is None:
            if adds_rows and (mark is None or mark.token not in tokens):
                changed_items.append(replace(row, split=""))
                added += 1
            else:
                unknown.append(fingerprint)
            continue
        if mark is not None and (
            not _has_changed(row, mark, bool(headings)) or _was_merged(item, row, mark, bool(headings))
        ):
            continue
        other = _take_row(item, row, headings)
        if (row.updated, row.by) == (item.updated, item.by) or row.updated < item.updated:
            # Who fills in a spreadsheet leaves the time of the former change.
            other = replace(other, updated=now, by=source)
        if item.state is not row.state and WorkState.WAIVED in (item.state, row.state):
            refused.append(fingerprint)
            other = replace(other, state=item.state)
        if (other.content, dict(other.other_cells)) == (item.content, dict(item.other_cells)):
            continue
        split = "" if mark is None else str(SplitMark.make(row, mark.token))
        # Did the listed row change since the split, or since it was last merged from the same part?
        if mark is not None and (
            not _has_changed(item, mark, bool(headings)) or _was_merged(item, item, mark, bool(headings))
        ):
            changed_items.append(replace(other, split=split))
            taken += 1
        else:
            conflicts.append(WorkConflict(item, other, source, split))
    merged = worklist.replace_items(changed_items)
    if new_headings := tuple(name for name in headings if name not in worklist.other_headings):
        merged = replace(merged, other_headings=worklist.other_headings + new_headings)
    unread = tuple(f"{source}:{line}" for line in part.unidentified_lines)
    # A ledger has no names of its findings.
    states = tuple(
        f"{source}{one.sheet}:{one.line} {worklist.items.get(one.item.fingerprint, one.item).name} “{one.text}”"
        for one in part.unread_states
    )
    return WorklistMerge(merged, taken, added, tuple(unknown), tuple(conflicts), tuple(refused), 0, unread, states)


def _has_changed(row: WorkItem, mark: SplitMark, compares_others: bool) -> bool:
    """Return True if a row differs from what its mark recorded."""
    now = SplitMark.make(row, mark.token)
    return now.content != mark.content or (compares_others and now.others != mark.others)


def _was_merged(item: WorkItem, row: WorkItem, mark: SplitMark, compares_others: bool) -> bool:
    """Return True if the row of a part was merged, or decided about, as it is now."""
    merged_mark = SplitMark.parse(item.split)
    return (
        merged_mark is not None
        and merged_mark.token == mark.token
        and not _has_changed(row, merged_mark, compares_others)
    )


def _take_row(item: WorkItem, row: WorkItem, headings: Iterable[str]) -> WorkItem:
    """Return the listed item with the values of another version; ``headings``: columns that the other version has."""
    kept_cells = tuple(cell for cell in item.other_cells if cell[0] not in headings)
    return replace(
        item,
        state=row.state,
        assignee=row.assignee,
        note=row.note,
        updated=row.updated,
        by=row.by,
        other_cells=kept_cells + tuple(cell for cell in row.other_cells if cell[0] in headings),
    )


def apply_edits(
    current: Worklist, base: Mapping[str, WorkItem], edited_items: Iterable[WorkItem], source: str
) -> WorklistMerge:
    """Return the present rows of a file with edits that were made on an earlier version of it.

    Parameters
    ----------
    base
        Fingerprint → row before the edits; a missing row is new.
    edited_items
        The rows after the edits.
    source
        Name of the edits, for conflicts.
    """
    changed_items, conflicts, added = [], [], 0
    for item in edited_items:
        present, former = current.items.get(item.fingerprint), base.get(item.fingerprint)
        if present is None:
            changed_items.append(item)
            added += 1
        elif present.content == item.content:
            continue
        elif former is not None and present.content == former.content:
            changed_items.append(_take_row(present, item, ()))
        else:
            conflicts.append(WorkConflict(present, _take_row(present, item, ()), source, present.split))
    taken = len(changed_items) - added
    return WorklistMerge(current.replace_items(changed_items), taken, added, (), tuple(conflicts))


def find_county_code(worklist: Worklist) -> str:
    """Return the county code of most keys; empty without keys."""
    votes = Counter(
        item.key[:DIVISION_CODE_DIGITS] for item in worklist.items.values() if _KEY_PATTERN.fullmatch(item.key)
    )
    return votes.most_common(1)[0][0] if votes else ""


@dataclass(frozen=True)
class NamedPart:
    """A part to merge, with its name for conflicts; ``is_ledger``: it has state, assignee and note only."""

    name: str
    worklist: Worklist
    is_ledger: bool = False


def merge_into_file(
    path: str | Path, parts: Sequence[NamedPart], choices: Mapping[tuple[str, str], bool] | None = None
) -> WorklistMerge:
    """Merge parts into the file of a work list; conflicts without a choice leave the listed row.

    ``choices``: (fingerprint, source) → True to take the version of the source. Raises DataError and OutputError
    (`change_worklist`), InputError for a part of another county; the file is then unchanged.
    """
    choices = choices or {}
    result = WorklistMerge(Worklist())

    def merge(worklist: Worklist) -> Worklist:
        nonlocal result
        result = WorklistMerge(worklist)
        for part in parts:
            merged = merge_part(
                result.worklist,
                part.worklist,
                part.name,
                adds_rows=not part.is_ledger,
                has_all_columns=not part.is_ledger,
            )
            choice_by_conflict = {
                conflict: choices.get((conflict.listed.fingerprint, conflict.source)) for conflict in merged.conflicts
            }
            chosen_items = [
                conflict.choose(choice) for conflict, choice in choice_by_conflict.items() if choice is not None
            ]
            result = WorklistMerge(
                merged.worklist.replace_items(chosen_items),
                result.taken + merged.taken,
                result.added + merged.added,
                result.unknown + merged.unknown,
                result.conflicts + tuple(one for one, choice in choice_by_conflict.items() if choice is None),
                result.refused + merged.refused,
                result.chosen + len(chosen_items),
                result.unread + merged.unread,
                result.unread_states + merged.unread_states,
            )
        return result.worklist

    change_worklist(path, merge)
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
    table = read_table(path, [SearchedColumn(name, (name,)) for name in ("采用", "指纹", "来源")])
    choices: dict[tuple[str, str], bool] = {}
    for row in table.rows:
        word = row.text_by_column["采用"].lower()
        if not word:
            continue
        if word not in _TAKES_OTHER_BY_WORD:
            raise InputError("worklist_choices", file=table.file_name, line=row.line_number, value=word)
        choices[row.text_by_column["指纹"], row.text_by_column["来源"]] = _TAKES_OTHER_BY_WORD[word]
    return choices
