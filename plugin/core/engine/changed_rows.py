# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows whose geometry has changed since an earlier check, and the pieces of overlays that such rows change.

What an overlay finds on a row depends only on rows whose boxes meet the box of this row. So where only a few rows have
changed, the pieces of all rows that meet none of them are those of the earlier check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry.overlay_fallback import FallbackLog
from ..geometry.overlay_pieces import OverlayPieces, Slivers
from ..geometry.polygons import Polygons
from ..plan.row_pairs import pair_equal_rows

#: Above one row in this many to compute again, computing all rows is hardly slower.
_FEW_ROWS_RATIO = 2


class HashedRows(NamedTuple):
    """What is kept of the geometries of a layer.

    ``hashes`` (n,) uint64: of the geometries as stored (`hash_shapes`); ``bounds`` (n, 4): their boxes in the plane
    (m), NaN without a geometry; ``conversion_digest``: digest of all else that determines the geometries in the plane.
    """

    hashes: NDArray
    bounds: NDArray
    conversion_digest: bytes


class RowMatch(NamedTuple):
    """Which rows of a layer have the same geometry as in an earlier check.

    ``former_row_of_row`` (n,) int: number of the earlier row, −1 if the row changed; matched numbers ascend.
    ``row_of_former_row`` (m,) int: number of each earlier row now, −1 if it changed or was removed. ``changed_bounds``
    (k, 4): xmin, ymin, xmax, ymax (m) of changed rows, before and after.
    """

    former_row_of_row: NDArray
    row_of_former_row: NDArray
    changed_bounds: NDArray

    def add_changed_selection(
        self, former_selection: NDArray | None, selection: NDArray | None, bounds: NDArray | None
    ) -> RowMatch:
        """Return the match in which rows that a caller no longer selects, or selects now, count as changed.

        ``former_selection`` (m,), ``selection`` (n,) bool, None for all rows; ``bounds`` (n, 4): boxes of the rows to
        add to the changed ones; None if what is found on other rows does not depend on the selection.
        """
        if former_selection is None and selection is None:
            return self
        is_matched = self.former_row_of_row >= 0
        was_selected = np.ones(len(self.former_row_of_row), dtype=bool)
        if former_selection is not None:
            was_selected[is_matched] = former_selection[self.former_row_of_row[is_matched]]
        selection_differs = is_matched & (was_selected != (True if selection is None else selection))
        former_row_of_row, row_of_former_row = self.former_row_of_row.copy(), self.row_of_former_row.copy()
        row_of_former_row[former_row_of_row[selection_differs]] = -1
        former_row_of_row[selection_differs] = -1
        changed_bounds = self.changed_bounds
        if bounds is not None:
            changed_bounds = np.concatenate([changed_bounds, _drop_missing(bounds[selection_differs])])
        return RowMatch(former_row_of_row, row_of_former_row, changed_bounds)

    def count_changed_rows(self) -> int:
        """Return the number of rows that have changed or are new."""
        return int(np.count_nonzero(self.former_row_of_row < 0))


def match_rows(former: HashedRows, present: HashedRows) -> RowMatch | None:
    """Return how the rows of a layer match those of an earlier check.

    None if the conversion into the plane differs, or if unchanged rows have another order, which decides the left row
    of a pair.
    """
    if former.conversion_digest != present.conversion_digest:
        return None
    former_rows, rows = pair_equal_rows([former.hashes], [present.hashes])
    if (np.diff(rows) <= 0).any():
        return None
    former_row_of_row, row_of_former_row = np.full(len(present.hashes), -1), np.full(len(former.hashes), -1)
    former_row_of_row[rows], row_of_former_row[former_rows] = former_rows, rows
    changed_bounds = np.concatenate([former.bounds[row_of_former_row < 0], present.bounds[former_row_of_row < 0]])
    return RowMatch(former_row_of_row, row_of_former_row, _drop_missing(changed_bounds))


def make_identity_match(count: int) -> RowMatch:
    """Return the match of a layer of ``count`` rows that has not changed."""
    return RowMatch(np.arange(count), np.arange(count), np.zeros((0, 4)))


def find_rows_to_update(polygons: Polygons, match: RowMatch, bounds: NDArray) -> NDArray | None:
    """Return (n,) bool: rows to compute again, which changed or whose box meets one of ``bounds`` ((k, 4), m).

    None if they are more than half of the rows. ``match``: of the layer of ``polygons``.
    """
    needs_update = match.former_row_of_row < 0
    if len(bounds):
        needs_update[polygons.find_rows_meeting_bounds(bounds)] = True
    return None if np.count_nonzero(needs_update) * _FEW_ROWS_RATIO > len(polygons) else needs_update


def _drop_missing(bounds: NDArray) -> NDArray:
    """Return boxes without those of rows that have no geometry."""
    return bounds[np.isfinite(bounds).all(axis=1)]


def update_pieces(
    former: OverlayPieces,
    recomputed: OverlayPieces,
    left_match: RowMatch,
    right_match: RowMatch,
    is_recomputed: tuple[NDArray, NDArray],
) -> OverlayPieces:
    """Return the pieces of an earlier check, with those of some rows recomputed, sorted by left and right row.

    Both fallback logs must be empty, as that of the result is.

    ``left_match``, ``right_match``: of the layers of the left and right rows; ``is_recomputed``: (n,) and (m,) bool,
    the left and right rows with recomputed pieces.
    """

    def renumber(left: NDArray, right: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return (k,) left and right rows of former pieces now, and (k,) bool: neither is changed or recomputed."""
        has_right = right >= 0
        left, right = left_match.row_of_former_row[left], right.copy()
        right[has_right] = right_match.row_of_former_row[right[has_right]]
        is_kept = (left >= 0) & ~is_recomputed[0][left]
        is_kept[has_right] &= (right[has_right] >= 0) & ~is_recomputed[1][right[has_right]]
        return left, right, is_kept

    left, right, is_kept = renumber(former.left, former.right)
    left = np.concatenate([left[is_kept], recomputed.left])
    right = np.concatenate([right[is_kept], recomputed.right])
    geometry, area, width = (
        np.concatenate([getattr(former, name)[is_kept], getattr(recomputed, name)])
        for name in ("geometry", "area", "width")
    )
    order = np.lexsort((right, left))
    sliver_left, sliver_right, is_kept = renumber(former.slivers.left_row, former.slivers.right_row)
    slivers = Slivers(
        [*former.slivers.select_slivers(is_kept).polygons, *recomputed.slivers.polygons],
        np.concatenate([sliver_left[is_kept], recomputed.slivers.left_row]),
        np.concatenate([sliver_right[is_kept], recomputed.slivers.right_row]),
    )
    sliver_order = np.lexsort((slivers.right_row, slivers.left_row))
    slivers = Slivers(
        [slivers.polygons[n] for n in sliver_order.tolist()],
        slivers.left_row[sliver_order],
        slivers.right_row[sliver_order],
    )
    return OverlayPieces(left[order], right[order], geometry[order], area[order], width[order], slivers, FallbackLog())
