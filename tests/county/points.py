# SPDX-License-Identifier: GPL-2.0-or-later
"""Points of the generated county; its parcels are the Voronoi cells of them.

Pairs of points on both sides of a line make the cells end on that line. County border, river banks and roadsides
become chains of parcel edges, without clipping polygons.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.landscape import Landscape
from tests.county.randomness import random_numbers

FREE, RIVER, ROAD, ADJACENT = range(4)
_EXTENT_M = 34_000.0


def make_parcel_points(land: Landscape) -> tuple[np.ndarray, np.ndarray]:
    """Return the parcel points and their kind (free, river, road, adjacent).

    Coordinates are metres from the county's centre; some points are outside the county.
    """
    border = _make_border_points(land)
    strips = [
        _make_strip_points(land, line, RIVER, width, 1.3)
        for line, width in zip(land.rivers, (130.0, 70.0), strict=True)
    ]
    strips += [_make_strip_points(land, line, ROAD, 46.0, 1.3) for line in land.roads]
    fixed, kinds, lines = _join_strips(border, strips)
    free = _scatter_points(land)
    size = np.sqrt(land.parcel_size(free))
    # Use the distance to the line, because a free point between two of its points would split the strip.
    tree = shapely.STRtree([*shapely.points(fixed), *lines])
    pairs = tree.query(shapely.points(free), predicate="dwithin", distance=0.45 * size)
    free = np.delete(free, np.unique(pairs[0]), axis=0)
    return np.vstack([fixed, free]), np.concatenate([kinds, np.zeros(len(free), int)])


def choose_grain(land: Landscape, wanted: int) -> Landscape:
    """Return a landscape with a parcel size that gives about the wanted parcel count."""
    steps = np.arange(-_EXTENT_M, _EXTENT_M, 350.0) + 175
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(steps, steps)])
    grid = grid[shapely.contains_xy(land.outline, grid[:, 0], grid[:, 1])]
    for _ in range(3):
        land = _set_grain(land, land.grain * (350.0**2 / land.parcel_size(grid)).sum() / wanted)
    for _ in range(3):
        points, _ = make_parcel_points(land)
        count = shapely.contains_xy(land.outline, points[:, 0], points[:, 1]).sum()
        if abs(count / wanted - 1) < 0.01:
            break
        land = _set_grain(land, land.grain * count / wanted)
    return land


def _set_grain(land: Landscape, grain: float) -> Landscape:
    return Landscape(land.seed, float(grain), land.town_area)


def _scatter_points(land: Landscape) -> np.ndarray:
    """Return one random point per leaf of a quadtree.

    Cells are split until they have about the intended parcel size.
    """
    size, level = 8000.0, 0
    count = int(np.ceil(_EXTENT_M / size))
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(-count, count), np.arange(-count, count)))
    near = land.outline.buffer(max(2500.0, 3 * np.sqrt(land.grain)))
    leaves = []
    while len(column):
        middle = (np.column_stack([column, row]) + 0.5) * size
        keep = shapely.dwithin(near, shapely.points(middle), size * 0.71)
        column, row, middle = column[keep], row[keep], middle[keep]
        wanted = _find_smallest_parcel_size(land, middle, size)
        # A random factor per cell smooths the jumps of a quadtree, so mean sizes follow the intended ones.
        factor = 1.4 * 4 ** random_numbers(land.seed, 51, level, column, row)
        split = size * size > wanted * factor
        shake = [random_numbers(land.seed, 52 + axis, level, column, row) - 0.5 for axis in (0, 1)]
        leaves.append((middle + 0.8 * size * np.column_stack(shake))[~split])
        column, row = column[split], row[split]
        column = np.concatenate([2 * column, 2 * column + 1, 2 * column, 2 * column + 1])
        row = np.concatenate([2 * row, 2 * row, 2 * row + 1, 2 * row + 1])
        size, level = size / 2, level + 1
    return np.vstack(leaves)


def _find_smallest_parcel_size(land: Landscape, middle: np.ndarray, size: float) -> np.ndarray:
    """Return the smallest intended parcel size within a quadtree cell, m².

    Large cells are sampled to find towns inside.
    """
    if size <= 500:
        return land.parcel_size(middle)
    steps = (np.arange(int(size / 500)) + 0.5) / int(size / 500) - 0.5
    offsets = np.column_stack([axis.ravel() for axis in np.meshgrid(steps, steps)]) * size
    samples = (middle[:, None, :] + offsets[None, :, :]).reshape(-1, 2)
    return land.parcel_size(samples).reshape(len(middle), -1).min(axis=1)


def _place_points_along_line(
    land: Landscape, line: np.ndarray, factor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points along a line at intervals of the parcel width there.

    Also return the normal of the line and the interval at each point.
    """
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    fine = np.linspace(0, along[-1], max(400, int(along[-1] / 60)))
    points = np.column_stack([np.interp(fine, along, line[:, axis]) for axis in (0, 1)])
    gap = factor * np.sqrt(land.parcel_size(points))
    count = np.concatenate([[0], np.cumsum(np.diff(fine) / gap[1:])])
    at = np.interp(np.arange(0.5, int(count[-1])), count, fine)
    ends = [np.column_stack([np.interp(at + d, along, line[:, axis]) for axis in (0, 1)]) for d in (-40.0, 0, 40.0)]
    forward = ends[2] - ends[0]
    normal = np.column_stack([-forward[:, 1], forward[:, 0]]) / np.hypot(*forward.T)[:, None]
    return ends[1], normal, np.interp(at, fine, gap)


