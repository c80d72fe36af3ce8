# SPDX-License-Identifier: GPL-2.0-or-later
"""Find defects of single polygons: spikes, acute angles, repeated vertices, narrow places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.cancellation import NEVER_CANCELLED, Cancellation
from ..base.parallel.threads import apply_in_threads
from .polygon_rings import extract_rings, iterate_batches
from .validity import extract_polygons, mask_missing_shapes
from .width_test import mask_polygons_with_all_edges, mask_surely_wide_polygons

#: Reach of a corner in units of its width: down to 10°.
CORNER_MITRE_LIMIT = 1 / np.sin(np.radians(5))
#: GEOS leaves out vertices nearer than this share of a buffer's distance: its results are off by as much.
BUFFER_ERROR_SHARE = 0.01


class CornerDefects(NamedTuple):
    """Vertices of polygons at which a defect was found.

    ``polygon_row`` (k,): position of the polygon; ``vertex_xy`` (k, 2): the vertex, m; ``angle_or_distance`` (k,): the
    angle at the vertex in degrees, or the distance to the next vertex in m.
    """

    polygon_row: NDArray
    vertex_xy: NDArray
    angle_or_distance: NDArray


def find_sharp_corners(
    shapes: NDArray, max_degrees: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> CornerDefects:
    """Find vertices with an angle below ``max_degrees`` degrees (尖锐角); a spike has angle 0.

    ``shapes``: (n,) polygons, multipolygons or None in a plane, m, valid or not. Repeated vertices count as one.
    ``angle_or_distance`` of the result is the angle.
    """
    corner_batches: list[tuple[NDArray, NDArray, NDArray]] = []
    for row_of_ring, xy, ring_starts in _iterate_rings(shapes, cancellation):
        row, xy, ring_starts = _select_candidates(row_of_ring, xy, ring_starts, max_degrees)
        previous_xy, next_xy, ring = _find_neighbours(xy, ring_starts)
        if not len(ring):
            continue
        to_previous, to_next = previous_xy - xy[ring], next_xy - xy[ring]
        angle = np.degrees(
            np.abs(
                np.arctan2(
                    to_previous[:, 0] * to_next[:, 1] - to_previous[:, 1] * to_next[:, 0],
                    (to_previous * to_next).sum(axis=1),
                )
            )
        )
        sharp = angle < max_degrees
        corner_batches.append((row[ring[sharp]], xy[ring[sharp]], angle[sharp]))
    return _sort_corners(corner_batches)


def _select_candidates(
    row_of_ring: NDArray, xy: NDArray, ring_starts: NDArray, max_degrees: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Return row of each vertex, vertices and ring starts of only those rings that may have a sharp corner.

    Sharp is an angle below ``max_degrees``. Rings with a repeated vertex are included, because it may hide a sharp
    corner.
    """
    if max_degrees >= 45:
        return np.repeat(row_of_ring, np.diff(ring_starts)), xy, ring_starts
    x, y = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    # The edge before each vertex; the first vertex of a ring follows its last edge.
    last_edges = ring_starts[1:] - 2
    x_before, y_before = np.concatenate([x[-1:], x]), np.concatenate([y[-1:], y])
    x_before[ring_starts[:-1]], y_before[ring_starts[:-1]] = x[last_edges], y[last_edges]
    x_before, y_before = x_before[:-1], y_before[:-1]
    dot_product = -(x_before * x + y_before * y)
    cross_product = np.abs(x_before * y - y_before * x)
    is_candidate = cross_product <= np.tan(np.radians(max_degrees)) * (1 + 1e-9) * dot_product
    is_candidate |= ((x == 0) & (y == 0)) | ((x_before == 0) & (y_before == 0))
    # The closing vertex has no angle: the value there belongs to two rings.
    is_candidate[ring_starts[1:-1] - 1] = False
    chosen_rings = np.zeros(len(ring_starts) - 1, dtype=bool)
    chosen_rings[np.searchsorted(ring_starts, np.flatnonzero(is_candidate), side="right") - 1] = True
    sizes = np.diff(ring_starts)
    return (
        np.repeat(row_of_ring[chosen_rings], sizes[chosen_rings]),
        xy[np.repeat(chosen_rings, sizes)],
        np.concatenate([[0], np.cumsum(sizes[chosen_rings])]),
    )


