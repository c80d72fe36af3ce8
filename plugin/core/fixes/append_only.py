# SPDX-License-Identifier: GPL-2.0-or-later
"""Append rows to tables (CSV in UTF-8 with a byte order mark): to all of the tables or to none."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..files.encoding import UndecodableTextError, decode_file_text
from ..files.writing import write_atomically

#: Columns by which a table is recognised.
_RECOGNISED_COLUMNS = 3


@dataclass(frozen=True)
class RowsToAppend:
    """Rows to append to a table.

    ``columns``: headings of the table; ``error_key``: text of the error if the file cannot be read or is another table.
    """

    path: Path
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    error_key: str


def append_rows(tables: Iterable[RowsToAppend]) -> None:
    """Append rows to tables; missing tables are created.

    Each file is written under a temporary name and then replaced. Raise OutputError if one of the files cannot be read
    or written, or is another table; then all of them are unchanged.
    """
    prepared_tables = [(table.path, *_prepare(table)) for table in tables]
    written_tables: list[tuple[Path, bytes | None]] = []
    try:
        for path, former_contents, contents in prepared_tables:
            _write(path, contents)
            written_tables.append((path, former_contents))
    except BaseException:
        for path, former_contents in written_tables:
            if former_contents is None:
                path.unlink()
            else:
                path.write_bytes(former_contents)
        raise


def _prepare(table: RowsToAppend) -> tuple[bytes | None, bytes]:
    """Return the former bytes of a table (None without a file), and the bytes with the rows appended."""
    try:
        former_contents = table.path.read_bytes() if table.path.exists() else None
        text = (
            decode_file_text(former_contents)
            if former_contents and former_contents.strip()
            else _format_csv([table.columns])
        )
    except (OSError, UndecodableTextError) as error:
        raise OutputError(table.error_key, target=str(table.path)) from error
    heading = next(csv.reader(io.StringIO(text, newline="")), [])
    if heading[:_RECOGNISED_COLUMNS] != list(table.columns[:_RECOGNISED_COLUMNS]):
        raise OutputError(table.error_key, target=str(table.path))
    if not text.endswith("\n"):
        text += "\r\n"
    return former_contents, (text + _format_csv(table.rows)).encode("utf-8-sig")


def _write(path: Path, contents: bytes) -> None:
    """Replace a file by one with these bytes, and flush it to the disk."""
    with write_atomically(path) as target, target.open("wb") as handle:
        handle.write(contents)
        handle.flush()
        os.fsync(handle.fileno())


def _format_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([escape_formula_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def escape_formula_cell(cell: str) -> str:
    """Return a cell with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@") else cell
