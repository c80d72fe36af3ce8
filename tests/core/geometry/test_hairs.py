# SPDX-License-Identifier: GPL-2.0-or-later
"""Places without width (hairs) between edges that differ by the rounding of a conversion."""

from dataclasses import replace

import numpy as np
import pyproj
import pytest
import shapely

from plugin.core.check import RunOptions, check_plan
from plugin.core.geometry.coverage import find_vertices_missing_on_edges
from plugin.core.geometry.overlay import find_shared_pieces, find_uncovered_pieces
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.io import read_source
from plugin.paths import RESOURCES_FOLDER

HAIR_M = 1e-8
TOLERANCE = Tolerance()


def make_polygons(*rings):
    return Polygons(np.array([shapely.Polygon(ring) for ring in rings], dtype=object))


def test_width_of_a_gap_does_not_depend_on_hairs_along_its_edge():
    county = make_polygons([(0, 0), (1000, 0), (1000, 100), (0, 100)])
    cover = make_polygons(
        [(0, HAIR_M), (10, HAIR_M), (10, 100), (0, 100)], [(20, 100), (20, HAIR_M), (1000, HAIR_M), (1000, 100)]
    )
    gap = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gap.area == pytest.approx([1000.0], abs=1e-4)
    assert gap.width == pytest.approx([2 * 1000 / (2 * (10 + 100))], rel=1e-4)


def test_hair_connects_no_pieces():
    county = make_polygons([(0, 0), (1000, 0), (1000, 100), (0, 100)])
    cover = make_polygons(
        [(0, 100), (0, 50), (100, 50), (100, HAIR_M), (900, HAIR_M), (900, 50), (1000, 50), (1000, 100)]
    )
    gaps = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gaps.area == pytest.approx([5000.0, 5000.0], abs=1e-4)
    assert gaps.width == pytest.approx([2 * 5000 / 300] * 2, rel=1e-4)
    # The land of the hair is in one of the two.
    assert gaps.area.sum() == pytest.approx(10_000 + 800 * HAIR_M, abs=1e-9)
    assert shapely.area(gaps.geometry) == pytest.approx(gaps.area, abs=1e-9)
    assert gaps.geometry[0].intersection(gaps.geometry[1]).area == 0


def test_hair_between_corners_that_touch_connects_no_pieces():
    county = make_polygons([(0, 0), (200, 0), (200, 200), (0, 200)])
    cover = make_polygons(
        [(0, 0), (100, 0), (100 - HAIR_M, 100 - HAIR_M), (0, 100)],
        [(100 + HAIR_M, 100 + HAIR_M), (200, 100), (200, 200), (100, 200)],
    )
    gaps = find_uncovered_pieces(county, cover, tolerance=TOLERANCE)
    assert gaps.area == pytest.approx([10_000.0, 10_000.0], abs=1e-3)


def test_pieces_without_hairs_are_unchanged_and_slivers_stay_slivers():
    square, neighbour = [(0, 0), (50, 0), (50, 50), (0, 50)], [(49, 10), (90, 10), (90, 20), (49, 20)]
    (piece,) = find_shared_pieces(make_polygons(square), make_polygons(neighbour), tolerance=TOLERANCE).geometry
    assert piece.equals(shapely.box(49, 10, 50, 20))
    strip = find_shared_pieces(
        make_polygons(square),
        make_polygons([(50 - HAIR_M, 0), (90, 0), (90, 50), (50 - HAIR_M, 50)]),
        tolerance=TOLERANCE,
    )
    assert len(strip) == 0 and len(strip.slivers.polygons) == 1


@pytest.mark.parametrize(("off_m", "count"), [(0.0, 0), (HAIR_M, 0), (0.00009, 0), (0.0002, 2), (0.005, 2)])
def test_vertices_within_the_cluster_tolerance_are_one(off_m, count):
    west = [(0, 0), (50, 0), (50, 40), (50, 100), (0, 100)]
    east = [(50, 0), (100, 0), (100, 100), (50, 100), (50 + off_m, 40)]
    assert len(find_vertices_missing_on_edges(make_polygons(west, east), tolerance=TOLERANCE)) == count


def describe_findings(sources, options):
    return sorted(
        (f.code, f.case, f.role, f.key, f.related_role, tuple(f.related_keys), str(f.params.get("count")),
         round(f.area_m2 or 0.0, 1), round(f.width_m or 0.0, 3))
        for f in check_plan(sources, options).report.findings
        if f.code in options.rules
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("zone", [4490, 4525], ids=["degrees", "zone 37"])
def test_conversion_of_some_rows_and_back_changes_no_topology_finding(zone):
    codes = ("TOP001", "TOP002", "TOP003", "TOP004", "TOP005", "TOP006", "TOP008", "LAW010", "REL004", "REL010")
    options, chance = RunOptions(profile="hunyuan", rules=codes), np.random.default_rng(3)
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    land = next(source for source in sources if source.name == "XZQXZ").frame.geometry.iloc[6].buffer(-1)
    sources = [replace(one, frame=one.frame[one.frame.geometry.intersects(land)].copy()) for one in sources]
    there, back = (pyproj.Transformer.from_crs(*pair, always_xy=True) for pair in ((4526, zone), (zone, 4526)))
    converted = []
    for source in sources:
        frame, is_converted = source.frame.copy(), chance.random(len(source.frame)) < 0.5
        shapes = frame.geometry.to_numpy().copy()
        shapes[is_converted] = shapely.transform(
            shapes[is_converted], lambda xy: np.column_stack(back.transform(*there.transform(*xy.T)))
        )
        frame[frame.geometry.name] = shapes
        converted.append(replace(source, frame=frame))
    expected = describe_findings(sources, options)
    assert len(expected) > 20
    assert describe_findings(converted, options) == expected
