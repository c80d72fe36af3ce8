# SPDX-License-Identifier: GPL-2.0-or-later
"""Balance the areas of features that fixes change.

A feature counts once, however many fixes change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    transformer = crs_care.make_lonlat_transformer(plane_crs)
    sides = [*zip(*lands.values(), strict=True), shapes_after or []]
    columns = [np.array([*filter(None, map(extract_polygons, side)), None], dtype=object)[:-1] for side in sides]
    planar = [float(shapely.area(column).sum()) for column in columns]
    drawn = [float(np.nansum(compute_drawn_area(column, transformer))) for column in columns]
    if shapes_after is None:
        planar[3], drawn[3] = (areas[0] - areas[1] + areas[2] for areas in (planar, drawn))
    moved_out, moved_in = (extract_polygons(shapely.union_all(columns[side])) for side in (1, 2))
    return AreaChange(
        role, len(lands), planar[0], planar[1], planar[2], planar[3], drawn[0], drawn[1], drawn[2], drawn[3],
        moved_in, moved_out, dict(lands),
    )  # fmt: skip


def sum_area_changes(proposals: Sequence[Proposal], plane_crs: Any) -> list[AreaChange]:
    """Return the area balance of each layer that proposals change together.

    Each feature counts once. Land that one proposal takes from a feature and another one gives back to it is not moved.
    """
    added_rows = {(edit.role, edit.fid) for proposal in proposals for edit in proposal.edits if edit.is_new}
    steps_by_role: dict[str, dict[int, list[tuple[Any, Any, Any]]]] = {}
    for change in (change for proposal in proposals for change in proposal.areas):
        steps_by_fid = steps_by_role.setdefault(change.role, {})
        for fid, (shape, lost, gained) in change.lands.items():
            # The land of a row that a proposal added is counted where it was before.
            shape_before = None if (change.role, fid) in added_rows else shape
            steps_by_fid.setdefault(fid, []).append((shape_before, lost, gained))
    return [
        balance_areas(role, {fid: _join_lands(steps) for fid, steps in steps_by_fid.items()}, plane_crs)
        for role, steps_by_fid in steps_by_role.items()
    ]


def _join_lands(steps: list[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Return a feature's former shape, and the land it loses and gains in all steps."""
    # Only polygons count as land, and GEOS cannot subtract collections with lines.
    lost, gained = (
        shapely.union_all([land for step in steps if (land := extract_polygons(step[side])) is not None])
        for side in (1, 2)
    )
    return steps[0][0], shapely.difference(lost, gained), shapely.difference(gained, lost)
