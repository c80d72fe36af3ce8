# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells of a boundary (边界调优): overlay of boundary, parcels, control lines and kept land; limits; necks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...engine.context import RuleContext
from ...figures.indicators.ratio import BOUNDARY_ZONE_KINDS, find_urban_base_rows
from ...figures.indicators.townships import get_plan_townships
from ...figures.target_allocation.by_township import match_targets_with_townships
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons
from ...geometry.validity import extract_valid_polygons
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...rules._attributes import read_setting_words
from ...standard.messages.texts import Message
from ...standard.profile.profile_figures import get_township_targets
from .boundary_model import AreaLimit, BoundaryCells
from .boundary_parts import Parts
from .shared_edges import list_excluded_layers, measure_shared_edges
from .supplement_demand import NO_TOLERANCE, divide_by_township, name_townships

SECTION = "tuning"
#: Why a cell leaves or stays; land that leaves for a limit has none.
REPEATED, FARMLAND, RED_LINE, BUILT, APPROVED, CHOSEN = (
    "repeated",
    "farmland",
    "red_line",
    "built",
    "approved",
    "chosen",
)
#: Groups of limits; that of a township has its name after a colon.
TARGET, RATIO, TOWNSHIP, SWAP_AREA, SWAP_CULTIVATED = ("target", "ratio", "township", "swap_area", "swap_cultivated")
#: A draft is measured again, in another order of vertices: it stays below its limits by this area (m²).
_LIMIT_MARGIN_M2 = 0.1


@dataclass
class BoundaryLand:
    """Cells (k,) with their land.

    ``row``: row of the boundary, −1 outside it; ``parcel_row``: row of ``parcels``, −1 without a parcel.
    ``leaves_for``, ``stays_for``: reason of each cell, empty for none. ``base_m2``: urban land of the base year.
    """

    layer: Layer
    parcels: Layer
    shape: NDArray
    row: NDArray
    parcel_row: NDArray
    leaves_for: list[str]
    stays_for: list[str]
    townships: list[str]
    cultivated_m2: NDArray
    cells: BoundaryCells
    limits: list[AreaLimit] = field(default_factory=list)
    base_m2: float = 0.0


def collect_cells(
    kept: Mapping[str, Sequence[Any]], is_swap: bool, ctx: RuleContext, notes: list[Message]
) -> BoundaryLand:
    """Return the cells of a plan's boundary, and in a swap of the land next to it; missing data go to ``notes``.

    ``kept``: reason → polygons in the plane of land that stays inside. Raise InputError if a layer lacks or an overlay
    fails.
    """
    boundary, parcels = _find_layer(ctx, "boundary"), _find_layer(ctx, "parcels", "base_parcels")
    rows = np.flatnonzero(boundary.has_shape)
    split, index = shapely.get_parts(boundary.plane_shapes[rows], return_index=True)
    parts = Parts(split, {"row": rows[index]})
    repeated = find_shared_pieces(boundary.polygons, tolerance=ctx.tolerance, cancellation=ctx.cancellation)
    parts = parts.divide(REPEATED, Polygons(repeated.geometry), ctx)
    if is_swap:
        adjacent = _find_adjacent_land(boundary, parcels, ctx, notes)
        columns = {"row": np.full(len(adjacent), -1), REPEATED: np.full(len(adjacent), -1)}
        merged = {key: np.concatenate([column, columns[key]]) for key, column in parts.source.items()}
        parts = Parts(np.concatenate([parts.shape, adjacent]), merged)
    parts = parts.divide("parcel", parcels.polygons, ctx)
    for reason in (FARMLAND, RED_LINE):
        line = ctx.plan.find_layer_of_concept(reason)
        if line is None or line.has_no_geometry:
            notes.append(Message(SECTION, f"no_{reason}", {}))
            parts.source[reason] = np.full(len(parts), -1)
        else:
            parts = parts.divide(reason, line.polygons, ctx)
    for reason in (APPROVED, CHOSEN):
        parts = parts.divide(reason, Polygons(np.array(list(kept.get(reason, ())), dtype=object)), ctx)
    parts = _sort_parts(parts.join_slivers(ctx), parcels)
    land = _make_land(boundary, parcels, parts, repeated.right, ctx)
    _add_limits(land, is_swap, ctx, notes)
    return land


