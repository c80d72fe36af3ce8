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
    before : (v,)
        Sum of cross products about the ring's first vertex (m²) of the ring's segments until each vertex.
    total : (r,)
        Sum of all cross products of each ring (m²): twice its area, positive if its inside is on the left.
    first_vertex : (r, 2)
        First vertex of each ring (m).
    """

    def __init__(self, xy: NDArray, ring: NDArray, ring_starts: NDArray, bends: NDArray | None = None):
        """Sum up the cross products of the segments ring by ring.

        ``xy`` (v, 2): the vertices of closed rings, m; ``ring`` (v,): ring of each vertex; ``ring_starts`` (r + 1,):
        first vertex of each ring, and v; ``bends`` (v,): m² that the segment after each vertex, as drawn, encloses on
        its right; 0 for the last vertex of a ring.
        """
        self._ring, self._xy, self.first_vertex = ring, xy, xy[ring_starts[:-1]]
        about_first = xy - self.first_vertex[ring]
        terms = np.zeros(len(xy))
        # That of the last vertex of a ring is 0, since it is the ring's first vertex.
        terms[:-1] = compute_cross_products(about_first[:-1], about_first[1:])
        if bends is not None:
            terms += 2 * bends
        self.before, self.total = sum_along_rings(terms, ring_starts)

    def sum_until(self, segment: NDArray, point: NDArray, about: NDArray, bends: NDArray | None = None) -> NDArray:
        """Return (k,) the sum of cross products (m²) from a ring's first vertex to a point on one of its segments.

        ``segment`` (k,): the segment that each point is on; ``point`` (k, 2): the points; ``about`` (k, 2): centre of
        each sum; ``bends`` (k,): m² that the segment encloses on its right until the point.
        """
        own_origin = self.first_vertex[self._ring[segment]]
        to_point = point - own_origin
        sums = self.before[segment] + compute_cross_products(self._xy[segment] - own_origin, to_point)
        sums += compute_cross_products(own_origin - about, to_point)
        return sums if bends is None else sums + 2 * bends


def sum_along_rings(terms: NDArray, ring_starts: NDArray) -> tuple[NDArray, NDArray]:
    """Return (v,) sums of the terms before each vertex in its ring; (r,) sums by ring.

    ``terms`` (v,): that of a ring's last vertex must be 0; ``ring_starts`` (r + 1,): first vertex of each ring, and v.
    """
    counts = np.diff(ring_starts)
    total = np.bincount(np.repeat(np.arange(len(counts)), counts), terms, minlength=len(counts))
    # At each ring the running sum goes back to 0: the same numbers were added in the same order.
    steps = np.append(0.0, terms)[:-1]
    steps[ring_starts[1:-1]] -= total[:-1]
    return np.cumsum(steps), total
