# SPDX-License-Identifier: GPL-2.0-or-later
"""Fallback of overlays: alternative computations, each validated by sample points.

Order: as is → near the origin → fixed precision → repaired copies → smaller pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .tolerance import Tolerance
from .validity import extract_polygons, repair_polygon

# Validate an overlay by point-in-polygon tests. Where boundaries almost match, GEOS can take a whole polygon for
# outside although it is inside, and the resulting areas may even add up; point-in-polygon tests have no rounding. One
# point for each part and each polygon: errors of whole polygons are found, those of a corner may not be.

#: Parts narrower than this (m) are not tested: their points may be on either side.
LEAST_WIDTH = 1e-3


def find_suspicious_overlays(result: NDArray, a: NDArray, b: NDArray, inside: bool, nearness: float) -> NDArray:
    """Return (n,) bool: overlays of pairs contradicted by a sample point.

    Parameters
    ----------
    result, a, b : (n,) polygons, m
    inside : bool
        The overlays are intersections, else differences ``a`` − ``b``.
    nearness : m
        Points nearer to a boundary are ignored, missing results too.
    """
    there = ~shapely.is_missing(result)
    doubt = np.zeros(len(result), dtype=bool)
    if not there.any():
        return doubt
    # No excess: each part is in the right polygons.
    parts, of = shapely.get_parts(result, return_index=True)
    wide = _is_wide(parts)
    x, y = _points(parts[wide])
    of = of[wide]
    wrong = ~shapely.contains_xy(a[of], x, y) | (shapely.contains_xy(b[of], x, y) != inside)
    _mark_doubtful(doubt, of[wrong], x[wrong], y[wrong], a, b, nearness)
    # No omission: test a point of the first, and for an intersection also of the second.
    for side in (a, b) if inside else (a,):
        some = np.flatnonzero(there & ~(shapely.is_missing(side) | shapely.is_empty(side)) & ~doubt)
        x, y = _points(side[some])
        kept = shapely.contains_xy(a[some], x, y) & (shapely.contains_xy(b[some], x, y) == inside)
        wrong = kept & ~shapely.intersects_xy(result[some], x, y)
        _mark_doubtful(doubt, some[wrong], x[wrong], y[wrong], a, b, nearness)
    return doubt


def _points(shapes: NDArray) -> tuple[NDArray, NDArray]:
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)


def _mark_doubtful(
    doubt: NDArray, of: NDArray, x: NDArray, y: NDArray, a: NDArray, b: NDArray, nearness: float
) -> None:
    if len(of):
        points = shapely.points(x, y)
        near = np.fmin(*(shapely.distance(shapely.boundary(side[of]), points) for side in (a, b)))
        doubt[of[~(near < nearness)]] = True


def is_suspicious_union(joined: Any, shapes: NDArray, nearness: float) -> bool:
    """Return True if a union of polygons lacks one, or is larger than all of them.

    ``shapes``: (n,) polygons.
    """
    if shapely.area(joined) > shapely.area(shapes).sum() * (1 + 1e-9) + nearness:
        return True
    x, y = _points(shapes[_is_wide(shapes)])
    lost = ~shapely.intersects_xy(joined, x, y)
    return bool((shapely.distance(joined, shapely.points(x[lost], y[lost])) > nearness).any())


def _is_wide(parts: NDArray) -> NDArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * shapely.area(parts) / shapely.length(parts) > LEAST_WIDTH


# Overlays near the origin: where two boundaries almost match, GEOS snaps by a share of the coordinates.
# At an easting of 38 612 345 m that is some 4e-5 m, a hundred metres from the origin 1e-10 m. The offset is whole
# metres and less than half the coordinate, so that every vertex can be restored exactly.


def local_origins(*layers: NDArray) -> NDArray:
    """Return (n, 2) offsets in whole metres for the n-th shapes of all layers.

    0 where digits would be lost.
    """
    bounds = np.stack([shapely.bounds(layer) for layer in layers])
    low, high = np.fmin.reduce(bounds[:, :, :2]), np.fmax.reduce(bounds[:, :, 2:])
    found = np.floor(low)
    # A difference of doubles is exact if neither is more than twice the other (Sterbenz).
    with np.errstate(invalid="ignore"):
        return np.where((found > 0) & (high <= 2 * found), found, 0.0)


def translate(shapes: NDArray, by: NDArray) -> NDArray:
    """Return a copy of (n,) shapes moved by (n, 2) or all by (2,), without Z."""
    if not by.any():
        return shapes
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    return shapely.set_coordinates(shapes.copy(), xy + (by[of] if by.ndim == 2 else by))


def translate_back(shapes: NDArray, by: NDArray) -> NDArray:
    """Move results back; new vertices are rounded.

    Shapes that become invalid are rounded to a grid, where GEOS ensures that nothing crosses.
    """
    # Polygons of a collection may overlap after rounding.
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == 7)
    if len(mixed):
        shapes = shapes.copy()
        for n in mixed.tolist():
            shapes[n] = extract_polygons(shapes[n])
    found = translate(shapes, by)
    broken = np.flatnonzero(~(shapely.is_valid(found) | shapely.is_missing(found)))
    if len(broken):
        # A power of two: on this grid every number can be moved without rounding.
        grid = 2 * np.spacing(np.abs(shapely.total_bounds(found[broken])).max())
        found = found.copy()
        found[broken] = translate(shapely.set_precision(shapes[broken], grid), by[broken] if by.ndim == 2 else by)
        still = broken[~shapely.is_valid(found[broken])]
        found[still] = shapely.buffer(found[still], 0)
    return found


Operation = Callable[..., Any]
#: Maximum number of quarterings before a pair fails.
_QUARTERINGS = 2
#: A grid this many times finer than the cluster tolerance is tried first: it usually suffices and changes almost
#: nothing.
_FINER = 1000
#: Up to this many polygons each is validated in their union; more would take longer than the union.
_MOST_VALIDATED = 64


class FallbackStep(NamedTuple):
    """A fallback step that a pair used: its rows and changed area.

    ``right`` −1: no second row. The planar area (m²) that the step changed in them.
    """

    name: str
    left: int
    right: int
    area_m2: float


@dataclass
class FallbackLog:
    """The steps used, and the pairs that failed at all steps."""

    steps: list[FallbackStep] = field(default_factory=list)
    failed: list[tuple[int, int]] = field(default_factory=list)

    def exchange_sides(self) -> FallbackLog:
        """Return the log with the sides of each pair exchanged."""
        return FallbackLog(
            [FallbackStep(s.name, s.right, s.left, s.area_m2) for s in self.steps], [(j, i) for i, j in self.failed]
        )

    def only(self, left: NDArray, right: NDArray) -> FallbackLog:
        """Return the entries of pairs of these rows ((n,), (m,) bool)."""
        steps = [s for s in self.steps if left[s.left] and right[s.right]]
        return FallbackLog(steps, [(i, j) for i, j in self.failed if left[i] and right[j]])


def overlay_pairs(
    operation: Operation,
    a: NDArray,
    b: NDArray,
    i: NDArray,
    j: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    *,
    inside: bool = True,
) -> NDArray:
    """Return the overlay of (n,) pairs of polygons of rows ``i``, ``j``.

    A pair for which GEOS fails, or a sample point contradicts the result, uses the fallback. ``inside``: the operation
    is an intersection, else a difference.

    Returns
    -------
    (n,) geometries, None for a pair that failed at every step.
    """
    origin = local_origins(a, b)
    a, b = translate(a, -origin), translate(b, -origin)
    step = _Step(operation, inside, tolerance, fallback_log)
    result = _try_overlay(step, a, b, i, j)
    for n in np.flatnonzero(step.is_suspicious(result, a, b)).tolist():
        result[n] = _overlay_one(step, a[n], b[n], (int(i[n]), int(j[n])), first=1)
    return translate_back(result, origin)


class _Step(NamedTuple):
    """The operation, its options, and the log of its fallback steps."""

    operation: Operation
    inside: bool
    tolerance: Tolerance
    fallback_log: FallbackLog

    def is_suspicious(self, result: NDArray, a: NDArray, b: NDArray) -> NDArray:
        """Return (n,) bool: results contradicted by a sample point.

        Rounding moves boundaries by less than two grid steps.
        """
        return find_suspicious_overlays(result, a, b, self.inside, 2 * self.tolerance.cluster_m)


def _try_overlay(step: _Step, a: NDArray, b: NDArray, i: NDArray, j: NDArray) -> NDArray:
    try:
        return step.operation(a, b)
    except shapely.GEOSException:
        if len(a) == 1:
            return as_array(_overlay_one(step, a[0], b[0], (int(i[0]), int(j[0]))))
    # In halves: a single pair for which GEOS fails does not make the others slow.
    half = len(a) // 2
    halves = [_try_overlay(step, a[s], b[s], i[s], j[s]) for s in (slice(half), slice(half, None))]
    return np.concatenate(halves)


def as_array(shape: Any) -> NDArray:
    """Return one shape, or None, as (1,)."""
    found = np.empty(1, dtype=object)
    found[0] = shape
    return found


def union_near_row(shapes: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog) -> Any:
    """Return the union of polygons near ``row``; None if it fails, and the row failed."""
    origin = local_origins(np.array([shapely.box(*shapely.total_bounds(shapes))]))[0]
    near = translate(shapes, -origin)
    for grid in (None, tolerance.cluster_m / _FINER, tolerance.cluster_m):
        try:
            joined = shapely.union_all(near, grid_size=grid)
            changed = 0.0 if grid is None else _measure_rounding(near, grid)
        except shapely.GEOSException:
            continue
        if len(near) <= _MOST_VALIDATED and is_suspicious_union(joined, near, 2 * tolerance.cluster_m):
            continue
        if grid is not None:
            fallback_log.steps.append(FallbackStep("fixed_precision", row, -1, changed))
        return translate_back(as_array(joined), origin)[0]
    fallback_log.failed.append((row, -1))
    return None


def _measure_rounding(shapes: NDArray, grid: float) -> float:
    """Return the total area (m²) by which rounding changes the shapes."""
    return float(np.abs(shapely.area(shapely.set_precision(shapes, grid)) - shapely.area(shapes)).sum())


def _overlay_one(step: _Step, a: Any, b: Any, pair: tuple[int, int], first: int = 0) -> Any:
    for name, attempt in _ATTEMPTS[first:]:
        try:
            result, changed = attempt(step.operation, a, b, step.tolerance)
        except shapely.GEOSException:
            continue  # the next step handles the failure
        if name != "as_is":
            if step.is_suspicious(as_array(result), as_array(a), as_array(b))[0]:
                continue
            step.fallback_log.steps.append(FallbackStep(name, *pair, changed))
        return result
    step.fallback_log.failed.append(pair)
    return None


def _overlay_as_is(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return operation(a, b), 0.0


def _overlay_on_fine_grid(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return _overlay_on_grid(operation, a, b, tolerance.cluster_m / _FINER)


def _overlay_on_cluster_grid(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return _overlay_on_grid(operation, a, b, tolerance.cluster_m)


def _overlay_on_grid(operation: Operation, a: Any, b: Any, grid: float) -> tuple[Any, float]:
    rounded_a, rounded_b = shapely.set_precision(a, grid), shapely.set_precision(b, grid)
    return operation(a, b, grid_size=grid), _measure_change(a, rounded_a) + _measure_change(b, rounded_b)


def _overlay_repaired(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    fixed_a, fixed_b, changed = _copies(a, b)
    return operation(fixed_a, fixed_b, grid_size=tolerance.cluster_m), changed


def _overlay_in_pieces(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    """Overlay quarter by quarter.

    The critical pair of vertices is then in a small piece, or gone.
    """
    fixed_a, fixed_b, changed = _copies(a, b)
    pieces: list[Any] = []
    for quarter in _cut_quarters(fixed_a, _QUARTERINGS):
        part = extract_polygons(operation(quarter, fixed_b, grid_size=tolerance.cluster_m))
        if part is not None:
            pieces.append(part)
    return shapely.union_all(pieces, grid_size=tolerance.cluster_m), changed


def _copies(a: Any, b: Any) -> tuple[Any, Any, float]:
    """Return repaired copies, and the m² that this changed.

    GEOSException if nothing areal can be made of one: it had area.
    """
    fixed_a, fixed_b = repair_polygon(a), repair_polygon(b)
    if fixed_a is None or fixed_b is None:
        raise shapely.GEOSException("nothing is left of a repaired copy")
    return fixed_a, fixed_b, _measure_change(a, fixed_a) + _measure_change(b, fixed_b)


def _cut_quarters(shape: Any, depth: int) -> list[Any]:
    if shape is None:
        return []
    if not depth:
        return [shape]
    xmin, ymin, xmax, ymax = shape.bounds
    xmid, ymid = (xmin + xmax) / 2, (ymin + ymax) / 2
    found = []
    for box in ((xmin, ymin, xmid, ymid), (xmid, ymin, xmax, ymid), (xmin, ymid, xmid, ymax), (xmid, ymid, xmax, ymax)):
        found += _cut_quarters(extract_polygons(shapely.intersection(shape, shapely.box(*box))), depth - 1)
    return found


def _measure_change(before: Any, after: Any) -> float:
    return abs(float(shapely.area(after)) - float(shapely.area(before)))


_ATTEMPTS = (
    ("as_is", _overlay_as_is),
    ("fixed_precision", _overlay_on_fine_grid),
    ("fixed_precision", _overlay_on_cluster_grid),
    ("repaired", _overlay_repaired),
    ("pieces", _overlay_in_pieces),
)
