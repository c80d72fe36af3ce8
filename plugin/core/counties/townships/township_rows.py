# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows and townships: which township each row of a county belongs to, and new seams at the borders of townships.

A split hands a row out to its township, and as a neighbour to others. A merge may make seams: gaps, overlaps, stops,
shifts and other codes.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...engine.context import RuleContext
from ...figures.indicators.townships import Township, get_plan_townships, split_by_township
from ...geometry.crs import make_lonlat_transformer, reproject_geometries, reproject_to_lonlat
from ...geometry.overlay import find_shared_pieces
from ...geometry.polygons import union_polygon_rows
from ...geometry.statutory_area import compute_drawn_area
from ...model.rule import Severity
from ...plan.layer import Layer, SourceLayer
from ...plan.plan import Plan
from ..seams.check_seams import compare_counties
from ..seams.placing import READ_REACHES, place_counties
from ..seams.seam_result import CountyBorders, SeamFinding, SeamKind, SeamSettings, SeamSide

#: A smaller share in a township is rounding along a shared edge: the row does not count for it, nor cross into it.
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
            sides = []
            for row in (left, right):
                township = townships[owners[row]]
                sides.append(SeamSide(township.name, township.code or township.name, (layer.keys[row],)))
            shapes: NDArray = np.array([shape], dtype=object)
            area = float(compute_drawn_area(shapes, make_lonlat_transformer(after.plane_crs))[0])
            seams.append(
                SeamFinding(
                    SeamKind.OVERLAP,
                    Severity.WARNING,
                    role,
                    (sides[0], sides[1]),
                    reproject_to_lonlat(shapes, after.plane_crs)[0],
                    length_m=None,
                    area_m2=area,
                )
            )
    return seams, sum(one.fingerprint in former for one in found)


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
                area_code=township.code or township.name,
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


#: Shares that differ by less are equal: rounding must not decide for a township.
_EQUAL_SHARE = 1e-9

#: Path of a data set and name of a layer in it.
LayerKey = tuple[str, str]


@dataclass
class Ownership:
    """The township of each row of a county.

    ``townships``: by code; ``owners``: layer → feature id → position of its township; rows that are not listed belong
    to none. ``crossing``: layer → feature id → positions of all its townships, the owner first. ``near``: layer →
    feature id → positions of the townships that get the row as a neighbour.
    """

    townships: tuple[Township, ...]
    owners: dict[LayerKey, dict[int, int]] = field(default_factory=dict)
    crossing: dict[LayerKey, dict[int, tuple[int, ...]]] = field(default_factory=dict)
    near: dict[LayerKey, dict[int, tuple[int, ...]]] = field(default_factory=dict)

    def find_owner(self, layer: LayerKey, fid: int) -> int:
        """Return the position of the township of a row; the number of townships for a row in none."""
        return self.owners.get(layer, {}).get(fid, len(self.townships))


def make_layer_key(source: SourceLayer) -> LayerKey:
    """Return the key of a layer as read."""
    return os.path.abspath(source.source), source.name


def assign_rows(plan: Plan, sources: list[SourceLayer], distance_m: float, cancellation: Cancellation) -> Ownership:
    """Return the township of each row with a shape.

    A polygon belongs to the township with the largest statutory area of it, a line to that with its greatest length;
    of equal ones the first by code counts. ``sources``: all layers of the county, also those that the plan does not
    use; ``distance_m``: rows this near (m) to a township are its neighbours. Raise InputError without townships.
    """
    ctx = RuleContext(plan, plan.norm, plan.norm.make_tolerance(), cancellation=cancellation)
    found = get_plan_townships(ctx)
    if found is None or not found[0].has_shape.any():
        raise InputError("townships_no_layer", source=plan.source)
    township_layer, townships, township_of_row = found
    areas = make_township_areas(township_layer, township_of_row, len(townships), plan)
    ownership = Ownership(tuple(townships))
    layer_by_key = {make_layer_key(layer.source): layer for layer in plan.layers.values()}
    for source in sources:
        cancellation.raise_if_cancelled()
        if source.problem is not None or not len(source.frame):
            continue
        key = make_layer_key(source)
        layer = layer_by_key.get(key)
        if layer is not None and not layer.has_wrong_geometry_type:
            split = split_by_township(layer, ctx)
            if split is None:
                raise InputError("townships_no_layer", source=plan.source)
            shapes, parts = layer.plane_shapes, (split.row_of_share, split.township_of_share, split.area_shares)
        elif source.crs is not None:
            shapes = reproject_geometries(source.frame.geometry.to_numpy(), source.crs, plan.plane_crs)
            # The plan does not use the layer: polygons are measured on the ellipsoid, lines by length; a point is in
            # the first of its townships.
            row_numbers, positions = shapely.STRtree(areas).query(shapes, predicate="intersects")
            repaired = shapes.copy()
            invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
            repaired[invalid] = shapely.make_valid(shapes[invalid])
            pieces = shapely.intersection(repaired[row_numbers], areas[positions])
            dimensions = shapely.get_dimensions(shapes)[row_numbers]
            sizes = np.where(
                dimensions == 2,
                compute_drawn_area(pieces, make_lonlat_transformer(plan.plane_crs)),
                shapely.length(pieces),
            )
            sizes = np.where(dimensions == 0, 1.0, sizes)
            totals = np.bincount(row_numbers, weights=sizes, minlength=len(shapes))
            counts = (sizes > 0) & (totals[row_numbers] > 0)
            parts = row_numbers[counts], positions[counts], sizes[counts] / totals[row_numbers][counts]
        else:
            # Coordinates without a CRS cannot be placed.
            continue
        fids = source.frame.index.to_numpy()
        _set_owners(ownership, key, fids, parts)
        numbers, rows = shapely.STRtree(shapes).query(areas, predicate="dwithin", distance=distance_m)
        near: dict[int, list[int]] = defaultdict(list)
        for number, row in sorted(zip(numbers.tolist(), rows.tolist(), strict=True)):
            fid = int(fids[row])
            if ownership.find_owner(key, fid) != number:
                near[fid].append(number)
        ownership.near[key] = {fid: tuple(numbers) for fid, numbers in near.items()}
    return ownership


def make_township_areas(layer: Layer, township_of_row: NDArray, count: int, plan: Plan) -> NDArray:
    """Return (count,) the area of each township in the plane of the plan; None for one without a shape."""
    areas: NDArray = np.full(count, None, dtype=object)
    for number in range(count):
        rows = np.flatnonzero((township_of_row == number) & layer.has_shape)
        if len(rows):
            areas[number] = union_polygon_rows(layer.select_rows(rows).polygons, tolerance=plan.norm.make_tolerance())
    return areas


def _set_owners(ownership: Ownership, key: LayerKey, fids: NDArray, parts: tuple[NDArray, NDArray, NDArray]) -> None:
    """Set the owners and the crossing rows of a layer from the parts of its rows."""
    shares: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row, number, share in zip(*(one.tolist() for one in parts), strict=True):
        shares[row][number] += share
    owners, crossing = ownership.owners.setdefault(key, {}), ownership.crossing.setdefault(key, {})
    for row, share_by_number in shares.items():
        largest = max(share_by_number.values())
        if largest <= 0:
            continue
        owner = min(number for number, share in share_by_number.items() if share >= largest - _EQUAL_SHARE)
        owners[int(fids[row])] = owner
        others = sorted(n for n, share in share_by_number.items() if share > _MIN_SHARE and n != owner)
        if others:
            crossing[int(fids[row])] = (owner, *others)
