# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay parcels with the survey, the other lines and the planning zones of both editions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer
from .adjustment_result import LINES, AdjustmentParcel, AdjustmentResult, LandShare, TakenLand

if TYPE_CHECKING:
    from ...engine.context import RuleContext
    from ...plan.plan import Plan

#: Every piece counts in figures, also slivers.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: A smaller share of a zone or class (m²) is not named.
_LEAST_NAMED_M2 = 1.0


class ParcelLand(NamedTuple):
    """Land of a layer's rows in parcels.

    ``parcel`` (k,): position of the parcel; ``row`` (k,): row of the layer; ``area_m2`` (k,): statutory area;
    ``row_share`` (k,): share of the row. ``has_failed``: an overlay could not be computed.
    """

    parcel: NDArray
    row: NDArray
    area_m2: NDArray
    row_share: NDArray
    has_failed: bool


def overlay_parcels(parcels: list[AdjustmentParcel], layer: Layer, ctx: RuleContext) -> ParcelLand:
    """Return the land that rows of a layer have in parcels; each place counts once, slivers included.

    The area is the share of the parcel's area, as drawn, so that a layer without gaps sums to the parcel.
    """
    shapes = np.array([one.geometry for one in parcels], dtype=object)
    pieces = find_shared_pieces(
        layer.polygons,
        Polygons(shapes),
        tolerance=_NO_TOLERANCE,
        keep_slivers=True,
        cancellation=ctx.cancellation,
    )
    has_failed = bool(pieces.fallback_log.failed_pairs)
    pieces = ctx.geometry.remove_repeated_land(pieces, layer)
    drawn = ctx.geometry.measure_drawn_areas(shapes)
    area_m2 = (
        ctx.geometry.measure_drawn_areas(pieces.geometry)
        / drawn[pieces.right]
        * np.array([one.area_m2 for one in parcels])[pieces.right]
    )
    share = ctx.geometry.compute_piece_shares_of_rows(pieces, layer)
    return ParcelLand(pieces.right, pieces.left, area_m2, share, has_failed)


def measure_land(result: AdjustmentResult, before: Plan, ctx: RuleContext) -> None:
    """Measure what the parcels of a result contain, in place; data that the sources lack go to ``missing``.

    ``before``: the earlier edition, in the same plane.
    """
    if result.parcels:
        _measure_survey(result, ctx)
        _measure_zones(result, before, ctx)
    for concept in LINES:
        if concept != result.line:
            _measure_line(result, concept, before, ctx)


def _find_usable_layer(plan: Plan, *concepts: str) -> Layer | None:
    """Return the first layer of the concepts that has shapes."""
    layers = (plan.find_layer_of_concept(concept) for concept in concepts)
    return next((layer for layer in layers if layer is not None and not layer.has_no_geometry), None)


def _measure_survey(result: AdjustmentResult, ctx: RuleContext) -> None:
    """Measure land classes, ownership, location and cultivated land of the parcels."""
    survey = _find_usable_layer(ctx.plan, "parcels", "base_parcels")
    if survey is None:
        result.missing.append(("no_survey", {}))
        return
    land = overlay_parcels(result.parcels, survey, ctx)
    if land.has_failed:
        result.missing.append(("overlay_failed", {"layer": survey.name}))
        return
    uses = _name_land_uses(survey, ctx)
    owners = _name_codes(survey, "QSXZ", "ownership", ctx)
    locations = survey.get_texts_by_name("ZLDWMC") if survey.get_column_by_name("ZLDWMC") is not None else []
    cultivated = ctx.find_cultivated_rows(survey)
    net = survey.numbers("net_area") if survey.has_values("net_area") else None
    if owners is None:
        result.missing.append(("no_ownership", {"layer": survey.name}))
    if net is None:
        result.missing.append(("no_net_area", {"layer": survey.name}))
    uncovered = 0.0
    for position, parcel in enumerate(result.parcels):
        mine = land.parcel == position
        rows, areas = land.row[mine], land.area_m2[mine]
        uncovered += max(parcel.area_m2 - float(areas.sum()), 0.0)
        parcel.land_uses = _sum_by_name(rows, areas, uses)
        parcel.ownership = _sum_by_name(rows, areas, owners) if owners is not None else ()
        if len(rows) and locations:
            parcel.location = locations[rows[np.argmax(areas)]]
        parcel.cultivated = _sum_rows(land, mine & cultivated[land.row], net)
    if uncovered > _LEAST_NAMED_M2:
        result.missing.append(("survey_gaps", {"layer": survey.name, "area": uncovered}))


