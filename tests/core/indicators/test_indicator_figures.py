# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicator values, compared with independent computations."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from plugin.core.engine.context import RuleContext
from plugin.core.examples.plans import ORIGIN, make_example_layer, make_example_norm
from plugin.core.indicators.compute import PlanIndicators
from plugin.core.indicators.townships import get_plan_townships, split_by_township
from plugin.core.loading.assembly import assemble_plan
from plugin.core.messages.texts import Texts

CGCS2000_ELLIPSOID = Geod(a=6378137.0, rf=298.257222101)


def make_rectangle_wkt(x, y, w=1000.0, h=1000.0):
    return f"POLYGON (({x} {y}, {x + w} {y}, {x + w} {y + h}, {x} {y + h}, {x} {y}))"


def measure_geodesic_area(wkt, epsg=4526):
    """Return the area (m²) of WKT inside geodesics of about a metre, by pyproj."""
    shape = shapely.segmentize(shapely.transform(shapely.from_wkt(wkt), lambda c: c + ORIGIN), 20.0)
    lonlat = Transformer.from_crs(epsg, 4490, always_xy=True).transform(*shapely.get_coordinates(shape.exterior).T)
    return abs(CGCS2000_ELLIPSOID.polygon_area_perimeter(*lonlat)[0])


def compute_figures(layers, **settings):
    norm = make_example_norm(settings)
    plan = assemble_plan([make_example_layer(role, rows, norm) for role, rows in layers.items()], norm)
    return PlanIndicators(RuleContext(plan, norm, norm.make_tolerance()), Texts("zh"))


def make_parcel_row(x, y, code, urban=None, w=1000.0, h=1000.0):
    area = w * h
    return {
        "wkt": make_rectangle_wkt(x, y, w, h),
        "land_use": code,
        "urban_code": urban,
        "gross_area": area,
        "net_area": area * 0.9,
    }


PARCEL_ROWS = [
    make_parcel_row(0, 0, "010100"),
    make_parcel_row(1000, 0, "040100"),
    make_parcel_row(2000, 0, "070100", "201"),
    make_parcel_row(3000, 0, "100200", "204"),
    make_parcel_row(0, 1000, "030100"),
    make_parcel_row(1000, 1000, "070300", "203"),
]
COUNTY_LAYER = {"XZQX": [{"wkt": make_rectangle_wkt(0, 0, 4000, 2000), "division_code": "140225"}]}


def test_land_use_areas_are_summed_by_class_and_urban_code():
    found = compute_figures({"XZYDYH": PARCEL_ROWS, **COUNTY_LAYER})
    for name, count in (
        ("grassland_area", 1),
        ("forest_land_area", 1),
        ("construction_land_area", 3),
        ("urban_rural_land_area", 2),
    ):
        (figure,) = found.compute_indicator(name).figures
        assert figure.value == pytest.approx(0.9 * count) and (figure.unit, figure.basis) == ("km2", "net"), name
        assert figure.inputs["features"] == count and figure.inputs["layer"] == "XZYDYH"
    share = found.get_first_figure("development_intensity")
    assert share.value == pytest.approx(
        100 * 2.7e6 / measure_geodesic_area(make_rectangle_wkt(0, 0, 4000, 2000)), rel=1e-6
    )


def test_parcels_of_the_land_survey_are_summed_by_the_classes_of_2023():
    """Check classes that moved: 沼泽草地 is wetland, 农村道路 not construction land."""
    rows = [
        {**make_parcel_row(1000 * n, 0, code), "data_year": 2020}
        for n, code in enumerate(("0402", "0404", "1202", "1006", "0602", "0201K"))
    ]
    found = compute_figures({"DLTB": rows, **COUNTY_LAYER})
    assert found.get_first_figure("grassland_area").value == pytest.approx(0.9)
    assert found.get_first_figure("construction_land_area").value == pytest.approx(0.9)


def test_urban_and_rural_land_inside_the_red_line_is_summed_by_its_statutory_area():
    red = [make_rectangle_wkt(2500, 0), make_rectangle_wkt(2500, 0, 200, 200)]
    found = compute_figures({"XZYDYH": PARCEL_ROWS, "STBHHX": red})
    figure = found.get_first_figure("urban_rural_land_in_red_line_area")
    assert figure.value * 1e6 == pytest.approx(
        measure_geodesic_area(make_rectangle_wkt(2500, 0, 500, 1000)),
        abs=measure_geodesic_area(make_rectangle_wkt(2500, 0, 200, 200)) + 1,
    )
    assert figure.basis == "statutory" and figure.inputs["within"] == "STBHHX"


def test_parcel_under_two_overlapping_control_lines_counts_once():
    found = compute_figures(
        {"XZYDYH": PARCEL_ROWS, "STBHHX": [make_rectangle_wkt(2000, 0), make_rectangle_wkt(2000, 0)]}
    )
    figure = found.get_first_figure("urban_rural_land_in_red_line_area")
    assert figure.value * 1e6 == pytest.approx(measure_geodesic_area(make_rectangle_wkt(2000, 0)), rel=1e-7)


