"""Areas of random pairs of polygons, compared with plain shapely and with rational arithmetic."""

import numpy as np
import pytest
import shapely

from tests.parametrize import first_daily

from .random_pairs import (
    MAKERS,
    compare_pairs,
    compute_areas_of_pairs,
    compute_exact_area,
    make_fine,
    make_pairs,
)

ZONE_AND_TOWNSHIP = (
    "POLYGON ((455000 4382009.051114377, 463446.2294584698 4378548.178292662, 455000 4376696.09069386, "
    "455000 4382009.051114377))",
    "POLYGON ((455000 4370000, 463265.081 4378150.012, 463517.507 4378366.581, 463432.563 4378582.997, "
    "463390.849 4378811.714, 455000 4388000, 455000 4370000))",
)


@pytest.mark.parametrize("seed", first_daily(range(16), 4))
def test_areas_of_pairs_with_boundaries_that_nearly_coincide_are_right(seed):
    count, _, wrong, _ = compare_pairs(seed, 300)
    assert count > 150 and not wrong


@pytest.mark.parametrize("maker", MAKERS)
def test_areas_of_pairs_equal_those_of_rational_arithmetic(maker):
    left, right = make_pairs(17, 6, [maker])
    exact = [compute_exact_area(*pair) for pair in zip(left, right, strict=True)]
    assert np.abs(compute_areas_of_pairs(left, right) - exact).max() < 0.001


def test_areas_are_right_where_geos_snaps_vertices(monkeypatch):
    """Plain shapely differs by some square decimetres here."""
    monkeypatch.setattr("tests.core.geometry.random_pairs.SIZES_M", (100_000.0,))
    left, right = make_pairs(1, 25, [make_fine])
    areas, plain = compute_areas_of_pairs(left, right), shapely.area(shapely.intersection(left, right))
    differing = np.flatnonzero(np.abs(areas - plain) > 0.01)[:1]
    exact = np.array([compute_exact_area(left[n], right[n]) for n in differing])
    assert len(exact) and np.abs(areas[differing] - exact).max() < 0.01 < np.abs(plain[differing] - exact).min()


def test_township_keeps_a_zone_with_one_vertex_on_its_edge_and_one_a_hair_beyond():
    """The zone's first vertex is on the edge x = 455 000, another one 10⁻¹⁰ m outside of a slanting edge."""
    zone, township = (shapely.from_wkt(line) for line in ZONE_AND_TOWNSHIP)
    for left, right in ((zone, township), (township, zone)):
        areas = compute_areas_of_pairs(np.array([left]), np.array([right]))
        assert areas[0] == pytest.approx(zone.area, abs=0.01)
