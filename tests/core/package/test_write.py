# SPDX-License-Identifier: GPL-2.0-or-later
"""Written FileGDB, GeoPackage and shapefiles read back equal to the plan.

Readers are fiona, osgeo and pyogrio.
"""

import csv
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.base.errors import InputError
from plugin.core.geometry.crs import reproject_geometries
from plugin.core.geometry.statutory_area import measure_statutory_area
from plugin.core.package.layers import layer_writers
from plugin.core.package.layers.content import make_package_layers
from plugin.core.package.layers.layer_writers import write_database, write_shapefiles
from plugin.core.package.layers.read_back import find_shape_changes, read_back
from plugin.core.package.names import FIELD_NAME_FILE
from tests.core.package.test_layer_validation import RING_CASES
from tests.core.package_fixtures import (
    PARCEL_VALUES,
    make_awkward_shapes,
    make_content_of_single_layer,
    make_data_set_spec,
    make_package_plan,
)
from tests.core.small_plan import X, Y, make_county_box, make_table
from tests.parametrize import first_daily

pytestmark = pytest.mark.slow  # it writes and reads whole databases

gdal = pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")
ogr = pytest.importorskip("osgeo.ogr")
fiona = pytest.importorskip("fiona")

GEODETIC, ZONE_38 = CRS.from_epsg(4490), CRS.from_epsg(4526)
AREA_VALUES = [10_000.123456789, 0.1, 1 / 3, 123456.7, None]


