# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay operations of the rules: shared area, uncovered area, points and lines.

All work in the plan's plane (metres). Invalid input raises no exception: a pair that GEOS cannot overlay is computed by
alternative methods (`overlay_fallback`), and a pair for which these fail too is returned as failed. Pairs that
`polygons` can decide from their boundaries are not overlaid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation, require_value
from ..base.parallel.threads import get_lock, map_in_threads
from .cover_subtraction import find_windows_of_rows, may_be_similar, subtract_similar_polygon
from .overlay_fallback import (
    FallbackLog,
    compute_local_origins,
    overlay_polygon_pairs,
    translate_back,
    translate_shapes,
    union_near_row,
)
from .overlay_pieces import OverlayPieces, collect_pieces
from .polygons import (
    CLIP_MARGIN_M,
    MAX_UNCLIPPED_VERTICES,
    SHAPES_PER_BATCH,
    ContainmentResult,
    Polygons,
    clip_to_box,
    query_in_threads,
    union_polygon_rows,
)
from .shape_comparison import hash_shapes
from .tolerance import Tolerance
from .validity import extract_polygons, make_shape_array, mask_missing_shapes

#: Receives a share from 0 to 1.
ProgressCallback = Callable[[float], None]
#: From this many neighbours on a coverage union is faster.
MIN_COVERAGE_NEIGHBOURS = 64
#: Pairs overlaid between two checks for cancellation: each takes far longer than a tree query.
PAIRS_PER_BATCH = 1024
#: From this many polygons of a cover for each row on, rows query its cached tree.
_ROWS_PER_TREE = 64
#: Polygons whose covers are held in memory at a time.
_ROWS_PER_SUBTRACTION = 256
#: A cover of fewer vertices is united faster than its edges are compared.
_MIN_VERTICES_FOR_WINDOWS = 20_000
#: More rows than this with one shape are overlaid with the first of them, not each with each.
MAX_PAIRED_COPIES = 8
#: Comparing this many vertices takes about as long as one overlay.
VERTICES_PER_OVERLAY = 500


def make_partial_progress(progress: ProgressCallback, begun: float, done: float) -> ProgressCallback:
    """Return a progress callback for one step of a longer task.

    It converts the step's own share (0 to 1) to the range from ``begun`` to ``done`` of the whole task.
    """
    return lambda share: progress(begun + (done - begun) * share)


def find_shared_pieces(
    left_polygons: Polygons | NDArray,
    right_polygons: Polygons | NDArray | None = None,
    *,
    tolerance: Tolerance,
    left_rows: NDArray | None = None,
    right_rows: NDArray | None = None,
    focus: NDArray | None = None,
    right_is_finer: bool | None = None,
    splits_connected: bool = False,
    keep_slivers: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = lambda share: None,
) -> OverlayPieces:
    """Return the pieces of land that polygons of two layers, or of one layer, share.

    Pairs of polygons that only touch have no piece.

    Parameters
    ----------
    left_polygons, right_polygons
        `Polygons` (whose cached values are reused), or (n,) and (m,) valid polygons or None, in one plane in metres.
        Without ``right_polygons``, rows i < j of ``left_polygons`` are overlaid with each other, but many rows with one
        shape (`MAX_PAIRED_COPIES`) with the first of them only.
    left_rows, right_rows
        (n,), (m,) bool: the rows to overlay; None for all.
    focus
        (n,) bool; without ``right_polygons``: only pairs with at least one of these rows.
    right_is_finer
        The rows of the right layer are compared with polygons of the left one, not the reverse; None: if they are more
        (`is_right_finer`).
    splits_connected
        Return each connected polygon of a pair as a piece; otherwise all land of a pair is one piece.
    keep_slivers
        Keep slivers (below both minimums of the tolerance) among the pieces; otherwise only ``slivers`` of the result
        has them.
    progress
        Called with the share of pairs that are done (0 to 1).

    Raises
    ------
    Cancelled
        Between batches.
    """
    left_polygons = left_polygons if isinstance(left_polygons, Polygons) else Polygons(left_polygons)
    if right_polygons is None:
        is_selected = select_present_rows(left_polygons, left_rows)
        if focus is None or left_polygons.cached_overlaps is not None:
            left, right, shape, fallback_log = _find_pairs_within(left_polygons, tolerance, cancellation)
        else:
            left, right, shape, fallback_log = _overlay_candidates(left_polygons, focus, tolerance, cancellation)
        keep = is_selected[left] & is_selected[right]
        if focus is not None:
            keep &= focus[left] | focus[right]
        fallback_log = fallback_log.select_rows(is_selected, is_selected)
        return collect_pieces(
            left[keep], right[keep], shape[keep], tolerance, splits_connected, fallback_log, cancellation, keep_slivers
        )
    right_polygons = right_polygons if isinstance(right_polygons, Polygons) else Polygons(right_polygons)
    # Queried with the finer layer: more of its polygons are completely inside one of the other.
    sides_exchanged = is_right_finer(left_polygons, right_polygons) if right_is_finer is None else right_is_finer
    fine, coarse = (right_polygons, left_polygons) if sides_exchanged else (left_polygons, right_polygons)
    fine_rows, coarse_rows = (right_rows, left_rows) if sides_exchanged else (left_rows, right_rows)
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
            fallback_log.make_log_with_exchanged_layers(),
        )
    return collect_pieces(left, right, shape, tolerance, splits_connected, fallback_log, cancellation, keep_slivers)


