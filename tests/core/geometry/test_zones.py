# SPDX-License-Identifier: GPL-2.0-or-later
"""3° zones of counties: the suitable zone and the distortion at its edge."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from plugin.core.base.errors import InputError
from plugin.core.geometry.crs_zones import (
    choose_zone,
    compute_area_distortion,
    compute_zone_edges,
    list_zones,
    measure_areas_by_zone,
)
from plugin.core.standard import load_standard
from plugin.core.standard.divisions import find_extent, make_unlisted_county, parse_county
from plugin.core.standard.messages.texts import Texts

CODE_LISTS = load_standard().code_lists
DIVISIONS = CODE_LISTS["divisions"]
BOUNDARY_DATA_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "real" / "shanxi_boundary"


@pytest.mark.parametrize(
    ("west", "east", "zones"),
    [
        (113.4, 114.0, [38]),
        (112.2, 112.7, [37, 38]),
        (112.5, 112.7, [38]),
        (112.2, 112.5, [37]),
        (112.5, 112.5, [38]),
        (110.2, 114.6, [37, 38]),
        (10.0, 11.0, []),
    ],
)
def test_list_zones_returns_the_3_degree_zones_of_a_range_of_longitudes(west, east, zones):
    assert list_zones(west, east) == zones


def test_county_inside_one_crs_zone_gets_that_crs_zone_and_its_margin_to_the_edge_in_degrees():
    plan = choose_zone(113.4, 114.0, 39.6)
    assert plan.recommended_zone == 38 and not plan.crosses_zones
    assert plan.degrees_to_zone_edge == pytest.approx(0.9) and compute_zone_edges(38) == (112.5, 115.5)


def test_county_on_a_crs_zone_edge_gets_the_zone_of_its_larger_part():
    plan = choose_zone(112.2, 112.7, 37.4)
    assert tuple(plan.shares_by_zone) == (37, 38) and plan.crosses_zones and plan.degrees_to_zone_edge == 0
    assert plan.recommended_zone == 37 and plan.shares_by_zone[37] == pytest.approx(0.6)
    # Its shape may give another zone than its longitudes.
    assert choose_zone(112.2, 112.7, 37.4, {37: 1e8, 38: 3e8}).recommended_zone == 38
    assert choose_zone(112.7, 112.2) is None and choose_zone(10, 11) is None


@pytest.mark.parametrize("latitude", [18.0, 34.6, 37.5, 40.7, 53.0])
def test_area_distortion_at_the_crs_zone_edge_equals_that_of_a_measured_square_of_100_m(latitude):
    """Compare the measured area of a 100 m square with the formula for distortion."""
    found = compute_area_distortion(37, 112.5, latitude)
    step = 50 / 6_378_137.0
    half_lon, half_lat = math.degrees(step / math.cos(math.radians(latitude))), math.degrees(step)
    ring = shapely.box(112.5 - half_lon, latitude - half_lat, 112.5 + half_lon, latitude + half_lat)
    to_plane = Transformer.from_crs(CRS.from_epsg(4490), CRS.from_epsg(4525), always_xy=True)
    plane = shapely.transform(ring, lambda c: np.column_stack(to_plane.transform(c[:, 0], c[:, 1])))
    from plugin.core.geometry.statutory_area import measure_statutory_area

    on_ellipsoid = float(measure_statutory_area(np.array([ring]))[0])
    assert found == pytest.approx(plane.area / on_ellipsoid - 1, abs=2e-6)
    assert found == pytest.approx((math.radians(1.5) * math.cos(math.radians(latitude))) ** 2, rel=0.02)


def test_areas_by_crs_zone_split_a_polygon_at_the_zone_edge():
    parts = measure_areas_by_zone(np.array([shapely.box(112.2, 37.2, 112.7, 37.5)]))
    whole = measure_areas_by_zone(np.array([shapely.box(112.6, 37.2, 112.7, 37.5)]))
    assert set(parts) == {37, 38} and parts[37] / parts[38] == pytest.approx(1.5, rel=1e-6)
    assert whole[38] == pytest.approx(parts[38] / 2, rel=1e-6)
    assert measure_areas_by_zone(np.array([shapely.Polygon()])) == {}


def test_listed_longitudes_of_a_division_are_within_those_of_its_parent():
    extents = {c: find_extent(c, DIVISIONS) for c in DIVISIONS.entry_by_code}
    for code, row in DIVISIONS.entry_by_code.items():
        reach = extents[code]
        if reach is None:
            # Longitudes are known in Shanxi only; the others are asked for.
            assert not code.startswith("14"), code
            continue
        assert reach is not None and reach.west < reach.east and reach.south < reach.north, code
        if row.parent and reach.division.code == code:
            above = extents[row.parent]
            # Simplified outlines of two maps: a hundredth of a degree.
            assert above.west - 0.02 <= reach.west and reach.east <= above.east + 0.02, code
    assert extents["140225"].division.code == "140225" and extents["140213"].division.name == "大同市"


@pytest.mark.skipif(not BOUNDARY_DATA_FOLDER.exists(), reason="the full data sets are not next to this checkout")
def test_listed_longitudes_of_divisions_equal_those_of_a_boundary_map_within_0_05_degrees():
    """Compare with two boundary maps; they differ by some hundredths of a degree."""
    for feature in json.loads((BOUNDARY_DATA_FOLDER / "shanxi_prefectures.json").read_text(encoding="utf-8"))[
        "features"
    ]:
        west, _, east, _ = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
        reach = find_extent(str(feature["properties"]["adcode"]), DIVISIONS)
        assert reach.west == pytest.approx(west, abs=0.05) and reach.east == pytest.approx(east, abs=0.05)


def test_county_missing_in_the_list_is_created_from_its_code_and_name():
    county = make_unlisted_county(" 133199 ", "新设县", CODE_LISTS)
    assert (county.code, county.name, county.mark) == ("133199", "新设县", "C")
    assert make_unlisted_county("140225", "", CODE_LISTS).name == "浑源县"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("140225 浑源县", "140225"),
        ("祁县", "140727"),
        ("610724 西乡县", "610724"),
        ("140225", "140225"),
        ("330902", "330902"),
        ("舟山市定海区", "330902"),
        ("441900", "441900"),
        ("140726", "140726"),
        ("140726 太谷县", "140726"),
        ("419001 河南省济源市", "419001"),
    ],
)
def test_parse_county_reads_the_county_code_from_text(text, code):
    assert parse_county(text, CODE_LISTS).code == code


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("61072", "西乡县", "6 位数字"),
        ("610700", "汉中市", "6 位数字"),
        ("610000", "陕西省", "6 位数字"),
        ("六一零七二四", "西乡县", "6 位数字"),
        ("990724", "某县", "前两位 99"),
        ("140726", "太谷区", "太谷县"),
        ("610742", "西乡县", "610724 西乡县"),
        ("140252", "浑源县", "140225 浑源县"),
        ("133199", " ", "县名"),
        ("140225", "祁县", "浑源县"),
    ],
)
def test_parse_county_refuses_an_invalid_code(code, name, expected):
    with pytest.raises(InputError) as caught:
        make_unlisted_county(code, name, CODE_LISTS)
    assert expected in Texts("zh").explain_error(caught.value)
