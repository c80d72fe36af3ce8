# SPDX-License-Identifier: GPL-2.0-or-later
"""Test reading QGIS layers as tables.

Edits, filters, missing values, geometries and CRS must be read correctly.
"""

import math
import shutil

import numpy as np
import pytest
import shapely
from pyproj import CRS
from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from plugin.bridge.layers.properties import (
    TEMPLATE_PROPERTY,
    convert_to_qgis_crs,
    count_unsaved_edits,
    find_row_condition,
    get_file_path,
    set_assigned_role,
)
from plugin.bridge.layers.reading import read_feature_state_by_id, read_snapshot, read_snapshots
from plugin.bridge.layers.snapshots import make_snapshot_names_unique, take_snapshot
from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.checks.live.edited_rows import are_equal_values
from plugin.core.plan.io import read_source
from tests.core.plan.io.test_parts_of_files import write_with_view
from tests.qgis.helpers import SAMPLE, make_square, write_small

pytestmark = pytest.mark.usefixtures("qgis_app")
FIELD_DEFINITIONS = (
    "field=BSM:string(18)&field=N:integer&field=X:double&field=D:date&field=T:datetime&field=B:bool&field=L:int8"
)


def make_memory_layer(wkts, kind="Polygon", crs="EPSG:4526", fields=FIELD_DEFINITIONS, values=(), name="CZKFBJ"):
    layer = QgsVectorLayer(f"{kind}?crs={crs}&{fields}", name, "memory")
    assert layer.isValid()
    rows = []
    for number, wkt in enumerate(wkts):
        row = QgsFeature(layer.fields())
        row.setAttributes(list(values[number]) if number < len(values) else [NULL] * layer.fields().count())
        if wkt is not None:
            row.setGeometry(QgsGeometry.fromWkt(wkt))
        rows.append(row)
    assert layer.dataProvider().addFeatures(rows)[0], layer.dataProvider().lastError()
    return layer


def add_feature(layer, shape, **values):
    row = QgsFeature(layer.fields())
    for name, value in values.items():
        row.setAttribute(name, value)
    row.setGeometry(QgsGeometry.fromWkt(shape.wkt))
    assert layer.addFeature(row)
    return row


def test_layer_snapshot_reads_nulls_as_missing_and_maps_field_types():
    moment = QDateTime(QDate(2020, 12, 31), QTime(23, 59, 1))
    full = ["1402", 7, 1.5, QDate(2020, 1, 2), moment, True, 9]
    table = read_snapshot(take_snapshot(make_memory_layer([make_square(0, 0).wkt] * 2, values=[full, [NULL] * 7])))
    assert [(f.name, f.type) for f in table.fields] == [
        ("BSM", "text"), ("N", "integer"), ("X", "real"), ("D", "date"), ("T", "date"), ("B", "integer"), ("L", "integer"),
    ]  # fmt: skip
    assert table.fields[0].length == 18
    frame = table.frame
    assert frame["BSM"].tolist() == ["1402", None]
    assert frame["N"].iloc[0] == 7 and frame["N"].isna().iloc[1]
    assert frame["X"].iloc[0] == 1.5 and math.isnan(frame["X"].iloc[1])
    assert str(frame["D"].iloc[0].date()) == "2020-01-02" and frame["D"].isna().iloc[1]
    assert str(frame["T"].iloc[0]) == "2020-12-31 23:59:01"
    assert frame.isna().iloc[1].drop("geometry").all()


def test_layer_snapshot_equals_the_table_read_from_its_file():
    for source in read_source(SAMPLE):
        layer = QgsVectorLayer(f"{SAMPLE}|layername={source.name}", source.name, "ogr")
        table = read_snapshot(take_snapshot(layer))
        assert table.fields == source.fields or [(f.name, f.type) for f in table.fields] == [
            ("fid", "integer"), *((f.name, f.type) for f in source.fields)
        ]  # fmt: skip
        assert table.crs == source.crs
        assert table.frame.index.tolist() == source.frame.index.tolist()
        ours, theirs = table.frame.geometry.to_numpy(), source.frame.geometry.to_numpy()
        assert (shapely.is_missing(ours) == shapely.is_missing(theirs)).all()
        assert shapely.equals_exact(ours, theirs)[~shapely.is_missing(ours)].all()
        for name in (f.name for f in source.fields):
            left, right = table.frame[name], source.frame[name]
            assert (left.isna().to_numpy() == right.isna().to_numpy()).all(), name
            there = left.notna().to_numpy()
            assert (left.to_numpy()[there] == right.to_numpy()[there]).all(), name


