# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of a work list, each a finding with state, assignee and note, and their file: a CSV in UTF-8 with a BOM.

Parts that go to a township or person are workbooks (`part_workbook`); they are read here, too.
Only changed cells are rewritten: columns and rows of other programs stay as they are, byte for byte in a file in UTF-8.
A file that another person changed meanwhile is read again, and the change applied to its new rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from ...base.errors import DataError, InputError, InvariantError, OutputError
from ...base.files import read_bytes
from ...base.files.csv_records import CsvRecord, UnbalancedQuotesError, read_cell, split_records, write_cell
from ...base.files.encoding import (
    OLD_WORKBOOK_SIGNATURE,
    WORKBOOK_SIGNATURE,
    UndecodableTextError,
    decode_file_text,
    find_delimiter,
)
from ...base.files.tables import display_value
from ...base.files.workbooks import iterate_values, open_workbook
from ...base.files.writing import replace_if_unchanged
from ...plan.loading.key_table import KEY_TABLE_SUFFIX

#: The suffix of a work list, after the name of the data.
WORKLIST_SUFFIX = ".worklist.csv"
#: The suffix of a part of it, which goes to a township or person.
PART_SUFFIX = ".worklist.xlsx"
#: Columns of every work list, in order; users rely on them.
WORKLIST_COLUMNS = ("fingerprint", "code", "role", "key", "township", "state", "assignee", "note", "updated", "by")
#: Columns that are added where a row needs them.
_ADDITIONAL_COLUMNS = ("related_role", "severity", "description", "area_m2", "place", "split")
#: Names of the columns in a part that goes to a township or person, in its order: what to do, then what programs need.
PART_TITLES = {
    "state": "状态", "note": "备注", "assignee": "负责人", "severity": "严重程度", "code": "规则", "township": "乡镇",
    "role": "图层", "key": "标识码", "description": "说明", "area_m2": "面积（m²）", "place": "位置",
    "updated": "更新", "by": "更新人", "related_role": "相关图层", "fingerprint": "指纹", "split": "分发标记",
}  # fmt: skip
#: Columns with the code of a layer; in a part its name stands before it, as “永久基本农田 (YJJBNT)”.
ROLE_COLUMNS = {"role", "related_role"}
#: All columns with a code that has its name before it in a part.
_NAMED_COLUMNS = ROLE_COLUMNS | {"code", "severity"}
_REQUIRED_COLUMNS = ("fingerprint", "state")
#: Words of a part for severities.
_SEVERITY_BY_WORD = {"错误": "ERROR", "警告": "WARNING", "提示": "INFO"}
#: Attempts to read a file that others write meanwhile.
_MAX_TRIES = 20


class WorkState(StrEnum):
    """State of a finding in the work list, as it is written to the file."""

    OPEN = "待处理"
    FIXED = "已改"
    FALSE_ALARM = "误报"
    WAIVED = "豁免"


#: States that people may choose; 豁免 follows the waivers.
CHOSEN_STATES = (WorkState.OPEN, WorkState.FIXED, WorkState.FALSE_ALARM)
#: Other words for the states, in lower case, that a file may have.
_STATE_BY_WORD = {
    "": WorkState.OPEN,
    "to do": WorkState.OPEN,
    "open": WorkState.OPEN,
    "fixed": WorkState.FIXED,
    "已改正": WorkState.FIXED,
    "false alarm": WorkState.FALSE_ALARM,
    "false_alarm": WorkState.FALSE_ALARM,
    "waived": WorkState.WAIVED,
} | {str(state): state for state in WorkState}


