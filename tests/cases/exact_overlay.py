# SPDX-License-Identifier: GPL-2.0-or-later
"""Exact areas of overlays in fractions; slow, used to verify the fast overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import shapely


def measure_area_where(keep: Callable[[list[bool]], bool], shapes: Iterable[Any]) -> float:
    """Return the area, m², of all places for which a condition holds.

    ``keep`` gets a list that states for each shape whether the place is inside. The plane is split into vertical
    strips at every vertex and crossing. Edges do not cross within a strip, so the area between two of them is a
    trapezoid.
    """
    shapes = list(shapes)
    edges = [(number, *edge) for number, shape in enumerate(shapes) for edge in _list_edges_left_to_right(shape)]
    cuts = sorted({x for _, a, b in edges for x in (a[0], b[0])} | _list_crossing_x(edges))
    total = Fraction(0)
    for left, right in pairwise(cuts):
        across = [
            (_compute_y_at(a, b, left), _compute_y_at(a, b, right), n)
            for n, a, b in edges
            if a[0] <= left and b[0] >= right
        ]
        across.sort(key=lambda edge: edge[0] + edge[1])
        inside = [False] * len(shapes)
        for low, high in pairwise(across):
            inside[low[2]] = not inside[low[2]]
            if keep(inside):
                total += (high[0] - low[0] + high[1] - low[1]) / 2 * (right - left)
    return float(total)


def measure_shared_area(a: Any, b: Any) -> float:
    """Return the exact area, m², that two polygons share."""
    return measure_area_where(all, [a, b])


def measure_uncovered_area(a: Any, cover: Iterable[Any]) -> float:
    """Return the exact area, m², of ``a`` that no shape of the cover covers."""
    near = [s for s in cover if s is not None and s.intersects(a)]
    return measure_area_where(lambda inside: inside[0] and not any(inside[1:]), [a, *near])


def _list_edges_left_to_right(shape):
    """Return the edges of a shape, each from left to right, without vertical ones."""
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            xy = [(Fraction(x), Fraction(y)) for x, y in shapely.get_coordinates(ring).tolist()]
            for a, b in pairwise(xy):
                if a[0] != b[0]:
                    yield (a, b) if a[0] < b[0] else (b, a)


def _list_crossing_x(edges):
    """Return the x of all crossings of edges."""
    found = set()
    for n, (_, a, b) in enumerate(edges):
        for _, c, d in edges[n + 1 :]:
            left, right = max(a[0], c[0]), min(b[0], d[0])
            if left >= right:
                continue
            before = _compute_y_at(a, b, left) - _compute_y_at(c, d, left)
            after = _compute_y_at(a, b, right) - _compute_y_at(c, d, right)
            if before * after < 0:
                found.add(left + (right - left) * before / (before - after))
    return found


def _compute_y_at(a, b, x):
    """Return the y of the line through ``a`` and ``b`` at ``x``."""
    return a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])
