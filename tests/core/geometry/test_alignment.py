# SPDX-License-Identifier: GPL-2.0-or-later
"""Outlines that are aligned with the edges of other shapes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import wkt

from plugin.core.geometry.alignment import (
    ReferenceEdges,
    add_vertices_of,
    find_aligned_stretches,
    replace_stretches,
)
from tests.parametrize import first_daily

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
CASES = {
    "an edge beside a longer one": (SQUARE_WKT, "POLYGON ((100.3 -50, 200 -50, 200 150, 100.3 150, 100.3 40, 100.3 -50))", 0.5, "POLYGON ((0 0, 100.3 0, 100.3 40, 100.3 100, 0 100, 0 0))"),
    "all edges of a shape drawn twice": (SQUARE_WKT, "POLYGON ((0.2 0.3, 99.8 0.1, 100.3 100.2, -0.1 99.9, 0.2 0.3))", 0.5, "POLYGON ((0.2 0.3, 99.8 0.1, 100.3 100.2, -0.1 99.9, 0.2 0.3))"),
    "corners farther away than edges": (SQUARE_WKT, "POLYGON ((0.3 0.3, 99.7 0.3, 99.7 99.7, 0.3 99.7, 0.3 0.3))", 0.35, "POLYGON ((0.3 0.3, 99.7 0.3, 99.7 99.7, 0.3 99.7, 0.3 0.3))"),
    "an edge that crosses stays out": (SQUARE_WKT, "POLYGON ((50 -50, 200 -50, 200 150, 50 150, 50 -50))", 0.5, SQUARE_WKT),
    "vertices of an edge that crosses stay out": (SQUARE_WKT, "LINESTRING (99.8 50, 100.2 50, 150 50)", 0.5, SQUARE_WKT),
    "too far away": (SQUARE_WKT, "POLYGON ((0.6 0.6, 99.4 0.6, 99.4 99.4, 0.6 99.4, 0.6 0.6))", 0.5, SQUARE_WKT),
    "a part of an edge": (SQUARE_WKT, "POLYGON ((100.2 20, 100.2 60, 130 60, 130 20, 100.2 20))", 0.5, "POLYGON ((0 0, 100 0, 100 20, 100.2 20, 100.2 60, 100 60, 100 100, 0 100, 0 0))"),
    "a jog": (SQUARE_WKT, "POLYGON ((100.3 20, 100.3 40, 100.1 40, 100.1 60, 130 60, 130 20, 100.3 20))", 0.5, "POLYGON ((0 0, 100 0, 100 20, 100.3 20, 100.3 40, 100.1 40, 100.1 60, 100 60, 100 100, 0 100, 0 0))"),
    "a hole": (SQUARE_WKT[:-1] + ", (40 40, 40 60, 60 60, 60 40, 40 40))", "POLYGON ((40.2 40.1, 60.1 40, 59.9 60.2, 40 60, 40.2 40.1))", 0.5, SQUARE_WKT[:-1] + ", (40.2 40.1, 40 60, 59.9 60.2, 60.1 40, 40.2 40.1))"),
    "a line": ("LINESTRING (0 0, 50 0.2, 100 -0.1)", "POLYGON ((-10 0, 30 0, 70 0, 110 0, 110 50, -10 50, -10 0))", 0.5, "LINESTRING (0 0, 30 0, 50 0, 70 0, 100 0)"),
    "already on the edge": (SQUARE_WKT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))", 0.5, SQUARE_WKT),
}  # fmt: skip


def align_outline(shape, references, reach_m: float):
    """Return a shape with its outline aligned with reference edges within ``reach_m``."""
    return replace_stretches(shape, find_aligned_stretches(shape, ReferenceEdges(references), reach_m))


@pytest.mark.parametrize("name", CASES)
def test_aligned_outline_takes_over_the_reference_edges_along_it(name: str) -> None:
    shape, reference, reach_m, expected = CASES[name]
    aligned = align_outline(wkt.loads(shape), [wkt.loads(reference)], reach_m)
    assert aligned.is_valid
    assert shapely.normalize(aligned).wkt == shapely.normalize(wkt.loads(expected)).wkt


def make_star_polygon(seed: int, corners: int = 14, radius: float = 60.0) -> shapely.Polygon:
    """Return a star-shaped polygon with edges of several metres."""
    rng = np.random.default_rng(seed)
    angles = np.sort((np.arange(corners) + rng.uniform(0.1, 0.9, corners)) * 2 * np.pi / corners)
    radii = radius * rng.uniform(0.6, 1.0, corners)
    return shapely.Polygon(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))


def move_vertices_at_random(shape, seed: int, most_m: float):
    """Return a shape whose vertices are moved by at most ``most_m``, and with one more vertex on each edge."""
    rng = np.random.default_rng(seed + 1)
    xy = shapely.get_coordinates(shapely.segmentize(shape, 9.0))[:-1]
    angles, lengths = rng.uniform(0, 2 * np.pi, len(xy)), rng.uniform(0, most_m, len(xy))
    return shapely.Polygon(xy + np.column_stack([np.cos(angles), np.sin(angles)]) * lengths[:, None])


@pytest.mark.parametrize("seed", first_daily(range(60), 6))
def test_outline_with_shifted_vertices_is_aligned_back_to_its_reference(seed: int) -> None:
    reference = make_star_polygon(seed)
    shaken = move_vertices_at_random(reference, seed, 0.25)
    edges = ReferenceEdges([reference])
    aligned = replace_stretches(shaken, find_aligned_stretches(shaken, edges, 0.5))
    assert aligned.is_valid
    assert shapely.symmetric_difference(aligned, reference).area < 1e-6
    assert shapely.equals_exact(replace_stretches(aligned, find_aligned_stretches(aligned, edges, 0.5)), aligned)


@pytest.mark.parametrize("seed", first_daily(range(60), 6))
def test_aligned_outline_moves_at_most_one_and_a_half_times_the_search_distance(seed: int) -> None:
    """Against a reference that only partly runs along it, other edges stay."""
    reference, shape = make_star_polygon(seed), move_vertices_at_random(make_star_polygon(seed), seed, 2.0)
    reach_m = 0.8
    stretches = find_aligned_stretches(shape, ReferenceEdges([reference]), reach_m)
    aligned = replace_stretches(shape, stretches)
    assert shapely.hausdorff_distance(aligned.boundary, shape.boundary, densify=0.02) <= 1.5 * reach_m + 1e-9
    moved = {vertex for one in stretches for vertex in one.moved}
    stay = [xy for xy in map(tuple, shapely.get_coordinates(shape)) if xy not in moved]
    assert set(stay) <= set(map(tuple, shapely.get_coordinates(aligned)))


@pytest.mark.parametrize("seed", first_daily(range(60), 6))
def test_neighbours_aligned_with_an_outline_leave_neither_gap_nor_overlap(seed: int) -> None:
    reference = make_star_polygon(seed)
    shaken = move_vertices_at_random(reference, seed, 0.25)
    frame = shapely.box(-90, -90, 90, 90)
    halves = [shapely.box(-90, -90, 0, 90), shapely.box(0, -90, 90, 90)]
    outside = [part for half in halves for part in shapely.get_parts(half.difference(shaken))]
    shape = add_vertices_of(shaken, outside, 0.01)
    outside = [add_vertices_of(one, [shape, *(o for o in outside if o is not one)], 0.01) for one in outside]
    stretches = find_aligned_stretches(shape, ReferenceEdges([reference]), 0.5)
    rows = [replace_stretches(one, stretches) for one in (shape, *outside)]
    assert all(one.is_valid for one in rows)
    assert sum(one.area for one in rows) == pytest.approx(frame.area, abs=1e-6)
    assert shapely.union_all(rows).area == pytest.approx(frame.area, abs=1e-6)
    assert shapely.symmetric_difference(rows[0], reference).area < 1e-6


def test_vertex_of_another_shape_near_an_edge_is_added_to_the_edge() -> None:
    square = wkt.loads(SQUARE_WKT)
    other = wkt.loads("POLYGON ((100 0, 100.004 40, 100 100, 150 50, 100 0))")
    assert shapely.get_coordinates(add_vertices_of(square, [other], 0.01))[2].tolist() == [100.004, 40.0]
    assert add_vertices_of(square, [other], 0.001) is square
