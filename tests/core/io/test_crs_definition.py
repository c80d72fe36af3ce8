# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions of coordinate systems in files, compared with the codes in the same files."""

import re
import sqlite3

import pytest
from pyproj import CRS

from plugin.core.check import RunOptions, check_plan
from plugin.core.io import read_source
from plugin.core.io.crs_definition import find_contradicting_crs
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
        path = write_definition(write_gpkg(tmp_path / f"{number}.gpkg"), text)
        assert find_contradicting_crs(path, ROLE) == ""


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
