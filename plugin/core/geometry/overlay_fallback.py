# SPDX-License-Identifier: GPL-2.0-or-later
"""The robustness ladder: as is → near the origin → fixed precision → repaired copies → smaller pieces; sample points
validate each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .tolerance import Tolerance
from .validity import extract_polygons, repair_polygon

# Points that bear witness to an overlay. Where boundaries almost match, GEOS can take a whole polygon for outside what
# holds it, and its areas then even add up; whether a point lies in a polygon it tells without rounding. One point for each
# part and each polygon: what goes wrong with whole polygons shows, what only with a corner may not.

#: Parts narrower than this (m) say nothing: their points may be on either side.
LEAST_WIDTH = 1e-3


def find_suspicious_overlays(result: NDArray, a: NDArray, b: NDArray, inside: bool, nearness: float) -> NDArray:
    """(n,) bool: overlays of (n,) pairs ``a``, ``b`` that a point gainsays; ``inside``: they are what both share, else
    what ``b`` leaves of ``a``. Points nearer than ``nearness`` (m) to a boundary are not heard; missing results neither.
    """
    there = ~shapely.is_missing(result)
    doubt = np.zeros(len(result), dtype=bool)
    if not there.any():
        return doubt
    # Nothing too many: each part lies where it should.
    parts, of = shapely.get_parts(result, return_index=True)
    wide = _wide(parts)
    x, y = _points(parts[wide])
    of = of[wide]
    wrong = ~shapely.contains_xy(a[of], x, y) | (shapely.contains_xy(b[of], x, y) != inside)
    _hear(doubt, of[wrong], x[wrong], y[wrong], a, b, nearness)
    # Nothing too few: a point of the first, and where both share also of the second.
    for side in (a, b) if inside else (a,):
        some = np.flatnonzero(there & ~(shapely.is_missing(side) | shapely.is_empty(side)) & ~doubt)
        x, y = _points(side[some])
        kept = shapely.contains_xy(a[some], x, y) & (shapely.contains_xy(b[some], x, y) == inside)
        wrong = kept & ~shapely.intersects_xy(result[some], x, y)
        _hear(doubt, some[wrong], x[wrong], y[wrong], a, b, nearness)
    return doubt


def _points(shapes: NDArray) -> tuple[NDArray, NDArray]:
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)


def _hear(doubt: NDArray, of: NDArray, x: NDArray, y: NDArray, a: NDArray, b: NDArray, nearness: float) -> None:
    if len(of):
        points = shapely.points(x, y)
        near = np.fmin(*(shapely.distance(shapely.boundary(side[of]), points) for side in (a, b)))
        doubt[of[~(near < nearness)]] = True


def is_suspicious_union(joined: Any, shapes: NDArray, nearness: float) -> bool:
    """Is a polygon missing in a union of (n,) polygons, or the union larger than all of them?"""
    if shapely.area(joined) > shapely.area(shapes).sum() * (1 + 1e-9) + nearness:
        return True
    x, y = _points(shapes[_wide(shapes)])
    lost = ~shapely.intersects_xy(joined, x, y)
    return bool((shapely.distance(joined, shapely.points(x[lost], y[lost])) > nearness).any())


def _wide(parts: NDArray) -> NDArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * shapely.area(parts) / shapely.length(parts) > LEAST_WIDTH


# Overlays near the origin: where two boundaries almost match, GEOS snaps by a share of the coordinates themselves.
#
# At an easting of 38 612 345 m that is some 4e-5 m, a hundred metres from the origin 1e-10 m. What is taken off is whole
# metres and less than half, so that every vertex comes back to the last digit.


def local_origins(*layers: NDArray) -> NDArray:
    """(n, 2) whole metres to take off the n-th shapes of all layers ((n,) each), 0 where digits would be lost."""
    bounds = np.stack([shapely.bounds(layer) for layer in layers])
    low, high = np.fmin.reduce(bounds[:, :, :2]), np.fmax.reduce(bounds[:, :, 2:])
    found = np.floor(low)
    # A difference of doubles is exact when neither is more than twice the other (Sterbenz).
    with np.errstate(invalid="ignore"):
        return np.where((found > 0) & (high <= 2 * found), found, 0.0)


def translate(shapes: NDArray, by: NDArray) -> NDArray:
    """A copy of (n,) shapes, each moved by its row of ``by`` (n, 2) or all by the same (2,). Heights are dropped."""
    if not by.any():
        return shapes
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    return shapely.set_coordinates(shapes.copy(), xy + (by[of] if by.ndim == 2 else by))


def translate_back(shapes: NDArray, by: NDArray) -> NDArray:
    """As `translate`, for results: their new vertices are rounded, and what is left invalid by that is rounded in its place,
    where GEOS sees to it that nothing crosses."""
    # Of polygons in a collection nobody has seen to it that they stay apart.
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
#: How often a shape is quartered before a pair is given up.
_QUARTERINGS = 2
#: A grid that many times finer than the cluster tolerance is tried before it: it mostly does, and changes next to nothing.
_FINER = 1000
#: Of so many polygons each is looked for in their union; of more it would cost more than the union.
_WITNESSES = 64


class FallbackStep(NamedTuple):
    """A step below “as is” that a pair took: its rows (``right`` −1: none) and the planar area (m²) it changed in them."""

    name: str
    left: int
    right: int
    area_m2: float


@dataclass
class FallbackLog:
    """The steps taken, and the pairs that failed at the last."""

    steps: list[FallbackStep] = field(default_factory=list)
    failed: list[tuple[int, int]] = field(default_factory=list)

    def note_quarters(self) -> FallbackLog:
        """The same with the sides of each pair exchanged."""
        return FallbackLog(
            [FallbackStep(s.name, s.right, s.left, s.area_m2) for s in self.steps], [(j, i) for i, j in self.failed]
        )

    def only(self, left: NDArray, right: NDArray) -> FallbackLog:
        """What concerns pairs of these rows ((n,), (m,) bool)."""
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
    """The operation on (n,) pairs of polygons of rows ``i``, ``j``; where GEOS gives up, or a point gainsays what it says
    (`witness`), down the ladder for that pair. ``inside``: the operation gives what both share, else what ``b`` leaves.

    Returns (n,) geometries, None for a pair that failed at every step.
    """
    origin = local_origins(a, b)
    a, b = translate(a, -origin), translate(b, -origin)
    step = _Step(operation, inside, tolerance, fallback_log)
    result = _overlay(step, a, b, i, j)
    for n in np.flatnonzero(step.is_suspicious(result, a, b)).tolist():
        result[n] = _one(step, a[n], b[n], (int(i[n]), int(j[n])), first=1)
    return translate_back(result, origin)


class _Step(NamedTuple):
    """What is asked, and where it is written down what it took."""

    operation: Operation
    inside: bool
    tolerance: Tolerance
    fallback_log: FallbackLog

    def is_suspicious(self, result: NDArray, a: NDArray, b: NDArray) -> NDArray:
        """(n,) bool. Rounding moves boundaries by less than two grid steps."""
        return find_suspicious_overlays(result, a, b, self.inside, 2 * self.tolerance.cluster_m)


def _overlay(step: _Step, a: NDArray, b: NDArray, i: NDArray, j: NDArray) -> NDArray:
    try:
        return step.operation(a, b)
    except shapely.GEOSException:
        if len(a) == 1:
            return as_array(_one(step, a[0], b[0], (int(i[0]), int(j[0]))))
    # Half by half: the one pair that GEOS stumbles over does not make the others slow.
    half = len(a) // 2
    halves = [_overlay(step, a[s], b[s], i[s], j[s]) for s in (slice(half), slice(half, None))]
    return np.concatenate(halves)


def as_array(shape: Any) -> NDArray:
    """One shape, or None, as (1,)."""
    found = np.empty(1, dtype=object)
    found[0] = shape
    return found


def union_near_row(shapes: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog) -> Any:
    """The union of polygons that lie near ``row``; None, and the row failed, when it cannot be had."""
    origin = local_origins(np.array([shapely.box(*shapely.total_bounds(shapes))]))[0]
    near = translate(shapes, -origin)
    for grid in (None, tolerance.cluster_m / _FINER, tolerance.cluster_m):
        try:
            joined = shapely.union_all(near, grid_size=grid)
            changed = 0.0 if grid is None else _rounded_off(near, grid)
        except shapely.GEOSException:
            continue
        if len(near) <= _WITNESSES and is_suspicious_union(joined, near, 2 * tolerance.cluster_m):
            continue
        if grid is not None:
            fallback_log.steps.append(FallbackStep("fixed_precision", row, -1, changed))
        return translate_back(as_array(joined), origin)[0]
    fallback_log.failed.append((row, -1))
    return None


def _rounded_off(shapes: NDArray, grid: float) -> float:
    """m² by which rounding changes them, all together."""
    return float(np.abs(shapely.area(shapely.set_precision(shapes, grid)) - shapely.area(shapes)).sum())


def _one(step: _Step, a: Any, b: Any, pair: tuple[int, int], first: int = 0) -> Any:
    for name, attempt in _ATTEMPTS[first:]:
        try:
            result, changed = attempt(step.operation, a, b, step.tolerance)
        except shapely.GEOSException:
            continue  # the next step is what is done about it
        if name != "as_is":
            if step.is_suspicious(as_array(result), as_array(a), as_array(b))[0]:
                continue
            step.fallback_log.steps.append(FallbackStep(name, *pair, changed))
        return result
    step.fallback_log.failed.append(pair)
    return None


def _as_is(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return operation(a, b), 0.0


def _fine_precision(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return _on_grid(operation, a, b, tolerance.cluster_m / _FINER)


def _fixed_precision(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    return _on_grid(operation, a, b, tolerance.cluster_m)


def _on_grid(operation: Operation, a: Any, b: Any, grid: float) -> tuple[Any, float]:
    rounded_a, rounded_b = shapely.set_precision(a, grid), shapely.set_precision(b, grid)
    return operation(a, b, grid_size=grid), _changed(a, rounded_a) + _changed(b, rounded_b)


def _repaired(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    fixed_a, fixed_b, changed = _copies(a, b)
    return operation(fixed_a, fixed_b, grid_size=tolerance.cluster_m), changed


def _in_pieces(operation: Operation, a: Any, b: Any, tolerance: Tolerance) -> tuple[Any, float]:
    """Quarter by quarter: the vertex pair that GEOS stumbles over is alone in a small piece, or gone."""
    fixed_a, fixed_b, changed = _copies(a, b)
    pieces: list[Any] = []
    for quarter in _quarters(fixed_a, _QUARTERINGS):
        part = extract_polygons(operation(quarter, fixed_b, grid_size=tolerance.cluster_m))
        if part is not None:
            pieces.append(part)
    return shapely.union_all(pieces, grid_size=tolerance.cluster_m), changed


def _copies(a: Any, b: Any) -> tuple[Any, Any, float]:
    """Repaired copies, and the m² that this changed. GEOSException when of one nothing areal can be made: it had area."""
    fixed_a, fixed_b = repair_polygon(a), repair_polygon(b)
    if fixed_a is None or fixed_b is None:
        raise shapely.GEOSException("nothing is left of a repaired copy")
    return fixed_a, fixed_b, _changed(a, fixed_a) + _changed(b, fixed_b)


def _quarters(shape: Any, depth: int) -> list[Any]:
    if shape is None:
        return []
    if not depth:
        return [shape]
    xmin, ymin, xmax, ymax = shape.bounds
    xmid, ymid = (xmin + xmax) / 2, (ymin + ymax) / 2
    found = []
    for box in ((xmin, ymin, xmid, ymid), (xmid, ymin, xmax, ymid), (xmin, ymid, xmid, ymax), (xmid, ymid, xmax, ymax)):
        found += _quarters(extract_polygons(shapely.intersection(shape, shapely.box(*box))), depth - 1)
    return found


def _changed(before: Any, after: Any) -> float:
    return abs(float(shapely.area(after)) - float(shapely.area(before)))


_ATTEMPTS = (
    ("as_is", _as_is),
    ("fixed_precision", _fine_precision),
    ("fixed_precision", _fixed_precision),
    ("repaired", _repaired),
    ("pieces", _in_pieces),
)
