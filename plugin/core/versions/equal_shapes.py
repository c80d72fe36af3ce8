# SPDX-License-Identifier: GPL-2.0-or-later
"""Find rows of two editions with equal shapes.

The order and direction of rings have no effect. The set of edges identifies a valid polygon. Equal shapes therefore
have equal sums of hashes of their edges, and shapes need not be compared pairwise. Coordinates that reprojection or the
grid of a database moved by less than the cluster tolerance are equal: vertex by vertex for rows with one key, else ring
by ring for rows in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..geometry.linework import extract_rings, hash_vertices, iterate_batches
from ..geometry.validity import is_missing
from ..geometry.vertex_index import VertexIndex, sort_unique_vertices

if TYPE_CHECKING:
    import pandas as pd


# Vertices of one edition are snapped to those of the other within the cluster tolerance. Otherwise noise of
# reprojection or of a database's grid would cause slivers along every edge.

#: Rounding error of a double with eight digits before the decimal point (m).
FLOAT_ERROR_M = 1e-8
#: Number of polygons snapped between two checks for cancellation.
_SHAPES_PER_BATCH = 2048


def snap_vertices(
    shapes: NDArray, onto: NDArray, cluster_m: float, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Move vertices of (n,) polygons to the nearest vertex of (m,) other polygons.

    ``onto``: the other polygons; ``cluster_m``: largest distance, m. A polygon that would become invalid is unchanged.
    """
    if not len(shapes) or not len(onto):
        return shapes
    cancellation.raise_if_cancelled()
    target_vertices = sort_unique_vertices(shapely.get_coordinates(onto))
    cancellation.raise_if_cancelled()
    index = VertexIndex(target_vertices, cluster_m + FLOAT_ERROR_M)
    snapped = shapes.copy()
    for batch in iterate_batches(shapes):
        for start in range(batch.start, batch.stop, _SHAPES_PER_BATCH):
            cancellation.raise_if_cancelled()
            some = slice(start, min(start + _SHAPES_PER_BATCH, batch.stop))
            moved = index.snap_vertices(shapes[some])
            cancellation.raise_if_cancelled()
            good = shapely.is_valid(moved) & (shapely.area(moved) > 0)
            snapped[some] = np.where(good, moved, shapes[some])
    return snapped


_HASH_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True)
class EqualShapes:
    """Pairs of rows of two editions with equal shapes.

    ``equal_row_in_later_edition``: (n,) row of the later edition with the same shape, −1 for none, no row twice;
    ``earlier_shapes``: (n,) shapes of the earlier edition, with vertices of unpaired rows snapped to the later one.
    """

    equal_row_in_later_edition: NDArray
    earlier_shapes: NDArray