def make_written_plan():
    """Return a plan whose values and shapes are difficult for file formats."""
    drawn = make_awkward_shapes()
    return make_package_plan(
        DLTB=drawn.assign(
            TBMJ=AREA_VALUES,
            ZLDWMC=["浑源县永安镇𠮷", "䶮镇", "a'b\"c", None, "长" * 255],
            SJNF=[2020, None, 2020, 2020, 2020],
        ),
        XZQX=make_table([make_county_box(0, 0, 2000, 1000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        ZDJTJCSSX=make_table([shapely.LineString([(X, Y), (X + 50.5, Y + 7.25), (X + 90, Y)])], MC=["108国道"]),
        ZDJCSSD=make_table([shapely.Point(X + 1 / 3, Y + 1 / 7), None], MC=["变电站", "没有位置"]),
    )


def write_data_set(plan, path, spec, crs=None):
    """Write a plan as one data set in the format of the path; return the content of each written layer."""
    crs = crs or CRS.from_user_input(spec.crs)
    filled, _ = make_package_layers(plan, spec)
    if path.suffix == ".shp":
        write_shapefiles(path.with_suffix(""), filled, crs, encoding=spec.encoding)
    else:
        horizontal_crs = crs.sub_crs_list[0] if crs.is_compound else crs
        write_database(path, filled, crs, code_lists=plan.norm.standard.code_lists, horizontal_crs=horizontal_crs)
    return filled


def get_layer_file(path, content):
    return path.with_suffix("") / f"{content.name}.shp" if path.suffix == ".shp" else path


@pytest.fixture(params=["fiona", "fiona blocked"])
def blocked_reader(request, monkeypatch):
    if request.param == "fiona blocked":
        for name in [n for n in sys.modules if n.split(".")[0] == "fiona"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "fiona", None)
    return request.param


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4526"])
@pytest.mark.parametrize("file", ["库 一.gdb", "库 一.gpkg"])
def test_written_filegdb_and_geopackage_read_back_equal(tmp_path, file, crs, blocked_reader):
    plan, path = make_written_plan(), tmp_path / file
    spec = make_data_set_spec(file, crs=crs)
    for content in write_data_set(plan, path, spec):
        done = read_back(path, content, CRS.from_user_input(crs))
        assert not done.difference_counts, done.difference_counts
        assert done.feature_count == len(content) and done.field_count == len(content.template.fields)
        assert done.max_vertex_shift_m < 1e-6 and done.max_area_difference_m2 < 1e-3
        assert done.library_version.startswith("pyogrio" if "blocked" in blocked_reader else "fiona")
        assert done.has_declared_widths == ("blocked" not in blocked_reader)


def shorten_values(plan):
    """Replace texts and numbers of a plan by ones that fit a shapefile."""
    frame = plan.layers["DLTB"].frame
    frame["ZLDWMC"], frame["TBMJ"] = (
        ["浑源县永安镇", "大磁窑镇", "a'b\"c", None, "长" * 80],
        [10_000.12, 0.1, 3.5, 1e6, None],
    )
    return plan


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_written_shapefiles_read_back_equal(tmp_path, encoding, blocked_reader):
    plan, path = shorten_values(make_written_plan()), tmp_path / "矢量 数据.shp"
    spec = make_data_set_spec(path.name, crs="EPSG:4490", encoding=encoding)
    for content in write_data_set(plan, path, spec):
        done = read_back(get_layer_file(path, content), content, GEODETIC)
        assert not done.difference_counts, done.difference_counts
    folder = path.with_suffix("")
    assert (folder / "DLTB.cpg").read_text() == encoding
    raw = (folder / "DLTB.dbf").read_bytes()
    assert "浑源县永安镇".encode(encoding) in raw and len(list(folder.glob("*.shp"))) == 4
    with fiona.open(folder / "DLTB.shp") as layer:
        assert next(f["properties"]["ZLDWMC"] for f in layer) == "浑源县永安镇"
        assert layer.schema["properties"]["BSM"] == "str:18"
    with (folder / FIELD_NAME_FILE).open(encoding="utf-8-sig", newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["图层"] == "DLTB"]
    template = plan.norm.standard.templates["DLTB"]
    assert [r["字段"] for r in rows] == [f.name for f in template.fields]
    assert all(len(r["导出字段"].encode(encoding)) <= 10 for r in rows)
    assert next(r for r in rows if r["字段"] == "TBMJ")["字段名称"] == "图斑面积"


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_shapefile_texts_read_back_equal_under_the_gdal_encoding_setting_of_qgis(tmp_path, encoding):
    """Set SHAPE_ENCODING to empty, as QGIS does; the export must restore it."""
    from osgeo import gdal

    before = gdal.GetConfigOption("SHAPE_ENCODING")
    gdal.SetConfigOption("SHAPE_ENCODING", "")
    try:
        test_written_shapefiles_read_back_equal(tmp_path, encoding, "fiona")
        assert gdal.GetConfigOption("SHAPE_ENCODING") == ""
    finally:
        gdal.SetConfigOption("SHAPE_ENCODING", before)


def test_sizes_of_shapefiles_are_estimated_exactly_before_writing(tmp_path):
    plan, path = shorten_values(make_written_plan()), tmp_path / "a.shp"
    for content in write_data_set(plan, path, make_data_set_spec(path.name, crs="EPSG:4490")):
        file = get_layer_file(path, content)
        estimated = layer_writers.estimate_file_sizes(content.transform_shapes(GEODETIC), content.template.fields)
        assert estimated == (file.stat().st_size, file.with_suffix(".dbf").stat().st_size), content.name


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_null_and_zero_written_to_a_shapefile_are_read_back_as_null_and_zero(tmp_path, encoding, blocked_reader):
    plan, path = shorten_values(make_written_plan()), tmp_path / "a.shp"
    plan.layers["DLTB"].frame["SJNF"] = [0, None, 2020, -1, None]
    plan.layers["DLTB"].frame["TBMJ"] = [0.0, None, -0.01, 1.0, None]
    content = next(
        c for c in write_data_set(plan, path, make_data_set_spec(path.name, encoding=encoding)) if c.name == "DLTB"
    )
    assert not read_back(get_layer_file(path, content), content, ZONE_38).difference_counts
    rows = [f["properties"] for f in fiona.open(get_layer_file(path, content))]
    assert [r["SJNF"] for r in rows] == [0, None, 2020, -1, None]
    assert [r["TBMJ"] for r in rows] == [0.0, None, -0.01, 1.0, None]
    # The encoding mark in the dbf header: 0x4D for GBK (code page 936), 0 for UTF-8.
    assert get_layer_file(path, content).with_suffix(".dbf").read_bytes()[29] == {"GBK": 0x4D, "UTF-8": 0}[encoding]


def test_written_filegdb_has_the_field_types_domains_and_feature_datasets_of_the_standard(tmp_path):
    """Read names, types and lengths by fiona, and aliases, domains and feature datasets by osgeo.

    The compound CRS contains heights if they are requested.
    """
    plan, path = make_written_plan(), tmp_path / "a.gdb"
    write_data_set(plan, path, make_data_set_spec(crs="EPSG:4490"), CRS.from_user_input("EPSG:4490+5737"))
    templates = plan.norm.standard.templates
    with fiona.open(path, layer="DLTB") as layer:
        properties = dict(layer.schema["properties"])
        rows = [dict(f["properties"]) for f in layer]
    assert list(properties) == [f.name for f in templates["DLTB"].fields]
    assert properties["BSM"] == "str:18" and properties["TBMJ"] == "float" and properties["SJNF"] == "int32"
    assert [r["TBMJ"] for r in rows] == AREA_VALUES and rows[0]["ZLDWMC"] == "浑源县永安镇𠮷"
    database = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    layer = database.GetLayerByName("DLTB")
    definition = layer.GetLayerDefn()
    for number, declared in enumerate(templates["DLTB"].fields):
        column = definition.GetFieldDefn(number)
        assert column.GetAlternativeName() == declared.alias
        assert column.GetType() != ogr.OFTInteger64
        if declared.codes:
            domain = database.GetFieldDomain(column.GetDomainName())
            assert set(domain.GetEnumeration()) == set(
                plan.norm.standard.code_lists[declared.codes].get_names_by_written_code(declared.code_pad)
            )
    reference = layer.GetSpatialRef()
    assert reference.IsCompound() and reference.GetAuthorityCode("COMPD_CS|VERT_CS") == "5737"
    assert layer.GetFeatureCount() == 5


def test_long_integers_are_stored_as_exact_doubles_in_a_filegdb(tmp_path):
    """Store integers of ten and more digits up to the exact range of a double."""
    plan = make_written_plan()
    template = plan.norm.standard.templates["DLTB"]
    declared = replace(template.find_field_by_name("SJNF"), length=15)
    fields = tuple(declared if f.name == "SJNF" else f for f in template.fields)
    content = next(c for c in make_package_layers(plan, make_data_set_spec())[0] if c.name == "DLTB")
    content = replace(content, template=replace(template, fields=fields))
    plan.layers["DLTB"].frame["SJNF"] = [2**53, 2**31, -(2**53), None, 0]
    path = tmp_path / "a.gdb"
    write_database(path, [content], ZONE_38, code_lists=plan.norm.standard.code_lists)
    assert not read_back(path, content, ZONE_38).difference_counts
    with fiona.open(path, layer="DLTB") as layer:
        assert layer.schema["properties"]["SJNF"] == "float"
        assert [f["properties"]["SJNF"] for f in layer] == [2.0**53, 2.0**31, -(2.0**53), None, 0.0]


def test_areas_of_polygons_with_long_edges_or_30_000_vertices_are_equal_when_read_back(tmp_path):
    """Use edges of ten kilometres and 30 000 vertices.

    The tolerance is max(0.01 m², 2e-6 m² × vertices).
    """
    turn = np.linspace(0, 2 * np.pi, 30_001)[:-1]
    # Edges of a hundred metres: the default grid of the format (1e-9°) would change this area by 0.5 m².
    radius = 9_000 + 50 * np.random.default_rng(1).uniform(-1, 1, len(turn))
    ring = np.column_stack([X + radius * np.cos(turn), Y + radius * np.sin(turn)])
    square = make_county_box(20_000, 0, 30_000 / 3, 30_000 / 7)
    plan = make_package_plan(
        DLTB=make_table([shapely.Polygon(ring), square], **{k: [v] * 2 for k, v in PARCEL_VALUES.items()})
    )
    for crs in (GEODETIC, ZONE_38):
        path = tmp_path / f"{crs.to_epsg()}.gdb"
        (content,) = write_data_set(plan, path, make_data_set_spec(crs=f"EPSG:{crs.to_epsg()}"))
        with fiona.open(path, layer="DLTB") as layer:
            found = np.array([shapely.geometry.shape(f["geometry"]) for f in layer], dtype=object)
        drawn = reproject_geometries(plan.layers["DLTB"].raw_shapes, ZONE_38, crs)
        areas = [measure_statutory_area(reproject_geometries(s, crs, GEODETIC)) for s in (drawn, found)]
        assert np.abs(areas[0] - areas[1]).max() < 0.01
        assert read_back(path, content, crs).max_area_difference_m2 == pytest.approx(
            np.abs(areas[0] - areas[1]).max(), abs=1e-6
        )


def test_area_of_a_written_bow_tie_equals_its_area_in_the_plan(tmp_path):
    """Write a bow-tie polygon; without repair the areas of its halves would cancel."""
    tie = shapely.Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])
    plan = make_package_plan(
        DLTB=make_table([tie, make_county_box(500, 0)], **{k: [v] * 2 for k, v in PARCEL_VALUES.items()})
    )
    for crs in (GEODETIC, ZONE_38):
        path = tmp_path / f"{crs.to_epsg()}.gdb"
        (content,) = write_data_set(plan, path, make_data_set_spec(crs=f"EPSG:{crs.to_epsg()}"))
        done = read_back(path, content, crs)
        assert not done.difference_counts and done.areas_m2["statutory"] == pytest.approx(
            plan.layers["DLTB"].statutory.sum(), abs=0.01
        )
        assert done.areas_m2["statutory"] == pytest.approx(15_000, rel=1e-3)


def test_dates_and_times_of_a_written_database_read_back_equal(tmp_path):
    role, name = next(
        (r, f.name)
        for r, t in make_written_plan().norm.standard.templates.items()
        for f in t.fields
        if f.type == "date" and t.geometry == "polygon" and not t.base
    )
    moments = [datetime(2026, 1, 31, 10, 30, 5), None, datetime(1999, 12, 31)]
    rows = make_table([make_county_box(0, 0), make_county_box(200, 0), make_county_box(400, 0)], **{name: moments})
    plan, path = make_package_plan(DLTB=make_awkward_shapes(), **{role: rows}), tmp_path / "a.gdb"
    (content,) = write_data_set(plan, path, make_data_set_spec(layers=[{"layer": role, "need": "M"}], others=False))
    assert not read_back(path, content, ZONE_38).difference_counts
    with fiona.open(path, layer=role) as layer:
        assert next(f["properties"][name] for f in layer).startswith("2026-01-31T10:30:05")


def execute_sql(path, *statements):
    """Run SQL on a GeoPackage without its triggers."""
    with closing(sqlite3.connect(path)) as database, database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            database.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "kind", "field", "feature"),
    [
        ("UPDATE DLTB SET DLBM = '0102' WHERE fid = 2", "value", "DLBM", "140225000000000002"),
        ("UPDATE DLTB SET TBMJ = TBMJ + 1e-9 WHERE fid = 3", "value", "TBMJ", "140225000000000003"),
        ("UPDATE DLTB SET ZLDWMC = NULL WHERE fid = 2", "value", "ZLDWMC", "140225000000000002"),
        ("UPDATE DLTB SET SJNF = 0 WHERE fid = 2", "value", "SJNF", "140225000000000002"),
        (
            "UPDATE DLTB SET geom = (SELECT geom FROM DLTB WHERE fid = 1) WHERE fid = 5",
            "shape",
            "",
            "140225000000000005",
        ),
        ("UPDATE DLTB SET geom = NULL WHERE fid = 4", "shape", "", "140225000000000004"),
        ("DELETE FROM DLTB WHERE fid = 5", "count", "", None),
        ("UPDATE gpkg_ogr_contents SET feature_count = 4 WHERE table_name = 'DLTB'", "count", "", None),
        ("ALTER TABLE DLTB DROP COLUMN DLMC", "fields", "DLMC", None),
        ("UPDATE gpkg_geometry_columns SET srs_id = 4490", "crs", None, None),
    ],
)
def test_each_change_made_to_a_written_layer_is_found_on_reading_back_with_its_kind_and_field(
    tmp_path, statement, kind, field, feature, blocked_reader
):
    plan, path = make_written_plan(), tmp_path / "a.gpkg"
    content = next(c for c in write_data_set(plan, path, make_data_set_spec(path.name)) if c.name == "DLTB")
    if kind == "crs":
        more = [
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys SELECT 'CGCS2000', 4490, 'EPSG', 4490, definition, '' FROM gpkg_spatial_ref_sys WHERE srs_id = 4326"
        ]
        more.append("UPDATE gpkg_contents SET srs_id = 4490")
    elif statement.startswith("DELETE"):
        # The row count stored in a GeoPackage is not trusted.
        more = ["UPDATE gpkg_ogr_contents SET feature_count = 5 WHERE table_name = 'DLTB'"]
    else:
        more = []
    execute_sql(path, *more, statement)
    done = read_back(path, content, ZONE_38)
    assert done.difference_counts
    found = {(k, f if field is not None else None) for k, f in done.difference_counts}
    assert (kind, field) in found, done.difference_counts
    if feature:
        assert done.example_names[kind, field] == [feature]


