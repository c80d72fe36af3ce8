# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons under a cover that has copies of them or nearly all of their edges, compared with differences of shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, strategies as st

from plugin.core.geometry import overlay
from plugin.core.geometry.cover_subtraction import may_be_similar, subtract_similar_polygon
from plugin.core.geometry.overlay import find_uncovered_pieces
from plugin.core.geometry.tolerance import Tolerance

from .test_properties import NOISE_M2

TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Of a county's plane, where GEOS has few digits left.
ORIGIN = np.array([38_500_000.0, 4_300_000.0])
VERTEX_COUNT = 1000


def make_star(radius=1000.0, count=VERTEX_COUNT, center=(0.0, 0.0)):
    """Return the (count, 2) vertices of a ring with several bays."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    distance = radius * (1 + 0.2 * np.sin(7 * angle))
    return ORIGIN + center + np.round(distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), 3)


def make_polygon(outline, has_hole=True, has_island=False):
    """Return a polygon with an outline, a hole and a second part."""
    holes = [make_star(60, 8, (200, 100))] if has_hole else []
    parts = [shapely.Polygon(outline, holes)]
    if has_island:
        parts.append(shapely.Polygon(make_star(50, 6, (2000, 0))))
    return shapely.multipolygons(parts) if has_island else parts[0]


@st.composite
def draw_changed_polygon(draw):
    """Draw a polygon that differs from the star in a few edges, drawn from another vertex or in the other direction."""
    outline = make_star()
    places = st.integers(0, VERTEX_COUNT - 1)
    offsets = st.floats(-30, 30)
    for place, dx, dy in draw(st.lists(st.tuples(places, offsets, offsets), max_size=4)):
        outline[place] += np.round([dx, dy], 3)
    outline = np.delete(outline, draw(st.lists(places, max_size=2)), axis=0)
    outline = np.roll(outline, draw(places), axis=0)
    if draw(st.booleans()):
        outline = outline[::-1]
    changed = make_polygon(outline, has_hole=draw(st.booleans()), has_island=draw(st.booleans()))
    assume(changed.is_valid)
    return changed


@given(draw_changed_polygon(), draw_changed_polygon())
def test_difference_of_similar_polygons_equals_that_of_shapely(minuend, subtrahend):
    parts = subtract_similar_polygon(minuend, subtrahend)
    assert parts is not None
    assert shapely.is_valid(parts).all()
    expected = shapely.difference(minuend, subtrahend)
    assert abs(shapely.area(parts).sum() - expected.area) < NOISE_M2
    assert shapely.symmetric_difference(shapely.union_all(parts), expected).area < NOISE_M2


@given(draw_changed_polygon(), st.floats(-1500, 1500), st.floats(-1500, 1500))
def test_other_polygons_of_the_cover_are_subtracted_from_what_a_similar_one_leaves(changed, x, y):
    polygon = make_polygon(make_star())
    neighbour = shapely.Polygon(make_star(600, 700, (x, y)))
    for cover in ([changed, neighbour], [neighbour, changed]):
        pieces = find_uncovered_pieces(np.array([polygon]), np.array(cover), tolerance=TOLERANCE)
        expected = shapely.difference(polygon, shapely.union_all(cover))
        assert pieces.area.sum() == pytest.approx(expected.area, abs=1e-4)


def test_polygons_that_differ_in_many_edges_are_not_similar():
    polygon = make_polygon(make_star())
    assert subtract_similar_polygon(polygon, make_polygon(make_star(1001))) is None
    assert may_be_similar(polygon, np.array([polygon, make_polygon(make_star(count=600))])).tolist() == [True, False]


def test_difference_with_areas_that_do_not_agree_is_left_to_an_overlay(monkeypatch):
    moved = make_star()
    moved[5] += 0.5
    polygon, changed = make_polygon(make_star()), make_polygon(moved)
    assert subtract_similar_polygon(polygon, changed) is not None
    monkeypatch.setattr(shapely, "polygonize", lambda _lines: shapely.GeometryCollection())
    assert subtract_similar_polygon(polygon, changed) is None


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
