# SPDX-License-Identifier: GPL-2.0-or-later
"""Measured areas of a layer, compared with stored areas and adjusted to totals."""

import math
from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import CRS

from plugin.core.base.errors import InputError
from plugin.core.figures.indicators.layer_areas import (
    adjust_areas,
    adjust_to_layer,
    adjust_to_total,
    compare_with_stored,
    find_area_field,
    list_control_names,
    measure_areas,
)
from plugin.core.geometry.validity import make_valid_copies
from plugin.core.plan.layer import FieldInfo, Layer, SourceLayer
from plugin.core.standard import load_standard
from plugin.core.standard.profile import Norm, load_profile
from tests.core.small_plan import (
    CHINESE_MESSAGE_TEXTS,
    X,
    Y,
    convert_to_source_layers,
    explain_error,
    make_county_box,
    make_table,
    move_wkt_to_county,
)
from tests.county.measure import statutory_area

DEFAULT_NORM = Norm(load_standard(), load_profile())
SLANTED_TRIANGLE = shapely.Polygon([(112.5, 37.5), (112.51, 37.5), (112.505, 37.51)])


def make_layer(shapes, crs=4526, role="DLTB", **columns):
    (layer,) = convert_to_source_layers({role: make_table(shapes, crs=crs, **columns)})
    return layer


def measure_layer_areas(shapes, **more):
    return measure_areas(make_layer(shapes, **more), DEFAULT_NORM, CHINESE_MESSAGE_TEXTS)


# -- bases ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [4490, 4525, 4547])
def test_measured_areas_are_the_same_in_each_crs(code):
    shapes = shapely.segmentize(
        np.array([make_county_box(0, 0), make_county_box(500, 300, 70, 40)], dtype=object), 10.0
    )
    here = measure_layer_areas(shapes)
    there = measure_areas(
        convert_to_source_layers({"DLTB": make_table(shapes).to_crs(code)})[0], DEFAULT_NORM, CHINESE_MESSAGE_TEXTS
    )
    assert there.statutory == pytest.approx(here.statutory, abs=1e-5)
    assert there.geodesic == pytest.approx(here.geodesic, abs=1e-5)
    assert here.statutory == pytest.approx(statutory_area(shapes), abs=1e-5)
    assert here.plane_crs_name == "EPSG:4526" and there.plane_crs_name == {4490: "EPSG:4526"}.get(code, f"EPSG:{code}")


def test_measured_areas_list_the_rows_that_cannot_be_measured():
    bow_tie = move_wkt_to_county("POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))")
    nowhere = shapely.box(X, Y + 9e7, X + 1, Y + 9e7 + 1)
    found = measure_layer_areas(
        [make_county_box(0, 0), None, bow_tie, nowhere, shapely.LineString([(X, Y), (X + 1, Y)]), make_county_box(9, 9)]
    )
    assert (found.without_shape, found.repaired_rows, found.rows_outside_zone) == ([1, 3, 4], [2], [3])
    assert np.flatnonzero(np.isnan(found.statutory)).tolist() == [1, 3, 4]
    assert found.statutory[2] == pytest.approx(5_000, rel=2e-3)
    assert found.sum_area_m2("statutory") == pytest.approx(np.nansum(found.statutory))


def test_measuring_areas_refuses_degree_coordinates_in_a_projected_crs():
    shapes = np.array([SLANTED_TRIANGLE], dtype=object)
    with pytest.raises(InputError) as caught:
        measure_layer_areas(shapes, crs=4526)
    assert "疑为经纬度" in explain_error(caught.value) and "EPSG:4490" in explain_error(caught.value)


# -- the stored area --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "names", "wanted", "field"),
    [
        ("DLTB", ["BSM", "TBMJ", "MJ"], "", "TBMJ"),
        ("STBHHX", ["BSM", "mj"], "", "mj"),
        ("STBHHX", ["BSM"], "", "MJ"),
        ("YJJBNTBHTB", ["BSM"], "", "YJJBNTTBMJ"),
        ("某图层", ["BSM"], "", "MJ"),
        ("DLTB", ["BSM", "GISMJ"], "gismj", "GISMJ"),
        ("DLTB", ["BSM"], "新面积", "新面积"),
    ],
)
def test_stored_area_is_read_from_the_requested_field_or_else_from_the_area_field_of_the_role(
    role, names, wanted, field
):
    layer = SourceLayer(
        role, make_table([make_county_box(0, 0)]), tuple(FieldInfo(n, "real") for n in names), CRS.from_epsg(4526)
    )
    assert find_area_field(layer, DEFAULT_NORM, wanted)[0] == field


