# SPDX-License-Identifier: GPL-2.0-or-later
"""On which side of a segment a point is, computed exactly; no point is ever on the line.

Coordinates must be whole multiples of `GRID_M` and smaller than `MAX_COORDINATE_M`, so that differences are exact.
Products are expanded where rounding could change the sign (Dekker 1971). A point on the line of the segment is judged
as if the left layer was moved by (ε, ε²) for a tiny ε, so that no case is special (simulation of simplicity,
Edelsbrunner and Mücke 1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Coordinates are whole multiples of this (m).
GRID_M = 2.0**-30
#: Largest coordinate (m): differences, even of places 1 m farther, then have at most 53 binary digits.
MAX_COORDINATE_M = 2.0**22 - 1
#: Splits a float into two halves of its digits.
_SPLITTER = 2.0**27 + 1
#: A sign is certain if the determinant exceeds this share of its terms.
_CERTAIN_SHARE = 4e-16


def compute_cross_products(vectors: NDArray, other_vectors: NDArray) -> NDArray:
    """Return (n,) cross products of (n, 2) vectors with the other vectors."""
    return vectors[:, 0] * other_vectors[:, 1] - vectors[:, 1] * other_vectors[:, 0]


def find_sides(begin: NDArray, end: NDArray, point: NDArray, moved: int) -> NDArray:
    """Return (n,) sides of points: 1 on the left of a segment, −1 on its right.

    ``begin``, ``end``: (n, 2) ends of the segments, m; ``point``: (n, 2) points, m. A point exactly on a segment's line
    gets the side that it has after one of the two layers is shifted by an infinitely small distance. ``moved``: 1 if
    the layer of the points is shifted, −1 if the layer of the segments is. The side is 0 only for a segment without
    length.
    """
    step, to_point = end - begin, point - begin
    first, second = step[:, 0] * to_point[:, 1], step[:, 1] * to_point[:, 0]
    sides = np.sign(first - second)
    uncertain = np.flatnonzero(np.abs(first - second) <= _CERTAIN_SHARE * (np.abs(first) + np.abs(second)))
    first, first_error = _multiply_exactly(step[uncertain, 0], to_point[uncertain, 1])
    second, second_error = _multiply_exactly(step[uncertain, 1], to_point[uncertain, 0])
    determinant = (first - second) + (first_error - second_error)
    sides[uncertain] = np.sign(determinant)
    on_line = uncertain[determinant == 0]
    x_step, y_step = step[on_line].T
    sides[on_line] = moved * np.where(y_step != 0, -np.sign(y_step), np.sign(x_step))
    return sides


def _multiply_exactly(factors: NDArray, other_factors: NDArray) -> tuple[NDArray, NDArray]:
    """Return (n,) rounded products and their rounding errors; product and error sum to the exact product."""
    product = factors * other_factors
    split = _SPLITTER * factors
    a_high = split - (split - factors)
    split = _SPLITTER * other_factors
    b_high = split - (split - other_factors)
    a_low, b_low = factors - a_high, other_factors - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