def _find_layer(ctx: RuleContext, *concepts: str) -> Layer:
    layer = ctx.plan.find_drawn_layer(*concepts)
    if layer is not None:
        return layer
    roles = ", ".join(role for concept in concepts for role in ctx.plan.list_roles_of_concept(concept))
    raise InputError("boundary_no_layer", source=ctx.plan.source, roles=roles)


def _find_adjacent_land(boundary: Layer, parcels: Layer, ctx: RuleContext, notes: list[Message]) -> NDArray:
    """Return the land of parcels next to the boundary that may be taken in."""
    reach = ctx.tolerance.edge_match_m
    near = np.unique(shapely.STRtree(parcels.plane_shapes).query(boundary.plane_shapes, "dwithin", distance=reach)[1])
    shapes = parcels.plane_shapes[near]
    covers = [(boundary, None), *((layer, rows) for _, layer, rows in list_excluded_layers(SECTION, ctx, notes))]
    for layer, rows in covers:
        polygons = layer.plane_shapes[layer.has_shape if rows is None else layer.has_shape & rows]
        tree = shapely.STRtree(polygons)
        for n, shape in enumerate(shapes):
            touched = tree.query(shape, "intersects") if shape is not None else ()
            if len(touched):
                shapes[n] = extract_valid_polygons(shapely.difference(shape, shapely.union_all(polygons[touched])))
    parts = shapely.get_parts(np.array([one for one in shapes if one is not None], dtype=object))
    area = shapely.area(parts)
    least = float(get_setting(ctx, "min_taken_in_m2"))
    return parts[(area >= least) & ~ctx.tolerance.is_sliver(area, 2 * area / shapely.length(parts))]


def _sort_parts(parts: Parts, parcels: Layer) -> Parts:
    """Return the parts in the order of parcel keys, then from west to east."""
    points = shapely.get_coordinates(shapely.point_on_surface(parts.shape))
    keys = [parcels.keys[n] if n >= 0 else "" for n in parts.source["parcel"].tolist()]
    order = np.array(sorted(range(len(parts)), key=lambda n: (keys[n], *points[n])), dtype=int)
    return Parts(parts.shape[order], {key: column[order] for key, column in parts.source.items()})


def _make_land(
    boundary: Layer, parcels: Layer, parts: Parts, repeating_rows: NDArray, ctx: RuleContext
) -> BoundaryLand:
    """Return the cells with areas, weights, edges and reasons."""
    row, parcel, source = parts.source["row"], parts.source["parcel"], parts.source
    has_parcel, is_inside = parcel >= 0, row >= 0
    area = ctx.geometry.measure_drawn_areas(parts.shape)
    built = ctx.find_rows_with_code(parcels, "land_use", get_setting(ctx, "built_classes"))
    is_cultivated = has_parcel & ctx.find_cultivated_rows(parcels)[parcel]
    # The later of two rows gives back the land that both have.
    repeats = source[REPEATED]
    is_repeated = (repeats >= 0) & (row == np.append(repeating_rows, -2)[repeats])
    leaves = {REPEATED: is_repeated, FARMLAND: source[FARMLAND] >= 0, RED_LINE: source[RED_LINE] >= 0}
    stays = {
        CHOSEN: source[CHOSEN] >= 0,
        APPROVED: source[APPROVED] >= 0,
        BUILT: has_parcel & built[parcel],
    }
    reach = ctx.tolerance.edge_match_m
    left, right, shared = measure_shared_edges(parts.shape, parts.shape, reach)
    is_first = left < right
    left, right, shared = left[is_first], right[is_first], shared[is_first]
    common = np.bincount(left, shared, len(area)) + np.bincount(right, shared, len(area))
    outer = shapely.length(parts.shape) - common
    _, number = np.unique(np.where(has_parcel, parcel, -1), return_inverse=True)
    cells = BoundaryCells(
        area_m2=area,
        weight=_read_weights(boundary, row, is_cultivated, ctx),
        is_inside=is_inside,
        must_leave=np.logical_or.reduce([*leaves.values()]) & is_inside,
        must_stay=np.logical_or.reduce([*stays.values()]) & is_inside & ~is_repeated,
        parcel=number.ravel(),
        # The reach measures a little at ends of edges, too.
        outer_m=np.where(outer > 8 * reach, outer, 0.0),
        left=left,
        right=right,
        shared_m=shared,
    )
    return BoundaryLand(
        boundary,
        parcels,
        parts.shape,
        row,
        parcel,
        _name_first(leaves, len(area)),
        _name_first(stays, len(area)),
        name_townships(parts.shape, ctx),
        np.where(is_cultivated, area, 0.0),
        cells,
    )