def find_near_vertices(
    shapes: NDArray, distance_m: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> CornerDefects:
    """Find consecutive vertices less than ``distance_m`` m apart, equal ones included.

    The closing vertex of a ring is not counted. ``angle_or_distance`` of the result is the distance in m.
    """
    corner_batches: list[tuple[NDArray, NDArray, NDArray]] = []
    for row_of_ring, xy, ring_starts in _iterate_rings(shapes, cancellation):
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        is_ring_end = np.zeros(len(xy), dtype=bool)
        is_ring_end[ring_starts[1:] - 1] = True
        # Nearly all vertices are farther apart along one axis.
        near = np.flatnonzero((np.abs(np.diff(x)) < distance_m) & (np.abs(np.diff(y)) < distance_m) & ~is_ring_end[:-1])
        distances = np.hypot(x[near + 1] - x[near], y[near + 1] - y[near])
        near, distances = near[distances < distance_m], distances[distances < distance_m]
        row = row_of_ring[np.searchsorted(ring_starts, near, side="right") - 1]
        corner_batches.append((row, xy[near], distances))
    return _sort_corners(corner_batches)


def _iterate_rings(shapes: NDArray, cancellation: Cancellation) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Yield batches of rings as (row of each ring, (v, 2) vertices, ring starts). Raise Cancelled."""
    polygon_rows = np.flatnonzero(~mask_missing_shapes(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6)))
    for batch in iterate_batches(shapes[polygon_rows]):
        cancellation.raise_if_cancelled()
        batch_rings = extract_rings(shapes[polygon_rows[batch]])
        yield polygon_rows[batch][batch_rings.polygon_of_ring], batch_rings.xy, batch_rings.ring_starts


def _find_neighbours(xy: NDArray, ring_starts: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return the distinct vertices before and after each corner, (k, 2) each, and the corners' positions, (k,).

    Rings with fewer than three distinct vertices have no corner.
    """
    is_distinct = np.ones(len(xy), dtype=bool)
    is_distinct[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    is_distinct[ring_starts[:-1]] = True
    distinct_positions = np.flatnonzero(is_distinct)
    ring = np.searchsorted(ring_starts, distinct_positions, side="right") - 1
    # Rings that are a point, or a line there and back between two vertices, have no angle.
    size = np.bincount(ring, minlength=len(ring_starts) - 1)
    distinct_positions, ring = distinct_positions[size[ring] > 2], ring[size[ring] > 2]
    if not len(distinct_positions):
        return np.zeros((0, 2)), np.zeros((0, 2)), distinct_positions
    is_first = np.r_[True, ring[1:] != ring[:-1]]
    is_last = np.r_[is_first[1:], True]
    ends = np.flatnonzero(is_last)
    ring_number = np.cumsum(is_first) - 1
    position = np.arange(len(distinct_positions))
    # The closing vertex repeats the first: the first one's predecessor is the one before it, and it has no corner.
    previous_position = np.where(is_first, ends[ring_number] - 1, position - 1)
    corner = ~is_last
    next_position = position + 1
    return (
        xy[distinct_positions[previous_position[corner]]],
        xy[distinct_positions[np.minimum(next_position, len(distinct_positions) - 1)[corner]]],
        distinct_positions[corner],
    )


def _sort_corners(corner_batches: list[tuple[NDArray, NDArray, NDArray]]) -> CornerDefects:
    """Return batches of (polygon row, vertex, angle or distance) as one result, sorted by polygon."""
    if not corner_batches:
        return CornerDefects(np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros(0))
    row, point, measure = (np.concatenate(columns) for columns in zip(*corner_batches, strict=True))
    order = np.argsort(row, kind="stable")
    return CornerDefects(row[order], point[order], measure[order])


def find_narrow_places(
    shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[NDArray, NDArray]:
    """Find the places of valid polygons that are narrower than ``width`` m.

    A disc of that diameter cannot reach them: they are necks, arms and spikes. Corners of 10° or more are left out,
    although a disc cannot reach them either; another rule finds acute angles (GEO005).

    Returns
    -------
    rows : (k,) int
        Position of the polygon of each place.
    places : (k,) polygons
        The connected narrow places.
    """
    candidate_rows = np.flatnonzero(
        ~mask_missing_shapes(shapes) & ~mask_surely_wide_polygons(shapes, width, cancellation=cancellation)
    )
    unreached = apply_in_threads(
        lambda batch: _subtract_land_that_discs_reach(batch, width), shapes[candidate_rows], cancellation=cancellation
    )
    rows: list[int] = []
    narrow_parts: list[Any] = []
    for n in np.flatnonzero(shapely.area(unreached) > 0).tolist():
        for part in shapely.get_parts([extract_polygons(unreached[n])]).tolist():
            if _is_arm(part, width):
                rows.append(int(candidate_rows[n]))
                narrow_parts.append(part)
    return np.array(rows, dtype=int), np.array(narrow_parts, dtype=object)


def _subtract_land_that_discs_reach(shapes: NDArray, width: float) -> NDArray:
    """Return (n,) the land of each polygon that no disc of ``width`` m inside it reaches; None for none."""
    core = shapely.buffer(shapes, -width / 2, join_style="mitre")
    unreached = np.full(len(shapes), None, dtype=object)
    may_be_narrow = ~mask_polygons_with_all_edges(shapes, core, width / 2)
    reached = shapely.buffer(core[may_be_narrow], width / 2 * 1.001, join_style="mitre", mitre_limit=CORNER_MITRE_LIMIT)
    unreached[may_be_narrow] = shapely.difference(shapes[may_be_narrow], reached)
    return unreached


def _is_arm(place: Any, width: float) -> bool:
    """Return True if a place that no disc of ``width`` m inside the polygon reaches is an arm, neck or spike.

    False for the rest of an ordinary corner, which is small compared with the disc, and for a sliver that is an
    inaccuracy of the buffer.
    """
    area, length = shapely.area(place), shapely.length(place)
    return bool(2 * area > BUFFER_ERROR_SHARE * width / 2 * length and (area > width * width / 4 or length > 4 * width))
