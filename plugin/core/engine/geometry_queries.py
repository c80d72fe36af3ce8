# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometry queries on the layers of a run, with the run's tolerance.

Slivers left out and failed computations are recorded in the run's log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.coverage import VertexMismatches, find_gaps, find_mismatches_both_ways, find_vertices_missing_on_edges
from ..geometry.overlay import (
    PointLineParts,
    find_point_line_parts_inside,
    find_point_line_parts_outside,
    find_shared_parts,
    find_uncovered_parts,
)
from ..geometry.overlay_fallback import FallbackLog
from ..geometry.parts import OverlayParts, SliverParts, remove_repeated_land
from ..geometry.polygons import Polygons, union_polygon_rows
from ..geometry.shared_areas import SharedAreas, find_shared_areas
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.tolerance import Tolerance
from ..invariants import require_value
from ..model.rule import Severity
from ..plan.layer import Layer
from ..plan.plan import Plan, RecheckFocus
from .run_log import RunLog

# Areas of parts cut out of a layer, and their shares of the rows that they belong to.
#
# A single part (a finding's area) is measured as drawn (`statutory_area.compute_drawn_area`). A part that is a whole
# row has the row's statutory area, computed from its stored vertices. Shares serve figures that must sum to those of
# the rows (by township, by zone, by land use; net areas). For a share, part and row are measured in the same way, so
# that the shares of a row never exceed the row.

#: Areas of (k,) shapes of the plane, as drawn.
AreaMeasure = Callable[[NDArray], NDArray]
#: Largest planar area (m², and as a share) and distance (m) by which parts may differ from the row that they compose:
#: rounding of GEOS.
_ROUNDING_M2, _ROUNDING_SHARE, _ROUNDING_M = 1e-3, 1e-11, 1e-3


def compute_part_areas(parts: OverlayParts, a: Layer, b: Layer | None, measure: AreaMeasure) -> NDArray:
    """Return (k,) areas in m² of parts of rows of ``a`` and ``b``.

    `OverlayParts.left` are rows of ``a``, `OverlayParts.right` rows of ``b``. ``measure`` gives the area of a part as
    drawn. Where the parts of a pair of rows together are a whole row, they get that row's statutory area, divided by
    their drawn areas.
    """
    areas = np.zeros(len(parts))
    if not len(parts):
        return areas
    pair = np.unique(np.column_stack([parts.left, parts.right]), axis=0, return_inverse=True)[1].ravel()
    only_part = np.bincount(pair)[pair] == 1
    row_areas = np.full(len(parts), np.nan)
    for layer, rows in ((b, parts.right), (a, parts.left)):
        if layer is not None:
            is_whole = _find_whole_row_parts(parts, pair, layer, rows)
            row_areas[is_whole] = layer.measure_rows(rows[is_whole])
    is_single_part = only_part & ~np.isnan(row_areas)
    areas[is_single_part] = row_areas[is_single_part]
    areas[~is_single_part] = measure(parts.geometry[~is_single_part])
    multiple = ~only_part & ~np.isnan(row_areas)
    total = np.bincount(pair, areas)[pair]
    areas[multiple] *= row_areas[multiple] / total[multiple]
    return areas


def compute_part_shares_of_rows(parts: OverlayParts, a: Layer, measure: AreaMeasure) -> NDArray:
    """Return the (k,) share that each part has of the area of its row of ``a``.

    Areas are measured as drawn. The shares of a row sum to 1 where its parts cover it exactly once.
    """
    return _compute_shares(parts.left, parts.area, a, measure, lambda kept: measure(parts.geometry[kept]))


def compute_area_shares_of_rows(shared: SharedAreas, a: Layer, b: Layer, measure: AreaMeasure) -> NDArray:
    """Return the (k,) share that each shared area has of its row of ``a``, as `compute_part_shares_of_rows`."""

    def measure_pairs(kept: NDArray) -> NDArray:
        areas = shared.drawn_area[kept]
        is_whole_row = np.isnan(areas)
        left, right = shared.left[kept][is_whole_row], shared.right[kept][is_whole_row]
        is_left = a.plane_areas[left] <= b.plane_areas[right]
        areas[is_whole_row] = measure(np.where(is_left, a.plane_shapes[left], b.plane_shapes[right]))
        return areas

    return _compute_shares(shared.left, shared.area, a, measure, measure_pairs)


