# SPDX-License-Identifier: GPL-2.0-or-later
"""Parse a table of boundary points (Excel, CSV): columns by their headings, one point in a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...base.errors import InputError
from ...base.files.tables import display_cell, split_lines
from ...base.files.workbooks import iterate_rows, open_workbook
from ...standard.messages.numbers import count_decimals
from .forms import FileLayout, PointForm, find_meaning, load_settings, normalise_word
from .parcels import (
    HeaderValue,
    NoteLevel,
    ParsedFile,
    Place,
    PointNote,
    PointRow,
    RawParcel,
    find_point_number,
    normalise_digits,
    parse_number,
)
from .read_text import FileText
from .rings import divide_at_closed_rings

_HEADER_CELL_PATTERN = re.compile(r"\s*([^:：=]+?)\s*[:：=]\s*(.+?)\s*$")


@dataclass(frozen=True)
class TableLine:
    """A row of a table: number from 1, and its cells as text without outer blanks.

    ``merged_columns``: positions of cells that repeat the value of a merged cell above.
    """

    number: int
    cells: tuple[str, ...]
    merged_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class TableSheet:
    """The rows of a sheet. ``title``: empty for a text file; ``is_hidden``: users do not see the sheet."""

    title: str
    lines: list[TableLine]
    is_hidden: bool = False

    def make_place(self, line: int, column: int) -> Place:
        """Return the place of a cell; in a text file its line."""
        if not self.title:
            return Place(line)
        from openpyxl.utils import get_column_letter

        return Place(line, f"{get_column_letter(column + 1)}{line}", self.title)


def read_workbook_sheets(path: Path) -> list[TableSheet]:
    """Return the sheets of a workbook. Numbers have all their digits, merged cells count for each row they span.

    Raise InputError if the file cannot be read.
    """
    return [
        TableSheet(
            sheet.title,
            [
                TableLine(row.number, tuple(map(_read_cell_text, row.cells)), row.merged_columns)
                for row in iterate_rows(sheet)
            ],
            sheet.sheet_state != "visible",
        )
        for sheet in open_workbook(path).worksheets
    ]


def _read_cell_text(cell: Any) -> str:
    """Return the text of a cell; a number with all its digits, and with the zeros that its format displays."""
    displayed = display_cell(cell)
    if not isinstance(cell.value, float):
        return displayed
    number = str(int(cell.value)) if cell.value.is_integer() else repr(cell.value)
    is_longer = parse_number(displayed)[0] == displayed and count_decimals(displayed) > count_decimals(number)
    return displayed if is_longer else number


def split_text_table(text: FileText) -> TableSheet:
    """Return the lines of a text file as a table with commas, semicolons or tabs.

    Raise InputError for an opening quote without its end.
    """
    lines = split_lines("\n".join(text.lines), text.path.name)
    return TableSheet("", [TableLine(line.line_number, tuple(line.cells)) for line in lines])


def find_heading_line(sheet: TableSheet, form: PointForm) -> int:
    """Return the position of the first line with headings of all columns that points need; -1 without one."""
    for position, line in enumerate(sheet.lines[: load_settings().heading_lines]):
        if {"point", "north", "east"} <= {find_meaning(cell, form.headings) for cell in line.cells}:
            return position
    return -1


def parse_table(path: Path, sheets: list[TableSheet], form: PointForm, layout: FileLayout) -> ParsedFile:
    """Return header, parcels and points of the sheets that have headings of the form.

    Raise InputError if no sheet has them, or a heading is there twice.
    """
    parser = _TableParser(path, form)
    for sheet in sheets:
        heading = find_heading_line(sheet, form)
        if heading >= 0 and sheet.is_hidden:
            parser.notes.append(PointNote("hidden_sheet", NoteLevel.WARNING, params={"sheet": sheet.title}))
        elif heading >= 0:
            parser.read_sheet(sheet, heading)
    if not parser.has_table:
        columns = "、".join(form.headings[item][0] for item in ("point", "north", "east"))
        raise InputError("table_no_head", file=path.name, rows=load_settings().heading_lines, columns=columns)
    parcels: list[RawParcel] = []
    for one in parser.parcels:
        one.place = one.rows[0].place if one.rows else one.place
        # Rows without number and name are divided at closed rings.
        parcels += [one] if any(one.key) else divide_at_closed_rings([one])
    for position, parcel in enumerate(parcels, 1):
        parcel.position = position
    return ParsedFile(path, form, layout, parser.header_values, tuple(parcels), tuple(parser.notes))


@dataclass
class _OpenParcel(RawParcel):
    """A parcel whose rows are being read. ``key``: number and name, which distinguish parcels."""

    key: tuple[str, ...] = ()


@dataclass
class _TableParser:
    """Reads sheets one by one."""

    path: Path
    form: PointForm
    header_values: dict[str, HeaderValue] = field(default_factory=dict)
    notes: list[PointNote] = field(default_factory=list)
    has_table: bool = False
    parcels: list[_OpenParcel] = field(default_factory=list)

    def _find_columns(self, sheet: TableSheet, line: TableLine) -> dict[str, int]:
        """Return item → its column in a line of headings, and note the columns that are ignored."""
        column_by_item: dict[str, int] = {}
        ignored = []
        for column, cell in enumerate(line.cells):
            item = find_meaning(cell, self.form.headings)
            if item in column_by_item:
                names = f"{line.cells[column_by_item[item]]}、{cell}"
                raise InputError("table_column_twice", file=self.path.name, line=line.number, columns=names)
            if item:
                column_by_item[item] = column
            elif cell:
                ignored.append(cell)
        if ignored:
            place = None if sheet.title else Place(line.number)
            params = {"columns": "、".join(ignored)}
            self.notes.append(PointNote("ignored_columns", NoteLevel.INFO, place, params=params))
        return column_by_item

    def read_sheet(self, sheet: TableSheet, heading: int) -> None:
        """Read the rows below the headings of a sheet."""
        self.has_table = True
        # Statements such as 坐标系：2000国家大地坐标系 above the headings, in one cell or two.
        for line in sheet.lines[:heading]:
            for column, cell in enumerate(line.cells):
                match = _HEADER_CELL_PATTERN.match(cell)
                following = next((text for text in line.cells[column + 1 :] if text), "")
                header_key, value = (match[1], match[2]) if match else (cell.rstrip(":：="), following)
                meaning = find_meaning(header_key, load_settings().header_keys)
                if meaning and meaning not in self.header_values:
                    self.header_values[meaning] = HeaderValue(value, sheet.make_place(line.number, column))
        line = sheet.lines[heading]
        column_by_item = self._find_columns(sheet, line)
        # The unit is in brackets, as in 面积（平方米）.
        heading_text = line.cells[column_by_item["area"]] if "area" in column_by_item else ""
        match = re.search(r"[(（\[]([^)）\]]*)[)）\]]", heading_text)
        word = normalise_word(match[1]) if match else ""
        area_unit = next((unit for unit in load_settings().area_units if normalise_word(unit) == word), "")
        open_parcel: _OpenParcel | None = None
        separated: list[Place] = []
        filled: list[Place] = []
        for position, row in enumerate(sheet.lines[heading + 1 :], heading + 1):
            texts = _read_texts(row, column_by_item)
            if not any(texts[item] for item in ("point", "north", "east")):
                if not any(row.cells) and open_parcel is not None and not any(open_parcel.key):
                    # A blank row ends a parcel without number and name.
                    open_parcel = None
                continue
            if self._has_headings(row):
                # The headings again, on another page.
                continue
            place = sheet.make_place(row.number, column_by_item["point"])
            parcel_key = _get_key(texts)
            if not any(parcel_key) and open_parcel is not None:
                parcel_key = open_parcel.key
            is_point = texts["north"] or texts["east"] or find_point_number(texts["point"]) is not None
            if not is_point and not self._has_later_point(sheet, position, column_by_item, parcel_key):
                # A line below the table, such as 制表人.
                self.notes.append(PointNote("skipped_row", NoteLevel.WARNING, place, params={"value": texts["point"]}))
                continue
            open_parcel = self._choose_parcel(open_parcel, texts, place, area_unit, filled)
            self._read_row(open_parcel, sheet, row, texts, column_by_item, separated)
        self.notes += [
            PointNote(key, NoteLevel.WARNING, places[0], "", {"count": len(places)})
            for key, places in (("thousands", separated), ("filled", filled))
            if places
        ]

    def _has_headings(self, row: TableLine) -> bool:
        """Return True for a row that has only headings; so has a blank row."""
        return all(find_meaning(cell, self.form.headings) for cell in row.cells if cell)

    def _has_later_point(
        self, sheet: TableSheet, position: int, column_by_item: dict[str, int], key: tuple[str, ...]
    ) -> bool:
        """Return True if the next row with coordinates below a row belongs to the parcel with a number and name."""
        for row in sheet.lines[position + 1 :]:
            if not any(row.cells) and not any(key):
                return False
            texts = _read_texts(row, column_by_item)
            if (texts["north"] or texts["east"]) and not self._has_headings(row):
                later_key = _get_key(texts)
                return later_key == key or not any(later_key)
        return False

    def _choose_parcel(
        self,
        former: _OpenParcel | None,
        texts: dict[str, str],
        place: Place,
        area_unit: str,
        filled: list[Place],
    ) -> _OpenParcel:
        """Return the parcel that a row belongs to: a new one where number or name change.

        Where they are empty, the row belongs to the parcel above, and its place is added to ``filled``.
        """
        key = _get_key(texts)
        if former is not None:
            if not any(key) and any(former.key):
                filled.append(place)
            if key == former.key or not any(key):
                for item in self.form.parcel.items:
                    former.values[item] = former.values.get(item) or texts.get(item, "")
                return former
        values = {item: texts.get(item, "") for item in self.form.parcel.items}
        number = len(self.parcels) + 1
        self.parcels.append(_OpenParcel(number, place, values=values, area_unit=area_unit, key=key))
        return self.parcels[-1]

    def _read_row(
        self,
        parcel: _OpenParcel,
        sheet: TableSheet,
        row: TableLine,
        texts: dict[str, str],
        column_by_item: dict[str, int],
        separated: list[Place],
    ) -> None:
        """Add the point of a row to its parcel; a row that cannot be read becomes a note and breaks the parcel."""
        numbers: dict[str, str] = {}
        for item in ("north", "east"):
            column = column_by_item[item]
            number, is_separated = parse_number(texts[item])
            if not number or column in row.merged_columns:
                key = "row_merged" if number else "row_number" if texts[item] else "row_empty"
                place = sheet.make_place(row.number, column)
                params = {"value": texts[item], "item": column + 1}
                self.notes.append(PointNote(key, NoteLevel.ERROR, place, parcel.label, params))
                parcel.is_broken = True
                return
            numbers[item] = number
            if is_separated:
                separated.append(sheet.make_place(row.number, column))
        ring = normalise_digits(texts.get("ring", "")) or (parcel.rows[-1].ring if parcel.rows else "1")
        name, place = texts["point"], sheet.make_place(row.number, column_by_item["point"])
        cells = (name, ring, numbers["north"], numbers["east"])
        parcel.rows.append(PointRow(cells, name, ring, numbers["north"], numbers["east"], place))


def _read_texts(row: TableLine, column_by_item: dict[str, int]) -> dict[str, str]:
    """Return item → text of a row; cells that it lacks are empty."""
    return {item: row.cells[n] if n < len(row.cells) else "" for item, n in column_by_item.items()}


def _get_key(texts: dict[str, str]) -> tuple[str, ...]:
    """Return number and name of the parcel that a row states, both empty if it states none."""
    return tuple(texts.get(item, "") for item in ("number", "name"))
