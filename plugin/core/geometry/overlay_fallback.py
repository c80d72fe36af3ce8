# SPDX-License-Identifier: GPL-2.0-or-later
"""Compute overlays by alternative methods where GEOS fails or the result is wrong.

Shapes are overlaid near the origin, then with two fixed precisions. Each result is validated by point-in-polygon tests
of sample points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.parallel.threads import apply_in_threads
from .tolerance import Tolerance
from .validity import extract_polygons, make_shape_array

# Validate an overlay by point-in-polygon tests. Where boundaries almost match, GEOS can take a whole polygon for
# outside although it is inside, and the resulting areas may even add up; point-in-polygon tests have no rounding. One
# point for each part and each polygon: errors of whole polygons are found, those of a corner may not be.

#: Parts narrower than this (m) are not tested: their points may be on either side.
MIN_TESTED_WIDTH_M = 1e-3
#: A shape with more points than this is prepared before they are tested.
_MAX_POINTS_WITHOUT_INDEX = 8
#: Name of the fallback in the report.
_FIXED_PRECISION = "fixed_precision"
#: A grid this many times finer than the cluster tolerance is tried first: it usually suffices and changes almost
#: nothing.
_FINE_GRID_RATIO = 1000
#: Up to this many polygons each is validated in their union; more would take longer than the union.
_MAX_VALIDATED_POLYGONS = 64


def mask_containing_shapes(shapes: NDArray, x: NDArray, y: NDArray) -> NDArray:
    """Return (n,) bool: polygons that contain their point, in a time in proportion to vertices plus points.

    ``shapes``: (n,) polygons or None, where one object may come many times; ``x``, ``y``: (n,) a point for each, in
    the units of the polygons.
    """
    _, first, position, counts = np.unique(
        list(map(id, shapes)), return_index=True, return_inverse=True, return_counts=True
    )
    distinct, is_repeated = shapes[first], counts > _MAX_POINTS_WITHOUT_INDEX
    # GEOS compares a point with all edges unless a shape is prepared; threads must not share a prepared one.
    distinct[is_repeated] = shapely.from_wkb(shapely.to_wkb(distinct[is_repeated]))
    shapely.prepare(distinct[is_repeated])
    return shapely.contains_xy(distinct[position], x, y)


def _make_inner_points(shapes: NDArray) -> tuple[NDArray, NDArray]:
    """Return x and y of a point inside each shape; NaN for an empty shape."""
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)


def _mark_suspicious_overlays(
    is_suspicious: NDArray,
    pairs: NDArray,
    x: NDArray,
    y: NDArray,
    left_shapes: NDArray,
    right_shapes: NDArray,
    nearness: float,
) -> None:
    """Mark overlays as suspicious, in place, whose wrong sample point is not near a boundary of an input.

    ``pairs`` (k,): number of the overlay of each sample point; ``x``, ``y`` (k,): the sample points.
    """
    if len(pairs):
        points = shapely.points(x, y)
        edge_distance = np.fmin(
            *(shapely.distance(shapely.boundary(source[pairs]), points) for source in (left_shapes, right_shapes))
        )
        is_suspicious[pairs[~(edge_distance < nearness)]] = True


def is_suspicious_union(joined: Any, shapes: NDArray, nearness: float) -> bool:
    """Return True if a union lacks land of one of its polygons, or is larger than all of them together.

    ``shapes``: (n,) polygons that were united; ``nearness``: tolerance in m.
    """
    if shapely.area(joined) > shapely.area(shapes).sum() * (1 + 1e-9) + nearness:
        return True
    x, y = _make_inner_points(shapes[_mask_wide_parts(shapes)])
    is_missing_point = ~shapely.intersects_xy(joined, x, y)
    return bool((shapely.distance(joined, shapely.points(x[is_missing_point], y[is_missing_point])) > nearness).any())


def _mask_wide_parts(parts: NDArray) -> NDArray:
    """Return (k,) bool: polygons that are wide enough for a test by a sample point."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * shapely.area(parts) / shapely.length(parts) > MIN_TESTED_WIDTH_M


