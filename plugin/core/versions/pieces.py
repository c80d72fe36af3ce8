# SPDX-License-Identifier: GPL-2.0-or-later
"""The land of two editions cut into pieces: what both have, row by row, what only one has; and each piece by township."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..geometry.overlay import (
    Progress,
    find_overlapping_rows,
    find_shared_parts,
    find_uncovered_parts,
    no_progress,
    sub_progress,
)
from ..geometry.overlay_fallback import FallbackLog, overlay_pairs
from ..geometry.parts import Parts
from ..geometry.polygons import Polygons
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, is_missing

#: Parts are told from slivers later: here every piece counts.
_ALL = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Planar area (m², and as a share) by which pieces may miss their whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9
#: The same for a row that nothing is looked for in any more: what doubles of eight digits make of a long boundary.
_NOISE_M2 = 1e-5


@dataclass
class Pieces:
    """``before``, ``after`` (k,) rows, −1 where the edition has nothing there; ``shape`` (k,) polygons; ``whole`` (k,) bool:
    rows of equal shape, as the later edition has it; ``town`` (k,) township row, −1 for none; ``of`` (k,) the pieces that
    these were cut of at borders of townships, None where nothing was."""

    before: NDArray
    after: NDArray
    shape: NDArray
    whole: NDArray
    town: NDArray
    failed: list[tuple[int, int]] = field(default_factory=list)
    of: NDArray | None = None

    def __len__(self) -> int:
        return len(self.before)


def cut_pieces(
    before: NDArray, after: NDArray, same: NDArray, cancellation: Cancellation = NEVER, progress: Progress = no_progress
) -> Pieces:
    """Pieces of (n,) and (m,) polygons, of which ``same`` (n,) are rows with an equal shape (−1: none).

    Only rows without an equal are overlaid: those of both editions with each other, and what is left of them with all.
    ``progress`` is told 0…1.
    """
    kept = np.flatnonzero((same >= 0) & ~is_missing(before))
    rest = np.flatnonzero((same < 0) & ~is_missing(before))
    free = np.setdiff1d(np.flatnonzero(~is_missing(after)), same)
    one, other = Polygons(before[rest]), Polygons(after[free])
    shared = find_shared_parts(
        one, other, tolerance=_ALL, cancellation=cancellation, progress=sub_progress(progress, 0.0, 0.4)
    )
    # A row that lies whole on land of an unchanged one (features on top of each other) has not moved.
    left, new = (
        find_uncovered_parts(
            mine,
            Polygons(theirs[find_rows_around(theirs, mine.shapes)]),
            rows=~_covered(rows, mine, others, find_overlapping_rows(theirs_free, _ALL, cancellation), shared),
            tolerance=_ALL,
            cancellation=cancellation,
            progress=sub_progress(progress, begun, begun + 0.3),
        )
        for mine, theirs, theirs_free, rows, others, begun in (
            (one, after, other, shared.left, shared.right, 0.4),
            (other, before, one, shared.right, shared.left, 0.7),
        )
    )
    nothing = [np.full(len(p), -1) for p in (left, new)]
    found = Pieces(
        np.concatenate([kept, rest[shared.left], rest[left.left], nothing[1]]),
        np.concatenate([same[kept], free[shared.right], nothing[0], free[new.left]]),
        np.concatenate([after[same[kept]], shared.geometry, left.geometry, new.geometry]),
        np.arange(len(kept) + len(shared) + len(left) + len(new)) < len(kept),
        np.full(len(kept) + len(shared) + len(left) + len(new), -1),
    )
    found.failed = [(int(rest[i]), int(free[j])) for i, j in shared.fallback_log.failed]
    found.failed += [(int(rest[i]), -1) for i, _ in left.fallback_log.failed] + [
        (-1, int(free[i])) for i, _ in new.fallback_log.failed
    ]
    return found


def _covered(rows: NDArray, mine: Polygons, others: NDArray, crowded_others: NDArray, shared: Parts) -> NDArray:
    """(n,) bool: polygons that what they share with the other edition makes up, to a double's rounding, so that nothing is
    left of them. Not where two of the other edition overlap: there a sum says nothing."""
    whole = np.nan_to_num(shapely.area(mine.shapes))
    planar = np.bincount(rows, shapely.area(shared.geometry), minlength=len(whole))
    covered: NDArray = np.abs(planar - whole) <= _NOISE_M2 + _ROUNDING_SHARE * whole
    covered[rows[crowded_others[others]]] = False
    return covered


def find_rows_around(shapes: NDArray, places: NDArray) -> NDArray:
    """The rows whose box meets that of one of the places."""
    present = np.flatnonzero(~is_missing(shapes))
    if not len(present) or not len(places):
        return present[:0]
    return present[np.unique(shapely.STRtree(shapes[present]).query(places)[1])]


def cut_by_township(pieces: Pieces, after: Polygons, townships: Polygons, cancellation: Cancellation = NEVER) -> Pieces:
    """The pieces cut at the borders of (t,) townships; what lies in none stays with −1. ``after``: the later edition, whose
    rows the whole pieces are: what is known of it already is used again."""
    if not len(townships.present) or not len(pieces):
        return pieces
    townships = _disjoint(townships, cancellation)
    left, right, shape = _within_towns(pieces, after, townships, cancellation)
    # What could not be taken apart goes to the first: land counts once.
    planar, inside = shapely.area(pieces.shape), np.bincount(left, shapely.area(shape), minlength=len(pieces))
    slack = _ROUNDING_M2 + _ROUNDING_SHARE * planar
    twice = np.flatnonzero(inside > planar + slack)
    good = ~np.isin(left, twice)
    rest = np.flatnonzero(inside < planar - slack)
    bare = find_uncovered_parts(Polygons(pieces.shape[rest]), townships, tolerance=_ALL, cancellation=cancellation)
    first = right[~good][np.searchsorted(left[~good], twice)] if len(twice) else twice
    of = np.concatenate([left[good], twice, rest[bare.left]])
    cut_up = np.concatenate([shape[good], pieces.shape[twice], bare.geometry])
    town = np.concatenate([right[good], first, np.full(len(bare), -1)])
    lost = np.setdiff1d(np.arange(len(pieces)), of)
    of, cut_up = np.concatenate([of, lost]), np.concatenate([cut_up, pieces.shape[lost]])
    town = np.concatenate([town, np.full(len(lost), -1)])
    order = np.lexsort((town, of))
    of = of[order]
    return Pieces(pieces.before[of], pieces.after[of], cut_up[order], pieces.whole[of], town[order], pieces.failed, of)


def _disjoint(townships: Polygons, cancellation: Cancellation) -> Polygons:
    """(t,) townships of which none overlaps an earlier one: where they do, the first has it."""
    pairs = find_shared_parts(townships, tolerance=_ALL, cancellation=cancellation)
    if not len(pairs):
        return townships
    shapes, ladder = townships.shapes.copy(), FallbackLog()
    for row in np.unique(pairs.right).tolist():
        cancellation.raise_if_cancelled()
        earlier = shapely.union_all(townships.shapes[pairs.left[pairs.right == row]])
        own, other = (np.array([shape], dtype=object) for shape in (shapes[row], earlier))
        at, none = np.array([row]), np.array([-1])
        (rest,) = overlay_pairs(shapely.difference, own, other, at, none, _ALL, ladder, inside=False)
        shapes[row] = shapes[row] if rest is None else extract_polygons(rest)
    return Polygons(shapes)


def _within_towns(
    pieces: Pieces, after: Polygons, townships: Polygons, cancellation: Cancellation
) -> tuple[NDArray, NDArray, NDArray]:
    """Which piece lies in which township, and with what of it; sorted by piece, then by township."""
    whole, others = np.flatnonzero(pieces.whole), np.flatnonzero(~pieces.whole)
    piece_of = np.full(len(after), -1)
    piece_of[pieces.after[whole]] = whole
    one = find_shared_parts(after, townships, rows_a=piece_of >= 0, tolerance=_ALL, cancellation=cancellation)
    other = find_shared_parts(Polygons(pieces.shape[others]), townships, tolerance=_ALL, cancellation=cancellation)
    left = np.concatenate([piece_of[one.left], others[other.left]])
    right, shape = np.concatenate([one.right, other.right]), np.concatenate([one.geometry, other.geometry])
    order = np.lexsort((right, left))
    return left[order], right[order], shape[order]


def is_complete(rows: NDArray, shapes: NDArray, pieces: Pieces) -> NDArray:
    """(n,) bool: rows of (n,) polygons whose pieces (``rows`` (k,), −1 for none) make up the whole, once."""
    there = rows >= 0
    planar = np.bincount(rows[there], shapely.area(pieces.shape[there]), minlength=len(shapes))
    whole = np.nan_to_num(shapely.area(shapes))
    once = np.abs(planar - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    # A row with an equal is that one, though noise makes its area another.
    once[rows[there & pieces.whole]] = True
    found: NDArray = once
    return found
