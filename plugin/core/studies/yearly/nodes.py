# SPDX-License-Identifier: GPL-2.0-or-later
"""Give all three classes of a layer the vertices on their shared edges.

The classes (parcels before, changes, parcels after) are computed in metres and submitted in degrees, vertex by vertex.
An edge that is straight in metres is not straight in degrees: the middle of a west–east edge of length L is s = L²·tan
φ / 8R away from its chord (the parallel's curvature tan φ / R, as the rise of a flat arc over its chord L). A vertex on
one of two equal edges then leaves a sliver of up to ½·L·s between them: 1 m² at L = 700 m, φ = 39.6°. If all classes
have the same vertices, their edges bend alike, they share every segment, and their areas add up. Shapes do not change
in metres, because the added vertices are on the edges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import Cancellation
from ...geometry.edge_densification import sort_unique_vertices
from ...geometry.polygon_rings import change_rings, extract_rings, iterate_batches
from ...geometry.tolerance import Tolerance

#: A closed ring.
_RingCoordinates = list[tuple[float, float]]
#: Edges searched between two tests for cancellation.
_EDGES_PER_BATCH = 20_000


def add_neighbour_vertices_to_edges(
    shapes: NDArray, tolerance: Tolerance, do_edges_bend: bool, cancellation: Cancellation
) -> NDArray:
    """Return polygons with vertices added where another polygon has a vertex on their edges.

    Neighbouring polygons then have the same vertices along a common edge.

    Parameters
    ----------
    shapes
        (n,) polygons; all have coordinates in the same projected CRS (metres).
    tolerance
        A vertex within ``cluster_m`` of an edge is inserted into the edge unchanged. For a vertex farther away, within
        ``edge_match_m``, the point of the edge nearest to it (foot of the perpendicular) is inserted, so that the edge
        does not move.
    do_edges_bend
        True if edges that are straight in this CRS are curved in the CRS of the written file. Only then vertices
        farther away than ``cluster_m`` are considered.

    Returns
    -------
    (n,) polygons; the same object where no vertex was added or where the vertices would make the polygon invalid.
    """
    reach_m = tolerance.edge_match_m if do_edges_bend else tolerance.cluster_m
    with_nodes = shapes.copy()
    if not len(shapes):
        return with_nodes
    vertices = sort_unique_vertices(shapely.get_coordinates(shapes))
    cancellation.raise_if_cancelled()
    tree = shapely.STRtree(shapely.points(vertices))
    for batch in iterate_batches(shapes):
        cancellation.raise_if_cancelled()
        rings = extract_rings(shapes[batch])
        start = np.delete(np.arange(len(rings.xy)), rings.ring_starts[1:] - 1)
        nodes_by_edge: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
        for first in range(0, len(start), _EDGES_PER_BATCH):
            cancellation.raise_if_cancelled()
            some = start[first : first + _EDGES_PER_BATCH]
            for edge, along, point in _find_nodes_on_edges(
                rings.xy[some], rings.xy[some + 1], vertices, tree, reach_m, tolerance
            ):
                nodes_by_edge[int(some[edge])].append((along, *point))
        touched_rings = np.unique(np.searchsorted(rings.ring_starts, list(nodes_by_edge), side="right") - 1)
        for shape in np.unique(rings.polygon_of_ring[touched_rings]).tolist():
            cancellation.raise_if_cancelled()
            starts = iter([int(rings.ring_starts[ring]) for ring in np.flatnonzero(rings.polygon_of_ring == shape)])
            new_polygon = change_rings(
                with_nodes[batch.start + shape],
                lambda xy, starts=starts, nodes=nodes_by_edge: _insert_into_ring(  # type: ignore[misc]
                    xy, next(starts), nodes, tolerance.cluster_m
                ),
            )
            if not shapely.is_valid(new_polygon):
                # Cutting leaves spikes of zero width. A vertex at the tip of one side makes the other side run back.
                new_polygon = change_rings(new_polygon, _remove_spikes)
            if shapely.is_valid(new_polygon):
                with_nodes[batch.start + shape] = new_polygon
    return with_nodes


def _find_nodes_on_edges(
    edge_starts: NDArray,
    edge_ends: NDArray,
    points: NDArray,
    tree: shapely.STRtree,
    reach_m: float,
    tolerance: Tolerance,
) -> Iterator[tuple[int, float, tuple[float, float]]]:
    """Yield each edge that gets a vertex: index of the edge, distance (m) along it, and the vertex (x, y).

    ``edge_starts``, ``edge_ends``: (k, 2) ends of the edges; ``points``: the vertices of all polygons; ``tree``:
    spatial index of these; ``reach_m``: greatest distance of a vertex from an edge.
    """
    edge, at = tree.query(
        shapely.linestrings(np.stack([edge_starts, edge_ends], axis=1)), predicate="dwithin", distance=reach_m
    )
    # Measure from the smaller end, so that both directions of an edge get the same foot.
    reversed_edges = (edge_starts[:, 0] > edge_ends[:, 0]) | (
        (edge_starts[:, 0] == edge_ends[:, 0]) & (edge_starts[:, 1] > edge_ends[:, 1])
    )
    low, high = (
        np.where(reversed_edges[:, None], edge_ends, edge_starts)[edge],
        np.where(reversed_edges[:, None], edge_starts, edge_ends)[edge],
    )
    length = np.hypot(*(high - low).T)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = (high - low) / length[:, None]
        along = ((points[at] - low) * unit).sum(axis=1)
        foot = low + along[:, None] * unit
    # A vertex near a corner belongs to the corner.
    inside = (along > tolerance.edge_match_m) & (length - along > tolerance.edge_match_m)
    is_on_edge = np.hypot(*(points[at] - foot).T) <= tolerance.cluster_m
    place = np.where(is_on_edge[:, None], points[at], foot)
    along = np.where(reversed_edges[edge], length - along, along)
    for n in np.flatnonzero(inside).tolist():
        yield int(edge[n]), float(along[n]), (float(place[n, 0]), float(place[n, 1]))


def _remove_spikes(xy: NDArray) -> _RingCoordinates:
    """Return a closed ring without spikes of zero width.

    A ring that consists only of spikes is returned unchanged.
    """
    line: _RingCoordinates = [(east, north) for east, north in xy.tolist()]
    cleaned_ring: _RingCoordinates = []
    for vertex in line[:-1]:
        cleaned_ring.append(vertex)
        while len(cleaned_ring) > 2 and cleaned_ring[-1] == cleaned_ring[-3]:
            del cleaned_ring[-2:]
    # The ring may begin on a spike.
    while len(cleaned_ring) > 3 and (cleaned_ring[-1] == cleaned_ring[1] or cleaned_ring[-2] == cleaned_ring[0]):
        cleaned_ring = cleaned_ring[1:-1] if cleaned_ring[-1] == cleaned_ring[1] else cleaned_ring[:-2]
    return [*cleaned_ring, cleaned_ring[0]] if len(cleaned_ring) > 2 else line


def _insert_into_ring(
    ring: NDArray, first_vertex: int, vertices_by_edge: dict[int, list[tuple[float, float, float]]], cluster_m: float
) -> _RingCoordinates:
    """Return the vertices of a ring, with further vertices inserted on its edges.

    ``first_vertex``: index of the ring's first vertex; ``vertices_by_edge`` index of the vertex at which an edge begins
    → vertices on the edge, each as distance along the edge, x, y.
    """
    new_ring: _RingCoordinates = []
    for n, xy in enumerate(ring.tolist()):
        new_ring.append((xy[0], xy[1]))
        last = -np.inf
        for along, east, north in sorted(vertices_by_edge.get(first_vertex + n, ())):
            if along - last > cluster_m:
                new_ring.append((east, north))
                last = along
    return new_ring
