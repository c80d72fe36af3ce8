# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables as data: what a result has is described once, for workbook, document, JSON, layer and page.

Writers compute no numbers. That of the workbook (xlsx) is here: a sheet in official layout has title, unit line, frame
and numbers.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...base.errors import OutputError
from ...base.files.document_text import make_document_text
from ...standard.messages.numbers import DECIMALS_BY_UNIT, format_number
from ...standard.messages.texts import Texts

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


class TableNumber(NamedTuple):
    """A number with the decimals for display."""

    value: float
    decimals: int


CellValue = str | TableNumber | None


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: ``id`` is the key of its title if ``title`` is empty; one without id is in no table.

    ``unit``: unit of its numbers; ``width_in_characters``: width in characters. The columns that describe a result also
    have: ``key``, the name in JSON and layers, empty for readers only; ``value``, which returns what programs get of an
    item, by default its attribute ``key``; ``shown``, which returns what readers get in its place; ``decimals`` of the
    numbers shown, by default those usual for the unit. ``wraps``: its texts have several lines in the ledger.
    """

    id: str = ""
    unit: str = ""
    title: str = ""
    width_in_characters: int = 12
    key: str = ""
    value: Callable[[Any], Any] | None = None
    shown: Callable[[Any], Any] | None = None
    decimals: int | None = None
    wraps: bool = False

    def get_value(self, item: Any) -> Any:
        """Return what programs get of an item."""
        return getattr(item, self.key) if self.value is None else self.value(item)

    def make_cell(self, item: Any) -> CellValue:
        """Return the cell of an item; a number without a unit is a count."""
        value: CellValue | float = self.get_value(item) if self.shown is None else self.shown(item)
        if value is None or isinstance(value, str | TableNumber):
            return value
        return make_table_number(value, self.unit or "count", self.decimals)


@dataclass
class ReportTableRow:
    """A row of a table.

    ``kind`` is row, part (其中 …), sum or head. ``code`` identifies the row for programs.
    """

    values: list[CellValue]
    kind: str = "row"
    code: str = ""


@dataclass
class ReportTable:
    """A table: ``id`` is the key of its title and of its sheet's name.

    ``unit``: unit of most numbers; ``notes``: sentences below the table.
    """

    id: str
    columns: list[TableColumn]
    rows: list[ReportTableRow] = field(default_factory=list)
    unit: str = ""
    notes: list[str] = field(default_factory=list)


def make_table(
    table_id: str,
    columns: Iterable[TableColumn],
    items: Iterable[Any] = (),
    code: Callable[[Any], str] = lambda item: "",
    unit: str = "",
    notes: Iterable[str] = (),
) -> ReportTable:
    """Return the table of the columns that have an id, with a row for each item; ``code`` returns that of its row."""
    table = ReportTable(table_id, [column for column in columns if column.id], unit=unit, notes=list(notes))
    table.rows += [make_row(table.columns, one, code=code(one)) for one in items]
    return table


def make_row(columns: Iterable[TableColumn], item: Any, kind: str = "row", code: str = "") -> ReportTableRow:
    """Return the row of an item in a table of these columns."""
    return ReportTableRow([column.make_cell(item) for column in columns], kind, code)


def make_record(columns: Iterable[TableColumn], item: Any) -> dict[str, Any]:
    """Return what programs get of an item by the columns' keys, for JSON and layers."""
    return {column.key: column.get_value(item) for column in columns if column.key}


def make_shown_texts(columns: Iterable[TableColumn], item: Any) -> dict[str, str]:
    """Return the texts of an item's cells by the columns' ids, for pages; a dash for an unknown number."""
    cells = {column.id: column.make_cell(item) for column in columns if column.id}
    return {
        name: "—" if cell is None else cell if isinstance(cell, str) else format_number(cell.value, cell.decimals)
        for name, cell in cells.items()
    }


