# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of land that overlays cut out of polygons, with slivers separated and land that repeats removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from .overlay_fallback import FallbackLog
from .shape_hashes import normalize_shapes
from .tolerance import Tolerance
from .validity import extract_polygons


def _make_empty_rows() -> NDArray:
    """Return an array of no rows."""
    return np.zeros(0, dtype=int)


@dataclass
class Slivers:
    """Slivers (碎图斑): pieces below the tolerance, stored so that they can be counted and summed.

    ``polygons``: k polygons; ``left_row``, ``right_row`` (k,): rows that each sliver comes from, as in `OverlayPieces`.
    """

    polygons: list[Any] = field(default_factory=list)
    left_row: NDArray = field(default_factory=_make_empty_rows)
    right_row: NDArray = field(default_factory=_make_empty_rows)

    def select_slivers(self, is_selected: NDArray) -> Slivers:
        """Return the slivers that ``is_selected`` ((k,) bool) marks."""
        geometry = [self.polygons[n] for n in np.flatnonzero(is_selected).tolist()]
        return Slivers(geometry, self.left_row[is_selected], self.right_row[is_selected])


@dataclass
class OverlayPieces:
    """Pieces of land that an overlay cut out of the rows of a left and a right layer.

    ``left``, ``right`` (k,) int: rows of the two layers that each piece comes from (``right`` −1: from no second row);
    ``geometry`` (k,): polygons or multipolygons; ``area`` (k,): planar area in m²; ``width`` (k,): 2 × area ÷ perimeter
    in m; ``slivers``: pieces below the tolerance, which the arrays do not have; ``fallback_log``: alternative methods
    used, and pairs of rows that could not be overlaid.
    """

    left: NDArray
    right: NDArray
    geometry: NDArray
    area: NDArray
    width: NDArray
    slivers: Slivers
    fallback_log: FallbackLog

    def __len__(self) -> int:
        return len(self.left)

    def select_pieces(self, is_selected: NDArray) -> OverlayPieces:
        """Return the pieces that ``is_selected`` ((k,) bool, or their positions) selects; slivers are unchanged."""
        left, right, geometry, area, width = (
            values[is_selected] for values in (self.left, self.right, self.geometry, self.area, self.width)
        )
        return OverlayPieces(left, right, geometry, area, width, self.slivers, self.fallback_log)

    def select_pairs(self, is_pair_selected: Callable[[NDArray, NDArray], NDArray]) -> OverlayPieces:
        """Return the pieces and slivers of those pairs of rows that a function selects.

        ``is_pair_selected``: called with the left and right rows ((k,) int each), returns (k,) bool.
        """
        pieces = self.select_pieces(is_pair_selected(self.left, self.right))
        pieces.slivers = self.slivers.select_slivers(is_pair_selected(self.slivers.left_row, self.slivers.right_row))
        return pieces

    def renumber_rows(self, left: NDArray, right: NDArray) -> OverlayPieces:
        """Return the pieces with other row numbers; the fallback log must be empty.

        ``left`` (n,), ``right`` (m,): the new number of each left and each right row.
        """

        def renumber(rows: NDArray, numbers: NDArray) -> NDArray:
            renumbered = rows.copy()
            renumbered[rows >= 0] = numbers[rows[rows >= 0]]
            return renumbered

        slivers = self.slivers
        return replace(
            self,
            left=renumber(self.left, left),
            right=renumber(self.right, right),
            slivers=Slivers(slivers.polygons, renumber(slivers.left_row, left), renumber(slivers.right_row, right)),
        )


def make_row_pieces(rows: NDArray, shapes: NDArray) -> OverlayPieces:
    """Return (k,) polygons as pieces without a second row.

    ``rows`` (k,): the row that each polygon belongs to; ``shapes`` (k,): the polygons, in the plane (m).
    """
    return _make_pieces(rows, np.full(len(rows), -1), shapes, Slivers(), FallbackLog())


def make_single_piece(row: int, shape: Any) -> OverlayPieces:
    """Return one polygon (m, in the plane) of a row as `OverlayPieces` with a single piece."""
    return make_row_pieces(np.array([row]), np.array([shape], dtype=object))


