# SPDX-License-Identifier: GPL-2.0-or-later
"""Solve mixed-integer programs by HiGHS (`scipy.optimize.milp`), one objective after another.

Each stage adds its value as a constraint of the next stages. Rows, costs and the start are the same for the same input,
and so is the answer, unless the clock ends a stage: the stage is then marked. scipy is optional.

A large program is first relaxed: its variables may be divided. The relaxation gives a bound, and for each variable a
price, the least that the objective loses if the variable changes. Then small parts of the program are solved, in which
only a kernel of the variables is free: those in which the best solution differs from the relaxation (E. Danna,
E. Rothberg, C. Le Pape, 2005) and some others. The kernel grows when it brings nothing better. A solution within the
accepted gap of the bound ends the search; without one, all variables are free that a better solution could change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation

#: From this version on a solve releases Python's lock, so that other threads run.
_LOCK_FREE_SCIPY = (1, 15)
#: Seconds between two checks for cancellation.
_POLL_SECONDS = 0.1
#: A program with more free variables is not presolved.
_MAX_PRESOLVED = 5_000
#: Other variables of the first kernel, the factor by which it grows, and the nodes of a part. A program with fewer
#: whole variables is solved at once.
_KERNEL_SIZE, _KERNEL_GROWTH, _KERNEL_NODES = 100, 4, 200
#: A value of the relaxation that is farther from a whole number is divided.
_DIVIDED = 1e-6
#: Status codes of `milp`.
_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2
#: A row of a rounded solution may miss its bound by this much (m² or pieces): half of the last printed digit.
ROW_TOLERANCE = 0.005


class StageState(StrEnum):
    """How a stage ended: proved, by the clock or the node limit, without any solution, without a solver."""

    OPTIMAL = "optimal"
    STOPPED = "stopped"
    INFEASIBLE = "infeasible"
    NOT_REACHED = "not_reached"
    HEURISTIC = "heuristic"


class LinearRow(NamedTuple):
    """A constraint: lower ≤ Σ coefficient · variable ≤ upper; ``group`` names what it belongs to."""

    group: str
    variables: NDArray
    coefficients: NDArray
    lower: float
    upper: float

    def compute_excess(self, values: NDArray) -> float:
        """Return by how much values break the row; 0 if they keep it."""
        total = float(self.coefficients @ values[self.variables])
        return max(self.lower - total, total - self.upper, 0.0)


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
    """Solve a program (`_pack`) by `milp`; a result of unknown status is computed again without presolve.

    Without whole variables, `linprog` gives the prices, too.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csr_array, vstack

    lower, upper = arrays["row_lower"], arrays["row_upper"]
    shape = (len(lower), len(arrays["upper"]))
    matrix = csr_array((arrays["data"], arrays["columns"], arrays["ends"]), shape=shape)
    if not arrays["is_integer"].any():
        has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
        relaxed = linprog(
            arrays["cost"],
            A_ub=vstack([matrix[has_upper], -matrix[has_lower]]),
            b_ub=np.concatenate([upper[has_upper], -lower[has_lower]]),
            bounds=np.column_stack([arrays["lower"], arrays["upper"]]),
            method="highs",
            options={"time_limit": options["time_limit"]},
        )
        if relaxed.status != _OPTIMAL:
            return MilpResult(relaxed.status, None)
        prices = np.abs(relaxed.lower.marginals + relaxed.upper.marginals)
        return MilpResult(_OPTIMAL, relaxed.x, float(relaxed.fun), prices)
    constraints = [LinearConstraint(matrix, lower, upper)] if len(lower) else []
    for is_presolved in (True, False) if options["presolve"] else (False,):
        result = milp(
            arrays["cost"],
            integrality=arrays["is_integer"],
            bounds=Bounds(arrays["lower"], arrays["upper"]),
            constraints=constraints,
            options={**options, "presolve": is_presolved},
        )
        if result.status in (_OPTIMAL, _LIMIT, _INFEASIBLE):
            bound = result.mip_dual_bound
            is_known = bound is not None and np.isfinite(bound)
            return MilpResult(result.status, result.x, float(bound) if is_known else np.nan)
        # scipy has no status for a limit of nodes that is reached without a solution.
        if "limit reached" in result.message:
            return MilpResult(_LIMIT, None)
    raise RuntimeError(f"milp: {result.status} {result.message}")


#: Solves a program: arrays and options as in `run_milp`.
Solver = Callable[[Mapping[str, NDArray], Mapping[str, Any]], MilpResult]