def test_stored_areas_that_differ_or_are_missing_are_listed():
    areas = measure_layer_areas([make_county_box(0, 0, 50 + n, 40) for n in range(5)] + [None])
    stored = np.round(areas.statutory, 2) + np.array([0.0, 0.01, -0.01, 0.02, np.nan, 7])
    found = compare_with_stored(areas, stored, 2, 0.01)
    assert found.is_different.tolist() == [False, False, False, True, True, False]
    assert found.difference_m2[:4].tolist() == pytest.approx([0, 0.01, -0.01, 0.02]) and not found.apparent_unit
    # A larger tolerance never finds more rows.
    assert compare_with_stored(areas, stored, 2, 0.02).is_different.sum() == 1
    assert compare_with_stored(areas, None, 2, 0.01).is_different.tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(("unit", "m2"), [("ha", 1e4), ("mu", 1e4 / 15), ("km2", 1e6), ("", 1.0)])
def test_unit_of_stored_areas_is_recognised_by_their_ratio_to_the_measured_areas(unit, m2):
    areas = measure_layer_areas([make_county_box(0, 0, 50 + n, 40) for n in range(5)])
    assert compare_with_stored(areas, areas.statutory / m2 * 1.001, 2, 0.01).apparent_unit == unit


# -- control areas ----------------------------------------------------------------------------------------------------


def make_two_townships():
    """Return a layer of two adjacent townships and a distant one."""
    shapes = shapely.segmentize(
        np.array(
            [make_county_box(0, 0, 200, 100), make_county_box(0, 100, 200, 100), make_county_box(900, 900)],
            dtype=object,
        ),
        100,
    )
    return make_layer(shapes, role="XZQXZ", XZQMC=["甲镇", None, "丙乡"])


def adjust_parcels(shapes, crs=4526, limit=1e-5):
    """Adjust the areas of parcels to those of two townships; ``limit``: allowed relative difference."""
    parts, control = make_layer(shapes, crs=crs), make_two_townships()
    measured_control = measure_areas(control, DEFAULT_NORM, CHINESE_MESSAGE_TEXTS)
    found = adjust_to_layer(
        measure_areas(parts, DEFAULT_NORM, CHINESE_MESSAGE_TEXTS), parts.crs, measured_control, control.crs, list_control_names(control, DEFAULT_NORM),
        [f"{n}" for n in range(len(shapes))], limit, 0.01,
    )  # fmt: skip
    return found, measured_control.statutory


FOUR_SQUARES = [make_county_box(x, y) for y in (0, 100) for x in (0, 100)]


def test_parcels_of_each_township_are_adjusted_to_its_own_area():
    found, control = adjust_parcels([*FOUR_SQUARES, None, make_county_box(500, 500)])
    assert [name for name, _ in found.control_area_adjustments] == ["甲镇", "140225000000000002"]
    assert found.control_name_of_part == ["甲镇"] * 2 + ["140225000000000002"] * 2 + [None, None]
    for rows, total in (([0, 1], control[0]), ([2, 3], control[1])):
        assert round(found.proposed_m2[rows].sum(), 2) == round(total, 2)
    assert (
        np.isnan(found.proposed_m2[[4, 5]]).all()
        and found.rows_outside_control == [5]
        and found.empty_control_names == ["丙乡"]
    )
    assert found.refused_count == 0 and abs(found.misclosure_m2) < 0.01
    assert found.control_m2 == pytest.approx(control[:2].sum(), abs=0.01)


def test_gap_in_one_township_refuses_the_adjustment_only_there():
    found, control = adjust_parcels(FOUR_SQUARES[:3])
    assert [closure.is_refused for _, closure in found.control_area_adjustments] == [
        False,
        True,
    ] and found.refused_count == 1
    assert np.isfinite(found.proposed_m2[:2]).all() and np.isnan(found.proposed_m2[2])
    assert found.misclosure_m2 == pytest.approx(control[1] / 2, rel=1e-4)


