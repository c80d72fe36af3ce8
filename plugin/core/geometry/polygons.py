# SPDX-License-Identifier: GPL-2.0-or-later
"""The polygons of one layer in a plane, with cached search trees, clips and unions.

Why most pairs of rows need no overlay: along a path across a layer, the number of polygons on top of each other changes
only at a segment that is drawn from one side alone. If no such segment of another polygon enters a polygon, that number
is constant in its interior, and one point determines it: 1 means that the polygon overlaps no other. A multipolygon has
an interior for each part, so it needs a point in each part.

The same holds between layers. If no boundary of a second layer enters a polygon, each polygon of that layer contains it
completely or not at all, and one point decides. A segment that both layers have cannot enter the polygon, because it is
also a boundary within the first layer, whose polygons do not overlap. The polygons that do overlap are known, and
always overlaid.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation, require_value
from ..base.parallel.threads import apply_in_threads, get_lock, map_batches_in_threads, shared_property
from .linework import PolygonSegments, build_linework
from .overlay_fallback import FallbackLog, compute_local_origins, translate_back, translate_shapes, union_near_row
from .polygon_rings import BATCH_VERTICES, hash_vertices, make_member_table, mask_possible_members
from .tolerance import Tolerance
from .validity import extract_polygons, join_parts, mask_missing_shapes

if TYPE_CHECKING:
    from .ring_sums import RingSegments

#: A polygon with more vertices than this is clipped to a square.
MAX_UNCLIPPED_VERTICES = 512
#: A square extends this far (m) beyond the requested bounds: the vertices that clipping adds are outside them.
CLIP_MARGIN_M = 10.0
#: Maximum number of halvings of the square around a polygon.
_MAX_CLIP_LEVEL = 12
#: A clip is cut from the one this many levels above: with every level in between, a single clip would take long.
_CLIP_LEVELS_PER_CUT = 2

#: xmin, ymin, xmax, ymax of a box, m.
Bounds = tuple[float, float, float, float]
#: Level, column and row of a square in the grid of its polygon.
_Cell = tuple[int, int, int]
#: Number of polygons whose clips are stored for further layers.
_MAX_SHARED_POLYGONS = 128
#: Shapes per step between two checks for cancellation, and in one part of the work of threads.
SHAPES_PER_BATCH = 2048


@dataclass
class ClipCache:
    """Clips of large polygons, shared by several layers, such as the small layers around edits.

    A clip is the piece of a polygon inside a square of a grid. The polygons must be the same objects in each layer.
    Only the clips of the polygons that were used last are stored.
    """

    _clips_by_id: OrderedDict[int, tuple[Any, dict[_Cell, Any]]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get_clips(self, shape: Any) -> dict[_Cell, Any]:
        """Return cell → clip of a polygon in that cell; the caller adds further clips to the dict."""
        with self._lock:
            # The polygon is stored with its clips, so no other polygon gets its id.
            entry = self._clips_by_id.setdefault(id(shape), (shape, {}))
            self._clips_by_id.move_to_end(id(shape))
            if len(self._clips_by_id) > _MAX_SHARED_POLYGONS:
                self._clips_by_id.popitem(last=False)
        return entry[1]

    def reuse_clips(self, former_shape: Any, shape: Any, changed_bounds: Bounds | None) -> None:
        """Store the clips of a polygon also for a changed copy of it, where the two are equal.

        ``changed_bounds``: box around the edges in which the two polygons differ; None if they have the same edges.
        """
        # Squares of the grid follow from the bounds of the polygon.
        if former_shape.bounds != shape.bounds:
            return
        square = _compute_square(shape)
        self.get_clips(shape).update(
            (cell, clip)
            for cell, clip in list(self.get_clips(former_shape).items())
            # A clip of few vertices extends beyond its square.
            if changed_bounds is None
            or not any(
                do_boxes_meet(part.bounds, changed_bounds)
                for part in (_make_box(square, *cell), clip)
                if part is not None
            )
        )


class ClippedPolygons:
    """Clips of large polygons to squares, computed on demand and cached.

    A square is twice as wide as its grid cell. A shape no larger than a cell is therefore always inside the square of
    the cell that contains its lower left corner. Each clip is cut from a larger one of an even level. A clip follows
    from polygon and bounds alone, so that a second check, which clips for few rows, has the same vertices.
    """

    def __init__(self, shapes: NDArray, shared: ClipCache | None = None):
        self._shapes = shapes
        self.is_large = shapely.get_num_coordinates(shapes) > MAX_UNCLIPPED_VERTICES
        self._shared = shared
        self._clips_by_row: dict[int, dict[_Cell, Any]] = {}

    def clip_around(self, row: int, bounds: NDArray) -> Any:
        """Return the piece of polygon ``row`` around ``bounds``; the whole polygon if it is small.

        ``bounds``: xmin, ymin, xmax, ymax in m. None if the polygon has no land there.
        """
        shape = self._shapes[row]
        xmin, ymin, side = square = _compute_square(shape)
        longer_side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        level = int(min(np.floor(np.log2(side / longer_side)), _MAX_CLIP_LEVEL)) if 0 < longer_side < side else 0
        if level < 1:
            return shape
        cell = side / 2**level
        column, grid_row = int((bounds[0] - xmin) // cell), int((bounds[1] - ymin) // cell)
        # A shape that begins left of or below the polygon uses its first cell.
        return self._clip_to_cell(row, square, level, max(column, 0), max(grid_row, 0))

    def clip_once(self, row: int, bounds: NDArray) -> Any:
        """Return the piece of polygon ``row`` around ``bounds``, as `clip_around`, with nothing stored.

        Faster than `clip_around` for a place that is asked for once: the larger squares around it are not made.
        """
        xmin, ymin, xmax, ymax = (bounds + CLIP_MARGIN_M * np.array([-1, -1, 1, 1])).tolist()
        return clip_to_box(self._shapes[row], shapely.box(xmin, ymin, xmax, ymax))

    def _clip_to_cell(
        self, row: int, square: tuple[float, float, float], level: int, column: int, grid_row: int
    ) -> Any:
        """Return the clip of polygon ``row`` to the square of a grid cell; None if the polygon has no land there.

        ``square``: xmin, ymin (m) of the grid and its width (m); ``level``, ``column``, ``grid_row``: the cell.
        """
        if level < 1:
            return self._shapes[row]
        clips = self._clips_by_row.get(row)
        if clips is None:
            clips = {} if self._shared is None else self._shared.get_clips(self._shapes[row])
            self._clips_by_row[row] = clips
        cell = (level, column, grid_row)
        if cell not in clips:
            parent_level = (level - 1) // _CLIP_LEVELS_PER_CUT * _CLIP_LEVELS_PER_CUT
            scale = 2 ** (level - parent_level)
            parent_clip = self._clip_to_cell(row, square, parent_level, column // scale, grid_row // scale)
            clips[cell] = clip_to_box(parent_clip, _make_box(square, level, column, grid_row))
        return clips[cell]


def _compute_square(shape: Any) -> tuple[float, float, float]:
    """Return xmin, ymin and width (m) of the square around a polygon, whose parts are its clips."""
    xmin, ymin, xmax, ymax = shape.bounds
    return xmin, ymin, max(xmax - xmin, ymax - ymin)


def do_boxes_meet(bounds: Bounds, other_bounds: Bounds) -> bool:
    """Return True if two boxes touch or overlap; an empty box (NaN) meets none."""
    xmin, ymin, xmax, ymax = bounds
    other_xmin, other_ymin, other_xmax, other_ymax = other_bounds
    return xmin <= other_xmax and xmax >= other_xmin and ymin <= other_ymax and ymax >= other_ymin


def widen_bounds(bounds: Bounds, distance_m: float) -> Bounds:
    """Return bounds (xmin, ymin, xmax, ymax) that are wider by a distance on each side."""
    xmin, ymin, xmax, ymax = bounds
    return xmin - distance_m, ymin - distance_m, xmax + distance_m, ymax + distance_m


def _make_box(square: tuple[float, float, float], level: int, column: int, grid_row: int) -> Any:
    """Return the square (with a margin) of a grid cell, as a polygon."""
    xmin, ymin, side = square
    cell = side / 2**level
    x, y = xmin + column * cell, ymin + grid_row * cell
    # The margin grows with the cell, so that a square is inside the one a level above.
    margin = CLIP_MARGIN_M + cell / 64
    return shapely.box(x - margin, y - margin, x + 2 * cell + margin, y + 2 * cell + margin)


def clip_to_box(shape: Any, box: Any) -> Any:
    """Return the land of a polygon inside a box; None without any land there.

    A polygon of few vertices, or one that GEOS cannot clip, is returned whole.
    """
    if shape is None or shapely.get_num_coordinates(shape) <= MAX_UNCLIPPED_VERTICES:
        return shape
    shape_and_box = np.array([shape, box], dtype=object)
    # A tiny deviation must not be snapped before it is examined.
    origin = compute_local_origins(shape_and_box[1:])
    moved_shape, moved_box = translate_shapes(shape_and_box, -origin[0])
    try:
        clipped = np.array([extract_polygons(shapely.intersection(moved_shape, moved_box))], dtype=object)
        return translate_back(clipped, origin)[0]
    except shapely.GEOSException:
        # The whole shape is slower, but correct.
        return shape


def query_in_threads(
    tree: shapely.STRtree, shapes: NDArray, *, cancellation: Cancellation = NEVER_CANCELLED, **options: Any
) -> tuple[NDArray, NDArray]:
    """Query a tree with (k,) shapes in several threads.

    ``options``: keyword arguments of ``STRtree.query``. Returns two arrays that form pairs: positions in ``shapes``,
    and positions in the tree. Raise Cancelled.
    """
    indexes = map_batches_in_threads(
        lambda batch: np.add(tree.query(shapes[batch], **options), [[batch.start], [0]]),
        len(shapes),
        SHAPES_PER_BATCH,
        cancellation,
    )
    position, tree_index = np.concatenate([np.zeros((2, 0), dtype=np.int64), *indexes], axis=1)
    return position, tree_index


def _make_strictly_inner_points(shapes: NDArray) -> NDArray:
    """Return (n,) points inside polygons; None where GEOS finds no point inside."""
    points = shapely.point_on_surface(shapes)
    points[~shapely.contains_xy(shapes, shapely.get_x(points), shapely.get_y(points))] = None
    return points


class ContainmentResult(NamedTuple):
    """Which rows of a layer lie completely inside a row of another layer.

    ``inner_row``, ``outer_row`` (k,): row ``inner_row`` is completely inside row ``outer_row`` of the other layer;
    ``needs_overlay`` (n,) bool: rows for which only an overlay can decide.
    """

    inner_row: NDArray
    outer_row: NDArray
    needs_overlay: NDArray


class Polygons:
    """Polygons of one layer, with values that are computed once and cached.

    ``shapes``: (n,) valid polygons, multipolygons or None in one plane, metres; never changed. ``present``: positions
    of the rows with a shape; found if None is given.
    """

    def __init__(self, shapes: NDArray, clip_cache: ClipCache | None = None, present: NDArray | None = None):
        self.shapes = shapes
        self._clip_cache = clip_cache
        self.present = np.flatnonzero(~mask_missing_shapes(shapes)) if present is None else present
        self._present_shapes = shapes[self.present]
        #: (n,) bool: result of `find_overlap_candidates`; None until it is computed, or set from an equal layer.
        self.overlap_candidates: NDArray | None = None
        #: Result of `overlay.find_shared_pieces` within the layer: pairs of rows, common geometry, and fallback log.
        self.cached_overlaps: tuple[NDArray, NDArray, NDArray, FallbackLog] | None = None
        #: Unions of all rows by `union_polygon_rows`: tolerance → union and fallback log.
        self.cached_unions: dict[Tolerance, tuple[Any, FallbackLog]] = {}
        #: (n,) bool: rows that overlap another row of their layer. Set together with ``cached_overlaps``.
        self.overlapping_rows: NDArray | None = None
        #: Segments of the present rows about the origin last used, by `intersection_areas`.
        self.cached_segments: RingSegments | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @shared_property
    def _small(self) -> tuple[shapely.STRtree, NDArray]:
        """Return a tree of the polygons that are not large, and (k,) the row of each."""
        rows = self.present[~self.clipped_polygons.is_large[self.present]]
        return shapely.STRtree(self.shapes[rows]), rows

    @shared_property
    def _large(self) -> NDArray:
        """Return the rows of large polygons; these query trees, and are not in a tree themselves."""
        return self.present[self.clipped_polygons.is_large[self.present]]

    @shared_property
    def _box_tree(self) -> shapely.STRtree:
        """Return a tree of all polygons, for queries by bounding box."""
        return shapely.STRtree(self._present_shapes)

    def select_rows(self, rows: NDArray) -> Polygons:
        """Return the rows with these numbers ((k,) int) as another layer.

        A row that surely overlaps no row of this layer overlaps none of fewer rows, so this is not searched again.
        """
        selected = Polygons(self.shapes[rows])
        if self.overlap_candidates is not None:
            selected.overlap_candidates = self.overlap_candidates[rows]
        return selected

    def release_caches(self) -> None:
        """Release the large caches for comparing boundaries; they are computed again on demand."""
        for name in ("lines", "_points", "_point_tree", "_small", "_large", "clipped_polygons"):
            self.__dict__.pop(name, None)
        self.cached_segments = None

    def find_pairs_meeting_bounds(
        self, bounds: NDArray, cancellation: Cancellation = NEVER_CANCELLED
    ) -> tuple[NDArray, NDArray]:
        """Return pairs of a position in (k, 4) boxes (xmin, ymin, xmax, ymax) in m and a row whose box meets it.

        The pairs are sorted by position. Raise Cancelled.
        """
        positions, n = query_in_threads(self._box_tree, shapely.box(*bounds.T), cancellation=cancellation)
        return positions, self.present[n]

    def find_rows_meeting_bounds(self, bounds: NDArray) -> NDArray:
        """Return the numbers of the rows whose box meets one of (k, 4) boxes (m), in ascending order.

        A box of NaN, which a row without a shape has, meets none.
        """
        return np.unique(self.find_pairs_meeting_bounds(bounds[np.isfinite(bounds).all(axis=1)])[1])

    def find_pairs_meeting(
        self, shapes: NDArray, cancellation: Cancellation = NEVER_CANCELLED
    ) -> tuple[NDArray, NDArray]:
        """Return pairs of a position in (k,) shapes and a row that touches or overlaps the shape. Raise Cancelled."""
        positions, n = query_in_threads(self._box_tree, shapes, predicate="intersects", cancellation=cancellation)
        return positions, self.present[n]

    def find_pairs_within(self, shapes: NDArray, distance: float) -> tuple[NDArray, NDArray]:
        """Return pairs of a position in (k,) shapes and a row whose distance is at most ``distance`` m."""
        positions, n = self._box_tree.query(shapes, predicate="dwithin", distance=distance)
        return positions, self.present[n]

    @shared_property
    def vertex_count(self) -> int:
        """Return the number of vertices of all polygons."""
        return int(shapely.get_num_coordinates(self._present_shapes).sum())

    @shared_property
    def clipped_polygons(self) -> ClippedPolygons:
        """Return the clips of this layer's large polygons."""
        return ClippedPolygons(self.shapes, self._clip_cache)

    @shared_property
    def lines(self) -> PolygonSegments:
        """Return the segments of the polygons."""
        return build_linework(self._present_shapes, self.present)

    @shared_property
    def _points(self) -> tuple[NDArray, NDArray]:
        """Return a point inside each part of each polygon, and the row of each point.

        The point is None for a part without interior (a very narrow one). A polygon's interior is connected, a
        multipolygon's is not.
        """
        return self._compute_points(NEVER_CANCELLED)

    def _compute_points(self, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
        """Return a point inside each part of each polygon, and the row of each point, as `_points`. Raise Cancelled."""
        is_multipart = shapely.get_num_geometries(self._present_shapes) > 1
        parts, multipart_row = shapely.get_parts(self._present_shapes[is_multipart], return_index=True)
        is_present = ~shapely.is_empty(parts)
        shapes = np.concatenate([self._present_shapes[~is_multipart], parts[is_present]])
        return apply_in_threads(_make_strictly_inner_points, shapes, cancellation=cancellation), np.concatenate(
            [self.present[~is_multipart], self.present[is_multipart][multipart_row[is_present]]]
        )

    @shared_property
    def _point_tree(self) -> shapely.STRtree:
        """Return a search tree of the points inside the polygons."""
        return shapely.STRtree(self._points[0])

    def find_overlap_candidates(self, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
        """Return (n,) bool: rows that may share area with another row; all other rows certainly do not."""
        with get_lock(self, "overlap_candidates"):
            if self.overlap_candidates is None:
                self._prepare_caches(cancellation)
                points, owner = self._points
                cancellation.raise_if_cancelled()
                lines = self.lines.extract_lines(self.lines.unpaired_segments)
                is_candidate = np.zeros(len(self), dtype=bool)
                tree, small_rows = self._small
                # Each line meets the polygon that it belongs to: these pairs are dropped before lines are compared.
                k, i = query_in_threads(tree, lines.linestrings, cancellation=cancellation)
                rows = small_rows[i]
                is_other_row = lines.polygon_row[k] != rows
                k, rows = k[is_other_row], rows[is_other_row]
                meets = apply_in_threads(
                    shapely.intersects, lines.linestrings[k], self.shapes[rows], cancellation=cancellation
                )
                is_candidate[rows[meets]] = True
                rows, k = self._find_meeting_large_rows(lines.linestrings, cancellation, {"predicate": "intersects"})
                is_candidate[rows[lines.polygon_row[k] != rows]] = True
                is_candidate[owner[shapely.is_missing(points)]] = True
                # In rows that no boundary of another row enters, the number of polygons on top of each other is
                # constant, and equal on both sides of an edge that is drawn exactly twice, once from either side. So it
                # is known for all of them from those without a smaller neighbour.
                is_constant = ~is_candidate
                # Each part of a multipolygon has a number.
                is_constant[np.bincount(self._points[1], minlength=len(self)) != 1] = False
                first, second = self.lines.polygon_of_ring[self.lines.adjacent_rings].T
                is_known = is_constant[first] & is_constant[second] & (first != second)
                follows = np.zeros(len(self), dtype=bool)
                follows[np.maximum(first, second)[is_known]] = True
                is_overlapping = self._find_rows_at_points(np.flatnonzero(~follows[owner]), cancellation)
                if (is_overlapping & ~is_candidate).any():
                    # Their neighbours overlap as well.
                    is_overlapping |= self._find_rows_at_points(np.flatnonzero(follows[owner]), cancellation)
                self.overlap_candidates = is_candidate | is_overlapping
        return self.overlap_candidates

    def _find_rows_at_points(self, numbers: NDArray, cancellation: Cancellation) -> NDArray:
        """Return (n,) bool: rows that have an inner point of another row, and these other rows. Raise Cancelled.

        ``numbers`` (k,): the points, of `_points`.
        """
        points, owner = self._points
        is_found = np.zeros(len(self), dtype=bool)
        rows, k = self.find_meeting_rows(points[numbers], cancellation)
        owner = owner[numbers[k]]
        is_found[rows[rows != owner]] = is_found[owner[rows != owner]] = True
        return is_found

    def find_rows_with_open_edges(self, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
        """Return (n,) bool: rows with an edge that no neighbour has, and rows that may overlap others."""
        is_open, lines = self.find_overlap_candidates(cancellation).copy(), self.lines
        is_open[lines.polygon_of_ring[lines.ring_of_vertex[np.flatnonzero(lines.unpaired_segments)]]] = True
        return is_open

    def find_border_rows(self, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
        """Return (n,) bool: rows that touch an edge that no neighbour has, and rows that may overlap others.

        The area of the layer ends only at such edges. All other rows have neighbours on all sides and at all corners,
        so that the union of the border rows has the same outline there as the union of all rows.
        """
        is_border, lines = self.find_rows_with_open_edges(cancellation), self.lines
        edges = np.flatnonzero(lines.unpaired_segments)
        end_codes = np.unique(hash_vertices(lines.xy[np.concatenate([edges, edges + 1])]))
        end_table = make_member_table(end_codes)
        for start in cancellation.watch(range(0, len(lines.xy) if len(end_codes) else 0, BATCH_VERTICES)):
            codes = hash_vertices(lines.xy[start : start + BATCH_VERTICES])
            # In a layer with few open edges, hardly any vertex ends one.
            possible = np.flatnonzero(mask_possible_members(codes, end_table))
            codes = codes[possible]
            place = np.minimum(np.searchsorted(end_codes, codes), len(end_codes) - 1)
            touching = start + possible[end_codes[place] == codes]
            is_border[lines.polygon_of_ring[lines.ring_of_vertex[touching]]] = True
        return is_border

    def _prepare_caches(self, cancellation: Cancellation) -> None:
        """Compute the caches that comparisons of boundaries need. Raise Cancelled."""
        with get_lock(self, "_points"):
            if "_points" not in self.__dict__:
                self.__dict__["_points"] = self._compute_points(cancellation)
        self._prepare_lines(cancellation)

    def _prepare_lines(self, cancellation: Cancellation) -> None:
        """Compute and cache the segments of the polygons (`lines`). Raise Cancelled."""
        with get_lock(self, "lines"):
            if "lines" not in self.__dict__:
                self.__dict__["lines"] = build_linework(self._present_shapes, self.present, cancellation)
        cancellation.raise_if_cancelled()

    def find_rows_near_geometries(
        self, others: NDArray, distance: float, cancellation: Cancellation = NEVER_CANCELLED
    ) -> NDArray:
        """Return (n,) bool: rows within ``distance`` m of at least one of (k,) small geometries.

        With distance 0: rows that meet one of them. Raise Cancelled.
        """
        is_near = np.zeros(len(self), dtype=bool)
        is_near[self.find_meeting_rows(others, cancellation, distance)[0]] = True
        return is_near

    def find_uncovered_candidates(self, cover: Polygons, cancellation: Cancellation = NEVER_CANCELLED) -> NDArray:
        """Return (n,) bool: rows that may have land outside ``cover``; all other rows are covered completely.

        The area of ``cover`` ends only at segments that it does not have from both sides. A row whose interior no such
        segment enters is covered completely or not at all, and one point decides. A segment of this layer's own
        boundaries enters no row, unless rows overlap. Raise Cancelled.
        """
        may_be_open = self.find_overlap_candidates(cancellation).copy()
        self._prepare_lines(cancellation)
        cover._prepare_lines(cancellation)
        unpaired = cover.lines.unpaired_segments
        rows_with_edges = np.zeros(len(cover), dtype=bool)
        rows_with_edges[cover.lines.polygon_of_ring[cover.lines.ring_of_vertex[np.flatnonzero(unpaired)]]] = True
        cover_edges = unpaired & cover.lines.mask_unmatched_segments(self.lines, rows_with_edges)
        may_be_open |= self.find_rows_near_geometries(
            cover.lines.extract_lines(cover_edges).linestrings, 0.0, cancellation
        )
        # Each part of a row is connected, and has a separate point.
        points, owner = self._points
        undecided = np.flatnonzero(~may_be_open[owner])
        is_covered = np.zeros(len(undecided), dtype=bool)
        is_covered[cover._box_tree.query(points[undecided], predicate="intersects")[0]] = True
        may_be_open[owner[undecided[~is_covered]]] = True
        return may_be_open

    def find_meeting_rows(
        self, geometries: NDArray, cancellation: Cancellation = NEVER_CANCELLED, distance: float = 0.0
    ) -> tuple[NDArray, NDArray]:
        """Return pairs of a row and the position of a geometry that are at most ``distance`` m apart.

        ``geometries``: (k,) small ones. With distance 0: pairs that meet. Large polygons are prepared for many
        geometries. Raise Cancelled.
        """
        query_options: dict[str, Any] = (
            {"predicate": "dwithin", "distance": distance} if distance else {"predicate": "intersects"}
        )
        tree, small_rows = self._small
        k, i = query_in_threads(tree, geometries, cancellation=cancellation, **query_options)
        large_rows, large_positions = self._find_meeting_large_rows(geometries, cancellation, query_options)
        return np.append(small_rows[i], large_rows), np.append(k, large_positions)

    def _find_meeting_large_rows(
        self, geometries: NDArray, cancellation: Cancellation, query_options: dict[str, Any]
    ) -> tuple[NDArray, NDArray]:
        """Return pairs of a large row and the position of a geometry, as `find_meeting_rows`. Raise Cancelled."""
        rows, positions = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        if len(self._large) and len(geometries):
            tree = shapely.STRtree(geometries)
            for row in cancellation.watch(self._large.tolist()):
                k = tree.query(self.shapes[row], **query_options)
                rows.append(np.full(len(k), row))
                positions.append(k)
        return np.concatenate(rows), np.concatenate(positions)

    def decide_containment(
        self, other: Polygons, rows: NDArray, other_rows: NDArray, cancellation: Cancellation = NEVER_CANCELLED
    ) -> ContainmentResult:
        """Return which rows are inside rows of ``other``, and which rows need an overlay to decide.

        ``rows`` (n,) and ``other_rows`` (m,) bool: the rows that are compared. `overlay.find_overlapping_rows` must
        have run for this layer. Raise Cancelled.
        """
        overlapping = require_value(self.overlapping_rows, "the overlapping rows")
        self._prepare_caches(cancellation)
        other._prepare_lines(cancellation)
        pieces = other.lines.extract_lines(other.lines.mask_unmatched_segments(self.lines, other_rows))
        cancellation.raise_if_cancelled()
        undecided = self.find_rows_near_geometries(pieces.linestrings, 0.0, cancellation) | overlapping
        points, owner = self._points
        undecided[owner[shapely.is_missing(points)]] = True
        containers = np.flatnonzero(other_rows[other.present])
        j, i = query_in_threads(
            self._point_tree, other._present_shapes[containers], predicate="contains", cancellation=cancellation
        )
        # A multipolygon with parts in two different polygons is completely inside neither.
        pair, point_counts = np.unique(owner[i] * len(other) + other.present[containers[j]], return_counts=True)
        left, right = np.divmod(pair, max(len(other), 1))
        undecided[left[point_counts < np.bincount(owner, minlength=len(self))[left]]] = True
        keep = rows[left] & ~undecided[left]
        return ContainmentResult(left[keep], right[keep], undecided & rows)


def union_polygon_rows(
    polygons: Polygons,
    rows: NDArray | None = None,
    *,
    tolerance: Tolerance,
    fallback_log: FallbackLog | None = None,
    row: int = -1,
) -> Any:
    """Return the union of selected rows; None without rows, or if GEOS fails with every method.

    ``rows``: (n,) bool, None for all rows, whose union is cached. ``row``: number of the row for which the union is
    computed; after a failure ``fallback_log`` has it as failed.
    """
    fallback_log = fallback_log or FallbackLog()
    if rows is not None:
        return _union_numbered_rows(polygons, polygons.present[rows[polygons.present]], row, tolerance, fallback_log)
    with get_lock(polygons, "cached_unions"):
        if tolerance not in polygons.cached_unions:
            union_log = FallbackLog()
            polygons.cached_unions[tolerance] = (
                _union_numbered_rows(polygons, polygons.present, -1, tolerance, union_log),
                union_log,
            )
        union, union_log = polygons.cached_unions[tolerance]
    fallback_log.steps += [step._replace(left_row=row) for step in union_log.steps]
    fallback_log.failed_pairs += [(row, other_row) for _, other_row in union_log.failed_pairs]
    return union


def _union_numbered_rows(
    polygons: Polygons, row_numbers: NDArray, row: int, tolerance: Tolerance, fallback_log: FallbackLog
) -> Any:
    """Return the union of the rows with these numbers; None if GEOS fails with every method."""
    if not len(row_numbers):
        return None
    isolated = ~polygons.find_overlap_candidates()[row_numbers]
    overlapping_shapes = polygons.shapes[row_numbers[~isolated]]
    if len(overlapping_shapes):
        union = _unite_overlaps_before_others(
            polygons.shapes[row_numbers[isolated]], overlapping_shapes, row, tolerance
        )
        if union is not None:
            return union
    try:
        isolated_parts = shapely.get_parts(shapely.coverage_union_all(polygons.shapes[row_numbers[isolated]]))
    except shapely.GEOSException:
        # Edges that overlap by less than the shortening of the ends: overlaid like the others.
        isolated_parts, overlapping_shapes = np.zeros(0, dtype=object), polygons.shapes[row_numbers]
    isolated_parts = isolated_parts[~shapely.is_empty(isolated_parts)]
    if not len(overlapping_shapes):
        return join_parts(isolated_parts)
    touches_suspect = np.zeros(len(isolated_parts), dtype=bool)
    touches_suspect[shapely.STRtree(overlapping_shapes).query(isolated_parts, predicate="intersects")[0]] = True
    near_union = union_near_row(
        np.append(overlapping_shapes, isolated_parts[touches_suspect]), row, tolerance, fallback_log
    )
    # Polygons that touch none of them are unchanged, unless a corner that was on an edge no longer is.
    if near_union is None:
        return None
    near_parts = shapely.get_parts([extract_polygons(near_union)])
    union = join_parts(np.append(isolated_parts[~touches_suspect], near_parts))
    if not shapely.is_valid(union):
        union = extract_polygons(
            union_near_row(np.append(overlapping_shapes, isolated_parts), row, tolerance, fallback_log)
        )
    return union


def _unite_overlaps_before_others(
    isolated_shapes: NDArray, overlapping_shapes: NDArray, row: int, tolerance: Tolerance
) -> Any:
    """Return the union of polygons of a layer, of which only (k,) ``overlapping_shapes`` overlap others.

    These are overlaid with each other. An edge that they have in common with an isolated polygon usually remains the
    same edge, so that a coverage union joins all, which is faster than an overlay with the union of the others. None
    if GEOS fails, or if such an edge has changed.
    """
    overlap_log = FallbackLog()
    overlap_union = extract_polygons(union_near_row(overlapping_shapes, row, tolerance, overlap_log))
    if overlap_union is None or overlap_log.steps:
        return None
    try:
        union = shapely.coverage_union_all(np.append(isolated_shapes, shapely.get_parts([overlap_union])))
    except shapely.GEOSException:
        return None
    # A changed edge leaves two adjacent parts, or a hole without width.
    return join_parts(shapely.get_parts(union)) if shapely.is_valid(union) else None


def assign_patch_numbers(
    polygons: Polygons, area: NDArray, reach_m: float, least_m2: float, cancellation: Cancellation = NEVER_CANCELLED
) -> NDArray:
    """Return (n,) the patch number of each row: the smallest row number in its patch.

    Polygons with a common vertex are one patch. A patch below ``least_m2`` also joins patches within ``reach_m`` m.
    ``area``: (n,) m² of the rows. Each row without a shape is a patch. Raise Cancelled.
    """
    rows = polygons.present
    xy, owner = shapely.get_coordinates(polygons.shapes[rows], return_index=True)
    codes = hash_vertices(np.ascontiguousarray(xy))
    order = np.argsort(codes, kind="stable")
    equal_vertex = codes[order[1:]] == codes[order[:-1]]
    row_of_vertex = rows[owner[order]]
    i, j = row_of_vertex[:-1][equal_vertex], row_of_vertex[1:][equal_vertex]
    cancellation.raise_if_cancelled()
    patch = find_connected_components(len(polygons), i, j)
    area_of_patch = np.bincount(patch, np.nan_to_num(area), minlength=len(patch))
    small_patch_rows = rows[area_of_patch[patch[rows]] < least_m2]
    left, right = [i], [j]
    for start in cancellation.watch(range(0, len(small_patch_rows), SHAPES_PER_BATCH)):
        batch = small_patch_rows[start : start + SHAPES_PER_BATCH]
        position, near_rows = polygons.find_pairs_within(polygons.shapes[batch], reach_m)
        left.append(batch[position])
        right.append(near_rows)
    return find_connected_components(len(polygons), np.concatenate(left), np.concatenate(right))


def find_connected_components(node_count: int, first_nodes: NDArray, second_nodes: NDArray) -> NDArray:
    """Return (node_count,) for each node of a graph the smallest node that it is connected with.

    Nodes are numbered from 0. ``first_nodes``, ``second_nodes``: the two ends of each edge.
    """
    labels = np.arange(node_count)
    while True:
        a, b = labels[first_nodes], labels[second_nodes]
        low, high = np.minimum(a, b), np.maximum(a, b)
        if (low == high).all():
            return labels
        np.minimum.at(labels, high, low)
        while True:
            further = labels[labels]
            if (further == labels).all():
                break
            labels = further
