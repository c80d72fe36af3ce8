# SPDX-License-Identifier: GPL-2.0-or-later
"""Candidates of a supplement (补划选址): their source, values by parcel and by survey, exclusions, edges, distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...engine.context import RuleContext, trim_code_padding
from ...figures.indicators.land_use import classify_rows
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons, find_connected_components
from ...geometry.validity import extract_valid_polygons
from ...plan.layer import Layer
from ...standard.messages.texts import Message
from .shared_edges import list_excluded_layers, measure_shared_edges
from .supplement_demand import NO_TOLERANCE, name_townships
from .supplement_model import GRADES
from .supplement_result import SECTION, CandidateLand, ExcludedLand, TakenLand, get_setting

#: Share by which a candidate may differ from its whole parcel.
_WHOLE = 1e-9
#: Reasons besides the layers of the setting: values of the candidate, farmland already, land of two candidates, size.
SLOPE, UNSTABLE, EDGE, FARMLAND, REPEATED, PATCH, NO_AREA, NOT_CULTIVATED = (
    *("slope", "unstable", "edge", "farmland", "repeated", "patch", "no_area", "not_cultivated"),
)


@dataclass
class _Pool:
    """Candidates (k,) while they are cut: shape (None: excluded), area as drawn of the whole parcel (m²)."""

    shape: NDArray
    whole_m2: NDArray
    excluded: list[ExcludedLand]

    def exclude(self, reason: str, cut_shapes: dict[int, Any], ctx: RuleContext, layer: str = "") -> None:
        """Take land out of candidates; ``cut_shapes``: position → what is left, None for nothing."""
        positions = sorted(cut_shapes)
        if not positions:
            return
        before = ctx.geometry.measure_drawn_areas(self.shape[positions]).sum()
        for position in positions:
            self.shape[position] = cut_shapes[position]
        kept = [one for one in positions if self.shape[one] is not None]
        after = ctx.geometry.measure_drawn_areas(self.shape[kept]).sum() if kept else 0.0
        self.excluded.append(ExcludedLand(reason, len(positions), float(before - after), layer))

    def subtract(self, reason: str, layer: Layer, rows: NDArray | None, ctx: RuleContext) -> None:
        """Take the land of a layer's rows ((n,) bool) out of candidates; slivers stay."""
        pieces = find_shared_pieces(
            Polygons(self.shape),
            layer.polygons,
            right_rows=rows,
            tolerance=ctx.tolerance,
            cancellation=ctx.cancellation,
        )
        if pieces.fallback_log.failed_pairs:
            raise InputError("supplement_overlay", layer=layer.name, count=len(pieces.fallback_log.failed_pairs))
        self.exclude(reason, dict(_subtract_pieces(self.shape, pieces.left, pieces.geometry)), ctx, layer.name)


def _subtract_pieces(shapes: NDArray, owners: NDArray, pieces: NDArray) -> Iterator[tuple[int, Any]]:
    """Yield position and remainder of each shape that has pieces; None without a remainder."""
    order = np.argsort(owners, kind="stable")
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    for group in np.split(order, starts[1:]) if len(order) else []:
        position = int(owners[group[0]])
        rest = extract_valid_polygons(shapely.difference(shapes[position], shapely.union_all(pieces[group])))
        yield position, None if rest is None or rest.is_empty else rest


