# SPDX-License-Identifier: GPL-2.0-or-later
"""The polygons of one layer in a plane: whole, in windows, united and as patches, with what is worth computing once
for all questions.

Why most pairs need no overlay. Walk across a layer: how many of its polygons lie on top of each other changes only
where a segment is drawn on one side alone. So a polygon that no such segment of another enters has one number all over
its inside, and one point tells it: 1 means that it overlaps no other. (A multipolygon has an inside for each part, and
a point in each.) Likewise, where no boundary of a second layer
enters a polygon, each polygon of that layer holds it whole or not at all, and one point decides. A segment that both
layers have cannot enter: it is the boundary of a polygon of the first layer, which overlap each other nowhere (those that
do are told apart, and always overlaid).
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

#: A polygon with more vertices than this is looked at through a window.
LARGE_VERTICES = 512
#: A window reaches this far (m) beyond what is looked at: the vertices that clipping adds lie outside it.
MARGIN_M = 10.0
#: Windows are halved no further than this often.
_DEEPEST = 12


class ClipWindows:
    """Windows on (n,) polygons. A window is twice as wide as its cell, so that a shape no larger than a cell always
    lies in the window of the cell where its lower left corner is; each is cut from the one a level above and kept.
    """

    def __init__(self, shapes: NDArray):
        self._shapes = shapes
        self.large = shapely.get_num_coordinates(shapes) > LARGE_VERTICES
        self._cut: dict[tuple[int, int, int, int], Any] = {}

    def around(self, row: int, bounds: NDArray) -> Any:
        """What is to be seen of polygon ``row`` around ``bounds`` (xmin, ymin, xmax, ymax in m); None for nothing."""
        shape = self._shapes[row]
        xmin, ymin, xmax, ymax = shape.bounds
        side = max(xmax - xmin, ymax - ymin)
        reach = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        level = int(min(np.floor(np.log2(side / reach)), _DEEPEST)) if 0 < reach < side else 0
        if level < 1:
            return shape
        cell = side / 2**level
        column, line = int((bounds[0] - xmin) // cell), int((bounds[1] - ymin) // cell)
        # A shape that begins left of or below the polygon is seen from its first cell.
        return self._window(row, (xmin, ymin, side), level, max(column, 0), max(line, 0))

    def _window(self, row: int, frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
        if level < 1:
            return self._shapes[row]
        name = (row, level, column, line)
        if name not in self._cut:
            above = self._window(row, frame, level - 1, column // 2, line // 2)
            self._cut[name] = _clip(above, _box(frame, level, column, line))
        return self._cut[name]


def _box(frame: tuple[float, float, float], level: int, column: int, line: int) -> Any:
    xmin, ymin, side = frame
    cell = side / 2**level
    x, y = xmin + column * cell, ymin + line * cell
    # The margin grows with the cell, so that a window lies inside the one it is cut from.
    margin = MARGIN_M + cell / 64
    return shapely.box(x - margin, y - margin, x + 2 * cell + margin, y + 2 * cell + margin)


def _clip(shape: Any, box: Any) -> Any:
    if shape is None or shapely.get_num_coordinates(shape) <= LARGE_VERTICES:
        return shape
    both = np.array([shape, box], dtype=object)
    # What lies off by a hair's breadth must not be snapped before it is looked at.
    origin = local_origins(both[1:])
    shape_there, box_there = translate(both, -origin[0])
    try:
        seen = np.array([extract_polygons(shapely.intersection(shape_there, box_there))], dtype=object)
        return translate_back(seen, origin)[0]
    except shapely.GEOSException:
        # The whole shape is slower, not wrong.
        return shape


#: Shapes per step between two looks at the cancel button.
BATCH = 8192


class Decided(NamedTuple):
    """``left``, ``right`` (k,) rows: the first lies whole in the second; ``open`` (n,) bool: rows left to the overlay."""

    left: NDArray
    right: NDArray
    open: NDArray


class Polygons:
    """``shapes``: (n,) valid polygons, multipolygons or None in one plane, metres. They are not to be changed."""

    def __init__(self, shapes: NDArray):
        self.shapes = shapes
        self.present = np.flatnonzero(~is_missing(shapes))
        self._real = shapes[self.present]
        self._suspects: NDArray | None = None
        #: What `overlay.find_shared_parts` found within the layer: pairs of rows, what they share, and how it was computed.
        self.overlaps: tuple[NDArray, NDArray, NDArray, FallbackLog] | None = None
        #: What `union.union_rows` joined of all rows, by tolerance, and how it was computed.
        self.whole_polygons: dict[Tolerance, tuple[Any, FallbackLog]] = {}
        #: (n,) bool: rows that overlap another row of their own layer. Known with ``overlaps``.
        self.overlapping_rows: NDArray | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def _small(self) -> tuple[shapely.STRtree, NDArray]:
        """A tree over the polygons that are not large, and their rows."""
        rows = self.present[~self.clip_windows.large[self.present]]
        return shapely.STRtree(self.shapes[rows]), rows

    @cached_property
    def _large(self) -> NDArray:
        """The rows of large polygons: these ask, and are prepared, rather than be asked."""
        return self.present[self.clip_windows.large[self.present]]

    @cached_property
    def _boxes(self) -> shapely.STRtree:
        """A tree over all of ``shapes[present]``, for their boxes alone."""
        return shapely.STRtree(self._real)

    def forget(self) -> None:
        """Let go of what comparing boundaries takes much room for: it is made again when somebody asks."""
        for name in ("lines", "_points", "_point_tree", "_small", "_large", "clip_windows"):
            self.__dict__.pop(name, None)

    def rows_in(self, bounds: tuple[float, float, float, float]) -> NDArray:
        """The rows whose box meets ``bounds`` (xmin, ymin, xmax, ymax in m)."""
        return self.present[self._boxes.query(shapely.box(*bounds))]

    def within(self, shapes: NDArray, distance: float) -> tuple[NDArray, NDArray]:
        """Positions of (k,) shapes and rows that are at most ``distance`` m apart."""
        position, n = self._boxes.query(shapes, predicate="dwithin", distance=distance)
        return position, self.present[n]

    @cached_property
    def vertices(self) -> int:
        return int(shapely.get_num_coordinates(self._real).sum())

    @cached_property
    def clip_windows(self) -> ClipWindows:
        return ClipWindows(self.shapes)

    @cached_property
    def lines(self) -> Linework:
        return linework(self._real, self.present)

    @cached_property
    def _points(self) -> tuple[NDArray, NDArray]:
        """A point inside each part of each polygon, None where there is none to be had (a hair may have no inside), and
        the row of each: the inside of a polygon hangs together, that of a multipolygon does not."""
        return self._find_points(NEVER)

    def _find_points(self, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
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
        """(n,) bool: rows that may share area with another row of this layer; all others surely do not."""
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
        rows, met = self._meeting(pieces.line, cancellation)
        suspect[rows[pieces.row[met] != rows]] = True
        rows, met = self._meeting(points, cancellation)
        twice = rows != owner[met]
        suspect[rows[twice]] = suspect[owner[met[twice]]] = True
        return suspect

    def _prepare(self, cancellation: Cancellation) -> None:
        """Make what comparing boundaries asks for, with looks at the cancel button on the way."""
        if "_points" not in self.__dict__:
            self.__dict__["_points"] = self._find_points(cancellation)
        self._prepare_lines(cancellation)

    def _prepare_lines(self, cancellation: Cancellation) -> None:
        if "lines" not in self.__dict__:
            self.__dict__["lines"] = linework(self._real, self.present, cancellation)
        cancellation.raise_if_cancelled()

    def struck(self, pieces: Pieces, cancellation: Cancellation = NEVER) -> NDArray:
        """(n,) bool: rows that a piece of line meets."""
        return self.near(pieces.line, 0.0, cancellation)

    def near(self, others: NDArray, distance: float, cancellation: Cancellation = NEVER) -> NDArray:
        """(n,) bool: rows that come within ``distance`` m of one of (k,) small geometries; 0: that meet one."""
        found = np.zeros(len(self), dtype=bool)
        found[self._meeting(others, cancellation, distance)[0]] = True
        return found

    def may_be_uncovered(self, cover: Polygons, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows that may have parts outside ``cover``; all others surely lie whole in it.

        The land that ``cover`` covers ends only at segments that it does not have from both sides. A row whose inside no such
        segment enters is covered whole or not at all, and one point decides. A segment of this layer's own boundaries enters no
        row, unless rows overlap.
        """
        found = self.find_overlap_candidates(cancellation).copy()
        self._prepare_lines(cancellation)
        cover._prepare_lines(cancellation)
        ends = cover.lines.alone
        rows = np.zeros(len(cover), dtype=bool)
        rows[cover.lines.row[cover.lines.ring[np.flatnonzero(ends)]]] = True
        free = ends & cover.lines.unmatched(self.lines, rows)
        found |= self.struck(cover.lines.pieces(free), cancellation)
        # Each part of a row hangs together, and has a point of its own.
        points, owner = self._points
        rest = np.flatnonzero(~found[owner])
        held = np.zeros(len(rest), dtype=bool)
        held[cover._boxes.query(points[rest], predicate="intersects")[0]] = True
        found[owner[rest[~held]]] = True
        return found

    def _meeting(self, others: NDArray, cancellation: Cancellation, distance: float = 0.0) -> tuple[NDArray, NDArray]:
        """Rows of this layer and positions of ``others`` ((k,) small geometries) that meet or come that near."""
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
        """Which rows lie whole in which rows of ``other``, and which need an overlay to tell.

        ``rows`` (n,) and ``other_rows`` (m,) bool: only these are asked. `overlapping_rows` must be known.
        """
        crowded = require_value(self.overlapping_rows, "`crowded`")
        self._prepare(cancellation)
        other._prepare_lines(cancellation)
        pieces = other.lines.pieces(other.lines.unmatched(self.lines, other_rows))
        cancellation.raise_if_cancelled()
        undecided = self.struck(pieces, cancellation) | crowded
        points, owner = self._points
        undecided[owner[shapely.is_missing(points)]] = True
        holders = np.flatnonzero(other_rows[other.present])
        held, holder = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(holders), BATCH):
            cancellation.raise_if_cancelled()
            some = holders[start : start + BATCH]
            j, i = self._point_tree.query(other.shapes[other.present[some]], predicate="contains")
            held.append(owner[i])
            holder.append(other.present[some[j]])
        # A multipolygon with one part here and one there lies whole in neither.
        pair, parts = np.unique(np.concatenate(held) * len(other) + np.concatenate(holder), return_counts=True)
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
    """One polygon or multipolygon of ``rows`` ((n,) bool, default all); None when there are none.

    None too when GEOS gives up at every step: the ``fallback_log`` then says that ``row``, for which it is wanted, failed.
    """
    fallback_log = fallback_log or FallbackLog()
    if rows is not None:
        return _united(a, a.present[rows[a.present]], row, tolerance, fallback_log)
    if tolerance not in a.whole_polygons:
        own = FallbackLog()
        a.whole_polygons[tolerance] = _united(a, a.present, -1, tolerance, own), own
    whole, own = a.whole_polygons[tolerance]
    fallback_log.steps += [step._replace(left=row) for step in own.steps]
    fallback_log.failed += [(row, other) for _, other in own.failed]
    return whole


