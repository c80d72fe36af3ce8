# SPDX-License-Identifier: GPL-2.0-or-later
"""A package's workbooks (xlsx, mdb) as sheets of cells as they are printed, whichever program made them.

Their content is never executed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...base.errors import InputError
from ...base.files.tables import display_value
from ...base.files.workbooks import WORKBOOK_SUFFIXES, find_formulas_without_value, open_values_and_formulas
from .access_database import FORBIDDEN_CHARACTER_PATTERN, ROW_NUMBER_COLUMN, AccessDriver, find_access_driver

#: Rows and columns of a sheet that are read; a single distant cell would otherwise cause a billion cells.
MAX_ROWS, MAX_COLUMNS = 5000, 200
#: Suffixes of tables; the rule reports those that the plugin cannot read.
DATABASE_SUFFIXES = (".mdb", ".accdb")
OTHER_TABLE_SUFFIXES = (".xls", ".et", ".ods", ".csv", ".mdb", ".accdb")
#: Key of an error that prevents opening → key of texts (``causes``); others mean a damaged file.
_REASON_BY_ERROR = {
    "openpyxl_lacking": "table_no_openpyxl",
    "table_large": "table_large",
    "table_entities": "xml_entities",
}


@dataclass(frozen=True)
class PrintedCell:
    """A cell as the spreadsheet prints it.

    Attributes
    ----------
    text
        The printed text.
    state
        "", ``formula`` (without a value, because no program saved it after it was written), ``error`` (#REF! and the
        like) or ``merged`` (the value of the merged cell to which it belongs).
    is_number
        Whether the value is a number.
    """

    text: str
    state: str = ""
    is_number: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet of a workbook.

    Attributes
    ----------
    cell_by_position
        (row, column), from 1, → non-empty cell.
    is_truncated
        Whether the sheet has more cells than were read.
    """

    name: str
    cell_by_position: dict[tuple[int, int], PrintedCell] = field(hash=False)
    is_truncated: bool = False

    @cached_property
    def last_row(self) -> int:
        """Return the last row with a cell, 0 for an empty sheet."""
        return max((row for row, _ in self.cell_by_position), default=0)

    @cached_property
    def last_column(self) -> int:
        """Return the last column with a cell, 0 for an empty sheet."""
        return max((column for _, column in self.cell_by_position), default=0)

    def get_cell_text(self, row: int, column: int) -> str:
        """Return the text of a cell, empty without a cell."""
        cell = self.cell_by_position.get((row, column))
        return cell.text if cell else ""


@dataclass(frozen=True)
class PrintedWorkbook:
    """A workbook of a package.

    ``file`` is its path in the package, ``unreadable_reason`` why it cannot be read, a key of texts (``causes``),
    ``titles`` the title, subject and keywords in its properties.
    """

    file: str
    sheets: tuple[PrintedSheet, ...] = ()
    unreadable_reason: str = ""
    titles: tuple[str, ...] = ()


def read_workbook(path: Path, file: str, driver: AccessDriver | str | None = None) -> PrintedWorkbook:
    """Return a workbook with its cells as printed; formulas have the values that were saved.

    A database (mdb) is read with its driver: ``driver`` is the driver, or the reason for its absence (default: the
    driver of this machine). An unreadable file raises no error; the result has the reason.
    """
    if path.suffix.lower() in DATABASE_SUFFIXES:
        driver = find_access_driver() if driver is None else driver
        if isinstance(driver, str):
            return PrintedWorkbook(file, unreadable_reason=driver)
        try:
            with closing(driver.open_connection(path)) as connection:
                return PrintedWorkbook(file, _read_tables_as_sheets(connection, driver.list_tables(connection)))
        except driver.error_types:
            return PrintedWorkbook(file, unreadable_reason="table_damaged")
    if path.suffix.lower() not in WORKBOOK_SUFFIXES:
        return PrintedWorkbook(file, unreadable_reason="table_kind")
    try:
        values, formulas = open_values_and_formulas(path)
    except InputError as error:
        return PrintedWorkbook(file, unreadable_reason=_REASON_BY_ERROR.get(error.key, "table_damaged"))
    pairs, properties = zip(values.worksheets, formulas.worksheets, strict=True), formulas.properties
    return PrintedWorkbook(
        file,
        tuple(_read_sheet(*pair) for pair in pairs),
        titles=tuple(filter(None, (properties.title, properties.subject, properties.keywords))),
    )


def _read_sheet(values: Any, formulas: Any) -> PrintedSheet:
    """Return a sheet with its cells as printed.

    ``values`` and ``formulas``: the openpyxl sheet loaded with values and with formulas.
    """
    cells: dict[tuple[int, int], PrintedCell] = {}
    is_truncated = False
    for position, cell in sorted(item for item in values._cells.items() if item[1].value is not None):
        if position[0] > MAX_ROWS or position[1] > MAX_COLUMNS:
            is_truncated = True
        elif text := display_value(cell.value, str(cell.number_format)):
            cells[position] = PrintedCell(text, "error" if cell.data_type == "e" else "", cell.data_type == "n")
    cells |= {
        (one.row, one.column): PrintedCell("", "formula") for one in find_formulas_without_value(values, formulas)
    }
    for merged_range in values.merged_cells.ranges:
        first = cells.get((merged_range.min_row, merged_range.min_col))
        if first is not None:
            for row in range(merged_range.min_row, min(merged_range.max_row, MAX_ROWS) + 1):
                for column in range(merged_range.min_col, min(merged_range.max_col, MAX_COLUMNS) + 1):
                    cells.setdefault((row, column), PrintedCell(first.text, "merged"))
    return PrintedSheet(values.title, cells, is_truncated)


def _read_tables_as_sheets(connection: Any, names: Iterable[str]) -> tuple[PrintedSheet, ...]:
    """Return the tables of any database as sheets, with the field names in the first row."""
    sheets = []
    for name in (one for one in names if not FORBIDDEN_CHARACTER_PATTERN.search(one)):
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM [{name}]")  # nosec B608 # names that could end the brackets are skipped
        heads = [str(column[0]) for column in cursor.description][:MAX_COLUMNS]
        rows = cursor.fetchmany(MAX_ROWS + 1)
        cursor.close()
        order_column = heads.index(ROW_NUMBER_COLUMN) if ROW_NUMBER_COLUMN in heads else None
        if order_column is not None:
            rows = sorted(rows, key=lambda row: row[order_column] or 0)
        cells = {(1, n): PrintedCell(head) for n, head in enumerate(heads, 1) if n - 1 != order_column}
        cells |= {
            (line, n): PrintedCell(text)
            for line, row in enumerate(rows[:MAX_ROWS], 2)
            for n, value in enumerate(row[: len(heads)], 1)
            if value is not None and n - 1 != order_column and (text := display_value(value))
        }
        sheets.append(PrintedSheet(name, cells, len(rows) > MAX_ROWS))
    return tuple(sheets)
