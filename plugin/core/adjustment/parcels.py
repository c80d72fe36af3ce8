# SPDX-License-Identifier: GPL-2.0-or-later
"""Join the changed pieces of a comparison to parcels: connected parts of the difference of two editions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from ..geometry.polygons import find_connected_components
from ..versions.model import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, ChangedPiece, VersionComparison
from .model import AdjustmentParcel

if TYPE_CHECKING:
    from ..engine.context import RuleContext
    from ..plan.layer import Layer

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
