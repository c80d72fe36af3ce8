# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of pairs that are known to meet equal those of the overlay that compares whole layers."""

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_pieces
from plugin.core.geometry.pair_overlay import find_pieces_of_pairs
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance

#: Corner (m) of the land: coordinates of zone 38, at which GEOS rounds to some millionths of a metre.
EAST, NORTH = 38_470_000.0, 4_390_000.0


def make_cells(random, count):
    """Return the cells of a grid with shifted corners, which share edges, and some cells that overlap them."""
    corners = np.stack(np.meshgrid(np.arange(count + 1), np.arange(count + 1)), axis=-1) * 100.0
    corners = corners + random.uniform(-30, 30, corners.shape) + (EAST, NORTH)
    cells = [
        shapely.Polygon([corners[i, j], corners[i, j + 1], corners[i + 1, j + 1], corners[i + 1, j]])
        for i in range(count)
        for j in range(count)
    ]
    return [*cells, shapely.Point(EAST + 150, NORTH + 150).buffer(60), cells[0], None]


def make_star(random):
    """Return a polygon with few vertices, or many, or two parts and a hole."""
    count = int(random.choice([5, 9, 700]))
    angles, radii = (
        np.sort(random.uniform(0, 2 * np.pi, count)),
        random.uniform(60, 300) * random.uniform(0.7, 1, count),
    )
    x, y = EAST + random.uniform(0, 600), NORTH + random.uniform(0, 600)
    shape = shapely.make_valid(
        shapely.Polygon(np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)]))
    )
    if random.random() < 0.4:
        shape = shapely.union(
            shape.difference(shapely.Point(x, y).buffer(20)), shapely.box(x + 400, y, x + 450, y + 50)
        )
    return shape


def sum_by_pair(pieces):
    """Return (left, right) → planar area of pieces."""
    return {
        (i, j): a for i, j, a in zip(pieces.left.tolist(), pieces.right.tolist(), pieces.area.tolist(), strict=True)
    }


@pytest.mark.parametrize("seed", range(12))
def test_pieces_of_pairs_equal_those_of_whole_layers(seed):
    random = np.random.default_rng(seed)
    rows = np.array(make_cells(random, 6), dtype=object)
    stars = np.array([make_star(random) for _ in range(5)], dtype=object)
    left, right = shapely.STRtree(rows).query(stars, predicate="intersects")
    tolerance = Tolerance()
    pieces = find_pieces_of_pairs(Polygons(stars.copy()), Polygons(rows), left, right, tolerance=tolerance)
    expected = find_shared_pieces(Polygons(stars), Polygons(rows), tolerance=tolerance, keep_slivers=True)
    got, wanted = sum_by_pair(pieces), sum_by_pair(expected)
    # Rounding of GEOS may leave a trace of land between two polygons that only touch.
    assert {pair for pair in got.keys() ^ wanted.keys() if max(got.get(pair, 0), wanted.get(pair, 0)) > 1e-6} == set()
    assert len(wanted) > 40
    for pair, area in wanted.items():
        plain = shapely.area(shapely.intersection(stars[pair[0]], rows[pair[1]]))
        assert got.get(pair, 0.0) == pytest.approx(area, abs=1e-6) == pytest.approx(plain, abs=1e-4)
    assert list(zip(pieces.left, pieces.right, strict=True)) == sorted(zip(pieces.left, pieces.right, strict=True))


def test_polygon_inside_the_other_is_the_piece_itself_and_a_touching_one_has_none():
    project = shapely.box(0, 0, 100, 100)
    rows = np.array(
        [
            shapely.box(10, 10, 20, 20),
            shapely.box(100, 0, 200, 100),
            shapely.box(0, 0, 10, 10),
            shapely.box(-9, -9, 300, 300),
        ]
    )
    left, right = np.zeros(4, dtype=int), np.arange(4)
    pieces = find_pieces_of_pairs(Polygons(np.array([project])), Polygons(rows), left, right, tolerance=Tolerance())
    assert pieces.right.tolist() == [0, 2, 3] and pieces.area.tolist() == [100.0, 100.0, 10_000.0]
    assert pieces.geometry[0] is rows[0]


def test_no_pairs_give_no_pieces():
    nothing = np.zeros(0, dtype=int)
    polygons = Polygons(np.array([shapely.box(0, 0, 1, 1)]))
    assert len(find_pieces_of_pairs(polygons, polygons, nothing, nothing, tolerance=Tolerance())) == 0
