# SPDX-License-Identifier: GPL-2.0-or-later
"""Read code lists (代码表): CSV files that a planner edits in a spreadsheet.

Every error names file and line, and its message names the remedy.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import DataError
from ..base.files.data import SOURCE_MARKS
from ..base.files.encoding import (
    OLD_WORKBOOK_SIGNATURE,
    WORKBOOK_SIGNATURE,
    UndecodableTextError,
    decode_file_text,
    find_delimiter,
)

CODE_LIST_COLUMNS = ("code", "name", "parent", "level", "mark")
#: Headings that a planner may use instead of the column names.
_COLUMN_BY_HEADING = {
    "代码": "code",
    "名称": "name",
    "上级代码": "parent",
    "上级": "parent",
    "级别": "level",
    "层级": "level",
    "来源级别": "mark",
    "来源": "mark",
}


@dataclass(frozen=True)
class CodeEntry:
    """A code with its name, parent, level and further columns."""

    code: str
    name: str
    parent: str
    level: int
    mark: str
    other_columns: dict[str, str] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True)
class CodeList:
    """A code list, which may be a hierarchy.

    ``entry_by_code``: code → entry, in the order of the file.
    """

    id: str
    entry_by_code: dict[str, CodeEntry]

    @property
    def mark(self) -> str:
        """Return the weakest mark of the rows."""
        return max((code.mark for code in self.entry_by_code.values()), default="C")

    def get_names_by_written_code(self, pad: int = 0) -> dict[str, str]:
        """Return code as it is written in fields → name.

        Codes of digits are padded on the right with zeros to ``pad`` digits.
        """
        return {
            code.code.ljust(pad, "0") if pad and code.code.isdigit() else code.code: code.name
            for code in self.entry_by_code.values()
        }

    def restore_leading_zeros(self, text: str, pad: int = 0) -> str:
        """Return the code, as it is written in fields, that became ``text`` when it was stored as a number.

        Empty if no code of the list begins with zeros before these digits. ``pad``: as in `get_names_by_written_code`.
        """
        codes = [*self.get_names_by_written_code(pad), *self.entry_by_code] if text.isdecimal() else []
        return next((code for code in codes if code.startswith("0") and code.lstrip("0") == text), "")

    def list_code_and_parents(self, code: str) -> tuple[str, ...]:
        """Return a code, its parent, the parent's parent and so on; empty if unknown."""
        chain: list[str] = []
        while code in self.entry_by_code and code not in chain:
            chain.append(code)
            code = self.entry_by_code[code].parent
        return tuple(chain)

    def is_code_within(self, code: str, ancestors: tuple[str, ...] | list[str]) -> bool:
        """Return True if a code is one of ``ancestors`` or below one of them."""
        return any(ancestor in ancestors for ancestor in self.list_code_and_parents(code))

    def collect_members(self, ancestors: tuple[str, ...] | list[str]) -> set[str]:
        """Return all codes that are one of ``ancestors`` or below one of them."""
        return {code for code in self.entry_by_code if self.is_code_within(code, ancestors)}


