# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons told wide from their vertices: never one in which discs find a narrow place."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.core.geometry import corners
from plugin.core.geometry.width_test import is_surely_wide

WIDTH = 2.0


def looked_through(shapes, width, monkeypatch):
    """Rows with a narrow place, every polygon looked through with discs."""
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
def test_what_is_told_wide(wkt, wide, monkeypatch):
    shapes = np.array([shapely.from_wkt(wkt), None], dtype=object)
    assert is_surely_wide(shapes, WIDTH).tolist() == [wide, False]
    assert not (wide and looked_through(shapes, WIDTH, monkeypatch))


def test_nothing_is_told_of_nothing():
    assert is_surely_wide(np.array([], dtype=object), WIDTH).tolist() == []


def ring(radii, turn, squeeze):
    """A star-shaped ring around the origin; squeezed, it has long thin parts."""
    angles = turn + np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    xy = np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None] * [1, squeeze]
    return shapely.Polygon(xy)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
@settings(deadline=None, max_examples=150)
def test_no_polygon_told_wide_has_a_narrow_place(radii, turn, squeeze):
    shape = ring(radii, turn, squeeze)
    shapes = np.array([shape if shape.is_valid else None], dtype=object)
    with pytest.MonkeyPatch.context() as patch:
        narrow = looked_through(shapes, WIDTH, patch)
    assert not (is_surely_wide(shapes, WIDTH)[0] and narrow)


@given(st.lists(st.floats(1, 60), min_size=3, max_size=40), st.floats(0, 7), st.sampled_from([1.0, 1.0, 0.3, 0.05]))
@settings(deadline=None, max_examples=150)
def test_the_same_are_narrow_as_when_all_are_looked_through(radii, turn, squeeze):
    """But for what is just as wide: there the last steps of a buffer decide."""
    shape = ring(radii, turn, squeeze)
    hole = shape.buffer(-4)
    shapes = [shape, shape.difference(hole.buffer(-3)), shapely.union(shape, shapely.box(100, 100, 130, 130))]
    shapes = np.array([s if s.is_valid and s.geom_type in ("Polygon", "MultiPolygon") else None for s in shapes])
    told = set(corners.find_narrow_parts(shapes, WIDTH)[0].tolist())
    told_of_wider = set(corners.find_narrow_parts(shapes, WIDTH * 1.02)[0].tolist())
    with pytest.MonkeyPatch.context() as patch:
        assert told <= looked_through(shapes, WIDTH, patch) <= told | told_of_wider


def test_most_parcels_are_told_wide():
    """Wiggling edges between corners of all kinds, as parcels have them."""
    rng = np.random.default_rng(7)
    shapes = []
    for _ in range(300):
        corner = np.array([[0, 0], [120, 0], [120, 90], [0, 90]]) + rng.normal(0, 12, (4, 2))
        edges = zip(corner, np.roll(corner, -1, axis=0), strict=True)
        along = np.linspace(0, 1, 6, endpoint=False)[:, None]
        xy = np.concatenate([p + (q - p) * along for p, q in edges])
        shapes.append(shapely.Polygon(xy + rng.normal(0, 1.5, xy.shape)))
    assert is_surely_wide(np.array(shapes, dtype=object), WIDTH).mean() > 0.8


def test_what_a_buffer_is_inexact_by_is_no_arm():
    """Two vertices five millimetres apart: GEOS leaves one out of the buffer, and a hair along the whole edge remains."""
    square = shapely.from_wkt("POLYGON ((0 0, 900 0, 1100 350, 650 940, 3 700, 2.996 699.997, 0 0))")
    hair = shapely.from_wkt("POLYGON ((0 0, 900 0, 900 0.004, 0 0))")
    assert not corners._is_arm(hair, WIDTH)
    assert not len(corners.find_narrow_parts(np.array([square], dtype=object), WIDTH)[0])
