# SPDX-License-Identifier: GPL-2.0-or-later
"""Append rows to tables (CSV in UTF-8 with a byte order mark): to all of the tables or to none."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import OutputError
from ..base.files.document_text import make_readable_text
from ..base.files.encoding import UndecodableTextError, decode_file_text
from ..base.files.writing import write_atomically

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
    PreparedRows(tables).commit()


class PreparedRows:
    """Tables with appended rows, as temporary files that `commit` puts in place of the former ones.

    Raise OutputError as `append_rows`. `discard` after `commit` does nothing.
    """

    def __init__(self, tables: Iterable[RowsToAppend]):
        self._files: list[_PreparedFile] = []
        try:
            prepared_tables = [(table.path, _read_file_version(table.path), *_prepare(table)) for table in tables]
            for path, version, former_contents, contents in prepared_tables:
                self._files.append(_PreparedFile(path, version, former_contents, contents))
        except BaseException:
            self.discard()
            raise

    @property
    def is_current(self) -> bool:
        """Return True if no table was written since the rows were prepared."""
        return all(_read_file_version(file.path) == file.version for file in self._files)

    def commit(self) -> None:
        """Put the files in place; raise OutputError if one cannot be replaced, then all are as before."""
        committed_files: list[_PreparedFile] = []
        files, self._files = self._files, []
        try:
            while files:
                files[0].replace()
                committed_files.append(files.pop(0))
        except BaseException:
            for file in files:
                file.discard()
            for file in committed_files:
                file.restore()
            raise

    def discard(self) -> None:
        """Delete the temporary files; the tables stay as they are."""
        files, self._files = self._files, []
        for file in files:
            file.discard()


class _PreparedFile:
    """New contents of a file, written next to it and flushed to the disk."""

    def __init__(self, path: Path, version: _FileVersion | None, former_contents: bytes | None, contents: bytes):
        self.path, self.version, self._former_contents = path, version, former_contents
        with ExitStack() as stack:
            target = stack.enter_context(write_atomically(path))
            with target.open("wb") as handle:
                handle.write(contents)
                handle.flush()
                os.fsync(handle.fileno())
            self._output = stack.pop_all()

    def replace(self) -> None:
        self._output.close()

    def discard(self) -> None:
        discarded = _Discarded()
        self._output.__exit__(_Discarded, discarded, None)

    def restore(self) -> None:
        if self._former_contents is None:
            self.path.unlink()
        else:
            self.path.write_bytes(self._former_contents)


class _Discarded(Exception):
    """Ends the writing of a temporary file, which then does not replace its target."""


#: Time of the last change (ns), size and inode of a file.
_FileVersion = tuple[int, int, int]


def _read_file_version(path: Path) -> _FileVersion | None:
    """Return by what a later change of a file is detected; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _prepare(table: RowsToAppend) -> tuple[bytes | None, bytes]:
    """Return the former bytes of a table (None without a file), and the bytes with the rows appended."""
    try:
        former_contents = table.path.read_bytes() if table.path.exists() else None
        text = (
            decode_file_text(former_contents)
            if former_contents and former_contents.strip()
            else format_csv([table.columns])
        )
    except (OSError, UndecodableTextError) as error:
        raise OutputError(table.error_key, target=str(table.path)) from error
    heading = next(csv.reader(io.StringIO(text, newline="")), [])
    if heading[:_RECOGNISED_COLUMNS] != list(table.columns[:_RECOGNISED_COLUMNS]):
        raise OutputError(table.error_key, target=str(table.path))
    if not text.endswith("\n"):
        text += "\r\n"
    return former_contents, (text + format_csv(table.rows)).encode("utf-8-sig")


def format_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([escape_formula_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def escape_formula_cell(cell: str) -> str:
    """Return a cell for a CSV, with an apostrophe before it if a spreadsheet would take it for a formula."""
    cell = make_readable_text(cell)
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "'") else cell