# Overlays near the origin: where two boundaries almost match, GEOS snaps by a share of the coordinates.
# At an easting of 38 612 345 m that is some 4e-5 m, a hundred metres from the origin 1e-10 m. The offset is whole
# metres and less than half the coordinate, so that every vertex can be restored exactly.


def compute_local_origins(*layers: NDArray) -> NDArray:
    """Return (n, 2) offsets in whole metres; shapes moved by minus the offset lie near the origin.

    ``layers``: one or several arrays of (n,) shapes; the n-th shapes of all arrays share one offset. It is 0 where
    moving would lose digits.
    """
    bounds = np.stack([shapely.bounds(layer) for layer in layers])
    low, high = np.fmin.reduce(bounds[:, :, :2]), np.fmax.reduce(bounds[:, :, 2:])
    origins = np.floor(low)
    # A difference of doubles is exact if neither is more than twice the other (Sterbenz).
    with np.errstate(invalid="ignore"):
        return np.where((origins > 0) & (high <= 2 * origins), origins, 0.0)


def translate_shapes(shapes: NDArray, offset: NDArray) -> NDArray:
    """Return copies of (n,) shapes moved by an offset, without Z.

    ``offset``: (n, 2) metres for each shape, or (2,) for all.
    """
    if not offset.any():
        return shapes
    xy, shape_of_vertex = shapely.get_coordinates(shapes, return_index=True)
    return shapely.set_coordinates(shapes.copy(), xy + (offset[shape_of_vertex] if offset.ndim == 2 else offset))


def translate_back(shapes: NDArray, offset: NDArray) -> NDArray:
    """Return overlay results moved back to their place, valid and without Z.

    ``offset``: (n, 2) or (2,) metres. Moving rounds new vertices. A shape that becomes invalid by that is rounded to a
    grid, on which GEOS ensures that no edges cross.
    """
    # Polygons of a collection may overlap after rounding.
    collections = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    if len(collections):
        shapes = shapes.copy()
        for n in collections.tolist():
            shapes[n] = extract_polygons(shapes[n])
    moved_shapes = translate_shapes(shapes, offset)
    invalid_rows = np.flatnonzero(~(shapely.is_valid(moved_shapes) | shapely.is_missing(moved_shapes)))
    if len(invalid_rows):
        # A power of two: on this grid every number can be moved without rounding.
        grid = 2 * np.spacing(np.abs(shapely.total_bounds(moved_shapes[invalid_rows])).max())
        moved_shapes = moved_shapes.copy()
        for row in invalid_rows.tolist():
            try:
                rounded = shapely.set_precision(shapes[row : row + 1], grid)
            except shapely.GEOSException:
                continue  # it stays invalid
            moved_shapes[row] = translate_shapes(rounded, offset[row] if offset.ndim == 2 else offset)[0]
        still_invalid = invalid_rows[~shapely.is_valid(moved_shapes[invalid_rows])]
        moved_shapes[still_invalid] = shapely.buffer(moved_shapes[still_invalid], 0)
    return moved_shapes


OverlayOperation = Callable[..., Any]


class FallbackStep(NamedTuple):
    """One use of a fallback method to overlay a pair of rows.

    ``method_name``: the method; ``left_row``, ``right_row``: the rows (``right_row`` −1: no second row); ``area_m2``:
    planar area by which the method changed the two polygons before the overlay.
    """

    method_name: str
    left_row: int
    right_row: int
    area_m2: float


@dataclass
class FallbackLog:
    """The fallback methods used, and the pairs of rows for which all methods failed."""

    steps: list[FallbackStep] = field(default_factory=list)
    failed_pairs: list[tuple[int, int]] = field(default_factory=list)

    def append_log(self, other: FallbackLog) -> None:
        """Add the steps and failed pairs of another log to this one."""
        self.steps += other.steps
        self.failed_pairs += other.failed_pairs

    def make_log_with_exchanged_layers(self) -> FallbackLog:
        """Return the log with left and right row of each pair exchanged."""
        return FallbackLog(
            [FallbackStep(step.method_name, step.right_row, step.left_row, step.area_m2) for step in self.steps],
            [(j, i) for i, j in self.failed_pairs],
        )

    def renumber_rows(self, left: NDArray, right: NDArray) -> FallbackLog:
        """Return the log with other row numbers.

        ``left`` (n,), ``right`` (m,): the new number of each left and each right row.
        """
        return FallbackLog(
            [
                FallbackStep(step.method_name, int(left[step.left_row]), int(right[step.right_row]), step.area_m2)
                for step in self.steps
            ],
            [(int(left[i]), int(right[j])) for i, j in self.failed_pairs],
        )

    def select_rows(self, left: NDArray, right: NDArray) -> FallbackLog:
        """Return the log's entries on pairs whose rows are both selected.

        ``left``, ``right``: (n,), (m,) bool, the selected left and right rows.
        """
        steps = [step for step in self.steps if left[step.left_row] and right[step.right_row]]
        return FallbackLog(steps, [(i, j) for i, j in self.failed_pairs if left[i] and right[j]])