def test_layer_snapshot_keeps_18_digit_integer_keys_next_to_missing_values():
    keys = [140225000000000001, NULL, 140225000000000002]
    layer = make_memory_layer([make_square(0, 0).wkt] * 3, fields="field=BSM:int8", values=[[k] for k in keys])
    assert read_snapshot(take_snapshot(layer)).frame["BSM"].tolist() == [140225000000000001, None, 140225000000000002]


def test_layer_snapshot_reads_a_field_named_geometry():
    layer = make_memory_layer([make_square(0, 0).wkt], fields="field=geometry:string", values=[["甲"]])
    frame = read_snapshot(take_snapshot(layer)).frame
    assert frame["geometry"].tolist() == ["甲"] and frame.geometry.iloc[0].equals(make_square(0, 0))


def test_layer_snapshot_distinguishes_an_unreadable_ring_from_a_missing_shape():
    layer = make_memory_layer(["POLYGON ((0 0, 1 1))", None, make_square(0, 0).wkt])
    table = read_snapshot(take_snapshot(layer))
    assert shapely.is_missing(table.frame.geometry.to_numpy()).tolist() == [True, True, False]
    assert table.broken_fids == (table.frame.index[0],)


@pytest.mark.parametrize("wkt", [None, "POLYGON EMPTY"], ids=["null", "empty"])
def test_layer_snapshot_reads_a_null_or_empty_shape_as_none_or_as_an_empty_shape(wkt):
    shape = read_snapshot(take_snapshot(make_memory_layer([wkt]))).frame.geometry.iloc[0]
    assert shape is None or shape.is_empty


def test_layer_snapshot_reports_arcs_and_converts_them_to_segments():
    circle = "CURVEPOLYGON (CIRCULARSTRING (0 0, 10 10, 20 0, 10 -10, 0 0))"
    table = read_snapshot(take_snapshot(make_memory_layer([make_square(0, 0).wkt, circle], kind="CurvePolygon")))
    assert table.fids_with_arcs == (table.frame.index.tolist()[1],) and table.curve_step == 4.0
    assert table.notices[0][0] == "notice_curves" and table.notices[0][1]["count"] == 1
    shape = table.frame.geometry.iloc[1]
    assert shape.geom_type == "Polygon" and len(shape.exterior.coords) == 91
    assert shape.area == pytest.approx(math.pi * 100, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "wkt", "has_z"),
    [
        ("PolygonZ", "POLYGON Z ((0 0 5, 9 0 5, 9 9 5, 0 0 5))", True),
        ("PolygonM", "POLYGON M ((0 0 5, 9 0 5, 9 9 5, 0 0 5))", False),
        ("MultiPolygonZM", "MULTIPOLYGON ZM (((0 0 1 5, 9 0 1 5, 9 9 1 5, 0 0 1 5)))", True),
    ],
)
def test_layer_snapshot_keeps_z_values_and_drops_m_values(kind, wkt, has_z):
    shape = read_snapshot(take_snapshot(make_memory_layer([wkt], kind=kind))).frame.geometry.iloc[0]
    assert shape.has_z == has_z and shape.area == pytest.approx(40.5)


def test_layer_snapshot_does_not_repair_a_self_intersecting_polygon():
    shape = read_snapshot(
        take_snapshot(make_memory_layer(["POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0))"]))
    ).frame.geometry.iloc[0]
    assert not shape.is_valid


@pytest.mark.parametrize(
    ("authid", "expected"), [("EPSG:4526", CRS.from_epsg(4526)), ("EPSG:4490", CRS.from_epsg(4490)), ("", None)]
)
def test_layer_snapshot_reads_the_crs_by_its_authority_code(authid, expected):
    layer = make_memory_layer([make_square(0, 0).wkt])
    layer.setCrs(QgsCoordinateReferenceSystem(authid))
    assert read_snapshot(take_snapshot(layer)).crs == expected


def test_layer_snapshot_reads_a_custom_crs_from_its_definition():
    layer = make_memory_layer([make_square(0, 0).wkt])
    own = "+proj=tmerc +lat_0=0 +lon_0=113.5 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs"
    layer.setCrs(QgsCoordinateReferenceSystem.fromProj(own))
    crs = read_snapshot(take_snapshot(layer)).crs
    assert crs is not None and crs.to_epsg() is None and "113.5" in crs.to_wkt()
    assert convert_to_qgis_crs(crs).isValid()


