# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of printed figures with those of the layers (图数一致), cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unicodedata import normalize

from ...files.encoding import BLANK_WORDS
from ...model.indicator import SQUARE_METRES
from ...render.tables.model import Number, Row, Value
from .known_tables import (
    AIMS,
    CODED,
    KEYS,
    NUMBER,
    WORDED,
    ColumnMatch,
    PrintedNumber,
    TableBlock,
    block_value,
    normalise_word,
    parse_printed_number,
    parse_unit,
    unit_word,
)
from .model import Cell

#: Change of a figure by writing and reading a geometry: 0.05 m² and 1e-8 of an area, 1e-6 of a ratio or share.
_MOVED_M2, _MOVED_SHARE, _MOVED = 0.05, 1e-8, 1e-6
#: Tolerance for a value near the middle between two printed digits: a fiftieth of half a digit.
_DIGIT_SHARE = 0.02
_FIGURE = re.compile(r"-?\d[\d,. ]*")


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
    printed
        The text as the table prints it.
    expected
        The layers' figure in the table's unit, None without one.
    decimals
        Printed decimals.
    unit
        Unit of both figures.
    word
        The table's word for the unit, if any.
    """

    case: str
    line: int
    column: int
    row: str
    head: str
    printed: str
    expected: float | None = None
    difference: float = 0.0
    decimals: int = 0
    unit: str = ""
    word: str = ""


#: Cases in which two figures differ; in the other cases a cell was not compared.
DIFFER = ("cell", "blank")
#: Cases of cells without a readable figure.
UNREADABLE = ("text", "formula", "error", "merged")


def find_differences(block: TableBlock) -> tuple[list[CellDifference], int]:
    """Return the differing and uncompared cells of a table; count compared figures."""
    found: list[CellDifference] = []
    compared = 0
    for line, row in block.rows.items():
        for place in block.places:
            one = _compare_cell(block, line, row, place)
            compared += one is None or one.case in DIFFER
            if one is not None and one.case:
                aim = one.case in DIFFER and place.known.id in AIMS
                found.append(replace(one, case="target") if aim else one)
    return found, compared


def find_lost_rows(block: TableBlock) -> list[str]:
    """Return the layers' rows with figures other than zero that the sheet lacks."""
    there = [id(row) for row in block.rows.values()]
    wanted = [p for p in block.places if any(isinstance(block_value(r, p), Number) for r in block.table.rows)]
    return [
        row_name(row)
        for row in block.table.rows
        if id(row) not in there and any(isinstance(v := block_value(row, p), Number) and v.value for p in wanted)
    ]


def find_renamed_rows(block: TableBlock) -> list[tuple[int, str, str]]:
    """Return rows matched by code with another name: line, printed name, layers' name."""
    found = []
    if block.table.id in CODED:
        names = [p for p in block.places if p.known.id == KEYS[block.table.id][-1]]
        for line, row in block.rows.items():
            for place in names:
                printed_name, own = block.sheet.text(line, place.column).strip(), str(block_value(row, place) or "")
                if printed_name and own and normalise_word(printed_name) != normalise_word(own):
                    found.append((line, printed_name, own))
    return found


def row_name(row: Row) -> str:
    """Return the name of a row: its first text that is not a number."""
    words = [v for v in row.values if isinstance(v, str) and v]
    return next((v for v in words if not v.isdigit()), words[0] if words else row.code)


#: A cell that is not compared and not reported.
_NOTHING = CellDifference("", 0, 0, "", "", "")


def _compare_cell(block: TableBlock, line: int, row: Row, place: ColumnMatch) -> CellDifference | None:
    """Compare one cell; return None if the figures agree."""
    value = block_value(row, place)
    cell = block.sheet.cells.get((line, place.column), Cell(""))
    head = block.sheet.text(block.head, place.column)
    about = (line, place.column, row_name(row), " ".join(head.split()), cell.text)
    if isinstance(value, str):
        if place.known.id not in WORDED or not _FIGURE.search(value):
            return _NOTHING
        return _compare_words(value, cell.text, about)
    blank = cell.text.strip().lower() in BLANK_WORDS
    if cell.state:
        return _NOTHING if value is None else CellDifference(cell.state, *about)
    if value is None:
        has_figure = not blank and parse_printed_number(cell.text) is not None
        return CellDifference("no_figure", *about) if has_figure and place.known.id != NUMBER else _NOTHING
    unit = _unit(block, line, place)
    if blank:
        nothing = not round(value.value, value.decimals)
        known = unit[1], unit_word(block, line, place, unit[1])
        return (
            None if nothing else CellDifference("blank", *about, value.value, abs(value.value), value.decimals, *known)
        )
    printed = parse_printed_number(cell.text)
    if printed is None:
        return CellDifference("text", *about)
    theirs = printed.unit or unit[0]
    if (theirs in SQUARE_METRES) != (unit[1] in SQUARE_METRES) and theirs and unit[1]:
        return CellDifference("text", *about)
    factor = SQUARE_METRES[unit[1]] / SQUARE_METRES[theirs] if {theirs, unit[1]} <= SQUARE_METRES.keys() else 1.0
    given = value.value * factor
    distance = abs(printed.value - given)
    if distance <= printing_tolerance(printed, max(abs(given), _largest_operand(block, row, place) * factor), theirs):
        return None
    return CellDifference(
        "cell", *about, given, distance, printed.decimals, theirs, unit_word(block, line, place, theirs)
    )


