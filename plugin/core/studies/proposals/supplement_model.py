# SPDX-License-Identifier: GPL-2.0-or-later
r"""Model A, 补划选址: which candidate parcels replace 永久基本农田 that is taken.

Candidate i has net area nᵢ, perimeter pᵢ, edge ℓᵢ₀ with the remaining farmland, edge ℓᵢⱼ with candidate j, township t,
class c, grades gᵢ (a smaller number is better land), distance dᵢ to the nearest taken parcel. xᵢ = 1 if it is chosen.

Constraints (the names in brackets are the groups that a contradiction names):

- D ≤ Σ nᵢ xᵢ [quantity], Σ nᵢ xᵢ ≤ (1 + ω) D; ω is raised to the least feasible one;
- Σ_{i in t} nᵢ xᵢ + q_t ≥ D_t, q_t ≥ 0 [township]; q_t = 0 if townships are required;
- Σ_{c(i) ≤ k} nᵢ xᵢ ≥ Σ_{c ≤ k} D_c for each class k but the last [class]: better land replaces
  worse, never the reverse;
- Σ nᵢ (gᵢ − ḡ) xᵢ ≤ 0 for each grade [quality], ḡ = the mean of what is taken, weighted by net area. A missing gᵢ is
  the worst of the scale;
- xᵢ = 0 for candidates that the user refused [refused].

Stages, each keeping the value of those before it: least Σ q_t; least Σ nᵢ xᵢ outside the reserve, if there
is one; the preference; least Σ nᵢ xᵢ; fewest; least sum of the places in the order of keys. Preferences:

- contiguous: min Σ (pᵢ − ℓᵢ₀) xᵢ − 2 Σ ℓᵢⱼ yᵢⱼ with 0 ≤ yᵢⱼ ≤ xᵢ, xⱼ: the outline that the choice adds;
- quality: min Σ nᵢ gᵢ xᵢ ÷ Σ nᵢ xᵢ, by Dinkelbach's method (W. Dinkelbach, 1967): min Σ nᵢ (gᵢ − λ) xᵢ, λ the ratio of
  the last solution, until the minimum is 0;
- near: min Σ nᵢ dᵢ xᵢ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...base.choices import SUPPLEMENT_PREFERENCES
from .mixed_integer_program import ROW_TOLERANCE, LinearRow, MixedIntegerProgram
from .mixed_integer_solver import StageResult, StageState

#: Preferences; grades that are compared, in the order in which one is preferred.
CONTIGUOUS, QUALITY, NEAR = SUPPLEMENT_PREFERENCES
GRADES = ("yield_grade", "quality_grade", "slope_class")
#: Groups of constraints; those of townships, classes and grades have their name after a colon.
QUANTITY, EXCESS, TOWNSHIP, CLASS, GRADE, REFUSED, OTHERS = (
    *("quantity", "excess", "township", "class", "quality", "refused", "others"),
)
#: Two drafts that share more of their net area are alike.
MAX_SHARED = 0.7
#: Stages in order.
SHORTAGE, OUTSIDE, PREFERENCE, AREA, COUNT, ORDER = STAGES = (
    *("shortage", "outside", "preference", "area", "count", "order"),
)


@dataclass(frozen=True)
class SupplementDemand:
    """Farmland that is taken: net areas (m²) and means.

    ``class_m2`` (c,): by class, the best first. ``means``: mean of each grade; None if a parcel lacks it.
    """

    net_m2: float
    township_m2: Mapping[str, float] = field(default_factory=dict)
    class_m2: tuple[float, ...] = ()
    means: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class SupplementCandidates:
    """Candidates (k,), sorted by key; areas in m², lengths in m.

    ``class_rank``: position of the class, 0 for the best. ``grades``: values by grade, NaN where missing.
    ``left``, ``right``, ``shared_m``: pairs that share an edge, with its length.
    """

    keys: tuple[str, ...]
    net_m2: NDArray
    perimeter_m: NDArray
    farmland_edge_m: NDArray
    townships: tuple[str, ...]
    class_rank: NDArray
    grades: Mapping[str, NDArray]
    distance_m: NDArray
    is_in_reserve: NDArray
    is_refused: NDArray
    left: NDArray
    right: NDArray
    shared_m: NDArray

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class SupplementRules:
    """Settings of the model: ω, whether each township has to balance, worst value of each grade, preference."""

    preference: str
    excess_share: float
    worst_grades: Mapping[str, float]
    townships_required: bool = False


@dataclass(frozen=True)
class SupplementChoice:
    """The chosen candidates.

    ``chosen`` (k,) bool; None without a choice. ``stages``: result of each stage that was solved. ``excess_share``: ω
    that was used; ``is_excess_least``: no smaller one is feasible. ``contradiction``: groups of constraints that
    contradict each other. ``unmet``: groups that a heuristic choice does not meet.
    """

    chosen: NDArray | None
    stages: Mapping[str, StageResult] = field(default_factory=dict)
    excess_share: float = 0.0
    is_excess_least: bool = True
    contradiction: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Return True if the clock or the node limit ended a stage."""
        states = {one.state for one in self.stages.values()}
        return not self.is_excess_least or bool(states & {StageState.STOPPED, StageState.NOT_REACHED})


