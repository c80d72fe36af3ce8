# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons under a cover that contains copies of them, compared with plain differences of shapely."""

import numpy as np
import shapely

from plugin.core.geometry import overlay
from plugin.core.geometry.overlay import find_uncovered_pieces
from plugin.core.geometry.tolerance import Tolerance

TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: A ring, the same ring from another vertex in the other direction, a part of it, a shape with the same box.
RING = "POLYGON ((0 0, 100 0, 100 100, 50 120, 0 100, 0 0))"
MOVED = "POLYGON ((0 0, 100 0, 100 100, 51 120, 0 100, 0 0))"
WITH_HOLE = "POLYGON ((0 0, 100 0, 100 100, 50 120, 0 100, 0 0), (10 10, 20 10, 20 20, 10 10))"


def find_uncovered_area(polygon, *covers):
    """Return the area that covers leave of a polygon, and the area by shapely."""
    shapes, cover = (shapely.from_wkt(np.array(texts, dtype=object)) for texts in ([polygon], covers))
    expected = shapely.area(shapely.difference(shapes[0], shapely.union_all(cover)))
    return find_uncovered_pieces(shapes, cover, tolerance=TOLERANCE).area.sum(), expected


def test_polygon_with_a_hole_or_another_vertex_is_no_copy(monkeypatch):
    monkeypatch.setattr(overlay, "VERTICES_PER_OVERLAY", 0)
    for polygon, covers in [(RING, (MOVED,)), (RING, (WITH_HOLE,)), (MOVED, (RING,)), (MOVED, (WITH_HOLE, RING))]:
        found, expected = find_uncovered_area(polygon, *covers)
        assert abs(found - expected) < 1e-9 and expected > 0
