# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings of a layer's polygons as arrays; segments that neighbours share or lack.

Segments are compared by exact coordinates. Most neighbours in a plan share their edges vertex by vertex. No overlap can
begin at a segment that is drawn twice, once from either side. The few other segments are the layer's outer edge or its
defects, so only these segments are examined (`polygons`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..parallel.process_state import get_thread_count
from ..parallel.shared_property import shared_property
from ..parallel.threads import map_in_threads

#: Vertices in one batch: they fit in a processor's cache.
BATCH_VERTICES = 50_000
_POLYGON_TYPE_ID = 3


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
    is_simple = _mask_single_rings(shapes)
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
    return PolygonRings(
        np.concatenate([xy, complex_xy[: ring_at[-1]]]),
        np.concatenate([ring_starts, ring_starts[-1] + ring_at[1:]]),
        np.concatenate([simple, np.repeat(complex_shapes, np.diff(part_at[shape_at]))]),
        np.concatenate([np.zeros(len(simple), dtype=bool), hole]),
    )


_SINGLE_PART_MULTIPOLYGON = shapely.multipolygons([shapely.box(0, 0, 1, 1)])


def _mask_single_rings(shapes: NDArray) -> NDArray:
    """Return (n,) bool: polygons without holes, and multipolygons of one such polygon."""
    is_polygon = shapely.get_type_id(shapes) == _POLYGON_TYPE_ID
    has_one = is_polygon & (shapely.get_num_interior_rings(shapes) == 0)
    # Files that promote to multipolygons have one part in nearly all of them.
    lone = np.flatnonzero(~is_polygon & (shapely.get_num_geometries(shapes) == 1))
    has_one[lone] = shapely.get_num_interior_rings(shapely.get_geometry(shapes[lone], 0)) == 0
    return has_one


def is_closed_line(xy: NDArray) -> bool:
    """Return True for the (v, 2) vertices of a line that ends where it begins."""
    return bool(len(xy) > 3 and (xy[0] == xy[-1]).all())


def change_outlines(shape: Any, change: Callable[[NDArray, bool], NDArray | None]) -> Any:
    """Return a polygon, a line or a multipart of them with changed outlines; the result may be invalid.

    ``change``: called with the (v, 2) vertices of an outline and whether it is closed; returns its new vertices, or
    None to drop the outline. A part whose exterior is dropped is dropped too; without any part the result is None.
    Exteriors come before their holes, parts in their order. The result is a multipart if the shape is one.
    """
    parts = []
    for part in shapely.get_parts([shape]):
        if part.geom_type != "Polygon":
            xy = shapely.get_coordinates(part)
            changed_xy = change(xy, is_closed_line(xy))
            if changed_xy is not None:
                parts.append(shapely.LineString(changed_xy))
            continue
        exterior = change(shapely.get_coordinates(part.exterior), True)
        holes = [change(shapely.get_coordinates(ring), True) for ring in part.interiors]
        if exterior is not None:
            parts.append(shapely.Polygon(exterior, [hole for hole in holes if hole is not None]))
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
    """Yield slices of (n,) geometries with about `BATCH_VERTICES` vertices each."""
    vertex_totals = np.cumsum(shapely.get_num_coordinates(shapes))
    start = 0
    while start < len(shapes):
        done_vertices = vertex_totals[start - 1] if start else 0
        batch_end = max(int(np.searchsorted(vertex_totals, done_vertices + BATCH_VERTICES, side="right")), start + 1)
        yield slice(start, batch_end)
        start = batch_end


def sum_values_by_ring(values: NDArray, ring_starts: NDArray) -> NDArray:
    """Return (r,) the sum over each ring of (v,) values, one for each segment.

    ``ring_starts``: as in `PolygonRings`. The last vertex of a ring begins no segment; its value is set to 0 in place.
    """
    if len(ring_starts) < 2:
        return np.zeros(0)
    values[ring_starts[1:] - 1] = 0.0
    return np.add.reduceat(values, ring_starts[:-1])


#: Segments in one piece of a line: few enough that its box approximates its course.
MAX_SEGMENTS_PER_LINE = 24
#: The ends of a piece are shortened by this much (m): they are at shared edges, where touching is irrelevant.
END_SHORTENING_M = 1e-6
#: Segments compared at a time.
_SEGMENTS_PER_BATCH = 500_000
#: Fewer than one segment in this many is few.
_FEW_SEGMENTS_RATIO = 8
#: Odd constants of a well-mixing integer hash (splitmix64).
_HASH_FACTORS = tuple(np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class BoundaryLines(NamedTuple):
    """Lines along boundaries of polygons.

    ``linestrings`` (k,): linestrings; ``polygon_row`` (k,): row of the polygon whose boundary the line is on.
    """

    linestrings: NDArray
    polygon_row: NDArray


@dataclass
class PolygonSegments:
    """All segments of (n,) polygons or multipolygons.

    Segment k runs from vertex k to vertex k + 1. ``xy`` (v, 2): vertices; ``ring_of_vertex`` (v,): ring of each vertex;
    ``polygon_of_ring`` (r,): row of each ring's polygon; ``is_interior_left`` (v,) bool: the interior is to the left of
    the ring as drawn; ``segments_by_hash`` (s,): the segments sorted by hash; ``sorted_hashes`` (s,): their hashes.
    """

    xy: NDArray
    ring_of_vertex: NDArray
    polygon_of_ring: NDArray
    is_interior_left: NDArray
    segments_by_hash: NDArray
    sorted_hashes: NDArray

    @shared_property
    def unpaired_segments(self) -> NDArray:
        """Return (v,) bool: segments not drawn exactly twice, once from either side."""
        alone = np.zeros(len(self.xy), dtype=bool)
        alone[self.segments_by_hash] = True
        is_same_hash = np.zeros(len(self.sorted_hashes) + 1, dtype=bool)
        if len(self.sorted_hashes):
            np.equal(self.sorted_hashes[1:], self.sorted_hashes[:-1], out=is_same_hash[1:-1])
        # Exactly two segments have the hash.
        begins = np.flatnonzero(is_same_hash[1:-1] & ~is_same_hash[:-2] & ~is_same_hash[2:])
        first, second = self.segments_by_hash[begins], self.segments_by_hash[begins + 1]
        # Segments are compared in the order of the rings: those of a common edge follow one another in both rings, so
        # that their vertices are in the processor's cache.
        partner = np.full(len(self.xy), -1, dtype=np.int32)
        partner[first], partner[second] = second, first
        vertex = _convert_to_complex(self.xy)

        def mark_pairs(batch: slice) -> None:
            """Mark segments of a batch of vertices that are drawn twice, once from either side, as paired.

            Each pair is compared once, at its first segment.
            """
            i = batch.start + np.flatnonzero(partner[batch] > np.arange(batch.start, batch.stop))
            j = partner[i]
            # Two segments with the interior on the same side as drawn must have opposite directions, else equal ones.
            is_reversed = self.is_interior_left[i] == self.is_interior_left[j]
            is_paired = (vertex[i] == vertex[j + is_reversed]) & (vertex[i + 1] == vertex[j + ~is_reversed])
            alone[i[is_paired]] = alone[j[is_paired]] = False

        starts = range(0, len(partner), _SEGMENTS_PER_BATCH)
        map_in_threads(mark_pairs, [slice(n, min(n + _SEGMENTS_PER_BATCH, len(partner))) for n in starts])
        return alone

    def mask_unmatched_segments(self, other: PolygonSegments, rows: NDArray) -> NDArray:
        """Return (v,) bool: segments of selected rows that ``other`` does not have in either direction.

        ``rows``: bool by row, the selected rows.
        """
        is_unmatched = np.zeros(len(self.xy), dtype=bool)
        own_vertices, other_vertices = _convert_to_complex(self.xy), _convert_to_complex(other.xy)

        def mark_unmatched(order_and_key: tuple[NDArray, NDArray]) -> None:
            """Mark the segments of a batch (positions, hashes) that the other layer does not have."""
            order, key = order_and_key
            is_unmatched[order] = True
            if not len(other.sorted_hashes) or not len(key):
                return
            position = np.minimum(np.searchsorted(other.sorted_hashes, key), len(other.sorted_hashes) - 1)
            equal_hash = np.flatnonzero(other.sorted_hashes[position] == key)
            # The hash selects candidates; only equal coordinates are the same segment.
            i, j = order[equal_hash], other.segments_by_hash[position[equal_hash]]
            own_start, own_end, other_start, other_end = (
                own_vertices[i],
                own_vertices[i + 1],
                other_vertices[j],
                other_vertices[j + 1],
            )
            is_unmatched[
                i[
                    ((own_start == other_start) & (own_end == other_end))
                    | ((own_start == other_end) & (own_end == other_start))
                ]
            ] = False

        map_in_threads(mark_unmatched, list(self._sort_by_hash(rows)))
        return is_unmatched

    def _sort_by_hash(self, rows: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield the segments of selected rows and their hashes in batches, sorted by hash.

        ``rows``: bool by row, the selected rows.
        """
        is_requested_ring = rows[self.polygon_of_ring]
        if is_requested_ring.all():
            yield from zip(_iterate_values(self.segments_by_hash), _iterate_values(self.sorted_hashes), strict=True)
            return
        is_requested = is_requested_ring[self.ring_of_vertex]
        if is_requested.sum() * _FEW_SEGMENTS_RATIO < len(is_requested):
            # A few segments are sorted again faster than they are found among all.
            segments = np.flatnonzero(is_requested)
            vertex = _convert_to_complex(self.xy)
            segments = segments[segments < len(is_requested) - 1]
            is_segment = (self.ring_of_vertex[segments] == self.ring_of_vertex[segments + 1]) & (
                vertex[segments] != vertex[segments + 1]
            )
            segments = segments[is_segment]
            key = hash_vertices(self.xy[segments]) + hash_vertices(self.xy[segments + 1])
            order = np.argsort(key)
            yield from zip(_iterate_values(segments[order]), _iterate_values(key[order]), strict=True)
            return
        for order, key in zip(_iterate_values(self.segments_by_hash), _iterate_values(self.sorted_hashes), strict=True):
            in_order = is_requested[order]
            yield order[in_order], key[in_order]

    def extract_lines(self, is_selected: NDArray) -> BoundaryLines:
        """Return selected segments ((v,) bool) as lines of at most `MAX_SEGMENTS_PER_LINE` segments.

        A run of consecutive segments becomes one or several lines. Both ends of the run, but not the ends of lines
        within it, are shortened by `END_SHORTENING_M`.
        """
        segments = np.flatnonzero(is_selected)
        if not len(segments):
            return BoundaryLines(np.array([], dtype=object), np.array([], dtype=int))
        # A run of segments continues while vertex follows vertex in one ring.
        ring = self.ring_of_vertex[segments]
        starts_run = np.r_[True, (segments[1:] != segments[:-1] + 1) | (ring[1:] != ring[:-1])]
        run = np.cumsum(starts_run) - 1
        position_in_run = np.arange(len(segments)) - np.flatnonzero(starts_run)[run]
        starts_piece = starts_run | (position_in_run % MAX_SEGMENTS_PER_LINE == 0)
        ends_run, ends_piece = np.r_[starts_run[1:], True], np.r_[starts_piece[1:], True]
        # A piece has one vertex more than segments: its last segment gives two.
        copies = np.where(ends_piece, 2, 1)
        vertex = np.repeat(segments, copies)
        second = np.r_[False, vertex[1:] == vertex[:-1]]
        vertex[second] += 1
        xy = self.xy[vertex]
        piece = np.repeat(np.cumsum(starts_piece) - 1, copies)
        _shorten_ends(xy, np.flatnonzero(np.repeat(starts_run, copies) & ~second), 1)
        _shorten_ends(xy, np.flatnonzero(np.repeat(ends_run, copies) & second), -1)
        return BoundaryLines(shapely.linestrings(xy, indices=piece), self.polygon_of_ring[ring[starts_piece]])


def _iterate_values(values: NDArray) -> Iterator[NDArray]:
    """Yield slices of an array, so that lookups for each slice need little memory."""
    for start in range(0, len(values), _SEGMENTS_PER_BATCH):
        yield values[start : start + _SEGMENTS_PER_BATCH]


def _shorten_ends(xy: NDArray, ends: NDArray, next_step: int) -> None:
    """Move end vertices towards their neighbour by `END_SHORTENING_M`, in place.

    ``ends``: positions of the end vertices; ``next_step``: 1 or −1, from the position of an end to that of its
    neighbour. Very short segments are not shortened.
    """
    step = xy[ends + next_step] - xy[ends]
    length = np.hypot(step[:, 0], step[:, 1])
    is_long = length > 4 * END_SHORTENING_M
    xy[ends[is_long]] += step[is_long] * (END_SHORTENING_M / length[is_long])[:, None]


def _convert_to_complex(xy: NDArray) -> NDArray:
    """Return (v,) complex: each vertex as one number, for fast comparison."""
    return xy.view(np.complex128).ravel()


def build_linework(shapes: NDArray, rows: NDArray, cancellation: Cancellation = NEVER_CANCELLED) -> PolygonSegments:
    """Return the segments of (n,) valid polygons and multipolygons, of which none may be missing.

    ``rows`` (n,): the row number of each polygon. Raise Cancelled.
    """
    vertices = shapely.get_num_coordinates(shapes)
    total = int(vertices.sum())
    xy, left, is_segment = np.empty((total, 2)), np.empty(total, dtype=bool), np.zeros(total, dtype=bool)
    ring, key = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.uint64)
    first_vertex = np.r_[0, np.cumsum(vertices, dtype=np.int64)]

    def fill(batch: slice) -> NDArray:
        """Fill in the vertices of a batch of shapes, with ring numbers from 0; return the row of each ring."""
        batch_rings = extract_rings(shapes[batch])
        start, batch_end = int(first_vertex[batch.start]), int(first_vertex[batch.stop])
        lengths = np.diff(batch_rings.ring_starts)
        xy[start:batch_end] = batch_rings.xy
        left[start:batch_end] = np.repeat((compute_signed_areas(batch_rings) > 0) != batch_rings.is_hole, lengths)
        ring[start:batch_end] = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        vertex = _convert_to_complex(batch_rings.xy)
        is_segment[start : batch_end - 1] = vertex[1:] != vertex[:-1]
        is_segment[start + batch_rings.ring_starts[1:] - 1] = False
        code = hash_vertices(batch_rings.xy)
        # A sum does not depend on the direction.
        key[start : batch_end - 1] = code[:-1] + code[1:]
        return rows[batch][batch_rings.polygon_of_ring].astype(np.int32)

    batches = list(iterate_batches(shapes))
    row = map_in_threads(fill, batches, cancellation, vertex_count=total)
    ring_count = 0
    for batch, row_of_ring in zip(batches, row, strict=True):
        ring[first_vertex[batch.start] : first_vertex[batch.stop]] += ring_count
        ring_count += len(row_of_ring)
    cancellation.raise_if_cancelled()
    segments, key = np.flatnonzero(is_segment).astype(np.int32), key[is_segment]
    order, key = _sort_hashes(key)
    return PolygonSegments(xy, ring, np.concatenate([np.zeros(0, dtype=np.int32), *row]), left, segments[order], key)


def _sort_hashes(key: NDArray) -> tuple[NDArray, NDArray]:
    """Return the order of (s,) uint64 hashes, and the sorted hashes.

    Sorting plain numbers, the upper bits of each hash with its position below, takes half the time of `argsort`.
    """
    low = np.uint64((1 << len(key).bit_length()) - 1)
    packed_keys = _sort_in_threads((key & ~low) | np.arange(len(key), dtype=np.uint64))
    packed_keys &= low
    order = packed_keys.view(np.int64)
    key = key[order]
    # Different hashes with equal upper bits are in the order of their positions: a few, sorted one by one.
    for at in np.flatnonzero(key[1:] < key[:-1]).tolist():
        run_start, run_end, upper_bits = at, at + 2, key[at] & ~low
        while run_start and key[run_start - 1] & ~low == upper_bits:
            run_start -= 1
        while run_end < len(key) and key[run_end] & ~low == upper_bits:
            run_end += 1
        order_in_run = np.argsort(key[run_start:run_end], kind="stable")
        order[run_start:run_end], key[run_start:run_end] = (
            order[run_start:run_end][order_in_run],
            key[run_start:run_end][order_in_run],
        )
    return order, key


def _sort_in_threads(values: NDArray) -> NDArray:
    """Return (s,) uint64 values in ascending order.

    Values are divided by their upper bits, which are those of a hash: so the parts have about equal lengths.
    """
    if len(values) < _SEGMENTS_PER_BATCH or get_thread_count() < 2:
        values.sort()
        return values
    part_bits = (get_thread_count() - 1).bit_length()
    part_of_value = (values >> np.uint64(64 - part_bits)).astype(np.uint8)

    def sort_part(number: int) -> NDArray:
        part = values[part_of_value == number]
        part.sort()
        return part

    return np.concatenate(map_in_threads(sort_part, range(1 << part_bits)))


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
