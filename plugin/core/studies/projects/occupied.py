# SPDX-License-Identifier: GPL-2.0-or-later
"""Land that projects share with the rows of a layer, for all projects at once, and distances to the nearest row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.cancellation import Cancellation
from ...engine.geometry_queries import compute_piece_shares_of_rows
from ...geometry.crs import make_lonlat_transformer
from ...geometry.overlay import find_overlapping_rows, overlay_rows_between, select_present_rows
from ...geometry.overlay_fallback import FallbackLog, union_near_row
from ...geometry.overlay_pieces import OverlayPieces, collect_pieces, remove_repeated_land
from ...geometry.polygon_rings import extract_rings
from ...geometry.polygons import MAX_UNCLIPPED_VERTICES, ClipCache, Polygons
from ...geometry.statutory_area import compute_drawn_area
from ...geometry.tolerance import Tolerance
from ...plan.layer import Layer

#: Segments in one section of the boundary of a large polygon.
_SEGMENTS = 32


class DistanceTree:
    """Measures distances to the nearest of (n,) shapes in a plane (m); some may be None.

    The boundaries of large polygons are searched by sections. A shape that has no land in a polygon is as far from it
    as from its boundary, so that the distance is the same.
    """

    def __init__(self, shapes: NDArray):
        self._shapes = shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Return a tree of small shapes, and of sections of the boundaries of large polygons; built when first used."""
        is_large = (shapely.get_num_coordinates(self._shapes) > MAX_UNCLIPPED_VERTICES) & (
            shapely.get_dimensions(self._shapes) == 2
        )
        if not is_large.any():
            return shapely.STRtree(self._shapes)
        xy, starts, _, _ = extract_rings(self._shapes[is_large])
        # Section k of a ring begins at its vertex k · `_SEGMENTS`; the last vertex of a ring begins no section.
        counts = -(-(np.diff(starts) - 1) // _SEGMENTS)
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        first = np.repeat(starts[:-1], counts) + number * _SEGMENTS
        last = np.minimum(first + _SEGMENTS, np.repeat(starts[1:] - 1, counts))
        sizes = last - first + 1
        vertices = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
        sections: NDArray = shapely.linestrings(xy[vertices], indices=np.repeat(np.arange(len(sizes)), sizes))
        return shapely.STRtree(np.concatenate([self._shapes[~is_large], sections]))

    def build(self) -> None:
        """Build the tree now; it takes as long as thousands of distances."""
        _ = self._tree

    def measure(self, shape: Any) -> float | None:
        """Return the distance (m) of a shape that has no land in any polygon; None without shapes."""
        rows, distances = self._tree.query_nearest(shape, return_distance=True, all_matches=False)
        return float(distances[0]) if len(rows) else None


@dataclass(frozen=True)
class ProjectPieces:
    """The land of one project in a layer.

    ``rows`` (k,): rows of the layer; ``shapes`` (k,): the land in each, no place twice within a group of rows;
    ``areas`` (k,): statutory m², in the measure of the project, so that the pieces of a layer that covers the project
    sum to the project; ``shares`` (k,): share of each row's area; ``union``, ``union_m2``: all land and its area if
    groups may share land, else None.
    """

    rows: NDArray
    shapes: NDArray
    areas: NDArray
    shares: NDArray
    union: Any = None
    union_m2: float | None = None

    def select(self, is_selected: NDArray) -> ProjectPieces:
        """Return the pieces that ``is_selected`` ((k,) bool) marks."""
        return ProjectPieces(
            self.rows[is_selected], self.shapes[is_selected], self.areas[is_selected], self.shares[is_selected]
        )

    @property
    def total_m2(self) -> float:
        """Return the area of all land, each place once."""
        return float(self.areas.sum()) if self.union_m2 is None else self.union_m2

    @cached_property
    def planar_m2(self) -> float:
        """Return the planar area (m²) of all land, each place once."""
        return float(shapely.area(self.shapes if self.union is None else self.union).sum())

    def sum_by(self, values: NDArray) -> float | None:
        """Return Σ share × value of the row ((n,) by row of the layer); None if a value is missing."""
        products = self.shares * values[self.rows]
        return float(products.sum()) if np.isfinite(products).all() else None

    def unite(self, tolerance: Tolerance) -> Any:
        """Return all pieces as one shape; None without any."""
        return unite_shapes(self.shapes, tolerance) if self.union is None else self.union

    def is_sliver(self, tolerance: Tolerance) -> bool:
        """Return True if all pieces together are below both limits of slivers, or nothing."""
        if self.planar_m2 >= tolerance.min_area_m2:
            return False
        shape = self.unite(tolerance)
        if shape is None:
            return True
        area, length = shapely.area(shape), shapely.length(shape)
        return bool(tolerance.is_sliver(area, 2 * area / length if length else 0.0))


def unite_shapes(shapes: NDArray, tolerance: Tolerance) -> Any:
    """Return (k,) polygons as one shape; None without any, or if GEOS fails with every method."""
    if len(shapes) < 2:
        return shapes[0] if len(shapes) else None
    return union_near_row(shapes, -1, tolerance, FallbackLog())


NO_PIECES = ProjectPieces(np.zeros(0, dtype=int), np.zeros(0, dtype=object), np.zeros(0), np.zeros(0))


@dataclass
class ProjectShapes:
    """The shapes of all projects, and factors from drawn to statutory area.

    ``shapes`` (n,): polygons in the plan's plane; ``statutory_m2`` (n,): 图斑椭球面积.
    """

    shapes: NDArray
    statutory_m2: NDArray
    plane_crs: Any
    tolerance: Tolerance
    cancellation: Cancellation
    polygons: Polygons = field(init=False)

    def __post_init__(self) -> None:
        self.polygons = Polygons(self.shapes)

    def measure(self, shapes: NDArray) -> NDArray:
        """Return the (k,) areas (m²) of shapes as drawn in the plane."""
        return compute_drawn_area(shapes, self._to_lonlat, self.cancellation)

    @cached_property
    def _to_lonlat(self) -> Callable[[NDArray], NDArray]:
        """Return the function from coordinates of the plane to degrees; finding it takes as long as a small area."""
        return make_lonlat_transformer(self.plane_crs)

    @cached_property
    def factors(self) -> NDArray:
        """Return (n,) statutory area of each project divided by its area as drawn; 1 ± some millionths."""
        drawn = self.measure(self.shapes)
        return np.divide(self.statutory_m2, drawn, out=np.ones(len(drawn)), where=drawn > 0)


@dataclass
class LayerOverlay:
    """What all projects share with a layer.

    ``pieces``: land of projects (left) in rows (right) of the layer, no place of a project twice within a group of
    rows; ``failed``: projects whose overlay failed with a row; ``distance_from``: returns the distance (m, in the
    plane) from a shape without land in the layer to the nearest feature, None without features; ``shared``: projects
    that may have land in several groups at once.
    """

    layer: Layer
    projects: ProjectShapes
    pieces: OverlayPieces
    failed: frozenset[int]
    distance_from: Callable[[Any], float | None]
    shared: frozenset[int] = frozenset()

    def get_pieces(self, project: int) -> ProjectPieces:
        """Return the land of a project in the layer."""
        return self._by_project.get(project, NO_PIECES)

    @cached_property
    def _by_project(self) -> dict[int, ProjectPieces]:
        """Return number of a project → its land."""
        pieces = self.pieces
        if not len(pieces):
            return {}
        drawn_areas = self.projects.measure(pieces.geometry)
        areas = drawn_areas * self.projects.factors[pieces.left]
        # Shares serve sums of net areas; measuring large rows for them takes long.
        shares = np.full(len(areas), np.nan)
        if self.layer.has_field("net_area"):
            shares = compute_piece_shares_of_rows(
                replace(pieces, left=pieces.right, right=pieces.left),
                self.layer,
                self.projects.measure,
                drawn_areas,
                self._measure_rows,
            )
        by_project = {}
        order = np.argsort(pieces.left, kind="stable")
        numbers, starts = np.unique(pieces.left[order], return_index=True)
        for number, is_own in zip(numbers.tolist(), np.split(order, starts)[1:], strict=True):
            union = unite_shapes(pieces.geometry[is_own], self.projects.tolerance) if number in self.shared else None
            union_m2 = (
                float(self.projects.measure(np.array([union]))[0] * self.projects.factors[number])
                if union is not None
                else None
            )
            by_project[number] = ProjectPieces(
                pieces.right[is_own], pieces.geometry[is_own], areas[is_own], shares[is_own], union, union_m2
            )
        return by_project

    def _measure_rows(self, rows: NDArray) -> NDArray:
        """Return the (k,) areas (m²) of rows as drawn; the layer keeps them for further positions of a project."""
        known = self.layer.drawn_area_by_row
        unknown = np.array([row for row in rows.tolist() if row not in known], dtype=int)
        if len(unknown):
            measured = self.projects.measure(self.layer.plane_shapes[unknown])
            known.update(zip(unknown.tolist(), measured.tolist(), strict=True))
        return np.array([known[row] for row in rows.tolist()], dtype=float)


def overlay_layer(projects: ProjectShapes, layer: Layer, groups: NDArray | None = None) -> LayerOverlay:
    """Return the land that each project shares with a layer.

    Only rows near a project are overlaid. Where rows of one group overlap each other, the land counts for the first of
    them; rows of different groups, such as two planning zones, each have all of it.

    Parameters
    ----------
    groups
        (n,) group of each row. None: all rows are one group.

    Raises
    ------
    Cancelled
        Between batches.
    """
    distance_from = DistanceTree(layer.plane_shapes).measure
    rows = np.unique(shapely.STRtree(layer.plane_shapes).query(projects.shapes)[1])
    near = layer.polygons
    if len(rows) < len(layer):
        layer.clip_cache = layer.clip_cache or ClipCache()
        near = Polygons(layer.plane_shapes[rows], layer.clip_cache)
    # Not `find_shared_pieces`, which compares all segments of the rows first.
    left, right, shapes, fallback_log = overlay_rows_between(
        projects.polygons,
        near,
        select_present_rows(projects.polygons, None),
        select_present_rows(near, None),
        projects.tolerance,
        projects.cancellation,
    )
    pieces = collect_pieces(
        left, right, shapes, projects.tolerance, False, fallback_log, projects.cancellation, keep_slivers=True
    )
    failed = frozenset(int(left) for left, _ in pieces.fallback_log.failed_pairs)
    shared: frozenset[int] = frozenset()
    if len(pieces):
        is_overlapping = _find_overlapping_rows(layer, rows, near, pieces.right, projects)
        group_of_row = np.zeros(len(rows), dtype=int) if groups is None else groups[rows]
        pieces = _remove_repeated_land(pieces, is_overlapping, group_of_row, projects)
        if groups is not None:
            shared = frozenset(pieces.left[is_overlapping[pieces.right]].tolist())
    return LayerOverlay(layer, projects, replace(pieces, right=rows[pieces.right]), failed, distance_from, shared)


def _find_overlapping_rows(
    layer: Layer, rows: NDArray, near: Polygons, used: NDArray, projects: ProjectShapes
) -> NDArray:
    """Return (k,) bool: which of the given rows share land with another one, among those that are used.

    ``near``: polygons of the rows; ``used``: positions of the rows that have land of projects, also repeated. If the
    overlaps within the layer are known, those of the rows are among them.
    """
    is_used = np.zeros(len(rows), dtype=bool)
    is_used[used] = True
    is_overlapping = np.zeros(len(rows), dtype=bool)
    known = layer.polygons.cached_overlaps
    if known is None or known[3].failed_pairs:
        used_polygons = near if is_used.all() else Polygons(near.shapes[is_used])
        is_overlapping[is_used] = find_overlapping_rows(used_polygons, projects.tolerance, projects.cancellation)
        return is_overlapping
    is_row_used = np.zeros(len(layer), dtype=bool)
    is_row_used[rows[is_used]] = True
    first, second = known[:2]
    are_both_used = is_row_used[first] & is_row_used[second]
    is_overlapping[np.isin(rows, np.concatenate([first[are_both_used], second[are_both_used]]))] = True
    return is_overlapping


def _remove_repeated_land(
    pieces: OverlayPieces, is_overlapping: NDArray, group_of_row: NDArray, projects: ProjectShapes
) -> OverlayPieces:
    """Return pieces in which no group of rows has a place of a project twice.

    Repeated land stays with the first row. ``is_overlapping`` (n,) bool: rows that share land with another row;
    ``group_of_row`` (n,).
    """
    may_repeat = is_overlapping[pieces.right]
    if not may_repeat.any():
        return pieces
    groups = [pieces.select_pieces(~may_repeat)]
    keys = np.column_stack([pieces.left, group_of_row[pieces.right]])
    for key in np.unique(keys[may_repeat], axis=0):
        repeated = pieces.select_pieces(np.flatnonzero(may_repeat & (keys == key).all(axis=1)))
        groups.append(remove_repeated_land(repeated, projects.cancellation))
    left, right, geometry, area, width = (
        np.concatenate([getattr(group, name) for group in groups])
        for name in ("left", "right", "geometry", "area", "width")
    )
    return OverlayPieces(left, right, geometry, area, width, pieces.slivers, pieces.fallback_log)