def match_equal_polygons(
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    cluster_m: float,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> EqualShapes:
    """Pair (n,) and (m,) polygons that are equal within ``cluster_m`` metres.

    The polygons are valid or ``None``, in one CRS in metres.

    Among equal shapes (a feature stored twice) the one with the same key comes first. Rows without a shape are paired
    by key only.
    """
    both = _EditionPairing(before, after, keys_before, keys_after)
    _pair_by_digest(both, cancellation)
    cancellation.raise_if_cancelled()
    _pair_by_vertex(both, cluster_m + FLOAT_ERROR_M, cancellation)
    cancellation.raise_if_cancelled()
    _pair_by_rings(both, cluster_m + FLOAT_ERROR_M, cancellation)
    shapes = before
    rest, free = both.find_unpaired_rows()
    if len(rest) and len(free):
        shapes = before.copy()
        shapes[rest] = snap_vertices(before[rest], after[free], cluster_m, cancellation)
    _pair_without_shapes(both)
    return EqualShapes(both.found, shapes)


class _EditionPairing:
    """Shapes and keys of two editions, and the pairs found so far.

    ``found``: (n,) row of the later edition, −1 for none.
    """

    def __init__(self, before: NDArray, after: NDArray, keys_before: list[str], keys_after: list[str]):
        self.before, self.after = before, after
        self.keys_before, self.keys_after = keys_before, keys_after
        self.found = np.full(len(before), -1)

    def find_unpaired_later_rows(self) -> NDArray:
        """Return (m,) bool: rows of the later edition that are not paired yet."""
        return ~np.isin(np.arange(len(self.after)), self.found)

    def find_unpaired_rows(self) -> tuple[NDArray, NDArray]:
        """Return the rows of both editions that have a shape and are not paired yet."""
        left = (self.found < 0) & ~is_missing(self.before)
        return np.flatnonzero(left), np.flatnonzero(self.find_unpaired_later_rows() & ~is_missing(self.after))

    def make_join_tables(self, rest: NDArray, free: NDArray) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows of both editions with their keys, as tables to join."""
        import pandas as pd

        left = pd.DataFrame({"row": rest, "key": _get_row_keys(self.keys_before, rest)})
        return left, pd.DataFrame({"other": free, "key": _get_row_keys(self.keys_after, free)})

    def pair_equal_rows(self, left: pd.DataFrame, right: pd.DataFrame, on: list[str]) -> None:
        """Pair rows of two tables with equal values in the columns ``on``.

        Each row is paired once, in the order of the tables.
        """
        left["nth"], right["nth"] = left.groupby(on).cumcount(), right.groupby(on).cumcount()
        pairs = left.merge(right, on=[*on, "nth"])
        self.found[pairs["row"].to_numpy(dtype=np.int64)] = pairs["other"].to_numpy(dtype=np.int64)


def compute_polygon_digests(shapes: NDArray, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
    """Return (n, 2) uint64: two sums of hashes over the edges of each polygon.

    The sums depend on neither order nor direction of the edges. They are 0 where the shape is missing.
    """
    sums = np.zeros((len(shapes), 2), dtype=np.uint64)
    present = np.flatnonzero(~is_missing(shapes))
    for batch in iterate_batches(shapes[present]):
        cancellation.raise_if_cancelled()
        rows = present[batch]
        found = extract_rings(shapes[rows])
        code = hash_vertices(found.xy)
        a, b = code, np.roll(code, -1)
        with np.errstate(over="ignore"):
            for column, joined in enumerate((a + b, (a ^ b) + a * b)):
                joined ^= joined >> np.uint64(29)
                joined *= _HASH_MULTIPLIER
                joined ^= joined >> np.uint64(32)
                # A repeated vertex does not make an edge, and the last vertex of a ring does not begin one.
                joined[a == b] = 0
                joined[found.ring_starts[1:] - 1] = 0
                np.add.at(sums[:, column], rows[found.polygon_of_ring], np.add.reduceat(joined, found.ring_starts[:-1]))
    return sums


def _pair_by_digest(editions: _EditionPairing, cancellation: Cancellation) -> None:
    """Pair rows with equal digests: first those with equal keys, then any."""
    before, after = (
        compute_polygon_digests(editions.before, cancellation),
        compute_polygon_digests(editions.after, cancellation),
    )
    for on in (["one", "two", "key"], ["one", "two"]):
        rest, free = editions.find_unpaired_rows()
        left, right = editions.make_join_tables(rest[before[rest].any(axis=1)], free[after[free].any(axis=1)])
        for table, sums, row in ((left, before, "row"), (right, after, "other")):
            table["one"], table["two"] = sums[table[row].to_numpy(dtype=np.int64)].T
        editions.pair_equal_rows(left, right, on)


def _pair_by_vertex(editions: _EditionPairing, reach: float, cancellation: Cancellation) -> None:
    """Pair rows with one key whose vertices agree in order within ``reach`` metres.

    That is the case in a layer stored on a grid.
    """
    left, right = _pair_rows_with_unique_key(editions)
    before, after = editions.before[left], editions.after[right]
    counts = shapely.get_num_coordinates(before)
    alike = (counts == shapely.get_num_coordinates(after)) & (counts > 0)
    alike &= shapely.get_num_geometries(before) == shapely.get_num_geometries(after)
    left, right, before, after = left[alike], right[alike], before[alike], after[alike]
    for batch in iterate_batches(before):
        cancellation.raise_if_cancelled()
        one, other = before[batch], after[batch]
        off = np.hypot(*(shapely.get_coordinates(one) - shapely.get_coordinates(other)).T)
        starts = np.r_[0, np.cumsum(shapely.get_num_coordinates(one))[:-1]]
        same = np.maximum.reduceat(off, starts) <= reach
        editions.found[left[batch][same]] = right[batch][same]


def _pair_by_rings(editions: _EditionPairing, reach: float, cancellation: Cancellation) -> None:
    """Pair rows with equal bounding boxes whose rings agree within ``reach`` metres.

    A ring may begin at any vertex. Rows with the same key are preferred.
    """
    rest, free = editions.find_unpaired_rows()
    if not len(rest) or not len(free):
        return
    before, after, found = editions.before, editions.after, editions.found
    left, right = shapely.STRtree(after[free]).query(before[rest])
    left, right = rest[left], free[right]
    alike = shapely.get_num_coordinates(before[left]) == shapely.get_num_coordinates(after[right])
    alike &= np.abs(shapely.bounds(before[left]) - shapely.bounds(after[right])).max(axis=1, initial=0.0) <= reach
    pairs = zip(left[alike].tolist(), right[alike].tolist(), strict=True)
    taken: set[int] = set()
    keys = editions.keys_before, editions.keys_after
    for n, (i, j) in enumerate(sorted(pairs, key=lambda p: (p[0], keys[0][p[0]] != keys[1][p[1]], p[1]))):
        if n % 1000 == 0:
            cancellation.raise_if_cancelled()
        if found[i] < 0 and j not in taken and have_same_rings(before[i], after[j], reach):
            found[i] = j
            taken.add(j)


def have_same_rings(polygon: Any, other_polygon: Any, reach: float) -> bool:
    """Return True if two polygons have the same rings.

    Vertices agree within ``reach`` (m). Order, start and direction of rings have no effect.
    """
    found = [extract_rings(np.array([shape], dtype=object)) for shape in (polygon, other_polygon)]
    mine, theirs = ([r.xy[a : b - 1] for a, b in pairwise(r.ring_starts.tolist())] for r in found)
    if len(mine) != len(theirs):
        return False
    for ring in mine:
        match = next((n for n, two in enumerate(theirs) if _is_same_ring(ring, two, reach)), None)
        if match is None:
            return False
        theirs.pop(match)
    return True


def _is_same_ring(ring: NDArray, other_ring: NDArray, reach: float) -> bool:
    if len(ring) != len(other_ring):
        return False
    starts = np.flatnonzero(np.hypot(*(other_ring - ring[0]).T) <= reach).tolist()
    for start in starts:
        for turned in (np.roll(other_ring, -start, axis=0), np.roll(other_ring[::-1], start + 1, axis=0)):
            if (np.hypot(*(turned - ring).T) <= reach).all():
                return True
    return False


def _pair_without_shapes(editions: _EditionPairing) -> None:
    """Pair rows without a shape in both editions by key.

    Rows with a repeated or missing key are paired in order.
    """
    rest = np.flatnonzero((editions.found < 0) & is_missing(editions.before))
    editions.pair_equal_rows(
        *editions.make_join_tables(
            rest, np.flatnonzero(editions.find_unpaired_later_rows() & is_missing(editions.after))
        ),
        ["key"],
    )


def _pair_rows_with_unique_key(editions: _EditionPairing) -> tuple[NDArray, NDArray]:
    """Return pairs of rows with a key that occurs once in each edition."""
    left, right = editions.make_join_tables(*editions.find_unpaired_rows())
    for table in (left, right):
        table.drop(table.index[table["key"].duplicated(keep=False) | (table["key"] == "")], inplace=True)
    pairs = left.merge(right, on="key")
    return pairs["row"].to_numpy(dtype=np.int64), pairs["other"].to_numpy(dtype=np.int64)


def _get_row_keys(keys: list[str], rows: NDArray) -> NDArray:
    """Return (k,) keys as objects, because pandas reads an empty list as numbers."""
    found: NDArray = np.array([keys[n] for n in rows.tolist()], dtype=object)
    return found
