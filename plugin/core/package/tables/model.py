# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks of a package as sheets of cells, as they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path

from ....paths import LOOK_SETTINGS
from ...files.data import check_keys, check_marks, expect, read_toml

#: Rows and columns of a sheet that are looked at; a cell far out would otherwise ask for a billion.
MOST_ROWS, MOST_COLUMNS = 5000, 200


@dataclass(frozen=True)
class Cell:
    """``text`` as the spreadsheet prints it; ``state``: "", ``formula`` (without a value, for nobody saved it after it was
    written), ``error`` (#REF! and the like), or ``merged`` (the value of the merged cell that it is a part of); ``number``: it
    holds one; ``number_format`` of numbers; ``style``: how it is written (`ink.look_of`)."""

    text: str
    state: str = ""
    number: bool = field(default=False, compare=False)
    number_format: str = field(default="", compare=False)
    style: str = field(default="", compare=False)


@dataclass(frozen=True)
class Sheet:
    """``cells`` by row and column from 1, without those that are empty; ``cut``: there is more than was looked at;
    ``hidden``: what of it is not shown or not seen, as keys of texts (``hidden``); ``covered``: cells under a picture or shape;
    ``unseen``: key of ``hidden`` → rows, columns and cells by name; ``sizes``: (row number or letters of a column) → height or width; ``conditions``: it has forms by condition."""

    name: str
    cells: dict[tuple[int, int], Cell] = field(hash=False)
    cut: bool = False
    hidden: tuple[str, ...] = ()
    covered: tuple[tuple[int, int], ...] = ()
    unseen: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    sizes: dict[int | str, float] = field(default_factory=dict, hash=False)
    conditions: bool = False

    @cached_property
    def last_row(self) -> int:
        return max((row for row, _ in self.cells), default=0)

    @cached_property
    def last_column(self) -> int:
        return max((column for _, column in self.cells), default=0)

    def text(self, row: int, column: int) -> str:
        cell = self.cells.get((row, column))
        return cell.text if cell else ""


@dataclass(frozen=True)
class Workbook:
    """``file``: its path in the package; ``problem``: a key of texts (``causes``) for one that cannot be read;
    ``parts``: those that tables alone do not have (`drawn.find_other_parts`)."""

    file: str
    sheets: tuple[Sheet, ...] = ()
    problem: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class StyleLimits:
    least_colour_apart: float
    least_letter_points: float
    least_row_points: float
    least_column_letters: float
    size_differs: float
    size_differs_share: float
    slight_share: float


@cache
def load_style_limits(path: Path = LOOK_SETTINGS) -> StyleLimits:
    """Read the limits, each of which has a mark. DataError names file and key."""
    table = read_toml(path)
    keys = [f.name for f in fields(StyleLimits)]
    check_keys(table, required=[*keys, "marks"], allowed=(), file=path)
    check_marks(table, keys, file=path)
    return StyleLimits(**{key: float(expect(table[key], (int, float), file=path, key=key)) for key in keys})