def test_areas_are_adjusted_to_a_given_total_and_to_a_layer_in_another_crs():
    parts = measure_layer_areas([make_county_box(0, 0), make_county_box(100, 0), None])
    found = adjust_to_total(parts, 20_000.0, ["b", "a", ""], 0.01, 0.01, "全县")
    assert round(np.nansum(found.proposed_m2), 2) == 20_000.0 and found.control_name_of_part == ["全县", "全县", None]
    moved = make_table(shapely.segmentize(np.array(FOUR_SQUARES, dtype=object), 10)).to_crs(4525).geometry.to_numpy()
    other, control = adjust_parcels(moved, crs=4525)
    assert other.refused_count == 0 and round(np.nansum(other.proposed_m2), 2) == round(control[0], 2) + round(
        control[1], 2
    )


def test_parcel_inside_two_overlapping_townships_is_adjusted_in_only_one():
    parts = make_layer([make_county_box(0, 0)])
    control = make_layer([make_county_box(0, 0), make_county_box(0, 0, 200, 200)], role="XZQXZ", XZQMC=["甲镇", "乙镇"])
    areas, held = (measure_areas(layer, DEFAULT_NORM, CHINESE_MESSAGE_TEXTS) for layer in (parts, control))
    found = adjust_to_layer(
        areas, parts.crs, held, control.crs, list_control_names(control, DEFAULT_NORM), [""], 1e-5, 0.01
    )
    assert found.control_name_of_part == ["甲镇"] and found.empty_control_names == ["乙镇"]


@pytest.mark.parametrize("crs", [4526, 4525])
def test_overlapping_polygons_of_a_geometry_collection_count_once(crs):
    """Measure two overlapping squares in one collection; their union has 15 000 m²."""
    boxes = [shapely.transform(shapely.box(x, 0, x + 100, 100), lambda xy: xy + np.array([X, Y])) for x in (0, 50)]
    frame = gpd.GeoDataFrame({"BSM": ["140225000000000001"]}, geometry=[shapely.GeometryCollection(boxes)], crs=4526)
    frame = frame.to_crs(crs)
    read = SourceLayer("STBHHX", frame, (FieldInfo("BSM", "text"),), frame.crs)
    layer = Layer(read, DEFAULT_NORM.standard.templates["STBHHX"], CRS(4526))
    assert shapely.is_valid(layer.plane_shapes).all()
    assert shapely.area(layer.plane_shapes)[0] == pytest.approx(15_000, abs=0.5)
    assert layer.statutory[0] == pytest.approx(statutory_area([shapely.union_all(boxes)])[0], rel=1e-5)
    assert shapely.area(make_valid_copies(layer.raw_shapes)[0])[0] == pytest.approx(15_000, rel=1e-2)


random_parcel_areas = st.lists(st.floats(0.001, 5e7), min_size=1, max_size=60)
rounding_steps = st.sampled_from([0.01, 1.0])
misclosure_shares = st.floats(-1e-4, 1e-4)


def convert_to_whole_steps(values, step):
    """Return areas (m²) as counts of a rounding step; fail for other areas."""
    counts = [round(v / step) for v in values]
    assert [round(c * step, 2) for c in counts] == list(values)
    return counts


def adjust_to_changed_total(areas, share, step, keys=None):
    return adjust_areas(np.array(areas), math.fsum(areas) * (1 + share), limit_share=2e-4, step_m2=step, keys=keys)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_adjusted_areas_have_the_exact_total_and_proportional_corrections(areas, share, step):
    if sum(areas) < step:
        return
    found = adjust_to_changed_total(areas, share, step)
    assert sum(convert_to_whole_steps(found.adjusted_m2.tolist(), step)) == round(found.control_m2 / step)
    assert abs(found.control_m2 - sum(areas) * (1 + share)) <= step / 2 + 1e-6
    for before, after in zip(areas, found.adjusted_m2.tolist(), strict=True):
        assert after >= 0
        assert abs(after - before * found.control_m2 / sum(areas)) <= step + 1e-5
        assert abs(after - before) <= before * abs(found.control_m2 / sum(areas) - 1) + step + 1e-5
    largest = max(abs(a - b) for a, b in zip(areas, found.adjusted_m2.tolist(), strict=True))
    assert found.largest_correction_m2 == pytest.approx(largest, abs=2e-6)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_larger_area_is_never_adjusted_below_a_smaller_one(areas, share, step):
    if sum(areas) < step:
        return
    pairs = sorted(
        zip(np.round(areas, 6), adjust_to_changed_total(areas, share, step).adjusted_m2.tolist(), strict=True)
    )
    assert all(after <= later for (one, after), (two, later) in pairwise(pairs) if one < two)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_second_adjustment_of_areas_to_the_same_total_changes_nothing(areas, share, step):
    if sum(areas) < step:
        return
    once = adjust_to_changed_total(areas, share, step)
    again = adjust_areas(once.adjusted_m2, once.control_m2, limit_share=0.0, step_m2=step)
    assert again.adjusted_m2.tolist() == once.adjusted_m2.tolist()
    assert again.misclosure_m2 == pytest.approx(0, abs=1e-6)


