# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose supplements without a solver, and give the distance from the bound of the divided quantity constraint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mixed_integer_program import ROW_TOLERANCE
from .mixed_integer_solver import StageResult, StageState
from .supplement_model import (
    CONTIGUOUS,
    NEAR,
    PREFERENCE,
    QUALITY,
    SupplementChoice,
    SupplementModel,
)


def choose_greedily(model: SupplementModel) -> SupplementChoice:
    """Take candidates, land of the reserve and the preferred first, until each demand is met; then drop needless ones.

    Demands are met in order: townships, classes, quantity. The choice is a heuristic: ``unmet`` names the constraints
    that it breaks.
    """
    one = model.candidates
    score = _compute_scores(model)
    order = np.lexsort((np.arange(len(one)), score, ~one.is_in_reserve))
    chosen = np.zeros(len(one), dtype=bool)
    limit = (1 + model.rules.excess_share) * model.demand.net_m2 + ROW_TOLERANCE
    for eligible, needed in _list_demands(model):
        for i in order.tolist():
            if one.net_m2[chosen & eligible].sum() >= needed - ROW_TOLERANCE:
                break
            fits = one.net_m2[chosen].sum() + one.net_m2[i] <= limit
            if eligible[i] and not one.is_refused[i] and fits:
                chosen[i] = True
    unmet = model.list_unmet_groups(chosen)
    for i in order[::-1].tolist():
        if chosen[i]:
            chosen[i] = False
            still_unmet = model.list_unmet_groups(chosen)
            if set(still_unmet) <= set(unmet):
                unmet = still_unmet
            else:
                chosen[i] = True
    value, bound = model.measure_preference(chosen), _compute_bound(model)
    stage = StageResult(StageState.HEURISTIC, chosen.astype(float), value, bound)
    return SupplementChoice(chosen, {PREFERENCE: stage}, model.rules.excess_share, unmet=tuple(unmet))


def _compute_scores(model: SupplementModel) -> NDArray:
    """Return (k,) costs of the preference for each m²; a smaller one is preferred."""
    one = model.candidates
    if model.rules.preference == NEAR:
        return one.distance_m
    if model.rules.preference == QUALITY:
        return model.get_preferred_grade()
    return (one.perimeter_m - one.farmland_edge_m) / one.net_m2


def _list_demands(model: SupplementModel) -> list[tuple[NDArray, float]]:
    """Return (candidates (k,) bool, net area in m²) of each demand in the order in which they are met."""
    one, demand = model.candidates, model.demand
    names = np.array(one.townships, dtype=object)
    by_class = np.cumsum(demand.class_m2)[:-1].tolist()
    return [
        *((one.class_rank <= rank, least) for rank, least in enumerate(by_class)),
        *((names == name, demand.township_m2[name]) for name in model.townships),
        (np.ones(len(one), dtype=bool), demand.net_m2),
    ]


def _compute_bound(model: SupplementModel) -> float:
    """Return the least value of the preference if candidates could be divided; NaN if it is unknown.

    With D ≤ Σ nᵢ xᵢ alone, the candidates with the least cost for each m² are taken until D is reached.
    """
    if model.rules.preference == CONTIGUOUS:
        return np.nan
    one, left = model.candidates, model.demand.net_m2
    score, total = _compute_scores(model), 0.0
    for i in np.argsort(score, kind="stable").tolist():
        taken = min(float(one.net_m2[i]), left)
        total, left = total + taken * float(score[i]), left - taken
    if left > ROW_TOLERANCE:
        return np.nan
    return total / model.demand.net_m2 if model.rules.preference == QUALITY and model.demand.net_m2 else total
