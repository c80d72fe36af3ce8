# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of rows that rules share, inner points, and holes without vertices."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.geometry import validity
from plugin.core.geometry.polygon_rings import find_inner_points
from plugin.core.geometry.validity import drop_empty_holes
from plugin.core.plan.layer import Layer
from tests.core.small_plan import check_data, make_small_plan_layers, write_gpkg

coordinates = st.tuples(st.integers(0, 40), st.integers(0, 40))
rings = st.lists(coordinates, min_size=3, max_size=7)
#: Slivers between 0.02 mm and 20 m wide.
slivers = st.builds(lambda width, length: [(0, 0), (length, 0), (length, width)], st.floats(2e-5, 20), st.floats(1, 90))


def make_layer(outlines: list[list[tuple[float, float]]], crs: int = 4526) -> Layer:
    """Return a layer of survey parcels with these outlines, a row without a shape and an empty one."""
    rows = [{"wkt": shapely.Polygon(ring).wkt, "crs": crs} for ring in outlines]
    return make_example_plan({"DLTB": [*rows, {"wkt": None}, {"wkt": "POLYGON EMPTY"}]}).layers["DLTB"]


@given(st.lists(st.one_of(rings, slivers), max_size=8), st.sampled_from([1e-4, 1e-3, 1.0]))
def test_flat_rows_are_those_that_the_measured_outlines_show(outlines, width_m):
    layer = make_layer(outlines)
    expected = validity.find_flat_polygons(layer.unrepaired_shapes, width_m)
    assert layer.find_flat_rows(width_m).tolist() == expected.tolist()


@given(st.lists(st.sampled_from([None, "1", "2", "3", "4"]), min_size=1, max_size=8))
def test_repeated_keys_are_the_rows_with_a_missing_or_repeated_key(keys):
    rows = [{"wkt": "POLYGON ((0 0, 9 0, 9 9, 0 0))", "key": key} for key in keys]
    layer = make_example_plan({"DLTB": rows}).layers["DLTB"]
    counts = Counter(keys)
    assert layer.repeated_keys == {n for n, key in enumerate(keys) if key is None or counts[key] > 1}


def test_holes_without_vertices_are_dropped_and_nothing_else():
    wkts = [
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY)",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY, (1 1, 2 1, 2 2, 1 1), EMPTY)",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY), ((20 0, 29 0, 29 9, 20 0), (25 1, 26 1, 26 2, 25 1)))",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), EMPTY), EMPTY)",
        "POLYGON Z ((0 0 5, 9 0 5, 9 9 5, 0 9 5, 0 0 5), EMPTY)",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "POINT (1 1)",
        "LINESTRING (0 0, 1 1)",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1))",
    ]
    shapes = np.array([*shapely.from_wkt(wkts), None], dtype=object)
    expected = [wkt.replace(", EMPTY)", ")").replace(", EMPTY", "") for wkt in wkts]
    expected[3] = wkts[3].replace("), EMPTY), EMPTY", ")), EMPTY")
    before = shapely.to_wkt(shapes)
    assert shapely.to_wkt(drop_empty_holes(shapes)).tolist() == [*shapely.to_wkt(shapely.from_wkt(expected)), None]
    assert (shapely.to_wkt(shapes) == before).all()
    assert drop_empty_holes(shapes[5:]).tolist() == shapes[5:].tolist()


def test_a_plan_with_holes_without_vertices_has_the_findings_of_one_without_holes(tmp_path):
    """An inward buffer of such a shape, as GEO008 makes it, would end the process."""
    found = []
    for name, hole in (("a", ""), ("b", ", EMPTY")):
        tables = make_small_plan_layers()
        for table in tables.values():
            wkts = shapely.to_wkt(table.geometry.to_numpy(), rounding_precision=-1)
            with_hole = [wkt[:-1] + hole + ")" if wkt and wkt.startswith("POLYGON ((") else wkt for wkt in wkts]
            table.geometry = shapely.from_wkt(with_hole)
        report = check_data(write_gpkg(tmp_path / f"{name}.gpkg", tables), ("all",)).report
        found.append([(one.code, one.role, one.key, one.message) for one in report.findings])
    assert found[0] and found[0] == found[1]


COORDINATES = st.integers(0, 1600).map(lambda n: n / 16)
BOXES = st.tuples(COORDINATES, COORDINATES, st.integers(1, 60), st.integers(1, 60))


def find_inner_point(shape):
    (point,) = find_inner_points(np.array([shape], dtype=object))
    return point


@given(st.lists(BOXES, min_size=1, max_size=4), st.lists(BOXES, max_size=3), st.integers(1, 7))
def test_point_is_inside_and_ignores_vertices_on_edges_direction_and_start(solid, holes, steps):
    land, holes = (shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in b]) for b in (solid, holes))
    land = land.difference(holes)
    if land.is_empty:
        return
    point = find_inner_point(land)
    assert land.contains_properly(point)
    denser = shapely.reverse(shapely.segmentize(land.normalize(), steps))
    assert find_inner_point(denser).distance(point) < 1e-6


def test_lines_and_missing_shapes_have_the_points_of_shapely():
    line, flat = shapely.LineString([(0, 0), (4, 0)]), shapely.Polygon([(0, 0), (9, 0), (3, 0)])
    points = find_inner_points(np.array([line, None, shapely.Polygon(), flat], dtype=object))
    assert points[0] == shapely.point_on_surface(line) and points[1] is None
    assert points[2].is_empty and flat.covers(points[3])


@pytest.mark.parametrize("vertex_y", [None, 0.5, 3.0, 7.9])
def test_a_vertex_on_an_edge_does_not_move_the_point_to_another_half(vertex_y):
    left = [] if vertex_y is None else [(0, vertex_y)]
    land = shapely.Polygon([(0, 0), (10, 0), (10, 8), (6, 8), (6, 4), (4, 4), (4, 8), (0, 8), *left])
    assert find_inner_point(land).coords[0] == pytest.approx((5, 8 * 0.4871))