def list_rounding_notes(table: ReportTable, texts: Texts) -> list[str]:
    """Return a note if the printed rows of a table do not sum to a printed sum, though the figures do; else nothing.

    The rows of a sum have the texts that the sum row repeats, such as the kind of change that it sums.
    """
    rows = [row for row in table.rows if row.kind == "row"]
    for total in (row for row in table.rows if row.kind == "sum"):
        keys = [(n, text) for n, text in enumerate(total.values) if isinstance(text, str) and text]
        keys = [(n, text) for n, text in keys if any(row.values[n] == text for row in rows)]
        parts = [row for row in rows if all(row.values[n] == text for n, text in keys)]
        for n, value in enumerate(total.values):
            numbers = [cell for row in parts if isinstance(cell := row.values[n], TableNumber)]
            if isinstance(value, TableNumber) and numbers:
                rest = sum(one.value for one in numbers) - value.value
                printed = sum(round(one.value, one.decimals) for one in numbers) - round(value.value, value.decimals)
                digit = 10.0**-value.decimals
                if abs(rest) < _EQUAL_DIGITS * digit and abs(printed) > digit / 2:
                    return [texts.get("tables", "rounding_rest")]
    return []


class LongRecord(NamedTuple):
    """One number of a table as a separate record; ``value`` is in ``unit``.

    ``table``: name of the sheet; ``code`` and ``row``: code and name of the row; ``column``: title of the column.
    """

    table: str
    code: str
    row: str
    column: str
    value: float
    unit: str


def make_table_number(value: float | None, unit: str, decimals: int | None = None) -> TableNumber | None:
    """Return a number with ``decimals``, by default those usual for the unit.

    ``None`` stays ``None``, −0.00 becomes 0.
    """
    if value is None:
        return None
    shown_decimals = DECIMALS_BY_UNIT.get(unit, 2) if decimals is None else decimals
    return TableNumber(float(value) if round(value, shown_decimals) else 0.0, shown_decimals)


def list_records(tables: Iterable[ReportTable], texts: Texts) -> list[LongRecord]:
    """Return every number in the tables' columns with units as a record, row by row."""
    return [
        LongRecord(
            texts.get("sheets", table.id),
            row.code,
            next((text for text in row.values if isinstance(text, str) and text), ""),
            make_column_title(column, texts),
            value.value,
            column.unit,
        )
        for table in tables
        for row in table.rows
        for column, value in zip(table.columns, row.values, strict=True)
        if isinstance(value, TableNumber) and column.unit
    ]


def make_column_title(column: TableColumn, texts: Texts) -> str:
    """Return the title of a column."""
    return column.title or texts.get("columns", column.id)


def make_column_heading(column: TableColumn, table: ReportTable, texts: Texts) -> str:
    """Return a column's title, with the unit if it differs from that of the sheet."""
    title = make_column_title(column, texts)
    if not column.unit or column.unit in (table.unit, "count", "ratio"):
        return title
    unit = texts.get("unit_names", column.unit)
    return f"{title}（{unit}）" if texts.lang == "zh" else f"{title} ({unit})"


#: Styles of cells (`apply_cell_style`) in the workbook's numbering: openpyxl compares each new style with all others.
CellStyles = dict[tuple[str, bool, int, bool, str, str], Any]
#: Rows above the first row of figures: title, unit line, head.
HEADING_ROWS = 3
WORKBOOK_FONT = "宋体"
HEAD_FILL, SUM_FILL = "DCE6F1", "F2F2F2"
#: Largest difference of a sum and its rows, in last digits, at which they agree.
_EQUAL_DIGITS = 1e-3
#: Letters of a title are wider than those of the cells by this ratio.
_TITLE_WIDTH_RATIO = 1.5
_TITLE_LINE_POINTS, _HEAD_LINE_POINTS = 22.0, 14.0
#: From this width on, text is aligned left.
_LEFT_ALIGNED_WIDTH = 18
#: A wider sheet is printed in landscape.
MAX_PORTRAIT_WIDTH = 100
#: A wider sheet is printed on A3: on A4 its letters would be too small to be read.
_MAX_A4_WIDTH = 200
#: Numbers of paper sizes in workbooks.
_A3_PAPER, _A4_PAPER = 8, 9
_WIDE_CHARACTERS = re.compile("[\u2e80-\U0010ffff]")


