# SPDX-License-Identifier: GPL-2.0-or-later
"""The land that only one of two polygons covers, if the two have nearly all edges in common.

An edge that both polygons have, with the interior on the same side, does not bound that land: on each side of it, both
cover the land or neither does. The few other edges therefore enclose all of that land. Overlaying a few edges takes far
less time than overlaying both polygons, and GEOS is least reliable where boundaries coincide.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .overlay_fallback import (
    compute_local_origins,
    mask_containing_shapes,
    translate_back,
    translate_shapes,
    wrap_shape,
)
from .polygon_rings import compute_signed_areas, extract_rings, hash_vertices

#: At most one edge in this many may differ; with more, an overlay is faster.
_SIMILAR_EDGES_RATIO = 16
#: Largest difference of areas (m², and as a share of both polygons) that rounding explains.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-12
#: An odd factor, so that the hash of an edge depends on its direction.
_DIRECTION_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def may_be_similar(shape: Any, others: NDArray) -> NDArray:
    """Return (n,) bool: polygons with about as many vertices as ``shape``."""
    count = shapely.get_num_coordinates(shape)
    may_be: NDArray = np.abs(shapely.get_num_coordinates(others) - count) * _SIMILAR_EDGES_RATIO <= count
    return may_be


def subtract_similar_polygon(minuend: Any, subtrahend: Any) -> NDArray | None:
    """Return the connected polygons ((k,), m) of the minuend that the subtrahend does not cover.

    ``minuend``, ``subtrahend``: valid polygons or multipolygons, m. None if the two differ in many edges, or if the
    result is not certain: areas are compared. Then only an overlay can compute the difference.
    """
    edges, other_edges = _list_directed_edges(minuend), _list_directed_edges(subtrahend)
    codes, other_codes = _hash_edges(edges), _hash_edges(other_edges)
    order = np.argsort(other_codes)
    place = order[np.minimum(np.searchsorted(other_codes[order], codes), len(order) - 1)]
    # The hash selects candidates; only equal coordinates are the same edge.
    is_common = (other_edges[place] == edges).all(axis=(1, 2))
    is_other_common = np.zeros(len(other_edges), dtype=bool)
    is_other_common[place[is_common]] = True
    different_edges = np.concatenate([edges[~is_common], other_edges[~is_other_common]])
    if len(different_edges) * _SIMILAR_EDGES_RATIO > len(edges):
        return None
    edges = different_edges
    origin = compute_local_origins(wrap_shape(minuend), wrap_shape(subtrahend))
    minuend, subtrahend = (translate_shapes(wrap_shape(shape), -origin) for shape in (minuend, subtrahend))
    try:
        # The union of lines has a vertex at each crossing.
        lines = shapely.union_all(shapely.linestrings(edges - origin))
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts([lines])))
    except shapely.GEOSException:
        return None
    points = shapely.point_on_surface(faces)
    x, y = shapely.get_x(points), shapely.get_y(points)
    in_minuend, in_subtrahend = (
        mask_containing_shapes(np.repeat(one, len(faces)), x, y) for one in (minuend, subtrahend)
    )
    areas, whole_areas = shapely.area(faces), shapely.area([minuend[0], subtrahend[0]])
    difference = whole_areas[0] - whole_areas[1] - areas[in_minuend].sum() + areas[in_subtrahend].sum()
    if not abs(difference) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole_areas.sum():
        return None
    return translate_back(faces[in_minuend & ~in_subtrahend], origin[0])


def _list_directed_edges(shape: Any) -> NDArray:
    """Return the (e, 2, 2) edges of a polygon: two vertices each, with the interior on the left of their direction."""
    rings = extract_rings(wrap_shape(shape))
    is_edge = np.ones(len(rings.xy), dtype=bool)
    is_edge[rings.ring_starts[1:] - 1] = False
    is_left = np.repeat((compute_signed_areas(rings) > 0) != rings.is_hole, np.diff(rings.ring_starts))
    starts = np.flatnonzero(is_edge)
    starts = starts[(rings.xy[starts] != rings.xy[starts + 1]).any(axis=1)]
    reverses = ~is_left[starts]
    return np.stack([rings.xy[starts + reverses], rings.xy[starts + ~reverses]], axis=1)


def _hash_edges(edges: NDArray) -> NDArray:
    """Return (e,) uint64: a hash of each of (e, 2, 2) directed edges."""
    starts, ends = np.ascontiguousarray(edges[:, 0]), np.ascontiguousarray(edges[:, 1])
    return hash_vertices(starts) * _DIRECTION_FACTOR + hash_vertices(ends)
