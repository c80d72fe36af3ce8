# SPDX-License-Identifier: GPL-2.0-or-later
"""Balance the areas of features that fixes change; a feature counts once, however many fixes change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.validity import extract_polygons
from .proposal import AreaChange, Proposal


def balance_areas(
    role: str, lands: Mapping[int, tuple[Any, Any, Any]], plane_crs: Any, shapes_after: list[Any] | None = None
) -> AreaChange:
    """Return the area balance of features of a layer.

    ``lands``: as in `AreaChange`; ``shapes_after``: the rows after the edits, in the plane. If they are None, the areas
    afterwards follow from the others.
    """
    sides = [[shape for shape in side if shape is not None] for side in zip(*lands.values(), strict=True)]
    columns = [_make_array(side) for side in (*sides, shapes_after or [])]
    planar = [float(np.nansum(shapely.area(column))) for column in columns]
    polygons = [_make_array([one for shape in column if (one := extract_polygons(shape))]) for column in columns]
    ends = np.cumsum([len(one) for one in polygons])
    drawn_areas = compute_drawn_area(np.concatenate(polygons), crs_care.make_lonlat_transformer(plane_crs))
    ellipsoid = [float(np.nansum(areas)) for areas in np.split(drawn_areas, ends[:-1])]
    if shapes_after is None:
        planar[3], ellipsoid[3] = (one[0] - one[1] + one[2] for one in (planar, ellipsoid))
    moved_out, moved_in = (extract_polygons(shapely.union_all(polygons[side])) for side in (1, 2))
    change = AreaChange(role, len(lands), *planar, *ellipsoid)
    return replace(change, moved_in=moved_in, moved_out=moved_out, lands=dict(lands))


def sum_area_changes(proposals: Iterable[Proposal], plane_crs: Any) -> list[AreaChange]:
    """Return the area balance of each layer that proposals change together; each feature counts once.

    Land that one proposal takes from a feature and another one gives back to it is not moved.
    """
    lands_by_role: dict[str, dict[int, list[tuple[Any, Any, Any]]]] = {}
    features: dict[tuple[str, int], int] = {}
    for proposal in proposals:
        for edit in proposal.edits:
            if edit.is_part and edit.attribute_source_fid is not None:
                source = edit.attribute_source_fid
                features[edit.role, edit.fid] = features.get((edit.role, source), source)
        for change in proposal.areas:
            for fid, land in change.lands.items():
                feature = features.get((change.role, fid), fid)
                lands_by_role.setdefault(change.role, {}).setdefault(feature, []).append(land)
    return [
        balance_areas(role, {fid: _join_lands(steps) for fid, steps in lands.items()}, plane_crs)
        for role, lands in lands_by_role.items()
    ]


def _join_lands(steps: list[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Return shape before, land lost and land gained of a feature after all changes of it (``steps``)."""
    if len(steps) == 1:
        return steps[0]
    lost, gained = (shapely.union_all([step[side] for step in steps if step[side] is not None]) for side in (1, 2))
    return steps[0][0], shapely.difference(lost, gained), shapely.difference(gained, lost)


def _make_array(shapes: list[Any]) -> Any:
    """Return shapes as a (k,) object array; a multi-part shape is one element."""
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array
