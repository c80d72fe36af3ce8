# SPDX-License-Identifier: GPL-2.0-or-later
"""Write filled tables as a workbook (xlsx), one sheet each, with names of cells, or as a document for Word.

Both have merged heads and notes; in the document each table begins a page, and places for signatures follow.
"""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter, quote_sheetname

from ...base.errors import OutputError
from ...render.document.blocks import (
    Block,
    Document,
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    Heading,
    PageBreak,
    PageHeaderFooter,
    Paragraph,
    merge_heads,
)
from ...render.document.check_report import make_signature
from ...render.document.table_document import compute_column_shares
from ...render.tables.report_table import (
    HEAD_FILL,
    SUM_FILL,
    WORKBOOK_FONT,
    CellStyles,
    TableNumber,
    apply_cell_style,
    compute_text_width,
    convert_to_plain_value,
    count_head_lines,
    make_number_format,
    save_workbook,
    set_cell_value,
    set_up_printing,
    write_merged_text_line,
    write_title_line,
)
from ...render.words import ReportTexts
from ...standard.messages.texts import THIN_SPACE, Texts, format_number
from .office_table import FilledRow, FilledTable
from .template import list_named_figures

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


#: Lines above the head: title, unit.
_LINES_ABOVE_HEAD = 2
_HEAD_LINE_POINTS, _LINE_POINTS, _NOTE_POINTS = 17.0, 13.5, 13.0
#: Characters that no name of a sheet may have, and its largest length.
_SHEET_NAME_PATTERN, _MAX_SHEET_NAME = re.compile(r"[\\/*?:\[\]]"), 31
_LEFT_MARGIN_CHARACTERS = 2
#: Tables with up to this number of rows are printed on one page with their notes.
_MAX_ROWS_ON_ONE_PAGE = 30
#: Letters in a line of a table, on upright pages and in landscape (182 were counted on a page of LibreOffice).
_PORTRAIT_LETTERS, _LANDSCAPE_LETTERS = 110, 175
_INDENT = "\u3000"
_STRONG_KINDS = ("subtotal", "sum", "head")


