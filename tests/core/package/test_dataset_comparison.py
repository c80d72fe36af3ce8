# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer in two data sets of a package; the copies are compared row by row."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.inspection.dataset_comparison import compare_datasets
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.plan.layer import Layer
from plugin.core.plan.loading.recognition import find_best_template
from tests.core.package_fixtures import make_parcel_table, write_county_and_documents
from tests.core.small_plan import X, Y, convert_to_source_layers, make_county_box, make_table
from tests.county.measure import statutory_area
from tests.parametrize import first_daily

ZONE_38, GEODETIC = CRS.from_epsg(4526), CRS.from_epsg(4490)
FEATURE_KEYS = [f"14022500000000{n:04d}" for n in range(1, 6)]


def make_layer(frame, role="DLTB"):
    (source,) = convert_to_source_layers({role: frame})
    return Layer(source, find_best_template(source, role, RunOptions().resolve_norm()), source.crs)


def compare_tables(first, other, role="DLTB", without=frozenset()):
    """Compare two tables as one layer in two data sets; ``without``: fields that are not compared."""
    return compare_datasets(
        make_layer(first, role), make_layer(other, role), "a.gdb", "a.vct", without, NEVER_CANCELLED
    )


def test_equal_layers_of_two_data_sets_match_in_any_row_order_crs_and_ring_start():
    first = make_parcel_table(5)
    other = first.iloc[::-1].reset_index(drop=True)
    other.geometry = shapely.reverse(other.geometry.to_numpy())
    for crs in (4526, 4490, 4527):
        found = compare_tables(first, other.to_crs(crs))
        assert found.feature_counts == (5, 5) and found.unmatched_features == ((0, ()), (0, ()))
        assert not found.differences_by_field and found.missing_fields == ((), ()) and found.are_shapes_compared
        assert len(found.distances_m) == 0 or found.distances_m.max() < 1e-6
        assert found.areas_m2[1] == pytest.approx(statutory_area(first.geometry.to_numpy()).sum(), abs=1e-3)
        assert found.areas_m2[0] == pytest.approx(found.areas_m2[1], abs=1e-4)


def test_features_that_only_one_of_two_data_sets_has_are_counted_and_returned_by_key():
    first, other = make_parcel_table(5), make_parcel_table(5)
    other["BSM"] = [*FEATURE_KEYS[:3], "140225000000000098", "140225000000000099"]
    found = compare_tables(first, other.iloc[:4])
    assert found.feature_counts == (5, 4)
    assert found.unmatched_features == ((2, tuple(FEATURE_KEYS[3:])), (1, ("140225000000000098",)))


def test_rows_without_a_key_are_matched_by_order_if_their_counts_agree():
    first, other = make_parcel_table(4), make_parcel_table(4)
    for frame in (first, other):
        frame["BSM"] = [None, None, FEATURE_KEYS[2], None]
    other.geometry = [*other.geometry[:3], make_county_box(300, 5)]
    found = compare_tables(first, other)
    assert found.unmatched_features == ((0, ()), (0, ())) and found.moved_names == ("fid 3",)
    assert found.distances_m.tolist() == pytest.approx([5.0])
    # The missing row cannot be identified.
    fewer = compare_tables(first, other.iloc[1:])
    assert [some.feature_count for some in fewer.unmatched_features] == [3, 2] and not len(fewer.distances_m)
    # Rows of a layer without the key field are matched by order, too.
    assert compare_tables(first, other.drop(columns="BSM")).distances_m.tolist() == pytest.approx([5.0])


def test_distance_between_the_shapes_of_one_row_in_two_data_sets_is_returned_in_metres():
    first = make_parcel_table(5)
    shapes = first.geometry.to_numpy()
    hole = shapely.box(X + 310, Y + 10, X + 330, Y + 30)
    other = first.set_geometry(
        [
            shapely.segmentize(shapes[0], 7.0),  # added vertices on the same lines
            shapely.transform(shapes[1], lambda c: c + np.array([0, 0.25])),
            None,
            shapes[3].difference(hole),
            shapely.Polygon([*list(shapes[4].exterior.coords)[:2], (X + 450, Y + 130), *list(shapes[4].exterior.coords)[2:]]),
        ],
        crs=4526,
    )  # fmt: skip
    found = compare_tables(first, other)
    off = dict(zip(found.moved_names, found.distances_m.tolist(), strict=True))
    assert off.get(FEATURE_KEYS[0], 0.0) < 1e-6
    assert off[FEATURE_KEYS[1]] == pytest.approx(0.25) and off[FEATURE_KEYS[2]] == np.inf
    # The hole's farthest corner is 30 m from the shell; the spike's tip 30 m beyond it.
    assert off[FEATURE_KEYS[3]] == pytest.approx(30.0) and off[FEATURE_KEYS[4]] == pytest.approx(30.0)
    both = [statutory_area(frame.geometry.to_numpy()[[0, 1, 3, 4]]).sum() for frame in (first, other)]
    assert found.areas_m2[1] == pytest.approx(both[1], abs=0.01)


