# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometry queries on the layers of a run, with its tolerance.

Omitted slivers and failures are recorded in the run's log.
"""

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
# A single part (a finding's area) is measured as drawn (`statutory_area.drawn_area`). A part that is a whole row has
# the row's statutory area, computed from its stored vertices. Shares serve figures that must sum to those of the rows
# (by township, by zone, by land use; net areas). For a share, part and row are measured in the same way, so that the
# shares of a row never exceed the row.

#: Areas of (k,) shapes of the plane, as drawn.
Measure = Callable[[NDArray], NDArray]
#: Largest planar area (m², and as a share) and distance (m) by which parts may differ from the row that they compose:
#: rounding of GEOS.
_ROUNDING_M2, _ROUNDING_SHARE, _ROUNDING_M = 1e-3, 1e-11, 1e-3


def areas_of(parts: Parts, a: Layer, b: Layer | None, measure: Measure) -> NDArray:
    """Return the (k,) areas in m² of parts of ``a`` and perhaps ``b``.

    ``left`` of the parts are rows of ``a``, ``right`` rows of ``b``.     Parts are measured as drawn; parts that
    compose a whole row have that row's statutory area together.
    """
    areas = np.zeros(len(parts))
    if not len(parts):
        return areas
    pair = np.unique(np.column_stack([parts.left, parts.right]), axis=0, return_inverse=True)[1].ravel()
    alone = np.bincount(pair)[pair] == 1
    worth = np.full(len(parts), np.nan)
    for layer, rows in ((b, parts.right), (a, parts.left)):
        if layer is not None:
            whole = _compose_whole_row(parts, pair, layer, rows)
            worth[whole] = layer.statutory_of(rows[whole])
    once = alone & ~np.isnan(worth)
    areas[once] = worth[once]
    areas[~once] = measure(parts.geometry[~once])
    several = ~alone & ~np.isnan(worth)
    total = np.bincount(pair, areas)[pair]
    areas[several] *= worth[several] / total[several]
    return areas


def shares_of(parts: Parts, a: Layer, measure: Measure) -> NDArray:
    """Return the (k,) share that each part has of its row of ``a``, by area as drawn.

    The shares sum to 1 where the parts compose the row exactly once.
    """
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
    # Measure the whole row as well if its parts do not compose it or cover some of it twice.
    rest, where = np.unique(rows[cut & ~once], return_inverse=True)
    total = summed
    total[~once[cut]] = measure(a.plane[rest])[where.ravel()]
    shares[cut] = np.divide(areas, total, out=np.zeros(len(areas)), where=total > 0)
    return shares


def _compose_whole_row(parts: Parts, pair: NDArray, layer: Layer, rows: NDArray) -> NDArray:
    """Return (k,) bool: parts of a pair of rows that compose the whole row.

    Area and extent are compared: land between rows, or in a hole of a row, may have the same area.
    """
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
    """Geometry queries of a run.

    Areas are m² on the statutory ellipsoid, lengths m, shapes in the plan's plane. Each query raises Cancelled.
    """

    plan: Plan
    tolerance: Tolerance
    cancellation: Cancellation
    focus: Focus | None
    log: RunLog

    def statutory(self, shapes: Iterable[Any]) -> NDArray:
        """Return the statutory areas (m²) of parts cut out in the plan's plane, as drawn.

        The area of a whole feature is `Layer.statutory`, by its stored vertices; for parts that may be whole features
        use `land_areas`.
        """
        return drawn_area(_array(shapes), crs_care.make_lonlat_transformer(self.plan.plane), self.cancellation)

    def areas_of(self, parts: Parts, a: Layer, b: Layer | None = None) -> NDArray:
        """Return the (k,) areas of parts in m²: as drawn, or statutory for a whole row.

        See `cut_parts`.
        """
        return areas_of(parts, a, b, self.statutory)

    def shares_of(self, parts: Parts, a: Layer) -> NDArray:
        """Return the (k,) share of each part in its row of ``a``.

        The shares sum to the row's figure.
        """
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
        """Return the pairs of rows that share area, between two layers or within one.

        ``rows_…`` restrict the rows. ``connected``: return a part for each connected piece instead of each pair.
        ``pairs(left, right)`` ((k,) bool): restrict the pairs. Slivers are left out and recorded for a finding of
        ``severity`` (None: the rule's default) on their sum; a figure is ``measured`` with them.
        """
        if b is not None:
            rows_a, rows_b = self._selected_rows(a, rows_a), self._selected_rows(b, rows_b)
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
        """Return the connected parts of rows of ``a`` that ``b`` does not cover.

        ``cover``: use these polygons instead of all of ``b``. Slivers are left out and recorded for a finding of
        ``severity`` (None: the rule's default) on their sum; a figure is ``measured`` with them.
        """
        parts = find_uncovered_parts(
            a.polygons,
            b.polygons if cover is None else cover,
            rows=self._selected_rows(a, rows),
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
        """Return the connected parts of (k,) polygons that ``b`` does not cover.

        Each polygon is within row ``rows[k]`` of ``a``; ``left`` of a part is the polygon's position. ``cover``: use
        these polygons of ``b``. Without ``b`` a share is measured, slivers included.
        """
        polygons = require_value(b.polygons if cover is None and b is not None else cover, "what covers the polygons")
        parts = find_uncovered_parts(
            Polygons(shapes), polygons, slivers_too=b is None, tolerance=self.tolerance, cancellation=self.cancellation
        )
        fallback = parts.fallback_log
        if b is not None:
            on = Slivers(parts.slivers.geometry, np.asarray(rows)[parts.slivers.left], parts.slivers.right)
            self.log.ignore(on, a, b, severity=severity)
        self.log.steps += [
            {"step": s.name, "role": a.role, "key": a.keys[rows[s.left]], "area_m2": s.area_m2} for s in fallback.steps
        ]
        self.log.failed += [(a, int(rows[i]), None, -1) for i, _ in fallback.failed]
        return parts

    def point_line_parts_inside(self, a: Layer, b: Layer) -> PointLineParts:
        """Return the parts of points or lines of ``a`` inside the polygons of ``b``.

        Parts on an edge are not inside.
        """
        return parts_inside(a.plane, b.plane, self.tolerance.edge_match_m)

    def point_line_parts_outside(self, a: Layer, b: Layer, cover: Polygons | None = None) -> PointLineParts:
        """Return the parts of points or lines of ``a`` outside the polygons of ``b``.

        Parts on an edge are not outside. ``cover``: use these polygons instead of all of ``b``.
        """
        polygons = b.plane if cover is None else cover.shapes
        return parts_outside(a.plane, polygons, self.tolerance.edge_match_m)

    def gaps(self, a: Layer, widest: float, *, pairs: Callable[[NDArray, NDArray], NDArray] | None = None) -> Parts:
        """Return gaps up to ``widest`` m wide that the rows of a layer enclose.

        See `geometry.coverage.find_gaps`. ``pairs(left, right)`` ((k,) bool): restrict the result to gaps between
        these rows.
        """
        parts = self._gaps(a.polygons, widest, a)
        if pairs is not None:
            parts = parts.between(pairs)
        self.log.ignore(parts.slivers, a, a)
        return parts

    def gaps_between(self, a: Layer, b: Layer, widest: float) -> Parts:
        """Return gaps up to ``widest`` m wide that rows of both layers enclose together.

        ``left``, ``right``: the rows of ``a`` and of ``b``.
        """
        wholes = [self._union(layer) for layer in (a, b)]
        blocks = shapely.get_parts(np.array([whole for whole in wholes if whole is not None], dtype=object))
        parts = self._gaps(Polygons(blocks), widest, a)
        parts.left, parts.right = self._by(a, parts.geometry), self._by(b, parts.geometry)
        thin = parts.slivers
        thin.left, thin.right = self._by(a, thin.geometry), self._by(b, thin.geometry)
        parts = parts.between(lambda left, right: (left >= 0) & (right >= 0))
        self.log.ignore(parts.slivers, a, b)
        return parts

    def _union(self, layer: Layer) -> Any:
        """Return the union of all rows of a layer; None if it is empty or failed.

        Callers report a failed union as not checked.
        """
        fallback = FallbackLog()
        whole = union_rows(layer.polygons, tolerance=self.tolerance, fallback_log=fallback)
        self.log.outline_failed = self.log.outline_failed or bool(fallback.failed)
        self.log.steps += [{"step": s.name, "role": layer.role, "area_m2": s.area_m2} for s in fallback.steps]
        return whole

    def _by(self, layer: Layer, shapes: Iterable[Any]) -> NDArray:
        """Return (k,) the first row of a layer that meets each shape, −1 if no row does."""
        rows, shapes = layer.polygons.present, _array(shapes)
        k, i = shapely.STRtree(layer.plane[rows]).query(shapes, predicate="dwithin", distance=self.tolerance.cluster_m)
        first = np.full(len(shapes), len(layer))
        np.minimum.at(first, k, rows[i])
        return np.where(first < len(layer), first, -1)

    def mismatched(self, a: Layer) -> Mismatches:
        """Return the places where edges of rows of ``a`` should share a vertex and do not."""
        return self._stored(find_mismatched_edges(a.polygons, tolerance=self.tolerance, cancellation=self.cancellation))

    def mismatched_both(self, a: Layer, b: Layer) -> tuple[Mismatches, Mismatches]:
        """Return the places where edges of ``a`` and ``b`` should share a vertex.

        The first result has edges of ``a``, the second edges of ``b``.
        """
        mine, theirs = find_mismatches_both_ways(
            a.polygons, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation
        )
        return self._stored(mine), self._stored(theirs)

    def _stored(self, found: Mismatches) -> Mismatches:
        """Return the mismatches at stored vertices.

        No other layer can match a vertex that exists in the plane only.
        """
        return found.only(self.plan.are_stored_vertices(found.point))

    def _gaps(self, polygons: Polygons, widest: float, a: Layer) -> Parts:
        parts = find_gaps(polygons, tolerance=self.tolerance, widest=widest, cancellation=self.cancellation)
        self.log.outline_failed = self.log.outline_failed or bool(parts.fallback_log.failed)
        self.log.steps += [{"step": s.name, "role": a.role, "area_m2": s.area_m2} for s in parts.fallback_log.steps]
        return parts

    def _selected_rows(self, layer: Layer, rows: NDArray | None) -> NDArray | None:
        """Return the selected rows that the focus of the run includes."""
        focused = self.focus.rows.get(layer.role) if self.focus is not None else None
        return rows if focused is None else focused if rows is None else rows & focused

    def county(self) -> tuple[Layer, Polygons] | None:
        """Return the county layer and its outline as one row.

        None without a county layer. If the union of the outline fails, return None; the rule reports the check
        as not done.
        """
        county = self.plan.county_shape()
        if county is None or county[1].shapes[0] is not None:
            return county
        self.log.outline_failed = self.log.outline_failed or not county[0].has_no_geometry
        return None

    def uncovered_shape(self, a: Layer, shape: Polygons, b: Layer, *, row: int = -1) -> Parts:
        """Return the connected parts of an outline of ``a`` that ``b`` does not cover.

        ``shape``: the outline, one row. ``row``: the row of ``a`` that contains the outline, −1 for the whole layer.
        """
        parts = find_uncovered_parts(shape, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation)
        slivers = parts.slivers
        self.log.ignore(Slivers(slivers.geometry, np.full(len(slivers.left), row), slivers.right), a, b)
        self.log.outline_failed = self.log.outline_failed or bool(parts.fallback_log.failed)
        self.log.steps += [{"step": s.name, "area_m2": s.area_m2} for s in parts.fallback_log.steps]
        return parts

    def joined(self, shapes: Iterable[Any]) -> Any:
        """Return the union of all shapes, for a finding on several rows.

        Polygons take precedence over points and lines. Return None without shapes, and a geometry collection if the
        union fails.
        """
        array = _array(shapes)
        array = array[~(shapely.is_missing(array) | shapely.is_empty(array))]
        areas = array[shapely.get_dimensions(array) == 2]
        if not len(areas):
            return shapely.union_all(array) if len(array) else None
        joined = union_rows(Polygons(areas), tolerance=self.tolerance)
        return shapely.geometrycollections(list(areas)) if joined is None else joined


def _array(shapes: Iterable[Any]) -> NDArray:
    """Return (k,) geometries; multi-part geometries stay one element each."""
    listed = list(shapes)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
