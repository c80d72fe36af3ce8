# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometry queries on the layers of a run, with the run's tolerance.

Slivers left out and failed computations are recorded in the run's log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import Cancellation, require_value
from ..geometry import crs as crs_care
from ..geometry.coverage import VertexMismatches, find_gaps, find_mismatches_both_ways, find_vertices_missing_on_edges
from ..geometry.intersection_areas import find_shared_areas
from ..geometry.overlay import (
    PointLinePieces,
    choose_uncovered_method,
    find_point_line_pieces_inside,
    find_point_line_pieces_outside,
    find_shared_pieces,
    find_uncovered_pieces,
    is_right_finer,
)
from ..geometry.overlay_fallback import FallbackLog
from ..geometry.overlay_pieces import OverlayPieces, Slivers, remove_repeated_land
from ..geometry.polygons import Polygons, union_polygon_rows
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, make_shape_array
from ..model.rule import Severity
from ..plan.layer import Layer
from ..plan.plan import Plan, RecheckFocus
from .input_digest import compute_value_digest, get_shape_digest
from .kept_results import KeptResults, OverlayQuery, QueriedRows, find_or_compute_values, find_or_overlay
from .run_log import RunLog

# Areas of pieces cut out of a layer, and their shares of the rows that they belong to.
#
# A single piece (a finding's area) is measured as drawn (`statutory_area.compute_drawn_area`). A piece that is a whole
# row has the row's statutory area, computed from its stored vertices. Shares serve figures that must sum to those of
# the rows (by township, by zone, by land use; net areas). For a share, piece and row are measured in the same way, so
# that the shares of a row never exceed the row.

#: Areas of (k,) shapes of the plane, as drawn.
AreaMeasure = Callable[[NDArray], NDArray]
#: Largest planar area (m², and as a share) and distance (m) by which pieces may differ from the row that they compose:
#: rounding of GEOS.
_ROUNDING_M2, _ROUNDING_SHARE, _ROUNDING_M = 1e-3, 1e-11, 1e-3
#: Decimals (m, m²) to which places of pieces are compared.
_PLACE_DECIMALS = 4


def compute_piece_shares_of_rows(
    pieces: OverlayPieces,
    layer: Layer,
    measure: AreaMeasure,
    drawn_areas: NDArray | None = None,
    measure_rows: AreaMeasure | None = None,
) -> NDArray:
    """Return the (k,) share that each piece has of the area of its row of ``layer``, its left row.

    Areas are measured as drawn. The shares of a row sum to 1 where its pieces cover it exactly once. ``measure``:
    returns the (k,) drawn areas of (k,) shapes; ``drawn_areas``: (k,) drawn areas of the pieces, if they are known;
    ``measure_rows``: returns the drawn areas of rows of the layer, if that needs no measuring of their shapes.
    """
    return _compute_shares(
        pieces.left,
        pieces.area,
        layer,
        measure_rows or (lambda rows: measure(layer.plane_shapes[rows])),
        lambda is_selected: measure(pieces.geometry[is_selected]) if drawn_areas is None else drawn_areas[is_selected],
    )


def _compute_shares(
    rows: NDArray,
    planar_areas: NDArray,
    layer: Layer,
    measure_rows: Callable[[NDArray], NDArray],
    measure_pieces: Callable[[NDArray], NDArray],
) -> NDArray:
    """Return the (k,) share that each piece has of its row of ``layer``.

    ``rows``, ``planar_areas`` (k,): row and planar area (m²) of each piece; ``measure_rows``: returns the drawn areas
    of rows; ``measure_pieces``: returns the drawn areas of the pieces that a (k,) bool array selects.
    """
    covered_areas = np.bincount(rows, planar_areas, minlength=len(layer))[rows]
    row_areas = shapely.area(layer.plane_shapes[rows])
    covered_once = np.abs(covered_areas - row_areas) <= _ROUNDING_M2 + _ROUNDING_SHARE * row_areas
    shares = np.ones(len(rows))
    needs_measuring = ~(covered_once & (np.bincount(rows, minlength=len(layer))[rows] == 1))
    if not needs_measuring.any():
        return shares
    areas = measure_pieces(needs_measuring)
    piece_sums = np.bincount(rows[needs_measuring], areas, minlength=len(layer))[rows[needs_measuring]]
    # Measure the whole row as well if its pieces do not compose it or cover some of it twice.
    rows_to_measure, row_index = np.unique(rows[needs_measuring & ~covered_once], return_inverse=True)
    total = piece_sums
    total[~covered_once[needs_measuring]] = measure_rows(rows_to_measure)[row_index.ravel()]
    shares[needs_measuring] = np.divide(areas, total, out=np.zeros(len(areas)), where=total > 0)
    return shares


