# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of a package's workbooks: sheets of cells as they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path

from ....paths import STYLE_LIMITS
from ...files.data import check_and_remove_marks, check_keys, check_type, read_toml

#: Rows and columns of a sheet that are read; a single distant cell would otherwise cause a billion cells.
MAX_ROWS, MAX_COLUMNS = 5000, 200


@dataclass(frozen=True)
class PrintedCell:
    """A cell as the spreadsheet prints it.

    Attributes
    ----------
    text
        The printed text.
    state
        "", ``formula`` (without a value, because no program saved it after it was written), ``error`` (#REF! and the
        like) or ``merged`` (the value of the merged cell to which it belongs).
    is_number
        Whether the value is a number.
    number_format
        The format of numbers.
    style
        Font, colours and alignment (`covered_cells.describe_cell_style`).
    """

    text: str
    state: str = ""
    is_number: bool = field(default=False, compare=False)
    number_format: str = field(default="", compare=False)
    style: str = field(default="", compare=False)


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet of a workbook.

    Attributes
    ----------
    cell_by_position
        (row, column), from 1, → non-empty cell.
    is_truncated
        Whether the sheet has more cells than were read.
    hidden_content_kinds
        Kinds of content that is not shown, as keys of texts (section ``hidden_content_kinds``).
    covered_cells
        Cells under a picture or shape.
    hidden_names
        Kind of hidden content → names of rows, columns or cells.
    size_by_row_or_column
        Row number or column letters → height or width.
    has_conditional_formats
        Whether the sheet has conditional formats.
    settings
        Settings that keep content from being seen, printed or copied, as keys of texts (section ``sheet_settings``) →
        names of the cells or values concerned.
    """

    name: str
    cell_by_position: dict[tuple[int, int], PrintedCell] = field(hash=False)
    is_truncated: bool = False
    hidden_content_kinds: tuple[str, ...] = ()
    covered_cells: tuple[tuple[int, int], ...] = ()
    hidden_names: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    size_by_row_or_column: dict[int | str, float] = field(default_factory=dict, hash=False)
    has_conditional_formats: bool = False
    settings: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @cached_property
    def last_row(self) -> int:
        """Return the last row with a cell, 0 for an empty sheet."""
        return max((row for row, _ in self.cell_by_position), default=0)

    @cached_property
    def last_column(self) -> int:
        """Return the last column with a cell, 0 for an empty sheet."""
        return max((column for _, column in self.cell_by_position), default=0)

    def get_cell_text(self, row: int, column: int) -> str:
        """Return the text of a cell, empty without a cell."""
        cell = self.cell_by_position.get((row, column))
        return cell.text if cell else ""


@dataclass(frozen=True)
class PrintedWorkbook:
    """A workbook of a package.

    ``file`` is its path in the package, ``unreadable_reason`` why it cannot be read, a key of texts (``causes``),
    ``additional_parts`` lists files of the xlsx archive that tables do not need
    (`covered_cells.find_unexpected_parts`). ``properties``: name of a property of the file, as a key of texts (section
    ``file_properties``) → its text.
    """

    file: str
    sheets: tuple[PrintedSheet, ...] = ()
    unreadable_reason: str = ""
    additional_parts: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class StyleLimits:
    """Limits beyond which sizes and colours of cells are reported.

    The file of the limits comments on each.
    """

    least_colour_apart: float
    least_letter_points: float
    least_row_points: float
    least_column_letters: float
    size_differs: float
    size_differs_share: float
    slight_share: float


@cache
def load_style_limits(path: Path = STYLE_LIMITS) -> StyleLimits:
    """Return the limits from their file, in which each limit has a mark of its source.

    Raises
    ------
    DataError
        With file and key, for an invalid value.
    """
    table = read_toml(path)
    keys = [f.name for f in fields(StyleLimits)]
    check_keys(table, required=[*keys, "marks"], allowed=(), file=path)
    check_and_remove_marks(table, keys, file=path)
    return StyleLimits(**{key: float(check_type(table[key], (int, float), file=path, key=key)) for key in keys})
