# SPDX-License-Identifier: GPL-2.0-or-later
"""Open workbooks (xlsx) of any origin, and iterate over the rows that have values.

A workbook is inspected before it is opened: what it declares must not fill the memory.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from . import read_bytes
from .encoding import OLD_WORKBOOK_SIGNATURE

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
#: Most cells and rows of a workbook, filled or only formatted: more take over ten seconds and hundreds of megabytes.
_MAX_CELLS = 500_000
#: Most bytes and parts of an unpacked workbook; and most bytes of one whose rows are read only once.
_MAX_UNPACKED_BYTES, _MAX_PARTS, _MAX_BYTES_READ_ONCE = 200 * 2**20, 5000, 2**30
_BYTES_PER_READ = 2**20
#: A workbook needs no entities; expanding them may fill the memory.
_XML_DECLARATIONS = tuple(word.encode(codec) for word in ("<!DOCTYPE", "<!ENTITY") for codec in ("ascii", "utf-16-le", "utf-16-be"))  # fmt: skip  # noqa: E501 - a table
#: Bytes of an element that two reads may have cut.
_BYTES_READ_AGAIN = 200
#: Beginnings of cells and rows in a sheet, with and without a prefix.
_CELL_AND_ROW_TAGS = (b"<c ", b":c ", b"<row ", b":row ")
#: Merged cells and links of a range: the library makes each of its cells.
_RANGE_PATTERN = re.compile(rb"(?:mergeCell|hyperlink)\s[^<>]*?\bref=[\"']([A-Z0-9]+:[A-Z0-9]+)[\"']")
_FORMULA_TAGS = (b"<f>", b"<f ", b":f>", b":f ")
#: Errors of the libraries of zip, XML and workbooks for a damaged part (a ParseError is a SyntaxError).
READING_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)  # fmt: skip  # noqa: E501 - a table


class WorkbookRow(NamedTuple):
    """A row of a sheet.

    ``number``: from 1; ``cells``: openpyxl cells from the first column to the last one with a value, a merged cell in
    each row that it spans; ``merged_columns``: positions of cells that repeat a merged cell above.
    """

    number: int
    cells: list[Any]
    merged_columns: frozenset[int]


def open_workbook(path: Path, *, reads_once: bool = False) -> Any:
    """Return a workbook (openpyxl); its formulas have the values that were saved.

    ``reads_once``: its rows can be read only once, by `iterate_values`; a long workbook then needs little memory.

    Raises
    ------
    InputError
        The file is missing, is damaged, has more cells than can be read or a formula without a saved value (not
        noticed with ``reads_once``), or openpyxl is missing.
    """
    data = read_bytes(path)
    has_formulas = inspect_workbook(data, path.name, reads_once=reads_once)
    book = _load(data, path.name, reads_once=reads_once)
    if has_formulas and not reads_once:
        formulas = _load(data, path.name, has_values=False)
        for sheet, formula_sheet in zip(book.worksheets, formulas.worksheets, strict=True):
            for cell in find_formulas_without_value(sheet, formula_sheet):
                raise InputError("table_formula", file=path.name, sheet=sheet.title, cell=cell.coordinate)
    return book


def open_values_and_formulas(path: Path) -> tuple[Any, Any]:
    """Return a workbook twice: with the saved values of formulas, and with the formulas.

    Raise InputError as `open_workbook`, but not for a formula without a saved value.
    """
    data = read_bytes(path)
    inspect_workbook(data, path.name)
    return _load(data, path.name), _load(data, path.name, has_values=False)


def find_formulas_without_value(sheet: Any, formula_sheet: Any) -> Iterator[Any]:
    """Yield the cells of a sheet whose formula no program computed; a computed empty text has the type of a text."""
    for position, formula in formula_sheet._cells.items():
        cell = sheet._cells[position]
        if formula.data_type == "f" and cell.value is None and cell.data_type == "n":
            yield cell


def _load(data: bytes, file: str, *, reads_once: bool = False, has_values: bool = True) -> Any:
    """Return a workbook that was inspected. Raise InputError."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(io.BytesIO(data), read_only=reads_once, data_only=has_values)
    except READING_ERRORS as error:
        raise InputError("table_unreadable", file=file) from error


def inspect_workbook(data: bytes, file: str, *, reads_once: bool = False) -> bool:
    """Return True if a workbook may have formulas.

    Raise InputError if it cannot be opened: old format, damaged, too large, entities in any part, or no openpyxl.
    """
    try:
        from openpyxl.utils import range_boundaries
    except ImportError as error:
        raise InputError("openpyxl_lacking", file=file) from error
    if data.startswith(OLD_WORKBOOK_SIGNATURE):
        raise InputError("table_old_workbook", file=file)
    cells, has_formulas = 0, False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            most_bytes = _MAX_BYTES_READ_ONCE if reads_once else _MAX_UNPACKED_BYTES
            is_large = len(infos) > _MAX_PARTS or sum(info.file_size for info in infos) > most_bytes
            # Every part, because a sheet may have any name. A part ends at its declared size, even if it has more.
            for info in [] if is_large else infos:
                end = b""
                with archive.open(info) as part:
                    while chunk := part.read(_BYTES_PER_READ):
                        text = end + chunk
                        if any(word in text for word in _XML_DECLARATIONS):
                            raise InputError("table_entities", file=file)
                        cells += sum(map(chunk.count, _CELL_AND_ROW_TAGS))
                        for match in _RANGE_PATTERN.finditer(text):
                            left, top, right, bottom = range_boundaries(match[1].decode())
                            cells += (right - left + 1) * (bottom - top + 1)
                        has_formulas = has_formulas or any(tag in text for tag in _FORMULA_TAGS)
                        end = chunk[-_BYTES_READ_AGAIN:]
    except READING_ERRORS as error:
        raise InputError("table_unreadable", file=file) from error
    if is_large or (cells > _MAX_CELLS and not reads_once):
        raise InputError("table_large", file=file, count=_MAX_CELLS)
    return has_formulas


def iterate_values(sheet: Any, file: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield number and values of the rows of a sheet that can be read once; InputError for a damaged sheet."""
    # Some programs write a wrong size of the sheet.
    sheet.reset_dimensions()
    try:
        yield from enumerate(sheet.iter_rows(values_only=True), 1)
    except READING_ERRORS as error:
        raise InputError("table_unreadable", file=file) from error


def iterate_rows(sheet: Any) -> Iterator[WorkbookRow]:
    """Yield the rows of a sheet that have a value; empty rows between them are one row without cells.

    The library's own iteration makes all cells down to the last one, which may be in row 1 048 576.
    """
    from openpyxl.cell.read_only import EMPTY_CELL

    cell_by_column: dict[int, dict[int, Any]] = defaultdict(dict)
    for (number, column), cell in sheet._cells.items():
        if cell.value is not None:
            cell_by_column[number][column] = cell
    merged_columns: dict[int, set[int]] = defaultdict(set)
    for one in sheet.merged_cells.ranges:
        # Horizontally a merged cell is one cell; only vertically its value repeats.
        first = cell_by_column.get(one.min_row, {}).get(one.min_col)
        for number in range(one.min_row + 1, one.max_row + 1) if first is not None else ():
            cell_by_column[number][one.min_col] = first
            merged_columns[number].add(one.min_col - 1)
    last = 0
    for number in sorted(cell_by_column):
        if number > last + 1:
            yield WorkbookRow(number - 1, [], frozenset())
        last, cells = number, cell_by_column[number]
        width = range(1, max(cells) + 1)
        yield WorkbookRow(number, [cells.get(n, EMPTY_CELL) for n in width], frozenset(merged_columns[number]))
