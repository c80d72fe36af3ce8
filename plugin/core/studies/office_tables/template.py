# SPDX-License-Identifier: GPL-2.0-or-later
"""Fill the named cells of an office's workbook (xlsx); a filled copy is written, the workbook itself is not altered.

A name has the prefix of the table, the name of the row and the word of the column (三线占用_生态保护红线_面积). Only
the named cells change: all other parts of the file (charts, pictures, macros, formats) are copied byte by byte.
"""

from __future__ import annotations

import importlib
import re
import string
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ...base.errors import InputError, OutputError
from ...base.files import read_bytes
from ...base.files.document_text import make_document_text
from ...base.files.workbooks import READING_ERRORS, inspect_workbook
from ...model.indicator import SQUARE_METRES
from ...render.tables.report_table import TableNumber
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from .office_table import NO_FIGURE, FilledTable
from .rounding import round_to_digits

#: Spreadsheets allow letters, digits, points and underscores in names.
_FORBIDDEN_PATTERN = re.compile(r"[^\w.]+")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?")
_LETTERS = string.ascii_uppercase
#: Unit at the end of a name, in place of the table's: name_亩.
UNIT_BY_WORD = {"平方米": "m2", "公顷": "ha", "平方千米": "km2", "亩": "mu", "万亩": "wan_mu"}
_MAX_RANGE_CELLS = 5000


@dataclass(frozen=True)
class NamedFigure:
    """A figure of a filled table with the name of its cell; position of row and column from 0.

    ``column_name``: name of the whole column; ``value``: as printed; ``exact``: before rounding; ``text``: printed text
    of a cell without a figure.
    """

    name: str
    column_name: str
    row: int
    column: int
    value: float | None
    exact: float | None
    unit: str
    text: str = ""


def make_cell_name(*parts: str) -> str:
    """Return the parts of a name joined; characters that names must not have are left out.

    >>> make_cell_name("三线", "其中：城镇集中建设区", "占县域（%）")
    '三线_城镇集中建设区_占县域'
    """
    cleaned = [_FORBIDDEN_PATTERN.sub("", part.removeprefix("其中：").removeprefix("其中:")) for part in parts]
    return "_".join(filter(None, cleaned))


def list_named_figures(table: FilledTable) -> list[NamedFigure]:
    """Return the figures of a table with the names of their cells, row by row.

    Of rows with one name only the first has a name.
    """
    figures: dict[str, NamedFigure] = {}
    for number, row in enumerate(table.rows):
        for place, (column, cell) in enumerate(zip(table.columns, row.values, strict=True)):
            name = make_cell_name(table.layout.prefix, row.name, column.word)
            if row.kind != "head" and column.unit and name not in figures:
                value = cell.value if isinstance(cell, TableNumber) else None
                figures[name] = NamedFigure(
                    name,
                    make_cell_name(table.layout.prefix, column.word),
                    number,
                    place,
                    value,
                    row.exact_by_column.get(place, value),
                    column.unit,
                    "" if isinstance(cell, TableNumber) else cell or NO_FIGURE,
                )
    return list(figures.values())


@dataclass
class TemplateResult:
    """What became of the names of a workbook: cells filled, names that mean no figure, and names with a problem.

    ``filled``: (name, cells); ``dashes``: names of cells that got a dash, as the data lack the figure; ``unknown``:
    names; ``problems``: (text key, parameters).
    """

    filled: list[tuple[str, str]] = field(default_factory=list)
    dashes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    problems: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass(frozen=True)
class _CellRange:
    """Cells of a sheet, positions from 1."""

    sheet: str
    first_column: int
    first_row: int
    last_column: int
    last_row: int

    @property
    def cells(self) -> list[str]:
        """Return the cells, row by row."""
        from openpyxl.utils import get_column_letter

        return [
            f"{get_column_letter(column)}{row}"
            for row in range(self.first_row, self.last_row + 1)
            for column in range(self.first_column, self.last_column + 1)
        ]

    @property
    def text(self) -> str:
        """Return the range as text: Sheet1!B5 or Sheet1!B5:B9."""
        first, last = self.cells[0], self.cells[-1]
        return f"{self.sheet}!{first}" if first == last else f"{self.sheet}!{first}:{last}"


