# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings cut into lines that neighbours share: each line once, and for every ring the lines that it runs along.

Two rings share where their segments are equal to the last printed digit. A vertex is a node where rings come or go on
other segments than each other; between nodes all rings that have a segment have its whole line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Numbers of vertices, rings and segments: a layer of two thousand million vertices fits nowhere anyway.
_WHOLE = np.int32


@dataclass(frozen=True)
class Shared:
    """``xy`` (v, 2) the vertices line after line, ``at`` (k + 1,) where each begins; ``item`` (m,) ±(1 + line) ring after
    ring, negative against the line's direction; ``item_at`` (r + 1,) where each ring's begin."""

    xy: NDArray
    at: NDArray
    item: NDArray
    item_at: NDArray


def share(xy: NDArray, at: NDArray) -> Shared:
    """Lines of (r,) open rings: ``xy`` (v, 2) their vertices without the closing one, no two in succession alike;
    ``at`` (r + 1,) where each ring begins. Every ring has at least two vertices."""
    if not len(xy):
        return Shared(np.zeros((0, 2)), np.zeros(1, int), np.zeros(0, int), np.zeros(len(at), int))
    lengths = np.diff(at)
    # A layer has some million vertices: every array of them counts.
    ring = np.repeat(np.arange(len(lengths), dtype=_WHOLE), lengths)
    after = np.arange(1, len(xy) + 1, dtype=_WHOLE)
    after[at[1:] - 1] = at[:-1]
    before = np.empty(len(xy), dtype=_WHOLE)
    before[after] = np.arange(len(xy), dtype=_WHOLE)
    places = np.ascontiguousarray(xy).view(np.complex128).ravel()
    vertex = np.unique(places, return_inverse=True)[1].astype(_WHOLE)
    segment, along = _segments(vertex, vertex[after])
    node = _nodes(vertex, segment[before], segment, at)
    order = _from_first_cut(node[vertex], ring, at)
    cut = np.flatnonzero(node[vertex[order]])
    # Within a line every segment comes once, so its least one tells line and direction.
    mark = np.minimum.reduceat(segment[order] * np.int64(2) + along[order], cut)
    least, first, same = np.unique(mark // 2, return_index=True, return_inverse=True)
    # Lines are numbered as they come, so that neighbours in the file are neighbours on the ground.
    number = np.empty(len(least), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(least))
    first.sort()
    line = number[same]
    item = np.where(mark % 2 == (mark % 2)[first][line], 1, -1) * (line + 1)
    item_at = np.searchsorted(ring[order][cut], np.arange(len(lengths) + 1))
    line_xy, line_at = _lines(xy, order, after, cut, first)
    return Shared(line_xy, line_at, item, item_at)


def _segments(start: NDArray, end: NDArray) -> tuple[NDArray, NDArray]:
    """(v,) the number of the segment that begins at each vertex, whatever its direction, and 1 where it runs upwards."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * np.int64(int(high.max()) + 1) + high
    del low, high
    return np.unique(key, return_inverse=True)[1].astype(_WHOLE), start < end


def _nodes(vertex: NDArray, coming: NDArray, going: NDArray, at: NDArray) -> NDArray:
    """bool by vertex number: where lines begin and end."""
    low, high = np.minimum(coming, going), np.maximum(coming, going)
    _, one = np.unique(vertex, return_index=True)
    # A ring that turns back on itself ends its line at the tip.
    other = (low != low[one][vertex]) | (high != high[one][vertex]) | (low == high)
    node = np.zeros(len(one), dtype=bool)
    node[vertex[other]] = True
    bare = ~np.logical_or.reduceat(node[vertex], at[:-1])
    # A ring without nodes is alone, or an island that fills a hole to the last vertex: both begin where the first does.
    alike = np.minimum.reduceat(vertex, at[:-1])[bare]
    begins = vertex[at[:-1]][bare]
    node[begins[np.unique(alike, return_index=True)[1]]] = True
    return node


def _from_first_cut(cut: NDArray, ring: NDArray, at: NDArray) -> NDArray:
    """(v,) the vertices in an order in which every ring begins with its first cut."""
    begins, lengths = at[:-1].astype(_WHOLE), np.diff(at).astype(_WHOLE)
    place = np.arange(len(cut), dtype=_WHOLE) - begins[ring]
    shift = np.minimum.reduceat(np.where(cut, place, _WHOLE(len(cut))), at[:-1])
    place += shift[ring]
    place %= lengths[ring]
    place += begins[ring]
    return place


def _lines(xy: NDArray, order: NDArray, after: NDArray, cut: NDArray, first: NDArray) -> tuple[NDArray, NDArray]:
    """The vertices of the lines that begin at the ``first`` of the ``cut`` places, the last one of each included."""
    ends = np.r_[cut[1:], len(order)]
    counts = (ends - cut)[first]
    at = np.r_[0, np.cumsum(counts + 1)]
    place = np.arange(at[-1]) - np.repeat(at[:-1], counts + 1)
    last = place == np.repeat(counts, counts + 1)
    position = np.repeat(cut[first], counts + 1) + place - last
    taken = order[position]
    return xy[np.where(last, after[taken], taken)], at
