# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a control line before and after a change (局部优化): read, compare, overlay the parcels, judge.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.connection_text import mask_source, name_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback, require_value
from ...base.files.writing import is_same_file
from ...engine.context import RuleContext
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import Polygons, find_connected_components
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.reading import make_plan_layer_selector, read_plan
from ...plan.plan import Plan
from ...render.versions.baseline import get_township_polygons
from ...render.versions.compare import compare_layers
from ...render.versions.edition_comparison import (
    CHANGED_KIND,
    MOVED_IN_KIND,
    MOVED_OUT_KIND,
    ChangedPiece,
    VersionComparison,
    make_edition,
)
from ...render.versions.edition_pairing import make_shift_limits
from .adjustment_result import (
    ADJUSTMENT_SECTION,
    LINES,
    AdjustmentOptions,
    AdjustmentParcel,
    AdjustmentResult,
    AdjustmentSettings,
    LandShare,
    TakenLand,
    judge_criteria,
)

#: Shares of the progress: reading the later county, the earlier edition, comparing.
_AFTER_SHARE, _BEFORE_SHARE, _COMPARED_SHARE = 0.3, 0.45, 0.6
#: Every piece counts in figures, also slivers.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: A smaller share of a zone or class (m²) is not named.
_LEAST_NAMED_M2 = 1.0


