# SPDX-License-Identifier: GPL-2.0-or-later
"""Solve mixed-integer programs by HiGHS, one objective after another.

Each stage adds its value as a constraint of the next stages. Rows, costs and the start are the same for the same input,
and so is the answer, unless the clock ends a stage: the stage is then marked.

A large program is first relaxed: its variables may be divided. The relaxation gives a bound, and for each variable a
price, the least that the objective loses if the variable changes. Then small parts of the program are solved, in which
only a kernel of the variables is free: most of them have other values in the base of the part than in the relaxation
(E. Danna, E. Rothberg, C. Le Pape, 2005). The base is the best solution, or one that breaks rows which are added only
when broken; then the kernel lies where these rows can be kept. The kernel grows, most when it brings nothing better,
and shrinks when its part is too hard. A solution within the accepted gap of the bound ends the search; without one, all
variables are free that a better solution could change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from .mixed_integer_program import (
    INFEASIBLE,
    LIMIT,
    OPTIMAL,
    ROW_TOLERANCE,
    LinearRow,
    MilpResult,
    MixedIntegerProgram,
    Solver,
    pack,
    run_milp,
)

#: Seconds between two checks for cancellation.
_POLL_SECONDS = 0.1
#: A program with more free variables is not presolved.
_MAX_PRESOLVED = 5_000
#: Variables of the first kernel, and nodes of a part. A program with fewer whole variables is solved at once.
_KERNEL_SIZE, _KERNEL_NODES = 100, 200
#: A larger kernel grows only if it brings nothing better: its part takes seconds.
_LARGE_KERNEL = 400
#: One of this many variables of a kernel may have the value of the relaxation.
_OTHERS_SHARE = 4
#: Parts near a solution that breaks rows that bring nothing better, before the base is the best solution again.
_MAX_FAILURES = 3
#: Share of the time left that stages may take which only choose among equally good solutions.
TIE_SHARE = 0.1
#: A value of the relaxation that is farther from a whole number is divided.
_DIVIDED = 1e-6


class StageState(StrEnum):
    """How a stage ended: proved, by the clock or the node limit, without any solution, without a solver."""

    OPTIMAL = "optimal"
    STOPPED = "stopped"
    INFEASIBLE = "infeasible"
    NOT_REACHED = "not_reached"
    HEURISTIC = "heuristic"


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


class Cuts(NamedTuple):
    """What excludes a solution: rows that it breaks, and where one is looked for that keeps them.

    ``base``: values (v,) close to the solution; ``near`` (v,) bool: variables whose change is likely to keep the rows.
    """

    rows: list[LinearRow]
    base: NDArray
    near: NDArray


#: Returns what excludes a solution (v,); no rows if the solution may stay.
FindCuts = Callable[[NDArray], Cuts]


def minimise(
    program: MixedIntegerProgram,
    cost: NDArray,
    limits: SolverLimits,
    known: NDArray | None = None,
    cut_finder: FindCuts = lambda values: Cuts([], values, values),
) -> StageResult:
    """Minimise Σ cost · variable. Raise Cancelled.

    ``known`` (v,): values that are returned if they break no row, and no better ones are found. The rows of
    ``cut_finder`` are added to the program.
    """
    best = StageResult(StageState.NOT_REACHED, known, np.nan if known is None else float(cost @ known))
    if limits.seconds_left <= 0:
        return best
    search = _ProgramSearch(program, cost, limits, cut_finder, best, known)
    if known is not None and not _keeps_rows(search.arrays, known):
        search.best, search.base = StageResult(StageState.NOT_REACHED, None), None
    search.run()
    return search.best


class _Relaxation(NamedTuple):
    """A program's solution with divided variables: values and prices (v,), bound of the objective."""

    values: NDArray
    prices: NDArray
    bound: float


