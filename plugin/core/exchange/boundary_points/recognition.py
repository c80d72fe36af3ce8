# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise a boundary-point file by its first lines."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from ...errors import InputError
from ...files.encoding import WORKBOOK_SIGNATURE
from ...files.tables import UnreadableTable, open_workbook
from .forms import TABLE_KIND, load_automatic_forms
from .read_table import TableLine, TableSheet, find_heading_line, split_text_table
from .read_text import FileText, choose_text_form, read_file_text
from .settings import load_settings

_SUFFIXES = (".txt", ".csv", ".xlsx", ".xlsm")
_HEAD_BYTES = 16_384
#: A larger workbook is not opened: that takes seconds, in which QGIS does not respond, and tables of boundary points
#: are smaller. It can still be imported.
_MOST_WORKBOOK_BYTES = 5_000_000


def is_boundary_point_file(path: str | Path) -> bool:
    """Return True if a file has boundary points in one of the plugin's forms, by suffix and first lines.

    Of a text file the first 16 KiB are read, of a workbook the first rows of its sheets. False for a file that cannot
    be read, which `read_boundary_points` explains, and for a workbook of more than 5 MB, which is not opened.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD_BYTES)
        size = path.stat().st_size
    except OSError:
        return False
    if head.startswith(WORKBOOK_SIGNATURE):
        return size <= _MOST_WORKBOOK_BYTES and _has_workbook_headings(path)
    if len(head) == _HEAD_BYTES:
        # The last line may end within a character.
        head = head[: head.rfind(b"\n") + 1]
    try:
        text = read_file_text(path, head)
        return choose_text_form(text.lines, requires_metres=True) is not None or _has_headings([_split_head(text)])
    except InputError:
        return False


def _split_head(text: FileText) -> TableSheet:
    """Return the lines in which headings are searched as a table."""
    return split_text_table(FileText(text.path, text.lines[: load_settings().heading_lines], text.layout))


def _has_headings(sheets: list[TableSheet]) -> bool:
    """Return True if a sheet has the headings of a form."""
    return any(find_heading_line(sheet, form) >= 0 for sheet in sheets for form in load_automatic_forms(TABLE_KIND))


def _has_workbook_headings(path: Path) -> bool:
    """Return True if the first rows of a sheet of a workbook have the headings of a form."""
    try:
        book = open_workbook(path, reads_once=True)
    except UnreadableTable:
        return False
    rows_by_sheet = {
        sheet.title: islice(sheet.iter_rows(values_only=True), load_settings().heading_lines)
        for sheet in book.worksheets
    }
    return _has_headings(
        [
            TableSheet(
                title, [TableLine(n, tuple("" if v is None else str(v) for v in row)) for n, row in enumerate(rows, 1)]
            )
            for title, rows in rows_by_sheet.items()
        ]
    )