def test_vertex_moved_by_a_millimetre_is_found_on_reading_back(tmp_path):
    plan, path = make_written_plan(), tmp_path / "a.gdb"
    content = next(c for c in write_data_set(plan, path, make_data_set_spec()) if c.name == "DLTB")
    shapes = plan.layers["DLTB"].frame.geometry.to_numpy()
    shapes[1] = shapely.transform(shapes[1], lambda c: c + np.where(np.arange(len(c)) == 2, 1e-3, 0)[:, None])
    plan.layers["DLTB"].__dict__.pop("raw_shapes", None)
    assert read_back(path, content, ZONE_38).example_names["shape", ""] == ["140225000000000002"]


def test_multipoints_of_one_point_read_back_equal(tmp_path, blocked_reader):
    points = make_table([shapely.MultiPoint([(X + 1, Y + 1)]), shapely.Point(X + 9, Y)], MC=["甲", "乙"])
    plan = make_package_plan(ZDJCSSD=points, DLTB=make_awkward_shapes())
    for file in ("a.shp", "a.gpkg", "a.gdb"):
        spec = make_data_set_spec(file, layers=[{"layer": "ZDJCSSD", "need": "M"}], others=False)
        (content,) = write_data_set(plan, tmp_path / file, spec)
        assert not read_back(get_layer_file(tmp_path / file, content), content, ZONE_38).difference_counts, file


