# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of a layer's polygons that neighbours share or lack.

Segments are compared by exact coordinates. Most neighbours in a plan share their edges vertex by vertex. No overlap can
begin at a segment that is drawn twice, once from either side. The few other segments are the layer's outer edge or its
defects, so only these segments are examined (`polygons`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..base.parallel.threads import map_batches_in_threads, map_in_threads, shared_property
from .polygon_rings import compute_signed_areas, extract_rings, hash_vertices, iterate_batches
from .segment_boxes import expand_ranges

#: Segments in one piece of a line: few enough that its box approximates its course.
MAX_SEGMENTS_PER_LINE = 24
#: The ends of a piece are shortened by this much (m): they are at shared edges, where touching is irrelevant.
END_SHORTENING_M = 1e-6
#: Segments compared at a time.
_SEGMENTS_PER_BATCH = 500_000
#: Rings compared at a time.
_RINGS_PER_BATCH = 4096
#: Fewer than one segment in this many is few.
_FEW_SEGMENTS_RATIO = 8
#: In place of a key, after all keys: the vertex begins no segment with a length.
_NO_SEGMENT = np.uint64(2**64 - 1)


class BoundaryLines(NamedTuple):
    """Lines along boundaries of polygons.

    ``linestrings`` (k,): linestrings; ``polygon_row`` (k,): row of the polygon whose boundary the line is on.
    """

    linestrings: NDArray
    polygon_row: NDArray


@dataclass
class PolygonSegments:
    """All segments of (n,) polygons or multipolygons.

    Segment k runs from vertex k to vertex k + 1. ``xy`` (v, 2): vertices; ``ring_starts`` (r + 1,): first vertex of
    each ring, and v; ``polygon_of_ring`` (r,): row of each ring's polygon; ``is_left_of_ring`` (r,) bool: the interior
    is to the left of the ring as drawn; ``ring_hashes`` (r,): the sum of the hashes of each ring's segments;
    ``segment_keys`` (s,) uint64: a key for each segment with a length, in ascending order. A key has the segment in its
    lower bits (``position_mask``), and the upper bits of the segment's hash above them.
    """

    xy: NDArray
    ring_starts: NDArray
    polygon_of_ring: NDArray
    is_left_of_ring: NDArray
    ring_hashes: NDArray
    segment_keys: NDArray
    position_mask: np.uint64

    @shared_property
    def ring_of_vertex(self) -> NDArray:
        """Return (v,) the ring of each vertex."""
        return np.repeat(np.arange(len(self.polygon_of_ring), dtype=np.int32), np.diff(self.ring_starts))

    @shared_property
    def _rings_by_hash(self) -> NDArray:
        """Return (r,) the rings in the order of their hashes."""
        return np.argsort(self.ring_hashes)

    def get_segments(self, keys: NDArray) -> NDArray:
        """Return (k,) the segments that keys of this layer have."""
        return (keys & self.position_mask).view(np.int64)

    def hash_segments(self, segments: NDArray) -> NDArray:
        """Return (k,) uint64: a hash of each segment, equal for both directions."""
        return hash_vertices(self.xy[segments]) + hash_vertices(self.xy[segments + 1])

    def find_segments(self, hashes: NDArray) -> tuple[NDArray, NDArray]:
        """Return pairs of a position in (k,) hashes and a segment whose key has the same upper bits of the hash."""
        keys = hashes & ~self.position_mask
        first = np.searchsorted(self.segment_keys, keys)
        is_found = first < len(self.segment_keys)
        is_found[is_found] = (self.segment_keys[first[is_found]] & ~self.position_mask) == keys[is_found]
        found = np.flatnonzero(is_found)
        end = np.searchsorted(self.segment_keys, keys[found] | self.position_mask, "right")
        n, position = expand_ranges(first[found], end)
        return found[n], self.get_segments(self.segment_keys[position])

    @property
    def unpaired_segments(self) -> NDArray:
        """Return (v,) bool: segments not drawn exactly twice, once from either side."""
        return self._pairing[0]

    @property
    def adjacent_rings(self) -> NDArray:
        """Return (k, 2) pairs of rings with a segment drawn exactly twice, once from either side; some repeatedly."""
        return self._pairing[1]

    @shared_property
    def _pairing(self) -> tuple[NDArray, NDArray]:
        """Return `unpaired_segments` and `adjacent_rings`."""
        # Read before the threads begin: they would wait without end for a shared value, since the caller has the lock.
        ring_of_vertex, is_left_of_ring = self.ring_of_vertex, self.is_left_of_ring
        vertex = _convert_to_complex(self.xy)
        alone = _mask_segments(vertex, self.ring_starts)
        # Segments are compared in the order of the rings: those of a common edge follow one another in both rings, so
        # that their vertices are in the processor's cache.
        # partner (v,): at the first of two segments with equal hashes, the second; −1 elsewhere, and if more have it.
        keys = self.segment_keys
        partner = np.full(len(self.xy), -1, dtype=np.int32)
        begins, longer = _divide_runs((keys[1:] ^ keys[:-1]) <= self.position_mask)
        partner[self.get_segments(keys[begins])] = self.get_segments(keys[begins + 1])
        # Keys have only a part of the hash.
        segments = self.get_segments(keys[longer])
        hashes = self.hash_segments(segments)
        order = np.argsort(hashes, kind="stable")
        begins, _ = _divide_runs(hashes[order[1:]] == hashes[order[:-1]])
        partner[segments[order[begins]]] = segments[order[begins + 1]]

        def mark_pairs(batch: slice) -> NDArray:
            """Mark segments of a batch of vertices that are drawn twice, once from either side, as paired.

            Each pair is compared once, at its first segment. Return (k, 2) the rings of the pairs.
            """
            i = batch.start + np.flatnonzero(partner[batch] >= 0)
            j = partner.take(i)
            ring, other_ring = ring_of_vertex.take(i), ring_of_vertex.take(j)
            # Two segments with the interior on the same side as drawn must have opposite directions, else equal ones.
            is_reversed = is_left_of_ring.take(ring) == is_left_of_ring.take(other_ring)
            is_paired = (vertex.take(i) == vertex.take(j + is_reversed)) & (
                vertex.take(i + 1) == vertex.take(j + ~is_reversed)
            )
            alone[i] = alone[j] = ~is_paired
            # A common edge has many segments, one after another.
            is_paired[1:] &= (ring[1:] != ring[:-1]) | (other_ring[1:] != other_ring[:-1]) | ~is_paired[:-1]
            return np.column_stack([ring[is_paired], other_ring[is_paired]])

        pairs = map_batches_in_threads(mark_pairs, len(partner), _SEGMENTS_PER_BATCH)
        return alone, np.concatenate([np.zeros((0, 2), dtype=np.int32), *pairs])

    def mask_unmatched_segments(self, other: PolygonSegments, rows: NDArray) -> NDArray:
        """Return (v,) bool: segments of selected rows that ``other`` does not have in either direction.

        ``rows``: bool by row, the selected rows.
        """
        is_open_ring = rows[self.polygon_of_ring]
        is_open_ring[self._find_rings_of_other(other, np.flatnonzero(is_open_ring))] = False
        is_unmatched = np.zeros(len(self.xy), dtype=bool)
        if not is_open_ring.any():
            return is_unmatched
        mask = max(self.position_mask, other.position_mask)
        candidate = np.full(len(self.xy), -1, dtype=np.int32)

        def find_candidates(keys: NDArray) -> None:
            """Find for each segment, of a batch of keys, the first one of the other layer with an equal key."""
            segments = self.get_segments(keys)
            is_unmatched[segments] = True
            if not len(other.segment_keys):
                return
            keys = keys & ~mask
            position = np.searchsorted(other.segment_keys, keys)
            position[position == len(other.segment_keys)] = 0
            other_keys = other.segment_keys[position]
            is_equal = (other_keys & ~mask) == keys
            candidate[segments[is_equal]] = other.get_segments(other_keys[is_equal])

        def compare(batch: slice) -> NDArray:
            """Mark the segments of a batch of vertices that equal their candidates; return those that do not."""
            i = batch.start + np.flatnonzero(candidate[batch] >= 0)
            is_equal = self._equals_segments(i, other, candidate[i])
            is_unmatched[i[is_equal]] = False
            return i[~is_equal]

        map_in_threads(find_candidates, list(self._iterate_keys(is_open_ring)))
        differing = np.concatenate(map_batches_in_threads(compare, len(candidate), _SEGMENTS_PER_BATCH))
        # Different segments with equal keys are rare: all segments with the key are compared.
        n, other_segments = other.find_segments(self.hash_segments(differing))
        is_equal = self._equals_segments(differing[n], other, other_segments)
        is_unmatched[differing[n[is_equal]]] = False
        return is_unmatched

    def _equals_segments(self, segments: NDArray, other: PolygonSegments, other_segments: NDArray) -> NDArray:
        """Return (k,) bool: segments that equal (k,) segments of another layer, in either direction."""
        own_vertices, other_vertices = _convert_to_complex(self.xy), _convert_to_complex(other.xy)
        start, end = own_vertices[segments], own_vertices[segments + 1]
        other_start, other_end = other_vertices[other_segments], other_vertices[other_segments + 1]
        return ((start == other_start) & (end == other_end)) | ((start == other_end) & (end == other_start))

    def _find_rings_of_other(self, other: PolygonSegments, rings: NDArray) -> NDArray:
        """Return those of (k,) rings that ``other`` surely has with the same vertices in the same order.

        Of several rings of ``other`` with an equal hash only the first is compared, so that some may be missed. Layers
        often copy polygons of each other; their rings are compared faster than the segments one by one.
        """
        if not len(other.ring_hashes):
            return rings[:0]
        hashes = other.ring_hashes[other._rings_by_hash]
        position = np.minimum(np.searchsorted(hashes, self.ring_hashes[rings]), len(hashes) - 1)
        other_rings = other._rings_by_hash[position]
        lengths, other_lengths = np.diff(self.ring_starts), np.diff(other.ring_starts)
        is_equal = (other.ring_hashes[other_rings] == self.ring_hashes[rings]) & (
            other_lengths[other_rings] == lengths[rings]
        )
        rings, other_rings = rings[is_equal], other_rings[is_equal]
        own_vertices, other_vertices = _convert_to_complex(self.xy), _convert_to_complex(other.xy)

        def compare(batch: slice) -> NDArray:
            """Return the rings of a batch that are equal."""
            starts = self.ring_starts[rings[batch]]
            n, vertex = expand_ranges(starts, starts + lengths[rings[batch]])
            other_vertex = vertex + (other.ring_starts[other_rings[batch]] - starts)[n]
            is_equal = np.ones(len(starts), dtype=bool)
            is_equal[n[own_vertices[vertex] != other_vertices[other_vertex]]] = False
            return rings[batch][is_equal]

        return np.concatenate([rings[:0], *map_batches_in_threads(compare, len(rings), _RINGS_PER_BATCH)])

    def _iterate_keys(self, is_selected_ring: NDArray) -> Iterator[NDArray]:
        """Yield the keys of the segments of selected rings ((r,) bool) in batches, in ascending order."""
        if is_selected_ring.all():
            yield from _iterate_values(self.segment_keys)
            return
        lengths = np.diff(self.ring_starts)
        if lengths[is_selected_ring].sum() * _FEW_SEGMENTS_RATIO < len(self.xy):
            # A few segments are sorted again faster than they are found among all.
            starts = self.ring_starts[:-1][is_selected_ring]
            _, segments = expand_ranges(starts, starts + lengths[is_selected_ring] - 1)
            vertex = _convert_to_complex(self.xy)
            segments = segments[vertex[segments] != vertex[segments + 1]]
            keys = (self.hash_segments(segments) & ~self.position_mask) | segments.astype(np.uint64)
            keys.sort()
            yield from _iterate_values(keys)
            return
        is_selected = np.repeat(is_selected_ring, lengths)
        for keys in _iterate_values(self.segment_keys):
            yield keys[is_selected[self.get_segments(keys)]]

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
    """Yield slices of an array, so that computing with each needs little memory."""
    for start in range(0, len(values), _SEGMENTS_PER_BATCH):
        yield values[start : start + _SEGMENTS_PER_BATCH]


def _mask_segments(vertex: NDArray, ring_starts: NDArray) -> NDArray:
    """Return (v,) bool: vertices that begin a segment with a length. ``vertex``, ``ring_starts``: of closed rings."""
    is_segment = np.zeros(len(vertex), dtype=bool)
    np.not_equal(vertex[1:], vertex[:-1], out=is_segment[:-1])
    is_segment[ring_starts[1:] - 1] = False
    return is_segment


def _divide_runs(equals_next: NDArray) -> tuple[NDArray, NDArray]:
    """Return the begins of runs of exactly two equal values, and the positions of all values in longer runs.

    ``equals_next`` (n − 1,) bool: a value, of n in ascending order, equals the next one.
    """
    padded = np.concatenate([[False], equals_next, [False]])
    is_inner = padded[:-1] & padded[1:]
    is_longer = is_inner.copy()
    is_longer[1:] |= is_inner[:-1]
    is_longer[:-1] |= is_inner[1:]
    return np.flatnonzero(equals_next & ~is_longer[:-1]), np.flatnonzero(is_longer)


def _make_position_mask(count: int) -> np.uint64:
    """Return the bits that hold any position in an array of this length."""
    return np.uint64((1 << count.bit_length()) - 1)


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
    xy, keys, mask = np.empty((total, 2)), np.empty(total, dtype=np.uint64), _make_position_mask(total)
    first_vertex = np.r_[0, np.cumsum(vertices, dtype=np.int64)]

    def fill(batch: slice) -> _BatchOfRings:
        """Fill in the vertices and keys of a batch of shapes; return its rings."""
        batch_rings = extract_rings(shapes[batch])
        start, batch_end = int(first_vertex[batch.start]), int(first_vertex[batch.stop])
        xy[start:batch_end] = batch_rings.xy
        code, vertex = hash_vertices(batch_rings.xy), _convert_to_complex(batch_rings.xy)
        # A sum does not depend on the direction.
        hashes = np.zeros(len(code), dtype=np.uint64)
        np.add(code[:-1], code[1:], out=hashes[:-1])
        has_length = _mask_segments(vertex, batch_rings.ring_starts)
        hashes[~has_length] = 0
        np.bitwise_or(hashes & ~mask, np.arange(start, batch_end, dtype=np.uint64), out=keys[start:batch_end])
        keys[start:batch_end][~has_length] = _NO_SEGMENT
        return _BatchOfRings(
            np.diff(batch_rings.ring_starts),
            rows[batch][batch_rings.polygon_of_ring].astype(np.int32),
            (compute_signed_areas(batch_rings) > 0) != batch_rings.is_hole,
            np.add.reduceat(hashes, batch_rings.ring_starts[:-1]),
            int(np.count_nonzero(has_length)),
        )

    batches = map_in_threads(fill, list(iterate_batches(shapes)), cancellation, vertex_count=total)
    cancellation.raise_if_cancelled()
    *values_of_batches, segment_counts = zip(_NO_RINGS, *batches, strict=True)
    lengths, polygon, is_left, ring_hashes = map(np.concatenate, values_of_batches)
    # Vertices that begin no segment are behind all keys.
    keys.sort()
    return PolygonSegments(
        xy, np.append(0, np.cumsum(lengths)), polygon, is_left, ring_hashes, keys[: sum(segment_counts)], mask
    )


class _BatchOfRings(NamedTuple):
    """Rings of a batch of polygons: numbers of vertices, and values as of `PolygonSegments`; number of segments."""

    lengths: NDArray
    polygon_of_ring: NDArray
    is_left_of_ring: NDArray
    ring_hashes: NDArray
    segment_count: int


_NO_RINGS = _BatchOfRings(
    np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, bool), np.zeros(0, np.uint64), segment_count=0
)
