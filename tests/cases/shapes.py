# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that make long or regular polygons for the geometry case files.

Each returns a polygon or a list of polygons; coordinates are metres.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
import shapely.affinity


def box(x, y, width, height):
    """Return a rectangle from its lower left corner."""
    return shapely.box(x, y, x + width, y + height)


def grid(columns, rows, side=10.0, x=0.0, y=0.0):
    """Return squares in columns and rows that share every vertex."""
    return [box(x + c * side, y + r * side, side, side) for r in range(rows) for c in range(columns)]


def bricks(columns, rows, side=10.0):
    """Return squares in rows that are shifted alternately by half a square.

    Edges meet inside other edges (T-junctions) without additional vertices.
    """
    found = []
    for r in range(rows):
        edges = [0.0] + [c * side - (side / 2 if r % 2 else 0.0) for c in range(1, columns + r % 2)] + [columns * side]
        found += [shapely.box(edges[c], r * side, edges[c + 1], (r + 1) * side) for c in range(len(edges) - 1)]
    return found


def outline(columns, rows, side=10.0):
    """Return one polygon around a grid of squares, with the grid's vertices on its edge."""
    return shapely.segmentize(shapely.box(0, 0, columns * side, rows * side), side)


def moved(shapes, dx, dy=0.0):
    """Return a shape or a list of shapes moved by dx, dy."""
    if isinstance(shapes, list):
        return [shapely.affinity.translate(s, dx, dy) for s in shapes]
    return shapely.affinity.translate(shapes, dx, dy)


def together(*shapes):
    """Return one multipolygon of separate shapes."""
    return shapely.multipolygons([p for s in shapes for p in shapely.get_parts(s)])


def without(shape, *holes):
    """Return a polygon with the given polygons as holes."""
    return shapely.Polygon(shape.exterior, [*shape.interiors, *(h.exterior for h in holes)])


def comb(teeth, depth=100.0, x=0.0, y=0.0, down=False):
    """Return a comb: a bar 2 m high with teeth 1 m wide and gaps of 1 m.

    ``depth``: length of the teeth, m; they point up from ``y``, or down if ``down``.
    """
    way = -1 if down else 1
    ring = [(x, y - 2 * way), (x, y)]
    for t in range(teeth):
        ring += [(x + 2 * t, y + depth * way), (x + 2 * t + 1, y + depth * way), (x + 2 * t + 1, y)]
        ring += [(x + 2 * t + 2, y)] if t < teeth - 1 else []
    return shapely.Polygon([*ring, (x + 2 * teeth - 1, y - 2 * way)])


def spiral(turns, arm=0, arms=2, pitch=10.0, steps=60):
    """Return one arm of a spiral; neighbouring arms share their edges exactly.

    ``arm``: which of the ``arms``; ``turns``, ``pitch`` (m) and ``steps`` per turn give its form.
    """
    angle = np.linspace(0.0, 2 * math.pi * turns, turns * steps + 1)
    where = angle + 2 * math.pi * arm / arms
    inner = pitch * (angle / (2 * math.pi) + 1)
    outer = inner + pitch / arms
    edge = np.concatenate([_make_circle_point(inner, where), _make_circle_point(outer, where)[::-1]])
    return shapely.Polygon(edge)


def _make_circle_point(radius, angle):
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def gear(vertices, outer=500.0, inner=499.0):
    """Return a wheel with many teeth around the origin, radii in metres.

    It is symmetric to the vertical axis.
    """
    angle = np.arange(vertices) * (2 * math.pi / vertices)
    return shapely.Polygon(_make_circle_point(np.where(np.arange(vertices) % 2, inner, outer), angle))


def gear_area(vertices, outer=500.0, inner=499.0):
    """Return the area, m², of the polygon of `gear`, as the sum of its triangles."""
    return vertices / 2 * outer * inner * math.sin(2 * math.pi / vertices)


def saw(vertices, side=1000.0, tooth=0.5):
    """Return a square of side² m² with a toothed lower edge.

    Half of the teeth point outwards and half inwards.
    """
    x = np.linspace(0.0, side, vertices - 2)
    y = np.where(np.arange(len(x)) % 4 == 1, tooth, np.where(np.arange(len(x)) % 4 == 3, -tooth, 0.0))
    y[-1] = 0.0
    return shapely.Polygon([*zip(x, y, strict=True), (side, side), (0.0, side)])


def teeth(vertices, side=1000.0, tooth=0.5):
    """Return the area, m², of the outward teeth of the polygon of `saw`.

    Each tooth is a triangle; every fourth vertex is a tip.
    """
    return (vertices // 4 - 1) * tooth * side / (vertices - 3)


def target(size=90.0, rings=3):
    """Return nested square rings, each 2 m wide, with gaps of 2 m."""
    return together(*[without(box(d, d, size - 2 * d, size - 2 * d), box(d + 2, d + 2, size - 2 * d - 4, size - 2 * d - 4))
                      for d in (4.0 * k for k in range(rings))])  # fmt: skip
