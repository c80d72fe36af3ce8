# SPDX-License-Identifier: GPL-2.0-or-later
"""Propose parcels that replace 永久基本农田 that is taken (补划选址). Command line and toolbox use this module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...base.choices import SUPPLEMENT_PREFERENCES
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...engine.context import RuleContext
from ...plan.layer import SourceLayer
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.messages.texts import Message
from ...standard.options import RunOptions
from .choose_supplement import choose_supplement
from .greedy_supplement import choose_greedily
from .mixed_integer_solver import SolverLimits
from .solver_process import open_solver
from .supplement_candidates import collect_candidates
from .supplement_demand import read_taken_land
from .supplement_model import MAX_SHARED, NEAR, OTHERS, SupplementCandidates, SupplementModel, SupplementRules
from .supplement_result import (
    SECTION,
    CandidateLand,
    SupplementOrder,
    SupplementResult,
    TakenLand,
    get_setting,
    read_worst_grades,
)

#: Shares of the progress: reading, candidates.
_READ_SHARE, _COLLECTED_SHARE = 0.3, 0.6


def propose_supplement(
    sources: str | Path | Iterable[SourceLayer],
    order: SupplementOrder,
    options: RunOptions,
    *,
    source: str = "",
    keeps_lock_free: bool = False,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> SupplementResult:
    """Return the proposal for a plan: a draft, or what contradicts.

    ``sources``: a file, a folder or layers already read; ``source`` names the origin of layers.
    ``keeps_lock_free``: other threads, such as the desktop's, run during the solve.

    Raises
    ------
    InputError, DataError
        The preference is unknown, the demand cannot be read, no layer has candidates, or refused keys are unknown.
    Cancelled
    """
    if order.preference not in SUPPLEMENT_PREFERENCES:
        raise InputError("supplement_preference", value=order.preference, known=", ".join(SUPPLEMENT_PREFERENCES))
    norm = options.resolve_norm()
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    progress(_READ_SHARE, "")
    (result,) = draft_supplements(
        plan, order, options, keeps_lock_free=keeps_lock_free, progress=progress, cancellation=cancellation
    )
    return result


def draft_supplements(
    plan: Plan,
    order: SupplementOrder,
    options: RunOptions,
    preferences: Sequence[str] = (),
    *,
    keeps_lock_free: bool = False,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Iterator[SupplementResult]:
    """Yield a proposal for a plan that is read, for each of the preferences; without any, for that of the order.

    If two of them have most parcels in common (`MAX_SHARED`), an alternative to all follows, with the preference
    `OTHERS`; without one, what contradicts. Raises as `propose_supplement`.
    """
    wanted = preferences or (order.preference,)
    tolerance = options.tolerance or plan.norm.make_tolerance()
    ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.lang)
    notes: list[Message] = []
    taken = read_taken_land(order.demand, plan.find_layer_of_concept("farmland"), ctx)
    if NEAR in wanted and taken.shapes is None:
        raise InputError("supplement_no_places", source=Path(order.demand).name)
    classes = tuple(get_setting(plan.norm, "classes"))
    demand = taken.make_demand(classes)
    _note_unknown_demand(taken, classes, notes)
    land = collect_candidates(taken, ctx, notes)
    # A refused parcel may be excluded, too.
    unknown = sorted(set(order.refused) - {*land.layer.keys, *land.keys})
    if unknown:
        raise InputError("supplement_refused", keys=", ".join(unknown), layer=land.layer.name)
    progress(_COLLECTED_SHARE, "")
    candidates = _make_candidates(land, order, classes)
    settings = [get_setting(plan.norm, name) for name in ("excess_share", "townships_required")]
    seconds, gap = (float(get_setting(plan.norm, name)) for name in ("max_seconds", "max_gap"))
    with open_solver(keeps_lock_free, cancellation) as solver:

        def draft(preference: str, others: Sequence[NDArray] = ()) -> SupplementResult:
            used = SUPPLEMENT_PREFERENCES[0] if preference == OTHERS else preference
            rules = SupplementRules(used, float(settings[0]), read_worst_grades(plan.norm), bool(settings[1]))
            model = SupplementModel(candidates, demand, rules, others)
            choice = (
                choose_greedily(model)
                if solver is None
                else choose_supplement(model, SolverLimits(seconds, gap, cancellation=cancellation, solver=solver))
            )
            made = replace(order, preference=preference)
            return SupplementResult(plan, plan.norm, made, taken, demand, land, choice, classes, list(notes))

        found: list[NDArray] = []
        for number, preference in enumerate(wanted, 1):
            result = draft(preference)
            found += [] if result.choice.chosen is None else [result.choice.chosen]
            progress(_COLLECTED_SHARE + (1 - _COLLECTED_SHARE) * number / len(wanted), "")
            yield result
        if solver is not None and _are_alike(found, candidates.net_m2):
            yield draft(OTHERS, found)


def _are_alike(choices: Sequence[NDArray], net_m2: NDArray) -> bool:
    """Return True if two of several choices (k,) bool share more than `MAX_SHARED` of their net area."""
    return any(
        net_m2[one & other].sum() > MAX_SHARED * min(net_m2[one].sum(), net_m2[other].sum())
        for one, other in combinations(choices, 2)
    )


def _note_unknown_demand(taken: TakenLand, classes: tuple[str, ...], notes: list[Message]) -> None:
    """Add messages on taken land without a township or class."""
    for key, is_unknown in (
        ("demand_without_township", [not one for one in taken.townships]),
        ("demand_without_class", [one not in classes for one in taken.classes]),
    ):
        if any(is_unknown):
            notes.append(Message(SECTION, key, {"area": round(float(taken.net_m2[is_unknown].sum()), 2)}))
    if outside_m2 := round(taken.outside_m2, 2):
        notes.append(Message(SECTION, "demand_outside", {"area": outside_m2}))


def _make_candidates(land: CandidateLand, order: SupplementOrder, classes: tuple[str, ...]) -> SupplementCandidates:
    """Return the candidates as numbers; an unknown class counts as the worst."""
    rank = {code: n for n, code in enumerate(classes)}
    return SupplementCandidates(
        keys=land.keys,
        net_m2=land.net_m2,
        perimeter_m=land.perimeter_m,
        farmland_edge_m=land.farmland_edge_m,
        townships=tuple(land.townships),
        class_rank=np.array([rank.get(one, len(classes) - 1) for one in land.classes], dtype=int),
        grades=land.grades,
        distance_m=land.distance_m,
        is_in_reserve=np.full(len(land.keys), land.is_in_reserve),
        is_refused=np.isin(land.keys, order.refused),
        left=land.left,
        right=land.right,
        shared_m=land.shared_m,
    )
