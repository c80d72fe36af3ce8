# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets in a text that a user pastes: a table of Excel or Word, or lines such as 耕地保有量 73.39 万亩.

Cells of a table are separated by tabs or by two or more spaces. Its heading may name columns by 指标, 数值 or a year,
or by a figure with its unit, such as 永久基本农田（万亩）, with a township in each row. A unit above the table
(单位：公顷) applies to its figures without a unit. Nothing is guessed: a row that is not understood has a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from unicodedata import normalize

from ..model.indicator import COUNT_UNIT, SQUARE_METRES
from ..standard import load_standard
from ..standard.indicator_catalogue import find_allowed_comparisons, load_catalogue
from ..standard.profile.resolved import TARGET_INDICATOR_IDS
from .supplied_tables import (
    COLUMN_HEADINGS,
    FIGURE_HEADING_PATTERN,
    INDICATOR_WORDS,
    TABLE_UNIT_PATTERN,
    TOTAL_WORDS,
    TOWNSHIP_TARGET_COLUMNS,
    PrintedFigure,
    find_word_id,
    parse_figure,
    parse_unit,
)

_CELL_SEPARATOR = re.compile(r"\t|[ \u3000]{2,}")
#: A comma between a digit and three others separates thousands.
_CLAUSE_SEPARATOR = re.compile(r"[。;、]|(?<!\d),|,(?!\d{3}(?!\d))")
_YEAR_PATTERN = re.compile(r"(20\d\d)\s*年?")
_YEAR_IN_TEXT_PATTERN = re.compile(r"(20\d\d)\s*年")
#: Words between a target and its figure, and a unit in brackets there.
_FILLING_PATTERN = re.compile(r"^(?:[\s:]|面积|规模|任务|目标|指标|为|达到|应|需|保持|保护|划定)+")
_UNIT_BEFORE_PATTERN = re.compile(r"\s*\(([^)]*)\)(.*)")
#: Heads of columns with figures of the present state.
_PRESENT_WORDS = ("现状", "基期", "基准")
_TOWNSHIP_ENDINGS = ("乡", "镇", "街道", "办事处")
_VALUE_HEADINGS = (*COLUMN_HEADINGS["value"], *TOWNSHIP_TARGET_COLUMNS[4].possible_headings)


@dataclass(frozen=True)
class PastedTarget:
    """A target in a pasted text.

    ``text``: its row or clause; ``problem``: why it cannot be a target of the county, one of ``unknown`` (its name),
    ``number``, ``several`` (figures), ``unit``, ``township``, ``twice``; empty for a target. ``year``: 0 without one.
    """

    line_number: int
    text: str
    indicator: str = ""
    figure: PrintedFigure | None = None
    year: int = 0
    problem: str = ""

    @property
    def value(self) -> str:
        """The value with its printed decimals."""
        return f"{self.figure.value:.{self.figure.decimals}f}" if self.figure and self.figure.value is not None else ""

    @property
    def unit(self) -> str:
        """The unit as in ``FIGURE_UNIT_WORDS``; empty without a known one."""
        return (self.figure.unit if self.figure else "") or ""

    @property
    def comparison(self) -> str:
        """The bound that is printed with the value, if a target of the indicator may have it; else empty."""
        printed = self.figure.comparison if self.figure else ""
        return printed if printed != "=" and printed in find_allowed_comparisons(self.indicator) else ""


@dataclass(frozen=True)
class _ValueColumn:
    """A column of figures; what its heading does not state is empty or 0."""

    position: int
    indicator: str = ""
    unit: str = ""
    year: int = 0


def read_pasted_targets(text: str, default_year: int = 0) -> list[PastedTarget]:
    """Return the targets in a pasted text, and its other rows with a figure, in their order.

    ``default_year``: year of targets without one.
    """
    found: list[PastedTarget] = []
    columns: list[_ValueColumn] = []
    common_unit = ""
    for number, line in enumerate(normalize("NFKC", text).splitlines(), 1):
        cells = [cell.strip() for cell in _CELL_SEPARATOR.split(line.strip(" "))]
        units = (match.group(1).strip() for cell in cells for match in TABLE_UNIT_PATTERN.finditer(cell))
        unit = next(filter(parse_unit, units), "")
        if heading := _read_heading(cells):
            columns, common_unit = heading, unit or common_unit
        elif len(cells) > 1:
            found += _read_row(number, cells, columns, common_unit)
        elif unit and not _find_name(line):
            common_unit = unit
        else:
            found += _read_clauses(number, line)
    seen: set[tuple[str, int]] = set()
    for position, one in enumerate(found):
        key = one.indicator, one.year or default_year
        found[position] = replace(one, year=key[1], problem=one.problem or ("twice" if key in seen else ""))
        if not one.problem:
            seen.add(key)
    return found


