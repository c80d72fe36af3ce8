# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the land that a boundary gives back (边界调优), stage by stage, or find what contradicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .boundary_model import (
    BY_AREA,
    BY_PARCELS,
    COMPACT,
    ORDER,
    PREFERENCE,
    RETREAT,
    TAKEN_IN,
    BoundaryModel,
    Violation,
)
from .mixed_integer_program import ROW_TOLERANCE, LinearRow, MixedIntegerProgram, find_scipy_version
from .mixed_integer_solver import TIE_SHARE, Cuts, SolverLimits, StageResult, StageState, find_contradiction, minimise

#: Share of the accepted gap that the least retreat may have.
_RETREAT_GAP_SHARE = 0.1


@dataclass(frozen=True)
class BoundaryChoice:
    """The chosen cells.

    ``inside`` (k,) bool; None without a choice. ``stages``: result of each stage that was solved. ``contradiction``:
    groups of constraints that contradict each other. ``unmet``: groups that a choice without a solver breaks.
    ``unfinished``: shapes of the last solution that the limits left no time to exclude. ``cut_count``: lazy cuts.
    """

    inside: NDArray | None
    stages: Mapping[str, StageResult] = field(default_factory=dict)
    contradiction: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    unfinished: tuple[Violation, ...] = ()
    cut_count: int = 0

    @property
    def is_stopped(self) -> bool:
        """Return True if the clock or the node limit ended a stage besides the order, which only breaks ties."""
        return any(
            one.state in (StageState.STOPPED, StageState.NOT_REACHED)
            for name, one in self.stages.items()
            if name != ORDER
        )


@dataclass
class _Search:
    """The program of a run with the constraints that its solutions have broken so far; ``kept``: values of stages."""

    model: BoundaryModel
    program: MixedIntegerProgram
    limits: SolverLimits
    kept: dict[str, LinearRow] = field(default_factory=dict)
    cut_count: int = 0
    unfinished: tuple[Violation, ...] = ()

    def solve(self, stage: str, known: NDArray | None = None) -> StageResult:
        """Return the best solution of a stage that breaks nothing; ``known``: that of the last stage. Raise Cancelled.

        Without time to exclude what a solution breaks, the result has no solution, and ``unfinished`` names the shapes.
        """
        cost = self.model.make_cost(stage)
        # Filling a limit to the square metre would take all the time.
        gap = self.limits.gap * (_RETREAT_GAP_SHARE if stage == RETREAT else 1.0)
        limits = replace(self.limits, gap=gap, stage_share=TIE_SHARE if stage == ORDER else self.limits.stage_share)
        program = replace(self.program, rows=[*self.kept.values(), *self.program.rows])
        result = minimise(program, cost, limits, known, self._find_cuts)
        self.program.rows = program.rows[len(self.kept) :]
        return result

    def _find_cuts(self, values: NDArray) -> Cuts:
        """Return what excludes a solution (v,)."""
        model, inside = self.model, values[: len(self.model.cells)] > 0.5
        self.unfinished = tuple(model.find_violations(inside))
        rows = [row for one in self.unfinished for row in model.list_cuts(one, inside)]
        tangent = model.make_compactness_cut(inside)
        rows += [] if tangent is None else [tangent]
        self.cut_count += len(rows)
        return Cuts(rows, *model.mend(inside, self.unfinished))

    def keep_value(self, stage: str, values: NDArray, slack: float) -> None:
        """Make later stages keep the value of a stage within a share of it, in place of a former share."""
        cost = self.model.make_cost(stage)
        variables, value = np.flatnonzero(cost), float(cost @ values)
        upper = value + slack * abs(value) + ROW_TOLERANCE
        self.kept[stage] = LinearRow("", variables, cost[variables], -np.inf, upper)


#: By how much a preference may exceed the least weighted retreat (mark C).
PREFERENCE_SLACK = {BY_AREA: 0.0, BY_PARCELS: 0.01, COMPACT: 0.10}


