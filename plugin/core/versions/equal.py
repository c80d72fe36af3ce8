# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rows of two editions have the same shape, whatever their order, where their rings begin and which way they turn.

A valid polygon is told by its set of edges. So equal shapes have equal sums of hashes of their edges, and no shape need be
compared with any other. Coordinates that reprojection or a database's grid moved by less than the cluster tolerance are the
same: vertex by vertex for rows of one key, else ring by ring for rows of one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.linework import vertex_codes
from ..geometry.polygons import Check, never
from ..geometry.rings import batches, rings
from ..geometry.validity import missing

_MIX = np.uint64(0xD6E8FEB86659FD93)
#: What a double of eight digits before the point may itself be off (m).
_FLOAT_M = 1e-8
#: Polygons settled between two looks at the cancel button.
_SHAPES = 2048


@dataclass(frozen=True)
class Same:
    """``after`` (n,) the row of the other edition with the same shape, −1 for none, no row twice. ``shapes`` (n,): the
    rows left over have vertices within the tolerance in the place of the other edition's."""

    after: NDArray
    shapes: NDArray


def same_shapes(
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    cluster_m: float,
    check: Check = never,
) -> Same:
    """Pair (n,) and (m,) valid polygons or None of one plane (metres) that are the same to ``cluster_m``.

    Among equal shapes (a feature stored twice) the one with the same key is taken first; rows without a shape are paired
    by key only.
    """
    found = np.full(len(before), -1)
    _pair(found, digests(before, check), digests(after, check), keys_before, keys_after, ~missing(before))
    check()
    _pair_by_vertex(found, before, after, keys_before, keys_after, cluster_m, check)
    check()
    _pair_by_place(found, before, after, keys_before, keys_after, cluster_m, check)
    shapes = before
    rest, free = _rest(found, before, after)
    if len(rest) and len(free):
        shapes = before.copy()
        shapes[rest] = settled(before[rest], after[free], cluster_m, check)
    _pair_bare(found, before, after, keys_before, keys_after)
    return Same(found, shapes)


def digests(shapes: NDArray, check: Check = never) -> NDArray:
    """(n, 2) uint64: two sums over the edges of each polygon or multipolygon that know neither order nor direction; zeros
    where there is none."""
    sums = np.zeros((len(shapes), 2), dtype=np.uint64)
    present = np.flatnonzero(~missing(shapes))
    for batch in batches(shapes[present]):
        check()
        rows = present[batch]
        found = rings(shapes[rows])
        code = vertex_codes(found.xy)
        a, b = code, np.roll(code, -1)
        with np.errstate(over="ignore"):
            for column, joined in enumerate((a + b, (a ^ b) + a * b)):
                joined ^= joined >> np.uint64(29)
                joined *= _MIX
                joined ^= joined >> np.uint64(32)
                # A step to the same vertex is no edge; the last vertex of a ring begins none.
                joined[a == b] = 0
                joined[found.at[1:] - 1] = 0
                np.add.at(sums[:, column], rows[found.shape], np.add.reduceat(joined, found.at[:-1]))
    return sums


def _pair(
    found: NDArray,
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    there: NDArray,
) -> None:
    """Rows left over whose digests agree: first those of one key too, then any, each once and in order."""
    import pandas as pd

    for by_key in (True, False):
        rest = np.flatnonzero((found < 0) & there & before.any(axis=1))
        free = np.flatnonzero(~np.isin(np.arange(len(after)), found) & after.any(axis=1))
        left = pd.DataFrame({"row": rest, "one": before[rest, 0], "two": before[rest, 1]})
        right = pd.DataFrame({"other": free, "one": after[free, 0], "two": after[free, 1]})
        on = ["one", "two"]
        if by_key:
            left["key"], right["key"] = _keys(keys_before, rest), _keys(keys_after, free)
            on.append("key")
        left["nth"], right["nth"] = left.groupby(on).cumcount(), right.groupby(on).cumcount()
        pairs = left.merge(right, on=[*on, "nth"])
        found[pairs["row"].to_numpy()] = pairs["other"].to_numpy()


