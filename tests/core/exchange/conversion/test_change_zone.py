# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy in another CRS zone has its land where it was; vertices are compared with PROJ strings written by hand."""

import csv
import sqlite3
import subprocess
from contextlib import closing

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, strategies as st
from pyproj import CRS, Geod, Transformer

from plugin.core.base.errors import Cancellation, Cancelled, InputError, OutputError
from plugin.core.exchange.change_zone import ZoneNumber, change_crs_zone, plan_zone_change
from plugin.core.geometry.crs import make_gauss_kruger_crs
from plugin.core.plan.io import read_source

#: EPSG:4526 is zone 38 (central meridian 114°) with zone number, EPSG:4547 the same without.
ZONE_38, ZONE_38_PLAIN, ZONE_37 = 4526, 4547, 4525
CURVE = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (38500000 4400000, 38500250 4400100.5, 38500500 4400000), (38500500 4400000, 38500500 4399700, 38500000 4399700, 38500000 4400000)))"


def make_gauss_kruger(meridian, easting):
    """Return the PROJ string of a Gauss–Krüger zone on CGCS2000's ellipsoid."""
    return f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0={easting} +y_0=0 +a=6378137 +rf=298.257222101 +units=m"


def make_shapes():
    first = shapely.box(38_560_000.123, 4_390_000.456, 38_561_500.5, 4_391_000.25)
    second = shapely.Polygon(
        [(38_561_500.5, 4_390_000.456), (38_562_000, 4_390_100), (38_561_500.5, 4_391_000.25)],
    )
    third = shapely.box(38_563_000, 4_390_000, 38_563_010, 4_390_010)
    return [shapely.multipolygons([shape]) for shape in (first, second, third)]


def write_layers(path, driver=None, crs=ZONE_38):
    options = {"driver": driver} if driver else {}
    frame = gpd.GeoDataFrame({"BSM": ["1", "2", "3"], "BZ": ["甲", None, "丙"]}, geometry=make_shapes(), crs=crs)
    frame.to_file(path, layer="CZKFBJ", **options)
    lines = gpd.GeoDataFrame(
        {"BSM": ["4"]}, geometry=[shapely.LineString([(38_560_000, 4_390_000), (38_561_000, 4_390_500)])], crs=crs
    )
    lines.to_file(path, layer="XZQJX", **options)
    degrees = gpd.GeoDataFrame({"BSM": ["5"]}, geometry=[shapely.box(114.1, 39.6, 114.2, 39.7)], crs=4490)
    degrees.to_file(path, layer="STBHHX", **options)
    return path


def read_layer(path, name="CZKFBJ"):
    return pyogrio.read_dataframe(path, layer=name, fid_as_index=True)


@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", None), ("gdb", "OpenFileGDB")])
def test_stripping_the_zone_number_subtracts_whole_millions_and_adding_restores_the_file(tmp_path, suffix, driver):
    source = write_layers(tmp_path / f"县.{suffix}", driver)
    plain, restored = tmp_path / f"plain.{suffix}", tmp_path / f"restored.{suffix}"
    run = change_crs_zone(str(source), str(plain), number=ZoneNumber.STRIP)
    assert sorted(layer.name for layer in run.converted) == ["CZKFBJ", "XZQJX"] and run.unchanged_names == ("STBHHX",)
    before, after = read_layer(source), read_layer(plain)
    assert after.crs.to_epsg() == ZONE_38_PLAIN
    difference = shapely.get_coordinates(before.geometry.array) - shapely.get_coordinates(after.geometry.array)
    np.testing.assert_allclose(difference, [[38_000_000, 0]] * len(difference), atol=2e-7, rtol=0)
    assert before.drop(columns="geometry").equals(after.drop(columns="geometry"))
    assert read_layer(source, "STBHHX").equals(read_layer(plain, "STBHHX"))
    assert all(layer.area_before_m2 == pytest.approx(layer.area_after_m2, abs=0.01) for layer in run.converted)
    # Without reading the rows: the extent that the file states.
    stated = pyogrio.read_info(plain, layer="CZKFBJ")["total_bounds"]
    assert stated == pytest.approx((560_000.123, 4_390_000, 563_010, 4_391_000.25), abs=1e-3)

    change_crs_zone(str(plain), str(restored), number=ZoneNumber.ADD)
    again = read_layer(restored)
    assert again.crs.to_epsg() == ZONE_38
    assert shapely.equals_exact(before.geometry.array, again.geometry.array, tolerance=2e-7).all()