def _name_land_uses(survey: Layer, ctx: RuleContext) -> list[str]:
    """Return (n,) code and name of the land class of each row."""
    codes = survey.text("land_use")
    field = survey.template.find_field("land_use")
    entries = ctx.get_code_list(field.codes).entry_by_code if field is not None and field.codes else {}
    written = survey.text("land_use_name") if survey.has_field("land_use_name") else [""] * len(codes)
    return [
        f"{code} {entries[code].name if code in entries else name}".strip()
        for code, name in zip(codes, written, strict=True)
    ]


def _name_codes(layer: Layer, field_name: str, list_name: str, ctx: RuleContext) -> list[str] | None:
    """Return (n,) names of the codes in a field; None if the layer lacks the field or all its values."""
    if layer.get_column_by_name(field_name) is None:
        return None
    codes = layer.get_texts_by_name(field_name)
    if not any(codes):
        return None
    entries = ctx.get_code_list(list_name).entry_by_code
    return [f"{code} {entries[code].name}" if code in entries else code for code in codes]


def _sum_by_name(rows: NDArray, areas: NDArray, names: list[str]) -> tuple[LandShare, ...]:
    """Return the areas of rows summed by name, the largest first."""
    sums: dict[str, float] = {}
    for row, area in zip(rows.tolist(), areas.tolist(), strict=True):
        sums[names[row]] = sums.get(names[row], 0.0) + area
    return tuple(LandShare(name, area) for name, area in sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _sum_rows(land: ParcelLand, selected: NDArray, net: NDArray | None) -> TakenLand:
    """Return area and net area of the selected pieces; ``net`` (n,): net areas of the rows, None without."""
    area = float(land.area_m2[selected].sum())
    if net is None:
        return TakenLand(area)
    net_m2 = float((land.row_share[selected] * net[land.row[selected]]).sum())
    return TakenLand(area, net_m2 if np.isfinite(net_m2) else None)


def _measure_line(result: AdjustmentResult, concept: str, before: Plan, ctx: RuleContext) -> None:
    """Measure the land of another line in the parcels: the larger area of both editions.

    A line that was cut back for the parcel is complete in the earlier edition only.
    """
    layers = [layer for plan in (before, ctx.plan) if (layer := _find_usable_layer(plan, concept)) is not None]
    if not layers:
        result.missing.append(("no_line", {"concept": concept}))
        return
    if _find_usable_layer(before, concept) is None:
        result.missing.append(("line_only_after", {"concept": concept}))
    if not result.parcels:
        return
    for layer in layers:
        land = overlay_parcels(result.parcels, layer, ctx)
        if land.has_failed:
            result.missing.append(("overlay_failed", {"layer": layer.name}))
            for parcel in result.parcels:
                parcel.taken.pop(concept, None)
            return
        net = layer.numbers("net_area") if concept == "farmland" and layer.has_values("net_area") else None
        if concept == "farmland" and net is None:
            result.missing.append(("no_net_area", {"layer": layer.name}))
        for position, parcel in enumerate(result.parcels):
            taken = _sum_rows(land, land.parcel == position, net)
            former = parcel.taken.get(concept)
            if former is None or taken.area_m2 > former.area_m2:
                parcel.taken[concept] = taken


def _measure_zones(result: AdjustmentResult, before: Plan, ctx: RuleContext) -> None:
    """Add the planning zones of both editions at the parcels."""
    for plan, side, key in ((before, "zones_before", "no_zones_before"), (ctx.plan, "zones_after", "no_zones_after")):
        layer = _find_usable_layer(plan, "zones")
        if layer is None:
            result.missing.append((key, {}))
            continue
        names, codes = layer.text("zone_name"), layer.text("zone_code")
        labels = [name or code for name, code in zip(names, codes, strict=True)]
        land = overlay_parcels(result.parcels, layer, ctx)
        if land.has_failed:
            result.missing.append(("overlay_failed", {"layer": layer.name}))
            continue
        for position, parcel in enumerate(result.parcels):
            mine = land.parcel == position
            shares = _sum_by_name(land.row[mine], land.area_m2[mine], labels)
            named = (one.name for one in shares if one.area_m2 >= _LEAST_NAMED_M2)
            setattr(parcel, side, tuple(dict.fromkeys((*getattr(parcel, side), *named))))