def _pair_by_vertex(
    found: NDArray,
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    cluster_m: float,
    check: Check,
) -> None:
    """Rows of one key whose vertices stand one by one where the other's do: a whole layer that was stored on a grid."""
    left, right = _one_key(found, keys_before, keys_after, *_rest(found, before, after))
    counts = shapely.get_num_coordinates(before[left])
    alike = (counts == shapely.get_num_coordinates(after[right])) & (counts > 0)
    alike &= shapely.get_num_geometries(before[left]) == shapely.get_num_geometries(after[right])
    left, right = left[alike], right[alike]
    for batch in batches(before[left]):
        check()
        one, other = before[left[batch]], after[right[batch]]
        off = np.hypot(*(shapely.get_coordinates(one) - shapely.get_coordinates(other)).T)
        starts = np.r_[0, np.cumsum(shapely.get_num_coordinates(one))[:-1]]
        same = np.maximum.reduceat(off, starts) <= cluster_m + _FLOAT_M
        found[left[batch][same]] = right[batch][same]


def _pair_by_place(
    found: NDArray,
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    cluster_m: float,
    check: Check,
) -> None:
    """Rows whose boxes agree, ring by ring, wherever rings begin; of several the one of the same key."""
    rest, free = _rest(found, before, after)
    if not len(rest) or not len(free):
        return
    left, right = shapely.STRtree(after[free]).query(before[rest])
    left, right = rest[left], free[right]
    reach = cluster_m + _FLOAT_M
    alike = shapely.get_num_coordinates(before[left]) == shapely.get_num_coordinates(after[right])
    alike &= np.abs(shapely.bounds(before[left]) - shapely.bounds(after[right])).max(axis=1, initial=0.0) <= reach
    pairs = zip(left[alike].tolist(), right[alike].tolist(), strict=True)
    taken: set[int] = set()
    for n, (i, j) in enumerate(sorted(pairs, key=lambda p: (p[0], keys_before[p[0]] != keys_after[p[1]], p[1]))):
        if n % 1000 == 0:
            check()
        if found[i] < 0 and j not in taken and same_rings(before[i], after[j], reach):
            found[i] = j
            taken.add(j)


def same_rings(one: Any, other: Any, reach: float) -> bool:
    """Have two polygons the same rings, each vertex within ``reach`` (m), in any order, from any start, either way?"""
    found = [rings(np.array([shape], dtype=object)) for shape in (one, other)]
    mine, theirs = ([r.xy[a : b - 1] for a, b in pairwise(r.at.tolist())] for r in found)
    if len(mine) != len(theirs):
        return False
    for ring in mine:
        match = next((n for n, two in enumerate(theirs) if _same_ring(ring, two, reach)), None)
        if match is None:
            return False
        theirs.pop(match)
    return True


def _same_ring(one: NDArray, other: NDArray, reach: float) -> bool:
    if len(one) != len(other):
        return False
    starts = np.flatnonzero(np.hypot(*(other - one[0]).T) <= reach).tolist()
    for start in starts:
        for turned in (np.roll(other, -start, axis=0), np.roll(other[::-1], start + 1, axis=0)):
            if (np.hypot(*(turned - one).T) <= reach).all():
                return True
    return False


def _pair_bare(found: NDArray, before: NDArray, after: NDArray, keys_before: list[str], keys_after: list[str]) -> None:
    """Rows without a shape in both editions, by key; where several have one, or none, in their order."""
    import pandas as pd

    taken = np.isin(np.arange(len(after)), found)
    rest, free = np.flatnonzero((found < 0) & missing(before)), np.flatnonzero(~taken & missing(after))
    left = pd.DataFrame({"row": rest, "key": _keys(keys_before, rest)})
    right = pd.DataFrame({"other": free, "key": _keys(keys_after, free)})
    left["nth"], right["nth"] = left.groupby("key").cumcount(), right.groupby("key").cumcount()
    pairs = left.merge(right, on=["key", "nth"])
    found[pairs["row"].to_numpy(dtype=np.int64)] = pairs["other"].to_numpy(dtype=np.int64)