#: Differences of other figures: columns with figures from their row, rows with figures from their column.
_CHANGES, _DIFFERENCES = ("change", "room"), ("difference", "denominator_difference_m2")


def _largest_operand(block: TableBlock, row: Row, place: ColumnMatch) -> float:
    """Return the largest operand of a difference of areas; 0 for other figures.

    A difference changes by as much as the areas it is computed from.
    """
    unit = place.known.unit
    if unit not in SQUARE_METRES:
        return 0.0
    values: list[Value] = []
    if place.known.id in _CHANGES:
        values = [v for v, column in zip(row.values, block.table.columns, strict=True) if column.unit == unit]
    elif row.code in _DIFFERENCES:
        values = [block_value(other, place) for other in block.table.rows]
    return max((abs(v.value) for v in values if isinstance(v, Number)), default=0.0)


def printing_tolerance(printed: PrintedNumber, given: float, unit: str) -> float:
    """Return half of the last printed digit plus the change by writing and reading.

    The result is in the table's unit.
    """
    half = 0.5 * 10.0**-printed.decimals
    return half + max(_DIGIT_SHARE * half, _MOVED_SHARE * abs(given), min(_moved(unit), half))


def unprinted_tolerance(given: float, unit: str) -> float:
    """Return the change of a figure by writing and reading shapes, in its unit."""
    return _MOVED_SHARE * abs(given) + _moved(unit)


def _moved(unit: str) -> float:
    return _MOVED_M2 / SQUARE_METRES[unit] if unit in SQUARE_METRES else _MOVED


def _unit(block: TableBlock, line: int, place: ColumnMatch) -> tuple[str, str]:
    """Return a figure's unit in the sheet and in the layers' table.

    The list of indicators has units in its rows.
    """
    if place.known.unit:
        return place.unit, place.known.unit
    for other in block.places:
        if other.known.id == "unit":
            own = parse_unit(str(block_value(block.rows[line], other) or ""))
            return parse_unit(block.sheet.text(line, other.column)) or own, own
    return "", ""


def _compare_words(value: str, printed_text: str, about: tuple[int, int, str, str, str]) -> CellDifference | None:
    """Compare figures within equal words (≥ 63.25 万亩)."""
    mine, theirs = (normalize("NFKC", text).replace("\u202f", " ").replace("−", "-") for text in (value, printed_text))
    if _words_around(mine) != _words_around(theirs):
        # Other words come from another document and are not compared.
        return _NOTHING if not printed_text.strip() else CellDifference("words", *about)
    figures = list(_find_numbers(mine))
    for own, other in zip(figures, _find_numbers(theirs), strict=True):
        # A small difference of two large areas changes by as much as the areas.
        largest = max((abs(one.value) for one in figures if one.unit == own.unit), default=0.0)
        distance = abs(own.value - other.value)
        # Both figures are rounded, because both come from texts.
        allowed = printing_tolerance(other, largest if own.unit else own.value, own.unit) + 0.5 * 10.0**-own.decimals
        if distance > allowed:
            return CellDifference("cell", *about, own.value, distance, other.decimals)
    return None


def are_same_words(printed_text: str, given: str) -> bool:
    """Return True for equal words whose figures agree within the tolerance."""
    return printed_text.strip() == given.strip() or (
        bool(printed_text.strip()) and _compare_words(given, printed_text, (0, 0, "", "", "")) is None
    )


def _words_around(text: str) -> str:
    return re.sub(r"\s+", "", _FIGURE.sub("#", text))


def _find_numbers(text: str) -> Iterator[PrintedNumber]:
    """Yield the figures of a text with the unit after each, empty without one."""
    for found in _FIGURE.finditer(text):
        plain = re.sub(r"[, ]", "", found[0]).rstrip(".")
        if plain.count(".") <= 1:
            behind = re.match(r"[^\s;,、()]*", text[found.end() :])
            yield PrintedNumber(float(plain), len(plain.partition(".")[2]), parse_unit(behind[0] if behind else ""))