def collect_candidates(taken: TakenLand, ctx: RuleContext, notes: list[Message]) -> CandidateLand:
    """Return the candidates of a plan after the exclusions; messages on missing data go to ``notes``.

    Raise InputError if no layer has candidates, or an overlay could not be computed.
    """
    layer, is_in_reserve = _find_source(ctx)
    rows = np.flatnonzero(layer.has_shape)
    if layer.role in ctx.plan.list_roles_of_concept("parcels"):
        rows = rows[ctx.find_cultivated_rows(layer)[rows]]
    keys = [layer.keys[n] or f"#{layer.fids[n]}" for n in rows.tolist()]
    order = np.array(sorted(range(len(rows)), key=lambda n: (keys[n], int(rows[n]))), dtype=int)
    rows, keys = rows[order], [keys[n] for n in order.tolist()]
    shapes = layer.plane_shapes[rows].copy()
    if not is_in_reserve:
        notes.append(Message(SECTION, "no_reserve", {"layer": layer.name}))
    values = _read_values(layer, rows, shapes, ctx, notes)
    pool = _Pool(shapes, ctx.geometry.measure_drawn_areas(shapes), [])
    _exclude_land(pool, values, ctx, notes)
    left_m2 = np.zeros(len(rows))
    kept = np.flatnonzero([one is not None for one in pool.shape])
    left_m2[kept] = ctx.geometry.measure_drawn_areas(pool.shape[kept])
    share = np.divide(left_m2, pool.whole_m2, out=np.zeros(len(rows)), where=pool.whole_m2 > 0)
    values.net_m2[~values.is_by_survey["net_area"]] *= share[~values.is_by_survey["net_area"]]
    cut = kept[share[kept] < 1 - _WHOLE]
    values.measure_again(cut, pool.shape[cut], ctx)
    _exclude_by_values(pool, values, ctx)
    kept = np.flatnonzero([one is not None for one in pool.shape])
    remaining = _find_remaining_farmland(taken, ctx)
    reach = ctx.tolerance.edge_match_m
    edge = np.zeros(len(rows))
    if len(remaining):
        own, _, length = measure_shared_edges(pool.shape[kept], remaining, reach)
        edge[kept] = np.bincount(own, length, len(kept))
        far = kept[edge[kept] < float(get_setting(ctx.norm, "min_farmland_edge_m"))]
        pool.exclude(EDGE, dict.fromkeys(far.tolist()), ctx)
        kept = np.setdiff1d(kept, far)
    shape = pool.shape[kept]
    left, right, shared = measure_shared_edges(shape, shape, reach)
    is_first = left < right
    return CandidateLand(
        layer=layer,
        row=rows[kept],
        shape=shape,
        keys=tuple(keys[n] for n in kept.tolist()),
        # As printed: sums of rounded areas meet demands that are rounded, too.
        net_m2=np.round(values.net_m2[kept], 2),
        area_m2=layer.measure_rows(rows[kept]) * share[kept] if len(kept) else np.zeros(0),
        share=share[kept],
        classes=[str(values.columns["land_use"][n]) for n in kept.tolist()],
        grades={name: values.columns[name][kept] for name in GRADES},
        townships=name_townships(shape, ctx),
        perimeter_m=shapely.length(shape),
        farmland_edge_m=np.minimum(edge[kept], shapely.length(shape)),
        distance_m=_measure_distances(shape, taken.shapes),
        is_in_reserve=is_in_reserve,
        left=left[is_first],
        right=right[is_first],
        shared_m=shared[is_first],
        excluded=pool.excluded,
        filled=values.filled,
    )


def _find_source(ctx: RuleContext) -> tuple[Layer, bool]:
    """Return the layer of candidates, and whether it is the reserve. Raise InputError."""
    concepts = [
        (role, concept)
        for concept in ("reserve_land", "cultivated", "parcels")
        for role in ctx.plan.list_roles_of_concept(concept)
    ]
    for role, concept in concepts:
        layer = ctx.plan.layers.get(role)
        if layer is not None and not layer.has_no_geometry:
            return layer, concept == "reserve_land"
    raise InputError("supplement_no_source", source=ctx.plan.source, roles=", ".join(role for role, _ in concepts))


@dataclass
class _Values:
    """Values of candidates (k,): ``columns`` as of `_read_fields`; ``is_by_survey``: column → (k,) bool."""

    columns: dict[str, NDArray]
    is_by_survey: dict[str, NDArray]
    survey: Layer | None

    @property
    def net_m2(self) -> NDArray:
        """Return the net areas, NaN unknown."""
        return self.columns["net_area"]

    @property
    def filled(self) -> dict[str, int]:
        """Return column → number of candidates for which the survey gave it."""
        counts = {name: int(one.sum()) for name, one in self.is_by_survey.items()}
        return {name: count for name, count in counts.items() if count}

    def measure_again(self, positions: NDArray, shapes: NDArray, ctx: RuleContext) -> None:
        """Give candidates of which only shapes are left the values that the survey has there."""
        if self.survey is None or not any(one[positions].any() for one in self.is_by_survey.values()):
            return
        by_survey = _measure_survey(self.survey, shapes, ctx)
        for name, is_by_survey in self.is_by_survey.items():
            filled = is_by_survey[positions]
            self.columns[name][positions[filled]] = by_survey[name][filled]