def write_tables_workbook(
    path: Path,
    tables: list[ReportTable],
    area: str,
    texts: Texts,
    add_sheets: Callable[[Workbook], None] | None = None,
    *,
    title_section: str = "sheet_titles",
) -> None:
    """Write all tables to a new workbook, one sheet each, in order.

    ``area``: name of the area for the titles, which are in ``title_section`` of the texts; ``add_sheets``: adds other
    sheets. Raises OutputError without the package that writes workbooks.
    """
    try:
        import openpyxl
        from openpyxl.styles import Font
    except ImportError as error:
        raise OutputError("output_openpyxl", target=path.name) from error
    book = openpyxl.Workbook()
    book.remove(book.active)
    styles: CellStyles = {}
    for table in tables:
        sheet = book.create_sheet(texts.get("sheets", table.id))
        width = len(table.columns)
        total_width = sum(column.width_in_characters for column in table.columns)
        write_title_line(sheet, width, texts.get(title_section, table.id, area=area), total_width)
        unit = texts.get("tables", "unit_line", unit=texts.get("unit_names", table.unit)) if table.unit else ""
        write_merged_text_line(sheet, 2, width, unit, Font(WORKBOOK_FONT, size=10), "right", 18)
        set_column_widths(sheet, [column.width_in_characters for column in table.columns])
        head_lines = 2
        for place, column in enumerate(table.columns, 1):
            cell, heading = sheet.cell(HEADING_ROWS, place), make_column_heading(column, table, texts)
            set_cell_value(cell, heading)
            apply_cell_style(cell, styles, "center", wrap=True, bold=True, fill=HEAD_FILL)
            head_lines = max(head_lines, count_head_lines(heading, column.width_in_characters))
        sheet.row_dimensions[HEADING_ROWS].height = 4 + _HEAD_LINE_POINTS * head_lines
        for number, row in enumerate(table.rows, HEADING_ROWS + 1):
            _write_row(sheet, number, row, table, styles)
        first_note_row = HEADING_ROWS + len(table.rows) + 1
        # A sheet without rows and words would look like a mistake.
        no_rows = [] if table.rows else [texts.get("tables", "no_rows")]
        notes = [*no_rows, *table.notes, *list_rounding_notes(table, texts)]
        for number, note in enumerate(notes, first_note_row):
            lines = -(-compute_text_width(note) // max(total_width - 2, 1))
            write_merged_text_line(sheet, number, width, note, Font(WORKBOOK_FONT, size=9), "left", 14 * max(lines, 1))
        set_up_printing(sheet, first_note_row + len(notes) - 1, width, is_landscape=total_width > MAX_PORTRAIT_WIDTH)
    if add_sheets is not None:
        add_sheets(book)
    save_workbook(book, path, texts.get("sheet_titles", tables[0].id, area=area) if tables else area, texts)


def save_workbook(book: Workbook, path: Path, title: str, texts: Texts) -> None:
    """Save a new workbook with its title; names of users, folders and computers do not go into the file."""
    book.properties.creator = book.properties.lastModifiedBy = texts.program
    book.properties.title = make_document_text(title)
    # In memory: a library that fails to write a file leaves it open.
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(buffer.getvalue())


def _write_row(sheet: Worksheet, number: int, row: ReportTableRow, table: ReportTable, styles: CellStyles) -> None:
    """Write one row of figures; its height fits the text with the most lines."""
    strong, is_head = row.kind in ("sum", "head"), row.kind == "head"
    tallest = 1
    for place, (column, value) in enumerate(zip(table.columns, row.values, strict=True), 1):
        cell = sheet.cell(number, place)
        set_cell_value(cell, convert_to_plain_value(value))
        number_format, at = "", "center"
        if isinstance(value, TableNumber):
            number_format, at = make_number_format(value.decimals), "right"
        elif is_head or column.width_in_characters >= _LEFT_ALIGNED_WIDTH:
            at = "left"
        if isinstance(value, str) and not is_head:
            tallest = max(tallest, count_text_lines(value, column.width_in_characters))
        apply_cell_style(
            cell,
            styles,
            at,
            wrap=not (number_format or is_head),
            indent=1 if row.kind in ("part", "head") and at == "left" else 0,
            bold=strong,
            fill=SUM_FILL if strong else "",
            number_format=number_format,
        )
    if is_head:
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(table.columns))
    sheet.row_dimensions[number].height = 4 + 13.5 * tallest


