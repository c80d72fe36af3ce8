# SPDX-License-Identifier: GPL-2.0-or-later
"""Rounding of a block of rows: parts that sum to a total before rounding also do so when printed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from ...render.tables.report_table import TableNumber
from ...standard.messages.numbers import format_number
from .office_table import MINUS, FilledColumn, FilledRow, LayoutColumn, RowSum
from .rounding import do_parts_add_up, round_parts, round_table, round_to_digits


class AdjustedCell(NamedTuple):
    """A figure that is printed one last digit higher or lower than by usual rounding, as texts."""

    row: str
    column: str
    exact: str
    printed: str


def round_block(
    rows: Sequence[FilledRow], columns: Sequence[FilledColumn], layout_columns: Sequence[LayoutColumn]
) -> list[tuple[str, str]]:
    """Round the figures of a block, in place.

    Return the columns with parts that do not sum to the total: (name of the column, difference as text).

    Columns that a total sums (``sum_of``) are rounded together with the rows; other columns each on their own. Rows of
    kind ``part`` are rounded to the row above that they sum to. Figures that do not add up are rounded as usual.
    """
    return _BlockRounder(rows, columns, layout_columns).round()


def round_row_sums(rows: Sequence[FilledRow], columns: Sequence[FilledColumn], sums: Sequence[RowSum]) -> None:
    """Round the rows that sum others, in place; sums with a missing row or figure are left as they are rounded."""
    row_by_code = {row.code: row for row in rows if row.kind != "head"}
    for one in sums:
        signs = [-1 if part.startswith(MINUS) else 1 for part in one.parts]
        parts = [row_by_code.get(part.removeprefix(MINUS)) for part in one.parts]
        total = row_by_code.get(one.total)
        present = [part for part in parts if part is not None]
        if total is None or len(present) < len(parts):
            continue
        for position, column in enumerate(columns):
            if all(position in row.exact_by_column for row in (total, *present)):
                _round_row_sum(total, present, signs, position, column.decimals, is_fixed=one.is_fixed)


def _round_row_sum(
    total: FilledRow, parts: list[FilledRow], signs: list[int], position: int, decimals: int, *, is_fixed: bool
) -> None:
    """Round one column of a row that sums others, in place; ``signs``: −1 for a part that is subtracted."""
    exact = [sign * part.exact_by_column[position] for sign, part in zip(signs, parts, strict=True)]
    if not do_parts_add_up(exact, total.exact_by_column[position], decimals):
        return
    scale = 10.0**decimals
    if is_fixed:
        whole = round_to_digits(total.exact_by_column[position], decimals)
        for sign, part, digits in zip(signs, parts, round_parts(exact, whole, decimals), strict=True):
            part.values[position] = TableNumber(sign * digits / scale, decimals)
    else:
        printed = [value.value for part in parts if isinstance(value := part.values[position], TableNumber)]
        whole = sum(sign * round(value * scale) for sign, value in zip(signs, printed, strict=True))
    total.values[position] = TableNumber(whole / scale, decimals)


def list_adjusted_cells(
    rows: Sequence[FilledRow], columns: Sequence[FilledColumn], differences: Collection[int]
) -> list[AdjustedCell]:
    """Return the figures that differ from usual rounding; ``differences``: columns that are not listed."""
    adjusted = []
    for row in rows:
        for position, exact in row.exact_by_column.items():
            column, value = columns[position], row.values[position]
            if position in differences:
                continue
            if isinstance(value, TableNumber) and round(value.value * 10.0**column.decimals) != round_to_digits(
                exact, column.decimals
            ):
                adjusted.append(
                    AdjustedCell(
                        row.name,
                        column.word,
                        format_number(exact, column.decimals + 2),
                        format_number(value.value, column.decimals),
                    )
                )
    return adjusted


class _BlockRounder:
    """Rounds one block; exact figures are kept until the end."""

    def __init__(
        self, rows: Sequence[FilledRow], columns: Sequence[FilledColumn], layout_columns: Sequence[LayoutColumn]
    ):
        self._rows, self._columns, self._layout_columns = rows, columns, layout_columns
        self._main = [n for n, row in enumerate(rows) if row.kind == "row"]
        self._sum = next((n for n, row in enumerate(rows) if row.kind == "sum"), None)
        self._unequal_sums: list[tuple[str, str]] = []
        #: (row, column) → last digits as printed.
        self._digits: dict[tuple[int, int], int] = {}

    def round(self) -> list[tuple[str, str]]:
        """Round all figures; return the sums that do not agree."""
        for position, column in enumerate(self._layout_columns):
            if column.sum_of:
                signs = {
                    n: -1 if one.content not in column.sum_of else 1
                    for n, one in enumerate(self._layout_columns)
                    if one.content in column.sum_of or f"{MINUS}{one.content}" in column.sum_of
                }
                self._round_across(position, list(signs), np.array([*signs.values(), 1]))
        for position in range(len(self._columns)):
            self._round_column(position)
            self._round_parts_of_rows(position)
        self._write()
        return self._unequal_sums

    def _get_exact(self, row: int, column: int) -> float | None:
        """Return the exact figure of a cell; None without one."""
        value = self._rows[row].values[column]
        return value.value if isinstance(value, TableNumber) else None

    def _get_all_exact(self, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray | None:
        """Return the exact figures of cells; None if one is missing."""
        values = [[self._get_exact(row, column) for column in columns] for row in rows]
        return (
            None
            if not rows or not columns or any(value is None for line in values for value in line)
            else np.array(values, dtype=float)
        )

    def _round_across(self, total: int, parts: list[int], signs: np.ndarray) -> None:
        """Round columns together with their total: with the sum row as a table, else each row by itself.

        ``signs``: of the parts and of the total, −1 for parts that are subtracted.
        """
        decimals = self._columns[total].decimals
        if any(self._columns[part].decimals != decimals for part in parts):
            return
        if self._sum is not None:
            cells = self._get_all_exact([*self._main, self._sum], [*parts, total])
            signed = None if cells is None else cells * signs
            # The last column sums the others, and the last row sums the others.
            if signed is not None and all(
                do_parts_add_up(line[:-1].tolist(), float(line[-1]), decimals)
                for side in (signed, signed.T)
                for line in side
            ):
                rounded, row_sums, column_sums, grand = round_table(signed[:-1, :-1], decimals)
                for n, row in enumerate(self._main):
                    self._digits[row, total] = int(row_sums[n])
                    for k, part in enumerate(parts):
                        self._digits[row, part] = int(signs[k] * rounded[n, k])
                self._digits[self._sum, total] = grand
                for k, part in enumerate(parts):
                    self._digits[self._sum, part] = int(signs[k] * column_sums[k])
                return
        for row in range(len(self._rows)):
            cells = self._get_all_exact([row], [*parts, total])
            line = None if cells is None else (cells * signs)[0]
            if line is not None and do_parts_add_up(line[:-1].tolist(), float(line[-1]), decimals):
                whole = round_to_digits(float(line[-1]), decimals)
                for k, digits in enumerate(round_parts(line[:-1].tolist(), whole, decimals)):
                    self._digits[row, parts[k]] = int(signs[k] * digits)
                self._digits[row, total] = whole

    def _round_column(self, column: int) -> None:
        """Round the rows of a column to their sum, unless the column was rounded with others."""
        if self._sum is None or any((row, column) in self._digits for row in self._main):
            return
        total = self._get_exact(self._sum, column)
        parts = [(row, value) for row in self._main if (value := self._get_exact(row, column)) is not None]
        if total is None or not parts:
            return
        decimals = self._columns[column].decimals
        values = [value for _, value in parts]
        if not do_parts_add_up(values, total, decimals):
            difference = format_number(total - sum(values), decimals)
            if round_to_digits(total - sum(values), decimals):
                self._unequal_sums.append((self._columns[column].word, difference))
            return
        whole = round_to_digits(total, decimals)
        self._digits[self._sum, column] = whole
        for (row, _), digits in zip(parts, round_parts(values, whole, decimals), strict=True):
            self._digits[row, column] = digits

    def _round_parts_of_rows(self, column: int) -> None:
        """Round the parts below a row to the row, if those with figures sum to it."""
        decimals = self._columns[column].decimals
        for position, row in enumerate(self._main):
            end = self._main[position + 1] if position + 1 < len(self._main) else len(self._rows)
            parts = [n for n in range(row + 1, end) if self._rows[n].kind == "part"]
            below = [n for n in parts if self._get_exact(n, column) is not None]
            cells = self._get_all_exact(below, [column])
            total = self._get_exact(row, column)
            if cells is None or total is None or not do_parts_add_up(cells[:, 0].tolist(), total, decimals):
                continue
            whole = self._digits.get((row, column), round_to_digits(total, decimals))
            for n, digits in zip(below, round_parts(cells[:, 0].tolist(), whole, decimals), strict=True):
                self._digits[n, column] = digits

    def _write(self) -> None:
        """Write the rounded figures, and keep the exact ones."""
        for n, row in enumerate(self._rows):
            for position, column in enumerate(self._columns):
                exact = self._get_exact(n, position)
                if exact is None:
                    continue
                row.exact_by_column[position] = exact
                digits = self._digits.get((n, position), round_to_digits(exact, column.decimals))
                row.values[position] = TableNumber(digits / 10.0**column.decimals, column.decimals)