@dataclass
class SolverLimits:
    """Limits of a run: seconds from ``start_clock`` on, accepted relative gap, nodes of each stage.

    ``stage_share``: share of the time left that a stage may take, so that later stages have some. ``solver``: solves
    the programs.
    """

    seconds: float = 30.0
    gap: float = 0.01
    nodes: int = 200_000
    stage_share: float = 0.5
    cancellation: Cancellation = NEVER_CANCELLED
    solver: Solver = run_milp
    _end: float | None = None

    def start_clock(self) -> None:
        """Begin to count the seconds."""
        self._end = time.monotonic() + self.seconds

    @property
    def seconds_left(self) -> float:
        """Return the seconds left, 0 at the end."""
        return self.seconds if self._end is None else max(self._end - time.monotonic(), 0.0)


class StageResult(NamedTuple):
    """Result of a stage: ``values`` (v,), None without a solution; value and bound of its objective."""

    state: StageState
    values: NDArray | None
    value: float = np.nan
    bound: float = np.nan

    @property
    def gap(self) -> float:
        """Return the relative distance of the value from the bound; NaN if the bound is unknown."""
        distance = abs(self.value - self.bound)
        return 0.0 if distance <= ROW_TOLERANCE else distance / max(abs(self.value), ROW_TOLERANCE)


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


def minimise(
    program: MixedIntegerProgram, cost: NDArray, limits: SolverLimits, known: NDArray | None = None
) -> StageResult:
    """Minimise Σ cost · variable. Raise Cancelled.

    ``known`` (v,): values that are returned if they break no row, and no better ones are found.
    """
    best = StageResult(StageState.NOT_REACHED, known, np.nan if known is None else float(cost @ known))
    if limits.seconds_left <= 0:
        return best
    end = time.monotonic() + limits.stage_share * limits.seconds_left
    arrays, whole = _pack(program, cost), np.flatnonzero(program.is_integer)
    if known is not None and not _keeps_rows(arrays, known):
        best = StageResult(StageState.NOT_REACHED, None)
    relaxed = MilpResult(_LIMIT, None)
    if len(whole) > _KERNEL_SIZE:
        relaxed = _solve({**arrays, "is_integer": np.zeros(len(cost), int)}, limits, end)
    best = _keep_better(best, relaxed._replace(x=None), arrays, limits.gap)
    if relaxed.x is not None and relaxed.prices is not None:
        relaxation = _Relaxation(relaxed.x, relaxed.prices, relaxed.bound)
        best = _solve_parts(best, relaxation, arrays, limits, _halve_time(end))
        whole = relaxation.list_useful(best, whole)
    if best.state in (StageState.OPTIMAL, StageState.INFEASIBLE):
        return best
    return _keep_better(best, _solve(_fix_others(arrays, whole, best.values), limits, end), arrays, limits.gap)


class _Relaxation(NamedTuple):
    """A program's solution with divided variables: values and prices (v,), bound of the objective."""

    values: NDArray
    prices: NDArray
    bound: float

    def list_useful(self, best: StageResult, whole: NDArray) -> NDArray:
        """Return the whole variables that a better solution can change: the price of the others is too high."""
        if best.values is None:
            return whole
        return whole[self.prices[whole] <= best.value - self.bound + ROW_TOLERANCE]


def _solve_parts(
    best: StageResult, relaxed: _Relaxation, arrays: Mapping[str, NDArray], limits: SolverLimits, end: float
) -> StageResult:
    """Return the best solution of parts of a program, until one is within the gap or a part is the whole."""
    whole, generator, size = np.flatnonzero(arrays["is_integer"]), np.random.default_rng(0), _KERNEL_SIZE
    part_limits = replace(limits, gap=limits.gap / 4, nodes=min(limits.nodes, _KERNEL_NODES))
    while best.state is not StageState.OPTIMAL and time.monotonic() < end:
        useful, value = relaxed.list_useful(best, whole), best.value
        others = np.round(relaxed.values) if best.values is None else best.values
        is_open = np.abs(relaxed.values - others)[useful] > _DIVIDED
        rank = relaxed.prices[useful] if best.values is None else generator.random(len(useful))
        kernel = useful[np.lexsort((rank, ~is_open))][: np.count_nonzero(is_open) + size]
        if len(kernel) == len(useful):
            break
        found = _solve(_fix_others(arrays, kernel, others), part_limits, _halve_time(end))
        best = _keep_better(best, MilpResult(_LIMIT, found.x), arrays, limits.gap)
        if not best.value < value - ROW_TOLERANCE:
            size *= _KERNEL_GROWTH
    return best


def _halve_time(end: float) -> float:
    """Return the middle between now and an end."""
    return (time.monotonic() + end) / 2


def _fix_others(arrays: Mapping[str, NDArray], free: NDArray, values: NDArray | None) -> Mapping[str, NDArray]:
    """Return a program in which the whole variables besides ``free`` keep their values (v,)."""
    if values is None:
        return arrays
    fixed = np.setdiff1d(np.flatnonzero(arrays["is_integer"]), free)
    lower, upper = arrays["lower"].copy(), arrays["upper"].copy()
    lower[fixed] = upper[fixed] = values[fixed]
    return {**arrays, "lower": lower, "upper": upper}


