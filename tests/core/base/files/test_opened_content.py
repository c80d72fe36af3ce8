# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose content names other files or a server are refused before a driver opens them."""

import json
import select
import socket
import sqlite3
from contextlib import closing

import pyogrio
import pytest

from plugin.core.base.errors import InputError
from plugin.core.plan.io import read_source
from tests.core.small_plan import explain_error, make_small_plan_layers, write_gpkg, write_shapefiles

VIRTUAL_LAYER = "<OGRVRTDataSource><OGRVRTLayer name='CZKFBJ'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>"
SERVICE = "<?xml version='1.0'?><OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>"
GRIDS = 'GEOGCS["a",DATUM["b",SPHEROID["c",6378137,298],EXTENSION["PROJ4_GRIDS","{}"]],PRIMEM["d",0],UNIT["e",0.017]]'
LINK = '{"type": "FeatureCollection", "features": [], "crs": {"type": "link", "properties": {"href": "{}"}}}'
#: File name, and its content in which {} is what it names; SQL is run in a GeoPackage.
HOSTILE_FILES = {
    "virtual layer as GeoPackage": ("a.gpkg", VIRTUAL_LAYER),
    "virtual layer as FlatGeobuf": ("a.fgb", VIRTUAL_LAYER),
    "virtual layer of a server as MapInfo": ("a.tab", VIRTUAL_LAYER.replace("{}", "/vsicurl/{}")),
    "virtual layer in a text of GeoJSON": (
        "a.geojson",
        json.dumps({"type": "FeatureCollection", "name": VIRTUAL_LAYER}),
    ),
    "service as GML": ("a.gml", SERVICE),
    "service as KML": ("a.kml", SERVICE),
    "algorithm as JSON": ("a.json", '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {}"}'),
    "linked CRS": ("a.geojson", LINK),
    "CRS by address, in capitals": ("a.geojson", LINK.replace('"crs"', '"CRS"').replace("link", "URL")),
    "linked CRS of a geometry": ("a.json", '{"type": "Point", "coordinates": [1, 2], ' + LINK[LINK.index('"crs"') :]),
    "linked CRS in other letters": ("a.geojson", LINK.replace('"crs"', '"\\u0063rs"').replace("link", "l\\u0069nk")),
    "CRS that is too long": ("a.geojson", LINK.replace("{}", "{}" + "x" * 20_000)),
    "grids of a CRS in Esri JSON": (
        "a.json",
        json.dumps({"geometryType": "esriGeometryPoint", "features": [], "spatialReference": {"wkt": GRIDS}}),
    ),
    "MapInfo tables in one": ("a.tab", '!table\n!version 100\nopen table "{}" hide\ncreate view a as select * from b'),
    "MapInfo tables side by side": ("a.tab", '!table\nbegin_metadata\n"\\IsSeamless" = "TRUE"\n'),
    "virtual table": (
        "SQL",
        (
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) "
            "VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualShape(''{}'', UTF-8, 4526)')"
        ),
    ),
    "grids of a CRS in a GeoPackage": ("SQL", f"UPDATE gpkg_spatial_ref_sys SET definition = '{GRIDS}'"),
    "list of CRSs of a shapefile": ("CZKFBJ.prj", "+init={}:1"),
    "grids of a CRS of a shapefile": ("CZKFBJ.prj", GRIDS),
}


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening
        assert not select.select([listening], [], [], 0)[0], "a connection was made"


@pytest.mark.parametrize(("name", "content"), HOSTILE_FILES.values(), ids=HOSTILE_FILES)
def test_content_that_names_a_file_or_a_server_is_refused_unopened(tmp_path, server, name, content):
    content = content.replace("{}", f"http://127.0.0.1:{server.getsockname()[1]}/x.geojson")
    path = tmp_path / name
    if name == "SQL":
        path = write_gpkg(tmp_path / "a.gpkg", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
        with closing(sqlite3.connect(path)) as database, database:
            database.executescript(content)
    elif name.endswith(".prj"):
        write_shapefiles(tmp_path, "UTF-8", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
        path.write_text(content)
        path = path.with_suffix(".shp")
    else:
        path.write_text(content)
    with pytest.raises(InputError) as raised:
        read_source(path)
    assert raised.value.key == "source_refers"
    text = explain_error(raised.value)
    assert path.name in text and "请" in text and ("127.0.0.1" in text or "IsSeamless" in text or "xxx" in text), text


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.kml", "a.xml", "a.dat"])
def test_content_of_another_format_is_refused(tmp_path, name):
    (tmp_path / "a.dbf").write_bytes(bytes(33))
    (tmp_path / name).write_text(LINK.replace("link", "name") + " " * 90)
    with pytest.raises(InputError, match="source_not_gis"):
        read_source(tmp_path / name)


def test_schemas_that_a_gml_file_names_are_not_loaded(tmp_path, server):
    pyogrio.write_dataframe(make_small_plan_layers()["CZKFBJ"], tmp_path / "CZKFBJ.gml", driver="GML", layer="CZKFBJ")
    address = f"http://127.0.0.1:{server.getsockname()[1]}/wfs?SERVICE=WFS&amp;REQUEST=DescribeFeatureType"
    text = (tmp_path / "CZKFBJ.gml").read_text(encoding="utf-8").replace("CZKFBJ.xsd", address)
    text = text.replace("ogr:FeatureCollection", "wfs:FeatureCollection").replace(
        "xmlns:ogr", 'xmlns:wfs="http://www.opengis.net/wfs" xmlns:ogr'
    )
    (tmp_path / "CZKFBJ.gml").write_text(text, encoding="utf-8")
    schema = (tmp_path / "CZKFBJ.xsd").read_text(encoding="utf-8")
    schema = schema.replace("<xs:import", f'<xs:include schemaLocation="/vsicurl/{address}"/>\n<xs:import', 1)
    (tmp_path / "CZKFBJ.xsd").write_text(schema, encoding="utf-8")
    (layer,) = read_source(tmp_path / "CZKFBJ.gml")
    assert len(layer.frame) == 1 and "GHFQMC" in layer.frame


def test_crs_named_in_gbk_is_read(tmp_path):
    write_shapefiles(tmp_path, "UTF-8", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
    prj = tmp_path / "CZKFBJ.prj"
    prj.write_bytes(prj.read_text().replace('PROJCS["', 'PROJCS["国家2000_', 1).encode("gbk"))
    (layer,) = read_source(tmp_path / "CZKFBJ.shp")
    assert layer.crs.to_epsg() == 4526 and not layer.notices
