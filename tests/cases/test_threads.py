# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlays of several threads at a time, on shared and on separate layers."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_parts, find_uncovered_parts
from plugin.core.geometry.polygons import Polygons, union_rows
from plugin.core.geometry.tolerance import Tolerance
from tests.cases.drawing_variants import move_far_away
from tests.cases.shapes import bricks, gear, grid, moved, outline, together, without

RUNS = 20
T = Tolerance()


def layer(*shapes):
    rows = np.empty(len(shapes), dtype=object)
    rows[:] = [move_far_away(s) for s in shapes]
    return rows


def layers():
    """Return layers with matching and other edges, a large polygon with windows, duplicates, multipolygons."""
    wheel = gear(900, 35.0, 34.0)
    fine = layer(
        *bricks(8, 8), *moved(grid(2, 2), 3.0, 3.0), together(shapely.box(1, 1, 2, 2), shapely.box(70, 9, 71, 11))
    )
    coarse = layer(
        shapely.transform(wheel, lambda xy: xy + 40.0),
        without(outline(8, 8), shapely.box(20, 20, 60, 60)),
        *grid(2, 2, 40.0, 1e-7),
        *moved(grid(2, 2, 30.0), 0.3, 0.7),
    )
    return fine, coarse


def answer(fine, coarse):
    """Return all results for two layers as plain values."""
    parts = [
        find_shared_parts(fine, coarse, tolerance=T),
        find_shared_parts(coarse, fine, tolerance=T, connected=True),
        find_uncovered_parts(fine, coarse, tolerance=T),
        find_uncovered_parts(coarse, fine, tolerance=T),
        find_shared_parts(coarse, tolerance=T),
        find_shared_parts(fine, tolerance=T),
    ]
    whole = union_rows(fine, tolerance=T)
    values = [(p.left.tolist(), p.right.tolist(), p.area.tolist(), shapely.to_wkb(p.geometry).tolist()) for p in parts]
    return [*values, whole.wkb]


@pytest.fixture
def busy():
    """Switch threads a hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture(scope="module")
def expected():
    return answer(*map(Polygons, layers()))


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("shared", [True, False], ids=["shared layers", "separate layers"])
def test_several_threads_get_the_same_result(threads, shared, busy, expected):
    shapes = layers()
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(RUNS if threads > 1 else 2):
            together_now = Barrier(threads)
            one = tuple(map(Polygons, shapes))

            def ask(number, one=one, together_now=together_now):
                mine = one if shared else tuple(map(Polygons, shapes))
                together_now.wait(60)
                # Each thread begins with another operation, so that different caches are filled at the same time.
                if number % 2:
                    find_shared_parts(mine[number // 2], tolerance=T)
                return answer(*mine)

            assert all(found == expected for found in pool.map(ask, range(threads)))


def test_overlapping_rows_are_stored_at_once():
    """A thread may rely on a stored value."""

    class Watched(Polygons):
        def __setattr__(self, name, value):
            if name == "overlapping_rows" and value is not None:
                written.append(value.tolist())
            super().__setattr__(name, value)

    written = []
    shapes = layer(*grid(3, 1), shapely.box(5, 5, 15, 15))
    find_shared_parts(Watched(shapes), tolerance=T)
    assert written == [[True, True, False, True]]
