# SPDX-License-Identifier: GPL-2.0-or-later
"""The rings of polygons as plain arrays, batch by batch, so that millions of vertices need little memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

#: Vertices in one batch: they stay in a processor's cache.
BATCH_VERTICES = 250_000


class Rings(NamedTuple):
    """``xy`` (v, 2) vertices ring after ring, each ring closed; ``at`` (r + 1,) where each begins, and the end; ``shape``
    (r,) the position of the polygon each is of; ``hole`` (r,) bool."""

    xy: NDArray
    at: NDArray
    shape: NDArray
    hole: NDArray


def rings(shapes: NDArray) -> Rings:
    """All rings of (n,) polygons and multipolygons, none missing. Those of polygons without holes come first."""
    plain = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    simple, others = np.flatnonzero(plain), np.flatnonzero(~plain)
    xy = shapely.get_coordinates(shapes[simple])
    at = np.r_[0, np.cumsum(shapely.get_num_coordinates(shapes[simple]), dtype=np.int64)]
    if not len(others):
        return Rings(xy, at, simple, np.zeros(len(simple), dtype=bool))
    # shapely writes one array for polygons and multipolygons only where a multipolygon is among them: one is put in.
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
    """Slices of (n,) geometries with about `BATCH_VERTICES` vertices each."""
    total = np.cumsum(shapely.get_num_coordinates(shapes))
    start = 0
    while start < len(shapes):
        before = total[start - 1] if start else 0
        stop = max(int(np.searchsorted(total, before + BATCH_VERTICES, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def ring_sums(values: NDArray, at: NDArray) -> NDArray:
    """(r,) the sum of (v,) values a step over each ring's steps; the last vertex of a ring begins none."""
    if len(at) < 2:
        return np.zeros(0)
    values[at[1:] - 1] = 0.0
    return np.add.reduceat(values, at[:-1])
