# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of a package's workbooks (xlsx, mdb), whichever program made them.

Their content is never executed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...base.errors import InputError
from ...base.files.tables import display_value
from ...base.files.workbooks import WORKBOOK_SUFFIXES, find_formulas_without_value, open_values_and_formulas
from .access_database import AccessDriver, find_access_driver, read_tables_as_sheets
from .sheets import MAX_COLUMNS, MAX_ROWS, PrintedCell, PrintedSheet, PrintedWorkbook

#: Suffixes of tables; the rule reports those that the plugin cannot read.
DATABASE_SUFFIXES = (".mdb", ".accdb")
OTHER_TABLE_SUFFIXES = (".xls", ".et", ".ods", ".csv", ".mdb", ".accdb")
#: Key of an error that prevents opening → key of texts (``causes``); others mean a damaged file.
_REASON_BY_ERROR = {
    "openpyxl_lacking": "table_no_openpyxl",
    "table_large": "table_large",
    "table_entities": "xml_entities",
}


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
            connection = driver.open_connection(path)
            try:
                return PrintedWorkbook(file, read_tables_as_sheets(connection, driver.list_tables(connection)))
            finally:
                connection.close()
        except driver.error_types:
            return PrintedWorkbook(file, unreadable_reason="table_damaged")
    if path.suffix.lower() not in WORKBOOK_SUFFIXES:
        return PrintedWorkbook(file, unreadable_reason="table_kind")
    try:
        values, formulas = open_values_and_formulas(path)
    except InputError as error:
        return PrintedWorkbook(file, unreadable_reason=_REASON_BY_ERROR.get(error.key, "table_damaged"))
    pairs = zip(values.worksheets, formulas.worksheets, strict=True)
    properties = formulas.properties
    titles = tuple(filter(None, (properties.title, properties.subject, properties.keywords)))
    return PrintedWorkbook(file, tuple(_read_sheet(*pair) for pair in pairs), titles=titles)


def _read_sheet(values: Any, formulas: Any) -> PrintedSheet:
    """Return a sheet with its cells as printed.

    ``values`` and ``formulas``: the openpyxl sheet loaded with values and with formulas.
    """
    cells: dict[tuple[int, int], PrintedCell] = {}
    is_truncated = False
    for position, cell in sorted(values._cells.items()):
        if cell.value is None:
            continue
        if position[0] > MAX_ROWS or position[1] > MAX_COLUMNS:
            is_truncated = True
        elif text := display_value(cell.value, str(cell.number_format)):
            cells[position] = PrintedCell(text, "error" if cell.data_type == "e" else "", cell.data_type == "n")
    for cell in find_formulas_without_value(values, formulas):
        cells[cell.row, cell.column] = PrintedCell("", "formula")
    for merged_range in values.merged_cells.ranges:
        first = cells.get((merged_range.min_row, merged_range.min_col))
        if first is not None:
            for row in range(merged_range.min_row, min(merged_range.max_row, MAX_ROWS) + 1):
                for column in range(merged_range.min_col, min(merged_range.max_col, MAX_COLUMNS) + 1):
                    cells.setdefault((row, column), PrintedCell(first.text, "merged"))
    return PrintedSheet(values.title, cells, is_truncated)