def choose_boundary(model: BoundaryModel, limits: SolverLimits) -> BoundaryChoice:
    """Return the best choice in the order of the stages, or what contradicts. Raise Cancelled.

    Without scipy the choice is a heuristic (`choose_greedily`).
    """
    if find_scipy_version() is None:
        return choose_greedily(model)
    limits.start_clock()
    search = _Search(model, model.make_program(), limits)
    first = search.solve(RETREAT)
    if first.values is None:
        if first.state is not StageState.INFEASIBLE:
            return BoundaryChoice(None, {RETREAT: first}, unfinished=search.unfinished, cut_count=search.cut_count)
        groups = find_contradiction(search.program, search.program.list_groups(), limits)
        return BoundaryChoice(None, contradiction=tuple(groups), cut_count=search.cut_count)
    stages, values = {RETREAT: first}, model.complete(first.values[: len(model.cells)] > 0.5)
    search.keep_value(RETREAT, values, 0.0)
    later = [TAKEN_IN] if model.rules.is_swap else []
    for stage in (*later, *([PREFERENCE] if model.rules.preference != BY_AREA else []), ORDER):
        if stage == PREFERENCE:
            search.keep_value(RETREAT, first.values, PREFERENCE_SLACK[model.rules.preference])
            search.program.rows += model.list_preference_rows()
        stages[stage] = search.solve(stage, values)
        if (found := stages[stage].values) is not None:
            values = model.complete(found[: len(model.cells)] > 0.5)
        # The order only breaks ties.
        accepted_gap = limits.gap if stage == TAKEN_IN else 0.0
        search.keep_value(stage, values, float(np.fmax(accepted_gap - stages[stage].gap, 0.0)))
    inside = values[: len(model.cells)] > 0.5
    # Later stages may use the slack of earlier ones; the least retreat itself is stated.
    for name in (*later, ORDER):
        stages[name] = stages[name]._replace(value=float(model.make_cost(name) @ values))
    if PREFERENCE in stages:
        stages[PREFERENCE] = stages[PREFERENCE]._replace(value=model.measure_preference(inside))
    return BoundaryChoice(inside, stages, cut_count=search.cut_count)


def choose_greedily(model: BoundaryModel) -> BoundaryChoice:
    """Give back what must leave, then the cells that relieve a broken limit at the least weight, from the edge inwards.

    Islands that arise are given back too. Compactness and necks are not looked after; what is broken in the end is in
    ``unmet``.
    """
    cells = model.cells
    inside = cells.is_inside & ~model.leaves
    while True:
        inside = _drop_islands(model, inside)
        broken = [one for one in model.limits if one.group in model.list_broken_limits(inside)]
        if not broken:
            break
        relief = np.where(inside & ~model.stays, broken[0].coefficients, 0.0)
        open_pairs = inside[cells.left] != inside[cells.right]
        at_edge = (cells.outer_m > 0) & inside
        at_edge[np.concatenate([cells.left[open_pairs], cells.right[open_pairs]])] = True
        candidates = np.flatnonzero((relief > 0) & at_edge & inside)
        if not len(candidates):
            break
        price = (cells.weight * cells.area_m2)[candidates] / relief[candidates]
        inside[candidates[np.argmin(price)]] = False
    unmet = [*model.list_broken_limits(inside), *sorted({one.kind for one in model.find_violations(inside)})]
    value = float(model.make_cost(RETREAT) @ model.complete(inside))
    retreat = StageResult(StageState.HEURISTIC, None, value, model.compute_divisible_retreat())
    return BoundaryChoice(inside, {RETREAT: retreat}, unmet=tuple(unmet))


def _drop_islands(model: BoundaryModel, inside: NDArray) -> NDArray:
    """Return cells (k,) bool without new islands that need not stay."""
    kept = inside.copy()
    for part in model.list_islands(inside):
        if not model.stays[part].any():
            kept[part] = False
    return kept
