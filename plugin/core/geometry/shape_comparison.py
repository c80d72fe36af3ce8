# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of geometries: hashes, normal forms, and distances between the vertices of an original and its copy.

A format may reverse a ring, start it at another vertex or reorder parts of points and areas. It must not move, drop or
add a vertex.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from .polygon_rings import iterate_batches
from .statutory_area import SEMI_MAJOR_M

#: A vertex this near (m) to the line between its neighbours is on it: coordinates of counties have 8 decimals.
_ON_LINE_M = 1e-6
#: Metres; a larger distance may come from a ring with another start, so it is compared again.
_SAME_VERTEX_M = 1e-4


def hash_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) uint64 hashes of (n,) geometries or None.

    Equal geometries have equal hashes; a difference of two geometries is missed with a probability of 2⁻⁶⁴.
    """
    hashes = [hash_wkb(shapely.to_wkb(shapes[batch], flavor="iso")) for batch in iterate_batches(shapes)]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *hashes])


def hash_wkb(wkb: NDArray) -> NDArray:
    """Return (n,) uint64 hashes of (n,) ISO WKB or None, equal to those that `hash_shapes` gives for the geometries."""
    # QGIS imports this module at every start and must not wait for pandas.
    from pandas.util import hash_array

    return hash_array(wkb, categorize=False)


def normalize_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) shapes (m) in normal form.

    It does not depend on start, direction, and vertices on straight edges.
    """
    # A ring then begins at a corner, which is kept.
    return shapely.normalize(shapely.simplify(shapely.normalize(shapes), _ON_LINE_M))


def find_groups_of_equal_shapes(shapes: NDArray) -> list[list[int]]:
    """Return groups of at least two rows with equal shapes, whatever `normalize_shapes` ignores.

    ``shapes``: (n,) geometries in metres, or None. Only shapes with nearly the same extent are compared.
    """
    rows_with_shape = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    bounds = shapely.bounds(shapes[rows_with_shape]).reshape(-1, 4)
    # A vertex on an outer edge may be rounded beyond it.
    near_bounds = np.column_stack([_number_near_values(column) for column in bounds.T])
    _, extent_of_row, counts = np.unique(near_bounds, axis=0, return_inverse=True, return_counts=True)
    groups: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for n in np.flatnonzero(counts[extent_of_row.ravel()] > 1).tolist():
        row = int(rows_with_shape[n])
        groups[int(extent_of_row.ravel()[n]), shapely.to_wkb(normalize_shapes(shapes[row]))].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def _number_near_values(values: NDArray) -> NDArray:
    """Return (n,) numbers of (n,) values (m): values have one number if no step between them is large."""
    order = np.argsort(values)
    numbers = np.empty(len(values), dtype=int)
    numbers[order] = np.cumsum(np.diff(values[order], prepend=values[order][:1]) > _ON_LINE_M)
    return numbers


def hash_corners(shape: Any, to_lonlat: Callable[[NDArray], NDArray]) -> str:
    """Return a hash of the corners of a shape (m), 20 hexadecimal digits.

    Corners are rounded to 0.00001°, about a metre, and sorted: the CRS of the file changes nothing, nor does what
    `normalize_shapes` ignores. ``to_lonlat``: converts (v, 2) coordinates of the shape to degrees.
    """
    lonlat = to_lonlat(shapely.get_coordinates(normalize_shapes(shape)))
    corners = np.unique(np.round(lonlat * 1e5).astype(np.int64), axis=0)
    return hashlib.sha256(corners.tobytes()).hexdigest()[:20]


def compute_max_vertex_shift(originals: NDArray, copies: NDArray, crs: CRS | None = None) -> NDArray:
    """Return, for each pair of shapes, the largest distance between a vertex and its copy.

    Vertices are compared in their order, those of points and areas then in the order of `shapely.normalize`. If they
    still differ, the nearest vertex counts, because rounding may change that order.

    Parameters
    ----------
    originals, copies
        (n,) geometries in one CRS, None for missing ones.
    crs
        Their CRS, None for one in metres. In degrees, a metre is computed at the latitude of each shape, exact to
        fractions of a millimetre.

    Returns
    -------
    (n,) metres; inf for shapes with other numbers of pieces (rings, lines or points) or vertices.
    """
    shifts = np.full(len(originals), np.inf)
    is_comparable = np.all(_count_pieces(originals) == _count_pieces(copies), axis=0)
    shifts[is_comparable] = 0.0
    rows = np.flatnonzero(is_comparable & (shapely.get_num_coordinates(originals) > 0))
    shifts[rows] = _compare_in_order(originals[rows], copies[rows], crs)
    # The direction of a line is data.
    rows = rows[(shifts[rows] > _SAME_VERTEX_M) & (shifts[rows] < np.inf)]
    rows = rows[shapely.get_dimensions(originals[rows]) != 1]
    arranged, arranged_copies = shapely.normalize(originals[rows]), shapely.normalize(copies[rows])
    # A vertex that is repeated at the end of a ring may be dropped.
    is_whole = shapely.get_num_coordinates(arranged) == shapely.get_num_coordinates(arranged_copies)
    shifts[rows[is_whole]] = _compare_in_order(arranged[is_whole], arranged_copies[is_whole], crs)
    rows = rows[shifts[rows] > _SAME_VERTEX_M]
    for row, scale in zip(rows.tolist(), _compute_metres_per_unit(originals[rows], crs), strict=True):
        points = [_get_points_in_metres(shape, originals[row], scale) for shape in (originals[row], copies[row])]
        shift = _measure_distance_both_ways(*points)
        # Polygons may have the same vertices in another order.
        both = shapely.make_valid([originals[row], copies[row]])
        area_difference_m2 = shapely.area(shapely.symmetric_difference(*both)) * scale.prod()
        if area_difference_m2 <= max(shift, _SAME_VERTEX_M) * shapely.length(originals[row]) * scale.max():
            shifts[row] = min(shifts[row], shift)
    return shifts