@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", None), ("gdb", "OpenFileGDB")])
@pytest.mark.parametrize("number", [ZoneNumber.KEEP, ZoneNumber.STRIP])
def test_another_zone_keeps_each_vertex_on_the_ground(tmp_path, suffix, driver, number):
    source, copy, table = write_layers(tmp_path / f"a.{suffix}", driver), tmp_path / f"b.{suffix}", tmp_path / "p.csv"
    run = change_crs_zone(str(source), str(copy), zone=37, number=number, table=str(table))
    before, after = read_layer(source), read_layer(copy)
    prefix = 37_000_000 if number is ZoneNumber.KEEP else 0
    assert after.crs.to_epsg() == (ZONE_37 if prefix else ZONE_38_PLAIN - 1)
    by_hand = Transformer.from_pipeline(
        f"+proj=pipeline +step +inv {make_gauss_kruger(114, 38_500_000)} "
        f"+step {make_gauss_kruger(111, prefix + 500_000)}"
    )
    expected = np.column_stack(by_hand.transform(*shapely.get_coordinates(before.geometry.array).T))
    vertices = shapely.get_coordinates(after.geometry.array)
    assert np.abs(vertices - expected).max() < 1e-3 if suffix == "gdb" else np.abs(vertices - expected).max() < 1e-6
    # Shared vertices stay shared.
    first, second = after.geometry.array[:2]
    assert shapely.intersection(first, second).length == pytest.approx(1000, rel=0.01)
    boundary = next(layer for layer in run.converted if layer.name == "CZKFBJ")
    geod = Geod(a=6378137, rf=298.257222101)
    to_degrees = Transformer.from_pipeline(f"+proj=pipeline +step +inv {make_gauss_kruger(114, 38_500_000)} +step "
                                           "+proj=unitconvert +xy_in=rad +xy_out=deg")  # fmt: skip
    area = sum(
        abs(geod.polygon_area_perimeter(*to_degrees.transform(*shapely.get_coordinates(shape).T))[0])
        for shape in make_shapes()
    )
    # The statutory area has edges that are straight in degrees, the geodesic one the shortest.
    assert boundary.area_before_m2 == pytest.approx(area, rel=2e-5)
    # The grid of a FileGDB, 0.1 mm, times the perimeter of 5 km.
    assert boundary.area_after_m2 == pytest.approx(boundary.area_before_m2, abs=0.5 if suffix == "gdb" else 0.01)
    # An edge of 1500 m bends by about a millimetre and a half (0.8 mm for a kilometre; it grows with the square).
    assert 5e-4 < boundary.bend_m < 5e-3 and boundary.move_m <= 1e-3
    with table.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))
    assert {row[0] for row in rows[1:]} == {"CZKFBJ", "XZQJX"} and all(float(row[7]) <= 1e-3 for row in rows[1:])


def test_file_states_the_new_extent_and_crs(tmp_path):
    source, copy = write_layers(tmp_path / "a.gpkg"), tmp_path / "b.gpkg"
    change_crs_zone(str(source), str(copy), number=ZoneNumber.STRIP)
    with closing(sqlite3.connect(copy)) as database:
        extent = database.execute("SELECT min_x, max_x, srs_id FROM gpkg_contents WHERE table_name='CZKFBJ'").fetchone()
        indexed = database.execute("SELECT min(minx), max(maxx) FROM rtree_CZKFBJ_geom").fetchone()
    assert (
        extent[0] == pytest.approx(560_000.123) and extent[1] == pytest.approx(563_010) and extent[2] == ZONE_38_PLAIN
    )
    assert indexed == pytest.approx((560_000.1, 563_010), abs=1)


def test_shapefiles_get_another_projection_file(tmp_path):
    folder, copy = tmp_path / "数据", tmp_path / "去带号"
    folder.mkdir()
    gpd.GeoDataFrame({"BSM": ["1"], "BZ": ["备注"]}, geometry=make_shapes()[:1], crs=ZONE_38).to_file(
        folder / "CZKFBJ.shp", encoding="UTF-8"
    )
    change_crs_zone(str(folder), str(copy), number=ZoneNumber.STRIP)
    (layer,) = read_source(copy)
    assert layer.crs.to_epsg() == ZONE_38_PLAIN and layer.frame["BZ"].tolist() == ["备注"]
    assert layer.frame.total_bounds[0] == pytest.approx(560_000.123, abs=1e-7)


