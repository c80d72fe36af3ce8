# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a geometry sound, why not and where; and a repaired copy to compute with."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

#: What GEOS says, as names that texts can be written for.
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
    """(n,) bool: null or empty."""
    return shapely.is_missing(geometries) | shapely.is_empty(geometries)


def invalidity_reason(geometry: Any) -> tuple[str, Any]:
    """Why a geometry is invalid, as a name of `REASONS` (or ``other``), and the point where, or None."""
    text = shapely.is_valid_reason(geometry)
    name = text.partition("[")[0].strip()
    # The coordinate may be “nan”, “inf” or “-nan(ind)”: there is no such place.
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=[ \]])", text.partition("[")[2], flags=re.IGNORECASE)
    place = shapely.Point(float(numbers[0]), float(numbers[1])) if len(numbers) == 2 else None
    return REASONS.get(name, "other"), place


def extract_polygons(geometry: Any) -> Any:
    """The areal part of a geometry as one polygon or multipolygon, or None."""
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
    """The areal part of a geometry as one valid polygon or multipolygon, or None. Polygons of a collection may lie on each
    other, which is no fault there: joined, they count once."""
    found = extract_polygons(geometry)
    return found if found is None or found.is_valid else repair_polygon(found)


def make_valid_copies(geometries: NDArray) -> tuple[NDArray, list[int]]:
    """(n,) geometries as flat, valid polygons and multipolygons, None where there is nothing areal, and the positions of
    those that had to be repaired. The geometries given stay as they are."""
    sound = shapely.force_2d(geometries)
    repaired = np.flatnonzero(~is_missing(sound) & ~shapely.is_valid(sound)).tolist()
    for position in repaired:
        sound[position] = repair_polygon(sound[position])
    for position in np.flatnonzero(~is_missing(sound) & ~np.isin(shapely.get_type_id(sound), (3, 6))).tolist():
        sound[position] = make_areal(sound[position])
    return sound, repaired


def drop_empty_parts(geometries: NDArray) -> NDArray:
    """(n,) geometries, multipolygons without their empty parts: shapely cannot build such from arrays, and ends with the
    whole process when it tries."""
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
    """A valid copy's polygons, or None when nothing areal can be made of it. The original is not touched."""
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None
    for way in (_by_structure, _by_linework, _by_buffer):
        try:
            fixed = extract_polygons(way(geometry))
        except shapely.GEOSException:
            continue
        if fixed is None or fixed.is_valid:
            return fixed
    return None


def _by_structure(geometry: Any) -> Any:
    fixed = extract_polygons(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    # Of rings that run along each other GEOS makes parts that share an edge, which is not valid either: joined, it is.
    return fixed if fixed is None or fixed.is_valid else shapely.union_all(shapely.get_parts([fixed]))


def _by_linework(geometry: Any) -> Any:
    return shapely.make_valid(geometry)


def _by_buffer(geometry: Any) -> Any:
    return shapely.buffer(geometry, 0)