def is_right_finer(left_polygons: Polygons, right_polygons: Polygons) -> bool:
    """Return True if the right layer has more polygons than the left one."""
    return len(right_polygons.present) > len(left_polygons.present)


class UncoveredMethod(NamedTuple):
    """How the uncovered land of rows is found: all methods find the same land, each is fast for other layers.

    ``compares_boundaries``: boundaries are compared first, and only rows that they do not decide are overlaid with the
    cover. ``uses_windows``: otherwise, only windows around unpaired edges are overlaid; all rows of the cover must be
    selected.
    """

    compares_boundaries: bool
    uses_windows: bool


def choose_uncovered_method(
    polygons: Polygons, cover: Polygons, rows: NDArray | None, cover_rows: NDArray | None
) -> UncoveredMethod:
    """Return the fastest method for `find_uncovered_pieces`, with the same arguments."""
    row_count = np.count_nonzero(select_present_rows(polygons, rows))
    covering_count = np.count_nonzero(select_present_rows(cover, cover_rows))
    # Few rows under a fine cover: overlaying is faster than comparing all boundaries.
    return UncoveredMethod(
        compares_boundaries=bool(row_count * VERTICES_PER_OVERLAY >= cover.vertex_count),
        uses_windows=bool(covering_count == len(cover.present) and cover.vertex_count > _MIN_VERTICES_FOR_WINDOWS),
    )


