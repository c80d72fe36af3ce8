# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of a package's workbooks: sheets of cells as they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

#: Rows and columns of a sheet that are read; a single distant cell would otherwise cause a billion cells.
MAX_ROWS, MAX_COLUMNS = 5000, 200
#: Share of a figure by which another version may have measured differently: 0.1.0 measured cut parts by vertices only.
SLIGHT_SHARE = 2e-5


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
    """

    text: str
    state: str = ""
    is_number: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet of a workbook.

    Attributes
    ----------
    cell_by_position
        (row, column), from 1, → non-empty cell.
    is_truncated
        Whether the sheet has more cells than were read.
    """

    name: str
    cell_by_position: dict[tuple[int, int], PrintedCell] = field(hash=False)
    is_truncated: bool = False

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
    ``titles`` the title, subject and keywords in its properties.
    """

    file: str
    sheets: tuple[PrintedSheet, ...] = ()
    unreadable_reason: str = ""
    titles: tuple[str, ...] = ()