def _keeps_rows(arrays: Mapping[str, NDArray], values: NDArray) -> bool:
    """Return True if values (v,) break no row."""
    lower, upper = arrays["row_lower"], arrays["row_upper"]
    row = np.repeat(np.arange(len(lower)), np.diff(arrays["ends"]))
    sums = np.bincount(row, arrays["data"] * values[arrays["columns"]], len(lower))
    return bool(np.all((sums >= lower - ROW_TOLERANCE) & (sums <= upper + ROW_TOLERANCE)))


def _keep_better(best: StageResult, found: MilpResult, arrays: Mapping[str, NDArray], gap: float) -> StageResult:
    """Return the better of two solutions, with the higher of the bounds that are known."""
    values, value = best.values, best.value
    if found.x is not None:
        rounded = np.where(arrays["is_integer"] > 0, np.round(found.x), found.x)
        if not float(arrays["cost"] @ rounded) >= value:
            values, value = rounded, float(arrays["cost"] @ rounded)
    bound = float(np.fmax(best.bound, found.bound))
    if values is None:
        state = StageState.INFEASIBLE if found.status == _INFEASIBLE else StageState.NOT_REACHED
        return StageResult(state, None, bound=bound)
    result = StageResult(StageState.OPTIMAL, values, value, bound)
    is_proved = (found.x is not None and found.status == _OPTIMAL) or result.gap <= gap
    return result if is_proved else result._replace(state=StageState.STOPPED)


def _solve(arrays: Mapping[str, NDArray], limits: SolverLimits, end: float) -> MilpResult:
    """Solve a program until ``end``. Raise Cancelled.

    It is solved in another thread, so that a cancellation is noticed at once; the thread then ends at its time limit.
    """
    results: list[MilpResult] = []
    errors: list[BaseException] = []
    is_free = (arrays["upper"] > arrays["lower"]) & (arrays["is_integer"] > 0)
    options = {
        "time_limit": max(end - time.monotonic(), 0.0),
        "mip_rel_gap": limits.gap,
        "node_limit": limits.nodes,
        # Presolve compares columns of long rows with each other, which takes longer than the solve.
        "presolve": bool(np.count_nonzero(is_free) <= _MAX_PRESOLVED),
    }

    def solve() -> None:
        try:
            results.append(limits.solver(arrays, options))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=solve, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
        limits.cancellation.raise_if_cancelled()
    if errors:
        raise errors[0]
    return results[0]


def _pack(program: MixedIntegerProgram, cost: NDArray) -> dict[str, NDArray]:
    """Return a program as arrays; the rows as a sparse matrix (csr, as scipy names it)."""
    return {
        "cost": cost,
        "lower": np.zeros(len(cost)),
        "upper": program.upper,
        "is_integer": program.is_integer.astype(int),
        "ends": np.cumsum([0, *(len(row.variables) for row in program.rows)]),
        "columns": np.concatenate([np.zeros(0, int), *(row.variables for row in program.rows)]),
        "data": np.concatenate([np.zeros(0), *(row.coefficients for row in program.rows)]),
        "row_lower": np.array([row.lower for row in program.rows], float),
        "row_upper": np.array([row.upper for row in program.rows], float),
    }


def fix_value(program: MixedIntegerProgram, cost: NDArray, result: StageResult, gap: float) -> None:
    """Add a row by which later stages keep the value of a stage, within the accepted gap from its bound."""
    variables = np.flatnonzero(cost)
    if len(variables):
        by_bound = result.bound + gap * abs(result.value)
        upper = max(result.value, by_bound if np.isfinite(by_bound) else -np.inf) + ROW_TOLERANCE
        program.rows.append(LinearRow("", variables, cost[variables], -np.inf, upper))


def is_feasible(program: MixedIntegerProgram, limits: SolverLimits) -> bool | None:
    """Return True if a solution exists, None if the limits ended the search. Raise Cancelled."""
    state = minimise(program, np.zeros(len(program.upper)), limits).state
    return None if state is StageState.NOT_REACHED else state is not StageState.INFEASIBLE


def find_contradiction(program: MixedIntegerProgram, groups: Sequence[str], limits: SolverLimits) -> list[str]:
    """Return groups of rows that contradict each other: their rows alone have no solution.

    ``program``: one without a solution. The groups are dropped one at a time in order; one that the contradiction does
    not need stays dropped, although it may be part of another contradiction. A group of which the limits allow no
    decision is returned. Raise Cancelled.
    """
    kept = list(groups)
    for group in groups:
        rest = [one for one in kept if one != group]
        if is_feasible(program.select_rows(rest), limits) is False:
            kept = rest
    return kept
