# SPDX-License-Identifier: GPL-2.0-or-later
"""Propose how 城镇开发边界 is corrected (边界调优): a draft. Command line and toolbox use this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.choices import BOUNDARY_MODES, BOUNDARY_PREFERENCES
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback, require_value
from ...checks.side_tables import read_side_tables
from ...engine.context import RuleContext
from ...geometry.validity import extract_valid_polygons
from ...model.side_inputs import SideInputs
from ...plan.layer import SourceLayer
from ...plan.loading.reading import read_plan
from ...plan.plan import Plan
from ...standard.messages.texts import Message
from ...standard.options import RunOptions
from ...standard.profile import Norm
from ..yearly.certificates import read_layer_by_fields
from .boundary_land import APPROVED, CHOSEN, SECTION, BoundaryLand, NeckFinder, collect_cells, get_setting
from .boundary_model import BoundaryModel, BoundaryRules, Violation
from .choose_boundary import BoundaryChoice, choose_boundary, choose_greedily
from .mixed_integer_solver import SolverLimits
from .solver_process import open_solver

RETREATING, SWAPPING = BOUNDARY_MODES
#: Settings on which a proposal depends.
SETTINGS = (
    *("weights", "built_classes", "min_part_m2", "min_taken_in_m2", "narrow_m", "max_outline_growth"),
    *("max_seconds", "max_gap"),
)
#: Step of the land that leaves for a limit, after the reasons of cells; and of land taken in.
FOR_LIMITS, TAKEN_IN, REPEATED = "limits", "taken_in", "repeated"
#: Shares of the progress: reading, cells.
_READ_SHARE, _CUT_SHARE = 0.3, 0.6


@dataclass(frozen=True)
class BoundaryOrder:
    """What the user asks for: mode, preference, files of approved land and of land that is chosen to stay."""

    mode: str = RETREATING
    preference: str = BOUNDARY_PREFERENCES[0]
    approved: str = ""
    locked: str = ""


class DraftFeature(NamedTuple):
    """A feature of the draft: row of the boundary that it comes from, polygon in the plane, whether it changed.

    ``is_first``: the largest part of its row, which keeps its key.
    """

    row: int
    shape: Any
    is_changed: bool
    is_first: bool


class Step(NamedTuple):
    """Land that leaves or comes for one reason (m², taken in negative), and the boundary after it (m²)."""

    reason: str
    cell_count: int
    area_m2: float
    boundary_m2: float


class DraftAreas(NamedTuple):
    """Areas (m²) given back, taken in, of repeated parts that end (their land stays inside), and what remains."""

    given: float
    taken: float
    repeated: float
    after: float


@dataclass
class BoundaryResult:
    """A proposal: a draft that the county decides on. ``measure_shapes``: measures statutory areas (m²)."""

    plan: Plan
    norm: Norm
    order: BoundaryOrder
    land: BoundaryLand
    model: BoundaryModel
    choice: BoundaryChoice
    measure_shapes: Callable[[Iterable[Any]], NDArray]
    notes: list[Message] = field(default_factory=list)

    @property
    def is_found(self) -> bool:
        """Return True if the draft keeps all constraints."""
        return self.choice.inside is not None and not self.choice.unmet

    @property
    def changed(self) -> list[int]:
        """Return the positions of the cells that leave or come."""
        inside = self.choice.inside
        return [] if inside is None else np.flatnonzero(inside != self.land.cells.is_inside).tolist()

    def list_steps(self) -> list[Step]:
        """Return the changes by reason, in the order in which they are made."""
        cells, groups = self.land.cells, self.group_changed()
        left, steps = float(cells.area_m2[cells.is_inside].sum()), []
        for reason in groups:
            area = float(cells.area_m2[groups[reason]].sum()) * (-1 if reason == TAKEN_IN else 1)
            left -= area
            steps.append(Step(reason, len(groups[reason]), area, left))
        return steps

    def group_changed(self) -> dict[str, list[int]]:
        """Return reason → changed cells, in the order of the steps; in each, the largest first."""
        cells, reasons = self.land.cells, self.land.leaves_for
        groups: dict[str, list[int]] = {}
        for position in sorted(self.changed, key=lambda n: -cells.area_m2[n]):
            reason = (reasons[position] or FOR_LIMITS) if cells.is_inside[position] else TAKEN_IN
            groups.setdefault(reason, []).append(position)
        order = ("farmland", "red_line", REPEATED, FOR_LIMITS, TAKEN_IN)
        return {reason: groups[reason] for reason in order if reason in groups}

    def sum_areas(self) -> DraftAreas:
        """Return the areas that change, and the boundary after the draft."""
        cells, steps = self.land.cells, self.list_steps()
        taken = sum(-one.area_m2 for one in steps if one.reason == TAKEN_IN)
        repeated = sum(one.area_m2 for one in steps if one.reason == REPEATED)
        given = sum(one.area_m2 for one in steps if one.reason not in (TAKEN_IN, REPEATED))
        after = float(cells.area_m2[cells.is_inside].sum()) - given - repeated + taken
        return DraftAreas(given, taken, repeated, after)

    def list_unresolved(self) -> list[int]:
        """Return the cells that must leave and must stay: they stay inside."""
        return np.flatnonzero(self.land.cells.must_leave & self.land.cells.must_stay).tolist()

    def list_kept_islands(self) -> list[NDArray]:
        """Return the new islands that stay because land on them must."""
        return [] if self.choice.inside is None else self.model.list_islands(self.choice.inside)

    def locate(self, violation: Violation) -> tuple[float, float]:
        """Return a point (x, y) of the plane at a shape that could not be excluded."""
        return shapely.get_coordinates(shapely.point_on_surface(self.land.shape[violation.cells[0]]))[0].tolist()

    def measure_ratios(self) -> tuple[float, float] | None:
        """Return N1 before and after the draft; None without land of the base year or a draft."""
        cells, base_m2 = self.land.cells, self.land.base_m2
        if self.choice.inside is None or not base_m2 > 0:
            return None
        before, after = (float(cells.area_m2[one].sum()) for one in (cells.is_inside, self.choice.inside))
        return before / base_m2, after / base_m2

    def list_draft(self) -> list[DraftFeature]:
        """Return the features of the boundary after the draft, in the order of its rows; empty without a choice."""
        if self.choice.inside is None:
            return []
        land, boundary = self.land, self.land.layer
        taken_in = self._assign_taken_in()
        features = []
        for row in range(len(boundary)):
            shape = boundary.plane_shapes[row]
            gone = [n for n in self.changed if land.row[n] == row]
            if not gone and row not in taken_in:
                features.append(DraftFeature(row, shape, False, True))
                continue
            shape = shapely.difference(shape, shapely.union_all(land.shape[gone])) if gone else shape
            shape = extract_valid_polygons(shapely.union_all([shape, *land.shape[taken_in.get(row, [])]]))
            parts = shapely.get_parts(shape) if shape is not None else np.zeros(0, dtype=object)
            area = shapely.area(parts)
            width = 2 * area / np.maximum(shapely.length(parts), 1e-9)
            kept = parts[~self._tolerance.is_sliver(area, width)]
            ordered = kept[np.argsort(-shapely.area(kept), kind="stable")]
            features += [DraftFeature(row, one, True, n == 0) for n, one in enumerate(ordered)]
        return features

    def _assign_taken_in(self) -> dict[int, list[int]]:
        """Return row of the boundary → cells that it takes in: those it has the longest edge with, directly or not."""
        land, cells = self.land, self.land.cells
        inside = require_value(self.choice.inside, "a draft")
        row = np.where(inside & cells.is_inside, land.row, -1)
        waiting = inside & ~cells.is_inside
        pairs = np.concatenate([np.column_stack([cells.left, cells.right]), np.column_stack([cells.right, cells.left])])
        length = np.concatenate([cells.shared_m, cells.shared_m])
        while True:
            ready = waiting[pairs[:, 0]] & (row[pairs[:, 1]] >= 0)
            if not ready.any():
                break
            for n in np.flatnonzero(ready)[np.argsort(length[ready], kind="stable")].tolist():
                row[pairs[n, 0]] = row[pairs[n, 1]]
            waiting &= row < 0
        assigned: dict[int, list[int]] = {}
        for position in np.flatnonzero(inside & ~cells.is_inside).tolist():
            assigned.setdefault(int(row[position]), []).append(position)
        return assigned

    @property
    def _tolerance(self) -> Any:
        return self.plan.norm.make_tolerance()


def propose_boundary(
    sources: str | Path | Iterable[SourceLayer],
    order: BoundaryOrder,
    options: RunOptions,
    *,
    source: str = "",
    keeps_lock_free: bool = False,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> BoundaryResult:
    """Return the proposal for a plan: a draft, or what contradicts.

    ``sources``: a file, a folder or layers already read; ``source`` names the origin of layers.
    ``keeps_lock_free``: other threads, such as the desktop's, run during the solve.

    Raises
    ------
    InputError, DataError
        Mode or preference are unknown, a layer or file lacks, or land cannot be overlaid.
    Cancelled
    """
    for value, known in ((order.mode, BOUNDARY_MODES), (order.preference, BOUNDARY_PREFERENCES)):
        if value not in known:
            raise InputError("boundary_choice", value=value, known=", ".join(known))
    norm = options.resolve_norm()
    tables = read_side_tables(options, norm, sources if isinstance(sources, str | Path) else None)
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    progress(_READ_SHARE, "")
    side_inputs = tables.make_side_inputs(plan, norm, cancellation)
    (result,) = draft_boundaries(
        plan,
        order,
        options,
        side_inputs,
        keeps_lock_free=keeps_lock_free,
        progress=progress,
        cancellation=cancellation,
    )
    return result


def draft_boundaries(
    plan: Plan,
    order: BoundaryOrder,
    options: RunOptions,
    side_inputs: SideInputs,
    preferences: Sequence[str] = (),
    *,
    keeps_lock_free: bool = False,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Iterator[BoundaryResult]:
    """Yield a proposal for a plan that is read, for each of the preferences; without any, for that of the order.

    Raises as `propose_boundary`.
    """
    tolerance = options.tolerance or plan.norm.make_tolerance()
    ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.lang, side_inputs=side_inputs)
    notes: list[Message] = []
    kept = {reason: _read_kept(path, ctx) for reason, path in ((APPROVED, order.approved), (CHOSEN, order.locked))}
    if not order.approved:
        notes.append(Message(SECTION, "no_approved", {}))
    is_swap = order.mode == SWAPPING
    land = collect_cells(kept, is_swap, ctx, notes)
    progress(_CUT_SHARE, "")
    least, growth = (float(get_setting(ctx, name)) for name in ("min_part_m2", "max_outline_growth"))
    stays = land.cells.is_inside & land.cells.must_stay
    necks = NeckFinder(land.shape, land.cells.is_inside, stays, float(get_setting(ctx, "narrow_m")))
    seconds, gap = (float(get_setting(ctx, name)) for name in ("max_seconds", "max_gap"))
    wanted = preferences or (order.preference,)
    with open_solver(keeps_lock_free, cancellation) as solver:
        for number, preference in enumerate(wanted, 1):
            model = BoundaryModel(land.cells, land.limits, BoundaryRules(preference, is_swap, least, growth), necks)
            choice = (
                choose_greedily(model)
                if solver is None
                else choose_boundary(model, SolverLimits(seconds, gap, cancellation=cancellation, solver=solver))
            )
            progress(_CUT_SHARE + (1 - _CUT_SHARE) * number / len(wanted), "")
            yield BoundaryResult(
                plan,
                plan.norm,
                replace(order, preference=preference),
                land,
                model,
                choice,
                ctx.geometry.measure_drawn_areas,
                list(notes),
            )


def _read_kept(path: str, ctx: RuleContext) -> Sequence[Any]:
    """Return the polygons of a file in the plane of the plan; none without a file."""
    return read_layer_by_fields(path, "", {}, ctx)[1].tolist() if path else ()
