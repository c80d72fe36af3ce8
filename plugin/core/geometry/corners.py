# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of single polygons: spikes, acute angles, repeated vertices, necks."""

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

#: Reach of a corner in units of its width: down to 10°.
CORNER = 1 / np.sin(np.radians(5))
#: GEOS leaves out vertices nearer than this share of a buffer's distance: its results are off by as much.
BUFFER_OFF = 0.01


class Corners(NamedTuple):
    """Corners found.

    ``row`` (k,), ``point`` (k, 2) in m, ``measure`` (k,) in degrees or m.
    """

    row: NDArray
    point: NDArray
    measure: NDArray


def find_sharp_corners(shapes: NDArray, below: float, *, cancellation: Cancellation = NEVER) -> Corners:
    """Find vertices with an angle below ``below`` degrees (尖锐角); at 0 a spike.

    ``shapes``: (n,) polygons, multipolygons or None in a plane, m, valid or not. Repeated vertices count as one.
    """
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for row, xy, at in _iterate_rings(shapes, cancellation):
        row, xy, at = _select_candidates(row, xy, at, below)
        before, after, ring = _find_neighbours(xy, at)
        if not len(ring):
            continue
        u, v = before - xy[ring], after - xy[ring]
        angle = np.degrees(np.abs(np.arctan2(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], (u * v).sum(axis=1))))
        sharp = angle < below
        found.append((row[ring[sharp]], xy[ring[sharp]], angle[sharp]))
    return _join(found)


def _select_candidates(row: NDArray, xy: NDArray, at: NDArray, below: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return only the rings that may have such a corner, or have a repeated vertex.

    A repeated vertex may hide a sharp corner.
    """
    if below >= 45:
        return row, xy, at
    x, y = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    # The edge before each vertex; the first vertex of a ring follows its last edge.
    last = at[1:] - 2
    x_before, y_before = np.concatenate([x[-1:], x]), np.concatenate([y[-1:], y])
    x_before[at[:-1]], y_before[at[:-1]] = x[last], y[last]
    x_before, y_before = x_before[:-1], y_before[:-1]
    back = -(x_before * x + y_before * y)
    aside = np.abs(x_before * y - y_before * x)
    perhaps = aside <= np.tan(np.radians(below)) * (1 + 1e-9) * back
    perhaps |= ((x == 0) & (y == 0)) | ((x_before == 0) & (y_before == 0))
    # The closing vertex has no angle: the value there belongs to two rings.
    perhaps[at[1:-1] - 1] = False
    chosen = np.zeros(len(at) - 1, dtype=bool)
    chosen[np.searchsorted(at, np.flatnonzero(perhaps), side="right") - 1] = True
    kept = np.repeat(chosen, np.diff(at))
    return row[kept], xy[kept], np.concatenate([[0], np.cumsum(np.diff(at)[chosen])])


def find_near_vertices(shapes: NDArray, within: float, *, cancellation: Cancellation = NEVER) -> Corners:
    """Find consecutive vertices within ``within`` m, equal ones too.

    The closing vertex is not a repetition.
    """
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for row, xy, at in _iterate_rings(shapes, cancellation):
        step = np.full(len(xy), np.inf)
        step[:-1] = np.hypot(*(xy[1:] - xy[:-1]).T)
        step[at[1:] - 1] = np.inf
        near = step < within
        found.append((row[near], xy[near], step[near]))
    return _join(found)


def _iterate_rings(shapes: NDArray, cancellation: Cancellation) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Yield batches of rings: row of each vertex, vertices, start of each ring."""
    present = np.flatnonzero(~is_missing(shapes) & np.isin(shapely.get_type_id(shapes), (3, 6)))
    for batch in batches(shapes[present]):
        cancellation.raise_if_cancelled()
        got = rings(shapes[present[batch]])
        yield np.repeat(present[batch][got.shape], np.diff(got.at)), got.xy, got.at


def _find_neighbours(xy: NDArray, at: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return the different vertices before and after each vertex.

    ``ring``: the vertices' positions without the closing ones.
    """
    moved = np.ones(len(xy), dtype=bool)
    moved[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    moved[at[:-1]] = True
    kept = np.flatnonzero(moved)
    ring = np.searchsorted(at, kept, side="right") - 1
    # Rings that are a point, or a line there and back between two vertices, have no angle.
    size = np.bincount(ring, minlength=len(at) - 1)
    kept, ring = kept[size[ring] > 2], ring[size[ring] > 2]
    if not len(kept):
        return np.zeros((0, 2)), np.zeros((0, 2)), kept
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[first[1:], True]
    ends = np.flatnonzero(last)
    which = np.cumsum(first) - 1
    position = np.arange(len(kept))
    # The closing vertex repeats the first: the first one's predecessor is the one before it, and it has no corner.
    before = np.where(first, ends[which] - 1, position - 1)
    corner = ~last
    after = position + 1
    return xy[kept[before[corner]]], xy[kept[np.minimum(after, len(kept) - 1)[corner]]], kept[corner]


def _join(found: list[tuple[NDArray, NDArray, NDArray]]) -> Corners:
    if not found:
        return Corners(np.zeros(0, dtype=int), np.zeros((0, 2)), np.zeros(0))
    row, point, measure = (np.concatenate(c) for c in zip(*found, strict=True))
    order = np.argsort(row, kind="stable")
    return Corners(row[order], point[order], measure[order])


def find_narrow_parts(shapes: NDArray, width: float, *, cancellation: Cancellation = NEVER) -> tuple[NDArray, NDArray]:
    """Find places where valid polygons are narrower than ``width`` m.

    These are places that a disc of that diameter cannot reach: necks, arms and spikes. Corners are unreachable too;
    they are left out down to 10°, since a separate rule finds acute angles (GEO005). Polygons that are `is_surely_wide`
    need no disc.

    Returns
    -------
    rows : (k,) int
    places : (k,) connected polygons
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
    """Return True if a part is longer than wide.

    The remainder of a corner is small compared with the disc. A tiny deviation is the inaccuracy of the buffer.
    """
    area, length = shapely.area(part), shapely.length(part)
    return bool(2 * area > BUFFER_OFF * width / 2 * length and (area > width * width / 4 or length > 4 * width))
