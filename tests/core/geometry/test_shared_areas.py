# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas shared for figures, compared with plain intersections of shapely, measured with a vertex every 2 m."""

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.geometry import shared_areas
from plugin.core.geometry.crs import make_lonlat_transformer
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.shared_areas import find_shared_areas
from plugin.core.geometry.statutory_area import EqualAreaPlane, measure_statutory_area
from plugin.core.geometry.tolerance import Tolerance
from tests.parametrize import first_daily

TOLERANCE = Tolerance(min_area_m2=0.0, min_width_m=0.0)
TO_LONLAT = make_lonlat_transformer(CRS.from_epsg(4526))
CORNER = np.array([38_484_000.3, 4_390_000.7])


def draw_layer(count, seed, size=2000.0):
    """Return ``count`` cells that tile a square of ``size`` m, some with a hole, some missing."""
    random = np.random.default_rng(seed)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(random.random((count, 2)) * size)))
    cells = shapely.intersection(cells, shapely.box(0, 0, size, size))
    holes = shapely.buffer(shapely.point_on_surface(cells), 3.0)
    cells = np.where(random.random(count) < 0.2, shapely.difference(cells, holes), cells)
    cells = shapely.transform(cells, lambda xy: xy + CORNER)
    cells[random.random(count) < 0.05] = None
    return cells


def assert_areas_are_those_of_shapely(left, right, left_rows=None, right_rows=None):
    """Compare shared areas, all or of the rows in the masks, with intersections by shapely."""
    shared = find_shared_areas(
        Polygons(left),
        Polygons(right),
        tolerance=TOLERANCE,
        plane=EqualAreaPlane(TO_LONLAT),
        left_rows=left_rows,
        right_rows=right_rows,
    )
    parts = shapely.intersection(left[:, None], right[None, :])
    expected = np.nan_to_num(shapely.area(parts))
    if left_rows is not None:
        expected *= left_rows[:, None]
    if right_rows is not None:
        expected *= right_rows[None, :]
    assert (np.diff(shared.left * len(right) + shared.right) > 0).all()
    areas = np.zeros(expected.shape)
    areas[shared.left, shared.right] = shared.area
    assert np.abs(areas - expected).max() < 1e-5
    cut = ~np.isnan(shared.drawn_area)
    of_parts = measure_statutory_area(shapely.segmentize(parts[shared.left, shared.right][cut], 2), TO_LONLAT)
    assert np.abs(shared.drawn_area[cut] - of_parts).max(initial=0) < 0.01
    row_areas = np.minimum(shapely.area(left[shared.left]), shapely.area(right[shared.right]))
    assert np.abs(shared.area[~cut] - row_areas[~cut]).max(initial=0) < 1e-5
    return shared


@pytest.mark.parametrize("seed", first_daily(range(12), 4))
@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_shared_areas_of_layers_with_different_edges_equal_those_of_shapely(monkeypatch, seed, overlays_few):
    monkeypatch.setattr(shared_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    assert_areas_are_those_of_shapely(draw_layer(30 + 10 * seed, seed), draw_layer(60, 100 + seed))


@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_rows_completely_inside_other_rows_are_found_by_their_boundary(monkeypatch, overlays_few):
    monkeypatch.setattr(shared_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    fine = draw_layer(200, 1)
    present = fine[~shapely.is_missing(fine)]
    coarse = np.array([shapely.union_all(present[n::4]) for n in range(4)], dtype=object)
    shared = assert_areas_are_those_of_shapely(fine, coarse)
    assert np.isnan(shared.drawn_area).mean() > 0.9
    assert_areas_are_those_of_shapely(coarse, fine)


@pytest.mark.parametrize("overlays_few", [True, False], ids=["overlaid", "summed"])
def test_only_selected_rows_get_shared_areas(monkeypatch, overlays_few):
    monkeypatch.setattr(shared_areas, "VERTICES_PER_OVERLAY", 0 if overlays_few else 10**9)
    left, right = draw_layer(80, 3), draw_layer(50, 4)
    assert_areas_are_those_of_shapely(left, right, np.arange(80) % 3 == 0, np.arange(50) % 2 == 0)
    assert_areas_are_those_of_shapely(right, left, np.arange(50) % 2 == 0, None)


@pytest.mark.parametrize("seed", first_daily(range(8), 3))
def test_few_rows_of_a_layer_with_known_overlap_candidates_get_the_areas_of_shapely(monkeypatch, seed):
    monkeypatch.setattr(shared_areas, "VERTICES_PER_OVERLAY", 0)
    left, right = draw_layer(60, seed), np.concatenate([draw_layer(40, seed + 20), draw_layer(9, seed + 40)])
    overlaps = np.array(
        [len(np.flatnonzero(shapely.area(shapely.intersection(right, one)) > 1e-6)) > 1 for one in right]
    )
    layer = Polygons(right)
    assert layer.find_overlap_candidates()[overlaps].all()
    rows = np.random.default_rng(seed).random(len(right)) < 0.1
    selected = layer.select_rows(np.flatnonzero(rows))
    assert (selected.overlap_candidates == layer.overlap_candidates[rows]).all()
    options = {"tolerance": TOLERANCE, "plane": EqualAreaPlane(TO_LONLAT), "right_rows": rows}
    shared = find_shared_areas(Polygons(left), layer, **options)
    expected = np.nan_to_num(shapely.area(shapely.intersection(left[:, None], right[None, :]))) * rows
    areas = np.zeros(expected.shape)
    areas[shared.left, shared.right] = shared.area
    assert np.abs(areas - expected).max() < 1e-5


def test_layers_too_distant_for_exact_orientation_tests_are_computed_by_an_overlay(monkeypatch):
    monkeypatch.setattr(shared_areas, "VERTICES_PER_OVERLAY", 10**9)
    left, right = draw_layer(30, 5), draw_layer(30, 6)
    far = shapely.transform(right[-3:], lambda xy: xy + 5_000_000)
    assert_areas_are_those_of_shapely(left, np.append(right, far))
