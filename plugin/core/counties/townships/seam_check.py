# SPDX-License-Identifier: GPL-2.0-or-later
"""Find seams at township borders that a merge has made: gaps, overlaps, stops, shifts and other codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...engine.context import RuleContext
from ...figures.indicators.townships import Township, get_plan_townships, split_by_township
from ...geometry.crs import make_lonlat_transformer, reproject_to_lonlat
from ...geometry.overlay import find_shared_pieces
from ...geometry.statutory_area import compute_drawn_area
from ...model.rule import Severity
from ...plan.layer import Layer
from ...plan.plan import Plan
from ..seams.check_seams import compare_counties
from ..seams.placing import READ_REACHES, place_counties
from ..seams.seam_result import CountyBorders, SeamFinding, SeamKind, SeamSettings, SeamSide
from .ownership import make_township_areas

#: A row has this share or more of its area in a township that it counts for.
_MIN_SHARE = 1e-6


def find_new_seams(
    before: Plan,
    after: Plan,
    editors: Mapping[tuple[str, str], str],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[list[SeamFinding], int]:
    """Return the seams of the merged county that the county did not have, and the number of those that it had.

    ``before``: the county; ``after``: the merged copy; ``editors``: name of a layer and key of an edited row → code of
    the township of its package. Seams of `core.counties.seams` are found between townships, and so are
    overlaps of edited features with those of another township, in layers that may not overlap. The counties of a
    finding are the names of townships; an overlap of features has no length. Raise Cancelled.
    """
    settings = SeamSettings.from_norm(after.norm)
    former = {one.fingerprint for one in _compare_townships(before, settings, cancellation)}
    found = _compare_townships(after, settings, cancellation)
    seams = [one for one in found if one.fingerprint not in former]
    # An edited feature belongs to the township of its package, another one to that with the largest share of it.
    ctx = RuleContext(after, after.norm, after.norm.make_tolerance(), cancellation=cancellation)
    found_townships = get_plan_townships(ctx)
    townships = [] if found_townships is None else found_townships[1]
    position_by_code = {one.code: number for number, one in enumerate(townships) if one.code}
    for role, layer in after.layers.items():
        if layer.template.overlap != "never" or layer.template.geometry != "polygon" or not len(layer):
            continue
        # Rows with a key and geometry that no row of the former layer has.
        rows = list(zip(layer.keys, shapely.to_wkb(layer.raw_shapes), strict=True))
        former_layer = before.layers.get(role)
        known = (
            set(zip(former_layer.keys, shapely.to_wkb(former_layer.raw_shapes), strict=True)) if former_layer else set()
        )
        edited = np.array([shape is not None and (key, shape) not in known for key, shape in rows], dtype=bool)
        split = split_by_township(layer, ctx) if edited.any() else None
        if split is None:
            continue
        owners = np.full(len(layer), -1)
        order = np.lexsort((-split.township_of_share, split.area_shares))
        owners[split.row_of_share[order]] = split.township_of_share[order]
        for row in np.flatnonzero(edited).tolist():
            owners[row] = position_by_code.get(editors.get((layer.name, layer.keys[row]), ""), owners[row])
        pieces = find_shared_pieces(layer.polygons, tolerance=ctx.tolerance, focus=edited, cancellation=cancellation)
        for left, right, shape in zip(pieces.left.tolist(), pieces.right.tolist(), pieces.geometry, strict=True):
            if owners[left] == owners[right] or min(owners[left], owners[right]) < 0:
                continue
            sides = [
                SeamSide(townships[owners[row]].name, _make_identity(townships[owners[row]]), (layer.keys[row],))
                for row in (left, right)
            ]
            shapes: NDArray = np.array([shape], dtype=object)
            area = float(compute_drawn_area(shapes, make_lonlat_transformer(after.plane_crs))[0])
            place = reproject_to_lonlat(shapes, after.plane_crs)[0]
            seams.append(
                SeamFinding(
                    SeamKind.OVERLAP, Severity.WARNING, role, (sides[0], sides[1]), place, length_m=None, area_m2=area
                )
            )
    return seams, sum(one.fingerprint in former for one in found)


def _make_identity(township: Township) -> str:
    """Return the code of a township, else its name."""
    return township.code or township.name


def _compare_townships(plan: Plan, settings: SeamSettings, cancellation: Cancellation) -> list[SeamFinding]:
    """Return the seams between the townships of a plan; empty for fewer than two townships."""
    ctx = RuleContext(plan, plan.norm, settings.tolerance, cancellation=cancellation)
    found = get_plan_townships(ctx)
    if found is None:
        return []
    township_layer, townships, township_of_row = found
    areas = make_township_areas(township_layer, township_of_row, len(townships), plan)
    layers = {
        one.concept: layer
        for one in settings.layers
        if (layer := plan.find_layer_of_concept(one.concept)) is not None and not layer.has_no_geometry
    }
    borders = []
    for number, township in enumerate(townships):
        cancellation.raise_if_cancelled()
        rows = np.flatnonzero((township_of_row == number) & township_layer.has_shape)
        if not len(rows) or areas[number] is None:
            continue
        near = shapely.boundary(areas[number])
        borders.append(
            CountyBorders(
                township.name or township.code,
                area_code=_make_identity(township),
                area_name=township.name,
                outline=township_layer.select_rows(rows),
                layers={
                    concept: _select_rows(layer, number, near, READ_REACHES * settings.reach_m, ctx)
                    for concept, layer in layers.items()
                },
                crs=plan.plane_crs,
            )
        )
    if len(borders) < 2:
        return []
    placed = place_counties(borders, settings.layers, settings.tolerance)
    return [
        finding for pair in compare_counties(placed, settings, cancellation=cancellation) for finding in pair.findings
    ]


def _select_rows(layer: Layer, township: int, border: Any, distance_m: float, ctx: RuleContext) -> Layer:
    """Return the rows of a layer in a township near its border; a row in two townships is in both."""
    split = split_by_township(layer, ctx)
    if split is None:
        return layer.select_rows(np.array([], dtype=int))
    inside = (split.township_of_share == township) & (split.area_shares > _MIN_SHARE)
    rows = np.unique(split.row_of_share[inside])
    return layer.select_rows(rows[shapely.dwithin(layer.plane_shapes[rows], border, distance_m)])
