# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut two editions of a layer into pieces: land in both, and land in only one.

The pieces can be cut at the borders of townships.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...geometry.overlay import (
    ProgressCallback,
    find_overlapping_rows,
    find_shared_pieces,
    find_uncovered_pieces,
    make_partial_progress,
)
from ...geometry.overlay_fallback import FallbackLog, overlay_polygon_pairs
from ...geometry.overlay_pieces import ArrayColumns, OverlayPieces, subtract_earlier_shapes
from ...geometry.polygons import Polygons
from ...geometry.tolerance import Tolerance
from ...geometry.validity import extract_polygons, mask_missing_shapes

#: Every piece counts here; slivers are separated later.
NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Difference in planar area (m², and as a share) allowed between pieces and their whole: rounding of GEOS.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9
#: The same for rows that need no further search: rounding of eight-digit doubles along a long boundary.
_NOISE_M2 = 1e-5


@dataclass
class LandPieces(ArrayColumns):
    """Pieces of land: the intersections and differences of two editions.

    ``before_row``, ``after_row``: (k,) row of the piece in each edition, −1 where the edition has no land; ``shape``:
    (k,) polygons; ``is_whole_row``: (k,) bool, the piece is a row of equal shape in both; ``township_row``: (k,)
    township row, −1 for none; ``failed_pairs``: pairs of rows whose overlay could not be computed; ``uncut_piece``:
    (k,) pieces before the cut at borders of townships, ``None`` without a cut.
    """

    before_row: NDArray
    after_row: NDArray
    shape: NDArray
    is_whole_row: NDArray
    township_row: NDArray
    failed_pairs: list[tuple[int, int]] = field(default_factory=list)
    uncut_piece: NDArray | None = None


def cut_pieces(
    before: NDArray,
    after: NDArray,
    equal_row: NDArray,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = lambda share: None,
) -> LandPieces:
    """Return the pieces into which the polygons of two editions cut each other.

    ``before`` (n,), ``after`` (m,): the polygons; ``equal_row``: (n,) row of the later edition with an equal shape, −1
    for none. Only rows without an equal one are overlaid. ``progress``: called with the share done, 0 to 1. Raise
    Cancelled.
    """
    unchanged_rows = np.flatnonzero((equal_row >= 0) & ~mask_missing_shapes(before))
    unpaired_rows = np.flatnonzero((equal_row < 0) & ~mask_missing_shapes(before))
    unpaired_later_rows = np.setdiff1d(np.flatnonzero(~mask_missing_shapes(after)), equal_row)
    one, other = Polygons(before[unpaired_rows]), Polygons(after[unpaired_later_rows])
    shared_pieces = find_shared_pieces(
        one,
        other,
        tolerance=NO_TOLERANCE,
        cancellation=cancellation,
        progress=make_partial_progress(progress, 0.0, 0.4),
    )
    # A row wholly on land of an unchanged row (features on top of each other) has not moved.
    left, new = (
        find_uncovered_pieces(
            mine,
            Polygons(theirs[find_rows_around(theirs, mine.shapes)]),
            rows=~_find_covered_polygons(
                rows, mine, others, find_overlapping_rows(theirs_free, NO_TOLERANCE, cancellation), shared_pieces
            ),
            tolerance=NO_TOLERANCE,
            cancellation=cancellation,
            progress=make_partial_progress(progress, step_start, step_start + 0.3),
        )
        for mine, theirs, theirs_free, rows, others, step_start in (
            (one, after, other, shared_pieces.left, shared_pieces.right, 0.4),
            (other, before, one, shared_pieces.right, shared_pieces.left, 0.7),
        )
    )
    nothing = [np.full(len(p), -1) for p in (left, new)]
    return LandPieces(
        np.concatenate([unchanged_rows, unpaired_rows[shared_pieces.left], unpaired_rows[left.left], nothing[1]]),
        np.concatenate(
            [
                equal_row[unchanged_rows],
                unpaired_later_rows[shared_pieces.right],
                nothing[0],
                unpaired_later_rows[new.left],
            ]
        ),
        np.concatenate([after[equal_row[unchanged_rows]], shared_pieces.geometry, left.geometry, new.geometry]),
        np.arange(len(unchanged_rows) + len(shared_pieces) + len(left) + len(new)) < len(unchanged_rows),
        np.full(len(unchanged_rows) + len(shared_pieces) + len(left) + len(new), -1),
        [
            *((int(unpaired_rows[i]), int(unpaired_later_rows[j])) for i, j in shared_pieces.fallback_log.failed_pairs),
            *((int(unpaired_rows[i]), -1) for i, _ in left.fallback_log.failed_pairs),
            *((-1, int(unpaired_later_rows[i])) for i, _ in new.fallback_log.failed_pairs),
        ],
    )


