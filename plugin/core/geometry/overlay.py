# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay operations of the rules: shared area, uncovered parts, points and lines.

All work in the plan's plane (metres). Invalid input raises no exception: a pair that GEOS cannot overlay is computed
by alternative methods (`overlay_fallback`), and a pair for which these fail too is returned as failed. Pairs that
`polygons` can decide from their boundaries are not overlaid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..invariants import require_value
from ..parallel.threads import map_in_threads
from .overlay_fallback import FallbackLog, overlay_polygon_pairs, union_near_row, wrap_shape
from .parts import OverlayParts, collect_parts
from .polygons import SHAPES_PER_BATCH, ContainmentResult, Polygons, query_in_threads, union_polygon_rows
from .tolerance import Tolerance
from .validity import mask_missing_shapes

#: Receives a share from 0 to 1.
ProgressCallback = Callable[[float], None]


def ignore_progress(share: float) -> None:
    """Ignore a progress report."""


def make_partial_progress(progress: ProgressCallback, begun: float, done: float) -> ProgressCallback:
    """Return a progress callback for a part of the work.

    The part's own share 0 to 1 is reported as ``begun`` to ``done`` of the whole.
    """
    return lambda share: progress(begun + (done - begun) * share)


#: From this many neighbours on a coverage union is faster.
MIN_COVERAGE_NEIGHBOURS = 64


#: Pairs overlaid between two checks for cancellation: each takes far longer than a tree query.
PAIRS_PER_BATCH = 1024

#: Polygons whose covers are held in memory at a time.
_ROWS_PER_SUBTRACTION = 256

#: Comparing this many vertices takes about as long as one overlay.
VERTICES_PER_OVERLAY = 500


@dataclass
class _PairCollector:
    """Collect pairs of rows with the land that they share."""

    left: list[NDArray] = field(default_factory=list)
    right: list[NDArray] = field(default_factory=list)
    shape: list[NDArray] = field(default_factory=list)

    def add_pairs(self, left: NDArray, right: NDArray, shape: NDArray) -> None:
        """Add (k,) pairs of rows and their shared geometry."""
        self.left.append(np.asarray(left, dtype=np.int64))
        self.right.append(np.asarray(right, dtype=np.int64))
        self.shape.append(shape)

    def sort_pairs(self) -> tuple[NDArray, NDArray, NDArray]:
        """Return all pairs (left, right, shape), sorted by left and right row."""
        left, right, shape = (
            np.concatenate(batches) if batches else np.zeros(0, int) for batches in (self.left, self.right, self.shape)
        )
        order = np.lexsort((right, left))
        return left[order], right[order], shape[order]


def find_shared_parts(
    a: Polygons | NDArray,
    b: Polygons | NDArray | None = None,
    *,
    tolerance: Tolerance,
    rows_a: NDArray | None = None,
    rows_b: NDArray | None = None,
    focus: NDArray | None = None,
    connected: bool = False,
    keep_slivers: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = ignore_progress,
) -> OverlayParts:
    """Find polygons of ``a`` and ``b`` that share area; touching does not count.

    Parameters
    ----------
    a, b
        `Polygons` (whose cached values are reused), or (n,) and (m,) valid polygons or None, in one plane in metres.
        Without ``b``: the pairs i < j within ``a``.
    rows_a, rows_b
        (n,), (m,) bool: only these rows.
    focus
        (n,) bool; without ``b``: only pairs with at least one of these rows.
    connected
        Return each connected part of a pair separately.
    keep_slivers
        Keep slivers (below both minimums of the tolerance); otherwise they are moved to ``slivers`` of the result.
    progress
        Receives the share of pairs that are done.

    Raises
    ------
    Cancelled
        Between batches.
    """
    a = a if isinstance(a, Polygons) else Polygons(a)
    if b is None:
        is_selected = select_present_rows(a, rows_a)
        if focus is None or a.cached_overlaps is not None:
            left, right, shape, fallback_log = _find_pairs_within(a, tolerance, cancellation)
        else:
            left, right, shape, fallback_log = _overlay_candidates(a, focus, tolerance, cancellation)
        keep = is_selected[left] & is_selected[right]
        if focus is not None:
            keep &= focus[left] | focus[right]
        fallback_log = fallback_log.select_rows(is_selected, is_selected)
        return collect_parts(
            left[keep], right[keep], shape[keep], tolerance, connected, fallback_log, cancellation, keep_slivers
        )
    b = b if isinstance(b, Polygons) else Polygons(b)
    # Queried with the finer layer: more of its polygons are completely inside one of the other.
    sides_exchanged = len(b.present) > len(a.present)
    fine, coarse = (b, a) if sides_exchanged else (a, b)
    fine_rows, coarse_rows = (rows_b, rows_a) if sides_exchanged else (rows_a, rows_b)
    left, right, shape, fallback_log = _find_pairs_between(
        fine,
        coarse,
        select_present_rows(fine, fine_rows),
        select_present_rows(coarse, coarse_rows),
        tolerance,
        cancellation,
        progress,
    )
    if sides_exchanged:
        order = np.lexsort((left, right))
        left, right, shape, fallback_log = (
            right[order],
            left[order],
            shape[order],
            fallback_log.make_log_with_exchanged_sides(),
        )
    return collect_parts(left, right, shape, tolerance, connected, fallback_log, cancellation, keep_slivers)