def _compute_shares(
    rows: NDArray, planar_areas: NDArray, a: Layer, measure: AreaMeasure, measure_parts: Callable[[NDArray], NDArray]
) -> NDArray:
    """Return (k,) shares of parts in their ``rows`` of ``a``.

    ``planar_areas`` (k,) m²; ``measure_parts`` returns the areas as drawn of the parts that it gets ((k,) bool).
    """
    covered_areas = np.bincount(rows, planar_areas, minlength=len(a))[rows]
    row_areas = shapely.area(a.plane_shapes[rows])
    covered_once = np.abs(covered_areas - row_areas) <= _ROUNDING_M2 + _ROUNDING_SHARE * row_areas
    shares = np.ones(len(rows))
    needs_measuring = ~(covered_once & (np.bincount(rows, minlength=len(a))[rows] == 1))
    if not needs_measuring.any():
        return shares
    areas = measure_parts(needs_measuring)
    part_sums = np.bincount(rows[needs_measuring], areas, minlength=len(a))[rows[needs_measuring]]
    # Measure the whole row as well if its parts do not compose it or cover some of it twice.
    rows_to_measure, row_index = np.unique(rows[needs_measuring & ~covered_once], return_inverse=True)
    total = part_sums
    total[~covered_once[needs_measuring]] = measure(a.plane_shapes[rows_to_measure])[row_index.ravel()]
    shares[needs_measuring] = np.divide(areas, total, out=np.zeros(len(areas)), where=total > 0)
    return shares


def _find_whole_row_parts(parts: OverlayParts, pair: NDArray, layer: Layer, rows: NDArray) -> NDArray:
    """Return (k,) bool: parts whose pair of rows together covers one row completely.

    ``pair``: number of each part's pair of rows; ``rows``: row of ``layer`` of each part. Area and bounds are
    compared, because land between rows or in a hole of a row may have the same area.
    """
    is_whole = np.zeros(len(parts), dtype=bool)
    positions = np.flatnonzero(rows >= 0)
    pair_areas, row_areas = (
        np.bincount(pair, parts.area)[pair[positions]],
        shapely.area(layer.plane_shapes[rows[positions]]),
    )
    equal_area = positions[np.abs(pair_areas - row_areas) <= _ROUNDING_M2 + _ROUNDING_SHARE * row_areas]
    if not len(equal_area):
        return is_whole
    bounds = shapely.bounds(parts.geometry[equal_area]).reshape(-1, 4)
    extent = np.full((int(pair.max()) + 1, 4), np.inf)
    np.minimum.at(extent, pair[equal_area], bounds * (1, 1, -1, -1))
    bounds_difference = np.abs(
        extent[pair[equal_area]] * (1, 1, -1, -1) - shapely.bounds(layer.plane_shapes[rows[equal_area]]).reshape(-1, 4)
    )
    is_whole[equal_area] = bounds_difference.max(axis=1) <= _ROUNDING_M
    return is_whole


class AreaShares(NamedTuple):
    """Areas that rows of two layers share, sorted by both rows.

    ``left``, ``right`` (k,): rows; ``area`` (k,): planar m², slivers included; ``share`` (k,): share of the left row,
    on the ellipsoid.
    """

    left: NDArray
    right: NDArray
    area: NDArray
    share: NDArray


