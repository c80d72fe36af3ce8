# SPDX-License-Identifier: GPL-2.0-or-later
"""Rounding of figures so that the printed parts of a table sum to its printed totals.

A column of parts is rounded by the largest-remainder method (最大余额法). A table with totals of rows and of columns is
rounded so that both sums agree; each figure is its exact value rounded up or down.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Parts of a last digit in which remainders are counted. Whole numbers have exact sums; floats have not.
_DIGIT = 1_000_000
#: Largest difference of a sum and its parts, as a share of the sum and in last digits, at which they agree.
_SUM_SHARE, _SUM_DIGITS = 1e-9, 1e-3


def round_to_digits(value: float, decimals: int) -> int:
    """Return a value in units of its last printed digit, as a number is printed (0.125 and two decimals: 12)."""
    return int(Decimal(f"{value:.{decimals}f}").scaleb(decimals))


def do_parts_add_up(parts: Sequence[float], total: float, decimals: int) -> bool:
    """Return True if parts sum to a total, apart from rounding errors of floats.

    Figure tables have zero for a part below half a digit, so each zero may be up to that too low.
    """
    digits = _SUM_DIGITS + 0.5 * sum(part == 0 for part in parts)
    tolerance = max(digits * 10.0**-decimals, _SUM_SHARE * abs(total))
    return abs(sum(parts) - total) <= tolerance


def round_parts(parts: Sequence[float], total: int, decimals: int) -> list[int]:
    """Round parts so that they sum to a rounded total, in units of the last printed digit.

    Parts are rounded down; those with the largest remainders (最大余额) are raised by one digit until the sum agrees. A
    total below their sum, as parts printed as zero may give, lowers those with the smallest remainders.
    ``total``: the total in last digits, at most one digit per part away from the sum of the parts.

    Raises
    ------
    ValueError
        The parts do not sum to the total.

    Examples
    --------
    >>> round_parts([1 / 3, 1 / 3, 1 / 3], 100, 2)
    [34, 33, 33]
    """
    whole, remainders = _split_digits(np.asarray(parts, dtype=float), decimals)
    missing = total - int(whole.sum())
    if abs(missing) > len(parts):
        raise ValueError(f"parts {list(parts)} do not sum to {total} units of {decimals} decimals")
    # Of equal remainders the first is changed, so that the same figures give the same table.
    order = np.argsort(-remainders if missing > 0 else remainders, kind="stable")
    whole[order[: abs(missing)]] += np.sign(missing)
    return [int(value) for value in whole]


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


def _is_fraction(value: int) -> bool:
    """Return True for an entry that is not yet 0 or a whole digit."""
    return 0 < value < _DIGIT


def _round(value: int) -> int:
    """Return 0 or a whole digit, the nearest to an entry."""
    return _DIGIT if 2 * value >= _DIGIT else 0


def _round_nearest_first(table: NDArray, entries: list[tuple[int, int]]) -> None:
    """Round entries of a table, in place; each time the entry that is nearest to 0 or a whole digit.

    So the figures that cannot be rounded to the nearest are those near the middle.
    """
    while True:
        fractional = [entry for entry in entries if _is_fraction(table[entry])]
        if not fractional:
            return
        row, column = min(fractional, key=lambda entry: abs(int(table[entry]) - _round(int(table[entry]))))
        _round_entry(table, row, column, _round(int(table[row, column])))


def _round_entry(table: NDArray, row: int, column: int, goal: int) -> None:
    """Move an entry of a table to 0 or a whole digit, in place, without changing the sums of rows and columns.

    Each step moves a fraction along a cycle of fractional entries, until one of them is whole. As all sums are whole,
    there is such a cycle through each fractional entry. ``goal``: 0, or above for a whole digit.
    """
    while _is_fraction(table[row, column]):
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
