# SPDX-License-Identifier: GPL-2.0-or-later
"""The polygons of one layer in a plane, with cached trees, windows and unions.

Why most pairs need no overlay: along a path across a layer, the number of its polygons on top of each other changes
only at a segment that is drawn on one side alone. A polygon that no such segment of another enters therefore has one
number in its whole interior, and one point determines it: 1 means that it overlaps no other. (A multipolygon has an
interior for each part, and a point in each.) Likewise, if no boundary of a second layer enters a polygon, each polygon
of that layer contains it completely or not at all, and one point decides. A segment that both layers have cannot enter:
it is the boundary of a polygon of the first layer, whose polygons do not overlap. (Those that do are known, and always
overlaid.)
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..invariants import require_value
from .linework import Linework, Pieces, linework, vertex_codes
from .overlay_fallback import FallbackLog, local_origins, translate, translate_back, union_near_row
from .tolerance import Tolerance
from .validity import extract_polygons, is_missing

#: A polygon with more vertices than this is clipped to a window.
LARGE_VERTICES = 512
#: A window extends this far (m) beyond the requested bounds: the vertices that clipping adds are outside them.
MARGIN_M = 10.0
#: Maximum number of halvings of a window.
_DEEPEST = 12


class ClipWindows:
    """Windows on (n,) polygons.

    A window is twice as wide as its cell, so that a shape no larger than a cell is always in the window of the cell
    that contains its lower left corner. Each is clipped from the window one level above and cached.
    """

    def __init__(self, shapes: NDArray):
        self._shapes = shapes
        self.large = shapely.get_num_coordinates(shapes) > LARGE_VERTICES
        self._cut: dict[tuple[int, int, int, int], Any] = {}

    def around(self, row: int, bounds: NDArray) -> Any:
        """Return the part of polygon ``row`` around ``bounds``; None if empty.

        ``bounds``: xmin, ymin, xmax, ymax in m.
        """
        shape = self._shapes[row]
        xmin, ymin, xmax, ymax = shape.bounds
        side = max(xmax - xmin, ymax - ymin)
        reach = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        level = int(min(np.floor(np.log2(side / reach)), _DEEPEST)) if 0 < reach < side else 0
        if level < 1:
            return shape
        cell = side / 2**level
        column, line = int((bounds[0] - xmin) // cell), int((bounds[1] - ymin) // cell)
        # A shape that begins left of or below the polygon uses its first cell.
        return self._make_window(row, (xmin, ymin, side), level, max(column, 0), max(line, 0))

    def _make_window(self, row: int, frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
        if level < 1:
            return self._shapes[row]
        name = (row, level, column, line)
        if name not in self._cut:
            above = self._make_window(row, frame, level - 1, column // 2, line // 2)
            self._cut[name] = _clip_to_box(above, _make_box(frame, level, column, line))
        return self._cut[name]


def _make_box(frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
    xmin, ymin, side = frame
    cell = side / 2**level
    x, y = xmin + column * cell, ymin + line * cell
    # The margin grows with the cell, so that a window is inside the one it is clipped from.
    margin = MARGIN_M + cell / 64
    return shapely.box(x - margin, y - margin, x + 2 * cell + margin, y + 2 * cell + margin)


def _clip_to_box(shape: Any, box: Any) -> Any:
    if shape is None or shapely.get_num_coordinates(shape) <= LARGE_VERTICES:
        return shape
    both = np.array([shape, box], dtype=object)
    # A tiny deviation must not be snapped before it is examined.
    origin = local_origins(both[1:])
    shape_there, box_there = translate(both, -origin[0])
    try:
        seen = np.array([extract_polygons(shapely.intersection(shape_there, box_there))], dtype=object)
        return translate_back(seen, origin)[0]
    except shapely.GEOSException:
        # The whole shape is slower, but correct.
        return shape


#: Shapes per step between two checks for cancellation.
BATCH = 8192


class Decided(NamedTuple):
    """Decided and undecided rows.

    ``left``, ``right`` (k,) rows: the first is completely inside the second; ``open`` (n,) bool: rows that need an
    overlay.
    """

    left: NDArray
    right: NDArray
    open: NDArray


class Polygons:
    """Polygons of one layer with cached values.

    ``shapes``: (n,) valid polygons, multipolygons or None in one plane, metres; immutable.
    """

    def __init__(self, shapes: NDArray):
        self.shapes = shapes
        self.present = np.flatnonzero(~is_missing(shapes))
        self._real = shapes[self.present]
        self._suspects: NDArray | None = None
        #: Result of `overlay.find_shared_parts` within the layer: pairs of rows, common geometry, and fallback log.
        self.overlaps: tuple[NDArray, NDArray, NDArray, FallbackLog] | None = None
        #: Unions of all rows by `union_rows`: tolerance → union and fallback log.
        self.whole_polygons: dict[Tolerance, tuple[Any, FallbackLog]] = {}
        #: (n,) bool: rows that overlap another row of their layer. Set together with ``overlaps``.
        self.overlapping_rows: NDArray | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def _small(self) -> tuple[shapely.STRtree, NDArray]:
        """Return a tree over the polygons that are not large, and their rows."""
        rows = self.present[~self.clip_windows.large[self.present]]
        return shapely.STRtree(self.shapes[rows]), rows

    @cached_property
    def _large(self) -> NDArray:
        """Return the rows of large polygons: they are prepared and query the tree."""
        return self.present[self.clip_windows.large[self.present]]

    @cached_property
    def _boxes(self) -> shapely.STRtree:
        """Return a tree over all of ``shapes[present]``, for their boxes alone."""
        return shapely.STRtree(self._real)

    def forget(self) -> None:
        """Release the large caches of boundary comparison.

        They are created again on demand.
        """
        for name in ("lines", "_points", "_point_tree", "_small", "_large", "clip_windows"):
            self.__dict__.pop(name, None)

    def rows_in(self, bounds: tuple[float, float, float, float]) -> NDArray:
        """Return the rows whose box meets ``bounds`` (xmin, ymin, xmax, ymax in m)."""
        return self.present[self._boxes.query(shapely.box(*bounds))]

    def within(self, shapes: NDArray, distance: float) -> tuple[NDArray, NDArray]:
        """Return positions of (k,) shapes and rows within ``distance`` m of each other."""
        position, n = self._boxes.query(shapes, predicate="dwithin", distance=distance)
        return position, self.present[n]

    @cached_property
    def vertices(self) -> int:
        """Return the number of vertices of all polygons."""
        return int(shapely.get_num_coordinates(self._real).sum())

    @cached_property
    def clip_windows(self) -> ClipWindows:
        """Return the windows on the polygons."""
        return ClipWindows(self.shapes)

    @cached_property
    def lines(self) -> Linework:
        """Return the segments of the polygons."""
        return linework(self._real, self.present)

    @cached_property
    def _points(self) -> tuple[NDArray, NDArray]:
        """Return a point inside each part of each polygon, and the row of each.

        None if a part has no interior (a very narrow one). A polygon's interior is connected, a multipolygon's is not.
        """
        return self._compute_points(NEVER)

    def _compute_points(self, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
        several = shapely.get_num_geometries(self._real) > 1
        parts, of = shapely.get_parts(self._real[several], return_index=True)
        there = ~shapely.is_empty(parts)
        shapes = np.concatenate([self._real[~several], parts[there]])
        points = np.empty(len(shapes), dtype=object)
        for start in range(0, len(shapes), BATCH):
            cancellation.raise_if_cancelled()
            some = slice(start, start + BATCH)
            found = shapely.point_on_surface(shapes[some])
            found[~shapely.contains_xy(shapes[some], shapely.get_x(found), shapely.get_y(found))] = None
            points[some] = found
        return points, np.concatenate([self.present[~several], self.present[several][of[there]]])

    @cached_property
    def _point_tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._points[0])

    def find_overlap_candidates(self, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows that may share area with another row of this layer.

        All others certainly do not.
        """
        if self._suspects is None:
            self._suspects = self._find_suspects(cancellation)
        return self._suspects

    def _find_suspects(self, cancellation: Cancellation) -> NDArray:
        suspect = np.zeros(len(self), dtype=bool)
        self._prepare(cancellation)
        points, owner = self._points
        cancellation.raise_if_cancelled()
        suspect[owner[shapely.is_missing(points)]] = True
        pieces = self.lines.pieces(self.lines.alone)
        rows, met = self._find_meeting(pieces.line, cancellation)
        suspect[rows[pieces.row[met] != rows]] = True
        rows, met = self._find_meeting(points, cancellation)
        twice = rows != owner[met]
        suspect[rows[twice]] = suspect[owner[met[twice]]] = True
        return suspect

    def _prepare(self, cancellation: Cancellation) -> None:
        """Create the caches of boundary comparison; can be cancelled."""
        if "_points" not in self.__dict__:
            self.__dict__["_points"] = self._compute_points(cancellation)
        self._prepare_lines(cancellation)

    def _prepare_lines(self, cancellation: Cancellation) -> None:
        if "lines" not in self.__dict__:
            self.__dict__["lines"] = linework(self._real, self.present, cancellation)
        cancellation.raise_if_cancelled()

    def struck(self, pieces: Pieces, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows that a piece of line meets."""
        return self.near(pieces.line, 0.0, cancellation)

    def near(self, others: NDArray, distance: float, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows within ``distance`` m of one of (k,) small geometries.

        0: rows that meet one.
        """
        found = np.zeros(len(self), dtype=bool)
        found[self._find_meeting(others, cancellation, distance)[0]] = True
        return found

    def may_be_uncovered(self, cover: Polygons, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows that may have parts outside ``cover``.

        All others are covered. The area of ``cover`` ends only at segments that it does not have from both sides. A row
        whose interior no such segment enters is covered completely or not at all, and one point decides. A segment of
        this layer's boundaries enters no row, unless rows overlap.
        """
        found = self.find_overlap_candidates(cancellation).copy()
        self._prepare_lines(cancellation)
        cover._prepare_lines(cancellation)
        ends = cover.lines.alone
        rows = np.zeros(len(cover), dtype=bool)
        rows[cover.lines.row[cover.lines.ring[np.flatnonzero(ends)]]] = True
        free = ends & cover.lines.unmatched(self.lines, rows)
        found |= self.struck(cover.lines.pieces(free), cancellation)
        # Each part of a row is connected, and has a separate point.
        points, owner = self._points
        rest = np.flatnonzero(~found[owner])
        held = np.zeros(len(rest), dtype=bool)
        held[cover._boxes.query(points[rest], predicate="intersects")[0]] = True
        found[owner[rest[~held]]] = True
        return found

    def _find_meeting(
        self, others: NDArray, cancellation: Cancellation, distance: float = 0.0
    ) -> tuple[NDArray, NDArray]:
        """Return rows of this layer and positions of ``others`` that meet or are near.

        ``others``: (k,) small geometries.
        """
        how: dict[str, Any] = (
            {"predicate": "dwithin", "distance": distance} if distance else {"predicate": "intersects"}
        )
        tree, small = self._small
        rows, met = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(others), BATCH):
            cancellation.raise_if_cancelled()
            k, i = tree.query(others[start : start + BATCH], **how)
            rows.append(small[i])
            met.append(start + k)
        if len(self._large) and len(others):
            tree = shapely.STRtree(others)
            for row in self._large.tolist():
                cancellation.raise_if_cancelled()
                k = tree.query(self.shapes[row], **how)
                rows.append(np.full(len(k), row))
                met.append(k)
        return np.concatenate(rows), np.concatenate(met)

    def decide(
        self, other: Polygons, rows: NDArray, other_rows: NDArray, cancellation: Cancellation = NEVER
    ) -> Decided:
        """Return rows completely inside rows of ``other``, and rows that need an overlay.

        ``rows`` (n,) and ``other_rows`` (m,) bool: only these are compared. `overlapping_rows` must be known.
        """
        crowded = require_value(self.overlapping_rows, "`crowded`")
        self._prepare(cancellation)
        other._prepare_lines(cancellation)
        pieces = other.lines.pieces(other.lines.unmatched(self.lines, other_rows))
        cancellation.raise_if_cancelled()
        undecided = self.struck(pieces, cancellation) | crowded
        points, owner = self._points
        undecided[owner[shapely.is_missing(points)]] = True
        containers = np.flatnonzero(other_rows[other.present])
        held, container = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(containers), BATCH):
            cancellation.raise_if_cancelled()
            some = containers[start : start + BATCH]
            j, i = self._point_tree.query(other.shapes[other.present[some]], predicate="contains")
            held.append(owner[i])
            container.append(other.present[some[j]])
        # A multipolygon with parts in two different polygons is completely inside neither.
        pair, parts = np.unique(np.concatenate(held) * len(other) + np.concatenate(container), return_counts=True)
        left, right = np.divmod(pair, max(len(other), 1))
        undecided[left[parts < np.bincount(owner, minlength=len(self))[left]]] = True
        keep = rows[left] & ~undecided[left]
        return Decided(left[keep], right[keep], undecided & rows)


def union_rows(
    a: Polygons,
    rows: NDArray | None = None,
    *,
    tolerance: Tolerance,
    fallback_log: FallbackLog | None = None,
    row: int = -1,
) -> Any:
    """Return the union of ``rows`` ((n,) bool, default all); None without rows.

    None too if GEOS fails at every step: the ``fallback_log`` then records that ``row``, for which it is computed,
    failed.
    """
    fallback_log = fallback_log or FallbackLog()
    if rows is not None:
        return _unite(a, a.present[rows[a.present]], row, tolerance, fallback_log)
    if tolerance not in a.whole_polygons:
        own = FallbackLog()
        a.whole_polygons[tolerance] = _unite(a, a.present, -1, tolerance, own), own
    whole, own = a.whole_polygons[tolerance]
    fallback_log.steps += [step._replace(left=row) for step in own.steps]
    fallback_log.failed += [(row, other) for _, other in own.failed]
    return whole


def _unite(a: Polygons, chosen: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog) -> Any:
    if not len(chosen):
        return None
    isolated = ~a.find_overlap_candidates()[chosen]
    suspects = a.shapes[chosen[~isolated]]
    try:
        parts = shapely.get_parts(shapely.coverage_union_all(a.shapes[chosen[isolated]]))
    except shapely.GEOSException:
        # Edges that overlap by less than the shortening of the ends: overlaid like the others.
        parts, suspects = np.zeros(0, dtype=object), a.shapes[chosen]
    parts = parts[~shapely.is_empty(parts)]
    if not len(suspects):
        return _merge(parts)
    met = np.zeros(len(parts), dtype=bool)
    met[shapely.STRtree(suspects).query(parts, predicate="intersects")[0]] = True
    near = union_near_row(np.append(suspects, parts[met]), row, tolerance, fallback_log)
    # Polygons that touch none of them are unchanged, unless a corner that was on an edge no longer is.
    whole = None if near is None else _merge(np.append(parts[~met], shapely.get_parts([extract_polygons(near)])))
    if whole is not None and not shapely.is_valid(whole):
        whole = extract_polygons(union_near_row(np.append(suspects, parts), row, tolerance, fallback_log))
    return whole


def _merge(parts: NDArray) -> Any:
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def group_into_patches(
    polygons: Polygons, area: NDArray, reach_m: float, least_m2: float, cancellation: Cancellation = NEVER
) -> NDArray:
    """Return (n,) the patch of each row: the smallest row number in it.

    Rows without a shape are separate patches. Polygons with a common vertex are one patch. Only for patches whose
    ``area`` ((n,) m² of the rows) is below ``least_m2`` the surroundings are searched within ``reach_m``: the distance
    between two large ones is irrelevant.
    """
    rows = polygons.present
    xy, owner = shapely.get_coordinates(polygons.shapes[rows], return_index=True)
    codes = vertex_codes(np.ascontiguousarray(xy))
    order = np.argsort(codes, kind="stable")
    same = codes[order[1:]] == codes[order[:-1]]
    of = rows[owner[order]]
    i, j = of[:-1][same], of[1:][same]
    cancellation.raise_if_cancelled()
    patch = connected_components(len(polygons), i, j)
    small = rows[_sum_areas(patch, area)[rows] < least_m2]
    left, right = [i], [j]
    for start in range(0, len(small), BATCH):
        cancellation.raise_if_cancelled()
        some = small[start : start + BATCH]
        position, near = polygons.within(polygons.shapes[some], reach_m)
        left.append(some[position])
        right.append(near)
    return connected_components(len(polygons), np.concatenate(left), np.concatenate(right))


def _sum_areas(patch: NDArray, area: NDArray) -> NDArray:
    """Return (n,) the area of the patch that each row is in."""
    total: NDArray = np.bincount(patch, np.nan_to_num(area), minlength=len(patch))[patch]
    return total


def connected_components(count: int, i: NDArray, j: NDArray) -> NDArray:
    """Return (count,) the smallest index connected with each index.

    ``i``–``j``: pairs of connected indices.
    """
    found = np.arange(count)
    while True:
        a, b = found[i], found[j]
        low, high = np.minimum(a, b), np.maximum(a, b)
        if (low == high).all():
            return found
        np.minimum.at(found, high, low)
        while True:
            further = found[found]
            if (further == found).all():
                break
            found = further