def overlay_polygon_pairs(
    operation: OverlayOperation,
    left_shapes: NDArray,
    right_shapes: NDArray,
    left_numbers: NDArray,
    right_numbers: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    *,
    is_intersection: bool = True,
) -> NDArray:
    """Return the overlay (intersection or difference) of each of (n,) pairs of polygons.

    If GEOS fails for a pair, or a sample point contradicts the result, alternative methods are tried and logged.

    Parameters
    ----------
    operation
        shapely.intersection or shapely.difference.
    left_shapes, right_shapes
        (n,) polygons, m.
    left_numbers, right_numbers
        (n,) row number of each polygon, for the log.
    is_intersection
        The operation is an intersection, else a difference; results are validated accordingly.

    Returns
    -------
    (n,) geometries, None for a pair for which all methods failed.
    """
    origin = compute_local_origins(left_shapes, right_shapes)
    left_shapes, right_shapes = translate_shapes(left_shapes, -origin), translate_shapes(right_shapes, -origin)
    overlay_attempt = _OverlayAttempt(operation, is_intersection, tolerance, fallback_log)
    result = _try_overlay(overlay_attempt, left_shapes, right_shapes, left_numbers, right_numbers)
    for n in np.flatnonzero(overlay_attempt.mask_contradicted_results(result, left_shapes, right_shapes)).tolist():
        result[n] = _overlay_pair_with_fallbacks(
            overlay_attempt, left_shapes[n], right_shapes[n], (int(left_numbers[n]), int(right_numbers[n])), first=1
        )
    return translate_back(result, origin)


class _OverlayAttempt(NamedTuple):
    """An overlay operation with its options, and the log for its fallback steps.

    ``is_intersection``: the operation is an intersection, else a difference.
    """

    operation: OverlayOperation
    is_intersection: bool
    tolerance: Tolerance
    fallback_log: FallbackLog

    def mask_contradicted_results(self, result: NDArray, left_shapes: NDArray, right_shapes: NDArray) -> NDArray:
        """Return (n,) bool: results that a sample point contradicts.

        Sample points within two cluster tolerances of a boundary are ignored, because rounding may move boundaries
        that far.
        """
        nearness = 2 * self.tolerance.cluster_m
        is_present = ~shapely.is_missing(result)
        is_suspicious = np.zeros(len(result), dtype=bool)
        if not is_present.any():
            return is_suspicious
        # No excess: each part of a result is inside the right polygons.
        result_parts, pair_of_part = shapely.get_parts(result, return_index=True)
        is_wide = _mask_wide_parts(result_parts)
        x, y = _make_inner_points(result_parts[is_wide])
        pair_of_part = pair_of_part[is_wide]
        is_wrong = ~mask_containing_shapes(left_shapes[pair_of_part], x, y) | (
            mask_containing_shapes(right_shapes[pair_of_part], x, y) != self.is_intersection
        )
        _mark_suspicious_overlays(
            is_suspicious, pair_of_part[is_wrong], x[is_wrong], y[is_wrong], left_shapes, right_shapes, nearness
        )
        # No omission: test a point of the first, and for an intersection also of the second.
        for source in (left_shapes, right_shapes) if self.is_intersection else (left_shapes,):
            testable = np.flatnonzero(
                is_present & ~(shapely.is_missing(source) | shapely.is_empty(source)) & ~is_suspicious
            )
            x, y = _make_inner_points(source[testable])
            is_expected = shapely.contains_xy(left_shapes[testable], x, y) & (
                shapely.contains_xy(right_shapes[testable], x, y) == self.is_intersection
            )
            is_wrong = is_expected & ~shapely.intersects_xy(result[testable], x, y)
            _mark_suspicious_overlays(
                is_suspicious, testable[is_wrong], x[is_wrong], y[is_wrong], left_shapes, right_shapes, nearness
            )
        return is_suspicious


