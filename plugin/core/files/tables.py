# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables that people fill in beside the data (CSV or xlsx): the head found by its words, every cell as it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .sheets import Line, Unreadable, sheets_of

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