def _make_border_points(land: Landscape) -> np.ndarray:
    points, normal, gap = _place_points_along_line(land, shapely.get_coordinates(land.outline), 0.95)
    offset = 0.38 * gap[:, None] * normal
    return np.vstack([points + offset, points - offset])


def _make_strip_points(
    land: Landscape, line: np.ndarray, kind: int, width: float, factor: float
) -> tuple[np.ndarray, np.ndarray]:
    points, normal, _ = _place_points_along_line(land, line, factor)
    inside = shapely.contains_xy(land.outline, points[:, 0], points[:, 1])
    distance, _ = land.town_distance(points)
    inside &= distance > (0.62 if kind == RIVER else 1.25)
    inside &= shapely.distance(land.outline.exterior, shapely.points(points)) > 2.5 * width
    points, offset = points[inside], width * normal[inside]
    stack = np.stack([points, points + offset, points - offset])
    kinds = np.broadcast_to(np.array([kind, ADJACENT, ADJACENT])[:, None], stack.shape[:2])
    return stack.reshape(-1, 2), kinds.ravel()


def _join_strips(border: np.ndarray, strips: list) -> tuple[np.ndarray, np.ndarray, list[shapely.LineString]]:
    """Join points of border, rivers and roads, dropping those too near to others.

    Also return the lines between neighbouring points of a strip.
    """
    points, kinds, lines = border, np.full(len(border), ADJACENT), []
    for new, new_kinds in strips:
        tree = shapely.STRtree(shapely.points(points))
        near = np.zeros(len(new), bool)
        near[np.unique(tree.query(shapely.points(new), predicate="dwithin", distance=170.0)[0])] = True
        fits = ~near.reshape(3, -1).any(axis=0)
        keep = np.tile(fits, 3)
        middle = new[: len(fits)]
        gap = np.hypot(*np.diff(middle, axis=0).T)
        joined = fits[:-1] & fits[1:] & (gap < 2 * np.median(gap))
        lines += [shapely.LineString(middle[one : one + 2]) for one in np.flatnonzero(joined)]
        points, kinds = np.vstack([points, new[keep]]), np.concatenate([kinds, new_kinds[keep]])
    return points, kinds, lines
