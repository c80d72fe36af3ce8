# SPDX-License-Identifier: GPL-2.0-or-later
"""Validity of geometries, with reason and place; repaired copies for computation."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

#: GEOS's reasons as keys of the message texts.
REASONS = {
    "Self-intersection": "self_intersection",
    "Ring Self-intersection": "ring_self_intersection",
    "Hole lies outside shell": "hole_outside",
    "Holes are nested": "nested_holes",
    "Interior is disconnected": "interior_disconnected",
    "Nested shells": "nested_shells",
    "Duplicate Rings": "duplicate_rings",
    "Too few points in geometry component": "too_few_points",
    "Invalid Coordinate": "not_finite",
    "Ring is not closed": "not_closed",
}


def is_missing(geometries: NDArray) -> NDArray:
    """Return (n,) bool: null or empty."""
    return shapely.is_missing(geometries) | shapely.is_empty(geometries)


def invalidity_reason(geometry: Any) -> tuple[str, Any]:
    """Return why a geometry is invalid, and the point, or None.

    The reason is a name of `REASONS` (or ``other``).
    """
    text = shapely.is_valid_reason(geometry)
    name = text.partition("[")[0].strip()
    # The coordinate may be “nan”, “inf” or “-nan(ind)”: then the place is unknown.
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=[ \]])", text.partition("[")[2], flags=re.IGNORECASE)
    place = shapely.Point(float(numbers[0]), float(numbers[1])) if len(numbers) == 2 else None
    return REASONS.get(name, "other"), place


def extract_polygons(geometry: Any) -> Any:
    """Return the areal part of a geometry as one polygon or multipolygon, or None."""
    if geometry is None or geometry.is_empty:
        return None
    if geometry.geom_type == "Polygon":
        return geometry
    parts = [geometry]
    while any(p.geom_type in ("GeometryCollection", "MultiPolygon") for p in parts):
        parts = [q for p in parts for q in shapely.get_parts([p])]
    polygons = [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def make_areal(geometry: Any) -> Any:
    """Return a geometry's areal part as one valid polygon or multipolygon, or None.

    Polygons of a collection may overlap, which is valid there: their union counts once.
    """
    found = extract_polygons(geometry)
    return found if found is None or found.is_valid else repair_polygon(found)


def make_valid_copies(geometries: NDArray) -> tuple[NDArray, list[int]]:
    """Return (n,) valid polygons without Z, and the positions of repaired ones.

    None where nothing is areal. The given geometries are unchanged.
    """
    valid = shapely.force_2d(geometries)
    repaired = np.flatnonzero(~is_missing(valid) & ~shapely.is_valid(valid)).tolist()
    for position in repaired:
        valid[position] = repair_polygon(valid[position])
    for position in np.flatnonzero(~is_missing(valid) & ~np.isin(shapely.get_type_id(valid), (3, 6))).tolist():
        valid[position] = make_areal(valid[position])
    return valid, repaired


def drop_empty_parts(geometries: NDArray) -> NDArray:
    """Return (n,) geometries; multipolygons without their empty parts.

    shapely cannot build such multipolygons from arrays: the attempt crashes the process.
    """
    several = np.flatnonzero(shapely.get_type_id(geometries) == 6)
    parts, of = shapely.get_parts(geometries[several], return_index=True)
    with_empty = several[np.unique(of[shapely.is_empty(parts)])]
    if not len(with_empty):
        return geometries
    found = geometries.copy()
    for n in with_empty.tolist():
        found[n] = shapely.multipolygons([p for p in shapely.get_parts([found[n]]) if not p.is_empty])
    return found


def repair_polygon(geometry: Any) -> Any:
    """Return the polygons of a valid copy; None if nothing areal remains.

    The original is unchanged.
    """
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None
    for way in (_repair_structure, _repair_linework, _repair_by_buffer):
        try:
            fixed = extract_polygons(way(geometry))
        except shapely.GEOSException:
            continue
        if fixed is None or fixed.is_valid:
            return fixed
    return None


def _repair_structure(geometry: Any) -> Any:
    fixed = extract_polygons(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    # From rings with common segments GEOS makes parts that share an edge, which is invalid too; their union is valid.
    return fixed if fixed is None or fixed.is_valid else shapely.union_all(shapely.get_parts([fixed]))


def _repair_linework(geometry: Any) -> Any:
    return shapely.make_valid(geometry)


def _repair_by_buffer(geometry: Any) -> Any:
    return shapely.buffer(geometry, 0)