def write_curve(path):
    """Write a polygon with an arc, through GDAL's own program."""
    text = path.with_suffix(".csv")
    text.write_text(f'WKT,BSM\n"{CURVE}",1\n', encoding="utf-8")
    options = ["-f", "GPKG", "-nln", "CZKFBJ", "-a_srs", "EPSG:4526", "-nlt", "CURVEPOLYGON"]
    subprocess.run(["ogr2ogr", *options, str(path), str(text)], check=True, capture_output=True)
    return path


def test_arcs_survive_a_new_zone_number_and_stop_another_zone(tmp_path):
    source, copy = write_curve(tmp_path / "a.gpkg"), tmp_path / "b.gpkg"
    change_crs_zone(str(source), str(copy), number=ZoneNumber.STRIP)
    (layer,) = read_source(copy)
    assert "CIRCULARSTRING (500000.0 4400000.0, 500250.0 4400100.5" in next(iter(layer.curve_texts.values()))
    with pytest.raises(InputError) as refused:
        change_crs_zone(str(source), str(tmp_path / "c.gpkg"), zone=37)
    assert refused.value.key == "zone_arcs" and not (tmp_path / "c.gpkg").exists()


@pytest.mark.parametrize(
    ("crs", "options", "key"),
    [
        (ZONE_38, {}, "zone_nothing"),
        (ZONE_38, {"zone": 38}, "zone_nothing"),
        (ZONE_38, {"number": ZoneNumber.ADD}, "zone_nothing"),
        (ZONE_38, {"zone": 46}, "zone_unknown"),
        (32650, {"zone": 38}, "zone_crs"),
        (2362, {"zone": 38}, "zone_crs"),
        (None, {"zone": 38}, "zone_no_crs"),
    ],
)
def test_layer_that_has_no_zone_is_named_and_nothing_is_written(tmp_path, crs, options, key):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"BSM": ["1"]}, geometry=make_shapes()[:1], crs=crs).to_file(path, layer="CZKFBJ")
    with pytest.raises(InputError) as refused:
        change_crs_zone(str(path), str(tmp_path / "b.gpkg"), **options)
    assert refused.value.key == key
    assert [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]


def write_with_gdal(path, layers):
    """Write layers through GDAL: name → (EPSG code, WKT of each row, creation options)."""
    from osgeo import ogr, osr

    driver = {".gdb": "OpenFileGDB", ".gpkg": "GPKG"}[path.suffix]
    database = ogr.GetDriverByName(driver).CreateDataSource(str(path))
    for name, (code, texts, options) in layers.items():
        reference = osr.SpatialReference()
        reference.SetFromUserInput(code)
        layer = database.CreateLayer(name, reference, ogr.wkbMultiPolygon, options)
        for text in texts:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkt(text)))
            layer.CreateFeature(feature)
            del feature
        del layer
    del database
    return path


SQUARE = "POLYGON ((560000 4390000, 560100 4390000, 560100 4390100, 560000 4390100, 560000 4390000))"
WITH_NUMBER = SQUARE.replace("560", "38560")


def test_feature_dataset_that_would_keep_its_crs_is_refused(tmp_path):
    source = write_with_gdal(tmp_path / "a.gdb", {"DLTB": ("EPSG:4547", [SQUARE], ["FEATURE_DATASET=FD"])})
    with pytest.raises(OutputError) as refused:
        change_crs_zone(str(source), str(tmp_path / "b.gdb"), number=ZoneNumber.ADD)
    assert refused.value.key == "zone_dataset" and not (tmp_path / "b.gdb").exists()


