# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate systems that files declare, compared with their shapes and codes."""

import re
import sqlite3
import struct

import pytest
from pyproj import CRS

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.report import Verdict
from plugin.core.plan.io import read_source
from plugin.core.plan.io.declarations import find_contradicting_crs
from plugin.core.plan.io.stored_shapes import ShapeHeaders, read_shape_headers
from tests.core.small_plan import list_findings_of_rules, write_gpkg

ROLE = "CZKFBJ"
#: Zone 38, as the small plan has it, and its neighbour to the west.
CRS_OF_ZONE_38, CRS_OF_ZONE_37 = CRS.from_epsg(4526), CRS.from_epsg(4525)


def write_definition(path, text, column="definition"):
    """Replace the definition of the layers' CRS; code, coordinates and layers stay unchanged."""
    with sqlite3.connect(path) as database:
        if column not in {name for (_, name, *_) in database.execute("PRAGMA table_info(gpkg_spatial_ref_sys)")}:
            database.execute(f"ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN {column} TEXT")
        database.execute(f"UPDATE gpkg_spatial_ref_sys SET {column} = ? WHERE organization_coordsys_id = 4526", (text,))
    database.close()
    return path


@pytest.mark.parametrize("version", ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2015", "WKT2_2019"])
def test_definition_of_the_same_crs_in_any_wkt_does_not_contradict_its_code(tmp_path, version):
    path = write_definition(write_gpkg(tmp_path / "a.gpkg"), CRS_OF_ZONE_38.to_wkt(version))
    assert find_contradicting_crs(path, ROLE) == ""


@pytest.mark.parametrize("column", ["definition", "definition_12_063"])
def test_crs_definition_of_another_crs_zone_contradicts_the_code_of_a_geopackage(tmp_path, column):
    path = write_definition(write_gpkg(tmp_path / "a.gpkg"), CRS_OF_ZONE_37.to_wkt("WKT1_GDAL"), column)
    assert find_contradicting_crs(path, ROLE) == "EPSG:4525"
    report = check_plan(path, RunOptions()).report
    assert {finding.case for finding in list_findings_of_rules(report, "SCH003")} == {"described"}


def test_definition_with_heights_or_a_datum_shift_does_not_contradict_its_code(tmp_path):
    plane = CRS_OF_ZONE_38.to_wkt("WKT1_GDAL")
    shifted = re.sub(r"(SPHEROID\[[^\[\]]*(?:\[[^\]]*\])?\])", r"\1,TOWGS84[0,0,0,0,0,0,0]", plane)
    assert CRS.from_wkt(shifted).is_bound
    with_heights = f'COMPD_CS["x",{plane},{CRS.from_epsg(5737).to_wkt("WKT1_GDAL")}]'
    for number, text in enumerate((shifted, with_heights)):
        assert find_contradicting_crs(write_definition(write_gpkg(tmp_path / f"{number}.gpkg"), text), ROLE) == ""


@pytest.mark.parametrize("text", ["undefined", "", "PROJCS[", None])
def test_unreadable_crs_definition_is_not_compared_with_the_code(tmp_path, text):
    path = write_gpkg(tmp_path / "a.gpkg")
    if text is not None:
        write_definition(path, text)
    assert find_contradicting_crs(path, ROLE) == ""


def test_authority_code_of_another_crs_zone_in_a_prj_file_contradicts_its_parameters(tmp_path):
    layer = next(one for one in read_source(write_gpkg(tmp_path / "a.gpkg")) if one.name == ROLE)
    path = tmp_path / f"{ROLE}.shp"
    layer.frame.to_file(path, driver="ESRI Shapefile", encoding="utf-8")
    assert find_contradicting_crs(path, ROLE) == ""
    text = CRS_OF_ZONE_37.to_wkt("WKT1_GDAL").replace('AUTHORITY["EPSG","4525"]', 'AUTHORITY["EPSG","4526"]')
    path.with_suffix(".prj").write_text(text, encoding="utf-8")
    assert find_contradicting_crs(path, ROLE) == "EPSG:4525"


def test_wkid_of_another_crs_zone_in_a_geodatabase_contradicts_its_wkt(tmp_path):
    gdal = pytest.importorskip("osgeo.gdal")
    ogr = pytest.importorskip("osgeo.ogr")
    driver = ogr.GetDriverByName("OpenFileGDB")
    if not driver.TestCapability(ogr.ODrCCreateDataSource):
        pytest.skip("this GDAL writes no geodatabase")
    source = write_gpkg(tmp_path / "a.gpkg")
    path = tmp_path / "a.gdb"
    gdal.VectorTranslate(str(path), str(source), format="OpenFileGDB", layers=[ROLE])
    assert find_contradicting_crs(path, ROLE) == ""
    swapped = [f for f in path.glob("*.gdbtable") if b"WKID>4526<" in f.read_bytes()]
    assert swapped
    for file in swapped:
        file.write_bytes(file.read_bytes().replace(b"WKID>4526<", b"WKID>4525<"))
    assert find_contradicting_crs(path, ROLE) == "EPSG:4526"


def test_damaged_or_missing_databases_and_other_formats_give_no_contradicting_crs(tmp_path):
    damaged = tmp_path / "a.gpkg"
    damaged.write_bytes(b"no database")
    for path in (damaged, tmp_path / "missing.gpkg", tmp_path / "missing.gdb", tmp_path / "a.geojson"):
        assert find_contradicting_crs(path, ROLE) == ""


def declare_shape_crs(path, number, *, big_endian=False):
    """Write another srs_id into the blob of the first row; coordinates and layer stay unchanged."""
    with sqlite3.connect(path) as database:
        rows = database.execute(f"SELECT fid, geom FROM {ROLE} ORDER BY fid LIMIT 1").fetchall()
        for fid, blob in rows:
            flags = blob[3] & ~1 if big_endian else blob[3]
            srs = struct.pack(">i" if big_endian else "<i", number)
            assert not big_endian or not blob[3] >> 1 & 7, "the bounds would have to be byte-swapped, too"
            database.execute(
                f"UPDATE {ROLE} SET geom = ? WHERE fid = ?", (blob[:3] + bytes([flags]) + srs + blob[8:], fid)
            )
    database.close()
    return path


def test_shapes_declared_in_the_crs_of_their_layer_are_not_counted_as_shapes_in_another_crs(tmp_path):
    assert read_shape_headers(write_gpkg(tmp_path / "a.gpkg"), ROLE).other_crs == {}


@pytest.mark.parametrize(("number", "named"), [(4326, "EPSG:4326"), (4490, "srs_id 4490")])
def test_shapes_declared_in_another_crs_are_counted_by_crs_name(tmp_path, number, named):
    path = declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), number)
    assert read_shape_headers(path, ROLE).other_crs == {named: 1}
    layer = next(one for one in read_source(path) if one.name == ROLE)
    assert layer.shape_crs == {named: 1}
    assert len(layer.shape_crs_fids) == 1 and set(layer.shape_crs_fids) <= set(layer.frame.index)


@pytest.mark.parametrize("number", [0, -1])
def test_shapes_without_a_declared_crs_are_not_counted_as_shapes_in_another_crs(tmp_path, number):
    assert read_shape_headers(declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), number), ROLE).other_crs == {}


def test_shape_headers_of_other_formats_and_damaged_files_give_no_other_crs(tmp_path):
    damaged = tmp_path / "a.gpkg"
    damaged.write_bytes(b"no database")
    assert read_shape_headers(damaged, ROLE) == read_shape_headers(tmp_path / "a.shp", ROLE) == ShapeHeaders()


def test_plan_with_shapes_declared_in_another_crs_does_not_pass(tmp_path):
    report = check_plan(declare_shape_crs(write_gpkg(tmp_path / "a.gpkg"), 4490), RunOptions()).report
    (finding,) = list_findings_of_rules(report, "SCH003")
    assert finding.case == "shapes_declare" and finding.params["coordinates"] == "coordinates_fit"
    assert len(finding.params["fids"]) == 1 and not finding.params["more"]
    assert report.verdict is not Verdict.PASSED