def test_values_of_two_data_sets_are_compared_to_the_decimals_of_the_template():
    first = make_parcel_table(4, BZ=["a", "b", None, " d "], KCXS=[0.1, 0.1, 0.1, 0.1])
    other = make_parcel_table(4, BZ=["a", "x", "c", "d"], KCXS=[0.1 + 1e-17, 0.1, 0.1, 0.11])
    other["TBMJ"] = [10_000.004, 10_000.0, 10_000.006, 10_000.0]
    found = compare_tables(first, other)
    differences = {
        name: (
            one.differing_features.feature_count,
            one.differing_features.feature_names,
            one.first_value,
            one.other_value,
        )
        for name, one in found.differences_by_field.items()
    }
    assert differences == {
        "BZ": (2, (FEATURE_KEYS[1], FEATURE_KEYS[2]), "b", "x"),
        "TBMJ": (1, (FEATURE_KEYS[2],), 10_000.0, 10_000.006),
        "KCXS": (1, (FEATURE_KEYS[3],), 0.1, 0.11),
    }


def test_dates_of_two_data_sets_are_compared_by_day_in_any_field_type():
    days = ["2026-01-31", "2026-02-28"]
    first = make_table([make_county_box(0, 0), make_county_box(200, 0)], BHKSSJ=pd.to_datetime(days))
    other = make_table([make_county_box(0, 0), make_county_box(200, 0)], BHKSSJ=["20260131", "2026/3/1"])
    role = next(r for r, t in RunOptions().resolve_norm().standard.templates.items() if t.find_field_by_name("BHKSSJ"))
    found = compare_tables(first, other, role)
    assert found.differences_by_field["BHKSSJ"] == ((1, (FEATURE_KEYS[1],)), "2026-02-28", "2026-03-01")


def test_differing_personal_values_are_not_repeated_in_the_comparison():
    templates = RunOptions().resolve_norm().standard.templates
    role, name = next((r, f.name) for r, t in templates.items() for f in t.fields if f.personal and f.type == "text")
    shapes = [make_county_box(0, 0), make_county_box(200, 0)]
    first, other = make_table(shapes, **{name: ["张三", "李四"]}), make_table(shapes, **{name: ["张三", "王五"]})
    assert compare_tables(first, other, role).differences_by_field[name] == ((1, (FEATURE_KEYS[1],)), "…", "…")
    assert compare_tables(first, make_table(shapes, **{name: ["张三", None]}), role).differences_by_field[name][1:] == (
        "…",
        None,
    )


def test_fields_that_only_one_of_two_data_sets_has_are_returned_by_name():
    first, other = make_parcel_table(2, BZ=["a", "b"]), make_parcel_table(2).drop(columns=["DLMC"])
    assert compare_tables(first, other).missing_fields == ((), ("DLMC", "BZ"))
    assert compare_tables(other, first).missing_fields == (("DLMC", "BZ"), ())
    assert compare_tables(first, other, without=frozenset({"BZ"})).missing_fields == ((), ("DLMC",))


def test_comparison_with_a_layer_without_a_crs_measures_no_distances_and_areas():
    (source,) = convert_to_source_layers({"DLTB": make_parcel_table(2).set_crs(None, allow_override=True)})
    unreferenced = Layer(source, make_layer(make_parcel_table(2)).template, GEODETIC)
    found = compare_datasets(
        make_layer(make_parcel_table(2)), unreferenced, "a.gdb", "a.shp", frozenset(), NEVER_CANCELLED
    )
    assert not found.are_shapes_compared and not len(found.distances_m) and found.areas_m2 == (0.0, 0.0)


# A complete package of two data sets, exported and inspected.