def test_vertex_with_a_non_finite_coordinate_counts_as_a_difference(tmp_path):
    """Compare a vertex at NaN; its distance exceeds no tolerance."""
    plan, path = make_written_plan(), tmp_path / "a.gpkg"
    plan.layers["DLTB"].raw_shapes[1] = shapely.Polygon([(X, Y), (np.nan, Y), (X + 100, Y + 100)])
    content = next(c for c in write_data_set(plan, path, make_data_set_spec(path.name)) if c.name == "DLTB")
    done = read_back(path, content, ZONE_38)
    assert done.example_names["shape", ""] == done.example_names["area", ""] == ["140225000000000002"]


def test_damaged_database_raises_an_input_error_on_reading_back(tmp_path, blocked_reader):
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    content = make_package_layers(make_written_plan(), make_data_set_spec(path.name))[0][0]
    with pytest.raises(InputError):
        read_back(path, content, ZONE_38)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [(n, s) for n, (_, lost) in RING_CASES.items() for s in (".gdb", ".shp", ".gpkg") if s not in lost],
)
@pytest.mark.parametrize("crs", first_daily([4526, 4490]))
def test_rings_without_a_warning_before_export_read_back_equal(tmp_path, name, crs, suffix):
    assert find_ring_differences(tmp_path, RING_CASES[name][0], crs, suffix) == set()


