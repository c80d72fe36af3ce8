# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut two editions of a layer into pieces: land in both, and land in only one.

The pieces can be cut at the borders of townships.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..geometry.overlay import (
    ProgressCallback,
    find_overlapping_rows,
    find_shared_parts,
    find_uncovered_parts,
    ignore_progress,
    make_partial_progress,
)
from ..geometry.overlay_fallback import FallbackLog, overlay_polygon_pairs
from ..geometry.parts import OverlayParts
from ..geometry.polygons import Polygons
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, is_missing

#: Every piece counts here; slivers are separated later.
_NO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Difference in planar area (m², and as a share) allowed between pieces and their whole: rounding of GEOS.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9
#: The same for rows that need no further search: rounding of eight-digit doubles along a long boundary.
_NOISE_M2 = 1e-5


@dataclass
class LandPieces:
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

    def __len__(self) -> int:
        return len(self.before_row)


def cut_pieces(
    before: NDArray,
    after: NDArray,
    equal_row: NDArray,
    cancellation: Cancellation = NEVER_CANCELLED,
    progress: ProgressCallback = ignore_progress,
) -> LandPieces:
    """Cut (n,) and (m,) polygons of two editions into pieces.

    ``equal_row``: (n,) rows of the later edition with an equal shape, −1 for none. Only other rows are overlaid.
    ``progress`` is called with 0…1.
    """
    unchanged = np.flatnonzero((equal_row >= 0) & ~is_missing(before))
    rest = np.flatnonzero((equal_row < 0) & ~is_missing(before))
    free = np.setdiff1d(np.flatnonzero(~is_missing(after)), equal_row)
    one, other = Polygons(before[rest]), Polygons(after[free])
    shared = find_shared_parts(
        one,
        other,
        tolerance=_NO_TOLERANCE,
        cancellation=cancellation,
        progress=make_partial_progress(progress, 0.0, 0.4),
    )
    # A row wholly on land of an unchanged row (features on top of each other) has not moved.
    left, new = (
        find_uncovered_parts(
            mine,
            Polygons(theirs[find_rows_around(theirs, mine.shapes)]),
            rows=~_is_covered(
                rows, mine, others, find_overlapping_rows(theirs_free, _NO_TOLERANCE, cancellation), shared
            ),
            tolerance=_NO_TOLERANCE,
            cancellation=cancellation,
            progress=make_partial_progress(progress, step_start, step_start + 0.3),
        )
        for mine, theirs, theirs_free, rows, others, step_start in (
            (one, after, other, shared.left, shared.right, 0.4),
            (other, before, one, shared.right, shared.left, 0.7),
        )
    )
    nothing = [np.full(len(p), -1) for p in (left, new)]
    found = LandPieces(
        np.concatenate([unchanged, rest[shared.left], rest[left.left], nothing[1]]),
        np.concatenate([equal_row[unchanged], free[shared.right], nothing[0], free[new.left]]),
        np.concatenate([after[equal_row[unchanged]], shared.geometry, left.geometry, new.geometry]),
        np.arange(len(unchanged) + len(shared) + len(left) + len(new)) < len(unchanged),
        np.full(len(unchanged) + len(shared) + len(left) + len(new), -1),
    )
    found.failed_pairs = [(int(rest[i]), int(free[j])) for i, j in shared.fallback_log.failed_pairs]
    found.failed_pairs += [(int(rest[i]), -1) for i, _ in left.fallback_log.failed_pairs] + [
        (-1, int(free[i])) for i, _ in new.fallback_log.failed_pairs
    ]
    return found


def _is_covered(
    rows: NDArray, mine: Polygons, other_rows: NDArray, crowded_others: NDArray, shared: OverlayParts
) -> NDArray:
    """Return (n,) bool: polygons that their common parts with the other edition cover.

    Polygons on overlapping rows of the other edition are False, because the sum of areas is then meaningless.
    """
    whole = np.nan_to_num(shapely.area(mine.shapes))
    planar = np.bincount(rows, shapely.area(shared.geometry), minlength=len(whole))
    covered: NDArray = np.abs(planar - whole) <= _NOISE_M2 + _ROUNDING_SHARE * whole
    covered[rows[crowded_others[other_rows]]] = False
    return covered


def find_rows_around(shapes: NDArray, places: NDArray) -> NDArray:
    """Return the rows whose bounding box intersects that of one of ``places``."""
    present = np.flatnonzero(~is_missing(shapes))
    if not len(present) or not len(places):
        return present[:0]
    return present[np.unique(shapely.STRtree(shapes[present]).query(places)[1])]


