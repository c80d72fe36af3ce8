# SPDX-License-Identifier: GPL-2.0-or-later
"""Solve mixed-integer programs by HiGHS (`scipy.optimize.milp`), one objective after another.

Each stage adds its value as a constraint of the next stages. Rows, costs and the start are the same for the same input,
and so is the answer, unless the clock ends a stage: the stage is then marked. scipy is optional.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation

#: From this version on a solve releases Python's lock, so that other threads run.
_LOCK_FREE_SCIPY = (1, 15)
#: Seconds between two checks for cancellation.
_POLL_SECONDS = 0.1
#: Share of the time left that a stage may take, so that later stages have some.
_STAGE_SHARE = 0.5
#: A program with more variables is not presolved.
_MAX_PRESOLVED = 5_000
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
    """Result of `milp`: status code, values (v,), None without a solution, and the bound, NaN if unknown."""

    status: int
    x: NDArray | None
    bound: float


def run_milp(arrays: Mapping[str, NDArray], options: Mapping[str, Any]) -> MilpResult:
    """Solve a program (`_pack`) by `milp`; a result of unknown status is computed again without presolve."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    lower, upper = arrays["row_lower"], arrays["row_upper"]
    shape = (len(lower), len(arrays["upper"]))
    matrix = csr_array((arrays["data"], arrays["columns"], arrays["ends"]), shape=shape)
    constraints = [LinearConstraint(matrix, lower, upper)] if len(lower) else []
    for is_presolved in (True, False) if options["presolve"] else (False,):
        result = milp(
            arrays["cost"],
            integrality=arrays["is_integer"],
            bounds=Bounds(0.0, arrays["upper"]),
            constraints=constraints,
            options={**options, "presolve": is_presolved},
        )
        if result.status in (_OPTIMAL, _LIMIT, _INFEASIBLE):
            bound = result.mip_dual_bound
            return MilpResult(result.status, result.x, np.nan if bound is None else float(bound))
    raise RuntimeError(f"milp: {result.status} {result.message}")


#: Solves a program: arrays and options as in `run_milp`.
Solver = Callable[[Mapping[str, NDArray], Mapping[str, Any]], MilpResult]


@dataclass
class SolverLimits:
    """Limits of a run: seconds from ``start_clock`` on, accepted relative gap, nodes of each stage.

    ``solver``: solves the programs.
    """

    seconds: float = 30.0
    gap: float = 0.01
    nodes: int = 200_000
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


def minimise(program: MixedIntegerProgram, cost: NDArray, limits: SolverLimits) -> StageResult:
    """Minimise Σ cost · variable.

    Solve in another thread, so that a cancellation is noticed at once. The thread then ends at its time limit.
    Raise Cancelled.
    """
    if limits.seconds_left <= 0:
        return StageResult(StageState.NOT_REACHED, None)
    results: list[MilpResult] = []
    errors: list[BaseException] = []
    arrays, options = _pack(program, cost), _make_options(program, limits)

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
    result = results[0]
    if result.x is None:
        state = StageState.INFEASIBLE if result.status == _INFEASIBLE else StageState.NOT_REACHED
        return StageResult(state, None)
    values = np.where(program.is_integer, np.round(result.x), result.x)
    state = StageState.OPTIMAL if result.status == _OPTIMAL else StageState.STOPPED
    return StageResult(state, values, float(cost @ values), result.bound)


def _pack(program: MixedIntegerProgram, cost: NDArray) -> dict[str, NDArray]:
    """Return a program as arrays; the rows as a sparse matrix (csr, as scipy names it)."""
    return {
        "cost": cost,
        "upper": program.upper,
        "is_integer": program.is_integer.astype(int),
        "ends": np.cumsum([0, *(len(row.variables) for row in program.rows)]),
        "columns": np.concatenate([np.zeros(0, int), *(row.variables for row in program.rows)]),
        "data": np.concatenate([np.zeros(0), *(row.coefficients for row in program.rows)]),
        "row_lower": np.array([row.lower for row in program.rows], float),
        "row_upper": np.array([row.upper for row in program.rows], float),
    }


def _make_options(program: MixedIntegerProgram, limits: SolverLimits) -> dict[str, Any]:
    """Return the options of `milp` by name."""
    return {
        "time_limit": _STAGE_SHARE * limits.seconds_left,
        "mip_rel_gap": limits.gap,
        "node_limit": limits.nodes,
        # Presolve compares columns of long rows with each other, which takes longer than the solve.
        "presolve": len(program.upper) <= _MAX_PRESOLVED,
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
    """Return groups of rows that contradict each other: with one of them less, a solution exists.

    ``program``: one without a solution. The groups are dropped one at a time in order; one that the contradiction does
    not need stays dropped. A group of which the limits allow no decision is returned. Raise Cancelled.
    """
    kept = list(groups)
    for group in groups:
        rest = [one for one in kept if one != group]
        if is_feasible(program.select_rows(rest), limits) is False:
            kept = rest
    return kept