def test_layer_snapshot_includes_unsaved_edits():
    layer = make_memory_layer([make_square(0, 0).wkt, make_square(200, 0).wkt, make_square(400, 0).wkt])
    first, second, third = (f.id() for f in layer.getFeatures())
    layer.startEditing()
    add_feature(layer, make_square(600, 0), BSM="new")
    layer.changeGeometry(first, QgsGeometry.fromWkt(make_square(5, 5).wkt))
    layer.changeAttributeValue(first, 0, "changed")
    layer.changeAttributeValue(second, 0, "changed")
    layer.deleteFeature(third)
    assert count_unsaved_edits(layer) == 4
    shot = take_snapshot(layer)
    layer.rollBack()
    table = read_snapshot(shot)
    assert table.unsaved_edit_count == 4 and table.notices[-1][0] == "notice_unsaved"
    assert sorted(v for v in table.frame["BSM"]) == ["changed", "changed", "new"]
    assert third not in table.frame.index and (table.frame.index < 0).sum() == 1


def test_layer_snapshot_can_be_read_after_its_layer_was_deleted():
    layer = make_memory_layer([make_square(0, 0).wkt], values=[["a", 1, 1.0, NULL, NULL, NULL, NULL]])
    shot = take_snapshot(layer)
    del layer
    assert read_snapshot(shot).frame["BSM"].tolist() == ["a"]


def test_layer_snapshot_contains_only_filtered_or_selected_features_and_notes_the_filter():
    layer = make_memory_layer(
        [make_square(0, 0).wkt, make_square(200, 0).wkt], values=[["a"] + [NULL] * 6, ["b"] + [NULL] * 6]
    )
    layer.setSubsetString("BSM = 'b'")
    table = read_snapshot(take_snapshot(layer))
    assert table.frame["BSM"].tolist() == ["b"]
    assert table.notices == [("notice_filter", {"layer": "CZKFBJ", "filter": "BSM = 'b'"})]
    layer.setSubsetString("")
    first = next(layer.getFeatures()).id()
    assert read_snapshot(take_snapshot(layer, QgsFeatureRequest([first]))).frame["BSM"].tolist() == ["a"]


def test_layer_snapshot_is_named_after_the_table_and_repeated_names_get_numbers():
    layer = QgsVectorLayer(f"{SAMPLE}|layername=DLTB", "county", "ogr")
    assert take_snapshot(layer).name == "DLTB", "QGIS named it after the file"
    assert QgsVectorLayer(f"{SAMPLE}|layername=DLTB", "图斑", "ogr").name() == "图斑"
    assert get_file_path(layer) == str(SAMPLE)
    shots = make_snapshot_names_unique(take_snapshot(make_memory_layer([], name="DLTB")) for _ in range(3))
    assert [s.name for s in shots] == ["DLTB", "DLTB (2)", "DLTB (3)"]


def test_template_of_a_layer_is_stored_in_its_custom_property(project):
    layer = make_memory_layer([])
    QgsProject.instance().addMapLayer(layer)
    set_assigned_role(layer, "STBHHX")
    assert layer.customProperty(TEMPLATE_PROPERTY) == "STBHHX"
    assert read_snapshot(take_snapshot(layer)).template_id == "STBHHX"
    layer.setCustomProperty(TEMPLATE_PROPERTY, "county_db/CZKFBJ")
    assert take_snapshot(layer).template_id == "CZKFBJ"
    set_assigned_role(layer, "")
    assert take_snapshot(layer).template_id == ""


def test_layer_snapshot_of_an_empty_layer_has_its_columns():
    table = read_snapshot(take_snapshot(make_memory_layer([])))
    assert len(table.frame) == 0 and "BSM" in table.frame.columns and table.crs is not None


def test_reading_layer_snapshots_stops_when_cancelled():
    layer = make_memory_layer([make_square(0, 0).wkt] * 3)
    asked = []

    def cancelled():
        asked.append(1)
        return True

    with pytest.raises(Cancelled):
        list(
            read_snapshots(
                [take_snapshot(layer)], progress=lambda share, text: None, cancellation=Cancellation(cancelled)
            )
        )
    assert len(asked) == 1


