# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of printed figures with those of the layers (图数一致), cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unicodedata import normalize

from ...base.files.encoding import BLANK_WORDS
from ...model.indicator import COUNT_UNIT, SQUARE_METRES
from ...render.tables.report_table import CellValue, ReportTableRow, TableNumber
from .known_tables import (
    KEY_COLUMNS,
    NUMBER_COLUMN,
    TABLES_WITH_CODES,
    TARGET_COLUMNS,
    TEXT_COLUMNS_WITH_FIGURES,
    ColumnMatch,
    PrintedNumber,
    SheetTable,
    find_unit_word,
    normalise_word,
    parse_printed_number,
    parse_unit,
)
from .sheets import PrintedCell

#: Change of a figure by writing and reading a geometry: 0.05 m² and 1e-8 of an area, 1e-6 of a ratio or share.
_CHANGE_M2, _CHANGE_SHARE, _CHANGE_OTHER_UNITS = 0.05, 1e-8, 1e-6
#: Change of a figure if edges were straight in another CRS: 2e-7 of an area were measured, edges of 1 km give 1e-6.
_EDGE_CHANGE_SHARE = 1e-6
#: Tolerance for a value near the middle between two printed digits: a fiftieth of half a digit.
_DIGIT_TOLERANCE_SHARE = 0.02
_FIGURE_PATTERN = re.compile(r"-?\d[\d,. ]*")
#: Share of a figure by which another version may have measured differently: 0.1.0 measured cut parts by vertices only.
_SLIGHT_SHARE = 2e-5
#: Cases in which two figures differ; in the other cases a cell was not compared.
DIFFERENCE_CASES = ("cell", "blank")
#: Differences of other figures: columns with figures from their row, rows with figures from their column.
_CHANGE_COLUMNS, _DIFFERENCE_ROWS = ("change", "room"), ("difference", "denominator_difference_m2")


@dataclass(frozen=True)
class CellDifference:
    """A cell that differs from the layers' figure or was not compared.

    Attributes
    ----------
    case
        ``cell`` (another figure), ``blank`` (no figure, though the layers have one), ``text`` (not a number),
        ``formula`` (without a value), ``error`` (#REF!), ``merged`` (one figure for several cells), ``target`` (a
        target or its remainder differs from the profile's), ``words`` (other words around the figures) or
        ``no_figure`` (the layers have no figure).
    line_number, column_number
        Position in the sheet, from 1.
    row_name, column_heading
        Name of the row and head of the column.
    printed_text
        The text as the table prints it.
    expected_figure
        The layers' figure in the table's unit, None without one.
    difference
        Difference of the two figures.
    decimals
        Printed decimals.
    unit
        Unit of both figures.
    unit_word
        The table's word for the unit, if any.
    """

    case: str
    line_number: int
    column_number: int
    row_name: str
    column_heading: str
    printed_text: str
    expected_figure: float | None = None
    difference: float = 0.0
    decimals: int = 0
    unit: str = ""
    unit_word: str = ""


def find_differences(
    sheet_table: SheetTable, *, is_drawing_crs_unknown: bool = False
) -> tuple[list[CellDifference], int]:
    """Return the cells of a table that differ or were not compared, and the number of compared figures.

    ``is_drawing_crs_unknown``: edges may have been straight in another CRS when the figures were computed, so that
    areas may differ by a millionth.
    """
    change_share = _EDGE_CHANGE_SHARE if is_drawing_crs_unknown else _CHANGE_SHARE
    differences: list[CellDifference] = []
    compared_count = 0
    for line, row in sheet_table.row_by_line.items():
        for column in sheet_table.matched_columns:
            difference = _compare_cell(sheet_table, line, row, column, change_share)
            compared_count += difference is None or difference.case in DIFFERENCE_CASES
            if difference is not None and difference.case:
                is_target = difference.case in DIFFERENCE_CASES and column.table_column.id in TARGET_COLUMNS
                differences.append(replace(difference, case="target") if is_target else difference)
    return differences, compared_count


def find_lost_rows(sheet_table: SheetTable) -> list[str]:
    """Return the names of rows that the table computed from the layers has and the sheet lacks.

    Rows with only zeros may be missing.
    """
    matched_rows = [id(row) for row in sheet_table.row_by_line.values()]
    number_columns = [
        p
        for p in sheet_table.matched_columns
        if any(isinstance(r.values[p.table_position], TableNumber) for r in sheet_table.table.rows)
    ]
    return [
        find_row_name(row)
        for row in sheet_table.table.rows
        if id(row) not in matched_rows
        and any(isinstance(v := row.values[p.table_position], TableNumber) and v.value for p in number_columns)
    ]


