# SPDX-License-Identifier: GPL-2.0-or-later
"""Parcels of the generated county: irregular polygons that tile it exactly.

Parcels are cells around points. Each edge is bent once, so both neighbours have exactly the same vertices. A bent
edge stays within the two triangles between the edge and the points of its two cells, hence edges never cross. The
triangle between a cell's point and one of its edges is always inside the parcel, which gives known shapes for planted
defects.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely

from tests.county.landscape import CENTRE, Landscape
from tests.county.points import choose_grain, make_parcel_points
from tests.county.randomness import random_numbers

#: The parcels of larger counties are not cached: benchmarks measure memory.
_MOST_CACHED_PARCELS = 6000


@dataclass
class ParcelFabric:
    """Parcels 0 … n-1 of the county, then cells outside it along the border."""

    land: Landscape
    polygons: np.ndarray
    sites: np.ndarray
    kinds: np.ndarray
    edge_cells: np.ndarray
    """Left and right cell of each edge, seen from its first node to its last."""
    points: np.ndarray
    edge_start: np.ndarray
    """First of the edge's own points within `points`; one more entry than edges."""
    edge_nodes: np.ndarray

    def __len__(self) -> int:
        return len(self.polygons)

    @cached_property
    def inner_edges(self) -> np.ndarray:
        """Return the edges between two parcels."""
        return np.flatnonzero((self.edge_cells < len(self)).all(axis=1))

    @cached_property
    def border_edges(self) -> np.ndarray:
        """Return the edges between a parcel and the outside."""
        return np.flatnonzero((self.edge_cells < len(self)).sum(axis=1) == 1)

    @cached_property
    def _edges_by_parcel(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all edges sorted by their cells, and the first index of each cell."""
        cells, edges = self.edge_cells.T.ravel(), np.tile(np.arange(len(self.edge_cells)), 2)
        order = np.argsort(cells, kind="stable")
        return edges[order], np.searchsorted(cells[order], np.arange(len(self) + 1))

    def edges_of(self, parcel: int) -> np.ndarray:
        """Return the numbers of the edges of a parcel."""
        edges, start = self._edges_by_parcel
        return edges[start[parcel] : start[parcel + 1]]

    def other_side(self, edge: int, cell: int) -> int:
        """Return the cell on the other side of an edge."""
        left, right = self.edge_cells[edge]
        return int(right if left == cell else left)

    def neighbours(self, parcel: int) -> dict[int, int]:
        """Return the shared edge by neighbouring cell; cells from n on are outside."""
        return {self.other_side(edge, parcel): int(edge) for edge in self.edges_of(parcel)}

    def chain(self, edge: int) -> np.ndarray:
        """Return the (v, 2) vertices of an edge from its first to its last node."""
        first, last = self.edge_nodes[edge]
        own = self.points[self.edge_start[edge] : self.edge_start[edge + 1]]
        return np.vstack([self.points[first], own, self.points[last]])

    def wedge(self, edge: int, cell: int) -> shapely.Polygon:
        """Return the triangle between a cell's point and an edge, a part of the parcel."""
        return shapely.Polygon(np.vstack([np.round(self.sites[cell], 3), self.chain(edge)]))


def build_fabric(parcels: int, seed: int, vertices_per_edge: int) -> ParcelFabric:
    """Return the parcels of a county; those of a small county are cached, so do not change them."""
    build = _build_small_fabric if parcels <= _MOST_CACHED_PARCELS else _build_fabric
    return build(parcels, seed, vertices_per_edge)


def _build_fabric(parcels: int, seed: int, vertices_per_edge: int) -> ParcelFabric:
    land = choose_grain(Landscape(seed), parcels)
    points, kinds = make_parcel_points(land)
    points, cells = _relax_points(points, kinds == 0)
    inside = shapely.contains_xy(land.outline, points[:, 0], points[:, 1])
    order = np.concatenate([_sort_in_reading_order(points, np.flatnonzero(inside)), np.flatnonzero(~inside)])
    points, kinds, cells = points[order] + CENTRE, kinds[order], cells[order]
    rings, nodes = _build_topology(cells)
    return _bend_edges(land, points, kinds, int(inside.sum()), rings, nodes, seed, vertices_per_edge)


_build_small_fabric = lru_cache(maxsize=8)(_build_fabric)


def _relax_points(points: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move free points to the middle of their cells once, for rounder parcels."""
    cells = _make_voronoi_cells(points)
    middle = shapely.get_coordinates(shapely.centroid(cells))
    # Cells at the margin are unbounded; their points stay.
    free = free & (shapely.area(cells) < 40 * np.median(shapely.area(cells[free])))
    points = np.where(free[:, None], 0.35 * points + 0.65 * middle, points)
    return points, _make_voronoi_cells(points)


def _make_voronoi_cells(points: np.ndarray) -> np.ndarray:
    return shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), ordered=True))


def _sort_in_reading_order(points: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the order from north to south in bands of 2 km, west to east in each."""
    return which[np.lexsort([points[which, 0], np.floor(-points[which, 1] / 2000)])]


def _build_topology(cells: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the rings of node numbers, the cell of each entry, and the nodes.

    Short edges become one node.
    """
    coordinates, index = shapely.get_coordinates(cells, return_index=True)
    last = np.append(np.flatnonzero(np.diff(index)), len(index) - 1)
    keep = np.ones(len(index), bool)
    keep[last] = False
    coordinates, index = coordinates[keep] + CENTRE, index[keep]
    grid = np.rint(coordinates * 1000).astype(np.int64)
    origin = grid.min(axis=0)
    code = (grid[:, 0] - origin[0]) * (1 << 31) + (grid[:, 1] - origin[1])
    unique, ring = np.unique(code, return_inverse=True)
    nodes = (np.column_stack([unique >> 31, unique & ((1 << 31) - 1)]) + origin) / 1000
    width = np.sqrt(shapely.area(cells))[index]
    following = _get_next_entries(index, ring)
    _, edge = np.unique(np.minimum(ring, following) * len(nodes) + np.maximum(ring, following), return_inverse=True)
    narrow = np.full(edge.max() + 1, np.inf)
    np.minimum.at(narrow, edge, width)
    short = np.hypot(*(nodes[ring] - nodes[following]).T) < 0.07 * narrow[edge]
    group = find_components(len(nodes), ring[short], following[short])
    count = np.bincount(group, minlength=len(nodes))
    used = np.flatnonzero(count)
    middle = [np.bincount(group, nodes[:, axis], len(nodes))[used] / count[used] for axis in (0, 1)]
    ring = np.searchsorted(used, group[ring])
    keep = ring != _get_next_entries(index, ring)
    ring, index = ring[keep], index[keep]
    if np.bincount(index, minlength=len(cells)).min() < 3:
        raise ValueError("a parcel collapsed; use another seed")
    return (ring, index), np.round(np.column_stack(middle), 3)


def _get_next_entries(index: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Return the next entry of the same ring for each entry, cyclic."""
    start = np.flatnonzero(np.concatenate([[True], index[1:] != index[:-1]]))
    end = np.append(start[1:], len(index)) - 1
    following = np.roll(ring, -1)
    following[end] = ring[start]
    return following


def find_components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the connected component of each node, as its smallest member."""
    label = np.arange(count)
    while len(first):
        low = np.minimum(label[first], label[second])
        before = label.copy()
        np.minimum.at(label, label[first], low)
        np.minimum.at(label, label[second], low)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(before, label):
            break
    return label


def _bend_edges(land, sites, kinds, inside, rings, nodes, seed, vertices_per_edge) -> ParcelFabric:
    """Return the parcels with their straight edges replaced by bent ones."""
    ring, cell = rings
    following = _get_next_entries(cell, ring)
    low, high = np.minimum(ring, following), np.maximum(ring, following)
    code, edge = np.unique(low * len(nodes) + high, return_inverse=True)
    ends = np.column_stack([code // len(nodes), code % len(nodes)])
    forward = ring == low
    sides = np.full((len(ends), 2), len(sites))
    # GEOS returns clockwise shells here, so the cell is to the right of a forward edge.
    sides[edge[forward], 1] = cell[forward]
    sides[edge[~forward], 0] = cell[~forward]
    apex = np.vstack([sites, [[np.nan, np.nan]]])
    bent, start = _make_bend_points(nodes[ends], apex[sides], seed, vertices_per_edge)
    count = np.diff(start)
    points = np.vstack([nodes, bent])
    start = start + len(nodes)

    wanted = cell < inside
    ring, cell, edge, forward = ring[wanted], cell[wanted], edge[wanted], forward[wanted]
    length = count[edge] + 1
    first = np.concatenate([[0], np.cumsum(length)])
    step = np.arange(first[-1]) - np.repeat(first[:-1], length)
    row = np.repeat(np.arange(len(edge)), length)
    inward = np.where(forward[row], step - 1, count[edge[row]] - step)
    at = np.where(step == 0, ring[row], start[edge[row]] + inward)
    polygons = shapely.polygons(shapely.linearrings(points[at], indices=cell[row]))
    bad = np.flatnonzero(~shapely.is_valid(polygons))
    if len(bad):
        raise ValueError(f"{len(bad)} parcels are invalid, the first at {sites[bad[0]]}")
    return ParcelFabric(land, polygons, sites, kinds[:inside], sides, points, start, ends)


def _make_bend_points(
    ends: np.ndarray, apex: np.ndarray, seed: int, vertices_per_edge: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the inner vertices of all edges and the start index of each edge.

    The vertices are made by midpoint displacement.
    """
    vector = ends[:, 1] - ends[:, 0]
    length = np.hypot(*vector.T)
    level = np.full(len(ends), round(np.log2(vertices_per_edge + 1)))
    if vertices_per_edge:
        typical = np.median(length)
        level += (length > 1.9 * typical).astype(int) - (length < 0.55 * typical)
    count = (1 << level) - 1
    start = np.concatenate([[0], np.cumsum(count)])
    points = np.empty((start[-1], 2))
    unit = vector / length[:, None]
    normal = np.column_stack([-unit[:, 1], unit[:, 0]])
    slopes = _compute_triangle_slopes(ends, apex, unit, normal, length)
    for one in range(1, int(level.max(initial=0)) + 1):
        which = np.flatnonzero(level == one)
        t = np.arange(1, 1 << one) / (1 << one)
        shift = _displace_midpoints(which, one, seed) * 0.55 * length[which, None]
        for side, sign in ((0, 1.0), (1, -1.0)):
            room = (
                0.7
                * length[which, None]
                * np.minimum(t * slopes[which, side, 0, None], (1 - t) * slopes[which, side, 1, None])
            )
            shift = np.where(shift * sign > 0, sign * np.minimum(np.abs(shift), room), shift)
        bent = ends[which, None, 0] + t[None, :, None] * vector[which, None] + shift[..., None] * normal[which, None]
        points[start[which, None] + np.arange((1 << one) - 1)] = bent
    return np.round(points, 3), start


def _compute_triangle_slopes(ends, apex, unit, normal, length) -> np.ndarray:
    """Return slopes from edge ends to the points of both cells, (edge, side, end)."""
    result = np.zeros((len(ends), 2, 2))
    for side, sign in ((0, 1.0), (1, -1.0)):
        away = apex[:, side] - ends[:, 0]
        along = (away * unit).sum(axis=1)
        rise = sign * (away * normal).sum(axis=1)
        for end, run in ((0, along), (1, length - along)):
            with np.errstate(divide="ignore", invalid="ignore"):
                steep = np.where(run > 0, rise / run, np.inf)
            result[:, side, end] = np.where(np.isfinite(rise) & (rise > 0), np.minimum(steep, 3.0), 0.0)
    return result


def _displace_midpoints(which: np.ndarray, level: int, seed: int) -> np.ndarray:
    """Return midpoint displacements in units of the edge length, ends fixed."""
    size = 1 << level
    line = np.zeros((len(which), size + 1))
    step, strength = size, 0.5
    while step > 1:
        places = np.arange(step // 2, size, step)
        random = random_numbers(seed, 61, which[:, None], places[None, :], size) - 0.5
        line[:, places] = (line[:, places - step // 2] + line[:, places + step // 2]) / 2 + strength * random
        step, strength = step // 2, strength * 0.52
    return line[:, 1:-1]
