# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicator values, compared with independent computations."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import Geod, Transformer

from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import ORIGIN, make_example_layer, make_example_norm
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.figures.indicators.ratio import find_remote_towns
from plugin.core.figures.indicators.survey_deductions import _compute_containing_rows, find_rows_cut_differently
from plugin.core.figures.indicators.townships import get_plan_townships, split_by_township
from plugin.core.geometry import polygons as polygons_module
from plugin.core.geometry.polygons import Polygons
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.render import figures
from plugin.core.render.html import render_report
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.texts import Texts
from tests.core.hunyuan_county import CONFIRMED_PROFILE_TEXT, HunyuanAreas, make_hunyuan_layers
from tests.core.small_plan import convert_to_source_layers, get_outcome_of_rule, list_findings_of_rules

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
    assert (
        found.compute_indicator("urban_land_per_person").missing_reason
        == "无法由图层计算：需要常住人口数据（分城镇、村庄）。"
    )
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


PRINTED_AREAS = HunyuanAreas()


def check_hunyuan(areas=PRINTED_AREAS, profile="hunyuan"):
    tables = make_hunyuan_layers(areas)
    first = 1
    for frame in tables.values():
        # One sequence of numbers over all layers.
        frame["BSM"] = [f"1402250000{n:08d}" for n in range(first, first + len(frame))]
        first += len(frame)
    return check_plan(convert_to_source_layers(tables), RunOptions(profile=str(profile), scope="three_lines"))


def get_indicator(report, name):
    return next(i for i in report.indicators if i.id == name)


def test_plan_with_the_printed_areas_of_hunyuan_meets_all_targets_and_shows_the_margin_of_each(tmp_path):
    path = tmp_path / "confirmed.toml"
    path.write_text(CONFIRMED_PROFILE_TEXT, encoding="utf-8")
    checked = check_hunyuan(profile=path)
    report = checked.report
    # Stated figures without a layer prevent the verdict 通过.
    assert not list_findings_of_rules(report) and report.verdict == "conditional", report.summary
    assert {name.partition(".")[0] for name in report.summary["unconfirmed"]} == {"targets"}
    for name, value, unit in (
        ("cultivated_area", 73.39, "wan_mu"),
        ("farmland_area", 63.25, "wan_mu"),
        ("red_line_area", 538.87, "km2"),
        ("boundary_area", 16.46, "km2"),
    ):
        one = get_indicator(report, name)
        assert (one.unit, one.state) == (unit, "met") and one.value == pytest.approx(value, abs=1e-7), name
    ratio = get_indicator(report, "expansion_ratio_n1")
    assert (ratio.target, ratio.state) == (1.25, "met") and ratio.value == pytest.approx(1.24, abs=1e-8)
    rows = {r["id"]: r for r in figures.make_figure_rows(report, ReportTexts("zh"))}
    assert (rows["expansion_ratio_n1"]["margin"], rows["expansion_ratio_n1"]["value"]) == ("余 0.0100", "1.2400")
    page = render_report(report, checked.plan.norm, None)
    assert "余量" in page and "余 0.0100" in page


def test_margin_to_a_target_is_printed_with_its_word_and_unit():
    checked = check_hunyuan(replace(PRINTED_AREAS, boundary=16.4509, farmland=63.4062, red_line=539.02))
    rows = {r["id"]: r["margin"] for r in figures.make_figure_rows(checked.report, ReportTexts("zh"))}
    assert (rows["boundary_area"], rows["farmland_area"], rows["red_line_area"]) == (
        "余 0.0091 km²",
        "余 0.1562 万亩",
        "余 0.15 km²",
    )


def test_urban_boundary_larger_by_one_hectare_fails_the_check():
    report = check_hunyuan(replace(PRINTED_AREAS, boundary=16.47)).report
    (finding,) = list_findings_of_rules(report, "LAW002")
    assert (finding.severity, finding.role, finding.case) == ("ERROR", "CZKFBJ", "broken")
    assert get_indicator(report, "boundary_area").state == "broken" and report.verdict == "fail"
    assert get_indicator(report, "expansion_ratio_n1").state == "met" and not list_findings_of_rules(report, "LAW001")


@pytest.mark.parametrize(
    ("farmland", "state", "severity", "verdict"),
    [
        (63.25, "met", None, "conditional"),
        (63.246, "close", "WARNING", "conditional"),
        (63.24, "broken", "ERROR", "fail"),
        (63.2449, "broken", "ERROR", "fail"),
    ],
)
def test_farmland_that_rounds_up_to_its_target_gives_a_warning_and_farmland_further_below_an_error(
    farmland, state, severity, verdict
):
    report = check_hunyuan(replace(PRINTED_AREAS, farmland=farmland)).report
    assert get_indicator(report, "farmland_area").state == state and report.verdict == verdict
    findings = list_findings_of_rules(report, "LAW002")
    assert [str(f.severity) for f in findings] == ([severity] if severity else [])
    if state == "close":
        assert "取整" in findings[0].message
    assert get_indicator(report, "cultivated_area").state == "met"


def test_expansion_ratio_that_exceeds_its_limit_but_rounds_to_it_is_an_error():
    """Check the ratio 1.25004, which prints as 1.2500 and exceeds the limit 1.25."""
    report = check_hunyuan(replace(PRINTED_AREAS, base=16.46 / 1.25004)).report
    (finding,) = list_findings_of_rules(report, "LAW001")
    assert (finding.severity, report.verdict) == ("ERROR", "fail") and "1.25004" in finding.message
    assert get_outcome_of_rule(report, "LAW002").outcome == "passed"