def _try_overlay(
    overlay_attempt: _OverlayAttempt,
    left_shapes: NDArray,
    right_shapes: NDArray,
    left_numbers: NDArray,
    right_numbers: NDArray,
) -> NDArray:
    """Return the (n,) overlays of pairs; after a failure of GEOS each half is computed separately."""
    try:
        return apply_in_threads(overlay_attempt.operation, left_shapes, right_shapes)
    except shapely.GEOSException:
        if len(left_shapes) == 1:
            return make_shape_array(
                _overlay_pair_with_fallbacks(
                    overlay_attempt, left_shapes[0], right_shapes[0], (int(left_numbers[0]), int(right_numbers[0]))
                )
            )
    # In halves: a single pair for which GEOS fails does not make the others slow.
    half = len(left_shapes) // 2
    halves = [
        _try_overlay(
            overlay_attempt,
            left_shapes[half_slice],
            right_shapes[half_slice],
            left_numbers[half_slice],
            right_numbers[half_slice],
        )
        for half_slice in (slice(half), slice(half, None))
    ]
    return np.concatenate(halves)


def union_near_row(shapes: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog) -> Any:
    """Return the union of polygons near a row; None if all methods fail, which is logged.

    ``row``: number of the row, for the log.
    """
    origin = compute_local_origins(np.array([shapely.box(*shapely.total_bounds(shapes))]))[0]
    moved_shapes = translate_shapes(shapes, -origin)
    for grid in _list_grids(tolerance):
        try:
            union = shapely.union_all(moved_shapes, grid_size=grid)
            changed_area = 0.0 if grid is None else _measure_rounding(moved_shapes, grid)
        except shapely.GEOSException:
            continue
        is_validated = len(moved_shapes) <= _MAX_VALIDATED_POLYGONS
        if not is_validated or not is_suspicious_union(union, moved_shapes, 2 * tolerance.cluster_m):
            if grid is not None:
                fallback_log.steps.append(FallbackStep(_FIXED_PRECISION, row, -1, changed_area))
            return translate_back(make_shape_array(union), origin)[0]
    fallback_log.failed_pairs.append((row, -1))
    return None


def _measure_rounding(shapes: NDArray, grid: float) -> float:
    """Return the total area (m²) by which rounding changes the shapes."""
    return float(np.abs(shapely.area(shapely.set_precision(shapes, grid)) - shapely.area(shapes)).sum())


def _overlay_pair_with_fallbacks(
    overlay_attempt: _OverlayAttempt, left_shape: Any, right_shape: Any, pair: tuple[int, int], first: int = 0
) -> Any:
    """Return the first overlay of a pair that no sample point contradicts; None if all precisions fail.

    ``pair``: the two row numbers, for the log; ``first``: position of the first precision to try.
    """
    both = np.array([left_shape, right_shape], dtype=object)
    for grid in _list_grids(overlay_attempt.tolerance)[first:]:
        try:
            result = overlay_attempt.operation(left_shape, right_shape, grid_size=grid)
            changed_area = 0.0 if grid is None else _measure_rounding(both, grid)
        except shapely.GEOSException:
            continue  # the next precision handles the failure
        if grid is not None:
            if overlay_attempt.mask_contradicted_results(make_shape_array(result), both[:1], both[1:])[0]:
                continue
            overlay_attempt.fallback_log.steps.append(FallbackStep(_FIXED_PRECISION, *pair, changed_area))
        return result
    overlay_attempt.fallback_log.failed_pairs.append(pair)
    return None


def _list_grids(tolerance: Tolerance) -> tuple[float | None, ...]:
    """Return the grids (m) that are tried one after another; None for unrounded coordinates."""
    return None, tolerance.cluster_m / _FINE_GRID_RATIO, tolerance.cluster_m
