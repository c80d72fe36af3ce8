# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlay polygons made of checkerboard squares.

The expected shared areas are counted in squares, without geometry operations.
"""

from itertools import combinations

import numpy as np
import pytest
import shapely

from plugin.core.geometry import overlay, polygons
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.geometry.validity import extract_polygons
from tests.parametrize import first_daily

ZERO_TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
BOARD_SIDE = 5
BOARD_SQUARES = [[shapely.box(x, y, x + 1, y + 1) for y in range(BOARD_SIDE)] for x in range(BOARD_SIDE)]


def make_random_board(chance):
    """Return a random selection of squares, (5, 5) bool.

    It is random squares, a rectangle, all squares but one, or two separate squares.
    """
    kind = chance.integers(4)
    if kind == 0:
        return chance.random((BOARD_SIDE, BOARD_SIDE)) < chance.random()
    chosen = np.full((BOARD_SIDE, BOARD_SIDE), kind == 2)
    if kind == 1:
        x, y, width, height = chance.integers(0, BOARD_SIDE, 4)
        chosen[x : x + width + 1, y : y + height + 1] = True
    for x, y in chance.integers(1, BOARD_SIDE - 1, (1, 2)) if kind == 2 else chance.integers(0, BOARD_SIDE, (2, 2)):
        chosen[x, y] = kind == 3
    return chosen


def make_board_polygon(chance, chosen):
    """Return the polygon of the chosen squares, or None if none is chosen.

    It has a vertex at every square or only at corners, by chance.
    """
    squares = [BOARD_SQUARES[x][y] for x, y in np.argwhere(chosen)]
    if not squares:
        return None
    joined = extract_polygons(shapely.coverage_union_all(squares))
    return joined if chance.random() < 0.6 else extract_polygons(shapely.simplify(joined, 0))


def make_board_layer(chance):
    """Return (n,) polygons and the squares of each, (n, 5, 5) bool.

    The polygons tile the board, with a few additional ones, or they are random.
    """
    if chance.random() < 0.4:
        label = chance.integers(0, chance.integers(1, 7), (BOARD_SIDE, BOARD_SIDE))
        boards = [label == k for k in np.unique(label)] + [make_random_board(chance)] * int(chance.integers(2))
    else:
        boards = [make_random_board(chance) for _ in range(chance.integers(1, 9))]
    shapes = np.empty(len(boards), dtype=object)
    shapes[:] = [make_board_polygon(chance, b) for b in boards]
    return shapes, np.array(boards)


def count_shared_squares(pairs):
    return {pair: int(squares.sum()) for pair, squares in pairs.items() if squares.any()}


def sum_areas_by_pair(parts):
    found = {}
    for i, j, area in zip(parts.left.tolist(), parts.right.tolist(), parts.area.tolist(), strict=True):
        found[i, j] = found.get((i, j), 0.0) + area
    return {pair: round(area, 9) for pair, area in found.items()}


#: `polygons.MAX_UNCLIPPED_VERTICES`, `polygons.CLIP_MARGIN_M`, `overlay.MIN_COVERAGE_NEIGHBOURS`,
#: `overlay.VERTICES_PER_OVERLAY`.
OVERLAY_THRESHOLDS = {
    "as it is": (512, 10.0, 64, 500),
    "cut through windows": (6, 0.25, 2, 10**9),
    "compared": (512, 10.0, 64, 0),
}


@pytest.mark.parametrize("path", OVERLAY_THRESHOLDS.values(), ids=OVERLAY_THRESHOLDS.keys())
@pytest.mark.parametrize("seed", first_daily(range(40), 8))
def test_overlay_areas_of_checkerboard_polygons_equal_the_counted_squares(seed, path, monkeypatch):
    for (where, name), value in zip(
        (
            (polygons, "MAX_UNCLIPPED_VERTICES"),
            (polygons, "CLIP_MARGIN_M"),
            (overlay, "MIN_COVERAGE_NEIGHBOURS"),
            (overlay, "VERTICES_PER_OVERLAY"),
        ),
        path,
        strict=True,
    ):
        monkeypatch.setattr(where, name, value)
    chance = np.random.default_rng(seed)
    (a, boards_a), (b, boards_b) = make_board_layer(chance), make_board_layer(chance)
    one, two = Polygons(a), Polygons(b)
    pairs = {(i, j): boards_a[i] & boards_a[j] for i, j in combinations(range(len(a)), 2)}
    assert sum_areas_by_pair(find_shared_pieces(one, tolerance=ZERO_TOLERANCE)) == count_shared_squares(pairs)
    some_a, some_b = chance.random(len(a)) < 0.7, chance.random(len(b)) < 0.7
    for left_rows, right_rows in ((None, None), (some_a, some_b)):
        squares_a = boards_a if left_rows is None else boards_a & left_rows[:, None, None]
        squares_b = boards_b if right_rows is None else boards_b & right_rows[:, None, None]
        pairs = {(i, j): squares_a[i] & squares_b[j] for i in range(len(a)) for j in range(len(b))}
        assert sum_areas_by_pair(
            find_shared_pieces(one, two, tolerance=ZERO_TOLERANCE, left_rows=left_rows, right_rows=right_rows)
        ) == count_shared_squares(pairs)
        uncovered = {(i, -1): squares_a[i] & ~squares_b.any(axis=0) for i in range(len(a))}
        assert sum_areas_by_pair(
            find_uncovered_pieces(one, two, tolerance=ZERO_TOLERANCE, rows=left_rows, cover_rows=right_rows)
        ) == count_shared_squares(uncovered)