def find_uncovered_parts(
    a: Polygons | NDArray,
    cover: Polygons | NDArray,
    *,
    tolerance: Tolerance,
    rows: NDArray | None = None,
    cover_rows: NDArray | None = None,
    keep_slivers: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = ignore_progress,
) -> OverlayParts:
    """Return the connected parts of polygons of ``a`` that ``cover`` does not cover.

    ``right`` of the parts is −1. Shapes as for `find_shared_parts`. ``rows``, ``cover_rows``: (n,), (m,) bool, only
    these rows. Slivers are moved to ``slivers`` of the result, or kept with ``keep_slivers``. Raise Cancelled.
    """
    a = a if isinstance(a, Polygons) else Polygons(a)
    cover = cover if isinstance(cover, Polygons) else Polygons(cover)
    is_selected, covering = select_present_rows(a, rows), select_present_rows(cover, cover_rows)
    fallback_log = FallbackLog()
    if not covering.any():
        uncovered_rows = np.flatnonzero(is_selected)
        return collect_parts(
            uncovered_rows,
            np.full(len(uncovered_rows), -1),
            a.shapes[uncovered_rows],
            tolerance,
            True,
            fallback_log,
            cancellation,
            keep_slivers,
        )
    if is_selected.sum() * VERTICES_PER_OVERLAY < cover.vertex_count:
        # Few rows under a fine cover: overlaying is faster than comparing all boundaries.
        decided = ContainmentResult(np.zeros(0, dtype=int), np.zeros(0, dtype=int), is_selected)
    else:
        _compute_overlapping_rows_if_missing(a, tolerance, cancellation)
        decided = a.decide_containment(cover, is_selected, covering, cancellation)
    is_uncovered = is_selected & ~decided.needs_overlay
    is_uncovered[decided.inner_row] = False
    uncovered_rows = np.flatnonzero(is_uncovered)
    undecided_rows = np.flatnonzero(decided.needs_overlay)
    near_of = _find_near_cover_rows(a, undecided_rows, cover, covering, cancellation)
    remainders = _subtract_cover(a, undecided_rows, cover, near_of, tolerance, fallback_log, cancellation, progress)
    left = np.concatenate([uncovered_rows, undecided_rows])
    shape = np.concatenate([a.shapes[uncovered_rows], remainders])
    order = np.argsort(left)
    return collect_parts(
        left[order], np.full(len(left), -1), shape[order], tolerance, True, fallback_log, cancellation, keep_slivers
    )


def select_present_rows(polygons: Polygons, rows: NDArray | None) -> NDArray:
    """Return (n,) bool: the requested rows (None: all) that have a shape."""
    is_selected = np.zeros(len(polygons), dtype=bool)
    is_selected[polygons.present] = True
    return is_selected if rows is None else is_selected & rows


