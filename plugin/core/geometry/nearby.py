# SPDX-License-Identifier: GPL-2.0-or-later
"""Which points lie near which segments, for hundreds of thousands of both: by the squares of a grid, without a tree."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation

#: A square is as wide as this many segments of the middle length.
_SEGMENTS = 2.0
#: A segment that crosses more squares than this asks a tree.
_SQUARES = 64
#: Pairs compared at a time.
_PAIRS = 1_000_000


def points_by_segments(
    points: NDArray, a: NDArray, b: NDArray, distance: float, cancellation: Cancellation = NEVER
) -> tuple[NDArray, NDArray]:
    """Points ((k, 2), m) within ``distance`` m of segments from ``a`` to ``b`` ((s, 2) each), other than their own ends.

    Positions of both, by pairs.
    """
    low, high = np.minimum(a, b) - distance, np.maximum(a, b) + distance
    size = max(float(np.median(high - low)) * _SEGMENTS, 4 * distance, 1e-6)
    origin = low.min(axis=0)
    first, last = (((edge - origin) // size).astype(np.int64) for edge in (low, high))
    wide = (last - first + 1).prod(axis=1) > _SQUARES
    i, j = _by_squares(points, low, high, (points - origin) // size, first, last, np.flatnonzero(~wide), cancellation)
    far = np.flatnonzero(wide)
    if len(far):
        tree = shapely.STRtree(shapely.points(points))
        boxes = shapely.box(low[far, 0], low[far, 1], high[far, 0], high[far, 1])
        cancellation.raise_if_cancelled()
        n, k = tree.query(boxes)
        i, j = np.concatenate([i, k]), np.concatenate([j, far[n]])
    other = (points[i] != a[j]).any(axis=1) & (points[i] != b[j]).any(axis=1)
    i, j = i[other], j[other]
    near = _distance(points[i], a[j], b[j]) <= distance
    return i[near], j[near]


def _by_squares(
    points: NDArray,
    low: NDArray,
    high: NDArray,
    square: NDArray,
    first: NDArray,
    last: NDArray,
    some: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Points that lie in the boxes of ``some`` segments (``low`` to ``high``), which cross squares ``first`` to ``last``."""
    width = int(last[:, 0].max()) + 2
    square = square.astype(np.int64)
    inside = np.flatnonzero((square >= 0).all(axis=1) & (square[:, 0] < width))
    name = square[inside, 1] * width + square[inside, 0]
    order = np.argsort(name, kind="stable")
    inside, name = inside[order], name[order]
    # One row for each square that each segment crosses.
    across, up = (last[some] - first[some] + 1).T
    crossed = across * up
    segment = np.repeat(some, crossed)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    across = np.repeat(across, crossed)
    asked = (first[segment, 1] + step // across) * width + first[segment, 0] + step % across
    begin, end = np.searchsorted(name, asked, side="left"), np.searchsorted(name, asked, side="right")
    there = np.flatnonzero(end > begin)
    found_i, found_j = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    total = np.cumsum(end[there] - begin[there])
    start = 0
    while start < len(there):
        cancellation.raise_if_cancelled()
        before = int(total[start - 1]) if start else 0
        stop = max(int(np.searchsorted(total, before + _PAIRS, side="right")), start + 1)
        part = there[start:stop]
        count = end[part] - begin[part]
        at = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin[part], count)
        i, j = inside[at], np.repeat(segment[part], count)
        kept = ((points[i] >= low[j]) & (points[i] <= high[j])).all(axis=1)
        found_i.append(i[kept])
        found_j.append(j[kept])
        start = stop
    return np.concatenate(found_i), np.concatenate(found_j)


def _distance(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """(k,) m from points to segments."""
    if not len(p):
        return np.zeros(0)
    return shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))
