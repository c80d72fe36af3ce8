# SPDX-License-Identifier: GPL-2.0-or-later
"""Test reading layers of a project from their files: the same table as through QGIS, and only if it is the same."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from qgis.core import (
    NULL,
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsField,
    QgsGeometry,
    QgsProject,
)
from qgis.PyQt.QtCore import QMetaType

from plugin.bridge.layers import reading
from plugin.bridge.layers.reading import read_snapshot, read_snapshots
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled
from plugin.core.plan.io import file
from plugin.core.plan.io.file import read_layer_by_columns
from tests.qgis.helpers import SAMPLE, make_square, open_layer

pytestmark = pytest.mark.usefixtures("qgis_app")


@pytest.fixture()
def forbid_reading_features(monkeypatch):
    """Let a test fail that reads features through QGIS."""

    def refuse(*_):
        raise AssertionError("features are read through QGIS")

    monkeypatch.setattr(reading, "_read_rows", refuse)


def read_stored(layer, **options):
    (table,) = read_snapshots(
        [take_snapshot(layer)], progress=lambda share, text: None, cancellation=NEVER_CANCELLED, **options
    )
    return table


def write_layer(path, shapes, name="DLTB", **columns):
    """Write a layer of a GeoPackage or FileGDB with columns of numpy values."""
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.asarray(values) for values in columns.values()],
        list(columns),
        layer=name,
        geometry_type="Polygon",
        crs="EPSG:4526",
        append=path.exists(),
        driver="GPKG" if path.suffix == ".gpkg" else "OpenFileGDB",
        # Without triggers, which would call functions of a driver.
        layer_options={"SPATIAL_INDEX": "NO"} if path.suffix == ".gpkg" else {},
    )
    return path


def assert_equal_tables(ours, theirs):
    assert [(f.name, f.type) for f in ours.fields] == [(f.name, f.type) for f in theirs.fields]
    assert (ours.name, ours.source, ours.crs, ours.notices) == (theirs.name, theirs.source, theirs.crs, theirs.notices)
    assert (ours.frame.crs, ours.frame.geometry.crs) == (theirs.frame.crs, theirs.frame.geometry.crs)
    assert (ours.problem, ours.broken_fids) == (theirs.problem, theirs.broken_fids)
    names = [name for name in theirs.frame.columns if name != theirs.frame.geometry.name]
    assert ours.frame.columns.tolist() == theirs.frame.columns.tolist()
    assert ours.frame.index.tolist() == theirs.frame.index.tolist()
    for name in names:
        left, right = ours.frame[name], theirs.frame[name]
        assert left.dtype == right.dtype, name
        assert left.isna().tolist() == right.isna().tolist(), name
        there = left.notna()
        assert left[there].tolist() == right[there].tolist(), name
        assert [type(value) for value in left[there]] == [type(value) for value in right[there]], name
    left, right = ours.frame.geometry.to_numpy(), theirs.frame.geometry.to_numpy()
    assert shapely.to_wkb(left).tolist() == shapely.to_wkb(right).tolist()


def test_all_layers_of_the_sample_are_equal_to_those_read_through_qgis():
    for name, kind in pyogrio.list_layers(SAMPLE):
        if kind is not None:
            layer = open_layer(SAMPLE, name)
            assert take_snapshot(layer).shows_stored_rows
            assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_values_of_all_types_are_equal_to_those_read_through_qgis(tmp_path, suffix, monkeypatch):
    path = write_layer(
        tmp_path / f"县{suffix}",
        [make_square(0, 0), None, make_square(2, 0)],
        BSM=np.array(["140225", None, ""], dtype=object),
        geometry=np.array(["甲", "乙", "丙"], dtype=object),
        N=np.array([1.0, np.nan, 3.0]),
        L=np.array([140225000000000001, 140225000000000002, -5], dtype=np.int64),
        I=np.array([1, 2, 3], dtype=np.int32),
        B=np.array([True, False, True]),
        D=np.array(["2020-01-02", "NaT", "1999-12-31"], dtype="datetime64[D]"),
        T=np.array(["2020-01-02T23:59:01.250", "NaT", "1999-12-31"], dtype="datetime64[ms]"),
    )
    if suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE DLTB SET L = NULL, I = NULL, T = '2020-06-30T08:00:00.000+08:00' WHERE fid = 2")
            database.commit()
    layer = open_layer(path)
    assert take_snapshot(layer).shows_stored_rows == (suffix == ".gpkg")
    expected = read_snapshot(take_snapshot(layer))
    if suffix == ".gpkg":
        monkeypatch.setattr(reading, "_read_rows", None)
    table = read_stored(layer)
    assert_equal_tables(table, expected)
    if suffix == ".gpkg":
        # A FileGDB of this version stores it as a double.
        assert table.frame["L"].tolist() == [140225000000000001, None, -5]
    chosen = read_stored(layer, choose_fields=lambda layer: frozenset({"BSM", "L"}))
    assert chosen.frame.columns.tolist() == ["BSM", "L", "geometry"]


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (np.array([True, False, True]), None),
        (np.array([1, 2, 3], dtype=np.int16), 70_000),
        (np.array([1, 2, 3], dtype=np.float32), 123_456.78),
    ],
)
def test_values_of_short_types_are_equal_to_those_read_through_qgis(tmp_path, values, written):
    path = write_layer(tmp_path / "county.gpkg", [make_square(0, 0)] * 3, V=values)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE DLTB SET V = ? WHERE fid = 2", (written,))
        database.commit()
    layer = open_layer(path)
    table = read_stored(layer)
    assert_equal_tables(table, read_snapshot(take_snapshot(layer)))
    # A number that is too large for its type is read as text (SCH002).
    assert table.frame["V"].tolist()[1] == ("70000" if written == 70_000 else written)


def test_empty_layer_and_z_values_are_equal_to_those_read_through_qgis(tmp_path):
    path = write_layer(tmp_path / "county.gpkg", [], BSM=np.array([], dtype=object), N=np.array([], dtype=np.int32))
    write_layer(path, [shapely.force_3d(make_square(0, 0), 7.5)], name="STBHHX", BSM=np.array(["a"], dtype=object))
    for name in ("DLTB", "STBHHX"):
        layer = open_layer(path, name)
        assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))


@pytest.fixture
def path(tmp_path):
    return write_layer(tmp_path / "county.gpkg", [make_square(0, 0)] * 2, BSM=np.array(["a", "b"], dtype=object))


@pytest.mark.parametrize(
    "change", ["filter", "renamed field", "replaced field", "virtual field", "selection", "memory"]
)
def test_layer_that_shows_other_rows_than_its_file_is_read_through_qgis(change, path):
    layer, request = open_layer(path), None
    if change == "filter":
        layer.setSubsetString("BSM = 'a'")
    elif change == "renamed field":
        layer.startEditing()
        layer.renameAttribute(1, "MC")
        layer.deleteFeature(2)
    elif change == "replaced field":
        layer.startEditing()
        layer.deleteAttribute(1)
        layer.addAttribute(QgsField("BSM", QMetaType.Type.QString))
        layer.deleteFeature(2)
    elif change == "virtual field":
        layer.addExpressionField("1 + 1", QgsField("two", QMetaType.Type.Int))
    elif change == "selection":
        request = QgsFeatureRequest([1])
    else:
        layer = layer.materialize(QgsFeatureRequest([1]))
    snapshot = take_snapshot(layer, request)
    assert not snapshot.shows_stored_rows
    (table,) = read_snapshots([snapshot], progress=lambda share, text: None, cancellation=NEVER_CANCELLED)
    assert len(table.frame) == (2 if change == "virtual field" else 1)
    assert ("two" in table.frame) == (change == "virtual field")


def test_unsaved_edits_are_read_as_through_qgis(tmp_path):
    path = write_layer(
        tmp_path / "county.gpkg",
        [make_square(n, 0) for n in range(6)],
        BSM=np.array(list("abcdef"), dtype=object),
        N=np.arange(6, dtype=np.int32),
        X=np.arange(6.0),
        D=np.array(["2020-01-02"] * 6, dtype="datetime64[D]"),
    )
    layer = open_layer(path)
    layer.startEditing()
    assert take_snapshot(layer).shows_stored_rows
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))
    for key in ("g", "h"):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([NULL, key, NULL, 1.5, NULL])
        feature.setGeometry(QgsGeometry.fromWkt(make_square(9, 0).wkt))
        assert layer.addFeature(feature)
    layer.changeAttributeValue(3, 1, "changed")
    layer.changeGeometry(5, QgsGeometry.fromWkt("POLYGON ((0 0, 1 1))"))
    layer.changeAttributeValue(5, 2, NULL)
    layer.changeGeometry(2, QgsGeometry())
    layer.deleteFeature(4)
    table = read_stored(layer)
    assert_equal_tables(table, read_snapshot(take_snapshot(layer)))
    assert table.frame["BSM"].tolist() == ["g", "h", "a", "b", "changed", "e", "f"]
    assert table.broken_fids == (5,)
    assert table.unsaved_edit_count == 6
    layer.deleteFeature(5)
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))
    for fid in (1, 2, 3, 6):
        layer.deleteFeature(fid)
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))


@pytest.mark.parametrize("is_deleted", [True, False])
def test_integers_that_edits_complete_are_of_the_type_that_qgis_gives(tmp_path, is_deleted):
    path = write_layer(tmp_path / "county.gpkg", [make_square(0, 0)] * 2, L=np.array([1, 2], dtype=np.int64))
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE DLTB SET L = NULL WHERE fid = 2")
        database.commit()
    layer = open_layer(path)
    layer.startEditing()
    if is_deleted:
        layer.deleteFeature(2)
    else:
        layer.changeAttributeValue(2, 1, 2)
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))


def test_changed_row_that_is_deleted_while_the_file_is_read_is_left_out(monkeypatch, path):
    layer, read_rows = open_layer(path), reading._read_rows
    layer.startEditing()
    layer.changeAttributeValue(1, 1, "changed")

    def delete_and_read(*arguments):
        with closing(sqlite3.connect(path)) as database:
            database.execute("DELETE FROM DLTB WHERE fid = 1")
            database.commit()
        return read_rows(*arguments)

    monkeypatch.setattr(reading, "_read_rows", delete_and_read)
    assert read_stored(layer).frame["BSM"].tolist() == ["b"]


@pytest.mark.parametrize("code", ["EPSG:4525", ""])
def test_coordinate_system_is_that_of_the_layer_in_qgis(code, path):
    layer = open_layer(path)
    layer.setCrs(QgsCoordinateReferenceSystem(code))
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))
    layer.startEditing()
    layer.changeAttributeValue(1, 1, "changed")
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))


def test_edits_of_a_transaction_are_read_through_qgis(path):
    project, layer = QgsProject(), open_layer(path)
    project.setTransactionMode(Qgis.TransactionMode.AutomaticGroups)
    project.addMapLayer(layer)
    assert layer.startEditing()
    layer.changeAttributeValue(1, 1, "changed")
    assert not take_snapshot(layer).shows_stored_rows
    assert read_stored(layer).frame["BSM"].tolist() == ["changed", "b"]
    layer.rollBack()
    assert take_snapshot(layer).shows_stored_rows


@pytest.mark.usefixtures("forbid_reading_features")
def test_rows_in_the_log_of_a_database_that_is_being_edited_are_read(tmp_path):
    path = write_layer(tmp_path / "县 county.gpkg", [make_square(0, 0)], BSM=np.array(["a"], dtype=object))
    layer = open_layer(path)
    with closing(sqlite3.connect(path)) as editor:
        editor.execute("PRAGMA journal_mode = WAL")
        editor.execute("UPDATE DLTB SET BSM = 'b'")
        editor.commit()
        assert path.with_name(f"{path.name}-wal").exists()
        assert read_stored(layer).frame["BSM"].tolist() == ["b"]
        editor.execute("UPDATE DLTB SET BSM = 'c'")
        assert read_stored(layer).frame["BSM"].tolist() == ["b"]
        editor.commit()
        assert read_stored(layer).frame["BSM"].tolist() == ["c"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_file_is_copied_once_when_editing_begins_while_layers_are_read(tmp_path, monkeypatch):
    path = write_layer(tmp_path / "county.gpkg", [make_square(0, 0)], BSM=np.array(["a"], dtype=object))
    snapshots = [take_snapshot(open_layer(path)) for _ in range(3)]
    opened_paths = []

    def read_and_record(path, opened_path, *arguments):
        opened_paths.append(opened_path)
        return read_layer_by_columns(path, opened_path, *arguments)

    monkeypatch.setattr(file, "read_layer_by_columns", read_and_record)
    tables = read_snapshots(snapshots, progress=lambda share, text: None, cancellation=NEVER_CANCELLED)
    assert next(tables).frame["BSM"].tolist() == ["a"]
    with closing(sqlite3.connect(path)) as editor:
        editor.execute("PRAGMA journal_mode = WAL")
        editor.execute("UPDATE DLTB SET BSM = 'b'")
        editor.commit()
        assert [table.frame["BSM"].tolist() for table in tables] == [["b"], ["b"]]
    assert opened_paths[0] == path != opened_paths[1] == opened_paths[2]
    assert not opened_paths[1].exists()


def test_layer_of_a_file_that_the_core_cannot_read_is_read_through_qgis(tmp_path, monkeypatch):
    path = write_layer(tmp_path / "county.gpkg", [make_square(0, 0)], BSM=np.array(["a"], dtype=object))
    layer = open_layer(path)

    def fail(*arguments, **options):
        raise pyogrio.errors.DataSourceError("locked")

    monkeypatch.setattr(pyogrio.raw, "open_arrow", fail)
    assert read_stored(layer).frame["BSM"].tolist() == ["a"]
    monkeypatch.setattr(pyogrio, "read_info", fail)
    assert read_stored(layer).frame["BSM"].tolist() == ["a"]


def test_reading_from_a_file_stops_when_cancelled(tmp_path):
    path = write_layer(tmp_path / "county.gpkg", [make_square(0, 0)], BSM=np.array(["a"], dtype=object))
    cancellation = Cancellation(lambda: True)
    with pytest.raises(Cancelled):
        list(
            read_snapshots(
                [take_snapshot(open_layer(path))], progress=lambda share, text: None, cancellation=cancellation
            )
        )


def test_dates_are_of_the_type_that_qgis_gives(tmp_path):
    dates = np.array(["2020-01-02", "NaT"], dtype="datetime64[D]")
    layer = open_layer(write_layer(tmp_path / "county.gpkg", [make_square(0, 0)] * 2, D=dates))
    assert read_stored(layer).frame["D"].tolist() == [pd.Timestamp("2020-01-02"), pd.NaT]


def test_stored_ring_that_geos_cannot_represent_is_read_as_through_qgis(path):
    layer = open_layer(path)
    layer.startEditing()
    layer.changeGeometry(1, QgsGeometry.fromWkt("MULTIPOLYGON (((0 0, 1 1)))"))
    assert layer.commitChanges()
    assert take_snapshot(layer).shows_stored_rows
    assert_equal_tables(read_stored(layer), read_snapshot(take_snapshot(layer)))
