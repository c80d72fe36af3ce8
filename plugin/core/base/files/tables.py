# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that users fill in (CSV or xlsx), found in a sheet by the headings of their columns."""

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

from ..errors import InputError
from . import read_bytes
from .encoding import OLD_WORKBOOK_SIGNATURE, WORKBOOK_SIGNATURE, UndecodableTextError, decode_file_text, find_delimiter
from .workbooks import WORKBOOK_SUFFIXES, iterate_rows, open_workbook

# Sheets of lines of cells of CSV and xlsx files. The callers find headings in them: this module,
# `figures.supplied_tables` and `exchange.structure_table`.

#: Wide enough for every number that a cell can hold.
_DECIMAL_CONTEXT = Context(prec=400)
_FIXED_FORMAT_PATTERN = re.compile(r"0(?:\.(0+))?")
_YEAR_PATTERN = re.compile(r"((?:19|20)\d\d)\s*年?度?")
#: Rows above the heading (a title, a note, a unit) that a table may have.
_MAX_LINES_ABOVE_HEADING = 10


class CellLine(NamedTuple):
    """A line of cells in a sheet or a text file.

    ``line_number``: number of the row in the sheet, or of the first line in the text file, from 1.
    """

    line_number: int
    cells: list[str]


class CellSheet(NamedTuple):
    """A sheet of a workbook, or a whole text file, whose ``title`` is empty."""

    title: str
    cell_lines: list[CellLine]


def read_sheets(path: Path) -> list[CellSheet]:
    """Return the sheets of a workbook, or a text file as one sheet.

    Text files have commas, semicolons or tabs and are in UTF-8 or GBK. Cells have no blanks around them. A merged cell
    counts for each row that it spans, a formula by its saved value, a number as displayed. Raises InputError.
    """
    data = read_bytes(path)
    if data.startswith(WORKBOOK_SIGNATURE) or path.suffix.lower() in WORKBOOK_SUFFIXES:
        return [
            CellSheet(
                sheet.title,
                [CellLine(row.number, [display_cell(cell) for cell in row.cells]) for row in iterate_rows(sheet)],
            )
            for sheet in open_workbook(path).worksheets
        ]
    if data.startswith(OLD_WORKBOOK_SIGNATURE):
        raise InputError("table_old_workbook", file=path.name)
    try:
        text = decode_file_text(data)
    except UndecodableTextError as error:
        raise InputError("table_encoding", file=path.name) from error
    if "\0" in text:
        raise InputError("table_unreadable", file=path.name)
    return [CellSheet("", split_lines(text, path.name))]


def split_lines(text: str, file: str) -> list[CellLine]:
    """Return the lines of cells of a text with commas, semicolons or tabs.

    Raise InputError, with ``file`` and line, for a broken quote.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(text), strict=True)
    cell_lines, last = [], 0
    try:
        for cells in reader:
            cell_lines.append(CellLine(last + 1, [cell.strip() for cell in cells]))
            last = reader.line_num
    except csv.Error as error:
        raise InputError("table_quotes", file=file, line=last + 1) from error
    return cell_lines


def display_cell(cell: Any) -> str:
    """Return an openpyxl cell as displayed: 63.2 with the format 0.00 is 63.20.

    Digits that a format without decimals hides are kept, because the user entered them.
    """
    value = cell.value
    if value is None:
        return ""
    text = display_value(value, str(cell.number_format))
    is_fraction_hidden = isinstance(value, float) and not value.is_integer() and text.lstrip("-").isdigit()
    return _format_plain(value) if is_fraction_hidden else text


def display_value(value: Any, number_format: str = "General") -> str:
    """Return a value as a spreadsheet displays it with a number format.

    63.2 with the format 0.00 is 63.20, 0.5 with 0% is 50%.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).strip()
    # A quoted word or an escaped character is not a digit placeholder.
    first = re.sub(r'"[^"]*"|\\.', "", number_format.split(";")[0])
    form = None if "E" in first.upper().replace("GENERAL", "") else _FIXED_FORMAT_PATTERN.search(first)
    if form is None:
        return _format_plain(value)
    decimals = len(form.group(1) or "")
    return (
        f"{_round_like_spreadsheet(100 * value, decimals)}%"
        if "%" in first
        else _round_like_spreadsheet(value, decimals)
    )


def _round_like_spreadsheet(value: float, decimals: int) -> str:
    """Return a number rounded as spreadsheets do: from fifteen digits, a half away from zero."""
    if not math.isfinite(value):
        return str(value)
    return f"{Decimal(f'{value:.15g}').quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _DECIMAL_CONTEXT):f}"


