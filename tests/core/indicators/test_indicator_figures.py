# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the indicators, compared with independent computations."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from plugin.core.engine.context import Context
from plugin.core.indicators.compute import Figures
from plugin.core.indicators.townships import split_by_township, townships_of
from plugin.core.loading.assembly import assemble_plan
from plugin.core.messages.texts import Texts
from tests.core.examples import ORIGIN, norm_of, source_layer

GEOD = Geod(a=6378137.0, rf=298.257222101)


def box(x, y, w=1000.0, h=1000.0):
    return f"POLYGON (({x} {y}, {x + w} {y}, {x + w} {y + h}, {x} {y + h}, {x} {y}))"


def geodesic(wkt, epsg=4526):
    """Return the area, m², by geodesics between vertices about a metre apart (pyproj)."""
    shape = shapely.segmentize(shapely.transform(shapely.from_wkt(wkt), lambda c: c + ORIGIN), 20.0)
    lonlat = Transformer.from_crs(epsg, 4490, always_xy=True).transform(*shapely.get_coordinates(shape.exterior).T)
    return abs(GEOD.polygon_area_perimeter(*lonlat)[0])


def figures(layers, **settings):
    norm = norm_of(settings)
    plan = assemble_plan([source_layer(role, rows, norm) for role, rows in layers.items()], norm)
    return Figures(Context(plan, norm, norm.tolerance()), Texts("zh"))


def parcel(x, y, code, urban=None, w=1000.0, h=1000.0):
    area = w * h
    return {"wkt": box(x, y, w, h), "land_use": code, "urban_code": urban, "gross_area": area, "net_area": area * 0.9}


PARCELS = [
    parcel(0, 0, "010100"),
    parcel(1000, 0, "040100"),
    parcel(2000, 0, "070100", "201"),
    parcel(3000, 0, "100200", "204"),
    parcel(0, 1000, "030100"),
    parcel(1000, 1000, "070300", "203"),
]
COUNTY = {"XZQX": [{"wkt": box(0, 0, 4000, 2000), "division_code": "140225"}]}


def test_land_use_is_summed_by_class_and_urban_code():
    found = figures({"XZYDYH": PARCELS, **COUNTY})
    for name, count in (
        ("grassland_area", 1),
        ("forest_land_area", 1),
        ("construction_land_area", 3),
        ("urban_rural_land_area", 2),
    ):
        (figure,) = found.get(name).figures
        assert figure.value == pytest.approx(0.9 * count) and (figure.unit, figure.basis) == ("km2", "net"), name
        assert figure.inputs["features"] == count and figure.inputs["layer"] == "XZYDYH"
    share = found.value("development_intensity")
    assert share.value == pytest.approx(100 * 2.7e6 / geodesic(box(0, 0, 4000, 2000)), rel=1e-6)


def test_survey_is_counted_by_the_classes_of_2023():
    """沼泽草地 is wetland and 其他草地 grassland; 设施农用地 and 农村道路 are not construction land."""
    rows = [
        {**parcel(1000 * n, 0, code), "data_year": 2020}
        for n, code in enumerate(("0402", "0404", "1202", "1006", "0602", "0201K"))
    ]
    found = figures({"DLTB": rows, **COUNTY})
    assert found.value("grassland_area").value == pytest.approx(0.9)
    assert found.value("construction_land_area").value == pytest.approx(0.9)


def test_land_inside_another_layer_is_summed():
    red = [box(2500, 0), box(2500, 0, 200, 200)]
    found = figures({"XZYDYH": PARCELS, "STBHHX": red})
    figure = found.value("urban_rural_land_in_red_line_area")
    assert figure.value * 1e6 == pytest.approx(
        geodesic(box(2500, 0, 500, 1000)), abs=geodesic(box(2500, 0, 200, 200)) + 1
    )
    assert figure.basis == "statutory" and figure.inputs["within"] == "STBHHX"


def test_parcel_counts_once_where_lines_overlap():
    found = figures({"XZYDYH": PARCELS, "STBHHX": [box(2000, 0), box(2000, 0)]})
    figure = found.value("urban_rural_land_in_red_line_area")
    assert figure.value * 1e6 == pytest.approx(geodesic(box(2000, 0)), rel=1e-7)


def test_figure_without_its_layer_lists_the_required_inputs():
    found = figures({"XZYDYH": PARCELS})
    assert found.get("urban_land_per_person").reason == "无法由图层计算：需要常住人口数据。"
    assert "STBHHX" in found.get("urban_rural_land_in_red_line_area").reason
    assert "XZQX" in found.get("development_intensity").reason
    assert "ZRBHD" in found.get("reserves_area").reason
    assert "CZKFBJ" in found.get("expansion_ratio_n1").reason
    for one in found.all():
        assert bool(one.figures) != bool(one.reason), one.entry.id