def move_land_once(pieces: LandPieces, cancellation: Cancellation = NEVER_CANCELLED) -> LandPieces:
    """Return pieces in which land that moves in or out with several rows moves with the first of them only."""
    shapes, is_kept = pieces.shape.copy(), np.ones(len(pieces), dtype=bool)
    for rows in (pieces.before_row, pieces.after_row):
        moved = np.flatnonzero(rows < 0)
        distinct_shapes = subtract_earlier_shapes(shapes[moved], cancellation)
        shapes[moved], is_kept[moved] = distinct_shapes.remaining_shapes, distinct_shapes.has_remainder
    return replace(pieces, shape=shapes).select(is_kept)


def _find_covered_polygons(
    rows: NDArray, mine: Polygons, other_rows: NDArray, crowded_others: NDArray, shared_pieces: OverlayPieces
) -> NDArray:
    """Return (n,) bool: polygons that are covered by the land that they share with the other edition.

    Polygons on overlapping rows of the other edition are False, because the sum of areas is then meaningless.
    ``crowded_others`` (m,) bool: these overlapping rows.
    """
    polygon_areas = np.nan_to_num(shapely.area(mine.shapes))
    covered_areas = np.bincount(rows, shapely.area(shared_pieces.geometry), minlength=len(polygon_areas))
    is_covered: NDArray = np.abs(covered_areas - polygon_areas) <= _NOISE_M2 + _ROUNDING_SHARE * polygon_areas
    is_covered[rows[crowded_others[other_rows]]] = False
    return is_covered


def find_rows_around(shapes: NDArray, places: NDArray) -> NDArray:
    """Return the rows of shapes whose bounding box intersects that of at least one of ``places``."""
    rows_with_shape = np.flatnonzero(~mask_missing_shapes(shapes))
    if not len(rows_with_shape) or not len(places):
        return rows_with_shape[:0]
    return rows_with_shape[np.unique(shapely.STRtree(shapes[rows_with_shape]).query(places)[1])]


