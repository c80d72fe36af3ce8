# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of a package's workbooks (xlsx, mdb), whichever program made them.

Their content is never executed.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

from ...files.tables import display_value
from .access_database import read_tables_as_sheets
from .access_driver import AccessDriver, find_access_driver
from .model import MAX_COLUMNS, MAX_ROWS, PrintedCell, PrintedSheet, PrintedWorkbook

#: Suffixes of tables; the rule reports those that the plugin cannot read.
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
DATABASE_SUFFIXES = (".mdb", ".accdb")
OTHER_TABLE_SUFFIXES = (".xls", ".et", ".ods", ".csv", ".mdb", ".accdb")
#: Most bytes and parts of an unpacked workbook; a plan's tables are smaller.
_MAX_UNPACKED_BYTES, _MAX_PARTS = 200 * 2**20, 5000
#: A workbook needs no entities; expanding them may fill the memory.
_XML_DECLARATIONS = tuple(word.encode(codec) for word in ("<!DOCTYPE", "<!ENTITY") for codec in ("ascii", "utf-16-le", "utf-16-be"))  # fmt: skip  # noqa: E501 - a table
#: Errors of the libraries of zip, XML and workbooks for a damaged part (a ParseError is a SyntaxError).
_READING_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError)  # fmt: skip  # noqa: E501 - a table


def read_workbook(path: Path, file: str, driver: AccessDriver | str | None = None) -> PrintedWorkbook:
    """Return a workbook with its cells as printed; formulas have the values that were saved.

    A database (mdb) is read with its driver: ``driver`` is the driver, or the reason for its absence (default: the
    driver of this machine). An unreadable file raises no error; the result has the reason.
    """
    if path.suffix.lower() in DATABASE_SUFFIXES:
        return _read_database(path, file, find_access_driver() if driver is None else driver)
    if path.suffix.lower() not in WORKBOOK_SUFFIXES:
        return PrintedWorkbook(file, unreadable_reason="table_kind")
    try:
        import openpyxl
    except ImportError:
        return PrintedWorkbook(file, unreadable_reason="table_no_openpyxl")
    if problem := _find_reason_not_to_open(path):
        return PrintedWorkbook(file, unreadable_reason=problem)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, formulas = (openpyxl.load_workbook(path, data_only=only) for only in (True, False))
    except _READING_ERRORS:
        return PrintedWorkbook(file, unreadable_reason="table_damaged")
    pairs = zip(values.worksheets, formulas.worksheets, strict=True)
    properties = formulas.properties
    titles = tuple(filter(None, (properties.title, properties.subject, properties.keywords)))
    return PrintedWorkbook(file, tuple(_read_sheet(*pair) for pair in pairs), titles=titles)


def _read_database(path: Path, file: str, driver: AccessDriver | str) -> PrintedWorkbook:
    """Return the tables of an mdb file as a workbook; an unreadable one has the reason."""
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


def _find_reason_not_to_open(path: Path) -> str:
    """Return why a workbook must not be opened, as a key of texts; empty if opening is safe."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_PARTS or sum(info.file_size for info in infos) > _MAX_UNPACKED_BYTES:
                return "table_large"
            for info in infos:
                # Scan every part, because a sheet may have any name. Stop at the declared size, which may be false.
                with archive.open(info) as part:
                    content = part.read(info.file_size + 1)
                if len(content) > info.file_size:
                    return "table_large"
                if any(word in content for word in _XML_DECLARATIONS):
                    return "xml_entities"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
        return "table_damaged"
    return ""


def _read_sheet(values: Any, formulas: Any) -> PrintedSheet:
    """Return a sheet with its cells as printed.

    ``values`` and ``formulas``: the openpyxl sheet loaded with values and with formulas.
    """
    rows, columns = values.max_row or 0, values.max_column or 0
    cells: dict[tuple[int, int], PrintedCell] = {}
    for line in values.iter_rows(max_row=min(rows, MAX_ROWS), max_col=min(columns, MAX_COLUMNS)):
        for cell in line:
            position = (cell.row, cell.column)
            if cell.value is not None:
                text = display_value(cell.value, str(cell.number_format))
                if text:
                    cells[position] = PrintedCell(text, "error" if cell.data_type == "e" else "", cell.data_type == "n")
            elif formulas.cell(*position).value is not None:
                cells[position] = PrintedCell("", "formula")
    for merged_range in values.merged_cells.ranges:
        first = cells.get((merged_range.min_row, merged_range.min_col))
        if first is not None:
            for row in range(merged_range.min_row, min(merged_range.max_row, MAX_ROWS) + 1):
                for column in range(merged_range.min_col, min(merged_range.max_col, MAX_COLUMNS) + 1):
                    cells.setdefault((row, column), PrintedCell(first.text, "merged"))
    return PrintedSheet(values.title, cells, rows > MAX_ROWS or columns > MAX_COLUMNS)
