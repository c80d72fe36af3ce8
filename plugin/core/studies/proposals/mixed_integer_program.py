# SPDX-License-Identifier: GPL-2.0-or-later
"""Mixed-integer programs as arrays, and their solution by HiGHS (`scipy.optimize`); scipy is optional."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: From this version on a solve releases Python's lock, so that other threads run.
_LOCK_FREE_SCIPY = (1, 15)
#: Status codes of `milp`.
OPTIMAL, LIMIT, INFEASIBLE = 0, 1, 2
#: Smaller coefficients are rounding errors: HiGHS accepts rows that are missed by this much.
_ROUNDING = 1e-6
#: A row of a rounded solution may miss its bound by this much (m² or pieces): half of the last printed digit.
ROW_TOLERANCE = 0.005


class LinearRow(NamedTuple):
    """A constraint: lower ≤ Σ coefficient · variable ≤ upper; ``group`` names what it belongs to.

    ``variables`` (m,), or (n, m) for n constraints with the same coefficients (m,) and bounds.
    """

    group: str
    variables: NDArray
    coefficients: NDArray
    lower: float
    upper: float

    def compute_excess(self, values: NDArray) -> float:
        """Return by how much values break the row; 0 if they keep it."""
        total = values[self.variables] @ self.coefficients
        return float(np.max(np.maximum(self.lower - total, total - self.upper), initial=0.0))


@dataclass
class MixedIntegerProgram:
    """Variables from 0 to ``upper`` (v,), whole numbers where ``is_integer`` (v,), and their constraints."""

    upper: NDArray
    is_integer: NDArray
    rows: list[LinearRow] = field(default_factory=list)

    def select_rows(self, groups: Collection[str]) -> MixedIntegerProgram:
        """Return the program with the rows of some groups; rows without a group stay."""
        rows = [row for row in self.rows if not row.group or row.group in groups]
        return MixedIntegerProgram(self.upper, self.is_integer, rows)

    def list_groups(self) -> list[str]:
        """Return the groups of the rows in order."""
        return list(dict.fromkeys(row.group for row in self.rows if row.group))


class MilpResult(NamedTuple):
    """Result of `run_milp`: status code, values (v,), None without a solution, bound, NaN if unknown, prices (v,)."""

    status: int
    x: NDArray | None
    bound: float = np.nan
    prices: NDArray | None = None


def run_milp(arrays: Mapping[str, NDArray], options: Mapping[str, Any]) -> MilpResult:
    """Solve a program (`pack`) by `milp`; a result of unknown status is computed again without presolve.

    Without whole variables, `linprog` gives the prices, too.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import vstack

    part = _drop_decided(arrays)
    if not part.is_integer.any():
        has_lower, has_upper = np.isfinite(part.row_lower), np.isfinite(part.row_upper)
        # Large costs take more iterations.
        scale = float(np.abs(part.cost).max()) or 1.0
        relaxed = linprog(
            part.cost / scale,
            A_ub=vstack([part.matrix[has_upper], -part.matrix[has_lower]]),
            b_ub=np.concatenate([part.row_upper[has_upper], -part.row_lower[has_lower]]),
            bounds=np.column_stack([part.lower, part.upper]),
            method="highs",
            options={"time_limit": options["time_limit"]},
        )
        if relaxed.status != OPTIMAL:
            return MilpResult(relaxed.status, None)
        values, prices = relaxed.x, scale * np.abs(relaxed.lower.marginals + relaxed.upper.marginals)
        return MilpResult(
            OPTIMAL, part.complete(values, part.values), scale * relaxed.fun, part.complete(prices, part.prices)
        )
    constraints = [LinearConstraint(part.matrix, part.row_lower, part.row_upper)] if len(part.row_lower) else []
    for is_presolved in (True, False) if options["presolve"] else (False,):
        result = milp(
            part.cost,
            integrality=part.is_integer,
            bounds=Bounds(part.lower, part.upper),
            constraints=constraints,
            options={**options, "presolve": is_presolved},
        )
        if result.status in (OPTIMAL, LIMIT, INFEASIBLE):
            bound = result.mip_dual_bound
            is_known = bound is not None and np.isfinite(bound)
            values = None if result.x is None else part.complete(result.x, part.values)
            return MilpResult(result.status, values, float(bound) if is_known else np.nan)
        # scipy has no status for a limit of nodes that is reached without a solution.
        if "limit reached" in result.message:
            return MilpResult(LIMIT, None)
    raise RuntimeError(f"milp: {result.status} {result.message}")


class _OpenPart(NamedTuple):
    """What a program leaves open; its last variable is 1, for the cost of the rest.

    ``positions``: the open variables; ``values``, ``prices`` (v,): those of the other variables.
    """

    cost: NDArray
    lower: NDArray
    upper: NDArray
    is_integer: NDArray
    matrix: Any
    row_lower: NDArray
    row_upper: NDArray
    positions: NDArray
    values: NDArray
    prices: NDArray

    def complete(self, found: NDArray, others: NDArray) -> NDArray:
        """Return figures (v,) of all variables: those found, and those of the other variables."""
        completed = others.copy()
        completed[self.positions] = found[:-1]
        return completed