DATA_SET_PATH = "1-空间数据/140225浑源县国土空间规划矢量数据"


def write_spec(folder, suffix, crs, more=""):
    """Write a package spec (form) with a second data set.

    ``more`` is text added to the spec below the parcels of that data set.
    """
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    start, stop = text.index("[[vector]]"), text.index("# Files that come")
    second_set = text[start:stop].replace(".gdb", suffix).replace('"plan"', '"exchange"').replace("EPSG:4490", crs)
    second_set = second_set.replace('layer = "base_parcels"\n', f'layer = "base_parcels"\n{more}')
    path = folder / f"second{suffix}.toml"
    path.write_text(text[:stop] + second_set + text[stop:], encoding="utf-8")
    return load_package_spec(path)


@pytest.fixture(
    scope="module",
    params=[
        (".shp", "EPSG:4490"),
        pytest.param((".vct", "EPSG:4526"), marks=pytest.mark.exhaustive),
        pytest.param((".gpkg", "EPSG:4526"), marks=pytest.mark.exhaustive),
    ],
)
def exported_package(request, tmp_path_factory):
    pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
    folder = tmp_path_factory.mktemp("成果")
    source, documents = write_county_and_documents(folder)
    # The specification allows fewer fields in the second data set.
    more = 'fields = ["BSM", "YSDM", "DLBM", "DLMC", "TBMJ"]\n'
    spec = write_spec(folder, *request.param, more)
    done = export_package(check_plan(source, RunOptions()), ExportOrder(spec, folder / "结果", documents))
    return spec, done.path, request.param[0]


@pytest.fixture
def copied_package(exported_package, tmp_path):
    spec, path, suffix = exported_package
    return spec, Path(shutil.copytree(path, tmp_path / path.name)), suffix


def inspect_report(spec, path):
    return inspect_package(path, spec, RunOptions()).report


@pytest.mark.slow
def test_package_with_two_equal_data_sets_passes_and_its_report_names_both(copied_package):
    spec, path, suffix = copied_package
    report = inspect_report(spec, path)
    assert {f.code for f in report.findings} <= {"DOC011"}, [(f.code, f.message) for f in report.findings]
    (rule,) = [r for r in report.rules if r.code == "DOC014"]
    other = DATA_SET_PATH if suffix == ".shp" else f"{DATA_SET_PATH}{suffix}"
    assert rule.outcome == "passed" and f"{DATA_SET_PATH}.gdb" in rule.reason and f"“{other}”" in rule.reason
    assert "CZKFBJ" in rule.reason and len(report.provenance["layers"]) == 10


def change_layer(path, name, change):
    """Apply a function to a layer of the database of a package."""
    from osgeo import gdal

    database = gdal.OpenEx(str(path / f"{DATA_SET_PATH}.gdb"), gdal.OF_UPDATE | gdal.OF_VECTOR)
    layer = database.GetLayerByName(name)
    change(layer)
    del layer, database


def delete_feature(layer):
    layer.DeleteFeature(next(iter(layer)).GetFID())


def move_vertex_north(layer):
    feature = next(iter(layer))
    shape = feature.GetGeometryRef().Clone()
    points = shape.GetGeometryRef(0).GetGeometryRef(0)
    points.SetPoint_2D(1, points.GetX(1), points.GetY(1) + 1e-6)
    feature.SetGeometry(shape)
    layer.SetFeature(feature)


def change_zone(layer):
    feature = next(iter(layer))
    feature.SetField("GHFQDM", "420" if feature.GetField("GHFQDM") != "420" else "410")
    layer.SetFeature(feature)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "case"),
    first_daily([(move_vertex_north, "shapes"), (delete_feature, "features"), (change_zone, "values")]),
    ids=["shapes", "features", "values"],
)
def test_each_difference_between_the_data_sets_of_a_package_is_reported(copied_package, change, case):
    spec, path, _ = copied_package
    change_layer(path, "CZKFBJ", change)
    report = inspect_report(spec, path)
    (found,) = [f for f in report.findings if f.code == "DOC014"]
    assert (found.case, found.role) == (case, "CZKFBJ"), found.message
    assert "{" not in found.message and f"{DATA_SET_PATH}.gdb" in found.message
    if case == "shapes":
        # A millionth of a degree of latitude is 0.111 m.
        assert "0.111 m" in found.message
