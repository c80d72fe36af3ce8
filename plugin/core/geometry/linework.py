# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings of a layer's polygons as arrays; shared and unshared segments.

Segments are compared by exact coordinates. Most neighbours of a plan share their edges vertex by vertex. A segment
drawn twice, once from either side, cannot be where an overlap begins. The few unshared segments are the layer's outer
edge or its defects, so only they are examined (`polygons`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation

#: Vertices in one batch: they fit in a processor's cache.
BATCH_VERTICES = 250_000


class Rings(NamedTuple):
    """Rings of polygons as arrays.

    ``xy`` (v, 2): vertices ring after ring, each ring closed; ``at`` (r + 1,): the start of each ring, and the end;
    ``shape`` (r,): the position of each ring's polygon; ``hole`` (r,) bool.
    """

    xy: NDArray
    at: NDArray
    shape: NDArray
    hole: NDArray


def rings(shapes: NDArray) -> Rings:
    """Return all rings of (n,) polygons and multipolygons, none missing.

    Those of polygons without holes come first.
    """
    plain = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    simple, others = np.flatnonzero(plain), np.flatnonzero(~plain)
    xy = shapely.get_coordinates(shapes[simple])
    at = np.r_[0, np.cumsum(shapely.get_num_coordinates(shapes[simple]), dtype=np.int64)]
    if not len(others):
        return Rings(xy, at, simple, np.zeros(len(simple), dtype=bool))
    # shapely returns one array for polygons and multipolygons only if there is a multipolygon: one is appended.
    mixed = np.append(shapes[others], _ONE_OF_MANY)
    _, more, (ring_at, part_at, shape_at) = shapely.to_ragged_array(mixed, include_z=False)
    shape_at = shape_at[:-1]
    part_at = part_at[: shape_at[-1] + 1]
    ring_at = ring_at[: part_at[-1] + 1]
    hole = np.ones(len(ring_at) - 1, dtype=bool)
    # An empty part of a multipolygon has no shell.
    hole[part_at[:-1][np.diff(part_at) > 0]] = False
    return Rings(
        np.concatenate([xy, more[: ring_at[-1]]]),
        np.concatenate([at, at[-1] + ring_at[1:]]),
        np.concatenate([simple, np.repeat(others, np.diff(part_at[shape_at]))]),
        np.concatenate([np.zeros(len(simple), dtype=bool), hole]),
    )


_ONE_OF_MANY = shapely.multipolygons([shapely.box(0, 0, 1, 1)])


def batches(shapes: NDArray) -> Iterator[slice]:
    """Yield slices of (n,) geometries with about `BATCH_VERTICES` vertices each."""
    total = np.cumsum(shapely.get_num_coordinates(shapes))
    start = 0
    while start < len(shapes):
        before = total[start - 1] if start else 0
        stop = max(int(np.searchsorted(total, before + BATCH_VERTICES, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def ring_sums(values: NDArray, at: NDArray) -> NDArray:
    """Return (r,) sums of (v,) step values by ring.

    A ring's last vertex begins no step.
    """
    if len(at) < 2:
        return np.zeros(0)
    values[at[1:] - 1] = 0.0
    return np.add.reduceat(values, at[:-1])


#: Segments in one piece of a line: few enough that its box approximates its course.
PIECE_SEGMENTS = 24
#: The ends of a piece are shortened by this much (m): they are at shared edges, where touching is irrelevant.
DRAWN_IN = 1e-6
#: Segments compared at a time.
_STEP = 500_000
#: Fewer than one segment in this many is few.
_FEW = 8
#: Odd constants of a well-mixing integer hash (splitmix64).
_MIX = tuple(np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Pieces(NamedTuple):
    """Unshared parts of boundary.

    ``line`` (k,): linestrings; ``row`` (k,): the row of the polygon.
    """

    line: NDArray
    row: NDArray


@dataclass
class Linework:
    """All segments of (n,) polygons or multipolygons.

    Segment k runs from vertex k to vertex k + 1. ``xy`` (v, 2); ``ring`` (v,): the ring of each vertex; ``row`` (r,):
    the polygon of each ring; ``left`` (v,) bool: the interior is on the left of the ring as drawn; ``order`` (s,): the
    segments by their hash ``key`` (s,), each once.
    """

    xy: NDArray
    ring: NDArray
    row: NDArray
    left: NDArray
    order: NDArray
    key: NDArray

    @cached_property
    def alone(self) -> NDArray:
        """Return (v,) bool: segments not drawn exactly twice from opposite sides."""
        alone = np.zeros(len(self.xy), dtype=bool)
        alone[self.order] = True
        same = self.key[1:] == self.key[:-1]
        begins = same.copy()
        begins[1:] &= ~same[:-1]
        begins[:-1] &= ~same[1:]
        begins = np.flatnonzero(begins)
        vertex = _as_complex(self.xy)
        for first in _batches(begins):
            i, j = self.order[first], self.order[first + 1]
            # Two segments with the interior on the same side as drawn must have opposite directions, else equal ones.
            turned = self.left[i] == self.left[j]
            paired = (vertex[i] == vertex[j + turned]) & (vertex[i + 1] == vertex[j + ~turned])
            alone[i[paired]] = alone[j[paired]] = False
        return alone

    def unmatched(self, other: Linework, rows: NDArray) -> NDArray:
        """Return (v,) bool: segments of the ``rows`` that ``other`` lacks.

        In both directions. ``rows``: bool by row.
        """
        lonely = np.zeros(len(self.xy), dtype=bool)
        mine, theirs = _as_complex(self.xy), _as_complex(other.xy)
        for order, key in self._sort_by_hash(rows):
            lonely[order] = True
            if not len(other.key) or not len(key):
                continue
            at = np.minimum(np.searchsorted(other.key, key), len(other.key) - 1)
            same = np.flatnonzero(other.key[at] == key)
            # The hash selects candidates; only equal coordinates are the same segment.
            i, j = order[same], other.order[at[same]]
            a, b, c, d = mine[i], mine[i + 1], theirs[j], theirs[j + 1]
            lonely[i[((a == c) & (b == d)) | ((a == d) & (b == c))]] = False
        return lonely

    def _sort_by_hash(self, rows: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield segments of the ``rows`` (bool by row) and their hashes, sorted by hash.

        In batches.
        """
        asked = rows[self.row]
        if asked.all():
            yield from zip(_batches(self.order), _batches(self.key), strict=True)
            return
        some = asked[self.ring]
        if some.sum() * _FEW < len(some):
            # A few segments are sorted again faster than they are found among all.
            segments = np.flatnonzero(some)
            vertex = _as_complex(self.xy)
            segments = segments[segments < len(some) - 1]
            runs = (self.ring[segments] == self.ring[segments + 1]) & (vertex[segments] != vertex[segments + 1])
            segments = segments[runs]
            key = vertex_codes(self.xy[segments]) + vertex_codes(self.xy[segments + 1])
            order = np.argsort(key)
            yield from zip(_batches(segments[order]), _batches(key[order]), strict=True)
            return
        for order, key in zip(_batches(self.order), _batches(self.key), strict=True):
            ours = some[order]
            yield order[ours], key[ours]

    def pieces(self, chosen: NDArray) -> Pieces:
        """Return chosen segments ((v,) bool) as lines of at most `PIECE_SEGMENTS`.

        Their ends are shortened by `DRAWN_IN`.
        """
        segments = np.flatnonzero(chosen)
        if not len(segments):
            return Pieces(np.array([], dtype=object), np.array([], dtype=int))
        # A run of segments continues while vertex follows vertex in one ring.
        ring = self.ring[segments]
        opens = np.r_[True, (segments[1:] != segments[:-1] + 1) | (ring[1:] != ring[:-1])]
        run = np.cumsum(opens) - 1
        place = np.arange(len(segments)) - np.flatnonzero(opens)[run]
        cut = opens | (place % PIECE_SEGMENTS == 0)
        closes, cut_after = np.r_[opens[1:], True], np.r_[cut[1:], True]
        # A piece has one vertex more than segments: its last segment gives two.
        copies = np.where(cut_after, 2, 1)
        vertex = np.repeat(segments, copies)
        second = np.r_[False, vertex[1:] == vertex[:-1]]
        vertex[second] += 1
        xy = self.xy[vertex]
        piece = np.repeat(np.cumsum(cut) - 1, copies)
        _draw_in(xy, np.flatnonzero(np.repeat(opens, copies) & ~second), 1)
        _draw_in(xy, np.flatnonzero(np.repeat(closes, copies) & second), -1)
        return Pieces(shapely.linestrings(xy, indices=piece), self.row[ring[cut]])


def _batches(values: NDArray) -> Iterator[NDArray]:
    """Yield the values in batches, so that lookups for them need little memory."""
    for start in range(0, len(values), _STEP):
        yield values[start : start + _STEP]


def _draw_in(xy: NDArray, ends: NDArray, inward: int) -> None:
    """Move the vertices ``ends`` towards the next one by `DRAWN_IN`.

    Short segments remain. ``inward``: ±1, the direction of the next vertex.
    """
    step = xy[ends + inward] - xy[ends]
    length = np.hypot(step[:, 0], step[:, 1])
    long = length > 4 * DRAWN_IN
    xy[ends[long]] += step[long] * (DRAWN_IN / length[long])[:, None]


def _as_complex(xy: NDArray) -> NDArray:
    """Return (v,) complex: each vertex as one number, for fast comparison."""
    return xy.view(np.complex128).ravel()


def linework(shapes: NDArray, rows: NDArray, cancellation: Cancellation = NEVER) -> Linework:
    """Return the segments of (n,) valid polygons and multipolygons, none missing.

    ``rows`` (n,): the row of each.
    """
    total = int(shapely.get_num_coordinates(shapes).sum())
    xy, left, begins = np.empty((total, 2)), np.empty(total, dtype=bool), np.zeros(total, dtype=bool)
    ring, key = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.uint64)
    row: list[NDArray] = [np.zeros(0, dtype=np.int32)]
    known, start = 0, 0
    for batch in batches(shapes):
        cancellation.raise_if_cancelled()
        found = rings(shapes[batch])
        lengths, stop = np.diff(found.at), start + len(found.xy)
        xy[start:stop] = found.xy
        left[start:stop] = np.repeat((_compute_signed_areas(found) > 0) != found.hole, lengths)
        ring[start:stop] = np.repeat(np.arange(known, known + len(lengths), dtype=np.int32), lengths)
        row.append(rows[batch][found.shape].astype(np.int32))
        vertex = _as_complex(found.xy)
        begins[start : stop - 1] = vertex[1:] != vertex[:-1]
        begins[start + found.at[1:] - 1] = False
        code = vertex_codes(found.xy)
        # A sum does not depend on the direction.
        key[start : stop - 1] = code[:-1] + code[1:]
        known, start = known + len(lengths), stop
    cancellation.raise_if_cancelled()
    segments, key = np.flatnonzero(begins).astype(np.int32), key[begins]
    order, key = _sort_hashes(key)
    return Linework(xy, ring, np.concatenate(row), left, segments[order], key)


def _sort_hashes(key: NDArray) -> tuple[NDArray, NDArray]:
    """Return the order of (s,) uint64 hashes, and the sorted hashes.

    Sorting plain numbers, the upper bits of each hash with its position below, takes half the time of `argsort`.
    """
    low = np.uint64((1 << len(key).bit_length()) - 1)
    packed = (key & ~low) | np.arange(len(key), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    del packed
    key = key[order]
    # Different hashes with equal upper bits are in the order of their positions: a few, sorted one by one.
    for at in np.flatnonzero(key[1:] < key[:-1]).tolist():
        start, stop, upper = at, at + 2, key[at] & ~low
        while start and key[start - 1] & ~low == upper:
            start -= 1
        while stop < len(key) and key[stop] & ~low == upper:
            stop += 1
        inner = np.argsort(key[start:stop], kind="stable")
        order[start:stop], key[start:stop] = order[start:stop][inner], key[start:stop][inner]
    return order, key


def _compute_signed_areas(found: Rings) -> NDArray:
    """Return twice the signed area of each ring.

    x is relative to its first vertex, so that no digits are lost.
    """
    xy, at = found.xy, found.at
    x, y = xy[:, 0] - np.repeat(xy[at[:-1], 0], np.diff(at)), xy[:, 1]
    steps = np.zeros(len(xy))
    steps[:-1] = (x[1:] + x[:-1]) * (y[1:] - y[:-1])
    return ring_sums(steps, at)


def vertex_codes(xy: NDArray) -> NDArray:
    """Return (v,) uint64: a hash of each vertex's exact coordinates; −0.0 is 0.0."""
    bits = (xy + 0.0).view(np.uint64)
    code = bits[:, 0] * _MIX[0]
    code ^= code >> np.uint64(32)
    code += bits[:, 1]
    for shift, factor in ((30, _MIX[1]), (27, _MIX[2])):
        code ^= code >> np.uint64(shift)
        code *= factor
    code ^= code >> np.uint64(31)
    return code
