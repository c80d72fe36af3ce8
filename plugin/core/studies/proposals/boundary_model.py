# SPDX-License-Identifier: GPL-2.0-or-later
r"""Model B, 边界调优: which land 城镇开发边界 gives back, and in a swap which land it takes in.

The plan is cut into cells. Cell u has area aᵤ, weight wᵤ, edge ℓᵤᵥ with cell v (a corner is not an edge), edge ℓᵤ₀ with
land in no cell. zᵤ = 1 if it lies inside afterwards; eᵤᵥ ≥ |zᵤ − zᵥ|.

Constraints (the names in brackets are the groups that a contradiction names):

- zᵤ = 0 over 永久基本农田 or 生态保护红线; zᵤ = 1 on land that is built, approved or chosen [stay]. Land of both kinds
  stays inside and is reported;
- Σ cᵤ zᵤ ≤ b for each limit: target of the area, expansion ratio over the cells of its form, townships with a target,
  and in a swap land taken in against land given back;
- a retreat takes nothing in: zᵤ = 0 outside;
- P ≤ (1 + γ) c √A [compact], P = Σ ℓᵤᵥ eᵤᵥ + Σ ℓᵤ₀ zᵤ: the boundary is as compact as it was, or as land that
  must leave makes it; c is the larger P ÷ √A of both, γ an accepted growth. The root is concave: tangents at violating
  A are added, P ≤ (1 + γ) c (√Ā + (A − Ā) ÷ (2 √Ā));
- no new island below m: zᵤ ≤ Σ_{N(S)} zᵥ for u in the island S, N(S) its neighbours;
- no new hole below m that is not a window: 1 − zᵤ ≤ Σ_{N(H)} (1 − zᵥ) for u in the hole H that is not a window;
- no new neck: Σ_{R, z̄=1} (1 − z) + Σ_{R, z̄=0} z ≥ 1, R the cells near the neck of a solution z̄.

The last four are added when a solution breaks them (lazy cuts), and the stage is solved again. An island with land
that must stay cannot be avoided; it is reported.

Stages, each keeping the value of those before it: least Σ wᵤ aᵤ (1 − zᵤ) inside; in a swap most area taken in; the
preference; least sum of the places of changed cells in the order of keys. Preferences: area (none), parcels (fewest
parcels touched), compact (least P).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...base.choices import BOUNDARY_PREFERENCES
from ...geometry.polygons import find_connected_components
from .mixed_integer_program import ROW_TOLERANCE, LinearRow, MixedIntegerProgram

BY_AREA, BY_PARCELS, COMPACT = BOUNDARY_PREFERENCES
#: Groups of constraints besides the limits.
STAY, COMPACTNESS = "stay", "compact"
#: Stages in order.
RETREAT, TAKEN_IN, PREFERENCE, ORDER = STAGES = ("retreat", "taken_in", "preference", "order")
#: Shapes that a lazy cut removes.
ISLAND, HOLE, NECK = "island", "hole", "neck"


@dataclass(frozen=True)
class BoundaryCells:
    """Cells (k,), sorted by key; areas in m², lengths in m.

    ``parcel``: number of the parcel of each cell. ``outer_m``: edge with land in no cell. ``left``, ``right``,
    ``shared_m``: pairs of cells that share an edge, with its length.
    """

    area_m2: NDArray
    weight: NDArray
    is_inside: NDArray
    must_leave: NDArray
    must_stay: NDArray
    parcel: NDArray
    outer_m: NDArray
    left: NDArray
    right: NDArray
    shared_m: NDArray

    def __len__(self) -> int:
        return len(self.area_m2)


@dataclass(frozen=True)
class AreaLimit:
    """A limit: Σ coefficient · z ≤ upper (m²); ``coefficients``: (k,)."""

    group: str
    coefficients: NDArray
    upper: float


@dataclass(frozen=True)
class BoundaryRules:
    """Settings of the model: preference, whether land is taken in, least area of parts and holes (m²).

    ``outline_growth``: share by which P ÷ √A may exceed that of the boundary; None for any.
    """

    preference: str
    is_swap: bool
    min_part_m2: float
    outline_growth: float | None = 0.0


#: Returns the cells near each new neck of a solution (k,) bool, as positions.
FindNecks = Callable[[NDArray], Sequence[NDArray]]


@dataclass(frozen=True)
class Violation:
    """A shape that a lazy cut removes: its kind and cells (positions)."""

    kind: str
    cells: NDArray


@dataclass
class BoundaryModel:
    """The program of one boundary. Variables: z (k), e (pairs), t (parcels that the preference counts), and one 1."""

    cells: BoundaryCells
    limits: Sequence[AreaLimit]
    rules: BoundaryRules
    neck_finder: FindNecks = field(default=lambda _inside: ())

    def __post_init__(self) -> None:
        cells = self.cells
        self.leaves = cells.must_leave & ~cells.must_stay
        self.stays = cells.must_stay & cells.is_inside
        self.pair_count, self.parcel_count = len(cells.left), int(cells.parcel.max(initial=-1)) + 1
        self.first_pair, self.first_parcel = len(cells), len(cells) + self.pair_count
        self.variable_count = self.first_parcel + self.parcel_count + 1
        self._counted = ~self.leaves
        # Land that must leave is a window or a cut whose edges cannot be avoided.
        self.outline_per_root = max(map(self._compare_outline, (cells.is_inside, cells.is_inside & self._counted)))
        pairs = cells.is_inside[cells.left] & cells.is_inside[cells.right]
        part = find_connected_components(len(cells), cells.left[pairs], cells.right[pairs])
        sums = np.bincount(part, np.where(cells.is_inside, cells.area_m2, 0.0), len(cells))
        self._is_old_island = cells.is_inside & (sums[part] < self.rules.min_part_m2)
        #: Land that may be a window: it must leave, or is a hole of the boundary as it was.
        self._may_be_open = self.leaves.copy()
        for part in self._list_enclosed_parts(~cells.is_inside):
            self._may_be_open[part] = True

    # --- the program
    def make_program(self) -> MixedIntegerProgram:
        """Return the program without the constraints that are added when a solution breaks them."""
        cells, upper = self.cells, np.ones(self.variable_count)
        can_be_inside = cells.is_inside | self.rules.is_swap
        upper[: len(cells)] = can_be_inside & ~self.leaves
        is_integer = np.arange(self.variable_count) < len(cells)
        rows = [LinearRow("", np.array([self.variable_count - 1]), np.ones(1), 1.0, 1.0)]
        rows += [
            LinearRow(
                one.group, np.flatnonzero(one.coefficients), one.coefficients[one.coefficients != 0], -np.inf, one.upper
            )
            for one in self.limits
        ]
        stays = np.flatnonzero(self.stays)
        if len(stays):
            rows.append(LinearRow(STAY, stays, np.ones(len(stays)), float(len(stays)), np.inf))
        return MixedIntegerProgram(upper, is_integer, [*rows, *self._list_pair_rows()])

    def make_cost(self, stage: str) -> NDArray:
        """Return the (v,) costs of a stage; the last variable has the constant."""
        cells, cost = self.cells, np.zeros(self.variable_count)
        z = cost[: len(cells)]
        if stage == RETREAT:
            z -= np.where(cells.is_inside, cells.weight * cells.area_m2, 0.0)
            cost[-1] = -z.sum()
        elif stage == TAKEN_IN:
            z -= np.where(cells.is_inside, 0.0, cells.area_m2)
        elif stage == ORDER:
            places = np.arange(1.0, len(cells) + 1)
            z += np.where(cells.is_inside, -places, places)
            cost[-1] = places[cells.is_inside].sum()
        elif self.rules.preference == BY_PARCELS:
            cost[self.first_parcel : -1] = 1.0
        elif self.rules.preference == COMPACT:
            z += cells.outer_m
            cost[self.first_pair : self.first_parcel] = cells.shared_m
        return cost

    def list_preference_rows(self) -> list[LinearRow]:
        """Return the rows of the variables that the preference counts."""
        if self.rules.preference != BY_PARCELS:
            return []
        cells, rows = self.cells, []
        # t ≥ 1 − z inside, t ≥ z outside.
        for is_counted, sign, least in ((cells.is_inside, 1.0, 1.0), (~cells.is_inside, -1.0, 0.0)):
            cell = np.flatnonzero(is_counted & self._counted)
            pairs = np.column_stack([cell, self.first_parcel + cells.parcel[cell]])
            rows.append(LinearRow("", pairs, np.array([sign, 1.0]), least, np.inf))
        return rows

    def _list_pair_rows(self) -> list[LinearRow]:
        """Return the rows e ≥ zᵤ − zᵥ and e ≥ zᵥ − zᵤ of the pairs."""
        left, right = self.cells.left, self.cells.right
        pairs = np.arange(self.first_pair, self.first_parcel)
        ordered = [np.column_stack([pairs, *ends]) for ends in ((left, right), (right, left))]
        return [LinearRow("", np.concatenate(ordered), np.array([1.0, -1.0, 1.0]), 0.0, np.inf)]

    # --- what a solution has
    def complete(self, inside: NDArray) -> NDArray:
        """Return the values (v,) of a choice (k,) bool."""
        cells, values = self.cells, np.zeros(self.variable_count)
        values[: len(cells)], values[-1] = inside, 1.0
        values[self.first_pair : self.first_parcel] = inside[cells.left] != inside[cells.right]
        values[self.first_parcel + cells.parcel[(inside != cells.is_inside) & self._counted]] = 1.0
        return values

    def measure_outline(self, inside: NDArray) -> float:
        """Return the outline P (m) of cells (k,) bool."""
        cells = self.cells
        crossing = inside[cells.left] != inside[cells.right]
        return float(cells.shared_m[crossing].sum() + cells.outer_m[inside].sum())

    def _compare_outline(self, inside: NDArray) -> float:
        """Return P ÷ √A of cells (k,) bool; 0 without land."""
        area = float(self.cells.area_m2[inside].sum())
        return self.measure_outline(inside) / np.sqrt(area) if area > 0 else 0.0

    def measure_retreat(self, inside: NDArray) -> float:
        """Return the weighted area (m²) that a choice (k,) bool gives back."""
        gone = self.cells.is_inside & ~inside
        return float((self.cells.weight * self.cells.area_m2)[gone].sum())

    def measure_preference(self, inside: NDArray) -> float:
        """Return the value of the preference for a choice (k,) bool: parcels touched, or the outline P (m)."""
        return float(self.make_cost(PREFERENCE) @ self.complete(inside))

    def find_violations(self, inside: NDArray) -> list[Violation]:
        """Return new islands, holes and necks of a solution (k,) bool."""
        found = [Violation(ISLAND, one) for one in self.list_islands(inside) if not self.stays[one].any()]
        found += [Violation(HOLE, one) for one in self._list_holes(inside)]
        # Necks count once islands and holes have gone.
        return found or [Violation(NECK, np.asarray(one, dtype=int)) for one in self.neck_finder(inside)]

    def list_islands(self, inside: NDArray) -> list[NDArray]:
        """Return the new islands below the least area, also those with land that must stay."""
        areas = self.cells.area_m2
        return [
            one
            for one in self._list_parts(inside)
            if areas[one].sum() < self.rules.min_part_m2 and not self._is_old_island[one].all()
        ]

    def _list_holes(self, inside: NDArray) -> list[NDArray]:
        """Return the new holes below the least area that have land besides windows."""
        return [one for one in self._list_enclosed_parts(~inside) if not self._may_be_open[one].all()]

    def _list_enclosed_parts(self, is_open: NDArray) -> list[NDArray]:
        """Return the parts of open cells (k,) bool below the least area that other cells enclose."""
        cells, least = self.cells, self.rules.min_part_m2
        parts = self._list_parts(is_open)
        return [one for one in parts if not (cells.outer_m[one] > 0).any() and cells.area_m2[one].sum() < least]

    def _list_parts(self, is_member: NDArray) -> list[NDArray]:
        """Return the connected parts of cells (k,) bool, as positions."""
        cells = self.cells
        both = is_member[cells.left] & is_member[cells.right]
        component = find_connected_components(len(cells), cells.left[both], cells.right[both])
        members = np.flatnonzero(is_member)
        order = members[np.argsort(component[members], kind="stable")]
        starts = np.flatnonzero(np.diff(component[order], prepend=-1))
        return np.split(order, starts[1:]) if len(order) else []

    def _list_neighbours(self, part: NDArray) -> NDArray:
        cells, is_part = self.cells, np.zeros(len(self.cells), dtype=bool)
        is_part[part] = True
        adjacent = np.concatenate([cells.right[is_part[cells.left]], cells.left[is_part[cells.right]]])
        return np.unique(adjacent[~is_part[adjacent]])

    # --- lazy cuts
    def list_cuts(self, violation: Violation, inside: NDArray) -> list[LinearRow]:
        """Return the rows that exclude a violation of a solution."""
        part = violation.cells
        if violation.kind == NECK:
            signs = np.where(inside[part], -1.0, 1.0)
            return [LinearRow("", part, signs, 1.0 - float(inside[part].sum()), np.inf)]
        near = self._list_neighbours(part)
        if violation.kind == ISLAND:
            return [
                LinearRow("", np.append(near, cell), np.append(np.ones(len(near)), -1.0), 0.0, np.inf) for cell in part
            ]
        return [
            LinearRow("", np.append(near, cell), np.append(-np.ones(len(near)), 1.0), 1.0 - len(near), np.inf)
            for cell in part[~self._may_be_open[part]]
        ]

    def mend(self, inside: NDArray, violations: Sequence[Violation]) -> tuple[NDArray, NDArray]:
        """Return values (v,) without islands and holes, and the variables (v,) bool of cells at the edge and in necks.

        Land that leaves or comes at an edge makes no new hole or island.
        """
        cells, mended, is_near = self.cells, inside.copy(), np.zeros(self.variable_count, dtype=bool)
        for one in violations:
            if one.kind == NECK:
                is_near[one.cells] = True
            else:
                mended[one.cells[~self._may_be_open[one.cells]]] = one.kind == HOLE
        crossing = mended[cells.left] != mended[cells.right]
        is_near[np.concatenate([cells.left[crossing], cells.right[crossing]])] = True
        is_near[: len(cells)] |= cells.outer_m > 0
        return self.complete(mended), is_near

    def make_compactness_cut(self, inside: NDArray) -> LinearRow | None:
        """Return the tangent that a solution breaks; None if it is compact enough."""
        area, growth = float(self.cells.area_m2[inside].sum()), self.rules.outline_growth
        if growth is None or not area > 0:
            return None
        root, limit = np.sqrt(area), (1 + growth) * self.outline_per_root
        if self.measure_outline(inside) <= limit * root + ROW_TOLERANCE:
            return None
        slope = limit / (2 * root)
        row = np.zeros(self.variable_count)
        row[: len(self.cells)] = self.cells.outer_m - slope * self.cells.area_m2
        row[self.first_pair : self.first_parcel] = self.cells.shared_m
        used = np.flatnonzero(row)
        return LinearRow(COMPACTNESS, used, row[used], -np.inf, limit * root - slope * area + ROW_TOLERANCE)

    def list_broken_limits(self, inside: NDArray) -> list[str]:
        """Return the groups of limits that a choice (k,) bool breaks."""
        return [one.group for one in self.limits if float(one.coefficients[inside].sum()) > one.upper + ROW_TOLERANCE]

    def compute_divisible_retreat(self) -> float:
        """Return a bound of the weighted retreat if cells were divided at will and had no shape (fractional knapsack).

        It is the largest of the bounds by single limits: land that must leave, and the lightest other land until the
        limit is kept.
        """
        cells, inside = self.cells, self.cells.is_inside & ~self.leaves
        fixed = float((cells.weight * cells.area_m2)[cells.is_inside & self.leaves].sum())
        free = inside & ~self.stays
        best = 0.0
        for limit in self.limits:
            relief = np.where(free, limit.coefficients, 0.0)
            excess = float(limit.coefficients[inside].sum()) - limit.upper
            useful = np.flatnonzero(relief > 0)
            price = (cells.weight * cells.area_m2)[useful] / relief[useful]
            useful = useful[np.argsort(price, kind="stable")]
            before = np.cumsum(relief[useful]) - relief[useful]
            part = np.clip(excess - before, 0.0, relief[useful])
            best = max(best, float((part * np.sort(price, kind="stable")).sum()))
        return fixed + best
