# SPDX-License-Identifier: GPL-2.0-or-later
"""What a proposal of supplements (补划选址) has: order, settings, taken land, candidates, choice, balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.messages.texts import Message
from ...standard.profile import Norm
from .supplement_model import CLASS, CONTIGUOUS, GRADE, GRADES, QUANTITY, TOWNSHIP, SupplementChoice, SupplementDemand

SECTION = "supplement"
#: Settings on which a proposal depends.
SETTINGS = (
    *("excess_share", "classes", "worst_grades", "townships_required", "min_patch_m2", "min_farmland_edge_m"),
    *("excluded_land", "demand_fields", "max_seconds", "max_gap"),
)


@dataclass(frozen=True)
class SupplementOrder:
    """What the user asks for: file of the taken land, preference, keys of candidates that are refused."""

    demand: str
    preference: str = CONTIGUOUS
    refused: tuple[str, ...] = ()


class ExcludedLand(NamedTuple):
    """Land that one reason excludes: number of candidates that lost land, area (m²), name of the layer."""

    reason: str
    parcel_count: int
    area_m2: float
    layer: str = ""


@dataclass
class TakenLand:
    """Farmland that is taken, (k,) parts: net area (m²), township, class ("" unknown), grades (NaN unknown).

    ``shapes``: (m,) polygons in the plane; None for a table. ``zones`` (m,): code of the zone that each becomes, ""
    unstated. ``outside_m2``: land of the demand outside all townships, of which the farmland is unknown.
    """

    net_m2: NDArray
    townships: list[str]
    classes: list[str]
    grades: dict[str, NDArray]
    shapes: NDArray | None = None
    zones: list[str] = field(default_factory=list)
    outside_m2: float = 0.0

    def make_demand(self, classes: Sequence[str]) -> SupplementDemand:
        """Return the sums, rounded as printed, and the means weighted by net area.

        A part of an unknown class demands no class.
        """
        net_m2 = self.net_m2
        names = sorted({name for name in self.townships if name})

        def sum_parts(values: Sequence[str], wanted: str) -> float:
            return round(float(net_m2[[one == wanted for one in values]].sum()), 2)

        means: dict[str, float | None] = {}
        for grade in GRADES:
            values = self.grades[grade]
            is_known = bool(net_m2.sum() > 0 and np.isfinite(values).all())
            means[grade] = float((net_m2 * values).sum() / net_m2.sum()) if is_known else None
        return SupplementDemand(
            round(float(net_m2.sum()), 2),
            {name: sum_parts(self.townships, name) for name in names},
            tuple(sum_parts(self.classes, code) for code in classes),
            means,
        )


@dataclass
class CandidateLand:
    """Candidates (k,) after the exclusions, sorted by key.

    ``share``: what the exclusions leave of each parcel; ``filled``: value → number of candidates for which the survey
    gave it.
    """

    layer: Layer
    row: NDArray
    shape: NDArray
    keys: tuple[str, ...]
    net_m2: NDArray
    area_m2: NDArray
    share: NDArray
    classes: list[str]
    grades: dict[str, NDArray]
    townships: list[str]
    perimeter_m: NDArray
    farmland_edge_m: NDArray
    distance_m: NDArray
    is_in_reserve: bool
    left: NDArray
    right: NDArray
    shared_m: NDArray
    excluded: list[ExcludedLand] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)


class BalanceState(StrEnum):
    """State of a line of the balance."""

    MET = "met"
    SHORT = "short"
    UNDETERMINED = "undetermined"


class BalanceLine(NamedTuple):
    """A line of the balance: group of the constraint and its name; None where a value is unknown."""

    group: str
    name: str
    needed: float | None
    proposed: float | None
    state: BalanceState


@dataclass
class SupplementResult:
    """A proposal: a draft that the county decides on."""

    plan: Plan
    norm: Norm
    order: SupplementOrder
    taken: TakenLand
    demand: SupplementDemand
    land: CandidateLand
    choice: SupplementChoice
    classes: tuple[str, ...]
    notes: list[Message] = field(default_factory=list)

    @property
    def chosen(self) -> list[int]:
        """Return the positions of the proposed candidates."""
        return [] if self.choice.chosen is None else np.flatnonzero(self.choice.chosen).tolist()

    @property
    def is_found(self) -> bool:
        """Return True if the proposal meets all constraints."""
        return self.choice.chosen is not None and not self.choice.unmet

    def sum_net_m2(self, positions: Sequence[int]) -> float:
        """Return the net area (m²) of candidates."""
        return float(self.land.net_m2[list(positions)].sum())

    def list_balance(self) -> list[BalanceLine]:
        """Return the balance: quantity, townships, classes and grades, needed and proposed."""
        chosen, land, demand = self.chosen, self.land, self.demand

        def judge(group: str, name: str, needed: float, positions: Sequence[int]) -> BalanceLine:
            proposed = self.sum_net_m2(positions)
            state = BalanceState.MET if proposed >= needed - 0.005 else BalanceState.SHORT
            return BalanceLine(group, name, needed, proposed, state)

        lines = [judge(QUANTITY, "", demand.net_m2, chosen)]
        for name, needed in demand.township_m2.items():
            lines.append(judge(TOWNSHIP, name, needed, [n for n in chosen if land.townships[n] == name]))
        without_township = [not name for name in self.taken.townships]
        if any(without_township):
            needed = round(float(self.taken.net_m2[without_township].sum()), 2)
            lines.append(BalanceLine(TOWNSHIP, "", needed, None, BalanceState.UNDETERMINED))
        sums = np.cumsum(demand.class_m2).tolist()
        has_unknown_class = any(one not in self.classes for one in self.taken.classes)
        for rank, needed in enumerate(sums[:-1]):
            good = self.classes[: rank + 1]
            line = judge(CLASS, "、".join(good), needed, [n for n in chosen if land.classes[n] in good])
            lines.append(line._replace(state=BalanceState.UNDETERMINED) if has_unknown_class else line)
        return [*lines, *(self._judge_grade(name) for name in GRADES)]

    def _judge_grade(self, grade: str) -> BalanceLine:
        """Return the line of a grade: the means weighted by net area; undecided where a value is unknown."""
        mean, values = self.demand.means[grade], self.land.grades[grade][self.chosen]
        net = self.land.net_m2[self.chosen]
        if not net.sum() > 0 or not np.isfinite(values).all():
            return BalanceLine(GRADE, grade, mean, None, BalanceState.UNDETERMINED)
        proposed = float((net * values).sum() / net.sum())
        if mean is None:
            return BalanceLine(GRADE, grade, None, proposed, BalanceState.UNDETERMINED)
        state = BalanceState.MET if proposed <= mean + 1e-9 else BalanceState.SHORT
        return BalanceLine(GRADE, grade, mean, proposed, state)

    @property
    def is_balance_decided(self) -> bool:
        """Return True if no line of the balance is undetermined."""
        return all(one.state is not BalanceState.UNDETERMINED for one in self.list_balance())


def get_setting(norm: Norm, name: str) -> Any:
    """Return the value of a setting of supplements."""
    return norm.get(f"{SECTION}.{name}")


def read_worst_grades(norm: Norm) -> Mapping[str, float]:
    """Return the worst value of the scale of each grade."""
    return dict(zip(GRADES, map(float, get_setting(norm, "worst_grades")), strict=True))
