# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts found by overlays: separation of slivers, and removal of overlaps.

Without overlaps each place counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from .overlay_fallback import FallbackLog
from .tolerance import Tolerance
from .validity import extract_polygons


def _no_rows() -> NDArray:
    return np.zeros(0, dtype=int)


@dataclass
class Slivers:
    """Ignored slivers (碎图斑), kept for counting and summing; none is dropped silently.

    ``geometry`` (k,): polygons; ``left``, ``right`` (k,): their rows, as in `Parts`.
    """

    geometry: list[Any] = field(default_factory=list)
    left: NDArray = field(default_factory=_no_rows)
    right: NDArray = field(default_factory=_no_rows)

    def only(self, kept: NDArray) -> Slivers:
        """Return only the ``kept`` slivers ((k,) bool)."""
        chosen = [self.geometry[n] for n in np.flatnonzero(kept).tolist()]
        return Slivers(chosen, self.left[kept], self.right[kept])


@dataclass
class Parts:
    """Parts found by an overlay.

    ``left`` and ``right``: row positions ((k,) int; right −1 without one); ``geometry``: (k,) polygons or
    multipolygons; ``area``: planar area (m²); ``width``: m, 2 × area ÷ perimeter.
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

    def only(self, kept: NDArray) -> Parts:
        """Return only the ``kept`` parts ((k,) bool)."""
        left, right, geometry, area, width = (
            a[kept] for a in (self.left, self.right, self.geometry, self.area, self.width)
        )
        return Parts(left, right, geometry, area, width, self.slivers, self.fallback_log)

    def between(self, chosen: Callable[[NDArray, NDArray], NDArray]) -> Parts:
        """Return parts and slivers of the pairs that ``chosen`` selects.

        ``chosen(left, right)`` returns (k,) bool.
        """
        parts = self.only(chosen(self.left, self.right))
        parts.slivers = self.slivers.only(chosen(self.slivers.left, self.slivers.right))
        return parts


def make_part(row: int, shape: Any) -> Parts:
    """Return a single part of a row."""
    shapes = np.array([shape], dtype=object)
    return _make_parts(np.array([row]), np.array([-1]), shapes, Slivers(), FallbackLog())


def collect_parts(
    left: NDArray,
    right: NDArray,
    shapes: NDArray,
    tolerance: Tolerance,
    connected: bool,
    fallback_log: FallbackLog,
    cancellation: Cancellation = NEVER,
    slivers_too: bool = False,
) -> Parts:
    """Return the areal parts of (k,) shapes without slivers.

    One row per shape, or per connected part if ``connected``. ``slivers_too``: keep slivers, for measured figures,
    which include everything.
    """
    shapes = _extract_areal(shapes, cancellation)
    there = ~shapely.is_missing(shapes)
    left, right, shapes = left[there], right[there], shapes[there]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    cancellation.raise_if_cancelled()
    area, length = shapely.area(parts), shapely.length(parts)
    cancellation.raise_if_cancelled()
    with np.errstate(invalid="ignore", divide="ignore"):
        sliver = area <= 0 if slivers_too else tolerance.is_sliver(area, 2 * area / length)
    on = owner[sliver]
    slivers = Slivers(list(parts[sliver]), left[on].astype(int), right[on].astype(int))
    if connected:
        real = ~sliver
        return _make_parts(left[owner[real]], right[owner[real]], parts[real], slivers, fallback_log)
    # Most shapes keep all parts and remain unchanged; the others are assembled from the remaining parts.
    kept, all_parts = np.bincount(owner[~sliver], minlength=len(shapes)), np.bincount(owner, minlength=len(shapes))
    for n in np.flatnonzero((kept < all_parts) & (kept > 0)).tolist():
        cancellation.raise_if_cancelled()
        rest = parts[(owner == n) & ~sliver]
        shapes[n] = rest[0] if len(rest) == 1 else shapely.multipolygons(rest)
    real = kept > 0
    return _make_parts(left[real], right[real], shapes[real], slivers, fallback_log)


def _extract_areal(shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """Return (k,) polygons and multipolygons without lines and points.

    None if not areal.
    """
    shapes = shapes.copy()
    plain = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    for n in np.flatnonzero(~plain).tolist():
        cancellation.raise_if_cancelled()
        shapes[n] = extract_polygons(shapes[n])
    return shapes


def _make_parts(left: NDArray, right: NDArray, geometry: NDArray, slivers: Slivers, fallback_log: FallbackLog) -> Parts:
    area, length = shapely.area(geometry), shapely.length(geometry)
    width = 2 * area / length if len(geometry) else np.zeros(0)
    return Parts(left.astype(int), right.astype(int), geometry, area, width, slivers, fallback_log)


#: Area (m², and as a share of the polygon) below which the remainder of a polygon is GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-9
#: Pairs compared between two checks for cancellation.
_BATCH = 10_000


@dataclass
class DistinctAreas:
    """(k,) polygons minus earlier ones: their union, without shared area.

    ``shapes``: the remainder of each; ``own`` (k,) bool: the remainder is not empty; ``same_as`` (k,): the first equal
    polygon (else itself); ``overlapping`` (k,) bool: it shares area with another that is not equal.
    """

    shapes: NDArray
    own: NDArray
    same_as: NDArray
    overlapping: NDArray


def subtract_earlier(shapes: NDArray, cancellation: Cancellation = NEVER) -> DistinctAreas:
    """Count each place of (k,) valid polygons once; it belongs to the first polygon."""
    k = len(shapes)
    same_as, overlapping, left = np.arange(k), np.zeros(k, dtype=bool), shapes.copy()
    own = np.ones(k, dtype=bool)
    first, second = _find_sharing(shapes, cancellation)
    if not len(first):
        return DistinctAreas(left, own, same_as, overlapping)
    normal = np.empty(k, dtype=object)
    met = np.unique(np.concatenate([first, second]))
    normal[met] = shapely.normalize(shapes[met])
    equal = shapely.equals_exact(normal[first], normal[second], 0.0)
    np.minimum.at(same_as, second[equal], first[equal])
    own[same_as != np.arange(k)] = False
    crossing = own[first] & own[second]
    first, second = first[crossing], second[crossing]
    if not len(first):
        return DistinctAreas(left, own, same_as, overlapping)
    overlapping[first] = overlapping[second] = True
    overlapping = overlapping[same_as]
    order = np.argsort(second, kind="stable")
    first, second = first[order], second[order]
    rows, starts = np.unique(second, return_index=True)
    ends = np.append(starts[1:], len(first))
    for n, (row, start, end) in enumerate(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        if n % _BATCH == 0:
            cancellation.raise_if_cancelled()
        others = first[start:end]
        cover = shapes[others[0]] if len(others) == 1 else shapely.union_all(shapes[others])
        rest = shapely.difference(shapes[row], cover)
        left[row] = rest
        area = shapely.area(shapes[row])
        own[row] = shapely.area(rest) > _ROUNDING_M2 + _ROUNDING_SHARE * area
    return DistinctAreas(left, own, same_as, overlapping)


def _find_sharing(shapes: NDArray, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """Return pairs (first < second) of polygons that share area."""
    i, j = shapely.STRtree(shapes).query(shapes)
    later = i < j
    i, j = i[later], j[later]
    kept = np.zeros(len(i), dtype=bool)
    for start in range(0, len(i), _BATCH):
        cancellation.raise_if_cancelled()
        some = slice(start, start + _BATCH)
        kept[some] = shapely.area(shapely.intersection(shapes[i[some]], shapes[j[some]])) > _ROUNDING_M2
    return i[kept], j[kept]
