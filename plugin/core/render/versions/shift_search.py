# SPDX-License-Identifier: GPL-2.0-or-later
"""Find a shift of one edition of a layer against the other, as a whole.

Another coordinate transformation or an offset of digitising moves every row by one vector. No row then has an equal row
in the other edition, although no land changed. The shift is the median of the differences between rows that correspond
by key or by place. It is accepted only if most rows of both editions agree with it, vertex by vertex.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...geometry.intersection_areas import are_signs_exact, compute_intersection_areas
from ...geometry.overlay import find_overlapping_rows, find_shared_pieces, find_uncovered_pieces
from ...geometry.polygons import Polygons
from ...geometry.tolerance import Tolerance
from ...geometry.validity import mask_missing_shapes
from .edition_comparison import EditionShift
from .equal_shapes import EditionPairing, pair_by_digest, pair_by_vertex, snap_vertices
from .pieces import find_rows_around

if TYPE_CHECKING:
    from ...standard.profile import Norm

#: Every piece of common land counts.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)


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
        shared = find_shared_pieces(*copies, tolerance=_NO_TOLERANCE, cancellation=cancellation)
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
        uncertain[own_rows[find_overlapping_rows(others, _NO_TOLERANCE, cancellation)[other_rows]]] = True
        uncovered = np.maximum(planar - np.bincount(own_rows, area, minlength=len(mine)), 0.0)
        uncovered[uncertain] = 0.0
        selected = np.zeros(len(mine), dtype=bool)
        selected[rows] = True
        pieces = find_uncovered_pieces(
            mine, others, rows=uncertain & selected, tolerance=_NO_TOLERANCE, cancellation=cancellation
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