def _name_first(masks: dict[str, NDArray], count: int) -> list[str]:
    """Return the first reason of each cell; empty for none."""
    names = np.full(count, "", dtype=object)
    for reason, mask in reversed(masks.items()):
        names[mask] = reason
    return names.tolist()


def _read_weights(boundary: Layer, row: NDArray, is_cultivated: NDArray, ctx: RuleContext) -> NDArray:
    """Return (k,) weights by kind of zone, and for cultivated land."""
    factors = {name: float(factor) for name, factor in read_setting_words(ctx.norm, f"{SECTION}.weights", 2, 2)}
    weight = np.ones(len(row))
    for kind in BOUNDARY_ZONE_KINDS:
        has_kind = np.append(ctx.find_rows_with_code(boundary, "zone_code", ctx.norm.get(f"ratio.{kind}")), False)
        weight = np.where(has_kind[row], factors.get(kind, 1.0), weight)
    return weight * np.where(is_cultivated, factors.get("cultivated", 1.0), 1.0)


def get_setting(ctx: RuleContext, name: str) -> Any:
    """Return the value of a setting of boundaries."""
    return ctx.norm.get(f"{SECTION}.{name}")


# --- limits
def _add_limits(land: BoundaryLand, is_swap: bool, ctx: RuleContext, notes: list[Message]) -> None:
    """Add the limits of the plan: target, ratio, townships, and what a swap may take in."""
    area = land.cells.area_m2
    for target in ctx.norm.find_targets(ctx.plan.area_code):
        if target.indicator == "boundary_area" and target.comparison == "<=":
            _add_limit(land, TARGET, area, target.numeric_value * SQUARE_METRES[target.unit])
    if not any(one.group == TARGET for one in land.limits):
        notes.append(Message(SECTION, "no_target", {}))
    _add_ratio(land, ctx, notes)
    _add_townships(land, ctx, notes)
    if is_swap:
        inside = land.cells.is_inside
        for group, column in ((SWAP_AREA, area), (SWAP_CULTIVATED, land.cultivated_m2)):
            land.limits.append(AreaLimit(group, column, float(column[inside].sum())))


def _add_limit(land: BoundaryLand, group: str, coefficients: NDArray, upper: float) -> None:
    land.limits.append(AreaLimit(group, coefficients, upper - _LIMIT_MARGIN_M2))