@dataclass
class _ProgramSearch:
    """The search for the least value of a program, which grows by the rows that solutions break.

    ``base``: values (v,) around which the next part is solved, None for those of the relaxation; ``near`` (v,) bool:
    variables that it may change, None for all.
    """

    program: MixedIntegerProgram
    cost: NDArray
    limits: SolverLimits
    cut_finder: FindCuts
    best: StageResult
    base: NDArray | None
    near: NDArray | None = None

    def __post_init__(self) -> None:
        self.arrays = pack(self.program, self.cost)
        self.end = time.monotonic() + self.limits.stage_share * self.limits.seconds_left

    def run(self) -> None:
        """Solve until a solution is proved, nothing better is found, or the clock ends."""
        while True:
            count, relaxed = len(self.program.rows), self._relax()
            if relaxed is not None:
                self._solve_parts(relaxed, (time.monotonic() + self.end) / 2)
            if self.best.state in (StageState.OPTIMAL, StageState.INFEASIBLE):
                return
            if count == len(self.program.rows):
                useful = self._list_useful(relaxed)
                self._take(_solve(_fix_others(self.arrays, useful, self.best.values), self.limits, self.end))
            if count == len(self.program.rows) or time.monotonic() >= self.end:
                return

    def _relax(self) -> _Relaxation | None:
        """Return the relaxation of a large program, and keep its bound; None without one."""
        if np.count_nonzero(self.program.is_integer) <= _KERNEL_SIZE:
            return None
        found = _solve({**self.arrays, "is_integer": np.zeros(len(self.cost), int)}, self.limits, self.end)
        self.best = _keep_better(self.best, found._replace(x=None), self.arrays, self.limits.gap)
        if found.x is None or found.prices is None:
            return None
        return _Relaxation(found.x, found.prices, found.bound)

    def _list_useful(self, relaxed: _Relaxation | None) -> NDArray:
        """Return the whole variables that a better solution can change: the price of the others is too high."""
        whole = np.flatnonzero(self.program.is_integer)
        if relaxed is None:
            return whole
        most = np.inf if self.best.values is None else self.best.value - relaxed.bound + ROW_TOLERANCE
        return whole[np.isfinite(relaxed.prices[whole]) & (relaxed.prices[whole] <= most)]

    def _solve_parts(self, relaxed: _Relaxation, end: float) -> None:
        """Solve parts of a program until one is within the gap or the whole, or the relaxation misses rows."""
        generator, size, failures, count = np.random.default_rng(0), 0, 0, len(self.program.rows)
        limits = replace(self.limits, gap=self.limits.gap / 4, nodes=min(self.limits.nodes, _KERNEL_NODES))
        while self.best.state is not StageState.OPTIMAL and time.monotonic() < end:
            useful, base = self._list_useful(relaxed), np.round(relaxed.values) if self.base is None else self.base
            if self.near is not None:
                useful = useful[self.near[useful]]
            elif size >= len(useful) or (failures and count < len(self.program.rows)):
                return
            is_same = np.abs(relaxed.values - base)[useful] <= _DIVIDED
            useful = useful[np.lexsort((generator.random(len(useful)), is_same))]
            if not size:
                # A part with all variables that have another value than in the relaxation comes closest to it.
                open_count = int(np.count_nonzero(~is_same))
                size = _KERNEL_SIZE + (open_count if open_count <= _LARGE_KERNEL else 0)
            others = size // _OTHERS_SHARE + 1
            kernel = np.union1d(useful[: size - others], useful[-others:])
            found = _solve(_fix_others(self.arrays, kernel, base), limits, end)
            failures = 0 if self._take(MilpResult(LIMIT, found.x)) else failures + 1
            if self.near is not None and failures in (0, _MAX_FAILURES):
                size = _KERNEL_SIZE
            elif failures and found.status == LIMIT:
                size = size // 2 + 1
            elif failures or size < _LARGE_KERNEL:
                size *= 4 if failures and self.near is None else 2
            if self.near is not None and failures == _MAX_FAILURES:
                self.base, self.near, failures = self.best.values, None, 0

    def _take(self, found: MilpResult) -> bool:
        """Keep a better solution that breaks nothing, or add what excludes it; return False without a better one."""
        if found.x is not None:
            values = np.where(self.program.is_integer, np.round(found.x), found.x)
            if not float(self.cost @ values) >= self.best.value - ROW_TOLERANCE:
                cuts = self.cut_finder(values)
                if cuts.rows:
                    self.program.rows += cuts.rows
                    self.arrays = pack(self.program, self.cost)
                    self.base, self.near = cuts.base, cuts.near
                else:
                    self.best = _keep_better(self.best, found._replace(x=values), self.arrays, self.limits.gap)
                    self.base, self.near = values, None
                return True
            # Within the tolerance the best one has the same value, and bounds hold for it, too.
            found = found._replace(x=self.best.values)
        self.best = _keep_better(self.best, found, self.arrays, self.limits.gap)
        return False


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
        state = StageState.INFEASIBLE if found.status == INFEASIBLE else StageState.NOT_REACHED
        return StageResult(state, None, bound=bound)
    result = StageResult(StageState.OPTIMAL, values, value, bound)
    is_proved = (found.x is not None and found.status == OPTIMAL) or result.gap <= gap
    return result if is_proved else result._replace(state=StageState.STOPPED)


def _solve(arrays: Mapping[str, NDArray], limits: SolverLimits, end: float) -> MilpResult:
    """Solve a program until ``end``. Raise Cancelled.

    It is solved in another thread, so that a cancellation is noticed at once; the thread then ends at its time limit.
    """
    limits.cancellation.raise_if_cancelled()
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