def set_column_widths(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Set the widths of the first columns of a sheet, in characters."""
    from openpyxl.utils import get_column_letter

    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def make_number_format(decimals: int) -> str:
    """Return Excel's format of numbers with so many decimals; negative ones are red."""
    unsigned_format = "#,##0" + (f".{'0' * decimals}" if decimals else "")
    return f"{unsigned_format};[Red]-{unsigned_format}"


def convert_to_plain_value(value: CellValue) -> str | float | int | None:
    """Return a cell's value for Excel: a number without decimals as int, an empty text as None."""
    if isinstance(value, TableNumber):
        return int(value.value) if value.decimals == 0 and value.value.is_integer() else value.value
    return value or None


def set_cell_value(cell: Any, value: str | float | int | None) -> None:
    """Set the value of a cell; a text that begins with = is not a formula."""
    if isinstance(value, str):
        cell.value = make_document_text(value)
        cell.data_type = "s"
    elif value is not None:
        cell.value = value


@lru_cache(maxsize=4096)  # names and outcomes are in many rows
def compute_text_width(text: str) -> int:
    """Return the width of a text in characters; a Chinese character counts twice."""
    return len(text) + len(_WIDE_CHARACTERS.findall(text))


def count_text_lines(text: str, width: int) -> int:
    """Return the number of lines of a text in a cell ``width`` characters wide."""
    return sum(max(-(-compute_text_width(line) // max(width - 2, 1)), 1) for line in text.split("\n"))


def count_head_lines(text: str, width: int) -> int:
    """Return the number of lines of a bold text in a cell ``width`` characters wide, with room for whole words."""
    return max(-(-int(1.1 * compute_text_width(text)) // max(width - 2, 1)), 1)


def write_title_line(sheet: Worksheet, width: int, title: str, total_width: float) -> None:
    """Write the title over the first ``width`` columns of the first row.

    A title wider than the table, ``total_width`` characters, is broken into lines.
    """
    from openpyxl.styles import Alignment, Font

    lines = max(math.ceil(_TITLE_WIDTH_RATIO * compute_text_width(title) / total_width), 1)
    write_merged_text_line(
        sheet, 1, width, title, Font(WORKBOOK_FONT, size=16, bold=True), "center", 8 + _TITLE_LINE_POINTS * lines
    )
    sheet.cell(1, 1).alignment = Alignment("center", "center", wrap_text=lines > 1)


def write_merged_text_line(
    sheet: Worksheet, number: int, width: int, text: str, font: Any, alignment: str, height: float
) -> None:
    """Write a text over the first ``width`` columns of row ``number``, with the row's height in points."""
    from openpyxl.styles import Alignment

    sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=width)
    cell = sheet.cell(number, 1)
    set_cell_value(cell, text or None)
    cell.font, cell.alignment = font, Alignment(alignment, "center", wrap_text=alignment == "left")
    sheet.row_dimensions[number].height = height


def apply_cell_style(
    cell: Any,
    styles: CellStyles,
    alignment: str,
    *,
    wrap: bool,
    indent: int = 0,
    bold: bool,
    fill: str,
    number_format: str = "",
) -> None:
    """Frame a cell and set its font, alignment, colour and, for a number, its format."""
    style_key = (alignment, wrap, indent, bold, fill, number_format)
    if style_key in styles:
        # Shared by all cells of the style; a caller that changes it gives the cell a copy first.
        cell._style = styles[style_key]
        return
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    thin = Side("thin", "808080")
    cell.font, cell.border = Font(WORKBOOK_FONT, size=10, bold=bold), Border(thin, thin, thin, thin)
    cell.alignment = Alignment(alignment, "center", wrap_text=wrap, indent=indent)
    if fill:
        cell.fill = PatternFill("solid", start_color=fill)
    if number_format:
        cell.number_format = number_format
    styles[style_key] = copy(cell._style)


def set_up_printing(
    sheet: Worksheet, last_row: int, width: int, *, is_landscape: bool, heading_rows: int = HEADING_ROWS
) -> None:
    """Set up printing: A4, or A3 for wide sheets, fitted to page width, repeated head, page numbers."""
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = f"{'C' if width > 4 else 'B'}{heading_rows + 1}"
    total_width = sum(sheet.column_dimensions[get_column_letter(place)].width for place in range(1, width + 1))
    set_up_pages(sheet, f"1:{heading_rows}", is_a3=total_width > _MAX_A4_WIDTH, is_landscape=is_landscape)
    sheet.print_area = f"A1:{get_column_letter(width)}{last_row}"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4


def set_up_pages(sheet: Worksheet, head_rows: str, *, is_a3: bool = True, is_landscape: bool = True) -> None:
    """Set up printed pages, fitted to their width, with the rows of the head on every page."""
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.paperSize = _A3_PAPER if is_a3 else _A4_PAPER
    sheet.page_setup.orientation = "landscape" if is_landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = head_rows
    sheet.oddFooter.center.text = "&P / &N"
