# SPDX-License-Identifier: GPL-2.0-or-later
"""Running sums of cross products along the rings of a layer, from which areas of pairs follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .exact_sides import compute_cross_products


class RingSums:
    """Sums of cross products along the rings of a layer, in the plane in which areas are wanted.

    Attributes
    ----------
    before : (s,)
        Sum of cross products about the ring's first vertex (m²) of the ring's earlier segments.
    total : (r,)
        Sum of all cross products of each ring (m²): twice its area, positive if its inside is on the left.
    first_vertex : (r, 2)
        First vertex of each ring (m).
    """

    def __init__(
        self, ring: NDArray, begin: NDArray, end: NDArray, first_vertex: NDArray, bends: NDArray | None = None
    ):
        """Sum up the cross products of (s,) segments ring by ring.

        ``ring`` (s,): ring of each segment; ``begin``, ``end`` (s, 2): its ends, m; ``first_vertex`` (r, 2): of each
        ring; ``bends`` (s,): m² that each segment, as drawn, encloses on its right.
        """
        self._ring, self._begin, self.first_vertex = ring, begin, first_vertex
        own_origin = first_vertex[ring]
        cross_products = compute_cross_products(begin - own_origin, end - own_origin)
        if bends is not None:
            cross_products += 2 * bends
        self.before = sum_before_in_ring(cross_products, ring, len(first_vertex))
        self.total = np.bincount(ring, cross_products, minlength=len(first_vertex))

    def sum_until(self, segment: NDArray, point: NDArray, about: NDArray, bends: NDArray | None = None) -> NDArray:
        """Return (k,) the sum of cross products (m²) from a ring's first vertex to a point on one of its segments.

        ``segment`` (k,): the segment that each point is on; ``point`` (k, 2): the points; ``about`` (k, 2): centre of
        each sum; ``bends`` (k,): m² that the segment encloses on its right until the point.
        """
        own_origin = self.first_vertex[self._ring[segment]]
        to_point = point - own_origin
        sums = self.before[segment] + compute_cross_products(self._begin[segment] - own_origin, to_point)
        sums += compute_cross_products(own_origin - about, to_point)
        return sums if bends is None else sums + 2 * bends


def sum_before_in_ring(values: NDArray, ring: NDArray, ring_count: int) -> NDArray:
    """Return (s,) the sum of the values of earlier segments in the same ring.

    ``ring`` (s,): number of each segment's ring, sorted. The running sum goes back to about 0 at each ring, because
    digits would be lost in a sum over the layer.
    """
    first = np.searchsorted(ring, np.arange(ring_count + 1))
    steps = np.append(0.0, values)
    np.subtract.at(steps, first[1:], np.bincount(ring, values, minlength=ring_count))
    sums = np.cumsum(steps)
    before: NDArray = sums[:-1] - np.repeat(sums[first[:-1]], np.diff(first))
    return before
