# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading of a package's workbooks (xlsx, mdb), whichever program made them.

Their content is never executed.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

from ...files.tables import display_value
from .access_driver import AccessDriver, find_access_driver
from .covered_cells import (
    CoveredCells,
    RgbColour,
    describe_cell_style,
    find_covered_cells,
    find_unexpected_parts,
    is_text_invisible,
    read_workbook_theme,
)
from .database import read_tables_as_sheets
from .model import MAX_COLUMNS, MAX_ROWS, PrintedCell, PrintedSheet, PrintedWorkbook, load_style_limits
from .sheet_settings import find_limiting_settings, read_properties

#: Suffixes of tables; the rule reports those that the plugin cannot read.
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
DATABASE_SUFFIXES = (".mdb", ".accdb")
OTHER_TABLE_SUFFIXES = (".xls", ".et", ".ods", ".csv", ".mdb", ".accdb")
#: Most bytes and parts of an unpacked workbook; a plan's tables are smaller.
_MAX_UNPACKED_BYTES, _MAX_PARTS = 200 * 2**20, 5000
#: A workbook needs no entities; expanding them may fill the memory.
_XML_DECLARATIONS = tuple(word.encode(codec) for word in ("<!DOCTYPE", "<!ENTITY") for codec in ("ascii", "utf-16-le", "utf-16-be"))  # fmt: skip  # noqa: E501 - a table
#: A number format that prints nothing.
_EMPTY_FORMAT_PATTERN = re.compile(r"\s*;+\s*")
#: Page numbers in a header or footer.
_PAGE_NUMBER_PATTERN = re.compile(r"&[PN]|[\s/\-第页共]|\b(?:page|of)\b", re.IGNORECASE)
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
    over, theme = find_covered_cells(path), read_workbook_theme(formulas)
    sheets = tuple(_read_sheet(value, formula, over.get(value.title, []), theme) for value, formula in pairs)
    return PrintedWorkbook(
        file, sheets, additional_parts=find_unexpected_parts(path), properties=read_properties(formulas)
    )


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


def _read_sheet(values: Any, formulas: Any, drawings: list[CoveredCells], theme: list[RgbColour]) -> PrintedSheet:
    """Return a sheet with its cells as printed.

    ``values`` and ``formulas``: the openpyxl sheet loaded with values and with formulas; ``drawings``: areas of cells
    under drawings; ``theme``: colours of the workbook's theme.
    """
    rows, columns = values.max_row or 0, values.max_column or 0
    cells: dict[tuple[int, int], PrintedCell] = {}
    for line in values.iter_rows(max_row=min(rows, MAX_ROWS), max_col=min(columns, MAX_COLUMNS)):
        for cell in line:
            position = (cell.row, cell.column)
            if cell.value is not None:
                text = display_value(cell.value, str(cell.number_format))
                if text:
                    state, number_format = "error" if cell.data_type == "e" else "", str(cell.number_format)
                    cells[position] = PrintedCell(
                        text, state, cell.data_type == "n", number_format, describe_cell_style(cell)
                    )
            elif formulas.cell(*position).value is not None:
                cells[position] = PrintedCell("", "formula")
    for merged_range in values.merged_cells.ranges:
        first = cells.get((merged_range.min_row, merged_range.min_col))
        if first is not None:
            for row in range(merged_range.min_row, min(merged_range.max_row, MAX_ROWS) + 1):
                for column in range(merged_range.min_col, min(merged_range.max_col, MAX_COLUMNS) + 1):
                    cells.setdefault((row, column), PrintedCell(first.text, "merged"))
    covered_positions = [
        (row, column)
        for (row, column), cell in sorted(cells.items())
        if cell.state != "merged"
        and any(o.first_row <= row <= o.last_row and o.first_column <= column <= o.last_column for o in drawings)
    ]
    hidden_names = _find_hidden_content(formulas, cells, theme)
    return PrintedSheet(
        values.title,
        cells,
        rows > MAX_ROWS or columns > MAX_COLUMNS,
        tuple(hidden_names),
        tuple(covered_positions),
        hidden_names,
        _read_sizes(formulas),
        bool(len(formulas.conditional_formatting)),
        find_limiting_settings(formulas, cells),
    )


def _read_headers_and_footers(sheet: Any) -> list[str]:
    """Return the texts of headers and footers, without page numbers."""
    header_parts = [
        getattr(sheet, f"{page_kind}{header_or_footer}")
        for page_kind in ("odd", "even", "first")
        for header_or_footer in ("Header", "Footer")
    ]
    texts = [
        part.text
        for header_part in header_parts
        for part in (header_part.left, header_part.center, header_part.right)
        if part.text
    ]
    return list(dict.fromkeys(" ".join(text.split()) for text in texts if _PAGE_NUMBER_PATTERN.sub("", text)))


def _read_sizes(sheet: Any) -> dict[int | str, float]:
    """Return row number → height and column letters → width, where the sheet sets them."""
    rows = {number: row.height for number, row in sheet.row_dimensions.items() if row.height is not None}
    return rows | {name: column.width for name, column in sheet.column_dimensions.items() if column.width is not None}


def _find_hidden_content(
    sheet: Any, cells: dict[tuple[int, int], PrintedCell], theme: list[RgbColour]
) -> dict[str, tuple[str, ...]]:
    """Return kind of hidden content, as a key of texts (``hidden``) → names of rows, columns and cells.

    Kinds are for the sheet, rows, columns, figures, comments, formulas, links, and headers and footers.
    """
    rows = sheet.iter_rows(max_row=min(sheet.max_row or 0, MAX_ROWS), max_col=min(sheet.max_column or 0, MAX_COLUMNS))
    # A formula without a value is reported as a cell that could not be compared.
    cells_to_inspect = [
        sheet.cell(*position) for position, cell in cells.items() if cell.state not in ("merged", "formula")
    ]
    # ;;; prints nothing for any value.
    unprinted = [
        c
        for c in cells_to_inspect
        if _EMPTY_FORMAT_PATTERN.fullmatch(str(c.number_format)) or is_text_invisible(c, theme)
    ]
    names_by_key = {
        "sheet": [sheet.title] if sheet.sheet_state != "visible" else [],
        "rows": _find_invisible(sheet.row_dimensions, "height", load_style_limits().least_row_points),
        "columns": _find_invisible(sheet.column_dimensions, "width", load_style_limits().least_column_letters),
        "cells": [cell.coordinate for cell in unprinted],
        "comments": [cell.coordinate for cell in cells_to_inspect if getattr(cell, "comment", None)],
        "formulas": [cell.coordinate for cell in cells_to_inspect if cell.data_type == "f"],
        "links": [cell.coordinate for row in rows for cell in row if getattr(cell, "hyperlink", None)],
        "header": _read_headers_and_footers(sheet),
    }
    return {key: tuple(content_names) for key, content_names in names_by_key.items() if content_names}


def _find_invisible(dimensions: Any, size_attribute: str, least_size: float) -> list[str]:
    """Return the names of rows or columns that are hidden or too narrow to be seen.

    ``dimensions``: row or column dimensions of openpyxl; ``size_attribute``: height or width; ``least_size``: smallest
    visible size.
    """
    sizes = [(name, one.hidden, getattr(one, size_attribute)) for name, one in sorted(dimensions.items())]
    return [str(name) for name, is_hidden, extent in sizes if is_hidden or (extent is not None and extent < least_size)]