def test_road_density_equals_length_by_area():
    line = {"wkt": "LINESTRING (-500 500, 1500 500)"}
    found = figures({"ZXCQDLZXX": [line], "ZXCQFW": [box(0, 0)]})
    figure = found.value("road_density")
    lonlat = Transformer.from_crs(4526, 4490, always_xy=True).transform(
        [38_600_000, 38_601_000], [4_380_500, 4_380_500]
    )
    length = GEOD.line_length(*lonlat)
    assert figure.inputs["length_m"] == pytest.approx(length, rel=1e-7)
    assert figure.value == pytest.approx(length / geodesic(box(0, 0)) * 1e3, rel=1e-6)


def test_profile_may_set_a_target_for_each_indicator():
    targets = [("grassland_area", ">=", "0.85", "km2"), ("forest_land_area", ">=", "95", "ha")]
    found = figures({"XZYDYH": PARCELS}, targets=targets)
    assert found.value("grassland_area").state == "met"
    forest = found.value("forest_land_area")
    assert (forest.unit, forest.value, forest.state) == ("ha", pytest.approx(90.0), "broken")


def test_indicators_equal_the_figures_of_the_rules():
    found = figures({"STBHHX": [box(0, 0)]}, targets=[("red_line_area", ">=", "99.90", "ha")])
    figure = found.value("red_line_area")
    assert figure.unit == "ha" and figure.value * 1e4 == pytest.approx(geodesic(box(0, 0)), rel=1e-7)
    by_layer = figures({"STBHHX": [box(0, 0)]}).value("red_line_area")
    assert by_layer.unit == "km2" and by_layer.value == pytest.approx(figure.value / 100)


TOWNS = [
    {"wkt": box(0, 0, 1700, 2000), "division_code": "140225100", "division_name": "永安镇"},
    {"wkt": box(1700, 0, 1500, 1000), "division_code": "140225101", "division_name": "西坊城镇"},
    {"wkt": box(1700, 1000, 1500, 1000), "division_code": "140225101", "division_name": "西坊城镇"},
]


def test_unnamed_part_does_not_change_the_name_of_the_township():
    """Rows are sorted by code and name; a missing name is first."""
    exclave = {**TOWNS[2], "division_name": None}
    _, towns, of = townships_of(figures({"XZQXZ": [TOWNS[0], exclave, TOWNS[1]]}).ctx)
    assert [t.name for t in towns] == ["永安镇", "西坊城镇"] and of.tolist() == [0, 1, 1]
    _, towns, _ = townships_of(figures({"XZQXZ": [exclave]}).ctx)
    assert [t.name for t in towns] == ["140225101"]


def test_sums_by_township_add_up():
    found = figures({"XZYDYH": PARCELS, "XZQXZ": TOWNS})
    ctx = found.ctx
    layer = ctx.plan.layers["XZYDYH"]
    _, towns, _ = townships_of(ctx)
    assert [t.name for t in towns] == ["永安镇", "西坊城镇"]
    parts = split_by_township(layer, ctx)
    sums = parts.sums(layer.statutory)
    assert sums.sum() == pytest.approx(layer.statutory.sum(), rel=1e-12)
    inside = [(0, 0, 1700, 1000), (1000, 1000, 700, 1000), (0, 1000, 1000, 1000)]
    assert sums[0] == pytest.approx(sum(geodesic(box(*b)) for b in inside), rel=1e-6)
    assert sums[2] == pytest.approx(geodesic(box(3200, 0, 800, 1000)), rel=1e-6)
    net = parts.sums(layer.numbers("net_area"))
    assert net.sum() == pytest.approx(np.nansum(layer.numbers("net_area")))
    assert net[1] == pytest.approx(0.9e6 * (0.3 + 1 + 0.2 + 0.3), rel=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_sums_by_township_add_up_for_random_parcels(seed):
    """Random parcels over random townships, some without a shape, some outside, some overlapping."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.uniform(0, 6000, 4)).round(3)
    towns = [
        {"wkt": box(a, 0, b - a, 4000), "division_code": f"14022510{n}", "division_name": f"第{n}镇"}
        for n, (a, b) in enumerate(pairwise(cuts))
    ]
    rows = []
    for n in range(60):
        x, y, w, h = rng.uniform(0, 6500), rng.uniform(-500, 4000), rng.uniform(1, 900), rng.uniform(1, 900)
        one = {**parcel(x, y, "0101", w=w, h=h), "data_year": 2020}
        rows.append({**one, "wkt": None} if n % 20 == 7 else one)
    ctx = figures({"DLTB": rows, "XZQXZ": towns}).ctx
    layer = ctx.plan.layers["DLTB"]
    parts = split_by_township(layer, ctx)
    for values in (layer.statutory, layer.numbers("net_area"), layer.numbers("gross_area")):
        assert parts.sums(values).sum() == pytest.approx(np.nansum(values), rel=1e-9)
    shapes = [shapely.from_wkt(t["wkt"]) for t in towns]
    for n, town in enumerate(shapes):
        expected = sum(shapely.from_wkt(r["wkt"]).intersection(town).area for r in rows if r["wkt"])
        assert parts.sums(layer.statutory)[n] == pytest.approx(expected, rel=2e-3)
