# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometry queries on the layers of a run, with its tolerance; what they leave out goes to the run's log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.coverage import Mismatches, find_gaps, find_mismatched_edges, find_mismatches_both_ways
from ..geometry.overlay import PointLineParts, find_shared_parts, find_uncovered_parts, parts_inside, parts_outside
from ..geometry.overlay_fallback import FallbackLog
from ..geometry.parts import Parts, Slivers
from ..geometry.polygons import Polygons, union_rows
from ..geometry.statutory_area import drawn_area
from ..geometry.tolerance import Tolerance
from ..invariants import require_value
from ..model.rule import Severity
from ..plan.layer import Layer
from ..plan.plan import Focus, Plan
from .run_log import RunLog

# Areas of parts cut out of a layer, and their shares of the rows that they belong to.
#
# A part by itself (a finding's area) is measured as drawn (`statutory_area.drawn_area`), but for one that is a whole row: that has
# the row's statutory area, by its stored vertices. As shares (figures that are to add up to the rows': by township, by zone, by
# land use; net areas) parts are held against their row measured in the same way, so that no row counts for more than itself.

#: Areas of (k,) shapes of the plane, as they are drawn.
Measure = Callable[[NDArray], NDArray]
#: Planar area (m², and as a share) and distance (m) by which parts may miss the row that they make up: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE, _ROUNDING_M = 1e-3, 1e-11, 1e-3


def areas_of(parts: Parts, a: Layer, b: Layer | None, measure: Measure) -> NDArray:
    """(k,) m² of parts of rows of ``a`` (``left``) and perhaps of ``b`` (``right``): as drawn; those that make up a whole row
    are worth that row's statutory area together."""
    areas = np.zeros(len(parts))
    if not len(parts):
        return areas
    pair = np.unique(np.column_stack([parts.left, parts.right]), axis=0, return_inverse=True)[1].ravel()
    alone = np.bincount(pair)[pair] == 1
    worth = np.full(len(parts), np.nan)
    for layer, rows in ((b, parts.right), (a, parts.left)):
        if layer is not None:
            whole = _make_up(parts, pair, layer, rows)
            worth[whole] = layer.statutory_of(rows[whole])
    once = alone & ~np.isnan(worth)
    areas[once] = worth[once]
    areas[~once] = measure(parts.geometry[~once])
    several = ~alone & ~np.isnan(worth)
    total = np.bincount(pair, areas)[pair]
    areas[several] *= worth[several] / total[several]
    return areas


def shares_of(parts: Parts, a: Layer, measure: Measure) -> NDArray:
    """Return (k,) each part's share of its row of ``a``, by area as drawn; 1 together where parts make up the row once."""
    rows = parts.left
    covered = np.bincount(rows, parts.area, minlength=len(a))[rows]
    planar = shapely.area(a.plane[rows])
    once = np.abs(covered - planar) <= _ROUNDING_M2 + _ROUNDING_SHARE * planar
    shares = np.ones(len(parts))
    cut = ~(once & (np.bincount(rows, minlength=len(a))[rows] == 1))
    if not cut.any():
        return shares
    areas = measure(parts.geometry[cut])
    summed = np.bincount(rows[cut], areas, minlength=len(a))[rows[cut]]
    # Of a row that its parts do not make up, or that they claim twice, the whole is measured too.
    rest, where = np.unique(rows[cut & ~once], return_inverse=True)
    total = summed
    total[~once[cut]] = measure(a.plane[rest])[where.ravel()]
    shares[cut] = np.divide(areas, total, out=np.zeros(len(areas)), where=total > 0)
    return shares


