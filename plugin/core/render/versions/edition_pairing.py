# SPDX-License-Identifier: GPL-2.0-or-later
"""Pair the rows of two editions: those with equal shapes, and those that a shift of the whole edition moved.

The order and direction of rings have no effect. The set of edges identifies a valid polygon. Equal shapes therefore
have equal sums of hashes of their edges, and shapes need not be compared pairwise. Coordinates that reprojection or the
grid of a database moved by less than the cluster tolerance are equal: vertex by vertex for rows with one key, else ring
by ring for rows in one place.

Another coordinate transformation or an offset of digitising moves every row by one vector. No row then has an equal row
in the other edition, although no land changed. The shift is the median of the differences between rows that correspond
by key or by place. It is accepted only if most rows of both editions agree with it, vertex by vertex.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...geometry.edge_densification import VertexIndex, sort_unique_vertices
from ...geometry.intersection_areas import are_signs_exact, compute_intersection_areas
from ...geometry.overlay import find_overlapping_rows, find_shared_pieces, find_uncovered_pieces
from ...geometry.polygon_rings import extract_rings, hash_vertices, iterate_batches
from ...geometry.polygons import Polygons
from ...geometry.shape_comparison import compute_max_vertex_shift
from ...geometry.validity import mask_missing_shapes
from ...plan.row_pairs import pair_equal_rows
from ...standard.profile import Norm
from .edition_comparison import EditionShift
from .pieces import NO_TOLERANCE, find_rows_around

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
        moved_shapes = shapely.transform(shapes[batch], index.find_nearest)
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


@dataclass(frozen=True)
class ShiftLimits:
    """When one edition counts as shifted as a whole, and up to which length a comparison removes the shift.

    ``max_shift_m``: longest shift that is removed; ``agreement_m``: largest distance of a vertex from its shifted
    place; ``min_share``, ``min_rows``: least share and least number of the rows of each edition that must agree.
    """

    max_shift_m: float
    agreement_m: float
    min_share: float
    min_rows: int


def make_shift_limits(norm: Norm) -> ShiftLimits:
    """Return the limits that standard and profile set."""
    values = [norm.get(f"editions.{name}") for name in ("max_shift_m", "agreement_m", "min_share", "min_rows_count")]
    return ShiftLimits(float(values[0]), float(values[1]), float(values[2]), int(values[3]))


def find_edition_shift(
    pairing: EditionPairing, limits: ShiftLimits, *, removes: bool, cancellation: Cancellation = NEVER_CANCELLED
) -> tuple[EditionShift, NDArray] | None:
    """Return the shift of the later edition, and the (n,) shapes of the earlier edition at their shifted places.

    ``None`` without a shift. Rows of equal shape keep their places. Rows that differ by the shift only become equal to
    their row of the later edition. Vertices of all other rows are snapped to those of the later edition within
    ``limits.agreement_m``. ``removes``: False if the comparison only reports a shift. Raise Cancelled.
    """
    offset = _estimate_offset(pairing, limits)
    if offset is None:
        return None
    cancellation.raise_if_cancelled()
    # Rows with one key are compared vertex by vertex, the others after snapping: rings may begin at other vertices.
    agreement_m = limits.agreement_m
    rows, _ = pairing.find_unpaired_rows()
    shapes = pairing.earlier_shapes.copy()
    shapes[rows] = shapely.transform(shapes[rows], lambda xy: xy + offset)
    shifted = EditionPairing(shapes, pairing.later_shapes, pairing.keys_before, pairing.keys_after)
    shifted.later_row_of_row = pairing.later_row_of_row.copy()
    pair_by_vertex(shifted, agreement_m, cancellation)
    # The shapes with the vertices of the later edition that theirs correspond to.
    targets = shapes.copy()
    by_vertex = np.flatnonzero((shifted.later_row_of_row >= 0) & (pairing.later_row_of_row < 0))
    targets[by_vertex] = pairing.later_shapes[shifted.later_row_of_row[by_vertex]]
    cancellation.raise_if_cancelled()
    rows, _ = shifted.find_unpaired_rows()
    boxes = shapely.box(*(shapely.bounds(shapes[rows]) + agreement_m * np.array([-1, -1, 1, 1])).T)
    around = find_rows_around(pairing.later_shapes, boxes)
    shapes[rows] = snap_vertices(shapes[rows], pairing.later_shapes[around], agreement_m, cancellation)
    targets[rows] = shapes[rows]
    pair_by_digest(shifted, cancellation)
    rows = np.flatnonzero((shifted.later_row_of_row >= 0) & (pairing.later_row_of_row < 0))
    if len(rows) < _count_required_rows(pairing, limits):
        return None
    later_rows = shifted.later_row_of_row[rows]
    moved = shapely.get_coordinates(pairing.earlier_shapes[rows]) + offset
    deviations = np.hypot(*(moved - shapely.get_coordinates(targets[rows])).T)
    shapes = shifted.earlier_shapes.copy()
    shapes[rows] = pairing.later_shapes[later_rows]
    shift = EditionShift(
        float(offset[0]),
        float(offset[1]),
        rows,
        later_rows,
        len(rows) / _count_rows(pairing),
        float(deviations.max()),
        limits.max_shift_m,
        removes and math.hypot(*offset) <= limits.max_shift_m,
    )
    return shift, shapes


def _count_rows(pairing: EditionPairing) -> int:
    """Return the number of rows with a shape in the edition that has more of them."""
    return max(int((~mask_missing_shapes(shapes)).sum()) for shapes in (pairing.earlier_shapes, pairing.later_shapes))


def _count_required_rows(pairing: EditionPairing, limits: ShiftLimits) -> int:
    """Return how many rows must agree with a shift."""
    return max(limits.min_rows, math.ceil(limits.min_share * _count_rows(pairing)), 1)


def _estimate_offset(pairing: EditionPairing, limits: ShiftLimits) -> NDArray | None:
    """Return the (2,) shift (m) by which most rows of both editions may differ; ``None`` without one.

    It is the median over the corners of the bounding boxes of corresponding rows. It must be longer than the agreement:
    a shorter one could be noise.
    """
    required = _count_required_rows(pairing, limits)
    rows, later_rows = pairing.find_unpaired_rows()
    if min(len(rows), len(later_rows)) < required:
        return None
    left, right = _find_corresponding_rows(pairing, limits)
    if not len(left):
        return None
    moves = shapely.bounds(pairing.later_shapes[right]) - shapely.bounds(pairing.earlier_shapes[left])
    offset: NDArray = np.median(moves.reshape(-1, 2), axis=0)
    agrees = (np.abs(moves - np.tile(offset, 2)) <= limits.agreement_m).all(axis=1)
    if len(np.unique(left[agrees])) < required:
        return None
    offset = np.median(moves[agrees].reshape(-1, 2), axis=0)
    return offset if math.hypot(*offset) > limits.agreement_m else None


def _find_corresponding_rows(pairing: EditionPairing, limits: ShiftLimits) -> tuple[NDArray, NDArray]:
    """Return earlier and later row of unpaired rows of the same size that have one key, or else are near.

    Rows have the same size if their number of vertices is equal and their bounding boxes agree to twice the agreement.
    """
    left, right = pairing.find_candidates_with_unique_key()
    is_similar = _mask_pairs_of_same_size(pairing, left, right, limits)
    left, right = left[is_similar], right[is_similar]
    rows, later_rows = pairing.find_unpaired_rows()
    rows, later_rows = np.setdiff1d(rows, left), np.setdiff1d(later_rows, right)
    if not len(rows) or not len(later_rows):
        return left, right
    i, j = shapely.STRtree(_make_centres(pairing.later_shapes[later_rows])).query(
        _make_centres(pairing.earlier_shapes[rows]), predicate="dwithin", distance=limits.max_shift_m
    )
    near, near_later = rows[i], later_rows[j]
    is_similar = _mask_pairs_of_same_size(pairing, near, near_later, limits)
    return np.concatenate([left, near[is_similar]]), np.concatenate([right, near_later[is_similar]])


def _mask_pairs_of_same_size(
    pairing: EditionPairing, earlier_rows: NDArray, later_rows: NDArray, limits: ShiftLimits
) -> NDArray:
    """Return (p,) bool: pairs whose shapes have bounds of the same size and equally many vertices.

    ``earlier_rows``, ``later_rows``: (p,) the row of each pair in the earlier and in the later edition.
    """
    one, other = pairing.earlier_shapes[earlier_rows], pairing.later_shapes[later_rows]
    sizes = [bounds[:, 2:] - bounds[:, :2] for bounds in map(shapely.bounds, (one, other))]
    is_similar: NDArray = (np.abs(sizes[0] - sizes[1]) <= 2 * limits.agreement_m).all(axis=1)
    return is_similar & (shapely.get_num_coordinates(one) == shapely.get_num_coordinates(other))


def _make_centres(shapes: NDArray) -> NDArray:
    """Return (n,) points at the centres of the bounding boxes of shapes."""
    bounds = shapely.bounds(shapes)
    centres: NDArray = shapely.points((bounds[:, :2] + bounds[:, 2:]) / 2)
    return centres


def measure_shift(
    shift: EditionShift,
    before: Polygons,
    after: Polygons,
    statutory_areas: tuple[NDArray, NDArray],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> EditionShift:
    """Return a shift with the areas that it moves.

    Parameters
    ----------
    before, after
        The (n,) and (m,) polygons of both editions, at their own places.
    statutory_areas
        (n,) and (m,) areas of the rows, m². A piece of a row has its share of this area, by areas in the plane.
    """
    # Not the layers themselves: they would keep their segments, which take more memory than their shapes.
    copies = Polygons(before.shapes), Polygons(after.shapes)
    if are_signs_exact(*copies):
        pairs = compute_intersection_areas(*copies, cancellation=cancellation)
        left, right, area = pairs.left, pairs.right, pairs.area
    else:
        # A row has wrong coordinates, far outside the county.
        shared = find_shared_pieces(*copies, tolerance=NO_TOLERANCE, cancellation=cancellation)
        left, right, area = shared.left, shared.right, shapely.area(shared.geometry)
    planar_areas = [np.nan_to_num(shapely.area(polygons.shapes)) for polygons in (before, after)]
    scales = [
        np.divide(np.nan_to_num(statutory), planar, out=np.zeros(len(planar)), where=planar > 0)
        for statutory, planar in zip(statutory_areas, planar_areas, strict=True)
    ]
    partner = np.full(len(before), -1)
    partner[shift.earlier_rows] = shift.later_rows
    own = partner[left] == right
    kept = np.bincount(left[own], area[own], minlength=len(before))
    left_m2 = ((planar_areas[0] - kept) * scales[0])[shift.earlier_rows].sum()
    uncovered_m2 = []
    for mine, others, rows, own_rows, other_rows, planar, scale in (
        (before, after, shift.earlier_rows, left, right, planar_areas[0], scales[0]),
        (after, before, shift.later_rows, right, left, planar_areas[1], scales[1]),
    ):
        cancellation.raise_if_cancelled()
        # The sum of a row's pairs is meaningless where rows of the other edition overlap.
        uncertain = np.zeros(len(mine), dtype=bool)
        uncertain[own_rows[find_overlapping_rows(others, NO_TOLERANCE, cancellation)[other_rows]]] = True
        uncovered = np.maximum(planar - np.bincount(own_rows, area, minlength=len(mine)), 0.0)
        uncovered[uncertain] = 0.0
        selected = np.zeros(len(mine), dtype=bool)
        selected[rows] = True
        pieces = find_uncovered_pieces(
            mine, others, rows=uncertain & selected, tolerance=NO_TOLERANCE, cancellation=cancellation
        )
        uncovered += np.bincount(pieces.left, shapely.area(pieces.geometry), minlength=len(mine))
        uncovered_m2.append(float((uncovered * scale)[rows].sum()))
    return replace(
        shift,
        rows_m2=float(np.nan_to_num(statutory_areas[1][shift.later_rows]).sum()),
        left_m2=float(left_m2),
        moved_out_m2=uncovered_m2[0],
        moved_in_m2=uncovered_m2[1],
    )