def test_layer_snapshot_does_not_round_coordinates():
    x = float(np.nextafter(38_470_000.0, 4e7))
    wkt = f"POLYGON (({x!r} 0, 38470100 0, 38470100 100, {x!r} 0))"
    assert (
        shapely.get_coordinates(read_snapshot(take_snapshot(make_memory_layer([wkt]))).frame.geometry.iloc[0])[0, 0]
        == x
    )


def test_features_read_singly_equal_those_read_as_a_whole_layer():
    moment = QDateTime(QDate(2020, 12, 31), QTime(23, 59, 1))
    full = ["1402", 7, 1.5, QDate(2020, 1, 2), moment, True, 9]
    circle = "CURVEPOLYGON (CIRCULARSTRING (0 0, 10 10, 20 0, 10 -10, 0 0))"
    shapes = [make_square(0, 0).wkt, circle, None, "POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0))"]
    layer = make_memory_layer(shapes, kind="CurvePolygon", values=[full, [NULL] * 7, full])
    frame = read_snapshot(take_snapshot(layer)).frame
    found = read_feature_state_by_id(layer, [*frame.index.tolist(), 10**9])
    assert found.pop(10**9) is None and list(found) == frame.index.tolist()
    for fid, state in found.items():
        shape = frame.geometry.loc[fid]
        assert shapely.from_wkb(state.wkb) == shape if state.wkb else shape is None
        assert state.attributes.keys() == set(frame.columns) - {"geometry"}
        # Both readings are compared after an edit.
        assert all(are_equal_values(frame[name].loc[fid], value) for name, value in state.attributes.items())
    assert not are_equal_values(frame["T"].iloc[0], found[frame.index[0]].attributes["D"])


def test_unsaved_feature_has_none_for_an_autogenerated_fid(tmp_path):
    path = write_small(tmp_path / "小县.gpkg")
    layer = QgsVectorLayer(f"{path}|layername=DLTB", "DLTB", "ogr")
    assert layer.startEditing()
    assert layer.addFeature(QgsVectorLayerUtils.createFeature(layer, QgsGeometry.fromWkt(make_square(0, 0).wkt)))
    fid = min(layer.allFeatureIds())
    assert fid < 0 and read_snapshot(take_snapshot(layer)).frame["fid"].loc[fid] is None
    assert read_feature_state_by_id(layer, [fid])[fid].attributes["fid"] is None
    layer.rollBack()


@pytest.mark.parametrize(
    ("suffix", "condition"),
    [
        ("", ""),
        ("|subset=BSM > ''", "BSM > ''"),
        ("|geometrytype=Polygon", "geometrytype=Polygon"),
    ],
)
def test_layer_of_a_file_states_what_may_hide_its_rows(suffix, condition):
    layer = QgsVectorLayer(f"{SAMPLE}|layername=CZKFBJ{suffix}", "CZKFBJ", "ogr")
    assert read_snapshot(take_snapshot(layer)).row_filter == condition


def test_query_as_filter_and_virtual_layer_state_the_query(project, tmp_path):
    # A query as filter makes QGIS write to the file.
    path = shutil.copyfile(SAMPLE, tmp_path / "county.gpkg")
    layer = QgsVectorLayer(f"{path}|layername=CZKFBJ", "CZKFBJ", "ogr")
    layer.setSubsetString("SELECT * FROM CZKFBJ LIMIT 1")
    assert read_snapshot(take_snapshot(layer)).row_filter == "SELECT * FROM CZKFBJ LIMIT 1"
    project.addMapLayer(layer)
    query = "SELECT * FROM CZKFBJ WHERE BSM > ''"
    virtual = QgsVectorLayer(f"?query={query.replace(' ', '%20')}", "STBHHX", "virtual")
    assert read_snapshot(take_snapshot(virtual)).row_filter == query


def test_view_of_a_geopackage_states_its_definition(tmp_path):
    path = write_with_view(tmp_path / "county.gpkg", "WHERE fid > 1")
    layer = QgsVectorLayer(f"{path}|layername=STBHHX", "STBHHX", "ogr")
    table = read_snapshot(take_snapshot(layer))
    assert len(table.frame) == 1 and table.row_filter.endswith("WHERE fid > 1")


def test_query_of_a_database_is_the_condition_of_its_layer():
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", "1", "county", "", "")
    uri.setDataSource("", "(SELECT * FROM dltb WHERE a = 1)", "geom", "", "id")
    assert (
        find_row_condition(QgsVectorLayer(uri.uri(False), "DLTB", "spatialite")) == "(SELECT * FROM dltb WHERE a = 1)"
    )