def compare_line(
    sources: str | Path | Iterable[SourceLayer],
    options: AdjustmentOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> AdjustmentResult:
    """Compare a line of an earlier edition with that of a county; return parcels, criteria and missing data.

    ``sources``: the later county, a file, a folder or layers already read; ``source`` names the origin of layers.

    Raises
    ------
    InputError, DataError
        The line is unknown or missing in an edition, or a source cannot be read.
    Cancelled
    """
    if options.line not in LINES:
        raise InputError("adjustment_line", value=options.line, known=", ".join(LINES))
    norm = options.run.resolve_norm()
    progress(0.0, "")
    plan = read_plan(sources, norm, options.run, source=source, cancellation=cancellation)
    after_layer = plan.find_layer_of_concept(options.line)
    roles = ", ".join(plan.list_roles_of_concept(options.line))
    if after_layer is None or after_layer.has_no_geometry:
        raise InputError("adjustment_no_line", source=plan.source, roles=roles)
    progress(_AFTER_SHARE, "")
    before = read_earlier_edition(options.before, options.line, plan, cancellation)
    before_layer = before.find_layer_of_concept(options.line)
    if before_layer is None or before_layer.has_no_geometry:
        raise InputError("adjustment_no_line", source=str(options.before), roles=roles)
    return compare_plans(plan, before, options, progress=progress, cancellation=cancellation)


def compare_plans(
    plan: Plan,
    before: Plan,
    options: AdjustmentOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> AdjustmentResult:
    """Compare a line of two plans in one plane; both have it. Raise Cancelled."""
    before_layer, after_layer = (
        require_value(one.find_layer_of_concept(options.line), "a line") for one in (before, plan)
    )
    progress(_BEFORE_SHARE, "")
    tolerance = options.run.tolerance or plan.norm.make_tolerance()
    comparison = compare_layers(
        make_edition(before_layer),
        make_edition(after_layer),
        tolerance=tolerance,
        townships=get_township_polygons(plan, before),
        shift_limits=make_shift_limits(plan.norm),
        cancellation=cancellation,
    )
    progress(_COMPARED_SHARE, "")
    ctx = RuleContext(plan, plan.norm, tolerance, cancellation=cancellation, lang=options.run.lang)
    names = AdjustmentSettings.__dataclass_fields__
    result = AdjustmentResult(
        plan,
        before,
        options.line,
        name_source(str(options.before)),
        comparison,
        make_parcels(comparison, ctx),
        AdjustmentSettings(**{name: plan.norm.get(f"{ADJUSTMENT_SECTION}.{name}") for name in names}),
        options.run.lang,
    )
    if not get_township_polygons(plan, before).names:
        result.missing.append(("no_townships", {}))
    measure_land(result, before, ctx)
    cancellation.raise_if_cancelled()
    judge_criteria(result, before_layer, ctx)
    progress(1.0, "")
    return result


def read_earlier_edition(source: str | Path, line: str, plan: Plan, cancellation: Cancellation) -> Plan:
    """Read the earlier edition of a line, with other lines, zones and townships of the source, in a plan's plane.

    The only layer of a file is the line, whatever its name is. Raise InputError if the source lacks the line or is the
    later county itself.
    """
    from ...plan.io import read_source
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.recognition import find_role

    if any(is_same_file(source, path) for path in (plan.source, *plan.input_files)):
        raise InputError("baseline_is_source", source=str(source))
    norm = plan.norm
    line_roles = plan.list_roles_of_concept(line)
    roles = {
        role for concept in (*LINES, "cultivated", "zones", "townships") for role in plan.list_roles_of_concept(concept)
    }
    select_layer = make_plan_layer_selector(norm, {})

    layers = read_source(
        source,
        select_layer=lambda layer: find_role(layer, norm)[0] in roles and select_layer(layer),
        cancellation=cancellation,
    )
    chosen = [layer for layer in layers if find_role(layer, norm)[0] in roles]
    names: dict[str, str] = {}
    if not any(find_role(layer, norm)[0] in line_roles for layer in chosen):
        if len(layers) != 1 or layers[0].problem or find_role(layers[0], norm)[0]:
            raise InputError("adjustment_no_line", source=str(source), roles=", ".join(line_roles))
        chosen = read_source(source, cancellation=cancellation)
        after_layer = plan.find_layer_of_concept(line)
        names = {after_layer.role if after_layer is not None else line_roles[0]: chosen[0].full_name}
    return assemble_plan(
        chosen,
        norm,
        roles=names,
        scope="three_lines",
        source=mask_source(source),
        reference_plan=plan,
        cancellation=cancellation,
    )


def make_parcels(comparison: VersionComparison, ctx: RuleContext) -> list[AdjustmentParcel]:
    """Return the parcels of a comparison, numbered by kind and by size, the largest first.

    Pieces that share an edge are one parcel, also across rows and townships; pieces that touch in a point are not. The
    area of a parcel is the sum of its pieces. Changed pieces count only if the zone of the line changed.
    """
    before, after = comparison.earlier_edition, comparison.later_edition
    zone_field = after.layer.get_field_name("zone_code")
    parcels: list[AdjustmentParcel] = []
    for kind in (MOVED_IN_KIND, MOVED_OUT_KIND, CHANGED_KIND):
        pieces = [
            piece
            for piece in comparison.list_pieces_of_kind(kind)
            if kind != CHANGED_KIND or any(name == zone_field for name, _, _ in piece.value_changes)
        ]
        # Pieces of one polygon each; the areas of a divided piece are shared by the areas as drawn.
        polygons: list[ChangedPiece] = []
        for piece in pieces:
            parts = shapely.get_parts(piece.geometry)
            areas = ctx.geometry.measure_drawn_areas(parts) if len(parts) > 1 else np.ones(len(parts))
            polygons += [
                replace(piece, geometry=part, area_m2=float(share * piece.area_m2))
                for part, share in zip(parts, areas / areas.sum(), strict=True)
            ]
        groups = _group_connected_pieces(polygons, ctx.tolerance.min_width_m, ctx.tolerance.edge_match_m)
        made = []
        for group in groups:
            by_township: dict[str, float] = {}
            for piece in group:
                by_township[piece.township] = by_township.get(piece.township, 0.0) + piece.area_m2
            shape = shapely.union_all([piece.geometry for piece in group])
            made.append(
                AdjustmentParcel(
                    0,
                    kind,
                    shape,
                    sum(piece.area_m2 for piece in group),
                    dict(sorted(by_township.items(), key=lambda item: -item[1])),
                    zones_before=_list_line_zones(before.layer, [piece.before_row for piece in group]),
                    zones_after=_list_line_zones(after.layer, [piece.after_row for piece in group]),
                    adjoins=bool(shapely.dwithin(before.shapes, shape, ctx.tolerance.edge_match_m).any()),
                )
            )
        parcels += sorted(made, key=lambda one: (-one.area_m2, one.geometry.wkb))
    for number, parcel in enumerate(parcels, 1):
        parcel.number = number
    return parcels


def _group_connected_pieces(
    pieces: Sequence[ChangedPiece], min_shared_m: float, reach_m: float
) -> list[list[ChangedPiece]]:
    """Return the pieces in groups that share edges.

    ``min_shared_m``: length (m) from which a common edge connects; ``reach_m``: edges this near (m) are one.
    """
    shapes = np.array([piece.geometry for piece in pieces], dtype=object)
    if not len(shapes):
        return []
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=reach_m)
    left, right = left[left < right], right[left < right]
    # Near a corner the reach alone gives a length of a few times the reach.
    shared = shapely.length(
        shapely.intersection(shapely.boundary(shapes[left]), shapely.buffer(shapes[right], reach_m))
    )
    is_connected = shared > max(min_shared_m, 8 * reach_m)
    group = find_connected_components(len(shapes), left[is_connected], right[is_connected])
    return [[pieces[n] for n in np.flatnonzero(group == one).tolist()] for one in np.unique(group).tolist()]


def _list_line_zones(layer: Layer, rows: list[int]) -> tuple[str, ...]:
    """Return the names of the line's zones in some rows (−1: outside), without repetition."""
    codes = layer.text("zone_code") if layer.has_field("zone_code") else []
    names = layer.text("zone_name") if layer.has_field("zone_name") else []
    zones = [(names[n] if names and names[n] else "") or (codes[n] if codes else "") for n in rows if n >= 0]
    return tuple(dict.fromkeys(zone for zone in zones if zone))


class ParcelLand(NamedTuple):
    """Land of a layer's rows in parcels.

    ``parcel`` (k,): position of the parcel; ``row`` (k,): row of the layer; ``area_m2`` (k,): statutory area;
    ``row_share`` (k,): share of the row.
    """

    parcel: NDArray
    row: NDArray
    area_m2: NDArray
    row_share: NDArray


def overlay_parcels(result: AdjustmentResult, layer: Layer, ctx: RuleContext) -> ParcelLand | None:
    """Return the land that rows of a layer have in parcels; each place counts once, slivers included.

    The area is the share of the parcel's area, as drawn, so that a layer without gaps sums to the parcel. If an overlay
    could not be computed, return None; ``missing`` of the result names the layer.
    """
    shapes = np.array([one.geometry for one in result.parcels], dtype=object)
    pieces = find_shared_pieces(
        layer.polygons,
        Polygons(shapes),
        tolerance=_NO_TOLERANCE,
        keep_slivers=True,
        cancellation=ctx.cancellation,
    )
    if pieces.fallback_log.failed_pairs:
        result.missing.append(("overlay_failed", {"layer": layer.name}))
        return None
    pieces = ctx.geometry.remove_repeated_land(pieces, layer)
    return ParcelLand(
        pieces.right,
        pieces.left,
        ctx.geometry.measure_drawn_areas(pieces.geometry)
        / ctx.geometry.measure_drawn_areas(shapes)[pieces.right]
        * np.array([one.area_m2 for one in result.parcels])[pieces.right],
        ctx.geometry.compute_piece_shares_of_rows(pieces, layer),
    )


def measure_land(result: AdjustmentResult, before: Plan, ctx: RuleContext) -> None:
    """Measure what the parcels of a result contain, in place; data that the sources lack go to ``missing``.

    ``before``: the earlier edition, in the same plane.
    """
    if result.parcels:
        _measure_survey(result, ctx)
        for plan, side, key in (
            (before, "zones_before", "no_zones_before"),
            (ctx.plan, "zones_after", "no_zones_after"),
        ):
            layer = plan.find_drawn_layer("zones")
            if layer is None:
                result.missing.append((key, {}))
                continue
            names, codes = layer.text("zone_name"), layer.text("zone_code")
            labels = [name or code for name, code in zip(names, codes, strict=True)]
            land = overlay_parcels(result, layer, ctx)
            if land is None:
                continue
            for position, parcel in enumerate(result.parcels):
                mine = land.parcel == position
                shares = _sum_by_name(land.row[mine], land.area_m2[mine], labels)
                named = (one.name for one in shares if one.area_m2 >= _LEAST_NAMED_M2)
                setattr(parcel, side, tuple(dict.fromkeys((*getattr(parcel, side), *named))))
    for concept in LINES:
        if concept != result.line:
            _measure_line(result, concept, before, ctx)


def _measure_survey(result: AdjustmentResult, ctx: RuleContext) -> None:
    """Measure land classes, ownership, location and cultivated land of the parcels."""
    survey = ctx.plan.find_drawn_layer("parcels", "base_parcels")
    if survey is None:
        result.missing.append(("no_survey", {}))
        return
    land = overlay_parcels(result, survey, ctx)
    if land is None:
        return
    codes = survey.text("land_use")
    field = survey.template.find_field("land_use")
    entries = ctx.get_code_list(field.codes).entry_by_code if field is not None and field.codes else {}
    written = survey.text("land_use_name") if survey.has_field("land_use_name") else [""] * len(codes)
    uses = [
        f"{code} {entries[code].name if code in entries else name}".strip()
        for code, name in zip(codes, written, strict=True)
    ]
    owners = None
    owner_codes = survey.get_texts_by_name("QSXZ") if survey.get_column_by_name("QSXZ") is not None else []
    if any(owner_codes):
        known = ctx.get_code_list("ownership").entry_by_code
        owners = [f"{code} {known[code].name}" if code in known else code for code in owner_codes]
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
    layers = [layer for plan in (before, ctx.plan) if (layer := plan.find_drawn_layer(concept)) is not None]
    if not layers:
        result.missing.append(("no_line", {"concept": concept}))
        return
    if before.find_drawn_layer(concept) is None:
        result.missing.append(("line_only_after", {"concept": concept}))
    if not result.parcels:
        return
    for layer in layers:
        land = overlay_parcels(result, layer, ctx)
        if land is None:
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