def fill_template(source: Path, target: Path, tables: list[FilledTable]) -> TemplateResult:
    """Write a copy of a workbook with its named cells filled; return what was filled.

    A name of one cell gets a figure (prefix_row_column), a name of a range in one column or row all figures of a column
    of the table (prefix_column), if their numbers agree. Cells with formulas are not filled.

    Raises
    ------
    InputError
        The workbook cannot be read, or has no named cell.
    """
    result = TemplateResult()
    named = [figure for table in tables for figure in list_named_figures(table)]
    figures = {figure.name: figure for figure in named}
    # Name of a column → its figures from top to bottom.
    columns: dict[str, list[NamedFigure]] = {}
    for figure in named:
        columns.setdefault(figure.column_name, []).append(figure)
    inspect_workbook(read_bytes(source), source.name)
    try:
        with zipfile.ZipFile(source) as archive:
            book = _Workbook(archive, source.name)
            if not book.names:
                raise InputError("office_template_no_names", file=source.name)
            for name, text in book.names:
                _fill_name(book, name, text, figures, columns, result)
            changed = book.write_changed_parts()
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
                for entry in archive.infolist():
                    copy.writestr(
                        entry, changed.get(entry.filename) or archive.read(entry.filename), zipfile.ZIP_DEFLATED
                    )
    except READING_ERRORS as error:
        raise InputError("table_unreadable", file=source.name) from error
    return result


def _fill_name(
    book: _Workbook,
    name: str,
    text: str,
    figures: dict[str, NamedFigure],
    columns: dict[str, list[NamedFigure]],
    result: TemplateResult,
) -> None:
    """Fill the cells of one name."""
    plain_name, unit = name, ""
    stem, _, word = name.rpartition("_")
    if name not in figures and name not in columns and word in UNIT_BY_WORD and (stem in figures or stem in columns):
        plain_name, unit = stem, UNIT_BY_WORD[word]
    figure, column = figures.get(plain_name), columns.get(plain_name)
    if figure is None and column is None:
        result.unknown.append(name)
        return
    cells = _parse_reference(text)
    if cells is None or cells.sheet not in book.sheet_parts:
        result.problems.append(("template_no_cells", {"name": name, "text": text}))
        return
    wanted = [figure] if figure is not None else column or []
    if len(cells.cells) != len(wanted) or (
        len(wanted) > 1 and cells.first_column != cells.last_column and cells.first_row != cells.last_row
    ):
        result.problems.append(
            (
                "template_size",
                {"name": name, "cells": cells.text, "count": str(len(cells.cells)), "figures": str(len(wanted))},
            )
        )
        return
    if formula := next((cell for cell in cells.cells if book.has_formula(cells.sheet, cell)), ""):
        result.problems.append(("template_formula", {"name": name, "cell": f"{cells.sheet}!{formula}"}))
        return
    for cell, one in zip(cells.cells, wanted, strict=True):
        if unit and {unit, one.unit} - SQUARE_METRES.keys():
            result.problems.append(("template_unit", {"name": name, "unit": unit}))
            return
        value = None if one.exact is None else one.value
        if value is not None and one.exact is not None and unit not in ("", one.unit):
            # In another unit with its decimals; in the table's unit as the table prints it.
            exact = one.exact * SQUARE_METRES[one.unit] / SQUARE_METRES[unit]
            value = round_to_digits(exact, DECIMALS_BY_UNIT[unit]) / 10.0 ** DECIMALS_BY_UNIT[unit]
        book.set_value(cells.sheet, cell, one.text if value is None else value)
        if value is None:
            result.dashes.append(one.name)
    result.filled.append((name, cells.text))


def _parse_reference(text: str) -> _CellRange | None:
    """Return the cells that a name refers to; None for a constant, a formula or several ranges."""
    from openpyxl.utils import column_index_from_string

    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        return None
    quoted, plain, column, row, last_column, last_row = match.groups()
    first = column_index_from_string(column), int(row)
    last = (column_index_from_string(last_column), int(last_row)) if last_column else first
    if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) > _MAX_RANGE_CELLS:
        return None
    return _CellRange(quoted.replace("''", "'") if quoted else plain, *first, *last)


def _find_child(parent: Any, tag: str, name: str, *, create: bool) -> Any:
    """Return the row (``5``) or the cell of a row (``B5``) with a name; None if it is missing and not to be created."""
    # Rows and cells are in order.
    children = parent.findall(f"{_MAIN}{tag}")
    names = [child.get("r") for child in children]
    if name in names:
        return children[names.index(name)]
    if not create:
        return None
    child = parent.makeelement(f"{_MAIN}{tag}", {"r": name})
    parent.insert(sum((len(one), one) < (len(name), name) for one in names), child)
    return child


