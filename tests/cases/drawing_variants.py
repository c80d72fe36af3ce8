# SPDX-License-Identifier: GPL-2.0-or-later
"""Redraw polygons with other vertices or elsewhere, keeping their areas.

Overlay operations must give the same result for every such variant.
"""

import numpy as np
import shapely

#: Offset of typical coordinates of a county: CGCS2000, zone 38, with prefix.
FAR_OFFSET = (38_612_345.0, 4_390_000.0)


def redraw_shapes(shapes, variant):
    """Return a copy of a layer with a variant of every shape.

    ``variant``: a function of a shape, or None for an unchanged copy.
    """
    found = np.empty(len(shapes), dtype=object)
    found[:] = [s if s is None or s.is_empty else variant(s) for s in shapes]
    return found


def change_rings(shape, change):
    """Return the shape with a function applied to every ring.

    The function takes and returns the (v, 2) vertices of a ring without the closing one.
    """

    def ring(line):
        return shapely.linearrings(change(shapely.get_coordinates(line)[:-1]))

    parts = [p for p in shapely.get_parts(shape) if not p.is_empty]
    parts = [shapely.Polygon(ring(p.exterior), [ring(r) for r in p.interiors]) for p in parts]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def rotate_start_vertex(shape):
    return change_rings(shape, lambda xy: np.roll(xy, len(xy) // 2, axis=0))


def move_far_away(shape):
    return shapely.transform(shape, lambda xy: xy + FAR_OFFSET)


def add_midpoints(shape):
    """Add a vertex in the middle of each edge, where neighbours have one too."""

    def halved(xy):
        both = np.empty((2 * len(xy), 2))
        both[::2], both[1::2] = xy, (xy + np.roll(xy, -1, axis=0)) / 2
        return both

    return change_rings(shape, halved)


def add_vertices_beyond_the_clip_limit(shape):
    """Return the shape with additional vertices, so that overlays clip it first.

    Overlays first clip polygons that have more vertices than a limit.
    """
    while shapely.get_num_coordinates(shape) <= 600:
        shape = add_midpoints(shape)
    return shape


WAYS = {
    "as drawn": lambda s: s,
    "reversed": shapely.reverse,
    "from another vertex": rotate_start_vertex,
    "with height": lambda s: shapely.force_3d(s, 7.0),
    "far away": move_far_away,
    "with many vertices": add_vertices_beyond_the_clip_limit,
}
