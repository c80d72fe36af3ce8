# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay operations of the rules: shared area, uncovered parts, points and lines.

All operate in the plane of the plan's CRS (metres). Invalid input raises no exception: what cannot be computed directly
uses the overlay fallback (`fallback_log`); what fails there too is returned as failed. Only pairs that `polygons`
cannot decide are overlaid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..invariants import require_value
from .overlay_fallback import FallbackLog, overlay_pairs, union_near_row
from .parts import Parts, collect_parts
from .polygons import BATCH, Decided, Polygons, union_rows
from .tolerance import Tolerance
from .validity import is_missing

#: Receives a share from 0 to 1.
Progress = Callable[[float], None]


def no_progress(share: float) -> None:
    """Ignore the progress."""


def sub_progress(progress: Progress, begun: float, done: float) -> Progress:
    """Return the progress of a part between two shares of the whole."""
    return lambda share: progress(begun + (done - begun) * share)


#: From this many neighbours on a coverage union is faster.
MANY = 64


#: Pairs overlaid between two checks for cancellation: each takes far longer than a tree query.
PAIRS = 1024

#: Comparing this many vertices takes about as long as one overlay.
VERTICES_A_ROW = 500


@dataclass
class _Rows:
    """Pairs found so far: rows and the common geometry of each pair."""

    left: list[NDArray] = field(default_factory=list)
    right: list[NDArray] = field(default_factory=list)
    shape: list[NDArray] = field(default_factory=list)

    def add(self, left: NDArray, right: NDArray, shape: NDArray) -> None:
        self.left.append(np.asarray(left, dtype=np.int64))
        self.right.append(np.asarray(right, dtype=np.int64))
        self.shape.append(shape)

    def all(self) -> tuple[NDArray, NDArray, NDArray]:
        """Return all pairs, sorted by row, then by the other row."""
        left, right, shape = (np.concatenate(c) if c else np.zeros(0, int) for c in (self.left, self.right, self.shape))
        order = np.lexsort((right, left))
        return left[order], right[order], shape[order]


def find_shared_parts(
    a: Polygons | NDArray,
    b: Polygons | NDArray | None = None,
    *,
    tolerance: Tolerance,
    rows_a: NDArray | None = None,
    rows_b: NDArray | None = None,
    connected: bool = False,
    slivers_too: bool = False,
    cancellation: Cancellation = NEVER,
    progress: Progress = no_progress,
) -> Parts:
    """Find polygons of ``a`` and ``b`` that share area; touching does not count.

    Parameters
    ----------
    a, b
        `Polygons` (reused between calls, so that cached values are used again) or (n,), (m,) valid polygons or None, in
        one plane in metres. Without ``b``: the pairs i < j within ``a``.
    rows_a, rows_b
        (n,), (m,) bool: only these rows.
    connected
        One row per connected part instead of one per pair.
    slivers_too
        Keep parts below both minimums of the tolerance; otherwise they are counted in ``slivers``.
    progress
        Receives the share of pairs that are done.

    Raises
    ------
    Cancelled
        Between batches.
    """
    a = a if isinstance(a, Polygons) else Polygons(a)
    if b is None:
        some = _chosen(a, rows_a)
        left, right, shape, fallback_log = _find_pairs_within(a, tolerance, cancellation)
        keep = some[left] & some[right]
        fallback_log = fallback_log.only(some, some)
        return collect_parts(
            left[keep], right[keep], shape[keep], tolerance, connected, fallback_log, cancellation, slivers_too
        )
    b = b if isinstance(b, Polygons) else Polygons(b)
    # Queried with the finer layer: more of its polygons are completely inside one of the other.
    turned = len(b.present) > len(a.present)
    fine, coarse = (b, a) if turned else (a, b)
    fine_rows, coarse_rows = (rows_b, rows_a) if turned else (rows_a, rows_b)
    left, right, shape, fallback_log = _find_pairs_between(
        fine, coarse, _chosen(fine, fine_rows), _chosen(coarse, coarse_rows), tolerance, cancellation, progress
    )
    if turned:
        order = np.lexsort((left, right))
        left, right, shape, fallback_log = right[order], left[order], shape[order], fallback_log.exchange_sides()
    return collect_parts(left, right, shape, tolerance, connected, fallback_log, cancellation, slivers_too)


