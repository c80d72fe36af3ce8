# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that people fill in beside the data (CSV or xlsx): the head found by its words, every cell as it reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from .errors import InputError
from .plain_text import OLD_WORKBOOK, WORKBOOK, Undecodable, decoded, delimiter

#: Rows above the head (a title, a note, a unit) that a table may have.
_ABOVE = 10
_DECIMALS = re.compile(r"0\.(0+)")


@dataclass(frozen=True)
class Column:
    """A column by the words that its head may have; without a ``needed`` one there is no table."""

    name: str
    heads: tuple[str, ...]
    needed: bool = True


@dataclass(frozen=True)
class Row:
    """``line``: the row's number in the file, from 1. ``cells``: by name of the column, "" where it is empty or not there;
    ``others``: by head, what stands in columns that nobody named."""

    line: int
    cells: dict[str, str]
    others: dict[str, str]


@dataclass(frozen=True)
class Table:
    """``file`` without its folders; ``sheet`` of a workbook, "" of a text; ``heads`` of columns that nobody named."""

    file: str
    sheet: str
    line: int
    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def place(self) -> str:
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    def error(self, row: Row, column: str, value: str, known: Iterable[str] = ()) -> InputError:
        """A cell that says nothing that can be used: with file, row, column, value, and what it might be."""
        said = {"file": self.place, "line": row.line, "column": column, "known": "、".join(known) or "—"}
        return InputError("table_cell" if value else "table_blank", value=value, **said)


def read_table(path: str | Path, columns: Sequence[Column]) -> Table:
    """The first table in a file that has a head with all needed columns.

    CSV (comma, semicolon or tab; UTF-8 or GBK) and xlsx; merged cells count for each row that they span, formulas by their
    last value. InputError when the file is not there, is no table, or has no such head.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("table_missing", file=str(path)) from error
    except OSError as error:
        raise InputError("table_no_access", file=str(path)) from error
    if data.startswith(OLD_WORKBOOK):
        raise InputError("table_old_workbook", file=path.name)
    sheets = _sheets(path, data) if data.startswith(WORKBOOK) else [("", _lines(path, data))]
    for sheet, lines in sheets:
        found = _table(path.name, sheet, lines, columns)
        if found is not None:
            return found
    needed = "、".join(c.heads[0] for c in columns if c.needed)
    raise InputError("table_no_head", file=path.name, rows=_ABOVE, columns=needed)


def _table(file: str, sheet: str, lines: list[tuple[int, list[str]]], columns: Sequence[Column]) -> Table | None:
    for place, (line, cells) in enumerate(lines[:_ABOVE]):
        words = [_word(cell) for cell in cells]
        found: dict[str, int] = {}
        for column in columns:
            for head in map(_word, column.heads):
                if head in words:
                    found.setdefault(column.name, words.index(head))
        if all(column.name in found for column in columns if column.needed):
            for column in columns:
                twice = [c for c, w in zip(cells, words, strict=True) if w in map(_word, column.heads)]
                if len(twice) > 1:
                    raise InputError("table_column_twice", file=file, line=line, columns="、".join(twice))
            return _body(file, sheet, line, cells, found, lines[place + 1 :], columns)
    return None


def _body(
    file: str,
    sheet: str,
    line: int,
    head: list[str],
    found: dict[str, int],
    lines: list[tuple[int, list[str]]],
    columns: Sequence[Column],
) -> Table:
    others = {n: text.strip() for n, text in enumerate(head) if n not in found.values() and text.strip()}
    rows = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        width = [cell.strip() for cell in cells] + [""] * (len(head) - len(cells))
        if any(width[len(head) :]):
            raise InputError("table_stray", file=file, line=number, value=next(filter(None, width[len(head) :])))
        said = {column.name: width[found[column.name]] if column.name in found else "" for column in columns}
        rows.append(Row(number, said, {text: width[n] for n, text in others.items()}))
    return Table(file, sheet, line, tuple(others.values()), tuple(rows))


def _word(text: str) -> str:
    """A head without spaces, line breaks and the kind of its brackets."""
    return re.sub(r"\s+", "", text).replace("（", "(").replace("）", ")").lower()


def _lines(path: Path, data: bytes) -> list[tuple[int, list[str]]]:
    """Rows of a text with their line numbers."""
    try:
        text = decoded(data)
    except Undecodable as error:
        raise InputError("table_encoding", file=path.name) from error
    if "\0" in text:
        raise InputError("table_unreadable", file=path.name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    found, last = [], 0
    try:
        for cells in reader:
            found.append((last + 1, cells))
            last = reader.line_num
    except csv.Error as error:
        raise InputError("table_quotes", file=path.name, line=last + 1) from error
    return found


def _sheets(path: Path, data: bytes) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    try:
        import openpyxl
    except ImportError as error:
        raise InputError("openpyxl_lacking", file=path.name) from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise InputError("table_unreadable", file=path.name) from error
    return [(sheet.title, _rows(sheet)) for sheet in book.worksheets]


def _rows(sheet: Any) -> list[tuple[int, list[str]]]:
    spanned = {}
    for merged in sheet.merged_cells.ranges:
        first = sheet.cell(merged.min_row, merged.min_col)
        for row in range(merged.min_row, merged.max_row + 1):
            # Across, a merged cell is one cell; only down it is the same value again.
            spanned[row, merged.min_col] = first
    return [
        (number, [_cell(spanned.get((number, cell.column), cell)) for cell in cells])
        for number, cells in enumerate(sheet.iter_rows(), 1)
    ]


def _cell(cell: Any) -> str:
    """A cell as the spreadsheet shows it: 3.20 where its format has two decimals."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value).strip()
    decimals = _DECIMALS.search(str(cell.number_format))
    if decimals:
        return f"{value:.{len(decimals.group(1))}f}"
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