def test_target_met_within_the_warning_margin_of_the_profile_is_not_called_a_rounding_difference(tmp_path):
    """Require a warning margin of 0.2 %; only the boundary is closer to its target."""
    path = tmp_path / "margin.toml"
    path.write_text(CONFIRMED_PROFILE_TEXT + "[indicators]\nwarning_share = 0.002\n", encoding="utf-8")
    checked = check_hunyuan(replace(PRINTED_AREAS, farmland=63.4062, cultivated=73.6, red_line=541.0), profile=path)
    report = checked.report
    assert (
        get_indicator(report, "boundary_area").state == "warning"
        and get_indicator(report, "farmland_area").state == "met"
    )
    (finding,) = list_findings_of_rules(report)
    assert (finding.code, finding.severity) == ("LAW008", "INFO") and "城镇开发边界" in finding.message
    assert report.verdict == "conditional"
    rows = {r["id"]: r for r in figures.make_figure_rows(report, ReportTexts("zh"))}
    assert (rows["boundary_area"]["state"], rows["boundary_area"]["icon"]) == ("余量不足", "INFO")


def search_remote_parcels(shapes, shares_inside, gap):
    """Return the parcels from which no chain of gaps leads to a parcel inside."""
    is_near = shapely.distance(shapes[:, None], shapes[None, :]) <= gap
    is_reached = shares_inside >= 0.01
    for _ in shapes:
        is_reached = is_reached | is_near[is_reached].any(axis=0)
    return ~is_reached


@pytest.mark.parametrize("seed", range(8))
def test_remote_towns_are_the_parcels_that_no_chain_connects_with_a_parcel_inside(seed):
    random = np.random.default_rng(seed)
    corners = random.random((60, 2)) * 1000
    shapes = shapely.box(*corners.T, *(corners + random.random((60, 2)) * 30).T)
    shares = np.where(random.random(60) < 0.1, random.random(60) * 0.1, 0.0)
    remote = find_remote_towns(shapes, shares, 50.0)
    assert (remote == search_remote_parcels(shapes, shares, 50.0)).all()
    assert remote.any() and not remote.all()


def test_parcel_exactly_at_the_gap_is_of_the_same_town_and_without_a_parcel_inside_all_are_remote():
    shapes = shapely.box(np.array([0.0, 60.0, 170.1]), 0.0, np.array([10.0, 120.0, 180.0]), 10.0)
    assert find_remote_towns(shapes, np.array([1.0, 0.0, 0.0]), 50.0).tolist() == [False, False, True]
    assert find_remote_towns(shapes, np.zeros(3), 50.0).all()
    assert not find_remote_towns(shapes, np.ones(3), 50.0).any()


def test_without_a_gap_only_touching_parcels_are_of_one_town():
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2.1, 0, 3, 1)], dtype=object)
    assert find_remote_towns(shapes, np.array([1.0, 0.0, 0.0]), 0.0).tolist() == [False, False, True]


SQUARE, ADJACENT_SQUARE, HALF_SQUARE = (
    shapely.box(0, 0, 100, 100),
    shapely.box(100, 0, 200, 100),
    shapely.box(100, 0, 150, 100),
)

#: Rectangles on a grid; the middle of one may be on the edge of another.
BOXES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 2), st.integers(1, 2)).map(
        lambda box: shapely.box(box[0], box[1], box[0] + box[2], box[1] + box[3])
    ),
    max_size=8,
)


class FakePlanLayer:
    def __init__(self, *shapes: shapely.Geometry) -> None:
        self.plane_shapes = np.array(shapes, dtype=object)
        self.has_shape = np.ones(len(shapes), dtype=bool)
        self.inner_points = shapely.point_on_surface(self.plane_shapes)
        self.polygons = Polygons(self.plane_shapes)

    def __len__(self) -> int:
        return len(self.plane_shapes)

    def sort_rows(self, rows) -> list[int]:
        """Return rows as if later ones had smaller keys."""
        return sorted(rows, reverse=True)


@pytest.mark.parametrize("max_small_vertices", [4, 512])
def test_parcel_of_the_last_key_that_contains_the_point_of_a_row_is_found(max_small_vertices, monkeypatch) -> None:
    monkeypatch.setattr(polygons_module, "MAX_UNCLIPPED_VERTICES", max_small_vertices)

    @given(BOXES, BOXES)
    def assert_for_boxes(shapes, parcel_shapes):
        rows, parcels = FakePlanLayer(*shapes), FakePlanLayer(*parcel_shapes)
        containing = [
            [n for n, parcel in enumerate(parcel_shapes) if parcel.intersects(point)] for point in rows.inner_points
        ]
        assert _compute_containing_rows(rows, parcels, None).tolist() == [
            min(found, default=-1) for found in containing
        ]

    assert_for_boxes()


def test_multipolygon_of_one_part_is_recognised_as_a_copy_of_its_polygon() -> None:
    ctx = SimpleNamespace(
        plan=SimpleNamespace(get_cache=lambda name, **options: {}),
        geometry=SimpleNamespace(
            compute_or_reuse_row_values=lambda name, layer, other, compute, **options: compute(None)
        ),
        cancellation=NEVER_CANCELLED,
    )
    rows = FakePlanLayer(
        shapely.multipolygons([SQUARE]), HALF_SQUARE, shapely.multipolygons([SQUARE, shapely.box(300, 0, 301, 1)])
    )
    parcels = FakePlanLayer(SQUARE, shapely.multipolygons([ADJACENT_SQUARE]))
    assert find_rows_cut_differently(rows, parcels, ctx).tolist() == [False, True, True]
