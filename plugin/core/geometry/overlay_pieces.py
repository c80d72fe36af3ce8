# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of land that overlays cut out of polygons, with slivers separated and land that repeats removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..base.parallel.threads import apply_in_threads
from .overlay_fallback import FallbackLog, overlay_polygon_pairs
from .shape_comparison import normalize_shapes
from .tolerance import Tolerance
from .validity import extract_polygons

_Columns = TypeVar("_Columns", bound="ArrayColumns")
#: Hairs count from a length of this many widths: rounding of a corner is shorter.
_MIN_HAIR_LENGTH = 10
#: Area (m², and as a share of the polygon) below which the remainder of a polygon is GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-9
#: Pairs compared between two checks for cancellation.
_PAIRS_PER_BATCH = 10_000


class ArrayColumns:
    """Base of dataclasses with arrays as first fields, which have one entry for each piece, edge or the like."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def select(self: _Columns, is_selected: NDArray) -> _Columns:
        """Return the entries that ``is_selected`` ((k,) bool, or their positions) selects; other fields are kept."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        arrays = {name: value[is_selected] for name, value in values.items() if isinstance(value, np.ndarray)}
        return replace(self, **arrays)  # type: ignore[type-var]


@dataclass
class Slivers:
    """Slivers (碎图斑): pieces below the tolerance, stored so that they can be counted and summed.

    ``polygons``: k polygons; ``left_row``, ``right_row`` (k,): rows that each sliver comes from, as in `OverlayPieces`.
    """

    polygons: list[Any] = field(default_factory=list)
    left_row: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))
    right_row: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))

    def select_slivers(self, is_selected: NDArray) -> Slivers:
        """Return the slivers that ``is_selected`` ((k,) bool) marks."""
        geometry = [self.polygons[n] for n in np.flatnonzero(is_selected).tolist()]
        return Slivers(geometry, self.left_row[is_selected], self.right_row[is_selected])


@dataclass
class OverlayPieces(ArrayColumns):
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

    def select_pairs(self, is_pair_selected: Callable[[NDArray, NDArray], NDArray]) -> OverlayPieces:
        """Return the pieces and slivers of those pairs of rows that a function selects.

        ``is_pair_selected``: called with the left and right rows ((k,) int each), returns (k,) bool.
        """
        pieces = self.select(is_pair_selected(self.left, self.right))
        pieces.slivers = self.slivers.select_slivers(is_pair_selected(self.slivers.left_row, self.slivers.right_row))
        return pieces

    def join_pieces_of(self, whole: OverlayPieces) -> OverlayPieces:
        """Return what is left of each piece of ``whole``, as one piece with its rows.

        ``left`` of these pieces: number of the piece of ``whole`` that each is a part of.
        """
        kept, part = np.unique(self.left, return_inverse=True)
        area, length = np.bincount(part, self.area), np.bincount(part, 2 * self.area / self.width)
        return replace(
            whole.select(kept),
            geometry=np.array([_join_parts(self.geometry[part == n]) for n in range(len(kept))], dtype=object),
            area=area,
            width=2 * area / length,
        )

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
    return _make_pieces(rows, np.full(len(rows), -1), shapes, shapely.length(shapes), Slivers(), FallbackLog())


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
    shapes = shapes.copy()
    is_areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    for n in cancellation.watch(np.flatnonzero(~is_areal).tolist()):
        shapes[n] = extract_polygons(shapes[n])
    is_present = ~shapely.is_missing(shapes)
    left, right, shapes = left[is_present], right[is_present], shapes[is_present]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    cancellation.raise_if_cancelled()
    length = shapely.length(parts)
    if not keep_slivers:
        parts, owner, length = _separate_hairs(parts, owner, length, tolerance)
    area = shapely.area(parts)
    cancellation.raise_if_cancelled()
    with np.errstate(invalid="ignore", divide="ignore"):
        is_sliver = area <= 0 if keep_slivers else tolerance.is_sliver(area, 2 * area / length)
    sliver_owner = owner[is_sliver]
    slivers = Slivers(list(parts[is_sliver]), left[sliver_owner].astype(int), right[sliver_owner].astype(int))
    if splits_connected:
        kept, rows = np.flatnonzero(~is_sliver), owner[~is_sliver]
        return _make_pieces(left[rows], right[rows], parts[kept], length[kept], slivers, fallback_log)
    # Most shapes keep all parts and remain unchanged; the others are assembled from the remaining parts.
    kept_counts, part_counts = (
        np.bincount(owner[~is_sliver], minlength=len(shapes)),
        np.bincount(owner, minlength=len(shapes)),
    )
    for n in cancellation.watch(np.flatnonzero((kept_counts < part_counts) & (kept_counts > 0)).tolist()):
        shapes[n] = _join_parts(parts[(owner == n) & ~is_sliver])
    is_kept = kept_counts > 0
    length = np.bincount(owner, np.where(is_sliver, 0.0, length), minlength=len(shapes))[is_kept]
    return _make_pieces(left[is_kept], right[is_kept], shapes[is_kept], length, slivers, fallback_log)


