# SPDX-License-Identifier: GPL-2.0-or-later
"""Find why and where geometries are invalid; make repaired copies for computation."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .polygon_rings import iterate_batches

#: Of shapely 2.1 and later.
_CAN_REPAIR_STRUCTURE = tuple(map(int, shapely.__version__.split(".")[:2])) >= (2, 1)
#: GEOS's reasons as keys of the message texts.
REASON_KEYS = {
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


def make_shape_array(*shapes: Any) -> NDArray:
    """Return (k,) shapes as an array; a shape of several parts is one element."""
    return np.array([*shapes, None], dtype=object)[:-1]


def mask_missing_shapes(geometries: NDArray) -> NDArray:
    """Return (n,) bool: geometries that are None or empty."""
    return shapely.is_missing(geometries) | shapely.is_empty(geometries)


def find_flat_polygons(geometries: NDArray, width_m: float) -> NDArray:
    """Return (n,) bool: polygons that enclose no area.

    Their width (2 × area ÷ perimeter) is at most ``width_m``, the distance below which two vertices are one. A polygon
    whose vertices are on one line may enclose a few mm² in another CRS, because coordinates are rounded.
    """
    is_areal = shapely.get_dimensions(geometries) == 2
    return is_areal & (2 * shapely.area(geometries) <= width_m * shapely.length(geometries))


def find_invalidity_reason(geometry: Any) -> tuple[str, Any]:
    """Return why a geometry is invalid, and where.

    The first result is a value of `REASON_KEYS`, or ``other``. The second is the point of the defect, None if it is
    unknown.
    """
    text = shapely.is_valid_reason(geometry)
    reason = text.partition("[")[0].strip()
    # The coordinate may be “nan”, “inf” or “-nan(ind)”: then the place is unknown.
    coordinates = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=[ \]])", text.partition("[")[2], flags=re.IGNORECASE)
    location = shapely.Point(float(coordinates[0]), float(coordinates[1])) if len(coordinates) == 2 else None
    return REASON_KEYS.get(reason, "other"), location


def extract_polygons(geometry: Any) -> Any:
    """Return the areas of a geometry as one polygon or multipolygon; None if it has no area."""
    if geometry is None or geometry.is_empty:
        return None
    if geometry.geom_type == "Polygon":
        return geometry
    parts = extract_parts(geometry)
    return join_parts(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def extract_parts(geometry: Any) -> NDArray:
    """Return the (k,) simple parts of a geometry that are not empty."""
    parts = shapely.get_parts([geometry])
    while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts = shapely.get_parts(parts)
    parts = shapely.get_parts(parts)
    return parts[~shapely.is_empty(parts)]


def join_parts(parts: NDArray) -> Any:
    """Return (k,) points, lines or polygons as one geometry; None without any."""
    if len(parts) < 2:
        return parts[0] if len(parts) else None
    if len({*shapely.get_type_id(parts).tolist()}) > 1:
        return shapely.geometrycollections(parts)
    join = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[shapely.get_dimensions(parts[0])]
    return join(parts)


def extract_valid_polygons(geometry: Any) -> Any:
    """Return the areas of a geometry as one valid polygon or multipolygon; None if it has no area.

    Polygons of a collection may overlap, which is valid there: their union counts once.
    """
    polygons = extract_polygons(geometry)
    return polygons if polygons is None or polygons.is_valid else repair_polygon(polygons)


def make_valid_copies(geometries: NDArray) -> tuple[NDArray, list[int]]:
    """Return (n,) valid 2D polygons, and the positions of those that were repaired.

    The polygon is None where a geometry has no area. The given geometries are unchanged.
    """
    copies = shapely.force_2d(geometries)
    repaired_positions = np.flatnonzero(~mask_missing_shapes(copies) & ~shapely.is_valid(copies)).tolist()
    for position in repaired_positions:
        copies[position] = repair_polygon(copies[position])
    for position in np.flatnonzero(
        ~mask_missing_shapes(copies) & ~np.isin(shapely.get_type_id(copies), (3, 6))
    ).tolist():
        copies[position] = extract_valid_polygons(copies[position])
    return copies, repaired_positions


def drop_empty_parts(geometries: NDArray) -> NDArray:
    """Return (n,) geometries with empty parts of multipolygons removed.

    Building a multipolygon with empty parts from arrays would crash shapely.
    """
    multipolygons = np.flatnonzero(shapely.get_type_id(geometries) == 6)
    parts, owner = shapely.get_parts(geometries[multipolygons], return_index=True)
    with_empty = multipolygons[np.unique(owner[shapely.is_empty(parts)])]
    if not len(with_empty):
        return geometries
    result = geometries.copy()
    for n in with_empty.tolist():
        result[n] = shapely.multipolygons([part for part in shapely.get_parts([result[n]]) if not part.is_empty])
    return result


def drop_empty_holes(geometries: NDArray) -> NDArray:
    """Return (n,) geometries without holes that have no vertices.

    Such a polygon, ``POLYGON ((0 0, 1 0, 1 1, 0 0), EMPTY)``, is valid, but GEOS 3.14 crashes if it is buffered
    inwards. Without such a polygon the given array is returned.
    """
    may_have_holes = (shapely.get_num_interior_rings(geometries) > 0) | (shapely.get_type_id(geometries) == 6)
    rows = np.flatnonzero(may_have_holes)
    has_empty_hole = np.zeros(len(geometries), dtype=bool)
    # In batches, because parts and rings are copies.
    for batch in iterate_batches(geometries[rows]):
        parts, owner = shapely.get_parts(geometries[rows[batch]], return_index=True)
        with_holes = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
        rings, ring_owner = shapely.get_rings(parts[with_holes], return_index=True)
        has_empty_hole[rows[batch][owner[with_holes[ring_owner[shapely.is_empty(rings)]]]]] = True
    if not has_empty_hole.any():
        return geometries
    result = geometries.copy()
    for n in np.flatnonzero(has_empty_hole).tolist():
        filled = [
            shapely.Polygon(part.exterior, [hole for hole in part.interiors if not hole.is_empty])
            for part in shapely.get_parts([geometries[n]])
        ]
        result[n] = filled[0] if geometries[n].geom_type == "Polygon" else shapely.multipolygons(filled)
    return result


def repair_polygon(geometry: Any) -> Any:
    """Return a valid polygon or multipolygon made of a geometry; None if no area remains.

    The given geometry is unchanged.
    """
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None
    for repair in (_repair_structure, shapely.make_valid, partial(shapely.buffer, distance=0)):
        try:
            repaired_polygon = extract_polygons(repair(geometry))
        except shapely.GEOSException:
            continue
        if repaired_polygon is None or repaired_polygon.is_valid:
            return repaired_polygon
    return None


def repair_structure_by_rings(geometry: Any) -> Any:
    """Return what GEOS's method “structure” returns, for shapely before 2.1, which does not offer it.

    The land of a ring is where its winding number is not 0. Holes are subtracted from the shell that they meet; other
    holes are land. A polygon whose shell has no land has none.
    """
    lands = []
    for polygon in shapely.get_parts(geometry):
        shell = _fill_ring(shapely.get_exterior_ring(polygon))
        if shell.is_empty:
            continue
        holes = np.array([_fill_ring(ring) for ring in polygon.interiors], dtype=object)
        meets_shell = shapely.intersects(shell, holes)
        lands += [shapely.difference(shell, shapely.union_all(holes[meets_shell])), *holes[~meets_shell]]
    return shapely.union_all(lands)


def _fill_ring(ring: Any) -> Any:
    """Return the land around which a ring winds, in either direction."""
    faces = shapely.get_parts(
        shapely.polygonize([shapely.unary_union(shapely.linestrings(shapely.get_coordinates(ring)))])
    )
    (x, y), (x2, y2) = shapely.get_coordinates(ring)[:-1].T, shapely.get_coordinates(ring)[1:].T
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    px, py = points[:, 0, None], points[:, 1, None]
    # An edge that crosses the ray to the east upwards counts 1, downwards −1.
    side = (x2 - x) * (py - y) - (px - x) * (y2 - y)
    winding = ((y <= py) & (y2 > py) & (side > 0)).sum(axis=1) - ((y > py) & (y2 <= py) & (side < 0)).sum(axis=1)
    return shapely.union_all(faces[winding != 0])


def _repair_structure(geometry: Any) -> Any:
    """Return a geometry repaired with the method “structure” of GEOS: rings first, then shells without their holes."""
    if _CAN_REPAIR_STRUCTURE:
        repaired_polygon = extract_polygons(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    else:
        repaired_polygon = extract_polygons(repair_structure_by_rings(geometry))
    # From rings with common segments GEOS makes parts that share an edge, which is invalid too; their union is valid.
    return (
        repaired_polygon
        if repaired_polygon is None or repaired_polygon.is_valid
        else shapely.union_all(shapely.get_parts([repaired_polygon]))
    )