def cut_by_township(
    pieces: LandPieces, after: Polygons, townships: Polygons, cancellation: Cancellation = NEVER_CANCELLED
) -> LandPieces:
    """Cut the pieces at the borders of (t,) townships.

    Pieces outside all townships have township −1. ``after``: the later edition, whose rows are the whole pieces; its
    cached results are reused.
    """
    if not len(townships.present) or not len(pieces):
        return pieces
    townships = _remove_township_overlaps(townships, cancellation)
    left, right, shape = _intersect_pieces_with_townships(pieces, after, townships, cancellation)
    # Pieces that could not be cut belong to the first township: land counts once.
    planar, inside = shapely.area(pieces.shape), np.bincount(left, shapely.area(shape), minlength=len(pieces))
    slack = _ROUNDING_M2 + _ROUNDING_SHARE * planar
    twice = np.flatnonzero(inside > planar + slack)
    good = ~np.isin(left, twice)
    rest = np.flatnonzero(inside < planar - slack)
    outside_towns = find_uncovered_parts(
        Polygons(pieces.shape[rest]), townships, tolerance=_NO_TOLERANCE, cancellation=cancellation
    )
    first = right[~good][np.searchsorted(left[~good], twice)] if len(twice) else twice
    of = np.concatenate([left[good], twice, rest[outside_towns.left]])
    cut_up = np.concatenate([shape[good], pieces.shape[twice], outside_towns.geometry])
    town = np.concatenate([right[good], first, np.full(len(outside_towns), -1)])
    lost = np.setdiff1d(np.arange(len(pieces)), of)
    of, cut_up = np.concatenate([of, lost]), np.concatenate([cut_up, pieces.shape[lost]])
    town = np.concatenate([town, np.full(len(lost), -1)])
    order = np.lexsort((town, of))
    of = of[order]
    return LandPieces(
        pieces.before_row[of],
        pieces.after_row[of],
        cut_up[order],
        pieces.is_whole_row[of],
        town[order],
        pieces.failed_pairs,
        of,
    )


def _remove_township_overlaps(townships: Polygons, cancellation: Cancellation) -> Polygons:
    """Return (t,) townships without overlaps.

    Overlapping land belongs to the first township.
    """
    pairs = find_shared_parts(townships, tolerance=_NO_TOLERANCE, cancellation=cancellation)
    if not len(pairs):
        return townships
    shapes, fallback_log = townships.shapes.copy(), FallbackLog()
    for row in np.unique(pairs.right).tolist():
        cancellation.raise_if_cancelled()
        earlier = shapely.union_all(townships.shapes[pairs.left[pairs.right == row]])
        own, other = (np.array([shape], dtype=object) for shape in (shapes[row], earlier))
        at, none = np.array([row]), np.array([-1])
        (rest,) = overlay_polygon_pairs(
            shapely.difference, own, other, at, none, _NO_TOLERANCE, fallback_log, inside=False
        )
        shapes[row] = shapes[row] if rest is None else extract_polygons(rest)
    return Polygons(shapes)


def _intersect_pieces_with_townships(
    pieces: LandPieces, after: Polygons, townships: Polygons, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray]:
    """Return pieces, townships and their common geometry.

    They are sorted by piece, then by township.
    """
    whole, others = np.flatnonzero(pieces.is_whole_row), np.flatnonzero(~pieces.is_whole_row)
    piece_of = np.full(len(after), -1)
    piece_of[pieces.after_row[whole]] = whole
    one = find_shared_parts(after, townships, rows_a=piece_of >= 0, tolerance=_NO_TOLERANCE, cancellation=cancellation)
    other = find_shared_parts(
        Polygons(pieces.shape[others]), townships, tolerance=_NO_TOLERANCE, cancellation=cancellation
    )
    left = np.concatenate([piece_of[one.left], others[other.left]])
    right, shape = np.concatenate([one.right, other.right]), np.concatenate([one.geometry, other.geometry])
    order = np.lexsort((right, left))
    return left[order], right[order], shape[order]


def is_covered_once(rows: NDArray, shapes: NDArray, pieces: LandPieces) -> NDArray:
    """Return (n,) bool: polygons whose pieces add up to them without overlap.

    ``rows``: (k,) polygon of each piece, −1 for none.
    """
    with_row = rows >= 0
    planar = np.bincount(rows[with_row], shapely.area(pieces.shape[with_row]), minlength=len(shapes))
    whole = np.nan_to_num(shapely.area(shapes))
    covered_once = np.abs(planar - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    # A row with an equal is complete, even if noise changes its area.
    covered_once[rows[with_row & pieces.is_whole_row]] = True
    found: NDArray = covered_once
    return found