@given(random_parcel_areas, misclosure_shares, st.randoms(use_true_random=False))
def test_adjusted_areas_do_not_depend_on_the_order_of_rows(areas, share, chance):
    # Among equal areas only the key decides which one gets the last step.
    areas = areas + areas[:3]
    keys = [f"{n:03d}" for n in range(len(areas))]
    order = list(range(len(areas)))
    chance.shuffle(order)
    if sum(areas) < 0.01:
        return
    straight = adjust_to_changed_total(areas, share, 0.01, keys).adjusted_m2.tolist()
    mixed = adjust_to_changed_total([areas[n] for n in order], share, 0.01, [keys[n] for n in order])
    assert mixed.adjusted_m2.tolist() == [straight[n] for n in order]


def test_adjusted_areas_equal_an_example_computed_by_hand():
    # Distribute 1 000.00 over 100.004, 300.004 and 599.985 (sum 999.993): factors of 1.000007.
    found = adjust_areas(np.array([100.004, 300.004, 599.985]), 1000.0, limit_share=1e-5)
    exact = [Fraction(a) * 1000 / Fraction("999.993") for a in ("100.004", "300.004", "599.985")]
    assert [float(round(e, 6)) for e in exact] == [100.0047, 300.0061, 599.9892]
    # Rounded down to hundredths 100.00, 300.00, 599.98: two steps remain, for the remainders .92 and .61.
    assert found.adjusted_m2.tolist() == [100.0, 300.01, 599.99]
    assert (found.control_m2, found.sum_m2) == (1000.0, pytest.approx(999.993))
    assert found.misclosure_m2 == pytest.approx(0.007) and found.largest_correction_m2 == pytest.approx(0.006)


@pytest.mark.exhaustive
def test_parcels_of_a_whole_county_are_adjusted_to_the_exact_total():
    areas = np.abs(np.random.default_rng(1).normal(13_000, 9_000, 150_000))
    found = adjust_areas(areas, areas.sum() + 500.0, limit_share=1e-5)
    assert round(found.adjusted_m2.sum() * 100) == round((areas.sum() + 500.0) * 100)
    assert found.largest_correction_m2 < 0.05


@pytest.mark.parametrize("share", [3e-5, -3e-5])
def test_areas_with_a_sum_too_different_from_the_control_area_are_refused(share):
    found = adjust_areas(np.array([1e6, 2e6, 3e6]), 6e6 * (1 + share), limit_share=1e-5)
    assert found.is_refused and found.adjusted_m2 is None
    assert found.misclosure_m2 == pytest.approx(6e6 * share) and found.allowed_misclosure_m2 == pytest.approx(
        60.01, rel=1e-4
    )


@pytest.mark.parametrize("control", [0.0, -1.0, float("nan"), float("inf")])
def test_invalid_control_area_of_an_adjustment_is_refused(control):
    with pytest.raises(InputError, match="closure_control"):
        adjust_areas(np.array([1.0]), control, limit_share=1.0)


@pytest.mark.parametrize("areas", [[], [0.0, 0.0]])
def test_adjustment_without_any_areas_is_refused(areas):
    with pytest.raises(InputError, match="closure_no_parts"):
        adjust_areas(np.array(areas), 1.0, limit_share=1.0)


def test_parcel_without_area_stays_zero_in_an_adjustment():
    assert adjust_areas(np.array([0.0, 10.004, 0.0]), 10.01, limit_share=0.1).adjusted_m2.tolist() == [
        0.0,
        10.01,
        0.0,
    ]
