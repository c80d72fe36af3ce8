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
from typing import NamedTuple
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
_YEAR_PATTERN = re.compile(r"(?<![\d.])(20\d\d)(?![\d.])\s*年?")
_YEAR_IN_TEXT_PATTERN = re.compile(r"(?<![\d.])(20\d\d)\s*年")
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

    ``text``: its row or clause; ``year``: 0 if unknown; ``value``: as printed; ``unit``: as in ``FIGURE_UNIT_WORDS``;
    ``comparison``: the printed bound, if a target of the indicator may have it, else empty; ``problem``: why it cannot
    be a target of the county, one of ``unknown`` (its name), ``number``, ``several`` (figures), ``unit``, ``township``,
    ``twice``; empty for a target.
    """

    line_number: int
    text: str
    indicator: str
    year: int
    value: str
    unit: str
    comparison: str
    problem: str


class _ValueColumn(NamedTuple):
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
        elif unit and not any(name in line for name in _list_names()):
            common_unit = unit
        else:
            found += _read_clauses(number, line)
    found = [replace(one, year=one.year or default_year) for one in found]
    first = {(one.indicator, one.year): one for one in reversed(found) if not one.problem}
    is_first = (one.problem or first[one.indicator, one.year] is one for one in found)
    return [one if is_kept else replace(one, problem="twice") for one, is_kept in zip(found, is_first, strict=True)]


def _read_heading(cells: list[str]) -> list[_ValueColumn]:
    """Return the columns of figures that a row of headings names; empty for another row."""
    columns = []
    names_indicators = any(cell.lower() in COLUMN_HEADINGS["indicator"] for cell in cells)
    for position, cell in enumerate(cells):
        figure, year = parse_figure("", cell), _YEAR_PATTERN.search(cell)
        if _find_indicator(cell) or (figure.value is not None and figure.unit is not None and year is None):
            # A row of the body.
            return []
        name, unit = _split_heading(cell)
        # 2035 without 年 may be a figure of the body.
        is_value = name.lower() in _VALUE_HEADINGS or (year and (names_indicators or "年" in cell))
        indicator = _find_indicator(name) if parse_unit(unit) else ""
        if indicator or (is_value and not any(word in cell for word in _PRESENT_WORDS)):
            columns.append(_ValueColumn(position, indicator, unit, int(year[1]) if year else 0))
    return columns if len(cells) > 1 else []


def _split_heading(cell: str) -> tuple[str, str]:
    """Return name and unit of a cell such as “耕地保有量（万亩）”; the unit is empty if it has none."""
    parts = FIGURE_HEADING_PATTERN.fullmatch(cell)
    return (parts[1], parts[2]) if parts else (cell, "")


def _names_township(text: str) -> bool:
    """Return True if a text is about one township: a word of it ends like the name of one, not that of an indicator."""
    rest = re.sub("|".join(map(re.escape, _list_names())), " ", text)
    return any(word.endswith(_TOWNSHIP_ENDINGS) for word in re.findall(r"\w+", rest))


def _read_row(number: int, cells: list[str], columns: list[_ValueColumn], common_unit: str) -> Iterator[PastedTarget]:
    """Yield the targets in a row of a table; without headings the row has one figure."""
    text = "  ".join(filter(None, cells))
    name_cell = next((cell for cell in cells if _find_indicator(_split_heading(cell)[0])), "")
    name, unit_of_name = _split_heading(name_cell)
    indicator, unit_cell = _find_indicator(name), unit_of_name or next(filter(parse_unit, cells), "")
    is_total = any("".join(cell.split()).endswith(TOTAL_WORDS) for cell in cells)
    is_township = not is_total and _names_township(text)
    years = {position: int(cell[:4]) for position, cell in enumerate(cells) if _YEAR_PATTERN.fullmatch(cell)}
    if not columns:
        # A figure before the name is the number of the row; 2035 beside another figure is a year.
        first = cells.index(name_cell) if indicator else 0
        figures = [n for n, cell in enumerate(cells) if n >= first and parse_figure("", cell).value is not None]
        figures = [n for n in figures if n not in years] or figures
        if len(figures) != 1 and (indicator or figures):
            found = ("several" if figures else "number") if indicator else "unknown"
            problem = "township" if is_township else found
            yield PastedTarget(number, text, indicator, 0, "", "", "", problem)
            return
        columns = [_ValueColumn(n) for n in figures]
    values = {column.position for column in columns}
    row_year = next((year for position, year in years.items() if position not in values), 0)
    for column in columns:
        if column.position < len(cells) and (cell := cells[column.position]):
            # The unit above the table is for figures without one.
            unit = column.unit or unit_cell or ("" if parse_figure("", cell).unit_text else common_unit)
            figure = parse_figure(column.indicator or indicator, cell, unit, row=number)
            one = _make_target(figure, text, column.year or row_year)
            yield replace(one, problem="township") if is_township else one


def _read_clauses(number: int, line: str) -> Iterator[PastedTarget]:
    """Yield the targets in a line of text; clauses without a figure are left out."""
    year = 0
    for clause in map(str.strip, _CLAUSE_SEPARATOR.split(line)):
        if found_year := _YEAR_IN_TEXT_PATTERN.search(clause):
            year = int(found_year[1])
        # The longest name comes first.
        name = next((name for name in _list_names() if name in clause), "")
        rest = _YEAR_IN_TEXT_PATTERN.sub("", clause.partition(name)[2] if name else clause)
        if name or any(char.isdigit() for char in rest):
            unit_before = _UNIT_BEFORE_PATTERN.fullmatch(rest)
            unit, rest = (unit_before[1], unit_before[2]) if unit_before else ("", rest)
            rest = _FILLING_PATTERN.sub("", rest).replace("(", "").replace(")", "").removesuffix("以上")
            one = _make_target(parse_figure(_find_indicator(name), rest, unit, row=number), clause, year)
            yield replace(one, problem="township") if _names_township(clause) else one


def _make_target(figure: PrintedFigure, text: str, year: int) -> PastedTarget:
    """Return a target, or a row with its problem; ``figure``: it has the id of the indicator as name."""
    is_count = figure.name == "detail_units_count"
    unit = COUNT_UNIT if is_count and figure.unit == "" else figure.unit or ""
    if not figure.name:
        problem = "unknown"
    elif figure.value is None or figure.value <= 0:
        problem = "number"
    else:
        problem = "" if unit in ((COUNT_UNIT,) if is_count else SQUARE_METRES) else "unit"
    value = "" if figure.value is None else f"{figure.value:.{figure.decimals}f}"
    has_bound = figure.comparison != "=" and figure.comparison in find_allowed_comparisons(figure.name)
    comparison = figure.comparison if has_bound else ""
    return PastedTarget(figure.line_number, text, figure.name, year, value, unit, comparison, problem)


@cache
def _list_names() -> list[str]:
    """Return all names of indicators, the longest first."""
    entries = load_catalogue(load_standard()).indicator_by_id.values()
    names = {name for one in entries for name in (one.zh, one.en, *one.aliases)}
    return sorted(names.union(*INDICATOR_WORDS.values()), key=len, reverse=True)


def _find_indicator(name: str) -> str:
    """Return the id of the indicator with a name, if a county can have a target of it; else an empty text."""
    entry = load_catalogue(load_standard()).find_indicator(name) if name else None
    indicator = entry.id if entry else find_word_id(name, INDICATOR_WORDS)
    return indicator if indicator in TARGET_INDICATOR_IDS else ""
