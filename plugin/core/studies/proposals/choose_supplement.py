# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the parcels of a supplement (补划选址), stage by stage, or find what contradicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .greedy_supplement import choose_greedily
from .mixed_integer_solver import (
    ROW_TOLERANCE,
    MixedIntegerProgram,
    SolverLimits,
    StageResult,
    StageState,
    find_contradiction,
    find_scipy_version,
    fix_value,
    minimise,
)
from .supplement_model import (
    AREA,
    EXCESS,
    OUTSIDE,
    PREFERENCE,
    QUALITY,
    SHORTAGE,
    STAGES,
    SupplementChoice,
    SupplementModel,
)

#: Steps of Dinkelbach's method; each has a smaller ratio than the last.
_MAX_RATIO_STEPS = 20


def choose_supplement(model: SupplementModel, limits: SolverLimits) -> SupplementChoice:
    """Return the best choice in the order of the stages, or what contradicts. Raise Cancelled.

    Without scipy the choice is a heuristic (`choose_greedily`).
    """
    if find_scipy_version() is None:
        return choose_greedily(model)
    limits.start_clock()
    open_program = model.make_program(None)
    area_cost = model.make_cost(AREA)
    # The least area decides whether a choice exists, and whether ω suffices.
    least = minimise(open_program, area_cost, _accept_no_gap(limits))
    if least.values is None:
        if least.state is not StageState.INFEASIBLE:
            return replace(choose_greedily(model), stages={AREA: least})
        groups = find_contradiction(open_program, open_program.list_groups(), limits)
        return SupplementChoice(None, contradiction=tuple(groups))
    needed = model.demand.net_m2
    excess_share = max(model.rules.excess_share, least.value / needed - 1 if needed else 0.0)
    program = model.make_program(excess_share)
    # A value that was rounded is a bound that the same choice keeps.
    row = next(n for n, one in enumerate(program.rows) if one.group == EXCESS)
    program.rows[row] = program.rows[row]._replace(upper=program.rows[row].upper + ROW_TOLERANCE)
    values = least.values
    stages: dict[str, StageResult] = {}
    for stage in STAGES:
        if stage == SHORTAGE and not model.townships:
            continue
        stages[stage] = _solve_stage(model, program, stage, values, limits)
        values = found if (found := stages[stage].values) is not None else values
    return SupplementChoice(values[: len(model.candidates)] > 0.5, stages, excess_share)


def _accept_no_gap(limits: SolverLimits) -> SolverLimits:
    """Return limits that accept no gap."""
    return replace(limits, gap=0.0)


def _solve_stage(
    model: SupplementModel, program: MixedIntegerProgram, stage: str, values: NDArray, limits: SolverLimits
) -> StageResult:
    """Solve a stage and fix its value in the program; ``values``: the solution so far. Raise Cancelled."""
    cost = model.make_cost(stage)
    if stage == PREFERENCE and model.rules.preference == QUALITY:
        return _minimise_ratio(program, cost, model.make_cost(AREA), values, limits)
    # A gap of the first stages would waste what must not lack; it is accepted for preferences only.
    result = minimise(program, cost, _accept_no_gap(limits) if stage in (SHORTAGE, OUTSIDE) else limits)
    if result.values is None:
        # Later stages are not solved either: the solution so far stays.
        return result._replace(value=float(cost @ values))
    fix_value(program, cost, result.value)
    return result


def _minimise_ratio(
    program: MixedIntegerProgram, numerator: NDArray, denominator: NDArray, values: NDArray, limits: SolverLimits
) -> StageResult:
    """Minimise numerator ÷ denominator by Dinkelbach's method and fix the ratio; ``values``: a solution."""
    if not float(denominator @ values) > 0:
        return StageResult(StageState.OPTIMAL, values, 0.0, 0.0)
    result = StageResult(StageState.NOT_REACHED, None)
    for _ in range(_MAX_RATIO_STEPS):
        ratio = float(numerator @ values) / float(denominator @ values)
        result = minimise(program, numerator - ratio * denominator, _accept_no_gap(limits))
        if result.values is None or result.value >= -ROW_TOLERANCE:
            break
        values = result.values
    ratio = float(numerator @ values) / float(denominator @ values)
    fix_value(program, numerator - ratio * denominator, 0.0)
    is_proved = result.state is StageState.OPTIMAL
    return StageResult(
        result.state, values if result.values is not None else None, ratio, ratio if is_proved else np.nan
    )
