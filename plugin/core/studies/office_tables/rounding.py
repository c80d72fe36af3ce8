# SPDX-License-Identifier: GPL-2.0-or-later
"""Rounding of figures, and of blocks of rows, so that the printed parts of a table sum to its printed totals.

A column of parts is rounded by the largest-remainder method (最大余额法). Equal figures of a column, and a figure that
two columns have in one row (land that does not change), are rounded as usual, so that they are printed equally.

A table with totals of rows and of columns is rounded so that both sums agree; each figure is its exact value rounded
up or down.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from decimal import Decimal
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from ...render.tables.report_table import TableNumber
from ...standard.messages.numbers import format_number
from .office_table import MINUS, FilledColumn, FilledRow, LayoutColumn, RowSum

#: Parts of a last digit in which remainders are counted. Whole numbers have exact sums; floats have not.
_DIGIT = 1_000_000
#: Largest difference of a sum and its parts, as a share of the sum and in last digits, at which they agree.
_SUM_SHARE, _SUM_DIGITS = 1e-9, 1e-3
#: Largest difference of equal figures, in last digits: 0.01 m² of hectares with two decimals.
_EQUAL_DIGITS = 1e-4


def round_to_digits(value: float, decimals: int) -> int:
    """Return a value in units of its last printed digit, as a number is printed (0.125 and two decimals: 12)."""
    return int(Decimal(f"{value:.{decimals}f}").scaleb(decimals))


def do_parts_add_up(parts: Sequence[float], total: float, decimals: int) -> bool:
    """Return True if parts sum to a total, apart from rounding errors of floats; False if one is NaN.

    Figure tables have zero for a part below half a digit, so each zero may be up to that too low.
    """
    digits = _SUM_DIGITS + 0.5 * sum(part == 0 for part in parts)
    return abs(sum(parts) - total) <= max(digits * 10.0**-decimals, _SUM_SHARE * abs(total))


def round_parts(parts: Sequence[float], total: int, decimals: int, kept: Collection[int] = ()) -> list[int]:
    """Round parts so that they sum to a rounded total, in units of the last printed digit.

    Equal parts and those in ``kept`` (positions) are rounded as usual. The others are rounded down; those with the
    largest remainders (最大余额) are raised by one digit until the sum agrees. What is left then is added to the
    largest of them, unless it is more than half of that part: then all parts are rounded by their remainders.
    ``total``: the total in last digits, at most one digit per part away from the sum of the parts.

    Raises
    ------
    ValueError
        The parts do not sum to the total.

    Examples
    --------
    >>> round_parts([0.166, 0.169, 0.665], 100, 2)
    [17, 17, 66]
    >>> round_parts([0.126, 0.126, 0.126, 0.622], 100, 2)
    [13, 13, 13, 61]
    """
    values = np.asarray(parts, dtype=float)
    whole, remainders = _split_digits(values, decimals)
    missing = total - int(whole.sum())
    if abs(missing) > len(parts):
        raise ValueError(f"parts {list(parts)} do not sum to {total} units of {decimals} decimals")
    # Parts in the order of their size that differ by less than the tolerance are one group.
    order = np.argsort(values, kind="stable")
    group = np.empty(len(values), dtype=int)
    group[order] = np.cumsum(np.diff(values[order], prepend=values[order][:1]) * 10.0**decimals > _EQUAL_DIGITS)
    _, first, counts = np.unique(group, return_index=True, return_counts=True)
    is_equal = counts[group] > 1
    is_kept = np.isin(np.arange(len(values)), list(kept))
    digits = np.array([round_to_digits(value, decimals) for value in values[first[group]].tolist()], dtype=np.int64)
    choices = (~(is_equal | is_kept), ~is_kept, ~is_equal, np.ones(len(values), dtype=bool))
    free = next(np.flatnonzero(one) for one in choices if one.any())
    if not is_equal[free].any():
        digits[free] = whole[free]
        raised = np.argsort(-remainders[free], kind="stable")[: max(total - int(digits.sum()), 0)]
        digits[free[raised]] += 1
    rest = total - int(digits.sum())
    largest = free[np.argmax(np.abs(values[free]))]
    if rest and 2 * abs(rest) > abs(int(digits[largest])):
        # Of equal remainders the first is changed, so that the same figures give the same table.
        order = np.argsort(-remainders if missing > 0 else remainders, kind="stable")
        whole[order[: abs(missing)]] += np.sign(missing)
        return [int(value) for value in whole]
    digits[largest] += rest
    return [int(value) for value in digits]


def round_table(cells: NDArray, decimals: int) -> tuple[NDArray, NDArray, NDArray, int]:
    """Round a table so that its cells sum to the totals of rows and of columns, and these to the grand total.

    The grand total is rounded as usual. All other figures are rounded up or down, if possible to the nearest; no figure
    differs by a whole last digit from its exact value.

    Parameters
    ----------
    cells : (m, n)
        Exact values.
    decimals : int
        Decimals that are printed.

    Returns
    -------
    (m, n), (m,), (n,), int
        Cells, totals of rows, totals of columns and grand total, in units of the last printed digit.

    References
    ----------
    L. H. Cox, A Constructive Procedure for Unbiased Controlled Rounding, JASA 82 (1987): fractions are moved along
    cycles until they are whole.
    """
    whole, remainders = _split_digits(np.asarray(cells, dtype=float), decimals)
    rows, columns = cells.shape
    # One more row and column make all sums whole: the complement of each total, and that of the grand total.
    extended = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    extended[:rows, :columns] = remainders
    extended[:rows, columns] = -remainders.sum(axis=1) % _DIGIT
    extended[rows, :columns] = -remainders.sum(axis=0) % _DIGIT
    extended[rows, columns] = remainders.sum() % _DIGIT
    margins = extended.sum(axis=1) // _DIGIT, extended.sum(axis=0) // _DIGIT
    grand = round_to_digits(float(np.sum(cells)), decimals)
    # Total of the complements of rows + corner is whole, so the corner decides the grand total.
    corner_goal = grand - int(whole.sum() + margins[0][:rows].sum() - margins[1][columns])
    _round_entry(extended, rows, columns, corner_goal)
    _round_nearest_first(extended, [(row, columns) for row in range(rows)])
    _round_nearest_first(extended, [(rows, column) for column in range(columns)])
    _round_nearest_first(extended, [(row, column) for row in range(rows) for column in range(columns)])
    rounded = whole + extended[:rows, :columns] // _DIGIT
    return rounded, rounded.sum(axis=1), rounded.sum(axis=0), int(rounded.sum())


def _split_digits(values: NDArray, decimals: int) -> tuple[NDArray, NDArray]:
    """Return values in units of the last digit as whole numbers, rounded down, and the remainders in 0 … `_DIGIT` − 1.

    Remainders are whole numbers too, so that sums of them are exact.
    """
    scaled = values * 10.0**decimals
    whole = np.floor(scaled)
    remainders = np.rint((scaled - whole) * _DIGIT).astype(np.int64)
    return whole.astype(np.int64) + remainders // _DIGIT, remainders % _DIGIT


def _round_nearest_first(table: NDArray, entries: list[tuple[int, int]]) -> None:
    """Round entries of a table, in place; each time the entry that is nearest to 0 or a whole digit.

    So the figures that cannot be rounded to the nearest are those near the middle.
    """
    while fractional := [entry for entry in entries if 0 < table[entry] < _DIGIT]:
        row, column = min(fractional, key=lambda entry: min(table[entry], _DIGIT - table[entry]))
        _round_entry(table, row, column, _DIGIT if 2 * table[row, column] >= _DIGIT else 0)


def _round_entry(table: NDArray, row: int, column: int, goal: int) -> None:
    """Move an entry of a table to 0 or a whole digit, in place, without changing the sums of rows and columns.

    Each step moves a fraction along a cycle of fractional entries, until one of them is whole. As all sums are whole,
    there is such a cycle through each fractional entry. ``goal``: 0, or above for a whole digit.
    """
    while 0 < table[row, column] < _DIGIT:
        sign = 1 if goal > 0 else -1
        cycle = _find_cycle(table, row, column, sign)
        signs = np.where(np.arange(len(cycle)) % 2 == 0, sign, -sign)
        rows, columns = np.array(cycle).T
        values = table[rows, columns]
        step = int(np.where(signs > 0, _DIGIT - values, values).min())
        table[rows, columns] = values + signs * step


def _find_cycle(table: NDArray, row: int, column: int, sign: int) -> list[tuple[int, int]]:
    """Return a cycle of fractional entries that begins with one: along its column, then a row, and so on.

    The entry is moved by ``sign``, the next one in the other direction, and so on. Of all cycles the one is chosen in
    which entries have the least distances to the whole number that they are moved to, squared.
    """
    row_count = len(table)
    fractional = (table > 0) & (table < _DIGIT)
    fractional[row, column] = False
    shares = table / _DIGIT
    distances_up, distances_down = (1 - shares) ** 2, shares**2
    along_column, along_row = (distances_down, distances_up) if sign > 0 else (distances_up, distances_down)
    # Nodes: rows, then columns. From the entry's column the search (Dijkstra) looks for the entry's row.
    start = row_count + column
    costs, came_from, done = {start: 0.0}, {start: -1}, set()
    queue = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        if node == row:
            break
        is_row = node < row_count
        place = node if is_row else node - row_count
        for one in np.flatnonzero(fractional[place] if is_row else fractional[:, place]).tolist():
            other = one + row_count if is_row else one
            total = cost + float(along_row[place, one] if is_row else along_column[one, place])
            if total < costs.get(other, np.inf):
                costs[other], came_from[other] = total, node
                heapq.heappush(queue, (total, other))
    if row not in came_from:
        raise ValueError("the sums of the table are not whole numbers")
    path = [row]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    edges = [(min(a, b), max(a, b) - row_count) for a, b in pairwise(path)]
    return [(row, column), *edges]


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
                exact = [sign * part.exact_by_column[position] for sign, part in zip(signs, present, strict=True)]
                if not do_parts_add_up(exact, total.exact_by_column[position], column.decimals):
                    continue
                scale = 10.0**column.decimals
                if one.is_fixed:
                    whole = round_to_digits(total.exact_by_column[position], column.decimals)
                    for sign, part, digits in zip(
                        signs, present, round_parts(exact, whole, column.decimals), strict=True
                    ):
                        part.values[position] = TableNumber(sign * digits / scale, column.decimals)
                else:
                    printed = [
                        value.value for part in present if isinstance(value := part.values[position], TableNumber)
                    ]
                    whole = sum(sign * round(value * scale) for sign, value in zip(signs, printed, strict=True))
                total.values[position] = TableNumber(whole / scale, column.decimals)


def list_adjusted_cells(
    rows: Sequence[FilledRow], columns: Sequence[FilledColumn], differences: Collection[int]
) -> list[dict[str, str]]:
    """Return the figures that are printed higher or lower than by usual rounding, the largest rest first.

    Each is row, column, exact and printed figure, the parameters of a text; ``differences``: columns that are not
    listed.
    """
    adjusted: list[tuple[int, float, dict[str, str]]] = []
    for row in rows:
        for position, exact in row.exact_by_column.items():
            column, value = columns[position], row.values[position]
            if position not in differences and isinstance(value, TableNumber):
                rest = round(value.value * 10.0**column.decimals) - round_to_digits(exact, column.decimals)
                cell = {
                    "row": row.name,
                    "column": column.word,
                    "exact": format_number(exact, column.decimals + 2),
                    "printed": format_number(value.value, column.decimals),
                }
                adjusted.append((-abs(rest), -abs(exact), cell))
    return [cell for rest, _, cell in sorted(adjusted, key=lambda one: one[:2]) if rest]


class BlockRounder:
    """Rounds the figures of a block, in place; exact figures are kept until the end.

    Columns that a total sums (``sum_of``) are rounded together with the rows; other columns each on their own, but a
    figure that two of them with the same unit have in one row is rounded as usual in both. Rows of kind ``part`` are
    rounded to the row above that they sum to, rows above a subtotal to it. Figures that do not add up are rounded as
    usual.
    """

    def __init__(
        self, rows: Sequence[FilledRow], columns: Sequence[FilledColumn], layout_columns: Sequence[LayoutColumn]
    ):
        self._rows, self._columns, self._layout_columns = rows, columns, layout_columns
        self._main = [n for n, row in enumerate(rows) if row.kind == "row"]
        self._subtotals = [n for n, row in enumerate(rows) if row.kind == "subtotal"]
        self._sum = next((n for n, row in enumerate(rows) if row.kind == "sum"), None)
        #: Figures of rows and columns before rounding; NaN for a cell without one.
        self._exact = np.array(
            [[value.value if isinstance(value, TableNumber) else np.nan for value in row.values] for row in rows],
            dtype=float,
        ).reshape(len(rows), len(columns))
        #: The same for rounding: figures of a row that differ only by rounding errors of floats are one figure.
        self._values = self._exact.copy()
        self._is_kept = np.zeros(self._exact.shape, dtype=bool)
        numbers = [n for n, one in enumerate(columns) if one.unit and not layout_columns[n].difference_of]
        for first, second in combinations(numbers, 2):
            if (columns[first].unit, columns[first].decimals) == (columns[second].unit, columns[second].decimals):
                one, other = self._values[:, first], self._values[:, second]
                is_same = np.abs(one - other) * 10.0 ** columns[first].decimals <= _EQUAL_DIGITS
                other[is_same] = one[is_same]
                self._is_kept[is_same, first] = self._is_kept[is_same, second] = True
        self._unequal_sums: list[tuple[str, str, str]] = []
        #: (row, column) → last digits as printed.
        self._digits: dict[tuple[int, int], int] = {}

    def round(self) -> list[tuple[str, str, str]]:
        """Round all figures.

        Return the totals that differ from their parts: key of the text, name of the column or cell, difference as text.
        """
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
            decimals = self._columns[position].decimals
            for number, row in enumerate(self._main):
                # Parts below a row are rounded to the row, if those with figures sum to it.
                end = self._main[number + 1] if number + 1 < len(self._main) else len(self._rows)
                parts = [n for n in range(row + 1, end) if self._rows[n].kind == "part"]
                below = [n for n in parts if np.isfinite(self._exact[n, position])]
                total, values = float(self._values[row, position]), self._values[below, position].tolist()
                if below and do_parts_add_up(values, total, decimals):
                    self._round_rows(
                        below, position, self._digits.get((row, position), round_to_digits(total, decimals))
                    )
            for first, end in pairwise([-1, *self._subtotals]):
                above = [n for n in self._main if first < n < end and np.isfinite(self._exact[n, position])]
                total = float(self._values[end, position])
                if above and do_parts_add_up(self._values[above, position].tolist(), total, decimals):
                    self._round_rows(
                        above, position, self._digits.get((end, position), round_to_digits(total, decimals))
                    )
        for n, position in np.argwhere(np.isfinite(self._exact)).tolist():
            decimals = self._columns[position].decimals
            self._rows[n].exact_by_column[position] = float(self._exact[n, position])
            digits = self._digits.get((n, position), round_to_digits(float(self._values[n, position]), decimals))
            self._rows[n].values[position] = TableNumber(digits / 10.0**decimals, decimals)
        return self._unequal_sums

    def _round_across(self, total: int, parts: list[int], signs: np.ndarray) -> None:
        """Round columns together with their total: with the sum row as a table, else each row by itself.

        ``signs``: of the parts and of the total, −1 for parts that are subtracted.
        """
        decimals = self._columns[total].decimals
        if any(self._columns[part].decimals != decimals for part in parts):
            return
        if self._sum is not None:
            signed = self._exact[np.ix_([*self._main, self._sum], [*parts, total])] * signs
            # The last column sums the others, and the last row sums the others.
            if all(
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
        for row, line in enumerate(self._exact[:, [*parts, total]] * signs):
            if not np.isfinite(line).all():
                continue
            rest = float(line[-1] - line[:-1].sum())
            if not do_parts_add_up(line[:-1].tolist(), float(line[-1]), decimals) and round_to_digits(rest, decimals):
                name = f"{self._rows[row].name} {self._columns[total].word}"
                self._unequal_sums.append(("unequal_row", name, format_number(rest, decimals)))
            elif do_parts_add_up(line[:-1].tolist(), float(line[-1]), decimals):
                whole = round_to_digits(float(line[-1]), decimals)
                for k, digits in enumerate(round_parts(line[:-1].tolist(), whole, decimals)):
                    self._digits[row, parts[k]] = int(signs[k] * digits)
                self._digits[row, total] = whole

    def _round_column(self, column: int) -> None:
        """Round the rows of a column to their sum, unless the column was rounded with others."""
        if self._sum is None or any((row, column) in self._digits for row in self._main):
            return
        total = float(self._values[self._sum, column])
        rows = [row for row in self._subtotals or self._main if np.isfinite(self._exact[row, column])]
        if np.isnan(total) or not rows:
            return
        decimals, values = self._columns[column].decimals, self._values[rows, column].tolist()
        if not do_parts_add_up(values, total, decimals):
            difference = format_number(total - sum(values), decimals)
            if round_to_digits(total - sum(values), decimals):
                self._unequal_sums.append(("unequal_sum", self._columns[column].word, difference))
            return
        whole = round_to_digits(total, decimals)
        self._digits[self._sum, column] = whole
        self._round_rows(rows, column, whole)

    def _round_rows(self, rows: list[int], column: int, total: int) -> None:
        """Round rows of a column to a total in last digits."""
        values = self._values[rows, column].tolist()
        kept = np.flatnonzero(self._is_kept[rows, column]).tolist()
        for row, digits in zip(rows, round_parts(values, total, self._columns[column].decimals, kept), strict=True):
            self._digits[row, column] = digits