def find_uncovered_parts(
    a: Polygons | NDArray,
    cover: Polygons | NDArray,
    *,
    tolerance: Tolerance,
    rows: NDArray | None = None,
    cover_rows: NDArray | None = None,
    slivers_too: bool = False,
    cancellation: Cancellation = NEVER,
    progress: Progress = no_progress,
) -> Parts:
    """Return the connected parts of polygons of ``a`` not covered by ``cover``.

    ``right`` is −1. Shapes as for `find_shared_parts`. Slivers are left out and counted, or kept with ``slivers_too``.
    """
    a = a if isinstance(a, Polygons) else Polygons(a)
    cover = cover if isinstance(cover, Polygons) else Polygons(cover)
    some, covering = _chosen(a, rows), _chosen(cover, cover_rows)
    fallback_log = FallbackLog()
    if not covering.any():
        uncovered = np.flatnonzero(some)
        return collect_parts(
            uncovered,
            np.full(len(uncovered), -1),
            a.shapes[uncovered],
            tolerance,
            True,
            fallback_log,
            cancellation,
            slivers_too,
        )
    if some.sum() * VERTICES_A_ROW < cover.vertices:
        # Few rows under a fine cover: overlaying is faster than comparing all boundaries.
        decided = Decided(np.zeros(0, dtype=int), np.zeros(0, dtype=int), some)
    else:
        _ensure_overlapping_rows(a, tolerance, cancellation)
        decided = a.decide(cover, some, covering, cancellation)
    uncovered = some & ~decided.open
    uncovered[decided.left] = False
    whole = np.flatnonzero(uncovered)
    rows_open = np.flatnonzero(decided.open)
    rest = np.empty(len(rows_open), dtype=object)
    near_of = _find_near(a, rows_open, cover, covering, cancellation)
    for n, row in enumerate(rows_open.tolist()):
        cancellation.raise_if_cancelled()
        progress(n / len(rows_open))
        rest[n] = _subtract_cover(a, row, cover, near_of[n], tolerance, fallback_log)
    left = np.concatenate([whole, rows_open])
    shape = np.concatenate([a.shapes[whole], rest])
    order = np.argsort(left)
    return collect_parts(
        left[order], np.full(len(left), -1), shape[order], tolerance, True, fallback_log, cancellation, slivers_too
    )


def _chosen(polygons: Polygons, rows: NDArray | None) -> NDArray:
    """Return (n,) bool: the requested rows that have a shape."""
    chosen = np.zeros(len(polygons), dtype=bool)
    chosen[polygons.present] = True
    return chosen if rows is None else chosen & rows