def find_renamed_rows(sheet_table: SheetTable) -> list[tuple[int, str, str]]:
    """Return rows that were matched by code but have another name in the sheet.

    Each is (line, printed name, name in the table computed from the layers).
    """
    if sheet_table.table.id not in TABLES_WITH_CODES:
        return []
    name_column = KEY_COLUMNS[sheet_table.table.id][-1]
    names = [
        (line, sheet_table.sheet.get_cell_text(line, p.sheet_column).strip(), str(row.values[p.table_position] or ""))
        for line, row in sheet_table.row_by_line.items()
        for p in sheet_table.matched_columns
        if p.table_column.id == name_column
    ]
    return [one for one in names if one[1] and one[2] and normalise_word(one[1]) != normalise_word(one[2])]


def find_row_name(row: ReportTableRow) -> str:
    """Return the name of a row: its first text that is not a number."""
    row_texts = [v for v in row.values if isinstance(v, str) and v]
    return next((v for v in row_texts if not v.isdigit()), row_texts[0] if row_texts else row.code)


#: A cell that is not compared and not reported.
_NOT_COMPARED = CellDifference("", 0, 0, "", "", "")


def _compare_cell(
    sheet_table: SheetTable, line: int, row: ReportTableRow, column_match: ColumnMatch, change_share: float
) -> CellDifference | None:
    """Return the difference of a cell from the computed figure; None if they agree.

    The result of a cell that is not compared has an empty ``case``. ``change_share``: share of an area by which it may
    differ.
    """
    value = row.values[column_match.table_position]
    cell = sheet_table.sheet.cell_by_position.get((line, column_match.sheet_column), PrintedCell(""))
    head = sheet_table.sheet.get_cell_text(sheet_table.last_head_line, column_match.sheet_column)
    location = (line, column_match.sheet_column, find_row_name(row), " ".join(head.split()), cell.text)
    if isinstance(value, str):
        if column_match.table_column.id not in TEXT_COLUMNS_WITH_FIGURES or not _FIGURE_PATTERN.search(value):
            return _NOT_COMPARED
        return _compare_figures_in_texts(value, cell.text, location, change_share)
    is_blank = cell.text.strip().lower() in BLANK_WORDS
    printed_number = None if is_blank else parse_printed_number(cell.text)
    if value is None:
        has_figure = not cell.state and printed_number is not None
        is_reported = has_figure and column_match.table_column.id != NUMBER_COLUMN
        return CellDifference("no_figure", *location) if is_reported else _NOT_COMPARED
    if cell.state:
        return CellDifference(cell.state, *location)
    unit, layer_unit = _find_units(sheet_table, line, column_match)
    if is_blank:
        word = find_unit_word(sheet_table, line, column_match, layer_unit)
        blank = CellDifference("blank", *location, value.value, abs(value.value), value.decimals, layer_unit, word)
        return blank if round(value.value, value.decimals) else None
    if printed_number is None:
        return CellDifference("text", *location)
    sheet_unit = printed_number.unit or unit
    are_areas = sheet_unit in SQUARE_METRES, layer_unit in SQUARE_METRES
    if are_areas[0] != are_areas[1] and sheet_unit and layer_unit:
        return CellDifference("text", *location)
    factor = SQUARE_METRES[layer_unit] / SQUARE_METRES[sheet_unit] if all(are_areas) else 1.0
    layer_figure = value.value * factor
    distance = abs(printed_number.value - layer_figure)
    largest_figure = max(abs(layer_figure), _find_largest_operand(sheet_table, row, column_match) * factor)
    if distance <= compute_printing_tolerance(printed_number, largest_figure, sheet_unit, change_share):
        return None
    word = find_unit_word(sheet_table, line, column_match, sheet_unit)
    return CellDifference("cell", *location, layer_figure, distance, printed_number.decimals, sheet_unit, word)


def _find_largest_operand(sheet_table: SheetTable, row: ReportTableRow, column_match: ColumnMatch) -> float:
    """Return the largest of the areas whose difference is the figure of a cell.

    0 for any other figure. Such a figure may change by as much as these areas do.
    """
    unit = column_match.table_column.unit
    if unit not in SQUARE_METRES:
        return 0.0
    values: list[CellValue] = []
    if column_match.table_column.id in _CHANGE_COLUMNS:
        values = [v for v, column in zip(row.values, sheet_table.table.columns, strict=True) if column.unit == unit]
    elif row.code in _DIFFERENCE_ROWS:
        values = [other.values[column_match.table_position] for other in sheet_table.table.rows]
    return max((abs(v.value) for v in values if isinstance(v, TableNumber)), default=0.0)