def _format_plain(value: float) -> str:
    """Return a number as text with at most ten decimals, without needless zeros."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class SearchedColumn:
    """A column to search for in a table.

    ``name``: its name in the result; ``possible_headings``: headings by which it is found; ``is_required``: a table
    without it is not recognised.
    """

    name: str
    possible_headings: tuple[str, ...]
    is_required: bool = True


@dataclass(frozen=True)
class FoundTableRow:
    """A row of a table.

    ``line_number``: its number in the file, from 1; ``text_by_column``: name of a searched column → text, empty where
    the cell is empty or missing; ``other_cells``: heading → text, for all other columns.
    """

    line_number: int
    text_by_column: dict[str, str]
    other_cells: dict[str, str]


@dataclass(frozen=True)
class FoundTable:
    """A table found in a file.

    ``file_name``: the name without folders; ``sheet_title``: empty for a text file; ``heading_line``: number of the
    heading row; ``other_headings``: headings of columns that were not searched for.
    """

    file_name: str
    sheet_title: str
    heading_line: int
    other_headings: tuple[str, ...]
    rows: tuple[FoundTableRow, ...]

    @property
    def file_and_sheet(self) -> str:
        """Return the names of file and sheet, for a message."""
        return f"{self.file_name} [{self.sheet_title}]" if self.sheet_title else self.file_name

    def make_cell_error(self, row: FoundTableRow, column: str, value: str, known: Iterable[str] = ()) -> InputError:
        """Return the InputError for an unusable cell, with file, row, column and value.

        ``known``: possible values, which the error lists.
        """
        params = {
            "file": self.file_and_sheet,
            "line": row.line_number,
            "column": column,
            "known": "、".join(known) or "—",
        }
        return InputError("table_cell" if value else "table_blank", value=value, **params)


def read_table(path: str | Path, columns: Sequence[SearchedColumn]) -> FoundTable:
    """Return the first table in a file whose headings include all required columns.

    Files are CSV (comma, semicolon or tab; UTF-8 or GBK) or xlsx. A merged cell counts for each row that it spans, a
    formula by its saved value. Raise InputError if the file is missing, is not a table, or has no such headings.
    """
    path = Path(path)
    for sheet, lines in read_sheets(path):
        found_table = _find_table(path.name, sheet, lines, columns)
        if found_table is not None:
            return found_table
    required_headings = "、".join(c.possible_headings[0] for c in columns if c.is_required)
    raise InputError("table_no_head", file=path.name, rows=_MAX_LINES_ABOVE_HEADING, columns=required_headings)


def _find_table(file: str, sheet: str, lines: list[CellLine], columns: Sequence[SearchedColumn]) -> FoundTable | None:
    """Return the first table in the lines of a sheet whose headings include all required columns; None without one."""
    for position, (line, cells) in enumerate(lines[:_MAX_LINES_ABOVE_HEADING]):
        headings = [_normalise_heading(cell) for cell in cells]
        position_by_column = {
            column.name: headings.index(head)
            for column in columns
            # The first of several possible headings is assigned last.
            for head in map(_normalise_heading, reversed(column.possible_headings))
            if head in headings
        }
        if all(column.name in position_by_column for column in columns if column.is_required):
            for column in columns:
                twice = [
                    c
                    for c, w in zip(cells, headings, strict=True)
                    if w in map(_normalise_heading, column.possible_headings)
                ]
                if len(twice) > 1:
                    raise InputError("table_column_twice", file=file, line=line, columns="、".join(twice))
            return _read_body(file, sheet, line, cells, position_by_column, lines[position + 1 :], columns)
    return None


def _read_body(
    file: str,
    sheet: str,
    line: int,
    head: list[str],
    positions: dict[str, int],
    lines: list[CellLine],
    columns: Sequence[SearchedColumn],
) -> FoundTable:
    """Return the table below a line of headings.

    ``line``: number of that line; ``head``: its cells; ``positions``: name of a searched column → position of its
    cells.
    """
    others = {n: text.strip() for n, text in enumerate(head) if n not in positions.values() and text.strip()}
    rows = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        width = [cell.strip() for cell in cells] + [""] * (len(head) - len(cells))
        if any(width[len(head) :]):
            raise InputError("table_stray", file=file, line=number, value=next(filter(None, width[len(head) :])))
        text_by_column = {
            column.name: width[positions[column.name]] if column.name in positions else "" for column in columns
        }
        rows.append(FoundTableRow(number, text_by_column, {text: width[n] for n, text in others.items()}))
    return FoundTable(file, sheet, line, tuple(others.values()), tuple(rows))


def _normalise_heading(text: str) -> str:
    """Return a heading in lower case, with ASCII brackets, without spaces and line breaks."""
    return re.sub(r"\s+", "", text).replace("（", "(").replace("）", ")").lower()


def parse_year(text: str) -> int | None:
    """Return the year in a cell such as 2021 or 2021年; None for another text."""
    match = _YEAR_PATTERN.fullmatch(text.strip())
    return int(match[1]) if match else None