def _united(a: Polygons, chosen: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog) -> Any:
    if not len(chosen):
        return None
    sound = ~a.find_overlap_candidates()[chosen]
    suspects = a.shapes[chosen[~sound]]
    try:
        parts = shapely.get_parts(shapely.coverage_union_all(a.shapes[chosen[sound]]))
    except shapely.GEOSException:
        # Edges that overlap by less than what ends are drawn in by: overlaid like the others.
        parts, suspects = np.zeros(0, dtype=object), a.shapes[chosen]
    parts = parts[~shapely.is_empty(parts)]
    if not len(suspects):
        return _as_one(parts)
    met = np.zeros(len(parts), dtype=bool)
    met[shapely.STRtree(suspects).query(parts, predicate="intersects")[0]] = True
    near = union_near_row(np.append(suspects, parts[met]), row, tolerance, fallback_log)
    # What touches none of them stays as it is, unless a corner of it that lay on an edge does no longer.
    whole = None if near is None else _as_one(np.append(parts[~met], shapely.get_parts([extract_polygons(near)])))
    if whole is not None and not shapely.is_valid(whole):
        whole = extract_polygons(union_near_row(np.append(suspects, parts), row, tolerance, fallback_log))
    return whole


def _as_one(parts: NDArray) -> Any:
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def group_into_patches(
    polygons: Polygons, area: NDArray, reach_m: float, least_m2: float, cancellation: Cancellation = NEVER
) -> NDArray:
    """(n,) the patch of each row: the smallest row number in it; rows without a shape are patches of their own.

    Polygons with a vertex in common are one patch. Only patches whose ``area`` ((n,) m² of the rows) stays below
    ``least_m2`` are looked around for others within ``reach_m``: two large ones that nearly meet are not joined, for
    nobody asks.
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
    small = rows[_area_of(patch, area)[rows] < least_m2]
    left, right = [i], [j]
    for start in range(0, len(small), BATCH):
        cancellation.raise_if_cancelled()
        some = small[start : start + BATCH]
        position, near = polygons.within(polygons.shapes[some], reach_m)
        left.append(some[position])
        right.append(near)
    return connected_components(len(polygons), np.concatenate(left), np.concatenate(right))


def _area_of(patch: NDArray, area: NDArray) -> NDArray:
    """(n,) the area of the patch that each row is in."""
    total: NDArray = np.bincount(patch, np.nan_to_num(area), minlength=len(patch))[patch]
    return total


def connected_components(count: int, i: NDArray, j: NDArray) -> NDArray:
    """(count,) for each of ``count`` things the smallest one that pairs ``i``–``j`` connect it with."""
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