def test_indicator_without_its_layer_lists_the_required_inputs():
    found = compute_figures({"XZYDYH": PARCEL_ROWS})
    assert found.compute_indicator("urban_land_per_person").missing_reason == "无法由图层计算：需要常住人口数据。"
    assert "STBHHX" in found.compute_indicator("urban_rural_land_in_red_line_area").missing_reason
    assert "XZQX" in found.compute_indicator("development_intensity").missing_reason
    assert "ZRBHD" in found.compute_indicator("reserves_area").missing_reason
    assert "CZKFBJ" in found.compute_indicator("expansion_ratio_n1").missing_reason
    for one in found.compute_all_indicators():
        assert bool(one.figures) != bool(one.missing_reason), one.definition.id


def test_road_density_is_road_length_divided_by_area():
    line = {"wkt": "LINESTRING (-500 500, 1500 500)"}
    found = compute_figures({"ZXCQDLZXX": [line], "ZXCQFW": [make_rectangle_wkt(0, 0)]})
    figure = found.get_first_figure("road_density")
    lonlat = Transformer.from_crs(4526, 4490, always_xy=True).transform(
        [38_600_000, 38_601_000], [4_380_500, 4_380_500]
    )
    length = CGCS2000_ELLIPSOID.line_length(*lonlat)
    assert figure.inputs["length_m"] == pytest.approx(length, rel=1e-7)
    assert figure.value == pytest.approx(length / measure_geodesic_area(make_rectangle_wkt(0, 0)) * 1e3, rel=1e-6)


def test_computed_indicator_with_a_target_in_the_profile_gets_its_unit_and_is_met_or_broken():
    targets = [("grassland_area", ">=", "0.85", "km2"), ("forest_land_area", ">=", "95", "ha")]
    found = compute_figures({"XZYDYH": PARCEL_ROWS}, targets=targets)
    assert found.get_first_figure("grassland_area").state == "met"
    forest = found.get_first_figure("forest_land_area")
    assert (forest.unit, forest.value, forest.state) == ("ha", pytest.approx(90.0), "broken")


TOWNSHIP_ROWS = [
    {"wkt": make_rectangle_wkt(0, 0, 1700, 2000), "division_code": "140225100", "division_name": "永安镇"},
    {"wkt": make_rectangle_wkt(1700, 0, 1500, 1000), "division_code": "140225101", "division_name": "西坊城镇"},
    {"wkt": make_rectangle_wkt(1700, 1000, 1500, 1000), "division_code": "140225101", "division_name": "西坊城镇"},
]


def test_unnamed_township_part_does_not_change_the_name_of_the_township():
    """Give a township a second part without a name, which is sorted first."""
    exclave = {**TOWNSHIP_ROWS[2], "division_name": None}
    _, townships, of = get_plan_townships(compute_figures({"XZQXZ": [TOWNSHIP_ROWS[0], exclave, TOWNSHIP_ROWS[1]]}).ctx)
    assert [t.name for t in townships] == ["永安镇", "西坊城镇"] and of.tolist() == [0, 1, 1]
    _, townships, _ = get_plan_townships(compute_figures({"XZQXZ": [exclave]}).ctx)
    assert [t.name for t in townships] == ["140225101"]


@pytest.mark.parametrize("seed", range(8))
def test_indicator_values_by_township_add_up_for_random_parcels(seed):
    """Draw random parcels and townships, some overlapping, outside or without a shape."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.uniform(0, 6000, 4)).round(3)
    townships = [
        {"wkt": make_rectangle_wkt(a, 0, b - a, 4000), "division_code": f"14022510{n}", "division_name": f"第{n}镇"}
        for n, (a, b) in enumerate(pairwise(cuts))
    ]
    rows = []
    for n in range(60):
        x, y, w, h = rng.uniform(0, 6500), rng.uniform(-500, 4000), rng.uniform(1, 900), rng.uniform(1, 900)
        one = {**make_parcel_row(x, y, "0101", w=w, h=h), "data_year": 2020}
        rows.append({**one, "wkt": None} if n % 20 == 7 else one)
    ctx = compute_figures({"DLTB": rows, "XZQXZ": townships}).ctx
    layer = ctx.plan.layers["DLTB"]
    parts = split_by_township(layer, ctx)
    for values in (layer.statutory, layer.numbers("net_area"), layer.numbers("gross_area")):
        assert parts.sum_by_township(values).sum() == pytest.approx(np.nansum(values), rel=1e-9)
    shapes = [shapely.from_wkt(t["wkt"]) for t in townships]
    for n, township in enumerate(shapes):
        expected = sum(shapely.from_wkt(r["wkt"]).intersection(township).area for r in rows if r["wkt"])
        assert parts.sum_by_township(layer.statutory)[n] == pytest.approx(expected, rel=2e-3)
