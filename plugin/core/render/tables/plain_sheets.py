# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets that people fill in: headings in the first row, cells that are written as a stream, choices in a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from ...base.files.document_text import make_document_text
from .report_table import HEAD_FILL, WORKBOOK_FONT

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

#: Height of a line of the usual font of a workbook, also where a program takes another font.
LINE_POINTS = 15.5


def make_sheet_cell(
    sheet: Worksheet,
    value: Any,
    number_format: str = "",
    *,
    bold: bool = False,
    size: int = 10,
    wraps: bool = False,
    fill: str = "",
) -> Any:
    """Return a cell for a sheet that is written as a stream; ``size``: size of the font in points.

    Control characters of a text are left out. ``wraps``: break long texts into lines; ``fill``: a colour, as FFF2CC.
    """
    cell = WriteOnlyCell(sheet, make_document_text(value) if isinstance(value, str) else value)
    if cell.data_type == "f":
        cell.data_type = "s"
    cell.alignment = Alignment(vertical="top", wrap_text=wraps or None)
    if number_format:
        cell.number_format = number_format
    if bold or size != 10:
        cell.font = Font(WORKBOOK_FONT, size=size, bold=bold)
    if fill:
        cell.fill = PatternFill("solid", start_color=fill)
    return cell


def make_head_cell(sheet: Worksheet, text: str, *, fill: str = HEAD_FILL) -> Any:
    """Return a bold cell with the colour of headings."""
    return make_sheet_cell(sheet, text, bold=True, wraps=True, fill=fill)


def add_choices(sheet: Worksheet, column: int, row_count: int, words: Iterable[str]) -> None:
    """Let people choose one of the words in the cells of a column (from 1) below the first row.

    Other words, such as 豁免, are not refused here: the import names them.
    """
    if row_count:
        letter, listed = get_column_letter(column), ",".join(words)
        choices = DataValidation("list", f'"{listed}"', showErrorMessage=False, allow_blank=True)
        choices.add(f"{letter}2:{letter}{row_count + 1}")
        sheet.data_validations.append(choices)