@pytest.mark.parametrize("name", ["a part in a part", "a part over a hole", "a hole outside", "a hole in a hole"])
@pytest.mark.parametrize("suffix", [".gdb", ".shp"])
def test_nested_rings_reported_before_export_have_another_area_when_an_affected_gdal_reads_them_back(
    tmp_path, name, suffix
):
    """Write rings that some versions of GDAL read differently.

    GDAL 3.10 distinguishes shell and hole of a shapefile by winding, GDAL 3.6 by nesting.
    """
    from osgeo import gdal

    by_winding = suffix == ".shp" and name != "a hole outside" and int(gdal.VersionInfo()) >= 3_100_000
    assert find_ring_differences(tmp_path, RING_CASES[name][0], 4526, suffix) == (set() if by_winding else {"area"})


def find_ring_differences(folder, shape, crs, suffix):
    """Write a shape and read it back; return the kinds of differences found."""
    plan = make_package_plan(
        DLTB=make_table([shape, make_county_box(500, 0)], **{key: [value] * 2 for key, value in PARCEL_VALUES.items()})
    )
    spec = make_data_set_spec(f"a{suffix}", crs=f"EPSG:{crs}")
    path = folder / f"a{suffix}"
    (content,) = write_data_set(plan, path, spec)
    file = path if suffix != ".shp" else path.with_suffix("") / f"{content.name}.shp"
    return {kind for kind, _ in read_back(file, content, CRS.from_epsg(crs)).difference_counts}


def test_shapes_that_became_valid_or_invalid_or_lost_a_ring_by_writing_are_found_by_row():
    square, hole = shapely.box(X, Y, X + 9, Y + 9), shapely.box(X + 2, Y + 2, X + 3, Y + 3)
    flat = shapely.Polygon([(X, Y), (X + 10, Y), (X + 20, Y), (X, Y)])
    thin = shapely.Polygon([(X, Y), (X + 10, Y + 1e-6), (X + 20, Y), (X, Y)])
    written = [flat, square, shapely.difference(square, hole), square]
    read = np.array([thin, shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)]), square, square])
    table = make_table(written, **{k: [v] * len(written) for k, v in PARCEL_VALUES.items()})
    content = make_content_of_single_layer(make_package_plan(DLTB=table), make_data_set_spec())
    rows = next(content.iterate_batches(ZONE_38))
    found = {kind: rows.tolist() for kind, rows in find_shape_changes(content, rows, read).items()}
    assert found == {"valid": [0], "invalid": [1], "rings": [2]}
    unchanged = find_shape_changes(content, rows, rows.shapes)
    assert not any(len(changed) for changed in unchanged.values())