@pytest.mark.parametrize(
    ("code", "shapes", "key"),
    [
        ("EPSG:4547", [WITH_NUMBER], "zone_contradiction"),
        ("EPSG:4547", [SQUARE] * 5 + [WITH_NUMBER], "zone_stray"),
        ("EPSG:4547+5737", [SQUARE], "zone_heights"),
        ("EPSG:4490", ["POLYGON ((114 39, 114.1 39, 114.1 39.1, 114 39))"], "zone_degrees"),
    ],
)
@pytest.mark.parametrize("options", [{"number": ZoneNumber.ADD}, {"zone": 37}])
def test_land_that_a_change_would_move_is_refused(tmp_path, code, shapes, key, options):
    source = write_with_gdal(tmp_path / "a.gpkg", {"CZKFBJ": (code, shapes, [])})
    with pytest.raises(InputError) as refused:
        change_crs_zone(str(source), str(tmp_path / "b.gpkg"), **options)
    assert refused.value.key == key and [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]


def test_coordinate_that_is_not_a_number_is_refused_with_its_feature(tmp_path):
    path = tmp_path / "a.gpkg"
    line = shapely.LineString([(560_000, 4_390_000), (float("nan"), 4_390_000), (560_100, 4_390_000)])
    shapes = [shapely.LineString([(560_000, 4_390_000), (560_100, 4_390_000)]), line]
    gpd.GeoDataFrame({"BSM": ["1", "2"]}, geometry=shapes, crs=ZONE_38_PLAIN).to_file(path, layer="XZQJX")
    with pytest.raises(InputError) as refused:
        change_crs_zone(str(path), str(tmp_path / "b.gpkg"), number=ZoneNumber.ADD)
    assert refused.value.key == "zone_endless" and refused.value.params["fid"] == 2


def test_layer_with_a_quotation_mark_and_with_empty_shapes_is_converted(tmp_path):
    shapes = [SQUARE, "MULTIPOLYGON EMPTY"]
    source = write_with_gdal(tmp_path / "a.gpkg", {'界 "1"': ("EPSG:4547", shapes, [])})
    run = change_crs_zone(str(source), str(tmp_path / "b.gpkg"), zone=37)
    assert run.converted[0].feature_count == 2 and run.converted[0].vertex_count == 5


@given(st.integers(25, 45), st.integers(25, 45), st.booleans(), st.sampled_from(ZoneNumber))
def test_planned_crs_has_the_chosen_meridian_and_number(source_zone, zone, has_number, number):
    source = make_gauss_kruger_crs(source_zone, 3, has_number=has_number)
    change = plan_zone_change("CZKFBJ", source, zone, number)
    keeps_number = has_number if number is ZoneNumber.KEEP else number is ZoneNumber.ADD
    if source_zone == zone and keeps_number == has_number:
        assert change is None
        return
    expected = CRS.from_proj4(make_gauss_kruger(zone * 3, 500_000 + keeps_number * zone * 1_000_000))
    point = Transformer.from_crs(expected.geodetic_crs, expected, always_xy=True).transform(zone * 3 + 0.7, 38.5)
    again = Transformer.from_crs(4490, change.target_crs, always_xy=True).transform(zone * 3 + 0.7, 38.5)
    assert again == pytest.approx(point, abs=1e-6)
    assert (change.shift_m is None) == (source_zone != zone)


def test_six_degree_zone_loses_its_number_where_its_meridian_is_that_of_a_three_degree_zone():
    # EPSG:4497 is the 6° zone 19 (central meridian 111°), the meridian of the 3° zone 37.
    change = plan_zone_change("CZKFBJ", CRS.from_epsg(4497), 0, ZoneNumber.STRIP)
    assert change.shift_m == -19_000_000 and change.target_crs.to_epsg() == 4546


def test_command_prints_the_proof(tmp_path, capsys):
    from plugin.core.__main__ import main

    source = write_layers(tmp_path / "a.gpkg")
    assert main(["zone", str(source), str(tmp_path / "b.gpkg"), "--zone", "37"]) == 0
    output = capsys.readouterr().out
    assert "EPSG:4526 → EPSG:4525" in output and "STBHHX" in output
    assert main(["zone", str(source), str(tmp_path / "c.gpkg"), "--lang", "en"]) == 2


def test_cancelled_change_writes_nothing(tmp_path):
    source, calls = write_layers(tmp_path / "a.gpkg"), []
    cancellation = Cancellation(lambda: len(calls) > 2 or calls.append(1))
    with pytest.raises(Cancelled):
        change_crs_zone(str(source), str(tmp_path / "b.gpkg"), zone=37, cancellation=cancellation)
    assert [one.name for one in tmp_path.iterdir()] == ["a.gpkg"]
