# SPDX-License-Identifier: GPL-2.0-or-later
"""Find rows of two editions with equal shapes.

The order and direction of rings have no effect. The set of edges identifies a valid polygon. Equal shapes therefore
have equal sums of hashes of their edges, and shapes need not be compared pairwise. Coordinates that reprojection or the
grid of a database moved by less than the cluster tolerance are equal: vertex by vertex for rows with one key, else ring
by ring for rows in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...geometry.edge_densification import VertexIndex, sort_unique_vertices
from ...geometry.polygon_rings import extract_rings, hash_vertices, iterate_batches
from ...geometry.shape_comparison import compute_max_vertex_shift
from ...geometry.validity import mask_missing_shapes
from ...plan.row_pairs import pair_equal_rows

# Vertices of one edition are snapped to those of the other within the cluster tolerance. Otherwise noise of
# reprojection or of a database's grid would cause slivers along every edge.

#: Rounding error of a double with eight digits before the decimal point (m).
FLOAT_ERROR_M = 1e-8
_HASH_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)


def snap_vertices(
    shapes: NDArray, onto: NDArray, cluster_m: float, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) polygons, each vertex moved to the nearest vertex of (m,) other polygons in reach.

    ``onto``: the other polygons; ``cluster_m``: largest distance, m. A polygon that would become invalid is unchanged.
    Raise Cancelled.
    """
    if not len(shapes) or not len(onto):
        return shapes
    cancellation.raise_if_cancelled()
    target_vertices = sort_unique_vertices(shapely.get_coordinates(onto))
    cancellation.raise_if_cancelled()
    index = VertexIndex(target_vertices, cluster_m + FLOAT_ERROR_M)
    snapped_shapes = shapes.copy()
    for batch in iterate_batches(shapes):
        cancellation.raise_if_cancelled()
        moved_shapes = index.snap_vertices(shapes[batch])
        is_valid_polygon = shapely.is_valid(moved_shapes) & (shapely.area(moved_shapes) > 0)
        snapped_shapes[batch] = np.where(is_valid_polygon, moved_shapes, shapes[batch])
    return snapped_shapes


