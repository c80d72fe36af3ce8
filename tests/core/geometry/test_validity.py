# SPDX-License-Identifier: GPL-2.0-or-later
"""Validity of many geometries, decided in part without GEOS."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry import validity
from plugin.core.geometry.validity import drop_empty_holes, mask_star_shaped, mask_valid
from tests.core.small_plan import check_data, make_small_plan_layers, write_gpkg

#: Where the small coordinates lie: the origin, and a county in a zone with prefix.
OFFSETS = st.sampled_from([(0.0, 0.0), (38_500_000.1, 4_300_000.7)])


@st.composite
def rings(draw):
    """Draw the vertices of a closed ring on a small grid: often crossing or touching itself, or star-shaped."""
    offset = np.array(draw(OFFSETS))
    grid = st.integers(0, 4)
    points = draw(st.lists(st.tuples(grid, grid), min_size=3, max_size=9))
    xy = np.array(points, dtype=float)
    if draw(st.booleans()):
        # By direction from the middle, once or twice around.
        step = draw(st.integers(1, 2))
        dx, dy = (xy - xy.mean(axis=0)).T
        xy = xy[np.argsort(np.arctan2(dy, dx), kind="stable")[np.arange(len(xy)) * step % len(xy)]]
    # A turn within rounding errors, or no number; not at the first vertex, with which shapely would close a ring.
    xy[1] += draw(st.sampled_from([0.0, 2.0**-50, 1e-160, np.nan, np.inf]))
    xy = np.concatenate([xy, xy[:1]])[:: draw(st.sampled_from([1, -1]))]
    return xy * draw(st.sampled_from([1.0, 0.1, 1e-170])) + offset


@st.composite
def geometries(draw):
    """Draw a polygon with up to two rings, a multipolygon, a line, a point, an empty geometry, or None."""
    first, second = draw(rings()), draw(rings())
    makers = [
        lambda: shapely.Polygon(first),
        lambda: shapely.Polygon(first),
        lambda: shapely.MultiPolygon([shapely.Polygon(first)]),
        lambda: shapely.Polygon(first, [second]),
        # The second ring begins where the first one does.
        lambda: shapely.Polygon(first, [np.roll(first, 1, axis=0)[[1, 2, 3, 1]]]),
        lambda: shapely.MultiPolygon([shapely.Polygon(first), shapely.Polygon(second)]),
        lambda: shapely.MultiPolygon([shapely.Polygon(first), shapely.Polygon(first)]),
        lambda: shapely.LineString(first),
        lambda: shapely.Point(first[0]),
        shapely.Polygon,
        lambda: None,
    ]
    return draw(st.sampled_from(makers))()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@given(st.lists(geometries(), max_size=12), st.sampled_from([-1.0, 0.5, 1.0]))
def test_validity_is_that_of_geos_for_any_share_of_star_shaped_polygons(shapes, least_share):
    array = np.array([*shapes, None], dtype=object)[:-1]
    expected = shapely.is_valid(array)
    assert not (mask_star_shaped(array) & ~expected).any()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validity, "_MIN_STAR_SHAPED_SHARE", least_share)
        assert (mask_valid(array) == expected).all()


def test_convex_polygons_are_star_shaped_in_either_direction_and_as_multipolygons():
    square = shapely.box(38_500_000, 4_300_000, 38_500_001, 4_300_001)
    shapes = [square, square.reverse(), shapely.MultiPolygon([square])]
    assert mask_star_shaped(np.array(shapes, dtype=object)).all()


def test_polygons_with_a_hole_or_seen_only_in_part_are_left_to_geos():
    corner = shapely.Polygon([(0, 0), (9, 0), (9, 1), (1, 1), (1, 9), (0, 9)])
    holed = shapely.box(0, 0, 9, 9) - shapely.box(4, 4, 5, 5)
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert not mask_star_shaped(np.array([corner, holed, bow_tie], dtype=object)).any()


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
