# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that people fill in beside the data (CSV or xlsx): sheets of lines of cells, and the table below a head found by its words."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

from ..errors import InputError
from .encoding import OLD_WORKBOOK, WORKBOOK, Undecodable, decoded, delimiter

# Files with tables that people fill in (CSV or xlsx), as sheets of lines of cells. What the cells mean is for others to say:
# `tables`, `indicators.typed` and `exchange.structure_table` find their heads in them.

_WORKBOOKS = (".xlsx", ".xlsm")
#: Wide enough for every number that a cell can hold.
_WIDE = Context(prec=400)
_DIGITS = re.compile(r"0(?:\.(0+))?")


class Line(NamedTuple):
    """``number``: of the row of a sheet, or of the line of a text where it begins, from 1."""

    number: int
    cells: list[str]


class Sheet(NamedTuple):
    """``title``: empty for a text."""

    title: str
    lines: list[Line]


class Unreadable(Exception):
    """A file that gives no cells. ``why``: ``missing``, ``no_access``, ``old_workbook``, ``openpyxl`` (the library is not
    there), ``unreadable``, ``encoding``, or ``quotes`` (then with ``line``)."""

    def __init__(self, why: str, line: int = 0):
        super().__init__(why)
        self.why, self.line = why, line


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of a workbook, or the one of a text (comma, semicolon or tab; UTF-8 or GBK), cells without blanks around them.

    Merged cells count for each row that they span, formulas by their last value, numbers as they are shown. Raises Unreadable.
    """
    data = _bytes(path)
    if data.startswith(WORKBOOK) or path.suffix.lower() in _WORKBOOKS:
        return [Sheet(sheet.title, _rows(sheet)) for sheet in _workbook(data).worksheets]
    return [Sheet("", _lines(data))]


def open_workbook(path: Path) -> Any:
    """The workbook itself, for one who looks at more than its cells. Raises Unreadable."""
    return _workbook(_bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable("no_access") from error


def _workbook(data: bytes) -> Any:
    if data.startswith(OLD_WORKBOOK):
        raise Unreadable("old_workbook")
    try:
        import openpyxl
    except ImportError as error:
        raise Unreadable("openpyxl") from error
    try:
        return openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise Unreadable("unreadable") from error


def _lines(data: bytes) -> list[Line]:
    if data.startswith(OLD_WORKBOOK):
        raise Unreadable("old_workbook")
    try:
        text = decoded(data)
    except Undecodable as error:
        raise Unreadable("encoding") from error
    if "\0" in text:
        raise Unreadable("unreadable")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    found, last = [], 0
    try:
        for cells in reader:
            found.append(Line(last + 1, [cell.strip() for cell in cells]))
            last = reader.line_num
    except csv.Error as error:
        raise Unreadable("quotes", last + 1) from error
    return found


def _rows(sheet: Any) -> list[Line]:
    spanned = {}
    for merged in sheet.merged_cells.ranges:
        first = sheet.cell(merged.min_row, merged.min_col)
        for row in range(merged.min_row, merged.max_row + 1):
            # Across, a merged cell is one cell; only down it is the same value again.
            spanned[row, merged.min_col] = first
    return [
        Line(number, [shown(spanned.get((number, cell.column), cell)) for cell in cells])
        for number, cells in enumerate(sheet.iter_rows(), 1)
    ]


def shown(cell: Any) -> str:
    """A cell as its digits mean it: 63.2 with the format 0.00 is 63.20; what a format without decimals hides is there all the
    same, for it was typed."""
    value = cell.value
    if value is None:
        return ""
    text = printed(value, str(cell.number_format))
    hidden = isinstance(value, float) and not value.is_integer() and text.lstrip("-").isdigit()
    return _plain(value) if hidden else text


def printed(value: Any, number_format: str = "General") -> str:
    """A value as a spreadsheet shows it: 63.2 with the format 0.00 is 63.20, 0.5 with 0% is 50%."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).strip()
    # A word in quotes, or a sign behind a backslash, is no digit.
    first = re.sub(r'"[^"]*"|\\.', "", number_format.split(";")[0])
    form = None if "E" in first.upper().replace("GENERAL", "") else _DIGITS.search(first)
    if form is None:
        return _plain(value)
    decimals = len(form.group(1) or "")
    return f"{_rounded(100 * value, decimals)}%" if "%" in first else _rounded(value, decimals)


def _rounded(value: float, decimals: int) -> str:
    """As spreadsheets do: of fifteen digits, and a half goes away from zero."""
    if not math.isfinite(value):
        return str(value)
    return f"{Decimal(f'{value:.15g}').quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE):f}"


def _plain(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


#: Rows above the head (a title, a note, a unit) that a table may have.
_ABOVE = 10


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
        sheets = sheets_of(path)
    except Unreadable as error:
        # Where a file is not found, its folder is what has to be looked at.
        file = str(path) if error.why in ("missing", "no_access") else path.name
        key = "openpyxl_lacking" if error.why == "openpyxl" else f"table_{error.why}"
        raise InputError(key, file=file, **({"line": error.line} if error.line else {})) from error
    for sheet, lines in sheets:
        found = _table(path.name, sheet, lines, columns)
        if found is not None:
            return found
    needed = "、".join(c.heads[0] for c in columns if c.needed)
    raise InputError("table_no_head", file=path.name, rows=_ABOVE, columns=needed)


def _table(file: str, sheet: str, lines: list[Line], columns: Sequence[Column]) -> Table | None:
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
    lines: list[Line],
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