def find_uncovered_pieces(
    polygons: Polygons | NDArray,
    cover: Polygons | NDArray,
    *,
    tolerance: Tolerance,
    rows: NDArray | None = None,
    cover_rows: NDArray | None = None,
    method: UncoveredMethod | None = None,
    keep_slivers: bool = False,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = lambda share: None,
) -> OverlayPieces:
    """Return the connected pieces of polygons that no polygon of a cover covers.

    ``polygons``, ``cover``: as for `find_shared_pieces`; ``rows`` (n,), ``cover_rows`` (m,) bool: the rows to use, None
    for all. ``method``: how they are found, None for the fastest. ``right`` of each piece is −1. ``keep_slivers``: as
    for `find_shared_pieces`. Raise Cancelled.
    """
    polygons = polygons if isinstance(polygons, Polygons) else Polygons(polygons)
    cover = cover if isinstance(cover, Polygons) else Polygons(cover)
    method = method or choose_uncovered_method(polygons, cover, rows, cover_rows)
    is_selected, covering = select_present_rows(polygons, rows), select_present_rows(cover, cover_rows)
    fallback_log = FallbackLog()
    if not covering.any():
        uncovered_rows = np.flatnonzero(is_selected)
        return collect_pieces(
            uncovered_rows,
            np.full(len(uncovered_rows), -1),
            polygons.shapes[uncovered_rows],
            tolerance,
            True,
            fallback_log,
            cancellation,
            keep_slivers,
        )
    windowed_rows, windowed_remainders = np.zeros(0, dtype=int), np.zeros(0, dtype=object)
    if not method.compares_boundaries:
        needs_overlay = is_selected.copy()
        if method.uses_windows:
            windowed_rows, windowed_remainders = _subtract_cover_in_windows(
                polygons, np.flatnonzero(is_selected), cover, tolerance, fallback_log, cancellation
            )
            needs_overlay[windowed_rows] = False
        # Rows with windows are decided: they are neither uncovered as a whole nor overlaid.
        decided = ContainmentResult(windowed_rows, windowed_rows, needs_overlay)
    else:
        decided = decide_pairs_between(polygons, cover, is_selected, covering, tolerance, cancellation)
    is_uncovered = is_selected & ~decided.needs_overlay
    is_uncovered[decided.inner_row] = False
    uncovered_rows = np.flatnonzero(is_uncovered)
    undecided_rows = np.flatnonzero(decided.needs_overlay)
    near_rows_of = _find_near_cover_rows(polygons, undecided_rows, cover, covering, cancellation)
    # Lines are often copies of zones; subtracting one such polygon from the other takes long and leaves nothing.
    differs = np.ones(len(undecided_rows), dtype=bool)
    pair_row = np.repeat(np.arange(len(undecided_rows)), [len(near_rows) for near_rows in near_rows_of])
    cover_row = np.concatenate([np.zeros(0, dtype=int), *near_rows_of])
    shapes, covering_shapes = polygons.shapes[undecided_rows][pair_row], cover.shapes[cover_row]
    may_be_equal = shapely.get_num_coordinates(shapes) == shapely.get_num_coordinates(covering_shapes)
    may_be_equal &= (shapely.bounds(shapes) == shapely.bounds(covering_shapes)).reshape(-1, 4).all(axis=1)
    shapes, covering_shapes = shapely.normalize(shapes[may_be_equal]), shapely.normalize(covering_shapes[may_be_equal])
    differs[pair_row[may_be_equal][shapely.equals_exact(shapes, covering_shapes, 0.0)]] = False
    undecided_rows = undecided_rows[differs]
    near_rows_of = [near_rows for near_rows, is_kept in zip(near_rows_of, differs, strict=True) if is_kept]
    remainders = _subtract_cover(
        polygons, undecided_rows, cover, near_rows_of, tolerance, fallback_log, cancellation, progress
    )
    left = np.concatenate([uncovered_rows, undecided_rows, windowed_rows])
    shape = np.concatenate([polygons.shapes[uncovered_rows], remainders, windowed_remainders])
    order = np.argsort(left)
    return collect_pieces(
        left[order], np.full(len(left), -1), shape[order], tolerance, True, fallback_log, cancellation, keep_slivers
    )


def select_present_rows(polygons: Polygons, rows: NDArray | None) -> NDArray:
    """Return (n,) bool: the requested rows (None: all) that have a shape."""
    is_selected = np.zeros(len(polygons), dtype=bool)
    is_selected[polygons.present] = True
    return is_selected if rows is None else is_selected & rows


