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
    path, heading_lines = Path(path), load_settings().heading_lines
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD_BYTES)
        size = path.stat().st_size
    except OSError:
        return False
    if head.startswith(WORKBOOK_SIGNATURE):
        if size > _MOST_WORKBOOK_BYTES:
            return False
        try:
            book = open_workbook(path, reads_once=True)
        except UnreadableTable:
            return False
        rows_by_sheet = (islice(sheet.iter_rows(values_only=True), heading_lines) for sheet in book.worksheets)
        return _has_headings(
            [
                TableSheet(
                    "", [TableLine(n, tuple("" if v is None else str(v) for v in row)) for n, row in enumerate(rows, 1)]
                )
                for rows in rows_by_sheet
            ]
        )
    if len(head) == _HEAD_BYTES:
        # The last line may end within a character.
        head = head[: head.rfind(b"\n") + 1]
    try:
        text = read_file_text(path, head)
        head_text = FileText(text.path, text.lines[:heading_lines], text.layout)
        return choose_text_form(text.lines, requires_metres=True) is not None or _has_headings(
            [split_text_table(head_text)]
        )
    except InputError:
        return False


def _has_headings(sheets: list[TableSheet]) -> bool:
    """Return True if a sheet has the headings of a form."""
    return any(find_heading_line(sheet, form) >= 0 for sheet in sheets for form in load_automatic_forms(TABLE_KIND))
