# SPDX-License-Identifier: GPL-2.0-or-later
"""Arcs divided into chords, compared with the exact circle."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, strategies as st

from plugin.core.geometry.arcs import UnknownCurveError, count_arcs, divide_arc, straighten_arcs

#: Where the county lies: coordinates (m) in its zone have steps of 7e-9.
X, Y = 38_560_000.0, 4_390_000.0
#: Rounding (m) of such coordinates, enlarged by radii up to 10 km over arcs of a metre.
ROUNDING_M = 1e-6

centres = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
radii = st.floats(2.0, 1e4)
tolerances = st.sampled_from([0.001, 0.01, 0.05, 0.2, 1.0, 20.0])


def compute_point(centre, radius, angle):
    """Return the point on a circle at an angle (radians); the centre is relative to X, Y."""
    return X + centre[0] + radius * math.cos(angle), Y + centre[1] + radius * math.sin(angle)


@st.composite
def draw_arcs(draw):
    """Return centre, radius, angle at the centre (clockwise if negative) and three points of an arc."""
    centre, radius = draw(centres), draw(radii)
    first, sweep = draw(st.floats(-math.pi, math.pi)), draw(st.floats(0.02, 6.2)) * draw(st.sampled_from([-1, 1]))
    share = draw(st.floats(0.2, 0.8))
    assume(radius * abs(sweep) > 5)
    points = [compute_point(centre, radius, first + sweep * part) for part in (0.0, share, 1.0)]
    return centre, radius, sweep, points


@given(draw_arcs(), tolerances)
def test_chords_of_an_arc_are_within_the_tolerance_of_its_exact_circle(arc, tolerance_m):
    centre, radius, sweep, points = arc
    vertices = divide_arc(*points, tolerance_m)
    assert tuple(vertices[0]) == points[0] and tuple(vertices[-1]) == points[2]
    assert (vertices == points[1]).all(axis=1).sum() == 1
    middle = np.array([X + centre[0], Y + centre[1]])
    # Rounded points of a short arc are on a circle that is a little larger or smaller.
    allowed = ROUNDING_M * (1 + radius / (radius * min(abs(sweep), 1.0)) ** 2 * 100)
    assert np.abs(np.hypot(*(vertices - middle).T) - radius).max() < allowed
    halves = (vertices[1:] + vertices[:-1]) / 2
    assert (radius - np.hypot(*(halves - middle).T)).max() <= min(tolerance_m, radius) + allowed
    # The vertices run along the arc, in its direction and once.
    angles = np.unwrap(np.arctan2(*(vertices - middle).T[::-1]))
    assert (np.diff(angles) * np.sign(sweep) > 0).all()
    assert angles[-1] - angles[0] == pytest.approx(sweep, abs=1e-6)


@given(draw_arcs(), tolerances)
def test_area_under_chords_differs_from_that_under_the_arc_by_at_most_the_tolerance_times_its_length(arc, tolerance_m):
    _, radius, sweep, points = arc
    vertices = divide_arc(*points, tolerance_m) - np.array(points[0])
    exact = radius**2 * (abs(sweep) - math.sin(abs(sweep))) / 2
    difference = exact - shapely.Polygon(vertices).area
    assert -1e-3 < difference <= 2 / 3 * tolerance_m * radius * abs(sweep) + 1e-3


@given(draw_arcs(), tolerances)
def test_arc_divided_from_its_end_gets_the_vertices_of_the_arc_divided_from_its_start(arc, tolerance_m):
    start, middle, end = arc[3]
    there, back = divide_arc(start, middle, end, tolerance_m), divide_arc(end, middle, start, tolerance_m)
    assert there.tobytes() == back[::-1].tobytes()


@given(draw_arcs(), tolerances)
def test_divided_arc_has_no_more_chords_than_the_tolerance_needs(arc, tolerance_m):
    _, radius, sweep, points = arc
    largest = min(math.pi / 2, 2 * math.acos(max(-1.0, 1 - tolerance_m / radius)))
    # One more for each half, and one for rounding.
    assert len(divide_arc(*points, tolerance_m)) - 1 <= abs(sweep) / largest * 1.001 + 3


@given(centres, radii, st.floats(-math.pi, math.pi), tolerances)
@example((0.0, 0.0), 100.0, 0.0, 0.05)
def test_full_circle_has_the_area_of_the_circle_wherever_it_begins(centre, radius, angle, tolerance_m):
    start, opposite = compute_point(centre, radius, angle), compute_point(centre, radius, angle + math.pi)
    ring = divide_arc(start, opposite, start, tolerance_m)
    other = divide_arc(opposite, start, opposite, tolerance_m)
    assert tuple(ring[0]) == tuple(ring[-1]) == start and tuple(other[0]) == opposite
    assert set(map(tuple, ring)) == set(map(tuple, other)) and {start, opposite} <= set(map(tuple, ring))
    polygon = shapely.Polygon(ring - ring[0])
    assert polygon.is_valid and polygon.exterior.is_ccw
    assert -1e-3 * radius < math.pi * radius**2 - polygon.area <= tolerance_m * 2 * math.pi * radius + 1e-3 * radius


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (((0, 0), (50, 0), (100, 0)), [(0, 0), (50, 0), (100, 0)]),
        (((0, 0), (50, 1e-9), (100, 0)), [(0, 0), (50, 1e-9), (100, 0)]),
        (((0, 0), (150, 0), (100, 0)), [(0, 0), (100, 0)]),
        (((0, 0), (-50, 0), (100, 0)), [(0, 0), (100, 0)]),
        (((0, 0), (0, 0), (100, 0)), [(0, 0), (100, 0)]),
        (((100, 0), (100, 0), (0, 0)), [(100, 0), (0, 0)]),
        (((5, 5), (5, 5), (5, 5)), [(5, 5)]),
    ],
)
def test_arc_with_all_points_on_a_line_becomes_a_straight_segment(points, expected):
    assert divide_arc(*points, 0.05).tolist() == [list(point) for point in expected]


ROUND_END = "COMPOUNDCURVE (CIRCULARSTRING (0 0, 50 -50, 100 0), (100 0, 100 80), (100 80, 0 80, 0 0))"


@pytest.mark.parametrize(
    ("text", "kind", "area"),
    [
        (f"CURVEPOLYGON ({ROUND_END})", "Polygon", 8000 + math.pi * 1250),
        (f"CurvePolygon Z ({ROUND_END})".replace("0 0,", "0 0 5,"), "Polygon", 8000 + math.pi * 1250),
        (f"CurvePolygonZ ({ROUND_END})", "Polygon", 8000 + math.pi * 1250),
        (f"MULTISURFACE (CURVEPOLYGON ({ROUND_END}), ((200 0, 210 0, 210 10, 200 0)))", "MultiPolygon", 8050 + math.pi * 1250),
        ("CURVEPOLYGON ((0 0, 300 0, 300 300, 0 300, 0 0), CIRCULARSTRING (100 100, 200 100, 100 100))", "Polygon", 90_000 - math.pi * 2500),
        ("MULTISURFACE (CURVEPOLYGON EMPTY, CURVEPOLYGON (CIRCULARSTRING (0 0, 10 0, 0 0)))", "MultiPolygon", math.pi * 25),
        ("CURVEPOLYGON (COMPOUNDCURVE ((0 0, 10 0, 10 10), (10 10, 0 0)))", "Polygon", 50),
        ("CURVEPOLYGON EMPTY", "Polygon", 0),
        ("CIRCULARSTRING (0 0, 5 5, 10 0, 15 -5, 20 0)", "LineString", 0),
        ("COMPOUNDCURVE ((0 0, 1 0), CIRCULARSTRING (1 0, 2 1, 3 0))", "LineString", 0),
        ("MULTICURVE ((0 0, 1 0), CIRCULARSTRING (1 0, 2 1, 3 0))", "MultiLineString", 0),
    ],
)  # fmt: skip
def test_wkt_with_arcs_becomes_a_shape_of_straight_segments(text, kind, area):
    shape = straighten_arcs(text, 0.001)
    assert shape.geom_type == kind and shape.is_valid and not shape.has_z
    assert shape.area == pytest.approx(area, abs=0.001 * shape.length + 1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CURVE",
        "POINT (1 1)",
        "BEZIERCURVE (0 0, 1 1, 2 2, 3 3)",
        "CURVEPOLYGON (NURBSCURVE (3, (0 0, 1 1, 2 2, 0 0)))",
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 0 0))",
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1))",
        "CURVEPOLYGON ((0 0, 1 1, 2 x, 0 0))",
        "CURVEPOLYGON ((0 0, 1 1, 2 0, 0 0)",
        "CURVEPOLYGON ((0 0, 1 1, 2 0, 0 0)) )",
        "CURVEPOLYGON ((0, 1 1, 2 0, 0 0))",
        "GEOMETRYCOLLECTION (CIRCULARSTRING (0 0, 1 1, 2 0))",
    ],
)
def test_wkt_that_is_damaged_or_has_other_curves_than_arcs_is_refused(text):
    with pytest.raises(UnknownCurveError):
        straighten_arcs(text, 0.05)


def test_arc_shared_by_two_polygons_gets_the_same_vertices_in_both():
    arc = "CIRCULARSTRING (38560000.1 4390000.2, 38560031.4159 4390011.7, 38560060.3 4390000.9)"
    back = "CIRCULARSTRING (38560060.3 4390000.9, 38560031.4159 4390011.7, 38560000.1 4390000.2)"
    north = straighten_arcs(
        f"CURVEPOLYGON (COMPOUNDCURVE ({arc}, (38560060.3 4390000.9, 38560060.3 4390090, 38560000.1 4390000.2)))", 0.01
    )
    south = straighten_arcs(
        f"CURVEPOLYGON (COMPOUNDCURVE ({back}, (38560000.1 4390000.2, 38560000.1 4389900, 38560060.3 4390000.9)))", 0.01
    )
    shared = shapely.intersection(north, south)
    assert shared.area == 0 and shared.length == pytest.approx(straighten_arcs(arc, 0.01).length, abs=1e-9)
    assert set(map(tuple, shapely.get_coordinates(north))) & set(map(tuple, shapely.get_coordinates(south))) == set(
        map(tuple, shapely.get_coordinates(straighten_arcs(back, 0.01)))
    )


def test_straightened_arcs_equal_those_of_gdal_with_a_fine_step():
    ogr = pytest.importorskip("osgeo.ogr")
    text = f"CURVEPOLYGON ({ROUND_END}, CIRCULARSTRING (40 40, 60 40, 40 40))"
    fine = ogr.CreateGeometryFromWkt(text).GetLinearGeometry(0.001)
    theirs = shapely.from_wkb(bytes(fine.ExportToWkb()))
    ours = straighten_arcs(text, 1e-6)
    assert ours.symmetric_difference(theirs).area < 1e-3 and len(ours.interiors) == 1


def test_arcs_in_the_wkt_of_a_shape_are_counted():
    assert count_arcs("CurvePolygon (CircularString (0 0, 1 1, 0 0))") == 1
    assert count_arcs("CURVEPOLYGON Z (CIRCULARSTRING Z (0 0 1, 1 1 1, 2 0 1, 1 -1 1, 0 0 1), (0 0 1, 1 1 1))") == 2
    assert count_arcs("CURVEPOLYGON ((0 0, 1 1, 0 0))") == count_arcs("") == 0