def _find_pairs_within(
    polygons: Polygons, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return left rows, right rows, shared geometries and fallback log of the rows of a layer that overlap.

    The result is cached in the layer, because every comparison with another layer needs the overlapping rows.
    """
    with get_lock(polygons, "cached_overlaps"):
        if polygons.cached_overlaps is None:
            left, right, shape, fallback_log = _overlay_candidates(
                polygons, np.ones(len(polygons), dtype=bool), tolerance, cancellation
            )
            is_overlapping = np.zeros(len(polygons), dtype=bool)
            is_overlapping[left] = is_overlapping[right] = True
            for i, j in fallback_log.failed_pairs:
                is_overlapping[[i, j]] = True
            # Assigned at once and last: another thread takes it as the sign that all values are known.
            polygons.overlapping_rows = is_overlapping
            polygons.cached_overlaps = left, right, shape, fallback_log
        return polygons.cached_overlaps


def _overlay_candidates(
    polygons: Polygons, focus: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return the overlapping pairs of rows of a layer, of which at least one is in the focus ((n,) bool).

    The result is as of `_find_pairs_within`: left rows, right rows, shared geometries, fallback log. Of many rows with
    one shape (`MAX_PAIRED_COPIES`), only pairs with the first of them are returned.
    """
    is_candidate = polygons.find_overlap_candidates(cancellation)
    candidates = np.flatnonzero(is_candidate)
    focused = np.flatnonzero(is_candidate & focus)
    pairs = [np.zeros((2, 0), dtype=np.int64)]
    _, first, place, counts = np.unique(
        hash_shapes(polygons.shapes[candidates]), return_index=True, return_inverse=True, return_counts=True
    )
    row_of_equal_shape = np.arange(len(polygons))
    row_of_equal_shape[candidates] = np.where(counts[place] > MAX_PAIRED_COPIES, candidates[first[place]], candidates)
    tree = shapely.STRtree(polygons.shapes[candidates])
    for start in cancellation.watch(range(0, len(focused), SHAPES_PER_BATCH)):
        i, j = tree.query(polygons.shapes[focused[start : start + SHAPES_PER_BATCH]])
        i, j = focused[start + i], candidates[j]
        # A pair of two focused rows is found from either of them, and kept once.
        once = (i < j) | ((i > j) & ~focus[j])
        i, j = np.minimum(i[once], j[once]), np.maximum(i[once], j[once])
        differs = (row_of_equal_shape[i] != row_of_equal_shape[j]) | (row_of_equal_shape[j] == i)
        pairs.append(np.stack([i[differs], j[differs]]))
    left, right = np.concatenate(pairs, axis=1)
    return _overlay_row_pairs(polygons, polygons, left, right, tolerance, cancellation)


def find_overlapping_rows(
    polygons: Polygons, tolerance: Tolerance, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) bool: polygons that share area with another polygon of their layer; cached. Raise Cancelled."""
    if polygons.overlapping_rows is None:
        _find_pairs_within(polygons, tolerance, cancellation)
    return require_value(polygons.overlapping_rows, "the overlapping rows")


def _find_pairs_between(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left_rows: NDArray,
    right_rows: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: ProgressCallback,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Return left rows, right rows, shared geometries and fallback log of the pairs of rows that share area."""
    if not left_rows.any() or not right_rows.any():
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0, dtype=object), FallbackLog()
    decided = decide_pairs_between(left_polygons, right_polygons, left_rows, right_rows, tolerance, cancellation)
    left, right, shape, fallback_log = overlay_rows_between(
        left_polygons, right_polygons, decided.needs_overlay, right_rows, tolerance, cancellation, progress
    )
    left, right = np.append(decided.inner_row, left), np.append(decided.outer_row, right)
    order = np.lexsort((right, left))
    return left[order], right[order], np.append(left_polygons.shapes[decided.inner_row], shape)[order], fallback_log


def decide_pairs_between(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left_rows: NDArray,
    right_rows: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
) -> ContainmentResult:
    """Return which rows of the left layer lie inside a row of the right layer, and which need an overlay.

    ``left_rows``, ``right_rows`` ((n,), (m,) bool): the rows that are compared. Raise Cancelled.
    """
    find_overlapping_rows(left_polygons, tolerance, cancellation)
    return left_polygons.decide_containment(right_polygons, left_rows, right_rows, cancellation)


