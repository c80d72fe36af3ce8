# SPDX-License-Identifier: GPL-2.0-or-later
"""The polygons of one layer in a plane, with what is worth computing once for all questions.

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
from ..invariants import require
from .ladder import Ladder
from .linework import Linework, Pieces, linework
from .tolerance import Tolerance
from .validity import missing
from .windows import Windows

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
        self.present = np.flatnonzero(~missing(shapes))
        self._real = shapes[self.present]
        self._suspects: NDArray | None = None
        #: What `overlay.shared_parts` found within the layer: pairs of rows, what they share, and how it was computed.
        self.overlaps: tuple[NDArray, NDArray, NDArray, Ladder] | None = None
        #: What `union.united` joined of all rows, by tolerance, and how it was computed.
        self.wholes: dict[Tolerance, tuple[Any, Ladder]] = {}
        #: (n,) bool: rows that overlap another row of their own layer. Known with ``overlaps``.
        self.crowded: NDArray | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def _small(self) -> tuple[shapely.STRtree, NDArray]:
        """A tree over the polygons that are not large, and their rows."""
        rows = self.present[~self.windows.large[self.present]]
        return shapely.STRtree(self.shapes[rows]), rows

    @cached_property
    def _large(self) -> NDArray:
        """The rows of large polygons: these ask, and are prepared, rather than be asked."""
        return self.present[self.windows.large[self.present]]

    @cached_property
    def _boxes(self) -> shapely.STRtree:
        """A tree over all of ``shapes[present]``, for their boxes alone."""
        return shapely.STRtree(self._real)

    def forget(self) -> None:
        """Let go of what comparing boundaries takes much room for: it is made again when somebody asks."""
        for name in ("lines", "_points", "_point_tree", "_small", "_large", "windows"):
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
    def windows(self) -> Windows:
        return Windows(self.shapes)

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

    def suspects(self, cancellation: Cancellation = NEVER) -> NDArray:
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

    def may_leave(self, cover: Polygons, cancellation: Cancellation = NEVER) -> NDArray:
        """Return (n,) bool: rows that may have parts outside ``cover``; all others surely lie whole in it.

        The land that ``cover`` covers ends only at segments that it does not have from both sides. A row whose inside no such
        segment enters is covered whole or not at all, and one point decides. A segment of this layer's own boundaries enters no
        row, unless rows overlap.
        """
        found = self.suspects(cancellation).copy()
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

        ``rows`` (n,) and ``other_rows`` (m,) bool: only these are asked. `crowded` must be known.
        """
        crowded = require(self.crowded, "`crowded`")
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
