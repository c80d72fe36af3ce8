# SPDX-License-Identifier: GPL-2.0-or-later
"""The vertices that before, change and after have on each other's edges, given to all of them.

The classes are made in the plane and handed in in degrees, vertex by vertex. What is straight in the one is not straight in
the other: the middle of a west–east edge of length L lies s = L²·tan φ / 8R beside its chord (the parallel's curvature tan φ / R,
as the rise of a flat arc over its chord L), and a vertex put there leaves a sliver of up to ½·L·s between the edge with it and
the edge without: 1 m² at L = 700 m, φ = 39.6°. With the vertex in every class that has the edge they bend alike, share every
segment, and their areas add up. No shape is altered in the plane: the vertex lies on the edge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.linework import batches, rings
from ..geometry.tolerance import Tolerance
from ..geometry.vertex_index import unique_vertices
from ..plan.layer import Layer
from ..versions.model import Edition

#: A closed ring.
_Line = list[tuple[float, float]]
#: Edges looked up between two looks at the cancel button.
_EDGES = 20_000


def add_nodes(shapes: NDArray, tolerance: Tolerance, bends: bool, cancellation: Cancellation) -> NDArray:
    """(n,) polygons of one plane, each with the vertices that others have on its edges; the same object where it gets none.

    A vertex within the cluster tolerance of an edge becomes the edge's own; of one within the edge tolerance the edge gets
    the foot, so that it bends where the other does and stays where it is; ``bends`` says whether what is handed in bends what
    is straight here, else feet are not needed. A polygon that this would spoil stays as it is.
    """
    reach = tolerance.edge_match_m if bends else tolerance.cluster_m
    done = shapes.copy()
    if not len(shapes):
        return done
    once = unique_vertices(shapely.get_coordinates(shapes))
    cancellation.raise_if_cancelled()
    points = shapely.points(once)
    cancellation.raise_if_cancelled()
    tree = shapely.STRtree(points)
    cancellation.raise_if_cancelled()
    # The tree is built when it is first asked.
    tree.query(points[0])
    for batch in batches(shapes):
        cancellation.raise_if_cancelled()
        found = rings(shapes[batch])
        start = np.delete(np.arange(len(found.xy)), found.at[1:] - 1)
        more: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
        for first in range(0, len(start), _EDGES):
            cancellation.raise_if_cancelled()
            some = start[first : first + _EDGES]
            for edge, along, point in _on(found.xy[some], found.xy[some + 1], once, tree, reach, tolerance):
                more[int(some[edge])].append((along, *point))
        _put_in(done, batch.start, found.shape, found.at, more, tolerance.cluster_m, cancellation)
    return done


def _on(
    a: NDArray, b: NDArray, points: NDArray, tree: shapely.STRtree, reach: float, tolerance: Tolerance
) -> Iterator[tuple[int, float, tuple[float, float]]]:
    """Which (k,) edges from ``a`` to ``b`` get a vertex, how far along (m), and where."""
    lines = shapely.linestrings(np.stack([a, b], axis=1))
    edge, at = tree.query(lines, predicate="dwithin", distance=reach)
    # From the smaller end on, so that both directions of an edge have the same foot.
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(turned[:, None], b, a)[edge], np.where(turned[:, None], a, b)[edge]
    length = np.hypot(*(high - low).T)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = (high - low) / length[:, None]
        along = ((points[at] - low) * unit).sum(axis=1)
        foot = low + along[:, None] * unit
    # Near a corner a vertex is that corner's neighbour, and bends nothing.
    inside = (along > tolerance.edge_match_m) & (length - along > tolerance.edge_match_m)
    own = np.hypot(*(points[at] - foot).T) <= tolerance.cluster_m
    place = np.where(own[:, None], points[at], foot)
    along = np.where(turned[edge], length - along, along)
    for n in np.flatnonzero(inside).tolist():
        yield int(edge[n]), float(along[n]), (float(place[n, 0]), float(place[n, 1]))


def _put_in(
    done: NDArray,
    first: int,
    shape_of: NDArray,
    ring_at: NDArray,
    more: dict[int, list[tuple[float, float, float]]],
    cluster_m: float,
    cancellation: Cancellation,
) -> None:
    """Put ``more`` (by the vertex that an edge begins at) into the shapes from position ``first`` on."""
    touched = np.unique(np.searchsorted(ring_at, list(more), side="right") - 1)
    for shape in np.unique(shape_of[touched]).tolist():
        cancellation.raise_if_cancelled()
        at = [int(ring_at[ring]) for ring in np.flatnonzero(shape_of == shape)]
        lines = [
            _ring(line, vertex, more, cluster_m) for line, vertex in zip(_lines(done[first + shape]), at, strict=True)
        ]
        made = _like(done[first + shape], lines)
        if not shapely.is_valid(made):
            # Cutting leaves spikes of no width: a side gets the tip of the other side, and then runs there and back.
            made = _like(done[first + shape], [_without_spikes(line) for line in lines])
        if shapely.is_valid(made):
            done[first + shape] = made


def _lines(shape: Any) -> list[Any]:
    return [line for part in shapely.get_parts([shape]) for line in (part.exterior, *part.interiors)]


def _like(shape: Any, lines: list[_Line]) -> Any:
    """A polygon or multipolygon of other rings."""
    told = iter(lines)
    parts = [shapely.Polygon(next(told), [next(told) for _ in part.interiors]) for part in shapely.get_parts([shape])]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _without_spikes(line: _Line) -> _Line:
    """A closed ring without what runs to a vertex and back to where it came from; itself where nothing would be left."""
    made: _Line = []
    for xy in line[:-1]:
        made.append(xy)
        while len(made) > 2 and made[-1] == made[-3]:
            del made[-2:]
    # The ring may begin on a spike.
    while len(made) > 3 and (made[-1] == made[1] or made[-2] == made[0]):
        made = made[1:-1] if made[-1] == made[1] else made[:-2]
    return [*made, made[0]] if len(made) > 2 else line


def _ring(line: Any, first: int, more: dict[int, list[tuple[float, float, float]]], cluster_m: float) -> _Line:
    """The vertices of a ring that begins at vertex ``first``, with what is put on its edges."""
    made: _Line = []
    for n, xy in enumerate(shapely.get_coordinates(line).tolist()):
        made.append((xy[0], xy[1]))
        last = -np.inf
        for along, east, north in sorted(more.get(first + n, ())):
            if along - last > cluster_m:
                made.append((east, north))
                last = along
    return made


def add_nodes_to_filed(edition: Edition, rows: NDArray, shapes: NDArray) -> Layer:
    """Filed rows ((q,) positions) as a layer; those whose ``shapes`` (q,) in the plane got vertices have them there, in the
    layer's own coordinates. What is invalid as it was filed stays so."""
    layer = edition.layer.take(rows)
    more = shapely.get_num_coordinates(shapes) > shapely.get_num_coordinates(edition.shapes[rows])
    more &= ~layer.invalid
    if not more.any():
        return layer
    drawn = layer.raw_shapes.copy()
    drawn[more] = crs_care.reproject(shapes[more], layer.plane_crs, layer.known_crs)
    frame = layer.frame.set_geometry(type(layer.frame.geometry)(drawn, index=layer.frame.index, crs=layer.frame.crs))
    other = layer.like(replace(layer.source, frame=frame))
    other.stray_rows = layer.stray_rows
    return other
