# SPDX-License-Identifier: GPL-2.0-or-later
"""Where counties meet: gaps and overlaps of their borders, and the common line of two counties.

A border has very many vertices: a long line is in short pieces with a search tree, and has places along it (m).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...geometry.linework import MAX_SEGMENTS_PER_LINE
from ...geometry.overlay import find_shared_pieces
from ...geometry.overlay_fallback import compute_local_origins, translate_back, translate_shapes
from ...geometry.polygons import Polygons, widen_bounds
from .seam_result import SeamSettings

#: Largest ratio of the length of a mitred corner to the reach: sharper corners are cut (`shapely.buffer`).
_MITRE_LIMIT = 5.0
#: The surroundings of an open edge that are examined, in reaches.
_SURROUNDINGS_REACHES = 4.0
#: Edges of counties at least this many times as long as the open ends belong to a gap; a corner between two counties
#: that opens wider is not a gap.
_MIN_CONTACT_RATIO = 4.0
#: Distance (m) at which a result of an overlay is on the edge that it comes from.
_ON_EDGE_M = 1e-4
#: Parts of a common line are longer than this many tolerances: shorter ones are rounded ends.
_MIN_LINE_TOLERANCES = 4.0


class LinePieces:
    """(k,) pieces of lines in a plane (m), each of at most `MAX_SEGMENTS_PER_LINE` segments."""

    def __init__(self, lines: Iterable[Any]):
        pieces = [np.zeros(0, dtype=object)]
        for line in lines:
            xy = shapely.get_coordinates(line)
            pieces.append(
                np.array(
                    [
                        shapely.linestrings(xy[n : n + MAX_SEGMENTS_PER_LINE + 1])
                        for n in range(0, max(len(xy) - 1, 0), MAX_SEGMENTS_PER_LINE)
                    ],
                    dtype=object,
                )
            )
        self.pieces = np.concatenate(pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return a search tree of the pieces."""
        return shapely.STRtree(self.pieces)

    def measure_distances(self, points: NDArray) -> NDArray:
        """Return (p,) the distance (m) of each of (p,) points from the lines; infinite without lines."""
        distances = np.full(len(points), np.inf)
        if len(self) and len(points):
            (rows, _), found = self.tree.query_nearest(points, all_matches=False, return_distance=True)
            distances[rows] = found
        return distances


class MeasuredLine(LinePieces):
    """A line with places along it.

    ``line``: linestring in the plane (m).
    """

    def __init__(self, line: Any):
        super().__init__([line])
        self.line = line
        self.xy = shapely.get_coordinates(line)
        #: (v,) place of each vertex (m).
        self.vertex_places = np.r_[0.0, np.cumsum(np.hypot(*np.diff(self.xy, axis=0).T))]
        self._piece_places = self.vertex_places[:-1][::MAX_SEGMENTS_PER_LINE]

    @property
    def length_m(self) -> float:
        """Return the length of the line (m)."""
        return float(self.vertex_places[-1])

    @property
    def is_ring(self) -> bool:
        """Return True if the line ends where it begins."""
        return bool((self.xy[0] == self.xy[-1]).all())

    def locate(self, points: NDArray, reach_m: float) -> NDArray:
        """Return the places (m) nearest to points; points farther than ``reach_m`` from the line are left out."""
        if not len(points):
            return np.zeros(0)
        rows, pieces = self.tree.query_nearest(points, max_distance=reach_m, all_matches=False)
        return self._piece_places[pieces] + shapely.line_locate_point(self.pieces[pieces], points[rows])

    def interpolate(self, places: NDArray) -> NDArray:
        """Return the points at (p,) places (m)."""
        x, y = (np.interp(places, self.vertex_places, self.xy[:, axis]) for axis in (0, 1))
        return np.asarray(shapely.points(x, y))

    def cut(self, start_m: float, end_m: float) -> Any:
        """Return the stretch between two places as a line; on a ring it may end after the ring's start."""
        length = self.length_m
        if end_m > length:
            first, second = self.cut(start_m, length), self.cut(0.0, end_m - length)
            return shapely.linestrings(
                np.concatenate([shapely.get_coordinates(first), shapely.get_coordinates(second)[1:]])
            )
        is_between = (self.vertex_places > start_m) & (self.vertex_places < end_m)
        ends = shapely.get_coordinates(self.interpolate(np.array([start_m, end_m])))
        return shapely.linestrings(np.concatenate([ends[:1], self.xy[is_between], ends[1:]]))


