# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums along rings, compared with a loop over the vertices."""

import math
from itertools import pairwise

import numpy as np
import pytest

from plugin.core.geometry.ring_sums import sum_along_rings
from tests.parametrize import first_daily


def draw_rings(random):
    """Return where rings of 1 to 90 vertices start, and their terms: 0 for the last vertex of a ring."""
    ring_starts = np.append(0, np.cumsum(random.integers(1, 90, size=random.integers(1, 60))))
    terms = random.normal(0, 1000, ring_starts[-1])
    terms[ring_starts[1:] - 1] = 0.0
    return ring_starts, terms


@pytest.mark.parametrize("seed", first_daily(range(8), 3))
def test_sums_along_rings_are_those_of_a_loop(seed):
    ring_starts, terms = draw_rings(np.random.default_rng(seed))
    before, total = sum_along_rings(terms, ring_starts)
    rings = [terms[start:end] for start, end in pairwise(ring_starts)]
    expected = [math.fsum(ring[:vertex]) for ring in rings for vertex in range(len(ring))]
    assert before == pytest.approx(expected, abs=1e-9)
    assert total == pytest.approx([math.fsum(ring) for ring in rings], abs=1e-9)
