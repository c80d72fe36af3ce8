# SPDX-License-Identifier: GPL-2.0-or-later
"""Subtract a cover where only a few edges matter: in windows of a large polygon, or from a similar polygon.

A county and the zones that tile it have nearly all edges in common. Land that the zones leave uncovered is enclosed by
other edges: edges of the county that no zone has from the same side, and edges of zones that neither a neighbouring
zone nor the county has. So only the land around these few edges is overlaid, not the county and the union of all zones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation
from .linework import PolygonSegments, build_linework
from .overlay_fallback import (
    compute_local_origins,
    mask_containing_shapes,
    translate_back,
    translate_shapes,
)
from .overlay_pieces import ArrayColumns
from .polygon_rings import compute_signed_areas, extract_rings, hash_vertices, mask_equal_points
from .polygons import MAX_UNCLIPPED_VERTICES, Polygons, find_connected_components
from .segment_boxes import expand_ranges
from .validity import make_shape_array

#: A window extends this far (m) beyond its edges, so that land between them is not at the margin of the window.
WINDOW_MARGIN_M = 1.0
#: With more edges than this, the polygon and its cover have too little in common for windows to be faster.
_MAX_EDGES = 20_000
#: Comparing more pairs of a polygon and an edge of the cover takes longer than overlaying the polygons.
_MAX_COMPARED_PAIRS = 20_000_000
#: Windows with more than this share of the vertices of polygon and cover are not faster than an overlay of both.
_MAX_SHARE_OF_VERTICES = 0.5

#: Cost of clipping a large polygon, as a share of the cost of overlaying it.
_CLIPPING_COST = 0.1


class Windows(NamedTuple):
    """Windows of one polygon, disjoint, and the rows of the cover that meet each of them.

    ``bounds`` (w, 4): xmin, ymin, xmax, ymax in m; ``cover_rows``: for each window, the sorted rows of the cover.
    """

    bounds: NDArray
    cover_rows: list[NDArray]


@dataclass
class _Edges(ArrayColumns):
    """Segments of boundaries, each with the interior of its polygon to the left.

    ``start``, ``end`` (k, 2): vertices in m; ``code`` (k,): hash of the segment without its direction.
    """

    start: NDArray
    end: NDArray
    code: NDArray

    def make_lines(self) -> NDArray:
        """Return the edges as (k,) linestrings."""
        return np.asarray(shapely.linestrings(np.stack([self.start, self.end], axis=1)))


def find_windows_of_rows(
    polygons: Polygons, rows: NDArray, cover: Polygons, cancellation: Cancellation = NEVER_CANCELLED
) -> list[Windows | None]:
    """Return, for each of (k,) rows, the windows that contain all its land outside the cover.

    Every connected part of that land lies completely inside one window. None for a row for which an overlay with the
    whole cover is not slower. Raise Cancelled.
    """
    cancellation.raise_if_cancelled()
    if not len(rows):
        return []
    lines = cover.lines
    unpaired_segments = np.flatnonzero(lines.unpaired_segments)
    if len(rows) * len(unpaired_segments) > _MAX_COMPARED_PAIRS:
        return [None] * len(rows)
    unpaired_edges = _extract_edges(lines, unpaired_segments)
    # One row for each coordinate: NumPy compares these much faster than pairs of coordinates.
    lowest, highest = (
        np.ascontiguousarray(corner(unpaired_edges.start, unpaired_edges.end).T) for corner in (np.minimum, np.maximum)
    )
    windows = []
    for row in cancellation.watch(rows.tolist()):
        shape = polygons.shapes[row]
        xmin, ymin, xmax, ymax = shape.bounds
        is_near = (lowest[0] <= xmax) & (lowest[1] <= ymax) & (highest[0] >= xmin) & (highest[1] >= ymin)
        windows.append(_find_windows(shape, cover, unpaired_edges.select(is_near), cancellation))
    return windows


def _extract_edges(lines: PolygonSegments, segments: NDArray) -> _Edges:
    """Return segments (their positions in ``lines``, (k,)) as edges."""
    first, second = lines.xy[segments], lines.xy[segments + 1]
    is_left = lines.is_left_of_ring[lines.ring_of_vertex[segments], None]
    return _Edges(
        np.where(is_left, first, second), np.where(is_left, second, first), hash_vertices(first) + hash_vertices(second)
    )


def _find_windows(
    shape: shapely.Geometry, cover: Polygons, cover_edges: _Edges, cancellation: Cancellation
) -> Windows | None:
    """Return the windows of one polygon; None if an overlay with the whole cover is not slower. Raise Cancelled.

    ``cover_edges``: the edges of the cover that it does not have from both sides, and whose box meets that of the
    polygon.
    """
    row_lines = build_linework(np.array([shape], dtype=object), np.zeros(1, dtype=int), cancellation)
    row_edges = _extract_edges(row_lines, np.sort(row_lines.get_segments(row_lines.segment_keys)))
    open_row_edges, open_cover_edges = _drop_edges_of_both(row_edges, cover_edges)
    # An edge that the cover has from both sides is inside the cover: nothing is uncovered next to it.
    lines = cover.lines
    n, segment = lines.find_segments(open_row_edges.code)
    is_known = ~lines.unpaired_segments[segment]
    n, segment = n[is_known], segment[is_known]
    start, end, found_start, found_end = (
        open_row_edges.start[n],
        open_row_edges.end[n],
        lines.xy[segment],
        lines.xy[segment + 1],
    )
    is_equal = mask_equal_points(start, found_start) & mask_equal_points(end, found_end)
    is_equal |= mask_equal_points(start, found_end) & mask_equal_points(end, found_start)
    is_paired = np.zeros(len(open_row_edges.code), dtype=bool)
    is_paired[n[is_equal]] = True
    open_row_edges = open_row_edges.select(~is_paired)
    if len(open_row_edges.code) + len(open_cover_edges.code) > _MAX_EDGES:
        return None
    cover_lines = open_cover_edges.make_lines()
    meets_row = np.zeros(len(cover_lines), dtype=bool)
    meets_row[shapely.STRtree(cover_lines).query(shape, predicate="intersects")] = True
    cancellation.raise_if_cancelled()
    window_bounds = _merge_boxes(
        shapely.bounds(np.concatenate([open_row_edges.make_lines(), cover_lines[meets_row]])).reshape(-1, 4)
        + WINDOW_MARGIN_M * np.array([-1, -1, 1, 1])
    )
    positions, near_rows = cover.find_pairs_meeting_bounds(window_bounds)
    vertices = shapely.get_num_coordinates(cover.shapes[near_rows])
    is_large = vertices > MAX_UNCLIPPED_VERTICES
    # Large polygons of the cover are clipped by steps that several windows share.
    _, first_positions = np.unique(near_rows[is_large], return_index=True)
    clipped_vertices = len(window_bounds) * len(row_edges.code) + vertices[is_large][first_positions].sum()
    cost = vertices[~is_large].sum() + _CLIPPING_COST * clipped_vertices
    _, rows = cover.find_pairs_meeting_bounds(np.array(shape.bounds)[None])
    if cost > _MAX_SHARE_OF_VERTICES * (
        len(row_edges.code) + int(shapely.get_num_coordinates(cover.shapes[rows]).sum())
    ):
        return None
    order = np.lexsort((near_rows, positions))
    splits = np.searchsorted(positions[order], np.arange(1, len(window_bounds)))
    return Windows(window_bounds, np.split(near_rows[order], splits) if len(window_bounds) else [])


def _drop_edges_of_both(left: _Edges, right: _Edges) -> tuple[_Edges, _Edges]:
    """Return the edges of each side without those that the other side has in the same direction."""
    is_kept_left, is_kept_right = np.ones(len(left.code), dtype=bool), np.ones(len(right.code), dtype=bool)
    order = np.argsort(right.code, kind="stable")
    codes = right.code[order]
    first, last = np.searchsorted(codes, left.code, "left"), np.searchsorted(codes, left.code, "right")
    i, positions = expand_ranges(first, last)
    j = order[positions]
    # The hash selects candidates; only equal coordinates are the same edge.
    is_same = mask_equal_points(left.start[i], right.start[j]) & mask_equal_points(left.end[i], right.end[j])
    is_kept_left[i[is_same]] = is_kept_right[j[is_same]] = False
    return left.select(is_kept_left), right.select(is_kept_right)


def _merge_boxes(bounds: NDArray) -> NDArray:
    """Return disjoint boxes that contain (k, 4) boxes; boxes that meet are in one box."""
    while True:
        boxes = shapely.box(*bounds.T)
        i, j = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        group = np.unique(find_connected_components(len(bounds), i, j), return_inverse=True)[1].ravel()
        group_count = int(group.max()) + 1 if len(group) else 0
        if group_count == len(bounds):
            return bounds
        merged = np.empty((group_count, 4))
        merged[:, :2], merged[:, 2:] = np.inf, -np.inf
        np.minimum.at(merged[:, :2], group, bounds[:, :2])
        np.maximum.at(merged[:, 2:], group, bounds[:, 2:])
        bounds = merged


#: At most one edge in this many may differ; with more, an overlay is faster.
_SIMILAR_EDGES_RATIO = 16
#: Largest difference of areas (m², and as a share of both polygons) that rounding explains.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-12
#: An odd factor, so that the hash of an edge depends on its direction.
_DIRECTION_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def may_be_similar(shape: Any, others: NDArray) -> NDArray:
    """Return (n,) bool: polygons with about as many vertices as ``shape``."""
    count = shapely.get_num_coordinates(shape)
    return np.abs(shapely.get_num_coordinates(others) - count) * _SIMILAR_EDGES_RATIO <= count


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
    origin = compute_local_origins(make_shape_array(minuend), make_shape_array(subtrahend))
    minuend, subtrahend = (translate_shapes(make_shape_array(shape), -origin) for shape in (minuend, subtrahend))
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
    rings = extract_rings(make_shape_array(shape))
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