def _make_up(parts: Parts, pair: NDArray, layer: Layer, rows: NDArray) -> NDArray:
    """(k,) bool: parts that together, those of one pair of rows, are the whole row of ``layer``: its area, and its extent (what
    lies between rows, or in a hole of one, may have the same area)."""
    found = np.zeros(len(parts), dtype=bool)
    there = np.flatnonzero(rows >= 0)
    planar, own = np.bincount(pair, parts.area)[pair[there]], shapely.area(layer.plane[rows[there]])
    like = there[np.abs(planar - own) <= _ROUNDING_M2 + _ROUNDING_SHARE * own]
    if not len(like):
        return found
    bounds = shapely.bounds(parts.geometry[like]).reshape(-1, 4)
    extent = np.full((int(pair.max()) + 1, 4), np.inf)
    np.minimum.at(extent, pair[like], bounds * (1, 1, -1, -1))
    off = np.abs(extent[pair[like]] * (1, 1, -1, -1) - shapely.bounds(layer.plane[rows[like]]).reshape(-1, 4))
    found[like] = off.max(axis=1) <= _ROUNDING_M
    return found


@dataclass
class GeometryQueries:
    """Areas in m² on the statutory ellipsoid; lengths in m; shapes in the plan's plane. Each raises Cancelled."""

    plan: Plan
    tolerance: Tolerance
    cancellation: Cancellation
    focus: Focus | None
    log: RunLog

    def statutory(self, shapes: Iterable[Any]) -> NDArray:
        """Areas (m², on the statutory ellipsoid) of parts that were cut out of the plan's plane: of the land as drawn there.

        A whole feature's is `Layer.statutory`, by its stored vertices; parts that may be whole features are `land_areas`.
        """
        return drawn_area(_array(shapes), crs_care.make_lonlat_transformer(self.plan.plane), self.cancellation)

    def areas_of(self, parts: Parts, a: Layer, b: Layer | None = None) -> NDArray:
        """(k,) m² of parts of rows of ``a`` (and ``b``): as drawn, of a whole row its statutory area (`cut_parts`)."""
        return areas_of(parts, a, b, self.statutory)

    def shares_of(self, parts: Parts, a: Layer) -> NDArray:
        """Return (k,) each part's share of its row of ``a``, so that the parts of a row sum to its figure."""
        return shares_of(parts, a, self.statutory)

    def shared(
        self,
        a: Layer,
        b: Layer | None = None,
        *,
        rows_a: NDArray | None = None,
        rows_b: NDArray | None = None,
        connected: bool = False,
        pairs: Callable[[NDArray, NDArray], NDArray] | None = None,
        measured: bool = False,
        severity: Severity | None = None,
    ) -> Parts:
        """Pairs of rows sharing area, between two layers or within one; ``rows_…`` keep only some rows. ``connected``: one
        part for each connected piece, not for each pair. ``pairs(left, right)`` ((k,) bool): only these pairs are meant.

        Slivers are left out and noted, for a finding of ``severity`` (the rule's own when None) where they add up; a
        figure is ``measured`` with them.
        """
        if b is not None:
            rows_a, rows_b = self._asked(a, rows_a), self._asked(b, rows_b)
        right = None if b is None else b.polygons
        parts = find_shared_parts(
            a.polygons,
            right,
            rows_a=rows_a,
            rows_b=rows_b,
            connected=connected,
            slivers_too=measured,
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        if pairs is not None:
            parts = parts.between(pairs)
        self.log.note(parts, a, b or a)
        self.log.ignore(parts.slivers, a, b or a, severity=severity)
        return parts

    def uncovered(
        self,
        a: Layer,
        b: Layer,
        cover: Polygons | None = None,
        *,
        rows: NDArray | None = None,
        cover_rows: NDArray | None = None,
        measured: bool = False,
        severity: Severity | None = None,
    ) -> Parts:
        """Connected parts of rows of ``a`` that ``b`` does not cover; ``cover``: not all of ``b``, but these polygons.

        Slivers are left out and noted, for a finding of ``severity`` (the rule's own when None) where they add up; a
        figure is ``measured`` with them.
        """
        parts = find_uncovered_parts(
            a.polygons,
            b.polygons if cover is None else cover,
            rows=self._asked(a, rows),
            cover_rows=cover_rows,
            slivers_too=measured,
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        self.log.note(parts, a, None)
        self.log.ignore(parts.slivers, a, b, severity=severity)
        return parts

    def uncovered_in(
        self,
        a: Layer,
        rows: NDArray,
        shapes: NDArray,
        b: Layer | None,
        cover: Polygons | None = None,
        *,
        severity: Severity | None = None,
    ) -> Parts:
        """Connected parts of (k,) polygons, each within row ``rows[k]`` of ``a``, that ``b`` (of it: ``cover``) does not
        cover. ``left`` of the parts is the polygon's position. Without ``b`` a share is measured, slivers and all."""
        polygons = require_value(b.polygons if cover is None and b is not None else cover, "what covers the polygons")
        parts = find_uncovered_parts(
            Polygons(shapes), polygons, slivers_too=b is None, tolerance=self.tolerance, cancellation=self.cancellation
        )
        ladder = parts.fallback_log
        if b is not None:
            on = Slivers(parts.slivers.geometry, np.asarray(rows)[parts.slivers.left], parts.slivers.right)
            self.log.ignore(on, a, b, severity=severity)
        self.log.steps += [
            {"step": s.name, "role": a.role, "key": a.keys[rows[s.left]], "area_m2": s.area_m2} for s in ladder.steps
        ]
        self.log.failed += [(a, int(rows[i]), None, -1) for i, _ in ladder.failed]
        return parts

    def point_line_parts_inside(self, a: Layer, b: Layer) -> PointLineParts:
        """The parts of points or lines of ``a`` inside the polygons of ``b``; what lies on an edge is not inside."""
        return parts_inside(a.plane, b.plane, self.tolerance.edge_match_m)

    def point_line_parts_outside(self, a: Layer, b: Layer, cover: Polygons | None = None) -> PointLineParts:
        """The parts of points or lines of ``a`` that lie in no polygon of ``b`` and on none's edge; ``cover``: not all of
        ``b``, but these polygons."""
        polygons = b.plane if cover is None else cover.shapes
        return parts_outside(a.plane, polygons, self.tolerance.edge_match_m)

    def gaps(self, a: Layer, widest: float, *, pairs: Callable[[NDArray, NDArray], NDArray] | None = None) -> Parts:
        """Places that the rows of a layer enclose and none covers, up to ``widest`` m wide; see `geometry.coverage.find_gaps`.

        ``pairs(left, right)`` ((k,) bool): only the gaps between these rows are meant.
        """
        parts = self._gaps(a.polygons, widest, a)
        if pairs is not None:
            parts = parts.between(pairs)
        self.log.ignore(parts.slivers, a, a)
        return parts

    def gaps_between(self, a: Layer, b: Layer, widest: float) -> Parts:
        """Places up to ``widest`` m wide that rows of both layers enclose together and none covers. ``left``, ``right``:
        the rows of ``a`` and of ``b``."""
        wholes = [self._whole(layer) for layer in (a, b)]
        blocks = shapely.get_parts(np.array([whole for whole in wholes if whole is not None], dtype=object))
        parts = self._gaps(Polygons(blocks), widest, a)
        parts.left, parts.right = self._by(a, parts.geometry), self._by(b, parts.geometry)
        thin = parts.slivers
        thin.left, thin.right = self._by(a, thin.geometry), self._by(b, thin.geometry)
        parts = parts.between(lambda left, right: (left >= 0) & (right >= 0))
        self.log.ignore(parts.slivers, a, b)
        return parts

    def _whole(self, layer: Layer) -> Any:
        """All rows of a layer joined; None when there is nothing to join, or when it cannot be had: the rule says so then."""
        ladder = FallbackLog()
        whole = union_rows(layer.polygons, tolerance=self.tolerance, fallback_log=ladder)
        self.log.outline_failed = self.log.outline_failed or bool(ladder.failed)
        self.log.steps += [{"step": s.name, "role": layer.role, "area_m2": s.area_m2} for s in ladder.steps]
        return whole

    def _by(self, layer: Layer, shapes: Iterable[Any]) -> NDArray:
        """(k,) the first row of a layer that meets each shape, −1 where there is none."""
        rows, shapes = layer.polygons.present, _array(shapes)
        k, i = shapely.STRtree(layer.plane[rows]).query(shapes, predicate="dwithin", distance=self.tolerance.cluster_m)
        first = np.full(len(shapes), len(layer))
        np.minimum.at(first, k, rows[i])
        return np.where(first < len(layer), first, -1)

    def mismatched(self, a: Layer) -> Mismatches:
        """Places where edges of rows of ``a`` should meet in one vertex and do not."""
        return self._stored(find_mismatched_edges(a.polygons, tolerance=self.tolerance, cancellation=self.cancellation))

    def mismatched_both(self, a: Layer, b: Layer) -> tuple[Mismatches, Mismatches]:
        """Places where edges of ``a`` and of ``b`` should meet in one vertex and do not: edges of ``a``, then of ``b``."""
        mine, theirs = find_mismatches_both_ways(
            a.polygons, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation
        )
        return self._stored(mine), self._stored(theirs)

    def _stored(self, found: Mismatches) -> Mismatches:
        """A vertex that only the plane has is nobody's to match."""
        return found.only(self.plan.are_stored_vertices(found.point))

    def _gaps(self, polygons: Polygons, widest: float, a: Layer) -> Parts:
        parts = find_gaps(polygons, tolerance=self.tolerance, widest=widest, cancellation=self.cancellation)
        self.log.outline_failed = self.log.outline_failed or bool(parts.fallback_log.failed)
        self.log.steps += [{"step": s.name, "role": a.role, "area_m2": s.area_m2} for s in parts.fallback_log.steps]
        return parts

    def _asked(self, layer: Layer, rows: NDArray | None) -> NDArray | None:
        """The rows meant, as far as the plan asks of them at all."""
        asked = self.focus.rows.get(layer.role) if self.focus is not None else None
        return rows if asked is None else asked if rows is None else rows & asked

    def county(self) -> tuple[Layer, Polygons] | None:
        """The county layer and its outline as one row; None when there is neither.

        An outline that could not be put together is no outline that nothing lies outside of: the rule then says so.
        """
        county = self.plan.county_shape()
        if county is None or county[1].shapes[0] is not None:
            return county
        self.log.outline_failed = self.log.outline_failed or not county[0].has_no_geometry
        return None

    def uncovered_shape(self, a: Layer, shape: Polygons, b: Layer, *, row: int = -1) -> Parts:
        """Connected parts of an outline of ``a`` (``shape``, one row) that ``b`` does not cover. ``row``: the row of ``a``
        that the outline lies in, −1 for the layer as a whole."""
        parts = find_uncovered_parts(shape, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation)
        slivers = parts.slivers
        self.log.ignore(Slivers(slivers.geometry, np.full(len(slivers.left), row), slivers.right), a, b)
        self.log.outline_failed = self.log.outline_failed or bool(parts.fallback_log.failed)
        self.log.steps += [{"step": s.name, "area_m2": s.area_m2} for s in parts.fallback_log.steps]
        return parts

    def joined(self, shapes: Iterable[Any]) -> Any:
        """All present shapes as one, for a finding on many rows: of polygons where there are any, else of points and lines.

        None for nothing. Where the ladder cannot put them together, they lie side by side in a collection.
        """
        array = _array(shapes)
        array = array[~(shapely.is_missing(array) | shapely.is_empty(array))]
        areas = array[shapely.get_dimensions(array) == 2]
        if not len(areas):
            return shapely.union_all(array) if len(array) else None
        joined = union_rows(Polygons(areas), tolerance=self.tolerance)
        return shapely.geometrycollections(list(areas)) if joined is None else joined


def _array(shapes: Iterable[Any]) -> NDArray:
    """(k,) geometries, none of them taken apart."""
    listed = list(shapes)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
