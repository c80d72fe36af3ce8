# SPDX-License-Identifier: GPL-2.0-or-later
"""CSV as records of unchanged cells, so that a program rewrites only the cells that it changes.

A reader such as `csv` drops quotes and line ends. Here each cell keeps its text as written; a file that other people
also edit then differs only in the changed cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .document_text import make_readable_text

#: Cells that a spreadsheet would change: long numbers, numbers with an exponent or leading zeros, and formulas.
_CHANGED_BY_SPREADSHEETS = re.compile(r"[=+\-@].*|0\d+|\d{12,}|\d+(?:\.\d+)?[eE][+-]?\d+", re.DOTALL)


@dataclass(eq=False)
class UnbalancedQuotesError(Exception):
    """Raised for a CSV with an opening quote that has no end.

    ``line_number``: line of the record, from 1.
    """

    line_number: int


@dataclass
class CsvRecord:
    """A record (row) of a CSV.

    ``cells``: cells as written, with quotes; ``line_end``: line break after the record, empty at the end of the file;
    ``line_number``: line where it begins, from 1.
    """

    cells: list[str]
    line_end: str
    line_number: int

    def format(self, delimiter: str) -> str:
        """Return the record as text, as it was read."""
        return delimiter.join(self.cells) + self.line_end


def split_records(text: str, delimiter: str) -> list[CsvRecord]:
    """Return the records of a CSV text, empty lines included.

    Raises UnbalancedQuotesError.
    """
    separator = "\n" if "\n" in text else "\r"
    mark = re.escape(delimiter)
    # The first cell begins the record, each other one follows a delimiter.
    cell_pattern = re.compile(rf'(?:^|(?<={mark}))(?:"(?:[^"]|"")*"[^{mark}]*|[^{mark}]*)(?={mark}|$)', re.DOTALL)
    records: list[CsvRecord] = []
    open_lines: list[str] = []
    first_line = 0
    lines = text.split(separator)
    for number, line in enumerate(lines, 1):
        first_line = first_line or number
        open_lines.append(line)
        if sum(part.count('"') for part in open_lines) % 2:
            continue
        record = open_lines[0] if len(open_lines) == 1 else separator.join(open_lines)
        line_end = separator if number < len(lines) else ""
        if record.endswith("\r"):
            record, line_end = record[:-1], f"\r{line_end}"
        if record or line_end:
            cells = cell_pattern.findall(record) if '"' in record else record.split(delimiter)
            records.append(CsvRecord(cells, line_end, first_line))
        open_lines, first_line = [], 0
    if open_lines:
        raise UnbalancedQuotesError(first_line)
    return records


def read_cell(cell: str) -> str:
    r"""Return the text of a cell: without quotes and outer blanks, with ``\n`` as line break."""
    if '"' in cell:
        stripped = cell.strip(" ")
        if stripped.startswith('"') and stripped.endswith('"') and len(stripped) > 1:
            cell = stripped[1:-1].replace('""', '"')
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip() if cell else ""


def guard_cell(text: str) -> str:
    """Return a text with a leading tab if a spreadsheet would turn it into a number or a formula.

    `read_cell` removes the tab.
    """
    text = make_readable_text(text)
    return f"\t{text}" if _CHANGED_BY_SPREADSHEETS.fullmatch(text) else text


def write_cell(text: str, delimiter: str) -> str:
    """Return the cell for a text (`guard_cell`), quoted where necessary."""
    text = guard_cell(text)
    if any(character in text for character in ('"', "\n", "\r", "\t", delimiter)):
        return '"' + text.replace('"', '""') + '"'
    return text


def format_rows(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as a CSV in UTF-8 with a byte order mark, which spreadsheets read without changing keys."""
    lines = [",".join(write_cell(text, ",") for text in row) + "\r\n" for row in rows]
    return "".join(lines).encode("utf-8-sig")
