# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums along rings, compared with a loop over the vertices."""

import math
from itertools import pairwise

import numpy as np
import pytest

from plugin.core.geometry.polygon_rings import divide_by_size
from plugin.core.geometry.ring_sums import sum_along_rings


def draw_rings(random):
    """Return where rings of 1 to 90 vertices start, and their terms: 0 for the last vertex of a ring."""
    ring_starts = np.append(0, np.cumsum(random.integers(1, 90, size=random.integers(1, 60))))
    terms = random.normal(0, 1000, ring_starts[-1])
    terms[ring_starts[1:] - 1] = 0.0
    return ring_starts, terms


@pytest.mark.parametrize("seed", range(8))
def test_sums_along_rings_are_those_of_a_loop(seed):
    ring_starts, terms = draw_rings(np.random.default_rng(seed))
    before, total = sum_along_rings(terms, ring_starts)
    rings = [terms[start:end] for start, end in pairwise(ring_starts)]
    expected = [math.fsum(ring[:vertex]) for ring in rings for vertex in range(len(ring))]
    assert before == pytest.approx(expected, abs=1e-9)
    assert total == pytest.approx([math.fsum(ring) for ring in rings], abs=1e-9)


@pytest.mark.parametrize("vertices_per_slice", [1, 40, 50_000])
def test_slices_have_every_ring_once_and_few_vertices_or_one_ring(vertices_per_slice):
    ring_starts, _ = draw_rings(np.random.default_rng(5))
    slices = list(divide_by_size(ring_starts, vertices_per_slice))
    assert [ring for one in slices for ring in range(one.start, one.stop)] == list(range(len(ring_starts) - 1))
    counts = [ring_starts[one.stop] - ring_starts[one.start] for one in slices]
    assert all(
        count <= vertices_per_slice or one.stop == one.start + 1 for one, count in zip(slices, counts, strict=True)
    )
    # The first ring of the next slice would not have fitted.
    assert all(
        ring_starts[following.start + 1] - ring_starts[one.start] > vertices_per_slice
        for one, following in pairwise(slices)
    )


def test_no_rings_have_no_sums():
    before, total = sum_along_rings(np.zeros(0), np.zeros(1, dtype=int))
    assert len(before) == len(total) == 0