def _find_pairs_within(
    a: Polygons, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return pairs of rows of a layer that share area, with their shared geometry.

    The result is cached in the layer, because every comparison with another layer needs the overlapping rows.
    """
    if a.cached_overlaps is None:
        left, right, shape, fallback_log = _overlay_candidates(a, np.ones(len(a), dtype=bool), tolerance, cancellation)
        is_overlapping = np.zeros(len(a), dtype=bool)
        is_overlapping[left] = is_overlapping[right] = True
        for i, j in fallback_log.failed_pairs:
            is_overlapping[[i, j]] = True
        # Assigned at once and last: another thread takes it as the sign that all values are known.
        a.overlapping_rows = is_overlapping
        a.cached_overlaps = left, right, shape, fallback_log
    return a.cached_overlaps


def _overlay_candidates(
    a: Polygons, focus: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return pairs of rows of a layer that share area, with their shared geometry; at least one is in the focus."""
    is_candidate = a.find_overlap_candidates(cancellation)
    candidates = np.flatnonzero(is_candidate)
    focused = np.flatnonzero(is_candidate & focus)
    fallback_log, pairs = FallbackLog(), _PairCollector()
    tree = shapely.STRtree(a.shapes[candidates])
    for start in range(0, len(focused), SHAPES_PER_BATCH):
        cancellation.raise_if_cancelled()
        i, j = tree.query(a.shapes[focused[start : start + SHAPES_PER_BATCH]])
        i, j = focused[start + i], candidates[j]
        # A pair of two focused rows is found from either of them, and kept once.
        once = (i < j) | ((i > j) & ~focus[j])
        i, j = np.minimum(i[once], j[once]), np.maximum(i[once], j[once])
        _overlay_row_pairs(a, a, i, j, tolerance, fallback_log, pairs, cancellation)
    return *pairs.sort_pairs(), fallback_log


def find_overlapping_rows(a: Polygons, tolerance: Tolerance, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
    """Return (n,) bool: polygons that share area with another of their layer."""
    _compute_overlapping_rows_if_missing(a, tolerance, cancellation)
    return require_value(a.overlapping_rows, "the overlapping rows")


def _compute_overlapping_rows_if_missing(a: Polygons, tolerance: Tolerance, cancellation: Cancellation) -> None:
    if a.overlapping_rows is None:
        _find_pairs_within(a, tolerance, cancellation)


def _find_pairs_between(
    a: Polygons,
    b: Polygons,
    rows_a: NDArray,
    rows_b: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: ProgressCallback,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    fallback_log, pairs = FallbackLog(), _PairCollector()
    if rows_a.any() and rows_b.any():
        decided = decide_pairs_between(a, b, rows_a, rows_b, tolerance, cancellation)
        pairs.add_pairs(decided.inner_row, decided.outer_row, a.shapes[decided.inner_row])
        left, right, shape, fallback_log = overlay_rows_between(
            a, b, decided.needs_overlay, rows_b, tolerance, cancellation, progress
        )
        pairs.add_pairs(left, right, shape)
    return *pairs.sort_pairs(), fallback_log


def decide_pairs_between(
    a: Polygons, b: Polygons, rows_a: NDArray, rows_b: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> ContainmentResult:
    """Return which of ``rows_a`` are inside one of ``rows_b`` ((n,), (m,) bool), and which need an overlay."""
    _compute_overlapping_rows_if_missing(a, tolerance, cancellation)
    return a.decide_containment(b, rows_a, rows_b, cancellation)


def overlay_rows_between(
    a: Polygons,
    b: Polygons,
    rows_a: NDArray,
    rows_b: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: ProgressCallback = ignore_progress,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return pairs of selected rows that share area, with their shared geometry; each pair is overlaid.

    ``rows_a``, ``rows_b``: (n,), (m,) bool.
    """
    fallback_log, pairs = FallbackLog(), _PairCollector()
    i, j = _find_meeting_pairs(a, np.flatnonzero(rows_a), b, np.flatnonzero(rows_b), cancellation)
    _overlay_row_pairs(a, b, i, j, tolerance, fallback_log, pairs, cancellation, progress)
    return *pairs.sort_pairs(), fallback_log


def _find_meeting_pairs(
    a: Polygons, rows_a: NDArray, b: Polygons, rows_b: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return pairs of rows of both layers that touch or overlap.

    The layer with the larger polygons queries the tree, because its polygons are prepared for the queries.
    """
    if _compute_mean_size(a, rows_a) > _compute_mean_size(b, rows_b):
        right, left = _find_meeting_row_pairs(b, rows_b, a, rows_a, cancellation)
    else:
        left, right = _find_meeting_row_pairs(a, rows_a, b, rows_b, cancellation)
    return left, right


def _compute_mean_size(polygons: Polygons, rows: NDArray) -> float:
    """Return the mean number of vertices of these rows' polygons."""
    return float(shapely.get_num_coordinates(polygons.shapes[rows]).mean()) if len(rows) else 0.0


def _find_meeting_row_pairs(
    a: Polygons, rows_a: NDArray, b: Polygons, rows_b: NDArray, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Return pairs of rows that touch or overlap; rows of ``b`` query a tree of ``a``."""
    tree = shapely.STRtree(a.shapes[rows_a])
    j, i = query_in_threads(tree, b.shapes[rows_b], predicate="intersects", cancellation=cancellation)
    return rows_a[i], rows_b[j]


def _overlay_row_pairs(
    a: Polygons,
    b: Polygons,
    i: NDArray,
    j: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    pairs: _PairCollector,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = ignore_progress,
) -> None:
    """Add the common geometry of pairs of rows, in batches; pairs that only touch are left out."""
    for start in range(0, len(i), PAIRS_PER_BATCH):
        progress(start / len(i))
        rows, other_rows = i[start : start + PAIRS_PER_BATCH], j[start : start + PAIRS_PER_BATCH]
        left, right = a.shapes[rows], b.shapes[other_rows]
        _clip_large_polygons(left, right, b, other_rows, cancellation)
        _clip_large_polygons(right, left, a, rows, cancellation)
        cancellation.raise_if_cancelled()
        shape = overlay_polygon_pairs(shapely.intersection, left, right, rows, other_rows, tolerance, fallback_log)
        shares_area = shapely.area(shape) > 0
        pairs.add_pairs(rows[shares_area], other_rows[shares_area], shape[shares_area])


def _clip_large_polygons(
    small_polygons: NDArray, large_polygons: NDArray, source: Polygons, rows: NDArray, cancellation: Cancellation
) -> None:
    """Replace each large polygon, in place, by its part around its small counterpart."""
    clipped_polygons = source.clipped_polygons
    for n in np.flatnonzero(clipped_polygons.is_large[rows]).tolist():
        cancellation.raise_if_cancelled()
        if large_polygons[n] is not None and small_polygons[n] is not None:
            large_polygons[n] = clipped_polygons.clip_around(int(rows[n]), np.array(small_polygons[n].bounds))


def _find_near_cover_rows(
    a: Polygons, rows: NDArray, covering_polygons: Polygons, covering: NDArray, cancellation: Cancellation
) -> list[NDArray]:
    """Return, for each of ``rows``, the sorted rows of the cover that meet it."""
    i, j = _find_meeting_pairs(a, rows, covering_polygons, np.flatnonzero(covering), cancellation)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    return np.split(j, np.searchsorted(i, rows[1:])) if len(rows) else []


def _subtract_cover(
    a: Polygons,
    rows: NDArray,
    covering_polygons: Polygons,
    near_of: list[NDArray],
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    cancellation: Cancellation,
    progress: ProgressCallback,
) -> NDArray:
    """Return (k,) polygons minus the cover's polygons near them; None where that fails.

    ``rows`` (k,): the polygons; ``near_of``: the rows of the cover near each.
    """

    def subtract_from_row(row_and_pieces: tuple[int, NDArray | None]) -> tuple[Any, FallbackLog]:
        row, pieces = row_and_pieces
        row_log = FallbackLog()
        return _subtract_pieces(a.shapes[row], row, pieces, tolerance, row_log), row_log

    remainders = a.shapes[rows]
    crossed = [n for n, near_rows in enumerate(near_of) if len(near_rows)]
    for start in range(0, len(crossed), _ROWS_PER_SUBTRACTION):
        progress(start / len(crossed))
        batch = crossed[start : start + _ROWS_PER_SUBTRACTION]
        pieces = []
        for n in batch:
            cancellation.raise_if_cancelled()
            # Clipped parts and unions of the cover are cached, so they are made before the threads begin.
            pieces.append(
                _collect_near_cover(
                    a.shapes[rows[n]], int(rows[n]), covering_polygons, near_of[n], tolerance, fallback_log
                )
            )
        vertex_count = sum(int(shapely.get_num_coordinates(some).sum()) for some in pieces if some is not None)
        vertex_count += int(shapely.get_num_coordinates(a.shapes[rows[batch]]).sum())
        items = list(zip(rows[batch].tolist(), pieces, strict=True))
        results = map_in_threads(subtract_from_row, items, cancellation, vertex_count=vertex_count)
        for n, (remainder, row_log) in zip(batch, results, strict=True):
            remainders[n] = remainder
            fallback_log.append_log(row_log)
    return remainders


def _subtract_pieces(
    shape: Any, row: int, pieces: NDArray | None, tolerance: Tolerance, fallback_log: FallbackLog
) -> Any:
    """Return a polygon minus (p,) others; None if that fails, or without pieces."""
    if pieces is None:
        return None
    subtrahend = pieces[0] if len(pieces) == 1 else union_near_row(pieces, row, tolerance, fallback_log)
    if subtrahend is None:
        return None
    return overlay_polygon_pairs(
        shapely.difference,
        wrap_shape(shape),
        wrap_shape(subtrahend),
        np.array([row]),
        np.array([-1]),
        tolerance,
        fallback_log,
        inside=False,
    )[0]


def _collect_near_cover(
    shape: Any,
    row: int,
    covering_polygons: Polygons,
    near_rows: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
) -> NDArray | None:
    """Return (p,) the cover's polygons near a shape, clipped around it; many as their union.

    None if their union fails.
    """
    if len(near_rows) > MIN_COVERAGE_NEIGHBOURS:
        covering = np.zeros(len(covering_polygons), dtype=bool)
        covering[near_rows] = True
        union = union_polygon_rows(covering_polygons, covering, tolerance=tolerance, fallback_log=fallback_log, row=row)
        return None if union is None else wrap_shape(union)
    bounds = np.array(shape.bounds)
    is_large = covering_polygons.clipped_polygons.is_large
    clipped = [
        covering_polygons.clipped_polygons.clip_around(n, bounds) if is_large[n] else covering_polygons.shapes[n]
        for n in near_rows.tolist()
    ]
    pieces = np.array([polygon for polygon in clipped if polygon is not None], dtype=object)
    # GEOS stores a geometry's bounds when they are first asked for, which two threads must not do at once.
    shapely.bounds(pieces)
    return pieces


class PointLineParts(NamedTuple):
    """Parts of points or lines inside or outside polygons.

    ``point_or_line_row``: row of the point or line; ``polygon_row``: row of the polygon (−1: none); ``part_shape``: the
    part.
    """

    point_or_line_row: NDArray
    polygon_row: NDArray
    part_shape: NDArray


def find_point_line_parts_inside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLineParts:
    """Return the parts of (n,) points or lines inside each of (k,) polygons.

    Both arrays may have None for a row without a shape. Parts that only touch an edge, or extend inside by at most
    ``within_m``, are left out. Coordinates in metres.
    """
    rows_with_shape, present_polygons = (
        np.flatnonzero(~mask_missing_shapes(shapes)),
        np.flatnonzero(~mask_missing_shapes(polygons)),
    )
    i, j = shapely.STRtree(polygons[present_polygons]).query(shapes[rows_with_shape], predicate="intersects")
    i, j = rows_with_shape[i], present_polygons[j]
    shape = shapely.intersection(shapes[i], polygons[j])
    is_deep = _mask_deep_parts(shape, shapely.boundary(polygons[j]), within_m)
    return PointLineParts(i[is_deep], j[is_deep], shape[is_deep])


def find_point_line_parts_outside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLineParts:
    """Return parts of points or lines more than ``within_m`` outside all polygons.

    ``shapes``: (n,), ``polygons``: (k,), in metres; None is allowed in both. ``polygon_row`` of the result is −1.
    """
    rows_with_shape, present_polygons = (
        np.flatnonzero(~mask_missing_shapes(shapes)),
        np.flatnonzero(~mask_missing_shapes(polygons)),
    )
    tree = shapely.STRtree(polygons[present_polygons])
    covered_positions, _ = tree.query(shapes[rows_with_shape], predicate="covered_by")
    uncovered_rows = np.setdiff1d(rows_with_shape, rows_with_shape[covered_positions])
    i, j = tree.query(shapes[uncovered_rows], predicate="dwithin", distance=within_m)
    outside = shapes[uncovered_rows].copy()
    buffer_by_polygons: dict[bytes, Any] = {}
    for n in np.unique(i).tolist():
        # Buffered by the tolerance, so that a line along the edge with another layer's coordinates is inside.
        near_polygons = np.sort(j[i == n])
        if near_polygons.tobytes() not in buffer_by_polygons:
            buffer_by_polygons[near_polygons.tobytes()] = shapely.buffer(
                shapely.union_all(polygons[present_polygons[near_polygons]]), within_m
            )
        outside[n] = shapely.difference(outside[n], buffer_by_polygons[near_polygons.tobytes()])
    remains = ~shapely.is_empty(outside)
    return PointLineParts(uncovered_rows[remains], np.full(int(remains.sum()), -1), outside[remains])


def _mask_deep_parts(shape: NDArray, edges: NDArray, within_m: float) -> NDArray:
    """Return (k,) bool: parts that extend more than ``within_m`` m off the edges.

    A point must be that far from the edge. A line must have that length outside a buffer of the edge.
    """
    points = shapely.get_dimensions(shape) == 0
    off_edge = shapely.distance(shape, edges) > within_m
    is_long = shapely.length(shapely.difference(shape, shapely.buffer(edges, within_m))) > within_m
    is_deep: NDArray = np.where(points, off_edge, is_long) & ~shapely.is_empty(shape)
    return is_deep
