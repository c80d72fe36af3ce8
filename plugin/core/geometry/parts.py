# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts cut out by overlays: separate slivers, and remove overlaps between parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER_CANCELLED, Cancellation
from .overlay_fallback import FallbackLog
from .tolerance import Tolerance
from .validity import extract_polygons


def _make_empty_rows() -> NDArray:
    return np.zeros(0, dtype=int)


@dataclass
class SliverParts:
    """Slivers (碎图斑): parts below the tolerance, kept for counting and summing.

    ``polygons`` (k,): polygons; ``left_row``, ``right_row`` (k,): the rows that they come from, as in `OverlayParts`.
    """

    polygons: list[Any] = field(default_factory=list)
    left_row: NDArray = field(default_factory=_make_empty_rows)
    right_row: NDArray = field(default_factory=_make_empty_rows)

    def select_slivers(self, kept: NDArray) -> SliverParts:
        """Return the slivers that ``kept`` ((k,) bool) selects."""
        geometry = [self.polygons[n] for n in np.flatnonzero(kept).tolist()]
        return SliverParts(geometry, self.left_row[kept], self.right_row[kept])


@dataclass
class OverlayParts:
    """Parts cut out by an overlay.

    ``left``, ``right`` (k,) int: the rows that a part comes from (``right`` −1: no second row); ``geometry`` (k,):
    polygons or multipolygons; ``area`` (k,): planar area in m²; ``width`` (k,): 2 × area ÷ perimeter in m;
    ``slivers``: parts below the tolerance; ``fallback_log``: alternative methods used, and failed pairs.
    """

    left: NDArray
    right: NDArray
    geometry: NDArray
    area: NDArray
    width: NDArray
    slivers: SliverParts
    fallback_log: FallbackLog

    def __len__(self) -> int:
        return len(self.left)

    def select_parts(self, kept: NDArray) -> OverlayParts:
        """Return the parts that ``kept`` ((k,) bool) selects; slivers are unchanged."""
        left, right, geometry, area, width = (
            values[kept] for values in (self.left, self.right, self.geometry, self.area, self.width)
        )
        return OverlayParts(left, right, geometry, area, width, self.slivers, self.fallback_log)

    def select_pairs(self, chosen: Callable[[NDArray, NDArray], NDArray]) -> OverlayParts:
        """Return the parts and slivers of the pairs of rows that ``chosen`` selects.

        ``chosen(left, right)`` returns (k,) bool.
        """
        parts = self.select_parts(chosen(self.left, self.right))
        parts.slivers = self.slivers.select_slivers(chosen(self.slivers.left_row, self.slivers.right_row))
        return parts


def make_row_parts(rows: NDArray, shapes: NDArray) -> OverlayParts:
    """Return (k,) polygons, each of the row at its position in ``rows``, as parts without a second row."""
    return _make_parts(rows, np.full(len(rows), -1), shapes, SliverParts(), FallbackLog())


def make_single_part(row: int, shape: Any) -> OverlayParts:
    """Return one polygon of a row as parts."""
    return make_row_parts(np.array([row]), np.array([shape], dtype=object))


def collect_parts(
    left: NDArray,
    right: NDArray,
    shapes: NDArray,
    tolerance: Tolerance,
    connected: bool,
    fallback_log: FallbackLog,
    cancellation: Cancellation = NEVER_CANCELLED,
    keep_slivers: bool = False,
) -> OverlayParts:
    """Return the areal parts of (k,) overlay results, with slivers separated.

    ``left``, ``right``: rows of each result. The result has one part per pair of rows, or per connected part if
    ``connected``. ``keep_slivers``: keep slivers, because figures include them.
    """
    shapes = _extract_areal(shapes, cancellation)
    is_present = ~shapely.is_missing(shapes)
    left, right, shapes = left[is_present], right[is_present], shapes[is_present]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    cancellation.raise_if_cancelled()
    area, length = shapely.area(parts), shapely.length(parts)
    cancellation.raise_if_cancelled()
    with np.errstate(invalid="ignore", divide="ignore"):
        is_sliver = area <= 0 if keep_slivers else tolerance.is_sliver(area, 2 * area / length)
    sliver_owner = owner[is_sliver]
    slivers = SliverParts(list(parts[is_sliver]), left[sliver_owner].astype(int), right[sliver_owner].astype(int))
    if connected:
        is_kept = ~is_sliver
        return _make_parts(left[owner[is_kept]], right[owner[is_kept]], parts[is_kept], slivers, fallback_log)
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
    return _make_parts(left[is_kept], right[is_kept], shapes[is_kept], slivers, fallback_log)


