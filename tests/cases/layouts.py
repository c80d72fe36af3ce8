# SPDX-License-Identifier: GPL-2.0-or-later
"""Random pairs of polygon layers, made from a seed.

They are layers that tile an area, merged copies of them, and copies with almost the same boundaries.
"""

from __future__ import annotations

import numpy as np
import shapely

from plugin.core.geometry.validity import extract_polygons, repair_polygon
from tests.cases.drawing_variants import FAR_OFFSET, change_rings

#: Offsets of copies, m, from the last digit of a double to a millimetre.
SHIFT_DISTANCES_M = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 2e-6, 1e-5, 1e-4, 1e-3)
#: Places of layouts: the origin, and coordinates of a county.
LAYOUT_ORIGINS = ((0.0, 0.0), FAR_OFFSET)
LAYOUT_SIDE_M = 100.0


def make_layout(seed: int, is_near: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return two layers of valid polygons, multipolygons and missing rows.

    ``is_near``: the boundaries of the second layer almost match those of the first.
    """
    chance = np.random.default_rng(seed)
    a = make_coverage(chance)
    b = make_near_copy(chance, a) if is_near else _make_second_coverage(chance, a)
    if chance.random() < 0.5:
        a = _add_overlaps_and_gaps(chance, a)
    if is_near and chance.random() < 0.3:
        a = make_near_copy(chance, a)
    place = LAYOUT_ORIGINS[chance.integers(2)]
    return _make_layer(chance, a, place), _make_layer(chance, b, place)


def _make_layer(chance, shapes, place):
    """Return the shapes moved to a place, and one missing shape, in random order."""
    found = np.empty(len(shapes) + 1, dtype=object)
    found[1:] = [repair_invalid_shape(shapely.transform(s, lambda xy: xy + place)) for s in shapes]
    return chance.permutation(found)


def repair_invalid_shape(shape):
    """Return the shape, repaired if it is invalid; None stays None."""
    return shape if shape is None or shape.is_valid else repair_polygon(shape)


# -- coverages --------------------------------------------------------------------------------------------------------


def make_coverage(chance):
    """Return the polygons of a random kind of coverage."""
    return (_make_voronoi_cells, _make_faces_of_lines, _make_square_unions, _make_triangle_fan)[chance.integers(4)](
        chance
    )


def _make_voronoi_cells(chance):
    """Return Voronoi cells clipped to a square."""
    points = shapely.MultiPoint(chance.random((chance.integers(2, 12), 2)) * LAYOUT_SIDE_M)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(points, extend_to=shapely.box(0, 0, LAYOUT_SIDE_M, LAYOUT_SIDE_M))
    )
    cut = [extract_polygons(shapely.intersection(c, shapely.box(0, 0, LAYOUT_SIDE_M, LAYOUT_SIDE_M))) for c in cells]
    return [c for c in cut if c is not None]


def _make_faces_of_lines(chance):
    """Return the polygons between random lines across a square.

    Some of their corners touch edges of other polygons.
    """
    ends = np.round(chance.random((chance.integers(2, 6), 2, 2)) * LAYOUT_SIDE_M, int(chance.integers(0, 6)))
    lines = [shapely.box(0, 0, LAYOUT_SIDE_M, LAYOUT_SIDE_M).exterior, *(shapely.LineString(e) for e in ends)]
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.unary_union(lines)))))


def _make_square_unions(chance):
    """Return unions of grid squares: holes, islands, touching corners."""
    label = chance.integers(0, 4, (5, 5))
    cells = [
        [shapely.box(20 * c, 20 * r, 20 * c + 20, 20 * r + 20) for c, r in np.argwhere(label == k)] for k in range(4)
    ]
    return [extract_polygons(shapely.union_all(c)) for c in cells if c]


def _make_triangle_fan(chance):
    """Return triangles around a point: many share one vertex, some are very thin."""
    angle = np.sort(chance.random(chance.integers(3, 9)) * 2 * np.pi)
    if chance.random() < 0.5:
        angle = np.sort(np.append(angle, angle[0] + 10.0 ** -chance.integers(3, 9)))
    rim = 50 + 50 * np.column_stack([np.cos(angle), np.sin(angle)])
    wedges = [shapely.Polygon([(50, 50), p, q]) for p, q in zip(rim, np.roll(rim, -1, axis=0), strict=True)]
    return [w for w in wedges if w.is_valid and w.area]


# -- the other layer --------------------------------------------------------------------------------------------------


def _make_second_coverage(chance, shapes):
    """Return a second layer that tiles the same square.

    Its cells are merged at random, or the cells of the first layer are merged differently with equal edges.
    """
    return _merge_random_cells(chance, shapes if chance.random() < 0.5 else make_coverage(chance))


def _merge_random_cells(chance, shapes):
    """Return randomly joined cells: multipolygons with holes."""
    label = chance.integers(0, max(1, int(chance.integers(1, len(shapes) + 1))), len(shapes))
    groups = [[s for s, k in zip(shapes, label, strict=True) if k == n] for n in np.unique(label)]
    return [extract_polygons(_join_along_shared_edges(g)) for g in groups]


def _join_along_shared_edges(shapes):
    """Join shapes by removing shared edges, which keeps every vertex where they match."""
    try:
        joined = shapely.coverage_union_all(shapes)
    except shapely.GEOSException:
        return shapely.union_all(shapes)
    return joined if joined.is_valid else shapely.union_all(shapes)


def make_near_copy(chance, shapes):
    """Return the shapes after three random small changes."""
    shapes = list(shapes)
    for change in chance.permutation(
        [_shift_shapes, _jitter_vertices, _remove_vertices, _add_vertices, _merge_random_cells, _add_overlaps_and_gaps]
    )[:3]:
        shapes = [s for s in (repair_invalid_shape(s) for s in change(chance, shapes)) if s is not None]
    return shapes


def _shift_shapes(chance, shapes):
    """Return all shapes shifted by one small random distance, or unchanged."""
    step = chance.choice(SHIFT_DISTANCES_M) * chance.choice([-1.0, 0.0, 1.0], 2)
    return [shapely.transform(s, lambda xy: xy + step) for s in shapes]


def _jitter_vertices(chance, shapes):
    """Move some vertices of each shape separately, so that neighbours no longer match."""
    size, share = chance.choice(SHIFT_DISTANCES_M), chance.random()

    def jitter(xy):
        return xy + chance.normal(size=xy.shape) * size * (chance.random((len(xy), 1)) < share)

    return [change_rings(s, jitter) for s in shapes]


def _remove_vertices(chance, shapes):
    """Remove a vertex from every ring that has more than three."""

    def drop(xy):
        return np.delete(xy, chance.integers(len(xy)), axis=0) if len(xy) > 3 and chance.random() < 0.5 else xy

    return [change_rings(s, drop) for s in shapes]


def _add_vertices(chance, shapes):
    """Add vertices on the edges, as exact as doubles allow or at a given distance."""
    off = chance.choice([0.0, chance.choice(SHIFT_DISTANCES_M)])

    def add(xy):
        at = chance.integers(len(xy))
        new = xy[at] + (xy[(at + 1) % len(xy)] - xy[at]) * chance.random() + off * chance.normal(size=2)
        return np.insert(xy, at + 1, new, axis=0)

    return [change_rings(s, add) for s in shapes]


def _add_overlaps_and_gaps(chance, shapes):
    """Add duplicates, overlapping shapes and missing shapes to a layer."""
    shapes = list(shapes)
    for _ in range(chance.integers(1, 4)):
        kind, n = chance.integers(5), chance.integers(len(shapes))
        if kind == 0:
            shapes.append(shapes[n])
        elif kind == 1:
            shapes.append(
                shapely.buffer(shapes[n].representative_point(), 10.0 ** -chance.integers(-1, 4), quad_segs=2)
            )
        elif kind == 2:
            x, y, w, h = chance.random(4) * LAYOUT_SIDE_M
            shapes.append(shapely.box(x, y, x + w, y + h))
        elif kind == 3 and len(shapes) > 1:
            del shapes[n]
        else:
            shapes += (
                _merge_random_cells(chance, [shapes[n], shapes[chance.integers(len(shapes))]])
                if len(shapes) > 3
                else []
            )
    return [s for s in shapes if s is not None]
