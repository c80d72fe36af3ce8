# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the parcels of a supplement (补划选址), stage by stage, or find what contradicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...base.errors import require_value
from .greedy_supplement import choose_greedily
from .mixed_integer_program import ROW_TOLERANCE, LinearRow, MixedIntegerProgram, find_scipy_version
from .mixed_integer_solver import (
    TIE_SHARE,
    SolverLimits,
    StageResult,
    StageState,
    find_contradiction,
    fix_value,
    minimise,
)
from .supplement_model import (
    AREA,
    COUNT,
    ORDER,
    OUTSIDE,
    PREFERENCE,
    QUALITY,
    SHORTAGE,
    STAGES,
    SupplementChoice,
    SupplementModel,
)

#: Accepted relative gap of the first stages. To prove less is to search all sums of parcels for the same area.
_FIRST_GAP = 1e-4
#: Steps of Dinkelbach's method; each has a smaller ratio than the last.
_MAX_RATIO_STEPS = 20


def choose_supplement(model: SupplementModel, limits: SolverLimits) -> SupplementChoice:
    """Return the best choice in the order of the stages, or what contradicts. Raise Cancelled.

    Without scipy, or if the limits end the search before any choice is found, the choice is a heuristic
    (`choose_greedily`).
    """
    if find_scipy_version() is None:
        return choose_greedily(model)
    limits.start_clock()
    excess_share, is_least = model.rules.excess_share, True
    program = model.make_program(excess_share)
    first = _solve_stage(model, program, SHORTAGE, None, limits)
    if first.state is StageState.INFEASIBLE:
        open_program = model.make_program(None)
        least = minimise(open_program, model.make_cost(AREA), replace(limits, gap=0.0))
        if least.state is StageState.INFEASIBLE:
            groups = find_contradiction(open_program, open_program.list_groups(), limits)
            return SupplementChoice(None, contradiction=tuple(groups))
        if least.values is not None:
            excess_share, is_least = least.value / model.demand.net_m2 - 1, least.state is StageState.OPTIMAL
            program = model.make_program(excess_share)
            first = _solve_stage(model, program, SHORTAGE, least.values, limits)
            first = first if first.values is not None else first._replace(values=least.values)
    if first.values is None:
        # The first stage may be proved infeasible while the limits ended the search for the least feasible ω.
        stopped = StageResult(StageState.NOT_REACHED, None, bound=first.bound)
        return replace(choose_greedily(model), stages={SHORTAGE: stopped})
    choice = _solve_later_stages(model, program, first, excess_share, limits)
    return replace(choice, is_excess_least=is_least)


def _solve_later_stages(
    model: SupplementModel,
    program: MixedIntegerProgram,
    first: StageResult,
    excess_share: float,
    limits: SolverLimits,
) -> SupplementChoice:
    """Return the choice after all stages; ``first``: the result of the first one."""
    stages = {SHORTAGE: first}
    values = require_value(first.values, "the solution of the first stage")
    for stage in STAGES[1:]:
        # Without a reserve all land is outside it: the stage would only be the least area.
        if stage == OUTSIDE and not model.candidates.is_in_reserve.any():
            continue
        if stage == PREFERENCE:
            program.rows += model.list_pair_rows()
            values = model.complete_pairs(values)
        stages[stage] = _solve_stage(model, program, stage, values, limits)
        values = found if (found := stages[stage].values) is not None else values
    chosen = values[: len(model.candidates)] > 0.5
    # Later stages may use the accepted gap of earlier ones.
    final = {name: one._replace(value=float(model.make_cost(name) @ values)) for name, one in stages.items()}
    final[PREFERENCE] = final[PREFERENCE]._replace(value=model.measure_preference(chosen))
    if not model.townships:
        del final[SHORTAGE]
    return SupplementChoice(chosen, final, excess_share)


def _solve_stage(
    model: SupplementModel, program: MixedIntegerProgram, stage: str, values: NDArray | None, limits: SolverLimits
) -> StageResult:
    """Solve a stage and fix its value in the program; ``values``: the solution so far. Raise Cancelled."""
    if stage == PREFERENCE and model.rules.preference == QUALITY and values is not None:
        return _minimise_ratio(model, program, values, limits)
    # A gap of the first stages would waste what must not lack: only the one is accepted that no parcel can close.
    if stage in (SHORTAGE, OUTSIDE):
        limits = replace(limits, gap=min(limits.gap, _FIRST_GAP))
    elif stage in (COUNT, ORDER):
        limits = replace(limits, stage_share=TIE_SHARE)
    cost = model.make_cost(stage)
    result = minimise(program, cost, limits, values)
    if result.values is not None:
        fix_value(program, cost, result, limits.gap)
    return result


def _minimise_ratio(
    model: SupplementModel, program: MixedIntegerProgram, values: NDArray, limits: SolverLimits
) -> StageResult:
    """Minimise the mean grade by Dinkelbach's method and fix it; ``values``: a solution.

    The constant λ D is added to the objective Σ n (g − λ) x, so that the accepted gap is one of the grade. A bound β of
    Σ n (g − λ) x ≤ 0 gives the bound λ + β ÷ D of the ratio, because Σ n x ≥ D.
    """
    numerator, denominator = model.make_cost(PREFERENCE), model.make_cost(AREA)
    needed = model.demand.net_m2
    best, result = values, StageResult(StageState.NOT_REACHED, None)
    ratio = float(numerator @ best) / float(denominator @ best)
    bound = np.nan
    for _ in range(_MAX_RATIO_STEPS):
        cost = numerator - ratio * denominator
        cost[-1] = ratio * needed
        result = minimise(program, cost, limits, best)
        if result.values is None:
            break
        bound = ratio + (result.bound - ratio * needed) / needed
        best = result.values if result.value < ratio * needed else best
        is_last = result.value >= ratio * needed - ROW_TOLERANCE or ratio - bound <= limits.gap * ratio
        ratio = float(numerator @ best) / float(denominator @ best)
        if is_last:
            break
    found = StageResult(result.state, best if result.values is not None else None, ratio, min(bound, ratio))
    accepted = max(ratio, found.bound + limits.gap * ratio) if np.isfinite(found.bound) else ratio
    cost = numerator - accepted * denominator
    program.rows.append(LinearRow("", np.flatnonzero(cost), cost[cost != 0], -np.inf, ROW_TOLERANCE))
    return found