@dataclass(frozen=True)
class BorderPiece:
    """A gap or an overlap between two counties.

    ``first``, ``second``: their positions, the smaller first; ``others``: further counties at a gap; ``shape``: polygon
    in the plane (m); ``deviation_m``: largest distance between both edges; ``length_m``: length along the border.
    """

    first: int
    second: int
    shape: Any
    deviation_m: float
    length_m: float
    others: tuple[int, ...] = ()


class BorderPieces(NamedTuple):
    """Gaps or overlaps, and for each pair of counties the number of slivers that were ignored."""

    pieces: list[BorderPiece]
    sliver_counts: Counter[tuple[int, int]]


def find_overlaps(
    outlines: Polygons,
    edges: Sequence[LinePieces],
    settings: SeamSettings,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> BorderPieces:
    """Return the land that two counties share, one piece for each connected part.

    A part nowhere wider than the tolerance is left out; slivers (below both minimums) are only counted. ``edges``:
    the boundary of each of ``outlines``. Raise Cancelled.
    """
    found = find_shared_pieces(outlines, tolerance=settings.tolerance, splits_connected=True, cancellation=cancellation)
    slivers = found.slivers
    return BorderPieces(
        [
            BorderPiece(first, second, shape, deviation, float(shape.length) / 2)
            for first, second, shape in zip(found.left.tolist(), found.right.tolist(), found.geometry, strict=True)
            if (deviation := _measure_deviation(shape, (edges[first], edges[second]))) > settings.tolerance_m
        ],
        Counter(
            (int(first), int(second))
            for shape, first, second in zip(slivers.polygons, slivers.left_row, slivers.right_row, strict=True)
            if _measure_deviation(shape, (edges[first], edges[second])) > settings.tolerance_m
        ),
    )


def _measure_deviation(shape: Any, edges: Iterable[LinePieces]) -> float:
    """Return the largest distance (m) of a vertex of a piece from either edge; ``edges``: those of both counties."""
    vertices = shapely.points(shapely.get_coordinates(shape))
    return float(max(edge.measure_distances(vertices).max() for edge in edges))


def find_gaps(outlines: Polygons, settings: SeamSettings, cancellation: Cancellation = NEVER_CANCELLED) -> BorderPieces:
    """Return the land between counties that no county covers, up to ``reach_m`` m wide.

    The counties around edges that are not drawn twice are widened by half the reach and narrowed again (a closing with
    mitred corners, which leaves other corners unchanged); the land that this adds is a gap, if the edges of two
    counties are most of its outline. A gap at three counties belongs to the two with the longest edges. Raise
    Cancelled.
    """
    lines = outlines.lines.extract_lines(outlines.lines.unpaired_segments)
    tree = shapely.STRtree(outlines.shapes)
    line, county = tree.query(lines.linestrings, predicate="dwithin", distance=settings.reach_m)
    open_lines = np.unique(line[county != lines.polygon_row[line]])
    if not len(open_lines):
        return BorderPieces([], Counter())
    cancellation.raise_if_cancelled()
    # Only the parts of long edges that are near another county.
    near_lines = [
        shapely.intersection(
            lines.linestrings[n],
            shapely.union_all(
                [shapely.box(*widen_bounds(outlines.shapes[c].bounds, settings.reach_m)) for c in county[line == n]]
            ),
        )
        for n in open_lines.tolist()
    ]
    surroundings = shapely.buffer(shapely.union_all(near_lines), _SURROUNDINGS_REACHES * settings.reach_m, quad_segs=2)
    cancellation.raise_if_cancelled()
    # Holes are filled, so that clipping makes edges only at the outside.
    places = shapely.union_all([shapely.Polygon(one.exterior) for one in shapely.get_parts(surroundings)])
    pieces: list[BorderPiece] = []
    sliver_counts: Counter[tuple[int, int]] = Counter()
    for place in shapely.get_parts(places):
        cancellation.raise_if_cancelled()
        counties = np.sort(tree.query(place, predicate="intersects"))
        clipped = shapely.intersection(outlines.shapes[counties], place)
        origin = compute_local_origins(np.array([place], dtype=object))
        moved = np.concatenate([translate_shapes(clipped[[n]], -origin[0]) for n in range(len(clipped))])
        union = shapely.union_all(moved)
        half = settings.reach_m / 2
        closed = shapely.buffer(
            shapely.buffer(union, half, join_style="mitre", mitre_limit=_MITRE_LIMIT),
            -half,
            join_style="mitre",
            mitre_limit=_MITRE_LIMIT,
        )
        boundaries = shapely.boundary(moved)
        inner = shapely.buffer(translate_shapes(np.array([place], dtype=object), -origin[0])[0], -settings.reach_m)
        for part in shapely.get_parts(shapely.difference(closed, union)):
            is_inside = part.geom_type == "Polygon" and shapely.intersects(part, inner)
            gap = _make_gap(part, counties, boundaries, settings) if is_inside else None
            if gap is None:
                continue
            shape = translate_back(np.array([part], dtype=object), origin)[0]
            if settings.tolerance.is_sliver(shape.area, 2 * shape.area / shape.length):
                sliver_counts[gap.first, gap.second] += 1
            else:
                pieces.append(replace(gap, shape=shape))
    return BorderPieces(pieces, sliver_counts)


def _make_gap(part: Any, counties: NDArray, boundaries: NDArray, settings: SeamSettings) -> BorderPiece | None:
    """Return a part of the land between counties as a gap; None if the edges of two counties are not most of it.

    ``counties``: positions of the counties around it; ``boundaries``: theirs, in the plane of the part.
    """
    near = np.flatnonzero(shapely.dwithin(boundaries, part, _ON_EDGE_M))
    contacts = shapely.intersection(part.boundary, shapely.buffer(boundaries[near], _ON_EDGE_M))
    lengths = shapely.length(contacts)
    order = sorted(range(len(near)), key=lambda n: (-round(float(lengths[n]), 6), n))
    touching = [n for n in order if lengths[n] > 4 * _ON_EDGE_M]
    if len(touching) < 2:
        return None
    open_length = float(part.length) - float(shapely.length(shapely.union_all(contacts)))
    if sum(float(lengths[n]) for n in touching) < _MIN_CONTACT_RATIO * open_length:
        return None
    first, second = sorted(touching[:2])
    edges = (
        LinePieces(one for one in shapely.get_parts([boundaries[near[n]]]) if shapely.get_dimensions(one) == 1)
        for n in (first, second)
    )
    deviation = _measure_deviation(part, edges)
    if deviation <= settings.tolerance_m:
        return None
    return BorderPiece(
        int(counties[near[first]]),
        int(counties[near[second]]),
        part,
        deviation,
        float(min(lengths[first], lengths[second])),
        tuple(int(counties[near[n]]) for n in sorted(touching[2:])),
    )


def find_common_line(
    boundary: Any, other_boundary: Any, pieces: Sequence[BorderPiece], settings: SeamSettings
) -> NDArray:
    """Return the (k,) stretches of a county's boundary where it meets another county, as lines in the plane.

    They are the stretches within the tolerance of the other boundary, and those along gaps and overlaps of the pair
    (``pieces``).
    """
    boundary = shapely.clip_by_rect(boundary, *widen_bounds(shapely.bounds(other_boundary).tolist(), settings.reach_m))
    other_boundary = shapely.clip_by_rect(
        other_boundary, *widen_bounds(shapely.bounds(boundary).tolist(), settings.reach_m)
    )
    if shapely.is_empty(boundary) or shapely.is_empty(other_boundary):
        return np.array([], dtype=object)
    places = [shapely.buffer(one, settings.tolerance_m) for one in (other_boundary, *(piece.shape for piece in pieces))]
    parts = shapely.get_parts(shapely.line_merge(shapely.intersection(boundary, shapely.union_all(places))))
    is_long = shapely.length(parts) > _MIN_LINE_TOLERANCES * settings.tolerance_m
    return parts[(shapely.get_dimensions(parts) == 1) & is_long]