@dataclass
class GeometryQueries:
    """Geometry queries of a run.

    Areas are m² on the statutory ellipsoid, lengths m, shapes in the plan's plane. Each query raises Cancelled. A
    focus limits queries to the rows around an edit.
    """

    plan: Plan
    tolerance: Tolerance
    cancellation: Cancellation
    recheck_focus: RecheckFocus | None
    run_log: RunLog

    def measure_statutory_areas(self, shapes: Iterable[Any]) -> NDArray:
        """Return the areas (m², on the ellipsoid) of shapes within their edges as drawn.

        The shapes are in the plan's plane. Use `Layer.statutory` for whole features: it measures stored vertices. Use
        `compute_part_areas` for parts that may be whole features.
        """
        return compute_drawn_area(
            _make_geometry_array(shapes), crs_care.make_lonlat_transformer(self.plan.plane_crs), self.cancellation
        )

    def compute_part_areas(self, parts: OverlayParts, a: Layer, b: Layer | None = None) -> NDArray:
        """Return the (k,) areas of parts in m²: as drawn, or statutory for a whole row.

        ``left`` of the parts are rows of ``a``, ``right`` rows of ``b``.
        """
        return compute_part_areas(parts, a, b, self.measure_statutory_areas)

    def remove_repeated_land(self, parts: OverlayParts) -> OverlayParts:
        """Return parts without the land of earlier parts, so that sums count each place once.

        Parts overlap where rows of a layer do.
        """
        return remove_repeated_land(parts, self.cancellation)

    def compute_part_shares_of_rows(self, parts: OverlayParts, a: Layer) -> NDArray:
        """Return the (k,) share that each part has of its row of ``a``.

        The shares of a row sum to 1 where its parts cover it exactly once.
        """
        return compute_part_shares_of_rows(parts, a, self.measure_statutory_areas)

    def find_shared_parts(
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
    ) -> OverlayParts:
        """Return the land shared by rows of ``a`` and ``b``, or by rows within ``a``.

        ``rows_a``, ``rows_b`` ((n,) bool) limit the rows. ``pairs(left, right)`` returns (k,) bool and limits the
        pairs. ``connected``: return each connected part of a pair separately. Slivers (areas below the tolerance) are
        left out and logged; if their sum exceeds a limit, the finding on it has at most ``severity`` (None: the rule's
        severity). ``measured``: keep slivers, for a figure.
        """
        if b is not None:
            rows_a, rows_b = self._limit_rows_to_recheck_focus(a, rows_a), self._limit_rows_to_recheck_focus(b, rows_b)
        right = None if b is None else b.polygons
        # Within a layer, an edit changes only the pairs with a changed row.
        focus = self._limit_rows_to_recheck_focus(a, None) if b is None else None
        parts = find_shared_parts(
            a.polygons,
            right,
            rows_a=rows_a,
            rows_b=rows_b,
            focus=focus,
            connected=connected,
            keep_slivers=measured,
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        if pairs is not None:
            parts = parts.select_pairs(pairs)
        self.run_log.record_fallbacks(parts.fallback_log, a, b or a)
        self.run_log.record_ignored_slivers(parts.slivers, a, b or a, severity=severity)
        return parts

    def find_shared_areas(
        self, a: Layer, b: Layer, *, rows_a: NDArray | None = None, rows_b: NDArray | None = None
    ) -> AreaShares:
        """Return the areas that rows of ``a`` and ``b`` share, for a figure; use this where no shape is needed.

        ``rows_a``, ``rows_b`` ((n,) bool) limit the rows. The shares of a row sum to 1 where rows of ``b`` cover it
        exactly once.
        """
        shared = find_shared_areas(
            a.polygons,
            b.polygons,
            tolerance=self.tolerance,
            plane=self.plan.equal_area_plane,
            rows_a=self._limit_rows_to_recheck_focus(a, rows_a),
            rows_b=self._limit_rows_to_recheck_focus(b, rows_b),
            cancellation=self.cancellation,
        )
        self.run_log.record_fallbacks(shared.fallback_log, a, b)
        share = compute_area_shares_of_rows(shared, a, b, self.measure_statutory_areas)
        return AreaShares(shared.left, shared.right, shared.area, share)

    def find_uncovered(
        self,
        a: Layer,
        b: Layer,
        cover: Polygons | None = None,
        *,
        rows: NDArray | None = None,
        cover_rows: NDArray | None = None,
        measured: bool = False,
        severity: Severity | None = None,
    ) -> OverlayParts:
        """Return the connected parts of rows of ``a`` that ``b`` does not cover.

        ``rows`` and ``cover_rows`` ((n,) bool) limit the rows of ``a`` and of the cover. ``cover``: use these polygons
        instead of all of ``b``. Slivers are left out and logged; if their sum exceeds a limit, the finding on it has
        at most ``severity`` (None: the rule's severity). ``measured``: keep slivers, for a figure.
        """
        parts = find_uncovered_parts(
            a.polygons,
            b.polygons if cover is None else cover,
            rows=self._limit_rows_to_recheck_focus(a, rows),
            cover_rows=cover_rows,
            keep_slivers=measured,
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        self.run_log.record_fallbacks(parts.fallback_log, a, None)
        self.run_log.record_ignored_slivers(parts.slivers, a, b, severity=severity)
        return parts

    def find_uncovered_in_shapes(
        self,
        a: Layer,
        rows: NDArray,
        shapes: NDArray,
        b: Layer | None,
        cover: Polygons | None = None,
        *,
        severity: Severity | None = None,
    ) -> OverlayParts:
        """Return the connected parts of (k,) polygons that ``b`` does not cover.

        Polygon k is within row ``rows[k]`` of ``a``; ``left`` of a part is k. ``cover``: use these polygons instead of
        all of ``b``. With ``b``, slivers are left out and logged, for a finding of at most ``severity`` on their sum;
        without ``b`` they are kept.
        """
        polygons = require_value(b.polygons if cover is None and b is not None else cover, "what covers the polygons")
        parts = find_uncovered_parts(
            Polygons(shapes), polygons, keep_slivers=b is None, tolerance=self.tolerance, cancellation=self.cancellation
        )
        fallback_log = parts.fallback_log
        if b is not None:
            row_slivers = SliverParts(
                parts.slivers.polygons, np.asarray(rows)[parts.slivers.left_row], parts.slivers.right_row
            )
            self.run_log.record_ignored_slivers(row_slivers, a, b, severity=severity)
        self.run_log.fallback_steps += [
            {"step": step.method_name, "role": a.role, "key": a.keys[rows[step.left_row]], "area_m2": step.area_m2}
            for step in fallback_log.steps
        ]
        self.run_log.failed_pairs += [(a, int(rows[i]), None, -1) for i, _ in fallback_log.failed_pairs]
        return parts

    def find_point_line_parts_inside(self, a: Layer, b: Layer) -> PointLineParts:
        """Return the parts of points or lines of ``a`` inside the polygons of ``b``.

        Parts on an edge of a polygon are not inside.
        """
        return find_point_line_parts_inside(a.plane_shapes, b.plane_shapes, self.tolerance.edge_match_m)

    def find_point_line_parts_outside(self, a: Layer, b: Layer, cover: Polygons | None = None) -> PointLineParts:
        """Return the parts of points or lines of ``a`` outside the polygons of ``b``.

        Parts on an edge of a polygon are not outside. ``cover``: use these polygons instead of all of ``b``.
        """
        polygons = b.plane_shapes if cover is None else cover.shapes
        return find_point_line_parts_outside(a.plane_shapes, polygons, self.tolerance.edge_match_m)

    def find_gaps(
        self, a: Layer, max_width_m: float, *, pairs: Callable[[NDArray, NDArray], NDArray] | None = None
    ) -> OverlayParts:
        """Return the gaps up to ``max_width_m`` m wide that the rows of a layer enclose.

        ``left`` and ``right`` of a gap: two adjacent rows, −1 for a missing one. ``pairs(left, right)`` returns (k,)
        bool and limits the result to gaps between such rows.
        """
        parts = self._find_gaps_and_log_fallbacks(a.polygons, max_width_m, a)
        if pairs is not None:
            parts = parts.select_pairs(pairs)
        self.run_log.record_ignored_slivers(parts.slivers, a, a)
        return parts

    def find_gaps_between(self, a: Layer, b: Layer, max_width_m: float) -> OverlayParts:
        """Return gaps up to ``max_width_m`` m wide that rows of both layers enclose together.

        ``left`` of a gap is an adjacent row of ``a``, ``right`` one of ``b``.
        """
        unions = [self._unite_layer(layer) for layer in (a, b)]
        blocks = shapely.get_parts(np.array([union for union in unions if union is not None], dtype=object))
        parts = self._find_gaps_and_log_fallbacks(Polygons(blocks), max_width_m, a)
        parts.left, parts.right = (
            self._find_first_touching_rows(a, parts.geometry),
            self._find_first_touching_rows(b, parts.geometry),
        )
        slivers = parts.slivers
        slivers.left_row, slivers.right_row = (
            self._find_first_touching_rows(a, slivers.polygons),
            self._find_first_touching_rows(b, slivers.polygons),
        )
        parts = parts.select_pairs(lambda left, right: (left >= 0) & (right >= 0))
        self.run_log.record_ignored_slivers(parts.slivers, a, b)
        return parts

    def _unite_layer(self, layer: Layer) -> Any:
        """Return the union of all rows of a layer; None if the layer is empty.

        None also if the union fails: the log then marks the outline as failed, and callers report the check as not
        done.
        """
        fallback_log = FallbackLog()
        union = union_polygon_rows(layer.polygons, tolerance=self.tolerance, fallback_log=fallback_log)
        self.run_log.has_failed_outline = self.run_log.has_failed_outline or bool(fallback_log.failed_pairs)
        self.run_log.fallback_steps += [
            {"step": step.method_name, "role": layer.role, "area_m2": step.area_m2} for step in fallback_log.steps
        ]
        return union

    def _find_first_touching_rows(self, layer: Layer, shapes: Iterable[Any]) -> NDArray:
        """Return (k,) the first row of a layer within the cluster tolerance of each shape.

        −1 if no row is that near.
        """
        rows, shapes = layer.polygons.present, _make_geometry_array(shapes)
        k, i = shapely.STRtree(layer.plane_shapes[rows]).query(
            shapes, predicate="dwithin", distance=self.tolerance.cluster_m
        )
        first_rows = np.full(len(shapes), len(layer))
        np.minimum.at(first_rows, k, rows[i])
        return np.where(first_rows < len(layer), first_rows, -1)

    def find_rows_at_shapes(self, layer: Layer, shapes: Iterable[Any]) -> tuple[list[list[int]], list[list[int]]]:
        """Return for each polygon the rows of a layer that share land with it, and those that only touch it.

        The first are sorted by shared area (mm²), the largest first, then by key; the others by key. The order does
        not depend on the order of the rows, which a check of edits changes. Slivers do not count; the run's log
        records nothing, because the rows serve the words of a message.
        """
        shape_array = _make_geometry_array(shapes)
        parts = find_shared_parts(
            Polygons(shape_array), layer.polygons, tolerance=self.tolerance, cancellation=self.cancellation
        )
        rows_on: list[list[int]] = [[] for _ in shape_array]
        for n in sorted(
            range(len(parts.area)), key=lambda n: (-round(float(parts.area[n]), 6), layer.keys[parts.right[n]])
        ):
            rows_on[int(parts.left[n])].append(int(parts.right[n]))
        rows_on = [list(dict.fromkeys(rows)) for rows in rows_on]
        rows_with_shape = layer.polygons.present
        k, i = shapely.STRtree(layer.plane_shapes[rows_with_shape]).query(
            shape_array, predicate="dwithin", distance=self.tolerance.edge_match_m
        )
        rows_next: list[list[int]] = [[] for _ in shape_array]
        for shape, row in sorted(zip(k.tolist(), rows_with_shape[i].tolist(), strict=True)):
            if row not in rows_on[shape]:
                rows_next[shape].append(row)
        return rows_on, [sorted(rows, key=lambda row: layer.keys[row]) for rows in rows_next]

    def find_vertex_mismatches(self, a: Layer) -> VertexMismatches:
        """Return vertices of ``a`` on or near a neighbouring row's edge.

        The edge has no vertex there. Both rows belong to ``a``.
        """
        return self._select_mismatches_at_stored_vertices(
            find_vertices_missing_on_edges(a.polygons, tolerance=self.tolerance, cancellation=self.cancellation)
        )

    def find_mismatches_both_ways(self, a: Layer, b: Layer) -> tuple[VertexMismatches, VertexMismatches]:
        """Return vertices of one layer on or near edges of the other layer.

        The edge has no vertex there. The first result has edges of ``a``, the second edges of ``b``.
        """
        of_a, of_b = find_mismatches_both_ways(
            a.polygons, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation
        )
        return self._select_mismatches_at_stored_vertices(of_a), self._select_mismatches_at_stored_vertices(of_b)

    def _select_mismatches_at_stored_vertices(self, mismatches: VertexMismatches) -> VertexMismatches:
        """Return the mismatches whose vertex is stored in a layer.

        Vertices that only densification added are dropped, since no other layer can match them.
        """
        return mismatches.select_mismatches(self.plan.mask_stored_vertices(mismatches.vertex_xy))

    def _find_gaps_and_log_fallbacks(self, polygons: Polygons, max_width_m: float, layer: Layer) -> OverlayParts:
        parts = find_gaps(polygons, tolerance=self.tolerance, max_width_m=max_width_m, cancellation=self.cancellation)
        self.run_log.has_failed_outline = self.run_log.has_failed_outline or bool(parts.fallback_log.failed_pairs)
        self.run_log.fallback_steps += [
            {"step": step.method_name, "role": layer.role, "area_m2": step.area_m2} for step in parts.fallback_log.steps
        ]
        return parts

    def _limit_rows_to_recheck_focus(self, layer: Layer, rows: NDArray | None) -> NDArray | None:
        """Return the rows that both the caller and the focus of the run select.

        (n,) bool; None selects all rows.
        """
        focused = self.recheck_focus.row_mask_by_role.get(layer.role) if self.recheck_focus is not None else None
        return rows if focused is None else focused if rows is None else rows & focused

    def get_county_outline(self) -> tuple[Layer, Polygons] | None:
        """Return the county layer and its outline as a single polygon row.

        None without a county layer. None also if the union of its rows fails: the log then marks the outline as
        failed, and the rule reports the check as not done.
        """
        county = self.plan.compute_county_shape()
        if county is None or county[1].shapes[0] is not None:
            return county
        self.run_log.has_failed_outline = self.run_log.has_failed_outline or not county[0].has_no_geometry
        return None

    def find_uncovered_outline(self, a: Layer, shape: Polygons, b: Layer, *, row: int = -1) -> OverlayParts:
        """Return the connected parts of an outline of ``a`` that ``b`` does not cover.

        ``shape``: the outline as a single row. ``row``: the row of ``a`` that contains the outline, −1 for an outline
        of the whole layer. Slivers are left out and logged.
        """
        parts = find_uncovered_parts(shape, b.polygons, tolerance=self.tolerance, cancellation=self.cancellation)
        slivers = parts.slivers
        self.run_log.record_ignored_slivers(
            SliverParts(slivers.polygons, np.full(len(slivers.left_row), row), slivers.right_row), a, b
        )
        self.run_log.has_failed_outline = self.run_log.has_failed_outline or bool(parts.fallback_log.failed_pairs)
        self.run_log.fallback_steps += [
            {"step": step.method_name, "area_m2": step.area_m2} for step in parts.fallback_log.steps
        ]
        return parts

    def unite_shapes(self, shapes: Iterable[Any]) -> Any:
        """Return the union of shapes, as the geometry of a finding on several rows.

        Points and lines are dropped if there is a polygon. Return None without shapes, and a geometry collection of
        the polygons if the union fails.
        """
        present_shapes = _make_geometry_array(shapes)
        present_shapes = present_shapes[~(shapely.is_missing(present_shapes) | shapely.is_empty(present_shapes))]
        areas = present_shapes[shapely.get_dimensions(present_shapes) == 2]
        if not len(areas):
            return shapely.union_all(present_shapes) if len(present_shapes) else None
        union = union_polygon_rows(Polygons(areas), tolerance=self.tolerance)
        return shapely.geometrycollections(list(areas)) if union is None else union


def _make_geometry_array(shapes: Iterable[Any]) -> NDArray:
    """Return geometries as a (k,) object array; a multi-part geometry is one element."""
    shape_list = list(shapes)
    array = np.empty(len(shape_list), dtype=object)
    array[:] = shape_list
    return array
