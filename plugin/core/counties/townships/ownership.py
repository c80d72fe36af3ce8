# SPDX-License-Identifier: GPL-2.0-or-later
"""Decide which township each row of a county belongs to, and which townships get it as a neighbour."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import Cancellation
from ...base.errors import InputError
from ...engine.context import RuleContext
from ...figures.indicators.townships import Township, get_plan_townships, split_by_township
from ...geometry.crs import make_lonlat_transformer, reproject_geometries
from ...geometry.polygons import union_polygon_rows
from ...geometry.statutory_area import compute_drawn_area
from ...plan.layer import Layer, SourceLayer
from ...plan.plan import Plan

#: Shares that differ by less are equal: rounding must not decide for a township.
_EQUAL_SHARE = 1e-9
#: A smaller share in a township is rounding along a shared edge, and no crossing.
_MIN_CROSSING_SHARE = 1e-6
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
        others = sorted(n for n, share in share_by_number.items() if share > _MIN_CROSSING_SHARE and n != owner)
        if others:
            crossing[int(fids[row])] = (owner, *others)
