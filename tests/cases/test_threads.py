# SPDX-License-Identifier: GPL-2.0-or-later
"""Run overlays in several threads, on shared and on separate layer objects."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import shapely

from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons, union_polygon_rows
from plugin.core.geometry.tolerance import Tolerance
from tests.cases.drawing_variants import move_far_away
from tests.cases.shapes import bricks, gear, grid, moved, outline, together, without
from tests.parametrize import first_daily

RUN_COUNT = 20
DEFAULT_TOLERANCE = Tolerance()


def make_layer(*shapes):
    rows = np.empty(len(shapes), dtype=object)
    rows[:] = [move_far_away(s) for s in shapes]
    return rows


def make_layers():
    """Return two layers for overlays.

    They have matching and other edges, a large polygon that is clipped to squares, duplicates and multipolygons.
    """
    wheel = gear(900, 35.0, 34.0)
    fine = make_layer(
        *bricks(8, 8), *moved(grid(2, 2), 3.0, 3.0), together(shapely.box(1, 1, 2, 2), shapely.box(70, 9, 71, 11))
    )
    coarse = make_layer(
        shapely.transform(wheel, lambda xy: xy + 40.0),
        without(outline(8, 8), shapely.box(20, 20, 60, 60)),
        *grid(2, 2, 40.0, 1e-7),
        *moved(grid(2, 2, 30.0), 0.3, 0.7),
    )
    return fine, coarse


def compute_all_overlays(fine, coarse):
    """Return all overlay results of two layers as plain values."""
    parts = [
        find_shared_pieces(fine, coarse, tolerance=DEFAULT_TOLERANCE),
        find_shared_pieces(coarse, fine, tolerance=DEFAULT_TOLERANCE, splits_connected=True),
        find_uncovered_pieces(fine, coarse, tolerance=DEFAULT_TOLERANCE),
        find_uncovered_pieces(coarse, fine, tolerance=DEFAULT_TOLERANCE),
        find_shared_pieces(coarse, tolerance=DEFAULT_TOLERANCE),
        find_shared_pieces(fine, tolerance=DEFAULT_TOLERANCE),
    ]
    whole = union_polygon_rows(fine, tolerance=DEFAULT_TOLERANCE)
    values = [(p.left.tolist(), p.right.tolist(), p.area.tolist(), shapely.to_wkb(p.geometry).tolist()) for p in parts]
    return [*values, whole.wkb]


@pytest.fixture
def frequent_thread_switches():
    """Let Python switch threads a hundred times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture(scope="module")
def single_thread_overlays():
    return compute_all_overlays(*map(Polygons, make_layers()))


@pytest.mark.parametrize("threads", first_daily([1, 2, 4], 2))
@pytest.mark.parametrize("shared", first_daily([True, False]), ids=["shared layers", "separate layers"])
def test_overlays_run_in_several_threads_give_the_same_result_as_in_one(
    threads, shared, frequent_thread_switches, single_thread_overlays
):
    shapes = make_layers()
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(RUN_COUNT if threads > 1 else 2):
            together_now = Barrier(threads)
            one = tuple(map(Polygons, shapes))

            def ask(number, one=one, together_now=together_now):
                mine = one if shared else tuple(map(Polygons, shapes))
                together_now.wait(60)
                # Each thread begins with another operation, so that different caches are filled at the same time.
                if number % 2:
                    find_shared_pieces(mine[number // 2], tolerance=DEFAULT_TOLERANCE)
                return compute_all_overlays(*mine)

            assert all(found == single_thread_overlays for found in pool.map(ask, range(threads)))


def test_overlapping_rows_of_a_layer_are_stored_once_with_all_rows_and_never_partly_filled():
    """Record each stored value, because other threads may read it immediately."""

    class Watched(Polygons):
        def __setattr__(self, name, value):
            if name == "overlapping_rows" and value is not None:
                written.append(value.tolist())
            super().__setattr__(name, value)

    written = []
    shapes = make_layer(*grid(3, 1), shapely.box(5, 5, 15, 15))
    find_shared_pieces(Watched(shapes), tolerance=DEFAULT_TOLERANCE)
    assert written == [[True, True, False, True]]