def write_office_workbook(path: Path, tables: list[FilledTable], texts: Texts) -> None:
    """Write filled tables to a new workbook.

    Raise OutputError without the package that writes workbooks.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise OutputError("output_openpyxl", target=path.name) from error
    book = openpyxl.Workbook()
    book.remove(book.active)
    styles: CellStyles = {}
    for table in tables:
        from openpyxl.workbook.defined_name import DefinedName

        sheet = book.create_sheet(_SHEET_NAME_PATTERN.sub("", table.layout.name)[:_MAX_SHEET_NAME])
        width = len(table.columns)
        total_width = sum(column.width for column in table.columns)
        write_title_line(sheet, width, table.title, total_width)
        unit = table.layout.unit
        unit_text = texts.get("tables", "unit_line", unit=texts.get("unit_names", unit)) if unit else ""
        write_merged_text_line(sheet, 2, width, unit_text, Font(WORKBOOK_FONT, size=10), "right", 18)
        for place, column in enumerate(table.columns, 1):
            sheet.column_dimensions[get_column_letter(place)].width = column.width
        first_row = _write_head(sheet, table, styles)
        for number, row in enumerate(table.rows, first_row):
            _write_row(sheet, number, row, table, styles)
        last_row = first_row + len(table.rows) - 1
        for note in table.notes:
            last_row += 1
            lines = -(-compute_text_width(note) // max(total_width - _LEFT_MARGIN_CHARACTERS, 1))
            write_merged_text_line(
                sheet, last_row, width, note, Font(WORKBOOK_FONT, size=9), "left", _NOTE_POINTS * max(lines, 1) + 2
            )
        set_up_printing(
            sheet, last_row, width, is_landscape=table.layout.orientation == "landscape", heading_rows=first_row - 1
        )
        if len(table.rows) <= _MAX_ROWS_ON_ONE_PAGE:
            sheet.page_setup.fitToHeight = 1
        for figure in list_named_figures(table):
            cell = f"${get_column_letter(figure.column + 1)}${first_row + figure.row}"
            if figure.name not in book.defined_names:
                book.defined_names[figure.name] = DefinedName(
                    figure.name, attr_text=f"{quote_sheetname(sheet.title)}!{cell}"
                )
    save_workbook(book, path, tables[0].title if tables else "", texts)


def _write_head(sheet: Worksheet, table: FilledTable, styles: CellStyles) -> int:
    """Write the head with merged cells; return the first row below it."""
    heads = [column.head for column in table.columns]
    line_count = max(map(len, heads))
    for line in range(line_count):
        for place in range(len(heads)):
            apply_cell_style(
                sheet.cell(_LINES_ABOVE_HEAD + 1 + line, place + 1),
                styles,
                "center",
                wrap=True,
                bold=True,
                fill=HEAD_FILL,
            )
    text_lines = [1] * line_count
    for first_line, place, lines, column_count, text in merge_heads(heads):
        row, column = _LINES_ABOVE_HEAD + 1 + first_line, place + 1
        set_cell_value(sheet.cell(row, column), text)
        last_row, last_column = row + lines - 1, column + column_count - 1
        if (last_row, last_column) != (row, column):
            sheet.merge_cells(start_row=row, end_row=last_row, start_column=column, end_column=last_column)
        room = sum(one.width for one in table.columns[place:last_column])
        # A head over several lines has the room of all of them.
        needed = -(-count_head_lines(text, room) // lines)
        for line in range(first_line, first_line + lines):
            text_lines[line] = max(text_lines[line], needed)
    for line, count in enumerate(text_lines):
        sheet.row_dimensions[_LINES_ABOVE_HEAD + 1 + line].height = _HEAD_LINE_POINTS * count + 4
    return _LINES_ABOVE_HEAD + 1 + line_count


def _write_row(sheet: Worksheet, number: int, row: FilledRow, table: FilledTable, styles: CellStyles) -> None:
    """Write one row of figures; its height fits the text with the most lines."""
    strong, tallest = row.kind in _STRONG_KINDS, 1
    for place, (column, value) in enumerate(zip(table.columns, row.values, strict=True), 1):
        cell = sheet.cell(number, place)
        set_cell_value(cell, convert_to_plain_value(value))
        is_number = isinstance(value, TableNumber)
        number_format = make_number_format(value.decimals) if isinstance(value, TableNumber) else ""
        if isinstance(value, str) and value and row.kind != "head":
            tallest = max(tallest, -(-compute_text_width(value) // max(column.width - _LEFT_MARGIN_CHARACTERS, 1)))
        is_name = column.content == "name" and row.kind not in _STRONG_KINDS
        align = "right" if is_number or column.unit else "left" if is_name else "center"
        apply_cell_style(
            cell, styles, align, wrap=not is_number, indent=1 if is_name and row.kind == "part" else 0, bold=strong,
            fill=SUM_FILL if strong else "", number_format=number_format,
        )  # fmt: skip
    if row.kind == "head":
        first_cell = sheet.cell(number, 1)
        first_cell._style = copy(first_cell._style)
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(table.columns))
        first_cell.alignment = Alignment("left", "center", indent=1)
    sheet.row_dimensions[number].height = 5 + _LINE_POINTS * tallest


def make_office_document(tables: list[FilledTable], area: str, texts: Texts) -> Document:
    """Return filled tables as a document.

    One table gives the document its title; several have a common title and each its own heading.
    """
    report_texts = ReportTexts(texts.lang)
    is_landscape = any(table.layout.orientation == "landscape" for table in tables)
    is_alone = len(tables) == 1
    title = tables[0].title if is_alone else texts.get("office_tables", "document_title", area=area)
    blocks: list[Block] = []
    for number, table in enumerate(tables):
        if number:
            blocks.append(PageBreak())
        unit = table.layout.unit
        note = texts.get("tables", "unit_line", unit=texts.get("unit_names", unit)) if unit else ""
        letters = _LANDSCAPE_LETTERS if is_landscape else _PORTRAIT_LETTERS
        rows = tuple(_make_row(row, table) for row in table.rows)
        titles = [column.head[-1] for column in table.columns]
        widths = [[cell.text for cell in row] for row, one in zip(rows, table.rows, strict=True) if one.kind != "head"]
        columns = tuple(
            DocumentColumn(
                "".join(column.head),
                share,
                "right" if column.unit else "left" if column.content == "name" else "center",
            )
            for column, share in zip(table.columns, compute_column_shares(titles, widths, letters), strict=True)
        )
        blocks += [
            Heading(table.layout.name if is_alone else table.title, note=note),
            DocumentTable(
                columns,
                rows,
                texts.get("tables", "no_rows"),
                frozenset(n for n, row in enumerate(table.rows) if row.kind == "head"),
                heads=tuple(column.head for column in table.columns),
            ),
            *[Paragraph(text, is_small=True) for text in table.notes],
        ]
    blocks.append(make_signature(report_texts))
    return Document(
        title,
        "",
        PageHeaderFooter(
            header_left=area,
            header_right=title,
            footer_left=report_texts.get("page", "product"),
            page_number_format=report_texts.get("page", "number"),
        ),
        tuple(blocks),
        texts.lang,
        landscape=is_landscape,
    )


def _make_row(row: FilledRow, table: FilledTable) -> tuple[DocumentCell, ...]:
    """Return the cells of a row as printed texts."""
    texts = (
        (_INDENT if row.kind == "part" and column.content == "name" else "")
        + (
            format_number(value.value, value.decimals)
            if isinstance(value, TableNumber)
            else (value or "").replace("\u00a0", THIN_SPACE)
        )
        for column, value in zip(table.columns, row.values, strict=True)
    )
    return tuple(DocumentCell(text, is_bold=row.kind in _STRONG_KINDS) for text in texts)
