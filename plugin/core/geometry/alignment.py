# SPDX-License-Identifier: GPL-2.0-or-later
"""Alignment of a line or an area with the edges of other shapes (对齐).

A stretch of the outline that runs along a reference edge, within a distance, is replaced by the reference edge itself,
vertex for vertex. Stretches that cross reference edges, or are farther away, stay. A stretch is described by its
vertices before and after, so that neighbours that share it can follow exactly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .polygon_rings import change_outlines, insert_vertices

#: A vertex as a key of tables.
Vertex = tuple[float, float]

#: Largest distance (m) between a reference edge and a replaced stretch that is on it.
_ON_EDGE_M = 1e-3
#: A vertex this near (m) to an edge is on it: the rounding of coordinates of a metric zone.
_ALREADY_THERE_M = 1e-7
#: Shares of a segment at which its distance from the reference is measured.
_PROBE_SHARES = (0.25, 0.5, 0.75)
#: A corner moves at most this many times the distance, where two edges move that meet at a right angle or a wider one.
_CORNER_FACTOR = 1.5
#: Length of a replaced segment over the length that it replaces: above it, the reference runs across.
_MAX_STRETCHING = 2.0


class ReferenceEdges:
    """Edges and vertices with which outlines are aligned.

    ``shapes``: (n,) polygons or lines in the plane (m); None and empty ones are left out.
    """

    def __init__(self, shapes: Iterable[Any]):
        reference_shapes = np.array([one for one in shapes if one is not None and not one.is_empty], dtype=object)
        self.lines = np.array(
            [one.boundary if shapely.get_dimensions(one) == 2 else one for one in reference_shapes], dtype=object
        )

    @cached_property
    def _edge_tree(self) -> shapely.STRtree:
        """Return a search tree of the edges of all shapes, lines of two vertices."""
        segments = [np.zeros((0, 2, 2))]
        for part in shapely.get_parts(shapely.get_parts(self.lines)):
            xy = shapely.get_coordinates(part)
            segments.append(np.stack([xy[:-1], xy[1:]], axis=1))
        return shapely.STRtree(np.array(shapely.linestrings(np.concatenate(segments)), dtype=object))

    @cached_property
    def _vertex_tree(self) -> shapely.STRtree:
        """Return a search tree of the vertices of all shapes, each place once."""
        return shapely.STRtree(shapely.points(np.unique(shapely.get_coordinates(self.lines), axis=0)))

    def find_nearest_point(self, vertex: Vertex, reach_m: float) -> Vertex | None:
        """Return the point of an edge that is nearest to a vertex; None if no edge is within ``reach_m``.

        A vertex that is already on an edge is returned unchanged.
        """
        point = shapely.Point(vertex)
        position = self._edge_tree.query_nearest(point, max_distance=reach_m, all_matches=False)
        if not len(position):
            return None
        edge = self._edge_tree.geometries[position[0]]
        nearest = shapely.get_coordinates(shapely.line_interpolate_point(edge, shapely.line_locate_point(edge, point)))
        if np.hypot(*(nearest[0] - np.array(vertex))) <= _ALREADY_THERE_M:
            return vertex
        return float(nearest[0, 0]), float(nearest[0, 1])

    def find_vertices_near(self, shape: Any, reach_m: float) -> NDArray:
        """Return the (k, 2) reference vertices within ``reach_m`` of a shape."""
        positions = self._vertex_tree.query(shape, predicate="dwithin", distance=reach_m)
        return shapely.get_coordinates(self._vertex_tree.geometries[np.sort(positions)])

    def is_on_edge(self, start: Vertex, end: Vertex) -> bool:
        """Return True if three points between ``start`` and ``end`` all lie on reference edges."""
        shares = np.array(_PROBE_SHARES)[:, None]
        probes = shapely.points((1 - shares) * np.array(start) + shares * np.array(end))
        probes_on_edge, _edges = self._edge_tree.query(probes, predicate="dwithin", distance=_ON_EDGE_M)
        return len(np.unique(probes_on_edge)) == len(probes)


@dataclass(frozen=True)
class AlignedStretch:
    """A stretch of an outline that alignment would move onto a reference edge.

    ``moved``: old vertex → new vertex; ``inserted``: two consecutive old vertices → new vertices between them, each
    after its share (0 to 1) of the way from the first old vertex to the second.
    """

    moved: dict[Vertex, Vertex]
    inserted: dict[tuple[Vertex, Vertex], list[tuple[float, Vertex]]]


@dataclass
class _OutlinePoint:
    """A point of an outline during alignment: an old vertex, or a reference vertex near a segment.

    ``vertex``: the old vertex, None for a reference vertex; ``target``: where alignment would move the point, None if
    it stays; ``at_m``: distance from the start of the outline, measured along it.
    """

    vertex: Vertex | None
    target: Vertex | None
    at_m: float


def find_aligned_stretches(shape: Any, reference: ReferenceEdges, reach_m: float) -> list[AlignedStretch]:
    """Return the stretches of an outline that run along reference edges but differ from them.

    ``shape``: polygon, line or a multipart of them, in the plane (m); ``reach_m``: largest distance of a stretch from
    the reference edge.
    """
    stretches: list[AlignedStretch] = []

    def add_stretches(xy: NDArray, is_closed: bool) -> NDArray:
        """Add the stretches of an outline, which stays as it is."""
        # The points of the outline in their order: its vertices, and reference vertices next to its segments.
        vertices = [(float(x), float(y)) for x, y in xy]
        targets = [
            _find_target(vertices, position, is_closed, reference, reach_m)
            for position in range(len(vertices) - 1 if is_closed else len(vertices))
        ]
        if is_closed:
            targets.append(targets[0])
        items: list[_OutlinePoint] = []
        at_m = 0.0
        segment_count = len(vertices) - 1
        near_vertices = _assign_vertices_to_segments(vertices, reference, reach_m, set(targets))
        for position in range(segment_count):
            start, end = vertices[position], vertices[position + 1]
            items.append(_OutlinePoint(start, targets[position], at_m))
            length = math.dist(start, end)
            items += [_OutlinePoint(None, one, at_m + share * length) for share, one in near_vertices[position]]
            at_m += length
        items.append(_OutlinePoint(vertices[-1], targets[-1], at_m))
        for run in _find_runs(items, is_closed, reference, reach_m):
            stretch = _make_stretch(items, run, is_closed, reach_m)
            if stretch is not None:
                stretches.append(stretch)
        return xy

    change_outlines(shape, add_stretches)
    return stretches


def replace_stretches(shape: Any, stretches: Iterable[AlignedStretch]) -> Any:
    """Return a shape in which each stretch replaces its old vertices, wherever the shape has them in either direction.

    The result has the type of the shape and may be invalid; None if an outline has no length any more.
    """
    new_vertex_by_old: dict[Vertex, Vertex] = {}
    shares: dict[tuple[Vertex, Vertex], list[tuple[float, Vertex]]] = defaultdict(list)
    for stretch in stretches:
        new_vertex_by_old |= stretch.moved
        for (start, end), between in stretch.inserted.items():
            shares[start, end] += between
            shares[end, start] += [(1.0 - share, vertex) for share, vertex in reversed(between)]
    # Vertices at the same share, as those of a jog, keep their order.
    inserted = {
        pair: [vertex for _share, vertex in sorted(between, key=lambda one: one[0])] for pair, between in shares.items()
    }

    def replace_outline(xy: NDArray, is_closed: bool) -> NDArray | None:
        """Return the vertices of an outline with stretches replaced; None if the outline has no length any more."""
        old = [(float(x), float(y)) for x, y in xy]
        new: list[Vertex] = []
        for position, vertex in enumerate(old):
            new.append(new_vertex_by_old.get(vertex, vertex))
            if position + 1 < len(old):
                new += inserted.get((vertex, old[position + 1]), ())
        cleaned_vertices = _remove_repetitions(new, is_closed)
        return np.array(cleaned_vertices) if len(cleaned_vertices) >= (4 if is_closed else 2) else None

    return change_outlines(shape, replace_outline)


def add_vertices_of(shape: Any, others: Iterable[Any], reach_m: float) -> Any:
    """Return a shape with additional vertices where other shapes have a vertex on its outline, within ``reach_m``.

    Existing vertices stay. A vertex of another shape within reach of an existing vertex is not added.
    """
    tree = shapely.STRtree(shapely.points(shapely.get_coordinates(shape)))
    lines = shape.boundary if shapely.get_dimensions(shape) == 2 else shape
    places = []
    for other in others:
        xy = np.unique(shapely.get_coordinates(other), axis=0)
        xy = xy[shapely.dwithin(shapely.points(xy), lines, reach_m)]
        near_shape_vertices = np.unique(tree.query(shapely.points(xy), predicate="dwithin", distance=reach_m)[0])
        places.append(np.delete(xy, near_shape_vertices, axis=0))
    missing_vertices = np.unique(np.concatenate([np.zeros((0, 2)), *places]), axis=0)
    if not len(missing_vertices):
        return shape
    return change_outlines(shape, lambda xy, is_closed: insert_vertices(xy, missing_vertices, reach_m))


def remove_vertices(shape: Any, vertices: Collection[Vertex]) -> Any:
    """Return a shape without the given vertices; the ends of lines stay."""
    if not vertices:
        return shape

    def remove(xy: NDArray, is_closed: bool) -> NDArray:
        """Return the vertices of an outline without those to remove."""
        is_kept = np.array([vertex not in vertices for vertex in map(tuple, xy.tolist())])
        if not is_closed:
            is_kept[[0, -1]] = True
        kept_vertices = xy[is_kept]
        return (
            np.concatenate([kept_vertices, kept_vertices[:1]])
            if is_closed and not (kept_vertices[0] == kept_vertices[-1]).all()
            else kept_vertices
        )

    return change_outlines(shape, remove)


# --- outlines


def _remove_repetitions(vertices: list[Vertex], is_closed: bool) -> list[Vertex]:
    """Return vertices without repetitions, and without edges that run out and back along the same way."""
    kept_vertices: list[Vertex] = []
    for vertex in vertices[:-1] if is_closed else vertices:
        kept_vertices.append(vertex)
        while len(kept_vertices) > 1 and (
            kept_vertices[-1] == kept_vertices[-2]
            or (len(kept_vertices) > 2 and kept_vertices[-1] == kept_vertices[-3])
        ):
            # A repeated vertex goes once; of an edge out and back, its far end goes too.
            del kept_vertices[-1 if kept_vertices[-1] == kept_vertices[-2] else -2 :]
    if not is_closed:
        return kept_vertices
    while len(kept_vertices) > 2 and (
        kept_vertices[0] == kept_vertices[-1]
        or kept_vertices[0] == kept_vertices[-2]
        or kept_vertices[1] == kept_vertices[-1]
    ):
        if kept_vertices[0] == kept_vertices[-1] or kept_vertices[0] == kept_vertices[-2]:
            kept_vertices.pop()
        else:
            kept_vertices.pop(0)
    return [*kept_vertices, kept_vertices[0]] if kept_vertices else kept_vertices


# --- stretches


def _find_target(
    vertices: list[Vertex], position: int, is_closed: bool, reference: ReferenceEdges, reach_m: float
) -> Vertex | None:
    """Return the point that a vertex would move to; None if no reference edge is in reach.

    The point is a reference vertex in reach, else the nearest point of a reference edge. At a corner whose two edges
    both are within reach of a reference vertex, that vertex is a target as well.
    """
    vertex = vertices[position]
    point = shapely.Point(vertex)
    near_vertices = reference.find_vertices_near(point, reach_m)
    if not len(near_vertices):
        near_vertices = reference.find_vertices_near(point, _CORNER_FACTOR * reach_m)
        previous_vertex = vertices[position - 1] if position else (vertices[-2] if is_closed else vertex)
        next_vertex = vertices[position + 1] if position + 1 < len(vertices) else vertex
        edges = [one for one in (previous_vertex, next_vertex) if one != vertex]
        for other in edges:
            # Distances from the infinite line along the edge.
            along, offsets = np.array(other) - np.array(vertex), near_vertices - np.array(vertex)
            distances = np.abs(along[0] * offsets[:, 1] - along[1] * offsets[:, 0]) / np.hypot(*along)
            near_vertices = near_vertices[distances <= reach_m]
    if len(near_vertices):
        nearest_vertex = near_vertices[np.hypot(*(near_vertices - np.array(vertex)).T).argmin()]
        return float(nearest_vertex[0]), float(nearest_vertex[1])
    return reference.find_nearest_point(vertex, reach_m)


def _assign_vertices_to_segments(
    vertices: list[Vertex], reference: ReferenceEdges, reach_m: float, used_vertices: set[Vertex | None]
) -> list[list[tuple[float, Vertex]]]:
    """Return, for each segment, the reference vertices next to it as (share, vertex), in their order.

    The share (0 to 1) is the place along the segment. A reference vertex is next to its nearest segment only; a
    reference vertex that is the target of an old vertex is left out.
    """
    xy = np.array(vertices)
    segments = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    vertices_by_segment: list[list[tuple[float, Vertex]]] = [[] for _ in segments]
    near_vertices = reference.find_vertices_near(shapely.linestrings(xy), reach_m)
    if not len(near_vertices):
        return vertices_by_segment
    points = shapely.points(near_vertices)
    _points, nearest = shapely.STRtree(segments).query_nearest(points, all_matches=False)
    for vertex, point, segment in zip(near_vertices.tolist(), points, nearest.tolist(), strict=True):
        target = (vertex[0], vertex[1])
        share = float(shapely.line_locate_point(segments[segment], point, normalized=True))
        if target not in used_vertices and 0.0 < share < 1.0:
            vertices_by_segment[segment].append((share, target))
    lengths = shapely.length(segments).tolist()
    return [
        _order_along_edges(vertices[n], sorted(vertices_by_segment[n]), reference, reach_m / lengths[n])
        if vertices_by_segment[n]
        else []
        for n in range(len(vertices_by_segment))
    ]


def _order_along_edges(
    start: Vertex, near_vertices: list[tuple[float, Vertex]], reference: ReferenceEdges, reach_share: float
) -> list[tuple[float, Vertex]]:
    """Return (share, vertex) pairs in the order in which reference edges join vertices at nearly the same place.

    ``near_vertices``: (share of the segment, vertex), sorted by share; ``reach_share``: shares that differ by at most
    this are at nearly the same place.
    """
    ordered_vertices: list[tuple[float, Vertex]] = []
    remaining_vertices, last_vertex = list(near_vertices), start
    while remaining_vertices:
        candidate_vertices = [one for one in remaining_vertices if one[0] <= remaining_vertices[0][0] + reach_share]
        joined_vertices = [
            one
            for one in candidate_vertices
            if len(candidate_vertices) > 1 and reference.is_on_edge(last_vertex, one[1])
        ]
        next_vertex = (
            min(joined_vertices, key=lambda one: math.dist(last_vertex, one[1]))
            if joined_vertices
            else candidate_vertices[0]
        )
        remaining_vertices.remove(next_vertex)
        ordered_vertices.append(
            (max(next_vertex[0], ordered_vertices[-1][0]) if ordered_vertices else next_vertex[0], next_vertex[1])
        )
        last_vertex = next_vertex[1]
    return ordered_vertices


def _find_runs(items: list[_OutlinePoint], is_closed: bool, reference: ReferenceEdges, reach_m: float) -> list[range]:
    """Return the runs of successive points that lie along reference edges, each as a range of positions.

    In a closed outline a run may continue from the last point to the first ones, whose positions are then counted on
    beyond the number of points.
    """
    count = len(items) - 1
    joins_next = [_is_along_edge(items[n], items[n + 1], reference, reach_m) for n in range(count)]
    if is_closed and all(joins_next):
        return [range(count + 1)]
    first = next((n for n in range(count) if not joins_next[n]), 0) + 1 if is_closed else 0
    runs: list[range] = []
    start = None
    for step in range(count + 1):
        position = first + step
        is_joined = step < count and (joins_next[position % count] if is_closed else joins_next[position])
        if is_joined and start is None:
            start = position
        elif not is_joined and start is not None:
            runs.append(range(start, position + 1))
            start = None
    return runs


def _is_along_edge(item: _OutlinePoint, next_item: _OutlinePoint, reference: ReferenceEdges, reach_m: float) -> bool:
    """Return True if the way from the target of one point to that of the next is on a reference edge.

    The way must not be much longer than the outline between the points; a short jog is allowed.
    """
    if item.target is None or next_item.target is None:
        return False
    if item.target == next_item.target:
        return True
    longest = max(_MAX_STRETCHING * (next_item.at_m - item.at_m), reach_m)
    return math.dist(item.target, next_item.target) <= longest and reference.is_on_edge(item.target, next_item.target)


def _make_stretch(items: list[_OutlinePoint], run: range, is_closed: bool, reach_m: float) -> AlignedStretch | None:
    """Return a run as an aligned stretch; None if it is on the outline already, or shorter than ``reach_m``."""
    count, total_m = len(items) - 1, items[-1].at_m
    is_whole = is_closed and len(run) == count + 1
    # A closed outline goes on after its last item.
    laps = [divmod(position, count) if is_closed else (0, position) for position in run]
    stretch_items = [replace(items[n], at_m=items[n].at_m + lap * total_m) for lap, n in laps]
    targets = [one.target for one in stretch_items if one.target is not None]
    if stretch_items[-1].at_m - stretch_items[0].at_m < reach_m or not _differs_from_outline(
        items, stretch_items, targets
    ):
        return None
    items_before, items_after = ([], []) if is_whole else _find_neighbours_of_run(items, run, is_closed)
    path_items = [*items_before, *stretch_items, *items_after]
    stretch = AlignedStretch({}, {})
    last_item = path_items[0]
    between: list[_OutlinePoint] = []
    for one in path_items[1:]:
        if one.vertex is None:
            between.append(one)
            continue
        if last_item.vertex is not None and between:
            length = one.at_m - last_item.at_m
            stretch.inserted[last_item.vertex, one.vertex] = [
                ((inner.at_m - last_item.at_m) / length, inner.target) for inner in between if inner.target is not None
            ]
        last_item, between = one, []
    stretch.moved.update(
        {one.vertex: one.target for one in stretch_items if one.vertex and one.target and one.vertex != one.target}
    )
    return stretch


def _differs_from_outline(
    items: list[_OutlinePoint], stretch_items: list[_OutlinePoint], targets: list[Vertex]
) -> bool:
    """Return True if the targets of a stretch leave the outline; other vertices on it do not count."""
    outline = shapely.linestrings([one.vertex for one in items if one.vertex is not None])
    new = shapely.linestrings(targets)
    moved_vertices = [one.vertex for one in stretch_items if one.vertex is not None and one.vertex != one.target]
    points_and_lines = [*((one, outline) for one in targets), *((one, new) for one in moved_vertices)]
    return any(shapely.distance(shapely.Point(point), line) > _ON_EDGE_M for point, line in points_and_lines)


def _find_neighbours_of_run(
    items: list[_OutlinePoint], run: range, is_closed: bool
) -> tuple[list[_OutlinePoint], list[_OutlinePoint]]:
    """Return the points before and after a run, each up to the next old vertex that stays.

    If a run ends between two old vertices, it ends with a jog: the foot of its last point is a vertex of the old
    outline.
    """
    count, total_m = len(items) - 1, items[-1].at_m

    def collect(position: int, step: int, end: _OutlinePoint, lap_m: float) -> list[_OutlinePoint]:
        """Return the points from ``position`` on, in direction ``step``, up to the next old vertex that stays.

        ``end``: the point at this end of the run; ``lap_m``: length to add for laps around a closed outline.
        """
        foot_items = []
        if end.vertex is None:
            old = [one for one in items if one.vertex is not None]
            places = [one.at_m for one in old]
            xy = np.array([one.vertex for one in old])
            foot = float(np.interp(end.at_m, places, xy[:, 0])), float(np.interp(end.at_m, places, xy[:, 1]))
            foot_items.append(_OutlinePoint(None, foot, end.at_m + lap_m))
        while is_closed or 0 <= position < len(items):
            one = items[position % count] if is_closed else items[position]
            if one.vertex is not None:
                lap = position // count if is_closed else 0
                return [*foot_items, replace(one, at_m=one.at_m + lap * total_m)]
            position += step
        return foot_items

    first, last = run[0], run[-1]
    start = items[first % count] if is_closed else items[first]
    end = items[last % count] if is_closed else items[last]
    start_lap_m, end_lap_m = (n // count * total_m if is_closed else 0.0 for n in (first, last))
    return collect(first - 1, -1, start, start_lap_m)[::-1], collect(last + 1, 1, end, end_lap_m)