class _Workbook:
    """The parts of an xlsx that are read and changed."""

    def __init__(self, archive: zipfile.ZipFile, file_name: str):
        try:
            # lxml keeps the prefixes of namespaces, which Excel requires.
            self._etree = importlib.import_module("lxml.etree")
        except ImportError as error:
            raise OutputError("office_template_library", target=file_name) from error
        self._archive = archive
        self._trees: dict[str, Any] = {}
        parts = self._read_relations("_rels/.rels", "").values()
        self._part = next((part for kind, part in parts if kind.endswith("/officeDocument")), "")
        folder = PurePosixPath(self._part).parent
        relations = self._read_relations(f"{folder}/_rels/{PurePosixPath(self._part).name}.rels", str(folder))
        tree = self._get_tree(self._part)
        #: Name of a sheet → its part; sheets of charts have no cells.
        self.sheet_parts = {
            sheet.get("name"): relations[sheet.get(f"{_RELATION}id")][1]
            for sheet in tree.iter(f"{_MAIN}sheet")
            if relations[sheet.get(f"{_RELATION}id")][0].endswith("/worksheet")
        }
        # Spreadsheets define names themselves (print areas and the like).
        self.names = [
            (one.get("name"), one.text or "")
            for one in tree.iter(f"{_MAIN}definedName")
            if not one.get("name").startswith("_xlnm.") and one.get("hidden") not in ("1", "true")
        ]

    def _get_tree(self, part: str) -> Any:
        """Return the XML of a part, which is parsed once."""
        if part not in self._trees:
            self._trees[part] = self._etree.fromstring(
                self._archive.read(part), self._etree.XMLParser(resolve_entities=False, no_network=True)
            )
        return self._trees[part]

    def _read_relations(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return id → (type, part) of the relations in a part; targets are relative to a folder."""
        relations = {}
        for one in self._get_tree(part):
            target = one.get("Target")
            relations[one.get("Id")] = (
                one.get("Type"),
                target.lstrip("/") if target.startswith("/") else str(PurePosixPath(folder) / target),
            )
        return relations

    def _find_cell(self, sheet: str, name: str, *, create: bool) -> Any:
        """Return the element that shows the value of a cell; None if it is missing and not to be created."""
        from openpyxl.utils.cell import coordinate_to_tuple

        # Of a merged cell the one at the top left shows the value.
        line, column = coordinate_to_tuple(name)
        for merged in self._get_tree(self.sheet_parts[sheet]).iter(f"{_MAIN}mergeCell"):
            one = _parse_reference(f"{'s'}!{merged.get('ref')}")
            if one and one.first_column <= column <= one.last_column and one.first_row <= line <= one.last_row:
                name = one.cells[0]
                break
        row = _find_child(
            self._get_tree(self.sheet_parts[sheet]).find(f"{_MAIN}sheetData"),
            "row",
            name.lstrip(_LETTERS),
            create=create,
        )
        return None if row is None else _find_child(row, "c", name, create=create)

    def has_formula(self, sheet: str, name: str) -> bool:
        """Return True if a cell has a formula."""
        cell = self._find_cell(sheet, name, create=False)
        return cell is not None and cell.find(f"{_MAIN}f") is not None

    def set_value(self, sheet: str, name: str, value: float | str) -> None:
        """Set the value of a cell; its format remains."""
        cell = self._find_cell(sheet, name, create=True)
        del cell[:]
        cell.attrib.pop("t", None)
        if isinstance(value, str):
            cell.set("t", "inlineStr")
            inline = self._etree.SubElement(cell, f"{_MAIN}is")
            self._etree.SubElement(inline, f"{_MAIN}t").text = make_document_text(value)
        else:
            number = repr(int(value)) if float(value).is_integer() else repr(float(value))
            self._etree.SubElement(cell, f"{_MAIN}v").text = number

    def write_changed_parts(self) -> dict[str, bytes]:
        """Return part → new content: the workbook and its sheets.

        Stored results of formulas are removed; they are computed again when the copy is opened.
        """
        for part in self.sheet_parts.values():
            for formula in self._get_tree(part).iter(f"{_MAIN}f"):
                cell = formula.getparent()
                self._etree.strip_elements(cell, f"{_MAIN}v", with_tail=False)
                cell.attrib.pop("t", None)
        settings = self._get_tree(self._part).find(f"{_MAIN}calcPr")
        if settings is not None:
            settings.set("fullCalcOnLoad", "1")
        return {
            part: self._etree.tostring(self._get_tree(part), xml_declaration=True, encoding="UTF-8", standalone=True)
            for part in [self._part, *self.sheet_parts.values()]
        }