def _mask_pieces_of_whole_rows(pieces: OverlayPieces, pair: NDArray, layer: Layer, rows: NDArray) -> NDArray:
    """Return (k,) bool: pieces whose pair of rows together covers one row completely.

    ``pair``: number of each piece's pair of rows; ``rows``: row of ``layer`` of each piece. Area and bounds are
    compared, because land between rows or in a hole of a row may have the same area.
    """
    is_whole = np.zeros(len(pieces), dtype=bool)
    positions = np.flatnonzero(rows >= 0)
    pair_areas, row_areas = (
        np.bincount(pair, pieces.area)[pair[positions]],
        shapely.area(layer.plane_shapes[rows[positions]]),
    )
    equal_area = positions[np.abs(pair_areas - row_areas) <= _ROUNDING_M2 + _ROUNDING_SHARE * row_areas]
    if not len(equal_area):
        return is_whole
    bounds = shapely.bounds(pieces.geometry[equal_area]).reshape(-1, 4)
    extent = np.full((int(pair.max()) + 1, 4), np.inf)
    np.minimum.at(extent, pair[equal_area], bounds * (1, 1, -1, -1))
    bounds_difference = np.abs(
        extent[pair[equal_area]] * (1, 1, -1, -1) - shapely.bounds(layer.plane_shapes[rows[equal_area]]).reshape(-1, 4)
    )
    is_whole[equal_area] = bounds_difference.max(axis=1) <= _ROUNDING_M
    return is_whole


class AreaShares(NamedTuple):
    """Areas that rows of two layers share, sorted by row of the left and of the right layer.

    ``left``, ``right`` (k,): rows; ``area`` (k,): planar m², slivers included; ``share`` (k,): share of the left row's
    area, on the ellipsoid.
    """

    left: NDArray
    right: NDArray
    area: NDArray
    share: NDArray


