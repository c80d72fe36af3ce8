# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of the words on a sheet of the plugin's workbook with the same sheet made again.

`compare` compares figures, within their tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .compare import do_texts_agree_within_tolerance
from .model import PrintedCell, PrintedSheet


class CellChange(NamedTuple):
    """A cell of a sheet that differs from the sheet made again: row, column, actual and expected text."""

    row: int
    column: int
    printed_text: str
    expected_text: str


@dataclass(frozen=True)
class SheetChanges:
    """Differences of a sheet from the same sheet made again.

    ``changed_texts``: cells with other words; ``text_figures``: cells with a figure that is stored as text.
    """

    changed_texts: list[CellChange] = field(default_factory=list)
    text_figures: list[CellChange] = field(default_factory=list)


_EMPTY_CELL = PrintedCell("")


def compare_sheet(sheet: PrintedSheet, remade_sheet: PrintedSheet) -> SheetChanges:
    """Return the differences of a sheet from the same sheet made again."""
    changes = SheetChanges()
    for position in sorted(sheet.cell_by_position.keys() | remade_sheet.cell_by_position.keys()):
        cell, expected_cell = (
            sheet.cell_by_position.get(position, _EMPTY_CELL),
            remade_sheet.cell_by_position.get(position, _EMPTY_CELL),
        )
        are_merged = cell.state == expected_cell.state == "merged"
        if not (
            expected_cell.is_number or are_merged or do_texts_agree_within_tolerance(cell.text, expected_cell.text)
        ):
            changes.changed_texts.append(CellChange(*position, cell.text, expected_cell.text))
        if cell.text and expected_cell.is_number and not (cell.is_number or cell.state):
            changes.text_figures.append(CellChange(*position, cell.text, expected_cell.text))
    return changes
