# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons classified as wide by their vertices have no narrow part."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry import corners
from plugin.core.geometry.width_test import mask_surely_wide_polygons

MINIMUM_WIDTH_M = 2.0


def find_narrow_rows_by_discs(shapes, width, monkeypatch):
    """Return the rows with a narrow part, found by an exact search with discs."""
    monkeypatch.setattr(corners, "mask_surely_wide_polygons", lambda given, *_, **__: np.zeros(len(given), dtype=bool))
    monkeypatch.setattr(corners, "mask_polygons_with_all_edges", lambda given, *_: np.zeros(len(given), dtype=bool))
    return set(corners.find_narrow_places(shapes, width)[0].tolist())


@pytest.mark.parametrize(
    ("wkt", "wide"),
    [
        ("POLYGON ((0 0, 50 0, 50 40, 0 40, 0 0))", True),
        ("POLYGON ((0 40, 50 40, 50 0, 0 0, 0 40))", True),  # the other way round
        ("MULTIPOLYGON (((0 0, 50 0, 50 40, 0 40, 0 0)))", True),
        ("POLYGON ((0 0, 50 0, 50 20, 70 20, 70 40, 0 40, 0 0))", True),  # an L
        ("POLYGON ((0 0, 50 0, 50 1.9, 0 1.9, 0 0))", False),  # a strip
        (
            "POLYGON ((0 0, 40 0, 40 19, 60 19, 60 0, 100 0, 100 40, 60 40, 60 20.5, 40 20.5, 40 40, 0 40, 0 0))",
            False,
        ),  # a neck
        ("POLYGON ((0 0, 50 0, 50 40, 26 40, 26 70, 25 70, 25 40, 0 40, 0 0))", False),  # an arm
        ("POLYGON ((0 0, 50 0, 50 40, 30 40, 25 90, 20 40, 0 40, 0 0))", False),  # a spike
        ("POLYGON ((0 0, 50 0, 50 40, 0 40, 0 0), (1 5, 20 5, 20 20, 1 20, 1 5))", False),  # a hole near the edge
        ("MULTIPOLYGON (((0 0, 50 0, 50 40, 0 40, 0 0)), ((60 0, 61 0, 61 90, 60 0)))", False),
    ],
)
def test_is_surely_wide_is_true_for_a_wide_polygon_and_false_with_a_neck_arm_spike_or_thin_part(wkt, wide, monkeypatch):
    shapes = np.array([shapely.from_wkt(wkt), None], dtype=object)
    assert mask_surely_wide_polygons(shapes, MINIMUM_WIDTH_M).tolist() == [wide, False]
    assert not (wide and find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, monkeypatch))


def make_star_ring(radii, turn, squeeze):
    """Return a star-shaped ring around 0, 0; ``squeeze`` gives it long thin parts."""
    angles = turn + np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    xy = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None] * [1, squeeze]
    return shapely.Polygon(xy)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
def test_polygon_recognised_as_wide_has_no_narrow_place(radii, turn, squeeze):
    shape = make_star_ring(radii, turn, squeeze)
    shapes = np.array([shape if shape.is_valid else None], dtype=object)
    with pytest.MonkeyPatch.context() as patch:
        narrow = find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, patch)
    assert not (mask_surely_wide_polygons(shapes, MINIMUM_WIDTH_M)[0] and narrow)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
def test_narrow_polygons_found_equal_those_of_a_full_search_with_discs(radii, turn, squeeze):
    """Compare with the exact search, except for parts of exactly this width."""
    shape = make_star_ring(radii, turn, squeeze)
    hole = shape.buffer(-4)
    shapes = [shape, shape.difference(hole.buffer(-3)), shapely.union(shape, shapely.box(100, 100, 130, 130))]
    shapes = np.array([s if s.is_valid and s.geom_type in ("Polygon", "MultiPolygon") else None for s in shapes])
    narrow = set(corners.find_narrow_places(shapes, MINIMUM_WIDTH_M)[0].tolist())
    narrow_below_larger_width = set(corners.find_narrow_places(shapes, MINIMUM_WIDTH_M * 1.02)[0].tolist())
    with pytest.MonkeyPatch.context() as patch:
        assert narrow <= find_narrow_rows_by_discs(shapes, MINIMUM_WIDTH_M, patch) <= narrow | narrow_below_larger_width


def test_thin_strip_from_an_inexact_buffer_is_not_reported_as_a_narrow_place():
    """Use a polygon with two close vertices; GEOS leaves a thin strip along its edge."""
    square = shapely.from_wkt("POLYGON ((0 0, 900 0, 1100 350, 650 940, 3 700, 2.996 699.997, 0 0))")
    hair = shapely.from_wkt("POLYGON ((0 0, 900 0, 900 0.004, 0 0))")
    assert not corners._is_arm(hair, MINIMUM_WIDTH_M)
    assert not len(corners.find_narrow_places(np.array([square], dtype=object), MINIMUM_WIDTH_M)[0])
