# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a control line before and after a change (局部优化): read, compare, measure, judge.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import mask_source, name_source
from ...base.errors import InputError
from ...base.files.writing import is_same_file
from ...engine.context import RuleContext
from ...geometry.polygons import find_connected_components
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
from ...render.versions.shift_search import make_shift_limits
from ...standard.profile import Norm
from .adjustment_result import LINES, AdjustmentOptions, AdjustmentParcel, AdjustmentResult, AdjustmentSettings
from .criteria import judge_criteria
from .land import measure_land

ProgressCallback = Callable[[float, str], None]
#: Shares of the progress: reading the later county, the earlier edition, comparing.
_AFTER_SHARE, _BEFORE_SHARE, _COMPARED_SHARE = 0.3, 0.45, 0.6
#: Concepts that are read of the earlier edition in addition to the line.
_CONCEPTS_BEFORE = (*LINES, "zones", "townships")


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
    if after_layer is None or after_layer.has_no_geometry:
        raise InputError("adjustment_no_line", source=plan.source, roles=", ".join(_list_roles(norm, options.line)))
    progress(_AFTER_SHARE, "")
    before = read_earlier_edition(options.before, options.line, plan, cancellation)
    before_layer = before.find_layer_of_concept(options.line)
    if before_layer is None or before_layer.has_no_geometry:
        raise InputError(
            "adjustment_no_line", source=str(options.before), roles=", ".join(_list_roles(norm, options.line))
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
    result = AdjustmentResult(
        plan,
        before,
        options.line,
        name_source(str(options.before)),
        comparison,
        make_parcels(comparison, ctx),
        AdjustmentSettings.from_norm(plan.norm),
        options.run.lang,
    )
    if not get_township_polygons(plan, before).names:
        result.missing.append(("no_townships", {}))
    measure_land(result, before, ctx)
    cancellation.raise_if_cancelled()
    judge_criteria(result, before_layer, ctx)
    progress(1.0, "")
    return result


def _list_roles(norm: Norm, concept: str) -> tuple[str, ...]:
    """Return the layer codes of a concept."""
    return norm.standard.concepts.get(concept, (concept,))


def read_earlier_edition(
    source: str | Path, line: str, plan: Plan, cancellation: Cancellation = NEVER_CANCELLED
) -> Plan:
    """Read the earlier edition of a line, with the other lines and zones that the source has, in a plan's plane.

    The only layer of a file is the line, whatever its name is. Raise InputError if the source lacks the line or is the
    later county itself.
    """
    from ...plan.io import read_source
    from ...plan.loading.assembly import assemble_plan
    from ...plan.loading.recognition import find_role

    if any(is_same_file(source, path) for path in (plan.source, *plan.input_files)):
        raise InputError("baseline_is_source", source=str(source))
    norm = plan.norm
    line_roles = _list_roles(norm, line)
    roles = {role for concept in _CONCEPTS_BEFORE for role in _list_roles(norm, concept)}
    select_layer = make_plan_layer_selector(norm, {})

    def is_selected(layer: SourceLayer) -> bool | frozenset[str]:
        """Return False for a layer of no compared role, else the fields to read."""
        return select_layer(layer) if find_role(layer, norm)[0] in roles else False

    layers = read_source(source, select_layer=is_selected, cancellation=cancellation)
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


#: Kinds in the order of the numbers.
_KINDS = (MOVED_IN_KIND, MOVED_OUT_KIND, CHANGED_KIND)


def make_parcels(comparison: VersionComparison, ctx: RuleContext) -> list[AdjustmentParcel]:
    """Return the parcels of a comparison, numbered by kind and by size, the largest first.

    Pieces that share an edge are one parcel, also across rows and townships; pieces that touch in a point are not. The
    area of a parcel is the sum of its pieces. Changed pieces count only if the zone of the line changed.
    """
    zone_field = comparison.later_edition.layer.get_field_name("zone_code")
    parcels: list[AdjustmentParcel] = []
    for kind in _KINDS:
        pieces = [
            piece
            for piece in comparison.list_pieces_of_kind(kind)
            if kind != CHANGED_KIND or any(name == zone_field for name, _, _ in piece.value_changes)
        ]
        pieces = _split_into_polygons(pieces, ctx)
        groups = _group_connected_pieces(pieces, ctx.tolerance.min_width_m, ctx.tolerance.edge_match_m)
        made = [_make_parcel(kind, group, comparison, ctx) for group in groups]
        made.sort(key=lambda one: (-one.area_m2, one.geometry.wkb))
        parcels += made
    for number, parcel in enumerate(parcels, 1):
        parcel.number = number
    return parcels


def _split_into_polygons(pieces: Sequence[ChangedPiece], ctx: RuleContext) -> list[ChangedPiece]:
    """Return pieces of one polygon each; the areas of a divided piece are shared by the areas as drawn."""
    polygons: list[ChangedPiece] = []
    for piece in pieces:
        parts = shapely.get_parts(piece.geometry)
        if len(parts) == 1:
            polygons.append(replace(piece, geometry=parts[0]))
            continue
        areas = ctx.geometry.measure_drawn_areas(parts)
        polygons += [
            replace(piece, geometry=part, area_m2=float(share * piece.area_m2))
            for part, share in zip(parts, areas / areas.sum(), strict=True)
        ]
    return polygons


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


def _make_parcel(
    kind: str, pieces: list[ChangedPiece], comparison: VersionComparison, ctx: RuleContext
) -> AdjustmentParcel:
    """Return the parcel of connected pieces, not yet numbered."""
    by_township: dict[str, float] = {}
    for piece in pieces:
        by_township[piece.township] = by_township.get(piece.township, 0.0) + piece.area_m2
    shape = shapely.union_all([piece.geometry for piece in pieces])
    before, after = comparison.earlier_edition, comparison.later_edition
    return AdjustmentParcel(
        0,
        kind,
        shape,
        sum(piece.area_m2 for piece in pieces),
        dict(sorted(by_township.items(), key=lambda item: -item[1])),
        zones_before=_list_line_zones(before.layer, [piece.before_row for piece in pieces]),
        zones_after=_list_line_zones(after.layer, [piece.after_row for piece in pieces]),
        adjoins=bool(shapely.dwithin(before.shapes, shape, ctx.tolerance.edge_match_m).any()),
    )


def _list_line_zones(layer: Layer, rows: list[int]) -> tuple[str, ...]:
    """Return the names of the line's zones in some rows (−1: outside), without repetition."""
    codes = layer.text("zone_code") if layer.has_field("zone_code") else []
    names = layer.text("zone_name") if layer.has_field("zone_name") else []
    zones = [(names[n] if names and names[n] else "") or (codes[n] if codes else "") for n in rows if n >= 0]
    return tuple(dict.fromkeys(zone for zone in zones if zone))