@dataclass
class GeometryQueries:
    """Geometry queries that rules send to the layers of a run.

    Areas are m² on the ellipsoid, lengths m, shapes in the plan's plane. Each query raises Cancelled. A focus limits
    queries to the rows around an edit. Slivers and failed overlays are recorded in the run's log. ``kept_results``:
    results of earlier checks, while a rule of a check with a memory runs.
    """

    plan: Plan
    tolerance: Tolerance
    cancellation: Cancellation
    recheck_focus: RecheckFocus | None
    run_log: RunLog
    kept_results: KeptResults | None = None

    def compute_or_reuse_row_values(
        self,
        name: str,
        layer: Layer,
        other_layer: Layer,
        compute: Callable[[NDArray | None], NDArray],
        *,
        refers_to_other: bool = False,
    ) -> NDArray:
        """Return (n,) values of a layer's rows; those that an earlier check has computed are not computed again.

        ``name``: of the values. A value depends only on geometries of the two layers whose boxes meet the box of its
        row, and on nothing else of the layers. ``compute``: returns (k,) values of the rows with these numbers ((k,)
        int), or of all rows for None, and must not write to the log. ``refers_to_other``: values are rows of
        ``other_layer``, −1 for none. Raises Cancelled.
        """
        if not self._keeps_results_of(layer, other_layer):
            return compute(None)
        kept_results = require_value(self.kept_results, "the kept results")
        run_settings = (self.plan.plane_crs, self.tolerance)
        return find_or_compute_values(kept_results, name, (layer, other_layer), compute, refers_to_other, run_settings)

    def _keeps_results_of(self, *layers: Layer) -> bool:
        """Return True if results of queries on these layers are kept for the next check."""
        # Only layers of the plan and of side inputs have a digest; computing it for others would take too long.
        is_known = all(layer.stored_digest is not None for layer in layers)
        return self.kept_results is not None and is_known and self.recheck_focus is None

    def _find_or_overlay(self, query: OverlayQuery) -> OverlayPieces:
        """Return the pieces of an overlay: computed, or those of an earlier check, updated where rows have changed."""
        if not self._keeps_results_of(*[side.layer for side in query.sides]):
            return query.compute()
        kept_results = require_value(self.kept_results, "the kept results")
        return find_or_overlay(kept_results, query, (self.plan.plane_crs, self.tolerance))

    def measure_drawn_areas(self, shapes: Iterable[Any]) -> NDArray:
        """Return the (k,) drawn areas (m², on the ellipsoid) of shapes in the plan's plane.

        Use `Layer.statutory` for whole features: it measures stored vertices. Use `compute_piece_areas` for pieces that
        may be whole features.
        """
        return compute_drawn_area(
            make_shape_array(*shapes), crs_care.make_lonlat_transformer(self.plan.plane_crs), self.cancellation
        )

    def compute_piece_areas(
        self, pieces: OverlayPieces, left_layer: Layer, right_layer: Layer | None = None
    ) -> NDArray:
        """Return the (k,) areas of pieces in m², so that pieces that make up whole rows sum to the rows' areas.

        A piece has its area as drawn. Where the pieces of a pair of rows together are a whole row, they get that row's
        statutory area, divided in proportion to their drawn areas.

        `OverlayPieces.left` are rows of ``left_layer``, `OverlayPieces.right` rows of ``right_layer``.
        """
        areas = np.zeros(len(pieces))
        if not len(pieces):
            return areas
        pair = np.unique(np.column_stack([pieces.left, pieces.right]), axis=0, return_inverse=True)[1].ravel()
        is_only_piece = np.bincount(pair)[pair] == 1
        row_areas = np.full(len(pieces), np.nan)
        for layer, rows in ((right_layer, pieces.right), (left_layer, pieces.left)):
            if layer is not None:
                is_whole = _mask_pieces_of_whole_rows(pieces, pair, layer, rows)
                row_areas[is_whole] = layer.measure_rows(rows[is_whole])
        is_single_piece = is_only_piece & ~np.isnan(row_areas)
        areas[is_single_piece] = row_areas[is_single_piece]
        areas[~is_single_piece] = self.measure_drawn_areas(pieces.geometry[~is_single_piece])
        multiple = ~is_only_piece & ~np.isnan(row_areas)
        areas[multiple] *= row_areas[multiple] / np.bincount(pair, areas)[pair][multiple]
        return areas

    def remove_repeated_land(self, pieces: OverlayPieces, *layers: Layer) -> OverlayPieces:
        """Return pieces without the land of earlier pieces; sums count each place once.

        Pieces overlap where rows of a layer do. The place of a piece decides which one is earlier, then the keys of its
        rows in ``layers`` (of `OverlayPieces.left`, `OverlayPieces.right`); the order of rows does not.
        """
        names = [
            np.unique([layer.keys[row] for row in rows.tolist()], return_inverse=True)[1]
            for layer, rows in zip(layers, (pieces.left, pieces.right), strict=False)
        ]
        # Rounded: the last digits differ between zones, and would decide between pieces that end on one edge.
        bounds = np.round(shapely.bounds(pieces.geometry).reshape(-1, 4), _PLACE_DECIMALS)
        by_place = np.lexsort([*reversed(names), np.round(pieces.area, _PLACE_DECIMALS), *bounds.T])
        return remove_repeated_land(pieces.select(by_place), self.cancellation)

    def compute_piece_shares_of_rows(self, pieces: OverlayPieces, layer: Layer) -> NDArray:
        """Return the (k,) share that each piece has of its row of ``layer``, its left row.

        The shares of a row sum to 1 where its pieces cover it exactly once.
        """
        return compute_piece_shares_of_rows(pieces, layer, self.measure_drawn_areas)

    def find_shared_pieces(
        self,
        left_layer: Layer,
        right_layer: Layer | None = None,
        *,
        left_rows: NDArray | None = None,
        right_rows: NDArray | None = None,
        splits_connected: bool = False,
        is_pair_selected: Callable[[NDArray, NDArray], NDArray] | None = None,
        keep_slivers: bool = False,
        severity: Severity | None = None,
    ) -> OverlayPieces:
        """Return the pieces of land that rows of two layers share, or rows within one layer.

        Parameters
        ----------
        left_layer, right_layer
            The layers; without ``right_layer``, rows of ``left_layer`` are compared with each other.
        left_rows, right_rows
            (n,), (m,) bool: the rows to compare; None for all.
        splits_connected
            Return each connected polygon of a pair as a piece; otherwise all land of a pair is one piece.
        is_pair_selected
            Called with the left and right rows of the pairs ((k,) int each), returns (k,) bool: the pairs to return.
        keep_slivers
            Keep slivers (areas below the tolerance) among the pieces, for a figure; otherwise they are logged.
        severity
            Highest severity of the finding that reports a too large sum of logged slivers; None: the rule's severity.
        """
        if right_layer is not None:
            left_rows = self._limit_rows_to_recheck_focus(left_layer, left_rows)
            right_rows = self._limit_rows_to_recheck_focus(right_layer, right_rows)
        # Within a layer, an edit changes only the pairs with a changed row.
        edited_rows = self._limit_rows_to_recheck_focus(left_layer, None) if right_layer is None else None
        recomputes_right = right_layer is not None and is_right_finer(left_layer.polygons, right_layer.polygons)

        pieces = self._find_or_overlay(
            OverlayQuery(
                "shared pieces",
                QueriedRows(left_layer, left_layer.polygons, left_rows),
                None if right_layer is None else QueriedRows(right_layer, right_layer.polygons, right_rows),
                (splits_connected, keep_slivers, recomputes_right),
                lambda left, left_rows, right, right_rows, focus: find_shared_pieces(
                    left,
                    right,
                    left_rows=left_rows,
                    right_rows=right_rows,
                    focus=edited_rows if focus is None else focus,
                    right_is_finer=recomputes_right,
                    splits_connected=splits_connected,
                    keep_slivers=keep_slivers,
                    tolerance=self.tolerance,
                    cancellation=self.cancellation,
                ),
                recomputes_right=recomputes_right,
            )
        )
        if is_pair_selected is not None:
            pieces = pieces.select_pairs(is_pair_selected)
        self.run_log.record_fallbacks(pieces.fallback_log, left_layer, right_layer or left_layer)
        self.run_log.record_ignored_slivers(pieces.slivers, left_layer, right_layer or left_layer, severity=severity)
        return pieces

    def find_shared_areas(
        self,
        left_layer: Layer,
        right_layer: Layer,
        *,
        left_rows: NDArray | None = None,
        right_rows: NDArray | None = None,
    ) -> AreaShares:
        """Return the areas that rows of two layers share, for figures that need no shapes.

        ``left_rows``, ``right_rows`` ((n,), (m,) bool): the rows to compare; None for all. The shares of a left row sum
        to 1 where rows of ``right_layer`` cover it exactly once.
        """
        left_rows = self._limit_rows_to_recheck_focus(left_layer, left_rows)
        right_rows = self._limit_rows_to_recheck_focus(right_layer, right_rows)
        digest = b""
        if self.kept_results is not None and self._keeps_results_of(left_layer, right_layer):
            shape_digests = [get_shape_digest(layer) for layer in (left_layer, right_layer)]
            run_settings = (self.plan.plane_crs, self.tolerance)
            digest = compute_value_digest(("shared areas", shape_digests, left_rows, right_rows, run_settings))
            arrays = self.kept_results.find_arrays(digest)
            if arrays is not None:
                return AreaShares(**{name: array.copy() for name, array in arrays.items()})
        shared = find_shared_areas(
            left_layer.polygons,
            right_layer.polygons,
            tolerance=self.tolerance,
            plane=self.plan.equal_area_plane,
            left_rows=left_rows,
            right_rows=right_rows,
            cancellation=self.cancellation,
        )
        self.run_log.record_fallbacks(shared.fallback_log, left_layer, right_layer)

        def measure_pairs(is_selected: NDArray) -> NDArray:
            """Return the drawn areas (m²) of the pairs of rows that ``is_selected`` ((k,) bool) marks."""
            areas = shared.drawn_area[is_selected]
            is_whole_row = np.isnan(areas)
            left, right = shared.left[is_selected][is_whole_row], shared.right[is_selected][is_whole_row]
            is_left = left_layer.plane_areas[left] <= right_layer.plane_areas[right]
            areas[is_whole_row] = self.measure_drawn_areas(
                np.where(is_left, left_layer.plane_shapes[left], right_layer.plane_shapes[right])
            )
            return areas

        share = _compute_shares(
            shared.left,
            shared.area,
            left_layer,
            lambda rows: self.measure_drawn_areas(left_layer.plane_shapes[rows]),
            measure_pairs,
        )
        shares = AreaShares(shared.left, shared.right, shared.area, share)
        has_fallbacks = bool(shared.fallback_log.steps or shared.fallback_log.failed_pairs)
        if self.kept_results is not None and digest and not has_fallbacks:
            self.kept_results.keep_arrays(digest, {name: array.copy() for name, array in shares._asdict().items()})
        return shares

    def find_uncovered_pieces(
        self,
        layer: Layer,
        cover_layer: Layer,
        cover_polygons: Polygons | None = None,
        *,
        rows: NDArray | None = None,
        cover_rows: NDArray | None = None,
        keep_slivers: bool = False,
        severity: Severity | None = None,
    ) -> OverlayPieces:
        """Return the connected pieces of rows of a layer that another layer does not cover.

        ``cover_polygons``: polygons that cover, in place of those of ``cover_layer``. ``rows``, ``cover_rows`` ((n,),
        (m,) bool): the rows to use; None for all. ``keep_slivers``, ``severity``: as for `find_shared_pieces`.
        """
        cover_polygons_used = cover_layer.polygons if cover_polygons is None else cover_polygons
        cover = QueriedRows(cover_layer, cover_polygons_used, cover_rows)
        queried_rows = QueriedRows(layer, layer.polygons, self._limit_rows_to_recheck_focus(layer, rows))
        # Some of the rows are computed again by the method that is the fastest for all.
        method = choose_uncovered_method(queried_rows.polygons, cover.polygons, queried_rows.rows, cover.rows)

        pieces = self._find_or_overlay(
            OverlayQuery(
                "uncovered pieces",
                queried_rows,
                cover,
                (None if cover_polygons is None else cover_polygons.shapes, keep_slivers, method),
                lambda polygons, rows, cover, cover_rows, focus: find_uncovered_pieces(
                    polygons,
                    require_value(cover, "the cover"),
                    rows=rows,
                    cover_rows=cover_rows,
                    method=method,
                    keep_slivers=keep_slivers,
                    tolerance=self.tolerance,
                    cancellation=self.cancellation,
                ),
            )
        )
        self.run_log.record_fallbacks(pieces.fallback_log, layer, None)
        self.run_log.record_ignored_slivers(pieces.slivers, layer, cover_layer, severity=severity)
        return pieces

    def find_uncovered_candidates(self, layer: Layer, cover_layer: Layer) -> NDArray:
        """Return (n,) bool: rows of a layer that may have land outside ``cover_layer``; all others are covered.

        Raise Cancelled.
        """

        def find_candidates(rows: NDArray | None) -> NDArray:
            """Return (k,) bool for the rows with these numbers, None for all."""
            polygons, cover = layer.polygons, cover_layer.polygons
            if rows is None:
                return polygons.find_uncovered_candidates(cover, self.cancellation)
            near, near_cover = (one.find_rows_meeting_bounds(layer.row_bounds[rows]) for one in (polygons, cover))
            is_candidate = np.zeros(len(layer), dtype=bool)
            is_candidate[near] = polygons.select_rows(near).find_uncovered_candidates(
                cover.select_rows(near_cover), self.cancellation
            )
            return is_candidate[rows]

        return self.compute_or_reuse_row_values("uncovered candidates", layer, cover_layer, find_candidates)

    def find_uncovered_pieces_of_shapes(
        self,
        layer: Layer,
        rows: NDArray,
        shapes: NDArray,
        cover_layer: Layer | None,
        cover_polygons: Polygons | None = None,
        *,
        severity: Severity | None = None,
    ) -> OverlayPieces:
        """Return the connected pieces of (k,) polygons that a layer does not cover.

        Polygon k is within row ``rows[k]`` of ``layer``; ``left`` of its pieces is k. ``cover_polygons``: polygons that
        cover, in place of those of ``cover_layer``. With ``cover_layer``, slivers are left out and logged, for a
        finding of at most ``severity`` on their sum. Without ``cover_layer``, slivers stay among the pieces.
        """
        polygons = require_value(
            cover_layer.polygons if cover_polygons is None and cover_layer is not None else cover_polygons,
            "what covers the polygons",
        )
        pieces = find_uncovered_pieces(
            Polygons(shapes),
            polygons,
            keep_slivers=cover_layer is None,
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        if cover_layer is not None:
            row_slivers = Slivers(
                pieces.slivers.polygons, np.asarray(rows)[pieces.slivers.left_row], pieces.slivers.right_row
            )
            self.run_log.record_ignored_slivers(row_slivers, layer, cover_layer, severity=severity)
        self.run_log.record_fallbacks(
            pieces.fallback_log.renumber_rows(rows, np.full(max(len(polygons), 1), -1)), layer, None
        )
        return pieces

    def subtract_land(
        self,
        pieces: OverlayPieces,
        layer: Layer,
        cover_layer: Layer,
        cover_polygons: Polygons | None = None,
        *,
        severity: Severity | None = None,
    ) -> OverlayPieces:
        """Return pieces of rows of a layer without the land of ``cover_layer``; a divided one stays one piece.

        Parameters are those of `find_uncovered_pieces_of_shapes`.
        """
        rest = self.find_uncovered_pieces_of_shapes(
            layer, pieces.left, pieces.geometry, cover_layer, cover_polygons, severity=severity
        )
        return rest.join_pieces_of(pieces)

    def find_point_line_pieces_inside(self, layer: Layer, polygon_layer: Layer) -> PointLinePieces:
        """Return the pieces of points or lines of ``layer`` inside the polygons of ``polygon_layer``.

        A piece on an edge of a polygon is not inside.
        """
        return find_point_line_pieces_inside(
            layer.plane_shapes, polygon_layer.plane_shapes, self.tolerance.edge_match_m
        )

    def find_point_line_pieces_outside(
        self, layer: Layer, cover_layer: Layer, cover_polygons: Polygons | None = None
    ) -> PointLinePieces:
        """Return the pieces of points or lines of ``layer`` outside the polygons of ``cover_layer``.

        A piece on an edge of a polygon is not outside. ``cover_polygons``: polygons that cover, in place of those of
        ``cover_layer``.
        """
        polygons = cover_layer.plane_shapes if cover_polygons is None else cover_polygons.shapes
        return find_point_line_pieces_outside(layer.plane_shapes, polygons, self.tolerance.edge_match_m)

    def find_gaps(
        self, layer: Layer, max_width_m: float, *, is_pair_selected: Callable[[NDArray, NDArray], NDArray] | None = None
    ) -> OverlayPieces:
        """Return the gaps up to ``max_width_m`` m wide that the rows of a layer enclose.

        ``left`` and ``right`` of a gap: two adjacent rows, −1 for a missing one. ``is_pair_selected``: called with the
        left and right rows of the gaps ((k,) int each), returns (k,) bool: the gaps to return.
        """
        pieces = self._find_gaps_and_log_fallbacks(layer.polygons, max_width_m, layer, sort_rows=layer.sort_rows)
        if is_pair_selected is not None:
            pieces = pieces.select_pairs(is_pair_selected)
        self.run_log.record_ignored_slivers(pieces.slivers, layer, layer)
        return pieces

    def find_gaps_between(self, left_layer: Layer, right_layer: Layer, max_width_m: float) -> OverlayPieces:
        """Return the gaps up to ``max_width_m`` m wide that rows of both layers enclose together.

        ``left`` of a gap is an adjacent row of ``left_layer``, ``right`` one of ``right_layer``.
        """
        unions = []
        for layer in (left_layer, right_layer):
            # If a union fails, the log marks the outline as failed, and callers report the check as not done.
            fallback_log = FallbackLog()
            unions.append(union_polygon_rows(layer.polygons, tolerance=self.tolerance, fallback_log=fallback_log))
            self.run_log.record_fallbacks_of_outline(fallback_log, layer)
        blocks = shapely.get_parts(np.array([union for union in unions if union is not None], dtype=object))
        pieces = self._find_gaps_and_log_fallbacks(Polygons(blocks), max_width_m, left_layer)
        pieces.left, pieces.right = (
            self._find_first_touching_rows(left_layer, pieces.geometry),
            self._find_first_touching_rows(right_layer, pieces.geometry),
        )
        slivers = pieces.slivers
        slivers.left_row, slivers.right_row = (
            self._find_first_touching_rows(left_layer, slivers.polygons),
            self._find_first_touching_rows(right_layer, slivers.polygons),
        )
        pieces = pieces.select_pairs(lambda left, right: (left >= 0) & (right >= 0))
        self.run_log.record_ignored_slivers(pieces.slivers, left_layer, right_layer)
        return pieces

    def _find_first_touching_rows(self, layer: Layer, shapes: Iterable[Any]) -> NDArray:
        """Return (k,) the first row of a layer within the cluster tolerance of each shape; −1 for none."""
        rows, shapes = layer.polygons.present, make_shape_array(*shapes)
        k, i = shapely.STRtree(layer.plane_shapes[rows]).query(
            shapes, predicate="dwithin", distance=self.tolerance.cluster_m
        )
        sorted_rows = np.array(layer.sort_rows(np.unique(rows[i])), dtype=int)
        rank = np.zeros(len(layer), dtype=int)
        rank[sorted_rows] = np.arange(len(sorted_rows))
        first_ranks = np.full(len(shapes), len(layer))
        np.minimum.at(first_ranks, k, rank[rows[i]])
        return np.append(sorted_rows, -1)[np.minimum(first_ranks, len(sorted_rows))]

    def find_rows_at_shapes(self, layer: Layer, shapes: Iterable[Any]) -> tuple[list[list[int]], list[list[int]]]:
        """Return, for each of (k,) polygons, the rows of a layer that share land with it, and those that only touch it.

        Returns two lists of k lists of rows. Rows that share land are sorted by shared area (mm²), the largest first,
        then by key; rows that touch are sorted by key. The result does not depend on the order of the rows, which a
        check of edits changes. Slivers do not count. The run's log records nothing, because the rows are only named in
        a message.
        """
        shape_array = make_shape_array(*shapes)
        rows_with_shape = layer.polygons.present
        k, i = shapely.STRtree(layer.plane_shapes[rows_with_shape]).query(
            shape_array, predicate="dwithin", distance=self.tolerance.edge_match_m
        )
        # Preparing all rows of a layer for an overlay takes longer than the overlay of the few that are near.
        near_rows = np.unique(rows_with_shape[i])
        pieces = find_shared_pieces(
            Polygons(shape_array),
            Polygons(layer.plane_shapes[near_rows], layer.clip_cache),
            tolerance=self.tolerance,
            cancellation=self.cancellation,
        )
        shared_rows = near_rows[pieces.right]
        rows_on: list[list[int]] = [[] for _ in shape_array]
        for n in sorted(
            range(len(pieces.area)), key=lambda n: (-round(float(pieces.area[n]), 6), layer.keys[shared_rows[n]])
        ):
            rows_on[int(pieces.left[n])].append(int(shared_rows[n]))
        rows_on = [list(dict.fromkeys(rows)) for rows in rows_on]
        rows_next: list[list[int]] = [[] for _ in shape_array]
        for shape, row in sorted(zip(k.tolist(), rows_with_shape[i].tolist(), strict=True)):
            if row not in rows_on[shape]:
                rows_next[shape].append(row)
        return rows_on, [sorted(rows, key=lambda row: layer.keys[row]) for rows in rows_next]

    def find_vertex_mismatches(self, left_layer: Layer, right_layer: Layer) -> list[VertexMismatches]:
        """Return vertices that lie on or near an edge of another row, where that edge has no vertex.

        The first result has edges of ``left_layer``, the second, which a single layer lacks, edges of ``right_layer``.
        """
        if left_layer is right_layer:
            mismatches: tuple[VertexMismatches, ...] = (
                find_vertices_missing_on_edges(
                    left_layer.polygons, tolerance=self.tolerance, cancellation=self.cancellation
                ),
            )
        else:
            mismatches = find_mismatches_both_ways(
                left_layer.polygons, right_layer.polygons, tolerance=self.tolerance, cancellation=self.cancellation
            )
        # Vertices that only densification added are dropped, since no other layer can match them.
        return [one.select(self.plan.mask_stored_vertices(one.vertex_xy)) for one in mismatches]

    def _find_gaps_and_log_fallbacks(
        self, polygons: Polygons, max_width_m: float, layer: Layer, **options: Any
    ) -> OverlayPieces:
        """Return the gaps that polygons enclose.

        Fallback steps and failures of their union are recorded in the log. ``options``: of `find_gaps`.
        """
        pieces = find_gaps(
            polygons,
            tolerance=self.tolerance,
            max_width_m=max_width_m,
            cancellation=self.cancellation,
            **options,
        )
        self.run_log.record_fallbacks_of_outline(pieces.fallback_log, layer)
        return pieces

    def _limit_rows_to_recheck_focus(self, layer: Layer, rows: NDArray | None) -> NDArray | None:
        """Return (n,) bool: rows that both the caller and the focus of the run select; None for all rows."""
        focused = self.recheck_focus.row_mask_by_role.get(layer.role) if self.recheck_focus is not None else None
        return rows if focused is None else focused if rows is None else rows & focused

    def get_county_outline(self) -> tuple[Layer, Polygons] | None:
        """Return the county layer, and its outline as a layer of one polygon.

        None without a county layer. None also if the union of its rows fails: the log then marks the outline as failed,
        and the rule reports the check as not done.
        """
        county = self.plan.compute_county_shape()
        if county is None or county[1].shapes[0] is not None:
            return county
        self.run_log.has_failed_outline |= not county[0].has_no_geometry
        return None

    def find_uncovered_pieces_of_outline(
        self, layer: Layer, outline: Polygons, cover_layer: Layer, *, row: int = -1
    ) -> OverlayPieces:
        """Return the connected pieces of an outline of ``layer`` that ``cover_layer`` does not cover.

        ``outline``: the outline as a layer of one polygon; ``row``: the row of ``layer`` that contains the outline, −1
        for the outline of the whole layer. Slivers are left out and logged.
        """
        pieces = find_uncovered_pieces(
            outline, cover_layer.polygons, tolerance=self.tolerance, cancellation=self.cancellation
        )
        slivers = pieces.slivers
        self.run_log.record_ignored_slivers(
            Slivers(slivers.polygons, np.full(len(slivers.left_row), row), slivers.right_row), layer, cover_layer
        )
        self.run_log.record_fallbacks_of_outline(pieces.fallback_log)
        return pieces

    def unite_shapes(self, shapes: Iterable[Any]) -> Any:
        """Return the union of shapes, as the geometry of a finding on several rows.

        Points and lines are dropped if there is a polygon. Return None without shapes, and a geometry collection of the
        polygons if the union fails.
        """
        present_shapes = make_shape_array(*shapes)
        present_shapes = present_shapes[~(shapely.is_missing(present_shapes) | shapely.is_empty(present_shapes))]
        areas = make_shape_array(*map(extract_polygons, present_shapes[shapely.get_dimensions(present_shapes) == 2]))
        if not len(areas):
            return shapely.union_all(present_shapes) if len(present_shapes) else None
        union = union_polygon_rows(Polygons(areas), tolerance=self.tolerance)
        return shapely.geometrycollections(list(areas)) if union is None else union
