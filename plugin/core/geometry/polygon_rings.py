# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings and vertices of polygons as arrays: take them out, change them, compare them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

#: Vertices in one batch: they fit in a processor's cache.
BATCH_VERTICES = 50_000
#: Entries of a table of integers by their lowest bits: a power of two.
_TABLE_SIZE = 1 << 20
#: Odd constants of a well-mixing integer hash (splitmix64).
_HASH_FACTORS = tuple(np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SINGLE_PART_MULTIPOLYGON = shapely.multipolygons([shapely.box(0, 0, 1, 1)])
#: Height of inner points in the box of a polygon. Edges of drawn polygons are seldom at this share of it.
_INNER_HEIGHT = 0.4871


class PolygonRings(NamedTuple):
    """Rings of polygons as arrays.

    ``xy`` (v, 2): vertices ring after ring, each ring closed; ``ring_starts`` (r + 1,): position of each ring's first
    vertex, and v; ``polygon_of_ring`` (r,): position of the ring's polygon; ``is_hole`` (r,) bool: the ring is a hole.
    """

    xy: NDArray
    ring_starts: NDArray
    polygon_of_ring: NDArray
    is_hole: NDArray


def extract_rings(shapes: NDArray) -> PolygonRings:
    """Return all rings of (n,) polygons and multipolygons; none may be None.

    Rings of polygons without holes come first.
    """
    is_polygon = shapely.get_type_id(shapes) == 3
    is_simple = is_polygon & (shapely.get_num_interior_rings(shapes) == 0)
    # Files that promote to multipolygons have one part in nearly all of them.
    lone = np.flatnonzero(~is_polygon & (shapely.get_num_geometries(shapes) == 1))
    is_simple[lone] = shapely.get_num_interior_rings(shapely.get_geometry(shapes[lone], 0)) == 0
    simple, complex_shapes = np.flatnonzero(is_simple), np.flatnonzero(~is_simple)
    xy = shapely.get_coordinates(shapes[simple])
    ring_starts = np.r_[0, np.cumsum(shapely.get_num_coordinates(shapes[simple]), dtype=np.int64)]
    if not len(complex_shapes):
        return PolygonRings(xy, ring_starts, simple, np.zeros(len(simple), dtype=bool))
    # shapely returns one array for polygons and multipolygons only if there is a multipolygon: one is appended.
    complex_polygons = np.append(shapes[complex_shapes], _SINGLE_PART_MULTIPOLYGON)
    _, complex_xy, (ring_at, part_at, shape_at) = shapely.to_ragged_array(complex_polygons, include_z=False)
    shape_at = shape_at[:-1]
    part_at = part_at[: shape_at[-1] + 1]
    ring_at = ring_at[: part_at[-1] + 1]
    hole = np.ones(len(ring_at) - 1, dtype=bool)
    # An empty part of a multipolygon has no shell.
    hole[part_at[:-1][np.diff(part_at) > 0]] = False
    polygon = np.repeat(complex_shapes, np.diff(part_at[shape_at]))
    # A hole may have no vertices: POLYGON ((0 0, 1 0, 1 1, 0 0), EMPTY).
    has_vertices = np.diff(ring_at) > 0
    return PolygonRings(
        np.concatenate([xy, complex_xy[: ring_at[-1]]]),
        np.concatenate([ring_starts, ring_starts[-1] + ring_at[1:][has_vertices]]),
        np.concatenate([simple, polygon[has_vertices]]),
        np.concatenate([np.zeros(len(simple), dtype=bool), hole[has_vertices]]),
    )


def find_inner_points(shapes: NDArray) -> NDArray:
    """Return (n,) a point inside each shape: amid its widest section, at one height of each of its parts.

    The point depends on the land alone: not on vertices along its edges, where outlines begin or their direction.
    Lines and points have the point of `shapely.point_on_surface`; a missing or empty one has none.
    """
    is_areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    points = np.full(len(shapes), None, dtype=object)
    points[~is_areal] = shapely.point_on_surface(shapes[~is_areal])
    parts, row = shapely.get_parts(shapes[is_areal], return_index=True)
    rings, bounds = extract_rings(parts), shapely.bounds(parts).reshape(-1, 4)
    height = bounds[:, 1] + _INNER_HEIGHT * (bounds[:, 3] - bounds[:, 1])
    is_above = rings.xy[:, 1] > np.repeat(height[rings.polygon_of_ring], np.diff(rings.ring_starts))
    is_crossing = is_above[:-1] != is_above[1:]
    is_crossing[rings.ring_starts[1:-1] - 1] = False
    edges = np.flatnonzero(is_crossing)
    part = rings.polygon_of_ring[np.searchsorted(rings.ring_starts, edges, side="right") - 1]
    (x, y), (next_x, next_y) = rings.xy[edges].T, rings.xy[edges + 1].T
    x_at_height = x + (height[part] - y) / (next_y - y) * (next_x - x)
    order = np.lexsort([x_at_height, part])
    left, right, part = x_at_height[order][::2], x_at_height[order][1::2], part[order][::2]
    # Widths that differ by rounding are equal.
    widest_first = np.lexsort([np.round(left, 4), height[part], -np.round(right - left, 4), row[part]])
    rows, first = np.unique(row[part][widest_first], return_index=True)
    widest = widest_first[first]
    areal_rows = np.flatnonzero(is_areal)
    points[areal_rows[rows]] = shapely.points((left[widest] + right[widest]) / 2, height[part[widest]])
    without_height = np.delete(areal_rows, rows)
    points[without_height] = shapely.point_on_surface(shapes[without_height])
    return points


def change_outlines(shape: Any, change: Callable[[NDArray, bool], NDArray | None]) -> Any:
    """Return a polygon, a line or a multipart of them with changed outlines; the result may be invalid.

    ``change``: called with the (v, 2) vertices of an outline and whether it is closed; returns its new vertices, or
    None to drop the outline. A part whose exterior is dropped is dropped too; without any part the result is None.
    Exteriors come before their holes, parts in their order. The result is a multipart if the shape is one.
    """
    parts = []
    for part in shapely.get_parts([shape]):
        is_polygon = part.geom_type == "Polygon"
        xy = shapely.get_coordinates(part.exterior if is_polygon else part)
        outline = change(xy, bool(len(xy) > 3 and (xy[0] == xy[-1]).all()))
        holes = [change(shapely.get_coordinates(ring), True) for ring in (part.interiors if is_polygon else ())]
        if outline is not None:
            holes = [hole for hole in holes if hole is not None]
            parts.append(shapely.Polygon(outline, holes) if is_polygon else shapely.LineString(outline))
    if not parts:
        return None
    if not shape.geom_type.startswith("Multi"):
        return parts[0]
    return shapely.multipolygons(parts) if shape.geom_type == "MultiPolygon" else shapely.multilinestrings(parts)


def change_rings(shape: Any, change_ring: Callable[[NDArray], ArrayLike]) -> Any:
    """Return a polygon or multipolygon with each ring changed by ``change_ring`` ((v, 2) → new vertices)."""
    return change_outlines(shape, lambda xy, _is_closed: np.asarray(change_ring(xy)))


def insert_vertices(coordinates: NDArray, places: NDArray, reach_m: float) -> NDArray:
    """Return the vertices of a line or closed ring with an additional vertex at each place on it.

    ``coordinates``: (v, 2) vertices; ``places``: (k, 2). A place becomes a vertex of the nearest segment, if that is
    within ``reach_m``; otherwise it is left out.
    """
    starts, ends = coordinates[:-1], coordinates[1:]
    along = ends - starts
    length2 = np.maximum((along**2).sum(axis=1), 1e-24)
    offsets = places[:, None, :] - starts[None, :, :]
    share = np.clip((offsets * along[None]).sum(axis=2) / length2[None], 0.0, 1.0)
    distance = np.hypot(*np.moveaxis(offsets - share[..., None] * along[None], 2, 0))
    segment = distance.argmin(axis=1)
    is_near = distance[np.arange(len(places)), segment] <= reach_m
    pieces = [coordinates[:1]]
    for n in range(len(starts)):
        inside = np.flatnonzero(is_near & (segment == n))
        order = inside[np.argsort(share[inside, n], kind="stable")]
        pieces += [places[order], ends[n : n + 1]]
    return np.concatenate(pieces)


def iterate_batches(shapes: NDArray) -> Iterator[slice]:
    """Yield slices of (n,) geometries with at most `BATCH_VERTICES` vertices each, or of one with more."""
    first_vertex = np.append(0, np.cumsum(shapely.get_num_coordinates(shapes)))
    start, count = 0, len(shapes)
    while start < count:
        end = int(np.searchsorted(first_vertex, first_vertex[start] + BATCH_VERTICES, side="right")) - 1
        yield slice(start, max(end, start + 1))
        start = max(end, start + 1)


def sum_values_by_ring(values: NDArray, ring_starts: NDArray) -> NDArray:
    """Return (r,) the sum over each ring of (v,) values, one for each segment.

    ``ring_starts``: as in `PolygonRings`. The last vertex of a ring begins no segment; its value is set to 0 in place.
    """
    if len(ring_starts) < 2:
        return np.zeros(0)
    values[ring_starts[1:] - 1] = 0.0
    return np.add.reduceat(values, ring_starts[:-1])


def compute_signed_areas(layer_rings: PolygonRings) -> NDArray:
    """Return twice the signed area (m²) of each ring.

    x is taken relative to the ring's first vertex, so that no digits are lost.
    """
    xy, ring_starts = layer_rings.xy, layer_rings.ring_starts
    x, y = xy[:, 0] - np.repeat(xy[ring_starts[:-1], 0], np.diff(ring_starts)), xy[:, 1]
    steps = np.zeros(len(xy))
    steps[:-1] = (x[1:] + x[:-1]) * (y[1:] - y[:-1])
    return sum_values_by_ring(steps, ring_starts)


def hash_vertices(xy: NDArray) -> NDArray:
    """Return (v,) uint64: a hash of the exact coordinates of each vertex; −0.0 counts as 0.0."""
    bits = (xy + 0.0).view(np.uint64)
    code = bits[:, 0] * _HASH_FACTORS[0]
    code ^= code >> np.uint64(32)
    code += bits[:, 1]
    for shift, factor in ((30, _HASH_FACTORS[1]), (27, _HASH_FACTORS[2])):
        code ^= code >> np.uint64(shift)
        code *= factor
    code ^= code >> np.uint64(31)
    return code


def make_member_table(members: NDArray) -> NDArray:
    """Return a table in which `mask_possible_members` finds the lowest bits of (m,) integers ≥ 0."""
    table = np.zeros(_TABLE_SIZE, dtype=bool)
    table[members & members.dtype.type(_TABLE_SIZE - 1)] = True
    return table


def mask_possible_members(values: NDArray, member_table: NDArray) -> NDArray:
    """Return (k,) bool: False for integers ≥ 0 that are surely not among the members of a table.

    Only their lowest bits are compared, which takes a fraction of the time of a search.
    """
    return member_table[values & values.dtype.type(_TABLE_SIZE - 1)]


def mask_equal_points(points: NDArray, others: NDArray) -> NDArray:
    """Return (k,) bool: points of two arrays (k, 2) that are equal."""
    return (points[:, 0] == others[:, 0]) & (points[:, 1] == others[:, 1])