def collect_pieces(
    left: NDArray,
    right: NDArray,
    shapes: NDArray,
    tolerance: Tolerance,
    splits_connected: bool,
    fallback_log: FallbackLog,
    cancellation: Cancellation = NEVER_CANCELLED,
    keep_slivers: bool = False,
) -> OverlayPieces:
    """Return the areas among (k,) overlay results as pieces, with slivers separated.

    Points and lines are dropped. The result has one piece for each pair of rows, or with ``splits_connected`` one for
    each connected polygon. Places narrower than the cluster tolerance connect no polygons and count in no width.

    ``left``, ``right`` (k,): rows of each overlay result; ``shapes`` (k,): the results, None where an overlay failed.
    ``keep_slivers``: slivers stay among the pieces, because figures include them. Raise Cancelled.
    """
    shapes = _extract_areas(shapes, cancellation)
    is_present = ~shapely.is_missing(shapes)
    left, right, shapes = left[is_present], right[is_present], shapes[is_present]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    cancellation.raise_if_cancelled()
    if not keep_slivers:
        parts, owner, has_hairs = _cut_off_hairs(parts, owner, tolerance)
        # Parts that a hair connected may touch: their union is valid.
        for n in np.unique(owner[has_hairs]).tolist():
            shapes[n] = shapely.union_all(parts[owner == n])
    area, length = shapely.area(parts), shapely.length(parts)
    cancellation.raise_if_cancelled()
    with np.errstate(invalid="ignore", divide="ignore"):
        is_sliver = area <= 0 if keep_slivers else tolerance.is_sliver(area, 2 * area / length)
    sliver_owner = owner[is_sliver]
    slivers = Slivers(list(parts[is_sliver]), left[sliver_owner].astype(int), right[sliver_owner].astype(int))
    if splits_connected:
        is_kept = ~is_sliver
        return _make_pieces(left[owner[is_kept]], right[owner[is_kept]], parts[is_kept], slivers, fallback_log)
    # Most shapes keep all parts and remain unchanged; the others are assembled from the remaining parts.
    kept_counts, part_counts = (
        np.bincount(owner[~is_sliver], minlength=len(shapes)),
        np.bincount(owner, minlength=len(shapes)),
    )
    for n in np.flatnonzero((kept_counts < part_counts) & (kept_counts > 0)).tolist():
        cancellation.raise_if_cancelled()
        kept_parts = parts[(owner == n) & ~is_sliver]
        shapes[n] = kept_parts[0] if len(kept_parts) == 1 else shapely.multipolygons(kept_parts)
    is_kept = kept_counts > 0
    return _make_pieces(left[is_kept], right[is_kept], shapes[is_kept], slivers, fallback_log)


#: A polygon is cut where that shortens its outline by more than this many widths of a hair.
_MIN_HAIR_LENGTH = 10


def _cut_off_hairs(parts: NDArray, owner: NDArray, tolerance: Tolerance) -> tuple[NDArray, NDArray, NDArray]:
    """Cut hairs (毛刺), narrower than the cluster tolerance, off polygons.

    Edges that differ by the rounding of a conversion leave hairs between them, which would lengthen the outline of a
    piece or connect two pieces. A polygon that is nowhere wider, or a sliver in any case, is unchanged.

    Parameters
    ----------
    parts, owner
        (k,) polygons in m, and the number of the shape that each is a part of, ascending.

    Returns
    -------
    tuple
        (m,) polygons, (m,) their ``owner``, and (m,) bool: polygons that were cut.
    """
    width_m, area = tolerance.cluster_m, shapely.area(parts)
    # No polygon is wider than the circle of its area.
    candidates = np.flatnonzero(~tolerance.is_sliver(area, np.sqrt(area / np.pi)))
    narrow = candidates[shapely.minimum_clearance(parts[candidates]) < width_m]
    if not len(narrow):
        return parts, owner, np.zeros(len(parts), dtype=bool)
    cores, number = shapely.get_parts(
        shapely.buffer(parts[narrow], -width_m / 2, join_style="mitre"), return_index=True
    )
    cores, number = cores[~shapely.is_empty(cores)], number[~shapely.is_empty(cores)]
    near_cores = shapely.buffer(cores, width_m, join_style="mitre")
    cut_parts, core = shapely.get_parts(shapely.intersection(parts[narrow[number]], near_cores), return_index=True)
    # Other sides of a hair that are near too have no land of this core.
    is_on_core = shapely.area(cut_parts) > shapely.area(cores[core]) / 2
    cut_parts, number = cut_parts[is_on_core], number[core[is_on_core]]
    lengths = np.bincount(number, shapely.length(cut_parts), minlength=len(narrow))
    is_cut = (np.bincount(number, minlength=len(narrow)) > 1) | (
        (lengths > 0) & (shapely.length(parts[narrow]) - lengths > _MIN_HAIR_LENGTH * width_m)
    )
    is_whole = np.ones(len(parts), dtype=bool)
    is_whole[narrow[is_cut]] = False
    cut_parts, number = cut_parts[is_cut[number]], number[is_cut[number]]
    owner = np.concatenate([owner[is_whole], owner[narrow[number]]])
    order = np.argsort(owner, kind="stable")
    has_hairs = np.arange(len(owner)) >= np.count_nonzero(is_whole)
    return np.concatenate([parts[is_whole], cut_parts])[order], owner[order], has_hairs[order]


