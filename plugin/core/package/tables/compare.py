# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a table as it is printed against those that the layers give (图数一致), cell by cell."""

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

#: What writing and reading a geometry may move: 0.05 m² and 1e-8 of an area, 1e-6 of what is none (a ratio, a share).
_MOVED_M2, _MOVED_SHARE, _MOVED = 0.05, 1e-8, 1e-6
#: A printed digit that lies just on the edge: a fiftieth of half of it.
_DIGIT_SHARE = 0.02
_FIGURE = re.compile(r"-?\d[\d,. ]*")


@dataclass(frozen=True)
class CellDifference:
    """One cell. ``case``: ``cell`` (another figure), ``blank`` (none, though the layers give one), ``text``, ``formula``,
    ``target`` (a target, or what is left of it, other than the profile's), ``error`` and ``merged`` (not compared: no number; a formula without value; #REF!; one figure for several cells), ``words``
    (other words than ours around the figures) or ``no_figure`` (the layers give none).

    ``printed`` as the table prints it; ``expected`` what the layers give, in the table's unit, None where there is none;
    ``decimals`` of the table's print; ``unit`` of both, and the ``normalise_word`` that the table itself has for it, if any.
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


#: Cases that say that two figures differ; the others, that something was not compared.
DIFFER = ("cell", "blank")


def find_differences(block: TableBlock) -> tuple[list[CellDifference], int]:
    """What differs or could not be compared in a table, and how many figures were compared."""
    found: list[CellDifference] = []
    compared = 0
    for line, row in block.rows.items():
        for place in block.places:
            one = _cell(block, line, row, place)
            compared += one is None or one.case in DIFFER
            if one is not None and one.case:
                aim = one.case in DIFFER and place.known.id in AIMS
                found.append(replace(one, case="target") if aim else one)
    return found, compared


def find_lost_rows(block: TableBlock) -> list[str]:
    """Names of rows of the layers' table with figures other than nothing that the sheet does not have."""
    there = [id(row) for row in block.rows.values()]
    wanted = [p for p in block.places if any(isinstance(block_value(r, p), Number) for r in block.table.rows)]
    return [
        row_name(row)
        for row in block.table.rows
        if id(row) not in there and any(isinstance(v := block_value(row, p), Number) and v.value for p in wanted)
    ]


def find_renamed_rows(block: TableBlock) -> list[tuple[int, str, str]]:
    """Rows that the code tells, whose name is another than the layers': line, the name told, the layers' own."""
    found = []
    if block.table.id in CODED:
        names = [p for p in block.places if p.known.id == KEYS[block.table.id][-1]]
        for line, row in block.rows.items():
            for place in names:
                told, own = block.sheet.text(line, place.column).strip(), str(block_value(row, place) or "")
                if told and own and normalise_word(told) != normalise_word(own):
                    found.append((line, told, own))
    return found


def row_name(row: Row) -> str:
    """What a reader calls a row: its first words that are no number."""
    words = [v for v in row.values if isinstance(v, str) and v]
    return next((v for v in words if not v.isdigit()), words[0] if words else row.code)


#: What is compared with nothing: neither figure nor difference.
_NOTHING = CellDifference("", 0, 0, "", "", "")


def _cell(block: TableBlock, line: int, row: Row, place: ColumnMatch) -> CellDifference | None:
    """None when the figures agree."""
    value = block_value(row, place)
    cell = block.sheet.cells.get((line, place.column), Cell(""))
    head = block.sheet.text(block.head, place.column)
    about = (line, place.column, row_name(row), " ".join(head.split()), cell.text)
    if isinstance(value, str):
        if place.known.id not in WORDED or not _FIGURE.search(value):
            return _NOTHING
        return _words(value, cell.text, about)
    blank = cell.text.strip().lower() in BLANK_WORDS
    if cell.state:
        return _NOTHING if value is None else CellDifference(cell.state, *about)
    if value is None:
        said = not blank and parse_printed_number(cell.text) is not None
        return CellDifference("no_figure", *about) if said and place.known.id != NUMBER else _NOTHING
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
    apart = abs(printed.value - given)
    if apart <= printing_tolerance(printed, max(abs(given), _behind(block, row, place) * factor), theirs):
        return None
    return CellDifference("cell", *about, given, apart, printed.decimals, theirs, unit_word(block, line, place, theirs))


#: What is a difference of others: by column of those in its row, by row of those in its column.
_CHANGES, _DIFFERENCES = ("change", "room"), ("difference", "denominator_difference_m2")


def _behind(block: TableBlock, row: Row, place: ColumnMatch) -> float:
    """The largest area that a difference was made of, for it moves as that does; 0 for a figure of its own."""
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
    """Half of the last printed digit, and what writing and reading the shapes may move, in the table's unit."""
    half = 0.5 * 10.0**-printed.decimals
    return half + max(_DIGIT_SHARE * half, _MOVED_SHARE * abs(given), min(_moved(unit), half))


def unprinted_tolerance(given: float, unit: str) -> float:
    """How far a figure that was never printed may be from the layers', in its unit: what writing and reading the shapes moves."""
    return _MOVED_SHARE * abs(given) + _moved(unit)


def _moved(unit: str) -> float:
    return _MOVED_M2 / SQUARE_METRES[unit] if unit in SQUARE_METRES else _MOVED


def _unit(block: TableBlock, line: int, place: ColumnMatch) -> tuple[str, str]:
    """The unit of a figure in the sheet and in the layers' table; those of the list of indicators stand in their rows."""
    if place.known.unit:
        return place.unit, place.known.unit
    for other in block.places:
        if other.known.id == "unit":
            own = parse_unit(str(block_value(block.rows[line], other) or ""))
            return parse_unit(block.sheet.text(line, other.column)) or own, own
    return "", ""


def _words(value: str, told: str, about: tuple[int, int, str, str, str]) -> CellDifference | None:
    """Figures within words (≥ 63.25 万亩), where the words are the same."""
    mine, theirs = (normalize("NFKC", text).replace("\u202f", " ").replace("−", "-") for text in (value, told))
    if _frame(mine) != _frame(theirs):
        # Other words are another document's: there is nothing to compare.
        return _NOTHING if not told.strip() else CellDifference("words", *about)
    figures = list(_numbers(mine))
    for own, other in zip(figures, _numbers(theirs), strict=True):
        # A small difference of two large areas moves as these do.
        largest = max((abs(one.value) for one in figures if one.unit == own.unit), default=0.0)
        apart = abs(own.value - other.value)
        # Ours is out of a text, too: it was rounded like theirs.
        allowed = printing_tolerance(other, largest if own.unit else own.value, own.unit) + 0.5 * 10.0**-own.decimals
        if apart > allowed:
            return CellDifference("cell", *about, own.value, apart, other.decimals)
    return None


def are_same_words(told: str, given: str) -> bool:
    """Return True for the same words; figures in them may be off by what writing and reading the shapes moves."""
    return told.strip() == given.strip() or (bool(told.strip()) and _words(given, told, (0, 0, "", "", "")) is None)


def _frame(text: str) -> str:
    return re.sub(r"\s+", "", _FIGURE.sub("#", text))


def _numbers(text: str) -> Iterator[PrintedNumber]:
    """The figures of a text with the unit that follows each, empty for none."""
    for found in _FIGURE.finditer(text):
        plain = re.sub(r"[, ]", "", found[0]).rstrip(".")
        if plain.count(".") <= 1:
            behind = re.match(r"[^\s;,、()]*", text[found.end() :])
            yield PrintedNumber(float(plain), len(plain.partition(".")[2]), parse_unit(behind[0] if behind else ""))