def cut_by_township(
    pieces: LandPieces, after: Polygons, townships: Polygons, cancellation: Cancellation = NEVER_CANCELLED
) -> LandPieces:
    """Return pieces cut at the borders of (t,) townships.

    Pieces outside all townships have township −1. ``after``: the later edition, whose rows are the whole pieces; its
    cached results are reused. Raise Cancelled.
    """
    if not len(townships.present) or not len(pieces):
        return pieces
    townships = _remove_township_overlaps(townships, cancellation)
    whole_pieces, others = np.flatnonzero(pieces.is_whole_row), np.flatnonzero(~pieces.is_whole_row)
    piece_of = np.full(len(after), -1)
    piece_of[pieces.after_row[whole_pieces]] = whole_pieces
    one = find_shared_pieces(
        after, townships, left_rows=piece_of >= 0, tolerance=NO_TOLERANCE, cancellation=cancellation
    )
    other = find_shared_pieces(
        Polygons(pieces.shape[others]), townships, tolerance=NO_TOLERANCE, cancellation=cancellation
    )
    left = np.concatenate([piece_of[one.left], others[other.left]])
    right, shape = np.concatenate([one.right, other.right]), np.concatenate([one.geometry, other.geometry])
    order = np.lexsort((right, left))
    left, right, shape = left[order], right[order], shape[order]
    # Pieces that could not be cut belong to the first township: land counts once.
    piece_areas, areas_in_townships = (
        shapely.area(pieces.shape),
        np.bincount(left, shapely.area(shape), minlength=len(pieces)),
    )
    slack = _ROUNDING_M2 + _ROUNDING_SHARE * piece_areas
    doubled_pieces = np.flatnonzero(areas_in_townships > piece_areas + slack)
    is_counted_once = ~np.isin(left, doubled_pieces)
    incomplete_pieces = np.flatnonzero(areas_in_townships < piece_areas - slack)
    outside_pieces = find_uncovered_pieces(
        Polygons(pieces.shape[incomplete_pieces]), townships, tolerance=NO_TOLERANCE, cancellation=cancellation
    )
    first = (
        right[~is_counted_once][np.searchsorted(left[~is_counted_once], doubled_pieces)]
        if len(doubled_pieces)
        else doubled_pieces
    )
    of = np.concatenate([left[is_counted_once], doubled_pieces, incomplete_pieces[outside_pieces.left]])
    cut_up = np.concatenate([shape[is_counted_once], pieces.shape[doubled_pieces], outside_pieces.geometry])
    township_row = np.concatenate([right[is_counted_once], first, np.full(len(outside_pieces), -1)])
    lost_pieces = np.setdiff1d(np.arange(len(pieces)), of)
    of, cut_up = np.concatenate([of, lost_pieces]), np.concatenate([cut_up, pieces.shape[lost_pieces]])
    township_row = np.concatenate([township_row, np.full(len(lost_pieces), -1)])
    order = np.lexsort((township_row, of))
    of = of[order]
    return LandPieces(
        pieces.before_row[of],
        pieces.after_row[of],
        cut_up[order],
        pieces.is_whole_row[of],
        township_row[order],
        pieces.failed_pairs,
        of,
    )


def _remove_township_overlaps(townships: Polygons, cancellation: Cancellation) -> Polygons:
    """Return (t,) townships without overlaps; overlapping land belongs to the first of them."""
    pairs = find_shared_pieces(townships, tolerance=NO_TOLERANCE, cancellation=cancellation)
    if not len(pairs):
        return townships
    shapes, fallback_log = townships.shapes.copy(), FallbackLog()
    for row in np.unique(pairs.right).tolist():
        cancellation.raise_if_cancelled()
        earlier_land = shapely.union_all(townships.shapes[pairs.left[pairs.right == row]])
        own_land, other = (np.array([shape], dtype=object) for shape in (shapes[row], earlier_land))
        at, no_row = np.array([row]), np.array([-1])
        (remaining_land,) = overlay_polygon_pairs(
            shapely.difference, own_land, other, at, no_row, NO_TOLERANCE, fallback_log, is_intersection=False
        )
        shapes[row] = shapes[row] if remaining_land is None else extract_polygons(remaining_land)
    return Polygons(shapes)


def find_polygons_covered_once(rows: NDArray, shapes: NDArray, pieces: LandPieces) -> NDArray:
    """Return (n,) bool: polygons that their pieces cover completely and without overlap.

    ``rows``: (k,) polygon of each piece, −1 for none; ``shapes``: (n,) the polygons.
    """
    with_row = rows >= 0
    covered_areas = np.bincount(rows[with_row], shapely.area(pieces.shape[with_row]), minlength=len(shapes))
    polygon_areas = np.nan_to_num(shapely.area(shapes))
    covered_once: NDArray = np.abs(covered_areas - polygon_areas) <= _ROUNDING_M2 + _ROUNDING_SHARE * polygon_areas
    # A row with an equal is complete, even if noise changes its area.
    covered_once[rows[with_row & pieces.is_whole_row]] = True
    return covered_once