def _find_pairs_within(
    a: Polygons, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return pairs within a layer, cached in the layer.

    Every comparison between layers needs the overlapping rows.
    """
    if a.overlaps is None:
        suspect = np.flatnonzero(a.find_overlap_candidates(cancellation))
        fallback_log, found = FallbackLog(), _Rows()
        tree = shapely.STRtree(a.shapes[suspect])
        for start in range(0, len(suspect), BATCH):
            cancellation.raise_if_cancelled()
            i, j = tree.query(a.shapes[suspect[start : start + BATCH]])
            i, j = suspect[start + i], suspect[j]
            i, j = i[i < j], j[i < j]
            for step in range(0, len(i), BATCH):
                cancellation.raise_if_cancelled()
                _overlay_rows(
                    a, a, i[step : step + BATCH], j[step : step + BATCH], tolerance, fallback_log, found, cancellation
                )
        left, right, shape = found.all()
        crowded = np.zeros(len(a), dtype=bool)
        crowded[left] = crowded[right] = True
        for i, j in fallback_log.failed:
            crowded[[i, j]] = True
        # Assigned at once and last: another thread takes it as the sign that all values are known.
        a.overlapping_rows = crowded
        a.overlaps = left, right, shape, fallback_log
    return a.overlaps


def find_overlapping_rows(a: Polygons, tolerance: Tolerance, cancellation: Cancellation = NEVER) -> NDArray:
    """Return (n,) bool: polygons that share area with another of their layer."""
    _ensure_overlapping_rows(a, tolerance, cancellation)
    return require_value(a.overlapping_rows, "`crowded`")


def _ensure_overlapping_rows(a: Polygons, tolerance: Tolerance, cancellation: Cancellation) -> None:
    if a.overlapping_rows is None:
        _find_pairs_within(a, tolerance, cancellation)


def _find_pairs_between(
    a: Polygons,
    b: Polygons,
    rows_a: NDArray,
    rows_b: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: Progress,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    fallback_log, found = FallbackLog(), _Rows()
    if rows_a.any() and rows_b.any():
        _ensure_overlapping_rows(a, tolerance, cancellation)
        decided = a.decide(b, rows_a, rows_b, cancellation)
        found.add(decided.left, decided.right, a.shapes[decided.left])
        undecided = np.flatnonzero(decided.open)
        i, j = _find_meeting_pairs(a, undecided, b, np.flatnonzero(rows_b), cancellation)
        for start in range(0, len(i), BATCH):
            cancellation.raise_if_cancelled()
            progress(start / len(i))
            _overlay_rows(
                a, b, i[start : start + BATCH], j[start : start + BATCH], tolerance, fallback_log, found, cancellation
            )
    return *found.all(), fallback_log


def _find_meeting_pairs(
    a: Polygons, rows_a: NDArray, b: Polygons, rows_b: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return rows of both that meet.

    The tree is queried with the larger polygons, which are prepared.
    """
    if _compute_mean_size(a, rows_a) > _compute_mean_size(b, rows_b):
        right, left = _query_meeting(b, rows_b, a, rows_a, cancellation)
    else:
        left, right = _query_meeting(a, rows_a, b, rows_b, cancellation)
    return left, right


def _compute_mean_size(polygons: Polygons, rows: NDArray) -> float:
    """Return the mean number of vertices of these rows' polygons."""
    return float(shapely.get_num_coordinates(polygons.shapes[rows]).mean()) if len(rows) else 0.0


def _query_meeting(
    a: Polygons, rows_a: NDArray, b: Polygons, rows_b: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return rows of ``a`` and of ``b`` that meet, queried with those of ``b``."""
    tree = shapely.STRtree(a.shapes[rows_a])
    left, right = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(rows_b), BATCH):
        cancellation.raise_if_cancelled()
        some = rows_b[start : start + BATCH]
        j, i = tree.query(b.shapes[some], predicate="intersects")
        left.append(rows_a[i])
        right.append(some[j])
    return np.concatenate(left), np.concatenate(right)


def _overlay_rows(
    a: Polygons,
    b: Polygons,
    i: NDArray,
    j: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    found: _Rows,
    cancellation: Cancellation = NEVER,
) -> None:
    """Add the common geometry of pairs of rows; pairs that only touch are left out."""
    for start in range(0, len(i), PAIRS):
        rows, others = i[start : start + PAIRS], j[start : start + PAIRS]
        left, right = a.shapes[rows], b.shapes[others]
        _clip_to_windows(left, right, b, others, cancellation)
        _clip_to_windows(right, left, a, rows, cancellation)
        cancellation.raise_if_cancelled()
        shape = overlay_pairs(shapely.intersection, left, right, rows, others, tolerance, fallback_log)
        there = shapely.area(shape) > 0
        found.add(rows[there], others[there], shape[there])


def _clip_to_windows(
    small: NDArray, large: NDArray, source: Polygons, rows: NDArray, cancellation: Cancellation
) -> None:
    """Replace each large shape by the part in a window around its small counterpart."""
    windows = source.clip_windows
    for n in np.flatnonzero(windows.large[rows]).tolist():
        cancellation.raise_if_cancelled()
        if large[n] is not None and small[n] is not None:
            large[n] = windows.around(int(rows[n]), np.array(small[n].bounds))


def _find_near(
    a: Polygons, rows: NDArray, cover: Polygons, covering: NDArray, cancellation: Cancellation
) -> list[NDArray]:
    """Return for each of ``rows`` the rows of the cover that meet it, sorted."""
    i, j = _find_meeting_pairs(a, rows, cover, np.flatnonzero(covering), cancellation)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    return np.split(j, np.searchsorted(i, rows[1:])) if len(rows) else []


def _subtract_cover(
    a: Polygons, row: int, cover: Polygons, near: NDArray, tolerance: Tolerance, fallback_log: FallbackLog
) -> Any:
    """Return a polygon minus all those near it; None if it cannot be computed."""
    shape = a.shapes[row]
    if not len(near):
        return shape
    other = _unite_near(shape, row, cover, near, tolerance, fallback_log)
    if other is None:
        return None
    one, two = np.array([shape], dtype=object), np.array([other], dtype=object)
    return overlay_pairs(
        shapely.difference, one, two, np.array([row]), np.array([-1]), tolerance, fallback_log, inside=False
    )[0]


def _unite_near(
    shape: Any, row: int, cover: Polygons, near: NDArray, tolerance: Tolerance, fallback_log: FallbackLog
) -> Any:
    """Return the union of the polygons near a shape, clipped to its surroundings."""
    if len(near) > MANY:
        rows = np.zeros(len(cover), dtype=bool)
        rows[near] = True
        return union_rows(cover, rows, tolerance=tolerance, fallback_log=fallback_log, row=row)
    bounds = np.array(shape.bounds)
    large = cover.clip_windows.large
    seen = [cover.clip_windows.around(n, bounds) if large[n] else cover.shapes[n] for n in near.tolist()]
    kept = np.array([s for s in seen if s is not None], dtype=object)
    return kept[0] if len(kept) == 1 else union_near_row(kept, row, tolerance, fallback_log)


class PointLineParts(NamedTuple):
    """Parts of points or lines with their ``row`` and polygon.

    ``of``: the polygon's row (−1: none); ``shape``: points or lines.
    """

    row: NDArray
    of: NDArray
    shape: NDArray


def parts_inside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLineParts:
    """Return the parts of (n,) points or lines inside each of (k,) polygons.

    None in both for a row without a shape. Parts that only touch an edge, or reach in by at most ``within_m``, are not
    inside. Coordinates in metres.
    """
    there, covers = np.flatnonzero(~is_missing(shapes)), np.flatnonzero(~is_missing(polygons))
    i, j = shapely.STRtree(polygons[covers]).query(shapes[there], predicate="intersects")
    i, j = there[i], covers[j]
    shape = shapely.intersection(shapes[i], polygons[j])
    kept = _counts(shape, shapely.boundary(polygons[j]), within_m)
    return PointLineParts(i[kept], j[kept], shape[kept])


def parts_outside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLineParts:
    """Return parts of (n,) points or lines beyond ``within_m`` from all polygons."""
    there, covers = np.flatnonzero(~is_missing(shapes)), np.flatnonzero(~is_missing(polygons))
    tree = shapely.STRtree(polygons[covers])
    covered, _ = tree.query(shapes[there], predicate="covered_by")
    rest = np.setdiff1d(there, there[covered])
    i, j = tree.query(shapes[rest], predicate="dwithin", distance=within_m)
    beyond = shapes[rest].copy()
    widened: dict[bytes, Any] = {}
    for n in np.unique(i).tolist():
        # Buffered by the tolerance, so that a line along the edge with another layer's coordinates is inside.
        near = np.sort(j[i == n])
        if near.tobytes() not in widened:
            widened[near.tobytes()] = shapely.buffer(shapely.union_all(polygons[covers[near]]), within_m)
        beyond[n] = shapely.difference(beyond[n], widened[near.tobytes()])
    kept = ~shapely.is_empty(beyond)
    return PointLineParts(rest[kept], np.full(int(kept.sum()), -1), beyond[kept])


def _counts(shape: NDArray, edges: NDArray, within_m: float) -> NDArray:
    """Return (k,) bool: points off the edge, and long lines off the edge.

    Lines are longer than ``within_m``.
    """
    points = shapely.get_dimensions(shape) == 0
    off_edge = shapely.distance(shape, edges) > within_m
    deep = shapely.length(shapely.difference(shape, shapely.buffer(edges, within_m))) > within_m
    found: NDArray = np.where(points, off_edge, deep) & ~shapely.is_empty(shape)
    return found