def _drop_decided(arrays: Mapping[str, NDArray]) -> _OpenPart:
    """Return a program without what its bounds decide: HiGHS needs 0.3 s to find a part of 100 in 100 000 rows.

    Left out are variables that their bounds or a row fix, rows that hold for all values, and variables whose best
    value no other row keeps from them.
    """
    from scipy.sparse import csr_array, hstack

    cost, lower, upper = (arrays[name].astype(float) for name in ("cost", "lower", "upper"))
    row_lower, row_upper, data = arrays["row_lower"], arrays["row_upper"], arrays["data"]
    row = np.repeat(np.arange(len(row_lower)), np.diff(arrays["ends"]))
    # Zeros are left out: times a bound that is infinite, they are not numbers.
    matrix, rising, falling = (
        csr_array((data[kept], (row[kept], arrays["columns"][kept])), shape=(len(row_lower), len(cost)))
        for kept in (np.abs(data) > _ROUNDING, data > _ROUNDING, data < -_ROUNDING)
    )
    # One choice alone keeps these rows.
    at_most = rising @ upper + falling @ lower <= row_lower
    at_least = rising @ lower + falling @ upper >= row_upper
    lower = np.where((rising.T @ at_most > 0) | (falling.T @ at_least < 0), upper, lower)
    upper = np.where((rising.T @ at_least > 0) | (falling.T @ at_most < 0), lower, upper)
    is_needed = (rising @ lower + falling @ upper < row_lower) | (rising @ upper + falling @ lower > row_upper)
    # Less, or more, of these breaks no row.
    has_lower, has_upper = is_needed & np.isfinite(row_lower), is_needed & np.isfinite(row_upper)
    is_less_free = (rising.T @ has_lower == 0) & (falling.T @ has_upper == 0) & (cost >= 0)
    is_more_free = (rising.T @ has_upper == 0) & (falling.T @ has_lower == 0) & (cost <= 0) & np.isfinite(upper)
    is_open = (lower < upper) & ~is_less_free & ~is_more_free
    values = np.where(is_more_free, upper, lower)
    others = np.where(is_open, 0.0, values)
    fixed = (matrix @ others)[is_needed]
    positions, one = np.flatnonzero(is_open), [1.0]
    return _OpenPart(
        np.append(cost[positions], cost @ others),
        np.append(lower[positions], one),
        np.append(upper[positions], one),
        np.append(arrays["is_integer"][positions], 0),
        hstack([matrix[is_needed][:, positions], csr_array((len(fixed), 1))]).tocsr(),
        row_lower[is_needed] - fixed,
        row_upper[is_needed] - fixed,
        positions,
        values,
        np.where(lower < upper, np.abs(cost), np.inf),
    )


#: Solves a program: arrays and options as in `run_milp`.
Solver = Callable[[Mapping[str, NDArray], Mapping[str, Any]], MilpResult]


def pack(program: MixedIntegerProgram, cost: NDArray) -> dict[str, NDArray]:
    """Return a program as arrays; the rows as a sparse matrix (csr, as scipy names it)."""
    blocks = [np.atleast_2d(row.variables) for row in program.rows]
    counts = [len(block) for block in blocks]
    lengths = np.repeat([block.shape[1] for block in blocks], counts)
    return {
        "cost": cost,
        "lower": np.zeros(len(cost)),
        "upper": program.upper,
        "is_integer": program.is_integer.astype(int),
        "ends": np.append(0, np.cumsum(lengths, dtype=int)),
        "columns": np.concatenate([np.zeros(0, int), *(block.ravel() for block in blocks)]),
        "data": np.concatenate(
            [np.zeros(0), *(np.tile(row.coefficients, n) for row, n in zip(program.rows, counts, strict=True))]
        ),
        "row_lower": np.repeat(np.array([row.lower for row in program.rows], float), counts),
        "row_upper": np.repeat(np.array([row.upper for row in program.rows], float), counts),
    }


def find_scipy_version() -> tuple[int, int] | None:
    """Return the version of scipy; None where it is missing or does not load."""
    try:
        # Loading a scipy that was built for another numpy raises other errors, too.
        import scipy
        from scipy.optimize import milp  # noqa: F401
    except (ImportError, AttributeError, ValueError):
        return None
    major, minor = scipy.__version__.split(".")[:2]
    return int(major), int(minor)


def does_solve_release_lock() -> bool:
    """Return True if scipy is there, and other threads run during a solve."""
    version = find_scipy_version()
    return version is not None and version >= _LOCK_FREE_SCIPY
