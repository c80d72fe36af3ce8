# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons classified as wide by their vertices have no narrow part that discs would find."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.core.geometry import corners
from plugin.core.geometry.width_test import is_surely_wide

WIDTH = 2.0


def narrow_rows_by_discs(shapes, width, monkeypatch):
    """Return rows with a narrow part, found by searching every polygon with discs."""
    monkeypatch.setattr(corners, "is_surely_wide", lambda given, *_, **__: np.zeros(len(given), dtype=bool))
    monkeypatch.setattr(corners, "shrunk_evenly", lambda given, *_: np.zeros(len(given), dtype=bool))
    return set(corners.find_narrow_parts(shapes, width)[0].tolist())


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
def test_wide_polygons_are_recognised(wkt, wide, monkeypatch):
    shapes = np.array([shapely.from_wkt(wkt), None], dtype=object)
    assert is_surely_wide(shapes, WIDTH).tolist() == [wide, False]
    assert not (wide and narrow_rows_by_discs(shapes, WIDTH, monkeypatch))


def test_empty_input_has_no_wide_polygon():
    assert is_surely_wide(np.array([], dtype=object), WIDTH).tolist() == []


def ring(radii, turn, squeeze):
    """Return a star-shaped ring around the origin; squeezed, it has long thin parts."""
    angles = turn + np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    xy = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None] * [1, squeeze]
    return shapely.Polygon(xy)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
@settings(deadline=None, max_examples=150)
def test_wide_polygon_has_no_narrow_part(radii, turn, squeeze):
    shape = ring(radii, turn, squeeze)
    shapes = np.array([shape if shape.is_valid else None], dtype=object)
    with pytest.MonkeyPatch.context() as patch:
        narrow = narrow_rows_by_discs(shapes, WIDTH, patch)
    assert not (is_surely_wide(shapes, WIDTH)[0] and narrow)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
@settings(deadline=None, max_examples=150)
def test_narrow_rows_equal_those_of_a_full_search(radii, turn, squeeze):
    """Except parts of exactly this width, where rounding of a buffer decides."""
    shape = ring(radii, turn, squeeze)
    hole = shape.buffer(-4)
    shapes = [shape, shape.difference(hole.buffer(-3)), shapely.union(shape, shapely.box(100, 100, 130, 130))]
    shapes = np.array([s if s.is_valid and s.geom_type in ("Polygon", "MultiPolygon") else None for s in shapes])
    narrow = set(corners.find_narrow_parts(shapes, WIDTH)[0].tolist())
    narrow_below_larger_width = set(corners.find_narrow_parts(shapes, WIDTH * 1.02)[0].tolist())
    with pytest.MonkeyPatch.context() as patch:
        assert narrow <= narrow_rows_by_discs(shapes, WIDTH, patch) <= narrow | narrow_below_larger_width


def test_most_parcels_are_recognised_as_wide():
    """Irregular edges between corners of all kinds, as parcels have them."""
    rng = np.random.default_rng(7)
    shapes = []
    for _ in range(300):
        corner = np.array([[0, 0], [120, 0], [120, 90], [0, 90]]) + rng.normal(0, 12, (4, 2))
        edges = zip(corner, np.roll(corner, -1, axis=0), strict=True)
        along = np.linspace(0, 1, 6, endpoint=False)[:, None]
        xy = np.concatenate([p + (q - p) * along for p, q in edges])
        shapes.append(shapely.Polygon(xy + rng.normal(0, 1.5, xy.shape)))
    assert is_surely_wide(np.array(shapes, dtype=object), WIDTH).mean() > 0.8


def test_inexact_buffer_is_not_reported_as_narrow_part():
    """GEOS omits one of two close vertices from the buffer, which leaves a thin strip along the edge."""
    square = shapely.from_wkt("POLYGON ((0 0, 900 0, 1100 350, 650 940, 3 700, 2.996 699.997, 0 0))")
    hair = shapely.from_wkt("POLYGON ((0 0, 900 0, 900 0.004, 0 0))")
    assert not corners._is_arm(hair, WIDTH)
    assert not len(corners.find_narrow_parts(np.array([square], dtype=object), WIDTH)[0])