def _one_key(
    found: NDArray, keys_before: list[str], keys_after: list[str], rest: NDArray, free: NDArray
) -> tuple[NDArray, NDArray]:
    """Pairs among rows of both editions whose key nobody else of them has."""
    import pandas as pd

    left = pd.DataFrame({"row": rest, "key": _keys(keys_before, rest)})
    right = pd.DataFrame({"other": free, "key": _keys(keys_after, free)})
    for table in (left, right):
        table.drop(table.index[table["key"].duplicated(keep=False) | (table["key"] == "")], inplace=True)
    pairs = left.merge(right, on="key")
    return pairs["row"].to_numpy(dtype=np.int64), pairs["other"].to_numpy(dtype=np.int64)


def _keys(keys: list[str], rows: NDArray) -> NDArray:
    """(k,) objects, also when there are none: pandas takes an empty list for numbers."""
    found: NDArray = np.array([keys[n] for n in rows.tolist()], dtype=object)
    return found


def _rest(found: NDArray, before: NDArray, after: NDArray) -> tuple[NDArray, NDArray]:
    """Rows with a shape that are not paired yet, of both editions."""
    free = ~np.isin(np.arange(len(after)), found) & ~missing(after)
    return np.flatnonzero((found < 0) & ~missing(before)), np.flatnonzero(free)


def settled(shapes: NDArray, onto: NDArray, cluster_m: float, check: Check = never) -> NDArray:
    """(n,) polygons with each vertex in the place of the nearest vertex of ``onto`` ((m,) polygons) within ``cluster_m``.

    One that this would spoil stays as it is.
    """
    if not len(shapes) or not len(onto):
        return shapes
    check()
    once = _each_once(shapely.get_coordinates(onto))
    check()
    vertices = _Vertices(once, cluster_m + _FLOAT_M)
    done = shapes.copy()
    for batch in batches(shapes):
        for start in range(batch.start, batch.stop, _SHAPES):
            check()
            some = slice(start, min(start + _SHAPES, batch.stop))
            moved = shapely.transform(shapes[some], vertices.nearest)
            check()
            good = shapely.is_valid(moved) & (shapely.area(moved) > 0)
            done[some] = np.where(good, moved, shapes[some])
    return done


def _each_once(xy: NDArray) -> NDArray:
    """(u, 2) the vertices sorted, each once. A complex number sorts by its real part, then by the other."""
    once = np.unique(np.ascontiguousarray(xy).view(np.complex128).ravel())
    return once.view(np.float64).reshape(-1, 2)


class _Vertices:
    """Vertices by square cells twice the reach wide: what is in reach lies in one of four."""

    def __init__(self, xy: NDArray, reach: float):
        self._reach = reach
        cells = self._cells(xy)
        order = np.argsort(cells, kind="stable")
        self._cell, self._xy = cells[order], xy[order]

    def _cells(self, xy: NDArray) -> NDArray:
        column, line = np.floor(xy / (2 * self._reach)).astype(np.int64).view(np.uint64).T
        with np.errstate(over="ignore"):
            # Two cells of one number do no harm: distance decides.
            cells: NDArray = column * np.uint64(0x9E3779B97F4A7C15) + line
        return cells

    def nearest(self, xy: NDArray) -> NDArray:
        """(v, 2) the nearest vertex within reach, else the vertex itself."""
        best, made = np.full(len(xy), self._reach), xy.copy()
        for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            cells = self._cells(xy + np.array(corner) * self._reach)
            at = np.searchsorted(self._cell, cells)
            asked = np.arange(len(xy))
            while len(asked):
                inside = at < len(self._cell)
                asked, at = asked[inside], at[inside]
                here = self._cell[at] == cells[asked]
                asked, at = asked[here], at[here]
                off = np.hypot(*(self._xy[at] - xy[asked]).T)
                nearer = off <= best[asked]
                best[asked[nearer]], made[asked[nearer]] = off[nearer], self._xy[at[nearer]]
                at = at + 1
        return made
