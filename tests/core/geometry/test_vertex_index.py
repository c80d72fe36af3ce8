# SPDX-License-Identifier: GPL-2.0-or-later
"""Vertices snap to the nearest indexed vertex, also across index cell borders."""

import numpy as np
import pytest

from plugin.core.geometry.vertex_index import VertexIndex

#: Square cells a millimetre wide, as for a whole plane, and cells twice the reach wide, as for two editions.
CELL_OFFSETS = (1e-3, 0.0)


@pytest.mark.parametrize("cell", CELL_OFFSETS)
def test_vertex_snaps_to_the_nearest_indexed_vertex_across_cell_borders(cell):
    random = np.random.default_rng(1)
    # On borders of cells, on their middles, and anywhere.
    own = np.concatenate([np.arange(40).reshape(-1, 2) * 5e-4, random.random((400, 2)) * 1000])
    index = VertexIndex(own, 1e-5, cell)
    for off in ((3e-6, 0.0), (-3e-6, 4e-6), (-7e-6, -7e-6)):
        assert np.array_equal(index.find_nearest(own + np.array(off)), own), off


@pytest.mark.parametrize("cell", CELL_OFFSETS)
def test_vertex_snaps_only_within_the_search_distance_and_to_the_nearest(cell):
    index = VertexIndex(np.array([[10.0, 10.0], [10.0 + 1e-5, 10.0]]), 1e-5, cell)
    asked = np.array([[10.0 + 4e-6, 10.0], [10.0 + 6e-6, 10.0], [10.0, 10.0 + 1.1e-5], [np.inf, np.nan]])
    expected = np.array([[10.0, 10.0], [10.0 + 1e-5, 10.0], *asked[2:]])
    assert np.array_equal(index.find_nearest(asked), expected, equal_nan=True)
    nothing = VertexIndex(np.empty((0, 2)), 1e-5, cell)
    assert np.array_equal(nothing.find_nearest(asked), asked, equal_nan=True)
