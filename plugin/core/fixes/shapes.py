# SPDX-License-Identifier: GPL-2.0-or-later
"""Make shapes for fixes: cut and join polygons without leaving slivers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely

from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons
from ..geometry.vertex_index import VertexIndex
from .edits import FixRefused


def measure_width(shape: Any) -> float:
    """Return the mean width (m) of a shape: 2 × area ÷ perimeter; 0 without area."""
    polygons = extract_polygons(shape)
    if polygons is None or not polygons.length:
        return 0.0
    return float(2 * polygons.area / polygons.length)


def is_below_sliver_limits(area_m2: float, width_m: float, tolerance: Tolerance) -> bool:
    """Return True if land that a fix moves is too little to matter.

    It is below one of the two limits for slivers (`Tolerance`), while rules ignore only land below both. A narrow strip
    must also be below the limit for the sum of slivers on one feature, since a long strip may be large.
    """
    return area_m2 < tolerance.min_area_m2 or (
        width_m < tolerance.min_width_m and area_m2 < tolerance.ignored_feature_m2
    )


def list_parts(shape: Any) -> list[Any]:
    """Return the polygons of a shape, the largest first; of equal ones first the one farthest west and south."""
    polygons = extract_polygons(shape)
    if polygons is None:
        return []
    return sorted(shapely.get_parts([polygons]), key=lambda part: (-part.area, part.bounds))


def subtract_shapes(shape: Any, others: Iterable[Any], tolerance: Tolerance) -> Any:
    """Return a polygon minus others, without slivers; None if nothing remains.

    The new edges have exactly the vertices of the others, except where edges cross. A remaining part below both limits
    for slivers is dropped, and a hole below both is filled.
    """
    union = shapely.union_all(list(others))
    return drop_slivers(_overlay(shapely.difference, shape, union), tolerance)


def clip_to_outline(shape: Any, outline: Any, tolerance: Tolerance) -> Any:
    """Return the land of a polygon inside an outline, without slivers; None if nothing remains."""
    return drop_slivers(_overlay(shapely.intersection, shape, outline), tolerance)


def join_shapes(shape: Any, other: Any, tolerance: Tolerance) -> Any:
    """Return the union of two polygons, without slivers between them."""
    return drop_slivers(_overlay(shapely.union, shape, other), tolerance)


def _overlay(operation: Any, shape: Any, other: Any) -> Any:
    """Return the overlay of two shapes, with new vertices snapped to vertices of the shapes.

    Raise FixRefused if the overlay fails or is invalid.
    """
    try:
        result = operation(shape, other)
    except shapely.GEOSException as error:
        raise FixRefused("overlay_failed") from error
    if not result.is_valid:
        raise FixRefused("overlay_failed")
    return snap_new_vertices(extract_polygons(result), [shape, other])


def snap_new_vertices(result: Any, sources: list[Any]) -> Any:
    """Return a shape whose vertices are moved onto vertices of the sources that are very near.

    Otherwise a computed crossing nearer to a stored vertex than any database distinguishes would leave an edge without
    length. The shape is unchanged if that would make it invalid.
    """
    if result is None:
        return None
    stored_vertices = np.concatenate([shapely.get_coordinates(source) for source in sources])
    snapped_shape = VertexIndex(stored_vertices, 1e-6).snap_vertices(np.array([result], dtype=object))[0]
    if snapped_shape.equals_exact(result, 0.0):
        return result
    cleaned_shape = extract_polygons(shapely.remove_repeated_points(snapped_shape))
    return cleaned_shape if cleaned_shape is not None and cleaned_shape.is_valid else result


def drop_slivers(shape: Any, tolerance: Tolerance) -> Any:
    """Return a shape without parts and holes below both limits for slivers; None if no part remains."""
    kept_polygons = []
    for part in list_parts(shape):
        if tolerance.is_sliver(part.area, measure_width(part)):
            continue
        holes = [
            ring
            for ring in part.interiors
            if not tolerance.is_sliver(area := shapely.Polygon(ring).area, 2 * area / ring.length)
        ]
        kept_polygons.append(part if len(holes) == len(part.interiors) else shapely.Polygon(part.exterior, holes))
    if not kept_polygons:
        return None
    return kept_polygons[0] if len(kept_polygons) == 1 else shapely.multipolygons(kept_polygons)


def measure_shared_edge(shape: Any, other: Any, reach_m: float) -> float:
    """Return the length (m) of a polygon's boundary that is within ``reach_m`` of another polygon's boundary."""
    # A buffer of the few edges near the shape is much faster than one of the whole boundary.
    edges, bounds = other.boundary, shape.bounds
    lines = shapely.get_parts([edges])
    xy, line_numbers = shapely.get_coordinates(lines, return_index=True)
    starts, ends = xy[:-1], xy[1:]
    is_near = line_numbers[:-1] == line_numbers[1:]
    for axis in (0, 1):
        is_near &= np.maximum(starts[:, axis], ends[:, axis]) >= bounds[axis] - reach_m
        is_near &= np.minimum(starts[:, axis], ends[:, axis]) <= bounds[axis + 2] + reach_m
    if is_near.sum() < len(xy) - len(lines):
        edges = shapely.line_merge(
            shapely.multilinestrings(shapely.linestrings(np.stack([starts, ends], axis=1)[is_near]))
        )
    shared_edge = shapely.intersection(shape.boundary, shapely.buffer(edges, reach_m, cap_style="flat"))
    return float(shared_edge.length)
