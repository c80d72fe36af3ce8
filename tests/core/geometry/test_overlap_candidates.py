# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer that may overlap, decided without an overlay."""

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry import polygons as polygons_module
from plugin.core.geometry.polygons import Polygons

_SIDE = 5


@st.composite
def layouts(draw):
    """Draw cells of a grid without some of them, and rectangles of whole or half cells over them, in any order."""
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(_SIDE) for y in range(_SIDE)]
    shapes = [cell for cell in cells if draw(st.integers(0, 9))]
    for _ in range(draw(st.integers(0, 3))):
        x, y, width, height = (draw(st.integers(0, 8)) / 2 for _ in range(4))
        shapes.append(shapely.box(x, y, x + width + 0.5, y + height + 0.5))
    if draw(st.booleans()):
        shapes.append(shapely.MultiPolygon([shapely.box(-3, 0, -2, 1), draw(st.sampled_from(cells))]))
    return np.array(draw(st.permutations(shapes)), dtype=object)


@pytest.mark.parametrize("max_small_vertices", [4, 512])
def test_all_overlapping_rows_are_candidates(max_small_vertices, monkeypatch):
    monkeypatch.setattr(polygons_module, "MAX_UNCLIPPED_VERTICES", max_small_vertices)

    @given(layouts())
    def assert_for_layout(shapes):
        pairs = [
            pair for pair in combinations(range(len(shapes)), 2) if shapely.intersection(*shapes[list(pair)]).area > 0
        ]
        candidates = np.flatnonzero(Polygons(shapes).find_overlap_candidates()).tolist()
        assert {row for pair in pairs for row in pair} <= set(candidates)

    assert_for_layout()


def test_rows_inside_a_large_polygon_are_found_although_no_boundary_enters_them():
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(_SIDE) for y in range(_SIDE)]
    assert not Polygons(np.array(cells)).find_overlap_candidates().any()
    cover = shapely.box(-1, -1, _SIDE + 1, _SIDE + 1)
    assert Polygons(np.array([*cells, cover])).find_overlap_candidates().all()