def _extract_areas(shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) the areas of shapes as polygons and multipolygons, None for a shape without area."""
    shapes = shapes.copy()
    is_areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    for n in np.flatnonzero(~is_areal).tolist():
        cancellation.raise_if_cancelled()
        shapes[n] = extract_polygons(shapes[n])
    return shapes


def _make_pieces(
    left: NDArray, right: NDArray, geometry: NDArray, slivers: Slivers, fallback_log: FallbackLog
) -> OverlayPieces:
    """Return (k,) polygons with their rows as pieces, whose areas and widths are computed."""
    area, length = shapely.area(geometry), shapely.length(geometry)
    width = 2 * area / length if len(geometry) else np.zeros(0)
    return OverlayPieces(left.astype(int), right.astype(int), geometry, area, width, slivers, fallback_log)


#: Area (m², and as a share of the polygon) below which the remainder of a polygon is GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-9
#: Pairs compared between two checks for cancellation.
_PAIRS_PER_BATCH = 10_000


@dataclass
class DistinctAreas:
    """(k,) polygons, each without the area that earlier polygons cover.

    ``remaining_shapes`` (k,): what remains of each polygon; ``has_remainder`` (k,) bool: something remains;
    ``first_equal`` (k,): position of the first polygon that equals this one, its own if none does; ``overlaps_other``
    (k,) bool: it shares area with a polygon that is not equal.
    """

    remaining_shapes: NDArray
    has_remainder: NDArray
    first_equal: NDArray
    overlaps_other: NDArray


def subtract_earlier_shapes(shapes: NDArray, cancellation: Cancellation = NEVER_CANCELLED) -> DistinctAreas:
    """Subtract from each of (k,) valid polygons those before it, so that each place counts once.

    Raise Cancelled.
    """
    count = len(shapes)
    same_as, overlapping, remainders = np.arange(count), np.zeros(count, dtype=bool), shapes.copy()
    has_remainder = np.ones(count, dtype=bool)
    first, second = _find_pairs_sharing_area(shapes, cancellation)
    if not len(first):
        return DistinctAreas(remainders, has_remainder, same_as, overlapping)
    normalized = np.empty(count, dtype=object)
    sharing = np.unique(np.concatenate([first, second]))
    normalized[sharing] = normalize_shapes(shapes[sharing])
    is_equal = shapely.equals_exact(normalized[first], normalized[second], 0.0)
    np.minimum.at(same_as, second[is_equal], first[is_equal])
    has_remainder[same_as != np.arange(count)] = False
    is_crossing = has_remainder[first] & has_remainder[second]
    first, second = first[is_crossing], second[is_crossing]
    if not len(first):
        return DistinctAreas(remainders, has_remainder, same_as, overlapping)
    overlapping[first] = overlapping[second] = True
    overlapping = overlapping[same_as]
    order = np.argsort(second, kind="stable")
    first, second = first[order], second[order]
    rows, starts = np.unique(second, return_index=True)
    ends = np.append(starts[1:], len(first))
    for n, (row, start, end) in enumerate(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        if n % _PAIRS_PER_BATCH == 0:
            cancellation.raise_if_cancelled()
        earlier_rows = first[start:end]
        earlier_land = shapes[earlier_rows[0]] if len(earlier_rows) == 1 else shapely.union_all(shapes[earlier_rows])
        remainder = shapely.difference(shapes[row], earlier_land)
        remainders[row] = remainder
        area = shapely.area(shapes[row])
        has_remainder[row] = shapely.area(remainder) > _ROUNDING_M2 + _ROUNDING_SHARE * area
    return DistinctAreas(remainders, has_remainder, same_as, overlapping)


def remove_repeated_land(pieces: OverlayPieces, cancellation: Cancellation = NEVER_CANCELLED) -> OverlayPieces:
    """Return pieces without the land of earlier pieces, so that sums count each place once.

    Pieces overlap where rows of a layer do. A piece of which no land remains is left out. Raise Cancelled.
    """
    if not len(pieces):
        return pieces
    distinct_shapes = subtract_earlier_shapes(pieces.geometry, cancellation)
    is_kept = distinct_shapes.has_remainder
    return _make_pieces(
        pieces.left[is_kept],
        pieces.right[is_kept],
        distinct_shapes.remaining_shapes[is_kept],
        pieces.slivers,
        pieces.fallback_log,
    )


def _find_pairs_sharing_area(shapes: NDArray, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """Return positions (first < second) of all pairs of polygons that share area."""
    i, j = shapely.STRtree(shapes).query(shapes)
    is_later = i < j
    i, j = i[is_later], j[is_later]
    shares_area = np.zeros(len(i), dtype=bool)
    for start in range(0, len(i), _PAIRS_PER_BATCH):
        cancellation.raise_if_cancelled()
        batch = slice(start, start + _PAIRS_PER_BATCH)
        shares_area[batch] = shapely.area(shapely.intersection(shapes[i[batch]], shapes[j[batch]])) > _ROUNDING_M2
    return i[shares_area], j[shares_area]