def parse_state(text: str) -> WorkState:
    """Return the state of a cell; an empty cell is 待处理. Raise ValueError for another word."""
    try:
        return _STATE_BY_WORD[text.strip().lower()]
    except KeyError as error:
        raise ValueError(text) from error


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of the work list.

    ``fingerprint`` identifies the finding (`Finding.fingerprint`); ``code``, ``role``, ``key``, ``related_role``,
    ``township`` describe it, as do ``severity`` (``ERROR``), ``description``, ``area_m2`` and ``place``, the texts of
    the last check that found it. ``updated``: time of the last change, ``by``: who made it. ``split``: where the row
    was last split off or merged (`merge.SplitMark`); ``other_cells``: heading → text of columns of other programs.
    """

    fingerprint: str
    code: str = ""
    role: str = ""
    key: str = ""
    township: str = ""
    state: WorkState = WorkState.OPEN
    assignee: str = ""
    note: str = ""
    updated: str = ""
    by: str = ""
    related_role: str = ""
    severity: str = ""
    description: str = ""
    area_m2: str = ""
    place: str = ""
    split: str = ""
    other_cells: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> tuple[WorkState, str, str]:
        """Return what people enter: state, assignee and note."""
        return self.state, self.assignee, self.note

    @property
    def is_done(self) -> bool:
        """Return True if the finding needs no more work: 已改, 误报 or 豁免."""
        return self.state is not WorkState.OPEN

    @property
    def name(self) -> str:
        """Return the name of the row in messages: rule, township and key, else place; else the fingerprint."""
        return " ".join(filter(None, (self.code, self.township, self.key or self.place))) or self.fingerprint


def compute_digest(texts: Iterable[str]) -> str:
    """Return a short digest of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:10]


class UnreadState(NamedTuple):
    """A row with an unknown state, the text of the state, the line of the file, and the sheet of a ledger."""

    item: WorkItem
    text: str
    line: int
    sheet: str = ""


@dataclass(frozen=True)
class Worklist:
    """The rows of a work list by fingerprint, in the order of the file.

    ``other_headings``: headings of columns of other programs. ``unidentified_lines``: lines of the file with a row that
    has no fingerprint; they stay in the file. ``unread_states``: rows of a part with an unknown state.
    ``former_fingerprints``: fingerprint → that of the row in the file, where a change replaced it. ``removed``:
    fingerprints of rows that a change removed.
    """

    items: Mapping[str, WorkItem] = field(default_factory=dict)
    other_headings: tuple[str, ...] = ()
    unidentified_lines: tuple[int, ...] = ()
    unread_states: tuple[UnreadState, ...] = ()
    former_fingerprints: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def replace_fingerprints(self, new_fingerprint_by_old: Mapping[str, str]) -> Worklist:
        """Return the list in which rows have other fingerprints.

        A new fingerprint that another row has and keeps is ignored.
        """
        renamed = {old: new for old, new in new_fingerprint_by_old.items() if old in self.items}
        while kept := [old for old, new in renamed.items() if new in self.items and new not in renamed]:
            for old in kept:
                del renamed[old]
        if not renamed:
            return self
        items = {
            renamed.get(name, name): replace(item, fingerprint=renamed[name]) if name in renamed else item
            for name, item in self.items.items()
        }
        former = {new: self.former_fingerprints.get(old, old) for old, new in renamed.items()}
        return replace(self, items=items, former_fingerprints={**self.former_fingerprints, **former})

    def replace_items(self, items: Iterable[WorkItem]) -> Worklist:
        """Return the list with these items in place of those with the same fingerprint, or at the end."""
        changed = {item.fingerprint: item for item in items}
        return replace(self, items={**self.items, **changed}) if changed else self

    def remove_items(self, names: Iterable[str]) -> Worklist:
        """Return the list without the rows of these fingerprints."""
        removed = frozenset(names)
        if not removed:
            return self
        items = {name: item for name, item in self.items.items() if name not in removed}
        return replace(self, items=items, removed=self.removed | removed)


@dataclass(frozen=True)
class WorkEdit:
    """A change of rows by a person; None leaves a value as it is."""

    state: WorkState | None = None
    assignee: str | None = None
    note: str | None = None


