# SPDX-License-Identifier: GPL-2.0-or-later
"""Where layers lie: which coordinates can be measured, in which plane, and which layers lie apart from the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..geometry import crs as crs_care
from ..geometry.contradictions import coordinate_problem
from ..plan.layer import Layer, SourceLayer
from ..plan.plan import Plan, Unusable

Strays = dict[int, tuple[str, dict[str, Any]]]


def sort_out(
    chosen: dict[str, SourceLayer],
) -> tuple[dict[str, SourceLayer], dict[str, Unusable], dict[str, Strays]]:
    """Layers that can be measured, those that cannot, and the rows of the former that lie where they cannot."""
    usable, unusable, strays = {}, {}, {}
    for role, source in chosen.items():
        problem, stray = look_at_coordinates(source)
        if problem:
            unusable[role] = Unusable(role, source.name, *problem)
            continue
        usable[role] = source
        strays[role] = stray
    return usable, unusable, strays


def look_at_coordinates(source: SourceLayer) -> tuple[tuple[str, dict[str, Any]] | None, Strays]:
    """Why a layer cannot be measured (None when it can), and the positions of rows that lie where they cannot."""
    problem = source.problem or coordinate_problem(source.crs, _middle(source))
    if problem or not coordinate_problem(source.crs, _whole_extent(source)):
        return problem, {}
    rows = enumerate(_row_bounds(source))
    found = {n: coordinate_problem(source.crs, b) for n, b in rows if np.isfinite(b).all()}
    return None, {n: p for n, p in found.items() if p}


def _row_bounds(source: SourceLayer) -> NDArray:
    return shapely.bounds(source.frame.geometry.to_numpy()).reshape(-1, 4)


def _middle(source: SourceLayer) -> NDArray:
    """Where most rows lie, whatever a few stray ones do: the median of their bounds (NaN when there are none)."""
    bounds = _row_bounds(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return np.median(bounds, axis=0) if len(bounds) else np.full(4, np.nan)


def _whole_extent(source: SourceLayer) -> NDArray:
    bounds = _row_bounds(source)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return np.full(4, np.nan)
    return np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])


def planes(usable: dict[str, SourceLayer], drawn_in: CRS | None = None) -> tuple[CRS, CRS]:
    """The CRS findings are given in, and the plane they are looked for in. ``drawn_in``: where all layers were drawn, if elsewhere."""
    longitude, latitude = 114.0, 36.0
    for source in usable.values():
        bounds = _middle(source)
        if source.crs is not None and np.isfinite(bounds).all():
            centre = np.array([shapely.Point((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)])
            place = crs_care.to_lonlat(centre, source.crs)[0]
            longitude, latitude = float(place.x), float(place.y)
            break
    rows = [(drawn_in or s.crs, len(s.frame)) for s in usable.values() if s.crs is not None]
    crs = crs_care.choose(rows, longitude, latitude)
    # A layer without rows bends nothing.
    found = {crs for crs, features in rows if features}
    if len(found) == 1 and all(crs_care.describe(c).geographic for c in found):
        return crs, crs_care.plane_of_degrees(longitude, latitude)
    return crs, crs


#: The next 3° zone is 200 km away or more; a small layer may well lie some kilometres from the others.
APART_M = 100_000.0


def set_apart(plan: Plan, beside: Plan | None = None) -> None:
    """A layer that lies nowhere near the others was given the wrong zone: nothing can be said of it.

    Home is where most layers are; of two that disagree, the county's outline, else the one with more features. With a plan
    ``beside`` that this one is held against, home is where that one lies.
    """
    boxes = _boxes(plan)
    if beside is not None and (places := _boxes(beside)):
        for role in boxes:
            _take_away(plan, role, [(shapely.distance(boxes[role], b), beside.layers[r]) for r, b in places.items()])
        return
    groups: list[set[str]] = []
    for role, box in boxes.items():
        near = [g for g in groups if any(shapely.distance(box, boxes[r]) <= APART_M for r in g)]
        groups = [g for g in groups if g not in near] + [{role}.union(*near)]
    county = plan.concept("county")
    home = max(
        groups,
        key=lambda g: (len(g), county is not None and county.role in g, sum(len(plan.layers[r]) for r in g)),
        default=set(),
    )
    for role in boxes.keys() - home:
        _take_away(plan, role, [(shapely.distance(boxes[role], boxes[r]), plan.layers[r]) for r in home])


def _boxes(plan: Plan) -> dict[str, Any]:
    return {role: box for role, layer in plan.layers.items() if (box := _box(layer)) is not None}


def _take_away(plan: Plan, role: str, others: list[tuple[float, Layer]]) -> None:
    """A layer is unusable when it lies far from all others (m, layer)."""
    distance, nearest = min(others, key=lambda other: other[0])
    if distance <= APART_M:
        return
    layer = plan.layers.pop(role)
    params = {
        "crs": crs_care.label(layer.crs),
        "distance_km": round(float(distance) / 1000, 1),
        "other": nearest.name,
    }
    degrees = layer.crs is not None and crs_care.describe(layer.crs).geographic
    plan.unusable[role] = Unusable(role, layer.name, "apart_degrees" if degrees else "apart", params)


def _box(layer: Layer) -> Any:
    """The rectangle around a layer in the plane, without rows that lie nowhere; None when no row is left."""
    bounds = shapely.bounds(layer.original).reshape(-1, 4)
    kept = np.isfinite(bounds).all(axis=1)
    kept[list(layer.stray)] = False
    if not kept.any():
        return None
    return shapely.box(*bounds[kept, :2].min(axis=0), *bounds[kept, 2:].max(axis=0))