def _read_values(layer: Layer, rows: NDArray, shapes: NDArray, ctx: RuleContext, notes: list[Message]) -> _Values:
    """Return the values of candidates by their fields; the survey gives those that lack, by area."""
    own = _read_fields(layer, ctx)
    values = {name: column[rows] for name, column in own.items()}
    survey = ctx.plan.find_drawn_layer("parcels", "base_parcels")
    is_by_survey = {name: np.zeros(len(rows), dtype=bool) for name in values}
    if survey is None or not len(survey):
        notes.append(Message(SECTION, "no_survey", {}))
        survey = None
    elif survey is not layer:
        by_survey = _measure_survey(survey, shapes, ctx)
        for name, column in values.items():
            is_by_survey[name] = _is_missing(column) & ~_is_missing(by_survey[name])
            column[is_by_survey[name]] = by_survey[name][is_by_survey[name]]
    return _Values(values, is_by_survey, survey)


def get_unstable_words(ctx: RuleContext) -> list[str]:
    """Return the values of the field of 稳定耕地 that mean unstable land."""
    return list(ctx.norm.get("cultivated.unstable_words"))


def _is_missing(column: NDArray) -> NDArray:
    """Return (k,) bool: values that are not filled in."""
    return column == "" if column.dtype == object else np.isnan(column)


def _read_fields(layer: Layer, ctx: RuleContext) -> dict[str, NDArray]:
    """Return (n,) values of a layer by name: net area, class of cultivated land, grades, 稳定耕地."""
    net = layer.numbers("net_area")
    gross, rate = layer.numbers("gross_area"), layer.numbers("deduction_rate")
    net = np.where(np.isnan(net), gross * (1 - rate), net)
    classed = classify_rows(layer, ctx)
    names = np.array([name if name[:2] == "01" else "" for name in classed.class_names], dtype=object)
    is_cultivated = ctx.find_cultivated_rows(layer)
    classes = np.where(is_cultivated, names[classed.class_index], "").astype(object)
    stable = np.array([one.strip() for one in layer.get_texts_by_name(ctx.norm.get("cultivated.stable_field"))], object)
    if len(stable) != len(layer):
        stable = np.full(len(layer), "", dtype=object)
    return {
        "net_area": net.astype(float),
        "land_use": classes,
        **{grade: layer.numbers(grade).astype(float) for grade in GRADES},
        "stable": stable,
    }


def _measure_survey(survey: Layer, shapes: NDArray, ctx: RuleContext) -> dict[str, NDArray]:
    """Return (k,) values of shapes by the cultivated parcels of the survey: of most land; the net area is a sum."""
    pieces = find_shared_pieces(
        survey.polygons,
        Polygons(shapes),
        left_rows=ctx.find_cultivated_rows(survey),
        tolerance=NO_TOLERANCE,
        keep_slivers=True,
        cancellation=ctx.cancellation,
    )
    if pieces.fallback_log.failed_pairs:
        raise InputError("supplement_overlay", layer=survey.name, count=len(pieces.fallback_log.failed_pairs))
    fields = _read_fields(survey, ctx)
    net = fields.pop("net_area")[pieces.left] * ctx.geometry.compute_piece_shares_of_rows(pieces, survey)
    result = {"net_area": np.full(len(shapes), np.nan)}
    has_land = np.unique(pieces.right)
    result["net_area"][has_land] = np.bincount(pieces.right, net, len(shapes))[has_land]
    for name, column in fields.items():
        values = column[pieces.left]
        known = ~_is_missing(values)
        result[name] = _choose_largest(pieces.right[known], values[known], pieces.area[known], len(shapes), column)
    return result


def _choose_largest(owners: NDArray, values: NDArray, areas: NDArray, count: int, like: NDArray) -> NDArray:
    """Return (count,) the value with the largest sum of areas of each owner; the smaller value if two are equal."""
    chosen = np.full(count, "" if like.dtype == object else np.nan, dtype=like.dtype)
    names, index = np.unique(values.astype(str) if like.dtype == object else values, return_inverse=True)
    if not len(names):
        return chosen
    pairs, place = np.unique(np.column_stack([owners, index.ravel()]), axis=0, return_inverse=True)
    sums = np.bincount(place.ravel(), areas, len(pairs))
    # The last assignment wins: that of the largest sum.
    for n in np.lexsort((-pairs[:, 1], sums)).tolist():
        chosen[pairs[n, 0]] = names[pairs[n, 1]]
    return chosen