def edit_items(items: Iterable[WorkItem], edit: WorkEdit, by: str, when: datetime) -> list[WorkItem]:
    """Return the items that an edit changes, in their new version.

    Raise InputError for the state 豁免, which only a waiver sets and its withdrawal ends.
    """
    if edit.state is WorkState.WAIVED:
        raise InputError("worklist_waived")
    changed_items = []
    for item in items:
        if edit.state is not None and item.state is WorkState.WAIVED:
            raise InputError("worklist_waived")
        changed_item = replace(
            item,
            state=item.state if edit.state is None else edit.state,
            assignee=item.assignee if edit.assignee is None else clean_text(edit.assignee),
            note=item.note if edit.note is None else clean_text(edit.note),
        )
        if changed_item.content != item.content:
            changed_items.append(replace(changed_item, updated=format_time(when), by=by))
    return changed_items


def format_time(when: datetime) -> str:
    """Return a time as the column ``updated`` has it."""
    return when.strftime("%Y-%m-%d %H:%M")


def clean_text(text: str) -> str:
    r"""Return a text as cells keep it: without outer blanks, with ``\n`` as line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


_COLUMN_BY_HEADING = {name: name for name in PART_TITLES} | {title: name for name, title in PART_TITLES.items()}
#: A name with its code, as “标识码 (key)”.
_NAMED_CODE_PATTERN = re.compile(r".*[(（]\s*(\w+)\s*[)）]")


def _find_column(heading: str) -> str:
    """Return the column of a heading: its name, its title, or both as “标识码 (key)”; another heading itself."""
    inner = _NAMED_CODE_PATTERN.fullmatch(heading)
    return _COLUMN_BY_HEADING.get(heading) or _COLUMN_BY_HEADING.get(inner[1] if inner else "", heading)


@dataclass
class _WorklistTable:
    """The records of a work list as read.

    ``names``: the name of each known column, the heading of any other, empty for a column that is only copied;
    ``row_by_fingerprint``: index in ``records``.
    """

    delimiter: str
    line_end: str
    records: list[CsvRecord]
    head_index: int
    names: list[str]
    row_by_fingerprint: dict[str, int]
    worklist: Worklist

    def require_states(self, path: Path) -> _WorklistTable:
        """Return the table itself; raise DataError for the first row with an unknown state."""
        for one in self.worklist.unread_states:
            params = {"line": one.line, "value": one.text, "known": "、".join(CHOSEN_STATES)}
            raise DataError("worklist_state", file=str(path), **params)
        return self


def find_key_table_of_worklist(path: Path) -> str:
    """Return the path of the table of old and new keys next to a work list; empty without one.

    ``copy.worklist.csv`` → ``copy.renumbered.csv``.
    """
    table = path.with_name(path.name.removesuffix(WORKLIST_SUFFIX) + KEY_TABLE_SUFFIX)
    return str(table) if table.is_file() else ""


def read_worklist(path: str | Path) -> Worklist:
    """Return the rows of a work list; raise as `read_part`, and DataError for an unknown state."""
    path = Path(path)
    return _read_table(path).require_states(path).worklist


def read_part(path: str | Path) -> Worklist:
    """Return the rows of a part of a work list (xlsx or CSV); those with an unknown state are set aside.

    Raises DataError with file and line for a missing file, an unknown encoding, a missing column, a damaged row, and a
    repeated fingerprint; InputError for a damaged workbook.
    """
    return _read_table(Path(path)).worklist


def _read_table(path: Path) -> _WorklistTable:
    data = read_bytes(path, "worklist", DataError)
    if not data.startswith(WORKBOOK_SIGNATURE):
        return _parse_table(path, data)
    book = open_workbook(path, reads_once=True)
    records = [
        CsvRecord([write_cell("" if value is None else display_value(value), ",") for value in values], "\r\n", line)
        for line, values in iterate_values(book.worksheets[0], path.name)
    ]
    book.close()
    return _parse_records(path, records, ",")


def change_worklist(path: str | Path, change: Callable[[Worklist], Worklist]) -> Worklist:
    """Apply a change to the rows that the file has now, and write the file; return the new rows.

    ``change``: called again if another program writes the file meanwhile; it must keep all rows that it does not name
    as removed. A missing file is created. Raises DataError for a damaged file, which stays unchanged, and OutputError.
    """
    path = Path(path)
    for _ in range(_MAX_TRIES):
        content = read_bytes(path, "worklist", DataError, may_be_missing=True)
        if content.strip():
            table = _parse_table(path, content).require_states(path)
        else:
            head = CsvRecord(list(WORKLIST_COLUMNS), "\r\n", 1)
            table = _WorklistTable(",", "\r\n", [head], 0, list(WORKLIST_COLUMNS), {}, Worklist())
        new_worklist = change(table.worklist)
        if content and new_worklist is table.worklist:
            return new_worklist
        # Cells without a change are copied from the former file; new rows are at the end.
        former_items, former_names = table.worklist.items, new_worklist.former_fingerprints
        kept_names = new_worklist.items.keys() | set(former_names.values())
        if not former_items.keys() <= kept_names | new_worklist.removed:
            raise InvariantError("a change of the work list must keep all rows")
        changed_items = [item for name, item in new_worklist.items.items() if former_items.get(name) is not item]
        taken_names = set(former_names.values())
        needed = [name for name in _ADDITIONAL_COLUMNS if any(getattr(item, name) for item in changed_items)]
        columns = (*WORKLIST_COLUMNS, *needed, *new_worklist.other_headings)
        new_names = [name for name in columns if name not in table.names]
        names, records, head = [*table.names, *new_names], list(table.records), table.records[table.head_index]
        head_cells = [*head.cells, *(write_cell(name, table.delimiter) for name in new_names)]
        records[table.head_index] = CsvRecord(head_cells, head.line_end, head.line_number)
        new_records = []
        for item in changed_items:
            former_name = former_names.get(item.fingerprint, item.fingerprint)
            # A row of the file that got another fingerprint is no longer that of its former one.
            is_taken = item.fingerprint not in former_names and former_name in taken_names
            row = None if is_taken else table.row_by_fingerprint.get(former_name)
            former = CsvRecord([], table.line_end, 0) if row is None else table.records[row]
            record = replace(former, cells=_change_cells(former.cells, names, item, table.delimiter))
            if row is None:
                new_records.append(record)
            else:
                records[row] = record
        removed_rows = {table.row_by_fingerprint[name] for name in former_items.keys() - kept_names}
        records = [record for row, record in enumerate(records) if row not in removed_rows]
        if new_records and not records[-1].line_end:
            records[-1] = CsvRecord(records[-1].cells, table.line_end, records[-1].line_number)
        new_content = "".join(record.format(table.delimiter) for record in [*records, *new_records]).encode("utf-8-sig")
        if replace_if_unchanged(path, content, new_content):
            return new_worklist
    raise OutputError("output_open_elsewhere", target=str(path))


def _parse_table(path: Path, data: bytes) -> _WorklistTable:
    """Return the table of a work list; raise DataError for a damaged file."""
    if data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE)):
        raise DataError("worklist_workbook", file=str(path))
    try:
        text = decode_file_text(data)
    except UndecodableTextError as error:
        raise DataError("worklist_encoding", file=str(path), line=error.line) from error
    if "\0" in text:
        raise DataError("worklist_broken", file=str(path), line=text.count("\n", 0, text.index("\0")) + 1)
    delimiter = find_delimiter(text)
    try:
        records = split_records(text, delimiter)
    except UnbalancedQuotesError as error:
        raise DataError("worklist_broken", file=str(path), line=error.line_number) from error
    return _parse_records(path, records, delimiter)


def _parse_records(path: Path, records: list[CsvRecord], delimiter: str) -> _WorklistTable:
    """Return the table of a work list from its records; raise DataError for a damaged one."""
    head_index = next((n for n, record in enumerate(records) if any(map(read_cell, record.cells))), -1)
    if head_index < 0:
        raise DataError("worklist_broken", file=str(path), line=1)
    head = records[head_index]
    names = [_find_column(read_cell(cell)) for cell in head.cells]
    # Of several other columns with one heading, only the first is read; the cells of all are kept.
    names = [
        "" if name not in _COLUMN_BY_HEADING and name in names[:position] else name
        for position, name in enumerate(names)
    ]
    for name in (*WORKLIST_COLUMNS, *_ADDITIONAL_COLUMNS):
        if names.count(name) > 1 or (name in _REQUIRED_COLUMNS and name not in names):
            raise DataError("worklist_column", file=str(path), line=head.line_number, column=name)
    worklist, row_by_fingerprint = _parse_items(path, records, head_index, names)
    other_headings = tuple(name for name in names if name and name not in _COLUMN_BY_HEADING)
    worklist = replace(worklist, other_headings=other_headings)
    line_end = head.line_end or "\r\n"
    return _WorklistTable(delimiter, line_end, records, head_index, names, row_by_fingerprint, worklist)


def _parse_items(
    path: Path, records: list[CsvRecord], head_index: int, names: list[str]
) -> tuple[Worklist, dict[str, int]]:
    """Return the rows, and fingerprint → index of its record."""
    known = [(position, name) for position, name in enumerate(names) if name in _COLUMN_BY_HEADING]
    others = [(position, name) for position, name in enumerate(names) if name and name not in _COLUMN_BY_HEADING]
    items: dict[str, WorkItem] = {}
    row_by_fingerprint: dict[str, int] = {}
    unidentified_lines: list[int] = []
    unread_states: list[UnreadState] = []
    for row, record in enumerate(records):
        if row <= head_index:
            continue
        cells = record.cells
        count = len(cells)
        if count > len(names) and any(map(read_cell, cells[len(names) :])):
            value = next(filter(None, map(read_cell, cells[len(names) :])))
            raise DataError("worklist_stray", file=str(path), line=record.line_number, value=value)
        values = {name: read_cell(cells[position]) for position, name in known if position < count}
        for name in _NAMED_COLUMNS & values.keys():
            values[name] = _NAMED_CODE_PATTERN.sub(r"\1", values[name])
        if severity := _SEVERITY_BY_WORD.get(values.get("severity", "")):
            values["severity"] = severity
        fingerprint = values.get("fingerprint", "")
        if not fingerprint:
            if any(map(read_cell, cells)):
                unidentified_lines.append(record.line_number)
            continue
        if fingerprint in row_by_fingerprint:
            first = records[row_by_fingerprint[fingerprint]].line_number
            params = {"line": record.line_number, "value": fingerprint, "first": first}
            raise DataError("worklist_twice", file=str(path), **params)
        row_by_fingerprint[fingerprint] = row
        state_text = values.pop("state", "")
        try:
            state = parse_state(state_text)
        except ValueError:
            item = WorkItem(**values, state=WorkState.OPEN, other_cells=())
            unread_states.append(UnreadState(item, state_text, record.line_number))
            continue
        other_cells = tuple(
            (name, text) for position, name in others if position < count and (text := read_cell(cells[position]))
        )
        items[fingerprint] = WorkItem(**values, state=state, other_cells=other_cells)
    worklist = Worklist(items, unidentified_lines=tuple(unidentified_lines), unread_states=tuple(unread_states))
    return worklist, row_by_fingerprint


def _change_cells(cells: list[str], names: list[str], item: WorkItem, delimiter: str) -> list[str]:
    """Return the cells of a row with the values of an item; a cell with the same value is copied."""
    others = dict(item.other_cells)
    changed_cells = []
    for position, name in enumerate(names):
        former = cells[position] if position < len(cells) else ""
        if not name:
            changed_cells.append(former)
            continue
        value = str(getattr(item, name)) if name in _COLUMN_BY_HEADING else others.get(name, "")
        changed_cells.append(former if read_cell(former) == value else write_cell(value, delimiter))
    # Blank cells behind the last column.
    return changed_cells + cells[len(names) :]