def _extract_areal(shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) polygons and multipolygons without lines and points, else None."""
    shapes = shapes.copy()
    is_areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    for n in np.flatnonzero(~is_areal).tolist():
        cancellation.raise_if_cancelled()
        shapes[n] = extract_polygons(shapes[n])
    return shapes


def _make_parts(
    left: NDArray, right: NDArray, geometry: NDArray, slivers: SliverParts, fallback_log: FallbackLog
) -> OverlayParts:
    area, length = shapely.area(geometry), shapely.length(geometry)
    width = 2 * area / length if len(geometry) else np.zeros(0)
    return OverlayParts(left.astype(int), right.astype(int), geometry, area, width, slivers, fallback_log)


#: Area (m², and as a share of the polygon) below which the remainder of a polygon is GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-9
#: Pairs compared between two checks for cancellation.
_PAIRS_PER_BATCH = 10_000


@dataclass
class DistinctAreas:
    """(k,) polygons, each without the area of earlier ones.

    ``remaining_shapes``: what remains of each polygon; ``has_remainder`` (k,) bool: something remains; ``first_equal``
    (k,): the first polygon that equals this one, else itself; ``overlaps_other`` (k,) bool: it shares area with a
    polygon that is not equal.
    """

    remaining_shapes: NDArray
    has_remainder: NDArray
    first_equal: NDArray
    overlaps_other: NDArray


def subtract_earlier_shapes(shapes: NDArray, cancellation: Cancellation = NEVER_CANCELLED) -> DistinctAreas:
    """Return (k,) valid polygons minus earlier ones, so that each place counts once."""
    count = len(shapes)
    same_as, overlapping, remainders = np.arange(count), np.zeros(count, dtype=bool), shapes.copy()
    has_remainder = np.ones(count, dtype=bool)
    first, second = _find_sharing(shapes, cancellation)
    if not len(first):
        return DistinctAreas(remainders, has_remainder, same_as, overlapping)
    normalized = np.empty(count, dtype=object)
    sharing = np.unique(np.concatenate([first, second]))
    normalized[sharing] = shapely.normalize(shapes[sharing])
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


def remove_repeated_land(parts: OverlayParts, cancellation: Cancellation = NEVER_CANCELLED) -> OverlayParts:
    """Return parts without the land of earlier parts, so that sums count each place once.

    Parts overlap where rows of a layer do. A part without remaining land is left out.
    """
    if not len(parts):
        return parts
    distinct_shapes = subtract_earlier_shapes(parts.geometry, cancellation)
    is_kept = distinct_shapes.has_remainder
    return _make_parts(
        parts.left[is_kept],
        parts.right[is_kept],
        distinct_shapes.remaining_shapes[is_kept],
        parts.slivers,
        parts.fallback_log,
    )


def _find_sharing(shapes: NDArray, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """Return pairs (first < second) of polygons that share area."""
    i, j = shapely.STRtree(shapes).query(shapes)
    is_later = i < j
    i, j = i[is_later], j[is_later]
    shares_area = np.zeros(len(i), dtype=bool)
    for start in range(0, len(i), _PAIRS_PER_BATCH):
        cancellation.raise_if_cancelled()
        batch = slice(start, start + _PAIRS_PER_BATCH)
        shares_area[batch] = shapely.area(shapely.intersection(shapes[i[batch]], shapes[j[batch]])) > _ROUNDING_M2
    return i[shares_area], j[shares_area]