def _add_ratio(land: BoundaryLand, ctx: RuleContext, notes: list[Message]) -> None:
    """Add the limit of the expansion ratio in the form of the profile (`compute_expansion_ratios`)."""
    base = ctx.plan.find_layer_of_concept("base_parcels")
    if base is not None and not base.has_no_geometry:
        urban = find_urban_base_rows(base, ctx)
        land.base_m2 = float(np.nansum(base.numbers("gross_area")[urban]))
    if base is None or not land.base_m2 > 0:
        notes.append(Message(SECTION, "no_base", {}))
        return
    norm, cells = ctx.norm, land.cells
    form, limit = norm.get("ratio.form"), float(norm.get("ratio.limit"))
    kinds = {
        kind: np.append(ctx.find_rows_with_code(land.layer, "zone_code", norm.get(f"ratio.{kind}")), True)[land.row]
        for kind in BOUNDARY_ZONE_KINDS
    }
    if form == "n1":
        _add_limit(land, RATIO, cells.area_m2, limit * land.base_m2)
    elif form == "n2":
        counted = kinds["concentrated"] | kinds["flexible"]
        _add_limit(land, RATIO, np.where(counted, cells.area_m2, 0.0), limit * land.base_m2)
    else:
        growing = kinds["concentrated"]
        if norm.get("ratio.new_land_includes_flexible"):
            growing = growing | kinds["flexible"]
        old = find_shared_pieces(
            Polygons(land.shape), base.polygons, right_rows=urban, tolerance=NO_TOLERANCE, keep_slivers=True
        )
        share = np.bincount(old.left, old.area, len(cells)) / shapely.area(land.shape)
        new = np.where(growing, cells.area_m2 * np.clip(1 - share, 0.0, 1.0), 0.0)
        _add_limit(land, RATIO, new, (limit - 1) * land.base_m2)


def _add_townships(land: BoundaryLand, ctx: RuleContext, notes: list[Message]) -> None:
    """Add the targets that the county allocates to townships."""
    tasks, listed = get_township_targets(ctx.side_inputs), get_plan_townships(ctx)
    if not tasks.targets or listed is None:
        return
    layer, townships, _ = listed
    matched, reasons = match_targets_with_townships(tasks, townships, layer.name)
    notes += [Message("details", key, params) for key, params in reasons]
    owner, names, share = divide_by_township(land.shape, ctx)
    for one in tasks.targets:
        if one.indicator == "boundary_area" and one.comparison == "<=" and one.line_number in matched:
            name = townships[matched[one.line_number]].name
            inside = np.array([other == name for other in names])
            part = np.bincount(owner[inside], share[inside], len(land.shape)) * land.cells.area_m2
            _add_limit(land, f"{TOWNSHIP}:{name}", part, float(one.value) * SQUARE_METRES[one.unit])


# --- necks
@dataclass
class NeckFinder:
    """Finds new necks narrower than a width (m): places that a morphological opening removes between two parts.

    ``stays`` (k,) bool: cells that are inside in each solution.
    """

    shape: NDArray
    is_inside: NDArray
    stays: NDArray
    width_m: float

    def __post_init__(self) -> None:
        self._kept = shapely.union_all(self.shape[self.stays])
        old = self._list_necks(self.is_inside)
        self._old = shapely.buffer(shapely.union_all(old), self.width_m) if len(old) else shapely.Polygon()
        self._tree = shapely.STRtree(self.shape)

    def __call__(self, inside: NDArray) -> list[NDArray]:
        """Return the cells (positions) within the width of each new neck of a solution (k,) bool."""
        necks = self._list_necks(inside)
        new = [one for one in necks if shapely.difference(one, self._old).area > one.area / 2]
        return [np.sort(self._tree.query(one, "dwithin", distance=self.width_m)) for one in new]

    def _list_necks(self, inside: NDArray) -> NDArray:
        land, half = shapely.union_all([self._kept, *self.shape[inside & ~self.stays]]), self.width_m / 2
        cores = shapely.get_parts(shapely.buffer(land, -half))
        if not self.width_m > 0 or len(cores) < 2:
            return np.zeros(0, dtype=object)
        grown = shapely.buffer(cores, half * 1.01)
        rest = shapely.get_parts(shapely.difference(land, shapely.union_all(grown)))
        meeting, _ = shapely.STRtree(grown).query(rest, "dwithin", distance=half / 10)
        return rest[np.bincount(meeting, minlength=len(rest)) > 1]
