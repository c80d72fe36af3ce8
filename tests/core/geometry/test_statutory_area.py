# SPDX-License-Identifier: GPL-2.0-or-later
"""Statutory areas compared with the standard's formula in forty digits."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import assume, given, strategies as st
from pyproj import CRS

from plugin.core.geometry import crs as crs_care
from plugin.core.geometry.statutory_area import compute_trapezoid_area, measure_statutory_area

#: standards/ellipsoid_area.md: P with its hole, and T, whose slanted edges require the prescribed sum.
POLYGON_WITH_HOLE_SHELL = [(112.40, 37.80), (112.47, 37.79), (112.52, 37.86), (112.45, 37.91), (112.38, 37.87)]
POLYGON_WITH_HOLE_HOLE = [(112.44, 37.83), (112.46, 37.83), (112.46, 37.85), (112.44, 37.85)]
SLANTED_TRIANGLE = [(112.5, 37.5), (112.51, 37.5), (112.505, 37.51)]


def compute_statutory_area(shape, to_lonlat=None):
    """Return the statutory area (m²) of one shape; ``to_lonlat`` converts its coordinates to degrees."""
    return float(measure_statutory_area(np.array([shape], dtype=object), to_lonlat)[0])


# -- the annex in forty digits ----------------------------------------------------------------------------------------

PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
SERIES_COEFFICIENTS = (
    # The annex's fractions as printed: factors of 1, e², e⁴, e⁶, e⁸.
    (Fraction(1), Fraction(3, 6), Fraction(30, 80), Fraction(35, 112), Fraction(630, 2304)),
    (Fraction(0), Fraction(1, 6), Fraction(15, 80), Fraction(21, 112), Fraction(420, 2304)),
    (Fraction(0), Fraction(0), Fraction(3, 80), Fraction(7, 112), Fraction(180, 2304)),
    (Fraction(0), Fraction(0), Fraction(0), Fraction(1, 112), Fraction(45, 2304)),
    (Fraction(0), Fraction(0), Fraction(0), Fraction(0), Fraction(5, 2304)),
)


def compute_decimal_sine(angle):
    """Return the sine of an angle (radians) with 45 digits."""
    term, total, n = angle, angle, 1
    while abs(term) > Decimal(10) ** -45:
        term = -term * angle * angle / ((n + 1) * (n + 2))
        total, n = total + term, n + 2
    return total


def compute_decimal_cosine(angle):
    """Return the cosine of an angle (radians) with 45 digits."""
    return compute_decimal_sine(PI / 2 - angle)


def compute_exact_trapezoid_area(lon_width, lat1, lat2):
    """Return the area (m²) of a trapezoid between two latitudes with 50 digits."""
    with localcontext() as context:
        context.prec = 50
        a, f = Decimal(6378137), 1 / Decimal("298.257222101")
        b = a * (1 - f)
        e2 = (a * a - b * b) / (a * a)
        lon_width, lat1, lat2 = Decimal(lon_width), Decimal(lat1), Decimal(lat2)
        half, middle, total = (lat2 - lat1) / 2, (lat1 + lat2) / 2, Decimal(0)
        for k, row in enumerate(SERIES_COEFFICIENTS):
            factor = sum(Decimal(c.numerator) / Decimal(c.denominator) * e2**power for power, c in enumerate(row) if c)
            odd = 2 * k + 1
            total += (-1) ** k * factor * compute_decimal_sine(odd * half) * compute_decimal_cosine(odd * middle)
        return 2 * b * b * lon_width * total


latitudes = st.floats(-1.5, 1.5)


@given(st.floats(-0.1, 0.1, allow_subnormal=False), latitudes, latitudes)
def test_area_of_a_trapezoid_equals_the_standard_formula_in_forty_digits(width, lat1, lat2):
    found = float(compute_trapezoid_area(np.array([width]), np.array([lat1]), np.array([lat2]))[0])
    exact = compute_exact_trapezoid_area(width, lat1, lat2)
    # Both are functions of doubles: only rounding remains, relative to a trapezoid down to the equator.
    assert abs(Decimal(found) - exact) <= Decimal("4e-15") * Decimal(abs(width)) * 6378137**2


@pytest.mark.parametrize(
    ("ring", "area"),
    [
        (SLANTED_TRIANGLE, "490671.60"),
        (POLYGON_WITH_HOLE_SHELL, "104040565.82"),
        (POLYGON_WITH_HOLE_HOLE, "3907988.29"),
    ],
    ids=["T", "P", "H"],
)
def test_test_values_of_the_standard_equal_its_formula_in_forty_digits(ring, area):
    """Compare the published test values with the exact formula and with the plugin."""
    radians = [[Decimal(v) * PI / 180 for v in point] for point in ring]
    total = sum(
        compute_exact_trapezoid_area((l1 + l2) / 2 - radians[0][0], b1, b2)
        for (l1, b1), (l2, b2) in zip(radians, [*radians[1:], radians[0]], strict=True)
    )
    assert round(abs(total), 2) == Decimal(area)
    assert compute_statutory_area(shapely.Polygon(ring)) == pytest.approx(float(abs(total)), abs=1e-5)


# -- every zone -------------------------------------------------------------------------------------------------------


def project_gauss_krueger(lonlat, meridian, easting):
    """Return easting and northing (m) of (n, 2) positions in degrees.

    Uses Krüger's series to n⁶; exact to some nanometres within a zone.

    References
    ----------
    Karney 2011, eq. 35.
    """
    f = 1 / 298.257222101
    n = f / (2 - f)
    radius = 6378137.0 / (1 + n) * (1 + n**2 / 4 + n**4 / 64 + n**6 / 256)
    alpha = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180 - 127 * n**5 / 288 + 7891 * n**6 / 37800,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440 + 281 * n**5 / 630 - 1983433 * n**6 / 1935360,
        61 * n**3 / 240 - 103 * n**4 / 140 + 15061 * n**5 / 26880 + 167603 * n**6 / 181440,
        49561 * n**4 / 161280 - 179 * n**5 / 168 + 6601661 * n**6 / 7257600,
        34729 * n**5 / 80640 - 3418889 * n**6 / 1995840,
        212378941 * n**6 / 319334400,
    )
    e = math.sqrt(f * (2 - f))
    lam, phi = np.radians(lonlat[:, 0] - meridian), np.radians(lonlat[:, 1])
    tau = np.tan(phi)
    sigma = np.sinh(e * np.arctanh(e * np.sin(phi)))
    conformal = tau * np.sqrt(1 + sigma**2) - sigma * np.sqrt(1 + tau**2)
    xi = np.arctan2(conformal, np.cos(lam))
    eta = np.arcsinh(np.sin(lam) / np.hypot(conformal, np.cos(lam)))
    north, east = xi.copy(), eta.copy()
    for k, factor in enumerate(alpha, start=1):
        north += factor * np.sin(2 * k * xi) * np.cosh(2 * k * eta)
        east += factor * np.cos(2 * k * xi) * np.sinh(2 * k * eta)
    return np.column_stack([radius * east + easting, radius * north])


#: EPSG code, central meridian, false easting, half width: all of CGCS2000's 3° and 6° zones, with and without prefix.
ZONE_PROJECTIONS = [
    *((4513 + z - 25, 3 * z, z * 1e6 + 5e5, 1.5) for z in range(25, 46)),
    *((4534 + z - 25, 3 * z, 5e5, 1.5) for z in range(25, 46)),
    *((4491 + z - 13, 6 * z - 3, z * 1e6 + 5e5, 3.0) for z in range(13, 24)),
    *((4502 + z - 13, 6 * z - 3, 5e5, 3.0) for z in range(13, 24)),
]


@pytest.mark.parametrize(
    ("code", "meridian", "easting", "half"), ZONE_PROJECTIONS, ids=[f"EPSG:{z[0]}" for z in ZONE_PROJECTIONS]
)
def test_statutory_area_in_each_crs_zone_equals_that_in_degrees(code, meridian, easting, half):
    crs = CRS.from_epsg(code)
    shapes = [shapely.Polygon(POLYGON_WITH_HOLE_SHELL, [POLYGON_WITH_HOLE_HOLE]), shapely.Polygon(SLANTED_TRIANGLE)]
    # At both edges of the zone and beyond, because a county may cross 112.5° E.
    for offset in (-half - 0.2, -half, 0.0, half, half + 0.2):
        for south in (37.5, 18.2, 52.9):
            for shape in shapes:
                x, y = shape.bounds[:2]
                degrees = shapely.affinity.translate(shape, meridian + offset - x, south - y)
                plane = shapely.transform(degrees, lambda c: project_gauss_krueger(c, meridian, easting))
                assert compute_statutory_area(plane, crs_care.make_lonlat_transformer(crs)) == pytest.approx(
                    compute_statutory_area(degrees), abs=2e-4
                )


def test_statutory_area_of_a_polygon_across_a_crs_zone_edge_equals_the_test_value_in_both_crs_zones():
    """Project a polygon that crosses 112.5° E to zones 37 and 38 and to a 6° zone."""
    shape = shapely.Polygon(POLYGON_WITH_HOLE_SHELL, [POLYGON_WITH_HOLE_HOLE])
    for code, meridian, easting in (
        (4525, 111, 37.5e6), (4526, 114, 38.5e6), (4546, 111, 5e5), (4547, 114, 5e5), (4497, 111, 19.5e6), (4508, 111, 5e5),
    ):  # fmt: skip
        plane = shapely.transform(shape, lambda c, m=meridian, e=easting: project_gauss_krueger(c, m, e))
        assert compute_statutory_area(plane, crs_care.make_lonlat_transformer(CRS.from_epsg(code))) == pytest.approx(
            100_132_577.53, abs=0.01
        )


# -- invariants -------------------------------------------------------------------------------------------------------


@st.composite
def draw_parcel(draw):
    """Draw a random parcel in Shanxi, up to some kilometres long, maybe with a hole."""
    x, y = draw(st.tuples(st.floats(110.2, 114.6), st.floats(34.5, 40.8)))
    offset = st.floats(-0.05, 0.05)
    points = draw(st.lists(st.tuples(offset, offset), min_size=4, max_size=9))
    hull = shapely.convex_hull(shapely.MultiPoint([(x + dx, y + dy) for dx, dy in points]))
    if hull.geom_type != "Polygon":
        hull = shapely.box(x, y, x + 0.01, y + 0.01)
    hole = [shapely.affinity.scale(hull, 0.4, 0.4).exterior.coords] if draw(st.booleans()) else []
    return shapely.Polygon(hull.exterior.coords, hole)


@given(st.lists(draw_parcel(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_statutory_area_does_not_depend_on_order_batch_and_direction(shapes, chance):
    alone = [compute_statutory_area(s) for s in shapes]
    assert measure_statutory_area(np.array(shapes, dtype=object)).tolist() == alone
    order = list(range(len(shapes)))
    chance.shuffle(order)
    mixed = [shapely.reverse(shapes[n]) for n in order]
    assert measure_statutory_area(np.array(mixed, dtype=object)) == pytest.approx([alone[n] for n in order], abs=1e-4)
    # The area of a multipolygon is the sum of its parts.
    parts = shapely.multipolygons(shapes)
    assert compute_statutory_area(parts) == pytest.approx(sum(alone), abs=1e-4)
    assert compute_statutory_area(shapely.geometrycollections([parts])) == compute_statutory_area(parts)
    # Heights do not change the area.
    assert compute_statutory_area(shapely.force_3d(shapes[0], 1234.5)) == alone[0]


@given(draw_parcel(), st.integers(-3, 3))
def test_statutory_area_of_a_box_is_unchanged_by_splitting_its_edges_and_by_a_shift_in_longitude(shape, turn):
    """Split edges in their middle.

    Edges along parallels or meridians keep the area; slanted ones change it (the triangle by 10.8 m²).
    """
    box = shapely.box(*shape.bounds)
    width = box.bounds[2] - box.bounds[0]
    assume(width > 0)
    assert compute_statutory_area(shapely.segmentize(box, width / 3)) == pytest.approx(
        compute_statutory_area(box), abs=1e-4
    )
    # A shift by 360° of longitude changes nothing.
    moved = shapely.affinity.translate(box, 10.0 * turn, 0)
    assert compute_statutory_area(moved) == pytest.approx(compute_statutory_area(box), rel=1e-11, abs=1e-3)


def test_statutory_area_changes_when_a_slanted_edge_is_split():
    t = shapely.Polygon(SLANTED_TRIANGLE)
    assert compute_statutory_area(shapely.segmentize(t, 1e-4)) - compute_statutory_area(t) == pytest.approx(
        490_682.36 - 490_671.60, abs=0.02
    )


@pytest.mark.parametrize(
    "degenerate", ["POLYGON ((112 37, 112.1 37, 112 37))", "POLYGON ((112 37, 112 37, 112 37, 112 37))"]
)
def test_degenerate_ring_has_statutory_area_zero(degenerate):
    assert compute_statutory_area(shapely.from_wkt(degenerate, on_invalid="ignore")) == 0.0


# -- millions of vertices ---------------------------------------------------------------------------------------------
