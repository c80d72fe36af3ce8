# SPDX-License-Identifier: GPL-2.0-or-later
"""Running sums of cross products along the rings of a layer, from which areas of pairs follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..parallel.threads import map_batches_in_threads
from .exact_sides import compute_cross_products
from .polygon_rings import BATCH_VERTICES


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
        cross_products = np.zeros(len(xy))

        def fill(batch: slice) -> None:
            """Fill in the cross products of the segments in a slice."""
            vertices = slice(batch.start, batch.stop + 1)
            about_first = xy[vertices] - self.first_vertex[ring[vertices]]
            # That of the last vertex of a ring is 0, since it is the ring's first vertex.
            cross_products[batch] = compute_cross_products(about_first[:-1], about_first[1:])

        map_batches_in_threads(fill, len(xy) - 1, BATCH_VERTICES)
        if bends is not None:
            cross_products += 2 * bends
        self.before = sum_before_in_ring(cross_products, ring, ring_starts)
        self.total = np.bincount(ring, cross_products, minlength=len(self.first_vertex))

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


def sum_before_in_ring(values: NDArray, ring: NDArray, ring_starts: NDArray) -> NDArray:
    """Return (v,) the sum of the values of earlier vertices in the same ring.

    ``ring`` (v,): number of each vertex's ring, sorted; ``ring_starts`` (r + 1,): first vertex of each ring, and v. The
    running sum goes back to about 0 at each ring, because digits would be lost in a sum over the layer.
    """
    steps = np.append(0.0, values)
    np.subtract.at(steps, ring_starts[1:], np.bincount(ring, values, minlength=len(ring_starts) - 1))
    sums = np.cumsum(steps, out=steps)
    before: NDArray = sums[:-1] - sums[ring_starts[:-1]][ring]
    return before