def _exclude_by_values(pool: _Pool, values: _Values, ctx: RuleContext) -> None:
    """Take candidates out by their values; the first reason counts."""
    steep = set(ctx.norm.get("farmland.steep_classes"))
    slopes = [trim_code_padding(f"{one:g}", 0) if np.isfinite(one) else "" for one in values.columns["slope_class"]]
    for reason, is_excluded in (
        (NOT_CULTIVATED, values.columns["land_use"] == ""),
        (NO_AREA, ~(values.net_m2 > 0)),
        (SLOPE, np.isin(slopes, list(steep))),
        (UNSTABLE, np.isin(values.columns["stable"].astype(str), get_unstable_words(ctx))),
    ):
        positions = np.flatnonzero(is_excluded & np.array([one is not None for one in pool.shape], dtype=bool))
        pool.exclude(reason, dict.fromkeys(positions.tolist()), ctx)


def _exclude_land(pool: _Pool, values: _Values, ctx: RuleContext, notes: list[Message]) -> None:
    """Take excluded land out of candidates; the first reason counts."""
    _exclude_by_values(pool, values, ctx)
    farmland = ctx.plan.find_layer_of_concept("farmland")
    if farmland is not None and not farmland.has_no_geometry:
        pool.subtract(FARMLAND, farmland, None, ctx)
    for reason, layer, rows in list_excluded_layers(SECTION, ctx, notes):
        ctx.cancellation.raise_if_cancelled()
        pool.subtract(reason, layer, rows, ctx)
    within = find_shared_pieces(Polygons(pool.shape), tolerance=ctx.tolerance, cancellation=ctx.cancellation)
    pool.exclude(REPEATED, dict(_subtract_pieces(pool.shape, within.right, within.geometry)), ctx)
    least = float(get_setting(ctx.norm, "min_patch_m2"))
    pool.exclude(PATCH, dict(_drop_small_parts(pool.shape, least)), ctx)


def _drop_small_parts(shapes: NDArray, least_m2: float) -> Iterator[tuple[int, Any]]:
    """Yield position and remainder of shapes with parts below an area."""
    for position, shape in enumerate(shapes):
        parts = shapely.get_parts(shape) if shape is not None else np.zeros(0, dtype=object)
        large = parts[shapely.area(parts) >= least_m2]
        if len(large) < len(parts):
            yield position, None if not len(large) else large[0] if len(large) == 1 else shapely.multipolygons(large)


def _find_remaining_farmland(taken: TakenLand, ctx: RuleContext) -> NDArray:
    """Return the polygons of farmland that is not taken."""
    farmland = ctx.plan.find_layer_of_concept("farmland")
    if farmland is None or farmland.has_no_geometry:
        return np.zeros(0, dtype=object)
    shapes = farmland.plane_shapes[farmland.has_shape].copy()
    if taken.shapes is not None:
        pieces = find_shared_pieces(
            Polygons(shapes), Polygons(taken.shapes), tolerance=ctx.tolerance, cancellation=ctx.cancellation
        )
        for position, rest in _subtract_pieces(shapes, pieces.left, pieces.geometry):
            shapes[position] = rest
    return shapes[[one is not None for one in shapes]]


def _measure_distances(shapes: NDArray, taken_shapes: NDArray | None) -> NDArray:
    """Return (k,) distances (m) to the nearest taken parcel; NaN if the taken land has no shapes."""
    distances = np.full(len(shapes), np.nan)
    if taken_shapes is not None and len(taken_shapes) and len(shapes):
        (own, _), found = shapely.STRtree(taken_shapes).query_nearest(shapes, return_distance=True, all_matches=False)
        distances[own] = found
    return distances


def list_blocks(count: int, chosen: Sequence[int], left: NDArray, right: NDArray) -> dict[int, int]:
    """Return position → number of its block; chosen candidates that share an edge are one block."""
    chosen_set = set(chosen)
    both = np.array(
        [a in chosen_set and b in chosen_set for a, b in zip(left.tolist(), right.tolist(), strict=True)], bool
    )
    component = find_connected_components(count, left[both], right[both])
    numbers: dict[int, int] = {}
    for position in chosen:
        numbers.setdefault(int(component[position]), len(numbers) + 1)
    return {position: numbers[int(component[position])] for position in chosen}
