# SPDX-License-Identifier: GPL-2.0-or-later
"""Corners and edges of single polygons that no survey draws: spikes, acute angles, vertices on top of each other, necks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .linework import batches, rings
from .polygons import BATCH
from .validity import extract_polygons, is_missing
from .width_test import is_surely_wide, shrunk_evenly

#: How far beside its width a corner may reach: down to 10°.
CORNER = 1 / np.sin(np.radians(5))
#: GEOS leaves out vertices nearer than this share of a buffer's distance: what it gives is off by as much.
BUFFER_OFF = 0.01


class Corners(NamedTuple):
    """``row`` (k,) whose; ``point`` (k, 2) where, m; ``measure`` (k,) degrees or m."""

    row: NDArray
    point: NDArray
    measure: NDArray


def find_sharp_corners(shapes: NDArray, below: float, *, cancellation: Cancellation = NEVER) -> Corners:
    """Vertices whose angle between the two edges is less than ``below`` degrees: acute angles, at 0 a spike (尖锐角).

    ``shapes`` (n,) polygons, multipolygons or None in a plane, m, valid or not. Repeated vertices count as one.
    """
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for row, xy, at in _rings_of(shapes, cancellation):
        row, xy, at = _perhaps_sharp(row, xy, at, below)
        before, after, ring = _neighbours(xy, at)
        if not len(ring):
            continue
        u, v = before - xy[ring], after - xy[ring]
        angle = np.degrees(np.abs(np.arctan2(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], (u * v).sum(axis=1))))
        sharp = angle < below
        found.append((row[ring[sharp]], xy[ring[sharp]], angle[sharp]))
    return _joined(found)


def _perhaps_sharp(row: NDArray, xy: NDArray, at: NDArray, below: float) -> tuple[NDArray, NDArray, NDArray]:
    """Only those rings that have such a corner, or a repeated vertex behind which there may be one."""
    if below >= 45:
        return row, xy, at
    x, y = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    # The edge before each vertex; before the first of a ring comes its last edge.
    last = at[1:] - 2
    x_before, y_before = np.concatenate([x[-1:], x]), np.concatenate([y[-1:], y])
    x_before[at[:-1]], y_before[at[:-1]] = x[last], y[last]
    x_before, y_before = x_before[:-1], y_before[:-1]
    back = -(x_before * x + y_before * y)
    aside = np.abs(x_before * y - y_before * x)
    perhaps = aside <= np.tan(np.radians(below)) * (1 + 1e-9) * back
    perhaps |= ((x == 0) & (y == 0)) | ((x_before == 0) & (y_before == 0))
    # Of the closing vertex there is no edge: what was computed there is of two rings.
    perhaps[at[1:-1] - 1] = False
    chosen = np.zeros(len(at) - 1, dtype=bool)
    chosen[np.searchsorted(at, np.flatnonzero(perhaps), side="right") - 1] = True
    kept = np.repeat(chosen, np.diff(at))
    return row[kept], xy[kept], np.concatenate([[0], np.cumsum(np.diff(at)[chosen])])


def find_near_vertices(shapes: NDArray, within: float, *, cancellation: Cancellation = NEVER) -> Corners:
    """Consecutive vertices nearer to each other than ``within`` m, equal ones too (the closing vertex is not one)."""
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for row, xy, at in _rings_of(shapes, cancellation):
        step = np.full(len(xy), np.inf)
        step[:-1] = np.hypot(*(xy[1:] - xy[:-1]).T)
        step[at[1:] - 1] = np.inf
        near = step < within
        found.append((row[near], xy[near], step[near]))
    return _joined(found)


def _rings_of(shapes: NDArray, cancellation: Cancellation) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Batches of rings: the row of each vertex, the vertices, where rings begin."""
    present = np.flatnonzero(~is_missing(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6)))
    for batch in batches(shapes[present]):
        cancellation.raise_if_cancelled()
        got = rings(shapes[present[batch]])
        yield np.repeat(present[batch][got.shape], np.diff(got.at)), got.xy, got.at


def _neighbours(xy: NDArray, at: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """For each vertex (position ``ring``, the closing ones left out): the different vertices before and after it."""
    moved = np.ones(len(xy), dtype=bool)
    moved[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    moved[at[:-1]] = True
    kept = np.flatnonzero(moved)
    ring = np.searchsorted(at, kept, side="right") - 1
    # Rings that are a point, or go out and back on themselves with two vertices, have no corner to measure.
    size = np.bincount(ring, minlength=len(at) - 1)
    kept, ring = kept[size[ring] > 2], ring[size[ring] > 2]
    if not len(kept):
        return np.zeros((0, 2)), np.zeros((0, 2)), kept
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[first[1:], True]
    ends = np.flatnonzero(last)
    which = np.cumsum(first) - 1
    position = np.arange(len(kept))
    # The closing vertex repeats the first: before the first comes the one before it, and it has no corner of its own.
    before = np.where(first, ends[which] - 1, position - 1)
    corner = ~last
    after = position + 1
    return xy[kept[before[corner]]], xy[kept[np.minimum(after, len(kept) - 1)[corner]]], kept[corner]


def _joined(found: list[tuple[NDArray, NDArray, NDArray]]) -> Corners:
    if not found:
        return Corners(np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros(0))
    row, point, measure = (np.concatenate(c) for c in zip(*found, strict=True))
    order = np.argsort(row, kind="stable")
    return Corners(row[order], point[order], measure[order])


def find_narrow_parts(shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER) -> tuple[NDArray, NDArray]:
    """Where valid polygons are narrower than ``width`` m: rows (k,) and the places (k,), connected polygons.

    What a disc of that diameter cannot reach: necks, arms and spikes. Corners, which it cannot reach either, are left
    out down to 10°, where a corner is an acute angle of its own right (GEO005). Most polygons are `is_surely_wide` and
    need no disc.
    """
    present = np.flatnonzero(~is_missing(shapes) & ~is_surely_wide(shapes, width, cancellation=cancellation))
    rows: list[int] = []
    places: list[Any] = []
    for start in range(0, len(present), BATCH):
        cancellation.raise_if_cancelled()
        some = present[start : start + BATCH]
        core = shapely.buffer(shapes[some], -width / 2, join_style="mitre")
        open_ = ~shrunk_evenly(shapes[some], core, width / 2)
        some, core, batch = some[open_], core[open_], shapes[some[open_]]
        reached = shapely.buffer(core, width / 2 * 1.001, join_style="mitre", mitre_limit=CORNER)
        rest = shapely.difference(batch, reached)
        for n in np.flatnonzero(shapely.area(rest) > 0).tolist():
            for part in shapely.get_parts([extract_polygons(rest[n])]).tolist():
                if _is_arm(part, width):
                    rows.append(int(some[n]))
                    places.append(part)
    return np.array(rows, dtype=int), np.array(places, dtype=object)


def _is_arm(part: Any, width: float) -> bool:
    """Longer than wide: a corner's leftover is small against the disc. A hair's breadth is the buffer's own inexactness."""
    area, length = shapely.area(part), shapely.length(part)
    return bool(2 * area > BUFFER_OFF * width / 2 * length and (area > width * width / 4 or length > 4 * width))