def _separate_hairs(
    parts: NDArray, owner: NDArray, length: NDArray, tolerance: Tolerance
) -> tuple[NDArray, NDArray, NDArray]:
    """Split polygons that only hairs (毛刺) connect, and measure outlines without hairs.

    Edges that differ by the rounding of a conversion leave hairs between them, narrower than the cluster tolerance. A
    polygon that is nowhere wider, or a sliver in any case, is unchanged. The land of hairs stays with the largest of
    the polygons that they connected, so that areas are exact.

    Parameters
    ----------
    parts, owner
        (k,) polygons in m, and the number of the shape that each is a part of, ascending.
    length
        (k,) length of the outlines in m.

    Returns
    -------
    tuple
        (m,) polygons, (m,) their ``owner``, and (m,) ``length`` without hairs.
    """
    width_m, area = tolerance.cluster_m, shapely.area(parts)
    # No polygon is wider than the circle of its area.
    candidates = np.flatnonzero(~tolerance.is_sliver(area, np.sqrt(area / np.pi)))
    narrow = candidates[apply_in_threads(shapely.minimum_clearance, parts[candidates]) < width_m]
    if not len(narrow):
        return parts, owner, length
    cut_parts, part = _cut_at_hairs(parts, narrow, tolerance)
    hairless_m = np.bincount(part, shapely.length(cut_parts), minlength=len(parts))
    cut_count = np.bincount(part, minlength=len(parts))
    length = np.where((cut_count == 1) & (length - hairless_m > _MIN_HAIR_LENGTH * width_m), hairless_m, length)
    is_split = cut_count > 1
    if not is_split.any():
        return parts, owner, length
    cut_parts, part = cut_parts[is_split[part]], part[is_split[part]]
    cut_length = shapely.length(cut_parts)
    for n in np.flatnonzero(is_split).tolist():
        largest, *others = sorted(np.flatnonzero(part == n), key=lambda cut: -cut_parts[cut].area)
        other_land, row = np.array([shapely.union_all(cut_parts[others])], dtype=object), np.array([n])
        rest = overlay_polygon_pairs(
            shapely.difference, parts[row], other_land, row, row, tolerance, FallbackLog(), is_intersection=False
        )
        cut_parts[largest] = rest[0] or cut_parts[largest]
    order = np.argsort(np.concatenate([np.flatnonzero(~is_split), part]), kind="stable")
    parts, owner, length = (
        np.concatenate([values[~is_split], of_cuts])[order]
        for values, of_cuts in ((parts, cut_parts), (owner, owner[part]), (length, cut_length))
    )
    return parts, owner, length


def _cut_at_hairs(parts: NDArray, narrow: NDArray, tolerance: Tolerance) -> tuple[NDArray, NDArray]:
    """Return (k,) what erosion leaves of polygons, with their own edges, and the row (k,) in ``parts`` of each.

    ``narrow``: rows of the polygons. One for which an overlay fails is not among them, and so keeps its hairs.
    """
    width_m = tolerance.cluster_m
    cores, number = shapely.get_parts(
        shapely.buffer(parts[narrow], -width_m / 2, join_style="mitre"), return_index=True
    )
    cores, number = cores[~shapely.is_empty(cores)], number[~shapely.is_empty(cores)]
    near_cores = shapely.buffer(cores, width_m, join_style="mitre")
    part = narrow[number]
    cut_parts, core = shapely.get_parts(
        overlay_polygon_pairs(shapely.intersection, parts[part], near_cores, part, part, tolerance, FallbackLog()),
        return_index=True,
    )
    # Other sides of a hair that are near too have no land of this core.
    is_on_core = shapely.area(cut_parts) > shapely.area(cores[core]) / 2
    return cut_parts[is_on_core], part[core[is_on_core]]


def _join_parts(parts: NDArray) -> Any:
    """Return (k,) polygons that share no land as one shape."""
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _make_pieces(
    left: NDArray, right: NDArray, geometry: NDArray, length: NDArray, slivers: Slivers, fallback_log: FallbackLog
) -> OverlayPieces:
    """Return (k,) polygons with their rows as pieces; ``length`` (k,): of their outlines without hairs, in m."""
    area = shapely.area(geometry)
    width = 2 * area / length if len(geometry) else np.zeros(0)
    return OverlayPieces(left.astype(int), right.astype(int), geometry, area, width, slivers, fallback_log)


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
    i, j = shapely.STRtree(shapes).query(shapes)
    is_later = i < j
    i, j = i[is_later], j[is_later]
    shares_area = np.zeros(len(i), dtype=bool)
    for start in cancellation.watch(range(0, len(i), _PAIRS_PER_BATCH)):
        batch = slice(start, start + _PAIRS_PER_BATCH)
        shares_area[batch] = shapely.area(shapely.intersection(shapes[i[batch]], shapes[j[batch]])) > _ROUNDING_M2
    first, second = i[shares_area], j[shares_area]
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
    rows_and_earlier_rows = zip(rows.tolist(), np.split(first, starts[1:]), strict=True)
    for row, earlier_rows in cancellation.watch(rows_and_earlier_rows, _PAIRS_PER_BATCH):
        earlier_land = shapes[earlier_rows[0]] if len(earlier_rows) == 1 else shapely.union_all(shapes[earlier_rows])
        # Where edges cross by a rounding, lines remain, too.
        remainders[row] = extract_polygons(shapely.difference(shapes[row], earlier_land)) or shapely.Polygon()
    least_area = _ROUNDING_M2 + _ROUNDING_SHARE * shapely.area(shapes[rows])
    has_remainder[rows] = shapely.area(remainders[rows]) > least_area
    return DistinctAreas(remainders, has_remainder, same_as, overlapping)


def remove_repeated_land(pieces: OverlayPieces, cancellation: Cancellation = NEVER_CANCELLED) -> OverlayPieces:
    """Return pieces without the land of earlier pieces, so that sums count each place once.

    Pieces overlap where rows of a layer do. A piece of which no land remains is left out. Raise Cancelled.
    """
    if not len(pieces):
        return pieces
    distinct_shapes = subtract_earlier_shapes(pieces.geometry, cancellation)
    is_kept, shapes = distinct_shapes.has_remainder, distinct_shapes.remaining_shapes
    area = shapely.area(shapes)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.where(distinct_shapes.overlaps_other, 2 * area / shapely.length(shapes), pieces.width)
    return replace(pieces, geometry=shapes, area=area, width=width).select(is_kept)