def overlay_rows_between(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left_rows: NDArray,
    right_rows: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: ProgressCallback = lambda share: None,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Overlay all selected rows of two layers that meet; return the pairs of rows that share area.

    ``left_rows``, ``right_rows`` ((n,), (m,) bool): the selected rows. Returns (k,) left rows, (k,) right rows, (k,)
    shared geometries, and the fallback log. Raise Cancelled.
    """
    i, j = _find_meeting_pairs(
        left_polygons, np.flatnonzero(left_rows), right_polygons, np.flatnonzero(right_rows), cancellation
    )
    return _overlay_row_pairs(left_polygons, right_polygons, i, j, tolerance, cancellation, progress)


def _find_meeting_pairs(
    left_polygons: Polygons,
    left_rows: NDArray,
    right_polygons: Polygons,
    right_rows: NDArray,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return left and right row of all pairs of rows that touch or overlap.

    ``left_rows``, ``right_rows``: numbers of the rows that are compared. The layer with the larger polygons queries the
    tree, because its polygons are prepared for the queries.
    """
    left, right = left_polygons.shapes[left_rows], right_polygons.shapes[right_rows]
    left_size, right_size = (
        shapely.get_num_coordinates(shapes).mean() if len(shapes) else 0.0 for shapes in (left, right)
    )
    if left_size > right_size:
        i, j = query_in_threads(shapely.STRtree(right), left, predicate="intersects", cancellation=cancellation)
    else:
        j, i = query_in_threads(shapely.STRtree(left), right, predicate="intersects", cancellation=cancellation)
    return left_rows[i], right_rows[j]


def _overlay_row_pairs(
    left_polygons: Polygons,
    right_polygons: Polygons,
    left_numbers: NDArray,
    right_numbers: NDArray,
    tolerance: Tolerance,
    cancellation: Cancellation,
    progress: ProgressCallback = lambda share: None,
) -> tuple[NDArray, NDArray, NDArray, FallbackLog]:
    """Intersect pairs of rows in batches, and return those that share area, sorted, as `overlay_rows_between`.

    ``left_numbers``, ``right_numbers`` (k,): the rows of each pair. Pairs that only touch are left out.
    """
    fallback_log, shares_area = FallbackLog(), np.zeros(len(left_numbers), dtype=bool)
    shapes = [np.zeros(0, dtype=object)]
    for start in range(0, len(left_numbers), PAIRS_PER_BATCH):
        progress(start / len(left_numbers))
        rows, other_rows = left_numbers[start : start + PAIRS_PER_BATCH], right_numbers[start : start + PAIRS_PER_BATCH]
        left, right = left_polygons.shapes[rows], right_polygons.shapes[other_rows]
        clip_large_polygons(left, right, right_polygons, other_rows, cancellation)
        clip_large_polygons(right, left, left_polygons, rows, cancellation)
        cancellation.raise_if_cancelled()
        shape = overlay_polygon_pairs(shapely.intersection, left, right, rows, other_rows, tolerance, fallback_log)
        has_area = shapely.area(shape) > 0
        shares_area[start : start + PAIRS_PER_BATCH] = has_area
        shapes.append(shape[has_area])
    left_rows, right_rows = left_numbers[shares_area], right_numbers[shares_area]
    order = np.lexsort((right_rows, left_rows))
    return left_rows[order], right_rows[order], np.concatenate(shapes)[order], fallback_log


def clip_large_polygons(
    small_polygons: NDArray,
    large_polygons: NDArray,
    source: Polygons,
    rows: NDArray,
    cancellation: Cancellation,
) -> None:
    """Replace each large polygon, in place, by its clip around the small polygon at the same position.

    ``source``, ``rows``: the layer of the large polygons, and the row of each.
    """
    clipped_polygons = source.clipped_polygons
    for n in cancellation.watch(np.flatnonzero(clipped_polygons.is_large[rows]).tolist()):
        if large_polygons[n] is not None and small_polygons[n] is not None:
            large_polygons[n] = clipped_polygons.clip_around(int(rows[n]), np.array(small_polygons[n].bounds))


def _find_near_cover_rows(
    polygons: Polygons, rows: NDArray, covering_polygons: Polygons, covering: NDArray, cancellation: Cancellation
) -> list[NDArray]:
    """Return, for each of ``rows``, the sorted rows of the cover that touch or overlap it."""
    if not len(rows):
        return []
    if len(rows) * _ROWS_PER_TREE < len(covering_polygons.present):
        # Making a tree of the cover takes longer than a few queries; the tree of all its rows is cached.
        position, j = covering_polygons.find_pairs_meeting(polygons.shapes[rows], cancellation)
        i, j = rows[position][covering[j]], j[covering[j]]
    else:
        i, j = _find_meeting_pairs(polygons, rows, covering_polygons, np.flatnonzero(covering), cancellation)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    return np.split(j, np.searchsorted(i, rows[1:]))


def _subtract_cover(
    polygons: Polygons,
    rows: NDArray,
    covering_polygons: Polygons,
    near_rows_of: list[NDArray],
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    cancellation: Cancellation,
    progress: ProgressCallback,
) -> NDArray:
    """Return (k,) polygons minus the polygons of the cover near them; None where the subtraction fails.

    ``rows`` (k,): rows of the polygons; ``near_rows_of``: for each of them, the rows of the cover near it.
    """

    def subtract_from_row(row_and_subtrahends: tuple[int, NDArray | None]) -> tuple[Any, FallbackLog]:
        """Return what remains of a row's polygon, and the fallback log of the subtraction."""
        row, pieces = row_and_subtrahends
        row_log = FallbackLog()
        return _subtract_polygons(polygons.shapes[row], row, pieces, tolerance, row_log), row_log

    remainders = polygons.shapes[rows]
    crossed = [n for n, near_rows in enumerate(near_rows_of) if len(near_rows)]
    for start in range(0, len(crossed), _ROWS_PER_SUBTRACTION):
        progress(start / len(crossed))
        batch, pieces = [], []
        for n in cancellation.watch(crossed[start : start + _ROWS_PER_SUBTRACTION]):
            shape, row, near_rows = polygons.shapes[rows[n]], int(rows[n]), near_rows_of[n]
            remainder = _subtract_similar_cover(
                shape, row, covering_polygons, near_rows, tolerance, fallback_log, cancellation
            )
            if remainder is not None:
                remainders[n] = remainder
                continue
            # Clips and unions of the cover are cached, so they are made before the threads begin.
            pieces.append(
                _collect_near_cover(
                    np.array(shape.bounds),
                    row,
                    covering_polygons,
                    near_rows,
                    tolerance,
                    fallback_log,
                    clips_once=False,
                )
            )
            batch.append(n)
        vertex_count = sum(int(shapely.get_num_coordinates(some).sum()) for some in pieces if some is not None)
        vertex_count += int(shapely.get_num_coordinates(polygons.shapes[rows[batch]]).sum())
        items = list(zip(rows[batch].tolist(), pieces, strict=True))
        results = map_in_threads(subtract_from_row, items, cancellation, vertex_count=vertex_count)
        for n, (remainder, row_log) in zip(batch, results, strict=True):
            remainders[n] = remainder
            fallback_log.append_log(row_log)
    return remainders


def _subtract_similar_cover(
    shape: Any,
    row: int,
    covering_polygons: Polygons,
    near_rows: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    cancellation: Cancellation,
) -> Any:
    """Return a large polygon minus the polygons of the cover near it, if one of these has nearly the same edges.

    Control lines and zones are often such copies. Returns a collection of polygons; None if no polygon of the cover is
    similar. ``row``: number of the polygon, for the log. Raise Cancelled.
    """
    if shapely.get_num_coordinates(shape) <= MAX_UNCLIPPED_VERTICES:
        return None
    for similar_row in cancellation.watch(
        near_rows[may_be_similar(shape, covering_polygons.shapes[near_rows])].tolist()
    ):
        parts = subtract_similar_polygon(shape, covering_polygons.shapes[similar_row])
        if parts is not None:
            break
    else:
        return None
    row_log = FallbackLog()
    other_rows = near_rows[near_rows != similar_row]
    # Few of them meet what the similar polygon leaves.
    meets_part = np.unique(shapely.STRtree(parts).query(covering_polygons.shapes[other_rows])[0])
    for cover_row in other_rows[meets_part].tolist():
        parts = shapely.get_parts(parts)
        boxes = shapely.box(*shapely.bounds(parts).reshape(-1, 4).T)
        near = np.flatnonzero(shapely.intersects(boxes, shapely.box(*covering_polygons.shapes[cover_row].bounds)))
        left, right = parts[near], np.repeat(make_shape_array(covering_polygons.shapes[cover_row]), len(near))
        clip_large_polygons(left, right, covering_polygons, np.full(len(near), cover_row), cancellation)
        has_cover = ~shapely.is_missing(right)
        near, left, right = near[has_cover], left[has_cover], right[has_cover]
        parts[near] = overlay_polygon_pairs(
            shapely.difference, left, right, np.full(len(near), row), np.full(len(near), -1), tolerance, row_log,
            is_intersection=False,
        )  # fmt: skip
    if row_log.failed_pairs:
        return None
    fallback_log.append_log(row_log)
    return shapely.geometrycollections(parts)


def _subtract_polygons(
    shape: Any, row: int, subtrahends: NDArray | None, tolerance: Tolerance, fallback_log: FallbackLog
) -> Any:
    """Return the polygon of a row minus (p,) others.

    None if the subtraction fails, or if ``subtrahends`` is None because their union failed.
    """
    if subtrahends is None:
        return None
    subtrahend = subtrahends[0] if len(subtrahends) == 1 else union_near_row(subtrahends, row, tolerance, fallback_log)
    if subtrahend is None:
        return None
    return overlay_polygon_pairs(
        shapely.difference,
        make_shape_array(shape),
        make_shape_array(subtrahend),
        np.array([row]),
        np.array([-1]),
        tolerance,
        fallback_log,
        is_intersection=False,
    )[0]


def _collect_near_cover(
    bounds: NDArray,
    row: int,
    covering_polygons: Polygons,
    near_rows: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    *,
    clips_once: bool,
) -> NDArray | None:
    """Return (p,) polygons of the cover that meet bounds, each clipped around them; many are returned as their union.

    ``bounds``: xmin, ymin, xmax, ymax in m; ``clips_once``: clips are not stored, since a polygon is clipped few times.
    None if their union fails; the log then has ``row`` as failed.
    """
    if len(near_rows) > MIN_COVERAGE_NEIGHBOURS:
        covering = np.zeros(len(covering_polygons), dtype=bool)
        covering[near_rows] = True
        union = union_polygon_rows(covering_polygons, covering, tolerance=tolerance, fallback_log=fallback_log, row=row)
        return None if union is None else make_shape_array(union)
    clipped_polygons = covering_polygons.clipped_polygons
    is_large, clip = (
        clipped_polygons.is_large,
        clipped_polygons.clip_once if clips_once else clipped_polygons.clip_around,
    )
    clipped = [clip(n, bounds) if is_large[n] else covering_polygons.shapes[n] for n in near_rows.tolist()]
    pieces = np.array([polygon for polygon in clipped if polygon is not None], dtype=object)
    # GEOS stores a geometry's bounds when they are first asked for, which two threads must not do at once.
    shapely.bounds(pieces)
    return pieces


def _subtract_cover_in_windows(
    polygons: Polygons,
    rows: NDArray,
    cover: Polygons,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
    cancellation: Cancellation,
) -> tuple[NDArray, NDArray]:
    """Return the rows that windows can decide, and what remains of each of them outside the cover.

    ``rows`` (k,): rows of the polygons. A remainder is a multipolygon, or None where the subtraction fails. Raise
    Cancelled.
    """
    windowed_rows, remainders = [], []
    for row, windows in zip(rows.tolist(), find_windows_of_rows(polygons, rows, cover, cancellation), strict=True):
        if windows is None:
            continue
        parts = [
            _subtract_cover_in_window(polygons.shapes[row], row, bounds, cover, near_rows, tolerance, fallback_log)
            for bounds, near_rows in cancellation.watch(zip(windows.bounds, windows.cover_rows, strict=True))
        ]
        known_parts = [part for part in parts if part is not None]
        windowed_rows.append(row)
        remainders.append(
            shapely.multipolygons(np.concatenate([np.zeros(0, dtype=object), *known_parts]))
            if len(known_parts) == len(parts)
            else None
        )
    shapes = np.empty(len(remainders), dtype=object)
    shapes[:] = remainders
    return np.array(windowed_rows, dtype=int), shapes


def _subtract_cover_in_window(
    shape: Any,
    row: int,
    bounds: NDArray,
    cover: Polygons,
    near_rows: NDArray,
    tolerance: Tolerance,
    fallback_log: FallbackLog,
) -> NDArray | None:
    """Return (p,) the polygons inside a window that a row has outside the cover; None if the subtraction fails.

    ``shape``: the row's polygon; ``bounds``: the window; ``near_rows``: the rows of the cover that meet it.
    """
    pieces = (
        _collect_near_cover(bounds, row, cover, near_rows, tolerance, fallback_log, clips_once=True)
        if len(near_rows)
        else near_rows
    )
    if pieces is None:
        return None
    # All in coordinates of the window: rounding before the end could connect land in the window with land beyond.
    box = shapely.box(*bounds)
    origin = compute_local_origins(make_shape_array(box))[0]
    moved_box, moved_shape, *moved_pieces = translate_shapes(np.array([box, shape, *pieces], dtype=object), -origin)
    near_box = shapely.box(*(np.array(moved_box.bounds) + CLIP_MARGIN_M * np.array([-1, -1, 1, 1])))
    moved_shape = clip_to_box(moved_shape, near_box)
    if moved_shape is None:
        return np.zeros(0, dtype=object)
    if len(pieces):
        moved_shape = _subtract_polygons(
            moved_shape, row, np.array(moved_pieces, dtype=object), tolerance, fallback_log
        )
    if moved_shape is None:
        return None
    parts = shapely.get_parts([extract_polygons(moved_shape)])
    # Land that extends beyond the window is covered by other rows, belongs to another window, or is the rounding of an
    # edge that was clipped.
    return translate_back(parts[shapely.covers(moved_box, shapely.envelope(parts))], origin)


class PointLinePieces(NamedTuple):
    """Pieces of points or lines inside or outside polygons.

    ``point_or_line_row`` (k,): row of the point or line; ``polygon_row`` (k,): row of the polygon, −1 for none;
    ``piece_shape`` (k,): the piece, a point or a line.
    """

    point_or_line_row: NDArray
    polygon_row: NDArray
    piece_shape: NDArray


def find_point_line_pieces_inside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLinePieces:
    """Return the pieces of (n,) points or lines inside each of (k,) polygons.

    Both arrays may have None for a row without a shape. A piece on an edge of a polygon, or at most ``within_m`` inside
    the edge, is left out. Coordinates in metres.
    """
    rows_with_shape = np.flatnonzero(~mask_missing_shapes(shapes))
    present_polygons = np.flatnonzero(~mask_missing_shapes(polygons))
    i, j = shapely.STRtree(polygons[present_polygons]).query(shapes[rows_with_shape], predicate="intersects")
    i, j = rows_with_shape[i], present_polygons[j]
    shape = shapely.intersection(shapes[i], polygons[j])
    # A point must be that far from the edge. A line must have that length outside a buffer of the edge.
    edges = shapely.boundary(polygons[j])
    points = shapely.get_dimensions(shape) == 0
    off_edge = shapely.distance(shape, edges) > within_m
    is_long = shapely.length(shapely.difference(shape, shapely.buffer(edges, within_m))) > within_m
    is_deep = np.where(points, off_edge, is_long) & ~shapely.is_empty(shape)
    return PointLinePieces(i[is_deep], j[is_deep], shape[is_deep])


def find_point_line_pieces_outside(shapes: NDArray, polygons: NDArray, within_m: float) -> PointLinePieces:
    """Return the pieces of points or lines that lie more than ``within_m`` outside all polygons.

    ``shapes``: (n,), ``polygons``: (k,), in metres; None is allowed in both. ``polygon_row`` of the result is −1.
    """
    rows_with_shape = np.flatnonzero(~mask_missing_shapes(shapes))
    present_polygons = np.flatnonzero(~mask_missing_shapes(polygons))
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
    return PointLinePieces(uncovered_rows[remains], np.full(int(remains.sum()), -1), outside[remains])