def _read_heading(cells: list[str]) -> list[_ValueColumn]:
    """Return the columns of figures that a row of headings names; empty for another row."""
    columns = []
    names_indicators = any(cell.lower() in COLUMN_HEADINGS["indicator"] for cell in cells)
    for position, cell in enumerate(cells):
        figure, year = parse_figure("", cell), _YEAR_PATTERN.search(cell)
        if figure.value is not None and figure.unit is not None and not _YEAR_PATTERN.fullmatch(cell):
            # A row of the body.
            return []
        parts = FIGURE_HEADING_PATTERN.fullmatch(cell)
        name, unit = (parts[1], parts[2]) if parts else (cell, "")
        # 2035 without 年 may be a figure of the body.
        is_value = name.lower() in _VALUE_HEADINGS or (year and (names_indicators or "年" in cell))
        indicator = _find_indicator(name) if parse_unit(unit) else ""
        if indicator or (is_value and not any(word in cell for word in _PRESENT_WORDS)):
            columns.append(_ValueColumn(position, indicator, unit, int(year[1]) if year else 0))
    return [] if len(cells) == 1 or any(map(_find_indicator, cells)) else columns


def _read_row(number: int, cells: list[str], columns: list[_ValueColumn], common_unit: str) -> Iterator[PastedTarget]:
    """Yield the targets in a row of a table; without headings the row has one figure."""
    text, name_cell = "  ".join(filter(None, cells)), next(filter(_find_indicator, cells), "")
    indicator, unit_cell = _find_indicator(name_cell), next(filter(parse_unit, cells), "")
    year_positions = [position for position, cell in enumerate(cells) if _YEAR_PATTERN.fullmatch(cell)]
    is_total = any("".join(cell.split()).endswith(TOTAL_WORDS) for cell in cells)
    is_township = not is_total and any(cell.endswith(_TOWNSHIP_ENDINGS) for cell in cells)
    if not columns:
        # A figure before the name is the number of the row; 2035 beside another figure is a year.
        first = cells.index(name_cell) if indicator else 0
        figures = [n for n, cell in enumerate(cells) if n >= first and parse_figure("", cell).value is not None]
        if len(figures) > 1:
            figures = [n for n in figures if n not in year_positions]
        if len(figures) > 1 or (indicator and not figures):
            problem = ("several" if figures else "number") if indicator else "unknown"
            yield PastedTarget(number, text, indicator, problem=problem)
            return
        columns = [_ValueColumn(n) for n in figures]
    values = {column.position for column in columns}
    row_year = next((int(cells[n][:4]) for n in year_positions if n not in values), 0)
    for column in columns:
        if column.position < len(cells) and (cell := cells[column.position]):
            figure = parse_figure(name_cell, cell, column.unit or unit_cell)
            one = PastedTarget(number, text, column.indicator or indicator, figure, column.year or row_year)
            yield replace(one, problem="township") if is_township else _judge(one, common_unit)


def _read_clauses(number: int, line: str) -> Iterator[PastedTarget]:
    """Yield the targets in a line of text; clauses without a figure are left out."""
    year = 0
    for clause in map(str.strip, _CLAUSE_SEPARATOR.split(line)):
        if found_year := _YEAR_IN_TEXT_PATTERN.search(clause):
            year = int(found_year[1])
        name = _find_name(clause)
        rest = _YEAR_IN_TEXT_PATTERN.sub("", clause.partition(name)[2] if name else clause)
        if name or any(char.isdigit() for char in rest):
            unit_before = _UNIT_BEFORE_PATTERN.fullmatch(rest)
            unit, rest = (unit_before[1], unit_before[2]) if unit_before else ("", rest)
            rest = _FILLING_PATTERN.sub("", rest).replace("(", "").replace(")", "").removesuffix("以上")
            one = PastedTarget(number, clause, _find_indicator(name), parse_figure(name, rest, unit), year)
            yield _judge(one, "")


def _judge(one: PastedTarget, common_unit: str) -> PastedTarget:
    """Return a pasted figure with the unit of its table, or with the problem that it has."""
    if one.figure is None or not one.indicator:
        return replace(one, problem="unknown")
    if one.figure.value is None or one.figure.value <= 0:
        return replace(one, problem="number")
    unit = parse_unit(common_unit) if one.figure.unit == "" else one.figure.unit
    allowed_units = ("", COUNT_UNIT) if one.indicator == "detail_units_count" else SQUARE_METRES
    if unit not in allowed_units:
        return replace(one, problem="unit")
    return replace(one, figure=replace(one.figure, unit=unit or COUNT_UNIT))


@cache
def _list_names() -> list[str]:
    """Return all names of indicators, the longest first."""
    entries = load_catalogue(load_standard()).indicator_by_id.values()
    names = {name for one in entries for name in (one.zh, one.en, *one.aliases)}
    return sorted(names.union(*INDICATOR_WORDS.values()), key=len, reverse=True)


def _find_name(text: str) -> str:
    """Return the longest name of an indicator in a text; empty without one."""
    return next((name for name in _list_names() if name in text), "")


def _find_indicator(name: str) -> str:
    """Return the id of the indicator with a name, if a county can have a target of it; else an empty text."""
    entry = load_catalogue(load_standard()).find_indicator(name) if name else None
    indicator = entry.id if entry else find_word_id(name, INDICATOR_WORDS)
    return indicator if indicator in TARGET_INDICATOR_IDS else ""