def compute_printing_tolerance(
    printed: PrintedNumber, layer_figure: float, unit: str, change_share: float = _CHANGE_SHARE
) -> float:
    """Return by how much a printed figure may differ from the layers' figure, in the table's unit.

    It is half of the last printed digit plus the change by writing and reading shapes (``change_share`` of an area).
    """
    half_digit = 0.5 * 10.0**-printed.decimals
    return half_digit + max(
        _DIGIT_TOLERANCE_SHARE * half_digit,
        change_share * abs(layer_figure),
        min(_get_absolute_tolerance(unit), half_digit),
    )


def compute_unprinted_tolerance(figure: float, unit: str) -> float:
    """Return by how much a figure that was not rounded may differ, in its unit.

    Writing and reading shapes changes areas slightly.
    """
    return _CHANGE_SHARE * abs(figure) + _get_absolute_tolerance(unit)


def is_slight_difference(difference: float, figure: float | None, unit: str) -> bool:
    """Return True if another version of the plugin may have measured a figure with this difference.

    False for counts, however slight the difference is, and without a figure.
    """
    return bool(figure) and unit != COUNT_UNIT and difference <= _SLIGHT_SHARE * abs(figure or 0.0)


def _get_absolute_tolerance(unit: str) -> float:
    """Return the difference that is accepted for a figure of any size, in its unit."""
    return _CHANGE_M2 / SQUARE_METRES[unit] if unit in SQUARE_METRES else _CHANGE_OTHER_UNITS


def _find_units(sheet_table: SheetTable, line: int, column_match: ColumnMatch) -> tuple[str, str]:
    """Return the unit of a figure in the sheet, and its unit in the table computed from the layers.

    The list of indicators has a unit in each row.
    """
    if column_match.table_column.unit:
        return column_match.sheet_unit, column_match.table_column.unit
    for unit_column in sheet_table.matched_columns:
        if unit_column.table_column.id == "unit":
            layer_unit = parse_unit(str(sheet_table.row_by_line[line].values[unit_column.table_position] or ""))
            return parse_unit(sheet_table.sheet.get_cell_text(line, unit_column.sheet_column)) or layer_unit, layer_unit
    return "", ""


def _compare_figures_in_texts(
    value: str, printed_text: str, location: tuple[int, int, str, str, str], change_share: float = _CHANGE_SHARE
) -> CellDifference | None:
    """Return the difference of two texts that have the same words and other figures.

    None if the figures agree. An example is “≥ 63.25 万亩”. ``value``: the expected text; ``location``: line, column,
    row name, column head and text of the cell.
    """
    expected_text, sheet_text = (
        normalize("NFKC", text).replace("\u202f", " ").replace("−", "-") for text in (value, printed_text)
    )
    expected_words, words = (re.sub(r"\s+", "", _FIGURE_PATTERN.sub("#", one)) for one in (expected_text, sheet_text))
    if expected_words != words:
        # Other words come from another document and are not compared.
        return _NOT_COMPARED if not printed_text.strip() else CellDifference("words", *location)
    figures = list(_find_numbers(expected_text))
    for expected, printed_number in zip(figures, _find_numbers(sheet_text), strict=True):
        # A small difference of two large areas changes by as much as the areas.
        largest_figure = max((abs(one.value) for one in figures if one.unit == expected.unit), default=0.0)
        distance = abs(expected.value - printed_number.value)
        tolerance = compute_printing_tolerance(
            printed_number, largest_figure if expected.unit else expected.value, expected.unit, change_share
        )
        # Both figures are rounded, because both come from texts.
        if distance > tolerance + 0.5 * 10.0**-expected.decimals:
            return CellDifference("cell", *location, expected.value, distance, printed_number.decimals)
    return None


def do_texts_agree_within_tolerance(printed_text: str, expected_text: str) -> bool:
    """Return True if two texts have the same words, and figures that agree within the tolerance."""
    return printed_text.strip() == expected_text.strip() or (
        bool(printed_text.strip())
        and _compare_figures_in_texts(expected_text, printed_text, (0, 0, "", "", "")) is None
    )


def _find_numbers(text: str) -> Iterator[PrintedNumber]:
    """Yield the figures of a text, each with the unit after it, if any."""
    for match in _FIGURE_PATTERN.finditer(text):
        plain_figure = re.sub(r"[, ]", "", match[0]).rstrip(".")
        if plain_figure.count(".") <= 1:
            unit_match = re.match(r"[^\s;,、()]*", text[match.end() :])
            yield PrintedNumber(
                float(plain_figure),
                len(plain_figure.partition(".")[2]),
                parse_unit(unit_match[0] if unit_match else ""),
            )