def pair_equal_polygons(
    before: NDArray,
    after: NDArray,
    keys_before: list[str],
    keys_after: list[str],
    cluster_m: float,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> EditionPairing:
    """Return the pairs of rows of two editions whose polygons are equal within ``cluster_m`` metres.

    ``before`` (n,), ``after`` (m,): valid polygons or ``None``, in one CRS in metres. Of equal shapes (a feature stored
    twice) the one with the same key is preferred. Rows without a shape are paired by key only. Raise Cancelled.
    """
    pairing = EditionPairing(before, after, keys_before, keys_after)
    pair_by_digest(pairing, cancellation)
    cancellation.raise_if_cancelled()
    pair_by_vertex(pairing, cluster_m + FLOAT_ERROR_M, cancellation)
    cancellation.raise_if_cancelled()
    _pair_by_rings(pairing, cluster_m + FLOAT_ERROR_M, cancellation)
    unpaired_rows = np.flatnonzero((pairing.later_row_of_row < 0) & mask_missing_shapes(pairing.earlier_shapes))
    pairing.pair_rows(
        unpaired_rows,
        np.flatnonzero(pairing.find_unpaired_later_rows() & mask_missing_shapes(pairing.later_shapes)),
        [pairing.keys_before],
        [pairing.keys_after],
    )
    return pairing


def snap_unpaired_polygons(
    pairing: EditionPairing, cluster_m: float, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return the (n,) shapes of the earlier edition; those of unpaired rows are snapped to the later edition.

    Only vertices within ``cluster_m`` (m) of a vertex of the later edition move. Raise Cancelled.
    """
    shapes = pairing.earlier_shapes
    unpaired_rows, unpaired_later_rows = pairing.find_unpaired_rows()
    if len(unpaired_rows) and len(unpaired_later_rows):
        shapes = shapes.copy()
        shapes[unpaired_rows] = snap_vertices(
            shapes[unpaired_rows], pairing.later_shapes[unpaired_later_rows], cluster_m, cancellation
        )
    return shapes


class EditionPairing:
    """Shapes and keys of two editions, and the pairs of equal rows found so far.

    ``keys_before``, ``keys_after``: (n,) and (m,) keys. ``later_row_of_row``: (n,) row of the later edition that
    equals each row of the earlier one, −1 for none.
    """

    def __init__(
        self,
        earlier_shapes: NDArray,
        later_shapes: NDArray,
        keys_before: NDArray | list[str],
        keys_after: NDArray | list[str],
    ):
        self.earlier_shapes, self.later_shapes = earlier_shapes, later_shapes
        self.keys_before, self.keys_after = np.array(keys_before, dtype=object), np.array(keys_after, dtype=object)
        self.later_row_of_row = np.full(len(earlier_shapes), -1)

    def find_unpaired_later_rows(self) -> NDArray:
        """Return (m,) bool: rows of the later edition that are not paired yet."""
        return ~np.isin(np.arange(len(self.later_shapes)), self.later_row_of_row)

    def find_unpaired_rows(self) -> tuple[NDArray, NDArray]:
        """Return the rows of the earlier and of the later edition that have a shape and are not paired yet."""
        left = (self.later_row_of_row < 0) & ~mask_missing_shapes(self.earlier_shapes)
        return np.flatnonzero(left), np.flatnonzero(
            self.find_unpaired_later_rows() & ~mask_missing_shapes(self.later_shapes)
        )

    def find_candidates_with_unique_key(self) -> tuple[NDArray, NDArray]:
        """Return earlier and later row of unpaired rows with the same key, if it occurs once in each edition."""
        rows_with_key = []
        for rows, keys in zip(self.find_unpaired_rows(), (self.keys_before, self.keys_after), strict=True):
            counts = Counter(keys[rows])
            is_unique = np.array([key != "" and counts[key] == 1 for key in keys[rows]], dtype=bool)
            rows_with_key.append(rows[is_unique])
        left, right = pair_equal_rows([self.keys_before[rows_with_key[0]]], [self.keys_after[rows_with_key[1]]])
        return rows_with_key[0][left], rows_with_key[1][right]

    def pair_rows(
        self, rows: NDArray, later_rows: NDArray, columns: Sequence[NDArray], later_columns: Sequence[NDArray]
    ) -> None:
        """Pair those of some rows that have equal values in all columns, each row once, in their order.

        ``rows``, ``later_rows``: the rows to pair; ``columns``, ``later_columns``: values of all rows, (n,) and (m,).
        """
        left, right = pair_equal_rows(
            [values[rows] for values in columns], [values[later_rows] for values in later_columns]
        )
        self.later_row_of_row[rows[left]] = later_rows[right]


def compute_polygon_digests(shapes: NDArray, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
    """Return (n, 2) uint64: two sums of hashes over the edges of each polygon; equal polygons have equal sums.

    The order and direction of the edges have no effect. The sums are 0 where the shape is missing. Raise Cancelled.
    """
    sums = np.zeros((len(shapes), 2), dtype=np.uint64)
    rows_with_shape = np.flatnonzero(~mask_missing_shapes(shapes))
    for batch in iterate_batches(shapes[rows_with_shape]):
        cancellation.raise_if_cancelled()
        rows = rows_with_shape[batch]
        rings = extract_rings(shapes[rows])
        code = hash_vertices(rings.xy)
        a, b = code, np.roll(code, -1)
        with np.errstate(over="ignore"):
            for column, edge_hashes in enumerate((a + b, (a ^ b) + a * b)):
                edge_hashes ^= edge_hashes >> np.uint64(29)
                edge_hashes *= _HASH_MULTIPLIER
                edge_hashes ^= edge_hashes >> np.uint64(32)
                # A repeated vertex does not make an edge, and the last vertex of a ring does not begin one.
                edge_hashes[a == b] = 0
                edge_hashes[rings.ring_starts[1:] - 1] = 0
                np.add.at(
                    sums[:, column], rows[rings.polygon_of_ring], np.add.reduceat(edge_hashes, rings.ring_starts[:-1])
                )
    return sums


def pair_by_digest(pairing: EditionPairing, cancellation: Cancellation) -> None:
    """Pair rows with equal digests of their shapes: first rows with equal keys, then any. Raise Cancelled."""
    earlier_digests = compute_polygon_digests(pairing.earlier_shapes, cancellation)
    later_digests = compute_polygon_digests(pairing.later_shapes, cancellation)
    for keys in ([pairing.keys_before, pairing.keys_after], []):
        unpaired_rows, unpaired_later_rows = pairing.find_unpaired_rows()
        pairing.pair_rows(
            unpaired_rows[earlier_digests[unpaired_rows].any(axis=1)],
            unpaired_later_rows[later_digests[unpaired_later_rows].any(axis=1)],
            [*earlier_digests.T, *keys[:1]],
            [*later_digests.T, *keys[1:]],
        )


def pair_by_vertex(pairing: EditionPairing, reach_m: float, cancellation: Cancellation) -> None:
    """Pair rows with one key whose vertices agree one by one within ``reach_m`` metres.

    They agree so in a layer stored on a grid. Raise Cancelled.
    """
    left, right = pairing.find_candidates_with_unique_key()
    earlier_shapes, later_shapes = pairing.earlier_shapes[left], pairing.later_shapes[right]
    counts = shapely.get_num_coordinates(earlier_shapes)
    is_candidate = (counts == shapely.get_num_coordinates(later_shapes)) & (counts > 0)
    is_candidate &= shapely.get_num_geometries(earlier_shapes) == shapely.get_num_geometries(later_shapes)
    left, right, earlier_shapes, later_shapes = (
        left[is_candidate],
        right[is_candidate],
        earlier_shapes[is_candidate],
        later_shapes[is_candidate],
    )
    for batch in iterate_batches(earlier_shapes):
        cancellation.raise_if_cancelled()
        one, other = earlier_shapes[batch], later_shapes[batch]
        off = np.hypot(*(shapely.get_coordinates(one) - shapely.get_coordinates(other)).T)
        starts = np.r_[0, np.cumsum(shapely.get_num_coordinates(one))[:-1]]
        is_equal = np.maximum.reduceat(off, starts) <= reach_m
        pairing.later_row_of_row[left[batch][is_equal]] = right[batch][is_equal]


def _pair_by_rings(pairing: EditionPairing, reach_m: float, cancellation: Cancellation) -> None:
    """Pair rows with nearly equal bounding boxes whose rings agree within ``reach_m`` metres.

    A ring may begin at any vertex. Rows with the same key are preferred. Raise Cancelled.
    """
    unpaired_rows, unpaired_later_rows = pairing.find_unpaired_rows()
    if not len(unpaired_rows) or not len(unpaired_later_rows):
        return
    earlier_shapes, later_shapes = pairing.earlier_shapes, pairing.later_shapes
    left, right = shapely.STRtree(later_shapes[unpaired_later_rows]).query(earlier_shapes[unpaired_rows])
    left, right = unpaired_rows[left], unpaired_later_rows[right]
    bounds_distance = np.abs(shapely.bounds(earlier_shapes[left]) - shapely.bounds(later_shapes[right]))
    is_candidate = bounds_distance.max(axis=1, initial=0.0) <= reach_m
    left, right = left[is_candidate], right[is_candidate]
    cancellation.raise_if_cancelled()
    is_equal = compute_max_vertex_shift(earlier_shapes[left], later_shapes[right]) <= reach_m
    pairs = zip(left[is_equal].tolist(), right[is_equal].tolist(), strict=True)
    taken_rows: set[int] = set()
    keys = pairing.keys_before, pairing.keys_after
    for i, j in sorted(pairs, key=lambda p: (p[0], keys[0][p[0]] != keys[1][p[1]], p[1])):
        if pairing.later_row_of_row[i] < 0 and j not in taken_rows:
            pairing.later_row_of_row[i] = j
            taken_rows.add(j)