def load_code_list(path: Path) -> CodeList:
    """Read a CSV of ``code,name,parent,level,mark`` and further columns.

    Chinese headings are 代码、名称、上级代码、级别、来源级别. Encoding is UTF-8 (with or without a byte order mark)
    or GBK, with any line ends; empty rows and columns at the end are skipped.

    Raise DataError with file and line for a missing file, a workbook, an unknown encoding, a missing, repeated or
    unnamed column, a code that is empty, repeated or has two names, a blank name, an unknown parent, a cycle of
    parents, and codes that lost their leading zeros.
    """
    lines: dict[str, int] = {}
    codes: dict[str, CodeEntry] = {}
    for line, row in _read_rows(path, _read_text(path)):
        code, name = row["code"], row["name"]
        if not code or not name:
            raise DataError("data_code_blank", file=str(path), line=line, column="name" if code else "code", value=code)
        if row["mark"] not in SOURCE_MARKS or not (row["level"].isascii() and row["level"].isdigit()):
            raise DataError("data_code_row", file=str(path), line=line, value=code)
        if code in codes:
            other_name = codes[code].name
            params: dict[str, object] = {"file": str(path), "line": line, "first": lines[code], "value": code}
            if name != other_name:
                raise DataError("data_code_two_names", **params, name=other_name, other=name)
            raise DataError("data_code_repeated", **params)
        extra = {k: text for k, text in row.items() if k and k not in CODE_LIST_COLUMNS}
        codes[code] = CodeEntry(code, name, row["parent"], int(row["level"]), row["mark"], extra)
        lines[code] = line
    for code, entry in codes.items():
        params = {"file": str(path), "line": lines[code], "value": code}
        if entry.parent and entry.parent not in codes:
            raise DataError("data_code_parent", **params, parent=entry.parent)
        chain = [code]
        while (parent := codes[chain[-1]].parent) and parent not in chain:
            chain.append(parent)
        if parent == code:
            raise DataError("data_code_circle", **params, chain=" → ".join([*chain, parent]))
        if entry.parent and codes[entry.parent].level >= entry.level:
            raise DataError(
                "data_code_level", **params, level=entry.level, parent=entry.parent, above=codes[entry.parent].level
            )
    _check_leading_zeros(path, codes, lines)
    return CodeList(path.stem, codes)


def _read_text(path: Path) -> str:
    """Return the text of a CSV file; raise DataError for a missing, unreadable or binary file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("data_file_missing", file=str(path)) from error
    except OSError as error:
        raise DataError("data_list_no_access", file=str(path)) from error
    if data.startswith((WORKBOOK_SIGNATURE, OLD_WORKBOOK_SIGNATURE)):
        raise DataError("data_list_workbook", file=str(path))
    try:
        return decode_file_text(data)
    except UndecodableTextError as error:
        raise DataError("data_list_encoding", file=str(path), line=error.line) from error


def _read_rows(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Return line number and cells by column of every row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    columns: list[str] | None = None
    rows = []
    last_line = 0
    try:
        for cells in reader:
            last_line = reader.line_num
            cells = [c.strip() for c in cells]
            if not any(cells):
                continue
            if columns is None:
                column_names = [_COLUMN_BY_HEADING.get(cell, cell.lower()) for cell in cells]
                for name in CODE_LIST_COLUMNS:
                    if name not in column_names:
                        raise DataError(
                            "data_list_column",
                            file=str(path),
                            line=reader.line_num,
                            column=name,
                            columns=",".join(CODE_LIST_COLUMNS),
                        )
                for name in column_names:
                    if name and column_names.count(name) > 1:
                        raise DataError("data_list_column_twice", file=str(path), line=reader.line_num, column=name)
                columns = column_names
                continue
            for position, cell in enumerate(cells):
                if cell and (position >= len(columns) or not columns[position]):
                    raise DataError(
                        "data_list_stray", file=str(path), line=reader.line_num, column=position + 1, value=cell
                    )
            rows.append((reader.line_num, dict(zip(columns, cells + [""] * len(columns), strict=False))))
    except csv.Error as error:
        raise DataError("data_list_quotes", file=str(path), line=last_line + 1) from error
    if columns is None:
        raise DataError("data_list_empty", file=str(path), columns=",".join(CODE_LIST_COLUMNS))
    return rows


def _check_leading_zeros(path: Path, codes: dict[str, CodeEntry], lines: dict[str, int]) -> None:
    """Raise DataError for codes that lost their leading zeros.

    A spreadsheet reads 0101 as a number and saves 101. In a list with levels, codes of one level have the same
    length.
    """
    if not any(each_code.parent for each_code in codes.values()):
        # 1 … 12 may be a valid list without levels.
        return
    longest: dict[int, str] = {}
    for code in codes.values():
        if code.code.isdigit():
            longest[code.level] = max(longest.get(code.level, ""), code.code, key=len)
    for code in codes.values():
        if code.code.isdigit() and len(code.code) == len(longest[code.level]) - 1:
            params = {"file": str(path), "line": lines[code.code], "value": code.code}
            raise DataError("data_code_zeros", **params, other=longest[code.level], meant=f"0{code.code}")