class SupplementModel:
    """The program of one demand.

    Variables: xᵢ (k), q_t (townships with a demand), yᵢⱼ (pairs, if contiguous), and one that is 1, for constants.
    ``others``: choices (k,) bool; this one is an alternative to each of them (`MAX_SHARED`).
    """

    def __init__(
        self,
        candidates: SupplementCandidates,
        demand: SupplementDemand,
        rules: SupplementRules,
        others: Sequence[NDArray] = (),
    ):
        self.candidates, self.demand, self.rules, self.others = candidates, demand, rules, others
        self.townships = sorted(name for name, area in demand.township_m2.items() if area > 0)
        self.has_pairs = rules.preference == CONTIGUOUS
        self.pair_count = len(candidates.left) if self.has_pairs else 0
        count = len(candidates)
        self.grade_values = {
            name: np.where(np.isnan(values), rules.worst_grades[name], values)
            for name, values in candidates.grades.items()
        }
        sizes = (count, len(self.townships), self.pair_count + 1)
        self.variable_count = sum(sizes)
        self.first_shortage, self.first_pair = count, count + len(self.townships)
        largest = 0.0 if rules.townships_required else np.inf
        self.upper = np.concatenate([np.ones(count), np.full(sizes[1], largest), np.ones(sizes[2])])
        self.is_integer = np.arange(self.variable_count) < count

    def make_program(self, excess_share: float | None) -> MixedIntegerProgram:
        """Return the program without pairs; without the upper bound of the area if ``excess_share`` is None."""
        one = LinearRow("", np.array([self.variable_count - 1]), np.ones(1), 1.0, 1.0)
        return MixedIntegerProgram(self.upper, self.is_integer, [*self._list_rows(excess_share), one])

    def _list_rows(self, excess_share: float | None) -> list[LinearRow]:
        """Return the rows of the demand and of the user's refusals."""
        every, net = np.arange(len(self.candidates)), self.candidates.net_m2
        needed = self.demand.net_m2
        rows = [LinearRow(QUANTITY, every, net, needed, np.inf)]
        if excess_share is not None:
            rows.append(LinearRow(EXCESS, every, net, -np.inf, (1 + excess_share) * needed + ROW_TOLERANCE))
        names = np.array(self.candidates.townships, dtype=object)
        for n, name in enumerate(self.townships):
            inside = np.flatnonzero(names == name)
            variables, coefficients = np.append(inside, self.first_shortage + n), np.append(net[inside], 1.0)
            rows.append(LinearRow(f"{TOWNSHIP}:{name}", variables, coefficients, self.demand.township_m2[name], np.inf))
        # The last class needs no row: it is the quantity.
        for rank, least in enumerate(np.cumsum(self.demand.class_m2)[:-1].tolist()):
            if self.demand.class_m2[rank] > 0:
                good = np.flatnonzero(self.candidates.class_rank <= rank)
                rows.append(LinearRow(f"{CLASS}:{rank}", good, net[good], least, np.inf))
        for name in GRADES:
            mean = self.demand.means.get(name)
            if mean is not None and name in self.grade_values:
                rows.append(LinearRow(f"{GRADE}:{name}", every, net * (self.grade_values[name] - mean), -np.inf, 0.0))
        for other in map(np.flatnonzero, self.others):
            rows.append(LinearRow(OTHERS, other, net[other], -np.inf, MAX_SHARED * float(net[other].sum())))
            # The shared part of this choice: Σ net in common ≤ MAX_SHARED · Σ net.
            rows.append(LinearRow(OTHERS, every, net * (np.isin(every, other) - MAX_SHARED), -np.inf, 0.0))
        refused = np.flatnonzero(self.candidates.is_refused)
        if len(refused):
            rows.append(LinearRow(REFUSED, refused, np.ones(len(refused)), 0.0, 0.0))
        return rows

    def list_pair_rows(self) -> list[LinearRow]:
        """Return the rows yᵢⱼ ≤ xᵢ and yᵢⱼ ≤ xⱼ, which the preference needs."""
        pairs = np.arange(self.first_pair, self.first_pair + self.pair_count)
        ends = (self.candidates.left, self.candidates.right) if self.has_pairs else ()
        signs = np.array([1.0, -1.0])
        return [LinearRow("", np.column_stack([pairs, end]), signs, -np.inf, 0.0) for end in ends]

    def complete_pairs(self, values: NDArray) -> NDArray:
        """Return values (v,) with y of the pairs of which both are chosen."""
        completed, one = values.copy(), self.candidates
        if self.has_pairs:
            completed[self.first_pair : -1] = np.minimum(values[one.left], values[one.right])
        return completed

    def make_cost(self, stage: str) -> NDArray:
        """Return the (v,) costs of a stage; those of the preference quality are its numerator."""
        one, cost = self.candidates, np.zeros(self.variable_count)
        chosen = cost[: len(one)]
        if stage == SHORTAGE:
            cost[self.first_shortage : self.first_pair] = 1.0
        elif stage == OUTSIDE:
            chosen += np.where(one.is_in_reserve, 0.0, one.net_m2)
        elif stage == AREA:
            chosen += one.net_m2
        elif stage == COUNT:
            chosen += 1.0
        elif stage == ORDER:
            chosen += np.arange(1, len(one) + 1)
        elif self.rules.preference == QUALITY:
            chosen += one.net_m2 * self.get_preferred_grade()
        elif self.rules.preference == NEAR:
            chosen += one.net_m2 * one.distance_m
        else:
            chosen += one.perimeter_m - one.farmland_edge_m
            cost[self.first_pair : -1] = -2.0 * one.shared_m
        return cost

    def get_preferred_grade(self) -> NDArray:
        """Return (k,) values of the first grade that the demand has, else of the first grade."""
        known = [name for name in GRADES if self.demand.means.get(name) is not None and name in self.grade_values]
        return self.grade_values[(known or list(self.grade_values))[0]]

    def measure_preference(self, chosen: NDArray) -> float:
        """Return the value of the preference for a choice (k,) bool."""
        one, values = self.candidates, np.zeros(self.variable_count)
        values[: len(one)] = chosen
        value = float(self.make_cost(PREFERENCE) @ self.complete_pairs(values))
        area = float(one.net_m2[chosen].sum())
        return value if self.rules.preference != QUALITY else value / area if area else 0.0

    def list_unmet_groups(self, chosen: NDArray) -> list[str]:
        """Return the groups of constraints that a choice (k,) bool does not meet; shortages of townships included."""
        values = np.zeros(self.variable_count)
        values[: len(chosen)] = chosen
        rows = self._list_rows(self.rules.excess_share)
        return list(dict.fromkeys(row.group for row in rows if row.compute_excess(values) > ROW_TOLERANCE))