def compute_outline_distance(originals: NDArray, copies: NDArray, crs: CRS) -> NDArray:
    """Return the Hausdorff distance (by vertices) between the outlines of each shape and its copy.

    Parameters
    ----------
    originals, copies
        (n,) geometries in one CRS, none of them missing, with any numbers of vertices.

    Returns
    -------
    (n,) metres; inf for shapes of different kinds.
    """
    distances = np.full(len(originals), np.inf)
    # The outline of a collection is unknown.
    is_collection = (shapely.get_type_id(originals) == 7) | (shapely.get_type_id(copies) == 7)
    rows = np.flatnonzero(~is_collection & (shapely.get_dimensions(originals) == shapely.get_dimensions(copies)))
    for row, scale in zip(rows.tolist(), _compute_metres_per_unit(originals[rows], crs), strict=True):
        outlines = [_split_outline_in_metres(shape, originals[row], scale) for shape in (originals[row], copies[row])]
        distances[row] = _measure_distance_both_ways(*outlines)
    return distances


def _count_pieces(shapes: NDArray) -> NDArray:
    """Return (3, n): dimension and numbers of pieces (rings, lines or points) and vertices of each shape.

    All are −1 for a missing shape.
    """
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    piece_counts = np.bincount(shape_of_part, weights=1 + shapely.get_num_interior_rings(parts), minlength=len(shapes))
    counts = np.stack([shapely.get_dimensions(shapes), piece_counts, shapely.get_num_coordinates(shapes)])
    return np.where(shapely.is_missing(shapes), -1, counts)


def _compare_in_order(originals: NDArray, copies: NDArray, crs: CRS | None) -> NDArray:
    """Return the (n,) largest distance in metres of vertices at the same position, of which both have as many."""
    if not len(originals):
        return np.zeros(0)
    counts = shapely.get_num_coordinates(originals)
    scale = np.repeat(_compute_metres_per_unit(originals, crs), counts, axis=0)
    shift = np.hypot(*((shapely.get_coordinates(originals) - shapely.get_coordinates(copies)) * scale).T)
    return np.maximum.reduceat(shift, np.r_[0, np.cumsum(counts)[:-1]])


def _compute_metres_per_unit(shapes: NDArray, crs: CRS | None) -> NDArray:
    """Return (n, 2) metres per unit of x and y, at the latitude of each shape."""
    if crs is None or not crs.is_geographic:
        return np.ones((len(shapes), 2))
    degree = math.radians(1) * SEMI_MAJOR_M
    latitudes = shapely.bounds(shapes).reshape(-1, 4)[:, 1]
    return np.column_stack([degree * np.cos(np.radians(latitudes)), np.full(len(shapes), degree)])


def _get_points_in_metres(shape: Any, original: Any, scale: NDArray) -> NDArray:
    """Return the vertices of a shape as points in metres.

    Coordinates relative to the corner of the original keep their precision; ``scale``: metres per unit of x and y.
    """
    return shapely.points((shapely.get_coordinates(shape) - shapely.bounds(original)[:2]) * scale)


def _split_outline_in_metres(shape: Any, original: Any, scale: NDArray) -> NDArray:
    """Return the points of a shape, or the segments of its outline, in metres as in `_get_points_in_metres`."""
    if shapely.get_dimensions(shape) == 0:
        return _get_points_in_metres(shape, original, scale)
    lines = shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape)
    ends = np.cumsum(shapely.get_num_coordinates(lines))
    xy = shapely.get_coordinates(_get_points_in_metres(lines, original, scale))
    first_ends = np.setdiff1d(np.arange(len(xy)), ends - 1)
    return shapely.linestrings(np.stack([xy[first_ends], xy[first_ends + 1]], axis=1))


def _measure_distance_both_ways(shapes: NDArray, other_shapes: NDArray) -> float:
    """Return the largest distance of a vertex of one array of points or segments from the other array."""
    farthest = 0.0
    for one, other in ((shapes, other_shapes), (other_shapes, shapes)):
        points = shapely.points(shapely.get_coordinates(one))
        _, distance = shapely.STRtree(other).query_nearest(points, return_distance=True, all_matches=False)
        farthest = max(farthest, float(distance.max(initial=0.0)))
    return farthest
